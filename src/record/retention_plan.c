#include "record/retention_keeper_private.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/limits.h"

/* One step looks at so many entries, or bytes of rows. */
#define SCAN_ENTRIES 1000
#define SEARCH_ROWS  200

void
retention_work_begin(struct retention *r)
{
    r->work = (struct retention_work){0};
    arena_init(&r->work.arena, (size_t)256 << 20);
}

void
retention_work_end(struct retention *r)
{
    arena_release(&r->work.arena);
    r->phase = PHASE_IDLE;
}

/* Room for one more; the element is zero. */
static void *
grow(struct arena *arena, void **at, size_t *room, size_t count, size_t size)
{
    if (count == *room) {
        *at = arena_grow(arena, *at, *room * size, (2 * *room + 64) * size);
        *room = 2 * *room + 64;
    }
    void *one = (char *)*at + count * size;
    memset(one, 0, size);
    return one;
}

static void
add_index(struct retention_work *w, uint64_t index, int64_t time_ms)
{
    *(uint64_t *)grow(&w->arena, (void **)&w->order.indices, &w->index_room, w->order.count,
                      sizeof(uint64_t)) = index;
    w->order.from_ms =
        w->order.count == 0 || time_ms < w->order.from_ms ? time_ms : w->order.from_ms;
    w->order.upto_ms = time_ms > w->order.upto_ms ? time_ms : w->order.upto_ms;
    w->order.count++;
}

static void
add_row(struct retention_work *w, struct rows_erasure row)
{
    *(struct rows_erasure *)grow(&w->arena, (void **)&w->rows, &w->row_room, w->row_count,
                                 sizeof(row)) = row;
    w->row_count++;
}

static void
add_held(struct retention_work *w, const struct held_ref *ref)
{
    *(struct held_ref *)grow(&w->arena, (void **)&w->held, &w->held_room, w->held_count,
                             sizeof(*ref)) = *ref;
    w->held_count++;
}

/* The rows that fall with an entry. */
static void
add_rows_of(struct retention_work *w, const struct record_row *row, uint64_t index)
{
    int64_t time_ms = row->event.time_ms;

    switch (row->kind) {
    case RECORD_MESSAGE:
    case RECORD_OUTCOME:
        add_row(w, (struct rows_erasure){index, time_ms, true, NULL});
        break;
    case RECORD_CONTENT:
        if (index > 0) {
            add_row(w, (struct rows_erasure){index - 1, time_ms, false, NULL});
        }
        break;
    case RECORD_CONTENT_AGAIN:
        add_row(w, (struct rows_erasure){row->of, time_ms, false, NULL});
        add_row(w, (struct rows_erasure){index, time_ms, true, NULL});
        break;
    case RECORD_OTHER:
        break;
    }
}

static bool
held_there(const struct retention *r, struct bytes record, struct held_ref *ref_r)
{
    return held_ref_read(record, ref_r) && held_check(ledger_folder(vault_ledger(r->vault)),
                                                      ref_r->name, NULL, NULL) == SK_OK;
}

/* Whether an entry belongs to a class at the age where it ends. */
static bool
is_due(const struct retention *r, enum retention_class wanted, enum retention_class class,
       const struct record_row *row, struct bytes record, struct held_ref *ref_r)
{
    *ref_r = (struct held_ref){0};
    if (wanted == RETAIN_HELD) {
        return row->kind == RECORD_MESSAGE && class == RETAIN_SOURCE &&
               held_there(r, record, ref_r);
    }
    return class == wanted;
}

static bool
is_covered(const struct retention *r, struct arena *arena,
           const struct journal_frame *frame)
{
    struct rows_event message;

    return holds_any(r->holds) &&
           retention_message_of(arena, ledger_folder(vault_ledger(r->vault)),
                                vault_folder(r->vault), frame, &message) == SK_OK &&
           holds_cover(r->holds, &message) != NULL;
}

/* SK_MORE: what comes now has not reached its end. */
static enum sk_code
consider(struct retention *r, enum retention_class class, int64_t cutoff_ms,
         const struct journal_frame *frame, struct bytes content)
{
    struct arena scratch;
    enum retention_class is;
    struct record_row row;
    struct held_ref ref;
    enum sk_code code = SK_OK;

    arena_init(&scratch, (size_t)64 << 20);
    bool known =
        !frame->purged && retention_class_of(&scratch, frame->record, content, &is, &row);
    /* What is younger ends the walk, whatever its class: all that follows is younger still. */
    if (known && row.event.time_ms > cutoff_ms) {
        r->due_ms[class] = row.event.time_ms + r->settings.keep_ms[class];
        code = SK_MORE;
    } else if (known && is_due(r, class, is, &row, frame->record, &ref)) {
        if (!is_covered(r, &scratch, frame)) {
            add_index(&r->work, frame->index, row.event.time_ms);
            if (class == RETAIN_HELD || held_there(r, frame->record, &ref)) {
                add_held(&r->work, &ref);
            }
            if (class != RETAIN_HELD) {
                add_rows_of(&r->work, &row, frame->index);
            }
        }
    }
    arena_release(&scratch);
    return code;
}

