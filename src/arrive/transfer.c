/* Brings an examined message to the next hop, has the outcome kept, and only then answers the client.
 *
 * Recipients of one group get the same bytes. When all recipients are accepted and form one group, the transaction
 * that was opened while the client named them is used; else each group gets a transaction of its own. One reply must
 * speak for all recipients (RFC 5321 4.1.1.4): it is 250 only when every recipient's copy is delivered or held; a
 * 4xx of one repeats the message rather than loses it. */
#include "arrive/smtp_private.h"
#include "base/clock.h"

struct transfer {
    const struct answer *answer;
    struct outcome *outcomes; /* for each recipient */
    bool *to_pass;            /* accepted, and not passed on yet */
    size_t *members;          /* recipients of the group that is being passed on */
    size_t member_count;
    size_t taken_count; /* of these, the first so many were taken by the next hop at RCPT */
    size_t waiting;     /* answers to MAIL and RCPT */
    bool sender_ok;
    struct bytes *pieces;
    size_t piece_count;
    struct bytes reply; /* what the client will hear */
};

static void next_group(struct smtp_session *session);

/* Bytes of HELO and names in a comment or a clause of Received: nothing that could end it. */
static void
write_atom(struct writer *w, struct bytes b)
{
    for (size_t i = 0; i < b.size; i++) {
        bool plain =
            b.at[i] > 0x20 && b.at[i] < 0x7f && memchr("()<>\\\";,@", b.at[i], 9) == NULL;
        writer_byte(w, plain ? b.at[i] : '?');
    }
}

static struct bytes
received_field(struct smtp_session *session)
{
    struct transaction *mail = session->mail;
    const struct arrival *a = &mail->arrival;
    bool tls = a->tls_version.size > 0;
    struct writer w;

    writer_init(&w, &mail->arena);
    writer_text(&w, "Received: from ");
    write_atom(&w, a->helo.size > 0 ? a->helo : BYTES("unknown"));
    writer_text(&w, " (");
    write_atom(&w, a->client_name.size > 0 ? a->client_name : BYTES("unknown"));
    writer_text(&w, net_address_is_ip4(&a->client) ? " [" : " [IPv6:");
    net_address_write(&w, &a->client);
    writer_text(&w, "])\r\n\tby ");
    writer_bytes(&w, session->door.settings->hostname);
    writer_format(&w, " with %s%s",
                  a->smtputf8 ? "UTF8SMTP"
                  : a->esmtp  ? "ESMTP"
                              : "SMTP",
                  tls ? "S" : "");
    if (tls) {
        writer_text(&w, "\r\n\t(");
        write_atom(&w, a->tls_version);
        writer_byte(&w, ' ');
        write_atom(&w, a->tls_cipher);
        writer_byte(&w, ')');
    }
    writer_text(&w, " id ");
    writer_bytes(&w, a->id);
    if (a->recipient_count == 1) {
        writer_text(&w, "\r\n\tfor <");
        writer_bytes(&w, a->recipients[0].address);
        writer_byte(&w, '>');
    }
    writer_text(&w, ";\r\n\t");
    clock_write_mail(&w, a->time_ms / 1000, 0);
    writer_text(&w, "\r\n");
    return writer_view(&w);
}

static int
compare_edits(const void *a, const void *b)
{
    const struct answer_edit *const *x = a, *const *y = b;

    return (*x)->remove.at < (*y)->remove.at ? -1 : (*x)->remove.at > (*y)->remove.at;
}

/* The message as one group gets it: our Received, what is added, and the runs between what is removed. */
static void
make_pieces(struct smtp_session *session, const struct answer_recipient *recipient)
{
    struct transaction *mail = session->mail;
    struct transfer *transfer = mail->transfer;
    struct bytes raw = mail->arrival.raw;
    size_t removal_count = 0, at = 0;
    const struct answer_edit **removals =
        ARENA_NEW_MANY(&mail->arena, recipient->edit_count, const struct answer_edit *);

    transfer->pieces =
        ARENA_NEW_MANY(&mail->arena, 2 * recipient->edit_count + 3, struct bytes);
    transfer->piece_count = 0;
    transfer->pieces[transfer->piece_count++] = received_field(session);
    for (size_t i = 0; i < recipient->edit_count; i++) {
        const struct answer_edit *edit = &recipient->edits[i];
        if (edit->add.size > 0) {
            transfer->pieces[transfer->piece_count++] = edit->add;
        }
        if (edit->remove.size > 0) {
            SK_ASSERT(edit->remove.at >= raw.at &&
                      edit->remove.at + edit->remove.size <= raw.at + raw.size);
            removals[removal_count++] = edit;
        }
    }
    qsort(removals, removal_count, sizeof *removals, compare_edits);
    for (size_t i = 0; i < removal_count; i++) {
        size_t from = (size_t)(removals[i]->remove.at - raw.at);
        if (from > at) {
            transfer->pieces[transfer->piece_count++] = bytes_slice(raw, at, from);
        }
        at = from + removals[i]->remove.size > at ? from + removals[i]->remove.size : at;
    }
    transfer->pieces[transfer->piece_count++] = bytes_from(raw, at);
    if (raw.size < 2 || memcmp(raw.at + raw.size - 2, "\r\n", 2) != 0) {
        transfer->pieces[transfer->piece_count++] =
            raw.size > 0 ? BYTES("\r\n") : BYTES_NONE;
    }
}

