/* What judge/threat or judge/trade reads of texts: one a line on stdin, \n for a line end. A line each on stdout, parted by tabs: whether it is
 * one (0 or 1), its score, whether there was anything to ask about (0 or 1), the numbers that were weighed, and last the letters of the
 * passage around it, each as place:amount with blanks between (judge/wording.h). For tools/train-wording.
 *
 *     wording-bench threat|trade */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "judge/lexicon.h"
#include "judge/normal.h"
#include "judge/threat.h"
#include "judge/trade.h"
#include "judge/wording.h"

static struct letters letters;

static size_t
unescape(char *line, size_t size)
{
    size_t to = 0;

    for (size_t i = 0; i < size; i++) {
        bool end = line[i] == '\\' && i + 1 < size && line[i + 1] == 'n';
        line[to++] = end ? '\n' : line[i];
        i += end;
    }
    return to;
}

static void
print(bool is_one, double score, const double *features, size_t count, struct bytes passage)
{
    printf("%d\t%.3f\t%d", is_one, score, passage.size > 0);
    for (size_t i = 0; i < count; i++) {
        printf("\t%.5g", features[i]);
    }
    putchar('\t');
    letters_add(&letters, passage);
    double share = letters_share(&letters);
    for (size_t i = 0; i < letters.count; i++) {
        uint32_t at = letters.at[i];
        printf("%u:%.5f ", wording_place(at),
               (double)letters_amounts[letters.times[at]] * share);
    }
    putchar('\n');
    letters_clear(&letters);
}

int
main(int argc, char **argv)
{
    struct arena process;
    struct lexicon *lexicon;
    struct why why;
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    bool threats = argc < 2 || argv[1][1] == 'h';

    arena_init(&process, (size_t)1 << 26);
    const struct threat_cues *cues = threat_cues_new(&process);
    if (lexicon_open(&process, lexicon_threat_table(), lexicon_slang_table(), &lexicon,
                     &why) != SK_OK) {
        fprintf(stderr, "%s\n", why.sentence);
        return 1;
    }
    while ((size = getline(&line, &room, stdin)) > 0) {
        struct arena arena;
        size_t count, hit_count;
        arena_init(&arena, (size_t)1 << 27);
        struct bytes normal = normal_form(
            &arena, bytes_of(line, unescape(line, (size_t)size - 1)), LIMIT_NORMAL_BYTES);
        const struct region *regions = regions_read(&arena, normal, &count);
        if (threats) {
            struct threat threat;
            threat_read(&arena, cues, normal, regions, count, &threat);
            print(threat.kind != THREAT_NONE, threat.score, threat.features,
                  THREAT_FEATURES, threat.passage);
        } else {
            struct trade trade;
            const struct lexicon_hit *hits =
                lexicon_scan(&arena, lexicon, normal, &hit_count);
            trade_read(&arena, normal, hits, hit_count, regions, count, &trade);
            print(trade.kind != LEXICON_ANY, trade.score, trade.features, TRADE_FEATURES,
                  trade.passage);
        }
        arena_release(&arena);
    }
    free(line);
    arena_release(&process);
    return 0;
}
