#include "store/rows_private.h"

#include "store/rows_fold.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/writer.h"

#include <dirent.h>
#include <errno.h>

#define VALUES_MAX 64
/* ?1 is the number of rows wanted, ?2 and ?3 are the MATCH expressions, the values follow. */
#define VALUES_FROM 4
#define DAY_MS      ((int64_t)86400000)

/* A query as SQL: FTS terms are joined into one MATCH for each of the two tables, what neither can find is looked for
 * row by row. Values are always bound, never written into the text. */
struct plan {
    struct arena *arena;
    struct writer words, pairs; /* MATCH expressions, "" if not needed */
    struct writer where;        /* " AND ..." */
    struct bytes values[VALUES_MAX];
    size_t value_count;
};

bool
rows_name_is(struct bytes name)
{
    static const char pattern[] = "events-0000-00-00.db";

    if (name.size != sizeof(pattern) - 1) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (pattern[i] == '0' ? !ascii_digit(name.at[i])
                              : name.at[i] != (uint8_t)pattern[i]) {
            return false;
        }
    }
    return true;
}

/* FTS5 takes a string between quotes, a quote inside doubled, and then sees no operators in it. */
static void
write_quoted(struct writer *w, struct bytes text)
{
    writer_byte(w, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '"') {
            writer_byte(w, '"');
        }
        writer_byte(w, text.at[i]);
    }
    writer_byte(w, '"');
}

/* " AND column = value", or LIKE. */
static enum sk_code
plan_value(struct plan *plan, const char *column, bool like, struct bytes value,
           struct why *why)
{
    if (plan->value_count == VALUES_MAX) {
        return why_set(why, SK_LIMIT, "more than %d words are searched for", VALUES_MAX);
    }
    plan->values[plan->value_count] = value;
    writer_format(&plan->where, " AND %s %s ?%zu%s", column, like ? "LIKE" : "=",
                  VALUES_FROM + plan->value_count, like ? " ESCAPE '\\'" : "");
    plan->value_count++;
    return SK_OK;
}

static struct bytes
like_pattern(struct arena *arena, struct bytes text)
{
    struct writer w;

    writer_init(&w, arena);
    writer_byte(&w, '%');
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '%' || text.at[i] == '_' || text.at[i] == '\\') {
            writer_byte(&w, '\\');
        }
        writer_byte(&w, text.at[i]);
    }
    writer_byte(&w, '%');
    return writer_view(&w);
}

/* One word of a query, by the tables that hold its characters. */
struct term {
    struct bytes text;
    size_t count;    /* characters */
    size_t trigrams; /* of them, those that the trigram table holds */
    size_t japanese; /* and those that the pairs hold */
};

/* SK_BAD if it is no UTF-8 or holds NUL. */
static enum sk_code
measure(struct bytes text, struct term *term_r, struct why *why)
{
    uint32_t c;

    *term_r = (struct term){.text = text};
    if (text.size > LIMIT_SEARCH_TERM) {
        return why_set(why, SK_LIMIT, "a word of more than %d bytes is searched for",
                       LIMIT_SEARCH_TERM);
    }
    for (size_t at = 0, size; at < text.size; at += size) {
        size = utf8_get(text, at, &c);
        if (size == 0 || c == 0) {
            return why_set(why, SK_BAD, "what is searched for is no UTF-8 text");
        }
        term_r->count++;
        term_r->trigrams += rows_is_trigram(c);
        term_r->japanese += rows_is_japanese(c);
    }
    return SK_OK;
}

static void
write_and(struct writer *w)
{
    if (w->size > 0) {
        writer_text(w, " AND ");
    }
}

/* The end of the run of characters of one kind that begins at `from`; count_r of them. */
static size_t
run_end(struct bytes text, size_t from, bool (*is)(uint32_t), size_t *count_r)
{
    uint32_t c;
    size_t at = from;

    *count_r = 0;
    for (size_t size; (size = utf8_get(text, at, &c)) > 0 && is(c); at += size) {
        ++*count_r;
    }
    return at;
}

/* Every two neighbours; of a run of one, whatever begins with it. */
static void
plan_pairs(struct plan *plan, struct bytes run, size_t count)
{
    uint32_t c;

    if (count == 1) {
        write_and(&plan->pairs);
        write_quoted(&plan->pairs, run);
        writer_text(&plan->pairs, " *");
        return;
    }
    for (size_t at = 0, pair = 1; pair < count; pair++) {
        size_t first = utf8_get(run, at, &c), second = utf8_get(run, at + first, &c);
        write_and(&plan->pairs);
        write_quoted(&plan->pairs, bytes_slice(run, at, at + first + second));
        at += first;
    }
}

