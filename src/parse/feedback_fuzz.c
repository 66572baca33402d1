#include "base/limits.h"
#include "base/why.h"
#include "parse/feedback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct feedback feedback;

    arena_init(&arena, (size_t)1 << 30);
    const struct letter *letter = letter_read(&arena, bytes_of(data, size));
    if (feedback_read(&arena, letter, &feedback)) {
        SK_ASSERT(feedback.reported_uri.count <= LIMIT_FEEDBACK_LIST &&
                  feedback.source_port <= UINT16_MAX);
    }
    arena_release(&arena);
    return 0;
}
