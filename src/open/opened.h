/* What is asked of the opener about one attachment, and what it answers: two payloads of net/frame.h.
 *
 * The question carries the bytes. The answer comes from a process that a hostile attachment may have taken over: it is read
 * as foreign bytes are, with bounds, and nothing in it is believed but that it tells of this attachment. It may come more than
 * once; the last one counts, and those before are what is left when a library died over the rest. */
#pragma once

#include "base/limits.h"
#include "net/frame.h"
#include "parse/enclosure.h"

struct writer;

enum opened_frame {
    OPENED_ASK = 1,
    OPENED_SO_FAR, /* an answer before something that may go wrong */
    OPENED_DONE,
    OPENED_FAILED, /* from the opener itself, for one that died: number: FACT_LIMIT_TIME, ... */
};

/* No answer is longer. */
#define OPENED_MOST                                                                        \
    (LIMIT_OPENED_TEXT + LIMIT_OPENED_LINKS * (LIMIT_URL + 16) +                           \
     LIMIT_ENCLOSURES * (2 * LIMIT_ATTACHMENT_NAME + 128) + 128)

/* To the opener over its channel: here is one end of a stream, whose other end asks. */
#define OPENER_STREAM 1

struct opening {
    struct bytes name;                      /* of the file */
    struct bytes media_type, media_subtype; /* what it is labelled as */
    struct bytes passwords[LIMIT_PASSWORDS];
    size_t password_count;
    struct bytes content;
};

struct opened {
    struct enclosure *list; /* the attachment itself first */
    size_t count, dropped;
    struct bytes text;
    struct bytes *links;
    enum enclosed_link *link_places;
    size_t link_count;
};

void opening_write(const struct opening *opening, struct writer *w);
/* Views of the payload. SK_BAD: its form is broken. */
enum sk_code opening_read(struct bytes payload, struct opening *opening_r);

void opened_write(const struct opened *opened, struct writer *w);
/* Lists in the arena, views of the payload. SK_BAD: its form is broken, or it is past its bounds. */
enum sk_code opened_read(struct arena *arena, struct bytes payload,
                         struct opened *opened_r);
