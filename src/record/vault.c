#include "record/vault.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "record/held.h"
#include "record/row.h"

#define SETTLE_BYTES    ((uint64_t)32 << 20)
#define SETTLE_EVERY_MS 30000
/* Rows in one transaction of SQLite at most. */
#define ROWS_GROUP   512
#define REPLAY_GROUP 2000

const struct config_key record_config_keys[] = {
    {"record", "folder", CONFIG_TEXT, "/var/lib/sekisho", 1, 4000, NULL, false,
     "Where the ledger, held messages and rows are kept; made with mode 0700."},
    {"record", "name", CONFIG_TEXT, "", 0, 255, NULL, false,
     "Name of the ledger in its checkpoints, used when its key is made; empty: the "
     "machine's name and /sekisho."},
    {"record", "zone", CONFIG_TEXT, "+09:00", 6, 6, NULL, false,
     "Zone in which a day of rows begins, as +HH:MM or -HH:MM."},
    {0},
};

struct waiting {
    bool outcome;
    struct rows_event event;
    struct waiting *next;
};

struct vault {
    const char *folder;
    struct ledger *ledger;
    struct rows *rows;
    struct vault_report report;
    struct arena group; /* what waits for the commit */
    struct waiting *first, **last;
    bool holds;         /* a held message was written in this group */
    uint64_t rows_next; /* entries below it have their rows, committed */
    uint64_t rows_put;  /* entries below it have theirs put in, in an open transaction */
    int64_t settled_ms;
    bool in_trouble;
    struct why trouble;
};

bool
vault_zone_read(struct bytes text, int *minutes_r)
{
    uint64_t hours, minutes;

    if (text.size != 6 || (text.at[0] != '+' && text.at[0] != '-') || text.at[3] != ':' ||
        !bytes_to_number(bytes_slice(text, 1, 3), 14, &hours) ||
        !bytes_to_number(bytes_slice(text, 4, 6), 59, &minutes)) {
        return false;
    }
    *minutes_r = (int)(hours * 60 + minutes) * (text.at[0] == '-' ? -1 : 1);
    return true;
}

static struct bytes
ledger_name(struct arena *arena, const struct config *config)
{
    struct bytes name = config_text(config, "record.name");
    struct writer w;
    char host[256] = "";

    if (name.size > 0) {
        return name;
    }
    writer_init(&w, arena);
    writer_text(&w, gethostname(host, sizeof(host) - 1) == 0 && host[0] != '\0'
                        ? host
                        : "localhost");
    writer_text(&w, "/sekisho");
    return writer_view(&w);
}

static enum sk_code
put_row(struct vault *vault, bool outcome, const struct rows_event *event, struct why *why)
{
    if (!outcome) {
        return rows_put_event(vault->rows, event, why);
    }
    struct rows_outcome row = {event->place, event->id, event->time_ms};
    return rows_put_outcome(vault->rows, &row, why);
}

/* Puts in the rows of one frame of the journal; a record that says nothing to search has none. */
static enum sk_code
replay_frame(struct vault *vault, const struct journal_frame *frame, uint64_t segment,
             uint64_t offset, struct why *why)
{
    struct arena arena;
    struct record_row row;
    enum sk_code code = SK_OK;

    arena_init(&arena, (size_t)64 << 20);
    if (!frame->purged && record_read(&arena, frame->record, &row) == SK_OK &&
        row.kind != RECORD_OTHER) {
        row.event.place = (struct rows_place){frame->index, segment, offset};
        code = put_row(vault, row.kind == RECORD_OUTCOME, &row.event, why);
    }
    arena_release(&arena);
    return code;
}

static enum sk_code
replay_segment(struct vault *vault, uint64_t first, struct why *why)
{
    struct bytes segment;
    struct journal_frame frame;
    uint64_t index = first;

    enum sk_code code = journal_map(ledger_folder(vault->ledger), first, &segment, why);
    if (code != SK_OK) {
        return code;
    }
    for (size_t at = 0;
         at < segment.size && index < ledger_size(vault->ledger) && code == SK_OK;
         index++) {
        if (journal_frame_read(segment, at, &frame) != SK_OK) {
            break;
        }
        if (index >= vault->rows_next) {
            code = replay_frame(vault, &frame, first, at, why);
            vault->report.rows_again++;
        }
        if (code == SK_OK && index % REPLAY_GROUP == 0) {
            code = rows_commit(vault->rows, why);
        }
        at += frame.size;
    }
    journal_unmap(segment);
    return code;
}

/* Brings the rows up to the ledger: after a crash, and after trouble. */
static enum sk_code
replay(struct vault *vault, struct why *why)
{
    struct arena arena;
    struct journal_list list;

    arena_init(&arena, (size_t)16 << 20);
    enum sk_code code = journal_list(&arena, ledger_folder(vault->ledger), &list, why);
    for (size_t i = 0; i < list.count && code == SK_OK; i++) {
        uint64_t end = i + 1 < list.count ? list.firsts[i + 1] : UINT64_MAX;
        if (end > vault->rows_next) {
            code = replay_segment(vault, list.firsts[i], why);
        }
    }
    arena_release(&arena);
    if (code == SK_OK) {
        code = rows_commit(vault->rows, why);
    }
    if (code == SK_OK) {
        vault->rows_next = vault->rows_put = ledger_size(vault->ledger);
    } else {
        rows_forget(vault->rows);
    }
    return code;
}

