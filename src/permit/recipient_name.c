#include "permit/recipient_name.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "base/writer.h"

/* Printable, and nothing that could end a name where it is written into a line. */
static bool
is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] <= ' ' || text.at[i] == 0x7f || text.at[i] == '<' ||
            text.at[i] == '>') {
            return false;
        }
    }
    return utf8_valid(text);
}

/* atext and dots (RFC 5322 3.2.3): what could have been written without quotes. */
static bool
needs_no_quotes(struct bytes local)
{
    for (size_t i = 0; i < local.size; i++) {
        uint8_t c = local.at[i];
        bool dot_misplaced =
            c == '.' && (i == 0 || i + 1 == local.size || local.at[i - 1] == '.');
        if (dot_misplaced || (c < 0x80 && !ascii_letter(c) && !ascii_digit(c) &&
                              memchr("!#$%&'*+-/=?^_`{|}~.", c, 20) == NULL)) {
            return false;
        }
    }
    return local.size > 0;
}

/* "ta\ro" in quotes is taro (RFC 5321 4.1.2): what a backslash stands before is itself. */
static struct bytes
without_quotes(struct arena *arena, struct bytes local)
{
    struct writer w;

    if (local.size < 3 || local.at[0] != '"' || local.at[local.size - 1] != '"') {
        return local;
    }
    writer_init(&w, arena);
    for (size_t i = 1; i + 1 < local.size; i++) {
        i += local.at[i] == '\\' && i + 2 < local.size;
        writer_byte(&w, local.at[i]);
    }
    return needs_no_quotes(writer_view(&w)) ? writer_view(&w) : local;
}

static bool
is_ascii(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

bool
recipient_name(struct arena *arena, struct bytes written, recipient_ascii *ascii,
               struct bytes *name_r)
{
    size_t at = bytes_find_last(written, '@');
    struct writer w;

    *name_r = BYTES_NONE;
    if (at == BYTES_NOWHERE || written.size > LIMIT_ADDRESS || !is_plain(written)) {
        return false;
    }
    struct bytes local = without_quotes(arena, bytes_slice(written, 0, at));
    struct bytes domain = bytes_from(written, at + 1), labels;
    if (domain.size > 1 && domain.at[domain.size - 1] == '.') {
        domain.size--;
    }
    if (!is_ascii(domain) && ascii != NULL) {
        if (!ascii(arena, domain, &labels)) {
            return false;
        }
        domain = labels;
    }
    if (domain.size == 0 || domain.size > LIMIT_DOMAIN || domain.at[0] == '.' ||
        bytes_ends(domain, BYTES(".")) ||
        bytes_find(domain, BYTES(".."), 0) != BYTES_NOWHERE) {
        return false;
    }
    writer_init(&w, arena);
    writer_bytes(&w, local);
    writer_byte(&w, '@');
    writer_bytes(&w, domain);
    *name_r = bytes_lower(arena, writer_view(&w));
    return true;
}

struct bytes
recipient_domain(struct bytes name)
{
    size_t at = bytes_find_last(name, '@');

    return at == BYTES_NOWHERE ? BYTES_NONE : bytes_from(name, at);
}

struct bytes
recipient_without_detail(struct arena *arena, struct bytes name, uint8_t separator)
{
    size_t at = bytes_find_last(name, '@');
    size_t detail = bytes_find_byte(bytes_slice(name, 0, at), separator, 0);
    struct writer w;

    if (at == BYTES_NOWHERE || detail == BYTES_NOWHERE || detail == 0) {
        return BYTES_NONE;
    }
    writer_init(&w, arena);
    writer_bytes(&w, bytes_slice(name, 0, detail));
    writer_bytes(&w, bytes_from(name, at));
    return writer_view(&w);
}
