/* Legal holds, and the end of records: what people may ask. */
#include "sekisho/requests.h"

#include "base/limits.h"
#include "base/log.h"
#include "record/retention_keeper.h"

enum sk_code keeping_open_retention(struct keeping *keeping, struct why *why);
request_handler request_hold_place, request_hold_lift, request_hold_confirm,
    request_hold_list, request_purge_show, request_purge_now;

/* A command that works on the record itself goes on so long at most; the keeper does the rest. */
#define STEPS_MAX 100000

static enum sk_code
commit(void *context, struct why *why)
{
    return keeping_commit(context, why);
}

static enum sk_code
purge(void *context, uint64_t order, struct why *why)
{
    struct keeping *keeping = context;

    return keeping->purge(keeping->context, order, why);
}

static void
say(const char *sentence)
{
    log_line(LOG_LEVEL_WARNING, NULL, "%s", sentence);
}

enum sk_code
keeping_open_retention(struct keeping *keeping, struct why *why)
{
    struct retention_calls calls = {.commit = commit,
                                    .purge = keeping->purge != NULL ? purge : NULL,
                                    .log = say,
                                    .context = keeping};

    keeping->holds = holds_new(keeping->arena);
    keeping_add_book(keeping, holds_book(keeping->holds));
    enum sk_code code = retention_new(keeping->arena, keeping->config, keeping->vault,
                                      keeping->holds, &calls, &keeping->retention, why);
    if (code == SK_OK) {
        keeping_add_book(keeping, retention_book(keeping->retention));
    }
    return code;
}

/* Two names that are given; neither may be empty or twice the same. */
static enum sk_code
check_names(struct bytes first, struct bytes second, struct why *why)
{
    if (first.size == 0 || first.size > LIMIT_RECORD_FIELD ||
        second.size > LIMIT_RECORD_FIELD) {
        return why_set(why, SK_BAD, "who asks for it? a name is wanted");
    }
    if (second.size > 0 && bytes_equal_fold(first, second)) {
        return why_set(why, SK_BAD,
                       "the second name must be another person's than the first");
    }
    return SK_OK;
}

static enum sk_code
check_reason(struct bytes reason, struct why *why)
{
    return reason.size > 0 && reason.size <= LIMIT_RECORD_FIELD
               ? SK_OK
               : why_set(why, SK_BAD, "a reason of 1 to %d bytes is wanted",
                         LIMIT_RECORD_FIELD);
}

static uint64_t
next_number(const struct holds *holds)
{
    uint64_t highest = 0;

    for (size_t i = 0; i < holds_count(holds); i++) {
        if (holds_get(holds, i)->number > highest) {
            highest = holds_get(holds, i)->number;
        }
    }
    return highest + 1;
}

/* Closes the record, keeps it, and tells how the hold stands then. */
static enum sk_code
keep(struct keeping *keeping, struct json *record, uint64_t number, struct json *reply,
     struct why *why)
{
    json_close(record);
    enum sk_code code = vault_keep(keeping->vault, writer_view(record->w), BYTES_NONE, why);
    if (code == SK_OK) {
        code = keeping_commit(keeping, why);
    }
    const struct hold *hold = code == SK_OK ? holds_find(keeping->holds, number) : NULL;
    if (code == SK_OK && hold == NULL) {
        return why_set(why, SK_SYSTEM, "the hold was kept but cannot be found");
    }
    if (code == SK_OK) {
        json_key(reply, "hold");
        hold_write_json(hold, reply);
    }
    return code;
}

enum sk_code
request_hold_place(struct keeping *keeping, const struct request *request,
                   struct json *reply, struct why *why)
{
    struct bytes reason = bytes_trim(request_text(request, "reason")),
                 first = bytes_trim(request_text(request, "first")),
                 second = bytes_trim(request_text(request, "second"));
    struct hold_scope scope;
    struct writer w;
    struct json j;

    enum sk_code code = check_reason(reason, why);
    if (code == SK_OK) {
        code = check_names(first, second, why);
    }
    if (code == SK_OK) {
        code = hold_scope_read(request->arena, json_object_get(request->body, "scope"),
                               &scope, why);
    }
    if (code != SK_OK) {
        return code;
    }
    uint64_t number = next_number(keeping->holds);
    request_record(request, &j, &w, "hold");
    json_put_number(&j, "hold", (int64_t)number);
    json_put_string(&j, "reason", reason);
    json_put_string(&j, "first", first);
    if (second.size > 0) {
        json_put_string(&j, "second", second);
    }
    json_key(&j, "scope");
    hold_scope_write(&scope, &j);
    return keep(keeping, &j, number, reply, why);
}

