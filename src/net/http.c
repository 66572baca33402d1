#include "net/http.h"

#include "base/limits.h"

#define CHUNK_DIGITS_MAX 8    /* of a chunk's size: 4 GiB */
#define CHUNK_LINE_MAX   256  /* size line with extensions */
#define TRAILER_MAX      8192 /* all trailer fields together */

static bool
is_token_byte(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c) ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_token(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++) {
        if (!is_token_byte(b.at[i])) {
            return false;
        }
    }
    return b.size > 0;
}

static enum sk_code
refuse(struct http_request *r, unsigned status)
{
    r->status = status;
    return status == 431 ? SK_LIMIT : SK_BAD;
}

/* Takes a line that ends with CR LF and holds no other control byte but tab. */
static bool
strict_line(struct bytes *rest, struct bytes *line_r)
{
    const uint8_t *lf = rest->size > 0 ? memchr(rest->at, '\n', rest->size) : NULL;

    if (lf == NULL || lf == rest->at || lf[-1] != '\r') {
        return false;
    }
    *line_r = bytes_of(rest->at, (size_t)(lf - rest->at) - 1);
    *rest = bytes_from(*rest, line_r->size + 2);
    for (size_t i = 0; i < line_r->size; i++) {
        uint8_t c = line_r->at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static enum sk_code
read_request_line(struct bytes line, struct http_request *r)
{
    size_t first = bytes_find_byte(line, ' ', 0), last = bytes_find_last(line, ' ');

    if (first == BYTES_NOWHERE || last <= first + 1) {
        return refuse(r, 400);
    }
    struct bytes version = bytes_from(line, last + 1);
    r->method = bytes_slice(line, 0, first);
    r->target = bytes_slice(line, first + 1, last);
    if (!is_token(r->method) || r->target.at[0] != '/' ||
        bytes_find_byte(r->target, ' ', 0) != BYTES_NOWHERE ||
        bytes_find_byte(r->target, '\t', 0) != BYTES_NOWHERE) {
        return refuse(r, 400);
    }
    if (version.size != 8 || !bytes_starts(version, BYTES("HTTP/"))) {
        return refuse(r, 400);
    }
    if (version.at[5] != '1' || version.at[6] != '.' || !ascii_digit(version.at[7])) {
        return refuse(r, 505);
    }
    r->minor = version.at[7] == '0' ? 0 : 1;
    size_t question = bytes_find_byte(r->target, '?', 0);
    r->path = bytes_slice(r->target, 0, question);
    r->query = question == BYTES_NOWHERE ? BYTES_NONE : bytes_from(r->target, question + 1);
    return SK_OK;
}

static enum sk_code
take_length(struct http_request *r, struct bytes value)
{
    uint64_t length;

    if (!bytes_to_number(value, INT64_MAX, &length) ||
        (r->has_length && length != r->length)) {
        return refuse(r, 400);
    }
    r->has_length = true;
    r->length = length;
    return SK_OK;
}

static enum sk_code
take_field(struct http_request *r, struct bytes name, struct bytes value)
{
    if (bytes_is_fold(name, "Content-Length")) {
        return take_length(r, value);
    }
    if (bytes_is_fold(name, "Transfer-Encoding")) {
        if (r->chunked || !bytes_is_fold(value, "chunked")) {
            return refuse(r, r->chunked ? 400 : 501);
        }
        r->chunked = true;
    } else if (bytes_is_fold(name, "Connection")) {
        struct bytes option;
        while (bytes_split(&value, ',', &option)) {
            option = bytes_trim(option);
            if (bytes_is_fold(option, "close")) {
                r->keep_alive = false;
            } else if (bytes_is_fold(option, "keep-alive") && r->minor == 0) {
                r->keep_alive = true;
            }
        }
    } else if (bytes_is_fold(name, "Expect")) {
        r->expects_continue = r->minor > 0 && bytes_is_fold(value, "100-continue");
    }
    return SK_OK;
}

static enum sk_code
read_fields(struct arena *arena, struct bytes rest, struct http_request *r)
{
    struct bytes line;
    size_t room = 0;

    for (;;) {
        if (!strict_line(&rest, &line)) {
            return refuse(r, 400);
        }
        if (line.size == 0) {
            break;
        }
        if (r->field_count == LIMIT_HTTP_FIELDS) {
            return refuse(r, 431);
        }
        if (r->field_count == room) {
            size_t more = room == 0 ? 32 : room * 2;
            r->fields = arena_grow(arena, r->fields, room * sizeof *r->fields,
                                   more * sizeof *r->fields);
            room = more;
        }
        size_t colon = bytes_find_byte(line, ':', 0);
        struct bytes name = bytes_slice(line, 0, colon);
        /* A blank at the start would be a folded line, one before the colon is read two ways: no token has any. */
        if (colon == BYTES_NOWHERE || !is_token(name)) {
            return refuse(r, 400);
        }
        struct bytes value = bytes_trim(bytes_from(line, colon + 1));
        r->fields[r->field_count++] = (struct http_field){name, value};
        enum sk_code code = take_field(r, name, value);
        if (code != SK_OK) {
            return code;
        }
    }
    /* Who sends both lets one reader take the length, another the chunks (RFC 9112 6.1); HTTP/1.0 has no chunks. */
    if (r->chunked && (r->has_length || r->minor == 0)) {
        return refuse(r, 400);
    }
    return SK_OK;
}

enum sk_code
http_request_read(struct arena *arena, struct bytes input, struct http_request *r,
                  size_t *used_r)
{
    size_t skipped = 0;
    struct bytes line;

    *r = (struct http_request){0};
    *used_r = 0;
    /* RFC 9112 2.2: one empty line before the request is forgiven. */
    if (bytes_starts(input, BYTES("\r\n"))) {
        skipped = 2;
    }
    struct bytes rest = bytes_from(input, skipped);
    struct bytes looked = bytes_slice(rest, 0, LIMIT_HTTP_HEAD);
    size_t end = bytes_find(looked, BYTES("\r\n\r\n"), 0);
    if (end == BYTES_NOWHERE) {
        if (bytes_find(looked, BYTES("\n\n"), 0) != BYTES_NOWHERE) {
            return refuse(r, 400); /* bare line ends: it would wait for ever */
        }
        return rest.size >= LIMIT_HTTP_HEAD ? refuse(r, 431) : SK_MORE;
    }
    *used_r = skipped + end + 4;
    struct bytes head = bytes_slice(rest, 0, end + 4);
    if (!strict_line(&head, &line)) {
        return refuse(r, 400);
    }
    enum sk_code code = read_request_line(line, r);
    if (code != SK_OK) {
        return code;
    }
    r->keep_alive = r->minor > 0;
    return read_fields(arena, head, r);
}

struct bytes
http_request_field(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (bytes_is_fold(request->fields[i].name, name)) {
            struct bytes value = request->fields[i].value;
            return value.at != NULL ? value : BYTES("");
        }
    }
    return BYTES_NONE;
}

/* Where the body's reader stands. */
enum {
    BODY_PLAIN,      /* inside a body of known length */
    CHUNK_SIZE,      /* in the digits of a size */
    CHUNK_EXTENSION, /* behind them, to CR */
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    TRAILER_START, /* at the start of a line behind the last chunk */
    TRAILER,
    TRAILER_LF,
    LAST_LF,
    BODY_DONE,
};

void
http_body_init(struct http_body *body, const struct http_request *request)
{
    *body = (struct http_body){.chunked = request->chunked};
    if (request->chunked) {
        body->state = CHUNK_SIZE;
    } else {
        body->left = request->has_length ? request->length : 0;
        body->state = body->left > 0 ? BODY_PLAIN : BODY_DONE;
    }
}

/* One byte of the framing around chunks. */
static enum sk_code
frame_byte(struct http_body *b, uint8_t c, uint64_t body_max)
{
    switch (b->state) {
    case CHUNK_SIZE:
        if (ascii_hex(c) >= 0) {
            if (++b->digit_count > CHUNK_DIGITS_MAX) {
                return SK_BAD;
            }
            b->left = b->left << 4 | (uint64_t)ascii_hex(c);
            return SK_MORE;
        }
        if (b->digit_count == 0 || (c != '\r' && c != ';' && c != ' ' && c != '\t')) {
            return SK_BAD;
        }
        if (b->left > body_max - b->total) {
            return SK_LIMIT;
        }
        b->state = c == '\r' ? CHUNK_SIZE_LF : CHUNK_EXTENSION;
        b->line_size = 0;
        return SK_MORE;
    case CHUNK_EXTENSION:
        if (c == '\n' || c == 0 || ++b->line_size > CHUNK_LINE_MAX) {
            return SK_BAD;
        }
        if (c == '\r') {
            b->state = CHUNK_SIZE_LF;
        }
        return SK_MORE;
    case CHUNK_SIZE_LF:
        b->state = b->left > 0 ? CHUNK_DATA : TRAILER_START;
        return c == '\n' ? SK_MORE : SK_BAD;
    case CHUNK_DATA_CR:
        b->state = CHUNK_DATA_LF;
        return c == '\r' ? SK_MORE : SK_BAD;
    case CHUNK_DATA_LF:
        b->state = CHUNK_SIZE;
        b->digit_count = 0;
        return c == '\n' ? SK_MORE : SK_BAD;
    case TRAILER_START:
    case TRAILER:
        if (c == '\n' || c == 0 || ++b->trailer_size > TRAILER_MAX) {
            return SK_BAD;
        }
        b->state = c != '\r' ? TRAILER : b->state == TRAILER_START ? LAST_LF : TRAILER_LF;
        return SK_MORE;
    case TRAILER_LF:
        b->state = TRAILER_START;
        return c == '\n' ? SK_MORE : SK_BAD;
    default: /* LAST_LF */
        b->state = BODY_DONE;
        return c == '\n' ? SK_OK : SK_BAD;
    }
}

enum sk_code
http_body_read(struct http_body *b, struct bytes chunk, uint64_t body_max, size_t *used_r,
               struct bytes *piece_r)
{
    size_t at = 0;

    *piece_r = BYTES_NONE;
    *used_r = 0;
    if (b->state == BODY_PLAIN && b->left > body_max - b->total) {
        return SK_LIMIT;
    }
    while (b->state != BODY_DONE && at < chunk.size) {
        if (b->state == BODY_PLAIN || b->state == CHUNK_DATA) {
            size_t size = b->left < chunk.size - at ? (size_t)b->left : chunk.size - at;
            *piece_r = bytes_slice(chunk, at, at + size);
            b->left -= size;
            b->total += size;
            if (b->left == 0) {
                b->state = b->chunked ? CHUNK_DATA_CR : BODY_DONE;
            }
            *used_r = at + size;
            return b->state == BODY_DONE ? SK_OK : SK_MORE;
        }
        enum sk_code code = frame_byte(b, chunk.at[at++], body_max);
        *used_r = at;
        if (code != SK_MORE) {
            return code;
        }
    }
    return b->state == BODY_DONE ? SK_OK : SK_MORE;
}

const char *
http_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } rows[] = {
        {100, "Continue"},
        {200, "OK"},
        {208, "Already Reported"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].status == status) {
            return rows[i].reason;
        }
    }
    return "Unknown";
}

bool
http_decode_percent(struct arena *arena, struct bytes text, struct bytes *out_r)
{
    uint8_t *out = arena_take_bytes(arena, text.size);
    size_t size = 0;

    *out_r = BYTES_NONE;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.at[i];
        if (c == '%') {
            int high = i + 2 < text.size ? ascii_hex(text.at[i + 1]) : -1;
            int low = high >= 0 ? ascii_hex(text.at[i + 2]) : -1;
            if (low < 0) {
                return false;
            }
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        out[size++] = c;
    }
    *out_r = bytes_of(out, size);
    return true;
}
