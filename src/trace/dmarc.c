#include "trace/dmarc.h"

#include "base/limits.h"
#include "base/writer.h"

#define WALK_MAX LIMIT_DMARC_QUERIES

enum found { FOUND_NONE, FOUND_ONE, FOUND_MANY, FOUND_ERROR };

/* One step of the tree walk. */
struct step {
    struct bytes domain;
    enum found found;
    struct dmarc_record record;
};

/* The outcome for one author domain. */
struct verdict {
    struct dmarc_result result;
    struct dmarc_detail detail;
};

/* A question about a domain of From. It is not counted among LIMIT_DNS_QUESTIONS: else a forger whose own domains use them
 * up would turn a fail into a temperror. LIMIT_FROM_ADDRESSES and LIMIT_DMARC_QUERIES bound them. */
static const struct dns_answer *
ask_uncounted(struct dns_memo *memo, struct bytes name)
{
    size_t before = memo->answer_count;

    memo->questions_max++;
    const struct dns_answer *a = dns_memo_ask(memo, name, DNS_TXT);
    memo->questions_max -= memo->answer_count == before;
    return a;
}

static const struct dns_answer *
ask(struct dns_memo *memo, struct bytes domain, bool author)
{
    static const char prefix[] = "_dmarc.";
    uint8_t name[sizeof prefix - 1 + 253];

    domain = domain.size > 253 ? BYTES_NONE : domain;
    memcpy(name, prefix, sizeof prefix - 1);
    if (domain.size > 0) {
        memcpy(name + sizeof prefix - 1, domain.at, domain.size);
    }
    struct bytes whole = bytes_of(name, sizeof prefix - 1 + domain.size);
    return author ? ask_uncounted(memo, whole) : dns_memo_ask(memo, whole, DNS_TXT);
}

static bool
is_error(const struct dns_answer *a)
{
    return a->status == DNS_SERVFAIL || a->status == DNS_TIMEOUT;
}

/* Section 4.10, step 2. SK_MORE or SK_OK. */
static enum sk_code
look(struct dns_memo *memo, struct bytes domain, bool author, struct step *step_r)
{
    const struct dns_answer *a = ask(memo, domain, author);

    *step_r = (struct step){.domain = domain, .found = FOUND_NONE};
    if (a == NULL) {
        return SK_MORE;
    }
    if (is_error(a)) {
        step_r->found = FOUND_ERROR;
    }
    for (size_t i = 0; i < a->record_count; i++) {
        struct dmarc_record record;
        if (dmarc_record_read(a->records[i].data, &record)) {
            step_r->found = step_r->found == FOUND_NONE ? FOUND_ONE : FOUND_MANY;
            step_r->record = record;
        }
    }
    return SK_OK;
}

static size_t
label_count(struct bytes domain)
{
    size_t count = domain.size > 0;

    for (size_t i = 0; i < domain.size; i++) {
        count += domain.at[i] == '.';
    }
    return count;
}

static struct bytes
parent(struct bytes domain)
{
    size_t dot = bytes_find_byte(domain, '.', 0);

    return dot == BYTES_NOWHERE ? BYTES_NONE : bytes_from(domain, dot + 1);
}

/* Where the walk goes after `domain` when it began with `labels` labels (steps 3, 4 and 7). */
static struct bytes
shorten(struct bytes domain, bool first)
{
    size_t labels = label_count(domain);

    domain = parent(domain);
    while (first && labels > WALK_MAX) {
        domain = parent(domain);
        labels--;
    }
    return domain;
}

/* The whole walk from `domain`; its steps end early at psd=y or psd=n. All are asked before any is looked at. author: it is
 * one of From. */
