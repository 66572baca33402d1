#include "parse/attachment.h"

#include "base/limits.h"
#include "parse/ole.h"
#include "parse/zip.h"

bool
attachment_type_lies(const struct attachment_type *claimed,
                     const struct attachment_type *is)
{
    if (claimed == NULL || is == NULL || claimed == is || claimed->class == is->class) {
        return false;
    }
    switch (is->class) {
    case CLASS_PROGRAM:
    case CLASS_SCRIPT:
    case CLASS_SHORTCUT:
    case CLASS_DISK:
    case CLASS_NOTE:
        /* Somebody who expects one of these is warned already; and source text is text. */
        return claimed->class < CLASS_PROGRAM &&
               !(is->class == CLASS_SCRIPT && claimed->class == CLASS_TEXT) &&
               !(is->class != CLASS_SCRIPT && claimed->class == CLASS_ARCHIVE &&
                 is->class != CLASS_PROGRAM);
    case CLASS_HTML:
        /* Reports of many a program are HTML with the name of a workbook; SVG is called a picture. */
        return claimed->class != CLASS_TEXT && claimed->class != CLASS_MAIL &&
               !(claimed->class == CLASS_DOCUMENT &&
                 (bytes_is(bytes_from_text(claimed->name), "xls") ||
                  bytes_is(bytes_from_text(claimed->name), "doc")));
    case CLASS_ARCHIVE:
    case CLASS_DOCUMENT:
        return claimed->class == CLASS_IMAGE || claimed->class == CLASS_MEDIA ||
               (claimed->class == CLASS_DOCUMENT && is->class == CLASS_ARCHIVE &&
                !bytes_is(bytes_from_text(is->name), "zip"));
    default:
        return false;
    }
}

/* --- names ------------------------------------------------------------------------------------------------------ */

/* Extensions that the systems of the day start by a double click: of the list "Blocked attachments in Outlook" (Microsoft)
 * those that run something, and the like of macOS, Linux and Android. */
static const char running[] =
    " ade adp appinstaller application appref-ms appx appxbundle apk app bat chm cmd com "
    "command cpl csh deb desktop diagcab dll dmg exe fxp gadget grp hlp hta img inf ins "
    "iso isp "
    "jar jnlp js jse ksh library-ms lnk mad maf mam maq mar mas mat mau mav maw mda mde "
    "msc msh "
    "msh1 msh2 mshxml msi msix msixbundle msp mst one onepkg ops osd pcd pif pkg plg prf "
    "prg "
    "ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psm1 pyw pyz reg rpm scf scr sct search-ms "
    "settingcontent-ms sh shb shs theme url vb vbe vbp vbs vhd vhdx vsmacros vsw webpnp "
    "website ws wsc wsf wsh xbap xll xnk ";
/* What people open without a thought. */
static const char harmless[] =
    " avi bmp csv doc docm docx eml gif heic htm html jpeg jpg jtd m4a mov mp3 mp4 odp ods "
    "odt "
    "pdf png ppt pptx rtf text tif tiff txt wav webp wmv xls xlsm xlsx xml zip ";

static bool
stands_in(const char *words, struct bytes word)
{
    uint8_t asked[24];

    if (word.size == 0 || word.size + 2 > sizeof asked) {
        return false;
    }
    asked[0] = asked[word.size + 1] = ' ';
    for (size_t i = 0; i < word.size; i++) {
        asked[1 + i] = ascii_lower(word.at[i]);
    }
    return bytes_find(bytes_from_text(words), bytes_of(asked, word.size + 2), 0) !=
           BYTES_NOWHERE;
}

/* How many bytes of a character that is not seen, or not as what it is, begin here; 0: none. Blanks of all widths. */
static size_t
blank_at(struct bytes b, size_t at)
{
    const uint8_t *c = b.at + at;
    size_t left = b.size - at;

    if (*c == ' ' || *c == '\t' || *c == '_') {
        return 1;
    }
    if (left >= 2 && c[0] == 0xc2 && c[1] == 0xa0) {
        return 2; /* U+00A0 */
    }
    if (left >= 3 && c[0] == 0xe2 && c[1] == 0x80 && c[2] >= 0x80 && c[2] <= 0x8d) {
        return 3; /* U+2000 to U+200D */
    }
    bool wide = left >= 3 && ((c[0] == 0xe3 && c[1] == 0x80 && c[2] == 0x80) || /* U+3000 */
                              (c[0] == 0xe2 && c[1] == 0xa0 && c[2] == 0x80) || /* U+2800 */
                              (c[0] == 0xe3 && c[1] == 0x85 && c[2] == 0xa4));  /* U+3164 */
    return wide ? 3 : 0;
}

