/* What people said of mail: weighed, taught, held against what others say, and taken back. */
#define SK_BASE
#include "sekisho/lessons_private.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/writer.h"
#include "sekisho/roles.h"

#define DAY_MS     86400000
#define SEEN_LEAST 20  /* mails of each kind looked at before anybody is judged by them */
#define SEEN_MOST  200 /* beyond, older ones fade */

const struct config_key learn_config_keys[] = {
    {"learn", "daily", CONFIG_NUMBER, "200", 1, 100000,
     .help = "Lessons that one reporter may give in a day."},
    {"learn", "keep", CONFIG_TIME, "180d", 1000, 3650ll * DAY_MS,
     .help = "How long a lesson can be taken back; then its text is erased, and what it "
             "taught stays."},
    {.name = NULL},
};

static const uint8_t *
name_of(const struct lesson_entry *e)
{
    return e->reporter;
}

static bool
is_spam(const struct lesson_entry *e)
{
    return (e->flags & LESSON_SPAM) != 0;
}

static bool
same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, HASH_SHA256_SIZE) == 0;
}

/* Of the two halves of the jury, the one that hears him; the operator is heard by both. */
unsigned
lessons_side(const uint8_t *reporter)
{
    return same(reporter, lessons_nobody) ? JURY_BOTH : reporter[0] & 1u;
}

static void
complain(const struct why *why)
{
    log_line(LOG_LEVEL_ERROR, NULL, "lessons: %s", why->sentence);
}

/* --- the common model --------------------------------------------------------------------------------------------- */

struct turn {
    uint64_t taught;
    size_t at;
};

static int
by_turn(const void *a, const void *b)
{
    const struct turn *x = a, *y = b;

    return x->taught < y->taught ? -1 : x->taught > y->taught;
}

/* The entries that the common model has, in the order it got them; up to `last`. */
static size_t
turns_of(const struct lesson_book *book, struct turn *turns, uint64_t last)
{
    size_t count = 0;

    for (size_t i = 0; i < book->count; i++) {
        uint64_t taught = book->entries[i].taught;
        if (taught != 0 && taught <= last) {
            turns[count++] = (struct turn){taught, i};
        }
    }
    qsort(turns, count, sizeof turns[0], by_turn);
    return count;
}

/* The base and all lessons that count, into the jury's whole. */
static enum sk_code
replay(struct lessons *l, struct why *why)
{
    static struct turn turns[LIMIT_LESSONS];
    struct lesson_book *b = l->book;
    struct arena scratch;
    struct bytes text;

    arena_init(&scratch, 1u << 20);
    enum sk_code code = jury_begin(l->jury, lesson_book_base(&scratch, b, b->base), why);
    size_t count = turns_of(b, turns, UINT64_MAX);
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        const struct lesson_entry *e = &b->entries[turns[i].at];
        arena_release(&scratch);
        arena_init(&scratch, 1u << 20);
        code = lesson_book_text(&scratch, b, turns[i].at, &text, why);
        if (code == SK_OK) {
            code = jury_teach(l->jury, lessons_side(name_of(e)), text, is_spam(e), true);
        }
    }
    arena_release(&scratch);
    return code;
}

/* Makes the model anew where it holds what it should not. */
enum sk_code
lessons_settle_all(struct lessons *l, struct why *why)
{
    enum sk_code code = lessons_groups_settle(l, why);

    if (!l->unsettled || code != SK_OK) {
        return code;
    }
    code = lesson_book_stale(l->book, true, why);
    if (code == SK_OK && l->jury != NULL) {
        code = replay(l, why);
        if (code == SK_OK) {
            jury_take_over(l->jury, l->judge);
            code = judge_save(l->judge, l->model_path, why);
        }
        if (code == SK_OK) {
            code = lesson_book_stale(l->book, false, why);
        }
    }
    l->unsettled = code != SK_OK;
    return code;
}

/* The first lesson: what the model was before. */
enum sk_code
lessons_make_base(struct lessons *l, struct why *why)
{
    static bool all[LIMIT_LESSONS];
    struct arena scratch;

    if (l->book->base != 0) {
        return SK_OK;
    }
    memset(all, 1, sizeof all);
    arena_init(&scratch, 1u << 20);
    enum sk_code code =
        jury_save_base(l->jury, lesson_book_base(&scratch, l->book, 1), why);
    arena_release(&scratch);
    if (code == SK_OK) {
        code = judge_save(l->judge, l->model_path, why);
    }
    if (code == SK_OK) {
        code = lessons_write_shipped(l, l->shipped, 1, why);
    }
    return code == SK_OK ? lesson_book_keep(l->book, all, 1, why) : code;
}

