/* A growing text in an arena.
 *
 *     struct writer w;
 *     writer_init(&w, arena);
 *     writer_text(&w, "250 2.1.5 ");
 *     writer_bytes(&w, address);
 *     struct bytes line = writer_view(&w);
 *
 * The view is good until the next write. Growing is by doubling; abandoned pieces stay in the arena until it is
 * released. writer_clean is the door for hostile bytes into lines for people: see there. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

struct writer {
    struct arena *arena;
    uint8_t *at;
    size_t size;
    size_t room;
};

void writer_init(struct writer *w, struct arena *arena);
void writer_byte(struct writer *w, uint8_t byte);
void writer_bytes(struct writer *w, struct bytes b);
void writer_text(struct writer *w, const char *text);
void writer_format(struct writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void writer_number(struct writer *w, int64_t number);
/* One code point as UTF-8; surrogates and what lies past U+10FFFF become U+FFFD. */
void writer_code_point(struct writer *w, uint32_t code_point);
/* Makes room for `size` more bytes and returns where to put them; writer_did tells how many were put. */
uint8_t *writer_reserve(struct writer *w, size_t size);
void writer_did(struct writer *w, size_t size);
/* Hostile bytes as one harmless piece of a line: control characters (C0, DEL, C1 in UTF-8), bidirectional
 * overrides and bytes that are no UTF-8 are written as \xHH; at most `most` bytes of b, then "...". */
void writer_clean(struct writer *w, struct bytes b, size_t most);
/* Forgets what was written, keeps the room. */
void writer_clear(struct writer *w);
struct bytes writer_view(const struct writer *w);
/* NUL-terminated; good until the next write. */
const char *writer_c(struct writer *w);
