#include "arrive/next_hop_private.h"

#include "arrive/reply.h"
#include "base/limits.h"
#include "base/writer.h"
#include "net/line.h"
#include "net/stream.h"

#define FEED_MOST 262144 /* bytes of a message handed to the stream ahead of the kernel */
#define COPY_MOST 8192   /* shorter runs are copied: cheaper than a chain of references */
#define REPLY_LINES                                                                        \
    50 /* lines of one reply that are read; a server that sends more talks nonsense */
#define SCRATCH_SIZE 1048576

enum hop_state {
    HOP_CONNECTING, /* until the socket is open */
    HOP_GREETING,   /* until 220 */
    HOP_EHLO,       /* EHLO or LHLO is asked */
    HOP_HELO,       /* the server knew no EHLO */
    HOP_STARTTLS,   /* STARTTLS is asked */
    HOP_TLS,        /* hands are shaken */
    HOP_XCLIENT,    /* XCLIENT is asked; 220 follows */
    HOP_READY,      /* commands go out */
    HOP_CONTENT,    /* the message goes out after 354 */
    HOP_DEAD,       /* nothing goes any more; what waits is answered by ourselves */
};

/* A command that waits for its answer. */
struct asked {
    struct asked *next;
    enum next_hop_command command;
    size_t index;
    bool sent, content; /* content: 354 came, the answer to come is that of the final dot */
    const struct arrival *envelope;
    size_t size;
    const struct arrival_recipient *recipient;
    const struct bytes *pieces;
    size_t piece_count, answers; /* of the message: still expected */
};

struct next_hop {
    struct arena *arena;
    struct event_base *base;
    const struct next_hop_settings *settings;
    next_hop_answered *answered;
    void *context;
    struct stream *stream;
    struct loop_task fail_task;
    enum hop_state state;
    enum reply_name why_dead;
    struct asked *first, **last, *unused;
    struct line_reader lines;
    struct arena scratch;
    struct hop_offers offers;
    bool encrypted, told_client;
    struct bytes xclient_line;
    /* the reply being read */
    char text[REPLY_TEXT_MAX + 1];
    size_t text_size;
    unsigned code, line_count;
    /* the message being sent */
    size_t piece, offset;
    bool dot; /* a dot goes before the next byte */
};

static void hop_pump(struct next_hop *hop);

static void
hop_enter(struct next_hop *hop, enum hop_state state)
{
    hop->state = state;
}

static struct asked *
asked_add(struct next_hop *hop, enum next_hop_command command, size_t index)
{
    struct asked *asked = hop->unused;

    if (asked != NULL) {
        hop->unused = asked->next;
    } else {
        asked = ARENA_NEW(hop->arena, struct asked);
    }
    *asked = (struct asked){.command = command, .index = index};
    *hop->last = asked;
    hop->last = &asked->next;
    return asked;
}

static void
asked_drop(struct next_hop *hop)
{
    struct asked *asked = hop->first;

    hop->first = asked->next;
    if (hop->first == NULL) {
        hop->last = &hop->first;
    }
    asked->next = hop->unused;
    hop->unused = asked;
}

/* Gives one answer to the command that waits longest. */
static void
hop_answer(struct next_hop *hop, struct bytes line, bool ours)
{
    struct asked asked = *hop->first;
    struct next_hop_reply reply = {.line = line, .ours = ours};
    uint64_t code;

    reply.code =
        bytes_to_number(bytes_slice(line, 0, 3), 999, &code) ? (unsigned)code : 451;
    if (asked.command == NEXT_HOP_MESSAGE && --hop->first->answers > 0) {
        hop->first->index++;
    } else {
        asked_drop(hop);
    }
    if (asked.command != NEXT_HOP_RSET) {
        hop->answered(hop->context, asked.command, asked.index, &reply);
    }
}

