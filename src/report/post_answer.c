#include "report/post_answer.h"

#include "base/limits.h"

_Static_assert(LIMIT_POST_BODY >= LIMIT_NOTE_BYTES,
               "a witness's answer is lines of a note, so it has the room of one");
_Static_assert(LIMIT_POST_HEAD >= LIMIT_POST_LINE, "a line belongs to the head");

enum {
    STATUS, /* the first line is to come */
    FIELDS,
    FRAMED, /* a body by length or in chunks */
    TO_END, /* a body that ends with the connection */
};

void
post_answer_init(struct post_answer *a, struct arena *arena)
{
    *a = (struct post_answer){.state = STATUS};
    writer_init(&a->body, arena);
}

/* The next line, without its end, which is LF or CR LF. SK_MORE: it has no end yet. */
static enum sk_code
next_line(struct bytes input, struct bytes *line_r, size_t *size_r)
{
    size_t end = bytes_find_byte(bytes_slice(input, 0, LIMIT_POST_LINE), '\n', 0);

    if (end == BYTES_NOWHERE) {
        return input.size >= LIMIT_POST_LINE ? SK_LIMIT : SK_MORE;
    }
    *size_r = end + 1;
    *line_r = bytes_slice(input, 0, end > 0 && input.at[end - 1] == '\r' ? end - 1 : end);
    return SK_OK;
}

/* "HTTP/1.1 200 OK"; the words may be missing. */
static bool
read_status(struct bytes line, unsigned *status_r, unsigned *minor_r)
{
    uint64_t status;

    line = bytes_trim(line);
    if (!bytes_starts(line, BYTES("HTTP/1.")) || line.size < 12 || line.at[8] != ' ' ||
        (line.size > 12 && line.at[12] != ' ') ||
        !bytes_to_number(bytes_slice(line, 9, 12), 599, &status) || status < 100) {
        return false;
    }
    *status_r = (unsigned)status;
    *minor_r = line.at[7] == '0' ? 0 : 1;
    return true;
}

enum sk_code
post_status_read(struct bytes input, unsigned *status_r)
{
    struct bytes line;
    size_t size;
    unsigned minor;
    enum sk_code code = next_line(input, &line, &size);

    if (code != SK_OK) {
        return code;
    }
    return read_status(line, status_r, &minor) ? SK_OK : SK_BAD;
}

static bool
is_name(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] <= ' ' || name.at[i] >= 0x7f) {
            return false;
        }
    }
    return name.size > 0;
}

static bool
is_clean(struct bytes value)
{
    for (size_t i = 0; i < value.size; i++) {
        if ((value.at[i] < ' ' && value.at[i] != '\t') || value.at[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static enum sk_code
take_field(struct post_answer *a, struct bytes line)
{
    size_t colon = bytes_find_byte(line, ':', 0);
    uint64_t length;

    if (colon == BYTES_NOWHERE || !is_clean(line)) {
        return SK_BAD;
    }
    struct bytes name = bytes_slice(line, 0, colon),
                 value = bytes_trim(bytes_from(line, colon + 1));
    if (!is_name(name)) {
        return SK_BAD;
    }
    if (bytes_is_fold(name, "Content-Length")) {
        if (a->has_length || !bytes_to_number(value, INT64_MAX, &length)) {
            return SK_BAD;
        }
        a->has_length = true;
        a->length = length;
    } else if (bytes_is_fold(name, "Transfer-Encoding")) {
        if (a->chunked || a->minor == 0 || !bytes_is_fold(value, "chunked")) {
            return SK_BAD;
        }
        a->chunked = true;
    }
    return a->chunked && a->has_length ? SK_BAD : SK_MORE;
}

/* The empty line: from here on it is the body. */
static enum sk_code
begin_body(struct post_answer *a)
{
    bool none = a->status == 204 || a->status == 304;
    const struct http_request as = {
        .chunked = a->chunked, .has_length = a->has_length, .length = a->length};

    if (none) {
        return SK_OK;
    }
    if (a->has_length && a->length > LIMIT_POST_BODY) {
        return SK_LIMIT;
    }
    http_body_init(&a->framing, &as);
    a->state = a->has_length || a->chunked ? FRAMED : TO_END;
    return a->has_length && a->length == 0 ? SK_OK : SK_MORE;
}

static enum sk_code
take_line(struct post_answer *a, struct bytes input, size_t *used_r)
{
    struct bytes line;
    size_t size = 0;
    enum sk_code code = next_line(input, &line, &size);

    /* A line that has no end yet counts as well, so that the answer is the same in whatever pieces it comes. */
    if (a->head_size + (code == SK_OK ? size : input.size) > LIMIT_POST_HEAD) {
        return SK_LIMIT;
    }
    if (code != SK_OK) {
        return code;
    }
    a->head_size += size;
    *used_r = size;
    if (a->state == STATUS) {
        if (!read_status(line, &a->status, &a->minor) || a->status < 200) {
            return SK_BAD;
        }
        a->state = FIELDS;
        return SK_MORE;
    }
    return line.size == 0 ? begin_body(a) : take_field(a, line);
}

static enum sk_code
take_body(struct post_answer *a, struct bytes input, size_t *used_r)
{
    struct bytes piece = input;
    enum sk_code code = SK_MORE;

    *used_r = input.size;
    if (a->state == FRAMED) {
        code = http_body_read(&a->framing, input, LIMIT_POST_BODY, used_r, &piece);
    } else if (input.size > LIMIT_POST_BODY - a->body.size) {
        return SK_LIMIT;
    }
    if (code == SK_OK || code == SK_MORE) {
        writer_bytes(&a->body, piece);
    }
    return code;
}

enum sk_code
post_answer_read(struct post_answer *a, struct bytes input, size_t *used_r)
{
    enum sk_code code = SK_MORE;

    *used_r = 0;
    while (code == SK_MORE && *used_r < input.size) {
        struct bytes rest = bytes_from(input, *used_r);
        size_t used = 0;
        bool head = a->state == STATUS || a->state == FIELDS;
        code = head ? take_line(a, rest, &used) : take_body(a, rest, &used);
        *used_r += used;
        if (used == 0) {
            break;
        }
    }
    return code;
}

enum sk_code
post_answer_end(const struct post_answer *a)
{
    return a->state == TO_END ? SK_OK : SK_BAD;
}
