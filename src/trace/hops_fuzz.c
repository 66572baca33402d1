/* Any header: the chain, what is odd in it, who is responsible (Sender ID), what the names tell. */
#include "base/limits.h"
#include "trace/hops.h"
#include "trace/hops_check.h"
#include "trace/names.h"
#include "trace/senderid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct net_prefix ours;
    struct net_address client = {0};
    struct origin origin = {0};
    struct arrival arrival = {0};
    struct dns_memo memo;
    struct bytes field, address, input = bytes_of(data, size);

    arena_init(&arena, 256u << 20);
    SK_ASSERT(net_prefix_read(BYTES("192.0.2.0/24"), &ours));
    SK_ASSERT(net_address_read(BYTES("192.0.2.1"), &client));
    const struct trace_settings settings = {
        .authserv_id = BYTES("mx.example.jp"), .trusted = &ours, .trusted_count = 1};
    const struct letter *letter = letter_read_header(&arena, input);
    hops_read(&arena, letter, &settings, &client, &origin);
    SK_ASSERT(origin.hop_count <= LIMIT_RECEIVED_HOPS && origin.border <= origin.hop_count);
    hops_check(&arena, &settings, 1795309202, &origin);
    dns_memo_init(&memo, &arena);
    for (size_t i = 0; i < origin.hop_count; i++) {
        struct bytes name =
            origin.hops[i].rdns.size > 0 ? origin.hops[i].rdns : origin.hops[i].helo;
        (void)names_look(name, &origin.hops[i].from_ip);
        (void)hops_helo_check(&arena, &memo, &settings, &arrival, name, i % 2 == 0,
                              &origin);
    }
    SK_ASSERT(origin.note_count <= LIMIT_TRACE_NOTES);
    (void)names_look(input, NULL);
    SK_ASSERT(!senderid_responsible(&arena, &letter->header, &field, &address) ||
              (field.size > 0 && bytes_find_byte(address, '@', 0) != BYTES_NOWHERE));
    arena_release(&arena);
    return 0;
}
