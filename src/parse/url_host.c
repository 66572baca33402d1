#include "base/writer.h"
#include "parse/domain.h"
#include "parse/url_private.h"

/* IPv6 -------------------------------------------------------------------------------------------------------------- */

struct ipv6 {
    uint16_t pieces[8];
    int count, compress; /* compress: the piece at which "::" stands, or -1 */
};

/* The dotted decimal at the end of an IPv6 address: two pieces. */
static bool
ipv6_read_dotted(struct ipv6 *a, struct bytes text)
{
    struct bytes part;
    unsigned numbers[4];
    int count = 0;

    if (a->count > 6) {
        return false;
    }
    while (bytes_split(&text, '.', &part)) {
        uint64_t number;
        if (count == 4 || part.size > 3 || (part.size > 1 && part.at[0] == '0') ||
            !bytes_to_number(part, 255, &number)) {
            return false;
        }
        numbers[count++] = (unsigned)number;
    }
    if (count != 4) {
        return false;
    }
    a->pieces[a->count++] = (uint16_t)(numbers[0] << 8 | numbers[1]);
    a->pieces[a->count++] = (uint16_t)(numbers[2] << 8 | numbers[3]);
    return true;
}

static bool
ipv6_read(struct bytes text, struct ipv6 *a)
{
    size_t at = 0;

    *a = (struct ipv6){.compress = -1};
    if (text.size > 0 && text.at[0] == ':') {
        if (text.size < 2 || text.at[1] != ':') {
            return false;
        }
        at = 2;
        a->compress = 0;
    }
    while (at < text.size) {
        if (a->count == 8) {
            return false;
        }
        if (text.at[at] == ':') {
            if (a->compress >= 0) {
                return false;
            }
            at++;
            a->compress = a->count;
            continue;
        }
        unsigned value = 0;
        size_t start = at;
        while (at < text.size && at < start + 4 && ascii_hex(text.at[at]) >= 0) {
            value = value << 4 | (unsigned)ascii_hex(text.at[at++]);
        }
        if (at < text.size && text.at[at] == '.') {
            return at > start && ipv6_read_dotted(a, bytes_from(text, start)) &&
                   (a->count == 8 || a->compress >= 0);
        }
        if (at < text.size && (text.at[at] != ':' || ++at == text.size)) {
            return false;
        }
        a->pieces[a->count++] = (uint16_t)value;
    }
    return a->compress >= 0 ? a->count < 8 || a->compress == 8 : a->count == 8;
}

/* The longest run of at least two zero pieces: that is where "::" is written. */
static int
ipv6_zeros(const uint16_t pieces[8], int *size_r)
{
    int best = -1;

    *size_r = 1;
    for (int i = 0; i < 8; i++) {
        int size = 0;
        while (i + size < 8 && pieces[i + size] == 0) {
            size++;
        }
        if (size > *size_r) {
            best = i;
            *size_r = size;
        }
        i += size;
    }
    return best;
}

static struct bytes
ipv6_write(struct arena *arena, const struct ipv6 *a)
{
    uint16_t pieces[8] = {0};
    int after = a->compress < 0 ? 0 : a->count - a->compress, size;
    struct writer w;

    for (int i = 0; i < a->count; i++) {
        pieces[i < a->count - after ? i : 8 - a->count + i] = a->pieces[i];
    }
    int zeros = ipv6_zeros(pieces, &size);
    writer_init(&w, arena);
    writer_byte(&w, '[');
    for (int i = 0; i < 8; i++) {
        if (i == zeros) {
            writer_text(&w, i == 0 ? "::" : ":");
            i += size - 1;
            continue;
        }
        writer_format(&w, i < 7 ? "%x:" : "%x", pieces[i]);
    }
    writer_byte(&w, ']');
    return writer_view(&w);
}

/* IPv4 -------------------------------------------------------------------------------------------------------------- */

