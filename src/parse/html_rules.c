#include "base/limits.h"
#include "base/scan.h"
#include "parse/html_view_private.h"

/* Selectors are read that are made of names, classes and ids, also within others (`td .x`, `td > .x`). What has an attribute, a
 * pseudo-class or a sibling in it holds only sometimes: its rule is left out, and the text counts as seen. */

#define SLOT_COUNT   256u
#define CLASSES_MOST 2  /* in one compound */
#define PARTS_MOST   4  /* compounds in one selector */
#define TAKEN_MOST   24 /* rules that meet one element; later ones are not looked at */
#define NAMES_MOST   16 /* classes of one element that are looked up */

struct compound {
    struct bytes name, id, classes[CLASSES_MOST];
    size_t class_count;
};

struct html_rule {
    struct html_rule *next; /* in its slot, the latest first */
    struct compound parts[PARTS_MOST];
    size_t part_count;
    unsigned weight; /* specificity (Selectors 4, 17) and then the order */
    struct html_style normal, important;
};

void
html_rules_init(struct html_rules *rules, struct arena *arena)
{
    *rules = (struct html_rules){.arena = arena};
}

static bool
is_name_byte(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c) || c == '-' || c == '_' || c >= 0x80;
}

static bool
read_compound(struct bytes *text, struct compound *c)
{
    *c = (struct compound){0};
    while (text->size > 0 && !ascii_blank(text->at[0]) && text->at[0] != '>') {
        uint8_t kind = text->at[0];
        size_t start = kind == '.' || kind == '#' ? 1 : 0, end = start;
        while (end < text->size && is_name_byte(text->at[end])) {
            end++;
        }
        struct bytes name = bytes_slice(*text, start, end);
        if (name.size == 0) {
            return false;
        }
        if (kind == '.') {
            if (c->class_count == CLASSES_MOST) {
                return false;
            }
            c->classes[c->class_count++] = name;
        } else if (kind == '#') {
            c->id = name;
        } else {
            c->name = name;
        }
        *text = bytes_from(*text, end);
    }
    return true;
}

static bool
read_selector(struct bytes text, struct html_rule *rule)
{
    rule->part_count = 0;
    rule->weight = 0;
    text = bytes_trim(text);
    while (text.size > 0) {
        struct compound *c = &rule->parts[rule->part_count];
        if (rule->part_count == PARTS_MOST || !read_compound(&text, c)) {
            return false;
        }
        rule->part_count++;
        rule->weight += (c->id.size > 0 ? 10000u : 0) + (unsigned)c->class_count * 100u +
                        (c->name.size > 0 ? 1u : 0);
        while (text.size > 0 && (ascii_blank(text.at[0]) || text.at[0] == '>')) {
            text = bytes_from(text, 1);
        }
    }
    return rule->part_count > 0;
}

static unsigned
slot_of(uint8_t kind, struct bytes name)
{
    unsigned hash = kind;

    for (size_t i = 0; i < name.size; i++) {
        hash = hash * 31 + ascii_lower(name.at[i]);
    }
    return (hash ^ hash >> 8) % SLOT_COUNT;
}

static void
add_rule(struct html_rules *rules, const struct html_rule *rule)
{
    const struct compound *last = &rule->parts[rule->part_count - 1];
    unsigned slot = last->id.size > 0       ? slot_of('#', last->id)
                    : last->class_count > 0 ? slot_of('.', last->classes[0])
                                            : slot_of(0, last->name);

    if (rules->slots == NULL) {
        rules->slots = ARENA_NEW_MANY(rules->arena, SLOT_COUNT, struct html_rule *);
    }
    struct html_rule *kept = ARENA_NEW(rules->arena, struct html_rule);
    *kept = *rule;
    kept->weight = rule->weight * LIMIT_STYLE_RULES + (unsigned)rules->count;
    kept->next = rules->slots[slot];
    rules->slots[slot] = kept;
    rules->count++;
}

static void
read_rule(struct html_rules *rules, struct bytes selectors, struct bytes block)
{
    struct html_rule rule = {0};
    struct bytes selector;

    html_style_read(rules->arena, block, &rule.normal, &rule.important);
    if ((rule.normal.said | rule.important.said) == 0) {
        return;
    }
    while (rules->count < LIMIT_STYLE_RULES && bytes_split(&selectors, ',', &selector)) {
        if (read_selector(selector, &rule)) {
            add_rule(rules, &rule);
        }
    }
}

/* Behind blanks, comments and the marks of HTML comments. */
static size_t
skip_nothing(struct bytes sheet, size_t at)
{
    for (;;) {
        struct bytes rest = bytes_from(sheet, at);
        if (rest.size > 0 && (ascii_blank(rest.at[0]) || rest.at[0] == '}')) {
            at++;
        } else if (bytes_starts(rest, BYTES("/*"))) {
            size_t end = bytes_find(sheet, BYTES("*/"), at + 2);
            at = end == BYTES_NOWHERE ? sheet.size : end + 2;
        } else if (bytes_starts(rest, BYTES("<!--"))) {
            at += 4;
        } else if (bytes_starts(rest, BYTES("-->"))) {
            at += 3;
        } else {
            return at;
        }
    }
}

/* Behind the block that opens at `open`, with those in it. */
static size_t
block_end(struct bytes sheet, size_t open)
{
    size_t depth = 0;

    for (size_t at = open; at < sheet.size; at++) {
        while (sheet.size - at >= SCAN_SIZE) {
            scan_block block = scan_load(sheet.at + at);
            if (scan_any(scan_is(block, '{') | scan_is(block, '}'))) {
                break;
            }
            at += SCAN_SIZE;
        }
        if (at == sheet.size) {
            break;
        }
        if (sheet.at[at] == '{') {
            depth++;
        } else if (sheet.at[at] == '}' && --depth == 0) {
            return at + 1;
        }
    }
    return sheet.size;
}

