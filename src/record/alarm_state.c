/* What each entry of the ledger does to the alarms. Nothing else changes them. */
#include "record/alarm_private.h"

#include <jansson.h>
#include <stdio.h>

#include "base/limits.h"

#define HOUR_MS ((int64_t)3600000)

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static int64_t
number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void
forget_alarm(struct alarms *a, size_t i)
{
    memmove(&a->alarms[i], &a->alarms[i + 1],
            (a->alarm_count - i - 1) * sizeof a->alarms[0]);
    a->alarm_count--;
}

/* A place for a new campaign; NULL when all are taken by alarms that wait for somebody. */
static struct alarm *
add_alarm(struct alarms *a, const char *campaign, enum alarm_about about)
{
    size_t oldest = a->alarm_count;

    if (a->alarm_count == LIMIT_ALARMS) {
        for (size_t i = 0; i < a->alarm_count; i++) {
            if (a->alarms[i].life == ALARM_ACKNOWLEDGED &&
                a->alarms[i].count == a->alarms[i].told &&
                (oldest == a->alarm_count ||
                 a->alarms[i].last_ms < a->alarms[oldest].last_ms)) {
                oldest = i;
            }
        }
        if (oldest == a->alarm_count) {
            return NULL;
        }
        forget_alarm(a, oldest);
    }
    struct alarm *alarm = &a->alarms[a->alarm_count++];
    *alarm = (struct alarm){.about = about, .escalate_ms = ALARM_TIME_FAR};
    alarm_copy(alarm->campaign, sizeof alarm->campaign, bytes_from_text(campaign));
    return alarm;
}

/* Threats of one hour that are told of one by one; a flood of different ones would keep everybody from the first. */
static bool
too_many_new(const struct alarms *a, int64_t time_ms)
{
    size_t count = 0;

    for (size_t i = 0; i < a->alarm_count; i++) {
        count +=
            a->alarms[i].about == ABOUT_THREAT && a->alarms[i].first_ms > time_ms - HOUR_MS;
    }
    return count >= LIMIT_ALARM_NEW;
}

static void
sighted(struct alarms *a, const char *campaign, enum alarm_about about, struct bytes threat,
        int severity, int64_t time_ms, struct bytes message, uint64_t index)
{
    struct alarm *alarm = alarm_of_campaign(a, campaign);

    if (alarm == NULL && about == ABOUT_THREAT && too_many_new(a, time_ms)) {
        about = ABOUT_MANY;
        campaign = "many";
        alarm = alarm_of_campaign(a, campaign);
    }
    if (alarm == NULL) {
        alarm = add_alarm(a, campaign, about);
        if (alarm == NULL) { /* only where as many alarms wait as there are places */
            alarm = &a->alarms[a->alarm_count - 1];
        } else {
            alarm->first_ms = time_ms;
        }
    }
    alarm->count++;
    alarm->last_ms = time_ms;
    if (severity > alarm->severity || alarm->message[0] == '\0') {
        alarm->severity = severity;
        alarm->entry = index;
        alarm_copy(alarm->message, sizeof alarm->message, message);
        alarm_copy(alarm->threat, sizeof alarm->threat, threat);
    }
    if (alarm_why_due(a, alarm, time_ms) != NULL) {
        a->raise_soon = true;
    }
}

/* Our own alarm that came back to us, by its Message-ID, which nobody else can make. */
static bool
is_our_mail(struct alarms *a, struct bytes message_id)
{
    struct bytes rest = message_id, word, alarm, number;
    struct arena arena;
    uint64_t notice;

    if (!bytes_split(&rest, '.', &word) || !bytes_is(word, "alarm") ||
        !bytes_split(&rest, '.', &alarm) || !bytes_split(&rest, '.', &number) ||
        !bytes_to_number(number, 1000000, &notice)) {
        return false;
    }
    size_t at = bytes_find_byte(rest, '@', 0);
    arena_init(&arena, ARENA_BLOCK_SIZE);
    bool ours =
        at != BYTES_NOWHERE &&
        bytes_equal(message_id, alarm_mail_id(&arena, a->secret, alarm, (unsigned)notice,
                                              bytes_from(rest, at + 1)));
    arena_release(&arena);
    return ours;
}

/* {"threat":{"kind","severity","words"}}, or the three side by side. */
static void
entry_content(struct alarms *a, uint64_t index, const json_t *json)
{
    const json_t *threat = json_object_get(json, "threat");
    bool object = json_is_object(threat);
    struct bytes kind = object ? text_of(threat, "kind") : text_of(json, "threat");
    int64_t severity =
        object ? number_of(threat, "severity") : number_of(json, "threat_severity");
    struct bytes words = object ? text_of(threat, "words") : text_of(json, "threat_words");
    char campaign[ALARM_CAMPAIGN_SIZE + 1];

    /* A content entry that was written again, because a recipient withdrew, is no new sighting. */
    if (kind.size == 0 || bytes_is(kind, "none") || severity < a->settings->severity ||
        severity > 5 || json_object_get(json, "of") != NULL ||
        is_our_mail(a, text_of(json, "message_id"))) {
        return;
    }
    alarm_key(a->secret, kind, words, campaign);
    sighted(a, campaign, ABOUT_THREAT, kind, (int)severity, number_of(json, "time"),
            text_of(json, "id"), index);
}

