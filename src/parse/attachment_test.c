#include "parse/attachment.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "parse/ole.h"
#include "parse/zip.h"

static struct arena arena;

static void
little(struct writer *w, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        writer_byte(w, (uint8_t)(value >> (8 * i)));
    }
}

static void
zeros(struct writer *w, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        writer_byte(w, 0);
    }
}

/* A ZIP archive of empty members, with its local heads. */
static struct bytes
zip_of(const char *const *names, size_t count, bool encrypted)
{
    struct writer w, d;

    writer_init(&w, &arena);
    writer_init(&d, &arena);
    for (size_t i = 0; i < count; i++) {
        uint32_t size = (uint32_t)strlen(names[i]);
        writer_bytes(&w, BYTES("PK\3\4"));
        zeros(&w, 22);
        little(&w, size, 2);
        little(&w, 0, 2);
        writer_text(&w, names[i]);
        writer_bytes(&d, BYTES("PK\1\2"));
        zeros(&d, 4);
        little(&d, encrypted, 2);
        zeros(&d, 18);
        little(&d, size, 2);
        zeros(&d, 16);
        writer_text(&d, names[i]);
    }
    struct bytes directory = writer_view(&d);
    writer_bytes(&w, directory);
    writer_bytes(&w, BYTES("PK\5\6"));
    zeros(&w, 4);
    little(&w, (uint32_t)count, 2);
    little(&w, (uint32_t)count, 2);
    little(&w, (uint32_t)directory.size, 4);
    zeros(&w, 6);
    return writer_view(&w);
}

static const char *
name_of(struct bytes content)
{
    const struct attachment_type *type = attachment_type_of(content);

    return type == NULL ? "-" : type->name;
}

static void
test_types(void)
{
    /* clang-format off */
    static const struct { struct bytes content; const char *is; } rows[] = {
        {BYTES("%PDF-1.7\n%\xe2\xe3"), "pdf"},
        {BYTES("junk before\n%PDF-1.4"), "pdf"},
        {BYTES("{\\rtf1\\ansi"), "rtf"},
        {BYTES("Rar!\x1a\x07\x01\0"), "rar"},
        {BYTES("7z\xbc\xaf\x27\x1c\0\4"), "7z"},
        {BYTES("\x1f\x8b\x08\0\0\0"), "gz"},
        {BYTES("\xfd" "7zXZ\0\0"), "xz"},
        {BYTES("MSCF\0\0\0\0x"), "cab"},
        {BYTES("xxxxxxx**ACE**"), "ace"},
        {BYTES("!!-lh5-"), "lzh"},
        {BYTES("\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46\x81"), "lnk"},
        {BYTES("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"), "one"},
        {BYTES("\x7f" "ELF\2\1\1"), "elf"},
        {BYTES("\xca\xfe\xba\xbe\0\0\0\x34\0\x10"), "class"},
        {BYTES("\xca\xfe\xba\xbe\0\0\0\2\1\0"), "macho"},
        {BYTES("\x78\x9f\x3e\x22\0\0"), "tnef"},
        {BYTES("\x89PNG\r\n\x1a\n\0"), "png"},
        {BYTES("\0\0\0\x18" "ftypmp42"), "mp4"},
        {BYTES("\0\0\0\x18" "ftypheic"), "heic"},
        {BYTES("#!/bin/sh\n"), "sh"},
        {BYTES("\xef\xbb\xbf  <!DOCTYPE html>"), "html"},
        {BYTES("<?xml version='1.0'?><svg>"), "svg"},
        {BYTES("<?xml version='1.0'?><a/>"), "xml"},
        {BYTES("BEGIN:VCALENDAR\r\n"), "ics"},
        {BYTES("[InternetShortcut]\r\nURL=file://"), "url"},
        {BYTES("Received: from a"), "eml"},
        {BYTES("plain words"), "-"},
        {BYTES("MZ is how this text begins, and it goes on for more than sixty-four bytes."), "-"},
        {BYTES("abc"), "-"},
        {BYTES(""), "-"},
    };
    /* clang-format on */
    struct writer w;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *is = name_of(rows[i].content);
        tap_ok(strcmp(is, rows[i].is) == 0, "row %zu is %s: %s", i, rows[i].is, is);
    }
    writer_init(&w, &arena);
    writer_text(&w, "MZ");
    zeros(&w, 58);
    little(&w, 64, 4);
    writer_bytes(&w, BYTES("PE\0\0"));
    tap_ok(strcmp(name_of(writer_view(&w)), "exe") == 0, "a program of Windows");
    for (int past = 0; past < 2; past++) {
        writer_init(&w, &arena);
        zeros(&w, 32769 + (size_t)past);
        writer_text(&w, "CD001");
        zeros(&w, 4096);
        tap_ok(strcmp(name_of(writer_view(&w)), past ? "-" : "iso") == 0,
               "a disc has its mark at byte 32769, %s", past ? "not one later" : "there");
    }
    writer_init(&w, &arena);
    zeros(&w, 1024 - 5);
    writer_text(&w, "%PDF-");
    tap_ok(strcmp(name_of(writer_view(&w)), "pdf") == 0, "%%PDF- at the end of 1 KiB");
    writer_init(&w, &arena);
    zeros(&w, 1024 - 4);
    writer_text(&w, "%PDF-");
    tap_ok(strcmp(name_of(writer_view(&w)), "-") == 0, "and a byte further not");
}

