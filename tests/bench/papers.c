/* What papers cost: SPF, DKIM, DMARC and the rest of trace over signed messages. Built and started by tests/bench/papers.
 * OpenSSL first: its headers name what base/banned.h forbids.
 *
 *     papers-bench MESSAGES KEYS BODY_BYTES
 *
 * Each message comes from one of 200 domains, has one RSA-2048 relaxed/relaxed signature over eight fields, 20 fields, and SPF and
 * DMARC records. Only trace_new and trace_step are timed: neither making the messages, nor reading the header, nor
 * answering from the zone. */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/hash.h"
#include "base/writer.h"
#include "dns/resolver.h"
#include "trace/key.h"
#include "trace/origin.h"

#define DOMAINS 200
#define NAMES   "from:to:subject:date:message-id:mime-version:content-type:reply-to"

static struct arena keep, scratch;
static size_t body_size, key_count;
static EVP_PKEY **keys;

static double
cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct bytes
body_of(size_t number)
{
    struct writer w;

    writer_init(&w, &scratch);
    for (size_t line = 0; w.size < body_size; line++) {
        writer_format(
            &w, "Line %zu of message %zu says nothing that anybody wants to read.\r\n",
            line, number);
    }
    return writer_view(&w);
}

/* Written as relaxed canonicalisation leaves it, so that what is hashed is what is sent. */
static struct bytes
message_of(size_t number)
{
    size_t domain = number % DOMAINS;
    uint8_t digest[HASH_SHA256_SIZE], signature[512];
    size_t size = sizeof signature;
    struct bytes body = body_of(number);
    struct writer w, f, m;

    writer_init(&f, &scratch);
    writer_format(&f,
                  "from:Sender <sender@d%03zu.example>\r\nto:user@rcpt.example\r\n"
                  "subject:Message %zu\r\ndate:Sun, 22 Nov 2026 09:00:00 +0000\r\n"
                  "message-id:<%zu@d%03zu.example>\r\nmime-version:1.0\r\n"
                  "content-type:text/plain; charset=utf-8\r\n"
                  "reply-to:reply@d%03zu.example\r\n",
                  domain, number, number, domain, domain);
    hash_sha256(body, digest);
    struct bytes bh = bytes_base64(&scratch, bytes_of(digest, sizeof digest));
    writer_init(&w, &scratch);
    writer_format(&w,
                  "dkim-signature:v=1; a=rsa-sha256; c=relaxed/relaxed; d=d%03zu.example; "
                  "s=s; h=" NAMES "; bh=%.*s; b=",
                  domain, BYTES_ARGUMENTS(bh));
    const struct bytes pieces[] = {writer_view(&f), writer_view(&w)};
    hash_sha256_many(pieces, 2, digest);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(keys[domain % key_count], NULL);
    SK_ASSERT(EVP_PKEY_sign_init(context) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
              EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
              EVP_PKEY_sign(context, signature, &size, digest, sizeof digest) == 1);
    EVP_PKEY_CTX_free(context);
    writer_init(&m, &scratch);
    for (size_t i = 0; i < 4; i++) {
        writer_format(
            &m,
            "Received: from a%zu.d%03zu.example (a%zu.d%03zu.example [192.0.2.10])\r\n"
            "\tby b%zu.d%03zu.example (Postfix) with ESMTPS id 4Xyz%zu\r\n"
            "\tfor <user@rcpt.example>; Sun, 22 Nov 2026 09:00:0%zu +0000\r\n",
            i, domain, i, domain, i, domain, number, 4 - i);
    }
    writer_bytes(&m, writer_view(&w));
    writer_bytes(&m, bytes_base64(&scratch, bytes_of(signature, size)));
    writer_text(&m, "\r\n");
    writer_bytes(&m, writer_view(&f));
    writer_text(&m, "X-Mailer: bench\r\nList-Id: <list.example>\r\nPrecedence: list\r\n"
                    "User-Agent: bench/1\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n\r\n");
    writer_bytes(&m, body);
    return writer_view(&m);
}

