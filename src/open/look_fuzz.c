#include "open/look.h"

#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
tell_nobody(void *context, const struct opened *so_far)
{
}

/* The way from bytes of any kind to what is told of them; a library's own faults are its own. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena = {.cap = LIMIT_ARENA_MESSAGE};
    struct opening opening = {.name = BYTES("file"),
                              .passwords = {BYTES("infected")},
                              .password_count = 1,
                              .content = bytes_of(data, size)};
    const struct look_limits limits = {.bytes = 1 << 20,
                                       .end_ms = clock_monotonic_ms() + 1000};
    struct opened opened;
    jmp_buf guard;

    if (setjmp(guard) == 0) {
        arena_guard(&arena, &guard);
        look(&arena, &opening, &limits, tell_nobody, NULL, &opened);
        SK_ASSERT(opened.count > 0 && opened.count <= LIMIT_ENCLOSURES &&
                  opened.text.size <= LIMIT_OPENED_TEXT &&
                  opened.link_count <= LIMIT_OPENED_LINKS);
        arena_guard(&arena, NULL);
    }
    arena_release(&arena);
    return 0;
}
