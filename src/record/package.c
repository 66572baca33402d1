#include "record/package.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "record/history.h"
#include "record/journal.h"
#include "record/ledger.h"
#include "record/tiles.h"
#include "record/vault.h"

struct package {
    struct arena *arena;
    const struct package_order *order;
    const char *path;
    int folder;
    struct bytes note; /* the checkpoint */
    struct checkpoint checkpoint;
    struct history history;
    struct journal_frame *frames; /* copied */
    size_t frame_count;
    uint64_t highest;
    struct json *j, *sums;
};

static const char cover_ja[] = "この書類は、電子メール検問所「関所」の記録から取り出した証"
                               "拠一式です。各記録は、受信した"
                               "時点で追記専用の台帳（RFC 6962 "
                               "のハッシュ木）に加えられ、木の根は鍵で署名されています。"
                               "同梱の記録が一文字でも変えられていれば、検証プログラム（ver"
                               "ifier.html）がそれを示します。"
                               "この一式が証明するのは、記録が署名の後に変えられていないこ"
                               "とです。記録の内容が真実であること、"
                               "送信元のアドレスの持ち主が送信者本人であることは証明しませ"
                               "ん。アドレスは人ではありません。";
static const char cover_en[] =
    "This package holds evidence taken from the record of a Sekisho e-mail checkpoint. "
    "Each "
    "record was added to an append-only ledger (a hash tree, RFC 6962) when the message "
    "came, "
    "and the root of the tree is signed. If one character of a record in this package was "
    "altered, the verifier (verifier.html) says so. The package proves that the records "
    "were "
    "not altered after they were signed. It does not prove that what they say is true, nor "
    "that "
    "the owner of an address sent the message: an address is not a person.";

static enum sk_code
take_frame(struct package *p, const struct journal_frame *frame, struct why *why)
{
    if (p->frame_count == LIMIT_PACKAGE_ENTRIES) {
        return why_set(why, SK_LIMIT, "more than %d entries belong to these messages",
                       LIMIT_PACKAGE_ENTRIES);
    }
    struct journal_frame *copy = &p->frames[p->frame_count++];
    *copy = *frame;
    copy->salt = bytes_copy(p->arena, frame->salt);
    copy->leaf_data = bytes_copy(p->arena, frame->leaf_data);
    copy->record = bytes_copy(p->arena, frame->record);
    p->highest = frame->index > p->highest ? frame->index : p->highest;
    return SK_OK;
}

/* Whether a record speaks of that message. Quotes inside strings are escaped, so the words can only be a member. */
static bool
speaks_of(struct bytes record, struct bytes member)
{
    return bytes_find(record, member, 0) != BYTES_NOWHERE;
}

static bool
wanted(const struct package *p, const struct journal_frame *frame,
       const struct bytes *members)
{
    if (history_entry_kind(frame->record)) {
        return true;
    }
    for (size_t i = 0; i < p->order->id_count; i++) {
        if (speaks_of(frame->record, members[i])) {
            return true;
        }
    }
    return false;
}

/* All entries that speak of the messages, from the segment of the first one on, and all changes of keys. */
static enum sk_code
gather(struct package *p, struct why *why)
{
    struct bytes *members = ARENA_NEW_MANY(p->arena, p->order->id_count, struct bytes);
    struct journal_list list;
    struct journal_frame frame;
    struct bytes segment;
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < p->order->id_count; i++) {
        struct writer w;
        enum sk_code code = vault_find(p->arena, p->path, p->order->ids[i], &frame, why);
        if (code != SK_OK) {
            return code;
        }
        first = frame.index < first ? frame.index : first;
        writer_init(&w, p->arena);
        writer_text(&w, "\"id\":\"");
        writer_bytes(&w, p->order->ids[i]);
        writer_byte(&w, '"');
        members[i] = writer_view(&w);
    }
    enum sk_code code = journal_list(p->arena, p->folder, &list, why);
    for (size_t i = 0; i < list.count && code == SK_OK; i++) {
        bool before = i + 1 < list.count && list.firsts[i + 1] <= first;
        if (before && p->history.count < 2) {
            continue;
        }
        code = journal_map(p->folder, list.firsts[i], &segment, why);
        for (size_t at = 0; code == SK_OK && at < segment.size; at += frame.size) {
            if (journal_frame_read(segment, at, &frame) != SK_OK) {
                break;
            }
            if (wanted(p, &frame, members)) {
                code = take_frame(p, &frame, why);
            }
        }
        journal_unmap(segment);
    }
    return code;
}

