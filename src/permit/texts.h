/* The texts that people agree to, and the house rule of organisations: share/consent, carried in the program.
 *
 * A text is known by its id ("content.ja") and told apart from all others by the SHA-256 of its bytes: a consent is to
 * those words and no others. When a text is changed it is another text, and the ledger keeps the words of the old one. */
#pragma once

#include "permit/permit.h"

struct consent_words {
    const char *id; /* FAMILY.LANGUAGE, or "house-rule.LANGUAGE" */
    struct bytes text;
    char sha256[65];
};

/* NULL past the last. */
const struct consent_words *consent_words_at(size_t i);
/* By id, or by the first 8 or more digits of its hash; NULL if no text that is carried has it. */
const struct consent_words *consent_words_find(struct bytes id);
/* What is shown to a person who is to agree to this family: language "ja" or "en". */
const struct consent_words *consent_words_for(enum permit_family family,
                                              struct bytes language);
/* The same form of a hash for any text; hex_r holds 64 digits and a NUL. */
void consent_words_hash(struct bytes text, char hex_r[65]);
