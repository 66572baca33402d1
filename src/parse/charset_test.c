#include "parse/charset.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/tap.h"

static struct arena arena;

/* One sentence as mail has carried it: every Japanese encoding, rightly labelled, wrongly and not at all. */
#define SENTENCE "お世話になっております。緊急のお知らせです。"
#define BODY_JIS "\x1b$B$*@$OC$K$J$C$F$*$j$^$9!#6[5^$N$*CN$i$;$G$9!#\x1b(B"
#define BODY_SJIS                                                                          \
    "\x82\xa8\x90\xa2\x98\x62\x82\xc9\x82\xc8\x82\xc1\x82\xc4\x82\xa8\x82\xe8\x82\xdc\x82" \
    "\xb7\x81\x42\x8b\xd9\x8b\x7d\x82\xcc\x82\xa8"                                         \
    "\x92\x6d\x82\xe7\x82\xb9\x82\xc5\x82\xb7\x81\x42"
#define BODY_EUC                                                                           \
    "\xa4\xaa\xc0\xa4\xcf\xc3\xa4\xcb\xa4\xca\xa4\xc3\xa4\xc6\xa4\xaa\xa4\xea\xa4\xde\xa4" \
    "\xb9\xa1\xa3\xb6\xdb\xb5\xde\xa4\xce\xa4\xaa"                                         \
    "\xc3\xce\xa4\xe9\xa4\xbb\xa4\xc7\xa4\xb9\xa1\xa3"

struct row {
    const char *what;
    struct bytes bytes;
    const char *label, *text, *charset;
    bool disagrees;
};

static void
check(const struct row *row)
{
    struct charset_result r;

    charset_decode(&arena, row->bytes, bytes_from_text(row->label), &r);
    tap_ok(bytes_is(r.text, row->text), "%s labelled '%s': text (%.*s)", row->what,
           row->label, BYTES_ARGUMENTS(r.text));
    tap_ok(bytes_is(r.charset, row->charset), "%s labelled '%s': charset %.*s", row->what,
           row->label, BYTES_ARGUMENTS(r.charset));
    tap_ok(r.disagrees == row->disagrees, "%s labelled '%s': disagreement", row->what,
           row->label);
    tap_ok(r.errors == 0, "%s labelled '%s': no error", row->what, row->label);
}

