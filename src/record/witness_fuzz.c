/* What other sites send to our witness, and the history of keys, whose file may have been altered. */
#include "base/limits.h"
#include "record/history.h"
#include "record/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = bytes_of(data, size);
    struct witnesses witnesses = {0};
    struct witness_answer answer;
    struct history history;
    struct checkpoint tree;
    struct era era;
    struct arena arena;
    struct writer w;

    arena_init(&arena, (size_t)64 << 20);
    witnesses.arena = &arena;
    table_init(&witnesses.logs, &arena, false);
    table_init(&witnesses.seen, &arena, false);
    /* We witness nobody: nothing may be cosigned. */
    witness_add_checkpoint(&arena, &witnesses, b, 1, &answer);
    SK_ASSERT(answer.status == 400 || answer.status == 404);
    if (history_read(&arena, b, &history, NULL) == SK_OK) {
        SK_ASSERT(history.count > 0 && history.count <= LIMIT_LEDGER_KEYS);
        for (size_t i = 1; i < history.count; i++) {
            (void)!history_check(&arena, &history.steps[i], &tree, NULL);
        }
    }
    if (era_read(&arena, b, &era)) {
        writer_init(&w, &arena);
        era_write(&w, &era);
        SK_ASSERT(era_read(&arena, writer_view(&w), &era));
    }
    arena_release(&arena);
    return 0;
}
