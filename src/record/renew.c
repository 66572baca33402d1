#include "record/renew.h"

#include "base/clock.h"

/* So far into a record stand its kind and its times. */
#define HEAD_BYTES 400
/* The clock is looked at once in so many frames. */
#define FRAMES 64

void
renew_stop(struct renew *renew)
{
    if (renew->on) {
        arena_release(&renew->arena);
    }
    *renew = (struct renew){0};
}

static bool
time_after(struct bytes head, const char *key, int64_t *time_r)
{
    struct bytes word = bytes_from_text(key);
    uint64_t number;
    size_t at = bytes_find(head, word, 0), end;

    if (at == BYTES_NOWHERE) {
        return false;
    }
    at += word.size;
    for (end = at; end < head.size && ascii_digit(head.at[end]); end++) {
    }
    if (!bytes_to_number(bytes_slice(head, at, end), INT64_MAX, &number)) {
        return false;
    }
    *time_r = (int64_t)number;
    return true;
}

/* Whether it may have rows in a day that is wanted. Most have not, and are not read further. */
static bool
may_matter(const struct rows *rows, const struct journal_frame *frame)
{
    struct bytes head = bytes_slice(frame->record, 0, HEAD_BYTES);
    int64_t time = 0, arrived = 0;
    bool has_time = time_after(head, "\"time\":", &time),
         has_arrived = time_after(head, "\"arrived\":", &arrived);

    return !frame->purged &&
           ((has_time && rows_wants(rows, time)) ||
            (has_arrived && rows_wants(rows, arrived)) || (!has_time && !has_arrived));
}

static enum sk_code
renew_segment(struct renew *r, int folder, struct rows *rows, int64_t until_ms,
              renew_put *put, void *context, struct why *why)
{
    uint64_t first = r->list.firsts[r->segment];
    struct journal_frame frame;
    struct bytes segment;

    enum sk_code code = journal_map(folder, first, &segment, why);
    if (code != SK_OK) {
        return code;
    }
    if (r->at == 0) {
        r->index = first;
    }
    for (unsigned turn = 1; code == SK_OK; turn++) {
        if (r->at >= segment.size || r->index >= r->end ||
            journal_frame_read(segment, r->at, &frame) != SK_OK) {
            break;
        }
        if (may_matter(rows, &frame)) {
            code = put(context, &frame, segment,
                       (struct rows_place){r->index, first, r->at}, why);
        }
        r->at += frame.size;
        r->index++;
        if (turn % FRAMES == 0 && clock_monotonic_ms() >= until_ms) {
            journal_unmap(segment);
            return code == SK_OK ? SK_MORE : code;
        }
    }
    journal_unmap(segment);
    r->segment++;
    r->at = 0;
    return code;
}

enum sk_code
renew_step(struct renew *renew, int folder, struct rows *rows, uint64_t size,
           int64_t within_ms, renew_put *put, void *context, struct why *why)
{
    int64_t until_ms = clock_monotonic_ms() + within_ms;
    enum sk_code code = SK_OK;

    if (!renew->on) {
        *renew = (struct renew){.on = true, .end = size};
        arena_init(&renew->arena, (size_t)16 << 20);
        rows_again_begin(rows);
        code = journal_list(&renew->arena, folder, &renew->list, why);
    }
    while (code == SK_OK && renew->segment < renew->list.count) {
        code = renew_segment(renew, folder, rows, until_ms, put, context, why);
        if (code == SK_OK && clock_monotonic_ms() >= until_ms) {
            code = SK_MORE;
        }
    }
    if (code == SK_OK || code == SK_MORE) {
        enum sk_code committed = rows_commit(rows, why);
        code = committed == SK_OK ? code : committed;
    }
    if (code == SK_MORE) {
        return code;
    }
    if (code == SK_OK) {
        code = rows_again_end(rows, why);
    } else {
        rows_forget(rows);
    }
    renew_stop(renew);
    return code;
}
