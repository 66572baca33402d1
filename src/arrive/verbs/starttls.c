/* STARTTLS (RFC 3207). */
#include "arrive/smtp_private.h"

enum reply_name
verb_starttls_check(const struct smtp_session *session, struct bytes arguments)
{
    if (arguments.size > 0) {
        return REPLY_BAD_ARGUMENTS;
    }
    if (stream_is_tls(session->client)) {
        return REPLY_NOT_NOW;
    }
    if (session->door.settings->tls == NULL) {
        return REPLY_UNKNOWN_COMMAND;
    }
    /* Without the key process hands cannot be shaken; the client may go on in plain or come again. */
    return tls_ready(session->door.settings->tls) ? REPLY_NONE : REPLY_NO_TLS;
}

void
verb_starttls(struct smtp_session *session, struct bytes arguments)
{
    smtp_reply(session, REPLY_TLS_READY);
    smtp_enter(session, SMTP_TLS);
    stream_start_tls(session->client, session->door.settings->tls, BYTES_NONE);
}
