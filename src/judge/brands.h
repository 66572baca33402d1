/* Brands: names that phishing claims, their true domains, and the words around such mail.
 *
 * The table (share/brands/brands.tsv) is lines of fields parted by tabs; '#' begins a comment where a line begins with it:
 *
 *     brand     id  kind  name|name|...  domain|domain|...  source  date  confidence
 *     pressure  weight  word|word|...      presses to log in; weight: tenths, 1 to 9
 *     service   word|word|...              stands beside a name in From where it is the sender's
 *     speaks    word|word|...              follows a name in a text that speaks as it
 *     apart     word|word|...              stands beside a name where others speak of it
 *     host      kind  domain  source       free_hosting, dynamic_dns, tunnel, cheap_top_level
 *
 * A name that begins with = is a common word too (au, LINE, Apple). Names and words are found in one pass (judge/phrases.h). A domain
 * counts with all below it. Of one brand id the last row holds, so that an operator's file can correct a row of ours.
 *
 * Memory is the arena's; a struct brands belongs to a process, one scan at a time. At most LIMIT_BRANDS brands and LIMIT_BRAND_WORDS
 * spellings. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/table.h"
#include "base/why.h"
#include "judge/phrases.h"

struct brand {
    struct bytes id, kind, name; /* name: the first */
    struct bytes domains;        /* parted by | */
    struct bytes domain;         /* the first */
    struct bytes names;          /* parted by |, = before a common word */
    struct bytes source, date, confidence;
    size_t line;   /* in its file */
    bool own;      /* of the operator's rows */
    bool replaces; /* and stands in the place of a row before it */
};

enum brand_word { BRAND_NAME, BRAND_PRESSURE, BRAND_SERVICE, BRAND_SPEAKS, BRAND_APART };

struct brand_hit {
    enum brand_word word;
    const struct brand *brand; /* BRAND_NAME */
    bool common;               /* BRAND_NAME: a common word too */
    size_t group;              /* BRAND_PRESSURE: its row, from 0 */
    size_t from, to;
};

struct brand_pressure {
    double weight;
};

struct brands;

/* The table that is built in, then more rows ("" for none). SK_CONFIG with the line, counted in the second where that is not
 * empty and the first is good. */
enum sk_code brands_open(struct arena *arena, struct bytes text, struct bytes more,
                         struct brands **brands_r, struct why *why);
void brands_close(struct brands *brands);
struct bytes brands_built_in(void);

/* What stands in a text, by where it ends; at most LIMIT_PHRASE_HITS, in the arena. */
const struct brand_hit *brands_scan(struct arena *arena, struct brands *brands,
                                    const struct phrase_text *text, size_t *count_r);
/* Whether a domain is one of the brand's, or below it. */
bool brand_owns(const struct brand *brand, struct bytes domain);
/* A brand that owns the domain; NULL if none does. */
const struct brand *brands_owner(const struct brands *brands, struct bytes domain);
/* Tenths; the rows of pressure in their order. */
double brands_pressure(const struct brands *brands, size_t group);
/* The kind of a host that anybody gets within minutes, "" for others. */
struct bytes brands_host_kind(const struct brands *brands, struct bytes host);
size_t brands_count(const struct brands *brands);
/* In the order of their first rows; below brands_count. */
const struct brand *brands_at(const struct brands *brands, size_t at);
/* By id, or by one of its names in any spelling; NULL: there is none. In the arena is what is needed to look. */
const struct brand *brands_find(struct arena *arena, struct brands *brands,
                                struct bytes name);
