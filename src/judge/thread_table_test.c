#include "judge/thread_table.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/tap.h"
#include "judge/personal.h"

#define CONTACT (1u << LURE_STAGE_CONTACT)
#define MOVE    (1u << LURE_STAGE_MOVE)

static struct arena arena;
static struct thread_table *table;
static const uint8_t key[HASH_SHA256_SIZE] = {1, 2, 3};
static const uint8_t nobody[HASH_SHA256_SIZE];

static size_t
take(const char *name, uint8_t evicted[HASH_SHA256_SIZE])
{
    struct personal_id id;

    personal_id_of(key, bytes_from_text(name), &id);
    return thread_table_take(table, id.name, id.domain, evicted);
}

static void
note(size_t place, struct bytes recipient, const char *from, uint32_t day, unsigned stages)
{
    uint8_t pair[THREAD_KEY_SIZE];

    thread_table_pair(table, recipient, bytes_from_text(from), pair);
    (void)thread_memory_note(thread_table_change(table, place), pair, day, stages);
    thread_table_changed(table, place);
}

static void
test_people(void)
{
    uint8_t evicted[HASH_SHA256_SIZE], pair[THREAD_KEY_SIZE];
    struct bytes a_name = BYTES("a@b.example"), b_name = BYTES("b@b.example");
    struct thread_pair found;

    tap_ok(!thread_table_ready(table) && !thread_table_ready(NULL) &&
               !thread_table_any(NULL) &&
               !thread_table_outgoing(table, a_name, BYTES("x@y.example")).is_lure,
           "without a key nobody is found");
    thread_table_set_key(table, key);
    tap_ok(thread_table_ready(table) && !thread_table_any(table), "nor in an empty one");
    size_t a = take("a@b.example", evicted), b = take("b@b.example", evicted);
    tap_ok(a != b && take("a@b.example", evicted) == a && thread_table_places(table) == 2 &&
               memcmp(evicted, nobody, sizeof evicted) == 0,
           "each has a place of his own");
    note(a, a_name, "Mei@X.example", 100, CONTACT);
    note(a, a_name, "mei@x.example", 101, MOVE);
    thread_table_pair(table, a_name, BYTES("mei@x.example"), pair);
    tap_ok(thread_table_find(table, a_name, pair, &found) &&
               found.stages == (CONTACT | MOVE) && found.messages == 2,
           "what was noted is found");
    tap_ok(!thread_table_find(table, b_name, pair, &found), "not under another's name");
    tap_ok(thread_table_outgoing(table, a_name, BYTES("mei@x.example")).is_lure &&
               !thread_table_outgoing(table, b_name, BYTES("mei@x.example")).is_lure &&
               !thread_table_outgoing(table, a_name, BYTES("friend@x.example")).is_lure,
           "he is warned of her, and nobody else");
    thread_table_give_up(table, a);
    tap_ok(thread_table_is_zero(table, a) && !thread_table_is_zero(table, b) &&
               !thread_table_find(table, a_name, pair, &found) &&
               thread_table_at(table, a) == NULL && thread_table_at(table, b) != NULL,
           "given up: every byte is zero");
    tap_ok(take("c@b.example", evicted) == a, "the place is another's then");
    thread_table_give_up(table, a);
    thread_table_give_up(table, b);
    tap_ok(!thread_table_any(table), "nobody is left");
}

static void
test_bound(void)
{
    uint8_t evicted[HASH_SHA256_SIZE];
    struct personal_id id;
    char name[40];
    size_t given = 0;

    for (uint32_t i = 0; i < LIMIT_THREAD_RECIPIENTS; i++) {
        snprintf(name, sizeof name, "u%u@b.example", i);
        size_t place = take(name, evicted);
        given += memcmp(evicted, nobody, sizeof evicted) == 0;
        note(place, bytes_from_text(name), "x@y.example", 1000 + i,
             i == 0 ? CONTACT | MOVE : CONTACT);
    }
    tap_ok(given == LIMIT_THREAD_RECIPIENTS, "as many as there is room for");
    (void)take("more@b.example", evicted);
    personal_id_of(key, BYTES("u1@b.example"), &id);
    tap_ok(memcmp(evicted, id.name, sizeof evicted) == 0 &&
               thread_table_place(table, id.name) == SIZE_MAX,
           "one more: the longest quiet with the fewest stages gives way, and is told");
    personal_id_of(key, BYTES("u0@b.example"), &id);
    tap_ok(thread_table_place(table, id.name) != SIZE_MAX, "who reached more stages stays");
    for (size_t i = 0; i < LIMIT_THREAD_RECIPIENTS; i++) {
        thread_table_give_up(table, i);
    }
}

/* A process that writes all the time: whatever is read is one of the states it wrote. */
static void
test_two_processes(void)
{
    uint8_t evicted[HASH_SHA256_SIZE], pair[THREAD_KEY_SIZE];
    struct bytes name = BYTES("a@b.example");
    size_t place = take("a@b.example", evicted), found = 0, torn = 0;
    struct thread_pair read;

    note(place, name, "x@y.example", 5, CONTACT);
    thread_table_pair(table, name, BYTES("x@y.example"), pair);
    pid_t writer = fork();
    if (writer == 0) {
        for (uint32_t i = 6;; i = i % 60000 + 6) {
            struct thread_memory *memory = thread_table_change(table, place);
            memory->pairs[0].first_day = memory->pairs[0].last_day = i;
            memory->pairs[0].messages = (uint16_t)i;
            thread_table_changed(table, place);
        }
    }
    for (size_t i = 0; i < 200000; i++) {
        if (thread_table_find(table, name, pair, &read)) {
            found++;
            torn += read.first_day > 5 &&
                    (read.first_day != read.last_day || read.first_day != read.messages);
        }
    }
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    tap_ok(found > 0 && torn == 0, "no half change is read (%zu read, %zu torn)", found,
           torn);
}

/* In a process that gave up writing: nothing that its memory holds of the table can be made writable. */
static void
test_only_reading(void)
{
    int status = 0;
    pid_t reader = fork();

    if (reader == 0) {
        char line[400];
        int writable = 0, mapped = 0;
        thread_table_only_read(table);
        FILE *maps = fopen("/proc/self/maps", "r");
        while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
            char *end;
            uintptr_t from = (uintptr_t)strtoull(line, &end, 16);
            if (strstr(line, "sekisho.threads") != NULL) {
                mapped++;
                writable += mprotect((void *)from, 4096, PROT_READ | PROT_WRITE) == 0;
            }
        }
        _exit(mapped == 1 && writable == 0 && thread_table_any(table) ? 0 : 1);
    }
    waitpid(reader, &status, 0);
    tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
           "who only reads cannot make it writable again");
}

int
main(void)
{
    struct why why;

    arena_init(&arena, 1u << 20);
    tap_ok(thread_table_open(&arena, &table, &why) == SK_OK, "a table");
    test_people();
    test_bound();
    test_two_processes();
    test_only_reading();
    thread_table_close(table);
    arena_release(&arena);
    return tap_done();
}
