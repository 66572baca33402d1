#include "judge/lemmas.h"

#include "base/tap.h"

static struct letters runs, others;

static void
take(struct letters *l, const char *text)
{
    letters_clear(l);
    lemmas_add(l, bytes_from_text(text));
}

/* How many runs both have. */
static size_t
shared(const char *one, const char *other)
{
    size_t both = 0;

    take(&runs, one);
    take(&others, other);
    for (size_t i = 0; i < runs.count; i++) {
        both += others.times[runs.at[i]] > 0;
    }
    return both;
}

static void
test_words(void)
{
    take(&runs, "");
    tap_ok(runs.count == 0, "no text, no runs");
    take(&runs, "行く");
    size_t one = runs.count;
    take(&runs, "行く\n行く");
    tap_ok(one > 0 && runs.count == one,
           "a line begins anew: the same line twice has no other runs");
    take(&runs, "行く");
    size_t times = runs.times[runs.at[0]];
    take(&runs, "行く\n行く\n行く");
    tap_ok(times == 1 && runs.times[runs.at[0]] == 3, "and they are counted three times");
    take(&others, " 行く  \n   \n");
    tap_ok(others.count == one,
           "blanks around a line are no words, and a line of blanks is none");
    tap_ok(shared("学校に行きます", "学校へ行った") >
               shared("学校に行きます", "学校へ書いた"),
           "a verb in another form is the same word");
    tap_ok(shared("学校に行く", "駅に行く") > shared("学校に行く", "明日に行く"),
           "a school and a station are places");
    tap_ok(shared("12時に", "34時に") == shared("12時に", "12時に"),
           "a number is as any other");
    tap_ok(shared("kill you", "kill them") > 0 &&
               shared("kill you", "love them") < shared("kill you", "kill them"),
           "English words are words");
}

/* Whatever the bytes: no more runs than there is room for, each counted. */
static void
test_bounds(void)
{
    static char text[3 * LEMMAS_LINE + 30];
    size_t size = 0;

    while (size + 3 <= LEMMAS_LINE) {
        memcpy(text + size, "殺", 3);
        size += 3;
    }
    text[size] = '\0';
    take(&runs, text);
    memcpy(text + size, "殺", 4);
    take(&others, text);
    tap_ok(runs.count > 0 && runs.count == others.count,
           "what lies beyond the most of a line is not read");
    letters_clear(&runs);
    for (unsigned i = 0; runs.count < LETTERS_MAX && i < 20000; i++) {
        /* two ideographs from U+4E00 on */
        unsigned one = 0x4e00 + i, two = 0x4e00 + i * 7 % 20000;
        char words[] = {(char)(0xe0 | one >> 12),
                        (char)(0x80 | (one >> 6 & 63)),
                        (char)(0x80 | (one & 63)),
                        (char)(0xe0 | two >> 12),
                        (char)(0x80 | (two >> 6 & 63)),
                        (char)(0x80 | (two & 63)),
                        0};
        lemmas_add(&runs, bytes_from_text(words));
        size = i;
    }
    lemmas_add(&runs, BYTES("まだ入らない言葉がここにある"));
    tap_ok(runs.count == LETTERS_MAX,
           "what finds no room is not taken (%zu lines filled it)", size);
    letters_clear(&runs);
    lemmas_add(&runs, bytes_of("\xff\xfe\x80\xe3\x81\n\xe3", 7));
    tap_ok(runs.count <= 9 * 8, "bytes that are no UTF-8 are read as some words");
}

int
main(void)
{
    struct why why;

    take(&runs, "行く");
    tap_ok(!lemmas_are_open() && runs.count == 0, "without a dictionary nothing is read");
    tap_ok(lemmas_open("/nonexistent", &why) == SK_CONFIG &&
               strstr(why.sentence, "mecab-jumandic-utf8") != NULL,
           "what is missing is named: %s", why.sentence);
    enum sk_code first = lemmas_open(LEMMAS_FOLDER, &why);
    if (!tap_ok(first == SK_OK && lemmas_open(LEMMAS_FOLDER, &why) == SK_OK,
                "a dictionary, once")) {
        return tap_done();
    }
    test_words();
    test_bounds();
    return tap_done();
}