static const struct hold *
wanted_hold(struct keeping *keeping, const struct request *request, struct why *why)
{
    int64_t number = request_number(request, "hold", 0);
    const struct hold *hold =
        number > 0 ? holds_find(keeping->holds, (uint64_t)number) : NULL;

    if (hold == NULL) {
        (void)why_set(why, SK_BAD, "there is no hold %lld", (long long)number);
    }
    return hold;
}

enum sk_code
request_hold_lift(struct keeping *keeping, const struct request *request,
                  struct json *reply, struct why *why)
{
    struct bytes reason = bytes_trim(request_text(request, "reason")),
                 first = bytes_trim(request_text(request, "first")),
                 second = bytes_trim(request_text(request, "second"));
    const struct hold *hold = wanted_hold(keeping, request, why);
    struct writer w;
    struct json j;

    if (hold == NULL) {
        return SK_BAD;
    }
    if (hold->state == HOLD_LIFTED) {
        return why_set(why, SK_BAD, "hold %llu was lifted before",
                       (unsigned long long)hold->number);
    }
    enum sk_code code = check_reason(reason, why);
    if (code == SK_OK) {
        code = check_names(first, second, why);
    }
    if (code != SK_OK) {
        return code;
    }
    request_record(request, &j, &w, "hold.lift");
    json_put_number(&j, "hold", (int64_t)hold->number);
    json_put_string(&j, "reason", reason);
    json_put_string(&j, "first", first);
    if (second.size > 0) {
        json_put_string(&j, "second", second);
    }
    return keep(keeping, &j, hold->number, reply, why);
}

enum sk_code
request_hold_confirm(struct keeping *keeping, const struct request *request,
                     struct json *reply, struct why *why)
{
    struct bytes second = bytes_trim(request_text(request, "second"));
    const struct hold *hold = wanted_hold(keeping, request, why);
    struct writer w;
    struct json j;

    if (hold == NULL) {
        return SK_BAD;
    }
    if (hold->state != HOLD_PLACED && hold->state != HOLD_LIFTING) {
        return why_set(why, SK_BAD, "hold %llu waits for nobody",
                       (unsigned long long)hold->number);
    }
    if (second.size == 0) {
        return why_set(why, SK_BAD, "who confirms it? a name is wanted");
    }
    enum sk_code code = check_names(
        hold->state == HOLD_PLACED ? hold->first : hold->lift_first, second, why);
    if (code != SK_OK) {
        return code;
    }
    request_record(request, &j, &w, "hold.confirm");
    json_put_number(&j, "hold", (int64_t)hold->number);
    json_put_text(&j, "confirms", hold->state == HOLD_PLACED ? "hold" : "lift");
    json_put_string(&j, "second", second);
    return keep(keeping, &j, hold->number, reply, why);
}

enum sk_code
request_hold_list(struct keeping *keeping, const struct request *request,
                  struct json *reply, struct why *why)
{
    bool all = request_flag(request, "all");

    json_key(reply, "holds");
    json_open(reply, '[');
    for (size_t i = 0; i < holds_count(keeping->holds); i++) {
        const struct hold *hold = holds_get(keeping->holds, i);
        if (all || hold_state_in_force(hold->state)) {
            hold_write_json(hold, reply);
        }
    }
    json_close(reply);
    return SK_OK;
}

bool
keeping_hold_of(const struct keeping *keeping, struct bytes recipient)
{
    bool domain = recipient.size > 0 && recipient.at[0] == '@';

    for (size_t i = 0; i < holds_count(keeping->holds); i++) {
        const struct hold *hold = holds_get(keeping->holds, i);
        const struct bytes *wanted = &hold->scope.recipient;
        if (!hold_state_in_force(hold->state)) {
            continue;
        }
        /* A scope without a recipient may be about anybody; so may one of a whole domain, either way round. */
        if (wanted->size == 0 || bytes_equal_fold(*wanted, recipient) ||
            (wanted->at[0] == '@' && bytes_ends_fold(recipient, *wanted)) ||
            (domain && bytes_ends_fold(*wanted, recipient))) {
            return true;
        }
    }
    return false;
}

