/* sekisho consent: who has allowed what, and the lists of senders that recipients keep.
 *
 *     sekisho consent grant hanako@example.jp content links --channel web --time 2026-11-22T10:00:00+09:00
 *     sekisho consent withdraw hanako@example.jp all
 *     sekisho consent show hanako@example.jp
 *     sekisho consent allow hanako@example.jp shop.example
 *
 * Each is an entry of the ledger before the command returns, and holds from the next message on. */
#define SK_BASE
#include "sekisho/commands.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "parse/domain.h"
#include "permit/consent.h"
#include "permit/recipient_name.h"
#include "sekisho/ask.h"
#include "sekisho/consent_private.h"
#include "sekisho/held_waiting.h"
#include "sekisho/record_folder.h"

static const struct option_row rows[] = {
    RECORD_FOLDER_ROWS,
    {"by", "WHO", "who said it, where it was not the recipient himself"},
    {"channel", "HOW", "how it was said: " CONSENT_CHANNELS},
    {"time", "TIME", "when it was said (RFC 3339); else now"},
    {"text", "ID", "the text that was agreed to, by id or hash; else that of each family"},
    {"text-file", "FILE", "registers this text under --text first"},
    {"held", "release|erase",
     "withdraw: what to do with what is held for him alone; else it is only told"},
    {"remove", NULL, "allow, refuse, rescue: takes the senders off the list"},
    {"texts", NULL, "show: all texts that can be agreed to, with their hashes"},
    {"dry-run", NULL, "import: only checks, keeps nothing"},
    {"format", "FORMAT", "import: tsv, csv or jsonl; else by the file's name"},
    {"json", NULL, "show: as JSON lines"},
    {"lang", "ja|en", "language of the text agreed to, and of what is printed"},
    {0},
};

static const char usage[] =
    "consent grant|withdraw ADDRESS FAMILY... | show [ADDRESS] | import FILE | export |\n"
    "       sekisho consent allow|refuse|rescue ADDRESS SENDER... | only ADDRESS on|off";

void
consent_begin(struct arena *arena, struct writer *w, struct json *j, const char *what)
{
    writer_init(w, arena);
    json_init(j, w);
    json_open(j, '{');
    json_put_text(j, "do", what);
}

int
consent_ask(struct consent_asking *asking, struct arena *arena, struct json *request,
            struct bytes *reply_r, struct why *why_r)
{
    struct why why = {0};

    json_close(request);
    enum sk_code code =
        ask_keeper(arena, asking->config, writer_view(request->w), reply_r, &why);
    if (code != SK_OK && why_r != NULL) {
        *why_r = why;
    } else if (code != SK_OK) {
        fprintf(stderr, "sekisho: consent: %s\n", why.sentence);
    }
    return code == SK_OK                        ? EXIT_OK
           : code == SK_BAD || code == SK_LIMIT ? EXIT_DATA
           : code == SK_CONFIG                  ? EXIT_CONFIG
           : code == SK_LATER                   ? EXIT_UNAVAILABLE
                                                : EXIT_SYSTEM;
}

bool
consent_put_told(struct consent_asking *asking, struct json *j)
{
    const struct options *o = asking->options;
    const char *time = options_value(o, "time"), *text = options_value(o, "text");
    int64_t epoch;

    if (time != NULL) {
        if (!clock_read_rfc3339(bytes_from_text(time), &epoch)) {
            fprintf(stderr,
                    "sekisho: consent: --time %s is none: write for example "
                    "2026-11-22T10:00:00+09:00\n",
                    time);
            return false;
        }
        json_put_number(j, "told_ms", epoch * 1000);
    }
    if (options_has(o, "by")) {
        json_put_text(j, "told_by", options_value(o, "by"));
    }
    if (options_has(o, "channel")) {
        json_put_text(j, "told_channel", options_value(o, "channel"));
    }
    if (text != NULL) {
        json_put_text(j, "text", text);
    }
    if (options_has(o, "lang")) {
        json_put_text(j, "language", options_value(o, "lang"));
    }
    return true;
}

static void
put_rest(struct json *j, const char *key, const struct options *o)
{
    json_key(j, key);
    json_open(j, '[');
    for (int i = 2; i < o->rest_count; i++) {
        json_text(j, o->rest[i]);
    }
    json_close(j);
}

static bool
reply_flag(struct bytes reply, const char *name)
{
    json_t *said = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    bool is = json_is_true(json_object_get(said, name));

    json_decref(said);
    return is;
}

/* The entry that the keeper's reply names. */
static long long
reply_number(struct bytes reply, const char *name)
{
    json_t *said = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    long long number = json_integer_value(json_object_get(said, name));

    json_decref(said);
    return number;
}

