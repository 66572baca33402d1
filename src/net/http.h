/* HTTP/1.0 and 1.1 requests (RFC 9110, RFC 9112), as far as a scanner's clients need: the head, and the body by
 * length or in chunks. Pure and incremental: no I/O, no memory but the arena for the list of fields; views into the
 * caller's buffer. Whatever two readers could understand differently is refused: Content-Length with
 * Transfer-Encoding, two different lengths, a coding other than chunked, white space before a colon, folded lines,
 * bare LF, chunk sizes that are no plain hexadecimal number. Bounds: LIMIT_HTTP_HEAD, LIMIT_HTTP_FIELDS. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

struct http_field {
    struct bytes name, value;
};

struct http_request {
    struct bytes method, target; /* as sent */
    struct bytes path, query;    /* target before and after '?' */
    unsigned minor;              /* HTTP/1.minor: 0 or 1 */
    struct http_field *fields;
    size_t field_count;
    bool chunked;
    bool has_length;
    uint64_t length;       /* Content-Length */
    bool keep_alive;       /* the connection may serve another request */
    bool expects_continue; /* Expect: 100-continue */
    unsigned status;       /* after SK_BAD and SK_LIMIT: 400, 431, 501, 505 */
};

/* Reads a head at the start of input. SK_OK: used_r bytes were it. SK_MORE: not all there yet. SK_BAD, SK_LIMIT:
 * request_r->status is to be answered, and the connection closed. */
enum sk_code http_request_read(struct arena *arena, struct bytes input,
                               struct http_request *request_r, size_t *used_r);
/* The first field of that name, without regard to case; an empty view with at == NULL if none. */
struct bytes http_request_field(const struct http_request *request, const char *name);

struct http_body {
    uint8_t state;
    bool chunked;
    uint64_t left;    /* of the body or of the chunk */
    uint64_t total;   /* bytes of body so far */
    size_t line_size; /* of the size line or trailer being read */
    size_t trailer_size;
    unsigned digit_count;
};

void http_body_init(struct http_body *body, const struct http_request *request);
/* Consumes from the start of chunk; piece_r is the next run of the body. SK_OK: the body is complete, used_r bytes of
 * chunk were its end. SK_MORE: call again with what follows. SK_BAD: broken chunk. SK_LIMIT: more than body_max. */
enum sk_code http_body_read(struct http_body *body, struct bytes chunk, uint64_t body_max,
                            size_t *used_r, struct bytes *piece_r);

/* The reason phrase of a status. */
const char *http_reason(unsigned status);
/* Undoes %XX (and not '+'); false where a % is not followed by two hexadecimal digits. */
bool http_decode_percent(struct arena *arena, struct bytes text, struct bytes *out_r);
