/* The driver of all checks: each is run again until the memo has what it wants. Those that do not need each other (SPF
 * for both identities, DKIM, iprev) ask in the same round, and the first question of DMARC goes out with them; DMARC
 * itself waits for their results. */
#include "base/limits.h"
#include "parse/address.h"
#include "parse/domain.h"
#include "trace/arc.h"
#include "trace/authres.h"
#include "trace/batv.h"
#include "trace/claimed.h"
#include "trace/dkim.h"
#include "trace/dkim_notes.h"
#include "trace/dmarc.h"
#include "trace/dmarc_from.h"
#include "trace/domainkeys.h"
#include "trace/hops.h"
#include "trace/hops_check.h"
#include "trace/iprev.h"
#include "trace/lists.h"
#include "trace/names.h"
#include "trace/origin_private.h"
#include "trace/place.h"
#include "trace/senderid.h"
#include "trace/sign.h"
#include "trace/spf.h"
#include "trace/spf_received.h"
#include "trace/vouch.h"

struct trace {
    struct arena *arena;
    const struct trace_settings *settings;
    const struct arrival *arrival;
    const struct letter *letter;
    struct dns_memo *memo;
    int64_t now_s;
    struct origin origin;
    struct bytes helo, mail_from; /* as the source said them */
    struct bytes from_domains[LIMIT_FROM_ADDRESSES + 1];
    size_t from_count;
    struct dkim_work *dkim_work;
    struct lists_work *lists_work;
    bool lists_done;
    struct arc_work *arc_work;
    bool spf_done, helo_done, dkim_done, domainkeys_done, arc_done, iprev_done,
        senderid_done, done;
    bool leaving; /* mail of ours */
};

/* A-labels where it can be had, each domain once. One past the bound is kept, so that DMARC sees that it was passed. */
static void
add_domain(struct trace *t, struct bytes domain)
{
    struct bytes ascii;

    if (domain.size == 0) {
        return;
    }
    if (!domain_to_ascii(t->arena, domain, &ascii)) {
        ascii = domain;
    }
    for (size_t i = 0; i < t->from_count; i++) {
        if (bytes_equal_fold(t->from_domains[i], ascii)) {
            return;
        }
    }
    if (t->from_count < sizeof t->from_domains / sizeof *t->from_domains) {
        t->from_domains[t->from_count++] = ascii;
    }
}

static void
add_list(struct trace *t, const struct address_list *list)
{
    for (size_t i = 0; i < list->address_count; i++) {
        const struct address *a = &list->addresses[i];
        if (!a->is_group) {
            add_domain(t, a->domain);
        }
        for (size_t m = 0; m < a->member_count; m++) {
            add_domain(t, a->members[m].domain);
        }
    }
}

/* Every address of every From field: a reader may be shown any of them. */
static void
take_from(struct trace *t)
{
    const struct header *header = &t->letter->header;
    const struct bytes name = BYTES("From");
    const struct field *field;
    size_t at = 0;

    if (header_count(header, name) == 1) {
        add_list(t, &t->letter->from);
        return;
    }
    while (t->from_count <= LIMIT_FROM_ADDRESSES &&
           (field = header_find(header, name, &at)) != NULL) {
        struct address_list list;
        address_list_read(t->arena, field->value, &list, NULL);
        add_list(t, &list);
    }
}

/* A mail address with its domain in A-labels (RFC 7208 4.3 wants them). */
static struct bytes
to_ascii(struct arena *arena, struct bytes address)
{
    struct bytes domain;
    size_t at = bytes_find_last(address, '@'), i = 0;

    while (i < address.size && address.at[i] < 0x80) {
        i++;
    }
    if (i == address.size || at == BYTES_NOWHERE ||
        !domain_to_ascii(arena, bytes_from(address, at + 1), &domain)) {
        return address;
    }
    struct writer w;
    writer_init(&w, arena);
    writer_bytes(&w, bytes_slice(address, 0, at + 1));
    writer_bytes(&w, domain);
    return writer_view(&w);
}

/* Mail of ours that leaves: whether we may send under our own names is not for the DNS to say. It has not been signed yet, and
 * the host it comes from is not the one that others will see. */
static void
begin_leaving(struct trace *t)
{
    const struct sign_settings *sign = t->settings->sign;
    bool issues = sign != NULL && (sign->client_count > 0 || sign->domain_count > 0 ||
                                   t->settings->batv->domain_count > 0);

    t->leaving = issues && sign_is_leaving(sign, t->arrival);
    if (t->leaving) {
        t->spf_done = t->helo_done = t->senderid_done = true;
        t->iprev_done = t->lists_done = true;
        t->origin.dmarc.reason = BYTES("mail of ours that leaves");
        origin_note(t->arena, &t->origin, "leaving", t->arrival->user);
    }
}

