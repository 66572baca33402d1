#include "judge/letters.h"

#include <math.h>

#include "base/tap.h"

static struct letters letters, again;

static void
take(struct letters *l, struct bytes text)
{
    letters_clear(l);
    letters_add(l, text);
}

static unsigned
sum_of_times(const struct letters *l)
{
    unsigned sum = 0;

    for (size_t i = 0; i < l->count; i++) {
        sum += l->times[l->at[i]];
    }
    return sum;
}

static bool
same(struct bytes one, struct bytes other)
{
    bool good = true;

    take(&letters, one);
    take(&again, other);
    for (size_t i = 0; i < letters.count; i++) {
        good = good && letters.times[letters.at[i]] == again.times[letters.at[i]];
    }
    return good && letters.count == again.count;
}

static bool
is_clear(const struct letters *l)
{
    bool clear = l->count == 0;

    for (size_t i = 0; i < LETTERS_COUNT; i++) {
        clear = clear && l->times[i] == 0;
    }
    return clear;
}

static void
test_runs(void)
{
    take(&letters, BYTES_NONE);
    tap_ok(letters.count == 0 && letters_share(&letters) == 0, "no text, no letters");
    take(&letters, BYTES("a"));
    tap_ok(letters.count == 1, "one character is one run");
    take(&letters, BYTES("abc"));
    tap_ok(letters.count == 6, "three characters: three, two and one run (%zu)",
           letters.count);
    take(&letters, BYTES("レンコン"));
    tap_ok(letters.count == 3 + 3 + 2 && sum_of_times(&letters) == 9,
           "a Japanese character is one character: ン comes twice (%zu)", letters.count);
    take(&letters, BYTES("aaaa"));
    tap_ok(letters.count == 3 && sum_of_times(&letters) == 4 + 3 + 2,
           "what comes again is counted");
    tap_ok(same(BYTES("at 10:45"), BYTES("at 98:37")), "a digit is a digit");
    tap_ok(same(BYTES("at ten"), BYTES("at\nten")), "where a line ends says nothing");
    tap_ok(!same(BYTES("ab"), BYTES("ba")), "order counts");
    double share = (take(&letters, BYTES("ab")), letters_share(&letters));
    tap_ok(fabs(share - 1 / sqrt(3)) < 1e-6, "amounts share one (%.4f)", share);
    tap_ok(fabs((double)letters_amounts[255] - 1 - log(255)) < 1e-5 &&
               letters_amounts[0] == 0 && letters_amounts[1] == 1,
           "amounts are 1 + log(times)");
    letters_clear(&letters);
    tap_ok(is_clear(&letters), "cleared");
}

static void
test_bounds(void)
{
    static uint8_t text[200000];
    static const uint8_t cut[] = {'a', 0xe3, 0x81}, lone[] = {0xff, 0x80, 'b'};

    for (uint64_t i = 0, x = 1; i < sizeof text; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        text[i] = (uint8_t)(33 + (x >> 33) % 90);
    }
    take(&letters, bytes_of(text, sizeof text));
    tap_ok(letters.count <= LETTERS_MAX && letters.count > LETTERS_MAX - 3,
           "a long text: %zu runs", letters.count);
    size_t places = letters.count;
    letters_add(&letters, BYTES("more"));
    tap_ok(letters.count == places, "full: no more are taken");
    memset(text, 'x', sizeof text);
    take(&letters, bytes_of(text, sizeof text));
    tap_ok(letters.count == 3 && sum_of_times(&letters) == 3 * 255,
           "times stay at 255 (%u)", sum_of_times(&letters));
    take(&letters, bytes_of(cut, sizeof cut));
    tap_ok(letters.count == 3, "a character that is cut short is what is there");
    take(&letters, bytes_of(lone, sizeof lone));
    tap_ok(letters.count > 0, "bytes that are no UTF-8 are read as bytes");
    letters_clear(&letters);
    tap_ok(is_clear(&letters), "cleared after all of that");
}

int
main(void)
{
    test_runs();
    test_bounds();
    return tap_done();
}
