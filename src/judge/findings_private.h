/* Findings in the making: put one by one, then ordered. */
#pragma once

#include "base/arena.h"
#include "judge/opinion.h"

struct findings {
    struct arena *arena;
    const struct permit *permit;
    struct finding *list;
    size_t count, room, dropped;
};

void findings_init(struct findings *findings, struct arena *arena,
                   const struct permit *permit);
/* Left out where the permit does not have the family. detail is made clean and short. */
void findings_put(struct findings *findings, const char *name, enum permit_family family,
                  double weight, struct bytes detail);
/* Heaviest first; the sum of weights of families in the set. */
void findings_finish(struct findings *findings);
double findings_sum(const struct findings *findings, uint32_t families);

/* What origin and envelope say (FAMILY_SOURCE, FAMILY_LABEL); origin may be NULL. */
void findings_of_origin(struct findings *findings, const struct arrival *arrival,
                        const struct origin *origin);
/* Links, attachments, and where bytes, label and looks disagree. */
void findings_of_letter(struct findings *findings, const struct letter *letter);
