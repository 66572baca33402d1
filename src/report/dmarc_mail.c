#include "report/dmarc_mail.h"

#include "base/clock.h"
#include "base/writer.h"

#define BASE64_LINE 76

struct bytes
dmarc_mail_file(struct arena *arena, const struct dmarc_mail *mail)
{
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, mail->submitter);
    writer_byte(&w, '!');
    writer_bytes(&w, mail->domain);
    writer_format(&w, "!%lld!%lld.xml.gz", (long long)mail->begin, (long long)mail->end);
    return writer_view(&w);
}

static void
write_base64(struct writer *w, struct arena *arena, struct bytes data)
{
    struct bytes code = bytes_base64(arena, data);

    for (size_t at = 0; at < code.size; at += BASE64_LINE) {
        writer_bytes(w, bytes_slice(code, at, at + BASE64_LINE));
        writer_text(w, "\r\n");
    }
}

static void
write_words(struct writer *w, const struct dmarc_mail *mail)
{
    writer_text(
        w, "This is an aggregate report of DMARC (RFC 9990) about mail in the name of\r\n");
    writer_bytes(w, mail->domain);
    writer_format(w, ": %llu messages.\r\nPeriod: ", (unsigned long long)mail->messages);
    clock_write_rfc3339(w, mail->begin, 0);
    writer_text(w, " to ");
    clock_write_rfc3339(w, mail->end, 0);
    writer_text(
        w, "\r\nYou get it because the DMARC record of the domain names this address.\r\n");
}

struct bytes
dmarc_mail_write(struct arena *arena, const struct dmarc_mail *mail, int64_t now_s)
{
    struct bytes file = dmarc_mail_file(arena, mail);
    struct writer w;

    writer_init(&w, arena);
    writer_text(&w, "From: <");
    writer_bytes(&w, mail->from);
    writer_text(&w, ">\r\nTo: <");
    writer_bytes(&w, mail->to);
    writer_text(&w, ">\r\nSubject: Report Domain: ");
    writer_bytes(&w, mail->domain);
    writer_text(&w, "\r\n Submitter: ");
    writer_bytes(&w, mail->submitter);
    writer_text(&w, "\r\n Report-ID: <");
    writer_bytes(&w, mail->report_id);
    writer_text(&w, ">\r\nDate: ");
    clock_write_mail(&w, now_s, 0);
    writer_text(&w, "\r\nMessage-ID: <");
    writer_bytes(&w, mail->token);
    writer_text(&w, ".dmarc@");
    writer_bytes(&w, mail->submitter);
    writer_text(&w, ">\r\nAuto-Submitted: auto-generated\r\n"
                    "X-Auto-Response-Suppress: All\r\n"
                    "MIME-Version: 1.0\r\n"
                    "Content-Type: multipart/mixed; boundary=\"=_");
    writer_bytes(&w, mail->token);
    writer_text(&w, "\"\r\n\r\n--=_");
    writer_bytes(&w, mail->token);
    writer_text(&w, "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n");
    write_words(&w, mail);
    writer_text(&w, "\r\n--=_");
    writer_bytes(&w, mail->token);
    writer_text(&w, "\r\nContent-Type: application/gzip;\r\n name=\"");
    writer_bytes(&w, file);
    writer_text(&w, "\"\r\nContent-Transfer-Encoding: base64\r\n"
                    "Content-Disposition: attachment;\r\n filename=\"");
    writer_bytes(&w, file);
    writer_text(&w, "\"\r\n\r\n");
    write_base64(&w, arena, mail->packed);
    writer_text(&w, "--=_");
    writer_bytes(&w, mail->token);
    writer_text(&w, "--\r\n");
    return writer_view(&w);
}
