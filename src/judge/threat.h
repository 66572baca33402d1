/* Notices of crime.
 *
 * One word is no threat: shogi players kill pieces, cooks kill bacteria. A threat is an act that is announced (judge/threat_cues.h:
 * by its ending, by what is done with a thing, by "I will"), stronger with a target, a time, a demand; words that speak for
 * another meaning (games, news, police warnings, quotations) weaken it, near ones more. What a sentence and those around it say is a
 * row of numbers, weighed by fitted weights (tools/train-wording, docs/decisions/0026-threats.md), together with the wording around it
 * (judge/wording.h); the line is at 0. Where the beginning of a text names no act, its wording alone is asked about, as is its kind: "the lunch of
 * Friday will be your last". Linear in the text. */
#pragma once

#include "judge/opinion.h"
#include "judge/regions.h"
#include "judge/threat_cues.h"

#define THREAT_FEATURES (19 + 14 + 2 * (CUE_WEIGHED_COUNT - CUE_YOU) + 1)

struct threat {
    enum threat_kind kind; /* THREAT_NONE below the line */
    double score;          /* also below the line, for tests and measuring */
    struct bytes words;    /* the sentence it rests on, a view into the normal form */
    struct bytes passage;  /* around it, for judge/wording.h; in the arena */
    double features[THREAT_FEATURES]; /* of that sentence, for tools/train-wording */
};

/* regions: of the normal form (judge/regions.h); what is quoted weighs as what stands in quotation marks. The arena is for
 * copies of sentences while it reads. */
void threat_read(struct arena *arena, const struct threat_cues *cues, struct bytes normal,
                 const struct region *regions, size_t region_count,
                 struct threat *threat_r);
