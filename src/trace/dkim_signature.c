#include "trace/dkim_signature.h"

#include "base/limits.h"
#include "parse/domain.h"

static bool
settle(struct dkim_signature *s, enum auth_result result, const char *reason)
{
    s->result.result = result;
    s->result.reason = bytes_from_text(reason);
    return false;
}

bool
dkim_algorithm_read(struct bytes a, bool *ed25519_r, enum canonical_hash *hash_r)
{
    *ed25519_r = bytes_is_fold(a, "ed25519-sha256");
    *hash_r = bytes_is_fold(a, "rsa-sha1") ? CANONICAL_SHA1 : CANONICAL_SHA256;
    return *ed25519_r || *hash_r == CANONICAL_SHA1 || bytes_is_fold(a, "rsa-sha256");
}

static bool
form_read(struct bytes word, enum canonical_form *form_r)
{
    *form_r = bytes_is_fold(word, "relaxed") ? CANONICAL_RELAXED : CANONICAL_SIMPLE;
    return *form_r == CANONICAL_RELAXED || bytes_is_fold(word, "simple");
}

bool
dkim_canonicalization_read(struct bytes c, enum canonical_form *header_r,
                           enum canonical_form *body_r)
{
    size_t slash = bytes_find_byte(c, '/', 0);

    *header_r = *body_r = CANONICAL_SIMPLE;
    if (c.size == 0) {
        return true;
    }
    if (slash == BYTES_NOWHERE) {
        return form_read(c, header_r);
    }
    return form_read(bytes_trim(bytes_slice(c, 0, slash)), header_r) &&
           form_read(bytes_trim(bytes_from(c, slash + 1)), body_r);
}

static bool
is_ascii_name(struct bytes name)
{
    size_t label = 0;

    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.at[i];
        if (c == '.') {
            if (label == 0) {
                return false;
            }
            label = 0;
        } else if (!ascii_letter(c) && !ascii_digit(c) && c != '-' && c != '_') {
            return false;
        } else if (++label > 63) {
            return false;
        }
    }
    return label > 0 && name.size <= 253;
}

bool
dkim_name_read(struct arena *arena, struct bytes name, struct bytes *ascii_r)
{
    *ascii_r = name;
    if (name.size > LIMIT_DOMAIN) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] >= 0x80) {
            return domain_to_ascii(arena, name, ascii_r) && is_ascii_name(*ascii_r);
        }
    }
    return is_ascii_name(name);
}

bool
dkim_is_under(struct bytes name, struct bytes domain)
{
    if (name.size <= domain.size) {
        return bytes_equal_fold(name, domain);
    }
    size_t dot = name.size - domain.size - 1;
    return name.at[dot] == '.' && bytes_equal_fold(bytes_from(name, dot + 1), domain);
}

/* dkim-quoted-printable (RFC 6376 2.11): =XX is a byte, white space means nothing. */
static bool
unquote(struct arena *arena, struct bytes text, struct bytes *out_r)
{
    uint8_t *at = arena_take_bytes(arena, text.size);
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '=') {
            if (i + 2 >= text.size || ascii_hex(text.at[i + 1]) < 0 ||
                ascii_hex(text.at[i + 2]) < 0) {
                return false;
            }
            at[size++] =
                (uint8_t)(ascii_hex(text.at[i + 1]) << 4 | ascii_hex(text.at[i + 2]));
            i += 2;
        } else if (!ascii_blank(text.at[i])) {
            at[size++] = text.at[i];
        }
    }
    *out_r = bytes_of(at, size);
    return true;
}

/* i=: [local] "@" domain, the domain that of d= or below it. */
static bool
read_identity(struct arena *arena, const struct dkim_tags *tags, struct dkim_signature *s)
{
    const struct dkim_tag *tag = dkim_tags_find(tags, "i");
    struct bytes identity, ascii;

    if (s->kind != DKIM_SIGNATURE) {
        s->identity_domain = s->domain;
        return true;
    }
    if (tag == NULL) {
        uint8_t *at = arena_take_bytes(arena, s->result.domain.size + 1);
        at[0] = '@';
        memcpy(at + 1, s->result.domain.at, s->result.domain.size);
        s->result.identity = bytes_of(at, s->result.domain.size + 1);
        s->identity_domain = s->domain;
        return true;
    }
    if (!unquote(arena, tag->value, &identity)) {
        return settle(s, AUTH_NEUTRAL, "i= is malformed");
    }
    size_t sign = bytes_find_last(identity, '@');
    s->result.identity = identity;
    if (sign == BYTES_NOWHERE ||
        !dkim_name_read(arena, bytes_from(identity, sign + 1), &ascii)) {
        return settle(s, AUTH_NEUTRAL, "i= is no identity");
    }
    s->identity_local = bytes_slice(identity, 0, sign);
    s->identity_domain = ascii;
    if (!dkim_is_under(ascii, s->domain)) {
        return settle(s, AUTH_NEUTRAL, "the domain of i= is not in that of d=");
    }
    return true;
}

