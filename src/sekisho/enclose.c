#define SK_BASE
#include "sekisho/enclose.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/writer.h"
#include "net/frame.h"
#include "parse/links.h"
#include "sekisho/passage.h"
#include "sekisho/scan.h"

#define GRACE_MS 700 /* for the opener to tell that the time was over */

/* One question. */
struct job {
    struct enclosing *all;
    struct enclosure *own; /* the attachment itself, in its place */
    struct opening question;
    struct opened answer;
    struct frame_link *link;
    size_t heard; /* answers */
    bool ended;
};

struct enclosing {
    struct arena *arena;
    struct enclosure *parts; /* all attachments */
    struct bytes *contents;  /* of each */
    size_t part_count;
    struct job *jobs;
    size_t job_count, open; /* not ended */
    size_t bytes;           /* asked about */
    bool full;              /* the arena's cap was reached */
    struct loop_task timer, later;
    void (*done)(void *context);
    void *context;
};

/* Runs a piece under the arena's guard; false: its cap was reached. */
#define GUARDED(e, statement)                                                              \
    ({                                                                                     \
        jmp_buf guard;                                                                     \
        volatile bool went = false;                                                        \
        if (setjmp(guard) == 0) {                                                          \
            arena_guard((e)->arena, &guard);                                               \
            statement;                                                                     \
            arena_guard((e)->arena, NULL);                                                 \
            went = true;                                                                   \
        }                                                                                  \
        (e)->full = (e)->full || !went;                                                    \
        went;                                                                              \
    })

bool
enclose_allows(const struct permit *permit, enum permit_family family)
{
    const uint32_t both = FAMILY_BIT(FAMILY_ATTACHMENTS) | FAMILY_BIT(family);

    for (size_t i = 0; i < permit->recipient_count; i++) {
        uint32_t families = permit->recipients[i].families;
        if ((families & FAMILY_BIT(FAMILY_ATTACHMENTS)) != 0 && (families & both) != both) {
            return false;
        }
    }
    return permit_has(permit, FAMILY_ATTACHMENTS) && permit_has(permit, family);
}

static bool
is_attachment(const struct part *part)
{
    if (part->shape != PART_LEAF || bytes_is(part->type, "multipart") ||
        bytes_is(part->type, "message")) {
        return false;
    }
    return part->filename.size > 0 || bytes_is(part->disposition, "attachment") ||
           !bytes_is(part->type, "text");
}

/* Text that the letter's own reading has is not read again. */
static bool
is_worth_opening(const struct part *part, const struct attachment_type *is)
{
    if (part->content.size == 0 || bytes_is(part->type, "text")) {
        return is != NULL && is->class != CLASS_TEXT && is->class != CLASS_HTML &&
               is->class != CLASS_DATE;
    }
    return is == NULL || (is->class != CLASS_MEDIA && is->class != CLASS_OTHER &&
                          is->class != CLASS_SCRIPT);
}

static void
part_add(struct enclosing *e, const struct part *part, const struct opening *common)
{
    struct enclosure *own = &e->parts[e->part_count];
    e->contents[e->part_count++] = part->content;
    const struct attachment_type *is = attachment_type_of(part->content),
                                 *claimed =
                                     attachment_type_media(part->type, part->subtype);

    *own = (struct enclosure){
        .path = bytes_slice(part->filename, 0, 2 * LIMIT_ATTACHMENT_NAME),
        .is = is,
        .size = part->content.size,
        .facts = attachment_facts(part->filename, claimed, is, part->content)};
    if (part->other_name.size > 0) { /* the name that another mail program shows */
        own->facts |= attachment_facts(part->other_name, claimed, is, part->content);
    }
    if (!is_worth_opening(part, is)) {
        return;
    }
    own->facts |= FACT_UNOPENED; /* until it is */
    if (part->content.size > LIMIT_OPENING_BYTES - e->bytes) {
        own->facts |= FACT_LIMIT_BYTES;
    } else if (e->job_count < LIMIT_OPENINGS) {
        e->bytes += part->content.size;
        struct job *job = &e->jobs[e->job_count++];
        *job = (struct job){.all = e, .own = own, .question = *common};
        job->question.name = own->path;
        job->question.media_type = bytes_slice(part->type, 0, 64);
        job->question.media_subtype = bytes_slice(part->subtype, 0, 100);
        job->question.content = part->content;
    }
}

static void
parts_read(struct enclosing *e, const struct letter *letter, bool passwords)
{
    struct opening common = {0};
    size_t count = 0;

    for (const struct part *p = letter->root; p != NULL; p = part_next(p)) {
        count += is_attachment(p);
    }
    if (passwords && count > 0) {
        common.password_count = attachment_passwords(bytes_slice(letter->text, 0, 65536),
                                                     common.passwords, LIMIT_PASSWORDS);
    }
    e->parts = ARENA_NEW_MANY(e->arena, count, struct enclosure);
    e->contents = ARENA_NEW_MANY(e->arena, count, struct bytes);
    e->jobs = ARENA_NEW_MANY(e->arena, count < LIMIT_OPENINGS ? count : LIMIT_OPENINGS,
                             struct job);
    for (const struct part *p = letter->root; p != NULL; p = part_next(p)) {
        if (is_attachment(p)) {
            part_add(e, p, &common);
        }
    }
}

