#include "report/clerk_private.h"

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/frame.h"
#include "report/password.h"
#include "report/settings.h"

const struct config_key report_config_keys[] = {
    {"report", "listen", CONFIG_TEXT, "",
     .help =
         "Where the clerk answers over HTTP (console, figures); loopback, unless there is "
         "a certificate."},
    {"report", "tls_certificate", CONFIG_TEXT, "",
     .help = "PEM file with the console's certificate chain; without it no TLS, and no "
             "address but loopback."},
    {"report", "tls_key", CONFIG_TEXT, "",
     .help = "PEM file with its private key; only the key process reads it."},
    {"report", "hosts", CONFIG_LIST, "",
     .help = "Names by which browsers may ask for the console, beside loopback addresses."},
    {"report", "console", CONFIG_TEXT, "",
     .help = "Folder of the console's files; empty: found beside the program."},
    {"report", "session_idle", CONFIG_TIME, "30m", .least = 60000, .most = 86400000,
     .help = "A sign-in ends when nothing was asked for so long."},
    {"report", "session_most", CONFIG_TIME, "12h", .least = 60000,
     .most = (int64_t)7 * 86400000, .help = "A sign-in ends after so long in any case."},
    {.name = NULL},
};

#define BEAT_MS       15000
#define ASK_MS        20000 /* the keeper may be waiting for a slow disk */
#define SEES_MESSAGES (LIVE_SEES(ACCOUNT_OPERATOR) | LIVE_SEES(ACCOUNT_REVIEWER))
#define ERRAND_ARENA  ((size_t)4 << 20)

/* Errands */

struct errand *
errand_begin(struct clerk *clerk, const struct web_call *call,
             const struct session *session)
{
    struct arena arena;

    arena_init(&arena, ERRAND_ARENA);
    struct errand *errand = ARENA_NEW(&arena, struct errand);
    errand->clerk = clerk;
    errand->call = call->number;
    if (session != NULL) {
        memcpy(errand->person.account, session->account, sizeof session->account);
        memcpy(errand->person.session_id, session->id, sizeof session->id);
        errand->person.role = session->role;
    }
    errand->arena = arena;
    return errand;
}

void
errand_end(struct errand *errand)
{
    struct arena arena = errand->arena;

    arena_release(&arena);
}

struct web_call *
errand_call(const struct errand *errand)
{
    return web_call(errand->clerk->web, errand->call);
}

/* The keeper */

void
clerk_request(struct errand *errand, struct writer *w, struct json *j, const char *what)
{
    writer_init(w, &errand->arena);
    json_init(j, w);
    json_open(j, '{');
    json_put_text(j, "do", what);
}

bool
clerk_ask(struct clerk *clerk, struct json *request, const char *by, clerk_told *told,
          void *context)
{
    struct clerk_asked *place = NULL;

    for (size_t i = 0; i < LIMIT_CLERK_ASKED && place == NULL; i++) {
        place = clerk->asked[i].token == 0 ? &clerk->asked[i] : NULL;
    }
    json_put_text(request, "by", by);
    json_close(request);
    if (place == NULL || !clerk->linked) {
        return false;
    }
    *place = (struct clerk_asked){++clerk->last_token, clock_monotonic_ms(), told, context};
    if (!clerk->role->ask(clerk->role->context, place->token, writer_view(request->w))) {
        place->token = 0;
        return false;
    }
    return true;
}

void
clerk_answer(struct clerk *clerk, uint64_t token, enum sk_code code, struct bytes json)
{
    for (size_t i = 0; i < LIMIT_CLERK_ASKED; i++) {
        if (clerk->asked[i].token == token && token != 0) {
            struct clerk_asked asked = clerk->asked[i];
            clerk->asked[i].token = 0;
            asked.told(asked.context, code, json);
            return;
        }
    }
}

