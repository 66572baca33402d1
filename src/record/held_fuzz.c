/* The file of a held message: any bytes are told apart without harm, and a message sealed comes back. */
#include "record/held_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[HELD_SECRET_SIZE] = "a secret of a fuzzer, which is none";
    struct bytes input = bytes_of(data, size), raw;
    uint8_t name[HELD_NAME_SIZE], head[HELD_HEAD_SIZE];
    struct held_ref ref;
    enum held_turn turn;
    unsigned slot;
    struct arena arena;

    arena_init(&arena, (size_t)256 << 20);
    struct held_keys *keys =
        held_keys_of(&arena, bytes_of(secret, sizeof(secret)), BYTES_NONE);
    held_name(keys, BYTES("the name of the corpus"), name);
    if (held_unseal(&arena, keys, name, input, &raw, NULL) == SK_OK) {
        held_name(keys, raw, name);
    }
    if (size >= sizeof(head)) {
        memcpy(head, data, sizeof(head));
        if (held_turn_head(keys, name, head, &turn, &slot) == SK_OK) {
            SK_ASSERT(slot < 2);
        }
    }
    if (held_ref_read(input, &ref)) {
        struct bytes again = held_ref_into(&arena, BYTES("{}"), &ref);
        SK_ASSERT(again.size > 2);
    }
    struct bytes file = held_seal(&arena, keys, name, input);
    SK_ASSERT(held_unseal(&arena, keys, name, file, &raw, NULL) == SK_OK &&
              bytes_equal(raw, input));
    arena_release(&arena);
    return 0;
}
