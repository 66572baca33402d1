/* Both sides of witnessing, and cosignatures. */
#include "record/witness.h"

#include <unistd.h>

#include "base/limits.h"
#include "base/tap.h"
#include "record/ledger.h"
#include "record/settings.h"

static struct arena arena;
static char folder[64];

/* A log of our own in memory: leaves are their numbers. */
static enum sk_code
node(void *context, unsigned level, uint64_t index, struct merkle_hash *hash_r)
{
    if (level == 0) {
        *hash_r = merkle_leaf(bytes_of(&index, sizeof index));
        if (context != NULL && index == *(uint64_t *)context) {
            hash_r->at[0] ^= 1;
        }
        return SK_OK;
    }
    struct merkle_hash left, right;
    enum sk_code code = node(context, level - 1, 2 * index, &left);
    code = code == SK_OK ? node(context, level - 1, 2 * index + 1, &right) : code;
    *hash_r = merkle_node(&left, &right);
    return code;
}

static struct bytes
signed_note(const struct note_signer *signer, uint64_t size, uint64_t *forked)
{
    struct checkpoint checkpoint = {.origin = signer->key.name, .size = size};
    struct writer text, note;

    if (merkle_root(&(struct merkle_reader){node, forked}, size, &checkpoint.root) !=
        SK_OK) {
        tap_ok(false, "root");
    }
    writer_init(&text, &arena);
    writer_init(&note, &arena);
    checkpoint_write(&text, &checkpoint);
    note_sign(&note, signer, writer_view(&text));
    return writer_view(&note);
}

static struct bytes
request(uint64_t old, uint64_t size, struct bytes note, uint64_t *forked)
{
    struct merkle_proof proof = {.count = 0};
    struct writer w;

    if (old > 0 && old <= size &&
        merkle_consistency(&(struct merkle_reader){node, forked}, old, size, &proof) !=
            SK_OK) {
        tap_ok(false, "proof");
    }
    writer_init(&w, &arena);
    writer_format(&w, "old %llu\n", (unsigned long long)old);
    for (size_t i = 0; i < proof.count; i++) {
        writer_bytes(&w, bytes_base64(&arena, bytes_of(proof.hashes[i].at, MERKLE_SIZE)));
        writer_byte(&w, '\n');
    }
    writer_byte(&w, '\n');
    writer_bytes(&w, note);
    return writer_view(&w);
}

static struct witness_answer
submit(struct witnesses *witnesses, struct bytes body)
{
    struct witness_answer answer;

    witness_add_checkpoint(&arena, witnesses, body, 1800000000, &answer);
    if (answer.members.size > 0) {
        /* What the keeper does: the entry is kept, and the book sees it. */
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, "{\"v\":1,\"kind\":\"witness\",");
        writer_bytes(&w, answer.members);
        writer_byte(&w, '}');
        witnesses->book.entry(witnesses->book.context, 0, writer_view(&w));
    }
    return answer;
}

static void
open_witness(struct witnesses *witnesses, const struct note_key *key)
{
    const struct config *config;
    struct config_key keys[32];
    struct writer w;
    struct why why;
    size_t count = 0;

    for (const struct config_key *k = record_config_keys; k->name != NULL; k++) {
        keys[count++] = *k;
    }
    for (const struct config_key *k = witness_config_keys; k->name != NULL; k++) {
        keys[count++] = *k;
    }
    keys[count] = (struct config_key){.name = NULL};
    struct config_key *table = ARENA_NEW_MANY(&arena, count + 1, struct config_key);
    memcpy(table, keys, (count + 1) * sizeof keys[0]);
    writer_init(&w, &arena);
    writer_format(&w, "[record]\nfolder = %s\n[witness_log west]\nvkey = ", folder);
    note_key_write(&w, key);
    writer_byte(&w, '\n');
    if (config_read(&arena, table, writer_view(&w), &config, &why) != SK_OK ||
        witnesses_open(witnesses, &arena, config, BYTES("east.example"), &why) != SK_OK) {
        tap_ok(false, "open: %s", why.sentence);
    }
}

