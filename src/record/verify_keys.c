/* Signatures: the chain of keys, the checkpoint, cosignatures, and everything else that was ever signed about the tree. */
#include "record/verify_private.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "record/keys.h"
#include "record/ledger_private.h"

#define MARKS_MAX (LIMIT_LEDGER_KEYS + 2)

static void
add_mark(struct verifier *v, const struct checkpoint *tree, const char *what)
{
    size_t at = v->mark_count++;

    SK_ASSERT(v->mark_count <= MARKS_MAX);
    for (; at > 0 && v->marks[at - 1].size > tree->size; at--) {
        v->marks[at] = v->marks[at - 1];
    }
    v->marks[at] =
        (struct verify_mark){.size = tree->size, .root = tree->root, .what = what};
}

static struct bytes
read_file(struct verifier *v, const char *name, size_t most, enum sk_code *code_r)
{
    struct bytes text;

    *code_r = ledger_read_file(v->arena, v->folder, name, most, &text, NULL);
    return text;
}

/* ledger.keys, or what an earlier version had in its place. */
static void
read_history(struct verifier *v)
{
    enum sk_code code, vkey_code;
    struct note_key key;
    struct why why;
    struct bytes vkey = read_file(v, "ledger.vkey", LIMIT_NOTE_BYTES, &vkey_code);
    struct bytes text = read_file(v, HISTORY_FILE, (size_t)LIMIT_NOTE_BYTES * 4, &code);
    bool have_vkey = vkey_code == SK_OK && note_key_read(v->arena, vkey, &key);

    if (!have_vkey) {
        verify_fault(v, UINT64_MAX,
                     "ledger.vkey is missing or was altered: it is no verifier key");
    }
    if (code == SK_OK && history_read(v->arena, text, &v->history, &why) == SK_OK) {
        if (have_vkey &&
            !note_key_equal(&key, &v->history.steps[v->history.count - 1].key)) {
            verify_fault(v, UINT64_MAX,
                         "ledger.vkey is not the last key of %s: one of them was altered",
                         HISTORY_FILE);
        }
        return;
    }
    if (code == SK_OK) {
        verify_fault(v, UINT64_MAX, "%s", why.sentence);
    } else if (code != SK_BAD || v->options->key == NULL) {
        verify_fault(v, UINT64_MAX, "%s is missing", HISTORY_FILE);
    }
    v->history = (struct history){0};
    if (have_vkey) {
        v->history.steps = ARENA_NEW(v->arena, struct history_step);
        v->history.steps[0].key = key;
        v->history.count = 1;
    }
}

/* Every hand-over holds, and the key that the caller knows is one of the chain. */
static void
check_history(struct verifier *v)
{
    struct checkpoint tree;
    struct why why;
    bool known = v->options->key == NULL;

    for (size_t i = 0; i < v->history.count; i++) {
        const struct history_step *step = &v->history.steps[i];
        known = known || note_key_equal(v->options->key, &step->key);
        if (step->change == HISTORY_FIRST) {
            continue;
        }
        if (history_check(v->arena, step, &tree, &why) != SK_OK) {
            verify_fault(v, UINT64_MAX, "line %zu of %s: %s", i + 1, HISTORY_FILE,
                         why.sentence);
        } else {
            struct writer w;
            writer_init(&w, v->arena);
            writer_format(&w, "the change of keys in line %zu of %s", i + 1, HISTORY_FILE);
            add_mark(v, &tree, writer_c(&w));
        }
    }
    if (!known && v->history.count > 0) {
        verify_fault(v, UINT64_MAX,
                     "the key that was given is none of this ledger's: it is another "
                     "ledger, or its history of keys was altered");
    }
    v->report->keys = v->history.count;
}

/* The log's own signature: by the newest key it has, or, for a note from before a change, by another of the chain. */
static enum sk_code
check_log_signature(struct verifier *v, const struct note *note, bool newest,
                    struct why *why)
{
    enum sk_code code = why_set(why, SK_BAD, "no key is known to check it with");