enum sk_code
retention_plan_class(struct retention *r, enum retention_class class, int64_t now_ms,
                     struct why *why)
{
    struct retention_walk walk;
    struct journal_frame frame;
    struct rows_place place;
    struct writer law;
    uint64_t size = ledger_size(vault_ledger(r->vault));
    int64_t cutoff_ms = now_ms - r->settings.keep_ms[class];
    unsigned looked = 0;

    if (r->scan[class] < r->next[class]) {
        r->scan[class] = r->next[class];
    }
    if (r->scan[class] >= size || now_ms < r->due_ms[class]) {
        return SK_MORE; /* and the journal is not looked at every second */
    }
    enum sk_code code = retention_walk_open(
        &walk, &r->work.arena, ledger_folder(vault_ledger(r->vault)), r->scan[class], why);
    if (code != SK_OK) {
        return code;
    }
    while (looked < SCAN_ENTRIES && r->scan[class] < size && code == SK_OK) {
        code = retention_walk_next(&walk, &frame, &place, why);
        if (code == SK_OK) {
            code = consider(r, class, cutoff_ms, &frame, retention_walk_peek(&walk));
        }
        if (code == SK_OK) {
            r->scan[class]++;
            looked++;
        }
    }
    retention_walk_close(&walk);
    writer_init(&law, &r->work.arena);
    writer_format(&law, "retention.%s = %lldd", retention_class_name(class),
                  (long long)(r->settings.keep_ms[class] / 86400000));
    r->work.order.class = class;
    r->work.order.next = r->scan[class];
    r->work.order.law = writer_view(&law);
    return code == SK_MORE && looked == 0 ? SK_MORE : code == SK_MORE ? SK_OK : code;
}

