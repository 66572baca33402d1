/* The model that judges, and room for the next: how one takes the other's place while mail flows.
 *
 * Two models (judge/model.h) lie in memory that processes share from a fork on, one of them in force. A reader holds the one in
 * force while it judges a message, so that a message is judged wholly by the old or by the new. The writer (one process: the
 * keeper) fills the other, when nobody holds it any more, and puts it in force by one store: no reader ever waits. A reader
 * that holds the other for longer than MODELS_WAIT_MS, because it died or was stopped, is waited for no longer; were it to
 * go on, it would see some weights of each, which is as good as a model that is being taught.
 *
 * Lessons change the model in force in place, weight by weight. The second model takes memory from the first change on. */
#pragma once

#include "judge/model.h"

#define MODELS_READERS 256
#define MODELS_WAIT_MS 2000

struct models;

/* Takes the first over and closes it. */
enum sk_code models_open(struct model *first, struct models **models_r, struct why *why);
void models_close(struct models *models);
/* The one in force, for the writer, and for processes with a memory of their own. */
struct model *models_now(const struct models *models);
/* How often another was put in force. */
uint64_t models_turn(const struct models *models);
/* For a reader below MODELS_READERS. What a process of before by that number held is let go. */
struct model *models_hold(struct models *models, size_t reader, uint64_t *turn_r);
void models_let_go(struct models *models, size_t reader);
/* A copy of it is in force when this returns. */
void models_put(struct models *models, const struct model *model);
