#include "store/rows_packed.h"
#include "store/rows_plan.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/writer.h"

#include <stdio.h>

static struct bytes
column_text(struct arena *arena, sqlite3_stmt *statement, int column)
{
    const void *at = sqlite3_column_blob(statement, column);

    return bytes_copy(arena, bytes_of(at, (size_t)sqlite3_column_bytes(statement, column)));
}

static void
read_event(struct arena *arena, sqlite3_stmt *statement, struct rows_event *event)
{
    struct bytes *texts[] = {&event->action,     &event->category, &event->sender,
                             &event->recipients, &event->subject,  &event->name,
                             &event->text,       &event->client,   &event->threat,
                             &event->campaign};

    event->place.index = (uint64_t)sqlite3_column_int64(statement, 0);
    event->place.segment = (uint64_t)sqlite3_column_int64(statement, 1);
    event->place.offset = (uint64_t)sqlite3_column_int64(statement, 2);
    event->id = column_text(arena, statement, 3);
    event->time_ms = sqlite3_column_int64(statement, 4);
    for (int i = 0; i < 10; i++) {
        *texts[i] = column_text(arena, statement, 5 + i);
    }
    event->size = sqlite3_column_int64(statement, 15);
    event->unwanted = sqlite3_column_double(statement, 16);
}

/* One search: what goes from file to file. */
struct search {
    struct arena *arena;
    const char *folder, *sql;
    const struct plan *plan;
    const struct rows_query *query;
    struct rows_found *found;
    int64_t deadline_ms; /* 0: none */
    struct grams_room room;
};

/* One file of it. */
struct file_search {
    struct search *search;
    sqlite3 *database;
    sqlite3_stmt *statement;
    struct plan_holding holding;
    int code;
};

static bool
is_full(const struct file_search *f)
{
    return f->search->found->more || f->code != SQLITE_OK;
}

/* The rows from low to high that are as wanted. */
static void
take_rows(struct file_search *f, int64_t low, int64_t high)
{
    struct rows_found *found = f->search->found;
    int code;

    if (is_full(f) || low > high) {
        return;
    }
    size_t wanted = f->search->query->most - found->count + 1;
    sqlite3_bind_int64(f->statement, 1, (sqlite3_int64)wanted);
    sqlite3_bind_int64(f->statement, 2, low);
    sqlite3_bind_int64(f->statement, 3, high);
    while ((code = sqlite3_step(f->statement)) == SQLITE_ROW) {
        if (found->count == f->search->query->most) {
            found->more = true;
            break;
        }
        read_event(f->search->arena, f->statement, &found->events[found->count++]);
    }
    f->code = code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
    sqlite3_reset(f->statement);
}

static enum sk_code
search_chunk(struct file_search *f, const struct grams_chunk *chunk, struct why *why)
{
    struct search *s = f->search;
    struct grams_found *found;
    struct arena arena;

    arena_init(&arena, (size_t)256 << 20);
    enum sk_code code = grams_find(&arena, &s->room, f->database, chunk, s->plan->terms,
                                   s->plan->term_count, s->deadline_ms, &found, why);
    arena_release(&arena);
    if (code == SK_OK && found->all) {
        take_rows(f, chunk->first, chunk->last);
    }
    for (size_t i = code == SK_OK && !found->all ? found->count : 0;
         i-- > 0 && !is_full(f);) {
        int64_t seq = chunk->first + found->rows[i];
        take_rows(f, seq, seq);
    }
    return code;
}

static bool
in_time(const struct rows_query *query, const struct grams_chunk *chunk)
{
    return chunk->latest_ms >= query->from_ms &&
           (query->to_ms == 0 || chunk->earliest_ms < query->to_ms);
}

/* From the newest row to the oldest: chunks by their grams, what lies between them row by row. */
static enum sk_code
search_chunks(struct file_search *f, struct why *why)
{
    struct search *s = f->search;
    struct grams_chunk *chunks = NULL;
    size_t count = 0;
    int64_t high = INT64_MAX;
    enum sk_code code = SK_OK;

    if (s->plan->term_count > 0 && rows_version(f->database) >= ROWS_VERSION_GRAMS) {
        code = grams_chunks(s->arena, f->database, &chunks, &count, why);
    }
    for (size_t i = 0; i < count && code == SK_OK && !is_full(f); i++) {
        take_rows(f, chunks[i].last + 1, high);
        if (!is_full(f) && in_time(s->query, &chunks[i])) {
            code = search_chunk(f, &chunks[i], why);
        }
        high = chunks[i].first - 1;
    }
    if (code == SK_OK) {
        take_rows(f, INT64_MIN, high);
    }
    return code;
}

