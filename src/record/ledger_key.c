/* The ledger's key: where it comes from, what it may sign, and how it is changed. */
#include "record/ledger_private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"

#define KEY_FILE_NEW "ledger.key.new"

/* A change that has begun. */
struct change {
    bool there;
    enum history_change kind;
    uint64_t entry;
    struct note_signer signer;
};

static enum sk_code
read_change(struct arena *arena, const struct ledger *ledger, struct change *change_r,
            struct why *why)
{
    struct bytes text, line;

    *change_r = (struct change){0};
    enum sk_code code =
        ledger_read_file(arena, ledger->keys, LEDGER_NEXT, LEDGER_KEY_MAX, &text, why);
    if (code == SK_BAD) {
        return SK_OK;
    }
    if (code != SK_OK) {
        return code;
    }
    struct bytes word;
    if (!bytes_line(&text, &line) || !bytes_split(&line, ' ', &word) ||
        !bytes_to_number(line, INT64_MAX, &change_r->entry) ||
        (!bytes_is(word, "rotate") && !bytes_is(word, "era")) ||
        !note_signer_read(arena, text, &change_r->signer)) {
        return why_set(why, SK_CONFIG, "%s in the folder of keys was altered", LEDGER_NEXT);
    }
    change_r->kind = bytes_is(word, "era") ? HISTORY_ERA : HISTORY_ROTATE;
    change_r->there = true;
    return SK_OK;
}

static enum sk_code
read_signer(struct arena *arena, int folder, struct note_signer *signer_r, struct why *why)
{
    struct bytes text;
    enum sk_code code =
        ledger_read_file(arena, folder, LEDGER_KEY, LEDGER_KEY_MAX, &text, why);

    if (code == SK_OK &&
        (!note_signer_read(arena, text, signer_r) || signer_r->key.type != NOTE_ED25519)) {
        return why_set(why, SK_CONFIG,
                       "ledger.key is no private key; put the right one back");
    }
    return code;
}

static enum sk_code
write_signer(struct arena *arena, int folder, const char *name,
             const struct note_signer *signer, struct why *why)
{
    struct writer w;

    writer_init(&w, arena);
    note_signer_write(&w, signer);
    enum sk_code code = ledger_write_file(folder, name, writer_view(&w), 0600, why);
    return code == SK_OK && fsync(folder) != 0
               ? why_set(why, SK_SYSTEM, "cannot sync the folder of keys")
               : code;
}

/* Earlier versions kept the key in the record folder itself. */
static enum sk_code
take_over_key(struct arena *arena, struct ledger *ledger, struct why *why)
{
    struct note_signer old, present;

    enum sk_code code = read_signer(arena, ledger->folder, &old, why);
    if (code != SK_OK) {
        return code == SK_BAD ? SK_OK : code;
    }
    code = read_signer(arena, ledger->keys, &present, why);
    if (code == SK_OK && !note_key_equal(&old.key, &present.key)) {
        return why_set(why, SK_CONFIG,
                       "the record folder and the folder of keys each have a ledger.key, "
                       "and they differ; take the wrong one away");
    }
    if (code == SK_BAD) {
        code = write_signer(arena, ledger->keys, LEDGER_KEY, &old, why);
    }
    return code == SK_OK ? keys_destroy(ledger->folder, LEDGER_KEY, why) : code;
}

static enum sk_code
make_key(struct arena *arena, struct ledger *ledger, struct bytes name, struct why *why)
{
    uint8_t seed[NOTE_ED25519_SIZE];

    if (faccessat(ledger->folder, "checkpoint", F_OK, 0) == 0) {
        return why_set(why, SK_CONFIG,
                       "ledger.key is missing though a checkpoint is there; put it back "
                       "into the folder of keys, or move the record's folder away");
    }
    if (!note_name_valid(name)) {
        return why_set(why, SK_CONFIG,
                       "record.name: a name without blanks and '+' is wanted");
    }
    hash_random(seed, sizeof(seed));
    note_signer_new(bytes_copy(&ledger->names, name), NOTE_ED25519, seed, &ledger->signer);
    return write_signer(arena, ledger->keys, LEDGER_KEY, &ledger->signer, why);
}

