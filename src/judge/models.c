#include "judge/models.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

struct models {
    struct model *at[2]; /* at[turn & 1] is in force; the same addresses in every process */
    _Atomic uint64_t turn;
    _Atomic uint64_t held[MODELS_READERS]; /* turn + 1; 0: none */
};

enum sk_code
models_open(struct model *first, struct models **models_r, struct why *why)
{
    struct model *other;
    void *at = mmap(NULL, sizeof(struct models), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "no memory for models");
    }
    if (model_open_empty(&other, why) != SK_OK) {
        munmap(at, sizeof(struct models));
        return SK_SYSTEM;
    }
    *models_r = at;
    (*models_r)->at[0] = first;
    (*models_r)->at[1] = other;
    return SK_OK;
}

void
models_close(struct models *models)
{
    if (models != NULL) {
        model_close(models->at[0]);
        model_close(models->at[1]);
        munmap(models, sizeof *models);
    }
}

uint64_t
models_turn(const struct models *models)
{
    return atomic_load(&models->turn);
}

struct model *
models_now(const struct models *models)
{
    return models->at[models_turn(models) & 1];
}

struct model *
models_hold(struct models *models, size_t reader, uint64_t *turn_r)
{
    SK_ASSERT(reader < MODELS_READERS);
    do { /* again only where another was put in force in this very moment */
        *turn_r = atomic_load(&models->turn);
        atomic_store(&models->held[reader], *turn_r + 1);
    } while (atomic_load(&models->turn) != *turn_r);
    return models->at[*turn_r & 1];
}

void
models_let_go(struct models *models, size_t reader)
{
    atomic_store(&models->held[reader], 0);
}

static bool
held_by_any(struct models *models, uint64_t turn)
{
    for (size_t i = 0; i < MODELS_READERS; i++) {
        uint64_t held = atomic_load(&models->held[i]);
        if (held != 0 && held != turn + 1) {
            return true;
        }
    }
    return false;
}

void
models_put(struct models *models, const struct model *model)
{
    uint64_t turn = models_turn(models);

    for (int ms = 0; ms < MODELS_WAIT_MS && held_by_any(models, turn); ms++) {
        usleep(1000);
    }
    model_copy(models->at[(turn + 1) & 1], model);
    atomic_store(&models->turn, turn + 1);
}
