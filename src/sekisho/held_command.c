/* `sekisho held`: messages that are held: which there are, reading one, passing one on, erasing one. */
#define SK_BASE
#include "sekisho/held_command.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "record/held.h"
#include "record/row.h"
#include "record/vault.h"
#include "sekisho/ask.h"
#include "sekisho/commands.h"
#include "sekisho/record_folder.h"
#include "sekisho/replay.h"
#include "store/rows.h"

#define SHOWN 200

static const struct option_row rows[] = {
    {"reason", "TEXT", "read, release, delete, rotate: why; is recorded"},
    {"request", "ID", "read: a look that a second person has approved"},
    {"raw", NULL, "read: the bytes as they are; only to a file or a pipe"},
    {"most", "NUMBER", "list: at most so many, newest first (50)"},
    {"json", NULL, "list, requests: as JSON"},
    {"lang", "ja|en", "language; else that of the environment"},
    RECORD_FOLDER_ROWS,
    {0},
};

struct held {
    struct arena *arena;
    struct options o;
    bool japanese;
    const struct config *config;
    const char *folder;
    const char *id; /* or the number of a request; NULL if it was not given */
    struct settings *settings;
};

static const char *
say(const struct held *h, const char *ja, const char *en)
{
    return h->japanese ? ja : en;
}

static int
complain(enum sk_code code, const struct why *why)
{
    fprintf(stderr, "sekisho: %s\n", why->sentence);
    return code == SK_CONFIG   ? EXIT_USAGE
           : code == SK_LATER  ? EXIT_UNAVAILABLE
           : code == SK_SYSTEM ? EXIT_NO_INPUT
                               : EXIT_FOUND;
}

