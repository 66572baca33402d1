#include "permit/consent.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/table.h"
#include "base/utf8.h"
#include "permit/permit.h"

struct consents {
    struct arena arena;
    struct table recipients; /* name: struct consent_recipient */
    struct table people;     /* text: struct bytes, kept once */
    struct consent_text **texts;
    size_t text_count, text_room;
    struct consent_word *spare_words;
    struct consent_listed *spare_listed;
    char rule[65];
    uint64_t rule_index;
};

static const char *const channel_names[] = {
    [CHANNEL_OTHER] = "other",       [CHANNEL_WEB] = "web",   [CHANNEL_MAIL] = "mail",
    [CHANNEL_LETTER] = "letter",     [CHANNEL_SHOP] = "shop", [CHANNEL_PHONE] = "phone",
    [CHANNEL_CONTRACT] = "contract",
};
#define CHANNEL_COUNT (sizeof channel_names / sizeof channel_names[0])

static const char *const list_names[] = {
    [LIST_ALLOW] = "allow", [LIST_REFUSE] = "refuse", [LIST_RESCUE] = "rescue"};
#define LIST_COUNT (sizeof list_names / sizeof list_names[0])

static void
consents_begin(struct consents *c)
{
    arena_release(&c->arena);
    table_init(&c->recipients, &c->arena, false);
    table_init(&c->people, &c->arena, false);
    c->texts = NULL;
    c->text_count = c->text_room = 0;
    c->spare_words = NULL;
    c->spare_listed = NULL;
    c->rule[0] = '\0';
    c->rule_index = 0;
}

struct consents *
consents_new(void)
{
    struct consents *c = calloc(1, sizeof *c);

    SK_ASSERT(c != NULL);
    arena_init(&c->arena, LIMIT_CONSENT_MEMORY);
    consents_begin(c);
    return c;
}

void
consents_free(struct consents *c)
{
    if (c != NULL) {
        arena_release(&c->arena);
        free(c);
    }
}

/* The same text kept once: the same few people record many consents. */
static struct bytes
keep_text(struct consents *c, struct bytes text)
{
    struct bytes *kept = table_get(&c->people, text);

    if (text.size == 0) {
        return BYTES_NONE;
    }
    if (kept == NULL) {
        kept = ARENA_NEW(&c->arena, struct bytes);
        *kept = bytes_copy(&c->arena, text);
        table_put(&c->people, *kept, kept);
    }
    return *kept;
}

static struct consent_recipient *
recipient_of(struct consents *c, struct bytes name)
{
    struct consent_recipient *r = table_get(&c->recipients, name);

    if (r == NULL) {
        r = ARENA_NEW(&c->arena, struct consent_recipient);
        r->name = bytes_copy(&c->arena, name);
        table_put(&c->recipients, r->name, r);
    }
    return r;
}

static bool
is_hash(struct bytes sha256)
{
    for (size_t i = 0; i < sha256.size; i++) {
        if (ascii_hex(sha256.at[i]) < 0) {
            return false;
        }
    }
    return sha256.size == 64;
}

static struct consent_text *
text_of(struct consents *c, struct bytes sha256, struct bytes id, uint64_t index)
{
    struct consent_text *text = (struct consent_text *)(uintptr_t)consents_text(c, sha256);

    if (text != NULL || !is_hash(sha256)) {
        return text;
    }
    if (c->text_count == c->text_room) {
        size_t room = c->text_room == 0 ? 16 : 2 * c->text_room;
        c->texts = arena_grow(&c->arena, c->texts, c->text_room * sizeof *c->texts,
                              room * sizeof *c->texts);
        c->text_room = room;
    }
    text = ARENA_NEW(&c->arena, struct consent_text);
    text->id = bytes_copy(&c->arena, id);
    memcpy(text->sha256, sha256.at, sha256.size);
    text->index = index;
    c->texts[c->text_count++] = text;
    return text;
}

/* What is newer takes its families from what is older. */
static void
words_without(struct consents *c, struct consent_recipient *r, uint32_t families)
{
    for (struct consent_word **at = &r->words; *at != NULL;) {
        struct consent_word *word = *at;
        word->families &= ~families;
        if (word->families == 0) {
            *at = word->next;
            word->next = c->spare_words;
            c->spare_words = word;
        } else {
            at = &word->next;
        }
    }
}

