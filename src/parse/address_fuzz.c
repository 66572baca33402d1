#include "base/limits.h"
#include "base/why.h"
#include "parse/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct address_list list;
    struct address one;
    struct bytes *ids;
    struct bytes in = bytes_of(data, size);

    arena_init(&arena, (size_t)1 << 30);
    address_list_read(&arena, in, &list, NULL);
    SK_ASSERT(list.address_count <= LIMIT_ADDRESSES);
    /* What we write of an address must be read as one and the same again. */
    for (size_t i = 0; i < list.address_count && i < 10; i++) {
        const struct address *a = &list.addresses[i];
        if (address_read(&arena, a->text, &one)) {
            SK_ASSERT(one.domain.size > 0 && one.local.size > 0);
        }
    }
    (void)address_ids_read(&arena, in, &ids);
    arena_release(&arena);
    return 0;
}
