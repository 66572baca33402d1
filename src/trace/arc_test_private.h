/* What the tests of ARC share: keys made at the start, their records in a DNS, and chains sealed by them or by hand. Each
 * test is a program of its own and uses what it needs. */
#pragma once

/* OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/tap.h"
#include "dns/resolver.h"
#include "parse/letter.h"
#include "trace/arc.h"
#include "trace/arc_chain.h"
#include "trace/arc_seal.h"
#include "trace/dkim_fields.h"

#include <time.h>

#define NOW 1700000000
#define RESULTS                                                                            \
    "spf=pass smtp.mailfrom=a@author.example; dmarc=pass header.from=author.example"
#define LETTER                                                                             \
    "From: A <a@author.example>\r\nTo: l@list.example\r\nSubject: hello\r\n"               \
    "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@author.example>\r\n"          \
    "\r\nGood morning.\r\n"

[[maybe_unused]] static struct arena arena;
[[maybe_unused]] static struct dns_memo memo;

/* --- keys --- */

[[maybe_unused]] static EVP_PKEY *rsa, *ed25519, *short_rsa;

/* A record as it stands in the DNS. */
static inline struct bytes
record_of(EVP_PKEY *key)
{
    uint8_t *der = NULL, raw[32];
    size_t size = sizeof raw;
    struct writer w;

    writer_init(&w, &arena);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
        (void)EVP_PKEY_get_raw_public_key(key, raw, &size);
        writer_text(&w, "v=DKIM1; k=ed25519; p=");
        writer_bytes(&w, bytes_base64(&arena, bytes_of(raw, size)));
    } else {
        int length = i2d_PUBKEY(key, &der);
        writer_text(&w, "v=DKIM1; k=rsa; p=");
        writer_bytes(&w, bytes_base64(&arena, bytes_of(der, (size_t)length)));
        OPENSSL_free(der);
    }
    return writer_view(&w);
}

static inline bool
sign_with(EVP_PKEY *key, const EVP_MD *md, struct bytes digest, uint8_t *signature_r,
          size_t *size_r)
{
    bool done = false;

    *size_r = LIMIT_KEY_SIGNATURE;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        done = EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
               EVP_DigestSign(context, signature_r, size_r, digest.at, digest.size) == 1;
        EVP_MD_CTX_free(context);
        return done;
    }
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    done = EVP_PKEY_sign_init(context) == 1 &&
           EVP_PKEY_CTX_set_signature_md(context, md) == 1 &&
           EVP_PKEY_sign(context, signature_r, size_r, digest.at, digest.size) == 1;
    EVP_PKEY_CTX_free(context);
    return done;
}

static inline bool
sign(void *context, const uint8_t digest[32], uint8_t *signature_r, size_t *size_r)
{
    return sign_with(context, EVP_sha256(), bytes_of(digest, 32), signature_r, size_r);
}

static inline bool
sign_nothing(void *context, const uint8_t digest[32], uint8_t *signature_r, size_t *size_r)
{
    return false;
}

/* --- DNS --- */

static inline void
put_answer(const char *name, enum dns_status status, struct bytes record)
{
    struct dns_record *records = ARENA_NEW(&arena, struct dns_record);
    struct dns_answer answer = {
        .name = bytes_from_text(name), .type = DNS_TXT, .status = status, .known = true};

    records->data = record;
    answer.records = records;
    answer.record_count = status == DNS_FOUND;
    dns_memo_put(&memo, &answer);
}

/* What is not put is DNS_TIMEOUT. */
static inline void
use_keys(void)
{
    dns_memo_init(&memo, &arena);
    memo.sealed = true;
    put_answer("s._domainkey.list.example", DNS_FOUND, record_of(rsa));
    put_answer("s._domainkey.other.example", DNS_FOUND, record_of(rsa));
    put_answer("e._domainkey.list.example", DNS_FOUND, record_of(ed25519));
    put_answer("short._domainkey.list.example", DNS_FOUND, record_of(short_rsa));
    put_answer("gone._domainkey.list.example", DNS_NXDOMAIN, BYTES_NONE);
}

/* --- checking --- */

[[maybe_unused]] static struct arc_result arc;

static inline enum auth_result
check_as(struct bytes raw, bool legacy, int64_t now_s)
{
    const struct letter *letter = letter_read_header(&arena, raw);
    struct dkim_verifier *verifier = dkim_verifier_new(&arena, letter, legacy);
    struct arc_work *work = arc_begin(&arena, letter, &memo, now_s, legacy);

    if (arc_check(work, verifier, &arc) != SK_OK) {
        tap_ok(false, "a sealed memo leaves nothing to wait for");
    }
    return arc.result;
}

static inline enum auth_result
check(struct bytes raw)
{
    return check_as(raw, false, NOW);
}

static inline bool
reason_has(const char *words)
{
    return bytes_find(arc.reason, bytes_from_text(words), 0) != BYTES_NOWHERE;
}

/* --- sealing --- */

[[maybe_unused]] static const struct bytes few[] = {
    BYTES("from"), BYTES("to"), BYTES("subject"), BYTES("date"), BYTES("message-id")};

static inline struct arc_order
order_of(enum auth_result cv)
{
    return (struct arc_order){.domain = BYTES("list.example"),
                              .selector = BYTES("s"),
                              .authserv_id = BYTES("mx.list.example"),
                              .results = BYTES(RESULTS),
                              .cv = cv,
                              .names = few,
                              .name_count = sizeof few / sizeof few[0],
                              .time = NOW,
                              .sign = sign,
                              .context = rsa};
}

