#include "sekisho/passage.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "net/loop.h"
#include "record/row.h"
#include "sekisho/enclose.h"
#include "sekisho/issue.h"
#include "sekisho/issue_seal.h"
#include "sekisho/judgement.h"
#include "sekisho/list_news.h"
#include "sekisho/made_by.h"
#include "sekisho/scan.h"
#include "sekisho/unparsed.h"
#include "sekisho/wire.h"

/* A question to the keeper that is not answered yet. It lies in its message's arena. */
struct passage_wait {
    struct passage_wait *next, *before;
    uint64_t token;
    void (*answered)(struct passage_wait *wait, enum sk_code code,
                     struct frame_reader *payload);
    void *context;
};

static void
wait_begin(struct passages *p, struct passage_wait *wait,
           void (*answered)(struct passage_wait *wait, enum sk_code code,
                            struct frame_reader *payload),
           void *context)
{
    *wait = (struct passage_wait){
        .next = p->waits, .token = ++p->token, .answered = answered, .context = context};
    if (p->waits != NULL) {
        p->waits->before = wait;
    }
    p->waits = wait;
}

static void
wait_end(struct passages *p, struct passage_wait *wait)
{
    if (wait->before != NULL) {
        wait->before->next = wait->next;
    } else {
        p->waits = wait->next;
    }
    if (wait->next != NULL) {
        wait->next->before = wait->before;
    }
}

void
passage_keeper_said(struct passages *p, uint32_t type, uint64_t token, struct bytes payload)
{
    struct frame_reader reader = {.rest = payload};
    struct passage_wait *wait = p->waits;

    while (wait != NULL && wait->token != token) {
        wait = wait->next;
    }
    if (wait == NULL || type < WIRE_KEPT) {
        return;
    }
    enum sk_code code = (enum sk_code)frame_get_number(&reader);
    wait_end(p, wait);
    wait->answered(wait, code > SK_CONFIG || reader.broken ? SK_SYSTEM : code, &reader);
}

void
passage_keeper_gone(struct passages *p)
{
    p->keeper = NULL;
    while (p->waits != NULL) {
        struct passage_wait *wait = p->waits;
        struct frame_reader nothing = {0};
        wait_end(p, wait);
        wait->answered(wait, SK_LATER, &nothing);
    }
    passages_permitted(p);
}

static void passage_step(void *context);
static void passage_opened(void *context);

/* One message on the road. */
struct passage {
    struct passages *all;
    struct settings *settings;
    struct walk walk;
    struct passage_wait wait;
    struct passage *next_unpermitted;
    struct loop_task later; /* to answer from the loop, never before examine has returned */
    enum sk_code code;
    int64_t began_us;
    bool returned;
    struct enclosing *enclosing; /* attachments on their way through the opener, and */
    struct scanning *scanning;   /* through clamd; NULL: not */
    unsigned opening;            /* of both, those that are waited for */
    void (*done)(void *context, enum sk_code code, const struct answer *answer);
    void *context;
    const struct answer *answer;
    uint8_t fingerprint[HASH_SHA256_SIZE];
};

static void
passage_close(void *context)
{
    struct passage *passage = context;

    passage->settings->uses--;
    for (struct passage **at = &passage->all->unpermitted; *at != NULL;
         at = &(*at)->next_unpermitted) {
        if (*at == passage) {
            *at = passage->next_unpermitted;
            break;
        }
    }
    loop_task_cancel(&passage->later);
    resolver_forget(passage->all->resolver, &passage->walk.memo);
}

/* The log is read by people who ask for no reason: what was read for one recipient does not show where another did not
 * allow it. */
static double
logged_unwanted(const struct walk *walk)
{
    const uint32_t content = FAMILY_BIT(FAMILY_CONTENT);
    bool all = (walk->verdict->common_families & content) != 0;

    return all ? walk->opinion->unwanted : walk->opinion->unwanted_source;
}

