#include "judge/unsaid.h"

#include <float.h>

#include "judge/threat_cues.h"

struct bytes
unsaid_passage(struct bytes normal)
{
    struct bytes passage = wording_passage(normal, 0, 0);
    size_t garbled = 0, at = 0;

    while ((at = bytes_find(passage, BYTES("\xef\xbf\xbd"), at)) != BYTES_NOWHERE) {
        garbled += 3;
        at += 3;
    }
    return garbled * UNSAID_GARBLED > passage.size ? BYTES_NONE : passage;
}

double
unsaid_logit(enum wording_concern concern, struct bytes passage, double beside)
{
    return wording_kept(passage) * wording_whole(concern, passage, beside);
}

/* Whole characters of it. */
static struct bytes
shown(struct bytes sentence)
{
    size_t to = sentence.size < UNSAID_SHOWN ? sentence.size : UNSAID_SHOWN;

    while (to < sentence.size && to > 0 && (sentence.at[to] & 0xc0) == 0x80) {
        to--;
    }
    return bytes_trim(bytes_slice(sentence, 0, to));
}

struct bytes
unsaid_words(struct arena *arena, enum wording_concern concern, struct bytes passage)
{
    struct bytes loudest = BYTES_NONE;
    struct sentence sentence;
    double most = -DBL_MAX;

    for (size_t at = 0; sentence_next(arena, passage, &at, &sentence);) {
        struct bytes words = shown(bytes_slice(passage, sentence.from, sentence.to));
        double logit = wording_logit(concern, words);
        if (words.size > 0 && logit > most) {
            most = logit;
            loudest = words;
        }
    }
    return loudest;
}

unsigned
unsaid_kind(enum wording_concern first, unsigned kinds, struct bytes passage)
{
    double most = -DBL_MAX;
    unsigned best = 0;

    for (unsigned kind = 0; kind < kinds; kind++) {
        double logit = wording_logit(first + kind, passage);
        if (logit > most) {
            most = logit;
            best = kind;
        }
    }
    return best;
}
