#include "trace/sign.h"

#include "base/limits.h"
#include "parse/domain.h"
#include "trace/canonical.h"
#include "trace/dkim_fields.h"
#include "trace/dkim_signature.h"

_Static_assert(SIGN_ROOM == LIMIT_KEY_SIGNATURE, "a signature has the room it may take");

#define LINE_WIDTH 76

/* What RFC 6376 5.4.1 names, and what the look of a message hangs on. */
#define HEADERS                                                                            \
    "From, Sender, Reply-To, Subject, Date, Message-ID, To, Cc, MIME-Version, "            \
    "Content-Type, Content-Transfer-Encoding, In-Reply-To, References, Resent-Date, "      \
    "Resent-From, Resent-Sender, Resent-To, Resent-Cc, Resent-Message-ID, List-Id, "       \
    "List-Help, List-Unsubscribe, List-Unsubscribe-Post, List-Subscribe, List-Post, "      \
    "List-Owner, List-Archive"
#define OVERSIGNED                                                                         \
    "From, Reply-To, Subject, Date, Message-ID, To, Cc, MIME-Version, Content-Type, "      \
    "Content-Transfer-Encoding"

const struct config_key sign_config_keys[] = {
    {"papers", "clients", CONFIG_LIST, "",
     .help =
         "Addresses and prefixes of hosts whose mail is ours and leaving: it is signed, "
         "and its envelope sender tagged."},
    {"papers", "authenticated", CONFIG_BOOL, "yes",
     .help = "Mail is ours and leaving, too, when a trusted front names its login (XCLIENT "
             "LOGIN)."},
    {"sign", "subdomains", CONFIG_BOOL, "no", .named = true,
     .help = "Also sign mail from names under DOMAIN."},
    {"sign", "selector_rsa", CONFIG_TEXT, "", .named = true,
     .help = "Selector of the RSA key: SELECTOR._domainkey.DOMAIN holds its public half."},
    {"sign", "key_rsa", CONFIG_TEXT, "", .named = true,
     .help = "PEM file of the RSA key, 2048 bits or more; only the key process reads it."},
    {"sign", "selector_ed25519", CONFIG_TEXT, "", .named = true,
     .help = "Selector of the Ed25519 key."},
    {"sign", "key_ed25519", CONFIG_TEXT, "", .named = true,
     .help = "PEM file of the Ed25519 key."},
    {"sign", "next_selector_rsa", CONFIG_TEXT, "", .named = true,
     .help = "Selector of the RSA key that comes next; published, not used yet."},
    {"sign", "next_key_rsa", CONFIG_TEXT, "", .named = true,
     .help = "PEM file of the RSA key that comes next."},
    {"sign", "next_selector_ed25519", CONFIG_TEXT, "", .named = true,
     .help = "Selector of the Ed25519 key that comes next; published, not used yet."},
    {"sign", "next_key_ed25519", CONFIG_TEXT, "", .named = true,
     .help = "PEM file of the Ed25519 key that comes next."},
    {"sign", "retired", CONFIG_LIST, "", .named = true,
     .help = "Selectors out of use, each as SELECTOR:YYYY-MM-DD: published until that day, "
             "then to be revoked."},
    {"sign", "headers", CONFIG_LIST, HEADERS, .named = true,
     .help = "Names of the fields that are signed as often as they are there; From always "
             "is."},
    {"sign", "oversigned", CONFIG_LIST, OVERSIGNED, .named = true,
     .help =
         "Of these one more is signed than is there, so that none can be added; Date and "
         "Message-ID only where there is one."},
    {"sign", "expire", CONFIG_TIME, "0", 0, (int64_t)366 * 86400000, NULL, true,
     "How long a signature is good (x=), for example 14d; 0: without end."},
    {.name = NULL},
};

/* --- settings --- */

