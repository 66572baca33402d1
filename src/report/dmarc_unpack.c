/* gzip and zip, as far as reports need them. A zip is read by its central directory; of its files the first that is called
 * *.xml is taken, else the first of all. */
#include "report/dmarc_report.h"

#include <zlib.h>

#include "base/limits.h"
#include "base/writer.h"

#define GZIP_WINDOW 31    /* gzip alone, the largest window */
#define RAW_WINDOW  (-15) /* deflate without a frame */
#define CHUNK       65536

#define ZIP_END_SIZE     22
#define ZIP_COMMENT_MOST 65535
#define ZIP_ENTRY_SIZE   46
#define ZIP_LOCAL_SIZE   30

static bool
is_xml(struct bytes b)
{
    size_t at = bytes_starts(b, BYTES("\xef\xbb\xbf")) ? 3 : 0;

    if (bytes_starts(b, BYTES("\xff\xfe<")) ||
        bytes_starts(b, bytes_of("\xfe\xff\0<", 4))) {
        return true;
    }
    while (at < b.size && ascii_blank(b.at[at])) {
        at++;
    }
    return at < b.size && b.at[at] == '<';
}

static bool
is_gzip(struct bytes b)
{
    return bytes_starts(b, BYTES("\x1f\x8b\x08"));
}

static bool
is_zip(struct bytes b)
{
    return bytes_starts(b, BYTES("PK\x03\x04"));
}

bool
dmarc_packed_looks(struct bytes packed)
{
    return is_gzip(packed) || is_zip(packed) || is_xml(packed);
}

static void
end_inflate(void *stream)
{
    (void)inflateEnd(stream);
}

/* One deflate stream onto w. rest_r: what follows it. */
static enum sk_code
unpack_stream(struct writer *w, z_stream *stream, struct bytes packed, struct bytes *rest_r,
              struct why *why)
{
    int result = Z_OK;

    /* zlib takes no pointer to const in this version, and writes nothing there. */
    stream->next_in = (Bytef *)(uintptr_t)packed.at;
    stream->avail_in = (uInt)packed.size;
    while (result != Z_STREAM_END) {
        size_t left = LIMIT_DMARC_REPORT_BYTES + 1 - w->size; /* one past: to see it */
        size_t room = left < CHUNK ? left : CHUNK;
        stream->next_out = writer_reserve(w, room);
        stream->avail_out = (uInt)room;
        result = inflate(stream, Z_NO_FLUSH);
        writer_did(w, room - stream->avail_out);
        if (w->size > LIMIT_DMARC_REPORT_BYTES) {
            return why_set(why, SK_LIMIT, "unpacked the report is larger than %d bytes",
                           LIMIT_DMARC_REPORT_BYTES);
        }
        if (result != Z_OK && result != Z_STREAM_END) {
            return why_set(why, SK_BAD,
                           "the packed report is broken, or its end is missing");
        }
    }
    *rest_r = bytes_of(stream->next_in, stream->avail_in);
    return SK_OK;
}

static enum sk_code
unpack_deflate(struct arena *arena, struct writer *w, struct bytes packed, int window,
               struct bytes *rest_r, struct why *why)
{
    z_stream *stream = ARENA_NEW(arena, z_stream);

    if (inflateInit2(stream, window) != Z_OK) {
        return why_set(why, SK_SYSTEM, "no memory for unpacking a report");
    }
    arena_defer(arena, end_inflate, stream);
    return unpack_stream(w, stream, packed, rest_r, why);
}

static enum sk_code
unpack_gzip(struct arena *arena, struct bytes packed, struct bytes *xml_r, struct why *why)
{
    struct writer w;
    struct bytes rest;
    enum sk_code code = SK_OK;

    writer_init(&w, arena);
    code = unpack_deflate(arena, &w, packed, GZIP_WINDOW, &rest, why);
    *xml_r = writer_view(&w); /* what follows the first member says nothing */
    return code;
}

static uint32_t
little(struct bytes b, size_t at, size_t size)
{
    uint32_t number = 0;

    for (size_t i = size; i-- > 0;) {
        number = number << 8 | b.at[at + i];
    }
    return number;
}

/* The end of the central directory: searched for from the end of the file, as a comment may follow it. */
static bool
zip_end(struct bytes zip, size_t *at_r)
{
    size_t most = zip.size > ZIP_END_SIZE + ZIP_COMMENT_MOST
                      ? zip.size - ZIP_END_SIZE - ZIP_COMMENT_MOST
                      : 0;

    if (zip.size < ZIP_END_SIZE) {
        return false;
    }
    for (size_t at = zip.size - ZIP_END_SIZE;; at--) {
        if (memcmp(zip.at + at, "PK\x05\x06", 4) == 0) {
            *at_r = at;
            return true;
        }
        if (at == most) {
            return false;
        }
    }
}