static enum sk_code
teach_common(struct lessons *l, size_t i, struct why *why)
{
    struct lesson_entry *e = &l->book->entries[i];
    struct arena scratch;
    struct bytes text;

    enum sk_code code = lessons_make_base(l, why);
    e = &l->book->entries[i];
    arena_init(&scratch, 1u << 20);
    if (code == SK_OK) {
        code = lesson_book_text(&scratch, l->book, i, &text, why);
    }
    if (code == SK_OK &&
        (judge_teach(l->judge, text, is_spam(e)) != SK_OK ||
         jury_teach(l->jury, lessons_side(name_of(e)), text, is_spam(e), false) != SK_OK)) {
        code = why_set(why, SK_BAD, "the lesson cannot be read");
    }
    arena_release(&scratch);
    if (code == SK_OK) {
        e->taught = e->id;
        l->changed = true;
        code = lesson_book_put(l->book, i, why);
    }
    return code;
}

/* The oldest go into the base: what they taught stays, and cannot be taken back any more. */
static enum sk_code
fold(struct lessons *l, size_t oldest, struct why *why)
{
    static struct turn turns[LIMIT_LESSONS];
    static bool keep[LIMIT_LESSONS];
    struct lesson_book *b = l->book;
    uint64_t last = 0;
    struct arena scratch;
    struct bytes text;
    struct why cause;

    for (size_t i = 0; i < b->count; i++) {
        uint64_t taught = b->entries[i].taught;
        last = i < oldest && taught > last ? taught : last;
    }
    for (size_t i = 0; i < b->count; i++) {
        uint64_t taught = b->entries[i].taught;
        keep[i] = i >= oldest && (taught == 0 || taught > last);
    }
    arena_init(&scratch, 1u << 20);
    enum sk_code code = lessons_make_base(l, why);
    if (code == SK_OK) {
        code = jury_begin(l->jury, lesson_book_base(&scratch, b, b->base), why);
    }
    size_t count = turns_of(b, turns, last);
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        arena_release(&scratch);
        arena_init(&scratch, 1u << 20);
        if (lesson_book_text(&scratch, b, turns[i].at, &text, &cause) != SK_OK ||
            jury_fold(l->jury, text, is_spam(&b->entries[turns[i].at])) != SK_OK) {
            complain(&cause);
        }
    }
    uint64_t next = b->base + 1;
    const char *path = lesson_book_base(&scratch, b, next);
    if (code == SK_OK) {
        code = jury_save_base(l->jury, path, why);
    }
    arena_release(&scratch);
    if (code == SK_OK) {
        code = lessons_write_shipped(l, l->shipped, next, why);
    }
    if (code == SK_OK) {
        code = lessons_groups_fold(l, keep, next, why);
    }
    if (code == SK_OK) {
        code = lesson_book_keep(b, keep, next, why);
    }
    if (code == SK_OK) {
        lessons_groups_tidy(l);
        lessons_drop_shipped(l, next - 1);
        lessons_group_unsettle(l, 0);
    }
    l->cursor = 0;
    return code == SK_OK ? replay(l, why) : code;
}

