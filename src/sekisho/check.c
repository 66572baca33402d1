/* `sekisho check FILE...`: one message at a time along the road, without a server, and the verdict told in words. */
#define SK_BASE
#include "sekisho/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/limits.h"
#include "judge/indicators.h"
#include "net/loop.h"
#include "sekisho/enclose.h"
#include "sekisho/files.h"
#include "sekisho/options.h"
#include "sekisho/passage.h"
#include "sekisho/place_tables.h"

#define REASONS_SHOWN 5
#define REASON_BYTES  120

static const struct option_row rows[] = {
    {"config", "FILE", "configuration to use (default: built-in values)"},
    {"ip", "ADDRESS", "address of the client that brought the message"},
    {"helo", "NAME", "what the client said in EHLO"},
    {"mail-from", "ADDRESS", "envelope sender; \"\" is the null sender"},
    {"rcpt", "ADDRESS", "envelope recipient"},
    {"dns", "FILE", "answer DNS questions from this file (JSON) and ask nobody"},
    {"offline", NULL, "ask no DNS: what needs it is left open"},
    {"permit", "FAMILIES", "what may be looked at, separated by commas (default: all)"},
    {"lang", "ja|en", "language of the explanation (default: from LANG)"},
    {"all", NULL, "all reasons, not only the five that mattered most"},
    {"json", NULL, "one JSON object a line"},
    {0},
};

struct check {
    struct arena arena; /* of the process */
    struct settings *settings;
    struct judge *judge;
    struct event_base *base;
    struct resolver *resolver;
    struct dns_zone *zone;
    struct opener opener;
    bool offline, json, japanese, all;
    uint32_t families;
    struct options options;
};

static void
check_answered(void *context)
{
    event_base_loopbreak(context);
}

/* Lets the memo's wanted questions be answered, waiting for it. */
static void
check_ask(struct check *c, struct dns_memo *memo)
{
    if (c->zone != NULL) {
        dns_zone_answer(c->zone, memo);
    } else {
        resolver_ask(c->resolver, memo, check_answered, c->base);
        event_base_dispatch(c->base);
    }
}

static struct bytes
option_bytes(struct check *c, const char *name)
{
    return bytes_from_text(options_value(&c->options, name));
}

static struct arrival *
check_arrival(struct check *c, struct arena *arena, struct bytes raw)
{
    struct arrival *arrival = ARENA_NEW(arena, struct arrival);

    arrival->door = ARRIVAL_FILE;
    arrival->time_ms = clock_now_ms();
    arrival->id = arrival_new_id(arena, arrival->time_ms);
    arrival->raw = raw;
    (void)net_address_read(option_bytes(c, "ip"), &arrival->client);
    arrival->helo = option_bytes(c, "helo");
    arrival->mail_from = option_bytes(c, "mail-from");
    arrival->esmtp = true;
    arrival->recipients = ARENA_NEW(arena, struct arrival_recipient);
    arrival->recipients[0].address = option_bytes(c, "rcpt");
    arrival->recipient_count = 1;
    return arrival;
}

static void
print_clean(struct arena *arena, const char *label, struct bytes text)
{
    struct writer w;

    writer_init(&w, arena);
    writer_clean(&w, text, 200);
    printf("  %s%s\n", label, writer_c(&w));
}

static void
print_told(struct arena *arena, const char *label, struct bytes told)
{
    if (told.size > 0) {
        print_clean(arena, label, told);
    }
}

/* What it is, what it rests on, where that stands, and by what right it was looked at. */
static void
check_print_reason(struct check *c, struct walk *walk, const struct finding *f)
{
    bool ja = c->japanese;
    enum permit_ground ground = walk->permit->recipients[0].grounds[f->family];
    struct writer w;

    writer_init(&w, walk->arena);
    writer_clean(&w, f->detail, REASON_BYTES);
    printf("  %+5.1f  %s%s%s%s\n", f->weight,
           ja ? words_finding_ja(f->name) : words_finding_en(f->name),
           f->detail.size > 0 ? " [" : "", writer_c(&w), f->detail.size > 0 ? "]" : "");
    writer_init(&w, walk->arena);
    if (f->said.size > 0 && !bytes_equal(f->said, f->detail)) {
        writer_text(&w, ja ? "「" : "\"");
        writer_clean(&w, f->said, REASON_BYTES);
        writer_text(&w, ja ? "」 " : "\" ");
    }
    if (f->to > f->from) {
        writer_format(&w, ja ? "%zu〜%zu バイト目、" : "bytes %zu to %zu; ", f->from,
                      f->to);
    }
    printf("         %s%s: %s\n", writer_c(&w),
           ja ? words_family_ja(f->family) : words_family_en(f->family),
           ja ? words_ground_ja(ground) : words_ground_en(ground));
}

