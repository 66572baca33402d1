#include "base/limits.h"
#include "base/why.h"
#include "judge/lexicon.h"
#include "judge/normal.h"
#include "judge/threat.h"
#include "judge/trade.h"
#include "judge/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena process;
    static struct lexicon *lexicon;
    static struct threat_cues *cues;
    struct arena arena;
    struct threat threat;
    struct trade trade;
    size_t count;

    if (lexicon == NULL) {
        struct why why;
        arena_init(&process, (size_t)1 << 28);
        enum sk_code code = lexicon_open(&process, lexicon_threat_table(),
                                         lexicon_slang_table(), &lexicon, &why);
        SK_ASSERT(code == SK_OK);
        cues = threat_cues_new(&process);
    }
    arena_init(&arena, (size_t)1 << 27);
    struct bytes normal = normal_form(&arena, bytes_of(data, size), LIMIT_NORMAL_BYTES);
    const struct lexicon_hit *hits = lexicon_scan(&arena, lexicon, normal, &count);
    size_t regions;
    const struct region *region = regions_read(&arena, normal, &regions);
    threat_read(&arena, cues, normal, region, regions, &threat);
    trade_read(&arena, normal, hits, count, region, regions, &trade);
    SK_ASSERT((threat.kind == THREAT_NONE) == (threat.words.size == 0));
    /* The same bytes as the operator's words: what is no mistake opens, and can be tried. */
    const struct word_row *rows;
    size_t row_count;
    if (words_read(&arena, bytes_of(data, size), &rows, &row_count, NULL) == SK_OK &&
        row_count > 0 && row_count < 8) {
        struct lexicon *own = NULL;
        enum sk_code code = lexicon_open_words(&arena, BYTES_NONE, BYTES_NONE,
                                               bytes_of(data, size), &own, NULL);
        SK_ASSERT(code == SK_OK);
        (void)!words_try(own, rows, row_count, NULL, NULL, NULL);
        lexicon_close(own);
    }
    arena_release(&arena);
    return 0;
}
