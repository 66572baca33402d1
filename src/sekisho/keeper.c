/* The keeper: the only process that writes the store, the ledger, Maildirs and the learned model.
 *
 * Records of all workers that arrive in one turn of the loop are one group: one commit, one sync, then everyone is told
 * "kept". Under load it sleeps a moment before that, so that more come together (gather.h); rows for search are put in after
 * the answers. The keeper reads no mail: workers hand it finished records, digests and lessons. */
#define SK_BASE
#include "sekisho/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arrive/maildir.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "judge/judge.h"
#include "net/frame.h"
#include "net/loop.h"
#include "record/campaigns.h"
#include "record/retention_keeper.h"
#include "record/vault.h"
#include "sekisho/consent_wire.h"
#include "sekisho/control.h"
#include "sekisho/gather.h"
#include "sekisho/harden.h"
#include "sekisho/keeper_alarm.h"
#include "sekisho/keeper_door.h"
#include "sekisho/keeper_news.h"
#include "sekisho/keeping.h"
#include "sekisho/lessons.h"
#include "sekisho/model_file.h"
#include "sekisho/options.h"
#include "sekisho/requests_consent.h"
#include "sekisho/threads.h"
#include "sekisho/wire.h"

#define SAVE_AFTER_MS 5000
#define TICK_MS       1000
#define LOCK_TRIES    50 /* to get the record's lock, which a command may hold for a moment */
#define LOCK_WAIT_MS  100
#define RETAIN_MS     10
#define ROWS_MS       250  /* so long may a search lag behind */
#define GROUP_MAX     4096 /* records in one group; the next begins at once */

struct keeper_waiting {
    struct frame_link *link;
    uint64_t token;
};

struct keeper {
    struct arena arena;
    struct event_base *base;
    struct vault *vault;
    struct judge *judge;
    struct group_weights *group_weights;
    struct bytes folder;
    struct control control;
    struct event *control_event;
    struct frame_link *links[PEER_CLERK + 1]; /* workers by number, and the clerk */
    struct keeping keeping;
    struct keeper_door *door;
    struct keeper_alarm *alarm;
    struct keeper_news *news;
    struct keeper_waiting group[GROUP_MAX];
    size_t group_count;
    struct gather gather;
    struct loop_task retain;
    struct loop_task commit, put, rows, save, tick;
    bool rows_soon;
    const char *trouble;       /* that was logged */
    const char *suspended;     /* the same of retention */
    struct bytes model_file;   /* the model that is under what was learned (model_file.h) */
    struct settings *reloaded; /* taken last; NULL: what it began with is in force */
    bool lessons_unsaved, ending, broken;
};

static void
keeper_tell(struct keeper *k, struct frame_link *link, uint32_t type, uint64_t token,
            const uint64_t *numbers, size_t count)
{
    frame_send(link, type, token,
               (struct bytes[]){bytes_of(numbers, count * sizeof *numbers)}, 1);
}

/* Commits what was kept and answers everyone who waits for it. */
static enum sk_code
keeper_commit_now(void *context, struct why *why)
{
    struct keeper *k = context;

    struct keeping_figures *figures = &k->keeping.figures;
    int64_t began_us = clock_monotonic_us();

    enum sk_code code = vault_commit(k->vault, why);
    uint64_t took_us = (uint64_t)(clock_monotonic_us() - began_us);
    figures->commits++;
    figures->commits_failed += code != SK_OK;
    figures->records += k->group_count;
    figures->commit_us += took_us;
    figures->commit_us_most =
        took_us > figures->commit_us_most ? took_us : figures->commit_us_most;
    if (code != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "nothing of %zu records could be kept: %s",
                 k->group_count, why->sentence);
    }
    uint64_t answer = code;
    for (size_t i = 0; i < k->group_count; i++) {
        if (k->group[i].link != NULL) {
            keeper_tell(k, k->group[i].link, WIRE_KEPT, k->group[i].token, &answer, 1);
        }
    }
    gather_committed(&k->gather, k->group_count, clock_monotonic_us());
    k->group_count = 0;
    loop_task_soon(&k->put);
    if (!k->rows_soon) {
        k->rows_soon = true;
        loop_task_after(&k->rows, ROWS_MS);
    }
    keeper_alarm_look(k->alarm);
    return code;
}

