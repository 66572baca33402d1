/* Verbs of a line or two: RSET, NOOP, VRFY, HELP, QUIT. */
#include "arrive/smtp_private.h"

enum reply_name
verb_no_arguments(const struct smtp_session *session, struct bytes arguments)
{
    return arguments.size > 0 ? REPLY_BAD_ARGUMENTS : REPLY_NONE;
}

void
verb_rset(struct smtp_session *session, struct bytes arguments)
{
    smtp_mail_end(session);
    if (session->state == SMTP_MAIL) {
        smtp_enter(session, SMTP_READY);
    }
    smtp_reply(session, REPLY_OK);
}

void
verb_noop(struct smtp_session *session, struct bytes arguments)
{
    smtp_reply(session, REPLY_OK);
}

/* RFC 5321 7.3: a harvester learns nothing. */
void
verb_vrfy(struct smtp_session *session, struct bytes arguments)
{
    smtp_reply(session, REPLY_CANNOT_VERIFY);
}

void
verb_help(struct smtp_session *session, struct bytes arguments)
{
    smtp_reply(session, REPLY_HELP);
}

void
verb_quit(struct smtp_session *session, struct bytes arguments)
{
    smtp_mail_end(session);
    smtp_leave(session, REPLY_BYE);
}
