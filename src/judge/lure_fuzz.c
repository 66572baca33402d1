#include "base/limits.h"
#include "judge/lure.h"
#include "judge/normal.h"
#include "judge/thread_memory.h"
#include "judge/wording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A mail read by the table that is built in; and the same bytes as a table, and as a memory of conversations. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena process;
    static struct lure_table *table;
    static struct thread_memory memory;
    static const uint8_t key[HASH_SHA256_SIZE];
    struct bytes input = bytes_of(data, size < 20000 ? size : 20000);
    struct lure_table *made = NULL;
    struct arena arena;
    struct lure lure;
    size_t count;

    if (table == NULL) {
        struct why why;
        arena_init(&process, (size_t)1 << 28);
        enum sk_code code = lure_open(&process, lure_built_in(), &table, &why);
        SK_ASSERT(code == SK_OK);
    }
    arena_init(&arena, (size_t)1 << 27);
    const struct letter *letter = letter_read(&arena, input);
    struct phrase_text text =
        phrase_text_of(&arena, normal_form(&arena, letter->text, LIMIT_NORMAL_BYTES));
    const struct region *regions = regions_read(&arena, text.normal, &count);
    lure_read(&arena, table, letter, &text, regions, count, &lure);
    SK_ASSERT(lure.is_lure == (lure.points >= LURE_LINE));
    for (size_t i = 0; i < lure.part_count; i++) {
        SK_ASSERT(lure.parts[i].points > 0 && lure.parts[i].theme != LURE_WANTED);
        SK_ASSERT(i == 0 || lure.parts[i].points <= lure.parts[i - 1].points);
    }
    lure_ask(&arena, table, text.normal, regions, count, &lure);
    SK_ASSERT(lure.passage.size <= WORDING_MOST && lure.is_lure == (lure.logit >= 0));
    if (input.size < 2000 && lure_open(&arena, input, &made, NULL) == SK_OK) {
        lure_read(&arena, made, letter, &text, regions, count, &lure);
        lure_close(made);
    }
    if (thread_memory_read(input, key, &memory, NULL) == SK_OK) {
        SK_ASSERT(memory.count <= LIMIT_THREAD_PAIRS);
    }
    arena_release(&arena);
    return 0;
}
