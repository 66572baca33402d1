/* DMARC reports that others sent us: found in mail, and made into what the keeper is asked to keep. */
#pragma once

#include "base/json.h"
#include "report/dmarc_report.h"

/* The XML of the first part of a message that is a report by its type or name and by its first bytes. SK_BAD: none is. */
enum sk_code dmarc_of_message(struct arena *arena, struct bytes raw, struct bytes *xml_r,
                              struct why *why);
/* The same for a file of any kind: a message, XML, gzip, zip. */
enum sk_code dmarc_of_bytes(struct arena *arena, struct bytes raw, struct bytes *xml_r,
                            struct why *why);

#define DMARC_ROWS_A_REQUEST 2000 /* some 120 bytes each: well below LIMIT_REQUEST */

/* {"do":"dmarc.received",...} with the rows [from, from + DMARC_ROWS_A_REQUEST) of a report that was checked: totals by
 * source and From domain, nothing of texts. */
struct bytes dmarc_received_request(struct arena *arena, const struct dmarc_report *report,
                                    size_t from);
