/* A DNS that lies, loops, cuts off, falls silent or says far too much (class 10 of docs/PEERS.md). Each lie is made as bytes
 * of the wire, goes through the parser of answers and then through the whole walk: no pass comes of it, the message is told
 * about, and the work is counted. */
#include "trace/peers_test_private.h"

enum lie {
    TRUE_WORD,
    ANOTHER_QUESTION,
    ANOTHER_TYPE,
    ANOTHER_OWNER,
    QUESTION_BACK,
    TRUNCATED,
    CUT,
    LONGER_THAN_PACKET,
    STRING_PAST_RECORD,
    NO_STRING,
    POINTER_TO_ITSELF,
    POINTERS_IN_A_RING,
    POINTER_PAST_END,
    LONG_NAME,
    ALIAS_OF_ITSELF,
    ALIASES_IN_A_RING,
    MANY_ALIASES,
    REFUSED,
    NOTHING_BUT_HEADER,
    GARBAGE,
    MANY_STRINGS,
    MANY_RECORDS,
    WITH_NUL,
};

static enum lie lie;
static size_t lied; /* how often */

static void
put16(struct writer *w, size_t value)
{
    writer_byte(w, (uint8_t)(value >> 8));
    writer_byte(w, (uint8_t)value);
}

static void
put_name(struct writer *w, struct bytes name)
{
    struct bytes label;

    while (bytes_split(&name, '.', &label)) {
        writer_byte(w, (uint8_t)label.size);
        writer_bytes(w, label);
    }
    writer_byte(w, 0);
}

/* A record: owner and data as they stand on the wire. */
static void
put_record(struct writer *w, struct bytes owner, size_t type, struct bytes data)
{
    writer_bytes(w, owner);
    put16(w, type);
    writer_bytes(w, BYTES("\0\1\0\0\0\x3c"));
    put16(w, data.size);
    writer_bytes(w, data);
}

#define SELF BYTES("\xc0\x0c")

static struct bytes
string_of(struct bytes text)
{
    struct writer w;

    writer_init(&w, &arena);
    while (text.size > 255) {
        writer_byte(&w, 255);
        writer_bytes(&w, bytes_slice(text, 0, 255));
        text = bytes_from(text, 255);
    }
    writer_byte(&w, (uint8_t)text.size);
    writer_bytes(&w, text);
    return writer_view(&w);
}

/* What lets everything pass, if it is believed. */
static struct bytes
wanted_text(struct bytes name)
{
    return bytes_starts(name, BYTES("_dmarc.")) ? BYTES("v=DMARC1; p=reject")
           : bytes_find(name, BYTES("._domainkey."), 0) != BYTES_NOWHERE
               ? own_key
               : BYTES("v=spf1 +all");
}

/* The answers of a lie that has the header and the question right; their number. */
static size_t
put_answers(struct writer *w, struct bytes name, size_t type, size_t end)
{
    struct bytes text = string_of(wanted_text(name));
    struct writer ring;

    switch (lie) {
    case ANOTHER_OWNER:
        put_record(w, BYTES("\1x\0"), type, text);
        return 1;
    case STRING_PAST_RECORD:
        put_record(w, SELF, type, bytes_slice(text, 0, text.size - 1));
        return 1;
    case NO_STRING:
        put_record(w, SELF, type, BYTES_NONE);
        return 1;
    case LONGER_THAN_PACKET:
        writer_bytes(w, SELF);
        put16(w, type);
        writer_bytes(w, BYTES("\0\1\0\0\0\x3c\xff\xff\5v=spf"));
        return 1;
    case POINTER_TO_ITSELF:
    case POINTERS_IN_A_RING:
    case POINTER_PAST_END:
        writer_init(&ring, &arena);
        put16(&ring, 0xc000 | (lie == POINTER_TO_ITSELF    ? end
                               : lie == POINTERS_IN_A_RING ? end + 2
                                                           : 0x3fff));
        if (lie == POINTERS_IN_A_RING) {
            put16(&ring, 0xc000 | end);
        }
        put_record(w, writer_view(&ring), type, text);
        return 1;
    case LONG_NAME:
        put_record(w, bytes_copy(&arena, repeated(128, "\1a")), type, text);
        return 1;
    case ALIAS_OF_ITSELF:
        put_record(w, SELF, DNS_CNAME, SELF);
        put_record(w, SELF, type, text);
        return 2;
    case ALIASES_IN_A_RING:
        put_record(w, SELF, DNS_CNAME, BYTES("\1b\0"));
        put_record(w, BYTES("\1b\0"), DNS_CNAME, SELF);
        put_record(w, SELF, type, text);
        return 3;
    case MANY_ALIASES:
        put_record(w, SELF, DNS_CNAME, BYTES("\2zz\0"));
        for (uint8_t i = 0; i < 20; i++) {
            uint8_t from[] = {2, 'z', (uint8_t)('z' - i), 0};
            uint8_t to[] = {2, 'z', (uint8_t)('y' - i), 0};
            put_record(w, bytes_of(from, 4), DNS_CNAME, bytes_of(to, 4));
        }
        return 21;
    case MANY_STRINGS: /* 10,000 in one record */
        writer_init(&ring, &arena);
        writer_bytes(&ring, text);
        writer_bytes(&ring, repeated(10000, "\4;a=b"));
        put_record(w, SELF, type, writer_view(&ring));
        return 1;
    case MANY_RECORDS: /* as many as 64 KB hold */
        writer_init(&ring, &arena);
        size_t count = (65535 - w->size) / (text.size + 12);
        for (size_t i = 0; i < count; i++) {
            put_record(w, SELF, type, text);
        }
        return count;
    case WITH_NUL:
        put_record(w, SELF, type, string_of(BYTES("v=spf1\0 +all")));
        return 1;
    default:
        put_record(w, SELF, type, text);
        return 1;
    }
}

