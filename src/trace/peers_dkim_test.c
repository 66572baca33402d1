/* Signatures: what may stand behind and beside them, how much work they make, and that what is hashed is what came (classes
 * 13 and 14 of docs/PEERS.md). */
#include "trace/peers_test_private.h"

#include "trace/key.h"

static void
test_signature_tricks(void)
{
    const struct origin *o =
        origin_of(KEY, "", sign(TAGS "; l=3", FROM, "x\r\n"), FROM "\r\nx\r\nbuy!\r\n");

    tap_ok(o->dkim[0].result == AUTH_PASS && o->dkim[0].body_tail == 6 &&
               origin_has_note(o, "dkim_body_tail"),
           "class 13: six bytes behind l=");
    o = origin_of(KEY, "", sign(TAGS "; l=3", FROM, "x\r\n"), FROM "\r\nx\r\n\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS && !origin_has_note(o, "dkim_body_tail"),
           "empty lines at the end are none");
    o = origin_of(KEY, "", sign(TAGS, FROM, "x\r\n"),
                  "From: <bank@bank.example>\r\n" FROM "\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS && origin_has_note(o, "dkim_unsigned_repeat"),
           "class 13: another From above the signed one");
    o = origin_of(KEY, "", sign(TAGS ":from", FROM, "x\r\n"),
                  "From: <bank@bank.example>\r\n" FROM "\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_FAIL && !origin_has_note(o, "dkim_unsigned_repeat"),
           "which oversigning forbids");
    o = origin_of(KEY, "", sign(TAGS ":subject", FROM "Subject: s\r\n", "x\r\n"),
                  "Subject: new\r\n" FROM "Subject: s\r\n\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS && origin_has_note(o, "dkim_unsigned_repeat"),
           "another Subject");
    o = origin_of(KEY, "", sign(TAGS "; t=1700086400", FROM, "x\r\n"), FROM "\r\nx\r\n");
    tap_ok(!origin_has_note(o, "dkim_future"), "LIMIT_DKIM_FUTURE ahead of the clock");
    o = origin_of(KEY, "", sign(TAGS "; t=1700086401", FROM, "x\r\n"), FROM "\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS && origin_has_note(o, "dkim_future"),
           "a second more");
    o = origin_of(KEY, "", sign(TAGS, FROM, "x\r\n"), FROM "\r\nx\r\n");
    tap_ok(o->note_count == 1 && origin_has_note(o, "helo_unknown"),
           "nothing is noted of an honest signature");
}

/* --- class 14: what is hashed is what stands on the wire --- */

static void
passes(const char *tags, const char *hashed, const char *hashed_body, const char *message,
       bool wanted, const char *words)
{
    const struct origin *o = origin_of(KEY, "", sign(tags, hashed, hashed_body), message);

    tap_ok((o->dkim[0].result == AUTH_PASS) == wanted &&
               (wanted || o->dkim[0].result == AUTH_FAIL),
           "class 14: %s: %s", words, auth_result_name(o->dkim[0].result));
}

#define SIMPLE  "c=simple/simple; d=a.example; s=s; h=from:subject"
#define RELAXED "c=relaxed/relaxed; d=a.example; s=s; h=from:subject"