static void
check_print(struct check *c, struct walk *walk, const char *path)
{
    const struct verdict_recipient *r = &walk->verdict->recipients[0];
    const struct origin *o = walk->origin;
    bool ja = c->japanese;

    printf("%s: %s (%s %.1f)\n", path,
           ja ? words_action_ja(r->action) : words_action_en(r->action),
           ja ? "評点" : "score", r->score);
    print_clean(walk->arena, ja ? "件名: " : "subject: ", walk->letter->subject);
    printf("  SPF %s, DKIM %s, DMARC %s%s\n", auth_result_name(o->spf.result),
           o->dkim_count == 0 ? "none" : auth_result_name(o->dkim[0].result),
           auth_result_name(o->dmarc.result),
           o->dkim_count > 1 ? ja ? " (署名複数)" : " (several signatures)" : "");
    if (walk->opinion->content_read) {
        printf("  %s %s (%.3f)\n", ja ? "分類:" : "category:",
               ja ? words_category_ja(walk->opinion->category)
                  : words_category_en(walk->opinion->category),
               walk->opinion->unwanted);
    }
    if (walk->opinion->threat != THREAT_NONE) {
        printf("  %s %s (%d/5)\n",
               ja ? "犯罪予告の疑い。まず110番へ:"
                  : "notice of a crime, call the police first:",
               threat_kind_name(walk->opinion->threat), walk->opinion->threat_severity);
        const struct threat_detail *detail = &walk->opinion->threat_detail;
        print_told(walk->arena,
                   ja ? "  予告の相手: " : "  target it names: ", detail->target);
        print_told(walk->arena,
                   ja ? "  予告の場所: " : "  place it names: ", detail->place);
        print_told(walk->arena,
                   ja ? "  予告の手段: " : "  means it names: ", detail->means);
        print_told(walk->arena, ja ? "  予告の日時: " : "  time it names: ", detail->when);
    }
    for (size_t i = 0; i < walk->opinion->indicator_count; i++) {
        const struct indicator *it = &walk->opinion->indicators[i];
        printf("  %s %s", ja ? "指標:" : "indicator:", indicator_type_name(it->type));
        print_clean(walk->arena, "", it->value);
    }
    size_t shown =
        c->all || r->reason_count <= REASONS_SHOWN ? r->reason_count : REASONS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        check_print_reason(c, walk, r->reasons[i]);
    }
    if (shown < r->reason_count) {
        printf(ja ? "  ほかに %zu 件 (--all)\n" : "  and %zu more (--all)\n",
               r->reason_count - shown);
    }
}

static void
check_print_json(struct check *c, struct walk *walk, const char *path)
{
    const struct verdict_recipient *r = &walk->verdict->recipients[0];
    struct writer w;
    struct json j;

    writer_init(&w, walk->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "path", path);
    json_put_string(&j, "id", walk->arrival->id);
    json_put_text(&j, "action", verdict_action_name(r->action));
    json_put_real(&j, "score", r->score, 3);
    json_put_string(&j, "subject", walk->letter->subject);
    json_key(&j, "origin");
    origin_write_json(walk->origin, &j);
    json_key(&j, "opinion");
    opinion_write_json(walk->opinion, &j);
    json_key(&j, "reasons");
    json_open(&j, '[');
    for (size_t i = 0; i < r->reason_count; i++) {
        json_open(&j, '{');
        json_put_text(&j, "name", r->reasons[i]->name);
        json_put_real(&j, "weight", r->reasons[i]->weight, 3);
        json_put_text(&j, "family", permit_family_name(r->reasons[i]->family));
        json_put_text(&j, "ja", words_finding_ja(r->reasons[i]->name));
        json_put_text(&j, "en", words_finding_en(r->reasons[i]->name));
        json_close(&j);
    }
    json_close(&j);
    json_key(&j, "defects");
    json_open(&j, '[');
    for (size_t i = 0; i < walk->letter->defect_count; i++) {
        json_text(&j, walk->letter->defects[i].name);
    }
    json_close(&j);
    json_key(&j, "dns");
    dns_memo_write_json(&walk->memo, &j);
    json_close(&j);
    puts(writer_c(&w));
}