/* Narrows the rows by all runs that a table can find. */
static void
plan_runs(struct plan *plan, struct bytes text)
{
    uint32_t c;
    size_t count;

    for (size_t at = 0; at < text.size;) {
        size_t end = run_end(text, at, rows_is_trigram, &count);
        if (count >= 3) {
            write_and(&plan->words);
            write_quoted(&plan->words, bytes_slice(text, at, end));
        }
        at = end;
        end = run_end(text, at, rows_is_japanese, &count);
        if (count > 0) {
            plan_pairs(plan, bytes_slice(text, at, end), count);
        }
        at = end;
        size_t size = utf8_get(text, at, &c);
        if (size > 0 && !rows_is_trigram(c) && !rows_is_japanese(c)) {
            at += size;
        }
    }
}

/* column: of `words`, or NULL for all. scan: what the word is compared with, row by row, where the tables alone cannot
 * tell. */
static enum sk_code
plan_term(struct plan *plan, struct bytes text, const char *column, const char *scan,
          struct why *why)
{
    struct term term;
    enum sk_code code = measure(text, &term, why);

    if (code != SK_OK || term.count == 0) {
        return code;
    }
    if (term.trigrams == term.count && term.count >= 3) {
        write_and(&plan->words);
        if (column != NULL) {
            writer_format(&plan->words, "%s : ", column);
        }
        write_quoted(&plan->words, text);
        return SK_OK;
    }
    if (column == NULL) {
        plan_runs(plan, text);
        if (term.japanese == term.count && term.count <= 2) {
            return SK_OK;
        }
    }
    return plan_value(plan, scan, true, like_pattern(plan->arena, text), why);
}

static enum sk_code
plan_query(struct plan *plan, const struct rows_query *query, struct why *why)
{
    struct bytes term, rest = rows_fold(plan->arena, query->words);
    enum sk_code code = SK_OK;

    while (code == SK_OK && bytes_split(&rest, ' ', &term)) {
        code = plan_term(plan, bytes_trim(term), NULL,
                         "(e.subject||char(10)||e.name||char(10)||e.text||char(10)||e."
                         "sender||char(10)||e.recipients)",
                         why);
    }
    if (code == SK_OK) {
        code = plan_term(plan, query->sender, "sender", "e.sender", why);
    }
    if (code == SK_OK) {
        code = plan_term(plan, query->recipient, "recipients", "e.recipients", why);
    }
    const struct {
        struct bytes value;
        const char *column;
    } exact[] = {
        {query->client, "e.client"},
        {query->action, "e.action"},
        {query->category, "e.category"},
        {query->id, "e.id"},
    };
    for (size_t i = 0; i < 4 && code == SK_OK; i++) {
        if (exact[i].value.size > 0) {
            code = plan_value(plan, exact[i].column, false, exact[i].value, why);
        }
    }
    if (query->threat) {
        writer_text(&plan->where, " AND e.threat <> ''");
    }
    if (query->from_ms > 0) {
        writer_format(&plan->where, " AND e.time >= %lld", (long long)query->from_ms);
    }
    if (query->to_ms > 0) {
        writer_format(&plan->where, " AND e.time < %lld", (long long)query->to_ms);
    }
    return code;
}

