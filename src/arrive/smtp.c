#include "arrive/smtp_private.h"

#include "base/clock.h"
#include "base/log.h"

#define BUSY_MS 3600000 /* while it is we who think, the client's deadline is no matter */

#define GREETED  (SMTP_BIT(SMTP_FRESH) | SMTP_BIT(SMTP_READY) | SMTP_BIT(SMTP_MAIL))
#define NOT_MAIL (SMTP_BIT(SMTP_FRESH) | SMTP_BIT(SMTP_READY))

static const struct smtp_verb verbs[] = {
    {"MAIL", SMTP_BIT(SMTP_READY), verb_mail_check, verb_mail, true},
    {"RCPT", SMTP_BIT(SMTP_MAIL), verb_rcpt_check, verb_rcpt, true},
    {"DATA", SMTP_BIT(SMTP_MAIL), verb_data_check, verb_data, false},
    {"EHLO", GREETED, verb_helo_check, verb_ehlo, false},
    {"HELO", GREETED, verb_helo_check, verb_helo, false},
    {"RSET", GREETED, verb_no_arguments, verb_rset, false},
    {"NOOP", GREETED, NULL, verb_noop, false},
    {"QUIT", GREETED, NULL, verb_quit, false},
    {"STARTTLS", SMTP_BIT(SMTP_READY), verb_starttls_check, verb_starttls, false},
    {"XCLIENT", NOT_MAIL, verb_xclient_check, verb_xclient, false},
    {"VRFY", GREETED, NULL, verb_vrfy, false},
    {"HELP", GREETED, NULL, verb_help, false},
};

static const char *const state_names[] = {
    [SMTP_WAITING] = "waiting", [SMTP_FRESH] = "fresh",
    [SMTP_READY] = "ready",     [SMTP_MAIL] = "mail",
    [SMTP_DATA] = "data",       [SMTP_EXAMINING] = "examining",
    [SMTP_PASSING] = "passing", [SMTP_RECORDING] = "recording",
    [SMTP_TLS] = "tls",         [SMTP_LEAVING] = "leaving",
    [SMTP_ENDED] = "ended",
};

static void
set_deadline(struct smtp_session *session)
{
    const struct arrive_settings *settings = session->door.settings;
    int64_t delay_ms = BUSY_MS;

    if (session->asked_count == 0 &&
        (SMTP_BIT(session->state) & (GREETED | SMTP_BIT(SMTP_TLS)))) {
        delay_ms = settings->command_ms;
    } else if (session->state == SMTP_DATA) {
        delay_ms = settings->data_ms;
    }
    stream_deadline(session->client, delay_ms);
}

void
smtp_enter(struct smtp_session *session, enum smtp_state state)
{
    log_line(LOG_LEVEL_DEBUG, NULL, "smtp: %s -> %s", state_names[session->state],
             state_names[state]);
    session->state = state;
    if (state != SMTP_LEAVING && state != SMTP_ENDED) {
        set_deadline(session);
    }
}

void
smtp_reply_line(struct smtp_session *session, struct bytes line)
{
    stream_send(session->client, line);
    stream_send(session->client, BYTES("\r\n"));
}

void
smtp_reply(struct smtp_session *session, enum reply_name name)
{
    smtp_reply_line(session, bytes_from_text(reply_text(name)));
}

void
smtp_leave(struct smtp_session *session, enum reply_name name)
{
    smtp_reply(session, name);
    smtp_enter(session, SMTP_LEAVING);
    stream_finish(session->client, name != REPLY_BYE);
}

bool
smtp_bad(struct smtp_session *session)
{
    if (++session->bad_count <= LIMIT_SMTP_BAD_COMMANDS) {
        return false;
    }
    smtp_leave(session, REPLY_TOO_MANY_ERRORS);
    return true;
}

struct bytes
smtp_keep(uint8_t *room, size_t room_size, struct bytes b)
{
    size_t size = b.size < room_size ? b.size : room_size;

    if (size > 0) {
        memcpy(room, b.at, size);
    }
    return bytes_of(room, size);
}

void
smtp_greet(struct smtp_session *session)
{
    stream_send(session->client, BYTES("220 "));
    stream_send(session->client, session->door.settings->hostname);
    stream_send(session->client, BYTES(" ESMTP\r\n"));
    smtp_enter(session, SMTP_FRESH);
}

/* The message in hand */