/* U+202A to U+202E, U+2066 to U+2069. Marks alone (U+200E, U+200F) stand in honest Hebrew and Arabic names. */
static bool
bidi_at(struct bytes b, size_t at)
{
    const uint8_t *c = b.at + at;
    size_t left = b.size - at;

    return left >= 3 && c[0] == 0xe2 &&
           ((c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) ||
            (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
}

static bool
climbs(struct bytes name)
{
    struct bytes rest = name;

    if (rest.size > 0 && (rest.at[0] == '/' || rest.at[0] == '\\')) {
        return true;
    }
    if (rest.size > 1 && ascii_letter(rest.at[0]) && rest.at[1] == ':') {
        return true;
    }
    for (size_t from = 0; from < rest.size;) {
        size_t end = from;
        while (end < rest.size && rest.at[end] != '/' && rest.at[end] != '\\') {
            end++;
        }
        if (end - from == 2 && rest.at[from] == '.' && rest.at[from + 1] == '.') {
            return true;
        }
        from = end + 1;
    }
    return false;
}

/* The piece behind the last dot, without blanks and dots at the end, which Windows drops. */
static struct bytes
last_extension(struct bytes name, size_t *dot_r)
{
    while (name.size > 0 &&
           (name.at[name.size - 1] == '.' || ascii_blank(name.at[name.size - 1]))) {
        name.size--;
    }
    size_t dot = bytes_find_last(name, '.');
    *dot_r = dot == BYTES_NOWHERE ? name.size : dot;
    return dot == BYTES_NOWHERE ? BYTES_NONE : bytes_from(name, dot + 1);
}

void
attachment_name_read(struct bytes name, struct attachment_name *r)
{
    size_t dot, earlier, blanks = 0;

    *r = (struct attachment_name){0};
    r->climbs = climbs(bytes_slice(name, 0, LIMIT_ATTACHMENT_NAME));
    if (name.size > LIMIT_ATTACHMENT_NAME) {
        name = bytes_from(name, name.size - LIMIT_ATTACHMENT_NAME);
    }
    for (size_t i = 0; i < name.size; i++) {
        r->control = r->control || name.at[i] < ' ' || name.at[i] == 0x7f;
        r->bidi = r->bidi || bidi_at(name, i);
    }
    /* Of what a NUL cuts off, some programs see the rest and some do not; both ends are looked at. */
    r->extension = last_extension(name, &dot);
    size_t slash = bytes_find_last(r->extension, '/');
    if (slash != BYTES_NOWHERE || bytes_find_last(r->extension, '\\') != BYTES_NOWHERE) {
        r->extension = BYTES_NONE; /* the dot was in a folder's name */
    }
    r->runs = stands_in(running, r->extension);
    struct bytes before = bytes_slice(name, 0, dot);
    while (before.size > 0) { /* blanks between the two: what is seen ends there */
        size_t step = 0;
        for (size_t width = 1; width <= 3 && width <= before.size && step == 0; width++) {
            step = blank_at(before, before.size - width) == width ? width : 0;
        }
        if (step == 0) {
            break;
        }
        blanks += before.at[before.size - 1] != '_' || step > 1;
        before.size -= step;
    }
    struct bytes first = last_extension(before, &earlier);
    r->doubled = r->runs && stands_in(harmless, first);
    r->padded = blanks >= 3 && (r->runs || r->doubled);
}

/* --- facts ------------------------------------------------------------------------------------------------------ */

static uint32_t
zip_facts(struct bytes content)
{
    struct zip_entry entry;
    struct attachment_name name;
    struct zip zip;
    uint32_t facts = 0;

    if (!zip_open(content, &zip)) {
        return FACT_BROKEN;
    }
    for (size_t n = 0; zip_next(&zip, &entry); n++) {
        if (n == LIMIT_ARCHIVE_ENTRIES) {
            return facts | FACT_LIMIT_ENTRIES;
        }
        attachment_name_read(entry.name, &name);
        facts |= entry.encrypted ? FACT_ENCRYPTED : 0;
        facts |= name.climbs ? FACT_BAD_PATH : 0;
        facts |= name.control ? FACT_CONTROL : 0;
        facts |= name.bidi ? FACT_BIDI : 0;
        facts |= name.runs ? FACT_RUNS : 0; /* readable in an encrypted archive too */
        facts |= name.doubled || name.padded ? FACT_DOUBLED : 0;
        facts |= bytes_ends_fold(entry.name, BYTES("vbaProject.bin")) ? FACT_MACRO : 0;
    }
    return facts;
}

/* In one pass over the page: what a browser would run, and what asks for a password. */
static uint32_t
html_facts(struct bytes content, bool svg)
{
    static const struct {
        const char *word;
        bool svg_only;
        uint32_t fact;
    } words[] = {
        {"<script", false, FACT_SCRIPT},
        {"<foreignobject", true, FACT_SCRIPT},
        {"javascript:", false, FACT_SCRIPT},
        {" onload=", true, FACT_SCRIPT},
        {" onclick=", true, FACT_SCRIPT},
        {"type=\"password\"", false, FACT_PASSWORD_FIELD},
        {"type='password'", false, FACT_PASSWORD_FIELD},
        {"type=password", false, FACT_PASSWORD_FIELD},
    };
    struct bytes text = bytes_slice(content, 0, LIMIT_TEXT_BYTES);
    uint32_t facts = 0;

    for (size_t at = 0; at < text.size; at++) {
        uint8_t c = ascii_lower(text.at[at]);
        if (c != '<' && c != 'j' && c != 't' && c != ' ') {
            continue;
        }
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            if (c == (uint8_t)words[i].word[0] && (svg || !words[i].svg_only) &&
                bytes_starts_fold(bytes_from(text, at), bytes_from_text(words[i].word))) {
                facts |= words[i].fact;
            }
        }
    }
    return facts;
}

uint32_t
attachment_facts(struct bytes filename, const struct attachment_type *claimed,
                 const struct attachment_type *is, struct bytes content)
{
    struct attachment_name name;
    const struct attachment_type *named = attachment_type_named(filename);
    bool macros = false, encrypted = false;
    uint32_t facts = 0;

    attachment_name_read(filename, &name);
    facts |= attachment_type_lies(named, is) || attachment_type_lies(claimed, is)
                 ? FACT_TYPE_LIES
                 : 0;
    facts |= name.doubled || name.padded ? FACT_DOUBLED : 0;
    facts |= name.bidi ? FACT_BIDI : 0;
    facts |= name.control ? FACT_CONTROL : 0;
    facts |= name.runs ? FACT_RUNS : 0;
    if (is == NULL) {
        return facts;
    }
    struct bytes kind = bytes_from_text(is->name);
    facts |= is->class == CLASS_PROGRAM ? FACT_RUNS : 0;
    if (bytes_starts(content, BYTES("PK"))) {
        facts |= zip_facts(content);
    } else if (bytes_starts(content, BYTES("\xd0\xcf\x11\xe0"))) {
        (void)ole_kind(content, &macros, &encrypted);
        facts |= (macros ? FACT_MACRO : 0) | (encrypted ? FACT_ENCRYPTED : 0);
    } else if (is->class == CLASS_HTML) {
        facts |= html_facts(content, bytes_is(kind, "svg"));
    } else if (bytes_is(kind, "pdf")) {
        facts |=
            bytes_find(bytes_from(content, content.size > 4096 ? content.size - 4096 : 0),
                       BYTES("/Encrypt"), 0) != BYTES_NOWHERE
                ? FACT_ENCRYPTED
                : 0;
        /* ISO 32000 12.6.4: actions that run something. Those in packed objects are the opener's to find. */
        facts |= bytes_find(content, BYTES("/JavaScript"), 0) != BYTES_NOWHERE ||
                         bytes_find(content, BYTES("/Launch"), 0) != BYTES_NOWHERE
                     ? FACT_SCRIPT
                     : 0;
    }
    return facts;
}

/* --- passwords told --------------------------------------------------------------------------------------------- */

/* A character that a password is made of, as people write them: printable ASCII. */
static bool
is_password_byte(uint8_t c)
{
    return c > ' ' && c < 0x7f;
}

/* Skips what stands between "パスワード" and the password: particles, colons, brackets, one line end or two. */
static struct bytes
password_after(struct bytes rest)
{
    static const char *const skipped[] = {
        "は", "：",           "「",   "『",   "【", "】", "（",   "）",     "が", "を",
        "→",  "＝",           "、",   "です", "　", "is", ":",    "=",      "\"", "'",
        "[",  "\xef\xbc\x8f", "下記", "以下", "次", "の", "通り", "とおり", "。"};
    size_t lines = 0, skipped_bytes = 0;

    for (bool again = true; again && skipped_bytes < 120 && rest.size > 0;) {
        again = false;
        while (rest.size > 0 && ascii_blank(rest.at[0])) {
            lines += rest.at[0] == '\n';
            rest = bytes_from(rest, 1);
            skipped_bytes++;
        }
        if (lines > 3) {
            return BYTES_NONE;
        }
        for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++) {
            struct bytes word = bytes_from_text(skipped[i]);
            if (bytes_starts_fold(rest, word) &&
                !(word.at[0] == 'i' && rest.size > 2 && !ascii_blank(rest.at[2]))) {
                rest = bytes_from(rest, word.size);
                skipped_bytes += word.size;
                again = true;
            }
        }
    }
    size_t size = 0;
    while (size < rest.size && size < 64 && is_password_byte(rest.at[size])) {
        size++;
    }
    while (size > 0 && strchr("\"'],.", rest.at[size - 1]) != NULL) {
        size--;
    }
    return size >= 3 ? bytes_slice(rest, 0, size) : BYTES_NONE;
}

