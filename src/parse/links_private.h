/* What the finders of links share. */
#pragma once

#include "parse/links.h"
#include "parse/url.h"

/* Fills href and all that follows from it; text may be relative to base, which may be NULL. before, which may be NULL too, is a
 * link of the same mail: what hangs on the host alone is taken from it where the host is the same. */
void link_fill(struct arena *arena, struct link *link, struct bytes text,
               const struct url *base, const struct link *before);
/* link_resolve with such a link. */
void link_resolve_after(struct arena *arena, struct link *link, struct bytes written,
                        struct bytes base, const struct link *before);
/* A host that one can reach: labels that are not empty, and a top level that exists. ASCII only. */
bool link_is_host(struct bytes name);
