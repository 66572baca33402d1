/* What the crew reads for people out of the record: searches, and one message with all that explains it. */
#include "report/clerk_private.h"

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/frame.h"
#include "record/origin_read.h"
#include "record/vault.h"
#include "store/rows.h"

/* One search: its fields as frames, in this order. */
enum search_field { WORDS, SENDER, RECIPIENT, CLIENT, ACTION, CATEGORY, ID, SEARCH_FIELDS };

enum sk_code
clerk_work_search(struct arena *arena, const char *folder, struct bytes request,
                  struct writer *w)
{
    struct frame_reader r = {.rest = request};
    struct bytes fields[SEARCH_FIELDS];
    struct rows_found found;
    struct json j;
    struct why why;

    bool content = frame_get_number(&r) != 0;
    struct rows_query query = {.threat = frame_get_number(&r) != 0,
                               .from_ms = (int64_t)frame_get_number(&r),
                               .to_ms = (int64_t)frame_get_number(&r),
                               .most = (size_t)frame_get_number(&r),
                               .within_ms = 5000};
    for (size_t i = 0; i < SEARCH_FIELDS; i++) {
        fields[i] = frame_get_bytes(&r);
    }
    query.words = fields[WORDS];
    query.sender = fields[SENDER];
    query.recipient = fields[RECIPIENT];
    query.client = fields[CLIENT];
    query.action = fields[ACTION];
    query.category = fields[CATEGORY];
    query.id = fields[ID];
    enum sk_code code =
        r.broken ? SK_BAD : rows_search(arena, folder, &query, &found, &why);
    if (code != SK_OK) {
        writer_text(w, r.broken ? "" : why.sentence);
        return code;
    }
    json_init(&j, w);
    json_open(&j, '{');
    json_put_bool(&j, "more", found.more);
    json_put_bool(&j, "out_of_time", found.out_of_time);
    json_put_string(&j, "unread", found.unread);
    json_key(&j, "messages");
    json_open(&j, '[');
    for (size_t i = 0; i < found.count; i++) {
        const struct rows_event *event = &found.events[i];
        json_open(&j, '{');
        json_put_string(&j, "id", event->id);
        json_put_number(&j, "time", event->time_ms);
        json_put_string(&j, "action", event->action);
        json_put_string(&j, "category", event->category);
        json_put_string(&j, "threat", event->threat);
        json_put_string(&j, "client", event->client);
        json_put_string(&j, "from", event->sender);
        json_put_string(&j, "recipients", event->recipients);
        json_put_number(&j, "size", event->size);
        json_put_number(&j, "entry", (int64_t)event->place.index);
        if (content) {
            json_put_string(&j, "subject", event->subject);
            json_put_string(&j, "from_name", event->name);
        }
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
    return SK_OK;
}

/* One message */

static int
dump(const char *text, size_t size, void *w)
{
    writer_bytes(w, bytes_of(text, size));
    return 0;
}

static void
put_json(struct json *j, const char *key, const json_t *value)
{
    struct writer w;

    writer_init(&w, j->w->arena);
    json_key(j, key);
    if (value != NULL &&
        json_dump_callback(value, dump, &w,
                           JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY) == 0) {
        json_raw(j, writer_view(&w));
    } else {
        json_nothing(j);
    }
}

static bool
family_is_inside(const char *family)
{
    static const char *const inside[] = {"content", "links", "signatures", "attachments",
                                         "threat"};

    for (size_t i = 0; family != NULL && i < sizeof inside / sizeof inside[0]; i++) {
        if (strcmp(family, inside[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes out of a record what the message says, and leaves what was concluded from it: that a finding was made, not the
 * words it rests on. */
static void
withhold_content(json_t *record)
{
    static const char *const said[] = {
        "subject",     "from_name",    "from_address",  "message_id",   "text",
        "date",        "threat_words", "threat_target", "threat_where", "threat_means",
        "threat_when", "sha256",       "defects",       "words",        "indicators",
        "signature",   "keys"};
    json_t *finding;
    size_t i;

    for (i = 0; i < sizeof said / sizeof said[0]; i++) {
        (void)!json_object_del(record, said[i]);
    }
    json_array_foreach(json_object_get(record, "findings"), i, finding)
    {
        if (family_is_inside(json_string_value(json_object_get(finding, "family")))) {
            (void)!json_object_del(finding, "detail");
            (void)!json_object_del(finding, "span");
        }
    }
}

struct opened {
    struct arena *arena;
    const char *folder;
    int fd;
    struct bytes id;
    bool content;
    struct bytes content_record; /* "": it has none, or it is not to be shown */
    struct json *j;
    struct why *why;
};

static void
put_record(struct opened *o, const char *key, struct bytes record)
{
    json_t *json = json_loadb((const char *)record.at, record.size, JSON_ALLOW_NUL, NULL);

    if (!o->content) {
        withhold_content(json);
    }
    put_json(o->j, key, json);
    json_decref(json);
}

/* What it says, as it stands now: where a recipient withdrew, it was written anew without him. */
static void
put_content(struct opened *o, const struct journal_frame *message)
{
    struct journal_frame frame = {0};

    if (vault_find_content(o->arena, o->folder, o->id, message, &frame, o->why) == SK_OK) {
        json_put_bool(o->j, "content_shown", o->content);
        o->content_record = o->content ? frame.record : BYTES_NONE;
        put_record(o, "content", frame.record);
    } else if (frame.purged) {
        json_put_bool(o->j, "content_purged", true);
        json_put_number(o->j, "content_entry", (int64_t)frame.index);
    }
}

static enum sk_code
put_outcomes(struct opened *o)
{
    struct rows_outcome *outcomes;
    struct journal_frame frame;
    size_t count;

    enum sk_code code =
        rows_outcomes(o->arena, o->folder, o->id, &outcomes, &count, o->why);
    json_key(o->j, "outcomes");
    json_open(o->j, '[');
    for (size_t i = 0; code == SK_OK && i < count && i < 100; i++) {
        const struct rows_place *place = &outcomes[i].place;
        if (journal_fetch(o->arena, o->fd, place->segment, place->offset, place->index,
                          &frame, o->why) == SK_OK) {
            json_raw(o->j, bytes_trim(frame.record));
        }
    }
    json_close(o->j);
    return code;
}

/* request: number content, bytes id */
enum sk_code
clerk_work_message(struct arena *arena, const char *folder, struct bytes request,
                   struct writer *w)
{
    struct frame_reader r = {.rest = request};
    struct journal_frame frame;
    struct why why;
    struct json j;
    struct opened o = {.arena = arena, .folder = folder, .j = &j, .why = &why};

    o.content = frame_get_number(&r) != 0;
    o.id = frame_get_bytes(&r);
    enum sk_code code = r.broken ? SK_BAD : vault_find(arena, folder, o.id, &frame, &why);
    if (code != SK_OK) {
        writer_text(w, why.sentence);
        return code;
    }
    o.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    json_init(&j, w);
    json_open(&j, '{');
    json_put_number(&j, "entry", (int64_t)frame.index);
    json_put_bool(&j, "purged", frame.purged);
    if (!frame.purged) {
        put_record(&o, "message", frame.record);
        put_content(&o, &frame);
        record_put_statement(&j, "statement", frame.record, o.content_record);
    }
    code = put_outcomes(&o);
    json_close(&j);
    if (o.fd >= 0) {
        close(o.fd);
    }
    return code;
}

/* The calls: each look is in the ledger before the answer is made. */

static void
told_read(void *context, enum sk_code code, struct bytes answer)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);

    if (call != NULL && code == SK_OK) {
        web_reply(call, 200, "application/json", answer);
    } else if (call != NULL && code == SK_BAD && errand->number == JOB_MESSAGE) {
        web_reply_error(call, 404, "message", "その番号のメールの記録はありません。",
                        "There is no record of a message of that id.");
    } else if (call != NULL && (code == SK_BAD || code == SK_LIMIT)) {
        web_reply_error(
            call, 400, "search",
            "この条件では探せません。短くするか、期間をしぼってください。",
            "This cannot be searched for: make it shorter, or narrow the time.");
    } else if (call != NULL) {
        web_reply_error(call, 503, "slow",
                        "時間がかかりすぎたため打ち切りました。期間をしぼってください。",
                        "It took too long and was ended. Narrow the time.");
    }
    errand_end(errand);
}

static void
told_look(void *context, enum sk_code code, struct bytes json)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);

    if (call == NULL || code != SK_OK) {
        if (call != NULL) {
            clerk_say_failed(call, code, json);
        }
        errand_end(errand);
        return;
    }
    if (!crew_ask(errand->clerk->crew,
                  errand->number == JOB_SEARCH ? CREW_SEARCH : CREW_QUICK,
                  (uint32_t)errand->number, errand->a, told_read, errand)) {
        told_read(errand, SK_LATER, BYTES_NONE);
    }
}

/* Records the look; then the job is done with errand->a. */
static void
look(struct errand *errand, struct web_call *call, const char *what, struct bytes id,
     struct bytes query, struct bytes reason)
{
    struct writer w;
    struct json j;

    clerk_request(errand, &w, &j, "look");
    json_put_text(&j, "what", what);
    if (id.size > 0) {
        json_put_string(&j, "id", id);
    }
    if (query.size > 0) {
        json_put_string(&j, "query", query);
    }
    json_put_bool(&j, "content", errand->content);
    if (reason.size > 0) {
        json_put_string(&j, "reason", reason);
    }
    if (!clerk_ask(errand->clerk, &j, errand->person.account, told_look, errand)) {
        clerk_say_keeper_away(call);
        errand_end(errand);
    }
}

static bool
id_is_plain(struct bytes id)
{
    for (size_t i = 0; i < id.size; i++) {
        if (!ascii_letter(id.at[i]) && !ascii_digit(id.at[i]) && id.at[i] != '-') {
            return false;
        }
    }
    return id.size > 0 && id.size <= 64;
}

static void
open_message(struct clerk *clerk, struct web_call *call, struct session *session,
             struct bytes id, bool content, struct bytes reason)
{
    struct writer w;

    if (!id_is_plain(id)) {
        web_reply_error(call, 404, "message", "その番号のメールの記録はありません。",
                        "There is no record of a message of that id.");
        return;
    }
    struct errand *errand = errand_begin(clerk, call, session);
    errand->number = JOB_MESSAGE;
    errand->content = content;
    writer_init(&w, &errand->arena);
    frame_put_number(&w, content);
    frame_put_bytes(&w, id);
    errand->a = writer_view(&w);
    look(errand, call, "message", id, BYTES_NONE, reason);
}

void
clerk_get_messages(struct clerk *clerk, struct web_call *call, struct session *session,
                   struct bytes tail)
{
    open_message(clerk, call, session, tail, false, BYTES_NONE);
}

static bool
reason_is_given(struct web_call *call, struct bytes reason)
{
    if (bytes_trim(reason).size > 0 && reason.size <= LIMIT_REASON) {
        return true;
    }
    web_reply_error(call, 400, "reason", "内容を読むには理由が必要です (記録されます)。",
                    "Reading what a message says needs a reason (it is recorded).");
    return false;
}

void
clerk_post_content(struct clerk *clerk, struct web_call *call, struct session *session,
                   struct bytes tail)
{
    struct bytes reason = clerk_body_text(clerk_body(call), "reason");

    if (reason_is_given(call, reason)) {
        open_message(clerk, call, session, tail, true, reason);
    }
}

/* A search by words reads what messages say: only reviewers, and with a reason. */
void
clerk_get_search(struct clerk *clerk, struct web_call *call, struct session *session,
                 struct bytes tail)
{
    static const char *const names[SEARCH_FIELDS] = {
        [WORDS] = "words",   [SENDER] = "sender", [RECIPIENT] = "recipient",
        [CLIENT] = "client", [ACTION] = "action", [CATEGORY] = "category",
        [ID] = "id",
    };
    struct bytes value, reason = BYTES_NONE, fields[SEARCH_FIELDS] = {0};
    uint64_t from = 0, to = 0, most = 50;
    struct writer w;

    for (size_t i = 0; i < SEARCH_FIELDS; i++) {
        (void)!web_query(call, names[i], &fields[i]);
    }
    (void)!web_query(call, "reason", &reason);
    bool content = bytes_trim(fields[WORDS]).size > 0;
    if (content && session->role != ACCOUNT_REVIEWER) {
        web_reply_error(call, 403, "role", "言葉で探せるのは閲覧者 (reviewer) だけです。",
                        "Only reviewers may search by words.");
        return;
    }
    if (content && !reason_is_given(call, reason)) {
        return;
    }
    if ((web_query(call, "from", &value) && !bytes_to_number(value, INT64_MAX, &from)) ||
        (web_query(call, "to", &value) && !bytes_to_number(value, INT64_MAX, &to)) ||
        (web_query(call, "most", &value) && !bytes_to_number(value, 500, &most)) ||
        most == 0) {
        web_reply_error(call, 400, "search", "期間か件数が読めません。",
                        "The time or the number cannot be read.");
        return;
    }
    struct errand *errand = errand_begin(clerk, call, session);
    errand->number = JOB_SEARCH;
    errand->content = content;
    writer_init(&w, &errand->arena);
    frame_put_number(&w, content);
    frame_put_number(&w, web_query(call, "threat", &value) && bytes_is(value, "1"));
    frame_put_number(&w, from);
    frame_put_number(&w, to);
    frame_put_number(&w, most);
    for (size_t i = 0; i < SEARCH_FIELDS; i++) {
        frame_put_bytes(&w, fields[i]);
    }
    errand->a = writer_view(&w);
    look(errand, call, "search", BYTES_NONE, bytes_slice(call->head.query, 0, 2000),
         reason);
}