/* What has been kept long enough, or a quarter where the book is full. */
static enum sk_code
fold_old(struct lessons *l, int64_t now_ms, bool *folded_r, struct why *why)
{
    const struct lesson_book *b = l->book;
    size_t oldest = b->count == LIMIT_LESSONS ? LIMIT_LESSONS / 4 : 0;

    while (oldest < b->count && b->entries[oldest].time_ms < now_ms - l->keep_ms) {
        oldest++;
    }
    *folded_r = oldest > 0;
    return oldest > 0 ? fold(l, oldest, why) : SK_OK;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* Nothing that is kept has to do with the model that is there. */
static enum sk_code
drop_all(struct lessons *l, struct why *why)
{
    static bool none[LIMIT_LESSONS];

    log_line(LOG_LEVEL_NOTICE, NULL,
             "the learned model was set back or replaced: earlier lessons cannot be taken "
             "back any more");
    memset(none, 0, sizeof none);
    l->book->stale = false;
    uint64_t before = l->book->base;
    l->book->base = 0;
    lessons_drop_shipped(l, before);
    l->book->base = before;
    return lesson_book_keep(l->book, none, 0, why);
}

enum sk_code
lessons_open_book(struct lessons *l, struct arena *arena, const struct config *config,
                  struct why *why)
{
    uint64_t spam, ham, whole_spam, whole_ham;
    struct writer w;
    struct why cause;

    writer_init(&w, arena);
    writer_bytes(&w, config_text(config, "record.folder"));
    writer_text(&w, "/" LEARNED_MODEL);
    l->model_path = writer_c(&w);
    l->daily = config_number(config, "learn.daily");
    l->keep_ms = config_number(config, "learn.keep");
    enum sk_code code = lesson_book_open(arena, config, &l->book, why);
    if (code != SK_OK || l->judge == NULL) {
        return code;
    }
    code = jury_open(l->judge, &l->jury, why);
    if (code != SK_OK || l->book->base == 0) {
        return code;
    }
    if (access(l->model_path, F_OK) != 0) {
        return drop_all(l, why);
    }
    if (replay(l, &cause) != SK_OK) {
        complain(&cause);
        return drop_all(l, why);
    }
    judge_counts(l->judge, &spam, &ham);
    jury_counts(l->jury, &whole_spam, &whole_ham);
    if (spam == whole_spam && ham == whole_ham && !l->book->stale) {
        return SK_OK;
    }
    /* Lessons of the last seconds of a keeper that was killed, or a withdrawal while none ran. */
    if (l->book->stale || (spam <= whole_spam && ham <= whole_ham)) {
        l->unsettled = true;
        return lessons_settle_all(l, why);
    }
    return drop_all(l, why);
}

/* --- whom to believe ---------------------------------------------------------------------------------------------- */

/* Whether the model knows a lesson that came after it: what counts stands in the order in which it was said, whenever it was
 * believed, or the model would remember best who was believed last. */
static bool
is_late(const struct lesson_book *b, size_t at)
{
    for (size_t i = at + 1; i < b->count; i++) {
        if (b->entries[i].taught != 0) {
            return true;
        }
    }
    return false;
}

/* What is said of a message as a whole, and whether the common model has it so. latest: the entry that it is taught by where
 * it is not yet. */
static enum sk_code
settle(struct lessons *l, const uint8_t *message, struct why *why)
{
    struct lesson_book *b = l->book;
    size_t taught, by = SIZE_MAX;
    bool any;
    double net = lesson_book_net(b, message, &taught, &any);
    bool wanted = net > LESSONS_QUORUM || net<-LESSONS_QUORUM, spam = net> 0;
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < b->count; i++) {
        const struct lesson_entry *e = &b->entries[i];
        if (same(e->message, message)) {
            wanted = wanted && (e->flags & LESSON_BEFORE) == 0;
            if (lesson_stands(e) && is_spam(e) == spam) {
                by = i;
            }
        }
    }
    if (taught != SIZE_MAX && (!wanted || !lesson_stands(&b->entries[taught]) ||
                               is_spam(&b->entries[taught]) != spam)) {
        b->entries[taught].taught = 0;
        l->unsettled = true;
        code = lesson_book_put(b, taught, why);
        taught = SIZE_MAX;
    }
    if (code != SK_OK || !wanted || taught != SIZE_MAX || by == SIZE_MAX) {
        return code;
    }
    if (l->unsettled || is_late(b, by)) {
        b->entries[by].taught = b->entries[by].id;
        l->unsettled = true;
        return lesson_book_put(b, by, why);
    }
    return teach_common(l, by, why);
}

/* Others spoke about what he said. Where that makes him believed, or not any more, all that he said is looked at again. */
static enum sk_code
adjust(struct lessons *l, const uint8_t *name, double agreed, double disagreed,
       struct why *why)
{
    struct lesson_book *b = l->book;
    struct reporter *r = lesson_book_reporter(b, name);
    enum sk_code code = SK_OK;

