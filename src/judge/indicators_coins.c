#include "judge/indicators_private.h"

#include <string.h>

#include "base/hash.h"

/* Bitcoin: Base58Check (1..., 3...: 21 bytes and four of check sum), Bech32 and Bech32m (BIP 173, BIP 350). Ethereum: EIP-55. */

#define BASE58_MAX 35
#define BASE58_MIN 26
#define BASE58_RAW 25
#define BECH32_MAX 90

static int
base58_value(uint32_t c)
{
    static const char alphabet[] =
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    const char *at = c == 0 || c > 0x7f ? NULL : strchr(alphabet, (int)c);

    return at == NULL ? -1 : (int)(at - alphabet);
}

static bool
base58_holds(const uint8_t *text, size_t size)
{
    uint8_t raw[BASE58_RAW] = {0}, digest[HASH_SHA256_SIZE];

    for (size_t i = 0; i < size; i++) {
        unsigned carry = (unsigned)base58_value(text[i]);
        for (size_t k = BASE58_RAW; k-- > 0;) {
            carry += raw[k] * 58u;
            raw[k] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry != 0) {
            return false;
        }
    }
    /* Each leading 1 is a leading zero byte, or the address would be one of another length. */
    size_t ones = 0, zeros = 0;
    while (ones < size && text[ones] == '1') {
        ones++;
    }
    while (zeros < BASE58_RAW && raw[zeros] == 0) {
        zeros++;
    }
    if (ones != zeros || (raw[0] != 0x00 && raw[0] != 0x05)) {
        return false;
    }
    hash_sha256(bytes_of(raw, BASE58_RAW - 4), digest);
    hash_sha256(bytes_of(digest, sizeof digest), digest);
    return memcmp(digest, raw + BASE58_RAW - 4, 4) == 0;
}

static int
bech32_value(uint8_t c)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const char *at = c == 0 ? NULL : strchr(alphabet, c);

    return at == NULL ? -1 : (int)(at - alphabet);
}

static uint32_t
bech32_step(uint32_t sum, uint32_t value)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint32_t top = sum >> 25;

    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (size_t i = 0; i < 5; i++) {
        sum ^= (top >> i & 1) != 0 ? generator[i] : 0;
    }
    return sum;
}

/* text is lower case, "bc1" and all. The program of a witness has 2 to 40 bytes, of version 0 exactly 20 or 32. */
static bool
bech32_holds(const uint8_t *text, size_t size)
{
    uint32_t sum = 1;
    int version = bech32_value(text[3]);
    size_t program = (size - 4 - 6) * 5 / 8;

    if (version < 0 || version > 16 || program < 2 || program > 40 ||
        (version == 0 && program != 20 && program != 32) || (size - 4 - 6) * 5 % 8 >= 5) {
        return false;
    }
    sum = bech32_step(sum, 'b' >> 5);
    sum = bech32_step(sum, 'c' >> 5);
    sum = bech32_step(sum, 0);
    sum = bech32_step(sum, 'b' & 31);
    sum = bech32_step(sum, 'c' & 31);
    for (size_t i = 3; i < size; i++) {
        int value = bech32_value(text[i]);
        if (value < 0) {
            return false;
        }
        sum = bech32_step(sum, (uint32_t)value);
    }
    return sum == (version == 0 ? 1 : 0x2bc830a3);
}

