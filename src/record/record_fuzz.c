/* A record's line, read by the keeper: a worker may have been taken over. And a frame of the journal, whose file may have
 * been altered. */
#include "base/utf8.h"
#include "record/journal.h"
#include "record/retention.h"
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
    struct retention_order order;
    if (retention_order_read(&arena, b, &order) == SK_OK) {
        for (size_t i = 1; i < order.count; i++) {
            SK_ASSERT(order.indices[i - 1] < order.indices[i]);
        }
    }
    struct bytes rest;
    if (record_content_without(&arena, b, BYTES("a@b"), FAMILY_BIT(FAMILY_CONTENT), 7,
                               &rest) == SK_OK &&
        rest.size > 0) {
        SK_ASSERT(record_content_without(&arena, rest, BYTES("a@b"),
                                         FAMILY_BIT(FAMILY_CONTENT), 7, &rest) == SK_MORE);
    }
    for (size_t at = 0; journal_frame_read(b, at, &frame) == SK_OK;) {
        SK_ASSERT(frame.size >= JOURNAL_HEADER_SIZE && frame.size <= size - at);
        at += frame.size;
    }
    arena_release(&arena);
    return 0;
}
