/* A key record as the DNS may hold it, read strictly and under legacy; what is good is used. */
#include "trace/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t digest[32] = {1}, signature[1024] = {2};
    struct arena arena;

    arena_init(&arena, 64u << 20);
    for (int legacy = 0; legacy < 2; legacy++) {
        struct key key;
        struct why why;
        key_read(&arena, bytes_of(data, size), legacy, &key, &why);
        if (key.trust == KEY_GOOD) {
            size_t used = key.kind == KEY_RSA ? (key.bits + 7) / 8 : 64;
            (void)key_verify(&key, CANONICAL_SHA256, bytes_of(digest, sizeof digest),
                             bytes_of(signature, used));
        }
    }
    arena_release(&arena);
    return 0;
}