/* How retention stands; also a part of the status. */
void
keeping_write_retention(const struct keeping *keeping, int64_t now_ms, struct json *reply)
{
    const struct retention_settings *settings = retention_settings_of(keeping->retention);
    struct retention_state state = retention_state(keeping->retention);
    const char *suspended = retention_suspended(keeping->retention, now_ms);
    size_t in_force = 0;

    for (size_t i = 0; i < holds_count(keeping->holds); i++) {
        in_force += hold_state_in_force(holds_get(keeping->holds, i)->state);
    }
    json_put_number(reply, "holds", (int64_t)in_force);
    json_put_number(reply, "erasures_open", (int64_t)state.erasures_open);
    json_put_number(reply, "erasures_waiting", (int64_t)state.erasures_waiting);
    json_put_number(reply, "erasures_held", (int64_t)state.erasures_held);
    json_put_number(reply, "orders_open", (int64_t)state.orders_open);
    if (suspended != NULL) {
        json_put_text(reply, "suspended", suspended);
    }
    json_key(reply, "classes");
    json_open(reply, '{');
    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        json_key(reply, retention_class_name((enum retention_class)i));
        json_open(reply, '{');
        json_put_number(reply, "days", settings->keep_ms[i] / 86400000);
        json_put_number(reply, "purged", (int64_t)state.purged[i]);
        json_close(reply);
    }
    json_close(reply);
}

static enum sk_code
write_due(struct keeping *keeping, const struct request *request, struct json *reply,
          struct why *why)
{
    struct retention_count count;

    enum sk_code code = retention_count(
        request->arena, ledger_folder(vault_ledger(keeping->vault)),
        vault_folder(keeping->vault), retention_settings_of(keeping->retention),
        keeping->holds, request->now_ms, &count, why);
    if (code != SK_OK) {
        return code;
    }
    json_key(reply, "due");
    json_open(reply, '{');
    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        json_key(reply, retention_class_name((enum retention_class)i));
        json_open(reply, '{');
        json_put_number(reply, "due", (int64_t)count.due[i]);
        json_put_number(reply, "held", (int64_t)count.held[i]);
        json_close(reply);
    }
    json_close(reply);
    return SK_OK;
}

enum sk_code
request_purge_show(struct keeping *keeping, const struct request *request,
                   struct json *reply, struct why *why)
{
    keeping_write_retention(keeping, request->now_ms, reply);
    /* Reading the whole journal is the command's to do where a keeper must answer mail. */
    return keeping->purge != NULL ? SK_OK : write_due(keeping, request, reply, why);
}

/* A person says that the clock is right and the work may be done: recorded, then begun. Where no keeper runs it is done to
 * its end here. */
enum sk_code
request_purge_now(struct keeping *keeping, const struct request *request,
                  struct json *reply, struct why *why)
{
    struct bytes class_name = request_text(request, "class");
    enum retention_class class = RETENTION_CLASSES;
    struct writer w;
    struct json j;

    if (class_name.size > 0 && !retention_class_read(class_name, &class)) {
        return why_set(why, SK_BAD,
                       "there is no class \"%.*s\": source, outcome, content, held, threat "
                       "or look is wanted",
                       BYTES_ARGUMENTS(bytes_slice(class_name, 0, 40)));
    }
    request_record(request, &j, &w, "purge.asked");
    json_put_string(&j, "class", class_name.size > 0 ? class_name : BYTES("all"));
    json_close(&j);
    enum sk_code code = vault_keep(keeping->vault, writer_view(&w), BYTES_NONE, why);
    if (code == SK_OK) {
        code = keeping_commit(keeping, why);
    }
    retention_ask(keeping->retention, class);
    if (keeping->purge == NULL) {
        code = code == SK_OK ? SK_MORE : code;
        for (unsigned i = 0; i < STEPS_MAX && code == SK_MORE; i++) {
            code = retention_step(keeping->retention, request->now_ms, why);
        }
        code = code == SK_MORE ? SK_OK : code;
    }
    if (code == SK_OK) {
        keeping_write_retention(keeping, request->now_ms, reply);
    }
    return code;
}
