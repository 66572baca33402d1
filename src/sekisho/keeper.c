/* The keeper: the only process that writes the store, the ledger, Maildirs and the learned model.
 *
 * Records of all workers that arrive in one turn of the loop are one group: one commit, one sync, then everyone is told
 * "kept". The keeper reads no mail: workers hand it finished records, digests and lessons. */
#define SK_BASE
#include "sekisho/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arrive/maildir.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/table.h"
#include "net/frame.h"
#include "net/loop.h"
#include "record/vault.h"
#include "sekisho/options.h"
#include "sekisho/wire.h"

#define SAVE_AFTER_MS 5000
#define TICK_MS       1000
#define ROWS_MS       50   /* so long may a search lag behind */
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
    struct bytes folder;
    int control;
    struct event *control_event;
    struct frame_link *links[256];
    struct keeper_waiting group[GROUP_MAX];
    size_t group_count;
    struct loop_task commit, rows, save, tick;
    bool rows_soon;
    const char *trouble;  /* that was logged */
    struct table learned; /* digest: "s" or "h" */
    int learned_fd;
    bool lessons_unsaved, ending;
};

static void
keeper_tell(struct keeper *k, struct frame_link *link, uint32_t type, uint64_t token,
            const uint64_t *numbers, size_t count)
{
    frame_send(link, type, token,
               (struct bytes[]){bytes_of(numbers, count * sizeof *numbers)}, 1);
}

static void
keeper_commit(void *context)
{
    struct keeper *k = context;
    struct why why;

    if (k->group_count == 0) {
        return;
    }
    enum sk_code code = vault_commit(k->vault, &why);
    if (code != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "nothing of %zu records could be kept: %s",
                 k->group_count, why.sentence);
    }
    uint64_t answer = code;
    for (size_t i = 0; i < k->group_count; i++) {
        if (k->group[i].link != NULL) {
            keeper_tell(k, k->group[i].link, WIRE_KEPT, k->group[i].token, &answer, 1);
        }
    }
    k->group_count = 0;
    if (!k->rows_soon) {
        k->rows_soon = true;
        loop_task_after(&k->rows, ROWS_MS);
    }
}

static void
keeper_rows(void *context)
{
    struct keeper *k = context;

    k->rows_soon = false;
    vault_rows(k->vault);
}

