#include "judge/features.h"

#include "base/limits.h"
#include "base/tap.h"

static struct features features;

static void
take(struct bytes header, struct bytes text)
{
    features_clear(&features);
    features_add_header(&features, header);
    features_add_text(&features, text);
}

static bool
is_set(const struct feature_set *set)
{
    static uint8_t seen[FEATURE_COUNT];
    bool good = set->header_count <= set->count && set->count <= FEATURES_MAX;

    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < set->count; i++) {
        good = good && set->at[i] < FEATURE_COUNT && seen[set->at[i]]++ == 0;
    }
    return good;
}

static void
test_sets(void)
{
    take(BYTES(""), BYTES(""));
    tap_ok(features.grams.count == 0 && features.pairs.count == 0, "nothing gives nothing");
    take(BYTES(""), BYTES("abcd"));
    tap_ok(features.grams.count == 1 && features.pairs.count == 1,
           "four bytes: one gram, one word");
    take(BYTES(""), BYTES("abc"));
    tap_ok(features.grams.count == 0, "three bytes: no gram");
    take(BYTES(""), BYTES("aaaaaaaaaaaaaaaa"));
    tap_ok(features.grams.count == 1, "what repeats counts once");
    take(BYTES(""), BYTES("爆破"));
    tap_ok(features.grams.count == 1 && features.pairs.count == 3,
           "two kanji: a pair, two words, one bigram");
    take(BYTES("abcd"), BYTES("abcd"));
    tap_ok(features.grams.count == 2 && features.grams.header_count == 1,
           "header and text have their own");
    features_clear(&features);
    bool clear = true;
    for (size_t i = 0; i < FEATURE_COUNT / 64; i++) {
        clear = clear && features.grams.seen[i] == 0 && features.pairs.seen[i] == 0;
    }
    tap_ok(clear, "clear leaves nothing");
}

static void
test_bounds(void)
{
    static uint8_t text[LIMIT_MODEL_TEXT_BYTES + 1];
    static uint32_t before[FEATURES_MAX];
    uint64_t state = 7;

    for (size_t i = 0; i < sizeof text; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        text[i] = (uint8_t)(state >> 56);
    }
    take(bytes_of(text, sizeof text), bytes_of(text, sizeof text));
    tap_ok(is_set(&features.grams) && is_set(&features.pairs), "noise gives sets");
    take(BYTES(""), bytes_of(text, LIMIT_MODEL_TEXT_BYTES));
    size_t count = features.pairs.count;
    memcpy(before, features.pairs.at, count * sizeof *before);
    take(BYTES(""), bytes_of(text, LIMIT_MODEL_TEXT_BYTES + 1));
    tap_ok(features.pairs.count == count &&
               memcmp(before, features.pairs.at, count * sizeof *before) == 0,
           "one byte past the bound is not read");
    for (size_t cut = 0; cut < 8; cut++) {
        take(BYTES(""), bytes_of("\xf0\x9f\x98\x80\xe3\x81\x82", cut < 7 ? cut : 7));
        tap_ok(is_set(&features.grams), "cut after %zu bytes", cut);
    }
}

static struct bytes
header_bytes(const char *raw, uint8_t to[LIMIT_MODEL_HEADER_BYTES])
{
    static struct field fields[20];
    struct header header = {.fields = fields};
    struct bytes rest = bytes_from_text(raw), line;

    while (bytes_line(&rest, &line)) {
        const uint8_t *end = rest.at != NULL ? rest.at : (const uint8_t *)raw + strlen(raw);
        struct bytes whole = bytes_of(line.at, (size_t)(end - line.at));
        fields[header.field_count++] =
            (struct field){.name = bytes_slice(line, 0, bytes_find_byte(line, ':', 0)),
                           .value = bytes_from(line, bytes_find_byte(line, ':', 0) + 1),
                           .whole = whole};
    }
    return bytes_of(to, features_header_bytes(&header, to));
}

static void
test_header(void)
{
    uint8_t a[LIMIT_MODEL_HEADER_BYTES], b[LIMIT_MODEL_HEADER_BYTES];
    struct bytes x = header_bytes("From: =?ISO-2022-JP?B?GyRC?= <a@b>\nContent-Type: "
                                  "text/plain; charset=iso-2022-jp\n",
                                  a);
    struct bytes y = header_bytes(
        "From: =?UTF-8?Q?=E3=81=82?= <a@b>\nContent-Type: text/plain; charset=\"utf-8\"\n",
        b);

    tap_ok(bytes_equal(x, y), "the encoding leaves no trace");
    x = header_bytes("X-Spam-Flag: YES\nSubject: x\nARC-Seal: x\nX-Sekisho-Verdict: "
                     "x\nMIME-Version: 1.0\n",
                     a);
    tap_ok(bytes_is(x, "MIME-Version: 1.0\n"), "what others thought is left out");
    x = header_bytes("MIME-Version: 1.0\r\n", a);
    tap_ok(bytes_is(x, "MIME-Version: 1.0\n"), "CR is left out");
    x = header_bytes("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n", a);
    tap_ok(bytes_equal(x, header_bytes("MIME-Version: 1.0\nContent-Type: text/plain\n", b)),
           "text without a label is as text with one");
    tap_ok(bytes_equal(bytes_slice(x, 0, x.size),
                       bytes_from(header_bytes("To: a@b\n", b), strlen("To: a@b\n"))),
           "and so is text without MIME");
    tap_ok(
        bytes_is(header_bytes("Content-Type: image/png\n", a), "Content-Type: image/png\n"),
        "but not what is no text");
    tap_ok(header_bytes("=?=?=?=?=?=?=?=?\n", a).size > 0, "broken encoded words");
}

int
main(void)
{
    test_sets();
    test_bounds();
    test_header();
    return tap_done();
}
