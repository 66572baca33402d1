/* `sekisho search`: find messages in the record. */
#define SK_BASE
#include "sekisho/commands.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "record/vault.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"
#include "store/rows_tally.h"

static const struct option_row rows[] = {
    {"sender", "TEXT", "part of the envelope sender"},
    {"recipient", "TEXT", "part of a recipient"},
    {"client", "ADDRESS", "address of the host that brought it"},
    {"since", "TIME", "not before; 2026-11-22 or 2026-11-22T09:30:00+09:00"},
    {"until", "TIME", "before"},
    {"action", "WORD", "accept, label, hold, refuse or tempfail"},
    {"category", "WORD", "ham, bulk, advertisement, lure, phishing, ..."},
    {"campaign", "NUMBER", "of that campaign, as it was told when they came"},
    {"threat", NULL, "only messages with a notice of crime"},
    {"id", "ID", "the message of that id"},
    {"limit", "NUMBER", "so many at most, newest first (50)"},
    {"zone", "+HH:MM", "zone of the times (+09:00)"},
    {"tally", NULL,
     "how many there were, by hour, class and action, instead of the messages"},
    {"json", NULL, "a JSON object a line"},
    RECORD_FOLDER_ROWS,
    {0},
};

/* A date alone is midnight in the zone. */
static bool
read_time(const struct options *o, const char *name, int zone_minutes, int64_t *ms_r)
{
    const char *value = options_value(o, name);
    int64_t seconds;

    *ms_r = 0;
    if (value == NULL) {
        return true;
    }
    struct bytes text = bytes_from_text(value);
    if (!clock_read_rfc3339(text, &seconds)) {
        fprintf(
            stderr,
            "sekisho: --%s: a date or a time like 2026-11-22T09:30:00+09:00 is wanted\n",
            name);
        return false;
    }
    *ms_r = (text.size == 10 ? seconds - zone_minutes * 60 : seconds) * 1000;
    return true;
}

static struct bytes
option_bytes(const struct options *o, const char *name)
{
    return bytes_from_text(options_value(o, name));
}

static struct bytes
joined_words(struct arena *arena, const struct options *o)
{
    struct writer w;

    writer_init(&w, arena);
    for (int i = 0; i < o->rest_count; i++) {
        writer_text(&w, i > 0 ? " " : "");
        writer_text(&w, o->rest[i]);
    }
    return writer_view(&w);
}

static bool
read_query(struct arena *arena, struct options *o, struct rows_query *query_r,
           int *zone_minutes_r)
{
    long limit;
    struct bytes zone = option_bytes(o, "zone");

    if (!vault_zone_read(zone.size > 0 ? zone : BYTES("+09:00"), zone_minutes_r)) {
        fprintf(stderr, "sekisho: --zone: +HH:MM or -HH:MM is wanted\n");
        return false;
    }
    if (!options_number(o, "limit", 1, 50, &limit)) {
        return false;
    }
    *query_r = (struct rows_query){
        .words = joined_words(arena, o),
        .sender = option_bytes(o, "sender"),
        .recipient = option_bytes(o, "recipient"),
        .client = option_bytes(o, "client"),
        .action = option_bytes(o, "action"),
        .category = option_bytes(o, "category"),
        .campaign = option_bytes(o, "campaign"),
        .id = option_bytes(o, "id"),
        .threat = options_has(o, "threat"),
        .most = (size_t)limit,
    };
    return read_time(o, "since", *zone_minutes_r, &query_r->from_ms) &&
           read_time(o, "until", *zone_minutes_r, &query_r->to_ms);
}

static void
write_event_json(struct writer *w, const struct rows_event *event)
{
    struct json j;

    json_init(&j, w);
    json_open(&j, '{');
    json_put_string(&j, "id", event->id);
    json_put_number(&j, "time", event->time_ms);
    json_put_string(&j, "action", event->action);
    json_put_string(&j, "category", event->category);
    json_put_real(&j, "unwanted", event->unwanted, 4);
    json_put_string(&j, "threat", event->threat);
    json_put_string(&j, "client", event->client);
    json_put_string(&j, "from", event->sender);
    json_put_string(&j, "to", event->recipients);
    json_put_string(&j, "subject", event->subject);
    json_put_string(&j, "from_name", event->name);
    if (event->campaign.size > 0) {
        json_key(&j, "campaign");
        json_raw(&j, event->campaign);
    }
    json_put_number(&j, "size", event->size);
    json_put_number(&j, "entry", (int64_t)event->place.index);
    json_close(&j);
    writer_byte(w, '\n');
}

/* A column; what is longer is cut by writer_clean and may stand out a little. */
static void
write_column(struct writer *w, struct bytes text, size_t width)
{
    size_t from = w->size;

    writer_clean(w, text.size > 0 ? text : BYTES("-"), width);
    do {
        writer_byte(w, ' ');
    } while (w->size - from < width + 1);
}

