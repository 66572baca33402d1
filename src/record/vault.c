#include "record/vault.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "record/held.h"
#include "record/keys.h"
#include "record/renew.h"
#include "record/row.h"

#define SETTLE_BYTES    ((uint64_t)32 << 20)
#define SETTLE_EVERY_MS 30000
/* Rows in one transaction of SQLite at most. */
#define ROWS_GROUP   2048
#define REPLAY_GROUP 2000
/* So long in a second may be spent on making rows again. */
#define RENEW_MS 60
/* And so long on rewriting held messages. */
#define HELD_MS 20

const struct config_key record_config_keys[] = {
    {"record", "folder", CONFIG_TEXT, "/var/lib/sekisho", 1, 4000, NULL, false,
     "Where the ledger, held messages and rows are kept; made with mode 0700."},
    {"record", "keys", CONFIG_TEXT, "", 0, 4000, NULL, false,
     "Where private keys are kept, apart from the record; made with mode 0700. Empty: the "
     "record folder's path with -keys appended."},
    {"record", "name", CONFIG_TEXT, "", 0, 255, NULL, false,
     "Name of the ledger in its checkpoints, used when its key is made; empty: the "
     "machine's name and /sekisho."},
    {"record", "witness_every", CONFIG_TIME, "5m", 1000, 86400000, NULL, false,
     "How often the checkpoint is shown to the witnesses of sections [witness NAME]."},
    {"record", "witness_authorities", CONFIG_TEXT, "/etc/ssl/certs/ca-certificates.crt", 1,
     4000, NULL, false,
     "PEM file with the authorities that may vouch for witnesses with https addresses."},
    {"record", "campaigns", CONFIG_NUMBER, "200000", 1000, LIMIT_CAMPAIGN_SIGNATURES, NULL,
     false,
     "Of so many of the newest messages signatures are kept, to tell which are copies of "
     "one another; 160 bytes of the "
     "keeper's memory each."},
    {"record", "zone", CONFIG_TEXT, "+09:00", 6, 6, NULL, false,
     "Zone in which a day of rows begins, as +HH:MM or -HH:MM."},
    {"record", "segment", CONFIG_SIZE, "64M", 65536, 1073741824, NULL, false,
     "When a file of the journal has grown to that, the next one is begun."},
    {0},
};

struct waiting {
    enum record_kind kind;
    struct rows_event event;
    struct bytes record; /* for the books; empty where none of them takes it */
    uint64_t index;
    struct waiting *next;
};

struct vault {
    const char *folder;
    struct ledger *ledger;
    struct rows *rows;
    int zone_minutes;
    struct vault_report report;
    struct arena group; /* what waits for the commit */
    struct waiting *first, **last;
    struct arena committed; /* the group before, whose rows are still to be put in */
    struct waiting *to_put;
    bool holds;         /* a held message was written in this group */
    uint64_t rows_next; /* entries below it have their rows, committed */
    uint64_t rows_put;  /* entries below it have theirs put in, in an open transaction */
    int64_t settled_ms;
    bool in_trouble;
    struct why trouble;
    struct book *const *books;
    size_t book_count;
    void (*seen)(void *context, const struct rows_event *event);
    void *seen_context;
    struct vault_marking marking;
    struct held_keys *held;
    const struct config *config;
    struct held_cursor held_cursor;
    struct renew renew;
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
put_row(struct vault *vault, enum record_kind kind, const struct rows_event *event,
        struct why *why)
{
    struct rows_outcome row = {event->place, event->id, event->time_ms};

    switch (kind) {
    case RECORD_MESSAGE:
        return rows_put_event(vault->rows, event, why);
    case RECORD_OUTCOME:
    case RECORD_CONTENT_AGAIN: /* to be found by the id of its message */
        return rows_put_outcome(vault->rows, &row, why);
    case RECORD_CONTENT:
    case RECORD_OTHER:
        break;
    }
    return SK_OK;
}

/* The content of a message stands right behind it: both are of one group, and a group is not parted by segments. */
static void
join_next(struct arena *arena, struct bytes segment, size_t at, struct record_row *row)
{
    struct journal_frame next;
    struct record_row content;

    if (journal_frame_read(segment, at, &next) == SK_OK && !next.purged &&
        record_read(arena, next.record, &content) == SK_OK &&
        content.kind == RECORD_CONTENT && bytes_equal(content.event.id, row->event.id)) {
        record_join(&row->event, &content.event);
    }
}

/* Puts in the rows of one frame of the journal; a record that says nothing to search has none. */
static enum sk_code
replay_frame(struct vault *vault, const struct journal_frame *frame, struct bytes segment,
             struct rows_place place, struct why *why)
{
    struct arena arena;
    struct record_row row;
    enum sk_code code = SK_OK;

