/* What made a verdict, in a few words of its record: program, model, lexicon and the operator's policy. Years later it tells
 * why the same message would be judged otherwise (sekisho replay). */
#pragma once

#include "judge/opinion.h"
#include "sekisho/settings.h"

/* {"program":"0.1.0","model":"...","lexicon":"...","policy":"label 3, hold 8, ..."} */
struct bytes made_by(struct arena *arena, const struct settings *settings,
                     struct judge *judge);
