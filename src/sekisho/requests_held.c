/* Requests about held messages. Only the keeper opens them; that somebody looked is on disk before the first byte goes out.
 *
 *     held.read      {"id","reason","request"?}   a look: {"look": TOKEN, "size"}, or {"request": ID} that waits for a second person
 *     held.approve   {"request"}                  by somebody else than who asked
 *     held.requests  {}                           those that wait
 *     held.part      {"look","at"}                the bytes, in pieces of 512 KiB: {"bytes": base64, "more"}
 *     held.release   {"id","reason"}              to pass it on: as held.read, with the recipients, for whom it is held
 *     held.released  {"look","to":[{"address","outcome","reply"}]}   what became of it
 *     held.delete    {"id","reason"}
 *     held.rotate    {"reason"} */
#define SK_BASE
#include "sekisho/requests.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "permit/permit.h"
#include "record/held.h"
#include "record/hold.h"
#include "record/retention_keeper.h"
#include "record/row.h"
#include "sekisho/held_book.h"

#define LOOKS        16
#define LOOK_LIFE_MS 600000
#define PART_BYTES   ((size_t)512 << 10)
#define REASON_LEAST 3
#define REASON_MOST  500

enum sk_code keeping_open_held(struct keeping *keeping, struct why *why);
request_handler request_held_read, request_held_approve, request_held_requests,
    request_held_part, request_held_release, request_held_released, request_held_delete,
    request_held_rotate;

/* A look or a release that is under way. Its record is on disk. */
struct look {
    char token[33], id[64];
    int64_t until_ms; /* monotonic */
    bool release;
    struct held_ref ref;
};
static struct look looks[LOOKS];

enum sk_code
keeping_open_held(struct keeping *keeping, struct why *why)
{
    struct book *book = ARENA_NEW(keeping->arena, struct book);

    keeping->held = held_book_new(keeping->arena);
    *book = (struct book){.name = "held",
                          .kind = "held|look",
                          .load = held_book_load,
                          .entry = held_book_entry,
                          .save = held_book_save,
                          .context = keeping->held};
    keeping_add_book(keeping, book);
    return SK_OK;
}

static void
random_text(char *text_r, size_t bytes)
{
    uint8_t chance[16];

    hash_random(chance, bytes);
    for (size_t i = 0; i < bytes; i++) {
        snprintf(text_r + 2 * i, 3, "%02x", chance[i]);
    }
}

static enum sk_code
read_reason(const struct request *request, struct bytes *reason_r, struct why *why)
{
    *reason_r = bytes_trim(request_text(request, "reason"));
    if (reason_r->size < REASON_LEAST || reason_r->size > REASON_MOST) {
        return why_set(why, SK_BAD, "a reason of %d to %d bytes is wanted", REASON_LEAST,
                       REASON_MOST);
    }
    return SK_OK;
}

/* The record of a message that is held, and its bytes. */
struct held_message {
    struct journal_frame frame;
    struct held_ref ref;
    struct bytes id, raw;
};

static enum sk_code
find_message(struct keeping *k, const struct request *request, struct held_message *held_r,
             struct why *why)
{
    int folder = ledger_folder(vault_ledger(k->vault));

    held_r->id = request_text(request, "id");
    vault_rows(k->vault);
    enum sk_code code =
        vault_find(request->arena, vault_folder(k->vault), held_r->id, &held_r->frame, why);
    if (code == SK_OK && held_r->frame.purged) {
        code = why_set(why, SK_BAD, "the record of that message was purged");
    }
    if (code == SK_OK) {
        code = held_read_record(request->arena, folder, vault_held_keys(k->vault),
                                held_r->frame.record, &held_r->raw, why);
    }
    if (code == SK_OK && !held_ref_read(held_r->frame.record, &held_r->ref)) {
        held_name(vault_held_keys(k->vault), held_r->raw, held_r->ref.name);
    }
    return code;
}

static bool
second_person(const struct keeping *k)
{
    int choice = config_choice(k->config, "held.second_person");

    return choice == 1 ||
           (choice == 0 && config_choice(k->config, "permit.profile") == PROFILE_CARRIER);
}

static enum sk_code
keep(struct keeping *k, struct json *j, struct writer *w, struct why *why)
{
    json_close(j);
    enum sk_code code = vault_keep(k->vault, writer_view(w), BYTES_NONE, why);
    return code == SK_OK ? keeping_commit(k, why) : code;
}