/* A message that ended two workers. */
static void
entry_crash(struct alarms *a, uint64_t index, const json_t *json)
{
    sighted(a, "crash", ABOUT_CRASH, BYTES_NONE, 4, number_of(json, "time"),
            text_of(json, "id"), index);
}

static void
forget_notice(struct alarms *a, size_t i)
{
    struct delivery *deliveries = a->notices[i].deliveries;

    a->unsent -= !notice_is_done(&a->notices[i]);
    memmove(&a->notices[i], &a->notices[i + 1],
            (a->notice_count - i - 1) * sizeof a->notices[0]);
    a->notice_count--;
    a->notices[a->notice_count] = (struct notice){.deliveries = deliveries};
}

static struct notice *
add_notice(struct alarms *a)
{
    if (a->notice_count == LIMIT_ALARM_NOTICES) {
        size_t i = 0;
        while (i < a->notice_count && !notice_is_done(&a->notices[i])) {
            i++;
        }
        forget_notice(a, i == a->notice_count ? 0 : i);
    }
    struct notice *notice = &a->notices[a->notice_count++];
    if (notice->deliveries == NULL) {
        notice->deliveries = ARENA_NEW_MANY(a->arena, LIMIT_ALARM_TARGETS, struct delivery);
    }
    *notice = (struct notice){.deliveries = notice->deliveries};
    return notice;
}

static void
notice_targets(struct alarms *a, struct notice *notice, const json_t *targets)
{
    size_t i;
    json_t *name;

    json_array_foreach(targets, i, name)
    {
        if (json_is_string(name) && notice->delivery_count < LIMIT_ALARM_TARGETS) {
            struct delivery *d = &notice->deliveries[notice->delivery_count++];
            *d = (struct delivery){.state = DELIVERY_WAITS};
            alarm_copy(d->name, sizeof d->name, bytes_from_text(json_string_value(name)));
        }
    }
    a->unsent += !notice_is_done(notice);
}

/* What both kinds of notices carry, from the alarm. */
static struct notice *
notice_of(struct alarms *a, struct alarm *alarm, const json_t *json)
{
    struct notice *notice = add_notice(a);

    memcpy(notice->alarm, alarm->id, sizeof notice->alarm);
    memcpy(notice->message, alarm->message, sizeof notice->message);
    memcpy(notice->threat, alarm->threat, sizeof notice->threat);
    notice->about = alarm->about;
    notice->severity = alarm->severity;
    notice->number = alarm->notices;
    notice->time_ms = number_of(json, "time");
    notice->first_ms = alarm->first_ms;
    notice->count = alarm->count;
    notice->entry = alarm->entry;
    notice_targets(a, notice, json_object_get(json, "targets"));
    return notice;
}

static void
take_facts(struct alarm *alarm, const json_t *json, bool new)
{
    alarm->raised_severity = (int)number_of(json, "severity");
    if (alarm->raised_severity > alarm->severity) {
        alarm->severity = alarm->raised_severity;
    }
    alarm->told = (uint64_t)number_of(json, "count");
    if (alarm->count < alarm->told) { /* sightings that were purged since */
        alarm->count = alarm->told;
    }
    alarm->noticed_ms = number_of(json, "time");
    alarm->notices = (unsigned)number_of(json, "notice");
    if (alarm->first_ms == 0) {
        alarm->first_ms = number_of(json, "first");
        alarm->last_ms = alarm->noticed_ms;
    }
    if (alarm->message[0] == '\0') {
        alarm_copy(alarm->message, sizeof alarm->message, text_of(json, "message"));
        alarm_copy(alarm->threat, sizeof alarm->threat, text_of(json, "threat"));
        alarm->entry = (uint64_t)number_of(json, "entry");
    }
    if (new) {
        alarm_copy(alarm->id, sizeof alarm->id, text_of(json, "alarm"));
        alarm->raised_ms = alarm->noticed_ms;
        alarm->escalations = 0;
        alarm->acknowledged_ms = 0;
        alarm->by[0] = alarm->note[0] = '\0';
    }
}

