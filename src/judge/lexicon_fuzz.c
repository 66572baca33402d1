#include "base/limits.h"
#include "base/why.h"
#include "judge/lexicon.h"
#include "judge/normal.h"
#include "judge/threat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena process;
    static struct lexicon *lexicon;
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
    }
    arena_init(&arena, (size_t)1 << 26);
    struct bytes normal = normal_form(&arena, bytes_of(data, size), LIMIT_NORMAL_BYTES);
    const struct lexicon_hit *hits = lexicon_scan(&arena, lexicon, normal, &count);
    size_t regions;
    const struct region *region = regions_read(&arena, normal, &regions);
    threat_read(normal, hits, count, region, regions, &threat);
    trade_read(&arena, hits, count, &trade);
    SK_ASSERT((threat.kind == THREAT_NONE) ==
              (threat.words.size == 0 && threat.severity == 0));
    arena_release(&arena);
    return 0;
}
