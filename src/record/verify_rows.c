/* The rows of the day files: what people search in must say what the journal says. Each row is held against the record it
 * stands for, and there must be as many rows as messages. */
#include "record/verify_private.h"

#include "base/clock.h"
#include "base/limits.h"
#include "record/ledger.h"
#include "record/row.h"
#include "store/rows.h"

#define PAGE 2000
/* Rows follow the journal by a moment. */
#define ROWS_BEHIND_MS 5000

struct comparing {
    struct verifier *v;
    struct table seen; /* indices, while one page follows the other */
    uint64_t rows, sure;
};

void
verify_rows_begin(struct verifier *v)
{
    struct arena arena;
    struct bytes text;

    v->now_ms = clock_now_ms();
    arena_init(&arena, 1u << 20);
    if (ledger_read_file(&arena, v->folder, "rows.mark", 64, &text, NULL) != SK_OK ||
        !bytes_to_number(bytes_trim(text), UINT64_MAX, &v->rows_mark)) {
        v->rows_mark = 0;
    }
    arena_release(&arena);
}

bool
verify_row_sure(const struct verifier *v, uint64_t index, int64_t time_ms)
{
    return index < v->rows_mark || v->now_ms - time_ms >= ROWS_BEHIND_MS;
}

static const char *
different(const struct rows_event *row, const struct rows_event *record)
{
    return !bytes_equal(row->id, record->id)                   ? "id"
           : row->time_ms != record->time_ms                   ? "time"
           : !bytes_equal(row->sender, record->sender)         ? "sender"
           : !bytes_equal(row->recipients, record->recipients) ? "recipients"
           : !bytes_equal(row->client, record->client)         ? "client"
           : !bytes_equal(row->action, record->action)         ? "action"
           : row->size != record->size                         ? "size"
                                                               : NULL;
}

/* What was read with consent stands in the entry behind the message's. */
static const char *
different_content(const struct rows_event *row, const struct rows_event *record)
{
    return !bytes_equal(row->subject, record->subject)     ? "subject"
           : !bytes_equal(row->name, record->name)         ? "name"
           : !bytes_equal(row->text, record->text)         ? "text"
           : !bytes_equal(row->category, record->category) ? "category"
           : !bytes_equal(row->threat, record->threat)     ? "threat"
                                                           : NULL;
}

static void
compare(struct comparing *c, struct arena *arena, const struct rows_event *row)
{
    struct verifier *v = c->v;
    const struct rows_place *place = &row->place;
    struct journal_frame frame, content;
    struct record_row record;
    unsigned long long index = place->index;
    const char *what = NULL;

    c->rows++;
    c->sure += verify_row_sure(v, place->index, row->time_ms);
    if (journal_fetch(arena, v->folder, place->segment, place->offset, place->index, &frame,
                      NULL) != SK_OK ||
        frame.purged || record_read(arena, frame.record, &record) != SK_OK ||
        record.kind != RECORD_MESSAGE) {
        verify_fault(
            v, place->index,
            "a row of the day files stands for entry %llu, which is no message: it "
            "was added or altered",
            index);
        return;
    }
    what = different(row, &record.event);
    if (what == NULL &&
        journal_fetch(arena, v->folder, place->segment, place->offset + frame.size,
                      place->index + 1, &content, NULL) == SK_OK &&
        !content.purged && record_read(arena, content.record, &record) == SK_OK &&
        record.kind == RECORD_CONTENT) {
        what = different_content(row, &record.event);
    }
    if (what != NULL) {
        verify_fault(v, place->index, "the row of entry %llu was altered: its %s", index,
                     what);
    }
}

/* One page, newest first. false: it was the last. */
static bool
compare_page(struct comparing *c, int64_t *to_ms)
{
    struct rows_query query = {.to_ms = *to_ms, .most = PAGE};
    struct rows_found found;
    struct arena arena;
    struct why why;
    uint64_t before = c->rows;

    arena_init(&arena, (size_t)1 << 29);
    enum sk_code code = rows_search(&arena, c->v->path, &query, &found, &why);
    if (code != SK_OK || found.unread.size > 0) {
        verify_fault(c->v, UINT64_MAX, "the rows cannot be read: %s",
                     code != SK_OK ? why.sentence : bytes_text(&arena, found.unread));
        arena_release(&arena);
        return false;
    }
    for (size_t i = 0; i < found.count; i++) {
        struct bytes index =
            bytes_of(&found.events[i].place.index, sizeof found.events[i].place.index);
        if (table_get(&c->seen, index) == NULL) {
            table_put(&c->seen, bytes_copy(c->seen.arena, index), c);
            compare(c, &arena, &found.events[i]);
        }
        *to_ms = found.events[i].time_ms + 1;
    }
    bool more = found.more && c->rows > before;
    arena_release(&arena);
    return more;
}

void
verify_rows(struct verifier *v)
{
    struct comparing c = {.v = v};
    struct arena arena;
    int64_t to_ms = INT64_MAX / 2;

    arena_init(&arena, (size_t)1 << 32);
    table_init(&c.seen, &arena, false);
    while (compare_page(&c, &to_ms)) {
    }
    v->report->rows = c.rows;
    if (c.sure < v->messages_sure || c.rows > v->messages) {
        verify_fault(v, UINT64_MAX,
                     "the day files have %llu rows for %llu messages: rows were added or "
                     "taken away",
                     (unsigned long long)c.rows, (unsigned long long)v->messages);
    }
    arena_release(&arena);
}
