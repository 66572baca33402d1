#include "record/ledger_private.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define CHECKPOINT_EVERY_MS 1000
#define ARENA_PENDING       ((size_t)1 << 30)
#define ROOM_SPARE          ((size_t)256 << 10) /* for tree and checkpoint */

/* The checkpoint that is there, checked against our key; size 0 where there is none. */
static enum sk_code
open_checkpoint(struct arena *arena, struct ledger *ledger, struct checkpoint *checkpoint,
                struct why *why)
{
    struct bytes text;
    struct note note;

    *checkpoint = (struct checkpoint){.root = merkle_empty()};
    enum sk_code code =
        ledger_read_file(arena, ledger->folder, "checkpoint", LIMIT_NOTE_BYTES, &text, why);
    if (code == SK_BAD) {
        return SK_OK;
    }
    if (code == SK_OK && (note_read(arena, text, &note, why) != SK_OK ||
                          !ledger_signed_by_us(arena, ledger, &note) ||
                          !checkpoint_read(note.text, checkpoint))) {
        return why_set(
            why, SK_CONFIG,
            "the checkpoint is not what our key signed: the record was altered, or is an "
            "older copy from before the key was changed; run `sekisho ledger verify`");
    }
    return code;
}

static enum sk_code
damaged(struct why *why, uint64_t index)
{
    return why_set(
        why, SK_CONFIG,
        "the ledger is damaged at entry %llu, which a checkpoint had signed; "
        "run `sekisho ledger verify`, keep the folder as evidence and start with a new one",
        (unsigned long long)index);
}

/* Adds the entries of a segment to the tree; *end_r is where its good frames end. Entries that a segment should begin
 * with and does not, or bad frames before the checkpoint's size, are damage. */
static enum sk_code
take_segment(struct ledger *ledger, uint64_t first, const struct checkpoint *checkpoint,
             bool last, struct tiles_sink *sink, uint64_t *end_r, struct why *why)
{
    struct bytes segment;
    struct journal_frame frame;
    size_t at = 0;

    enum sk_code code = journal_map(ledger->folder, first, &segment, why);
    if (code != SK_OK) {
        return code;
    }
    if (first != ledger->tiles.size) {
        code = damaged(why, ledger->tiles.size);
    }
    while (code == SK_OK && at < segment.size) {
        enum sk_code read = journal_frame_read(segment, at, &frame);
        if (read != SK_OK || frame.index != ledger->tiles.size) {
            code = ledger->tiles.size < checkpoint->size || !last
                       ? damaged(why, ledger->tiles.size)
                       : SK_OK;
            break;
        }
        at += frame.size;
        if (tiles_add(&ledger->tiles, frame.leaf_data.at, sink) != SK_OK) {
            code = why_set(why, SK_SYSTEM, "cannot write the ledger's tree");
        }
        if (code == SK_OK && ledger->tiles.size == checkpoint->size) {
            struct merkle_hash root = tiles_root(&ledger->tiles);
            code = merkle_equal(&root, &checkpoint->root)
                       ? SK_OK
                       : why_set(why, SK_CONFIG,
                                 "the journal gives another root than the checkpoint "
                                 "signed: it was "
                                 "altered; run `sekisho ledger verify`");
        }
    }
    *end_r = at;
    journal_unmap(segment);
    return code;
}

/* Brings the tree up to the journal's end: from the last segment alone where the tree before it is at hand, else, or if
 * `whole`, from the very beginning. */
