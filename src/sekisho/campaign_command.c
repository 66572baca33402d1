/* `sekisho campaign`: which messages are copies of one another, and what joins them. */
#define SK_BASE
#include "sekisho/commands.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "record/campaign_read.h"
#include "record/vault.h"
#include "sekisho/ask.h"
#include "sekisho/record_folder.h"

#define SHOWN      200
#define DAYS_WIDTH 60 /* columns of the picture of days */

static const struct option_row rows[] = {
    RECORD_FOLDER_ROWS,
    {"since", "TIME",
     "list: with a message not before; 2026-11-22 or 2026-11-22T09:30:00+09:00"},
    {"least", "NUMBER", "list: of so many messages or more (2)"},
    {"limit", "NUMBER", "list: so many at most, the newest first (100)"},
    {"reason", "TEXT", "merge, split: why; recorded"},
    {"zone", "+HH:MM", "zone of the times (+09:00)"},
    {"json", NULL, "as one JSON object"},
    {"lang", "ja|en", "language; else that of the environment"},
    {0},
};

struct asking {
    struct arena arena;
    struct options *o;
    const struct config *config;
    bool japanese;
    int zone_minutes;
    struct writer w; /* what is said */
};

static const char *
say(const struct asking *a, const char *ja, const char *en)
{
    return a->japanese ? ja : en;
}

/* Closes the request and asks. NULL and *status on a refusal; words were said. */
static json_t *
ask(struct asking *a, struct json *request, int *status)
{
    struct bytes reply = BYTES_NONE;
    struct why why = {0};

    json_close(request);
    enum sk_code code =
        ask_keeper(&a->arena, a->config, writer_view(request->w), &reply, &why);
    *status = code == SK_OK                        ? EXIT_OK
              : code == SK_BAD || code == SK_LIMIT ? EXIT_DATA
              : code == SK_CONFIG                  ? EXIT_CONFIG
              : code == SK_LATER                   ? EXIT_UNAVAILABLE
                                                   : EXIT_SYSTEM;
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: campaign: %s\n", why.sentence);
        return NULL;
    }
    return json_loadb((const char *)reply.at, reply.size, 0, NULL);
}

static void
begin(struct asking *a, struct writer *w, struct json *j, const char *what)
{
    writer_init(w, &a->arena);
    json_init(j, w);
    json_open(j, '{');
    json_put_text(j, "do", what);
}

static void
put_text(struct asking *a, const json_t *text)
{
    writer_clean(&a->w, bytes_of(json_string_value(text), json_string_length(text)), SHOWN);
}

static void
put_time(struct asking *a, const json_t *time)
{
    clock_write_rfc3339(&a->w, json_integer_value(time) / 1000, a->zone_minutes);
}

