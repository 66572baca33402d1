#include "parse/html.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "base/why.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena = {.cap = LIMIT_ARENA_MESSAGE};
    struct html_result r;

    html_read(&arena, bytes_of(data, size), &r);
    SK_ASSERT(r.visible.size <= LIMIT_TEXT_BYTES + 2 && r.link_count <= LIMIT_LINKS);
    arena_release(&arena);
    return 0;
}