static enum sk_code
open_tree(struct arena *arena, struct ledger *ledger, const struct checkpoint *checkpoint,
          bool whole, struct ledger_report *report, struct why *why)
{
    struct journal_list list;
    struct tiles_sink sink = {tiles_folder_put, &ledger->files};
    uint64_t end = 0;

    enum sk_code code = journal_list(arena, ledger->folder, &list, why);
    if (code != SK_OK) {
        return code;
    }
    size_t from = list.count > 0 ? list.count - 1 : 0;
    tiles_init(&ledger->tiles);
    if (from > 0) {
        tiles_folder_init(&ledger->files, ledger->folder, list.firsts[from]);
        if (whole || tiles_folder_load(&ledger->files, &ledger->tiles) != SK_OK) {
            tiles_init(&ledger->tiles);
            from = 0;
            report->tree_rebuilt = true;
        }
    }
    tiles_folder_init(&ledger->files, ledger->folder, 0);
    for (size_t i = from; i < list.count && code == SK_OK; i++) {
        code = take_segment(ledger, list.firsts[i], checkpoint, i + 1 == list.count, &sink,
                            &end, why);
    }
    if (code == SK_OK && ledger->tiles.size < checkpoint->size) {
        return damaged(why, ledger->tiles.size);
    }
    if (code == SK_OK && checkpoint->origin.size == 0 && ledger->tiles.size > 0) {
        return why_set(
            why, SK_CONFIG,
            "the checkpoint is missing though the journal has entries: it was taken away");
    }
    ledger->segment = list.count > 0 ? list.firsts[list.count - 1] : 0;
    ledger->segment_size = end;
    ledger->size = report->size = ledger->tiles.size;
    if (code == SK_OK && tiles_edge(&ledger->tiles, &sink) != SK_OK) {
        code = why_set(why, SK_SYSTEM, "cannot write the ledger's tree");
    }
    return code;
}

/* The tree, and whether it is the one that was signed: if its files say otherwise, they are made again from the journal,
 * which is the truth, and asked once more. */
static enum sk_code
open_signed_tree(struct arena *arena, struct ledger *ledger,
                 const struct checkpoint *checkpoint, struct ledger_report *report,
                 struct why *why)
{
    enum sk_code code = open_tree(arena, ledger, checkpoint, false, report, why);

    if (code != SK_OK || ledger->era || ledger_changing(arena, ledger)) {
        return code;
    }
    code = ledger_check_signed(ledger, why);
    if (code == SK_CONFIG && ledger->segment > 0 && !report->tree_rebuilt &&
        ledger->last.size <= ledger->size) {
        code = open_tree(arena, ledger, checkpoint, true, report, why);
        code = code == SK_OK ? ledger_check_signed(ledger, why) : code;
    }
    return code;
}

/* A descriptor of the present segment, from whoever may open it. */
static int
segment_descriptor(struct ledger *ledger, const char *name, struct why *why)
{
    if (ledger->opener != NULL) {
        return ledger->opener(ledger->opener_context, ledger->segment, why);
    }
    int file = openat(ledger->folder, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        enum sk_code code = why_set(why, SK_SYSTEM, "cannot open %s", name);
        (void)code;
    }
    return file;
}

static enum sk_code
open_segment(struct ledger *ledger, struct why *why)
{
    char name[JOURNAL_NAME_SIZE];

    journal_name(ledger->segment, name);
    if (ledger->opener == NULL && mkdirat(ledger->folder, "journal", 0700) != 0 &&
        errno != EEXIST) {
        return why_set(why, SK_SYSTEM, "cannot make the folder journal");
    }
    int file = segment_descriptor(ledger, name, why);
    if (file < 0) {
        return SK_SYSTEM;
    }
    int journal = openat(ledger->folder, "journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* The name of the file must be as durable as what is in it. */
    bool synced = journal >= 0 && fsync(journal) == 0 && fsync(ledger->folder) == 0;
    enum sk_code code = synced ? SK_OK : why_set(why, SK_SYSTEM, "cannot sync %s", name);
    if (journal >= 0) {
        close(journal);
    }
    int old = synced ? ledger->file : file;
    ledger->file = synced ? file : ledger->file;
    if (old >= 0 && old != ledger->file) {
        close(old);
    }
    return code;
}

enum sk_code
ledger_set_opener(struct ledger *ledger,
                  int (*opener)(void *context, uint64_t first, struct why *why),
                  void *context, struct why *why)
{
    ledger->opener = opener;
    ledger->opener_context = context;
    return open_segment(ledger, why);
}

/* Cuts what a crash left behind the last whole frame. */
static enum sk_code
cut_tail(struct ledger *ledger, struct ledger_report *report, struct why *why)
{
    struct stat status;

    if (fstat(ledger->file, &status) != 0) {
        return why_set(why, SK_SYSTEM, "cannot look at the journal");
    }
    report->torn_bytes = (uint64_t)status.st_size - ledger->segment_size;
    if (report->torn_bytes > 0 &&
        (ftruncate(ledger->file, (off_t)ledger->segment_size) != 0 ||
         fdatasync(ledger->file) != 0)) {
        return why_set(why, SK_SYSTEM, "cannot cut the journal's torn tail");
    }
    return SK_OK;
}

static enum sk_code
open_folder(struct ledger *ledger, const char *folder, const char *keys, struct why *why)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return why_set(why, SK_SYSTEM, "cannot make the folder %s", folder);
    }
    ledger->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ledger->folder < 0) {
        return why_set(why, SK_SYSTEM, "cannot open the folder %s", folder);
    }
    ledger->lock =
        openat(ledger->folder, "ledger.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (ledger->lock < 0) {
        return why_set(why, SK_SYSTEM, "cannot open ledger.lock in %s", folder);
    }
    if (flock(ledger->lock, LOCK_EX | LOCK_NB) != 0) {
        return why_set(why, SK_CONFIG, "another keeper writes to %s", folder);
    }
    return keys_open(keys, &ledger->keys, why);
}