static struct bytes
lie_about(const struct dns_answer *question)
{
    struct writer w;
    size_t type = question->type, flags = 0x8180;

    flags = lie == QUESTION_BACK ? 0x0100 : lie == TRUNCATED ? 0x8380 : flags;
    flags = lie == REFUSED ? 0x8185 : flags;
    writer_init(&w, &arena);
    put16(&w, 0x1234);
    if (lie == GARBAGE) {
        for (unsigned i = 0; i < 300; i++) {
            writer_byte(&w, (uint8_t)(i * 131 + 129));
        }
        return writer_view(&w);
    }
    put16(&w, flags);
    writer_bytes(&w, BYTES("\0\1\0\1\0\0\0\0"));
    if (lie == NOTHING_BUT_HEADER) {
        return writer_view(&w);
    }
    put_name(&w, lie == ANOTHER_QUESTION ? BYTES("other.example") : question->name);
    put16(&w, lie == ANOTHER_TYPE ? DNS_NS : type);
    put16(&w, 1);
    size_t count = put_answers(&w, question->name, type, w.size);
    w.at[6] = (uint8_t)(count >> 8);
    w.at[7] = (uint8_t)count;
    return lie == CUT ? bytes_slice(writer_view(&w), 0, w.size - 3) : writer_view(&w);
}

/* TXT is lied about, of other types there is nothing. */
static void
tell_lies(const struct dns_zone *zone, struct dns_memo *memo)
{
    (void)zone;
    while (memo->wanted != NULL) {
        struct dns_answer a = {
            .name = memo->wanted->name, .type = memo->wanted->type, .status = DNS_NODATA};
        if (a.type == DNS_TXT) {
            dns_answer_read(memo->arena, lie_about(memo->wanted), a.name, a.type, &a);
            lied++;
        }
        dns_memo_put(memo, &a);
    }
}

static const struct origin *
deceived(enum lie which)
{
    struct writer raw;

    lie = which;
    lied = 0;
    writer_init(&raw, &arena);
    writer_bytes(&raw, sign(TAGS, FROM, "x\r\n"));
    writer_text(&raw, FROM "\r\nx\r\n");
    return walk_with(NULL, tell_lies, "u@a.example", writer_view(&raw));
}

