#include "report/alarm_mail.h"

#include "base/clock.h"

#define JST_MINUTES 540
#define WORD_BYTES                                                                         \
    42 /* of UTF-8 in one encoded-word: 56 characters of base64, RFC 2047 allows 75 in all */

/* RFC 2047 encoded-words, cut between characters. */
static void
write_encoded(struct writer *w, struct arena *arena, struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        size_t end = at + WORD_BYTES < text.size ? at + WORD_BYTES : text.size;
        while (end < text.size && end > at && (text.at[end] & 0xc0) == 0x80) {
            end--;
        }
        writer_text(w, at == 0 ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
        writer_bytes(w, bytes_base64(arena, bytes_slice(text, at, end)));
        writer_text(w, "?=");
        at = end;
    }
}

static void
write_body(struct writer *w, struct arena *arena, const struct notice_facts *facts)
{
    struct writer lf, crlf;
    struct bytes rest, line;

    writer_init(&lf, arena);
    notice_words(&lf, facts, true);
    writer_text(&lf, "\n--------------------------------\n");
    notice_words(&lf, facts, false);
    writer_init(&crlf, arena);
    for (rest = writer_view(&lf); bytes_line(&rest, &line);) {
        writer_bytes(&crlf, line);
        writer_text(&crlf, "\r\n");
    }
    struct bytes code = bytes_base64(arena, writer_view(&crlf));
    for (size_t at = 0; at < code.size; at += 76) {
        writer_bytes(w, bytes_slice(code, at, at + 76));
        writer_text(w, "\r\n");
    }
}

struct bytes
alarm_mail_write(struct arena *arena, const struct notice_facts *facts, struct bytes from,
                 struct bytes to, int64_t now_s)
{
    struct writer w, subject;

    writer_init(&subject, arena);
    notice_title(&subject, facts, true);
    writer_text(&subject, " / ");
    notice_title(&subject, facts, false);
    writer_init(&w, arena);
    writer_text(&w, "From: Sekisho <");
    writer_bytes(&w, from);
    writer_text(&w, ">\r\nTo: <");
    writer_bytes(&w, to);
    writer_text(&w, ">\r\nSubject: ");
    write_encoded(&w, arena, writer_view(&subject));
    writer_text(&w, "\r\nDate: ");
    clock_write_mail(&w, now_s, JST_MINUTES);
    writer_text(&w, "\r\nMessage-ID: <");
    writer_bytes(&w, facts->mail_id);
    writer_text(&w, ">\r\nAuto-Submitted: auto-generated\r\n"
                    "X-Auto-Response-Suppress: All\r\n"
                    "Importance: high\r\n"
                    "MIME-Version: 1.0\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: base64\r\n"
                    "\r\n");
    write_body(&w, arena, facts);
    return writer_view(&w);
}
