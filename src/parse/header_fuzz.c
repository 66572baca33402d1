#include "base/why.h"
#include "parse/date.h"
#include "parse/header.h"
#include "parse/parameters.h"
#include "parse/received.h"
#include "parse/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as a header block, and each of its fields as every kind of field. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct defects defects;
    struct header header;
    struct content_type type;
    struct received received;
    struct date date;
    struct bytes in = bytes_of(data, size);

    arena_init(&arena, (size_t)1 << 30);
    defects_init(&defects, &arena, in);
    size_t body = header_read(&arena, in, NULL, &header, &defects);
    SK_ASSERT(body <= size);
    for (size_t i = 0; i < header.field_count && i < 20; i++) {
        struct bytes value = header.fields[i].value;
        SK_ASSERT(value.at >= data && value.at + value.size <= data + size);
        (void)words_decode(&arena, value, &defects);
        content_type_read(&arena, value, &type, &defects);
        received_read(&arena, value, &received);
        (void)date_read(value, &date);
    }
    arena_release(&arena);
    return 0;
}
