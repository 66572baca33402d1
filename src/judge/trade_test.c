#include "judge/trade.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "judge/lemmas.h"
#include "judge/normal.h"
#include "judge/trade_price.h"

static struct arena arena;
static struct lexicon *lexicon;

static struct trade
trade_of(struct bytes text)
{
    size_t count, regions;
    struct bytes normal = normal_form(&arena, text, LIMIT_NORMAL_BYTES);
    const struct lexicon_hit *hits = lexicon_scan(&arena, lexicon, normal, &count);
    const struct region *region = regions_read(&arena, normal, &regions);
    struct trade trade;

    trade_read(&arena, normal, hits, count, region, regions, &trade);
    return trade;
}

/* The written texts: half, class, kind, lang, text. */
struct part {
    int trade, found, right_kind, innocent, flagged;
};

static struct bytes
unescaped(struct bytes text)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < text.size; i++) {
        bool line = text.at[i] == '\\' && i + 1 < text.size && text.at[i + 1] == 'n';
        writer_byte(&w, line ? '\n' : (char)text.at[i]);
        i += line;
    }
    return writer_view(&w);
}

static void
read_case(struct bytes line, struct part *dev, struct part *held)
{
    struct bytes column[5] = {0}, rest = line;
    const char *tell = getenv("TRADE_TELL"); /* "dev" prints what goes wrong there */

    for (size_t i = 0; i < 5; i++) {
        if (!bytes_split(&rest, '\t', &column[i])) {
            tap_ok(false, "a case has five columns");
            return;
        }
    }
    struct part *part = bytes_is(column[0], "dev") ? dev : held;
    struct trade trade = trade_of(unescaped(column[4]));
    bool is = trade.kind != LEXICON_ANY, should = bytes_is(column[1], "trade");
    part->trade += should;
    part->innocent += !should;
    part->found += should && is;
    part->flagged += !should && is;
    part->right_kind += should && is && bytes_is(column[2], lexicon_kind_name(trade.kind));
    if (tell != NULL &&
        (strcmp(tell, "all") == 0 || (is != should && bytes_is(column[0], tell)))) {
        printf("# %.1f %.*s [%.*s]\n", trade.score, (int)line.size, line.at,
               (int)trade.words.size, trade.words.at);
    }
}

static void
tell_part(const char *name, const struct part *p)
{
    tap_ok(p->trade >= 100 && p->found * 10 >= p->trade * 9, "%s: %d of %d offers found",
           name, p->found, p->trade);
    tap_ok(p->right_kind * 10 >= p->found * 8, "%s: %d of them with the kind", name,
           p->right_kind);
    tap_ok(p->innocent >= 250 && p->flagged * 50 <= p->innocent,
           "%s: %d of %d innocent texts flagged", name, p->flagged, p->innocent);
}

static void
test_written(void)
{
    const char *root = getenv("SEKISHO_SOURCE");
    struct writer path;
    struct part dev = {0}, held = {0};
    static char line[8192];

    writer_init(&path, &arena);
    writer_text(&path, root == NULL ? "." : root);
    writer_text(&path, "/tests/written/slang.tsv");
    FILE *file = fopen(writer_c(&path), "re");
    if (file == NULL) {
        tap_skip("tests/written/slang.tsv is not there");
        return;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        struct bytes text = bytes_trim(bytes_from_text(line));
        if (text.size > 0 && text.at[0] != '#') {
            read_case(text, &dev, &held);
        }
    }
    fclose(file);
    tell_part("dev", &dev);
    tell_part("held", &held);
}

static bool
prices_are(const char *text, size_t count, enum trade_price_kind first)
{
    struct trade_price list[8];
    size_t found = trade_prices(normal_form(&arena, bytes_from_text(text), 4096), list, 8);

    return found == count && (count == 0 || list[0].what == first);
}

static void
test_prices(void)
{
    static const struct {
        const char *text;
        size_t count;
        enum trade_price_kind first;
    } cases[] = {
        {"0.5g 2.5万", 1, TRADE_PRICE_GRAM},
        {"１ｇ６０００円", 1, TRADE_PRICE_GRAM},
        {"1g 60", 1, TRADE_PRICE_GRAM},
        {"$60 a g", 1, TRADE_PRICE_GRAM},
        {"60 a gram", 1, TRADE_PRICE_GRAM},
        {"1手 2.5", 1, TRADE_PRICE_GRAM},
        {"グラム2500円", 1, TRADE_PRICE_GRAM},
        {"0.3 1.5万", 1, TRADE_PRICE_GRAM},
        {"100g 298円", 1, TRADE_PRICE_FOOD},
        {"5kg箱で3000円", 1, TRADE_PRICE_SOME},
        {"10kg 5500円", 1, TRADE_PRICE_FOOD},
        {"サフラン1g 1200円", 1, TRADE_PRICE_SOME},
        {"10錠で1万2千円", 1, TRADE_PRICE_UNIT},
        {"日給5万", 1, TRADE_PRICE_REWARD},
        {"日給9千円", 1, TRADE_PRICE_SOME},
        {"$300 a day", 1, TRADE_PRICE_REWARD},
        {"日給29,999円", 1, TRADE_PRICE_SOME},
        {"日給30,000円", 1, TRADE_PRICE_REWARD},
        {"1g 1499円", 1, TRADE_PRICE_SOME},
        {"1g 1500円", 1, TRADE_PRICE_GRAM},
        {"2022年11月22日15時34分", 0, TRADE_PRICE_SOME},
        {"200g の豆を2時間", 0, TRADE_PRICE_SOME},
        {"", 0, TRADE_PRICE_SOME},
        {"9", 0, TRADE_PRICE_SOME},
        {"g1", 0, TRADE_PRICE_SOME},
        {"999999999999999999999999円", 1, TRADE_PRICE_SOME},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tap_ok(prices_are(cases[i].text, cases[i].count, cases[i].first), "price: %s",
               cases[i].text);
    }
    static char many[4 * (LIMIT_TRADE_PRICES + 1) + 1];
    static struct trade_price list[LIMIT_TRADE_PRICES + 2];
    for (size_t i = 0; i <= LIMIT_TRADE_PRICES; i++) {
        memcpy(many + 4 * i, "$10 ", 4);
    }
    struct bytes all = bytes_from_text(many);
    tap_ok(trade_prices(bytes_slice(all, 0, 4 * LIMIT_TRADE_PRICES), list,
                        LIMIT_TRADE_PRICES) == LIMIT_TRADE_PRICES &&
               trade_prices(all, list, LIMIT_TRADE_PRICES) == LIMIT_TRADE_PRICES &&
               trade_prices(all, list, LIMIT_TRADE_PRICES + 2) == LIMIT_TRADE_PRICES + 1,
           "prices at the bound, and one past it");
}