static void
test_zip(void)
{
    static const char *const docm[] = {"[Content_Types].xml", "word/document.xml",
                                       "word/vbaProject.bin"};
    static const char *const jar[] = {"META-INF/MANIFEST.MF", "A.class"};
    static const char *const plain[] = {"a.txt"}, *const climbing[] = {"../../a.txt"};
    static const char *const odt[] = {"mimetypeapplication/vnd.oasis.opendocument.text"};
    const char *many[LIMIT_ARCHIVE_ENTRIES + 1];
    struct zip_entry entry;
    struct zip zip;
    struct bytes b = zip_of(docm, 3, false);

    tap_ok(strcmp(name_of(b), "docx") == 0, "a letter of Word by its members");
    tap_ok(attachment_facts(BYTES("a.docm"), NULL, attachment_type_of(b), b) == FACT_MACRO,
           "and its macros");
    tap_ok(strcmp(name_of(zip_of(jar, 2, false)), "jar") == 0, "a program of Java");
    tap_ok(strcmp(name_of(zip_of(odt, 1, false)), "odt") == 0,
           "an OpenDocument text by its first member");
    b = zip_of(plain, 1, true);
    tap_ok(strcmp(name_of(b), "zip") == 0 &&
               attachment_facts(BYTES("a.zip"), NULL, attachment_type_of(b), b) ==
                   FACT_ENCRYPTED,
           "an encrypted member");
    static const char *const runs[] = {"invoice.pdf.exe"};
    b = zip_of(runs, 1, true);
    tap_ok(attachment_facts(BYTES("a.zip"), NULL, attachment_type_of(b), b) ==
               (FACT_ENCRYPTED | FACT_RUNS | FACT_DOUBLED),
           "an encrypted member tells its name");
    b = zip_of(climbing, 1, false);
    tap_ok(attachment_facts(BYTES("a.zip"), NULL, attachment_type_of(b), b) ==
               FACT_BAD_PATH,
           "a member that leads out of its folder");
    tap_ok(zip_open(b, &zip) && zip_next(&zip, &entry) &&
               bytes_is(entry.name, "../../a.txt") && !zip_next(&zip, &entry),
           "one member, then no more");
    tap_ok(!zip_open(bytes_slice(b, 0, b.size - 1), &zip), "its end is cut");
    tap_ok((attachment_facts(BYTES("a.zip"), NULL, attachment_type_of(b),
                             bytes_slice(b, 0, 40)) &
            FACT_BROKEN) != 0,
           "a ZIP without a directory is broken");
    for (size_t i = 0; i <= LIMIT_ARCHIVE_ENTRIES; i++) {
        many[i] = "a";
    }
    for (size_t past = 0; past < 2; past++) {
        b = zip_of(many, LIMIT_ARCHIVE_ENTRIES + past, false);
        uint32_t facts = attachment_facts(BYTES("a.zip"), NULL, attachment_type_of(b), b);
        tap_ok(facts == (past ? FACT_LIMIT_ENTRIES : 0), "%zu members: %s",
               (size_t)LIMIT_ARCHIVE_ENTRIES + past, past ? "too many" : "all looked at");
    }
}

