/* Through the journal, in small steps. Entries stand in the order in which they were kept; a message's time is that of its
 * arrival, at most an hour before (a slow next hop), so the walk begins earlier and goes on a while. */
#include "report/dmarc_gather.h"

#define STEP_ENTRIES 200
#define SLACK_MS     ((int64_t)2 * 3600000)

struct dmarc_walk {
    struct arena *arena;
    int folder;
    int64_t begin_ms, end_ms;
    struct journal_list list;
    size_t segment;
    struct bytes map;
    size_t at;
};

/* "time":1234 of an entry, by its bytes: each entry has it near its beginning, or none. */
static bool
entry_time(struct bytes record, int64_t *ms_r)
{
    struct bytes head = bytes_slice(record, 0, 400);
    size_t at = bytes_find(head, BYTES("\"time\":"), 0);
    uint64_t ms;
    size_t end;

    if (at == BYTES_NOWHERE) {
        return false;
    }
    at += 7;
    for (end = at; end < head.size && ascii_digit(head.at[end]); end++) {
    }
    if (!bytes_to_number(bytes_slice(head, at, end), INT64_MAX, &ms)) {
        return false;
    }
    *ms_r = (int64_t)ms;
    return true;
}

/* The first time that a segment speaks of; false where none of its first entries says one. */
static bool
segment_time(struct bytes map, int64_t *ms_r)
{
    struct journal_frame frame;
    size_t at = 0;

    for (int i = 0; i < 100; i++) {
        enum sk_code code = journal_frame_read(map, at, &frame);
        if (code != SK_OK) {
            return false;
        }
        if (!frame.purged && entry_time(frame.record, ms_r)) {
            return true;
        }
        at += frame.size;
    }
    return false;
}

static enum sk_code
open_segment(struct dmarc_walk *walk, struct why *why)
{
    journal_unmap(walk->map);
    walk->map = BYTES_NONE;
    walk->at = 0;
    return journal_map(walk->folder, walk->list.firsts[walk->segment], &walk->map, why);
}

enum sk_code
dmarc_walk_open(struct arena *arena, int folder, int64_t begin_s, int64_t end_s,
                struct dmarc_walk **walk_r, struct why *why)
{
    struct dmarc_walk *walk = ARENA_NEW(arena, struct dmarc_walk);

    walk->arena = arena;
    walk->folder = folder;
    walk->begin_ms = begin_s * 1000;
    walk->end_ms = end_s * 1000;
    *walk_r = walk;
    enum sk_code code = journal_list(arena, folder, &walk->list, why);
    /* Back to the last segment that begins before the period; one that says no time is gone past. */
    for (walk->segment = walk->list.count; code == SK_OK && walk->segment > 0;) {
        int64_t ms;
        walk->segment--;
        code = open_segment(walk, why);
        if (code == SK_OK && segment_time(walk->map, &ms) &&
            ms < walk->begin_ms - SLACK_MS) {
            break;
        }
    }
    return code;
}

enum sk_code
dmarc_walk_step(struct dmarc_walk *walk, struct dmarc_gather *gather, struct why *why)
{
    for (int i = 0; i < STEP_ENTRIES; i++) {
        struct journal_frame frame;
        int64_t ms;
        if (walk->segment >= walk->list.count) {
            return SK_OK;
        }
        if (walk->at >= walk->map.size) {
            walk->segment++;
            if (walk->segment == walk->list.count) {
                return SK_OK;
            }
            enum sk_code code = open_segment(walk, why);
            if (code != SK_OK) {
                return code;
            }
            continue;
        }
        enum sk_code code = journal_frame_read(walk->map, walk->at, &frame);
        if (code == SK_MORE) { /* just being written, or torn: nothing stands behind it */
            walk->at = walk->map.size;
            continue;
        }
        if (code != SK_OK) {
            return why_set(why, SK_BAD,
                           "the journal is damaged: run sekisho ledger verify");
        }
        walk->at += frame.size;
        if (frame.purged) {
            continue;
        }
        if (entry_time(frame.record, &ms) && ms > walk->end_ms + SLACK_MS) {
            walk->segment = walk->list.count;
            return SK_OK;
        }
        dmarc_gather_take(gather, frame.record);
    }
    return SK_MORE;
}

void
dmarc_walk_close(struct dmarc_walk *walk)
{
    journal_unmap(walk->map);
    walk->map = BYTES_NONE;
}
