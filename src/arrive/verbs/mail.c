/* MAIL (RFC 5321 4.1.1.2), with SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461). */
#include "arrive/smtp_path.h"
#include "arrive/smtp_private.h"

struct mail_arguments {
    struct bytes from;
    uint64_t size;
    enum arrival_body body;
    bool smtputf8;
    struct bytes ret, envid;
};

static enum reply_name
read_parameter(struct mail_arguments *mail, struct bytes key, struct bytes value)
{
    if (bytes_is_fold(key, "SIZE")) {
        return bytes_to_number(value, INT64_MAX, &mail->size) ? REPLY_NONE
                                                              : REPLY_BAD_PARAMETER;
    }
    if (bytes_is_fold(key, "BODY")) {
        mail->body =
            bytes_is_fold(value, "8BITMIME") ? ARRIVAL_BODY_8BITMIME : ARRIVAL_BODY_7BIT;
        return mail->body == ARRIVAL_BODY_8BITMIME || bytes_is_fold(value, "7BIT")
                   ? REPLY_NONE
                   : REPLY_BAD_PARAMETER;
    }
    if (bytes_is_fold(key, "SMTPUTF8")) {
        mail->smtputf8 = true;
        return value.size == 0 ? REPLY_NONE : REPLY_BAD_PARAMETER;
    }
    if (bytes_is_fold(key, "RET")) {
        mail->ret = value;
        return bytes_is_fold(value, "FULL") || bytes_is_fold(value, "HDRS")
                   ? REPLY_NONE
                   : REPLY_BAD_PARAMETER;
    }
    if (bytes_is_fold(key, "ENVID")) {
        mail->envid = value;
        return value.size > 0 && value.size <= 100 ? REPLY_NONE : REPLY_BAD_PARAMETER;
    }
    return REPLY_BAD_PARAMETER;
}

static enum reply_name
read_arguments(struct bytes arguments, struct mail_arguments *mail)
{
    struct bytes rest, key, value;
    bool non_ascii;
    enum sk_code code;

    *mail = (struct mail_arguments){0};
    if (smtp_path_read(arguments, "FROM:", &mail->from, &rest, &non_ascii) != SK_OK) {
        return REPLY_BAD_SENDER;
    }
    while ((code = smtp_parameter_next(&rest, &key, &value)) == SK_OK) {
        enum reply_name wrong = read_parameter(mail, key, value);
        if (wrong != REPLY_NONE) {
            return wrong;
        }
    }
    if (code == SK_BAD) {
        return REPLY_BAD_PARAMETER;
    }
    return non_ascii && !mail->smtputf8 ? REPLY_NEED_UTF8 : REPLY_NONE;
}

enum reply_name
verb_mail_check(const struct smtp_session *session, struct bytes arguments)
{
    struct mail_arguments mail;
    enum reply_name wrong = read_arguments(arguments, &mail);

    if (wrong == REPLY_NONE && mail.size > session->door.settings->message_size) {
        return REPLY_TOO_BIG;
    }
    return wrong;
}

void
verb_mail(struct smtp_session *session, struct bytes arguments)
{
    struct mail_arguments read;
    struct writer w;

    if (session->message_count >= LIMIT_SMTP_MESSAGES) {
        smtp_leave(session, REPLY_TOO_MANY_MESSAGES);
        return;
    }
    struct doors *doors = session->door.doors;
    if (doors->counters.held_bytes >= room_for_messages(&doors->room) ||
        room_is_full(&doors->room)) {
        smtp_reply(session, REPLY_NO_ROOM);
        return;
    }
    (void)read_arguments(arguments, &read); /* checked before */
    session->message_count++;
    struct transaction *mail = smtp_mail_new(session);
    mail->arrival.mail_from = bytes_copy(&mail->arena, read.from);
    mail->arrival.body = read.body;
    mail->arrival.smtputf8 = read.smtputf8;
    mail->declared_size = (size_t)read.size;
    writer_init(&w, &mail->arena);
    if (read.ret.size > 0) {
        writer_text(&w, "RET=");
        writer_bytes(&w, read.ret);
    }
    if (read.envid.size > 0) {
        writer_text(&w, w.size > 0 ? " ENVID=" : "ENVID=");
        writer_bytes(&w, read.envid);
    }
    mail->arrival.mail_parameters = writer_view(&w);
    if (doors->road->sender != NULL) {
        doors->road->sender(doors->road->road, &mail->arena, &mail->arrival);
    }
    smtp_enter(session, SMTP_MAIL);
    if (session->door.settings->next_hop.kind == NEXT_HOP_MAILDIR) {
        mail->sender_ok = true;
        smtp_reply(session, REPLY_SENDER_OK);
        return;
    }
    next_hop_mail(smtp_hop(session), &mail->arrival, mail->declared_size, 0);
    session->asked_count++;
    stream_deadline(session->client, 3600000);
}