static void
begin_look(struct json *reply, const struct held_message *held, bool release)
{
    struct look *look = &looks[0];
    int64_t now = clock_monotonic_ms();

    for (size_t i = 1; i < LOOKS; i++) {
        look = looks[i].until_ms < look->until_ms ? &looks[i] : look;
    }
    *look =
        (struct look){.until_ms = now + LOOK_LIFE_MS, .release = release, .ref = held->ref};
    random_text(look->token, 16);
    snprintf(look->id, sizeof look->id, "%.*s", BYTES_ARGUMENTS(held->id));
    json_put_text(reply, "look", look->token);
    json_put_number(reply, "size", (int64_t)held->raw.size);
}

/* Asks for a second person, or finds that one has approved. *waits_r: the reply says that somebody must. */
static enum sk_code
ask_second(struct keeping *k, const struct request *request, struct bytes id,
           struct bytes reason, struct json *reply, const struct held_request **approved_r,
           bool *waits_r, struct why *why)
{
    struct bytes number = request_text(request, "request");
    char fresh[24];
    struct writer w;
    struct json j;

    *waits_r = false;
    *approved_r = NULL;
    if (number.size > 0) {
        const struct held_request *found = held_book_find(k->held, number, request->now_ms);
        if (found == NULL || found->used || !bytes_is(id, found->id) ||
            !bytes_is(request->by, found->by)) {
            return why_set(why, SK_BAD,
                           "no such request of yours waits for this message, or its day is "
                           "over, or it was used");
        }
        if (found->approved_by[0] == '\0') {
            return why_set(why, SK_LATER, "nobody has approved the request yet");
        }
        *approved_r = found;
        return SK_OK;
    }
    *waits_r = true;
    random_text(fresh, 6);
    request_record(request, &j, &w, "held.request");
    json_put_text(&j, "request", fresh);
    json_put_string(&j, "id", id);
    json_put_string(&j, "reason", reason);
    json_put_text(reply, "request", fresh);
    return keep(k, &j, &w, why);
}

enum sk_code
request_held_read(struct keeping *k, const struct request *request, struct json *reply,
                  struct why *why)
{
    struct held_message held = {0};
    const struct held_request *approved = NULL;
    struct bytes reason;
    struct writer w;
    struct json j;
    bool waits = false;

    enum sk_code code = read_reason(request, &reason, why);
    if (code == SK_OK) {
        code = find_message(k, request, &held, why);
    }
    if (code == SK_OK && second_person(k)) {
        code = ask_second(k, request, held.id, reason, reply, &approved, &waits, why);
    }
    if (code != SK_OK || waits) {
        return code;
    }
    request_record(request, &j, &w, "look");
    json_put_text(&j, "what", "held message");
    json_put_string(&j, "id", held.id);
    json_put_string(&j, "reason", reason);
    json_put_bool(&j, "content", true);
    if (approved != NULL) {
        json_put_text(&j, "request", approved->number);
        json_put_text(&j, "approved_by", approved->approved_by);
    }
    code = keep(k, &j, &w, why);
    if (code == SK_OK) {
        begin_look(reply, &held, false);
    }
    return code;
}

enum sk_code
request_held_approve(struct keeping *k, const struct request *request, struct json *reply,
                     struct why *why)
{
    const struct held_request *found =
        held_book_find(k->held, request_text(request, "request"), request->now_ms);
    struct writer w;
    struct json j;

    if (found == NULL || found->used) {
        return why_set(why, SK_BAD, "no request of that number waits");
    }
    if (bytes_is(request->by, found->by)) {
        return why_set(why, SK_BAD, "who asked cannot approve; a second person must");
    }
    json_put_text(reply, "id", found->id);
    json_put_text(reply, "by", found->by);
    request_record(request, &j, &w, "held.approve");
    json_put_text(&j, "request", found->number);
    json_put_text(&j, "id", found->id);
    return keep(k, &j, &w, why);
}

enum sk_code
request_held_requests(struct keeping *k, const struct request *request, struct json *reply,
                      struct why *why)
{
    json_key(reply, "requests");
    json_open(reply, '[');
    for (size_t i = 0; i < k->held->count; i++) {
        const struct held_request *found = &k->held->requests[i];
        if (found->used || request->now_ms - found->time_ms > HELD_REQUEST_LIFE_MS) {
            continue;
        }
        json_open(reply, '{');
        json_put_text(reply, "request", found->number);
        json_put_text(reply, "id", found->id);
        json_put_text(reply, "by", found->by);
        json_put_text(reply, "reason", found->reason);
        json_put_text(reply, "approved_by", found->approved_by);
        json_put_number(reply, "time", found->time_ms);
        json_close(reply);
    }
    json_close(reply);
    return SK_OK;
}

