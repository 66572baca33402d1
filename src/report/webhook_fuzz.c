/* What answers a web hook is a stranger; what is read of it is its first line. */
#include "report/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    unsigned status = 0, again = 0;
    enum sk_code code = webhook_answer_read(input, &status);

    SK_ASSERT(code == SK_OK || code == SK_MORE || code == SK_BAD || code == SK_LIMIT);
    SK_ASSERT(code != SK_OK || (status >= 100 && status <= 599));
    /* More bytes do not change an answer that was given. */
    for (size_t part = 0; part < size && part < 64; part++) {
        enum sk_code early = webhook_answer_read(bytes_slice(input, 0, part), &again);
        SK_ASSERT(early == SK_MORE ||
                  (early == code && (code != SK_OK || again == status)));
    }
    return 0;
}