static enum sk_code
search_file(struct search *s, sqlite3 *database, struct why *why)
{
    struct file_search f = {.search = s, .database = database};

    f.holding.arena = s->arena;
    f.code = plan_register(database, &f.holding);
    /* All that is read is of one moment: closing the database ends it. */
    f.code =
        f.code == SQLITE_OK ? sqlite3_exec(database, "BEGIN", NULL, NULL, NULL) : f.code;
    if (f.code == SQLITE_OK) {
        f.code = sqlite3_prepare_v2(database, s->sql, -1, &f.statement, NULL);
    }
    for (size_t i = 0; i < s->plan->value_count && f.code == SQLITE_OK; i++) {
        sqlite3_bind_text(f.statement, (int)i + PLAN_VALUES_FROM,
                          (const char *)s->plan->values[i].at, (int)s->plan->values[i].size,
                          SQLITE_STATIC);
    }
    enum sk_code code = f.code == SQLITE_OK ? search_chunks(&f, why) : SK_OK;
    if (code == SK_OK && f.code != SQLITE_OK) {
        code = rows_failed(database, "search", why);
    }
    sqlite3_finalize(f.statement);
    return code;
}

static bool
is_over(const struct search *s)
{
    return s->deadline_ms != 0 && clock_monotonic_ms() > s->deadline_ms;
}

static int
is_late(void *context)
{
    return clock_monotonic_ms() > *(const int64_t *)context;
}

/* A file that cannot be read is told, and the others answer. */
static void
search_day(struct search *s, const struct rows_file_name *name)
{
    sqlite3 *database = NULL;
    struct why why = {0};
    size_t before = s->found->count;
    enum sk_code code = SK_LATER;

    int opened = rows_open_reading(s->arena, s->folder, name, &database);
    if (opened == SQLITE_OK) {
        if (s->deadline_ms != 0) {
            sqlite3_progress_handler(database, 1000, is_late, &s->deadline_ms);
        }
        code = search_file(s, database, &why);
        if (code == SK_LATER && is_over(s)) {
            s->found->out_of_time = true;
            code = SK_OK;
        }
    } else {
        code = rows_failed(database, "open", &why);
    }
    if (code != SK_OK) {
        /* What a broken file gave before it broke is no answer. */
        s->found->count = before;
        rows_note_unread(s->arena, &s->found->unread, name, why.sentence);
    }
    sqlite3_close(database);
}

static void
search_days(struct search *s, const struct rows_files *files, int64_t from_ms,
            int64_t to_ms)
{
    for (size_t i = 0; i < files->count && !s->found->more && !s->found->out_of_time; i++) {
        if (rows_day_in_range(files->names[i].day, from_ms, to_ms)) {
            search_day(s, &files->names[i]);
        }
        s->found->out_of_time =
            s->found->out_of_time || (i + 1 < files->count && is_over(s));
    }
}

/* Days that are being made again have no file yet. */
static void
note_wanted(struct search *s)
{
    char path[ROWS_PATH_SIZE], line[64];
    struct rows_file_name name = {0};

    snprintf(path, sizeof(path), "%s/rows.again", s->folder);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (rows_day_read(bytes_trim(bytes_from_text(line)), &name.day) &&
            rows_day_in_range(name.day, s->query->from_ms, s->query->to_ms)) {
            rows_note_unread(s->arena, &s->found->unread, &name,
                             "is being made again from the journal");
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static enum sk_code
search_with(struct search *s, const struct rows_files *files, bool whole, struct why *why)
{
    struct plan plan;
    int64_t time_ms;

    enum sk_code code = plan_query(s->arena, s->query, whole, &plan, why);
    if (code != SK_OK) {
        return code;
    }
    s->plan = &plan;
    s->sql = plan_sql(&plan);
    if (rows_time_of_id(s->query->id, &time_ms)) {
        search_days(s, files, time_ms, time_ms + 1);
    }
    if (s->found->count == 0 && !s->found->out_of_time) {
        s->found->unread = BYTES_NONE;
        search_days(s, files, s->query->from_ms, s->query->to_ms);
    }
    return SK_OK;
}

enum sk_code
rows_search(struct arena *arena, const char *folder, const struct rows_query *query,
            struct rows_found *found_r, struct why *why)
{
    struct rows_files files = {0};

    *found_r = (struct rows_found){0};
    if (query->most == 0 || query->most > LIMIT_SEARCH_ROWS) {
        return why_set(why, SK_LIMIT, "between 1 and %d rows can be asked for",
                       LIMIT_SEARCH_ROWS);
    }
    enum sk_code code = rows_list_files(arena, folder, &files, why);
    if (code != SK_OK) {
        return code;
    }
    struct search s = {.arena = arena,
                       .folder = folder,
                       .query = query,
                       .found = found_r,
                       .room = {.arena = arena}};
    s.deadline_ms = query->within_ms > 0 ? clock_monotonic_ms() + query->within_ms : 0;
    found_r->events = ARENA_NEW_MANY(arena, query->most, struct rows_event);
    if (plan_is_address(query->sender) || plan_is_address(query->recipient)) {
        code = search_with(&s, &files, true, why);
    }
    if (code == SK_OK && found_r->count == 0 && !found_r->out_of_time) {
        found_r->unread = BYTES_NONE;
        code = search_with(&s, &files, false, why);
    }
    note_wanted(&s);
    return code;
}
