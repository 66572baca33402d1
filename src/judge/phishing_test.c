#include "judge/phishing.h"

#include "judge/written_private.h"

static struct arena arena;
static struct brands *brands;

static struct phishing
phishing_of(struct arena *scratch, const struct written *it, const struct origin *origin)
{
    struct phishing p;

    phishing_read_header(scratch, brands, it->letter, origin, &p);
    phishing_read_text(scratch, brands, it->letter, &it->text, it->regions,
                       it->region_count, &p);
    phishing_read_links(scratch, brands, it->letter, &p);
    return p;
}

static struct phishing
phishing_of_mail(const char *mail, const struct origin *origin)
{
    struct written it = {0};

    written_read(&arena, bytes_from_text(mail), &it);
    return phishing_of(&arena, &it, origin);
}

static void
show(const struct written *it, const struct phishing *p)
{
    printf("# %.*s | %.*s | %.*s: claim %d %.1f (%.*s), pressures %u\n",
           BYTES_ARGUMENTS(it->column[0]), BYTES_ARGUMENTS(it->column[3]),
           BYTES_ARGUMENTS(it->column[5]), (int)p->claim, p->weight,
           BYTES_ARGUMENTS(p->brand), p->pressures);
}

/* In each class the first, third ... were built on, the others only measured. */
static void
test_written(void)
{
    struct bytes file = written_file(&arena, "tests/written/phishing.tsv");
    size_t count[2][2] = {0}, caught[2][2] = {0};
    const char *wish = getenv("WRITTEN_SHOW");
    struct written it;
    struct arena scratch;

    arena_init(&scratch, 1 << 24);
    while (written_next(&scratch, &file, &it)) {
        size_t class = bytes_is(it.column[0], "phish") ? 0 : 1;
        size_t half = (count[class][0] + count[class][1]) % 2;
        struct phishing p = phishing_of(&scratch, &it, NULL);
        bool is = p.claim != PHISHING_NO_CLAIM && p.weight > 0;
        count[class][half]++;
        caught[class][half] += is;
        if (wish != NULL && half == (size_t)(wish[0] - '0') && is != (class == 0)) {
            show(&it, &p);
        }
        arena_release(&scratch);
    }
    for (size_t half = 0; half < 2; half++) {
        const char *name = half == 0 ? "built on" : "unseen";
        tap_ok(count[0][half] >= 50 && caught[0][half] * 10 >= count[0][half] * 9,
               "%s: %zu of %zu mails of phishing claim a brand", name, caught[0][half],
               count[0][half]);
        tap_ok(count[1][half] >= 50 && caught[1][half] * 50 <= count[1][half],
               "%s: %zu of %zu wanted mails do", name, caught[1][half], count[1][half]);
    }
}

static const char bank[] = "From: =?utf-8?B?5LiJ5LqV5L2P5Y+L6YqA6KGM?= <a@%s>\n"
                           "Subject: x\n\nx\n";

static const char *
from(const char *domain)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, bank, domain);
    return bytes_text(&arena, writer_view(&w));
}