struct transaction *
smtp_mail_new(struct smtp_session *session)
{
    struct arena arena;

    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    struct transaction *mail = ARENA_NEW(&arena, struct transaction);
    mail->arena = arena;
    mail->arrival = (struct arrival){
        .door = ARRIVAL_TRANSFER,
        .settings = session->door.settings,
        .client = session->claimed,
        .client_name = bytes_copy(&mail->arena, session->client_name),
        .helo = bytes_copy(&mail->arena, session->helo),
        .user = bytes_copy(&mail->arena, session->user),
        .esmtp = session->esmtp,
        .tls_version = bytes_from_text(stream_tls_version(session->client)),
        .tls_cipher = bytes_from_text(stream_tls_cipher(session->client)),
    };
    session->mail = mail;
    return mail;
}

void
smtp_mail_end(struct smtp_session *session)
{
    struct transaction *mail = session->mail;

    if (mail == NULL) {
        return;
    }
    if (mail->hop_open && session->hop != NULL && !next_hop_is_dead(session->hop)) {
        next_hop_rset(session->hop);
    }
    session->door.doors->counters.held_bytes -= mail->held;
    session->mail = NULL;
    struct arena arena = mail->arena;
    arena_release(&arena);
}

static void
hop_answered(void *context, enum next_hop_command command, size_t index,
             const struct next_hop_reply *reply)
{
    struct smtp_session *session = context;
    struct doors *doors = session->door.doors;
    struct transaction *mail = session->mail;

    doors->counters.next_hop_failures += reply->ours;
    if (session->state != SMTP_MAIL) {
        transfer_answered(session, command, index, reply);
        return;
    }
    session->asked_count--;
    smtp_reply_line(session, reply->line);
    if (command == NEXT_HOP_MAIL) {
        mail->sender_ok = mail->hop_open = reply->code / 100 == 2;
    } else if (reply->code / 100 == 2 && mail->sender_ok) {
        mail->arrival.recipients[mail->arrival.recipient_count++] = *mail->asking[index];
    } else {
        doors->counters.recipients_refused++;
        if (doors->road->refused != NULL && reply->code / 100 == 5) {
            doors->road->refused(doors->road->road, &session->claimed,
                                 mail->arrival.mail_from, mail->asking[index]->address,
                                 reply->line);
        }
    }
    if (session->asked_count == 0) {
        if (!mail->sender_ok) {
            smtp_mail_end(session);
            smtp_enter(session, SMTP_READY);
        } else {
            set_deadline(session);
        }
    }
    smtp_run(session);
}

struct next_hop *
smtp_hop(struct smtp_session *session)
{
    if (session->hop != NULL && next_hop_is_dead(session->hop)) {
        next_hop_close(session->hop);
        session->hop = NULL;
    }
    if (session->hop == NULL) {
        session->hop = next_hop_open(&session->door.arena, session->door.doors->base,
                                     &session->door.settings->next_hop,
                                     &session->mail->arrival, hop_answered, session);
    }
    return session->hop;
}

static void
examined(void *context, enum sk_code code, const struct answer *answer)
{
    struct smtp_session *session = context;

    SK_ASSERT(session->state == SMTP_EXAMINING);
    if (code == SK_OK) {
        transfer_begin(session, answer);
        return;
    }
    smtp_reply(session, code == SK_LIMIT ? REPLY_TOO_BIG : REPLY_NOT_KEPT);
    session->door.doors->counters.messages_later++;
    smtp_mail_end(session);
    smtp_enter(session, SMTP_READY);
    smtp_run(session);
}

static void
reported(void *context, enum sk_code code, struct bytes reply)
{
    struct smtp_session *session = context;

    SK_ASSERT(session->state == SMTP_EXAMINING);
    if (code == SK_OK) {
        smtp_reply_line(session, reply_clean(&session->mail->arena, reply, REPLY_NOT_KEPT));
    } else {
        smtp_reply(session, REPLY_NOT_KEPT);
    }
    smtp_mail_end(session);
    smtp_enter(session, SMTP_READY);
    smtp_run(session);
}

void
smtp_data_complete(struct smtp_session *session)
{
    struct doors *doors = session->door.doors;
    struct transaction *mail = session->mail;
    enum reply_name wrong = REPLY_NONE;
    bool bare = mail->scanner.bare_lf || mail->scanner.bare_cr;

    doors->counters.messages++;
    doors->counters.bare_newlines += bare;
    if (mail->too_big) {
        wrong = REPLY_TOO_BIG;
    } else if (mail->no_room) {
        wrong = REPLY_NO_ROOM;
    } else if (bare && session->door.settings->bare_newline == BARE_NEWLINE_REFUSE) {
        wrong = REPLY_BARE_NEWLINE_DATA;
    } else if (mail->received_count > LIMIT_RECEIVED_HOPS) {
        wrong = REPLY_LOOP;
    }
    if (wrong != REPLY_NONE) {
        smtp_reply(session, wrong);
        smtp_mail_end(session);
        smtp_enter(session, SMTP_READY);
        return;
    }
    mail->arrival.raw = writer_view(&mail->raw);
    mail->arrival.time_ms = clock_now_ms();
    mail->arrival.id = arrival_new_id(&mail->arena, mail->arrival.time_ms);
    smtp_enter(session, SMTP_EXAMINING);
    if (mail->report) {
        doors->road->report(doors->road->road, &mail->arena, &mail->arrival,
                            mail->report_spam, reported, session);
        return;
    }
    doors->road->examine(doors->road->road, &mail->arena, &mail->arrival, examined,
                         session);
}

