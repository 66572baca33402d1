/* Labels that lie: real phrases of each language in each of its charsets, under every label of the others, and what was
 * broken on the way. ICU writes what charset_encode does not. */
#include <unicode/ucnv.h>
#include <unicode/ustring.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/why.h"
#include "parse/charset.h"

static struct arena arena;

static const char *const labels[] = {
    "gb2312",     "big5",       "euc-kr",    "koi8-r", "windows-1251",
    "iso-8859-1", "iso-8859-2", "utf-8",     "euc-jp", "iso-2022-jp",
    "us-ascii",   "",           "shift_jis", "x-none",
};
#define LABEL_COUNT (sizeof labels / sizeof *labels)

static const struct {
    const char *codec, *charset, *text;
} phrases[] = {
    {"gb18030", "gb18030", "尊敬的用户，您的邮箱账户已过期，请点击以下链接重新验证密码。"},
    {"gb18030", "gb18030", "您好！我公司有优惠价格的发票，请联系我们。"},
    {"windows-950", "big5", "親愛的客戶，您的帳戶已被停用，請點擊以下連結重新驗證密碼。"},
    {"windows-949", "euc-kr", "고객님의 계좌가 정지되었습니다. 아래 링크를 확인해 주세요."},
    {"windows-949", "euc-kr", "안녕하세요, 특별 할인 행사를 안내해 드립니다."},
    {"windows-1251", "windows-1251",
     "Уважаемый клиент, ваша учётная запись заблокирована. Перейдите по ссылке."},
    {"windows-1251", "windows-1251", "Привет! Как дела?"},
    {"KOI8-R", "koi8-r",
     "Уважаемый клиент, ваша учётная запись заблокирована. Перейдите по ссылке."},
    {"KOI8-R", "koi8-r", "Привет! Как дела?"},
    {"ISO-8859-5", "iso-8859-5", "Уважаемый клиент, ваша учётная запись заблокирована."},
    {"ibm-943_P15A-2003", "shift_jis",
     "お客様の口座が停止されました。下記よりご確認ください。"},
    {"ibm-943_P15A-2003", "shift_jis", "【至急】本人確認のお願い"},
    {"ibm-943_P15A-2003", "shift_jis", "ｶｰﾄﾞのご利用を確認してください"},
    {"euc-jp-2007", "euc-jp", "お客様の口座が停止されました。下記よりご確認ください。"},
    {"euc-jp-2007", "euc-jp", "【至急】本人確認のお願い"},
    {"UTF-8", "utf-8", "Уважаемый клиент, ваша учётная запись заблокирована."},
    {"UTF-8", "utf-8", "尊敬的用户，您的邮箱账户已过期"},
    {"UTF-8", "utf-8", "고객님의 계좌가 정지되었습니다."},
    {"UTF-8", "utf-8", "お客様の口座が停止されました。"},
};

static struct bytes
encoded(const char *codec, const char *text)
{
    static char out[1024];
    UErrorCode error = U_ZERO_ERROR;
    int32_t size = ucnv_convert(codec, "UTF-8", out, sizeof out, text, -1, &error);

    SK_ASSERT(U_SUCCESS(error) && (size_t)size < sizeof out);
    return bytes_copy(&arena, bytes_of(out, (size_t)size));
}

static void
test_lies(void)
{
    struct charset_result r;

    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        struct bytes bytes = encoded(phrases[i].codec, phrases[i].text);
        unsigned wrong = 0, unnoted = 0, unsure = 0;
        for (size_t k = 0; k < LABEL_COUNT; k++) {
            struct bytes label = bytes_from_text(labels[k]);
            charset_decode(&arena, bytes, label, &r);
            if (!bytes_is(r.text, phrases[i].text)) {
                wrong++;
                printf("# labelled '%s': %.*s\n", labels[k], BYTES_ARGUMENTS(r.text));
            }
            bool lies = charset_name(label).size > 0 &&
                        !bytes_is(charset_name(label), phrases[i].charset);
            unnoted += r.disagrees != lies;
            unsure += r.confidence < 90;
        }
        tap_ok(wrong == 0 && unnoted == 0, "%s under %zu labels: %s", phrases[i].charset,
               LABEL_COUNT, phrases[i].text);
        tap_ok(unsure == 0, "and it is sure");
    }
}

struct row {
    const char *what;
    struct bytes bytes;
    const char *label, *text, *charset;
    bool twice;
    unsigned least, most; /* confidence */
};

static void
check(const struct row *row)
{
    struct charset_result r;

    charset_decode(&arena, row->bytes, bytes_from_text(row->label), &r);
    if (!tap_ok(bytes_is(r.text, row->text), "%s: text", row->what)) {
        printf("# %.*s\n", BYTES_ARGUMENTS(r.text));
    }
    tap_ok(bytes_is(r.charset, row->charset) && r.twice == row->twice &&
               r.confidence >= row->least && r.confidence <= row->most,
           "%s: charset %.*s, twice %d, %u%%", row->what, BYTES_ARGUMENTS(r.charset),
           r.twice, r.confidence);
}

