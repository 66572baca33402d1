/* The book "dmarc": what others' DMARC reports count up to, which reports of ours were sent, and who gets none. Made from
 * entries of kind dmarc.* (docs/decisions/0014-dmarc-reports.md). Not for messages: those stay in the record.
 *
 *     dmarc.received  a report of others, or 2,000 rows of one: {"report","part","org","report_id","domain","begin","end",
 *                     "rows":[["192.0.2.1","example.jp",12,"ds","n"],...]}
 *     dmarc.suppress  {"name","add","until"?,"cause":"command"|"bounce"}
 *     dmarc.report    one of ours that went out: {"domain","to","report_id","token","begin","end","messages","rows","size","sha256"}
 *     dmarc.failure   the same of a failure report, about one message
 *     dmarc.period    all of a period were dealt with: {"begin","end","sent","failed","refused":{"only_fails":3,...}} */
#pragma once

#include "base/table.h"
#include "record/book.h"

enum dmarc_tally {
    TALLY_MESSAGES,
    TALLY_DKIM, /* aligned */
    TALLY_SPF,
    TALLY_PASSED, /* either */
    TALLY_QUARANTINED,
    TALLY_REJECTED,
    TALLY_COUNT
};

/* Messages of one day in the name of one domain from one source, all reports together. */
struct dmarc_count {
    struct bytes key; /* "20778 example.jp 192.0.2.1": the day since 1970 */
    int64_t day;
    struct bytes domain, source;
    uint64_t tally[TALLY_COUNT];
};

struct dmarc_suppressed {
    struct bytes name;          /* an address, or a domain with all below it */
    int64_t since_ms, until_ms; /* until 0: for good */
    uint64_t bounces;
};

struct dmarc_sent {
    struct bytes token, to, domain;
    int64_t begin, end, time_ms;
    bool failure;
};

struct dmarc_book {
    struct book book;
    struct arena memory;
    struct table counted; /* by key */
    struct dmarc_count **counts;
    size_t count_count, count_room;
    uint64_t *known; /* reports of others, oldest first */
    size_t known_count;
    struct dmarc_suppressed *suppressed;
    size_t suppressed_count, suppressed_room;
    struct dmarc_sent *sent; /* oldest first */
    size_t sent_count;
    int64_t period_end; /* of the last period that was dealt with, epoch seconds */
    uint64_t left_out;  /* messages that were not counted, for want of room */
};

/* enters itself nowhere: keeping_add_book does. */
struct dmarc_book *dmarc_book_new(struct arena *arena);
bool dmarc_book_knows(const struct dmarc_book *book, struct bytes report, int64_t part);
/* NULL: not suppressed. */
const struct dmarc_suppressed *dmarc_book_suppressed(const struct dmarc_book *book,
                                                     struct bytes name);
const struct dmarc_sent *dmarc_book_sent(const struct dmarc_book *book, struct bytes token);
/* How long a bounce keeps an address from reports: a week, doubled with each, at most a year. */
int64_t dmarc_bounce_ms(uint64_t bounces);
/* A word without blanks or controls, in ASCII: what the book's lines hold. */
bool dmarc_book_word(struct bytes text, size_t most);
