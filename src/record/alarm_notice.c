/* What a notice shows, read from the ledger at the moment it is handed out: so nothing of it is kept twice, and what was
 * purged in the meantime is not shown. */
#include "record/alarm_private.h"

#include <jansson.h>

#include "base/limits.h"
#include "record/journal.h"

#define RECIPIENTS_SHOWN 5

static uint64_t
read_big(const uint8_t *at, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

/* Where the frame of an entry, and of the one before it, begin in a segment. Frames are passed over by their heads. */
static bool
find_frame(struct bytes segment, uint64_t index, size_t *at_r, size_t *before_r)
{
    *before_r = SIZE_MAX;
    for (size_t at = 0; segment.size - at >= JOURNAL_HEADER_SIZE;) {
        const uint8_t *head = segment.at + at;
        size_t size = JOURNAL_HEADER_SIZE + (size_t)read_big(head + 4, 4);
        if (head[0] != 'S' || head[1] != 'K' || size > segment.size - at) {
            return false;
        }
        if (read_big(head + 8, 8) == index) {
            *at_r = at;
            return true;
        }
        *before_r = at;
        at += size;
    }
    return false;
}

static json_t *
frame_json(struct bytes segment, size_t at)
{
    struct journal_frame frame;

    return at != SIZE_MAX && journal_frame_read(segment, at, &frame) == SK_OK &&
                   !frame.purged
               ? json_loadb((const char *)frame.record.at, frame.record.size,
                            JSON_ALLOW_NUL, NULL)
               : NULL;
}

/* The sighting's entry, and the message's, which stands right before its content. Either may be NULL. */
static void
fetch(const struct alarms *a, uint64_t index, json_t **sighting_r, json_t **message_r)
{
    struct arena arena;
    struct journal_list list;
    struct bytes segment;
    size_t at, before;

    *sighting_r = *message_r = NULL;
    arena_init(&arena, (size_t)16 << 20);
    if (journal_list(&arena, a->folder, &list, NULL) == SK_OK) {
        size_t i = list.count;
        while (i > 0 && list.firsts[i - 1] > index) {
            i--;
        }
        if (i > 0 && journal_map(a->folder, list.firsts[i - 1], &segment, NULL) == SK_OK) {
            if (find_frame(segment, index, &at, &before)) {
                *sighting_r = frame_json(segment, at);
                *message_r = frame_json(segment, before);
            }
            journal_unmap(segment);
        }
    }
    arena_release(&arena);
}

static void
put_member(struct json *j, const char *key, const json_t *object)
{
    const json_t *value = json_object_get(object, key);

    if (json_is_string(value) && json_string_length(value) > 0) {
        json_put_string(j, key,
                        bytes_of(json_string_value(value), json_string_length(value)));
    }
}

/* Only those who allowed threats to be looked for are named. */
static void
put_recipients(struct json *j, const json_t *content)
{
    size_t i, shown = 0, more = 0;
    json_t *who;

    json_key(j, "to");
    json_open(j, '[');
    json_array_foreach(json_object_get(content, "rests_on"), i, who)
    {
        const json_t *to = json_is_string(who) ? who : json_object_get(who, "to");
        const json_t *families = json_object_get(who, "families");
        if (!json_is_string(to) ||
            (json_is_object(families) && json_object_get(families, "threat") == NULL)) {
            continue;
        }
        if (shown == RECIPIENTS_SHOWN) {
            more++;
            continue;
        }
        json_bytes(j, bytes_of(json_string_value(to), json_string_length(to)));
        shown++;
    }
    json_close(j);
    if (more > 0) {
        json_put_number(j, "to_more", (int64_t)more);
    }
}

static struct bytes
words_of(const json_t *content)
{
    const json_t *threat = json_object_get(content, "threat");
    const json_t *words = json_is_object(threat) ? json_object_get(threat, "words")
                                                 : json_object_get(content, "threat_words");

    return json_is_string(words)
               ? bytes_of(json_string_value(words), json_string_length(words))
               : BYTES_NONE;
}

static bool
is_of(const json_t *record, const char *kind, const char *id)
{
    const char *its_kind = json_string_value(json_object_get(record, "kind"));
    const char *its_id = json_string_value(json_object_get(record, "id"));

    return its_kind != NULL && its_id != NULL && strcmp(its_kind, kind) == 0 &&
           strcmp(its_id, id) == 0;
}

/* What the threat tells of itself. These are words of the message, as the excerpt is. */
static void
put_detail(struct json *j, const json_t *content)
{
    static const char *const keys[] = {"threat_target", "threat_where", "threat_means",
                                       "threat_when"};
    const json_t *from = json_object_get(content, "threat_from"),
                 *to = json_object_get(content, "threat_to");

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        put_member(j, keys[i], content);
    }
    if (json_is_integer(from) && json_is_integer(to)) {
        json_put_number(j, "threat_from", (int64_t)json_integer_value(from));
        json_put_number(j, "threat_to", (int64_t)json_integer_value(to));
    }
}

