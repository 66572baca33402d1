/* The message's bytes as they come in (RFC 5321 4.1.1.4). */
#include "arrive/smtp_private.h"

/* Counts the Received fields of a header: many of them are a loop (RFC 5321 6.3). */
static size_t
count_received(struct bytes raw)
{
    struct bytes rest = bytes_slice(raw, 0, LIMIT_HEADER_BYTES), line;
    size_t count = 0;

    while (bytes_line(&rest, &line) && line.size > 0) {
        count += (line.at[0] | 0x20) == 'r' && bytes_starts_fold(line, BYTES("Received:"));
    }
    return count;
}

/* Every CR or LF that stands alone becomes CR LF. Dots need no care: they are stuffed anew towards the next hop. */
static void
repair_newlines(struct transaction *mail)
{
    struct bytes old = writer_view(&mail->raw);
    struct writer w;

    writer_init(&w, &mail->arena);
    for (size_t i = 0; i < old.size; i++) {
        uint8_t c = old.at[i];
        if (c != '\r' && c != '\n') {
            writer_byte(&w, c);
            continue;
        }
        writer_text(&w, "\r\n");
        i += c == '\r' && i + 1 < old.size && old.at[i + 1] == '\n';
    }
    mail->raw = w;
}

static void
keep_piece(struct smtp_session *session, struct bytes piece)
{
    struct transaction *mail = session->mail;
    struct doors_counters *counters = &session->door.doors->counters;

    if (mail->too_big || mail->no_room || piece.size == 0) {
        return;
    }
    if (piece.size > session->door.settings->message_size - mail->raw.size) {
        mail->too_big = true;
        return;
    }
    if (counters->held_bytes - mail->held + mail->arena.used + piece.size >
        room_for_messages(&session->door.doors->room)) {
        mail->no_room = true;
        return;
    }
    writer_bytes(&mail->raw, piece);
    counters->held_bytes += mail->arena.used - mail->held;
    mail->held = mail->arena.used;
}

bool
smtp_data_input(struct smtp_session *session)
{
    struct transaction *mail = session->mail;
    struct bytes input = stream_input(session->client), piece;
    size_t at = 0, used;
    enum sk_code code = SK_MORE;

    while (code == SK_MORE && at < input.size) {
        code = data_scan(&mail->scanner, bytes_from(input, at), &used, &piece);
        keep_piece(session, piece);
        at += used;
    }
    stream_consume(session->client, at);
    if (code != SK_OK) {
        return false;
    }
    bool bare = mail->scanner.bare_lf || mail->scanner.bare_cr;
    if (bare && session->door.settings->bare_newline == BARE_NEWLINE_REPAIR &&
        !mail->too_big && !mail->no_room) {
        repair_newlines(mail);
    }
    mail->received_count = count_received(writer_view(&mail->raw));
    return true;
}
