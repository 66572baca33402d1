/* OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/evp.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/tap.h"
#include "trace/dkim.h"
#include "trace/key.h"

#include <time.h>

#define NOW 1700000000

static struct arena arena;

/* --- RFC 8463 appendix A --- */

#define RFC8463_SIGNATURES                                                                 \
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"                        \
    " d=football.example.com; i=@football.example.com;\r\n"                                \
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"                              \
    " subject : date : message-id : from : subject : date;\r\n"                            \
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"                                \
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"                      \
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"                                                \
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"                            \
    " d=football.example.com; i=@football.example.com;\r\n"                                \
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"                        \
    " date : message-id : from : subject : date;\r\n"                                      \
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"                                \
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"                      \
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"                      \
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
#define RFC8463_HEADER                                                                     \
    "From: Joe SixPack <joe@football.example.com>\r\n"                                     \
    "To: Suzie Q <suzie@shopping.example.net>\r\n"                                         \
    "Subject: Is dinner ready?\r\n"                                                        \
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"                                      \
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
#define RFC8463_BODY "\r\nHi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"

static const char ed25519_record[] =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
static const char rsa_record[] =
    "v=DKIM1; k=rsa; "
    "p="
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jL"
    "QiY/"
    "J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/"
    "8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l"
    "/K4w3QIDAQAB";

/* --- a letter and a DNS by hand, so that this test needs no other stage --- */

static struct letter
letter_of(struct bytes raw)
{
    struct letter letter = {.raw = raw};
    size_t at = 0;

    letter.header.fields = ARENA_NEW_MANY(&arena, LIMIT_HEADER_FIELDS + 1, struct field);
    while (at < raw.size && raw.at[at] != '\r' && raw.at[at] != '\n') {
        size_t end = at;
        do {
            size_t lf = bytes_find_byte(raw, '\n', end);
            end = lf == BYTES_NOWHERE ? raw.size : lf + 1;
        } while (end < raw.size && (raw.at[end] == ' ' || raw.at[end] == '\t'));
        struct field *field = &letter.header.fields[letter.header.field_count++];
        field->whole = bytes_slice(raw, at, end);
        if (bytes_starts_fold(field->whole, BYTES("from:"))) {
            size_t sign = bytes_find_byte(field->whole, '@', 0),
                   close = bytes_find_byte(field->whole, '>', 0);
            letter.from.addresses = ARENA_NEW(&arena, struct address);
            letter.from.address_count = 1;
            letter.from.addresses[0].domain = bytes_slice(field->whole, sign + 1, close);
        }
        at = end;
    }
    size_t lf = bytes_find_byte(raw, '\n', at);
    letter.body = bytes_from(raw, lf == BYTES_NOWHERE ? raw.size : lf + 1);
    return letter;
}

static struct dns_memo memo;

static void
dns_clear(void)
{
    dns_memo_init(&memo, &arena);
    memo.sealed = true; /* what is not put is DNS_TIMEOUT */
}

static void
dns_put(const char *name, enum dns_status status, const char *one, const char *two)
{
    struct dns_record *records = ARENA_NEW_MANY(&arena, 2, struct dns_record);
    struct dns_answer answer = {
        .name = bytes_from_text(name), .type = DNS_TXT, .status = status, .known = true};

    records[0].data = bytes_copy(&arena, bytes_from_text(one));
    records[1].data = bytes_copy(&arena, bytes_from_text(two));
    answer.records = records;
    answer.record_count = one == NULL ? 0 : two == NULL ? 1 : 2;
    dns_memo_put(&memo, &answer);
}

static struct dkim_result *results;
static size_t result_count;

static enum auth_result
check(struct bytes raw, bool legacy)
{
    struct letter letter = letter_of(raw);
    struct dkim_work *work = NULL;

    results = NULL;
    result_count = 0;
    if (dkim_check(&arena, &letter, &memo, NOW, legacy, &work, &results, &result_count) !=
        SK_OK) {
        tap_ok(false, "a sealed memo leaves nothing to wait for");
    }
    return dkim_best(results, result_count);
}

static enum auth_result
check_text(const char *raw)
{
    return check(bytes_from_text(raw), false);
}