/* The commands */

static const struct smtp_verb *
find_verb(struct bytes line, struct bytes *arguments_r)
{
    struct bytes word = bytes_slice(line, 0, bytes_find_byte(line, ' ', 0));

    *arguments_r = bytes_trim(bytes_from(line, word.size));
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (bytes_is_fold(word, verbs[i].name)) {
            return &verbs[i];
        }
    }
    return NULL;
}

static enum reply_name
misplaced(const struct smtp_session *session, const struct smtp_verb *verb)
{
    if (session->state == SMTP_FRESH) {
        return REPLY_HELO_FIRST;
    }
    if (session->state == SMTP_READY) {
        return REPLY_MAIL_FIRST;
    }
    return verb->proceed == verb_mail ? REPLY_NESTED_MAIL : REPLY_NOT_NOW;
}

/* What is wrong with a line, REPLY_NONE if nothing; *verb_r may be NULL then only with a reply. */
static enum reply_name
check_line(const struct smtp_session *session, struct bytes line,
           const struct smtp_verb **verb_r, struct bytes *arguments_r)
{
    *verb_r = find_verb(line, arguments_r);
    if (*verb_r == NULL) {
        return REPLY_UNKNOWN_COMMAND;
    }
    if ((SMTP_BIT(session->state) & (*verb_r)->states) == 0) {
        return misplaced(session, *verb_r);
    }
    return (*verb_r)->check != NULL ? (*verb_r)->check(session, *arguments_r) : REPLY_NONE;
}

/* A browser led here by a hostile page speaks HTTP; its body must not be taken for commands. */
static bool
is_other_protocol(struct bytes line)
{
    return bytes_starts(line, BYTES("GET ")) || bytes_starts(line, BYTES("POST ")) ||
           bytes_starts(line, BYTES("PUT ")) || bytes_starts(line, BYTES("CONNECT "));
}

/* Takes one command; false when there is none, or it must wait its turn. */
static bool
run_command(struct smtp_session *session)
{
    uint8_t copy[LIMIT_SMTP_LINE];
    const struct smtp_verb *verb = NULL;
    struct bytes line, arguments = BYTES_NONE;
    enum reply_name wrong = REPLY_NONE;
    size_t used;

    if (session->asked_count >= LIMIT_SMTP_LINES_AHEAD ||
        (session->asked_count > 0 && session->lines.dropping)) {
        return false;
    }
    enum sk_code code = line_read(&session->lines, stream_input(session->client),
                                  LIMIT_SMTP_LINE, &line, &used);
    if (code == SK_MORE) {
        stream_consume(session->client, used);
        return false;
    }
    if (code == SK_OK) {
        wrong = check_line(session, line, &verb, &arguments);
    } else {
        wrong = code == SK_LIMIT ? REPLY_LINE_TOO_LONG : REPLY_BARE_NEWLINE;
    }
    /* Answers keep the order of the commands: what we answer ourselves waits for the next hop's answers. */
    if (session->asked_count > 0 &&
        (wrong != REPLY_NONE || !verb->asks ||
         (verb->proceed == verb_rcpt && verb_rcpt_is_report(session, arguments)))) {
        return false;
    }
    bool other = code == SK_OK && is_other_protocol(line);
    if (wrong == REPLY_NONE) {
        memcpy(copy, arguments.at != NULL ? arguments.at : copy, arguments.size);
        arguments = bytes_of(copy, arguments.size);
    }
    stream_consume(session->client, used);
    session->door.doors->counters.bare_newlines += code == SK_BAD;
    if (other) {
        smtp_leave(session, REPLY_TOO_MANY_ERRORS);
    } else if (wrong == REPLY_NONE) {
        verb->proceed(session, arguments);
    } else if (!bytes_starts(bytes_from_text(reply_text(wrong)), BYTES("50")) ||
               !smtp_bad(session)) {
        smtp_reply(session, wrong);
    }
    return true;
}

static void
early_talker(struct smtp_session *session)
{
    session->door.doors->counters.early_talkers++;
    loop_task_cancel(&session->greeting);
    smtp_leave(session, REPLY_EARLY_TALKER);
}