static void
entry_raised(struct alarms *a, const json_t *json)
{
    struct bytes campaign = text_of(json, "campaign");
    char name[ALARM_CAMPAIGN_SIZE + 1];
    bool test = bytes_is(text_of(json, "about"), "test");

    alarm_copy(name, sizeof name, campaign);
    struct alarm *alarm = alarm_of_campaign(a, name);
    if (alarm == NULL) {
        alarm = add_alarm(a, name, alarm_about_read(text_of(json, "about")));
    }
    if (alarm == NULL) {
        return;
    }
    bool new = !bytes_is(text_of(json, "alarm"), alarm->id);
    alarm->asked = false;
    if (test) {
        alarm->count = 0;
        alarm->first_ms = alarm->last_ms = number_of(json, "time");
    }
    take_facts(alarm, json, new);
    struct notice *notice = notice_of(a, alarm, json);
    notice->severity = alarm->raised_severity;
    notice->count = alarm->told;
    notice->more = (uint64_t)number_of(json, "more");
    notice->since_ms = number_of(json, "since");
    alarm_copy(notice->why, sizeof notice->why, text_of(json, "why"));
    alarm_copy(notice->by, sizeof notice->by, text_of(json, "by"));
    if (test) {
        alarm->life = ALARM_ACKNOWLEDGED;
        alarm->acknowledged_ms = alarm->raised_ms;
        alarm_copy(alarm->by, sizeof alarm->by, text_of(json, "by"));
    } else {
        alarm->life = ALARM_OPEN;
        alarm->escalate_ms =
            new ? alarm->raised_ms + a->settings->escalate_after_ms : alarm->escalate_ms;
    }
}

static void
entry_escalated(struct alarms *a, const json_t *json)
{
    struct alarm *alarm = alarm_of_id(a, text_of(json, "alarm"));

    if (alarm == NULL) {
        return;
    }
    alarm->asked = false;
    alarm->escalations = (unsigned)number_of(json, "step");
    alarm->notices = (unsigned)number_of(json, "notice");
    if (alarm->escalations > LIMIT_ALARM_ESCALATIONS) {
        alarm->escalations = LIMIT_ALARM_ESCALATIONS;
    }
    alarm->escalate_ms =
        number_of(json, "time") + (a->settings->escalate_after_ms << alarm->escalations);
    struct notice *notice = notice_of(a, alarm, json);
    notice->step = alarm->escalations;
    notice->since_ms = alarm->raised_ms;
    alarm_copy(notice->why, sizeof notice->why, BYTES("escalated"));
}

static void
entry_acknowledged(struct alarms *a, const json_t *json)
{
    struct alarm *alarm = alarm_of_id(a, text_of(json, "alarm"));

    if (alarm == NULL) {
        return;
    }
    alarm->life = ALARM_ACKNOWLEDGED;
    alarm->acknowledged_ms = number_of(json, "time");
    alarm->escalate_ms = ALARM_TIME_FAR;
    alarm->asked = false;
    uint64_t count = (uint64_t)number_of(json, "count");
    alarm->told = count > alarm->told && count <= alarm->count ? count : alarm->told;
    alarm_copy(alarm->by, sizeof alarm->by, text_of(json, "by"));
    alarm_copy(alarm->note, sizeof alarm->note, text_of(json, "note"));
}

static void
entry_sent(struct alarms *a, const json_t *json)
{
    struct bytes id = text_of(json, "alarm"), target = text_of(json, "target");
    struct bytes result = text_of(json, "result");

    for (size_t i = 0; i < a->notice_count; i++) {
        struct notice *notice = &a->notices[i];
        if (notice->number != number_of(json, "notice") || !bytes_is(id, notice->alarm)) {
            continue;
        }
        bool done = notice_is_done(notice);
        for (size_t k = 0; k < notice->delivery_count; k++) {
            struct delivery *d = &notice->deliveries[k];
            if (!bytes_is(target, d->name)) {
                continue;
            }
            d->state = bytes_is(result, "sent")     ? DELIVERY_SENT
                       : bytes_is(result, "failed") ? DELIVERY_FAILED
                                                    : DELIVERY_GAVE_UP;
            d->time_ms = number_of(json, "time");
            d->tries = (unsigned)number_of(json, "tries");
            alarm_copy(d->said, sizeof d->said, text_of(json, "words"));
        }
        a->unsent -= !done && notice_is_done(notice);
    }
}

void
alarm_entry(void *context, uint64_t index, struct bytes record)
{
    struct alarms *a = context;
    bool content = bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"content\""));

    /* Nearly all entries of content have no threat, and the keeper is in a hurry. */
    if (content && bytes_find(record, BYTES("\"threat\""), 0) == BYTES_NOWHERE) {
        return;
    }
    json_t *json = json_loadb((const char *)record.at, record.size,
                              JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
    struct bytes kind = text_of(json, "kind");
    if (content) {
        entry_content(a, index, json);
    } else if (bytes_is(kind, "crash")) {
        entry_crash(a, index, json);
    } else if (bytes_is(kind, "alarm.raised")) {
        entry_raised(a, json);
    } else if (bytes_is(kind, "alarm.escalated")) {
        entry_escalated(a, json);
    } else if (bytes_is(kind, "alarm.acknowledged")) {
        entry_acknowledged(a, json);
    } else if (bytes_is(kind, "alarm.sent")) {
        entry_sent(a, json);
    }
    json_decref(json);
    alarm_look_ahead(a);
}
