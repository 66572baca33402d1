/* What the keeper keeps, as the requests see it: the same in the keeper's process and in a command that works on the
 * record while no keeper runs. */
#pragma once

#include <jansson.h>

#include "base/config.h"
#include "base/json.h"
#include "record/vault.h"

struct consents;
struct dmarc_book;
struct alarms;
struct accounts;
struct holds;
struct witnesses;
struct held_book;
struct retention;
struct passage_counts;
struct lessons;
struct thread_table;
struct threads;
struct campaigns;
struct permit_settings;

/* What the keeper has done since it began. */
struct keeping_figures {
    int64_t began_ms; /* wall clock */
    uint64_t commits, commits_failed, records;
    uint64_t commit_us, commit_us_most; /* time spent in commits, and the longest */
    uint64_t events_dropped;            /* that the clerk could not follow */
};

#define KEEPING_BOOKS_MAX 16

struct keeping {
    struct arena *arena; /* lives as long as the process */
    const struct config *config;
    struct vault *vault;
    struct book *books[KEEPING_BOOKS_MAX];
    size_t book_count;
    /* Each is made by its own keeping_open_...; NULL where it is not there. */
    struct consents *consents;
    struct consent_wire *consent_wire; /* to the workers; NULL in a command */
    struct alarms *alarms;
    struct accounts *accounts;
    struct holds *holds;
    struct retention *retention;
    struct witnesses *witnesses;
    struct held_book *held;
    struct dmarc_book *dmarc;
    struct campaigns *campaigns;
    struct lessons *lessons;              /* of the keeper; NULL in a command */
    struct thread_table *thread_table;    /* the same; set before keeping_open */
    struct threads *threads;              /* made of it */
    const struct permit_settings *permit; /* the same */
    struct keeping_figures figures;
    const struct passage_counts *counts; /* of all workers; NULL where there are none */
    /* Commits what was kept, answering everyone who waits. */
    enum sk_code (*commit)(void *context, struct why *why);
    /* Something was kept that people may want to see at once; NULL where nobody looks. */
    void (*event)(void *context, struct bytes json);
    /* Has an order carried out by the purger (retention_keeper.h); NULL: here and now. */
    enum sk_code (*purge)(void *context, uint64_t order, struct why *why);
    void *context;
};

/* Opens the books of a vault and all that is made from them. commit, event and context may be set before. */
enum sk_code keeping_open(struct keeping *keeping, struct arena *arena,
                          const struct config *config, struct vault *vault,
                          struct why *why);
/* What was given to vault_keep is on disk and in the books when this says SK_OK. */
enum sk_code keeping_commit(struct keeping *keeping, struct why *why);
/* Whether a legal hold in force may cover mail to this recipient, or "@domain": then an erasure may have to wait. */
bool keeping_hold_of(const struct keeping *keeping, struct bytes recipient);
/* How holds and retention stand, as members of an open object. */
void keeping_write_retention(const struct keeping *keeping, int64_t now_ms,
                             struct json *reply);
/* Enters a book among those of the vault; for the keeping_open_... functions, before the vault opens them. */
void keeping_add_book(struct keeping *keeping, struct book *book);
