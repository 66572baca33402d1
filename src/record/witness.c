#include "record/witness.h"

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "record/keys.h"
#include "record/ledger.h"
#include "record/settings.h"

const struct config_key witness_config_keys[] = {
    {"witness_log", "vkey", CONFIG_LIST, NULL, 0, 0, NULL, true,
     "Verifier keys of a ledger whose checkpoints we cosign, as its `ledger show` prints "
     "them; several while it changes its key."},
    {"witness", "url", CONFIG_TEXT, NULL, 1, 2000, NULL, true,
     "Where a witness of our ledger takes checkpoints: the address to which "
     "/add-checkpoint "
     "is added."},
    {"witness", "vkey", CONFIG_TEXT, NULL, 1, 1000, NULL, true,
     "Verifier key of that witness, for cosignatures (its type is 4)."},
    {0},
};

struct witness_log {
    struct note_key *keys;
    size_t key_count;
};

struct witness_seen {
    uint64_t size;
    struct merkle_hash root;
    struct bytes note; /* with its log's signature and our cosignature */
};

static enum sk_code
read_logs(struct witnesses *witnesses, const struct config *config, struct why *why)
{
    size_t count = config_named_count(config, "witness_log"), listed;

    if (count > LIMIT_WITNESS_LOGS) {
        return why_set(why, SK_CONFIG, "[witness_log]: more than %d", LIMIT_WITNESS_LOGS);
    }
    for (size_t i = 0; i < count; i++) {
        const struct bytes *vkeys =
            config_named_list(config, "witness_log", i, "vkey", &listed);
        for (size_t k = 0; k < listed; k++) {
            struct note_key key;
            if (!note_key_read(witnesses->arena, vkeys[k], &key) ||
                key.type != NOTE_ED25519) {
                return why_set(
                    why, SK_CONFIG,
                    "[witness_log %s]: vkey: name+id+key is wanted, as that "
                    "ledger's `sekisho ledger show` prints it",
                    bytes_text(witnesses->arena, config_named(config, "witness_log", i)));
            }
            struct witness_log *log = table_get(&witnesses->logs, key.name);
            if (log == NULL) {
                log = ARENA_NEW(witnesses->arena, struct witness_log);
                log->keys =
                    ARENA_NEW_MANY(witnesses->arena, LIMIT_LEDGER_KEYS, struct note_key);
                key.name = bytes_copy(witnesses->arena, key.name);
                table_put(&witnesses->logs, key.name, log);
            }
            if (log->key_count < LIMIT_LEDGER_KEYS) {
                log->keys[log->key_count++] = key;
            }
        }
    }
    return SK_OK;
}

/* witness.key, and its public half where people find it. */
static enum sk_code
read_key(struct witnesses *witnesses, const struct config *config, struct bytes base,
         struct why *why)
{
    struct arena *arena = witnesses->arena;
    struct bytes text;
    struct writer w;
    uint8_t seed[NOTE_ED25519_SIZE];
    int keys;

    enum sk_code code = keys_open(keys_folder(arena, config), &keys, why);
    if (code != SK_OK) {
        return code;
    }
    code = ledger_read_file(arena, keys, WITNESS_KEY, 4096, &text, why);
    if (code == SK_OK && (!note_signer_read(arena, text, &witnesses->signer) ||
                          witnesses->signer.key.type != NOTE_COSIGNATURE)) {
        code = why_set(why, SK_CONFIG,
                       WITNESS_KEY " is no private key; put the right one back");
    } else if (code == SK_BAD) {
        writer_init(&w, arena);
        writer_bytes(&w, base);
        writer_text(&w, "/witness");
        hash_random(seed, sizeof seed);
        if (!note_name_valid(writer_view(&w))) {
            code = why_set(why, SK_CONFIG, "record.name is too long for a witness's name");
        } else {
            note_signer_new(bytes_copy(arena, writer_view(&w)), NOTE_COSIGNATURE, seed,
                            &witnesses->signer);
            writer_clear(&w);
            note_signer_write(&w, &witnesses->signer);
            code = ledger_write_file(keys, WITNESS_KEY, writer_view(&w), 0600, why);
        }
        if (code == SK_OK && fsync(keys) != 0) {
            code = why_set(why, SK_SYSTEM, "cannot sync the folder of keys");
        }
    }
    close(keys);
    return code;
}

static enum sk_code
write_vkey(struct witnesses *witnesses, const struct config *config, struct why *why)
{
    struct writer w;
    int folder = open(bytes_text(witnesses->arena, config_text(config, "record.folder")),
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0) {
        return why_set(why, SK_SYSTEM, "cannot open the record's folder");
    }
    writer_init(&w, witnesses->arena);
    note_key_write(&w, &witnesses->signer.key);
    writer_byte(&w, '\n');
    enum sk_code code = ledger_write_file(folder, WITNESS_VKEY, writer_view(&w), 0600, why);
    close(folder);
    return code;
}

