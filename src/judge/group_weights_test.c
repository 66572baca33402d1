#include "judge/group_weights.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/tap.h"

static struct group_weights *weights;
static struct features features, others;
static const uint8_t key[HASH_SHA256_SIZE] = {1, 2, 3};
static float copy[GROUP_WEIGHTS];

/* Bit for bit: floats that are equal may differ in their bits. */
static bool
same_bits(const void *one, const void *other, size_t size)
{
    return bytes_equal(bytes_of(one, size), bytes_of(other, size));
}

static size_t
take(uint64_t group)
{
    struct why why;
    size_t slot = GROUP_NONE;

    return group_take(weights, group, &slot, &why) == SK_OK ? slot : GROUP_NONE;
}

static void
test_learning(void)
{
    size_t a, b;

    tap_ok(group_find(weights, 7) == GROUP_NONE && group_find(NULL, 7) == GROUP_NONE,
           "nobody is found where nobody is");
    a = take(7);
    b = take(8);
    tap_ok(a != b && take(7) == a && group_find(weights, 7) == a &&
               group_in_slot(weights, b) == 8 && group_find(weights, 0) == GROUP_NONE,
           "each has a slot of its own");
    group_table_learn(group_table(weights, a), &features, true);
    double once = group_logit(weights, a, &features);
    tap_ok(once > 1 && group_logit(weights, b, &features) == 0,
           "a lesson counts for its group alone (%.2f)", once);
    tap_ok(fabs(group_logit(weights, a, &others)) < once / 2, "and little for other words");
    for (int i = 0; i < 500; i++) {
        group_table_learn(group_table(weights, a), &features, true);
    }
    tap_ok(group_logit(weights, a, &features) == GROUP_MOST &&
               group_table_logit(group_table(weights, a), &features) > GROUP_MOST,
           "bounded above in a verdict");
    for (int i = 0; i < 1000; i++) {
        group_table_learn(group_table(weights, a), &features, false);
    }
    tap_ok(group_logit(weights, a, &features) == -GROUP_MOST, "bounded below");
    size_t count = features.pairs.count;
    features.pairs.count = 0;
    group_table_learn(group_table(weights, a), &features, true);
    tap_ok(group_logit(weights, a, &features) == 0, "a message without words");
    features.pairs.count = count;
    pid_t child = fork();
    if (child == 0) {
        group_table_learn(group_table(weights, b), &features, true);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    tap_ok(group_logit(weights, b, &features) > 1,
           "another process taught, this one knows");
    group_give_up(weights, a);
    tap_ok(group_is_zero(weights, a) && !group_is_zero(weights, b) &&
               group_find(weights, 7) == GROUP_NONE && group_in_slot(weights, a) == 0,
           "given up: every weight is zero");
    group_give_up(weights, b);
}

static void
test_again(void)
{
    size_t a = take(1);

    for (int i = 0; i < 20; i++) {
        group_table_learn(group_table(weights, a), i % 3 == 0 ? &others : &features, i % 2);
    }
    memset(copy, 0, sizeof copy);
    for (int i = 0; i < 20; i++) {
        group_table_learn(copy, i % 3 == 0 ? &others : &features, i % 2);
    }
    tap_ok(same_bits(copy, group_table(weights, a), sizeof copy),
           "the same lessons in the same order: the same floats, bit for bit");
    group_give_up(weights, a);
}

static void
test_names(void)
{
    uint64_t group, number;
    char name[64];
    static const char *const wrong[] = {"",
                                        "x",
                                        "1.2.weights",
                                        "000000000000002a.07.weights",
                                        "000000000000002A.7.weights",
                                        "000000000000002a.7.weights.new",
                                        "-00000000000002a.7.weights",
                                        "000000000000002a.-7.weights",
                                        "000000000000002a.7.weight"};

    group_file_name(42, 7, name);
    tap_ok(strcmp(name, "000000000000002a.7.weights") == 0 &&
               group_file_read_name(name, &group, &number) && group == 42 && number == 7,
           "a file's name");
    bool none = true;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        none = none && !group_file_read_name(wrong[i], &group, &number);
    }
    tap_ok(none, "and what is none");
}

