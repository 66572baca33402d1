/* What answers a web hook or a witness is a stranger. In whatever pieces his words come, they mean the same. */
#include "base/limits.h"
#include "report/post_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    enum sk_code code, end;
    unsigned status;
    struct bytes body;
};

/* Reads input in pieces of so many bytes, as a stream gives them: what was not taken stands before what follows. */
static struct outcome
outcome_of(struct arena *arena, struct bytes input, size_t piece)
{
    struct post_answer answer;
    enum sk_code code = SK_MORE;
    size_t at = 0, seen = 0, used;

    post_answer_init(&answer, arena);
    while (code == SK_MORE && seen < input.size) {
        seen = input.size - seen < piece ? input.size : seen + piece;
        code = post_answer_read(&answer, bytes_slice(input, at, seen), &used);
        SK_ASSERT(used <= seen - at);
        at += used;
    }
    SK_ASSERT(answer.body.size <= LIMIT_POST_BODY && answer.status <= 599 &&
              answer.head_size <= LIMIT_POST_HEAD);
    SK_ASSERT(code != SK_OK || answer.status >= 200);
    return (struct outcome){code, code == SK_MORE ? post_answer_end(&answer) : SK_BAD,
                            answer.status, writer_view(&answer.body)};
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    struct arena arena;
    unsigned status = 0;

    arena_init(&arena, (size_t)LIMIT_POST_BODY * 32);
    struct outcome whole = outcome_of(&arena, input, size + 1);
    for (size_t piece = 1; piece <= 7 && size < 4096; piece += 3) {
        struct outcome parts = outcome_of(&arena, input, piece);
        SK_ASSERT(parts.code == whole.code && parts.end == whole.end &&
                  parts.status == whole.status &&
                  (whole.code == SK_BAD || whole.code == SK_LIMIT ||
                   bytes_equal(parts.body, whole.body)));
    }
    /* The first line alone says the same of the status. */
    enum sk_code code = post_status_read(input, &status);
    SK_ASSERT((code == SK_OK) == (whole.status != 0) && status == whole.status);
    arena_release(&arena);
    return 0;
}