/* Lets more records come. Nothing is listened to meanwhile, so that nobody wakes the keeper for each. */
static void
keeper_gather(struct keeper *k)
{
    size_t before = k->group_count;
    uint32_t wait_us = gather_wait_us(&k->gather, before, clock_monotonic_us());

    if (wait_us == 0) {
        return;
    }
    usleep(wait_us);
    for (size_t i = 0; i < PEER_CLERK; i++) {
        if (k->links[i] != NULL) {
            frame_hear(k->links[i]);
        }
    }
    gather_waited(&k->gather, before, k->group_count > before ? k->group_count : before);
}

static void
keeper_commit(void *context)
{
    struct keeper *k = context;
    struct why why;

    if (k->group_count > 0 && !k->ending) {
        keeper_gather(k);
    }
    if (k->group_count > 0) { /* what was gathered may have asked for a commit at once */
        (void)!keeper_commit_now(k, &why);
    }
}

/* Everyone was answered: now the rows, which nobody waits for. */
static void
keeper_put(void *context)
{
    struct keeper *k = context;

    vault_put(k->vault);
}

static void
keeper_event(void *context, struct bytes json)
{
    struct keeper *k = context;

    keeper_news_event(k->news, json);
}

static void
keeper_seen(void *context, const struct rows_event *event)
{
    struct keeper *k = context;

    keeper_news_message(k->news, event);
}

static void
keeper_rows(void *context)
{
    struct keeper *k = context;

    k->rows_soon = false;
    vault_rows(k->vault);
}

/* Orders go to the purger by way of the supervisor; its answer comes to keeper_control. */
static enum sk_code
keeper_purge(void *context, uint64_t order, struct why *why)
{
    struct keeper *k = context;
    int fd = memfd_create("orders", MFD_CLOEXEC);

    enum sk_code code = fd >= 0 && dprintf(fd, "%llu\n", (unsigned long long)order) > 0
                            ? SK_OK
                            : why_set(why, SK_SYSTEM, "no memory file for orders");
    if (code == SK_OK) {
        code = frame_send_fd(k->control.fd, CONTROL_PURGE, order, fd, why);
    }
    if (fd >= 0) {
        close(fd);
    }
    return code;
}

/* Retention goes on between the mail: a step, then three times as long for whatever came in meanwhile. */
static void
keeper_retain(void *context)
{
    struct keeper *k = context;
    struct why why;

    int64_t began_us = clock_monotonic_us();
    const char *suspended = retention_suspended(k->keeping.retention, clock_now_ms());

    if (suspended != NULL && k->suspended == NULL) {
        log_line(LOG_LEVEL_WARNING, NULL, "nothing is purged by age: %s", suspended);
    }
    k->suspended = suspended;
    enum sk_code code = retention_step(k->keeping.retention, clock_now_ms(), &why);
    if (code != SK_OK && code != SK_MORE) {
        log_line(LOG_LEVEL_WARNING, NULL, "retention: %s", why.sentence);
    }
    int64_t rest_ms = 3 * (clock_monotonic_us() - began_us) / 1000;
    rest_ms = rest_ms < RETAIN_MS ? RETAIN_MS : rest_ms > TICK_MS ? TICK_MS : rest_ms;
    loop_task_after(&k->retain, code == SK_MORE ? rest_ms : TICK_MS);
}

/* Once when it begins, and once when it is over. */
static void
keeper_note_trouble(struct keeper *k)
{
    const char *trouble = vault_trouble(k->vault);

    if (trouble != NULL && k->trouble == NULL) {
        log_line(LOG_LEVEL_ERROR, NULL, "evidence is kept, but: %s", trouble);
    } else if (trouble == NULL && k->trouble != NULL) {
        log_line(LOG_LEVEL_NOTICE, NULL, "rows for search are in order again");
    }
    k->trouble = trouble;
}

