#include "record/verify_private.h"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "record/ledger.h"
#include "record/row.h"

void
verify_fault(struct verifier *v, uint64_t entry, const char *format, ...)
{
    struct verify_report *report = v->report;
    char text[400];
    va_list values;

    if (report->fault_count == VERIFY_FAULTS_MAX) {
        report->faults_dropped++;
        return;
    }
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    report->faults[report->fault_count++] =
        (struct verify_fault){bytes_text(v->arena, bytes_from_text(text)), entry};
}

const char *
verify_entry_name(struct verifier *v, uint64_t index, struct bytes record)
{
    struct writer w;
    struct record_row row;

    writer_init(&w, v->arena);
    writer_format(&w, "entry %llu", (unsigned long long)index);
    if (record.size > 0 && record_read(v->arena, record, &row) == SK_OK &&
        row.event.id.size > 0) {
        writer_text(&w, " (id ");
        writer_clean(&w, row.event.id, 40);
        writer_byte(&w, ')');
    }
    return writer_c(&w);
}

static void
note_difference(struct verifier *v, uint64_t entry, bool in_entries)
{
    for (size_t i = 0; i < v->difference_count; i++) {
        if (v->differences[i].entry == entry) {
            v->differences[i].in_entries = v->differences[i].in_entries || in_entries;
            v->differences[i].in_tree = v->differences[i].in_tree || !in_entries;
            return;
        }
    }
    if (v->difference_count < VERIFY_FAULTS_MAX) {
        v->differences[v->difference_count++] =
            (struct difference){entry, in_entries, !in_entries};
    }
}

/* A sink for the tree made from the journal: compares with the files, as far as the checkpoint speaks of them. */
static enum sk_code
compare_tile(void *context, int level, uint64_t index, unsigned width, struct bytes content)
{
    struct verifier *v = context;
    unsigned up = level == TILES_ENTRIES ? 0 : (unsigned)level;
    size_t unit = level == TILES_ENTRIES ? TILES_ENTRY_SIZE : MERKLE_SIZE;
    struct bytes on_disk;
    char path[TILES_PATH_SIZE];

    if (up + 1 < TILES_LEVELS && width == TILES_WIDTH &&
        ((index + 1) << (8 * (up + 1))) > v->checkpoint.size) {
        return SK_OK;
    }
    if (tiles_folder_get(&v->files, level, index, width, &on_disk) != SK_OK) {
        tiles_path(level, index, width, path);
        verify_fault(v, UINT64_MAX, "%s is missing or cut short", path);
        return SK_OK;
    }
    for (unsigned i = 0; i < width; i++) {
        if (memcmp(content.at + i * unit, on_disk.at + i * unit, unit) == 0) {
            continue;
        }
        if (level <= 0) {
            note_difference(v, index * TILES_WIDTH + i, level == TILES_ENTRIES);
        } else {
            tiles_path(level, index, width, path);
            verify_fault(v, UINT64_MAX, "%s: hash %u is not that of the tile below it",
                         path, i);
        }
    }
    return SK_OK;
}

/* The leaf data that the tree's files have for an entry. */
static bool
filed_leaf(struct verifier *v, uint64_t index, uint8_t leaf_r[MERKLE_SIZE])
{
    struct bytes content;
    uint64_t tile = index / TILES_WIDTH;

    if (index >= v->checkpoint.size) {
        return false;
    }
    unsigned width = (tile + 1) * TILES_WIDTH <= v->checkpoint.size
                         ? TILES_WIDTH
                         : (unsigned)(v->checkpoint.size % TILES_WIDTH);
    if (tiles_folder_get(&v->files, TILES_ENTRIES, tile, width, &content) != SK_OK) {
        return false;
    }
    memcpy(leaf_r, content.at + (index % TILES_WIDTH) * TILES_ENTRY_SIZE + 2, MERKLE_SIZE);
    return true;
}

/* Takes one entry into the tree; where the checkpoint ends, the right edge and the root are compared. */
static void
take_leaf(struct verifier *v, const uint8_t leaf_data[MERKLE_SIZE])
{
    struct tiles_sink sink = {compare_tile, v};
    enum sk_code code = tiles_add(&v->tiles, leaf_data, &sink);

    if (v->have_checkpoint && v->tiles.size == v->checkpoint.size && code == SK_OK) {
        code = tiles_edge(&v->tiles, &sink);
        v->report->root = tiles_root(&v->tiles);
        v->have_root = true;
        v->root_good = merkle_equal(&v->report->root, &v->checkpoint.root);
    }
    SK_ASSERT(code == SK_OK);
    verify_size_reached(v);
}

/* An entry whose leaf is not in the journal: the tree's files stand in, so that what follows can still be checked. */
static bool
take_filed(struct verifier *v)
{
    uint8_t leaf[MERKLE_SIZE];

    if (!filed_leaf(v, v->tiles.size, leaf)) {
        return false;
    }
    take_leaf(v, leaf);
    return true;
}

