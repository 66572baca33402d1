#include "parse/transfer.h"

#define BAD         0x80000000u
#define UU_LINE_MAX 45

/* What each byte is worth at each of the four places of a group, BAD for bytes outside the alphabet: one OR tells
 * whether all four are good. Filled at first use (a process has one thread). */
static uint32_t places[4][256];

static void
places_fill(void)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < 256; i++) {
        places[0][i] = places[1][i] = places[2][i] = places[3][i] = BAD;
    }
    for (uint32_t i = 0; i < 64; i++) {
        uint8_t c = (uint8_t)alphabet[i];
        places[0][c] = i << 18;
        places[1][c] = i << 12;
        places[2][c] = i << 6;
        places[3][c] = i;
    }
}

/* All whole groups from *at on, written to `to`; stops before the first that is not. */
static size_t
groups(struct bytes in, size_t *at, uint8_t *to)
{
    const uint8_t *p = in.at + *at, *end = in.at + in.size;
    uint8_t *start = to;

    while (end - p >= 4) {
        uint32_t bits =
            places[0][p[0]] | places[1][p[1]] | places[2][p[2]] | places[3][p[3]];
        if ((bits & BAD) != 0) {
            break;
        }
        to[0] = (uint8_t)(bits >> 16);
        to[1] = (uint8_t)(bits >> 8);
        to[2] = (uint8_t)bits;
        to += 3;
        p += 4;
    }
    *at = (size_t)(p - in.at);
    return (size_t)(to - start);
}

/* Ends an unfinished group of `have` characters, left-aligned in bits. */
static size_t
group_end(uint32_t bits, unsigned have, uint8_t *to)
{
    if (have > 1) {
        to[0] = (uint8_t)(bits >> 16);
    }
    if (have > 2) {
        to[1] = (uint8_t)(bits >> 8);
    }
    return have > 1 ? have - 1 : 0;
}

size_t
transfer_base64(struct bytes in, uint8_t *to, bool *broken_r)
{
    size_t size = 0;

    if (places[0]['A'] == places[0]['B']) {
        places_fill();
    }
    for (size_t at = 0; at < in.size;) {
        uint32_t bits = 0;
        unsigned have = 0;
        size += groups(in, &at, to + size);
        for (; at < in.size && have < 4; at++) {
            uint8_t c = in.at[at];
            if ((places[0][c] & BAD) == 0) {
                bits |= places[have++][c];
            } else if (c == '=') {
                if (have == 1) {
                    *broken_r = true;
                }
                size += group_end(bits, have, to + size);
                bits = 0;
                have = 0;
            } else if (!ascii_blank(c)) {
                *broken_r = true;
            } else if (have == 0 && c == '\n') {
                at++;
                break; /* a line began: back to whole groups */
            }
        }
        if (have == 4) {
            to[size] = (uint8_t)(bits >> 16);
            to[size + 1] = (uint8_t)(bits >> 8);
            to[size + 2] = (uint8_t)bits;
            size += 3;
        } else if (have > 0) {
            size += group_end(bits, have, to + size);
            *broken_r = *broken_r || have == 1;
        }
    }
    return size;
}

/* A '=' with characters of the alphabet behind it. */
bool
transfer_base64_runs(struct bytes in)
{
    size_t at = bytes_find_byte(in, '=', 0);

    while (at < in.size && (in.at[at] == '=' || ascii_blank(in.at[at]))) {
        at++;
    }
    return at < in.size;
}

struct bytes
transfer_from_base64_through(struct arena *arena, struct bytes in)
{
    uint8_t *packed = arena_take_bytes(arena, in.size);
    size_t size = 0;
    bool broken = false;

    for (size_t i = 0; i < in.size; i++) {
        packed[size] = in.at[i];
        size += in.at[i] != '=';
    }
    return transfer_from_base64(arena, bytes_of(packed, size), &broken);
}

