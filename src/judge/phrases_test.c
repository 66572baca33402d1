#include "judge/phrases.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "judge/normal.h"
#include "judge/spelling.h"

static struct arena arena;
static struct phrases *phrases;

static const struct phrase_hit *
scan(struct phrases *by, struct bytes normal, size_t *count_r)
{
    struct phrase_text text = phrase_text_of(&arena, normal);

    return phrases_scan(by, &text, count_r);
}

static size_t
count_of(const char *text)
{
    size_t count;

    (void)scan(phrases, normal_form(&arena, bytes_from_text(text), LIMIT_NORMAL_BYTES),
               &count);
    return count;
}

int
main(void)
{
    static const struct phrase list[] = {{BYTES("line"), 1},     {BYTES("ライン"), 1},
                                         {BYTES("さみしい"), 2}, {BYTES("寂しい"), 2},
                                         {BYTES("寂しい"), 3},   {BYTES("。"), 4},
                                         {BYTES("。"), 4}};
    struct phrases *none;
    struct writer w;
    size_t count;

    arena_init(&arena, 1 << 28);
    tap_ok(phrases_open(&arena, NULL, 0, &none, NULL) == SK_OK &&
               scan(none, BYTES("line"), &count) == NULL && count == 0,
           "none finds nothing");
    phrases_close(none);
    if (!tap_ok(phrases_open(&arena, list, 7, &phrases, NULL) == SK_OK, "seven")) {
        return tap_done();
    }
    tap_ok(count_of("LINE de") == 1 && count_of("online") == 0 && count_of("lines") == 0,
           "letters: whole words");
    tap_ok(count_of("ラインで") == 1 && count_of("オンライン") == 0 &&
               count_of("ラインナップ") == 0,
           "katakana: not within a longer run");
    tap_ok(count_of("サミシィ") == 1 && count_of("ｻﾐｼｲ") == 1, "kana of any kind and size");
    tap_ok(count_of("とても寂しい") == 2, "one spelling with two meanings");
    const struct phrase_hit *hits = scan(phrases, BYTES("a line"), &count);
    tap_ok(count == 1 && hits[0].id == 1 && hits[0].from == 2 && hits[0].to == 6, "where");
    writer_init(&w, &arena);
    for (int i = 0; i < LIMIT_PHRASE_HITS / 2; i++) {
        writer_text(&w, "。");
    }
    (void)scan(phrases, writer_view(&w), &count);
    tap_ok(count == LIMIT_PHRASE_HITS, "%d hits", LIMIT_PHRASE_HITS);
    writer_text(&w, "。");
    (void)scan(phrases, writer_view(&w), &count);
    tap_ok(count == LIMIT_PHRASE_HITS, "one more is not counted");
    writer_clear(&w);
    for (int i = 0; i < LIMIT_STRANGER_TEXT - 4; i++) {
        writer_byte(&w, ' ');
    }
    writer_text(&w, "line");
    (void)scan(phrases, writer_view(&w), &count);
    tap_ok(count == 1, "up to the last byte that is read");
    writer_clear(&w);
    for (int i = 0; i < LIMIT_STRANGER_TEXT - 3; i++) {
        writer_byte(&w, ' ');
    }
    writer_text(&w, "line");
    (void)scan(phrases, writer_view(&w), &count);
    tap_ok(count == 0, "and not past it");
    struct bytes folded = spelling_fold(&arena, writer_view(&w));
    struct phrase_text made = phrase_text_folded(writer_view(&w), folded);
    tap_ok(made.normal.size == LIMIT_STRANGER_TEXT && made.folded.at == folded.at &&
               made.folded.size == made.normal.size,
           "a fold made before is cut as the text is");
    phrases_close(phrases);
    arena_release(&arena);
    return tap_done();
}
