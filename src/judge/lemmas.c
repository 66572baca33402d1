#include "judge/lemmas.h"

#include <mecab.h>
#include <stdlib.h>

#include "base/hash.h"

/* One of the runs of three words is mixed with each of these, so that a lemma and a class of the same letters differ. */
enum run {
    LEMMA,
    CLASS,
    LEMMA_LEMMA,
    LEMMA_CLASS,
    CLASS_LEMMA,
    CLASS_CLASS,
    LEMMAS,
    CLASSES,
    BETWEEN
};

/* Fields of the dictionary's rows. */
enum field {
    FIELD_SPEECH,
    FIELD_KIND,
    FIELD_TURN,
    FIELD_FORM,
    FIELD_LEMMA,
    FIELD_READING,
    FIELD_NOTES
};

struct word {
    uint64_t lemma, class;
    bool is_surface; /* of a row: its class is the word as it stands */
};

#define KNOWN      8192
#define PADDING    16
#define LEMMA_NOTE "代表表記:"

static mecab_model_t *model;
static mecab_t *tagger;
static mecab_lattice_t *lattice;

bool
lemmas_are_open(void)
{
    return lattice != NULL;
}

/* A field of a row, nothing where it has fewer. The last goes to the row's end. */
static struct bytes
field_of(struct bytes row, enum field field)
{
    size_t from = 0;

    for (unsigned i = 0; i < (unsigned)field; i++) {
        size_t comma = bytes_find(row, BYTES(","), from);
        if (comma == BYTES_NOWHERE) {
            return BYTES_NONE;
        }
        from = comma + 1;
    }
    size_t to = field == FIELD_NOTES ? BYTES_NOWHERE : bytes_find(row, BYTES(","), from);
    return bytes_slice(row, from, to == BYTES_NOWHERE ? row.size : to);
}

/* What a note says: from behind its name to one of the characters that end it. */
static struct bytes
note_of(struct bytes notes, struct bytes name, const char *ends)
{
    size_t at = bytes_find(notes, name, 0);

    if (at == BYTES_NOWHERE) {
        return BYTES_NONE;
    }
    size_t from = at + name.size, to = from;
    while (to < notes.size && strchr(ends, notes.at[to]) == NULL) {
        to++;
    }
    return bytes_slice(notes, from, to);
}

static void
lemmas_close(void)
{
    if (lattice != NULL) {
        mecab_lattice_destroy(lattice);
    }
    if (tagger != NULL) {
        mecab_destroy(tagger);
    }
    if (model != NULL) {
        mecab_model_destroy(model);
    }
    lattice = NULL;
    tagger = NULL;
    model = NULL;
}

/* Whether the dictionary that was opened is JUMAN's, in UTF-8: by others words would have other lemmas, and no class. */
static bool
is_juman(void)
{
    static const char word[] = "学校";

    mecab_lattice_set_sentence(lattice, word);
    if (!mecab_parse_lattice(tagger, lattice)) {
        return false;
    }
    const mecab_node_t *node = mecab_lattice_get_bos_node(lattice)->next;
    struct bytes notes = field_of(bytes_from_text(node->feature), FIELD_NOTES);
    bool is = node->length == strlen(word) &&
              bytes_equal(note_of(notes, BYTES(LEMMA_NOTE), "/ "), bytes_from_text(word));
    mecab_lattice_clear(lattice);
    return is;
}

enum sk_code
lemmas_open(const char *folder, struct why *why)
{
    /* The words of a passage are told by this dictionary alone: a user's own settings are not read. */
    static char name[] = "mecab", settings[] = "-r", none[] = "/dev/null", from[] = "-d";
    char *arguments[] = {name, settings, none, from, strdup(folder), NULL};

    if (!lemmas_are_open()) {
        model = mecab_model_new(5, arguments);
        tagger = model == NULL ? NULL : mecab_model_new_tagger(model);
        lattice = tagger == NULL ? NULL : mecab_model_new_lattice(model);
    }
    free(arguments[4]);
    if (lattice != NULL && is_juman()) {
        return SK_OK;
    }
    lemmas_close();
    return why_set(why, SK_CONFIG,
                   "there is no JUMAN dictionary for MeCab in %s (Debian: apt-get install "
                   "mecab-jumandic-utf8)",
                   folder);
}

static const char *const as_they_are[] = {"助詞", "特殊", NULL};

static bool
is_one_of(struct bytes speech, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (bytes_equal(speech, bytes_from_text(*list))) {
            return true;
        }
    }
    return false;
}

static uint64_t
hash_two(struct bytes one, struct bytes other)
{
    return hash_mix(hash_quick(one, 1) ^ hash_quick(other, 2));
}