static void
test_lies(void)
{
    static const struct {
        enum lie lie;
        const char *words;
    } rows[] = {
        {ANOTHER_QUESTION, "lies: the answer to another question"},
        {ANOTHER_TYPE, "lies: the answer to another type"},
        {QUESTION_BACK, "lies: a question for an answer"},
        {TRUNCATED, "truncates, says so, and TCP does not help"},
        {CUT, "truncates, and says nothing"},
        {LONGER_THAN_PACKET, "a record longer than its packet (Exim CVE-2012-5671)"},
        {STRING_PAST_RECORD, "a string longer than its record (libspf2 CVE-2008-2469)"},
        {NO_STRING, "a text without a string"},
        {POINTER_TO_ITSELF, "loops: a pointer to itself"},
        {POINTERS_IN_A_RING, "loops: two pointers to each other"},
        {POINTER_PAST_END, "a pointer past the end"},
        {LONG_NAME, "a name of 257 bytes"},
        {ALIAS_OF_ITSELF, "loops: an alias of itself"},
        {ALIASES_IN_A_RING, "loops: two aliases of each other"},
        {MANY_ALIASES, "an alias twenty steps long"},
        {REFUSED, "refuses"},
        {NOTHING_BUT_HEADER, "a header and nothing else"},
        {GARBAGE, "garbage"},
    };

    const struct origin *o = deceived(TRUE_WORD);
    tap_ok(o->spf.result == AUTH_PASS && o->dkim[0].result == AUTH_PASS &&
               o->dmarc.result == AUTH_PASS && questions <= 8 && lied > 3,
           "the same server, when it tells the truth: everything passes (%zu questions)",
           questions);
    size_t honest = questions;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        o = deceived(rows[i].lie);
        tap_ok(o->spf.result == AUTH_TEMPERROR && o->dkim[0].result == AUTH_TEMPERROR &&
                   o->dmarc.result == AUTH_TEMPERROR &&
                   origin_has_note(o, "dns_unanswered") && questions <= honest + 2 &&
                   rounds <= 3 && memory < (size_t)1 << 20,
               "class 10: DNS %s: %zu questions, %zu KB", rows[i].words, questions,
               memory >> 10);
    }
    o = deceived(ANOTHER_OWNER);
    tap_ok(o->spf.result == AUTH_NONE && o->dkim[0].result == AUTH_PERMERROR &&
               o->dmarc.result == AUTH_NONE && origin_has_note(o, "dkim_broken") &&
               questions <= honest + 3,
           "class 10: DNS lies: another name's records are not taken for these");
    o = deceived(WITH_NUL);
    tap_ok(o->spf.result == AUTH_NONE && o->dmarc.result == AUTH_NONE,
           "class 10: a NUL ends no text: v=spf1 with one behind it is no version");
}

/* The reverse name of the client as bytes of the wire; every other name has the client's address, so that it would pass if it
 * were believed. */
static struct bytes reverse_name;

static void
tell_reverse_name(const struct dns_zone *zone, struct dns_memo *memo)
{
    static const uint8_t address[] = {192, 0, 2, 1};

    (void)zone;
    while (memo->wanted != NULL) {
        struct dns_answer a = {
            .name = memo->wanted->name, .type = memo->wanted->type, .status = DNS_NODATA};
        if (a.type == DNS_PTR || a.type == DNS_A) {
            struct writer w;
            writer_init(&w, &arena);
            writer_bytes(&w, BYTES("\x12\x34\x81\x80\0\1\0\1\0\0\0\0"));
            put_name(&w, a.name);
            put16(&w, a.type);
            put16(&w, 1);
            put_record(&w, SELF, a.type,
                       a.type == DNS_A ? bytes_of(address, 4) : reverse_name);
            dns_answer_read(memo->arena, writer_view(&w), a.name, a.type, &a);
            lied++;
        }
        dns_memo_put(memo, &a);
    }
}

static void
test_reverse_names(void)
{
    const struct origin *o;
    size_t told = 0, passed = 0;

    reverse_name = BYTES("\4mail\4bank\7example\0");
    o = walk_with(NULL, tell_reverse_name, "u@a.example", BYTES(FROM "\r\n"));
    tap_ok(o->iprev == AUTH_PASS && bytes_is(o->client_name, "mail.bank.example"),
           "the same server, when it tells an honest reverse name");
    for (unsigned byte = 0; byte < 256; byte++) {
        struct writer w;
        if (byte > ' ' && byte != '.' && byte != '\\' && byte != 0x7f) {
            continue;
        }
        writer_init(&w, &arena);
        for (unsigned label = 0; label < 3; label++) { /* of 63 bytes, each written out */
            writer_byte(&w, 63);
            memset(writer_reserve(&w, 63), (int)byte, 63);
            writer_did(&w, 63);
        }
        writer_text(&w, "\7example");
        writer_byte(&w, 0);
        reverse_name = writer_view(&w);
        o = walk_with(NULL, tell_reverse_name, "u@a.example", BYTES(FROM "\r\n"));
        passed += o->iprev == AUTH_PASS || o->client_name.size > 0;
        told++;
    }
    tap_ok(told == 36 && passed == 0,
           "class 10: Exim CVE-2026-40684: reverse names of bytes that no host has");
    reverse_name = BYTES("\11mail.bank\7example\0");
    o = walk_with(NULL, tell_reverse_name, "u@a.example", BYTES(FROM "\r\n"));
    tap_ok(o->iprev != AUTH_PASS && o->client_name.size == 0,
           "class 10: a dot within a label makes no other name of it");
}