/* Keccak-f[1600] (the permutation of FIPS 202), for Keccak-256 as Ethereum took it before FIPS 202 changed the padding. */
static void
keccak_permute(uint64_t a[25])
{
    static const uint8_t rotation[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                         27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
    static const uint8_t lane[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                     15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
    uint8_t lfsr = 1;

    for (int round = 0; round < 24; round++) {
        uint64_t c[5], row[5], carried = a[1];
        for (size_t x = 0; x < 5; x++) {
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        }
        for (size_t i = 0; i < 25; i++) {
            uint64_t next = c[(i + 1) % 5];
            a[i] ^= c[(i + 4) % 5] ^ (next << 1 | next >> 63);
        }
        carried = a[1];
        for (size_t i = 0; i < 24; i++) {
            uint64_t kept = a[lane[i]];
            a[lane[i]] = carried << rotation[i] | carried >> (64 - rotation[i]);
            carried = kept;
        }
        for (size_t y = 0; y < 25; y += 5) {
            memcpy(row, a + y, sizeof row);
            for (size_t x = 0; x < 5; x++) {
                a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
            }
        }
        for (unsigned bit = 0; bit < 7; bit++) {
            if ((lfsr & 1) != 0) {
                a[0] ^= (uint64_t)1 << ((1u << bit) - 1);
            }
            lfsr = (uint8_t)(lfsr << 1 ^ ((lfsr & 0x80) != 0 ? 0x71 : 0));
        }
    }
}

/* Of up to 135 bytes: one block. */
static void
keccak256(const uint8_t *text, size_t size, uint8_t digest_r[32])
{
    uint64_t a[25] = {0};

    for (size_t i = 0; i < size; i++) {
        a[i / 8] ^= (uint64_t)text[i] << 8 * (i % 8);
    }
    a[size / 8] ^= (uint64_t)1 << 8 * (size % 8);
    a[16] ^= (uint64_t)0x80 << 56;
    keccak_permute(a);
    for (size_t i = 0; i < 32; i++) {
        digest_r[i] = (uint8_t)(a[i / 8] >> 8 * (i % 8));
    }
}

/* 40 hexadecimal digits: all of one case, or as EIP-55 says. */
static bool
eip55_holds(const uint8_t *text)
{
    uint8_t lower[40], digest[32];
    bool small = false, large = false;

    for (size_t i = 0; i < 40; i++) {
        lower[i] = ascii_lower(text[i]);
        small |= text[i] >= 'a' && text[i] <= 'f';
        large |= text[i] >= 'A' && text[i] <= 'F';
    }
    if (!small || !large) {
        return true;
    }
    keccak256(lower, sizeof lower, digest);
    for (size_t i = 0; i < 40; i++) {
        bool high = (digest[i / 2] >> (i % 2 == 0 ? 4 : 0) & 8) != 0;
        if (ascii_letter(text[i]) && (text[i] <= 'F') != high) {
            return false;
        }
    }
    return true;
}

static size_t
base58_read(struct reading *r, size_t at, const uint8_t *text, size_t size)
{
    if (size < BASE58_MIN || size > BASE58_MAX) {
        return at;
    }
    for (size_t i = 0; i < size; i++) {
        if (base58_value(text[i]) < 0) {
            return at;
        }
    }
    if (!base58_holds(text, size)) {
        return at;
    }
    reading_add(r, INDICATOR_BITCOIN, bytes_copy(r->arena, bytes_of(text, size)), at,
                at + size);
    return at + size;
}

static size_t
bech32_read(struct reading *r, size_t at, const uint8_t *text, size_t size)
{
    uint8_t lower[BECH32_MAX];
    bool small = false, large = false;

    if (size < 14 || size > BECH32_MAX) {
        return at;
    }
    for (size_t i = 0; i < size; i++) {
        lower[i] = ascii_lower(text[i]);
        small |= text[i] >= 'a' && text[i] <= 'z';
        large |= text[i] >= 'A' && text[i] <= 'Z';
    }
    if ((small && large) || !bech32_holds(lower, size)) {
        return at;
    }
    reading_add(r, INDICATOR_BITCOIN, bytes_copy(r->arena, bytes_of(lower, size)), at,
                at + size);
    return at + size;
}

static size_t
ethereum_read(struct reading *r, size_t at, const uint8_t *text, size_t size)
{
    if (size != 42) {
        return at;
    }
    for (size_t i = 2; i < size; i++) {
        if (ascii_hex(text[i]) < 0) {
            return at;
        }
    }
    if (!eip55_holds(text + 2)) {
        return at;
    }
    reading_add(r, INDICATOR_ETHEREUM, bytes_lower(r->arena, bytes_of(text, size)), at,
                at + size);
    return at + size;
}

size_t
coin_read(struct reading *r, size_t at)
{
    uint8_t text[BECH32_MAX + 1];
    size_t size = 0, after = at;
    uint32_t before = glyph_before(r, at), c = glyph(r, at);

    if ((c != '1' && c != '3' && c != '0' && c != 'b' && c != 'B') || glyph_digit(before) ||
        glyph_letter(before)) {
        return at;
    }
    while (size < sizeof text &&
           (glyph_digit(glyph(r, at + size)) || glyph_letter(glyph(r, at + size)))) {
        text[size] = (uint8_t)glyph(r, at + size);
        size++;
    }
    if (c == '1' || c == '3') {
        after = base58_read(r, at, text, size);
    } else if (glyphs_are(r, at, "bc1") > 0) {
        after = bech32_read(r, at, text, size);
    } else if (glyphs_are(r, at, "0x") > 0) {
        after = ethereum_read(r, at, text, size);
    }
    return after;
}
