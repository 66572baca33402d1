/* What the keeper tells the clerk of, for those who watch: every message that was kept, and what people or alarms did. The
 * clerk reads the record for what it missed; where it cannot follow (LIMIT_EVENTS_QUEUED), news is dropped and counted.
 *
 * Messages of a tenth of a second are told together: each alone would wake the clerk, and cost more than it says. */
#pragma once

#include "net/frame.h"
#include "sekisho/keeping.h"

struct keeper_news;

struct keeper_news *keeper_news_open(struct arena *arena, struct event_base *base,
                                     struct keeping_figures *figures);
/* The link to the clerk, or NULL when it is gone. */
void keeper_news_clerk(struct keeper_news *news, struct frame_link *clerk);
/* A message's row: nothing of what the message says. */
void keeper_news_message(struct keeper_news *news, const struct rows_event *event);
/* Anything else, one JSON object: told at once. */
void keeper_news_event(struct keeper_news *news, struct bytes json);
void keeper_news_close(struct keeper_news *news);