/* The class, and the lemma where the row has one: else 0. */
static struct word
read_row(struct bytes row)
{
    static const char *const by_form[] = {"動詞",   "形容詞", "接尾辞",
                                          "判定詞", "助動詞", NULL};
    struct bytes speech = field_of(row, FIELD_SPEECH), notes = field_of(row, FIELD_NOTES);
    struct bytes lemma = note_of(notes, BYTES(LEMMA_NOTE), "/ ");
    struct bytes kind = note_of(notes, BYTES("カテゴリ:"), "; ");
    enum field told_by = is_one_of(speech, by_form) ? FIELD_FORM : FIELD_KIND;

    lemma = lemma.size > 0 ? lemma : field_of(row, FIELD_LEMMA);
    return (struct word){
        .lemma =
            lemma.size == 0 || bytes_equal(lemma, BYTES("*")) ? 0 : hash_quick(lemma, 0),
        .class =
            kind.size > 0 ? hash_quick(kind, 3) : hash_two(speech, field_of(row, told_by)),
        .is_surface = kind.size == 0 && is_one_of(speech, as_they_are),
    };
}

/* Rows that were read: a few thousand words make up nearly all text. A row is the dictionary's, and stays where it is. */
static struct word
row_of(const char *row)
{
    static struct {
        const char *row;
        struct word word;
    } known[KNOWN];
    size_t at = hash_mix((uintptr_t)row) % KNOWN;

    if (known[at].row != row) {
        known[at].word = read_row(bytes_from_text(row));
        known[at].row = row;
    }
    return known[at].word;
}

static struct word
read_word(struct bytes surface, const char *row)
{
    struct word word = row_of(row);

    if (surface.at[0] >= '0' && surface.at[0] <= '9') {
        word.lemma = hash_quick(BYTES("0"), 0); /* a number as any other */
    } else if (word.lemma == 0) {
        word.lemma = hash_quick(surface, 0);
    }
    if (word.is_surface) {
        word.class = hash_quick(surface, 4);
    }
    return word;
}

static void
count(struct letters *runs, enum run run, uint64_t one, uint64_t two, uint64_t three)
{
    uint64_t mixed = hash_mix(hash_mix(hash_mix(one + run) ^ two) ^ three);
    size_t at = mixed >> (64 - LETTERS_BITS);

    if (runs->times[at] == 0) {
        if (runs->count == LETTERS_MAX) {
            return;
        }
        runs->at[runs->count++] = (uint32_t)at;
    }
    runs->times[at] = (uint8_t)(runs->times[at] + (runs->times[at] < 255));
}

/* The runs that end with the last word; words before the line are zero, and count as its beginning. */
static void
count_runs(struct letters *runs, const struct word w[3])
{
    count(runs, LEMMA, w[2].lemma, 0, 0);
    count(runs, CLASS, w[2].class, 0, 0);
    count(runs, LEMMA_LEMMA, w[1].lemma, w[2].lemma, 0);
    count(runs, LEMMA_CLASS, w[1].lemma, w[2].class, 0);
    count(runs, CLASS_LEMMA, w[1].class, w[2].lemma, 0);
    count(runs, CLASS_CLASS, w[1].class, w[2].class, 0);
    count(runs, LEMMAS, w[0].lemma, w[1].lemma, w[2].lemma);
    count(runs, CLASSES, w[0].class, w[1].class, w[2].class);
    count(runs, BETWEEN, w[0].class, w[1].lemma, w[2].class);
}

/* MeCab reads behind a line that ends with a blank: it looks up what follows, of length 0, to the next NUL. So it gets a copy without blanks at its
 * end, with NULs behind it. */
static void
add_line(struct letters *runs, struct bytes line)
{
    static char held[LEMMAS_LINE + PADDING];
    struct word w[3] = {{0}};

    memcpy(held, line.at, line.size);
    memset(held + line.size, 0, PADDING);
    mecab_lattice_set_sentence2(lattice, held, line.size);
    if (!mecab_parse_lattice(tagger, lattice)) {
        return;
    }
    for (const mecab_node_t *node = mecab_lattice_get_bos_node(lattice); node != NULL;
         node = node->next) {
        if (node->stat == MECAB_BOS_NODE) {
            continue;
        }
        w[0] = w[1];
        w[1] = w[2];
        w[2] = node->stat == MECAB_EOS_NODE || node->length == 0
                   ? (struct word){0}
                   : read_word(bytes_of((const uint8_t *)node->surface, node->length),
                               node->feature);
        count_runs(runs, w);
    }
    mecab_lattice_clear(lattice);
    memset(held, 0, line.size); /* no mail stays behind */
}

void
lemmas_add(struct letters *runs, struct bytes normal)
{
    for (size_t at = 0; lemmas_are_open() && at < normal.size;) {
        size_t end = bytes_find(normal, BYTES("\n"), at);
        size_t to = end == BYTES_NOWHERE ? normal.size : end;
        struct bytes line =
            bytes_slice(normal, at, to - at > LEMMAS_LINE ? at + LEMMAS_LINE : to);
        while (line.size > 0 && at + line.size < to &&
               (normal.at[at + line.size] & 0xc0) == 0x80) {
            line.size--;
        }
        line = bytes_trim(line);
        if (line.size > 0) {
            add_line(runs, line);
        }
        at = to + 1;
    }
}
