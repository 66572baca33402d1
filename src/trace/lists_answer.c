/* What the answers of lists mean, and what is said of them. */
#include "trace/lists_private.h"

#define DETAIL_LISTS 5 /* that a note names */

static uint32_t
number_of(const struct dns_record *record)
{
    const uint8_t *at = record->data.at;

    return record->data.size == 4 ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
                                        (uint32_t)at[2] << 8 | at[3]
                                  : 0;
}

static bool
is_accepted(const struct dns_list *list, uint32_t answer)
{
    for (size_t i = 0; i < list->accept_count; i++) {
        const struct list_accept *a = &list->accepts[i];
        if (a->bits != 0 ? (answer & a->bits) != 0 : (answer & a->mask) == a->address) {
            return true;
        }
    }
    return list->accept_count == 0;
}

#define LOOPBACK 0x7f000001u /* 127.0.0.1 */

static bool
is_named(const struct dns_list *list, uint32_t answer)
{
    for (size_t i = 0; i < list->accept_count; i++) {
        const struct list_accept *a = &list->accepts[i];
        if (a->bits == 0 && a->mask == UINT32_MAX && a->address == answer) {
            return true;
        }
    }
    return false;
}

/* Why no list of this kind answers so; NULL when it may. */
static const char *
nonsense_of(const struct dns_list *list, uint32_t answer)
{
    if (is_named(list, answer)) {
        return NULL;
    }
    if (answer >> 24 != 127) {
        return "it answers with an address outside of 127.0.0.0/8";
    }
    if (answer >> 8 == 0x7fffff || answer == LOOPBACK) {
        return "it refuses to answer us (a public resolver, too many questions, or no "
               "account)";
    }
    return NULL;
}

struct list_meaning
list_meaning_of(const struct dns_list *list, const struct dns_answer *a)
{
    struct list_meaning m = {.unanswered =
                                 a->status == DNS_SERVFAIL || a->status == DNS_TIMEOUT};

    for (size_t i = 0; a->status == DNS_FOUND && i < a->record_count; i++) {
        uint32_t answer = number_of(&a->records[i]);
        const char *nonsense = nonsense_of(list, answer);
        if (nonsense != NULL) {
            return (struct list_meaning){.nonsense = nonsense, .answer = answer};
        }
        if (!m.listed && is_accepted(list, answer)) {
            m.listed = true;
            m.answer = answer;
        }
    }
    return m;
}

static void
note_of(struct arena *arena, const struct dns_lists *lists, bool good,
        struct origin *origin)
{
    double weight = 0;
    size_t named = 0;
    struct writer w;

    writer_init(&w, arena);
    for (size_t l = 0; l < lists->count; l++) {
        const struct dns_list *list = &lists->lists[l];
        for (size_t i = 0; i < origin->listed_count && list->good == good; i++) {
            const struct list_answer *a = &origin->listed[i];
            if (a->failed || a->answer.size == 0 || !bytes_equal(a->list, list->name)) {
                continue;
            }
            weight += list->weight;
            if (named++ < DETAIL_LISTS) {
                writer_text(&w, named > 1 ? ", " : "");
                writer_bytes(&w, a->list);
                writer_text(&w, ": ");
                writer_bytes(&w, a->asked);
                writer_byte(&w, ' ');
                writer_bytes(&w, a->answer);
            }
            break; /* a list counts once, for however many domains */
        }
    }
    weight = weight > LISTS_WEIGHT_MOST ? LISTS_WEIGHT_MOST : weight;
    if (named > 0) {
        origin_note_weighing(arena, origin, good ? "listed_good" : "listed_bad",
                             writer_view(&w), good ? -weight : weight);
    }
}

void
lists_note(struct arena *arena, const struct dns_lists *lists, struct origin *origin)
{
    note_of(arena, lists, false, origin);
    note_of(arena, lists, true, origin);
}

static void
put(struct json *j, const char *key, struct bytes text)
{
    if (text.size > 0) {
        json_put_string(j, key, text);
    }
}

void
lists_write_json(const struct origin *origin, struct json *j)
{
    bool any = false;

    for (size_t i = 0; i < origin->listed_count; i++) {
        const struct list_answer *a = &origin->listed[i];
        if (a->answer.size == 0 && !a->failed) {
            continue;
        }
        if (!any) {
            json_key(j, "listed");
            json_open(j, '[');
            any = true;
        }
        json_open(j, '{');
        json_put_string(j, "list", a->list);
        json_put_string(j, "asked", a->asked);
        put(j, "answer", a->answer);
        put(j, "text", a->text);
        if (a->allows) {
            json_put_bool(j, "allows", true);
        }
        if (a->failed) {
            json_put_bool(j, "failed", true);
        }
        json_close(j);
    }
    if (any) {
        json_close(j);
    }
}
