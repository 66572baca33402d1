/* `sekisho dmarc`: reports of others read into statistics, and what ours would say. */
#define SK_BASE
#include "sekisho/commands.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "dns/resolver.h"
#include "net/loop.h"
#include "record/keys.h"
#include "sekisho/ask.h"
#include "sekisho/corpus.h"
#include "sekisho/dmarc_failure_command.h"
#include "sekisho/dmarc_received.h"
#include "sekisho/dmarc_round.h"
#include "sekisho/files.h"
#include "sekisho/record_folder.h"
#include "sekisho/version.h"

#define REPORT_MEMORY ((size_t)768 << 20)
#define ASK_MEMORY    ((size_t)64 << 20)
#define DAY_S         86400

static const struct option_row rows[] = {
    RECORD_FOLDER_ROWS,
    {"domain", "DOMAIN", "show: of this domain alone"},
    {"since", "DAY", "show: reports about this day and later (2026-11-22, UTC)"},
    {"limit", "NUMBER", "show: so many rows at most, most messages first (200)"},
    {"day", "DAY", "reports: about the period that begins on this day (UTC)"},
    {"dry-run", NULL, "reports: nothing is sent; it never is by this command"},
    {"out", "FOLDER", "reports: write the files and mails there, to look at"},
    {"json", NULL, "show, reports, suppress list: as JSON"},
    {"lang", "ja|en", "language; else that of the environment"},
    {0},
};

struct work {
    struct arena arena; /* of the command */
    const struct options *o;
    const struct config *config;
    bool japanese, json;
};

static const char *say(const struct work *k, const char *ja, const char *en)
    __attribute__((format_arg(2), format_arg(3)));

static const char *
say(const struct work *k, const char *ja, const char *en)
{
    return k->japanese ? ja : en;
}

static int
complain(enum sk_code code, const struct why *why)
{
    fprintf(stderr, "sekisho: dmarc: %s\n", why->sentence);
    return code == SK_BAD || code == SK_LIMIT ? EXIT_DATA
           : code == SK_CONFIG                ? EXIT_CONFIG
           : code == SK_LATER                 ? EXIT_UNAVAILABLE
                                              : EXIT_SYSTEM;
}

/* One request; the reply lives in the arena. NULL: words were said. */
static json_t *
ask(struct work *k, struct arena *arena, struct bytes request, int *status_r)
{
    struct bytes reply = BYTES_NONE;
    struct why why = {0};
    enum sk_code code = ask_keeper(arena, k->config, request, &reply, &why);

    *status_r = code == SK_OK ? EXIT_OK : complain(code, &why);
    return code == SK_OK ? json_loadb((const char *)reply.at, reply.size, 0, NULL) : NULL;
}

/* --- read --- */

struct reading {
    struct work *work;
    struct arena arena; /* of one report */
    size_t kept, known, none, broken;
    int status;
};

static void
keep_report(struct reading *r, const char *path, const struct dmarc_report *report)
{
    bool known = true;

    for (size_t from = 0; from < report->row_count; from += DMARC_ROWS_A_REQUEST) {
        int status;
        json_t *reply = ask(r->work, &r->arena,
                            dmarc_received_request(&r->arena, report, from), &status);
        if (reply == NULL) {
            fprintf(stderr, "sekisho: dmarc: %s was not kept\n", path);
            r->status = status;
            r->broken++;
            return;
        }
        known = known && json_is_true(json_object_get(reply, "known"));
        json_decref(reply);
    }
    r->known += known;
    r->kept += !known;
}

static void
read_one(struct reading *r, const char *path, struct bytes raw)
{
    struct dmarc_report report;
    struct bytes xml;
    struct why why;
    bool packed = dmarc_packed_looks(raw);
    enum sk_code code = dmarc_of_bytes(&r->arena, raw, &xml, &why);

    if (code == SK_BAD && !packed) { /* a letter without a report: mailboxes hold such */
        r->none++;
        return;
    }
    if (code == SK_OK) {
        code = dmarc_report_read(&r->arena, xml, &report, &why);
    }
    if (code == SK_OK) {
        code = dmarc_report_check(&report, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: dmarc: %s: %s\n", path, why.sentence);
        r->broken++;
        return;
    }
    keep_report(r, path, &report);
}

/* A report itself; false: something else, a mailbox perhaps. */
static bool
read_file_itself(struct reading *r, const char *path)
{
    struct stat st;
    struct bytes raw;
    struct why why;
    bool is = false;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
        st.st_size > LIMIT_DMARC_REPORT_BYTES) {
        return false;
    }
    arena_init(&r->arena, REPORT_MEMORY);
    if (file_read(&r->arena, path, LIMIT_DMARC_REPORT_BYTES, &raw, &why) == SK_OK &&
        dmarc_packed_looks(raw)) {
        is = true;
        read_one(r, path, raw);
    }
    arena_release(&r->arena);
    return is;
}

