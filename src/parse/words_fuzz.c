#include "base/limits.h"
#include "base/utf8.h"
#include "base/why.h"
#include "parse/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as the value of a field, by each carrier, and every place as the beginning of a word or of a run of JIS. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena = {.cap = LIMIT_ARENA_MESSAGE};
    struct words_seam seam = {0};
    struct defects defects;
    struct bytes in = bytes_of(data, size);
    struct word word;

    for (size_t at = 0; at < size && at < 200; at++) {
        if (words_match(in, at, &seam, &word)) {
            SK_ASSERT(word.size > 0 && word.size <= size - at);
            SK_ASSERT(word.text.at >= data && word.text.at + word.text.size <= data + size);
        }
        SK_ASSERT(words_jis_run(in, at) <= size);
    }
    for (enum emoji_carrier who = EMOJI_NOBODY; who <= EMOJI_SOFTBANK; who++) {
        defects_init(&defects, &arena, in);
        struct bytes text = words_decode_from(&arena, in, who, &defects);
        SK_ASSERT(text.at == NULL || (text.at >= data && text.at < data + size) ||
                  utf8_valid(text));
    }
    arena_release(&arena);
    return 0;
}
