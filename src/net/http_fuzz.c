/* A request; its body is read in pieces and at once, which must agree. */
#include "net/http.h"

#include "base/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum sk_code
read_body(const struct http_request *r, struct bytes data, size_t step, struct writer *w,
          size_t *at)
{
    struct http_body body;
    enum sk_code code = SK_MORE;
    struct bytes piece;
    size_t used;

    http_body_init(&body, r);
    *at = 0;
    do {
        code = http_body_read(
            &body, bytes_slice(data, *at, data.size - *at > step ? *at + step : data.size),
            4096, &used, &piece);
        writer_bytes(w, piece);
        *at += used;
    } while (code == SK_MORE && *at < data.size);
    SK_ASSERT(w->size <= 4096);
    return code;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct http_request r;
    struct writer once, parts;
    struct bytes input = bytes_of(data, size), out;
    size_t used, at, at_b;

    arena_init(&arena, (size_t)1 << 28);
    writer_init(&once, &arena);
    writer_init(&parts, &arena);
    if (http_request_read(&arena, input, &r, &used) == SK_OK) {
        SK_ASSERT(used <= size && !(r.chunked && r.has_length));
        struct bytes rest = bytes_from(input, used);
        enum sk_code code = read_body(&r, rest, SIZE_MAX, &once, &at);
        enum sk_code code_b = read_body(&r, rest, 3, &parts, &at_b);
        SK_ASSERT(code == code_b && (code != SK_OK || at == at_b));
        SK_ASSERT(bytes_equal(writer_view(&once), writer_view(&parts)));
        (void)http_decode_percent(&arena, r.query, &out);
    }
    arena_release(&arena);
    return 0;
}