    if (r == NULL) {
        return SK_OK;
    }
    double before = reporter_weight(r);
    r->agreed += (uint32_t)(agreed * LESSON_VOICE);
    r->disagreed += (uint32_t)(disagreed * LESSON_VOICE);
    code = lesson_book_put_reporter(b, r, why);
    double after = reporter_weight(r);
    if (code != SK_OK || (before > LESSONS_QUORUM) == (after > LESSONS_QUORUM)) {
        return code;
    }
    for (size_t i = 0; i < b->count && code == SK_OK; i++) {
        if (same(b->entries[i].reporter, name) && lesson_stands(&b->entries[i])) {
            code = settle(l, b->entries[i].message, why);
        }
    }
    return code;
}

double
lessons_weight(struct lessons *l, const uint8_t *name)
{
    struct lesson_book *b = l->book;

    return same(name, lessons_nobody) ? reporter_weight(NULL)
                                      : reporter_weight(lesson_book_reporter_made(b, name));
}

/* The new word against all others on the same message: each counts as much as he is believed who says it. People of two
 * groups may want different things: they can agree with each other, but do not contradict. */
static enum sk_code
compare(struct lessons *l, size_t new, struct why *why)
{
    struct lesson_book *b = l->book;
    const struct lesson_entry *mine = &b->entries[new];
    double my_weight = lessons_weight(l, mine->reporter);
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < new &&code == SK_OK; i++) {
        const struct lesson_entry *e = &b->entries[i];
        if (!same(e->message, mine->message) || !lesson_stands(e) ||
            same(e->reporter, mine->reporter)) {
            continue;
        }
        double weight = lessons_weight(l, e->reporter);
        bool agree = is_spam(e) == is_spam(mine),
             apart = e->group != 0 && mine->group != 0 && e->group != mine->group;
        if (apart && !agree) {
            continue;
        }
        code = adjust(l, e->reporter, agree ? my_weight : 0, agree ? 0 : my_weight, why);
        if (code == SK_OK) {
            code = adjust(l, mine->reporter, agree ? weight : 0, agree ? 0 : weight, why);
        }
        if (code == SK_OK && e->group != 0 && e->group != mine->group) {
            code = lessons_group_adjust(l, e->reporter, agree ? my_weight : 0,
                                        agree ? 0 : my_weight, why);
        }
        if (code == SK_OK && mine->group != 0 && e->group != mine->group) {
            code = lessons_group_adjust(l, mine->reporter, agree ? weight : 0,
                                        agree ? 0 : weight, why);
        }
    }
    return code;
}

/* How far mails of a kind are moved on the whole: whatever is taught moves all mail a little, and more unwanted mail than
 * wanted is reported, or the other way. */
void
lessons_see(struct moved *kind, double moved)
{
    kind->seen += kind->seen < SEEN_MOST;
    kind->mean += (moved - kind->mean) / kind->seen;
}

/* Whether what others taught since has moved what somebody said in his direction, or the other way. */
static enum sk_code
review(struct lessons *l, struct why *why)
{
    struct lesson_book *b = l->book;
    struct arena scratch;
    struct bytes text;
    enum sk_code code = SK_OK;

    for (size_t n = 0, looked = 0;
         n < b->count && looked < LIMIT_LESSON_REVIEWS && code == SK_OK; n++) {
        size_t i = l->cursor++ % b->count;
        struct lesson_entry *e = &b->entries[i];
        if (!lesson_stands(e) || (e->flags & LESSON_REVIEWED) != 0 ||
            same(e->reporter, lessons_nobody) || e->id + LESSON_REVIEW_AFTER > b->next_id) {
            continue;
        }
        looked++;
        arena_init(&scratch, 1u << 20);
        code = lesson_book_text(&scratch, b, i, &text, why);
        double moved =
            code == SK_OK ? jury_moved(l->jury, lessons_side(e->reporter), text) : 0;
        arena_release(&scratch);
        lessons_see(&l->moved[is_spam(e)], moved);
        moved -= (l->moved[0].mean + l->moved[1].mean) / 2;
        moved = is_spam(e) ? moved : -moved;
        bool enough = l->moved[0].seen >= SEEN_LEAST && l->moved[1].seen >= SEEN_LEAST;
        if (code == SK_OK && enough &&
            (moved > LESSON_AGREES || moved < -LESSON_DISAGREES)) {
            e->flags |= LESSON_REVIEWED;
            code = lesson_book_put(b, i, why);
            if (code == SK_OK) {
                code = adjust(l, e->reporter, moved > 0, moved < 0, why);
            }
        }
    }
    return code;
}