static inline struct bytes
join(struct bytes a, struct bytes b)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_bytes(&w, a);
    writer_bytes(&w, b);
    return writer_view(&w);
}

/* The set on top of the message; the message itself if it is not sealed. */
static inline struct bytes
seal_by(struct bytes raw, const struct arc_order *order)
{
    const struct letter *letter = letter_read_header(&arena, raw);
    struct arc_sealed sealed;
    struct writer w;
    struct why why;

    if (arc_seal(&arena, letter, order, &sealed, &why) != SK_OK) {
        return raw;
    }
    writer_init(&w, &arena);
    writer_text(&w, "ARC-Seal: ");
    writer_bytes(&w, sealed.seal);
    writer_text(&w, "\r\nARC-Message-Signature: ");
    writer_bytes(&w, sealed.message_signature);
    writer_text(&w, "\r\nARC-Authentication-Results: ");
    writer_bytes(&w, sealed.results);
    writer_text(&w, "\r\n");
    writer_bytes(&w, raw);
    return writer_view(&w);
}

static inline struct bytes
seal(struct bytes raw, enum auth_result cv)
{
    const struct arc_order order = order_of(cv);

    return seal_by(raw, &order);
}

/* With the first `what` exchanged for `with`. */
static inline struct bytes
change(struct bytes raw, const char *what, const char *with)
{
    size_t at = bytes_find(raw, bytes_from_text(what), 0);
    struct writer w;

    SK_ASSERT(at != BYTES_NOWHERE);
    writer_init(&w, &arena);
    writer_bytes(&w, bytes_slice(raw, 0, at));
    writer_text(&w, with);
    writer_bytes(&w, bytes_from(raw, at + strlen(what)));
    return writer_view(&w);
}

/* A whole field signed as the last of what `c` has hashed: its text has "b=;" or ends in "b=". */
static inline struct bytes
finish_by_hand(struct canonical *c, enum canonical_form form, const EVP_MD *md,
               EVP_PKEY *key, const char *name, const char *tags)
{
    uint8_t digest[CANONICAL_DIGEST_MAX], signature[LIMIT_KEY_SIGNATURE];
    size_t size, at;
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "%s: %s\r\n", name, tags);
    struct bytes field = writer_view(&w);
    at = bytes_find(field, BYTES(" b="), 0) + 3;
    canonical_signature(c, form, field, bytes_slice(field, at, at));
    size = canonical_end(c, digest);
    SK_ASSERT(sign_with(key, md, bytes_of(digest, size), signature, &size));
    struct bytes text = bytes_base64(&arena, bytes_of(signature, size));
    return join(join(bytes_slice(field, 0, at), text), bytes_from(field, at));
}

[[maybe_unused]] static EVP_PKEY *hand_key;
[[maybe_unused]] static const char *hand_results =
    "i=1; mx.list.example; " RESULTS; /* the value of its ARC-Authentication-Results */

/* A first set made of these tags, whatever they say. "$" in the message signature's becomes bh=. */
static inline struct bytes
seal_by_hand(const char *ams_tags, const char *as_tags, const char *names)
{
    const struct letter *letter = letter_read_header(&arena, BYTES(LETTER));
    bool sha1 = strstr(as_tags, "rsa-sha1") != NULL;
    enum canonical_hash hash = sha1 ? CANONICAL_SHA1 : CANONICAL_SHA256;
    const EVP_MD *md = sha1 ? EVP_sha1() : EVP_sha256();
    uint8_t digest[CANONICAL_DIGEST_MAX];
    struct dkim_fields fields;
    struct canonical c;
    struct writer w;

    canonical_begin(&c, hash, CANONICAL_ALL, NULL);
    canonical_body(&c, CANONICAL_RELAXED, letter->body);
    size_t size = canonical_end(&c, digest);
    struct bytes body = bytes_base64(&arena, bytes_of(digest, size));
    struct bytes tags = change(bytes_from_text(ams_tags), "$", bytes_text(&arena, body));

    canonical_begin(&c, hash, CANONICAL_ALL, NULL);
    dkim_fields_init(&fields, &arena, &letter->header);
    dkim_fields_put(&fields, &c, CANONICAL_RELAXED, bytes_from_text(names), BYTES_NONE);
    struct bytes ams = finish_by_hand(&c, CANONICAL_RELAXED, md, hand_key,
                                      ARC_MESSAGE_SIGNATURE_NAME, bytes_text(&arena, tags));
    writer_init(&w, &arena);
    writer_format(&w, "ARC-Authentication-Results: %s\r\n", hand_results);
    canonical_begin(&c, hash, CANONICAL_ALL, NULL);
    canonical_field(&c, CANONICAL_RELAXED, writer_view(&w));
    canonical_field(&c, CANONICAL_RELAXED, ams);
    struct bytes as =
        finish_by_hand(&c, CANONICAL_RELAXED, md, hand_key, ARC_SEAL_NAME, as_tags);
    return join(join(as, ams), join(writer_view(&w), BYTES(LETTER)));
}

#define AMS "i=1; a=rsa-sha256; c=relaxed/relaxed; d=list.example; s=s; bh=$; "
#define AS  "i=1; a=rsa-sha256; cv=none; d=list.example; s=s; "

static inline void
begin(void)
{
    arena_init(&arena, 512u << 20);
    rsa = EVP_RSA_gen(2048);
    short_rsa = EVP_RSA_gen(768);
    ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    use_keys();
}

static inline int
end(void)
{
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(short_rsa);
    EVP_PKEY_free(ed25519);
    arena_release(&arena);
    return tap_done();
}
