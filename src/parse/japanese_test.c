#include "parse/japanese_private.h"

#include "base/tap.h"

typedef size_t decoder(struct bytes in, uint8_t *out, size_t *errors);

struct row {
    const char *what;
    decoder *decode;
    struct bytes in;
    const char *text;
    size_t errors;
};

/* Each decoder in one of its ways. */
#define WAY(name, decode, whose, new)                                                      \
    static size_t name(struct bytes in, uint8_t *out, size_t *errors)                      \
    {                                                                                      \
        struct japanese_way way = {.carrier = (whose), .x0213 = (new)};                    \
        return decode(in, way, out, errors);                                               \
    }
WAY(JIS, japanese_from_iso_2022_jp, EMOJI_NOBODY, false)
WAY(KDDI_JIS, japanese_from_iso_2022_jp, EMOJI_KDDI, false)
WAY(SJIS, japanese_from_shift_jis, EMOJI_NOBODY, false)
WAY(SOFTBANK_SJIS, japanese_from_shift_jis, EMOJI_SOFTBANK, false)
WAY(KDDI_SJIS, japanese_from_shift_jis, EMOJI_KDDI, false)
WAY(SJIS_2004, japanese_from_shift_jis, EMOJI_NOBODY, true)
WAY(EUC, japanese_from_euc_jp, EMOJI_NOBODY, false)
WAY(EUC_2004, japanese_from_euc_jp, EMOJI_NOBODY, true)
#define LOST "\xef\xbf\xbd"

