/* Authentication-Results (RFC 8601): writing ours, finding forged ones, reading any.
 *
 * What stands in our field comes in part from hostile hands (domains, selectors, addresses). Every such value is written
 * as a token if all its bytes may stand in one, else as a quoted string of printable characters; anything else is left
 * out with its property (CVE-2020-12272). Nothing is copied into comments. */
#pragma once

#include "parse/letter.h"
#include "trace/origin.h"

struct authres_property {
    struct bytes type, name; /* ptype "." property, lower case */
    struct bytes value;      /* unquoted */
};

struct authres_result {
    struct bytes method; /* lower case */
    struct bytes result; /* lower case */
    struct bytes reason; /* unquoted, "" if none */
    uint64_t version;    /* of the method, 1 if none is written */
    struct authres_property *properties;
    size_t property_count;
};

struct authres {
    struct bytes authserv_id;
    uint64_t version; /* 1 if none is written */
    struct authres_result *results;
    size_t result_count; /* 0 for "none" */
};

/* Reads the value of a field. SK_BAD: it breaks the grammar; authserv_id and the results before the break are kept. */
enum sk_code authres_read(struct arena *arena, struct bytes value,
                          struct authres *authres_r);

/* As authres_read, for the words of a sealer whom we believe (RFC 8617): a property that is none ("action=none") is passed
 * over, and so is a result that cannot be read. */
void authres_read_loose(struct arena *arena, struct bytes value, struct authres *authres_r);
/* The id, and what follows the first ";" as it stands, trimmed ("" if nothing does). false: no id can be read. */
bool authres_split(struct arena *arena, struct bytes value, struct bytes *authserv_id_r,
                   struct bytes *results_r);

/* The value of our field: what follows "Authentication-Results: ", folded with CR LF and tab, without the last line end.
 * Methods in the order spf, dkim, arc, dmarc, iprev. */
struct bytes authres_write(struct arena *arena, const struct trace_settings *settings,
                           const struct arrival *arrival, const struct origin *origin);

/* Whole fields of the letter that claim our authserv-id: in any case, quoted, with comments, blanks or a version, and
 * also where the rest of the field is no proper result. */
void authres_forged(struct arena *arena, const struct letter *letter,
                    struct bytes authserv_id, struct bytes **forged_r, size_t *count_r);
