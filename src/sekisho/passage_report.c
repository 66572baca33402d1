/* Mail that people forward to learn.spam_address or learn.ham_address: what is attached to it is learned in the name of its
 * sender, one after the other, as if it had come to /learnspam with him as Rcpt. The report itself goes no further. */
#define SK_BASE
#include "sekisho/passage.h"

#include "base/limits.h"
#include "base/writer.h"
#include "net/loop.h"
#include "parse/letter.h"

struct report {
    struct passages *all;
    struct arena *arena;
    struct arrival one; /* what is attached, as an arrival of its own */
    struct arrival_recipient reporter;
    struct bytes messages[LIMIT_REPORTED];
    size_t count, next, taught, known;
    bool spam;
    struct loop_task later;
    enum sk_code code;
    const char *refusal; /* a whole reply; NULL: none yet */
    void (*done)(void *context, enum sk_code code, struct bytes reply);
    void *context;
};

static void
report_close(void *context)
{
    struct report *r = context;

    loop_task_cancel(&r->later);
}

/* From the loop, never before passage_report has returned. */
static void
report_done(void *context)
{
    struct report *r = context;
    struct writer w;

    writer_init(&w, r->arena);
    if (r->refusal != NULL) {
        writer_text(&w, r->refusal);
    } else {
        writer_format(&w, "250 2.0.0 learned as %s: %zu of %zu messages, %zu known before",
                      r->spam ? "unwanted" : "wanted", r->taught, r->count, r->known);
    }
    r->done(r->context, r->code, writer_view(&w));
}

static void report_next(struct report *r);

static void
report_learned(void *context, enum sk_code code, bool already)
{
    struct report *r = context;

    if (code == SK_OK) {
        r->taught += !already;
        r->known += already;
        report_next(r);
        return;
    }
    if (code == SK_CONFIG) {
        r->refusal =
            "550 5.7.1 not learned: you have not consented to your mail being read";
    } else if (code == SK_LIMIT && r->taught + r->known == 0) {
        r->refusal =
            "552 5.3.4 not learned: too large, or you have reported enough for today";
    } else if (code != SK_LIMIT) {
        r->code = SK_LATER;
    }
    report_done(r);
}

static void
report_next(struct report *r)
{
    struct arrival_road road = passage_road(r->all);

    if (r->next == r->count) {
        report_done(r);
        return;
    }
    r->one.raw = r->messages[r->next++];
    road.learn(r->all, r->arena, &r->one, r->spam, report_learned, r);
}

static bool
lies_in(struct bytes inner, struct bytes outer)
{
    return inner.at >= outer.at && inner.at < outer.at + outer.size;
}

/* Messages attached, or files by the name of one; not what is attached to those. */
static void
find_messages(struct report *r, const struct letter *letter)
{
    for (const struct part *p = letter->root; p != NULL && r->count < LIMIT_REPORTED;
         p = part_next(p)) {
        struct bytes message = BYTES_NONE;
        bool inside = false;
        if (p->shape == PART_MESSAGE && p->message != NULL) {
            message = p->message->raw;
        } else if (p->shape == PART_LEAF && bytes_ends_fold(p->filename, BYTES(".eml"))) {
            message = p->content;
        }
        for (size_t i = 0; i < r->count && !inside; i++) {
            inside = lies_in(message, r->messages[i]) || lies_in(p->raw, r->messages[i]);
        }
        if (message.size > 0 && !inside) {
            r->messages[r->count++] = message;
        }
    }
}

void
passage_report(void *road, struct arena *arena, const struct arrival *arrival, bool spam,
               void (*done)(void *context, enum sk_code code, struct bytes reply),
               void *context)
{
    struct passages *all = road;
    struct report *r = ARENA_NEW(arena, struct report);
    uint8_t fingerprint[HASH_SHA256_SIZE];
    jmp_buf guard;

    *r = (struct report){.all = all,
                         .arena = arena,
                         .one = *arrival,
                         .reporter = {.address = arrival->mail_from},
                         .spam = spam,
                         .done = done,
                         .context = context};
    r->one.recipients = &r->reporter;
    r->one.recipient_count = 1;
    loop_task_init(&r->later, all->base, report_done, r);
    arena_defer(arena, report_close, r);
    suspects_fingerprint(all->suspects, arrival->raw, fingerprint);
    if (suspects_deaths(all->suspects, fingerprint) >= SUSPECT_DEATHS) {
        r->code = SK_LATER; /* workers died of it: it is not read again */
    } else if (setjmp(guard) == 0) {
        hand_take(all->hand, fingerprint, BYTES("a report"));
        arena_guard(arena, &guard);
        find_messages(r, letter_read(arena, arrival->raw));
        arena_guard(arena, NULL);
    }
    hand_leave(all->hand);
    if (r->count == 0 && r->code == SK_OK) {
        r->refusal = "550 5.6.0 nothing to learn: forward the mail as an attachment";
    }
    if (r->count == 0) {
        loop_task_soon(&r->later);
        return;
    }
    report_next(r);
}