static int
order_indices(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/* One content entry that may rest on him. of: the message's entry. */
static void
consider_content(struct retention *r, struct retention_erasure *e,
                 const struct journal_frame *frame, const struct rows_event *message)
{
    struct retention_work *w = &r->work;
    struct record_row row;
    struct bytes rest;

    if (frame->purged || frame->index >= e->index ||
        record_read(&w->arena, frame->record, &row) != SK_OK ||
        (row.kind != RECORD_CONTENT && row.kind != RECORD_CONTENT_AGAIN) ||
        !bytes_equal(row.event.id, message->id) ||
        record_content_without(&w->arena, frame->record, e->recipient, e->families,
                               message->place.index, &rest) != SK_OK) {
        return;
    }
    if (holds_cover(r->holds, message) != NULL) {
        e->waiting++;
        return;
    }
    add_index(w, frame->index, message->time_ms);
    struct rows_erasure erasure = {message->place.index, message->time_ms, false, NULL};
    if (rest.size > 0) {
        struct record_row *left = ARENA_NEW(&w->arena, struct record_row);
        if (record_read(&w->arena, rest, left) == SK_OK) {
            erasure.content = &left->event;
        }
        *(struct bytes *)grow(&w->arena, (void **)&w->lines, &w->line_room, w->line_count,
                              sizeof(rest)) = rest;
        w->line_count++;
        e->rewritten++;
    }
    add_row(w, erasure);
    if (row.kind == RECORD_CONTENT_AGAIN) {
        add_row(w, (struct rows_erasure){frame->index, message->time_ms, true, NULL});
    }
    e->purged++;
}

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

bool
retention_is_of(const struct retention_erasure *e, struct bytes address)
{
    return e->recipient.at[0] == '@' ? bytes_ends_fold(address, e->recipient)
                                     : bytes_equal_fold(address, e->recipient);
}

/* Addresses that were given a message. */
struct given {
    struct bytes *at;
    size_t count, room;
};

static void
take_given(struct arena *arena, struct given *given, struct bytes record)
{
    json_t *outcome =
        json_loadb((const char *)record.at, record.size, JSON_ALLOW_NUL, NULL);
    const json_t *to;
    size_t i;

    if (!bytes_is(text_of(outcome, "kind"), "outcome")) {
        json_decref(outcome);
        return;
    }
    json_array_foreach(json_object_get(outcome, "to"), i, to)
    {
        if (bytes_is(text_of(to, "outcome"), "delivered")) {
            *(struct bytes *)grow(arena, (void **)&given->at, &given->room, given->count,
                                  sizeof(struct bytes)) =
                bytes_copy(arena, text_of(to, "address"));
            given->count++;
        }
    }
    json_decref(outcome);
}

static bool
was_given(const struct given *given, struct bytes address)
{
    for (size_t i = 0; i < given->count; i++) {
        if (bytes_equal(given->at[i], address)) {
            return true;
        }
    }
    return false;
}

/* Whether a message is held for him alone; *given_r: and everyone it is held for has been given it. That others, for whom it
 * was not held, have theirs says nothing. */
static bool
held_for_him_alone(const struct retention_erasure *e, struct bytes record,
                   const struct given *given, bool *given_r)
{
    json_t *message =
               json_loadb((const char *)record.at, record.size, JSON_ALLOW_NUL, NULL),
           *recipient;
    bool his = false, others = false;
    size_t i;

    *given_r = true;
    json_array_foreach(json_object_get(message, "recipients"), i, recipient)
    {
        const json_t *to = json_array_get(json_object_get(message, "to"), i);
        struct bytes address = json_is_string(to)
                                   ? bytes_of(json_string_value(to), json_string_length(to))
                                   : BYTES_NONE;
        if (bytes_is(text_of(recipient, "action"), "hold")) {
            bool he = retention_is_of(e, address);
            his = his || he;
            others = others || !he;
            *given_r = *given_r && was_given(given, address);
        }
    }
    json_decref(message);
    return his && !others;
}

/* Held mail that nobody has released yet is still his mail: it waits for him, or for the end of retention.held. */
static enum sk_code
consider_held(struct retention *r, struct retention_erasure *e,
              const struct journal_frame *frame, const struct rows_event *message,
              struct why *why)
{
    struct retention_work *w = &r->work;
    int folder = ledger_folder(vault_ledger(r->vault));
    struct rows_outcome *outcomes;
    struct journal_frame found;
    struct held_ref ref;
    struct given given = {0};
    bool has_it;
    size_t count;

    if (frame->purged || frame->index >= e->index || !held_there(r, frame->record, &ref)) {
        return SK_OK;
    }
    enum sk_code code = rows_outcomes(&w->arena, vault_folder(r->vault), message->id,
                                      &outcomes, &count, why);
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        const struct rows_place *place = &outcomes[i].place;
        if (journal_fetch(&w->arena, folder, place->segment, place->offset, place->index,
                          &found, why) == SK_OK &&
            !found.purged) {
            take_given(&w->arena, &given, found.record);
        }
    }
    if (code != SK_OK || !held_for_him_alone(e, frame->record, &given, &has_it)) {
        return code;
    }
    if (!has_it) {
        e->held++;
    } else if (holds_cover(r->holds, message) != NULL) {
        e->waiting++;
    } else {
        add_index(w, frame->index, message->time_ms);
        add_held(w, &ref);
        e->destroyed++;
    }
    return SK_OK;
}

/* What was read of a message: its content, and what was written anew. */
static enum sk_code
consider_contents(struct retention *r, struct retention_erasure *e, struct bytes segment,
                  const struct journal_frame *frame, const struct rows_event *message,
                  struct why *why)
{
    int folder = ledger_folder(vault_ledger(r->vault));
    struct rows_outcome *outcomes;
    struct journal_frame next, found;
    size_t count;

    enum sk_code code = rows_outcomes(&r->work.arena, vault_folder(r->vault), message->id,
                                      &outcomes, &count, why);
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        const struct rows_place *place = &outcomes[i].place;
        if (journal_fetch(&r->work.arena, folder, place->segment, place->offset,
                          place->index, &found, why) == SK_OK) {
            consider_content(r, e, &found, message);
        }
    }
    if (code == SK_OK &&
        journal_frame_read(segment, (size_t)message->place.offset + frame->size, &next) ==
            SK_OK) {
        consider_content(r, e, &next, message);
    }
    return code;
}

/* A message that was sent to him. */
static enum sk_code
consider_message(struct retention *r, struct retention_erasure *e,
                 const struct rows_event *message, struct why *why)
{
    int folder = ledger_folder(vault_ledger(r->vault));
    struct journal_frame frame;
    struct bytes segment;

    enum sk_code code = journal_map(folder, message->place.segment, &segment, why);
    if (code != SK_OK) {
        return code;
    }
    if (message->place.offset < segment.size &&
        journal_frame_read(segment, (size_t)message->place.offset, &frame) == SK_OK &&
        frame.index == message->place.index) {
        code = e->held_turn ? consider_held(r, e, &frame, message, why)
                            : consider_contents(r, e, segment, &frame, message, why);
    }
    journal_unmap(segment);
    return code;
}

