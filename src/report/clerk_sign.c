/* Signing in and out. */
#include "report/clerk_private.h"

#include <jansson.h>

#include "base/clock.h"
#include "net/frame.h"
#include "report/accounts.h"
#include "report/password.h"

static void
put_session(struct json *j, const struct clerk *clerk, const struct session *session)
{
    int64_t now = clock_monotonic_ms();

    json_put_bool(j, "signed_in", true);
    json_put_text(j, "name", session->account);
    json_put_text(j, "role", account_role_name(session->role));
    json_put_text(j, "token", session->token);
    json_put_text(j, "session", session->id);
    json_put_number(j, "ends_in_ms", session->began_ms + clerk->sessions.most_ms - now);
    json_put_number(j, "idle_ms", clerk->sessions.idle_ms);
}

static void
told_any_account(void *context, enum sk_code code, struct bytes json)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);
    struct writer w;
    struct json j;

    if (call != NULL) {
        json_t *reply = json_loadb((const char *)json.at, json.size, 0, NULL);
        const json_t *count = json_object_get(reply, "accounts");
        writer_init(&w, call->arena);
        json_init(&j, &w);
        json_open(&j, '{');
        json_put_bool(&j, "signed_in", false);
        if (code == SK_OK && json_is_integer(count)) {
            json_put_bool(&j, "any_account", json_integer_value(count) > 0);
        }
        json_close(&j);
        json_decref(reply);
        web_reply(call, 200, "application/json", writer_view(&w));
    }
    errand_end(errand);
}

/* Who am I; without a sign-in: is there any account at all? */
void
clerk_get_session(struct clerk *clerk, struct web_call *call, struct session *session,
                  struct bytes tail)
{
    struct writer w;
    struct json j;

    if (session != NULL) {
        writer_init(&w, call->arena);
        json_init(&j, &w);
        json_open(&j, '{');
        put_session(&j, clerk, session);
        json_close(&j);
        web_reply(call, 200, "application/json", writer_view(&w));
        return;
    }
    struct errand *errand = errand_begin(clerk, call, NULL);
    clerk_request(errand, &w, &j, "account.credential");
    json_put_text(&j, "name", "");
    if (!clerk_ask(clerk, &j, "", told_any_account, errand)) {
        told_any_account(errand, SK_LATER, BYTES_NONE);
    }
}

static void
set_cookie(struct web_call *call, const char *key, int64_t seconds)
{
    struct writer w;

    writer_init(&w, call->arena);
    writer_format(
        &w, "Set-Cookie: %s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s\r\n",
        clerk_cookie_name, key, (long long)seconds, call->tls ? "; Secure" : "");
    call->cookie = writer_view(&w);
}

static void
say_wrong(struct web_call *call)
{
    web_reply_error(call, 401, "wrong", "名前かパスワードが違います。",
                    "The name or the password is wrong.");
}

static struct bytes
address_text(struct arena *arena, const struct web_call *call)
{
    struct writer w;

    writer_init(&w, arena);
    net_address_write(&w, &call->client);
    return writer_view(&w);
}

/* The sign-in is in the ledger: now it has its effect. */
static void
told_recorded(void *context, enum sk_code code, struct bytes json)
{
    struct errand *errand = context;
    struct clerk *clerk = errand->clerk;
    struct web_call *call = errand_call(errand);
    bool good = errand->content;
    char key[SESSION_KEY_SIZE + 1];
    struct writer w;
    struct json j;

    if (call == NULL) {
        errand_end(errand);
        return;
    }
    if (!good) {
        say_wrong(call);
    } else if (code != SK_OK) {
        clerk_say_failed(call, code, json);
    } else {
        struct session *session = session_begin(
            &clerk->sessions, bytes_from_text(errand->person.account), errand->person.role,
            errand->b, clock_monotonic_ms(), clock_now_ms(), key);
        clerk->signed_in++;
        set_cookie(call, key, clerk->sessions.most_ms / 1000);
        explicit_bzero(key, sizeof key);
        writer_init(&w, call->arena);
        json_init(&j, &w);
        json_open(&j, '{');
        put_session(&j, clerk, session);
        json_close(&j);
        web_reply(call, 200, "application/json", writer_view(&w));
    }
    errand_end(errand);
}

static void
told_password(void *context, enum sk_code code, struct bytes answer)
{
    struct errand *errand = context;
    struct clerk *clerk = errand->clerk;
    struct web_call *call = errand_call(errand);
    struct writer w;
    struct json j;

    if (code == SK_LATER) {
        if (call != NULL) {
            clerk_say_keeper_away(call);
        }
        errand_end(errand);
        return;
    }
    errand->content = code == SK_OK && errand->person.role != ACCOUNT_NONE;
    if (errand->content) {
        guess_was_right(&clerk->sessions, bytes_from_text(errand->person.account),
                        errand->b);
    }
    clerk_request(errand, &w, &j, "account.sign_in");
    json_put_string(&j, "from", errand->b);
    json_put_bool(&j, "good", errand->content);
    if (!clerk_ask(clerk, &j, errand->person.account, told_recorded, errand)) {
        told_recorded(errand, SK_LATER, BYTES_NONE);
    }
}