static void
passage_done(struct passage *passage)
{
    struct passages *all = passage->all;
    char id[32];

    snprintf(id, sizeof id, "%.*s", BYTES_ARGUMENTS(passage->walk.arrival->id));
    if (passage->code == SK_OK && passage->walk.verdict == NULL) {
        all->counts->later++;
        log_line(LOG_LEVEL_WARNING, id, "kept unparsed: workers died of it");
    } else if (passage->code == SK_OK) {
        all->counts->kept++;
        all->counts->by_action[passage->walk.verdict->strongest]++;
        log_line(LOG_LEVEL_NOTICE, id,
                 "verdict %s, %zu recipients, unwanted %.3f, dmarc %s",
                 verdict_action_name(passage->walk.verdict->strongest),
                 passage->walk.arrival->recipient_count, logged_unwanted(&passage->walk),
                 auth_result_name(passage->walk.origin->dmarc.result));
    } else {
        all->counts->later++;
        log_line(LOG_LEVEL_WARNING, id, "not taken: %s", sk_code_name(passage->code));
    }
    sk_in_hand(NULL);
    passage->done(passage->context, passage->code,
                  passage->code == SK_OK ? passage->answer : NULL);
}

static void
passage_done_soon(void *context)
{
    passage_done(context);
}

static void
passage_end(struct passage *passage, enum sk_code code)
{
    /* What the machine did not give now is no fault of the message: 451, not 552. */
    passage->code = arena_starved() && code == SK_LIMIT ? SK_LATER : code;
    if (passage->returned) {
        passage_done(passage);
    } else {
        loop_task_soon(&passage->later);
    }
}

static void
passage_kept(struct passage_wait *wait, enum sk_code code, struct frame_reader *payload)
{
    passage_end(wait->context, code);
}

static bool
held_for_anyone(const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->recipient_count; i++) {
        if (verdict->recipients[i].action == VERDICT_HOLD) {
            return true;
        }
    }
    return false;
}

/* For a door whose client puts the papers on. */
static const struct answer *
with_json(const struct passage *passage, const struct answer *answer)
{
    const struct walk *walk = &passage->walk;
    struct answer *made = ARENA_NEW(walk->arena, struct answer);

    *made = *answer;
    made->json =
        verdict_json(walk->arena, passage->settings->policy, walk->verdict, walk->arrival,
                     walk->permit, walk->letter, walk->origin, walk->opinion, answer);
    return made;
}

/* For /v1/judge: what the message wants. False: the arena is full. */
static bool
answer_with_opinion(struct passage *passage)
{
    const struct arrival *arrival = passage->walk.arrival;
    struct arena *arena = passage->walk.arena;
    jmp_buf guard;

    if (setjmp(guard) != 0) {
        return false;
    }
    arena_guard(arena, &guard);
    struct answer *made = ARENA_NEW(arena, struct answer);
    struct writer w;
    struct json j;
    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_string(&j, "id", arrival->queue_id.size > 0 ? arrival->queue_id : arrival->id);
    judgement_write(&j, &passage->walk);
    json_close(&j);
    *made = *passage->answer;
    made->json = writer_view(&w);
    passage->answer = made;
    arena_guard(arena, NULL);
    return true;
}

static void
passage_record(struct passage *passage)
{
    struct walk *walk = &passage->walk;
    struct passages *all = passage->all;
    struct writer w;

    if (all->keeper == NULL) {
        passage_end(passage, SK_LATER);
        return;
    }
    struct bytes record = record_write(
        walk->arena, &(struct record_of){
                         .arrival = walk->arrival,
                         .permit = walk->permit,
                         .letter = walk->letter,
                         .origin = walk->origin,
                         .memo = &walk->memo,
                         .opinion = walk->opinion,
                         .verdict = walk->verdict,
                         .made_by = made_by(walk->arena, passage->settings, all->judge)});
    passage->answer =
        verdict_answer(walk->arena, passage->settings->policy, walk->verdict, walk->arrival,
                       walk->permit, walk->letter, walk->origin, walk->opinion);
    const struct answer *plain = passage->answer;
    enum sk_code code = issue_signatures(passage->settings, walk, &passage->answer);
    if (code != SK_OK) {
        passage_end(passage, code);
        return;
    }
    issue_seal(passage->settings, walk, &passage->answer);
    if (passage->answer != plain && walk->arrival->door == ARRIVAL_HTTP) {
        passage->answer = with_json(passage, passage->answer);
    }
    if (walk->arrival->wants_opinion && !answer_with_opinion(passage)) {
        passage_end(passage, SK_LIMIT);
        return;
    }
    struct bytes held = held_for_anyone(walk->verdict) ? walk->arrival->raw : BYTES_NONE;
    writer_init(&w, walk->arena);
    frame_put_bytes(&w, record);
    frame_put_number(&w, held.size);
    wait_begin(all, &passage->wait, passage_kept, passage);
    frame_send(all->keeper, WIRE_KEEP, passage->wait.token,
               (struct bytes[]){writer_view(&w), held}, 2);
}

