#include "sekisho/keeping.h"

#include "base/log.h"
#include "sekisho/requests.h"

/* The parts that keep books; each enters its book. */
// clang-format off
#define PARTS(part) \
    part(keeping_open_held) \
    part(keeping_open_retention) \
    part(keeping_open_accounts) \
    part(keeping_open_alarms) \
    part(keeping_open_campaigns) \
    part(keeping_open_consents) \
    part(keeping_open_dmarc) \
    part(keeping_open_threads) \
    part(keeping_open_witnesses)
// clang-format on

#define DECLARE(open) enum sk_code open(struct keeping *keeping, struct why *why);
PARTS(DECLARE)

void
keeping_add_book(struct keeping *keeping, struct book *book)
{
    SK_ASSERT(keeping->book_count < KEEPING_BOOKS_MAX);
    keeping->books[keeping->book_count++] = book;
}

static void
log_book(const char *sentence)
{
    log_line(LOG_LEVEL_WARNING, NULL, "%s", sentence);
}

enum sk_code
keeping_open(struct keeping *keeping, struct arena *arena, const struct config *config,
             struct vault *vault, struct why *why)
{
    enum sk_code code = SK_OK;

    keeping->arena = arena;
    keeping->config = config;
    keeping->vault = vault;
#define OPEN(open)                                                                         \
    if (code == SK_OK) {                                                                   \
        code = open(keeping, why);                                                         \
    }
    PARTS(OPEN)
    return code != SK_OK
               ? code
               : vault_books(vault, keeping->books, keeping->book_count, log_book, why);
}

enum sk_code
keeping_commit(struct keeping *keeping, struct why *why)
{
    return keeping->commit != NULL ? keeping->commit(keeping->context, why)
                                   : vault_commit(keeping->vault, why);
}
