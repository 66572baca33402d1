#include "report/dmarc_gather.h"

#include <jansson.h>

#include "base/limits.h"
#include "base/table.h"
#include "base/writer.h"
#include "net/endpoint.h"
#include "report/dmarc_token.h"

#define BOUNCES_MOST 1000
#define SEPARATOR    '\x1f'

struct dmarc_gather {
    struct arena *arena;
    const struct dmarc_settings *settings;
    int64_t begin_s, end_s;
    struct table by_domain, by_row;
    struct dmarc_seen **seen;
    size_t seen_count, seen_room, row_count, failure_count;
    struct bytes *bounces;
    size_t bounce_count;
    uint64_t withheld;
};

/* One message, as its line of the record has it; views into the JSON. */
struct message {
    const json_t *json, *origin, *dmarc, *published;
    struct bytes policy_domain, from_domain, policy, result, action, speaker;
    struct bytes override, override_comment; /* why a fail was not enforced */
    bool spf, dkim;                          /* aligned */
    bool test;
};

struct dmarc_gather *
dmarc_gather_new(struct arena *arena, const struct dmarc_settings *settings,
                 int64_t begin_s, int64_t end_s)
{
    struct dmarc_gather *g = ARENA_NEW(arena, struct dmarc_gather);

    g->arena = arena;
    g->settings = settings;
    g->begin_s = begin_s;
    g->end_s = end_s;
    table_init(&g->by_domain, arena, false);
    table_init(&g->by_row, arena, false);
    g->bounces = ARENA_NEW_MANY(arena, BOUNCES_MOST, struct bytes);
    return g;
}

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

/* The part behind the last @, at most a domain long: what may stand in a report of an address. */
static struct bytes
domain_of(struct arena *arena, struct bytes address)
{
    size_t at = bytes_find_last(address, '@');
    struct bytes domain = at == BYTES_NOWHERE ? BYTES("") : bytes_from(address, at + 1);

    return bytes_lower(arena, bytes_slice(domain, 0, LIMIT_DOMAIN));
}

/* Whether each recipient has said, or is bound by a rule, that what his mail's sender domain asks for may be done. */
static bool
all_allow(const json_t *json)
{
    const json_t *recipients = json_object_get(json, "recipients");
    size_t i, count = json_array_size(json_object_get(json, "to"));
    json_t *one;

    json_array_foreach(recipients, i, one)
    {
        struct bytes ground = text_of(json_object_get(one, "families"), "dmarc");
        if (!bytes_is(ground, "consent") && !bytes_is(ground, "terms") &&
            !bytes_is(ground, "house_rule")) {
            return false;
        }
    }
    return count > 0 && json_array_size(recipients) == count;
}

static bool
to_mailbox(const struct dmarc_gather *g, const json_t *json)
{
    size_t i;
    json_t *one;

    json_array_foreach(json_object_get(json, "to"), i, one)
    {
        struct bytes address = bytes_of(json_string_value(one), json_string_length(one)),
                     token;
        if ((g->settings->from.size > 0 && bytes_equal_fold(address, g->settings->from)) ||
            dmarc_token_of(g->settings, address, &token)) {
            return true;
        }
        for (size_t k = 0; k < g->settings->mailbox_count; k++) {
            if (bytes_equal_fold(address, g->settings->mailboxes[k])) {
                return true;
            }
        }
    }
    return false;
}

static void
take_bounces(struct dmarc_gather *g, const json_t *json)
{
    size_t i;
    json_t *one;

    json_array_foreach(json_object_get(json, "to"), i, one)
    {
        struct bytes token;
        if (dmarc_token_of(g->settings,
                           bytes_of(json_string_value(one), json_string_length(one)),
                           &token) &&
            g->bounce_count < BOUNCES_MOST) {
            g->bounces[g->bounce_count++] = bytes_lower(g->arena, token);
        }
    }
}

static struct bytes
or_text(struct bytes text, const char *fallback)
{
    return text.size > 0 ? text : bytes_from_text(fallback);
}

