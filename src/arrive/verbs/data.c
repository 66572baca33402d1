/* DATA (RFC 5321 4.1.1.4). The next hop hears of it only when the message has been examined. */
#include "arrive/smtp_private.h"

#define MESSAGE_FIRST 16384 /* room for a message of unknown size */
#define MESSAGE_ADVANCE                                                                    \
    1048576 /* most that a declared size may reserve before a byte came */

enum reply_name
verb_data_check(const struct smtp_session *session, struct bytes arguments)
{
    if (arguments.size > 0) {
        return REPLY_BAD_ARGUMENTS;
    }
    return session->asked_count == 0 && session->mail->arrival.recipient_count == 0
               ? REPLY_NO_RECIPIENTS
               : REPLY_NONE;
}

void
verb_data(struct smtp_session *session, struct bytes arguments)
{
    struct transaction *mail = session->mail;
    size_t advance =
        mail->declared_size < MESSAGE_ADVANCE ? mail->declared_size : MESSAGE_ADVANCE;

    data_scanner_init(&mail->scanner);
    writer_init(&mail->raw, &mail->arena);
    (void)writer_reserve(&mail->raw, advance + MESSAGE_FIRST);
    smtp_reply(session, REPLY_GO_ON);
    smtp_enter(session, SMTP_DATA);
}
