#include "judge/phishing_private.h"

#include "base/limits.h"
#include "judge/normal.h"
#include "parse/domain.h"
#include "parse/link_hosts.h"
#include "parse/links.h"

/* Logits. */
#define BY_NAME      2.2
#define BY_DOMAIN    2.0
#define UNPROVED     1.0
#define BY_LINKS     1.5
#define BY_TEXT      1.0
#define EACH         0.4 /* kind of pressure, beside a claim in the text */
#define TEXT_MOST    2.4
#define PRESSED      0.25 /* each kind of pressure */
#define PRESSED_MOST 0.9
#define HOST         0.8 /* one that anybody gets, where there is a claim or pressure */
#define HOST_CHEAP   0.4
#define UNCLAIMED    0.5 /* of pressure: lawful mail of many houses has it too */

/* Bytes of normal form. */
#define HEAD        1000 /* where a text says who speaks */
#define TAIL        500
#define REST_COMMON 0  /* beside the name in From: of a common word */
#define REST_MOST   36 /* of others: twelve characters */
#define FOLLOWS     6  /* between a name and the words of service behind it */

static const struct address *
author(const struct letter *letter)
{
    return letter->from.address_count > 0 ? &letter->from.addresses[0] : NULL;
}

bool
phishing_proves(const struct brand *brand, const struct origin *origin)
{
    for (size_t i = 0; origin != NULL && i < origin->dkim_count; i++) {
        if (origin->dkim[i].result == AUTH_PASS &&
            brand_owns(brand, origin->dkim[i].domain)) {
            return true;
        }
    }
    return false;
}

static void
claim(struct phishing *p, enum phishing_claim how, double weight, const struct brand *brand,
      struct bytes seen)
{
    p->claim = how;
    p->weight = weight;
    p->brand = brand->name;
    p->true_domain = brand->domain;
    p->seen_domain = seen;
}

static bool
is_covered(const struct brand_hit *hits, size_t count, size_t at, bool service)
{
    for (size_t i = 0; i < count; i++) {
        if (at >= hits[i].from && at < hits[i].to &&
            (hits[i].word == BRAND_NAME || (service && hits[i].word == BRAND_SERVICE))) {
            return true;
        }
    }
    return false;
}

size_t
phishing_rest(struct bytes text, const struct brand_hit *hits, size_t count)
{
    size_t rest = 0;

    for (size_t at = 0; at < text.size; at++) {
        uint8_t c = text.at[at];
        bool sign = c < 0x80 && !ascii_letter(c) && !ascii_digit(c);
        bool wide = c == 0xe3 && at + 1 < text.size && text.at[at + 1] == 0x80;
        if (wide) {
            at += 2; /* brackets and marks of U+3000 to U+303F */
        } else if (!sign && !is_covered(hits, count, at, true)) {
            rest++;
        }
    }
    return rest;
}

const struct brand *
phishing_named(const struct brand_hit *hits, size_t count, struct bytes name,
               struct bytes domain)
{
    const struct brand_hit *best = NULL;
    size_t rest = phishing_rest(name, hits, count);

    for (size_t i = 0; i < count; i++) {
        const struct brand_hit *hit = &hits[i];
        if (hit->word == BRAND_APART && !is_covered(hits, count, hit->from, false)) {
            return NULL;
        }
        if (hit->word != BRAND_NAME) {
            continue;
        }
        if (brand_owns(hit->brand, domain)) {
            return NULL;
        }
        if (rest <= (hit->common ? REST_COMMON : REST_MOST) &&
            (best == NULL || hit->to - hit->from > best->to - best->from)) {
            best = hit;
        }
    }
    return best == NULL ? NULL : best->brand;
}

/* DMARC failed; or there is none, SPF failed and no signature is valid. */
static bool
is_unproved(const struct origin *origin)
{
    bool signed_by = false;

    if (origin == NULL || origin->arc.speaker.size > 0) {
        return false;
    }
    for (size_t i = 0; i < origin->dkim_count; i++) {
        signed_by = signed_by || origin->dkim[i].result == AUTH_PASS;
    }
    return origin->dmarc.result == AUTH_FAIL ||
           (origin->dmarc.result == AUTH_NONE && !signed_by &&
            (origin->spf.result == AUTH_FAIL || origin->spf.result == AUTH_SOFTFAIL));
}

void
phishing_read_header(struct arena *arena, struct brands *brands,
                     const struct letter *letter, const struct origin *origin,
                     struct phishing *p)
{
    const struct address *from = author(letter);
    size_t count;