static void
test_protocol(void)
{
    struct witnesses witnesses;
    struct note_signer log;
    struct witness_answer answer;
    struct note note;
    int64_t time_s = 0;
    uint64_t forked = 3;
    size_t good = 0, refused = 0;

    note_signer_new(BYTES("west.example/log"), NOTE_ED25519, (uint8_t[32]){1}, &log);
    open_witness(&witnesses, &log.key);
    for (uint64_t old = 0, size = 1; size < 300; old = size, size += 1 + size / 3) {
        struct bytes text = signed_note(&log, size, NULL);
        if (old > 3) {
            refused += submit(&witnesses,
                              request(old, size, signed_note(&log, size, &forked), &forked))
                           .status == 422;
        } else {
            refused++;
        }
        answer = submit(&witnesses, request(old, size, text, NULL));
        struct writer w;
        writer_init(&w, &arena);
        writer_bytes(&w, text);
        writer_bytes(&w, answer.body);
        good +=
            answer.status == 200 && answer.members.size > 0 &&
            note_read(&arena, writer_view(&w), &note, NULL) == SK_OK &&
            note_check_cosignature(&note, &witnesses.signer.key, &time_s, NULL) == SK_OK &&
            time_s == 1800000000;
    }
    tap_ok(good == 17 && refused == 17,
           "a log that grows is cosigned, a fork is not (%zu, %zu)", good, refused);
    answer = submit(&witnesses, request(0, 5, signed_note(&log, 5, NULL), NULL));
    tap_ok(answer.status == 409 && bytes_is(bytes_from_text(answer.type), WITNESS_SIZE) &&
               answer.body.size > 1,
           "an old size that is not the one we saw: 409 with ours");
    struct writer saved;
    writer_init(&saved, &arena);
    witnesses.book.save(&witnesses, &saved);
    struct bytes before = bytes_copy(&arena, writer_view(&saved));
    struct why why;
    writer_clear(&saved);
    tap_ok(witnesses.book.load(&witnesses, before, &why) == SK_OK, "the book is read");
    witnesses.book.save(&witnesses, &saved);
    tap_ok(bytes_equal(before, writer_view(&saved)), "and written as it was");
    tap_ok(witnesses.book.load(&witnesses, BYTES("{"), &why) == SK_BAD,
           "a broken one is told");
    /* Every byte of a good request changed: never a cosignature that is not ours to give. */
    tap_ok(witnesses.book.load(&witnesses, before, &why) == SK_OK, "once more");
    struct bytes body = request(0, 4, signed_note(&log, 4, NULL), NULL);
    size_t wrong = 0;
    tap_ok(witnesses.book.load(&witnesses, BYTES_NONE, &why) == SK_OK, "from nothing");
    for (size_t i = 0; i < body.size; i++) {
        struct bytes other = bytes_copy(&arena, body);
        ((uint8_t *)(uintptr_t)other.at)[i] ^= 1;
        witness_add_checkpoint(&arena, &witnesses, other, 1, &answer);
        wrong += answer.status == 200;
    }
    tap_ok(wrong == 0, "any byte of a request changed: not cosigned (%zu)", body.size);
    witness_add_checkpoint(&arena, &witnesses, body, 1, &answer);
    tap_ok(answer.status == 200, "unchanged it is");
    struct bytes empty = signed_note(&log, 0, NULL);
    witness_add_checkpoint(&arena, &witnesses, request(0, 0, empty, NULL), 1, &answer);
    tap_ok(answer.status == 200, "an empty log is cosigned too");
}

