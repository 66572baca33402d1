#include "judge/brands.h"

#include "base/limits.h"
#include "judge/embedded_private.h"
#include "judge/normal.h"

#define FIELDS        8
#define GROUPS_MOST   32
#define DOMAIN_LABELS 12

struct name {
    const struct brand *brand;
    bool common;
};

struct brands {
    struct phrases *phrases;
    struct name *names;
    struct brand **list;
    size_t name_count, count;
    double pressure[GROUPS_MOST];
    size_t pressure_count;
    struct table ids, owners, hosts; /* to struct brand; to struct brand; to struct bytes */
};

struct reader {
    struct arena *arena, *scratch;
    struct brands *brands;
    struct phrase *phrases;
    size_t phrase_count;
    bool own;
};

/* Ids of phrases: the kind of word above, names or rows below. */
#define WORD_SHIFT 20

struct bytes
brands_built_in(void)
{
    return bytes_of(judge_brands_table,
                    (size_t)(judge_brands_table_end - judge_brands_table));
}

static enum sk_code
add_phrases(struct reader *r, struct bytes list, enum brand_word word, uint32_t low,
            size_t number, struct why *why)
{
    struct bytes spelling;

    while (bytes_split(&list, '|', &spelling)) {
        struct bytes normal = bytes_trim(normal_form(r->scratch, spelling, 256));
        if (normal.size == 0) {
            continue;
        }
        if (r->phrase_count == LIMIT_BRAND_WORDS) {
            return why_set_line(why, SK_CONFIG, number,
                                "the table of brands has more than %d spellings",
                                LIMIT_BRAND_WORDS);
        }
        r->phrases[r->phrase_count++] =
            (struct phrase){normal, (uint32_t)word << WORD_SHIFT | low};
    }
    return SK_OK;
}

static enum sk_code
read_names(struct reader *r, const struct brand *brand, struct bytes names, size_t number,
           struct why *why)
{
    struct bytes name;
    enum sk_code code = SK_OK;

    while (code == SK_OK && bytes_split(&names, '|', &name)) {
        bool common = name.size > 0 && name.at[0] == '=';
        if (r->brands->name_count == LIMIT_BRAND_WORDS) {
            return why_set_line(why, SK_CONFIG, number,
                                "the table of brands has more than %d spellings",
                                LIMIT_BRAND_WORDS);
        }
        size_t index = r->brands->name_count++;
        r->brands->names[index] = (struct name){brand, common};
        code = add_phrases(r, bytes_from(name, common ? 1 : 0), BRAND_NAME, (uint32_t)index,
                           number, why);
    }
    return code;
}

static enum sk_code
read_brand(struct reader *r, const struct bytes field[FIELDS], size_t count, size_t number,
           struct why *why)
{
    struct brands *brands = r->brands;
    struct bytes domains = field[4], domain, names = field[3], first;

    if (count < 7 || field[1].size == 0 || field[2].size == 0 || names.size == 0 ||
        bytes_find_byte(domains, '.', 0) == BYTES_NOWHERE || field[5].size == 0) {
        return why_set_line(why, SK_CONFIG, number,
                            "a brand is `brand`, id, kind, names, domains, source, date, "
                            "confidence, parted by tabs");
    }
    struct brand *brand = table_get(&brands->ids, field[1]);
    if (brand == NULL) {
        if (brands->count == LIMIT_BRANDS) {
            return why_set_line(why, SK_CONFIG, number,
                                "the table of brands has more than %d", LIMIT_BRANDS);
        }
        brand = ARENA_NEW(r->arena, struct brand);
        brand->id = bytes_copy(r->arena, field[1]);
        (void)table_put(&brands->ids, brand->id, brand);
        brands->list[brands->count++] = brand;
    } else {
        *brand = (struct brand){.id = brand->id, .replaces = true};
        for (size_t i = 0; i < brands->name_count; i++) {
            if (brands->names[i].brand == brand) {
                brands->names[i].brand = NULL; /* the old names are nobody's */
            }
        }
    }
    brand->kind = bytes_copy(r->arena, field[2]);
    brand->names = bytes_copy(r->arena, field[3]);
    brand->source = bytes_copy(r->arena, field[5]);
    brand->date = bytes_copy(r->arena, field[6]);
    brand->confidence = bytes_copy(r->arena, field[7]);
    brand->line = number;
    brand->own = r->own;
    (void)bytes_split(&names, '|', &first);
    brand->name = bytes_copy(
        r->arena, bytes_from(first, first.size > 0 && first.at[0] == '=' ? 1 : 0));
    brand->domains = bytes_lower(r->arena, domains);
    domains = brand->domains;
    while (bytes_split(&domains, '|', &domain)) {
        brand->domain = brand->domain.size == 0 ? domain : brand->domain;
        (void)table_put(&brands->owners, domain, brand);
    }
    return read_names(r, brand, field[3], number, why);
}

