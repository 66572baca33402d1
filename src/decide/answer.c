#include <string.h>

#include "decide/policy_private.h"

static bool
ours(const struct policy *policy, struct bytes name)
{
    return bytes_starts_fold(name, BYTES("X-Sekisho-")) ||
           (policy->write_x_spam && bytes_starts_fold(name, BYTES("X-Spam-")));
}

static size_t
count_ours(const struct policy *policy, const struct letter *letter)
{
    size_t count = 0;

    for (size_t i = 0; i < letter->header.field_count; i++) {
        count += ours(policy, letter->header.fields[i].name);
    }
    return count;
}

/* The removals are the same for everybody; only the field on top differs. */
static const struct answer_edit *
answer_edits(struct arena *arena, const struct policy *policy, const struct letter *letter,
             const struct origin *origin, struct bytes header, size_t *count_r)
{
    size_t count = 0, room = 1 + origin->forged_count + count_ours(policy, letter);
    struct answer_edit *edits = ARENA_NEW_MANY(arena, room, struct answer_edit);

    edits[count++].add = header;
    for (size_t i = 0; i < origin->forged_count; i++) {
        edits[count++].remove = origin->forged[i];
    }
    for (size_t i = 0; i < letter->header.field_count; i++) {
        if (ours(policy, letter->header.fields[i].name)) {
            edits[count++].remove = letter->header.fields[i].whole;
        }
    }
    *count_r = count;
    return edits;
}

/* What the JSON is made from. */
struct scan {
    const struct policy *policy;
    const struct verdict *verdict;
    const struct arrival *arrival;
    const struct permit *permit;
    const struct letter *letter;
    const struct origin *origin;
    const struct opinion *opinion;
};

/* rspamd's names, which its clients compare letter by letter. */
static const char *
rspamd_action(enum verdict_action action)
{
    static const char *const names[] = {
        [VERDICT_ACCEPT] = "no action",     [VERDICT_LABEL] = "add header",
        [VERDICT_HOLD] = "quarantine",      [VERDICT_REFUSE] = "reject",
        [VERDICT_TEMPFAIL] = "soft reject",
    };

    return names[action];
}

static void
write_listed(struct json *j, const struct finding *finding)
{
    if (finding == NULL) {
        return;
    }
    json_key(j, finding->name);
    json_open(j, '{');
    json_put_text(j, "name", finding->name);
    json_put_real(j, "score", 0, 2);
    json_put_real(j, "metric_score", 0, 2);
    json_put_text(j, "ground", permit_ground_name(GROUND_CONSENT));
    json_put_text(j, "description", words_finding_en(finding->name));
    json_close(j);
}

/* grounds: of the recipient; NULL for what is said of several at once. */
static void
write_symbols(struct json *j, const struct verdict_recipient *r,
              const enum permit_ground *grounds)
{
    json_key(j, "symbols");
    json_open(j, '{');
    write_listed(j, r->listed);
    write_listed(j, r->rescued);
    for (size_t i = 0; i < r->reason_count; i++) {
        const struct finding *finding = r->reasons[i];
        bool before = false;
        for (size_t k = 0; k < i && !before; k++) {
            before = strcmp(r->reasons[k]->name, finding->name) == 0;
        }
        if (before) {
            continue; /* an object has each name once; the heaviest stands first */
        }
        json_key(j, finding->name);
        json_open(j, '{');
        json_put_text(j, "name", finding->name);
        json_put_real(j, "score", finding->weight, 2);
        json_put_real(j, "metric_score", finding->weight, 2);
        json_put_text(j, "family", permit_family_name(finding->family));
        if (grounds != NULL) {
            json_put_text(j, "ground", permit_ground_name(grounds[finding->family]));
        }
        json_put_text(j, "description", words_finding_en(finding->name));
        if (finding->detail.size > 0) {
            json_key(j, "options");
            json_open(j, '[');
            json_bytes(j, finding->detail);
            json_close(j);
        }
        json_close(j);
    }
    json_close(j);
}

/* The next field of a text of whole fields; false at its end. */
static bool
next_field(struct bytes *rest, struct bytes *name_r, struct bytes *value_r)
{
    size_t end = 0;

    if (rest->size == 0) {
        return false;
    }
    do { /* a field ends where the next line does not begin with a blank */
        end = bytes_find(*rest, BYTES("\r\n"), end) + 2;
    } while (end < rest->size && (rest->at[end] == '\t' || rest->at[end] == ' '));
    struct bytes line = bytes_slice(*rest, 0, end - 2);
    size_t colon = bytes_find_byte(line, ':', 0);
    *name_r = bytes_slice(line, 0, colon);
    *value_r = bytes_trim(bytes_from(line, colon + 1));
    *rest = bytes_from(*rest, end);
    return true;
}

static size_t
count_named(struct bytes fields, struct bytes name)
{
    struct bytes one, value;
    size_t count = 0;

    while (next_field(&fields, &one, &value)) {
        count += bytes_equal(one, name);
    }
    return count;
}

