#include "judge/letters.h"

const float letters_amounts[256] = {
    0.000000f, 1.000000f, 1.693147f, 2.098612f, 2.386294f, 2.609438f, 2.791759f, 2.945910f,
    3.079442f, 3.197225f, 3.302585f, 3.397895f, 3.484907f, 3.564949f, 3.639057f, 3.708050f,
    3.772589f, 3.833213f, 3.890372f, 3.944439f, 3.995732f, 4.044522f, 4.091042f, 4.135494f,
    4.178054f, 4.218876f, 4.258097f, 4.295837f, 4.332205f, 4.367296f, 4.401197f, 4.433987f,
    4.465736f, 4.496508f, 4.526361f, 4.555348f, 4.583519f, 4.610918f, 4.637586f, 4.663562f,
    4.688879f, 4.713572f, 4.737670f, 4.761200f, 4.784190f, 4.806662f, 4.828641f, 4.850148f,
    4.871201f, 4.891820f, 4.912023f, 4.931826f, 4.951244f, 4.970292f, 4.988984f, 5.007333f,
    5.025352f, 5.043051f, 5.060443f, 5.077537f, 5.094345f, 5.110874f, 5.127134f, 5.143135f,
    5.158883f, 5.174387f, 5.189655f, 5.204693f, 5.219508f, 5.234107f, 5.248495f, 5.262680f,
    5.276666f, 5.290459f, 5.304065f, 5.317488f, 5.330733f, 5.343805f, 5.356709f, 5.369448f,
    5.382027f, 5.394449f, 5.406719f, 5.418841f, 5.430817f, 5.442651f, 5.454347f, 5.465908f,
    5.477337f, 5.488636f, 5.499810f, 5.510860f, 5.521789f, 5.532599f, 5.543295f, 5.553877f,
    5.564348f, 5.574711f, 5.584967f, 5.595120f, 5.605170f, 5.615121f, 5.624973f, 5.634729f,
    5.644391f, 5.653960f, 5.663439f, 5.672829f, 5.682131f, 5.691348f, 5.700480f, 5.709530f,
    5.718499f, 5.727388f, 5.736198f, 5.744932f, 5.753590f, 5.762174f, 5.770685f, 5.779123f,
    5.787492f, 5.795791f, 5.804021f, 5.812184f, 5.820282f, 5.828314f, 5.836282f, 5.844187f,
    5.852030f, 5.859812f, 5.867534f, 5.875197f, 5.882802f, 5.890349f, 5.897840f, 5.905275f,
    5.912655f, 5.919981f, 5.927254f, 5.934474f, 5.941642f, 5.948760f, 5.955827f, 5.962845f,
    5.969813f, 5.976734f, 5.983607f, 5.990433f, 5.997212f, 6.003946f, 6.010635f, 6.017280f,
    6.023881f, 6.030438f, 6.036953f, 6.043425f, 6.049856f, 6.056246f, 6.062595f, 6.068904f,
    6.075174f, 6.081404f, 6.087596f, 6.093750f, 6.099866f, 6.105945f, 6.111988f, 6.117994f,
    6.123964f, 6.129899f, 6.135798f, 6.141664f, 6.147494f, 6.153292f, 6.159055f, 6.164786f,
    6.170484f, 6.176150f, 6.181784f, 6.187386f, 6.192957f, 6.198497f, 6.204007f, 6.209486f,
    6.214936f, 6.220356f, 6.225747f, 6.231109f, 6.236442f, 6.241747f, 6.247024f, 6.252273f,
    6.257495f, 6.262690f, 6.267858f, 6.273000f, 6.278115f, 6.283204f, 6.288267f, 6.293305f,
    6.298317f, 6.303305f, 6.308268f, 6.313206f, 6.318120f, 6.323010f, 6.327876f, 6.332719f,
    6.337538f, 6.342334f, 6.347108f, 6.351858f, 6.356586f, 6.361292f, 6.365976f, 6.370638f,
    6.375278f, 6.379897f, 6.384495f, 6.389072f, 6.393628f, 6.398163f, 6.402677f, 6.407172f,
    6.411646f, 6.416100f, 6.420535f, 6.424950f, 6.429346f, 6.433722f, 6.438079f, 6.442418f,
    6.446737f, 6.451038f, 6.455321f, 6.459586f, 6.463832f, 6.468060f, 6.472271f, 6.476464f,
    6.480639f, 6.484797f, 6.488938f, 6.493061f, 6.497168f, 6.501258f, 6.505332f, 6.509388f,
    6.513429f, 6.517453f, 6.521461f, 6.525453f, 6.529429f, 6.533389f, 6.537334f, 6.541264f,
};