/* The entries from the present one up to `upto` are not in the journal. false: the tree ends here. */
static bool
take_missing(struct verifier *v, uint64_t upto)
{
    uint64_t from = v->tiles.size;

    while (v->tiles.size < upto) {
        if (!take_filed(v)) {
            verify_fault(v, from, "entries %llu to %llu are missing from the journal",
                         (unsigned long long)from, (unsigned long long)upto - 1);
            return false;
        }
    }
    if (upto - from == 1) {
        verify_fault(v, from, "entry %llu is missing from the journal",
                     (unsigned long long)from);
    } else if (upto > from) {
        verify_fault(v, from, "entries %llu to %llu are missing from the journal",
                     (unsigned long long)from, (unsigned long long)upto - 1);
    }
    return true;
}

/* A frame whose parts do not fit each other. */
static void
take_unfit(struct verifier *v, const struct journal_frame *frame)
{
    uint8_t filed[MERKLE_SIZE], computed[MERKLE_SIZE];
    const char *name = verify_entry_name(v, v->tiles.size, frame->record);
    uint64_t entry = v->tiles.size;

    hash_sha256_many((struct bytes[]){frame->salt, frame->record}, 2, computed);
    bool have = filed_leaf(v, entry, filed);
    if (have && memcmp(filed, computed, MERKLE_SIZE) == 0) {
        verify_fault(
            v, entry,
            "%s: its leaf in the journal was altered; record and salt are untouched", name);
    } else {
        verify_fault(v, entry, "%s: the record or its salt was altered", name);
    }
    take_leaf(v, have ? filed : frame->leaf_data.at);
}

/* Where the next whole frame with a higher index begins, after one whose header cannot be read; the segment's size if
 * none does. */
static size_t
find_frame(struct bytes segment, size_t from, uint64_t above, struct journal_frame *frame_r)
{
    for (size_t at = from; at + JOURNAL_HEADER_SIZE <= segment.size; at++) {
        at = bytes_find(segment, BYTES("SK"), at);
        if (at == BYTES_NOWHERE) {
            break;
        }
        enum sk_code code = journal_frame_read(segment, at, frame_r);
        if (code == SK_OK && frame_r->index > above &&
            frame_r->index - above < segment.size) {
            return at;
        }
    }
    return segment.size;
}

/* At `at` stands no frame of the present entry. Tells what is wrong; gives where to go on. */
static size_t
take_broken(struct verifier *v, struct bytes segment, size_t at, bool last)
{
    struct journal_frame next;
    uint64_t entry = v->tiles.size;
    size_t found = find_frame(segment, at + 1, entry, &next);

    if (found == segment.size && last && v->tiles.size >= v->checkpoint.size) {
        v->report->torn_bytes = segment.size - at;
        return segment.size;
    }
    if (found == segment.size) {
        verify_fault(
            v, entry,
            "entry %llu: cut short or its header altered; the journal file cannot be "
            "read from there on",
            (unsigned long long)entry);
        if (entry < v->checkpoint.size && !take_filed(v)) {
            return segment.size;
        }
        return segment.size;
    }
    verify_fault(v, entry, "entry %llu: its header in the journal was altered",
                 (unsigned long long)entry);
    if (!take_filed(v)) {
        return segment.size;
    }
    return v->tiles.size == next.index || take_missing(v, next.index) ? found
                                                                      : segment.size;
}

/* Whether another frame, or the end, stands where this one says that it ends. */
static bool
size_fits(struct bytes segment, size_t at, const struct journal_frame *frame)
{
    struct journal_frame next;

    return at + frame->size == segment.size ||
           ((journal_frame_read(segment, at + frame->size, &next) == SK_OK) &&
            next.index == frame->index + 1);
}

