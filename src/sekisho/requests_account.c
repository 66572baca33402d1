/* Requests about the console's accounts, sign-ins and looks. */
#define SK_BASE
#include "sekisho/requests.h"

#include "base/limits.h"
#include "report/accounts.h"
#include "report/password.h"

#define PASSWORDS_FILE "passwords"
#define PASSWORDS_MOST ((size_t)LIMIT_ACCOUNTS * (PASSWORD_HASH_MAX + CREDENTIAL_SIZE + 2))

enum sk_code keeping_open_accounts(struct keeping *keeping, struct why *why);
request_handler request_account_set, request_account_list, request_account_credential,
    request_account_sign_in, request_look, request_look_list;

enum sk_code
keeping_open_accounts(struct keeping *keeping, struct why *why)
{
    keeping->accounts = ARENA_NEW(keeping->arena, struct accounts);
    accounts_init(keeping->accounts, keeping->arena);
    keeping_add_book(keeping, &keeping->accounts->book);
    keeping_add_book(keeping, &keeping->accounts->deed_book);
    return SK_OK;
}

static int
folder_of(const struct keeping *keeping)
{
    return ledger_folder(vault_ledger(keeping->vault));
}

static struct bytes
credential_hash(struct arena *arena, const struct keeping *keeping, const char *credential)
{
    struct bytes text, line;

    if (ledger_read_file(arena, folder_of(keeping), PASSWORDS_FILE, PASSWORDS_MOST, &text,
                         NULL) != SK_OK) {
        return BYTES_NONE;
    }
    while (bytes_line(&text, &line)) {
        if (line.size > CREDENTIAL_SIZE + 1 && line.at[CREDENTIAL_SIZE] == ' ' &&
            bytes_is(bytes_slice(line, 0, CREDENTIAL_SIZE), credential)) {
            return bytes_from(line, CREDENTIAL_SIZE + 1);
        }
    }
    return BYTES_NONE;
}

/* Writes the file anew with the credentials that accounts name, and one more. */
static enum sk_code
credential_add(const struct request *request, const struct keeping *keeping,
               struct bytes hash, char credential_r[CREDENTIAL_SIZE + 1], struct why *why)
{
    const struct accounts *accounts = keeping->accounts;
    uint8_t random[CREDENTIAL_SIZE / 2];
    struct writer w;

    hash_random(random, sizeof random);
    struct bytes name = bytes_hex(request->arena, bytes_of(random, sizeof random));
    memcpy(credential_r, name.at, CREDENTIAL_SIZE);
    credential_r[CREDENTIAL_SIZE] = '\0';
    writer_init(&w, request->arena);
    for (size_t i = 0; i < accounts->count; i++) {
        const char *credential = accounts->all[i].credential;
        struct bytes kept = credential_hash(request->arena, keeping, credential);
        if (kept.size > 0) {
            writer_format(&w, "%s ", credential);
            writer_bytes(&w, kept);
            writer_byte(&w, '\n');
        }
    }
    writer_format(&w, "%s ", credential_r);
    writer_bytes(&w, hash);
    writer_byte(&w, '\n');
    return ledger_write_file(folder_of(keeping), PASSWORDS_FILE, writer_view(&w), 0600,
                             why);
}

/* Keeps a record and tells whoever looks at the console. */
static enum sk_code
keep(struct keeping *keeping, struct json *record, struct why *why)
{
    json_close(record);
    struct bytes json = writer_view(record->w);
    enum sk_code code = vault_keep(keeping->vault, json, BYTES_NONE, why);
    if (code == SK_OK) {
        code = keeping_commit(keeping, why);
    }
    if (code == SK_OK && keeping->event != NULL) {
        keeping->event(keeping->context, json);
    }
    return code;
}

static bool
from_people(const struct request *request, struct why *why)
{
    /* Accounts are made by who has the machine, so that a stolen sign-in cannot make itself another one. */
    if (bytes_is(request->channel, "command")) {
        return true;
    }
    (void)!why_set(why, SK_BAD, "accounts are changed by `sekisho account` only");
    return false;
}

/* {"do":"account.set","name","role"?,"disabled"?,"hash"?,"new":bool}: makes an account, or changes what is given. */
enum sk_code
request_account_set(struct keeping *keeping, const struct request *request,
                    struct json *reply, struct why *why)
{
    struct bytes name = request_text(request, "name"), hash = request_text(request, "hash"),
                 role_name = request_text(request, "role");
    struct account *account = accounts_find(keeping->accounts, name);
    enum account_role role = account != NULL ? account->role : ACCOUNT_NONE;
    char credential[CREDENTIAL_SIZE + 1] = "";
    const json_t *disabled = json_object_get(request->body, "disabled");
    struct json j;
    struct writer w;

