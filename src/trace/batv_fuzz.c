/* A recipient as a stranger may name it. A tag is taken off or not, and never more than that; what had none is left as it was; what
 * we tag ourselves is good. */
#include "base/hash.h"
#include "trace/batv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
ask(void *context, unsigned key, struct bytes what, uint8_t tag_r[3])
{
    uint64_t hash = hash_quick(what, key);

    SK_ASSERT(key < 10);
    memcpy(tag_r, &hash, 3);
    return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct bytes domains[] = {{(const uint8_t *)"ours.example", 12}};
    const struct batv_settings settings = {.domains = domains, .domain_count = 1, .key = 3};
    struct bytes all = bytes_of(data, size), address = all, tagged;
    struct arena arena;

    arena_init(&arena, 1u << 24);
    enum arrival_tag tag = batv_take(&arena, &settings, &address, 1795000000, ask, NULL);
    SK_ASSERT(tag == TAG_NONE ? bytes_equal(address, all)
                              : bytes_ends(all, address) && all.size == address.size + 16);
    if (batv_tag(&arena, &settings, all, 1795000000, ask, NULL, &tagged)) {
        address = tagged;
        SK_ASSERT(bytes_find_byte(tagged, '@', 0) != BYTES_NOWHERE &&
                  bytes_find_last(tagged, '@') <= 64);
        SK_ASSERT(batv_take(&arena, &settings, &address, 1795000000, ask, NULL) ==
                      TAG_VALID &&
                  bytes_equal(address, all));
    }
    arena_release(&arena);
    return 0;
}
