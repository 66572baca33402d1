#include "base/limits.h"
#include "base/tap.h"
#include "trace/authres.h"

static struct arena arena;

static bool
reads(const char *value, const char *id, size_t count)
{
    struct authres a;

    return authres_read(&arena, bytes_from_text(value), &a) == SK_OK &&
           bytes_is(a.authserv_id, id) && a.result_count == count;
}

static bool
refuses(const char *value)
{
    struct authres a;

    return authres_read(&arena, bytes_from_text(value), &a) == SK_BAD;
}

static void
reading(void)
{
    struct authres a;

    /* RFC 8601 appendix B */
    tap_ok(reads(" example.org 1; none", "example.org", 0), "none, with a version");
    tap_ok(reads(" example.com;\r\n spf=pass smtp.mailfrom=example.net", "example.com", 1),
           "one result");
    tap_ok(reads(" example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n "
                 "spf=pass smtp.mailfrom=example.net",
                 "example.com", 2),
           "comments");
    tap_ok(authres_read(&arena,
                        BYTES("foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like "
                              "it) / 1 (One yay) = (wait for it) fail\r\n"
                              " policy (A dot can go here) . (like that) expired\r\n (this "
                              "surprised me) = (as I wasn't expecting it) "
                              "1362471462"),
                        &a) == SK_OK &&
               bytes_is(a.authserv_id, "foo.example.net") && a.version == 1 &&
               a.result_count == 1 && bytes_is(a.results[0].method, "dkim") &&
               bytes_is(a.results[0].result, "fail") && a.results[0].property_count == 1 &&
               bytes_is(a.results[0].properties[0].type, "policy") &&
               bytes_is(a.results[0].properties[0].name, "expired") &&
               bytes_is(a.results[0].properties[0].value, "1362471462"),
           "comments everywhere (RFC 8601 B.7)");
    tap_ok(
        authres_read(&arena,
                     BYTES("\"mx; x\"; DKIM=Pass reason=\"good \\\"one\\\"\" "
                           "header.i=@mail.example header.b=\"a/b=\" "
                           "header.s=x; dmarc=fail (p=none; sp=x) header.from=a.example;"),
                     &a) == SK_OK &&
            bytes_is(a.authserv_id, "mx; x") && a.result_count == 2 &&
            bytes_is(a.results[0].method, "dkim") &&
            bytes_is(a.results[0].result, "pass") &&
            bytes_is(a.results[0].reason, "good \"one\"") &&
            a.results[0].property_count == 3 &&
            bytes_is(a.results[0].properties[1].value, "a/b=") &&
            bytes_is(a.results[1].properties[0].value, "a.example"),
        "quoted strings, case and a semicolon too many");
    tap_ok(reads("a; x=y smtp.mailfrom=\"j doe\"@example.net", "a", 1),
           "a quoted local part");
    tap_ok(refuses("") && refuses(";") && refuses("a") && refuses("a;") && refuses(" (x"),
           "nothing there");
    tap_ok(refuses("a; none; dkim=pass") && refuses("a; dkim=pass; none"),
           "none beside results");
    tap_ok(refuses("a; dkim") && refuses("a; dkim=") && refuses("a; =pass") &&
               refuses("a; dkim=pass header.d"),
           "torn");
    tap_ok(refuses("a; dkim=pass header.d=\"x") && refuses("a; dkim=pass (x"),
           "open quotes and comments");
    tap_ok(refuses("a x; dkim=pass"), "no version");
    tap_ok(refuses("a; dkim=pass reason=x reason=y"), "two reasons");
}

static void
bounds(void)
{
    for (size_t count = LIMIT_AUTHRES_RESULTS; count <= LIMIT_AUTHRES_RESULTS + 1;
         count++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, "a");
        for (size_t i = 0; i < count; i++) {
            writer_text(&w, "; x=y");
        }
        tap_ok(reads(writer_c(&w), "a", count) == (count == LIMIT_AUTHRES_RESULTS),
               "%zu results", count);
    }
    for (size_t count = LIMIT_AUTHRES_PROPERTIES; count <= LIMIT_AUTHRES_PROPERTIES + 1;
         count++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, "a; x=y");
        for (size_t i = 0; i < count; i++) {
            writer_format(&w, " p.n%zu=v", i);
        }
        tap_ok(reads(writer_c(&w), "a", 1) == (count == LIMIT_AUTHRES_PROPERTIES),
               "%zu properties", count);
    }
    struct writer w;
    struct authres a;
    writer_init(&w, &arena);
    for (size_t i = 0; i < 1u << 20; i++) {
        writer_byte(&w, '(');
    }
    tap_ok(authres_read(&arena, writer_view(&w), &a) == SK_BAD, "1 MB of open comments");
}

