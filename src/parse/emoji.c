#include "parse/emoji_private.h"

#include "base/utf8.h"

/* Shift_JIS codes from F040 on, 188 to a lead byte. */
#define LEAD_FIRST   0xf0u
#define LEAD_CELLS   188u
#define CELLS        (12u * LEAD_CELLS)
#define GOOGLE_FIRST 0xfe000u
#define GOOGLE_CELLS 0x1000u
#define GETA         0x3013u

static uint16_t carrier_rows[EMOJI_CARRIERS][CELLS]; /* number of the row + 1 */
static uint16_t google_rows[GOOGLE_CELLS];
static bool made;

/* The cell of a Shift_JIS code; CELLS if it is none. */
static unsigned
cell_of(unsigned code)
{
    unsigned lead = code >> 8, trail = code & 0xff;

    if (lead < LEAD_FIRST || lead > 0xfb || trail < 0x40 || trail == 0x7f || trail > 0xfc) {
        return CELLS;
    }
    return (lead - LEAD_FIRST) * LEAD_CELLS + trail - 0x40 - (trail > 0x7f);
}

static unsigned
code_of_cell(unsigned cell)
{
    unsigned trail = cell % LEAD_CELLS + 0x40;

    return (LEAD_FIRST + cell / LEAD_CELLS) << 8 | (trail + (trail >= 0x7f));
}

static void
make(void)
{
    if (made) {
        return;
    }
    for (size_t i = emoji_row_count; i-- > 0;) {
        const struct emoji_row *row = &emoji_rows[i];
        for (unsigned k = 0; k < 3; k++) {
            unsigned cell = cell_of(row->codes[k]);
            if (cell < CELLS) {
                carrier_rows[k + 1][cell] = (uint16_t)(i + 1);
            }
        }
        if (row->google < GOOGLE_CELLS) {
            google_rows[row->google] = (uint16_t)(i + 1);
        }
    }
    made = true;
}

static bool
within(unsigned code, unsigned first, unsigned last)
{
    return code >= first && code <= last;
}

/* Whether a carrier has its emoji there, also one that Unicode lacks. */
static bool
is_carriers(enum emoji_carrier carrier, unsigned code)
{
    switch (carrier) {
    case EMOJI_DOCOMO:
        return within(code, 0xf89f, 0xf9fc);
    case EMOJI_KDDI:
        return within(code, 0xf340, 0xf493) || within(code, 0xf640, 0xf7fc);
    case EMOJI_SOFTBANK:
        return within(code, 0xf741, 0xf79b) || within(code, 0xf7a1, 0xf7f3) ||
               within(code, 0xf941, 0xf99b) || within(code, 0xf9a1, 0xf9ed) ||
               within(code, 0xfb41, 0xfb8d) || within(code, 0xfba1, 0xfbd7);
    case EMOJI_NOBODY:
        break;
    }
    return false;
}

static size_t
put_row(unsigned row, uint8_t *out)
{
    const struct emoji_row *emoji = &emoji_rows[row - 1];
    size_t size = utf8_put(out, emoji->text[0]);

    return size + (emoji->text[1] != 0 ? utf8_put(out + size, emoji->text[1]) : 0);
}

/* SoftBank's six pages: where each begins in Shift_JIS, in the private use area in its order, and the letter that its
 * web codes have. */
static const struct {
    unsigned code;
    uint8_t letter;
} pages[] = {
    {0xf941, 'G'}, {0xf741, 'E'}, {0xf7a1, 'F'},
    {0xf9a1, 'O'}, {0xfb41, 'P'}, {0xfba1, 'Q'},
};
#define PAGE_COUNT (sizeof pages / sizeof *pages)
#define PAGE_CELLS 0x5au

static unsigned
page_code(size_t page, unsigned place)
{
    return code_of_cell(cell_of(pages[page].code) + place);
}

/* KDDI's places in the private use area, which are not those of CP932: six runs. */
static const struct {
    uint16_t first, last, code;
} runs[] = {
    {0xe468, 0xe5b4, 0xf640}, {0xe5b5, 0xe5cc, 0xf7e5}, {0xe5cd, 0xe5df, 0xf340},
    {0xea80, 0xeafa, 0xf353}, {0xeafb, 0xeb0d, 0xf7d2}, {0xeb0e, 0xeb8e, 0xf3cf},
};
#define RUN_COUNT (sizeof runs / sizeof *runs)

