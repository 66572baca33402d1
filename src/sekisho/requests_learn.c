/* Requests to learn: what a recipient himself sorted, for his own weights beside the common model. */
#define SK_BASE
#include "base/limits.h"
#include "permit/permit.h"
#include "sekisho/lessons.h"
#include "sekisho/requests.h"

request_handler request_learn_list, request_learn_personal, request_learn_try,
    request_learn_undo;

#define TRIAL_MOST 500 /* kept lessons that a dry run judges again, twice each */

static bool
read_hex(struct arena *arena, struct bytes hex, struct bytes *bytes_r)
{
    uint8_t *at = arena_take_bytes(arena, hex.size / 2 + 1);

    for (size_t i = 0; i < hex.size; i++) {
        uint8_t c = hex.at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                           : -1;
        if (digit < 0) {
            return false;
        }
        at[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : at[i / 2] | digit);
    }
    *bytes_r = bytes_of(at, hex.size / 2);
    return hex.size % 2 == 0;
}

/* {"address":...,"spam":bool,"digest":HEX,"lesson":HEX}; the reply has "already" and the lesson's "id". */
enum sk_code
request_learn_personal(struct keeping *k, const struct request *request, struct json *reply,
                       struct why *why)
{
    struct bytes address = request_text(request, "address"), digest, lesson;
    bool already = false;

    if (k->lessons == NULL || k->permit == NULL) {
        return why_set(why, SK_LATER, "for this the checkpoint must be running");
    }
    if (!read_hex(request->arena, request_text(request, "digest"), &digest) ||
        !read_hex(request->arena, request_text(request, "lesson"), &lesson) ||
        digest.size != HASH_SHA256_SIZE || address.size == 0) {
        return why_set(why, SK_BAD, "a lesson names a recipient and has a digest");
    }
    struct permit_recipient r = permit_of(request->arena, k->permit, k->consents, address);
    if ((r.families & FAMILY_BIT(FAMILY_CONTENT)) == 0) {
        return why_set(why, SK_CONFIG, "this recipient has not consented to content");
    }
    const struct lesson said = {.recipient = address,
                                .reporter = address,
                                .digest = digest,
                                .text = lesson,
                                .spam = request_flag(request, "spam"),
                                .now_ms = request->now_ms};
    uint64_t id = 0;
    enum sk_code code = lessons_teach(k->lessons, &said, &already, &id, why);
    json_put_bool(reply, "already", already);
    json_put_number(reply, "id", (int64_t)id);
    return code;
}

static enum sk_code
not_running(const struct keeping *k, struct why *why)
{
    return k->lessons == NULL
               ? why_set(why, SK_LATER, "for this the checkpoint must be running")
               : SK_OK;
}

/* {"by":reporter, "" or "operator"} under the name "of", since "by" is who asks. */
enum sk_code
request_learn_list(struct keeping *k, const struct request *request, struct json *reply,
                   struct why *why)
{
    enum sk_code code = not_running(k, why);

    if (code == SK_OK) {
        json_key(reply, "lessons");
        json_open(reply, '[');
        lessons_list(k->lessons, request_text(request, "of"), reply);
        json_close(reply);
    }
    return code;
}

/* {"id":number}. What was taken back, and by whom, stands in the ledger. */
enum sk_code
request_learn_undo(struct keeping *k, const struct request *request, struct json *reply,
                   struct why *why)
{
    int64_t id = request_number(request, "id", 0);
    struct writer w;
    struct json j;
    enum sk_code code = not_running(k, why);

    if (code == SK_OK) {
        code = lessons_undo(k->lessons, (uint64_t)id, why);
    }
    if (code != SK_OK) {
        return code;
    }
    request_record(request, &j, &w, "lesson.undo");
    json_put_number(&j, "lesson", id);
    json_close(&j);
    code = vault_keep(k->vault, writer_view(&w), BYTES_NONE, why);
    if (code == SK_OK) {
        code = keeping_commit(k, why);
    }
    json_put_bool(reply, "undone", code == SK_OK);
    return code;
}

/* {"spam":bool,"lesson":HEX,"last":number}: what it would change. */
enum sk_code
request_learn_try(struct keeping *k, const struct request *request, struct json *reply,
                  struct why *why)
{
    struct lessons_trial trial;
    struct bytes lesson;
    int64_t last = request_number(request, "last", TRIAL_MOST);
    enum sk_code code = not_running(k, why);

    if (code == SK_OK &&
        !read_hex(request->arena, request_text(request, "lesson"), &lesson)) {
        code = why_set(why, SK_BAD, "a lesson is written in hexadecimal digits");
    }
    if (code == SK_OK) {
        code = lessons_try(k->lessons, lesson, request_flag(request, "spam"),
                           last < 0 || last > TRIAL_MOST ? TRIAL_MOST : (size_t)last,
                           &trial, why);
    }
    if (code == SK_OK) {
        json_put_real(reply, "before", trial.before, 4);
        json_put_real(reply, "after", trial.after, 4);
        json_put_number(reply, "looked_at", (int64_t)trial.looked_at);
        json_put_number(reply, "to_unwanted", (int64_t)trial.to_unwanted);
        json_put_number(reply, "to_wanted", (int64_t)trial.to_wanted);
    }
    return code;
}
