#include "trace/domainkeys.h"

#include "base/limits.h"
#include "base/table.h"
#include "trace/dkim_signature.h"
#include "trace/key.h"

struct domainkey {
    struct dkim_result *result;
    enum canonical_form form;
    struct bytes key_name;
    struct bytes domain;
    struct bytes signature;
    struct bytes names; /* h=; "" for all */
};

static bool
settle(struct domainkey *s, enum auth_result result, const char *reason)
{
    s->result->result = result;
    s->result->reason = bytes_from_text(reason);
    return false;
}

static bool
read_signature(struct arena *arena, struct bytes field, struct domainkey *s)
{
    struct dkim_result *r = s->result;
    struct dkim_tags tags;
    struct bytes selector, form;
    struct writer w;

    if (dkim_tags_read(canonical_field_value(field), &tags, NULL) != SK_OK) {
        return settle(s, AUTH_NEUTRAL, "the signature is malformed");
    }
    r->domain = dkim_tags_value(&tags, "d", "");
    r->selector = dkim_tags_value(&tags, "s", "");
    r->algorithm = dkim_tags_value(&tags, "a", "rsa-sha1");
    r->canonicalization = form = dkim_tags_value(&tags, "c", "simple");
    r->signed_fields = s->names = dkim_tag_squeeze(arena, dkim_tags_value(&tags, "h", ""));
    r->b = bytes_slice(dkim_tag_squeeze(arena, dkim_tags_value(&tags, "b", "")), 0, 8);
    s->form = bytes_is_fold(form, "nofws") ? CANONICAL_NOFWS : CANONICAL_SIMPLE;
    if (!bytes_is_fold(r->algorithm, "rsa-sha1") ||
        (s->form == CANONICAL_SIMPLE && !bytes_is_fold(form, "simple"))) {
        return settle(s, AUTH_NEUTRAL, "the algorithm or canonicalization is unknown");
    }
    if (!bytes_is_fold(dkim_tags_value(&tags, "q", "dns"), "dns")) {
        return settle(s, AUTH_NEUTRAL, "the key cannot be asked for as q= wants");
    }
    if (!dkim_name_read(arena, r->domain, &s->domain) ||
        !dkim_name_read(arena, r->selector, &selector)) {
        return settle(s, AUTH_NEUTRAL, "d= or s= is no name");
    }
    if (!bytes_from_base64(arena, dkim_tags_value(&tags, "b", ""), &s->signature)) {
        return settle(s, AUTH_NEUTRAL, "b= is no base64");
    }
    writer_init(&w, arena);
    writer_bytes(&w, selector);
    writer_text(&w, "._domainkey.");
    writer_bytes(&w, s->domain);
    s->key_name = writer_view(&w);
    return true;
}

/* The address the mail is from (RFC 4870 3.3: Sender, else the first of From). */
static const struct address *
sending_address(const struct letter *letter)
{
    if (letter->sender.address_count > 0) {
        return &letter->sender.addresses[0];
    }
    return letter->from.address_count > 0 ? &letter->from.addresses[0] : NULL;
}

/* Whether the field that the address is from is signed: below the signature, and named in h= where that is given. One of
 * that name above could be anyone's. */
static bool
sending_address_is_signed(const struct letter *letter, size_t signature_at,
                          const struct domainkey *s)
{
    struct bytes used = letter->sender.address_count > 0 ? BYTES("sender") : BYTES("from");
    struct bytes rest = s->names, name;
    bool named = rest.size == 0;

    for (size_t i = 0; i < signature_at; i++) {
        struct bytes whole = letter->header.fields[i].whole;
        if (bytes_equal_fold(canonical_field_name(whole), used)) {
            return false;
        }
    }
    while (rest.size > 0 && bytes_split(&rest, ':', &name)) {
        named = named || bytes_equal_fold(name, used);
    }
    return named;
}

