/* What the tests named after faults of others share: a key made at the start, signatures made by hand, and the whole walk of
 * one message over a zone, with the work that it took. Each test is a program of its own and uses what it needs. */
#pragma once

/* OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/evp.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"
#include "trace/origin.h"

#include <time.h>

#define NOW 1700000000

#define FROM     "From: <a@a.example>\r\n"
#define TAGS     "d=a.example; s=s; h=from"
#define KEY      "\"s._domainkey.a.example\": {\"TXT\": [\"%K\"]}"
#define REJECT   "\"_dmarc.a.example\": {\"TXT\": [\"v=DMARC1; p=reject\"]}"
#define NONSENSE "\"zz.example\": {}"

[[maybe_unused]] static struct arena arena;
[[maybe_unused]] static EVP_PKEY *pair;
[[maybe_unused]] static struct bytes own_key; /* its record */
static struct trace_settings settings = {.authserv_id = BYTES("mx.example")};

/* Who gives the message in. */
static const char *client = "192.0.2.1", *helo = "helo.example", *user = "";

/* What the last walk took: questions to the DNS and rounds of them, memory, time. */
[[maybe_unused]] static size_t questions, rounds, memory;
[[maybe_unused]] static double seconds;

/* Canonicalised by hand: `signed_fields` and the body are what is hashed; relaxed where the tags begin with it. */
static inline struct bytes
sign(const char *tags, const char *signed_fields, const char *signed_body)
{
    uint8_t digest[HASH_SHA256_SIZE], signature[64];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct writer w;

    hash_sha256(bytes_from_text(signed_body), digest);
    struct bytes bh = bytes_base64(&arena, bytes_of(digest, sizeof digest));
    writer_init(&w, &arena);
    writer_format(&w, "DKIM-Signature: v=1; a=ed25519-sha256; %s; bh=%.*s; b=", tags,
                  BYTES_ARGUMENTS(bh));
    struct bytes field = writer_view(&w);
    bool relaxed = bytes_starts(bytes_from_text(tags), BYTES("c=relaxed"));
    const struct bytes pieces[] = {
        bytes_from_text(signed_fields), relaxed ? BYTES("dkim-signature:") : BYTES_NONE,
        bytes_from(field, relaxed ? sizeof "DKIM-Signature: " - 1 : 0)};
    hash_sha256_many(pieces, 3, digest);
    SK_ASSERT(EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
              EVP_DigestSign(context, signature, &size, digest, sizeof digest) == 1);
    EVP_MD_CTX_free(context);
    writer_bytes(&w, bytes_base64(&arena, bytes_of(signature, size)));
    writer_text(&w, "\r\n");
    return writer_view(&w);
}

/* `text` as often as that, one behind the other. */
static inline struct bytes
repeated(size_t count, const char *text)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < count; i++) {
        writer_text(&w, text);
    }
    return writer_view(&w);
}

/* The inside of a JSON object, %K in it our key. */
static inline struct dns_zone *
zone_of(const char *zone_text)
{
    struct dns_zone *zone;
    struct writer text;
    struct why why;

    writer_init(&text, &arena);
    writer_byte(&text, '{');
    for (const char *c = zone_text; *c != '\0'; c++) {
        if (c[0] == '%' && c[1] == 'K') {
            writer_bytes(&text, own_key);
            c++;
        } else {
            writer_byte(&text, (uint8_t)*c);
        }
    }
    writer_byte(&text, '}');
    if (dns_zone_read(&arena, writer_view(&text), &zone, &why) != SK_OK) {
        tap_ok(false, "zone: %s", why.sentence);
        exit(1);
    }
    return zone;
}

static struct dns_memo *answers; /* of the last walk */

/* The whole walk on what is in `answers`; answer() is called with the zone whenever questions are open. */
static inline const struct origin *
walk_on(const struct dns_zone *zone,
        void (*answer)(const struct dns_zone *zone, struct dns_memo *memo),
        const char *mail_from, struct bytes raw)
{
    struct arrival *arrival = ARENA_NEW(&arena, struct arrival);
    size_t used = arena.used;
    enum sk_code code;
    clock_t before;

    (void)net_address_read(bytes_from_text(client), &arrival->client);
    arrival->helo = bytes_from_text(helo);
    arrival->user = bytes_from_text(user);
    arrival->mail_from = bytes_from_text(mail_from);
    arrival->raw = raw;
    const struct letter *letter = letter_read_header(&arena, arrival->raw);
    before = clock();
    struct trace *trace = trace_new(&arena, &settings, NULL, arrival, letter, answers, NOW);
    rounds = 0;
    while ((code = trace_step(trace)) == SK_MORE) {
        rounds++;
        answer(zone, answers);
    }
    seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    questions = answers->answer_count;
    memory = arena.used - used;
    SK_ASSERT(code == SK_OK);
    return trace_origin(trace);
}

static inline const struct origin *
walk_with(const struct dns_zone *zone,
          void (*answer)(const struct dns_zone *zone, struct dns_memo *memo),
          const char *mail_from, struct bytes raw)
{
    answers = ARENA_NEW(&arena, struct dns_memo);
    dns_memo_init(answers, &arena);
    return walk_on(zone, answer, mail_from, raw);
}

static inline struct bytes
json_of(const struct origin *o)
{
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    origin_write_json(o, &j);
    return writer_view(&w);
}

/* Whether the last walk, taken again from the record of its answers, comes to the same. */
static inline bool
replays(const struct origin *o, const char *mail_from, struct bytes raw)
{
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    dns_memo_write_json(answers, &j);
    answers = ARENA_NEW(&arena, struct dns_memo);
    dns_memo_init(answers, &arena);
    if (!dns_memo_read_json(answers, writer_view(&w))) {
        return false;
    }
    answers->sealed = true;
    const struct origin *again = walk_on(NULL, dns_zone_answer, mail_from, raw);
    return rounds == 0 && bytes_equal(json_of(o), json_of(again)) &&
           o->note_count == again->note_count;
}

/* The origin of a message that begins with the field `top`. */
static inline const struct origin *
origin_of(const char *zone_text, const char *mail_from, struct bytes top, const char *rest)
{
    struct writer raw;

    writer_init(&raw, &arena);
    writer_bytes(&raw, top);
    writer_text(&raw, rest);
    return walk_with(zone_of(zone_text), dns_zone_answer, mail_from, writer_view(&raw));
}

static inline const struct origin *
plain(const char *zone_text, const char *mail_from, const char *message)
{
    return origin_of(zone_text, mail_from, BYTES_NONE, message);
}

static inline void
begin(void)
{
    uint8_t public_key[32];
    size_t size = sizeof public_key;
    struct writer w;

    arena_init(&arena, 512u << 20);
    pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    SK_ASSERT(pair != NULL && EVP_PKEY_get_raw_public_key(pair, public_key, &size) == 1);
    writer_init(&w, &arena);
    writer_text(&w, "k=ed25519; p=");
    writer_bytes(&w, bytes_base64(&arena, bytes_of(public_key, size)));
    own_key = writer_view(&w);
}

static inline int
end(void)
{
    EVP_PKEY_free(pair);
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
