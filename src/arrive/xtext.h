/* xtext (RFC 3461 section 4): printable ASCII as itself but for '+' and '=', every other byte as +XX. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/writer.h"

void xtext_write(struct writer *w, struct bytes b);
/* false where a '+' is not followed by two upper-case hexadecimal digits (lower case is taken too). */
bool xtext_read(struct arena *arena, struct bytes text, struct bytes *out_r);
