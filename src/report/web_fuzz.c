/* What the clerk takes out of a request's head: cookies and parameters of the query. Their views lie within the request,
 * decoded ones within the arena. */
#include "report/web.h"

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(struct web_call *call, const char *name)
{
    struct bytes value = BYTES_NONE;

    if (web_query(call, name, &value)) {
        SK_ASSERT(value.size <= call->head.query.size);
    }
    if (web_cookie(call, name, &value)) {
        SK_ASSERT(value.size <= web_field(call, "Cookie").size);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"words", "from", "sekisho_session", "", "a"};
    struct arena arena;
    size_t used;

    arena_init(&arena, (size_t)16 << 20);
    struct web_call call = {.arena = &arena};
    bool good = size <= LIMIT_HTTP_HEAD &&
                http_request_read(&arena, bytes_of(data, size), &call.head, &used) == SK_OK;
    for (size_t i = 0; good && i < sizeof names / sizeof names[0]; i++) {
        look(&call, names[i]);
    }
    arena_release(&arena);
    return 0;
}