static bool
read_note(struct package *p, const char *name)
{
    struct note note;

    return ledger_read_file(p->arena, p->folder, name, LIMIT_NOTE_BYTES, &p->note, NULL) ==
               SK_OK &&
           note_read(p->arena, p->note, &note, NULL) == SK_OK &&
           checkpoint_read(note.text, &p->checkpoint);
}

static enum sk_code
choose_checkpoint(struct package *p, struct why *why)
{
    if ((read_note(p, LEDGER_COSIGNED) && p->checkpoint.size > p->highest) ||
        (read_note(p, "checkpoint") && p->checkpoint.size > p->highest)) {
        return SK_OK;
    }
    return why_set(why, SK_LATER,
                   "entry %llu is newer than the last checkpoint; ask again in a second",
                   (unsigned long long)p->highest);
}

static struct merkle_reader
tree_of(struct package *p)
{
    struct tiles_folder *files = ARENA_NEW(p->arena, struct tiles_folder);

    tiles_folder_init(files, p->folder, p->checkpoint.size);
    return (struct merkle_reader){tiles_folder_node, files};
}

static void
put_base64(struct package *p, const char *key, struct bytes b)
{
    json_put_string(p->j, key, bytes_base64(p->arena, b));
}

static void
put_proof(struct package *p, const char *key, const struct merkle_proof *proof)
{
    json_key(p->j, key);
    json_open(p->j, '[');
    for (size_t i = 0; i < proof->count; i++) {
        json_bytes(p->j,
                   bytes_base64(p->arena, bytes_of(proof->hashes[i].at, MERKLE_SIZE)));
    }
    json_close(p->j);
}

static void
put_sum(struct package *p, const char *name, struct bytes b)
{
    uint8_t digest[HASH_SHA256_SIZE];

    hash_sha256(b, digest);
    json_open(p->sums, '{');
    json_put_text(p->sums, "name", name);
    json_put_string(p->sums, "sha256",
                    bytes_hex(p->arena, bytes_of(digest, sizeof digest)));
    json_close(p->sums);
}

/* The value of a record's "kind", which stands at its start. */
static struct bytes
kind_of(struct bytes record)
{
    const struct bytes start = BYTES("{\"v\":1,\"kind\":\"");
    size_t end = bytes_find_byte(record, '"', start.size);

    return bytes_starts(record, start) && end != BYTES_NOWHERE
               ? bytes_slice(record, start.size, end)
               : BYTES_NONE;
}

static enum sk_code
put_entry(struct package *p, const struct journal_frame *frame, struct why *why)
{
    struct merkle_reader tree = tree_of(p);
    struct merkle_proof proof;
    char name[64];

    if (merkle_inclusion(&tree, frame->index, p->checkpoint.size, &proof) != SK_OK) {
        return why_set(why, SK_SYSTEM,
                       "the tree's files are not all there; run `sekisho ledger verify`");
    }
    json_open(p->j, '{');
    json_put_number(p->j, "index", (int64_t)frame->index);
    if (frame->purged) {
        json_put_bool(p->j, "purged", true);
        put_base64(p, "leaf", frame->leaf_data);
    } else {
        json_put_string(p->j, "kind", kind_of(frame->record));
        put_base64(p, "salt", frame->salt);
        put_base64(p, "record", frame->record);
        snprintf(name, sizeof name, "record of entry %llu",
                 (unsigned long long)frame->index);
        put_sum(p, name, frame->record);
    }
    put_proof(p, "path", &proof);
    json_close(p->j);
    return SK_OK;
}

/* A step's own line, and the way from its tree to the checkpoint's. */
static enum sk_code
put_step(struct package *p, const struct history_step *step, struct why *why)
{
    struct checkpoint tree;
    struct merkle_proof proof = {.count = 0};
    struct writer line;

    writer_init(&line, p->arena);
    history_write_step(&line, step);
    struct bytes object = bytes_trim(writer_view(&line));
    if (step->change == HISTORY_FIRST) {
        json_raw(p->j, object);
        return SK_OK;
    }
    enum sk_code code = history_check(p->arena, step, &tree, why);
    if (code != SK_OK) {
        return code;
    }
    struct merkle_reader reader = tree_of(p);
    if (tree.size > p->checkpoint.size ||
        (tree.size > 0 &&
         merkle_consistency(&reader, tree.size, p->checkpoint.size, &proof) != SK_OK)) {
        return why_set(why, SK_SYSTEM, "the tree's files are not all there");
    }
    struct writer w;
    writer_init(&w, p->arena);
    writer_bytes(&w, bytes_slice(object, 0, object.size - 1));
    writer_text(&w, ",\"consistency\":[");
    for (size_t i = 0; i < proof.count; i++) {
        writer_text(&w, i > 0 ? ",\"" : "\"");
        writer_bytes(&w, bytes_base64(p->arena, bytes_of(proof.hashes[i].at, MERKLE_SIZE)));
        writer_byte(&w, '"');
    }
    writer_text(&w, "]}");
    json_raw(p->j, writer_view(&w));
    return SK_OK;
}

