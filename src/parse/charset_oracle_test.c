/* Our own decoders beside ICU's: every code of two bytes of CP932, EUC-JP and ISO-2022-JP, and of JIS X 0212. Where they
 * differ the reason stands in a table, with how many codes it explains: one more or one less fails. */
#include <unicode/ucnv.h>

#include "base/tap.h"
#include "base/utf8.h"
#include "parse/japanese_private.h"

struct set {
    const char *what, *oracle;
    const char *before, *after; /* around the code */
    unsigned first, last;       /* of both bytes */
    size_t (*decode)(struct bytes in, struct japanese_way way, uint8_t *out,
                     size_t *errors);
};

static const struct set sets[] = {
    {"CP932", "ibm-943_P15A-2003", "", "", 0x40, 0xfc, japanese_from_shift_jis},
    {"EUC-JP", "euc-jp-2007", "", "", 0xa1, 0xfe, japanese_from_euc_jp},
    {"EUC-JP, JIS X 0212", "euc-jp-2007", "\x8f", "", 0xa1, 0xfe, japanese_from_euc_jp},
    {"ISO-2022-JP", "ISO_2022,locale=ja,version=0", "\x1b$B", "\x1b(B", 0x21, 0x7e,
     japanese_from_iso_2022_jp},
    {"ISO-2022-JP-1, JIS X 0212", "ISO_2022,locale=ja,version=1", "\x1b$(D", "\x1b(B", 0x21,
     0x7e, japanese_from_iso_2022_jp},
};
#define SET_COUNT (sizeof sets / sizeof *sets)

static const struct difference {
    size_t set;
    unsigned first, last; /* codes */
    unsigned count;
    const char *reason;
} differences[] = {
    {2, 0xf3a1, 0xf3b7, 21, "IBM's extensions, where ICU has them"},
    {2, 0xf3f3, 0xf4fe, 106, "IBM's extensions, where eucJP-ms has them"},
    {2, 0xf5a1, 0xfefe, 940, "user-defined letters of eucJP-ms"},
    {4, 0x2237, 0x2237, 1, "the tilde is wide, as browsers and eucJP-ms have it"},
    {4, 0x7373, 0x747e, 106, "IBM's extensions, as in eucJP-ms"},
};
#define DIFFERENCE_COUNT (sizeof differences / sizeof *differences)

/* The first code point that ICU reads; 0 if it is none. */
static uint32_t
by_oracle(UConverter *converter, struct bytes in)
{
    UErrorCode error = U_ZERO_ERROR;
    UChar units[16];

    ucnv_reset(converter);
    int32_t count =
        ucnv_toUChars(converter, units, 16, (const char *)in.at, (int32_t)in.size, &error);
    if (U_FAILURE(error) || count == 0 || units[0] == UTF8_REPLACEMENT ||
        units[0] == 0x1a) {
        return 0;
    }
    return units[0];
}

static uint32_t
by_us(const struct set *set, struct bytes in)
{
    uint8_t out[64];
    uint32_t c = 0;
    size_t errors = 0, size = set->decode(in, (struct japanese_way){0}, out, &errors);

    return errors == 0 && utf8_get(bytes_of(out, size), 0, &c) > 0 ? c : 0;
}

static void
compare(size_t number)
{
    const struct set *set = &sets[number];
    UErrorCode error = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(set->oracle, &error);
    unsigned counts[DIFFERENCE_COUNT] = {0}, unexplained = 0, codes = 0;

    if (!tap_ok(U_SUCCESS(error), "%s: ICU has %s", set->what, set->oracle)) {
        return;
    }
    for (unsigned code = set->first << 8; code <= (set->last << 8 | set->last); code++) {
        uint8_t in[16];
        size_t size = strlen(set->before), after = strlen(set->after);
        unsigned lead = code >> 8, trail = code & 0xff, k = 0;
        if (trail < set->first || trail > set->last ||
            (number == 0 &&
             (lead < 0x81 || (lead > 0x9f && lead < 0xe0) || trail == 0x7f))) {
            continue;
        }
        memcpy(in, set->before, size);
        in[size++] = (uint8_t)lead;
        in[size++] = (uint8_t)trail;
        memcpy(in + size, set->after, after);
        struct bytes bytes = bytes_of(in, size + after);
        codes++;
        if (by_us(set, bytes) == by_oracle(converter, bytes)) {
            continue;
        }
        while (k < DIFFERENCE_COUNT &&
               (differences[k].set != number || code < differences[k].first ||
                code > differences[k].last)) {
            k++;
        }
        if (k < DIFFERENCE_COUNT) {
            counts[k]++;
        } else {
            unexplained++;
            printf("# %04x: ours %04x, ICU %04x\n", code, by_us(set, bytes),
                   by_oracle(converter, bytes));
        }
    }
    ucnv_close(converter);
    tap_ok(unexplained == 0, "%s: %u codes agree with ICU, or it is known why not",
           set->what, codes);
    for (size_t k = 0; k < DIFFERENCE_COUNT; k++) {
        if (differences[k].set == number) {
            tap_ok(counts[k] == differences[k].count, "%s: %u differ: %s", set->what,
                   counts[k], differences[k].reason);
        }
    }
}

int
main(void)
{
    for (size_t i = 0; i < SET_COUNT; i++) {
        compare(i);
    }
    return tap_done();
}
