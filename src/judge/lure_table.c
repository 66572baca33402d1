#include "judge/embedded_private.h"
#include "judge/lure_private.h"
#include "judge/normal.h"

static const char *const known_names[LURE_KNOWN_COUNT] = {
    "#sum",     "#fortune",   "@reply_elsewhere", "@given_name",   "@app_id",
    "@address", "@link",      "@short",           "@names_itself", "@names_you",
    "@quotes",  "@free_mail", "@company",         "@undisclosed",
};

static const char *const theme_names[LURE_THEME_COUNT] = {
    "contact", "rapport", "persona", "gift",    "ask",   "earn",
    "meet",    "photo",   "move",    "secrecy", "hurry", "wanted",
};

static const char *const finding_names[LURE_THEME_COUNT] = {
    "lure_contact", "lure_rapport", "lure_persona", "lure_gift",
    "lure_ask",     "lure_earn",    "lure_meet",    "lure_photo",
    "lure_move",    "lure_secrecy", "lure_hurry",   NULL,
};

static const char *const stage_names[LURE_STAGE_COUNT] = {"none", "contact", "rapport",
                                                          "move", "money"};

const char *
lure_theme_name(enum lure_theme theme)
{
    return theme_names[theme];
}

const char *
lure_finding_name(enum lure_theme theme)
{
    return finding_names[theme];
}

const char *
lure_stage_name(enum lure_stage stage)
{
    return stage_names[stage];
}

struct bytes
lure_built_in(void)
{
    return bytes_of(judge_lure_table, (size_t)(judge_lure_table_end - judge_lure_table));
}

struct reader {
    struct arena *arena, *scratch;
    struct lure_table *table;
    struct phrase *phrases;
    size_t phrase_count;
};

static size_t
find_concept(const struct lure_table *table, struct bytes name)
{
    for (size_t i = 0; i < table->concept_count; i++) {
        if (bytes_equal(table->names[i], name)) {
            return i;
        }
    }
    return LIMIT_LURE_CONCEPTS;
}

static enum sk_code
read_word(struct reader *r, struct bytes line, size_t number, struct why *why)
{
    struct lure_table *table = r->table;
    struct bytes name, spelling;

    if (!bytes_split(&line, '\t', &name) || name.size == 0 || line.size == 0 ||
        name.at[0] == '@' || name.at[0] == '#' || name.at[0] == '!') {
        return why_set_line(why, SK_CONFIG, number,
                            "a word is `word`, a concept, and spellings parted by |");
    }
    size_t concept = find_concept(table, name);
    if (concept == LIMIT_LURE_CONCEPTS) {
        if (table->concept_count == LIMIT_LURE_CONCEPTS) {
            return why_set_line(why, SK_CONFIG, number,
                                "the table of lures has more than %d concepts",
                                LIMIT_LURE_CONCEPTS);
        }
        concept = table->concept_count++;
        table->names[concept] = bytes_copy(r->arena, name);
    }
    while (bytes_split(&line, '|', &spelling)) {
        struct bytes normal = bytes_trim(normal_form(r->scratch, spelling, 256));
        if (normal.size == 0) {
            continue;
        }
        if (r->phrase_count == LIMIT_LURE_WORDS) {
            return why_set_line(why, SK_CONFIG, number,
                                "the table of lures has more than %d spellings",
                                LIMIT_LURE_WORDS);
        }
        r->phrases[r->phrase_count++] = (struct phrase){normal, (uint32_t) concept};
    }
    return SK_OK;
}

static bool
read_weight(struct bytes text, int *weight_r)
{
    bool below = text.size > 0 && text.at[0] == '-';
    uint64_t number;

    if (!bytes_to_number(bytes_from(text, below ? 1 : 0), 99, &number)) {
        return false;
    }
    *weight_r = below ? -(int)number : (int)number;
    return true;
}

static bool
read_concepts(const struct lure_table *table, struct bytes text, struct lure_sign *sign)
{
    struct bytes name;

    while (bytes_split(&text, ' ', &name)) {
        bool not = name.size > 0 && name.at[0] == '!';
        size_t concept = find_concept(table, bytes_from(name, not ? 1 : 0));
        if (concept == LIMIT_LURE_CONCEPTS ||
            (not ? sign->not_count == LURE_NOT_MOST
                 : sign->together_count == LURE_TOGETHER_MOST)) {
            return false;
        }
        if (not ) {
            sign->not [sign->not_count++] = (uint8_t) concept;
        } else {
            sign->together[sign->together_count++] = (uint8_t) concept;
        }
    }
    return sign->together_count > 0;
}