static void
read_mail(struct reading *r, const char *path)
{
    struct arena index;
    struct why why;

    arena_init(&index, REPORT_MEMORY);
    struct corpus *corpus = corpus_new(&index);
    if (corpus_add(corpus, path, 0, &why) != SK_OK) {
        fprintf(stderr, "sekisho: dmarc: %s: %s\n", path, why.sentence);
        r->status = EXIT_NO_INPUT;
    }
    for (size_t i = 0; i < corpus_count(corpus); i++) {
        struct bytes raw;
        const char *file;
        int label;
        arena_init(&r->arena, REPORT_MEMORY);
        if (corpus_load(&r->arena, corpus, i, &raw, &label, &file, &why) == SK_OK) {
            read_one(r, file, raw);
        }
        arena_release(&r->arena);
    }
    arena_release(&index);
}

static int
read_reports(struct work *k)
{
    struct reading r = {.work = k, .status = EXIT_OK};

    if (k->o->rest_count < 2) {
        fprintf(stderr, "sekisho: dmarc: name files or mailboxes with reports\n");
        return EXIT_USAGE;
    }
    for (int i = 1; i < k->o->rest_count; i++) {
        if (!read_file_itself(&r, k->o->rest[i])) {
            read_mail(&r, k->o->rest[i]);
        }
    }
    printf(say(k,
               "読み込んだレポート %zu 件、既知 %zu 件、レポートのないメール %zu 通、"
               "読めないもの %zu 件\n",
               "%zu reports were read, %zu known before, %zu letters without one, %zu that "
               "cannot be read\n"),
           r.kept, r.known, r.none, r.broken);
    return r.status != EXIT_OK ? r.status
           : r.broken > 0      ? EXIT_DATA
           : r.kept + r.known  ? EXIT_OK
                               : EXIT_FOUND;
}

/* --- show --- */