/* The example of c2sp.org/tlog-cosignature is a note with two kinds of signature. */
static void
test_cosignature(void)
{
    static const char text[] =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/"
        "Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "\xe2\x80\x94 example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
        "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "\xe2\x80\x94 witness.example.com/w1 "
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/"
        "zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0x"
        "Ue+mbIUBkBIfZ+qnA==\n";
    struct note note;
    struct note_signer witness, other;
    struct writer w, line;
    int64_t time_s;
    struct why why;

    tap_ok(note_read(&arena, bytes_from_text(text), &note, NULL) == SK_OK &&
               note.signature_count == 2 && note.signatures[1].signature.size == 72,
           "the specification's example is read");
    writer_init(&w, &arena);
    for (size_t i = 0; i < note.signature_count; i++) {
        note_write_signature(&w, &note.signatures[i]);
    }
    tap_ok(bytes_ends(bytes_from_text(text), writer_view(&w)),
           "and its lines are written as they were");
    note_signer_new(BYTES("w.example"), NOTE_COSIGNATURE, (uint8_t[32]){5}, &witness);
    note_signer_new(BYTES("w.example"), NOTE_ED25519, (uint8_t[32]){5}, &other);
    tap_ok(witness.key.id != other.key.id && !note_key_equal(&witness.key, &other.key),
           "the same key for another kind of signature has another id");
    writer_init(&line, &arena);
    note_cosign_line(&line, &witness, note.text, 1679315147);
    writer_clear(&w);
    writer_bytes(&w, note.text);
    writer_byte(&w, '\n');
    writer_bytes(&w, writer_view(&line));
    tap_ok(note_read(&arena, writer_view(&w), &note, NULL) == SK_OK &&
               note_check_cosignature(&note, &witness.key, &time_s, &why) == SK_OK &&
               time_s == 1679315147,
           "what we cosign is good, with its time");
    tap_ok(note_check(&note, &witness.key, &why) == SK_BAD, "and is no plain signature");
    struct bytes all = writer_view(&w);
    size_t refused = 0, tried = 0;
    for (size_t i = 0; i < all.size - 1; i++) {
        struct bytes changed = bytes_copy(&arena, all);
        ((uint8_t *)(uintptr_t)changed.at)[i] ^= 4;
        tried++;
        refused += note_read(&arena, changed, &note, NULL) != SK_OK ||
                   note_check_cosignature(&note, &witness.key, &time_s, NULL) != SK_OK;
    }
    tap_ok(refused == tried, "any byte changed: refused (%zu of %zu)", refused, tried);
}

static void
test_merge(void)
{
    struct note_signer log, signer;
    struct witness_peer peer = {.name = BYTES("w")};
    struct writer lines;
    struct bytes merged;
    struct note note;
    struct why why;

    note_signer_new(BYTES("west.example/log"), NOTE_ED25519, (uint8_t[32]){1}, &log);
    note_signer_new(BYTES("w.example"), NOTE_COSIGNATURE, (uint8_t[32]){2}, &signer);
    peer.key = signer.key;
    struct bytes text = signed_note(&log, 9, NULL);
    if (note_read(&arena, text, &note, NULL) != SK_OK) {
        tap_ok(false, "note");
    }
    writer_init(&lines, &arena);
    note_cosign_line(&lines, &signer, note.text, 77);
    struct bytes good = bytes_copy(&arena, writer_view(&lines));
    tap_ok(witness_merge(&arena, text, &peer, good, &merged, &why) == SK_OK &&
               note_read(&arena, merged, &note, NULL) == SK_OK && note.signature_count == 2,
           "a cosignature comes into the note");
    tap_ok(witness_merge(&arena, merged, &peer, good, &merged, &why) == SK_OK &&
               note_read(&arena, merged, &note, NULL) == SK_OK && note.signature_count == 2,
           "once");
    tap_ok(witness_merge(&arena, text, &peer, BYTES(""), &merged, &why) == SK_BAD &&
               bytes_equal(merged, text),
           "none: %s", why.sentence);
    struct bytes foreign = signed_note(&log, 10, NULL);
    tap_ok(witness_merge(&arena, foreign, &peer, good, &merged, &why) == SK_BAD,
           "one of another checkpoint: %s", why.sentence);
    tap_ok(witness_merge(&arena, text, &peer, BYTES("<html>no</html>"), &merged, &why) ==
               SK_BAD,
           "what is no answer is refused");
}

int
main(void)
{
    char command[256];

    arena_init(&arena, (size_t)1 << 30);
    snprintf(folder, sizeof folder, "/tmp/witness-test-%d", (int)getpid());
    snprintf(command, sizeof command, "mkdir -p %s", folder);
    if (system(command) != 0) {
        tap_ok(false, "%s", command);
    }
    test_cosignature();
    test_protocol();
    test_merge();
    snprintf(command, sizeof command, "rm -rf %s %s-keys", folder, folder);
    if (system(command) != 0) {
        tap_ok(false, "%s", command);
    }
    arena_release(&arena);
    return tap_done();
}
