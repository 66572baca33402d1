/* A message, read.
 *
 * letter_read makes a struct letter from raw bytes: header fields, the tree of MIME parts, addresses, the text a person
 * sees in UTF-8, text hidden from him, links. It is pure (no clock, no I/O), bounded (base/limits.h), and never fails
 * for bad mail: what is malformed becomes a defect, and the rest is read on. Views point into raw or the arena. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "parse/emoji.h"

struct field {
    struct bytes name;  /* as written */
    struct bytes value; /* raw: after the colon, folding kept, without the final line end */
    struct bytes whole; /* from the first byte of the name through the line end */
};

struct header {
    struct field *fields; /* in the order of the message */
    size_t field_count;
    struct bytes raw; /* the block, without the empty line */
    bool
        is_unclear; /* others see a line end or the block's end where we see none: header.h */
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
    struct bytes other; /* what another reader would take for the value; "" if all agree */
};

enum part_encoding {
    ENCODING_7BIT,
    ENCODING_8BIT,
    ENCODING_BINARY,
    ENCODING_QUOTED_PRINTABLE,
    ENCODING_BASE64,
    ENCODING_UUENCODE,
    ENCODING_YENC,  /* of a file in text only */
    ENCODING_OTHER, /* unknown: taken as it is, a defect */
};

enum part_shape { PART_LEAF, PART_MULTIPART, PART_MESSAGE };

struct part {
    enum part_shape shape;
    struct header header;
    struct bytes type, subtype; /* lower case; the default where missing or unreadable */
    struct parameter *parameters;
    size_t parameter_count;
    struct bytes charset_label;  /* lower case, as the label says; "" if none */
    struct bytes charset;        /* the one used for text; "" for what is no text */
    unsigned charset_confidence; /* in percent (charset.h) */
    enum part_encoding encoding;
    struct bytes encoding_text;
    struct bytes disposition; /* lower case, "" if none */
    struct bytes filename;    /* decoded, "" if none */
    struct bytes other_name;  /* the file name that another reader shows: see mime.h */
    struct bytes content_id;  /* without angle brackets */
    struct bytes
        raw; /* body, undecoded; the line end before a boundary is the boundary's */
    struct bytes content;   /* a leaf's bytes, transfer encoding undone */
    struct bytes text;      /* a text/ leaf as UTF-8: for text/html the source */
    struct bytes visible;   /* text/html: what is seen; else as text */
    struct letter *message; /* of PART_MESSAGE */
    /* A multipart's parts; and the files inside a text leaf (uuencode, yEnc), which are leaves too: is_in_text is set, raw
     * lies in the text's content. The text's own `visible` is without them. */
    struct part *parent, *first, *next;
    bool is_in_text;
    /* The same bytes as another reader would read them, where the message can be read in two ways (mime.h): one or
     * more, linked by next, is_other set. Their text goes to letter.other. */
    struct part *other;
    bool is_other;
    /* Fields of a report inside (message/delivery-status, disposition-notification, feedback-report): a block for the message,
     * then one for each recipient (RFC 3464 2). */
    struct header *groups;
    size_t group_count;
};

enum link_kind {
    LINK_ANCHOR, /* <a href> */
    LINK_TEXT,   /* written out in text */
    LINK_IMAGE,  /* loaded without a click */
    LINK_FORM,   /* where a form is sent */
    LINK_OTHER,
    LINK_NESTED, /* where another leads on to: in its query, path or fragment */
};

/* What is peculiar about a link: facts, which judge weighs. */
enum link_flag {
    LINK_USERINFO = 1 << 0,    /* a name before the host: http://bank.example@host/ */
    LINK_ADDRESS = 1 << 1,     /* the host is an IP address */
    LINK_ODD_ADDRESS = 1 << 2, /* and is not written as four decimal numbers */
    LINK_DEFANGED = 1 << 3,  /* so written that no program follows it: hxxp, [.], ttp:// */
    LINK_WIDE = 1 << 4,      /* full-width and other forms that fold to ASCII in the host */
    LINK_IDN = 1 << 5,       /* the host is no ASCII */
    LINK_SCRIPT = 1 << 6,    /* javascript:, vbscript: */
    LINK_DATA = 1 << 7,      /* data: that a browser runs or shows as a page */
    LINK_SHORTENER = 1 << 8, /* the host is one that shortens for anybody */
    LINK_REDIRECTOR = 1 << 9,   /* host and path lead on to whatever the query says */
    LINK_SHOWN_OTHER = 1 << 10, /* its text shows another site than it leads to */
    LINK_LOOKALIKE = 1 << 11,   /* the host looks like the one in `like` */
    LINK_BEACON = 1 << 12,      /* a picture that nobody can see */
    LINK_HIDDEN = 1 << 13,      /* its text is hidden */
    LINK_CUT = 1 << 14,         /* longer than LIMIT_URL */
};

