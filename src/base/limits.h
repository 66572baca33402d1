/* Every bound of the program: its number, the reason, and what happens beyond it. docs/LIMITS.md is made from
 * this file by tools/make-limits; each row must read
 *     #define NAME number // reason. Beyond: what happens.
 * There is no "0 means unlimited". Tests stand at each bound and one past it. */
#pragma once

// One row a line, whatever its length.
// clang-format off

/* The wire */
#define LIMIT_SMTP_LINE 4096             // RFC 5321 4.5.3.1.4 wants 512 with extensions adding more, AUTH 12288 apart. Beyond: 500 5.5.2, the line is dropped.
#define LIMIT_SMTP_LINES_AHEAD 1000      // Commands a client may have in flight (RFC 2920). Beyond: reading stops until answered.
#define LIMIT_SMTP_BAD_COMMANDS 20       // Unknown or misplaced commands in a session. Beyond: 421 4.7.0 and close.
#define LIMIT_SMTP_RECIPIENTS 1000       // RFC 5321 4.5.3.1.8 asks for at least 100. Beyond: 452 4.5.3.
#define LIMIT_SMTP_MESSAGES 1000         // Messages in one connection. Beyond: 421 4.7.0 and close.
#define LIMIT_ADDRESS 320                // RFC 5321: 64 of local part, @, 255 of domain. Beyond: 501 5.1.3 or 5.1.7.
#define LIMIT_DOMAIN 255                 // RFC 1035 2.3.4. Beyond: the name is refused.
#define LIMIT_DOMAIN_TEXT 1024        // Bytes of a host as written in a link, before it is brought to ASCII (percent signs, UTF-8). Beyond: no URL.
#define LIMIT_MESSAGE 52428800           // 50 MiB, as large providers take. Beyond: 552 5.3.4; advertised by SIZE.
#define LIMIT_CONNECTIONS 2000           // Connections in one worker. Beyond: 421 4.3.2.
#define LIMIT_CONNECTION_MEMORY 67108864 // 64 MiB: a connection's own memory, its next hops, one for each of LIMIT_SMTP_MESSAGES at the worst. Beyond: our own bug, the worker ends and is started again.
#define LIMIT_CONNECTIONS_CLIENT 100     // Connections of one client address in one worker. Beyond: 421 4.7.0.
#define LIMIT_HTTP_HEAD 65536            // Request line and fields of an HTTP request. Beyond: 431 and close.
#define LIMIT_HTTP_FIELDS 1200           // Fields of an HTTP request (1,000 Rcpt and the rest). Beyond: 431 and close.
#define LIMIT_HOPS_USUAL 25              // Received fields of ordinary mail: of 9,817 messages measured the longest had 18. Beyond: a note.
#define LIMIT_RECEIVED_HOPS 100          // RFC 5321 6.3 asks for at least 100. Beyond: 554 5.4.6, a loop.
#define LIMIT_CLAIMED_CLIENTS 8          // Addresses of clients that a header claims (X-Originating-IP); people read them. Beyond: not taken.
#define LIMIT_CLAIMED_FIELDS 500         // Fields of a header looked at for such claims; ordinary mail has under 100. Beyond: not looked at.
#define LIMIT_CLAIMED_VALUE 1000         // Bytes of such a field that are looked at, about the longest line of RFC 5322 2.1.1. Beyond: not looked at.
#define LIMIT_TRACE_NOTES 32             // Different facts of one message's origin that become findings; there are about as many names. Beyond: not noted.
#define LIMIT_STATEMENT_LINES 40         // Sentences in one list of an origin statement; 12 signatures, 20 lists and the rest. Beyond: counted, not said.
#define LIMIT_STATEMENT_QUESTIONS 16     // Whom an origin statement tells to ask. Beyond: counted, not said.
#define LIMIT_STATEMENT_STATIONS 20      // Hosts beyond the border of trust that are drawn: nobody vouches for them. Beyond: all but the farthest are left out, and counted.
#define LIMIT_STATEMENT_SERVERS 3        // Servers of one side of the border that the statement tells to ask. Beyond: left out.
#define LIMIT_HELD_BYTES 536870912       // 512 MiB of messages in flight in one worker. Beyond: 452 4.3.1.