static void
keeper_tick(void *context)
{
    struct keeper *k = context;
    struct why why;

    keeper_note_trouble(k); /* what the tick may put right at once is told all the same */
    if (vault_tick(k->vault, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the record: %s", why.sentence);
    }
    keeper_note_trouble(k);
    /* Between two groups: the copy then says what is on disk. */
    enum sk_code saved =
        k->group_count > 0 ? SK_OK : campaigns_tick(k->keeping.campaigns, false, &why);
    if (saved != SK_OK && saved != SK_MORE) {
        log_line(LOG_LEVEL_WARNING, NULL, "campaigns: %s", why.sentence);
    }
    if (threads_tick(k->keeping.threads, clock_now_ms(), false, &why) != SK_OK) {
        log_line(LOG_LEVEL_WARNING, NULL, "conversations: %s", why.sentence);
    }
    if (ledger_is_broken(vault_ledger(k->vault)) && !k->ending) {
        log_line(LOG_LEVEL_ERROR, NULL, "the ledger is opened anew");
        k->broken = true;
        event_base_loopbreak(k->base);
        return;
    }
    keeper_alarm_look(k->alarm);
    loop_task_after(&k->tick, TICK_MS);
}

static void
keeper_join_group(struct keeper *k, struct frame_link *link, uint64_t token)
{
    k->group[k->group_count++] = (struct keeper_waiting){link, token};
    if (k->group_count == GROUP_MAX) {
        keeper_commit(k);
    } else {
        loop_task_soon(&k->commit);
    }
}

static void
keeper_keep(struct keeper *k, struct frame_link *link, uint64_t token,
            struct frame_reader *r)
{
    struct bytes record = frame_get_bytes(r), held = frame_get_bytes(r);
    struct why why;
    enum sk_code code = r->broken ? SK_BAD : vault_keep(k->vault, record, held, &why);

    if (code != SK_OK) {
        uint64_t answer = code;
        log_line(LOG_LEVEL_ERROR, NULL, "a record was not taken: %s",
                 r->broken ? "broken frame" : why.sentence);
        keeper_tell(k, link, WIRE_KEPT, token, &answer, 1);
        return;
    }
    keeper_join_group(k, link, token);
}

static void
keeper_outcome(struct keeper *k, struct frame_link *link, uint64_t token,
               struct frame_reader *r)
{
    struct bytes id = frame_get_bytes(r), json = frame_get_bytes(r);
    struct why why;
    enum sk_code code = r->broken ? SK_BAD : vault_outcome(k->vault, id, json, &why);

    if (code != SK_OK) {
        uint64_t answer = code;
        log_line(LOG_LEVEL_ERROR, NULL, "an outcome was not taken: %s",
                 r->broken ? "broken frame" : why.sentence);
        keeper_tell(k, link, WIRE_KEPT, token, &answer, 1);
        return;
    }
    keeper_join_group(k, link, token);
}

static void
keeper_deliver(struct keeper *k, struct frame_link *link, uint64_t token,
               struct frame_reader *r)
{
    struct bytes addresses[LIMIT_SMTP_RECIPIENTS];
    uint64_t answer[LIMIT_SMTP_RECIPIENTS + 2];
    struct bytes root = frame_get_bytes(r);
    uint64_t count = frame_get_number(r);
    struct arena arena;
    struct why why;

    for (uint64_t i = 0; i < count && i < LIMIT_SMTP_RECIPIENTS; i++) {
        addresses[i] = frame_get_bytes(r);
    }
    struct bytes message = frame_get_bytes(r);
    if (r->broken || count > LIMIT_SMTP_RECIPIENTS) {
        answer[0] = SK_BAD;
        keeper_tell(k, link, WIRE_DELIVERED, token, answer, 1);
        return;
    }
    arena_init(&arena, 16u << 20);
    answer[0] = SK_OK;
    answer[1] = count;
    /* The root is made when it is missing; its own folder must be there. */
    if (mkdir(bytes_text(&arena, root), 0700) != 0 && errno != EEXIST) {
        log_line(LOG_LEVEL_ERROR, NULL, "the Maildir root cannot be made");
    }
    for (uint64_t i = 0; i < count; i++) {
        answer[2 + i] = maildir_deliver(&arena, root, addresses[i], message, &why);
        if (answer[2 + i] != SK_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "a message could not be delivered: %s",
                     why.sentence);
        }
    }
    arena_release(&arena);
    keeper_tell(k, link, WIRE_DELIVERED, token, answer, 2 + count);
}

