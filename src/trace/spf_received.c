#include "trace/spf_received.h"

#include "base/limits.h"
#include "base/writer.h"

/* dot-atom of RFC 5322 section 3.2.3, without white space around */
static bool
is_dot_atom(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++) {
        uint8_t c = b.at[i];
        bool dot = c == '.' && i > 0 && i + 1 < b.size && b.at[i - 1] != '.';
        if (!dot && !ascii_letter(c) && !ascii_digit(c) &&
            (c == '\0' || strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL)) {
            return false;
        }
    }
    return b.size > 0;
}

static void
write_pair(struct writer *w, const char *key, struct bytes value, bool *first)
{
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < ' ' || value.at[i] > '~') {
            return;
        }
    }
    if (value.size == 0 || value.size > LIMIT_AUTHRES_VALUE) {
        return;
    }
    writer_format(w, "%s\r\n\t%s=", *first ? "" : ";", key);
    *first = false;
    if (is_dot_atom(value)) {
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

struct bytes
spf_received_write(struct arena *arena, const struct trace_settings *settings,
                   const struct arrival *arrival, const struct origin *origin)
{
    const struct spf_result *spf = &origin->spf;
    bool first = true;
    struct writer w, ip;

    writer_init(&w, arena);
    writer_init(&ip, arena);
    if (origin->source.known) {
        net_address_write(&ip, &origin->source);
    }
    writer_text(&w, auth_result_name(spf->result));
    write_pair(&w, "receiver", settings->authserv_id, &first);
    write_pair(&w, "client-ip", writer_view(&ip), &first);
    write_pair(&w, "envelope-from", arrival->mail_from, &first);
    write_pair(&w, "helo", spf->helo_identity ? spf->domain : arrival->helo, &first);
    write_pair(&w, "identity", spf->helo_identity ? BYTES("helo") : BYTES("mailfrom"),
               &first);
    write_pair(&w, "mechanism", spf->mechanism, &first);
    write_pair(&w, "problem", spf->reason, &first);
    return writer_view(&w);
}