/* What servers add or change on the way, our own included: to sign it is to break the signature. */
static bool
may_be_signed(struct bytes name)
{
    static const char *const not_these[] = {
        "received",
        "return-path",
        "dkim-signature",
        "authentication-results",
        "domainkey-signature",
        "delivered-to",
        "received-spf",
        "bcc",
    };

    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] <= ' ' || name.at[i] >= 0x7f || name.at[i] == ':' ||
            name.at[i] == ';') {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof not_these / sizeof not_these[0]; i++) {
        if (bytes_is_fold(name, not_these[i])) {
            return false;
        }
    }
    return name.size > 0 && !bytes_starts_fold(name, BYTES("X-Sekisho-")) &&
           !bytes_starts_fold(name, BYTES("X-Spam-")) &&
           !bytes_starts_fold(name, BYTES("ARC-"));
}

static enum sk_code
read_names(const struct config *config, size_t section, const char *key,
           const struct bytes **names_r, size_t *count_r, struct why *why)
{
    *names_r = config_named_list(config, "sign", section, key, count_r);
    for (size_t i = 0; i < *count_r; i++) {
        if (!may_be_signed((*names_r)[i])) {
            return why_set(why, SK_CONFIG,
                           "[sign %.*s] %s: %.*s is not a field to sign: servers on the "
                           "way add or change it",
                           BYTES_ARGUMENTS(config_named(config, "sign", section)), key,
                           BYTES_ARGUMENTS(bytes_slice((*names_r)[i], 0, 60)));
        }
    }
    if (*count_r > LIMIT_SIGN_HEADERS) {
        return why_set(why, SK_CONFIG, "[sign %.*s] %s: over %d names",
                       BYTES_ARGUMENTS(config_named(config, "sign", section)), key,
                       LIMIT_SIGN_HEADERS);
    }
    return SK_OK;
}

static enum sk_code
read_key(struct arena *arena, const struct config *config, size_t section, bool next,
         bool ed25519, struct sign_key *key_r, struct why *why)
{
    char selector_key[40], path_key[40];
    const char *start = next ? "next_" : "", *kind = ed25519 ? "ed25519" : "rsa";
    struct bytes section_name = config_named(config, "sign", section);

    snprintf(selector_key, sizeof selector_key, "%sselector_%s", start, kind);
    snprintf(path_key, sizeof path_key, "%skey_%s", start, kind);
    *key_r = (struct sign_key){.selector =
                                   config_named_text(config, "sign", section, selector_key),
                               .path = config_named_text(config, "sign", section, path_key),
                               .ed25519 = ed25519};
    if ((key_r->selector.size == 0) != (key_r->path.size == 0)) {
        return why_set(why, SK_CONFIG,
                       "[sign %.*s]: %s and %s are given together or not at "
                       "all",
                       BYTES_ARGUMENTS(section_name), selector_key, path_key);
    }
    if (key_r->selector.size > 0 &&
        (key_r->selector.size > LIMIT_SELECTOR ||
         !dkim_name_read(arena, key_r->selector, &key_r->selector))) {
        return why_set(why, SK_CONFIG,
                       "[sign %.*s]: %s is no selector: letters, digits and "
                       "hyphens, with dots between",
                       BYTES_ARGUMENTS(section_name), selector_key);
    }
    return SK_OK;
}

static bool
same_selector(const struct sign_key *a, const struct sign_key *b)
{
    return a->selector.size > 0 && bytes_equal_fold(a->selector, b->selector);
}

static enum sk_code
read_domain(struct arena *arena, const struct config *config, size_t section,
            struct sign_domain *d, struct why *why)
{
    struct bytes name = config_named(config, "sign", section);
    const struct sign_key *all[2 * SIGN_KINDS];
    enum sk_code code = SK_OK;
    struct bytes ascii;
    size_t count = 0;