/* The public files about keys: all steps, and the present key alone for those who want to note it down. */
static enum sk_code
write_history(struct arena *arena, struct ledger *ledger, const struct history *history,
              struct why *why)
{
    struct writer w;

    writer_init(&w, arena);
    for (size_t i = 0; i < history->count; i++) {
        history_write_step(&w, &history->steps[i]);
    }
    enum sk_code code =
        ledger_write_file(ledger->folder, HISTORY_FILE, writer_view(&w), 0600, why);
    if (code == SK_OK) {
        writer_clear(&w);
        note_key_write(&w, &history->steps[history->count - 1].key);
        writer_byte(&w, '\n');
        code = ledger_write_file(ledger->folder, "ledger.vkey", writer_view(&w), 0600, why);
    }
    return code == SK_OK && fsync(ledger->folder) != 0
               ? why_set(why, SK_SYSTEM, "cannot sync the folder")
               : code;
}

static enum sk_code
read_history(struct arena *arena, const struct ledger *ledger, struct history *history_r,
             struct why *why)
{
    struct bytes text;
    enum sk_code code = ledger_read_file(arena, ledger->folder, HISTORY_FILE,
                                         LIMIT_NOTE_BYTES * 4, &text, why);

    *history_r = (struct history){0};
    if (code == SK_OK) {
        code = history_read(arena, text, history_r, why);
        return code == SK_BAD ? why_set(why, SK_CONFIG, "%s was altered", HISTORY_FILE)
                              : code;
    }
    return code;
}

/* A ledger that has none yet: a new one, or one of an earlier version. */
static enum sk_code
first_history(struct arena *arena, struct ledger *ledger, struct why *why)
{
    struct history history = {.steps = ARENA_NEW(arena, struct history_step), .count = 1};

    history.steps[0] = (struct history_step){
        .change = HISTORY_FIRST, .key = ledger->signer.key, .time_ms = clock_now_ms()};
    return write_history(arena, ledger, &history, why);
}

static enum sk_code
read_signed(struct arena *arena, struct ledger *ledger, struct why *why)
{
    struct bytes text;
    struct checkpoint last;
    enum sk_code code =
        ledger_read_file(arena, ledger->keys, LEDGER_SIGNED, LEDGER_KEY_MAX, &text, why);

    ledger->last = (struct ledger_signed){0};
    if (code == SK_BAD) {
        return SK_OK;
    }
    if (code == SK_OK && !checkpoint_read(text, &last)) {
        return why_set(why, SK_CONFIG, "%s in the folder of keys was altered",
                       LEDGER_SIGNED);
    }
    if (code == SK_OK) {
        ledger->last = (struct ledger_signed){last.size, last.root};
    }
    return code;
}

enum sk_code
ledger_key_open(struct arena *arena, struct ledger *ledger, struct bytes name,
                struct ledger_report *report, struct why *why)
{
    enum sk_code code = take_over_key(arena, ledger, why);

    if (code == SK_OK) {
        code = read_signer(arena, ledger->keys, &ledger->signer, why);
    }
    if (code == SK_BAD) {
        code = make_key(arena, ledger, name, why);
        report->new_key = true;
    } else if (code == SK_OK) {
        ledger->signer.key.name = bytes_copy(&ledger->names, ledger->signer.key.name);
    }
    if (code == SK_OK && faccessat(ledger->folder, HISTORY_FILE, F_OK, 0) != 0 &&
        errno == ENOENT) {
        code = first_history(arena, ledger, why);
    }
    return code == SK_OK ? read_signed(arena, ledger, why) : code;
}

/* The root that the tree had at `size`, from its files as they were written for the size `within`. */
static enum sk_code
root_at(struct ledger *ledger, uint64_t within, uint64_t size, struct merkle_hash *root_r)
{
    struct tiles_folder files;

    tiles_folder_init(&files, ledger->folder, within);
    return merkle_root(&(struct merkle_reader){tiles_folder_node, &files}, size, root_r);
}

