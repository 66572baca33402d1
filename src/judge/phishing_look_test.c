#include "judge/phishing.h"

#include "judge/written_private.h"

static struct arena arena;
static struct brands *brands;

#define PRESSED "<p>Verify your account within 24 hours.</p>"
#define LOGIN   "<a href=https://x.other.example/login>Continue</a>"

static struct phishing
looked_at(struct bytes from, struct bytes html, const struct origin *origin)
{
    struct written it = {0};
    struct phishing p;
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "From: ");
    writer_bytes(&w, from);
    writer_text(&w, "\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/html; "
                    "charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n");
    writer_bytes(&w, html);
    writer_text(&w, "\n");
    written_read(&arena, writer_view(&w), &it);
    phishing_read_header(&arena, brands, it.letter, origin, &p);
    phishing_read_text(&arena, brands, it.letter, &it.text, it.regions, it.region_count,
                       &p);
    phishing_read_links(&arena, brands, it.letter, &p);
    return p;
}

static struct phishing
look(const char *html)
{
    return looked_at(BYTES("Notice <a@evil.example>"), bytes_from_text(html), NULL);
}

static void
claims(const char *html, unsigned looks, const char *domain, const char *what)
{
    struct phishing p = look(html);

    tap_ok(p.claim == PHISHING_BY_LOOK && p.look == looks &&
               bytes_is(p.true_domain, domain) && bytes_is(p.seen_domain, "evil.example") &&
               p.weight > 0.8 && p.weight < 2.2,
           "%s (claim %d, look %u, %.1f)", what, (int)p.claim, p.look, p.weight);
}

static void
claims_nothing(const char *html, const char *what)
{
    struct phishing p = look(html);

    tap_ok(p.claim == PHISHING_NO_CLAIM, "%s (claim %d, look %u)", what, (int)p.claim,
           p.look);
}

static void
test_issuer(void)
{
    claims(PRESSED LOGIN "<p>© 1996-2025, Amazon.com, Inc. or its affiliates</p>",
           PHISHING_ISSUER, "amazon.co.jp", "a line with years and a company");
    claims(PRESSED LOGIN "<p>Copyright (C) Sumitomo Mitsui Card Co., Ltd. All Rights "
                         "Reserved.</p>",
           PHISHING_ISSUER, "vpass.ne.jp", "in English");
    claims("<p>ログインしてください。</p>" LOGIN
           "<p>■発行者■<br>三井住友カード株式会社</p>",
           PHISHING_ISSUER, "vpass.ne.jp", "the issuer on the line before");
    claims("<p>ログインしてください。</p>" LOGIN "<p>発行:株式会社イオン銀行</p>",
           PHISHING_ISSUER, "aeonbank.co.jp", "and on the same");
    claims_nothing(PRESSED LOGIN "<p>© 2025 Amazon および Amazon.co.jp は商標です。</p>",
                   "a footnote on trademarks");
    claims_nothing(PRESSED LOGIN "<p>© 2025 Tanaka Shop. Find us at Amazon.com</p>",
                   "another's line that names it");
    claims_nothing(PRESSED LOGIN "<p>Amazon.com, Inc. is a company.</p>", "no sign");
    claims("<p>© 2025 Amazon.com, Inc.</p>" LOGIN, PHISHING_ISSUER, "amazon.co.jp",
           "a link that looks like a login is enough beside it");
    claims_nothing(
        "<a href=https://x.other.example/news>x</a><p>© 2025 Amazon.com, Inc.</p>",
        "no pressure, and no such link");
#define ONCE   "<p>Verify your account.</p>"
#define ISSUED "<p>© 2025 Amazon.com</p>"
    claims(ONCE "<a href=https://x.other.example/a>x</a>" ISSUED, PHISHING_ISSUER,
           "amazon.co.jp", "little pressure, and all links lead to strangers");
    claims_nothing(ONCE "<a href=https://evil.example/a>x</a>" ISSUED,
                   "little pressure, and the sender's own link");
    claims_nothing(ONCE "<a href=https://x.other.example/a>x</a>"
                        "<a href=https://www.amazon.co.jp/b>x</a>" ISSUED,
                   "little pressure, and a link home");
    claims_nothing(PRESSED
                   "<a href=https://www.amazon.co.jp/>x</a><p>© 2025 Amazon.com</p>",
                   "links that lead home");
    claims_nothing(PRESSED "<p>© 2025 Amazon.com</p>", "no link at all");
}

