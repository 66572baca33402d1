#include "base/limits.h"
#include "base/utf8.h"
#include "base/why.h"
#include "judge/features.h"
#include "judge/normal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct features features;
    struct arena arena;

    arena_init(&arena, (size_t)1 << 26);
    struct bytes normal =
        normal_form(&arena, bytes_of(data, size),
                    size > 0 && data[0] < 64 ? data[0] : LIMIT_NORMAL_BYTES);
    SK_ASSERT(utf8_valid(normal) && normal.size <= LIMIT_NORMAL_BYTES);
    features_clear(&features);
    features_add_header(&features, bytes_of(data, size));
    features_add_text(&features, normal);
    arena_release(&arena);
    return 0;
}
