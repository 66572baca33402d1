#include "base/utf8.h"
#include "base/why.h"
#include "parse/blocks.h"
#include "parse/flowed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Files in text lie behind each other, inside it, and never grow; flowed text keeps all its letters but blanks and marks. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);
    struct arena arena;
    struct blocks blocks;
    struct block block;
    size_t at = 0;

    arena_init(&arena, (size_t)1 << 28);
    blocks_init(&blocks, text);
    while (blocks_next(&arena, &blocks, &block)) {
        size_t from = (size_t)(block.raw.at - data);
        SK_ASSERT(from >= at && block.raw.size > 0 && from + block.raw.size <= size);
        SK_ASSERT(from == 0 || data[from - 1] == '\n');
        SK_ASSERT(block.content.size <= block.raw.size);
        at = from + block.raw.size;
    }
    for (int del = 0; del < 2; del++) {
        struct bytes joined = flowed_join(&arena, text, del == 1);
        SK_ASSERT(joined.size <= 2 * size + 1);
        SK_ASSERT(!utf8_valid(text) || utf8_valid(joined));
    }
    arena_release(&arena);
    return 0;
}
