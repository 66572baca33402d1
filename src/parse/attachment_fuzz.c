#include "parse/attachment.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/why.h"
#include "parse/ole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As content, as a name, and as the text of a message. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena = {.cap = LIMIT_ARENA_MESSAGE};
    struct bytes input = bytes_of(data, size), passwords[LIMIT_PASSWORDS];
    const struct attachment_type *is = attachment_type_of(input);
    struct attachment_name name;
    struct ole_stream stream;
    struct ole ole;

    (void)attachment_facts(input, attachment_type_find(BYTES("pdf")), is, input);
    attachment_name_read(input, &name);
    SK_ASSERT(name.extension.size <= size);
    size_t count = attachment_passwords(input, passwords, LIMIT_PASSWORDS);
    for (size_t i = 0; i < count; i++) {
        SK_ASSERT(passwords[i].at >= data &&
                  passwords[i].at + passwords[i].size <= data + size);
    }
    if (ole_open(input, &ole)) {
        for (unsigned i = 0; i < 16 && ole_next(&ole, &stream); i++) {
            struct bytes content = ole_read(&arena, &ole, &stream, 65536);
            SK_ASSERT(content.size <= size);
        }
    }
    arena_release(&arena);
    return 0;
}