static struct dns_zone *
zone_of(void)
{
    struct dns_zone *zone;
    struct writer w;
    struct why why = {0};

    writer_init(&w, &keep);
    writer_text(&w, "{\"10.2.0.192.in-addr.arpa\": {\"PTR\": [\"mail.d000.example\"]}, "
                    "\"mail.d000.example\": {\"A\": [\"192.0.2.10\"]}");
    for (size_t i = 0; i < DOMAINS; i++) {
        uint8_t *der = NULL;
        int size = i2d_PUBKEY(keys[i % key_count], &der);
        struct bytes p = bytes_base64(&keep, bytes_of(der, (size_t)size));
        OPENSSL_free(der);
        writer_format(
            &w,
            ", \"d%03zu.example\": {\"TXT\": [\"v=spf1 a mx ip4:192.0.2.0/24 "
            "-all\"], \"A\": [\"198.51.100.1\"], \"MX\": [[10, \"mail.d000.example\"]]}"
            ", \"_dmarc.d%03zu.example\": {\"TXT\": [\"v=DMARC1; p=reject\"]}"
            ", \"s._domainkey.d%03zu.example\": {\"TXT\": [\"v=DKIM1; k=rsa; p=",
            i, i, i);
        writer_bytes(&w, p);
        writer_text(&w, "\"]}");
    }
    writer_text(&w, "}");
    if (dns_zone_read(&keep, writer_view(&w), &zone, &why) != SK_OK) {
        fprintf(stderr, "papers-bench: %s\n", why.sentence);
        exit(1);
    }
    return zone;
}

int
main(int argc, char **argv)
{
    static const struct trace_settings settings = {.authserv_id = BYTES("mx.rcpt.example")};
    size_t messages = argc > 1 ? strtoul(argv[1], NULL, 10) : 3000, passed = 0;
    double spent = 0, bare = 0;
    uint64_t hits, misses;

    key_count = argc > 2 ? strtoul(argv[2], NULL, 10) : 50;
    body_size = argc > 3 ? strtoul(argv[3], NULL, 10) : 8192;
    arena_init(&keep, 1u << 28);
    keys = ARENA_NEW_MANY(&keep, key_count, EVP_PKEY *);
    for (size_t i = 0; i < key_count; i++) {
        keys[i] = EVP_RSA_gen(2048);
    }
    struct dns_zone *zone = zone_of();
    for (size_t i = 0; i < messages + messages / 10; i++) {
        struct arrival arrival = {.helo = BYTES("mail.d000.example")};
        struct dns_memo memo;
        struct writer sender;
        enum sk_code code;

        arena_init(&scratch, 1u << 26);
        writer_init(&sender, &scratch);
        writer_format(&sender, "sender@d%03zu.example", i % DOMAINS);
        arrival.mail_from = writer_view(&sender);
        arrival.raw = message_of(i);
        (void)net_address_read(BYTES("192.0.2.10"), &arrival.client);
        dns_memo_init(&memo, &scratch);
        const struct letter *letter = letter_read_header(&scratch, arrival.raw);
        double before = cpu_us();
        struct trace *trace =
            trace_new(&scratch, &settings, NULL, &arrival, letter, &memo, 1795338000);
        double one = cpu_us() - before;
        do {
            before = cpu_us();
            code = trace_step(trace);
            one += cpu_us() - before;
            if (code == SK_MORE) {
                dns_zone_answer(zone, &memo);
            }
        } while (code == SK_MORE);
        const struct origin *o = trace_origin(trace);
        if (i >= messages / 10) { /* the first ones warm up */
            spent += one;
            passed += o->dmarc.result == AUTH_PASS && o->dkim_count == 1 &&
                      o->dkim[0].result == AUTH_PASS && o->spf.result == AUTH_PASS;
            before = cpu_us();
            bare += cpu_us() - before;
        }
        arena_release(&scratch);
    }
    key_cache_counters(&hits, &misses);
    printf("CPU us a message: %.1f (the clock itself: %.2f); %zu of %zu pass SPF, DKIM and "
           "DMARC; keys found %llu, made "
           "%llu\n",
           spent / (double)messages, bare / (double)messages, passed, messages,
           (unsigned long long)hits, (unsigned long long)misses);
    return passed == messages ? 0 : 1;
}
