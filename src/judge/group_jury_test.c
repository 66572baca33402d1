/* Halves that hear one side of a group each, weights made anew, and what a verdict says of them. */
#include "judge/group_jury.h"

#include <math.h>

#include "base/tap.h"
#include "base/writer.h"
#include "judge/groups.h"

static struct arena arena;

/* Bit for bit: floats that are equal may differ in their bits. */
static bool
same_bits(const void *one, const void *other, size_t size)
{
    return bytes_equal(bytes_of(one, size), bytes_of(other, size));
}

static const struct letter *
letter_of(const char *words, int mark)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "From: a@sender.example\r\nSubject: %s\r\n\r\n%s number %d\r\n",
                  words, words, mark);
    return letter_read(&arena, writer_view(&w));
}

static struct bytes
lesson_of(const char *words, int mark)
{
    return judge_lesson(&arena, letter_of(words, mark));
}

static void
test_jury(struct judge *judge, struct group_weights *weights)
{
    static float before[GROUP_WEIGHTS];
    struct group_jury *jury;
    struct why why;
    double common, of_group;
    size_t slot, other;

    SK_ASSERT(group_jury_open(judge, weights, &jury, &why) == SK_OK &&
              group_take(weights, 11, &slot, &why) == SK_OK &&
              group_take(weights, 12, &other, &why) == SK_OK);
    for (int i = 0; i < 6; i++) {
        SK_ASSERT(group_jury_teach(jury, slot, 0, lesson_of("garden news", i), true,
                                   true) == SK_OK);
    }
    struct bytes new = lesson_of("garden news", 99);
    tap_ok(group_jury_moved(jury, slot, 1, new) > 1 &&
               group_jury_moved(jury, slot, 0, new) == 0 &&
               group_jury_moved(jury, other, 1, new) == 0,
           "side 0 taught: that speaks to side 1 of this group (%.2f)",
           group_jury_moved(jury, slot, 1, new));
    SK_ASSERT(judge_lesson_logit(judge, new, 11, &common, &of_group) == SK_OK);
    tap_ok(of_group > 1 && of_group <= GROUP_MOST, "and counts for the group (%.2f)",
           of_group);
    SK_ASSERT(judge_lesson_logit(judge, new, 12, &common, &of_group) == SK_OK);
    tap_ok(of_group == 0 &&
               judge_lesson_logit(judge, new, 99, &common, &of_group) == SK_OK &&
               of_group == 0,
           "for no other");
    tap_ok(group_jury_teach(jury, slot, 0, BYTES("x"), true, true) == SK_BAD &&
               group_jury_moved(jury, slot, 1, BYTES("x")) == 0,
           "what is no lesson is refused");

    /* One that is left out is as if it had never been taught. */
    memcpy(before, group_table(weights, slot), sizeof before);
    SK_ASSERT(group_jury_teach(jury, slot, 1, lesson_of("lottery", 1), false, true) ==
              SK_OK);
    tap_ok(!same_bits(before, group_table(weights, slot), sizeof before) &&
               group_jury_moved(jury, slot, 0, lesson_of("lottery", 2)) < -1,
           "another lesson, by the other side");
    memset(group_jury_begin(jury, slot), 0, sizeof before);
    tap_ok(group_jury_moved(jury, slot, 0, lesson_of("lottery", 2)) == 0,
           "begun again, the halves are nothing");
    for (int i = 0; i < 6; i++) {
        SK_ASSERT(group_jury_teach(jury, slot, 0, lesson_of("garden news", i), true,
                                   false) == SK_OK);
    }
    group_jury_take_over(jury, slot);
    tap_ok(same_bits(before, group_table(weights, slot), sizeof before) &&
               group_jury_moved(jury, slot, 1, new) > 1,
           "without it the weights are what they were, bit for bit");
    group_jury_close(jury);
}

static const struct finding *
judged(struct judge *judge, size_t i, bool consents)
{
    struct address_text {
        const char *at;
    } who[] = {{"a@in.example"}, {"b@out.example"}, {"c+x@in.example"}};
    struct permit_recipient allowed[3] = {0};
    struct arrival_recipient recipients[3] = {0};
    struct permit permit = {.recipients = allowed, .recipient_count = 3};
    struct arrival arrival = {.recipients = recipients, .recipient_count = 3};

    for (size_t k = 0; k < 3; k++) {
        allowed[k].families = FAMILY_BIT(FAMILY_SOURCE) |
                              (k < 2 || consents ? FAMILY_BIT(FAMILY_CONTENT) : 0);
        recipients[k].address = bytes_from_text(who[k].at);
        permit.union_families |= allowed[k].families;
    }
    const struct opinion *o =
        judge_letter(&arena, judge, &permit, &arrival, letter_of("garden news", 99), NULL);
    SK_ASSERT(o->of_group_count == 3);
    return o->of_group[i];
}

static void
test_verdict(struct judge *judge, struct group_weights *weights)
{
    static const struct config_key keys[] = {
        {"group", "members", CONFIG_LIST, "", .named = true},
        {"group", "file", CONFIG_TEXT, "", .named = true},
        {"permit", "detail", CONFIG_TEXT, "", .least = 0},
        {.name = NULL}};
    const struct config *config;
    const struct groups *groups;
    struct why why;
    size_t slot;

    SK_ASSERT(config_read(&arena, keys, BYTES("[group in]\nmembers = @in.example\n"),
                          &config, &why) == SK_OK &&
              groups_new(&arena, config, &groups, &why) == SK_OK &&
              group_take(weights, groups_id(groups, 0), &slot, &why) == SK_OK);
    double common, of_group;
    struct bytes lesson = lesson_of("garden news", 1);
    SK_ASSERT(judge_lesson_logit(judge, lesson, 0, &common, &of_group) == SK_OK);
    memcpy(group_table(weights, slot), group_table(weights, group_find(weights, 11)),
           GROUP_WEIGHTS * sizeof(float));
    const struct opinion *alone = judge_letter(
        &arena, judge, &(struct permit){.recipients = &(struct permit_recipient){0}},
        &(struct arrival){0}, letter_of("garden news", 99), NULL);
    tap_ok(alone->of_group == NULL, "who belongs together was not told: nobody does");
    judge_use_groups(judge, groups);
    const struct finding *a = judged(judge, 0, true), *c = judged(judge, 2, true);
    tap_ok(a != NULL && strcmp(a->name, "group_model") == 0 && a->weight > 1 &&
               a->family == FAMILY_CONTENT && c != NULL && c->weight == a->weight,
           "a member is told what his group says");
    tap_ok(judged(judge, 1, true) == NULL, "who is in no group is told nothing");
    tap_ok(judged(judge, 2, false) == NULL && judged(judge, 0, false) != NULL,
           "a member who does not allow content is told nothing");
    judge_use_groups(judge, NULL);
}

int
main(void)
{
    struct group_weights *weights;
    struct judge *judge;
    struct why why;

    arena_init(&arena, 512u << 20);
    SK_ASSERT(judge_open(&arena, NULL, &judge, &why) == SK_OK &&
              judge_swap(judge, "", &why) == SK_OK &&
              group_weights_open(&weights, &why) == SK_OK);
    judge_use_group_weights(judge, weights);
    test_jury(judge, weights);
    test_verdict(judge, weights);
    group_weights_close(weights);
    judge_close(judge);
    arena_release(&arena);
    return tap_done();
}
