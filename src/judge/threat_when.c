#include "judge/threat_when.h"

#include "base/clock.h"
#include "base/limits.h"

#define DAY           86400
#define DAY_MINUTES   1440
#define YEARS_MOST    30 /* from now, for a year that is written */
#define WORDS_APART   24 /* bytes between a day and its time */
#define RELATIVE_MOST 400
#define TENS          10

/* Days are counted from the epoch, in the writer's zone. */
struct reading {
    struct bytes text;
    size_t at;
    int64_t today, second; /* the writer's day, and the second of it */
    struct calendar now;
    /* what was found: [from, to) where it stands */
    bool has_day, has_time, exact; /* exact: seconds from and to are set */
    int64_t day_from, day_to;
    int minute_from, minute_to;
    int64_t second_from, second_to;
    size_t words_from, words_to, day_end, time_end;
};

static bool
take(struct reading *r, const char *word)
{
    size_t size = strlen(word);
    size_t end = r->at + size;

    if (end > r->text.size || memcmp(r->text.at + r->at, word, size) != 0) {
        return false;
    }
    if (ascii_letter((uint8_t)word[size - 1]) && end < r->text.size &&
        ascii_letter(r->text.at[end])) {
        return false;
    }
    r->at = end;
    return true;
}

static void
blanks(struct reading *r)
{
    while (r->at < r->text.size && r->text.at[r->at] == ' ') {
        r->at++;
    }
}

/* One kanji numeral: 0 to 9, 10 for 十; -1. */
static int
kanji_digit(struct reading *r)
{
    static const char *const digits[] = {"〇", "一", "二", "三", "四", "五",
                                         "六", "七", "八", "九", "十"};

    for (int i = 0; i <= TENS; i++) {
        if (take(r, digits[i])) {
            return i;
        }
    }
    return take(r, "零") ? 0 : -1;
}

/* 15, 十五, 三十四, 二〇二六; -1 and nothing taken where no number stands, or one of more than four digits. */
static int
number(struct reading *r)
{
    size_t start = r->at;
    int value = 0, digits = 0, ones = -1;

    while (r->at < r->text.size && ascii_digit(r->text.at[r->at]) && digits < 5) {
        value = value * TENS + (r->text.at[r->at++] - '0');
        digits++;
    }
    if (digits > 0) {
        if (digits == 5) {
            r->at = start;
        }
        return digits == 5 ? -1 : value;
    }
    for (int digit; digits < 5 && (digit = kanji_digit(r)) >= 0; digits++) {
        if (digit == TENS) {
            value = (ones < 0 ? 1 : ones) * TENS;
            ones = 0;
        } else {
            ones = ones > 0 || (ones == 0 && value == 0 && digits > 0) ? ones * TENS + digit
                                                                       : digit;
        }
    }
    if (digits == 0 || digits == 5) {
        r->at = start;
        return -1;
    }
    return value + (ones > 0 ? ones : 0);
}

static int64_t
day_of(int64_t year, int month, int day)
{
    struct calendar c = {.year = year, .month = month, .day = day};

    return clock_epoch(&c) / DAY;
}

static int
days_in(int64_t year, int month)
{
    return (int)(day_of(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
                 day_of(year, month, 1));
}

static bool
set_days(struct reading *r, int64_t from, int64_t to)
{
    r->has_day = true;
    r->day_from = from;
    r->day_to = to;
    return true;
}

/* What may follow a month: a day, or a part of it. */
static bool
in_month(struct reading *r, int64_t year, int month, bool may_turn)
{
    static const struct {
        const char *word;
        int from, to;
    } parts[] = {{"初旬", 1, 11},   {"上旬", 1, 11}, {"中旬", 11, 21}, {"下旬", 21, 32},
                 {"末", 25, 32},    {"の頭", 1, 8},  {"頭", 1, 8},     {"初め", 1, 11},
                 {"はじめ", 1, 11}, {"半ば", 11, 21}};
    size_t bare = r->at;
    int day, last = days_in(year, month);

    (void)take(r, "の");
    blanks(r);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (take(r, parts[i].word)) {
            int to = parts[i].to > last ? last + 1 : parts[i].to;
            year += may_turn && day_of(year, month, to) <= r->today;
            return set_days(r, day_of(year, month, parts[i].from), day_of(year, month, to));
        }
    }
    day = number(r);
    if (day >= 1 && take(r, "日")) {
        if (day > last) {
            return false;
        }
        int64_t at = day_of(year, month, day);
        if (may_turn && at < r->today) {
            at = day_of(year + 1, month, day);
        }
        return set_days(r, at, at + 1);
    }
    r->at = bare;
    if (may_turn && (year < r->now.year || (year == r->now.year && month < r->now.month))) {
        year++;
    }
    return set_days(r, day_of(year, month, 1),
                    day_of(year, month, days_in(year, month)) + 1);
}