/* An optional number of at most `digits` digits. */
static bool
read_number(const struct dkim_tags *tags, const char *name, size_t digits, bool *has_r,
            uint64_t *number_r)
{
    const struct dkim_tag *tag = dkim_tags_find(tags, name);

    *has_r = tag != NULL;
    return tag == NULL || (tag->value.size <= digits &&
                           bytes_to_number(tag->value, UINT64_MAX - 1, number_r));
}

/* l=: up to 76 digits may stand there; more than 64 bits hold no body can reach. */
static bool
read_length(const struct dkim_tags *tags, struct dkim_result *r)
{
    struct bytes value = dkim_tags_value(tags, "l", "");

    if (read_number(tags, "l", 19, &r->has_body_length, &r->body_length)) {
        return true;
    }
    for (size_t i = 0; i < value.size; i++) {
        if (!ascii_digit(value.at[i])) {
            return false;
        }
    }
    r->body_length = UINT64_MAX - 1;
    return value.size > 0 && value.size <= 76;
}

static bool
read_times(const struct dkim_tags *tags, int64_t now_s, struct dkim_signature *s)
{
    struct dkim_result *r = &s->result;
    uint64_t time = 0, expires = 0;

    if (!read_number(tags, "t", 12, &r->has_time, &time)) {
        return settle(s, AUTH_NEUTRAL, "t= is no time");
    }
    r->time = (int64_t)time;
    if (s->kind == DKIM_ARC_SEAL) {
        return true;
    }
    if (!read_length(tags, r)) {
        return settle(s, AUTH_NEUTRAL, "l= is no number");
    }
    if (!read_number(tags, "x", 12, &r->has_expires, &expires)) {
        return settle(s, AUTH_NEUTRAL, "x= is no time");
    }
    r->expires = (int64_t)expires;
    if (r->has_time && r->has_expires && expires <= time) {
        return settle(s, AUTH_NEUTRAL, "x= is not after t=");
    }
    if (r->has_expires && r->expires < now_s) {
        return settle(s, AUTH_FAIL, "the signature has expired");
    }
    return true;
}

/* h=: names between colons, From among them. ARC wants neither From nor names, but forbids ARC-Seal. */
static bool
read_names(struct arena *arena, const struct dkim_tags *tags, struct dkim_signature *s)
{
    struct bytes rest, name;
    size_t count = 0;
    bool arc = s->kind != DKIM_SIGNATURE, has_from = arc;

    rest = s->names = s->result.signed_fields =
        dkim_tag_squeeze(arena, dkim_tags_value(tags, "h", ""));
    if (arc && dkim_tags_find(tags, "h") == NULL) {
        return settle(s, AUTH_NEUTRAL, "h= is missing");
    }
    while (bytes_split(&rest, ':', &name)) {
        if (name.size == 0 && !arc) {
            return settle(s, AUTH_NEUTRAL, "h= has an empty name");
        }
        if (arc && bytes_is_fold(name, "arc-seal")) {
            return settle(s, AUTH_PERMERROR, "h= names ARC-Seal");
        }
        if (++count > LIMIT_DKIM_FIELD_NAMES) {
            return settle(s, AUTH_PERMERROR, "h= has too many names");
        }
        has_from = has_from || bytes_is_fold(name, "from");
    }
    return has_from || settle(s, AUTH_PERMERROR, "From is not signed");
}

static bool
read_algorithms(struct arena *arena, const struct dkim_tags *tags, bool legacy,
                struct dkim_signature *s)
{
    static const char *const words[] = {"simple", "relaxed"};
    const char *methods = legacy ? "dns" : "dns/txt";
    struct bytes q = dkim_tags_value(tags, "q", "dns/txt");
    const struct dkim_tag *c = dkim_tags_find(tags, "c");