static enum sk_code
open_steps(struct arena *arena, struct ledger *ledger, struct bytes name,
           struct ledger_report *report, struct why *why)
{
    struct checkpoint checkpoint;

    enum sk_code code = ledger_key_open(arena, ledger, name, report, why);
    if (code == SK_OK) {
        code = open_checkpoint(arena, ledger, &checkpoint, why);
    }
    if (code == SK_OK && ledger->last.size == 0 && checkpoint.size > 0) {
        /* A ledger of an earlier version, which had no such memory. */
        code = ledger_remember_signed(ledger, &checkpoint, why);
    }
    if (code == SK_OK) {
        code = open_signed_tree(arena, ledger, &checkpoint, report, why);
    }
    if (code == SK_OK) {
        code = open_segment(ledger, why);
    }
    if (code == SK_OK) {
        code = cut_tail(ledger, report, why);
    }
    if (code == SK_OK) {
        ledger->checkpoint_size = checkpoint.origin.size > 0 ? checkpoint.size : UINT64_MAX;
        code = ledger_finish_change(arena, ledger, why);
    }
    if (code == SK_OK) {
        code = ledger_checkpoint(ledger, true, why);
    }
    /* From the first entry on a checkpoint is there: one that is missing was taken away. */
    if (code == SK_OK && fsync(ledger->folder) != 0) {
        code = why_set(why, SK_SYSTEM, "cannot sync the folder");
    }
    return code;
}

enum sk_code
ledger_open_as(struct arena *arena, const char *folder, const char *keys, struct bytes name,
               bool era, struct ledger **ledger_r, struct ledger_report *report_r,
               struct why *why)
{
    struct ledger *ledger = ARENA_NEW(arena, struct ledger);

    *ledger_r = NULL;
    *report_r = (struct ledger_report){0};
    ledger->folder = ledger->lock = ledger->file = ledger->keys = -1;
    ledger->segment_bytes = LEDGER_SEGMENT_BYTES;
    ledger->era = era;
    arena_init(&ledger->arena, ARENA_PENDING);
    arena_init(&ledger->names, ARENA_BLOCK_SIZE);
    writer_init(&ledger->pending, &ledger->arena);
    writer_init(&ledger->leaves, &ledger->arena);
    enum sk_code code = open_folder(
        ledger, folder, keys != NULL ? keys : keys_folder_beside(arena, folder), why);
    if (code == SK_OK) {
        code = open_steps(arena, ledger, name, report_r, why);
    }
    if (code != SK_OK) {
        ledger->broken = true;
        ledger_close(ledger);
        return code;
    }
    *ledger_r = ledger;
    return SK_OK;
}

