/* VBR-Info fields, and records of certifiers: the part behind the first NUL. */
#include "base/writer.h"
#include "trace/vouch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    size_t end = bytes_find_byte(in, '\0', 0);
    struct vbr_info info;
    struct arena arena;

    arena_init(&arena, (size_t)1 << 26);
    if (vbr_info_read(&arena, bytes_slice(in, 0, end), &info)) {
        SK_ASSERT(info.domain.size > 0 && info.content.size > 0);
        SK_ASSERT(info.voucher_count > 0 && info.voucher_count <= LIMIT_VBR_VOUCHERS);
        (void)vbr_record_vouches(bytes_from(in, end), info.content);
    }
    (void)vbr_record_vouches(in, BYTES("list"));
    arena_release(&arena);
    return 0;
}
