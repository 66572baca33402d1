/* Office documents: newer ones are ZIP archives of XML (ECMA-376, ISO/IEC 26300), older ones OLE2 files, whose text is taken
 * as the runs of readable characters in it. */
#include "open/look_private.h"

#include <archive.h>
#include <archive_entry.h>
#include <expat.h>

#include "parse/charset.h"
#include "parse/ole.h"

#define MEMBER_MOST (8u << 20)
#define RUN_LEAST   4

struct office {
    struct look *l;
    XML_Parser parser;
    struct writer text;
    uint32_t facts;
};

static const char *
attribute(const char **attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2) {
        const char *colon = strchr(attributes[0], ':');
        if (strcmp(colon == NULL ? attributes[0] : colon + 1, name) == 0) {
            return attributes[1];
        }
    }
    return NULL;
}

/* ECMA-376 part 2, 9.3: what a part refers to; outside the package with TargetMode="External". ODF links are xlink:href. */
static void XMLCALL
element_begins(void *context, const char *name, const char **attributes)
{
    struct office *o = context;
    const char *mode = attribute(attributes, "TargetMode"),
               *target = attribute(attributes, "Target"),
               *kind = attribute(attributes, "Type"), *href = attribute(attributes, "href");

    if (mode != NULL && target != NULL && strcmp(mode, "External") == 0) {
        struct bytes type = bytes_from_text(kind);
        look_put_link(o->l, ENCLOSED_LINK_OFFICE, bytes_from_text(target));
        o->facts |= bytes_ends(type, BYTES("/attachedTemplate")) ||
                            bytes_ends(type, BYTES("/oleObject")) ||
                            bytes_ends(type, BYTES("/frame"))
                        ? FACT_REMOTE_TEMPLATE
                        : 0;
    }
    if (href != NULL && strstr(href, "://") != NULL) {
        look_put_link(o->l, ENCLOSED_LINK_OFFICE, bytes_from_text(href));
    }
    (void)name;
}

static void XMLCALL
element_ends(void *context, const char *name)
{
    struct office *o = context;
    const char *colon = strchr(name, ':');
    struct bytes local = bytes_from_text(colon == NULL ? name : colon + 1);

    if (bytes_is(local, "p") || bytes_is(local, "h") || bytes_is(local, "si") ||
        bytes_is(local, "row") || bytes_is(local, "br") || bytes_is(local, "tab")) {
        writer_byte(&o->text, '\n');
    }
}

static void XMLCALL
characters(void *context, const char *at, int size)
{
    struct office *o = context;

    if (o->text.size < LIMIT_OPENED_TEXT) {
        writer_bytes(&o->text, bytes_of(at, (size_t)size));
    }
}

/* Which members are read: relations, and those that hold text. */
static bool
is_wanted(struct bytes name, bool *relations_r)
{
    *relations_r = bytes_ends(name, BYTES(".rels"));
    if (!bytes_ends(name, BYTES(".xml"))) {
        return *relations_r || bytes_ends(name, BYTES(".xhtml"));
    }
    return bytes_is(name, "content.xml") || bytes_starts(name, BYTES("word/document")) ||
           bytes_starts(name, BYTES("word/header")) ||
           bytes_starts(name, BYTES("word/foot")) ||
           bytes_is(name, "xl/sharedStrings.xml") ||
           bytes_starts(name, BYTES("xl/worksheets/sheet")) ||
           bytes_starts(name, BYTES("ppt/slides/slide"));
}

static uint32_t
member_read(struct look *l, struct archive *a, struct bytes name)
{
    struct office o = {.l = l, .parser = XML_ParserCreate(NULL)};
    const void *block;
    size_t size, total = 0;
    la_int64_t at;
    bool relations, good = o.parser != NULL;

    if (!good) {
        return FACT_LIMIT_MEMORY;
    }
    (void)is_wanted(name, &relations);
    writer_init(&o.text, l->arena);
    XML_SetUserData(o.parser, &o);
    XML_SetStartElementHandler(o.parser, element_begins);
    if (!relations && !bytes_starts(name, BYTES("xl/worksheets/"))) {
        XML_SetEndElementHandler(o.parser, element_ends);
        XML_SetCharacterDataHandler(o.parser, characters);
    }
    while (good && archive_read_data_block(a, &block, &size, &at) == ARCHIVE_OK) {
        total += size;
        l->unpacked += size;
        if (total > MEMBER_MOST || l->unpacked > l->limits->bytes) {
            o.facts |= FACT_LIMIT_BYTES;
            break;
        }
        if (look_late(l)) {
            o.facts |= FACT_LIMIT_TIME;
            break;
        }
        good = XML_Parse(o.parser, block, (int)size, 0) == XML_STATUS_OK;
    }
    XML_ParserFree(o.parser);
    o.facts |= good ? 0 : FACT_BROKEN;
    look_put_links_of(l, ENCLOSED_LINK_OFFICE, writer_view(&o.text));
    return o.facts | look_put_text(l, writer_view(&o.text));
}

