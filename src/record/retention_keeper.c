#include "record/retention_keeper_private.h"

#include "base/clock.h"

/* One step takes so many rows, or held messages. */
#define ROWS_STEP 25
#define HELD_STEP 20
#define DAY_MS    ((int64_t)86400000)

/* An order in hand is taken up again from the ledger at the next start. */
static void
release(void *context)
{
    struct retention *r = context;

    if (r->phase != PHASE_IDLE) {
        retention_work_end(r);
    }
}

enum sk_code
retention_new(struct arena *arena, const struct config *config, struct vault *vault,
              struct holds *holds, const struct retention_calls *calls,
              struct retention **retention_r, struct why *why)
{
    struct retention *r = ARENA_NEW(arena, struct retention);

    *retention_r = r;
    r->arena = arena;
    r->vault = vault;
    r->holds = holds;
    r->calls = *calls;
    r->began_ms = clock_now_ms();
    r->began_monotonic_ms = clock_monotonic_ms();
    r->newest_ms = vault_newest_ms(vault);
    retention_book_init(r);
    arena_defer(arena, release, r);
    return retention_settings_read(config, &r->settings, why);
}

const struct retention_settings *
retention_settings_of(const struct retention *retention)
{
    return &retention->settings;
}

const char *
retention_suspended(const struct retention *r, int64_t now_ms)
{
    int64_t ran_ms = now_ms - r->began_ms,
            passed_ms = clock_monotonic_ms() - r->began_monotonic_ms;

    if (r->trusted) {
        return NULL;
    }
    if (r->newest_ms > 0 && now_ms > r->newest_ms + RETENTION_CLOCK_DAYS * DAY_MS &&
        r->began_ms > r->newest_ms + RETENTION_CLOCK_DAYS * DAY_MS) {
        return "the newest entry was more than 30 days old at the start: if the clock is "
               "right, type sekisho purge --now";
    }
    if (r->newest_ms > now_ms + DAY_MS) {
        return "the clock stands before the newest entry: set it right";
    }
    if (ran_ms > passed_ms + DAY_MS || ran_ms < passed_ms - DAY_MS) {
        return "the clock was moved by more than a day: if it is right now, type sekisho "
               "purge --now";
    }
    return NULL;
}

void
retention_ask(struct retention *r, enum retention_class class)
{
    r->trusted = true;
    r->turn = class == RETENTION_CLASSES ? 0 : (unsigned)class;
}

static enum sk_code
commit(struct retention *r, struct why *why)
{
    return r->calls.commit != NULL ? r->calls.commit(r->calls.context, why)
                                   : vault_commit(r->vault, why);
}

static void
begin_record(struct json *j, struct writer *w, struct arena *arena, const char *kind)
{
    writer_init(w, arena);
    json_init(j, w);
    json_open(j, '{');
    json_put_number(j, "v", 1);
    json_put_text(j, "kind", kind);
    json_put_number(j, "time", clock_now_ms());
    json_put_text(j, "by", "sekisho");
    json_put_text(j, "channel", "retention");
}

static struct bytes
order_record(struct retention *r)
{
    struct retention_work *work = &r->work;
    const struct retention_order *order = &work->order;
    struct writer w;
    struct json j;

    begin_record(&j, &w, &work->arena, "purge");
    json_put_text(&j, "class", retention_class_name(order->class));
    json_put_string(&j, "law", order->law);
    json_put_number(&j, "count", (int64_t)order->count);
    json_key(&j, "indices");
    retention_indices_write(&j, order->indices, order->count);
    json_put_number(&j, "from", order->from_ms);
    json_put_number(&j, "upto", order->upto_ms);
    json_put_number(&j, "next", (int64_t)order->next);
    if (work->held_count > 0) {
        json_key(&j, "held");
        json_open(&j, '[');
        for (size_t i = 0; i < work->held_count; i++) {
            json_bytes(
                &j, bytes_hex(&work->arena, bytes_of(work->held[i].name, HELD_NAME_SIZE)));
        }
        json_close(&j);
    }
    struct merkle_hash root = ledger_root(vault_ledger(r->vault));
    json_put_number(&j, "tree_size", (int64_t)ledger_size(vault_ledger(r->vault)));
    json_put_string(&j, "root",
                    bytes_hex(&work->arena, bytes_of(root.at, sizeof(root.at))));
    json_close(&j);
    return writer_view(&w);
}

