/* OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "trace/key.h"

static struct arena arena;

/* DER by hand, so that keys of any size can be had without making them. */
static void
der_put(struct writer *w, uint8_t tag, struct bytes content)
{
    writer_byte(w, tag);
    if (content.size >= 0x100) {
        writer_byte(w, 0x82);
        writer_byte(w, (uint8_t)(content.size >> 8));
    } else if (content.size >= 0x80) {
        writer_byte(w, 0x81);
    }
    writer_byte(w, (uint8_t)content.size);
    writer_bytes(w, content);
}

/* An odd number of that many bits, with the zero that keeps it positive. */
static struct bytes
number(unsigned bits)
{
    size_t size = bits / 8 + 1;
    uint8_t *at = arena_take(&arena, size);

    memset(at, 0xa5, size);
    at[0] = (uint8_t)(bits % 8 == 0 ? 0 : 1u << (bits % 8 - 1));
    if (bits % 8 == 0) {
        at[1] = 0x80;
    }
    at[size - 1] |= 1;
    return bytes_of(at, size);
}

static struct bytes
rsa(struct bytes modulus, struct bytes exponent, bool wrapped)
{
    static const uint8_t algorithm[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                        0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    struct writer numbers, key, bits, info, all;

    writer_init(&numbers, &arena);
    der_put(&numbers, 0x02, modulus);
    der_put(&numbers, 0x02, exponent);
    writer_init(&key, &arena);
    der_put(&key, 0x30, writer_view(&numbers));
    if (!wrapped) {
        return writer_view(&key);
    }
    writer_init(&bits, &arena);
    writer_byte(&bits, 0);
    writer_bytes(&bits, writer_view(&key));
    writer_init(&info, &arena);
    der_put(&info, 0x30, bytes_of(algorithm, sizeof algorithm));
    der_put(&info, 0x03, writer_view(&bits));
    writer_init(&all, &arena);
    der_put(&all, 0x30, writer_view(&info));
    return writer_view(&all);
}

static struct key
read_as(const char *tags, struct bytes der, bool legacy)
{
    struct writer w;
    struct key key;
    struct why why = {0};

    writer_init(&w, &arena);
    writer_text(&w, tags);
    writer_bytes(&w, bytes_base64(&arena, der));
    key_read(&arena, writer_view(&w), legacy, &key, &why);
    if ((key.trust == KEY_GOOD) != (why.sentence[0] == '\0')) {
        tap_ok(false, "a sentence stands exactly where the key is not good");
    }
    return key;
}

static struct key
read_text(const char *record)
{
    return read_as(record, BYTES_NONE, false);
}

static void
sizes(void)
{
    static const uint8_t f4[] = {1, 0, 1};
    struct bytes e = bytes_of(f4, sizeof f4);

    for (int wrapped = 0; wrapped < 2; wrapped++) {
        struct key key = read_as("v=DKIM1; p=", rsa(number(2048), e, wrapped), false);
        tap_ok(key.trust == KEY_GOOD && key.bits == 2048, "2048 bits, %s",
               wrapped ? "SubjectPublicKeyInfo" : "RSAPublicKey");
    }
    tap_ok(read_as("p=", rsa(number(LIMIT_DKIM_KEY_BITS_MIN), e, true), false).trust ==
               KEY_GOOD,
           "1024 bits are enough");
    tap_ok(read_as("p=", rsa(number(LIMIT_DKIM_KEY_BITS_MIN - 1), e, true), false).trust ==
               KEY_SHORT,
           "1023 bits are too few");
    tap_ok(read_as("p=", rsa(number(LIMIT_DKIM_KEY_BITS_MIN - 1), e, true), true).trust ==
               KEY_GOOD,
           "1023 bits under legacy");
    tap_ok(read_as("p=", rsa(number(LIMIT_DKIM_KEY_BITS_LEAST), e, true), true).trust ==
               KEY_GOOD,
           "the least under legacy");
    tap_ok(read_as("p=", rsa(number(LIMIT_DKIM_KEY_BITS_LEAST - 1), e, true), true).trust ==
               KEY_SHORT,
           "less than that never");
    tap_ok(read_as("p=", rsa(number(LIMIT_DKIM_KEY_BITS_MAX), e, true), false).trust ==
               KEY_GOOD,
           "8192 bits are allowed");
    tap_ok(read_as("p=", rsa(number(LIMIT_DKIM_KEY_BITS_MAX + 1), e, true), false).trust ==
               KEY_BROKEN,
           "8193 bits are not");
    tap_ok(read_as("p=", rsa(number(65536), e, false), false).trust == KEY_BROKEN,
           "65536 bits are not");
    tap_ok(read_as("p=", rsa(number(1024), number(LIMIT_DKIM_EXPONENT_BITS), true), false)
                   .trust == KEY_GOOD,
           "exponent at the bound");
    tap_ok(
        read_as("p=", rsa(number(1024), number(LIMIT_DKIM_EXPONENT_BITS + 1), true), false)
                .trust == KEY_BROKEN,
        "exponent past it");
    tap_ok(read_as("p=", rsa(number(1024), BYTES("\1"), true), false).trust == KEY_BROKEN,
           "exponent 1");
    tap_ok(read_as("p=", rsa(number(1024), BYTES("\4"), true), false).trust == KEY_BROKEN,
           "even exponent");
    tap_ok(read_as("p=", rsa(number(1024), bytes_of("", 1), true), false).trust ==
               KEY_BROKEN,
           "exponent 0");
    tap_ok(read_as("p=", rsa(BYTES("\x81\x81"), e, true), false).trust == KEY_BROKEN,
           "negative modulus");
}

static void
records(void)
{
    static const uint8_t point[32] = {1};
    struct bytes p = bytes_of(point, sizeof point);

    tap_ok(read_as("v=DKIM1; k=ed25519; p=", p, false).trust == KEY_GOOD, "Ed25519");
    tap_ok(read_as("k=ed25519; p=", bytes_slice(p, 0, 31), false).trust == KEY_BROKEN,
           "31 bytes are no Ed25519 key");
    tap_ok(read_as("k=ed25519; p=", rsa(number(1024), BYTES("\3"), true), false).trust ==
               KEY_BROKEN,
           "RSA is no Ed25519 key");
    tap_ok(read_as("k=rsa; p=", p, false).trust == KEY_BROKEN, "Ed25519 is no RSA key");
    tap_ok(read_as("k=ecdsa; p=", p, false).trust == KEY_BROKEN, "unknown type");
    tap_ok(read_text("v=DKIM1; p=").trust == KEY_REVOKED &&
               read_text("p= ;").trust == KEY_REVOKED,
           "revoked");
    tap_ok(read_text("v=DKIM1; k=rsa").trust == KEY_BROKEN, "no p=");
    tap_ok(read_text("").trust == KEY_BROKEN &&
               read_text("v=spf1 -all").trust == KEY_BROKEN,
           "no key record");
    tap_ok(read_text("v=DKIM1; p=!!!").trust == KEY_BROKEN, "no base64");
    tap_ok(read_as("v=DKIM2; k=ed25519; p=", p, false).trust == KEY_BROKEN,
           "another version");
    tap_ok(read_as("k=ed25519; v=DKIM1; p=", p, false).trust == KEY_BROKEN, "v= not first");
    tap_ok(read_as("k=ed25519; s=tlsrpt; p=", p, false).trust == KEY_BROKEN,
           "not for mail");
    tap_ok(read_as("k=ed25519; s=tlsrpt:email; p=", p, false).trust == KEY_GOOD,
           "for mail too");
    tap_ok(read_as("k=ed25519; s=*; p=", p, false).trust == KEY_GOOD, "for all services");
    struct key key = read_as("k=ed25519; t=y:s; h=sha1; g=x; p=", p, false);
    tap_ok(key.testing && key.same_domain && key.sha1 && !key.sha256, "t= and h=");
    tap_ok(!key.has_granularity && read_as("k=ed25519; g=x; p=", p, true).has_granularity,
           "g= under legacy alone");
    tap_ok(read_as("k=ed25519; t; p=", p, false).trust == KEY_BROKEN, "a tag without =");
    tap_ok(read_as("k=ed25519; k=ed25519; p=", p, false).trust == KEY_BROKEN,
           "a tag twice");
}

static void
truncated(void)
{
    struct bytes der = rsa(number(1024), BYTES("\3"), true);
    bool refused = true;

    for (size_t size = 0; size < der.size; size++) {
        refused =
            refused &&
            read_as("p=", bytes_copy(&arena, bytes_slice(der, 0, size)), false).trust !=
                KEY_GOOD;
    }
    tap_ok(refused, "a key cut short anywhere is refused");
    for (size_t i = 0; i < der.size; i++) {
        struct bytes copy = bytes_copy(&arena, der);
        ((uint8_t *)(uintptr_t)copy.at)[i] = 0xff;
        (void)read_as("p=", copy, false);
    }
    tap_ok(true, "a key with one byte changed is survived");
}

/* A real key: signs, verifies, and is kept. */
static void
cache(void)
{
    EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(made, NULL);
    uint8_t *der = NULL, digest[32] = {7}, signature[128];
    size_t size = sizeof signature;
    int der_size = i2d_PUBKEY(made, &der);
    struct key key = read_as("p=", bytes_of(der, (size_t)der_size), false);
    uint64_t hits, misses, hits_after, misses_after;

    bool is = EVP_PKEY_sign_init(context) == 1 &&
              EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
              EVP_PKEY_sign(context, signature, &size, digest, sizeof digest) == 1;
    tap_ok(is && key.trust == KEY_GOOD, "a key of OpenSSL's making is read");
    struct bytes s = bytes_of(signature, size), d = bytes_of(digest, sizeof digest);
    tap_ok(key_verify(&key, CANONICAL_SHA256, d, s), "its signature verifies");
    key_cache_counters(&hits, &misses);
    tap_ok(key_verify(&key, CANONICAL_SHA256, d, s), "and again");
    tap_ok(!key_verify(&key, CANONICAL_SHA1, bytes_slice(d, 0, 20), s), "not as SHA-1");
    signature[5] ^= 1;
    tap_ok(!key_verify(&key, CANONICAL_SHA256, d, s), "not with a bit changed");
    signature[5] ^= 1;
    tap_ok(!key_verify(&key, CANONICAL_SHA256, d, bytes_slice(s, 0, 127)), "not cut short");
    tap_ok(!key_verify(&key, CANONICAL_SHA256, d, BYTES_NONE), "not empty");
    key_cache_counters(&hits_after, &misses_after);
    tap_ok(hits_after == hits + 5 && misses_after == misses, "the key was kept");
    /* More keys than there is room for: the first is driven out, is made again, and all is well. */
    for (unsigned i = 0; i < LIMIT_DKIM_KEYS_KEPT * 8; i++) {
        uint8_t point[32] = {(uint8_t)i, (uint8_t)(i >> 8), 1};
        struct key other = read_as("k=ed25519; p=", bytes_of(point, sizeof point), false);
        uint8_t zero[64] = {0};
        (void)key_verify(&other, CANONICAL_SHA256, d, bytes_of(zero, sizeof zero));
    }
    key_cache_counters(&hits, &misses);
    tap_ok(key_verify(&key, CANONICAL_SHA256, d, s), "verifies after it was driven out");
    key_cache_counters(&hits_after, &misses_after);
    tap_ok(misses_after == misses + 1, "and had to be made again");
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(made);
    OPENSSL_free(der);
}

int
main(void)
{
    arena_init(&arena, 64u << 20);
    sizes();
    records();
    truncated();
    cache();
    arena_release(&arena);
    return tap_done();
}
