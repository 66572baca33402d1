#include "parse/careful.h"

void
charset_take_back_guess(struct arena *arena, struct bytes bytes, struct bytes label,
                        struct charset_result *r)
{
    if (!bytes_is(r->charset, "windows-1252")) {
        return;
    }
    if (charset_name(label).size == 0) {
        charset_decode_as_from(arena, bytes, BYTES("utf-8"), r->carrier, r);
    } else if (r->disagrees) {
        charset_decode_as_from(arena, bytes, label, r->carrier, r);
    }
}

void
charset_decode_careful(struct arena *arena, struct bytes bytes, struct bytes label,
                       struct charset_result *r)
{
    charset_decode(arena, bytes, label, r);
    charset_take_back_guess(arena, bytes, label, r);
}
