#include "open/opened.h"

#include "base/why.h"
#include "base/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written as the same bytes, but for types that nobody knows. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena = {.cap = LIMIT_ARENA_MESSAGE};
    struct opening opening;
    struct opened opened, again;
    struct writer w;

    if (opening_read(bytes_of(data, size), &opening) == SK_OK) {
        writer_init(&w, &arena);
        opening_write(&opening, &w);
        SK_ASSERT(bytes_equal(writer_view(&w), bytes_of(data, size)));
    }
    if (opened_read(&arena, bytes_of(data, size), &opened) == SK_OK) {
        writer_init(&w, &arena);
        opened_write(&opened, &w);
        SK_ASSERT(opened_read(&arena, writer_view(&w), &again) == SK_OK);
        SK_ASSERT(again.count == opened.count && again.link_count == opened.link_count);
    }
    arena_release(&arena);
    return 0;
}