/* Fields of one name: an object, or where there are several, an array of them. */
static void
write_added_of(struct json *j, struct bytes fields, struct bytes name)
{
    bool several = count_named(fields, name) > 1;
    struct bytes one, value;

    json_key_bytes(j, name);
    if (several) {
        json_open(j, '[');
    }
    while (next_field(&fields, &one, &value)) {
        if (bytes_equal(one, name)) {
            json_open(j, '{');
            json_put_string(j, "value", value);
            json_put_number(j, "order", 0);
            json_close(j);
        }
    }
    if (several) {
        json_close(j);
    }
}

/* Each field of the text, in order, as rspamd's milter block wants it: put before all others. Each name is a key once; they are
 * some ten fields of our own making. */
static void
write_added(struct json *j, struct bytes header)
{
    struct bytes rest = header, name, value;

    json_key(j, "add_headers");
    json_open(j, '{');
    while (next_field(&rest, &name, &value)) {
        struct bytes before = bytes_slice(header, 0, (size_t)(name.at - header.at));
        if (count_named(before, name) == 0) {
            write_added_of(j, header, name);
        }
    }
    json_close(j);
}

static bool
is_removed(const struct field *field, const struct answer_edit *edits, size_t edit_count)
{
    for (size_t i = 0; i < edit_count; i++) {
        if (edits[i].remove.at != NULL && edits[i].remove.at == field->whole.at) {
            return true;
        }
    }
    return false;
}

/* The fields of one name that go, by their number among those of that name (1 is the first). */
static void
write_removed_of(struct json *j, const struct header *header, struct bytes name,
                 const struct answer_edit *edits, size_t edit_count)
{
    size_t nth = 0;

    json_key_bytes(j, name);
    json_open(j, '[');
    for (size_t i = 0; i < header->field_count; i++) {
        if (bytes_equal_fold(header->fields[i].name, name)) {
            nth++;
            if (is_removed(&header->fields[i], edits, edit_count)) {
                json_number(j, (int64_t)nth);
            }
        }
    }
    json_close(j);
}

static void
write_removed(struct json *j, const struct header *header, const struct answer_edit *edits,
              size_t edit_count)
{
    json_key(j, "remove_headers");
    json_open(j, '{');
    /* The first edit adds; without others there is nothing to look for. */
    for (size_t i = 0; edit_count > 1 && i < header->field_count; i++) {
        const struct field *field = &header->fields[i];
        size_t before = 0;
        if (!is_removed(field, edits, edit_count)) {
            continue;
        }
        while (!bytes_equal_fold(header->fields[before].name, field->name) ||
               !is_removed(&header->fields[before], edits, edit_count)) {
            before++;
        }
        if (before == i) { /* each name once */
            write_removed_of(j, header, field->name, edits, edit_count);
        }
    }
    json_close(j);
}

static void
write_milter_block(struct json *j, struct bytes header, const struct letter *letter,
                   const struct answer_edit *edits, size_t edit_count)
{
    json_key(j, "milter");
    json_open(j, '{');
    write_added(j, header);
    write_removed(j, &letter->header, edits, edit_count);
    json_close(j);
}

static void
write_verdict(struct json *j, const struct policy *policy,
              const struct verdict_recipient *r, const enum permit_ground *grounds,
              const struct letter *letter, const struct answer_edit *edits,
              size_t edit_count, struct bytes papers)
{
    struct writer added;

    json_put_real(j, "score", r->score, 2);
    json_put_real(j, "required_score", policy->refuse, 2);
    json_put_text(j, "action", rspamd_action(r->action));
    json_put_text(j, "ground", permit_ground_name(r->ground));
    write_symbols(j, r, grounds);
    json_key(j, "messages");
    json_open(j, '{');
    if (r->reply.size > 0) {
        json_put_string(j, "smtp_message", bytes_from(r->reply, 10));
    }
    json_close(j);
    writer_init(&added, j->w->arena);
    writer_bytes(&added, papers);
    writer_bytes(&added, r->header);
    write_milter_block(j, papers.size > 0 ? writer_view(&added) : r->header, letter, edits,
                       edit_count);
}

/* Each by himself, for a caller that can treat them apart. */
static void
write_recipients(struct json *j, const struct scan *scan, const struct answer *answer)
{
    json_key(j, "recipients");
    json_open(j, '[');
    for (size_t i = 0; i < scan->verdict->recipient_count; i++) {
        json_open(j, '{');
        json_put_string(j, "address", scan->arrival->recipients[i].address);
        write_verdict(j, scan->policy, &scan->verdict->recipients[i],
                      scan->permit->recipients[i].grounds, scan->letter,
                      answer->recipients[i].edits, answer->recipients[i].edit_count,
                      answer->recipients[i].papers);
        json_close(j);
    }
    json_close(j);
}

/* Those that every copy has. */
static struct bytes
common_papers(const struct answer *answer)
{
    for (size_t i = 1; i < answer->recipient_count; i++) {
        if (!bytes_equal(answer->recipients[i].papers, answer->recipients[0].papers)) {
            return BYTES_NONE;
        }
    }
    return answer->recipients[0].papers;
}

