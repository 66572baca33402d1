/* The log: one line an event to standard error (the journal reads it) or to syslog's socket, hostile text cleaned.
 * Only the checkpoint (src/sekisho) and the doors log; lower folders explain through struct why. */
#pragma once

#include "base/bytes.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_DEBUG };

/* Lines above the level are dropped. Default NOTICE. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* LOG_TEXT is the default. LOG_JSON: each line is an object {"time": RFC 3339 in UTC, "level", "role", "pid", "id"?, "text"}. */
enum log_format { LOG_TEXT, LOG_JSON };
void log_set_format(enum log_format format);
/* "worker 2", "keeper": stands in each line. The text must live on. */
void log_set_role(const char *role);

/* Writes `LEVEL ROLE[pid] id: text` with one write(2); id may be NULL. Control characters become '?', the line is cut
 * at 2,000 bytes. */
void log_line(enum log_level level, const char *id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
