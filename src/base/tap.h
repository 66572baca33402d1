/* Tests speak TAP (Test Anything Protocol 12). A test program calls tap_ok for each statement it makes and returns
 * tap_done() from main. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failures;

__attribute__((format(printf, 2, 3))) static inline bool
tap_ok(bool is, const char *format, ...)
{
    va_list values;

    fprintf(stdout, "%s %d - ", is ? "ok" : "not ok", ++tap_count);
    va_start(values, format);
    vfprintf(stdout, format, values);
    va_end(values);
    fputc('\n', stdout);
    tap_failures += !is;
    return is;
}

static inline void
tap_skip(const char *reason)
{
    fprintf(stdout, "ok %d # SKIP %s\n", ++tap_count, reason);
}

static inline int
tap_done(void)
{
    fprintf(stdout, "1..%d\n", tap_count);
    return tap_failures == 0 ? 0 : 1;
}
