#include "judge/model.h"

#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "judge/write_private.h"

#define MODEL_MAGIC "SKMODEL3"
#define CLASS_BITS  15
#define CLASS_COUNT (1u << CLASS_BITS)

/* Chosen on the SpamAssassin corpus in order of time, the list that online accuracy is quoted on: settings near these give
 * .09 to .11 (1-ROCA)% there, so that figure is a little flattered by the choice. */
#define RATE_GRAMS   15.0
#define RATE_PAIRS   20.0
#define RATE_LETTERS 3.0
#define RATE_CLASSES 4.0
#define CLIP         8.0
/* How many of the others letters count for: where text alone is known, as in what is shipped, and where a model begins at nothing and learns
 * the headers of its place, of which letters know nothing. The first, and their rate, were chosen on letters of two hands that taught nothing
 * then; with it an empty model that learns the SpamAssassin corpus in order of time comes to .111 (1-ROCA)%, with the second to .086. */
#define VOICES_SHIPPED 3
#define VOICES_LEARNT  1
#define VOICES_MOST    100 /* of a foreign file */
#define COUNTS_SCALE                                                                       \
    0.1 /* of the summed evidence of pairs: they are far from independent */
#define COUNTS_DOUBT 4.0   /* sightings at which a pair's word counts half */
#define COUNTS_SURE  8.0   /* logit beyond which counts are not taught */
#define COUNTS_HALVE 60000 /* a count that reaches this halves its pair of counts */

struct pair {
    float weight;
    uint16_t spam, ham;
};

struct model_head {
    char magic[8];
    uint32_t format, bits;
    uint64_t spam, ham;                 /* messages taught */
    uint64_t counted_spam, counted_ham; /* of them in the counts */
    uint64_t checksum;
    float grams_scale, pairs_scale, classes_scale,
        letters_scale; /* of packed weights: value = scale * int8 */
    float voices;      /* how many of the others letters count for */
    uint32_t zero;
};

struct tables {
    float grams[FEATURE_COUNT], letters[LETTERS_COUNT];
    struct pair pairs[FEATURE_COUNT];
    float classes[CLASS_COUNT][MODEL_CLASSES];
};

struct packed_pair {
    int8_t weight;
    uint8_t spam, ham;
};

struct packed {
    int8_t grams[FEATURE_COUNT], letters[LETTERS_COUNT];
    struct packed_pair pairs[FEATURE_COUNT];
    int8_t classes[CLASS_COUNT][MODEL_CLASSES];
};

struct model {
    struct model_head head;
    struct tables t;
};

enum { FORMAT_PLAIN = 1, FORMAT_PACKED = 2 };

enum sk_code
model_open_empty(struct model **model_r, struct why *why)
{
    void *at = mmap(NULL, sizeof(struct model), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "no memory for a model");
    }
    *model_r = at;
    memcpy((*model_r)->head.magic, MODEL_MAGIC, 8);
    (*model_r)->head.format = FORMAT_PLAIN;
    (*model_r)->head.bits = FEATURE_BITS;
    (*model_r)->head.voices = VOICES_LEARNT;
    return SK_OK;
}

void
model_close(struct model *model)
{
    if (model != NULL) {
        munmap(model, sizeof *model);
    }
}

void
model_copy(struct model *to, const struct model *from)
{
    memcpy(to, from, sizeof *to);
}

static uint16_t
count_moved(uint16_t count, uint16_t from, uint16_t to)
{
    int moved = count - from + to;

    return (uint16_t)(moved < 0 ? 0 : moved >= COUNTS_HALVE ? COUNTS_HALVE - 1 : moved);
}

static uint64_t
sum_moved(uint64_t sum, uint64_t from, uint64_t to)
{
    return sum + to > from ? sum + to - from : 0;
}

/* Where nothing was learned it is the new weight to the last bit. */
static float
weight_moved(float weight, float from, float to)
{
    return weight == from ? to : weight + (to - from);
}

