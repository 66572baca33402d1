#include "judge/phrases.h"

#include <hs/hs.h>

#include "base/limits.h"
#include "judge/spelling.h"

struct phrases {
    hs_database_t *database;
    hs_scratch_t *scratch;
    struct phrase *list; /* texts in their second fold */
    bool *katakana;
    size_t count;
    struct phrase_hit *hits; /* LIMIT_PHRASE_HITS */
};

/* Katakana from U+30A1 to U+30FE without the middle dot: E3 82 A1 to E3 83 BE. */
static bool
katakana_at(struct bytes text, size_t at)
{
    return at + 3 <= text.size && text.at[at] == 0xe3 &&
           ((text.at[at + 1] == 0x82 && text.at[at + 2] >= 0xa1) ||
            (text.at[at + 1] == 0x83 && text.at[at + 2] <= 0xbe &&
             text.at[at + 2] != 0xbb));
}

static bool
is_katakana(struct bytes text)
{
    for (size_t i = 0; i < text.size; i += 3) {
        if (!katakana_at(text, i)) {
            return false;
        }
    }
    return text.size > 0;
}

static bool
is_word_byte(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c);
}

static enum sk_code
compile(struct arena *scratch, struct phrases *p, struct why *why)
{
    const char **texts = ARENA_NEW_MANY(scratch, p->count, const char *);
    unsigned *flags = ARENA_NEW_MANY(scratch, p->count, unsigned);
    unsigned *ids = ARENA_NEW_MANY(scratch, p->count, unsigned);
    size_t *sizes = ARENA_NEW_MANY(scratch, p->count, size_t);
    hs_compile_error_t *error = NULL;

    for (size_t i = 0; i < p->count; i++) {
        texts[i] = (const char *)p->list[i].text.at;
        sizes[i] = p->list[i].text.size;
        ids[i] = (unsigned)i;
    }
    if (hs_compile_lit_multi(texts, flags, ids, sizes, (unsigned)p->count, HS_MODE_BLOCK,
                             NULL, &p->database, &error) != HS_SUCCESS) {
        (void)why_set(why, SK_CONFIG, "the phrases do not compile: %s",
                      error == NULL ? "" : error->message);
        hs_free_compile_error(error);
        return SK_CONFIG;
    }
    if (hs_alloc_scratch(p->database, &p->scratch) != HS_SUCCESS) {
        return why_set(why, SK_SYSTEM, "no memory for the phrases");
    }
    return SK_OK;
}

enum sk_code
phrases_open(struct arena *arena, const struct phrase *list, size_t count,
             struct phrases **phrases_r, struct why *why)
{
    struct phrases *p = ARENA_NEW(arena, struct phrases);
    enum sk_code code = SK_OK;

    p->list = ARENA_NEW_MANY(arena, count, struct phrase);
    p->katakana = ARENA_NEW_MANY(arena, count, bool);
    for (size_t i = 0; i < count; i++) {
        p->list[i] = (struct phrase){spelling_fold(arena, list[i].text), list[i].id};
        p->katakana[i] = is_katakana(list[i].text);
    }
    p->count = count;
    p->hits = ARENA_NEW_MANY(arena, LIMIT_PHRASE_HITS, struct phrase_hit);
    if (count > 0) {
        struct arena scratch;
        arena_init(&scratch, 67108864);
        code = compile(&scratch, p, why);
        arena_release(&scratch);
    }
    if (code != SK_OK) {
        phrases_close(p);
        return code;
    }
    *phrases_r = p;
    return SK_OK;
}

void
phrases_close(struct phrases *p)
{
    if (p != NULL) {
        hs_free_scratch(p->scratch);
        hs_free_database(p->database);
        p->scratch = NULL;
        p->database = NULL;
    }
}

struct catch
{
    const struct phrases *phrases;
    struct bytes text; /* in normal form; what is scanned is its second fold */
    struct phrase_hit *hits;
    size_t count;
};

static bool
stands_alone(const struct catch *c, unsigned id, size_t from, size_t to)
{
    struct bytes text = c->text;

    if (from > 0 && is_word_byte(text.at[from]) && is_word_byte(text.at[from - 1])) {
        return false;
    }
    if (to < text.size && is_word_byte(text.at[to - 1]) && is_word_byte(text.at[to])) {
        return false;
    }
    return !c->phrases->katakana[id] || !katakana_at(text, from) ||
           (!(from >= 3 && katakana_at(text, from - 3)) && !katakana_at(text, to));
}

static int
on_match(unsigned id, unsigned long long unused, unsigned long long to, unsigned flags,
         void *context)
{
    struct catch *c = context;
    size_t from = (size_t)to - c->phrases->list[id].text.size;

    (void)unused;
    (void)flags;
    if (stands_alone(c, id, from, (size_t)to)) {
        c->hits[c->count++] =
            (struct phrase_hit){c->phrases->list[id].id, from, (size_t)to};
    }
    return c->count == LIMIT_PHRASE_HITS;
}

static struct bytes
beginning(struct bytes normal)
{
    size_t size = normal.size < LIMIT_STRANGER_TEXT ? normal.size : LIMIT_STRANGER_TEXT;

    while (size > 0 && size < normal.size && (normal.at[size] & 0xc0) == 0x80) {
        size--;
    }
    return bytes_slice(normal, 0, size);
}

struct phrase_text
phrase_text_of(struct arena *arena, struct bytes normal)
{
    struct phrase_text text = {.normal = beginning(normal)};

    text.folded = spelling_fold(arena, text.normal);
    return text;
}

struct phrase_text
phrase_text_folded(struct bytes normal, struct bytes folded)
{
    struct phrase_text text = {.normal = beginning(normal)};

    text.folded = bytes_slice(folded, 0, text.normal.size);
    return text;
}

const struct phrase_hit *
phrases_scan(struct phrases *p, const struct phrase_text *text, size_t *count_r)
{
    struct catch c = {.phrases = p, .text = text->normal, .hits = p->hits};

    *count_r = 0;
    if (p->database == NULL || text->normal.size == 0) {
        return NULL;
    }
    (void)hs_scan(p->database, (const char *)text->folded.at, (unsigned)text->folded.size,
                  0, p->scratch, on_match, &c);
    *count_r = c.count;
    return c.hits;
}