struct bytes
transfer_from_base64(struct arena *arena, struct bytes in, bool *broken_r)
{
    uint8_t *to = arena_take_bytes(arena, in.size / 4 * 3 + 3);

    return bytes_of(to, transfer_base64(in, to, broken_r));
}

/* One line of quoted-printable without its line end. A '=' at its end is a soft break; *soft_r tells. */
static size_t
quoted_line(struct bytes line, uint8_t *to, bool *soft_r, bool *broken_r)
{
    size_t size = 0, at = 0;

    *soft_r = false;
    while (line.size > 0 &&
           (line.at[line.size - 1] == ' ' || line.at[line.size - 1] == '\t')) {
        line.size--;
    }
    while (at < line.size) {
        const uint8_t *sign = memchr(line.at + at, '=', line.size - at);
        size_t end = sign == NULL ? line.size : (size_t)(sign - line.at);
        memcpy(to + size, line.at + at, end - at);
        size += end - at;
        at = end;
        if (sign == NULL) {
            break;
        }
        if (at + 1 == line.size) {
            *soft_r = true;
            break;
        }
        int high = ascii_hex(line.at[at + 1]);
        int low = at + 2 < line.size ? ascii_hex(line.at[at + 2]) : -1;
        if (high < 0 || low < 0) {
            *broken_r = true;
            to[size++] = '=';
            at++;
            continue;
        }
        to[size++] = (uint8_t)(high << 4 | low);
        at += 3;
    }
    return size;
}

struct bytes
transfer_from_quoted_printable(struct arena *arena, struct bytes in, bool *broken_r)
{
    uint8_t *to = arena_take_bytes(arena, in.size);
    size_t size = 0;
    bool soft;

    for (size_t at = 0; at < in.size;) {
        const uint8_t *lf = memchr(in.at + at, '\n', in.size - at);
        size_t next = lf == NULL ? in.size : (size_t)(lf - in.at) + 1;
        size_t end = lf == NULL ? next : next - 1;
        bool cr = lf != NULL && end > at && in.at[end - 1] == '\r';
        end -= cr;
        size += quoted_line(bytes_slice(in, at, end), to + size, &soft, broken_r);
        if (lf != NULL && !soft) {
            if (cr) {
                to[size++] = '\r';
            }
            to[size++] = '\n';
        }
        at = next;
    }
    return bytes_of(to, size);
}

size_t
transfer_uu_line(struct bytes line, uint8_t *to, bool *broken_r)
{
    size_t wanted = line.size == 0 ? 0 : (line.at[0] - ' ') & 0x3f, size = 0;

    if (wanted > UU_LINE_MAX || (wanted + 2) / 3 * 4 > line.size) {
        *broken_r = true;
    }
    for (size_t at = 1; size < wanted && at < line.size; at += 4) {
        uint32_t bits = 0;
        for (size_t i = 0; i < 4; i++) {
            uint8_t c = at + i < line.size ? line.at[at + i] : ' ';
            bits = bits << 6 | ((c - ' ') & 0x3fu);
        }
        for (int shift = 16; shift >= 0 && size < wanted; shift -= 8) {
            to[size++] = (uint8_t)(bits >> shift);
        }
    }
    return size;
}

struct bytes
transfer_from_uuencode(struct arena *arena, struct bytes in, bool *broken_r)
{
    struct bytes rest = in, line;
    bool begun = false, ended = false;

    while (!begun && bytes_line(&rest, &line)) {
        begun = bytes_starts(line, BYTES("begin "));
    }
    if (!begun) {
        *broken_r = true;
        return in;
    }
    uint8_t *to = arena_take_bytes(arena, rest.size + 3);
    size_t size = 0;
    while (!ended && bytes_line(&rest, &line)) {
        ended = bytes_is(bytes_trim(line), "end");
        if (!ended) {
            size += transfer_uu_line(line, to + size, broken_r);
        }
    }
    if (!ended) {
        *broken_r = true;
    }
    return bytes_of(to, size);
}