void
model_rebase(struct model *model, const struct model *from, const struct model *to)
{
    struct tables *t = &model->t;
    const struct tables *f = &from->t, *n = &to->t;
    struct model_head *head = &model->head;

    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        t->grams[i] = weight_moved(t->grams[i], f->grams[i], n->grams[i]);
        t->pairs[i].weight =
            weight_moved(t->pairs[i].weight, f->pairs[i].weight, n->pairs[i].weight);
        t->pairs[i].spam =
            count_moved(t->pairs[i].spam, f->pairs[i].spam, n->pairs[i].spam);
        t->pairs[i].ham = count_moved(t->pairs[i].ham, f->pairs[i].ham, n->pairs[i].ham);
    }
    for (size_t i = 0; i < LETTERS_COUNT; i++) {
        t->letters[i] = weight_moved(t->letters[i], f->letters[i], n->letters[i]);
    }
    memcpy(t->classes, n->classes, sizeof t->classes);
    head->voices = to->head.voices;
    head->spam = sum_moved(head->spam, from->head.spam, to->head.spam);
    head->ham = sum_moved(head->ham, from->head.ham, to->head.ham);
    head->counted_spam =
        sum_moved(head->counted_spam, from->head.counted_spam, to->head.counted_spam);
    head->counted_ham =
        sum_moved(head->counted_ham, from->head.counted_ham, to->head.counted_ham);
}

static void
unpack(struct tables *t, const struct packed *p, const struct model_head *head)
{
    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        t->grams[i] = head->grams_scale * (float)p->grams[i];
        t->pairs[i].weight = head->pairs_scale * (float)p->pairs[i].weight;
        t->pairs[i].spam = p->pairs[i].spam;
        t->pairs[i].ham = p->pairs[i].ham;
    }
    for (size_t i = 0; i < LETTERS_COUNT; i++) {
        t->letters[i] = head->letters_scale * (float)p->letters[i];
    }
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        for (size_t k = 0; k < MODEL_CLASSES; k++) {
            t->classes[i][k] = head->classes_scale * (float)p->classes[i][k];
        }
    }
}

/* A foreign file may hold what would poison every later sum. */
static bool
tables_finite(const struct tables *t)
{
    bool finite = true;

    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        finite = finite && isfinite(t->grams[i]) && isfinite(t->pairs[i].weight);
    }
    for (size_t i = 0; i < LETTERS_COUNT; i++) {
        finite = finite && isfinite(t->letters[i]);
    }
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        for (size_t k = 0; k < MODEL_CLASSES; k++) {
            finite = finite && isfinite(t->classes[i][k]);
        }
    }
    return finite;
}

enum sk_code
model_open_bytes(struct bytes file, struct model **model_r, struct why *why)
{
    struct model_head head;
    struct bytes rest = bytes_from(file, sizeof head);
    struct model *model;
    enum sk_code code;

    if (file.size < sizeof head || memcmp(file.at, MODEL_MAGIC, 7) != 0) {
        return why_set(why, SK_BAD, "this is no model");
    }
    memcpy(&head, file.at, sizeof head);
    if (memcmp(file.at, MODEL_MAGIC, 8) != 0 || head.bits != FEATURE_BITS ||
        (head.format != FORMAT_PLAIN && head.format != FORMAT_PACKED)) {
        return why_set(why, SK_BAD, "the model is of another version");
    }
    if (rest.size !=
            (head.format == FORMAT_PLAIN ? sizeof(struct tables) : sizeof(struct packed)) ||
        hash_quick(rest, 0) != head.checksum || !isfinite(head.grams_scale) ||
        !isfinite(head.pairs_scale) || !isfinite(head.classes_scale) ||
        !isfinite(head.letters_scale) ||
        !(head.voices >= 0 && head.voices <= VOICES_MOST)) {
        return why_set(why, SK_BAD, "the model is cut short or damaged");
    }
    code = model_open_empty(&model, why);
    if (code != SK_OK) {
        return code;
    }
    if (head.format == FORMAT_PLAIN) {
        memcpy(&model->t, rest.at, sizeof model->t);
    } else {
        unpack(&model->t, (const struct packed *)rest.at, &head);
    }
    head.format = FORMAT_PLAIN;
    model->head = head;
    if (!tables_finite(&model->t)) {
        model_close(model);
        return why_set(why, SK_BAD, "the model holds weights that are no numbers");
    }
    *model_r = model;
    return SK_OK;
}

