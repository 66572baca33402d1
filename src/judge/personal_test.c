#include "judge/personal.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"

static struct personal *table;
static struct features features, others;
static const uint8_t key[HASH_SHA256_SIZE] = {1, 2, 3};

static size_t
take(const char *name)
{
    struct personal_id id;
    struct why why;
    size_t slot = PERSONAL_NONE;

    personal_id_of(key, bytes_from_text(name), &id);
    return personal_take(table, &id, &slot, &why) == SK_OK ? slot : PERSONAL_NONE;
}

static void
test_learning(void)
{
    tap_ok(!personal_any(table) &&
               personal_find(table, BYTES("a@b.example")) == PERSONAL_NONE,
           "without a key nobody is found");
    personal_set_key(table, key);
    size_t a = take("a@b.example"), b = take("b@b.example");
    tap_ok(a != b && personal_find(table, BYTES("a@b.example")) == a &&
               personal_find(table, BYTES("c@b.example")) == PERSONAL_NONE,
           "each has a slot of his own");
    personal_learn(table, a, &features, 0, true);
    double once = personal_logit(table, a, &features);
    tap_ok(once > 1 && personal_logit(table, b, &features) == 0,
           "a lesson counts for him alone (%.2f)", once);
    tap_ok(fabs(personal_logit(table, a, &others)) < once / 2,
           "and little for other words (%.2f)", personal_logit(table, a, &others));
    for (int i = 0; i < 500; i++) {
        personal_learn(table, a, &features, -50, true);
    }
    tap_ok(personal_logit(table, a, &features) == PERSONAL_MOST, "bounded above");
    for (int i = 0; i < 1000; i++) {
        personal_learn(table, a, &features, 50, false);
    }
    tap_ok(personal_logit(table, a, &features) == -PERSONAL_MOST, "bounded below");
    features.pairs.count = 0;
    personal_learn(table, a, &features, 0, true);
    tap_ok(personal_logit(table, a, &features) == 0, "a message without words");
    features.pairs.count = 900;
    personal_give_up(table, a);
    tap_ok(personal_is_zero(table, a) && !personal_is_zero(table, b) &&
               personal_find(table, BYTES("a@b.example")) == PERSONAL_NONE,
           "given up: every byte is zero");
    personal_give_up(table, b);
    tap_ok(!personal_any(table), "nobody is left");
}

/* A step back is a step back, also with another on top of it. */
static void
test_unlearning(void)
{
    size_t slot = take("u@b.example");
    double first = personal_learn(table, slot, &features, 0, true);
    double one = personal_logit(table, slot, &features);
    double second = personal_learn(table, slot, &others, 0, false);
    double both = personal_logit(table, slot, &others);

    tap_ok(first > 0 && second < 0 && one != 0, "steps go where they were told to");
    personal_unlearn(table, slot, &features, first, true);
    tap_ok(fabs(personal_logit(table, slot, &features)) < one / 2 &&
               fabs(personal_logit(table, slot, &others) - both) < one / 2,
           "one is taken back, the other stays");
    personal_unlearn(table, slot, &others, second, false);
    tap_ok(fabs(personal_logit(table, slot, &features)) < 1e-5 &&
               fabs(personal_logit(table, slot, &others)) < 1e-5,
           "both: nothing is left but rounding");
    personal_give_up(table, slot);
}

static void
test_files(int folder, const char *path)
{
    static uint8_t bytes[PERSONAL_FILE_SIZE + 1], bad[PERSONAL_FILE_SIZE + 1];
    size_t slot = take("a@b.example"), wrong = 0, damaged = 0;
    struct personal_id id = *personal_slot_id(table, slot);
    struct stat status;
    struct why why;
    char name[80];

    personal_learn(table, slot, &features, 0, true);
    double before = personal_logit(table, slot, &features);
    personal_file_name(id.name, name);
    tap_ok(personal_save(table, slot, folder, &why) == SK_OK &&
               fstatat(folder, name, &status, 0) == 0 && (status.st_mode & 0777) == 0600 &&
               status.st_size == PERSONAL_FILE_SIZE,
           "saved, mode 0600");
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    SK_ASSERT(read(fd, bytes, sizeof bytes) == PERSONAL_FILE_SIZE);
    close(fd);
    personal_give_up(table, slot);
    tap_ok(personal_load(table, folder, &damaged, &why) == SK_OK && damaged == 0 &&
               personal_logit(table, personal_find(table, BYTES("a@b.example")),
                              &features) == before,
           "loaded as it was");
    personal_give_up(table, personal_find(table, BYTES("a@b.example")));
    for (size_t i = 0; i < PERSONAL_FILE_SIZE;
         i += i < 112 || i + 40 > PERSONAL_FILE_SIZE ? 1 : 61) {
        memcpy(bad, bytes, sizeof bad);
        bad[i] ^= 1;
        wrong += personal_read(table, bytes_of(bad, PERSONAL_FILE_SIZE), &why) != SK_BAD;
    }
    wrong += personal_read(table, bytes_of(bytes, PERSONAL_FILE_SIZE - 1), &why) != SK_BAD;
    wrong += personal_read(table, bytes_of(bytes, PERSONAL_FILE_SIZE + 1), &why) != SK_BAD;
    wrong += personal_read(table, BYTES_NONE, &why) != SK_BAD;
    tap_ok(wrong == 0 && !personal_any(table),
           "a damaged file is not taken, whichever byte it is (%zu)", wrong);
    fd = openat(folder, name, O_WRONLY | O_CLOEXEC);
    SK_ASSERT(pwrite(fd, "x", 1, 500) == 1);
    close(fd);
    tap_ok(personal_load(table, folder, &damaged, &why) == SK_OK && damaged == 1,
           "and is counted");
    tap_ok(personal_destroy(folder, id.name, &why) == SK_OK &&
               faccessat(folder, name, F_OK, 0) != 0 &&
               personal_destroy(folder, id.name, &why) == SK_OK,
           "destroyed; once more is no fault");
    (void)rmdir(path);
}

static void
test_full(void)
{
    char name[32];
    struct why why = {0};
    size_t slot;
    struct personal_id id;

    for (int i = 0; i < LIMIT_PERSONAL_RECIPIENTS; i++) {
        snprintf(name, sizeof name, "u%d@b.example", i);
        if (take(name) == PERSONAL_NONE) {
            tap_ok(false, "slot %d", i);
        }
    }
    personal_id_of(key, BYTES("more@b.example"), &id);
    tap_ok(personal_take(table, &id, &slot, &why) == SK_LIMIT && why.sentence[0] != '\0',
           "LIMIT_PERSONAL_RECIPIENTS and one more: %s", why.sentence);
    tap_ok(take("u7@b.example") != PERSONAL_NONE, "who has one keeps it");
    personal_give_up(table, personal_find(table, BYTES("u7@b.example")));
    tap_ok(take("more@b.example") != PERSONAL_NONE, "one that is given up is free");
}

int
main(void)
{
    char path[] = "/tmp/personal-test-XXXXXX";
    struct why why;

    for (uint32_t i = 0; i < 900; i++) {
        features.pairs.at[i] = (uint32_t)hash_mix(i + 1) % FEATURE_COUNT;
        others.pairs.at[i] = (uint32_t)hash_mix(i + 5000) % FEATURE_COUNT;
    }
    features.pairs.count = others.pairs.count = 900;
    SK_ASSERT(personal_open(&table, &why) == SK_OK && mkdtemp(path) != NULL);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    test_learning();
    test_unlearning();
    test_files(folder, path);
    test_full();
    close(folder);
    personal_close(table);
    return tap_done();
}
