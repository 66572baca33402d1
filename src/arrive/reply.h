/* What the SMTP server says: one table from a name to code, enhanced code (RFC 3463) and words. Words from elsewhere
 * (the next hop, the verdict) pass reply_clean, so that no byte of a mail can begin a new line in a reply. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

#define REPLY_TEXT_MAX 480 /* RFC 5321 4.5.3.1.5: 512 with CR LF */

enum reply_name {
    REPLY_NONE, /* no reply: go on */
    REPLY_OK,
    REPLY_BYE,
    REPLY_SENDER_OK,
    REPLY_RECIPIENT_OK,
    REPLY_GO_ON,
    REPLY_CANNOT_VERIFY,
    REPLY_HELP,
    REPLY_TLS_READY,
    REPLY_SHUTTING_DOWN,
    REPLY_TOO_BUSY,
    REPLY_TOO_MANY_FROM_YOU,
    REPLY_TOO_MANY_ERRORS,
    REPLY_TOO_MANY_MESSAGES,
    REPLY_TIME_OUT,
    REPLY_EARLY_TALKER,
    REPLY_UNKNOWN_COMMAND,
    REPLY_LINE_TOO_LONG,
    REPLY_BARE_NEWLINE,
    REPLY_BAD_ARGUMENTS,
    REPLY_BAD_HELO,
    REPLY_BAD_SENDER,
    REPLY_BAD_RECIPIENT,
    REPLY_BAD_PARAMETER,
    REPLY_NOT_NOW,
    REPLY_HELO_FIRST,
    REPLY_MAIL_FIRST,
    REPLY_NESTED_MAIL,
    REPLY_NO_RECIPIENTS,
    REPLY_NEED_UTF8,
    REPLY_TOO_MANY_RECIPIENTS,
    REPLY_RELAY_DENIED,
    REPLY_REPORT_ALONE,
    REPLY_REPORT_DENIED,
    REPLY_TOO_BIG,
    REPLY_NO_ROOM,
    REPLY_BARE_NEWLINE_DATA,
    REPLY_LOOP,
    REPLY_NOT_KEPT,
    REPLY_NEXT_HOP_AWAY,
    REPLY_NEXT_HOP_DIED,
    REPLY_NEXT_HOP_CONFUSED,
    REPLY_NEXT_HOP_NO_UTF8,
    REPLY_NEXT_HOP_NO_TLS,
    REPLY_NEXT_HOP_TLS_FAILED,
    REPLY_NO_TLS,
    REPLY_XCLIENT_DENIED,
};

/* "250 2.0.0 ok", without CR LF. */
const char *reply_text(enum reply_name name);

/* A foreign reply made fit to be sent: three digits (2xx, 4xx, 5xx; else the fallback's), an enhanced code of the same
 * class (put in when missing), and words in printable ASCII, all cut to REPLY_TEXT_MAX. */
struct bytes reply_clean(struct arena *arena, struct bytes line, enum reply_name fallback);
/* Printable ASCII only, other bytes become '?'. */
struct bytes reply_words(struct arena *arena, struct bytes words);
