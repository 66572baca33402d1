/* What the DNS said to one message.
 *
 * The checks of trace are pure functions of the message, the clock and this memo. A check asks dns_memo_ask; when the
 * answer is not there yet, the question is noted as wanted and NULL comes back: the check then returns SK_MORE and is
 * run again from its start once the answers are in (they are few and cheap to walk again). So nothing in trace waits,
 * SPF is an ordinary recursive function, questions of independent checks go out together, and the memo is exactly the
 * record from which a verdict can be replayed years later. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28
};

enum dns_status {
    DNS_FOUND,    /* records are there */
    DNS_NODATA,   /* the name exists, not with this type */
    DNS_NXDOMAIN, /* the name does not exist */
    DNS_SERVFAIL, /* an answer came and was none: temperror */
    DNS_TIMEOUT,  /* none came in time: temperror */
};

struct dns_record {
    struct bytes
        data; /* A: 4 bytes; AAAA: 16; TXT: the character strings joined; NS, CNAME, PTR, MX: a name in text
                            form without the final dot, letters as sent */
    uint16_t preference; /* MX */
};

struct dns_answer {
    struct bytes name; /* as asked, lower case, no final dot */
    enum dns_type type;
    enum dns_status status;
    bool known;  /* false: wanted, not answered yet */
    bool secure; /* validated by DNSSEC */
    uint32_t ttl;
    struct dns_record *records;
    size_t record_count;
    struct dns_answer *next_wanted;
};

struct dns_memo {
    struct arena *arena;
    struct dns_answer **answers; /* in the order of asking */
    size_t answer_count, answer_room;
    struct dns_answer *wanted; /* a list by next_wanted: asked and not answered */
    size_t
        questions_max; /* LIMIT_DNS_QUESTIONS: beyond it every new question is DNS_SERVFAIL at once */
    bool sealed;  /* replay: a question that is not there is DNS_TIMEOUT, never wanted */
    bool refused; /* a question was past questions_max */
    int64_t
        deadline_ms; /* the resolver's own: when the message's time is over (monotonic), 0 before it begins */
};

void dns_memo_init(struct dns_memo *memo, struct arena *arena);
/* name: text form in any case, a final dot is dropped. A name that can't be asked (empty, a label over 63 bytes or
 * empty, over 253 in all) is answered NXDOMAIN at once. NULL: wanted, come back. */
const struct dns_answer *dns_memo_ask(struct dns_memo *memo, struct bytes name,
                                      enum dns_type type);
/* Puts an answer in, from the wire, a zone or a record. Its records are not copied: they live as long as the memo. */
void dns_memo_put(struct dns_memo *memo, const struct dns_answer *answer);

const char *dns_type_name(enum dns_type type);
const char *dns_status_name(
    enum dns_status status); /* "FOUND", "NODATA", "NXDOMAIN", "SERVFAIL", "TIMEOUT" */
bool dns_type_read(struct bytes name, enum dns_type *type_r);

struct json;
struct writer;
/* All answers as a JSON array (for the record), and back: [{"n":"example.com","t":"TXT","s":"FOUND","r":["v=spf1 -all"]}].
 * Records that are no UTF-8 are written {"b64":"..."}, addresses in their text form, MX as [10,"mx.example.com"]. */
void dns_memo_write_json(const struct dns_memo *memo, struct json *j);
bool dns_memo_read_json(struct dns_memo *memo, struct bytes text);