    *p = (struct phishing){.origin = origin};
    if (from == NULL || from->domain.size == 0) {
        return;
    }
    const struct brand *owner = brands_owner(brands, from->domain);
    struct bytes name = normal_form(arena, bytes_slice(from->name, 0, 300), 600);
    if (name.size > 0) {
        struct phrase_text text = phrase_text_of(arena, name);
        const struct brand_hit *hits = brands_scan(arena, brands, &text, &count);
        const struct brand *spoken = phishing_named(hits, count, name, BYTES_NONE);
        p->is_named = spoken != NULL && brand_owns(spoken, from->domain);
        const struct brand *brand = phishing_named(hits, count, name, from->domain);
        if (brand != NULL && !phishing_proves(brand, origin)) {
            claim(p, PHISHING_BY_NAME, BY_NAME, brand, from->domain);
            return;
        }
    }
    p->owner = owner;
    p->proved = origin != NULL && (origin->dmarc.result == AUTH_PASS ||
                                   (owner != NULL && phishing_proves(owner, origin)));
    if (owner != NULL) {
        if (is_unproved(origin) && !phishing_proves(owner, origin)) {
            claim(p, PHISHING_UNPROVED, UNPROVED, owner, from->domain);
        }
        return;
    }
    struct bytes registrable = domain_registrable(arena, from->domain);
    struct bytes like = link_hosts_like(registrable, link_skeleton(arena, registrable));
    like = like.size > 0 ? like : link_hosts_within(from->domain, registrable);
    if (like.size > 0) {
        p->claim = PHISHING_BY_DOMAIN;
        p->weight = BY_DOMAIN;
        p->brand = p->true_domain = bytes_copy(arena, like);
        p->seen_domain = from->domain;
    }
}

/* A closing bracket. */
static bool
is_closed(struct bytes normal, size_t at)
{
    return at < normal.size &&
           (normal.at[at] == ']' || normal.at[at] == ')' ||
            (normal.at[at] == 0xe3 && at + 1 < normal.size && normal.at[at + 1] == 0x80));
}

/* Whether a longer name covers it: 楽天 in 楽天銀行. */
static bool
is_part(const struct brand_hit *hits, size_t count, const struct brand_hit *hit)
{
    for (size_t i = 0; i < count; i++) {
        if (hits[i].word == BRAND_NAME && hits[i].from <= hit->from &&
            hits[i].to >= hit->to && hits[i].to - hits[i].from > hit->to - hit->from) {
            return true;
        }
    }
    return false;
}

