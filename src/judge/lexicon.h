/* The lexicon: words of crime notices, of illegal trade and of unwanted mail, Japanese and English, found in one pass.
 *
 * A table is text: lines of term, kind, role, lang, weight, note, parted by tabs; the first line names the columns; '|'
 * parts spellings of a term. Terms are brought to normal form (judge/normal.h) and compiled into one literal database
 * of Hyperscan; finding them costs the same however many they are. Longer terms are found in other spellings too, and
 * those of crime and trade with a character censored (judge/spelling.h): such a hit is disguised. A spelling that begins or ends with an ASCII letter
 * or digit matches whole words only, and so does one of up to two katakana (three in slang), and slang of a single kanji (豆, but not 大豆). Rows whose note begins with
 * "mask:" are words that only look like a term (刺身, 相殺): what begins within them is no hit.
 *
 * A struct lexicon belongs to a process and holds Hyperscan's scratch: one scan at a time. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

enum lexicon_kind {
    LEXICON_ANY,
    LEXICON_MURDER,
    LEXICON_ATTACK,
    LEXICON_BOMB,
    LEXICON_ARSON,
    LEXICON_POISON,
    LEXICON_SUICIDE,
    LEXICON_WEAPON,
    LEXICON_DRUG,
    LEXICON_FRAUD_JOB,
    LEXICON_ACCOUNT_TRADE,
    LEXICON_ADVERTISEMENT, /* of unwanted mail, in the order of enum category */
    LEXICON_LURE,
    LEXICON_PHISHING,
    LEXICON_EXTORTION,
    LEXICON_MALWARE,
    LEXICON_ADVANCE_FEE,
};
#define LEXICON_KIND_COUNT 17

enum lexicon_role {
    LEXICON_ACT,      /* what is threatened */
    LEXICON_ANNOUNCE, /* that it will be done */
    LEXICON_TARGET,
    LEXICON_TIME,
    LEXICON_DEMAND,
    LEXICON_INNOCENT, /* speaks for another meaning */
    LEXICON_SLANG,    /* names of goods and jobs */
    LEXICON_TRADE,    /* that they are offered */
    LEXICON_SIGN,     /* usual in unwanted mail of the kind, weak alone */
    LEXICON_HAND,     /* how goods change hands */
    LEXICON_SECRET,   /* where one is not seen */
    LEXICON_REWARD,   /* what dark jobs promise */
    LEXICON_PAPERS,   /* what they ask for */
};
#define LEXICON_ROLE_COUNT 13

enum lexicon_table { LEXICON_THREAT_TABLE, LEXICON_SLANG_TABLE };

struct lexicon_term {
    enum lexicon_kind kind;
    enum lexicon_role role;
    enum lexicon_table table;
    int weight; /* 1 to 5 */
    bool is_mask;
    unsigned row;         /* spellings of one row share it */
    struct bytes text;    /* in normal form */
    struct bytes spelled; /* what is searched for: its second fold, perhaps censored */
    bool exact_only;      /* too short to be known in another spelling */
    bool censored;
    bool own;          /* of the operator's words (judge/words.h) */
    size_t line;       /* of its table */
    struct bytes note; /* of the row */
};

struct lexicon_hit {
    const struct lexicon_term *term;
    size_t from, to; /* in the text that was scanned */
    bool disguised;  /* the text spells it otherwise */
};

struct lexicon;

/* The two tables, threat first; BYTES_NONE leaves one out. SK_CONFIG with the line where a row is wrong. */
enum sk_code lexicon_open(struct arena *arena, struct bytes threat, struct bytes slang,
                          struct lexicon **lexicon_r, struct why *why);
/* The same with the operator's words (judge/words.h), which count instead of built-in ones with the same spelling and role.
 * Their examples are not tried: words_try. */
enum sk_code lexicon_open_words(struct arena *arena, struct bytes threat,
                                struct bytes slang, struct bytes words,
                                struct lexicon **lexicon_r, struct why *why);
void lexicon_close(struct lexicon *lexicon);

/* Hits in a text of normal form, by `from`; at most LIMIT_LEXICON_HITS. */
const struct lexicon_hit *lexicon_scan(struct arena *arena, struct lexicon *lexicon,
                                       struct bytes normal, size_t *count_r);

/* The same where the text's second fold (judge/spelling.h) was made before. */
const struct lexicon_hit *lexicon_scan_folded(struct arena *arena, struct lexicon *lexicon,
                                              struct bytes normal, struct bytes folded,
                                              size_t *count_r);

/* All terms, spellings that are written alike together; those that are censored among them. */
const struct lexicon_term *lexicon_terms(const struct lexicon *lexicon, size_t *count_r);

const char *lexicon_kind_name(enum lexicon_kind kind);
const char *lexicon_role_name(enum lexicon_role role);
bool lexicon_kind_read(struct bytes name, enum lexicon_kind *kind_r);
bool lexicon_role_read(struct bytes name, enum lexicon_role *role_r);

/* The tables that are built in. */
struct bytes lexicon_threat_table(void);
struct bytes lexicon_slang_table(void);