enum sk_code
ledger_open(struct arena *arena, const char *folder, const char *keys, struct bytes name,
            struct ledger **ledger_r, struct ledger_report *report_r, struct why *why)
{
    return ledger_open_as(arena, folder, keys, name, false, ledger_r, report_r, why);
}

/* Each is used once and then forgotten: whoever has the salt of a purged record could tell what it said by its leaf. */
static void
take_salt(struct ledger *ledger, uint8_t salt_r[JOURNAL_SALT_SIZE])
{
    if (ledger->salts_left == 0) {
        hash_random(ledger->salts, sizeof(ledger->salts));
        ledger->salts_left = LEDGER_SALTS;
    }
    uint8_t *salt = ledger->salts[--ledger->salts_left];
    memcpy(salt_r, salt, JOURNAL_SALT_SIZE);
    explicit_bzero(salt, JOURNAL_SALT_SIZE);
}

uint64_t
ledger_next(const struct ledger *ledger)
{
    return ledger->size + ledger->pending_count;
}

enum sk_code
ledger_add(struct ledger *ledger, struct bytes record, struct ledger_place *place_r,
           struct why *why)
{
    uint8_t salt[JOURNAL_SALT_SIZE], header[JOURNAL_HEADER_SIZE];

    if (record.size > LIMIT_RECORD_BYTES) {
        return why_set(why, SK_LIMIT, "the record is larger than %d bytes",
                       LIMIT_RECORD_BYTES);
    }
    take_salt(ledger, salt);
    *place_r = (struct ledger_place){ledger_next(ledger), ledger->segment,
                                     ledger->segment_size + ledger->pending.size};
    journal_header(place_r->index, salt, record, header);
    writer_bytes(&ledger->pending, bytes_of(header, sizeof(header)));
    writer_bytes(&ledger->pending, record);
    writer_bytes(&ledger->leaves, bytes_of(header + 48, MERKLE_SIZE));
    ledger->pending_count++;
    return SK_OK;
}

static bool
write_all(int file, struct bytes b, uint64_t at)
{
    while (b.size > 0) {
        ssize_t wrote = pwrite(file, b.at, b.size, (off_t)at);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return false;
        }
        at += (uint64_t)wrote;
        b = bytes_from(b, (size_t)wrote);
    }
    return true;
}

/* A group that does not fit the disk is not begun: its torn beginning could not be taken back where the keeper may only
 * append. */
static bool
has_room(const struct ledger *ledger)
{
    struct statfs disk;

    return fstatfs(ledger->file, &disk) != 0 || disk.f_bsize <= 0 ||
           (uint64_t)disk.f_bavail >=
               (ledger->pending.size + ROOM_SPARE) / (uint64_t)disk.f_bsize;
}

static void
forget_group(struct ledger *ledger)
{
    ledger->pending_count = 0;
    /* What one huge group took is given back; else the room is kept. */
    if (ledger->pending.room > (size_t)8 << 20) {
        arena_release(&ledger->arena);
        writer_init(&ledger->pending, &ledger->arena);
        writer_init(&ledger->leaves, &ledger->arena);
    }
    writer_clear(&ledger->pending);
    writer_clear(&ledger->leaves);
}

static enum sk_code
next_segment(struct ledger *ledger, struct why *why)
{
    enum sk_code code = ledger_checkpoint(ledger, true, why);

    /* From here on nobody looks into the old segment at open, so the tree up to here must be durable. */
    if (code == SK_OK && !ledger->tree_behind && syncfs(ledger->folder) != 0) {
        code = why_set(why, SK_SYSTEM, "cannot sync the ledger's tree");
    }
    if (code == SK_OK) {
        uint64_t old = ledger->segment;
        ledger->segment = ledger->size;
        code = open_segment(ledger, why);
        if (code == SK_OK) {
            ledger->segment_size = 0;
        } else {
            ledger->segment = old;
        }
    }
    return code;
}