static void
vectors(void)
{
    struct dkim_work *work = NULL;

    dns_clear();
    dns_put("brisbane._domainkey.football.example.com", DNS_FOUND, ed25519_record, NULL);
    dns_put("test._domainkey.football.example.com", DNS_FOUND, rsa_record, NULL);
    tap_ok(check_text(RFC8463_SIGNATURES RFC8463_HEADER RFC8463_BODY) == AUTH_PASS &&
               result_count == 2 && results[0].result == AUTH_PASS &&
               results[1].result == AUTH_PASS,
           "RFC 8463: both signatures pass");
    tap_ok(bytes_is(results[0].b, "/gCrinpc") && bytes_is(results[1].selector, "test") &&
               results[0].key_bits == 256 && results[1].key_bits == 1024 &&
               bytes_is(results[0].canonicalization, "relaxed/relaxed") &&
               bytes_is(results[0].identity, "@football.example.com") &&
               bytes_is(results[0].signed_fields,
                        "from:to:subject:date:message-id:from:subject:date"),
           "and are told in full");
    tap_ok(check_text(RFC8463_SIGNATURES
                      "To : Suzie  Q <suzie@shopping.example.net> \r\n"
                      "From:\tJoe SixPack\r\n <joe@football.example.com>\r\n"
                      "SUBJECT: Is dinner\r\n\tready?\r\n"
                      "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
                      "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
                      "\r\nHi. \r\n\r\nWe lost\tthe game. Are you hungry "
                      "yet?\r\n\t\r\nJoe.\r\n\r\n\r\n") == AUTH_PASS,
           "other folds, blanks and order of names pass under relaxed");
    tap_ok(check_text(RFC8463_SIGNATURES
                      "From: Joe SixPacks <joe@football.example.com>\r\n" RFC8463_BODY) ==
               AUTH_FAIL,
           "a changed header fails");
    tap_ok(check_text(RFC8463_SIGNATURES RFC8463_HEADER RFC8463_BODY "PS.\r\n") ==
               AUTH_FAIL,
           "a longer body fails");
    tap_ok(bytes_is(results[0].reason, "the body was changed"), "and says so");
    tap_ok(check_text(RFC8463_SIGNATURES
                      "Subject: Free money\r\n" RFC8463_HEADER RFC8463_BODY) == AUTH_FAIL,
           "a second Subject fails: it was signed over");
    tap_ok(check_text(RFC8463_SIGNATURES "To: someone\r\n" RFC8463_HEADER RFC8463_BODY) ==
               AUTH_PASS,
           "a second To above passes: it was not");
    tap_ok(check_text(RFC8463_SIGNATURES RFC8463_HEADER "To: someone\r\n" RFC8463_BODY) ==
               AUTH_FAIL,
           "a second To below fails: names are taken from the bottom");

    struct letter letter = letter_of(BYTES(RFC8463_SIGNATURES RFC8463_HEADER RFC8463_BODY));
    dns_memo_init(&memo, &arena);
    tap_ok(dkim_check(&arena, &letter, &memo, NOW, false, &work, &results, &result_count) ==
                   SK_MORE &&
               memo.answer_count == 2,
           "all keys are asked for in the first round");
    dns_put("brisbane._domainkey.football.example.com", DNS_FOUND, ed25519_record, NULL);
    tap_ok(dkim_check(&arena, &letter, &memo, NOW, false, &work, &results, &result_count) ==
               SK_MORE,
           "one answer is not enough");
    dns_put("test._domainkey.football.example.com", DNS_SERVFAIL, NULL, NULL);
    tap_ok(dkim_check(&arena, &letter, &memo, NOW, false, &work, &results, &result_count) ==
                   SK_OK &&
               results[0].result == AUTH_PASS && results[1].result == AUTH_TEMPERROR,
           "two are");
}

static void
line_ends(void)
{
    static const char crlf[] = RFC8463_SIGNATURES RFC8463_HEADER RFC8463_BODY;
    struct writer w;

    dns_clear();
    dns_put("brisbane._domainkey.football.example.com", DNS_FOUND, ed25519_record, NULL);
    dns_put("test._domainkey.football.example.com", DNS_FOUND, rsa_record, NULL);
    writer_init(&w, &arena);
    for (const char *p = crlf; *p != '\0'; p++) {
        if (*p != '\r') {
            writer_byte(&w, (uint8_t)*p);
        }
    }
    tap_ok(check(writer_view(&w), false) == AUTH_PASS && results[1].result == AUTH_PASS,
           "LF lines pass too");
}

