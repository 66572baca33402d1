#include "judge/normal.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/utf8.h"
#include "base/writer.h"

static struct arena arena;

static struct bytes
normal(const char *text)
{
    return normal_form(&arena, bytes_from_text(text), LIMIT_NORMAL_BYTES);
}

static void
is(const char *text, const char *want, const char *name)
{
    struct bytes got = normal(text);

    if (!tap_ok(bytes_is(got, want), "%s", name)) {
        printf("# got  %.*s\n# want %s\n", BYTES_ARGUMENTS(got), want);
    }
}

static void
test_forms(void)
{
    is("", "", "nothing");
    is("Hello  World\r\n\r\nNext", "hello world\nnext",
       "ASCII: lower case, blanks made one, lines kept");
    is("ＨＥＬＬＯ　１２３", "hello 123", "full width");
    is("ﾊﾞｸﾀﾞﾝ ｦ", "バクダン ヲ", "half width kana with sound marks");
    is("か\xe3\x82\x99き", "がき", "a combining sound mark after plain kana");
    is("Stra\xc3\x9f"
       "e \xc3\x89t\xc3\xa9",
       "strasse été", "case folding");
    is("爆\xe2\x80\x8b破\xc2\xad予\xe2\x80\xae告", "爆破予告",
       "zero width, soft hyphen, bidi control");
    is("㊙ ① Ⅳ ㌔", "秘 1 iv キロ", "compatibility characters");
    is("🅱🄾mb", "bomb", "squared letters");
    is("駅に💣を置いた", "駅に💣爆弾を置いた", "an emoji, and the word for it");
    is("💣💣", "💣爆弾💣爆弾", "each time");
    is("☆★♪〒", "☆★♪〒", "marks of Japanese writing are no emoji");
}

static void
test_gaps(void)
{
    is("爆 破 予 告", "爆破予告", "blanks between single characters");
    is("爆・破・予・告", "爆破予告", "middle dots");
    is("至 急、下 記 へ", "至急、下記へ", "a comma among blanks stays a comma");
    is("爆、破、予、告", "爆破予告", "commas between single characters");
    is("爆_破.し*ます", "爆破します", "other separators");
    is("東京 大阪 名古屋", "東京 大阪 名古屋", "words keep their blanks");
    is("ジョン・スミス", "ジョン・スミス", "a name keeps its dot");
    is("1.5 2.5 a.b", "1.5 2.5 a.b", "ASCII keeps its dots");
    is("爆....破", "爆....破", "a long gap is none");
}

static void
test_twins(void)
{
    is("p\xd0\xb0yp\xd0\xb0l", "paypal", "Cyrillic among Latin");
    is("\xd0\xb0\xd0\xbd\xd0\xbd\xd0\xb0", "\xd0\xb0\xd0\xbd\xd0\xbd\xd0\xb0",
       "Russian stays");
    is("メ一ル", "メール", "kanji one among katakana");
    is("一番", "一番", "kanji one among kanji");
    is("タヒね ﾀﾋにたい", "死ね 死にたい", "the two halves of a kanji");
    is("タヒチに行く", "タヒチに行く", "an island");
}

/* What a word of the normal form comes from. */
static void
comes_from(const char *text, const char *word, const char *want, const char *name)
{
    struct normal_map map;
    struct bytes source = bytes_from_text(text);
    struct bytes made = normal_form_mapped(&arena, source, LIMIT_NORMAL_BYTES, &map);
    struct bytes plain = normal(text);
    size_t size = strlen(word), at = 0, from, to;

    while (at + size <= made.size && memcmp(made.at + at, word, size) != 0) {
        at++;
    }
    normal_source(&map, at, at + size, &from, &to);
    struct bytes got = bytes_slice(source, from, to);
    if (!tap_ok(at + size <= made.size && bytes_equal(made, plain) && bytes_is(got, want),
                "the way back: %s", name)) {
        printf("# normal %.*s\n# got  %.*s\n# want %s\n", BYTES_ARGUMENTS(made),
               BYTES_ARGUMENTS(got), want);
    }
}