static void
keeper_learn(struct keeper *k, struct frame_link *link, uint64_t token,
             struct frame_reader *r)
{
    bool spam = frame_get_number(r) != 0;
    struct bytes digest = frame_get_bytes(r), lesson = frame_get_bytes(r),
                 recipient = frame_get_bytes(r);
    uint64_t answer[2] = {SK_OK, 0};
    bool already = false;
    struct why why;

    if (r->broken || digest.size != HASH_SHA256_SIZE) {
        answer[0] = SK_BAD;
    } else {
        const struct lesson said = {.recipient = recipient,
                                    .reporter = recipient,
                                    .digest = digest,
                                    .text = lesson,
                                    .spam = spam,
                                    .now_ms = clock_now_ms()};
        uint64_t id;
        answer[0] = lessons_teach(k->keeping.lessons, &said, &already, &id, &why);
        answer[1] = already;
        if (answer[0] != SK_OK) {
            log_line(LOG_LEVEL_WARNING, NULL, "a lesson was not taken: %s", why.sentence);
        }
    }
    keeper_tell(k, link, WIRE_LEARNED, token, answer, 2);
}

static void
keeper_save(void *context)
{
    struct keeper *k = context;
    struct arena arena;
    struct writer w;
    struct why why;

    k->lessons_unsaved = k->lessons_unsaved || lessons_changed(k->keeping.lessons);
    if (!k->ending) {
        loop_task_after(&k->save, SAVE_AFTER_MS);
    }
    if (!k->lessons_unsaved) {
        return;
    }
    k->lessons_unsaved = false;
    arena_init(&arena, 1u << 20);
    writer_init(&w, &arena);
    writer_bytes(&w, k->folder);
    writer_text(&w, "/" LEARNED_MODEL);
    if (judge_save(k->judge, writer_c(&w), &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the learned model could not be saved: %s",
                 why.sentence);
    }
    arena_release(&arena);
}

static void
keeper_frame(void *context, struct frame_link *link, uint32_t type, uint64_t token,
             struct bytes payload)
{
    struct keeper *k = context;
    struct frame_reader r = {.rest = payload};

    switch (type) {
    case WIRE_KEEP:
        keeper_keep(k, link, token, &r);
        return;
    case WIRE_OUTCOME:
        keeper_outcome(k, link, token, &r);
        return;
    case WIRE_DELIVER:
        keeper_deliver(k, link, token, &r);
        return;
    case WIRE_LEARN:
        keeper_learn(k, link, token, &r);
        return;
    case WIRE_CONSENTS_TAKEN:
        consent_wire_taken(k->keeping.consent_wire, link, token);
        return;
    case WIRE_ALARM_DELIVERED:
        if (link == k->links[PEER_CLERK]) {
            keeper_alarm_delivered(k->alarm, payload);
            return;
        }
        log_line(LOG_LEVEL_ERROR, NULL, "a worker said that it sent an alarm");
        return;
    case WIRE_REQUEST:
        if (link == k->links[PEER_CLERK]) {
            keeper_door_request(&k->keeping, link, token, payload, BYTES_NONE, "console");
            return;
        }
        log_line(LOG_LEVEL_ERROR, NULL, "a worker asked what only people may ask");
        return;
    default:
        log_line(LOG_LEVEL_ERROR, NULL, "a worker sent a frame of unknown type %u", type);
    }
}