void
letters_clear(struct letters *letters)
{
    for (size_t i = 0; i < letters->count; i++) {
        letters->times[letters->at[i]] = 0;
    }
    letters->count = 0;
}

/* Runs are told apart by their product with this. */
#define MIX 0x9e3779b97f4a7c15u
/* Runs that one character ends. */
#define RUNS 3

/* Gives how many there are then: counted in a register, since a count in memory has each run wait for the one before. */
static inline size_t
add(struct letters *letters, size_t count, uint64_t mixed)
{
    size_t at = mixed >> (64 - LETTERS_BITS);
    uint8_t times = letters->times[at], more;
    uint8_t over = __builtin_add_overflow(times, 1, &more);

    /* Whether it is new nobody can foretell, so nothing branches on it. */
    letters->at[count] = (uint32_t)at;
    letters->times[at] = (uint8_t)(more - over);
    return count + (times == 0);
}

/* What a byte that is a character by itself counts as: a digit as any other, the end of a line as a blank. */
#define AS_READ(c) ((c) >= '0' && (c) <= '9' ? '0' : (c) == '\n' ? ' ' : (c))
#define MIXED(c)   ((AS_READ(c) + UINT64_C(1)) * MIX)
#define MIXED_4(c) MIXED(c), MIXED((c) + 1), MIXED((c) + 2), MIXED((c) + 3)
#define MIXED_32(c)                                                                        \
    MIXED_4(c), MIXED_4((c) + 4), MIXED_4((c) + 8), MIXED_4((c) + 12), MIXED_4((c) + 16),  \
        MIXED_4((c) + 20), MIXED_4((c) + 24), MIXED_4((c) + 28)

#define LEAD 0xc0 /* characters of more bytes begin here */

static const uint64_t single[LEAD] = {MIXED_32(0x00), MIXED_32(0x20), MIXED_32(0x40),
                                      MIXED_32(0x60), MIXED_32(0x80), MIXED_32(0xa0)};

/* The number of a character of more bytes, 21 bits; of bytes that are none, their bits in its places. */
static inline uint64_t
long_character(const uint8_t *p, size_t left, size_t *size_r)
{
    if (left == 1) {
        *size_r = 1;
        return *p;
    }
    if (*p < 0xe0 || left == 2) {
        *size_r = 2;
        return (uint64_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    }
    if (*p < 0xf0 || left == 3) {
        *size_r = 3;
        return (uint64_t)(p[0] & 0xf) << 12 | (uint64_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    }
    *size_r = 4;
    return (uint64_t)(p[0] & 7) << 18 | (uint64_t)(p[1] & 0x3f) << 12 |
           (uint64_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
}

/* The character there, as MIX times one more than its number, so that a run is told from a shorter one. */
static inline uint64_t
next_character(struct bytes text, size_t *at)
{
    const uint8_t *p = text.at + *at;
    size_t size = 1;
    uint64_t mixed =
        *p < LEAD ? single[*p] : (long_character(p, text.size - *at, &size) + 1) * MIX;

    *at += size;
    return mixed;
}

/* The last two characters; 0: there is none. */
struct before {
    uint64_t last, earlier;
};

/* The product of a run is the sum of those of its characters, shifted to their places. */
static inline size_t
add_runs(struct letters *letters, size_t count, struct before *before, uint64_t one)
{
    uint64_t two = one + (before->last << 21);

    count = add(letters, count, one);
    if (before->last != 0) {
        count = add(letters, count, two);
    }
    if (before->earlier != 0) {
        count = add(letters, count, two + (before->earlier << 42));
    }
    before->earlier = before->last;
    before->last = one;
    return count;
}

void
letters_add(struct letters *letters, struct bytes normal)
{
    struct before before = {0};
    size_t count = letters->count, at = 0;

    while (at < normal.size && count + RUNS <= LETTERS_MAX) {
        /* So many characters surely fit: they are not counted one by one. */
        size_t room = (LETTERS_MAX - count) / RUNS,
               end = normal.size - at < room ? normal.size : at + room;
        while (at < end) {
            count = add_runs(letters, count, &before, next_character(normal, &at));
        }
    }
    letters->count = count;
}

double
letters_share(const struct letters *letters)
{
    double squares = 0;

    for (size_t i = 0; i < letters->count; i++) {
        double amount = (double)letters_amounts[letters->times[letters->at[i]]];
        squares += amount * amount;
    }
    return letters_share_of(squares);
}
