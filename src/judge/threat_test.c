#include "judge/threat.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "judge/lemmas.h"
#include "judge/normal.h"
#include "judge/romaji.h"
#include "judge/threat_detail.h"
#include "judge/wording.h"

static struct arena process;
static const struct threat_cues *cues;

static struct threat
threat_of(struct arena *arena, struct bytes text, struct bytes *normal_r)
{
    struct threat threat;
    size_t count;

    *normal_r = normal_form(arena, text, LIMIT_NORMAL_BYTES);
    const struct region *regions = regions_read(arena, *normal_r, &count);
    threat_read(arena, cues, *normal_r, regions, count, &threat);
    return threat;
}

/* \n is a line end. */
static struct bytes
unescape(struct arena *arena, struct bytes text)
{
    struct writer w;

    writer_init(&w, arena);
    for (size_t i = 0; i < text.size; i++) {
        bool line = text.at[i] == '\\' && i + 1 < text.size && text.at[i + 1] == 'n';
        writer_byte(&w, line ? '\n' : text.at[i]);
        i += line;
    }
    return writer_view(&w);
}

struct score {
    unsigned threats, found, kinds, others, flagged;
};

static void
count_case(struct bytes line, struct score *score)
{
    struct arena arena;
    struct bytes rest = line, kind, lang, text, normal;

    if (!bytes_split(&rest, '\t', &kind) || !bytes_split(&rest, '\t', &lang) ||
        !bytes_split(&rest, '\t', &text)) {
        return;
    }
    arena_init(&arena, (size_t)1 << 26);
    struct threat threat = threat_of(&arena, unescape(&arena, text), &normal);
    bool is = threat.kind != THREAT_NONE;
    if (bytes_is(kind, "none")) {
        score->others++;
        score->flagged += is;
    } else {
        score->threats++;
        score->found += is;
        score->kinds += is && bytes_is(kind, threat_kind_name(threat.kind));
    }
    arena_release(&arena);
}

/* The cases as a whole: what a change of words or weights does to them must not go unseen. */
static void
test_written(void)
{
    const char *source = getenv("SEKISHO_SOURCE");
    struct score score = {0};
    char path[4096], *line = NULL;
    size_t room = 0;
    ssize_t size;

    snprintf(path, sizeof path, "%s/tests/written/threats.tsv",
             source == NULL ? "." : source);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        tap_skip("tests/written/threats.tsv is not here");
        return;
    }
    while ((size = getline(&line, &room, file)) > 0) {
        if (line[0] != '#') {
            count_case(bytes_of(line, (size_t)size - 1), &score);
        }
    }
    fclose(file);
    free(line);
    tap_ok(score.threats >= 250 && score.found * 100 >= score.threats * 90,
           "threats: %u of %u found", score.found, score.threats);
    tap_ok(score.others >= 600 && score.flagged * 100 <= score.others,
           "look-alikes: %u of %u flagged", score.flagged, score.others);
    tap_ok(score.kinds * 100 >= score.found * 90, "kinds: %u of %u", score.kinds,
           score.found);
}

static void
test_forms(void)
{
    static const struct {
        const char *text;
        size_t stem;
        enum act_form form;
    } cases[] = {
        {"殺す。", 3, FORM_DECLARED},
        {"殺します。", 3, FORM_DECLARED},
        {"殺してやる", 3, FORM_DOING},
        {"殺しに行く", 3, FORM_DOING},
        {"殺すつもりだ", 3, FORM_PLANNED},
        {"殺したい", 3, FORM_WANTED},
        {"殺した。", 3, FORM_DONE},
        {"殺された", 3, FORM_PASSIVE},
        {"殺さない", 3, FORM_NEGATED},
        {"殺しますか", 3, FORM_ASKED},
        {"殺す役の", 3, FORM_ADNOMINAL},
        {"殺すという", 3, FORM_REPORTED},
        {"殺して、", 3, FORM_JOINED},
        {"殺したら", 3, FORM_CONDITION},
        {"殺している", 3, FORM_ONGOING},
        {"殺してください", 3, FORM_ORDERED},
        {"刺", 3, FORM_OTHER},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum act_form form = form_of_verb(bytes_from_text(cases[i].text), cases[i].stem);
        tap_ok(form == cases[i].form, "%s (%d)", cases[i].text, (int)form);
    }
    tap_ok(form_of_noun(BYTES("爆破します。"), 6) == FORM_DECLARED &&
               form_of_noun(BYTES("爆破予告"), 6) == FORM_PLANNED &&
               form_of_noun(BYTES("爆破シーン"), 6) == FORM_ADNOMINAL,
           "nouns with する");
}