struct link {
    enum link_kind kind;
    unsigned flags;       /* LINK_* */
    struct bytes written; /* as in the message */
    struct bytes href;    /* normal form, "" if it is no URL */
    struct bytes host;    /* ASCII, lower case */
    struct bytes domain;  /* registrable (organisational) domain, "" if none */
    struct bytes text;    /* what the reader sees as the link; of a picture its alternative
                             text, or where it has none its title */
    struct bytes shown;   /* the host that the text shows, ASCII; "" if it shows none */
    struct bytes
        skeleton; /* of domain: equal for what looks alike (UTS 39, 4); "" where there is none */
    struct bytes like; /* LINK_LOOKALIKE: the name that it looks like */
    size_t outer;      /* LINK_NESTED: the index of the link it was found in */
};

/* Why text is not seen. */
enum hidden_reason {
    HIDDEN_NOT,
    HIDDEN_DISPLAY,    /* display:none, the attribute hidden */
    HIDDEN_VISIBILITY, /* visibility:hidden */
    HIDDEN_OPACITY,    /* opacity under a tenth */
    HIDDEN_SIZE,       /* letters of at most two pixels */
    HIDDEN_COLOUR,     /* the colour is that of the ground, nearly, or none */
    HIDDEN_BOX,        /* in a box without room: no height and cut, clipped, shrunk */
    HIDDEN_OFF_SCREEN, /* moved out of every screen */
    HIDDEN_PREHEADER,  /* a summary before the text, for lists of messages: harmless */
    HIDDEN_ELEMENT,    /* in elements that are not shown: title, template, noframes, ... */
};

struct hidden {
    struct bytes text; /* UTF-8, LF lines */
    enum hidden_reason reason;
};

/* What HTML holds beside text. */
struct html_facts {
    size_t image_count;   /* <img>, with or without src */
    size_t beacon_count;  /* of at most one pixel or hidden, and fetched from elsewhere */
    size_t comment_count; /* conditional ones are not counted */
    size_t comment_bytes;
    size_t
        turned_count; /* elements in which letters run against their direction: bdo, bidi-override */
    bool has_form, has_password, has_script, has_frame, has_object, has_refresh, has_base;
};

struct enclosures;

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

    enum emoji_carrier carrier; /* whose phones send from its domain */
    struct bytes subject;       /* decoded, unfolded */
    struct address_list from, sender, reply_to, to, cc;
    struct bytes message_id; /* without angle brackets */
    bool has_date;
    int64_t date; /* epoch seconds */
    int date_zone_minutes;

    struct bytes text;   /* what a person sees: all text parts in order, UTF-8, LF lines */
    struct bytes hidden; /* text in HTML that is not seen */
    struct hidden *hidden_texts; /* the same of HTML alone, piece by piece */
    size_t hidden_count;
    struct html_facts html; /* of all HTML parts together */
    size_t invisible_count; /* characters without width between letters of text */
    size_t
        override_count; /* U+202D and U+202E in text: letters run against their direction */
    struct bytes
        other; /* what it says when it is read in another way, as far as that differs */
    struct link *links;
    size_t link_count;
    struct defect *defects;
    size_t defect_count, defects_dropped;
    /* What was found in attachments (parse/enclosure.h); NULL: nobody looked. Not letter_read's doing. */
    const struct enclosures *enclosures;
};

/* Reads a message (CR LF or LF lines). Never fails; may jump to the arena's guard where its cap is reached. */
const struct letter *letter_read(struct arena *arena, struct bytes raw);
/* Header alone (everything but parts, text, links). */
const struct letter *letter_read_header(struct arena *arena, struct bytes raw);

/* First field of that name (any case) at or after *from (an index, 0 at first; set behind the hit); NULL if none. */
const struct field *header_find(const struct header *header, struct bytes name,
                                size_t *from);
size_t header_count(const struct header *header, struct bytes name);
/* Walks parts depth first: start with the root; NULL after the last. Goes into message parts, files in text and other
 * readings too. */
const struct part *part_next(const struct part *part);
