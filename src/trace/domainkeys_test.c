/* OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "base/tap.h"
#include "trace/dkim.h"
#include "trace/domainkeys.h"

static struct arena arena;
static EVP_PKEY *pair;
static struct bytes record;
static const char *above = "Received: above\r\n";

/* RSA-SHA1 over a text written out, as RFC 4870 section 3.4 wants it. */
static struct bytes
sign(const char *text)
{
    uint8_t *signature = arena_take_bytes(&arena, 128);
    size_t size = 128;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    SK_ASSERT(EVP_DigestSignInit(context, NULL, EVP_sha1(), NULL, pair) == 1 &&
              EVP_DigestSign(context, signature, &size, (const uint8_t *)text,
                             strlen(text)) == 1);
    EVP_MD_CTX_free(context);
    return bytes_base64(&arena, bytes_of(signature, size));
}

/* Fields above the signature, the signature over `text` with these tags, the fields below it, the body. */
static enum auth_result
check(const char *tags, const char *text, const char *const below[2], const char *body,
      bool legacy)
{
    struct field fields[4] = {{.whole = bytes_from_text(above)}};
    struct address from = {.local = BYTES("a"), .domain = BYTES("mail.example.jp")};
    struct letter letter = {.header = {.fields = fields, .field_count = 4},
                            .body = bytes_from_text(body),
                            .from = {&from, 1}};
    struct dns_record *records = ARENA_NEW(&arena, struct dns_record);
    struct dns_answer answer = {.name = BYTES("s._domainkey.example.jp"),
                                .type = DNS_TXT,
                                .status = DNS_FOUND,
                                .known = true,
                                .records = records,
                                .record_count = 1};
    struct dns_memo memo;
    struct dkim_result *results;
    size_t count;
    struct writer w;
    struct bytes b = sign(text);

    writer_init(&w, &arena);
    writer_format(&w, "DomainKey-Signature: %s; b=%.*s\r\n", tags, BYTES_ARGUMENTS(b));
    fields[1].whole = writer_view(&w);
    fields[2].whole = bytes_from_text(below[0]);
    fields[3].whole = bytes_from_text(below[1]);
    records[0].data = record;
    dns_memo_init(&memo, &arena);
    memo.sealed = true;
    dns_memo_put(&memo, &answer);
    if (domainkeys_check(&arena, &letter, &memo, legacy, &results, &count) != SK_OK ||
        count != 1) {
        return AUTH_NONE;
    }
    return dkim_best(results, count);
}

/* How many of so many signatures are policy under legacy. */
static size_t
policies(size_t signatures)
{
    struct field *fields = ARENA_NEW_MANY(&arena, signatures, struct field);
    struct letter letter = {.header = {.fields = fields, .field_count = signatures}};
    struct dns_memo memo;
    struct dkim_result *results;
    size_t count = 0, policy = 0;

    for (size_t i = 0; i < signatures; i++) {
        fields[i].whole = BYTES("DomainKey-Signature: d=example.jp; s=s; b=AAAA\r\n");
    }
    dns_memo_init(&memo, &arena);
    memo.sealed = true;
    if (domainkeys_check(&arena, &letter, &memo, true, &results, &count) != SK_OK) {
        return SIZE_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        policy += results[i].result == AUTH_POLICY;
    }
    return policy;
}

int
main(void)
{
    static const char *const below[2] = {"From: a@mail.example.jp\r\n",
                                         "Subject: x\r\n\ty  z \r\n"};
    static const char simple[] =
        "From: a@mail.example.jp\r\nSubject: x\r\n\ty  z \r\n\r\nbody \r\n";
    static const char nofws[] = "From:a@mail.example.jp\r\nSubject:xyz\r\n\r\nbody\r\n";
    uint8_t *der = NULL;
    struct writer w;

    arena_init(&arena, 16u << 20);
    pair = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    int size = i2d_PUBKEY(pair, &der);
    writer_init(&w, &arena);
    writer_text(&w, "k=rsa; t=y; p=");
    writer_bytes(&w, bytes_base64(&arena, bytes_of(der, (size_t)size)));
    record = writer_view(&w);

    const char *tags = "a=rsa-sha1; c=simple; d=example.jp; s=s; q=dns";
    const char *loose = "c=nofws; d=example.jp; s=s; h=from:subject";
    tap_ok(check(tags, simple, below, "body \r\n\r\n", true) == AUTH_PASS, "simple");
    tap_ok(check(tags, simple, below, "body \r\n\r\n", false) == AUTH_POLICY,
           "retired without legacy");
    tap_ok(check(tags, simple, below, "body\r\n", true) == AUTH_FAIL,
           "simple, a blank less");
    tap_ok(check(loose, nofws, below, "b o d y\r\n \r\n", true) == AUTH_PASS, "nofws");
    tap_ok(check(loose, nofws, below, "bodyx\r\n", true) == AUTH_FAIL, "nofws, changed");
    tap_ok(check("c=simple; d=example.jp; s=s; h=from", "From: a@mail.example.jp\r\n",
                 below, "\r\n\r\n", true) == AUTH_PASS,
           "h= leaves out a field; an empty body leaves out its line");
    tap_ok(check("c=simple; d=example.jp; s=s; h=Subject:From", simple, below, "body \r\n",
                 true) == AUTH_PASS,
           "h= names the sending field, in any case");
    tap_ok(check("c=simple; d=example.jp; s=s; h=subject",
                 "Subject: x\r\n\ty  z \r\n\r\nbody \r\n", below, "body \r\n",
                 true) == AUTH_PERMERROR,
           "h= leaves out the field of the sending address (RFC 4870 3.3)");
    above = "FROM : a@mail.example.jp\r\n";
    tap_ok(check(tags, simple, below, "body \r\n", true) == AUTH_PERMERROR,
           "the address is from a field above the signature");
    above = "Received: above\r\n";
    tap_ok(check("c=simple; d=b.example.jp; s=s", simple, below, "body \r\n", true) ==
               AUTH_TEMPERROR,
           "the key is not there");
    tap_ok(check("a=rsa-md5; d=example.jp; s=s", simple, below, "", true) == AUTH_NEUTRAL,
           "unknown algorithm");
    tap_ok(check("c=relaxed; d=example.jp; s=s", simple, below, "", true) == AUTH_NEUTRAL,
           "unknown canonicalization");
    tap_ok(check("q=; d=example.jp; s=s", simple, below, "", true) == AUTH_NEUTRAL,
           "empty q=");
    tap_ok(check("d=exa(mple.jp; s=s", simple, below, "", true) == AUTH_NEUTRAL,
           "no domain");
    record = BYTES("g=b; p=AAAA");
    tap_ok(check(tags, simple, below, "body \r\n", true) == AUTH_PERMERROR, "a broken key");
    tap_ok(policies(LIMIT_DOMAINKEYS_SIGNATURES) == 0,
           "as many signatures as are verified");
    tap_ok(policies(LIMIT_DOMAINKEYS_SIGNATURES + 1) == 1, "one more is policy");
    EVP_PKEY_free(pair);
    OPENSSL_free(der);
    arena_release(&arena);
    return tap_done();
}
