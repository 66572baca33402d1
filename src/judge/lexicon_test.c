#include "judge/lexicon.h"

#include "base/limits.h"
#include "base/tap.h"
#include "judge/normal.h"
#include "judge/threat.h"
#include "judge/trade.h"

static struct arena arena;
static struct lexicon *lexicon;

static size_t
hits_of(struct lexicon *l, const char *text)
{
    size_t count;

    lexicon_scan(&arena, l, normal_form(&arena, bytes_from_text(text), LIMIT_NORMAL_BYTES),
                 &count);
    return count;
}

static void
test_tables(void)
{
    struct lexicon *l = NULL;
    struct why why = {0};

    tap_ok(lexicon_open(&arena, BYTES_NONE, BYTES_NONE, &l, &why) == SK_OK &&
               hits_of(l, "bomb") == 0,
           "no tables");
    tap_ok(lexicon_open(&arena, BYTES("term\nbomb\tbomb\tact\ten\t6\t\n"), BYTES_NONE, &l,
                        &why) == SK_CONFIG &&
               why.line == 2,
           "a weight past 5 is told with its line");
    tap_ok(lexicon_open(&arena, BYTES("term\nbomb\tbomb\tverb\ten\t5\t\n"), BYTES_NONE, &l,
                        &why) == SK_CONFIG,
           "an unknown role");
    tap_ok(lexicon_open(&arena, BYTES("term\nbomb\n"), BYTES_NONE, &l, &why) == SK_CONFIG,
           "columns missing");
    if (tap_ok(lexicon_open(
                   &arena,
                   BYTES("term\nbomb|爆弾\tbomb\tact\ten\t5\t\n殺\tmurder\tact\tja\t4\t\n"
                         "相殺\tany\tinnocent\tja\t4\tmask: "
                         "words\nテロ\tattack\tact\tja\t3\t\n"),
                   BYTES_NONE, &l, &why) == SK_OK,
               "a table")) {
        tap_ok(hits_of(l, "a bomb") == 1 && hits_of(l, "bombast abomb") == 0,
               "English: whole words");
        tap_ok(hits_of(l, "大爆弾だ") == 1, "Japanese: anywhere");
        tap_ok(hits_of(l, "爆・弾") == 1 && hits_of(l, "爆 弾") == 1,
               "through the normal form");
        tap_ok(hits_of(l, "相殺") == 1 && hits_of(l, "殺相") == 1 &&
                   hits_of(l, "相殺と殺") == 2,
               "masks");
        struct lexicon *lone = NULL;
        tap_ok(lexicon_open(&arena, BYTES_NONE, BYTES("term\n豆\tweapon\tslang\tja\t1\t\n"),
                            &lone, &why) == SK_OK &&
                   hits_of(lone, "豆を10粒") == 1 && hits_of(lone, "大豆と豆腐") == 0,
               "slang of one kanji stands alone");
        lexicon_close(lone);
        tap_ok(hits_of(l, "テロと") == 1 && hits_of(l, "ステロイド") == 0,
               "short katakana stands alone");
        lexicon_close(l);
    }
}

/* The one hit in a text: whether it is disguised; -1 without, or with several. */
static int
disguised(const char *text)
{
    size_t count;
    const struct lexicon_hit *hits = lexicon_scan(
        &arena, lexicon, normal_form(&arena, bytes_from_text(text), LIMIT_NORMAL_BYTES),
        &count);

    return count != 1 ? -1 : hits[0].disguised;
}

static void
test_disguised(void)
{
    tap_ok(disguised("覚醒剤") == 0, "as it is written");
    tap_ok(disguised("覚〇剤") == 1 && disguised("覚●剤") == 1 &&
               disguised("売る●醒剤") == 1,
           "a character censored");
    tap_ok(disguised("●醒剤") == -1 && disguised("案内\n●醒剤") == -1,
           "but a bullet is a bullet");
    tap_ok(disguised("〇醒〇") == -1, "two are not known");
    tap_ok(disguised("テレグラム") == 0 && disguised("てれぐらむ") == 1,
           "a name in hiragana");
    tap_ok(disguised("あいす") == -1, "what is short is only known as it is");
}

static void
test_bounds(void)
{
    char *text = arena_take(&arena, 5 * (LIMIT_LEXICON_HITS + 1) + 1);

    for (size_t i = 0; i <= LIMIT_LEXICON_HITS; i++) {
        memcpy(text + 5 * i, "rdx. ", 5);
    }
    tap_ok(hits_of(lexicon, text) <= LIMIT_LEXICON_HITS, "no more hits than the bound");
}

