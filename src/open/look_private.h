/* Between look.c and the readers of one kind of file each. */
#pragma once

#include "base/writer.h"
#include "open/look.h"

struct look {
    struct arena *arena;
    const struct opening *asked;
    const struct look_limits *limits;
    look_tell *tell;
    void *context;
    struct opened answer;
    struct writer text;
    uint64_t unpacked;
    size_t entries, told;
    uint32_t facts; /* of everything */
};

/* One file of any kind; gives the facts of it and all that is in it. */
uint32_t look_at(struct look *l, struct bytes path, struct bytes content,
                 const struct attachment_type *claimed, unsigned depth);

bool look_late(const struct look *l);
/* Appends text that was taken out; FACT_LIMIT_TEXT once there is no more room. */
uint32_t look_put_text(struct look *l, struct bytes text);
void look_put_link(struct look *l, enum enclosed_link place, struct bytes url);
/* Puts the links written out in a text. */
void look_put_links_of(struct look *l, enum enclosed_link place, struct bytes text);
/* Before something that may end the process. */
void look_tell_so_far(struct look *l);

/* Each gives facts. content is of that kind as far as its first bytes tell. */
uint32_t look_archive(struct look *l, struct bytes path, struct bytes content,
                      const struct attachment_type *is, unsigned depth);
uint32_t look_office(struct look *l, struct bytes content);
uint32_t look_ole(struct look *l, struct bytes content);
uint32_t look_pdf(struct look *l, struct bytes content);
uint32_t look_image(struct look *l, struct bytes content, const char *kind);
/* QR codes in one picture of gray bytes. */
void look_codes(struct look *l, const uint8_t *gray, unsigned width, unsigned height);

/* A second opinion on the first kilobytes: a media type, "" for none. */
struct bytes look_magic(struct look *l, struct bytes content);
void look_magic_prepare(void);
