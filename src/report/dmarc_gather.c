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
    size_t seen_count, seen_room, row_count;
    struct bytes *bounces;
    size_t bounce_count;
    uint64_t withheld;
};

/* One message, as its line of the record has it; views into the JSON. */
struct message {
    const json_t *json, *origin, *dmarc, *published;
    struct bytes policy_domain, from_domain, policy, result, action, speaker;
    bool spf, dkim; /* aligned */
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
    struct bytes rua = text_of(m->published, "rua");

    if (!bytes_equal(rua, seen->rua)) {
        seen->rua = bytes_copy(arena, rua);
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

/* What we did because of DMARC, and nothing of what we did for other reasons (RFC 9990 8.3: a report must not disclose how
 * we filter). m->policy is what the owner asks for this mail, after sp, np and t. */
static void
dispose(struct arena *arena, const struct message *m, struct dmarc_row *row)
{
    bool reject = bytes_is(m->policy, "reject"),
         quarantine = bytes_is(m->policy, "quarantine");
    bool refused = bytes_is(m->action, "refuse"),
         marked = bytes_is(m->action, "hold") || bytes_is(m->action, "label");
    struct writer w;

    row->disposition = BYTES("none");
    if (m->spf || m->dkim) {
        if (reject || quarantine) {
            row->disposition = BYTES("pass");
        }
        return;
    }
    if (m->speaker.size > 0) {
        writer_init(&w, arena);
        writer_text(&w, "arc=pass by ");
        writer_bytes(&w, bytes_slice(m->speaker, 0, LIMIT_DOMAIN));
        if (reject || quarantine) {
            add_reason(arena, row, "trusted_forwarder")->comment = writer_view(&w);
        }
        if (bytes_is(m->result, "pass")) {
            return;
        }
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
    if (row.source_ip.size > 0) {
        put_row(g, seen, &row, row_key(scratch, seen, &row));
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
    if (text_of(m.published, "rua").size == 0 || m.policy_domain.size == 0 ||
        m.policy_domain.size > LIMIT_DOMAIN ||
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
    count_message(g, scratch, &m);
}

void
dmarc_gather_take(struct dmarc_gather *g, struct bytes record)
{
    struct arena scratch;

    /* Most mail asks for no report; to read all of it as JSON would cost ten times the look. */
    if (!bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"message\"")) ||
        (bytes_find(record, BYTES("\"rua\":\""), 0) == BYTES_NOWHERE &&
         bytes_find(record, BYTES("\"from\":\"\""), 0) == BYTES_NOWHERE)) {
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