static struct look *
find_look(const struct request *request)
{
    struct bytes token = request_text(request, "look");

    for (size_t i = 0; i < LOOKS; i++) {
        if (token.size == 32 && bytes_is(token, looks[i].token) &&
            looks[i].until_ms > clock_monotonic_ms()) {
            return &looks[i];
        }
    }
    return NULL;
}

enum sk_code
request_held_part(struct keeping *k, const struct request *request, struct json *reply,
                  struct why *why)
{
    const struct look *look = find_look(request);
    int64_t at = request_number(request, "at", 0);
    struct bytes raw = BYTES_NONE;

    if (look == NULL) {
        return why_set(why, SK_BAD, "that look is over; ask again");
    }
    enum sk_code code = held_read(request->arena, ledger_folder(vault_ledger(k->vault)),
                                  vault_held_keys(k->vault), look->ref.name, &raw, why);
    if (code == SK_OK && (at < 0 || (uint64_t)at > raw.size)) {
        code = why_set(why, SK_BAD, "the message is not that long");
    }
    if (code != SK_OK) {
        return code;
    }
    struct bytes part = bytes_slice(raw, (size_t)at, (size_t)at + PART_BYTES);
    json_put_string(reply, "bytes", bytes_base64(request->arena, part));
    json_put_bool(reply, "more", (size_t)at + part.size < raw.size);
    return SK_OK;
}

/* For whom it is held, from the record alone. */
static void
write_recipients(const json_t *record, struct json *j)
{
    const json_t *to = json_object_get(record, "to"),
                 *recipients = json_object_get(record, "recipients");

    json_key(j, "to");
    json_open(j, '[');
    for (size_t i = 0; i < json_array_size(to); i++) {
        const char *action =
            json_string_value(json_object_get(json_array_get(recipients, i), "action"));
        if (action != NULL && strcmp(action, "hold") == 0) {
            const json_t *address = json_array_get(to, i);
            json_bytes(j,
                       bytes_of(json_string_value(address), json_string_length(address)));
        }
    }
    json_close(j);
}

enum sk_code
request_held_release(struct keeping *k, const struct request *request, struct json *reply,
                     struct why *why)
{
    struct held_message held = {0};
    struct bytes reason;
    struct writer w;
    struct json j;

    enum sk_code code = read_reason(request, &reason, why);
    if (code == SK_OK) {
        code = find_message(k, request, &held, why);
    }
    if (code != SK_OK) {
        return code;
    }
    json_t *record = json_loadb((const char *)held.frame.record.at, held.frame.record.size,
                                JSON_ALLOW_NUL, NULL);
    request_record(request, &j, &w, "held.release");
    json_put_string(&j, "id", held.id);
    json_put_string(&j, "reason", reason);
    write_recipients(record, &j);
    code = keep(k, &j, &w, why);
    if (code == SK_OK) {
        begin_look(reply, &held, true);
        write_recipients(record, reply);
        json_put_string(reply, "record", held.frame.record);
    }
    json_decref(record);
    return code;
}

static void
begin_outcome(const struct request *request, const struct held_message *held,
              int64_t arrived, struct json *j, struct writer *w)
{
    writer_init(w, request->arena);
    json_init(j, w);
    json_open(j, '{');
    json_put_number(j, "v", 1);
    json_put_text(j, "kind", "outcome");
    json_put_string(j, "id", held->id);
    json_put_number(j, "arrived", arrived);
    json_put_number(j, "time", request->now_ms);
    json_put_string(j, "by", request->by);
    json_put_string(j, "channel", request->channel);
    json_key(j, "to");
    json_open(j, '[');
}

static int64_t
arrival_time(struct bytes record)
{
    json_t *object = json_loadb((const char *)record.at, record.size, JSON_ALLOW_NUL, NULL);
    int64_t time = json_integer_value(json_object_get(object, "time"));

    json_decref(object);
    return time;
}

/* Our copy goes where its recipient withdrew and has it now. */
static void
tell_retention(struct keeping *k, const json_t *to)
{
    const json_t *item;
    size_t i;

    json_array_foreach(to, i, item)
    {
        const char *word = json_string_value(json_object_get(item, "outcome"));
        const json_t *address = json_object_get(item, "address");
        if (k->retention != NULL && strcmp(word, "delivered") == 0) {
            retention_released(k->retention, bytes_of(json_string_value(address),
                                                      json_string_length(address)));
        }
    }
}

enum sk_code
request_held_released(struct keeping *k, const struct request *request, struct json *reply,
                      struct why *why)
{
    struct look *look = find_look(request);
    const json_t *to = json_object_get(request->body, "to"), *item;
    struct held_message held = {0};
    struct journal_frame frame;
    struct writer w;
    struct json j;
    size_t i;

