/* `sekisho origin FILE|-|ID`: what can be said of where a message came from, from its bytes or from the record.
 *
 * Of a file the checks are made now, with the DNS of today (or --dns, or none); of a record nothing is asked: what was
 * found then is read back. */
#define SK_BASE
#include "sekisho/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "net/loop.h"
#include "record/origin_read.h"
#include "record/vault.h"
#include "sekisho/files.h"
#include "sekisho/options.h"
#include "sekisho/passage.h"
#include "sekisho/place_tables.h"
#include "sekisho/record_folder.h"
#include "trace/statement.h"

static const struct option_row rows[] = {
    {"ip", "ADDRESS", "address of the client that brought the file"},
    {"helo", "NAME", "what that client said in EHLO"},
    {"mail-from", "ADDRESS", "envelope sender; \"\" is the null sender"},
    {"trusted", "PREFIX,...", "whose Received fields are believed (trace.trusted)"},
    {"now", "TIME",
     "when it arrived (RFC 3339); else the newest field that is believed says so"},
    {"dns", "FILE", "answer DNS questions from this file (JSON) and ask nobody"},
    {"offline", NULL, "ask no DNS: what needs it is left open"},
    {"lang", "ja|en", "language; else that of the environment"},
    {"zone", "+HH:MM", "zone of the times (+09:00)"},
    {"json", NULL, "the statement as JSON, in both languages"},
    RECORD_FOLDER_ROWS,
    {0},
};

struct asking {
    struct arena arena;
    struct options options;
    struct settings *settings;
    struct trace_settings trace; /* with --trusted */
    struct event_base *base;
    struct resolver *resolver;
    struct dns_zone *zone;
    int64_t now_s;
    bool now_given;
    int zone_minutes;
};

static struct bytes
option_bytes(const struct asking *a, const char *name)
{
    return bytes_from_text(options_value(&a->options, name));
}

static int
usage(const char *words)
{
    fprintf(stderr, "sekisho: origin: %s\n", words);
    return EXIT_USAGE;
}

static int
said(const struct why *why, int status)
{
    fprintf(stderr, "sekisho: %s\n", why->sentence);
    return status;
}

static void
print(struct asking *a, const struct statement *statement)
{
    struct writer w;
    struct json j;

    writer_init(&w, &a->arena);
    if (options_has(&a->options, "json")) {
        json_init(&j, &w);
        statement_write_json(statement, &j);
        writer_byte(&w, '\n');
    } else {
        statement_write_text(statement, &w, speak_japanese(&a->options), a->zone_minutes);
    }
    fwrite(w.at, 1, w.size, stdout);
}

/* A file */

static enum sk_code
take_trusted(struct asking *a, struct why *why)
{
    struct bytes rest = option_bytes(a, "trusted"), piece;
    struct net_prefix *prefixes =
        ARENA_NEW_MANY(&a->arena, rest.size + 1, struct net_prefix);
    size_t count = 0;

    a->trace = *a->settings->trace;
    if (rest.at == NULL) {
        return SK_OK;
    }
    while (bytes_split(&rest, ',', &piece)) {
        piece = bytes_trim(piece);
        if (piece.size > 0 && !net_prefix_read(piece, &prefixes[count++])) {
            return why_set(why, SK_CONFIG, "--trusted: %.60s is no address or prefix",
                           bytes_text(&a->arena, piece));
        }
    }
    a->trace.trusted = prefixes;
    a->trace.trusted_count = count;
    return SK_OK;
}

static enum sk_code
open_settings(struct asking *a, struct why *why)
{
    struct bytes text = BYTES("");
    const char *config = options_value(&a->options, "config"),
               *zone = options_value(&a->options, "dns");
    enum sk_code code =
        config == NULL ? SK_OK : settings_file(&a->arena, config, &text, why);

    if (code == SK_OK) {
        code = settings_new(text, &a->settings, why);
    }
    if (code == SK_OK) {
        code = place_tables_open(a->settings, false, NULL, why);
    }
    if (code == SK_OK) {
        code = take_trusted(a, why);
        a->settings->trace = &a->trace;
    }
    if (code == SK_OK && zone != NULL) {
        code = file_read(&a->arena, zone, LIMIT_MESSAGE, &text, why);
        if (code == SK_OK) {
            code = dns_zone_read(&a->arena, text, &a->zone, why);
        }
    }
    if (code == SK_OK && zone == NULL && !options_has(&a->options, "offline")) {
        a->base = loop_open(why);
        code = a->base == NULL ? SK_SYSTEM
                               : resolver_open(&a->arena, a->base, a->settings->config,
                                               &a->resolver, why);
    }
    return code;
}

static void
answered(void *context)
{
    event_base_loopbreak(context);
}

static void
ask_dns(struct asking *a, struct dns_memo *memo)
{
    if (a->zone != NULL) {
        dns_zone_answer(a->zone, memo);
    } else {
        resolver_ask(a->resolver, memo, answered, a->base);
        event_base_dispatch(a->base);
    }
}

