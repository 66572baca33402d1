/* The state behind alarm.h.
 *
 * An alarm is the latest one of its campaign; a notice is one telling of it, with a state for each target. Both lie in
 * tables of a fixed size, oldest first. */
#pragma once

#include "record/alarm.h"

#define ALARM_TIME_FAR ((int64_t)INT64_MAX / 4)
#define ALARM_WORD     24 /* of a kind, with its NUL */
#define ALARM_SAID     120
#define ALARM_BY       80
#define ALARM_NOTE     240

enum alarm_about { ABOUT_THREAT, ABOUT_CRASH, ABOUT_MANY, ABOUT_TEST };

enum alarm_life {
    ALARM_PENDING,      /* seen, not raised yet */
    ALARM_OPEN,         /* raised, nobody has acknowledged */
    ALARM_ACKNOWLEDGED, /* somebody has */
};

struct alarm {
    char campaign[ALARM_CAMPAIGN_SIZE + 1];
    char id[ALARM_ID_SIZE + 1]; /* "" while pending for the first time */
    enum alarm_life life;
    enum alarm_about about;
    char threat[ALARM_WORD]; /* kind of threat */
    int severity;            /* highest seen */
    int raised_severity;     /* highest told of */
    uint64_t count,
        told; /* sightings of the campaign, and of them told of (or acknowledged) */
    int64_t first_ms, last_ms, raised_ms, noticed_ms;
    int64_t escalate_ms; /* due then; ALARM_TIME_FAR: no more */
    unsigned notices, escalations;
    uint64_t entry;                  /* of the severest sighting */
    char message[ALARM_ID_SIZE + 1]; /* its message */
    int64_t acknowledged_ms;
    char by[ALARM_BY], note[ALARM_NOTE]; /* the note's beginning; the ledger has it all */
    bool asked;                          /* memory only: a record about it is being kept */
};

enum delivery_state {
    DELIVERY_NONE,
    DELIVERY_WAITS,
    DELIVERY_FAILED,
    DELIVERY_SENT,
    DELIVERY_GAVE_UP
};

struct delivery {
    enum delivery_state state;
    char name[ALARM_NAME_SIZE];
    int64_t time_ms;
    unsigned tries;
    char said[ALARM_SAID];
};

struct notice {
    char alarm[ALARM_ID_SIZE + 1];
    unsigned number, step; /* step: of an escalation, else 0 */
    enum alarm_about about;
    char why[ALARM_WORD], threat[ALARM_WORD], by[ALARM_BY];
    int severity;
    int64_t time_ms, since_ms, first_ms;
    uint64_t count, more, entry;
    char message[ALARM_ID_SIZE + 1];
    bool handed_out; /* memory only */
    size_t delivery_count;
    struct delivery
        *deliveries; /* LIMIT_ALARM_TARGETS; NULL until the slot is first used */
};

struct alarms {
    struct arena *arena;
    const struct alarm_settings *settings;
    struct bytes secret;
    int folder;
    struct book book;
    struct alarm *alarms;
    size_t alarm_count;
    struct notice *notices; /* oldest first */
    size_t notice_count, unsent;
    bool raise_soon; /* something is due since the last look */
    int64_t next_ms; /* and else then */
};

/* Copies clean text into a field of a fixed size. */
void alarm_copy(char *to, size_t room, struct bytes from);
/* Whether `ms` have passed since `then`; a `then` in the future is long ago. */
bool alarm_passed(int64_t now_ms, int64_t then_ms, int64_t ms);
bool notice_is_done(const struct notice *notice);
struct alarm *alarm_of_campaign(struct alarms *a, const char *campaign);
struct alarm *alarm_of_id(struct alarms *a, struct bytes id);
/* Why an alarm is due now, NULL if it is not. */
const char *alarm_why_due(const struct alarms *a, const struct alarm *alarm,
                          int64_t now_ms);
bool alarm_escalation_due(const struct alarms *a, const struct alarm *alarm,
                          int64_t now_ms);
/* When something is due next, if no entry comes. */
void alarm_look_ahead(struct alarms *a);
const char *alarm_about_name(enum alarm_about about);
enum alarm_about alarm_about_read(struct bytes name);

/* The book's calls. */
enum sk_code alarm_load(void *context, struct bytes text, struct why *why);
void alarm_entry(void *context, uint64_t index, struct bytes record);
void alarm_save(void *context, struct writer *w);
void alarm_write(const struct alarm *alarm, struct json *j);
void notice_write(const struct notice *notice, struct json *j);
