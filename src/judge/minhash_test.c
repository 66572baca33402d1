#include "judge/minhash.h"

#include <math.h>
#include <time.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "judge/campaign_private.h"
#include "judge/normal.h"

static struct arena arena;

static struct minhash
sign_bytes(struct bytes text, uint64_t seed)
{
    struct own_text own = {.normal = normal_form(&arena, text, LIMIT_NORMAL_BYTES)};
    struct minhash minhash;

    own.regions = regions_read(&arena, own.normal, &own.region_count);
    minhash_read(&arena, &own, seed, &minhash);
    return minhash;
}

static struct minhash
sign(const char *text)
{
    return sign_bytes(bytes_from_text(text), 1);
}

static unsigned
like(const char *a, const char *b)
{
    struct minhash one = sign(a), other = sign(b);

    return minhash_similarity(&one, &other);
}

static void
words_are(const char *text, const char *want)
{
    static const char kinds[] = "lcnxum";
    struct writer got;
    struct word word;

    writer_init(&got, &arena);
    for (size_t at = 0; word_next(bytes_from_text(text), &at, &word);) {
        writer_format(&got, "%c:%.*s ", kinds[word.kind], (int)(word.to - word.from),
                      text + word.from);
    }
    struct bytes view = bytes_trim(writer_view(&got));
    if (!tap_ok(bytes_is(view, want), "%s", want)) {
        printf("# got %.*s\n", BYTES_ARGUMENTS(view));
    }
}

static void
test_words(void)
{
    words_are("", "");
    words_are("buy now, dear friend!", "l:buy l:now l:dear l:friend");
    words_are("合計12,000円", "c:合 c:計 n:12,000 c:円");
    words_are("2026/11/22 10:30 03-1234-5678.", "n:2026/11/22 n:10:30 n:03-1234-5678");
    words_are("id ab12f3 x9", "l:id x:ab12f3 x:x9");
    words_are("1, 2", "n:1 n:2");
    words_are("見る http://a.example/b?c=1, www.example.com。終",
              "c:見 c:る u:http://a.example/b?c=1 u:www.example.com c:終");
    words_are("a.b+c@example.co.jp. @x a@ b", "m:a.b+c@example.co.jp l:x l:a l:b");
    words_are("\xff\xe3\x81 привет\xe3", "l:привет");
}

static const char letter_one[] =
    "拝啓 "
    "山田様\nいつも当行をご利用いただき誠にありがとうございます。お客様の口座で不審な取引が"
    "検出されました。\n"
    "至急次の画面からご本人確認の手続きをお願いいたします。\nhttps://example.com/a1\n"
    "手続きが24時間以内に確認できない場合、口座の利用を停止いたします。";
static const char letter_two[] =
    "拝啓 "
    "佐藤様\nいつも当行をご利用いただき誠にありがとうございます。お客様の口座で不審な取引が"
    "検出されました。\n"
    "至急次の画面からご本人確認の手続きをお願いいたします。\nhttps://example.net/zz9?q=3\n"
    "手続きが48時間以内に確認できない場合、口座の利用を停止いたします。";
static const char letter_other[] =
    "お世話になっております。来週の打ち合わせの件ですが、会議室の都合により水曜日の午後に変"
    "更させてください。\n"
    "資料は前日までに共有フォルダーへ置いておきます。よろしくお願いいたします。";

static void
test_texts(void)
{
    static const char english[] =
        "Dear Bob, your parcel 1234567 could not be delivered today. Please pay the fee of "
        "2.99 at http://a.example/x and choose a new date for the delivery of your parcel.";
    static const char english_two[] =
        "Dear Alice, your parcel 88 could not be delivered today. Please pay the fee of "
        "1.50 at http://b.example/yy and choose a new date for the delivery of your "
        "parcel.";
    struct minhash one = sign(letter_one), other = sign_bytes(BYTES("x"), 1);

    tap_ok(like(letter_one, letter_one) == 1000, "a text is like itself");
    tap_ok(like(letter_one, letter_two) >= 800, "the same letter, other slots: %u",
           like(letter_one, letter_two));
    tap_ok(like(letter_one, letter_other) <= 100, "another letter: %u",
           like(letter_one, letter_other));
    tap_ok(like(english, english_two) >= 650, "English: %u", like(english, english_two));
    tap_ok(like(english, letter_one) <= 50, "another language");
    tap_ok(like("拝啓　山田様\nＡＢＣ銀行のお客様へ。口座を確認してください。",
                "拝啓 山田様\nabc銀行のお客様へ。口座を確認してください。") == 1000,
           "other widths are the same text");
    tap_ok(like("", letter_one) == 0 && like("", "") == 0, "no words are like nothing");
    tap_ok(one.shingle_count > 100 && other.shingle_count == 1, "shingles are counted");
    struct minhash seeded = sign_bytes(bytes_from_text(letter_one), 2);
    tap_ok(minhash_similarity(&one, &seeded) < 50, "another seed, another signature");
}

