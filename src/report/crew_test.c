#include "report/crew.h"

#include <signal.h>

#include "report/tester_private.h"

enum { ECHO = 1, DIE, SLEEP, LARGE, FAIL, PID };

static struct {
    size_t count;
    enum sk_code code;
    struct bytes answer;
    int64_t at_ms;
} told;

static enum sk_code
work(void *context, struct arena *memory, uint32_t job, struct bytes request,
     struct writer *w)
{
    uint64_t number = 0;

    (void)bytes_to_number(request, UINT32_MAX, &number);
    switch (job) {
    case DIE:
        raise(SIGKILL);
        break;
    case SLEEP:
        usleep((useconds_t)number * 1000);
        break;
    case LARGE:
        memset(writer_reserve(w, number), 'x', number);
        writer_did(w, number);
        return SK_OK;
    case FAIL:
        return SK_CONFIG;
    case PID:
        writer_number(w, getpid());
        return SK_OK;
    default:
        break;
    }
    writer_bytes(w, request);
    return SK_OK;
}

static void
on_told(void *context, enum sk_code code, struct bytes answer)
{
    told.count++;
    told.code = code;
    told.answer = bytes_copy(&arena, answer);
    told.at_ms = clock_monotonic_ms();
    if (context != NULL) {
        *(int64_t *)context = code == SK_OK ? told.at_ms : -told.at_ms;
    }
}

/* Asks and waits for the answer. */
static enum sk_code
ask(struct crew *crew, uint32_t job, struct bytes request)
{
    int64_t end = clock_monotonic_ms() + TESTER_WAIT_MS;
    size_t before = told.count;

    if (!crew_ask(crew, CREW_QUICK, job, request, on_told, NULL)) {
        return SK_SYSTEM;
    }
    while (told.count == before && clock_monotonic_ms() < end) {
        tester_turn();
    }
    return told.count == before ? SK_MORE : told.code;
}

static void
test_jobs(struct crew *crew)
{
    char text[24];

    tap_ok(ask(crew, ECHO, BYTES("words")) == SK_OK &&
               bytes_equal(told.answer, BYTES("words")),
           "a job is done and answered");
    tap_ok(ask(crew, FAIL, BYTES_NONE) == SK_CONFIG && told.answer.size == 0,
           "its code comes as it is");
    tap_ok(ask(crew, PID, BYTES_NONE) == SK_OK, "a member is a process");
    struct bytes pid = told.answer;
    tap_ok(ask(crew, DIE, BYTES_NONE) == SK_LATER,
           "a job whose member dies is told as SK_LATER");
    tap_ok(ask(crew, PID, BYTES_NONE) == SK_OK && !bytes_equal(pid, told.answer),
           "and another member does the next");
    snprintf(text, sizeof text, "%d", LIMIT_WIRE_FRAME - 16);
    tap_ok(ask(crew, LARGE, bytes_from_text(text)) == SK_OK &&
               told.answer.size == LIMIT_WIRE_FRAME - 16,
           "an answer that just fits a frame");
    pid = BYTES_NONE;
    (void)!ask(crew, PID, BYTES_NONE);
    pid = told.answer;
    snprintf(text, sizeof text, "%d", LIMIT_WIRE_FRAME - 15);
    tap_ok(ask(crew, LARGE, bytes_from_text(text)) == SK_LIMIT && told.answer.size == 0,
           "one byte more is told as SK_LIMIT");
    tap_ok(ask(crew, PID, BYTES_NONE) == SK_OK && bytes_equal(pid, told.answer),
           "without harm to the member");
}

static void
test_asked(struct crew *crew)
{
    size_t before = told.count;
    bool good = true;

    for (size_t i = 0; i < LIMIT_CLERK_ASKED; i++) {
        good = crew_ask(crew, i % 2 == 0 ? CREW_QUICK : CREW_SEARCH, ECHO, BYTES("x"),
                        on_told, NULL) &&
               good;
    }
    tap_ok(good && told.count == before, "LIMIT_CLERK_ASKED jobs may be under way");
    tap_ok(!crew_ask(crew, CREW_QUICK, ECHO, BYTES("x"), on_told, NULL),
           "one more is refused");
    int64_t end = clock_monotonic_ms() + TESTER_WAIT_MS;
    while (told.count < before + LIMIT_CLERK_ASKED && clock_monotonic_ms() < end) {
        tester_turn();
    }
    tap_ok(told.count == before + LIMIT_CLERK_ASKED, "all of them are answered, it is not");
    tap_ok(ask(crew, ECHO, BYTES("y")) == SK_OK, "and then there is room again");
}

/* Half a minute, both lanes at once. */
static void
test_slow(struct crew *crew)
{
    int64_t began = clock_monotonic_ms(), quick = 0, search = 0;
    char text[24];

    snprintf(text, sizeof text, "%d", LIMIT_CLERK_JOB_S * 1000 - 1000);
    (void)!crew_ask(crew, CREW_QUICK, SLEEP, bytes_from_text(text), on_told, &quick);
    snprintf(text, sizeof text, "%d", LIMIT_CLERK_JOB_S * 1000 + 20000);
    (void)!crew_ask(crew, CREW_SEARCH, SLEEP, bytes_from_text(text), on_told, &search);
    while ((quick == 0 || search == 0) &&
           clock_monotonic_ms() - began < LIMIT_CLERK_JOB_S * 1000 + 10000) {
        tester_turn();
    }
    tap_ok(quick > 0, "a job of a second less than LIMIT_CLERK_JOB_S is done");
    tap_ok(search < 0 && -search - began >= LIMIT_CLERK_JOB_S * 1000 - 5 &&
               -search - began < LIMIT_CLERK_JOB_S * 1000 + 5000,
           "a longer one is ended with its member when they are over");
}

int
main(void)
{
    struct crew *crew;
    struct why why;

    arena_init(&arena, (size_t)1 << 30);
    tester_base = loop_open(&why);
    SK_ASSERT(crew_open(&arena, tester_base, work, NULL, &crew, &why) == SK_OK);
    test_jobs(crew);
    test_asked(crew);
    test_slow(crew);
    size_t before = told.count;
    (void)!crew_ask(crew, CREW_QUICK, ECHO, BYTES("x"), on_told, NULL);
    crew_close(crew);
    tester_turns(5);
    tap_ok(told.count == before, "a crew that was closed tells nothing");
    event_base_free(tester_base);
    arena_release(&arena);
    return tap_done();
}
