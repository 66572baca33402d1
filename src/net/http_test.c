#include "net/http.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static void
test_heads(void)
{
    static const struct {
        const char *head;
        enum sk_code code;
        unsigned status;
        const char *name;
    } rows[] = {
        {"GET /ping HTTP/1.0\r\n\r\n", SK_OK, 0, "HTTP/1.0"},
        {"\r\nGET /ping HTTP/1.1\r\n\r\n", SK_OK, 0, "an empty line before"},
        {"GET /ping HTTP/1.1\r\n", SK_MORE, 0, "not all there"},
        {"POST /checkv2 HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", SK_OK,
         0, "the same length twice"},
        {"POST /checkv2 HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", SK_BAD,
         400, "two lengths"},
        {"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         SK_BAD, 400, "length and chunks"},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
         SK_BAD, 400, "chunks and length"},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
         "chunked\r\n\r\n",
         SK_BAD, 400, "chunked twice"},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", SK_BAD, 501,
         "another coding"},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", SK_BAD, 501,
         "a coding that ends like chunked"},
        {"POST / HTTP/1.1\r\nTransfer-Encoding:\x0b"
         "chunked\r\n\r\n",
         SK_BAD, 400, "a coding behind a control byte"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", SK_BAD, 400,
         "chunks in HTTP/1.0"},
        {"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", SK_BAD, 400, "a signed length"},
        {"POST / HTTP/1.1\r\nContent-Length: 3,3\r\n\r\n", SK_BAD, 400,
         "a list of lengths"},
        {"POST / HTTP/1.1\r\nContent-Length: 0x3\r\n\r\n", SK_BAD, 400,
         "a hexadecimal length"},
        {"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", SK_BAD, 400, "an empty length"},
        {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", SK_BAD, 400,
         "a length past 64 bits"},
        {"POST / HTTP/1.1\r\nContent-Length : 3\r\n\r\n", SK_BAD, 400,
         "a blank before the colon"},
        {"POST / HTTP/1.1\r\nA: b\r\n Content-Length: 3\r\n\r\n", SK_BAD, 400,
         "a folded line"},
        {"POST / HTTP/1.1\r\nA: b\nContent-Length: 3\r\n\r\n", SK_BAD, 400,
         "a bare LF between fields"},
        {"POST / HTTP/1.1\r\nA: b\rContent-Length: 3\r\n\r\n", SK_BAD, 400,
         "a bare CR between fields"},
        {"GET / HTTP/1.1\nA: b\n\n", SK_BAD, 400, "bare line ends"},
        {"GET / HTTP/1.1\r\n: b\r\n\r\n", SK_BAD, 400, "a field without name"},
        {"GET / HTTP/1.1\r\nno colon\r\n\r\n", SK_BAD, 400, "a field without colon"},
        {"GET / HTTP/2.0\r\n\r\n", SK_BAD, 505, "HTTP/2.0"},
        {"GET / HTTP/1.1 \r\n\r\n", SK_BAD, 400, "a blank behind the version"},
        {"GET /a b HTTP/1.1\r\n\r\n", SK_BAD, 400, "a blank in the target"},
        {"GET  / HTTP/1.1\r\n\r\n", SK_BAD, 400, "two blanks"},
        {"GET http://x/ HTTP/1.1\r\n\r\n", SK_BAD, 400, "a whole URL"},
        {"\x16\x03\x01\r\n\r\n", SK_BAD, 400, "TLS"},
        {"G@T / HTTP/1.1\r\n\r\n", SK_BAD, 400, "no token"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_request r;
        size_t used;
        enum sk_code code =
            http_request_read(&arena, bytes_from_text(rows[i].head), &r, &used);
        tap_ok(code == rows[i].code && (code == SK_OK || r.status == rows[i].status) &&
                   (code != SK_OK || used == strlen(rows[i].head)),
               "head: %s", rows[i].name);
    }
}