/* Copies the tags of the policy seen last; what is not given has its default (RFC 9990 3.1.1.5). */
static void
take_published(struct dmarc_gather *g, struct dmarc_seen *seen, const struct message *m)
{
    struct arena *arena = g->arena;
    struct dmarc_published *p = &seen->published;
    struct bytes rua = text_of(m->published, "rua"), ruf = text_of(m->published, "ruf");

    if (!bytes_equal(rua, seen->rua)) {
        seen->rua = bytes_copy(arena, rua);
    }
    if (!bytes_equal(ruf, seen->ruf)) {
        seen->ruf = bytes_copy(arena, ruf);
    }
    struct bytes now[] = {
        or_text(text_of(m->published, "p"), "none"),
        text_of(m->published, "sp"),
        text_of(m->published, "np"),
        or_text(text_of(m->published, "adkim"), "r"),
        or_text(text_of(m->published, "aspf"), "r"),
        or_text(text_of(m->published, "fo"), "0"),
        or_text(text_of(m->published, "t"), "n"),
        BYTES("treewalk"),
    };
    struct bytes *const to[] = {&p->p,    &p->sp, &p->np,      &p->adkim,
                                &p->aspf, &p->fo, &p->testing, &p->discovery_method};
    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
        if (!bytes_equal(now[i], *to[i])) {
            *to[i] = bytes_copy(arena, now[i]);
        }
    }
    struct bytes organization = text_of(m->dmarc, "organizational_domain");
    if (!bytes_equal(organization, seen->organization)) {
        seen->organization = bytes_copy(arena, organization);
    }
}

static struct dmarc_seen *
seen_for(struct dmarc_gather *g, const struct message *m)
{
    struct dmarc_seen *seen = table_get(&g->by_domain, m->policy_domain);

    if (seen != NULL) {
        return seen;
    }
    if (g->seen_count == LIMIT_DMARC_DOMAINS) {
        return NULL;
    }
    if (g->seen_count == g->seen_room) {
        size_t room = g->seen_room == 0 ? 16 : 2 * g->seen_room;
        g->seen = arena_grow(g->arena, g->seen, g->seen_room * sizeof *g->seen,
                             room * sizeof *g->seen);
        g->seen_room = room;
    }
    seen = ARENA_NEW(g->arena, struct dmarc_seen);
    seen->published.domain = bytes_copy(g->arena, m->policy_domain);
    (void)table_put(&g->by_domain, seen->published.domain, seen);
    g->seen[g->seen_count++] = seen;
    return seen;
}

static struct dmarc_reason *
add_reason(struct arena *arena, struct dmarc_row *row, const char *type)
{
    row->reasons = ARENA_NEW(arena, struct dmarc_reason);
    row->reason_count = 1;
    row->reasons[0].type = bytes_from_text(type);
    return row->reasons;
}

/* As trace wrote it down: with the whole chain (RFC 8617 7.2.2). Records from before that name only who spoke. */
static void
add_override(struct arena *arena, const struct message *m, struct dmarc_row *row)
{
    static const char *const types[] = {"local_policy", "mailing_list", "other",
                                        "policy_test_mode", "trusted_forwarder"};
    const char *type = "trusted_forwarder";
    struct writer w;

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        type = bytes_is(m->override, types[i]) ? types[i] : type;
    }
    struct dmarc_reason *reason = add_reason(arena, row, type);
    if (m->override_comment.size > 0) {
        reason->comment = bytes_slice(m->override_comment, 0, LIMIT_DMARC_REPORT_TEXT);
    } else if (m->speaker.size > 0) {
        writer_init(&w, arena);
        writer_text(&w, "arc=pass by ");
        writer_bytes(&w, bytes_slice(m->speaker, 0, LIMIT_DOMAIN));
        reason->comment = writer_view(&w);
    }
}

/* What we did because of DMARC, and nothing of what we did for other reasons (RFC 9990 8.3: a report must not disclose how
 * we filter). m->policy is what the owner asks for this mail, after sp, np and t. */
