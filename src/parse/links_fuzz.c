/* Text with links: what is found lies in the text, and what is nested stays within its bounds. */
#include "base/arena.h"
#include "base/limits.h"
#include "base/why.h"
#include "parse/links.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);
    struct arena arena;
    struct link *links, anchor = {.kind = LINK_ANCHOR, .text = text};

    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    size_t count = links_in_text(&arena, text, &links);
    for (size_t i = 0; i < count; i++) {
        SK_ASSERT(links[i].written.size > 0 && links[i].written.at >= text.at &&
                  links[i].written.at + links[i].written.size <= text.at + text.size);
    }
    size_t all = links_follow(&arena, &links, count, LIMIT_LINKS);
    SK_ASSERT(all >= count && all <= LIMIT_LINKS);
    for (size_t i = count; i < all; i++) {
        SK_ASSERT(links[i].kind == LINK_NESTED && links[i].outer < i);
    }
    link_resolve(&arena, &anchor, text, BYTES_NONE);
    link_compare(&arena, &anchor);
    link_skeleton(&arena, bytes_slice(text, 0, LIMIT_DOMAIN_TEXT));
    arena_release(&arena);
    return 0;
}
