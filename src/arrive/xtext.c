#include "arrive/xtext.h"

void
xtext_write(struct writer *w, struct bytes b)
{
    for (size_t i = 0; i < b.size; i++) {
        uint8_t c = b.at[i];
        if (c > 0x20 && c < 0x7f && c != '+' && c != '=') {
            writer_byte(w, c);
        } else {
            writer_format(w, "+%02X", c);
        }
    }
}

bool
xtext_read(struct arena *arena, struct bytes text, struct bytes *out_r)
{
    uint8_t *out = arena_take_bytes(arena, text.size);
    size_t size = 0;

    *out_r = BYTES_NONE;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.at[i];
        if (c == '+') {
            int high = i + 2 < text.size ? ascii_hex(text.at[i + 1]) : -1;
            int low = high >= 0 ? ascii_hex(text.at[i + 2]) : -1;
            if (low < 0) {
                return false;
            }
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        out[size++] = c;
    }
    *out_r = bytes_of(out, size);
    return true;
}