    if (!from_people(request, why)) {
        return SK_BAD;
    }
    if (!account_name_valid(name)) {
        return why_set(why, SK_BAD,
                       "a name has 1 to %d characters of a-z, 0-9, '.', '_' and '-', and "
                       "begins with a letter",
                       LIMIT_ACCOUNT_NAME);
    }
    if (role_name.size > 0 && !account_role_read(role_name, &role)) {
        return why_set(why, SK_BAD, "a role is operator, reviewer or auditor");
    }
    if (request_flag(request, "new") && account != NULL) {
        return why_set(why, SK_BAD, "there is an account %.*s already",
                       BYTES_ARGUMENTS(name));
    }
    if (!request_flag(request, "new") && account == NULL) {
        return why_set(why, SK_BAD, "there is no account %.*s", BYTES_ARGUMENTS(name));
    }
    if (account == NULL && keeping->accounts->count >= LIMIT_ACCOUNTS) {
        return why_set(why, SK_LIMIT, "there are %d accounts already", LIMIT_ACCOUNTS);
    }
    if (account == NULL && (role == ACCOUNT_NONE || hash.size == 0)) {
        return why_set(why, SK_BAD, "a new account needs a role and a password");
    }
    if (hash.size > 0) {
        if (hash.size > PASSWORD_HASH_MAX || !bytes_starts(hash, BYTES("$argon2id$")) ||
            bytes_find_byte(hash, '\n', 0) != BYTES_NOWHERE) {
            return why_set(why, SK_BAD, "the hash is none of argon2id");
        }
        enum sk_code code = credential_add(request, keeping, hash, credential, why);
        if (code != SK_OK) {
            return code;
        }
    } else {
        memcpy(credential, account->credential, sizeof credential);
    }
    request_record(request, &j, &w, "account.set");
    json_put_string(&j, "name", name);
    json_put_text(&j, "role", account_role_name(role));
    json_put_bool(&j, "disabled",
                  disabled != NULL ? json_is_true(disabled)
                                   : account != NULL && account->disabled);
    json_put_text(&j, "credential", credential);
    json_put_bool(&j, "password", hash.size > 0);
    return keep(keeping, &j, why);
}

static void
put_account(const struct account *account, struct json *reply)
{
    json_put_string(reply, "name", account->name);
    json_put_text(reply, "role", account_role_name(account->role));
    json_put_bool(reply, "disabled", account->disabled);
    json_put_number(reply, "set", account->set_ms);
    json_put_number(reply, "last_good", account->last_good_ms);
}

enum sk_code
request_account_list(struct keeping *keeping, const struct request *request,
                     struct json *reply, struct why *why)
{
    json_key(reply, "accounts");
    json_open(reply, '[');
    for (size_t i = 0; i < keeping->accounts->count; i++) {
        json_open(reply, '{');
        put_account(&keeping->accounts->all[i], reply);
        json_close(reply);
    }
    json_close(reply);
    return SK_OK;
}

/* {"do":"account.credential","name"}: what the console checks a password against. For an account that is not there or
 * disabled the answer has no hash, and is no failure: the console then takes as long to say no. */
enum sk_code
request_account_credential(struct keeping *keeping, const struct request *request,
                           struct json *reply, struct why *why)
{
    struct account *account =
        accounts_find(keeping->accounts, request_text(request, "name"));

    if (!bytes_is(request->channel, "console")) {
        return why_set(why, SK_BAD, "only the console checks passwords");
    }
    json_put_number(reply, "accounts", (int64_t)keeping->accounts->count);
    if (account != NULL && !account->disabled) {
        put_account(account, reply);
        json_put_string(reply, "hash",
                        credential_hash(request->arena, keeping, account->credential));
    }
    return SK_OK;
}

/* {"do":"account.sign_in","by","from","good"} and {"do":"account.sign_out"}. What a stranger typed as a name is kept only
 * if it is one of ours: people type their password there. */
enum sk_code
request_account_sign_in(struct keeping *keeping, const struct request *request,
                        struct json *reply, struct why *why)
{
    bool known = accounts_find(keeping->accounts, request->by) != NULL;
    struct request ours = *request;
    struct json j;
    struct writer w;

    if (!bytes_is(request->channel, "console")) {
        return why_set(why, SK_BAD, "sign-ins come from the console");
    }
    ours.by = known ? request->by : BYTES("(unknown)");
    request_record(&ours, &j, &w,
                   bytes_is(request_text(request, "do"), "account.sign_out")
                       ? "account.sign_out"
                       : "account.sign_in");
    json_put_string(&j, "from", bytes_slice(request_text(request, "from"), 0, 64));
    if (bytes_is(request_text(request, "do"), "account.sign_in")) {
        json_put_bool(&j, "good", known && request_flag(request, "good"));
    }
    return keep(keeping, &j, why);
}

/* {"do":"look","what","id"?,"query"?,"content","reason"?}: somebody is about to see something. */
enum sk_code
request_look(struct keeping *keeping, const struct request *request, struct json *reply,
             struct why *why)
{
    struct bytes what = request_text(request, "what"), id = request_text(request, "id"),
                 query = request_text(request, "query"),
                 reason = request_text(request, "reason");
    bool content = request_flag(request, "content");
    struct json j;
    struct writer w;

    if (what.size == 0 || what.size > 40 || id.size > 64 || query.size > 2000 ||
        reason.size > LIMIT_REASON) {
        return why_set(why, SK_BAD, "what is looked at cannot be read");
    }
    if (content && bytes_trim(reason).size == 0) {
        return why_set(why, SK_BAD, "reading what a message says needs a reason");
    }
    request_record(request, &j, &w, "look");
    json_put_string(&j, "what", what);
    if (id.size > 0) {
        json_put_string(&j, "id", id);
    }
    if (query.size > 0) {
        json_put_string(&j, "query", query);
    }
    json_put_bool(&j, "content", content);
    if (reason.size > 0) {
        json_put_string(&j, "reason", reason);
    }
    return keep(keeping, &j, why);
}

/* {"do":"look.list","most"?}: what was looked at and who signed in, newest first. */
enum sk_code
request_look_list(struct keeping *keeping, const struct request *request,
                  struct json *reply, struct why *why)
{
    const struct accounts *accounts = keeping->accounts;
    int64_t most = request_number(request, "most", 200);

    json_key(reply, "looks");
    json_open(reply, '[');
    for (size_t i = accounts->deed_count; i > 0 && most > 0; i--, most--) {
        const struct account_deed *deed = &accounts->deeds[i - 1];
        json_open(reply, '{');
        json_put_number(reply, "entry", (int64_t)deed->index);
        json_key(reply, "record");
        json_raw(reply, deed->record);
        json_close(reply);
    }
    json_close(reply);
    return SK_OK;
}