static int
tell_file(struct asking *a, struct arena *arena, const char *path)
{
    struct arrival arrival = {.door = ARRIVAL_FILE,
                              .time_ms = a->now_s * 1000,
                              .id = BYTES(""),
                              .helo = option_bytes(a, "helo"),
                              .mail_from = option_bytes(a, "mail-from"),
                              .esmtp = true};
    struct walk walk = {.arena = arena, .arrival = &arrival};
    struct bytes ip = option_bytes(a, "ip");
    struct why why;

    if (file_read(arena, path, LIMIT_MESSAGE, &arrival.raw, &why) != SK_OK) {
        return said(&why, EXIT_NO_INPUT);
    }
    if (ip.at != NULL && !net_address_read(ip, &arrival.client)) {
        return usage("--ip is no address");
    }
    enum sk_code code = walk_begin(&walk, a->settings);
    walk.memo.sealed = options_has(&a->options, "offline");
    while (code == SK_OK && (code = walk_trace(&walk)) == SK_MORE) {
        ask_dns(a, &walk.memo);
        code = SK_OK;
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s: the message needs more memory than one may have\n",
                path);
        return EXIT_DATA;
    }
    print(a, statement_make(&a->arena,
                            &(struct statement_of){.origin = walk.origin,
                                                   .arrival = &arrival,
                                                   .message_id = walk.letter->message_id,
                                                   .time_told = a->now_given}));
    return EXIT_OK;
}

static int
origin_of_file(struct asking *a, const char *path)
{
    struct arena message;
    struct why why;
    int status;

    if (open_settings(a, &why) != SK_OK) {
        status = said(&why, EXIT_CONFIG);
    } else {
        arena_init(&message, LIMIT_ARENA_MESSAGE);
        status = tell_file(a, &message, path);
        arena_release(&message);
    }
    if (a->settings != NULL) {
        settings_free(a->settings);
    }
    if (a->resolver != NULL) { /* its timers hang on the loop */
        resolver_close(a->resolver);
    }
    return status;
}

/* A record */

static int
origin_of_record(struct asking *a, const char *id)
{
    struct journal_frame frame, content = {0};
    const struct statement *statement;
    struct why why;
    int status;

    const char *folder = record_folder(&a->arena, &a->options, &status);
    if (folder == NULL) {
        return status;
    }
    enum sk_code code = vault_find(&a->arena, folder, bytes_from_text(id), &frame, &why);
    if (code != SK_OK) {
        return said(&why, code == SK_SYSTEM ? EXIT_NO_INPUT : EXIT_FOUND);
    }
    if (frame.purged) {
        fprintf(stderr, "sekisho: the record was purged; entry %llu holds its leaf only\n",
                (unsigned long long)frame.index);
        return EXIT_FOUND;
    }
    code =
        vault_find_content(&a->arena, folder, bytes_from_text(id), &frame, &content, &why);
    if (code != SK_OK && code != SK_MORE) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
    }
    if (record_statement(&a->arena, frame.record, content.record, &statement, &why) !=
        SK_OK) {
        return said(&why, EXIT_FOUND);
    }
    print(a, statement);
    return EXIT_OK;
}

static bool
looks_like_id(const char *text)
{
    struct bytes b = bytes_from_text(text);

    for (size_t i = 0; i < b.size; i++) {
        if (!ascii_letter(b.at[i]) && !ascii_digit(b.at[i])) {
            return false;
        }
    }
    return b.size == 20;
}

int
origin_command(int count, char **arguments)
{
    struct asking a = {.now_s = clock_now_ms() / 1000};
    int status;

    if (!options_read(&a.options, "origin [OPTION...] FILE|-|ID",
                      "Tells what is proved, claimed and unknown of where a message came "
                      "from, what else fits, and whom to ask: of a file, or of a message "
                      "in the record.",
                      rows, count, arguments)) {
        return a.options.status;
    }
    struct bytes now = option_bytes(&a, "now"), zone = option_bytes(&a, "zone");
    a.now_given = now.at != NULL;
    if (a.now_given && !clock_read_rfc3339(now, &a.now_s)) {
        return usage("--now is a time as 2026-11-22T10:35:00+09:00");
    }
    if (!vault_zone_read(zone.at != NULL ? zone : BYTES("+09:00"), &a.zone_minutes)) {
        return usage("--zone as +HH:MM");
    }
    if (a.options.rest_count != 1) {
        return usage("name one file, - for standard input, or the id of a record");
    }
    const char *what = a.options.rest[0];
    arena_init(&a.arena, (size_t)1 << 30);
    status = looks_like_id(what) && access(what, F_OK) != 0 ? origin_of_record(&a, what)
                                                            : origin_of_file(&a, what);
    arena_release(&a.arena);
    if (a.base != NULL) {
        event_base_free(a.base);
    }
    return status;
}
