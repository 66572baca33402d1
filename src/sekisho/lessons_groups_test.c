/* Lessons of groups: weighed by colleagues, made anew, taken back, folded, moved. */
#define SK_BASE
#include "sekisho/lessons_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"
#include "base/writer.h"
#include "parse/letter.h"
#include "sekisho/settings.h"

#define GARDEN "garden seeds tomato seedlings greenhouse saturday"
#define BOATS  "boats sailing club minutes april harbour keys"

static struct arena arena;
static char folder[] = "/tmp/lessons-groups-XXXXXX";
static struct judge *judge;
static struct personal *personal;
static struct group_weights *weights;
static struct lessons *lessons;
static const struct groups *groups;
static int64_t now_ms = 1000;
static struct why why;

/* Bit for bit: floats that are equal may differ in their bits. */
static bool
same_bits(const void *one, const void *other, size_t size)
{
    return bytes_equal(bytes_of(one, size), bytes_of(other, size));
}

static const struct config *
config_of(const char *text)
{
    const struct config *config;
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "[record]\nfolder = %s/record\nkeys = %s/keys\n%s", folder, folder,
                  text);
    SK_ASSERT(settings_config(&arena, writer_view(&w), &config, &why) == SK_OK);
    return config;
}

static void
use(const char *text)
{
    SK_ASSERT(groups_new(&arena, config_of(text), &groups, &why) == SK_OK);
    if (lessons_use_groups(lessons, weights, groups, &why) != SK_OK) {
        fprintf(stderr, "# %s\n", why.sentence);
        SK_ASSERT(false);
    }
}

static void
open_all(const char *text)
{
    SK_ASSERT(judge_open(&arena, NULL, &judge, &why) == SK_OK &&
              judge_swap(judge, "", &why) == SK_OK &&
              personal_open(&personal, &why) == SK_OK &&
              group_weights_open(&weights, &why) == SK_OK);
    struct writer w;
    writer_init(&w, &arena);
    writer_format(&w, "%s/record/learned.model", folder);
    if (access(writer_c(&w), F_OK) == 0) {
        SK_ASSERT(judge_swap(judge, writer_c(&w), &why) == SK_OK);
    }
    judge_use_personal(judge, personal, 0);
    judge_use_group_weights(judge, weights);
    SK_ASSERT(lessons_open(&arena, config_of(text), judge, personal, &lessons, &why) ==
              SK_OK);
    use(text);
}

static void
close_all(void)
{
    lessons_close(lessons);
    judge_close(judge);
    personal_close(personal);
    group_weights_close(weights);
}

static struct bytes
text_of(const char *words, int mark)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "From: a@sender.example\r\nSubject: news\r\n\r\n%s %d\r\n", words,
                  mark);
    return judge_lesson(&arena, letter_read(&arena, writer_view(&w)));
}

static uint64_t
teach(const char *who, const char *words, int mark, bool spam)
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct bytes text = text_of(words, mark);
    bool already;
    uint64_t id = 0;

    hash_sha256(text, digest);
    const struct lesson said = {.recipient = bytes_from_text(who),
                                .reporter = bytes_from_text(who),
                                .digest = bytes_of(digest, sizeof digest),
                                .text = text,
                                .spam = spam,
                                .now_ms = now_ms};
    if (lessons_teach(lessons, &said, &already, &id, &why) != SK_OK) {
        fprintf(stderr, "# %s\n", why.sentence);
        return 0;
    }
    return id;
}

/* What a group's weights say of a mail. */
static double
says(const char *group, const char *words)
{
    double common, of_group;

    for (size_t i = 0; i < groups_count(groups); i++) {
        if (bytes_is(groups_name(groups, groups_id(groups, i)), group)) {
            SK_ASSERT(judge_lesson_logit(judge, text_of(words, 99), groups_id(groups, i),
                                         &common, &of_group) == SK_OK);
            return of_group;
        }
    }
    return 0;
}

static size_t
slot_of(const char *group)
{
    for (size_t i = 0; i < groups_count(groups); i++) {
        if (bytes_is(groups_name(groups, groups_id(groups, i)), group)) {
            return group_find(weights, groups_id(groups, i));
        }
    }
    return GROUP_NONE;
}

