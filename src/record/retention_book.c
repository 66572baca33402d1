/* The book of retention: orders, how far each class has been looked through, erasures that were promised.
 *
 *     next CLASS INDEX
 *     purged CLASS COUNT
 *     order INDEX FIRST LAST FROM_MS UPTO_MS CLASS open|done
 *     erase INDEX FAMILIES open|waiting|held RECIPIENT */
#include "record/retention_keeper_private.h"

#include <jansson.h>

#include "base/limits.h"

static struct retention_note *
add_order(struct retention *r)
{
    if (r->order_count == r->order_room) {
        size_t room = 2 * r->order_room + 64;
        r->orders = arena_grow(r->arena, r->orders, r->order_room * sizeof(*r->orders),
                               room * sizeof(*r->orders));
        r->order_room = room;
    }
    r->orders[r->order_count] = (struct retention_note){0};
    return &r->orders[r->order_count++];
}

static struct retention_erasure *
add_erasure(struct retention *r)
{
    if (r->erasure_count == r->erasure_room) {
        size_t room = 2 * r->erasure_room + 16;
        r->erasures =
            arena_grow(r->arena, r->erasures, r->erasure_room * sizeof(*r->erasures),
                       room * sizeof(*r->erasures));
        r->erasure_room = room;
    }
    r->erasures[r->erasure_count] = (struct retention_erasure){0};
    return &r->erasures[r->erasure_count++];
}

static void
take_order(struct retention *r, uint64_t index, struct bytes record)
{
    struct arena arena;
    struct retention_order order;

    arena_init(&arena, (size_t)64 << 20);
    if (retention_order_read(&arena, record, &order) == SK_OK) {
        *add_order(r) = (struct retention_note){.index = index,
                                                .first = order.indices[0],
                                                .last = order.indices[order.count - 1],
                                                .from_ms = order.from_ms,
                                                .upto_ms = order.upto_ms,
                                                .class = order.class};
        r->purged[order.class] += order.count;
        if (order.next > r->next[order.class]) {
            r->next[order.class] = order.next;
        }
        r->last_order = index;
    }
    arena_release(&arena);
}

static uint64_t
number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) && json_integer_value(value) >= 0
               ? (uint64_t)json_integer_value(value)
               : 0;
}

static void
take_done(struct retention *r, const json_t *record)
{
    size_t i;
    json_t *number;

    json_array_foreach(json_object_get(record, "orders"), i, number)
    {
        uint64_t index = (uint64_t)json_integer_value(number);
        for (size_t k = r->order_count; k-- > 0;) {
            if (r->orders[k].index == index) {
                r->orders[k].done = true;
                break;
            }
        }
    }
}

static void
take_erase(struct retention *r, uint64_t index, const json_t *record)
{
    const json_t *recipient = json_object_get(record, "recipient");
    enum permit_family family;
    uint32_t families = 0;
    size_t i;
    json_t *name;

    json_array_foreach(json_object_get(record, "families"), i, name)
    {
        if (json_is_string(name) &&
            permit_family_read(bytes_from_text(json_string_value(name)), &family)) {
            families |= FAMILY_BIT(family);
        }
    }
    if (json_is_string(recipient) && families != 0) {
        *add_erasure(r) = (struct retention_erasure){
            .index = index,
            .families = families,
            .recipient = bytes_copy(r->arena, bytes_of(json_string_value(recipient),
                                                       json_string_length(recipient)))};
    }
}

static void
take_erase_done(struct retention *r, const json_t *record)
{
    uint64_t index = number_of(record, "erase");

    for (size_t i = 0; i < r->erasure_count; i++) {
        if (r->erasures[i].index == index) {
            r->erasures[i].state = number_of(record, "waiting") > 0 ? ERASURE_WAITING
                                   : number_of(record, "held") > 0  ? ERASURE_HELD
                                                                    : ERASURE_DONE;
            r->erasures[i].was_held = r->erasures[i].state == ERASURE_HELD;
        }
    }
}

static void
entry(void *context, uint64_t index, struct bytes record)
{
    struct retention *r = context;

    if (bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"purge\","))) {
        take_order(r, index, record);
        return;
    }
    json_t *object = json_loadb((const char *)record.at, record.size, 0, NULL);
    if (bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"purge.done\","))) {
        take_done(r, object);
    } else if (bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"erase\","))) {
        take_erase(r, index, object);
    } else if (bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"erase.done\","))) {
        take_erase_done(r, object);
    }
    json_decref(object);
}

static const char *const erasure_states[] = {
    [ERASURE_OPEN] = "open",
    [ERASURE_WAITING] = "waiting",
    [ERASURE_HELD] = "held",
    [ERASURE_DONE] = "done",
};

