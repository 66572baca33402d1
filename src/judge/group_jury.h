/* What the people of one group say of each other's lessons, and their weights as they would be without some.
 *
 * As jury.h does it for the common model: beside the weights that judge (judge/group_weights.h) there are two halves of each
 * group, which begin at nothing and are taught by the reporters of one side only. A lesson of a reporter of side 0 is held
 * against half 1, which never heard him. And whole is a base with the lessons that count on top, for one group at a time.
 *
 * The halves take 2 MiB for each group that has lessons, of this process alone. */
#pragma once

#include "judge/group_weights.h"
#include "judge/jury.h"

struct group_jury;

/* Uses the judge's scratch, and goes before judge and weights. */
enum sk_code group_jury_open(struct judge *judge, struct group_weights *weights,
                             struct group_jury **jury_r, struct why *why);
void group_jury_close(struct group_jury *jury);
/* The whole's weights, for its base to be put there; the halves of the slot are nothing again. GROUP_NONE: of no slot, as
 * for a group that only gets another base. */
float *group_jury_begin(struct group_jury *jury, size_t slot);
/* A lesson: into the whole, or, where `now` is set, into the weights
 * that judge; and into the half of this side (jury.h). SK_BAD: the bytes are no lesson. */
enum sk_code group_jury_teach(struct group_jury *jury, size_t slot, unsigned side,
                              struct bytes lesson, bool spam, bool now);
/* The slot's weights become the whole. */
void group_jury_take_over(struct group_jury *jury, size_t slot);
/* What the half that does not hear this side says of a lesson, in logits: above 0 unwanted. */
double group_jury_moved(struct group_jury *jury, size_t slot, unsigned side,
                        struct bytes lesson);