static void
test_header(void)
{
    struct dkim_result dkim = {.result = AUTH_PASS, .domain = BYTES("dn.smbc.co.jp")};
    struct origin origin = {.dkim = &dkim, .dkim_count = 1};
    struct origin forged = {.dmarc = {.result = AUTH_FAIL}};
    struct origin weak = {.spf = {.result = AUTH_SOFTFAIL}};
    struct origin unknown = {.dmarc = {.result = AUTH_TEMPERROR}};
    struct phishing p = phishing_of_mail(from("evil.example"), NULL);

    tap_ok(p.claim == PHISHING_BY_NAME && bytes_is(p.true_domain, "smbc.co.jp") &&
               bytes_is(p.seen_domain, "evil.example") && p.weight > 2,
           "a bank's name from elsewhere: whose it is, and what is seen");
    tap_ok(phishing_of_mail(from("dn.smbc.co.jp"), NULL).claim == PHISHING_NO_CLAIM,
           "from below its own domain");
    tap_ok(phishing_of_mail(from("smbc.co.jp.evil.example"), NULL).claim !=
               PHISHING_NO_CLAIM,
           "its domain within another's");
    tap_ok(phishing_of_mail(from("notsmbc.co.jp"), NULL).claim == PHISHING_BY_NAME,
           "a domain that only ends alike");
    tap_ok(phishing_of_mail(from("sender.example"), &origin).claim == PHISHING_NO_CLAIM,
           "sent by another house under the bank's valid signature");
    p = phishing_of_mail(from("smbc.co.jp"), &forged);
    tap_ok(p.claim == PHISHING_UNPROVED && p.weight > 0, "its domain, and DMARC fails");
    tap_ok(phishing_of_mail(from("smbc.co.jp"), &weak).claim == PHISHING_UNPROVED,
           "or there is no DMARC, no signature, and SPF does not allow it");
    tap_ok(phishing_of_mail(from("smbc.co.jp"), &unknown).claim == PHISHING_NO_CLAIM,
           "what could not be asked says nothing");
    p = phishing_of_mail("From: x <a@arnazon.co.jp>\nSubject: x\n\nx\n", NULL);
    tap_ok(p.claim == PHISHING_BY_DOMAIN && bytes_is(p.true_domain, "amazon.co.jp"),
           "a From domain that looks like a known one");
    tap_ok(phishing_of_mail("Subject: x\n\nx\n", NULL).claim == PHISHING_NO_CLAIM,
           "no From");
}

static void
test_hosts(void)
{
    struct phishing p =
        phishing_of_mail("From: a <a@b.example>\nSubject: x\n\nhttps://login.weebly.com/ "
                         "https://a.duckdns.org/\n",
                         NULL);

    tap_ok(bytes_is(p.host_kind, "free_hosting") && p.host_weight > 0 &&
               p.host_weight < 0.3,
           "a host that anybody gets, alone, says little");
    p = phishing_of_mail(
        "From: PayPal <a@b.example>\nSubject: x\n\nhttps://x.weebly.com/\n", NULL);
    tap_ok(p.host_weight > 0.5 && bytes_is(p.host, "x.weebly.com"),
           "and more where a brand is claimed");
}

static void
test_by_links(void)
{
    static const char mail[] =
        "From: SMBC <a@smbc.co.jp>\nSubject: Verify your account\n\nhttps://%s/\n";
    struct dkim_result dkim = {.result = AUTH_PASS, .domain = BYTES("smbc.co.jp")};
    struct origin origin = {.dkim = &dkim, .dkim_count = 1};
    struct writer away, home;

    writer_init(&away, &arena);
    writer_format(&away, mail, "login.evil.com");
    writer_init(&home, &arena);
    writer_format(&home, mail, "www.smbc.co.jp");
    struct phishing p = phishing_of_mail(writer_c(&away), NULL);
    tap_ok(p.claim == PHISHING_BY_LINKS && bytes_is(p.seen_domain, "login.evil.com"),
           "a brand's domain that nothing proves, and links that lead elsewhere");
    tap_ok(phishing_of_mail(writer_c(&away), &origin).claim == PHISHING_NO_CLAIM,
           "a valid signature proves it");
    tap_ok(phishing_of_mail(writer_c(&home), NULL).claim == PHISHING_NO_CLAIM,
           "links that lead home");
    tap_ok(phishing_of_mail("From: Bob <bob@smbc.co.jp>\nSubject: Verify your account\n\n"
                            "https://evil.com/\n",
                            NULL)
                   .claim == PHISHING_NO_CLAIM,
           "a person who works there links to what he likes");
}

static void
test_forwarded(void)
{
    tap_ok(
        phishing_of_mail("From: Bob <b@c.example>\nSubject: look\n\nIs this real?\n"
                         "> Amazon account: your account has been suspended.\n"
                         "> Verify your account within 24 hours.\n> https://d.example/\n",
                         NULL)
                .claim == PHISHING_NO_CLAIM,
        "what is quoted claims nothing");
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
    tap_ok(brands_count(brands) >= 150, "%zu brands", brands_count(brands));
    test_header();
    test_hosts();
    test_by_links();
    test_forwarded();
    test_written();
    brands_close(brands);
    arena_release(&arena);
    return tap_done();
}
