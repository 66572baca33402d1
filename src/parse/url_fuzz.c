#include "parse/links.h"
#include "parse/url.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "base/why.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena = {.cap = LIMIT_ARENA_MESSAGE};
    struct url url, again;
    struct link *links;

    links_in_text(&arena, bytes_of(data, size), &links);
    /* The normal form is its own normal form. */
    if (url_read(&arena, bytes_of(data, size), &url)) {
        SK_ASSERT(url_read(&arena, url.href, &again));
    }
    arena_release(&arena);
    return 0;
}
