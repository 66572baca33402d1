/* What a message wants, as JSON: the members that `sekisho try judge` and POST /v1/judge of the HTTP door both answer with.
 *
 * category, probability, unwanted, categories, threat, indicators, duties, findings (with the ground that allows each, and
 * the bytes of the message that it rests on) and text, the normal form that was judged. What the first recipient of the
 * permit does not allow is in none of them, because it was not read: a walk with several recipients is not for this. Finding
 * the bytes costs some milliseconds. All memory is the walk's arena's; full, it ends at its guard. */
#pragma once

#include "base/json.h"
#include "sekisho/passage.h"

/* After walk_judge. j stands in an open object. */
void judgement_write(struct json *j, const struct walk *walk);