static void
dispose(struct arena *arena, const struct message *m, struct dmarc_row *row)
{
    bool reject = bytes_is(m->policy, "reject"),
         quarantine = bytes_is(m->policy, "quarantine");
    bool refused = bytes_is(m->action, "refuse"),
         marked = bytes_is(m->action, "hold") || bytes_is(m->action, "label");

    row->disposition = BYTES("none");
    if (m->spf || m->dkim) {
        if (reject || quarantine) {
            row->disposition = BYTES("pass");
        }
        return;
    }
    if (m->override.size > 0 || m->speaker.size > 0) {
        if (reject || quarantine) {
            add_override(arena, m, row);
        }
        return; /* whatever was done then was not for DMARC */
    }
    if (!bytes_is(m->result, "fail")) {
        if (reject || quarantine) {
            add_reason(arena, row, "other")->comment =
                BYTES("DNS could not be asked: no result");
        }
        return;
    }
    row->disposition = reject && refused                  ? BYTES("reject")
                       : (reject || quarantine) && marked ? BYTES("quarantine")
                       : quarantine && refused            ? BYTES("quarantine")
                                                          : BYTES("none");
    if (row->reason_count > 0) {
        return;
    }
    if (!bytes_equal(row->disposition, m->policy)) {
        (void)add_reason(arena, row, "local_policy");
    } else if (m->test) {
        (void)add_reason(arena, row, "policy_test_mode");
    }
}

static int
rank_of(const struct dmarc_auth *auth, struct bytes from, struct bytes organization)
{
    bool below = auth->domain.size > organization.size &&
                 bytes_ends_fold(auth->domain, organization) &&
                 auth->domain.at[auth->domain.size - organization.size - 1] == '.';

    return !bytes_is(auth->result, "pass")                         ? 3
           : bytes_equal_fold(auth->domain, from)                  ? 0
           : below || bytes_equal_fold(auth->domain, organization) ? 1
                                                                   : 2;
}

/* In the order of RFC 9990 3.1.3. */
static void
take_dkim(struct arena *arena, const struct message *m, struct dmarc_row *row)
{
    const json_t *list = json_object_get(m->origin, "dkim");
    struct bytes organization = text_of(m->dmarc, "organizational_domain");
    size_t count = json_array_size(list), i;
    json_t *one;

    row->dkim_results = ARENA_NEW_MANY(
        arena, count < LIMIT_DMARC_REPORT_RESULTS ? count + 1 : 101, struct dmarc_auth);
    for (int rank = 0; rank < 4; rank++) {
        json_array_foreach(list, i, one)
        {
            const struct dmarc_auth auth = {
                .domain = bytes_slice(text_of(one, "d"), 0, LIMIT_DOMAIN),
                .selector = bytes_slice(text_of(one, "s"), 0, LIMIT_DOMAIN),
                .result = text_of(one, "result"),
                .human_result = bytes_slice(text_of(one, "reason"), 0, LIMIT_RECORD_DETAIL),
            };
            if (auth.domain.size > 0 && row->dkim_count < LIMIT_DMARC_REPORT_RESULTS &&
                rank_of(&auth, m->from_domain, organization) == rank) {
                row->dkim_results[row->dkim_count++] = auth;
            }
        }
    }
}

/* MAIL FROM alone counts in DMARC (RFC 9990 3.1.1.12). */
static void
take_spf(struct arena *arena, const struct message *m, struct dmarc_row *row)
{
    const json_t *spf = json_object_get(m->origin, "spf");
    struct bytes domain = text_of(spf, "domain");

    if (domain.size > 0 && bytes_is(text_of(spf, "identity"), "mailfrom")) {
        row->spf_results = ARENA_NEW(arena, struct dmarc_auth);
        row->spf_results[0] = (struct dmarc_auth){
            .domain = bytes_lower(arena, bytes_slice(domain, 0, LIMIT_DOMAIN)),
            .scope = BYTES("mfrom"),
            .result = text_of(spf, "result"),
        };
        row->spf_count = 1;
    }
}

static void
key_piece(struct writer *w, struct bytes text)
{
    writer_bytes(w, text);
    writer_byte(w, SEPARATOR);
}

/* All that two messages must share to be one row. */
static struct bytes
row_key(struct arena *arena, const struct dmarc_seen *seen, const struct dmarc_row *row)
{
    struct writer w;

    writer_init(&w, arena);
    key_piece(&w, seen->published.domain);
    key_piece(&w, row->source_ip);
    key_piece(&w, row->disposition);
    key_piece(&w, row->dkim);
    key_piece(&w, row->spf);
    key_piece(&w, row->header_from);
    key_piece(&w, row->envelope_from);
    for (size_t i = 0; i < row->reason_count; i++) {
        key_piece(&w, row->reasons[i].type);
        key_piece(&w, row->reasons[i].comment);
    }
    writer_byte(&w, SEPARATOR);
    for (size_t i = 0; i < row->dkim_count + row->spf_count; i++) {
        const struct dmarc_auth *auth = i < row->dkim_count
                                            ? &row->dkim_results[i]
                                            : &row->spf_results[i - row->dkim_count];
        key_piece(&w, auth->domain);
        key_piece(&w, auth->selector);
        key_piece(&w, auth->result);
        key_piece(&w, auth->human_result);
    }
    return writer_view(&w);
}

