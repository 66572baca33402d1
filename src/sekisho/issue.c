#include "sekisho/issue.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/writer.h"
#include "net/paper_keys.h"
#include "trace/batv.h"
#include "trace/sign.h"

static bool
ask_tag(void *context, unsigned key, struct bytes what, uint8_t tag_r[3])
{
    const uint8_t digit = (uint8_t)('0' + key);

    return paper_key_tag(paper_key_name("tag", BYTES_NONE, bytes_of(&digit, 1)), what,
                         tag_r);
}

void
issue_sender(const struct settings *settings, struct arena *arena, struct arrival *arrival)
{
    const struct trace_settings *t = settings->trace;

    if (t->batv->domain_count > 0 && sign_is_leaving(t->sign, arrival)) {
        (void)batv_tag(arena, t->batv, arrival->mail_from, clock_now_ms() / 1000, ask_tag,
                       NULL, &arrival->tagged_from);
    }
}

void
issue_recipient(const struct settings *settings, struct arena *arena,
                const struct arrival *arrival, struct arrival_recipient *recipient)
{
    if (settings->trace->batv->domain_count > 0) {
        recipient->tag = batv_take(arena, settings->trace->batv, &recipient->address,
                                   clock_now_ms() / 1000, ask_tag, NULL);
    }
}

static bool
ask_signature(void *context, const struct sign_domain *domain, const struct sign_key *key,
              const uint8_t digest[32], uint8_t *signature_r, size_t *size_r)
{
    return paper_key_sign(paper_key_name("sign", domain->domain, key->selector),
                          key->ed25519, digest, signature_r, size_r);
}

/* Which field begins there; they stand in the order of the message. */
static size_t
field_at(const struct header *header, const uint8_t *at)
{
    size_t low = 0, high = header->field_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (header->fields[middle].whole.at < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The fields that the message leaves with, but those that we put on top: they are not signed. */
static struct header
leaving_header(struct arena *arena, const struct header *header,
               const struct answer_recipient *recipient)
{
    struct header left = {.fields =
                              ARENA_NEW_MANY(arena, header->field_count, struct field)};
    bool *removed = ARENA_NEW_MANY(arena, header->field_count, bool);

    for (size_t e = 0; e < recipient->edit_count; e++) {
        struct bytes remove = recipient->edits[e].remove;
        size_t i = remove.size > 0 ? field_at(header, remove.at) : header->field_count;
        if (i < header->field_count) {
            SK_ASSERT(header->fields[i].whole.at == remove.at);
            removed[i] = true;
        }
    }
    for (size_t i = 0; i < header->field_count; i++) {
        if (!removed[i]) {
            left.fields[left.field_count++] = header->fields[i];
        }
    }
    return left;
}

static const struct answer_recipient *
first_passed_on(const struct answer *answer)
{
    for (size_t i = 0; i < answer->recipient_count; i++) {
        if (answer->recipients[i].action == ANSWER_ACCEPT) {
            return &answer->recipients[i];
        }
    }
    return NULL;
}

bool
issue_wanted(const struct settings *settings, const struct arrival *arrival)
{
    return arrival->door == ARRIVAL_TRANSFER ||
           (arrival->door == ARRIVAL_HTTP && settings->arrive->http_papers);
}

static struct bytes
joined(struct arena *arena, struct bytes first, struct bytes second)
{
    struct writer w;

    if (second.size == 0) {
        return first;
    }
    writer_init(&w, arena);
    writer_bytes(&w, first);
    writer_bytes(&w, second);
    return writer_view(&w);
}

/* Copies that were the same stay the same. */
const struct answer *
issue_on_top(struct arena *arena, const struct answer *answer, const bool *wants,
             struct bytes fields)
{
    struct answer *made = ARENA_NEW(arena, struct answer);

    *made = *answer;
    made->recipients =
        ARENA_NEW_MANY(arena, answer->recipient_count, struct answer_recipient);
    for (size_t i = 0; i < answer->recipient_count; i++) {
        const struct answer_recipient *from = &answer->recipients[i];
        struct answer_recipient *to = &made->recipients[i];
        *to = *from;
        if (wants != NULL && !wants[i]) {
            continue;
        }
        struct answer_edit *edits =
            ARENA_NEW_MANY(arena, from->edit_count + 1, struct answer_edit);
        edits[0] = (struct answer_edit){.add = fields};
        for (size_t e = 0; e < from->edit_count; e++) {
            edits[e + 1] = from->edits[e];
        }
        to->edits = edits;
        to->edit_count = from->edit_count + 1;
        to->papers = joined(arena, fields, from->papers);
    }
    return made;
}

static void
issue_log(const struct walk *walk, enum log_level level, const char *words,
          const struct sign_domain *domain)
{
    char id[32];

    snprintf(id, sizeof id, "%.*s", BYTES_ARGUMENTS(walk->arrival->id));
    log_line(level, id, "%s as %.*s", words, BYTES_ARGUMENTS(domain->domain));
}

enum sk_code
issue_signatures(const struct settings *settings, const struct walk *walk,
                 const struct answer **answer)
{
    const struct sign_settings *sign = settings->trace->sign;
    const struct answer_recipient *recipient = first_passed_on(*answer);
    struct bytes fields;

    if (!issue_wanted(settings, walk->arrival) || recipient == NULL ||
        !sign_is_leaving(sign, walk->arrival)) {
        return SK_OK;
    }
    const struct sign_domain *domain = sign_domain_of(sign, walk->letter);
    if (domain == NULL) {
        return SK_OK;
    }
    struct header header = leaving_header(walk->arena, &walk->letter->header, recipient);
    enum sk_code code =
        sign_message(walk->arena, domain, walk->letter, &header, walk->origin,
                     walk->arrival->time_ms / 1000, ask_signature, NULL, &fields);
    if (code == SK_LATER) {
        issue_log(walk, LOG_LEVEL_ERROR,
                  "put off: the key process gives no signature for what leaves", domain);
        return SK_LATER;
    }
    if (code != SK_OK) {
        issue_log(walk, LOG_LEVEL_WARNING,
                  code == SK_LIMIT ? "not signed: too many fields"
                                   : "not signed: header and body cannot be told apart",
                  domain);
        return SK_OK;
    }
    if (fields.size > 0) {
        /* What is removed is the same for all, so the signature is too. */
        *answer = issue_on_top(walk->arena, *answer, NULL, fields);
        issue_log(walk, LOG_LEVEL_DEBUG, "signed", domain);
    }
    return SK_OK;
}
