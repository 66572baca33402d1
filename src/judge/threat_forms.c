/* Endings of Japanese verbs: who announces says する, してやる, しに行く, つもりだ; who reports says した, される, という. */
#include "judge/threat_cues.h"

#define KANA         3  /* bytes of a kana */
#define PADDING_MOST 36 /* bytes behind an act that may be no ending */

struct ending {
    const char *text;
    enum act_form form;
};

/* Auxiliaries, looked for at the stem's end and behind up to two kana of its inflection. */
static const struct ending auxiliaries[] = {
    {"てや", FORM_DOING},
    {"でや", FORM_DOING},
    {"てあげ", FORM_DOING},
    {"であげ", FORM_DOING},
    {"てみせ", FORM_DOING},
    {"でみせ", FORM_DOING},
    {"てくる", FORM_DOING},
    {"てきます", FORM_DOING},
    {"たる", FORM_DOING},
    {"たろ", FORM_DOING},
    {"だる", FORM_DOING},
    {"に行", FORM_DOING},
    {"にい", FORM_DOING},
    {"に来", FORM_DOING},
    {"にく", FORM_DOING},
    {"に参", FORM_DOING},
    {"に向か", FORM_DOING},
    {"に伺", FORM_DOING},
    {"まく", FORM_DOING},
    {"ちゃう", FORM_DOING},
    {"ちゃい", FORM_DOING},
    {"ちまう", FORM_DOING},
    {"てもら", FORM_DOING},
    {"ていただ", FORM_DOING},
    {"て頂", FORM_DOING},
    {"てから", FORM_DOING},
    {"ていくから", FORM_DOING},
    {"ていきます", FORM_DOING},
    {"ていく。", FORM_DOING},
    {"てやん", FORM_DOING},
    {"てぼく", FORM_DOING},
    {"て僕も", FORM_DOING},
    {"て俺も", FORM_DOING},
    {"て私も", FORM_DOING},
    {"すから", FORM_DOING},
    {"るから", FORM_DOING},
    {"すぞ", FORM_DOING},
    {"るぞ", FORM_DOING},
    {"つぞ", FORM_DOING},
    {"くぞ", FORM_DOING},
    {"すで。", FORM_DOING},
    {"るで。", FORM_DOING},
    {"くで。", FORM_DOING},
    {"すけん", FORM_DOING},
    {"るけん", FORM_DOING},
    {"つけん", FORM_DOING},
    {"くけん", FORM_DOING},
    {"すばい", FORM_DOING},
    {"るばい", FORM_DOING},
    {"すさかい", FORM_DOING},
    {"るさかい", FORM_DOING},
    {"てまう", FORM_DOING},
    {"でまう", FORM_DOING},
    {"たんねん", FORM_DONE},
    {"すわ", FORM_DOING},
    {"るわ", FORM_DOING},
    {"つもり", FORM_PLANNED},
    {"予定", FORM_PLANNED},
    {"所存", FORM_PLANNED},
    {"ことにし", FORM_PLANNED},
    {"ことに決", FORM_PLANNED},
    {"ことにきめ", FORM_PLANNED},
    {"ことにな", FORM_PLANNED},
    {"しかない", FORM_PLANNED},
    {"しかありません", FORM_PLANNED},
    {"と決め", FORM_PLANNED},
    {"準備", FORM_PLANNED},
    {"運び", FORM_PLANNED},
    {"手順", FORM_PLANNED},
    {"覚悟", FORM_PLANNED},
    {"かも", FORM_PLANNED},
    {"時が来", FORM_PLANNED},
    {"てもいい", FORM_PLANNED},
    {"たい", FORM_WANTED},
    {"うと思", FORM_WANTED},
    {"うとおも", FORM_WANTED},
    {"うと考", FORM_WANTED},
    {"うと決", FORM_WANTED},
    {"れる", FORM_PASSIVE},
    {"れた", FORM_PASSIVE},
    {"れて", FORM_PASSIVE},
    {"れま", FORM_PASSIVE},
    {"れない", FORM_PASSIVE},
    {"られ", FORM_PASSIVE},
    {"ない", FORM_NEGATED},
    {"なかった", FORM_NEGATED},
    {"なければ", FORM_CONDITION},
    {"ません", FORM_NEGATED},
    {"ずに", FORM_NEGATED},
    {"ましょう", FORM_ORDERED},
    {"てくださ", FORM_ORDERED},
    {"て下さ", FORM_ORDERED},
    {"ろ", FORM_ORDERED},
    {"せよ", FORM_ORDERED},
    {"ますか", FORM_ASKED},
    {"るか", FORM_ASKED},
    {"すか", FORM_ASKED},
    {"でしょう", FORM_PLANNED},
    {"ている", FORM_ONGOING},
    {"ていま", FORM_ONGOING},
    {"でい", FORM_ONGOING},
    {"ていた", FORM_ONGOING},
    {"ており", FORM_ONGOING},
    {"てる", FORM_ONGOING},
    {"ば、", FORM_CONDITION},
    {"れば", FORM_CONDITION},
    {"せば", FORM_CONDITION},
    {"たら", FORM_CONDITION},
    {"だら", FORM_CONDITION},
    {"るなら", FORM_CONDITION},
    {"ました", FORM_DONE},
    {"てある", FORM_DONE},
    {"てあり", FORM_DONE},
    {"ておい", FORM_DONE},
    {"といた", FORM_DONE},
    {"ときま", FORM_DECLARED},
    {"とくわ", FORM_DECLARED},
    {"とくから", FORM_DECLARED},
    {"ときました", FORM_DONE},
    {"といて", FORM_DONE},
    {"済", FORM_DONE},
    {"ちゃいました", FORM_DONE},
    {"ちゃった", FORM_DONE},
    {"た。", FORM_DONE},
    {"た、", FORM_DONE},
    {"たから", FORM_DONE},
    {"たよ", FORM_DONE},
    {"たぞ", FORM_DONE},
    {"たので", FORM_DONE},
    {"たわ", FORM_DONE},
    {"た!", FORM_DONE},
    {"たけど", FORM_DONE},
    {"という", FORM_REPORTED},
    {"といった", FORM_REPORTED},
    {"との", FORM_REPORTED},
    {"と言", FORM_REPORTED},
    {"と書", FORM_REPORTED},
    {"と話", FORM_REPORTED},
    {"と述", FORM_REPORTED},
    {"と脅", FORM_REPORTED},
    {"と電話", FORM_REPORTED},
    {"らしい", FORM_REPORTED},
    {"そうだ", FORM_REPORTED},
    {"そうです", FORM_REPORTED},
    {"など", FORM_REPORTED},
    {"な。", FORM_ORDERED},
    {"な!", FORM_ORDERED},
    {"なよ", FORM_ORDERED},
    {"ないで", FORM_NEGATED},
};

