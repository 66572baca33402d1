/* The directory of a ZIP archive (APPNOTE.TXT 6.3 sections 4.3.12 and 4.3.16): names and flags, nothing is unpacked.
 *
 * The end record is looked for in the last 65,557 bytes; what stands before the archive (a self-extractor) is allowed. Pure; views
 * point into the archive. Bounded: each call reads one entry; the caller counts. ZIP64 directories are not walked. */
#pragma once

#include "base/bytes.h"

struct zip {
    struct bytes directory; /* entries not yet read */
    uint32_t entry_count;   /* as the end record says */
};

struct zip_entry {
    struct bytes name; /* as written: UTF-8, CP437, or what the sender's system had */
    bool encrypted, utf8;
    uint16_t method;
    uint32_t packed_size, size;
};

/* false: no end record, or its directory does not lie in the archive. */
bool zip_open(struct bytes archive, struct zip *zip_r);
/* false: no more, or the next is broken. */
bool zip_next(struct zip *zip, struct zip_entry *entry_r);
