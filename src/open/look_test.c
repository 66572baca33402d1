#include "open/look.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/clock.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;
static size_t told;

static void
count_told(void *context, const struct opened *so_far)
{
    told++;
}

static struct opened
look_with(const char *name, struct bytes content, const char *password, uint64_t bytes,
          int64_t time_ms)
{
    struct opening o = {.name = bytes_from_text(name), .content = content};
    const struct look_limits limits = {bytes, clock_monotonic_ms() + time_ms};
    struct opened opened;

    if (password != NULL) {
        o.passwords[o.password_count++] = BYTES("wrong");
        o.passwords[o.password_count++] = bytes_from_text(password);
    }
    look(&arena, &o, &limits, count_told, NULL, &opened);
    return opened;
}

static struct opened
looked(const char *name, struct bytes content)
{
    return look_with(name, content, NULL, LIMIT_ARCHIVE_BYTES, 10000);
}

struct file {
    const char *name;
    struct bytes content;
};

/* An archive as libarchive writes it. */
static struct bytes
packed(int (*format)(struct archive *), const struct file *files, size_t count,
       const char *password)
{
    struct archive *a = archive_write_new();
    size_t room = 16u << 20, used = 0;

    for (size_t i = 0; i < count; i++) {
        room += files[i].content.size / 8 + 1024;
    }
    uint8_t *out = arena_take_bytes(&arena, room);
    format(a);
    if (password != NULL) {
        archive_write_set_options(a, "zip:encryption=traditional");
        archive_write_set_passphrase(a, password);
    }
    archive_write_open_memory(a, out, room, &used);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, files[i].name);
        archive_entry_set_size(e, (la_int64_t)files[i].content.size);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0644);
        if (archive_write_header(a, e) == ARCHIVE_OK) {
            archive_write_data(a, files[i].content.at, files[i].content.size);
        }
        archive_entry_free(e);
    }
    archive_write_close(a);
    archive_write_free(a);
    return bytes_of(out, used);
}

static struct bytes
zipped(const char *name, struct bytes content)
{
    const struct file file = {name, content};

    return packed(archive_write_set_format_zip, &file, 1, NULL);
}

static struct bytes
zeros(size_t size)
{
    uint8_t *at = arena_take_bytes(&arena, size);

    memset(at, 0, size);
    return bytes_of(at, size);
}

static bool
has(struct bytes text, const char *what)
{
    return bytes_find(text, bytes_from_text(what), 0) != BYTES_NOWHERE;
}

static void
test_archives(void)
{
    const struct file files[] = {{"read.txt", BYTES("see https://example.com/x now")},
                                 {"請求書.pdf.exe", BYTES("MZ")}};
    struct {
        const char *name;
        int (*format)(struct archive *);
    } formats[] = {{"a.zip", archive_write_set_format_zip},
                   {"a.7z", archive_write_set_format_7zip},
                   {"a.tar", archive_write_set_format_ustar},
                   {"a.cpio", archive_write_set_format_cpio_newc},
                   {"a.iso", archive_write_set_format_iso9660}};

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct opened o =
            looked(formats[i].name, packed(formats[i].format, files, 2, NULL));
        bool found = false;
        for (size_t k = 0; k < o.count; k++) {
            found = found || (has(o.list[k].path, ".exe") && o.list[k].depth == 1 &&
                              (o.list[k].facts & FACT_RUNS) != 0);
        }
        tap_ok(o.count == 3 && (o.list[0].facts & FACT_UNOPENED) == 0 &&
                   has(o.text, "see https"),
               "%s: two files in it, and the text of one", formats[i].name);
        tap_ok(found && (o.list[0].facts & (FACT_RUNS | FACT_DOUBLED)) ==
                            (FACT_RUNS | FACT_DOUBLED),
               "%s: what its files are is told of it too", formats[i].name);
        tap_ok(o.link_count == 1 && bytes_is(o.links[0], "https://example.com/x") &&
                   o.link_places[0] == ENCLOSED_LINK_TEXT,
               "%s: a link in a text", formats[i].name);
    }
    struct bytes zip = packed(archive_write_set_format_zip, files, 2, NULL);
    struct opened o = looked("a.zip", bytes_slice(zip, 0, zip.size / 2));
    tap_ok((o.list[0].facts & FACT_BROKEN) != 0, "an archive cut in the middle");
}