static void
test_canonical(void)
{
    static const char relaxed[] = "from:<a@a.example>\r\nsubject:a b\r\n";

    passes(SIMPLE, FROM "Subject:a\r\n", "x\r\n", FROM "Subject:a\r\n\r\nx\r\n", true,
           "rspamd 6194: simple, no blank behind the colon");
    passes(SIMPLE, FROM "Subject:  a\r\n", "x\r\n", FROM "Subject:  a\r\n\r\nx\r\n", true,
           "rspamd 6194: simple, two blanks behind the colon");
    passes(SIMPLE, FROM "Subject: a\r\n", "x\r\n", FROM "Subject:a\r\n\r\nx\r\n", false,
           "rspamd 6194: simple, a blank was taken away");
    passes(SIMPLE, FROM "Subject: \r\n", "x\r\n", FROM "Subject: \r\n\r\nx\r\n", true,
           "rspamd 1904: simple, an empty value");
    passes(SIMPLE, FROM "sUbJect\t : a \t\r\n", "x\r\n",
           FROM "sUbJect\t : a \t\r\n\r\nx\r\n", true,
           "simple, blanks before the colon and at the end");
    passes(RELAXED, relaxed, "x\r\n", FROM "SUBJECT \t:\t a \t b \t\r\n\r\nx\r\n", true,
           "relaxed, blanks before the colon and everywhere");
    passes(RELAXED, relaxed, "x\r\n", FROM "Subject:\r\n a\r\n\tb\r\n\r\nx\r\n", true,
           "OpenDKIM 215: relaxed, folded behind the colon");
    passes(RELAXED, relaxed, "x\r\n", FROM "Subject: ab\r\n\r\nx\r\n", false,
           "relaxed, a blank within was taken away");
    passes(RELAXED, "from:<a@a.example>\r\nsubject:a\rb\r\n", "x\r\n",
           FROM "Subject: a\rb\r\n\r\nx\r\n", true, "a bare CR in a field is a byte");
    passes(RELAXED, "from:<a@a.example>\r\nsubject:a\rb\r\n", "x\r\n",
           FROM "Subject: ab\r\n\r\nx\r\n", false, "and cannot go");
    passes(RELAXED, relaxed, "x\ry\r\n", FROM "Subject: a b\r\n\r\nx\ry\r\n", true,
           "a bare CR in the body is a byte");
    passes(RELAXED, relaxed, "x\r\ny\r\n", FROM "Subject: a b\r\n\r\nx\ry\r\n", false,
           "and ends no line");
    passes(RELAXED, relaxed, "x\r\n", FROM "Subject: a b\r\n\r\nx\r\n \t\r\n\r\n", true,
           "rspamd 5590: relaxed, lines of blanks at the end are empty");
    passes(RELAXED, relaxed, "", FROM "Subject: a b\r\n\r\n \r\n", true,
           "rspamd 5590: relaxed, a body of blanks is empty");
    passes(SIMPLE, FROM "Subject: a b\r\n", "x\r\n \r\n",
           FROM "Subject: a b\r\n\r\nx\r\n \r\n", true, "simple, a line of blanks is one");
    passes(RELAXED, relaxed, ".\r\n..\r\n.x\r\n",
           FROM "Subject: a b\r\n\r\n.\r\n..\r\n.x\r\n", true,
           "lines that begin with dots, as they were before the dots were stuffed");
    passes(RELAXED, relaxed, ".x\r\n", FROM "Subject: a b\r\n\r\n..x\r\n", false,
           "a dot too many");
    passes(RELAXED, relaxed, "\f x\r\n", FROM "Subject: a b\r\n\r\n\f x\r\n", true,
           "rspamd 4322: a form feed is no blank");
}

/* --- class 13: bounded work --- */

/* Signatures for which a key was looked at. */
static size_t
tried(const struct origin *o)
{
    size_t count = 0;

    for (size_t i = 0; i < o->dkim_count; i++) {
        count += o->dkim[i].key_bits > 0;
    }
    return count;
}

/* As many records as that at the name of the key, each of `size` bytes; ours is the one of that number. */
static const char *
keys_of(size_t count, size_t size, size_t ours)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "\"s._domainkey.a.example\": {\"TXT\": [");
    for (size_t i = 1; i <= count; i++) {
        writer_text(&w, i > 1 ? ",\"" : "\"");
        if (i == ours) {
            writer_text(&w, "%K");
        } else {
            writer_text(&w, "v=DKIM1; p=");
            writer_bytes(&w, repeated(size, "A"));
        }
        writer_text(&w, "\"");
    }
    writer_text(&w, "]}");
    return writer_c(&w);
}