static struct bytes
member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static void
see(struct witnesses *witnesses, const json_t *object)
{
    struct bytes origin = member(object, "origin"), note = member(object, "note");
    struct checkpoint checkpoint;
    struct writer w;

    writer_init(&w, witnesses->arena);
    writer_bytes(&w, origin);
    writer_byte(&w, '\n');
    writer_number(&w, json_integer_value(json_object_get(object, "size")));
    writer_byte(&w, '\n');
    writer_bytes(&w, member(object, "root"));
    writer_byte(&w, '\n');
    if (!checkpoint_read(writer_view(&w), &checkpoint)) {
        return; /* an entry that says nothing to us */
    }
    struct witness_seen *seen = table_get(&witnesses->seen, origin);
    if (seen == NULL) {
        seen = ARENA_NEW(witnesses->arena, struct witness_seen);
        table_put(&witnesses->seen, bytes_copy(witnesses->arena, origin), seen);
    }
    seen->size = checkpoint.size;
    seen->root = checkpoint.root;
    /* A note of about the same size takes the room of the one before. */
    if (seen->note.size >= note.size && note.size > 0) {
        memcpy((uint8_t *)(uintptr_t)seen->note.at, note.at, note.size);
        seen->note.size = note.size;
    } else {
        seen->note = bytes_copy(witnesses->arena, note);
    }
}

static enum sk_code
book_load(void *context, struct bytes text, struct why *why)
{
    struct witnesses *witnesses = context;
    struct bytes line;

    table_init(&witnesses->seen, witnesses->arena, false);
    while (text.size > 0 && bytes_line(&text, &line)) {
        json_t *object = json_loadb((const char *)line.at, line.size, 0, NULL);
        if (object == NULL) {
            return why_set(why, SK_BAD, "a line of the witness's book cannot be read");
        }
        see(witnesses, object);
        json_decref(object);
    }
    return SK_OK;
}

static void
book_entry(void *context, uint64_t index, struct bytes record)
{
    json_t *object =
        json_loadb((const char *)record.at, record.size, JSON_DISABLE_EOF_CHECK, NULL);

    (void)index;
    if (object != NULL) {
        see(context, object);
        json_decref(object);
    }
}

static void
write_members(struct json *j, struct bytes origin, const struct witness_seen *seen)
{
    json_put_string(j, "origin", origin);
    json_put_number(j, "size", (int64_t)seen->size);
    json_put_string(j, "root",
                    bytes_base64(j->w->arena, bytes_of(seen->root.at, MERKLE_SIZE)));
    json_put_string(j, "note", seen->note);
}

static void
book_save(void *context, struct writer *w)
{
    const struct witnesses *witnesses = context;
    struct bytes origin;
    void *value;
    struct json j;

    for (size_t at = 0; table_next(&witnesses->seen, &at, &origin, &value);) {
        json_init(&j, w);
        json_open(&j, '{');
        write_members(&j, origin, value);
        json_close(&j);
        writer_byte(w, '\n');
    }
}

enum sk_code
witnesses_open(struct witnesses *witnesses, struct arena *arena,
               const struct config *config, struct bytes base, struct why *why)
{
    *witnesses = (struct witnesses){.arena = arena};
    table_init(&witnesses->logs, arena, false);
    table_init(&witnesses->seen, arena, false);
    witnesses->book = (struct book){.name = "witness",
                                    .kind = "witness",
                                    .load = book_load,
                                    .entry = book_entry,
                                    .save = book_save,
                                    .context = witnesses};
    enum sk_code code = read_logs(witnesses, config, why);
    if (code == SK_OK && witnesses->logs.count > 0) {
        code = read_key(witnesses, config, base, why);
        code = code == SK_OK ? write_vkey(witnesses, config, why) : code;
    }
    return code;
}

static void
answer(struct witness_answer *answer_r, int status, const char *words)
{
    *answer_r =
        (struct witness_answer){status, WITNESS_TEXT, bytes_from_text(words), BYTES_NONE};
}

/* A size without leading zeros. */
static bool
read_size(struct bytes text, uint64_t *size_r)
{
    return bytes_to_number(text, INT64_MAX, size_r) &&
           (text.size == 1 || text.at[0] != '0');
}

/* The lines before the checkpoint; each ends with LF alone. */
static bool
read_head(struct arena *arena, struct bytes *rest, uint64_t *old_r,
          struct merkle_proof *proof_r)
{
    struct bytes line, hash;

    proof_r->count = 0;
    if (!bytes_split(rest, '\n', &line) || !bytes_starts(line, BYTES("old ")) ||
        !read_size(bytes_from(line, 4), old_r)) {
        return false;
    }
    while (bytes_split(rest, '\n', &line)) {
        if (line.size == 0) {
            return rest->at != NULL;
        }
        if (proof_r->count == WITNESS_LINES || line.size != 44 ||
            !note_base64_read(arena, line, &hash) || hash.size != MERKLE_SIZE) {
            return false;
        }
        memcpy(proof_r->hashes[proof_r->count++].at, hash.at, MERKLE_SIZE);
    }
    return false;
}