/* What stands outside of `recipients` is told to all of them: it rests on what each has allowed. */
static struct bytes
answer_json(struct arena *arena, const struct scan *scan, const struct answer *answer)
{
    const struct verdict_recipient *common = &scan->verdict->common;
    bool several = scan->verdict->group_count > 1;
    bool content = (scan->verdict->common_families & FAMILY_BIT(FAMILY_CONTENT)) != 0;
    const struct letter *letter = scan->letter;
    struct writer w;
    struct json j;
    size_t edit_count;
    const struct answer_edit *edits = answer_edits(
        arena, scan->policy, letter, scan->origin, common->header, &edit_count);

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_bool(&j, "is_skipped", false);
    json_key(&j, "thresholds");
    json_open(&j, '{');
    json_put_real(&j, "reject", scan->policy->refuse, 2);
    json_put_real(&j, "quarantine", scan->policy->hold, 2);
    json_put_real(&j, "add header", scan->policy->label, 2);
    json_close(&j);
    json_put_string(&j, "message-id",
                    content && letter->message_id.size > 0 ? letter->message_id
                                                           : BYTES("undef"));
    json_put_string(&j, "sekisho_id", scan->arrival->id);
    json_put_text(&j, "category",
                  content && scan->opinion->content_read && !several
                      ? category_name(scan->opinion->category)
                      : NULL);
    write_verdict(&j, scan->policy, common,
                  several ? NULL : scan->permit->recipients[0].grounds, letter, edits,
                  edit_count, common_papers(answer));
    if (content && scan->opinion->indicator_count > 0) {
        json_key(&j, "indicators");
        opinion_write_indicators(scan->opinion, &j);
    }
    if (several) {
        write_recipients(&j, scan, answer);
    }
    json_close(&j);
    return writer_view(&w);
}

static enum answer_action
action_for_door(enum verdict_action action)
{
    switch (action) {
    case VERDICT_ACCEPT:
    case VERDICT_LABEL:
        return ANSWER_ACCEPT;
    case VERDICT_HOLD:
        return ANSWER_HOLD;
    case VERDICT_REFUSE:
        return ANSWER_REFUSE;
    case VERDICT_TEMPFAIL:
        return ANSWER_TEMPFAIL;
    }
    return ANSWER_TEMPFAIL;
}

/* "held" only where that is so for everyone: what one recipient's consent brought about is not told of the others. */
static struct bytes
answer_words(struct arena *arena, const struct verdict *verdict,
             const struct arrival *arrival)
{
    struct writer w;
    size_t held = 0;

    for (size_t i = 0; i < verdict->recipient_count; i++) {
        held += verdict->recipients[i].action == VERDICT_HOLD;
    }
    writer_init(&w, arena);
    writer_text(&w, held > 0 && held == verdict->recipient_count ? "held" : "accepted");
    writer_text(&w, " as ");
    writer_bytes(&w, arrival->id);
    return writer_view(&w);
}

const struct answer *
verdict_answer(struct arena *arena, const struct policy *policy,
               const struct verdict *verdict, const struct arrival *arrival,
               const struct permit *permit, const struct letter *letter,
               const struct origin *origin, const struct opinion *opinion)
{
    const struct scan scan = {policy, verdict, arrival, permit, letter, origin, opinion};
    struct answer *answer = ARENA_NEW(arena, struct answer);
    struct writer w;

    answer->recipient_count = verdict->recipient_count;
    answer->recipients =
        ARENA_NEW_MANY(arena, verdict->recipient_count, struct answer_recipient);
    for (size_t i = 0; i < verdict->recipient_count; i++) {
        const struct verdict_recipient *from = &verdict->recipients[i];
        struct answer_recipient *to = &answer->recipients[i];
        *to = (struct answer_recipient){.action = action_for_door(from->action),
                                        .reply = from->reply,
                                        .group = from->group};
        if (to->reply.size > 0) {
            writer_init(&w, arena);
            writer_bytes(&w, to->reply);
            writer_text(&w, ", id ");
            writer_bytes(&w, arrival->id);
            to->reply = writer_view(&w);
        }
        to->edits =
            answer_edits(arena, policy, letter, origin, from->header, &to->edit_count);
    }
    if (arrival->door == ARRIVAL_HTTP && verdict->recipient_count > 0) {
        answer->json = answer_json(arena, &scan, answer);
    }
    answer->words = answer_words(arena, verdict, arrival);
    return answer;
}

struct bytes
verdict_json(struct arena *arena, const struct policy *policy,
             const struct verdict *verdict, const struct arrival *arrival,
             const struct permit *permit, const struct letter *letter,
             const struct origin *origin, const struct opinion *opinion,
             const struct answer *answer)
{
    const struct scan scan = {policy, verdict, arrival, permit, letter, origin, opinion};

    return verdict->recipient_count > 0 ? answer_json(arena, &scan, answer) : BYTES("");
}
