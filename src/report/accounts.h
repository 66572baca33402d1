/* The console's accounts, as the keeper keeps them: a book made from the ledger's entries "account.*", and the hashes of
 * their passwords, which stand in the file `passwords` beside it and never in the ledger.
 *
 *     {"v":1,"kind":"account.set","time","by","channel","name","role","disabled","credential"}   an account is now so
 *     {"v":1,"kind":"account.sign_in","time","by","channel","from","good"}                       somebody signed in, or tried
 *     {"v":1,"kind":"account.sign_out",...}
 *     {"v":1,"kind":"look","time","by","channel","what","id"?,"query"?,"content","reason"?}      somebody looked
 *
 * A credential is the random name of one line "CREDENTIAL HASH" of the file. A new password is a new line, on disk before
 * the entry that names it; a crash between leaves a line that nobody names, and the next change drops it. */
#pragma once

#include "record/book.h"
#include "report/session.h"

#define CREDENTIAL_SIZE 16 /* hexadecimal digits */

struct account {
    struct bytes name;
    enum account_role role;
    bool disabled;
    char credential[CREDENTIAL_SIZE + 1];
    int64_t set_ms;
    int64_t last_good_ms; /* last sign-in; 0: none */
};

/* Something somebody did: a look, a sign-in. */
struct account_deed {
    uint64_t index;
    struct bytes record;
};

struct accounts {
    struct arena *arena; /* as long as the process */
    struct account *all;
    size_t count, room;
    /* The last deeds, oldest first; at twice LIMIT_LOOKS_KEPT the older half is dropped with its arena. */
    struct arena deed_arena;
    struct account_deed *deeds;
    size_t deed_count;
    struct book book, deed_book;
};

/* Prepares the two books; they are entered among the vault's books by the caller. accounts must live as long as arena. */
void accounts_init(struct accounts *accounts, struct arena *arena);
/* NULL: there is none. Names are compared as they are. */
struct account *accounts_find(struct accounts *accounts, struct bytes name);
/* 1 to LIMIT_ACCOUNT_NAME bytes of a-z, 0-9, '.', '_', '-', beginning with a letter. */
bool account_name_valid(struct bytes name);
