#include "record/book.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"
#include "record/ledger.h"

/* A book that counts its entries and remembers the last one. */
struct tally {
    uint64_t count, last;
    unsigned loads;
};

static enum sk_code
tally_load(void *context, struct bytes text, struct why *why)
{
    struct tally *t = context;

    t->count = t->last = 0;
    t->loads++;
    return text.size == 0 ||
                   sscanf((const char *)text.at, "%lu %lu", &t->count, &t->last) == 2
               ? SK_OK
               : why_set(why, SK_BAD, "no tally");
}

static void
tally_entry(void *context, uint64_t index, struct bytes record)
{
    struct tally *t = context;

    t->count++;
    t->last = index;
}

static void
tally_save(void *context, struct writer *w)
{
    const struct tally *t = context;

    writer_format(w, "%lu %lu\n", t->count, t->last);
}

static char folder[] = "/tmp/sekisho-book-XXXXXX";
static unsigned logged;

static void
log_word(const char *sentence)
{
    logged++;
}

static struct book
new_book(struct tally *t)
{
    *t = (struct tally){0};
    return (struct book){.name = "tally",
                         .kind = "consent|hold",
                         .load = tally_load,
                         .entry = tally_entry,
                         .save = tally_save,
                         .context = t};
}

static void
add(struct ledger *ledger, const char *record)
{
    struct ledger_place place;
    struct why why;

    SK_ASSERT(ledger_add(ledger, bytes_from_text(record), &place, &why) == SK_OK &&
              ledger_commit(ledger, false, &why) == SK_OK);
}

static void
test_kinds(void)
{
    struct tally t;
    struct book book = new_book(&t);

    tap_ok(book_takes(&book, BYTES("{\"v\":1,\"kind\":\"consent\",\"x\":1}")),
           "its own kind is taken");
    tap_ok(book_takes(&book, BYTES("{\"v\":1,\"kind\":\"hold.lift\"}")),
           "so is one behind a dot, and of the second name");
    tap_ok(!book_takes(&book, BYTES("{\"v\":1,\"kind\":\"consents\"}")),
           "a longer word is another kind");
    tap_ok(!book_takes(&book, BYTES("{\"v\":1,\"kind\":\"conse\"}")), "so is a shorter");
    tap_ok(!book_takes(&book, BYTES("{\"v\":1,\"kind\":\"consent")),
           "a record that ends there is none");
    tap_ok(!book_takes(&book, BYTES("")), "nor is nothing");
}

static void
test_crash_and_damage(void)
{
    struct arena arena;
    struct ledger *ledger;
    struct ledger_report report;
    struct tally t;
    struct book book = new_book(&t), *books[] = {&book};
    struct why why;

    arena_init(&arena, 64u << 20);
    enum sk_code code =
        ledger_open(&arena, folder, NULL, BYTES("test"), &ledger, &report, &why);
    tap_ok(code == SK_OK, "a ledger is opened");
    SK_ASSERT(code == SK_OK);
    int at = ledger_folder(ledger);
    add(ledger, "{\"v\":1,\"kind\":\"consent\"}");
    add(ledger, "{\"v\":1,\"kind\":\"message\"}");
    add(ledger, "{\"v\":1,\"kind\":\"hold\"}");
    tap_ok(books_open(at, books, 1, ledger_size(ledger), log_word, &why) == SK_OK &&
               t.count == 2 && t.last == 2,
           "a new book is made from the whole ledger");
    tap_ok(books_save(at, books, 1, true, &why) == SK_OK &&
               faccessat(at, "tally.book", F_OK, 0) == 0,
           "it is saved");

    /* A crash: an entry was committed, the book was not saved. */
    add(ledger, "{\"v\":1,\"kind\":\"consent\"}");
    book = new_book(&t);
    tap_ok(books_open(at, books, 1, ledger_size(ledger), log_word, &why) == SK_OK &&
               t.count == 3 && t.last == 3,
           "what it lacks after a crash is read from the ledger");
    books_entry(books, 1, 3, BYTES("{\"v\":1,\"kind\":\"consent\"}"));
    tap_ok(t.count == 3, "an entry it knows is not counted twice");
    books_entry(books, 1, 4, BYTES("{\"v\":1,\"kind\":\"consent\"}"));
    tap_ok(t.count == 4 && book.changed, "a new one is");

    /* Damage at every byte of the file: never believed, always made again. */
    book = new_book(&t);
    SK_ASSERT(books_open(at, books, 1, ledger_size(ledger), NULL, &why) == SK_OK);
    book.changed = true;
    SK_ASSERT(books_save(at, books, 1, true, &why) == SK_OK);
    int file = openat(at, "tally.book", O_RDWR | O_CLOEXEC);
    struct stat status;
    SK_ASSERT(file >= 0 && fstat(file, &status) == 0);
    unsigned good = 0, told = 0;
    for (off_t i = 0; i < status.st_size; i++) {
        char byte, other;
        SK_ASSERT(pread(file, &byte, 1, i) == 1);
        other = byte ^ 1;
        SK_ASSERT(pwrite(file, &other, 1, i) == 1);
        book = new_book(&t);
        logged = 0;
        code = books_open(at, books, 1, ledger_size(ledger), log_word, &why);
        good += code == SK_OK && t.count == 3;
        told += logged;
        SK_ASSERT(pwrite(file, &byte, 1, i) == 1);
    }
    tap_ok(good == status.st_size, "a bit changed anywhere: made again from the ledger");
    tap_ok(told == status.st_size, "and it is said each time");
    SK_ASSERT(ftruncate(file, 5) == 0);
    book = new_book(&t);
    tap_ok(books_open(at, books, 1, ledger_size(ledger), NULL, &why) == SK_OK &&
               t.count == 3,
           "a file cut short is made again");
    close(file);
    ledger_close(ledger);
    arena_release(&arena);
}

int
main(void)
{
    char command[sizeof folder + 64];

    SK_ASSERT(mkdtemp(folder) != NULL);
    test_kinds();
    test_crash_and_damage();
    snprintf(command, sizeof command, "rm -rf %s %s-keys", folder, folder);
    SK_ASSERT(system(command) == 0);
    return tap_done();
}
