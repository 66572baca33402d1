/* Making the rows of some days again from the journal, a little at a time beside the mail (store/rows.h tells which days and
 * why). Records keep their order and number, so the rows come out as they were; of what was purged nothing comes back. */
#pragma once

#include "record/journal.h"
#include "store/rows.h"

struct renew {
    bool on;
    struct arena arena; /* of the list of segments */
    struct journal_list list;
    size_t segment, at; /* the next frame: in which segment, at which byte */
    uint64_t index, end;
};

typedef enum sk_code renew_put(void *context, const struct journal_frame *frame,
                               struct bytes segment, struct rows_place place,
                               struct why *why);

/* One slice of at most about within_ms. size: of the ledger. put: enters the rows of one frame. SK_MORE: call again;
 * SK_OK: all days that were wanted when it began are there again. Any other code: not through, it begins anew. */
enum sk_code renew_step(struct renew *renew, int folder, struct rows *rows, uint64_t size,
                        int64_t within_ms, renew_put *put, void *context, struct why *why);
/* Gives up a pass that is under way. */
void renew_stop(struct renew *renew);