void
html_rules_add(struct html_rules *rules, struct bytes sheet)
{
    for (size_t at = skip_nothing(sheet, 0);
         at < sheet.size && rules->count < LIMIT_STYLE_RULES;
         at = skip_nothing(sheet, at)) {
        size_t end = at;
        bool special = sheet.at[at] == '@';
        if (special) {
            while (end < sheet.size && sheet.at[end] != '{' && sheet.at[end] != ';') {
                end++;
            }
        } else {
            end = scan_find(sheet, '{', at);
        }
        if (end >= sheet.size) {
            return;
        }
        if (special) {
            /* For some screens, or at some times of the day: not for this reader. */
            at = sheet.at[end] == '{' ? block_end(sheet, end) : end + 1;
            continue;
        }
        size_t close = bytes_find_byte(sheet, '}', end);
        read_rule(rules, bytes_slice(sheet, at, end), bytes_slice(sheet, end + 1, close));
        at = close == BYTES_NOWHERE ? sheet.size : close + 1;
    }
}

/* Meeting an element ------------------------------------------------------------------------------------------------ */

/* The next name in classes from *at on; NULL after the last. */
static inline const uint8_t *
next_class(struct bytes classes, size_t *at, size_t *size_r)
{
    size_t start = *at;

    while (start < classes.size && ascii_blank(classes.at[start])) {
        start++;
    }
    size_t end = start;
    while (end < classes.size && !ascii_blank(classes.at[end])) {
        end++;
    }
    *at = end;
    *size_r = end - start;
    return end > start ? classes.at + start : NULL;
}

/* Without regard to case, as pages without a DOCTYPE are read, and most mail is one. */
static bool
has_class(struct bytes classes, struct bytes name)
{
    const uint8_t *class;
    size_t at = 0, size;

    if (classes.size < name.size) {
        return false;
    }
    for (int i = 0; i < NAMES_MOST && (class = next_class(classes, &at, &size)) != NULL;
         i++) {
        if (size == name.size && bytes_equal_fold(bytes_of(class, size), name)) {
            return true;
        }
    }
    return false;
}

static bool
compound_meets(const struct compound *c, const struct html_target *target)
{
    if ((c->name.size > 0 && !bytes_equal_fold(c->name, target->name)) ||
        (c->id.size > 0 && !bytes_equal_fold(c->id, target->id))) {
        return false;
    }
    for (size_t i = 0; i < c->class_count; i++) {
        if (!has_class(target->classes, c->classes[i])) {
            return false;
        }
    }
    return true;
}

static bool
rule_meets(struct html_rules *rules, const struct html_rule *rule,
           const struct html_target *path[], size_t count)
{
    size_t part = rule->part_count - 1, at = count - 1;

    rules->steps++;
    if (!compound_meets(&rule->parts[part], path[at])) {
        return false;
    }
    while (part > 0 && at > 0) {
        rules->steps++;
        part -= compound_meets(&rule->parts[part - 1], path[--at]);
    }
    return part == 0;
}

struct taken {
    const struct html_rule *rules[TAKEN_MOST];
    size_t count;
};

static void
take_slot(struct html_rules *rules, unsigned slot, const struct html_target *path[],
          size_t count, struct taken *taken)
{
    for (const struct html_rule *rule = rules->slots[slot];
         rule != NULL && taken->count < TAKEN_MOST && rules->steps < LIMIT_STYLE_STEPS;
         rule = rule->next) {
        if (!rule_meets(rules, rule, path, count)) {
            continue;
        }
        size_t at = taken->count;
        bool twice = false;
        for (size_t i = 0; i < taken->count; i++) {
            twice |= taken->rules[i] == rule;
        }
        if (twice) {
            continue;
        }
        for (; at > 0 && taken->rules[at - 1]->weight > rule->weight; at--) {
            taken->rules[at] = taken->rules[at - 1];
        }
        taken->rules[at] = rule;
        taken->count++;
    }
}

bool
html_rules_may_meet(const struct html_rules *rules, const struct html_target *target)
{
    const uint8_t *class;
    size_t at = 0, size;

    if (rules->slots[slot_of(0, target->name)] != NULL ||
        (target->id.size > 0 && rules->slots[slot_of('#', target->id)] != NULL)) {
        return true;
    }
    for (int i = 0;
         i < NAMES_MOST && (class = next_class(target->classes, &at, &size)) != NULL; i++) {
        if (rules->slots[slot_of('.', bytes_of(class, size))] != NULL) {
            return true;
        }
    }
    return false;
}

void
html_rules_take(struct html_rules *rules, const struct html_target *path[], size_t count,
                struct html_style *normal, struct html_style *important)
{
    const struct html_target *target = path[count - 1];
    const uint8_t *class;
    struct taken taken;
    size_t at = 0, size;

    taken.count = 0;
    take_slot(rules, slot_of(0, target->name), path, count, &taken);
    for (int i = 0;
         i < NAMES_MOST && (class = next_class(target->classes, &at, &size)) != NULL; i++) {
        take_slot(rules, slot_of('.', bytes_of(class, size)), path, count, &taken);
    }
    if (target->id.size > 0) {
        take_slot(rules, slot_of('#', target->id), path, count, &taken);
    }
    for (size_t i = 0; i < taken.count; i++) {
        html_style_merge(normal, &taken.rules[i]->normal);
        html_style_merge(important, &taken.rules[i]->important);
    }
}
