#include "store/rows_private.h"

#include "base/hash.h"
#include "base/utf8.h"
#include "base/writer.h"

bool
rows_is_japanese(uint32_t c)
{
    return (c >= 0x3041 && c <= 0x30ff && c != 0x30fb && c != 0x30a0 &&
            (c < 0x3097 || c > 0x309c)) ||
           (c >= 0x3005 && c <= 0x3007) || (c >= 0x3400 && c <= 0x9fff) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0xac00 && c <= 0xd7a3) ||
           (c >= 0xff10 && c <= 0xff19) || (c >= 0xff21 && c <= 0xff3a) ||
           (c >= 0xff41 && c <= 0xff5a) || (c >= 0xff66 && c <= 0xff9f);
}

/* Marks that stand between Japanese words: neither table holds them. */
static bool
is_japanese_mark(uint32_t c)
{
    return (c >= 0x2010 && c <= 0x206f) || (c >= 0x3000 && c <= 0x30ff) || c >= 0xff00;
}

bool
rows_is_trigram(uint32_t c)
{
    return !rows_is_japanese(c) && !is_japanese_mark(c);
}

/* What the trigram table is given: the text without what the other table has, a line end in its place. */
void
rows_trigrams(struct writer *w, struct bytes text)
{
    uint32_t c;
    bool apart = true;

    for (size_t at = 0, size; at < text.size; at += size) {
        size = utf8_get(text, at, &c);
        bool wanted = size > 0 && rows_is_trigram(c);
        size = size > 0 ? size : 1;
        if (wanted) {
            writer_bytes(w, bytes_slice(text, at, at + size));
        } else if (!apart) {
            writer_byte(w, '\n');
        }
        apart = !wanted;
    }
}

void
rows_pairs(struct writer *w, struct bytes text)
{
    uint32_t before = 0, c;

    for (size_t at = 0; at < text.size;) {
        size_t size = utf8_get(text, at, &c);
        at += size > 0 ? size : 1;
        bool japanese = size > 0 && rows_is_japanese(c);
        if (before != 0) {
            writer_code_point(w, before);
            if (japanese) {
                writer_code_point(w, c);
            }
            writer_byte(w, ' ');
        }
        before = japanese ? c : 0;
    }
    if (before != 0) {
        writer_code_point(w, before);
        writer_byte(w, ' ');
    }
}

/* Of one table and one kind: no seed that changes, since the files outlive the process. */
void
rows_mark_word(struct writer *w, char kind, struct bytes value)
{
    writer_format(w, "zx%c%016llx ", kind,
                  (unsigned long long)hash_quick(value, (uint64_t)(uint8_t)kind));
}

/* Each whole address, in lower case; a list is separated by commas and blanks. */
static void
mark_addresses(struct writer *w, char kind, struct bytes list)
{
    struct bytes address;

    while (bytes_split(&list, ',', &address)) {
        address = bytes_trim(address);
        if (address.size > 0) {
            rows_mark_word(w, kind, bytes_lower(w->arena, address));
        }
    }
}

void
rows_pairs_of(struct writer *w, const struct rows_event *event)
{
    const struct bytes parts[] = {event->subject, event->name, event->text, event->sender,
                                  event->recipients};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        rows_pairs(w, parts[i]);
    }
    rows_mark_word(w, 'a', event->action);
    rows_mark_word(w, 'g', event->category);
    rows_mark_word(w, 'c', event->client);
    mark_addresses(w, 's', event->sender);
    mark_addresses(w, 'r', event->recipients);
    if (event->threat.size > 0) {
        rows_mark_word(w, 't', BYTES_NONE);
    }
}