/* What may stand behind a verb that ends its clause. */
static const char *const terminals[] = {
    "。",     ".",    "!",    "!!",   "、",   ",",    ")",    "w",    "から",
    "ので",   "けど", "ぞ",   "わ",   "よ",   "ね",   "んで", "んだ", "のだ",
    "のです", "のみ", "ぜ",   "さ。", "けえ", "けん", "ばい", "べ。", "っす",
    "やで",   "で。", "し、", "し。", "が、", " ",    "…",    "♪",    NULL};
static const char *const plain_kana[] = {"う", "く", "ぐ", "す", "つ",
                                         "ぬ", "ぶ", "む", "る"};

static bool
starts_at(struct bytes text, size_t at, const char *what)
{
    size_t size = strlen(what);

    return at + size <= text.size && memcmp(text.at + at, what, size) == 0;
}

static bool
terminal_at(struct bytes text, size_t at)
{
    if (at >= text.size) {
        return true;
    }
    /* Marks, and what is no letter of any kind: dashes, stars, emoji. */
    uint8_t c = text.at[at];
    if ((c < 0x80 && !ascii_letter(c) && !ascii_digit(c)) || c == 0xe2 || c >= 0xf0) {
        return true;
    }
    for (const char *const *t = terminals; *t != NULL; t++) {
        if (starts_at(text, at, *t)) {
            return true;
        }
    }
    return false;
}

static bool
plain_at(struct bytes text, size_t at)
{
    for (size_t i = 0; i < sizeof plain_kana / sizeof *plain_kana; i++) {
        if (starts_at(text, at, plain_kana[i])) {
            return true;
        }
    }
    return false;
}

static bool
hiragana_at(struct bytes text, size_t at)
{
    return at + KANA <= text.size && text.at[at] == 0xe3 &&
           (text.at[at + 1] == 0x81 ||
            (text.at[at + 1] == 0x82 && text.at[at + 2] <= 0x96));
}

static enum act_form
auxiliary_at(struct bytes text, size_t at)
{
    enum act_form form = FORM_OTHER;
    size_t longest = 0;

    for (size_t i = 0; i < sizeof auxiliaries / sizeof *auxiliaries; i++) {
        size_t size = strlen(auxiliaries[i].text);
        if (size > longest && starts_at(text, at, auxiliaries[i].text)) {
            longest = size;
            form = auxiliaries[i].form;
        }
    }
    if (form == FORM_OTHER && starts_at(text, at, "た") && at + KANA >= text.size) {
        form = FORM_DONE;
    }
    return form;
}

