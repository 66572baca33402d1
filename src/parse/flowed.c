#include "parse/flowed.h"

#include "base/writer.h"

/* A line of flowed text, taken apart. */
struct flowed_line {
    size_t depth; /* of quotation */
    struct bytes text;
    bool goes_on;
};

static struct flowed_line
line_read(struct bytes line)
{
    struct flowed_line l = {0};

    while (l.depth < line.size && line.at[l.depth] == '>') {
        l.depth++;
    }
    l.text = bytes_from(line, l.depth);
    if (l.text.size > 0 && l.text.at[0] == ' ') {
        l.text = bytes_from(l.text, 1);
    }
    l.goes_on =
        l.text.size > 0 && l.text.at[l.text.size - 1] == ' ' && !bytes_is(l.text, "-- ");
    return l;
}

struct bytes
flowed_join(struct arena *arena, struct bytes text, bool delete_blank)
{
    struct flowed_line before = {0};
    struct bytes line;
    struct writer w;
    bool first = true;

    writer_init(&w, arena);
    while (bytes_line(&text, &line)) {
        struct flowed_line l = line_read(line);
        bool joined = before.goes_on && before.depth == l.depth && !bytes_is(l.text, "-- ");
        if (!joined) {
            if (!first) {
                writer_byte(&w, '\n');
            }
            for (size_t i = 0; i < l.depth; i++) {
                writer_byte(&w, '>');
            }
            if (l.depth > 0) {
                writer_byte(&w, ' ');
            }
        }
        bool cut = l.goes_on && delete_blank;
        writer_bytes(&w, bytes_slice(l.text, 0, l.text.size - cut));
        before = l;
        first = false;
    }
    return writer_view(&w);
}