enum sk_code
ledger_check_signed(struct ledger *ledger, struct why *why)
{
    struct merkle_hash root;

    if (ledger->last.size > ledger->tiles.size) {
        return why_set(
            why, SK_CONFIG,
            "the record has %llu entries, but our key has signed %llu: an older copy was "
            "put back, or entries were taken away. Nothing is signed that would be a fork. "
            "Put the newer record back; if it is lost, type `sekisho ledger era --reason "
            "TEXT`",
            (unsigned long long)ledger->tiles.size, (unsigned long long)ledger->last.size);
    }
    if (ledger->last.size > 0 &&
        (root_at(ledger, ledger->tiles.size, ledger->last.size, &root) != SK_OK ||
         !merkle_equal(&root, &ledger->last.root))) {
        return why_set(
            why, SK_CONFIG,
            "the first %llu of the record's %llu entries are not those that our key has "
            "signed: the record was altered, or is another one. Run `sekisho ledger "
            "verify` and keep the folder as evidence",
            (unsigned long long)ledger->last.size, (unsigned long long)ledger->tiles.size);
    }
    return SK_OK;
}

/* What is to be signed must go on from what was signed: proven from the tree's files, as a witness would ask for. */
static enum sk_code
check_consistent(struct ledger *ledger, const struct merkle_hash *root, struct why *why)
{
    struct tiles_folder files;
    struct merkle_proof proof;

    if (ledger->last.size == 0) {
        return SK_OK;
    }
    tiles_folder_init(&files, ledger->folder, ledger->tiles.size);
    if (ledger->last.size > ledger->tiles.size ||
        merkle_consistency(&(struct merkle_reader){tiles_folder_node, &files},
                           ledger->last.size, ledger->tiles.size, &proof) != SK_OK ||
        !merkle_check_consistency(ledger->last.size, ledger->tiles.size, &proof,
                                  &ledger->last.root, root)) {
        return why_set(why, SK_CONFIG,
                       "a checkpoint of %llu entries does not go on from the one of %llu "
                       "that our key has signed; it is not signed. Run `sekisho ledger "
                       "verify`",
                       (unsigned long long)ledger->tiles.size,
                       (unsigned long long)ledger->last.size);
    }
    return SK_OK;
}

enum sk_code
ledger_remember_signed(struct ledger *ledger, const struct checkpoint *signs,
                       struct why *why)
{
    struct arena arena;
    struct writer text;

    arena_init(&arena, (size_t)1 << 20);
    writer_init(&text, &arena);
    checkpoint_write(&text, signs);
    enum sk_code code =
        ledger_write_file(ledger->keys, LEDGER_SIGNED, writer_view(&text), 0600, why);
    arena_release(&arena);

    if (code == SK_OK && fsync(ledger->keys) != 0) {
        code = why_set(why, SK_SYSTEM, "cannot sync the folder of keys");
    }
    if (code == SK_OK) {
        ledger->last = (struct ledger_signed){signs->size, signs->root};
    }
    return code;
}

enum sk_code
ledger_sign(struct arena *arena, struct ledger *ledger, const struct note_signer *second,
            struct bytes *note_r, struct why *why)
{
    struct tiles_sink sink = {tiles_folder_put, &ledger->files};
    struct writer text, note;

    *note_r = BYTES_NONE;
    if (tiles_edge(&ledger->tiles, &sink) != SK_OK) {
        return why_set(why, SK_SYSTEM, "cannot write the ledger's tree");
    }
    struct checkpoint checkpoint = {ledger->signer.key.name, ledger->tiles.size,
                                    tiles_root(&ledger->tiles)};
    enum sk_code code = check_consistent(ledger, &checkpoint.root, why);
    writer_init(&text, arena);
    writer_init(&note, arena);
    checkpoint_write(&text, &checkpoint);
    if (code == SK_OK) {
        code = ledger_remember_signed(ledger, &checkpoint, why);
    }
    if (code == SK_OK) {
        note_sign(&note, &ledger->signer, writer_view(&text));
        if (second != NULL) {
            note_sign_line(&note, second, writer_view(&text));
        }
        *note_r = writer_view(&note);
    }
    return code;
}

