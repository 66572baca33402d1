/* Entries, books and names of foreign making: whatever the bytes, the state can be written, and read again to the same. */
#include "base/limits.h"
#include "permit/consent.h"
#include "permit/permit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_book(struct arena *arena, const struct consents *c)
{
    struct consents *again = consents_new();
    struct writer first, second;
    struct why why;

    writer_init(&first, arena);
    consents_save(c, &first);
    SK_ASSERT(consents_load(again, writer_view(&first), &why) == SK_OK);
    writer_init(&second, arena);
    consents_save(again, &second);
    SK_ASSERT(first.size == second.size);
    consents_free(again);
}

static void
check_name(struct arena *arena, struct bytes input)
{
    struct bytes name, again;

    if (recipient_name(arena, input, NULL, &name)) {
        SK_ASSERT(name.size <= LIMIT_ADDRESS && recipient_domain(name).size > 1);
        SK_ASSERT(recipient_name(arena, name, NULL, &again) && bytes_equal(name, again));
        (void)recipient_without_detail(arena, name, '+');
    }
    if (consent_list_entry(arena, input, NULL, &name)) {
        SK_ASSERT(consent_list_entry(arena, name, NULL, &again) &&
                  bytes_equal(name, again));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct consents *c = consents_new();
    struct bytes input = bytes_of(data, size), rest = input, line;
    struct arena arena;
    struct why why;

    arena_init(&arena, (size_t)256 << 20);
    if (size > 0 && data[0] == '{') { /* a line each */
        for (uint64_t index = 0; bytes_line(&rest, &line); index++) {
            (void)consents_entry(c, index, line);
        }
        check_book(&arena, c);
    } else if (size > 1 && data[1] == '\t') {
        if (consents_load(c, input, &why) == SK_OK) {
            check_book(&arena, c);
        }
    } else {
        check_name(&arena, input);
    }
    consents_free(c);
    arena_release(&arena);
    return 0;
}
