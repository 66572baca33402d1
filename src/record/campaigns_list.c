/* What is told of campaigns: how many messages, when. Reads the index once for each answer. */
#include "record/campaigns_private.h"

#include <stdlib.h>

#include "base/hash.h"

#define HOUR_MS   INT64_C(3600000)
#define DAY_HOURS 24
#define LIST_DAYS 14

struct counted {
    uint64_t campaign; /* 0: free */
    uint32_t first, last;
    size_t count;
    uint32_t days[LIST_DAYS]; /* the last one is today */
};

/* The day of an hour in the zone, since 1970. */
static int64_t
day_of(uint32_t hour, int zone_minutes)
{
    return ((int64_t)hour * 60 + zone_minutes) / (DAY_HOURS * 60);
}

static int64_t
day_ms(int64_t day, int zone_minutes)
{
    return (day * DAY_HOURS * 60 - zone_minutes) * 60000;
}

struct counting {
    struct counted *list;
    size_t room; /* a power of two */
};

/* Twice as many places as there are messages, so there is always a free one. */
static struct counted *
counted_of(const struct counting *t, uint64_t campaign)
{
    size_t at = hash_mix(campaign) & (t->room - 1);

    while (t->list[at].campaign != 0 && t->list[at].campaign != campaign) {
        at = (at + 1) & (t->room - 1);
    }
    t->list[at].campaign = campaign;
    return &t->list[at];
}

static size_t
count_all(const struct campaigns *c, struct counting *t)
{
    struct campaign_member member;
    size_t known = 0;

    for (size_t i = 0; i < campaign_index_held(&c->index); i++) {
        if (!campaign_index_member(&c->index, i, &member)) {
            continue;
        }
        struct counted *one = counted_of(t, member.campaign);
        one->first = one->count == 0 || member.hour < one->first ? member.hour : one->first;
        one->last = member.hour > one->last ? member.hour : one->last;
        one->count++;
        known++;
    }
    return known;
}

static void
count_days(const struct campaigns *c, struct counting *t,
           const struct campaigns_query *query)
{
    struct campaign_member member;
    int64_t today = day_of((uint32_t)(query->now_ms / HOUR_MS), query->zone_minutes);

    for (size_t i = 0; i < campaign_index_held(&c->index); i++) {
        if (!campaign_index_member(&c->index, i, &member)) {
            continue;
        }
        int64_t ago = today - day_of(member.hour, query->zone_minutes);
        if (ago >= 0 && ago < LIST_DAYS) {
            counted_of(t, member.campaign)->days[LIST_DAYS - 1 - ago]++;
        }
    }
}

static int
newest_first(const void *a, const void *b)
{
    const struct counted *x = *(const struct counted *const *)a,
                         *y = *(const struct counted *const *)b;

    if (x->last != y->last) {
        return x->last < y->last ? 1 : -1;
    }
    if (x->count != y->count) {
        return x->count < y->count ? 1 : -1;
    }
    return (x->campaign > y->campaign) - (x->campaign < y->campaign);
}

static void
write_counted(const struct counted *one, struct json *j)
{
    json_put_number(j, "campaign", (int64_t)one->campaign);
    json_put_number(j, "messages", (int64_t)one->count);
    json_put_number(j, "first", (int64_t)one->first * HOUR_MS);
    json_put_number(j, "last", (int64_t)one->last * HOUR_MS);
}

static void
write_day(struct json *j, int64_t day, int zone_minutes, uint32_t count)
{
    json_open(j, '[');
    json_number(j, day_ms(day, zone_minutes));
    json_number(j, count);
    json_close(j);
}

static void
write_listed(const struct counted *one, const struct campaigns_query *query, struct json *j)
{
    int64_t today = day_of((uint32_t)(query->now_ms / HOUR_MS), query->zone_minutes);

    json_open(j, '{');
    write_counted(one, j);
    json_key(j, "days");
    json_open(j, '[');
    for (int64_t i = 0; i < LIST_DAYS; i++) {
        write_day(j, today - LIST_DAYS + 1 + i, query->zone_minutes, one->days[i]);
    }
    json_close(j);
    json_close(j);
}

void
campaigns_write_list(const struct campaigns *c, struct arena *arena,
                     const struct campaigns_query *query, struct json *j)
{
    struct counting t = {.room = 64};
    size_t count = 0;

    while (t.room < 2 * campaign_index_held(&c->index)) {
        t.room *= 2;
    }
    t.list = ARENA_NEW_MANY(arena, t.room, struct counted);
    size_t known = count_all(c, &t);
    count_days(c, &t, query);
    const struct counted **chosen = arena_take_many(arena, t.room, sizeof *chosen);
    for (size_t i = 0; i < t.room; i++) {
        if (t.list[i].count >= query->least && t.list[i].count > 0 &&
            (int64_t)t.list[i].last * HOUR_MS + HOUR_MS > query->since_ms) {
            chosen[count++] = &t.list[i];
        }
    }
    qsort(chosen, count, sizeof *chosen, newest_first);
    json_put_number(j, "messages", (int64_t)known);
    json_put_bool(j, "more", count > query->most);
    json_key(j, "campaigns");
    json_open(j, '[');
    for (size_t i = 0; i < count && i < query->most; i++) {
        write_listed(chosen[i], query, j);
    }
    json_close(j);
}

/* The last CAMPAIGNS_DAYS from its first day on, those without a message too. */
static void
write_days(const struct campaigns *c, struct arena *arena, const struct counted *one,
           int zone_minutes, struct json *j)
{
    uint32_t *days = ARENA_NEW_MANY(arena, CAMPAIGNS_DAYS, uint32_t);
    struct campaign_member member;
    int64_t first = day_of(one->first, zone_minutes),
            last = day_of(one->last, zone_minutes);

    first = last - first >= CAMPAIGNS_DAYS ? last - CAMPAIGNS_DAYS + 1 : first;
    for (size_t i = 0; i < campaign_index_held(&c->index); i++) {
        int64_t day;
        if (campaign_index_member(&c->index, i, &member) &&
            member.campaign == one->campaign &&
            (day = day_of(member.hour, zone_minutes)) >= first && day <= last) {
            days[day - first]++;
        }
    }
    json_key(j, "days");
    json_open(j, '[');
    for (int64_t i = 0; i <= last - first; i++) {
        write_day(j, first + i, zone_minutes, days[i]);
    }
    json_close(j);
}

enum sk_code
campaigns_write_one(const struct campaigns *c, struct arena *arena, uint64_t campaign,
                    size_t most, int zone_minutes, struct json *j, struct why *why)
{
    struct counted one = {.campaign = campaign};
    struct campaign_member member;

    for (size_t i = 0; i < campaign_index_held(&c->index); i++) {
        if (campaign_index_member(&c->index, i, &member) && member.campaign == campaign) {
            one.first = one.count == 0 || member.hour < one.first ? member.hour : one.first;
            one.last = member.hour > one.last ? member.hour : one.last;
            one.count++;
        }
    }
    if (one.count == 0 || campaign == 0) {
        return why_set(why, SK_BAD, "no message is known to be of campaign %llu",
                       (unsigned long long)campaign);
    }
    write_counted(&one, j);
    write_days(c, arena, &one, zone_minutes, j);
    json_key(j, "entries");
    json_open(j, '[');
    for (size_t i = campaign_index_held(&c->index); i-- > 0 && most > 0;) {
        if (campaign_index_member(&c->index, i, &member) && member.campaign == campaign) {
            json_number(j, (int64_t)member.number - 1);
            most--;
        }
    }
    json_close(j);
    return SK_OK;
}