static void
told_credential(void *context, enum sk_code code, struct bytes json)
{
    struct errand *errand = context;
    struct web_call *call = errand_call(errand);
    struct writer w;

    if (code != SK_OK || call == NULL) {
        if (call != NULL) {
            clerk_say_failed(call, code, json);
        }
        errand_end(errand);
        return;
    }
    json_t *reply = json_loadb((const char *)json.at, json.size, 0, NULL);
    const char *hash = json_string_value(json_object_get(reply, "hash"));
    const char *role = json_string_value(json_object_get(reply, "role"));
    if (hash == NULL || hash[0] == '\0' ||
        !account_role_read(bytes_from_text(role), &errand->person.role)) {
        errand->person.role =
            ACCOUNT_NONE; /* a hash that nothing fits is checked all the same */
    }
    writer_init(&w, &errand->arena);
    frame_put_bytes(&w, errand->a);
    frame_put_bytes(&w, errand->person.role == ACCOUNT_NONE ? password_nobody()
                                                            : bytes_from_text(hash));
    bool asked = crew_ask(errand->clerk->crew, CREW_QUICK, JOB_PASSWORD, writer_view(&w),
                          told_password, errand);
    explicit_bzero(w.at, w.size);
    explicit_bzero((void *)errand->a.at, errand->a.size);
    json_decref(reply);
    if (!asked) {
        clerk_say_keeper_away(call);
        errand_end(errand);
    }
}

static void
say_too_many(struct clerk *clerk, struct web_call *call, int64_t seconds)
{
    struct writer w;
    char ja[200], en[200];

    clerk->refused_guesses++;
    writer_init(&w, call->arena);
    writer_format(&w, "Retry-After: %lld\r\n", (long long)seconds);
    call->cookie = writer_view(&w);
    snprintf(ja, sizeof ja, "まちがいが続いたため、あと%lld分は受け付けません。",
             (long long)(seconds + 59) / 60);
    snprintf(en, sizeof en, "Too many wrong tries. Come again in %lld minutes.",
             (long long)(seconds + 59) / 60);
    web_reply_error(call, 429, "too_many", ja, en);
}

void
clerk_post_session(struct clerk *clerk, struct web_call *call, struct session *session,
                   struct bytes tail)
{
    const json_t *body =
        bytes_starts_fold(web_field(call, "Content-Type"), BYTES("application/json"))
            ? clerk_body(call)
            : NULL;
    struct bytes name = clerk_body_text(body, "name"),
                 password = clerk_body_text(body, "password");
    struct writer w;
    struct json j;

    if (body == NULL || name.size == 0 || password.size == 0) {
        web_reply_error(call, 400, "form", "名前とパスワードを入れてください。",
                        "A name and a password are wanted.");
        return;
    }
    struct errand *errand = errand_begin(clerk, call, NULL);
    errand->b = address_text(&errand->arena, call);
    int64_t seconds =
        guess_begin(&clerk->sessions, bytes_slice(name, 0, LIMIT_ACCOUNT_NAME), errand->b,
                    clock_monotonic_ms());
    if (seconds > 0 || !account_name_valid(name) || password.size > LIMIT_PASSWORD_MOST) {
        if (seconds > 0) {
            say_too_many(clerk, call, seconds);
        } else {
            say_wrong(call);
        }
        errand_end(errand);
        return;
    }
    memcpy(errand->person.account, name.at, name.size);
    errand->a = bytes_copy(&errand->arena, password);
    clerk_request(errand, &w, &j, "account.credential");
    json_put_string(&j, "name", name);
    if (!clerk_ask(clerk, &j, "", told_credential, errand)) {
        clerk_say_keeper_away(call);
        errand_end(errand);
    }
}

static void
told_signed_out(void *context, enum sk_code code, struct bytes json)
{
    errand_end(context);
}

/* The sign-out has its effect at once, whether it could be recorded or not. */
void
clerk_delete_session(struct clerk *clerk, struct web_call *call, struct session *session,
                     struct bytes tail)
{
    struct errand *errand = errand_begin(clerk, call, session);
    struct writer w;
    struct json j;

    live_end_session(clerk->live, session->id);
    session_end(session);
    clerk_request(errand, &w, &j, "account.sign_out");
    json_put_string(&j, "from", address_text(&errand->arena, call));
    if (!clerk_ask(clerk, &j, errand->person.account, told_signed_out, errand)) {
        errand_end(errand);
    }
    set_cookie(call, "", 0);
    web_reply(call, 200, "application/json", BYTES("{\"signed_in\":false}"));
}

void
clerk_get_sessions(struct clerk *clerk, struct web_call *call, struct session *session,
                   struct bytes tail)
{
    const struct sessions *s = &clerk->sessions;
    int64_t now = clock_monotonic_ms();
    struct writer w;
    struct json j;

    writer_init(&w, call->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_key(&j, "sessions");
    json_open(&j, '[');
    for (size_t i = 0; i < LIMIT_SESSIONS; i++) {
        const struct session *one = &s->all[i];
        if (session_alive(s, one, now) && strcmp(one->account, session->account) == 0) {
            json_open(&j, '{');
            json_put_text(&j, "id", one->id);
            json_put_text(&j, "from", one->from);
            json_put_number(&j, "began", one->began_at_ms);
            json_put_number(&j, "idle_ms", now - one->last_ms);
            json_put_bool(&j, "this", one == session);
            json_close(&j);
        }
    }
    json_close(&j);
    json_close(&j);
    web_reply(call, 200, "application/json", writer_view(&w));
}

/* One's own, wherever it was begun. */
void
clerk_delete_sessions(struct clerk *clerk, struct web_call *call, struct session *session,
                      struct bytes tail)
{
    struct session *one = session_by_id(&clerk->sessions, tail, clock_monotonic_ms());

    if (one == NULL || strcmp(one->account, session->account) != 0) {
        web_reply_error(call, 404, "session", "そのサインインはありません。",
                        "There is no such sign-in.");
        return;
    }
    live_end_session(clerk->live, one->id);
    session_end(one);
    web_reply(call, 200, "application/json", BYTES("{}"));
}
