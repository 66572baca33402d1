/* What judge/threat, judge/trade, judge/lure or the words alone (unwanted) read of texts: one a line on stdin, \n for a line end (of lures whole mails), or "@file PATH", a
 * mail. A line each on stdout, parted by tabs: whether it is one (0 or 1), its score, whether there was anything to ask about (0 or 1), the numbers that were
 * weighed, and last the letters of the passage that was asked about and the runs of its words, each as place:amount with blanks between
 * (judge/wording.h). For tools/train-wording.
 *
 *     wording-bench threat|trade|lure|unwanted */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/writer.h"
#include "judge/judge_private.h"
#include "judge/lemmas.h"
#include "judge/lexicon.h"
#include "judge/lure.h"
#include "judge/normal.h"
#include "judge/threat.h"
#include "judge/trade.h"
#include "judge/wording.h"
#include "parse/read.h"
#include "sekisho/files.h"

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
print_places(double kept, unsigned (*place_of)(unsigned at))
{
    double share = letters_share(&letters) * kept;

    putchar('\t');
    for (size_t i = 0; i < letters.count; i++) {
        uint32_t at = letters.at[i];
        printf("%u:%.5f ", place_of(at),
               (double)letters_amounts[letters.times[at]] * share);
    }
    letters_clear(&letters);
}

static void
print(bool is_one, bool unsaid, double score, const double *features, size_t count,
      struct bytes passage)
{
    printf("%d\t%.3f\t%d", is_one, score, passage.size > 0);
    for (size_t i = 0; i < count; i++) {
        printf("\t%.5g", features[i]);
    }
    double kept = unsaid ? wording_kept(passage) : 1;
    letters_add(&letters, passage);
    print_places(kept, wording_place);
    lemmas_add(&letters, passage);
    print_places(kept, wording_words_place);
    putchar('\n');
}

static struct bytes
subject_and_text(struct arena *arena, const struct letter *letter)
{
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, letter->subject);
    writer_byte(&w, '\n');
    writer_bytes(&w, letter->text);
    return normal_form(arena, writer_view(&w), LIMIT_NORMAL_BYTES);
}

static void
read_lure(struct arena *arena, struct lure_table *table, struct bytes mail)
{
    const struct letter *letter = letter_read(arena, mail);
    struct lure lure;
    size_t count;
    struct phrase_text text = phrase_text_of(arena, subject_and_text(arena, letter));
    const struct region *regions = regions_read(arena, text.normal, &count);

    lure_read(arena, table, letter, &text, regions, count, &lure);
    lure_ask(arena, table, text.normal, regions, count, &lure);
    print(lure.is_lure, false, lure.logit, lure.features, LURE_FEATURES, lure.passage);
}

/* A line's bytes, or those of the file that it names. */
static struct bytes
bytes_named(struct arena *arena, char *line, size_t size, bool *is_mail_r)
{
    struct bytes raw = BYTES_NONE;
    struct why why;

    line[size] = '\0';
    *is_mail_r = strncmp(line, "@file ", 6) == 0;
    if (!*is_mail_r) {
        return bytes_of(line, unescape(line, size));
    }
    if (file_read(arena, line + 6, LIMIT_MESSAGE, &raw, &why) != SK_OK) {
        fprintf(stderr, "%s\n", why.sentence);
    }
    return raw;
}

int
main(int argc, char **argv)
{
    struct arena process;
    struct lexicon *lexicon;
    struct lure_table *lures;
    struct why why;
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    bool threats = argc < 2 || argv[1][1] == 'h', leads = !threats && argv[1][0] == 'l';
    bool all = !threats && argv[1][0] == 'u';

    arena_init(&process, (size_t)1 << 26);
    const struct threat_cues *cues = threat_cues_new(&process);
    if (lemmas_open(LEMMAS_FOLDER, &why) != SK_OK ||
        lexicon_open(&process, lexicon_threat_table(), lexicon_slang_table(), &lexicon,
                     &why) != SK_OK ||
        lure_open(&process, lure_built_in(), &lures, &why) != SK_OK) {
        fprintf(stderr, "%s\n", why.sentence);
        return 1;
    }
    while ((size = getline(&line, &room, stdin)) > 0) {
        struct arena arena;
        size_t count, hit_count;
        arena_init(&arena, (size_t)1 << 27);
        bool is_mail;
        struct bytes read = bytes_named(&arena, line, (size_t)size - 1, &is_mail);
        if (leads) {
            read_lure(&arena, lures, read);
            arena_release(&arena);
            continue;
        }
        struct bytes normal =
            is_mail ? judge_normal_of(&arena, letter_read(&arena, read), LIMIT_NORMAL_BYTES)
                    : normal_form(&arena, read, LIMIT_NORMAL_BYTES);
        const struct region *regions = regions_read(&arena, normal, &count);
        if (all) {
            struct bytes passage = wording_passage(normal, 0, 0);
            print(false, false, wording_unwanted(passage), NULL, 0, passage);
        } else if (threats) {
            struct threat threat;
            threat_read(&arena, cues, normal, regions, count, &threat);
            print(threat.kind != THREAT_NONE, threat.features[THREAT_FEATURES - 1] > 0,
                  threat.score, threat.features, THREAT_FEATURES, threat.passage);
        } else {
            struct trade trade;
            const struct lexicon_hit *hits =
                lexicon_scan(&arena, lexicon, normal, &hit_count);
            trade_read(&arena, normal, hits, hit_count, regions, count, &trade);
            print(trade.kind != LEXICON_ANY, trade.features[TRADE_FEATURES - 1] > 0,
                  trade.score, trade.features, TRADE_FEATURES, trade.passage);
        }
        arena_release(&arena);
    }
    free(line);
    lure_close(lures);
    arena_release(&process);
    return 0;
}