/* One number of an address, in decimal, octal after 0 or hexadecimal after 0x; too great ones are UINT64_MAX. */
static bool
ipv4_number(struct bytes part, uint64_t *number_r)
{
    unsigned base = 10;

    *number_r = 0;
    if (part.size == 0) {
        return false;
    }
    if (part.size >= 2 && part.at[0] == '0') {
        bool hexadecimal = ascii_lower(part.at[1]) == 'x';
        base = hexadecimal ? 16 : 8;
        part = bytes_from(part, hexadecimal ? 2 : 1);
    }
    for (size_t i = 0; i < part.size; i++) {
        int digit = ascii_hex(part.at[i]);
        if (digit < 0 || (unsigned)digit >= base) {
            return false;
        }
        *number_r = *number_r > UINT32_MAX ? *number_r : *number_r * base + (unsigned)digit;
    }
    return true;
}

static bool
ends_in_number(struct bytes host)
{
    uint64_t number;

    if (host.size > 1 && host.at[host.size - 1] == '.') {
        host.size--;
    }
    size_t dot = bytes_find_last(host, '.');
    struct bytes last = dot == BYTES_NOWHERE ? host : bytes_from(host, dot + 1);
    bool digits = last.size > 0;
    for (size_t i = 0; i < last.size; i++) {
        digits = digits && ascii_digit(last.at[i]);
    }
    return digits || ipv4_number(last, &number);
}

static bool
ipv4_read(struct arena *arena, struct bytes host, struct bytes *host_r)
{
    struct bytes part;
    uint64_t numbers[4], address = 0;
    size_t count = 0;
    struct writer w;

    if (host.at[host.size - 1] == '.') {
        host.size--;
    }
    while (bytes_split(&host, '.', &part)) {
        if (count == 4 || !ipv4_number(part, &numbers[count])) {
            return false;
        }
        count++;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        if (numbers[i] > 255) {
            return false;
        }
        address |= numbers[i] << (8 * (3 - i));
    }
    if (count == 0 || numbers[count - 1] >= (uint64_t)1 << (8 * (5 - count))) {
        return false;
    }
    address |= numbers[count - 1];
    writer_init(&w, arena);
    writer_format(&w, "%u.%u.%u.%u", (unsigned)(address >> 24),
                  (unsigned)(address >> 16 & 255), (unsigned)(address >> 8 & 255),
                  (unsigned)(address & 255));
    *host_r = writer_view(&w);
    return true;
}

/* Others ------------------------------------------------------------------------------------------------------------ */

static struct bytes
percent_decode(struct arena *arena, struct bytes text)
{
    if (bytes_find_byte(text, '%', 0) == BYTES_NOWHERE) {
        return text;
    }
    uint8_t *out = arena_take_bytes(arena, text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '%' && i + 2 < text.size && ascii_hex(text.at[i + 1]) >= 0 &&
            ascii_hex(text.at[i + 2]) >= 0) {
            out[size++] =
                (uint8_t)(ascii_hex(text.at[i + 1]) << 4 | ascii_hex(text.at[i + 2]));
            i += 2;
        } else {
            out[size++] = text.at[i];
        }
    }
    return bytes_of(out, size);
}

/* A host of a scheme that nobody knows the rules of. */
static bool
read_opaque_host(struct arena *arena, struct bytes text, struct bytes *host_r)
{
    struct writer w;

    writer_init(&w, arena);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.at[i];
        if (c == 0 || (c < 0x80 && strchr("\t\n\r #/:<>?@[\\]^|", c) != NULL)) {
            return false;
        }
        if (c < 0x20 || c > 0x7e) {
            writer_format(&w, "%%%02X", c);
        } else {
            writer_byte(&w, c);
        }
    }
    *host_r = writer_view(&w);
    return true;
}

bool
url_read_host(struct arena *arena, struct bytes text, bool special, struct bytes *host_r,
              bool *is_address_r)
{
    struct bytes ascii;
    struct ipv6 address;

    *host_r = BYTES_NONE;
    *is_address_r = false;
    if (text.size > 0 && text.at[0] == '[') {
        if (text.at[text.size - 1] != ']' || text.size < 2 ||
            !ipv6_read(bytes_slice(text, 1, text.size - 1), &address)) {
            return false;
        }
        *is_address_r = true;
        *host_r = ipv6_write(arena, &address);
        return true;
    }
    if (!special) {
        return read_opaque_host(arena, text, host_r);
    }
    if (!domain_to_ascii(arena, percent_decode(arena, text), &ascii)) {
        return false;
    }
    if (ends_in_number(ascii)) {
        *is_address_r = true;
        return ipv4_read(arena, ascii, host_r);
    }
    *host_r = ascii;
    return true;
}
