#include "judge/romaji.h"

#include "base/scan.h"
#include "base/writer.h"

/* A consonant and its kana with a, i, u, e, o. */
static const struct {
    const char *consonant, *kana[5];
} columns[] = {
    {"", {"あ", "い", "う", "え", "お"}},
    {"k", {"か", "き", "く", "け", "こ"}},
    {"s", {"さ", "し", "す", "せ", "そ"}},
    {"t", {"た", "ち", "つ", "て", "と"}},
    {"n", {"な", "に", "ぬ", "ね", "の"}},
    {"h", {"は", "ひ", "ふ", "へ", "ほ"}},
    {"m", {"ま", "み", "む", "め", "も"}},
    {"y", {"や", NULL, "ゆ", NULL, "よ"}},
    {"r", {"ら", "り", "る", "れ", "ろ"}},
    {"w", {"わ", NULL, NULL, NULL, "を"}},
    {"g", {"が", "ぎ", "ぐ", "げ", "ご"}},
    {"z", {"ざ", "じ", "ず", "ぜ", "ぞ"}},
    {"d", {"だ", "ぢ", "づ", "で", "ど"}},
    {"b", {"ば", "び", "ぶ", "べ", "ぼ"}},
    {"p", {"ぱ", "ぴ", "ぷ", "ぺ", "ぽ"}},
    {"sh", {"しゃ", "し", "しゅ", "しぇ", "しょ"}},
    {"ch", {"ちゃ", "ち", "ちゅ", "ちぇ", "ちょ"}},
    {"j", {"じゃ", "じ", "じゅ", "じぇ", "じょ"}},
    {"ts", {NULL, NULL, "つ", NULL, NULL}},
    {"f", {NULL, NULL, "ふ", NULL, NULL}},
    {"ky", {"きゃ", NULL, "きゅ", NULL, "きょ"}},
    {"sy", {"しゃ", NULL, "しゅ", NULL, "しょ"}},
    {"ty", {"ちゃ", NULL, "ちゅ", NULL, "ちょ"}},
    {"ny", {"にゃ", NULL, "にゅ", NULL, "にょ"}},
    {"hy", {"ひゃ", NULL, "ひゅ", NULL, "ひょ"}},
    {"my", {"みゃ", NULL, "みゅ", NULL, "みょ"}},
    {"ry", {"りゃ", NULL, "りゅ", NULL, "りょ"}},
    {"gy", {"ぎゃ", NULL, "ぎゅ", NULL, "ぎょ"}},
    {"zy", {"じゃ", NULL, "じゅ", NULL, "じょ"}},
    {"jy", {"じゃ", NULL, "じゅ", NULL, "じょ"}},
    {"by", {"びゃ", NULL, "びゅ", NULL, "びょ"}},
    {"py", {"ぴゃ", NULL, "ぴゅ", NULL, "ぴょ"}},
};

static int
vowel(uint8_t c)
{
    const char *at = c == 0 ? NULL : strchr("aiueo", c);

    return at == NULL ? -1 : (int)(at - "aiueo");
}

/* One syllable at the beginning; how many letters it took, 0 if none stands there. */
static size_t
syllable(struct bytes word, struct writer *w)
{
    size_t consonants = 0;

    while (consonants < word.size && consonants < 3 && vowel(word.at[consonants]) < 0) {
        consonants++;
    }
    if (word.size > 1 && word.at[0] == word.at[1] && vowel(word.at[0]) < 0 &&
        word.at[0] != 'n') {
        writer_text(w, "っ");
        return 1;
    }
    if (word.at[0] == 'n' &&
        (word.size == 1 || (vowel(word.at[1]) < 0 && word.at[1] != 'y'))) {
        writer_text(w, "ん");
        return word.size > 1 && word.at[1] == 'n' &&
                       (word.size == 2 || vowel(word.at[2]) < 0)
                   ? 2
                   : 1;
    }
    if (consonants == word.size || vowel(word.at[consonants]) < 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const char *kana = columns[i].kana[vowel(word.at[consonants])];
        if (kana != NULL &&
            bytes_is(bytes_slice(word, 0, consonants), columns[i].consonant)) {
            writer_text(w, kana);
            return consonants + 1;
        }
    }
    return 0;
}

static bool
is_particle(struct bytes word)
{
    static const char *const particles[] = {"wo", "wa",   "ga", "ni", "no",
                                            "de", "kara", "zo", NULL};

    for (const char *const *p = particles; *p != NULL; p++) {
        if (bytes_is(word, *p)) {
            return true;
        }
    }
    return false;
}

/* Whether a look at the letters tells that it is none: no syllable has l, q, v or x, and a word ends with a vowel or n.
 * English seldom comes further than its first words. */
static bool
is_other(struct bytes text)
{
    uint8_t last = 0;

    for (size_t i = 0; i + SCAN_SIZE <= text.size; i += SCAN_SIZE) {
        scan_block block = scan_load(text.at + i);
        if (scan_any(scan_is(block, 'l') | scan_is(block, 'q') | scan_is(block, 'v') |
                     scan_is(block, 'x'))) {
            return true;
        }
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.at[i];
        if (ascii_letter(c)) {
            if (c == 'l' || c == 'q' || c == 'v' || c == 'x') {
                return true;
            }
        } else if (c >= 0x80 || (ascii_letter(last) && last != 'n' && vowel(last) < 0)) {
            return true;
        }
        last = c;
    }
    return ascii_letter(last) && last != 'n' && vowel(last) < 0;
}

struct bytes
romaji_read(struct arena *arena, struct bytes text)
{
    struct writer w;
    bool particle = false;
    int words = 0;

    if (is_other(text)) {
        return BYTES_NONE;
    }
    writer_init(&w, arena);
    for (size_t i = 0; i < text.size;) {
        size_t end = i;
        if (text.at[i] >= 0x80) {
            return BYTES_NONE;
        }
        if (!ascii_letter(text.at[i])) {
            if (text.at[i] != ' ') {
                writer_byte(&w, text.at[i]);
            }
            i++;
            continue;
        }
        while (end < text.size && ascii_letter(text.at[end])) {
            end++;
        }
        struct bytes word = bytes_slice(text, i, end);
        particle = particle || is_particle(word);
        words++;
        while (word.size > 0) {
            size_t took = syllable(word, &w);
            if (took == 0) {
                return BYTES_NONE;
            }
            word = bytes_from(word, took);
        }
        i = end;
    }
    return words >= 3 || particle || (words > 0 && text.size >= 8) ? writer_view(&w)
                                                                   : BYTES_NONE;
}
