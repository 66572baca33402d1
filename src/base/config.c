#define SK_BASE
#include "base/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/bundle.h"
#include "base/limits.h"
#include "base/table.h"
#include "base/utf8.h"
#include "base/writer.h"

struct config_value {
    bool given;
    size_t line;
    struct bytes text;
    int64_t number;
    uint64_t set;
    struct bytes *list;
    size_t list_count;
};

/* One section as it stands in the file: a value for each row of the key table from `first` on. The section that holds
 * all keys without a name has all rows; a named one only the rows between its first and its last key. */
struct config_section {
    struct bytes section, name;
    size_t line;
    size_t first, count;
    struct config_value *values;
};

/* The named sections of one word, next to each other once all is read. */
struct config_group {
    const char *section;
    size_t from, count;
};

struct config {
    const struct config_key *keys;
    size_t key_count;
    struct config_section plain; /* all sections without a name */
    struct config_section *named;
    size_t named_count, named_room;
    struct config_group *groups;
    size_t group_count;
    struct bundle *bundle; /* where files are read from; NULL: the disk */
};

struct config_reader {
    struct arena *arena;
    struct config *config;
    struct config_section *section; /* where the next key goes */
    struct bytes word;              /* the section's word */
    struct table names; /* "word name" of the named sections that have been met */
    size_t line;
    struct why *why;
};

/* Distance of two words in edits, for "did you mean"; long words are not compared. */
static size_t
edit_distance(struct bytes a, struct bytes b)
{
    size_t row[64];

    if (a.size >= 64 || b.size >= 64) {
        return SIZE_MAX;
    }
    for (size_t i = 0; i <= b.size; i++) {
        row[i] = i;
    }
    for (size_t i = 1; i <= a.size; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b.size; k++) {
            size_t here = corner + (a.at[i - 1] != b.at[k - 1]);
            corner = row[k];
            if (row[k] + 1 < here) {
                here = row[k] + 1;
            }
            if (row[k - 1] + 1 < here) {
                here = row[k - 1] + 1;
            }
            row[k] = here;
        }
    }
    return row[b.size];
}

static enum sk_code
config_complain(struct config_reader *r, const char *what, struct bytes found,
                const char *instead)
{
    struct writer w;

    writer_init(&w, r->arena);
    writer_clean(&w, found, 80);
    return why_set_line(r->why, SK_CONFIG, r->line, "line %zu: %s \"%s\"%s%s", r->line,
                        what, writer_c(&w), instead[0] != '\0' ? ": " : "", instead);
}

static const struct config_key *
config_key_of(const struct config *config, struct bytes section, struct bytes name)
{
    for (const struct config_key *key = config->keys; key->name != NULL; key++) {
        if (bytes_is(section, key->section) && bytes_is(name, key->name)) {
            return key;
        }
    }
    return NULL;
}

static enum sk_code
config_unknown_key(struct config_reader *r, struct bytes name)
{
    const struct config_key *nearest = NULL, *elsewhere = NULL;
    size_t least = 4;
    struct writer w;

    for (const struct config_key *key = r->config->keys; key->name != NULL; key++) {
        if (!bytes_is(r->word, key->section)) {
            if (bytes_is(name, key->name)) {
                elsewhere = key;
            }
            continue;
        }
        size_t distance = edit_distance(name, bytes_from_text(key->name));
        if (distance < least) {
            least = distance;
            nearest = key;
        }
    }
    writer_init(&w, r->arena);
    if (nearest != NULL) {
        writer_format(&w, "write \"%s\"", nearest->name);
    } else if (elsewhere != NULL) {
        writer_format(&w, "it belongs into section [%s]", elsewhere->section);
    } else {
        writer_text(&w, "sekisho.conf(5) lists the keys");
    }
    return config_complain(r, "unknown key", name, writer_c(&w));
}

/* "10M", "90s": the number and its unit, in bytes or milliseconds. */
static bool
read_unit(struct bytes text, bool is_time, int64_t *number_r)
{
    static const struct {
        const char *unit;
        uint64_t factor;
        bool is_time;
    } units[] = {
        {"ms", 1, true},        {"s", 1000, true},      {"m", 60000, true},
        {"h", 3600000, true},   {"d", 86400000, true},  {"k", 1u << 10, false},
        {"M", 1u << 20, false}, {"G", 1u << 30, false},
    };
    size_t digits = 0;
    uint64_t number, factor = is_time ? 1000 : 1;

    while (digits < text.size && ascii_digit(text.at[digits])) {
        digits++;
    }
    struct bytes unit = bytes_trim(bytes_from(text, digits));
    bool known = unit.size == 0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].is_time == is_time && bytes_is(unit, units[i].unit)) {
            factor = units[i].factor;
            known = true;
        }
    }
    if (!known ||
        !bytes_to_number(bytes_slice(text, 0, digits), INT64_MAX / 86400000, &number)) {
        return false;
    }
    *number_r = (int64_t)(number * factor);
    return true;
}