static long long
number(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void
print_row(struct work *k, const json_t *row)
{
    struct arena arena;
    struct writer w;

    arena_init(&arena, ARENA_BLOCK_SIZE);
    writer_init(&w, &arena);
    writer_clean(&w, bytes_from_text(json_string_value(json_object_get(row, "domain"))),
                 LIMIT_DOMAIN);
    while (w.size < 32) {
        writer_byte(&w, ' ');
    }
    writer_byte(&w, ' ');
    size_t from = w.size;
    writer_clean(&w, bytes_from_text(json_string_value(json_object_get(row, "source"))),
                 45);
    while (w.size < from + 24) {
        writer_byte(&w, ' ');
    }
    printf("%s %9lld %9lld %9lld %9lld %9lld\n", writer_c(&w), number(row, "messages"),
           number(row, "spf"), number(row, "dkim"), number(row, "passed"),
           number(row, "messages") - number(row, "passed"));
    arena_release(&arena);
    (void)k;
}

static bool
read_day(const struct options *o, const char *name, int64_t *epoch_r)
{
    const char *value = options_value(o, name);

    if (value == NULL) {
        return true;
    }
    if (strlen(value) != 10 || !clock_read_rfc3339(bytes_from_text(value), epoch_r)) {
        fprintf(stderr, "sekisho: dmarc: --%s wants a day like 2026-11-22\n", name);
        return false;
    }
    return true;
}

static int
show(struct work *k)
{
    const char *domain = options_value(k->o, "domain");
    int64_t since = 0;
    struct options o = *k->o;
    struct writer w;
    struct json j;
    int status;
    size_t i;
    long limit;
    json_t *row;

    if (!read_day(k->o, "since", &since) || !options_number(&o, "limit", 1, 200, &limit)) {
        return EXIT_USAGE;
    }
    writer_init(&w, &k->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "dmarc.show");
    json_put_number(&j, "since", since / DAY_S);
    json_put_number(&j, "most", limit);
    if (domain != NULL) {
        json_put_text(&j, "domain", domain);
    }
    json_close(&j);
    json_t *reply = ask(k, &k->arena, writer_view(&w), &status);
    if (reply == NULL) {
        return status;
    }
    const json_t *list = json_object_get(reply, "rows");
    if (!k->json && json_array_size(list) > 0) {
        puts(say(k,
                 "ドメイン                         送信元                        通数   "
                 "SPF一致  DKIM一致      合格    不合格",
                 "domain                           source                    messages      "
                 " SPF      DKIM    passed    failed"));
    }
    json_array_foreach(list, i, row)
    {
        if (k->json) {
            json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
            putchar('\n');
        } else {
            print_row(k, row);
        }
    }
    if (i == 0 && !k->json) {
        printf("%s\n",
               say(k, "レポートはまだ読み込まれていない", "no reports were read yet"));
    } else if (number(reply, "all") > (long long)i) {
        fprintf(stderr,
                say(k, "sekisho: 全部で %lld 行（--limit で増やせる）\n",
                    "sekisho: there are %lld rows; --limit NUMBER shows more\n"),
                number(reply, "all"));
    }
    json_decref(reply);
    return i > 0 ? EXIT_OK : EXIT_FOUND;
}

/* --- suppress --- */

static int
list_suppressed(struct work *k)
{
    int status;
    size_t i;
    json_t *one;
    json_t *reply = ask(k, &k->arena, BYTES("{\"do\":\"dmarc.suppressed\"}"), &status);

    if (reply == NULL) {
        return status;
    }
    json_array_foreach(json_object_get(reply, "suppressed"), i, one)
    {
        struct writer w;
        if (k->json) {
            json_dumpf(one, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
            putchar('\n');
            continue;
        }
        writer_init(&w, &k->arena);
        writer_clean(&w, bytes_from_text(json_string_value(json_object_get(one, "name"))),
                     LIMIT_ADDRESS);
        writer_text(&w, "  ");
        if (number(one, "until") == 0) {
            writer_text(&w, say(k, "無期限", "for good"));
        } else {
            writer_text(&w, json_is_true(json_object_get(one, "holds"))
                                ? say(k, "期限 ", "until ")
                                : say(k, "終了 ", "ended "));
            clock_write_rfc3339(&w, number(one, "until") / 1000, 540);
            writer_format(&w, say(k, "（不達 %lld 回）", " (%lld bounces)"),
                          number(one, "bounces"));
        }
        puts(writer_c(&w));
    }
    json_decref(reply);
    return EXIT_OK;
}

static int
suppress(struct work *k)
{
    const char *what = k->o->rest_count > 1 ? k->o->rest[1] : "";
    bool add = strcmp(what, "add") == 0;
    struct writer w;
    struct json j;
    int status;

    if (strcmp(what, "list") == 0 && k->o->rest_count == 2) {
        return list_suppressed(k);
    }
    if ((!add && strcmp(what, "remove") != 0) || k->o->rest_count != 3) {
        fprintf(stderr,
                "sekisho: dmarc: suppress add NAME, remove NAME or list is wanted\n");
        return EXIT_USAGE;
    }
    writer_init(&w, &k->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "dmarc.suppress");
    json_put_text(&j, "name", k->o->rest[2]);
    json_put_bool(&j, "add", add);
    json_close(&j);
    json_t *reply = ask(k, &k->arena, writer_view(&w), &status);
    json_decref(reply);
    return status;
}

/* --- reports --- */

struct telling {
    struct work *work;
    struct dmarc_round round;
    struct event_base *base;
    struct resolver *resolver;
    int out; /* folder, or -1 */
};

static void
on_dns(void *context)
{
    event_base_loopbreak(((struct telling *)context)->base);
}

static enum sk_code
read_plan(struct telling *t, struct why *why)
{
    struct work *k = t->work;
    struct writer w;
    struct json j;
    struct bytes reply = BYTES("{}");
    int64_t period_end;
    enum sk_code code = SK_OK;

    writer_init(&w, &k->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "dmarc.plan");
    json_put_number(&j, "begin", t->round.begin);
    json_put_number(&j, "end", t->round.end);
    json_close(&j);
    if (ask_keeper_record(&k->arena, k->config)) {
        code = ask_keeper(&k->arena, k->config, writer_view(&w), &reply, why);
    }
    return code == SK_OK ? dmarc_round_plan(&k->arena, &t->round, reply, &period_end, why)
                         : code;
}

static enum sk_code
gather(struct telling *t, struct why *why)
{
    struct work *k = t->work;
    struct dmarc_gather *g =
        dmarc_gather_new(&k->arena, t->round.settings, t->round.begin, t->round.end);
    struct dmarc_walk *walk;
    const char *path = bytes_text(&k->arena, config_text(k->config, "record.folder"));
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    t->round.gather = g;
    if (folder < 0) {
        return why_set(why, SK_SYSTEM, "%s", path);
    }
    enum sk_code code =
        dmarc_walk_open(&k->arena, folder, t->round.begin, t->round.end, &walk, why);
    if (code == SK_OK) {
        while ((code = dmarc_walk_step(walk, g, why)) == SK_MORE) {
        }
    }
    dmarc_walk_close(walk);
    close(folder);
    return code;
}

static bool
write_out(const struct telling *t, struct arena *arena, struct bytes name,
          const char *ending, struct bytes content)
{
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, name); /* made of checked names: no slash is in it */
    writer_text(&w, ending);
    int file = openat(t->out, writer_c(&w), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool well = file >= 0 && write(file, content.at, content.size) == (ssize_t)content.size;
    if (file >= 0) {
        close(file);
    }
    return well;
}

static void
print_letter(const struct telling *t, const struct dmarc_letter *letter)
{
    struct arena arena;
    struct writer w;
    struct json j;

    arena_init(&arena, ARENA_BLOCK_SIZE * 2);
    writer_init(&w, &arena);
    if (t->work->json) {
        json_init(&j, &w);
        json_open(&j, '{');
        json_put_string(&j, "domain", letter->domain);
        json_put_string(&j, "to", letter->to);
        json_put_text(&j, "decision", dmarc_refusal_name(letter->refusal));
        json_put_number(&j, "messages", (int64_t)letter->messages);
        json_put_number(&j, "rows", (int64_t)letter->rows);
        json_put_number(&j, "size", (int64_t)letter->mail.size);
        json_put_string(&j, "file", letter->file);
        json_put_string(&j, "sha256", letter->sha256);
        if (letter->failure) {
            json_put_bool(&j, "failure", true);
        }
        json_close(&j);
    } else {
        writer_clean(&w, letter->domain, LIMIT_DOMAIN);
        writer_text(&w, " -> ");
        writer_clean(&w, letter->to.size > 0 ? letter->to : BYTES("-"), LIMIT_ADDRESS);
        if (letter->failure) {
            writer_text(&w, say(t->work, "（失敗レポート）: ", " (failure report): "));
        } else {
            writer_format(
                &w, say(t->work, "（%llu 通、%llu 行）: ", " (%llu messages, %llu rows): "),
                (unsigned long long)letter->messages, (unsigned long long)letter->rows);
        }
        writer_text(&w, dmarc_refusal_words(letter->refusal, t->work->japanese));
    }
    puts(writer_c(&w));
    arena_release(&arena);
}

static enum sk_code
tell_letters(struct telling *t, struct arena *arena, const struct dmarc_letter *letters,
             size_t count, struct why *why)
{
    enum sk_code code = SK_OK;

    for (size_t n = 0; n < count; n++) {
        const struct dmarc_letter *letter = &letters[n];
        print_letter(t, letter);
        if (t->out >= 0 && letter->refusal == DMARC_REFUSAL_SEND &&
            ((!letter->failure && !write_out(t, arena, letter->file, "", letter->packed)) ||
             !write_out(t, arena, letter->token, ".eml", letter->mail))) {
            code = why_set(why, SK_SYSTEM, "--out: a file cannot be written");
        }
    }
    return code;
}

/* The aggregate report about a domain, then those about single messages. */
static enum sk_code
tell_domain(struct telling *t, size_t i, struct why *why)
{
    size_t failures = dmarc_gather_seen(t->round.gather, i)->failure_count, count;
    struct dmarc_letter letters[DMARC_LETTERS];
    struct arena arena;
    struct dns_memo memo;
    enum sk_code code = SK_OK;

    arena_init(&arena, REPORT_MEMORY);
    dns_memo_init(&memo, &arena);
    for (size_t k = 0; code == SK_OK && k <= failures; k++) {
        while ((k == 0 ? dmarc_round_letters(&arena, &t->round, &memo, i,
                                             clock_now_ms() / 1000, letters, &count)
                       : dmarc_round_failure(&arena, &t->round, &memo, i, k - 1,
                                             clock_now_ms() / 1000, letters, &count)) ==
               SK_MORE) {
            resolver_ask(t->resolver, &memo, on_dns, t);
            event_base_dispatch(t->base);
        }
        code = tell_letters(t, &arena, letters, count, why);
    }
    arena_release(&arena);
    return code;
}

static enum sk_code
tell_all(struct telling *t, struct why *why)
{
    struct work *k = t->work;
    enum sk_code code = keys_read_or_make(&k->arena, k->config, DMARC_KEY_NAME,
                                          DMARC_KEY_SIZE, &t->round.key, why);
    if (code == SK_OK) {
        code = read_plan(t, why);
    }
    if (code == SK_OK) {
        code = gather(t, why);
    }
    if (code == SK_OK) {
        t->base = loop_open(why);
        code = t->base == NULL
                   ? SK_SYSTEM
                   : resolver_open(&k->arena, t->base, k->config, &t->resolver, why);
    }
    for (size_t i = 0; code == SK_OK && i < dmarc_gather_count(t->round.gather); i++) {
        code = tell_domain(t, i, why);
    }
    if (code == SK_OK && !k->json) {
        printf(say(k, "%zu ドメイン。受信者の同意がないため数えなかったメール %llu 通\n",
                   "%zu domains; %llu messages are not counted, as a recipient does not "
                   "allow it\n"),
               dmarc_gather_count(t->round.gather),
               (unsigned long long)dmarc_gather_withheld(t->round.gather));
    }
    return code;
}

static int
reports(struct work *k)
{
    const char *out = options_value(k->o, "out");
    struct telling t = {.work = k, .out = -1};
    struct dmarc_settings *settings;
    struct why why = {0};

    if (options_value(k->o, "day") == NULL || !read_day(k->o, "day", &t.round.begin)) {
        fprintf(stderr, "sekisho: dmarc: reports wants --day DAY\n");
        return EXIT_USAGE;
    }
    enum sk_code code = dmarc_settings_new(&k->arena, k->config, &settings, &why);
    if (code == SK_OK && out != NULL) {
        t.out = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        code = t.out < 0 ? why_set(&why, SK_SYSTEM, "--out: %s", out) : SK_OK;
    }
    if (code == SK_OK) {
        settings->generator = BYTES("Sekisho " SEKISHO_VERSION);
        t.round.settings = settings;
        t.round.end =
            t.round.begin + (settings->interval_s > DAY_S ? settings->interval_s : DAY_S);
        code = tell_all(&t, &why);
    }
    int status = code == SK_OK ? EXIT_OK : complain(code, &why);
    if (t.resolver != NULL) {
        resolver_close(t.resolver);
    }
    if (t.out >= 0) {
        close(t.out);
    }
    arena_release(&k->arena);
    if (t.base != NULL) {
        event_base_free(t.base);
    }
    return status;
}

static int
failure(struct work *k)
{
    if (k->o->rest_count != 2) {
        fprintf(stderr, "sekisho: dmarc: failure wants the id of a message\n");
        return EXIT_USAGE;
    }
    return dmarc_failure_command(&k->arena, k->config, k->o->rest[1]);
}

int
dmarc_command(int count, char **arguments)
{
    static const struct {
        const char *name;
        int (*run)(struct work *k);
    } verbs[] = {{"read", read_reports},
                 {"show", show},
                 {"reports", reports},
                 {"failure", failure},
                 {"suppress", suppress}};
    struct options o;
    int status = EXIT_USAGE;

    if (!options_read(
            &o,
            "dmarc read FILE... | show [--domain DOMAIN] [--since DAY] |\n"
            "       sekisho dmarc reports --day DAY [--out FOLDER] | failure ID |\n"
            "       sekisho dmarc suppress add NAME | remove NAME | list",
            "Reads DMARC reports of others into statistics, and tells what ours "
            "would say and why each is sent or not.",
            rows, count, arguments)) {
        return o.status;
    }
    struct work k = {
        .o = &o, .japanese = speak_japanese(&o), .json = options_has(&o, "json")};
    arena_init(&k.arena, (size_t)1 << 30);
    k.config = command_config(&k.arena, &o, &status);
    if (k.config == NULL) {
        status = status != EXIT_OK ? status : EXIT_CONFIG;
        arena_release(&k.arena);
        return status;
    }
    status = EXIT_USAGE;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (o.rest_count > 0 && strcmp(o.rest[0], verbs[i].name) == 0) {
            status = verbs[i].run(&k);
            arena_release(&k.arena);
            return status;
        }
    }
    fprintf(stderr, "sekisho: dmarc: read, show, reports, failure or suppress is wanted\n");
    arena_release(&k.arena);
    return status;
}