static void
later_month(const struct reading *r, int later, int64_t *year_r, int *month_r)
{
    int month = r->now.month - 1 + later;

    *year_r = r->now.year + month / 12;
    *month_r = month % 12 + 1;
}

/* 日月火水木金土, with 曜; or an English name. -1 and nothing taken. */
static int
weekday(struct reading *r)
{
    static const char *const ja[] = {"日曜", "月曜", "火曜", "水曜",
                                     "木曜", "金曜", "土曜"};
    static const char *const en[] = {"sunday",   "monday", "tuesday", "wednesday",
                                     "thursday", "friday", "saturday"};

    for (int i = 0; i < 7; i++) {
        if (take(r, ja[i])) {
            (void)take(r, "日");
            return i;
        }
        if (take(r, en[i])) {
            return i;
        }
    }
    return -1;
}

/* The week `later` from now on, or a day of it. Weeks begin on Monday. */
static bool
in_week(struct reading *r, int later)
{
    int64_t monday = r->today - (r->now.weekday + 6) % 7 + 7 * (int64_t)later;

    (void)take(r, "の");
    blanks(r);
    if (take(r, "末") || take(r, "週末") || take(r, "weekend")) {
        return set_days(r, monday + 5, monday + 7);
    }
    int day = weekday(r);
    if (day >= 0) {
        return set_days(r, monday + (day + 6) % 7, monday + (day + 6) % 7 + 1);
    }
    return set_days(r, later == 0 ? r->today : monday, monday + 7);
}

static bool
relative_words(struct reading *r)
{
    static const struct {
        const char *word;
        int from, to, minute_from, minute_to;
    } words[] = {
        {"明後日", 2, 3, 0, 0},
        {"あさって", 2, 3, 0, 0},
        {"明日", 1, 2, 0, 0},
        {"あした", 1, 2, 0, 0},
        {"明朝", 1, 2, 300, 660},
        {"明晩", 1, 2, 1080, 1440},
        {"翌日", 1, 2, 0, 0},
        {"今日", 0, 1, 0, 0},
        {"きょう", 0, 1, 0, 0},
        {"本日", 0, 1, 0, 0},
        {"今夜", 0, 1, 1080, 1440},
        {"今晩", 0, 1, 1080, 1440},
        {"今宵", 0, 1, 1080, 1440},
        {"今朝", 0, 1, 300, 660},
        {"今夕", 0, 1, 900, 1140},
        {"年内", 0, 0, 0, 0},
        {"day after tomorrow", 2, 3, 0, 0},
        {"tomorrow night", 1, 2, 1080, 1440},
        {"tomorrow", 1, 2, 0, 0},
        {"tmrw", 1, 2, 0, 0},
        {"tonight", 0, 1, 1080, 1440},
        {"this evening", 0, 1, 1020, 1380},
        {"this morning", 0, 1, 300, 720},
        {"this afternoon", 0, 1, 720, 1080},
        {"today", 0, 1, 0, 0},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (take(r, words[i].word)) {
            if (words[i].minute_to > 0 && !r->has_time) {
                r->minute_from = words[i].minute_from;
                r->minute_to = words[i].minute_to;
            }
            return words[i].to == 0
                       ? set_days(r, r->today, day_of(r->now.year + 1, 1, 1))
                       : set_days(r, r->today + words[i].from, r->today + words[i].to);
        }
    }
    return false;
}

