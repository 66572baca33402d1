/* Notices of crime, and illegal trade in slang, read from the lexicon's hits.
 *
 * One word is no threat: shogi players kill pieces, cooks kill bacteria. A threat is an act together with its
 * announcement near it (or one expression that is both), stronger with a target, a time, a demand; words that speak for
 * another meaning (games, news, police warnings, quotations) weaken it, near ones more. Trade is goods or jobs
 * in slang together with words of offering. Scores are sums of the lexicon's weights; the lines are drawn in threat.c. */
#pragma once

#include "judge/lexicon.h"
#include "judge/opinion.h"
#include "judge/regions.h"

struct threat {
    enum threat_kind kind; /* THREAT_NONE below the line */
    int severity;          /* 1 to 5; 0 without */
    double score;          /* also below the line, for tests and measuring */
    struct bytes words;    /* the sentence it rests on, a view into the normal form */
};

struct trade {
    enum lexicon_kind kind; /* LEXICON_ANY below the line */
    double score;
    struct bytes words; /* the spellings found, with blanks between, in the arena */
};

/* regions: of the normal form (judge/regions.h); what is quoted weighs as what stands in quotation marks. */
void threat_read(struct bytes normal, const struct lexicon_hit *hits, size_t hit_count,
                 const struct region *regions, size_t region_count,
                 struct threat *threat_r);
void trade_read(struct arena *arena, const struct lexicon_hit *hits, size_t hit_count,
                struct trade *trade_r);

/* Signs of unwanted mail: the kind with most of them, and their sum; LEXICON_ANY and 0 without. */
struct signs {
    enum lexicon_kind kind;
    double score;
    struct bytes words;
};
void signs_read(struct arena *arena, const struct lexicon_hit *hits, size_t hit_count,
                struct signs *signs_r);
