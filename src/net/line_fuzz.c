/* The first byte is the size of the pieces; scanning in pieces and at once must agree. */
#include "net/line.h"

#include "base/arena.h"
#include "base/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum sk_code
scan(struct bytes data, size_t step, struct writer *w, struct data_scanner *scanner,
     size_t *at)
{
    enum sk_code code = SK_MORE;
    struct bytes piece;
    size_t used;

    data_scanner_init(scanner);
    for (*at = 0; code == SK_MORE && *at < data.size; *at += used) {
        struct bytes chunk = bytes_slice(data, *at, *at + step);
        code = data_scan(scanner, chunk, &used, &piece);
        SK_ASSERT(used <= chunk.size);
        writer_bytes(w, piece);
    }
    return code;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct writer once, parts;
    struct data_scanner a, b;
    size_t at, at_b, used;
    struct bytes line;

    if (size < 1) {
        return 0;
    }
    size_t step = (data[0] & 15u) + 1;
    struct bytes all = bytes_of(data + 1, size - 1);
    arena_init(&arena, (size_t)1 << 28);
    writer_init(&once, &arena);
    writer_init(&parts, &arena);
    enum sk_code code = scan(all, SIZE_MAX / 2, &once, &a, &at);
    enum sk_code code_b = scan(all, step, &parts, &b, &at_b);
    SK_ASSERT(code == code_b && at == at_b &&
              bytes_equal(writer_view(&once), writer_view(&parts)));
    SK_ASSERT(a.bare_lf == b.bare_lf && a.bare_cr == b.bare_cr && a.state == b.state);
    if (code == SK_OK) {
        SK_ASSERT(at >= 3 && memcmp(all.at + at - 3, ".\r\n", 3) == 0 &&
                  (at == 3 || memcmp(all.at + at - 5, "\r\n", 2) == 0));
    }
    struct line_reader reader = {0};
    for (at = 0; at < all.size; at += used) {
        code = line_read(&reader, bytes_from(all, at), 64, &line, &used);
        if (code == SK_OK) {
            SK_ASSERT(line.size <= 62 && bytes_find_byte(line, '\r', 0) == BYTES_NOWHERE &&
                      bytes_find_byte(line, '\n', 0) == BYTES_NOWHERE);
        }
        if (used == 0) {
            break;
        }
    }
    arena_release(&arena);
    return 0;
}
