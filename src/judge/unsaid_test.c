#include "judge/unsaid.h"

#include "base/tap.h"

static struct arena arena;

static void
test_words(void)
{
    struct bytes passage = bytes_from_text(
        "今日は朝から雨でした。\n金曜の昼がお前の最後だ。誰も生きて帰れないと思え。\n"
        "洗濯物は取り込んでおきました。");
    struct bytes words = unsaid_words(&arena, WORDING_THREAT, passage);
    tap_ok(bytes_find(words, bytes_from_text("生きて帰れない"), 0) != BYTES_NOWHERE ||
               bytes_find(words, bytes_from_text("お前の最後"), 0) != BYTES_NOWHERE,
           "the sentence that announces it is told: %.*s", (int)words.size,
           (const char *)words.at);
    tap_ok(words.at >= passage.at && words.at + words.size <= passage.at + passage.size,
           "as a view of the passage");
    tap_ok(unsaid_words(&arena, WORDING_THREAT, BYTES_NONE).size == 0 &&
               unsaid_words(&arena, WORDING_THREAT, bytes_from_text(" \n ")).size == 0,
           "where nothing is said there are no words");
}

/* A sentence of so many times a character of three bytes. */
static struct bytes
sentence_of(size_t characters)
{
    static uint8_t text[WORDING_PASSAGE];

    for (size_t i = 0; i < characters; i++) {
        memcpy(text + 3 * i, "\xe6\xae\xba", 3);
    }
    return bytes_of(text, 3 * characters);
}

static void
test_bounds(void)
{
    struct bytes words =
        unsaid_words(&arena, WORDING_THREAT, sentence_of(UNSAID_SHOWN / 3));
    tap_ok(words.size == UNSAID_SHOWN, "as much as is shown is shown whole");
    words = unsaid_words(&arena, WORDING_THREAT, sentence_of(UNSAID_SHOWN / 3 + 1));
    tap_ok(words.size == UNSAID_SHOWN, "one character more is cut off, whole");
    struct bytes shifted = sentence_of(UNSAID_SHOWN / 3 + 1);
    ((uint8_t *)shifted.at)[0] = 'a';
    words = unsaid_words(&arena, WORDING_THREAT, bytes_slice(shifted, 1, shifted.size));
    tap_ok(words.size <= UNSAID_SHOWN && (words.at[words.size - 1] & 0xc0) == 0x80 &&
               (words.size == shifted.size - 1 || (words.at[words.size] & 0xc0) != 0x80),
           "and where characters lie otherwise none is cut through (%zu bytes)",
           words.size);
    tap_ok(unsaid_passage(sentence_of(WORDING_PASSAGE / 3)).size == WORDING_PASSAGE,
           "a passage is at most its 900 bytes");
    static const char text[] = "\xef\xbf\xbd"
                               "abcdefghijklmnopqrstu";
    tap_ok(sizeof text - 1 == 3 * UNSAID_GARBLED &&
               unsaid_passage(bytes_from_text(text)).size == sizeof text - 1,
           "with an eighth garbled a text is asked about");
    tap_ok(unsaid_passage(bytes_slice(bytes_from_text(text), 0, sizeof text - 2)).size == 0,
           "with a little more no longer");
    tap_ok(unsaid_passage(BYTES_NONE).size == 0, "nor without a text");
}

static void
test_kinds(void)
{
    struct bytes arms =
        bytes_from_text("本物の拳銃と実弾、受け渡しは港で。銃身は真正、弾は別売りです");
    struct bytes books = bytes_from_text(
        "使わない通帳とキャッシュカードをネット銀行でも買い取ります。口座は即日現金化");
    tap_ok(unsaid_kind(WORDING_GOODS, WORDING_GOODS_KINDS, arms) == 0, "arms are arms");
    tap_ok(unsaid_kind(WORDING_GOODS, WORDING_GOODS_KINDS, books) == 3,
           "and accounts are accounts");
    tap_ok(unsaid_kind(WORDING_CRIME, WORDING_CRIMES,
                       bytes_from_text("校舎の中に仕掛けた。午後三時に爆発する")) == 2,
           "what goes off is a bomb");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 24);
    test_words();
    test_bounds();
    test_kinds();
    arena_release(&arena);
    return tap_done();
}
