/* The table of types, and how each is told by its bytes. */
#include "parse/attachment.h"

#include "base/limits.h"
#include "parse/ole.h"
#include "parse/zip.h"

/* clang-format off */
static const struct attachment_type types[] = {
    /* name, class, extensions, media types; ordered as a reader would look for them */
    {"pdf", CLASS_DOCUMENT, " pdf ", " application/pdf application/x-pdf "},
    {"rtf", CLASS_DOCUMENT, " rtf doc ", " application/rtf text/rtf application/msword "},
    {"ps", CLASS_DOCUMENT, " ps eps ai ", " application/postscript "},
    {"doc", CLASS_DOCUMENT, " doc dot wbk ", " application/msword "},
    {"xls", CLASS_DOCUMENT, " xls xlt xlm xla ", " application/vnd.ms-excel application/msexcel "},
    {"ppt", CLASS_DOCUMENT, " ppt pot pps ppa ", " application/vnd.ms-powerpoint application/mspowerpoint "},
    {"vsd", CLASS_DOCUMENT, " vsd ", " application/vnd.visio "},
    {"hwp", CLASS_DOCUMENT, " hwp ", " application/x-hwp "},
    {"ooxml", CLASS_DOCUMENT, " docx docm xlsx xlsm xlsb pptx pptm ppsx ppsm dotx dotm xltx xltm potx potm ", ""},
    {"docx", CLASS_DOCUMENT, " docx docm dotx dotm doc ", " application/vnd.openxmlformats-officedocument.wordprocessingml.document application/vnd.ms-word.document.macroenabled.12 "},
    {"xlsx", CLASS_DOCUMENT, " xlsx xlsm xlsb xltx xltm xlam xls ", " application/vnd.openxmlformats-officedocument.spreadsheetml.sheet application/vnd.ms-excel.sheet.macroenabled.12 "},
    {"pptx", CLASS_DOCUMENT, " pptx pptm ppsx ppsm potx potm ppt ", " application/vnd.openxmlformats-officedocument.presentationml.presentation "},
    {"odt", CLASS_DOCUMENT, " odt ott ", " application/vnd.oasis.opendocument.text "},
    {"ods", CLASS_DOCUMENT, " ods ots ", " application/vnd.oasis.opendocument.spreadsheet "},
    {"odp", CLASS_DOCUMENT, " odp otp odg ", " application/vnd.oasis.opendocument.presentation "},
    {"epub", CLASS_DOCUMENT, " epub ", " application/epub+zip "},
    {"ole", CLASS_DOCUMENT, " jtd jtdc jaw wps msi msp pub mpp ", " application/x-ole-storage "}, /* also 一太郎 */
    {"one", CLASS_NOTE, " one onepkg onetoc2 ", " application/onenote application/msonenote "},
    {"png", CLASS_IMAGE, " png apng ", " image/png image/x-png "},
    {"jpeg", CLASS_IMAGE, " jpg jpeg jpe jfif ", " image/jpeg image/jpg image/pjpeg "},
    {"gif", CLASS_IMAGE, " gif ", " image/gif "},
    {"bmp", CLASS_IMAGE, " bmp dib ", " image/bmp image/x-ms-bmp "},
    {"tiff", CLASS_IMAGE, " tif tiff ", " image/tiff "},
    {"webp", CLASS_IMAGE, " webp ", " image/webp "},
    {"heic", CLASS_IMAGE, " heic heif avif ", " image/heic image/heif image/avif "},
    {"ico", CLASS_IMAGE, " ico cur ", " image/x-icon image/vnd.microsoft.icon "},
    {"psd", CLASS_IMAGE, " psd ", " image/vnd.adobe.photoshop "},
    {"emf", CLASS_IMAGE, " emf wmf ", " image/emf image/x-emf image/x-wmf "},
    {"mp3", CLASS_MEDIA, " mp3 mp2 ", " audio/mpeg audio/mp3 "},
    {"mp4", CLASS_MEDIA, " mp4 m4a m4v mov qt 3gp 3g2 ", " video/mp4 audio/mp4 video/quicktime video/3gpp "},
    {"riff", CLASS_MEDIA, " wav avi ", " audio/wav audio/x-wav video/x-msvideo "},
    {"ogg", CLASS_MEDIA, " ogg oga ogv opus ", " audio/ogg video/ogg "},
    {"flac", CLASS_MEDIA, " flac ", " audio/flac "},
    {"mkv", CLASS_MEDIA, " mkv webm ", " video/x-matroska video/webm "},
    {"wmv", CLASS_MEDIA, " wmv wma asf ", " video/x-ms-wmv audio/x-ms-wma "},
    {"mid", CLASS_MEDIA, " mid midi smf ", " audio/midi "},
    {"zip", CLASS_ARCHIVE, " zip zipx ", " application/zip application/x-zip-compressed application/x-zip "},
    {"rar", CLASS_ARCHIVE, " rar r00 rev ", " application/vnd.rar application/x-rar-compressed application/x-rar "},
    {"7z", CLASS_ARCHIVE, " 7z ", " application/x-7z-compressed "},
    {"gz", CLASS_ARCHIVE, " gz tgz ", " application/gzip application/x-gzip "},
    {"bz2", CLASS_ARCHIVE, " bz2 tbz tbz2 ", " application/x-bzip2 "},
    {"xz", CLASS_ARCHIVE, " xz txz ", " application/x-xz "},
    {"zst", CLASS_ARCHIVE, " zst tzst ", " application/zstd "},
    {"lz", CLASS_ARCHIVE, " lz lzma ", " application/x-lzip application/x-lzma "},
    {"z", CLASS_ARCHIVE, " z ", " application/x-compress "},
    {"tar", CLASS_ARCHIVE, " tar ", " application/x-tar "},
    {"lzh", CLASS_ARCHIVE, " lzh lha ", " application/x-lzh application/x-lha application/x-lzh-compressed "},
    {"cab", CLASS_ARCHIVE, " cab ", " application/vnd.ms-cab-compressed "},
    {"arj", CLASS_ARCHIVE, " arj ", " application/x-arj "},
    {"ace", CLASS_ARCHIVE, " ace ", " application/x-ace-compressed "},
    {"cpio", CLASS_ARCHIVE, " cpio ", " application/x-cpio "},
    {"ar", CLASS_ARCHIVE, " a ar ", ""},
    {"xar", CLASS_ARCHIVE, " xar ", ""},
    {"wim", CLASS_DISK, " wim swm esd ", ""},
    {"iso", CLASS_DISK, " iso ", " application/x-iso9660-image application/x-cd-image "},
    {"udf", CLASS_DISK, " udf img ", ""},
    {"vhd", CLASS_DISK, " vhd vhdx ", ""},
    {"dmg", CLASS_DISK, " dmg ", " application/x-apple-diskimage "},
    {"exe", CLASS_PROGRAM, " exe com scr pif cpl dll sys ocx drv msp xll bin ", " application/x-msdownload application/x-dosexec application/vnd.microsoft.portable-executable "},
    {"msi", CLASS_PROGRAM, " msi msp ", " application/x-msi "},
    {"elf", CLASS_PROGRAM, " so o elf ", " application/x-executable application/x-sharedlib "},
    {"macho", CLASS_PROGRAM, " dylib ", " application/x-mach-binary "},
    {"class", CLASS_PROGRAM, " class ", " application/java-vm "},
    {"jar", CLASS_PROGRAM, " jar ", " application/java-archive application/x-java-archive "},
    {"apk", CLASS_PROGRAM, " apk ", " application/vnd.android.package-archive "},
    {"dex", CLASS_PROGRAM, " dex ", ""},
    {"deb", CLASS_PROGRAM, " deb ", " application/vnd.debian.binary-package "},
    {"rpm", CLASS_PROGRAM, " rpm ", " application/x-rpm "},
    {"swf", CLASS_PROGRAM, " swf ", " application/x-shockwave-flash "},
    {"chm", CLASS_PROGRAM, " chm hlp ", " application/vnd.ms-htmlhelp "},
    {"msix", CLASS_PROGRAM, " msix appx msixbundle appxbundle appinstaller ", ""},
    {"sh", CLASS_SCRIPT, " sh bash command csh run ", " application/x-sh text/x-shellscript "},
    {"js", CLASS_SCRIPT, " js jse mjs ", " application/javascript text/javascript application/x-javascript "},
    {"vbs", CLASS_SCRIPT, " vbs vbe vb ", " text/vbscript "},
    {"wsf", CLASS_SCRIPT, " wsf wsc wsh sct ", ""},
    {"hta", CLASS_SCRIPT, " hta ", " application/hta "},
    {"ps1", CLASS_SCRIPT, " ps1 psm1 psd1 ps1xml ", ""},
    {"bat", CLASS_SCRIPT, " bat cmd ", " application/x-bat "},
    {"reg", CLASS_SCRIPT, " reg inf ", ""},
    {"php", CLASS_SCRIPT, " php phtml ", " application/x-httpd-php "},
    {"py", CLASS_SCRIPT, " py pyw pyc pyz ", " text/x-python "},
    {"lnk", CLASS_SHORTCUT, " lnk ", " application/x-ms-shortcut "},
    {"url", CLASS_SHORTCUT, " url website webloc desktop ", " application/internet-shortcut "},
    {"library", CLASS_SHORTCUT, " library-ms search-ms settingcontent-ms scf jnlp diagcab gadget ", ""},
    {"html", CLASS_HTML, " html htm shtml xht xhtml ", " text/html application/xhtml+xml "},
    {"mht", CLASS_HTML, " mht mhtml ", " multipart/related application/x-mimearchive "},
    {"svg", CLASS_HTML, " svg svgz ", " image/svg+xml "},
    {"ics", CLASS_DATE, " ics ical vcs ", " text/calendar "},
    {"vcf", CLASS_DATE, " vcf vcard ", " text/vcard text/x-vcard "},
    {"eml", CLASS_MAIL, " eml mbox ", " message/rfc822 "},
    {"msg", CLASS_MAIL, " msg oft ", " application/vnd.ms-outlook "},
    {"tnef", CLASS_MAIL, " dat tnef ", " application/ms-tnef application/vnd.ms-tnef "},
    {"xml", CLASS_TEXT, " xml xsl xsd rss ", " text/xml application/xml "},
    {"csv", CLASS_TEXT, " csv tsv ", " text/csv "},
    {"txt", CLASS_TEXT, " txt text log md json ", " text/plain application/json "},
    {"pgp", CLASS_OTHER, " asc pgp gpg sig ", " application/pgp-encrypted application/pgp-signature application/pgp-keys "},
    {"p7s", CLASS_OTHER, " p7s p7m p7c ", " application/pkcs7-signature application/x-pkcs7-signature application/pkcs7-mime "},
};
/* clang-format on */
#define TYPE_COUNT (sizeof types / sizeof types[0])

