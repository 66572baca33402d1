/* Which domains of DKIM signatures lists are asked for. OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/evp.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "dns/resolver.h"
#include "trace/batv.h"
#include "trace/lists.h"
#include "trace/origin.h"
#include "trace/settings.h"
#include "trace/sign.h"

#define NOW     1795309202
#define SIGNERS (LIMIT_LIST_SIGNERS + 1)
#define PLAIN   "From: a@author.example\r\nSubject: x\r\n\r\nhello\r\n"

static struct arena arena;
static EVP_PKEY *key;

static bool
ask(void *context, const struct sign_domain *domain, const struct sign_key *which,
    const uint8_t digest[32], uint8_t *signature_r, size_t *size_r)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();

    *size_r = SIGN_ROOM;
    bool done = EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(c, signature_r, size_r, digest, 32) == 1;
    EVP_MD_CTX_free(c);
    return done;
}

/* Signatures of s0.example, s1.example, ... on top of the message, s0's first. */
static struct bytes
signed_by_many(void)
{
    const struct letter *letter = letter_read_header(&arena, BYTES(PLAIN));
    static const struct bytes names[] = {BYTES("from"), BYTES("subject")};
    struct writer w;

    writer_init(&w, &arena);
    for (int i = 0; i < SIGNERS; i++) {
        struct writer name;
        struct bytes fields;
        writer_init(&name, &arena);
        writer_format(&name, "s%d.example", i);
        const struct sign_domain domain = {
            .domain = writer_view(&name),
            .keys = {[1] = {.selector = BYTES("k"), .path = BYTES("/k"), .ed25519 = true}},
            .headers = names,
            .header_count = 2};
        if (sign_message(&arena, &domain, letter, &letter->header, NULL, NOW, ask, NULL,
                         &fields) != SK_OK) {
            tap_ok(false, "signed");
        }
        writer_bytes(&w, fields);
    }
    writer_text(&w, PLAIN);
    return writer_view(&w);
}

/* The key of every signer but the one at `without`, and one list that has them all. */
static struct dns_zone *
zone_without(int without)
{
    struct dns_zone *zone = NULL;
    uint8_t point[32];
    size_t size = sizeof point;
    struct writer w;
    struct why why;

    SK_ASSERT(EVP_PKEY_get_raw_public_key(key, point, &size) == 1);
    writer_init(&w, &arena);
    writer_text(&w, "{\"\": {}");
    for (int i = 0; i < SIGNERS; i++) {
        writer_format(&w, ",\"s%d.example.names.test\":{\"A\":[\"127.0.0.2\"]}", i);
        if (i != without) {
            writer_format(
                &w, ",\"k._domainkey.s%d.example\":{\"TXT\":[\"v=DKIM1; k=ed25519; p=", i);
            writer_bytes(&w, bytes_base64(&arena, bytes_of(point, size)));
            writer_text(&w, "\"]}");
        }
    }
    writer_byte(&w, '}');
    if (dns_zone_read(&arena, writer_view(&w), &zone, &why) != SK_OK) {
        tap_ok(false, "zone: %s", why.sentence);
    }
    return zone;
}

static bool
is_asked(const struct origin *o, const char *domain)
{
    for (size_t i = 0; i < o->listed_count; i++) {
        if (bytes_is(o->listed[i].asked, domain)) {
            return !o->listed[i].failed && bytes_is(o->listed[i].answer, "127.0.0.2");
        }
    }
    return false;
}

static const struct origin *
traced(const struct trace_settings *settings, struct bytes raw, const struct dns_zone *zone)
{
    struct arrival *arrival = ARENA_NEW(&arena, struct arrival);
    struct dns_memo *memo = ARENA_NEW(&arena, struct dns_memo);
    enum sk_code code;

    (void)net_address_read(BYTES("192.0.2.1"), &arrival->client);
    arrival->raw = raw;
    dns_memo_init(memo, &arena);
    struct trace *trace = trace_new(&arena, settings, NULL, arrival,
                                    letter_read_header(&arena, raw), memo, NOW);
    while ((code = trace_step(trace)) == SK_MORE) {
        dns_zone_answer(zone, memo);
    }
    return code == SK_OK ? trace_origin(trace) : NULL;
}

static void
test_signers(const struct trace_settings *settings)
{
    struct bytes raw = signed_by_many();
    const struct origin *o = traced(settings, raw, zone_without(-1));
    size_t passed = 0;

    for (size_t i = 0; o != NULL && i < o->dkim_count; i++) {
        passed += o->dkim[i].result == AUTH_PASS;
    }
    tap_ok(passed == SIGNERS, "%d signatures hold (%zu)", SIGNERS, passed);
    tap_ok(is_asked(o, "s0.example") && origin_has_note(o, "listed_bad"),
           "a list of domains is asked for who signed");
    tap_ok(is_asked(o, "s3.example") && LIMIT_LIST_SIGNERS == 4,
           "for the last of LIMIT_LIST_SIGNERS too");
    tap_ok(!is_asked(o, "s4.example"), "and not for one more");
    o = traced(settings, raw, zone_without(0));
    tap_ok(!is_asked(o, "s0.example") && is_asked(o, "s1.example") &&
               is_asked(o, "s4.example"),
           "a signature that does not hold names nobody, and takes no room");
    o = traced(settings, BYTES(PLAIN), zone_without(-1));
    tap_ok(o->listed_count == 1 && !origin_has_note(o, "listed_bad"),
           "without signatures the author's domain alone is asked for");
}

int
main(void)
{
    static const struct config_key own[] = {
        {"", "hostname", CONFIG_TEXT, "mx.test", 0, 0, NULL, false, "."}};
    struct config_key keys[128] = {own[0]};
    const struct trace_settings *settings;
    const struct config *config;
    struct why why = {0};
    size_t count = 1;

    arena_init(&arena, (size_t)1 << 26);
    key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    const struct config_key *const tables[] = {trace_config_keys, sign_config_keys,
                                               batv_config_keys};
    for (size_t t = 0; t < 3; t++) {
        for (const struct config_key *row = tables[t]; row->name != NULL; row++) {
            keys[count++] = *row;
        }
    }
    bool good = config_read(&arena, keys,
                            BYTES("[dnslist names]\nzone = names.test\nkind = domain\n"
                                  "test = no\n"),
                            &config, &why) == SK_OK &&
                trace_settings_new(&arena, config, &settings, &why) == SK_OK;
    if (tap_ok(good, "settings %s", why.sentence)) {
        test_signers(settings);
    }
    EVP_PKEY_free(key);
    arena_release(&arena);
    arena_forget_blocks();
    return tap_done();
}