/* A purged entry keeps nothing but its leaf. */
static bool
is_erased(struct bytes segment, size_t at, const struct journal_frame *frame)
{
    struct bytes rest = bytes_slice(segment, at + JOURNAL_HEADER_SIZE, at + frame->size);

    for (size_t i = 0; i < rest.size; i++) {
        if (rest.at[i] != 0) {
            return false;
        }
    }
    for (size_t i = 0; i < frame->salt.size; i++) {
        if (frame->salt.at[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Counts a frame whose parts fit each other. */
static void
take_sound(struct verifier *v, struct bytes segment, size_t at,
           const struct journal_frame *frame)
{
    struct record_row row;
    struct arena arena;

    v->report->purged += frame->purged;
    retention_check_frame(v->purges, frame->index, frame->purged, frame->record);
    if (frame->purged && !is_erased(segment, at, frame)) {
        verify_fault(
            v, frame->index,
            "entry %llu is marked as purged, but its record or salt is still there",
            (unsigned long long)frame->index);
    }
    if (v->options->rows &&
        bytes_starts(frame->record, BYTES("{\"v\":1,\"kind\":\"message\""))) {
        arena_init(&arena, (size_t)1 << 28);
        v->messages++;
        v->messages_sure += record_read(&arena, frame->record, &row) == SK_OK &&
                            verify_row_sure(v, frame->index, row.event.time_ms);
        arena_release(&arena);
    }
}

static size_t
take_frame(struct verifier *v, struct bytes segment, size_t at, bool last)
{
    struct journal_frame frame;
    uint8_t filed[MERKLE_SIZE];
    enum sk_code code = journal_frame_read(segment, at, &frame);

    if (code == SK_MORE || code == SK_BAD ||
        (code == SK_LIMIT && !size_fits(segment, at, &frame))) {
        return take_broken(v, segment, at, last);
    }
    if (frame.index != v->tiles.size) {
        bool same = filed_leaf(v, v->tiles.size, filed) &&
                    memcmp(filed, frame.leaf_data.at, MERKLE_SIZE) == 0;
        if (same || frame.index < v->tiles.size || code != SK_OK) {
            verify_fault(v, v->tiles.size,
                         "entry %llu: its number in the journal was altered",
                         (unsigned long long)v->tiles.size);
        } else if (!take_missing(v, frame.index)) {
            return segment.size;
        }
    }
    if (code == SK_LIMIT) {
        take_unfit(v, &frame);
    } else {
        take_sound(v, segment, at, &frame);
        verify_held_frame(v, &frame);
        verify_key_frame(v, &frame);
        take_leaf(v, frame.leaf_data.at);
    }
    return at + frame.size;
}

static enum sk_code
walk_journal(struct verifier *v, struct why *why)
{
    struct journal_list list;
    struct bytes segment;

    enum sk_code code = journal_list(v->arena, v->folder, &list, why);
    for (size_t i = 0; i < list.count && code == SK_OK; i++) {
        if (list.firsts[i] < v->tiles.size) {
            verify_fault(
                v, list.firsts[i],
                "journal file %020llu.log begins with an entry that stands before it",
                (unsigned long long)list.firsts[i]);
            continue;
        }
        if (list.firsts[i] > v->tiles.size && !take_missing(v, list.firsts[i])) {
            break;
        }
        code = journal_map(v->folder, list.firsts[i], &segment, why);
        for (size_t at = 0; code == SK_OK && at < segment.size;) {
            at = take_frame(v, segment, at, i + 1 == list.count);
        }
        journal_unmap(segment);
    }
    v->report->entries = v->tiles.size;
    if (code == SK_OK && v->have_checkpoint && v->tiles.size < v->checkpoint.size) {
        (void)take_missing(v, v->checkpoint.size);
    }
    return code;
}

/* With the root known: where journal and files differ, the side that gives the signed root tells the truth. */
static void
tell_differences(struct verifier *v)
{
    for (size_t i = 0; i < v->difference_count; i++) {
        const struct difference *d = &v->differences[i];
        unsigned long long entry = d->entry;
        if (v->have_root && !v->root_good && d->in_entries && d->in_tree) {
            verify_fault(
                v, d->entry,
                "entry %llu: another record was put in its place; the tree has another "
                "leaf",
                entry);
        } else if (d->in_entries) {
            verify_fault(v, d->entry,
                         "entry %llu: its leaf in tile/entries was altered; the journal is "
                         "untouched",
                         entry);
        }
        if (d->in_tree && (!d->in_entries || v->root_good)) {
            verify_fault(
                v, d->entry,
                "entry %llu: its hash in tile/0 was altered; the journal is untouched",
                entry);
        }
    }
    if (v->have_root && !v->root_good && v->report->fault_count == 0) {
        verify_fault(
            v, UINT64_MAX,
            "the journal and its tree give another root than the checkpoint states");
    }
}

static void
tell_purge(void *context, uint64_t index)
{
    verify_fault(context, index,
                 "entry %llu was purged, and no order in the ledger says so",
                 (unsigned long long)index);
}

enum sk_code
verify_ledger_as(struct arena *arena, const char *folder,
                 const struct verify_options *options, struct verify_report *report_r,
                 struct why *why)
{
    struct verifier *v = ARENA_NEW(arena, struct verifier);

    *report_r = (struct verify_report){
        .faults = ARENA_NEW_MANY(arena, VERIFY_FAULTS_MAX, struct verify_fault)};
    v->arena = arena;
    v->report = report_r;
    v->options = options;
    v->path = folder;
    v->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (v->folder < 0) {
        return why_set(why, SK_SYSTEM, "cannot open the folder %s", folder);
    }
    v->purges = retention_check_new(arena);
    verify_rows_begin(v);
    tiles_init(&v->tiles);
    verify_signatures(v);
    tiles_folder_init(&v->files, v->folder, v->checkpoint.size);
    v->have_root = v->have_checkpoint && v->checkpoint.size == 0;
    v->root_good = true;
    enum sk_code code = walk_journal(v, why);
    tell_differences(v);
    retention_check_end(v->purges, tell_purge, v, v->report->purged_by_class);
    verify_tell_marks(v);
    verify_tell_keys(v);
    verify_tell_held(v);
    if (code == SK_OK && options->rows) {
        verify_rows(v);
    }
    close(v->folder);
    return code;
}

enum sk_code
verify_ledger(struct arena *arena, const char *folder, const struct note_key *key,
              struct verify_report *report_r, struct why *why)
{
    return verify_ledger_as(arena, folder, &(struct verify_options){.key = key}, report_r,
                            why);
}