static void
keeper_tick(void *context)
{
    struct keeper *k = context;
    struct why why;

    if (vault_tick(k->vault, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the record: %s", why.sentence);
    }
    const char *trouble = vault_trouble(k->vault);
    if (trouble != NULL && k->trouble == NULL) {
        log_line(LOG_LEVEL_ERROR, NULL, "evidence is kept, but: %s", trouble);
    }
    k->trouble = trouble;
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

/* Each line of the file of digests is one: 's' or 'h' and 32 bytes. */
#define DIGEST_LINE (1 + HASH_SHA256_SIZE)

static bool
keeper_learned_before(struct keeper *k, struct bytes digest, bool spam)
{
    const char *before = table_get(&k->learned, digest);

    return before != NULL && before[0] == (spam ? 's' : 'h');
}

static void
keeper_note_learned(struct keeper *k, struct bytes digest, bool spam)
{
    uint8_t line[DIGEST_LINE];

    line[0] = spam ? 's' : 'h';
    memcpy(line + 1, digest.at, HASH_SHA256_SIZE);
    if (write(k->learned_fd, line, sizeof line) != (ssize_t)sizeof line) {
        log_line(LOG_LEVEL_ERROR, NULL, "what was learned could not be noted");
    }
    table_put(&k->learned, bytes_copy(&k->arena, digest),
              (char *)(uintptr_t)(spam ? "s" : "h"));
}

static void
keeper_learn(struct keeper *k, struct frame_link *link, uint64_t token,
             struct frame_reader *r)
{
    bool spam = frame_get_number(r) != 0;
    struct bytes digest = frame_get_bytes(r), lesson = frame_get_bytes(r);
    uint64_t answer[2] = {SK_OK, 0};

    if (r->broken || digest.size != HASH_SHA256_SIZE) {
        answer[0] = SK_BAD;
    } else if (keeper_learned_before(k, digest, spam)) {
        answer[1] = 1;
    } else {
        answer[0] = judge_teach(k->judge, lesson, spam);
        if (answer[0] == SK_OK) {
            keeper_note_learned(k, digest, spam);
            if (!k->lessons_unsaved) {
                k->lessons_unsaved = true;
                loop_task_after(&k->save, SAVE_AFTER_MS);
            }
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
        }
    }
    frame_link_close(link);
}

static const struct frame_calls keeper_calls = {.frame = keeper_frame, .gone = keeper_gone};

static void
keeper_control(evutil_socket_t fd, short what, void *context)
{
    struct keeper *k = context;
    uint32_t type;
    uint64_t token;
    int given;
    struct why why;

    for (;;) {
        enum sk_code code = frame_receive_fd(fd, &type, &token, &given, &why);
        if (code == SK_MORE) {
            return;
        }
        if (code != SK_OK ||
            type == CONTROL_DRAIN) { /* the supervisor is gone, or says so */
            k->ending = true;
            event_base_loopbreak(k->base);
            return;
        }
        if (type == CONTROL_PEER && given >= 0 &&
            token < sizeof k->links / sizeof k->links[0]) {
            if (k->links[token] != NULL) {
                keeper_gone(k, k->links[token]);
            }
            k->links[token] = frame_link_open(k->base, given, &keeper_calls, k);
        } else if (given >= 0) {
            close(given);
        }
    }
}

static enum sk_code
keeper_open_learned(struct keeper *k, struct why *why)
{
    struct writer w;
    uint8_t line[DIGEST_LINE];

    writer_init(&w, &k->arena);
    writer_bytes(&w, k->folder);
    writer_text(&w, "/" LEARNED_DIGESTS);
    k->learned_fd = open(writer_c(&w), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
    if (k->learned_fd < 0) {
        return why_set(why, SK_SYSTEM, "%s cannot be opened", writer_c(&w));
    }
    table_init(&k->learned, &k->arena, false);
    FILE *file = fdopen(dup(k->learned_fd), "r");
    while (file != NULL && fread(line, sizeof line, 1, file) == 1) {
        table_put(&k->learned, bytes_copy(&k->arena, bytes_of(line + 1, HASH_SHA256_SIZE)),
                  (char *)(uintptr_t)(line[0] == 's' ? "s" : "h"));
    }
    if (file != NULL) {
        fclose(file);
    }
    return SK_OK;
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
}

int
role_keeper(const struct role_start *start)
{
    static struct keeper keeper; /* too large for a stack, and there is one */
    struct keeper *k = &keeper;
    struct why why;

    log_set_role("keeper");
    arena_init(&k->arena, (size_t)1 << 30);
    k->base = loop_open(&why);
    k->judge = start->judge;
    k->control = start->control;
    k->folder = config_text(start->settings->config, "record.folder");
    enum sk_code code =
        k->base == NULL ? SK_SYSTEM
                        : vault_open(&k->arena, start->settings->config, &k->vault, &why);
    if (code == SK_OK) {
        code = keeper_open_learned(k, &why);
    }
    if (code != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "the record cannot be opened: %s", why.sentence);
        return EXIT_CONFIG; /* the supervisor does not start it again */
    }
    loop_task_init(&k->commit, k->base, keeper_commit, k);
    loop_task_init(&k->rows, k->base, keeper_rows, k);
    loop_task_init(&k->save, k->base, keeper_save, k);
    loop_task_init(&k->tick, k->base, keeper_tick, k);
    loop_task_after(&k->tick, TICK_MS);
    keeper_log_opened(k);
    k->control_event =
        event_new(k->base, k->control, EV_READ | EV_PERSIST, keeper_control, k);
    event_add(k->control_event, NULL);
    event_base_dispatch(k->base);

    keeper_commit(k);
    keeper_save(k);
    for (size_t i = 0; i < sizeof k->links / sizeof k->links[0]; i++) {
        if (k->links[i] != NULL) {
            frame_flush(k->links[i]);
            frame_link_close(k->links[i]);
        }
    }
    loop_task_cancel(&k->commit);
    loop_task_cancel(&k->rows);
    loop_task_cancel(&k->save);
    loop_task_cancel(&k->tick);
    vault_close(k->vault);
    close(k->learned_fd);
    event_free(k->control_event);
    event_base_free(k->base);
    arena_release(&k->arena);
    return 0;
}