    if (!domain_to_ascii(arena, name, &ascii) ||
        !dkim_name_read(arena, ascii, &d->domain)) {
        return why_set(why, SK_CONFIG, "[sign %.*s]: that is no domain name",
                       BYTES_ARGUMENTS(name));
    }
    d->subdomains = config_named_bool(config, "sign", section, "subdomains");
    d->expire_s = config_named_number(config, "sign", section, "expire") / 1000;
    d->retired = config_named_list(config, "sign", section, "retired", &d->retired_count);
    for (int i = 0; i < SIGN_KINDS && code == SK_OK; i++) {
        code = read_key(arena, config, section, false, i == 1, &d->keys[i], why);
        if (code == SK_OK) {
            code = read_key(arena, config, section, true, i == 1, &d->next[i], why);
        }
        all[count++] = &d->keys[i];
        all[count++] = &d->next[i];
    }
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        for (size_t k = 0; k < i && code == SK_OK; k++) {
            if (same_selector(all[i], all[k])) {
                code = why_set(why, SK_CONFIG,
                               "[sign %.*s]: two keys cannot share the selector %.*s",
                               BYTES_ARGUMENTS(name), BYTES_ARGUMENTS(all[i]->selector));
            }
        }
    }
    if (code == SK_OK) {
        code = read_names(config, section, "headers", &d->headers, &d->header_count, why);
    }
    if (code == SK_OK) {
        code = read_names(config, section, "oversigned", &d->oversigned,
                          &d->oversigned_count, why);
    }
    return code;
}

enum sk_code
sign_settings_new(struct arena *arena, const struct config *config,
                  const struct sign_settings **settings_r, struct why *why)
{
    struct sign_settings *s = ARENA_NEW(arena, struct sign_settings);
    const struct bytes *clients = config_list(config, "papers.clients", &s->client_count);
    struct net_prefix *prefixes = ARENA_NEW_MANY(arena, s->client_count, struct net_prefix);
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < s->client_count; i++) {
        if (!net_prefix_read(clients[i], &prefixes[i])) {
            return why_set_line(why, SK_CONFIG, config_line(config, "papers.clients"),
                                "papers.clients: %.60s is no address or prefix",
                                bytes_text(arena, clients[i]));
        }
    }
    s->clients = prefixes;
    s->authenticated = config_bool(config, "papers.authenticated");
    s->domain_count = config_named_count(config, "sign");
    struct sign_domain *domains =
        ARENA_NEW_MANY(arena, s->domain_count, struct sign_domain);
    for (size_t i = 0; i < s->domain_count && code == SK_OK; i++) {
        code = read_domain(arena, config, i, &domains[i], why);
    }
    s->domains = domains;
    *settings_r = s;
    return code;
}

/* --- which mail --- */

bool
sign_is_leaving(const struct sign_settings *settings, const struct arrival *arrival)
{
    if (settings->authenticated && arrival->user.size > 0) {
        return true;
    }
    for (size_t i = 0; i < settings->client_count; i++) {
        if (net_prefix_has(&settings->clients[i], &arrival->client)) {
            return true;
        }
    }
    return false;
}

const struct sign_domain *
sign_domain_of(const struct sign_settings *settings, const struct letter *letter)
{
    const struct sign_domain *found = NULL;
    uint8_t room[LIMIT_DOMAIN];
    struct bytes domain;

    if (settings->domain_count == 0 || header_count(&letter->header, BYTES("From")) != 1 ||
        letter->from.address_count != 1 || letter->from.addresses[0].is_group) {
        return NULL;
    }
    domain = letter->from.addresses[0].domain;
    if (domain.size == 0 || domain.size > sizeof room) {
        return NULL;
    }
    for (size_t i = 0; i < settings->domain_count; i++) {
        const struct sign_domain *d = &settings->domains[i];
        bool fits = d->subdomains ? dkim_is_under(domain, d->domain)
                                  : bytes_equal_fold(domain, d->domain);
        if (fits && (found == NULL || d->domain.size > found->domain.size)) {
            found = d;
        }
    }
    return found;
}

bool
sign_is_there(const struct origin *origin, const struct sign_domain *domain,
              const struct sign_key *key)
{
    for (size_t i = 0; i < origin->dkim_count; i++) {
        const struct dkim_result *r = &origin->dkim[i];
        if (r->result == AUTH_PASS && bytes_equal_fold(r->domain, domain->domain) &&
            bytes_equal_fold(r->selector, key->selector)) {
            return true;
        }
    }
    return false;
}

/* --- the signature --- */

/* A line without a blank at its start begins a field; one that the parser took for a continuation although it has none is
 * read in another way by others. */
