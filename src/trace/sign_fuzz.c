/* A message that a client of ours brings: what we sign, we verify. OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/evp.h>

#include "trace/sign.h"

#include "trace/dkim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static EVP_PKEY *key;

static bool
ask(void *context, const struct sign_domain *domain, const struct sign_key *sign_key,
    const uint8_t digest[32], uint8_t *signature_r, size_t *size_r)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();

    *size_r = SIGN_ROOM;
    bool done = EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(c, signature_r, size_r, digest, 32) == 1;
    EVP_MD_CTX_free(c);
    return done;
}

static void
publish(struct arena *arena, struct dns_memo *memo)
{
    static const char start[] = "v=DKIM1; k=ed25519; p=";
    struct dns_record *record = ARENA_NEW(arena, struct dns_record);
    struct writer w;
    uint8_t point[32];
    size_t size = sizeof point;

    SK_ASSERT(EVP_PKEY_get_raw_public_key(key, point, &size) == 1);
    writer_init(&w, arena);
    writer_text(&w, start);
    writer_bytes(&w, bytes_base64(arena, bytes_of(point, size)));
    record->data = writer_view(&w);
    dns_memo_init(memo, arena);
    memo->sealed = true;
    dns_memo_put(memo, &(struct dns_answer){.name = BYTES("e._domainkey.ours.example"),
                                            .type = DNS_TXT,
                                            .status = DNS_FOUND,
                                            .known = true,
                                            .records = record,
                                            .record_count = 1});
}

static const struct sign_settings *
settings_of(struct arena *arena)
{
    const struct sign_settings *settings;
    const struct config *config;
    struct why why;

    SK_ASSERT(config_read(arena, sign_config_keys,
                          BYTES("[sign ours.example]\nselector_ed25519 = e\n"
                                "key_ed25519 = /e\n"),
                          &config, &why) == SK_OK);
    SK_ASSERT(sign_settings_new(arena, config, &settings, &why) == SK_OK);
    return settings;
}

/* Only our own signature is looked for: the message may have brought others. */
static bool
holds(struct arena *arena, struct bytes raw)
{
    struct dkim_result *results = NULL;
    struct dkim_work *work = NULL;
    struct dns_memo memo;
    size_t count = 0;

    publish(arena, &memo);
    SK_ASSERT(dkim_check(arena, letter_read(arena, raw), &memo, 1795000000, false, &work,
                         &results, &count) == SK_OK);
    return count > 0 && (results[0].result == AUTH_PASS ||
                         bytes_is(results[0].reason, "too many signatures"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes raw = bytes_of(data, size), fields;
    struct arena arena;
    jmp_buf guard;

    if (key == NULL) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    arena_init(&arena, 1u << 26);
    if (setjmp(guard) == 0) {
        arena_guard(&arena, &guard);
        const struct letter *letter = letter_read(&arena, raw);
        const struct sign_domain *domain = &settings_of(&arena)->domains[0];
        enum sk_code code = sign_message(&arena, domain, letter, &letter->header, NULL,
                                         1795000000, ask, NULL, &fields);
        SK_ASSERT(code == SK_OK || code == SK_BAD || code == SK_LIMIT);
        if (code == SK_OK && header_count(&letter->header, BYTES("From")) > 0) {
            struct writer w;
            writer_init(&w, &arena);
            writer_bytes(&w, fields);
            writer_bytes(&w, raw);
            SK_ASSERT(holds(&arena, writer_view(&w)));
        }
        arena_guard(&arena, NULL);
    }
    arena_release(&arena);
    return 0;
}