static const float *
copy_of(const char *group)
{
    float *copy = arena_take_many(&arena, GROUP_WEIGHTS, sizeof *copy);

    memcpy(copy, group_table(weights, slot_of(group)), GROUP_WEIGHTS * sizeof *copy);
    return copy;
}

static bool
is_as(const char *group, const float *copy)
{
    return same_bits(copy, group_table(weights, slot_of(group)),
                     GROUP_WEIGHTS * sizeof *copy);
}

static const struct lesson_entry *
entry_of(uint64_t id)
{
    for (size_t i = 0; i < lessons->book->count; i++) {
        if (lessons->book->entries[i].id == id) {
            return &lessons->book->entries[i];
        }
    }
    return NULL;
}

static bool
has(uint64_t id)
{
    return (entry_of(id)->flags & LESSON_GROUP) != 0;
}

#define TWO "[group a]\nmembers = @a.example\n[group b]\nmembers = @b.example\n"

/* Two groups that want different things of the same mail. */
static void
test_apart(void)
{
    uint64_t a, b;

    a = teach("u@a.example", GARDEN, 1, true);
    tap_ok(a != 0 && has(a) && says("a", GARDEN) > 0.5 && slot_of("b") == GROUP_NONE,
           "a lesson counts for his group (%.2f)", says("a", GARDEN));
    b = teach("x@none.example", GARDEN, 2, true);
    tap_ok(b != 0 && entry_of(b)->group == 0, "who is in no group teaches none");
    for (int i = 10; i < 16; i++) {
        a = teach("u@a.example", GARDEN, i, true);
        b = teach("v@b.example", GARDEN, i, false);
        SK_ASSERT(a != 0 && b != 0);
    }
    tap_ok(has(a) && has(b) && entry_of(a)->taught == 0 && entry_of(b)->taught == 0,
           "of the same mails: each group has its own, the common model has none");
    tap_ok(says("a", GARDEN) > 1 && says("b", GARDEN) < -1,
           "one is told that it is unwanted, the other that it is wanted (%.2f, %.2f)",
           says("a", GARDEN), says("b", GARDEN));
    tap_ok(lessons_weight(lessons, entry_of(a)->reporter) == 0.5 &&
               lessons_weight(lessons, entry_of(b)->reporter) == 0.5,
           "people of two groups do not contradict each other");
}

static void
test_undo(void)
{
    const float *before_a = copy_of("a"), *before_b = copy_of("b");
    uint64_t first = teach("w@a.example", BOATS, 30, true);
    const float *with = copy_of("a");
    uint64_t second = teach("x@a.example", BOATS, 31, false);

    tap_ok(first != 0 && second != 0 && !is_as("a", before_a) && is_as("b", before_b),
           "two lessons of one group");
    tap_ok(lessons_undo(lessons, second, &why) == SK_OK && is_as("a", with),
           "the last is taken back: the weights are what they were, bit for bit");
    uint64_t third = teach("y@a.example", BOATS, 32, false);
    SK_ASSERT(third != 0 && has(third));
    tap_ok(lessons_undo(lessons, first, &why) == SK_OK && !has(first) && has(third),
           "one that others came after");
    tap_ok(lessons_undo(lessons, third, &why) == SK_OK && is_as("a", before_a),
           "and the other: nothing is left of either, bit for bit");
}

