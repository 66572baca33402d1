#include "record/hold.h"

#include <jansson.h>

#include "base/limits.h"

struct holds {
    struct arena *arena;
    struct book book;
    struct hold *holds;
    size_t count, room;
    uint64_t lifted;
};

const char *
hold_state_name(enum hold_state state)
{
    static const char *const names[] = {[HOLD_PLACED] = "placed",
                                        [HOLD_CONFIRMED] = "confirmed",
                                        [HOLD_LIFTING] = "lifting",
                                        [HOLD_LIFTED] = "lifted"};

    return names[state];
}

bool
hold_state_in_force(enum hold_state state)
{
    return state != HOLD_LIFTED;
}

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static struct bytes
copy_of(struct arena *arena, const json_t *object, const char *key)
{
    return bytes_copy(arena, bytes_slice(text_of(object, key), 0, LIMIT_RECORD_FIELD));
}

static int64_t
number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? (int64_t)json_integer_value(value) : 0;
}

enum sk_code
hold_scope_read(struct arena *arena, const json_t *scope, struct hold_scope *scope_r,
                struct why *why)
{
    static const char *const names[] = {"id", "recipient", "sender", "client"};

    *scope_r = (struct hold_scope){0};
    struct bytes *texts[] = {&scope_r->id, &scope_r->recipient, &scope_r->sender,
                             &scope_r->client};
    bool any = false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        *texts[i] = bytes_trim(text_of(scope, names[i]));
        if (texts[i]->size > LIMIT_ADDRESS) {
            return why_set(why, SK_LIMIT, "%s is longer than %d bytes", names[i],
                           LIMIT_ADDRESS);
        }
        *texts[i] = bytes_copy(arena, *texts[i]);
        any = any || texts[i]->size > 0;
    }
    scope_r->from_ms = number_of(scope, "from");
    scope_r->to_ms = number_of(scope, "to");
    if (scope_r->to_ms != 0 && scope_r->to_ms <= scope_r->from_ms) {
        return why_set(why, SK_BAD, "the hold's time ends before it begins");
    }
    if (!any && scope_r->from_ms == 0 && scope_r->to_ms == 0) {
        return why_set(why, SK_BAD,
                       "what is to be held? an id, a recipient, a sender, a client or a "
                       "time is wanted");
    }
    return SK_OK;
}

void
hold_scope_write(const struct hold_scope *scope, struct json *j)
{
    const struct {
        const char *name;
        struct bytes text;
    } texts[] = {{"id", scope->id},
                 {"recipient", scope->recipient},
                 {"sender", scope->sender},
                 {"client", scope->client}};

    json_open(j, '{');
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].text.size > 0) {
            json_put_string(j, texts[i].name, texts[i].text);
        }
    }
    if (scope->from_ms != 0) {
        json_put_number(j, "from", scope->from_ms);
    }
    if (scope->to_ms != 0) {
        json_put_number(j, "to", scope->to_ms);
    }
    json_close(j);
}

void
hold_write_json(const struct hold *hold, struct json *j)
{
    json_open(j, '{');
    json_put_number(j, "hold", (int64_t)hold->number);
    json_put_text(j, "state", hold_state_name(hold->state));
    json_put_number(j, "entry", (int64_t)hold->index);
    json_put_number(j, "placed", hold->placed_ms);
    json_put_string(j, "reason", hold->reason);
    json_put_string(j, "first", hold->first);
    json_put_string(j, "second", hold->second);
    if (hold->lift_first.size > 0) {
        json_put_number(j, "lifted", hold->lifted_ms);
        json_put_string(j, "lift_reason", hold->lift_reason);
        json_put_string(j, "lift_first", hold->lift_first);
        json_put_string(j, "lift_second", hold->lift_second);
    }
    json_key(j, "scope");
    hold_scope_write(&hold->scope, j);
    json_close(j);
}

/* Whether an address is the wanted one, or of the wanted domain. */
static bool
address_fits(struct bytes wanted, struct bytes address)
{
    if (wanted.size > 0 && wanted.at[0] == '@') {
        return address.size >= wanted.size &&
               bytes_equal_fold(bytes_from(address, address.size - wanted.size), wanted);
    }
    return bytes_equal_fold(wanted, address);
}