static void
word_put(struct consents *c, struct consent_recipient *r, const struct consent_word *said)
{
    struct consent_word *word = c->spare_words;

    words_without(c, r, said->families);
    if (word != NULL) {
        c->spare_words = word->next;
    } else {
        word = ARENA_NEW(&c->arena, struct consent_word);
    }
    *word = *said;
    word->next = r->words;
    r->words = word;
}

static struct consent_listed **
listed_at(struct consent_recipient *r, enum consent_list list, struct bytes entry)
{
    struct consent_listed **at = &r->listed;

    while (*at != NULL && !((*at)->list == list && bytes_equal((*at)->entry, entry))) {
        at = &(*at)->next;
    }
    return at;
}

static bool
list_put(struct consents *c, struct consent_recipient *r, const struct consent_listed *said)
{
    struct consent_listed **at = listed_at(r, said->list, said->entry);
    struct consent_listed *listed = c->spare_listed;

    if (*at != NULL) {
        return false;
    }
    if (listed != NULL) {
        c->spare_listed = listed->next;
    } else {
        listed = ARENA_NEW(&c->arena, struct consent_listed);
    }
    *listed = *said;
    listed->entry = keep_text(c, said->entry);
    listed->next = NULL;
    *at = listed; /* at the end: in the order they were given */
    r->listed_count++;
    return true;
}

static bool
list_remove(struct consents *c, struct consent_recipient *r, enum consent_list list,
            struct bytes entry)
{
    struct consent_listed **at = listed_at(r, list, entry), *listed = *at;

    if (listed == NULL) {
        return false;
    }
    *at = listed->next;
    listed->next = c->spare_listed;
    c->spare_listed = listed;
    r->listed_count--;
    return true;
}

/* Entries. */

static struct bytes
member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

/* Times: there are none before 1970. */
static int64_t
member_number(const json_t *object, const char *name)
{
    int64_t number = json_integer_value(json_object_get(object, name));

    return number > 0 ? number : 0;
}

/* Nothing that would break a line of what consents_save writes. */
static bool
fits_line(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < ' ' || text.at[i] == 0x7f) {
            return false;
        }
    }
    return text.size <= LIMIT_CONFIG_LINE;
}

static uint32_t
member_families(const json_t *object)
{
    const json_t *list = json_object_get(object, "families");
    enum permit_family family;
    uint32_t families = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *name = json_array_get(list, i);
        if (json_is_string(name) &&
            permit_family_read(bytes_of(json_string_value(name), json_string_length(name)),
                               &family)) {
            families |= FAMILY_BIT(family);
        }
    }
    return families;
}

static bool
entry_said(struct consents *c, uint64_t index, const json_t *entry, struct bytes name)
{
    const json_t *text = json_object_get(entry, "agreed");
    const json_t *told = json_object_get(entry, "told");
    struct bytes act = member(entry, "act");
    struct consent_word word = {.families = member_families(entry), .index = index};

    word.granted = bytes_is(act, "grant");
    if (word.families == 0 || !(word.granted || bytes_is(act, "withdraw"))) {
        return false;
    }
    (void)consent_channel_read(member(told, "channel"), &word.channel);
    if (word.granted) {
        word.text = fits_line(member(text, "id"))
                        ? text_of(c, member(text, "sha256"), member(text, "id"), index)
                        : NULL;
    }
    if (fits_line(member(entry, "by"))) {
        word.by = keep_text(c, member(entry, "by"));
    }
    if (fits_line(member(told, "by"))) {
        word.told_by = keep_text(c, member(told, "by"));
    }
    word.time_ms = member_number(entry, "time");
    word.told_ms = member_number(told, "time");
    word_put(c, recipient_of(c, name), &word);
    return true;
}

