/* What header.c, describe.c, mime.c, readings.c and read.c share: the boundaries that are open where we read, the reader of
 * parts, and the ways in which the fields that describe a part can be understood. */
#pragma once

#include "base/limits.h"
#include "parse/mime.h"

struct mime_stack {
    struct bytes boundaries[LIMIT_MIME_DEPTH + 1];
    size_t depth;
    bool loose;     /* a line counts that only begins with the boundary */
    uint32_t *near; /* bit i is set where such a line was met for boundaries[i] */
};

_Static_assert(LIMIT_MIME_DEPTH < 31, "a bit for each boundary");

/* The line that begins at `at` in `in` with "--": is it a boundary of one on the stack (RFC 2046 5.1.1)? Gives which one,
 * whether it closes, and where the boundary ends. Behind it only a blank may follow, and then anything: "it is sufficient
 * that the boundary appear in its entirety". */
bool mime_boundary_at(const struct mime_stack *stack, struct bytes in, size_t at,
                      size_t *which_r, bool *closing_r, size_t *rest_r);

/* One way to understand the fields that describe a part. */
struct mime_view {
    const char *why; /* the defect that makes it; NULL for the first */
    struct bytes type, subtype;
    struct parameter *parameters;
    size_t parameter_count;
    struct bytes charset_label, boundary;
    enum part_encoding encoding;
    struct bytes encoding_text;
};

#define MIME_TYPE_VIEWS 3
#define MIME_VIEWS      (MIME_TYPE_VIEWS * 2)

/* The first is ours; the others are those of readers who take the last of two fields, the double of a parameter, or no field
 * with a blank before its colon. All differ. */
struct mime_views {
    struct mime_view list[MIME_VIEWS];
    size_t count;
};

/* Fills disposition, file names and content_id from part->header, and the views; the first of them is put into the part.
 * digest: the default type is message/rfc822. */
void mime_describe(struct arena *arena, struct part *part, bool digest,
                   struct mime_views *views_r, struct defects *defects);
void mime_view_put(struct part *part, const struct mime_view *view);
/* The encodings that hide what they hold: base64, quoted-printable, uuencode. */
bool mime_is_encoded(enum part_encoding encoding);

enum mime_again {
    AGAIN_VIEW,    /* with another view */
    AGAIN_LOOSE,   /* with loose boundaries */
    AGAIN_DECODED, /* a multipart whose transfer encoding is undone first */
    AGAIN_TEXT,    /* a multipart in which no part was found, as text */
    AGAIN_LINES,   /* header and body, with line ends where others see them */
    AGAIN_THROUGH, /* base64 read on over its padding */
};

struct mime_later {
    struct part *part;
    enum mime_again again;
    struct mime_view view;
};

/* What all letters of one message share. */
struct mime_budget {
    size_t part_count;
    struct mime_outside *outside;
    struct mime_later *later; /* room for LIMIT_MIME_READINGS, taken with the first */
    size_t later_count, again_bytes;
    bool is_again; /* other readings are being read: they have no others */
};

struct mime_reader {
    struct arena *arena;
    struct defects *defects;
    struct mime_budget *budget;
    struct bytes in;
    size_t at;
    struct mime_stack stack;
    uint32_t near;
};

/* A boundary line, or the end. */
struct mime_hit {
    size_t which; /* index in the stack; SIZE_MAX at the end */
    bool closing;
    size_t
        content_end; /* of what stands before, without the line end that belongs to the boundary */
};

struct mime_reader *mime_reader_new(struct arena *arena, struct bytes in,
                                    struct mime_budget *budget, struct defects *defects);
/* The part whose header begins at m->at; and one whose header was read, from its body on. The view is put into it. */
struct mime_hit mime_part_read(struct mime_reader *m, struct part *part, bool digest,
                               size_t depth);
struct mime_hit mime_body_read(struct mime_reader *m, struct part *part,
                               const struct mime_view *view, size_t depth);
/* A leaf whose raw, or content already, is there: its encoding undone, the files in its text and its groups of fields found.
 */
void mime_leaf_read(struct mime_reader *m, struct part *part);
void mime_content_decode(struct arena *arena, struct part *part, struct defects *defects);
struct part *mime_part_add(struct mime_reader *m, struct part *parent, struct part *before);

/* Takes note that the part has another reading. */
void readings_later(struct mime_reader *m, struct part *part, enum mime_again again,
                    const struct mime_view *view, const char *why);
/* What the part just read, by these views, asks for. */
void readings_find(struct mime_reader *m, struct part *part,
                   const struct mime_views *views);
/* Reads all that was noted; after the message has been read. */
void readings_read(struct arena *arena, struct mime_budget *budget);
