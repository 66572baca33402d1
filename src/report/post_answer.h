/* The answer to a POST of ours, as it comes (RFC 9112): status line, fields, and the body by length, in chunks, or to the
 * end of the connection. Pure and incremental: no I/O; the body is gathered in the arena. What answers is a stranger, so
 * whatever could be read two ways is no answer: two lengths, a length with chunks, another coding, folded lines, names with
 * blanks, control bytes, an interim status that was not asked for. Lines may end with LF alone: nothing follows an answer
 * on a connection of ours, so nothing can be smuggled. Redirections are only a status.
 *
 * Bounds: LIMIT_POST_LINE of a line with its end, LIMIT_POST_HEAD of all lines of the head, LIMIT_POST_BODY of the body
 * without its framing. */
#pragma once

#include "base/writer.h"
#include "net/http.h"

struct post_answer {
    unsigned status;    /* 100 to 599; 0: its line is not there yet */
    struct writer body; /* what came of it so far */
    uint8_t state;
    bool has_length, chunked;
    uint64_t length;
    unsigned minor;
    size_t head_size;
    struct http_body framing;
};

/* arena: at least 4 * LIMIT_POST_BODY of room. */
void post_answer_init(struct post_answer *answer, struct arena *arena);
/* Takes used_r bytes from the start of input; what is left is to be given again, with what follows. SK_OK: the answer is
 * whole, what follows is not looked at. SK_MORE: it is not yet. SK_BAD, SK_LIMIT: it is no answer; the status may stand
 * nevertheless. After anything but SK_MORE it is not called again. */
enum sk_code post_answer_read(struct post_answer *answer, struct bytes input,
                              size_t *used_r);
/* The connection has ended after SK_MORE. SK_OK: and so has the body. SK_BAD: the answer is not whole. */
enum sk_code post_answer_end(const struct post_answer *answer);

/* The status of an answer from its first line alone. SK_MORE: it is not there yet. SK_BAD, SK_LIMIT: it is no answer. */
enum sk_code post_status_read(struct bytes input, unsigned *status_r);