static void
test_one_text(void)
{
    static const struct row rows[] = {
        {"JIS", BYTES(BODY_JIS), "iso-2022-jp", SENTENCE, "iso-2022-jp", false},
        {"JIS", BYTES(BODY_JIS), "", SENTENCE, "iso-2022-jp", false},
        {"JIS", BYTES(BODY_JIS), "us-ascii", SENTENCE, "iso-2022-jp", true},
        {"JIS", BYTES(BODY_JIS), "UTF-8", SENTENCE, "iso-2022-jp", true},
        {"JIS", BYTES(BODY_JIS), "CP50220", SENTENCE, "iso-2022-jp", false},
        {"JIS", BYTES(BODY_JIS), "ISO-2022-JP-MS", SENTENCE, "iso-2022-jp", false},
        {"Shift_JIS", BYTES(BODY_SJIS), "Shift_JIS", SENTENCE, "shift_jis", false},
        {"Shift_JIS", BYTES(BODY_SJIS), "windows-31j", SENTENCE, "shift_jis", false},
        {"Shift_JIS", BYTES(BODY_SJIS), "ISO-2022-JP", SENTENCE, "shift_jis", true},
        {"Shift_JIS", BYTES(BODY_SJIS), "", SENTENCE, "shift_jis", false},
        {"Shift_JIS", BYTES(BODY_SJIS), "utf-8", SENTENCE, "shift_jis", true},
        {"Shift_JIS", BYTES(BODY_SJIS), "euc-jp", SENTENCE, "shift_jis", true},
        {"Shift_JIS", BYTES(BODY_SJIS), "iso-8859-1", SENTENCE, "shift_jis", true},
        {"Shift_JIS", BYTES(BODY_SJIS), "gb2312", SENTENCE, "shift_jis", true},
        {"EUC-JP", BYTES(BODY_EUC), "euc-jp", SENTENCE, "euc-jp", false},
        {"EUC-JP", BYTES(BODY_EUC), "x-unheard-of", SENTENCE, "euc-jp", false},
        {"EUC-JP", BYTES(BODY_EUC), "shift_jis", SENTENCE, "euc-jp", true},
        {"EUC-JP", BYTES(BODY_EUC), "iso-2022-jp", SENTENCE, "euc-jp", true},
        {"EUC-JP", BYTES(BODY_EUC), "gb2312", SENTENCE, "euc-jp", true},
        {"UTF-8", BYTES(SENTENCE), "utf-8", SENTENCE, "utf-8", false},
        {"UTF-8", BYTES(SENTENCE), "", SENTENCE, "utf-8", false},
        {"UTF-8", BYTES(SENTENCE), "shift_jis", SENTENCE, "utf-8", true},
        {"UTF-8", BYTES(SENTENCE), "iso-2022-jp", SENTENCE, "utf-8", true},
        {"UTF-8", BYTES(SENTENCE), "windows-1252", SENTENCE, "utf-8", true},
        {"UTF-8 with a mark", BYTES("\xef\xbb\xbf" SENTENCE), "euc-jp", SENTENCE, "utf-8",
         true},
        {"JIS without its ESC", BYTES("$B$*@$OC$K$J$C$F$*$j$^$9!#6[5^$N$*CN$i$;$G$9!#(B"),
         "iso-2022-jp", SENTENCE, "iso-2022-jp", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(&rows[i]);
    }
}

/* Subjects are short: little evidence must do. */
static void
test_short(void)
{
    static const struct row rows[] = {
        {"two kanji in EUC-JP", BYTES("\xcc\xb5\xce\xc1"), "", "無料", "euc-jp", false},
        {"two kanji in EUC-JP", BYTES("\xcc\xb5\xce\xc1"), "iso-2022-jp", "無料", "euc-jp",
         true},
        {"two kanji in EUC-JP", BYTES("\xcc\xb5\xce\xc1"), "shift_jis", "無料", "euc-jp",
         true},
        {"two kanji in Shift_JIS", BYTES("\x8f\x64\x97\x76"), "", "重要", "shift_jis",
         false},
        {"two kanji in Shift_JIS", BYTES("\x8f\x64\x97\x76"), "iso-8859-1", "重要",
         "shift_jis", true},
        {"two kanji in JIS", BYTES("\x1b$B=EMW\x1b(B"), "", "重要", "iso-2022-jp", false},
        {"half-width kana", BYTES("\xc3\xbd\xc4"), "shift_jis", "ﾃｽﾄ", "shift_jis", false},
        {"French", BYTES("d\xe9j\xe0 vu"), "iso-8859-1", "déjà vu", "windows-1252", false},
        {"French", BYTES("d\xe9j\xe0 vu"), "", "déjà vu", "windows-1252", false},
        {"German in UTF-8",
         BYTES("Gr\xc3\xbc\xc3\x9f"
               "e"),
         "", "Grüße", "utf-8", false},
        {"Russian", BYTES("\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea"), "windows-1251",
         "Привет, как", "windows-1251", false},
        {"Chinese", BYTES("\xc7\xeb\xc8\xb7\xc8\xcf\xc4\xfa\xb5\xc4\xd5\xca\xbb\xa7"),
         "gb2312", "请确认您的帐户", "gb18030", false},
        {"Korean", BYTES("\xbe\xc8\xb3\xe7\xc7\xcf\xbc\xbc\xbf\xe4"), "ks_c_5601-1987",
         "안녕하세요", "euc-kr", false},
        {"UTF-7", BYTES("+MEIwRDBG-"), "utf-7", "あいう", "utf-7", false},
        {"UTF-16", BYTES("\xff\xfe\x42\x30\x44\x30"), "utf-16", "あい", "utf-16", false},
        {"Korean by ISO 2022", BYTES("\x1b$)C\x0e>H3g\x0f"), "iso-2022-kr", "안녕",
         "iso-2022-kr", false},
        {"ASCII", BYTES("Price: $B20 (B)"), "iso-2022-jp", "Price: $B20 (B)", "iso-2022-jp",
         false},
        {"ASCII", BYTES("plain"), "", "plain", "us-ascii", false},
        {"nothing", BYTES(""), "utf-8", "", "utf-8", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(&rows[i]);
    }
}

static void
test_views(void)
{
    struct bytes text = BYTES("no copy of " SENTENCE);
    struct charset_result r;

    charset_decode(&arena, text, BYTES("utf-8"), &r);
    tap_ok(r.text.at == text.at && r.text.size == text.size, "valid UTF-8 is not copied");
    charset_decode(&arena, BYTES("plain"), BYTES("iso-8859-1"), &r);
    tap_ok(bytes_is(r.charset, "windows-1252") && !r.disagrees,
           "ASCII agrees with any label");
    charset_decode_as(&arena, BYTES("a\xff\xe3\x81z"), BYTES("utf-8"), &r);
    tap_ok(bytes_is(r.text, "a\xef\xbf\xbd\xef\xbf\xbdz") && r.errors == 2,
           "broken UTF-8 is replaced and counted");
    charset_decode_as(&arena, BYTES(BODY_SJIS), BYTES("iso-8859-1"), &r);
    tap_ok(!bytes_is(r.text, SENTENCE), "charset_decode_as obeys the label");
    charset_decode_as(&arena, BYTES(BODY_SJIS), BYTES("x-nothing"), &r);
    tap_ok(bytes_is(r.text, SENTENCE),
           "charset_decode_as finds the charset if the label is unknown");
    charset_decode(&arena, BYTES("\x00\x01\x02\xff"), BYTES("\x00"), &r);
    tap_ok(r.text.size > 0, "binary is read somehow");
}

static void
test_names(void)
{
    static const char *const rows[][2] = {
        {"X-SJIS", "shift_jis"},
        {" \"utf-8\" ", "utf-8"},
        {"iso_8859-1", "windows-1252"},
        {"eucJP-ms", "euc-jp"},
        {"ISO-2022-JP-2004", "iso-2022-jp"},
        {"cp50221", "iso-2022-jp"},
        {"ks_c_5601-1987", "euc-kr"},
        {"shift", ""},
        {"", ""},
        {"utf-8;x=y", ""},
        {"latin1,version=1", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tap_ok(bytes_is(charset_name(bytes_from_text(rows[i][0])), rows[i][1]),
               "label '%s' is '%s'", rows[i][0], rows[i][1]);
    }
    tap_ok(charset_is_stateful(BYTES("iso-2022-jp")) &&
               charset_is_stateful(BYTES("utf-7")) &&
               !charset_is_stateful(BYTES("shift_jis")),
           "which charsets keep a state");
}

static void
test_encode(void)
{
    static const char *const labels[] = {"iso-2022-jp", "shift_jis", "euc-jp", "utf-8"};
    struct bytes bytes;
    struct charset_result r;

    for (size_t i = 0; i < 4; i++) {
        struct bytes label = bytes_from_text(labels[i]);
        tap_ok(charset_encode(&arena, BYTES(SENTENCE "\\~ A"), label, &bytes),
               "%s can be written", labels[i]);
        charset_decode(&arena, bytes, label, &r);
        tap_ok(bytes_is(r.text, SENTENCE "\\~ A"), "%s is read back", labels[i]);
    }
    tap_ok(charset_encode(&arena, BYTES("\xf0\x9f\x98\x80"), BYTES("shift_jis"), &bytes) &&
               bytes_is(bytes, "&#128512;"),
           "what a charset lacks becomes a reference");
    tap_ok(!charset_encode(&arena, BYTES("a"), BYTES("koi8-r"), &bytes),
           "others cannot be written");
}

/* A megabyte of what is worst for each branch is read in linear time. */
static void
test_large(void)
{
    static const struct bytes units[] = {
        BYTES("\x1b$B$\"\n"),
        BYTES("$B"),
        BYTES("\x1b"),
        BYTES("\x82"),
        BYTES("\x8f\xa1"),
        BYTES("\xe3\x81"),
        BYTES("\x1b$B\n\x1b(I1"),
        BYTES("$B$\"(B"),
        BYTES("+"),
        BYTES("\x0e\xa1"),
        BYTES("\xff"),
        BYTES("a\xe9"),
        BYTES("\xc3\xa3\xc2\x81"),
        BYTES("\xe7\xb8\xba\xe7\xb9\xa7"),
        BYTES("+MEI-"),
        BYTES("\x1b$G!"),
        BYTES("\x1b$G!\x0f"),
        BYTES("\xed\xa0\xbd\xed\xb2\xa3"),
        BYTES("\xee\x98\xbe"),
        BYTES("\xf8\x9f"),
        BYTES("~{"),
        BYTES("a\0"),
        BYTES("\xc0\xe0\xc1\xe1 "),
    };
    static uint8_t large[1 << 20];
    struct charset_result r;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        for (size_t at = 0; at < sizeof large; at++) {
            large[at] = units[i].at[at % units[i].size];
        }
        int64_t start = clock_monotonic_ms();
        charset_decode(&arena, bytes_of(large, sizeof large), BYTES("iso-2022-jp"), &r);
        charset_decode(&arena, bytes_of(large, sizeof large), BYTES(""), &r);
        tap_ok(clock_monotonic_ms() - start < 2000,
               "1 MiB of unit %zu is read in linear time", i);
        arena_release(&arena);
    }
}

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_one_text();
    test_short();
    test_views();
    test_names();
    test_encode();
    arena_release(&arena);
    test_large();
    charset_forget_converters();
    return tap_done();
}