static void passage_step(void *context);

/* Attachments are opened once, when somebody allows it. True: they are waited for. */
static bool
passage_opens(struct passage *passage)
{
    struct walk *walk = &passage->walk;
    const struct config *config = passage->settings->config;

    struct scan_settings clamd;
    struct why why;
    bool open = config_bool(config, "attachments.open");

    if (passage->enclosing != NULL || !permit_has(walk->permit, FAMILY_ATTACHMENTS)) {
        return false;
    }
    if (scan_settings_read(config, &clamd, &why) != SK_OK || (!open && !clamd.used)) {
        return false;
    }
    passage->enclosing = enclosing_new(walk->arena, walk->letter,
                                       enclose_allows(walk->permit, FAMILY_CONTENT));
    if (passage->enclosing == NULL) {
        return false;
    }
    passage->scanning = scan_ask(walk->arena, passage->enclosing, &clamd,
                                 passage->all->base, passage_opened, passage);
    passage->opening += passage->scanning != NULL;
    if (open && enclosing_count(passage->enclosing) > 0) {
        passage->opening++;
        enclose_ask(passage->enclosing, passage->all->base, passage->all->opener,
                    config_number(config, "attachments.time"), passage_opened, passage);
    }
    if (passage->opening == 0) {
        walk->enclosures = enclosing_end(passage->enclosing);
    }
    return passage->opening > 0;
}

/* As far as it goes without waiting. */
static void
passage_go(struct passage *passage)
{
    struct walk *walk = &passage->walk;

    enum sk_code code = walk_trace(walk);
    if (code == SK_MORE) {
        resolver_ask(passage->all->resolver, &walk->memo, passage_step, passage);
        return;
    }
    list_news_tell(passage->settings, passage->all->counts);
    if (code == SK_OK && passage->all->consents == NULL && passage->all->keeper != NULL) {
        passage->next_unpermitted = passage->all->unpermitted;
        passage->all->unpermitted = passage;
        return; /* the keeper is starting, and has not yet said who allows what */
    }
    if (code == SK_OK && passage->all->consents == NULL) {
        code = SK_LATER;
    }
    if (code == SK_OK) {
        /* Only now, in one go with judging and recording: what a recipient took back while the DNS was slow is not read,
         * and nothing is on its way to the keeper that rests on a consent that is gone. */
        walk->permit = permit_new(walk->arena, passage->settings->permit,
                                  passage->all->consents, walk->arrival);
        if (passage_opens(passage)) {
            return;
        }
        code = walk_judge(walk, passage->all->judge, passage->settings->policy);
    }
    if (code != SK_OK) {
        passage_end(passage, code);
        return;
    }
    passage_record(passage);
}

/* Whoever dies from here to the end of the call died of this message. */
static void
passage_step(void *context)
{
    struct passage *passage = context;
    struct passages *all = passage->all;

    hand_take(all->hand, passage->fingerprint, passage->walk.arrival->id);
    passage_go(passage);
    hand_leave(all->hand);
}

static void
passage_opened(void *context)
{
    struct passage *passage = context;

    if (--passage->opening > 0) {
        return;
    }
    if (passage->scanning != NULL) {
        struct passage_counts *counts = passage->all->counts;
        struct scan_sum sum = scan_end(passage->scanning);
        counts->scanned += sum.scanned;
        counts->infected += sum.infected;
        counts->unscanned += sum.unscanned;
        if (sum.unanswered > 0 &&
            config_bool(passage->settings->config, "clamd.tempfail")) {
            passage_end(passage, SK_LATER);
            return;
        }
    }
    passage->walk.enclosures = enclosing_end(passage->enclosing);
    passage_step(passage);
}

