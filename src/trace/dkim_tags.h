/* Tag=value lists (RFC 6376 section 3.2): the common form of DKIM, DomainKeys and ARC signatures and of key records.
 *
 * The list is read whole and strictly: a name twice, a piece without "=", or an empty piece that is not the last
 * makes it invalid, for then signer and verifier may not mean the same. Bytes from 0x80 on are allowed in values
 * (RFC 8616). Values are views, white space at both ends left out; dkim_tag_squeeze drops what is inside. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/why.h"

struct dkim_tag {
    struct bytes name;
    struct bytes value;
    struct bytes
        raw; /* all between "=" and ";" or the end: what is cut from b= before hashing */
};

struct dkim_tags {
    struct dkim_tag tags[LIMIT_DKIM_TAGS];
    size_t count;
};

/* SK_BAD, and why: the list is invalid. SK_LIMIT: too many tags. Names are case-sensitive. */
enum sk_code dkim_tags_read(struct bytes list, struct dkim_tags *tags_r, struct why *why);
/* NULL if there is none of that name. */
const struct dkim_tag *dkim_tags_find(const struct dkim_tags *tags, const char *name);
/* The value of that name, or the fallback (as text) where there is none. */
struct bytes dkim_tags_value(const struct dkim_tags *tags, const char *name,
                             const char *fallback);

/* Without any white space: the view itself if there is none, else a copy. */
struct bytes dkim_tag_squeeze(struct arena *arena, struct bytes value);
/* Whether one of the pieces between colons equals `word` (any case) once trimmed. */
bool dkim_tag_lists(struct bytes value, const char *word);