static bool
named_day(struct reading *r)
{
    static const struct {
        const char *word;
        int month, day;
    } names[] = {{"大晦日", 12, 31},     {"大みそか", 12, 31},  {"クリスマス", 12, 25},
                 {"ハロウィン", 10, 31}, {"元日", 1, 1},        {"元旦", 1, 1},
                 {"christmas", 12, 25},  {"halloween", 10, 31}, {"new year's eve", 12, 31}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (take(r, names[i].word)) {
            int64_t day = day_of(r->now.year, names[i].month, names[i].day);
            day = day < r->today ? day_of(r->now.year + 1, names[i].month, names[i].day)
                                 : day;
            return set_days(r, day, day + 1);
        }
    }
    return false;
}

static bool
weeks_and_months(struct reading *r)
{
    static const struct {
        const char *word;
        int later;
    } weeks[] = {{"再来週", 2},
                 {"来週", 1},
                 {"今週", 0},
                 {"next week", 1},
                 {"this week", 0}},
      months[] = {
          {"再来月", 2}, {"来月", 1}, {"今月", 0}, {"next month", 1}, {"this month", 0}};
    int64_t year;
    int month, day;

    for (size_t i = 0; i < sizeof weeks / sizeof *weeks; i++) {
        if (take(r, weeks[i].word)) {
            return in_week(r, weeks[i].later);
        }
        if (take(r, months[i].word)) {
            later_month(r, months[i].later, &year, &month);
            return in_month(r, year, month, false);
        }
    }
    size_t start = r->at;
    bool next = take(r, "next "), on = !next && take(r, "this ");
    day = weekday(r);
    if (day < 0) {
        r->at = start;
        return false;
    }
    (void)on;
    int64_t ahead = (day - r->now.weekday + 7) % 7;
    ahead += next && ahead == 0 ? 7 : 0;
    return set_days(r, r->today + ahead, r->today + ahead + 1);
}

/* 3日後, 二時間以内, in 3 days, within 24 hours. */
static bool
span(struct reading *r)
{
    static const struct {
        const char *word;
        int64_t seconds;
    } units[] = {{"分", 60},         {"時間", 3600},     {"日", DAY},     {"週間", 7 * DAY},
                 {"か月", 30 * DAY}, {"ヶ月", 30 * DAY}, {"minutes", 60}, {"minute", 60},
                 {"hours", 3600},    {"hour", 3600},     {"days", DAY},   {"day", DAY},
                 {"weeks", 7 * DAY}, {"week", 7 * DAY}};
    size_t start = r->at;
    bool in = take(r, "in "), within = !in && take(r, "within "),
         after = !in && !within && (take(r, "あと") || take(r, "after "));
    int many = number(r);

    if (many < 1 || many > RELATIVE_MOST) {
        r->at = start;
        return false;
    }
    blanks(r);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!take(r, units[i].word)) {
            continue;
        }
        bool until = take(r, "以内") || within;
        if (!until && !take(r, "後") && !in && !after && !take(r, " from now")) {
            break;
        }
        int64_t now = r->today * DAY + r->second, far = many * units[i].seconds;
        if (units[i].seconds >= DAY && !until) {
            return set_days(r, r->today + far / DAY, r->today + far / DAY + 1);
        }
        r->exact = true;
        r->second_from = until ? now : now + far;
        r->second_to = until ? now + far : now + far + units[i].seconds;
        return true;
    }
    r->at = start;
    return false;
}

/* The day of a month that has no such day is no day of this month. */
static bool
behind_month(const struct reading *r, size_t at)
{
    return at >= 3 && memcmp(r->text.at + at - 3, "月", 3) == 0;
}

