#include "base/limits.h"
#include "base/why.h"
#include "judge/normal.h"
#include "judge/threat_when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first bytes are the moment and the zone. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct threat_when when;
    int64_t now = 0;

    if (size < 5) {
        return 0;
    }
    for (int i = 0; i < 4; i++) {
        now = now << 8 | data[i];
    }
    int zone = (data[4] % 105 - 48) * 15;
    arena_init(&arena, (size_t)1 << 24);
    struct bytes normal = normal_form(&arena, bytes_of(data + 5, size - 5), 4096);
    bool is = threat_when_read(normal, now, zone, &when);
    SK_ASSERT(is || (when.words.size == 0 && when.from == 0 && when.to == 0));
    SK_ASSERT(!is ||
              (when.to >= when.from && when.words.size > 0 && when.words.at >= normal.at &&
               when.words.at + when.words.size <= normal.at + normal.size));
    arena_release(&arena);
    return 0;
}
