#include "parse/date.h"

#include "base/arena.h"
#include "base/clock.h"
#include "parse/header.h"

#define FIGURES_MAX 3 /* day, month, year */

struct date_parts {
    int figures[FIGURES_MAX];
    size_t figure_count;
    int month;
    int hour, minute, second;
    bool has_time, has_zone, standard;
    int zone_minutes;
};

/* Up to `most` digits at *at; -1 if there is none or more of them. */
static int
digits(struct bytes b, size_t *at, size_t most)
{
    int number = 0;
    size_t from = *at;

    while (*at < b.size && ascii_digit(b.at[*at])) {
        if (*at - from >= most) {
            return -1;
        }
        number = number * 10 + (b.at[*at] - '0');
        *at += 1;
    }
    return *at == from ? -1 : number;
}

static bool
at_byte(struct bytes b, size_t at, uint8_t c)
{
    return at < b.size && b.at[at] == c;
}

/* h:mm, h:mm:ss, h:mm:ss.fraction, the hour read already. */
static bool
time_read(struct bytes b, size_t *at, int hour, struct date_parts *p)
{
    *at += 1;
    p->hour = hour;
    p->minute = digits(b, at, 2);
    p->second = 0;
    if (at_byte(b, *at, ':')) {
        *at += 1;
        p->second = digits(b, at, 2);
        if (at_byte(b, *at, '.')) {
            p->standard = false;
            *at += 1;
            while (*at < b.size && ascii_digit(b.at[*at])) {
                *at += 1;
            }
        }
    }
    p->has_time = true;
    return p->hour >= 0 && p->hour < 24 && p->minute >= 0 && p->minute < 60 &&
           p->second >= 0 && p->second <= 60;
}

/* +0900, +09:00; one to three digits are taken for hours. */
static bool
zone_read(struct bytes b, size_t *at, struct date_parts *p)
{
    bool west = b.at[*at] == '-';
    size_t from = *at += 1;
    int number = digits(b, at, 4), minutes;

    if (number < 0) {
        return false;
    }
    if (at_byte(b, *at, ':') && *at - from <= 2) {
        *at += 1;
        minutes = digits(b, at, 2);
        if (minutes < 0) {
            return false;
        }
        minutes += number * 60;
    } else {
        minutes = *at - from <= 2 ? number * 60 : number / 100 * 60 + number % 100;
    }
    if (minutes >= 24 * 60) {
        return false;
    }
    p->zone_minutes = west ? -minutes : minutes;
    p->has_zone = true;
    return true;
}

/* The first three letters in one number, lower case. */
#define MONTH(a, b, c) ((unsigned)(a) << 16 | (unsigned)(b) << 8 | (unsigned)(c))

static int
month_of(struct bytes word)
{
    if (word.size < 3) {
        return 0;
    }
    switch (
        MONTH(ascii_lower(word.at[0]), ascii_lower(word.at[1]), ascii_lower(word.at[2]))) {
    case MONTH('j', 'a', 'n'):
        return 1;
    case MONTH('f', 'e', 'b'):
        return 2;
    case MONTH('m', 'a', 'r'):
        return 3;
    case MONTH('a', 'p', 'r'):
        return 4;
    case MONTH('m', 'a', 'y'):
        return 5;
    case MONTH('j', 'u', 'n'):
        return 6;
    case MONTH('j', 'u', 'l'):
        return 7;
    case MONTH('a', 'u', 'g'):
        return 8;
    case MONTH('s', 'e', 'p'):
        return 9;
    case MONTH('o', 'c', 't'):
        return 10;
    case MONTH('n', 'o', 'v'):
        return 11;
    case MONTH('d', 'e', 'c'):
        return 12;
    default:
        return 0;
    }
}

static void
word_read(struct bytes word, struct date_parts *p)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {
        {"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
        {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7},
    };

    if (p->has_time && !p->has_zone) {
        for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
            if (bytes_is_fold(word, zones[i].name)) {
                p->zone_minutes = zones[i].hours * 60;
                p->has_zone = true;
                return;
            }
        }
    }
    if (p->month == 0) {
        p->month = month_of(word);
    }
}

static bool
figure_read(struct bytes b, size_t *at, struct date_parts *p)
{
    int number = digits(b, at, 4);

    if (number < 0) {
        return false;
    }
    if (at_byte(b, *at, ':') && !p->has_time) {
        return time_read(b, at, number, p);
    }
    if (p->figure_count == FIGURES_MAX) {
        return p->has_time && p->has_zone; /* what follows a whole date does not matter */
    }
    p->standard = p->standard && !p->has_time && (p->month != 0) == (p->figure_count == 1);
    p->figures[p->figure_count++] = number;
    return true;
}

static bool
parts_read(struct bytes b, struct date_parts *p)
{
    for (size_t at = 0; at < b.size;) {
        uint8_t c = b.at[at];
        if (c == '(') {
            size_t end = header_comment(b, at);
            at = end != 0 ? end : b.size;
        } else if (ascii_digit(c)) {
            if (!figure_read(b, &at, p)) {
                return false;
            }
        } else if ((c == '+' || c == '-') && p->has_time && !p->has_zone &&
                   at + 1 < b.size && ascii_digit(b.at[at + 1])) {
            if (!zone_read(b, &at, p)) {
                return false;
            }
        } else if (ascii_letter(c)) {
            size_t from = at;
            while (at < b.size && ascii_letter(b.at[at])) {
                at++;
            }
            word_read(bytes_slice(b, from, at), p);
            while (at < b.size && ascii_digit(b.at[at]) && p->has_zone) {
                at++; /* the 5 of EST5EDT */
            }
        } else {
            at++;
        }
    }
    return true;
}

static int
days_in(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

bool
date_read(struct bytes field, struct date *date_r)
{
    struct date_parts p = {.standard = true};

    field = bytes_slice(field, 0, 1024); /* a date is short; what is longer is none */
    if (!parts_read(field, &p) || !p.has_time) {
        return false;
    }
    if (p.month == 0 && p.figure_count == 3) {
        p.month = p.figures[1];
        p.figures[1] = p.figures[2];
        p.figure_count = 2;
    }
    if (p.figure_count < 2 || p.month < 1 || p.month > 12) {
        return false;
    }
    int day = p.figures[0], year = p.figures[1];
    if (day > 31 && year <= 31) {
        day = p.figures[1];
        year = p.figures[0];
    }
    year += year < 50 ? 2000 : year < 1000 ? 1900 : 0;
    if (day < 1 || day > days_in(year, p.month)) {
        return false;
    }
    struct calendar c = {
        .year = year,
        .month = p.month,
        .day = day,
        .hour = p.hour,
        .minute = p.minute,
        .second = p.second,
    };
    *date_r = (struct date){clock_epoch(&c) - (int64_t)p.zone_minutes * 60, p.zone_minutes,
                            p.standard};
    return true;
}
