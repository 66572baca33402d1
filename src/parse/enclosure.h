/* What was found in the attachments of a message: each file with its facts, text and links taken out of them.
 *
 * The lists are made where attachments are opened (sekisho/enclose.h), from what a process behind walls of its own answered
 * (open/opened.h); judge reads them. A file within an archive stands behind it, its path being "outer.zip > inner.txt".
 * Everything lies in the message's arena. Bounds: LIMIT_ENCLOSURES files, LIMIT_TEXT_BYTES of text, LIMIT_LINKS links. */
#pragma once

#include "parse/attachment.h"
#include "parse/letter.h"

/* Where a link stood. */
enum enclosed_link {
    ENCLOSED_LINK_PDF,
    ENCLOSED_LINK_OFFICE,
    ENCLOSED_LINK_QR,
    ENCLOSED_LINK_TEXT, /* text and HTML that are no part of the letter */
};
#define ENCLOSED_LINK_COUNT 4

struct enclosure {
    struct bytes path;
    const struct attachment_type *is; /* NULL: not known */
    uint64_t size;
    uint32_t facts; /* FACT_ of attachment.h; of an archive, also what its files share */
    unsigned depth; /* 0: the attachment itself */
    struct bytes virus; /* what clamd calls that which it found in it; "" else */
};

struct enclosures {
    struct enclosure *list;
    size_t count, dropped;
    struct bytes text; /* UTF-8, LF lines, an empty line between files */
    struct link *links;
    enum enclosed_link *link_places; /* of each link */
    size_t link_count;
};
