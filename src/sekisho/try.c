/* `sekisho try VERB`: the dispatcher. */
#define SK_BASE
#include "sekisho/try.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "dns/resolver.h"
#include "sekisho/commands.h"
#include "sekisho/files.h"
#include "sekisho/options.h"

static const struct {
    const char *name;
    try_verb *run;
    bool asks_dns;
} verbs[] = {
    {"mime", try_mime, false},
    {"address", try_address, false},
    {"date", try_date, false},
    {"contenttype", try_contenttype, false},
    {"received", try_received, false},
    {"unstructured", try_unstructured, false},
    {"charset", try_charset, false},
    {"html", try_html, false},
    {"url", try_url, false},
    {"psl", try_psl, false},
    {"spf", try_spf, true},
    {"senderid", try_senderid, true},
    {"dkim", try_dkim, true},
    {"domainkeys", try_domainkeys, true},
    {"arc", try_arc, true},
    {"arc-sign", try_arc_sign, false},
    {"dmarc", try_dmarc, true},
    {"dmarc-report", try_dmarc_report, false},
    {"arf", try_arf, false},
    {"authres", try_authres, false},
    {"hops", try_hops, false},
    {"judge", try_judge, false},
};
#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

static const struct option_row rows[] = {
    {"dns", "FILE", "answer DNS questions from this file (a JSON object of names)"},
    {"now", "EPOCH", "the clock, in seconds"},
    {0},
};

struct try_run {
    size_t verb;
    const struct dns_zone *zone; /* of --dns, or empty */
    int64_t now;                 /* of --now, or -1 */
};

static void
write_queries(struct try_call *call)
{
    struct writer w;

    json_key(call->reply, "queries");
    json_open(call->reply, '[');
    for (size_t i = 0; i < call->memo->answer_count; i++) {
        writer_init(&w, call->arena);
        writer_bytes(&w, call->memo->answers[i]->name);
        writer_byte(&w, ' ');
        writer_text(&w, dns_type_name(call->memo->answers[i]->type));
        json_bytes(call->reply, writer_view(&w));
    }
    json_close(call->reply);
}

static enum sk_code
read_zone(struct try_call *call, struct why *why)
{
    const json_t *zone = json_object_get(call->request, "zone");
    struct dns_zone *own;

    if (!json_is_object(zone)) {
        return SK_OK;
    }
    char *text = json_dumps(zone, JSON_COMPACT);
    if (text == NULL) {
        return why_set(why, SK_BAD, "the zone cannot be read");
    }
    enum sk_code code = dns_zone_read(
        call->arena, bytes_copy(call->arena, bytes_from_text(text)), &own, why);
    free(text);
    call->zone = own;
    return code;
}

static enum sk_code
run_verb(const struct try_run *run, struct try_call *call, struct why *why)
{
    const json_t *now = json_object_get(call->request, "now");
    enum sk_code code = read_zone(call, why);

    if (code != SK_OK) {
        return code;
    }
    call->now = json_is_integer(now) ? json_integer_value(now)
                : run->now >= 0      ? run->now
                                     : clock_now_ms() / 1000;
    call->legacy = json_is_true(json_object_get(call->request, "legacy"));
    code = verbs[run->verb].run(call, why);
    if (code == SK_OK && verbs[run->verb].asks_dns) {
        write_queries(call);
    }
    return code;
}

static void
write_error(struct arena *arena, const json_t *id, const char *words)
{
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "id", json_string_value(id));
    json_put_text(&j, "error", words);
    json_close(&j);
    puts(writer_c(&w));
}

static void
try_line(const struct try_run *run, const char *line, size_t size)
{
    struct arena arena;
    struct dns_memo memo;
    struct why why = {0};
    struct writer w;
    struct json reply;
    jmp_buf guard;
    json_t *request = json_loadb(line, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    const json_t *id = json_object_get(request, "id");
    enum sk_code code = SK_LIMIT;

    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    if (request == NULL || !json_is_string(id)) {
        write_error(&arena, id, request == NULL ? "not a JSON object" : "id is missing");
    } else if (setjmp(guard) == 0) {
        arena_guard(&arena, &guard);
        writer_init(&w, &arena);
        json_init(&reply, &w);
        json_open(&reply, '{');
        json_put_text(&reply, "id", json_string_value(id));
        dns_memo_init(&memo, &arena);
        struct try_call call = {.arena = &arena,
                                .request = request,
                                .reply = &reply,
                                .memo = &memo,
                                .zone = run->zone};
        code = run_verb(run, &call, &why);
        if (code == SK_OK) {
            json_close(&reply);
            puts(writer_c(&w));
        } else {
            write_error(&arena, id, why.sentence);
        }
    } else {
        arena_guard(&arena, NULL);
        write_error(&arena, id, "the request needs more memory than one may have");
    }
    arena_release(&arena);
    json_decref(request);
}

/* One line, without its line end; false at the end. A line past the bound is read over and counts as empty. */
static bool
read_line(char **line, size_t *room, size_t *size_r)
{
    ssize_t got = getline(line, room, stdin);

    if (got < 0) {
        return false;
    }
    *size_r = got > 0 && (*line)[got - 1] == '\n' ? (size_t)got - 1 : (size_t)got;
    if (*size_r > LIMIT_TRY_LINE) {
        *size_r = 0;
    }
    return true;
}

static bool
find_verb(const char *name, size_t *verb_r)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (name != NULL && strcmp(verbs[i].name, name) == 0) {
            *verb_r = i;
            return true;
        }
    }
    fprintf(stderr, "sekisho: try knows these verbs:");
    for (size_t i = 0; i < VERB_COUNT; i++) {
        fprintf(stderr, " %s", verbs[i].name);
    }
    fprintf(stderr, "\n");
    return false;
}

int
try_command(int count, char **arguments)
{
    struct try_run run = {0};
    struct options o;
    struct arena arena;
    struct dns_zone *zone;
    struct bytes text = BYTES("{}");
    struct why why;
    char *line = NULL;
    size_t room = 0, size;
    long now;

    if (!options_read(&o, "try VERB [--dns FILE] [--now EPOCH]",
                      "Reads one JSON object a line from standard input and answers each "
                      "with one line.",
                      rows, count, arguments)) {
        return o.status;
    }
    const char *verb = o.rest_count > 0 ? o.rest[0] : NULL;
    if (!find_verb(verb, &run.verb) || !options_number(&o, "now", 0, -1, &now)) {
        return EXIT_USAGE;
    }
    run.now = now;
    arena_init(&arena, 256u << 20);
    enum sk_code code = SK_OK;
    if (options_has(&o, "dns")) {
        code = file_read(&arena, options_value(&o, "dns"), LIMIT_TRY_LINE, &text, &why);
    }
    if (code == SK_OK) {
        code = dns_zone_read(&arena, text, &zone, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        arena_release(&arena);
        return EXIT_NO_INPUT;
    }
    run.zone = zone;
    while (read_line(&line, &room, &size)) {
        try_line(&run, line, size);
    }
    free(line);
    arena_release(&arena);
    return EXIT_OK;
}