static enum sk_code
read_pressure(struct reader *r, const struct bytes field[FIELDS], size_t count,
              size_t number, struct why *why)
{
    struct brands *brands = r->brands;
    uint64_t tenths = 0;

    if (count < 3 || !bytes_to_number(field[1], 9, &tenths) || tenths == 0 ||
        brands->pressure_count == GROUPS_MOST) {
        return why_set_line(why, SK_CONFIG, number,
                            "pressure is `pressure`, a weight of 1 to 9, and words; at "
                            "most %d rows",
                            GROUPS_MOST);
    }
    brands->pressure[brands->pressure_count] = (double)tenths;
    return add_phrases(r, field[2], BRAND_PRESSURE, (uint32_t)brands->pressure_count++,
                       number, why);
}

static enum sk_code
read_host(struct reader *r, const struct bytes field[FIELDS], size_t count, size_t number,
          struct why *why)
{
    if (count < 4 || field[1].size == 0 || field[2].size == 0) {
        return why_set_line(why, SK_CONFIG, number,
                            "a host is `host`, kind, domain, source, parted by tabs");
    }
    struct bytes *kind = ARENA_NEW(r->arena, struct bytes);
    *kind = bytes_copy(r->arena, field[1]);
    (void)table_put(&r->brands->hosts, bytes_lower(r->arena, field[2]), kind);
    return SK_OK;
}

static enum sk_code
read_rows(struct reader *r, struct bytes text, struct why *why)
{
    struct bytes line;
    size_t number = 0;
    enum sk_code code = SK_OK;

    while (code == SK_OK && bytes_line(&text, &line)) {
        struct bytes field[FIELDS] = {0};
        size_t count = 0;
        number++;
        if (line.size == 0 || line.at[0] == '#') {
            continue;
        }
        while (count < FIELDS && bytes_split(&line, '\t', &field[count])) {
            count++;
        }
        if (bytes_is(field[0], "brand")) {
            code = read_brand(r, field, count, number, why);
        } else if (bytes_is(field[0], "pressure")) {
            code = read_pressure(r, field, count, number, why);
        } else if (bytes_is(field[0], "host")) {
            code = read_host(r, field, count, number, why);
        } else if (count > 1 && bytes_is(field[0], "service")) {
            code = add_phrases(r, field[1], BRAND_SERVICE, 0, number, why);
        } else if (count > 1 && bytes_is(field[0], "speaks")) {
            code = add_phrases(r, field[1], BRAND_SPEAKS, 0, number, why);
        } else if (count > 1 && bytes_is(field[0], "apart")) {
            code = add_phrases(r, field[1], BRAND_APART, 0, number, why);
        } else {
            code = why_set_line(why, SK_CONFIG, number,
                                "a row begins with `brand`, `pressure`, `service`, "
                                "`speaks`, `apart` or `host`");
        }
    }
    return code;
}

enum sk_code
brands_open(struct arena *arena, struct bytes text, struct bytes more,
            struct brands **brands_r, struct why *why)
{
    struct arena scratch;
    struct brands *brands = ARENA_NEW(arena, struct brands);
    struct reader r = {.arena = arena, .scratch = &scratch, .brands = brands};

    arena_init(&scratch, 67108864);
    r.phrases = ARENA_NEW_MANY(&scratch, LIMIT_BRAND_WORDS, struct phrase);
    brands->names = ARENA_NEW_MANY(arena, LIMIT_BRAND_WORDS, struct name);
    brands->list = ARENA_NEW_MANY(arena, LIMIT_BRANDS, struct brand *);
    table_init(&brands->ids, arena, true);
    table_init(&brands->owners, arena, true);
    table_init(&brands->hosts, arena, true);
    enum sk_code code = read_rows(&r, text, why);
    r.own = true;
    if (code == SK_OK) {
        code = read_rows(&r, more, why);
    }
    if (code == SK_OK) {
        code = phrases_open(arena, r.phrases, r.phrase_count, &brands->phrases, why);
    }
    arena_release(&scratch);
    if (code == SK_OK) {
        *brands_r = brands;
    }
    return code;
}

