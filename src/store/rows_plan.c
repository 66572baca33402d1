#include "store/rows_plan.h"

#include "store/rows_fold.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "base/writer.h"

/* " AND ...": column = value, or a function of ours, function(value, columns). */
static enum sk_code
plan_value(struct plan *plan, const char *columns, const char *function, struct bytes value,
           struct why *why)
{
    if (plan->value_count == PLAN_VALUES_MAX) {
        return why_set(why, SK_LIMIT, "more than %d words are searched for",
                       PLAN_VALUES_MAX);
    }
    plan->values[plan->value_count] = value;
    size_t number = PLAN_VALUES_FROM + plan->value_count++;
    if (function != NULL) {
        writer_format(plan->where, " AND %s(?%zu, %s)", function, number, columns);
    } else {
        writer_format(plan->where, " AND %s = ?%zu", columns, number);
    }
    return SK_OK;
}

static enum sk_code
check_text(struct bytes text, struct why *why)
{
    if (text.size > LIMIT_SEARCH_TERM) {
        return why_set(why, SK_LIMIT, "a word of more than %d bytes is searched for",
                       LIMIT_SEARCH_TERM);
    }
    if (!utf8_valid(text) || bytes_find_byte(text, 0, 0) != BYTES_NOWHERE) {
        return why_set(why, SK_BAD, "what is searched for is no UTF-8 text");
    }
    return SK_OK;
}

/* kinds: bits, 1 << kind; columns: what is compared. */
static enum sk_code
plan_term(struct plan *plan, struct bytes text, unsigned kinds, const char *columns,
          struct why *why)
{
    enum sk_code code = check_text(text, why);

    if (code != SK_OK || text.size == 0) {
        return code;
    }
    struct bytes folded = grams_lower_text(plan->arena, text);
    code = plan_value(plan, columns, "holds", folded, why);
    if (code == SK_OK && !plan->by_id) {
        struct grams_term *term = &plan->terms[plan->term_count++];
        grams_term_of(plan->arena, folded, term);
        term->kinds = kinds;
    }
    return code;
}

/* The gram that stands for an exact value. */
static void
plan_mark(struct plan *plan, char kind, struct bytes value)
{
    if (kind != '\0' && !plan->by_id) {
        plan->terms[plan->term_count++] = (struct grams_term){
            .kinds = 1u << GRAMS_VALUE, .count = 1, .grams = {grams_of_value(kind, value)}};
    }
}

bool
plan_is_address(struct bytes term)
{
    size_t at = bytes_find_last(term, '@');

    return at != BYTES_NOWHERE && at > 0 && at + 1 < term.size;
}

static enum sk_code
plan_address(struct plan *plan, struct bytes text, char kind, unsigned kinds,
             const char *column, struct why *why)
{
    enum sk_code code = check_text(text, why);

    if (code != SK_OK || !plan->whole || !plan_is_address(text)) {
        return code == SK_OK ? plan_term(plan, text, kinds, column, why) : code;
    }
    struct bytes folded = grams_lower_text(plan->arena, text);
    plan_mark(plan, kind, folded);
    return plan_value(plan, column, "lists", folded, why);
}

enum sk_code
plan_query(struct arena *arena, const struct rows_query *query, bool whole,
           struct plan *plan, struct why *why)
{
    struct bytes term, rest = rows_fold(arena, query->words);
    enum sk_code code = SK_OK;