static void
keeper_gone(void *context, struct frame_link *link)
{
    struct keeper *k = context;

    for (size_t i = 0; i < k->group_count; i++) {
        if (k->group[i].link == link) {
            k->group[i].link = NULL;
        }
    }
    for (size_t i = 0; i < sizeof k->links / sizeof k->links[0]; i++) {
        if (k->links[i] == link) {
            k->links[i] = NULL;
            if (i == PEER_CLERK) {
                keeper_alarm_clerk(k->alarm, NULL);
                keeper_news_clerk(k->news, NULL);
            }
        }
    }
    consent_wire_part(k->keeping.consent_wire, link);
    consent_wire_forget(k->keeping.consent_wire, link);
    frame_link_close(link);
}

static const struct frame_calls keeper_calls = {.frame = keeper_frame, .gone = keeper_gone};

static void
keeper_meet(struct keeper *k, uint64_t number, int fd)
{
    if (k->links[number] != NULL) {
        keeper_gone(k, k->links[number]);
    }
    k->links[number] = frame_link_open(k->base, fd, &keeper_calls, k);
    if (number == PEER_CLERK) {
        keeper_alarm_clerk(k->alarm, k->links[number]);
        keeper_news_clerk(k->news, k->links[number]);
    } else {
        uint64_t seed = campaigns_seed(k->keeping.campaigns);
        keeper_tell(k, k->links[number], WIRE_SEED, 0, &seed, 1);
        consent_wire_meet(k->keeping.consent_wire, (size_t)number, k->links[number]);
    }
}

/* The keeper goes on as it began; what it takes of a new configuration is under what rule mail is examined from now on, and
 * who belongs together. */
static void
keeper_reload(struct keeper *k, int file)
{
    struct settings *settings;
    struct why why;
    enum sk_code code = settings_from_bundle(file, &settings, &why);

    if (code != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the new configuration: %s", why.sentence);
        return;
    }
    if (consent_record_rule(&k->keeping, permit_rule(settings->permit), &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the rule could not be recorded: %s", why.sentence);
    }
    consent_wire_send(k->keeping.consent_wire);
    if (lessons_use_groups(k->keeping.lessons, k->group_weights, settings->groups, &why) !=
        SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the groups' weights: %s", why.sentence);
    }
    if (k->reloaded != NULL) {
        settings_free(k->reloaded);
    }
    k->reloaded = settings;
}

/* Another model, or the same. */
static enum sk_code
keeper_model(struct keeper *k, int file, struct why *why)
{
    struct bytes bytes;
    enum sk_code code = model_file_map(file, &bytes, why);

    if (code != SK_OK) {
        return code;
    }
    code = lessons_use_model(k->keeping.lessons, bytes, why);
    if (code != SK_OK) {
        model_file_unmap(bytes);
        return code;
    }
    model_file_unmap(k->model_file);
    k->model_file = bytes;
    return SK_OK;
}

static void
keeper_control(evutil_socket_t fd, short what, void *context)
{
    struct keeper *k = context;
    struct control_message message;
    struct why why;

    for (;;) {
        enum sk_code code = control_receive(&k->control, &message, &why);
        if (code == SK_MORE) {
            return;
        }
        if (code != SK_OK ||
            message.type == CONTROL_DRAIN) { /* the supervisor is gone, or says so */
            k->ending = true;
            event_base_loopbreak(k->base);
            return;
        }
        if (message.type == CONTROL_PURGE) {
            retention_purged(k->keeping.retention, message.token == 0 ? SK_OK : SK_LATER);
        }
        if (message.type == CONTROL_MODEL &&
            keeper_model(k, message.given, &why) != SK_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "the old model stays: %s", why.sentence);
        }
        if (message.type == CONTROL_PEER && message.given >= 0 &&
            message.token < sizeof k->links / sizeof k->links[0]) {
            keeper_meet(k, message.token, message.given);
        } else if (message.given >= 0) {
            if (message.type == CONTROL_RELOAD) {
                keeper_reload(k, message.given);
            }
            close(message.given);
        }
    }
}

