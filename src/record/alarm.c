#include "record/alarm_private.h"

#include <jansson.h>

#include "arrive/arrival.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/utf8.h"

void
alarm_copy(char *to, size_t room, struct bytes from)
{
    size_t size = from.size < room - 1 ? from.size : room - 1;

    while (size < from.size && size > 0 && (from.at[size] & 0xc0) == 0x80) {
        size--;
    }
    if (size > 0) {
        memcpy(to, from.at, size);
    }
    to[utf8_mask((uint8_t *)to, size)] = '\0';
}

bool
alarm_passed(int64_t now_ms, int64_t then_ms, int64_t ms)
{
    return now_ms < then_ms || now_ms - then_ms >= ms;
}

bool
notice_is_done(const struct notice *notice)
{
    for (size_t i = 0; i < notice->delivery_count; i++) {
        if (notice->deliveries[i].state == DELIVERY_WAITS ||
            notice->deliveries[i].state == DELIVERY_FAILED) {
            return false;
        }
    }
    return true;
}

const char *
alarm_about_name(enum alarm_about about)
{
    static const char *const names[] = {[ABOUT_THREAT] = "threat",
                                        [ABOUT_CRASH] = "crash",
                                        [ABOUT_MANY] = "many",
                                        [ABOUT_TEST] = "test"};

    return names[about];
}

enum alarm_about
alarm_about_read(struct bytes name)
{
    return bytes_is(name, "crash")  ? ABOUT_CRASH
           : bytes_is(name, "many") ? ABOUT_MANY
           : bytes_is(name, "test") ? ABOUT_TEST
                                    : ABOUT_THREAT;
}

struct alarm *
alarm_of_campaign(struct alarms *a, const char *campaign)
{
    for (size_t i = 0; i < a->alarm_count; i++) {
        if (strcmp(a->alarms[i].campaign, campaign) == 0) {
            return &a->alarms[i];
        }
    }
    return NULL;
}

struct alarm *
alarm_of_id(struct alarms *a, struct bytes id)
{
    for (size_t i = 0; i < a->alarm_count && id.size > 0; i++) {
        if (bytes_is(id, a->alarms[i].id)) {
            return &a->alarms[i];
        }
    }
    return NULL;
}

struct alarms *
alarms_new(struct arena *arena, const struct alarm_settings *settings, struct bytes secret,
           int folder)
{
    struct alarms *a = ARENA_NEW(arena, struct alarms);

    a->arena = arena;
    a->settings = settings;
    a->secret = secret;
    a->folder = folder;
    a->next_ms = ALARM_TIME_FAR;
    a->alarms = ARENA_NEW_MANY(arena, LIMIT_ALARMS, struct alarm);
    a->notices = ARENA_NEW_MANY(arena, LIMIT_ALARM_NOTICES, struct notice);
    a->book = (struct book){.name = "alarm",
                            .kind = "alarm|content|crash",
                            .load = alarm_load,
                            .entry = alarm_entry,
                            .save = alarm_save,
                            .context = a};
    return a;
}

struct book *
alarms_book(struct alarms *a)
{
    return &a->book;
}

const char *
alarm_why_due(const struct alarms *a, const struct alarm *alarm, int64_t now_ms)
{
    if (alarm->asked || alarm->count <= alarm->told) {
        return NULL;
    }
    if (alarm->life == ALARM_PENDING) {
        return "new";
    }
    if (alarm->severity > alarm->raised_severity) {
        return "severity";
    }
    return alarm_passed(now_ms, alarm->noticed_ms, a->settings->interval_ms) ? "again"
                                                                             : NULL;
}

bool
alarm_escalation_due(const struct alarms *a, const struct alarm *alarm, int64_t now_ms)
{
    /* After a clock that jumped back the time lies too far away: no further than it can ever be set. */
    int64_t most = a->settings->escalate_after_ms << LIMIT_ALARM_ESCALATIONS;

    return !alarm->asked && alarm->life == ALARM_OPEN &&
           alarm->escalations < LIMIT_ALARM_ESCALATIONS &&
           (now_ms >= alarm->escalate_ms ||
            (alarm->escalate_ms != ALARM_TIME_FAR && alarm->escalate_ms - now_ms > most));
}

void
alarm_look_ahead(struct alarms *a)
{
    a->next_ms = ALARM_TIME_FAR;
    for (size_t i = 0; i < a->alarm_count; i++) {
        const struct alarm *alarm = &a->alarms[i];
        int64_t due = ALARM_TIME_FAR;
        if (alarm->count > alarm->told) {
            due = alarm->noticed_ms + a->settings->interval_ms;
        }
        if (alarm->life == ALARM_OPEN && alarm->escalations < LIMIT_ALARM_ESCALATIONS &&
            alarm->escalate_ms < due) {
            due = alarm->escalate_ms;
        }
        a->next_ms = due < a->next_ms ? due : a->next_ms;
    }
}

