/* Books: what is in force now, made from the ledger.
 *
 * A consent, a legal hold, an open alarm is an entry of the ledger; which of them hold at this moment would be found by
 * reading it all. A book keeps that state in memory and in one file, NAME.book, with the number of entries it knows. It
 * changes only when an entry of its kind has been committed, live or read again after a crash, so a crash loses nothing,
 * and a book that is lost or damaged is made again from the ledger's first entry on.
 *
 *     file: "sekisho book NAME 1 ENTRIES SHA256\n" and what `save` wrote; the hash is of ENTRIES, LF and that text */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"
#include "base/writer.h"

struct book {
    const char *name; /* of its file */
    const char *
        kind; /* of its entries, separated by |: "consent" takes "consent" and "consent.text" */
    /* Takes what save wrote; called once, with an empty text when the book begins from nothing. A code other than SK_OK: the
     * text cannot be used, the book begins from nothing (load is called again). */
    enum sk_code (*load)(void *context, struct bytes text, struct why *why);
    /* One committed entry of its kind, in the ledger's order; the view is good until the call returns. An entry that says
     * nothing to the book is passed over: entries are evidence and cannot be refused any more. */
    void (*entry)(void *context, uint64_t index, struct bytes record);
    void (*save)(void *context, struct writer *w);
    /* A book that is too large for one text keeps its state by itself: load is called with an empty text, and this says below
     * which entry its state is complete then; save is not called. NULL: as above. */
    uint64_t (*known)(void *context);
    void *context;

    /* the book's own */
    uint64_t upto;  /* entries below it are in the state */
    uint64_t saved; /* entries below it are in the file's state */
    bool changed;   /* since it was saved */
    int64_t saved_ms, save_took_ms;
};

/* Whether a record is of one of the book's kinds: it begins with `{"v":1,"kind":"KIND"` or `{"v":1,"kind":"KIND.`. */
bool book_takes(const struct book *book, struct bytes record);

/* Opens the books of a record folder and brings them up to `entries`, the size of the ledger. log tells of a book that
 * was made again; may be NULL. */
enum sk_code books_open(int folder, struct book *const *books, size_t count,
                        uint64_t entries, void (*log)(const char *sentence),
                        struct why *why);
/* A committed entry. */
void books_entry(struct book *const *books, size_t count, uint64_t index,
                 struct bytes record);
/* Writes the books that changed, each at most every few seconds unless `now`; synced and renamed into place. A failure
 * leaves the old file, which is as good: the ledger has what it lacks. */
enum sk_code books_save(int folder, struct book *const *books, size_t count, bool now,
                        struct why *why);
