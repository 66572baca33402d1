/* Width folded for searching: half-width kana (U+FF61-FF9F, with their sound marks) to kana, full-width ASCII to ASCII, so
 * that カメラ finds ｶﾒﾗ. What is kept in a row and what is asked for are folded alike; the record itself is not. */
#pragma once

#include "base/writer.h"

/* The text as it is if there is nothing to fold; else a copy in the arena. Broken UTF-8 stays as it is. */
struct bytes rows_fold(struct arena *arena, struct bytes text);
