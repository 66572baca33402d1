/* What header.c, mime.c and read.c share: the boundaries that are open where we read. */
#pragma once

#include "base/limits.h"
#include "parse/letter.h"

struct mime_stack {
    struct bytes boundaries[LIMIT_MIME_DEPTH + 1];
    size_t depth;
};

/* The line that begins at `at` in `in` with "--": is it a boundary of one on the stack (RFC 2046 5.1.1)? Gives which one,
 * whether it closes, and where the boundary ends. Behind it only a blank may follow, and then anything: "it is sufficient
 * that the boundary appear in its entirety". */
bool mime_boundary_at(const struct mime_stack *stack, struct bytes in, size_t at,
                      size_t *which_r, bool *closing_r, size_t *rest_r);
