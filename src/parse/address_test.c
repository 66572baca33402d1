#include "parse/address.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

/* "name|address;group[name|address]" */
static struct bytes
shown(const char *text)
{
    struct address_list list;
    struct writer w;

    writer_init(&w, &arena);
    address_list_read(&arena, bytes_from_text(text), &list, NULL);
    for (size_t i = 0; i < list.address_count; i++) {
        const struct address *a = &list.addresses[i];
        writer_text(&w, i > 0 ? ";" : "");
        writer_bytes(&w, a->name);
        writer_text(&w, a->is_group ? "[" : "|");
        writer_bytes(&w, a->text);
        for (size_t k = 0; k < a->member_count; k++) {
            writer_text(&w, k > 0 ? ";" : "");
            writer_bytes(&w, a->members[k].name);
            writer_text(&w, "|");
            writer_bytes(&w, a->members[k].text);
        }
        writer_text(&w, a->is_group ? "]" : "");
    }
    return writer_view(&w);
}

static void
test_forms(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {" , ;", ""},
        {"a@b.jp", "|a@b.jp"},
        {"<a@b.jp>", "|a@b.jp"},
        {"A B <a@b.jp>, c@d.jp", "A B|a@b.jp;|c@d.jp"},
        {"\"A, B\" <a@b.jp>", "A, B|a@b.jp"},
        {"\"A \\\"x\\\" B\" <a@b.jp>", "A \"x\" B|a@b.jp"},
        {"a (comment) @ b . jp", "comment|a@b.jp"},
        {"a@b.jp (Name)", "Name|a@b.jp"},
        {"<@x,@y:a@b.jp>", "|a@b.jp"},
        {"\"a b\"@c.jp", "|\"a b\"@c.jp"},
        {"\"abc\"@c.jp", "|abc@c.jp"},
        {"a..b.@docomo.ne.jp", "|a..b.@docomo.ne.jp"},
        {".a.@ezweb.ne.jp", "|.a.@ezweb.ne.jp"},
        {"A <a..b.@docomo.ne.jp>", "A|a..b.@docomo.ne.jp"},
        {"..a.@docomo.ne.jp", "|..a.@docomo.ne.jp"},
        {"<..a.@docomo.ne.jp>", "|..a.@docomo.ne.jp"},
        {"a...b..@ezweb.ne.jp, .@docomo.ne.jp", "|a...b..@ezweb.ne.jp;|.@docomo.ne.jp"},
        {"\"a..b.\"@docomo.ne.jp", "|a..b.@docomo.ne.jp"},
        {"a-.@au.com (au)", "au|a-.@au.com"},
        {"((a)(b (c\\)))) a@b.jp (d)", "(a)(b (c\\)))|a@b.jp"},
        {"A (x) <a@b.jp> (y)", "A|a@b.jp"},
        {"<@a.jp:@b.jp:c@d.jp>", "|c@d.jp"},
        {"\"a\\\"b\"@c.jp", "|\"a\\\"b\"@c.jp"},
        {"\"a@b.jp\" <c@d.jp>", "a@b.jp|c@d.jp"},
        {"a@b.jp <c@d.jp>", "a@b.jp|c@d.jp"},
        {"<a@b.jp> <c@d.jp>", "|a@b.jp;|c@d.jp"},
        {"\xe7\x94\xb0\xe4\xb8\xad@\xe4\xbe\x8b\xe3\x81\x88.jp",
         "|\xe7\x94\xb0\xe4\xb8\xad@\xe4\xbe\x8b\xe3\x81\x88.jp"},
        {"a@b@c@d.jp", "|\"a@b@c\"@d.jp"},
        {"A: <a@b.jp>, B: c@d.jp;, e@f.jp", "A[|a@b.jp;B:|c@d.jp];|e@f.jp"},
        {"a@[192.0.2.1]", "|a@[192.0.2.1]"},
        {"a@[IPv6:2001:db8::1]", "|a@[IPv6:2001:db8::1]"},
        {"G: a@b.jp, C <c@d.jp>;, e@f.jp", "G[|a@b.jp;C|c@d.jp];|e@f.jp"},
        {"undisclosed-recipients:;", "undisclosed-recipients[]"},
        {"G: a@b.jp", "G[|a@b.jp]"},
        {"a@b.jp; c@d.jp", "|a@b.jp;|c@d.jp"},
        {"a@b.jp c@d.jp", "|a@b.jp;|c@d.jp"},
        {"Name a@b.jp", "Name|a@b.jp"},
        {"root", "|root"},
        {"Two Words", "Two Words|"},
        {"=?utf-8?b?44GC?= <a@b.jp>", "あ|a@b.jp"},
        {"=?utf-8?q?a,b?= <a@b.jp>", "a,b|a@b.jp"},
        {"\"=?utf-8?b?44GC?=\" <a@b.jp>", "あ|a@b.jp"},
        {"\x1b$B$\"\x1b(B <a@b.jp>", "あ|a@b.jp"},
        {"<a@b.jp, c@d.jp", "|a@b.jp;|c@d.jp"},
        {"A <a@b.jp", "A|a@b.jp"},
        {"\"A <a@b.jp>", "\"A|a@b.jp"},
        {"(A <a@b.jp>", "(A|a@b.jp"},
        {"a@b.jp>", "|a@b.jp>"},
        {"a@b@c.jp", "|\"a@b\"@c.jp"},
        {"a@b.jp.", "|a@b.jp"},
        {"<>", "|"},
        {"@", "|"},
        {"a@b.jp\nc@d.jp", "|a@b.jp"},
        {"[ML 12] A <a@b.jp>", "[ML 12] A|a@b.jp"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes got = shown(cases[i].in);
        if (!tap_ok(bytes_is(got, cases[i].out), "address %zu", i)) {
            printf("# %s gives %.*s\n", cases[i].in, BYTES_ARGUMENTS(got));
        }
    }
}

