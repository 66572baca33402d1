/* Requests about the ledger itself: its key, its witnesses, and what we witness for others. */
#include "sekisho/requests.h"

#include "base/limits.h"
#include "record/witness.h"

enum sk_code keeping_open_witnesses(struct keeping *keeping, struct why *why);
request_handler request_ledger_rotate, request_ledger_cosigned, request_witness_add,
    request_witness_checkpoint;

enum sk_code
keeping_open_witnesses(struct keeping *keeping, struct why *why)
{
    keeping->witnesses = ARENA_NEW(keeping->arena, struct witnesses);
    enum sk_code code = witnesses_open(keeping->witnesses, keeping->arena, keeping->config,
                                       ledger_key(vault_ledger(keeping->vault))->name, why);
    if (code == SK_OK) {
        keeping_add_book(keeping, &keeping->witnesses->book);
    }
    return code;
}

static void
put_key(struct json *reply, const char *name, struct arena *arena,
        const struct note_key *key)
{
    struct writer w;

    writer_init(&w, arena);
    note_key_write(&w, key);
    json_put_string(reply, name, writer_view(&w));
}

/* {"do":"ledger.rotate","reason"} */
enum sk_code
request_ledger_rotate(struct keeping *keeping, const struct request *request,
                      struct json *reply, struct why *why)
{
    struct ledger *ledger = vault_ledger(keeping->vault);
    const struct ledger_change change = {request->by, request->channel,
                                         request_text(request, "reason"), request->now_ms};
    struct bytes record;

    if (!bytes_is(request->channel, "command")) {
        return why_set(why, SK_BAD, "the key is changed by `sekisho ledger rotate` only");
    }
    put_key(reply, "old", request->arena, ledger_key(ledger));
    /* The entry must be the very next one: what waits goes first. */
    enum sk_code code = keeping_commit(keeping, why);
    if (code == SK_OK) {
        code = ledger_rotate_begin(request->arena, ledger, &change, &record, why);
    }
    if (code == SK_OK) {
        json_put_number(reply, "entry", (int64_t)ledger_size(ledger));
        code = vault_keep(keeping->vault, record, BYTES_NONE, why);
    }
    if (code == SK_OK) {
        code = keeping_commit(keeping, why);
    }
    if (code == SK_OK) {
        code = ledger_rotate_finish(request->arena, ledger, why);
    }
    if (code == SK_OK) {
        put_key(reply, "vkey", request->arena, ledger_key(ledger));
    }
    return code;
}

/* {"do":"ledger.cosigned","note"}: a checkpoint of ours with the cosignatures that witnesses gave. */
enum sk_code
request_ledger_cosigned(struct keeping *keeping, const struct request *request,
                        struct json *reply, struct why *why)
{
    struct bytes text = request_text(request, "note");
    struct witness_peer *peers;
    struct note note;
    size_t count, good = 0;
    int64_t time_s;

    enum sk_code code = witness_peers(request->arena, keeping->config, &peers, &count, why);
    if (code == SK_OK) {
        code = note_read(request->arena, text, &note, why);
    }
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        bool there = false;
        for (size_t k = 0; k < note.signature_count; k++) {
            there = there || note_signature_of(&note.signatures[k], &peers[i].key);
        }
        if (there) {
            code = note_check_cosignature(&note, &peers[i].key, &time_s, why);
            good++;
        }
    }
    if (code == SK_OK && good == 0) {
        code = why_set(why, SK_BAD, "no witness of the configuration has cosigned that");
    }
    if (code == SK_OK) {
        code = ledger_cosign(request->arena, vault_ledger(keeping->vault), text, why);
    }
    json_put_number(reply, "witnesses", (int64_t)good);
    return code;
}

static void
put_answer(struct json *reply, const struct witness_answer *answer)
{
    json_put_number(reply, "status", answer->status);
    json_put_text(reply, "type", answer->type);
    json_put_string(reply, "body", answer->body);
}

/* {"do":"witness.add","body"}: gives status, type and body of the HTTP answer. */
enum sk_code
request_witness_add(struct keeping *keeping, const struct request *request,
                    struct json *reply, struct why *why)
{
    struct witness_answer answer;
    struct writer w;
    struct json j;

    witness_add_checkpoint(request->arena, keeping->witnesses,
                           request_text(request, "body"), request->now_ms / 1000, &answer);
    if (answer.members.size > 0) {
        request_record(request, &j, &w, "witness");
        writer_byte(&w, ',');
        writer_bytes(&w, answer.members);
        json_close(&j);
        enum sk_code code = vault_keep(keeping->vault, writer_view(&w), BYTES_NONE, why);
        if (code == SK_OK) {
            code = keeping_commit(keeping, why);
        }
        if (code != SK_OK) {
            return code;
        }
    }
    put_answer(reply, &answer);
    return SK_OK;
}

/* {"do":"witness.checkpoint","hash"} */
enum sk_code
request_witness_checkpoint(struct keeping *keeping, const struct request *request,
                           struct json *reply, struct why *why)
{
    struct witness_answer answer;

    (void)why;
    witness_checkpoint(request->arena, keeping->witnesses, request_text(request, "hash"),
                       &answer);
    put_answer(reply, &answer);
    return SK_OK;
}
