/* ARC sets on what is passed on (RFC 8617 section 5.1), where section [seal] wants them. */
#pragma once

#include "sekisho/passage.h"

/* Puts a set on top of what of the answer is passed on to recipients whose copies may bear Authentication-Results; *answer is
 * then replaced. Mail that leaves as ours is not sealed, nor is what must not be (arc_seal). Where no signature can be
 * had, the mail goes on without a set: nobody waits for one. */
void issue_seal(const struct settings *settings, const struct walk *walk,
                const struct answer **answer);