    arena_init(&arena, (size_t)64 << 20);
    if (!frame->purged && record_read(&arena, frame->record, &row) == SK_OK) {
        row.event.place = place;
        if (row.kind == RECORD_MESSAGE) {
            join_next(&arena, segment, place.offset + frame->size, &row);
        }
        code = put_row(vault, row.kind, &row.event, why);
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
            code = replay_frame(vault, &frame, segment,
                                (struct rows_place){index, first, at}, why);
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
    arena_init(&vault->committed, (size_t)1 << 30);
    group_clear(vault);
    enum sk_code code =
        ledger_open(arena, vault->folder, keys_folder(arena, config),
                    ledger_name(arena, config), &vault->ledger, &vault->report.ledger, why);
    if (code != SK_OK) {
        return code;
    }
    ledger_set_segment_bytes(vault->ledger,
                             (uint64_t)config_number(config, "record.segment"));
    vault->config = config;
    code = held_keys_open(arena, config, &vault->held, why);
    if (code == SK_OK) {
        code = rows_open(arena, vault->folder, zone, &vault->rows, why);
    }
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
    vault->zone_minutes = zone;
    vault->settled_ms = clock_monotonic_ms();
    *vault_r = vault;
    return SK_OK;
}

const struct vault_report *
vault_opened(const struct vault *vault)
{
    return &vault->report;
}

enum sk_code
vault_books(struct vault *vault, struct book *const *books, size_t count,
            void (*log)(const char *sentence), struct why *why)
{
    vault->books = books;
    vault->book_count = count;
    return books_open(ledger_folder(vault->ledger), books, count,
                      ledger_size(vault->ledger), log, why);
}

static bool
taken_by_a_book(const struct vault *vault, struct bytes record)
{
    for (size_t i = 0; i < vault->book_count; i++) {
        if (book_takes(vault->books[i], record)) {
            return true;
        }
    }
    return false;
}

/* Row and books outlive the record's bytes. */
static void
wait_copy(struct vault *vault, const struct record_row *row, struct bytes record,
          const struct ledger_place *place)
{
    struct waiting *waiting = ARENA_NEW(&vault->group, struct waiting);
    struct rows_event *event = &waiting->event;

    waiting->index = place->index;
    if (taken_by_a_book(vault, record)) {
        waiting->record = bytes_copy(&vault->group, record);
    }
    waiting->kind = row->kind;
    *event = row->event;
    event->place = (struct rows_place){place->index, place->segment, place->offset};
    struct bytes *texts[] = {&event->id,     &event->action,     &event->category,
                             &event->sender, &event->recipients, &event->subject,
                             &event->name,   &event->text,       &event->client,
                             &event->threat, &event->campaign};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = bytes_copy(&vault->group, *texts[i]);
    }
    *vault->last = waiting;
    vault->last = &waiting->next;
}

/* One line, read already. */
static enum sk_code
keep_line(struct vault *vault, struct bytes line, const struct record_row *row,
          struct why *why)
{
    struct ledger_place place;