static void
ole_entry(struct writer *w, const char *name, uint8_t kind, uint32_t start, uint32_t size)
{
    size_t units = strlen(name);

    for (size_t i = 0; i < 32; i++) {
        little(w, i < units ? (uint8_t)name[i] : 0, 2);
    }
    little(w, (uint32_t)(units + 1) * 2, 2);
    writer_byte(w, kind);
    zeros(w, 49);
    little(w, start, 4);
    little(w, size, 4);
    little(w, 0, 4);
}

/* Sector 0 FAT, 1 directory, 2 and 3 a stream; `loop` makes the directory's chain lead back to itself. */
static struct bytes
ole_file(const char *stream, const char *storage, bool loop)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_bytes(&w, BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"));
    zeros(&w, 22);
    little(&w, 9, 2);
    little(&w, 6, 2);
    zeros(&w, 10);
    little(&w, 1, 4); /* sectors of the FAT */
    little(&w, 1, 4); /* directory */
    little(&w, 0, 4);
    little(&w, 512, 4); /* what is smaller is a mini stream */
    little(&w, 0xfffffffe, 4);
    little(&w, 0, 4);
    little(&w, 0xfffffffe, 4);
    little(&w, 0, 4);
    little(&w, 0, 4);
    for (unsigned i = 1; i < 109; i++) {
        little(&w, 0xffffffff, 4);
    }
    little(&w, 0xfffffffd, 4);
    little(&w, loop ? 1 : 0xfffffffe, 4);
    little(&w, 3, 4);
    little(&w, 0xfffffffe, 4);
    for (unsigned i = 4; i < 128; i++) {
        little(&w, 0xffffffff, 4);
    }
    ole_entry(&w, "Root Entry", 5, 0xfffffffe, 0);
    ole_entry(&w, stream, 2, 2, 600);
    ole_entry(&w, storage, 1, 0, 0);
    zeros(&w, 128);
    for (unsigned i = 0; i < 1024; i++) {
        writer_byte(&w, i < 512 ? 'a' : 'b');
    }
    return writer_view(&w);
}

static void
test_ole(void)
{
    struct bytes b = ole_file("WordDocument", "Macros", false), content;
    struct ole_stream s;
    struct ole ole;
    size_t count = 0;
    bool macros, encrypted;

    tap_ok(strcmp(name_of(b), "doc") == 0, "an old letter of Word");
    tap_ok(ole_open(b, &ole) && ole_next(&ole, &s) && strcmp(s.name, "WordDocument") == 0,
           "its stream has a name");
    content = ole_read(&arena, &ole, &s, 10000);
    tap_ok(content.size == 600 && content.at[511] == 'a' && content.at[512] == 'b',
           "and bytes in two sectors");
    tap_ok(ole_read(&arena, &ole, &s, 513).size == 513, "no more than asked for");
    s.size = 1 << 30;
    tap_ok(ole_read(&arena, &ole, &s, 1 << 30).size == 1024, "nor than its chain has");
    s.start = 99;
    tap_ok(ole_read(&arena, &ole, &s, 1000).size == 0, "nor from outside the file");
    b = ole_file("Workbook", "_VBA_PROJECT_CUR", false);
    tap_ok(attachment_facts(BYTES("a.xls"), NULL, attachment_type_of(b), b) == FACT_MACRO,
           "macros of an old workbook");
    b = ole_file("EncryptedPackage", "x", false);
    tap_ok(attachment_facts(BYTES("a.xlsx"), NULL, attachment_type_of(b), b) ==
               FACT_ENCRYPTED,
           "a newer one with a password");
    b = ole_file("WordDocument", "Macros", true);
    tap_ok(ole_open(b, &ole), "a directory that leads back to itself");
    while (ole_next(&ole, &s)) {
        count++;
    }
    tap_ok(count > 0 && count <= LIMIT_OLE_STREAMS, "ends: %zu entries", count);
    tap_ok(strcmp(ole_kind(bytes_slice(b, 0, 600), &macros, &encrypted), "ole") == 0 &&
               !macros,
           "cut short it has no streams");
}

