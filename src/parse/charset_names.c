#include "parse/charset.h"
#include "parse/charset_private.h"

#define LABEL_SIZE 48

struct row {
    struct charset charset;
    const char
        *labels; /* lower case, parted by blanks; the charset's own name counts too */
};

/* Labels by the WHATWG Encoding Standard and what mail adds to them; the usual ones first. ISO-8859-1 and ASCII are
 * windows-1252, GB 2312 is GB 18030, TIS-620 is windows-874: labels promise less than what is sent. */
static const struct row rows[] = {
    {{"utf-8", "UTF-8", CHARSET_UTF8, false},
     "utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 utf-8-mac utf8mb4 "
     "unicode"},
    {{"us-ascii", "windows-1252", CHARSET_ASCII, false},
     "ascii ansi_x3.4-1968 ansi_x3.4-1986 iso646-us iso-ir-6 cp367 ibm367 us 7bit"},
    {{"iso-2022-jp", NULL, CHARSET_ISO_2022_JP, false},
     "csiso2022jp iso-2022-jp-1 iso-2022-jp-2 csiso2022jp2 iso-2022-jp-3 iso-2022-jp-2004 "
     "iso-2022-jp-ms "
     "iso-2022-jp-ext iso2022-jp iso2022jp iso-2022jp cp50220 cp50221 cp50222 "
     "windows-50220 windows-50221 "
     "windows-50222 x-windows-50220 x-windows-50221 x-windows-iso2022jp jis jis7 jis8 "
     "jis_encoding jis-ms "
     "csjisencoding iso-2022-jp-mobile x-iso-2022-jp"},
    {{"shift_jis", NULL, CHARSET_SHIFT_JIS, false},
     "shift-jis csshiftjis ms932 ms_kanji sjis windows-31j x-sjis x-ms-cp932 cp932 "
     "windows-932 mskanji "
     "cswindows31j shiftjis sjis-win ibm-943 cp943 "
     "x-shift-jis pck ms-kanji"},
    {{"euc-jp", NULL, CHARSET_EUC_JP, false},
     "cseucpkdfmtjapanese x-euc-jp eucjp eucjp-ms euc-jp-ms cp51932 eucjp-win euc_jp "
     "x-eucjp ujis "
     "extended_unix_code_packed_format_for_japanese x-euc"},
    {{"shift_jis-2004", NULL, CHARSET_SHIFT_JIS, true},
     "shift_jisx0213 shift-jis-2004 shift_jis2004 sjis-2004 sjisx0213"},
    {{"euc-jis-2004", NULL, CHARSET_EUC_JP, true},
     "euc-jisx0213 euc_jis_2004 eucjis2004 euc-jis-x0213"},
    {{"windows-1252", "windows-1252", CHARSET_FOREIGN, false},
     "iso-8859-1 cp1252 cp819 csisolatin1 ibm819 iso-ir-100 iso8859-1 iso88591 iso_8859-1 "
     "iso_8859-1:1987 l1 latin1 "
     "x-cp1252 latin-1 ansi"},
    {{"gb18030", "gb18030", CHARSET_FOREIGN, false},
     "gbk gb2312 chinese csgb2312 csiso58gb231280 gb_2312 gb_2312-80 iso-ir-58 x-gbk cp936 "
     "ms936 windows-936 "
     "euc-cn euccn hz-gbk gb2312_charset"},
    {{"big5", "windows-950", CHARSET_FOREIGN, false},
     "big5-hkscs cn-big5 csbig5 x-x-big5 cp950 big-5 big5-eten ms950"},
    {{"euc-kr", "windows-949", CHARSET_FOREIGN, false},
     "cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 "
     "ksc_5601 windows-949 cp949 uhc "
     "ks_c_5601 euckr x-windows-949"},
    {{"windows-1251", "windows-1251", CHARSET_FOREIGN, false}, "cp1251 x-cp1251"},
    {{"koi8-r", "KOI8-R", CHARSET_FOREIGN, false}, "cskoi8r koi koi8 koi8_r"},
    {{"koi8-u", "KOI8-U", CHARSET_FOREIGN, false}, "koi8-ru"},
    {{"iso-8859-2", "ISO-8859-2", CHARSET_FOREIGN, false},
     "csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2"},
    {{"iso-8859-15", "ISO-8859-15", CHARSET_FOREIGN, false},
     "csisolatin9 iso8859-15 iso885915 iso_8859-15 l9 latin9 latin-9"},
    {{"windows-1250", "windows-1250", CHARSET_FOREIGN, false}, "cp1250 x-cp1250"},
    {{"windows-1253", "windows-1253", CHARSET_FOREIGN, false}, "cp1253 x-cp1253"},
    {{"windows-1254", "windows-1254", CHARSET_FOREIGN, false},
     "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 "
     "iso_8859-9:1989 l5 latin5 x-cp1254"},
    {{"windows-1255", "windows-1255", CHARSET_FOREIGN, false}, "cp1255 x-cp1255"},
    {{"windows-1256", "windows-1256", CHARSET_FOREIGN, false}, "cp1256 x-cp1256"},
    {{"windows-1257", "windows-1257", CHARSET_FOREIGN, false}, "cp1257 x-cp1257"},
    {{"windows-1258", "windows-1258", CHARSET_FOREIGN, false}, "cp1258 x-cp1258"},
    {{"windows-874", "windows-874", CHARSET_FOREIGN, false},
     "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 cp874 tis620 iso-ir-166"},
    {{"iso-8859-3", "ISO-8859-3", CHARSET_FOREIGN, false},
     "csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 l3 latin3"},
    {{"iso-8859-4", "ISO-8859-4", CHARSET_FOREIGN, false},
     "csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 l4 latin4"},
    {{"iso-8859-5", "ISO-8859-5", CHARSET_FOREIGN, false},
     "csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5"},
    {{"iso-8859-6", "ISO-8859-6", CHARSET_FOREIGN, false},
     "arabic asmo-708 csisolatinarabic ecma-114 iso-ir-127 iso8859-6 iso88596 iso_8859-6 "
     "iso-8859-6-i iso-8859-6-e"},
    {{"iso-8859-7", "ISO-8859-7", CHARSET_FOREIGN, false},
     "csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 "
     "iso_8859-7 sun_eu_greek"},
    {{"iso-8859-8", "ISO-8859-8", CHARSET_FOREIGN, false},
     "csisolatinhebrew hebrew iso-ir-138 iso8859-8 iso88598 iso_8859-8 visual iso-8859-8-i "
     "iso-8859-8-e logical"},
    {{"iso-8859-10", "iso-8859_10-1998", CHARSET_FOREIGN, false},
     "csisolatin6 iso-ir-157 iso8859-10 l6 latin6"},
    {{"iso-8859-13", "ISO-8859-13", CHARSET_FOREIGN, false}, "iso8859-13 iso885913"},
    {{"iso-8859-14", "iso-8859_14-1998", CHARSET_FOREIGN, false}, "iso8859-14 iso885914"},
    {{"iso-8859-16", "iso-8859_16-2001", CHARSET_FOREIGN, false}, "iso8859-16"},
    {{"macintosh", "macintosh", CHARSET_FOREIGN, false},
     "csmacintosh mac x-mac-roman macroman"},
    {{"x-mac-cyrillic", "x-mac-cyrillic", CHARSET_FOREIGN, false}, "x-mac-ukrainian"},
    {{"ibm866", "ibm-866", CHARSET_FOREIGN, false}, "866 cp866 csibm866"},
    {{"ibm850", "ibm-850", CHARSET_FOREIGN, false}, "cp850 850 csPC850multilingual"},
    {{"ibm852", "ibm-852", CHARSET_FOREIGN, false}, "cp852 852"},
    {{"ibm855", "ibm-855", CHARSET_FOREIGN, false}, "cp855 855"},
    {{"ibm862", "ibm-862", CHARSET_FOREIGN, false}, "cp862 862"},
    {{"ibm437", "ibm-437", CHARSET_FOREIGN, false}, "cp437 437 cspc8codepage437"},
    {{"utf-16", "UTF-16", CHARSET_WIDE, false},
     "utf16 iso-10646-ucs-2 ucs-2 csunicode unicodefffe"},
    {{"utf-16le", "UTF-16LE", CHARSET_WIDE, false}, "utf16le unicodefeff"},
    {{"utf-16be", "UTF-16BE", CHARSET_WIDE, false}, "utf16be"},
    {{"utf-32", "UTF-32", CHARSET_WIDE, false}, "utf32 iso-10646-ucs-4 ucs-4"},
    {{"utf-32le", "UTF-32LE", CHARSET_WIDE, false}, "utf32le"},
    {{"utf-32be", "UTF-32BE", CHARSET_WIDE, false}, "utf32be"},
    {{"utf-7", "UTF-7", CHARSET_SHIFTED, false},
     "utf7 unicode-1-1-utf-7 csunicode11utf7 unicode-2-0-utf-7 x-unicode-2-0-utf-7"},
    {{"hz-gb-2312", "HZ", CHARSET_SHIFTED, false}, "hz"},
    {{"iso-2022-kr", "ISO-2022-KR", CHARSET_SHIFTED, false}, "csiso2022kr iso2022kr"},
    {{"iso-2022-cn", "ISO-2022-CN-EXT", CHARSET_SHIFTED, false},
     "csiso2022cn iso-2022-cn-ext"},
};