/* 令和8年3月, 2026年11月30日, 11月30日, 8月初旬, 2026-11-30, 12/1, 14日の. */
static bool
written_date(struct reading *r)
{
    size_t start = r->at;
    int64_t year = r->now.year;
    bool era = take(r, "令和"), turn = true;
    int first = era && take(r, "元") ? 1 : number(r);

    if (first >= 0 && take(r, "年")) {
        year = era ? 2018 + first : first;
        turn = false;
        (void)take(r, "の");
        first = number(r);
        if (year < r->now.year - 1 || year > r->now.year + YEARS_MOST) {
            first = -1;
        }
    } else if (era) {
        first = -1;
    }
    if (first >= 1 && first <= 12 && take(r, "月")) {
        return in_month(r, year, first, turn);
    }
    if (turn && first >= 1 && (take(r, "/") || take(r, "-"))) {
        int second = number(r), third = -1;
        if (second >= 1 && (take(r, "/") || take(r, "-"))) {
            third = number(r);
        }
        year = third > 0 ? first : year;
        int month = third > 0 ? second : first, day = third > 0 ? third : second;
        if (month >= 1 && month <= 12 && day >= 1 && year >= r->now.year - 1 &&
            year <= r->now.year + YEARS_MOST && day <= days_in(year, month)) {
            int64_t at = day_of(year, month, day);
            at = third < 0 && at < r->today ? day_of(year + 1, month, day) : at;
            return set_days(r, at, at + 1);
        }
    } else if (turn && first >= 1 && first <= 31 && !behind_month(r, start) &&
               take(r, "日") && !take(r, "間") && !take(r, "前")) {
        int64_t month_year = r->now.year;
        int month = r->now.month;
        if (first < r->now.day) {
            later_month(r, 1, &month_year, &month);
        }
        if (first <= days_in(month_year, month)) {
            int64_t at = day_of(month_year, month, first);
            return set_days(r, at, at + 1);
        }
    }
    r->at = start;
    return false;
}

/* december 3, 3 december, dec 3rd. */
static bool
english_date(struct reading *r)
{
    static const char *const months[] = {
        "january",   "february", "march",    "april",    "may", "june", "july", "august",
        "september", "october",  "november", "december", "jan", "feb",  "mar",  "apr",
        "may",       "jun",      "jul",      "aug",      "sep", "oct",  "nov",  "dec"};
    size_t start = r->at;
    int day = number(r), month = 0;

    if (day >= 0) {
        (void)(take(r, "st") || take(r, "nd") || take(r, "rd") || take(r, "th"));
        blanks(r);
        (void)take(r, "of ");
    }
    for (int i = 0; i < 24 && month == 0; i++) {
        month = take(r, months[i]) ? i % 12 + 1 : 0;
    }
    if (month > 0 && day < 0) {
        blanks(r);
        day = number(r);
        (void)(take(r, "st") || take(r, "nd") || take(r, "rd") || take(r, "th"));
    }
    if (month == 0 || day < 1 || day > days_in(r->now.year, month)) {
        r->at = start;
        return false;
    }
    int64_t at = day_of(r->now.year, month, day);
    at = at < r->today ? day_of(r->now.year + 1, month, day) : at;
    return set_days(r, at, at + 1);
}

static bool
set_minutes(struct reading *r, int from, int to)
{
    r->has_time = true;
    r->minute_from = from;
    r->minute_to = to;
    return true;
}

/* 午前, 夜, ...: hours that are added to those of a clock of twelve, and the part itself. */
static bool
part_of_day(struct reading *r, int *add_r)
{
    static const struct {
        const char *word;
        int from, to, add;
    } parts[] = {{"午前", 0, 720, 0},         {"午後", 720, 1440, 12},
                 {"早朝", 240, 420, 0},       {"未明", 0, 240, 0},
                 {"深夜", 1380, 1560, 0},     {"夜中", 1380, 1560, 0},
                 {"夕方", 900, 1140, 12},     {"放課後", 900, 1140, 12},
                 {"朝", 300, 660, 0},         {"昼", 660, 840, 12},
                 {"夜", 1080, 1440, 12},      {"晩", 1080, 1440, 12},
                 {"ごぜん", 0, 720, 0},       {"ごご", 720, 1440, 12},
                 {"morning", 300, 720, 0},    {"afternoon", 720, 1080, 12},
                 {"evening", 1020, 1380, 12}, {"night", 1080, 1440, 12}};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (take(r, parts[i].word)) {
            *add_r = parts[i].add;
            return set_minutes(r, parts[i].from, parts[i].to);
        }
    }
    return false;
}