static void
note_trouble(struct vault *vault, enum sk_code code, const struct why *why)
{
    vault->in_trouble = code != SK_OK;
    if (code != SK_OK) {
        vault->trouble = *why;
    }
}

static void
group_clear(struct vault *vault)
{
    arena_release(&vault->group);
    vault->first = NULL;
    vault->last = &vault->first;
    vault->holds = false;
}

enum sk_code
vault_open(struct arena *arena, const struct config *config, struct vault **vault_r,
           struct why *why)
{
    struct vault *vault = ARENA_NEW(arena, struct vault);
    struct why trouble;
    int zone;

    *vault_r = NULL;
    if (!vault_zone_read(config_text(config, "record.zone"), &zone)) {
        return why_set(why, SK_CONFIG, "record.zone: +HH:MM or -HH:MM is wanted");
    }
    vault->folder = bytes_text(arena, config_text(config, "record.folder"));
    arena_init(&vault->group, (size_t)1 << 30);
    group_clear(vault);
    enum sk_code code = ledger_open(arena, vault->folder, ledger_name(arena, config),
                                    &vault->ledger, &vault->report.ledger, why);
    if (code != SK_OK) {
        return code;
    }
    code = rows_open(arena, vault->folder, zone, &vault->rows, why);
    if (code != SK_OK) {
        ledger_close(vault->ledger);
        return code;
    }
    vault->rows_next = rows_mark(vault->rows);
    if (vault->rows_next > ledger_size(vault->ledger)) {
        /* The mark is of another ledger: rows are put by index, so all are put again. */
        vault->rows_next = 0;
    }
    if (vault->rows_next < ledger_size(vault->ledger)) {
        enum sk_code again = replay(vault, &trouble);
        note_trouble(vault, again, &trouble);
    }
    vault->settled_ms = clock_monotonic_ms();
    *vault_r = vault;
    return SK_OK;
}

const struct vault_report *
vault_opened(const struct vault *vault)
{
    return &vault->report;
}

/* The row outlives the record's bytes. */
static void
wait_copy(struct vault *vault, const struct record_row *row,
          const struct ledger_place *place)
{
    struct waiting *waiting = ARENA_NEW(&vault->group, struct waiting);
    struct rows_event *event = &waiting->event;

    waiting->outcome = row->kind == RECORD_OUTCOME;
    *event = row->event;
    event->place = (struct rows_place){place->index, place->segment, place->offset};
    struct bytes *texts[] = {&event->id,     &event->action,     &event->category,
                             &event->sender, &event->recipients, &event->subject,
                             &event->name,   &event->text,       &event->client,
                             &event->threat};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = bytes_copy(&vault->group, *texts[i]);
    }
    *vault->last = waiting;
    vault->last = &waiting->next;
}

static enum sk_code
keep(struct vault *vault, struct bytes record, struct bytes id, struct why *why)
{
    struct record_row row;
    struct ledger_place place;

    if (record_read(&vault->group, record, &row) != SK_OK ||
        (id.size > 0 && !bytes_equal(id, row.event.id))) {
        return why_set(why, SK_BAD, "this is no record");
    }
    enum sk_code code = ledger_add(vault->ledger, record, &place, why);
    if (code == SK_OK && row.kind != RECORD_OTHER) {
        wait_copy(vault, &row, &place);
    }
    return code;
}

enum sk_code
vault_keep(struct vault *vault, struct bytes record, struct bytes held, struct why *why)
{
    if (held.size > 0) {
        vault->holds = true;
        enum sk_code code = held_write(ledger_folder(vault->ledger), held, why);
        if (code != SK_OK) {
            return code;
        }
    }
    return keep(vault, record, BYTES_NONE, why);
}

enum sk_code
vault_outcome(struct vault *vault, struct bytes id, struct bytes json, struct why *why)
{
    return keep(vault, json, id, why);
}

/* Puts in the rows of the group. The transaction stays open: SQLite's commit costs more than a row, and rows may be late
 * (vault_rows ends it). A failure takes back all since the last commit; they are made up for from the journal. */
static enum sk_code
put_rows(struct vault *vault, struct why *why)
{
    enum sk_code code = SK_OK;

    for (struct waiting *it = vault->first; it != NULL && code == SK_OK; it = it->next) {
        code = put_row(vault, it->outcome, &it->event, why);
    }
    if (code == SK_OK) {
        vault->rows_put = ledger_size(vault->ledger);
    } else {
        rows_forget(vault->rows);
        vault->rows_put = vault->rows_next;
    }
    return code;
}

static enum sk_code
commit_rows(struct vault *vault, struct why *why)
{
    if (vault->rows_put <= vault->rows_next) {
        return SK_OK;
    }
    enum sk_code code = rows_commit(vault->rows, why);
    if (code == SK_OK) {
        vault->rows_next = vault->rows_put;
    } else {
        rows_forget(vault->rows);
        vault->rows_put = vault->rows_next;
    }
    return code;
}