/* The record of an entry, by walking the segment that holds it. */
static enum sk_code
entry_at(struct arena *arena, struct ledger *ledger, uint64_t index, struct bytes *record_r,
         struct why *why)
{
    struct journal_list list;
    struct journal_frame frame;
    struct bytes segment;
    size_t i = 0;

    *record_r = BYTES_NONE;
    enum sk_code code = journal_list(arena, ledger->folder, &list, why);
    if (code != SK_OK || index >= ledger->size || list.count == 0) {
        return code;
    }
    while (i + 1 < list.count && list.firsts[i + 1] <= index) {
        i++;
    }
    code = journal_map(ledger->folder, list.firsts[i], &segment, why);
    for (size_t at = 0; code == SK_OK && at < segment.size;) {
        if (journal_frame_read(segment, at, &frame) != SK_OK) {
            break;
        }
        if (frame.index == index) {
            *record_r = bytes_copy(arena, frame.record);
            break;
        }
        at += frame.size;
    }
    journal_unmap(segment);
    return code;
}

/* The note by which the old key hands over. */
static enum sk_code
hand_over(struct arena *arena, struct ledger *ledger, const struct change *change,
          struct bytes *note_r, struct why *why)
{
    struct writer text, note;

    if (change->kind == HISTORY_ROTATE) {
        return ledger_sign(arena, ledger, &change->signer, note_r, why);
    }
    struct era era = {.old = ledger->signer.key,
                      .key = change->signer.key,
                      .signed_size = ledger->last.size,
                      .signed_root = ledger->last.root,
                      .found_size = change->entry,
                      .entry = change->entry};
    if (tiles_edge(&ledger->tiles,
                   &(struct tiles_sink){tiles_folder_put, &ledger->files}) != SK_OK ||
        root_at(ledger, ledger->tiles.size, change->entry, &era.found_root) != SK_OK) {
        return why_set(why, SK_SYSTEM, "the tree's files are not all there");
    }
    writer_init(&text, arena);
    writer_init(&note, arena);
    era_write(&text, &era);
    note_sign(&note, &ledger->signer, writer_view(&text));
    note_sign_line(&note, &change->signer, writer_view(&text));
    *note_r = writer_view(&note);
    return SK_OK;
}

/* Appends the step to the history, unless a crash came after that. */
static enum sk_code
note_step(struct arena *arena, struct ledger *ledger, const struct change *change,
          struct why *why)
{
    struct history history;
    struct bytes note;

    enum sk_code code = read_history(arena, ledger, &history, why);
    if (code != SK_OK) {
        return code;
    }
    if (note_key_equal(&history.steps[history.count - 1].key, &change->signer.key)) {
        return SK_OK;
    }
    if (!note_key_equal(&history.steps[history.count - 1].key, &ledger->signer.key)) {
        /* The hand-over to the present key was in the part that is lost. */
        history.steps[0] =
            (struct history_step){.change = HISTORY_FIRST, .key = ledger->signer.key};
        history.count = 1;
    }
    if (history.count == LIMIT_LEDGER_KEYS) {
        return why_set(why, SK_LIMIT, "the ledger's key was changed %d times; no more",
                       LIMIT_LEDGER_KEYS - 1);
    }
    code = hand_over(arena, ledger, change, &note, why);
    if (code != SK_OK) {
        return code;
    }
    history.steps[history.count++] = (struct history_step){.change = change->kind,
                                                           .key = change->signer.key,
                                                           .old = ledger->signer.key,
                                                           .entry = change->entry,
                                                           .time_ms = clock_now_ms(),
                                                           .note = note};
    if (change->kind == HISTORY_ROTATE) {
        code = ledger_put_checkpoint(ledger, note, why);
    }
    return code == SK_OK ? write_history(arena, ledger, &history, why) : code;
}