static enum sk_code
walk(struct dns_memo *memo, struct bytes domain, bool author, struct step steps_r[WALK_MAX],
     size_t *count_r)
{
    bool more = false;
    size_t count = 0;

    for (struct bytes at = domain; at.size > 0 && count < WALK_MAX;
         at = shorten(at, count == 1)) {
        more |= ask(memo, at, author) == NULL;
        steps_r[count++].domain = at;
    }
    *count_r = 0;
    if (more) {
        return SK_MORE;
    }
    for (size_t i = 0; i < count; i++) {
        if (look(memo, steps_r[i].domain, author, &steps_r[i]) != SK_OK) {
            return SK_MORE;
        }
        ++*count_r;
        if (steps_r[i].found == FOUND_ONE && steps_r[i].record.psd != 'u') {
            break;
        }
    }
    return SK_OK;
}

/* Section 4.10.2: the organizational domain that a walk found; error_r: a step could not be answered. The domain one
 * label below a PSD is a suffix of where the walk began, though a long walk may have jumped over it. */
static struct bytes
organizational(const struct step *steps, size_t count, bool *error_r)
{
    struct bytes chosen = count > 0 ? steps[0].domain : BYTES_NONE, start = chosen;

    *error_r = false;
    for (size_t i = 0; i < count; i++) {
        *error_r |= steps[i].found == FOUND_ERROR;
        if (steps[i].found != FOUND_ONE) {
            continue;
        }
        if (steps[i].record.psd == 'y' && i > 0) {
            size_t labels = label_count(steps[i].domain) + 1;
            while (label_count(start) > labels) {
                start = parent(start);
            }
            return start;
        }
        chosen = steps[i].domain;
        if (steps[i].record.psd == 'n') {
            break;
        }
    }
    return chosen;
}

static bool
is_below(struct bytes domain, struct bytes ancestor)
{
    return domain.size > ancestor.size && bytes_ends_fold(domain, ancestor) &&
           domain.at[domain.size - ancestor.size - 1] == '.';
}

/* Section 4.10.1: which record applies. NULL: none. Steps of the author domain's walk, or the first of them alone. */
static const struct step *
discover(const struct step *steps, size_t count, struct bytes organization)
{
    if (steps[0].found == FOUND_ONE) {
        return &steps[0];
    }
    for (size_t i = 1; i < count; i++) {
        bool mine = bytes_equal_fold(steps[i].domain, organization);
        if (steps[i].found == FOUND_ONE && (mine || steps[i].record.psd == 'y')) {
            return &steps[i];
        }
    }
    return NULL;
}

/* What the record asks for: p, or sp and np for names below it, one step milder with t=y. A record whose p, sp or np is
 * not valid asks for nothing, and counts only if it wants reports. */
static enum sk_code
take_policy(struct dns_memo *memo, const struct step *found, struct bytes author,
            struct verdict *v)
{
    const struct dmarc_record *record = &found->record;
    const struct dmarc_tag_policy *tag = &record->p;
    bool broken = !record->p.valid || (record->sp.given && !record->sp.valid) ||
                  (record->np.given && !record->np.valid);

    if (broken) {
        v->result.policy = record->reportable ? DMARC_POLICY_NONE : DMARC_NO_RECORD;
        return SK_OK;
    }
    if (is_below(author, found->domain)) {
        const struct dns_answer *a = NULL;
        if (record->np.given && (a = ask_uncounted(memo, author)) == NULL) {
            return SK_MORE;
        }
        tag = record->sp.given ? &record->sp : tag;
        tag = a != NULL && a->status == DNS_NXDOMAIN ? &record->np : tag;
    }
    v->result.policy = tag->policy;
    if (record->test && v->result.policy > DMARC_POLICY_NONE) {
        v->result.policy--;
    }
    return SK_OK;
}

/* Whether one identity is aligned with the author domain. Only a name inside the author's organizational domain can be,
 * so that the domains of strangers' signatures are never walked. */
static enum sk_code
aligned(struct dns_memo *memo, struct bytes author, struct bytes organization,
        struct bytes domain, bool strict, bool *aligned_r, bool *error_r)
{
    struct step steps[WALK_MAX];
    size_t count;