static bool
clock_time(struct reading *r, int add)
{
    size_t start = r->at;
    int hour = number(r), minute = 0;
    bool colon = hour >= 0 && take(r, ":"),
         is = colon || (hour >= 0 && (take(r, "時") || (take(r, "じ"))));

    if (is && take(r, "間")) {
        is = false;
    }
    if (is && !colon && take(r, "半")) {
        minute = 30;
    } else if (is) {
        size_t before = r->at;
        minute = number(r);
        if (minute < 0 && colon) {
            is = false;
        } else if (minute < 0 || (!colon && !take(r, "分") && !take(r, "ふん"))) {
            r->at = before;
            minute = 0;
        }
    }
    size_t before = r->at;
    blanks(r);
    bool pm = hour >= 0 && hour <= 12 && (take(r, "p.m.") || take(r, "pm")),
         am = !pm && hour >= 0 && hour <= 12 && (take(r, "a.m.") || take(r, "am"));
    bool oclock = hour >= 0 && take(r, "o'clock");
    if (!pm && !am && !oclock) {
        r->at = before;
    }
    if ((!is && !pm && !am && !oclock) || hour > 29 || minute < 0 || minute > 59) {
        r->at = start;
        return false;
    }
    hour = am && hour == 12 ? 0 : hour;
    hour += (pm || add == 12) && hour < 12 && !am ? 12 : 0;
    return set_minutes(r, hour * 60 + minute, hour * 60 + minute + 1);
}

static bool
time_of_day(struct reading *r)
{
    int add = 0;

    if (take(r, "正午") || take(r, "noon")) {
        return set_minutes(r, 720, 721);
    }
    if (take(r, "零時") || take(r, "midnight")) {
        return set_minutes(r, 0, 1);
    }
    if (part_of_day(r, &add)) {
        size_t before = r->at;
        (void)take(r, "の");
        blanks(r);
        if (!clock_time(r, add)) {
            r->at = before;
        }
        return true;
    }
    return clock_time(r, add);
}

static bool
a_day(struct reading *r)
{
    return relative_words(r) || weeks_and_months(r) || named_day(r) || span(r) ||
           english_date(r) || written_date(r);
}

static bool
may_begin(const struct reading *r)
{
    uint8_t c = r->text.at[r->at];
    bool word = ascii_letter(c) || ascii_digit(c);

    return (c & 0xc0) != 0x80 &&
           !(word && r->at > 0 &&
             (ascii_letter(r->text.at[r->at - 1]) || ascii_digit(r->text.at[r->at - 1])));
}

static void
resolve(struct reading *r, int zone_minutes, struct threat_when *when)
{
    bool part = r->minute_to > 0;
    int64_t from = r->second_from, to = r->second_to;

    if (!r->exact) {
        if (!r->has_day) {
            r->day_from = r->today + (r->minute_to * 60 <= r->second);
            r->day_to = r->day_from + 1;
        }
        bool one_day = r->day_to - r->day_from == 1;
        from = r->day_from * DAY + (part && one_day ? r->minute_from * 60 : 0);
        to = part && one_day ? r->day_from * DAY + r->minute_to * 60 : r->day_to * DAY;
    }
    when->from = from - zone_minutes * 60;
    when->to = to - zone_minutes * 60;
    when->words = bytes_trim(bytes_slice(r->text, r->words_from, r->words_to));
}

bool
threat_when_read(struct bytes text, int64_t now, int zone_minutes,
                 struct threat_when *when_r)
{
    int64_t local = now + zone_minutes * 60;
    struct reading r = {.text = bytes_slice(text, 0, LIMIT_THREAT_WHEN),
                        .today = local / DAY - (local % DAY < 0),
                        .now = clock_calendar(now, zone_minutes)};
    bool found = false;

    *when_r = (struct threat_when){0};
    r.second = local - r.today * DAY;
    while (r.at < r.text.size) {
        size_t start = r.at;
        if (!may_begin(&r)) {
            r.at++;
            continue;
        }
        if (found && start > r.words_to + WORDS_APART) {
            break;
        }
        bool day = !r.has_day && !r.exact && a_day(&r);
        if (!day) {
            r.at = start;
            day = !r.has_time && !r.exact && time_of_day(&r);
        }
        if (!day) {
            r.at = start + 1;
            continue;
        }
        r.words_from = found ? r.words_from : start;
        r.words_to = r.at;
        found = true;
    }
    if (found) {
        resolve(&r, zone_minutes, when_r);
    }
    return found;
}