/* --- teaching ----------------------------------------------------------------------------------------------------- */

/* His own weights; a word that he takes back himself goes out of them first. */
static enum sk_code
teach_personal(struct lessons *l, const struct personal_id *id, const struct lesson *lesson,
               const struct lesson_entry *before, size_t before_at, struct lesson_entry *e,
               struct why *why)
{
    struct arena scratch;
    struct bytes text;
    size_t slot;
    enum sk_code code = personal_take(l->personal, id, &slot, why);

    if (code == SK_OK && before != NULL && before->step != 0) {
        arena_init(&scratch, 1u << 20);
        if (lesson_book_text(&scratch, l->book, before_at, &text, why) == SK_OK) {
            code =
                judge_unteach_personal(l->judge, slot, text, is_spam(before), before->step);
        }
        arena_release(&scratch);
    }
    if (code == SK_OK && judge_teach_personal(l->judge, slot, lesson->text, e->group,
                                              lesson->spam, &e->step) != SK_OK) {
        code = why_set(why, SK_BAD, "the lesson cannot be read");
    }
    return code == SK_OK ? personal_save(l->personal, slot, l->folder, why) : code;
}

static bool
find_mine(const struct lesson_book *b, const struct lesson_entry *like, size_t *at_r)
{
    for (size_t i = b->count; i-- > 0;) {
        const struct lesson_entry *e = &b->entries[i];
        if (lesson_stands(e) && same(e->message, like->message) &&
            same(e->reporter, like->reporter) && same(e->name, like->name)) {
            *at_r = i;
            return true;
        }
    }
    return false;
}

static enum sk_code
count_today(struct lessons *l, const struct lesson *lesson, const uint8_t *name,
            struct why *why)
{
    struct reporter *r = lesson_book_reporter_made(l->book, name);
    uint32_t day = (uint32_t)(lesson->now_ms / DAY_MS);

    if (r == NULL) {
        return SK_OK;
    }
    r->today = r->day == day ? r->today : 0;
    if (r->today >= l->daily) {
        return why_set(why, SK_LIMIT, "he has given %lld lessons today",
                       (long long)l->daily);
    }
    r->day = day;
    r->today++;
    r->last_ms = lesson->now_ms;
    return lesson_book_put_reporter(l->book, r, why);
}

static void
note_line(struct lessons *l, const struct lesson_line *line)
{
    lessons_remember(l, line);
    if (write(l->learned, line, sizeof *line) != (ssize_t)sizeof *line) {
        log_line(LOG_LEVEL_ERROR, NULL, "what was learned could not be noted");
    }
}

/* Into the book, and from there into the common model. */
static enum sk_code
teach_kept(struct lessons *l, const struct lesson *lesson, struct lesson_entry *e,
           size_t mine, struct why *why)
{
    struct lesson_book *b = l->book;
    enum sk_code code = SK_OK;
    size_t at;

    bool folded;
    code = fold_old(l, lesson->now_ms, &folded, why);
    if (folded && !find_mine(b, e, &mine)) {
        mine = SIZE_MAX;
    }
    if (code == SK_OK) {
        code = lesson_book_add(b, e, lesson->text, &at, why);
    }
    if (code == SK_OK && mine != SIZE_MAX) {
        b->entries[mine].flags |= LESSON_REPLACED;
        code = lesson_book_put(b, mine, why);
    }
    if (code == SK_OK) {
        code = compare(l, at, why);
    }
    if (code == SK_OK) {
        code = settle(l, e->message, why);
    }
    if (code == SK_OK) {
        code = lessons_group_taught(l, at, why);
    }
    if (code == SK_OK) {
        code = review(l, why);
    }
    return code == SK_OK ? lessons_settle_all(l, why) : code;
}

static void
name_in(const struct lessons *l, struct bytes address, struct personal_id *id_r,
        bool *named_r)
{
    struct arena scratch;
    struct bytes name;

    arena_init(&scratch, 1u << 20);
    *named_r = address.size > 0 && personal_name(&scratch, address, l->separator, &name);
    if (*named_r) {
        personal_id_of(l->key, name, id_r);
    }
    arena_release(&scratch);
}