/* A member who lies: within his group, where nobody outside says a word. */
static void
test_poison(void)
{
    const float *before = copy_of("a");
    uint64_t lie = 0, lies[4];

    for (int i = 0; i < 4; i++) {
        lies[i] = teach("liar@a.example", BOATS, 40 + i, true);
        SK_ASSERT(lies[i] != 0);
    }
    tap_ok(has(lies[0]) && has(lies[3]) && says("a", BOATS) > 0.3,
           "nobody said otherwise: he is believed (%.2f)", says("a", BOATS));
    SK_ASSERT(teach("u@a.example", BOATS, 40, false) != 0 &&
              teach("t@a.example", BOATS, 40, false) != 0);
    tap_ok(!has(lies[0]) && !has(lies[1]) && !has(lies[3]),
           "two colleagues contradict him: all that he taught the group goes");
    tap_ok(says("a", BOATS) < 0 && !is_as("a", before),
           "what they said has come instead (%.2f)", says("a", BOATS));
    lie = teach("liar@a.example", BOATS, 50, true);
    tap_ok(lie != 0 && !has(lie), "his next word waits");
    SK_ASSERT(teach("t@a.example", BOATS, 50, true) != 0);
    uint64_t other = teach("liar@a.example", GARDEN, 51, true);
    tap_ok(other != 0, "agreement counts for him again");
}

/* A member who lies about mails that nobody else says a word of: what colleagues teach of mail like it finds him out, although
 * another group teaches the opposite, so that the common model knows nothing. */
static void
test_review(void)
{
    uint64_t lies[6], honest = 0;
    size_t left = 0;
    char who[32], other[32];

    use("[group e]\nmembers = @e.example\n[group f]\nmembers = @f.example\n");
    for (int i = 0; i < 6; i++) {
        lies[i] = teach("liar@e.example", "piano lessons evening concert score", i, false);
        SK_ASSERT(lies[i] != 0);
    }
    for (int i = 0; i < 60; i++) {
        bool piano = i % 2 == 0;
        const char *words =
            piano ? "piano lessons evening concert score" : "river walk lunch bridge birds";
        /* Thirty of them, as a secret key draws the two juries: of ten it may leave one almost alone. */
        snprintf(who, sizeof who, "u%d@e.example", i % 30);
        snprintf(other, sizeof other, "w%d@f.example", i % 30);
        honest = teach(who, words, 1000 + i, piano);
        SK_ASSERT(honest != 0 && teach(other, words, 1000 + i, !piano) != 0);
    }
    for (int i = 0; i < 6; i++) {
        left += has(lies[i]);
    }
    tap_ok(left == 0 && has(honest), "what colleagues teach finds out who lies (%zu left)",
           left);
    tap_ok(says("e", "piano lessons evening concert score") > 1 &&
               says("f", "piano lessons evening concert score") < -1,
           "each group is told what its people said (%.2f, %.2f)",
           says("e", "piano lessons evening concert score"),
           says("f", "piano lessons evening concert score"));
    use(TWO);
}

static void
test_again(void)
{
    const float *a = copy_of("a"), *b = copy_of("b");

    close_all();
    open_all(TWO);
    tap_ok(is_as("a", a) && is_as("b", b),
           "another keeper, and another memory: the same weights, bit for bit");
    SK_ASSERT(lessons_use_groups(lessons, weights, groups, &why) == SK_OK);
    tap_ok(is_as("a", a) && is_as("b", b), "and when the configuration is read again");
}

static void
test_moving(void)
{
    const float *a = copy_of("a"), *b = copy_of("b");

    use("[group b]\nmembers = @b.example, m@a.example\n[group c]\nmembers = @a.example\n");
    uint64_t moved = teach("m@a.example", GARDEN, 60, false),
             renamed = teach("u@a.example", GARDEN, 61, true);
    tap_ok(moved != 0 && has(moved) && !is_as("b", b),
           "who was moved to another group teaches that");
    tap_ok(renamed != 0 && has(renamed) && says("c", GARDEN) > 0.1,
           "a group of another name begins anew (%.2f)", says("c", GARDEN));
    SK_ASSERT(lessons_undo(lessons, moved, &why) == SK_OK);
    use(TWO);
    tap_ok(is_as("a", a) && is_as("b", b),
           "a group that comes back has what it had, bit for bit");
    SK_ASSERT(lessons_undo(lessons, renamed, &why) == SK_OK);
}

