/* Kits of any mail: read within their bounds, and twice the same. */
#include "judge/kit.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct kit kit, again;
    struct habits habits;

    arena_init(&arena, (size_t)256 << 20);
    const struct letter *letter = letter_read(&arena, bytes_of(data, size));
    habits_read(letter, &habits);
    kit_read(&arena, letter, &habits, true, &kit);
    kit_read(&arena, letter, &habits, true, &again);
    if (kit.page != again.page || kit.path != again.path || kit.head != again.head) {
        abort();
    }
    kit_read(&arena, letter, &habits, false, &again);
    if (again.path != 0 || again.page != kit.page) {
        abort();
    }
    arena_release(&arena);
    return 0;
}