/* Answers all that waits, because the server is gone. */
static void
on_fail(void *context)
{
    struct next_hop *hop = context;

    while (hop->first != NULL && hop->state == HOP_DEAD) {
        bool died = hop->first->content && hop->why_dead == REPLY_NEXT_HOP_AWAY;
        hop_answer(hop,
                   bytes_from_text(reply_text(died ? REPLY_NEXT_HOP_DIED : hop->why_dead)),
                   true);
    }
}

static void
hop_die(struct next_hop *hop, enum reply_name why)
{
    if (hop->state == HOP_DEAD) {
        return;
    }
    hop_enter(hop, HOP_DEAD);
    hop->why_dead = why;
    if (hop->stream != NULL) {
        stream_close(hop->stream);
    }
    loop_task_soon(&hop->fail_task);
}

static void
hop_say(struct next_hop *hop, const char *text)
{
    stream_send(hop->stream, bytes_from_text(text));
}

static void
say_ehlo(struct next_hop *hop, bool old)
{
    bool lmtp = hop->settings->kind == NEXT_HOP_LMTP;

    hop->offers = (struct hop_offers){0};
    hop_enter(hop, old ? HOP_HELO : HOP_EHLO);
    hop_say(hop, old ? "HELO " : lmtp ? "LHLO " : "EHLO ");
    stream_send(hop->stream, hop->settings->hostname);
    hop_say(hop, "\r\n");
}

static void
hop_ready(struct next_hop *hop)
{
    const struct next_hop_settings *s = hop->settings;

    if (s->tls != NEXT_HOP_TLS_NO && !hop->encrypted) {
        if (hop->offers.starttls) {
            hop_enter(hop, HOP_STARTTLS);
            hop_say(hop, "STARTTLS\r\n");
            return;
        }
        if (s->tls >= NEXT_HOP_TLS_MUST) {
            hop_die(hop, REPLY_NEXT_HOP_NO_TLS);
            return;
        }
    }
    if (hop->offers.xclient && s->xclient && !hop->told_client) {
        hop->told_client = true;
        hop_enter(hop, HOP_XCLIENT);
        stream_send(hop->stream, hop->xclient_line);
        return;
    }
    hop_enter(hop, HOP_READY);
    hop_pump(hop);
}

static void
send_command(struct next_hop *hop, struct asked *asked)
{
    struct writer w;

    writer_init(&w, &hop->scratch);
    switch (asked->command) {
    case NEXT_HOP_MAIL:
        hop_write_mail(&w, &hop->offers, asked->envelope, asked->size);
        break;
    case NEXT_HOP_RCPT:
        hop_write_rcpt(&w, &hop->offers, asked->recipient);
        break;
    case NEXT_HOP_MESSAGE:
        writer_text(&w, "DATA\r\n");
        break;
    case NEXT_HOP_RSET:
        writer_text(&w, "RSET\r\n");
        break;
    }
    stream_send(hop->stream, writer_view(&w));
    arena_release(&hop->scratch);
    asked->sent = true;
}

static void
set_deadline(struct next_hop *hop)
{
    const struct next_hop_settings *s = hop->settings;

    if (hop->first == NULL) {
        stream_deadline(hop->stream,
                        24 * 3600 *
                            1000); /* idle: the server or the client's session ends it */
        return;
    }
    switch (hop->first->command) {
    case NEXT_HOP_MAIL:
    case NEXT_HOP_RSET:
        stream_deadline(hop->stream, s->mail_ms);
        break;
    case NEXT_HOP_RCPT:
        stream_deadline(hop->stream, s->rcpt_ms);
        break;
    case NEXT_HOP_MESSAGE:
        stream_deadline(hop->stream, hop->first->content ? s->dot_ms : s->data_ms);
        break;
    }
}

