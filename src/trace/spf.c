#include "trace/spf.h"

#include "trace/spf_private.h"

/* Why a mechanism stops the check: an exception of section 4.6.2. */
enum match { MATCH_NO, MATCH_YES, MATCH_TEMPERROR, MATCH_PERMERROR, MATCH_MORE };

#define SENDER_MAX LIMIT_SMTP_LINE

struct spf_outcome {
    enum auth_result result;
    struct bytes mechanism;
};

static enum sk_code check_host(struct spf *spf, struct bytes domain, bool explain,
                               struct spf_outcome *outcome_r, struct bytes *explanation_r);

bool
spf_is_domain(struct bytes domain)
{
    size_t label = 0, labels = 1;

    if (domain.size > 0 && domain.at[domain.size - 1] == '.') {
        domain.size--;
    }
    if (domain.size == 0 || domain.size > 253) {
        return false;
    }
    for (size_t i = 0; i < domain.size; i++) {
        uint8_t c = domain.at[i];
        if (c == '.') {
            labels++;
            if (label == 0) {
                return false;
            }
            label = 0;
        } else if (c <= ' ' || c == '\\' || c == '[' || c == ']' || c == ':' || c == '@' ||
                   ++label > 63) {
            return false;
        }
    }
    return label > 0 && labels > 1;
}

static bool
failed(const struct dns_answer *a)
{
    return a->status == DNS_SERVFAIL || a->status == DNS_TIMEOUT;
}

/* A look-up that gave nothing; not one that could not even be asked. */
static bool
count_void(struct spf *spf, const struct dns_answer *a)
{
    if ((a->status == DNS_NODATA || a->status == DNS_NXDOMAIN) && a->name.size > 0) {
        spf->voids++;
    }
    if (spf->voids > LIMIT_SPF_VOID) {
        spf->reason = "more than two void look-ups";
        return false;
    }
    return true;
}

