#include "judge/wording.h"

#include <math.h>

#include "judge/embedded_private.h"
#include "judge/lemmas.h"

#define PLACES       (1u << WORDING_BITS)
#define WORDS_PLACES (1u << WORDING_WORDS_BITS)

struct table {
    char magic[8];
    uint32_t concerns, bits, of_words, words_bits;
    float steps[WORDING_CONCERNS];
    struct {
        float step, bias;
    } words[WORDING_OF_WORDS];
    int8_t weights[WORDING_CONCERNS][PLACES], words_weights[WORDING_OF_WORDS][WORDS_PLACES];
};

static const struct table *
carried(void)
{
    size_t size = (size_t)(judge_wording_file_end - judge_wording_file);
    const struct table *table = (const struct table *)(const void *)judge_wording_file;

    return size == sizeof *table && memcmp(table->magic, "SKWORD02", 8) == 0 &&
                   table->concerns == WORDING_CONCERNS && table->bits == WORDING_BITS &&
                   table->of_words == WORDING_OF_WORDS &&
                   table->words_bits == WORDING_WORDS_BITS
               ? table
               : NULL;
}

static bool
is_inside(struct bytes text, size_t at)
{
    return at > 0 && at < text.size && (text.at[at] & 0xc0) == 0x80;
}

struct bytes
wording_passage(struct bytes normal, size_t from, size_t to)
{
    size_t size = to - from, room = size < WORDING_PASSAGE ? WORDING_PASSAGE - size : 0;

    from = from > room / 2 ? from - room / 2 : 0;
    to = normal.size - from > WORDING_PASSAGE ? from + WORDING_PASSAGE : normal.size;
    while (is_inside(normal, from)) {
        from++;
    }
    while (is_inside(normal, to)) {
        to--;
    }
    return bytes_trim(bytes_slice(normal, from, to));
}

/* Kept between calls, since it is large, and the next question is often about the same passage: its letters, their share, and itself. */
static struct letters room;
static double room_share;
static uint8_t held[WORDING_MOST];
static size_t held_size;

static void
hold(struct bytes passage)
{
    if (passage.size == held_size &&
        (held_size == 0 || memcmp(passage.at, held, held_size) == 0)) {
        return;
    }
    letters_clear(&room);
    letters_add(&room, passage);
    room_share = letters_share(&room);
    memcpy(held, passage.at, passage.size);
    held_size = passage.size;
}

double
wording_kept(struct bytes passage)
{
    if (passage.size == 0) {
        return 0;
    }
    hold(bytes_slice(passage, 0, WORDING_MOST));
    return room_share == 0 ? 0 : 1 / sqrt(1 + WORDING_FEW * room_share * room_share);
}

double
wording_logit(enum wording_concern concern, struct bytes passage)
{
    const struct table *table = carried();
    double sum = 0;

    if (table == NULL || passage.size == 0) {
        return 0;
    }
    hold(bytes_slice(passage, 0, WORDING_MOST));
    for (size_t i = 0; i < room.count; i++) {
        uint32_t at = room.at[i];
        sum += (double)table->weights[concern][wording_place(at)] *
               (double)letters_amounts[room.times[at]];
    }
    return sum * (double)table->steps[concern] * room_share;
}

static double
words_logit(const struct table *table, unsigned concern, struct bytes passage)
{
    static struct letters runs;
    double sum = 0;

    letters_clear(&runs);
    lemmas_add(&runs, bytes_slice(passage, 0, WORDING_MOST));
    for (size_t i = 0; i < runs.count; i++) {
        uint32_t at = runs.at[i];
        sum += (double)table->words_weights[concern][wording_words_place(at)] *
               (double)letters_amounts[runs.times[at]];
    }
    return (double)table->words[concern].bias +
           sum * (double)table->words[concern].step * letters_share(&runs);
}

double
wording_whole(enum wording_concern concern, struct bytes passage, double beside)
{
    const struct table *table = carried();
    double logit = wording_logit(concern, passage);

    if (table == NULL || passage.size == 0 || beside + logit < WORDING_DOUBT ||
        !lemmas_are_open()) {
        return logit;
    }
    return logit + words_logit(table, concern, passage);
}

double
wording_unwanted(struct bytes passage)
{
    const struct table *table = carried();

    return table == NULL || passage.size == 0 || !lemmas_are_open()
               ? 0
               : words_logit(table, WORDING_OF_WORDS - 1, passage);
}
