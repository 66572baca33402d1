/* One message's walk along the road: permit, parse, trace, judge, decide, record, and back to its door.
 *
 * This is the only file that knows the whole road. A passage waits twice: for the DNS, between the steps of trace, and
 * for the keeper's "kept". All it makes lies in the message's arena. The door brings the arrival and takes the answer by
 * the callbacks of struct arrival_road (passage_road). */
#pragma once

#include "arrive/arrival.h"
#include "dns/resolver.h"
#include "judge/opinion.h"
#include "net/frame.h"
#include "permit/consent.h"
#include "sekisho/settings.h"
#include "sekisho/suspects.h"

/* What all workers count together: one block of shared memory, made by the supervisor, so that it does not matter which
 * worker is asked, nor whether one was started again. */
struct passage_counts {
    _Atomic uint64_t messages, kept, later, by_action[5];
    _Atomic uint64_t
        lists_aside; /* times that a list in the DNS was set aside by a worker */
    _Atomic uint64_t scanned, infected, unscanned; /* attachments, by clamd */
    int64_t started_ms;                            /* monotonic */
};

/* What all passages of one worker share. */
struct passages {
    struct event_base *base;
    struct settings *settings; /* the newest generation */
    struct resolver *resolver;
    struct judge *judge;
    struct consents *consents;   /* as the keeper told; NULL until then */
    struct passage *unpermitted; /* that wait to hear who allows what */
    struct frame_link *
        keeper; /* NULL while the keeper is being restarted: everything is answered later (451) */
    struct passage_wait *waits; /* for the keeper, newest first */
    uint64_t token;
    int opener; /* a channel to the opener; -1: there is none */
    struct passage_counts *counts;
    const struct suspects *suspects; /* messages that killed workers */
    struct hand *hand;               /* where is noted what is executed now */
};

/* The callbacks for the doors; road is the struct passages. */
struct arrival_road passage_road(struct passages *passages);
/* Mail to an address that reports go to (passage_report.c): a callback of struct arrival_road. */
void passage_report(void *road, struct arena *arena, const struct arrival *arrival,
                    bool spam,
                    void (*done)(void *context, enum sk_code code, struct bytes reply),
                    void *context);
/* The keeper answered; wrong or unknown tokens are ignored. */
void passage_keeper_said(struct passages *passages, uint32_t type, uint64_t token,
                         struct bytes payload);
/* The keeper is gone: everyone who waits for it is answered SK_LATER. */
void passage_keeper_gone(struct passages *passages);

/* Who allows what, from the next message on: taken, and said so. */
void passage_consents(struct passages *passages, struct frame_link *link, uint64_t number,
                      struct bytes payload);

/* Messages that waited for that, or for a keeper that is gone, go on. */
void passages_permitted(struct passages *passages);

/* The pure part of the walk, shared with `sekisho check`: parse, trace (as far as the memo goes), judge, decide. */
struct walk {
    struct arena *arena;
    const struct arrival *arrival;
    const struct permit *permit;
    const struct letter *letter;
    struct dns_memo memo;
    const struct places *places; /* NULL: those of the settings */
    struct trace *trace;
    const struct origin *origin;
    const struct enclosures *enclosures; /* of attachments; NULL: nobody looked */
    /* What recipients' own weights said then, for a verdict that is made again; NULL: they are asked. */
    const struct finding **personal, **of_group;
    const struct conversation *conversations; /* the same of what was remembered then */
    const struct opinion *opinion;
    const struct verdict *verdict;
};

/* permit and arrival are set by the caller. SK_LIMIT when the arena's cap is reached. */
enum sk_code walk_begin(struct walk *walk, const struct settings *settings);
/* SK_MORE: the memo wants answers; call again when they are in. SK_OK: origin is there. */
enum sk_code walk_trace(struct walk *walk);
/* After walk_trace said SK_OK: opinion and verdict. */
enum sk_code walk_judge(struct walk *walk, struct judge *judge,
                        const struct policy *policy);
