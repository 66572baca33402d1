/* EHLO and HELO (RFC 5321 4.1.1.1). */
#include "arrive/smtp_private.h"

enum reply_name
verb_helo_check(const struct smtp_session *session, struct bytes arguments)
{
    if (arguments.size == 0 || arguments.size > LIMIT_DOMAIN) {
        return REPLY_BAD_HELO;
    }
    for (size_t i = 0; i < arguments.size; i++) {
        if (arguments.at[i] <= 0x20 || arguments.at[i] >= 0x7f) {
            return REPLY_BAD_HELO;
        }
    }
    return REPLY_NONE;
}

static void
begin_anew(struct smtp_session *session, struct bytes name, bool esmtp)
{
    smtp_mail_end(session);
    /* The next hop was told the old name, if any; it is met anew at the next message. */
    if (session->hop != NULL && session->door.settings->next_hop.xclient) {
        next_hop_close(session->hop);
        session->hop = NULL;
    }
    session->helo = smtp_keep(session->helo_bytes, sizeof session->helo_bytes, name);
    session->esmtp = esmtp;
    smtp_enter(session, SMTP_READY);
}

void
verb_helo(struct smtp_session *session, struct bytes arguments)
{
    begin_anew(session, arguments, false);
    stream_send(session->client, BYTES("250 "));
    smtp_reply_line(session, session->door.settings->hostname);
}

void
verb_ehlo(struct smtp_session *session, struct bytes arguments)
{
    const struct arrive_settings *settings = session->door.settings;
    char size[40];

    begin_anew(session, arguments, true);
    stream_send(session->client, BYTES("250-"));
    stream_send(session->client, settings->hostname);
    snprintf(size, sizeof size, "\r\n250-SIZE %zu\r\n", settings->message_size);
    stream_send(session->client, bytes_from_text(size));
    stream_send(session->client,
                BYTES("250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"));
    if (settings->tls != NULL && !stream_is_tls(session->client)) {
        stream_send(session->client, BYTES("250-STARTTLS\r\n"));
    }
    if (session->door.trusted) {
        stream_send(session->client,
                    BYTES("250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN\r\n"));
    }
    if (settings->next_hop.kind != NEXT_HOP_MAILDIR) {
        stream_send(session->client, BYTES("250-DSN\r\n"));
    }
    stream_send(session->client, BYTES("250 ENHANCEDSTATUSCODES\r\n"));
}