/* One step; false when nothing can be done now. */
static bool
run_step(struct smtp_session *session)
{
    switch (session->state) {
    case SMTP_WAITING:
        if (stream_input(session->client).size > 0) {
            early_talker(session);
        }
        return false;
    case SMTP_FRESH:
    case SMTP_READY:
    case SMTP_MAIL:
        return run_command(session);
    case SMTP_DATA:
        if (!smtp_data_input(session)) {
            return false;
        }
        smtp_data_complete(session);
        return true;
    default:
        return false;
    }
}

void
smtp_run(struct smtp_session *session)
{
    if (session->running || session->state == SMTP_ENDED) {
        return;
    }
    session->running = true;
    bool more = true;
    while (more) {
        more = run_step(session);
    }
    session->running = false;
    uint32_t open =
        GREETED | SMTP_BIT(SMTP_WAITING) | SMTP_BIT(SMTP_DATA) | SMTP_BIT(SMTP_TLS);
    if (session->client_ended && (SMTP_BIT(session->state) & open) &&
        session->asked_count == 0) {
        session->door.doors->counters.client_vanished += session->mail != NULL;
        smtp_session_end(session);
    } else if (session->draining && (SMTP_BIT(session->state) & NOT_MAIL)) {
        smtp_leave(session, REPLY_SHUTTING_DOWN);
    }
}

/* Callbacks of the client's stream */

static void
on_opened(void *context)
{
    struct smtp_session *session = context;

    /* RFC 3207 4.2: all that was known before TLS is forgotten. */
    session->door.doors->counters.tls_sessions++;
    session->helo = BYTES_NONE;
    session->esmtp = false;
    session->lines = (struct line_reader){0};
    smtp_enter(session, SMTP_FRESH);
}

static void
on_input(void *context)
{
    struct smtp_session *session = context;

    set_deadline(session);
    smtp_run(session);
}

static void
on_closed(void *context, enum stream_end end)
{
    struct smtp_session *session = context;
    bool busy = session->state == SMTP_EXAMINING || session->state == SMTP_PASSING ||
                session->state == SMTP_RECORDING;

    if (end == STREAM_END_DEADLINE && !session->client_ended &&
        session->state != SMTP_LEAVING && !busy) {
        session->door.doors->counters.client_vanished += session->mail != NULL;
        smtp_leave(session, REPLY_TIME_OUT);
        return;
    }
    session->client_ended = true;
    if (busy) {
        return; /* the walk is brought to its end and recorded */
    }
    if (end == STREAM_END_PEER) {
        smtp_run(session); /* what it said before it went is still carried out */
        return;
    }
    session->door.doors->counters.client_vanished += session->mail != NULL;
    smtp_session_end(session);
}

static const struct stream_callbacks callbacks = {on_opened, on_input, NULL, on_closed};

static void
on_greeting(void *context)
{
    smtp_greet(context);
}

static bool
is_trusted(const struct arrive_settings *settings, const struct net_address *peer)
{
    for (size_t i = 0; i < settings->trusted_count; i++) {
        if (net_prefix_has(&settings->trusted[i], peer)) {
            return true;
        }
    }
    return false;
}

void
smtp_session_open(struct doors *doors, int fd, const struct net_address *peer)
{
    struct smtp_session *session =
        (void *)door_session_new(doors, DOORS_TRANSFER, sizeof *session, peer);
    const struct arrive_settings *settings = session->door.settings;

    session->door.trusted = is_trusted(settings, peer);
    session->claimed = *peer;
    session->state = SMTP_WAITING;
    session->client =
        stream_open(&session->door.arena, doors->base, fd, &callbacks, session);
    loop_task_init(&session->greeting, doors->base, on_greeting, session);
    if (settings->greeting_wait_ms > 0 && !session->door.trusted) {
        stream_deadline(session->client, BUSY_MS);
        loop_task_after(&session->greeting, settings->greeting_wait_ms);
    } else {
        smtp_greet(session);
    }
}

void
smtp_session_end(struct smtp_session *session)
{
    if (session->state == SMTP_ENDED) {
        return;
    }
    smtp_enter(session, SMTP_ENDED);
    loop_task_cancel(&session->greeting);
    if (session->hop != NULL) {
        next_hop_close(session->hop);
        session->hop = NULL;
    }
    smtp_mail_end(session);
    stream_close(session->client);
    door_session_end(&session->door);
}

void
smtp_session_drain(struct door_session *door)
{
    struct smtp_session *session = (void *)door;

    session->draining = true;
    if (session->state == SMTP_WAITING) {
        loop_task_cancel(&session->greeting);
        smtp_leave(session, REPLY_SHUTTING_DOWN);
    } else {
        smtp_run(session);
    }
}

void
smtp_session_close(struct door_session *door)
{
    smtp_session_end((void *)door);
}