static bool
is_folded_well(struct bytes whole)
{
    for (size_t lf = 0; (lf = bytes_find_byte(whole, '\n', lf)) != BYTES_NOWHERE; lf++) {
        if (lf + 1 < whole.size && whole.at[lf + 1] != ' ' && whole.at[lf + 1] != '\t') {
            return false;
        }
    }
    return true;
}

bool
sign_has_plain_form(const struct letter *letter)
{
    struct bytes raw = letter->raw;
    size_t empty = bytes_find(raw, BYTES("\r\n\r\n"), 0);

    for (size_t i = 0; i < letter->header.field_count; i++) {
        if (!is_folded_well(letter->header.fields[i].whole)) {
            return false;
        }
    }
    if (letter->header.field_count == 0 || letter->header.fields[0].whole.at != raw.at) {
        return false;
    }
    /* Past LIMIT_HEADER_FIELDS fields are not read: the last that was must be the last there is. */
    struct bytes last = letter->header.fields[letter->header.field_count - 1].whole;
    size_t end = empty == BYTES_NOWHERE ? raw.size : empty + 2;
    return last.at + last.size == raw.at + end &&
           (empty == BYTES_NOWHERE ? letter->body.size == 0
                                   : letter->body.size == raw.size - empty - 4);
}

static size_t
count_of(const struct header *header, struct bytes name)
{
    size_t count = 0;

    for (size_t i = 0; i < header->field_count; i++) {
        count += bytes_equal_fold(canonical_field_name(header->fields[i].whole), name);
    }
    return count;
}

/* h=: each name as often as it is covered, with colons between. *count: how many. */
static void
put_name(struct writer *names, struct bytes name, size_t times, size_t *count)
{
    for (size_t i = 0; i < times && *count <= LIMIT_SIGN_NAMES; i++) {
        if ((*count)++ > 0) {
            writer_byte(names, ':');
        }
        writer_bytes(names, name);
    }
}

static bool
lists(const struct bytes *names, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal_fold(names[i], name)) {
            return true;
        }
    }
    return false;
}

static size_t
times_of(const struct sign_domain *d, const struct header *header, struct bytes name)
{
    size_t there = count_of(header, name);
    bool added_when_missing =
        bytes_is_fold(name, "Date") || bytes_is_fold(name, "Message-ID");
    bool over =
        bytes_is_fold(name, "From") || lists(d->oversigned, d->oversigned_count, name);

    return there + (over && (there > 0 || !added_when_missing));
}

static enum sk_code
write_names(const struct sign_domain *d, const struct header *header, struct writer *names)
{
    const struct bytes from = BYTES("From");
    size_t count = 0;

    put_name(names, from, times_of(d, header, from), &count);
    for (size_t i = 0; i < d->header_count; i++) {
        if (!bytes_equal_fold(d->headers[i], from) &&
            !lists(d->headers, i, d->headers[i])) {
            put_name(names, d->headers[i], times_of(d, header, d->headers[i]), &count);
        }
    }
    for (size_t i = 0; i < d->oversigned_count; i++) {
        if (!bytes_equal_fold(d->oversigned[i], from) &&
            !lists(d->headers, d->header_count, d->oversigned[i]) &&
            !lists(d->oversigned, i, d->oversigned[i])) {
            put_name(names, d->oversigned[i], times_of(d, header, d->oversigned[i]),
                     &count);
        }
    }
    return count <= LIMIT_SIGN_NAMES ? SK_OK : SK_LIMIT;
}

/* Ends the line when `size` more bytes would not fit. */
static void
fold(struct writer *w, size_t size)
{
    struct bytes text = writer_view(w);
    size_t line = bytes_find_last(text, '\n');
    size_t used = text.size - (line == BYTES_NOWHERE ? 0 : line + 1);

    if (used + size > LINE_WIDTH) {
        writer_text(w, "\r\n\t");
    }
}

static void
write_folded_names(struct writer *w, struct bytes names)
{
    struct bytes name;
    bool first = true;

    while (bytes_split(&names, ':', &name)) {
        if (!first) {
            writer_byte(w, ':');
        }
        first = false;
        fold(w, name.size + 1);
        writer_bytes(w, name);
    }
}