static enum sk_code
read_sign(struct reader *r, struct bytes line, size_t number, struct why *why)
{
    struct lure_table *table = r->table;
    struct bytes theme, weight, reach;
    struct lure_sign sign = {.theme = LURE_CONTACT};
    uint64_t most = 0;
    size_t at = 0;

    bool is = bytes_split(&line, '\t', &theme) && bytes_split(&line, '\t', &weight) &&
              bytes_split(&line, '\t', &reach) && read_weight(weight, &sign.weight) &&
              bytes_to_number(reach, 10000, &most) && read_concepts(table, line, &sign);
    while (at < LURE_THEME_COUNT && !bytes_is(theme, theme_names[at])) {
        at++;
    }
    sign.theme = (enum lure_theme)at;
    sign.reach = (size_t)most;
    if (!is || at == LURE_THEME_COUNT || (sign.weight < 0) != (sign.theme == LURE_WANTED)) {
        return why_set_line(why, SK_CONFIG, number,
                            "a sign is `sign`, theme, weight, reach and concepts that "
                            "were told before it, parted by tabs");
    }
    if (table->sign_count == LIMIT_LURE_SIGNS) {
        return why_set_line(why, SK_CONFIG, number,
                            "the table of lures has more than %d signs", LIMIT_LURE_SIGNS);
    }
    table->signs[table->sign_count++] = sign;
    return SK_OK;
}

static enum sk_code
read_rows(struct reader *r, struct bytes text, struct why *why)
{
    struct bytes line, kind;
    size_t number = 0;

    while (bytes_line(&text, &line)) {
        number++;
        if (line.size == 0 || line.at[0] == '#') {
            continue;
        }
        bool split = bytes_split(&line, '\t', &kind);
        enum sk_code code = split && bytes_is(kind, "word")
                                ? read_word(r, line, number, why)
                            : split && bytes_is(kind, "sign")
                                ? read_sign(r, line, number, why)
                                : why_set_line(why, SK_CONFIG, number,
                                               "a row begins with `word` or `sign`");
        if (code != SK_OK) {
            return code;
        }
    }
    return SK_OK;
}

/* Signs that want their concepts near each other, by concept. */
static void
sort_near(struct arena *arena, struct lure_table *table)
{
    size_t count = 0;

    table->by_concept =
        ARENA_NEW_MANY(arena, table->sign_count * LURE_TOGETHER_MOST + 1, uint16_t);
    for (size_t c = 0; c < LIMIT_LURE_CONCEPTS; c++) {
        table->near[c] = count;
        for (size_t i = 0; i < table->sign_count; i++) {
            const struct lure_sign *sign = &table->signs[i];
            for (size_t k = 0; sign->reach > 0 && k < sign->together_count; k++) {
                if (sign->together[k] == c) {
                    table->by_concept[count++] = (uint16_t)i;
                    break;
                }
            }
        }
    }
    table->near[LIMIT_LURE_CONCEPTS] = count;
}

enum sk_code
lure_open(struct arena *arena, struct bytes text, struct lure_table **table_r,
          struct why *why)
{
    struct arena scratch;
    struct lure_table *table = ARENA_NEW(arena, struct lure_table);
    struct reader r = {.arena = arena, .scratch = &scratch, .table = table};

    arena_init(&scratch, 67108864);
    table->is_worded = text.at == judge_lure_table;
    r.phrases = ARENA_NEW_MANY(&scratch, LIMIT_LURE_WORDS + lure_unit_count, struct phrase);
    table->signs = ARENA_NEW_MANY(arena, LIMIT_LURE_SIGNS, struct lure_sign);
    for (size_t i = 0; i < LURE_KNOWN_COUNT; i++) {
        table->names[i] = bytes_from_text(known_names[i]);
    }
    table->concept_count = LURE_KNOWN_COUNT;
    enum sk_code code = read_rows(&r, text, why);
    for (size_t i = 0; i < lure_unit_count; i++) {
        r.phrases[r.phrase_count++] =
            (struct phrase){bytes_from_text(lure_units[i].text), (uint32_t)(LURE_UNIT + i)};
    }
    if (code == SK_OK) {
        sort_near(arena, table);
        code = phrases_open(arena, r.phrases, r.phrase_count, &table->phrases, why);
    }
    arena_release(&scratch);
    if (code == SK_OK) {
        *table_r = table;
    }
    return code;
}

void
lure_close(struct lure_table *table)
{
    if (table != NULL) {
        phrases_close(table->phrases);
        table->phrases = NULL;
    }
}
