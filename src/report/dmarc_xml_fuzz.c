/* Reports of others: unpacked, read, checked; and what was read is written and read again. */
#include "base/arena.h"
#include "report/dmarc_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct dmarc_report report, again;
    struct bytes xml;
    struct why why;

    arena_init(&arena, (size_t)512 << 20);
    if (dmarc_unpack(&arena, bytes_of(data, size), &xml, &why) == SK_OK &&
        dmarc_report_read(&arena, xml, &report, &why) == SK_OK) {
        (void)!dmarc_report_check(&report, &why);
        xml = dmarc_report_write(&arena, &report);
        struct bytes packed = dmarc_pack(&arena, xml), unpacked;
        SK_ASSERT(dmarc_unpack(&arena, packed, &unpacked, &why) == SK_OK &&
                  bytes_equal(unpacked, xml));
        SK_ASSERT(dmarc_report_read(&arena, xml, &again, &why) == SK_OK);
        SK_ASSERT(again.row_count == report.row_count &&
                  bytes_equal(again.published.domain, report.published.domain));
    }
    arena_release(&arena);
    return 0;
}