static bool
entry_list(struct consents *c, uint64_t index, const json_t *entry, struct bytes name)
{
    struct bytes act = member(entry, "act"), list = member(entry, "list");
    struct consent_recipient *r = recipient_of(c, name);
    struct consent_listed said = {.entry = member(entry, "entry"),
                                  .time_ms = member_number(entry, "time"),
                                  .index = index};

    if (bytes_is(list, "only")) {
        bool only = bytes_is(act, "on"), changed = r->only != only;
        r->only = only;
        r->only_index = index;
        return changed;
    }
    if (!consent_list_read(list, &said.list) || said.entry.size == 0 ||
        !fits_line(said.entry)) {
        return false;
    }
    return bytes_is(act, "add")      ? list_put(c, r, &said)
           : bytes_is(act, "remove") ? list_remove(c, r, said.list, said.entry)
                                     : false;
}

/* A word that came after the withdrawal is not touched by its erasure. */
static bool
entry_erased(struct consents *c, const json_t *entry, struct bytes name)
{
    struct consent_recipient *r = table_get(&c->recipients, name);
    uint32_t families = member_families(entry);
    bool changed = false;

    for (struct consent_word *word = r == NULL ? NULL : r->words; word != NULL;
         word = word->next) {
        if (!word->granted && !word->erased && (word->families & ~families) == 0) {
            word->erased = changed = true;
        }
    }
    return changed;
}

static bool
rule_put(struct consents *c, struct bytes sha256, uint64_t index)
{
    if (!is_hash(sha256) || bytes_is(sha256, c->rule)) {
        return false;
    }
    memcpy(c->rule, sha256.at, 64);
    c->rule_index = index;
    return true;
}

bool
consents_entry(struct consents *c, uint64_t index, struct bytes record)
{
    json_t *entry =
        json_loadb((const char *)record.at, record.size, JSON_DISABLE_EOF_CHECK, NULL);
    struct bytes kind = member(entry, "kind"), name = member(entry, "address");
    bool changed = false, named = false;

    if (name.size > 0 && name.size <= LIMIT_ADDRESS && fits_line(name)) {
        named = true;
    }
    if (bytes_is(kind, "consent") && named) {
        changed = entry_said(c, index, entry, name);
    } else if (bytes_is(kind, "consent.list") && named) {
        changed = entry_list(c, index, entry, name);
    } else if (bytes_is(kind, "erase")) {
        changed = entry_erased(c, entry, member(entry, "recipient"));
    } else if (bytes_is(kind, "rule")) {
        changed = rule_put(c, member(entry, "sha256"), index);
    } else if (bytes_is(kind, "consent.text") && fits_line(member(entry, "id"))) {
        size_t before = c->text_count;
        (void)text_of(c, member(entry, "sha256"), member(entry, "id"), index);
        changed = c->text_count > before;
    }
    json_decref(entry);
    return changed;
}

/* The file: a line each, fields parted by tabs.
 *
 *     p INDEX SHA256                         of the operator's rule
 *     t INDEX SHA256 ID
 *     r NAME ONLY(0|1) ONLY-INDEX            then what follows is his
 *     w g|w|e FAMILIES INDEX TIME CHANNEL TEXT(number of a t line, from 1; 0: none) TOLD-TIME BY TOLD-BY
 *     l LIST INDEX TIME ENTRY */
static size_t
text_number(const struct consents *c, const struct consent_text *text)
{
    for (size_t i = 0; i < c->text_count; i++) {
        if (c->texts[i] == text) {
            return i + 1;
        }
    }
    return 0;
}

/* Without printf: a checkpoint of a carrier has a hundred thousand of these lines. */
static void
save_word(const struct consents *c, const struct consent_word *word, struct writer *w)
{
    writer_text(w, word->granted ? "w\tg\t" : word->erased ? "w\te\t" : "w\tw\t");
    writer_number(w, word->families);
    writer_byte(w, '\t');
    writer_number(w, (int64_t)word->index);
    writer_byte(w, '\t');
    writer_number(w, word->time_ms);
    writer_byte(w, '\t');
    writer_number(w, word->channel);
    writer_byte(w, '\t');
    writer_number(w, (int64_t)text_number(c, word->text));
    writer_byte(w, '\t');
    writer_number(w, word->told_ms);
    writer_byte(w, '\t');
    writer_bytes(w, word->by);
    writer_byte(w, '\t');
    writer_bytes(w, word->told_by);
    writer_byte(w, '\n');
}