/* One message; its exit status. */
static int
check_file(struct check *c, const char *path)
{
    struct arena arena;
    struct walk walk = {.arena = &arena};
    struct bytes raw;
    struct why why;
    int status = EXIT_OK;

    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    if (file_read(&arena, path, LIMIT_MESSAGE, &raw, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        arena_release(&arena);
        return EXIT_NO_INPUT;
    }
    walk.arrival = check_arrival(c, &arena, raw);
    walk.permit = permit_for_tool(&arena, c->families);
    enum sk_code code = walk_begin(&walk, c->settings);
    walk.memo.sealed = c->offline;
    while (code == SK_OK && (code = walk_trace(&walk)) == SK_MORE) {
        check_ask(c, &walk.memo);
        code = SK_OK;
    }
    if (code == SK_OK) {
        enclose_walk(&walk, c->settings->config, &c->opener);
        code = walk_judge(&walk, c->judge, c->settings->policy);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s: the message needs more memory than one may have\n",
                path);
        status = EXIT_DATA;
    } else {
        judge_look(&arena, walk.permit, walk.letter, walk.opinion);
        judge_say(c->judge, walk.opinion);
        judge_point(&arena, walk.letter, walk.opinion);
        (c->json ? check_print_json : check_print)(c, &walk, path);
    }
    if (status == EXIT_OK && walk.verdict->strongest != VERDICT_ACCEPT) {
        status = EXIT_FOUND;
    }
    arena_release(&arena);
    return status;
}

static enum sk_code
check_families(struct check *c, struct why *why)
{
    struct bytes rest = option_bytes(c, "permit"), piece;
    enum permit_family family;

    c->families = FAMILY_ALL;
    if (rest.at == NULL) {
        return SK_OK;
    }
    c->families = 0;
    while (bytes_split(&rest, ',', &piece)) {
        if (bytes_is(piece, "all")) {
            c->families = FAMILY_ALL;
        } else if (!permit_family_read(bytes_trim(piece), &family)) {
            return why_set(
                why, SK_CONFIG,
                "--permit knows source, label, content, links, signatures, attachments, "
                "threat, statistics and all, not \"%.*s\"",
                BYTES_ARGUMENTS(bytes_slice(piece, 0, 40)));
        } else {
            c->families |= FAMILY_BIT(family);
        }
    }
    return SK_OK;
}

static enum sk_code
check_open(struct check *c, struct why *why)
{
    struct bytes text = BYTES("");
    const char *config = options_value(&c->options, "config"),
               *zone = options_value(&c->options, "dns");
    enum sk_code code = check_families(c, why);

    if (code == SK_OK && config != NULL) {
        code = settings_file(&c->arena, config, &text, why);
    }
    if (code == SK_OK) {
        code = settings_new(text, &c->settings, why);
    }
    if (code == SK_OK) {
        code = place_tables_open(c->settings, false, NULL, why);
    }
    if (code == SK_OK && zone != NULL) {
        code = file_read(&c->arena, zone, LIMIT_MESSAGE, &text, why);
        if (code == SK_OK) {
            code = dns_zone_read(&c->arena, text, &c->zone, why);
        }
    }
    if (code == SK_OK) {
        code = judge_open(&c->arena, c->settings->config, &c->judge, why);
    }
    if (code == SK_OK && zone == NULL && !c->offline) {
        c->base = loop_open(why);
        code = c->base == NULL ? SK_SYSTEM
                               : resolver_open(&c->arena, c->base, c->settings->config,
                                               &c->resolver, why);
    }
    return code;
}

static bool
wants_japanese(const char *asked)
{
    if (asked == NULL) {
        asked = getenv("LC_ALL") != NULL ? getenv("LC_ALL") : getenv("LANG");
    }
    return asked != NULL && asked[0] == 'j' && asked[1] == 'a';
}

int
check_command(int count, char **arguments)
{
    struct check c = {0};
    struct why why = {0};
    int status = EXIT_OK;

    if (!options_read(&c.options, "check [OPTION...] FILE...",
                      "Examines messages (- is standard input) and explains the verdict. "
                      "Exit status 1: at "
                      "least one is not simply accepted.",
                      rows, count, arguments)) {
        return c.options.status;
    }
    if (c.options.rest_count == 0) {
        fprintf(stderr, "sekisho: check: name a file, or - for standard input\n");
        return EXIT_USAGE;
    }
    arena_init(&c.arena, (size_t)1 << 30);
    c.offline = options_has(&c.options, "offline");
    c.json = options_has(&c.options, "json");
    c.all = options_has(&c.options, "all");
    c.japanese = wants_japanese(options_value(&c.options, "lang"));
    if (check_open(&c, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        status = EXIT_CONFIG;
    }
    for (int i = 0; status != EXIT_CONFIG && i < c.options.rest_count; i++) {
        int one = check_file(&c, c.options.rest[i]);
        status = one > status ? one : status;
    }
    if (c.opener.pid > 0) {
        opener_end(&c.opener);
    }
    if (c.judge != NULL) {
        judge_close(c.judge);
    }
    if (c.settings != NULL) {
        settings_free(c.settings);
    }
    /* The resolver's timers hang on its arena: it goes before the loop. */
    if (c.resolver != NULL) {
        resolver_close(c.resolver);
    }
    arena_release(&c.arena);
    if (c.base != NULL) {
        event_base_free(c.base);
    }
    return status;
}
