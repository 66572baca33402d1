/* Time. Epoch times are UTC; the calendar is computed here, without the C library's time zones, so that parse
 * stays pure and answers repeat. */
#pragma once

#include "base/bytes.h"
#include "base/writer.h"

struct calendar {
    int64_t year;
    int month, day; /* 1-12, 1-31 */
    int hour, minute, second;
    int weekday; /* 0 is Sunday */
};

/* Wall clock and monotonic clock in milliseconds (and microseconds); microseconds of CPU time of this process. */
int64_t clock_now_ms(void);
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
int64_t clock_cpu_us(void);

struct calendar clock_calendar(int64_t epoch_s, int zone_minutes);
/* Epoch of a calendar in UTC; weekday is ignored. Any values are taken and carried over. */
int64_t clock_epoch(const struct calendar *c);

/* "Sun, 22 Nov 2026 10:35:00 +0900" (RFC 5322). */
void clock_write_mail(struct writer *w, int64_t epoch_s, int zone_minutes);
/* "2026-11-22T10:35:00+09:00"; zone 0 is written "Z" (RFC 3339). */
void clock_write_rfc3339(struct writer *w, int64_t epoch_s, int zone_minutes);
/* Reads RFC 3339, or a date alone (midnight UTC); a time without a zone is UTC. */
bool clock_read_rfc3339(struct bytes text, int64_t *epoch_s_r);
