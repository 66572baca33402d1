#include "judge/wording.h"

#include "base/tap.h"
#include "judge/lemmas.h"

static uint8_t long_text[WORDING_MOST + 10];

static void
test_passages(void)
{
    static uint8_t text[9000];

    for (size_t i = 0; i < sizeof text; i += 3) {
        memcpy(text + i, "\xe3\x81\x82", 3);
    }
    struct bytes all = bytes_of(text, sizeof text);
    struct bytes passage = wording_passage(all, 4500, 4530);
    tap_ok(passage.size <= WORDING_PASSAGE && passage.size > WORDING_PASSAGE - 6 &&
               passage.at[0] == 0xe3 && passage.at < all.at + 4500 &&
               passage.at + passage.size > all.at + 4530,
           "a passage lies around its place, whole characters (%zu bytes)", passage.size);
    passage = wording_passage(all, 0, 3);
    tap_ok(passage.at == all.at && passage.size > WORDING_PASSAGE - 6, "at the beginning");
    passage = wording_passage(all, sizeof text - 3, sizeof text);
    tap_ok(passage.at + passage.size == all.at + all.size &&
               passage.size >= WORDING_PASSAGE / 2 - 3,
           "at the end");
    passage = wording_passage(all, 300, 6000);
    tap_ok(passage.at == all.at + 300 && passage.size <= WORDING_PASSAGE,
           "what is longer is cut");
    passage = wording_passage(bytes_of(text, 30), 3, 9);
    tap_ok(passage.at == text && passage.size == 30, "a short text is its own passage");
    tap_ok(wording_passage(BYTES_NONE, 0, 0).size == 0, "no text");
}

/* How far the wording tells two passages apart; each has the words of the other. */
static double
apart(enum wording_concern concern, const char *one, const char *other)
{
    return wording_logit(concern, bytes_from_text(one)) -
           wording_logit(concern, bytes_from_text(other));
}

static void
test_logits(void)
{
    tap_ok(wording_logit(WORDING_THREAT, BYTES_NONE) == 0, "no passage says nothing");
    tap_ok(apart(WORDING_THREAT, "明日あの駅で人を刺すつもりだ。もう包丁は鞄に入れた",
                 "駅で人が刺されたというニュースを見た。包丁を持った男は逮捕されたそうだ") >
               1,
           "who announces is told from who reports");
    tap_ok(apart(WORDING_THREAT,
                 "i will bring a gun tomorrow and kill everyone in the office",
                 "in the film he brings a gun to the office and kills everyone") > 1,
           "in English too");
    tap_ok(apart(WORDING_TRADE,
                 "アイス入ってます 手押しのみ 冷やかし無用 シグナルで連絡ください",
                 "アイスの詰め合わせです 冷凍でお届けします 賞味期限は袋をご覧ください") >
               1,
           "who offers in slang is told from who sells sweets");
    tap_ok(apart(WORDING_LURE,
                 "突然のメールごめんなさい。一人で寂しくて、話し相手になってくれませんか？"
                 "よかったらラインのidを送りますね",
                 "お父さんの薬、薬局で受け取りました。ごはんは冷蔵庫です。駅に着いたらライ"
                 "ンで教えて、迎えに行きます") > 1,
           "who lures is told from who writes to the family");
    tap_ok(
        apart(WORDING_LURE,
              "hello dear, i saw your profile and feel you are a good person. please write "
              "me on whatsapp so we can know each other",
              "hi mum, the flight landed an hour late. i will write on whatsapp when we "
              "are at the hotel") > 1,
        "in English too");
    size_t size = sizeof long_text;
    memset(long_text, 'a', size);
    memcpy(long_text + WORDING_MOST, "xyz", 3);
    double beyond = wording_logit(WORDING_LURE, bytes_of(long_text, WORDING_MOST + 3));
    tap_ok(beyond == wording_logit(WORDING_LURE, bytes_of(long_text, WORDING_MOST)),
           "what lies beyond the most that is read says nothing");
    tap_ok(wording_logit(WORDING_LURE, bytes_of(long_text, WORDING_MOST - 1)) !=
               wording_logit(WORDING_LURE, bytes_of(long_text + 4, WORDING_MOST - 1)),
           "and the last byte before it does");
    double first = wording_logit(WORDING_THREAT, bytes_from_text("明日あの駅で人を刺す"));
    double other = wording_logit(WORDING_THREAT, bytes_from_text("明日あの店で人に会う"));
    tap_ok(other != first &&
               wording_logit(WORDING_THREAT, bytes_from_text("明日あの駅で人を刺す")) ==
                   first &&
               wording_logit(WORDING_THREAT, BYTES_NONE) == 0 &&
               wording_logit(WORDING_THREAT, bytes_from_text("明日あの駅で人を刺す")) ==
                   first,
           "the same passage gives the same answer each time, whatever was asked between");
}

static double
whole(enum wording_concern concern, const char *passage, double beside)
{
    return wording_whole(concern, bytes_from_text(passage), beside);
}

static void
test_words(void)
{
    static const char announced[] = "明日あの駅で人を刺すつもりだ。もう包丁は鞄に入れた";
    static const char reported[] =
        "駅で人が刺されたというニュースを見た。包丁を持った男は逮捕されたそうだ";
    double letters = wording_logit(WORDING_THREAT, bytes_from_text(announced));
    struct why why;

    tap_ok(whole(WORDING_THREAT, announced, 0) == letters &&
               wording_unwanted(bytes_from_text(announced)) == 0,
           "without a dictionary letters speak alone");
    if (!tap_ok(lemmas_open(LEMMAS_FOLDER, &why) == SK_OK, "a dictionary")) {
        return;
    }
    double beside = WORDING_DOUBT - letters;
    tap_ok(whole(WORDING_THREAT, announced, beside) != letters &&
               whole(WORDING_THREAT, announced, beside - 0.01) == letters,
           "words are asked from the bound of doubt on, and not below it");
    tap_ok(whole(WORDING_THREAT, announced, 0) - letters >
               1 + whole(WORDING_THREAT, reported, 9) -
                   wording_logit(WORDING_THREAT, bytes_from_text(reported)),
           "words tell who announces from who reports, too");
    tap_ok(wording_whole(WORDING_THREAT, BYTES_NONE, 9) == 0 &&
               wording_unwanted(BYTES_NONE) == 0,
           "no passage says nothing");
    tap_ok(
        wording_unwanted(bytes_from_text(
            "必ず儲かる副業をご紹介します。今すぐ下記よりご登録ください。先着30名様限定")) >
            1 + wording_unwanted(bytes_from_text(
                    "昨日は遅くまでありがとう。傘を忘れていったので、次の練習に持って"
                    "いきます")),
        "an advertisement is told from a friend's letter");
}

int
main(void)
{
    test_passages();
    test_logits();
    test_words();
    return tap_done();
}
