/* A record's line, read by the keeper: a worker may have been taken over. And a frame of the journal, whose file may have
 * been altered. */
#include "base/utf8.h"
#include "record/journal.h"
#include "record/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = bytes_of(data, size);
    struct arena arena;
    struct record_row row;
    struct journal_frame frame;

    arena_init(&arena, (size_t)64 << 20);
    if (record_read(&arena, b, &row) == SK_OK && row.kind != RECORD_OTHER) {
        SK_ASSERT(row.event.id.size > 0 && row.event.unwanted >= 0 &&
                  row.event.unwanted <= 1);
    }
    for (size_t at = 0; journal_frame_read(b, at, &frame) == SK_OK;) {
        SK_ASSERT(frame.size >= JOURNAL_HEADER_SIZE && frame.size <= size - at);
        at += frame.size;
    }
    arena_release(&arena);
    return 0;
}