    enum sk_code code = ledger_add(vault->ledger, line, &place, why);
    if (code == SK_OK) {
        wait_copy(vault, row, line, &place);
    }
    return code;
}

/* The campaign of a content: told once, by the keeper; what was written anew has it already. */
static struct bytes
mark(struct vault *vault, struct bytes line, uint64_t index, struct record_row *row)
{
    struct writer w;

    if (vault->marking.mark == NULL ||
        (row->kind != RECORD_CONTENT && row->kind != RECORD_CONTENT_AGAIN)) {
        return line;
    }
    uint64_t campaign = vault->marking.mark(vault->marking.context, index, row);
    if (campaign == 0 || row->event.campaign.size > 0) {
        return line;
    }
    writer_init(&w, &vault->group);
    writer_format(&w, "%llu", (unsigned long long)campaign);
    row->event.campaign = writer_view(&w);
    return record_with_campaign(&vault->group, line, campaign);
}

/* A message's line and its content's are one row. */
static enum sk_code
keep(struct vault *vault, struct bytes record, struct bytes id, struct why *why)
{
    struct record_row row, content = {0};
    size_t end = bytes_find_byte(record, '\n', 0);
    struct bytes first = bytes_slice(record, 0, end == BYTES_NOWHERE ? record.size : end),
                 second = end == BYTES_NOWHERE ? BYTES_NONE : bytes_from(record, end + 1);

    if (record_read(&vault->group, first, &row) != SK_OK ||
        (id.size > 0 && !bytes_equal(id, row.event.id)) ||
        (second.size > 0 &&
         (record_read(&vault->group, second, &content) != SK_OK ||
          row.kind != RECORD_MESSAGE || content.kind != RECORD_CONTENT ||
          !bytes_equal(content.event.id, row.event.id) || content.event.campaign.size > 0 ||
          bytes_find_byte(second, '\n', 0) != BYTES_NOWHERE))) {
        return why_set(why, SK_BAD, "this is no record");
    }
    if (second.size > LIMIT_RECORD_BYTES) {
        return why_set(why, SK_LIMIT, "a record is larger than %d bytes",
                       LIMIT_RECORD_BYTES);
    }
    if (second.size > 0) {
        second = mark(vault, second, ledger_next(vault->ledger) + 1, &content);
        record_join(&row.event, &content.event);
    } else {
        first = mark(vault, first, ledger_next(vault->ledger), &row);
    }
    enum sk_code code = keep_line(vault, first, &row, why);
    return code == SK_OK && second.size > 0 ? keep_line(vault, second, &content, why)
                                            : code;
}

enum sk_code
vault_keep(struct vault *vault, struct bytes record, struct bytes held, struct why *why)
{
    struct held_ref ref;

    if (held.size > 0) {
        vault->holds = true;
        enum sk_code code =
            held_write(ledger_folder(vault->ledger), vault->held, held, &ref, why);
        if (code != SK_OK) {
            return code;
        }
        /* Only the keeper can tell the name. */
        record = held_ref_into(&vault->group, record, &ref);
    }
    return keep(vault, record, BYTES_NONE, why);
}

enum sk_code
vault_outcome(struct vault *vault, struct bytes id, struct bytes json, struct why *why)
{
    return keep(vault, json, id, why);
}

enum sk_code
vault_erase_content(struct vault *vault, struct bytes recipient, uint32_t families,
                    struct why *why)
{
    struct writer w;
    struct json j;

    if (recipient.size == 0 || (families & FAMILY_ALL) == 0) {
        return why_set(why, SK_BAD, "whose content, and of which families?");
    }
    writer_init(&w, &vault->group);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_number(&j, "v", 1);
    json_put_text(&j, "kind", "erase");
    json_put_number(&j, "time", clock_now_ms());
    json_put_string(&j, "recipient", bytes_slice(recipient, 0, LIMIT_ADDRESS));
    json_key(&j, "families");
    json_open(&j, '[');
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if ((families & FAMILY_BIT(family)) != 0) {
            json_text(&j, permit_family_name(family));
        }
    }
    json_close(&j);
    json_close(&j);
    return keep(vault, writer_view(&w), BYTES_NONE, why);
}

/* Puts in the rows of the group. The transaction stays open: SQLite's commit costs more than a row, and rows may be late
 * (vault_rows ends it). A failure takes back all since the last commit; they are made up for from the journal. */