struct enclosing *
enclosing_new(struct arena *arena, const struct letter *letter, bool passwords)
{
    struct enclosing start = {.arena = arena}, *volatile e = NULL;

    (void)GUARDED(&start, {
        e = ARENA_NEW(arena, struct enclosing);
        e->arena = arena;
        parts_read(e, letter, passwords);
    });
    return start.full ? NULL : e;
}

struct enclosure *
enclosing_parts(struct enclosing *e, const struct bytes **contents_r, size_t *count_r)
{
    *contents_r = e->contents;
    *count_r = e->part_count;
    return e->parts;
}

size_t
enclosing_count(const struct enclosing *e)
{
    return e->job_count;
}

/* One frame from the process that looks into it: foreign bytes. */
static void
job_hear(struct job *job, uint32_t type, struct bytes payload)
{
    struct enclosing *e = job->all;
    struct opened opened;

    if (job->ended) {
        return;
    }
    if (type == OPENED_FAILED) {
        struct frame_reader r = {.rest = payload};
        const uint32_t told = FACT_LIMIT_TIME | FACT_LIMIT_MEMORY;
        job->own->facts |= (uint32_t)frame_get_number(&r) & told;
        job->ended = true;
        return;
    }
    job->ended = type != OPENED_SO_FAR;
    if (++job->heard > LIMIT_OPENED_ANSWERS || payload.size > OPENED_MOST) {
        return;
    }
    (void)GUARDED(e, {
        if (opened_read(e->arena, bytes_copy(e->arena, payload), &opened) == SK_OK) {
            job->answer = opened;
            job->own->facts &= job->ended ? ~FACT_UNOPENED : ~(uint32_t)0;
        }
    });
}

/* --- in a loop ---------------------------------------------------------------------------------------------------- */

static void
enclose_close(void *context)
{
    struct enclosing *e = context;

    for (size_t i = 0; i < e->job_count; i++) {
        if (e->jobs[i].link != NULL) {
            frame_link_close(e->jobs[i].link);
            e->jobs[i].link = NULL;
        }
    }
    loop_task_cancel(&e->timer);
    loop_task_cancel(&e->later);
}

static void
enclose_done(void *context)
{
    struct enclosing *e = context;

    enclose_close(e);
    e->done(e->context);
}

static void
job_ended(struct job *job)
{
    struct enclosing *e = job->all;

    if (--e->open == 0) {
        loop_task_soon(&e->later);
    }
}

static void
enclose_frame(void *context, struct frame_link *link, uint32_t type, uint64_t token,
              struct bytes payload)
{
    struct job *job = context;
    bool before = job->ended;

    job_hear(job, type, payload);
    if (job->ended && !before) {
        job_ended(job);
    }
}

static void
enclose_gone(void *context, struct frame_link *link)
{
    struct job *job = context;

    if (!job->ended) {
        job->ended = true;
        job_ended(job);
    }
}

static const struct frame_calls enclose_calls = {.frame = enclose_frame,
                                                 .gone = enclose_gone};

/* The question but for its last view's bytes, which need not be copied. */
static bool
question_head(struct job *job, struct writer *w)
{
    struct opening q = job->question;

    q.content = BYTES_NONE;
    return GUARDED(job->all, {
        writer_init(w, job->all->arena);
        opening_write(&q, w);
        w->size -= sizeof(uint64_t);
        frame_put_number(w, job->question.content.size);
    });
}

