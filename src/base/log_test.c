#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/tap.h"
#include "base/why.h"

static char line[16384];

/* What log_line writes to standard error. */
static size_t
logged(const char *id, const char *text)
{
    int ends[2], saved = dup(STDERR_FILENO);

    SK_ASSERT(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    log_line(LOG_LEVEL_WARNING, id, "%s", text);
    SK_ASSERT(dup2(saved, STDERR_FILENO) >= 0);
    close(ends[1]);
    close(saved);
    ssize_t size = read(ends[0], line, sizeof line - 1);
    close(ends[0]);
    line[size > 0 ? size : 0] = '\0';
    return size > 0 ? (size_t)size : 0;
}

/* Whether the line is one JSON object whose last member is this text, written so. */
static bool
json_says(const char *id, const char *text, const char *written)
{
    static char wanted[16384];
    size_t size = logged(id, text);
    int end = snprintf(wanted, sizeof wanted, ",\"text\":\"%s\"}\n", written);

    return line[0] == '{' && memchr(line, '\n', size) == line + size - 1 &&
           size > (size_t)end &&
           memcmp(line + size - (size_t)end, wanted, (size_t)end) == 0;
}

int
main(void)
{
    static char many[5000];

    log_set_role("test 1");
    logged("0Kid", "hello");
    tap_ok(strncmp(line, "<4>warning test 1[", 18) == 0, "level and role in front");
    tap_ok(strstr(line, "] 0Kid: hello\n") != NULL, "then id and text");
    logged(NULL, "a\nb\x1b[31m\xff\xe2\x80\xae");
    tap_ok(strstr(line, "] a?b?[31m??\n") != NULL, "hostile bytes are masked, one line");
    memset(many, '"', sizeof many - 1);
    tap_ok(logged(NULL, many) == 1999, "a line stays under 2,000 bytes");

    log_set_format(LOG_JSON);
    tap_ok(json_says("0Kid", "hello", "hello"), "the text stands last in JSON");
    snprintf(many, sizeof many,
             "Z\",\"level\":\"warning\",\"role\":\"test 1\",\"pid\":%d,"
             "\"id\":\"0Kid\",",
             (int)getpid());
    tap_ok(strncmp(line, "{\"time\":\"20", 11) == 0 && strstr(line, many) == line + 32,
           "before it time in UTC, level, role, process and id");
    tap_ok(json_says(NULL, "say \"yes\" \\ no\n", "say \\\"yes\\\" \\\\ no?"),
           "quotation marks and backslashes are escaped");
    tap_ok(json_says(NULL, "爆破予告 \xff", "爆破予告 ?"),
           "Japanese stays, broken bytes do not");
    memset(many, '"', 1999);
    many[1999] = '\0';
    static char escaped[4000];
    for (size_t i = 0; i < 1999; i++) {
        memcpy(escaped + 2 * i, "\\\"", 2);
    }
    tap_ok(json_says(many, many, escaped), "1,999 bytes to be escaped fit");
    many[1999] = '"';
    many[2000] = '\0';
    tap_ok(json_says(many, many, escaped), "one more is cut, and the line is whole still");
    return tap_done();
}
