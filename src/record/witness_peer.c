/* Our own ledger shown to its witnesses. */
#include "record/witness.h"

#include "base/limits.h"
#include "record/tiles.h"

enum sk_code
witness_peers(struct arena *arena, const struct config *config,
              struct witness_peer **peers_r, size_t *count_r, struct why *why)
{
    size_t count = config_named_count(config, "witness");

    *count_r = 0;
    *peers_r = ARENA_NEW_MANY(arena, count + 1, struct witness_peer);
    if (count > LIMIT_WITNESSES) {
        return why_set(why, SK_CONFIG, "[witness]: more than %d", LIMIT_WITNESSES);
    }
    for (size_t i = 0; i < count; i++) {
        struct witness_peer *peer = &(*peers_r)[i];
        peer->name = config_named(config, "witness", i);
        peer->url = config_named_text(config, "witness", i, "url");
        if (!bytes_starts(peer->url, BYTES("http://")) &&
            !bytes_starts(peer->url, BYTES("https://"))) {
            return why_set(why, SK_CONFIG,
                           "[witness %s]: url: http:// or https:// is wanted",
                           bytes_text(arena, peer->name));
        }
        if (!note_key_read(arena, config_named_text(config, "witness", i, "vkey"),
                           &peer->key) ||
            peer->key.type != NOTE_COSIGNATURE) {
            return why_set(why, SK_CONFIG,
                           "[witness %s]: vkey: name+id+key of a witness is wanted",
                           bytes_text(arena, peer->name));
        }
    }
    *count_r = count;
    return SK_OK;
}

enum sk_code
witness_submission(struct arena *arena, int folder, struct bytes text, uint64_t old_size,
                   struct bytes *body_r, struct why *why)
{
    struct merkle_proof proof = {.count = 0};
    struct checkpoint checkpoint;
    struct note note;
    struct writer w;

    *body_r = BYTES_NONE;
    enum sk_code code = note_read(arena, text, &note, why);
    if (code != SK_OK || !checkpoint_read(note.text, &checkpoint)) {
        return code != SK_OK ? code : why_set(why, SK_BAD, "the checkpoint cannot be read");
    }
    if (old_size > checkpoint.size) {
        return why_set(why, SK_BAD,
                       "a witness has seen %llu entries, and the checkpoint has %llu: is "
                       "this an older copy of the record?",
                       (unsigned long long)old_size, (unsigned long long)checkpoint.size);
    }
    if (old_size > 0) {
        struct tiles_folder *files = ARENA_NEW(arena, struct tiles_folder);
        tiles_folder_init(files, folder, checkpoint.size);
        if (merkle_consistency(&(struct merkle_reader){tiles_folder_node, files}, old_size,
                               checkpoint.size, &proof) != SK_OK) {
            return why_set(why, SK_LATER, "the tree's files are not all there");
        }
    }
    writer_init(&w, arena);
    writer_format(&w, "old %llu\n", (unsigned long long)old_size);
    for (size_t i = 0; i < proof.count; i++) {
        writer_bytes(&w, bytes_base64(arena, bytes_of(proof.hashes[i].at, MERKLE_SIZE)));
        writer_byte(&w, '\n');
    }
    writer_byte(&w, '\n');
    writer_bytes(&w, text);
    *body_r = writer_view(&w);
    return SK_OK;
}

enum sk_code
witness_merge(struct arena *arena, struct bytes note, const struct witness_peer *peer,
              struct bytes lines, struct bytes *note_r, struct why *why)
{
    struct note present, answer;
    struct writer w;
    int64_t time_s;

    *note_r = note;
    enum sk_code code = note_read(arena, note, &present, why);
    if (code != SK_OK) {
        return code;
    }
    /* The answer's lines behind the same text are a note of their own. */
    writer_init(&w, arena);
    writer_bytes(&w, present.text);
    writer_byte(&w, '\n');
    writer_bytes(&w, lines);
    code = note_read(arena, bytes_copy(arena, writer_view(&w)), &answer, why);
    if (code == SK_OK) {
        code = note_check_cosignature(&answer, &peer->key, &time_s, why);
    }
    if (code != SK_OK) {
        return code;
    }
    writer_clear(&w);
    writer_bytes(&w, present.text);
    writer_byte(&w, '\n');
    for (size_t i = 0; i < present.signature_count; i++) {
        if (!note_signature_of(&present.signatures[i], &peer->key)) {
            note_write_signature(&w, &present.signatures[i]);
        }
    }
    for (size_t i = 0; i < answer.signature_count; i++) {
        if (note_signature_of(&answer.signatures[i], &peer->key)) {
            note_write_signature(&w, &answer.signatures[i]);
            break;
        }
    }
    *note_r = writer_view(&w);
    return SK_OK;
}
