/* `sekisho account`: who may sign in at the console. */
#define SK_BASE
#include "sekisho/commands.h"

#include <jansson.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "report/accounts.h"
#include "report/password.h"
#include "sekisho/ask.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"
#include "sekisho/settings.h"

static const struct option_row rows[] = {
    {"config", "FILE", "configuration that names the record's folder"},
    {"role", "ROLE", "add: operator, reviewer or auditor"},
    {"json", NULL, "list: as JSON"},
    {"lang", "ja|en", "language; else that of the environment"},
    {0},
};

struct telling {
    struct arena arena;
    const struct config *config;
    bool japanese;
    bool json;
};

/* One line without echo where a person types it. */
static bool
read_line(struct arena *arena, const char *prompt, struct bytes *line_r)
{
    struct termios before, quiet;
    bool person = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    struct writer w;
    int c;

    if (person) {
        fprintf(stderr, "%s", prompt);
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    writer_init(&w, arena);
    while ((c = getc(stdin)) != EOF && c != '\n' && w.size <= LIMIT_PASSWORD_MOST) {
        writer_byte(&w, (uint8_t)c);
    }
    if (person) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    *line_r = writer_view(&w);
    if (line_r->size > 0 && line_r->at[line_r->size - 1] == '\r') {
        line_r->size--;
    }
    return c != EOF || w.size > 0;
}

/* A person types it twice, a pipe gives it once. */
static int
read_password(struct telling *t, struct bytes name, struct bytes *hash_r)
{
    struct bytes password, again;
    struct why why;

    if (!read_line(&t->arena, t->japanese ? "パスワード: " : "Password: ", &password)) {
        fprintf(stderr, "sekisho: account: no password was given\n");
        return EXIT_USAGE;
    }
    if (isatty(STDIN_FILENO) &&
        (!read_line(&t->arena, t->japanese ? "もう一度: " : "Again: ", &again) ||
         !bytes_equal(password, again))) {
        fprintf(stderr, "sekisho: account: the two are not the same\n");
        return EXIT_DATA;
    }
    if (password_check_strength(password, name, &why) != SK_OK) {
        fprintf(stderr, "sekisho: account: %s\n", why.sentence);
        return EXIT_DATA;
    }
    enum sk_code code = password_hash(&t->arena, password, hash_r, &why);
    explicit_bzero((void *)password.at, password.size);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: account: %s\n", why.sentence);
        return EXIT_SYSTEM;
    }
    return EXIT_OK;
}

static int
ask(struct telling *t, struct json *request, struct bytes *reply_r)
{
    struct why why;

    json_close(request);
    enum sk_code code =
        ask_keeper(&t->arena, t->config, writer_view(request->w), reply_r, &why);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: account: %s\n", why.sentence);
    }
    return code == SK_OK                        ? EXIT_OK
           : code == SK_BAD || code == SK_LIMIT ? EXIT_DATA
           : code == SK_CONFIG                  ? EXIT_CONFIG
           : code == SK_LATER                   ? EXIT_UNAVAILABLE
                                                : EXIT_SYSTEM;
}

static void
begin(struct telling *t, struct writer *w, struct json *j, const char *what)
{
    writer_init(w, &t->arena);
    json_init(j, w);
    json_open(j, '{');
    json_put_text(j, "do", what);
}

static int
add_or_passwd(struct telling *t, struct bytes name, const char *role, bool new)
{
    struct bytes hash, reply;
    enum account_role known;
    struct writer w;
    struct json j;

    if (!account_name_valid(name)) {
        fprintf(stderr,
                "sekisho: account: a name has 1 to %d characters of a-z, 0-9, '.', "
                "'_' and '-', and begins with a letter\n",
                LIMIT_ACCOUNT_NAME);
        return EXIT_USAGE;
    }
    if (new && (role == NULL || !account_role_read(bytes_from_text(role), &known))) {
        fprintf(stderr,
                "sekisho: account: --role operator, reviewer or auditor is wanted\n");
        return EXIT_USAGE;
    }
    int status = read_password(t, name, &hash);
    if (status != EXIT_OK) {
        return status;
    }
    begin(t, &w, &j, "account.set");
    json_put_string(&j, "name", name);
    json_put_string(&j, "hash", hash);
    json_put_bool(&j, "new", new);
    if (role != NULL) {
        json_put_text(&j, "role", role);
    }
    return ask(t, &j, &reply);
}