/* Workers died of it: it is kept as it came, and nobody reads it here again. */
static void
passage_unparsed(struct passage *passage, unsigned deaths)
{
    const struct arrival *arrival = passage->walk.arrival;
    struct arena *arena = passage->walk.arena;
    struct passages *all = passage->all;
    struct writer w;

    if (all->keeper == NULL) {
        passage_end(passage, SK_LATER);
        return;
    }
    passage->answer = unparsed_answer(arena, arrival);
    writer_init(&w, arena);
    frame_put_bytes(&w, unparsed_message(arena, arrival));
    frame_put_number(&w, arrival->raw.size);
    frame_send(all->keeper, WIRE_KEEP,
               ++all->token, /* nobody waits for this one: the next is answered after it */
               (struct bytes[]){writer_view(&w), arrival->raw}, 2);
    writer_init(&w, arena);
    frame_put_bytes(&w, unparsed_crash(arena, arrival, deaths, passage->fingerprint));
    frame_put_number(&w, 0);
    wait_begin(all, &passage->wait, passage_kept, passage);
    frame_send(all->keeper, WIRE_KEEP, passage->wait.token,
               (struct bytes[]){writer_view(&w)}, 1);
}

void
passages_permitted(struct passages *passages)
{
    while (passages->unpermitted != NULL) {
        struct passage *passage = passages->unpermitted;
        passages->unpermitted = passage->next_unpermitted;
        passage_step(passage);
    }
}

/* The generation that the message's session began under. */
static struct settings *
passage_settings(struct passages *all, const struct arrival *arrival)
{
    for (struct settings *s = all->settings; s != NULL; s = s->older) {
        if (s->arrive == arrival->settings) {
            return s;
        }
    }
    return all->settings;
}

static void
passage_examine(void *road, struct arena *arena, const struct arrival *arrival,
                void (*done)(void *context, enum sk_code code, const struct answer *answer),
                void *context)
{
    struct passages *all = road;
    struct passage *passage = ARENA_NEW(arena, struct passage);
    char id[32];

    snprintf(id, sizeof id, "%.*s", BYTES_ARGUMENTS(arrival->id));
    sk_in_hand(id);
    all->counts->messages++;
    *passage = (struct passage){.all = all,
                                .settings = passage_settings(all, arrival),
                                .walk = {.arena = arena, .arrival = arrival},
                                .done = done,
                                .context = context};
    passage->settings->uses++;
    loop_task_init(&passage->later, all->base, passage_done_soon, passage);
    dns_memo_init(&passage->walk.memo, arena);
    arena_defer(arena, passage_close, passage);
    suspects_fingerprint(all->suspects, arrival->raw, passage->fingerprint);
    unsigned deaths = suspects_deaths(all->suspects, passage->fingerprint);
    if (deaths >= SUSPECT_DEATHS) {
        passage_unparsed(passage, deaths);
        passage->returned = true;
        return;
    }
    hand_take(all->hand, passage->fingerprint, arrival->id);
    enum sk_code code = walk_begin(&passage->walk, passage->settings);
    if (code == SK_OK) {
        passage_go(passage);
    } else {
        passage_end(passage, code);
    }
    hand_leave(all->hand);
    passage->returned = true;
}

/* What became of each recipient. */
struct passage_report {
    struct passages *all;
    enum sk_code code; /* to answer with when the keeper is not asked */
    struct passage_wait wait;
    struct loop_task later;
    void (*done)(void *context, enum sk_code code);
    void *context;
};

static void
report_answered(struct passage_wait *wait, enum sk_code code, struct frame_reader *payload)
{
    struct passage_report *report = wait->context;

    report->done(report->context, code);
}

static void
report_unasked(void *context)
{
    struct passage_report *report = context;

    report->done(report->context, report->code);
}

static void
report_close(void *context)
{
    struct passage_report *report = context;

    loop_task_cancel(&report->later);
}

static void
passage_outcome(void *road, struct arena *arena, const struct arrival *arrival,
                const struct outcome *outcomes,
                void (*done)(void *context, enum sk_code code), void *context)
{
    struct passages *all = road;
    struct passage_report *report = ARENA_NEW(arena, struct passage_report);
    struct writer w;

    *report = (struct passage_report){.all = all, .done = done, .context = context};
    loop_task_init(&report->later, all->base, report_unasked, report);
    arena_defer(arena, report_close, report);
    bool anything = false;
    for (size_t i = 0; i < arrival->recipient_count; i++) {
        anything = anything || outcomes[i].kind != OUTCOME_NONE;
    }
    report->code = anything
                       ? SK_LATER
                       : SK_OK; /* a scan passes nothing on: there is nothing to append */
    if (all->keeper == NULL || !anything) {
        loop_task_soon(&report->later);
        return;
    }
    writer_init(&w, arena);
    frame_put_bytes(&w, arrival->id);
    const struct permit *permit =
        permit_new(arena, passage_settings(all, arrival)->permit, all->consents, arrival);
    frame_put_bytes(&w, record_outcome(arena, arrival, permit, outcomes));
    wait_begin(all, &report->wait, report_answered, report);
    frame_send(all->keeper, WIRE_OUTCOME, report->wait.token,
               (struct bytes[]){writer_view(&w)}, 1);
}

