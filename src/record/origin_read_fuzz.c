/* A record's line as the source of an origin statement: whatever stands in it, the statement can be made and written, and
 * has no control bytes. */
#include "record/origin_read.h"
#include "trace/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_both(struct arena *arena, const struct statement *statement)
{
    struct writer w;
    struct json j;

    for (int japanese = 0; japanese < 2; japanese++) {
        writer_init(&w, arena);
        statement_write_text(statement, &w, japanese != 0, 540);
        for (size_t i = 0; i < w.size; i++) {
            SK_ASSERT(w.at[i] >= ' ' || w.at[i] == '\n');
        }
    }
    writer_init(&w, arena);
    json_init(&j, &w);
    statement_write_json(statement, &j);
    SK_ASSERT(j.depth == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct statement *statement;
    struct arena arena;
    struct why why;

    arena_init(&arena, (size_t)256 << 20);
    struct bytes line = bytes_of(data, size);
    if (record_statement(&arena, line, line, &statement, &why) == SK_OK) {
        write_both(&arena, statement);
    }
    arena_release(&arena);
    return 0;
}
