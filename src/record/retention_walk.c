#include "record/retention_private.h"

#include "record/vault.h"

#include "base/clock.h"

static uint64_t
big_endian(const uint8_t *at, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

/* Steps over frames by their heads alone: to check each hash on the way would cost more than the work itself. */
static bool
skip_to(struct retention_walk *walk, uint64_t from)
{
    while (walk->index < from && walk->at + JOURNAL_HEADER_SIZE <= walk->map.size) {
        const uint8_t *head = walk->map.at + walk->at;
        if (big_endian(head + 8, 8) != walk->index) {
            return false;
        }
        walk->at += JOURNAL_HEADER_SIZE + (size_t)big_endian(head + 4, 4);
        walk->index++;
    }
    return walk->index == from;
}

static enum sk_code
open_segment(struct retention_walk *walk, struct why *why)
{
    journal_unmap(walk->map);
    walk->map = BYTES_NONE;
    walk->at = 0;
    if (walk->segment == walk->list.count) {
        return SK_OK;
    }
    walk->index = walk->list.firsts[walk->segment];
    return journal_map(walk->folder, walk->index, &walk->map, why);
}

enum sk_code
retention_walk_open(struct retention_walk *walk, struct arena *arena, int folder,
                    uint64_t from, struct why *why)
{
    *walk = (struct retention_walk){.arena = arena, .folder = folder};
    enum sk_code code = journal_list(arena, folder, &walk->list, why);
    while (code == SK_OK && walk->segment + 1 < walk->list.count &&
           walk->list.firsts[walk->segment + 1] <= from) {
        walk->segment++;
    }
    if (code == SK_OK) {
        code = open_segment(walk, why);
    }
    if (code == SK_OK && walk->map.size > 0 && walk->index < from && !skip_to(walk, from) &&
        walk->at < walk->map.size) {
        code = why_set(why, SK_BAD, "the journal is damaged before entry %llu",
                       (unsigned long long)from);
    }
    if (code != SK_OK) {
        retention_walk_close(walk);
    }
    return code;
}

enum sk_code
retention_walk_next(struct retention_walk *walk, struct journal_frame *frame_r,
                    struct rows_place *place_r, struct why *why)
{
    while (walk->at >= walk->map.size) {
        if (walk->segment >= walk->list.count) {
            return SK_MORE;
        }
        walk->segment++;
        enum sk_code code = open_segment(walk, why);
        if (code != SK_OK || walk->segment == walk->list.count) {
            return code == SK_OK ? SK_MORE : code;
        }
    }
    enum sk_code code = journal_frame_read(walk->map, walk->at, frame_r);
    if (code == SK_MORE) { /* being written */
        return SK_MORE;
    }
    if (code != SK_OK || frame_r->index != walk->index) {
        return why_set(why, SK_BAD, "entry %llu of the journal is damaged",
                       (unsigned long long)walk->index);
    }
    *place_r = (struct rows_place){walk->index, walk->list.firsts[walk->segment], walk->at};
    walk->at += frame_r->size;
    walk->index++;
    return SK_OK;
}

struct bytes
retention_walk_peek(const struct retention_walk *walk)
{
    struct journal_frame frame;

    return journal_frame_read(walk->map, walk->at, &frame) == SK_OK && !frame.purged &&
                   bytes_starts(frame.record, BYTES("{\"v\":1,\"kind\":\"content\""))
               ? frame.record
               : BYTES_NONE;
}

void
retention_walk_close(struct retention_walk *walk)
{
    journal_unmap(walk->map);
    walk->map = BYTES_NONE;
    walk->segment = walk->list.count;
    walk->at = 0;
}

enum sk_code
retention_fetch(struct arena *arena, int folder, uint64_t index,
                struct journal_frame *frame_r, struct rows_place *place_r, struct why *why)
{
    struct retention_walk walk;

    enum sk_code code = retention_walk_open(&walk, arena, folder, index, why);
    if (code != SK_OK) {
        return code;
    }
    code = retention_walk_next(&walk, frame_r, place_r, why);
    if (code == SK_OK && frame_r->index == index) {
        frame_r->salt = bytes_copy(arena, frame_r->salt);
        frame_r->leaf_data = bytes_copy(arena, frame_r->leaf_data);
        frame_r->record = bytes_copy(arena, frame_r->record);
    } else if (code == SK_OK || code == SK_MORE) {
        code = why_set(why, SK_BAD, "there is no entry %llu", (unsigned long long)index);
    }
    retention_walk_close(&walk);
    return code;
}

static bool
is_kind(struct bytes record, const char *kind)
{
    struct bytes rest = bytes_from(record, sizeof("{\"v\":1,\"kind\":\"") - 1),
                 name = bytes_from_text(kind);

    return bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"")) &&
           bytes_starts(rest, name) && rest.size > name.size &&
           (rest.at[name.size] == '"' || rest.at[name.size] == '.');
}

bool
retention_class_of(struct arena *arena, struct bytes record, struct bytes content,
                   enum retention_class *class_r, struct record_row *row_r)
{
    struct record_row inside;

    if (record_read(arena, record, row_r) != SK_OK) {
        return false;
    }
    switch (row_r->kind) {
    case RECORD_MESSAGE:
        /* Records of the first version have their content, and a threat, in the message's line. */
        *class_r =
            row_r->event.threat.size > 0 ||
                    (content.size > 0 && record_read(arena, content, &inside) == SK_OK &&
                     bytes_equal(inside.event.id, row_r->event.id) &&
                     inside.event.threat.size > 0)
                ? RETAIN_THREAT
                : RETAIN_SOURCE;
        return true;
    case RECORD_CONTENT:
    case RECORD_CONTENT_AGAIN:
        *class_r = row_r->event.threat.size > 0 ? RETAIN_THREAT : RETAIN_CONTENT;
        return true;
    case RECORD_OUTCOME:
        *class_r = RETAIN_OUTCOME;
        return true;
    case RECORD_OTHER:
        *class_r = RETAIN_LOOK;
        return is_kind(record, "look");
    }
    return false;
}

enum sk_code
retention_message_of(struct arena *arena, int folder, const char *folder_name,
                     const struct journal_frame *frame, struct rows_event *message_r)
{
    struct record_row row, of;
    struct journal_frame found;
    struct rows_place place;

    *message_r = (struct rows_event){0};
    if (record_read(arena, frame->record, &row) != SK_OK || row.kind == RECORD_OTHER) {
        return SK_BAD;
    }
    *message_r = row.event;
    if (row.kind == RECORD_MESSAGE) {
        return SK_OK;
    }
    enum sk_code code = SK_BAD;
    if (row.kind == RECORD_CONTENT && frame->index > 0) {
        code = retention_fetch(arena, folder, frame->index - 1, &found, &place, NULL);
    } else if (row.kind == RECORD_CONTENT_AGAIN) {
        code = retention_fetch(arena, folder, row.of, &found, &place, NULL);
    } else {
        code = vault_find(arena, folder_name, row.event.id, &found, NULL);
    }
    /* A message that is gone leaves its id and time: a hold takes what it cannot know for covered. */
    message_r->recipients = message_r->sender = message_r->client = BYTES_NONE;
    if (code == SK_OK && !found.purged && record_read(arena, found.record, &of) == SK_OK &&
        of.kind == RECORD_MESSAGE && bytes_equal(of.event.id, row.event.id)) {
        *message_r = of.event;
    }
    return SK_OK;
}