static json_int_t
number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* A picture of days, the highest full: as many columns as there is room for, several days in one where there are more. */
static void
put_days(struct asking *a, const json_t *days)
{
    static const char *const heights[] = {"·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    json_int_t sums[DAYS_WIDTH] = {0}, most = 0;
    size_t count = json_array_size(days), each = (count + DAYS_WIDTH - 1) / DAYS_WIDTH;

    for (size_t i = 0; i < count; i++) {
        json_int_t *sum = &sums[i / each];
        *sum += json_integer_value(json_array_get(json_array_get(days, i), 1));
        most = *sum > most ? *sum : most;
    }
    for (size_t i = 0; i < count && i * each < count; i++) {
        size_t height = sums[i] == 0 ? 0 : 1 + (size_t)((sums[i] * 7 + most - 1) / most);
        writer_text(&a->w, heights[height > 8 ? 8 : height]);
    }
}

static void
print_listed(struct asking *a, const json_t *campaign)
{
    writer_format(&a->w, "%8lld  %8lld  ", (long long)number_of(campaign, "campaign"),
                  (long long)number_of(campaign, "messages"));
    put_time(a, json_object_get(campaign, "first"));
    writer_text(&a->w, "  ");
    put_time(a, json_object_get(campaign, "last"));
    writer_text(&a->w, "  ");
    put_days(a, json_object_get(campaign, "days"));
    writer_byte(&a->w, '\n');
}

static bool
put_since(struct asking *a, struct json *j)
{
    const char *value = options_value(a->o, "since");
    int64_t seconds;

    if (value == NULL) {
        return true;
    }
    struct bytes text = bytes_from_text(value);
    if (!clock_read_rfc3339(text, &seconds)) {
        fprintf(stderr, "sekisho: --since: a date or a time like "
                        "2026-11-22T09:30:00+09:00 is wanted\n");
        return false;
    }
    json_put_number(j, "since",
                    (text.size == 10 ? seconds - a->zone_minutes * 60 : seconds) * 1000);
    return true;
}

static int
list(struct asking *a)
{
    struct writer w;
    struct json j;
    long least, most;
    int status;
    size_t i;
    json_t *campaign;

    begin(a, &w, &j, "campaign.list");
    if (!options_number(a->o, "least", 1, 2, &least) ||
        !options_number(a->o, "limit", 1, 100, &most) || !put_since(a, &j)) {
        return EXIT_USAGE;
    }
    json_put_number(&j, "least", least);
    json_put_number(&j, "most", most);
    json_t *reply = ask(a, &j, &status);
    if (reply == NULL) {
        return status;
    }
    const json_t *campaigns = json_object_get(reply, "campaigns");
    if (options_has(a->o, "json")) {
        json_dumpf(reply, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        putchar('\n');
    } else if (json_array_size(campaigns) == 0) {
        printf("%s\n", say(a, "同じ文面のメールはない", "there is no campaign"));
    } else {
        printf("%8s  %8s  %-25s  %-25s  %s\n", say(a, "番号", "campaign"),
               say(a, "通数", "messages"), say(a, "最初", "first"), say(a, "最後", "last"),
               say(a, "14日間", "14 days"));
        json_array_foreach(campaigns, i, campaign)
        {
            print_listed(a, campaign);
        }
        fwrite(a->w.at, 1, a->w.size, stdout);
        if (json_is_true(json_object_get(reply, "more"))) {
            fprintf(stderr, "sekisho: there are more; --limit NUMBER shows them\n");
        }
    }
    status = json_array_size(campaigns) > 0 ? EXIT_OK : EXIT_FOUND;
    json_decref(reply);
    return status;
}

static void
title(struct asking *a, const char *ja, const char *en)
{
    writer_format(&a->w, "\n%s\n", say(a, ja, en));
}

static void
print_tally(struct asking *a, const char *ja, const char *en, const json_t *list)
{
    size_t i;
    json_t *one;

    if (json_array_size(list) == 0) {
        return;
    }
    title(a, ja, en);
    json_array_foreach(list, i, one)
    {
        writer_format(&a->w, "  %6lld  ",
                      (long long)json_integer_value(json_array_get(one, 1)));
        const json_t *text = json_array_get(one, 0);
        if (json_string_length(text) == 0) {
            writer_text(&a->w, "<>");
        }
        put_text(a, text);
        writer_byte(&a->w, '\n');
    }
}

static const char *
slot_words(const struct asking *a, const char *kind)
{
    static const char *const words[][3] = {
        {"words", "語句", "words"}, {"name", "名前", "name"}, {"number", "数字", "number"},
        {"code", "符号", "code"},   {"url", "URL", "url"},    {"mail", "アドレス", "mail"},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (kind != NULL && strcmp(kind, words[i][0]) == 0) {
            return words[i][a->japanese ? 1 : 2];
        }
    }
    return "?";
}

/* The template with its slots numbered, then what stood in each. Only line ends of foreign text stay. */
static void
print_template(struct asking *a, const json_t *pieces)
{
    size_t i, k, number = 0;
    json_t *piece, *value;

    writer_text(&a->w, "  ");
    json_array_foreach(pieces, i, piece)
    {
        const char *slot = json_string_value(json_object_get(piece, "slot"));
        if (slot != NULL) {
            writer_format(&a->w, "{%zu %s}", ++number, slot_words(a, slot));
            continue;
        }
        const json_t *text = json_object_get(piece, "text");
        struct bytes rest = bytes_of(json_string_value(text), json_string_length(text)),
                     line;
        for (k = 0; bytes_split(&rest, '\n', &line); k++) {
            writer_text(&a->w, k > 0 ? "\n  " : "");
            writer_clean(&a->w, line, 2 * LIMIT_RECORD_FIELD);
        }
    }
    writer_byte(&a->w, '\n');
    number = 0;
    json_array_foreach(pieces, i, piece)
    {
        if (json_object_get(piece, "slot") == NULL) {
            continue;
        }
        writer_format(&a->w, "    {%zu}", ++number);
        json_array_foreach(json_object_get(piece, "values"), k, value)
        {
            writer_text(&a->w, k > 0 ? " | " : " ");
            put_text(a, value);
        }
        writer_byte(&a->w, '\n');
    }
}

static void
print_members(struct asking *a, const json_t *members)
{
    size_t i;
    json_t *member;

    title(a, "メール (新しい順)", "Messages (the newest first)");
    json_array_foreach(members, i, member)
    {
        writer_text(&a->w, "  ");
        put_time(a, json_object_get(member, "time"));
        writer_text(&a->w, "  ");
        put_text(a, json_object_get(member, "id"));
        writer_text(&a->w, "  ");
        put_text(a, json_object_get(member, "from"));
        writer_text(&a->w, " -> ");
        put_text(a, json_array_get(json_object_get(member, "to"), 0));
        writer_text(&a->w, "  ");
        put_text(a, json_object_get(member, "subject"));
        writer_byte(&a->w, '\n');
    }
}

static void
print_one(struct asking *a, const json_t *known, const json_t *read)
{
    size_t i;
    json_t *link;

    writer_format(&a->w, "%s %lld: %lld %s\n", say(a, "一連の送信", "campaign"),
                  (long long)number_of(known, "campaign"),
                  (long long)number_of(known, "messages"), say(a, "通", "messages"));
    writer_format(&a->w, "  %s ", say(a, "最初", "first"));
    put_time(a, json_object_get(known, "first"));
    writer_format(&a->w, "  %s ", say(a, "最後", "last"));
    put_time(a, json_object_get(known, "last"));
    writer_format(&a->w, "\n  %s ", say(a, "日ごと", "by day"));
    put_days(a, json_object_get(known, "days"));
    writer_byte(&a->w, '\n');
    if (json_array_size(json_object_get(read, "links")) > 0) {
        title(a, "つながり (口座、電話、リンク先など)", "What links them");
        json_array_foreach(json_object_get(read, "links"), i, link)
        {
            writer_format(&a->w, "  %6lld  ", (long long)number_of(link, "messages"));
            put_text(a, json_object_get(link, "type"));
            writer_text(&a->w, "  ");
            put_text(a, json_object_get(link, "value"));
            writer_byte(&a->w, '\n');
        }
    }
    title(a, "件名のひな型", "Template of the subject");
    print_template(a, json_object_get(read, "subject"));
    title(a, "本文のひな型 (記録した冒頭から)",
          "Template of the text (of the beginning that is kept)");
    print_template(a, json_object_get(read, "text"));
    print_tally(a, "差出人 (封筒)", "Envelope senders", json_object_get(read, "senders"));
    print_tally(a, "接続元", "Clients", json_object_get(read, "clients"));
    print_tally(a, "宛先", "Recipients", json_object_get(read, "recipients"));
    print_members(a, json_object_get(read, "members"));
    if (number_of(read, "gone") > 0) {
        writer_format(&a->w, "  %s: %lld\n",
                      say(a, "すでに抹消された記録", "records that were purged"),
                      (long long)number_of(read, "gone"));
    }
    fwrite(a->w.at, 1, a->w.size, stdout);
}

/* What the journal says of the messages that the keeper named; NULL: words were said. */
static json_t *
read_entries(struct asking *a, const json_t *known)
{
    const json_t *entries = json_object_get(known, "entries");
    struct campaign_asked asked = {.count = json_array_size(entries), .content = true};
    uint64_t *list = ARENA_NEW_MANY(&a->arena, asked.count + 1, uint64_t);
    struct writer w;
    struct json j;
    struct why why = {0};

    for (size_t i = 0; i < asked.count; i++) {
        list[i] = (uint64_t)json_integer_value(json_array_get(entries, i));
    }
    asked.entries = list;
    asked.folder = open(bytes_text(&a->arena, config_text(a->config, "record.folder")),
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    writer_init(&w, &a->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    enum sk_code code = asked.folder < 0
                            ? why_set(&why, SK_SYSTEM, "the record's folder cannot be read")
                            : campaign_read(&a->arena, &asked, &j, &why);
    json_close(&j);
    if (asked.folder >= 0) {
        close(asked.folder);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: campaign: %s\n", why.sentence);
        return NULL;
    }
    return json_loadb((const char *)w.at, w.size, JSON_ALLOW_NUL, NULL);
}

static bool
read_campaign(const char *text, uint64_t *number_r)
{
    if (text != NULL && bytes_to_number(bytes_from_text(text), INT64_MAX, number_r) &&
        *number_r > 0) {
        return true;
    }
    fprintf(stderr, "sekisho: campaign: the number of a campaign is wanted\n");
    return false;
}

static int
show(struct asking *a, const char *text)
{
    struct writer w;
    struct json j;
    uint64_t number;
    int status;

    if (!read_campaign(text, &number)) {
        return EXIT_USAGE;
    }
    begin(a, &w, &j, "campaign.show");
    json_put_number(&j, "campaign", (int64_t)number);
    json_t *known = ask(a, &j, &status);
    if (known == NULL) {
        return status;
    }
    json_t *read = read_entries(a, known);
    if (read == NULL) {
        status = EXIT_NO_INPUT;
    } else if (options_has(a->o, "json")) {
        json_object_update(known, read);
        json_dumpf(known, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        putchar('\n');
    } else {
        print_one(a, known, read);
    }
    json_decref(read);
    json_decref(known);
    return status;
}

static int
decided(struct asking *a, struct json *j)
{
    int status;
    json_t *reply = ask(a, j, &status);

    if (reply != NULL) {
        printf("%s %lld: %lld %s\n", say(a, "一連の送信", "campaign"),
               (long long)number_of(reply, "campaign"),
               (long long)number_of(reply, "messages"), say(a, "通", "messages"));
        json_decref(reply);
    }
    return status;
}

static bool
put_reason(struct asking *a, struct json *j)
{
    const char *reason = options_value(a->o, "reason");

    if (reason == NULL) {
        fprintf(stderr, "sekisho: campaign: --reason TEXT is wanted: it is recorded\n");
        return false;
    }
    json_put_text(j, "reason", reason);
    return true;
}

static int
merge(struct asking *a, char *const *rest, int count)
{
    struct writer w;
    struct json j;
    uint64_t from, to;

    if (count != 2) {
        fprintf(stderr, "sekisho: campaign: merge wants two numbers: all of the first "
                        "goes to the second\n");
        return EXIT_USAGE;
    }
    begin(a, &w, &j, "campaign.merge");
    if (!read_campaign(rest[0], &from) || !read_campaign(rest[1], &to) ||
        !put_reason(a, &j)) {
        return EXIT_USAGE;
    }
    json_put_number(&j, "from", (int64_t)from);
    json_put_number(&j, "to", (int64_t)to);
    return decided(a, &j);
}

/* The entry of the content of a message, as it stands now. */
static bool
find_entry(struct asking *a, const char *folder, const char *id, uint64_t *entry_r)
{
    struct journal_frame message, content = {0};
    struct why why = {0};

    enum sk_code code = vault_find(&a->arena, folder, bytes_from_text(id), &message, &why);
    if (code == SK_OK) {
        code = vault_find_content(&a->arena, folder, bytes_from_text(id), &message,
                                  &content, &why);
        if (code == SK_MORE) {
            (void)why_set(&why, SK_BAD, "of its content nothing is kept");
        }
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: campaign: %s: %s\n", id, why.sentence);
        return false;
    }
    *entry_r = content.index;
    return true;
}

static int
split(struct asking *a, char *const *rest, int count)
{
    const char *folder = bytes_text(&a->arena, config_text(a->config, "record.folder"));
    struct writer w;
    struct json j;
    uint64_t from, entry;

    if (count < 2) {
        fprintf(stderr, "sekisho: campaign: split wants the number of a campaign, and the "
                        "ids of the messages that are to part from it\n");
        return EXIT_USAGE;
    }
    begin(a, &w, &j, "campaign.split");
    if (!read_campaign(rest[0], &from) || !put_reason(a, &j)) {
        return EXIT_USAGE;
    }
    json_put_number(&j, "from", (int64_t)from);
    json_key(&j, "entries");
    json_open(&j, '[');
    for (int i = 1; i < count; i++) {
        if (!find_entry(a, folder, rest[i], &entry)) {
            return EXIT_DATA;
        }
        json_number(&j, (int64_t)entry);
    }
    json_close(&j);
    return decided(a, &j);
}

int
campaign_command(int count, char **arguments)
{
    struct options o;
    int status;

    if (!options_read(&o,
                      "campaign list | show NUMBER |\n"
                      "       sekisho campaign merge NUMBER NUMBER --reason TEXT |\n"
                      "       sekisho campaign split NUMBER MESSAGE... --reason TEXT",
                      "Tells which messages are copies of one another, when they came and "
                      "what links them.",
                      rows, count, arguments)) {
        return o.status;
    }
    const char *zone = options_value(&o, "zone");
    const char *what = o.rest_count > 0 ? o.rest[0] : "list";
    struct asking a = {.o = &o, .japanese = speak_japanese(&o)};
    if (!vault_zone_read(bytes_from_text(zone != NULL ? zone : "+09:00"),
                         &a.zone_minutes)) {
        fprintf(stderr, "sekisho: --zone: +HH:MM or -HH:MM is wanted\n");
        return EXIT_USAGE;
    }
    arena_init(&a.arena, (size_t)1 << 30);
    writer_init(&a.w, &a.arena);
    a.config = command_config(&a.arena, &o, &status);
    if (a.config == NULL) {
        status = status != EXIT_OK ? status : EXIT_CONFIG;
    } else if (strcmp(what, "list") == 0 && o.rest_count <= 1) {
        status = list(&a);
    } else if (strcmp(what, "show") == 0 && o.rest_count == 2) {
        status = show(&a, o.rest[1]);
    } else if (strcmp(what, "merge") == 0) {
        status = merge(&a, o.rest + 1, o.rest_count - 1);
    } else if (strcmp(what, "split") == 0) {
        status = split(&a, o.rest + 1, o.rest_count - 1);
    } else {
        fprintf(stderr, "sekisho: campaign: list, show NUMBER, merge or split is wanted\n");
        status = EXIT_USAGE;
    }
    arena_release(&a.arena);
    return status;
}
