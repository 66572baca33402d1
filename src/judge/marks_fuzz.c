/* Marks as they stand in a record that a worker wrote: any text is refused, or is read and written the same again. */
#include "judge/marks.h"

#include <stdlib.h>

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The signature up to the first line end, then the keys. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size), signature = BYTES_NONE;
    struct arena arena;
    struct marks marks, again;

    arena_init(&arena, (size_t)16 << 20);
    (void)bytes_split(&rest, '\n', &signature);
    if (marks_parse(&arena, signature, rest, &marks) == SK_OK) {
        if (marks.key_count > LIMIT_CAMPAIGN_KEYS ||
            marks_parse(&arena, marks_signature(&arena, &marks), marks_keys(&arena, &marks),
                        &again) != SK_OK ||
            again.key_count != marks.key_count ||
            memcmp(&again.minhash, &marks.minhash, sizeof again.minhash) != 0) {
            abort();
        }
        for (size_t i = 0; i < marks.key_count; i++) {
            if (again.keys[i].key != marks.keys[i].key ||
                again.keys[i].kind != marks.keys[i].kind ||
                again.keys[i].joins != marks.keys[i].joins) {
                abort();
            }
        }
    }
    arena_release(&arena);
    return 0;
}