size_t
attachment_passwords(struct bytes text, struct bytes *passwords, size_t most)
{
    static const char *const words[] = {"パスワード", "ﾊﾟｽﾜｰﾄﾞ", "暗証", "password",
                                        "passcode",   "pass",    "pw",   "pwd"};
    size_t count = 0;

    for (size_t at = 0; at < text.size && count < most; at++) {
        size_t size = 0;
        uint8_t c = ascii_lower(text.at[at]);
        if (c != 'p' && c != 0xe3 && c != 0xef && c != 0xe6) {
            continue;
        }
        for (size_t i = 0; i < sizeof words / sizeof *words && size == 0; i++) {
            struct bytes word = bytes_from_text(words[i]);
            bool inside =
                c == 'p' &&
                ((at > 0 && ascii_letter(text.at[at - 1])) ||
                 (at + word.size < text.size && ascii_letter(text.at[at + word.size])));
            if (!inside && bytes_starts_fold(bytes_from(text, at), word)) {
                size = word.size;
            }
        }
        if (size == 0) {
            continue;
        }
        struct bytes password = password_after(bytes_from(text, at + size));
        bool known = password.size == 0;
        for (size_t i = 0; i < count && !known; i++) {
            known = bytes_equal(passwords[i], password);
        }
        if (!known) {
            passwords[count++] = password;
        }
        at += size - 1;
    }
    return count;
}