static void
test_meaning(void)
{
    struct http_request r;
    size_t used;
    struct bytes head = BYTES("POST /checkv2?a=b&c HTTP/1.1\r\nRcpt:  x \r\nConnection: "
                              "Close\r\nExpect: 100-continue\r\n"
                              "content-length: 12\r\nEmpty:\r\n\r\nbody");

    tap_ok(http_request_read(&arena, head, &r, &used) == SK_OK && used == head.size - 4,
           "a head before a body");
    tap_ok(bytes_is(r.method, "POST") && bytes_is(r.path, "/checkv2") &&
               bytes_is(r.query, "a=b&c"),
           "its target");
    tap_ok(bytes_is(http_request_field(&r, "RCPT"), "x") &&
               http_request_field(&r, "None").at == NULL &&
               http_request_field(&r, "Empty").at != NULL,
           "its fields");
    tap_ok(!r.keep_alive && r.expects_continue && r.has_length && r.length == 12 &&
               !r.chunked,
           "what they mean");
    bool well = true;
    for (size_t i = 0; i < used; i++) {
        size_t none;
        well &= http_request_read(&arena, bytes_slice(head, 0, i), &r, &none) == SK_MORE;
    }
    tap_ok(well, "cut anywhere it wants more");
    (void)!(int)http_request_read(
        &arena, BYTES("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), &r, &used);
    tap_ok(r.keep_alive, "HTTP/1.0 keep-alive");
    struct bytes out;
    tap_ok(http_decode_percent(&arena, BYTES("a%40b+%2c"), &out) && bytes_is(out, "a@b+,"),
           "percent");
    tap_ok(!http_decode_percent(&arena, BYTES("a%4"), &out) &&
               !http_decode_percent(&arena, BYTES("%zz"), &out),
           "broken percent");
}

static void
test_limits(void)
{
    struct http_request r;
    size_t used;

    for (int over = 0; over < 2; over++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, "GET / HTTP/1.1\r\n");
        for (int i = 0; i < LIMIT_HTTP_FIELDS + over; i++) {
            writer_text(&w, "Rcpt: x\r\n");
        }
        writer_text(&w, "\r\n");
        tap_ok(http_request_read(&arena, writer_view(&w), &r, &used) ==
                       (over ? SK_LIMIT : SK_OK) &&
                   (!over || r.status == 431),
               "fields %s the bound", over ? "past" : "at");
        writer_clear(&w);
        writer_text(&w, "GET / HTTP/1.1\r\nX: ");
        while (w.size < LIMIT_HTTP_HEAD - 4 + (size_t)over) {
            writer_byte(&w, 'x');
        }
        writer_text(&w, "\r\n\r\n");
        tap_ok(http_request_read(&arena, writer_view(&w), &r, &used) ==
                   (over ? SK_LIMIT : SK_OK),
               "head %s the bound", over ? "past" : "at");
    }
}

static enum sk_code
read_chunks(struct bytes data, size_t step, uint64_t most, struct bytes *body_r,
            size_t *used_r)
{
    struct http_request r = {.chunked = true};
    struct http_body body;
    struct writer w;
    struct bytes piece;
    size_t at = 0, used;
    enum sk_code code = SK_MORE;

    writer_init(&w, &arena);
    http_body_init(&body, &r);
    while (code == SK_MORE && at < data.size) {
        code = http_body_read(&body, bytes_slice(data, at, at + step), most, &used, &piece);
        writer_bytes(&w, piece);
        at += used;
    }
    *body_r = writer_view(&w);
    *used_r = at;
    return code;
}

static void
test_chunks(void)
{
    static const struct {
        const char *data;
        enum sk_code code;
        const char *body, *name;
    } rows[] = {
        {"3\r\nabc\r\n0\r\n\r\n", SK_OK, "abc", "one chunk"},
        {"3;x=\"y\"\r\nabc\r\nA \r\n0123456789\r\n0\r\nX: y\r\n\r\n", SK_OK,
         "abc0123456789", "extensions and a trailer"},
        {"0\r\n\r\n", SK_OK, "", "nothing"},
        {"3\r\nabc\r\n0\r\n", SK_MORE, "abc", "not all"},
        {"3\r\nabcd\r\n0\r\n\r\n", SK_BAD, "abc", "a chunk that is too long"},
        {"3\nabc\r\n0\r\n\r\n", SK_BAD, "", "a bare LF"},
        {"-3\r\nabc", SK_BAD, "", "a sign"},
        {"0x3\r\nabc", SK_BAD, "", "0x"},
        {"\r\nabc", SK_BAD, "", "no digits"},
        {"000000003\r\nabc", SK_BAD, "", "too many digits"},
        {"3;a\nb\r\nabc", SK_BAD, "", "LF in an extension"},
        {"0\r\nX: y\nZ: w\r\n\r\n", SK_BAD, "", "LF in a trailer"},
        {"10\r\n0123456789abcdef\r\n1\r\nx\r\n", SK_LIMIT, "0123456789abcdef",
         "one byte past the bound"},
        {"ffffffff\r\n", SK_LIMIT, "", "a huge chunk"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool well = true;
        for (size_t step = 1; step < 40; step++) {
            struct bytes body;
            size_t used;
            enum sk_code code =
                read_chunks(bytes_from_text(rows[i].data), step, 16, &body, &used);
            well &= code == rows[i].code && bytes_is(body, rows[i].body) &&
                    (code != SK_OK || used == strlen(rows[i].data));
        }
        tap_ok(well, "chunks: %s", rows[i].name);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    test_heads();
    test_meaning();
    test_limits();
    test_chunks();
    arena_release(&arena);
    return tap_done();
}