static bool
bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(a, b, whole) == 0 &&
           (rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

static bool
address_matches(const struct spf *spf, const struct spf_term *term,
                const struct dns_record *record)
{
    const uint8_t *ip = spf->query->ip->bytes;

    return spf->ip4 ? bits_equal(ip + 12, record->data.at, term->bits4)
                    : bits_equal(ip, record->data.at, term->bits6);
}

static enum match
match_addresses(struct spf *spf, const struct spf_term *term, struct bytes name)
{
    const struct dns_answer *a = dns_memo_ask(spf->memo, name, spf->ip4 ? DNS_A : DNS_AAAA);

    if (a == NULL) {
        return MATCH_MORE;
    }
    if (failed(a)) {
        spf->reason = "DNS error at an address";
        return MATCH_TEMPERROR;
    }
    if (!count_void(spf, a)) {
        return MATCH_PERMERROR;
    }
    for (size_t i = 0; i < a->record_count; i++) {
        if (address_matches(spf, term, &a->records[i])) {
            return MATCH_YES;
        }
    }
    return MATCH_NO;
}

static enum match
match_mx(struct spf *spf, const struct spf_term *term, struct bytes name)
{
    const struct dns_answer *a = dns_memo_ask(spf->memo, name, DNS_MX);
    bool more = false;

    if (a == NULL) {
        return MATCH_MORE;
    }
    if (failed(a)) {
        spf->reason = "DNS error at an MX";
        return MATCH_TEMPERROR;
    }
    if (!count_void(spf, a)) {
        return MATCH_PERMERROR;
    }
    if (a->record_count > LIMIT_SPF_MX) {
        spf->reason = "more than ten MX records";
        return MATCH_PERMERROR;
    }
    /* All hosts are asked at once; they are looked at in order once all are known, so that the answer does not hang on
     * which came first. */
    for (size_t i = 0; i < a->record_count; i++) {
        more |= dns_memo_ask(spf->memo, a->records[i].data, spf->ip4 ? DNS_A : DNS_AAAA) ==
                NULL;
    }
    if (more) {
        return MATCH_MORE;
    }
    for (size_t i = 0; i < a->record_count; i++) {
        enum match match = match_addresses(spf, term, a->records[i].data);
        if (match != MATCH_NO) {
            return match;
        }
    }
    return MATCH_NO;
}

static enum match
match_ptr(struct spf *spf, struct bytes target)
{
    struct bytes names[LIMIT_SPF_PTR];
    size_t count;
    enum dns_status status;
    bool error;

    if (spf_validated_names(spf->arena, spf->memo, spf->query->ip, names, &count, &status,
                            &error) != SK_OK) {
        return MATCH_MORE;
    }
    if ((status == DNS_NODATA || status == DNS_NXDOMAIN) && ++spf->voids > LIMIT_SPF_VOID) {
        spf->reason = "more than two void look-ups";
        return MATCH_PERMERROR;
    }
    for (size_t i = 0; i < count; i++) {
        if (bytes_ends_fold(names[i], target) &&
            (names[i].size == target.size ||
             names[i].at[names[i].size - target.size - 1] == '.')) {
            return MATCH_YES;
        }
    }
    return MATCH_NO;
}

static enum match
match_exists(struct spf *spf, struct bytes name)
{
    const struct dns_answer *a = dns_memo_ask(spf->memo, name, DNS_A);

    if (a == NULL) {
        return MATCH_MORE;
    }
    if (failed(a)) {
        spf->reason = "DNS error at exists";
        return MATCH_TEMPERROR;
    }
    if (!count_void(spf, a)) {
        return MATCH_PERMERROR;
    }
    return a->record_count > 0 ? MATCH_YES : MATCH_NO;
}

static enum match
match_include(struct spf *spf, struct bytes name)
{
    struct spf_outcome outcome;

    if (check_host(spf, name, false, &outcome, NULL) == SK_MORE) {
        return MATCH_MORE;
    }
    switch (outcome.result) {
    case AUTH_PASS:
        return MATCH_YES;
    case AUTH_TEMPERROR:
        return MATCH_TEMPERROR;
    case AUTH_NONE:
        spf->reason = "include of a domain without a record";
        return MATCH_PERMERROR;
    case AUTH_PERMERROR:
        return MATCH_PERMERROR;
    default:
        return MATCH_NO;
    }
}

/* The terms that ask the DNS are counted over the whole check (section 4.6.4). */
static bool
count_term(struct spf *spf)
{
    if (++spf->terms > LIMIT_SPF_TERMS) {
        spf->reason = "more than ten terms that ask the DNS";
        return false;
    }
    return true;
}

static enum match
match_term(struct spf *spf, const struct spf_term *term, struct bytes domain)
{
    const uint8_t *ip = spf->query->ip->bytes;
    struct bytes name = domain;

    switch (term->kind) {
    case SPF_ALL:
        return MATCH_YES;
    case SPF_IP4:
        return spf->ip4 && bits_equal(ip + 12, term->network, term->bits4) ? MATCH_YES
                                                                           : MATCH_NO;
    case SPF_IP6:
        return !spf->ip4 && bits_equal(ip, term->network, term->bits6) ? MATCH_YES
                                                                       : MATCH_NO;
    default:
        break;
    }
    if (!count_term(spf)) {
        return MATCH_PERMERROR;
    }
    if (term->has_domain) {
        switch (spf_macro_expand_domain(spf, term->domain, domain, &name)) {
        case SK_OK:
            break;
        case SK_MORE:
            return MATCH_MORE;
        default:
            spf->reason = "a macro expands beyond all bounds";
            return MATCH_PERMERROR;
        }
    }
    switch (term->kind) {
    case SPF_INCLUDE:
        return match_include(spf, name);
    case SPF_A:
        return match_addresses(spf, term, name);
    case SPF_MX:
        return match_mx(spf, term, name);
    case SPF_PTR:
        return match_ptr(spf, name);
    default:
        return match_exists(spf, name);
    }
}

/* The explanation of a fail (section 6.2): anything wrong with it, and the default stands. */
static enum sk_code
explain(struct spf *spf, const struct spf_record *record, struct bytes domain,
        struct bytes *explanation_r)
{
    struct bytes name, text;

    *explanation_r = spf->query->default_explanation;
    if (!record->has_explanation) {
        return SK_OK;
    }
    enum sk_code code = spf_macro_expand_domain(spf, record->explanation, domain, &name);
    if (code != SK_OK) {
        return code == SK_MORE ? SK_MORE : SK_OK;
    }
    const struct dns_answer *a = dns_memo_ask(spf->memo, name, DNS_TXT);
    if (a == NULL) {
        return SK_MORE;
    }
    if (a->record_count != 1 || a->records[0].data.size == 0 ||
        a->records[0].data.size > LIMIT_SPF_RECORD ||
        !spf_macro_is_explain_string(a->records[0].data)) {
        return SK_OK;
    }
    code = spf_macro_expand(spf, a->records[0].data, domain, &text);
    if (code != SK_OK) {
        return code == SK_MORE ? SK_MORE : SK_OK;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < ' ' || text.at[i] > '~') {
            return SK_OK;
        }
    }
    *explanation_r = text;
    return SK_OK;
}

static enum sk_code
redirect(struct spf *spf, const struct spf_record *record, struct bytes domain, bool wanted,
         struct spf_outcome *outcome_r, struct bytes *explanation_r)
{
    struct bytes name;

    *outcome_r = (struct spf_outcome){AUTH_PERMERROR, BYTES_NONE};
    if (!count_term(spf)) {
        return SK_OK;
    }
    enum sk_code code = spf_macro_expand_domain(spf, record->redirect, domain, &name);
    if (code == SK_OK) {
        code = check_host(spf, name, wanted, outcome_r, explanation_r);
    }
    if (code == SK_MORE) {
        return SK_MORE;
    }
    if (outcome_r->result == AUTH_NONE) {
        spf->reason = "redirect to a domain without a record";
        outcome_r->result = AUTH_PERMERROR;
    }
    return SK_OK;
}