static bool
choice_index(const char *choices, struct bytes text, unsigned *index_r)
{
    struct bytes rest = bytes_from_text(choices), piece;

    for (unsigned i = 0; bytes_split(&rest, '|', &piece); i++) {
        if (bytes_equal_fold(piece, text)) {
            *index_r = i;
            return true;
        }
    }
    return false;
}

static void
read_list(struct arena *arena, struct bytes text, struct config_value *value)
{
    size_t room = 0;

    for (size_t at = 0; at < text.size;) {
        size_t end = at;
        while (end < text.size && text.at[end] != ',' && !ascii_blank(text.at[end])) {
            end++;
        }
        if (end > at) {
            if (value->list_count == room) {
                size_t wider = room == 0 ? 8 : room * 2;
                value->list = arena_grow(arena, value->list, room * sizeof *value->list,
                                         wider * sizeof *value->list);
                room = wider;
            }
            value->list[value->list_count++] = bytes_slice(text, at, end);
        }
        at = end + 1;
    }
}

static enum sk_code
config_check_number(struct config_reader *r, const struct config_key *key,
                    struct bytes text, int64_t number)
{
    struct writer w;

    if (number >= key->least && number <= key->most) {
        return SK_OK;
    }
    writer_init(&w, r->arena);
    writer_format(&w, "write a value between %lld and %lld%s", (long long)key->least,
                  (long long)key->most,
                  key->type == CONFIG_TIME   ? " milliseconds"
                  : key->type == CONFIG_SIZE ? " bytes"
                                             : "");
    return config_complain(r, "out of bounds", text, writer_c(&w));
}

static enum sk_code
config_set_choices(struct config_reader *r, const struct config_key *key,
                   struct config_value *value)
{
    struct writer w;
    unsigned index = 0;

    for (size_t i = 0; i < value->list_count; i++) {
        if (!choice_index(key->choices, value->list[i], &index)) {
            writer_init(&w, r->arena);
            writer_format(&w, "write one of %s", key->choices);
            return config_complain(r, "unknown word", value->list[i], writer_c(&w));
        }
        value->set |= (uint64_t)1 << index;
        value->number = index;
    }
    if (key->type == CONFIG_CHOICE && value->list_count != 1) {
        writer_init(&w, r->arena);
        writer_format(&w, "write one of %s", key->choices);
        return config_complain(r, "not one word", value->text, writer_c(&w));
    }
    return SK_OK;
}

static enum sk_code
config_set(struct config_reader *r, const struct config_key *key,
           struct config_value *value, struct bytes text)
{
    uint64_t number;

    value->text = text;
    switch (key->type) {
    case CONFIG_TEXT:
        if (text.size < (size_t)key->least ||
            (key->most > 0 && text.size > (size_t)key->most)) {
            return config_complain(r,
                                   text.size < (size_t)key->least ? "too short a value"
                                                                  : "too long a value",
                                   text, key->help);
        }
        return SK_OK;
    case CONFIG_LIST:
        read_list(r->arena, text, value);
        return SK_OK;
    case CONFIG_NUMBER:
        if (!bytes_to_number(text, INT64_MAX, &number)) {
            return config_complain(r, "not a whole number", text, "write digits only");
        }
        value->number = (int64_t)number;
        return config_check_number(r, key, text, value->number);
    case CONFIG_SIZE:
        if (!read_unit(text, false, &value->number)) {
            return config_complain(r, "not a size", text,
                                   "write for example 50M (k, M or G)");
        }
        return config_check_number(r, key, text, value->number);
    case CONFIG_TIME:
        if (!read_unit(text, true, &value->number)) {
            return config_complain(r, "not a time", text,
                                   "write for example 30s (ms, s, m, h, d)");
        }
        return config_check_number(r, key, text, value->number);
    case CONFIG_BOOL:
        value->number = bytes_is_fold(text, "yes");
        return value->number == 1 || bytes_is_fold(text, "no")
                   ? SK_OK
                   : config_complain(r, "neither yes nor no", text, "write yes or no");
    case CONFIG_CHOICE:
    case CONFIG_CHOICES:
        read_list(r->arena, text, value);
        return config_set_choices(r, key, value);
    }
    return SK_OK;
}