static int
register_text(struct consent_asking *asking)
{
    const char *path = options_value(asking->options, "text-file"),
               *id = options_value(asking->options, "text");
    uint8_t *text = arena_take_bytes(&asking->arena, LIMIT_CONSENT_TEXT + 1);
    struct bytes reply;
    struct writer w;
    struct json j;

    if (id == NULL) {
        fprintf(stderr, "sekisho: consent: --text-file wants --text ID\n");
        return EXIT_USAGE;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "sekisho: consent: %s cannot be read\n", path);
        return EXIT_NO_INPUT;
    }
    size_t size = fread(text, 1, LIMIT_CONSENT_TEXT + 1, file);
    fclose(file);
    consent_begin(&asking->arena, &w, &j, "consent.text");
    json_put_text(&j, "id", id);
    json_put_string(&j, "text", bytes_of(text, size));
    return consent_ask(asking, &asking->arena, &j, &reply, NULL);
}

/* As if somebody had typed `sekisho held release --reason ... ID`: recorded, and with the same words. */
static int
dispose_held(struct consent_asking *asking, const char *verb, struct bytes id)
{
    const char *config = options_value(asking->options, "config"),
               *folder = options_value(asking->options, "folder");
    char *arguments[12];
    int count = 0;

    arguments[count++] = (char *)"held";
    arguments[count++] = (char *)verb;
    arguments[count++] = (char *)"--reason";
    arguments[count++] = (char *)(asking->japanese ? "同意の撤回" : "consent withdrawn");
    if (config != NULL) {
        arguments[count++] = (char *)"--config";
        arguments[count++] = (char *)config;
    }
    if (folder != NULL) {
        arguments[count++] = (char *)"--folder";
        arguments[count++] = (char *)folder;
    }
    arguments[count++] = (char *)"--lang";
    arguments[count++] = (char *)(asking->japanese ? "ja" : "en");
    arguments[count++] = bytes_text(&asking->arena, id);
    arguments[count] = NULL;
    return held_command(count, arguments);
}

static void
print_waiting(const struct consent_asking *asking, const struct held_waiting *waiting,
              bool disposed)
{
    printf(disposed ? (asking->japanese
                           ? "  %.*s (ほかの受信者の分でもあるため、そのままにしました)\n"
                           : "  %.*s (held for others too: left as it is)\n")
                    : "  %.*s\n",
           BYTES_ARGUMENTS(waiting->id));
}

/* What he has not been given is his mail, not our copy: it is neither destroyed nor passed on without a word. */
static int
tell_held(struct consent_asking *asking, const char *address)
{
    const char *choice = options_value(asking->options, "held");
    struct held_waiting *waiting = NULL;
    struct bytes name;
    struct why why;
    size_t count = 0;
    bool more = false;
    int status = EXIT_OK;

    if (!recipient_name(&asking->arena, bytes_from_text(address), domain_to_ascii, &name) ||
        name.at[0] == '@') {
        return EXIT_OK;
    }
    const char *folder =
        bytes_text(&asking->arena, config_text(asking->config, "record.folder"));
    if (held_waiting(&asking->arena, folder, name, &waiting, &count, &more, &why) !=
        SK_OK) {
        fprintf(stderr, "sekisho: consent: what is held for him is not known: %s\n",
                why.sentence);
        return EXIT_NO_INPUT;
    }
    if (count > 0) {
        printf(asking->japanese ? "この受信者にまだ渡していない保留中のメールが %zu 通%s"
                                  "あります:\n"
                                : "%zu messages%s are held for this recipient and not yet "
                                  "his:\n",
               count, more ? (asking->japanese ? "以上" : " or more") : "");
    }
    for (size_t i = 0; i < count; i++) {
        if (choice == NULL || waiting[i].others) {
            print_waiting(asking, &waiting[i], choice != NULL);
            continue;
        }
        int one =
            dispose_held(asking, choice[0] == 'r' ? "release" : "delete", waiting[i].id);
        status = one == EXIT_OK ? status : one;
    }
    if (count > 0 && choice == NULL) {
        puts(asking->japanese
                 ? "渡すなら `sekisho held release --reason ... ID`、"
                   "消すなら `sekisho held delete --reason ... ID` "
                   "(または撤回のときに --held release か --held erase)"
                 : "`sekisho held release --reason ... ID` passes one on, `sekisho held "
                   "delete --reason ... ID` destroys it (or say --held release or --held "
                   "erase with the withdrawal)");
    }
    return status;
}

