/* Lures and phishing in the judge: judge.c asks, judge_open.c opens. */
#pragma once

#include "judge/judge_private.h"

/* The tables: those that are built in, and with judge.brands the operator's brands after them. */
enum sk_code judge_open_strangers(struct arena *arena, const struct config *config,
                                  struct judge *judge, struct why *why);
void judge_close_strangers(struct judge *judge);
/* Puts the findings; text and o->content are those of the letter where content may be read. */
void judge_read_strangers(struct findings *f, struct judge *judge,
                          const struct letter *letter, const struct origin *origin,
                          const struct judge_text *text, struct opinion *o);
