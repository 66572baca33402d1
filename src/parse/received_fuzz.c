/* Any value of a Received field: whatever is told is a piece of it (or of its unfolded copy), and an address looks like one. */
#include "base/why.h"
#include "parse/received.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct bytes piece, size_t size)
{
    SK_ASSERT(piece.size <= size);
    volatile uint8_t sum = 0; /* every byte of it can be read */
    for (size_t i = 0; i < piece.size; i++) {
        sum = (uint8_t)(sum + piece.at[i]);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct received r;

    arena_init(&arena, 256u << 20);
    received_read(&arena, bytes_of(data, size), &r);
    const struct bytes pieces[] = {r.from,        r.helo,       r.from_ip,  r.from_rdns,
                                   r.by,          r.via,        r.with,     r.id,
                                   r.for_,        r.ident,      r.auth,     r.envelope_from,
                                   r.tls_version, r.tls_cipher, r.date_text};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        check(pieces[i], size);
    }
    for (size_t i = 0; i < r.from_ip.size; i++) {
        SK_ASSERT(ascii_hex(r.from_ip.at[i]) >= 0 || r.from_ip.at[i] == '.' ||
                  r.from_ip.at[i] == ':' ||
                  bytes_find_byte(r.from_ip, '%', 0) != BYTES_NOWHERE);
    }
    arena_release(&arena);
    return 0;
}
