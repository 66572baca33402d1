/* Canonicalisation (RFC 6376 section 3.4; nofws of RFC 4870 section 3.4.2) straight into a hash.
 *
 * One pass over the bytes as they came from the wire: nothing is copied but short pieces, which are gathered so that
 * the hash is called seldom. A line that ends in LF alone is read as if it ended in CR LF; a CR that no LF follows is a
 * byte like any other. Only one stream per hash may be open in a process at a time (the hash's state is fetched once and
 * kept), so a stream is begun, filled and ended within one function and holds nothing that would need to be freed. */
#pragma once

#include "base/bytes.h"
#include "base/writer.h"

enum canonical_form { CANONICAL_SIMPLE, CANONICAL_RELAXED, CANONICAL_NOFWS };
enum canonical_hash { CANONICAL_SHA1, CANONICAL_SHA256 };

#define CANONICAL_DIGEST_MAX 32
#define CANONICAL_ALL        UINT64_MAX
#define CANONICAL_GATHER     1024

struct canonical {
    enum canonical_hash hash;
    uint64_t size;       /* canonical bytes so far, also those past `most` */
    uint64_t most;       /* no more than these are hashed (l=) */
    struct writer *copy; /* what is hashed is written here too; NULL: nowhere */
    size_t gathered;
    uint8_t gather[CANONICAL_GATHER];
};

void canonical_begin(struct canonical *c, enum canonical_hash hash, uint64_t most,
                     struct writer *copy);
/* Bytes as they are. */
void canonical_put(struct canonical *c, struct bytes b);
/* A whole header field, with or without its line end; it gets one CR LF. */
void canonical_field(struct canonical *c, enum canonical_form form, struct bytes whole);
/* The signature's own field: without `cut` (a view into it: the value of b= with the white space around it) and without
 * the line end. */
void canonical_signature(struct canonical *c, enum canonical_form form, struct bytes whole,
                         struct bytes cut);
/* A body, empty lines at its end dropped. An empty one is CR LF under simple, nothing under relaxed and nofws. */
void canonical_body(struct canonical *c, enum canonical_form form, struct bytes body);
/* How much of the body that hashes: 0 when it is nothing but empty lines. Raw bytes, not canonical ones. */
size_t canonical_body_size(enum canonical_form form, struct bytes body);
/* Gives the digest; returns its size, 20 or 32. */
size_t canonical_end(struct canonical *c, uint8_t digest_r[CANONICAL_DIGEST_MAX]);

/* The parts of a whole field: its name without blanks at the end, and its value without the line end. The name is
 * empty where there is no colon. */
struct bytes canonical_field_name(struct bytes whole);
struct bytes canonical_field_value(struct bytes whole);