    *plan = (struct plan){.arena = arena,
                          .where = ARENA_NEW(arena, struct writer),
                          .by_id = query->id.size > 0,
                          .whole = whole};
    writer_init(plan->where, arena);
    while (code == SK_OK && bytes_split(&rest, ' ', &term)) {
        code = plan_term(plan, bytes_trim(term),
                         1u << GRAMS_BODY | 1u << GRAMS_SENDER | 1u << GRAMS_RECIPIENTS,
                         "e.subject, e.name, e.text, e.sender, e.recipients", why);
    }
    if (code == SK_OK) {
        code = plan_address(plan, query->sender, 's', 1u << GRAMS_SENDER, "e.sender", why);
    }
    if (code == SK_OK) {
        code = plan_address(plan, query->recipient, 'r', 1u << GRAMS_RECIPIENTS,
                            "e.recipients", why);
    }
    const struct {
        struct bytes value;
        const char *column;
        char kind;
    } exact[] = {
        {query->client, "e.client", 'c'},
        {query->action, "e.action", 'a'},
        {query->category, "e.category", 'g'},
        {query->campaign, "e.campaign", 'k'},
        {query->id, "e.id", '\0'},
    };
    for (size_t i = 0; i < 5 && code == SK_OK; i++) {
        if (exact[i].value.size > 0) {
            code = plan_value(plan, exact[i].column, NULL, exact[i].value, why);
            plan_mark(plan, exact[i].kind, exact[i].value);
        }
    }
    if (query->threat) {
        writer_text(plan->where, " AND e.threat <> ''");
        plan_mark(plan, 't', BYTES_NONE);
    }
    if (query->from_ms > 0) {
        writer_format(plan->where, " AND e.time >= %lld", (long long)query->from_ms);
    }
    if (query->to_ms > 0) {
        writer_format(plan->where, " AND e.time < %lld", (long long)query->to_ms);
    }
    return code;
}

const char *
plan_sql(struct plan *plan)
{
    struct writer w;

    writer_init(&w, plan->arena);
    writer_text(&w, "SELECT e.seq, e.segment, e.at, e.id, e.time, e.action, e.category, "
                    "e.sender, e.recipients,"
                    " e.subject, e.name, e.text, e.client, e.threat, e.campaign, e.size, "
                    "e.unwanted FROM "
                    "events e WHERE ");
    /* The plus keeps SQLite from going through the rows where the id's index has it. */
    writer_format(&w, "%se.seq BETWEEN ?2 AND ?3", plan->by_id ? "+" : "");
    writer_bytes(&w, writer_view(plan->where));
    writer_text(&w, " ORDER BY e.seq DESC LIMIT ?1");
    return writer_c(&w);
}

static struct bytes
fold_value(struct plan_holding *holding, sqlite3_value *value)
{
    const void *at = sqlite3_value_blob(value);
    struct bytes text = bytes_of(at, (size_t)sqlite3_value_bytes(value));

    if (2 * text.size + UTF8_SIZE_MAX > holding->room) {
        holding->room = 4 * text.size + 4096;
        holding->text = arena_take_bytes(holding->arena, holding->room);
    }
    return bytes_of(holding->text, grams_lower_into(holding->text, text));
}

static void
holds(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct plan_holding *holding = sqlite3_user_data(context);
    const void *at = sqlite3_value_blob(values[0]);
    struct bytes word = bytes_of(at, (size_t)sqlite3_value_bytes(values[0]));
    bool found = false;

    for (int i = 1; i < count && !found; i++) {
        found = bytes_find(fold_value(holding, values[i]), word, 0) != BYTES_NOWHERE;
    }
    sqlite3_result_int(context, found);
}

static void
lists(sqlite3_context *context, int count, sqlite3_value **values)
{
    const void *at = sqlite3_value_blob(values[0]);
    struct bytes address = bytes_of(at, (size_t)sqlite3_value_bytes(values[0]));
    struct bytes rest = fold_value(sqlite3_user_data(context), values[1]), one;
    bool found = false;

    while (!found && bytes_split(&rest, ',', &one)) {
        found = bytes_equal(bytes_trim(one), address);
    }
    sqlite3_result_int(context, found);
}

int
plan_register(sqlite3 *database, struct plan_holding *holding)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
    int code =
        sqlite3_create_function(database, "holds", -1, flags, holding, holds, NULL, NULL);

    return code == SQLITE_OK ? sqlite3_create_function(database, "lists", 2, flags, holding,
                                                       lists, NULL, NULL)
                             : code;
}