/* Sends as many of the waiting commands as may be in flight; DATA ends a group. */
static void
hop_pump(struct next_hop *hop)
{
    struct asked *asked = hop->first;

    if (hop->state != HOP_READY) {
        return;
    }
    for (bool before = false; asked != NULL; asked = asked->next) {
        if (!asked->sent) {
            if (before && (!hop->offers.pipelining || asked->command == NEXT_HOP_MESSAGE)) {
                break;
            }
            if (asked->command == NEXT_HOP_MAIL && asked->envelope->smtputf8 &&
                !hop->offers.smtputf8) {
                if (before) {
                    break;
                }
                hop_die(hop, REPLY_NEXT_HOP_NO_UTF8);
                return;
            }
            send_command(hop, asked);
        }
        before = true;
        if (asked->command == NEXT_HOP_MESSAGE) {
            break;
        }
    }
    set_deadline(hop);
}

/* Hands the message to the stream, a bounded part at a time. */
static void
feed(struct next_hop *hop)
{
    struct asked *asked = hop->first;

    while (hop->piece < asked->piece_count && stream_unsent(hop->stream) < FEED_MOST) {
        struct bytes rest = bytes_from(asked->pieces[hop->piece], hop->offset);
        if (rest.size == 0) {
            hop->piece++;
            hop->offset = 0;
            continue;
        }
        bool dot_follows;
        bool dot = hop->offset == 0 && rest.at[0] == '.';
        if (dot || hop->dot) {
            hop_say(hop, ".");
            hop->dot = false;
        }
        size_t size = data_stuff(rest, false, &dot_follows);
        struct bytes run = bytes_slice(rest, 0, size);
        if (size <= COPY_MOST) {
            stream_send(hop->stream, run);
        } else {
            stream_send_view(hop->stream, run);
        }
        hop->dot = dot_follows;
        hop->offset += size;
    }
    if (hop->piece < asked->piece_count) {
        stream_deadline(hop->stream, hop->settings->block_ms);
        return;
    }
    hop_say(hop, ".\r\n");
    hop_enter(hop, HOP_READY);
    set_deadline(hop);
}

static void
content_begins(struct next_hop *hop)
{
    hop->first->content = true;
    hop->piece = hop->offset = 0;
    hop->dot = false;
    hop_enter(hop, HOP_CONTENT);
    feed(hop);
}

/* A whole reply to a command that was asked for. */
static void
command_answered(struct next_hop *hop, struct bytes line)
{
    struct asked *asked = hop->first;

    if (asked == NULL || !asked->sent) {
        hop_die(hop,
                REPLY_NEXT_HOP_AWAY); /* a word nobody asked for is the server's farewell */
        return;
    }
    if (asked->command == NEXT_HOP_MESSAGE && !asked->content) {
        if (hop->code == 354) {
            content_begins(hop);
            return;
        }
        /* DATA itself was refused: that is the answer for every recipient. */
        for (size_t left = asked->answers; left > 0 && hop->state == HOP_READY; left--) {
            hop_answer(hop, line, false);
        }
    } else {
        hop_answer(hop, line, false);
    }
    if (hop->state == HOP_READY) {
        hop_pump(hop);
    }
}

static void
handshake_answered(struct next_hop *hop)
{
    bool well = hop->code / 100 == 2;

    switch (hop->state) {
    case HOP_GREETING:
        if (hop->code != 220) {
            hop_die(hop, REPLY_NEXT_HOP_AWAY);
        } else {
            say_ehlo(hop, false);
        }
        break;
    case HOP_EHLO:
    case HOP_HELO:
        if (well) {
            hop_ready(hop);
        } else if (hop->state == HOP_EHLO && hop->settings->kind == NEXT_HOP_SMTP &&
                   hop->code / 100 == 5) {
            say_ehlo(hop, true);
        } else {
            hop_die(hop, REPLY_NEXT_HOP_AWAY);
        }
        break;
    case HOP_STARTTLS:
        if (hop->code == 220) {
            hop_enter(hop, HOP_TLS);
            stream_start_tls(hop->stream, hop->settings->tls_context,
                             hop->settings->tls_name);
        } else if (hop->settings->tls >= NEXT_HOP_TLS_MUST) {
            hop_die(hop, REPLY_NEXT_HOP_NO_TLS);
        } else {
            hop->encrypted = true; /* it does not want to: go on in plain */
            hop_ready(hop);
        }
        break;
    case HOP_XCLIENT:
        /* To go on after a refusal would let the client pass for us, whom the server may trust more. */
        if (hop->code == 220) {
            say_ehlo(hop, false);
        } else {
            hop_die(hop, REPLY_NEXT_HOP_AWAY);
        }
        break;
    default:
        SK_ASSERT(hop->state == HOP_GREETING); /* no other state waits for an answer */
    }
}

