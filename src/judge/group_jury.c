#include "judge/group_jury.h"

#include <sys/mman.h>

#include "judge/judge_private.h"

struct tables {
    float whole[GROUP_WEIGHTS];
    float half[LIMIT_GROUPS][2][GROUP_WEIGHTS];
};

struct group_jury {
    struct judge *judge;
    struct group_weights *weights;
    struct tables *tables;
};

enum sk_code
group_jury_open(struct judge *judge, struct group_weights *weights,
                struct group_jury **jury_r, struct why *why)
{
    static struct group_jury jury; /* one in a process: the keeper's */
    void *at = mmap(NULL, sizeof *jury.tables, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    SK_ASSERT(jury.tables == NULL);
    if (at == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "no memory for what groups say");
    }
    jury = (struct group_jury){judge, weights, at};
    *jury_r = &jury;
    return SK_OK;
}

void
group_jury_close(struct group_jury *jury)
{
    if (jury != NULL) {
        munmap(jury->tables, sizeof *jury->tables);
        *jury = (struct group_jury){0};
    }
}

float *
group_jury_begin(struct group_jury *jury, size_t slot)
{
    if (slot < LIMIT_GROUPS) {
        memset(jury->tables->half[slot], 0, sizeof jury->tables->half[slot]);
    }
    return jury->tables->whole;
}

enum sk_code
group_jury_teach(struct group_jury *jury, size_t slot, unsigned side, struct bytes lesson,
                 bool spam, bool now)
{
    enum sk_code code = judge_take_lesson(jury->judge, lesson);

    if (code != SK_OK) {
        return code;
    }
    const struct features *f = &jury->judge->features;
    group_table_learn(now ? group_table(jury->weights, slot) : jury->tables->whole, f,
                      spam);
    for (unsigned i = 0; i < 2 && slot < LIMIT_GROUPS; i++) {
        if (side == i || side == JURY_BOTH) {
            group_table_learn(jury->tables->half[slot][i], f, spam);
        }
    }
    return SK_OK;
}

void
group_jury_take_over(struct group_jury *jury, size_t slot)
{
    memcpy(group_table(jury->weights, slot), jury->tables->whole,
           sizeof jury->tables->whole);
}

double
group_jury_moved(struct group_jury *jury, size_t slot, unsigned side, struct bytes lesson)
{
    return judge_take_lesson(jury->judge, lesson) == SK_OK
               ? group_table_logit(jury->tables->half[slot][1 - (side & 1)],
                                   &jury->judge->features)
               : 0;
}