static enum sk_code
put_rows(struct vault *vault, struct why *why)
{
    enum sk_code code = SK_OK;

    for (struct waiting *it = vault->to_put; it != NULL && code == SK_OK; it = it->next) {
        code = put_row(vault, it->kind, &it->event, why);
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
vault_put(struct vault *vault)
{
    struct why trouble;

    if (vault->to_put != NULL && !vault->in_trouble) {
        enum sk_code code = put_rows(vault, &trouble);
        if (code == SK_OK && vault->rows_put - vault->rows_next >= ROWS_GROUP) {
            code = commit_rows(vault, &trouble);
        }
        if (code == SK_OK && rows_unsettled(vault->rows) >= SETTLE_BYTES) {
            code = settle(vault, &trouble);
        }
        note_trouble(vault, code, &trouble);
    }
    vault->to_put = NULL;
    arena_release(&vault->committed);
}

void
vault_rows(struct vault *vault)
{
    struct why trouble;

    vault_put(vault);
    if (!vault->in_trouble) {
        note_trouble(vault, commit_rows(vault, &trouble), &trouble);
    }
}

static void
tell_books(struct vault *vault)
{
    for (struct waiting *it = vault->first; it != NULL; it = it->next) {
        books_entry(vault->books, vault->book_count, it->index, it->record);
        if (vault->seen != NULL && it->kind == RECORD_MESSAGE) {
            vault->seen(vault->seen_context, &it->event);
        }
    }
}

void
vault_mark(struct vault *vault, const struct vault_marking *marking)
{
    vault->marking = *marking;
}

void
vault_watch(struct vault *vault,
            void (*seen)(void *context, const struct rows_event *event), void *context)
{
    vault->seen = seen;
    vault->seen_context = context;
}

enum sk_code
vault_commit(struct vault *vault, struct why *why)
{
    vault_put(vault);
    enum sk_code code = ledger_commit(vault->ledger, vault->holds, why);
    if (code == SK_OK) {
        tell_books(vault);
        vault->to_put = vault->first;
        vault->committed = vault->group;
        arena_init(&vault->group, (size_t)1 << 30);
    } else if (vault->marking.dropped != NULL) {
        vault->marking.dropped(vault->marking.context, ledger_size(vault->ledger));
    }
    group_clear(vault);
    return code;
}

static enum sk_code
renew_frame(void *context, const struct journal_frame *frame, struct bytes segment,
            struct rows_place place, struct why *why)
{
    return replay_frame(context, frame, segment, place, why);
}

/* What is done beside the mail: rows that are made again, days that are closed, held messages that are written or wrapped
 * anew. One small step of each. */
static enum sk_code
work_beside(struct vault *vault, struct why *why)
{
    enum sk_code code = SK_OK;

    if (vault->renew.on || rows_wanting(vault->rows)) {
        code = renew_step(&vault->renew, ledger_folder(vault->ledger), vault->rows,
                          ledger_size(vault->ledger), RENEW_MS, renew_frame, vault, why);
    } else {
        code = rows_work(vault->rows, clock_now_ms(), why);
    }
    if (code != SK_OK && code != SK_MORE) {
        return code;
    }
    if (held_keys_changing(vault->held) && vault->held_cursor.through) {
        vault->held_cursor = (struct held_cursor){0};
    }
    for (int64_t end_ms = clock_monotonic_ms() + HELD_MS;;) {
        code = held_work(ledger_folder(vault->ledger), vault->held, vault->config,
                         &vault->held_cursor, why);
        if (code != SK_MORE || clock_monotonic_ms() >= end_ms) {
            return code == SK_MORE ? SK_OK : code;
        }
    }
}

enum sk_code
vault_tick(struct vault *vault, struct why *why)
{
    enum sk_code code = ledger_checkpoint(vault->ledger, false, why);

    if (code == SK_OK) {
        code = books_save(ledger_folder(vault->ledger), vault->books, vault->book_count,
                          false, why);
    }
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
    if (code == SK_OK) {
        code = work_beside(vault, why);
        note_trouble(vault, code, why);
    }
    return code;
}

const char *
vault_trouble(const struct vault *vault)
{
    return vault->in_trouble ? vault->trouble.sentence : rows_trouble(vault->rows);
}

uint64_t
vault_rows_behind(const struct vault *vault)
{
    uint64_t size = ledger_size(vault->ledger);

    return size > vault->rows_next ? size - vault->rows_next : 0;
}

struct held_keys *
vault_held_keys(struct vault *vault)
{
    return vault->held;
}

void
vault_close(struct vault *vault)
{
    struct why why;

    vault_put(vault);
    /* Without this the next open puts the last rows in again; nothing is lost. */
    if (!vault->in_trouble && settle(vault, &why) != SK_OK) {
        note_trouble(vault, SK_LATER, &why);
    }
    /* Nor without this: the next open reads on from the books that are there. */
    if (books_save(ledger_folder(vault->ledger), vault->books, vault->book_count, true,
                   &why) != SK_OK) {
        note_trouble(vault, SK_LATER, &why);
    }
    renew_stop(&vault->renew);
    rows_close(vault->rows);
    ledger_close(vault->ledger);
    arena_release(&vault->group);
}

struct ledger *
vault_ledger(struct vault *vault)
{
    return vault->ledger;
}

const char *
vault_folder(const struct vault *vault)
{
    return vault->folder;
}

int
vault_zone_minutes(const struct vault *vault)
{
    return vault->zone_minutes;
}

int64_t
vault_newest_ms(const struct vault *vault)
{
    struct arena arena;
    struct journal_list list;
    struct bytes segment = BYTES_NONE;
    struct journal_frame frame;
    struct record_row row;
    int64_t newest_ms = 0;

    arena_init(&arena, (size_t)64 << 20);
    if (journal_list(&arena, ledger_folder(vault->ledger), &list, NULL) == SK_OK &&
        list.count > 0 &&
        journal_map(ledger_folder(vault->ledger), list.firsts[list.count - 1], &segment,
                    NULL) == SK_OK) {
        for (size_t at = 0; journal_frame_read(segment, at, &frame) == SK_OK;
             at += frame.size) {
            if (!frame.purged && record_read(&arena, frame.record, &row) == SK_OK &&
                row.kind != RECORD_OUTCOME && row.event.time_ms > 0) {
                newest_ms = row.event.time_ms;
            }
        }
    }
    journal_unmap(segment);
    arena_release(&arena);
    return newest_ms;
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
