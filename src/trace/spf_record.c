#include <arpa/inet.h>

#include "trace/spf_private.h"

static const struct {
    const char *name;
    enum spf_kind kind;
} mechanisms[] = {
    {"all", SPF_ALL}, {"include", SPF_INCLUDE}, {"a", SPF_A},     {"mx", SPF_MX},
    {"ptr", SPF_PTR}, {"ip4", SPF_IP4},         {"ip6", SPF_IP6}, {"exists", SPF_EXISTS},
};

/* record = version terms *SP; the version ends with a space or the record. */
static bool
is_spf1(struct bytes text)
{
    struct bytes version = BYTES("v=spf1");

    return bytes_starts_fold(text, version) &&
           (text.size == version.size || text.at[version.size] == ' ');
}

/* version = "spf2." 1*DIGIT "/" scope-id *( "," scope-id ), and whether `scope` is among them (RFC 4406 3.1, 4.4). A
 * minor version that is not known is read like 0. */
static bool
is_spf2_for(struct bytes text, struct bytes scope)
{
    size_t at = sizeof "spf2." - 1, end = bytes_find_byte(text, ' ', 0);
    struct bytes id, version = bytes_slice(text, 0, end);
    bool found = false;

    if (!bytes_starts_fold(version, BYTES("spf2."))) {
        return false;
    }
    size_t digits = at;
    while (at < version.size && ascii_digit(version.at[at])) {
        at++;
    }
    if (at == digits || at == version.size || version.at[at] != '/') {
        return false;
    }
    struct bytes rest = bytes_from(version, at + 1);
    while (bytes_split(&rest, ',', &id)) {
        if (id.size == 0) {
            return false; /* no scope section that can be read */
        }
        found |= bytes_equal_fold(id, scope);
    }
    return found;
}

const struct dns_record *
spf_record_select(const struct dns_answer *answer, enum spf_scope scope, bool *several_r)
{
    const struct dns_record *spf1 = NULL, *spf2 = NULL;
    size_t spf1_count = 0, spf2_count = 0;
    struct bytes name = scope == SPF_SCOPE_PRA ? BYTES("pra") : BYTES("mfrom");

    for (size_t i = 0; i < answer->record_count; i++) {
        const struct dns_record *record = &answer->records[i];
        if (is_spf1(record->data)) {
            spf1 = record;
            spf1_count++;
        } else if (scope != SPF_SCOPE_SPF && is_spf2_for(record->data, name)) {
            spf2 = record;
            spf2_count++;
        }
    }
    *several_r = spf2_count > 1 || (spf2_count == 0 && spf1_count > 1);
    return spf2_count > 0 ? spf2 : spf1;
}

/* "0" / %x31-39 0*2DIGIT, at most `most`. */
static bool
read_length(struct bytes digits, unsigned most, unsigned *bits_r)
{
    uint64_t number;

    if (digits.size == 0 || digits.size > 3 || (digits.at[0] == '0' && digits.size > 1) ||
        !bytes_to_number(digits, most, &number)) {
        return false;
    }
    *bits_r = (unsigned)number;
    return true;
}

static size_t
digits_from_end(struct bytes b)
{
    size_t at = b.size;

    while (at > 0 && ascii_digit(b.at[at - 1])) {
        at--;
    }
    return at;
}

/* dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]: taken from the end of *rest, since a domain-spec may
 * itself hold slashes. */
static bool
take_lengths(struct bytes *rest, struct spf_term *term)
{
    size_t at = digits_from_end(*rest);

    if (at >= 2 && at < rest->size && rest->at[at - 1] == '/' && rest->at[at - 2] == '/') {
        if (!read_length(bytes_from(*rest, at), 128, &term->bits6)) {
            return false;
        }
        rest->size = at - 2;
        at = digits_from_end(*rest);
    }
    if (at >= 1 && at < rest->size && rest->at[at - 1] == '/') {
        if (!read_length(bytes_from(*rest, at), 32, &term->bits4)) {
            return false;
        }
        rest->size = at - 1;
    }
    return true;
}

/* [ ":" domain-spec ] */
static bool
take_domain(struct bytes rest, struct spf_term *term)
{
    if (rest.size == 0) {
        return true;
    }
    term->has_domain = true;
    term->domain = bytes_from(rest, 1);
    return rest.at[0] == ':' && spf_macro_is_domain_spec(term->domain);
}

