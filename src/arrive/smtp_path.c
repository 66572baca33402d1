#include "arrive/smtp_path.h"

#include "base/limits.h"
#include "base/utf8.h"

/* Where the closing bracket of a path stands: outside of quotes, nothing unprintable before it. */
static size_t
path_end(struct bytes b)
{
    bool quoted = false;

    for (size_t i = 1; i < b.size; i++) {
        uint8_t c = b.at[i];
        if (c < 0x20 || c == 0x7f) {
            return BYTES_NOWHERE;
        }
        if (quoted && c == '\\') {
            if (++i >= b.size || b.at[i] < 0x20 || b.at[i] >= 0x7f) {
                return BYTES_NOWHERE;
            }
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == '>') {
            return i;
        } else if (!quoted && (c == ' ' || c == '<')) {
            return BYTES_NOWHERE;
        }
    }
    return BYTES_NOWHERE;
}

/* local@domain, both not empty, where the local part is one quoted string or has no quotes at all. */
static bool
mailbox_valid(struct bytes b)
{
    size_t at = bytes_find_last(b, '@');

    if (at == BYTES_NOWHERE) {
        return bytes_is_fold(b, "postmaster");
    }
    struct bytes local = bytes_slice(b, 0, at), domain = bytes_from(b, at + 1);
    if (local.size == 0 || domain.size == 0 || domain.size > LIMIT_DOMAIN) {
        return false;
    }
    bool literal = domain.at[0] == '[' && domain.at[domain.size - 1] == ']';
    for (size_t i = 0; i < domain.size; i++) {
        uint8_t c = domain.at[i];
        bool name = ascii_letter(c) || ascii_digit(c) || c == '.' || c == '-' || c == '_' ||
                    c >= 0x80;
        if (!name && !(literal && (c == ':' || c == '[' || c == ']'))) {
            return false;
        }
    }
    bool quoted = local.at[0] == '"';
    if (quoted) {
        /* path_end saw balanced quotes; the only unescaped ones must be the outer two. */
        for (size_t i = 1; i + 1 < local.size; i++) {
            if (local.at[i] == '\\') {
                i++;
            } else if (local.at[i] == '"') {
                return false;
            }
        }
        return local.size >= 2 && local.at[local.size - 1] == '"';
    }
    for (size_t i = 0; i < local.size; i++) {
        if (local.at[i] < 0x80 && memchr("\"(),:;<>@[\\] ", local.at[i], 13) != NULL) {
            return false;
        }
    }
    return true;
}

enum sk_code
smtp_path_read(struct bytes b, const char *keyword, struct bytes *address_r,
               struct bytes *rest_r, bool *non_ascii_r)
{
    struct bytes word = bytes_from_text(keyword);

    *address_r = *rest_r = BYTES_NONE;
    *non_ascii_r = false;
    if (!bytes_starts_fold(b, word)) {
        return SK_BAD;
    }
    b = bytes_from(b, word.size);
    while (b.size > 0 && b.at[0] == ' ') {
        b = bytes_from(b, 1);
    }
    size_t end = b.size > 0 && b.at[0] == '<' ? path_end(b) : BYTES_NOWHERE;
    if (end == BYTES_NOWHERE || (end + 1 < b.size && b.at[end + 1] != ' ')) {
        return SK_BAD;
    }
    struct bytes path = bytes_slice(b, 1, end);
    *rest_r = bytes_from(b, end + 1);
    if (path.size > 0 && path.at[0] == '@') {
        size_t colon = bytes_find_byte(path, ':', 0);
        if (colon == BYTES_NOWHERE) {
            return SK_BAD;
        }
        path = bytes_from(path, colon + 1);
        if (path.size == 0) {
            return SK_BAD;
        }
    }
    *address_r = path;
    if (path.size > LIMIT_ADDRESS) {
        return SK_LIMIT;
    }
    for (size_t i = 0; i < path.size; i++) {
        *non_ascii_r |= path.at[i] >= 0x80;
    }
    if (!utf8_valid(path)) {
        return SK_BAD;
    }
    return path.size == 0 || mailbox_valid(path) ? SK_OK : SK_BAD;
}

enum sk_code
smtp_parameter_next(struct bytes *rest, struct bytes *key_r, struct bytes *value_r)
{
    struct bytes word = BYTES_NONE;

    *key_r = *value_r = BYTES_NONE;
    while (word.size == 0) {
        if (!bytes_split(rest, ' ', &word)) {
            return SK_MORE;
        }
    }
    size_t equals = bytes_find_byte(word, '=', 0);
    *key_r = bytes_slice(word, 0, equals);
    *value_r = equals == BYTES_NOWHERE ? BYTES_NONE : bytes_from(word, equals + 1);
    if (key_r->size == 0) {
        return SK_BAD;
    }
    for (size_t i = 0; i < key_r->size; i++) {
        uint8_t c = key_r->at[i];
        if (!ascii_letter(c) && !ascii_digit(c) && c != '-') {
            return SK_BAD;
        }
    }
    for (size_t i = 0; i < value_r->size; i++) {
        if (value_r->at[i] <= 0x20 || value_r->at[i] == 0x7f || value_r->at[i] == '=') {
            return SK_BAD;
        }
    }
    return SK_OK;
}

struct bytes
smtp_domain(struct bytes address)
{
    size_t at = bytes_find_last(address, '@');

    return at == BYTES_NOWHERE ? BYTES_NONE : bytes_from(address, at + 1);
}
