#include "judge/kit.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static struct kit
kit_with(struct bytes raw, bool links)
{
    const struct letter *letter = letter_read(&arena, raw);
    struct habits habits;
    struct kit kit;

    habits_read(letter, &habits);
    kit_read(&arena, letter, &habits, links, &kit);
    return kit;
}

static struct kit
kit_of(struct bytes raw)
{
    return kit_with(raw, true);
}

/* A mail of one kit: brand, words, host and what chance made are the copy's own. */
static struct bytes
copy(const char *words, const char *host, const char *chance, const char *boundary)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w,
                  "From: x <a@%s>\nMessage-ID: <%s.1@%s>\nMIME-Version: 1.0\n"
                  "Content-Type: multipart/mixed; boundary=\"%s\"\n\n--%s\n"
                  "Content-Type: text/html; charset=utf-8\n\n",
                  host, chance, host, boundary, boundary);
    writer_format(&w, "<html><head><style>p > b { }</style><title>%s</title></head>",
                  words);
    writer_format(&w, "<body><div class=%s><table><tr><td><img src=cid:1>", chance);
    for (int i = 0; i < 5; i++) {
        writer_format(&w, "<div class=box><h1>%s</h1><p>%s<br>%s</div>", words, words,
                      words);
    }
    writer_format(&w, "<a href='https://%s/%s/login.php?id=%s'>%s</a></table></body>\n",
                  host, chance, chance, words);
    writer_format(&w, "--%s\nContent-Type: image/png; name=logo12.png\n\nx\n--%s--\n",
                  boundary, boundary);
    return writer_view(&w);
}

static void
test_kit(void)
{
    struct kit a = kit_of(copy("Amazon", "a.example", "qwertzui", "----=_Part_12_34"));
    struct kit b =
        kit_of(copy("三井住友カード", "b.example", "asdfghjk", "----=_Part_9_8"));

    tap_ok(a.page != 0 && a.path != 0 && a.head != 0, "page, path and head");
    tap_ok(a.page == b.page && a.path == b.path && a.head == b.head,
           "other words, hosts and names by chance: the same kit");
    tap_ok(kit_key_path(&a, 7) != 0 && kit_key_path(&a, 7) == kit_key_path(&b, 7) &&
               kit_key_path(&a, 8) != kit_key_path(&a, 7) &&
               kit_key_head(&a, 7) != kit_key_path(&a, 7) &&
               kit_key_head(&a, 7) == kit_key_head(&b, 7),
           "its keys, by the secret");
    b = kit_of(copy("x", "b.example", "asdfghjk9", "----=_Part_9_8"));
    tap_ok(a.page != b.page && a.path != b.path, "another class, another path");
    b = kit_of(copy("x", "b.example", "asdfghjk", "=-other"));
    tap_ok(a.page == b.page && a.head != b.head &&
               kit_key_head(&a, 7) != kit_key_head(&b, 7),
           "another boundary");
    struct kit none = {0};
    tap_ok(kit_key_path(&none, 7) == 0 && kit_key_head(&none, 7) == 0,
           "nothing has no key");
    none = (struct kit){.page = 1};
    tap_ok(kit_key_path(&none, 7) == 0 && kit_key_head(&none, 7) == 0, "nor has one thing");
    struct kit closed =
        kit_with(copy("Amazon", "a.example", "qwertzui", "----=_Part_1_2"), false);
    tap_ok(closed.path == 0 && closed.page == a.page, "links that may not be read");
}

static struct kit
of_html(struct bytes html)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "Content-Type: text/html; charset=utf-8\n\n");
    writer_bytes(&w, html);
    return kit_of(writer_view(&w));
}

/* <i><b><i><b>...: so many tags. */
static uint64_t
page_of(size_t tags, const char *end)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < tags; i++) {
        writer_text(&w, i % 2 == 0 ? "<i>x" : "<b>x");
    }
    writer_text(&w, end);
    return of_html(writer_view(&w)).page;
}