enum sk_code
ledger_finish_change(struct arena *arena, struct ledger *ledger, struct why *why)
{
    struct change change;
    struct bytes record, note;

    enum sk_code code = read_change(arena, ledger, &change, why);
    if (code != SK_OK || !change.there) {
        return code;
    }
    if (!note_key_equal(&change.signer.key, &ledger->signer.key)) {
        code = entry_at(arena, ledger, change.entry, &record, why);
        if (code == SK_OK && !history_entry_is(arena, record, change.kind,
                                               &ledger->signer.key, &change.signer.key)) {
            /* Its entry was never kept: there was no change. */
            return keys_destroy(ledger->keys, LEDGER_NEXT, why);
        }
        if (code == SK_OK) {
            code = note_step(arena, ledger, &change, why);
        }
        if (code == SK_OK) {
            code = write_signer(arena, ledger->keys, KEY_FILE_NEW, &change.signer, why);
        }
        if (code == SK_OK) {
            code = keys_replace(ledger->keys, KEY_FILE_NEW, LEDGER_KEY, why);
        }
        if (code != SK_OK) {
            return code;
        }
        ledger->signer = change.signer;
        ledger->signer.key.name = bytes_copy(&ledger->names, change.signer.key.name);
    }
    if (change.kind == HISTORY_ERA) {
        ledger->era = false;
        /* What was signed under the old name binds no more; from what was found on, the new name is bound. */
        ledger->last = (struct ledger_signed){0};
        code = ledger_sign(arena, ledger, NULL, &note, why);
        if (code == SK_OK) {
            code = ledger_put_checkpoint(ledger, note, why);
        }
    }
    return code == SK_OK ? keys_destroy(ledger->keys, LEDGER_NEXT, why) : code;
}

bool
ledger_signed_by_us(struct arena *arena, struct ledger *ledger, const struct note *note)
{
    struct change change;
    struct history history;

    if (note_check(note, &ledger->signer.key, NULL) == SK_OK) {
        return true;
    }
    if (ledger->era) {
        return read_history(arena, ledger, &history, NULL) == SK_OK &&
               note_check(note, &history.steps[history.count - 1].key, NULL) == SK_OK;
    }
    return read_change(arena, ledger, &change, NULL) == SK_OK && change.there &&
           note_check(note, &change.signer.key, NULL) == SK_OK;
}

bool
ledger_changing(struct arena *arena, struct ledger *ledger)
{
    struct change change;
    struct bytes record;

    return read_change(arena, ledger, &change, NULL) == SK_OK && change.there &&
           (note_key_equal(&change.signer.key, &ledger->signer.key) ||
            (entry_at(arena, ledger, change.entry, &record, NULL) == SK_OK &&
             history_entry_is(arena, record, change.kind, &ledger->signer.key,
                              &change.signer.key)));
}

static enum sk_code
begin_change(struct arena *arena, struct ledger *ledger, enum history_change kind,
             struct bytes name, const struct ledger_change *told, struct bytes *record_r,
             struct why *why)
{
    uint8_t seed[NOTE_ED25519_SIZE];
    struct note_signer next;
    struct writer w;

    *record_r = BYTES_NONE;
    if (bytes_trim(told->reason).size == 0 || told->reason.size > LIMIT_RECORD_FIELD) {
        return why_set(why, SK_BAD, "a reason of 1 to %d bytes is wanted",
                       LIMIT_RECORD_FIELD);
    }
    hash_random(seed, sizeof(seed));
    note_signer_new(bytes_copy(arena, name), NOTE_ED25519, seed, &next);
    writer_init(&w, arena);
    uint64_t entry = ledger->size + ledger->pending_count;
    writer_format(&w, "%s %llu\n", history_change_name(kind), (unsigned long long)entry);
    note_signer_write(&w, &next);
    enum sk_code code =
        ledger_write_file(ledger->keys, LEDGER_NEXT, writer_view(&w), 0600, why);
    if (code == SK_OK && fsync(ledger->keys) != 0) {
        code = why_set(why, SK_SYSTEM, "cannot sync the folder of keys");
    }
    if (code == SK_OK) {
        *record_r = history_entry_write(
            arena, &(struct history_entry){kind, &ledger->signer.key, &next.key, told->by,
                                           told->channel, told->reason, told->time_ms});
    }
    return code;
}

