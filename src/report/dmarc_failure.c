#include "report/dmarc_failure.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/writer.h"

#define HASH_SHOWN                                                                         \
    8 /* bytes of the HMAC: enough to tell people apart, too few to look up */
#define BOUNDARY "=_dmarc_failure"

struct bytes
dmarc_redact(struct arena *arena, struct bytes key, struct bytes address)
{
    size_t at = bytes_find_last(address, '@');
    struct bytes local = bytes_slice(address, 0, at);
    uint8_t digest[HASH_SHA256_SIZE];
    struct writer w;

    if (address.size == 0) {
        return address;
    }
    hash_hmac_sha256(key, &local, 1, digest);
    writer_init(&w, arena);
    writer_bytes(&w, bytes_hex(arena, bytes_of(digest, HASH_SHOWN)));
    if (at != BYTES_NOWHERE) {
        writer_bytes(&w, bytes_from(address, at));
    }
    return writer_view(&w);
}

bool
dmarc_failure_wanted(struct bytes fo, bool dkim, bool spf)
{
    bool known = false, wanted = false;
    struct bytes option;

    while (bytes_split(&fo, ':', &option)) {
        option = bytes_trim(option);
        bool any = bytes_is(option, "0") || bytes_is(option, "1");
        bool d = bytes_is_fold(option, "d"), s = bytes_is_fold(option, "s");
        known |= any || d || s;
        wanted |= any || (d && dkim) || (s && spf);
    }
    return wanted || !known; /* fo=0 where nothing is said that has a meaning */
}

/* Printable ASCII without what means something in a header; all else is '?'. */
static void
put(struct writer *w, struct bytes text)
{
    for (size_t i = 0; i < text.size && i < LIMIT_ADDRESS; i++) {
        uint8_t c = text.at[i];
        bool fine = c > ' ' && c < 0x7f && strchr("<>()\"\\,;", c) == NULL;
        writer_byte(w, fine ? c : '?');
    }
}

static void
field(struct writer *w, const char *name, struct bytes value)
{
    if (value.size > 0) {
        writer_format(w, "%s: ", name);
        put(w, value);
        writer_text(w, "\r\n");
    }
}

static void
address_field(struct writer *w, const char *name, struct bytes address)
{
    writer_format(w, "%s: <", name);
    put(w, address);
    writer_text(w, ">\r\n");
}

static void
write_results(struct writer *w, const struct dmarc_failure *f)
{
    writer_text(w, "Authentication-Results: ");
    put(w, f->reporter);
    writer_text(w, ";\r\n dmarc=");
    put(w, f->dmarc_result);
    writer_text(w, " header.from=");
    put(w, bytes_from(f->header_from, bytes_find_last(f->header_from, '@') + 1));
    if (f->spf_result.size > 0) {
        writer_text(w, ";\r\n spf=");
        put(w, f->spf_result);
        writer_text(w, " smtp.mailfrom=");
        put(w, f->spf_domain);
    }
    for (size_t i = 0; i < f->dkim_count; i++) {
        writer_text(w, ";\r\n dkim=");
        put(w, f->dkim[i].result);
        writer_text(w, " header.d=");
        put(w, f->dkim[i].domain);
        writer_text(w, " header.s=");
        put(w, f->dkim[i].selector);
    }
    writer_text(w, "\r\n");
}

/* message/feedback-report: RFC 5965 3, RFC 6591 3, RFC 9991. */
static void
write_feedback(struct writer *w, struct arena *arena, const struct dmarc_failure *f)
{
    struct bytes delivery = bytes_is(f->action, "refuse")  ? BYTES("reject")
                            : bytes_is(f->action, "hold")  ? BYTES("policy")
                            : bytes_is(f->action, "label") ? BYTES("spam")
                                                           : BYTES("delivered");

    writer_text(w, "Feedback-Type: auth-failure\r\nVersion: 1\r\nUser-Agent: ");
    writer_bytes(w, f->generator);
    writer_text(w, "\r\nAuth-Failure: dmarc\r\n");
    field(w, "Delivery-Result", delivery);
    field(w, "Identity-Alignment",
          f->dkim_aligned  ? BYTES("dkim")
          : f->spf_aligned ? BYTES("spf")
                           : BYTES("none"));
    field(w, "Reported-Domain", f->domain);
    field(w, "Source-IP", f->source_ip);
    address_field(w, "Original-Mail-From", dmarc_redact(arena, f->key, f->mail_from));
    writer_text(w, "Arrival-Date: ");
    clock_write_mail(w, f->arrival_s, 0);
    writer_text(w, "\r\n");
    write_results(w, f);
    if (f->dkim_count > 0) {
        field(w, "DKIM-Domain", f->dkim[0].domain);
        field(w, "DKIM-Selector", f->dkim[0].selector);
    }
}

static struct bytes
redacted_from(struct arena *arena, const struct dmarc_failure *f)
{
    struct writer w;

    if (bytes_find_byte(f->header_from, '@', 0) != BYTES_NOWHERE) {
        return dmarc_redact(arena, f->key, f->header_from);
    }
    writer_init(&w, arena);
    writer_text(&w, "redacted@");
    writer_bytes(&w, f->header_from);
    return writer_view(&w);
}

static void
write_headers(struct writer *w, struct arena *arena, const struct dmarc_failure *f)
{
    address_field(w, "From", redacted_from(arena, f));
    if (f->has_date) {
        writer_text(w, "Date: ");
        clock_write_mail(w, f->date_s, 0);
        writer_text(w, "\r\n");
    }
    if (f->message_id.size > 0) {
        address_field(w, "Message-ID", dmarc_redact(arena, f->key, f->message_id));
    }
}

struct bytes
dmarc_failure_write(struct arena *arena, const struct dmarc_failure *f, int64_t now_s)
{
    struct writer w;

    writer_init(&w, arena);
    address_field(&w, "From", f->from);
    if (f->to.size > 0) {
        address_field(&w, "To", f->to);
    }
    writer_text(&w, "Subject: DMARC failure report about ");
    put(&w, f->domain);
    writer_text(&w, "\r\nDate: ");
    clock_write_mail(&w, now_s, 0);
    writer_text(&w, "\r\nMessage-ID: <");
    writer_bytes(&w, dmarc_redact(arena, f->key, f->id));
    writer_text(&w, ".failure@");
    put(&w, f->reporter);
    writer_text(&w, ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                    "Content-Type: multipart/report; report-type=feedback-report;\r\n"
                    " boundary=\"" BOUNDARY "\"\r\n\r\n--" BOUNDARY "\r\n"
                    "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
                    "A message in the name of this domain failed DMARC. Local parts of\r\n"
                    "addresses are replaced by a hash (RFC 6590).\r\n\r\n--" BOUNDARY "\r\n"
                    "Content-Type: message/feedback-report\r\n\r\n");
    write_feedback(&w, arena, f);
    writer_text(&w, "\r\n--" BOUNDARY "\r\nContent-Type: text/rfc822-headers\r\n\r\n");
    write_headers(&w, arena, f);
    writer_text(&w, "\r\n--" BOUNDARY "--\r\n");
    return writer_view(&w);
}
