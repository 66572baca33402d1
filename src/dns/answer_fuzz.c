/* The first byte chooses the type, the rest is the packet; the question is taken from the packet, so that what comes
 * after it is reached. */
#include "base/limits.h"
#include "dns/resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes
question_name(struct arena *arena, struct bytes packet)
{
    uint8_t *name = arena_take_bytes(arena, packet.size + 1);
    size_t at = 12, used = 0;

    while (at < packet.size && packet.at[at] > 0 && packet.at[at] < 64 &&
           packet.size - at > packet.at[at]) {
        if (used > 0) {
            name[used++] = '.';
        }
        memcpy(name + used, packet.at + at + 1, packet.at[at]);
        used += packet.at[at];
        at += 1u + packet.at[at];
    }
    return bytes_of(name, used);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = {DNS_A,  DNS_NS,  DNS_CNAME, DNS_PTR,
                                          DNS_MX, DNS_TXT, DNS_AAAA};
    struct arena arena;
    struct dns_answer a;
    size_t sum = 0;

    if (size < 1 || size > LIMIT_DNS_ANSWER) {
        return 0;
    }
    arena_init(&arena, 1ul << 26);
    struct bytes packet = bytes_of(data + 1, size - 1);
    enum dns_type type = types[data[0] % (sizeof types / sizeof *types)];
    dns_answer_read(&arena, packet, question_name(&arena, packet), type, &a);
    SK_ASSERT((a.status == DNS_FOUND) == (a.record_count > 0) &&
              a.record_count <= LIMIT_DNS_RECORDS);
    for (size_t i = 0; i < a.record_count; i++) {
        for (size_t b = 0; b < a.records[i].data.size; b++) {
            sum += a.records[i].data.at[b];
        }
        SK_ASSERT(type != DNS_A || a.records[i].data.size == 4);
        SK_ASSERT(type != DNS_AAAA || a.records[i].data.size == 16);
    }
    SK_ASSERT(sum != SIZE_MAX);
    arena_release(&arena);
    return 0;
}