static size_t
hash_message(struct arena *arena, const struct letter *letter, size_t signature_at,
             const struct domainkey *s, uint8_t digest_r[CANONICAL_DIGEST_MAX])
{
    struct table names;
    struct bytes rest = s->names, name;
    struct canonical c;

    table_init(&names, arena, true);
    while (rest.size > 0 && bytes_split(&rest, ':', &name)) {
        table_put(&names, name, &names);
    }
    canonical_begin(&c, CANONICAL_SHA1, CANONICAL_ALL, NULL);
    for (size_t i = signature_at + 1; i < letter->header.field_count; i++) {
        struct bytes whole = letter->header.fields[i].whole;
        if (s->names.size == 0 || table_get(&names, canonical_field_name(whole)) != NULL) {
            canonical_field(&c, s->form, whole);
        }
    }
    /* Empty lines at the end of the message do not count, nor does the one before an empty body. */
    if (canonical_body_size(s->form, letter->body) > 0) {
        canonical_put(&c, BYTES("\r\n"));
        canonical_body(&c, s->form, letter->body);
    }
    return canonical_end(&c, digest_r);
}

static bool
granularity_allows(const struct key *key, struct bytes local)
{
    return !key->has_granularity || key->granularity.size == 0 ||
           bytes_equal(key->granularity, local);
}

static void
verify(struct arena *arena, const struct letter *letter, size_t signature_at,
       struct domainkey *s, const struct dns_answer *answer)
{
    const struct address *from = sending_address(letter);
    uint8_t digest[CANONICAL_DIGEST_MAX];
    struct key key;
    struct why why;

    if (answer->status == DNS_SERVFAIL || answer->status == DNS_TIMEOUT) {
        (void)settle(s, AUTH_TEMPERROR, "the key could not be asked for");
        return;
    }
    if (answer->status != DNS_FOUND || answer->record_count == 0) {
        (void)settle(s, AUTH_PERMERROR, "there is no key");
        return;
    }
    if (from == NULL || !dkim_is_under(from->domain, s->domain)) {
        (void)settle(s, AUTH_PERMERROR, "the sending address is not of the signing domain");
        return;
    }
    if (!sending_address_is_signed(letter, signature_at, s)) {
        (void)settle(s, AUTH_PERMERROR, "the sending address is not signed");
        return;
    }
    key_read(arena, answer->records[0].data, true, &key, &why);
    s->result->key_bits = key.bits;
    s->result->testing = key.testing;
    if (key.trust != KEY_GOOD || key.kind != KEY_RSA ||
        !granularity_allows(&key, from->local)) {
        (void)settle(s, AUTH_PERMERROR, "the key cannot be used");
        return;
    }
    size_t size = hash_message(arena, letter, signature_at, s, digest);
    if (key_verify(&key, CANONICAL_SHA1, bytes_of(digest, size), s->signature)) {
        (void)settle(s, AUTH_PASS, "");
    } else {
        (void)settle(s, AUTH_FAIL, "the message was changed, or the key is another");
    }
}

enum sk_code
domainkeys_check(struct arena *arena, const struct letter *letter, struct dns_memo *memo,
                 bool legacy, struct dkim_result **results_r, size_t *count_r)
{
    const struct header *header = &letter->header;
    struct dkim_result *results =
        ARENA_NEW_MANY(arena, header->field_count, struct dkim_result);
    size_t count = 0;
    bool waiting = false;

    for (size_t i = 0; i < header->field_count; i++) {
        struct bytes whole = header->fields[i].whole;
        if (!bytes_is_fold(canonical_field_name(whole), "domainkey-signature")) {
            continue;
        }
        struct domainkey s = {.result = &results[count++]};
        if (!read_signature(arena, whole, &s)) {
            continue;
        }
        if (!legacy || count > LIMIT_DOMAINKEYS_SIGNATURES) {
            (void)settle(&s, AUTH_POLICY,
                         legacy ? "too many signatures" : "DomainKeys is retired");
            continue;
        }
        const struct dns_answer *answer = dns_memo_ask(memo, s.key_name, DNS_TXT);
        if (answer == NULL) {
            waiting = true;
        } else {
            verify(arena, letter, i, &s, answer);
        }
    }
    *results_r = results;
    *count_r = count;
    return waiting ? SK_MORE : SK_OK;
}
