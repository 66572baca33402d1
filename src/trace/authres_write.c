#include "trace/authres.h"

#include "base/limits.h"
#include "base/utf8.h"

/* RFC 5322 2.1.1 */
#define LINE_WIDTH 78

struct sheet {
    struct writer w;
    size_t line; /* where the current line began */
    bool utf8;   /* the client asked for SMTPUTF8 */
};

/* token of RFC 2045 section 5.1 */
static bool
is_token(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++) {
        uint8_t c = b.at[i];
        if (c <= 0x20 || c >= 0x7f || strchr("()<>@,;:\\\"/[]?=", c) != NULL) {
            return false;
        }
    }
    return b.size > 0;
}

/* local@domain may stand bare where both sides are made of atoms. */
static bool
is_bare_address(struct bytes b)
{
    size_t sign = bytes_find_byte(b, '@', 0);

    return sign != BYTES_NOWHERE && (sign == 0 || is_token(bytes_slice(b, 0, sign))) &&
           is_token(bytes_from(b, sign + 1));
}

/* Printable, and under SMTPUTF8 also code points that are neither controls nor turn the line's direction. */
static bool
is_showable(const struct sheet *s, struct bytes b)
{
    uint32_t c;

    for (size_t at = 0; at < b.size;) {
        size_t size = utf8_get(b, at, &c);
        if (size == 0 || c < 0x20 || (c >= 0x7f && c < 0xa1) || (c >= 0x80 && !s->utf8) ||
            (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
            (c >= 0x2060 && c <= 0x206f) || c == 0x061c || c == 0xfeff || c >= 0xe0000) {
            return false;
        }
        at += size;
    }
    return b.size > 0 && b.size <= LIMIT_AUTHRES_VALUE;
}

static void
write_value(struct writer *w, struct bytes value)
{
    if (is_token(value) || is_bare_address(value)) {
        writer_bytes(w, value);
        return;
    }
    writer_byte(w, '"');
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\') {
            writer_byte(w, '\\');
        }
        writer_byte(w, value.at[i]);
    }
    writer_byte(w, '"');
}

/* " name=value", on a new line if the line would grow too long; nothing where the value may not be shown. */
static void
write_property(struct sheet *s, const char *name, struct bytes value)
{
    if (!is_showable(s, value)) {
        return;
    }
    if (s->w.size - s->line + strlen(name) + value.size + 4 > LINE_WIDTH) {
        writer_text(&s->w, "\r\n\t");
        s->line = s->w.size;
    } else {
        writer_byte(&s->w, ' ');
    }
    writer_text(&s->w, name);
    writer_byte(&s->w, '=');
    write_value(&s->w, value);
}

static void
write_result(struct sheet *s, const char *method, enum auth_result result,
             struct bytes reason)
{
    writer_text(&s->w, ";\r\n\t");
    s->line = s->w.size;
    writer_format(&s->w, "%s=%s", method, auth_result_name(result));
    if (result != AUTH_PASS && result != AUTH_NONE) {
        write_property(s, "reason", reason);
    }
}

static void
write_spf(struct sheet *s, const struct spf_result *spf, const struct arrival *arrival,
          bool helo)
{
    write_result(s, "spf", spf->result, spf->reason);
    if (helo) {
        write_property(s, "smtp.helo", spf->domain.size > 0 ? spf->domain : arrival->helo);
    } else {
        /* A quoted local part is no bare address: then the domain must do. */
        bool bare = is_bare_address(arrival->mail_from);
        write_property(s, "smtp.mailfrom", bare ? arrival->mail_from : spf->domain);
    }
}

/* "sender-id" of the registry (RFC 8601 6.4, deprecated); the property is the field that made an address responsible. */
static void
write_senderid(struct sheet *s, const struct trace_settings *settings,
               const struct senderid_result *r)
{
    static const char *const fields[][2] = {{"From", "header.from"},
                                            {"Sender", "header.sender"},
                                            {"Resent-From", "header.resent-from"},
                                            {"Resent-Sender", "header.resent-sender"}};

    if (!settings->senderid) {
        return;
    }
    write_result(s, "sender-id", r->result, r->reason);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (bytes_is_fold(r->field, fields[i][0])) {
            write_property(s, fields[i][1],
                           is_bare_address(r->address) ? r->address : r->domain);
        }
    }
}

static void
write_dkim(struct sheet *s, const struct origin *origin)
{
    size_t written = 0;

    for (size_t i = 0; i < origin->dkim_count && written < LIMIT_DKIM_SIGNATURES;
         i++, written++) {
        const struct dkim_result *r = &origin->dkim[i];
        write_result(s, "dkim", r->result, r->reason);
        write_property(s, "header.d", r->domain);
        write_property(s, "header.i", r->identity);
        write_property(s, "header.s", r->selector);
        write_property(s, "header.a", r->algorithm);
        write_property(s, "header.b", r->b);
    }
    if (written == 0) {
        write_result(s, "dkim", AUTH_NONE, BYTES_NONE);
    }
    for (size_t i = 0; i < origin->domainkeys_count && i < LIMIT_DKIM_SIGNATURES; i++) {
        write_result(s, "domainkeys", origin->domainkeys[i].result,
                     origin->domainkeys[i].reason);
        write_property(s, "header.d", origin->domainkeys[i].domain);
    }
}

/* RFC 8617 sections 5.2 and 10.2. */
static void
write_arc(struct sheet *s, const struct arc_result *arc, struct bytes remote_ip)
{
    struct writer w;

    write_result(s, "arc", arc->result, arc->reason);
    if (arc->result != AUTH_NONE) {
        write_property(s, "smtp.remote-ip", remote_ip);
    }
    if (arc->has_oldest_pass) {
        writer_init(&w, s->w.arena);
        writer_number(&w, arc->oldest_pass);
        write_property(s, "header.oldest-pass", writer_view(&w));
    }
}

struct bytes
authres_write(struct arena *arena, const struct trace_settings *settings,
              const struct arrival *arrival, const struct origin *origin)
{
    struct sheet s = {.utf8 = arrival->smtputf8};
    struct writer address;

    writer_init(&s.w, arena);
    write_value(&s.w, settings->authserv_id);
    write_spf(&s, &origin->spf, arrival, origin->spf.helo_identity);
    if (!origin->spf.helo_identity && origin->spf_helo.result != AUTH_NONE) {
        write_spf(&s, &origin->spf_helo, arrival, true);
    }
    write_senderid(&s, settings, &origin->senderid);
    write_dkim(&s, origin);
    const struct net_address *source =
        origin->source.known ? &origin->source : &arrival->client;
    writer_init(&address, arena);
    if (source->known) {
        net_address_write(&address, source);
    }
    write_arc(&s, &origin->arc, writer_view(&address));
    write_result(&s, "dmarc", origin->dmarc.result, origin->dmarc.reason);
    write_property(&s, "header.from", origin->dmarc.from_domain);
    write_property(&s, "policy.dmarc",
                   bytes_from_text(dmarc_policy_name(origin->dmarc.policy)));
    write_result(&s, "iprev", origin->iprev, BYTES_NONE);
    write_property(&s, "policy.iprev", writer_view(&address));
    return writer_view(&s.w);
}
