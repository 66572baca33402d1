/* Which lines of a text its sender wrote: quotations, signatures and footers of mailing lists told apart.
 *
 * A reply that quotes a threat is no threat, and a campaign is known by what its sender wrote, not by what a list put
 * below. Read from the normal form (judge/normal.h), line by line: "> " and what introduces it ("on ... wrote:",
 * "...さんは書きました:"), the heads that mail programs put above a message they pass on ("-----original message-----",
 * 差出人/送信日時/宛先/件名, "forwarded message"), "-- " and ruled lines over a sender's name and telephone (RFC 3676 4.3 and
 * Japanese custom), the rule of underscores that list servers write. No such mark proves anything: who threatens may write
 * ">" himself. It weighs, it does not excuse. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

enum region_kind { REGION_OWN, REGION_QUOTED, REGION_SIGNATURE, REGION_FOOTER };

struct region {
    enum region_kind kind;
    size_t from, to; /* bytes of the text, whole lines */
};

/* All of the text in order, without gaps; neighbours differ in kind. At most LIMIT_REGIONS: what comes after them belongs
 * to the last. *count_r is 0 only for an empty text. In the arena. Linear in time. */
const struct region *regions_read(struct arena *arena, struct bytes normal,
                                  size_t *count_r);

/* The kind of the region that an offset is in; REGION_OWN without regions. */
enum region_kind region_at(const struct region *regions, size_t count, size_t at);

const char *region_kind_name(enum region_kind kind);