/* The message */
#define LIMIT_HEADER_FIELDS 2000         // Fields in one header block. Beyond: the rest is not read, finding header_fields.
#define LIMIT_HEADER_BYTES 1048576       // 1 MiB of header in one block. Beyond: the rest is not read, finding header_size.
#define LIMIT_HEADER_FIELD 262144        // Bytes of one field that are decoded. Beyond: cut, finding header_field_size.
#define LIMIT_MIME_DEPTH 30              // Nesting of multiparts and messages. Beyond: the part is a leaf, finding mime_depth.
#define LIMIT_MIME_PARTS 1000            // Parts in one message. Beyond: the rest is one text, finding mime_parts.
#define LIMIT_MIME_PARAMETERS 100        // Parameters of one Content-Type. Beyond: the rest is dropped, finding mime_parameters.
#define LIMIT_MIME_READINGS 16           // Other readings of a message that is not clear; each costs a second reading of a part. Beyond: not read, finding mime_bounds.
#define LIMIT_MIME_AGAIN 8388608         // 8 MiB that are read again for them, all together. Beyond: cut, finding mime_bounds.
#define LIMIT_OTHER_BYTES 262144         // Text of other readings that is kept for judging. Beyond: cut, finding mime_bounds.
#define LIMIT_REPORT_GROUPS 1000         // Blocks of fields in one delivery report, one a recipient. Beyond: the rest is not read.
#define LIMIT_BOUNDARY 250               // RFC 2046 wants 70 at most; mailers break it. Beyond: no boundary, finding mime_boundary.
#define LIMIT_ADDRESSES 5000             // Addresses in one field. Beyond: the rest is dropped, finding addresses.
#define LIMIT_COMMENT_DEPTH 50           // Nesting of comments (RFC 5322 3.2.2). Beyond: read as text.
#define LIMIT_TEXT_BYTES 1048576         // Visible text kept for judging, all parts together. Beyond: cut, finding text_size.
#define LIMIT_LINKS 2000                 // Links kept. Beyond: the rest is dropped, finding links.
#define LIMIT_URL 8192                   // Bytes of one link. Beyond: cut at the bound, finding url_size.
#define LIMIT_HTML_DEPTH 200             // Open elements remembered. Beyond: deeper ones are not remembered, text goes on.
#define LIMIT_HTML_ATTRIBUTES 200        // Attributes of one tag. Beyond: the rest is dropped.
#define LIMIT_HIDDEN_TEXTS 500           // Pieces of hidden text that are told apart. Beyond: they are joined to the last.
#define LIMIT_STYLE_RULES 1000           // Rules of <style> of one document; newsletters have 20 to 200. Beyond: not obeyed, the text counts as seen.
#define LIMIT_STYLE_STEPS 2000000        // Comparisons of rules and elements in one document: some 20 ms. Beyond: no more rules are obeyed.
#define LIMIT_LINK_NESTING 3             // Links in the query of links in the query of a link. Beyond: not looked at.
#define LIMIT_LINK_INNER 4               // Links looked for in one link. Beyond: not looked at.
#define LIMIT_LINK_HOSTS 5000            // Rows of the table of shorteners, redirectors and known names. Beyond: refused as configuration.
#define LIMIT_DEFECTS 200                // Defects noted for one message. Beyond: counted only.
#define LIMIT_DEFECTS_SAME 20            // Of these with one name. Beyond: counted only.
#define LIMIT_ATTACHMENT_NAME 4096       // Bytes of an attachment's name, from its end, that are looked at; file systems take 255. Beyond: not looked at.
#define LIMIT_OLE_STREAMS 5000           // Streams and storages of an OLE2 file; Outlook messages with many addressees have a thousand. Beyond: not looked at.
#define LIMIT_ENCLOSURES 200             // Attachments, and files in them, that are told of in one message. Beyond: counted only; what they showed still counts.
#define LIMIT_OPENINGS 20                // Attachments of one message that are opened. Beyond: attachment_unopened.
#define LIMIT_OPENING_BYTES 25165824     // 24 MiB of attachments of one message that are opened; most providers send no more. Beyond: attachment_limit.
#define LIMIT_CLAMD_PIECES 100           // Attachments of one message that clamd is asked about. Beyond: attachment_unscanned.
#define LIMIT_CLAMD_LINE 1024            // Bytes of one answer of clamd, with its NUL. Beyond: the asking ends, attachment_unscanned.
#define LIMIT_CLAMD_NAME 128             // Bytes of a signature's name that are kept; ClamAV's are some 40. Beyond: cut.
#define LIMIT_OPENED_ANSWERS 9           // Answers about one attachment, the last among them. Beyond: not told before the end, not heard.
#define LIMIT_OPENED_TEXT 262144         // 256 KiB: text taken out of one attachment. Beyond: cut, finding attachment_limit.
#define LIMIT_OPENED_LINKS 200           // Links and QR codes taken out of one attachment. Beyond: dropped.
#define LIMIT_ARCHIVE_ENTRIES 2000       // Entries of one attachment, those of archives in it too. Beyond: attachment_limit.
#define LIMIT_ARCHIVE_DEPTH 4            // Archives within archives; 42.zip has six. Beyond: attachment_limit.
#define LIMIT_ARCHIVE_BYTES 67108864     // 64 MiB unpacked of one attachment, 2 s of one core. Beyond: attachment_limit.
#define LIMIT_ARCHIVE_RATIO 200          // Unpacked to packed bytes, once 8 MiB are unpacked; text has 3 to 20, empty tables 100. Beyond: attachment_limit.
#define LIMIT_ARCHIVE_ENTRY 16777216     // 16 MiB of one entry that is opened in its turn. Beyond: only its first part is.
#define LIMIT_PASSWORDS 8                // Passwords told in a message that are tried. Beyond: not tried.
#define LIMIT_PDF_PAGES 30               // Pages of a PDF that are read; a lure is on the first. Beyond: attachment_limit.
#define LIMIT_IMAGE_PIXELS 40000000      // 40 million pixels of an image, one byte each; a telephone's picture has 12 to 50. Beyond: attachment_limit, no QR code is looked for.
#define LIMIT_ARENA_MESSAGE 536870912    // 512 MiB for one message's arena. Beyond: 451 4.3.0, or 552 where the mail can never fit.