const char *
attachment_fact_name(uint32_t fact)
{
    static const struct {
        uint32_t fact;
        const char *name;
    } names[] = {
        {FACT_TYPE_LIES, "type_lies"},
        {FACT_DOUBLED, "double_extension"},
        {FACT_BIDI, "bidi_name"},
        {FACT_RUNS, "runs"},
        {FACT_MACRO, "macro"},
        {FACT_ENCRYPTED, "encrypted"},
        {FACT_PASSWORD_FITS, "password_fits"},
        {FACT_REMOTE_TEMPLATE, "remote_template"},
        {FACT_SCRIPT, "script"},
        {FACT_PASSWORD_FIELD, "password_field"},
        {FACT_BAD_PATH, "bad_path"},
        {FACT_BROKEN, "broken"},
        {FACT_SIZE_LIES, "size_lies"},
        {FACT_CONTROL, "control_name"},
        {FACT_LIMIT_ENTRIES, "limit_entries"},
        {FACT_LIMIT_RATIO, "limit_ratio"},
        {FACT_LIMIT_BYTES, "limit_bytes"},
        {FACT_LIMIT_DEPTH, "limit_depth"},
        {FACT_LIMIT_TIME, "limit_time"},
        {FACT_LIMIT_MEMORY, "limit_memory"},
        {FACT_LIMIT_TEXT, "limit_text"},
        {FACT_UNOPENED, "unopened"},
        {FACT_UNSCANNED, "unscanned"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].fact == fact) {
            return names[i].name;
        }
    }
    return NULL;
}