/* The order, and what is written anew, are one group: on disk before the first byte goes. */
static enum sk_code
keep_order(struct retention *r, struct why *why)
{
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < r->work.line_count && code == SK_OK; i++) {
        code = vault_keep(r->vault, r->work.lines[i], BYTES_NONE, why);
    }
    if (code == SK_OK) {
        code = vault_keep(r->vault, order_record(r), BYTES_NONE, why);
    }
    if (code == SK_OK) {
        code = commit(r, why);
    }
    if (code == SK_OK) {
        r->work.number = r->last_order;
        r->phase = PHASE_ROWS;
    }
    return code;
}

/* A withdrawal has been worked through as far as it can be now. */
static enum sk_code
finish_erasure(struct retention *r, struct retention_erasure *e, int64_t now_ms,
               struct why *why)
{
    struct writer w;
    struct json j;
    struct arena arena;

    e->begun = false;
    e->look_ms = now_ms + DAY_MS;
    if (e->again) {
        return SK_OK; /* it stays open, and begins once more */
    }
    if (e->was_held && e->held > 0 &&
        e->purged + e->rewritten + e->destroyed + e->waiting == 0) {
        e->state = ERASURE_HELD; /* as the ledger says already */
        return SK_OK;
    }
    arena_init(&arena, (size_t)1 << 20);
    begin_record(&j, &w, &arena, "erase.done");
    json_put_number(&j, "erase", (int64_t)e->index);
    json_put_number(&j, "purged", (int64_t)e->purged);
    json_put_number(&j, "rewritten", (int64_t)e->rewritten);
    json_put_number(&j, "destroyed", (int64_t)e->destroyed);
    json_put_number(&j, "waiting", (int64_t)e->waiting);
    json_put_number(&j, "held", (int64_t)e->held);
    json_close(&j);
    enum sk_code code = vault_keep(r->vault, writer_view(&w), BYTES_NONE, why);
    arena_release(&arena);
    return code == SK_OK ? commit(r, why) : code;
}

static struct retention_erasure *
open_erasure(struct retention *r)
{
    for (size_t i = 0; i < r->erasure_count; i++) {
        if (r->erasures[i].state == ERASURE_OPEN) {
            return &r->erasures[i];
        }
    }
    return NULL;
}

static struct retention_note *
open_order(struct retention *r)
{
    for (size_t i = r->order_count; i-- > 0;) {
        if (!r->orders[i].done && !r->orders[i].worked) {
            return &r->orders[i];
        }
    }
    return NULL;
}

/* A hold was lifted: what was passed over is looked at again, from the first entry. */
static void
heed_lifted(struct retention *r)
{
    if (holds_lifted(r->holds) == r->lifted) {
        return;
    }
    r->lifted = holds_lifted(r->holds);
    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        r->scan[i] = r->next[i] = 0;
        r->due_ms[i] = 0;
    }
    for (size_t i = 0; i < r->erasure_count; i++) {
        if (r->erasures[i].state == ERASURE_WAITING) {
            r->erasures[i].state = ERASURE_OPEN;
        }
        r->erasures[i].again = r->erasures[i].begun;
    }
}

/* Held mail that waited for its recipient: a day has passed, or this is the first look since the start. */
static void
heed_held(struct retention *r, int64_t now_ms)
{
    for (size_t i = 0; i < r->erasure_count; i++) {
        struct retention_erasure *e = &r->erasures[i];
        if (e->state == ERASURE_HELD && now_ms >= e->look_ms) {
            e->state = ERASURE_OPEN;
        }
    }
}

void
retention_released(struct retention *r, struct bytes address)
{
    for (size_t i = 0; i < r->erasure_count; i++) {
        struct retention_erasure *e = &r->erasures[i];
        if (e->state == ERASURE_DONE || !retention_is_of(e, address)) {
            continue;
        }
        e->again = e->begun;
        e->state = ERASURE_OPEN;
    }
}