    for (size_t i = v->history.count; i-- > 0 && code != SK_OK;) {
        code = note_check(note, &v->history.steps[i].key, why);
        if (newest) {
            break;
        }
    }
    return code;
}

/* Cosignatures of one note by witnesses that are known. */
static void
check_cosignatures(struct verifier *v, const struct note *note, uint64_t size,
                   const char *file, bool *found)
{
    int64_t time_s;
    struct why why;

    for (size_t i = 0; i < v->options->witness_count; i++) {
        const struct note_key *witness = &v->options->witnesses[i];
        bool there = false;
        for (size_t k = 0; k < note->signature_count; k++) {
            there = there || note_signature_of(&note->signatures[k], witness);
        }
        if (!there) {
            continue;
        }
        if (note_check_cosignature(note, witness, &time_s, &why) != SK_OK) {
            verify_fault(v, UINT64_MAX, "%s: the cosignature of %s is wrong: %s", file,
                         bytes_text(v->arena, witness->name), why.sentence);
        } else if (!found[i]) {
            found[i] = true;
            v->report->cosigned++;
            v->report->cosigned_size =
                v->report->cosigned_size == 0 || size < v->report->cosigned_size
                    ? size
                    : v->report->cosigned_size;
        }
    }
}

static void
read_checkpoint(struct verifier *v, bool *cosigned)
{
    enum sk_code code;
    struct note note;
    struct why why;
    struct bytes text;

    code =
        ledger_read_file(v->arena, v->folder, "checkpoint", LIMIT_NOTE_BYTES, &text, &why);
    if (code == SK_OK) {
        code = note_read(v->arena, text, &note, &why);
    }
    if (code == SK_OK && v->history.count > 0) {
        code = check_log_signature(v, &note, true, &why);
    }
    if (code != SK_OK) {
        verify_fault(v, UINT64_MAX, "checkpoint: %s", why.sentence);
        return;
    }
    if (!checkpoint_read(note.text, &v->checkpoint)) {
        verify_fault(v, UINT64_MAX, "checkpoint: origin, size and root are wanted");
        return;
    }
    if (v->history.count > 0 &&
        !bytes_equal(v->checkpoint.origin,
                     v->history.steps[v->history.count - 1].key.name)) {
        verify_fault(v, UINT64_MAX, "checkpoint: it is of another ledger");
    }
    v->have_checkpoint = true;
    v->report->origin = v->checkpoint.origin;
    v->report->checkpoint_size = v->checkpoint.size;
    v->report->root = v->checkpoint.root;
    check_cosignatures(v, &note, v->checkpoint.size, "checkpoint", cosigned);
}

/* The last checkpoint that witnesses have cosigned. */
static void
read_cosigned(struct verifier *v, bool *cosigned)
{
    struct note note;
    struct checkpoint checkpoint;
    struct why why;
    enum sk_code code;
    struct bytes text = read_file(v, LEDGER_COSIGNED, LIMIT_NOTE_BYTES, &code);

    if (code == SK_BAD) {
        return;
    }
    if (code != SK_OK || note_read(v->arena, text, &note, &why) != SK_OK ||
        check_log_signature(v, &note, false, &why) != SK_OK ||
        !checkpoint_read(note.text, &checkpoint)) {
        verify_fault(v, UINT64_MAX, "%s: it is no checkpoint that our key signed",
                     LEDGER_COSIGNED);
        return;
    }
    add_mark(v, &checkpoint, LEDGER_COSIGNED);
    check_cosignatures(v, &note, checkpoint.size, LEDGER_COSIGNED, cosigned);
}

