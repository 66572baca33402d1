/* Habits: how the program that wrote a header writes headers, whatever the mail says.
 *
 * A person may change every word, name and link; the program he sends with keeps its order of fields, its spelling of their
 * names (Message-Id, MIME-Version), its way to make a Message-ID and a boundary, its way to write the time. RFC 5322 leaves
 * all of that open, so programs differ. Equal habits prove nothing (a common program has many users); unequal ones say that two
 * mails with the same words came by different hands or tools.
 *
 * Fields that the way adds (trace, authentication, lists, spam filters) are left out. Forms are written in short: digits as 9,
 * letters as a, letters and digits as x, runs of eight and more with their length; signs, and words of a boundary that are
 * always there, stand for themselves: "x*32@own", "----=_nextpart_9_9_x*8.x*8".
 *
 * Pure, no memory. At most LIMIT_HABITS_FIELDS fields are looked at. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"
#include "parse/letter.h"

#define HABITS_FORM_SIZE 48 /* bytes of a form with its NUL; what is longer is cut */

struct habits {
    uint16_t
        fields[LIMIT_HABITS_FIELDS]; /* hashes of the names as they are spelled, in order */
    size_t field_count;
    char message_id
        [HABITS_FORM_SIZE]; /* "" where there is none; @own where the host is that of From */
    char date
        [HABITS_FORM_SIZE]; /* "a, 9 a 9 9:9:9 +9", with what stands in brackets behind it */
    char
        boundary[HABITS_FORM_SIZE]; /* of the outermost multipart, "" where there is none */
    char mailer
        [HABITS_FORM_SIZE]; /* X-Mailer or User-Agent up to its first digit, lower case */
    bool is_zone_odd;       /* -0000, a zone by name, none, or one that no clock shows */
};

void habits_read(const struct letter *letter, struct habits *habits_r);

/* Equal where all of it is, but for the zone's hours; 0 where there is no field. Programs that make parts of these at random have many
 * keys: then habits join nothing, which is as it should be. */
uint64_t habits_key(const struct habits *habits, uint64_t seed);
