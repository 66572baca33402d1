/* The sets of ARC fields that a header has (RFC 8617 section 4.2), before anything is verified. */
#pragma once

#include "parse/letter.h"
#include "trace/dkim_signature.h"

#define ARC_SEAL_NAME              "ARC-Seal"
#define ARC_MESSAGE_SIGNATURE_NAME "ARC-Message-Signature"
#define ARC_RESULTS_NAME           "ARC-Authentication-Results"

/* One set; a field that is missing is empty. */
struct arc_link {
    struct bytes results_field; /* the whole ARC-Authentication-Results */
    struct bytes results;       /* its value after "i=N;" */
    struct dkim_signature message_signature, seal; /* .field empty: missing */
    enum auth_result cv;                           /* of the seal: none, pass, fail */
};

struct arc_chain {
    size_t field_count; /* of ARC fields, readable or not */
    unsigned highest;   /* the highest i=; 0: no field has one that can be read */
    const char
        *broken; /* why this is no chain (section 5.2, steps 1 to 3); NULL: it is whole */
    struct arc_link links[LIMIT_ARC_SETS]; /* that of i=1 first */
};

/* NULL where the header has no ARC field at all. */
struct arc_chain *arc_chain_read(struct arena *arena, const struct header *header,
                                 int64_t now_s, bool legacy);
