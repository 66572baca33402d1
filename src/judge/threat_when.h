/* Dates and times as people write them, in Japanese and English, resolved against the moment of writing.
 *
 * 明日の15時34分, 来週の月曜, 8月初旬, 令和8年3月, 今夜, 正午, 3日後, 十五時三十四分, 12/1 9:30; "tomorrow at 3pm", "next friday",
 * "within 24 hours", "december 3 at noon". The first day and the first time of day that are written belong together. A day
 * without a year is the next one from the moment on. What comes out is a range [from, to) of the epoch in seconds: a
 * minute for a time, the hours of a part of day, a day, ten days for 初旬, a month. A time without a day is the next such time. Nothing is
 * taken for certain: the words are kept beside it.
 *
 * Pure: the moment and its zone are arguments. Reads at most LIMIT_THREAT_WHEN bytes; linear. words is a view. */
#pragma once

#include "base/bytes.h"

struct threat_when {
    struct bytes words; /* "" if the text names no time */
    int64_t from, to;   /* epoch, seconds */
};

/* text: in normal form (judge/normal.h). now: epoch; zone_minutes: of the writer, east is positive. false: no time is
 * written, or none that can be (2月30日). */
bool threat_when_read(struct bytes text, int64_t now, int zone_minutes,
                      struct threat_when *when_r);
