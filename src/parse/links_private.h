/* What the finders of links share. */
#pragma once

#include "parse/links.h"
#include "parse/url.h"

/* Fills href and all that follows from it; text may be relative to base, which may be NULL. `earlier` are links of the same mail,
 * their last the nearest: what hangs on the host alone is taken from one of the last LINKS_BACK, where the host is the same. */
#define LINKS_BACK 12
void link_fill(struct arena *arena, struct link *link, struct bytes text,
               const struct url *base, const struct link *earlier, size_t earlier_count);
/* link_resolve with such links. */
void link_resolve_after(struct arena *arena, struct link *link, struct bytes written,
                        struct bytes base, const struct link *earlier,
                        size_t earlier_count);
/* A host that one can reach: labels that are not empty, and a top level that exists. ASCII only. */
bool link_is_host(struct bytes name);