uint32_t
emoji_private(enum emoji_carrier carrier, unsigned code)
{
    unsigned cell = cell_of(code);

    if (!is_carriers(carrier, code) || cell == CELLS) {
        return 0;
    }
    if (carrier == EMOJI_DOCOMO) {
        return 0xe000 + cell;
    }
    for (unsigned i = 0; carrier == EMOJI_KDDI && i < RUN_COUNT; i++) {
        unsigned first = cell_of(runs[i].code);
        if (cell >= first && cell - first <= (unsigned)runs[i].last - runs[i].first) {
            return runs[i].first + cell - first;
        }
    }
    for (unsigned i = 0; carrier == EMOJI_SOFTBANK && i < PAGE_COUNT; i++) {
        unsigned first = cell_of(pages[i].code);
        if (cell >= first && cell - first < PAGE_CELLS) {
            return 0xe001 + i * 0x100 + cell - first;
        }
    }
    return 0;
}

/* Rows 0x75 to 0x78 are F640 to F7FC, rows 0x79 to 0x7B are F340 to F493. */
uint32_t
emoji_private_kddi_jis(unsigned row, unsigned column)
{
    unsigned from = row >= 88 ? 0xf3 : 0xf6, first = row >= 88 ? 88 : 84;

    if (row < 84 || row > 90 || column >= 94) {
        return 0;
    }
    return emoji_private(EMOJI_KDDI, code_of_cell((from - LEAD_FIRST) * LEAD_CELLS +
                                                  (row - first) * 94 + column));
}

uint32_t
emoji_private_web_code(uint8_t page, uint8_t c)
{
    for (unsigned i = 0; i < PAGE_COUNT; i++) {
        if (pages[i].letter == page && c >= 0x21 && c < 0x21 + PAGE_CELLS) {
            return emoji_private(EMOJI_SOFTBANK, page_code(i, c - 0x21u));
        }
    }
    return 0;
}

static unsigned
kddi_code(uint32_t c)
{
    for (size_t i = 0; i < RUN_COUNT; i++) {
        if (c >= runs[i].first && c <= runs[i].last) {
            return code_of_cell(cell_of(runs[i].code) + c - runs[i].first);
        }
    }
    return 0;
}

/* The Shift_JIS code of a carrier's private character, 0 if it is none of his. */
static unsigned
code_of_private(enum emoji_carrier carrier, uint32_t c, bool from_cp932)
{
    unsigned code = 0;

    if (from_cp932) {
        code = c >= 0xe000 && c < 0xe758 ? code_of_cell(c - 0xe000) : 0;
    } else if (carrier == EMOJI_DOCOMO) {
        code = c >= 0xe63e && c < 0xe758 ? code_of_cell(c - 0xe000) : 0;
    } else if (carrier == EMOJI_KDDI) {
        code = kddi_code(c);
    } else if (c >= 0xe001 && c < 0xe600 && (c & 0xff) >= 1 && (c & 0xff) <= 0x5a) {
        code = page_code((c - 0xe000) >> 8, (c & 0xff) - 1);
    }
    return is_carriers(carrier, code) ? code : 0;
}

enum emoji_carrier
emoji_carrier_of_text(struct bytes utf8, bool from_cp932)
{
    bool may[EMOJI_CARRIERS] = {false, true, true, true}, any = false;
    uint32_t c;

    make();
    for (size_t at = 0; at < utf8.size;) {
        /* All private characters below U+F000 begin with EE. */
        const uint8_t *found = memchr(utf8.at + at, 0xee, utf8.size - at);
        if (found == NULL) {
            break;
        }
        at = (size_t)(found - utf8.at);
        size_t size = utf8_get(utf8, at, &c);
        at += size > 0 ? size : 1;
        if (size != 3) {
            continue;
        }
        any = true;
        for (enum emoji_carrier who = EMOJI_DOCOMO; who <= EMOJI_SOFTBANK; who++) {
            unsigned code = code_of_private(who, c, from_cp932);
            may[who] = may[who] && code != 0 && carrier_rows[who][cell_of(code)] != 0;
        }
    }
    if (!any || may[EMOJI_DOCOMO] + may[EMOJI_KDDI] + may[EMOJI_SOFTBANK] != 1) {
        return EMOJI_NOBODY;
    }
    return may[EMOJI_DOCOMO] ? EMOJI_DOCOMO : may[EMOJI_KDDI] ? EMOJI_KDDI : EMOJI_SOFTBANK;
}

