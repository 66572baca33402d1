/* Forms: how something that a program made looks, whatever is in it.
 *
 * "Xk29-fq81c0Da33@" and "Pz11-ab54d0Ff90@" have one form: "x-x*9@". Digits are written as 9, letters as a, letters and digits as x, runs of
 * eight and more with their length; signs stand for themselves, bytes beyond ASCII as ?. A word of five to sixteen letters may be
 * kept as it is, in lower case, where chance makes no words. A form ends with NUL; what does not fit is dropped. */
#pragma once

#include "base/bytes.h"

struct form {
    char *at;
    size_t size, room; /* room: with the NUL; the bytes are 0 before */
};

void form_byte(struct form *form, uint8_t byte);
void form_text(struct form *form, const char *text);
void form_add(struct form *form, struct bytes text, bool keeps_words);