/* Names and papers */
#define LIMIT_SPF_TERMS 10               // RFC 7208 4.6.4. Beyond: permerror.
#define LIMIT_SPF_VOID 2                 // RFC 7208 4.6.4. Beyond: permerror.
#define LIMIT_SPF_MX 10                  // RFC 7208 4.6.4: addresses looked up for one mx. Beyond: permerror.
#define LIMIT_SPF_PTR 10                 // RFC 7208 4.6.4: names looked at for one ptr. Beyond: the rest is ignored.
#define LIMIT_SPF_RECORD 8192            // Bytes of one joined record. Beyond: permerror.
#define LIMIT_DKIM_SIGNATURES 12         // Signatures verified, aligned ones first. Beyond: policy.
#define LIMIT_DKIM_FIELD_NAMES 300       // Names in h=. Beyond: permerror.
#define LIMIT_DKIM_KEY_BITS_MIN 1024     // RFC 8301 3.2. Below: policy (permerror), unless legacy.
#define LIMIT_DKIM_KEY_BITS_MAX 8192     // A verification of 16384 bits costs 2 ms. Beyond: permerror.
#define LIMIT_DKIM_KEY_BITS_LEAST 496    // Not even legacy goes lower: 496 bits just hold a SHA-256 signature. Below: policy.
#define LIMIT_DKIM_EXPONENT_BITS 64      // A long public exponent makes verifying as dear as signing. Beyond: permerror.
#define LIMIT_DKIM_TAGS 40               // Tags in a signature (14 are defined) or a key record (8). Beyond: malformed.
#define LIMIT_DKIM_KEY_RECORDS 4         // Records tried at one key name (RFC 6376 3.6.2.2 leaves it open). Beyond: not looked at.
#define LIMIT_DKIM_BODY_HASHES 4         // Different hashes of one body (c=, a=, l=): each reads it all. Beyond: policy.
#define LIMIT_DKIM_FUTURE 86400          // Seconds that t= may be ahead of our clock: a day, for wrong time zones. Beyond: a finding.
#define LIMIT_DKIM_KEYS_KEPT 256         // Public keys kept ready in one process, 6 KiB each. Beyond: the longest unused of eight gives way.
#define LIMIT_ARC_SETS 50                // RFC 8617 4.2.1. Beyond: fail.
#define LIMIT_ARC_NAMES 100              // Fields that a message signature of ours covers. Beyond: the rest is not covered.
#define LIMIT_ARC_RESULTS 16384          // Bytes of one sealer's results that are read. Beyond: cut.
#define LIMIT_ARC_HASHED 16777216        // 16 MiB of header hashed for the seals of a chain, and as many for its older message signatures; 50 sets of 5 KB want 6. Beyond: fail, and no oldest-pass.
#define LIMIT_SIGN_HEADERS 64            // Names in a list of fields to sign. Beyond: refused at the start.
#define LIMIT_SIGN_NAMES 200             // Names in the h= of a signature that we make: 37 by default, more where a field is repeated. Beyond: the message leaves unsigned.
#define LIMIT_SELECTOR 63                // Bytes of a selector of ours, so that its record's name has room. Beyond: refused at the start.
#define LIMIT_DOMAINKEYS_SIGNATURES 4    // DomainKeys signatures verified under legacy. Beyond: policy.
#define LIMIT_AUTHRES_RESULTS 100        // Results read from one Authentication-Results. Beyond: the field is not valid.
#define LIMIT_AUTHRES_PROPERTIES 50      // Properties of one such result. Beyond: the field is not valid.
#define LIMIT_AUTHRES_VALUE 255          // Bytes of a foreign value written into our Authentication-Results. Beyond: its property is left out.
#define LIMIT_DMARC_QUERIES 8            // RFC 9989 4.10: steps of the tree walk. Beyond: labels are left out in the middle.
#define LIMIT_DMARC_REPORT_PACKED 26214400 // 25 MiB: a DMARC report as it came; most mail servers take no larger mail. Beyond: not read.
#define LIMIT_DMARC_REPORT_BYTES 67108864 // 64 MiB of XML unpacked, some 100,000 rows; a bomb stops here. Beyond: the report is not read.
#define LIMIT_DMARC_REPORT_DEPTH 20      // Elements open at a time; RFC 9990 needs 6, an extension some more. Beyond: the report is not read.
#define LIMIT_DMARC_REPORT_ROWS 100000   // Rows of one report. Beyond: the report is not read.
#define LIMIT_DMARC_REPORT_RESULTS 100   // DKIM or SPF results, reasons, errors in one row (RFC 9990 3.1.4 says 100). Beyond: the rest is dropped.
#define LIMIT_DMARC_REPORT_TEXT 1000     // Bytes of one text in a report. Beyond: cut.
#define LIMIT_DMARC_ZIP_ENTRIES 100      // Files in a zip with a report; one is meant. Beyond: the report is not read.
#define LIMIT_DMARC_DOMAINS 5000         // Domains we write reports about for one period. Beyond: the rest get none this time.
#define LIMIT_DMARC_ROWS 200000          // Rows of all reports of one period together, some 300 bytes each. Beyond: counted as left out.
#define LIMIT_DMARC_ADDRESSES 5          // Addresses of one rua that are sent a report (RFC 9989 4.7 leaves it open). Beyond: not sent to.
#define LIMIT_DMARC_RUA 2000             // Bytes of rua that are recorded with a message. Beyond: the tag is left out, nobody is sent a report.
#define LIMIT_DMARC_FAILURES 1000        // Failure reports prepared for one period, all domains together, some 2 KB each. Beyond: not reported.
#define LIMIT_DMARC_COUNTS 50000         // Rows of statistics from reports of others (day, domain, source), 120 bytes each. Beyond: the oldest day is forgotten.
#define LIMIT_DMARC_KNOWN 20000          // Reports of others remembered, so that one that comes twice counts once. Beyond: the oldest is forgotten.
#define LIMIT_DMARC_SUPPRESSED 10000     // Addresses and domains that get no report. Beyond: no more can be added.
#define LIMIT_DMARC_SENT 20000           // Reports of ours remembered, so that none is sent twice and a bounce finds its report. Beyond: the oldest is forgotten.
#define LIMIT_DNS_ANSWER 65535           // A DNS message. Beyond: not possible on the wire.
#define LIMIT_DNS_RECORDS 200            // Records of one answer that are kept. From there on: finding dns_large. Beyond: the rest is dropped.
#define LIMIT_DNS_TEXT 8192              // Bytes of one TXT record; the longest key allowed takes 1.5 KB. Beyond: finding dns_large.
#define LIMIT_DNS_QUESTIONS 150          // Questions one message may ask, beside those about the domains of From (nine each) and the keys of ARC. Beyond: temperror, finding dns_questions.
#define LIMIT_DNS_HELO 110               // Of these the SPF check of HELO, and that of Sender ID, leave 40 to that of MAIL FROM, which counts. Beyond: temperror, finding dns_questions.
#define LIMIT_DNS_ANSWERS 430            // Answers to all questions of one message: 150, nine for each domain of From, two keys for each set of ARC. Beyond: not possible; a record with more is not replayed.
#define LIMIT_DNS_CNAMES 8               // Steps of a CNAME chain. Beyond: SERVFAIL.
#define LIMIT_FROM_ADDRESSES 20          // From addresses that DMARC is asked for. Beyond: not asked; permerror unless one of the others fails.
#define LIMIT_LISTS 20                   // Lists in the DNS that are asked. Beyond: refused as configuration.
#define LIMIT_LIST_DOMAINS 16            // Names of one message that lists of domains are asked for. Beyond: not asked.
#define LIMIT_LIST_SIGNERS 4             // DKIM signatures that passed whose domains are among them, so that a heap of signatures is no heap of questions. Beyond: not asked.
#define LIMIT_LIST_QUESTIONS 60          // Questions to lists for one message; the other 90 of LIMIT_DNS_QUESTIONS stay for SPF, DKIM and DMARC. Beyond: not asked.
#define LIMIT_VBR_FIELDS 5               // VBR-Info fields that are read (RFC 5518 allows several). Beyond: not read.
#define LIMIT_VBR_VOUCHERS 10            // Who vouches, in one of them. Beyond: not looked at.
#define LIMIT_PLACE_RANGES 2000000       // Ranges in one table of places; Debian's have 386,000 and 277,000. Beyond: the file is refused.
#define LIMIT_PLACE_FILE 134217728       // 128 MiB: such a file, 60 bytes a line at most. Beyond: refused.
#define LIMIT_PLACE_MMDB 268435456       // 256 MiB: a MaxMind DB; those with cities have 60 MB. Beyond: refused.
#define LIMIT_PLACE_MMDB_STEPS 2000      // Values looked at for one key of a MaxMind DB; a country's map has some 60. Beyond: not found.
#define LIMIT_PLACE_MEMORY 3221225472    // 3 GiB while tables of places are read. Beyond: our own bug, as the bounds above allow less.

