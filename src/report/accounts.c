#include "report/accounts.h"

#include <jansson.h>

#include "base/json.h"

bool
account_name_valid(struct bytes name)
{
    if (name.size == 0 || name.size > LIMIT_ACCOUNT_NAME || name.at[0] < 'a' ||
        name.at[0] > 'z') {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.at[i];
        if (!(c >= 'a' && c <= 'z') && !ascii_digit(c) && c != '.' && c != '_' &&
            c != '-') {
            return false;
        }
    }
    return true;
}

struct account *
accounts_find(struct accounts *accounts, struct bytes name)
{
    for (size_t i = 0; i < accounts->count; i++) {
        if (bytes_equal(accounts->all[i].name, name)) {
            return &accounts->all[i];
        }
    }
    return NULL;
}

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static struct account *
account_make(struct accounts *accounts, struct bytes name)
{
    struct account *account = accounts_find(accounts, name);

    if (account != NULL || !account_name_valid(name) || accounts->count >= LIMIT_ACCOUNTS) {
        return account;
    }
    if (accounts->count == accounts->room) {
        size_t room = accounts->room == 0 ? 16 : accounts->room * 2;
        struct account *more = ARENA_NEW_MANY(accounts->arena, room, struct account);
        if (accounts->count > 0) {
            memcpy(more, accounts->all, accounts->count * sizeof *more);
        }
        accounts->all = more;
        accounts->room = room;
    }
    account = &accounts->all[accounts->count++];
    *account = (struct account){.name = bytes_copy(accounts->arena, name)};
    return account;
}

/* The members of account.set, from an entry or from the saved book. */
static void
account_take(struct accounts *accounts, const json_t *set)
{
    struct account *account = account_make(accounts, text_of(set, "name"));
    struct bytes credential = text_of(set, "credential");
    enum account_role role;

    if (account == NULL || !account_role_read(text_of(set, "role"), &role)) {
        return;
    }
    account->role = role;
    account->disabled = json_is_true(json_object_get(set, "disabled"));
    account->set_ms = json_integer_value(json_object_get(set, "time"));
    if (json_is_integer(json_object_get(set, "last_good"))) {
        account->last_good_ms = json_integer_value(json_object_get(set, "last_good"));
    }
    if (credential.size == CREDENTIAL_SIZE) {
        memcpy(account->credential, credential.at, CREDENTIAL_SIZE);
    }
}

static void
accounts_entry(void *context, uint64_t index, struct bytes record)
{
    struct accounts *accounts = context;
    json_t *entry = json_loadb((const char *)record.at, record.size, 0, NULL);
    struct bytes kind = text_of(entry, "kind");

    if (bytes_is(kind, "account.set")) {
        account_take(accounts, entry);
    } else if (bytes_is(kind, "account.sign_in") &&
               json_is_true(json_object_get(entry, "good"))) {
        struct account *account = accounts_find(accounts, text_of(entry, "by"));
        if (account != NULL) {
            account->last_good_ms = json_integer_value(json_object_get(entry, "time"));
        }
    }
    json_decref(entry);
}

static void
accounts_save(void *context, struct writer *w)
{
    const struct accounts *accounts = context;

    for (size_t i = 0; i < accounts->count; i++) {
        const struct account *account = &accounts->all[i];
        struct json j;
        json_init(&j, w);
        json_open(&j, '{');
        json_put_string(&j, "name", account->name);
        json_put_text(&j, "role", account_role_name(account->role));
        json_put_bool(&j, "disabled", account->disabled);
        json_put_text(&j, "credential", account->credential);
        json_put_number(&j, "time", account->set_ms);
        json_put_number(&j, "last_good", account->last_good_ms);
        json_close(&j);
        writer_byte(w, '\n');
    }
}

static enum sk_code
accounts_load(void *context, struct bytes text, struct why *why)
{
    struct accounts *accounts = context;
    struct bytes line;

    accounts->count = 0;
    while (bytes_line(&text, &line)) {
        json_t *set = json_loadb((const char *)line.at, line.size, 0, NULL);
        if (!json_is_object(set)) {
            json_decref(set);
            return why_set(why, SK_BAD, "the book of accounts is damaged");
        }
        account_take(accounts, set);
        json_decref(set);
    }
    return SK_OK;
}

/* Deeds */

static void
deeds_begin(struct accounts *accounts)
{
    arena_init(&accounts->deed_arena, (size_t)1 << 30);
    accounts->deeds = ARENA_NEW_MANY(&accounts->deed_arena, (size_t)2 * LIMIT_LOOKS_KEPT,
                                     struct account_deed);
    accounts->deed_count = 0;
}

static void
deed_add(struct accounts *accounts, uint64_t index, struct bytes record)
{
    accounts->deeds[accounts->deed_count++] =
        (struct account_deed){index, bytes_copy(&accounts->deed_arena, record)};
}

static void
deeds_entry(void *context, uint64_t index, struct bytes record)
{
    struct accounts *accounts = context;

    if (accounts->deed_count == (size_t)2 * LIMIT_LOOKS_KEPT) {
        struct arena before = accounts->deed_arena;
        const struct account_deed *deeds = accounts->deeds;
        deeds_begin(accounts);
        for (size_t i = LIMIT_LOOKS_KEPT; i < (size_t)2 * LIMIT_LOOKS_KEPT; i++) {
            deed_add(accounts, deeds[i].index, deeds[i].record);
        }
        arena_release(&before);
    }
    deed_add(accounts, index, record);
}

static void
deeds_save(void *context, struct writer *w)
{
    const struct accounts *accounts = context;
    size_t count = accounts->deed_count;

    for (size_t i = count > LIMIT_LOOKS_KEPT ? count - LIMIT_LOOKS_KEPT : 0; i < count;
         i++) {
        writer_format(w, "%llu ", (unsigned long long)accounts->deeds[i].index);
        writer_bytes(w, accounts->deeds[i].record);
        writer_byte(w, '\n');
    }
}

static enum sk_code
deeds_load(void *context, struct bytes text, struct why *why)
{
    struct accounts *accounts = context;
    struct bytes line;
    uint64_t index;

    arena_release(&accounts->deed_arena);
    deeds_begin(accounts);
    while (bytes_line(&text, &line)) {
        size_t blank = bytes_find_byte(line, ' ', 0);
        if (blank == BYTES_NOWHERE ||
            !bytes_to_number(bytes_slice(line, 0, blank), INT64_MAX, &index)) {
            return why_set(why, SK_BAD, "the book of looks is damaged");
        }
        deeds_entry(accounts, index, bytes_from(line, blank + 1));
    }
    return SK_OK;
}

static void
deeds_end(void *context)
{
    struct accounts *accounts = context;

    arena_release(&accounts->deed_arena);
}

void
accounts_init(struct accounts *accounts, struct arena *arena)
{
    *accounts = (struct accounts){.arena = arena};
    deeds_begin(accounts);
    arena_defer(arena, deeds_end, accounts);
    accounts->book = (struct book){.name = "accounts",
                                   .kind = "account",
                                   .load = accounts_load,
                                   .entry = accounts_entry,
                                   .save = accounts_save,
                                   .context = accounts};
    accounts->deed_book = (struct book){.name = "looks",
                                        .kind = "look|account",
                                        .load = deeds_load,
                                        .entry = deeds_entry,
                                        .save = deeds_save,
                                        .context = accounts};
}
