/* A record up to a NUL, and then a header: the purported responsible address (RFC 4407), and the record as the answer to
 * every question about its domain. */
#include "trace/senderid.h"

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_field(const struct field *field, const char *name)
{
    return bytes_is_fold(field->name, name) && bytes_trim(field->value).size > 0;
}

/* Which field is responsible, once more: RFC 4407 section 2 in one walk down the header. */
static const struct field *
responsible_in(const struct header *header)
{
    const struct field *resent_from = NULL, *sender = NULL, *from = NULL;
    size_t senders = 0, froms = 0;
    bool parted = false;

    for (size_t i = 0; i < header->field_count; i++) {
        const struct field *field = &header->fields[i];
        if (is_field(field, "Resent-Sender")) {
            return resent_from != NULL && parted ? resent_from : field;
        }
        if (is_field(field, "Resent-From") && resent_from == NULL) {
            resent_from = field;
        } else if (resent_from != NULL && (bytes_is_fold(field->name, "Received") ||
                                           bytes_is_fold(field->name, "Return-Path"))) {
            parted = true;
        } else if (is_field(field, "Sender")) {
            sender = senders++ == 0 ? field : sender;
        } else if (is_field(field, "From")) {
            from = froms++ == 0 ? field : from;
        }
    }
    if (resent_from != NULL) {
        return resent_from;
    }
    if (senders > 0) {
        return senders == 1 ? sender : NULL;
    }
    return froms == 1 ? from : NULL;
}

static void
answer(struct dns_memo *memo, struct bytes record)
{
    while (memo->wanted != NULL) {
        struct dns_answer a = {
            .name = memo->wanted->name, .type = memo->wanted->type, .status = DNS_NXDOMAIN};
        struct dns_record *r = ARENA_NEW(memo->arena, struct dns_record);
        r->data = record;
        if (a.type == DNS_TXT) {
            a.status = DNS_FOUND;
            a.records = r;
            a.record_count = 1;
        }
        dns_memo_put(memo, &a);
    }
}

static void
check(struct arena *arena, const struct header *header, struct bytes record,
      struct senderid_result *result_r)
{
    struct net_address ip;
    struct dns_memo memo;
    const struct senderid_query query = {.ip = &ip,
                                         .helo = BYTES("a.test"),
                                         .header = header,
                                         .scope = SPF_SCOPE_PRA,
                                         .now_s = 1700000000};
    int rounds = 0;

    SK_ASSERT(net_address_read(BYTES("192.0.2.1"), &ip));
    dns_memo_init(&memo, arena);
    while (senderid_check(arena, &memo, &query, result_r) == SK_MORE) {
        SK_ASSERT(memo.wanted != NULL && ++rounds <= LIMIT_DNS_QUESTIONS);
        answer(&memo, record);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes record, field, address, rest = bytes_of(data, size);
    struct senderid_result result;
    struct arena arena;

    if (!bytes_split(&rest, 0, &record) || record.size > 2 * LIMIT_SPF_RECORD) {
        return 0;
    }
    arena_init(&arena, 256u << 20);
    const struct letter *letter = letter_read_header(&arena, rest);
    const struct field *responsible = responsible_in(&letter->header);
    bool is = senderid_responsible(&arena, &letter->header, &field, &address);
    SK_ASSERT(field.at == (responsible == NULL ? NULL : responsible->name.at));
    SK_ASSERT(is == (address.size > 0));
    if (is) {
        size_t at = bytes_find_last(address, '@');
        SK_ASSERT(at != BYTES_NOWHERE && at > 0 && at + 1 < address.size);
    }
    check(&arena, &letter->header, record, &result);
    SK_ASSERT(bytes_equal(result.address, address) && bytes_equal(result.field, field));
    SK_ASSERT(is ? result.domain.size > 0 : result.result == AUTH_NONE);
    arena_release(&arena);
    return 0;
}
