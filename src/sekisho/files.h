/* Files that a person names on the command line. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

/* Reads a file whole; "-" is standard input. SK_LIMIT above `most` bytes. */
enum sk_code file_read(struct arena *arena, const char *path, size_t most,
                       struct bytes *content_r, struct why *why);
