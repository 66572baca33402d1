#include "base/table.h"

#include "base/clock.h"
#include "base/tap.h"

#define MANY 100000u

static struct arena arena;

static void
test_small(void)
{
    struct table t;
    int a = 1, b = 2;
    size_t position = 0;
    struct bytes key;
    void *value;

    table_init(&t, &arena, false);
    tap_ok(table_get(&t, BYTES("a")) == NULL, "an empty table has nothing");
    tap_ok(!table_next(&t, &position, &key, &value), "and nothing to walk");
    tap_ok(table_put(&t, BYTES("a"), &a) == NULL, "a new key had nothing before");
    tap_ok(table_put(&t, BYTES("a"), &b) == &a && t.count == 1,
           "putting again replaces and gives what was");
    tap_ok(table_get(&t, BYTES("a")) == &b, "get");
    tap_ok(table_get(&t, BYTES("A")) == NULL, "case counts");
    (void)table_put(&t, BYTES("a\0x"), &a);
    (void)table_put(&t, BYTES_NONE, &a);
    tap_ok(table_get(&t, BYTES("a")) == &b && table_get(&t, BYTES("a\0x")) == &a,
           "NUL is a byte of the key");
    tap_ok(table_get(&t, BYTES("")) == &a && t.count == 3, "the empty key is a key");
}

static void
test_fold(void)
{
    struct table t;
    int a = 1;

    table_init(&t, &arena, true);
    (void)table_put(&t, BYTES("Example.JP"), &a);
    tap_ok(table_get(&t, BYTES("eXAMPLE.jp")) == &a, "a folding table finds any case");
    tap_ok(table_put(&t, BYTES("EXAMPLE.JP"), &a) == &a && t.count == 1,
           "and replaces in any case");
    tap_ok(table_get(&t, BYTES("example_jp")) == NULL, "but nothing else");
}

static void
test_many(bool fold)
{
    struct table t;
    size_t walked = 0, position = 0;
    struct bytes key;
    void *value;
    bool found = true;
    uint32_t *numbers = ARENA_NEW_MANY(&arena, MANY, uint32_t);
    uint8_t *seen = arena_take(&arena, MANY);
    int64_t began = clock_monotonic_ms();

    table_init(&t, &arena, fold);
    for (uint32_t i = 0; i < MANY; i++) {
        numbers[i] = i * 0x01000193u;
        (void)table_put(&t, bytes_hex(&arena, bytes_of(&numbers[i], sizeof numbers[i])),
                        &numbers[i]);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        found = found &&
                table_get(&t, bytes_hex(&arena, bytes_of(&numbers[i], 4))) == &numbers[i];
    }
    tap_ok(found && t.count == MANY, "%u keys are all found%s", MANY,
           fold ? ", folding" : "");
    while (table_next(&t, &position, &key, &value)) {
        seen[(uint32_t *)value - numbers]++;
        walked++;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        found = found && seen[i] == 1;
    }
    tap_ok(found && walked == MANY, "a walk meets each once");
    tap_ok(clock_monotonic_ms() - began < 5000, "in linear time");
}

int
main(void)
{
    arena_init(&arena, 256u << 20);
    test_small();
    test_fold();
    test_many(false);
    test_many(true);
    arena_release(&arena);
    return tap_done();
}