/* Judging and keeping */
#define LIMIT_MODEL_HEADER_BYTES 2000    // Bytes of header that the classifier reads; 3,000 judge no better. Beyond: not read.
#define LIMIT_MODEL_TEXT_BYTES 3000      // The same for decoded text. Beyond: not read.
#define LIMIT_NORMAL_BYTES 262144        // Bytes of text that the lexicon reads. Beyond: not read.
#define LIMIT_LEXICON_HITS 2000          // Hits of the lexicon in one message. Beyond: not counted.
#define LIMIT_TEXT_POST 262144           // Bytes of text that POST /v1/text takes, as many as are read. Beyond: 413.
#define LIMIT_THREAT_SENTENCES 2000      // Sentences of one text that are read for threats. Beyond: not read.
#define LIMIT_THREAT_CUES 200            // Cues of one sentence that are weighed. Beyond: not read.
#define LIMIT_THREAT_NAME 90             // Bytes of a name of a target or a place: 30 Japanese characters. Beyond: cut.
#define LIMIT_THREAT_WHEN 1200           // Bytes around a threat in which its time and its target are looked for. Beyond: not read.
#define LIMIT_TRADE_UNKNOWN 3            // Unknown words of one message that are told where goods of trade are named. Beyond: not told.
#define LIMIT_WORDS_FILE 4194304         // 4 MiB: the operator's own words; 2,000 rows with examples of 400 bytes have 1.7 MB. Beyond: refused.
#define LIMIT_WORDS_ROWS 2000            // Rows in it; the built-in tables have 900. Beyond: refused.
#define LIMIT_WORDS_SPELLINGS 50         // Spellings of one term in it. Beyond: refused.
#define LIMIT_WORDS_TERM 120             // Bytes of one spelling: 40 kanji. Beyond: refused.
#define LIMIT_WORDS_EXAMPLE 2000         // Bytes of an example in it. Beyond: refused.
#define LIMIT_TRADE_PRICES 200           // Prices and rewards in one message that the judge of trade looks at. Beyond: not read.
#define LIMIT_STRANGER_TEXT 4096         // Bytes of text in which lures and brands are looked for; they say what they want at the beginning. Beyond: not read.
#define LIMIT_PHRASE_HITS 2000           // Hits of the phrases of lures, or of the names of brands, in one message. Beyond: not counted.
#define LIMIT_LURE_CONCEPTS 128          // Concepts in the table of lures: a set of them is two words. Beyond: refused as configuration.
#define LIMIT_LURE_SIGNS 1000            // Signs in the table of lures. Beyond: refused as configuration.
#define LIMIT_LURE_WORDS 20000           // Spellings in the table of lures. Beyond: refused as configuration.
#define LIMIT_THREAD_PAIRS 256           // Correspondents whose turn of conversation is remembered for one recipient, 40 bytes each. Beyond: the one that says least gives way.
#define LIMIT_THREAD_ADDRESS 320         // Bytes of a correspondent's address that the key of a conversation is made of: 64, @, 255 (RFC 5321 4.5.3.1). Beyond: not read.
#define LIMIT_THREAD_RECIPIENTS 4096     // Recipients whose conversations with strangers are remembered, 11 KiB each in shared memory once used. Beyond: whoever's memory says least gives way.
#define LIMIT_BRANDS 2000                // Brands in the table of what phishing claims. Beyond: refused as configuration.
#define LIMIT_BRAND_WORDS 20000          // Names of brands, and words around them, in that table. Beyond: refused as configuration.
#define LIMIT_INDICATOR_TEXT 262144      // Bytes of text in which indicators are looked for, as many as the lexicon reads. Beyond: not read.
#define LIMIT_INDICATOR_ROAD 8192        // The same while a message waits for its verdict; nearly all unwanted mail is shorter. Beyond: not read then.
#define LIMIT_INDICATORS 500             // Different indicators of one message: accounts, numbers, addresses, links. Beyond: not told.
#define LIMIT_FEEDBACK_LIST 100           // Values of one kind in a feedback report (RFC 5965). Beyond: not read.
#define LIMIT_LOCATE 1048576             // Bytes of a part in which a place is looked for exactly. Beyond: the whole part is told.
#define LIMIT_REGIONS 2000               // Changes between own words, quotations and signatures in one text. Beyond: the last goes on to the end.
#define LIMIT_CAMPAIGN_SIGNATURES 1000000 // Mails whose signatures are kept to tell campaigns: 158.9 MB, and an index of 20 bits. Beyond: the oldest gives way.
#define LIMIT_CAMPAIGN_TEXT 32768        // Bytes of a sender's own words that a signature is made of; most mail has under 4,000. Beyond: not read.
#define LIMIT_CAMPAIGN_KEYS 24           // Things that join a mail with others: accounts, numbers, hosts, and how its header is written. Beyond: not compared.
#define LIMIT_CAMPAIGNS_TOLD 500         // Campaigns in one answer. Beyond: the newest, and that there are more.
#define LIMIT_CAMPAIGN_MEMBERS 1000      // Messages of one campaign that are told, or parted from it, at once. Beyond: the newest; or refused.
#define LIMIT_TEMPLATE_TEXTS 32          // Copies that a template is made of; 5 tell most slots. Beyond: not read.
#define LIMIT_TEMPLATE_WORDS 4000        // Words of each, a Japanese character is one; they are aligned with each other. Beyond: not read.
#define LIMIT_TEMPLATE_GAP 40000         // Pairs of words compared in one place where copies differ. Beyond: that place is one slot.
#define LIMIT_HABITS_FIELDS 40           // Field names of a header whose order tells the program that wrote it. Beyond: not looked at.
#define LIMIT_KIT_TAGS 600               // Tags of a mail's HTML whose run tells the kit that made it. Beyond: not looked at.
#define LIMIT_KIT_LINKS 40               // Links of which the first with a path that tells something is taken. Beyond: not looked at.
#define LIMIT_KIT_PICTURES 16            // Pictures inside a mail whose names tell the same. Beyond: not looked at.
#define LIMIT_PERSONAL_RECIPIENTS 256    // Recipients with weights of their own, 32 KiB each in shared memory once used. Beyond: a lesson in his name is refused, what others taught stays.
#define LIMIT_GROUPS 64                  // Groups of recipients with weights of their own, 1 MiB each in shared memory once used. Beyond: does not start.
#define LIMIT_GROUP_MEMBERS 65536        // Addresses and domains that all groups name together. Beyond: does not start.
#define LIMIT_GROUP_FILE 4194304         // Bytes of a file with a group's members. Beyond: does not start.
#define LIMIT_LESSONS 2048               // Lessons that are kept to be taken back, 5.3 KB each on disk. Beyond: the oldest quarter stays learned for good.
#define LIMIT_REPORTERS 4096             // People whose lessons are weighed. Beyond: the longest quiet one is unknown again.
#define LIMIT_LESSON_REVIEWS 4           // Earlier lessons looked at again with each new one. Beyond: with the next one.
#define LIMIT_REPORTED 50                // Messages attached to one report that are learned. Beyond: the reply tells how many were.
#define LIMIT_LESSONS_LISTED 1000        // Lessons in one list. Beyond: the newest only.
#define LIMIT_FINDINGS 500               // Findings of one message. Beyond: counted only.
#define LIMIT_NOTE_BYTES 262144          // A signed note: 32 signatures of post-quantum size. Beyond: the note is refused.
#define LIMIT_NOTE_SIGNATURES 32         // Signatures of one note; c2sp.org/signed-note asks for at least 16. Beyond: the note is refused.
#define LIMIT_WITNESSES 16               // Witnesses of our ledger: so many signatures any reader of notes must take. Beyond: does not start.
#define LIMIT_WITNESS_LOGS 100           // Ledgers we are a witness of. Beyond: does not start.
#define LIMIT_WITNESS_CALLS 120          // Requests to the witness's door from one address (of IPv6: one /64) in a minute; a ledger needs 1 in five minutes, at most 60 a minute. Beyond: 429 until the minute is over.
#define LIMIT_WITNESS_CALLERS 4096       // Addresses whose requests are counted. Beyond: the longest quiet one is forgotten.
#define LIMIT_PACKAGE_IDS 100            // Messages in one package for a court. Beyond: make several.
#define LIMIT_PACKAGE_ENTRIES 2000       // Entries of the ledger in one package. Beyond: refused; make several.
#define LIMIT_LEDGER_KEYS 1000           // Keys that followed each other in one ledger: monthly for 80 years. Beyond: no more are changed.
#define LIMIT_RECORD_BYTES 16777216      // 16 MiB: one record in the ledger. Beyond: SK_LIMIT, the message is answered 451.
#define LIMIT_RECORD_TEXT 240            // Bytes of visible text kept for search; each costs the keeper. Beyond: not kept.
#define LIMIT_RECORD_FIELD 1000          // Bytes of one foreign text (subject, name, reply) in a record. Beyond: cut.
#define LIMIT_RECORD_INDICATORS 40       // Accounts, numbers and links of one message that its record names. Beyond: not kept.
#define LIMIT_RECORD_DETAIL 200          // Bytes of what one finding rests on. Beyond: cut.
#define LIMIT_RETENTION_ORDER 100000      // Entries that one order purges. Beyond: no order.
#define LIMIT_SEARCH_TERM 256            // Bytes of one word searched for. Beyond: refused.
#define LIMIT_SEARCH_ROWS 10000          // Rows of one answer. Beyond: refused; narrow the time instead.
#define LIMIT_WIRE_FRAME 68157440        // 65 MiB: one typed message between processes, a mail and its record. Beyond: our own bug.
#define LIMIT_REQUEST 1048576            // 1 MiB: one request of a person to the keeper. Beyond: refused.
#define LIMIT_EVENTS_QUEUED 4194304       // 4 MiB of news that the clerk has not taken. Beyond: not told; the record has it.
#define LIMIT_CLERK_CONNECTIONS 256      // Connections of the clerk. Beyond: the oldest that has not sent a whole request gives way, else the new one is closed.
#define LIMIT_CLERK_BODY 65536           // 64 KiB: the body of a request to the clerk. Beyond: 413 and close.
#define LIMIT_CLERK_QUEUE 262144         // 256 KiB that one reader of the live stream has not taken. Beyond: it is cut off and may come again.
#define LIMIT_CLERK_STREAMS 64           // Readers of the live stream. Beyond: 503.
#define LIMIT_CLERK_STREAMS_SESSION 8    // Of one sign-in. Beyond: its oldest is ended.
#define LIMIT_CLERK_EVENTS 2000          // Events kept for readers that come again (Last-Event-ID). Beyond: the oldest are forgotten, and the reader is told.
#define LIMIT_CLERK_EVENT 16384          // Bytes of one event. Beyond: it is not shown live.
#define LIMIT_CLERK_ASKED 256            // Requests to the keeper and jobs of the crew under way. Beyond: 503.
#define LIMIT_CLERK_JOB_S 30             // Seconds that one search or look-up may take. Beyond: it is ended, 503.
#define LIMIT_CONSOLE_FILES 64           // Files of the console. Beyond: the clerk says so and serves its plain page.
#define LIMIT_CONSOLE_BYTES 4194304      // 4 MiB: all files of the console together. Beyond: the same.
#define LIMIT_SESSIONS 256               // Sign-ins at the console at the same time. Beyond: the longest unused one is ended.
#define LIMIT_SESSIONS_ACCOUNT 8         // Of one account. Beyond: its longest unused one is ended.
#define LIMIT_GUESSES_ACCOUNT 10         // Wrong passwords for one account in 15 minutes. Beyond: 429 until they are old enough.
#define LIMIT_GUESSES_ADDRESS 30         // Wrong passwords from one address in 15 minutes. Beyond: 429 until they are old enough.
#define LIMIT_GUESSERS 4096              // Accounts and addresses whose wrong passwords are counted. Beyond: the longest quiet one is forgotten.
#define LIMIT_PASSWORD_LEAST 12          // Characters of a password. Below: refused when it is set.
#define LIMIT_PASSWORD_MOST 1024         // Bytes of a password. Beyond: refused, unread.
#define LIMIT_ACCOUNTS 1000              // Accounts of the console. Beyond: refused.
#define LIMIT_ACCOUNT_NAME 64            // Bytes of an account's name. Beyond: refused.
#define LIMIT_LOOKS_KEPT 1000            // Looks and sign-ins that the console lists, newest first. Beyond: they are in the ledger only.
#define LIMIT_REASON 500                 // Bytes of a reason or note that a person gives. Beyond: refused.
#define LIMIT_ALARMS 1000                // Campaigns of threats that are remembered. Beyond: the oldest acknowledged one is forgotten; without one, new ones are counted together.
#define LIMIT_ALARM_NEW 50               // New campaigns told of within an hour: a person can read one a minute. Beyond: counted together in one alarm.
#define LIMIT_ALARM_NOTICES 1024         // Notices of alarms under way to somebody. Beyond: alarms wait, and count.
#define LIMIT_ALARM_TARGETS 16           // Places that are told of an alarm. Beyond: refused as configuration.
#define LIMIT_ALARM_ESCALATIONS 6        // Times that an alarm nobody acknowledges is escalated, each after double the time. Beyond: it stays open.
#define LIMIT_ALARM_WORDS 240            // Bytes of an alarm's campaign words, and of its excerpt. Beyond: cut.
#define LIMIT_ALARM_NOTE 1000            // Bytes of the note with an acknowledgement. Beyond: refused.
#define LIMIT_ALARM_URL 2048             // Bytes of a web hook's address. Beyond: refused as configuration.
#define LIMIT_POST_LINE 8192             // Bytes of one line in the head of what a web hook or a witness answers. Beyond: no answer.
#define LIMIT_POST_HEAD 65536            // 64 KiB: the whole head of that answer. Beyond: no answer.
#define LIMIT_POST_BODY 262144           // 256 KiB: its body; a witness answers with lines of a note (LIMIT_NOTE_BYTES). Beyond: no answer.
#define LIMIT_POST_S 10                  // Seconds of one such call, from the question for the name to the last byte. Beyond: no answer.
#define LIMIT_TRY_LINE 67108864          // 64 MiB: one request line of `sekisho try`. Beyond: an error line.
#define LIMIT_PERMIT_STORE 8388608       // 8 MiB of consents kept by another program, some 130,000 recipients. Beyond: refused.
#define LIMIT_CONSENT_RECIPIENTS 500000  // Recipients with a word of their own in the ledger; 130,000 take 30 MB. Beyond: a grant is refused, a withdrawal is not.
#define LIMIT_CONSENT_MEMORY 1073741824  // 1 GiB for consents in one process. Beyond: our own bug.
#define LIMIT_CONSENT_LISTED 200         // Entries on one recipient's lists, as carriers give. Beyond: refused.
#define LIMIT_CONSENT_TEXT 65536         // Bytes of one text that people agree to. Beyond: refused.
#define LIMIT_CONSENT_TEXTS 1000         // Versions of texts that people agreed to. Beyond: no other can be registered.
#define LIMIT_CONSENT_BY 200             // Bytes of who said or recorded a consent. Beyond: refused.
#define LIMIT_CONSENT_BATCH 1000         // Recipients in one request of an import: all or none. Beyond: refused.
#define LIMIT_CONSENT_IMPORT 268435456   // 256 MiB: a file of consents to import. Beyond: refused.
#define LIMIT_CONFIG_LINE 4096           // One line of configuration. Beyond: refused with its number.
#define LIMIT_CONFIG_BYTES 1048576       // A configuration file. Beyond: refused.
#define LIMIT_BUNDLE_FILES 1000          // Files that one configuration names. Beyond: refused.
#define LIMIT_BUNDLE_BYTES 134217728     // 128 MiB: a configuration with all files it names. Beyond: refused.
#define LIMIT_CERTIFICATES 1048576       // 1 MiB: a certificate chain (10 KB is common), or the authorities we trust (Debian: 220 KB). Beyond: refused.
#define LIMIT_KEY_FILE 65536             // A file with a private key; RSA of 8192 bits takes 6.4 KB. Beyond: refused.
#define LIMIT_KEYS 256                   // Private keys and secrets in the key process, of one configuration: 60 domains that sign with four each. Beyond: refused.
#define LIMIT_KEY_CHANNELS 512           // Processes that may ask the key process at a time: 256 workers and the clerk, each twice while it is introduced anew. Beyond: the new one is not heard.
#define LIMIT_KEY_RSA_BITS_MIN 2048      // Debian's OpenSSL takes no less at its security level. Below: refused.
#define LIMIT_KEY_RSA_BITS_MAX 8192      // A signature of 8192 bits costs 40 ms, in which the key process does nothing else. Beyond: refused.
#define LIMIT_KEY_TO_SIGN 512            // What TLS 1.2 and 1.3 sign of a handshake; the longest we offer has 201 bytes. Beyond: not signed.
#define LIMIT_KEY_SIGNATURE 1024         // RSA of 8192 bits. Beyond: not possible.
#define LIMIT_KEY_WAIT_MS 2000           // How long a worker waits for a signature; it does nothing else meanwhile. Beyond: that handshake fails.
#define LIMIT_KEY_REST_MS 5000           // After such a wait nothing is asked for that long: handshakes fail at once, mail without TLS goes on. Beyond: asked again.

/* Processes */
#define LIMIT_OPENER_CHANNELS 512        // Processes that may ask the opener at a time: 256 workers, each twice while it is introduced anew. Beyond: the new one is not heard.
#define LIMIT_OPENER_CHILDREN 64         // Attachments opened at the same moment. Beyond: the configuration is refused.
#define LIMIT_OPENER_WAITING 256         // Attachments that wait for the opener. Beyond: attachment_unopened.
#define LIMIT_SUSPECTS 256               // Messages remembered in whose hands a worker died; each costs a crash and its wait. Beyond: the oldest is forgotten and gets two more workers.
#define LIMIT_WORKER_MEMORY 2147483648   // 2 GiB of data a worker may have, where the machine is large: four times LIMIT_HELD_BYTES. Beyond: the kernel gives no more, the worker ends and is started again.
#define LIMIT_PURGE_ORDERS 16777216      // 16 MiB of orders for one purger. Beyond: refused.
