/* The tables of places (trace/place.h) in the processes of a checkpoint: opened by who may open files, handed on, or made
 * from a record. */
#pragma once

#include <jansson.h>

#include "sekisho/settings.h"

/* Reads what the configuration names into settings->places. file_r (NULL: not wanted) is the memory file to hand on. Files
 * of ranges that are missing are told in the log, as is what was read, when `tell`. */
enum sk_code place_tables_open(struct settings *settings, bool tell, int *file_r,
                               struct why *why);
/* What the record of a message says of places: tables of years later say something else. origin may be NULL. */
const struct places *place_tables_recorded(struct arena *arena, const json_t *origin);