    if (look == NULL || !look->release || !json_is_array(to)) {
        return why_set(why, SK_BAD, "no such release is under way");
    }
    held.id = bytes_from_text(look->id);
    enum sk_code code =
        vault_find(request->arena, vault_folder(k->vault), held.id, &frame, why);
    if (code != SK_OK) {
        return code;
    }
    begin_outcome(request, &held, arrival_time(frame.record), &j, &w);
    json_array_foreach(to, i, item)
    {
        static const char *const words[] = {"delivered", "refused", "later"};
        const char *word = json_string_value(json_object_get(item, "outcome"));
        const json_t *address = json_object_get(item, "address"),
                     *said = json_object_get(item, "reply");
        const char *known = NULL;
        for (size_t n = 0; n < 3 && word != NULL; n++) {
            known = strcmp(word, words[n]) == 0 ? words[n] : known;
        }
        if (known == NULL || !json_is_string(address) ||
            json_string_length(address) > LIMIT_RECORD_FIELD) {
            return why_set(why, SK_BAD, "what became of a recipient cannot be read");
        }
        json_open(&j, '{');
        json_put_string(&j, "address",
                        bytes_of(json_string_value(address), json_string_length(address)));
        json_put_text(&j, "outcome", known);
        if (json_is_string(said) && json_string_length(said) <= LIMIT_RECORD_FIELD) {
            json_put_string(&j, "reply",
                            bytes_of(json_string_value(said), json_string_length(said)));
        }
        json_close(&j);
    }
    json_close(&j);
    json_put_text(&j, "release", look->token);
    json_close(&j);
    code = vault_outcome(k->vault, held.id, writer_view(&w), why);
    if (code == SK_OK) {
        code = keeping_commit(k, why);
    }
    if (code == SK_OK) {
        look->until_ms = 0;
        tell_retention(k, to);
    }
    return code;
}

/* A legal hold goes before any wish to delete. */
static enum sk_code
check_hold(const struct keeping *k, const struct request *request, struct bytes record,
           struct why *why)
{
    struct record_row row;

    if (k->holds == NULL || record_read(request->arena, record, &row) != SK_OK) {
        return SK_OK;
    }
    const struct hold *hold = holds_cover(k->holds, &row.event);
    return hold == NULL
               ? SK_OK
               : why_set(why, SK_BAD,
                         "legal hold %llu covers this message; it stays until that "
                         "is lifted",
                         (unsigned long long)hold->number);
}

enum sk_code
request_held_delete(struct keeping *k, const struct request *request, struct json *reply,
                    struct why *why)
{
    struct held_message held = {0};
    struct bytes reason;
    struct writer w, outcome;
    struct json j;

    enum sk_code code = read_reason(request, &reason, why);
    if (code == SK_OK) {
        code = find_message(k, request, &held, why);
    }
    if (code == SK_OK) {
        code = check_hold(k, request, held.frame.record, why);
    }
    if (code != SK_OK) {
        return code;
    }
    begin_outcome(request, &held, arrival_time(held.frame.record), &j, &outcome);
    json_open(&j, '{');
    json_put_text(&j, "address", "");
    json_put_text(&j, "outcome", "erased");
    json_close(&j);
    json_close(&j);
    json_close(&j);
    code = vault_outcome(k->vault, held.id, writer_view(&outcome), why);
    if (code != SK_OK) {
        return code;
    }
    /* The entry first: a file that is gone without one is a crime. */
    request_record(request, &j, &w, "held.erase");
    json_put_string(
        &j, "held",
        bytes_hex(request->arena, bytes_of(held.ref.name, sizeof held.ref.name)));
    json_put_string(&j, "id", held.id);
    json_put_string(&j, "reason", reason);
    code = keep(k, &j, &w, why);
    return code == SK_OK
               ? held_erase_record(ledger_folder(vault_ledger(k->vault)),
                                   vault_held_keys(k->vault), held.frame.record, why)
               : code;
}

enum sk_code
request_held_rotate(struct keeping *k, const struct request *request, struct json *reply,
                    struct why *why)
{
    struct bytes reason;
    struct writer w;
    struct json j;

    enum sk_code code = read_reason(request, &reason, why);
    if (code == SK_OK && held_keys_changing(vault_held_keys(k->vault))) {
        code = why_set(why, SK_LATER,
                       "the last change is not through; messages are still being wrapped "
                       "anew");
    }
    if (code != SK_OK) {
        return code;
    }
    request_record(request, &j, &w, "held.rotate");
    json_put_string(&j, "reason", reason);
    code = keep(k, &j, &w, why);
    return code == SK_OK ? held_keys_change(vault_held_keys(k->vault), k->config, why)
                         : code;
}