static void
test_regions(void)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, letter_one);
    writer_text(&w, "\n\n2026/11/22 山田さんは書きました:\n> 先日の件はどうなりましたか\n> "
                    "ご返事ください\n"
                    "-- \n会社の名前\n03-0000-0000\n");
    struct minhash with = sign_bytes(writer_view(&w), 1), without = sign(letter_one);
    tap_ok(minhash_similarity(&with, &without) == 1000,
           "quotations and signatures are left out");
    struct minhash none = sign("> all quoted\n> nothing else\n");
    tap_ok(none.shingle_count == 0, "nothing is the sender's own");
}

/* count words from a list of made-up ones, first the number `from`. */
static struct bytes
made(size_t from, size_t count)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = from; i < from + count; i++) {
        uint64_t x = hash_mix(i + 1);
        for (size_t k = 0; k < 6; k++) {
            writer_byte(&w, (uint8_t)('a' + x % 26));
            x /= 26;
        }
        writer_byte(&w, ' ');
    }
    return writer_view(&w);
}

/* Two texts of `size` shingles with a known share in common: over many pairs the estimate has no bias, and its spread is that of
 * 128 places. */
static void
test_estimate(size_t size, size_t common)
{
    double true_index = (double)(common - 2) / (double)(2 * size - (common - 2));
    double sum = 0, squares = 0, bound;
    enum { PAIRS = 400 };

    for (size_t i = 0; i < PAIRS; i++) {
        struct own_text a = {.normal = made(i * 100000, size)};
        struct own_text b = {.normal = made(i * 100000 + size - common, size)};
        struct minhash one, other;
        minhash_read(&arena, &a, i, &one);
        minhash_read(&arena, &b, i, &other);
        double got = minhash_similarity(&one, &other) / 1000.0 - true_index;
        sum += got;
        squares += got * got;
    }
    bound = sqrt(true_index * (1 - true_index) / MINHASH_COUNT);
    tap_ok(fabs(sum / PAIRS) < 4 * bound / sqrt(PAIRS) + 0.001,
           "%zu words, index %.3f: bias %.4f", size, true_index, sum / PAIRS);
    tap_ok(sqrt(squares / PAIRS) < 1.15 * bound, "spread %.4f, of 128 places at most %.4f",
           sqrt(squares / PAIRS), bound);
}

static void
test_bounds(void)
{
    struct writer w;

    writer_init(&w, &arena);
    while (w.size < LIMIT_CAMPAIGN_TEXT) {
        writer_format(&w, "word%c%c ", 'a' + (int)(w.size % 26),
                      'a' + (int)(w.size / 26 % 26));
    }
    struct bytes whole = bytes_slice(writer_view(&w), 0, LIMIT_CAMPAIGN_TEXT - 4);
    struct own_text at = {.normal = bytes_copy(&arena, whole)};
    writer_clear(&w);
    writer_bytes(&w, at.normal);
    writer_text(&w, " end");
    struct own_text full = {.normal = bytes_copy(&arena, writer_view(&w))};
    writer_text(&w, " past");
    struct own_text past = {.normal = writer_view(&w)};
    struct minhash a, b, c;
    minhash_read(&arena, &at, 1, &a);
    minhash_read(&arena, &full, 1, &b);
    minhash_read(&arena, &past, 1, &c);
    tap_ok(full.normal.size == LIMIT_CAMPAIGN_TEXT &&
               b.shingle_count == a.shingle_count + 1,
           "a word that ends at the bound is read");
    tap_ok(c.shingle_count == b.shingle_count && minhash_similarity(&b, &c) == 1000,
           "one past it is not");
}

static double
seconds_of(struct bytes text)
{
    struct own_text own = {.normal = text};
    struct timespec a, b;
    struct minhash minhash;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    for (int i = 0; i < 20; i++) {
        minhash_read(&arena, &own, 1, &minhash);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static void
test_linear(void)
{
    static const char *const pieces[] = {"a.", "www.", "http://a", "1,",
                                         "a@", "あ",   "\xff"};

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct writer w;
        writer_init(&w, &arena);
        while (w.size < LIMIT_CAMPAIGN_TEXT) {
            writer_text(&w, pieces[i]);
        }
        double part = seconds_of(bytes_slice(writer_view(&w), 0, w.size / 8));
        double whole = seconds_of(writer_view(&w));
        tap_ok(whole < 24 * part + 0.02, "linear: %.4f s, eight times as much %.4f s", part,
               whole);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_words();
    test_texts();
    test_regions();
    test_estimate(500, 250);
    test_estimate(500, 450);
    test_estimate(60, 40);
    test_estimate(20, 12);
    test_bounds();
    test_linear();
    arena_release(&arena);
    return tap_done();
}