void
enclose_ask(struct enclosing *e, struct event_base *base, int channel, int64_t time_ms,
            void (*done)(void *context), void *context)
{
    struct writer w;

    e->done = done;
    e->context = context;
    loop_task_init(&e->timer, base, enclose_done, e);
    loop_task_init(&e->later, base, enclose_done, e);
    arena_defer(e->arena, enclose_close, e);
    for (size_t i = 0; i < e->job_count; i++) {
        struct job *job = &e->jobs[i];
        int stream = opener_stream(channel);
        if (stream < 0) {
            job->ended = true;
            continue;
        }
        if (!question_head(job, &w)) {
            close(stream);
            job->ended = true;
            continue;
        }
        e->open++;
        job->link = frame_link_open(base, stream, &enclose_calls, job);
        frame_link_expect(job->link, OPENED_MOST);
        frame_send(job->link, OPENED_ASK, 0,
                   (struct bytes[]){writer_view(&w), job->question.content}, 2);
    }
    if (e->open == 0) {
        loop_task_soon(&e->later);
    } else {
        loop_task_after(&e->timer, time_ms + GRACE_MS);
    }
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static void
job_now(struct job *job, int channel, int64_t end_ms)
{
    struct enclosing *e = job->all;
    int stream = opener_stream(channel);
    struct writer w;
    struct bytes payload;
    uint32_t type;
    uint64_t token;
    struct why why;

    if (stream < 0) {
        return;
    }
    enum sk_code code = SK_LIMIT;
    if (question_head(job, &w) && GUARDED(e, writer_bytes(&w, job->question.content))) {
        code = frame_send_now(stream, OPENED_ASK, 0, writer_view(&w), 5000, &why);
    }
    while (code == SK_OK && !job->ended) {
        int64_t left_ms = end_ms - clock_monotonic_ms();
        if (left_ms <= 0) {
            job->own->facts |= FACT_LIMIT_TIME;
            break;
        }
        volatile enum sk_code waited = SK_LIMIT;
        (void)GUARDED(e, waited = frame_wait(e->arena, stream, (int)left_ms, &type, &token,
                                             &payload, &why));
        code = waited;
        if (code == SK_OK) {
            job_hear(job, type, payload);
        }
    }
    close(stream);
}

void
enclose_now(struct enclosing *e, int channel, int64_t time_ms)
{
    int64_t end_ms = clock_monotonic_ms() + time_ms + GRACE_MS;

    for (size_t i = 0; i < e->job_count; i++) {
        job_now(&e->jobs[i], channel, end_ms);
    }
}

/* --- what it comes to --------------------------------------------------------------------------------------------- */

static void
list_put(struct enclosures *all, const struct enclosure *one)
{
    if (all->count < LIMIT_ENCLOSURES) {
        all->list[all->count++] = *one;
    } else {
        all->dropped++;
    }
}

static void
links_put(struct enclosing *e, struct enclosures *all, const struct opened *answer)
{
    for (size_t i = 0; i < answer->link_count && all->link_count < LIMIT_LINKS; i++) {
        link_resolve(e->arena, &all->links[all->link_count], answer->links[i], BYTES_NONE);
        all->link_places[all->link_count++] = answer->link_places[i];
    }
}

static struct enclosures *
enclosing_sum(struct enclosing *e)
{
    struct enclosures *all = ARENA_NEW(e->arena, struct enclosures);
    size_t links = 0;
    struct writer text;

    for (size_t i = 0; i < e->job_count; i++) {
        links += e->jobs[i].answer.link_count;
    }
    links = links < LIMIT_LINKS ? links : LIMIT_LINKS;
    all->list = ARENA_NEW_MANY(e->arena, LIMIT_ENCLOSURES, struct enclosure);
    all->links = ARENA_NEW_MANY(e->arena, links, struct link);
    all->link_places = ARENA_NEW_MANY(e->arena, links, enum enclosed_link);
    writer_init(&text, e->arena);
    for (size_t i = 0; i < e->job_count; i++) {
        const struct opened *answer = &e->jobs[i].answer;
        if (answer->count > 0) {
            e->jobs[i].own->facts |= answer->list[0].facts;
            e->jobs[i].own->is =
                e->jobs[i].own->is != NULL ? e->jobs[i].own->is : answer->list[0].is;
        }
        if (answer->text.size > 0 && text.size + answer->text.size < LIMIT_TEXT_BYTES) {
            writer_text(&text, text.size > 0 ? "\n\n" : "");
            writer_bytes(&text, answer->text);
        }
        links_put(e, all, answer);
    }
    /* Attachments first, so that none is left out for what is in another. */
    for (size_t i = 0; i < e->part_count; i++) {
        list_put(all, &e->parts[i]);
    }
    for (size_t i = 0; i < e->job_count; i++) {
        const struct opened *answer = &e->jobs[i].answer;
        for (size_t k = 1; k < answer->count; k++) {
            list_put(all, &answer->list[k]);
        }
        all->dropped += answer->dropped;
    }
    all->text = writer_view(&text);
    return all;
}

const struct enclosures *
enclosing_end(struct enclosing *e)
{
    struct enclosures *volatile all = NULL;

    (void)GUARDED(e, all = enclosing_sum(e));
    return all;
}

void
enclose_walk(struct walk *walk, const struct config *config, struct opener *opener)
{
    struct why why;

    struct scan_settings clamd;
    bool open = config_bool(config, "attachments.open");

    if (scan_settings_read(config, &clamd, &why) != SK_OK) {
        clamd.used = false; /* whoever reads a configuration to serve by it is told */
    }
    if (!permit_has(walk->permit, FAMILY_ATTACHMENTS) || (!open && !clamd.used)) {
        return;
    }
    struct enclosing *e = enclosing_new(walk->arena, walk->letter,
                                        enclose_allows(walk->permit, FAMILY_CONTENT));
    if (e == NULL) {
        return;
    }
    if (open && e->job_count > 0 && opener->pid == 0 &&
        opener_start(config, opener, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        opener->pid = -1; /* said once */
    }
    if (open && e->job_count > 0 && opener->pid > 0) {
        enclose_now(e, opener->channel, config_number(config, "attachments.time"));
    }
    scan_now(walk->arena, e, &clamd);
    walk->enclosures = enclosing_end(e);
}