static const char *
plan_sql(struct plan *plan)
{
    struct writer w;

    writer_init(&w, plan->arena);
    writer_text(&w,
                "SELECT e.seq, e.segment, e.at, e.id, e.time, e.action, e.category, "
                "e.sender, e.recipients,"
                " e.subject, e.name, e.text, e.client, e.threat, e.size, e.unwanted FROM ");
    if (plan->words.size > 0) {
        writer_text(&w, "words JOIN events e ON e.seq = words.rowid WHERE words MATCH ?2");
        if (plan->pairs.size > 0) {
            writer_text(
                &w, " AND words.rowid IN (SELECT rowid FROM pairs WHERE pairs MATCH ?3)");
        }
    } else if (plan->pairs.size > 0) {
        writer_text(&w, "pairs JOIN events e ON e.seq = pairs.rowid WHERE pairs MATCH ?3");
    } else {
        writer_text(&w, "events e WHERE 1");
    }
    writer_bytes(&w, writer_view(&plan->where));
    writer_format(&w, " ORDER BY %s.rowid DESC",
                  plan->words.size > 0   ? "words"
                  : plan->pairs.size > 0 ? "pairs"
                                         : "e");
    writer_text(&w, " LIMIT ?1");
    return writer_c(&w);
}

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
                             &event->text,       &event->client,   &event->threat};

    event->place.index = (uint64_t)sqlite3_column_int64(statement, 0);
    event->place.segment = (uint64_t)sqlite3_column_int64(statement, 1);
    event->place.offset = (uint64_t)sqlite3_column_int64(statement, 2);
    event->id = column_text(arena, statement, 3);
    event->time_ms = sqlite3_column_int64(statement, 4);
    for (int i = 0; i < 9; i++) {
        *texts[i] = column_text(arena, statement, 5 + i);
    }
    event->size = sqlite3_column_int64(statement, 14);
    event->unwanted = sqlite3_column_double(statement, 15);
}

int
rows_open_reading(struct arena *arena, const char *folder, struct bytes name,
                  sqlite3 **database_r)
{
    char path[ROWS_PATH_SIZE];
    struct writer uri;
    int code = SQLITE_CANTOPEN;

    snprintf(path, sizeof(path), "%s/%.*s", folder, BYTES_ARGUMENTS(name));
    code =
        sqlite3_open_v2(path, database_r, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(*database_r, 2000);
        code = sqlite3_exec(*database_r, "SELECT 1 FROM events LIMIT 1", NULL, NULL, NULL);
    }
    if ((code & 0xff) != SQLITE_CANTOPEN && (code & 0xff) != SQLITE_READONLY) {
        return code;
    }
    sqlite3_close(*database_r);
    *database_r = NULL;
    writer_init(&uri, arena);
    writer_text(&uri, "file:");
    for (const char *c = path; *c != '\0'; c++) {
        if (ascii_letter((uint8_t)*c) || ascii_digit((uint8_t)*c) ||
            strchr("/._-", *c) != NULL) {
            writer_byte(&uri, (uint8_t)*c);
        } else {
            writer_format(&uri, "%%%02X", (unsigned)(uint8_t)*c);
        }
    }
    writer_text(&uri, "?immutable=1");
    return sqlite3_open_v2(writer_c(&uri), database_r,
                           SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
                           NULL);
}

static enum sk_code
search_file(struct arena *arena, sqlite3 *database, const struct plan *plan,
            const char *sql, size_t most, struct rows_found *found, struct why *why)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);

    if (code == SQLITE_OK) {
        sqlite3_bind_int64(statement, 1,
                           (sqlite3_int64)most - (sqlite3_int64)found->count + 1);
        const struct bytes match[] = {writer_view(&plan->words), writer_view(&plan->pairs)};
        for (int i = 0; i < 2; i++) {
            if (match[i].size > 0) {
                sqlite3_bind_text(statement, 2 + i, (const char *)match[i].at,
                                  (int)match[i].size, SQLITE_STATIC);
            }
        }
        for (size_t i = 0; i < plan->value_count; i++) {
            sqlite3_bind_text(statement, (int)i + VALUES_FROM,
                              (const char *)plan->values[i].at, (int)plan->values[i].size,
                              SQLITE_STATIC);
        }
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            if (found->count == most) {
                found->more = true;
                code = SQLITE_DONE;
                break;
            }
            read_event(arena, statement, &found->events[found->count++]);
        }
    }
    enum sk_code done = code == SQLITE_DONE ? SK_OK : rows_failed(database, "search", why);
    sqlite3_finalize(statement);
    return done;
}

static int
order_newest(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)b, *(const struct bytes *)a);
}

enum sk_code
rows_list_files(struct arena *arena, const char *folder, struct rows_files *list_r,
                struct why *why)
{
    size_t room = 0;
    DIR *entries = opendir(folder);

