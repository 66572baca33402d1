#include "sekisho/issue_seal.h"

#include "base/log.h"
#include "net/paper_keys.h"
#include "sekisho/issue.h"
#include "trace/arc_seal.h"
#include "trace/arc_settings.h"
#include "trace/authres.h"
#include "trace/sign.h"

static bool
ask_signature(void *context, const uint8_t digest[32], uint8_t *signature_r, size_t *size_r)
{
    const struct arc_seal_settings *seal = context;

    return paper_key_sign(paper_key_name("seal", seal->domain, seal->selector), false,
                          digest, signature_r, size_r);
}

static bool
is_sealed(const struct walk *walk, const struct answer *answer, size_t recipient)
{
    return answer->recipients[recipient].action == ANSWER_ACCEPT &&
           (walk->permit->recipients[recipient].families & FAMILY_BIT(FAMILY_LABEL)) != 0;
}

static bool
is_for_anyone(const struct walk *walk, const struct answer *answer)
{
    for (size_t i = 0; i < answer->recipient_count; i++) {
        if (is_sealed(walk, answer, i)) {
            return true;
        }
    }
    return false;
}

/* On top of all: a set is put on last (section 5.1, step 1). */
static const struct answer *
with_set(const struct walk *walk, const struct answer *answer, struct bytes fields)
{
    bool *sealed = ARENA_NEW_MANY(walk->arena, answer->recipient_count, bool);

    for (size_t i = 0; i < answer->recipient_count; i++) {
        sealed[i] = is_sealed(walk, answer, i);
    }
    return issue_on_top(walk->arena, answer, sealed, fields);
}

static struct bytes
fields_of(struct arena *arena, const struct arc_sealed *sealed)
{
    struct writer w;

    writer_init(&w, arena);
    writer_text(&w, "ARC-Seal: ");
    writer_bytes(&w, sealed->seal);
    writer_text(&w, "\r\nARC-Message-Signature: ");
    writer_bytes(&w, sealed->message_signature);
    writer_text(&w, "\r\nARC-Authentication-Results: ");
    writer_bytes(&w, sealed->results);
    writer_text(&w, "\r\n");
    return writer_view(&w);
}

static void
issue_log(const struct walk *walk, enum log_level level, const char *words)
{
    char id[32];

    snprintf(id, sizeof id, "%.*s", BYTES_ARGUMENTS(walk->arrival->id));
    log_line(level, id, "passed on without an ARC set: %s", words);
}

void
issue_seal(const struct settings *settings, const struct walk *walk,
           const struct answer **answer)
{
    const struct trace_settings *trace = settings->trace;
    struct arc_seal_settings *seal;
    struct arc_sealed sealed;
    struct why why;

    if (trace->seal == NULL || !issue_wanted(settings, walk->arrival) ||
        sign_is_leaving(trace->sign, walk->arrival) || !is_for_anyone(walk, *answer)) {
        return;
    }
    seal = ARENA_NEW(walk->arena, struct arc_seal_settings);
    *seal = *trace->seal;
    struct arc_order order = {.domain = seal->domain,
                              .selector = seal->selector,
                              .cv = walk->origin->arc.result,
                              .time = walk->arrival->time_ms / 1000,
                              .sign = ask_signature,
                              .context = seal};
    order.names = arc_seal_names(walk->arena, &walk->letter->header, &order.name_count);
    if (!authres_split(walk->arena, walk->origin->authentication_results,
                       &order.authserv_id, &order.results)) {
        return;
    }
    enum sk_code code = arc_seal(walk->arena, walk->letter, &order, &sealed, &why);
    if (code != SK_OK) {
        issue_log(walk, code == SK_LATER ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE,
                  why.sentence);
        return;
    }
    *answer = with_set(walk, *answer, fields_of(walk->arena, &sealed));
}
