#include "sekisho/gather.h"

#include "base/tap.h"

/* Groups of so many records, one every `every_us`. */
static int64_t
groups(struct gather *gather, size_t count, size_t records, int64_t every_us,
       int64_t now_us)
{
    for (size_t i = 0; i < count; i++) {
        now_us += every_us;
        gather_committed(gather, records, now_us);
    }
    return now_us;
}

static void
test_alone(void)
{
    struct gather gather = {0};

    tap_ok(gather_wait_us(&gather, 1, 5) == 0, "the first record of all does not wait");
    int64_t now = groups(&gather, 1000, 1, 1300, 0);
    tap_ok(gather_wait_us(&gather, 1, now + 100) == 0,
           "one sender, whose records come one after the other, never waits");
    now = groups(&gather, 1, 2, 1300, now);
    tap_ok(gather_wait_us(&gather, 1, now + 100) == 0, "nor for one pair that met");
}

static void
test_several(void)
{
    struct gather gather = {0};
    int64_t now = groups(&gather, 8, 2, 400, 0);

    tap_ok(gather_wait_us(&gather, 1, now) == GATHER_MOST_US,
           "where groups held two, the next one waits");
    tap_ok(gather_wait_us(&gather, 1, now + 300) == GATHER_MOST_US - 300,
           "counted from the end of the commit before");
    tap_ok(gather_wait_us(&gather, 1, now + GATHER_MOST_US - 1) == 1 &&
               gather_wait_us(&gather, 1, now + GATHER_MOST_US) == 0,
           "up to GATHER_MOST_US and no longer: after silence nobody waits");
    tap_ok(gather_wait_us(&gather, 1, now - 1) == 0, "nor when the clock went back");
    tap_ok(gather_wait_us(&gather, GATHER_ENOUGH - 1, now) > 0 &&
               gather_wait_us(&gather, GATHER_ENOUGH, now) == 0,
           "GATHER_ENOUGH records need no company");
    now = groups(&gather, 12, 1, 400, now);
    tap_ok(gather_wait_us(&gather, 1, now) == 0, "when they come alone again, none waits");
    groups(&gather, 2, SIZE_MAX, 400, now);
    tap_ok(gather_wait_us(&gather, 1, now + 800) > 0, "however large a group was");
}

/* Groups until the next wait. */
static size_t
rests(struct gather *gather, int64_t *now)
{
    size_t count = 0;

    for (; gather_wait_us(gather, 2, *now) == 0 && count < 1000; count++) {
        *now = groups(gather, 1, 2, 400, *now);
    }
    return count;
}

static void
test_in_vain(void)
{
    struct gather gather = {0};
    int64_t now = groups(&gather, 8, 2, 400, 0);
    size_t count, before = 0, total = 0;
    bool longer = true;

    for (int i = 0; i < 10; i++) {
        gather_waited(&gather, 2, 3);
        now = groups(&gather, 1, 3, 400, now);
        count = rests(&gather, &now);
        longer = longer && count >= before && count <= GATHER_REST;
        before = count;
        total += count;
    }
    tap_ok(longer && before == GATHER_REST && total > 4 * GATHER_REST,
           "two senders who both wait already: tried again ever more seldom");
    gather_waited(&gather, 2, 4);
    now = groups(&gather, 1, 4, 400, now);
    tap_ok(rests(&gather, &now) == 0, "until a wait brings two, then the next waits again");
    gather_waited(&gather, 12, 14);
    now = groups(&gather, 1, 14, 400, now);
    tap_ok(rests(&gather, &now) == 4, "two more are too few for twelve");
    gather_waited(&gather, 12, 15);
    now = groups(&gather, 1, 15, 400, now);
    tap_ok(rests(&gather, &now) == 0, "a quarter more is enough");
}

int
main(void)
{
    test_alone();
    test_several();
    test_in_vain();
    return tap_done();
}
