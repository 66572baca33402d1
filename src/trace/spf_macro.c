/* Macros (RFC 7208 section 7). */
#include <arpa/inet.h>

#include "trace/spf_private.h"

#define NAME_TEXT_MAX 253

/* One macro-expand, taken apart. */
struct macro {
    uint8_t letter;  /* lower case; '%', '_' and '-' for the three escapes */
    bool escape_url; /* an upper-case letter */
    bool reverse;
    size_t parts; /* how many from the right, SIZE_MAX for all */
    struct bytes delimiters;
    size_t size; /* of the whole macro */
};

static bool
is_in(uint8_t c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* macro-expand = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-" */
static bool
read_macro(struct bytes text, size_t at, bool explain, struct macro *macro_r)
{
    size_t here = at + 1;
    struct macro m = {.parts = SIZE_MAX};

    if (here >= text.size) {
        return false;
    }
    m.letter = text.at[here++];
    if (m.letter != '{') {
        m.size = 2;
        *macro_r = m;
        return is_in(m.letter, "%_-");
    }
    if (here >= text.size) {
        return false;
    }
    m.escape_url = text.at[here] >= 'A' && text.at[here] <= 'Z';
    m.letter = ascii_lower(text.at[here++]);
    if (!is_in(m.letter, explain ? "slodiphcrtv" : "slodiphv")) {
        return false;
    }
    if (here < text.size && ascii_digit(text.at[here])) {
        m.parts = 0;
        while (here < text.size && ascii_digit(text.at[here])) {
            m.parts = m.parts > 1000 ? 1000 : m.parts * 10 + (size_t)(text.at[here] - '0');
            here++;
        }
        if (m.parts == 0) {
            return false;
        }
    }
    if (here < text.size && ascii_lower(text.at[here]) == 'r') {
        m.reverse = true;
        here++;
    }
    size_t delimiters = here;
    while (here < text.size && is_in(text.at[here], ".-+,/_=")) {
        here++;
    }
    m.delimiters = bytes_slice(text, delimiters, here);
    m.size = here + 1 - at;
    *macro_r = m;
    return here < text.size && text.at[here] == '}';
}

/* Checks *( macro-expand / macro-literal ); where the last macro ends goes to *end_r (0: none). */
static bool
check(struct bytes text, bool explain, bool spaces, size_t *end_r)
{
    struct macro m;

    *end_r = 0;
    for (size_t at = 0; at < text.size;) {
        uint8_t c = text.at[at];
        if (c == '%') {
            if (!read_macro(text, at, explain, &m)) {
                return false;
            }
            at += m.size;
            *end_r = at;
            continue;
        }
        if (c < (spaces ? ' ' : '!') || c > '~') {
            return false;
        }
        at++;
    }
    return true;
}

/* toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum ) */
static bool
is_toplabel(struct bytes label)
{
    bool other = false;

    if (label.size == 0 || label.at[0] == '-' || label.at[label.size - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.size; i++) {
        uint8_t c = label.at[i];
        if (!ascii_digit(c) && !ascii_letter(c) && c != '-') {
            return false;
        }
        other = other || !ascii_digit(c);
    }
    return other;
}

/* domain-spec = macro-string domain-end; domain-end = ( "." toplabel [ "." ] ) / macro-expand */
bool
spf_macro_is_domain_spec(struct bytes text)
{
    size_t end;

    if (text.size == 0 || !check(text, false, false, &end)) {
        return false;
    }
    if (end == text.size) {
        return true;
    }
    struct bytes tail = bytes_from(text, end);
    if (tail.at[tail.size - 1] == '.') {
        tail.size--;
    }
    size_t dot = bytes_find_last(tail, '.');
    return dot != BYTES_NOWHERE && is_toplabel(bytes_from(tail, dot + 1));
}

bool
spf_macro_is_string(struct bytes text)
{
    size_t end;

    return check(text, true, false, &end);
}

bool
spf_macro_is_explain_string(struct bytes text)
{
    size_t end;

    return check(text, true, true, &end);
}

/* The "i" macro: dotted quad, or nibbles with dots, in capitals as others expand it. */
static struct bytes
dotted(struct spf *spf)
{
    static const char hex[] = "0123456789ABCDEF";
    const uint8_t *ip = spf->query->ip->bytes;
    struct writer w;

    writer_init(&w, spf->arena);
    if (spf->ip4) {
        writer_format(&w, "%u.%u.%u.%u", ip[12], ip[13], ip[14], ip[15]);
        return writer_view(&w);
    }
    for (size_t i = 0; i < 16; i++) {
        writer_format(&w, "%s%c.%c", i > 0 ? "." : "", hex[ip[i] >> 4], hex[ip[i] & 15]);
    }
    return writer_view(&w);
}

/* The validated name of the client: the domain itself, else one below it, else any (section 7.3). */
static enum sk_code
validated_name(struct spf *spf, struct bytes domain, struct bytes *name_r)
{
    struct bytes names[LIMIT_SPF_PTR];
    size_t count, best = 0;
    enum dns_status status;
    bool error;
    int rank = 0;
    enum sk_code code = spf_validated_names(spf->arena, spf->memo, spf->query->ip, names,
                                            &count, &status, &error);

    *name_r = BYTES("unknown");
    if (code != SK_OK) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        bool below = names[i].size > domain.size && bytes_ends_fold(names[i], domain) &&
                     names[i].at[names[i].size - domain.size - 1] == '.';
        int mine = bytes_equal_fold(names[i], domain) ? 3 : below ? 2 : 1;
        if (mine > rank) {
            rank = mine;
            best = i;
        }
    }
    if (rank > 0) {
        *name_r = names[best];
    }
    return SK_OK;
}

static enum sk_code
value_of(struct spf *spf, uint8_t letter, struct bytes domain, struct bytes *value_r)
{
    char text[INET6_ADDRSTRLEN];
    struct writer w;

    switch (letter) {
    case 's':
        writer_init(&w, spf->arena);
        writer_bytes(&w, spf->local);
        writer_byte(&w, '@');
        writer_bytes(&w, spf->sender_domain);
        *value_r = writer_view(&w);
        return SK_OK;
    case 'l':
        *value_r = spf->local;
        return SK_OK;
    case 'o':
        *value_r = spf->sender_domain;
        return SK_OK;
    case 'd':
        *value_r = domain;
        return SK_OK;
    case 'i':
        *value_r = dotted(spf);
        return SK_OK;
    case 'p':
        return validated_name(spf, domain, value_r);
    case 'v':
        *value_r = spf->ip4 ? BYTES("in-addr") : BYTES("ip6");
        return SK_OK;
    case 'h':
        *value_r = spf->query->helo;
        return SK_OK;
    case 'c':
        if (spf->ip4) {
            *value_r = dotted(spf);
            return SK_OK;
        }
        inet_ntop(AF_INET6, spf->query->ip->bytes, text, sizeof text);
        *value_r = bytes_copy(spf->arena, bytes_from_text(text));
        return SK_OK;
    case 'r':
        *value_r = spf->query->receiver.size > 0 ? spf->query->receiver : BYTES("unknown");
        return SK_OK;
    default: /* 't' */
        writer_init(&w, spf->arena);
        writer_number(&w, spf->query->now_s);
        *value_r = writer_view(&w);
        return SK_OK;
    }
}

static bool
is_delimiter(const struct macro *m, uint8_t c)
{
    return m->delimiters.size > 0 ? bytes_find_byte(m->delimiters, c, 0) != BYTES_NOWHERE
                                  : c == '.';
}

static void
write_part(struct writer *w, const struct macro *m, struct bytes part)
{
    for (size_t i = 0; i < part.size; i++) {
        uint8_t c = part.at[i];
        if (!m->escape_url || ascii_letter(c) || ascii_digit(c) || is_in(c, "-._~")) {
            writer_byte(w, c);
        } else {
            writer_format(w, "%%%02X", c);
        }
    }
}

/* Splits at the delimiters, turns round, keeps the right-hand parts, joins them with dots. */
static void
transform(struct writer *w, const struct macro *m, struct bytes value)
{
    size_t count = 1, from = 0, keep, end;

    if (m->parts == SIZE_MAX && !m->reverse && m->delimiters.size == 0) {
        write_part(w, m, value);
        return;
    }
    for (size_t i = 0; i < value.size; i++) {
        count += is_delimiter(m, value.at[i]);
    }
    keep = m->parts < count ? m->parts : count;
    if (!m->reverse) {
        for (size_t part = 0; part < count; part++, from = end + 1) {
            for (end = from; end < value.size && !is_delimiter(m, value.at[end]); end++) {
            }
            if (part >= count - keep) {
                if (part > count - keep) {
                    writer_byte(w, '.');
                }
                write_part(w, m, bytes_slice(value, from, end));
            }
        }
        return;
    }
    /* Reversed, the right-hand parts are the first ones of the value: the last of these is written first. */
    for (size_t part = 0, to = 0; part < keep; part++) {
        for (from = part > 0 ? to + 1 : 0, to = from;
             to < value.size && !is_delimiter(m, value.at[to]); to++) {
        }
        end = to;
    }
    for (size_t part = 0; part < keep; part++) {
        for (from = end; from > 0 && !is_delimiter(m, value.at[from - 1]); from--) {
        }
        if (part > 0) {
            writer_byte(w, '.');
        }
        write_part(w, m, bytes_slice(value, from, end));
        end = from > 0 ? from - 1 : 0;
    }
}

enum sk_code
spf_macro_expand(struct spf *spf, struct bytes text, struct bytes domain,
                 struct bytes *out_r)
{
    struct writer w;
    struct macro m;

    writer_init(&w, spf->arena);
    for (size_t at = 0; at < text.size;) {
        size_t percent = bytes_find_byte(text, '%', at);
        writer_bytes(&w, bytes_slice(text, at, percent));
        if (percent == BYTES_NOWHERE) {
            break;
        }
        SK_ASSERT(read_macro(text, percent, true, &m));
        at = percent + m.size;
        struct bytes value;
        switch (m.letter) {
        case '%':
            writer_byte(&w, '%');
            break;
        case '_':
            writer_byte(&w, ' ');
            break;
        case '-':
            writer_text(&w, "%20");
            break;
        default: {
            enum sk_code code = value_of(spf, m.letter, domain, &value);
            if (code != SK_OK) {
                return code;
            }
            transform(&w, &m, value);
        }
        }
        if (w.size > LIMIT_SPF_RECORD) {
            return SK_LIMIT;
        }
    }
    *out_r = writer_view(&w);
    return SK_OK;
}

enum sk_code
spf_macro_expand_domain(struct spf *spf, struct bytes text, struct bytes domain,
                        struct bytes *out_r)
{
    enum sk_code code = spf_macro_expand(spf, text, domain, out_r);

    if (code != SK_OK) {
        return code;
    }
    if (out_r->size > 0 && out_r->at[out_r->size - 1] == '.') {
        out_r->size--;
    }
    while (out_r->size > NAME_TEXT_MAX) {
        size_t dot = bytes_find_byte(*out_r, '.', 0);
        if (dot == BYTES_NOWHERE) {
            break;
        }
        *out_r = bytes_from(*out_r, dot + 1);
    }
    return SK_OK;
}