static struct dmarc_auth *
copy_auth(struct arena *arena, const struct dmarc_auth *from, size_t count)
{
    struct dmarc_auth *to = ARENA_NEW_MANY(arena, count, struct dmarc_auth);

    for (size_t i = 0; i < count; i++) {
        to[i] = (struct dmarc_auth){
            .domain = bytes_copy(arena, from[i].domain),
            .selector = bytes_copy(arena, from[i].selector),
            .scope = bytes_copy(arena, from[i].scope),
            .result = bytes_copy(arena, from[i].result),
            .human_result = bytes_copy(arena, from[i].human_result),
        };
    }
    return to;
}

static struct dmarc_row *
copy_row(struct arena *arena, const struct dmarc_row *from)
{
    struct dmarc_row *row = ARENA_NEW(arena, struct dmarc_row);

    *row = *from;
    row->source_ip = bytes_copy(arena, from->source_ip);
    row->header_from = bytes_copy(arena, from->header_from);
    row->envelope_from = bytes_copy(arena, from->envelope_from);
    row->reasons = ARENA_NEW_MANY(arena, from->reason_count, struct dmarc_reason);
    for (size_t i = 0; i < from->reason_count; i++) {
        row->reasons[i].type = from->reasons[i].type; /* a literal */
        row->reasons[i].comment = bytes_copy(arena, from->reasons[i].comment);
    }
    row->dkim_results = copy_auth(arena, from->dkim_results, from->dkim_count);
    row->spf_results = copy_auth(arena, from->spf_results, from->spf_count);
    return row;
}

static void
put_row(struct dmarc_gather *g, struct dmarc_seen *seen, const struct dmarc_row *row,
        struct bytes key)
{
    struct dmarc_row *there = table_get(&g->by_row, key);

    if (there != NULL) {
        there->count++;
        return;
    }
    if (g->row_count == LIMIT_DMARC_ROWS) {
        seen->left_out++;
        return;
    }
    if (seen->row_count == seen->row_room) {
        size_t room = seen->row_room == 0 ? 4 : 2 * seen->row_room;
        seen->rows = arena_grow(g->arena, seen->rows, seen->row_room * sizeof *seen->rows,
                                room * sizeof *seen->rows);
        seen->row_room = room;
    }
    there = copy_row(g->arena, row);
    there->count = 1;
    seen->rows[seen->row_count++] = there;
    g->row_count++;
    (void)table_put(&g->by_row, bytes_copy(g->arena, key), there);
}

static bool
spf_failed(struct bytes result)
{
    return result.size > 0 && !bytes_is(result, "pass") && !bytes_is(result, "none");
}

/* The row has the results of this message. */
static bool
is_incident(const struct dmarc_gather *g, const struct message *m,
            const struct dmarc_row *row)
{
    bool dkim = false, spf = row->spf_count > 0 && spf_failed(row->spf_results[0].result);

    for (size_t i = 0; i < row->dkim_count; i++) {
        dkim |= !bytes_is(row->dkim_results[i].result, "pass");
    }
    return g->settings->failure_send != DMARC_SEND_NO &&
           text_of(m->published, "ruf").size > 0 && bytes_is(m->result, "fail") &&
           m->override.size == 0 && m->speaker.size == 0 &&
           dmarc_failure_wanted(text_of(m->published, "fo"), dkim, spf);
}