/* One line of a reply; true when the reply is complete. SK_BAD in state: dead. */
static bool
reply_line(struct next_hop *hop, struct bytes line)
{
    uint64_t code;

    if (line.size < 3 || !bytes_to_number(bytes_slice(line, 0, 3), 599, &code) ||
        code < 200 || (line.size > 3 && line.at[3] != ' ' && line.at[3] != '-') ||
        (hop->line_count > 0 && code != hop->code) || ++hop->line_count > REPLY_LINES) {
        hop_die(hop, REPLY_NEXT_HOP_CONFUSED);
        return false;
    }
    hop->code = (unsigned)code;
    struct bytes words = bytes_trim(bytes_from(line, 4));
    if (hop->state == HOP_EHLO && hop->line_count > 1) {
        hop_read_offer(&hop->offers, words);
    }
    if (hop->text_size == 0) {
        hop->text_size = 4;
        snprintf(hop->text, sizeof hop->text, "%03u ", hop->code);
    } else if (hop->text_size < REPLY_TEXT_MAX) {
        hop->text[hop->text_size++] = ' ';
    }
    words = bytes_slice(words, 0, REPLY_TEXT_MAX - hop->text_size);
    memcpy(hop->text + hop->text_size, words.at != NULL ? (const char *)words.at : "",
           words.size);
    hop->text_size += words.size;
    return line.size == 3 || line.at[3] == ' ';
}

static void
reply_complete(struct next_hop *hop)
{
    /* 421 would tell the client to hang up; it only means that this hop is going. */
    if (hop->code == 421) {
        memcpy(hop->text, "451", 3);
    }
    struct bytes line = reply_clean(&hop->scratch, bytes_of(hop->text, hop->text_size),
                                    REPLY_NEXT_HOP_CONFUSED);
    uint8_t copy[REPLY_TEXT_MAX];
    size_t size = line.size < sizeof copy ? line.size : sizeof copy;
    memcpy(copy, line.at, size);
    arena_release(&hop->scratch);
    hop->text_size = 0;
    hop->line_count = 0;
    if (hop->state == HOP_READY || hop->state == HOP_CONTENT) {
        /* An answer before the message was sent out whole: the server gave up; what follows is lost. */
        if (hop->state == HOP_CONTENT) {
            hop_die(hop, REPLY_NEXT_HOP_AWAY);
            return;
        }
        command_answered(hop, bytes_of(copy, size));
    } else {
        handshake_answered(hop);
    }
}

static void
on_input(void *context)
{
    struct next_hop *hop = context;
    struct bytes line;
    size_t used;

    while (hop->state != HOP_DEAD && hop->state != HOP_TLS) {
        enum sk_code code = line_read(&hop->lines, stream_input(hop->stream),
                                      LIMIT_SMTP_LINE, &line, &used);
        if (code == SK_MORE) {
            stream_consume(hop->stream, used);
            return;
        }
        if (code != SK_OK) {
            hop_die(hop, REPLY_NEXT_HOP_CONFUSED);
            return;
        }
        bool complete = reply_line(hop, line);
        if (hop->state == HOP_DEAD) {
            return;
        }
        stream_consume(hop->stream, used);
        if (complete) {
            reply_complete(hop);
        }
    }
}

