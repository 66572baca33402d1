#include "record/verify.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "record/ledger.h"
#include "record/tiles.h"
#include "record/vault.h"

static const struct bytes first_line = {(const uint8_t *)"c2sp.org/tlog-proof@v1\n", 23};

static enum sk_code
prove_frame(struct arena *arena, int folder, const struct journal_frame *frame,
            struct bytes *proof_r, struct why *why)
{
    struct bytes text;
    struct note note;
    struct checkpoint checkpoint;
    struct merkle_proof proof;
    struct writer w, extra;

    enum sk_code code =
        ledger_read_file(arena, folder, "checkpoint", LIMIT_NOTE_BYTES, &text, why);
    if (code == SK_OK) {
        code = note_read(arena, text, &note, why);
    }
    if (code != SK_OK || !checkpoint_read(note.text, &checkpoint)) {
        return code != SK_OK ? code : why_set(why, SK_BAD, "the checkpoint cannot be read");
    }
    if (frame->index >= checkpoint.size) {
        return why_set(
            why, SK_LATER,
            "entry %llu is newer than the last checkpoint; ask again in a second",
            (unsigned long long)frame->index);
    }
    struct tiles_folder *files = ARENA_NEW(arena, struct tiles_folder);
    tiles_folder_init(files, folder, checkpoint.size);
    code = merkle_inclusion(&(struct merkle_reader){tiles_folder_node, files}, frame->index,
                            checkpoint.size, &proof);
    if (code != SK_OK) {
        return why_set(why, code,
                       "the tree's files are not all there; run `sekisho ledger verify`");
    }
    writer_init(&w, arena);
    writer_init(&extra, arena);
    writer_bytes(&extra, frame->salt);
    writer_bytes(&extra, frame->record);
    writer_bytes(&w, first_line);
    writer_text(&w, "extra ");
    writer_bytes(&w, bytes_base64(arena, writer_view(&extra)));
    writer_format(&w, "\nindex %llu\n", (unsigned long long)frame->index);
    for (size_t i = 0; i < proof.count; i++) {
        writer_bytes(&w, bytes_base64(arena, bytes_of(proof.hashes[i].at, MERKLE_SIZE)));
        writer_byte(&w, '\n');
    }
    writer_byte(&w, '\n');
    writer_bytes(&w, text);
    *proof_r = writer_view(&w);
    return SK_OK;
}

enum sk_code
verify_prove(struct arena *arena, const char *folder, struct bytes id,
             struct bytes *proof_r, struct why *why)
{
    struct journal_frame frame;

    *proof_r = BYTES_NONE;
    enum sk_code code = vault_find(arena, folder, id, &frame, why);
    if (code != SK_OK) {
        return code;
    }
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) {
        return why_set(why, SK_SYSTEM, "cannot open %s", folder);
    }
    code = prove_frame(arena, at, &frame, proof_r, why);
    close(at);
    return code;
}

/* The lines before the checkpoint: index, hashes, and the record that the extra data carries. */
static bool
read_proof(struct arena *arena, struct bytes *rest, uint64_t *index_r,
           struct merkle_proof *proof_r, struct bytes *extra_r)
{
    struct bytes line, decoded;

    if (!bytes_starts(*rest, first_line)) {
        return false;
    }
    *rest = bytes_from(*rest, first_line.size);
    /* Lines end with LF alone: a CR is no part of base64 or of a number. */
    if (!bytes_split(rest, '\n', &line) || !bytes_starts(line, BYTES("extra ")) ||
        !note_base64_read(arena, bytes_from(line, 6), extra_r) ||
        extra_r->size < JOURNAL_SALT_SIZE || !bytes_split(rest, '\n', &line) ||
        !bytes_starts(line, BYTES("index ")) || (line.size > 7 && line.at[6] == '0') ||
        !bytes_to_number(bytes_from(line, 6), INT64_MAX, index_r)) {
        return false;
    }
    proof_r->count = 0;
    while (bytes_split(rest, '\n', &line)) {
        if (line.size == 0) {
            return rest->at != NULL;
        }
        if (proof_r->count == MERKLE_PROOF_MAX || line.size != 44 ||
            !note_base64_read(arena, line, &decoded) || decoded.size != MERKLE_SIZE) {
            return false;
        }
        memcpy(proof_r->hashes[proof_r->count++].at, decoded.at, MERKLE_SIZE);
    }
    return false;
}

enum sk_code
verify_proof(struct arena *arena, struct bytes text, const struct note_key *key,
             struct bytes *record_r, struct why *why)
{
    struct merkle_proof proof;
    struct checkpoint checkpoint;
    struct note note;
    struct bytes extra, rest = text;
    uint64_t index;
    uint8_t leaf_data[HASH_SHA256_SIZE];

    *record_r = BYTES_NONE;
    if (!read_proof(arena, &rest, &index, &proof, &extra)) {
        return why_set(why, SK_BAD, "this is no proof of a record");
    }
    enum sk_code code = note_read(arena, rest, &note, why);
    if (code == SK_OK) {
        code = note_check(&note, key, why);
    }
    if (code != SK_OK) {
        return code;
    }
    if (!checkpoint_read(note.text, &checkpoint) ||
        !bytes_equal(checkpoint.origin, key->name)) {
        return why_set(why, SK_BAD, "the checkpoint is of another ledger");
    }
    hash_sha256(extra, leaf_data);
    struct merkle_hash leaf = merkle_leaf(bytes_of(leaf_data, sizeof(leaf_data)));
    if (!merkle_check_inclusion(&leaf, index, checkpoint.size, &proof, &checkpoint.root)) {
        return why_set(why, SK_BAD,
                       "the proof does not lead from the record to the checkpoint's root");
    }
    *record_r = bytes_from(extra, JOURNAL_SALT_SIZE);
    return SK_OK;
}
