#include "parse/html_private.h"

/* Scripts (13.2.5.15 to 31): inside "<!--" an end tag still counts, but not after a further "<script" in there. */
enum script_state { SCRIPT_PLAIN, SCRIPT_ESCAPED, SCRIPT_DOUBLE };

static bool
is_script(struct bytes in, size_t at)
{
    return bytes_starts_fold(bytes_slice(in, at, at + 6), BYTES("script")) &&
           html_name_ends(in, at + 6);
}

/* Where a '<' at `at` leads: the state, and how far it was read. true if the script ends before it. */
static bool
script_less_than(struct bytes in, size_t *at, enum script_state *state, unsigned *dashes)
{
    struct bytes rest = bytes_from(in, *at);
    bool slash = rest.size > 1 && rest.at[1] == '/';

    if (*state != SCRIPT_DOUBLE && slash && is_script(in, *at + 2)) {
        return true;
    }
    *dashes = 0;
    if (*state == SCRIPT_PLAIN && bytes_starts(rest, BYTES("<!--"))) {
        *state = SCRIPT_ESCAPED;
        *dashes = 2;
        *at += 4;
    } else if (*state == SCRIPT_ESCAPED && is_script(in, *at + 1)) {
        *state = SCRIPT_DOUBLE;
        *at += 8;
    } else if (*state == SCRIPT_DOUBLE && slash && is_script(in, *at + 2)) {
        *state = SCRIPT_ESCAPED;
        *at += 9;
    } else {
        *at += 1;
    }
    return false;
}

size_t
html_script_end(struct bytes in, size_t at)
{
    enum script_state state = SCRIPT_PLAIN;
    unsigned dashes = 0;

    while (at < in.size) {
        uint8_t c = in.at[at];
        if (c == '<') {
            if (script_less_than(in, &at, &state, &dashes)) {
                return at;
            }
            continue;
        }
        if (state == SCRIPT_PLAIN) {
            size_t next = bytes_find_byte(in, '<', at);
            at = next == BYTES_NOWHERE ? in.size : next;
            continue;
        }
        if (c == '>' && dashes >= 2) {
            state = SCRIPT_PLAIN;
        }
        dashes = c == '-' ? dashes + (dashes < 2) : 0;
        at++;
    }
    return in.size;
}