static void
on_opened(void *context)
{
    struct next_hop *hop = context;

    if (hop->state == HOP_TLS) {
        hop->encrypted = true;
        say_ehlo(hop, false);
    } else {
        hop_enter(hop, HOP_GREETING);
    }
}

static void
on_written(void *context)
{
    struct next_hop *hop = context;

    if (hop->state == HOP_CONTENT) {
        feed(hop);
    }
}

static void
on_closed(void *context, enum stream_end end)
{
    const struct next_hop *hop = context;

    hop_die(context,
            hop->state == HOP_TLS ? REPLY_NEXT_HOP_TLS_FAILED : REPLY_NEXT_HOP_AWAY);
}

static const struct stream_callbacks callbacks = {on_opened, on_input, on_written,
                                                  on_closed};

struct next_hop *
next_hop_open(struct arena *arena, struct event_base *base,
              const struct next_hop_settings *settings, const struct arrival *client,
              next_hop_answered *answered, void *context)
{
    struct next_hop *hop = ARENA_NEW(arena, struct next_hop);

    *hop = (struct next_hop){.arena = arena,
                             .base = base,
                             .settings = settings,
                             .answered = answered,
                             .context = context,
                             .state = HOP_CONNECTING};
    hop->last = &hop->first;
    arena_init(&hop->scratch, SCRATCH_SIZE);
    loop_task_init(&hop->fail_task, base, on_fail, hop);
    if (settings->xclient) {
        hop->xclient_line = hop_xclient_line(arena, client);
    }
    if (stream_connect(arena, base, &settings->endpoint, &callbacks, hop, &hop->stream,
                       NULL) != SK_OK) {
        hop_die(hop, REPLY_NEXT_HOP_AWAY);
    } else {
        stream_deadline(hop->stream, settings->greeting_ms);
    }
    return hop;
}

/* A command was added: send it, or have it answered when the server is gone already. */
static void
hop_added(struct next_hop *hop)
{
    if (hop->state == HOP_DEAD) {
        loop_task_soon(&hop->fail_task);
    } else {
        hop_pump(hop);
    }
}

void
next_hop_mail(struct next_hop *hop, const struct arrival *envelope, size_t size,
              size_t index)
{
    struct asked *asked = asked_add(hop, NEXT_HOP_MAIL, index);

    asked->envelope = envelope;
    asked->size = size;
    hop_added(hop);
}

void
next_hop_rcpt(struct next_hop *hop, const struct arrival_recipient *recipient, size_t index)
{
    asked_add(hop, NEXT_HOP_RCPT, index)->recipient = recipient;
    hop_added(hop);
}

void
next_hop_rset(struct next_hop *hop)
{
    asked_add(hop, NEXT_HOP_RSET, 0);
    hop_added(hop);
}

void
next_hop_message(struct next_hop *hop, const struct bytes *pieces, size_t piece_count,
                 size_t recipient_count)
{
    struct asked *asked = asked_add(hop, NEXT_HOP_MESSAGE, 0);

    asked->pieces = pieces;
    asked->piece_count = piece_count;
    asked->answers = hop->settings->kind == NEXT_HOP_LMTP ? recipient_count : 1;
    hop_added(hop);
}

bool
next_hop_is_dead(const struct next_hop *hop)
{
    return hop->state == HOP_DEAD && hop->first == NULL;
}

void
next_hop_close(struct next_hop *hop)
{
    loop_task_cancel(&hop->fail_task);
    hop->first = NULL;
    hop->last = &hop->first;
    if (hop->state == HOP_DEAD) {
        return;
    }
    if (hop->state == HOP_READY) {
        stream_close_saying(hop->stream, BYTES("QUIT\r\n"));
    } else {
        stream_close(hop->stream);
    }
    hop_enter(hop, HOP_DEAD);
}