static void
write_folded(struct writer *w, struct bytes text)
{
    for (size_t at = 0; at < text.size; at += LINE_WIDTH - 8) {
        struct bytes piece = bytes_slice(text, at, at + LINE_WIDTH - 8);
        fold(w, piece.size + 1);
        writer_bytes(w, piece);
    }
}

/* All but the signature itself: it ends in "b=". */
static void
write_begin(struct arena *arena, struct writer *w, const struct sign_domain *d,
            const struct sign_key *key, int64_t now_s, struct bytes names,
            struct bytes body_digest)
{
    writer_format(w, "DKIM-Signature: v=1; a=%s-sha256; c=relaxed/relaxed;\r\n\td=",
                  key->ed25519 ? "ed25519" : "rsa");
    writer_bytes(w, d->domain);
    writer_byte(w, ';');
    fold(w, key->selector.size + 4);
    writer_text(w, " s=");
    writer_bytes(w, key->selector);
    writer_byte(w, ';');
    fold(w, 16);
    writer_format(w, " t=%lld;", (long long)now_s);
    if (d->expire_s > 0) {
        fold(w, 16);
        int64_t expires_s = now_s + d->expire_s;
        writer_format(w, " x=%lld;", (long long)expires_s);
    }
    writer_text(w, "\r\n\th=");
    write_folded_names(w, names);
    writer_text(w, ";\r\n\tbh=");
    writer_bytes(w, bytes_base64(arena, body_digest));
    writer_text(w, ";\r\n\tb=");
}

static enum sk_code
write_signature(const struct sign_domain *domain, const struct sign_key *key,
                struct dkim_fields *fields, int64_t now_s, struct bytes names,
                struct bytes body_digest, sign_ask *ask, void *context, struct writer *out)
{
    uint8_t digest[CANONICAL_DIGEST_MAX], signature[SIGN_ROOM];
    struct arena *arena = out->arena;
    struct canonical c;
    struct writer w;
    size_t size;

    writer_init(&w, arena);
    write_begin(arena, &w, domain, key, now_s, names, body_digest);
    struct bytes whole = writer_view(&w);
    canonical_begin(&c, CANONICAL_SHA256, CANONICAL_ALL, NULL);
    dkim_fields_put(fields, &c, CANONICAL_RELAXED, names, BYTES_NONE);
    canonical_signature(&c, CANONICAL_RELAXED, whole, bytes_from(whole, whole.size));
    (void)canonical_end(&c, digest);
    if (!ask(context, domain, key, digest, signature, &size)) {
        return SK_LATER;
    }
    write_folded(&w, bytes_base64(arena, bytes_of(signature, size)));
    writer_text(&w, "\r\n");
    writer_bytes(out, writer_view(&w));
    return SK_OK;
}

enum sk_code
sign_message(struct arena *arena, const struct sign_domain *domain,
             const struct letter *letter, const struct header *header,
             const struct origin *origin, int64_t now_s, sign_ask *ask, void *context,
             struct bytes *fields_r)
{
    uint8_t digest[CANONICAL_DIGEST_MAX];
    struct dkim_fields fields;
    struct canonical c;
    struct writer names, out;

    *fields_r = BYTES_NONE;
    writer_init(&names, arena);
    writer_init(&out, arena);
    if (!sign_has_plain_form(letter)) {
        return SK_BAD;
    }
    enum sk_code code = write_names(domain, header, &names);
    if (code != SK_OK) {
        return code;
    }
    canonical_begin(&c, CANONICAL_SHA256, CANONICAL_ALL, NULL);
    canonical_body(&c, CANONICAL_RELAXED, letter->body);
    size_t digest_size = canonical_end(&c, digest);
    dkim_fields_init(&fields, arena, header);
    for (int i = 0; i < SIGN_KINDS && code == SK_OK; i++) {
        const struct sign_key *key = &domain->keys[i];
        if (key->selector.size > 0 &&
            (origin == NULL || !sign_is_there(origin, domain, key))) {
            code = write_signature(domain, key, &fields, now_s, writer_view(&names),
                                   bytes_of(digest, digest_size), ask, context, &out);
        }
    }
    if (code == SK_OK) {
        *fields_r = writer_view(&out);
    }
    return code;
}