static void
save_recipient(const struct consents *c, const struct consent_recipient *r,
               struct writer *w)
{
    writer_text(w, "r\t");
    writer_bytes(w, r->name);
    writer_text(w, r->only ? "\t1\t" : "\t0\t");
    writer_number(w, (int64_t)r->only_index);
    writer_byte(w, '\n');
    for (const struct consent_word *word = r->words; word != NULL; word = word->next) {
        save_word(c, word, w);
    }
    for (const struct consent_listed *l = r->listed; l != NULL; l = l->next) {
        writer_format(w, "l\t%d\t%llu\t%lld\t", (int)l->list, (unsigned long long)l->index,
                      (long long)l->time_ms);
        writer_bytes(w, l->entry);
        writer_byte(w, '\n');
    }
}

static void
save_texts(const struct consents *c, struct writer *w)
{
    if (c->rule[0] != '\0') {
        writer_format(w, "p\t%llu\t%s\n", (unsigned long long)c->rule_index, c->rule);
    }
    for (size_t i = 0; i < c->text_count; i++) {
        writer_format(w, "t\t%llu\t%s\t", (unsigned long long)c->texts[i]->index,
                      c->texts[i]->sha256);
        writer_bytes(w, c->texts[i]->id);
        writer_byte(w, '\n');
    }
}

void
consents_save_some(const struct consents *c,
                   const struct consent_recipient *const *recipients, size_t count,
                   struct writer *w)
{
    save_texts(c, w);
    for (size_t i = 0; i < count; i++) {
        save_recipient(c, recipients[i], w);
    }
}

void
consents_save(const struct consents *c, struct writer *w)
{
    const struct consent_recipient *r;
    size_t position = 0;

    save_texts(c, w);
    while (consents_next(c, &position, &r)) {
        if (r->words != NULL || r->listed != NULL || r->only) {
            save_recipient(c, r, w);
        }
    }
}

struct fields {
    struct bytes rest;
    bool broken;
};

static struct bytes
field_text(struct fields *f)
{
    struct bytes piece = BYTES_NONE;

    f->broken = f->broken || !bytes_split(&f->rest, '\t', &piece);
    return piece;
}

static uint64_t
field_number(struct fields *f, uint64_t most)
{
    uint64_t number = 0;

    f->broken = !bytes_to_number(field_text(f), most, &number) || f->broken;
    return number;
}

static bool
load_word(struct consents *c, struct consent_recipient *r, struct fields *f)
{
    struct bytes act = field_text(f);
    struct consent_word word = {.granted = bytes_is(act, "g"),
                                .erased = bytes_is(act, "e")};

    word.families = (uint32_t)field_number(f, UINT32_MAX);
    word.index = field_number(f, UINT64_MAX);
    word.time_ms = (int64_t)field_number(f, INT64_MAX);
    word.channel = (enum consent_channel)field_number(f, CHANNEL_COUNT - 1);
    size_t text = field_number(f, c->text_count);
    word.told_ms = (int64_t)field_number(f, INT64_MAX);
    word.by = keep_text(c, field_text(f));
    word.told_by = keep_text(c, field_text(f));
    if (f->broken || r == NULL || word.families == 0 ||
        !(word.granted || word.erased || bytes_is(act, "w"))) {
        return false;
    }
    word.text = text == 0 ? NULL : c->texts[text - 1];
    word_put(c, r, &word);
    return true;
}

static bool
load_listed(struct consents *c, struct consent_recipient *r, struct fields *f)
{
    struct consent_listed listed = {.list =
                                        (enum consent_list)field_number(f, LIST_COUNT - 1)};

    listed.index = field_number(f, UINT64_MAX);
    listed.time_ms = (int64_t)field_number(f, INT64_MAX);
    listed.entry = field_text(f);
    return !f->broken && r != NULL && listed.entry.size > 0 && list_put(c, r, &listed);
}

static bool
load_text(struct consents *c, struct fields *f)
{
    uint64_t index = field_number(f, UINT64_MAX);
    struct bytes sha256 = field_text(f), id = field_text(f);

    return !f->broken && text_of(c, sha256, id, index) != NULL;
}

static bool
load_rule(struct consents *c, struct fields *f)
{
    uint64_t index = field_number(f, UINT64_MAX);
    struct bytes sha256 = field_text(f);

    return !f->broken && rule_put(c, sha256, index);
}