static int
change(struct telling *t, struct bytes name, const char *role, int disabled)
{
    struct bytes reply;
    struct writer w;
    struct json j;

    begin(t, &w, &j, "account.set");
    json_put_string(&j, "name", name);
    if (role != NULL) {
        json_put_text(&j, "role", role);
    }
    if (disabled >= 0) {
        json_put_bool(&j, "disabled", disabled == 1);
    }
    return ask(t, &j, &reply);
}

static const char *
role_words(const struct telling *t, const char *role)
{
    static const char *const words[][2] = {
        {"operator", "運用者"}, {"reviewer", "閲覧者"}, {"auditor", "監査者"}};

    for (size_t i = 0; t->japanese && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i][0], role) == 0) {
            return words[i][1];
        }
    }
    return role;
}

static void
print_account(struct telling *t, const json_t *account)
{
    const char *name = json_string_value(json_object_get(account, "name")),
               *role = json_string_value(json_object_get(account, "role"));
    int64_t last = json_integer_value(json_object_get(account, "last_good"));
    bool disabled = json_is_true(json_object_get(account, "disabled"));
    struct writer w;

    writer_init(&w, &t->arena);
    if (last > 0) {
        clock_write_rfc3339(&w, last / 1000, 0);
    } else {
        writer_text(&w, t->japanese ? "サインインなし" : "never signed in");
    }
    printf("%s\t%s\t%s\t%s\n", name != NULL ? name : "?",
           role_words(t, role != NULL ? role : "?"),
           disabled ? (t->japanese ? "停止中" : "disabled")
                    : (t->japanese ? "有効" : "enabled"),
           writer_c(&w));
}

static int
list(struct telling *t)
{
    struct bytes reply;
    struct writer w;
    struct json j;
    json_t *account;
    size_t i;

    begin(t, &w, &j, "account.list");
    int status = ask(t, &j, &reply);
    if (status != EXIT_OK) {
        return status;
    }
    if (t->json) {
        printf("%.*s\n", BYTES_ARGUMENTS(reply));
        return EXIT_OK;
    }
    json_t *answer = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    json_array_foreach(json_object_get(answer, "accounts"), i, account)
    {
        print_account(t, account);
    }
    json_decref(answer);
    return EXIT_OK;
}

static int
account(struct telling *t, const struct options *o)
{
    const char *role = options_value(o, "role");
    struct bytes verb = bytes_from_text(o->rest_count > 0 ? o->rest[0] : NULL),
                 name = bytes_from_text(o->rest_count > 1 ? o->rest[1] : NULL);

    if (bytes_is(verb, "list") && o->rest_count == 1) {
        return list(t);
    }
    if (bytes_is(verb, "role") && o->rest_count == 3) {
        return change(t, name, o->rest[2], -1);
    }
    if (o->rest_count == 2) {
        if (bytes_is(verb, "add")) {
            return add_or_passwd(t, name, role, true);
        }
        if (bytes_is(verb, "passwd")) {
            return add_or_passwd(t, name, NULL, false);
        }
        if (bytes_is(verb, "disable") || bytes_is(verb, "enable")) {
            return change(t, name, NULL, bytes_is(verb, "disable"));
        }
    }
    fprintf(stderr, "sekisho: account: add NAME --role ROLE, passwd NAME, role NAME ROLE, "
                    "disable NAME, enable NAME or list is wanted\n");
    return EXIT_USAGE;
}

int
account_command(int count, char **arguments)
{
    struct telling t;
    struct options o;
    struct why why;

    if (!options_read(&o, "account [OPTION...] add|passwd|role|disable|enable|list [NAME]",
                      "Says who may sign in at the console; a password is read from the "
                      "terminal or standard input.",
                      rows, count, arguments)) {
        return o.status;
    }
    arena_init(&t.arena, 64u << 20);
    t.japanese = speak_japanese(&o);
    t.json = options_has(&o, "json");
    struct bytes text;
    const char *path = options_value(&o, "config");
    enum sk_code code = settings_file(&t.arena, path, &text, &why);
    if (code == SK_OK) {
        code = settings_config(&t.arena, text, &t.config, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s: %s\n", path != NULL ? path : SETTINGS_PATH,
                why.sentence);
        arena_release(&t.arena);
        return EXIT_CONFIG;
    }
    int status = account(&t, &o);
    arena_release(&t.arena);
    return status;
}