static void
answer_older_than(struct clerk *clerk, int64_t since_ms)
{
    for (size_t i = 0; i < LIMIT_CLERK_ASKED; i++) {
        if (clerk->asked[i].token != 0 && clerk->asked[i].since_ms <= since_ms) {
            clerk_answer(clerk, clerk->asked[i].token, SK_LATER, BYTES_NONE);
        }
    }
}

void
clerk_link(struct clerk *clerk, bool up)
{
    if (!up) {
        answer_older_than(clerk, INT64_MAX);
    }
    clerk->linked = up;
    live_event(clerk->live, "keeper", up ? BYTES("{\"up\":true}") : BYTES("{\"up\":false}"),
               ~0u);
}

void
clerk_say_keeper_away(struct web_call *call)
{
    web_reply_error(
        call, 503, "keeper",
        "記録を担う keeper が今は応答しません。しばらくしてもう一度お試しください。",
        "The keeper, which holds the record, does not answer now. Try again soon.");
}

void
clerk_say_failed(struct web_call *call, enum sk_code code, struct bytes json)
{
    struct writer w;
    struct json j;

    if (code == SK_LATER || json.size == 0) {
        clerk_say_keeper_away(call);
        return;
    }
    json_t *reply = json_loadb((const char *)json.at, json.size, JSON_ALLOW_NUL, NULL);
    const char *words = json_string_value(json_object_get(reply, "error"));
    writer_init(&w, call->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "error", "refused");
    json_put_text(&j, "ja", words != NULL ? words : "できませんでした。");
    json_put_text(&j, "en", words != NULL ? words : "It could not be done.");
    json_close(&j);
    json_decref(reply);
    web_reply(call, code == SK_BAD || code == SK_LIMIT ? 422 : 503, "application/json",
              writer_view(&w));
}

/* Events */

static struct bytes
event_text(const json_t *event, const char *key)
{
    const json_t *value = json_object_get(event, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

/* What may be shown of a message: where it came from and what became of it, and nothing of what it says. */
static const char *const message_texts[] = {"kind", "id", "action", "category",
                                            "from", "to", "client", "threat"};
static const char *const message_numbers[] = {"time", "size", "unwanted"};

static bool
is_one_of(struct bytes key, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_is(key, names[i])) {
            return true;
        }
    }
    return false;
}

static bool
take_string(struct bytes json, size_t *at, struct bytes *raw_r)
{
    size_t from = *at + 1, end = from;

    if (*at >= json.size || json.at[*at] != '"') {
        return false;
    }
    while (end < json.size && json.at[end] != '"') {
        end += json.at[end] == '\\' ? 2 : 1;
    }
    *raw_r = bytes_slice(json, from, end);
    *at = end + 1;
    return end < json.size;
}

/* Whether an event is a flat object of just what may be shown: then it goes on as it is, hundreds of times a second,
 * without being taken apart. */
static bool
may_be_shown(struct bytes json)
{
    struct bytes key, value;
    size_t at = 0;

    do {
        at++; /* '{' or ',' */
        if (!take_string(json, &at, &key) || at >= json.size || json.at[at++] != ':') {
            return false;
        }
        bool text = at < json.size && json.at[at] == '"';
        if (text ? !is_one_of(key, message_texts,
                              sizeof message_texts / sizeof message_texts[0]) ||
                       !take_string(json, &at, &value)
                 : !is_one_of(key, message_numbers,
                              sizeof message_numbers / sizeof message_numbers[0])) {
            return false;
        }
        while (!text && at < json.size &&
               (ascii_digit(json.at[at]) || json.at[at] == '.' || json.at[at] == '-')) {
            at++;
        }
    } while (at < json.size && json.at[at] == ',');
    return at + 1 == json.size && json.at[at] == '}' && json.at[0] == '{';
}

/* An event that has more is cut down to it. */
static void
event_message(struct clerk *clerk, struct json *j, const json_t *event)
{
    for (size_t i = 0; i < sizeof message_texts / sizeof message_texts[0]; i++) {
        json_put_string(j, message_texts[i],
                        bytes_slice(event_text(event, message_texts[i]), 0, 600));
    }
    for (size_t i = 0; i < sizeof message_numbers / sizeof message_numbers[0]; i++) {
        json_put_real(j, message_numbers[i],
                      json_number_value(json_object_get(event, message_numbers[i])), 4);
    }
    json_close(j);
    live_event(clerk->live, "message", writer_view(j->w), SEES_MESSAGES);
}

