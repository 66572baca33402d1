#define SK_BASE
#include "base/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static char in_hand[64];

__attribute__((format(printf, 4, 0))) static enum sk_code
why_fill(struct why *why, enum sk_code code, size_t line, const char *format,
         va_list values)
{
    int error = errno;

    if (why == NULL) {
        return code;
    }
    why->code = code;
    why->line = line;
    why->error = code == SK_SYSTEM ? error : 0;
    vsnprintf(why->sentence, sizeof why->sentence, format, values);
    if (code == SK_SYSTEM) {
        size_t used = strlen(why->sentence);
        snprintf(why->sentence + used, sizeof why->sentence - used, ": %s",
                 strerror(error));
    }
    why->sentence[utf8_mask((uint8_t *)why->sentence, strlen(why->sentence))] = '\0';
    return code;
}

enum sk_code
why_set(struct why *why, enum sk_code code, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    code = why_fill(why, code, 0, format, values);
    va_end(values);
    return code;
}

enum sk_code
why_set_line(struct why *why, enum sk_code code, size_t line, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    code = why_fill(why, code, line, format, values);
    va_end(values);
    return code;
}

const char *
sk_code_name(enum sk_code code)
{
    static const char *const names[] = {
        [SK_OK] = "ok",         [SK_MORE] = "more",   [SK_LATER] = "later",
        [SK_BAD] = "bad",       [SK_LIMIT] = "limit", [SK_SYSTEM] = "system",
        [SK_CONFIG] = "config",
    };

    return names[code];
}

void
sk_assertion_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "sekisho: assertion failed: %s at %s:%d, message in hand: %s\n",
            condition, file, line, in_hand[0] != '\0' ? in_hand : "none");
    abort();
}

void
sk_in_hand(const char *id)
{
    snprintf(in_hand, sizeof in_hand, "%s", id != NULL ? id : "");
}