/* From keeps its domain alone, and neither Date nor Message-ID is there: what the header says is not in this line. */
static void
take_failure(struct dmarc_gather *g, struct dmarc_seen *seen, const struct message *m,
             const struct dmarc_row *row)
{
    struct arena *arena = g->arena;
    size_t dkim_count =
        row->dkim_count < LIMIT_DKIM_SIGNATURES ? row->dkim_count : LIMIT_DKIM_SIGNATURES;

    if (!is_incident(g, m, row) || seen->failure_count == g->settings->failure_cap ||
        g->failure_count == LIMIT_DMARC_FAILURES) {
        return;
    }
    if (seen->failure_count == seen->failure_room) {
        size_t room = seen->failure_room == 0 ? 2 : 2 * seen->failure_room;
        seen->failures =
            arena_grow(arena, seen->failures, seen->failure_room * sizeof *seen->failures,
                       room * sizeof *seen->failures);
        seen->failure_room = room;
    }
    struct dmarc_failure_dkim *dkim =
        ARENA_NEW_MANY(arena, dkim_count + 1, struct dmarc_failure_dkim);
    for (size_t i = 0; i < dkim_count; i++) {
        dkim[i] = (struct dmarc_failure_dkim){
            bytes_copy(arena, row->dkim_results[i].domain),
            bytes_copy(arena, row->dkim_results[i].selector),
            bytes_copy(arena, row->dkim_results[i].result),
        };
    }
    seen->failures[seen->failure_count++] = (struct dmarc_failure){
        .reporter = g->settings->submitter,
        .from = g->settings->from,
        .domain = seen->published.domain,
        .source_ip = bytes_copy(arena, row->source_ip),
        .mail_from = bytes_copy(arena, text_of(m->json, "from")),
        .arrival_s = json_integer_value(json_object_get(m->json, "time")) / 1000,
        .header_from = bytes_copy(arena, row->header_from),
        .spf_domain =
            row->spf_count > 0 ? bytes_copy(arena, row->spf_results[0].domain) : BYTES_NONE,
        .spf_result =
            row->spf_count > 0 ? bytes_copy(arena, row->spf_results[0].result) : BYTES_NONE,
        .dkim = dkim,
        .dkim_count = dkim_count,
        .spf_aligned = m->spf,
        .dkim_aligned = m->dkim,
        .dmarc_result = BYTES("fail"),
        .policy = bytes_copy(arena, m->policy),
        .action = bytes_copy(arena, m->action),
        .generator = g->settings->generator,
        .id = bytes_copy(arena, text_of(m->json, "id")),
    };
    g->failure_count++;
}

static void
count_message(struct dmarc_gather *g, struct arena *scratch, const struct message *m)
{
    struct dmarc_seen *seen = seen_for(g, m);
    struct dmarc_row row = {0};
    bool passed = bytes_is(m->result, "pass");

    if (seen == NULL) {
        return;
    }
    take_published(g, seen, m);
    seen->messages++;
    seen->passed += passed;
    seen->unwanted += passed && !bytes_is(m->action, "accept");
    row.source_ip = or_text(text_of(m->origin, "source"), "");
    row.source_ip = row.source_ip.size > 0 ? row.source_ip : text_of(m->json, "client");
    row.dkim = m->dkim ? BYTES("pass") : BYTES("fail");
    row.spf = m->spf ? BYTES("pass") : BYTES("fail");
    row.header_from = bytes_lower(scratch, bytes_slice(m->from_domain, 0, LIMIT_DOMAIN));
    row.envelope_from = domain_of(scratch, text_of(m->json, "from"));
    dispose(scratch, m, &row);
    take_dkim(scratch, m, &row);
    take_spf(scratch, m, &row);
    if (row.source_ip.size > 0 && text_of(m->published, "rua").size > 0) {
        put_row(g, seen, &row, row_key(scratch, seen, &row));
    }
    if (row.source_ip.size > 0) {
        take_failure(g, seen, m, &row);
    }
}