    *list_r = (struct rows_files){0};
    if (entries == NULL || strlen(folder) > ROWS_PATH_SIZE - 64) {
        if (entries != NULL) {
            closedir(entries);
        }
        return why_set(why, SK_SYSTEM, "cannot read the folder %s", folder);
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        struct bytes name = bytes_from_text(entry->d_name);
        if (!rows_name_is(name)) {
            continue;
        }
        if (list_r->count == room) {
            list_r->names = arena_grow(arena, list_r->names, room * sizeof(struct bytes),
                                       (2 * room + 16) * sizeof(struct bytes));
            room = 2 * room + 16;
        }
        list_r->names[list_r->count++] = bytes_copy(arena, name);
    }
    closedir(entries);
    if (list_r->count > 0) {
        qsort(list_r->names, list_r->count, sizeof(struct bytes), order_newest);
    }
    return SK_OK;
}

/* Whether the day of a file can hold times in question; a day of slack at both ends, since the zone is not known here. */
static bool
file_in_range(struct bytes name, const struct rows_query *query)
{
    int64_t day_s;

    if (!clock_read_rfc3339(bytes_slice(name, 7, 17), &day_s)) {
        return true;
    }
    return (query->from_ms == 0 || (day_s * 1000 + 2 * DAY_MS) > query->from_ms) &&
           (query->to_ms == 0 || (day_s * 1000 - DAY_MS) < query->to_ms);
}

enum sk_code
rows_search(struct arena *arena, const char *folder, const struct rows_query *query,
            struct rows_found *found_r, struct why *why)
{
    struct plan plan = {.arena = arena};
    struct rows_files files;

    *found_r = (struct rows_found){0};
    writer_init(&plan.words, arena);
    writer_init(&plan.pairs, arena);
    writer_init(&plan.where, arena);
    if (query->most == 0 || query->most > LIMIT_SEARCH_ROWS) {
        return why_set(why, SK_LIMIT, "between 1 and %d rows can be asked for",
                       LIMIT_SEARCH_ROWS);
    }
    enum sk_code code = plan_query(&plan, query, why);
    if (code == SK_OK) {
        code = rows_list_files(arena, folder, &files, why);
    }
    if (code != SK_OK) {
        return code;
    }
    const char *sql = plan_sql(&plan);
    found_r->events = ARENA_NEW_MANY(arena, query->most, struct rows_event);
    for (size_t i = 0; i < files.count && code == SK_OK && !found_r->more; i++) {
        sqlite3 *database = NULL;
        if (!file_in_range(files.names[i], query)) {
            continue;
        }
        if (rows_open_reading(arena, folder, files.names[i], &database) == SQLITE_OK) {
            code = search_file(arena, database, &plan, sql, query->most, found_r, why);
        } else {
            code = rows_failed(database, "open", why);
        }
        sqlite3_close(database);
    }
    return code;
}

static enum sk_code
outcomes_of_file(struct arena *arena, sqlite3 *database, struct bytes id,
                 struct rows_outcome **outcomes, size_t *count, struct why *why)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(
        database, "SELECT seq, segment, at, time FROM outcomes WHERE id = ?1 ORDER BY seq",
        -1, &statement, NULL);

    if (code == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, (const char *)id.at, (int)id.size, SQLITE_STATIC);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            *outcomes = arena_grow(arena, *outcomes, *count * sizeof(**outcomes),
                                   (*count + 1) * sizeof(**outcomes));
            (*outcomes)[(*count)++] = (struct rows_outcome){
                .place = {(uint64_t)sqlite3_column_int64(statement, 0),
                          (uint64_t)sqlite3_column_int64(statement, 1),
                          (uint64_t)sqlite3_column_int64(statement, 2)},
                .id = id,
                .time_ms = sqlite3_column_int64(statement, 3),
            };
        }
    }
    enum sk_code done =
        code == SQLITE_DONE ? SK_OK : rows_failed(database, "outcomes", why);
    sqlite3_finalize(statement);
    return done;
}

enum sk_code
rows_outcomes(struct arena *arena, const char *folder, struct bytes id,
              struct rows_outcome **outcomes_r, size_t *count_r, struct why *why)
{
    struct rows_files files;

    *outcomes_r = NULL;
    *count_r = 0;
    if (id.size == 0) {
        return SK_OK;
    }
    enum sk_code code = rows_list_files(arena, folder, &files, why);
    for (size_t i = files.count; i-- > 0 && code == SK_OK;) {
        sqlite3 *database = NULL;
        if (rows_open_reading(arena, folder, files.names[i], &database) == SQLITE_OK) {
            code = outcomes_of_file(arena, database, id, outcomes_r, count_r, why);
        } else {
            code = rows_failed(database, "open", why);
        }
        sqlite3_close(database);
    }
    return code;
}