static bool
recipients_fit(struct bytes wanted, struct bytes recipients)
{
    struct bytes one;

    while (bytes_split(&recipients, ',', &one)) {
        if (address_fits(wanted, bytes_trim(one))) {
            return true;
        }
    }
    return false;
}

static bool
scope_covers(const struct hold_scope *s, const struct rows_event *m)
{
    return (s->id.size == 0 || bytes_equal(s->id, m->id)) &&
           (s->recipient.size == 0 || m->recipients.size == 0 ||
            recipients_fit(s->recipient, m->recipients)) &&
           (s->sender.size == 0 || m->sender.size == 0 ||
            address_fits(s->sender, m->sender)) &&
           (s->client.size == 0 || m->client.size == 0 ||
            bytes_equal(s->client, m->client)) &&
           m->time_ms >= s->from_ms && (s->to_ms == 0 || m->time_ms < s->to_ms);
}

const struct hold *
holds_cover(const struct holds *holds, const struct rows_event *message)
{
    for (size_t i = 0; i < holds->count; i++) {
        if (hold_state_in_force(holds->holds[i].state) &&
            scope_covers(&holds->holds[i].scope, message)) {
            return &holds->holds[i];
        }
    }
    return NULL;
}

bool
holds_any(const struct holds *holds)
{
    for (size_t i = 0; i < holds->count; i++) {
        if (hold_state_in_force(holds->holds[i].state)) {
            return true;
        }
    }
    return false;
}

size_t
holds_count(const struct holds *holds)
{
    return holds->count;
}

const struct hold *
holds_get(const struct holds *holds, size_t i)
{
    return &holds->holds[i];
}

static struct hold *
find(struct holds *holds, uint64_t number)
{
    for (size_t i = 0; i < holds->count; i++) {
        if (holds->holds[i].number == number) {
            return &holds->holds[i];
        }
    }
    return NULL;
}

const struct hold *
holds_find(const struct holds *holds, uint64_t number)
{
    return find((struct holds *)(uintptr_t)holds, number);
}

uint64_t
holds_lifted(const struct holds *holds)
{
    return holds->lifted;
}

static struct hold *
add(struct holds *holds)
{
    if (holds->count == holds->room) {
        size_t room = 2 * holds->room + 8;
        holds->holds =
            arena_grow(holds->arena, holds->holds, holds->room * sizeof(*holds->holds),
                       room * sizeof(*holds->holds));
        holds->room = room;
    }
    holds->holds[holds->count] = (struct hold){0};
    return &holds->holds[holds->count++];
}

static void
take_place(struct holds *holds, uint64_t number, uint64_t index, const json_t *record)
{
    struct hold_scope scope;

    if (find(holds, number) != NULL ||
        hold_scope_read(holds->arena, json_object_get(record, "scope"), &scope, NULL) !=
            SK_OK) {
        return;
    }
    struct hold *hold = add(holds);
    *hold = (struct hold){.number = number,
                          .index = index,
                          .scope = scope,
                          .reason = copy_of(holds->arena, record, "reason"),
                          .first = copy_of(holds->arena, record, "first"),
                          .second = copy_of(holds->arena, record, "second"),
                          .placed_ms = number_of(record, "time")};
    hold->state = hold->second.size > 0 ? HOLD_CONFIRMED : HOLD_PLACED;
}

static void
end(struct holds *holds, struct hold *hold)
{
    hold->state = HOLD_LIFTED;
    holds->lifted++;
}

static void
take_lift(struct holds *holds, struct hold *hold, const json_t *record)
{
    if (hold == NULL || hold->state == HOLD_LIFTED) {
        return;
    }
    hold->lift_reason = copy_of(holds->arena, record, "reason");
    hold->lift_first = copy_of(holds->arena, record, "first");
    hold->lift_second = copy_of(holds->arena, record, "second");
    hold->lifted_ms = number_of(record, "time");
    hold->state = HOLD_LIFTING;
    if (hold->lift_second.size > 0) {
        end(holds, hold);
    }
}