/* Whether the brand speaks here: its name at the beginning of the subject (in brackets or not), or words of service right behind it. */
static bool
speaks(const struct brand_hit *hits, size_t count, size_t at, struct bytes normal,
       size_t subject)
{
    const struct brand_hit *hit = &hits[at];

    if (hit->from < subject) {
        size_t letters = 0;
        for (size_t i = 0; i < hit->from; i++) {
            uint8_t c = normal.at[i];
            letters += ascii_letter(c) || c >= 0xe4; /* no brackets and marks */
        }
        if (letters == 0 && (!hit->common || is_closed(normal, hit->to))) {
            return true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (hits[i].word == BRAND_SPEAKS && hits[i].from >= hit->to &&
            hits[i].from <= hit->to + FOLLOWS) {
            return true;
        }
    }
    return false;
}

static bool
is_read(size_t at, size_t size)
{
    return at < HEAD || at + TAIL > size;
}

static void
count_pressure(struct brands *brands, struct phishing *p, const struct brand_hit *hit,
               struct bytes normal, uint64_t *seen)
{
    if ((*seen & 1ull << hit->group) != 0) {
        return;
    }
    *seen |= 1ull << hit->group;
    p->pressures++;
    if (brands_pressure(brands, hit->group) > p->pressure_weight) {
        p->pressure_weight = brands_pressure(brands, hit->group);
        p->pressure_words = bytes_slice(normal, hit->from, hit->to);
    }
}

/* Drops what stands in quoted or forwarded text. */
static size_t
own_words(struct brand_hit *hits, size_t count, const struct region *regions,
          size_t region_count)
{
    size_t kept = 0, region = 0;

    for (size_t i = 0; i < count; i++) {
        while (region < region_count && regions[region].to < hits[i].to) {
            region++;
        }
        if (region == region_count || regions[region].kind != REGION_QUOTED) {
            hits[kept++] = hits[i];
        }
    }
    return kept;
}

/* Whether at most half of the text is quoted or passed on: of pictures and links nobody knows in which part they stand. */
static bool
is_own(const struct region *regions, size_t count, size_t size)
{
    size_t quoted = 0;

    for (size_t i = 0; i < count; i++) {
        if (regions[i].kind == REGION_QUOTED) {
            quoted += regions[i].to - regions[i].from;
        }
    }
    return quoted <= size / 2;
}

void
phishing_read_text(struct arena *arena, struct brands *brands, const struct letter *letter,
                   const struct phrase_text *text, const struct region *regions,
                   size_t region_count, struct phishing *p)
{
    const struct address *from = author(letter);
    struct bytes domain = from == NULL ? BYTES_NONE : from->domain;
    struct bytes normal = text->normal;
    size_t count, subject = bytes_find_byte(normal, '\n', 0);
    const struct brand_hit *found = brands_scan(arena, brands, text, &count);
    struct brand_hit *hits = (struct brand_hit *)found;
    const struct brand_hit *spoken = NULL;
    bool owned = brands_owner(brands, domain) != NULL;
    uint64_t seen = 0;

    subject = subject == BYTES_NOWHERE ? normal.size : subject;
    count = own_words(hits, count, regions, region_count);
    for (size_t i = 0; i < count; i++) {
        const struct brand_hit *hit = &hits[i];
        if (hit->word == BRAND_PRESSURE) {
            count_pressure(brands, p, hit, normal, &seen);
            continue;
        }
        if (hit->word == BRAND_NAME && !owned) {
            phishing_read_issuer(p, hit, normal);
        }
        if (hit->word == BRAND_NAME && !owned && is_read(hit->from, normal.size) &&
            (spoken == NULL || hit->to - hit->from > spoken->to - spoken->from) &&
            !is_part(hits, count, hit) && speaks(hits, count, i, normal, subject)) {
            spoken = hit;
        }
    }
    double pressed = PRESSED * p->pressures;
    p->pressure_weight = pressed < PRESSED_MOST ? pressed : PRESSED_MOST;
    if (owned && p->claim == PHISHING_NO_CLAIM) {
        p->pressure_weight = 0;
    }
    p->text_read = is_own(regions, region_count, normal.size);
    if (spoken != NULL && p->claim == PHISHING_NO_CLAIM && domain.size > 0 &&
        !phishing_proves(spoken->brand, p->origin)) {
        claim(p, PHISHING_BY_TEXT, 0, spoken->brand, domain);
        p->said = bytes_slice(normal, spoken->from, spoken->to);
    }
}

bool
phishing_leads(const struct link *link)
{
    return link->kind != LINK_IMAGE && link->host.size > 0 &&
           !bytes_starts(link->href, BYTES("mailto:"));
}

/* The first host that a link leads to. */
static struct bytes
elsewhere_host(const struct letter *letter)
{
    for (size_t i = 0; i < letter->link_count; i++) {
        if (phishing_leads(&letter->links[i])) {
            return letter->links[i].host;
        }
    }
    return BYTES_NONE;
}

static void
read_host(struct brands *brands, const struct link *link, struct phishing *p)
{
    struct bytes kind = brands_host_kind(brands, link->host);
    double weight = bytes_is(kind, "cheap_top_level") ? HOST_CHEAP : HOST;

    if (kind.size > 0 && weight > p->host_weight) {
        p->host = link->host;
        p->host_kind = kind;
        p->host_weight = weight;
    }
}

void
phishing_read_links(struct arena *arena, struct brands *brands, const struct letter *letter,
                    struct phishing *p)
{
    bool elsewhere = false, home = false;

    for (size_t i = 0; i < letter->link_count; i++) {
        const struct link *link = &letter->links[i];
        const struct brand *owner =
            phishing_leads(link) ? brands_owner(brands, link->host) : NULL;
        if (!phishing_leads(link)) {
            continue;
        }
        elsewhere = elsewhere || owner == NULL;
        home = home || owner != NULL;
        read_host(brands, link, p);
    }
    if (p->claim == PHISHING_BY_TEXT) {
        double weight = BY_TEXT + EACH * p->pressures;
        bool is = elsewhere && p->pressures >= 2;
        p->weight = is ? weight < TEXT_MOST ? weight : TEXT_MOST : 0;
        p->claim = is ? p->claim : PHISHING_NO_CLAIM;
    }
    if (p->claim == PHISHING_NO_CLAIM && p->owner != NULL && p->is_named && !p->proved &&
        p->pressures > 0 && elsewhere && !home) {
        claim(p, PHISHING_BY_LINKS, BY_LINKS, p->owner, elsewhere_host(letter));
    }
    if (p->claim == PHISHING_NO_CLAIM && p->owner == NULL && p->text_read) {
        phishing_read_look(arena, brands, letter, p);
    }
    p->pressure_weight *= p->claim == PHISHING_NO_CLAIM ? UNCLAIMED : 1;
    if (p->host_weight > 0 && p->claim == PHISHING_NO_CLAIM && p->pressures < 2) {
        p->host_weight = PHISHING_HOST_ALONE;
    }
}