bool
alarms_is_due(const struct alarms *a, int64_t now_ms)
{
    int64_t interval = a->settings->interval_ms;
    int64_t escalation = a->settings->escalate_after_ms << LIMIT_ALARM_ESCALATIONS;

    return a->raise_soon || now_ms >= a->next_ms ||
           (a->next_ms != ALARM_TIME_FAR &&
            a->next_ms - now_ms > (interval > escalation ? interval : escalation));
}

static void
open_record(struct writer *w, struct json *j, struct arena *arena, const char *kind,
            int64_t now_ms)
{
    writer_init(w, arena);
    json_init(j, w);
    json_open(j, '{');
    json_put_number(j, "v", 1);
    json_put_text(j, "kind", kind);
    json_put_number(j, "time", now_ms);
}

static void
write_targets(const struct alarms *a, struct json *j, bool escalated, bool all)
{
    json_key(j, "targets");
    json_open(j, '[');
    for (size_t i = 0; i < a->settings->target_count; i++) {
        const struct alarm_target *target = &a->settings->targets[i];
        if (all || (escalated ? target->escalated : target->first)) {
            json_bytes(j, target->name);
        }
    }
    json_close(j);
}

static struct bytes
write_raised(const struct alarms *a, struct arena *arena, const struct alarm *alarm,
             const char *why, int64_t now_ms)
{
    struct writer w;
    struct json j;
    bool new = alarm->life != ALARM_OPEN;

    open_record(&w, &j, arena, "alarm.raised", now_ms);
    json_put_string(&j, "alarm",
                    new ? arrival_new_id(arena, now_ms) : bytes_from_text(alarm->id));
    json_put_number(&j, "notice", new ? 1 : (int64_t)alarm->notices + 1);
    json_put_text(&j, "why", why);
    json_put_text(&j, "campaign", alarm->campaign);
    json_put_text(&j, "about", alarm_about_name(alarm->about));
    if (alarm->threat[0] != '\0') {
        json_put_text(&j, "threat", alarm->threat);
    }
    json_put_number(&j, "severity", alarm->severity);
    json_put_number(&j, "count", (int64_t)alarm->count);
    json_put_number(&j, "more", (int64_t)(alarm->count - alarm->told));
    json_put_number(&j, "first", alarm->first_ms);
    if (alarm->life != ALARM_PENDING) {
        json_put_number(&j, "since", alarm->noticed_ms);
    }
    json_put_text(&j, "message", alarm->message);
    json_put_number(&j, "entry", (int64_t)alarm->entry);
    write_targets(a, &j, false, false);
    json_close(&j);
    return writer_view(&w);
}

static struct bytes
write_escalated(const struct alarms *a, struct arena *arena, const struct alarm *alarm,
                int64_t now_ms)
{
    struct writer w;
    struct json j;

    open_record(&w, &j, arena, "alarm.escalated", now_ms);
    json_put_text(&j, "alarm", alarm->id);
    json_put_number(&j, "notice", (int64_t)alarm->notices + 1);
    json_put_number(&j, "step", (int64_t)alarm->escalations + 1);
    json_put_number(&j, "raised", alarm->raised_ms);
    write_targets(a, &j, true, false);
    json_close(&j);
    return writer_view(&w);
}

size_t
alarms_due(struct alarms *a, struct arena *arena, int64_t now_ms,
           void (*keep)(void *context, struct bytes record), void *context)
{
    size_t count = 0;

    a->raise_soon = false;
    for (size_t i = 0; i < a->alarm_count; i++) {
        struct alarm *alarm = &a->alarms[i];
        const char *why = alarm_why_due(a, alarm, now_ms);
        bool escalate = why == NULL && alarm_escalation_due(a, alarm, now_ms);
        if (why == NULL && !escalate) {
            continue;
        }
        if (a->unsent + count >= LIMIT_ALARM_NOTICES) {
            break; /* it stays due, and counts, until there is room */
        }
        keep(context, why != NULL ? write_raised(a, arena, alarm, why, now_ms)
                                  : write_escalated(a, arena, alarm, now_ms));
        alarm->asked = true;
        count++;
    }
    alarm_look_ahead(a);
    return count;
}

void
alarms_forget_asked(struct alarms *a)
{
    for (size_t i = 0; i < a->alarm_count; i++) {
        a->alarms[i].asked = false;
    }
    a->raise_soon = true;
}

void
alarms_hand_out_again(struct alarms *a)
{
    for (size_t i = 0; i < a->notice_count; i++) {
        a->notices[i].handed_out = false;
    }
}

