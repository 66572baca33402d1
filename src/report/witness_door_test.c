#include "report/witness_door.h"

#include "base/limits.h"
#include "base/tap.h"

static struct witness_door door;

static struct net_address
address_of(const char *text)
{
    struct net_address address;

    SK_ASSERT(net_address_read(bytes_from_text(text), &address));
    return address;
}

/* How many of so many requests at that time are let in. */
static unsigned
let_in(const char *text, unsigned requests, int64_t now_ms)
{
    struct net_address from = address_of(text);
    unsigned well = 0;

    while (requests-- > 0) {
        well += witness_door_knock(&door, &from, now_ms) == 0;
    }
    return well;
}

static void
test_window(void)
{
    struct net_address from = address_of("192.0.2.1");

    tap_ok(let_in("192.0.2.1", LIMIT_WITNESS_CALLS, 1000) == LIMIT_WITNESS_CALLS,
           "as many as the bound are let in");
    tap_ok(witness_door_knock(&door, &from, 1000) == 60,
           "one past it waits for the minute");
    tap_ok(witness_door_knock(&door, &from, 60001) == 1 &&
               witness_door_knock(&door, &from, 60999) == 1,
           "to its last second");
    tap_ok(let_in("192.0.2.2", 1, 1000) == 1, "another address is not the worse for it");
    tap_ok(let_in("192.0.2.1", LIMIT_WITNESS_CALLS + 5, 61000) == LIMIT_WITNESS_CALLS,
           "in the next minute as many again; what was refused does not count");
    tap_ok(let_in("192.0.2.1", 1, 10000000) == 1, "long after it is let in");
}

static void
test_networks(void)
{
    tap_ok(let_in("2001:db8:1:2::1", LIMIT_WITNESS_CALLS, 0) == LIMIT_WITNESS_CALLS &&
               let_in("2001:db8:1:2:ffff::9", 1, 0) == 0,
           "the addresses of one /64 count together");
    tap_ok(let_in("2001:db8:1:3::1", 1, 0) == 1, "the next /64 by itself");
    tap_ok(let_in("198.51.100.1", LIMIT_WITNESS_CALLS, 0) == LIMIT_WITNESS_CALLS &&
               let_in("::ffff:198.51.100.1", 1, 0) == 0 &&
               let_in("198.51.100.2", 1, 0) == 1,
           "an IPv4 address is one, however it is written, and its neighbour another");
}

static void
test_callers(void)
{
    char text[40];
    int64_t now_ms = 1000;

    /* The first has used up its minute; the second is quiet for longer, since the first keeps knocking. */
    SK_ASSERT(let_in("203.0.113.1", LIMIT_WITNESS_CALLS, now_ms) == LIMIT_WITNESS_CALLS);
    SK_ASSERT(let_in("203.0.113.2", LIMIT_WITNESS_CALLS, now_ms + 1) ==
              LIMIT_WITNESS_CALLS);
    SK_ASSERT(let_in("203.0.113.1", 1, now_ms + 2) == 0);
    for (unsigned i = 2; i < LIMIT_WITNESS_CALLERS; i++) {
        snprintf(text, sizeof text, "10.0.%u.%u", i / 256, i % 256);
        SK_ASSERT(let_in(text, 1, now_ms + 3) == 1);
    }
    tap_ok(door.count == LIMIT_WITNESS_CALLERS &&
               let_in("203.0.113.1", 1, now_ms + 4) == 0 &&
               let_in("203.0.113.2", 1, now_ms + 4) == 0,
           "as many callers as the bound are remembered");
    SK_ASSERT(let_in("203.0.113.1", 1, now_ms + 5) == 0);
    tap_ok(let_in("203.0.113.3", 1, now_ms + 6) == 1 &&
               door.count == LIMIT_WITNESS_CALLERS &&
               let_in("203.0.113.1", 1, now_ms + 7) == 0 &&
               let_in("203.0.113.2", 1, now_ms + 7) == 0,
           "one past it takes the place of the longest quiet one, not of one that knocks");
}

int
main(void)
{
    struct arena arena;

    arena_init(&arena, (size_t)4 << 20);
    void (*const tests[])(void) = {test_window, test_networks, test_callers};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        witness_door_init(&door, &arena);
        tests[i]();
    }
    arena_release(&arena);
    return tap_done();
}
