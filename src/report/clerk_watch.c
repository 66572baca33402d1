/* The live stream, alarms, the ledger's state, and who looked at what. */
#include "report/clerk_private.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "record/ledger.h"

void
clerk_get_stream(struct clerk *clerk, struct web_call *call, struct session *session,
                 struct bytes tail)
{
    uint64_t number = call->number;

    if (!live_room(clerk->live)) {
        web_reply_error(call, 503, "streams", "見ている人が多すぎます。",
                        "Too many are watching already.");
        return;
    }
    struct bytes last = web_field(call, "Last-Event-ID"), recent;
    if (last.size == 0) {
        (void)!web_query(call, "last", &last); /* a page that was loaded anew */
    }
    bool wants_recent = web_query(call, "recent", &recent);
    last = bytes_copy(call->arena, last);
    web_stream_begin(call, "text/event-stream; charset=utf-8");
    live_join(clerk->live, number, session->role, session->id, last, wants_recent);
}

/* What the keeper says goes to the page as it is. */
static void
told_pass_on(void *context, enum sk_code code, struct bytes json)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);

    if (call != NULL && code == SK_OK) {
        web_reply(call, 200, "application/json", json);
    } else if (call != NULL) {
        clerk_say_failed(call, code, json);
    }
    errand_end(errand);
}

static void
ask_and_pass_on(struct errand *errand, struct web_call *call, struct json *j)
{
    if (!clerk_ask(errand->clerk, j, errand->person.account, told_pass_on, errand)) {
        clerk_say_keeper_away(call);
        errand_end(errand);
    }
}

void
clerk_get_looks(struct clerk *clerk, struct web_call *call, struct session *session,
                struct bytes tail)
{
    struct errand *errand = errand_begin(clerk, call, session);
    struct writer w;
    struct json j;

    clerk_request(errand, &w, &j, "look.list");
    json_put_number(&j, "most", 300);
    ask_and_pass_on(errand, call, &j);
}

void
clerk_get_alarms(struct clerk *clerk, struct web_call *call, struct session *session,
                 struct bytes tail)
{
    struct errand *errand = errand_begin(clerk, call, session);
    struct writer w;
    struct json j;

    clerk_request(errand, &w, &j, "alarm.list");
    json_put_bool(&j, "all", true);
    json_put_number(&j, "most", 100);
    ask_and_pass_on(errand, call, &j);
}

void
clerk_post_acknowledge(struct clerk *clerk, struct web_call *call, struct session *session,
                       struct bytes tail)
{
    struct bytes note = clerk_body_text(clerk_body(call), "note");
    struct writer w;
    struct json j;

    if (note.size > LIMIT_REASON || tail.size == 0 || tail.size > 64) {
        web_reply_error(call, 400, "note", "覚え書きが長すぎます。",
                        "The note is too long.");
        return;
    }
    struct errand *errand = errand_begin(clerk, call, session);
    clerk_request(errand, &w, &j, "alarm.acknowledge");
    json_put_string(&j, "alarm", tail);
    json_put_string(&j, "note", note);
    ask_and_pass_on(errand, call, &j);
}

/* The ledger */

static void
put_signatures(struct json *j, const struct note *note, const struct note_key *key)
{
    json_key(j, "signatures");
    json_open(j, '[');
    for (size_t i = 0; i < note->signature_count; i++) {
        json_open(j, '{');
        json_put_string(j, "name", note->signatures[i].name);
        json_put_bool(j, "own",
                      key != NULL && bytes_equal(key->name, note->signatures[i].name) &&
                          key->id == note->signatures[i].id);
        json_close(j);
    }
    json_close(j);
}

static void
put_checkpoint(const struct clerk *clerk, struct arena *arena, struct json *j)
{
    struct checkpoint checkpoint;
    struct bytes text, vkey;
    struct note_key key;
    struct note note;
    struct stat info;
    struct why why;

    if (ledger_read_file(arena, clerk->folder_fd, "checkpoint", LIMIT_NOTE_BYTES, &text,
                         &why) != SK_OK ||
        note_read(arena, text, &note, &why) != SK_OK ||
        !checkpoint_read(note.text, &checkpoint)) {
        return;
    }
    bool has_key = ledger_read_file(arena, clerk->folder_fd, "ledger.vkey", 4096, &vkey,
                                    &why) == SK_OK &&
                   note_key_read(arena, bytes_trim(vkey), &key);
    json_put_string(j, "origin", checkpoint.origin);
    json_put_number(j, "size", (int64_t)checkpoint.size);
    json_put_string(
        j, "root", bytes_base64(arena, bytes_of(&checkpoint.root, sizeof checkpoint.root)));
    json_put_bool(j, "signed", has_key && note_check(&note, &key, &why) == SK_OK);
    if (has_key) {
        json_put_string(j, "vkey", bytes_trim(vkey));
    }
    put_signatures(j, &note, has_key ? &key : NULL);
    json_put_string(j, "note", text);
    if (fstatat(clerk->folder_fd, "checkpoint", &info, 0) == 0) {
        json_put_number(j, "time", (int64_t)info.st_mtim.tv_sec * 1000);
    }
}

static void
told_status(void *context, enum sk_code code, struct bytes json)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);
    struct writer w;
    struct json j;

    if (call != NULL) {
        writer_init(&w, call->arena);
        json_init(&j, &w);
        json_open(&j, '{');
        json_put_bool(&j, "keeper", code == SK_OK);
        json_put_number(&j, "now", clock_now_ms());
        put_checkpoint(errand->clerk, call->arena, &j);
        if (code == SK_OK) {
            json_key(&j, "status");
            json_raw(&j, json);
        }
        json_close(&j);
        web_reply(call, 200, "application/json", writer_view(&w));
    }
    errand_end(errand);
}

void
clerk_get_ledger(struct clerk *clerk, struct web_call *call, struct session *session,
                 struct bytes tail)
{
    struct errand *errand = errand_begin(clerk, call, session);
    struct writer w;
    struct json j;

    clerk_request(errand, &w, &j, "status");
    if (!clerk_ask(clerk, &j, errand->person.account, told_status, errand)) {
        told_status(errand, SK_LATER, BYTES_NONE);
    }
}