/* Up to the key that signed the checkpoint. */
static enum sk_code
put_keys(struct package *p, struct why *why)
{
    struct note note;
    enum sk_code code = note_read(p->arena, p->note, &note, why);
    size_t last = p->history.count;

    while (code == SK_OK && last > 0 &&
           note_check(&note, &p->history.steps[last - 1].key, NULL) != SK_OK) {
        last--;
    }
    if (code == SK_OK && last == 0) {
        code = why_set(why, SK_BAD, "the checkpoint is not signed by a key of the history");
    }
    json_key(p->j, "keys");
    json_open(p->j, '[');
    for (size_t i = 0; i < last && code == SK_OK; i++) {
        code = put_step(p, &p->history.steps[i], why);
    }
    json_close(p->j);
    return code;
}

static void
put_messages(struct package *p)
{
    uint8_t digest[HASH_SHA256_SIZE];

    json_key(p->j, "messages");
    json_open(p->j, '[');
    for (size_t i = 0; i < p->order->message_count; i++) {
        const struct package_message *message = &p->order->messages[i];
        hash_sha256(message->raw, digest);
        json_open(p->j, '{');
        json_put_string(p->j, "id", message->id);
        json_put_string(p->j, "sha256",
                        bytes_hex(p->arena, bytes_of(digest, sizeof digest)));
        put_base64(p, "raw", message->raw);
        json_close(p->j);
        put_sum(p, "raw message", message->raw);
    }
    json_close(p->j);
}

static enum sk_code
put_all(struct package *p, struct writer *sums, struct why *why)
{
    struct json *j = p->j;
    enum sk_code code = SK_OK;

    json_open(j, '{');
    json_put_text(j, "format", "sekisho-evidence-1");
    json_put_number(j, "made", p->order->now_ms);
    json_put_string(j, "program", p->order->program);
    json_key(j, "cover");
    json_open(j, '{');
    json_put_text(j, "ja", cover_ja);
    json_put_text(j, "en", cover_en);
    json_close(j);
    json_put_string(j, "origin", p->checkpoint.origin);
    json_put_string(j, "checkpoint", p->note);
    put_sum(p, "checkpoint", p->note);
    json_key(j, "witnesses");
    json_open(j, '[');
    for (size_t i = 0; i < p->order->witness_count; i++) {
        json_bytes(j, p->order->witnesses[i]);
    }
    json_close(j);
    code = put_keys(p, why);
    json_key(j, "entries");
    json_open(j, '[');
    for (size_t i = 0; i < p->frame_count && code == SK_OK; i++) {
        code = put_entry(p, &p->frames[i], why);
    }
    json_close(j);
    put_messages(p);
    json_close(p->sums);
    json_key(j, "sha256");
    json_raw(j, writer_view(sums));
    json_close(j);
    return code;
}

enum sk_code
package_write(struct arena *arena, const char *folder, const struct package_order *order,
              struct bytes *json_r, struct why *why)
{
    struct package *p = ARENA_NEW(arena, struct package);
    struct writer w, sums;
    struct json j, sums_json;
    struct bytes text;

    *json_r = BYTES_NONE;
    if (order->id_count == 0 || order->id_count > LIMIT_PACKAGE_IDS) {
        return why_set(why, SK_LIMIT, "ids of 1 to %d messages are wanted",
                       LIMIT_PACKAGE_IDS);
    }
    writer_init(&w, arena);
    writer_init(&sums, arena);
    json_init(&j, &w);
    json_init(&sums_json, &sums);
    json_open(&sums_json, '[');
    p->arena = arena;
    p->order = order;
    p->path = folder;
    p->j = &j;
    p->sums = &sums_json;
    p->frames = ARENA_NEW_MANY(arena, LIMIT_PACKAGE_ENTRIES, struct journal_frame);
    p->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->folder < 0) {
        return why_set(why, SK_SYSTEM, "cannot open %s", folder);
    }
    enum sk_code code = ledger_read_file(arena, p->folder, HISTORY_FILE,
                                         (size_t)LIMIT_NOTE_BYTES * 4, &text, why);
    if (code == SK_OK) {
        code = history_read(arena, text, &p->history, why);
    }
    if (code == SK_OK) {
        code = gather(p, why);
    }
    if (code == SK_OK) {
        code = choose_checkpoint(p, why);
    }
    if (code == SK_OK) {
        code = put_all(p, &sums, why);
    }
    close(p->folder);
    *json_r = writer_view(&w);
    return code;
}
