/* The purger: a process of a moment that makes entries of the journal unreadable. It alone may write under journal/ what is
 * there already, reads no mail and hears nobody: it has the numbers of orders, looks for itself whether the ledger has them,
 * and ends. */
#define SK_BASE
#include "sekisho/roles.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "record/retention.h"
#include "sekisho/options.h"

#define ORDERS_MAX 1000

enum sk_code
purger_orders(int file, struct bytes *orders_r, struct why *why)
{
    struct stat status;

    *orders_r = BYTES_NONE;
    if (fstat(file, &status) != 0) {
        return why_set(why, SK_SYSTEM, "the orders cannot be read");
    }
    if (status.st_size == 0) {
        return why_set(why, SK_BAD, "there are no orders");
    }
    if (status.st_size > LIMIT_PURGE_ORDERS) {
        return why_set(why, SK_LIMIT, "the orders have more than %d bytes",
                       LIMIT_PURGE_ORDERS);
    }
    void *at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (at == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "the orders cannot be read");
    }
    *orders_r = bytes_of(at, (size_t)status.st_size);
    return SK_OK;
}

/* orders: decimal numbers of entries, a line each. */
int
role_purger(const struct role_start *start, struct bytes orders)
{
    uint64_t numbers[ORDERS_MAX];
    struct retention_result result = {0};
    struct bytes line;
    struct arena arena;
    struct why why;
    size_t count = 0;
    int status = EXIT_DATA;

    while (bytes_line(&orders, &line)) {
        if (line.size == 0) {
            continue;
        }
        if (count == ORDERS_MAX || !bytes_to_number(line, INT64_MAX, &numbers[count++])) {
            log_line(LOG_LEVEL_ERROR, NULL, "the purger's orders are no numbers");
            return EXIT_DATA;
        }
    }
    arena_init(&arena, (size_t)1 << 20);
    const char *path =
        bytes_text(&arena, config_text(start->settings->config, "record.folder"));
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        log_line(LOG_LEVEL_ERROR, NULL, "the purger cannot open the record");
    } else if (retention_purge(folder, path, numbers, count, &result, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the purger refuses: %s", why.sentence);
    } else {
        status = EXIT_OK;
        log_line(LOG_LEVEL_NOTICE, NULL,
                 "%llu entries were purged, %llu spared by a hold, by %zu orders",
                 (unsigned long long)result.purged, (unsigned long long)result.spared,
                 count);
    }
    if (folder >= 0) {
        close(folder);
    }
    arena_release(&arena);
    return status;
}