static enum sk_code
evaluate(struct spf *spf, const struct spf_record *record, struct bytes domain, bool wanted,
         struct spf_outcome *outcome_r, struct bytes *explanation_r)
{
    for (size_t i = 0; i < record->term_count; i++) {
        const struct spf_term *term = &record->terms[i];
        switch (match_term(spf, term, domain)) {
        case MATCH_NO:
            continue;
        case MATCH_MORE:
            return SK_MORE;
        case MATCH_TEMPERROR:
            *outcome_r = (struct spf_outcome){AUTH_TEMPERROR, term->text};
            return SK_OK;
        case MATCH_PERMERROR:
            *outcome_r = (struct spf_outcome){AUTH_PERMERROR, term->text};
            return SK_OK;
        case MATCH_YES:
            *outcome_r = (struct spf_outcome){term->qualifier, term->text};
            return term->qualifier == AUTH_FAIL && wanted
                       ? explain(spf, record, domain, explanation_r)
                       : SK_OK;
        }
    }
    if (record->has_redirect) {
        return redirect(spf, record, domain, wanted, outcome_r, explanation_r);
    }
    *outcome_r = (struct spf_outcome){AUTH_NEUTRAL, BYTES("default")};
    return SK_OK;
}

/* check_host() of section 4. Each include and redirect is a counted term, so the recursion is at most
 * LIMIT_SPF_TERMS deep. */
static enum sk_code
check_host(struct spf *spf, struct bytes domain, bool wanted, struct spf_outcome *outcome_r,
           struct bytes *explanation_r)
{
    struct spf_record record;
    bool several;

    *outcome_r = (struct spf_outcome){AUTH_NONE, BYTES_NONE};
    if (!spf_is_domain(domain)) {
        spf->reason = "no domain that can be asked";
        return SK_OK;
    }
    const struct dns_answer *a = dns_memo_ask(spf->memo, domain, DNS_TXT);
    if (a == NULL) {
        return SK_MORE;
    }
    if (failed(a)) {
        spf->reason = a->status == DNS_TIMEOUT ? "DNS time-out at the record"
                                               : "DNS error at the record";
        outcome_r->result = AUTH_TEMPERROR;
        return SK_OK;
    }
    const struct dns_record *found = spf_record_select(a, spf->query->scope, &several);
    if (several) {
        spf->reason = "more than one record";
        outcome_r->result = AUTH_PERMERROR;
        return SK_OK;
    }
    if (found == NULL) {
        spf->reason = "no record";
        return SK_OK;
    }
    if (!spf_record_read(spf->arena, found->data, &record)) {
        spf->reason = "the record is malformed";
        outcome_r->result = AUTH_PERMERROR;
        return SK_OK;
    }
    return evaluate(spf, &record, domain, wanted, outcome_r, explanation_r);
}

static void
take_sender(struct spf *spf, struct spf_result *result)
{
    const struct spf_query *query = spf->query;

    if (query->mail_from.size == 0) {
        result->helo_identity = true;
        spf->local = BYTES("postmaster");
        spf->sender_domain = query->helo;
    } else {
        size_t at = bytes_find_last(query->mail_from, '@');
        spf->local = at == BYTES_NOWHERE || at == 0 ? BYTES("postmaster")
                                                    : bytes_slice(query->mail_from, 0, at);
        spf->sender_domain =
            at == BYTES_NOWHERE ? query->mail_from : bytes_from(query->mail_from, at + 1);
    }
    result->domain = spf->sender_domain;
}

enum sk_code
spf_check(struct arena *arena, struct dns_memo *memo, const struct spf_query *query,
          struct spf_result *result_r)
{
    struct spf spf = {.arena = arena, .memo = memo, .query = query};
    struct spf_outcome outcome;

    *result_r = (struct spf_result){.result = AUTH_NONE};
    take_sender(&spf, result_r);
    if (!query->ip->known || query->mail_from.size > SENDER_MAX ||
        query->helo.size > SENDER_MAX) {
        result_r->reason =
            query->ip->known ? BYTES("sender too long") : BYTES("no client address");
        return SK_OK;
    }
    spf.ip4 = net_address_is_ip4(query->ip);
    struct bytes explanation = BYTES_NONE;
    if (check_host(&spf, spf.sender_domain, true, &outcome, &explanation) == SK_MORE) {
        return SK_MORE;
    }
    result_r->result = outcome.result;
    result_r->mechanism = outcome.mechanism;
    if (outcome.result == AUTH_FAIL) {
        result_r->explanation = explanation;
    }
    if (outcome.result == AUTH_NONE || outcome.result == AUTH_TEMPERROR ||
        outcome.result == AUTH_PERMERROR) {
        result_r->reason = bytes_from_text(spf.reason);
    }
    return SK_OK;
}
