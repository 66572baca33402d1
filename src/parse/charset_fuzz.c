#include "parse/charset.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "base/why.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte tells how long a label follows, and which carrier sent it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena = {.cap = LIMIT_ARENA_MESSAGE};
    struct charset_result r;
    size_t label = size > 0 ? data[0] % 32u : 0;
    enum emoji_carrier who = size > 0 ? data[0] >> 5 & 3 : EMOJI_NOBODY;
    struct bytes all = bytes_of(data, size), text = bytes_from(all, 1 + label);

    charset_decode(&arena, bytes_from(all, 1), BYTES_NONE, &r);
    SK_ASSERT(utf8_valid(r.text) && r.confidence <= 100);
    charset_decode_from(&arena, text, bytes_slice(all, 1, 1 + label), who, &r);
    SK_ASSERT(utf8_valid(r.text) && r.confidence <= 100);
    charset_decode_as_from(&arena, text, bytes_slice(all, 1, 1 + label), who, &r);
    SK_ASSERT(utf8_valid(r.text) && r.confidence <= 100);
    arena_release(&arena);
    return 0;
}
