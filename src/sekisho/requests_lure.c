/* Conversations with strangers who lure: what an abuse desk may ask of what is remembered. It is told as counts, stages and days; there
 * are no words and no names in it. A look at one recipient's is an entry of the ledger before it is answered. */
#include "sekisho/requests.h"

#include "base/limits.h"
#include "record/retention_keeper.h"
#include "sekisho/threads.h"

#define DAY_MS INT64_C(86400000)

enum sk_code keeping_open_threads(struct keeping *keeping, struct why *why);
request_handler request_lure_forget, request_lure_list, request_lure_show;

enum sk_code
keeping_open_threads(struct keeping *keeping, struct why *why)
{
    if (keeping->thread_table == NULL) {
        return SK_OK; /* a command: the next keeper reads in the ledger what it did */
    }
    enum sk_code code = threads_open(keeping->arena, keeping->config, keeping->thread_table,
                                     &keeping->threads, why);
    if (code == SK_OK) {
        threads_serve(keeping->threads, (const struct consents *const *)&keeping->consents,
                      retention_settings_of(keeping->retention)->keep_ms[RETAIN_CONTENT]);
        keeping_add_book(keeping, threads_book(keeping->threads));
    }
    return code;
}

static enum sk_code
running(const struct keeping *k, struct why *why)
{
    return k->threads != NULL
               ? SK_OK
               : why_set(why, SK_LATER, "for this the checkpoint must be running");
}

/* {"do":"lure.list"}: sums over all. */
enum sk_code
request_lure_list(struct keeping *k, const struct request *request, struct json *reply,
                  struct why *why)
{
    enum sk_code code = running(k, why);

    if (code == SK_OK) {
        threads_write_sums(k->threads, reply);
    }
    return code;
}

/* Who is asked about, and why. */
struct asked {
    struct bytes address, name, correspondent, reason;
    uint8_t hash[HASH_SHA256_SIZE], pair[THREAD_KEY_SIZE];
    const struct thread_memory *memory;
};

static enum sk_code
read_asked(struct keeping *k, const struct request *request, struct asked *asked_r,
           struct why *why)
{
    struct asked *a = asked_r;

    *a = (struct asked){.address = bytes_trim(request_text(request, "address")),
                        .correspondent = bytes_trim(request_text(request, "correspondent")),
                        .reason = bytes_trim(request_text(request, "reason"))};
    if (a->reason.size == 0 || a->reason.size > LIMIT_REASON) {
        return why_set(why, SK_BAD, "a reason of 1 to %d bytes is wanted", LIMIT_REASON);
    }
    if (a->address.size == 0 || a->address.size > LIMIT_ADDRESS ||
        a->correspondent.size > LIMIT_THREAD_ADDRESS ||
        !threads_name(k->threads, request->arena, a->address, &a->name, a->hash)) {
        return why_set(why, SK_BAD, "the address of a recipient is wanted");
    }
    a->memory = threads_of(k->threads, a->hash);
    thread_table_pair(threads_table(k->threads), a->name, a->correspondent, a->pair);
    return SK_OK;
}

static enum sk_code
keep(struct keeping *k, struct json *record, struct why *why)
{
    json_close(record);
    enum sk_code code = vault_keep(k->vault, writer_view(record->w), BYTES_NONE, why);

    return code == SK_OK ? keeping_commit(k, why) : code;
}

static void
write_pair(const struct thread_pair *pair, struct json *j)
{
    struct lure_outgoing out = lure_outgoing(pair);

    json_open(j, '{');
    json_put_bool(j, "lure", out.is_lure);
    json_put_text(j, "stage", lure_stage_name(out.stage));
    json_put_number(j, "messages", out.messages);
    json_put_number(j, "first", out.first_day * DAY_MS);
    json_put_number(j, "last", out.last_day * DAY_MS);
    json_key(j, "reached");
    json_open(j, '{');
    for (int i = 1; i < LURE_STAGE_COUNT; i++) {
        if ((pair->stages & 1u << i) != 0) {
            json_put_number(j, lure_stage_name((enum lure_stage)i),
                            (out.first_day + pair->reached[i]) * DAY_MS);
        }
    }
    json_close(j);
    json_close(j);
}

/* {"do":"lure.show","address","reason","correspondent"?}: "conversations", of all or of the one; with a correspondent "lure" says whether
 * the recipient would write to one who lures. Times are days, in ms. */
enum sk_code
request_lure_show(struct keeping *k, const struct request *request, struct json *reply,
                  struct why *why)
{
    struct asked asked;
    struct writer w;
    struct json j;

    enum sk_code code = running(k, why);
    code = code == SK_OK ? read_asked(k, request, &asked, why) : code;
    if (code != SK_OK) {
        return code;
    }
    request_record(request, &j, &w, "look");
    json_put_text(&j, "what", "lure");
    json_put_string(&j, "id", bytes_slice(asked.name, 0, 64));
    json_put_bool(&j, "content", true);
    json_put_string(&j, "reason", asked.reason);
    code = keep(k, &j, why);
    if (code != SK_OK) {
        return code;
    }
    const struct thread_pair *one =
        asked.memory == NULL ? NULL : thread_memory_find(asked.memory, asked.pair);
    json_put_string(reply, "address", asked.name);
    if (asked.correspondent.size > 0) {
        json_put_bool(reply, "lure",
                      thread_table_outgoing(threads_table(k->threads), asked.name,
                                            asked.correspondent)
                          .is_lure);
    }
    json_key(reply, "conversations");
    json_open(reply, '[');
    for (size_t i = 0; asked.memory != NULL && i < asked.memory->count; i++) {
        const struct thread_pair *pair = &asked.memory->pairs[i];
        if (asked.correspondent.size == 0 || pair == one) {
            write_pair(pair, reply);
        }
    }
    json_close(reply);
    return SK_OK;
}

/* {"do":"lure.forget","address","reason","correspondent"?}: all of his, or the one. */
enum sk_code
request_lure_forget(struct keeping *k, const struct request *request, struct json *reply,
                    struct why *why)
{
    struct asked asked;
    struct writer w;
    struct json j;

    enum sk_code code = running(k, why);
    code = code == SK_OK ? read_asked(k, request, &asked, why) : code;
    if (code != SK_OK) {
        return code;
    }
    bool one = asked.correspondent.size > 0;
    size_t count = asked.memory == NULL ? 0
                   : !one               ? asked.memory->count
                          : (size_t)(thread_memory_find(asked.memory, asked.pair) != NULL);
    json_put_number(reply, "forgotten", (int64_t)count);
    if (count == 0) {
        return SK_OK;
    }
    request_record(request, &j, &w, "lure.forget");
    json_put_string(&j, "name",
                    bytes_hex(request->arena, bytes_of(asked.hash, sizeof asked.hash)));
    if (one) {
        json_put_string(&j, "pair",
                        bytes_hex(request->arena, bytes_of(asked.pair, sizeof asked.pair)));
    }
    json_put_string(&j, "reason", asked.reason);
    return keep(k, &j, why); /* the book does it when it is committed */
}