enum sk_code
model_open_file(const char *path, struct model **model_r, struct why *why)
{
    struct stat status;
    enum sk_code code;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return why_set(why, SK_SYSTEM, "the model %s cannot be opened", path);
    }
    if (fstat(fd, &status) != 0 || status.st_size <= 0 || status.st_size > MODEL_FILE_MAX) {
        close(fd);
        return why_set(why, SK_BAD, "%s is no model", path);
    }
    size_t size = (size_t)status.st_size;
    uint8_t *at =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t got = 0;
    ssize_t n = at == MAP_FAILED ? 0 : 1;
    while (n > 0 && got < size) {
        n = read(fd, at + got, size - got);
        got += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    if (at == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "the model %s cannot be read", path);
    }
    code = model_open_bytes(bytes_of(at, got), model_r, why);
    munmap(at, size);
    return code;
}

static float
scale_of(const float *weights, size_t count, size_t stride)
{
    float most = 0;

    for (size_t i = 0; i < count; i++) {
        most = fmaxf(most, fabsf(weights[i * stride]));
    }
    return most > 0 ? most / 127 : 1;
}

static int8_t
pack_weight(float weight, float scale)
{
    return (int8_t)lrintf(fmaxf(-127, fminf(127, weight / scale)));
}

/* The counts lose their size, not their ratio, where one does not fit 8 bits. */
static struct packed_pair
pack_pair(const struct pair *pair, float scale)
{
    unsigned spam = pair->spam, ham = pair->ham, most = spam > ham ? spam : ham;

    if (most > 255) {
        spam = (spam * 255 + most / 2) / most;
        ham = (ham * 255 + most / 2) / most;
    }
    return (struct packed_pair){pack_weight(pair->weight, scale), (uint8_t)spam,
                                (uint8_t)ham};
}

static void
pack(struct packed *p, const struct tables *t, struct model_head *head)
{
    head->format = FORMAT_PACKED;
    head->voices = VOICES_SHIPPED;
    head->grams_scale = scale_of(t->grams, FEATURE_COUNT, 1);
    head->pairs_scale =
        scale_of(&t->pairs[0].weight, FEATURE_COUNT, sizeof(struct pair) / sizeof(float));
    head->letters_scale = scale_of(t->letters, LETTERS_COUNT, 1);
    head->classes_scale = scale_of(&t->classes[0][0], CLASS_COUNT * MODEL_CLASSES, 1);
    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        p->grams[i] = pack_weight(t->grams[i], head->grams_scale);
        p->pairs[i] = pack_pair(&t->pairs[i], head->pairs_scale);
    }
    for (size_t i = 0; i < LETTERS_COUNT; i++) {
        p->letters[i] = pack_weight(t->letters[i], head->letters_scale);
    }
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        for (size_t k = 0; k < MODEL_CLASSES; k++) {
            p->classes[i][k] = pack_weight(t->classes[i][k], head->classes_scale);
        }
    }
}

static bool
write_file(const char *path, const struct model_head *head, struct bytes rest)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0) {
        return false;
    }
    bool good = write_all(fd, head, sizeof *head) && write_all(fd, rest.at, rest.size) &&
                fsync(fd) == 0;
    return close(fd) == 0 && good;
}

