#include "record/retention_private.h"

#include <unistd.h>

#include "base/limits.h"
#include "record/ledger.h"

struct purging {
    int folder;
    const char *folder_name;
    struct holds *holds;
    bool any_hold;
    struct retention_result *result;
    struct why *why;
    int file; /* the segment in hand, open for writing; -1: none */
    uint64_t segment;
};

/* What was written to the segment in hand is on disk when this says SK_OK. */
static enum sk_code
settle(struct purging *p)
{
    int file = p->file;

    p->file = -1;
    if (file < 0) {
        return SK_OK;
    }
    bool done = fdatasync(file) == 0;
    done = close(file) == 0 && done;
    return done ? SK_OK : why_set(p->why, SK_SYSTEM, "a purge could not be synced");
}

static enum sk_code
turn_to(struct purging *p, uint64_t segment)
{
    if (p->file >= 0 && p->segment == segment) {
        return SK_OK;
    }
    enum sk_code code = settle(p);
    if (code == SK_OK) {
        p->segment = segment;
        p->file = journal_open_purging(p->folder, segment, p->why);
        code = p->file >= 0 ? SK_OK : SK_SYSTEM;
    }
    return code;
}

/* Only what the signed checkpoint covers was committed for good; what stands behind it might still be cut off by a crash,
 * and the order with it. The checkpoint's own signature is verify's affair: here it bounds, it does not prove. */
static enum sk_code
committed_size(struct arena *arena, int folder, uint64_t *size_r, struct why *why)
{
    struct bytes text;
    struct note note;
    struct checkpoint checkpoint;

    enum sk_code code =
        ledger_read_file(arena, folder, "checkpoint", LIMIT_NOTE_BYTES, &text, why);
    if (code == SK_OK) {
        code = note_read(arena, text, &note, why);
    }
    if (code == SK_OK && !checkpoint_read(note.text, &checkpoint)) {
        code = why_set(why, SK_BAD, "the checkpoint cannot be read");
    }
    *size_r = code == SK_OK ? checkpoint.size : 0;
    return code;
}

static enum sk_code
purge_entry(struct purging *p, struct bytes segment, const struct journal_frame *frame,
            const struct rows_place *place)
{
    struct arena arena;
    struct rows_event message;
    bool covered = false;

    arena_init(&arena, (size_t)64 << 20);
    if (p->any_hold && !frame->purged &&
        retention_message_of(&arena, p->folder, p->folder_name, frame, &message) == SK_OK) {
        covered = holds_cover(p->holds, &message) != NULL;
    }
    arena_release(&arena);
    if (covered) {
        p->result->spared++;
        return SK_OK;
    }
    /* One that was begun before a crash is done again: its head says purged, its bytes may still be there. */
    enum sk_code code = turn_to(p, place->segment);
    if (code == SK_OK) {
        code = journal_zero(p->file, segment, place->offset, place->index, p->why);
    }
    p->result->purged += code == SK_OK;
    return code;
}

/* Orders name what stood in the journal before them, of the classes whose entries go; nothing else can be purged by
 * an order, whoever wrote it. */
static enum sk_code
check_order(const struct retention_order *order, uint64_t index, struct why *why)
{
    if (order->class == RETAIN_HELD) {
        return why_set(why, SK_BAD, "order %llu is for held messages, not for entries",
                       (unsigned long long)index);
    }
    if (order->indices[order->count - 1] >= index) {
        return why_set(why, SK_BAD, "order %llu names what stands behind it",
                       (unsigned long long)index);
    }
    return SK_OK;
}

/* Whether an entry is of a kind that is ever purged. */
static bool
may_go(const struct journal_frame *frame)
{
    struct arena arena;
    struct record_row row;
    enum retention_class class;

    if (frame->purged) {
        return true;
    }
    arena_init(&arena, (size_t)64 << 20);
    bool may = retention_class_of(&arena, frame->record, BYTES_NONE, &class, &row);
    arena_release(&arena);
    return may;
}

static enum sk_code
carry_out(struct purging *p, struct arena *arena, const struct retention_order *order,
          uint64_t index)
{
    struct retention_walk walk;
    struct journal_frame frame;
    struct rows_place place;

    enum sk_code code =
        retention_walk_open(&walk, arena, p->folder, order->indices[0], p->why);
    if (code != SK_OK) {
        return code;
    }
    for (size_t i = 0; i < order->count && code == SK_OK;) {
        code = retention_walk_next(&walk, &frame, &place, p->why);
        if (code == SK_MORE || (code == SK_OK && frame.index > order->indices[i])) {
            code = why_set(p->why, SK_BAD, "entry %llu is not there",
                           (unsigned long long)order->indices[i]);
        }
        if (code != SK_OK || frame.index != order->indices[i]) {
            continue;
        }
        if (!may_go(&frame)) {
            code = why_set(p->why, SK_BAD,
                           "order %llu names entry %llu, which is of a kind that stays",
                           (unsigned long long)index, (unsigned long long)frame.index);
        } else {
            code = purge_entry(p, walk.map, &frame, &place);
        }
        i++;
    }
    retention_walk_close(&walk);
    enum sk_code settled = settle(p);
    return code == SK_OK ? settled : code;
}

static enum sk_code
purge_order(struct purging *p, uint64_t index, uint64_t size)
{
    struct arena arena;
    struct journal_frame frame;
    struct rows_place place;
    struct retention_order order;

    if (index >= size) {
        return why_set(p->why, SK_BAD, "entry %llu is not committed: no order",
                       (unsigned long long)index);
    }
    arena_init(&arena, (size_t)256 << 20);
    enum sk_code code = retention_fetch(&arena, p->folder, index, &frame, &place, p->why);
    if (code == SK_OK &&
        (frame.purged || retention_order_read(&arena, frame.record, &order) != SK_OK)) {
        code = why_set(p->why, SK_BAD, "entry %llu is no order", (unsigned long long)index);
    }
    if (code == SK_OK) {
        code = check_order(&order, index, p->why);
    }
    if (code == SK_OK) {
        code = carry_out(p, &arena, &order, index);
    }
    arena_release(&arena);
    return code;
}

enum sk_code
retention_purge(int folder, const char *folder_name, const uint64_t *orders, size_t count,
                struct retention_result *result_r, struct why *why)
{
    struct arena arena;
    struct purging p = {.folder = folder,
                        .folder_name = folder_name,
                        .result = result_r,
                        .why = why,
                        .file = -1};
    uint64_t size;

    *result_r = (struct retention_result){0};
    arena_init(&arena, (size_t)256 << 20);
    enum sk_code code = committed_size(&arena, folder, &size, why);
    if (code == SK_OK) {
        code = holds_read(&arena, folder, &p.holds, why);
    }
    if (code == SK_OK) {
        p.any_hold = holds_any(p.holds);
    }
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        code = purge_order(&p, orders[i], size);
    }
    arena_release(&arena);
    return code;
}