static void
test_too_much(void)
{
    const struct origin *o = deceived(MANY_STRINGS);

    tap_ok(o->spf.result == AUTH_PERMERROR && o->dkim[0].result == AUTH_PERMERROR &&
               o->dmarc.policy == DMARC_POLICY_REJECT && o->dmarc.result == AUTH_FAIL &&
               origin_has_note(o, "spf_broken") && origin_has_note(o, "dkim_broken") &&
               questions <= 8 && memory < (size_t)4 << 20,
           "class 10: DNS answers 10,000 strings in one record: %zu questions, %zu KB",
           questions, memory >> 10);
    o = deceived(MANY_RECORDS);
    tap_ok(o->spf.result == AUTH_PERMERROR && o->dmarc.result == AUTH_NONE &&
               origin_has_note(o, "spf_broken") && origin_has_note(o, "dmarc_broken") &&
               origin_has_note(o, "dns_large") && questions <= 8 &&
               memory < (size_t)4 << 20,
           "class 10: DNS answers as many records as 64 KB hold: %zu questions, %zu KB",
           questions, memory >> 10);
}

/* --- the same from a zone, where it can be larger than a packet --- */

/* "NAME": {"TXT": ["BEGINxxx..."]} */
static const char *
long_record(const char *name, const char *begin, size_t size)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "\"%s\": {\"TXT\": [\"%s", name, begin);
    writer_bytes(&w, repeated(size, "A"));
    writer_text(&w, "\"]}");
    return writer_c(&w);
}

static void
test_large(void)
{
    struct bytes good = sign(TAGS, FROM, "x\r\n");
    struct writer w;
    const struct origin *o =
        plain(long_record("a.example", "v=spf1 ", 65000), "u@a.example", FROM "\r\n");

    tap_ok(o->spf.result == AUTH_PERMERROR && origin_has_note(o, "spf_broken") &&
               questions <= 8 && memory < (size_t)1 << 20,
           "class 10: an SPF record of 64 KB (%zu KB of memory)", memory >> 10);
    o = plain(long_record("_dmarc.a.example", "v=DMARC1; p=reject; rua=", 65000), "",
              FROM "\r\n");
    tap_ok(o->dmarc.policy == DMARC_POLICY_REJECT && origin_has_note(o, "dns_large") &&
               memory < (size_t)1 << 20,
           "class 10: a DMARC record of 64 KB still asks for what it asks (%zu KB)",
           memory >> 10);
    writer_init(&w, &arena);
    writer_text(&w, "\"a.example\": {\"TXT\": [\"v=spf1 -all\"");
    writer_bytes(&w, repeated(10000, ",\"v=spf1 +all\""));
    writer_text(&w, "]}, \"_dmarc.a.example\": {\"TXT\": [\"v=DMARC1; p=none\"");
    writer_bytes(&w, repeated(10000, ",\"v=DMARC1; p=reject\""));
    writer_text(&w, "]}, \"s._domainkey.a.example\": {\"TXT\": [\"\"");
    writer_bytes(&w, repeated(10000, ",\"v=DKIM1; p=AAAA\""));
    writer_text(&w, "]}");
    o = origin_of(writer_c(&w), "u@a.example", good, FROM "\r\nx\r\n");
    tap_ok(o->spf.result == AUTH_PERMERROR && o->dmarc.result == AUTH_NONE &&
               o->dkim[0].result == AUTH_PERMERROR && origin_has_note(o, "spf_broken") &&
               origin_has_note(o, "dmarc_broken") && origin_has_note(o, "dkim_broken") &&
               origin_has_note(o, "dns_large") && questions <= 8 &&
               memory < (size_t)1 << 20,
           "class 10: 10,000 TXT records at every name: %zu questions, %zu KB", questions,
           memory >> 10);
    o = plain(long_record("a.example", "", LIMIT_DNS_TEXT), "u@a.example", FROM "\r\n");
    bool text_before = origin_has_note(o, "dns_large");
    o = plain(long_record("a.example", "", LIMIT_DNS_TEXT + 1), "u@a.example", FROM "\r\n");
    tap_ok(!text_before && origin_has_note(o, "dns_large"),
           "class 10: a text past LIMIT_DNS_TEXT is told, one at it is not");
    writer_init(&w, &arena);
    writer_text(&w, "\"a.example\": {\"TXT\": [\"x\"");
    writer_bytes(&w, repeated(LIMIT_DNS_RECORDS - 2, ",\"y\""));
    writer_text(&w, "]}");
    o = plain(writer_c(&w), "u@a.example", FROM "\r\n");
    bool before = origin_has_note(o, "dns_large");
    writer_init(&w, &arena);
    writer_text(&w, "\"a.example\": {\"TXT\": [\"x\"");
    writer_bytes(&w, repeated(LIMIT_DNS_RECORDS - 1, ",\"y\""));
    writer_text(&w, "]}");
    o = plain(writer_c(&w), "u@a.example", FROM "\r\n");
    tap_ok(!before && origin_has_note(o, "dns_large") && o->spf.result == AUTH_NONE,
           "class 10: LIMIT_DNS_RECORDS at one name are told, one less is not");
}