/* --- forged ones --- */

static size_t
forged_in(const char *const *fields, size_t count, struct bytes **forged_r)
{
    struct letter letter = {0};
    size_t forged;

    letter.header.fields = ARENA_NEW_MANY(&arena, count, struct field);
    letter.header.field_count = count;
    for (size_t i = 0; i < count; i++) {
        letter.header.fields[i].whole = bytes_from_text(fields[i]);
    }
    authres_forged(&arena, &letter, BYTES("mx.example.jp"), forged_r, &forged);
    return forged;
}

static void
forging(void)
{
    static const char *const bad[] = {
        "Authentication-Results: mx.example.jp; dkim=pass\r\n",
        "AUTHENTICATION-RESULTS : MX.Example.JP; dkim=pass\r\n",
        "Authentication-Results: (hi) mx.example.jp (there) 1; dkim=pass\r\n",
        "Authentication-Results: mx.example.jp/1; dkim=pass\r\n",
        "Authentication-Results: mx.example.jp. ; dkim=pass\r\n",
        "Authentication-Results:\r\n \"mx.example.jp\"; dkim=pass\r\n",
        "Authentication-Results: \"mx.\\example.jp\"; dkim=pass\r\n",
        "Authentication-Results: mx.(x)example .jp; dkim=pass\r\n",
        "Authentication-Results: mx.example.jp\r\n",
        "Authentication-Results: mx.example.jp garbage = ; dkim pass\r\n",
        "Authentication-Results: (open mx.example.jp; dkim=pass\r\n",
        "Authentication-Results: mx.example.jp(; dkim=pass\r\n",
        "Authentication-Results: mx.example.jp",
    };
    static const char *const good[] = {
        "Authentication-Results: mx.example.net; dkim=pass header.d=mx.example.jp\r\n",
        "Authentication-Results: amx.example.jp; dkim=pass\r\n",
        "Authentication-Results: mx.example.jp.evil.example; dkim=pass\r\n",
        "Authentication-Results: (mx.example.jp) other.example; none\r\n",
        "X-Authentication-Results: mx.example.jp; dkim=pass\r\n",
        "Authentication-Results\r\n",
        "",
    };
    struct bytes *forged;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tap_ok(forged_in(&bad[i], 1, &forged) == 1 &&
                   forged[0].at == (const uint8_t *)bad[i],
               "forged: case %zu", i);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        tap_ok(forged_in(&good[i], 1, &forged) == 0, "not forged: case %zu", i);
    }
    tap_ok(forged_in(bad, sizeof bad / sizeof bad[0], &forged) ==
               sizeof bad / sizeof bad[0],
           "all are found");
}

/* --- writing --- */

static struct bytes
write(struct origin *origin, struct arrival *arrival)
{
    struct trace_settings settings = {.authserv_id = BYTES("mx.example.jp")};

    return authres_write(&arena, &settings, arrival, origin);
}