/* The next segment, from the supervisor, in the place of the one before: seccomp knows it by its number. */
static int
keeper_segment(void *context, uint64_t first, struct why *why)
{
    struct keeper *k = context;
    struct control_message message;

    if (control_ask(&k->control, CONTROL_SEGMENT, first, -1, &message, why) != SK_OK) {
        return -1;
    }
    /* What came meanwhile is taken up by the loop. */
    if (k->control.later_count > 0 && k->control_event != NULL) {
        event_active(k->control_event, EV_READ, 1);
    }
    if (message.given < 0 || message.token != first ||
        dup3(message.given, HARDEN_SEGMENT, O_CLOEXEC) < 0) {
        (void)!why_set(why, SK_SYSTEM, "the supervisor gave no segment of the journal");
        if (message.given >= 0) {
            close(message.given);
        }
        return -1;
    }
    close(message.given);
    return HARDEN_SEGMENT;
}

/* From here on evidence can only be added to. */
static enum sk_code
keeper_harden(struct keeper *k, const struct role_start *start, struct why *why)
{
    struct writer journal;
    struct why cause;
    bool strict = config_choice(start->settings->config, "harden") == 1;

    enum sk_code code = ledger_set_opener(vault_ledger(k->vault), keeper_segment, k, why);
    if (code != SK_OK) {
        return code;
    }
    writer_init(&journal, &k->arena);
    writer_bytes(&journal, k->folder);
    writer_text(&journal, "/journal");
    if (!start->own_mounts) {
        code =
            why_set(&cause, SK_CONFIG,
                    "the keeper has no mounts of its own (it was not started as root, or "
                    "in a container without CAP_SYS_ADMIN)");
    } else {
        code = harden_read_only(writer_c(&journal), &cause);
    }
    if (code != SK_OK && strict) {
        return why_set(why, SK_CONFIG, "harden = strict: %s", cause.sentence);
    }
    if (code != SK_OK) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "journal/ is guarded against the keeper by its descriptors alone: %s",
                 cause.sentence);
    }
    return harden_role(HARDEN_KEEPER, start, why);
}

/* A command that found no keeper for a moment does its work under the record's lock: it is waited for, since a keeper that
 * gives up takes the whole checkpoint with it. */
static enum sk_code
keeper_open_vault(struct keeper *k, const struct config *config, struct why *why)
{
    enum sk_code code = vault_open(&k->arena, config, &k->vault, why);

    for (int tries = 0;
         tries < LOCK_TRIES && code != SK_OK &&
         bytes_starts(bytes_from_text(why->sentence), BYTES("another keeper"));
         tries++) {
        usleep(LOCK_WAIT_MS * 1000);
        code = vault_open(&k->arena, config, &k->vault, why);
    }
    return code;
}

static void
keeper_log_opened(struct keeper *k)
{
    const struct vault_report *report = vault_opened(k->vault);

    log_line(LOG_LEVEL_NOTICE, NULL, "the ledger has %llu entries%s",
             (unsigned long long)report->ledger.size,
             report->ledger.new_key ? "; a new key was made" : "");
    if (report->ledger.torn_bytes > 0) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "%llu bytes of an entry that was never acknowledged were cut off",
                 (unsigned long long)report->ledger.torn_bytes);
    }
    if (report->rows_again > 0) {
        log_line(LOG_LEVEL_NOTICE, NULL, "rows of %llu entries were put in again",
                 (unsigned long long)report->rows_again);
    }
    keeper_note_trouble(k);
}