enum sk_code
lessons_teach(struct lessons *l, const struct lesson *lesson, bool *already_r,
              uint64_t *id_r, struct why *why)
{
    struct personal_id id = {0}, who = {0};
    struct lesson_entry e = {.time_ms = lesson->now_ms};
    struct lesson_line line;
    size_t mine = SIZE_MAX, taught;
    bool named, reported, any;
    enum sk_code code = SK_OK;

    name_in(l, lesson->recipient, &id, &named);
    name_in(l, lesson->reporter, &who, &reported);
    lessons_line(l, lesson->digest, lesson->spam ? 's' : 'h', id.name, &line);
    memcpy(e.message, line.message, sizeof e.message);
    memcpy(e.name, id.name, sizeof e.name);
    memcpy(e.reporter, who.name, sizeof e.reporter);
    e.flags = lesson->spam ? LESSON_SPAM : 0;
    bool common = lessons_known(l, &line, lessons_nobody),
         his = !named || lessons_known(l, &line, id.name),
         found = find_mine(l->book, &e, &mine);
    (void)lesson_book_net(l->book, e.message, &taught, &any);
    *id_r = 0;
    *already_r =
        his && (found ? is_spam(&l->book->entries[mine]) == lesson->spam : common && !any);
    if (*already_r) {
        *id_r = found ? l->book->entries[mine].id : 0;
        return SK_OK;
    }
    e.flags |= common && !any ? LESSON_BEFORE : 0;
    e.group = lessons_group_of(l, lesson->recipient);
    code = count_today(l, lesson, who.name, why);
    if (code == SK_OK && !his) { /* first: where he cannot be taught, nothing is */
        code = teach_personal(l, &id, lesson, found ? &l->book->entries[mine] : NULL, mine,
                              &e, why);
    }
    if (code == SK_OK) {
        code = teach_kept(l, lesson, &e, found ? mine : SIZE_MAX, why);
    }
    if (code == SK_OK) {
        note_line(l, &line);
        *id_r = e.id;
    }
    return code;
}

/* --- taking back -------------------------------------------------------------------------------------------------- */

enum sk_code
lessons_undo(struct lessons *l, uint64_t id, struct why *why)
{
    struct lesson_book *b = l->book;
    size_t i = 0;

    while (i < b->count && b->entries[i].id != id) {
        i++;
    }
    if (i == b->count || !lesson_stands(&b->entries[i])) {
        return why_set(why, SK_BAD, "there is no lesson %llu that could be taken back",
                       (unsigned long long)id);
    }
    struct lesson_entry *e = &b->entries[i];
    struct lesson_line line = {.kind = 'u'};
    struct arena scratch;
    struct bytes text;
    enum sk_code code = SK_OK;
    memcpy(line.message, e->message, sizeof line.message);
    memcpy(line.name, e->name, sizeof line.name);
    for (size_t slot = 0; slot < LIMIT_PERSONAL_RECIPIENTS && e->step != 0; slot++) {
        const struct personal_id *there = personal_slot_id(l->personal, slot);
        if (there == NULL || !same(there->name, e->name)) {
            continue;
        }
        arena_init(&scratch, 1u << 20);
        code = lesson_book_text(&scratch, b, i, &text, why);
        if (code == SK_OK) {
            code = judge_unteach_personal(l->judge, slot, text, is_spam(e), e->step);
        }
        arena_release(&scratch);
        if (code == SK_OK) {
            code = personal_save(l->personal, slot, l->folder, why);
        }
    }
    if (code == SK_OK) {
        e->flags |= LESSON_UNDONE;
        code = lesson_book_put(b, i, why);
    }
    if (code == SK_OK) {
        note_line(l, &line);
        code = adjust(l, e->reporter, 0, reporter_weight(NULL), why);
    }
    if (code == SK_OK && e->group != 0) {
        code = lessons_group_adjust(l, e->reporter, 0, reporter_weight(NULL), why);
    }
    if (code == SK_OK) {
        code = settle(l, e->message, why);
    }
    if (code == SK_OK) {
        code = lessons_group_settle(l, e->message, e->group, why);
    }
    if (code == SK_OK) {
        code = lessons_settle_all(l, why);
    }
    return code == SK_OK ? lesson_book_erase(b, i, why) : code;
}

