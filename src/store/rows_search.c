#include "store/rows_packed.h"

#include "store/rows_fold.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/writer.h"

#include <stdio.h>

#define VALUES_MAX 64
/* ?1 is the number of rows wanted, ?2 and ?3 are the MATCH expressions, the values follow. */
#define VALUES_FROM 4

/* A query as SQL: FTS terms are joined into one MATCH for each of the two tables, what neither can find is looked for
 * row by row. Values are always bound, never written into the text. */
struct plan {
    struct arena *arena;
    struct writer words, pairs; /* MATCH expressions, "" if not needed */
    struct writer where;        /* " AND ..." */
    bool by_id;                 /* its index finds the row */
    bool whole;                 /* addresses are looked for as whole ones */
    struct bytes values[VALUES_MAX];
    size_t value_count;
};

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

/* The word that stands for an exact value. Beside a search in `words` it would have to be joined with it, which costs more
 * than looking at what that finds; and an id has an index. */
static void
plan_mark(struct plan *plan, char kind, struct bytes value)
{
    struct writer word;

    if (kind == '\0' || plan->words.size > 0 || plan->by_id) {
        return;
    }
    writer_init(&word, plan->arena);
    rows_mark_word(&word, kind, value);
    write_and(&plan->pairs);
    write_quoted(&plan->pairs, bytes_trim(writer_view(&word)));
}

static bool
is_address(struct bytes term)
{
    size_t at = bytes_find_last(term, '@');

    return at != BYTES_NOWHERE && at > 0 && at + 1 < term.size;
}

static enum sk_code
plan_address(struct plan *plan, struct bytes term, char kind, const char *column,
             const char *scan, struct why *why)
{
    if (!plan->whole || !is_address(term) || plan->words.size > 0) {
        return plan_term(plan, term, column, scan, why);
    }
    plan_mark(plan, kind, bytes_lower(plan->arena, term));
    return plan_value(plan, scan, true, like_pattern(plan->arena, term), why);
}

static enum sk_code
plan_query(struct plan *plan, const struct rows_query *query, struct why *why)
{
    struct bytes term, rest = rows_fold(plan->arena, query->words);
    enum sk_code code = SK_OK;

    plan->by_id = query->id.size > 0;

    while (code == SK_OK && bytes_split(&rest, ' ', &term)) {
        code = plan_term(plan, bytes_trim(term), NULL,
                         "(e.subject||char(10)||e.name||char(10)||e.text||char(10)||e."
                         "sender||char(10)||e.recipients)",
                         why);
    }
    if (code == SK_OK) {
        code = plan_address(plan, query->sender, 's', "sender", "e.sender", why);
    }
    if (code == SK_OK) {
        code = plan_address(plan, query->recipient, 'r', "recipients", "e.recipients", why);
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
    static const char kinds[] = {'c', 'a', 'g', '\0'};
    for (size_t i = 0; i < 4 && code == SK_OK; i++) {
        if (exact[i].value.size > 0) {
            code = plan_value(plan, exact[i].column, false, exact[i].value, why);
            plan_mark(plan, kinds[i], exact[i].value);
        }
    }
    if (query->threat) {
        writer_text(&plan->where, " AND e.threat <> ''");
        plan_mark(plan, 't', BYTES_NONE);
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
        /* The plus keeps SQLite from asking `words` anew for each row of `pairs`. */
        if (plan->pairs.size > 0) {
            writer_text(
                &w, " AND +words.rowid IN (SELECT rowid FROM pairs WHERE pairs MATCH ?3)");
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
is_late(void *context)
{
    return clock_monotonic_ms() > *(const int64_t *)context;
}

/* One search: what goes from file to file. */
struct search {
    struct arena *arena;
    const char *folder, *sql;
    const struct plan *plan;
    const struct rows_query *query;
    struct rows_found *found;
    int64_t deadline_ms; /* 0: none */
};

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
        code = search_file(s->arena, database, s->plan, s->sql, s->query->most, s->found,
                           &why);
        if (code != SK_OK && sqlite3_errcode(database) == SQLITE_INTERRUPT) {
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
            s->found->out_of_time || (s->deadline_ms != 0 && i + 1 < files->count &&
                                      clock_monotonic_ms() > s->deadline_ms);
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
    struct plan plan = {.arena = s->arena, .whole = whole};
    int64_t time_ms;

    writer_init(&plan.words, s->arena);
    writer_init(&plan.pairs, s->arena);
    writer_init(&plan.where, s->arena);
    enum sk_code code = plan_query(&plan, s->query, why);
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
    struct search s = {arena, folder, NULL, NULL, query, found_r, 0};
    s.deadline_ms = query->within_ms > 0 ? clock_monotonic_ms() + query->within_ms : 0;
    found_r->events = ARENA_NEW_MANY(arena, query->most, struct rows_event);
    if (is_address(query->sender) || is_address(query->recipient)) {
        code = search_with(&s, &files, true, why);
    }
    if (code == SK_OK && found_r->count == 0 && !found_r->out_of_time) {
        found_r->unread = BYTES_NONE;
        code = search_with(&s, &files, false, why);
    }
    note_wanted(&s);
    return code;
}
