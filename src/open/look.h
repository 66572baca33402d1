/* Looking into one attachment: types, entries of archives, text and links of documents, QR codes of images.
 *
 * Runs in a process that is there for this attachment alone, behind the walls of HARDEN_OPENED, and ends with it: the
 * libraries below it (libarchive, poppler, expat, libpng, libjpeg, giflib, zbar, libmagic) read what strangers wrote, and
 * may fail in any way. What this folder bounds by itself: entries, depth, bytes unpacked, ratio, text, links, pages,
 * pixels (base/limits.h), and time, looked at between two steps. What a library takes within a step is bounded from
 * outside: the process's memory and its life (sekisho/opener_main.c). */
#pragma once

#include "open/opened.h"

struct look_limits {
    uint64_t bytes; /* unpacked, all together */
    int64_t end_ms; /* of clock_monotonic_ms */
};

/* What the libraries read from files when they are first used is read now, while it can be. */
void look_prepare(void);

/* Tells of everything found so far; the call returns when that is on its way. */
typedef void look_tell(void *context, const struct opened *so_far);

/* Never fails: what cannot be read is a fact. The answer and all it needs are in the arena, which has a guard. */
void look(struct arena *arena, const struct opening *opening,
          const struct look_limits *limits, look_tell *tell, void *context,
          struct opened *opened_r);
