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
/* The same, with the words of the normal form that it rests on. */
void findings_put_said(struct findings *findings, const char *name,
                       enum permit_family family, double weight, struct bytes detail,
                       struct bytes said);
/* Heaviest first; the sum of weights of families in the set. */
void findings_finish(struct findings *findings);
double findings_sum(const struct findings *findings, uint32_t families);

/* What origin and envelope say (FAMILY_SOURCE, FAMILY_LABEL); origin may be NULL. */
void findings_of_origin(struct findings *findings, const struct arrival *arrival,
                        const struct letter *letter, const struct origin *origin);
/* What was found in attachments: facts and links (FAMILY_ATTACHMENTS). */
void findings_of_enclosures(struct findings *findings, const struct letter *letter);
/* Whether everybody who allows attachments also allows the other family: then what stands in one is read as that. */
bool findings_share(const struct permit *permit, enum permit_family family);
/* What is malformed in the letter, or can be read in two ways. */
void findings_of_defects(struct findings *findings, const struct letter *letter);
/* What links are and hide (FAMILY_LINKS). */
void findings_of_links(struct findings *findings, const struct letter *letter);
/* Text that is kept from the reader's eye, and forms (FAMILY_CONTENT). */
void findings_of_looks(struct findings *findings, const struct letter *letter);
/* Links, attachments, and where bytes, label and looks disagree. */
void findings_of_letter(struct findings *findings, const struct letter *letter);