/* An account was changed: whoever is signed in with it signs in anew. */
static void
event_account(struct clerk *clerk, const json_t *event)
{
    struct bytes name = event_text(event, "name");
    struct sessions *s = &clerk->sessions;

    for (size_t i = 0; i < LIMIT_SESSIONS; i++) {
        if (s->all[i].used && bytes_is(name, s->all[i].account)) {
            live_end_session(clerk->live, s->all[i].id);
            session_end(&s->all[i]);
        }
    }
}

void
clerk_event(struct clerk *clerk, struct bytes json)
{
    struct arena arena;
    struct writer w;
    struct json j;

    if (bytes_starts(json, BYTES("{\"kind\":\"message\",")) && may_be_shown(json)) {
        clerk->events++;
        live_event(clerk->live, "message", json, SEES_MESSAGES);
        return;
    }
    json_t *event = json_loadb((const char *)json.at, json.size, JSON_ALLOW_NUL, NULL);
    struct bytes kind = event_text(event, "kind");
    arena_init(&arena, (size_t)8 << 20);
    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    clerk->events++;
    if (bytes_is(kind, "message")) {
        event_message(clerk, &j, event);
    } else if (bytes_starts(kind, BYTES("alarm"))) {
        live_event(clerk->live, "alarm", json,
                   LIVE_SEES(ACCOUNT_OPERATOR) | LIVE_SEES(ACCOUNT_REVIEWER) |
                       LIVE_SEES(ACCOUNT_AUDITOR));
    } else if (bytes_starts(kind, BYTES("account")) || bytes_is(kind, "look")) {
        if (bytes_is(kind, "account.set")) {
            event_account(clerk, event);
        }
        live_event(clerk->live, "look", json, LIVE_SEES(ACCOUNT_AUDITOR));
    } else {
        json_put_string(&j, "kind", kind);
        json_put_number(&j, "time", json_integer_value(json_object_get(event, "time")));
        json_close(&j);
        live_event(clerk->live, "record", writer_view(&w), ~0u);
    }
    json_decref(event);
    arena_release(&arena);
}

/* The crew */

enum sk_code
clerk_work(void *context, struct arena *arena, uint32_t job, struct bytes request,
           struct writer *w)
{
    const struct clerk *clerk = context;

    switch (job) {
    case JOB_PASSWORD: {
        struct frame_reader r = {.rest = request};
        struct bytes password = frame_get_bytes(&r), hash = frame_get_bytes(&r);
        bool is = !r.broken && password_is(arena, password, hash);
        explicit_bzero((void *)request.at, request.size);
        return is ? SK_OK : SK_BAD;
    }
    case JOB_TALLY:
        return clerk_work_tally(arena, clerk->folder, request, w);
    case JOB_SEARCH:
        return clerk_work_search(arena, clerk->folder, request, w);
    case JOB_MESSAGE:
        return clerk_work_message(arena, clerk->folder, request, w);
    case JOB_CAMPAIGN:
        return clerk_work_campaign(arena, clerk->folder, request, w);
    default:
        return SK_BAD;
    }
}

/* Calls */

static void
on_call(void *context, struct web_call *call)
{
    struct clerk *clerk = context;

    clerk->requests++;
    clerk_route(clerk, call);
}

static void
on_stream_ended(void *context, uint64_t number)
{
    struct clerk *clerk = context;

    live_left(clerk->live, number);
}

static const struct web_calls web_calls = {on_call, on_stream_ended};

/* A page that is open counts as use of its sign-in; only the whole time ends it. */
static bool
session_goes_on(void *context, const char *session_id)
{
    struct clerk *clerk = context;
    int64_t now = clock_monotonic_ms();
    struct session *session =
        session_by_id(&clerk->sessions, bytes_from_text(session_id), now);

    if (session != NULL) {
        session->last_ms = now;
    }
    return session != NULL;
}