enum act_form
form_of_verb(struct bytes text, size_t at)
{
    at += starts_at(text, at, "する") ? KANA : 0; /* 丸焼きにする */
    for (size_t i = 0; i <= 3; i++, at += KANA) {
        enum act_form form = auxiliary_at(text, at);
        if (form != FORM_OTHER) {
            return form;
        }
        if (starts_at(text, at, "ます") && terminal_at(text, at + 2 * (size_t)KANA)) {
            return FORM_DECLARED;
        }
        if (plain_at(text, at)) {
            form = auxiliary_at(text, at + KANA);
            return form != FORM_OTHER             ? form
                   : terminal_at(text, at + KANA) ? FORM_DECLARED
                   : starts_at(text, at, "ます")  ? FORM_OTHER
                   : hiragana_at(text, at + KANA) ? FORM_OTHER
                                                  : FORM_ADNOMINAL;
        }
        if ((starts_at(text, at, "て") || starts_at(text, at, "で")) && i <= 2) {
            return FORM_JOINED;
        }
        if (i > 0 && starts_at(text, at, "、")) {
            return FORM_JOINED;
        }
        if (starts_at(text, at, "た")) {
            return FORM_ADNOMINAL;
        }
        if (!hiragana_at(text, at)) {
            break;
        }
    }
    return FORM_OTHER;
}

enum act_form
form_of_noun(struct bytes text, size_t at)
{
    static const struct ending endings[] = {
        {"を決行", FORM_PLANNED},      {"決行", FORM_PLANNED},
        {"を実行", FORM_PLANNED},      {"を敢行", FORM_PLANNED},
        {"を予告", FORM_PLANNED},      {"予告する", FORM_PLANNED},
        {"予告します", FORM_PLANNED},  {"予告。", FORM_PLANNED},
        {"予告致", FORM_PLANNED},      {"予告いた", FORM_PLANNED},
        {"を宣言", FORM_PLANNED},      {"の準備", FORM_PLANNED},
        {"の運び", FORM_PLANNED},      {"の手順", FORM_PLANNED},
        {"やります", FORM_DECLARED},   {"やる", FORM_DECLARED},
        {"を行います", FORM_DECLARED}, {"に及ぶ", FORM_DECLARED},
        {"に及びます", FORM_DECLARED}, {"配信やり", FORM_PLANNED},
        {"が起き", FORM_DECLARED},     {"が起こ", FORM_DECLARED},
        {"を起こ", FORM_DECLARED},
    };

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (starts_at(text, at, endings[i].text)) {
            return endings[i].form;
        }
    }
    if (starts_at(text, at, "予告") && at + 6 >= text.size) {
        return FORM_PLANNED;
    }
    if (starts_at(text, at, "を") || starts_at(text, at, "に")) {
        at += KANA;
    }
    if (starts_at(text, at, "致します") || starts_at(text, at, "いたします")) {
        at += starts_at(text, at, "致") ? 3 * (size_t)KANA + 0 : 5 * (size_t)KANA;
        return terminal_at(text, at) || starts_at(text, at, "す") ? FORM_DECLARED
                                                                  : FORM_OTHER;
    }
    if (starts_at(text, at, "す") || starts_at(text, at, "し") ||
        starts_at(text, at, "さ")) {
        return form_of_verb(text, at + KANA);
    }
    if (starts_at(text, at, "だ") || starts_at(text, at, "です")) {
        return FORM_DECLARED;
    }
    return starts_at(text, at, "。") || at >= text.size ? FORM_OTHER : FORM_ADNOMINAL;
}

/* Behind する or します of a noun, behind the plain form or ます of a verb; 0 where it ends otherwise. */
static size_t
declared_until(struct bytes text, size_t at, bool noun)
{
    static const char *const doing[] = {"いたし", "致し", "し", "す", NULL};

    if (noun) {
        const char *const *d = doing;
        at += starts_at(text, at, "を") ? KANA : 0;
        while (*d != NULL && !starts_at(text, at, *d)) {
            d++;
        }
        if (*d == NULL) {
            return 0;
        }
        at += strlen(*d);
    }
    for (int i = 0; i <= 2 && hiragana_at(text, at); i++, at += KANA) {
        if (starts_at(text, at, "ます")) {
            return at + 2 * (size_t)KANA;
        }
        if (plain_at(text, at)) {
            return at + KANA;
        }
    }
    return 0;
}

/* Kana, Latin letters and digits only, of which the last three may be one. */
static bool
is_padding(struct bytes rest, bool *drawn_r)
{
    size_t i = 0, same = 0;

    while (i < rest.size) {
        size_t size = rest.at[i] < 0x80 ? 1 : KANA;
        bool kana = starts_at(rest, i, "ー") || hiragana_at(rest, i);
        if (size == 1 ? !ascii_letter(rest.at[i]) && !ascii_digit(rest.at[i]) : !kana) {
            return false;
        }
        same =
            i >= size && memcmp(rest.at + i - size, rest.at + i, size) == 0 ? same + 1 : 0;
        i += size;
    }
    *drawn_r = same >= 2;
    return rest.size > 0;
}