static struct bytes
field(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static struct delivery *
find_delivery(struct alarms *a, const json_t *said)
{
    struct bytes id = field(said, "alarm"), target = field(said, "target");
    int64_t number = json_integer_value(json_object_get(said, "notice"));

    for (size_t i = a->notice_count; i > 0; i--) {
        struct notice *notice = &a->notices[i - 1];
        if (notice->number != number || !bytes_is(id, notice->alarm)) {
            continue;
        }
        for (size_t k = 0; k < notice->delivery_count; k++) {
            if (bytes_is(target, notice->deliveries[k].name)) {
                return &notice->deliveries[k];
            }
        }
    }
    return NULL;
}

enum sk_code
alarms_sent(struct alarms *a, struct arena *arena, struct bytes said, int64_t now_ms,
            struct bytes *record_r, struct why *why)
{
    json_t *json = json_loadb((const char *)said.at, said.size, 0, NULL);
    const struct delivery *delivery = json != NULL ? find_delivery(a, json) : NULL;
    struct bytes result = field(json, "result");
    struct writer w;
    struct json j;

    *record_r = BYTES_NONE;
    if (delivery == NULL) {
        json_decref(json);
        return why_set(why, SK_BAD, "an unknown delivery of an alarm was reported");
    }
    bool failed = bytes_is(result, "failed");
    bool over = delivery->state == DELIVERY_SENT || delivery->state == DELIVERY_GAVE_UP;
    if (over || (failed && delivery->state == DELIVERY_FAILED)) {
        json_decref(json);
        return SK_OK;
    }
    open_record(&w, &j, arena, "alarm.sent", now_ms);
    json_put_string(&j, "alarm", field(json, "alarm"));
    json_put_number(&j, "notice", json_integer_value(json_object_get(json, "notice")));
    json_put_string(&j, "target", field(json, "target"));
    json_put_text(&j, "result",
                  failed                     ? "failed"
                  : bytes_is(result, "sent") ? "sent"
                                             : "gave_up");
    json_put_number(&j, "tries", json_integer_value(json_object_get(json, "tries")));
    struct bytes words = field(json, "words");
    if (words.size > 0) {
        json_put_string(&j, "words", bytes_slice(words, 0, LIMIT_RECORD_FIELD));
    }
    json_close(&j);
    json_decref(json);
    *record_r = writer_view(&w);
    return SK_OK;
}

enum sk_code
alarms_acknowledge(struct alarms *a, struct arena *arena, struct bytes id, struct bytes by,
                   struct bytes channel, struct bytes note, int64_t now_ms,
                   struct bytes *record_r, struct why *why)
{
    const struct alarm *alarm = alarm_of_id(a, id);
    struct writer w;
    struct json j;

    *record_r = BYTES_NONE;
    if (alarm == NULL) {
        return why_set(why, SK_BAD,
                       "there is no such alarm (sekisho alarm list tells them)");
    }
    if (alarm->life == ALARM_ACKNOWLEDGED) {
        return why_set(why, SK_BAD, "%s has acknowledged it already", alarm->by);
    }
    if (by.size == 0 || by.size >= ALARM_BY) {
        return why_set(why, SK_BAD, "who acknowledges? A name of 1 to %d bytes is wanted",
                       ALARM_BY - 1);
    }
    if (note.size > LIMIT_ALARM_NOTE) {
        return why_set(why, SK_LIMIT, "the note is longer than %d bytes", LIMIT_ALARM_NOTE);
    }
    open_record(&w, &j, arena, "alarm.acknowledged", now_ms);
    json_put_string(&j, "alarm", id);
    json_put_string(&j, "by", by);
    json_put_string(&j, "channel", channel);
    if (note.size > 0) {
        json_put_string(&j, "note", note);
    }
    json_put_number(&j, "count", (int64_t)alarm->count);
    json_close(&j);
    *record_r = writer_view(&w);
    return SK_OK;
}

struct bytes
alarms_test(struct alarms *a, struct arena *arena, struct bytes by, int64_t now_ms,
            struct bytes *id_r)
{
    struct writer w;
    struct json j;

    *id_r = arrival_new_id(arena, now_ms);
    open_record(&w, &j, arena, "alarm.raised", now_ms);
    json_put_string(&j, "alarm", *id_r);
    json_put_number(&j, "notice", 1);
    json_put_text(&j, "why", "test");
    json_put_text(&j, "campaign", "test");
    json_put_text(&j, "about", "test");
    json_put_number(&j, "severity", 1);
    json_put_number(&j, "count", 1);
    json_put_number(&j, "more", 1);
    json_put_number(&j, "first", now_ms);
    json_put_string(&j, "by", by);
    write_targets(a, &j, false, true);
    json_close(&j);
    return writer_view(&w);
}

struct alarm_counts
alarms_count(const struct alarms *a)
{
    struct alarm_counts counts = {.unsent = a->unsent, .campaigns = a->alarm_count};

    for (size_t i = 0; i < a->alarm_count; i++) {
        counts.open += a->alarms[i].life == ALARM_OPEN;
    }
    return counts;
}
