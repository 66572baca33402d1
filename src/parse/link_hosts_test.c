#include "parse/link_hosts.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "parse/letter.h"
#include "parse/links.h"

static struct arena arena;

static void
test_built_in(void)
{
    struct bytes like;

    tap_ok(link_hosts_flags(BYTES("bit.ly"), BYTES("/x")) == LINK_SHORTENER, "a shortener");
    tap_ok(link_hosts_flags(BYTES("www.bit.ly"), BYTES("/x")) == LINK_SHORTENER,
           "and what lies under it");
    tap_ok(link_hosts_flags(BYTES("notbit.ly"), BYTES("/x")) == 0, "not another name");
    tap_ok(link_hosts_flags(BYTES("www.google.com"), BYTES("/url")) == LINK_REDIRECTOR,
           "a redirector by its path");
    tap_ok(link_hosts_flags(BYTES("www.google.com"), BYTES("/search")) == 0,
           "and not by another path");
    like = link_hosts_like(BYTES("arnazon.co.jp"),
                           link_skeleton(&arena, BYTES("arnazon.co.jp")));
    tap_ok(bytes_is(like, "amazon.co.jp"), "rn looks like m");
    like = link_hosts_like(BYTES("amazon.co.jp"),
                           link_skeleton(&arena, BYTES("amazon.co.jp")));
    tap_ok(like.size == 0, "nobody imitates himself");
    like = link_hosts_like(BYTES("xn--pple-43d.com"),
                           link_skeleton(&arena, BYTES("xn--pple-43d.com")));
    tap_ok(bytes_is(like, "apple.com"), "a Cyrillic letter looks like a Latin one");
    like = link_hosts_within(BYTES("www.amazon-co-jp.example.com"), BYTES("example.com"));
    tap_ok(bytes_is(like, "amazon.co.jp"), "a name within the labels");
    like = link_hosts_within(BYTES("smbc-card.com.x.example"), BYTES("x.example"));
    tap_ok(bytes_is(like, "smbc-card.com"), "a name with a hyphen too");
    like = link_hosts_within(BYTES("www.jcb-co-jp.example"), BYTES("jcb-co-jp.example"));
    tap_ok(bytes_is(like, "jcb.co.jp"), "in the domain itself");
    like = link_hosts_within(BYTES("digital.yahoo.com.au"), BYTES("yahoo.com.au"));
    tap_ok(like.size == 0, "a branch in another country is no imitation");
    like = link_hosts_within(BYTES("www.amazon.co.jp"), BYTES("amazon.co.jp"));
    tap_ok(like.size == 0, "its own domain does not count");
}

/* Rows of made-up names; true if the table takes them. */
static bool
takes(size_t rows)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < rows; i++) {
        writer_format(&w, "known\tname%zu.example\t-\tx\n", i);
    }
    bool taken = link_hosts_use(writer_view(&w), NULL) == SK_OK;
    arena_release(&arena);
    return taken;
}

static void
test_labels(void)
{
    char host[64] = "";
    bool found = true;

    for (size_t labels = 0; labels < 24; labels++) {
        size_t size = 2 * labels;
        for (size_t i = 0; i < labels; i++) {
            memcpy(host + 2 * i, "a.", 2);
        }
        memcpy(host + size, "bit.ly", 6);
        found &= link_hosts_flags(bytes_of(host, size + 6), BYTES("/")) == LINK_SHORTENER;
    }
    tap_ok(found, "a shortener under 0 to 23 labels more");
    tap_ok(link_hosts_flags(BYTES("xbit.ly"), BYTES("/")) == 0 &&
               link_hosts_flags(BYTES("bit.ly.example"), BYTES("/")) == 0 &&
               link_hosts_flags(BYTES_NONE, BYTES("/")) == 0,
           "and not as a part of a label, or before others");
}

/* What a link to that host is, which is asked for more than once: what is remembered holds for one table only. */
static unsigned
flags_of_link(void)
{
    struct link link = {0};

    link_resolve(&arena, &link, BYTES("http://deep.s.example/x/1"), BYTES_NONE);
    return link.flags & (LINK_SHORTENER | LINK_LOOKALIKE);
}

static void
test_files(void)
{
    static const char *const broken[] = {
        "shortener", "shortener\t", "other\ta.example\t-\tx", "known\ta.example/x\t-\tx",
        "known\tlocalhost\t-\tx"};
    struct why why;

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        tap_ok(link_hosts_use(bytes_from_text(broken[i]), &why) == SK_CONFIG &&
                   why.line == 1,
               "broken row %zu is refused", i);
    }
    tap_ok(link_hosts_flags(BYTES("bit.ly"), BYTES("/")) == LINK_SHORTENER,
           "the table before it stays");
    tap_ok(flags_of_link() == 0, "a host that is in no row");
    tap_ok(flags_of_link() == 0, "nor when it is met again");
    tap_ok(link_hosts_use(BYTES("# mine\n\nshortener\ts.example/x\t-\tme\n"), NULL) ==
                   SK_OK &&
               link_hosts_flags(BYTES("s.example"), BYTES("/xy")) == LINK_SHORTENER &&
               link_hosts_flags(BYTES("bit.ly"), BYTES("/")) == 0,
           "another table takes its place");
    tap_ok(flags_of_link() == LINK_SHORTENER, "for a host that was met before, too");
    tap_ok(flags_of_link() == LINK_SHORTENER, "and once more");
    tap_ok(link_hosts_use(BYTES("known\ts.example\t-\tme\n"), NULL) == SK_OK &&
               flags_of_link() == 0,
           "and the next takes that of it");
    tap_ok(takes(LIMIT_LINK_HOSTS), "as many rows as the bound");
    tap_ok(!takes(LIMIT_LINK_HOSTS + 1), "one more is refused");
    tap_ok(link_hosts_use(link_hosts_table(), NULL) == SK_OK, "the built-in one again");
}

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_built_in();
    test_labels();
    test_files();
    arena_release(&arena);
    return tap_done();
}