struct trace *
trace_new(struct arena *arena, const struct trace_settings *settings,
          const struct places *places, const struct arrival *arrival,
          const struct letter *letter, struct dns_memo *memo, int64_t now_s)
{
    struct trace *t = ARENA_NEW(arena, struct trace);

    *t = (struct trace){
        .arena = arena,
        .settings = settings,
        .arrival = arrival,
        .letter = letter,
        .memo = memo,
        .now_s = now_s,
        .helo = arrival->helo,
        .mail_from = to_ascii(arena, arrival->mail_from),
    };
    hops_read(arena, letter, settings, &arrival->client, &t->origin);
    if (t->origin.border > 0 && t->origin.hops[t->origin.border - 1].from_ip.known) {
        t->helo = t->origin.hops[t->origin.border - 1].helo;
    }
    hops_check(arena, settings, now_s, &t->origin);
    claimed_read(arena, letter, &t->origin);
    place_origin(arena, places, &t->origin);
    take_from(t);
    begin_leaving(t);
    return t;
}

static enum sk_code
step_spf(struct trace *t, struct bytes mail_from, struct spf_result *result_r, bool *done)
{
    const struct spf_query query = {
        .ip = &t->origin.source,
        .helo = t->helo,
        .mail_from = mail_from,
        .receiver = t->settings->authserv_id,
        .now_s = t->now_s,
    };

    if (*done) {
        return SK_OK;
    }
    enum sk_code code = spf_check(t->arena, t->memo, &query, result_r);
    *done = code == SK_OK;
    return code;
}

/* HELO and the field Sender are the sender's to choose, and decide nothing in DMARC: their records may not use up all
 * questions. Gives what questions_max was. */
static size_t
hold_back(struct dns_memo *memo)
{
    size_t before = memo->questions_max, left = LIMIT_DNS_QUESTIONS - LIMIT_DNS_HELO;

    memo->questions_max = before > left ? before - left : 0;
    return before;
}

static enum sk_code
step_helo(struct trace *t)
{
    size_t before = hold_back(t->memo);
    enum sk_code code = step_spf(t, BYTES_NONE, &t->origin.spf_helo, &t->helo_done);

    t->memo->questions_max = before;
    return code;
}

static enum sk_code
step_senderid(struct trace *t)
{
    const struct senderid_query query = {
        .ip = &t->origin.source,
        .helo = t->helo,
        .header = &t->letter->header,
        .scope = SPF_SCOPE_PRA,
        .now_s = t->now_s,
    };

    if (t->senderid_done || !t->settings->senderid) {
        return SK_OK;
    }
    size_t before = hold_back(t->memo);
    enum sk_code code = senderid_check(t->arena, t->memo, &query, &t->origin.senderid);
    t->memo->questions_max = before;
    t->senderid_done = code == SK_OK;
    return code;
}

static enum sk_code
step_iprev(struct trace *t)
{
    struct origin *o = &t->origin;

    if (t->iprev_done) {
        return SK_OK;
    }
    t->iprev_done = true;
    if (t->arrival->client_name.size > 0 &&
        net_address_equal(&o->source, &t->arrival->client)) {
        o->iprev = AUTH_PASS;
        o->client_name = t->arrival->client_name;
        return SK_OK;
    }
    enum sk_code code =
        iprev_check(t->arena, t->memo, &o->source, &o->iprev, &o->client_name);
    t->iprev_done = code == SK_OK;
    return code;
}

static enum sk_code
step_dmarc(struct trace *t)
{
    struct origin *o = &t->origin;
    struct dmarc_identity spf = {o->spf.domain, o->spf.result};
    struct dmarc_identity *dkim =
        ARENA_NEW_MANY(t->arena, o->dkim_count, struct dmarc_identity);

    for (size_t i = 0; i < o->dkim_count; i++) {
        dkim[i] = (struct dmarc_identity){o->dkim[i].domain, o->dkim[i].result};
    }
    const struct dmarc_query query = {
        .from_domains = t->from_domains,
        .from_count = t->from_count,
        .spf = &spf,
        .spf_count = 1,
        .dkim = dkim,
        .dkim_count = o->dkim_count,
    };
    return dmarc_check(t->arena, t->memo, &query, &o->dmarc, NULL);
}

static enum sk_code
step_dkim(struct trace *t)
{
    struct origin *o = &t->origin;

    if (t->dkim_done) {
        return SK_OK;
    }
    enum sk_code code =
        dkim_check(t->arena, t->letter, t->memo, t->now_s, t->settings->legacy,
                   &t->dkim_work, &o->dkim, &o->dkim_count);
    t->dkim_done = code == SK_OK;
    return code;
}

/* The keys are asked for in the first round; verifying follows DKIM, whose hashes it uses. */
static enum sk_code
step_arc(struct trace *t)
{
    if (t->arc_work == NULL) {
        t->arc_work =
            arc_begin(t->arena, t->letter, t->memo, t->now_s, t->settings->legacy);
    }
    if (t->arc_done || !t->dkim_done) {
        return SK_OK;
    }
    enum sk_code code =
        arc_check(t->arc_work, dkim_work_verifier(t->dkim_work), &t->origin.arc);
    t->arc_done = code == SK_OK;
    return code;
}

