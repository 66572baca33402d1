#include "base/arena.h"
#include "base/limits.h"
#include "base/why.h"
#include "judge/lemmas.h"
#include "judge/normal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold_true(const struct letters *runs, size_t bytes)
{
    size_t sum = 0;

    SK_ASSERT(runs->count <= LETTERS_MAX && runs->count <= 9 * (2 * bytes + 1));
    for (size_t i = 0; i < runs->count; i++) {
        SK_ASSERT(runs->at[i] < LETTERS_COUNT && runs->times[runs->at[i]] > 0);
        sum += runs->times[runs->at[i]];
    }
    SK_ASSERT(sum >= runs->count);
}

/* Text as the judge hands it over, and bytes that nobody has looked at. Without a dictionary there is nothing to try. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct letters runs;
    struct bytes in = bytes_of(data, size);
    struct arena arena;
    struct why why;

    if (lemmas_open(LEMMAS_FOLDER, &why) != SK_OK) {
        return 0;
    }
    arena_init(&arena, (size_t)1 << 26);
    letters_clear(&runs);
    lemmas_add(&runs, in);
    hold_true(&runs, size);
    letters_clear(&runs);
    struct bytes normal = normal_form(&arena, in, LIMIT_NORMAL_BYTES);
    lemmas_add(&runs, normal);
    hold_true(&runs, normal.size);
    arena_release(&arena);
    return 0;
}