/* Something to do now, planned and kept; SK_MORE when there is nothing. */
static enum sk_code
find_work(struct retention *r, int64_t now_ms, struct why *why)
{
    struct retention_erasure *erasure = open_erasure(r);
    struct retention_note *again = open_order(r);
    enum sk_code code = SK_MORE;

    if (again != NULL) {
        code = retention_plan_again(r, again, why);
        if (code == SK_OK) {
            r->phase = PHASE_ROWS;
        } else {
            again->worked = true; /* not tried again and again; verify tells of it */
        }
        return code;
    }
    if (erasure != NULL) {
        code = erasure->begun && erasure->last_page
                   ? finish_erasure(r, erasure, now_ms, why)
                   : retention_plan_erasure(r, erasure, why);
        if (code == SK_OK && r->work.order.count > 0) {
            return keep_order(r, why);
        }
        return code;
    }
    if (retention_suspended(r, now_ms) != NULL) {
        return SK_MORE;
    }
    for (unsigned i = 0; i < RETENTION_CLASSES && code == SK_MORE; i++) {
        enum retention_class class = (enum retention_class)(r->turn % RETENTION_CLASSES);
        code = retention_plan_class(r, class, now_ms, why);
        if (code == SK_OK && r->work.order.count > 0) {
            return keep_order(r, why);
        }
        if (code == SK_MORE) {
            r->turn++;
        }
    }
    return code;
}

static enum sk_code
finish_orders(struct retention *r, struct why *why)
{
    struct writer w;
    struct json j;
    struct arena arena;
    size_t count = 0;

    arena_init(&arena, (size_t)16 << 20);
    begin_record(&j, &w, &arena, "purge.done");
    json_key(&j, "orders");
    json_open(&j, '[');
    for (size_t i = 0; i < r->order_count; i++) {
        if (r->orders[i].worked && !r->orders[i].done) {
            json_number(&j, (int64_t)r->orders[i].index);
            count++;
        }
    }
    json_close(&j);
    json_close(&j);
    enum sk_code code = SK_OK;
    if (count > 0) {
        code = vault_keep(r->vault, writer_view(&w), BYTES_NONE, why);
        code = code == SK_OK ? commit(r, why) : code;
    }
    arena_release(&arena);
    return code;
}

/* Cleaning a day's index costs as much as making it, so it is done when nothing more is to be taken out. */
static enum sk_code
clean(struct retention *r, struct why *why)
{
    if (r->dirty_count == 0) {
        return finish_orders(r, why);
    }
    vault_rows(r->vault);
    enum sk_code code =
        rows_clean(vault_folder(r->vault), r->dirty[r->dirty_count - 1], why);
    if (code == SK_OK) {
        r->dirty_count--;
        code = SK_MORE;
    }
    return code;
}

static enum sk_code
step_idle(struct retention *r, int64_t now_ms, struct why *why)
{
    heed_lifted(r);
    heed_held(r, now_ms);
    retention_work_begin(r);
    enum sk_code code = find_work(r, now_ms, why);
    if (code == SK_OK && r->phase == PHASE_IDLE) { /* looked at some, found none */
        retention_work_end(r);
        return SK_MORE;
    }
    if (code != SK_OK) {
        retention_work_end(r);
    }
    if (code == SK_MORE) {
        return clean(r, why);
    }
    return code == SK_OK ? SK_MORE : code;
}

static enum sk_code
step_rows(struct retention *r, struct why *why)
{
    struct retention_work *w = &r->work;
    size_t count =
        w->row_count - w->row_at < ROWS_STEP ? w->row_count - w->row_at : ROWS_STEP;

    if (count == 0) { /* of looks there are no rows */
        r->phase = PHASE_HELD;
        return SK_MORE;
    }
    vault_rows(r->vault); /* nothing may be uncommitted */
    enum sk_code code =
        rows_erase(vault_folder(r->vault), vault_zone_minutes(r->vault),
                   w->rows + w->row_at, count, r->dirty, &r->dirty_count, why);
    if (code != SK_OK && r->dirty_count == ROWS_DAYS_MAX) {
        return clean(r, why);
    }
    if (code != SK_OK) {
        return code;
    }
    w->row_at += count;
    if (w->row_at == w->row_count) {
        r->phase = PHASE_HELD;
    }
    return SK_MORE;
}

static void
work_done(struct retention *r)
{
    for (size_t i = r->order_count; i-- > 0;) {
        if (r->orders[i].index == r->work.number) {
            r->orders[i].worked = true;
            break;
        }
    }
    retention_work_end(r);
}

static enum sk_code
step_held(struct retention *r, struct why *why)
{
    struct retention_work *w = &r->work;
    int folder = ledger_folder(vault_ledger(r->vault));

    for (size_t i = 0; i < HELD_STEP && w->held_at < w->held_count; i++) {
        enum sk_code code = held_erase(folder, w->held[w->held_at].name, why);
        if (code != SK_OK) {
            return code;
        }
        w->held_at++;
    }
    if (w->held_at < w->held_count) {
        return SK_MORE;
    }
    if (w->order.class == RETAIN_HELD) {
        work_done(r);
    } else {
        r->phase = PHASE_JOURNAL;
    }
    return SK_MORE;
}

