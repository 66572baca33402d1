/* What the people of a group taught, for their group alone: weighed by what colleagues say, and taken back.
 *
 * As in lessons_teach.c, but on what is said within the group. A group's weights are its base and the entries of the book that
 * have LESSON_GROUP, in their order: made anew they are the same, bit for bit. What somebody's word counts in his group is kept apart from what it counts for all: who wants what most do
 * not want would else have no voice among those who want it too. It moves with what colleagues, people of no group and
 * the operator say of the same messages, with agreement from anywhere, and with what colleagues taught of mail like it. */
#define SK_BASE
#include "sekisho/lessons_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define FOLDER     "groups"
#define SEEN_LEAST 10 /* mails of each kind looked at before anybody is judged by them */
/* As LESSON_AGREES and LESSON_DISAGREES: a group's weights move half as far as the common model. */
#define AGREES     (LESSON_AGREES / 2)
#define DISAGREES  (LESSON_DISAGREES / 2)
#define BASES_MOST 512 /* groups whose bases are made anew; of others it goes */

static bool
same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, HASH_SHA256_SIZE) == 0;
}

static bool
is_spam(const struct lesson_entry *e)
{
    return (e->flags & LESSON_SPAM) != 0;
}

uint64_t
lessons_group_of(const struct lessons *l, struct bytes address)
{
    struct arena scratch;
    struct bytes name;

    if (l->group_weights == NULL || address.size == 0) {
        return 0;
    }
    arena_init(&scratch, 1u << 20);
    uint64_t group = personal_name(&scratch, address, l->separator, &name)
                         ? groups_of(l->groups, name)
                         : 0;
    arena_release(&scratch);
    return group;
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

void
lessons_group_unsettle(struct lessons *l, uint64_t group)
{
    for (size_t i = 0; l->group_weights != NULL && i < LIMIT_GROUPS; i++) {
        uint64_t there = group_in_slot(l->group_weights, i);
        if (there != 0 && (group == 0 || there == group)) {
            l->group_unsettled[i] = true;
        }
    }
}

/* The whole becomes a group's base. One that is damaged is told, and is nothing. */
static float *
begin(struct lessons *l, size_t slot, uint64_t group)
{
    float *whole = group_jury_begin(l->group_jury, slot);
    struct why why;

    if (group_load(l->group_folder, group, l->book->base, l->key, whole, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "groups: %s", why.sentence);
        memset(whole, 0, GROUP_WEIGHTS * sizeof *whole);
    }
    return whole;
}

static enum sk_code
teach(struct lessons *l, size_t slot, size_t at, bool now, struct why *why)
{
    const struct lesson_entry *e = &l->book->entries[at];
    struct arena scratch;
    struct bytes text;

    arena_init(&scratch, 1u << 20);
    enum sk_code code = lesson_book_text(&scratch, l->book, at, &text, why);
    if (code == SK_OK && group_jury_teach(l->group_jury, slot, lessons_side(e->reporter),
                                          text, is_spam(e), now) != SK_OK) {
        code = why_set(why, SK_BAD, "the lesson cannot be read");
    }
    arena_release(&scratch);
    return code;
}

static bool
has(const struct lesson_entry *e, uint64_t group)
{
    return e->group == group && (e->flags & LESSON_GROUP) != 0;
}

/* A lesson that cannot be read any more is told, and is as if it had never been taught: colleagues go on. */
enum sk_code
lessons_groups_settle(struct lessons *l, struct why *why)
{
    struct why cause;

    for (size_t slot = 0; l->group_weights != NULL && slot < LIMIT_GROUPS; slot++) {
        uint64_t group = group_in_slot(l->group_weights, slot);
        if (!l->group_unsettled[slot] || group == 0) {
            continue;
        }
        (void)begin(l, slot, group);
        for (size_t i = 0; i < l->book->count; i++) {
            struct lesson_entry *e = &l->book->entries[i];
            if (has(e, group) && teach(l, slot, i, false, &cause) != SK_OK) {
                log_line(LOG_LEVEL_ERROR, NULL, "groups: %s", cause.sentence);
                e->flags &= ~LESSON_GROUP;
                enum sk_code code = lesson_book_put(l->book, i, why);
                if (code != SK_OK) {
                    return code;
                }
            }
        }
        group_jury_take_over(l->group_jury, slot);
        l->group_unsettled[slot] = false;
    }
    return SK_OK;
}

/* --- bases -------------------------------------------------------------------------------------------------------- */

static void
note_group(uint64_t *groups, size_t *count, uint64_t group)
{
    size_t i = 0;

    while (i < *count && groups[i] != group) {
        i++;
    }
    if (i == *count && *count < BASES_MOST && group != 0) {
        groups[(*count)++] = group;
    }
}

/* Calls for each file of a base: remove it where its number is not `number`, or note its group where it is. */
static void
walk_files(struct lessons *l, uint64_t number, bool tidy, uint64_t *groups, size_t *count)
{
    int copy = openat(l->group_folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;
    uint64_t group, of;

    while (list != NULL && (entry = readdir(list)) != NULL) {
        bool base = group_file_read_name(entry->d_name, &group, &of);
        if (base && of == number && !tidy) {
            note_group(groups, count, group);
        } else if (tidy && ((base && of != number) ||
                            bytes_ends(bytes_from_text(entry->d_name), BYTES(".new")))) {
            (void)unlinkat(l->group_folder, entry->d_name, 0);
        }
    }
    if (list != NULL) {
        closedir(list);
    }
}

void
lessons_groups_tidy(struct lessons *l)
{
    if (l->group_folder >= 0) {
        walk_files(l, l->book->base, true, NULL, NULL);
    }
}

enum sk_code
lessons_groups_fold(struct lessons *l, const bool *keep, uint64_t next, struct why *why)
{
    static uint64_t groups[BASES_MOST];
    const struct lesson_book *b = l->book;
    size_t count = 0;
    enum sk_code code = SK_OK;

    if (l->group_weights == NULL) {
        return SK_OK;
    }
    walk_files(l, b->base, false, groups, &count);
    for (size_t i = 0; i < b->count; i++) {
        if (!keep[i] && (b->entries[i].flags & LESSON_GROUP) != 0) {
            note_group(groups, &count, b->entries[i].group);
        }
    }
    for (size_t g = 0; g < count && code == SK_OK; g++) {
        const float *whole = begin(l, GROUP_NONE, groups[g]);
        struct why cause;
        for (size_t i = 0; i < b->count; i++) {
            if (!keep[i] && has(&b->entries[i], groups[g]) &&
                teach(l, GROUP_NONE, i, false, &cause) != SK_OK) {
                log_line(LOG_LEVEL_ERROR, NULL, "groups: %s", cause.sentence);
            }
        }
        code = group_save(whole, groups[g], next, l->key, l->group_folder, why);
    }
    return code;
}

/* --- whom colleagues believe --------------------------------------------------------------------------------------- */

/* What colleagues said of somebody is counted under a name of its own. */
static void
voice_name(const struct lessons *l, const uint8_t *name, uint8_t voice_r[HASH_SHA256_SIZE])
{
    struct bytes parts[] = {BYTES("among colleagues\n"), bytes_of(name, HASH_SHA256_SIZE)};

    hash_hmac_sha256(bytes_of(l->key, sizeof l->key), parts, 2, voice_r);
}

static double
weight_of(struct lessons *l, const uint8_t *name)
{
    static const struct reporter unknown;
    uint8_t voice[HASH_SHA256_SIZE];

    if (same(name, lessons_nobody)) {
        return reporter_weight(NULL);
    }
    voice_name(l, name, voice);
    const struct reporter *r = lesson_book_reporter(l->book, voice);
    return reporter_weight(r != NULL ? r : &unknown);
}

/* The sum of all words on a message within a group; taught_r: the entry by which its weights have it, or SIZE_MAX. by_r: the
 * latest that says what the sum says. */
static double
net_of(struct lessons *l, const uint8_t *message, uint64_t group, size_t *taught_r,
       size_t *by_r)
{
    struct lesson_book *b = l->book;
    double net = 0;

    *taught_r = *by_r = SIZE_MAX;
    for (size_t i = 0; i < b->count; i++) {
        const struct lesson_entry *e = &b->entries[i];
        if (e->group == group && same(e->message, message)) {
            *taught_r = (e->flags & LESSON_GROUP) != 0 ? i : *taught_r;
            if (lesson_stands(e)) {
                double weight = weight_of(l, e->reporter);
                net += is_spam(e) ? weight : -weight;
            }
        }
    }
    for (size_t i = 0; i < b->count; i++) {
        const struct lesson_entry *e = &b->entries[i];
        if (e->group == group && same(e->message, message) && lesson_stands(e) &&
            is_spam(e) == (net > 0)) {
            *by_r = i;
        }
    }
    return net;
}

/* Whether the weights know a lesson that came after it. */
static bool
is_late(const struct lesson_book *b, size_t at, uint64_t group)
{
    for (size_t i = at + 1; i < b->count; i++) {
        if (has(&b->entries[i], group)) {
            return true;
        }
    }
    return false;
}

enum sk_code
lessons_group_settle(struct lessons *l, const uint8_t *message, uint64_t group,
                     struct why *why)
{
    struct lesson_book *b = l->book;
    size_t taught, by, slot;
    enum sk_code code = SK_OK;

    if (l->group_weights == NULL || group == 0) {
        return SK_OK;
    }
    double net = net_of(l, message, group, &taught, &by);
    bool wanted = net > LESSONS_QUORUM || net < -LESSONS_QUORUM;
    if (taught != SIZE_MAX && (!wanted || !lesson_stands(&b->entries[taught]) ||
                               is_spam(&b->entries[taught]) != (net > 0))) {
        b->entries[taught].flags &= ~LESSON_GROUP;
        lessons_group_unsettle(l, group);
        code = lesson_book_put(b, taught, why);
        taught = SIZE_MAX;
    }
    if (code != SK_OK || !wanted || taught != SIZE_MAX || by == SIZE_MAX) {
        return code;
    }
    b->entries[by].flags |= LESSON_GROUP;
    code = lesson_book_put(b, by, why);
    if (code != SK_OK || groups_name(l->groups, group).size == 0) {
        return code; /* a group of before: there is nobody whom it would count for */
    }
    bool first = group_find(l->group_weights, group) == GROUP_NONE;
    code = group_take(l->group_weights, group, &slot, why);
    if (code == SK_OK && (first || l->group_unsettled[slot] || is_late(b, by, group))) {
        l->group_unsettled[slot] = true;
        return SK_OK;
    }
    return code == SK_OK ? teach(l, slot, by, true, why) : code;
}

enum sk_code
lessons_group_adjust(struct lessons *l, const uint8_t *name, double agreed,
                     double disagreed, struct why *why)
{
    struct lesson_book *b = l->book;
    uint8_t voice[HASH_SHA256_SIZE];

    if (same(name, lessons_nobody)) {
        return SK_OK;
    }
    double before = weight_of(l, name);
    voice_name(l, name, voice);
    struct reporter *r = lesson_book_reporter_made(b, voice);
    const struct reporter *himself = lesson_book_reporter(b, name);
    r->last_ms = himself != NULL ? himself->last_ms : r->last_ms;
    r->agreed += (uint32_t)(agreed * LESSON_VOICE);
    r->disagreed += (uint32_t)(disagreed * LESSON_VOICE);
    enum sk_code code = lesson_book_put_reporter(b, r, why);
    double after = weight_of(l, name);
    if ((before > LESSONS_QUORUM) == (after > LESSONS_QUORUM)) {
        return code;
    }
    for (size_t i = 0; i < b->count && code == SK_OK; i++) {
        const struct lesson_entry *e = &b->entries[i];
        if (same(e->reporter, name) && lesson_stands(e)) {
            code = lessons_group_settle(l, e->message, e->group, why);
        }
    }
    return code;
}

enum sk_code
lessons_group_forget(struct lessons *l, const uint8_t *name, struct why *why)
{
    uint8_t voice[HASH_SHA256_SIZE];

    voice_name(l, name, voice);
    struct reporter *r = lesson_book_reporter(l->book, voice);
    if (r == NULL) {
        return SK_OK;
    }
    *r = (struct reporter){0};
    return lesson_book_put_reporter(l->book, r, why);
}

/* The new word against those of colleagues on the same message. */
static enum sk_code
compare(struct lessons *l, size_t new, struct why *why)
{
    struct lesson_book *b = l->book;
    const struct lesson_entry *mine = &b->entries[new];
    double my_weight = weight_of(l, mine->reporter);
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < new &&code == SK_OK; i++) {
        const struct lesson_entry *e = &b->entries[i];
        if (e->group != mine->group || !same(e->message, mine->message) ||
            !lesson_stands(e) || same(e->reporter, mine->reporter)) {
            continue;
        }
        double weight = weight_of(l, e->reporter);
        bool agree = is_spam(e) == is_spam(mine);
        code = lessons_group_adjust(l, e->reporter, agree ? my_weight : 0,
                                    agree ? 0 : my_weight, why);
        if (code == SK_OK) {
            code = lessons_group_adjust(l, mine->reporter, agree ? weight : 0,
                                        agree ? 0 : weight, why);
        }
    }
    return code;
}

/* Whether what colleagues taught speaks for what somebody said earlier, or against it. Those it has spoken about go on to tell
 * where wanted and unwanted mail stand: the middle between what is left would lie where the liars are. */
static enum sk_code
review(struct lessons *l, struct why *why)
{
    struct lesson_book *b = l->book;
    struct arena scratch;
    struct bytes text;
    enum sk_code code = SK_OK;

    for (size_t n = 0, looked = 0;
         n < b->count && looked < LIMIT_LESSON_REVIEWS && code == SK_OK; n++) {
        size_t i = l->group_cursor < b->count ? l->group_cursor : 0;
        l->group_cursor = i + 1;
        struct lesson_entry *e = &b->entries[i];
        size_t slot = group_find(l->group_weights, e->group);
        if (slot == GROUP_NONE || l->group_unsettled[slot] || !lesson_stands(e) ||
            same(e->reporter, lessons_nobody) || e->id + LESSON_REVIEW_AFTER > b->next_id) {
            continue;
        }
        looked++;
        arena_init(&scratch, 1u << 20);
        code = lesson_book_text(&scratch, b, i, &text, why);
        double moved = code == SK_OK ? group_jury_moved(l->group_jury, slot,
                                                        lessons_side(e->reporter), text)
                                     : 0;
        arena_release(&scratch);
        struct moved *kinds = l->group_moved[slot];
        lessons_see(&kinds[is_spam(e)], moved);
        moved -= (kinds[0].mean + kinds[1].mean) / 2;
        moved = is_spam(e) ? moved : -moved;
        bool enough = kinds[0].seen >= SEEN_LEAST && kinds[1].seen >= SEEN_LEAST;
        if (code == SK_OK && enough && (e->flags & LESSON_WEIGHED) == 0 &&
            (moved > AGREES || moved < -DISAGREES)) {
            e->flags |= LESSON_WEIGHED;
            code = lesson_book_put(b, i, why);
            if (code == SK_OK) {
                code = lessons_group_adjust(l, e->reporter, moved > 0, moved < 0, why);
            }
        }
    }
    return code;
}

enum sk_code
lessons_group_taught(struct lessons *l, size_t at, struct why *why)
{
    const struct lesson_entry *e = &l->book->entries[at];
    uint64_t group = e->group;

    if (l->group_weights == NULL || group == 0) {
        return SK_OK;
    }
    enum sk_code code = compare(l, at, why);
    if (code == SK_OK) {
        code = lessons_group_settle(l, e->message, group, why);
    }
    return code == SK_OK ? review(l, why) : code;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static enum sk_code
open_first(struct lessons *l, struct group_weights *weights, struct why *why)
{
    if (mkdirat(l->record, FOLDER, 0700) != 0 && errno != EEXIST) {
        return why_set(why, SK_SYSTEM, "the folder of groups' weights cannot be made");
    }
    l->group_folder =
        openat(l->record, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (l->group_folder < 0) {
        return why_set(why, SK_SYSTEM, "the folder of groups' weights cannot be opened");
    }
    enum sk_code code = group_jury_open(l->judge, weights, &l->group_jury, why);
    if (code == SK_OK) {
        l->group_weights = weights;
        lessons_groups_tidy(l);
    }
    return code;
}

enum sk_code
lessons_use_groups(struct lessons *l, struct group_weights *weights,
                   const struct groups *groups, struct why *why)
{
    static uint64_t all[BASES_MOST];
    size_t count = 0, slot;
    enum sk_code code = SK_OK;

    if (l->group_weights == NULL) {
        code = open_first(l, weights, why);
    }
    if (code != SK_OK) {
        return code;
    }
    l->groups = groups;
    judge_use_groups(l->judge, groups);
    for (slot = 0; slot < LIMIT_GROUPS; slot++) {
        uint64_t group = group_in_slot(weights, slot);
        if (group != 0 && groups_name(groups, group).size == 0) {
            group_give_up(weights, slot);
            l->group_unsettled[slot] = false;
            memset(l->group_moved[slot], 0, sizeof l->group_moved[slot]);
        }
    }
    walk_files(l, l->book->base, false, all, &count);
    for (size_t i = 0; i < l->book->count; i++) {
        if ((l->book->entries[i].flags & LESSON_GROUP) != 0) {
            note_group(all, &count, l->book->entries[i].group);
        }
    }
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        if (groups_name(groups, all[i]).size > 0) {
            code = group_take(weights, all[i], &slot, why);
        }
    }
    lessons_group_unsettle(l, 0);
    return code == SK_OK ? lessons_groups_settle(l, why) : code;
}
