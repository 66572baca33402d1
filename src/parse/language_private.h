/* How usual a text is in the languages that are written in charsets of their own, beside Japanese (japanese_private.h):
 * the evidence for GB 18030, Big5, EUC-KR, KOI8-R and windows-1251 against labels that lie. */
#pragma once

#include "base/bytes.h"

enum language {
    LANGUAGE_CHINESE,
    LANGUAGE_CHINESE_TRADITIONAL,
    LANGUAGE_KOREAN,
    LANGUAGE_CYRILLIC
};

/* The logarithm of the likelihood in 1/16 bits, as japanese_plausible gives it, so that both can be compared. */
int64_t language_plausible(struct bytes utf8, enum language language);