static void
take_json(struct dmarc_gather *g, struct arena *scratch, const json_t *json)
{
    int64_t time_s = json_integer_value(json_object_get(json, "time")) / 1000;
    struct message m = {.json = json, .origin = json_object_get(json, "origin")};

    if (!bytes_is(text_of(json, "kind"), "message") || time_s < g->begin_s ||
        time_s >= g->end_s) {
        return;
    }
    if (text_of(json, "from").size == 0) {
        take_bounces(g, json);
        return;
    }
    m.dmarc = json_object_get(m.origin, "dmarc");
    m.published = json_object_get(m.dmarc, "published");
    m.action = text_of(json, "action");
    m.policy_domain = bytes_lower(scratch, text_of(m.dmarc, "policy_domain"));
    m.from_domain = text_of(m.dmarc, "from_domain");
    bool asks = text_of(m.published, "rua").size > 0 ||
                (g->settings->failure_send != DMARC_SEND_NO &&
                 text_of(m.published, "ruf").size > 0);
    if (!asks || m.policy_domain.size == 0 || m.policy_domain.size > LIMIT_DOMAIN ||
        bytes_find_byte(m.from_domain, '@', 0) != BYTES_NOWHERE ||
        bytes_is(m.action, "tempfail") || text_of(json, "user").size > 0 ||
        bytes_is(text_of(json, "door"), "file") || to_mailbox(g, json)) {
        return;
    }
    if (!all_allow(json)) {
        g->withheld++;
        return;
    }
    m.policy = text_of(m.dmarc, "policy");
    m.result = text_of(m.dmarc, "result");
    m.spf = json_is_true(json_object_get(m.dmarc, "spf_aligned"));
    m.dkim = json_is_true(json_object_get(m.dmarc, "dkim_aligned"));
    m.test = bytes_is(text_of(m.published, "t"), "y");
    m.speaker = text_of(json_object_get(m.origin, "arc"), "speaker");
    m.override = text_of(m.dmarc, "override");
    m.override_comment = text_of(m.dmarc, "override_comment");
    count_message(g, scratch, &m);
}

void
dmarc_gather_take(struct dmarc_gather *g, struct bytes record)
{
    struct arena scratch;

    /* Most mail asks for no report; to read all of it as JSON would cost ten times the look. */
    if (!bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"message\"")) ||
        (bytes_find(record, BYTES("\"rua\":\""), 0) == BYTES_NOWHERE &&
         bytes_find(record, BYTES("\"from\":\"\""), 0) == BYTES_NOWHERE &&
         (g->settings->failure_send == DMARC_SEND_NO ||
          bytes_find(record, BYTES("\"ruf\":\""), 0) == BYTES_NOWHERE))) {
        return;
    }
    json_t *json = json_loadb((const char *)record.at, record.size,
                              JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
    arena_init(&scratch, (size_t)16 << 20);
    if (json != NULL) {
        take_json(g, &scratch, json);
    }
    arena_release(&scratch);
    json_decref(json);
}

size_t
dmarc_gather_count(const struct dmarc_gather *g)
{
    return g->seen_count;
}

const struct dmarc_seen *
dmarc_gather_seen(const struct dmarc_gather *g, size_t i)
{
    return g->seen[i];
}

const struct bytes *
dmarc_gather_bounces(const struct dmarc_gather *g, size_t *count_r)
{
    *count_r = g->bounce_count;
    return g->bounces;
}

uint64_t
dmarc_gather_withheld(const struct dmarc_gather *g)
{
    return g->withheld;
}

void
dmarc_gather_report(struct arena *arena, const struct dmarc_gather *g, size_t i,
                    struct dmarc_report *report_r)
{
    const struct dmarc_seen *seen = g->seen[i];
    struct writer id, words;

    writer_init(&id, arena);
    writer_format(&id, "%lld.%lld.", (long long)g->begin_s, (long long)g->end_s);
    writer_bytes(&id, seen->published.domain);
    writer_byte(&id, '@');
    writer_bytes(&id, g->settings->submitter);
    *report_r = (struct dmarc_report){
        .version = BYTES("1.0"),
        .org_name = g->settings->org_name,
        .email = g->settings->from,
        .extra_contact_info = g->settings->contact,
        .report_id = writer_view(&id),
        .generator = g->settings->generator,
        .begin = (uint64_t)g->begin_s,
        .end = (uint64_t)g->end_s,
        .published = seen->published,
        .rows = ARENA_NEW_MANY(arena, seen->row_count, struct dmarc_row),
        .row_count = seen->row_count,
    };
    for (size_t k = 0; k < seen->row_count; k++) {
        report_r->rows[k] = *seen->rows[k];
    }
    if (seen->left_out > 0) {
        writer_init(&words, arena);
        writer_format(&words, "%llu messages are not in this report: too many sources",
                      (unsigned long long)seen->left_out);
        report_r->errors = ARENA_NEW(arena, struct bytes);
        report_r->errors[0] = writer_view(&words);
        report_r->error_count = 1;
    }
}