/* {"do": what, "id" or "request": ..., "reason": ...} and the keeper's answer. */
static enum sk_code
ask(struct held *h, const char *what, const char *name, json_t **reply_r, struct why *why)
{
    const char *reason = options_value(&h->o, "reason");
    struct bytes reply = BYTES_NONE;
    struct writer w;
    struct json j;

    writer_init(&w, h->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", what);
    if (name != NULL) {
        json_put_text(&j, name, h->id);
    }
    if (reason != NULL) {
        json_put_text(&j, "reason", reason);
    }
    json_close(&j);
    *reply_r = NULL;
    enum sk_code code = ask_keeper(h->arena, h->config, writer_view(&w), &reply, why);
    if (code == SK_OK) {
        *reply_r = json_loadb((const char *)reply.at, reply.size, JSON_ALLOW_NUL, NULL);
    }
    return code;
}

/* Whether its file is still there; the record says where. */
static const char *
state_of(const struct held *h, int at, struct bytes id)
{
    struct journal_frame frame;
    struct held_ref ref;
    char path[HELD_PATH_SIZE];

    if (vault_find(h->arena, h->folder, id, &frame, NULL) != SK_OK || frame.purged) {
        return "gone";
    }
    if (held_ref_read(frame.record, &ref)) {
        held_path(ref.name, path);
        return faccessat(at, path, F_OK, 0) == 0 ? "held" : "erased";
    }
    return held_record_path(NULL, frame.record, path) && faccessat(at, path, F_OK, 0) == 0
               ? "held"
               : "unknown";
}

static void
print_row(const struct held *h, const struct rows_event *event, const char *state)
{
    struct writer w;
    struct json j;

    writer_init(&w, h->arena);
    if (options_has(&h->o, "json")) {
        json_init(&j, &w);
        json_open(&j, '{');
        json_put_string(&j, "id", event->id);
        json_put_number(&j, "time", event->time_ms);
        json_put_string(&j, "from", event->sender);
        json_put_string(&j, "to", event->recipients);
        json_put_number(&j, "size", event->size);
        json_put_text(&j, "state", state);
        json_close(&j);
        puts(writer_c(&w));
        return;
    }
    writer_clean(&w, event->id, 64);
    writer_text(&w, "  ");
    clock_write_rfc3339(&w, event->time_ms / 1000, 540);
    writer_text(&w, "  <");
    writer_clean(&w, event->sender, SHOWN);
    writer_text(&w, "> -> ");
    writer_clean(&w, event->recipients, SHOWN);
    writer_format(&w, "  %lld  %s\n", (long long)event->size,
                  strcmp(state, "held") == 0     ? say(h, "保留中", "held")
                  : strcmp(state, "erased") == 0 ? say(h, "消去済み", "erased")
                  : strcmp(state, "gone") == 0 ? say(h, "記録消去済み", "record purged")
                                               : say(h, "不明", "not known"));
    fwrite(w.at, 1, w.size, stdout);
}

static int
held_list(struct held *h)
{
    struct rows_query query = {.action = BYTES("hold")};
    struct rows_found found;
    struct why why = {0};
    long most;

    if (!options_number(&h->o, "most", 1, 50, &most)) {
        return h->o.status;
    }
    query.most = (size_t)most;
    int at = open(h->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum sk_code code = at < 0 ? why_set(&why, SK_SYSTEM, "cannot open %s", h->folder)
                               : rows_search(h->arena, h->folder, &query, &found, &why);
    if (code != SK_OK) {
        if (at >= 0) {
            close(at);
        }
        return complain(code, &why);
    }
    for (size_t i = 0; i < found.count; i++) {
        print_row(h, &found.events[i], state_of(h, at, found.events[i].id));
    }
    if (found.unread.size > 0) {
        fprintf(stderr, "sekisho: %s %.*s\n",
                say(h, "読めなかった日:", "days that could not be read:"),
                BYTES_ARGUMENTS(found.unread));
    }
    close(at);
    return EXIT_OK;
}

static int
held_requests(struct held *h)
{
    struct why why = {0};
    json_t *reply, *item;
    size_t i;

    enum sk_code code = ask(h, "held.requests", NULL, &reply, &why);
    if (code != SK_OK) {
        return complain(code, &why);
    }
    json_array_foreach(json_object_get(reply, "requests"), i, item)
    {
        const char *approved = json_string_value(json_object_get(item, "approved_by"));
        struct writer w;
        writer_init(&w, h->arena);
        if (options_has(&h->o, "json")) {
            char *text = json_dumps(item, JSON_COMPACT);
            puts(text);
            free(text);
            continue;
        }
        static const char *const members[] = {"request", "id", "by", "reason"};
        for (size_t m = 0; m < 4; m++) {
            const char *text = json_string_value(json_object_get(item, members[m]));
            writer_clean(&w, bytes_from_text(text), SHOWN);
            writer_text(&w, "  ");
        }
        writer_text(&w, approved == NULL || approved[0] == '\0'
                            ? say(h, "承認待ち", "waits for a second person")
                            : say(h, "承認済み: ", "approved by "));
        writer_clean(&w, bytes_from_text(approved), SHOWN);
        puts(writer_c(&w));
    }
    json_decref(reply);
    return EXIT_OK;
}

/* Line by line, so that nothing a message says can move a cursor or turn the writing round. */
static void
print_clean(struct held *h, struct bytes raw)
{
    struct bytes line;

    while (bytes_line(&raw, &line)) {
        struct writer w;
        writer_init(&w, h->arena);
        writer_clean(&w, line, line.size);
        puts(writer_c(&w));
    }
}

static int
held_read_command(struct held *h)
{
    struct bytes raw;
    struct why why = {0};
    bool as_is = options_has(&h->o, "raw");

    if (as_is && isatty(STDOUT_FILENO)) {
        fprintf(stderr,
                "sekisho: held: --raw goes to a file or a pipe, not to a terminal\n");
        return EXIT_USAGE;
    }
    enum sk_code code = held_ask_bytes(h->arena, h->config, bytes_from_text(h->id),
                                       options_value(&h->o, "reason"),
                                       options_value(&h->o, "request"), &raw, &why);
    if (code != SK_OK) {
        return complain(code, &why);
    }
    if (as_is) {
        fwrite(raw.at, 1, raw.size, stdout);
    } else {
        print_clean(h, raw);
    }
    return EXIT_OK;
}

static int
held_simple(struct held *h, const char *what, const char *name, const char *ja,
            const char *en)
{
    struct why why = {0};
    json_t *reply;

    enum sk_code code = ask(h, what, name, &reply, &why);
    json_decref(reply);
    if (code != SK_OK) {
        return complain(code, &why);
    }
    puts(say(h, ja, en));
    return EXIT_OK;
}

/* The message as its recipients get it: our fields on top as they would have been written, forged ones taken out. */
static size_t
make_pieces(struct held *h, struct replay *replay, const struct answer_recipient *answer,
            struct bytes raw, struct bytes **pieces_r)
{
    struct bytes *pieces =
        ARENA_NEW_MANY(h->arena, 2 * answer->edit_count + 3, struct bytes);
    size_t count = 0, at = 0;
    struct writer w;

    writer_init(&w, h->arena);
    writer_text(&w, "X-Sekisho-Released: ");
    writer_bytes(&w, replay->arrival->id);
    writer_text(&w, "; ");
    clock_write_rfc3339(&w, clock_now_ms() / 1000, 540);
    writer_text(&w, "\r\n");
    pieces[count++] = writer_view(&w);
    for (size_t i = 0; i < answer->edit_count; i++) {
        if (answer->edits[i].add.size > 0) {
            pieces[count++] = answer->edits[i].add;
        }
    }
    /* Removals, each the next one behind `at`. */
    for (;;) {
        const struct answer_edit *next = NULL;
        for (size_t i = 0; i < answer->edit_count; i++) {
            const struct answer_edit *edit = &answer->edits[i];
            if (edit->remove.size > 0 && edit->remove.at >= raw.at + at &&
                (next == NULL || edit->remove.at < next->remove.at)) {
                next = edit;
            }
        }
        if (next == NULL) {
            break;
        }
        size_t from = (size_t)(next->remove.at - raw.at);
        pieces[count++] = bytes_slice(raw, at, from);
        at = from + next->remove.size;
    }
    pieces[count++] = bytes_from(raw, at);
    *pieces_r = pieces;
    return count;
}

/* Which of the record's recipients are to get it. */
static bool
is_wanted(const json_t *to, struct bytes address)
{
    for (size_t i = 0; i < json_array_size(to); i++) {
        const json_t *item = json_array_get(to, i);
        if (bytes_equal(address,
                        bytes_of(json_string_value(item), json_string_length(item)))) {
            return true;
        }
    }
    return false;
}

struct releasing {
    struct replay replay;
    const struct answer *answer;
    struct arrival envelope; /* with those that are to get it */
    size_t *numbers;         /* of each in the record */
};

static enum sk_code
replay_answer(struct held *h, struct releasing *r, struct bytes record, struct bytes raw,
              struct why *why)
{
    struct judge *judge = NULL;

    enum sk_code code = replay_read(h->arena, record, BYTES_NONE, &r->replay, why);
    if (code == SK_OK) {
        code = judge_open(h->arena, h->settings->config, &judge, why);
    }
    if (code == SK_OK) {
        code = replay_walk(&r->replay, raw, h->settings, judge, why);
    }
    if (code == SK_OK) {
        r->answer =
            verdict_answer(h->arena, h->settings->policy, r->replay.walk.verdict,
                           r->replay.arrival, r->replay.permit, r->replay.walk.letter,
                           r->replay.walk.origin, r->replay.walk.opinion);
    }
    if (judge != NULL) {
        judge_close(judge);
    }
    return code;
}

static enum sk_code
tell_keeper(struct held *h, struct bytes look, const struct releasing *r,
            const struct outcome *outcomes, struct why *why)
{
    struct bytes reply;
    struct writer w;
    struct json j;

    writer_init(&w, h->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "held.released");
    json_put_string(&j, "look", look);
    json_key(&j, "to");
    json_open(&j, '[');
    for (size_t i = 0; i < r->envelope.recipient_count; i++) {
        json_open(&j, '{');
        json_put_string(&j, "address", r->envelope.recipients[i].address);
        json_put_text(&j, "outcome", record_outcome_name(outcomes[i].kind));
        json_put_string(&j, "reply", record_reply_codes(outcomes[i].reply));
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
    return ask_keeper(h->arena, h->config, writer_view(&w), &reply, why);
}

static int
print_outcomes(struct held *h, const struct releasing *r, const struct outcome *outcomes)
{
    int status = EXIT_OK;

    for (size_t i = 0; i < r->envelope.recipient_count; i++) {
        struct writer w;
        bool good = outcomes[i].kind == OUTCOME_DELIVERED;
        writer_init(&w, h->arena);
        writer_clean(&w, r->envelope.recipients[i].address, SHOWN);
        writer_format(&w, ": %s ",
                      good ? say(h, "渡した", "delivered")
                           : say(h, "渡せなかった", "not delivered"));
        writer_clean(&w, outcomes[i].reply, SHOWN);
        puts(writer_c(&w));
        status = good ? status : EXIT_FOUND;
    }
    return status;
}

/* Those to whom the same bytes go, from the recipient `first` on: appended to the envelope. */
static size_t
take_group(struct releasing *r, const bool *wanted, size_t first)
{
    const struct arrival *all = r->replay.arrival;
    unsigned group = r->answer->recipients[first].group;
    size_t count = 0;

    for (size_t i = first; i < all->recipient_count; i++) {
        if (wanted[i] && r->answer->recipients[i].group == group) {
            r->envelope.recipients[r->envelope.recipient_count++] = all->recipients[i];
            count++;
        }
    }
    return count;
}

static bool
is_first_of_group(const struct answer *answer, const bool *wanted, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        if (wanted[i] && answer->recipients[i].group == answer->recipients[number].group) {
            return false;
        }
    }
    return wanted[number];
}

/* Each gets what he would have got: one delivery for all that get the same bytes. What could not even be begun is told as put
 * off, for the others may have theirs. */
static enum sk_code
deliver_groups(struct held *h, struct releasing *r, const bool *wanted, struct bytes raw,
               struct outcome *outcomes, struct why *why)
{
    const struct answer *answer = r->answer;
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < answer->recipient_count; i++) {
        size_t begin = r->envelope.recipient_count;
        struct arrival part = r->envelope;
        struct bytes *pieces;
        if (!is_first_of_group(answer, wanted, i)) {
            continue;
        }
        part.recipient_count = take_group(r, wanted, i);
        part.recipients = r->envelope.recipients + begin;
        struct held_delivery delivery = {
            .settings = h->settings, .arrival = &part, .outcomes = outcomes + begin};
        delivery.piece_count =
            make_pieces(h, &r->replay, &answer->recipients[i], raw, &pieces);
        delivery.pieces = pieces;
        code = held_deliver(h->arena, &delivery, why);
        if (code != SK_OK && begin == 0) {
            return code;
        }
        for (size_t k = begin; code != SK_OK && k < r->envelope.recipient_count; k++) {
            outcomes[k] = (struct outcome){
                .kind = OUTCOME_LATER, .reply = BYTES("451 4.3.0 it could not be begun")};
        }
    }
    return SK_OK;
}

static enum sk_code
release(struct held *h, json_t *reply, struct releasing *r, struct outcome **outcomes_r,
        struct bytes look, struct why *why)
{
    const json_t *record = json_object_get(reply, "record"),
                 *to = json_object_get(reply, "to");
    struct bytes raw = BYTES_NONE;
    bool anyone = false;

    enum sk_code code = held_ask_parts(
        h->arena, h->config, look,
        (size_t)json_integer_value(json_object_get(reply, "size")), &raw, why);
    if (code == SK_OK) {
        code = replay_answer(h, r,
                             bytes_copy(h->arena, bytes_of(json_string_value(record),
                                                           json_string_length(record))),
                             raw, why);
    }
    if (code != SK_OK) {
        return code;
    }
    const struct arrival *all = r->replay.arrival;
    r->envelope = *all;
    r->envelope.recipient_count = 0;
    r->envelope.recipients =
        ARENA_NEW_MANY(h->arena, all->recipient_count, struct arrival_recipient);
    bool *wanted = ARENA_NEW_MANY(h->arena, all->recipient_count, bool);
    for (size_t i = 0; i < all->recipient_count; i++) {
        wanted[i] = is_wanted(to, all->recipients[i].address);
        anyone |= wanted[i];
    }
    if (!anyone) {
        return why_set(why, SK_BAD, "it is held for nobody");
    }
    code = held_papers(h->settings, &r->replay.walk, wanted, &r->envelope, &r->answer, why);
    if (code != SK_OK) {
        return code;
    }
    *outcomes_r = ARENA_NEW_MANY(h->arena, all->recipient_count, struct outcome);
    return deliver_groups(h, r, wanted, raw, *outcomes_r, why);
}

static int
held_release(struct held *h)
{
    struct releasing r = {0};
    struct outcome *outcomes = NULL;
    struct why why = {0};
    json_t *reply = NULL;

    int status = held_settings(h->arena, &h->o, &h->settings);
    if (status != EXIT_OK) {
        return status;
    }
    enum sk_code code = ask(h, "held.release", "id", &reply, &why);
    struct bytes look = bytes_copy(
        h->arena, bytes_from_text(json_string_value(json_object_get(reply, "look"))));
    if (code == SK_OK) {
        code = release(h, reply, &r, &outcomes, look, &why);
    }
    if (code == SK_OK) {
        code = tell_keeper(h, look, &r, outcomes, &why);
    }
    json_decref(reply);
    return code == SK_OK ? print_outcomes(h, &r, outcomes) : complain(code, &why);
}

static int
run(struct held *h, const char *verb)
{
    static const struct {
        const char *verb;
        bool names;
    } verbs[] = {{"list", false},   {"requests", false}, {"rotate", false}, {"read", true},
                 {"approve", true}, {"release", true},   {"delete", true}};
    size_t i = 0;

    while (i < sizeof verbs / sizeof verbs[0] && strcmp(verbs[i].verb, verb) != 0) {
        i++;
    }
    if (i == sizeof verbs / sizeof verbs[0] ||
        h->o.rest_count != (verbs[i].names ? 2 : 1)) {
        fprintf(stderr, "sekisho: held: list, requests, rotate, or read, release, delete "
                        "with an id, or approve with a request's number is wanted\n");
        return EXIT_USAGE;
    }
    h->id = verbs[i].names ? h->o.rest[1] : NULL;
    switch (i) {
    case 0:
        return held_list(h);
    case 1:
        return held_requests(h);
    case 2:
        return held_simple(
            h, "held.rotate", NULL, "鍵を替えた。保留中のメールの鍵は順に包み直される",
            "the key is changed; held messages are wrapped anew one after the "
            "other");
    case 3:
        return held_read_command(h);
    case 4:
        return held_simple(h, "held.approve", "request", "承認した", "approved");
    case 5:
        return held_release(h);
    default:
        return held_simple(h, "held.delete", "id", "消去した", "erased");
    }
}

int
held_command(int count, char **arguments)
{
    struct held h = {0};
    struct arena arena;
    int status;

    if (!options_read(
            &h.o, "held list|requests|read|approve|release|delete|rotate [OPTION...] [ID]",
            "Messages that are held. Reading one is recorded, and may need a second "
            "person.",
            rows, count, arguments)) {
        return h.o.status;
    }
    if (h.o.rest_count == 0) {
        fprintf(stderr, "sekisho: held: what is wanted? list, for example\n");
        return EXIT_USAGE;
    }
    arena_init(&arena, (size_t)2 << 30);
    h.arena = &arena;
    h.japanese = speak_japanese(&h.o);
    h.config = command_config(&arena, &h.o, &status);
    if (h.config != NULL) {
        h.folder = bytes_text(&arena, config_text(h.config, "record.folder"));
        status = run(&h, h.o.rest[0]);
    }
    if (h.settings != NULL) {
        settings_free(h.settings);
    }
    arena_release(&arena);
    return status;
}