static void
test_silence(void)
{
    const struct origin *o =
        origin_of("\"a.example\": {\"*\": \"TIMEOUT\"}, \"_dmarc.a.example\": {\"*\": "
                  "\"TIMEOUT\"}, \"s._domainkey.a.example\": {\"*\": \"SERVFAIL\"}",
                  "u@a.example", sign(TAGS, FROM, "x\r\n"), FROM "\r\nx\r\n");

    tap_ok(o->spf.result == AUTH_TEMPERROR && o->dkim[0].result == AUTH_TEMPERROR &&
               o->dmarc.result == AUTH_TEMPERROR && origin_has_note(o, "dns_unanswered") &&
               questions <= 8,
           "class 10: DNS times out: nobody answers");
    o = origin_of("\"a.example\": {\"CNAME\": [\"b.example\"]}, \"b.example\": {\"CNAME\": "
                  "[\"a.example\"]}, \"s._domainkey.a.example\": {\"CNAME\": "
                  "[\"s._domainkey.a.example\"]}",
                  "u@a.example", sign(TAGS, FROM, "x\r\n"), FROM "\r\nx\r\n");
    tap_ok(o->spf.result == AUTH_TEMPERROR && o->dkim[0].result == AUTH_TEMPERROR &&
               origin_has_note(o, "dns_unanswered"),
           "class 10: aliases that loop");
    o = plain("\"a.example\": {\"TXT\": [\"v=spf1 -all exp=e.example\"]}, \"e.example\": "
              "{\"TXT\": [\"x\\u0000y\\r\\nBcc: z\"]}",
              "u@a.example", FROM "\r\n");
    tap_ok(o->spf.result == AUTH_FAIL && o->spf.explanation.size == 0,
           "class 10: NUL and line ends in an explanation");
    o = plain("\"1.2.0.192.in-addr.arpa\": {\"PTR\": [\"a b\\\"c;d(e).example\"]}",
              "u@a.example", FROM "\r\n");
    tap_ok(o->iprev != AUTH_PASS && o->client_name.size == 0,
           "class 10: a reverse name made of other things than names");
    o = plain("\"1.2.0.192.in-addr.arpa\": {\"PTR\": [\"mail.bank.example\"]}, "
              "\"mail.bank.example\": {\"A\": [\"198.51.100.1\"]}",
              "u@a.example", FROM "\r\n");
    tap_ok(o->iprev == AUTH_FAIL && o->client_name.size == 0,
           "class 10: DNS lies: a reverse name that does not lead back is not believed");
}

int
main(void)
{
    begin();
    test_lies();
    test_reverse_names();
    test_too_much();
    test_large();
    test_silence();
    return end();
}