static void
test_passwords(void)
{
    const struct file file = {"secret.txt", BYTES("hidden words, https://example.net/")};
    struct bytes zip = packed(archive_write_set_format_zip, &file, 1, "abc123");
    struct opened o = look_with("a.zip", zip, NULL, 1 << 20, 10000);

    tap_ok((o.list[0].facts & (FACT_ENCRYPTED | FACT_PASSWORD_FITS)) == FACT_ENCRYPTED &&
               !has(o.text, "hidden"),
           "encrypted, and no password is told");
    o = look_with("a.zip", zip, "abc123", 1 << 20, 10000);
    tap_ok((o.list[0].facts & FACT_PASSWORD_FITS) != 0 && has(o.text, "hidden words") &&
               o.link_count == 1,
           "with a password that is told it is read");
    o = look_with("a.zip", zip, "abc124", 1 << 20, 10000);
    tap_ok((o.list[0].facts & FACT_PASSWORD_FITS) == 0, "with another one it is not");
}

static void
test_depth(void)
{
    struct bytes inner = zipped("bottom.txt", BYTES("the bottom"));

    for (unsigned depth = 1; depth < LIMIT_ARCHIVE_DEPTH; depth++) {
        inner = zipped("inner.zip", inner);
    }
    struct opened o = looked("a.zip", inner);
    tap_ok((o.list[0].facts & FACT_LIMITS) == 0 && has(o.text, "the bottom"),
           "%d archives in each other are read", LIMIT_ARCHIVE_DEPTH);
    o = looked("a.zip", zipped("inner.zip", inner));
    tap_ok((o.list[0].facts & FACT_LIMITS) == FACT_LIMIT_DEPTH &&
               !has(o.text, "the bottom"),
           "one more is not");
}

static void
test_entries(void)
{
    struct file *files = ARENA_NEW_MANY(&arena, LIMIT_ARCHIVE_ENTRIES + 1, struct file);

    for (size_t i = 0; i <= LIMIT_ARCHIVE_ENTRIES; i++) {
        files[i] = (struct file){"x.txt", BYTES("x")};
    }
    for (size_t past = 0; past < 2; past++) {
        struct opened o = looked("a.tar", packed(archive_write_set_format_ustar, files,
                                                 LIMIT_ARCHIVE_ENTRIES + past, NULL));
        tap_ok((o.list[0].facts & FACT_LIMITS) == (past ? FACT_LIMIT_ENTRIES : 0) &&
                   o.count == LIMIT_ENCLOSURES &&
                   o.dropped == LIMIT_ARCHIVE_ENTRIES + 1 - LIMIT_ENCLOSURES,
               "%zu entries", LIMIT_ARCHIVE_ENTRIES + past);
    }
}

static void
test_sizes(void)
{
    struct bytes tar = zipped("zeros", zeros(1000000));
    struct opened o = look_with("a.zip", tar, NULL, 1000000, 10000);
    tap_ok((o.list[0].facts & FACT_LIMITS) == 0, "bytes unpacked, at the bound");
    o = look_with("a.zip", tar, NULL, 999999, 10000);
    tap_ok((o.list[0].facts & FACT_LIMITS) == FACT_LIMIT_BYTES, "and one past it");
    o = looked("bomb.zip", zipped("zeros", zeros(40u << 20)));
    tap_ok((o.list[0].facts & FACT_LIMITS) == FACT_LIMIT_RATIO,
           "40 MiB of nothing in 40 KB: its ratio is told (%x)", o.list[0].facts);
    o = look_with("bomb.zip", tar, NULL, LIMIT_ARCHIVE_BYTES, -1);
    tap_ok((o.list[0].facts & FACT_LIMIT_TIME) != 0 && o.count == 1, "no time is left");
    struct bytes text = zeros(LIMIT_OPENED_TEXT + 1);
    memset((uint8_t *)(uintptr_t)text.at, 'a', text.size);
    o = looked("a.txt", bytes_slice(text, 0, LIMIT_OPENED_TEXT));
    tap_ok(o.text.size == LIMIT_OPENED_TEXT && o.list[0].facts == 0, "text at the bound");
    o = looked("a.txt", text);
    tap_ok(o.text.size == LIMIT_OPENED_TEXT && o.list[0].facts == FACT_LIMIT_TEXT,
           "text one byte past it");
}

