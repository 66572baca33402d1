#include "report/accounts.h"

#include "base/limits.h"
#include "base/tap.h"

static struct arena arena;

static void
entry(struct accounts *a, struct book *book, uint64_t index, const char *record)
{
    if (book_takes(book, bytes_from_text(record))) {
        book->entry(a, index, bytes_from_text(record));
    }
}

static struct bytes
saved(struct book *book)
{
    struct writer *w = ARENA_NEW(&arena, struct writer);

    writer_init(w, &arena);
    book->save(book->context, w);
    return writer_view(w);
}

static const char set[] =
    "{\"v\":1,\"kind\":\"account.set\",\"time\":5,\"by\":\"root\",\"name\":\"hanako\","
    "\"role\":\"operator\",\"disabled\":false,\"credential\":\"0123456789abcdef\"}";

static void
test_book(void)
{
    struct accounts *a = ARENA_NEW(&arena, struct accounts),
                    *b = ARENA_NEW(&arena, struct accounts);

    accounts_init(a, &arena);
    entry(a, &a->book, 1, set);
    struct account *hanako = accounts_find(a, BYTES("hanako"));
    tap_ok(hanako != NULL && hanako->role == ACCOUNT_OPERATOR && !hanako->disabled &&
               strcmp(hanako->credential, "0123456789abcdef") == 0,
           "an entry makes an account");
    entry(a, &a->book, 2,
          "{\"v\":1,\"kind\":\"account.sign_in\",\"time\":9,\"by\":\"hanako\",\"good\":"
          "true}");
    tap_ok(hanako->last_good_ms == 9, "a sign-in is noted");
    entry(a, &a->book, 3,
          "{\"v\":1,\"kind\":\"account.sign_in\",\"time\":10,\"by\":\"hanako\",\"good\":"
          "false}");
    tap_ok(hanako->last_good_ms == 9, "a failed one is not");
    entry(a, &a->book, 4,
          "{\"v\":1,\"kind\":\"account.set\",\"time\":11,\"name\":\"hanako\",\"role\":"
          "\"auditor\","
          "\"disabled\":true,\"credential\":\"fedcba9876543210\"}");
    tap_ok(a->count == 1 && hanako->role == ACCOUNT_AUDITOR && hanako->disabled,
           "a later entry changes it");
    entry(a, &a->book, 5,
          "{\"v\":1,\"kind\":\"account.set\",\"name\":\"../x\",\"role\":\"auditor\"}");
    entry(a, &a->book, 5,
          "{\"v\":1,\"kind\":\"account.set\",\"name\":\"taro\",\"role\":\"king\"}");
    entry(a, &a->book, 5, "{\"v\":1,\"kind\":\"account.set\",\"name\":");
    tap_ok(accounts_find(a, BYTES("../x")) == NULL, "a broken entry makes nothing");

    struct bytes text = saved(&a->book);
    accounts_init(b, &arena);
    tap_ok(b->book.load(b, text, NULL) == SK_OK, "what was saved is read");
    struct account *again = accounts_find(b, BYTES("hanako"));
    tap_ok(again != NULL && again->role == ACCOUNT_AUDITOR && again->disabled &&
               again->last_good_ms == 9 &&
               strcmp(again->credential, "fedcba9876543210") == 0,
           "and is the same");
    tap_ok(b->book.load(b, BYTES("nonsense\n"), NULL) == SK_BAD, "a damaged book is told");
    tap_ok(b->book.load(b, BYTES_NONE, NULL) == SK_OK && b->count == 0,
           "and begins from nothing");
}

static void
test_deeds(void)
{
    struct accounts *a = ARENA_NEW(&arena, struct accounts),
                    *b = ARENA_NEW(&arena, struct accounts);
    char text[160];

    accounts_init(a, &arena);
    for (unsigned i = 0; i < 2 * LIMIT_LOOKS_KEPT + 1; i++) {
        snprintf(text, sizeof text,
                 "{\"v\":1,\"kind\":\"look\",\"by\":\"hanako\",\"id\":\"%u\"}", i);
        entry(a, &a->deed_book, i, text);
    }
    tap_ok(a->deed_count == LIMIT_LOOKS_KEPT + 1,
           "the older half is forgotten at twice the bound");
    tap_ok(a->deeds[a->deed_count - 1].index == 2 * LIMIT_LOOKS_KEPT,
           "the newest is the last");
    entry(a, &a->deed_book, 9999, set);
    tap_ok(a->deeds[a->deed_count - 1].index == 9999, "changes of accounts are deeds too");
    entry(a, &a->deed_book, 10000, "{\"v\":1,\"kind\":\"message\",\"id\":\"x\"}");
    tap_ok(a->deeds[a->deed_count - 1].index == 9999, "messages are none");
    accounts_init(b, &arena);
    tap_ok(b->deed_book.load(b, saved(&a->deed_book), NULL) == SK_OK &&
               b->deed_count == LIMIT_LOOKS_KEPT &&
               b->deeds[b->deed_count - 1].index == 9999,
           "saved and read again: LIMIT_LOOKS_KEPT of them");
    tap_ok(b->deed_book.load(b, BYTES("x {}\n"), NULL) == SK_BAD, "a damaged book is told");
}

static void
test_names(void)
{
    char name[LIMIT_ACCOUNT_NAME + 2];

    tap_ok(account_name_valid(BYTES("hanako")) && account_name_valid(BYTES("h.yamada-2_x")),
           "names");
    tap_ok(!account_name_valid(BYTES("")) && !account_name_valid(BYTES("2h")) &&
               !account_name_valid(BYTES("Hanako")) && !account_name_valid(BYTES("a b")) &&
               !account_name_valid(BYTES("a\n")) && !account_name_valid(BYTES("花子")),
           "no names");
    memset(name, 'a', sizeof name);
    tap_ok(account_name_valid(bytes_of(name, LIMIT_ACCOUNT_NAME)),
           "LIMIT_ACCOUNT_NAME bytes");
    tap_ok(!account_name_valid(bytes_of(name, LIMIT_ACCOUNT_NAME + 1)), "one more");
}

int
main(void)
{
    arena_init(&arena, (size_t)256 << 20);
    test_book();
    test_deeds();
    test_names();
    arena_release(&arena);
    return tap_done();
}
