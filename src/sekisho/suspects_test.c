#define SK_BASE
#include "sekisho/suspects.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/tap.h"

static struct suspects *suspects;
static int file;
static struct hand *hand;

static const uint8_t *
print_of(struct bytes raw)
{
    static uint8_t print[HASH_SHA256_SIZE];

    suspects_fingerprint(suspects, raw, print);
    return print;
}

static const uint8_t *
print_of_number(size_t number)
{
    return print_of(bytes_of(&number, sizeof number));
}

static void
test_counting(void)
{
    struct bytes mail = BYTES("killer"), other = BYTES("other");

    tap_ok(suspects_deaths(suspects, print_of(mail)) == 0, "at first nothing is suspected");
    tap_ok(suspects_died(suspects, hand) == 0,
           "who dies with nothing in hand accuses nobody");
    hand_take(hand, print_of(mail), BYTES("id-1"));
    hand_leave(hand);
    tap_ok(suspects_died(suspects, hand) == 0, "nor who has put it down");
    hand_take(hand, print_of(mail), BYTES("id-1"));
    tap_ok(suspects_died(suspects, hand) == 1, "one death");
    tap_ok(suspects_died(suspects, hand) == 0, "is counted once");
    tap_ok(suspects_deaths(suspects, print_of(mail)) == SUSPECT_DEATHS - 1,
           "below the bound");
    hand_take(hand, print_of(mail), BYTES("id-2"));
    tap_ok(suspects_died(suspects, hand) == SUSPECT_DEATHS &&
               suspects_deaths(suspects, print_of(mail)) == SUSPECT_DEATHS,
           "the second one reaches it");
    tap_ok(suspects_deaths(suspects, print_of(other)) == 0,
           "another message is not suspected");
    hand_take(hand, print_of(mail),
              BYTES("an id that is longer than any that we make ourselves"));
    tap_ok(hand->id[sizeof hand->id - 1] == '\0', "a long id is cut");
    hand_leave(hand);
    hand_take(NULL, print_of(mail), BYTES("id"));
    hand_leave(NULL);
}

/* Places are taken in order, and the oldest gives way. */
static void
test_bound(void)
{
    for (size_t i = 1; i < LIMIT_SUSPECTS; i++) { /* one stands there */
        hand_take(hand, print_of_number(i), BYTES("id"));
        (void)suspects_died(suspects, hand);
    }
    tap_ok(suspects_deaths(suspects, print_of(BYTES("killer"))) == 2 &&
               suspects_deaths(suspects, print_of_number(LIMIT_SUSPECTS - 1)) == 1,
           "as many as the limit are remembered");
    hand_take(hand, print_of_number(LIMIT_SUSPECTS), BYTES("id"));
    (void)suspects_died(suspects, hand);
    tap_ok(suspects_deaths(suspects, print_of(BYTES("killer"))) == 0 &&
               suspects_deaths(suspects, print_of_number(LIMIT_SUSPECTS)) == 1 &&
               suspects_deaths(suspects, print_of_number(1)) == 1,
           "one past it, the oldest is forgotten");
}

/* What a worker sees it cannot change, whatever it tries. */
static void
test_view(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        int again = dup(file);
        const struct suspects *view = suspects_view(suspects, file);
        uint8_t print[HASH_SHA256_SIZE];
        suspects_fingerprint(view, BYTES("x"), print);
        bool reads = suspects_deaths(view, print) == 0;
        bool made =
            mprotect((void *)(uintptr_t)view, sizeof *view, PROT_READ | PROT_WRITE) == 0;
        void *map = mmap(NULL, sizeof *view, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
        _exit(reads && !made && map == MAP_FAILED && pwrite(again, "x", 1, 0) < 0 ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
           "a worker's view can be read and not made writable");
    struct suspects *others;
    int other_file;
    struct why why;
    uint8_t mine[HASH_SHA256_SIZE], its[HASH_SHA256_SIZE];
    bool open = suspects_open(&others, &other_file, &why) == SK_OK;
    suspects_fingerprint(suspects, BYTES("same"), mine);
    suspects_fingerprint(others, BYTES("same"), its);
    tap_ok(open && memcmp(mine, its, sizeof mine) != 0,
           "the same message has another fingerprint at each start");
}

int
main(void)
{
    struct why why;

    if (suspects_open(&suspects, &file, &why) != SK_OK || (hand = hand_new()) == NULL) {
        tap_ok(false, "%s", why.sentence);
        return tap_done();
    }
    test_counting();
    test_bound();
    test_view();
    return tap_done();
}