bool
act_is_padded(struct bytes text, size_t at, bool noun)
{
    /* What goes on with the verb, and what turns it however long it is drawn. */
    static const char *const going_on[] = {
        "と",   "ため",   "こと", "の",   "もの", "まで", "まえ", "より", "よ",
        "べき", "はず",   "わけ", "ほど", "くら", "ぐら", "だ",   "ばか", "な",
        "に",   "が",     "は",   "も",   "を",   "し",   "そう", "で",   "みた",
        "らし", "まい",   "から", "けど", "けれ", "けえ", "うち", "あい", "やつ",
        "ひと", "か",     "さ",   "ぜ",   "ぞ",   "わ",   "ね",   "ん",   "っ",
        "やら", "つもり", "たび", "おそ", "すべ", "じ",   NULL};
    static const char *const turning[] = {"な",     "らし", "そう", "という",
                                          "といっ", "みた", "まい", "べき",
                                          "だろ",   "でし", NULL};
    static const char *const marks[] = {"。", ".", "!", " ", "…", NULL};
    size_t from = declared_until(text, at, noun);
    struct bytes rest = from == 0 ? BYTES_NONE : bytes_from(text, from);
    bool drawn;

    for (const char *const *m = marks; *m != NULL;) {
        bool ends = rest.size > 0 && bytes_ends(rest, bytes_from_text(*m));
        rest = ends ? bytes_slice(rest, 0, rest.size - strlen(*m)) : rest;
        m = ends ? marks : m + 1;
    }
    if (rest.size > PADDING_MOST || !is_padding(rest, &drawn)) {
        return false;
    }
    for (const char *const *e = drawn ? turning : going_on; *e != NULL; e++) {
        if (starts_at(rest, 0, *e)) {
            return false;
        }
    }
    return true;
}

enum act_form
form_of_end(struct bytes text)
{
    static const struct ending endings[] = {
        {"てやる", FORM_DOING},      {"てやります", FORM_DOING},
        {"でやる", FORM_DOING},      {"しかない", FORM_PLANNED},
        {"つもり", FORM_PLANNED},    {"つもりです", FORM_PLANNED},
        {"つもりだ", FORM_PLANNED},  {"予定", FORM_PLANNED},
        {"予定です", FORM_PLANNED},  {"ください", FORM_ORDERED},
        {"下さい", FORM_ORDERED},    {"ましょう", FORM_ORDERED},
        {"しろ", FORM_ORDERED},      {"せよ", FORM_ORDERED},
        {"ないで", FORM_ORDERED},    {"か", FORM_ASKED},
        {"の?", FORM_ASKED},         {"ません", FORM_NEGATED},
        {"ない", FORM_NEGATED},      {"ます", FORM_DECLARED},
        {"ました", FORM_DONE},       {"った", FORM_DONE},
        {"いた", FORM_DONE},         {"した", FORM_DONE},
        {"れた", FORM_PASSIVE},      {"んだ", FORM_DONE},
        {"らしい", FORM_REPORTED},   {"そうだ", FORM_REPORTED},
        {"そうです", FORM_REPORTED}, {"という", FORM_REPORTED},
        {"とのこと", FORM_REPORTED}, {"ようです", FORM_REPORTED},
        {"てある", FORM_DONE},       {"ている", FORM_ONGOING},
        {"ています", FORM_ONGOING},  {"たい", FORM_WANTED},
        {"よう", FORM_ORDERED},
    };
    static const char *const tails[] = {"。", ".",    "!",  "w",  " ",  "から",
                                        "ぞ", "わ",   "よ", "ね", "な", "けど",
                                        "…",  "ので", ")",  "」", NULL};
    enum act_form form = FORM_OTHER;
    size_t longest = 0;

    for (const char *const *t = tails; *t != NULL;) {
        struct bytes tail = bytes_from_text(*t);
        if (text.size > tail.size && bytes_ends(text, tail) &&
            !bytes_ends(text, BYTES("ください"))) {
            text = bytes_slice(text, 0, text.size - tail.size);
            t = tails;
        } else {
            t++;
        }
    }
    if (bytes_ends(text, BYTES("?"))) {
        return FORM_ASKED;
    }
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        struct bytes ending = bytes_from_text(endings[i].text);
        if (ending.size > longest && bytes_ends(text, ending)) {
            longest = ending.size;
            form = endings[i].form;
        }
    }
    return form == FORM_OTHER && text.size >= KANA && plain_at(text, text.size - KANA)
               ? FORM_DECLARED
               : form;
}