static void
take_confirm(struct holds *holds, struct hold *hold, const json_t *record)
{
    struct bytes second = copy_of(holds->arena, record, "second");

    if (hold == NULL || second.size == 0) {
        return;
    }
    if (hold->state == HOLD_PLACED) {
        hold->second = second;
        hold->state = HOLD_CONFIRMED;
    } else if (hold->state == HOLD_LIFTING) {
        hold->lift_second = second;
        end(holds, hold);
    }
}

static void
entry(void *context, uint64_t index, struct bytes record)
{
    struct holds *holds = context;
    json_t *object = json_loadb((const char *)record.at, record.size, 0, NULL);
    struct bytes kind = text_of(object, "kind");
    uint64_t number = (uint64_t)number_of(object, "hold");

    if (bytes_is(kind, "hold")) {
        take_place(holds, number, index, object);
    } else if (bytes_is(kind, "hold.lift")) {
        take_lift(holds, find(holds, number), object);
    } else if (bytes_is(kind, "hold.confirm")) {
        take_confirm(holds, find(holds, number), object);
    }
    json_decref(object);
}

static void
save(void *context, struct writer *w)
{
    struct holds *holds = context;
    struct json j;

    for (size_t i = 0; i < holds->count; i++) {
        json_init(&j, w);
        hold_write_json(&holds->holds[i], &j);
        writer_byte(w, '\n');
    }
}

static bool
load_line(struct holds *holds, struct bytes line)
{
    json_t *object = json_loadb((const char *)line.at, line.size, 0, NULL);
    struct bytes state = text_of(object, "state");
    struct hold hold = {.number = (uint64_t)number_of(object, "hold"),
                        .index = (uint64_t)number_of(object, "entry"),
                        .placed_ms = number_of(object, "placed"),
                        .lifted_ms = number_of(object, "lifted"),
                        .reason = copy_of(holds->arena, object, "reason"),
                        .first = copy_of(holds->arena, object, "first"),
                        .second = copy_of(holds->arena, object, "second"),
                        .lift_reason = copy_of(holds->arena, object, "lift_reason"),
                        .lift_first = copy_of(holds->arena, object, "lift_first"),
                        .lift_second = copy_of(holds->arena, object, "lift_second")};
    bool good = json_is_object(object) &&
                hold_scope_read(holds->arena, json_object_get(object, "scope"), &hold.scope,
                                NULL) == SK_OK;

    while (hold.state <= HOLD_LIFTED && !bytes_is(state, hold_state_name(hold.state))) {
        if (hold.state == HOLD_LIFTED) {
            good = false;
            break;
        }
        hold.state++;
    }
    json_decref(object);
    if (good) {
        *add(holds) = hold;
        holds->lifted += hold.state == HOLD_LIFTED;
    }
    return good;
}

static enum sk_code
load(void *context, struct bytes text, struct why *why)
{
    struct holds *holds = context;
    struct bytes line;

    holds->count = 0;
    holds->lifted = 0;
    while (bytes_line(&text, &line)) {
        if (line.size > 0 && !load_line(holds, line)) {
            return why_set(why, SK_BAD, "hold.book: a line is no hold");
        }
    }
    return SK_OK;
}

struct holds *
holds_new(struct arena *arena)
{
    struct holds *holds = ARENA_NEW(arena, struct holds);

    holds->arena = arena;
    holds->book = (struct book){.name = "hold",
                                .kind = "hold",
                                .load = load,
                                .entry = entry,
                                .save = save,
                                .context = holds};
    return holds;
}

struct book *
holds_book(struct holds *holds)
{
    return &holds->book;
}

enum sk_code
holds_read(struct arena *arena, int folder, struct holds **holds_r, struct why *why)
{
    struct holds *holds = holds_new(arena);
    struct book *book = &holds->book;

    *holds_r = holds;
    return books_open(folder, &book, 1, UINT64_MAX, NULL, why);
}
