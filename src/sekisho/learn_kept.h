/* `sekisho learn` beside teaching: what was taught, taking it back, and what a lesson would change. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"

/* `sekisho learn list` and `sekisho learn undo`; arguments[0] is that word. */
int learn_kept(int count, char **arguments);
/* One message of --dry-run: asks the running checkpoint, and prints a line. */
enum sk_code learn_try(struct arena *arena, const struct config *config, const char *path,
                       struct bytes raw, bool spam, struct why *why);
/* A member of hexadecimal digits. */
void learn_put_hex(struct json *j, const char *name, struct arena *arena, struct bytes b);