/* Delivery into Maildirs by the keeper. */
struct passage_delivery {
    struct arena *arena;
    size_t recipient_count;
    struct passage_wait wait;
    struct loop_task later;
    void (*done)(void *context, enum sk_code code, const enum sk_code *codes);
    void *context;
};

static void
delivery_answered(struct passage_wait *wait, enum sk_code code,
                  struct frame_reader *payload)
{
    struct passage_delivery *delivery = wait->context;
    enum sk_code *codes =
        ARENA_NEW_MANY(delivery->arena, delivery->recipient_count, enum sk_code);

    if (code == SK_OK && frame_get_number(payload) != delivery->recipient_count) {
        code = SK_SYSTEM;
    }
    for (size_t i = 0; code == SK_OK && i < delivery->recipient_count; i++) {
        codes[i] = (enum sk_code)frame_get_number(payload);
    }
    delivery->done(delivery->context, payload->broken ? SK_SYSTEM : code, codes);
}

static void
delivery_refused(void *context)
{
    struct passage_delivery *delivery = context;

    delivery->done(delivery->context, SK_LATER, NULL);
}

static void
delivery_close(void *context)
{
    struct passage_delivery *delivery = context;

    loop_task_cancel(&delivery->later);
}

static void
passage_deliver(void *road, struct arena *arena, const struct arrival *arrival,
                const size_t *recipients, size_t recipient_count,
                const struct bytes *pieces, size_t piece_count,
                void (*done)(void *context, enum sk_code code, const enum sk_code *codes),
                void *context)
{
    struct passages *all = road;
    struct passage_delivery *delivery = ARENA_NEW(arena, struct passage_delivery);
    struct bytes *frame = ARENA_NEW_MANY(arena, piece_count + 1, struct bytes);
    struct writer w;
    size_t size = 0;

    *delivery = (struct passage_delivery){.arena = arena,
                                          .recipient_count = recipient_count,
                                          .done = done,
                                          .context = context};
    loop_task_init(&delivery->later, all->base, delivery_refused, delivery);
    arena_defer(arena, delivery_close, delivery);
    if (all->keeper == NULL) {
        loop_task_soon(&delivery->later);
        return;
    }
    writer_init(&w, arena);
    frame_put_bytes(&w, passage_settings(all, arrival)->arrive->next_hop.maildir);
    frame_put_number(&w, recipient_count);
    for (size_t i = 0; i < recipient_count; i++) {
        frame_put_bytes(&w, arrival->recipients[recipients[i]].address);
    }
    for (size_t i = 0; i < piece_count; i++) {
        frame[i + 1] = pieces[i];
        size += pieces[i].size;
    }
    frame_put_number(&w, size);
    frame[0] = writer_view(&w);
    wait_begin(all, &delivery->wait, delivery_answered, delivery);
    frame_send(all->keeper, WIRE_DELIVER, delivery->wait.token, frame, piece_count + 1);
}

/* A lesson. */
struct passage_lesson {
    struct passage_wait wait;
    struct loop_task later;
    enum sk_code code;
    void (*done)(void *context, enum sk_code code, bool already);
    void *context;
};

static void
lesson_answered(struct passage_wait *wait, enum sk_code code, struct frame_reader *payload)
{
    struct passage_lesson *lesson = wait->context;

    lesson->done(lesson->context, code, frame_get_number(payload) != 0);
}

static void
lesson_refused(void *context)
{
    struct passage_lesson *lesson = context;

    lesson->done(lesson->context, lesson->code, false);
}

static void
lesson_close(void *context)
{
    struct passage_lesson *lesson = context;

    loop_task_cancel(&lesson->later);
}

/* Learning reads the words: of each recipient's own mail only with his consent; where none is named, only where the
 * profile allows it for everybody. */
