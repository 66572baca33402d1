/* The alarms as text: for the book's file, and for people. */
#include "record/alarm_private.h"

#include <jansson.h>

#include "base/limits.h"

static const char *const lives[] = {[ALARM_PENDING] = "pending",
                                    [ALARM_OPEN] = "open",
                                    [ALARM_ACKNOWLEDGED] = "acknowledged"};
static const char *const states[] = {[DELIVERY_NONE] = "none",
                                     [DELIVERY_WAITS] = "waiting",
                                     [DELIVERY_FAILED] = "failed",
                                     [DELIVERY_SENT] = "sent",
                                     [DELIVERY_GAVE_UP] = "gave_up"};

static void
put_time(struct json *j, const char *key, int64_t ms)
{
    if (ms != 0 && ms != ALARM_TIME_FAR) {
        json_put_number(j, key, ms);
    }
}

static void
put_word(struct json *j, const char *key, const char *text)
{
    if (text[0] != '\0') {
        json_put_text(j, key, text);
    }
}

void
alarm_write(const struct alarm *alarm, struct json *j)
{
    put_word(j, "alarm", alarm->id);
    json_put_text(j, "state", lives[alarm->life]);
    json_put_text(j, "about", alarm_about_name(alarm->about));
    put_word(j, "threat", alarm->threat);
    json_put_number(j, "severity", alarm->severity);
    json_put_number(j, "count", (int64_t)alarm->count);
    json_put_number(j, "told", (int64_t)alarm->told);
    put_time(j, "first", alarm->first_ms);
    put_time(j, "last", alarm->last_ms);
    put_time(j, "raised", alarm->raised_ms);
    put_time(j, "noticed", alarm->noticed_ms);
    json_put_number(j, "notices", alarm->notices);
    json_put_number(j, "escalations", alarm->escalations);
    put_time(j, "escalate", alarm->escalate_ms);
    put_word(j, "message", alarm->message);
    put_time(j, "acknowledged", alarm->acknowledged_ms);
    put_word(j, "by", alarm->by);
    put_word(j, "note", alarm->note);
    json_put_text(j, "campaign", alarm->campaign);
}

static void
write_deliveries(const struct notice *notice, struct json *j)
{
    json_key(j, "deliveries");
    json_open(j, '[');
    for (size_t i = 0; i < notice->delivery_count; i++) {
        const struct delivery *d = &notice->deliveries[i];
        json_open(j, '{');
        json_put_text(j, "target", d->name);
        json_put_text(j, "state", states[d->state]);
        put_time(j, "time", d->time_ms);
        json_put_number(j, "tries", d->tries);
        put_word(j, "words", d->said);
        json_close(j);
    }
    json_close(j);
}

void
notice_write(const struct notice *notice, struct json *j)
{
    json_put_text(j, "alarm", notice->alarm);
    json_put_number(j, "notice", notice->number);
    json_put_text(j, "why", notice->why);
    json_put_text(j, "about", alarm_about_name(notice->about));
    put_word(j, "threat", notice->threat);
    put_word(j, "by", notice->by);
    json_put_number(j, "step", notice->step);
    json_put_number(j, "severity", notice->severity);
    put_time(j, "time", notice->time_ms);
    put_time(j, "first", notice->first_ms);
    put_time(j, "since", notice->since_ms);
    json_put_number(j, "count", (int64_t)notice->count);
    json_put_number(j, "more", (int64_t)notice->more);
    json_put_number(j, "entry", (int64_t)notice->entry);
    put_word(j, "message", notice->message);
    write_deliveries(notice, j);
}

