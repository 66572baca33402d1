/* All answers of a session, one after the other: each is read within its bounds, and none is read twice. */
#include "net/clamd.h"

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    struct clamd_answer answer;
    size_t used;

    for (size_t i = 0; i < LIMIT_CLAMD_PIECES; i++) {
        enum sk_code code = clamd_answer_read(input, &used, &answer);
        SK_ASSERT(used <= input.size && used <= LIMIT_CLAMD_LINE);
        SK_ASSERT((code == SK_MORE || code == SK_LIMIT) == (used == 0));
        if (code == SK_MORE) {
            SK_ASSERT(input.size < LIMIT_CLAMD_LINE);
        }
        if (code != SK_OK) {
            break;
        }
        SK_ASSERT(answer.result != CLAMD_UNKNOWN && answer.number <= 999999999);
        SK_ASSERT((answer.result == CLAMD_FOUND) <= (answer.name.size > 0));
        SK_ASSERT(answer.name.size == 0 ||
                  (answer.name.at >= input.at &&
                   answer.name.at + answer.name.size < input.at + used));
        input = bytes_from(input, used);
    }
    return 0;
}
