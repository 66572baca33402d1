/* One model takes another's place while others judge. */
#include "judge/models.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tap.h"

static struct features features;

static struct model *
taught(const char *words, int times, bool spam)
{
    struct model *model;
    struct why why;

    SK_ASSERT(model_open_empty(&model, &why) == SK_OK);
    features_clear(&features);
    features_add_text(&features, bytes_from_text(words));
    for (int i = 0; i < times; i++) {
        model_learn(model, &features, spam);
    }
    return model;
}

static double
score(const struct model *model, const char *words)
{
    features_clear(&features);
    features_add_text(&features, bytes_from_text(words));
    return model_score(model, &features).logit;
}

static void
test_turns(void)
{
    struct model *a = taught("garden seeds", 3, true),
                 *b = taught("garden seeds", 3, false);
    struct models *models;
    struct why why;
    uint64_t turn;

    SK_ASSERT(models_open(a, &models, &why) == SK_OK);
    double of_a = score(a, "garden seeds"), of_b = score(b, "garden seeds");
    tap_ok(models_turn(models) == 0 && score(models_now(models), "garden seeds") == of_a,
           "the first is in force");
    const struct model *held = models_hold(models, 3, &turn);
    models_put(models, b);
    tap_ok(turn == 0 && models_turn(models) == 1 && score(held, "garden seeds") == of_a &&
               score(models_now(models), "garden seeds") == of_b,
           "who holds the old one goes on by it; the new one is in force");
    tap_ok(models_hold(models, MODELS_READERS - 1, &turn) != held && turn == 1,
           "who begins now judges by the new one");
    int64_t began = clock_monotonic_ms();
    models_let_go(models, 3);
    models_put(models, a);
    tap_ok(clock_monotonic_ms() - began < MODELS_WAIT_MS / 2 && models_turn(models) == 2,
           "the old one is let go: its place is taken at once");
    began = clock_monotonic_ms();
    models_put(models, b); /* reader 255 holds turn 1, whose place this takes */
    tap_ok(clock_monotonic_ms() - began >= MODELS_WAIT_MS && models_turn(models) == 3,
           "one that never lets go is waited for %d ms, no longer", MODELS_WAIT_MS);
    models_let_go(models, MODELS_READERS - 1);
    model_close(b);
    models_close(models);
}

/* Readers in processes of their own; one of two models is put in force again and again. In each every weight says the same,
 * so that any mixture would be seen. */
static void
test_whole(void)
{
    struct model *a = taught("garden seeds and boats", 1, true),
                 *b = taught("garden seeds and boats", 1, false);
    double of_a = score(a, "garden seeds and boats"),
           of_b = score(b, "garden seeds and boats");
    struct models *models;
    struct why why;
    _Atomic int *end =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct shared {
        uint64_t judged, by_a, mixed, wrong;
    } *seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t readers[3];

    SK_ASSERT(models_open(a, &models, &why) == SK_OK && end != MAP_FAILED &&
              seen != MAP_FAILED);
    for (size_t i = 0; i < 3; i++) {
        readers[i] = fork();
        if (readers[i] == 0) {
            while (*end == 0) {
                uint64_t turn;
                const struct model *held = models_hold(models, i, &turn);
                double first = score(held, "garden seeds and boats");
                usleep(seen[i].judged % 7 == 0 ? 2000 : 0);
                double second = score(held, "garden seeds and boats");
                models_let_go(models, i);
                seen[i].judged++;
                seen[i].by_a += first == of_a;
                seen[i].mixed += first != second || (first != of_a && first != of_b);
                seen[i].wrong += first != (turn % 2 == 0 ? of_a : of_b);
            }
            _exit(0);
        }
    }
    struct model *copy = taught("garden seeds and boats", 1, true);
    for (int i = 0; i < 100; i++) {
        usleep(1000);
        models_put(models, i % 2 == 0 ? b : copy);
    }
    *end = 1;
    uint64_t judged = 0, by_a = 0, mixed = 0, wrong = 0;
    for (size_t i = 0; i < 3; i++) {
        waitpid(readers[i], NULL, 0);
        judged += seen[i].judged;
        by_a += seen[i].by_a;
        mixed += seen[i].mixed;
        wrong += seen[i].wrong;
    }
    tap_ok(models_turn(models) == 100 && judged > 100 && by_a > 0 && by_a < judged,
           "%llu judgements by three while 100 were put in force",
           (unsigned long long)judged);
    tap_ok(mixed == 0 && wrong == 0, "each wholly by the one that it held (%llu, %llu)",
           (unsigned long long)mixed, (unsigned long long)wrong);
    model_close(copy);
    model_close(b);
    models_close(models);
}

static void
test_rebase(void)
{
    struct model *from = taught("cheap pills", 4, true),
                 *to = taught("winter sale", 4, true),
                 *learned = taught("cheap pills", 4, true);
    uint64_t spam, ham;

    features_clear(&features);
    features_add_text(&features, BYTES("sailing club"));
    for (int i = 0; i < 3; i++) {
        model_learn(learned, &features, false);
    }
    double club = score(learned, "sailing club");
    model_rebase(learned, from, to);
    model_counts(learned, &spam, &ham);
    tap_ok(fabs(score(learned, "cheap pills")) < 0.2 && score(learned, "winter sale") > 1 &&
               fabs(score(learned, "sailing club") - club) < 0.3 && club < -0.5,
           "on another model: what that knows, and what was learned here (%.2f, %.2f)",
           club, score(learned, "sailing club"));
    tap_ok(spam == 4 && ham == 3, "counted so");
    double before = score(to, "winter sale");
    model_rebase(to, from, from);
    tap_ok(score(to, "winter sale") == before, "on the same: nothing moves");
    model_rebase(to, learned, from);
    model_counts(to, &spam, &ham);
    tap_ok(isfinite(score(to, "winter sale")) && ham == 0,
           "counts that would be below nothing are nothing");
    model_close(from);
    model_close(to);
    model_close(learned);
}

/* A file that is cut short while it is read takes nobody down. */
static void
test_shrinking(void)
{
    char path[] = "/tmp/models-XXXXXX";
    struct model *model = taught("cheap pills", 4, true), *other;
    struct why why;
    int fd = mkstemp(path), opened = 0, refused = 0;

    SK_ASSERT(fd >= 0 && model_save(model, path, true, &why) == SK_OK);
    pid_t child = fork();
    if (child == 0) {
        for (;;) {
            (void)!model_save(model, path, true, &why);
            int file = open(path, O_WRONLY | O_CLOEXEC);
            (void)!ftruncate(file, 4096);
            close(file);
        }
    }
    for (int i = 0; i < 300; i++) {
        enum sk_code code = model_open_file(path, &other, &why);
        if (code == SK_OK) {
            opened++;
            model_close(other);
        } else {
            refused += code == SK_BAD;
        }
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    tap_ok(opened + refused == 300 && refused > 0,
           "a file that shrinks under us: %d times read whole, %d times refused", opened,
           refused);
    model_close(model);
    close(fd);
    unlink(path);
}

int
main(void)
{
    test_turns();
    test_whole();
    test_rebase();
    test_shrinking();
    return tap_done();
}
