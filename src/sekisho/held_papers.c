/* Papers for a held message that is released: the command issues them as the worker would have when it passed the message
 * on at once, with the time of now. The keys are read by a key process of the command's own. */
#define SK_BASE
#include "sekisho/held_command.h"

#include <stdio.h>

#include "base/clock.h"
#include "sekisho/issue.h"
#include "sekisho/issue_seal.h"
#include "sekisho/key_files.h"
#include "trace/batv.h"
#include "trace/settings.h"
#include "trace/sign.h"

/* Of those that are to get it: for the others nothing is passed on. */
static const struct answer *
passed_on(struct arena *arena, const struct answer *answer, const bool *wanted)
{
    struct answer *made = ARENA_NEW(arena, struct answer);

    *made = *answer;
    made->recipients =
        ARENA_NEW_MANY(arena, answer->recipient_count, struct answer_recipient);
    for (size_t i = 0; i < answer->recipient_count; i++) {
        made->recipients[i] = answer->recipients[i];
        made->recipients[i].action = wanted[i] ? ANSWER_ACCEPT : ANSWER_HOLD;
    }
    return made;
}

enum sk_code
held_papers(const struct settings *settings, const struct walk *walk, const bool *wanted,
            struct arrival *envelope, const struct answer **answer, struct why *why)
{
    const struct trace_settings *trace = settings->trace;
    bool leaves = sign_is_leaving(trace->sign, walk->arrival);
    bool signs = leaves && sign_domain_of(trace->sign, walk->letter) != NULL;
    struct arrival now = *walk->arrival;
    struct walk again = *walk;
    struct key_lender lender;
    struct why cause;

    *answer = passed_on(walk->arena, *answer, wanted);
    if (!issue_wanted(settings, walk->arrival) ||
        !(leaves ? signs || trace->batv->domain_count > 0 : trace->seal != NULL)) {
        return SK_OK;
    }
    enum sk_code code = key_files_borrow(&lender, settings, &cause);
    if (code != SK_OK && signs) {
        return why_set(why, code,
                       "it would leave without its signature, and stays held: %s",
                       cause.sentence);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: held: without an ARC set or a tag: %s\n", cause.sentence);
        return SK_OK;
    }
    now.time_ms = clock_now_ms(); /* a signature of then could have expired */
    again.arrival = &now;
    issue_sender(settings, walk->arena, envelope);
    code = issue_signatures(settings, &again, answer);
    if (code == SK_OK) {
        issue_seal(settings, &again, answer);
    } else {
        code = why_set(why, code, "no signature can be had now; it stays held");
    }
    key_files_return(&lender);
    return code;
}
