#include "sekisho/replay.h"

#include "record/row.h"
#include "sekisho/enclose.h"
#include "sekisho/made_by.h"
#include "sekisho/place_tables.h"

static void
unref(void *object)
{
    json_decref(object);
}

static json_t *
read_object(struct arena *arena, struct bytes line)
{
    json_t *object = json_loadb((const char *)line.at, line.size, JSON_ALLOW_NUL, NULL);

    if (object != NULL) {
        arena_defer(arena, unref, object);
    }
    return json_is_object(object) ? object : NULL;
}

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static bool
flag_of(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static enum arrival_door
door_of(struct bytes name)
{
    for (int door = ARRIVAL_TRANSFER; door <= ARRIVAL_FILE; door++) {
        if (bytes_is(name, record_door_name((enum arrival_door)door))) {
            return (enum arrival_door)door;
        }
    }
    return ARRIVAL_FILE;
}

static void
read_arrival(struct replay *r)
{
    const json_t *m = r->message, *to = json_object_get(m, "to");
    struct arrival *a = ARENA_NEW(r->arena, struct arrival);

    a->id = text_of(m, "id");
    a->door = door_of(text_of(m, "door"));
    a->time_ms = (int64_t)json_integer_value(json_object_get(m, "time"));
    if (net_address_read(text_of(m, "client"), &a->client)) {
        a->client.port = (uint16_t)json_integer_value(json_object_get(m, "client_port"));
    }
    a->client_name = text_of(m, "client_name");
    a->helo = text_of(m, "helo");
    a->esmtp = flag_of(m, "esmtp");
    a->tls_version = text_of(m, "tls_version");
    a->tls_cipher = text_of(m, "tls_cipher");
    a->user = text_of(m, "user");
    a->mail_from = text_of(m, "from");
    a->mail_parameters = text_of(m, "from_parameters");
    a->body = flag_of(m, "8bit") ? ARRIVAL_BODY_8BITMIME : ARRIVAL_BODY_7BIT;
    a->smtputf8 = flag_of(m, "smtputf8");
    a->queue_id = text_of(m, "queue_id");
    a->recipient_count = json_array_size(to);
    a->recipients = ARENA_NEW_MANY(r->arena, a->recipient_count, struct arrival_recipient);
    for (size_t i = 0; i < a->recipient_count; i++) {
        const json_t *address = json_array_get(to, i);
        a->recipients[i].address =
            json_is_string(address)
                ? bytes_of(json_string_value(address), json_string_length(address))
                : BYTES_NONE;
    }
    struct bytes tags = text_of(m, "tags");
    for (size_t i = 0; i < a->recipient_count && i < tags.size; i++) {
        static const char letters[] = "-vefu";
        const char *letter = memchr(letters, tags.at[i], sizeof letters - 1);
        a->recipients[i].tag =
            letter != NULL ? (enum arrival_tag)(letter - letters) : TAG_NONE;
    }
    r->arrival = a;
}

static enum permit_ground
ground_of(struct bytes name)
{
    for (int ground = GROUND_CONSENT; ground <= GROUND_TERMS; ground++) {
        if (bytes_is(name, permit_ground_name((enum permit_ground)ground))) {
            return (enum permit_ground)ground;
        }
    }
    return GROUND_NONE;
}

/* What each recipient allowed then, not what he allows today. */
static void
read_permit(struct replay *r)
{
    const json_t *recipients = json_object_get(r->message, "recipients");
    struct permit *p = ARENA_NEW(r->arena, struct permit);
    struct bytes profile = text_of(r->message, "profile");

    p->recipient_count = r->arrival->recipient_count;
    p->recipients = ARENA_NEW_MANY(r->arena, p->recipient_count, struct permit_recipient);
    for (int i = PROFILE_CARRIER; i <= PROFILE_PUBLIC_OFFICE; i++) {
        if (bytes_is(profile, permit_profile_name((enum permit_profile)i))) {
            p->profile = (enum permit_profile)i;
        }
    }
    for (size_t i = 0; i < p->recipient_count; i++) {
        json_t *families = json_object_get(json_array_get(recipients, i), "families"),
               *ground;
        struct permit_recipient *to = &p->recipients[i];
        const char *name;
        for (unsigned family = 0; family < FAMILY_COUNT; family++) {
            to->entries[family] = PERMIT_NO_ENTRY;
        }
        json_object_foreach(families, name, ground)
        {
            enum permit_family family;
            if (permit_family_read(bytes_from_text(name), &family) &&
                json_is_string(ground)) {
                to->families |= FAMILY_BIT(family);
                to->grounds[family] = ground_of(bytes_from_text(json_string_value(ground)));
            }
        }
        json_object_foreach(json_object_get(json_array_get(recipients, i), "entries"), name,
                            ground)
        {
            enum permit_family family;
            if (permit_family_read(bytes_from_text(name), &family) &&
                json_is_integer(ground) && json_integer_value(ground) >= 0) {
                to->entries[family] = (uint64_t)json_integer_value(ground);
            }
        }
        p->union_families |= to->families;
    }
    r->permit = p;
}

enum sk_code
replay_read(struct arena *arena, struct bytes message, struct bytes content,
            struct replay *replay_r, struct why *why)
{
    struct replay *r = replay_r;

    *r = (struct replay){.arena = arena, .message_line = message, .content_line = content};
    r->message = read_object(arena, message);
    r->content = content.size > 0 ? read_object(arena, content) : NULL;
    if (r->message == NULL || !bytes_is(text_of(r->message, "kind"), "message")) {
        return why_set(why, SK_BAD, "this is no record of a message");
    }
    if (!json_is_array(json_object_get(r->message, "dns")) ||
        !json_is_array(json_object_get(r->message, "to"))) {
        return why_set(why, SK_BAD,
                       "the message was answered before it was judged: there is no verdict "
                       "to make again");
    }
    read_arrival(r);
    read_permit(r);
    return SK_OK;
}

/* What his own weights said, or those of his group, is taken from the record, as the DNS's answers are: they have changed
 * since, or are gone. */
static const struct finding **
read_personal(struct replay *r, const char *member, const char *name)
{
    size_t count = r->permit->recipient_count, i;
    const struct finding **personal =
        arena_take_many(r->arena, count + 1, sizeof *personal);
    json_t *carrier;

    json_array_foreach(json_object_get(r->content, "rests_on"), i, carrier)
    {
        const json_t *weight = json_object_get(carrier, member);
        json_int_t number = json_integer_value(json_object_get(carrier, "number"));
        if (json_is_number(weight) && number >= 0 && (size_t)number < count) {
            struct finding *finding = ARENA_NEW(r->arena, struct finding);
            *finding = (struct finding){.name = name,
                                        .weight = json_number_value(weight),
                                        .family = FAMILY_CONTENT};
            personal[number] = finding;
        }
    }
    return personal;
}

static size_t
read_pairs(const json_t *list, struct conversation *it)
{
    size_t count = 0, i;
    json_t *pair;

    json_array_foreach(list, i, pair)
    {
        struct bytes hex = bytes_of(json_string_value(pair), json_string_length(pair));
        if (count < CONVERSATION_PAIRS && hex.size == 2 * sizeof it->pairs[0]) {
            for (size_t k = 0; k < hex.size; k++) {
                int digit = ascii_hex(hex.at[k]);
                it->pairs[count][k / 2] =
                    (uint8_t)(it->pairs[count][k / 2] << 4 | (digit < 0 ? 0 : digit));
            }
            count++;
        }
    }
    return count;
}

/* How far his conversations had come is taken from the record too. */
static const struct conversation *
read_conversations(struct replay *r)
{
    size_t count = r->permit->recipient_count, i;
    struct conversation *all = ARENA_NEW_MANY(r->arena, count + 1, struct conversation);
    json_t *carrier;

    json_array_foreach(json_object_get(r->content, "rests_on"), i, carrier)
    {
        const json_t *lure = json_object_get(carrier, "lure"),
                     *weight = json_object_get(lure, "turn");
        json_int_t number = json_integer_value(json_object_get(carrier, "number"));
        if (lure == NULL || number < 0 || (size_t)number >= count) {
            continue;
        }
        all[number].pair_count = read_pairs(json_object_get(lure, "pairs"), &all[number]);
        if (json_is_number(weight)) {
            struct finding *finding = ARENA_NEW(r->arena, struct finding);
            *finding = (struct finding){.name = "lure_turn",
                                        .weight = json_number_value(weight),
                                        .family = FAMILY_CONTENT,
                                        .detail = text_of(lure, "detail")};
            all[number].turn = finding;
        }
    }
    return all;
}

enum sk_code
replay_walk(struct replay *r, struct bytes raw, const struct settings *settings,
            struct judge *judge, struct why *why)
{
    char *dns =
        json_dumps(json_object_get(r->message, "dns"), JSON_COMPACT | JSON_ENCODE_ANY);
    struct bytes answers = bytes_copy(r->arena, bytes_from_text(dns));

    free(dns);
    r->arrival->raw = raw;
    r->walk = (struct walk){.arena = r->arena, .arrival = r->arrival, .permit = r->permit};
    r->walk.personal = read_personal(r, "personal", "personal_model");
    r->walk.of_group = read_personal(r, "group", "group_model");
    r->walk.conversations = read_conversations(r);
    r->walk.places = place_tables_recorded(r->arena, json_object_get(r->message, "origin"));
    enum sk_code code = walk_begin(&r->walk, settings);
    if (code == SK_OK && !dns_memo_read_json(&r->walk.memo, answers)) {
        return why_set(why, SK_BAD, "the DNS answers of the record cannot be read");
    }
    r->walk.memo.sealed = true;
    r->dns_known = r->walk.memo.answer_count;
    if (code == SK_OK) {
        code = walk_trace(&r->walk);
    }
    if (code == SK_OK) {
        struct opener opener = {
            0}; /* what is in them is not recorded: they are opened again */
        enclose_walk(&r->walk, settings->config, &opener);
        if (opener.pid > 0) {
            opener_end(&opener);
        }
        code = walk_judge(&r->walk, judge, settings->policy);
    }
    return code == SK_OK
               ? SK_OK
               : why_set(why, SK_LIMIT, "the message needs more memory than one may have");
}

void
replay_record(struct replay *r, const struct settings *settings, struct judge *judge,
              struct bytes *message_r, struct bytes *content_r)
{
    struct bytes lines = record_write(
        r->arena, &(struct record_of){.arrival = r->arrival,
                                      .permit = r->permit,
                                      .letter = r->walk.letter,
                                      .origin = r->walk.origin,
                                      .memo = &r->walk.memo,
                                      .opinion = r->walk.opinion,
                                      .verdict = r->walk.verdict,
                                      .made_by = made_by(r->arena, settings, judge)});
    size_t end = bytes_find_byte(lines, '\n', 0);

    *message_r = bytes_slice(lines, 0, end == BYTES_NOWHERE ? lines.size : end);
    *content_r = end == BYTES_NOWHERE ? BYTES_NONE : bytes_from(lines, end + 1);
}

size_t
replay_unanswered(const struct replay *r)
{
    return r->walk.memo.answer_count - r->dns_known;
}