static void
test_keys(void)
{
    struct bytes good = sign(TAGS, FROM, "x\r\n");
    const struct origin *o = origin_of(keys_of(1, 65000, 0), "", good, FROM "\r\nx\r\n");

    tap_ok(o->dkim[0].result == AUTH_PERMERROR && origin_has_note(o, "dkim_broken") &&
               memory < (size_t)1 << 20,
           "class 13, Exim CVE-2012-5671: a key of 64 KB (%zu KB of memory, %.4f s)",
           memory >> 10, seconds);
    o = origin_of(keys_of(200, 200, LIMIT_DKIM_KEY_RECORDS), "", good, FROM "\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PASS, "class 13: the key is the last of four");
    o = origin_of(keys_of(200, 200, LIMIT_DKIM_KEY_RECORDS + 1), "", good,
                  FROM "\r\nx\r\n");
    tap_ok(o->dkim[0].result == AUTH_PERMERROR && origin_has_note(o, "dkim_broken") &&
               origin_has_note(o, "dns_large"),
           "class 13: of 200 keys at one name no more are looked at");
}

static void
test_many(void)
{
    struct bytes good = sign(TAGS, FROM, "x\r\n");
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < 10000; i++) {
        writer_format(&w,
                      "DKIM-Signature: v=1; a=ed25519-sha256; d=a%zu.example; s=s; "
                      "h=from; bh=AAAA; b=AAAA\r\n",
                      i);
    }
    const struct origin *o =
        origin_of(KEY "," REJECT, "", writer_view(&w), FROM "\r\nx\r\n");
    size_t fields = LIMIT_HEADER_FIELDS;
    tap_ok(o->dkim_count <= fields && origin_has_note(o, "dkim_many") &&
               questions <= LIMIT_DKIM_SIGNATURES + 10 && rounds <= 3,
           "class 13: 10,000 signatures of strangers: %zu questions in %zu rounds",
           questions, rounds);
    writer_init(&w, &arena);
    for (size_t i = 0; i < 1900; i++) {
        writer_bytes(&w, good);
    }
    o = origin_of(KEY "," REJECT, "", writer_view(&w), FROM "\r\nx\r\n");
    tap_ok(o->dkim_count == 1900 && tried(o) == LIMIT_DKIM_SIGNATURES &&
               o->dmarc.result == AUTH_PASS && origin_has_note(o, "dkim_many"),
           "class 13: of 1,900 good signatures %zu are tried", tried(o));
    writer_init(&w, &arena);
    for (size_t i = 0; i < LIMIT_DKIM_SIGNATURES; i++) {
        char tags[80];
        snprintf(tags, sizeof tags, TAGS "; l=%zu", i);
        writer_bytes(&w, sign(tags, FROM, bytes_text(&arena, repeated(i, "x"))));
    }
    o = origin_of(
        KEY, "", writer_view(&w),
        bytes_text(&arena,
                   bytes_copy(&arena, bytes_from_text(FROM "\r\nxxxxxxxxxxxxxxx\r\n"))));
    size_t hashed = 0;
    for (size_t i = 0; i < o->dkim_count; i++) {
        hashed += o->dkim[i].result != AUTH_POLICY;
    }
    tap_ok(hashed == LIMIT_DKIM_BODY_HASHES,
           "class 13: a body is hashed in %zu ways, whatever is asked for", hashed);
    writer_init(&w, &arena);
    writer_bytes(&w, good);
    for (size_t i = 0; i < LIMIT_HEADER_FIELDS - 20; i++) {
        writer_text(&w, "From");
        writer_bytes(&w, repeated(i % 7, " "));
        writer_text(&w, ":");
        writer_bytes(&w, repeated(i % 11, " "));
        writer_text(&w, "<a@a.example>\r\n");
    }
    o = origin_of(KEY "," REJECT, "", writer_view(&w), FROM "\r\nx\r\n");
    tap_ok(origin_has_note(o, "from_several") &&
               origin_has_note(o, "dkim_unsigned_repeat") && questions <= 10 &&
               memory < (size_t)16 << 20,
           "class 22: From fields that differ in white space: %zu questions, %zu KB",
           questions, memory >> 10);
    writer_init(&w, &arena);
    for (size_t i = 0; i < 300; i++) {
        writer_text(&w, i % 2 ? "Authentication-Results" : "authentication-RESULTS");
        writer_bytes(&w, repeated(i % 7, " "));
        writer_text(&w, ":");
        writer_bytes(&w, repeated(i % 5, "\r\n\t"));
        writer_text(&w, " mx.example");
        writer_bytes(&w, repeated(i % 3, " "));
        writer_text(&w, ";dkim=pass header.d=a.example\r\n");
    }
    o = origin_of(NONSENSE, "", writer_view(&w), FROM "\r\nx\r\n");
    tap_ok(o->forged_count == 300,
           "class 18: 300 forged fields that differ in white space: all are found");
}

int
main(void)
{
    begin();
    test_signature_tricks();
    test_canonical();
    test_keys();
    test_many();
    return end();
}
