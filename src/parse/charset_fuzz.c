#include "parse/charset.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "base/why.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena = {.cap = LIMIT_ARENA_MESSAGE};
    struct charset_result r;
    size_t label = size > 0 ? data[0] % 32u : 0;
    struct bytes all = bytes_of(data, size);

    charset_decode(&arena, bytes_from(all, 1), BYTES_NONE, &r);
    charset_decode(&arena, bytes_from(all, 1 + label), bytes_slice(all, 1, 1 + label), &r);
    charset_decode_as(&arena, bytes_from(all, 1 + label), bytes_slice(all, 1, 1 + label),
                      &r);
    SK_ASSERT(utf8_valid(r.text));
    arena_release(&arena);
    return 0;
}
