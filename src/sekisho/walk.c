#include "sekisho/passage.h"

#include "decide/verdict.h"

/* Runs one pure stage under a guard: a message that needs more than its arena may have ends here with SK_LIMIT. */
#define GUARDED(arena, statement)                                                          \
    ({                                                                                     \
        jmp_buf guard;                                                                     \
        volatile enum sk_code guarded = SK_LIMIT;                                          \
        if (setjmp(guard) == 0) {                                                          \
            arena_guard((arena), &guard);                                                  \
            statement;                                                                     \
            arena_guard((arena), NULL);                                                    \
            guarded = SK_OK;                                                               \
        }                                                                                  \
        guarded;                                                                           \
    })

static const struct places *
places_of(const struct walk *walk, const struct settings *settings)
{
    return walk->places != NULL ? walk->places : settings->places;
}

enum sk_code
walk_begin(struct walk *walk, const struct settings *settings)
{
    enum sk_code code =
        GUARDED(walk->arena, walk->letter = letter_read(walk->arena, walk->arrival->raw));

    if (code != SK_OK) {
        return code;
    }
    dns_memo_init(&walk->memo, walk->arena);
    return GUARDED(walk->arena, walk->trace = trace_new(
                                    walk->arena, settings->trace, places_of(walk, settings),
                                    walk->arrival, walk->letter, &walk->memo,
                                    walk->arrival->time_ms / 1000));
}

enum sk_code
walk_trace(struct walk *walk)
{
    volatile enum sk_code step = SK_OK;
    enum sk_code code = GUARDED(walk->arena, step = trace_step(walk->trace));

    if (code != SK_OK || step != SK_OK) {
        return code != SK_OK ? code : step;
    }
    walk->origin = trace_origin(walk->trace);
    return SK_OK;
}

enum sk_code
walk_judge(struct walk *walk, struct judge *judge, const struct policy *policy)
{
    return GUARDED(walk->arena, {
        if (walk->enclosures != NULL && permit_has(walk->permit, FAMILY_ATTACHMENTS)) {
            struct letter *whole = ARENA_NEW(walk->arena, struct letter);
            *whole = *walk->letter;
            whole->enclosures = walk->enclosures;
            walk->letter = whole;
        }
        walk->opinion = judge_letter(walk->arena, judge, walk->permit, walk->arrival,
                                     walk->letter, walk->origin);
        if (walk->personal != NULL) {
            struct opinion *again = ARENA_NEW(walk->arena, struct opinion);
            *again = *walk->opinion;
            again->personal = walk->personal;
            again->personal_count = walk->permit->recipient_count;
            again->of_group = walk->of_group;
            again->of_group_count =
                walk->of_group == NULL ? 0 : walk->permit->recipient_count;
            again->conversations = walk->conversations;
            again->conversation_count =
                walk->conversations == NULL ? 0 : walk->permit->recipient_count;
            walk->opinion = again;
        }
        walk->verdict = decide_message(walk->arena, policy, walk->arrival, walk->permit,
                                       walk->letter, walk->origin, walk->opinion);
    });
}