enum sk_code
model_save(const struct model *model, const char *path, bool packed, struct why *why)
{
    struct model_head head = model->head;
    struct bytes rest = bytes_of(&model->t, sizeof model->t);
    char next[4096];
    void *room = NULL;

    if ((size_t)snprintf(next, sizeof next, "%s.new", path) >= sizeof next) {
        return why_set(why, SK_LIMIT, "the model's path is too long");
    }
    if (packed) {
        room = mmap(NULL, sizeof(struct packed), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED) {
            return why_set(why, SK_SYSTEM, "no memory to pack a model");
        }
        pack(room, &model->t, &head);
        rest = bytes_of(room, sizeof(struct packed));
    }
    head.checksum = hash_quick(rest, 0);
    bool good = write_file(next, &head, rest) && rename(next, path) == 0;
    if (!good) {
        (void)why_set(why, SK_SYSTEM, "the model %s cannot be written", path);
        unlink(next);
    }
    if (room != NULL) {
        munmap(room, sizeof(struct packed));
    }
    return good ? SK_OK : SK_SYSTEM;
}

static double
by_root(double sum, size_t count)
{
    return count == 0 ? 0 : sum / sqrt((double)count);
}

/* The tables are larger than what is near the processor; weights are fetched so many before they are needed. */
#define AHEAD 16

/* How many of `count` can have the one AHEAD of them fetched. */
static inline size_t
fetching(size_t count)
{
    return count > AHEAD ? count - AHEAD : 0;
}

static double
sum_grams(const struct model *model, const uint32_t *at, size_t count)
{
    size_t i = 0, near = fetching(count);
    float sum = 0;

    for (; i < near; i++) {
        __builtin_prefetch(&model->t.grams[at[i + AHEAD]]);
        sum += model->t.grams[at[i]];
    }
    for (; i < count; i++) {
        sum += model->t.grams[at[i]];
    }
    return by_root((double)sum, count);
}

struct letter_sums {
    float weights;
    double squares;
};

static inline void
sum_letter(const struct model *model, const struct letters *letters, size_t i,
           struct letter_sums *sums)
{
    uint32_t at = letters->at[i];
    float amount = letters_amounts[letters->times[at]];

    sums->weights += model->t.letters[at] * amount;
    sums->squares += (double)amount * (double)amount;
}

static double
sum_letters(const struct model *model, const struct letters *letters)
{
    size_t i = 0, near = fetching(letters->count);
    struct letter_sums sums = {0, 0};

    for (; i < near; i++) {
        __builtin_prefetch(&model->t.letters[letters->at[i + AHEAD]]);
        sum_letter(model, letters, i, &sums);
    }
    for (; i < letters->count; i++) {
        sum_letter(model, letters, i, &sums);
    }
    return (double)sums.weights * letters_share_of(sums.squares);
}

struct pair_sums {
    float weights, evidence;
};

#define FOUR 4
typedef float floats __attribute__((vector_size(4 * FOUR)));
typedef int32_t whole __attribute__((vector_size(4 * FOUR)));