static void
on_beat(void *context)
{
    struct clerk *clerk = context;

    live_beat(clerk->live, session_goes_on, clerk);
    loop_task_after(&clerk->beat, BEAT_MS);
}

static void
on_second(void *context)
{
    struct clerk *clerk = context;

    answer_older_than(clerk, clock_monotonic_ms() - ASK_MS);
    loop_task_after(&clerk->second, 1000);
}

/* The console's files: what the configuration says, else beside the program (in a build folder), else where `make install`
 * puts them. */
static void
read_console(struct clerk *clerk)
{
    struct bytes given = config_text(clerk->config, "report.console");
    char program[4096];
    struct why why;

    ssize_t size = readlink("/proc/self/exe", program, sizeof program);
    struct bytes folder = bytes_of(program, size > 0 ? (size_t)size : 0);
    size_t slash = bytes_find_last(folder, '/');
    folder = bytes_slice(folder, 0, slash == BYTES_NOWHERE ? 0 : slash);
    static const char *const places[] = {"/console", "/../share/sekisho/console"};
    for (size_t i = 0; i < (given.size > 0 ? 1u : 2u) && !clerk->has_console; i++) {
        struct writer w;
        writer_init(&w, clerk->arena);
        writer_bytes(&w, given.size > 0 ? given : folder);
        writer_text(&w, given.size > 0 ? "" : places[i]);
        if (files_read(clerk->arena, writer_c(&w), &clerk->files, &why) == SK_OK) {
            clerk->has_console =
                files_find(&clerk->files, BYTES("index.html")) != NULL &&
                files_find(&clerk->files, BYTES("lib/preact.js")) != NULL &&
                files_find(&clerk->files, BYTES("lib/htm.js")) != NULL;
        } else if (given.size > 0) {
            log_line(LOG_LEVEL_WARNING, NULL, "report.console: %s", why.sentence);
        }
    }
}

enum sk_code
clerk_open(struct arena *arena, struct event_base *base, const struct config *config,
           int socket, const struct clerk_role *role, struct clerk **clerk_r,
           struct why *why)
{
    struct clerk *clerk = ARENA_NEW(arena, struct clerk);

    *clerk_r = clerk;
    clerk->arena = arena;
    clerk->base = base;
    clerk->config = config;
    clerk->role = role;
    clerk->folder = bytes_text(arena, config_text(config, "record.folder"));
    clerk->folder_fd = open(clerk->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    clerk->hosts = config_list(config, "report.hosts", &clerk->host_count);
    clerk->started_ms = clock_monotonic_ms();
    sessions_init(&clerk->sessions, arena, config_number(config, "report.session_idle"),
                  config_number(config, "report.session_most"));
    witness_door_init(&clerk->door, arena);
    read_console(clerk);
    enum sk_code code = crew_open(arena, base, clerk_work, clerk, &clerk->crew, why);
    if (code != SK_OK) {
        return code;
    }
    clerk->web = web_open(arena, base, socket, role->tls, &web_calls, clerk);
    clerk->live = live_new(arena, clerk->web, (uint64_t)clock_now_ms() * 1000);
    loop_task_init(&clerk->beat, base, on_beat, clerk);
    loop_task_init(&clerk->second, base, on_second, clerk);
    loop_task_after(&clerk->beat, BEAT_MS);
    loop_task_after(&clerk->second, 1000);
    return SK_OK;
}

void
clerk_tls(struct clerk *clerk, const struct tls_context *tls)
{
    web_tls(clerk->web, tls);
}

void
clerk_close(struct clerk *clerk)
{
    loop_task_cancel(&clerk->beat);
    loop_task_cancel(&clerk->second);
    web_close(clerk->web);
    crew_close(clerk->crew);
    if (clerk->folder_fd >= 0) {
        close(clerk->folder_fd);
    }
}
