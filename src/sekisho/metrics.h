/* The figures of a checkpoint: one table of what is counted, from which Prometheus' text, `sekisho status` and
 * docs/METRICS.md are made. Names and units follow Prometheus' practice: _total counts from the start of the process that
 * counts, seconds and bytes are the units. No figure names a person, an address or a message. */
#pragma once

#include "base/json.h"
#include "sekisho/keeping.h"

/* Prometheus' text format of all figures. */
void metrics_write(struct writer *w, const struct keeping *keeping);
/* The same numbers as members of an open JSON object, without "sekisho_" in front; those with labels are objects. */
void metrics_write_json(struct json *j, const struct keeping *keeping);
/* The table: "name TAB type TAB help" lines. */
void metrics_write_table(struct writer *w);
