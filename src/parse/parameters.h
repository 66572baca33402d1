/* Content-Type and Content-Disposition: a value and its parameters (RFC 2045 5.1, 2183, 2231).
 *
 * Continuations (name*0, name*1) are joined in the order of their numbers, encoded values decoded, encoded words in
 * values too, as mailers write them against the RFC. Of two parameters of one name the first counts, noted as a
 * defect; name*= counts before name=. What a reader who chooses otherwise would take is kept as the parameter's `other`. Bounded by LIMIT_MIME_PARAMETERS. */
#pragma once

#include "parse/defects.h"

struct content_type {
    struct bytes type, subtype; /* lower case; "" where it cannot be read */
    struct parameter *parameters;
    size_t parameter_count;
    struct bytes boundary; /* bytes as they stand in the body; "" if none */
};

/* value is the body of the field. A Content-Disposition has only a type. */
void content_type_read(struct arena *arena, struct bytes value, struct content_type *r,
                       struct defects *defects);

/* The value of a parameter (name in lower case), "" if there is none. */
struct bytes parameter_value(const struct parameter *parameters, size_t count,
                             struct bytes name);
