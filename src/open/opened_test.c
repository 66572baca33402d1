#include "open/opened.h"

#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static struct bytes
written(const struct opened *o)
{
    struct writer w;

    writer_init(&w, &arena);
    opened_write(o, &w);
    return writer_view(&w);
}

static void
test_question(void)
{
    struct opening asked = {.name = BYTES("a\0b.zip"),
                            .media_type = BYTES("application"),
                            .media_subtype = BYTES("zip"),
                            .content = BYTES("PK")},
                   got;
    struct writer w;

    for (size_t i = 0; i < LIMIT_PASSWORDS; i++) {
        asked.passwords[asked.password_count++] = BYTES("secret");
    }
    writer_init(&w, &arena);
    opening_write(&asked, &w);
    struct bytes payload = writer_view(&w);
    tap_ok(opening_read(payload, &got) == SK_OK && bytes_equal(got.name, asked.name) &&
               bytes_equal(got.content, asked.content) &&
               got.password_count == LIMIT_PASSWORDS &&
               bytes_is(got.passwords[LIMIT_PASSWORDS - 1], "secret"),
           "a question comes as it was sent, with all passwords there is room for");
    bool all = true;
    for (size_t cut = 0; cut < payload.size; cut++) {
        all = all && opening_read(bytes_slice(payload, 0, cut), &got) == SK_BAD;
    }
    tap_ok(all, "cut anywhere it is broken");
    writer_byte(&w, 0);
    tap_ok(opening_read(writer_view(&w), &got) == SK_BAD, "and with a byte more");
    writer_init(&w, &arena);
    frame_put_bytes(&w, BYTES("a"));
    frame_put_bytes(&w, BYTES(""));
    frame_put_bytes(&w, BYTES(""));
    frame_put_number(&w, LIMIT_PASSWORDS + 1);
    for (size_t i = 0; i <= LIMIT_PASSWORDS; i++) {
        frame_put_bytes(&w, BYTES("x"));
    }
    frame_put_bytes(&w, BYTES("content"));
    tap_ok(opening_read(writer_view(&w), &got) == SK_BAD, "one password too many");
}

static struct opened
of_sizes(size_t entries, size_t text, size_t links)
{
    struct opened o = {.count = entries, .link_count = links};
    uint8_t *bytes = arena_take_bytes(&arena, text + 1);

    memset(bytes, 'x', text);
    o.text = bytes_of(bytes, text);
    o.list = ARENA_NEW_MANY(&arena, entries, struct enclosure);
    o.links = ARENA_NEW_MANY(&arena, links, struct bytes);
    o.link_places = ARENA_NEW_MANY(&arena, links, enum enclosed_link);
    for (size_t i = 0; i < entries; i++) {
        o.list[i] = (struct enclosure){.path = BYTES("a.zip > b"),
                                       .is = attachment_type_find(BYTES("pdf")),
                                       .size = 7,
                                       .facts = FACT_MACRO,
                                       .depth = 1};
    }
    for (size_t i = 0; i < links; i++) {
        o.links[i] = BYTES("https://example.com/");
        o.link_places[i] = ENCLOSED_LINK_QR;
    }
    return o;
}

static void
test_answer(void)
{
    static const struct {
        size_t entries, text, links;
        bool good;
        const char *words;
    } rows[] = {
        {1, 10, 1, true, "a small answer"},
        {0, 0, 0, true, "nothing at all"},
        {LIMIT_ENCLOSURES, 0, 0, true, "as many files as may be told of"},
        {LIMIT_ENCLOSURES + 1, 0, 0, false, "one more"},
        {1, LIMIT_OPENED_TEXT, 0, true, "as much text as may be"},
        {1, LIMIT_OPENED_TEXT + 1, 0, false, "one byte more"},
        {1, 0, LIMIT_OPENED_LINKS, true, "as many links as may be"},
        {1, 0, LIMIT_OPENED_LINKS + 1, false, "one more"},
    };
    struct opened got;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct opened o = of_sizes(rows[i].entries, rows[i].text, rows[i].links);
        bool good = opened_read(&arena, written(&o), &got) == SK_OK;
        tap_ok(good == rows[i].good &&
                   (!good || (got.count == o.count && got.link_count == o.link_count &&
                              bytes_equal(got.text, o.text))),
               "%s", rows[i].words);
    }
    struct opened o = of_sizes(1, 3, 1);
    tap_ok(opened_read(&arena, written(&o), &got) == SK_OK &&
               bytes_is(got.list[0].path, "a.zip > b") && got.list[0].is == o.list[0].is &&
               got.list[0].size == 7 && got.list[0].facts == FACT_MACRO &&
               got.list[0].depth == 1 && got.link_places[0] == ENCLOSED_LINK_QR &&
               bytes_is(got.links[0], "https://example.com/"),
           "each member comes as it was sent");
    struct bytes payload = written(&o);
    bool all = true;
    for (size_t cut = 0; cut < payload.size; cut++) {
        all = all && opened_read(&arena, bytes_slice(payload, 0, cut), &got) == SK_BAD;
    }
    tap_ok(all, "cut anywhere it is broken");
    o.link_places[0] = (enum enclosed_link)ENCLOSED_LINK_COUNT;
    tap_ok(opened_read(&arena, written(&o), &got) == SK_BAD, "a place that is none");
    struct bytes longer = bytes_of(arena_take_bytes(&arena, LIMIT_URL + 1), LIMIT_URL + 1);
    memset((uint8_t *)(uintptr_t)longer.at, 'x', longer.size);
    o = of_sizes(1, 0, 1);
    o.links[0] = bytes_slice(longer, 0, LIMIT_URL);
    tap_ok(opened_read(&arena, written(&o), &got) == SK_OK, "a link at the bound");
    o.links[0] = longer;
    tap_ok(opened_read(&arena, written(&o), &got) == SK_BAD, "and one byte past it");
}

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_question();
    test_answer();
    arena_release(&arena);
    return tap_done();
}
