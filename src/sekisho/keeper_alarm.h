/* The keeper's part in alarms: keeps what is due in the ledger, and hands notices to the clerk, who sends them. */
#pragma once

#include "net/frame.h"
#include "sekisho/keeping.h"

struct event_base;
struct keeper_alarm;

struct keeper_alarm *keeper_alarm_open(struct arena *arena, struct event_base *base,
                                       struct keeping *keeping);
/* After each commit, and every second: if something is due it is done soon, from the loop. */
void keeper_alarm_look(struct keeper_alarm *ka);
/* A new link to the clerk, who is handed all that was not delivered; NULL: it is gone. */
void keeper_alarm_clerk(struct keeper_alarm *ka, struct frame_link *clerk);
/* A WIRE_ALARM_DELIVERED frame. */
void keeper_alarm_delivered(struct keeper_alarm *ka, struct bytes payload);
void keeper_alarm_close(struct keeper_alarm *ka);
