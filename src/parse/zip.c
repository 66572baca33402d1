#include "parse/zip.h"

#define END_SIZE   22
#define ENTRY_SIZE 46
#define COMMENT    65535

static uint32_t
little(const uint8_t *at, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint32_t)at[i] << (8 * i);
    }
    return value;
}

bool
zip_open(struct bytes archive, struct zip *zip_r)
{
    size_t most = archive.size < END_SIZE + COMMENT ? archive.size : END_SIZE + COMMENT;

    *zip_r = (struct zip){0};
    for (size_t back = END_SIZE; back <= most; back++) {
        size_t at = archive.size - back;
        const uint8_t *end = archive.at + at;
        if (end[0] != 'P' || memcmp(end, "PK\5\6", 4) != 0) {
            continue;
        }
        uint32_t size = little(end + 12, 4);
        if (size > at) {
            continue; /* the four bytes stood in a comment */
        }
        /* The directory lies right before its end, whatever stands before the archive. */
        zip_r->directory = bytes_slice(archive, at - size, at);
        zip_r->entry_count = little(end + 10, 2);
        return true;
    }
    return false;
}

bool
zip_next(struct zip *zip, struct zip_entry *entry_r)
{
    struct bytes d = zip->directory;

    if (d.size < ENTRY_SIZE || memcmp(d.at, "PK\1\2", 4) != 0) {
        return false;
    }
    uint32_t flags = little(d.at + 8, 2), name = little(d.at + 28, 2);
    size_t whole = ENTRY_SIZE + (size_t)name + little(d.at + 30, 2) + little(d.at + 32, 2);
    if (d.size < ENTRY_SIZE + (size_t)name) {
        return false;
    }
    *entry_r = (struct zip_entry){
        .name = bytes_slice(d, ENTRY_SIZE, ENTRY_SIZE + name),
        .encrypted = (flags & 1) != 0,
        .utf8 = (flags & 0x800) != 0,
        .method = (uint16_t)little(d.at + 10, 2),
        .packed_size = little(d.at + 20, 4),
        .size = little(d.at + 24, 4),
    };
    zip->directory = bytes_from(d, whole);
    return true;
}