static const struct row rows[] = {
    {"JIS X 0208", JIS, BYTES("a\x1b$B$\"\x1b(Bb"), "aあb", 0},
    {"JIS C 6226-1978", JIS, BYTES("\x1b$@$\"\x1b(J"), "あ", 0},
    {"JIS X 0208-1990 with its announcement", JIS, BYTES("\x1b&@\x1b$B$\"\x1b(B"), "あ", 0},
    {"JIS X 0201 Roman", JIS, BYTES("\x1b(J\\~\x1b(B\\~"), "¥‾\\~", 0},
    {"half-width kana by escape", JIS, BYTES("\x1b(I164\x1b(B"), "ｱｶｴ", 0},
    {"half-width kana by SO", JIS,
     BYTES("\x0e"
           "16\x0f"
           "16"),
     "ｱｶ16", 0},
    {"half-width kana in 8 bits", JIS, BYTES("\xb1\x1b$B$\"\xb6\x1b(B"), "ｱあｶ", 0},
    {"JIS X 0212", JIS, BYTES("\x1b$(D0!\x1b(B"), "丂", 0},
    {"NEC row 13", JIS, BYTES("\x1b$B-!-j\x1b(B"), "①㈱", 0},
    {"NEC's copy of IBM's letters", JIS, BYTES("\x1b$By!\x1b(B"), "纊", 0},
    {"JIS X 0213 plane 1", JIS, BYTES("\x1b$(Q.!\x1b(B"), "俱", 0},
    {"JIS X 0213 plane 1, two code points", JIS, BYTES("\x1b$(O$w\x1b(B"), "か゚", 0},
    {"JIS X 0213 plane 2, past U+FFFF", JIS, BYTES("\x1b$(P!!\x1b(B"), "𠂉", 0},
    {"Latin-1 by single shift", JIS, BYTES("\x1b.Aa\x1bNia"), "aéa", 0},
    {"no return before the line end", JIS, BYTES("\x1b$B$\"\nabc"), "あ\nabc", 0},
    {"no return before CR LF", JIS, BYTES("\x1b$B$\"\r\nabc"), "あ\r\nabc", 0},
    {"a fold inside two-byte letters", JIS, BYTES("\x1b$B$\"\n$$\x1b(Bz"), "あ\nいz", 0},
    {"half a pair", JIS, BYTES("\x1b$B$\"$\x1b(Bz"), "あ" LOST "z", 1},
    {"an empty place", JIS, BYTES("\x1b$B)!\x1b(Bz"), LOST "z", 1},
    {"an unknown escape", JIS, BYTES("a\x1b[0m"), "a" LOST "[0m", 1},
    {"ESC at the end", JIS, BYTES("a\x1b"), "a" LOST, 1},
    {"a cut escape", JIS, BYTES("a\x1b$"), "a" LOST "$", 1},
    {"a blank between pairs", JIS, BYTES("\x1b$B$\" $$\x1b(B"), "あ い", 0},
    {"Chinese by ISO-2022-JP-2", JIS, BYTES("\x1b$A<rLe\x1b(B"), "简体", 0},
    {"Korean by ISO-2022-JP-2", JIS, BYTES("\x1b$(CGQ1\x5b\x1b(B"), "한글", 0},
    {"Greek by single shift", JIS, BYTES("\x1b.F\x1bNa"), "α", 0},
    {"SoftBank's web codes", JIS, BYTES("a\x1b$G!\"\x0fz"), "a\xee\x80\x81\xee\x80\x82z",
     0},
    {"a web code without its end", JIS, BYTES("\x1b$G!"), LOST "$G!", 1},
    {"KDDI's row 0x75", KDDI_JIS, BYTES("\x1b$Bu:\x1b(B"), "\xee\x92\x81", 0},
    {"row 0x75 of nobody", JIS, BYTES("\x1b$Bu:\x1b(B"), LOST, 1},
    {"KDDI's row 0x79", KDDI_JIS, BYTES("\x1b$By!\x1b(B"), "\xee\x97\x8d", 0},
    {"SoftBank's emoji for an IBM kanji", SOFTBANK_SJIS, BYTES("\xfb\x41"), "\xee\x90\x81",
     0},
    {"JIS X 0213 plane 1 in EUC-JIS-2004", EUC_2004, BYTES("\xae\xa1\xa4\xf7"), "俱か゚", 0},
    {"JIS X 0213 plane 2 in EUC-JIS-2004", EUC_2004, BYTES("\x8f\xa1\xa1"), "𠂉", 0},
    {"JIS X 0213 plane 1 in Shift_JIS-2004", SJIS_2004, BYTES("\x87\x9f\x82\xf5"), "俱か゚",
     0},
    {"JIS X 0213 plane 2 in Shift_JIS-2004", SJIS_2004, BYTES("\xf0\x40\xfc\xf4"), "𠂉𪚲",
     0},
    {"Shift_JIS", SJIS, BYTES("\x82\xa0z\x88\x9f\xb1"), "あz亜ｱ", 0},
    {"a trail that is a backslash", SJIS, BYTES("\x95\x5c\x8e\xa6"), "表示", 0},
    {"NEC row 13 in CP932", SJIS, BYTES("\x87\x40\x87\x8a"), "①㈱", 0},
    {"IBM extensions in CP932", SJIS, BYTES("\xfa\x5c\xed\x40"), "纊纊", 0},
    {"user-defined letters", SJIS, BYTES("\xf0\x40\xf9\xfc"), "\xee\x80\x80\xee\x9d\x97",
     0},
    {"Microsoft's wave dash", SJIS, BYTES("\x81\x60"), "～", 0},
    {"a lead at the end", SJIS, BYTES("a\x82"), "a" LOST, 1},
    {"a lead before a tag", SJIS, BYTES("\x82<b>"), LOST "<b>", 1},
    {"A0, FD, FF", SJIS, BYTES("\xa0\xfd\xff"), LOST LOST LOST, 3},
    {"EUC-JP", EUC, BYTES("\xa4\xa2z\x8e\xb1"), "あzｱ", 0},
    {"JIS X 0212 in EUC-JP", EUC, BYTES("\x8f\xb0\xa1"), "丂", 0},
    {"IBM extensions of eucJP-ms", EUC, BYTES("\x8f\xf3\xf3"), "ⅰ", 0},
    {"a lead before ASCII", EUC, BYTES("\xa4z"), LOST "z", 1},
    {"8F cut", EUC, BYTES("\x8f\xb0"), LOST LOST, 2},
    {"nothing", EUC, BYTES(""), "", 0},
};

static void
test_rows(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[256];
        size_t errors = 0, size = rows[i].decode(rows[i].in, out, &errors);
        struct bytes text = bytes_of(out, size);
        tap_ok(bytes_is(text, rows[i].text), "%s: text", rows[i].what);
        tap_ok(errors == rows[i].errors, "%s: %zu errors", rows[i].what, errors);
    }
}