static void
test_ole_bound(void)
{
    struct bytes b = ole_file("WordDocument", "Macros", true);
    uint8_t *longer = arena_take_bytes(&arena, 4u << 20);
    struct ole_stream s;
    struct ole ole;
    size_t count = 0;

    memset(longer, 0xff, 4u << 20);
    memcpy(longer, b.at, b.size);
    tap_ok(ole_open(bytes_of(longer, 4u << 20), &ole), "a loop in a long file");
    while (ole_next(&ole, &s)) {
        count++;
    }
    tap_ok(count == LIMIT_OLE_STREAMS, "ends at the bound: %zu", count);
}

static void
test_names(void)
{
    /* clang-format off */
    static const struct { struct bytes name; const char *extension; bool runs, doubled, padded, bidi, control, climbs; } rows[] = {
        {BYTES("invoice.pdf"), "pdf", 0, 0, 0, 0, 0, 0},
        {BYTES("invoice.pdf.exe"), "exe", 1, 1, 0, 0, 0, 0},
        {BYTES("invoice.PDF.ExE. . "), "ExE", 1, 1, 0, 0, 0, 0},
        {BYTES("請求書.pdf          .scr"), "scr", 1, 1, 1, 0, 0, 0},
        {BYTES("請求書.xlsx　　　　.lnk"), "lnk", 1, 1, 1, 0, 0, 0},
        {BYTES("archive.tar.gz"), "gz", 0, 0, 0, 0, 0, 0},
        {BYTES("v1.2.exe"), "exe", 1, 0, 0, 0, 0, 0},
        {BYTES("invoice\xe2\x80\xae" "fdp.exe"), "exe", 1, 0, 0, 1, 0, 0},
        {BYTES("a\xe2\x81\xa7.pdf"), "pdf", 0, 0, 0, 1, 0, 0},
        {BYTES("a.pdf\0.exe"), "exe", 1, 0, 0, 0, 1, 0},
        {BYTES("../a"), "", 0, 0, 0, 0, 0, 1},
        {BYTES("a/../../b.txt"), "txt", 0, 0, 0, 0, 0, 1},
        {BYTES("a\\..\\b.txt"), "txt", 0, 0, 0, 0, 0, 1},
        {BYTES("/etc/x.d/passwd"), "", 0, 0, 0, 0, 0, 1},
        {BYTES("C:\\x"), "", 0, 0, 0, 0, 0, 1},
        {BYTES("a..b/c"), "", 0, 0, 0, 0, 0, 0},
        {BYTES(""), "", 0, 0, 0, 0, 0, 0},
        {BYTES("..."), "", 0, 0, 0, 0, 0, 0},
    };
    /* clang-format on */
    struct attachment_name n;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        attachment_name_read(rows[i].name, &n);
        tap_ok(bytes_is(n.extension, rows[i].extension), "name %zu: extension %s", i,
               rows[i].extension);
        tap_ok(n.runs == rows[i].runs && n.doubled == rows[i].doubled &&
                   n.padded == rows[i].padded && n.bidi == rows[i].bidi &&
                   n.control == rows[i].control && n.climbs == rows[i].climbs,
               "name %zu: what it hides", i);
    }
    for (size_t past = 0; past < 2; past++) {
        uint8_t *name = arena_take_bytes(&arena, LIMIT_ATTACHMENT_NAME + 1);
        memset(name, 'a', LIMIT_ATTACHMENT_NAME + 1);
        name[0] = '\1';
        memcpy(name + LIMIT_ATTACHMENT_NAME - 4 + past, ".exe", 4);
        attachment_name_read(bytes_of(name, LIMIT_ATTACHMENT_NAME + past), &n);
        tap_ok(n.runs && n.control == !past, "%s",
               past ? "a byte more is not looked at" : "a name at the bound");
    }
    uint8_t *huge = arena_take_bytes(&arena, 65536);
    memset(huge, '.', 65536);
    attachment_name_read(bytes_of(huge, 65536), &n);
    tap_ok(n.extension.size == 0, "a name of 64 KiB of dots has no extension");
}