/* The entry of the directory to take. */
static enum sk_code
zip_choose(struct bytes zip, size_t *entry_r, struct why *why)
{
    size_t end, at;
    bool any = false;

    if (!zip_end(zip, &end)) {
        return why_set(why, SK_BAD, "the zip has no directory");
    }
    size_t count = little(zip, end + 10, 2);
    at = little(zip, end + 16, 4);
    if (count > LIMIT_DMARC_ZIP_ENTRIES) {
        return why_set(why, SK_LIMIT, "the zip holds more than %d files",
                       LIMIT_DMARC_ZIP_ENTRIES);
    }
    for (size_t i = 0; i < count; i++) {
        if (at + ZIP_ENTRY_SIZE > end || memcmp(zip.at + at, "PK\x01\x02", 4) != 0) {
            return why_set(why, SK_BAD, "the directory of the zip is broken");
        }
        size_t name_size = little(zip, at + 28, 2);
        struct bytes name =
            bytes_slice(zip, at + ZIP_ENTRY_SIZE, at + ZIP_ENTRY_SIZE + name_size);
        bool xml = bytes_ends_fold(name, BYTES(".xml"));
        if (xml || !any) {
            *entry_r = at;
            any = true;
        }
        if (xml) {
            return SK_OK;
        }
        at +=
            ZIP_ENTRY_SIZE + name_size + little(zip, at + 30, 2) + little(zip, at + 32, 2);
    }
    return any ? SK_OK : why_set(why, SK_BAD, "the zip is empty");
}

static enum sk_code
unpack_zip(struct arena *arena, struct bytes zip, struct bytes *xml_r, struct why *why)
{
    struct writer w;
    struct bytes rest;
    size_t entry = 0;
    enum sk_code code = zip_choose(zip, &entry, why);

    if (code != SK_OK) {
        return code;
    }
    uint32_t method = little(zip, entry + 10, 2), packed_size = little(zip, entry + 20, 4);
    uint32_t crc = little(zip, entry + 16, 4);
    size_t local = little(zip, entry + 42, 4);
    if ((little(zip, entry + 8, 2) & 1) != 0 || (method != 0 && method != 8)) {
        return why_set(why, SK_BAD, "the zip is encrypted, or packed in a rare way");
    }
    if (local + ZIP_LOCAL_SIZE > zip.size || memcmp(zip.at + local, "PK\x03\x04", 4) != 0) {
        return why_set(why, SK_BAD, "the zip is broken");
    }
    size_t data =
        local + ZIP_LOCAL_SIZE + little(zip, local + 26, 2) + little(zip, local + 28, 2);
    struct bytes packed = bytes_slice(zip, data, data + packed_size);
    if (packed.size != packed_size || packed.size == 0) {
        return why_set(why, SK_BAD, "the zip is cut off");
    }
    if (method == 0) {
        *xml_r = packed;
    } else {
        writer_init(&w, arena);
        code = unpack_deflate(arena, &w, packed, RAW_WINDOW, &rest, why);
        *xml_r = writer_view(&w);
    }
    if (code == SK_OK && crc32(crc32(0, NULL, 0), xml_r->at, (uInt)xml_r->size) != crc) {
        return why_set(why, SK_BAD, "the file in the zip is damaged");
    }
    return code;
}

enum sk_code
dmarc_unpack(struct arena *arena, struct bytes packed, struct bytes *xml_r, struct why *why)
{
    *xml_r = BYTES_NONE;
    if (is_xml(packed)) { /* its own bound is that of unpacked ones */
        *xml_r = packed;
        return SK_OK;
    }
    if (packed.size > LIMIT_DMARC_REPORT_PACKED) {
        return why_set(why, SK_LIMIT, "the report is larger than %d bytes",
                       LIMIT_DMARC_REPORT_PACKED);
    }
    if (is_gzip(packed)) {
        return unpack_gzip(arena, packed, xml_r, why);
    }
    if (is_zip(packed)) {
        return unpack_zip(arena, packed, xml_r, why);
    }
    return why_set(why, SK_BAD, "this is no report: neither XML nor gzip nor zip");
}

static void
end_deflate(void *stream)
{
    (void)deflateEnd(stream);
}

struct bytes
dmarc_pack(struct arena *arena, struct bytes xml)
{
    z_stream *stream = ARENA_NEW(arena, z_stream);
    int result = deflateInit2(stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
                              Z_DEFAULT_STRATEGY);

    SK_ASSERT(result == Z_OK);
    arena_defer(arena, end_deflate, stream);
    size_t room = deflateBound(stream, xml.size);
    uint8_t *to = arena_take_bytes(arena, room);
    stream->next_in = (Bytef *)(uintptr_t)xml.at;
    stream->avail_in = (uInt)xml.size;
    stream->next_out = to;
    stream->avail_out = (uInt)room;
    result = deflate(stream, Z_FINISH);
    SK_ASSERT(result == Z_STREAM_END);
    return bytes_of(to, room - stream->avail_out);
}