static void
test_padding(void)
{
    static const struct {
        const char *text;
        size_t at;
        bool noun, is;
    } cases[] = {
        {"爆破するああああ。", 6, true, true},
        {"爆破するかあああ。", 6, true, true},
        {"爆破しますぬるへ", 6, true, true},
        {"殺すxqzt。", 3, false, true},
        {"殺しますといいい!", 3, false, true},
        {"爆破する。", 6, true, false},
        {"爆破するか。", 6, true, false},
        {"爆破するなあああ", 6, true, false},
        {"爆破するらしいいい", 6, true, false},
        {"爆破するシーン", 6, true, false},
        {"爆破すると話す", 6, true, false},
        {"爆破するという", 6, true, false},
        {"殺すため。", 3, false, false},
        {"爆破された", 6, true, false},
        {"殺すぬぬぬぬぬぬぬぬぬぬぬぬ", 3, false, true},
        {"殺すぬぬぬぬぬぬぬぬぬぬぬぬぬ", 3, false, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tap_ok(act_is_padded(bytes_from_text(cases[i].text), cases[i].at, cases[i].noun) ==
                   cases[i].is,
               "%s: %s", cases[i].text, cases[i].is ? "padded" : "not padded");
    }
}

/* What stands around an announcement does not hide it, and what cites one is none. */
static void
test_around(void)
{
    static const struct {
        const char *text;
        bool is;
    } cases[] = {
        {"明日15時34分に東京駅を爆破するかあああ。必ず実行する。", true},
        {"来週、若葉小学校に行って教師を必ず殺す。<script>go()</script><img src=film.png>",
         true},
        {"必ず殺す。お前の学校に爆弾を仕掛けた。aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaa<b>bbb</b>明日爆発する。",
         true},
        {"I want to kill President Ann Example.", true},
        {"A message of that day read that \"I want to kill President Ann Example\", and it "
         "was one of "
         "many that week.",
         false},
        {"Detonate the bomb placed at the old shrine and kill priests.", true},
        {"Detonate the bomb placed at the old shrine and kill priests\", which made the "
         "country uneasy for a while.",
         false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes normal;
        struct threat threat = threat_of(&process, bytes_from_text(cases[i].text), &normal);
        tap_ok((threat.kind != THREAT_NONE) == cases[i].is, "%s (%.2f)", cases[i].text,
               threat.score);
    }
}

static void
test_romaji(void)
{
    static const char *const cases[][2] = {
        {"korosu zo", "ころすぞ"},
        {"gakkou wo bakuha suru", "がっこうをばくはする"},
        {"shinimasu", "しにます"},
        {"the build is broken", ""},
        {"kyou wo strength", ""},
        {"kyou wo sch", ""},
        {"konnichiha ki", "こんにちはき"},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes kana = romaji_read(&process, bytes_from_text(cases[i][0]));
        tap_ok(bytes_is(kana, cases[i][1]), "%s: %.*s", cases[i][0], BYTES_ARGUMENTS(kana));
    }
}

static void
test_detail(void)
{
    static const struct {
        const char *text, *target, *place, *means, *when;
        int least;
    } cases[] = {
        {"明日の15時34分に若葉市役所を爆破する。爆弾は三つ仕掛けた。", "若葉市役所",
         "若葉市役所", "爆弾", "明日の15時34分", 5},
        {"来週の月曜、青葉小学校に刃物を持って行きます。児童を無差別に刺す。", "青葉小学校",
         "青葉小学校", "刃物", "来週の月曜", 4},
        {"お前を殺す。", "お前", "", "", "", 1},
        {"今夜、首を吊って死にます。今までありがとう。", "", "", "", "今夜", 3},
        {"I have placed a bomb in your school. It will go off at 3pm today.", "school",
         "school", "bomb", "3pm today", 4},
    };
    int64_t now =
        clock_epoch(&(struct calendar){.year = 2026, .month = 11, .day = 22, .hour = 1});

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct threat_detail d;
        struct bytes normal;
        struct threat threat = threat_of(&process, bytes_from_text(cases[i].text), &normal);
        threat_detail_read(&process, cues, normal, &threat, now, 540, &d);
        int severity = threat_severity(&threat, &d, now);
        tap_ok(threat.kind != THREAT_NONE && bytes_is(d.target, cases[i].target) &&
                   bytes_is(d.place, cases[i].place) && bytes_is(d.means, cases[i].means) &&
                   bytes_is(d.when, cases[i].when) && severity >= cases[i].least,
               "%s: [%.*s] [%.*s] [%.*s] [%.*s] %d", cases[i].text,
               BYTES_ARGUMENTS(d.target), BYTES_ARGUMENTS(d.place),
               BYTES_ARGUMENTS(d.means), BYTES_ARGUMENTS(d.when), severity);
    }
}

/* A threat in the last sentence that is read, and in the one behind it. */
static void
test_bound(void)
{
    for (size_t before = LIMIT_THREAT_SENTENCES - 1; before <= LIMIT_THREAT_SENTENCES;
         before++) {
        struct arena arena;
        struct writer w;
        struct bytes normal;
        arena_init(&arena, (size_t)1 << 27);
        writer_init(&w, &arena);
        for (size_t i = 0; i < before; i++) {
            writer_text(&w, "ん。\n");
        }
        writer_text(&w, "お前の学校に爆弾を仕掛けた。明日爆発させてやる。必ず殺す。");
        bool is = threat_of(&arena, writer_view(&w), &normal).kind != THREAT_NONE;
        tap_ok(is == (before < LIMIT_THREAT_SENTENCES), "%zu sentences before: %d", before,
               is);
        arena_release(&arena);
    }
}

static void
test_cues_bound(void)
{
    struct cue_hit hits[LIMIT_THREAT_CUES];
    struct writer w;
    struct sentence s;
    size_t at = 0;

    writer_init(&w, &process);
    for (int i = 0; i < 290; i++) {
        writer_text(&w, "駅");
    }
    tap_ok(sentence_next(&process, writer_view(&w), &at, &s) &&
               threat_cues_find(cues, &s, hits) == LIMIT_THREAT_CUES,
           "no more cues than the bound");
}

static void
test_act_cues(void)
{
    static const struct {
        const char *text;
        bool is;
    } cases[] = {
        {"お前を殺す。", true},      {"コロスぞ。", true},
        {"I will bomb it.", true},   {"爆", false},
        {"今日は良い天気。", false}, {"See you at the station.", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes normal =
            normal_form(&process, bytes_from_text(cases[i].text), LIMIT_NORMAL_BYTES);
        struct sentence s;
        size_t at = 0;
        tap_ok(sentence_next(&process, normal, &at, &s) &&
                   threat_cues_act(cues, &s) == cases[i].is,
               "%s: %s", cases[i].text, cases[i].is ? "an act" : "none");
    }
}

/* Notices that name no act are told by their wording, also which crime it is. */
static void
test_unsaid(void)
{
    static const struct {
        const char *text;
        enum threat_kind kind;
    } cases[] = {
        {"今までありがとう。猫のことだけお願いします。このメールが届くころには、私はもうこ"
         "の世にいません。",
         THREAT_SUICIDE},
        {"お前の帰り道は知っている。今夜、あの橋の下がお前の最後の場所になる。",
         THREAT_MURDER},
        {"明日の昼、あの教室から出てくる者は一人もいないだろう。準備は全部終わった。",
         THREAT_ATTACK},
        {"今までありがとうございました。来月から別の学校に移りますが、猫の写真はまた送りま"
         "す。",
         THREAT_NONE},
        {"帰り道に橋の下のパン屋に寄ります。今夜のお土産は何がいいですか。", THREAT_NONE},
        {"アカウントの利用を停止しました。二十四時間以内に確認されない場合、永久に削除され"
         "ます。",
         THREAT_NONE},
        {"", THREAT_NONE},
        {" \n\n ", THREAT_NONE},
    };
    struct bytes normal;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct threat threat = threat_of(&process, bytes_from_text(cases[i].text), &normal);
        tap_ok(threat.kind == cases[i].kind &&
                   (threat.kind == THREAT_NONE) == (threat.words.size == 0),
               "%s: %d (%.2f)", cases[i].text, (int)threat.kind, threat.score);
    }
    size_t count;
    struct threat quoted;
    normal = normal_form(&process,
                         BYTES("> 明日の昼、あの教室から出てくる者は一人もいないだろう。"
                               "準備は全部終わった。\nと書いてありました。\n"),
                         LIMIT_NORMAL_BYTES);
    const struct region *regions = regions_read(&process, normal, &count);
    threat_read(&process, cues, normal, regions, count, &quoted);
    tap_ok(quoted.kind == THREAT_NONE, "what a text begins by quoting is not asked about");
}

/* Where the text begins with harmless lines beyond the passage, nothing behind is asked about without an act. */
static void
test_passage_bound(void)
{
    static const char notice[] =
        "明日の昼、あの教室から出てくる者は一人もいないだろう。準備は全部終わった。";

    for (size_t before = 0; before <= WORDING_PASSAGE; before += WORDING_PASSAGE) {
        struct writer w;
        struct bytes normal;
        writer_init(&w, &process);
        for (size_t i = 0; i < before; i += 30) {
            writer_text(&w, "本日の会議の議事録です。\n");
        }
        writer_text(&w, notice);
        struct threat threat = threat_of(&process, writer_view(&w), &normal);
        tap_ok((threat.kind != THREAT_NONE) == (before == 0), "%zu bytes before it: %d",
               before, (int)threat.kind);
    }
}

int
main(void)
{
    struct why why;

    arena_init(&process, (size_t)1 << 26);
    cues = threat_cues_new(&process);
    tap_ok(lemmas_open(LEMMAS_FOLDER, &why) == SK_OK, "a dictionary");
    test_forms();
    test_padding();
    test_around();
    test_romaji();
    test_detail();
    test_bound();
    test_cues_bound();
    test_act_cues();
    test_unsaid();
    test_passage_bound();
    test_written();
    arena_release(&process);
    return tap_done();
}