/* The end */

static void
recorded(void *context, enum sk_code code)
{
    struct smtp_session *session = context;
    struct doors_counters *counters = &session->door.doors->counters;
    struct bytes reply = session->mail->transfer->reply;

    SK_ASSERT(session->state == SMTP_RECORDING);
    if (code != SK_OK) {
        reply = bytes_from_text(reply_text(REPLY_NOT_KEPT));
    }
    counters->messages_passed += reply.at[0] == '2';
    counters->messages_later += reply.at[0] == '4';
    counters->messages_refused += reply.at[0] == '5';
    smtp_reply_line(session, reply);
    smtp_mail_end(session);
    smtp_enter(session, SMTP_READY);
    smtp_run(session);
}

static void
record(struct smtp_session *session)
{
    struct transaction *mail = session->mail;
    const struct arrival_road *road = session->door.doors->road;

    smtp_enter(session, SMTP_RECORDING);
    road->outcome(road->road, &mail->arena, &mail->arrival, mail->transfer->outcomes,
                  recorded, session);
}

/* All groups are passed on: what is the client told? */
static void
conclude(struct smtp_session *session)
{
    struct transaction *mail = session->mail;
    struct transfer *transfer = mail->transfer;
    const struct outcome *refused = NULL, *later = NULL;
    struct writer w;

    for (size_t i = 0; i < mail->arrival.recipient_count; i++) {
        const struct outcome *outcome = &transfer->outcomes[i];
        if (outcome->kind == OUTCOME_LATER && later == NULL) {
            later = outcome;
        }
        if (outcome->kind == OUTCOME_REFUSED && refused == NULL) {
            refused = outcome;
        }
        session->door.doors->counters.messages_held += outcome->kind == OUTCOME_HELD;
    }
    if (later != NULL || refused != NULL) {
        transfer->reply = later != NULL ? later->reply : refused->reply;
    } else {
        writer_init(&w, &mail->arena);
        writer_text(&w, "250 2.0.0 ");
        if (transfer->answer->words.size > 0) {
            writer_bytes(&w, reply_words(&mail->arena, transfer->answer->words));
        } else {
            writer_text(&w, "accepted as ");
            writer_bytes(&w, mail->arrival.id);
        }
        transfer->reply = writer_view(&w);
    }
    record(session);
}

/* The next hop */

static void
set_outcome(struct smtp_session *session, size_t recipient, const struct bytes *line)
{
    struct transaction *mail = session->mail;
    struct outcome *outcome = &mail->transfer->outcomes[recipient];

    outcome->kind = line->at[0] == '2'   ? OUTCOME_DELIVERED
                    : line->at[0] == '5' ? OUTCOME_REFUSED
                                         : OUTCOME_LATER;
    outcome->reply = bytes_copy(&mail->arena, *line);
}

static void
send_message(struct smtp_session *session)
{
    struct transaction *mail = session->mail;
    struct transfer *transfer = mail->transfer;

    mail->hop_open = false;
    next_hop_message(session->hop, transfer->pieces, transfer->piece_count,
                     transfer->taken_count);
}

static void
message_answered(struct smtp_session *session, size_t index,
                 const struct next_hop_reply *reply)
{
    struct transfer *transfer = session->mail->transfer;
    bool each = session->door.settings->next_hop.kind == NEXT_HOP_LMTP;

    for (size_t i = 0; i < transfer->taken_count; i++) {
        if (!each || i == index) {
            set_outcome(session, transfer->members[i], &reply->line);
        }
    }
    if (!each || index + 1 == transfer->taken_count) {
        next_group(session);
    }
}

/* An answer to MAIL or RCPT of a transaction that is repeated for a group. The taken ones are brought to the front of
 * members, in their order. */
static void
envelope_answered(struct smtp_session *session, enum next_hop_command command, size_t index,
                  const struct next_hop_reply *reply)
{
    struct transfer *transfer = session->mail->transfer;
    bool well = reply->code / 100 == 2;

    transfer->waiting--;
    if (command == NEXT_HOP_MAIL) {
        transfer->sender_ok = well;
        for (size_t i = 0; i < transfer->member_count && !well; i++) {
            set_outcome(session, transfer->members[i], &reply->line);
        }
    } else if (!transfer->sender_ok) {
        well = false; /* its outcome is that of MAIL */
    } else if (well) {
        transfer->members[transfer->taken_count++] = transfer->members[index];
    } else {
        set_outcome(session, transfer->members[index], &reply->line);
    }
    if (transfer->waiting > 0) {
        return;
    }
    session->mail->hop_open = transfer->sender_ok;
    if (transfer->taken_count > 0) {
        send_message(session);
    } else {
        next_group(session);
    }
}

