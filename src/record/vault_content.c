#include "record/vault.h"

#include <fcntl.h>
#include <unistd.h>

#include "record/retention_private.h"

static bool
is_content_of(struct arena *arena, const struct journal_frame *frame, struct bytes id)
{
    struct record_row row;

    return !frame->purged && record_read(arena, frame->record, &row) == SK_OK &&
           (row.kind == RECORD_CONTENT || row.kind == RECORD_CONTENT_AGAIN) &&
           bytes_equal(row.event.id, id);
}

/* Right behind its message; one that was purged there is told by the order that names it. */
static enum sk_code
find_first(struct arena *arena, int folder, struct bytes id,
           const struct journal_frame *message, struct journal_frame *content_r,
           struct why *why)
{
    struct rows_place place;
    struct retention_order order;

    enum sk_code code =
        retention_fetch(arena, folder, message->index + 1, content_r, &place, why);
    if (code == SK_BAD) { /* the message is the last entry */
        *content_r = (struct journal_frame){0};
        return SK_MORE;
    }
    if (code != SK_OK || is_content_of(arena, content_r, id)) {
        return code;
    }
    if (content_r->purged &&
        retention_find_order(arena, folder, content_r->index, &order, why) == SK_OK &&
        (order.class == RETAIN_CONTENT || order.class == RETAIN_THREAT)) {
        return SK_MORE;
    }
    *content_r = (struct journal_frame){0};
    return SK_MORE;
}

enum sk_code
vault_find_content(struct arena *arena, const char *folder, struct bytes id,
                   const struct journal_frame *message, struct journal_frame *content_r,
                   struct why *why)
{
    struct rows_outcome *outcomes;
    struct journal_frame frame;
    size_t count;
    bool again = false;

    *content_r = (struct journal_frame){0};
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) {
        return why_set(why, SK_SYSTEM, "cannot open %s", folder);
    }
    enum sk_code code = rows_outcomes(arena, folder, id, &outcomes, &count, why);
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        const struct rows_place *place = &outcomes[i].place;
        if (journal_fetch(arena, at, place->segment, place->offset, place->index, &frame,
                          why) == SK_OK &&
            is_content_of(arena, &frame, id)) {
            *content_r = frame;
            again = true;
        }
    }
    if (code == SK_OK && !again) {
        code = find_first(arena, at, id, message, content_r, why);
    }
    close(at);
    return code;
}

enum sk_code
vault_entry(struct arena *arena, int folder, uint64_t index, struct journal_frame *frame_r,
            struct why *why)
{
    struct rows_place place;

    return retention_fetch(arena, folder, index, frame_r, &place, why);
}