    if (!dkim_algorithm_read(s->result.algorithm, &s->ed25519, &s->hash)) {
        return settle(s, AUTH_NEUTRAL, "the algorithm is unknown");
    }
    if (s->hash == CANONICAL_SHA1 && !legacy) {
        return settle(s, AUTH_POLICY, "rsa-sha1 is retired (RFC 8301)");
    }
    if (s->kind == DKIM_ARC_SEAL) {
        s->header_form = CANONICAL_RELAXED;
        return true;
    }
    if (!dkim_canonicalization_read(c == NULL ? BYTES_NONE : c->value, &s->header_form,
                                    &s->body_form) ||
        (c != NULL && c->value.size == 0)) {
        return settle(s, AUTH_NEUTRAL, "the canonicalization is unknown");
    }
    s->form_unsaid = c == NULL;
    struct writer w;
    writer_init(&w, arena);
    writer_format(&w, "%s/%s", words[s->header_form], words[s->body_form]);
    s->result.canonicalization = writer_view(&w);
    if (!dkim_tag_lists(q, "dns/txt") && !dkim_tag_lists(q, methods)) {
        return settle(s, AUTH_NEUTRAL, "the key cannot be asked for as q= wants");
    }
    return true;
}

static bool
read_signature_bytes(struct arena *arena, const struct dkim_tags *tags,
                     struct dkim_signature *s)
{
    const struct dkim_tag *b = dkim_tags_find(tags, "b"), *bh = dkim_tags_find(tags, "bh");
    bool seal = s->kind == DKIM_ARC_SEAL;

    if (b == NULL || (bh == NULL && !seal)) {
        return settle(s, AUTH_NEUTRAL, "b= or bh= is missing");
    }
    s->cut = b->raw;
    s->result.b = bytes_slice(dkim_tag_squeeze(arena, b->value), 0, 8);
    if (!bytes_from_base64(arena, b->value, &s->signature)) {
        return settle(s, AUTH_NEUTRAL, "b= is no base64");
    }
    if (!seal && !bytes_from_base64(arena, bh->value, &s->body_digest)) {
        return settle(s, AUTH_NEUTRAL, "bh= is no base64");
    }
    return true;
}

static bool
read_place(struct arena *arena, const struct dkim_tags *tags, struct dkim_signature *s)
{
    struct bytes selector;
    struct writer w;

    if (!dkim_name_read(arena, s->result.domain, &s->domain)) {
        return settle(s, AUTH_NEUTRAL, "d= is no domain");
    }
    s->result.domain = s->domain; /* so that alignment need not know U-labels */
    if (!dkim_name_read(arena, s->result.selector, &selector)) {
        return settle(s, AUTH_NEUTRAL, "s= is no selector");
    }
    writer_init(&w, arena);
    writer_bytes(&w, selector);
    writer_text(&w, "._domainkey.");
    writer_bytes(&w, s->domain);
    s->key_name = writer_view(&w);
    return read_identity(arena, tags, s);
}

/* All that a reader of the result wants to see, whether it is good or not. */
static void
read_shown(const struct dkim_tags *tags, struct dkim_result *r)
{
    r->domain = dkim_tags_value(tags, "d", "");
    r->selector = dkim_tags_value(tags, "s", "");
    r->algorithm = dkim_tags_value(tags, "a", "");
}

void
dkim_signature_read(struct arena *arena, struct bytes field, int64_t now_s, bool legacy,
                    struct dkim_signature *s_r)
{
    struct dkim_tags tags;
    struct dkim_signature *s = s_r;

    *s = (struct dkim_signature){.field = field, .result.result = AUTH_NONE};
    if (dkim_tags_read(canonical_field_value(field), &tags, NULL) != SK_OK) {
        (void)settle(s, AUTH_NEUTRAL, "the signature is malformed");
        return;
    }
    read_shown(&tags, &s->result);
    struct bytes version =
        dkim_tags_value(&tags, "v", "0.5"); /* the drafts before RFC 4871 had none */
    if (!bytes_is(version, "1") && !(legacy && bytes_is(version, "0.5"))) {
        bool draft = bytes_is(version, "0.5");
        (void)settle(s, draft ? AUTH_POLICY : AUTH_NEUTRAL,
                     draft ? "a signature by a draft before RFC 4871"
                           : "the version is unknown");
        return;
    }
    (void)(read_signature_bytes(arena, &tags, s) && read_place(arena, &tags, s) &&
           read_names(arena, &tags, s) && read_algorithms(arena, &tags, legacy, s) &&
           read_times(&tags, now_s, s));
}

void
dkim_signature_read_arc(struct arena *arena, struct bytes field,
                        const struct dkim_tags *tags, enum dkim_kind kind, int64_t now_s,
                        bool legacy, struct dkim_signature *s_r)
{
    struct dkim_signature *s = s_r;

    *s = (struct dkim_signature){.kind = kind, .field = field, .result.result = AUTH_NONE};
    read_shown(tags, &s->result);
    (void)(read_signature_bytes(arena, tags, s) && read_place(arena, tags, s) &&
           (kind == DKIM_ARC_SEAL || read_names(arena, tags, s)) &&
           read_algorithms(arena, tags, legacy, s) && read_times(tags, now_s, s));
}