static void
test_back(void)
{
    comes_from("Hello World", "world", "World", "in step");
    comes_from("  a   Bomb here", "bomb", "Bomb", "after blanks made one");
    comes_from("今日 爆 破 予 告 です", "爆破予告", "爆 破 予 告 ",
               "closed up, with the gap before what follows");
    comes_from("ﾊﾞｸﾀﾞﾝをﾄﾄﾞｹﾙ", "トドケル", "ﾄﾄﾞｹﾙ", "half width kana to the end");
    comes_from("ﾊﾞｸﾀﾞﾝをﾄﾄﾞｹﾙ", "ダン", "ﾀﾞﾝ", "and within");
    comes_from("ＢＯＭＢだ", "bomb", "ＢＯＭＢ", "full width");
    comes_from("か\xe3\x82\x99き だ", "がき", "か\xe3\x82\x99き",
               "a mark that was composed");
    comes_from("x 爆\xe2\x80\x8b破 y", "爆破", "爆\xe2\x80\x8b破", "what is invisible");
    comes_from("㊙①だ", "秘1", "㊙①", "one for one");
    comes_from("㌔は㍿だ", "株式会社", "㍿", "one for many");
    comes_from("㌔は㍿だ", "ロ", "㌔", "a part of many");
    comes_from("㌔は㍿だ", "式会", "㍿", "the middle of many");
    comes_from("早くタヒね", "死ね", "タヒね", "two halves");
    comes_from("p\xd0\xb0yp\xd0\xb0l.", "paypal", "p\xd0\xb0yp\xd0\xb0l", "twins");
}

/* For any bytes: the same form, spans in order, within the text, and never empty where something was made. */
static void
test_back_hostile(void)
{
    static const char *const pieces[] = {"a",  "ﾊﾞ",     "\xe2\x80\x8b", " ",    "爆",
                                         "・", "㍿",     "\xcc\x81",     "\xff", "ーあ",
                                         "\n", "タヒね", "\xef\xb7\xba"};
    uint64_t state = 7;
    bool good = true;

    for (int round = 0; round < 300; round++) {
        struct normal_map map;
        struct writer text;
        writer_init(&text, &arena);
        for (int i = 0; i < 30; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            writer_text(&text, pieces[(state >> 40) % (sizeof pieces / sizeof *pieces)]);
        }
        struct bytes source = writer_view(&text);
        struct bytes made = normal_form_mapped(&arena, source, 300, &map);
        good = good && bytes_equal(made, normal_form(&arena, source, 300));
        size_t last = 0;
        for (size_t at = 0, size; at < made.size; at += size) {
            uint32_t c;
            size_t from, to;
            size = utf8_get(made, at, &c);
            normal_source(&map, at, at + size, &from, &to);
            good = good && from >= last && to > from && to <= source.size;
            last = from;
        }
    }
    tap_ok(good, "300 odd texts: the same form, and a way back in order");
}

static void
test_bounds(void)
{
    size_t size = LIMIT_NORMAL_BYTES + 100;
    char *text = arena_take(&arena, size + 1);
    struct bytes got;

    memset(text, 'a', size);
    text[LIMIT_NORMAL_BYTES] = '\0';
    got = normal(text);
    tap_ok(got.size <= LIMIT_NORMAL_BYTES && got.size >= LIMIT_NORMAL_BYTES - 8,
           "at the bound: %zu", got.size);
    text[LIMIT_NORMAL_BYTES] = 'a';
    got = normal(text);
    tap_ok(got.size <= LIMIT_NORMAL_BYTES, "one past the bound: %zu", got.size);
    got = normal_form(&arena, BYTES("爆破予告"), 7);
    tap_ok(got.size <= 7 && utf8_valid(got), "a small bound cuts between characters");
    got = normal_form(&arena, BYTES("abc"), 0);
    tap_ok(got.size == 0, "a bound of nothing");
}

static void
test_hostile(void)
{
    uint8_t bytes[70000];
    uint64_t state = 1;
    bool valid = true;

    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            bytes[i] = (uint8_t)(state >> 56);
        }
        valid = valid && utf8_valid(normal_form(&arena, bytes_of(bytes, sizeof bytes),
                                                LIMIT_NORMAL_BYTES));
    }
    tap_ok(valid, "noise becomes UTF-8");
    for (size_t i = 0; i + 3 <= sizeof bytes; i += 3) {
        memcpy(bytes + i, "\xef\xb7\xba", 3); /* U+FDFA: grows most */
    }
    tap_ok(
        utf8_valid(normal_form(&arena, bytes_of(bytes, sizeof bytes), LIMIT_NORMAL_BYTES)),
        "what grows");
    for (size_t i = 0; i + 2 <= sizeof bytes; i += 2) {
        memcpy(bytes + i, "\xcc\x81", 2);
    }
    tap_ok(
        utf8_valid(normal_form(&arena, bytes_of(bytes, sizeof bytes), LIMIT_NORMAL_BYTES)),
        "marks without end");
    tap_ok(normal_form(&arena, bytes_of("a\0b\xff", 4), 100).size == 5,
           "NUL dropped, a broken byte replaced");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    test_forms();
    test_gaps();
    test_twins();
    test_back();
    test_back_hostile();
    test_bounds();
    test_hostile();
    arena_release(&arena);
    return tap_done();
}