static void
test_folding(void)
{
    double before_a = says("a", GARDEN), before_b = says("b", GARDEN);
    const float *b = copy_of("b");
    struct writer w;
    char command[200];

    now_ms += (int64_t)200 * 86400000;
    size_t count = lessons->book->count;
    uint64_t id = teach("u@a.example", BOATS, 70, false);
    tap_ok(id != 0 && count > 1 && lessons->book->count == 1,
           "after learn.keep %zu lessons are folded", count);
    tap_ok(is_as("b", b) && says("a", GARDEN) > 0.8 * before_a &&
               says("b", GARDEN) == before_b,
           "what they taught stays (%.2f, %.2f)", says("a", GARDEN), says("b", GARDEN));
    writer_init(&w, &arena);
    writer_format(&w, "%s/record/groups/", folder);
    snprintf(command, sizeof command, "test $(ls %s | grep -c weights) = 4", writer_c(&w));
    tap_ok(system(command) == 0, "a base for each group, and no other file");
    const float *a = copy_of("a");
    close_all();
    open_all(TWO);
    tap_ok(is_as("a", a) && is_as("b", b), "a keeper that begins reads them");
    use("[group a]\nmembers = @a.example\n");
    now_ms += (int64_t)200 * 86400000;
    SK_ASSERT(teach("u@a.example", BOATS, 71, false) != 0);
    use(TWO);
    tap_ok(is_as("b", b), "also of a group that was away when others were folded");
    snprintf(command, sizeof command, "for f in %s*; do printf X >> $f; done",
             writer_c(&w));
    SK_ASSERT(system(command) == 0);
    close_all();
    open_all(TWO);
    tap_ok(says("b", GARDEN) == 0, "a damaged base is told, and not used");
}

static void
test_damaged(void)
{
    use(TWO);
    const float *before = copy_of("a");
    uint64_t id = teach("z@a.example", GARDEN, 75, true);
    SK_ASSERT(id != 0 && has(id) && !is_as("a", before));
    for (size_t i = 0; i < lessons->book->count; i++) {
        if (lessons->book->entries[i].id == id) {
            SK_ASSERT(lesson_book_erase(lessons->book, i, &why) == SK_OK);
        }
    }
    SK_ASSERT(lessons_use_groups(lessons, weights, groups, &why) == SK_OK);
    tap_ok(is_as("a", before) && !has(id),
           "a lesson that is damaged in the book: the others count, it does not");
}

static void
test_withdrawing(void)
{
    struct keeping keeping = {.lessons = lessons};

    use("[group a]\nmembers = @a.example\n[group d]\nmembers = @d.example\n");
    SK_ASSERT(teach("u@d.example", GARDEN, 80, true) != 0);
    const float *before = copy_of("d");
    SK_ASSERT(teach("v@d.example", GARDEN, 81, true) != 0 && !is_as("d", before));
    tap_ok(lessons_forget(&keeping, BYTES("v@d.example"), FAMILY_BIT(FAMILY_SOURCE),
                          &why) == SK_OK &&
               !is_as("d", before),
           "a withdrawal of something else takes nothing");
    tap_ok(lessons_forget(&keeping, BYTES("v@d.example"), FAMILY_BIT(FAMILY_CONTENT),
                          &why) == SK_OK &&
               is_as("d", before),
           "who withdraws takes out of the group what he taught, bit for bit");
    tap_ok(lessons_forget(&keeping, BYTES("u@d.example"), FAMILY_BIT(FAMILY_CONTENT),
                          &why) == SK_OK &&
               group_is_zero(weights, slot_of("d")),
           "the last of them: every weight is zero");
}

int
main(void)
{
    struct writer w;

    setvbuf(stdout, NULL, _IOLBF, 0);
    arena_init(&arena, (size_t)1 << 30);
    SK_ASSERT(mkdtemp(folder) != NULL);
    writer_init(&w, &arena);
    writer_format(&w, "%s/record", folder);
    SK_ASSERT(mkdir(writer_c(&w), 0700) == 0);
    open_all(TWO);
    test_apart();
    test_undo();
    test_poison();
    test_review();
    test_again();
    test_moving();
    test_folding();
    test_withdrawing();
    test_damaged();
    close_all();
    writer_init(&w, &arena);
    writer_format(&w, "rm -rf %s", folder);
    (void)!system(writer_c(&w));
    arena_release(&arena);
    return tap_done();
}