static void
save(void *context, struct writer *w)
{
    struct retention *r = context;

    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        const char *name = retention_class_name((enum retention_class)i);
        writer_format(w, "next %s %llu\npurged %s %llu\n", name,
                      (unsigned long long)r->next[i], name,
                      (unsigned long long)r->purged[i]);
    }
    for (size_t i = 0; i < r->order_count; i++) {
        const struct retention_note *n = &r->orders[i];
        writer_format(w, "order %llu %llu %llu %lld %lld %s %s\n",
                      (unsigned long long)n->index, (unsigned long long)n->first,
                      (unsigned long long)n->last, (long long)n->from_ms,
                      (long long)n->upto_ms, retention_class_name(n->class),
                      n->done ? "done" : "open");
    }
    for (size_t i = 0; i < r->erasure_count; i++) {
        const struct retention_erasure *e = &r->erasures[i];
        if (e->state != ERASURE_DONE) { /* what is done is no concern any more */
            writer_format(w, "erase %llu %u %s ", (unsigned long long)e->index, e->families,
                          erasure_states[e->state]);
            writer_bytes(w, e->recipient);
            writer_byte(w, '\n');
        }
    }
}

static bool
take_numbers(struct bytes *line, uint64_t *numbers, size_t count)
{
    struct bytes word;

    for (size_t i = 0; i < count; i++) {
        if (!bytes_split(line, ' ', &word) ||
            !bytes_to_number(word, INT64_MAX, &numbers[i])) {
            return false;
        }
    }
    return true;
}

static bool
load_order(struct retention *r, struct bytes line)
{
    uint64_t numbers[5];
    struct bytes class, state;
    struct retention_note note = {0};

    if (!take_numbers(&line, numbers, 5) || !bytes_split(&line, ' ', &class) ||
        !bytes_split(&line, ' ', &state) || !retention_class_read(class, &note.class)) {
        return false;
    }
    note.index = numbers[0];
    note.first = numbers[1];
    note.last = numbers[2];
    note.from_ms = (int64_t)numbers[3];
    note.upto_ms = (int64_t)numbers[4];
    note.done = bytes_is(state, "done");
    *add_order(r) = note;
    return true;
}

static bool
load_erasure(struct retention *r, struct bytes line)
{
    uint64_t numbers[2];
    struct bytes state;

    if (!take_numbers(&line, numbers, 2) || !bytes_split(&line, ' ', &state) ||
        line.size == 0 || line.size > LIMIT_ADDRESS) {
        return false;
    }
    bool held = bytes_is(state, "held");
    *add_erasure(r) =
        (struct retention_erasure){.index = numbers[0],
                                   .families = (uint32_t)numbers[1] & FAMILY_ALL,
                                   .state = held                         ? ERASURE_HELD
                                            : bytes_is(state, "waiting") ? ERASURE_WAITING
                                                                         : ERASURE_OPEN,
                                   .was_held = held,
                                   .recipient = bytes_copy(r->arena, line)};
    return true;
}

static bool
load_line(struct retention *r, struct bytes line)
{
    struct bytes word, class_name;
    enum retention_class class;
    uint64_t number;

    if (!bytes_split(&line, ' ', &word)) {
        return false;
    }
    if (bytes_is(word, "order")) {
        return load_order(r, line);
    }
    if (bytes_is(word, "erase")) {
        return load_erasure(r, line);
    }
    if (!bytes_split(&line, ' ', &class_name) ||
        !retention_class_read(class_name, &class) || !take_numbers(&line, &number, 1)) {
        return false;
    }
    if (bytes_is(word, "next")) {
        r->next[class] = number;
    } else if (bytes_is(word, "purged")) {
        r->purged[class] = number;
    }
    return true;
}

static enum sk_code
load(void *context, struct bytes text, struct why *why)
{
    struct retention *r = context;
    struct bytes line;

    r->order_count = r->erasure_count = 0;
    memset(r->next, 0, sizeof(r->next));
    memset(r->purged, 0, sizeof(r->purged));
    while (bytes_line(&text, &line)) {
        if (line.size > 0 && !load_line(r, line)) {
            return why_set(why, SK_BAD, "retention.book: a line cannot be read");
        }
    }
    return SK_OK;
}

void
retention_book_init(struct retention *r)
{
    r->book = (struct book){.name = "retention",
                            .kind = "purge|erase",
                            .load = load,
                            .entry = entry,
                            .save = save,
                            .context = r};
}

struct book *
retention_book(struct retention *retention)
{
    return &retention->book;
}

enum sk_code
retention_find_order(struct arena *arena, int folder, uint64_t index,
                     struct retention_order *order_r, struct why *why)
{
    struct retention *r = ARENA_NEW(arena, struct retention);
    struct book *book = &r->book;
    struct journal_frame frame;
    struct rows_place place;

    r->arena = arena;
    retention_book_init(r);
    enum sk_code code = books_open(folder, &book, 1, UINT64_MAX, NULL, why);
    if (code != SK_OK) {
        return code;
    }
    for (size_t i = 0; i < r->order_count; i++) {
        const struct retention_note *n = &r->orders[i];
        if (index < n->first || index > n->last || n->class == RETAIN_HELD ||
            retention_fetch(arena, folder, n->index, &frame, &place, why) != SK_OK ||
            retention_order_read(arena, frame.record, order_r) != SK_OK) {
            continue;
        }
        for (size_t k = 0; k < order_r->count; k++) {
            if (order_r->indices[k] == index) {
                return SK_OK;
            }
        }
    }
    return why_set(why, SK_BAD, "no order names entry %llu", (unsigned long long)index);
}