static bool
take_network(struct bytes rest, struct spf_term *term)
{
    char text[64];
    size_t slash = bytes_find_byte(rest, '/', 0);
    bool ip4 = term->kind == SPF_IP4;

    if (rest.size == 0 || rest.at[0] != ':') {
        return false;
    }
    if (slash != BYTES_NOWHERE && !read_length(bytes_from(rest, slash + 1), ip4 ? 32 : 128,
                                               ip4 ? &term->bits4 : &term->bits6)) {
        return false;
    }
    struct bytes address = bytes_slice(rest, 1, slash == BYTES_NOWHERE ? rest.size : slash);
    if (address.size >= sizeof text) {
        return false;
    }
    memcpy(text, address.at, address.size);
    text[address.size] = '\0';
    return inet_pton(ip4 ? AF_INET : AF_INET6, text, term->network) == 1;
}

static bool
read_mechanism(struct bytes text, struct spf_term *term)
{
    struct bytes rest = text;
    size_t name_size = 0;

    *term =
        (struct spf_term){.qualifier = AUTH_PASS, .text = text, .bits4 = 32, .bits6 = 128};
    switch (rest.at[0]) {
    case '-':
        term->qualifier = AUTH_FAIL;
        break;
    case '~':
        term->qualifier = AUTH_SOFTFAIL;
        break;
    case '?':
        term->qualifier = AUTH_NEUTRAL;
        break;
    default:
        break;
    }
    if (term->qualifier != AUTH_PASS || rest.at[0] == '+') {
        rest = bytes_from(rest, 1);
    }
    while (name_size < rest.size && rest.at[name_size] != ':' &&
           rest.at[name_size] != '/') {
        name_size++;
    }
    struct bytes name = bytes_slice(rest, 0, name_size);
    rest = bytes_from(rest, name_size);
    size_t i = 0, count = sizeof mechanisms / sizeof *mechanisms;
    while (i < count && !bytes_is_fold(name, mechanisms[i].name)) {
        i++;
    }
    if (i == count) {
        return false;
    }
    term->kind = mechanisms[i].kind;
    switch (term->kind) {
    case SPF_ALL:
        return rest.size == 0;
    case SPF_INCLUDE:
    case SPF_EXISTS:
        return rest.size > 0 && take_domain(rest, term);
    case SPF_PTR:
        return take_domain(rest, term);
    case SPF_A:
    case SPF_MX:
        return take_lengths(&rest, term) && take_domain(rest, term);
    case SPF_IP4:
    case SPF_IP6:
        return take_network(rest, term);
    }
    return false;
}

/* name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) */
static bool
is_name(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.at[i];
        if (!ascii_letter(c) &&
            (i == 0 || !(ascii_digit(c) || c == '-' || c == '_' || c == '.'))) {
            return false;
        }
    }
    return name.size > 0;
}

static bool
read_modifier(struct bytes name, struct bytes value, struct spf_record *record)
{
    if (bytes_is_fold(name, "redirect")) {
        bool again = record->has_redirect;
        record->has_redirect = true;
        record->redirect = value;
        return !again && spf_macro_is_domain_spec(value);
    }
    if (bytes_is_fold(name, "exp")) {
        bool again = record->has_explanation;
        record->has_explanation = true;
        record->explanation = value;
        return !again && spf_macro_is_domain_spec(value);
    }
    return is_name(name) && spf_macro_is_string(value);
}

static bool
read_term(struct bytes text, struct spf_record *record)
{
    for (size_t i = 0; i < text.size && text.at[i] != ':' && text.at[i] != '/'; i++) {
        if (text.at[i] == '=') {
            return read_modifier(bytes_slice(text, 0, i), bytes_from(text, i + 1), record);
        }
    }
    return read_mechanism(text, &record->terms[record->term_count++]);
}

bool
spf_record_read(struct arena *arena, struct bytes text, struct spf_record *record_r)
{
    size_t version = bytes_find_byte(text, ' ', 0);
    struct bytes rest = bytes_from(text, version), word;
    size_t spaces = 1;

    *record_r = (struct spf_record){0};
    for (size_t i = 0; i < text.size; i++) {
        spaces += text.at[i] == ' ';
        if (text.at[i] < ' ' || text.at[i] > '~') {
            return false;
        }
    }
    if (text.size > LIMIT_SPF_RECORD) {
        return false;
    }
    record_r->terms = ARENA_NEW_MANY(arena, spaces, struct spf_term);
    while (bytes_split(&rest, ' ', &word)) {
        if (word.size > 0 && !read_term(word, record_r)) {
            return false;
        }
    }
    return true;
}
