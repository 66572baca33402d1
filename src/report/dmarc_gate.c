#include "report/dmarc_gate.h"

#include "base/limits.h"
#include "base/table.h"
#include "base/writer.h"

const char *
dmarc_refusal_name(enum dmarc_refusal refusal)
{
    static const char *const names[] = {
#define ROW(name, word, ja, en) word,
        DMARC_REFUSALS(ROW)
#undef ROW
    };

    return names[refusal];
}

const char *
dmarc_refusal_words(enum dmarc_refusal refusal, bool japanese)
{
    static const char *const words[][2] = {
#define ROW(name, word, ja, en) {ja, en},
        DMARC_REFUSALS(ROW)
#undef ROW
    };

    return words[refusal][japanese ? 0 : 1];
}

static struct bytes
percent_decoded(struct arena *arena, struct bytes text)
{
    struct writer w;

    writer_init(&w, arena);
    for (size_t i = 0; i < text.size; i++) {
        int high = i + 2 < text.size ? ascii_hex(text.at[i + 1]) : -1;
        int low = i + 2 < text.size ? ascii_hex(text.at[i + 2]) : -1;
        if (text.at[i] == '%' && high >= 0 && low >= 0) {
            writer_byte(&w, (uint8_t)(high * 16 + low));
            i += 2;
        } else {
            writer_byte(&w, text.at[i]);
        }
    }
    return writer_view(&w);
}

/* "!50m" at the end: bytes, or k, m, g, t. */
static struct bytes
take_size(struct bytes uri, uint64_t *size_r)
{
    static const char units[] = "kmgt";
    size_t mark = bytes_find_last(uri, '!');
    struct bytes number;
    uint64_t size, unit = 1;

    *size_r = UINT64_MAX;
    if (mark == BYTES_NOWHERE || mark + 1 == uri.size) {
        return uri;
    }
    number = bytes_from(uri, mark + 1);
    const char *letter = strchr(units, ascii_lower(number.at[number.size - 1]));
    if (letter != NULL && *letter != '\0') {
        unit = UINT64_C(1) << (10 * (letter - units + 1));
        number.size--;
    }
    if (!bytes_to_number(number, UINT64_MAX / unit, &size)) {
        return uri;
    }
    *size_r = size * unit;
    return bytes_slice(uri, 0, mark);
}

/* Only what can stand in RCPT and To as it is: dot-atoms (RFC 5322 3.2.3) before a host name. */
static bool
is_plain(struct bytes address, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        uint8_t c = address.at[i];
        bool dot = c == '.' && i > 0 && i + 1 < at && address.at[i - 1] != '.';
        if (!ascii_letter(c) && !ascii_digit(c) && !dot &&
            (c == '\0' || strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL)) {
            return false;
        }
    }
    return at > 0 && at <= 64 && dmarc_domain_valid(bytes_from(address, at + 1));
}

size_t
dmarc_rua_read(struct arena *arena, struct bytes rua,
               struct dmarc_rua list_r[LIMIT_DMARC_ADDRESSES])
{
    size_t count = 0;
    struct bytes uri;

    while (count < LIMIT_DMARC_ADDRESSES && bytes_split(&rua, ',', &uri)) {
        struct dmarc_rua one;
        bool known = false;
        uri = take_size(bytes_trim(uri), &one.size_max);
        if (!bytes_starts_fold(uri, BYTES("mailto:"))) {
            continue;
        }
        uri = bytes_from(uri, 7);
        uri = bytes_slice(uri, 0, bytes_find_byte(uri, '?', 0));
        one.address = percent_decoded(arena, uri);
        size_t at = bytes_find_last(one.address, '@');
        if (at == BYTES_NOWHERE || !is_plain(one.address, at)) {
            continue;
        }
        one.host = bytes_lower(arena, bytes_from(one.address, at + 1));
        for (size_t i = 0; i < count; i++) {
            known |= bytes_equal_fold(list_r[i].address, one.address);
        }
        if (!known) {
            list_r[count++] = one;
        }
    }
    return count;
}

enum dmarc_refusal
dmarc_gate_domain(const struct dmarc_settings *settings, const struct dmarc_seen *seen)
{
    struct bytes domain = seen->published.domain;

    if (!dmarc_domain_valid(domain)) {
        return DMARC_REFUSAL_NAME;
    }
    if (bytes_equal_fold(domain, settings->submitter)) {
        return DMARC_REFUSAL_OWN;
    }
    if (dmarc_domain_in(settings->never, settings->never_count, domain)) {
        return DMARC_REFUSAL_NEVER;
    }
    if (dmarc_domain_in(settings->always, settings->always_count, domain)) {
        return DMARC_REFUSAL_SEND;
    }
    if (seen->passed == 0) {
        return DMARC_REFUSAL_ONLY_FAILS;
    }
    return 2 * seen->unwanted > seen->passed ? DMARC_REFUSAL_MOSTLY_UNWANTED
                                             : DMARC_REFUSAL_SEND;
}

enum dmarc_refusal
dmarc_gate_address(struct arena *arena, const struct dmarc_settings *settings,
                   const struct dmarc_rua *rua, const struct table *suppressed)
{
    if (dmarc_domain_in(settings->never, settings->never_count, rua->host)) {
        return DMARC_REFUSAL_NEVER;
    }
    if (bytes_equal_fold(rua->address, settings->from)) {
        return DMARC_REFUSAL_OWN;
    }
    if (table_get(suppressed, bytes_lower(arena, rua->address)) != NULL) {
        return DMARC_REFUSAL_SUPPRESSED;
    }
    for (struct bytes at = rua->host; at.size > 0;) {
        if (table_get(suppressed, at) != NULL) {
            return DMARC_REFUSAL_SUPPRESSED;
        }
        size_t dot = bytes_find_byte(at, '.', 0);
        at = dot == BYTES_NOWHERE ? BYTES_NONE : bytes_from(at, dot + 1);
    }
    return DMARC_REFUSAL_SEND;
}
