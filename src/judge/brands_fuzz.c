#include "judge/brands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes are a table, and after the first NUL a text. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size < 20000 ? size : 20000);
    size_t end = bytes_find_byte(input, 0, 0), count;
    struct brands *brands = NULL;
    struct arena arena;
    struct why why;

    arena_init(&arena, (size_t)1 << 27);
    if (brands_open(&arena, bytes_slice(input, 0, end), BYTES_NONE, &brands, &why) ==
        SK_OK) {
        struct bytes text =
            end == BYTES_NOWHERE ? BYTES("amazon.co.jp") : bytes_from(input, end + 1);
        struct phrase_text said = phrase_text_of(&arena, text);
        const struct brand_hit *hits = brands_scan(&arena, brands, &said, &count);
        for (size_t i = 0; i < count; i++) {
            SK_ASSERT(hits[i].from < hits[i].to && hits[i].to <= text.size);
            SK_ASSERT((hits[i].word == BRAND_NAME) == (hits[i].brand != NULL));
        }
        (void)brands_owner(brands, text);
        (void)brands_host_kind(brands, text);
        brands_close(brands);
    } else {
        SK_ASSERT(why.code == SK_CONFIG);
    }
    arena_release(&arena);
    return 0;
}
