#include "record/retention.h"

/* One bit an entry: 10^8 entries are 12 MB. */
struct bits {
    uint8_t *at;
    size_t size;
};

struct retention_check {
    struct arena *arena;
    struct bits purged, ordered;
    uint64_t by_class[RETENTION_CLASSES];
};

static void
bit_set(struct arena *arena, struct bits *bits, uint64_t index)
{
    size_t byte = (size_t)(index / 8);

    if (byte >= bits->size) {
        size_t room = 2 * byte + 4096;
        uint8_t *at = arena_grow(arena, bits->at, bits->size, room);
        memset(at + bits->size, 0, room - bits->size);
        *bits = (struct bits){at, room};
    }
    bits->at[byte] |= (uint8_t)(1 << (index % 8));
}

static bool
bit_get(const struct bits *bits, uint64_t index)
{
    return index / 8 < bits->size && (bits->at[index / 8] & (1 << (index % 8))) != 0;
}

struct retention_check *
retention_check_new(struct arena *arena)
{
    struct retention_check *check = ARENA_NEW(arena, struct retention_check);

    check->arena = arena;
    return check;
}

void
retention_check_frame(struct retention_check *check, uint64_t index, bool purged,
                      struct bytes record)
{
    struct arena arena;
    struct retention_order order;

    if (purged) {
        bit_set(check->arena, &check->purged, index);
        return;
    }
    if (!bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"purge\""))) {
        return;
    }
    arena_init(&arena, (size_t)64 << 20);
    /* Entries behind the order cannot have been meant by it. */
    if (retention_order_read(&arena, record, &order) == SK_OK &&
        order.class != RETAIN_HELD && order.indices[order.count - 1] < index) {
        for (size_t i = 0; i < order.count; i++) {
            check->by_class[order.class] += bit_get(&check->purged, order.indices[i]) &&
                                            !bit_get(&check->ordered, order.indices[i]);
            bit_set(check->arena, &check->ordered, order.indices[i]);
        }
    }
    arena_release(&arena);
}

void
retention_check_end(struct retention_check *check,
                    void (*fault)(void *context, uint64_t index), void *context,
                    uint64_t by_class_r[RETENTION_CLASSES])
{
    for (size_t byte = 0; byte < check->purged.size; byte++) {
        uint8_t left = check->purged.at[byte];
        if (byte < check->ordered.size) {
            left = (uint8_t)(left & ~check->ordered.at[byte]);
        }
        for (unsigned bit = 0; left != 0; bit++, left = (uint8_t)(left >> 1)) {
            if ((left & 1) != 0) {
                fault(context, (uint64_t)byte * 8 + bit);
            }
        }
    }
    memcpy(by_class_r, check->by_class, sizeof(check->by_class));
}
