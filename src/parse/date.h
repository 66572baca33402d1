/* Dates of header fields (RFC 5322 3.3 and 4.3).
 *
 * Read leniently: comments anywhere, two- and three-digit years, months in figures, zones in letters (UT, GMT and the
 * US ones; any other means +0000), the order of ctime(3) ("Sun Nov 13 14:50:12 2005"), fractions of a second. The day
 * of the week is not checked. */
#pragma once

#include "base/bytes.h"

struct date {
    int64_t epoch;    /* seconds, UTC */
    int zone_minutes; /* as written, east is positive */
    bool
        standard; /* day, month, year, time in the order of RFC 5322, no fraction of a second */
};

/* false if it is no date. */
bool date_read(struct bytes field, struct date *date_r);