enum sk_code
ledger_commit(struct ledger *ledger, bool whole_disk, struct why *why)
{
    struct tiles_sink sink = {tiles_folder_put, &ledger->files};

    if (ledger->broken) {
        forget_group(ledger);
        return why_set(
            why, SK_LATER,
            "the ledger takes nothing more after a failed sync; start the keeper anew");
    }
    if (ledger->pending_count == 0) {
        return SK_OK;
    }
    if (!has_room(ledger)) {
        forget_group(ledger);
        errno = ENOSPC;
        return why_set(why, SK_SYSTEM, "cannot write the journal");
    }
    if (!write_all(ledger->file, writer_view(&ledger->pending), ledger->segment_size)) {
        enum sk_code code = why_set(why, SK_SYSTEM, "cannot write the journal");
        ledger->broken = ftruncate(ledger->file, (off_t)ledger->segment_size) != 0;
        forget_group(ledger);
        return code;
    }
    if ((whole_disk ? syncfs(ledger->file) : fdatasync(ledger->file)) != 0) {
        /* The kernel may have dropped the pages: only a fresh read can tell what is there. */
        ledger->broken = true;
        forget_group(ledger);
        return why_set(why, SK_SYSTEM, "cannot sync the journal");
    }
    ledger->segment_size += ledger->pending.size;
    ledger->size += ledger->pending_count;
    for (uint64_t i = 0; i < ledger->pending_count; i++) {
        if (tiles_add(&ledger->tiles, ledger->leaves.at + i * MERKLE_SIZE, &sink) !=
            SK_OK) {
            ledger->tree_behind = true;
        }
    }
    forget_group(ledger);
    /* The group is safe. What fails from here on is tried again at the next commit. */
    struct why later;
    enum sk_code code = ledger_checkpoint(ledger, false, &later);
    if (code == SK_OK && ledger->segment_size >= ledger->segment_bytes) {
        code = next_segment(ledger, &later);
    }
    (void)code;
    return SK_OK;
}

enum sk_code
ledger_put_checkpoint(struct ledger *ledger, struct bytes note, struct why *why)
{
    enum sk_code code = ledger_write_file(ledger->folder, "checkpoint", note, 0600, why);

    if (code == SK_OK) {
        ledger->checkpoint_size = ledger->size;
        ledger->checkpoint_ms = clock_monotonic_ms();
    }
    return code;
}

enum sk_code
ledger_checkpoint(struct ledger *ledger, bool now, struct why *why)
{
    struct arena arena;
    struct bytes note;

    if (ledger->broken || ledger->tree_behind || ledger->era ||
        ledger->checkpoint_size == ledger->size ||
        (!now && clock_monotonic_ms() - ledger->checkpoint_ms < CHECKPOINT_EVERY_MS)) {
        return SK_OK;
    }
    arena_init(&arena, (size_t)1 << 20);
    enum sk_code code = ledger_sign(&arena, ledger, NULL, &note, why);
    if (code == SK_OK) {
        code = ledger_put_checkpoint(ledger, note, why);
    }
    arena_release(&arena);
    return code;
}

void
ledger_close(struct ledger *ledger)
{
    struct why why;

    if (ledger_checkpoint(ledger, true, &why) != SK_OK) {
        /* The next open reads the journal and signs what is there. */
        ledger->tree_behind = true;
    }
    arena_release(&ledger->arena);
    arena_release(&ledger->names);
    int files[] = {ledger->file, ledger->lock, ledger->folder, ledger->keys};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (files[i] >= 0) {
            close(files[i]);
        }
    }
    ledger->file = ledger->lock = ledger->folder = ledger->keys = -1;
}

uint64_t
ledger_size(const struct ledger *ledger)
{
    return ledger->size;
}

struct merkle_hash
ledger_root(const struct ledger *ledger)
{
    return tiles_root(&ledger->tiles);
}

int
ledger_folder(const struct ledger *ledger)
{
    return ledger->folder;
}

const struct note_key *
ledger_key(const struct ledger *ledger)
{
    return &ledger->signer.key;
}

void
ledger_set_segment_bytes(struct ledger *ledger, uint64_t size)
{
    ledger->segment_bytes = size;
}

bool
ledger_is_broken(const struct ledger *ledger)
{
    return ledger->broken;
}
