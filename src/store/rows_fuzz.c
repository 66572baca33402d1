/* A closed day's file: any bytes are refused, or answer as far as they go; nothing else. The hash of head and list is made
 * to fit, so that what lies behind it is reached too. */
#include "store/rows_packed.h"

#include "base/hash.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD_SIZE 64
#define LIST_AT   24
#define HASH_AT   32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
make_hash_fit(uint8_t *copy, size_t size)
{
    uint64_t list_at = 0;

    for (unsigned i = 8; i-- > 0;) {
        list_at = list_at << 8 | copy[LIST_AT + i];
    }
    if (list_at <= size) {
        const struct bytes pieces[] = {bytes_of(copy, HASH_AT),
                                       bytes_of(copy + list_at, size - (size_t)list_at)};
        hash_sha256_many(pieces, 2, copy + HASH_AT);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[64];
    sqlite3 *database = NULL;
    struct arena arena;
    struct why why;

    if (path[0] == '\0') {
        snprintf(path, sizeof(path), "/tmp/sekisho-rows-fuzz-%d", (int)getpid());
    }
    arena_init(&arena, (size_t)64 << 20);
    uint8_t *copy = arena_take_bytes(&arena, size + 1);
    memcpy(copy, data, size);
    if (size >= HEAD_SIZE) {
        make_hash_fit(copy, size);
    }
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = file >= 0 && write(file, copy, size) == (ssize_t)size;
    if (file >= 0) {
        close(file);
    }
    if (good && packed_open(path, &database) == SQLITE_OK) {
        sqlite3_exec(database, "SELECT count(*) FROM events; SELECT sql FROM sqlite_schema",
                     NULL, NULL, NULL);
    }
    sqlite3_close(database);
    enum sk_code unpacked = good ? packed_unpack(path, "/dev/null", &why) : SK_OK;
    (void)unpacked;
    unlink(path);
    arena_release(&arena);
    return 0;
}