static bool
load_recipient(struct consents *c, struct fields *f, struct consent_recipient **r_r)
{
    struct bytes name = field_text(f);
    uint64_t only = field_number(f, 1), index = field_number(f, UINT64_MAX);

    if (f->broken || name.size == 0 || name.size > LIMIT_ADDRESS) {
        return false;
    }
    *r_r = recipient_of(c, name);
    (*r_r)->only = only == 1;
    (*r_r)->only_index = index;
    return true;
}

enum sk_code
consents_load(struct consents *c, struct bytes text, struct why *why)
{
    struct consent_recipient *r = NULL;
    struct bytes line;

    consents_begin(c);
    for (size_t number = 1; bytes_line(&text, &line); number++) {
        struct fields f = {.rest = bytes_from(line, 2)};
        bool good = line.size > 2 && line.at[1] == '\t';
        if (good) {
            good = line.at[0] == 'w'   ? load_word(c, r, &f)
                   : line.at[0] == 'r' ? load_recipient(c, &f, &r)
                   : line.at[0] == 'l' ? load_listed(c, r, &f)
                   : line.at[0] == 't' ? load_text(c, &f)
                   : line.at[0] == 'p' ? load_rule(c, &f)
                                       : false;
        }
        if (!good || f.rest.at != NULL) {
            consents_begin(c);
            return why_set_line(why, SK_BAD, number,
                                "line %zu of the book of consents cannot be read", number);
        }
    }
    return SK_OK;
}

/* Questions. */

size_t
consents_count(const struct consents *c)
{
    return c->recipients.count;
}

size_t
consents_memory(const struct consents *c)
{
    return c->arena.used;
}

const struct consent_recipient *
consents_find(const struct consents *c, struct bytes name)
{
    return table_get(&c->recipients, name);
}

bool
consents_next(const struct consents *c, size_t *position,
              const struct consent_recipient **recipient_r)
{
    struct bytes name;
    void *value;

    if (!table_next(&c->recipients, position, &name, &value)) {
        return false;
    }
    *recipient_r = value;
    return true;
}

const struct consent_text *
consents_text(const struct consents *c, struct bytes sha256)
{
    for (size_t i = 0; i < c->text_count; i++) {
        if (bytes_is(sha256, c->texts[i]->sha256)) {
            return c->texts[i];
        }
    }
    return NULL;
}

struct bytes
consents_rule(const struct consents *c, uint64_t *index_r)
{
    *index_r = c->rule_index;
    return bytes_from_text(c->rule);
}

const struct consent_text *
consents_text_at(const struct consents *c, size_t i)
{
    return i < c->text_count ? c->texts[i] : NULL;
}

const char *
consent_channel_name(enum consent_channel channel)
{
    return channel_names[channel];
}

bool
consent_channel_read(struct bytes name, enum consent_channel *channel_r)
{
    for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
        if (bytes_is(name, channel_names[i])) {
            *channel_r = (enum consent_channel)i;
            return true;
        }
    }
    return false;
}

const char *
consent_list_name(enum consent_list list)
{
    return list_names[list];
}

bool
consent_list_read(struct bytes name, enum consent_list *list_r)
{
    for (unsigned i = 0; i < LIST_COUNT; i++) {
        if (bytes_is(name, list_names[i])) {
            *list_r = (enum consent_list)i;
            return true;
        }
    }
    return false;
}

bool
consent_list_entry(struct arena *arena, struct bytes written, recipient_ascii *ascii,
                   struct bytes *entry_r)
{
    struct writer w;

    if (bytes_find_byte(written, '@', 0) != BYTES_NOWHERE && written.at[0] != '@') {
        return recipient_name(arena, written, ascii, entry_r);
    }
    /* A domain, with or without the '@' that people like to put before it. */
    writer_init(&w, arena);
    writer_text(&w, written.size > 0 && written.at[0] == '@' ? "" : "@");
    writer_bytes(&w, written);
    if (!recipient_name(arena, writer_view(&w), ascii, entry_r)) {
        return false;
    }
    *entry_r = bytes_from(*entry_r, 1);
    return bytes_find_byte(*entry_r, '.', 0) != BYTES_NOWHERE &&
           bytes_find_byte(*entry_r, '@', 0) == BYTES_NOWHERE;
}
