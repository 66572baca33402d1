#include <math.h>

#include "judge/findings_private.h"
#include "judge/judge_private.h"

#define SLANG_FOUND      5
#define SLANG_NONE       (-2)
#define SLANG_BELOW_MOST 8
#define LOGIT_MOST       20.0 /* of a class */
#define CLASSES_FROM                                                                       \
    0.2 /* below, the classes share what little there is without being asked */

/* Which class of the model a category is; MODEL_CLASSES for those it does not tell apart. */
int
judge_class_of(enum category category)
{
    static const enum category classes[MODEL_CLASSES] = {
        CATEGORY_ADVERTISEMENT, CATEGORY_LURE,   CATEGORY_PHISHING, CATEGORY_EXTORTION,
        CATEGORY_MALWARE,       CATEGORY_THREAT, CATEGORY_SLANG,    CATEGORY_ADVANCE_FEE,
    };

    for (int i = 0; i < MODEL_CLASSES; i++) {
        if (classes[i] == category) {
            return i;
        }
    }
    return MODEL_CLASSES;
}

/* The category that signs of a kind speak for; CATEGORY_HAM for none. */
static enum category
sign_category(enum lexicon_kind kind)
{
    static const enum category of[] = {CATEGORY_ADVERTISEMENT, CATEGORY_LURE,
                                       CATEGORY_PHISHING,      CATEGORY_EXTORTION,
                                       CATEGORY_MALWARE,       CATEGORY_ADVANCE_FEE};

    return kind < LEXICON_ADVERTISEMENT ? CATEGORY_HAM : of[kind - LEXICON_ADVERTISEMENT];
}

static bool
has_finding(const struct findings *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->list[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Mail to many that is not unwanted by itself, and replies of mail servers. Reads the header: only with consent. */
enum category
judge_wanted_category(const struct letter *letter, const struct arrival *arrival)
{
    size_t at = 0;
    const struct part *root = letter->root;

    if (root != NULL && bytes_is(root->type, "multipart") &&
        bytes_is(root->subtype, "report") &&
        (arrival == NULL || arrival->mail_from.size == 0)) {
        return CATEGORY_BOUNCE;
    }
    if (header_find(&letter->header, BYTES("List-Unsubscribe"), &at) != NULL) {
        return CATEGORY_BULK;
    }
    return CATEGORY_HAM;
}

/* Attachments that few but malware have. */
static bool
has_malware_sign(const struct findings *f)
{
    static const char *const names[] = {
        "attachment_virus",          "attachment_program", "attachment_shortcut",
        "attachment_disk",           "attachment_onenote", "attachment_double_extension",
        "attachment_remote_template"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (has_finding(f, names[i])) {
            return true;
        }
    }
    return false;
}

/* Where an offer was asked about and is none, the less it is one the less the letter is of that class: the classifier goes by words that
 * those who warn of offers, and shops, have too. */
static double
slang_logit(const struct trade *trade)
{
    double below = TRADE_LINE - trade->score;

    return trade->kind != LEXICON_ANY ? SLANG_FOUND
           : trade->passage.size == 0 ? SLANG_NONE
           : below > SLANG_BELOW_MOST ? SLANG_NONE - SLANG_BELOW_MOST
                                      : SLANG_NONE - 2 * (below > 0 ? below : 0);
}

/* Probabilities that sum to 1: the wanted category has what is not unwanted, the classes share the rest. */
void
judge_share_out(struct judge *judge, const struct findings *f, struct opinion *o,
                enum category wanted, const struct trade *trade, const struct signs *signs)
{
    double logits[MODEL_CLASSES] = {0}, sum = 0;
    const bool enclosed[CATEGORY_COUNT] = {
        [CATEGORY_THREAT] = has_finding(f, "attachment_threat"),
        [CATEGORY_SLANG] = has_finding(f, "attachment_slang"),
    };

    if (o->unwanted >= CLASSES_FROM) {
        model_classes(judge->model, &judge->features, logits);
    }
    for (int i = 0; i < CATEGORY_COUNT; i++) {
        int class = judge_class_of((enum category)i);
        if (class < MODEL_CLASSES) {
            double logit = logits[class];
            logit += i == CATEGORY_THREAT ? (o->threat != THREAT_NONE ? 6 : -3) : 0;
            logit += i == CATEGORY_SLANG ? slang_logit(trade) : 0;
            logit += i == (int)sign_category(signs->kind) ? SIGNS_GAIN * signs->score : 0;
            logit += i == CATEGORY_MALWARE && has_malware_sign(f) ? 3 : 0;
            /* What ClamAV names is that, whatever its words are like. */
            logit += i == CATEGORY_MALWARE && has_finding(f, "attachment_virus") ? 6 : 0;
            logit += i == CATEGORY_PHISHING && has_finding(f, "link_text_mismatch") ? 1 : 0;
            logit += i == CATEGORY_PHISHING && has_finding(f, "brand_mismatch") ? 4 : 0;
            logit += i == CATEGORY_LURE ? o->lure_class : 0;
            /* The classifier saw the letter alone: "see the attachment". */
            logit = enclosed[i] ? LOGIT_MOST : logit;
            o->categories[i] = exp(logit > LOGIT_MOST ? LOGIT_MOST : logit);
            sum += o->categories[i];
        }
    }
    for (int i = 0; i < CATEGORY_COUNT; i++) {
        o->categories[i] *= o->unwanted / sum;
    }
    o->categories[wanted] = 1 - o->unwanted;
    o->category = wanted;
    double most = o->unwanted >= 0.5 ? 0 : 2;
    for (int i = 0; i < CATEGORY_COUNT; i++) {
        if (i != (int)wanted && o->categories[i] > most) {
            most = o->categories[i];
            o->category = (enum category)i;
        }
    }
}