/* What our key signed last, if we may look: it tells of a record that was put back to an older state. */
static void
read_signed(struct verifier *v)
{
    struct bytes text;
    struct checkpoint last;
    const char *keys =
        v->options->keys != NULL ? v->options->keys : keys_folder_beside(v->arena, v->path);
    int folder = open(keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0) {
        return;
    }
    if (ledger_read_file(v->arena, folder, LEDGER_SIGNED, LEDGER_KEY_MAX, &text, NULL) ==
            SK_OK &&
        checkpoint_read(text, &last) && v->history.count > 0 &&
        bytes_equal(last.origin, v->history.steps[v->history.count - 1].key.name)) {
        add_mark(v, &last, "what our key signed last (" LEDGER_SIGNED ")");
    }
    close(folder);
}

void
verify_signatures(struct verifier *v)
{
    bool *cosigned = ARENA_NEW_MANY(v->arena, v->options->witness_count + 1, bool);

    v->marks = ARENA_NEW_MANY(v->arena, MARKS_MAX, struct verify_mark);
    read_history(v);
    /* What was signed is read before the checkpoint and the journal, which only grow. */
    read_signed(v);
    check_history(v);
    read_cosigned(v, cosigned);
    read_checkpoint(v, cosigned);
    if (v->report->cosigned < v->options->quorum) {
        verify_fault(v, UINT64_MAX, "only %zu of the %zu witnesses asked for have cosigned",
                     v->report->cosigned, v->options->quorum);
    }
    verify_size_reached(v);
}

void
verify_size_reached(struct verifier *v)
{
    for (; v->mark_next < v->mark_count && v->marks[v->mark_next].size == v->tiles.size;
         v->mark_next++) {
        struct verify_mark *mark = &v->marks[v->mark_next];
        mark->found = tiles_root(&v->tiles);
        mark->wrong = !merkle_equal(&mark->found, &mark->root);
    }
}

void
verify_tell_marks(struct verifier *v)
{
    bool told = v->report->fault_count > 0;

    for (size_t i = 0; i < v->mark_count; i++) {
        const struct verify_mark *mark = &v->marks[i];
        if (i >= v->mark_next) {
            verify_fault(v, UINT64_MAX,
                         "%s speaks of %llu entries, and only %llu are there: an older "
                         "copy was put back, or entries were taken away",
                         mark->what, (unsigned long long)mark->size,
                         (unsigned long long)v->tiles.size);
        } else if (mark->wrong && !told) {
            /* Where an altered entry was named already, all roots behind it are wrong as well. */
            verify_fault(v, UINT64_MAX,
                         "%s: the first %llu entries of the journal give another root",
                         mark->what, (unsigned long long)mark->size);
        }
    }
}

void
verify_key_frame(struct verifier *v, const struct journal_frame *frame)
{
    if (frame->purged || !history_entry_kind(frame->record)) {
        return;
    }
    struct verify_key_entry *entry = ARENA_NEW(v->arena, struct verify_key_entry);
    *entry = (struct verify_key_entry){v->key_entries, frame->index,
                                       bytes_copy(v->arena, frame->record), false};
    v->key_entries = entry;
}

void
verify_tell_keys(struct verifier *v)
{
    for (size_t i = 0; i < v->history.count; i++) {
        const struct history_step *step = &v->history.steps[i];
        bool found = step->change == HISTORY_FIRST;
        for (struct verify_key_entry *it = v->key_entries; it != NULL; it = it->next) {
            if (!found && it->index == step->entry &&
                history_entry_is(v->arena, it->record, step->change, &step->old,
                                 &step->key)) {
                it->explained = found = true;
            }
        }
        if (!found) {
            verify_fault(v, step->entry,
                         "line %zu of %s: entry %llu tells of no such change of keys",
                         i + 1, HISTORY_FILE, (unsigned long long)step->entry);
        }
    }
    for (struct verify_key_entry *it = v->key_entries; it != NULL; it = it->next) {
        if (!it->explained) {
            verify_fault(v, it->index,
                         "entry %llu tells of a change of keys that %s does not have",
                         (unsigned long long)it->index, HISTORY_FILE);
        }
    }
}