/* Who signed, and is proved to have: a signature that fails names anybody. */
static void
add_signers(struct trace *t, struct lists_query *query)
{
    size_t signers = 0;

    for (size_t i = 0; i < t->origin.dkim_count && signers < LIMIT_LIST_SIGNERS; i++) {
        if (t->origin.dkim[i].result == AUTH_PASS) {
            lists_query_add(t->arena, query, t->origin.dkim[i].domain);
            signers++;
        }
    }
}

/* A client that logged in is one of ours: nobody is asked of it. */
static enum sk_code
step_lists(struct trace *t)
{
    struct lists_query query = {.ip = &t->origin.source,
                                .complete = t->iprev_done && t->dkim_done,
                                .now_s = t->now_s};
    size_t at = bytes_find_last(t->mail_from, '@');

    if (t->lists_done || t->settings->lists == NULL || t->arrival->user.size > 0) {
        return SK_OK;
    }
    for (size_t i = 0; i < t->from_count; i++) {
        lists_query_add(t->arena, &query, t->from_domains[i]);
    }
    if (at != BYTES_NOWHERE) {
        lists_query_add(t->arena, &query, bytes_from(t->mail_from, at + 1));
    }
    lists_query_add(t->arena, &query, t->helo);
    if (t->iprev_done) {
        lists_query_add(t->arena, &query, t->origin.client_name);
    }
    if (t->dkim_done) {
        add_signers(t, &query);
    }
    enum sk_code code = lists_check(t->arena, t->memo, t->settings->lists, &query,
                                    &t->lists_work, &t->origin);
    t->lists_done = code == SK_OK;
    return code;
}

/* Historic: a label for old mail, which nothing else rests on. */
static enum sk_code
step_domainkeys(struct trace *t)
{
    struct origin *o = &t->origin;

    if (t->domainkeys_done || !t->settings->legacy) {
        return SK_OK;
    }
    enum sk_code code = domainkeys_check(t->arena, t->letter, t->memo, true, &o->domainkeys,
                                         &o->domainkeys_count);
    t->domainkeys_done = code != SK_MORE;
    return code;
}

/* Nobody needs so many questions, or answers so large. */
static void
note_dns(struct trace *t)
{
    const struct dns_memo *memo = t->memo;

    if (memo->refused) {
        origin_note(t->arena, &t->origin, "dns_questions", BYTES_NONE);
    }
    for (size_t i = 0; i < memo->answer_count; i++) {
        const struct dns_answer *a = memo->answers[i];
        bool large = a->record_count >= LIMIT_DNS_RECORDS;
        for (size_t r = 0; r < a->record_count; r++) {
            large |= a->records[r].data.size > LIMIT_DNS_TEXT;
        }
        if (large) {
            origin_note(t->arena, &t->origin, "dns_large", a->name);
        }
    }
}

enum sk_code
trace_step(struct trace *t)
{
    struct origin *o = &t->origin;
    bool more = false;

    if (t->done) {
        return SK_OK;
    }
    more |= step_spf(t, t->mail_from, &o->spf, &t->spf_done) == SK_MORE;
    more |= step_helo(t) == SK_MORE;
    more |= step_senderid(t) == SK_MORE;
    if (!t->leaving) {
        dmarc_ask_ahead(t->memo, t->from_domains, t->from_count);
    }
    more |= step_iprev(t) == SK_MORE;
    if (!t->leaving) {
        more |= hops_helo_check(t->arena, t->memo, t->settings, t->arrival, t->helo,
                                t->iprev_done && t->helo_done, o) == SK_MORE;
    }
    enum sk_code dkim = step_dkim(t);
    if (dkim != SK_OK && dkim != SK_MORE) {
        return dkim;
    }
    more |= step_domainkeys(t) == SK_MORE;
    more |= step_arc(t) == SK_MORE;
    more |= step_lists(t) == SK_MORE;
    if (more || dkim == SK_MORE) {
        return SK_MORE;
    }
    more = !t->leaving && step_dmarc(t) == SK_MORE;
    more |= vouch_check(t->arena, t->memo, t->settings->vouch, t->letter, o) == SK_MORE;
    if (more) {
        return SK_MORE;
    }
    if (t->arrival->user.size == 0 && !t->leaving &&
        names_is_dynamic(names_look(o->client_name, &o->source).kind)) {
        origin_note(t->arena, o, "dynamic_name", o->client_name);
    }
    dkim_note(t->arena, t->letter, t->now_s, o);
    dmarc_from_note(t->arena, t->letter, t->from_domains, t->from_count, o);
    note_dns(t);
    arc_speak(t->arena, t->settings, t->letter, t->from_count, o);
    if (t->settings->batv != NULL) {
        batv_note(t->arena, t->settings->batv, t->arrival, t->leaving, o);
    }
    o->grade = origin_grade_of(o);
    if (t->settings->received_spf) {
        o->received_spf = spf_received_write(t->arena, t->settings, t->arrival, o);
    }
    o->authentication_results = authres_write(t->arena, t->settings, t->arrival, o);
    authres_forged(t->arena, t->letter, t->settings->authserv_id, &o->forged,
                   &o->forged_count);
    t->done = true;
    return SK_OK;
}

const struct origin *
trace_origin(const struct trace *t)
{
    SK_ASSERT(t->done);
    return &t->origin;
}
