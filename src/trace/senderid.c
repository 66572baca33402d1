#include "trace/senderid.h"

#include "parse/address.h"
#include "parse/domain.h"
#include "parse/header.h"
#include "trace/spf_private.h"

static bool
is_named(const struct field *field, const char *name)
{
    return bytes_is_fold(field->name, name) && bytes_trim(field->value).size > 0;
}

/* The first field of that name that is not empty; field_count if none. */
static size_t
first_of(const struct header *header, const char *name)
{
    size_t i = 0;

    while (i < header->field_count && !is_named(&header->fields[i], name)) {
        i++;
    }
    return i;
}

/* The only one of that name. false: there are more; index_r is field_count if there is none. */
static bool
only_of(const struct header *header, const char *name, size_t *index_r)
{
    *index_r = first_of(header, name);
    for (size_t i = *index_r + 1; i < header->field_count; i++) {
        if (is_named(&header->fields[i], name)) {
            return false;
        }
    }
    return true;
}

/* Whether a server's field parts the two: then they belong to different acts of sending on. */
static bool
is_parted(const struct header *header, size_t from, size_t to)
{
    for (size_t i = from + 1; i < to; i++) {
        if (bytes_is_fold(header->fields[i].name, "Received") ||
            bytes_is_fold(header->fields[i].name, "Return-Path")) {
            return true;
        }
    }
    return false;
}

/* Steps 1 to 4 of RFC 4407 section 2: the field, or NULL. */
static const struct field *
responsible_field(const struct header *header)
{
    size_t sender = first_of(header, "Resent-Sender"),
           from = first_of(header, "Resent-From"), count = header->field_count;

    if (sender < count && !(from < sender && is_parted(header, from, sender))) {
        return &header->fields[sender];
    }
    if (from < count) {
        return &header->fields[from];
    }
    if (!only_of(header, "Sender", &sender)) {
        return NULL;
    }
    if (sender < count) {
        return &header->fields[sender];
    }
    return only_of(header, "From", &from) && from < count ? &header->fields[from] : NULL;
}

bool
senderid_responsible(struct arena *arena, const struct header *header,
                     struct bytes *field_r, struct bytes *address_r)
{
    const struct field *field = responsible_field(header);
    struct address_list list;

    *field_r = *address_r = BYTES_NONE;
    if (field == NULL) {
        return false;
    }
    *field_r = field->name;
    address_list_read(arena, field->value, &list, NULL);
    if (list.address_count != 1 || list.addresses[0].is_group ||
        list.addresses[0].local.size == 0 || list.addresses[0].domain.size == 0) {
        return false;
    }
    *address_r = list.addresses[0].text;
    return true;
}

/* Step "initial processing" of RFC 4406 4.3, and which record will be read. true: the result stands already. */
static bool
is_settled(struct dns_memo *memo, enum spf_scope scope, struct senderid_result *result,
           bool *more)
{
    bool several;
    bool pra = scope == SPF_SCOPE_PRA;

    if (!spf_is_domain(result->domain)) {
        result->result = pra ? AUTH_FAIL : AUTH_NONE;
        result->reason = BYTES("malformed domain");
        return true;
    }
    const struct dns_answer *a = dns_memo_ask(memo, result->domain, DNS_TXT);
    *more = a == NULL;
    if (a == NULL) {
        return false;
    }
    if (pra && a->status == DNS_NXDOMAIN) {
        result->result = AUTH_FAIL;
        result->reason = BYTES("domain does not exist");
        return true;
    }
    const struct dns_record *record = spf_record_select(a, scope, &several);
    if (record != NULL && !several) {
        result->record = record->data;
    }
    return false;
}

static struct bytes
domain_of(struct arena *arena, struct bytes address)
{
    size_t at = bytes_find_last(address, '@');
    struct bytes ascii,
        domain = at == BYTES_NOWHERE ? address : bytes_from(address, at + 1);

    for (size_t i = 0; i < domain.size; i++) {
        if (domain.at[i] >= 0x80) {
            return domain_to_ascii(arena, domain, &ascii) ? ascii : domain;
        }
    }
    return domain;
}

enum sk_code
senderid_check(struct arena *arena, struct dns_memo *memo,
               const struct senderid_query *query, struct senderid_result *result_r)
{
    struct spf_result spf;
    struct spf_query inner = {.ip = query->ip,
                              .helo = query->helo,
                              .mail_from = query->mail_from,
                              .now_s = query->now_s,
                              .scope = query->scope};
    bool more = false;

    *result_r = (struct senderid_result){.result = AUTH_NONE};
    if (query->scope == SPF_SCOPE_PRA) {
        if (!senderid_responsible(arena, query->header, &result_r->field,
                                  &result_r->address)) {
            result_r->reason = BYTES("no purported responsible address");
            return SK_OK;
        }
        inner.mail_from = result_r->address;
    }
    result_r->domain =
        domain_of(arena, inner.mail_from.size > 0 ? inner.mail_from : query->helo);
    if (!query->ip->known) {
        result_r->reason = BYTES("no client address");
        return SK_OK;
    }
    if (is_settled(memo, query->scope, result_r, &more)) {
        return SK_OK;
    }
    if (more) {
        return SK_MORE;
    }
    if (inner.mail_from.size > 0) { /* its domain in the form that can be asked */
        struct writer w;
        writer_init(&w, arena);
        writer_bytes(
            &w, bytes_slice(inner.mail_from, 0, bytes_find_last(inner.mail_from, '@') + 1));
        writer_bytes(&w, result_r->domain);
        inner.mail_from = writer_view(&w);
    }
    if (spf_check(arena, memo, &inner, &spf) == SK_MORE) {
        return SK_MORE;
    }
    result_r->result = spf.result;
    result_r->reason = spf.reason.size > 0 || spf.result != AUTH_FAIL
                           ? spf.reason
                           : BYTES("not permitted");
    return SK_OK;
}