static void
test_page(void)
{
    tap_ok(page_of(KIT_TAGS_LEAST - 1, "") == 0 && page_of(KIT_TAGS_LEAST, "") != 0,
           "%d tags, and one less", KIT_TAGS_LEAST);
    tap_ok(page_of(20, "") == page_of(20, "<br><br>") &&
               page_of(20, "") == page_of(20, "<b>y<b>z") &&
               page_of(20, "") != page_of(20, "<u>"),
           "breaks and equal tags in a row are one; another tag is not");
    tap_ok(page_of(20, "<style>a<u>b</style>") == page_of(20, "<style></style>") &&
               page_of(20, "<script>'<u>'</script>") == page_of(20, "<script></script>"),
           "what stands in styles and scripts are no tags");
    tap_ok(page_of(LIMIT_KIT_TAGS - 1, "<u>") != page_of(LIMIT_KIT_TAGS - 1, "<p>") &&
               page_of(LIMIT_KIT_TAGS, "<u>") == page_of(LIMIT_KIT_TAGS, "<p>"),
           "the last tag that is looked at, and the one behind it");
}

static uint64_t
path_of(const char *path)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "<a href='https://h.example%s'>x</a>", path);
    return of_html(writer_view(&w)).path;
}

static void
test_path(void)
{
    static const char *const plain[] = {"",    "/",          "/news",    "/a/b",
                                        "/?x", "/login.php", "/abcdefgh"};
    bool none = true;

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        none = none && path_of(plain[i]) == 0;
    }
    tap_ok(none, "paths that say too little");
    tap_ok(path_of("/abcdefgh/login.php?Id=3") == path_of("/qwertzui/login.php?id=77#a") &&
               path_of("/abcdefgh/login.php?id=3") != 0,
           "names by chance are alike");
    tap_ok(path_of("/abcdefgh/login.php") != path_of("/abcdefgh/index.php") &&
               path_of("/abcdefgh/x?id=1") != path_of("/abcdefgh/x?no=1") &&
               path_of("/abcdefgh/x") != path_of("/abcdefghi/x"),
           "files, parameters and lengths are not");
    struct writer w;
    for (size_t more = 0; more < 2; more++) {
        writer_init(&w, &arena);
        for (size_t i = 1; i < LIMIT_KIT_LINKS + more; i++) {
            writer_format(&w, "<a href='https://h.example/%zu'>x</a>", i);
        }
        writer_text(&w, "<a href='https://h.example/abcdefgh/login.php'>x</a>");
        tap_ok((of_html(writer_view(&w)).path != 0) == (more == 0), "link %zu",
               LIMIT_KIT_LINKS + more);
    }
}

static uint64_t
with_pictures(size_t count, const char *last)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "Message-ID: <a@b>\nContent-Type: multipart/mixed; boundary=x\n\n");
    for (size_t i = 0; i < count; i++) {
        writer_format(&w, "--x\nContent-Type: image/png; name=%s.png\n\nx\n",
                      i + 1 == count ? last : "a");
    }
    writer_text(&w, "--x--\n");
    return kit_of(writer_view(&w)).head;
}

static void
test_head(void)
{
    tap_ok(with_pictures(LIMIT_KIT_PICTURES, "seller") !=
                   with_pictures(LIMIT_KIT_PICTURES, "banner") &&
               with_pictures(LIMIT_KIT_PICTURES + 1, "seller") ==
                   with_pictures(LIMIT_KIT_PICTURES + 1, "banner"),
           "names of %d pictures, and no more", LIMIT_KIT_PICTURES);
    tap_ok(kit_of(BYTES("Message-ID: <a@b>\n\nx\n")).head == 0 &&
               kit_of(BYTES("Content-Type: multipart/mixed; boundary=x\n\n--x\n\n--x--\n"))
                       .head == 0,
           "no head without boundary and Message-ID");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    test_kit();
    test_page();
    test_path();
    test_head();
    arena_release(&arena);
    return tap_done();
}