static bool
lies(const char *claimed, const char *is)
{
    return attachment_type_lies(attachment_type_find(bytes_from_text(claimed)),
                                attachment_type_find(bytes_from_text(is)));
}

static void
test_lies(void)
{
    tap_ok(lies("pdf", "exe") && lies("jpeg", "exe") && lies("zip", "exe") &&
               lies("txt", "lnk") && lies("docx", "iso") && lies("pdf", "html") &&
               lies("jpeg", "zip") && lies("pdf", "rar"),
           "lies");
    tap_ok(!lies("jpeg", "png") && !lies("docx", "zip") && !lies("doc", "rtf") &&
               !lies("xls", "html") && !lies("txt", "sh") && !lies("zip", "docx") &&
               !lies("exe", "msi") && !lies("none", "exe") && !lies("pdf", "none") &&
               !lies("zip", "iso"),
           "and what is none");
    tap_ok(attachment_facts(BYTES("photo.jpg"), NULL, attachment_type_find(BYTES("exe")),
                            BYTES("MZ")) == (FACT_TYPE_LIES | FACT_RUNS),
           "a program with the name of a picture");
    tap_ok(attachment_facts(BYTES("x"),
                            attachment_type_media(BYTES("image"), BYTES("JPEG")),
                            attachment_type_find(BYTES("exe")),
                            BYTES("MZ")) == (FACT_TYPE_LIES | FACT_RUNS),
           "and with the label of one");
    tap_ok(attachment_type_media(BYTES("application"), BYTES("octet-stream")) == NULL,
           "application/octet-stream claims nothing");
    tap_ok((attachment_facts(BYTES("a.svg"), NULL, attachment_type_find(BYTES("svg")),
                             BYTES("<svg onload=\"x\">")) == 0) == false,
           "a picture that runs something");
    tap_ok(attachment_facts(BYTES("a.html"), NULL, attachment_type_find(BYTES("html")),
                            BYTES("<html><script>1</script><INPUT TYPE=password>")) ==
               (FACT_SCRIPT | FACT_PASSWORD_FIELD),
           "a page with a script that asks for a password");
}

static void
test_passwords(void)
{
    static const struct {
        const char *text, *password;
    } rows[] = {
        {"添付ファイルのパスワードは abc12345 です。", "abc12345"},
        {"パスワード：「X9-yz」", "X9-yz"},
        {"解凍パスワードは下記の通りです。\n\nqwe!rty\n", "qwe!rty"},
        {"パスワードは以下の通りです\n\nqwe!rty\n", "qwe!rty"},
        {"Password: infected", "infected"},
        {"the password is \"123\".", "123"},
        {"PW=zz9", "zz9"},
        {"a compass points", NULL},
        {"パスワードを変更してください", NULL},
        {"password:\n\n\n\n\nfar", NULL},
        {"", NULL},
    };
    struct bytes found[LIMIT_PASSWORDS];
    struct writer w;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t count = attachment_passwords(bytes_from_text(rows[i].text), found, 1);
        tap_ok(rows[i].password == NULL
                   ? count == 0
                   : count == 1 && bytes_is(found[0], rows[i].password),
               "password %zu: %s (%.*s)", i, rows[i].password ? rows[i].password : "none",
               BYTES_ARGUMENTS(count > 0 ? found[0] : BYTES("-")));
    }
    writer_init(&w, &arena);
    for (int i = 0; i < LIMIT_PASSWORDS + 1; i++) {
        writer_format(&w, "password: word%d\npassword: word%d\n", i, i);
    }
    size_t count = attachment_passwords(writer_view(&w), found, LIMIT_PASSWORDS);
    tap_ok(count == LIMIT_PASSWORDS && bytes_is(found[LIMIT_PASSWORDS - 1], "word7"),
           "each once, and no more than there is room for");
}

int
main(void)
{
    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    test_types();
    test_zip();
    test_ole();
    test_ole_bound();
    test_names();
    test_lies();
    test_passwords();
    arena_release(&arena);
    return tap_done();
}