_Static_assert(sizeof(struct pair) == 8 && offsetof(struct pair, spam) == 4 &&
                   offsetof(struct pair, ham) == 6 &&
                   __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the counts of a pair are read as one number, the spam in its lower half");

/* What sum_pairs does, of four pairs side by side; summed one after the other, so that the sums are the same to the last bit. */
static inline void
sum_four(const struct model *model, const uint32_t *at, bool counted, float per_spam,
         float per_ham, struct pair_sums *sums)
{
    whole both_counts;

    for (int i = 0; i < FOUR; i++) {
        const struct pair *pair = &model->t.pairs[at[i]];
        uint32_t counts;
        memcpy(&counts, &pair->spam, sizeof counts);
        both_counts[i] = (int32_t)counts;
        sums->weights += pair->weight;
    }
    whole spam_count = both_counts & 0xffff, ham_count = (both_counts >> 16) & 0xffff;
    whole seen_count = spam_count + ham_count;
    floats spam = __builtin_convertvector(spam_count, floats) * per_spam,
           ham = __builtin_convertvector(ham_count, floats) * per_ham,
           seen = __builtin_convertvector(seen_count, floats);
    whole never = counted ? (whole)(seen_count == 0) & 1 : seen_count * 0 + 1;
    floats both = spam + ham + __builtin_convertvector(never, floats),
           doubted = seen + (float)COUNTS_DOUBT;
    floats inverse = 1 / (both * doubted);
    floats lean = (spam - ham) * doubted * inverse;
    floats sure = 0.98f * lean * seen * both * inverse;
    floats square = sure * sure;
    floats evidence =
        lean * lean * sure *
        (2 + square * (0.6667f + 0.4f * square) + square * square * square * 1.5f);
    for (int i = 0; i < FOUR; i++) {
        sums->evidence += evidence[i];
    }
}

/* Weights, and the evidence of the counts: log(p / (1 - p)) of each pair, p drawn to one half by doubt and weighed by
 * how one-sided the pair is. The logarithm is twice the inverse hyperbolic tangent, by the beginning of its series. */
static struct pair_sums
sum_pairs(const struct model *model, const uint32_t *at, size_t count)
{
    bool counted = model->head.counted_spam > 0 && model->head.counted_ham > 0;
    float per_spam = counted ? 1 / (float)model->head.counted_spam : 0;
    float per_ham = counted ? 1 / (float)model->head.counted_ham : 0;
    static const float never[] = {1, 0};
    struct pair_sums sums = {0, 0};
    size_t done = 0, near = fetching(count);

    for (; done + FOUR <= count; done += FOUR) {
        sum_four(model, at + done, counted, per_spam, per_ham, &sums);
        for (size_t i = done; done + FOUR <= near && i < done + FOUR; i++) {
            __builtin_prefetch(&model->t.pairs[at[i + AHEAD]]);
        }
    }
    for (size_t i = done; i < count; i++) {
        struct pair pair = model->t.pairs[at[i]];
        unsigned counts = (unsigned)pair.spam + pair.ham;
        float seen = (float)counts;
        sums.weights += pair.weight;
        float spam = (float)pair.spam * per_spam, ham = (float)pair.ham * per_ham;
        /* Two quotients with one division: lean = (spam - ham) / both, and seen / (seen + doubt). A pair that was never
         * seen adds 0; nothing branches on it, since half of them were. */
        float both = spam + ham + never[counts != 0 && counted],
              doubted = seen + (float)COUNTS_DOUBT;
        float inverse = 1 / (both * doubted);
        float lean = (spam - ham) * doubted * inverse;
        float sure = 0.98f * lean * seen * both * inverse;
        float square = sure * sure;
        sums.evidence +=
            lean * lean * sure *
            (2 + square * (0.6667f + 0.4f * square) + square * square * square * 1.5f);
    }
    return sums;
}

static double
clip(double logit)
{
    return logit > CLIP ? CLIP : logit < -CLIP ? -CLIP : logit;
}

static double
squash(double logit)
{
    return 1 / (1 + exp(-logit));
}

struct model_scores
model_score(const struct model *model, const struct features *f)
{
    struct model_scores s;
    const struct feature_set *g = &f->grams, *p = &f->pairs;

    s.grams = sum_grams(model, g->at, g->header_count) +
              sum_grams(model, g->at + g->header_count, g->count - g->header_count);
    struct pair_sums header = sum_pairs(model, p->at, p->header_count);
    struct pair_sums text =
        sum_pairs(model, p->at + p->header_count, p->count - p->header_count);
    s.pairs = by_root((double)header.weights, p->header_count) +
              by_root((double)text.weights, p->count - p->header_count);
    s.counts = COUNTS_SCALE * (double)(header.evidence + text.evidence);
    s.letters = sum_letters(model, &f->letters);
    double voices = (double)model->head.voices;
    s.logit = (clip(s.grams) + clip(s.pairs) + clip(s.counts) + voices * clip(s.letters)) /
              (3 + voices);
    s.unwanted = squash(s.logit);
    return s;
}

static void
learn_counts(struct model *model, const struct feature_set *set, bool spam)
{
    for (size_t i = 0; i < set->count; i++) {
        struct pair *pair = &model->t.pairs[set->at[i]];
        uint16_t *count = spam ? &pair->spam : &pair->ham;
        if (++*count >= COUNTS_HALVE) {
            pair->spam /= 2;
            pair->ham /= 2;
        }
    }
    *(spam ? &model->head.counted_spam : &model->head.counted_ham) += 1;
}

static void
learn_grams(struct model *model, const uint32_t *at, size_t count, double step)
{
    float by = count == 0 ? 0 : (float)(step / sqrt((double)count));

    for (size_t i = 0; i < count; i++) {
        model->t.grams[at[i]] += by;
    }
}

static void
learn_pairs(struct model *model, const uint32_t *at, size_t count, double step)
{
    float by = count == 0 ? 0 : (float)(step / sqrt((double)count));

    for (size_t i = 0; i < count; i++) {
        model->t.pairs[at[i]].weight += by;
    }
}

static void
learn_letters(struct model *model, const struct letters *letters, double step)
{
    float by = (float)(step * letters_share(letters));

    for (size_t i = 0; i < letters->count; i++) {
        uint32_t at = letters->at[i];
        model->t.letters[at] += by * letters_amounts[letters->times[at]];
    }
}

void
model_learn(struct model *model, const struct features *f, bool spam)
{
    struct model_scores s = model_score(model, f);
    const struct feature_set *g = &f->grams, *p = &f->pairs;
    double grams = RATE_GRAMS * (spam - squash(s.grams)),
           pairs = RATE_PAIRS * (spam - squash(s.pairs));

    learn_grams(model, g->at, g->header_count, grams);
    learn_grams(model, g->at + g->header_count, g->count - g->header_count, grams);
    learn_pairs(model, p->at, p->header_count, pairs);
    learn_pairs(model, p->at + p->header_count, p->count - p->header_count, pairs);
    learn_letters(model, &f->letters, RATE_LETTERS * (spam - squash(s.letters)));
    if ((spam ? s.counts : -s.counts) < COUNTS_SURE) {
        learn_counts(model, p, spam);
    }
    *(spam ? &model->head.spam : &model->head.ham) += 1;
}

void
model_digest(const struct model *model, uint8_t digest_r[HASH_SHA256_SIZE])
{
    hash_sha256(bytes_of(&model->t, sizeof(model->t)), digest_r);
}

void
model_counts(const struct model *model, uint64_t *spam_r, uint64_t *ham_r)
{
    *spam_r = model->head.spam;
    *ham_r = model->head.ham;
}

void
model_classes(const struct model *model, const struct features *f,
              double logits_r[MODEL_CLASSES])
{
    float sums[MODEL_CLASSES] = {0};
    size_t count = f->pairs.count - f->pairs.header_count;

    for (size_t i = f->pairs.header_count; i < f->pairs.count; i++) {
        const float *row = model->t.classes[f->pairs.at[i] >> (FEATURE_BITS - CLASS_BITS)];
        size_t ahead = i + AHEAD < f->pairs.count ? i + AHEAD : i;
        __builtin_prefetch(
            model->t.classes[f->pairs.at[ahead] >> (FEATURE_BITS - CLASS_BITS)]);
        for (size_t k = 0; k < MODEL_CLASSES; k++) {
            sums[k] += row[k];
        }
    }
    for (size_t k = 0; k < MODEL_CLASSES; k++) {
        logits_r[k] = count == 0 ? 0 : (double)sums[k] / sqrt((double)count);
    }
}

void
model_learn_class(struct model *model, const struct features *f, int class_of)
{
    double logits[MODEL_CLASSES];
    float by[MODEL_CLASSES];
    size_t count = f->pairs.count - f->pairs.header_count;

    model_classes(model, f, logits);
    for (int k = 0; k < MODEL_CLASSES && count > 0; k++) {
        by[k] = (float)(RATE_CLASSES * ((k == class_of) - squash(logits[k])) /
                        sqrt((double)count));
    }
    for (size_t i = f->pairs.header_count; i < f->pairs.count; i++) {
        float *row = model->t.classes[f->pairs.at[i] >> (FEATURE_BITS - CLASS_BITS)];
        for (size_t k = 0; k < MODEL_CLASSES; k++) {
            row[k] += by[k];
        }
    }
}