static void
writing(void)
{
    struct dkim_result dkim[2] = {
        {.result = AUTH_PASS,
         .domain = BYTES("example.com"),
         .identity = BYTES("@example.com"),
         .selector = BYTES("s1"),
         .algorithm = BYTES("rsa-sha256"),
         .b = BYTES("ab/d+fgh")},
        {.result = AUTH_FAIL,
         .domain = BYTES("example.net"),
         .reason = BYTES("the body was changed")},
    };
    struct origin origin = {
        .spf = {.result = AUTH_PASS, .domain = BYTES("example.com")},
        .dkim = dkim,
        .dkim_count = 2,
        .dmarc = {.result = AUTH_PASS,
                  .from_domain = BYTES("example.com"),
                  .policy = DMARC_POLICY_REJECT},
        .iprev = AUTH_FAIL,
    };
    struct arrival arrival = {.mail_from = BYTES("user@example.com"),
                              .helo = BYTES("mail.example.com")};
    struct authres a;

    tap_ok(bytes_is(write(&origin, &arrival),
                    "mx.example.jp;\r\n"
                    "\tspf=pass smtp.mailfrom=user@example.com;\r\n"
                    "\tdkim=pass header.d=example.com header.i=@example.com header.s=s1\r\n"
                    "\theader.a=rsa-sha256 header.b=\"ab/d+fgh\";\r\n"
                    "\tdkim=fail reason=\"the body was changed\" header.d=example.net;\r\n"
                    "\tarc=none;\r\n"
                    "\tdmarc=pass header.from=example.com policy.dmarc=reject;\r\n"
                    "\tiprev=fail"),
           "the whole field");
    tap_ok(authres_read(&arena, write(&origin, &arrival), &a) == SK_OK &&
               a.result_count == 6,
           "which we can read again");
    /* CVE-2020-12272 and its kin: nothing from a signature or an envelope may end its value. */
    static const char *const hostile[] = {"a.example(.evil.example",
                                          "x; dmarc=pass header.from=bank.example",
                                          "a\r\n\tdkim=pass",
                                          "a\"; dmarc=pass; \"",
                                          "a\\",
                                          "a b",
                                          "=?utf-8?q?x?=",
                                          "a\x01",
                                          "a\xff",
                                          "\xe2\x80\xae\x61",
                                          "a)",
                                          "a, b",
                                          "@a@b",
                                          "\"a b\"@c"};
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct bytes h = bytes_from_text(hostile[i]);
        dkim[0].domain = dkim[0].selector = dkim[0].identity = dkim[0].algorithm =
            dkim[0].b = h;
        dkim[1].reason = origin.dmarc.from_domain = origin.spf.domain = arrival.mail_from =
            h;
        struct bytes text = write(&origin, &arrival);
        bool same = authres_read(&arena, text, &a) == SK_OK && a.result_count == 6;
        for (size_t r = 0; same && r < a.result_count; r++) {
            for (size_t p = 0; p < a.results[r].property_count; p++) {
                struct bytes value = a.results[r].properties[p].value;
                same = same && (bytes_equal(value, h) || bytes_is(value, "example.net") ||
                                bytes_is(value, "reject"));
            }
        }
        tap_ok(same && bytes_find(text, BYTES("\r\n\tdkim=pass\r"), 0) == BYTES_NOWHERE,
               "hostile value %zu stays a value", i);
    }
    origin.arc = (struct arc_result){
        .result = AUTH_PASS, .instance = 2, .has_oldest_pass = true, .oldest_pass = 2};
    (void)net_address_read(BYTES("192.0.2.9"), &origin.source);
    tap_ok(bytes_find(write(&origin, &arrival),
                      BYTES(";\r\n\tarc=pass smtp.remote-ip=192.0.2.9 "
                            "header.oldest-pass=2;\r\n\tdmarc="),
                      0) != BYTES_NOWHERE,
           "arc=pass, as RFC 8617 10.2 has it");
    origin.arc = (struct arc_result){.result = AUTH_FAIL,
                                     .reason = BYTES("two ARC-Seals with the same i=")};
    tap_ok(bytes_find(write(&origin, &arrival),
                      BYTES(";\r\n\tarc=fail reason=\"two ARC-Seals with the same i=\" "
                            "smtp.remote-ip=192.0.2.9;"),
                      0) != BYTES_NOWHERE,
           "arc=fail, and why");
    uint8_t long_name[256];
    memset(long_name, 'a', sizeof long_name);
    dkim[0] = (struct dkim_result){.result = AUTH_PASS, .domain = bytes_of(long_name, 255)};
    tap_ok(bytes_find(write(&origin, &arrival), bytes_of(long_name, 255), 0) !=
               BYTES_NOWHERE,
           "255 bytes are shown");
    dkim[0].domain = bytes_of(long_name, 256);
    tap_ok(bytes_find(write(&origin, &arrival), bytes_of(long_name, 10), 0) ==
               BYTES_NOWHERE,
           "256 are not");
    arrival.smtputf8 = true;
    dkim[0].domain = BYTES("\xe4\xbe\x8b.jp");
    tap_ok(bytes_find(write(&origin, &arrival), BYTES("header.d=\"\xe4\xbe\x8b.jp\""), 0) !=
               BYTES_NOWHERE,
           "UTF-8 under SMTPUTF8");
    dkim[0].domain = BYTES("\xe2\x80\xae"
                           "jp");
    tap_ok(bytes_find(write(&origin, &arrival), BYTES("\xe2\x80\xae"), 0) == BYTES_NOWHERE,
           "but no overrides of direction");
}

int
main(void)
{
    arena_init(&arena, 256u << 20);
    reading();
    bounds();
    forging();
    writing();
    arena_release(&arena);
    return tap_done();
}