const struct attachment_type *
attachment_type_find(struct bytes name)
{
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (bytes_is(name, types[i].name)) {
            return &types[i];
        }
    }
    return NULL;
}

static const struct attachment_type *
type(const char *name)
{
    return attachment_type_find(bytes_from_text(name));
}

/* The first row in which a word stands; all words of the table are lower case. */
static const struct attachment_type *
type_with(struct bytes word, bool media)
{
    uint8_t asked[128];

    if (word.size == 0 || word.size + 2 > sizeof asked) {
        return NULL;
    }
    asked[0] = asked[word.size + 1] = ' ';
    for (size_t i = 0; i < word.size; i++) {
        if (word.at[i] <= ' ') {
            return NULL;
        }
        asked[1 + i] = ascii_lower(word.at[i]);
    }
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        struct bytes words = bytes_from_text(media ? types[i].media : types[i].extensions);
        if (bytes_find(words, bytes_of(asked, word.size + 2), 0) != BYTES_NOWHERE) {
            return &types[i];
        }
    }
    return NULL;
}

const struct attachment_type *
attachment_type_named(struct bytes filename)
{
    struct attachment_name name;

    attachment_name_read(filename, &name);
    return type_with(name.extension, false);
}

const struct attachment_type *
attachment_type_media(struct bytes top, struct bytes subtype)
{
    uint8_t media[120];

    if (top.size == 0 || subtype.size == 0 || top.size + subtype.size + 1 > sizeof media) {
        return NULL;
    }
    memcpy(media, top.at, top.size);
    media[top.size] = '/';
    memcpy(media + top.size + 1, subtype.at, subtype.size);
    return type_with(bytes_of(media, top.size + 1 + subtype.size), true);
}