static struct threat
threat_of(const char *text)
{
    size_t count;
    struct bytes normal = normal_form(&arena, bytes_from_text(text), LIMIT_NORMAL_BYTES);
    const struct lexicon_hit *hits = lexicon_scan(&arena, lexicon, normal, &count);
    struct threat threat;

    size_t regions;
    const struct region *region = regions_read(&arena, normal, &regions);
    threat_read(&arena, threat_cues_new(&arena), normal, region, regions, &threat);
    (void)hits;
    return threat;
}

static enum lexicon_kind
trade_of(const char *text)
{
    size_t count;
    struct bytes normal = normal_form(&arena, bytes_from_text(text), LIMIT_NORMAL_BYTES);
    const struct lexicon_hit *hits = lexicon_scan(&arena, lexicon, normal, &count);
    struct trade trade;
    size_t regions;
    const struct region *region = regions_read(&arena, normal, &regions);

    trade_read(&arena, normal, hits, count, region, regions, &trade);
    return trade.kind;
}

static void
test_threats(void)
{
    static const struct {
        const char *text;
        enum threat_kind kind;
    } cases[] = {
        {"明日15時34分に市役所を爆破します。", THREAT_BOMB},
        {"明日の午後、小学校に爆弾を仕掛けました。逃げても無駄だ。", THREAT_BOMB},
        {"爆 破 予 告 し ま す 。明日、駅で爆 発 します", THREAT_BOMB},
        {"お前を必ず殺してやる。覚悟しておけ。", THREAT_MURDER},
        {"コロシマス。明日お前の学校に行く", THREAT_MURDER},
        {"I will kill your family tomorrow. You have been warned.", THREAT_MURDER},
        {"A bomb has been placed in the school. It will explode tomorrow at noon.",
         THREAT_BOMB},
        {"将棋の対局です。飛車を殺してから攻めるつもりです。", THREAT_NONE},
        {"殺菌と消毒をします。名刺と刺身をお持ちします。", THREAT_NONE},
        {"「市役所を爆破する」とのメールが届いたため、警察に相談し、臨時閉庁いたします。",
         THREAT_NONE},
        {"please kill -9 the process tomorrow", THREAT_NONE},
        {"明日の会議は15時34分からです。よろしくお願いします。", THREAT_NONE},
        {"", THREAT_NONE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct threat threat = threat_of(cases[i].text);
        tap_ok(threat.kind == cases[i].kind &&
                   (threat.kind == THREAT_NONE) == (threat.words.size == 0),
               "%s (%d, %.1f)", cases[i].text, threat.kind, threat.score);
    }
}

static void
test_quoted(void)
{
    double own = threat_of("承知した。\nお前を必ず殺してやる。覚悟しておけ。").score;
    double quoted = threat_of("承知した。\n> お前を必ず殺してやる。覚悟しておけ。").score;

    tap_ok(quoted <= own - 2.9, "quoted it weighs less: %.1f, %.1f", quoted, own);
}

static void
test_trade(void)
{
    tap_ok(trade_of("レンコン入荷しました。チャカもあります。手押し可、即日。") ==
               LEXICON_WEAPON,
           "guns in slang");
    tap_ok(trade_of("野菜とアイス入荷。手押し都内、郵送可。") == LEXICON_DRUG,
           "drugs in slang");
    tap_ok(trade_of("闇バイト募集。受け子、出し子、即日即金。") == LEXICON_FRAUD_JOB,
           "fraud jobs");
    tap_ok(trade_of("蓮根の煮物のレシピ。茨城の農家から産直、入荷しました。") ==
               LEXICON_ANY,
           "cooking");
    tap_ok(trade_of("闇バイトは犯罪です。受け子や出し子の募集に注意ください。警察署") ==
               LEXICON_ANY,
           "a police warning");
}

int
main(void)
{
    struct why why;

    arena_init(&arena, (size_t)1 << 28);
    if (lexicon_open(&arena, lexicon_threat_table(), lexicon_slang_table(), &lexicon,
                     &why) != SK_OK) {
        printf("Bail out! %s\n", why.sentence);
        return 1;
    }
    test_tables();
    test_disguised();
    test_bounds();
    test_threats();
    test_quoted();
    test_trade();
    lexicon_close(lexicon);
    arena_release(&arena);
    return tap_done();
}