static void
test_pictures(void)
{
    claims(PRESSED LOGIN "<img src=https://m.media-amazon.com/logo.png alt=Amazon>",
           PHISHING_MARK, "amazon.co.jp", "a mark, pressure, and a login elsewhere");
    claims(PRESSED LOGIN "<img src=https://e.example/a.png title='Amazon logo'>",
           PHISHING_MARK, "amazon.co.jp", "a title where there are no other words");
    claims(PRESSED LOGIN "<img src=https://www.amazon.co.jp/logo.png>", PHISHING_PICTURE,
           "amazon.co.jp", "a picture from its own domain");
    claims("<p>Verify your account.</p><a href=https://b.other.example/x>x</a><img "
           "src=https://www.amazon.co.jp/logo.png alt=Amazon>",
           PHISHING_MARK | PHISHING_PICTURE, "amazon.co.jp", "both need less beside them");
    claims_nothing(PRESSED "<a href=https://evil.example/x>x</a>"
                           "<img src=https://www.amazon.co.jp/logo.png>",
                   "a picture and a link to the sender");
    claims_nothing(PRESSED LOGIN "<img src=https://e.example/a.png alt='Tanaka Shop'>"
                                 "<img src=https://e.example/b.png alt=Amazon>",
                   "a name below the sender's own mark");
    claims_nothing(PRESSED LOGIN "<img src=https://e.example/a.png alt=JCB>"
                                 "<img src=https://e.example/b.png alt=VISA>",
                   "ways to pay in a row");
    claims_nothing(PRESSED LOGIN "<img src=https://e.example/a.png alt='アマゾンギフト券'>",
                   "goods that bear the name");
    claims_nothing(PRESSED LOGIN "<img src=https://e.example/a.png alt='App Store'>",
                   "a shop for apps");
    claims_nothing(PRESSED LOGIN "<img src=https://www.facebook.com/f.png alt=Facebook>",
                   "a social network");
    claims_nothing(PRESSED LOGIN "<img src=https://s3.amazonaws.com/x/logo.png>",
                   "pictures where anybody keeps them");
    claims_nothing(PRESSED LOGIN
                   "<img src=https://www.amazon.co.jp/p.gif width=1 height=1>",
                   "a picture that nobody sees");
    claims_nothing(PRESSED LOGIN "<img src=https://www.amazon.co.jp/a.png>"
                                 "<img src=https://www.paypal.com/b.png>",
                   "pictures of two");
}

static void
test_login(void)
{
    claims("<p>Verify your account.</p>"
           "<a href=https://x.evil2.example/a>Amazon にサインイン</a>",
           PHISHING_LOGIN, "amazon.co.jp", "the words of a link");
    claims_nothing(PRESSED "<a href=https://www.amazon.co.jp/ap>Amazon にサインイン</a>"
                           "<a href=https://x.evil2.example/a>x</a>",
                   "one that leads there");
    claims_nothing(PRESSED "<a href=https://x.evil2.example/login>Sign in with Google</a>",
                   "what is signed in through it");
    claims_nothing(PRESSED "<a href=https://x.evil2.example/login>Buy at Amazon</a>",
                   "a link to a shop");
}

/* Who passes a mail on to ask of it claims nothing. */
static void
test_passed_on(void)
{
#define PASSED                                                                             \
    "<p>-----Original Message-----<br>From: Amazon<br>Sent: today<br>To: me<br>Subject: "  \
    "x</p>"
#define PHISHING                                                                           \
    PRESSED "<a href=https://x.other.example/login>Amazon にサインイン</a>"          \
            "<p>© 1996-2025, Amazon.com, Inc.</p>"

    claims(PHISHING, PHISHING_ISSUER | PHISHING_LOGIN, "amazon.co.jp", "what is sent");
    claims_nothing("<p>Is this real?</p>" PASSED PHISHING, "what is passed on");
    claims("<p>See below.</p>" PHISHING "<p>&gt; ok</p>", PHISHING_ISSUER | PHISHING_LOGIN,
           "amazon.co.jp", "a quoted line is no excuse");
}

