#define SK_BASE
#include "base/arena.h"

#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/tap.h"

static char order[8];
static size_t order_size;

static void
note(void *it)
{
    order[order_size++] = *(const char *)it;
}

static bool
all_zero(const uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (at[i] != 0) {
            return false;
        }
    }
    return true;
}

static void
test_take(void)
{
    struct arena arena;
    bool aligned = true, zeroed = true;

    arena_init(&arena, 16 * ARENA_BLOCK_SIZE);
    tap_ok(arena.used == 0, "a new arena holds nothing");
    for (size_t size = 0; size < 300; size++) {
        uint8_t *at = arena_take(&arena, size);
        aligned = aligned && (uintptr_t)at % 16 == 0;
        zeroed = zeroed && all_zero(at, size);
        memset(at, 0xa5, size);
        memset(arena_take_bytes(&arena, size), 0xa5, size);
    }
    tap_ok(aligned, "arena_take aligns to 16");
    tap_ok(zeroed, "arena_take gives zeroed memory");
    arena_release(&arena);
    tap_ok(arena.used == 0 && arena.block == NULL, "arena_release gives all back");

    uint8_t *again = arena_take(&arena, 4096);
    tap_ok(all_zero(again, 4096), "a recycled block is zeroed again by arena_take");
    uint8_t *large = arena_take(&arena, 3 * ARENA_BLOCK_SIZE);
    memset(large, 1, 3 * ARENA_BLOCK_SIZE);
    uint8_t *small = arena_take(&arena, 16);
    tap_ok(small > again && small < again + ARENA_BLOCK_SIZE,
           "a large allocation leaves the block before it in use");
    tap_ok((uintptr_t)arena_take(&arena, 0) % 16 == 0 &&
               (uintptr_t)arena_take(&arena, 0) != 0,
           "size 0 gives a valid pointer");
    arena_release(&arena);
}

static void
test_grow(void)
{
    struct arena arena;

    arena_init(&arena, 16 * ARENA_BLOCK_SIZE);
    uint8_t *at = arena_grow(&arena, NULL, 0, 10);
    memset(at, 7, 10);
    uint8_t *in_place = arena_grow(&arena, at, 10, 2000);
    tap_ok(in_place == at, "the last allocation grows in place");
    memset(in_place + 10, 8, 1990);
    (void)arena_take(&arena, 1);
    uint8_t *moved = arena_grow(&arena, in_place, 2000, 4000);
    tap_ok(moved != in_place && moved[0] == 7 && moved[9] == 7 && moved[10] == 8 &&
               moved[1999] == 8,
           "one that is not the last is copied whole");
    uint8_t *across = arena_grow(&arena, moved, 4000, 2 * ARENA_BLOCK_SIZE);
    tap_ok(across[0] == 7 && across[1999] == 8, "growing past a block copies");
    uint8_t *less = arena_grow(&arena, across, 2 * ARENA_BLOCK_SIZE, 5);
    tap_ok(less[0] == 7 && less[4] == 7, "shrinking keeps what is left");
    arena_release(&arena);
}

static void
test_defer(void)
{
    struct arena arena;
    char a = 'a', b = 'b', c = 'c';

    arena_init(&arena, ARENA_BLOCK_SIZE);
    arena_defer(&arena, note, &a);
    arena_defer(&arena, note, &b);
    arena_defer(&arena, note, &c);
    arena_release(&arena);
    tap_ok(strcmp(order, "cba") == 0, "deferred calls run last in, first out");
    arena_release(&arena);
    tap_ok(order_size == 3, "and once only");
}

static void
test_guard(void)
{
    struct arena arena;
    jmp_buf guard;
    volatile int taken = 0, jumped = 0;

    arena_init(&arena, 2 * ARENA_BLOCK_SIZE);
    if (setjmp(guard) == 0) {
        arena_guard(&arena, &guard);
        for (;;) {
            (void)arena_take(&arena, 1024);
            taken++;
        }
    } else {
        jumped = 1;
    }
    tap_ok(jumped == 1 && taken > 100 && taken <= 128,
           "the cap jumps to the guard (%d KiB taken)", taken);
    tap_ok(arena.guard == NULL, "the guard is cleared before the jump");
    tap_ok(arena.used <= arena.cap, "used never passes the cap");
    arena_release(&arena);

    jumped = 0;
    if (setjmp(guard) == 0) {
        arena_guard(&arena, &guard);
        (void)arena_take_many(&arena, SIZE_MAX / 8, 16);
    } else {
        jumped = 1;
    }
    tap_ok(jumped == 1, "a product that overflows is too much, not too little");
    jumped = 0;
    if (setjmp(guard) == 0) {
        arena_guard(&arena, &guard);
        (void)arena_grow(&arena, NULL, 0, SIZE_MAX - 3);
    } else {
        jumped = 1;
    }
    tap_ok(jumped == 1, "growing to nearly SIZE_MAX is too much");
    arena_release(&arena);
}

static bool
dies(void (*act)(struct arena *))
{
    struct arena arena;
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        arena_init(&arena, ARENA_BLOCK_SIZE);
        act(&arena);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

static void
pass_the_cap(struct arena *arena)
{
    (void)arena_take(arena, ARENA_BLOCK_SIZE);
    (void)arena_take(arena, ARENA_BLOCK_SIZE);
}

static void
stay_within(struct arena *arena)
{
    (void)arena_take(arena, 1000);
}

static void
read_past(struct arena *arena)
{
    volatile uint8_t *at = arena_take_bytes(arena, 10);
    volatile size_t past =
        11; /* unknown to the compiler, which would see the mistake before the sanitizer does */

    at[past] = 1;
}

/* What the machine does not give is told from what the cap does not. */
static void
test_starved(void)
{
    struct arena arena;
    jmp_buf guard;
    int status;

    arena_init(&arena, 1u << 20);
    if (setjmp(guard) == 0) {
        arena_guard(&arena, &guard);
        arena_take(&arena, 2u << 20);
    }
    tap_ok(!arena_starved(), "the cap is no want of memory");
    arena_release(&arena);
#if defined(__SANITIZE_ADDRESS__)
    tap_skip("the sanitizer ends the program instead");
    (void)status;
#else
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_DATA, &none);
        arena_init(&arena, 1u << 30);
        if (setjmp(guard) == 0) {
            arena_guard(&arena, &guard);
            arena_take(&arena, 256u << 20);
        }
        _exit(arena_starved() && !arena_starved() ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    tap_ok(status == 0, "the machine's refusal is, and is told once");
#endif
}

int
main(void)
{
    test_take();
    test_grow();
    test_defer();
    test_guard();
    tap_ok(dies(pass_the_cap), "the cap without a guard is our own bug");
    tap_ok(!dies(stay_within), "below the cap nothing happens");
#if defined(__SANITIZE_ADDRESS__)
    tap_ok(dies(read_past), "the sanitizer sees a write past an allocation");
#else
    (void)read_past;
    tap_skip(
        "without the address sanitizer nothing watches the space behind an allocation");
#endif
    arena_forget_blocks();
    test_starved();
    return tap_done();
}
