/* A message, read.
 *
 * letter_read makes a struct letter from raw bytes: header fields, the tree of MIME parts, addresses, the text a person
 * sees in UTF-8, text hidden from him, links. It is pure (no clock, no I/O), bounded (base/limits.h), and never fails
 * for bad mail: what is malformed becomes a defect, and the rest is read on. Views point into raw or the arena. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

struct field {
    struct bytes name;  /* as written */
    struct bytes value; /* raw: after the colon, folding kept, without the final line end */
    struct bytes whole; /* from the first byte of the name through the line end */
};

struct header {
    struct field *fields; /* in the order of the message */
    size_t field_count;
    struct bytes raw; /* the block, without the empty line */
};

/* One mailbox or one group (RFC 5322 3.4). */
struct address {
    struct bytes name;   /* display name, encoded words decoded, UTF-8 */
    struct bytes local;  /* unquoted */
    struct bytes domain; /* as written, "" if there is none */
    struct bytes text;   /* local@domain as it would be written, white space dropped */
    bool is_group;
    struct address *members; /* of a group */
    size_t member_count;
};

struct address_list {
    struct address *addresses;
    size_t address_count;
};

struct parameter {
    struct bytes name;  /* lower case */
    struct bytes value; /* RFC 2231 joined and decoded, encoded words decoded, UTF-8 */
};

enum part_encoding {
    ENCODING_7BIT,
    ENCODING_8BIT,
    ENCODING_BINARY,
    ENCODING_QUOTED_PRINTABLE,
    ENCODING_BASE64,
    ENCODING_UUENCODE,
    ENCODING_OTHER, /* unknown: taken as it is, a defect */
};

enum part_shape { PART_LEAF, PART_MULTIPART, PART_MESSAGE };

struct part {
    enum part_shape shape;
    struct header header;
    struct bytes type, subtype; /* lower case; the default where missing or unreadable */
    struct parameter *parameters;
    size_t parameter_count;
    struct bytes charset_label; /* lower case, as the label says; "" if none */
    struct bytes charset;       /* the one used for text; "" for what is no text */
    enum part_encoding encoding;
    struct bytes encoding_text;
    struct bytes disposition; /* lower case, "" if none */
    struct bytes filename;    /* decoded, "" if none */
    struct bytes content_id;  /* without angle brackets */
    struct bytes
        raw; /* body, undecoded; the line end before a boundary is the boundary's */
    struct bytes content;   /* a leaf's bytes, transfer encoding undone */
    struct bytes text;      /* a text/ leaf as UTF-8: for text/html the source */
    struct bytes visible;   /* text/html: what is seen; else as text */
    struct letter *message; /* of PART_MESSAGE */
    struct part *parent, *first, *next;
};

enum link_kind {
    LINK_ANCHOR, /* <a href> */
    LINK_TEXT,   /* written out in text */
    LINK_IMAGE,  /* loaded without a click */
    LINK_FORM,   /* where a form is sent */
    LINK_OTHER,
};

struct link {
    enum link_kind kind;
    struct bytes written; /* as in the message */
    struct bytes href;    /* normal form, "" if it is no URL */
    struct bytes host;    /* ASCII, lower case */
    struct bytes domain;  /* registrable (organisational) domain, "" if none */
    struct bytes text;    /* what the reader sees as the link */
};

/* Words for what is malformed or where bytes, label and looks disagree: a short name and where. */
struct defect {
    const char *
        name; /* lower case with _, a constant: "mime_depth", "charset_disagrees", "base64_broken" */
    size_t at; /* offset in raw, as near as known */
};

struct letter {
    struct bytes raw;
    struct header header;
    struct bytes body; /* all after the empty line */
    struct part *root;
    size_t part_count;

    struct bytes subject; /* decoded, unfolded */
    struct address_list from, sender, reply_to, to, cc;
    struct bytes message_id; /* without angle brackets */
    bool has_date;
    int64_t date; /* epoch seconds */
    int date_zone_minutes;

    struct bytes text;   /* what a person sees: all text parts in order, UTF-8, LF lines */
    struct bytes hidden; /* text in HTML that is not seen */
    struct link *links;
    size_t link_count;
    struct defect *defects;
    size_t defect_count, defects_dropped;
};

/* Reads a message (CR LF or LF lines). Never fails; may jump to the arena's guard where its cap is reached. */
const struct letter *letter_read(struct arena *arena, struct bytes raw);
/* Header alone (everything but parts, text, links). */
const struct letter *letter_read_header(struct arena *arena, struct bytes raw);

/* First field of that name (any case) at or after *from (an index, 0 at first; set behind the hit); NULL if none. */
const struct field *header_find(const struct header *header, struct bytes name,
                                size_t *from);
size_t header_count(const struct header *header, struct bytes name);
/* Walks parts depth first: start with the root; NULL after the last. Goes into message parts too. */
const struct part *part_next(const struct part *part);