static enum sk_code
step_journal(struct retention *r, struct why *why)
{
    struct retention_result result;

    /* The purger believes in what the checkpoint covers only. */
    enum sk_code code = ledger_checkpoint(vault_ledger(r->vault), true, why);
    if (code != SK_OK) {
        return code;
    }
    if (r->calls.purge != NULL) {
        code = r->calls.purge(r->calls.context, r->work.number, why);
        r->phase = code == SK_OK ? PHASE_PURGING : PHASE_JOURNAL;
        return code;
    }
    code = retention_purge(ledger_folder(vault_ledger(r->vault)), vault_folder(r->vault),
                           &r->work.number, 1, &result, why);
    if (code == SK_OK) {
        work_done(r);
    }
    return code == SK_OK ? SK_MORE : code;
}

enum sk_code
retention_step(struct retention *r, int64_t now_ms, struct why *why)
{
    switch (r->phase) {
    case PHASE_IDLE:
        return step_idle(r, now_ms, why);
    case PHASE_ROWS:
        return step_rows(r, why);
    case PHASE_HELD:
        return step_held(r, why);
    case PHASE_JOURNAL:
        return step_journal(r, why);
    case PHASE_PURGING:
        return SK_OK;
    }
    return SK_OK;
}

void
retention_purged(struct retention *r, enum sk_code code)
{
    if (r->phase != PHASE_PURGING) {
        return;
    }
    if (code == SK_OK) {
        work_done(r);
        return;
    }
    if (r->calls.log != NULL) {
        r->calls.log("an order could not be carried out: it is tried again");
    }
    r->phase = PHASE_JOURNAL;
}

struct retention_state
retention_state(const struct retention *r)
{
    struct retention_state state = {0};

    memcpy(state.purged, r->purged, sizeof(state.purged));
    for (size_t i = 0; i < r->erasure_count; i++) {
        state.erasures_held += r->erasures[i].state == ERASURE_HELD;
        state.erasures_open +=
            r->erasures[i].state == ERASURE_OPEN || r->erasures[i].state == ERASURE_WAITING;
        state.erasures_waiting += r->erasures[i].state == ERASURE_WAITING;
    }
    for (size_t i = 0; i < r->order_count; i++) {
        state.orders_open += !r->orders[i].done;
    }
    return state;
}

enum sk_code
retention_count(struct arena *arena, int folder, const char *folder_name,
                const struct retention_settings *settings, const struct holds *holds,
                int64_t now_ms, struct retention_count *count_r, struct why *why)
{
    struct retention_walk walk;
    struct journal_frame frame;
    struct rows_place place;
    struct arena scratch;

    *count_r = (struct retention_count){0};
    enum sk_code code = retention_walk_open(&walk, arena, folder, 0, why);
    if (code != SK_OK) {
        return code;
    }
    arena_init(&scratch, (size_t)256 << 20);
    while ((code = retention_walk_next(&walk, &frame, &place, why)) == SK_OK) {
        enum retention_class class;
        struct record_row row;
        struct rows_event message;
        struct held_ref ref;
        if (!frame.purged && retention_class_of(&scratch, frame.record,
                                                retention_walk_peek(&walk), &class, &row)) {
            bool held = class == RETAIN_SOURCE && row.kind == RECORD_MESSAGE &&
                        row.event.time_ms <= now_ms - settings->keep_ms[RETAIN_HELD] &&
                        held_ref_read(frame.record, &ref) &&
                        held_check(folder, ref.name, NULL, NULL) == SK_OK;
            bool due = row.event.time_ms <= now_ms - settings->keep_ms[class];
            bool covered = (held || due) && holds_any(holds) &&
                           retention_message_of(&scratch, folder, folder_name, &frame,
                                                &message) == SK_OK &&
                           holds_cover(holds, &message) != NULL;
            uint64_t *counts = covered ? count_r->held : count_r->due;
            counts[RETAIN_HELD] += held;
            counts[class] += due;
        }
        arena_release(&scratch);
    }
    retention_walk_close(&walk);
    return code == SK_MORE ? SK_OK : code;
}