/* What is to be kept before the first message: under what rule mail is examined, and what was left over. */
static void
keeper_put_in_order(struct keeper *k, const struct permit_settings *permit)
{
    struct why why;

    if (consent_record_rule(&k->keeping, permit_rule(permit), &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the rule could not be recorded: %s", why.sentence);
    }
    consent_erase_rest(&k->keeping);
}

int
role_keeper(const struct role_start *start)
{
    static struct keeper keeper; /* too large for a stack, and there is one */
    struct keeper *k = &keeper;
    struct why why;

    log_set_role("keeper");
    arena_init(&k->arena, (size_t)1 << 30);
    loop_wipe_freed(); /* mail on its way into a Maildir passes here, and is not remembered */
    k->base = loop_open(&why);
    k->judge = start->judge;
    judge_use_now(k->judge);
    k->group_weights = start->group_weights;
    k->control.fd = start->control;
    k->folder = config_text(start->settings->config, "record.folder");
    enum sk_code code =
        k->base == NULL ? SK_SYSTEM : keeper_open_vault(k, start->settings->config, &why);
    if (code == SK_OK) {
        k->keeping = (struct keeping){.figures.began_ms = clock_now_ms(),
                                      .counts = start->counts,
                                      .thread_table = start->threads,
                                      .commit = keeper_commit_now,
                                      .event = keeper_event,
                                      .purge = keeper_purge,
                                      .context = k};
        k->news = keeper_news_open(&k->arena, k->base, &k->keeping.figures);
        vault_watch(k->vault, keeper_seen, k);
        code =
            keeping_open(&k->keeping, &k->arena, start->settings->config, k->vault, &why);
    }
    if (code == SK_OK) {
        k->keeping.permit = start->settings->permit;
        code = lessons_open(&k->arena, start->settings->config, k->judge, start->personal,
                            &k->keeping.lessons, &why);
    }
    if (code == SK_OK) {
        code = lessons_use_groups(k->keeping.lessons, k->group_weights,
                                  start->settings->groups, &why);
    }
    if (code == SK_OK && keeper_model(k, start->model_file, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the old model stays: %s", why.sentence);
    }
    if (code == SK_OK) {
        code = keeper_door_open(&k->arena, k->base, &k->keeping,
                                bytes_text(&k->arena, k->folder), &k->door, &why);
    }
    if (code != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the record cannot be opened: %s", why.sentence);
        /* What the system refuses now it may give later; a configuration stays as it is. */
        return code == SK_SYSTEM ? EXIT_SYSTEM : EXIT_CONFIG;
    }
    k->keeping.consent_wire = consent_wire_open(&k->keeping, PEER_CLERK);
    loop_task_init(&k->commit, k->base, keeper_commit, k);
    loop_task_init(&k->put, k->base, keeper_put, k);
    loop_task_init(&k->rows, k->base, keeper_rows, k);
    loop_task_init(&k->save, k->base, keeper_save, k);
    loop_task_after(&k->save, SAVE_AFTER_MS);
    loop_task_init(&k->tick, k->base, keeper_tick, k);
    loop_task_after(&k->tick, TICK_MS);
    loop_task_init(&k->retain, k->base, keeper_retain, k);
    loop_task_after(&k->retain, TICK_MS);
    k->alarm = keeper_alarm_open(&k->arena, k->base, &k->keeping);
    keeper_log_opened(k);
    keeper_put_in_order(k, start->settings->permit);
    k->control_event =
        event_new(k->base, k->control.fd, EV_READ | EV_PERSIST, keeper_control, k);
    event_add(k->control_event, NULL);
    if (keeper_harden(k, start, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        return EXIT_CONFIG;
    }
    if (frame_send_fd(k->control.fd, CONTROL_READY, 0, -1, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence); /* the supervisor is gone */
    }
    event_base_dispatch(k->base);

    keeper_commit(k);
    keeper_save(k);
    if (threads_tick(k->keeping.threads, clock_now_ms(), true, &why) != SK_OK) {
        log_line(LOG_LEVEL_WARNING, NULL, "conversations: %s", why.sentence);
    }
    keeper_door_close(k->door);
    for (size_t i = 0; i < sizeof k->links / sizeof k->links[0]; i++) {
        if (k->links[i] != NULL) {
            frame_flush(k->links[i]);
            frame_link_close(k->links[i]);
        }
    }
    loop_task_cancel(&k->commit);
    loop_task_cancel(&k->put);
    loop_task_cancel(&k->rows);
    loop_task_cancel(&k->save);
    loop_task_cancel(&k->tick);
    loop_task_cancel(&k->retain);
    keeper_alarm_close(k->alarm);
    keeper_news_close(k->news);
    consent_wire_close(k->keeping.consent_wire);
    campaigns_close(k->keeping.campaigns);
    vault_close(k->vault);
    threads_close(k->keeping.threads);
    lessons_close(k->keeping.lessons);
    event_free(k->control_event);
    event_base_free(k->base);
    arena_release(&k->arena);
    return k->broken ? EXIT_UNAVAILABLE : 0;
}