/* Lower case, without quotes and blanks at the ends; false if it cannot be a label. */
static bool
label_clean(struct bytes label, char clean[LABEL_SIZE])
{
    label = bytes_trim(label);
    while (label.size > 0 &&
           (label.at[0] == '"' || label.at[0] == '\'' || label.at[0] == '=')) {
        label = bytes_trim(bytes_from(label, 1));
    }
    while (label.size > 0 && strchr("\"';,", label.at[label.size - 1]) != NULL &&
           label.at[label.size - 1] != 0) {
        label = bytes_trim(bytes_slice(label, 0, label.size - 1));
    }
    if (label.size == 0 || label.size >= LABEL_SIZE) {
        return false;
    }
    for (size_t i = 0; i < label.size; i++) {
        uint8_t c = ascii_lower(label.at[i]);
        if (!ascii_letter(c) && !ascii_digit(c) && strchr("-_.:", c) == NULL) {
            return false;
        }
        clean[i] = (char)c;
    }
    clean[label.size] = 0;
    return memchr(clean, 0, label.size) == NULL;
}

static bool
row_has(const struct row *row, const char *label, size_t size)
{
    if (strcmp(row->charset.name, label) == 0) {
        return true;
    }
    for (const char *at = strstr(row->labels, label); at != NULL;
         at = strstr(at + 1, label)) {
        if ((at == row->labels || at[-1] == ' ') && (at[size] == ' ' || at[size] == 0)) {
            return true;
        }
    }
    return false;
}

static const struct row *
row_find(const char *label)
{
    size_t size = strlen(label);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (row_has(&rows[i], label, size)) {
            return &rows[i];
        }
    }
    return NULL;
}

struct charset
charset_of_label(struct bytes label)
{
    char clean[LABEL_SIZE];
    const struct row *row = NULL;

    if (label_clean(label, clean)) {
        row = row_find(clean);
        if (row == NULL) {
            for (char *c = clean; *c != 0; c++) {
                *c = *c == '_' ? '-' : *c;
            }
            row = row_find(clean);
        }
    }
    return row != NULL ? row->charset : (struct charset){"", NULL, CHARSET_UNKNOWN, false};
}

struct bytes
charset_name(struct bytes label)
{
    return bytes_from_text(charset_of_label(label).name);
}

bool
charset_is_stateful(struct bytes label)
{
    enum charset_kind kind = charset_of_label(label).kind;

    return kind == CHARSET_ISO_2022_JP || kind == CHARSET_SHIFTED;
}
