#include "judge/model.h"

#include <math.h>
#include <unistd.h>

#include "base/tap.h"

static struct features features;

static void
take(const char *text)
{
    features_clear(&features);
    features_add_header(&features, BYTES("From: somebody@example.jp\n"));
    features_add_text(&features, bytes_from_text(text));
}

static void
teach(struct model *model, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        take("buy cheap pills now, limited offer");
        model_learn(model, &features, true);
        take("the meeting is moved to thursday, please confirm");
        model_learn(model, &features, false);
    }
}

static struct bytes
slurp(const char *path)
{
    static uint8_t room[2][8 << 20];
    static int which;
    FILE *file = fopen(path, "re");
    size_t size = file == NULL ? 0 : fread(room[which ^= 1], 1, sizeof *room, file);

    if (file != NULL) {
        fclose(file);
    }
    return bytes_of(room[which], size);
}

static void
test_learning(struct model *model)
{
    uint64_t spam, ham;

    take("anything");
    tap_ok(fabs(model_score(model, &features).unwanted - 0.5) < 1e-9, "untaught: one half");
    teach(model, 5);
    take("cheap pills, offer");
    tap_ok(model_score(model, &features).unwanted > 0.6, "spam found");
    take("thursday's meeting");
    tap_ok(model_score(model, &features).unwanted < 0.4, "ham found");
    take("");
    tap_ok(isfinite(model_score(model, &features).unwanted), "no text");
    model_counts(model, &spam, &ham);
    tap_ok(spam == 5 && ham == 5, "counted");
}

static void
test_classes(struct model *model)
{
    double logits[MODEL_CLASSES];

    for (int i = 0; i < 10; i++) {
        take("your bank account is locked, enter your password");
        model_learn_class(model, &features, 2);
        take("lonely tonight, write me");
        model_learn_class(model, &features, 1);
    }
    take("bank account password");
    model_classes(model, &features, logits);
    tap_ok(logits[2] > logits[1] && logits[2] > logits[0], "classes told apart");
}

/* What letters count for beside the other three, by what came out; all logits are small here, so none is clipped. */
static double
voices_of(const struct model *model)
{
    struct model_scores s = model_score(model, &features);
    double others = s.grams + s.pairs + s.counts;

    return (3 * s.logit - others) / (s.letters - s.logit);
}

/* A foreign file may say anything of how many voices letters have. */
static void
test_voices(struct bytes file)
{
    static const struct {
        float voices;
        bool good;
    } cases[] = {{0, true},      {100, true},       {100.5F, false},
                 {-0.5F, false}, {INFINITY, false}, {NAN, false}};
    uint8_t *at = (uint8_t *)(uintptr_t)file.at + 72;
    float before;
    struct model *model;
    struct why why;

    memcpy(&before, at, sizeof before);
    tap_ok(before == 3, "what is shipped has three");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(at, &cases[i].voices, sizeof cases[i].voices);
        bool opened = model_open_bytes(file, &model, &why) == SK_OK;
        tap_ok(opened == cases[i].good, "%f voices are %s", (double)cases[i].voices,
               cases[i].good ? "taken" : "refused");
        if (opened) {
            model_close(model);
        }
    }
    memcpy(at, &before, sizeof before);
}

static void
test_files(struct model *model, const char *path)
{
    struct model *other = NULL, *packed = NULL;
    struct why why;
    double score;

    take("cheap pills, offer");
    score = model_score(model, &features).logit;
    tap_ok(model_save(model, path, false, &why) == SK_OK &&
               model_open_file(path, &other, &why) == SK_OK,
           "saved and opened");
    tap_ok(model_score(other, &features).logit == score, "the same to the last bit");
    model_close(other);
    tap_ok(model_save(model, path, true, &why) == SK_OK &&
               model_open_file(path, &packed, &why) == SK_OK,
           "packed and opened");
    struct model_scores s = model_score(packed, &features);
    tap_ok(fabs((s.grams + s.pairs + s.counts + s.letters) / 4 - score) < 0.2,
           "packed: nearly the same opinions");
    tap_ok(fabs(voices_of(model) - 1) < 1e-6 && fabs(voices_of(packed) - 3) < 1e-6,
           "letters are one of four where a model was learnt, half of what is shipped "
           "(%.3f, %.3f)",
           voices_of(model), voices_of(packed));
    model_close(packed);

    struct bytes file = slurp(path);
    tap_ok(file.size < 2u << 20, "packed size %zu", file.size);
    test_voices(file);
    tap_ok(model_open_bytes(bytes_slice(file, 0, file.size - 1), &other, &why) == SK_BAD,
           "cut short");
    tap_ok(model_open_bytes(bytes_slice(file, 0, 20), &other, &why) == SK_BAD,
           "cut in the head");
    ((uint8_t *)file.at)[1000] ^= 1;
    tap_ok(model_open_bytes(file, &other, &why) == SK_BAD, "one bit flipped");
    static const size_t versions[] = {8, 12}; /* format, and bits of a feature */
    for (size_t i = 0; i < 2; i++) {
        uint8_t *at = (uint8_t *)(uintptr_t)file.at + versions[i];
        uint8_t before = *at;
        *at = (uint8_t)(before + 7);
        tap_ok(model_open_bytes(file, &other, &why) == SK_BAD &&
                   bytes_find(bytes_from_text(why.sentence), BYTES("version"), 0) !=
                       BYTES_NOWHERE,
               "of another version: told so");
        *at = before;
    }
    ((uint8_t *)file.at)[0] ^= 1;
    tap_ok(model_open_bytes(file, &other, &why) == SK_BAD, "no model");
    tap_ok(model_open_file("/nonexistent/model", &other, &why) == SK_SYSTEM, "not there");
    tap_ok(model_save(model, "/nonexistent/model", false, &why) == SK_SYSTEM,
           "not writable");
}

static void
test_same_order(const char *path)
{
    struct model *a = NULL, *b = NULL;
    struct why why;
    bool good = model_open_empty(&a, &why) == SK_OK && model_open_empty(&b, &why) == SK_OK;

    teach(a, 3);
    teach(b, 3);
    good = good && model_save(a, path, false, &why) == SK_OK;
    struct bytes first = slurp(path);
    good = good && model_save(b, path, false, &why) == SK_OK;
    tap_ok(good && bytes_equal(first, slurp(path)), "the same lessons give the same file");
    model_close(a);
    model_close(b);
}

int
main(void)
{
    char path[] = "/tmp/model-test-XXXXXX";
    struct model *model;
    struct why why;
    int fd = mkstemp(path);

    if (fd < 0 || model_open_empty(&model, &why) != SK_OK) {
        return 1;
    }
    close(fd);
    test_learning(model);
    test_classes(model);
    test_files(model, path);
    test_same_order(path);
    model_close(model);
    unlink(path);
    return tap_done();
}
