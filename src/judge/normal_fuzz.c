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
    struct normal_map map;
    struct bytes mapped =
        normal_form_mapped(&arena, bytes_of(data, size),
                           size > 0 && data[0] < 64 ? data[0] : LIMIT_NORMAL_BYTES, &map);
    SK_ASSERT(bytes_equal(mapped, normal));
    for (size_t at = 0; at < normal.size; at += 1 + at / 4) {
        size_t from, to;
        normal_source(&map, at, at + 1, &from, &to);
        SK_ASSERT(from <= to && to <= size);
    }
    features_clear(&features);
    features_add_header(&features, bytes_of(data, size));
    features_add_text(&features, normal);
    arena_release(&arena);
    return 0;
}