static void
test_broken(void)
{
    static const struct row rows[] = {
        {"CESU-8", BYTES("あ\xed\xa0\xbd\xed\xb2\xa3い"), "utf-8", "あ💣い", "utf-8", false,
         95, 100},
        {"half of a pair", BYTES("あいうえ\xed\xa0\xbdお"), "utf-8",
         "あいうえ\ufffd\ufffd\ufffdお", "utf-8", false, 50, 70},
        {"cut at the end", BYTES("お知らせです\xe3\x81"), "utf-8", "お知らせです\ufffd",
         "utf-8", false, 80, 90},
        {"an overlong slash", BYTES("お知らせ\xc0\xafです"), "utf-8",
         "お知らせ\ufffd\ufffdです", "utf-8", false, 70, 80},
        {"UTF-8 as ISO-8859-1, again in UTF-8",
         BYTES("\xc3\xa3\xc2\x81\xc2\x82\xc3\xa3\xc2\x81\xc2\x84"), "utf-8", "あい",
         "utf-8", true, 90, 90},
        {"UTF-8 as windows-1252, again in UTF-8", BYTES("ã‚¢ã‚¤ A"), "", "アイ A", "utf-8",
         true, 90, 90},
        {"an emoji encoded twice", BYTES("ðŸ’£"), "utf-8", "💣", "utf-8", true, 90, 90},
        {"UTF-8 as CP932, again in UTF-8", BYTES("縺顔衍繧峨○縺ｧ"), "utf-8", "お知らせで",
         "utf-8", true, 90, 90},
        {"Latin letters in UTF-8 without a label", BYTES("Ã£Â«Ã£Â¡ ÃÂ£Ã¢Ã Ã"), "",
         "Ã£Â«Ã£Â¡ ÃÂ£Ã¢Ã Ã", "utf-8", false, 50, 100},
        {"Greek in UTF-8 without a label", BYTES("Καλημέρα σας"), "", "Καλημέρα σας",
         "utf-8", false, 90, 100},
        {"French is French", BYTES("Où êtes-vous, Chloé ?"), "utf-8",
         "Où êtes-vous, Chloé ?", "utf-8", false, 95, 100},
        {"a text about broken letters", BYTES("「ã‚¢」と表示され、été é è à ç ô"), "utf-8",
         "「ã‚¢」と表示され、été é è à ç ô", "utf-8", false, 95, 100},
        {"UTF-7 without a label", BYTES("+MEp35TCJMFs- test"), "", "お知らせ test", "utf-7",
         false, 95, 100},
        {"no UTF-7 without a label", BYTES("tel +81-3-1234 a+b=c C++"), "",
         "tel +81-3-1234 a+b=c C++", "us-ascii", false, 100, 100},
        {"UTF-16 without a label", BYTES("\x42\x30\x44\x30\x0a\x00\x46\x30"), "",
         "あい\nう", "utf-16le", false, 90, 95},
        {"UTF-16 in ASCII, without a label",
         BYTES("\x00h\x00"
               "e\x00l\x00l\x00o"),
         "", "hello", "utf-16be", false, 90, 95},
        {"UTF-16 with 8 bits, without a label",
         BYTES("\xcd\x91\x81\x89\x6a\x30\x0a\x00\x6e\x30"), "utf-8", "重要な\nの",
         "utf-16le", false, 60, 100},
        {"HZ labelled GB2312", BYTES("a ~{VPND~} z"), "gb2312", "a 中文 z", "hz-gb-2312",
         false, 90, 100},
        {"JIS without its ESC, without its end", BYTES("$B=EMW$J$*CN$i$;"), "iso-2022-jp",
         "重要なお知らせ", "iso-2022-jp", false, 90, 90},
        {"docomo's emoji in Shift_JIS", BYTES("\x82\xa0\xf8\x9f"), "shift_jis", "あ☀",
         "shift_jis", false, 60, 100},
        {"KDDI's emoji in JIS", BYTES("\x1b$B$\"u:\x1b(B"), "iso-2022-jp", "あ⚠",
         "iso-2022-jp", false, 100, 100},
        {"SoftBank's web code", BYTES("a\x1b$O1\x0f"), "", "a💣", "iso-2022-jp", false, 100,
         100},
        {"SoftBank's emoji in UTF-8", BYTES("あ\ue001"), "utf-8", "あ👦", "utf-8", false,
         100, 100},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(&rows[i]);
    }
}

static void
test_carriers(void)
{
    struct charset_result r;

    charset_decode_from(&arena, BYTES("\xfb\x41"), BYTES("shift_jis"), EMOJI_SOFTBANK, &r);
    tap_ok(r.emoji == 1 && r.carrier == EMOJI_SOFTBANK,
           "SoftBank's, where the sender says so");
    charset_decode_from(&arena, BYTES("\xfb\x41"), BYTES("shift_jis"), EMOJI_NOBODY, &r);
    tap_ok(r.emoji == 0 && bytes_is(r.text, "涬"), "IBM's kanji, where nobody does");
    charset_decode_from(&arena, BYTES("\xf9\xa3"), BYTES("shift_jis"), EMOJI_DOCOMO, &r);
    tap_ok(bytes_is(r.text, "💣"), "docomo's bomb");
    charset_decode_from(&arena, BYTES("\x1b$By!\x1b(B"), BYTES("iso-2022-jp"), EMOJI_KDDI,
                        &r);
    tap_ok(bytes_is(r.text, "🍂"), "KDDI's row 0x79");
    charset_decode_as(&arena, BYTES("\xf8\x9f"), BYTES("shift_jis"), &r);
    tap_ok(bytes_is(r.text, "\ue63e") && r.emoji == 0,
           "obeyed, and no carrier: a user's own letter");
}

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_lies();
    test_broken();
    test_carriers();
    arena_release(&arena);
    charset_forget_converters();
    return tap_done();
}