/* The unknown words of a text, with blanks between. */
static const char *
unknown_of(const char *text)
{
    size_t count, regions;
    struct bytes normal = normal_form(&arena, bytes_from_text(text), LIMIT_NORMAL_BYTES);
    const struct lexicon_hit *hits = lexicon_scan(&arena, lexicon, normal, &count);
    const struct region *region = regions_read(&arena, normal, &regions);
    struct bytes words[LIMIT_TRADE_UNKNOWN];
    struct writer w;

    size_t found = trade_unknown(&arena, normal, hits, count, region, regions, words,
                                 LIMIT_TRADE_UNKNOWN);
    writer_init(&w, &arena);
    for (size_t i = 0; i < found; i++) {
        writer_text(&w, i > 0 ? " " : "");
        writer_bytes(&w, words[i]);
    }
    return writer_c(&w);
}

static void
test_unknown(void)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"ドラゴン水入荷しました。1g 2.5万、手押し都内、詳細はテレグラムまで。",
         "ドラゴン水"},
        {"竜水 1手1万 手押し新宿 シグナルで", "竜水"},
        {"blorp 60 a g, meet up downtown only, hmu on signal", "blorp"},
        {"アイス 1手1万 手押し新宿 シグナルで", ""},
        {"ドラゴン水入荷しました。1本250円、店頭でどうぞ。", ""},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *words = unknown_of(cases[i].text);
        tap_ok(strcmp(words, cases[i].words) == 0, "unknown: %s [%s]", cases[i].text,
               words);
    }
    const char *four =
        unknown_of("甲甲 1手1万、乙乙 1手1万、丙丙 1手1万、丁丁 1手1万 手押し都内 テレ");
    tap_ok(strcmp(four, "甲甲 乙乙 丙丙") == 0, "no more than the bound: %s", four);
}

/* A text of nothing but offers costs no more than its size. */
/* Offers that no word of the tables names are told by their wording, also what they offer; quoted ones are not asked about. */
static void
test_unsaid(void)
{
    static const struct {
        const char *text;
        enum lexicon_kind kind;
    } cases[] = {
        {"いつもの、しゃりっとしたやつ。三つから。川の向こうまで行ける。分かる人だけ返事",
         LEXICON_DRUG},
        {"使ってない口座、まとめて引き取ります。暗証とセットで一つ八万、当日お渡し。学生さ"
         "ん"
         "も大丈夫",
         LEXICON_ACCOUNT_TRADE},
        {"いつもの市場で三つ買って、川の向こうの店まで持って行きました。返事が遅くなってす"
         "みま"
         "せん",
         LEXICON_ANY},
        {"使っていない口座をまとめて解約しました。暗証番号は母が覚えていました",
         LEXICON_ANY},
        {"", LEXICON_ANY},
        {" \n ", LEXICON_ANY},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trade trade = trade_of(bytes_from_text(cases[i].text));
        tap_ok(trade.kind == cases[i].kind &&
                   (trade.kind == LEXICON_ANY) == (trade.words.size == 0),
               "%s: %d (%.2f, %.*s)", cases[i].text, (int)trade.kind, trade.score,
               (int)trade.words.size, trade.words.at);
    }
}

static void
test_long(void)
{
    struct writer w;

    writer_init(&w, &arena);
    while (w.size < LIMIT_NORMAL_BYTES) {
        writer_text(&w, "アイス1g3万 手押し都内 テレ ");
    }
    struct trade trade = trade_of(writer_view(&w));
    tap_ok(trade.kind == LEXICON_DRUG && trade.words.size > 0, "a long text");
    tap_ok(trade_of(BYTES_NONE).kind == LEXICON_ANY && trade_of(BYTES_NONE).score == 0,
           "no text");
    double own = trade_of(BYTES("アイス1g3万 手押し都内 テレ")).score,
           spoken = trade_of(BYTES("「アイス1g3万 手押し都内 テレ」と書かれていた")).score;
    tap_ok(spoken < own - 2, "what is quoted weighs less: %.1f, %.1f", spoken, own);
}

int
main(void)
{
    struct why why;

    arena_init(&arena, (size_t)1 << 30);
    tap_ok(lemmas_open(LEMMAS_FOLDER, &why) == SK_OK, "a dictionary");
    if (lexicon_open(&arena, lexicon_threat_table(), lexicon_slang_table(), &lexicon,
                     &why) != SK_OK) {
        printf("Bail out! %s (%zu)\n", why.sentence, (size_t)why.line);
        return 1;
    }
    test_written();
    test_prices();
    test_unknown();
    test_unsaid();
    test_long();
    lexicon_close(lexicon);
    arena_release(&arena);
    return tap_done();
}
