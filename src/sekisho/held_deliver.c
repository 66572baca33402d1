/* A held message on its way to the next hop, from the command that releases it. */
#define SK_BASE
#include "sekisho/held_command.h"

#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arrive/maildir.h"
#include "arrive/next_hop.h"
#include "net/loop.h"

struct delivering {
    struct arena *arena;
    struct held_delivery *of;
    struct event_base *base;
    struct next_hop *hop;
    size_t waiting, accepted_count, *accepted; /* accepted: recipients, in order */
    bool mail_refused;
};

static struct outcome
outcome_of(struct arena *arena, const struct next_hop_reply *reply)
{
    return (struct outcome){
        .kind = reply->code < 300   ? OUTCOME_DELIVERED
                : reply->code < 500 ? OUTCOME_LATER
                                    : OUTCOME_REFUSED,
        .reply = bytes_copy(arena, reply->line),
    };
}

static void
answered(void *context, enum next_hop_command command, size_t index,
         const struct next_hop_reply *reply)
{
    struct delivering *d = context;
    struct held_delivery *of = d->of;
    struct outcome outcome = outcome_of(d->arena, reply);

    d->waiting -= d->waiting > 0;
    switch (command) {
    case NEXT_HOP_MAIL:
        d->mail_refused = outcome.kind != OUTCOME_DELIVERED;
        for (size_t i = 0; d->mail_refused && i < of->arrival->recipient_count; i++) {
            of->outcomes[i] = outcome;
        }
        break;
    case NEXT_HOP_RCPT:
        if (!d->mail_refused) {
            of->outcomes[index] = outcome;
        }
        break;
    case NEXT_HOP_MESSAGE:
        if (of->settings->arrive->next_hop.kind == NEXT_HOP_LMTP) {
            of->outcomes[d->accepted[index]] = outcome;
        } else {
            for (size_t i = 0; i < d->accepted_count; i++) {
                of->outcomes[d->accepted[i]] = outcome;
            }
        }
        break;
    case NEXT_HOP_RSET:
        break;
    }
    if (d->waiting == 0) {
        event_base_loopbreak(d->base);
    }
}

static void
base_release(void *it)
{
    event_base_free(it);
}

static enum sk_code
deliver_smtp(struct arena *arena, struct held_delivery *of, struct why *why)
{
    const struct arrival *arrival = of->arrival;
    struct delivering d = {.arena = arena, .of = of, .base = loop_open(why)};
    size_t size = 0;

    if (d.base == NULL) {
        return SK_SYSTEM;
    }
    arena_defer(arena, base_release, d.base); /* after all that hangs on it */
    for (size_t i = 0; i < of->piece_count; i++) {
        size += of->pieces[i].size;
    }
    d.accepted = ARENA_NEW_MANY(arena, arrival->recipient_count, size_t);
    d.hop = next_hop_open(arena, d.base, &of->settings->arrive->next_hop, arrival, answered,
                          &d);
    d.waiting = 1 + arrival->recipient_count;
    next_hop_mail(d.hop, arrival, size, 0);
    for (size_t i = 0; i < arrival->recipient_count; i++) {
        next_hop_rcpt(d.hop, &arrival->recipients[i], i);
    }
    event_base_dispatch(d.base);
    for (size_t i = 0; i < arrival->recipient_count && !d.mail_refused; i++) {
        if (of->outcomes[i].kind == OUTCOME_DELIVERED) {
            d.accepted[d.accepted_count++] = i;
        }
    }
    if (d.accepted_count > 0) {
        d.waiting =
            of->settings->arrive->next_hop.kind == NEXT_HOP_LMTP ? d.accepted_count : 1;
        next_hop_message(d.hop, of->pieces, of->piece_count, d.accepted_count);
        event_base_dispatch(d.base);
    }
    next_hop_close(d.hop);
    event_base_loop(d.base, EVLOOP_NONBLOCK);
    return SK_OK;
}

/* In a child that has become the keeper's user: what is put into a Maildir belongs to him. */
static enum sk_code
deliver_maildir(struct arena *arena, struct held_delivery *of, struct why *why)
{
    struct bytes user = config_text(of->settings->config, "user"), message;
    struct writer w;
    int status;

    writer_init(&w, arena);
    for (size_t i = 0; i < of->piece_count; i++) {
        writer_bytes(&w, of->pieces[i]);
    }
    message = writer_view(&w);
    for (size_t i = 0; i < of->arrival->recipient_count; i++) {
        pid_t child = fork();
        if (child == 0) {
            struct passwd *entry =
                user.size > 0 && geteuid() == 0 ? getpwnam(bytes_text(arena, user)) : NULL;
            bool good =
                user.size == 0 || geteuid() != 0 ||
                (entry != NULL && setgid(entry->pw_gid) == 0 && setuid(entry->pw_uid) == 0);
            good = good && maildir_deliver(arena, of->settings->arrive->next_hop.maildir,
                                           of->arrival->recipients[i].address, message,
                                           why) == SK_OK;
            _exit(good ? 0 : 1);
        }
        bool good = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
                    WEXITSTATUS(status) == 0;
        of->outcomes[i] = (struct outcome){
            .kind = good ? OUTCOME_DELIVERED : OUTCOME_LATER,
            .reply = good ? BYTES_NONE : BYTES("451 4.3.0 the Maildir cannot be written"),
        };
    }
    return SK_OK;
}

enum sk_code
held_deliver(struct arena *arena, struct held_delivery *delivery, struct why *why)
{
    return delivery->settings->arrive->next_hop.kind == NEXT_HOP_MAILDIR
               ? deliver_maildir(arena, delivery, why)
               : deliver_smtp(arena, delivery, why);
}