    *aligned_r = bytes_equal_fold(author, domain);
    if (*aligned_r || strict ||
        !(bytes_equal_fold(domain, organization) || is_below(domain, organization))) {
        return SK_OK;
    }
    enum sk_code code = walk(memo, domain, false, steps, &count);
    if (code == SK_OK) {
        bool error;
        *aligned_r = bytes_equal_fold(organizational(steps, count, &error), organization);
        *error_r |= error;
    }
    return code;
}

static enum sk_code
align_all(struct dns_memo *memo, const struct verdict *v,
          const struct dmarc_identity *identities, size_t count, bool strict,
          struct bytes *domain_r, bool *error_r)
{
    bool more = false;

    *domain_r = BYTES_NONE;
    for (size_t i = 0; i < count; i++) {
        bool is;
        if (identities[i].result != AUTH_PASS || identities[i].domain.size == 0) {
            continue;
        }
        if (aligned(memo, v->result.from_domain, v->result.organizational_domain,
                    identities[i].domain, strict, &is, error_r) == SK_MORE) {
            more = true;
        } else if (is) {
            *domain_r = identities[i].domain;
            return SK_OK;
        }
    }
    return more ? SK_MORE : SK_OK;
}

static bool
may_align(const struct dmarc_identity *id, bool strict, struct bytes author)
{
    return !strict && (id->result == AUTH_PASS || id->result == AUTH_TEMPERROR) &&
           !bytes_equal_fold(id->domain, author);
}

/* Whether the organizational domain must be known: some identity passed, is not the author domain itself, and may align
 * relaxed (section 4.10.2, note). */
static bool
needs_walk(const struct dmarc_query *query, const struct dmarc_record *record,
           struct bytes author)
{
    for (size_t i = 0; i < query->spf_count; i++) {
        if (may_align(&query->spf[i], record->spf_strict, author)) {
            return true;
        }
    }
    for (size_t i = 0; i < query->dkim_count; i++) {
        if (may_align(&query->dkim[i], record->dkim_strict, author)) {
            return true;
        }
    }
    return false;
}

static enum sk_code
conclude(struct verdict *v, enum auth_result result, const char *reason)
{
    v->result.result = result;
    v->result.reason = bytes_from_text(reason);
    return SK_OK;
}

static enum sk_code
check_alignment(struct dns_memo *memo, const struct dmarc_query *query, struct verdict *v)
{
    const struct dmarc_record *record = &v->detail.record;
    bool error = false;
    enum sk_code spf = align_all(memo, v, query->spf, query->spf_count, record->spf_strict,
                                 &v->detail.spf_domain, &error);
    enum sk_code dkim = align_all(memo, v, query->dkim, query->dkim_count,
                                  record->dkim_strict, &v->detail.dkim_domain, &error);

    if (spf == SK_MORE || dkim == SK_MORE) {
        return SK_MORE;
    }
    v->result.spf_aligned = v->detail.spf_domain.size > 0;
    v->result.dkim_aligned = v->detail.dkim_domain.size > 0;
    if (v->result.spf_aligned || v->result.dkim_aligned) {
        return conclude(v, AUTH_PASS, NULL);
    }
    if (error) {
        return conclude(v, AUTH_TEMPERROR, "DNS error at a tree walk");
    }
    for (size_t i = 0; i < query->dkim_count + query->spf_count; i++) {
        const struct dmarc_identity *id =
            i < query->dkim_count ? &query->dkim[i] : &query->spf[i - query->dkim_count];
        struct bytes organization = v->result.organizational_domain;
        /* Only where it could have aligned: else anyone could turn a fail into a temperror. */
        if (id->result == AUTH_TEMPERROR && (bytes_equal_fold(id->domain, organization) ||
                                             is_below(id->domain, organization))) {
            return conclude(v, AUTH_TEMPERROR, "SPF or DKIM could not be checked");
        }
    }
    return conclude(v, AUTH_FAIL, "no aligned identity");
}

static enum sk_code
check_domain(struct dns_memo *memo, const struct dmarc_query *query, struct bytes author,
             struct verdict *v)
{
    struct step steps[WALK_MAX];
    size_t count = 1;
    bool error = false;