/* --- our own signatures, simple/simple over texts written out here --- */

static EVP_PKEY *pair;
static char own_record[200];

static struct bytes
sign(const char *tags, const char *signed_fields, const char *signed_body)
{
    uint8_t digest[HASH_SHA256_SIZE], signature[64];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct writer w;

    hash_sha256(bytes_from_text(signed_body), digest);
    struct bytes bh = bytes_base64(&arena, bytes_of(digest, sizeof digest));
    writer_init(&w, &arena);
    writer_format(&w, "DKIM-Signature: %s; bh=%.*s; b=", tags, BYTES_ARGUMENTS(bh));
    const struct bytes pieces[] = {bytes_from_text(signed_fields), writer_view(&w)};
    hash_sha256_many(pieces, 2, digest);
    SK_ASSERT(EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
              EVP_DigestSign(context, signature, &size, digest, sizeof digest) == 1);
    EVP_MD_CTX_free(context);
    writer_bytes(&w, bytes_base64(&arena, bytes_of(signature, size)));
    writer_text(&w, "\r\n");
    return writer_view(&w);
}

static enum auth_result
check_signed(struct bytes signature, const char *rest)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_bytes(&w, signature);
    writer_text(&w, rest);
    return check(writer_view(&w), false);
}

#define FROM "From: <a@example.jp>\r\n"
#define TAGS "v=1; a=ed25519-sha256; d=example.jp; s=s; h=from"