static enum sk_code
config_fallbacks(struct config_reader *r, struct config_section *section, bool named)
{
    for (size_t i = 0; i < section->count; i++) {
        const struct config_key *key = &r->config->keys[section->first + i];
        struct config_value *value = &section->values[i];
        if (value->given || key->named != named ||
            (named && !bytes_is(section->section, key->section))) {
            continue;
        }
        r->line = section->line;
        if (key->fallback == NULL) {
            return why_set_line(r->why, SK_CONFIG, r->line,
                                "line %zu: \"%s\" is missing in section [%s]: %s", r->line,
                                key->name, key->section, key->help);
        }
        enum sk_code code = config_set(r, key, value, bytes_from_text(key->fallback));
        if (code != SK_OK) {
            return code;
        }
    }
    return SK_OK;
}

static void
config_add_named(struct config_reader *r, struct bytes word, struct bytes name,
                 size_t first, size_t count)
{
    struct config *config = r->config;

    if (config->named_count == config->named_room) {
        size_t wider = config->named_room == 0 ? 16 : config->named_room * 2;
        config->named =
            arena_grow(r->arena, config->named, config->named_room * sizeof *config->named,
                       wider * sizeof *config->named);
        config->named_room = wider;
    }
    r->section = &config->named[config->named_count++];
    *r->section = (struct config_section){
        .section = word,
        .name = name,
        .line = r->line,
        .first = first,
        .count = count,
        .values = ARENA_NEW_MANY(r->arena, count, struct config_value),
    };
}

static enum sk_code
config_heading(struct config_reader *r, struct bytes line)
{
    struct config *config = r->config;
    size_t first = SIZE_MAX, last = 0;

    if (line.at[line.size - 1] != ']') {
        return config_complain(r, "a heading without its end", line, "write ] at the end");
    }
    struct bytes inside = bytes_trim(bytes_slice(line, 1, line.size - 1));
    size_t blank = 0;
    while (blank < inside.size && !ascii_blank(inside.at[blank])) {
        blank++;
    }
    struct bytes word = bytes_slice(inside, 0, blank);
    struct bytes name = bytes_trim(bytes_from(inside, blank));
    for (size_t i = 0; i < config->key_count; i++) {
        if (word.size > 0 && bytes_is(word, config->keys[i].section)) {
            first = first == SIZE_MAX ? i : first;
            last = i;
        }
    }
    if (first == SIZE_MAX) {
        return config_complain(r, "unknown section", word,
                               "sekisho.conf(5) lists the sections");
    }
    bool named = config->keys[first].named;
    if (named != (name.size > 0)) {
        return config_complain(
            r, named ? "no name in the heading" : "a name where none belongs", inside,
            named ? "write for example [recipient user@example.jp]" : "");
    }
    r->word = word;
    r->section = &config->plain;
    if (!named) {
        return SK_OK;
    }
    struct writer both;
    writer_init(&both, r->arena);
    writer_bytes(&both, word);
    writer_byte(&both, ' ');
    writer_bytes(&both, name);
    if (table_put(&r->names, writer_view(&both), config) != NULL) {
        return config_complain(r, "the section stands twice", inside, "");
    }
    config_add_named(r, word, name, first, last - first + 1);
    return SK_OK;
}

/* `${NAME}` in a value stands for that variable of the environment; one that is not set is an error, never "". */
static enum sk_code
config_expand(struct config_reader *r, struct bytes *text)
{
    struct writer w;
    size_t at = 0, dollar;

    if (bytes_find(*text, BYTES("${"), 0) == BYTES_NOWHERE) {
        return SK_OK;
    }
    writer_init(&w, r->arena);
    while ((dollar = bytes_find(*text, BYTES("${"), at)) != BYTES_NOWHERE) {
        size_t end = bytes_find_byte(*text, '}', dollar);
        if (end == BYTES_NOWHERE) {
            return config_complain(r, "a ${ without its }", *text, "");
        }
        struct bytes name = bytes_slice(*text, dollar + 2, end);
        const char *value = getenv(bytes_text(r->arena, name));
        if (value == NULL) {
            return config_complain(r, "the environment has no variable", name,
                                   "set it, or write the value itself");
        }
        writer_bytes(&w, bytes_slice(*text, at, dollar));
        writer_text(&w, value);
        at = end + 1;
    }
    writer_bytes(&w, bytes_from(*text, at));
    *text = writer_view(&w);
    return SK_OK;
}