    *v = (struct verdict){
        .result = {.from_domain = author, .organizational_domain = author}};
    if (look(memo, author, true, &steps[0]) == SK_MORE) {
        return SK_MORE;
    }
    if (steps[0].found == FOUND_ERROR) {
        return conclude(v, AUTH_TEMPERROR, "DNS error at the policy record");
    }
    if (steps[0].found == FOUND_MANY) {
        return conclude(v, AUTH_NONE, "more than one policy record");
    }
    if (steps[0].found == FOUND_NONE || needs_walk(query, &steps[0].record, author)) {
        if (walk(memo, author, true, steps, &count) == SK_MORE) {
            return SK_MORE;
        }
        v->result.organizational_domain = organizational(steps, count, &error);
    }
    const struct step *found = discover(steps, count, v->result.organizational_domain);
    if (found == NULL) {
        return error ? conclude(v, AUTH_TEMPERROR, "DNS error at a tree walk")
                     : conclude(v, AUTH_NONE, "no policy record");
    }
    v->detail.found = true;
    v->detail.record = found->record;
    v->result.policy_domain = found->domain;
    if (take_policy(memo, found, author, v) == SK_MORE) {
        return SK_MORE;
    }
    if (v->result.policy == DMARC_NO_RECORD) {
        return conclude(v, AUTH_NONE, "the policy record is not usable");
    }
    return check_alignment(memo, query, v);
}

/* The strictest outcome: what fails, by what is asked; what is not known; what nobody answers for; what passes. */
static int
strictness(const struct dmarc_result *result)
{
    switch (result->result) {
    case AUTH_FAIL:
        return 10 + (int)result->policy;
    case AUTH_TEMPERROR:
        return 5;
    case AUTH_PASS:
        return 1;
    default:
        return 3;
    }
}

enum sk_code
dmarc_check(struct arena *arena, struct dns_memo *memo, const struct dmarc_query *query,
            struct dmarc_result *result_r, struct dmarc_detail *detail_r)
{
    struct verdict worst = {0}, v;
    bool more = false;

    if (query->from_count == 0) {
        (void)conclude(&worst, AUTH_PERMERROR, "no domain in From");
    }
    for (size_t i = 0; i < query->from_count && i < LIMIT_FROM_ADDRESSES; i++) {
        struct bytes author = bytes_lower(arena, query->from_domains[i]);
        if (author.size > 0 && author.at[author.size - 1] == '.') {
            author.size--;
        }
        if (check_domain(memo, query, author, &v) == SK_MORE) {
            more = true;
        } else if (i == 0 || strictness(&v.result) > strictness(&worst.result)) {
            worst = v;
        }
    }
    if (more) {
        return SK_MORE;
    }
    /* That not all were asked hides no failure of those that were. */
    if (query->from_count > LIMIT_FROM_ADDRESSES && worst.result.result != AUTH_FAIL) {
        (void)conclude(&worst, AUTH_PERMERROR, "too many From addresses");
    }
    if (worst.detail.found) {
        struct dmarc_record *published = ARENA_NEW(arena, struct dmarc_record);
        *published = worst.detail.record;
        worst.result.published = published;
    }
    *result_r = worst.result;
    if (detail_r != NULL) {
        *detail_r = worst.detail;
    }
    return SK_OK;
}

enum sk_code
dmarc_organization(struct dns_memo *memo, struct bytes domain, struct bytes *organization_r)
{
    struct step steps[WALK_MAX];
    size_t count;
    bool error;
    enum sk_code code = walk(memo, domain, false, steps, &count);

    if (code == SK_OK) {
        *organization_r = organizational(steps, count, &error);
        code = error ? SK_LATER : SK_OK;
    }
    return code;
}

void
dmarc_ask_ahead(struct dns_memo *memo, const struct bytes *from_domains, size_t from_count)
{
    for (size_t i = 0; i < from_count && i < LIMIT_FROM_ADDRESSES; i++) {
        (void)ask(memo, from_domains[i], true);
    }
}