/* No pair of bytes writes more than its room, in any state. */
static void
test_growth(void)
{
    static decoder *const decoders[] = {JIS,       KDDI_JIS,  SJIS, SOFTBANK_SJIS,
                                        KDDI_SJIS, SJIS_2004, EUC,  EUC_2004};
    static const char *const states[] = {"",        "\x1b$B",   "\x1b$(D",
                                         "\x1b$(Q", "\x1b$(P",  "\x1b(I",
                                         "\x1b$A",  "\x1b$F\"", "\x1b$(C"};
    bool fits = true;

    for (unsigned state = 0; state < 9; state++) {
        for (unsigned pair = 0; pair < 0x10000; pair++) {
            uint8_t in[8], out[64];
            size_t size = strlen(states[state]), errors = 0;
            memcpy(in, states[state], size);
            in[size] = (uint8_t)(pair >> 8);
            in[size + 1] = (uint8_t)pair;
            for (unsigned d = 0; d < sizeof decoders / sizeof *decoders; d++) {
                fits = fits && decoders[d](bytes_of(in, size + 2), out, &errors) <=
                                   (size + 2) * JAPANESE_GROWTH;
            }
        }
    }
    tap_ok(fits, "no pair of bytes grows beyond JAPANESE_GROWTH");
}

static void
test_restore(void)
{
    uint8_t out[64];
    size_t size;

    tap_ok(japanese_restore_escapes(BYTES("a $B$3$s$K$A$O(B b"), false, out, &size) &&
               bytes_is(bytes_of(out, size), "a \x1b$B$3$s$K$A$O\x1b(B b"),
           "lost ESC bytes are put back");
    tap_ok(!japanese_restore_escapes(BYTES("cost $B5 (B) and $B6 (J)"), false, out, &size),
           "money is no Japanese");
    tap_ok(!japanese_restore_escapes(BYTES("$B$3$s$K$A$O"), false, out, &size),
           "without a return nothing is restored");
    tap_ok(japanese_restore_escapes(BYTES("$B$3$s$K$A$O"), true, out, &size) &&
               bytes_is(bytes_of(out, size), "\x1b$B$3$s$K$A$O"),
           "unless a label says so");
    tap_ok(japanese_restore_escapes(BYTES("$B=EMWDLCN(B"), false, out, &size),
           "four usual kanji are Japanese");
    tap_ok(japanese_restore_escapes(BYTES("$B=EMW(B"), false, out, &size),
           "two are, where nothing else stands");
    tap_ok(!japanese_restore_escapes(BYTES("a $B=EMW(B"), false, out, &size) &&
               japanese_restore_escapes(BYTES("a $B=EMW(B"), true, out, &size),
           "two kanji are, where a label says so");
    tap_ok(!japanese_restore_escapes(BYTES("if [ $BRANCH = main ]; then (Build)"), true,
                                     out, &size),
           "a variable of a shell is no Japanese");
    tap_ok(japanese_has_escapes(BYTES("x\x1b$B")) &&
               !japanese_has_escapes(BYTES("\x1b[0m\x1b(B")),
           "escapes to Japanese are told from others");
}

static void
test_plausible(void)
{
    tap_ok(japanese_plausible(BYTES("お知らせ"), JAPANESE_OWN) >
               japanese_plausible(BYTES("縺顔衍繧峨○"), JAPANESE_OWN),
           "Japanese is more usual than its ruins");
    tap_ok(japanese_plausible(BYTES("重要"), JAPANESE_OWN) >
               japanese_plausible(BYTES("廳梫"), JAPANESE_OWN),
           "usual kanji weigh more than rare ones");
    tap_ok(japanese_plausible(BYTES("あ\xff"), JAPANESE_OWN) <
               japanese_plausible(BYTES("ああああ"), JAPANESE_OWN),
           "broken bytes weigh against it");
    tap_ok(japanese_has_kana(BYTES("会員の方へ")) && !japanese_has_kana(BYTES("重要通知")),
           "kana are seen");
}

int
main(void)
{
    test_rows();
    test_growth();
    test_restore();
    test_plausible();
    return tap_done();
}