static void
put_sighting(const struct alarms *a, const struct notice *notice, struct json *j)
{
    json_t *sighting, *message;

    if (notice->message[0] == '\0') {
        return;
    }
    json_put_text(j, "message", notice->message);
    fetch(a, notice->entry, &sighting, &message);
    if (is_of(message, "message", notice->message)) {
        put_member(j, "door", message);
        put_member(j, "client", message);
        put_member(j, "client_name", message);
        put_member(j, "helo", message);
        put_member(j, "from", message);
    }
    if (is_of(sighting, "content", notice->message)) {
        struct bytes words = words_of(sighting);
        put_recipients(j, sighting);
        if (a->settings->excerpt) {
            put_detail(j, sighting);
        }
        if (a->settings->excerpt && words.size > 0) {
            size_t size = words.size < LIMIT_ALARM_WORDS ? words.size : LIMIT_ALARM_WORDS;
            while (size > 0 && size < words.size && (words.at[size] & 0xc0) == 0x80) {
                size--;
            }
            json_put_string(j, "excerpt", bytes_slice(words, 0, size));
        }
    }
    const json_t *seen = json_object_get(sighting, "time");
    if (json_is_integer(seen)) {
        json_put_number(j, "seen", (int64_t)json_integer_value(seen));
    }
    json_decref(sighting);
    json_decref(message);
}

static void
put_waiting(const struct notice *notice, struct json *j)
{
    json_key(j, "targets");
    json_open(j, '[');
    for (size_t i = 0; i < notice->delivery_count; i++) {
        if (notice->deliveries[i].state == DELIVERY_WAITS ||
            notice->deliveries[i].state == DELIVERY_FAILED) {
            json_text(j, notice->deliveries[i].name);
        }
    }
    json_close(j);
}

static struct bytes
write_notice(const struct alarms *a, const struct notice *notice, struct arena *arena)
{
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "alarm", notice->alarm);
    json_put_number(&j, "notice", notice->number);
    json_put_text(&j, "why", notice->why);
    json_put_text(&j, "about", alarm_about_name(notice->about));
    if (notice->threat[0] != '\0') {
        json_put_text(&j, "threat", notice->threat);
    }
    json_put_number(&j, "severity", notice->severity);
    json_put_number(&j, "time", notice->time_ms);
    json_put_number(&j, "first", notice->first_ms);
    json_put_number(&j, "count", (int64_t)notice->count);
    json_put_number(&j, "more", (int64_t)notice->more);
    if (notice->since_ms > 0) {
        json_put_number(&j, "since", notice->since_ms);
    }
    if (notice->step > 0) {
        json_put_number(&j, "step", notice->step);
    }
    if (notice->by[0] != '\0') {
        json_put_text(&j, "by", notice->by);
    }
    put_sighting(a, notice, &j);
    json_put_string(&j, "mail_id",
                    alarm_mail_id(arena, a->secret, bytes_from_text(notice->alarm),
                                  notice->number,
                                  a->settings->hostname.size > 0 ? a->settings->hostname
                                                                 : BYTES("localhost")));
    put_waiting(notice, &j);
    json_close(&j);
    return writer_view(&w);
}

bool
alarms_has_notice(const struct alarms *a)
{
    for (size_t i = 0; i < a->notice_count && a->unsent > 0; i++) {
        if (!a->notices[i].handed_out && !notice_is_done(&a->notices[i])) {
            return true;
        }
    }
    return false;
}

bool
alarms_next_notice(struct alarms *a, struct arena *arena, struct bytes *json_r)
{
    for (size_t i = 0; i < a->notice_count && a->unsent > 0; i++) {
        struct notice *notice = &a->notices[i];
        if (!notice->handed_out && !notice_is_done(notice)) {
            notice->handed_out = true;
            *json_r = write_notice(a, notice, arena);
            return true;
        }
    }
    return false;
}
