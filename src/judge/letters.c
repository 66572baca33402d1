#include "judge/letters.h"

#include <math.h>

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

/* Gives how many there are then: counted in a register, since a count in memory has each run wait for the one before. */
static inline size_t
add(struct letters *letters, size_t count, uint64_t x)
{
    uint32_t at = (uint32_t)((x * 0x9e3779b97f4a7c15u) >> (64 - LETTERS_BITS));
    uint8_t times = letters->times[at];

    /* Whether it is new nobody can foretell, so nothing branches on it. */
    if (count < LETTERS_MAX) {
        letters->at[count] = at;
        count += times == 0;
        letters->times[at] = (uint8_t)(times + (times < 255));
    }
    return count;
}

/* The character's number, 21 bits; of bytes that are none, their bits in its places. */
static inline uint64_t
next_character(struct bytes text, size_t *at)
{
    const uint8_t *p = text.at + *at;
    size_t left = text.size - *at;

    if (*p < 0xc0 || left == 1) {
        *at += 1;
        return *p >= '0' && *p <= '9' ? '0' : *p == '\n' ? ' ' : *p;
    }
    if (*p < 0xe0 || left == 2) {
        *at += 2;
        return (uint64_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    }
    if (*p < 0xf0 || left == 3) {
        *at += 3;
        return (uint64_t)(p[0] & 0xf) << 12 | (uint64_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    }
    *at += 4;
    return (uint64_t)(p[0] & 7) << 18 | (uint64_t)(p[1] & 0x3f) << 12 |
           (uint64_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
}

void
letters_add(struct letters *letters, struct bytes normal)
{
    uint64_t before = 0, earlier = 0;
    size_t count = letters->count;

    /* One more than its number, so that a run is told from a shorter one. */
    for (size_t at = 0; at < normal.size;) {
        uint64_t c = next_character(normal, &at) + 1;
        count = add(letters, count, c);
        if (before != 0) {
            count = add(letters, count, (before << 21) + c);
        }
        if (earlier != 0) {
            count = add(letters, count, (earlier << 42) + (before << 21) + c);
        }
        earlier = before;
        before = c;
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
    return letters->count == 0 ? 0 : 1 / sqrt(squares);
}