static enum sk_code
config_line_read(struct config_reader *r, struct bytes line)
{
    if (line.size > LIMIT_CONFIG_LINE) {
        return config_complain(r, "a line over 4096 bytes", bytes_slice(line, 0, 20), "");
    }
    if (!utf8_valid(line) || bytes_find_byte(line, '\0', 0) != BYTES_NOWHERE) {
        return config_complain(r, "bytes that are no UTF-8 text", line, "");
    }
    line = bytes_trim(line);
    if (line.size == 0 || line.at[0] == '#') {
        return SK_OK;
    }
    if (line.at[0] == '[') {
        return config_heading(r, line);
    }
    size_t equals = bytes_find_byte(line, '=', 0);
    if (equals == BYTES_NOWHERE) {
        return config_complain(r, "neither a key nor a heading", line, "write key = value");
    }
    struct bytes name = bytes_trim(bytes_slice(line, 0, equals));
    const struct config_key *key = config_key_of(r->config, r->word, name);
    if (key == NULL) {
        return config_unknown_key(r, name);
    }
    struct config_value *value =
        &r->section->values[(size_t)(key - r->config->keys) - r->section->first];
    if (value->given) {
        struct writer w;
        writer_init(&w, r->arena);
        writer_format(&w, "it stands on line %zu already", value->line);
        return config_complain(r, "a key given twice", name, writer_c(&w));
    }
    value->given = true;
    value->line = r->line;
    struct bytes text = bytes_trim(bytes_from(line, equals + 1));
    enum sk_code code = config_expand(r, &text);
    return code == SK_OK ? config_set(r, key, value, text) : code;
}

/* Brings the named sections of one word together, each word's in the order of the file, so that the i-th is found at
 * once however many there are. */
static void
config_group(struct arena *arena, struct config *config)
{
    struct config_section *grouped =
        ARENA_NEW_MANY(arena, config->named_count, struct config_section);
    size_t to = 0;

    config->groups = ARENA_NEW_MANY(arena, config->key_count, struct config_group);
    for (size_t k = 0; k < config->key_count; k++) {
        struct config_group group = {.section = config->keys[k].section, .from = to};
        bool met = !config->keys[k].named;
        for (size_t g = 0; g < config->group_count; g++) {
            met = met || strcmp(config->groups[g].section, group.section) == 0;
        }
        if (met) {
            continue;
        }
        for (size_t i = 0; i < config->named_count; i++) {
            if (bytes_is(config->named[i].section, group.section)) {
                grouped[to++] = config->named[i];
            }
        }
        group.count = to - group.from;
        config->groups[config->group_count++] = group;
    }
    config->named = grouped;
}

static enum sk_code
config_read_any(struct arena *arena, const struct config_key *keys, struct bytes text,
                struct bundle *bundle, const struct config **config_r, struct why *why)
{
    struct config *config = ARENA_NEW(arena, struct config);
    struct config_reader r = {.arena = arena, .config = config, .why = why};
    struct bytes line;
    enum sk_code code;

    if (text.size > LIMIT_CONFIG_BYTES) {
        return why_set(why, SK_CONFIG, "the configuration is over %d bytes",
                       LIMIT_CONFIG_BYTES);
    }
    config->keys = keys;
    config->bundle = bundle;
    while (keys[config->key_count].name != NULL) {
        config->key_count++;
    }
    config->plain.count = config->key_count;
    config->plain.values = ARENA_NEW_MANY(arena, config->key_count, struct config_value);
    table_init(&r.names, arena, true);
    r.section = &config->plain;
    r.word = BYTES("");
    text = bytes_copy(arena, text);
    while (bytes_line(&text, &line)) {
        r.line++;
        code = config_line_read(&r, line);
        if (code != SK_OK) {
            return code;
        }
    }
    config->plain.line = r.line;
    code = config_fallbacks(&r, &config->plain, false);
    for (size_t i = 0; code == SK_OK && i < config->named_count; i++) {
        code = config_fallbacks(&r, &config->named[i], true);
    }
    config_group(arena, config);
    *config_r = config;
    return code;
}

enum sk_code
config_read(struct arena *arena, const struct config_key *keys, struct bytes text,
            const struct config **config_r, struct why *why)
{
    return config_read_any(arena, keys, text, NULL, config_r, why);
}

