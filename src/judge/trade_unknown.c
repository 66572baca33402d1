/* Words that may be slang nobody has told us: what stands where goods are named, in a text that offers like trade. */
#include "base/utf8.h"
#include "judge/trade_private.h"

#define CONTEXT_ENOUGH                                                                     \
    5.0 /* evidence of hand-over, secrecy and price, as trade.c sums it */
#define INNOCENT_MOST 3.0
#define PLACES        60 /* that are looked at; a text with more repeats itself */
#define WORD_MOST     36 /* bytes */

enum script { SCRIPT_NONE, SCRIPT_KATAKANA, SCRIPT_KANJI, SCRIPT_LATIN };

static enum script
script_of(uint32_t c)
{
    if (c == 0x4e07 || c == 0x5186 || c == 0x5343) { /* 万, 円, 千: the end of a price */
        return SCRIPT_NONE;
    }
    return (c >= 0x30a1 && c <= 0x30fe && c != 0x30fb) ? SCRIPT_KATAKANA
           : (c >= 0x4e00 && c <= 0x9fff)              ? SCRIPT_KANJI
           : (c >= 'a' && c <= 'z')                    ? SCRIPT_LATIN
                                                       : SCRIPT_NONE;
}

/* Where the character before `at` begins. */
static size_t
before(struct bytes text, size_t at)
{
    do {
        at--;
    } while (at > 0 && (text.at[at] & 0xc0) == 0x80);
    return at;
}

/* The word that ends at `at` but for blanks, marks and a particle: [*from_r, *to_r). Katakana and kanji may be one word. */
static bool
word_before(struct bytes text, size_t at, size_t *from_r, size_t *to_r)
{
    enum script first = SCRIPT_NONE;
    size_t skipped = 0, count = 0;
    uint32_t c = 0;

    while (at > 0 && skipped < 3) {
        size_t begin = before(text, at);
        if (utf8_get(text, begin, &c) == 0 || script_of(c) != SCRIPT_NONE) {
            break;
        }
        bool particle =
            c == 0x306e || c == 0x304c || c == 0x306f || c == 0x3092 || c == 0x3082;
        if (c != ' ' && c != ':' && c != '-' && c != 0x3001 && !particle) {
            return false;
        }
        at = begin;
        skipped++;
    }
    *to_r = *from_r = at;
    while (*from_r > 0 && *to_r - *from_r < WORD_MOST) {
        size_t begin = before(text, *from_r);
        enum script s = utf8_get(text, begin, &c) == 0 ? SCRIPT_NONE : script_of(c);
        if (s == SCRIPT_NONE ||
            (first != SCRIPT_NONE && (s == SCRIPT_LATIN) != (first == SCRIPT_LATIN))) {
            break;
        }
        first = s;
        *from_r = begin;
        count++;
    }
    return count >= (first == SCRIPT_LATIN ? 3u : 2u) && *to_r - *from_r < WORD_MOST;
}

/* Words that the lexicon knows in whatever meaning are not unknown. */
static bool
is_known(const struct trade_reading *r, size_t from, size_t to)
{
    for (size_t i = 0; i < r->hit_count && r->hits[i].from < to; i++) {
        if (r->hits[i].to > from) {
            return true;
        }
    }
    return false;
}

static void
look(const struct trade_reading *r, size_t place, struct bytes *words, size_t most,
     size_t *count)
{
    struct trade_offer offer;
    size_t from, to;

    if (*count == most || !word_before(r->normal, place, &from, &to) ||
        is_known(r, from, to)) {
        return;
    }
    struct bytes word = bytes_slice(r->normal, from, to);
    for (size_t i = 0; i < *count; i++) {
        if (bytes_equal(words[i], word)) {
            return;
        }
    }
    trade_look_around(r, from, &offer);
    bool enough =
        offer.context[CONTEXT_HAND] >= 1.5 &&
        (offer.context[CONTEXT_SECRET] >= 1.5 || offer.context[CONTEXT_PRICE] >= 2);
    if (enough && trade_contexts(&offer, false) >= CONTEXT_ENOUGH &&
        offer.innocent < INNOCENT_MOST) {
        words[(*count)++] = word;
    }
}

size_t
trade_unknown(struct arena *arena, struct bytes normal, const struct lexicon_hit *hits,
              size_t hit_count, const struct region *regions, size_t region_count,
              struct bytes *words, size_t most)
{
    size_t count = 0, places = 0;
    bool handed = false;

    for (size_t i = 0; i < hit_count && !handed; i++) {
        handed = hits[i].term->role == LEXICON_HAND && hits[i].term->weight >= 2;
    }
    if (!handed) {
        return 0;
    }
    struct trade_reading *r = ARENA_NEW(arena, struct trade_reading);
    trade_begin(arena, r, normal, hits, hit_count, regions, region_count);
    for (size_t i = 0; i < r->price_count && places < PLACES; i++) {
        if (r->prices[i].what != TRADE_PRICE_REWARD &&
            r->prices[i].what != TRADE_PRICE_FOOD) {
            look(r, r->prices[i].from, words, most, &count);
            places++;
        }
    }
    for (size_t i = 0; i < hit_count && places < PLACES; i++) {
        const struct lexicon_term *term = hits[i].term;
        bool offers = (term->role == LEXICON_TRADE && term->weight >= 2) ||
                      (term->role == LEXICON_HAND && term->weight >= 3);
        if (offers && !term->is_mask) {
            look(r, hits[i].from, words, most, &count);
            places++;
        }
    }
    return count;
}
