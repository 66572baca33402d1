#define SK_BASE
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

#define LOG_LINE_SIZE 2000

static enum log_level most = LOG_LEVEL_NOTICE;
static const char *log_role = "sekisho";
static enum log_format format_chosen = LOG_TEXT;

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
log_set_format(enum log_format chosen)
{
    format_chosen = chosen;
}

/* Appends text as the inside of a JSON string, as far as there is room; it has no control characters any more. */
static size_t
put_json(char *line, size_t size, size_t room, const char *text, size_t text_size)
{
    for (size_t i = 0; i < text_size && size + 2 < room; i++) {
        if (text[i] == '"' || text[i] == '\\') {
            line[size++] = '\\';
        }
        line[size++] = text[i];
    }
    return size;
}

static size_t
line_json(char *line, size_t room, enum log_level level, const char *id, const char *text,
          size_t text_size)
{
    static const char *const names[] = {"error", "warning", "notice", "debug"};
    struct timespec now;
    struct tm parts;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t size = strftime(line, room, "{\"time\":\"%Y-%m-%dT%H:%M:%S", &parts);
    size += (size_t)snprintf(line + size, room - size,
                             ".%03ldZ\",\"level\":\"%s\",\"role\":\"%.40s\",\"pid\":%d",
                             now.tv_nsec / 1000000, names[level], log_role, (int)getpid());
    if (id != NULL) {
        size += (size_t)snprintf(line + size, room - size, ",\"id\":\"");
        size = put_json(line, size, room - 4, id, strnlen(id, 100));
        line[size++] = '"';
    }
    size += (size_t)snprintf(line + size, room - size, ",\"text\":\"");
    size_t end = put_json(line, size, room - 4, text, text_size);
    line[end++] = '"';
    line[end++] = '}';
    return end;
}

void
log_line(enum log_level level, const char *id, const char *format, ...)
{
    /* The number in front is syslog's priority: the journal reads it and drops it. */
    static const char *const names[] = {"<3>error", "<4>warning", "<5>notice", "<7>debug"};
    char text[LOG_LINE_SIZE];
    char line[2 * LOG_LINE_SIZE +
              600]; /* every character escaped, and what stands in front */
    va_list values;

    if (level > most) {
        return;
    }
    va_start(values, format);
    int wanted = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    size_t size = wanted < 0 ? 0 : (size_t)wanted;
    size = size > sizeof text - 1 ? sizeof text - 1 : size;
    size = utf8_mask((uint8_t *)text, size);
    if (format_chosen == LOG_JSON) {
        size = line_json(line, sizeof line, level, id, text, size);
    } else {
        /* An id is ours and short; cut all the same, so that no caller's mistake reaches past the line. */
        int head =
            snprintf(line, LOG_LINE_SIZE, "%s %.40s[%d] %.100s%s", names[level], log_role,
                     (int)getpid(), id != NULL ? id : "", id != NULL ? ": " : "");
        size = size > LOG_LINE_SIZE - 2 - (size_t)head ? LOG_LINE_SIZE - 2 - (size_t)head
                                                       : size;
        memcpy(line + head, text, size);
        size = utf8_mask((uint8_t *)line, (size_t)head + size);
    }
    line[size++] = '\n';
    if (write(STDERR_FILENO, line, size) < 0) {
        return; /* nowhere left to complain to */
    }
}
