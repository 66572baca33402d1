/* Any header: what it claims is bounded, and each claim is an address and a part of it. */
#include "base/limits.h"
#include "trace/claimed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct origin origin = {0};

    arena_init(&arena, 256u << 20);
    claimed_read(&arena, letter_read_header(&arena, bytes_of(data, size)), &origin);
    SK_ASSERT(origin.claimed_count <= LIMIT_CLAIMED_CLIENTS && origin.note_count <= 1);
    for (size_t i = 0; i < origin.claimed_count; i++) {
        const struct claimed_client *c = &origin.claimed[i];
        SK_ASSERT(c->ip.known && c->value.size <= LIMIT_CLAIMED_VALUE);
        SK_ASSERT(c->value.at >= data && c->value.at + c->value.size <= data + size);
    }
    arena_release(&arena);
    return 0;
}