static void
test_files(int folder)
{
    static uint8_t bytes[GROUP_FILE_SIZE + 1];
    static const uint8_t other_key[HASH_SHA256_SIZE] = {9};
    struct why why;
    char name[64];
    size_t slot = take(5);

    group_table_learn(group_table(weights, slot), &features, true);
    tap_ok(group_save(group_table(weights, slot), 5, 3, key, folder, &why) == SK_OK &&
               group_load(folder, 5, 3, key, copy, &why) == SK_OK &&
               same_bits(copy, group_table(weights, slot), sizeof copy),
           "written and read");
    tap_ok(group_load(folder, 5, 4, key, copy, &why) == SK_OK && copy[0] == 0 &&
               same_bits(copy, copy + 1, sizeof copy - sizeof copy[0]),
           "without a file all weights are zero");
    group_file_name(5, 3, name);
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    SK_ASSERT(read(fd, bytes, sizeof bytes) == GROUP_FILE_SIZE);
    close(fd);
    struct bytes file = bytes_of(bytes, GROUP_FILE_SIZE);
    copy[0] = 77;
    tap_ok(group_read(file, 6, 3, key, copy, &why) == SK_BAD &&
               group_read(file, 5, 4, key, copy, &why) == SK_BAD &&
               group_read(file, 5, 3, other_key, copy, &why) == SK_BAD,
           "another group's, another base's, under another key: not taken");
    tap_ok(group_read(bytes_slice(file, 0, file.size - 1), 5, 3, key, copy, &why) ==
                   SK_BAD &&
               group_read(bytes_of(bytes, sizeof bytes), 5, 3, key, copy, &why) == SK_BAD &&
               group_read(BYTES_NONE, 5, 3, key, copy, &why) == SK_BAD,
           "a byte too short, a byte too long, nothing: not taken");
    size_t taken = 0;
    for (size_t at = 0; at < GROUP_FILE_SIZE; at += at < 64 ? 1 : 65521) {
        bytes[at] ^= 0x10;
        taken += group_read(file, 5, 3, key, copy, &why) != SK_BAD;
        bytes[at] ^= 0x10;
    }
    bytes[GROUP_FILE_SIZE - 1] ^= 1;
    taken += group_read(file, 5, 3, key, copy, &why) != SK_BAD;
    tap_ok(taken == 0 && copy[0] == 77,
           "a damaged one is not taken, and nothing is changed");
    /* Sealed by us, with what would poison every sum. */
    group_table(weights, slot)[0] = NAN;
    tap_ok(group_save(group_table(weights, slot), 5, 8, key, folder, &why) == SK_OK &&
               group_load(folder, 5, 8, key, copy, &why) == SK_BAD,
           "weights that are no numbers are not taken");
    tap_ok(group_save(group_table(weights, slot), 5, 3, key, -1, &why) == SK_SYSTEM,
           "a folder that cannot be written is told");
    group_file_name(5, 8, name);
    unlinkat(folder, name, 0);
    group_file_name(5, 3, name);
    unlinkat(folder, name, 0);
    group_give_up(weights, slot);
}

static void
test_full(void)
{
    size_t slot;
    struct why why;
    bool all = true;

    for (uint64_t i = 1; i <= LIMIT_GROUPS; i++) {
        all = all && take(i) != GROUP_NONE;
    }
    tap_ok(all, "%d groups", LIMIT_GROUPS);
    tap_ok(group_take(weights, 1000, &slot, &why) == SK_LIMIT && take(3) != GROUP_NONE,
           "one more is told so, who is there stays");
    group_give_up(weights, group_find(weights, 9));
    tap_ok(take(1000) != GROUP_NONE, "who is given up makes room");
}

int
main(void)
{
    char path[] = "/tmp/group-weights-XXXXXX";
    struct why why;

    for (uint32_t i = 0; i < 900; i++) {
        features.pairs.at[i] = (uint32_t)hash_mix(i + 1) % FEATURE_COUNT;
        others.pairs.at[i] = (uint32_t)hash_mix(i + 5000) % FEATURE_COUNT;
    }
    features.pairs.count = others.pairs.count = 900;
    SK_ASSERT(group_weights_open(&weights, &why) == SK_OK && mkdtemp(path) != NULL);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    test_learning();
    test_again();
    test_names();
    test_files(folder);
    test_full();
    close(folder);
    rmdir(path);
    group_weights_close(weights);
    return tap_done();
}