enum sk_code
config_read_bundle(struct arena *arena, const struct config_key *keys,
                   struct bundle *bundle, const struct config **config_r, struct why *why)
{
    return config_read_any(arena, keys, bundle->text, bundle, config_r, why);
}

enum sk_code
config_file(const struct config *config, struct arena *arena, struct bytes path,
            size_t most, struct bytes *content_r, struct why *why)
{
    return bundle_file(config->bundle, arena, path, most, content_r, why);
}

static const struct config_value *
config_value(const struct config *config, const char *key)
{
    struct bytes name = bytes_from_text(key), section = BYTES("");
    size_t dot = bytes_find_byte(name, '.', 0);

    if (dot != BYTES_NOWHERE) {
        section = bytes_slice(name, 0, dot);
        name = bytes_from(name, dot + 1);
    }
    const struct config_key *row = config_key_of(config, section, name);
    SK_ASSERT(row != NULL && !row->named);
    return &config->plain.values[row - config->keys];
}

struct bytes
config_text(const struct config *config, const char *key)
{
    return config_value(config, key)->text;
}

int64_t
config_number(const struct config *config, const char *key)
{
    return config_value(config, key)->number;
}

bool
config_bool(const struct config *config, const char *key)
{
    return config_value(config, key)->number != 0;
}

int
config_choice(const struct config *config, const char *key)
{
    return (int)config_value(config, key)->number;
}

uint64_t
config_choices(const struct config *config, const char *key)
{
    return config_value(config, key)->set;
}

const struct bytes *
config_list(const struct config *config, const char *key, size_t *count_r)
{
    const struct config_value *value = config_value(config, key);

    *count_r = value->list_count;
    return value->list;
}

size_t
config_line(const struct config *config, const char *key)
{
    return config_value(config, key)->line;
}

static const struct config_group *
config_group_of(const struct config *config, const char *section)
{
    for (size_t g = 0; g < config->group_count; g++) {
        if (strcmp(config->groups[g].section, section) == 0) {
            return &config->groups[g];
        }
    }
    SK_ASSERT(false && "a section that takes no name was asked for by name");
    return NULL;
}

size_t
config_named_count(const struct config *config, const char *section)
{
    return config_group_of(config, section)->count;
}

static const struct config_section *
config_named_section(const struct config *config, const char *section, size_t i)
{
    const struct config_group *group = config_group_of(config, section);

    SK_ASSERT(i < group->count);
    return &config->named[group->from + i];
}

static const struct config_value *
config_named_value(const struct config *config, const char *section, size_t i,
                   const char *name)
{
    const struct config_key *row =
        config_key_of(config, bytes_from_text(section), bytes_from_text(name));

    SK_ASSERT(row != NULL && row->named);
    const struct config_section *found = config_named_section(config, section, i);
    return &found->values[(size_t)(row - config->keys) - found->first];
}

struct bytes
config_named(const struct config *config, const char *section, size_t i)
{
    return config_named_section(config, section, i)->name;
}

struct bytes
config_named_text(const struct config *config, const char *section, size_t i,
                  const char *name)
{
    return config_named_value(config, section, i, name)->text;
}

int64_t
config_named_number(const struct config *config, const char *section, size_t i,
                    const char *name)
{
    return config_named_value(config, section, i, name)->number;
}

bool
config_named_bool(const struct config *config, const char *section, size_t i,
                  const char *name)
{
    return config_named_value(config, section, i, name)->number != 0;
}

int
config_named_choice(const struct config *config, const char *section, size_t i,
                    const char *name)
{
    return (int)config_named_value(config, section, i, name)->number;
}

uint64_t
config_named_choices(const struct config *config, const char *section, size_t i,
                     const char *name)
{
    return config_named_value(config, section, i, name)->set;
}

const struct bytes *
config_named_list(const struct config *config, const char *section, size_t i,
                  const char *name, size_t *count_r)
{
    const struct config_value *value = config_named_value(config, section, i, name);

    *count_r = value->list_count;
    return value->list;
}

bool
config_named_given(const struct config *config, const char *section, size_t i,
                   const char *name)
{
    return config_named_value(config, section, i, name)->given;
}

size_t
config_named_line(const struct config *config, const char *section, size_t i,
                  const char *name)
{
    return name == NULL ? config_named_section(config, section, i)->line
                        : config_named_value(config, section, i, name)->line;
}