/* One turn over the page that the search stands at. */
static enum sk_code
plan_turn(struct retention *r, struct retention_erasure *e, struct rows_found *found_r,
          struct why *why)
{
    struct rows_query query = {
        .recipient = e->recipient, .to_ms = e->upto_ms, .most = SEARCH_ROWS};

    enum sk_code code =
        rows_search(&r->work.arena, vault_folder(r->vault), &query, found_r, why);
    for (size_t i = 0; code == SK_OK && i < found_r->count; i++) {
        code = consider_message(r, e, &found_r->events[i], why);
    }
    return code;
}

enum sk_code
retention_plan_erasure(struct retention *r, struct retention_erasure *e, struct why *why)
{
    struct retention_work *w = &r->work;
    bool content = (e->families & FAMILY_BIT(FAMILY_CONTENT)) != 0;
    struct rows_found found;
    struct writer law;

    vault_rows(r->vault);
    if (vault_trouble(r->vault) != NULL) {
        return why_set(why, SK_LATER, "an erasure waits for the rows: %s",
                       vault_trouble(r->vault));
    }
    if (!e->begun) {
        e->begun = true;
        e->again = e->held_turn = e->last_page = false;
        e->upto_ms = 0;
        e->purged = e->rewritten = e->destroyed = e->waiting = e->held = 0;
    }
    enum sk_code code = plan_turn(r, e, &found, why);
    if (code == SK_OK && !e->held_turn && content && w->order.count == 0) {
        e->held_turn = true;
        code = plan_turn(r, e, &found, why);
    }
    if (code != SK_OK) {
        e->begun = false; /* counted in part: from the first page again */
        return code;
    }
    w->order.class = e->held_turn ? RETAIN_HELD : RETAIN_CONTENT;
    if (!e->held_turn && content) {
        e->held_turn = true; /* the same page once more */
    } else {
        e->held_turn = false;
        e->last_page = !found.more;
        if (found.count > 0) {
            int64_t newest = found.events[0].time_ms,
                    oldest = found.events[found.count - 1].time_ms;
            /* Others of the same millisecond may stand on the next page; those seen are purged by then. */
            e->upto_ms = oldest + (oldest < newest);
        }
    }
    if (w->order.count > 0) {
        qsort(w->order.indices, w->order.count, sizeof(uint64_t), order_indices);
    }
    writer_init(&law, &w->arena);
    writer_format(&law, "consent withdrawn, entry %llu", (unsigned long long)e->index);
    w->order.law = writer_view(&law);
    return SK_OK;
}

enum sk_code
retention_plan_again(struct retention *r, struct retention_note *note, struct why *why)
{
    struct retention_work *w = &r->work;
    int folder = ledger_folder(vault_ledger(r->vault));
    struct journal_frame frame;
    struct rows_place place;
    struct retention_walk walk;
    struct record_row row;
    struct held_ref ref;

    enum sk_code code =
        retention_fetch(&w->arena, folder, note->index, &frame, &place, why);
    if (code == SK_OK &&
        retention_order_read(&w->arena, frame.record, &w->order) != SK_OK) {
        code =
            why_set(why, SK_BAD, "entry %llu is no order", (unsigned long long)note->index);
    }
    if (code == SK_OK) {
        code = retention_walk_open(&walk, &w->arena, folder, w->order.indices[0], why);
    }
    for (size_t i = 0; code == SK_OK && i < w->order.count;) {
        code = retention_walk_next(&walk, &frame, &place, why);
        if (code != SK_OK || frame.index != w->order.indices[i]) {
            continue;
        }
        i++;
        if (!frame.purged && record_read(&w->arena, frame.record, &row) == SK_OK) {
            add_rows_of(w, &row, frame.index);
            if (held_there(r, frame.record, &ref)) {
                add_held(w, &ref);
            }
            continue;
        }
        /* The journal has forgotten it; its row went before, unless the machine lost power in between. */
        bool inside = w->order.class == RETAIN_CONTENT;
        for (int64_t day = w->order.from_ms; day <= w->order.upto_ms + 86399999;
             day += 86400000) {
            add_row(w, (struct rows_erasure){frame.index - (inside && frame.index > 0), day,
                                             !inside, NULL});
        }
    }
    if (code == SK_OK) {
        retention_walk_close(&walk);
    }
    if (w->order.class == RETAIN_HELD) {
        w->row_count = 0;
    }
    w->number = note->index;
    return code == SK_MORE ? why_set(why, SK_BAD, "order %llu names what is not there",
                                     (unsigned long long)note->index)
                           : code;
}
