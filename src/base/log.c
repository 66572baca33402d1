#define SK_BASE
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/utf8.h"

#define LOG_LINE_SIZE 2000

static enum log_level most = LOG_LEVEL_NOTICE;
static const char *log_role = "sekisho";

void
log_set_level(enum log_level level)
{
    most = level;
}

enum log_level
log_get_level(void)
{
    return most;
}

void
log_set_role(const char *role)
{
    log_role = role;
}

void
log_line(enum log_level level, const char *id, const char *format, ...)
{
    /* The number in front is syslog's priority: the journal reads it and drops it. */
    static const char *const names[] = {"<3>error", "<4>warning", "<5>notice", "<7>debug"};
    char line[LOG_LINE_SIZE];
    va_list values;

    if (level > most) {
        return;
    }
    /* An id is ours and short; cut all the same, so that no caller's mistake reaches past the line. */
    int size = snprintf(line, sizeof line, "%s %.40s[%d] %.100s%s", names[level], log_role,
                        (int)getpid(), id != NULL ? id : "", id != NULL ? ": " : "");
    va_start(values, format);
    size += vsnprintf(line + size, sizeof line - (size_t)size - 1, format, values);
    va_end(values);
    if ((size_t)size > sizeof line - 2) {
        size = sizeof line - 2;
    }
    size = (int)utf8_mask((uint8_t *)line, (size_t)size);
    line[size++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)size) < 0) {
        return; /* nowhere left to complain to */
    }
}