/* rows_next stays where it is when rows cannot be settled: the mark must not pass what is not on disk. */
static enum sk_code
settle(struct vault *vault, struct why *why)
{
    enum sk_code code = commit_rows(vault, why);

    vault->settled_ms = clock_monotonic_ms();
    return code == SK_OK ? rows_settle(vault->rows, vault->rows_next, why) : code;
}

void
vault_rows(struct vault *vault)
{
    struct why trouble;

    if (!vault->in_trouble) {
        note_trouble(vault, commit_rows(vault, &trouble), &trouble);
    }
}

enum sk_code
vault_commit(struct vault *vault, struct why *why)
{
    struct why trouble;

    enum sk_code code = ledger_commit(vault->ledger, vault->holds, why);
    if (code == SK_OK && !vault->in_trouble) {
        enum sk_code rows = put_rows(vault, &trouble);
        if (rows == SK_OK && vault->rows_put - vault->rows_next >= ROWS_GROUP) {
            rows = commit_rows(vault, &trouble);
        }
        if (rows == SK_OK && rows_unsettled(vault->rows) >= SETTLE_BYTES) {
            rows = settle(vault, &trouble);
        }
        note_trouble(vault, rows, &trouble);
    }
    group_clear(vault);
    return code;
}

enum sk_code
vault_tick(struct vault *vault, struct why *why)
{
    enum sk_code code = ledger_checkpoint(vault->ledger, false, why);

    if (code != SK_OK || vault->first != NULL) {
        return code;
    }
    vault_rows(vault);
    if (vault->in_trouble || vault->rows_next < ledger_size(vault->ledger)) {
        code = replay(vault, why);
        note_trouble(vault, code, why);
    }
    if (code == SK_OK && rows_unsettled(vault->rows) > 0 &&
        clock_monotonic_ms() - vault->settled_ms >= SETTLE_EVERY_MS) {
        code = settle(vault, why);
    }
    return code;
}

const char *
vault_trouble(const struct vault *vault)
{
    return vault->in_trouble ? vault->trouble.sentence : NULL;
}

void
vault_close(struct vault *vault)
{
    struct why why;

    /* Without this the next open puts the last rows in again; nothing is lost. */
    if (!vault->in_trouble && settle(vault, &why) != SK_OK) {
        note_trouble(vault, SK_LATER, &why);
    }
    rows_close(vault->rows);
    ledger_close(vault->ledger);
    arena_release(&vault->group);
}

struct ledger *
vault_ledger(struct vault *vault)
{
    return vault->ledger;
}

/* Rows follow the journal by a moment, and by more after a crash: what they do not know yet stands at the journal's end.
 * The last two segments are read. */
static enum sk_code
find_in_journal(struct arena *arena, int folder, struct bytes id,
                struct rows_place *place_r, struct why *why)
{
    struct journal_list list;
    struct journal_frame frame;
    struct bytes segment;
    struct writer w;
    bool found = false;

    writer_init(&w, arena);
    writer_text(&w, "\"kind\":\"message\",\"id\":\"");
    writer_bytes(&w, id);
    writer_byte(&w, '"');
    enum sk_code code = journal_list(arena, folder, &list, why);
    for (size_t i = list.count;
         i-- > 0 && i + 2 >= list.count && code == SK_OK && !found;) {
        uint64_t index = list.firsts[i];
        code = journal_map(folder, list.firsts[i], &segment, why);
        for (size_t at = 0; code == SK_OK && at < segment.size && !found; index++) {
            if (journal_frame_read(segment, at, &frame) != SK_OK) {
                break;
            }
            found = bytes_find(bytes_slice(frame.record, 0, 200), writer_view(&w), 0) !=
                    BYTES_NOWHERE;
            *place_r = (struct rows_place){index, list.firsts[i], at};
            at += frame.size;
        }
        journal_unmap(segment);
    }
    if (code == SK_OK && !found) {
        return why_set(why, SK_BAD, "no message has that id");
    }
    return code;
}

enum sk_code
vault_find(struct arena *arena, const char *folder, struct bytes id,
           struct journal_frame *frame_r, struct why *why)
{
    struct rows_query query = {.id = id, .most = 1};
    struct rows_found found;

    *frame_r = (struct journal_frame){0};
    if (id.size == 0) {
        return why_set(why, SK_BAD, "an id is wanted");
    }
    enum sk_code code = rows_search(arena, folder, &query, &found, why);
    if (code != SK_OK) {
        return code;
    }
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) {
        return why_set(why, SK_SYSTEM, "cannot open %s", folder);
    }
    struct rows_place place = {0};
    if (found.count > 0) {
        place = found.events[0].place;
    } else {
        code = find_in_journal(arena, at, id, &place, why);
    }
    if (code == SK_OK) {
        code = journal_fetch(arena, at, place.segment, place.offset, place.index, frame_r,
                             why);
    }
    close(at);
    return code;
}