void
brands_close(struct brands *brands)
{
    if (brands != NULL) {
        phrases_close(brands->phrases);
        brands->phrases = NULL;
    }
}

const struct brand_hit *
brands_scan(struct arena *arena, struct brands *brands, const struct phrase_text *text,
            size_t *count_r)
{
    size_t count, kept = 0;
    const struct phrase_hit *found = phrases_scan(brands->phrases, text, &count);
    struct brand_hit *hits = ARENA_NEW_MANY(arena, count, struct brand_hit);

    for (size_t i = 0; i < count; i++) {
        uint32_t low = found[i].id & ((1u << WORD_SHIFT) - 1);
        struct brand_hit hit = {.word = (enum brand_word)(found[i].id >> WORD_SHIFT),
                                .group = low,
                                .from = found[i].from,
                                .to = found[i].to};
        if (hit.word == BRAND_NAME) {
            hit.brand = brands->names[low].brand;
            hit.common = brands->names[low].common;
            hit.group = 0;
        }
        if (hit.word != BRAND_NAME || hit.brand != NULL) {
            hits[kept++] = hit;
        }
    }
    *count_r = kept;
    return hits;
}

static bool
is_within(struct bytes domain, struct bytes of)
{
    return bytes_ends_fold(domain, of) &&
           (domain.size == of.size || domain.at[domain.size - of.size - 1] == '.');
}

bool
brand_owns(const struct brand *brand, struct bytes domain)
{
    struct bytes domains = brand->domains, one;

    while (bytes_split(&domains, '|', &one)) {
        if (is_within(domain, one)) {
            return true;
        }
    }
    return false;
}

/* The value of a name, or of the longest ending of it that begins at a label. */
static void *
by_labels(const struct table *table, struct bytes name)
{
    for (int i = 0; i < DOMAIN_LABELS && name.size > 0; i++) {
        void *value = table_get(table, name);
        size_t dot = bytes_find_byte(name, '.', 0);
        if (value != NULL || dot == BYTES_NOWHERE) {
            return value;
        }
        name = bytes_from(name, dot + 1);
    }
    return NULL;
}

const struct brand *
brands_owner(const struct brands *brands, struct bytes domain)
{
    const struct brand *owner = by_labels(&brands->owners, domain);

    /* The row that was asked may have given way to one with other domains. */
    for (size_t i = 0; owner != NULL && !brand_owns(owner, domain) && i < brands->count;
         i++) {
        if (brand_owns(brands->list[i], domain)) {
            return brands->list[i];
        }
    }
    return owner != NULL && brand_owns(owner, domain) ? owner : NULL;
}

struct bytes
brands_host_kind(const struct brands *brands, struct bytes host)
{
    const struct bytes *kind = by_labels(&brands->hosts, host);

    return kind == NULL ? BYTES_NONE : *kind;
}

double
brands_pressure(const struct brands *brands, size_t group)
{
    return group < brands->pressure_count ? brands->pressure[group] : 0;
}

size_t
brands_count(const struct brands *brands)
{
    return brands->count;
}

const struct brand *
brands_at(const struct brands *brands, size_t at)
{
    return brands->list[at];
}

const struct brand *
brands_find(struct arena *arena, struct brands *brands, struct bytes name)
{
    const struct brand *brand = table_get(&brands->ids, name);
    struct bytes normal = bytes_trim(normal_form(arena, bytes_slice(name, 0, 256), 512));
    struct phrase_text text = phrase_text_of(arena, normal);
    size_t count;
    const struct brand_hit *hits = brands_scan(arena, brands, &text, &count);

    for (size_t i = 0; brand == NULL && i < count; i++) {
        if (hits[i].word == BRAND_NAME && hits[i].from == 0 && hits[i].to == normal.size) {
            brand = hits[i].brand;
        }
    }
    return brand;
}