static void
tags(void)
{
    struct bytes good = sign(TAGS, FROM, "body\r\n");

    tap_ok(check_signed(good, FROM "\r\nbody\r\n") == AUTH_PASS, "simple/simple passes");
    tap_ok(check_signed(good, FROM "\r\nbody\r\n\r\n\r\n") == AUTH_PASS,
           "empty lines at the end do not count");
    tap_ok(check_signed(good, FROM "\r\nbody \r\n") == AUTH_FAIL,
           "a blank counts under simple");
    tap_ok(check_signed(good, "From:  <a@example.jp>\r\n\r\nbody\r\n") == AUTH_FAIL,
           "in the header too");
    tap_ok(check_signed(sign(TAGS "; l=4", FROM, "body"), FROM "\r\nbody, and more\r\n") ==
                   AUTH_PASS &&
               results[0].has_body_length && results[0].body_length == 4,
           "l=: what is appended is not covered");
    tap_ok(check_signed(sign(TAGS "; l=6", FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
               AUTH_PASS,
           "l= of the whole body");
    tap_ok(check_signed(sign(TAGS "; l=7", FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
               AUTH_FAIL,
           "l= past the body");
    tap_ok(check_signed(sign(TAGS "; l=99999999999999999999999999", FROM, "body\r\n"),
                        FROM "\r\nbody\r\n") == AUTH_FAIL,
           "l= past all numbers");
    tap_ok(check_signed(sign(TAGS "; l=-1", FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
               AUTH_NEUTRAL,
           "l=-1");
    tap_ok(check_signed(sign(TAGS "; t=1; x=1700000000", FROM, "body\r\n"),
                        FROM "\r\nbody\r\n") == AUTH_PASS,
           "x= now");
    tap_ok(check_signed(sign(TAGS "; x=1699999999", FROM, "body\r\n"),
                        FROM "\r\nbody\r\n") == AUTH_FAIL,
           "x= a second ago");
    tap_ok(check_signed(sign(TAGS "; t=1800000000; x=1800000000", FROM, "body\r\n"),
                        FROM "\r\nbody\r\n") == AUTH_NEUTRAL,
           "x= not after t=");
    tap_ok(check_signed(sign(TAGS ":dkim-signature", FROM, "body\r\n"),
                        FROM "\r\nbody\r\n") == AUTH_PASS,
           "dkim-signature in h= is not the signature itself");
    tap_ok(
        check_signed(sign("v=1; a=ed25519-sha256; d=example.jp; s=s; h=to", "", "body\r\n"),
                     FROM "\r\nbody\r\n") == AUTH_PERMERROR,
        "From must be signed");
    tap_ok(check_signed(sign(TAGS "; i=a@sub.example.jp", FROM, "body\r\n"),
                        FROM "\r\nbody\r\n") == AUTH_PASS,
           "i= below d=");
    tap_ok(check_signed(sign(TAGS "; i=a@badexample.jp", FROM, "body\r\n"),
                        FROM "\r\nbody\r\n") == AUTH_NEUTRAL,
           "i= beside d=");
    tap_ok(check_signed(sign(TAGS "; i=a@jp", FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
               AUTH_NEUTRAL,
           "i= above d=");
    tap_ok(check_signed(sign(TAGS "; q=http", FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
               AUTH_NEUTRAL,
           "q= unknown");
    tap_ok(check_signed(sign(TAGS "; q=http:dns/txt", FROM, "body\r\n"),
                        FROM "\r\nbody\r\n") == AUTH_PASS,
           "q= with a known one");
    tap_ok(check_signed(sign(TAGS "; c=simple", FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
               AUTH_PASS,
           "c=simple");
    tap_ok(check_signed(sign(TAGS "; c=strict", FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
               AUTH_NEUTRAL,
           "c= unknown");
    tap_ok(check_signed(sign(TAGS "; v=1", FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
               AUTH_NEUTRAL,
           "a tag twice");
    tap_ok(check_signed(sign(TAGS "; ; x9=", FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
               AUTH_NEUTRAL,
           "an empty tag");
    tap_ok(check_signed(sign(TAGS "; x9=", FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
               AUTH_PASS,
           "an unknown tag");
    tap_ok(check_signed(sign(TAGS, FROM, "\r\n"), FROM) == AUTH_PASS, "no body at all");
}

static void
hostile(void)
{
    static const char *const names[] = {
        "d=exa(mple.jp; s=s", "d=exa;mple.jp; s=s",  "d=.; s=s",
        "d=example..jp; s=s", "d=example.jp; s=",    "d=; s=s",
        "d=example.jp.; s=s", "d=example.jp; s=a b", "d=ex\"ample.jp; s=s",
        "d=example.jp; s=a/b"};
    struct writer w;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        writer_init(&w, &arena);
        writer_format(
            &w,
            "DKIM-Signature: v=1; a=rsa-sha256; h=from; bh=AAAA; b=AAAA; %s\r\n" FROM
            "\r\n",
            names[i]);
        tap_ok(check(writer_view(&w), false) == AUTH_NEUTRAL, "no name: %s", names[i]);
    }
    tap_ok(check(bytes_of("DKIM-Signature: v=1\0; a=rsa-sha256\r\n\r\n", 39), false) ==
               AUTH_NEUTRAL,
           "a NUL");
    tap_ok(check_text("DKIM-Signature:\r\n\r\n") == AUTH_NEUTRAL, "an empty signature");
    tap_ok(check_text("DKIM-Signature: v=1; b\r\n\r\n") == AUTH_NEUTRAL,
           "a torn signature");
    tap_ok(check_text("DKIM-Signature") == AUTH_NONE && result_count == 0, "a torn field");
    tap_ok(check_text("") == AUTH_NONE && check_text("\r\nbody") == AUTH_NONE,
           "no signature");
}

static void
keys(void)
{
    struct bytes good = sign(TAGS, FROM, "body\r\n");
    const char *rest = FROM "\r\nbody\r\n";
    char record[300];
    static const struct {
        const char *tags;
        enum auth_result result;
    } rows[] = {
        {"t=y", AUTH_PASS},         {"t=s", AUTH_PASS},     {"h=sha256", AUTH_PASS},
        {"h=sha1", AUTH_PERMERROR}, {"s=email", AUTH_PASS}, {"s=tlsrpt", AUTH_PERMERROR},
        {"g=nobody", AUTH_PASS},    {"n=words", AUTH_PASS},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(record, sizeof record, "v=DKIM1; %s; %s", rows[i].tags, own_record);
        dns_clear();
        dns_put("s._domainkey.example.jp", DNS_FOUND, record, NULL);
        tap_ok(check_signed(good, rest) == rows[i].result, "key with %s", rows[i].tags);
    }
    snprintf(record, sizeof record, "t=s; %s", own_record);
    dns_clear();
    dns_put("s._domainkey.example.jp", DNS_FOUND, record, NULL);
    tap_ok(check_signed(sign(TAGS "; i=@sub.example.jp", FROM, "body\r\n"), rest) ==
               AUTH_PERMERROR,
           "t=s and i= below d=");
    dns_clear();
    dns_put("s._domainkey.example.jp", DNS_NXDOMAIN, NULL, NULL);
    tap_ok(check_signed(good, rest) == AUTH_PERMERROR, "no such key");
    dns_clear();
    tap_ok(check_signed(good, rest) == AUTH_TEMPERROR, "no answer");
    dns_put("s._domainkey.example.jp", DNS_FOUND, "v=spf1 -all", own_record);
    tap_ok(check_signed(good, rest) == AUTH_PASS, "two records, the second is the key");
    dns_clear();
    dns_put("s._domainkey.example.jp", DNS_FOUND, "p=", NULL);
    tap_ok(check_signed(good, rest) == AUTH_PERMERROR &&
               bytes_is(results[0].reason, "the key was revoked"),
           "revoked");
    dns_clear();
    dns_put("s._domainkey.example.jp", DNS_FOUND, rsa_record, NULL);
    tap_ok(check_signed(good, rest) == AUTH_PERMERROR, "a key of another kind");
    dns_clear();
    dns_put("s._domainkey.example.jp", DNS_FOUND, ed25519_record, NULL);
    tap_ok(check_signed(good, rest) == AUTH_FAIL, "another key");
    dns_clear();
    tap_ok(check_text("DKIM-Signature: v=1; a=rsa-sha1; d=example.jp; s=s; h=from; "
                      "bh=AAAA; b=AAAA\r\n" FROM "\r\n") == AUTH_POLICY &&
               memo.answer_count == 0,
           "rsa-sha1 is policy, and nothing is asked");
}

/* --- bounds --- */

static size_t
count_of(enum auth_result result)
{
    size_t count = 0;

    for (size_t i = 0; i < result_count; i++) {
        count += results[i].result == result;
    }
    return count;
}

static struct bytes
many(size_t strangers, struct bytes last)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < strangers; i++) {
        writer_format(&w,
                      "DKIM-Signature: v=1; a=rsa-sha256; h=from; bh=AAAA; b=AAAA; s=s; "
                      "d=x%zu.example.net\r\n",
                      i);
    }
    writer_bytes(&w, last);
    writer_text(&w, FROM "\r\nbody\r\n");
    return writer_view(&w);
}

static void
bounds(void)
{
    struct bytes good = sign(TAGS, FROM, "body\r\n");
    struct writer w;

    dns_clear();
    dns_put("s._domainkey.example.jp", DNS_FOUND, own_record, NULL);
    check(many(LIMIT_DKIM_SIGNATURES, BYTES_NONE), false);
    tap_ok(count_of(AUTH_TEMPERROR) == LIMIT_DKIM_SIGNATURES && count_of(AUTH_POLICY) == 0,
           "as many signatures as are verified");
    check(many(LIMIT_DKIM_SIGNATURES + 1, BYTES_NONE), false);
    tap_ok(count_of(AUTH_TEMPERROR) == LIMIT_DKIM_SIGNATURES &&
               results[LIMIT_DKIM_SIGNATURES].result == AUTH_POLICY,
           "one more is policy");
    check(many(LIMIT_HEADER_FIELDS - 10, good), false);
    tap_ok(results[result_count - 1].result == AUTH_PASS &&
               count_of(AUTH_POLICY) == result_count - LIMIT_DKIM_SIGNATURES,
           "the aligned one counts, however many strangers stand before it");
    for (size_t names = LIMIT_DKIM_FIELD_NAMES; names <= LIMIT_DKIM_FIELD_NAMES + 1;
         names++) {
        writer_init(&w, &arena);
        writer_text(&w, TAGS);
        for (size_t i = 1; i < names; i++) {
            writer_text(&w, ":x");
        }
        enum auth_result want = names > LIMIT_DKIM_FIELD_NAMES ? AUTH_PERMERROR : AUTH_PASS;
        tap_ok(check_signed(sign(writer_c(&w), FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
                   want,
               "%zu names in h=", names);
    }
    for (size_t tags = LIMIT_DKIM_TAGS; tags <= LIMIT_DKIM_TAGS + 1; tags++) {
        writer_init(&w, &arena);
        writer_text(&w, TAGS);
        for (size_t i = 7; i < tags; i++) { /* five in TAGS, and bh=, b= */
            writer_format(&w, "; x%zu=", i);
        }
        enum auth_result want = tags > LIMIT_DKIM_TAGS ? AUTH_NEUTRAL : AUTH_PASS;
        tap_ok(check_signed(sign(writer_c(&w), FROM, "body\r\n"), FROM "\r\nbody\r\n") ==
                   want,
               "%zu tags", tags);
    }
    for (size_t at = LIMIT_DKIM_KEY_RECORDS; at <= LIMIT_DKIM_KEY_RECORDS + 1; at++) {
        struct dns_record records[LIMIT_DKIM_KEY_RECORDS + 1] = {0};
        struct dns_answer answer = {.name = BYTES("s._domainkey.example.jp"),
                                    .type = DNS_TXT,
                                    .status = DNS_FOUND,
                                    .known = true,
                                    .records = records,
                                    .record_count = at};
        records[at - 1].data = bytes_from_text(own_record);
        dns_clear();
        dns_memo_put(&memo, &answer);
        enum auth_result want = at > LIMIT_DKIM_KEY_RECORDS ? AUTH_PERMERROR : AUTH_PASS;
        tap_ok(check_signed(good, FROM "\r\nbody\r\n") == want, "the key as record %zu",
               at);
    }
    dns_clear();
    dns_put("s._domainkey.example.jp", DNS_FOUND, own_record, NULL);
    static const char *const beginnings[LIMIT_DKIM_BODY_HASHES + 1] = {"b", "bo", "bod",
                                                                       "body", "body\r"};
    for (size_t ways = LIMIT_DKIM_BODY_HASHES; ways <= LIMIT_DKIM_BODY_HASHES + 1; ways++) {
        struct writer tags;
        writer_init(&w, &arena);
        for (size_t i = 0; i < ways; i++) {
            writer_init(&tags, &arena);
            writer_format(&tags, TAGS "; l=%zu", strlen(beginnings[i]));
            writer_bytes(&w, sign(writer_c(&tags), FROM, beginnings[i]));
        }
        check_signed(writer_view(&w), FROM "\r\nbody\r\n");
        tap_ok(count_of(AUTH_PASS) == LIMIT_DKIM_BODY_HASHES &&
                   count_of(AUTH_POLICY) == ways - LIMIT_DKIM_BODY_HASHES,
               "a body hashed in %zu ways", ways);
    }
    /* Many signatures with many names over many fields: once quadratic. */
    clock_t before = clock();
    writer_init(&w, &arena);
    for (size_t i = 0; i < LIMIT_DKIM_SIGNATURES; i++) {
        writer_bytes(&w, sign(TAGS ":x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:x:"
                                   "x:x:x:x:x:x:x:x:x:x:x:x:x",
                              "", "body\r\n"));
    }
    writer_text(&w, FROM);
    for (size_t i = 0; i < LIMIT_HEADER_FIELDS - 20; i++) {
        writer_text(&w, "y: z\r\n");
    }
    writer_text(&w, "\r\nbody\r\n");
    check(writer_view(&w), false);
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    tap_ok(count_of(AUTH_FAIL) == LIMIT_DKIM_SIGNATURES && seconds < 1,
           "many fields and names in %.3f s", seconds);
}

int
main(void)
{
    uint8_t public_key[32];
    size_t size = sizeof public_key;

    arena_init(&arena, 256u << 20);
    pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    SK_ASSERT(pair != NULL && EVP_PKEY_get_raw_public_key(pair, public_key, &size) == 1);
    struct bytes p = bytes_base64(&arena, bytes_of(public_key, size));
    snprintf(own_record, sizeof own_record, "k=ed25519; p=%.*s", BYTES_ARGUMENTS(p));
    vectors();
    line_ends();
    dns_clear();
    dns_put("s._domainkey.example.jp", DNS_FOUND, own_record, NULL);
    tags();
    hostile();
    keys();
    bounds();
    EVP_PKEY_free(pair);
    arena_release(&arena);
    return tap_done();
}
