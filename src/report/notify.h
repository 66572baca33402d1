/* Tells people of alarms: mail through the next hop, web hooks, syslog. Lives in the clerk.
 *
 * The keeper hands over a notice (record/alarm.h) and is told what became of each delivery; what it does not hear of it
 * hands over again to the next clerk. All targets are tried at once; one that is slow or away keeps no other waiting. A
 * delivery that fails is tried again after 1, 2, 4, ... up to 300 seconds, for three days; then it is given up, and that is
 * recorded. The first failure is told at once, so that it can be seen.
 *
 *     {"alarm","notice","target","result":"sent"|"failed"|"gave_up","tries","words"} */
#pragma once

#include "arrive/settings.h"
#include "record/alarm_settings.h"

struct event_base;
struct notify;

#define NOTIFY_TARGET_TRIES_MAX 4 /* tries at one target at the same time */

struct notify_role {
    /* What became of a delivery, for the keeper. false: there is no link to it; it is told again later. */
    bool (*delivered)(void *context, struct bytes json);
    /* Has the keeper put a mail into a Maildir; notify_stored brings the answer. false: there is no link to the keeper. May
     * be NULL where the next hop is no Maildir. */
    bool (*store)(void *context, uint64_t token, struct bytes root, struct bytes address,
                  struct bytes message);
    void *context;
};

/* Reads the secrets and opens what it needs, before the process is hardened. The settings live on. */
enum sk_code notify_open(struct arena *arena, struct event_base *base,
                         const struct config *config, const struct alarm_settings *alarm,
                         const struct next_hop_settings *next_hop,
                         const struct notify_role *role, struct notify **notify_r,
                         struct why *why);
/* A notice of the keeper. One that is in hand already is not taken twice. */
void notify_notice(struct notify *notify, struct bytes json);
void notify_stored(struct notify *notify, uint64_t token, enum sk_code code);
/* The link to the keeper is gone: what it was asked to store is tried again. */
void notify_keeper_gone(struct notify *notify);
/* Deliveries under way, for the figures. */
size_t notify_waiting(const struct notify *notify);
void notify_close(struct notify *notify);

/* Milliseconds before the next try. */
int64_t notify_wait_ms(unsigned tries);
/* The secret that signs web hooks: of the file configured, else one among the keys, made when it is missing. */
enum sk_code notify_secret(struct arena *arena, const struct config *config,
                           const struct alarm_settings *alarm, struct bytes *secret_r,
                           struct why *why);