static void
write_event_line(struct writer *w, const struct rows_event *event, int zone_minutes)
{
    clock_write_rfc3339(w, event->time_ms / 1000, zone_minutes);
    writer_byte(w, ' ');
    write_column(w, event->id, 20);
    write_column(w, event->action, 8);
    write_column(w, event->threat.size > 0 ? event->threat : event->category, 13);
    write_column(w, event->client, 15);
    write_column(w, event->sender.size > 0 ? event->sender : BYTES("<>"), 28);
    write_column(w, event->recipients, 28);
    writer_clean(w, event->subject, 120);
    writer_byte(w, '\n');
}

static int
search(struct arena *arena, struct options *o)
{
    struct rows_query query;
    struct rows_found found;
    struct writer w;
    struct why why;
    int zone_minutes, status;

    if (!read_query(arena, o, &query, &zone_minutes)) {
        return EXIT_USAGE;
    }
    const char *folder = record_folder(arena, o, &status);
    if (folder == NULL) {
        return status;
    }
    enum sk_code code = rows_search(arena, folder, &query, &found, &why);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return code == SK_BAD || code == SK_LIMIT ? EXIT_USAGE
               : code == SK_SYSTEM                ? EXIT_NO_INPUT
                                                  : EXIT_SYSTEM;
    }
    writer_init(&w, arena);
    for (size_t i = 0; i < found.count; i++) {
        if (options_has(o, "json")) {
            write_event_json(&w, &found.events[i]);
        } else {
            write_event_line(&w, &found.events[i], zone_minutes);
        }
    }
    fwrite(w.at, 1, w.size, stdout);
    if (found.unread.size > 0) {
        fprintf(stderr, "sekisho: days that could not be read: %.*s\n",
                BYTES_ARGUMENTS(found.unread));
    }
    if (found.more) {
        fprintf(stderr, "sekisho: there are more; --limit NUMBER shows them\n");
    }
    return found.count > 0 ? EXIT_OK : EXIT_FOUND;
}

static void
print_tally(struct arena *arena, const struct rows_tally *tally, int zone_minutes)
{
    struct writer w;

    printf("%-16s  %-14s  %-8s  %10s\n", "hour", "class", "action", "messages");
    for (size_t i = 0; i < tally->count; i++) {
        writer_init(&w, arena);
        clock_write_rfc3339(&w, tally->rows[i].hour_ms / 1000, zone_minutes);
        printf("%.13s:00  ", writer_c(&w));
        printf("  %-14.*s  %-8.*s  %10llu\n", BYTES_ARGUMENTS(tally->rows[i].category),
               BYTES_ARGUMENTS(tally->rows[i].action),
               (unsigned long long)tally->rows[i].count);
    }
    printf("%llu messages, %llu with a notice of crime\n",
           (unsigned long long)tally->messages, (unsigned long long)tally->threats);
}

static void
print_tally_json(struct arena *arena, const struct rows_tally *tally)
{
    for (size_t i = 0; i < tally->count; i++) {
        struct writer w;
        struct json j;
        writer_init(&w, arena);
        json_init(&j, &w);
        json_open(&j, '{');
        json_put_number(&j, "hour", tally->rows[i].hour_ms / 1000);
        json_put_string(&j, "category", tally->rows[i].category);
        json_put_string(&j, "action", tally->rows[i].action);
        json_put_number(&j, "messages", (int64_t)tally->rows[i].count);
        json_put_number(&j, "bytes", (int64_t)tally->rows[i].bytes);
        json_close(&j);
        puts(writer_c(&w));
    }
}

static int
tally(struct arena *arena, struct options *o)
{
    const char *zone = options_value(o, "zone");
    struct rows_tally counted;
    int64_t from_ms = 0, to_ms = 0;
    int zone_minutes = 9 * 60, status = EXIT_OK;
    struct why why;

    if (zone != NULL && !vault_zone_read(bytes_from_text(zone), &zone_minutes)) {
        fprintf(stderr, "sekisho: --zone wants +HH:MM or -HH:MM, not %s\n", zone);
        return EXIT_USAGE;
    }
    if (!read_time(o, "since", zone_minutes, &from_ms) ||
        !read_time(o, "until", zone_minutes, &to_ms)) {
        return EXIT_USAGE;
    }
    const char *folder = record_folder(arena, o, &status);
    if (folder == NULL) {
        return status;
    }
    if (rows_tally(arena, folder, from_ms, to_ms, &counted, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_NO_INPUT;
    }
    if (options_has(o, "json")) {
        print_tally_json(arena, &counted);
    } else {
        print_tally(arena, &counted, zone_minutes);
    }
    return counted.messages > 0 ? EXIT_OK : EXIT_FOUND;
}

int
search_command(int count, char **arguments)
{
    struct options o;
    struct arena arena;

    if (!options_read(&o, "search [OPTION...] [WORD...]",
                      "Finds messages in the record: all words must occur in subject, text "
                      "or addresses.",
                      rows, count, arguments)) {
        return o.status;
    }
    arena_init(&arena, (size_t)1 << 30);
    int status = options_has(&o, "tally") ? tally(&arena, &o) : search(&arena, &o);
    arena_release(&arena);
    return status;
}
