#include "judge/forms.h"

#include <stdio.h>

#define LONG_RUN     8
#define LITERAL_WORD 5 /* letters that are a word and not chance */
#define LITERAL_MOST 16

void
form_byte(struct form *form, uint8_t byte)
{
    if (form->size + 1 < form->room) {
        form->at[form->size++] = (char)byte;
    }
}

void
form_text(struct form *form, const char *text)
{
    for (; *text != '\0'; text++) {
        form_byte(form, (uint8_t)*text);
    }
}

static void
form_run(struct form *form, uint8_t kind, size_t size)
{
    char number[16];

    form_byte(form, kind);
    if (size >= LONG_RUN) {
        snprintf(number, sizeof number, "*%zu", size < 1000 ? size : 1000);
        form_text(form, number);
    }
}

/* One run of letters and digits from `at`; returns its end. */
static size_t
form_piece(struct form *form, struct bytes text, size_t at, bool keeps_words)
{
    size_t end = at, digits = 0, letters = 0;

    for (; end < text.size; end++) {
        if (ascii_digit(text.at[end])) {
            digits++;
        } else if (ascii_letter(text.at[end])) {
            letters++;
        } else {
            break;
        }
    }
    if (keeps_words && digits == 0 && letters >= LITERAL_WORD && letters <= LITERAL_MOST) {
        for (size_t i = at; i < end; i++) {
            form_byte(form, ascii_lower(text.at[i]));
        }
    } else {
        form_run(form, digits == 0 ? 'a' : letters == 0 ? '9' : 'x', end - at);
    }
    return end;
}

void
form_add(struct form *form, struct bytes text, bool keeps_words)
{
    for (size_t at = 0; at < text.size && form->size + 1 < form->room;) {
        uint8_t c = text.at[at];
        if (ascii_digit(c) || ascii_letter(c)) {
            at = form_piece(form, text, at, keeps_words);
        } else {
            form_byte(form, c > ' ' && c < 0x7f ? c : c == ' ' ? ' ' : '?');
            at++;
        }
    }
}
