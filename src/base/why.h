/* Results, and words about a failure.
 *
 * Every function that can go wrong returns an sk_code; the compiler warns where one is ignored. A finding
 * (an SPF fail, a threat) is a good answer and comes with SK_OK: codes speak of the work, not of the mail.
 * Words about a failure go to a struct why, which the caller holds and may pass as NULL. Lower folders never
 * log: they explain, and the checkpoint logs once with the message's id. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum [[nodiscard]] sk_code{
    SK_OK,     /* done; the answer is in the _r parameters */
    SK_MORE,   /* feed more bytes, or wait */
    SK_LATER,  /* the world is slow or away: DNS time-out, busy store; temperror */
    SK_BAD,    /* the input breaks its grammar; permerror, or a finding */
    SK_LIMIT,  /* a bound named in limits.h was reached */
    SK_SYSTEM, /* the kernel refused; errno was kept in why */
    SK_CONFIG, /* the administrator must act */
};

#define WHY_SENTENCE_SIZE 400

struct why {
    enum sk_code code;
    int error;   /* errno for SK_SYSTEM, else 0 */
    size_t line; /* the line of a configuration or data file, else 0 */
    char sentence
        [WHY_SENTENCE_SIZE]; /* one sentence in English, NUL-terminated, no control characters */
};

/* Fills why (when not NULL) with the code and the formatted sentence, cut at its size, control characters
 * replaced by '?'. Keeps errno for SK_SYSTEM and appends its words. Returns code, so that one can write
 * `return why_set(why, SK_BAD, "...")`. */
enum sk_code why_set(struct why *why, enum sk_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, naming a line of a file (1 is the first). */
enum sk_code why_set_line(struct why *why, enum sk_code code, size_t line,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "ok", "more", "later", "bad", "limit", "system", "config". */
const char *sk_code_name(enum sk_code code);

/* Our own state is broken: prints the assertion with the id of the message in hand to standard error and ends
 * the process. Stays on in release. Speaks only of our own state, never of input. */
#define SK_ASSERT(condition)                                                               \
    do {                                                                                   \
        if (__builtin_expect(!(condition), 0)) {                                           \
            sk_assertion_failed(#condition, __FILE__, __LINE__);                           \
        }                                                                                  \
    } while (0)

void sk_assertion_failed(const char *condition, const char *file, int line)
    __attribute__((noreturn));

/* The id that an assertion prints: set when a message is taken in hand, NULL when it is put down. The text is
 * copied (at most 63 bytes). */
void sk_in_hand(const char *id);