static void
test_one(void)
{
    struct address a;

    tap_ok(address_read(&arena, BYTES("a@b.jp"), &a) && bytes_is(a.local, "a") &&
               bytes_is(a.domain, "b.jp"),
           "one address");
    tap_ok(!address_read(&arena, BYTES("a"), &a), "no domain");
    tap_ok(!address_read(&arena, BYTES("@b"), &a), "no local part");
    tap_ok(!address_read(&arena, BYTES(""), &a), "nothing");
    tap_ok(!address_read(&arena, BYTES("a@b.jp, c@d.jp"), &a), "two");
}

static void
test_ids(void)
{
    struct bytes *ids;

    tap_ok(address_ids_read(&arena, BYTES(" <a@b>\r\n <c@d> e@f"), &ids) == 3 &&
               bytes_is(ids[0], "a@b") && bytes_is(ids[1], "c@d") &&
               bytes_is(ids[2], "e@f"),
           "identifiers");
    tap_ok(address_ids_read(&arena, BYTES("<<a><"), &ids) == 1, "broken ones");
    tap_ok(address_ids_read(&arena, BYTES(""), &ids) == 0, "none");
}

static void
test_bounds(void)
{
    struct address_list list;
    struct defects d;
    struct writer w;

    writer_init(&w, &arena);
    for (int i = 0; i < LIMIT_ADDRESSES; i++) {
        writer_text(&w, "a@b.jp,");
    }
    defects_init(&d, &arena, writer_view(&w));
    address_list_read(&arena, writer_view(&w), &list, &d);
    tap_ok(list.address_count == LIMIT_ADDRESSES && d.count == 0, "addresses at the bound");
    writer_text(&w, "a@b.jp");
    address_list_read(&arena, writer_view(&w), &list, &d);
    tap_ok(list.address_count == LIMIT_ADDRESSES && d.count == 1, "one past it");
}

static void
test_floods(void)
{
    static const char *const pieces[] = {"(",  "\"", "<",  "@",      "a@",     ":",
                                         "a:", ",",  ".",  "=?a?q?", "\x1b$B", "\\",
                                         "[",  "a ", "<@", "((",     "\"\\",   "a@b "};
    struct address_list list;

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct writer w;
        writer_init(&w, &arena);
        while (w.size < LIMIT_HEADER_FIELD) {
            writer_text(&w, pieces[i]);
        }
        address_list_read(&arena, writer_view(&w), &list, NULL);
        tap_ok(list.address_count <= LIMIT_ADDRESSES, "a flood of piece %zu", i);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_forms();
    test_one();
    test_ids();
    test_bounds();
    test_floods();
    arena_release(&arena);
    return tap_done();
}