static int
grant_or_withdraw(struct consent_asking *asking, const struct options *o, bool grant)
{
    struct bytes reply;
    struct writer w;
    struct json j;
    int status = EXIT_OK;

    if (o->rest_count < 3) {
        fprintf(stderr, "usage: sekisho %s\n", usage);
        return EXIT_USAGE;
    }
    const char *held = options_value(o, "held");
    if (held != NULL &&
        (grant || (strcmp(held, "release") != 0 && strcmp(held, "erase") != 0))) {
        fprintf(stderr, "sekisho: consent: --held goes with withdraw, and is release or "
                        "erase\n");
        return EXIT_USAGE;
    }
    if (grant && options_has(o, "text-file")) {
        status = register_text(asking);
    }
    consent_begin(&asking->arena, &w, &j, grant ? "consent.grant" : "consent.withdraw");
    json_put_text(&j, "address", o->rest[1]);
    put_rest(&j, "families", o);
    if (status == EXIT_OK && !consent_put_told(asking, &j)) {
        return EXIT_USAGE;
    }
    if (status == EXIT_OK) {
        status = consent_ask(asking, &asking->arena, &j, &reply, NULL);
    }
    if (status == EXIT_OK) {
        long long entry = reply_number(reply, "entry");
        if (asking->japanese) {
            printf(grant
                       ? "同意を台帳の項目 %lld に記録しました。次のメールから有効です。\n"
                       : "撤回を台帳の項目 %lld に記録しました。次のメールから有効です。"
                         "この同意に基づいて保存した内容は消去します。\n",
                   entry);
        } else {
            printf(grant ? "recorded as entry %lld of the ledger; it holds from the next "
                           "message on\n"
                         : "recorded as entry %lld of the ledger; it holds from the next "
                           "message on, and what was kept on its ground is being erased\n",
                   entry);
        }
        if (reply_flag(reply, "hold")) {
            puts(asking->japanese ? "証拠保全の指示があるため、その対象の内容は保全が解除さ"
                                    "れてから消去します。"
                                  : "a legal hold is in force: what it covers is erased "
                                    "when it is lifted");
        }
        if (!grant) {
            status = tell_held(asking, o->rest[1]);
        }
    }
    return status;
}

static int
change_list(struct consent_asking *asking, const struct options *o, const char *list)
{
    bool only = strcmp(list, "only") == 0;
    struct bytes reply;
    struct writer w;
    struct json j;

    if (o->rest_count < 3 || (only && o->rest_count != 3)) {
        fprintf(stderr, "usage: sekisho %s\n", usage);
        return EXIT_USAGE;
    }
    consent_begin(&asking->arena, &w, &j, "consent.list");
    json_put_text(&j, "list", list);
    json_put_text(&j, "address", o->rest[1]);
    if (only) {
        json_put_text(&j, "act", o->rest[2]);
    } else {
        json_put_text(&j, "act", options_has(o, "remove") ? "remove" : "add");
        put_rest(&j, "entries", o);
    }
    return consent_ask(asking, &asking->arena, &j, &reply, NULL);
}

static int
consent_run(struct consent_asking *asking, const struct options *o)
{
    const char *what = o->rest_count > 0 ? o->rest[0] : "";
    const char *second = o->rest_count > 1 ? o->rest[1] : NULL;

    if (strcmp(what, "grant") == 0 || strcmp(what, "withdraw") == 0) {
        return grant_or_withdraw(asking, o, what[0] == 'g');
    }
    if (strcmp(what, "show") == 0 && o->rest_count <= 2) {
        return options_has(o, "texts") ? consent_texts(asking)
                                       : consent_show(asking, second);
    }
    if (strcmp(what, "import") == 0 && o->rest_count == 2) {
        return consent_import(asking, second);
    }
    if (strcmp(what, "export") == 0 && o->rest_count == 1) {
        return consent_export(asking);
    }
    if (strcmp(what, "allow") == 0 || strcmp(what, "refuse") == 0 ||
        strcmp(what, "rescue") == 0 || strcmp(what, "only") == 0) {
        return change_list(asking, o, what);
    }
    fprintf(stderr, "usage: sekisho %s\n", usage);
    return EXIT_USAGE;
}

int
consent_command(int count, char **arguments)
{
    struct consent_asking asking = {0};
    struct options o;
    int status;

    if (!options_read(&o, usage, "Records who allows what, and shows it.", rows, count,
                      arguments)) {
        return o.status;
    }
    arena_init(&asking.arena, (size_t)2 << 30);
    asking.options = &o;
    asking.japanese = speak_japanese(&o);
    asking.config = command_config(&asking.arena, &o, &status);
    if (asking.config != NULL) {
        status = consent_run(&asking, &o);
    }
    arena_release(&asking.arena);
    return status;
}
