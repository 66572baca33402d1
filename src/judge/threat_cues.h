/* Cues: the words that the grammar of announcements is made of, found in one sentence.
 *
 * judge/threat.h reads sentence by sentence. A sentence is a copy: line ends that only wrap it and blanks between
 * Japanese characters are closed up, and Latin letters that spell Japanese (korosu zo) are read as kana. Beside it lies
 * its fold with katakana written as hiragana, of the same size, so that ころす and コロス are one. Cues are found by the
 * first bytes in a table that is made when the judge is opened: linear in the sentence. What a longer cue of another
 * meaning covers (必殺, 殺虫) is no cue.
 *
 * Memory: table and sentences are the arena's. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "judge/opinion.h"

enum cue_class {
    CUE_ACT_VERB, /* a verb's stem; its ending tells whether it is announced */
    CUE_ACT_NOUN, /* a noun with する */
    CUE_THING,    /* what harms where it is put, carried, spread */
    CUE_PUT,      /* that it is */
    CUE_MENACE,   /* act and announcement in one */
    CUE_YOU,
    CUE_FIRST,
    CUE_HUMAN,
    CUE_PLACE,
    CUE_EVENT,
    CUE_TIME,
    CUE_DEMAND,
    CUE_SURE,
    CUE_HEADER,
    CUE_EN_WILL,
    CUE_EN_ACT,
    CUE_EN_MENACE,
    CUE_EN_THING,
    CUE_EN_PUT,
    CUE_EN_YOU,
    CUE_EN_HUMAN,
    CUE_EN_PLACE,
    CUE_EN_TIME,
    CUE_EN_DEMAND,
    CUE_EN_SURE,
    CUE_HEARSAY, /* from here on: what speaks for another meaning */
    CUE_NEWS,
    CUE_FICTION,
    CUE_GAME,
    CUE_SPORT,
    CUE_TECH,
    CUE_NATURE,
    CUE_COOK,
    CUE_DRILL,
    CUE_HELP,
    CUE_JOKE,
    CUE_IDIOM,
    CUE_BUSINESS,
    CUE_EN_NOT,
    CUE_MASK, /* no meaning, but what it covers is no act */
};
#define CUE_CLASS_COUNT    40
#define CUE_WEIGHED_COUNT  39
#define CUE_FIRST_INNOCENT CUE_HEARSAY

struct cue_hit {
    enum cue_class class;
    enum threat_kind kind; /* THREAT_NONE: any */
    int weight;
    unsigned row;
    size_t from, to; /* in the sentence */
};

struct sentence {
    struct bytes text,
        folded;      /* of the same size; sixteen more bytes behind the fold may be read */
    size_t from, to; /* where it stands in the text it was taken from */
    bool romaji;
};

struct threat_cues;

struct threat_cues *threat_cues_new(struct arena *arena);

/* No text has more sentences than this, and none is read beyond LIMIT_THREAT_SENTENCES. */
size_t sentences_most(struct bytes normal);
/* Takes the sentence that begins at *at and moves on; false at the end. */
bool sentence_next(struct arena *arena, struct bytes normal, size_t *at,
                   struct sentence *sentence_r);

/* At most LIMIT_THREAT_CUES hits, by `from`; what comes after is not read. */
size_t threat_cues_find(const struct threat_cues *cues, const struct sentence *sentence,
                        struct cue_hit *hits_r);

/* Whether a cue of an act, a thing or a menace stands in it: without one it is no threat, and threat_cues_find need not be asked
 * but for what it says of its neighbours. */
bool threat_cues_act(const struct threat_cues *cues, const struct sentence *sentence);

/* How an act is spoken of, read from what follows it. */
enum act_form {
    FORM_OTHER,
    FORM_DECLARED, /* 殺す。殺します。 */
    FORM_DOING,    /* 殺してやる, 殺しに行く */
    FORM_PLANNED,  /* 殺すつもり, 殺すことにした, 殺害を決行 */
    FORM_WANTED,   /* 殺したい */
    FORM_DONE,     /* 殺した。仕掛けてある */
    FORM_JOINED,   /* 殺して、 */
    FORM_ADNOMINAL,
    FORM_PASSIVE,
    FORM_NEGATED,
    FORM_ASKED,
    FORM_CONDITION,
    FORM_ORDERED,  /* 殺せ, 殺してください */
    FORM_ONGOING,  /* 殺している */
    FORM_REPORTED, /* 殺すという */
};

/* Of the verb whose stem ends at `at`. */
enum act_form form_of_verb(struct bytes folded, size_t at);
/* Of the noun that ends at `at` and takes する. */
enum act_form form_of_noun(struct bytes folded, size_t at);
/* Whether nothing but letters that are no ending stand between the announced act and the end of its sentence (爆破する
 * かああ。): put there so that it does not read as an announcement. `at`: behind the verb's stem or the noun. */
bool act_is_padded(struct bytes folded, size_t at, bool noun);
/* Of the sentence as a whole: its last predicate. */
enum act_form form_of_end(struct bytes folded);