uint32_t
look_office(struct look *l, struct bytes content)
{
    struct archive *a = archive_read_new();
    struct archive_entry *entry;
    uint32_t facts = 0;
    bool relations;
    int got = ARCHIVE_FATAL;

    if (a == NULL) {
        return FACT_LIMIT_MEMORY;
    }
    archive_read_support_format_zip_seekable(a);
    archive_read_support_format_zip_streamable(a);
    if (archive_read_open_memory(a, content.at, content.size) == ARCHIVE_OK) {
        while ((got = archive_read_next_header(a, &entry)) == ARCHIVE_OK ||
               got == ARCHIVE_WARN) {
            const char *path = archive_entry_pathname(entry);
            if (l->entries++ >= LIMIT_ARCHIVE_ENTRIES) {
                facts |= FACT_LIMIT_ENTRIES;
                got = ARCHIVE_EOF;
                break;
            }
            struct bytes name = bytes_from_text(path);
            facts |= bytes_ends_fold(name, BYTES("vbaProject.bin")) ? FACT_MACRO : 0;
            if (is_wanted(name, &relations)) {
                facts |= member_read(l, a, name);
            }
        }
    }
    archive_read_free(a);
    return facts | (got == ARCHIVE_EOF ? 0 : FACT_BROKEN);
}

/* --- OLE2 -------------------------------------------------------------------------------------------------------- */

/* A unit of UTF-16 that stands in text: what European and Japanese letters are written with. */
static bool
is_letter_unit(unsigned c)
{
    return (c >= 0x20 && c < 0x7f) || c == '\r' || c == '\n' || c == '\t' ||
           (c >= 0xa1 && c < 0x250) || (c >= 0x2010 && c < 0x2030) ||
           (c >= 0x3000 && c < 0x3100) || (c >= 0x4e00 && c < 0xa000) ||
           (c >= 0xac00 && c < 0xd7a4) || (c >= 0xff01 && c < 0xffa0);
}

/* Runs of UTF-16 at either parity, and of ASCII: what is written more than once costs nothing, what is missed would. */
static void
wide_runs(struct bytes b, size_t from, struct writer *out)
{
    size_t start = from, at = from;

    for (; at + 1 < b.size && out->size < LIMIT_OPENED_TEXT; at += 2) {
        unsigned c = (unsigned)b.at[at] | (unsigned)b.at[at + 1] << 8;
        if (is_letter_unit(c)) {
            continue;
        }
        if ((at - start) / 2 >= RUN_LEAST) {
            for (size_t i = start; i < at; i += 2) {
                unsigned unit = (unsigned)b.at[i] | (unsigned)b.at[i + 1] << 8;
                writer_code_point(out, unit == '\r' ? '\n' : unit);
            }
            writer_byte(out, '\n');
        }
        start = at + 2;
    }
}

static void
narrow_runs(struct bytes b, struct writer *out)
{
    size_t start = 0;

    for (size_t at = 0; at <= b.size && out->size < LIMIT_OPENED_TEXT; at++) {
        uint8_t c = at < b.size ? b.at[at] : 0;
        if ((c >= 0x20 && c < 0x7f) || c == '\r' || c == '\n') {
            continue;
        }
        if (at - start >= 2 * RUN_LEAST) {
            writer_bytes(out, bytes_slice(b, start, at));
            writer_byte(out, '\n');
        }
        start = at + 1;
    }
}

uint32_t
look_ole(struct look *l, struct bytes content)
{
    static const char *const wanted[] = {
        "WordDocument",         "Workbook", "Book", "PowerPoint Document",
        "__substg1.0_1000001F",  /* text of a message */
        "__substg1.0_0037001F"}; /* its subject */
    struct ole_stream s;
    struct writer text;
    struct ole ole;

    if (!ole_open(content, &ole)) {
        return FACT_BROKEN;
    }
    writer_init(&text, l->arena);
    while (ole_next(&ole, &s) && text.size < LIMIT_OPENED_TEXT && !look_late(l)) {
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            if (s.is_stream && bytes_is_fold(bytes_from_text(s.name), wanted[i])) {
                struct bytes stream = ole_read(l->arena, &ole, &s, MEMBER_MOST);
                wide_runs(stream, 0, &text);
                wide_runs(stream, 1, &text);
                narrow_runs(stream, &text);
            }
        }
    }
    look_put_links_of(l, ENCLOSED_LINK_OFFICE,
                      bytes_slice(writer_view(&text), 0, LIMIT_OPENED_TEXT));
    return look_put_text(l, writer_view(&text));
}
