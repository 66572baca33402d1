/* Which fields a signature covers: names of h= are taken from the bottom of the header upwards, each field once (RFC 6376
 * section 5.4.2); a name with no field left covers nothing, so that adding one breaks the signature.
 *
 * The index is built once for a header, so that many signatures with many names over many fields stay linear. */
#pragma once

#include "base/table.h"
#include "parse/letter.h"
#include "trace/canonical.h"

struct dkim_field_names;

struct dkim_fields {
    const struct header *header;
    struct arena *arena;
    struct table names; /* of struct dkim_field_names */
    size_t *above; /* of each field the next one of its name further up, plus 1; 0: none */
    unsigned round;
};

void dkim_fields_init(struct dkim_fields *fields, struct arena *arena,
                      const struct header *header);
/* Puts the fields that `names` (between colons, no white space) cover; `not_this` is left out: the signature itself. */
void dkim_fields_put(struct dkim_fields *fields, struct canonical *c,
                     enum canonical_form form, struct bytes names, struct bytes not_this);
