/* The bytes are a policy record, alone and as the answer to every question of a check. */
#include "base/limits.h"
#include "trace/dmarc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct dns_memo memo;
    struct dmarc_record parsed;
    struct dmarc_result result;
    struct dmarc_detail detail;
    struct dns_record record = {.data = bytes_of(data, size)};
    struct bytes from = BYTES("a.b.example.com");
    struct dmarc_identity ids[] = {{BYTES("c.example.com"), AUTH_PASS},
                                   {BYTES("b.example.com"), AUTH_TEMPERROR}};
    const struct dmarc_query query = {&from, 1, &ids[0], &ids[1], 1, 1};

    if (size > LIMIT_DNS_ANSWER) {
        return 0;
    }
    arena_init(&arena, 1ul << 26);
    dns_memo_init(&memo, &arena);
    bool is = dmarc_record_read(record.data, &parsed);
    while (dmarc_check(&arena, &memo, &query, &result, &detail) == SK_MORE) {
        SK_ASSERT(memo.wanted != NULL);
        while (memo.wanted != NULL) {
            struct dns_answer a = {.name = memo.wanted->name,
                                   .type = memo.wanted->type,
                                   .records = &record,
                                   .record_count = 1};
            dns_memo_put(&memo, &a);
        }
    }
    SK_ASSERT(memo.questions_max <= LIMIT_DNS_QUESTIONS + LIMIT_DMARC_QUERIES + 1);
    SK_ASSERT(is || result.result == AUTH_NONE);
    SK_ASSERT((result.policy == DMARC_NO_RECORD) == (result.result == AUTH_NONE));
    arena_release(&arena);
    return 0;
}
