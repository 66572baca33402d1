/* Archives and discs, by libarchive. Only formats that people send are enabled, and no filter that would start a program. */
#include "open/look_private.h"

#include <archive.h>
#include <archive_entry.h>

#include "parse/charset.h"

#define RATIO_FROM (8u << 20) /* below, a ratio frightens nobody */

/* Support for each format costs a try at each archive. */
static struct archive *
archive_new(struct look *l, const struct attachment_type *is)
{
    static const char *const packed[] = {"gz", "bz2", "xz", "zst", "lz", "z"};
    struct archive *a = archive_read_new();

    if (a == NULL) {
        return NULL;
    }
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_lzma(a);
    archive_read_support_filter_zstd(a);
    archive_read_support_filter_lzip(a);
    archive_read_support_filter_compress(a);
    archive_read_support_format_zip_seekable(a);
    archive_read_support_format_zip_streamable(a);
    archive_read_support_format_rar(a);
    archive_read_support_format_rar5(a);
    archive_read_support_format_7zip(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_cab(a);
    archive_read_support_format_lha(a);
    archive_read_support_format_iso9660(a);
    archive_read_support_format_cpio(a);
    archive_read_support_format_ar(a);
    archive_read_support_format_xar(a);
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
        if (strcmp(is->name, packed[i]) == 0) {
            archive_read_support_format_raw(a); /* one file, packed */
        }
    }
    for (size_t i = 0; i < l->asked->password_count; i++) {
        archive_read_add_passphrase(a, bytes_text(l->arena, l->asked->passwords[i]));
    }
    return a;
}

/* "outer > inner", the inner name as UTF-8 by evidence: ZIP of Japanese systems has names in CP932. */
static struct bytes
entry_path(struct look *l, struct bytes outer, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    struct charset_result decoded = {.text = BYTES("?")};
    struct writer w;

    if (name != NULL) {
        struct bytes all = bytes_from_text(name);
        size_t over =
            all.size > LIMIT_ATTACHMENT_NAME ? all.size - LIMIT_ATTACHMENT_NAME : 0;
        charset_decode(l->arena, bytes_from(all, over), BYTES_NONE, &decoded);
    }
    writer_init(&w, l->arena);
    writer_bytes(&w, bytes_slice(outer, 0, LIMIT_ATTACHMENT_NAME));
    writer_text(&w, " > ");
    writer_bytes(&w, decoded.text);
    return writer_view(&w);
}

/* Reads one entry: its first LIMIT_ARCHIVE_ENTRY bytes are kept, the rest is counted. */
static uint32_t
entry_read(struct look *l, struct archive *a, uint64_t packed, struct writer *kept,
           uint64_t *size_r)
{
    const void *block;
    size_t size;
    la_int64_t at;
    int got;

    *size_r = 0;
    while ((got = archive_read_data_block(a, &block, &size, &at)) == ARCHIVE_OK ||
           got == ARCHIVE_WARN) {
        if (got == ARCHIVE_WARN && size == 0) {
            continue;
        }
        *size_r += size;
        l->unpacked += size;
        if (kept->size < LIMIT_ARCHIVE_ENTRY) {
            writer_bytes(kept, bytes_slice(bytes_of(block, size), 0,
                                           LIMIT_ARCHIVE_ENTRY - kept->size));
        }
        if (l->unpacked > l->limits->bytes) {
            return FACT_LIMIT_BYTES;
        }
        if (l->unpacked > RATIO_FROM && l->unpacked / LIMIT_ARCHIVE_RATIO > packed) {
            return FACT_LIMIT_RATIO;
        }
        if (look_late(l)) {
            return FACT_LIMIT_TIME;
        }
    }
    return got == ARCHIVE_EOF ? 0 : FACT_BROKEN;
}

static uint32_t
entry_look(struct look *l, struct archive *a, struct archive_entry *entry,
           struct bytes path, uint64_t packed, unsigned depth)
{
    bool encrypted = archive_entry_is_encrypted(entry) != 0;
    uint32_t facts = encrypted ? FACT_ENCRYPTED : 0;
    struct attachment_name name;
    struct writer kept;
    uint64_t size;

    const char *raw = archive_entry_pathname(entry);
    attachment_name_read(bytes_from_text(raw), &name);
    facts |= name.climbs ? FACT_BAD_PATH : 0;
    writer_init(&kept, l->arena);
    uint32_t stop = entry_read(l, a, packed, &kept, &size);
    if (encrypted && (stop & FACT_BROKEN) != 0) {
        stop &= ~FACT_BROKEN; /* no password fits */
        kept.size = 0;
    } else if (encrypted && size > 0) {
        facts |= FACT_PASSWORD_FITS;
    }
    if (stop == 0 && archive_entry_size_is_set(entry) && !encrypted &&
        (uint64_t)archive_entry_size(entry) != size) {
        facts |= FACT_SIZE_LIES;
    }
    return facts | stop | look_at(l, path, writer_view(&kept), NULL, depth + 1);
}

static uint32_t
entries_look(struct look *l, struct archive *a, struct bytes path, uint64_t packed,
             unsigned depth)
{
    struct archive_entry *entry;
    uint32_t facts = 0;
    int got;

    while ((got = archive_read_next_header(a, &entry)) == ARCHIVE_OK ||
           got == ARCHIVE_WARN) {
        if (l->entries++ >= LIMIT_ARCHIVE_ENTRIES) {
            return facts | FACT_LIMIT_ENTRIES;
        }
        struct bytes inner = entry_path(l, path, entry);
        if (archive_entry_filetype(entry) == AE_IFREG) {
            facts |= entry_look(l, a, entry, inner, packed, depth);
        }
        const uint32_t ends = FACT_LIMIT_BYTES | FACT_LIMIT_RATIO | FACT_LIMIT_TIME;
        if ((facts & ends) != 0) {
            return facts;
        }
    }
    if (archive_read_has_encrypted_entries(a) > 0) {
        facts |= FACT_ENCRYPTED;
    } else if (got != ARCHIVE_EOF) {
        facts |= FACT_BROKEN;
    }
    return facts;
}

uint32_t
look_archive(struct look *l, struct bytes path, struct bytes content,
             const struct attachment_type *is, unsigned depth)
{
    uint32_t facts = FACT_UNOPENED;

    if (depth >= LIMIT_ARCHIVE_DEPTH) {
        return FACT_LIMIT_DEPTH;
    }
    if (strcmp(is->name, "ace") == 0 || strcmp(is->name, "arj") == 0 ||
        strcmp(is->name, "udf") == 0 || strcmp(is->name, "vhd") == 0 ||
        strcmp(is->name, "wim") == 0 || strcmp(is->name, "dmg") == 0) {
        return FACT_UNOPENED; /* nobody here reads them */
    }
    struct archive *a = archive_new(l, is);
    if (a == NULL) {
        return FACT_LIMIT_MEMORY;
    }
    if (archive_read_open_memory(a, content.at, content.size) == ARCHIVE_OK) {
        facts = entries_look(l, a, path, content.size, depth);
    }
    archive_read_free(a);
    return facts;
}