enum sk_code
lessons_forget_kept(struct lessons *l, const uint8_t *name, struct why *why)
{
    struct lesson_book *b = l->book;
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < b->count && code == SK_OK; i++) {
        struct lesson_entry *e = &b->entries[i];
        if (!same(e->name, name) && !same(e->reporter, name)) {
            continue;
        }
        l->unsettled = l->unsettled || e->taught != 0;
        if (e->group != 0) {
            lessons_group_unsettle(l, e->group);
        }
        *e = (struct lesson_entry){.id = e->id, .flags = LESSON_UNDONE};
        code = lesson_book_erase(b, i, why);
        if (code == SK_OK) {
            code = lesson_book_put(b, i, why);
        }
    }
    for (size_t i = 0; i < b->reporter_count && code == SK_OK; i++) {
        if (same(b->reporters[i].name, name)) {
            b->reporters[i] = (struct reporter){0};
            code = lesson_book_put_reporter(b, &b->reporters[i], why);
        }
    }
    if (code == SK_OK) {
        code = lessons_group_forget(l, name, why);
    }
    return code == SK_OK ? lessons_settle_all(l, why) : code;
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

static void
put_reporter(struct lessons *l, const struct lesson_entry *e, struct json *j)
{
    char short_name[20] = "operator";

    if (!same(e->reporter, lessons_nobody)) {
        for (size_t i = 0; i < 4; i++) {
            snprintf(short_name + 2 * i, 4, "%02x", e->reporter[i]);
        }
    }
    json_put_text(j, "reporter", short_name);
    json_put_real(j, "weight", lessons_weight(l, e->reporter), 2);
}

void
lessons_list(struct lessons *l, struct bytes by, struct json *j)
{
    const struct lesson_book *b = l->book;
    struct personal_id who = {0};
    size_t told = 0;
    bool reported = false;

    if (by.size > 0 && !bytes_is(by, "operator")) {
        name_in(l, by, &who, &reported);
    }
    for (size_t i = b->count; i-- > 0 && told < LIMIT_LESSONS_LISTED;) {
        const struct lesson_entry *e = &b->entries[i];
        if (e->time_ms == 0 || (by.size > 0 && !same(e->reporter, who.name))) {
            continue; /* forgotten, or another's */
        }
        told++;
        json_open(j, '{');
        json_put_number(j, "id", (int64_t)e->id);
        json_put_number(j, "time", e->time_ms);
        json_put_text(j, "said", is_spam(e) ? "spam" : "ham");
        json_put_text(j, "state",
                      (e->flags & LESSON_UNDONE) != 0     ? "undone"
                      : (e->flags & LESSON_REPLACED) != 0 ? "replaced"
                      : e->taught != 0                    ? "taught"
                      : (e->flags & LESSON_BEFORE) != 0   ? "known"
                                                          : "waiting");
        json_put_bool(j, "personal", e->step != 0);
        if (e->group != 0) {
            struct bytes group = groups_name(l->groups, e->group);
            json_put_string(j, "group", group.size > 0 ? group : BYTES("?"));
            json_put_bool(j, "group_taught", (e->flags & LESSON_GROUP) != 0);
        }
        put_reporter(l, e, j);
        json_close(j);
    }
}

enum sk_code
lessons_try(struct lessons *l, struct bytes text, bool spam, size_t most,
            struct lessons_trial *t, struct why *why)
{
    struct lesson_book *b = l->book;
    struct arena scratch;
    struct bytes other;
    struct why cause;

    *t = (struct lessons_trial){.before = jury_score(l->jury, text, false)};
    jury_try(l->jury, l->judge);
    if (jury_teach(l->jury, JURY_NONE, text, spam, true) != SK_OK) {
        return why_set(why, SK_BAD, "the lesson cannot be read");
    }
    t->after = jury_score(l->jury, text, true);
    for (size_t i = b->count; i-- > 0 && t->looked_at < most;) {
        arena_init(&scratch, 1u << 20);
        if (lesson_stands(&b->entries[i]) &&
            lesson_book_text(&scratch, b, i, &other, &cause) == SK_OK) {
            bool before = jury_score(l->jury, other, false) > 0.5,
                 after = jury_score(l->jury, other, true) > 0.5;
            t->looked_at++;
            t->to_unwanted += after && !before;
            t->to_wanted += before && !after;
        }
        arena_release(&scratch);
    }
    return SK_OK;
}
