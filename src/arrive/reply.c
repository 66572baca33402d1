#include "arrive/reply.h"

#include "base/why.h"
#include "base/writer.h"

static const char *const replies[] = {
    [REPLY_NONE] = "",
    [REPLY_OK] = "250 2.0.0 ok",
    [REPLY_BYE] = "221 2.0.0 bye",
    [REPLY_SENDER_OK] = "250 2.1.0 sender ok",
    [REPLY_RECIPIENT_OK] = "250 2.1.5 recipient ok",
    [REPLY_GO_ON] = "354 go on, end with a dot alone on a line",
    [REPLY_CANNOT_VERIFY] = "252 2.1.5 not told here; send and see",
    [REPLY_HELP] = "214 2.0.0 see RFC 5321",
    [REPLY_TLS_READY] = "220 2.0.0 begin TLS",
    [REPLY_SHUTTING_DOWN] = "421 4.3.2 service is being restarted, come again",
    [REPLY_TOO_BUSY] = "421 4.3.2 too many connections, come again later",
    [REPLY_TOO_MANY_FROM_YOU] = "421 4.7.0 too many connections from your address",
    [REPLY_TOO_MANY_ERRORS] = "421 4.7.0 too many errors",
    [REPLY_TOO_MANY_MESSAGES] =
        "421 4.7.0 too many messages in one connection, open another",
    [REPLY_TIME_OUT] = "421 4.4.2 waited too long for you",
    [REPLY_EARLY_TALKER] = "554 5.5.1 you spoke before you were greeted",
    [REPLY_UNKNOWN_COMMAND] = "500 5.5.1 command unknown",
    [REPLY_LINE_TOO_LONG] = "500 5.5.2 line too long",
    [REPLY_BARE_NEWLINE] = "500 5.5.2 a line ends with CR LF and with nothing else",
    [REPLY_BAD_ARGUMENTS] = "501 5.5.4 arguments not understood",
    [REPLY_BAD_HELO] = "501 5.5.4 a host name or address literal is wanted",
    [REPLY_BAD_SENDER] = "501 5.1.7 sender address not understood",
    [REPLY_BAD_RECIPIENT] = "501 5.1.3 recipient address not understood",
    [REPLY_BAD_PARAMETER] = "555 5.5.4 parameter not known or not understood",
    [REPLY_NOT_NOW] = "503 5.5.1 not now",
    [REPLY_HELO_FIRST] = "503 5.5.1 say EHLO first",
    [REPLY_MAIL_FIRST] = "503 5.5.1 say MAIL first",
    [REPLY_NESTED_MAIL] = "503 5.5.1 one sender is named already",
    [REPLY_NO_RECIPIENTS] = "554 5.5.1 no valid recipients",
    [REPLY_NEED_UTF8] = "553 5.6.7 such an address needs SMTPUTF8",
    [REPLY_TOO_MANY_RECIPIENTS] = "452 4.5.3 too many recipients, send to the rest again",
    [REPLY_REPORT_ALONE] =
        "452 4.5.3 a report goes alone: to one address, in a mail of its own",
    [REPLY_REPORT_DENIED] = "550 5.7.1 reports are taken from our own people only",
    [REPLY_RELAY_DENIED] = "550 5.7.1 we do not take mail for that domain",
    [REPLY_TOO_BIG] = "552 5.3.4 message too big",
    [REPLY_NO_ROOM] = "452 4.3.1 too much mail in hand, come again later",
    [REPLY_BARE_NEWLINE_DATA] = "550 5.6.11 the message holds a CR or LF that stands alone",
    [REPLY_LOOP] = "554 5.4.6 too many Received fields: a loop",
    [REPLY_NOT_KEPT] = "451 4.3.0 the message could not be recorded, come again later",
    [REPLY_NEXT_HOP_AWAY] =
        "451 4.4.1 the server behind us does not answer, come again later",
    [REPLY_NEXT_HOP_DIED] = "451 4.4.2 the server behind us went away, come again later",
    [REPLY_NEXT_HOP_CONFUSED] =
        "451 4.5.0 the server behind us gave no sensible answer, come again later",
    [REPLY_NEXT_HOP_NO_UTF8] = "553 5.6.7 the server behind us does not take SMTPUTF8",
    [REPLY_NEXT_HOP_NO_TLS] =
        "451 4.7.5 the server behind us offers no TLS, come again later",
    [REPLY_NEXT_HOP_TLS_FAILED] =
        "451 4.7.5 TLS with the server behind us failed, come again later",
    [REPLY_NO_TLS] = "454 4.7.0 TLS is not available",
    [REPLY_XCLIENT_DENIED] = "550 5.7.0 XCLIENT is not allowed from your address",
};

const char *
reply_text(enum reply_name name)
{
    SK_ASSERT((size_t)name < sizeof replies / sizeof *replies);
    return replies[name];
}

static void
write_words(struct writer *w, struct bytes words)
{
    size_t size = words.size < REPLY_TEXT_MAX ? words.size : REPLY_TEXT_MAX;

    for (size_t i = 0; i < size; i++) {
        writer_byte(w, words.at[i] >= 0x20 && words.at[i] < 0x7f ? words.at[i] : '?');
    }
}

struct bytes
reply_words(struct arena *arena, struct bytes words)
{
    struct writer w;

    writer_init(&w, arena);
    write_words(&w, words);
    return writer_view(&w);
}

/* Size of "2.1.5" (class, subject and detail of at most three digits) at the start, 0 if none stands there. */
static size_t
enhanced_size(struct bytes words)
{
    size_t at = 0;

    for (int part = 0; part < 3; part++) {
        size_t digits = 0;
        while (at < words.size && ascii_digit(words.at[at]) && digits < 4) {
            at++;
            digits++;
        }
        if (digits == 0 || digits > 3 || (part == 0 && digits != 1)) {
            return 0;
        }
        if (part < 2 && (at >= words.size || words.at[at++] != '.')) {
            return 0;
        }
    }
    return at == words.size || words.at[at] == ' ' ? at : 0;
}

struct bytes
reply_clean(struct arena *arena, struct bytes line, enum reply_name fallback)
{
    struct writer w;
    bool coded = line.size >= 3 &&
                 (line.at[0] == '2' || line.at[0] == '4' || line.at[0] == '5') &&
                 line.at[1] >= '0' && line.at[1] <= '5' && ascii_digit(line.at[2]) &&
                 (line.size == 3 || line.at[3] == ' ' || line.at[3] == '-');

    if (!coded) {
        return bytes_from_text(reply_text(fallback));
    }
    struct bytes words = bytes_trim(bytes_from(line, 4));
    size_t enhanced = enhanced_size(words);
    writer_init(&w, arena);
    writer_bytes(&w, bytes_slice(line, 0, 3));
    writer_byte(&w, ' ');
    if (enhanced == 0 || words.at[0] != line.at[0]) {
        writer_byte(&w, line.at[0]);
        writer_text(&w, ".0.0 ");
        words = bytes_trim(bytes_from(words, enhanced));
    }
    write_words(&w, words);
    return bytes_slice(writer_view(&w), 0, REPLY_TEXT_MAX);
}
