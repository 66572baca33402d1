#include "net/line.h"

enum sk_code
line_read(struct line_reader *reader, struct bytes input, size_t line_max,
          struct bytes *line_r, size_t *used_r)
{
    *line_r = BYTES_NONE;
    *used_r = 0;
    const uint8_t *lf = input.size > 0 ? memchr(input.at, '\n', input.size) : NULL;
    if (reader->dropping) {
        *used_r = lf != NULL ? (size_t)(lf - input.at) + 1 : input.size;
        reader->dropping = lf == NULL;
        return lf != NULL ? SK_LIMIT : SK_MORE;
    }
    if (lf == NULL) {
        if (input.size >= line_max) {
            reader->dropping = true;
            *used_r = input.size;
        }
        return SK_MORE;
    }
    size_t size = (size_t)(lf - input.at);
    *used_r = size + 1;
    if (size + 1 > line_max) {
        return SK_LIMIT;
    }
    if (size == 0 || input.at[size - 1] != '\r' ||
        memchr(input.at, '\r', size - 1) != NULL) {
        return SK_BAD;
    }
    *line_r = bytes_of(input.at, size - 1);
    return SK_OK;
}

/* Where the scanner stands between two bytes. */
enum {
    AT_LINE, /* after CR LF, or at the very beginning */
    AT_DOT,  /* after a dot that began a line, and was dropped */
    AT_END,  /* after such a dot and CR: a LF now is the end */
    IN_LINE,
    AT_CR, /* after a CR that was handed on */
};

void
data_scanner_init(struct data_scanner *scanner)
{
    *scanner = (struct data_scanner){.state = AT_LINE};
}

/* From a place inside a line to the byte after its line end; sets the state. */
static size_t
scan_line(struct data_scanner *s, struct bytes b, size_t at)
{
    const uint8_t *from = b.at + at, *end = b.at + b.size;
    const uint8_t *lf = memchr(from, '\n', (size_t)(end - from));
    const uint8_t *stop = lf != NULL ? lf : end;
    bool cr = stop > from && stop[-1] == '\r';

    if (memchr(from, '\r', (size_t)(stop - from) - cr) != NULL) {
        s->bare_cr = true;
    }
    if (lf == NULL) {
        s->state = cr ? AT_CR : IN_LINE;
        return b.size;
    }
    s->bare_lf |= !cr;
    s->state = cr ? AT_LINE : IN_LINE;
    return (size_t)(lf - b.at) + 1;
}

enum sk_code
data_scan(struct data_scanner *s, struct bytes chunk, size_t *used_r, struct bytes *piece_r)
{
    size_t at = 0, from = 0;

    while (at < chunk.size) {
        uint8_t c = chunk.at[at];
        switch (s->state) {
        case AT_LINE:
            if (c == '.') {
                s->state = AT_DOT;
                *piece_r = bytes_slice(chunk, from, at);
                *used_r = at + 1;
                if (piece_r->size > 0) {
                    return SK_MORE;
                }
                from = ++at;
                break;
            }
            at = scan_line(s, chunk, at);
            break;
        case AT_DOT:
            if (c == '\r') {
                s->state = AT_END;
                from = ++at;
                break;
            }
            s->state = IN_LINE;
            break;
        case AT_END:
            if (c == '\n') {
                *piece_r = BYTES_NONE;
                *used_r = at + 1;
                return SK_OK;
            }
            /* It was no end: the CR held back is the message's own, and a bare one. */
            s->bare_cr = true;
            s->state = IN_LINE;
            *piece_r = BYTES("\r");
            *used_r = at;
            return SK_MORE;
        case AT_CR:
            if (c == '\n') {
                s->state = AT_LINE;
                at++;
                break;
            }
            s->bare_cr = true;
            s->state = IN_LINE;
            break;
        default:
            at = scan_line(s, chunk, at);
            break;
        }
    }
    *piece_r = bytes_slice(chunk, from, at);
    *used_r = at;
    return SK_MORE;
}

size_t
data_stuff(struct bytes b, bool at_line_start, bool *dot_r)
{
    *dot_r = false;
    if (b.size == 0) {
        return 0;
    }
    if (at_line_start && b.at[0] == '.') {
        *dot_r = true;
        return 0;
    }
    const uint8_t *found = memmem(b.at, b.size, "\r\n.", 3);
    if (found == NULL) {
        return b.size;
    }
    *dot_r = true;
    return (size_t)(found - b.at) + 2;
}