static bool
may_learn(struct passages *all, struct arena *arena, const struct arrival *arrival)
{
    const struct permit_settings *settings = passage_settings(all, arrival)->permit;
    struct bytes nobody = BYTES_NONE;
    bool may = true;

    for (size_t i = 0; i == 0 || i < arrival->recipient_count; i++) {
        struct bytes address =
            arrival->recipient_count == 0 ? nobody : arrival->recipients[i].address;
        struct permit_recipient r = permit_of(arena, settings, all->consents, address);
        may = may && (r.families & FAMILY_BIT(FAMILY_CONTENT)) != 0;
    }
    return may;
}

static void
passage_learn(void *road, struct arena *arena, const struct arrival *arrival, bool spam,
              void (*done)(void *context, enum sk_code code, bool already), void *context)
{
    struct passages *all = road;
    struct passage_lesson *lesson = ARENA_NEW(arena, struct passage_lesson);
    uint8_t digest[HASH_SHA256_SIZE], fingerprint[HASH_SHA256_SIZE];
    struct bytes taught = BYTES_NONE;
    jmp_buf guard;
    struct writer w;

    suspects_fingerprint(all->suspects, arrival->raw, fingerprint);
    *lesson = (struct passage_lesson){.code = SK_LIMIT, .done = done, .context = context};
    loop_task_init(&lesson->later, all->base, lesson_refused, lesson);
    arena_defer(arena, lesson_close, lesson);
    if (all->keeper == NULL || all->consents == NULL) {
        lesson->code = SK_LATER;
    } else if (!may_learn(all, arena, arrival)) {
        lesson->code = SK_CONFIG;
    } else if (suspects_deaths(all->suspects, fingerprint) >= SUSPECT_DEATHS) {
        lesson->code = SK_LATER; /* workers died of it: it is not read again */
    } else if (setjmp(guard) == 0) {
        hand_take(all->hand, fingerprint, BYTES("a lesson"));
        arena_guard(arena, &guard);
        taught = judge_lesson(arena, letter_read(arena, arrival->raw));
        arena_guard(arena, NULL);
        lesson->code = SK_OK;
    }
    hand_leave(all->hand);
    if (lesson->code != SK_OK) {
        loop_task_soon(&lesson->later);
        return;
    }
    hash_sha256(arrival->raw, digest);
    writer_init(&w, arena);
    frame_put_number(&w, spam);
    frame_put_bytes(&w, bytes_of(digest, sizeof digest));
    frame_put_bytes(&w, taught);
    frame_put_bytes(&w, arrival->recipient_count == 1 ? arrival->recipients[0].address
                                                      : BYTES_NONE);
    wait_begin(all, &lesson->wait, lesson_answered, lesson);
    frame_send(all->keeper, WIRE_LEARN, lesson->wait.token,
               (struct bytes[]){writer_view(&w)}, 1);
}

static struct bytes
passage_statistics(void *road, struct arena *arena)
{
    struct passages *all = road;
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_number(&j, "uptime", (clock_monotonic_ms() - all->counts->started_ms) / 1000);
    json_put_number(&j, "scanned", (int64_t)all->counts->messages);
    json_put_number(&j, "kept", (int64_t)all->counts->kept);
    json_put_number(&j, "later", (int64_t)all->counts->later);
    json_key(&j, "actions");
    json_open(&j, '{');
    for (unsigned i = 0;
         i < sizeof all->counts->by_action / sizeof all->counts->by_action[0]; i++) {
        json_put_number(&j, verdict_action_name((enum verdict_action)i),
                        (int64_t)all->counts->by_action[i]);
    }
    json_close(&j);
    json_close(&j);
    return writer_view(&w);
}

static void
passage_sender(void *road, struct arena *arena, struct arrival *arrival)
{
    issue_sender(passage_settings(road, arrival), arena, arrival);
}

static void
passage_recipient(void *road, struct arena *arena, const struct arrival *arrival,
                  struct arrival_recipient *recipient)
{
    issue_recipient(passage_settings(road, arrival), arena, arrival, recipient);
}

struct arrival_road
passage_road(struct passages *passages)
{
    return (struct arrival_road){
        .road = passages,
        .examine = passage_examine,
        .outcome = passage_outcome,
        .learn = passage_learn,
        .report = passage_report,
        .statistics = passage_statistics,
        .deliver = passage_deliver,
        .sender = passage_sender,
        .recipient = passage_recipient,
    };
}