static void
test_links_bound(void)
{
    struct writer w;

    writer_init(&w, &arena);
    for (int i = 0; i <= LIMIT_OPENED_LINKS; i++) {
        writer_format(&w, "https://example.com/%d ", i);
        if (i == LIMIT_OPENED_LINKS - 1) {
            tap_ok(looked("a.txt", bytes_copy(&arena, writer_view(&w))).link_count ==
                       LIMIT_OPENED_LINKS,
                   "links at the bound");
        }
    }
    tap_ok(looked("a.txt", writer_view(&w)).link_count == LIMIT_OPENED_LINKS,
           "one more is dropped");
}

static void
test_office(void)
{
    const struct file docx[] = {
        {"[Content_Types].xml", BYTES("<Types/>")},
        {"word/document.xml",
         BYTES("<w:document xmlns:w='w'><w:body><w:p><w:r><w:t>当選しました</w:t></w:r></"
               "w:p><w:p><w:r><w:t>second line</w:t></w:r></w:p></w:body></w:document>")},
        {"word/_rels/document.xml.rels",
         BYTES("<Relationships><Relationship Type='x/hyperlink' "
               "Target='https://example.org/prize' TargetMode='External'/></"
               "Relationships>")},
        {"word/vbaProject.bin", BYTES("x")}};
    const struct file remote[] = {
        {"word/document.xml", BYTES("<a/>")},
        {"word/_rels/settings.xml.rels",
         BYTES("<Relationships><Relationship Type='x/attachedTemplate' "
               "Target='https://example.org/t.dotm' TargetMode='External'/></"
               "Relationships>")}};
    const struct file odt[] = {
        {"content.xml",
         BYTES("<o xmlns:text='t' xmlns:xlink='x'><text:p>開いた文書</text:p><text:a "
               "xlink:href='https://example.org/odf'>x</text:a></o>")}};
    const struct file laughs[] = {
        {"word/document.xml", BYTES("<!DOCTYPE a [<!ENTITY b 'xxxxxxxxxx'><!ENTITY c "
                                    "'&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d "
                                    "'&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'><!ENTITY e "
                                    "'&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f "
                                    "'&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;'><!ENTITY g "
                                    "'&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;'><!ENTITY h "
                                    "'&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;'><!ENTITY i "
                                    "'&h;&h;&h;&h;&h;&h;&h;&h;&h;&h;'><!ENTITY j "
                                    "'&i;&i;&i;&i;&i;&i;&i;&i;&i;&i;'>]><a>&j;</a>")}};
    struct opened o = looked("a.docm", packed(archive_write_set_format_zip, docx, 4, NULL));

    tap_ok(has(o.text, "当選しました\nsecond line") && o.list[0].facts == FACT_MACRO,
           "text and macros of a letter of Word (%x)", o.list[0].facts);
    tap_ok(o.link_count == 1 && bytes_is(o.links[0], "https://example.org/prize") &&
               o.link_places[0] == ENCLOSED_LINK_OFFICE,
           "and where its link leads");
    o = looked("a.docx", packed(archive_write_set_format_zip, remote, 2, NULL));
    tap_ok((o.list[0].facts & FACT_REMOTE_TEMPLATE) != 0, "a template from elsewhere");
    struct bytes b = packed(archive_write_set_format_zip, odt, 1, NULL);
    o = looked("a.odt", b);
    tap_ok(o.count > 0, "an archive with content.xml is looked into");
    o = looked("a.docx", packed(archive_write_set_format_zip, laughs, 1, NULL));
    tap_ok((o.list[0].facts & FACT_BROKEN) != 0 && o.text.size <= LIMIT_OPENED_TEXT,
           "a billion laughs are not laughed");
}

