/* The bytes are the record of the sender's domain; every other question gets the same few answers, some of them the
 * record again (include and redirect loops), some errors. */
#include "base/limits.h"
#include "trace/spf_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
answer(struct dns_memo *memo, struct bytes record)
{
    while (memo->wanted != NULL) {
        struct dns_answer a = {
            .name = memo->wanted->name, .type = memo->wanted->type, .status = DNS_FOUND};
        struct dns_record *r = ARENA_NEW(memo->arena, struct dns_record);
        unsigned turn = a.name.at[0] & 7u;
        a.records = r;
        a.record_count = 1;
        switch (a.type) {
        case DNS_A:
            r->data = turn < 4 ? BYTES("\xc0\0\2\1") : BYTES("\xc0\0\2\x09");
            break;
        case DNS_AAAA:
            r->data = BYTES("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
            break;
        case DNS_TXT:
            r->data = record;
            break;
        default:
            r->data = BYTES("mx.a.test");
        }
        if (turn == 7 && !bytes_is(a.name, "a.test")) {
            a.status = DNS_TIMEOUT;
            a.record_count = 0;
        }
        dns_memo_put(memo, &a);
    }
}

static void
check(struct bytes record, const char *ip, struct bytes mail_from)
{
    struct arena arena;
    struct dns_memo memo;
    struct net_address address;
    struct spf_result result;
    struct spf_query query = {
        .ip = &address, .helo = BYTES("a.test"), .mail_from = mail_from};
    int rounds = 0;

    arena_init(&arena, 1ul << 28);
    dns_memo_init(&memo, &arena);
    (void)net_address_read(bytes_from_text(ip), &address);
    while (spf_check(&arena, &memo, &query, &result) == SK_MORE) {
        SK_ASSERT(memo.wanted != NULL && ++rounds <= LIMIT_DNS_QUESTIONS);
        answer(&memo, record);
    }
    SK_ASSERT(auth_result_name(result.result) != NULL);
    for (size_t i = 0; i < result.explanation.size; i++) {
        SK_ASSERT(result.explanation.at[i] >= ' ' && result.explanation.at[i] <= '~');
    }
    arena_release(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes record = bytes_of(data, size);

    if (size > 2 * LIMIT_SPF_RECORD) {
        return 0;
    }
    check(record, "192.0.2.1", BYTES("strong-bad+x@a.test"));
    check(record, "2001:db8::1", BYTES(""));
    return 0;
}