static size_t
put_private(enum emoji_carrier carrier, uint32_t c, uint8_t *out)
{
    if (c >= GOOGLE_FIRST && c < GOOGLE_FIRST + GOOGLE_CELLS) {
        unsigned row = google_rows[c - GOOGLE_FIRST];
        return row != 0 ? put_row(row, out) : 0;
    }
    if (carrier == EMOJI_NOBODY || c < 0xe000 || c >= 0xf000) {
        return 0;
    }
    unsigned code = code_of_private(carrier, c, false);
    if (code == 0) {
        return 0;
    }
    unsigned row = carrier_rows[carrier][cell_of(code)];
    return row != 0 ? put_row(row, out) : utf8_put(out, GETA);
}

/* Where the first character stands that may be an emoji's private one: EE, or F3 BE (U+FE000 to U+FEFFF). */
static size_t
find_private(struct bytes utf8, bool private_too)
{
    size_t google = bytes_find(utf8, BYTES("\xf3\xbe"), 0);
    size_t other = private_too ? bytes_find_byte(utf8, 0xee, 0) : BYTES_NOWHERE;

    return google < other ? google : other;
}

struct bytes
emoji_replace(struct arena *arena, struct bytes utf8, enum emoji_carrier carrier,
              size_t *count_r)
{
    size_t first = find_private(utf8, carrier != EMOJI_NOBODY), size = first, count = 0;
    uint32_t c;

    *count_r = 0;
    if (first == BYTES_NOWHERE) {
        return utf8;
    }
    make();
    /* Three bytes become eight at most. */
    size_t room = first + (utf8.size - first) / 3 * EMOJI_SIZE_MAX + EMOJI_SIZE_MAX;
    uint8_t *out = arena_take_bytes(arena, room);
    memcpy(out, utf8.at, first);
    for (size_t at = first; at < utf8.size;) {
        size_t have = utf8.at[at] >= 0xee ? utf8_get(utf8, at, &c) : 0, put = 0;
        have = have > 0 ? have : 1;
        if (have >= 3) {
            put = put_private(carrier, c, out + size);
            count += put > 0;
        }
        if (put == 0) {
            memcpy(out + size, utf8.at + at, have);
            put = have;
        }
        size += put;
        at += have;
    }
    *count_r = count;
    return (struct bytes){arena_grow(arena, out, room, size), size};
}

enum emoji_carrier
emoji_carrier_of_name(struct bytes name)
{
    return bytes_is_fold(name, "docomo")     ? EMOJI_DOCOMO
           : bytes_is_fold(name, "kddi")     ? EMOJI_KDDI
           : bytes_is_fold(name, "softbank") ? EMOJI_SOFTBANK
                                             : EMOJI_NOBODY;
}

enum emoji_carrier
emoji_carrier_of_domain(struct bytes domain)
{
    static const struct {
        const char *domain;
        enum emoji_carrier carrier;
    } rows[] = {
        {"docomo.ne.jp", EMOJI_DOCOMO},    {"mopera.net", EMOJI_DOCOMO},
        {"ezweb.ne.jp", EMOJI_KDDI},       {"au.com", EMOJI_KDDI},
        {"ido.ne.jp", EMOJI_KDDI},         {"softbank.ne.jp", EMOJI_SOFTBANK},
        {"i.softbank.jp", EMOJI_SOFTBANK}, {"vodafone.ne.jp", EMOJI_SOFTBANK},
        {"disney.ne.jp", EMOJI_SOFTBANK},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes own = bytes_from_text(rows[i].domain);
        if (bytes_ends_fold(domain, own) &&
            (domain.size == own.size || domain.at[domain.size - own.size - 1] == '.')) {
            return rows[i].carrier;
        }
    }
    return EMOJI_NOBODY;
}

const char *
emoji_word(uint32_t code_point)
{
    size_t low = 0, high = emoji_word_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (emoji_words[middle].code_point == code_point) {
            return emoji_words[middle].word;
        }
        if (emoji_words[middle].code_point < code_point) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