/* A PDF as one writes it by hand; the reader mends what is missing (xref). */
static struct bytes
pdf(const char *more, const char *stream)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w,
                  "%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R%s>>endobj\n"
                  "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
                  "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R"
                  "/Resources<</Font<</F 5 0 R>>>>"
                  "/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 99 99]"
                  "/A<</S/URI/URI(https://example.com/pay)>>>>]>>endobj\n"
                  "4 0 obj<</Length %zu>>stream\n%s\nendstream endobj\n"
                  "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
                  "trailer<</Root 1 0 R>>\n%%%%EOF\n",
                  more, strlen(stream), stream);
    return writer_view(&w);
}

static void
test_pdf(void)
{
    struct opened o =
        looked("a.pdf", pdf("", "BT /F 12 Tf 20 200 Td (Your invoice is due) Tj ET"));

    tap_ok(has(o.text, "Your invoice is due"), "text of a PDF");
    tap_ok(o.link_count == 1 && bytes_is(o.links[0], "https://example.com/pay") &&
               o.link_places[0] == ENCLOSED_LINK_PDF,
           "and its link");
    tap_ok(told >= 2, "what was found before is told before");
    o = looked("a.pdf", pdf("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>", ""));
    tap_ok((o.list[0].facts & FACT_SCRIPT) != 0, "a PDF with a script");
    o = looked("a.pdf", BYTES("%PDF-1.7\nnothing of the kind"));
    tap_ok((o.list[0].facts & FACT_BROKEN) != 0, "a PDF that is none");
}

static void
test_images(void)
{
    /* 100,000 x 100,000 pixels, as its head says. */
    static const uint8_t huge[] =
        "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\x86\xa0\0\1\x86\xa0\x08\0\0\0\0\x9d\xd5\xb2\xb4";
    struct opened o = looked("a.png", bytes_of(huge, sizeof huge - 1));

    tap_ok((o.list[0].facts & (FACT_LIMIT_BYTES | FACT_BROKEN)) != 0,
           "a picture of 10,000 million pixels is not decoded (%x)", o.list[0].facts);
    o = looked("a.gif", BYTES("GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2"));
    tap_ok((o.list[0].facts & FACT_LIMIT_BYTES) != 0, "nor a GIF of 65,535 by 65,535");
    o = looked("a.jpg", BYTES("\xff\xd8\xff\xe0"));
    tap_ok(o.list[0].facts == FACT_BROKEN, "a JPEG that ends at once");
}

static void
test_others(void)
{
    struct opened o = looked("a.html", BYTES("<html><script>x</script><a "
                                             "href='https://example.com/h'>pay</a>"));

    tap_ok((o.list[0].facts & FACT_SCRIPT) != 0 && has(o.text, "pay") && o.link_count == 1,
           "a page");
    o = looked("a.eml", BYTES("Received: x\r\nSubject: inner\r\n\r\nits words"));
    tap_ok(has(o.text, "inner") && has(o.text, "its words"), "a mail in a file");
    o = looked("empty", BYTES_NONE);
    tap_ok(o.count == 1 && o.list[0].facts == 0, "nothing");
    o = looked("a.ace", BYTES("xxxxxxx**ACE**xxxxxxxxxxxx"));
    tap_ok((o.list[0].facts & FACT_UNOPENED) != 0, "what nobody reads is said to be so");
}

int
main(void)
{
    arena_init(&arena, (size_t)2 << 30);
    look_prepare();
    test_archives();
    test_passwords();
    test_depth();
    test_entries();
    test_sizes();
    test_links_bound();
    test_office();
    test_pdf();
    test_images();
    test_others();
    arena_release(&arena);
    return tap_done();
}