void
transfer_answered(struct smtp_session *session, enum next_hop_command command, size_t index,
                  const struct next_hop_reply *reply)
{
    SK_ASSERT(session->state == SMTP_PASSING);
    if (command == NEXT_HOP_MESSAGE) {
        message_answered(session, index, reply);
    } else {
        envelope_answered(session, command, index, reply);
    }
}

static void
open_transaction(struct smtp_session *session)
{
    struct transaction *mail = session->mail;
    struct transfer *transfer = mail->transfer;
    struct next_hop *hop = smtp_hop(session);

    if (mail->hop_open) {
        next_hop_rset(hop);
        mail->hop_open = false;
    }
    transfer->sender_ok = false;
    transfer->taken_count = 0;
    transfer->waiting = 1 + transfer->member_count;
    next_hop_mail(hop, &mail->arrival, mail->arrival.raw.size, 0);
    for (size_t i = 0; i < transfer->member_count; i++) {
        next_hop_rcpt(hop, &mail->arrival.recipients[transfer->members[i]], i);
    }
}

static void
delivered(void *context, enum sk_code code, const enum sk_code *codes)
{
    static const struct bytes well = {(const uint8_t *)"250 2.0.0 delivered", 19};
    static const struct bytes badly = {
        (const uint8_t *)"451 4.3.0 the Maildir could not be written", 42};
    struct smtp_session *session = context;
    struct transfer *transfer = session->mail->transfer;

    SK_ASSERT(session->state == SMTP_PASSING);
    for (size_t i = 0; i < transfer->member_count; i++) {
        bool ok = code == SK_OK && (codes == NULL || codes[i] == SK_OK);
        set_outcome(session, transfer->members[i], ok ? &well : &badly);
    }
    next_group(session);
}

/* Passes on the next group; when there is none any more, concludes. */
static void
next_group(struct smtp_session *session)
{
    struct transaction *mail = session->mail;
    struct transfer *transfer = mail->transfer;
    const struct arrival_road *road = session->door.doors->road;
    const struct answer_recipient *recipients = transfer->answer->recipients;
    const struct answer_recipient *first = NULL;

    transfer->member_count = transfer->taken_count = 0;
    for (size_t i = 0; i < mail->arrival.recipient_count; i++) {
        if (transfer->to_pass[i] &&
            (first == NULL || recipients[i].group == first->group)) {
            first = first != NULL ? first : &recipients[i];
            transfer->to_pass[i] = false;
            transfer->members[transfer->member_count++] = i;
        }
    }
    if (first == NULL) {
        conclude(session);
        return;
    }
    make_pieces(session, first);
    if (session->door.settings->next_hop.kind == NEXT_HOP_MAILDIR) {
        SK_ASSERT(road->deliver != NULL);
        road->deliver(road->road, &mail->arena, &mail->arrival, transfer->members,
                      transfer->member_count, transfer->pieces, transfer->piece_count,
                      delivered, session);
        return;
    }
    bool whole = transfer->member_count == mail->arrival.recipient_count;
    if (whole && mail->hop_open && !next_hop_is_dead(session->hop)) {
        transfer->taken_count = transfer->member_count;
        send_message(session);
    } else {
        open_transaction(session);
    }
}

/* Refused or put off as a whole: the first such reply stands for all. */
static void
turn_away(struct smtp_session *session, const struct answer_recipient *recipient)
{
    struct transaction *mail = session->mail;

    mail->transfer->reply = bytes_copy(
        &mail->arena, reply_clean(&mail->arena, recipient->reply, REPLY_NOT_KEPT));
    record(session);
}

void
transfer_begin(struct smtp_session *session, const struct answer *answer)
{
    struct transaction *mail = session->mail;
    size_t count = mail->arrival.recipient_count, refused = 0;
    struct transfer *transfer = ARENA_NEW(&mail->arena, struct transfer);

    SK_ASSERT(answer->recipient_count == count && count > 0);
    mail->transfer = transfer;
    transfer->answer = answer;
    transfer->outcomes = ARENA_NEW_MANY(&mail->arena, count, struct outcome);
    transfer->to_pass = ARENA_NEW_MANY(&mail->arena, count, bool);
    transfer->members = ARENA_NEW_MANY(&mail->arena, count, size_t);
    for (size_t i = 0; i < count; i++) {
        if (answer->recipients[i].action == ANSWER_TEMPFAIL) {
            turn_away(session, &answer->recipients[i]);
            return;
        }
        refused += answer->recipients[i].action == ANSWER_REFUSE;
    }
    if (refused == count) {
        turn_away(session, &answer->recipients[0]);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        transfer->to_pass[i] = answer->recipients[i].action == ANSWER_ACCEPT;
        transfer->outcomes[i].kind = transfer->to_pass[i] ? OUTCOME_NONE : OUTCOME_HELD;
    }
    smtp_enter(session, SMTP_PASSING);
    next_group(session);
}
