/* RCPT (RFC 5321 4.1.1.3), with NOTIFY and ORCPT (RFC 3461), which are passed on as given. */
#include "arrive/maildir.h"
#include "arrive/smtp_path.h"
#include "arrive/smtp_private.h"

static bool
domain_is_ours(const struct arrive_settings *settings, struct bytes domain)
{
    for (size_t i = 0; i < settings->domain_count; i++) {
        if (bytes_equal_fold(settings->domains[i], domain)) {
            return true;
        }
    }
    /* Postmaster without a domain is always heard (RFC 5321 4.5.1). */
    return settings->domain_count == 0 || domain.size == 0;
}

static bool
is_report(const struct arrive_settings *settings, struct bytes address, bool *spam_r)
{
    *spam_r = settings->spam_address.size > 0 &&
              bytes_equal_fold(address, settings->spam_address);
    return *spam_r || (settings->ham_address.size > 0 &&
                       bytes_equal_fold(address, settings->ham_address));
}

bool
verb_rcpt_is_report(const struct smtp_session *session, struct bytes arguments)
{
    struct bytes address, rest;
    bool non_ascii, spam;

    return smtp_path_read(arguments, "TO:", &address, &rest, &non_ascii) == SK_OK &&
           is_report(session->door.settings, address, &spam);
}

/* People with a login, or on networks of ours. */
static bool
may_report(const struct smtp_session *session)
{
    const struct arrive_settings *settings = session->door.settings;
    bool may = session->user.size > 0;

    for (size_t i = 0; i < settings->reporter_count && !may; i++) {
        may = net_prefix_has(&settings->reporters[i], &session->claimed);
    }
    return may && session->door.doors->road->report != NULL &&
           session->mail->arrival.mail_from.size > 0;
}

static enum reply_name
read_parameters(struct bytes rest)
{
    struct bytes key, value;
    enum sk_code code;

    while ((code = smtp_parameter_next(&rest, &key, &value)) == SK_OK) {
        bool known = bytes_is_fold(key, "NOTIFY") ||
                     (bytes_is_fold(key, "ORCPT") && value.size <= 500);
        if (!known || value.size == 0) {
            return REPLY_BAD_PARAMETER;
        }
    }
    return code == SK_BAD ? REPLY_BAD_PARAMETER : REPLY_NONE;
}

enum reply_name
verb_rcpt_check(const struct smtp_session *session, struct bytes arguments)
{
    struct bytes address, rest;
    bool non_ascii;

    if (smtp_path_read(arguments, "TO:", &address, &rest, &non_ascii) != SK_OK ||
        address.size == 0) {
        return REPLY_BAD_RECIPIENT;
    }
    if (non_ascii && !session->mail->arrival.smtputf8) {
        return REPLY_NEED_UTF8;
    }
    bool spam, report = is_report(session->door.settings, address, &spam);
    if (session->mail->report || (report && session->mail->asking_count > 0)) {
        return REPLY_REPORT_ALONE;
    }
    if (report) {
        return may_report(session) ? read_parameters(rest) : REPLY_REPORT_DENIED;
    }
    if (!domain_is_ours(session->door.settings, smtp_domain(address))) {
        return REPLY_RELAY_DENIED;
    }
    if (session->mail->asking_count >= LIMIT_SMTP_RECIPIENTS) {
        return REPLY_TOO_MANY_RECIPIENTS;
    }
    return read_parameters(rest);
}

void
verb_rcpt(struct smtp_session *session, struct bytes arguments)
{
    struct transaction *mail = session->mail;
    struct bytes address, rest, folder;
    bool non_ascii;

    (void)smtp_path_read(arguments, "TO:", &address, &rest,
                         &non_ascii); /* checked before */
    if (mail->asking_count == mail->recipient_room) {
        size_t room = mail->recipient_room == 0 ? 8 : mail->recipient_room * 4;
        mail->asking = arena_grow(&mail->arena, mail->asking,
                                  mail->asking_count * sizeof *mail->asking,
                                  room * sizeof *mail->asking);
        mail->arrival.recipients =
            arena_grow(&mail->arena, mail->arrival.recipients,
                       mail->arrival.recipient_count * sizeof *mail->arrival.recipients,
                       room * sizeof *mail->arrival.recipients);
        mail->recipient_room = room;
    }
    struct arrival_recipient *recipient = ARENA_NEW(&mail->arena, struct arrival_recipient);
    recipient->address = bytes_copy(&mail->arena, address);
    recipient->parameters = bytes_copy(&mail->arena, bytes_trim(rest));
    const struct arrival_road *road = session->door.doors->road;
    if (is_report(session->door.settings, address, &mail->report_spam)) {
        mail->report = true;
        mail->asking[mail->asking_count++] = recipient;
        mail->arrival.recipients[mail->arrival.recipient_count++] = *recipient;
        smtp_reply(session, REPLY_RECIPIENT_OK);
        return;
    }
    if (road->recipient != NULL) {
        road->recipient(road->road, &mail->arena, &mail->arrival, recipient);
    }
    mail->asking[mail->asking_count++] = recipient;
    if (session->door.settings->next_hop.kind == NEXT_HOP_MAILDIR) {
        if (maildir_folder(&mail->arena, recipient->address, &folder, NULL) != SK_OK) {
            smtp_reply(session, REPLY_BAD_RECIPIENT);
            return;
        }
        mail->arrival.recipients[mail->arrival.recipient_count++] = *recipient;
        smtp_reply(session, REPLY_RECIPIENT_OK);
        return;
    }
    next_hop_rcpt(session->hop, recipient, mail->asking_count - 1);
    session->asked_count++;
    stream_deadline(session->client, 3600000);
}