/* --- by content ----------------------------------------------------------------------------------------------- */

#define HEAD 65536

/* Bytes at a place near the start. */
struct sign {
    uint16_t at;
    uint8_t size;
    const char *bytes;
    const char *name;
};

#define SIGN(at, text, name)                                                               \
    {                                                                                      \
        at, sizeof(text) - 1, text, name                                                   \
    }

/* clang-format off */
static const struct sign signs[] = {
    SIGN(0, "{\\rt", "rtf"),
    SIGN(0, "%!PS", "ps"),
    SIGN(0, "\xc5\xd0\xd3\xc6", "ps"),
    SIGN(0, "Rar!\x1a\x07", "rar"),
    SIGN(0, "7z\xbc\xaf\x27\x1c", "7z"),
    SIGN(0, "\x1f\x8b\x08", "gz"),
    SIGN(0, "BZh", "bz2"),
    SIGN(0, "\xfd" "7zXZ\0", "xz"),
    SIGN(0, "\x28\xb5\x2f\xfd", "zst"),
    SIGN(0, "LZIP", "lz"),
    SIGN(0, "\x1f\x9d", "z"),
    SIGN(257, "ustar", "tar"),
    SIGN(2, "-lh", "lzh"),
    SIGN(2, "-lz", "lzh"),
    SIGN(0, "MSCF\0\0\0\0", "cab"),
    SIGN(0, "\x60\xea", "arj"),
    SIGN(7, "**ACE**", "ace"),
    SIGN(0, "070701", "cpio"),
    SIGN(0, "070707", "cpio"),
    SIGN(0, "!<arch>\ndebian", "deb"),
    SIGN(0, "!<arch>\n", "ar"),
    SIGN(0, "xar!", "xar"),
    SIGN(0, "MSWIM\0\0\0", "wim"),
    SIGN(0, "conectix", "vhd"),
    SIGN(0, "vhdxfile", "vhd"),
    SIGN(0, "\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", "lnk"),
    SIGN(0, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", "one"),
    SIGN(0, "\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f", "one"),
    SIGN(0, "\x7f" "ELF", "elf"),
    SIGN(0, "\xfe\xed\xfa\xce", "macho"),
    SIGN(0, "\xfe\xed\xfa\xcf", "macho"),
    SIGN(0, "\xce\xfa\xed\xfe", "macho"),
    SIGN(0, "\xcf\xfa\xed\xfe", "macho"),
    SIGN(0, "dex\n", "dex"),
    SIGN(0, "\xed\xab\xee\xdb", "rpm"),
    SIGN(0, "FWS", "swf"),
    SIGN(0, "CWS", "swf"),
    SIGN(0, "ZWS", "swf"),
    SIGN(0, "ITSF", "chm"),
    SIGN(0, "\x78\x9f\x3e\x22", "tnef"),
    SIGN(0, "\x89PNG\r\n\x1a\n", "png"),
    SIGN(0, "\xff\xd8\xff", "jpeg"),
    SIGN(0, "GIF87a", "gif"),
    SIGN(0, "GIF89a", "gif"),
    SIGN(0, "II*\0", "tiff"),
    SIGN(0, "MM\0*", "tiff"),
    SIGN(8, "WEBP", "webp"),
    SIGN(8, "WAVE", "riff"),
    SIGN(8, "AVI ", "riff"),
    SIGN(4, "ftyphei", "heic"),
    SIGN(4, "ftypmif1", "heic"),
    SIGN(4, "ftypavif", "heic"),
    SIGN(4, "ftyp", "mp4"),
    SIGN(4, "moov", "mp4"),
    SIGN(0, "\0\0\1\0\1\0", "ico"),
    SIGN(0, "8BPS", "psd"),
    SIGN(40, " EMF", "emf"),
    SIGN(0, "\xd7\xcd\xc6\x9a", "emf"),
    SIGN(0, "ID3", "mp3"),
    SIGN(0, "OggS", "ogg"),
    SIGN(0, "fLaC", "flac"),
    SIGN(0, "\x1a\x45\xdf\xa3", "mkv"),
    SIGN(0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wmv"),
    SIGN(0, "MThd", "mid"),
    SIGN(0, "#@~^", "vbs"), /* Windows Script Encoder, JScript too */
    SIGN(0, "#!", "sh"),
};
/* clang-format on */

static bool
has_at(struct bytes b, size_t at, struct bytes what)
{
    return bytes_equal(bytes_slice(b, at, at + what.size), what);
}

/* Discs have their mark behind 16 sectors of 2,048 bytes: CD001 (ECMA-119 8.4), BEA01 and NSR0 (ECMA-167 2/9.1). */
static const struct attachment_type *
disc_of(struct bytes b)
{
    bool iso = false;

    for (size_t at = 32769; at < 32769 + 3 * 2048; at += 2048) {
        if (has_at(b, at, BYTES("BEA01")) || has_at(b, at, BYTES("NSR0"))) {
            return type("udf");
        }
        iso = iso || has_at(b, at, BYTES("CD001"));
    }
    if (iso) {
        return type("iso");
    }
    if (b.size >= 512 && has_at(b, b.size - 512, BYTES("conectix"))) {
        return type("vhd");
    }
    return b.size >= 512 && has_at(b, b.size - 512, BYTES("koly")) ? type("dmg") : NULL;
}

/* By the names of its members, as many as count. An OpenDocument file begins with its media type, unpacked. */
static const struct attachment_type *
zip_of(struct bytes b)
{
    static const struct {
        const char *member, *name;
        bool whole;
    } rows[] = {
        {"AndroidManifest.xml", "apk", true},
        {"META-INF/MANIFEST.MF", "jar", true},
        {"AppxManifest.xml", "msix", true},
        {"word/", "docx", false},
        {"xl/", "xlsx", false},
        {"ppt/", "pptx", false},
    };
    static const char *const odf[][2] = {
        {"mimetypeapplication/vnd.oasis.opendocument.text", "odt"},
        {"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "ods"},
        {"mimetypeapplication/vnd.oasis.opendocument", "odp"},
        {"mimetypeapplication/epub+zip", "epub"},
    };
    struct zip_entry entry;
    struct zip zip;
    size_t best = sizeof rows / sizeof *rows;

    for (size_t i = 0; i < sizeof odf / sizeof *odf; i++) {
        if (has_at(b, 30, bytes_from_text(odf[i][0]))) {
            return type(odf[i][1]);
        }
    }
    if (!zip_open(b, &zip)) {
        return type("zip");
    }
    for (size_t n = 0; n < LIMIT_ARCHIVE_ENTRIES && zip_next(&zip, &entry); n++) {
        for (size_t i = 0; i < best; i++) {
            struct bytes member = bytes_from_text(rows[i].member);
            if (rows[i].whole ? bytes_equal(entry.name, member)
                              : bytes_starts(entry.name, member)) {
                best = i;
            }
        }
    }
    return type(best < sizeof rows / sizeof *rows ? rows[best].name : "zip");
}

/* What a text is, by the words it begins with. */
static const struct attachment_type *
text_of(struct bytes b)
{
    /* clang-format off */
    static const char *const starts[][2] = {
        {"BEGIN:VCALENDAR", "ics"}, {"BEGIN:VCARD", "vcf"}, {"[InternetShortcut", "url"}, {"[Desktop Entry", "url"},
        {"-----BEGIN PGP", "pgp"}, {"<?php", "php"}, {"@echo off", "bat"}, {"Windows Registry Editor", "reg"},
        {"<!doctype html", "html"}, {"<html", "html"}, {"<head", "html"}, {"<body", "html"}, {"<script", "html"},
        {"<svg", "svg"}, {"<!doctype svg", "svg"}, {"<job", "wsf"}, {"<package", "wsf"}, {"<hta:", "hta"},
        {"<libraryDescription", "library"}, {"<jnlp", "library"},
        {"MIME-Version:", "mht"}, {"Return-Path:", "eml"}, {"Received:", "eml"}, {"Delivered-To:", "eml"},
    };
    /* clang-format on */
    struct bytes t = b;

    if (bytes_starts(t, BYTES("\xef\xbb\xbf"))) {
        t = bytes_from(t, 3);
    }
    for (size_t i = 0; i < 4096 && t.size > 0 && ascii_blank(t.at[0]); i++) {
        t = bytes_from(t, 1);
    }
    if (bytes_starts(t, BYTES("<?xml")) || bytes_starts(t, BYTES("<!--"))) {
        struct bytes head = bytes_slice(t, 0, 4096);
        static const char *const roots[][2] = {
            {"<svg", "svg"}, {"<html", "html"}, {"<libraryDescription", "library"}};
        for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
            if (bytes_find_fold(head, bytes_from_text(roots[i][0]), 0) != BYTES_NOWHERE) {
                return type(roots[i][1]);
            }
        }
        return t.at[1] == '?' ? type("xml") : NULL;
    }
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (bytes_starts_fold(t, bytes_from_text(starts[i][0]))) {
            return type(starts[i][1]);
        }
    }
    return NULL;
}

/* A program of DOS or Windows. Two letters alone would also begin many a text. */
static bool
is_exe(struct bytes b)
{
    if (b.size < 64 || (!has_at(b, 0, BYTES("MZ")) && !has_at(b, 0, BYTES("ZM")))) {
        return false;
    }
    size_t at = (size_t)b.at[60] | (size_t)b.at[61] << 8 | (size_t)b.at[62] << 16 |
                (size_t)b.at[63] << 24;
    return has_at(b, at, BYTES("PE\0\0")) || has_at(b, at, BYTES("NE")) ||
           has_at(b, at, BYTES("LE")) ||
           memchr(b.at, '\0', 64) != NULL; /* plain DOS: no text in any case */
}

const struct attachment_type *
attachment_type_of(struct bytes b)
{
    struct bytes head = bytes_slice(b, 0, HEAD);
    bool macros, encrypted;

    if (head.size < 4) {
        return NULL;
    }
    if (bytes_starts(head, BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))) {
        return type(ole_kind(b, &macros, &encrypted));
    }
    if (bytes_starts(head, BYTES("PK\3\4")) || bytes_starts(head, BYTES("PK\5\6"))) {
        return zip_of(b);
    }
    if (is_exe(b)) {
        return type("exe");
    }
    /* Readers look for the mark of PDF in the first kilobyte (Adobe's note to ISO 32000 7.5.2), and so must we. */
    if (bytes_find(bytes_slice(head, 0, 1024), BYTES("%PDF-"), 0) != BYTES_NOWHERE) {
        return type("pdf");
    }
    if (bytes_starts(head,
                     BYTES("\xca\xfe\xba\xbe"))) { /* Java says a version, macOS how many */
        return type(head.size > 8 && head.at[6] == 0 && head.at[7] < 32 &&
                            head.at[5] == 0 && head.at[4] == 0
                        ? "macho"
                        : "class");
    }
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (has_at(head, signs[i].at, bytes_of(signs[i].bytes, signs[i].size))) {
            return type(signs[i].name);
        }
    }
    if (head.size > 26 && has_at(head, 0, BYTES("BM")) && head.at[6] == 0 &&
        head.at[7] == 0) {
        return type("bmp");
    }
    const struct attachment_type *found = text_of(head);
    return found != NULL ? found : disc_of(b);
}
