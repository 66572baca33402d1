#include "judge/forms.h"

#include "base/tap.h"

static void
is(const char *text, bool keeps_words, const char *wish)
{
    char at[24] = {0};
    struct form form = {.at = at, .room = sizeof at};

    form_add(&form, bytes_from_text(text), keeps_words);
    tap_ok(strcmp(at, wish) == 0, "%s: %s", text, at);
}

int
main(void)
{
    is("abc-12.x9", false, "a-9.x");
    is("abcdefgh 1234567", false, "a*8 9");
    is("NextPart_007", true, "nextpart_9");
    is("NextPart_007", false, "a*8_9");
    is("abcd", true, "a");
    is("abcde", true, "abcde");
    is("abcdefghijklmnop", true, "abcdefghijklmnop");
    is("abcdefghijklmnopq", true, "a*17");
    is("\x01\xc3\xa9", true, "???");
    is("", true, "");
    is("-------------------------", false, "-----------------------");
    return tap_done();
}
