#include "judge/spelling.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/utf8.h"
#include "judge/normal.h"

static struct arena arena;

static struct bytes
folded(const char *text)
{
    return spelling_fold(&arena,
                         normal_form(&arena, bytes_from_text(text), LIMIT_NORMAL_BYTES));
}

static void
alike(const char *a, const char *b, bool want, const char *name)
{
    struct bytes x = folded(a), y = folded(b);

    if (!tap_ok(bytes_equal(x, y) == want, "%s", name)) {
        printf("# %.*s\n# %.*s\n", BYTES_ARGUMENTS(x), BYTES_ARGUMENTS(y));
    }
}

static void
test_alike(void)
{
    alike("コロスゾ", "ころすぞ", true, "katakana and hiragana");
    alike("ｺｰﾋｰ", "こおひい", true, "half width, long marks");
    alike("きゃくしゃー", "キヤクシヤア", true, "small kana and a long mark");
    alike("はなぢ", "ハナジ", true, "di and ji");
    alike("覚●剤", "覚〇剤", true, "marks that censor");
    alike("V1agra", "viagra", true, "a digit among letters");
    alike("p@ypa1", "paypal", true, "signs, and a digit at the end");
    alike("fr33 m0ney", "free money", true, "two digits together");
    alike("殺す", "殺す", true, "what is plain");
    alike("ころす", "ころそ", false, "other kana");
    alike("10", "io", false, "a number alone");
    alike("a@example", "aaexampie", true, "and what must be looked at again");
    alike("安い!", "安いi", false, "an exclamation mark after Japanese");
    alike("win!", "wini", false, "an exclamation mark at the end");
    alike("ー", "ー", true, "a long mark after nothing");
}

static void
test_sizes(void)
{
    static uint8_t noise[40000];
    uint64_t state = 3;
    bool same = true;

    for (int round = 0; round < 40; round++) {
        for (size_t i = 0; i < sizeof noise; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            noise[i] = (uint8_t)(state >> 56);
        }
        struct bytes normal =
            normal_form(&arena, bytes_of(noise, sizeof noise), LIMIT_NORMAL_BYTES);
        struct bytes fold = spelling_fold(&arena, normal);
        same = same && fold.size == normal.size && utf8_valid(fold);
        struct bytes raw = spelling_fold(&arena, bytes_of(noise, 500));
        same = same && raw.size == 500;
    }
    tap_ok(same, "noise keeps its size and stays UTF-8");
    bool kept = true;
    for (uint32_t c = 0x3000; c <= 0x30ff; c++) {
        uint8_t at[UTF8_SIZE_MAX];
        size_t size = utf8_put(at, c);
        kept = kept && spelling_fold(&arena, bytes_of(at, size)).size == size;
    }
    tap_ok(kept, "all kana keep their size");
    tap_ok(spelling_fold(&arena, BYTES_NONE).size == 0, "nothing is nothing");
}

static void
test_words(void)
{
    size_t next = 0;
    struct bytes word = BYTES("覚醒剤");

    tap_ok(spelling_tells(word) && spelling_tells(BYTES("ころした")) &&
               spelling_tells(BYTES("viagra")),
           "long enough to be known");
    tap_ok(!spelling_tells(BYTES("大麻")) && !spelling_tells(BYTES("ころす")) &&
               !spelling_tells(BYTES("bomb")) && !spelling_tells(BYTES_NONE),
           "one less is not");
    tap_ok(bytes_is(spelling_censor(&arena, word, 0, &next), "○醒剤") && next == 3 &&
               bytes_is(spelling_censor(&arena, word, 3, &next), "覚○剤") && next == 6 &&
               bytes_is(spelling_censor(&arena, word, 6, &next), "覚醒○") && next == 9,
           "each character censored");
    tap_ok(spelling_censor(&arena, BYTES("大麻"), 0, &next).size == 0,
           "but not where one is left");
    tap_ok(spelling_censor(&arena, BYTES("殺します"), 0, &next).size == 0,
           "nor where no kanji is left");
    tap_ok(spelling_censor(&arena, BYTES("爆弾x"), 0, &next).size == 0,
           "nor among letters");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    test_alike();
    test_sizes();
    test_words();
    arena_release(&arena);
    return tap_done();
}