/* Signed by a key we trust for the origin, and no line that claims to be by such a key is wrong. The trusted lines are
 * written, for the note that is kept. */
static bool
trusted(const struct witness_log *log, const struct note *note, struct writer *lines)
{
    bool by_one = false;

    for (size_t i = 0; i < log->key_count; i++) {
        bool claimed = false;
        for (size_t k = 0; k < note->signature_count; k++) {
            if (note_signature_of(&note->signatures[k], &log->keys[i])) {
                claimed = true;
                note_write_signature(lines, &note->signatures[k]);
            }
        }
        if (claimed && note_check(note, &log->keys[i], NULL) != SK_OK) {
            return false;
        }
        by_one = by_one || claimed;
    }
    return by_one;
}

static bool
consistent(const struct witness_seen *seen, const struct checkpoint *checkpoint,
           const struct merkle_proof *proof)
{
    const struct merkle_hash empty = merkle_empty();

    if (seen->size == 0) {
        return proof->count == 0 &&
               (checkpoint->size > 0 || merkle_equal(&checkpoint->root, &empty));
    }
    return merkle_check_consistency(seen->size, checkpoint->size, proof, &seen->root,
                                    &checkpoint->root);
}

void
witness_add_checkpoint(struct arena *arena, const struct witnesses *witnesses,
                       struct bytes body, int64_t now_s, struct witness_answer *answer_r)
{
    const struct witness_seen nothing = {.root = merkle_empty()};
    struct merkle_proof proof;
    struct checkpoint checkpoint;
    struct note note;
    struct writer lines, text;
    struct json j;
    uint64_t old;

    if (!read_head(arena, &body, &old, &proof) ||
        note_read(arena, body, &note, NULL) != SK_OK ||
        !checkpoint_read(note.text, &checkpoint)) {
        answer(answer_r, 400, "old size, proof lines and a checkpoint are wanted\n");
        return;
    }
    const struct witness_log *log = table_get(&witnesses->logs, checkpoint.origin);
    if (log == NULL) {
        answer(answer_r, 404, "that ledger is not known here\n");
        return;
    }
    writer_init(&lines, arena);
    if (!trusted(log, &note, &lines)) {
        answer(answer_r, 403, "the checkpoint is not signed by a key trusted for it\n");
        return;
    }
    if (old > checkpoint.size) {
        answer(answer_r, 400, "the old size is above that of the checkpoint\n");
        return;
    }
    const struct witness_seen *seen = table_get(&witnesses->seen, checkpoint.origin);
    seen = seen != NULL ? seen : &nothing;
    writer_init(&text, arena);
    if (old != seen->size) {
        writer_format(&text, "%llu\n", (unsigned long long)seen->size);
        *answer_r =
            (struct witness_answer){409, WITNESS_SIZE, writer_view(&text), BYTES_NONE};
        return;
    }
    if (!consistent(seen, &checkpoint, &proof)) {
        answer(answer_r, 422, "the checkpoint does not go on from the one cosigned last\n");
        return;
    }
    note_cosign_line(&text, &witnesses->signer, note.text, now_s);
    *answer_r = (struct witness_answer){200, WITNESS_TEXT, writer_view(&text), BYTES_NONE};
    if (seen != &nothing && seen->size == checkpoint.size) {
        return;
    }
    struct writer whole, members;
    writer_init(&whole, arena);
    writer_bytes(&whole, note.text);
    writer_byte(&whole, '\n');
    writer_bytes(&whole, writer_view(&lines));
    writer_bytes(&whole, answer_r->body);
    writer_init(&members, arena);
    json_init(&j, &members);
    json_open(&j, '{');
    write_members(
        &j, checkpoint.origin,
        &(struct witness_seen){checkpoint.size, checkpoint.root, writer_view(&whole)});
    json_close(&j);
    struct bytes object = writer_view(&members);
    answer_r->members = bytes_slice(object, 1, object.size - 1);
}

void
witness_checkpoint(struct arena *arena, const struct witnesses *witnesses,
                   struct bytes hash, struct witness_answer *answer_r)
{
    struct bytes origin;
    void *value;
    uint8_t digest[HASH_SHA256_SIZE];

    for (size_t at = 0; table_next(&witnesses->seen, &at, &origin, &value);) {
        const struct witness_seen *seen = value;
        hash_sha256(origin, digest);
        if (bytes_equal(hash, bytes_hex(arena, bytes_of(digest, sizeof digest)))) {
            *answer_r = (struct witness_answer){200, WITNESS_TEXT,
                                                bytes_copy(arena, seen->note), BYTES_NONE};
            return;
        }
    }
    answer(answer_r, 404, "nothing of that ledger was cosigned\n");
}