enum sk_code
ledger_rotate_begin(struct arena *arena, struct ledger *ledger,
                    const struct ledger_change *told, struct bytes *record_r,
                    struct why *why)
{
    return begin_change(arena, ledger, HISTORY_ROTATE, ledger->signer.key.name, told,
                        record_r, why);
}

enum sk_code
ledger_rotate_finish(struct arena *arena, struct ledger *ledger, struct why *why)
{
    enum sk_code code = ledger_finish_change(arena, ledger, why);

    if (code == SK_OK) {
        ledger->checkpoint_size = UINT64_MAX;
        code = ledger_checkpoint(ledger, true, why);
    }
    return code;
}

/* "example.jp/sekisho" is followed by "example.jp/sekisho/era-2". */
static struct bytes
next_era_name(struct arena *arena, struct bytes name)
{
    const struct bytes mark = BYTES("/era-");
    struct writer w;
    uint64_t number = 1;
    size_t slash = bytes_find_last(name, '/');

    if (slash != BYTES_NOWHERE && bytes_starts(bytes_from(name, slash), mark) &&
        bytes_to_number(bytes_from(name, slash + mark.size), 1000000, &number)) {
        name = bytes_slice(name, 0, slash);
    }
    writer_init(&w, arena);
    writer_bytes(&w, name);
    writer_format(&w, "/era-%llu", (unsigned long long)number + 1);
    return writer_view(&w);
}

enum sk_code
ledger_begin_era(struct arena *arena, const char *folder, const char *keys,
                 const struct ledger_change *told, struct ledger_era *era_r,
                 struct why *why)
{
    struct ledger_report report;
    struct ledger_place place;
    struct ledger *ledger;
    struct bytes record;

    *era_r = (struct ledger_era){0};
    enum sk_code code =
        ledger_open_as(arena, folder, keys, BYTES_NONE, true, &ledger, &report, why);
    if (code != SK_OK) {
        return code;
    }
    era_r->signed_size = ledger->last.size;
    era_r->found_size = ledger->size;
    struct bytes name = next_era_name(arena, ledger->signer.key.name);
    if (!note_name_valid(name)) {
        code = why_set(why, SK_CONFIG, "the ledger's name is too long for a new era");
    }
    if (code == SK_OK) {
        code = begin_change(arena, ledger, HISTORY_ERA, name, told, &record, why);
    }
    if (code == SK_OK) {
        code = ledger_add(ledger, record, &place, why);
    }
    if (code == SK_OK) {
        code = ledger_commit(ledger, false, why);
    }
    if (code == SK_OK) {
        code = ledger_finish_change(arena, ledger, why);
    }
    if (code == SK_OK) {
        era_r->name = bytes_copy(arena, ledger->signer.key.name);
    } else {
        ledger->broken = true; /* nothing is signed while it is closed */
    }
    ledger_close(ledger);
    return code;
}

enum sk_code
ledger_cosign(struct arena *arena, struct ledger *ledger, struct bytes text,
              struct why *why)
{
    struct checkpoint checkpoint;
    struct merkle_hash root;
    struct note note, present;
    struct bytes file;

    enum sk_code code = note_read(arena, text, &note, why);
    if (code == SK_OK) {
        code = note_check(&note, &ledger->signer.key, why);
    }
    if (code != SK_OK) {
        return code;
    }
    if (!checkpoint_read(note.text, &checkpoint) || checkpoint.size > ledger->last.size ||
        root_at(ledger, ledger->last.size, checkpoint.size, &root) != SK_OK ||
        !merkle_equal(&root, &checkpoint.root)) {
        return why_set(why, SK_BAD, "that is no checkpoint of this tree");
    }
    code = ledger_write_file(ledger->folder, LEDGER_COSIGNED, text, 0600, why);
    if (code == SK_OK &&
        ledger_read_file(arena, ledger->folder, "checkpoint", LIMIT_NOTE_BYTES, &file,
                         NULL) == SK_OK &&
        note_read(arena, file, &present, NULL) == SK_OK &&
        bytes_equal(present.text, note.text)) {
        code = ledger_write_file(ledger->folder, "checkpoint", text, 0600, why);
    }
    return code;
}