static void
test_proofs(void)
{
    struct bytes html =
        BYTES(PRESSED LOGIN "<p>© 1996-2025, Amazon.com, Inc. or its affiliates</p>");
    struct dkim_result dkim = {.result = AUTH_PASS, .domain = BYTES("amazon.co.jp")};
    struct origin origin = {.dkim = &dkim, .dkim_count = 1};

    tap_ok(looked_at(BYTES("a@sender.example"), html, &origin).claim == PHISHING_NO_CLAIM,
           "its valid signature");
    dkim.result = AUTH_FAIL;
    tap_ok(looked_at(BYTES("a@sender.example"), html, &origin).claim == PHISHING_BY_LOOK,
           "a broken one");
    tap_ok(looked_at(BYTES("a@amazon.com"), html, NULL).claim == PHISHING_NO_CLAIM,
           "its own domain");
    tap_ok(looked_at(BYTES("a@smbc.co.jp"), html, NULL).claim == PHISHING_NO_CLAIM,
           "another known one's");
    struct bytes said =
        BYTES("<p>Amazon会員様: verify your account within 24 hours.</p>" LOGIN);
    dkim.result = AUTH_PASS;
    tap_ok(looked_at(BYTES("a@sender.example"), said, NULL).claim == PHISHING_BY_TEXT &&
               looked_at(BYTES("a@sender.example"), said, &origin).claim ==
                   PHISHING_NO_CLAIM,
           "a signature also answers what the text claims");
}

/* So many bytes of words behind an issuer's name, and so many pictures before a mark of another brand. */
static struct phishing
with_tail(size_t letters)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, PRESSED LOGIN "<p>(c) ヨドバシカメラ ");
    for (size_t i = 0; i < letters; i++) {
        writer_byte(&w, 'x');
    }
    writer_text(&w, "</p>");
    return looked_at(BYTES("a@evil.example"), writer_view(&w), NULL);
}

static void
test_bounds(void)
{
    size_t most = 0;

    for (size_t i = 1500; i < 1650; i++) {
        if (with_tail(i).claim == PHISHING_BY_LOOK) {
            most = i;
        }
    }
    tap_ok(most == 1600 - strlen("ヨドバシカメラ") - 1,
           "an issuer stands in the last 1600 bytes: %zu behind it", most);
    struct writer w;
    for (int more = 0; more < 2; more++) {
        writer_init(&w, &arena);
        writer_text(&w, PRESSED LOGIN "<img src=https://e.example/a.png alt='Amazon");
        for (int i = 0; i < 114 + more; i++) {
            writer_text(&w, " ");
        }
        writer_text(&w, "'>");
        struct phishing p = looked_at(BYTES("a@evil.example"), writer_view(&w), NULL);
        tap_ok((p.claim == PHISHING_BY_LOOK) == (more == 0), "words of %d bytes",
               120 + more);
    }
    for (int count = 23; count < 25; count++) {
        writer_init(&w, &arena);
        writer_text(&w, PRESSED LOGIN);
        for (int i = 0; i < count; i++) {
            writer_text(&w, "<img src=https://e.example/a.png alt=Amazon>");
        }
        writer_text(&w, "<img src=https://e.example/a.png alt=PayPal>");
        struct phishing p = looked_at(BYTES("a@evil.example"), writer_view(&w), NULL);
        tap_ok((p.claim == PHISHING_BY_LOOK) == (count == 24), "another mark behind %d",
               count);
    }
}

/* What is written before, so often `filler`, and what is written behind it. */
static bool
claims_with(const char *before, const char *filler, size_t times, const char *behind)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, before);
    for (size_t i = 0; i < times; i++) {
        writer_text(&w, filler);
    }
    writer_text(&w, behind);
    return looked_at(BYTES("a@evil.example"), writer_view(&w), NULL).claim ==
           PHISHING_BY_LOOK;
}

static void
test_more_bounds(void)
{
    static const char own[] = "<a href=https://evil.example/x>x</a>";

    tap_ok(claims_with(PRESSED LOGIN "<p>©", "-", 47, "Amazon.com, Inc.</p>") &&
               !claims_with(PRESSED LOGIN "<p>©", "-", 48, "Amazon.com, Inc.</p>"),
           "47 bytes between a sign of who issues it and the name, and 48");
    tap_ok(!claims_with(PRESSED LOGIN "<p>© Amazon", " x", 97, "商標</p>") &&
               claims_with(PRESSED LOGIN "<p>© Amazon", " x", 98, "商標</p>"),
           "a word on trademarks within 200 bytes, and behind them");
    tap_ok(claims_with("<p>© Amazon</p>", own, 47, LOGIN) &&
               !claims_with("<p>© Amazon</p>", own, 48, LOGIN),
           "link 48, and the one behind it");
}

int
main(void)
{
    struct why why;

    arena_init(&arena, 1 << 28);
    if (!tap_ok(brands_open(&arena, brands_built_in(), BYTES_NONE, &brands, &why) == SK_OK,
                "the table that is built in")) {
        printf("# %s (line %zu)\n", why.sentence, why.line);
        return tap_done();
    }
    test_issuer();
    test_pictures();
    test_login();
    test_passed_on();
    test_proofs();
    test_bounds();
    test_more_bounds();
    brands_close(brands);
    arena_release(&arena);
    return tap_done();
}
