#include "base/limits.h"
#include "base/utf8.h"
#include "base/why.h"
#include "judge/indicators.h"
#include "parse/links.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct indicator_texts in = {.text = bytes_of(data, size)};
    struct link link = {.kind = LINK_ANCHOR};
    size_t count;

    arena_init(&arena, (size_t)1 << 28);
    link_resolve(&arena, &link, bytes_slice(in.text, 0, 200), BYTES_NONE);
    in.links = &link;
    in.link_count = 1;
    const struct indicator *list = indicators_read(&arena, &in, &count);
    SK_ASSERT(count <= LIMIT_INDICATORS);
    for (size_t i = 0; i < count; i++) {
        SK_ASSERT(list[i].value.size > 0 && utf8_valid(list[i].value));
        SK_ASSERT(list[i].from <= list[i].to && list[i].to <= size);
        SK_ASSERT(utf8_valid(list[i].bank) && utf8_valid(list[i].branch) &&
                  utf8_valid(list[i].holder));
        SK_ASSERT(indicator_type_name(list[i].type) != NULL);
    }
    arena_release(&arena);
    return 0;
}