void
alarm_save(void *context, struct writer *w)
{
    const struct alarms *a = context;
    struct json j;

    json_init(&j, w);
    json_open(&j, '{');
    json_key(&j, "alarms");
    json_open(&j, '[');
    for (size_t i = 0; i < a->alarm_count; i++) {
        json_open(&j, '{');
        alarm_write(&a->alarms[i], &j);
        json_put_number(&j, "raised_severity", a->alarms[i].raised_severity);
        json_put_number(&j, "entry", (int64_t)a->alarms[i].entry);
        json_close(&j);
    }
    json_close(&j);
    json_key(&j, "notices");
    json_open(&j, '[');
    for (size_t i = 0; i < a->notice_count; i++) {
        json_open(&j, '{');
        notice_write(&a->notices[i], &j);
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
}

static void
take_text(const json_t *object, const char *key, char *to, size_t room)
{
    const json_t *value = json_object_get(object, key);

    alarm_copy(to, room,
               json_is_string(value)
                   ? bytes_of(json_string_value(value), json_string_length(value))
                   : BYTES_NONE);
}

static int64_t
take_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static int
take_choice(const json_t *object, const char *key, const char *const *names, int count)
{
    const char *text = json_string_value(json_object_get(object, key));

    for (int i = 0; i < count && text != NULL; i++) {
        if (strcmp(text, names[i]) == 0) {
            return i;
        }
    }
    return 0;
}

static void
load_alarm(struct alarm *alarm, const json_t *json)
{
    *alarm = (struct alarm){
        .life = (enum alarm_life)take_choice(json, "state", lives, 3),
        .severity = (int)take_number(json, "severity"),
        .raised_severity = (int)take_number(json, "raised_severity"),
        .count = (uint64_t)take_number(json, "count"),
        .told = (uint64_t)take_number(json, "told"),
        .first_ms = take_number(json, "first"),
        .last_ms = take_number(json, "last"),
        .raised_ms = take_number(json, "raised"),
        .noticed_ms = take_number(json, "noticed"),
        .escalate_ms = take_number(json, "escalate"),
        .notices = (unsigned)take_number(json, "notices"),
        .escalations = (unsigned)take_number(json, "escalations"),
        .entry = (uint64_t)take_number(json, "entry"),
        .acknowledged_ms = take_number(json, "acknowledged"),
    };
    const char *about = json_string_value(json_object_get(json, "about"));
    alarm->about = alarm_about_read(bytes_from_text(about));
    alarm->escalate_ms = alarm->escalate_ms == 0 ? ALARM_TIME_FAR : alarm->escalate_ms;
    take_text(json, "campaign", alarm->campaign, sizeof alarm->campaign);
    take_text(json, "alarm", alarm->id, sizeof alarm->id);
    take_text(json, "threat", alarm->threat, sizeof alarm->threat);
    take_text(json, "message", alarm->message, sizeof alarm->message);
    take_text(json, "by", alarm->by, sizeof alarm->by);
    take_text(json, "note", alarm->note, sizeof alarm->note);
}

static void
load_notice(struct alarms *a, struct notice *notice, const json_t *json)
{
    struct delivery *deliveries = notice->deliveries;
    size_t i;
    json_t *one;

    if (deliveries == NULL) {
        deliveries = ARENA_NEW_MANY(a->arena, LIMIT_ALARM_TARGETS, struct delivery);
    }
    *notice = (struct notice){
        .deliveries = deliveries,
        .number = (unsigned)take_number(json, "notice"),
        .step = (unsigned)take_number(json, "step"),
        .severity = (int)take_number(json, "severity"),
        .time_ms = take_number(json, "time"),
        .first_ms = take_number(json, "first"),
        .since_ms = take_number(json, "since"),
        .count = (uint64_t)take_number(json, "count"),
        .more = (uint64_t)take_number(json, "more"),
        .entry = (uint64_t)take_number(json, "entry"),
    };
    const char *about = json_string_value(json_object_get(json, "about"));
    notice->about = alarm_about_read(bytes_from_text(about));
    take_text(json, "alarm", notice->alarm, sizeof notice->alarm);
    take_text(json, "why", notice->why, sizeof notice->why);
    take_text(json, "threat", notice->threat, sizeof notice->threat);
    take_text(json, "by", notice->by, sizeof notice->by);
    take_text(json, "message", notice->message, sizeof notice->message);
    json_array_foreach(json_object_get(json, "deliveries"), i, one)
    {
        if (notice->delivery_count < LIMIT_ALARM_TARGETS) {
            struct delivery *d = &deliveries[notice->delivery_count++];
            *d = (struct delivery){
                .state = (enum delivery_state)take_choice(one, "state", states, 5),
                .time_ms = take_number(one, "time"),
                .tries = (unsigned)take_number(one, "tries")};
            take_text(one, "target", d->name, sizeof d->name);
            take_text(one, "words", d->said, sizeof d->said);
        }
    }
    a->unsent += !notice_is_done(notice);
}

enum sk_code
alarm_load(void *context, struct bytes text, struct why *why)
{
    struct alarms *a = context;
    size_t i;
    json_t *one;

    a->alarm_count = a->notice_count = a->unsent = 0;
    a->raise_soon = true;
    a->next_ms = ALARM_TIME_FAR;
    if (text.size == 0) {
        return SK_OK;
    }
    json_t *json = json_loadb((const char *)text.at, text.size, 0, NULL);
    if (json == NULL || !json_is_array(json_object_get(json, "alarms")) ||
        json_array_size(json_object_get(json, "alarms")) > LIMIT_ALARMS ||
        json_array_size(json_object_get(json, "notices")) > LIMIT_ALARM_NOTICES) {
        json_decref(json);
        return why_set(why, SK_BAD, "the text of the alarms cannot be read");
    }
    json_array_foreach(json_object_get(json, "alarms"), i, one)
    {
        load_alarm(&a->alarms[a->alarm_count++], one);
    }
    json_array_foreach(json_object_get(json, "notices"), i, one)
    {
        load_notice(a, &a->notices[a->notice_count++], one);
    }
    json_decref(json);
    alarm_look_ahead(a);
    return SK_OK;
}

void
alarms_write_list(struct alarms *a, struct json *j, bool all, size_t most)
{
    bool done[LIMIT_ALARMS] = {false};

    json_open(j, '[');
    for (size_t shown = 0; shown < most; shown++) {
        size_t next = a->alarm_count;
        for (size_t i = 0; i < a->alarm_count; i++) {
            bool wanted = all || a->alarms[i].life != ALARM_ACKNOWLEDGED;
            if (wanted && !done[i] &&
                (next == a->alarm_count ||
                 a->alarms[i].last_ms > a->alarms[next].last_ms)) {
                next = i;
            }
        }
        if (next == a->alarm_count) {
            break;
        }
        done[next] = true;
        json_open(j, '{');
        alarm_write(&a->alarms[next], j);
        json_close(j);
    }
    json_close(j);
}

bool
alarms_write_one(struct alarms *a, struct bytes id, struct json *j)
{
    const struct alarm *alarm = alarm_of_id(a, id);

    if (alarm == NULL) {
        return false;
    }
    json_open(j, '{');
    alarm_write(alarm, j);
    json_key(j, "told_to");
    json_open(j, '[');
    for (size_t i = 0; i < a->notice_count; i++) {
        if (bytes_is(id, a->notices[i].alarm)) {
            json_open(j, '{');
            notice_write(&a->notices[i], j);
            json_close(j);
        }
    }
    json_close(j);
    json_close(j);
    return true;
}
