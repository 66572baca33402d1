#include "trace/lists.h"

#include "base/limits.h"
#include "parse/domain.h"
#include "trace/lists_private.h"
#include "trace/place.h"

#define TEST_EVERY_S 600
#define ASIDE_S      600 /* one that is broken */
#define SILENT_S     60
#define SILENT_AFTER 5 /* messages */
#define TEXT_MOST    200

/* Fixed for one message when it is first asked: other messages may change the list's state meanwhile. */
enum plan { PLAN_NOT_YET, PLAN_ASK, PLAN_TEST, PLAN_SKIP };

struct lists_work {
    enum plan *plans; /* one for each list */
};

/* What one round found out about one list. */
struct round {
    struct arena *arena;
    struct dns_memo *memo;
    struct dns_list *list;
    size_t *questions; /* of the message, so far */
    struct list_answer *answers;
    size_t *count;
    bool more;
    size_t answered, unanswered;
    const char *broken; /* why none of its answers may count */
};

void
lists_query_add(struct arena *arena, struct lists_query *query, struct bytes domain)
{
    struct bytes forms[2];

    if (domain.size > 0 && domain.at[domain.size - 1] == '.') {
        domain.size--;
    }
    if (bytes_find_byte(domain, '.', 0) == BYTES_NOWHERE || domain_is_address(domain) ||
        !domain_to_ascii(arena, domain, &forms[0])) {
        return;
    }
    forms[0] = bytes_lower(arena, forms[0]);
    forms[1] = domain_registrable(arena, forms[0]);
    for (size_t f = 0; f < 2; f++) {
        bool there = forms[f].size == 0;
        for (size_t i = 0; !there && i < query->domain_count; i++) {
            there = bytes_equal(query->domains[i], forms[f]);
        }
        if (!there && query->domain_count < LIMIT_LIST_DOMAINS) {
            query->domains[query->domain_count++] = forms[f];
        }
    }
}

/* "1.2.0.192." or nibbles: RFC 5782 2.1 and 2.4. */
static void
write_reversed(struct writer *w, const struct net_address *ip)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 16; i-- > (net_address_is_ip4(ip) ? 12u : 0u);) {
        if (net_address_is_ip4(ip)) {
            writer_format(w, "%u.", (unsigned)ip->bytes[i]);
        } else {
            writer_format(w, "%c.%c.", digits[ip->bytes[i] & 15],
                          digits[ip->bytes[i] >> 4]);
        }
    }
}

static const struct dns_answer *
peek(const struct dns_memo *memo, struct bytes name, enum dns_type type)
{
    for (size_t i = 0; i < memo->answer_count; i++) {
        const struct dns_answer *a = memo->answers[i];
        if (a->known && a->type == type && bytes_equal(a->name, name)) {
            return a;
        }
    }
    return NULL;
}

/* NULL: not there; then r->more says whether it will come. A replay asks only what was asked then. */
static const struct dns_answer *
ask(struct round *r, struct bytes name, enum dns_type type)
{
    if (*r->questions >= LIMIT_LIST_QUESTIONS) {
        return NULL;
    }
    if (r->memo->sealed && peek(r->memo, name, type) == NULL) {
        return NULL;
    }
    (*r->questions)++;
    const struct dns_answer *a = dns_memo_ask(r->memo, name, type);
    r->more |= a == NULL;
    /* One without a name stands for a question that could not be put: past the memo's bound. */
    return a == NULL || a->name.size == 0 ? NULL : a;
}

static struct bytes
name_in(struct round *r, const char *label)
{
    struct writer w;

    writer_init(&w, r->arena);
    writer_text(&w, label);
    writer_bytes(&w, r->list->zone);
    return writer_view(&w);
}

/* RFC 5782 section 5. */
static struct bytes
test_name(struct round *r, bool listed)
{
    if (r->list->of_domains) {
        return name_in(r, listed ? "test." : "invalid.");
    }
    return name_in(r, listed ? "2.0.0.127." : "1.0.0.127.");
}

/* Waiting, or no question is left for its test points: nothing of the list counts, and nothing is learned of it. */
static const char not_asked[] = "its test points could not be asked";

static void
test_list(struct round *r)
{
    const struct dns_answer *must_not = ask(r, test_name(r, false), DNS_A);
    const struct dns_answer *must =
        r->list->test ? ask(r, test_name(r, true), DNS_A) : NULL;

    if (must_not == NULL || (r->list->test && must == NULL)) {
        r->broken = not_asked;
        return;
    }
    struct list_meaning no = list_meaning_of(r->list, must_not);
    struct list_meaning yes =
        must != NULL ? list_meaning_of(r->list, must) : (struct list_meaning){0};
    if (no.unanswered || yes.unanswered) {
        r->unanswered++;
        r->broken = "it does not answer";
    } else if (no.nonsense != NULL || yes.nonsense != NULL) {
        r->broken = no.nonsense != NULL ? no.nonsense : yes.nonsense;
    } else if (must_not->status == DNS_FOUND && must_not->record_count > 0) {
        r->broken = "it lists what no list may list (RFC 5782 section 5)";
    } else if (must != NULL && (must->status != DNS_FOUND || must->record_count == 0)) {
        r->broken = "it does not list its own test point (RFC 5782 section 5): it is empty "
                    "or gone";
    }
}

static struct bytes
text_of(struct round *r, struct bytes name)
{
    const struct dns_answer *a = r->list->text ? ask(r, name, DNS_TXT) : NULL;
    struct writer w;

    if (a == NULL || a->status != DNS_FOUND || a->record_count == 0) {
        return BYTES("");
    }
    writer_init(&w, r->arena);
    writer_clean(&w, a->records[0].data, TEXT_MOST);
    return writer_view(&w);
}

static void
ask_one(struct round *r, struct bytes name, struct bytes asked)
{
    const struct dns_answer *a = ask(r, name, DNS_A);
    struct writer w;

    if (a == NULL) {
        return;
    }
    struct list_meaning m = list_meaning_of(r->list, a);
    struct list_answer answer = {.list = r->list->name,
                                 .asked = asked,
                                 .answer = BYTES(""),
                                 .text = BYTES(""),
                                 .allows = r->list->good,
                                 .failed = m.unanswered || m.nonsense != NULL};
    if (m.listed || m.nonsense != NULL) {
        writer_init(&w, r->arena);
        writer_format(&w, "%u.%u.%u.%u", m.answer >> 24, m.answer >> 16 & 255,
                      m.answer >> 8 & 255, m.answer & 255);
        answer.answer = writer_view(&w);
    }
    if (m.listed) {
        answer.text = text_of(r, name);
    }
    r->unanswered += m.unanswered;
    r->answered += !m.unanswered;
    if (m.nonsense != NULL && r->broken == NULL) {
        r->broken = m.nonsense;
    }
    r->answers[(*r->count)++] = answer;
}

static bool
asks_address(const struct lists_query *query)
{
    return query->ip->known && !place_is_local(query->ip);
}

static void
ask_list(struct round *r, const struct lists_query *query, bool test)
{
    size_t first = *r->count;
    struct writer w;

    if (test) {
        test_list(r);
    }
    if (!r->list->of_domains && asks_address(query)) {
        struct writer text;
        writer_init(&w, r->arena);
        write_reversed(&w, query->ip);
        writer_bytes(&w, r->list->zone);
        struct bytes name = bytes_copy(r->arena, writer_view(&w));
        writer_init(&text, r->arena);
        net_address_write(&text, query->ip);
        ask_one(r, name, writer_view(&text));
    }
    for (size_t i = 0; r->list->of_domains && i < query->domain_count; i++) {
        writer_init(&w, r->arena);
        writer_bytes(&w, query->domains[i]);
        writer_byte(&w, '.');
        writer_bytes(&w, r->list->zone);
        ask_one(r, bytes_copy(r->arena, writer_view(&w)), query->domains[i]);
    }
    for (size_t i = first; r->broken != NULL && i < *r->count; i++) {
        r->answers[i].failed = true;
    }
}

static enum plan
plan_of(struct round *r, int64_t now_s)
{
    const struct dns_list *list = r->list;

    if (r->memo->sealed) { /* as it was then */
        return peek(r->memo, test_name(r, false), DNS_A) != NULL ? PLAN_TEST : PLAN_ASK;
    }
    if (now_s >= list->until_s) {
        return PLAN_TEST;
    }
    return list->state == LIST_GOOD ? PLAN_ASK : PLAN_SKIP;
}

/* What a message's questions tell of the list itself. */
static void
learn(struct round *r, enum plan plan, int64_t now_s)
{
    struct dns_list *list = r->list;

    if (plan == PLAN_SKIP || r->broken == not_asked ||
        r->answered + r->unanswered + (plan == PLAN_TEST) == 0) {
        return;
    }
    if (r->unanswered > 0) {
        list->failures++;
        if (list->failures >= SILENT_AFTER) {
            list->state = LIST_SILENT;
            list->until_s = now_s + SILENT_S;
            list->why = "it does not answer";
        }
    } else if (r->broken != NULL) {
        list->state = LIST_BROKEN;
        list->until_s = now_s + ASIDE_S;
        list->why = r->broken;
    } else {
        list->failures = 0;
        list->state = LIST_GOOD;
        list->why = NULL;
        if (plan == PLAN_TEST) {
            list->until_s = now_s + TEST_EVERY_S;
        }
    }
}

enum sk_code
lists_check(struct arena *arena, struct dns_memo *memo, struct dns_lists *lists,
            const struct lists_query *query, struct lists_work **work,
            struct origin *origin)
{
    size_t questions = 0, count = 0;
    bool more = !query->complete;

    if (lists == NULL) {
        return SK_OK;
    }
    if (*work == NULL) {
        *work = ARENA_NEW(arena, struct lists_work);
        (*work)->plans = ARENA_NEW_MANY(arena, lists->count, enum plan);
    }
    struct round *rounds = ARENA_NEW_MANY(arena, lists->count, struct round);
    struct list_answer *answers =
        ARENA_NEW_MANY(arena, LIMIT_LIST_QUESTIONS, struct list_answer);
    for (size_t l = 0; l < lists->count; l++) {
        struct round *r = &rounds[l];
        enum plan *plan = &(*work)->plans[l];
        *r = (struct round){.arena = arena,
                            .memo = memo,
                            .list = &lists->lists[l],
                            .questions = &questions,
                            .answers = answers,
                            .count = &count};
        if (*plan == PLAN_NOT_YET) {
            bool nothing = !r->list->of_domains && !asks_address(query);
            *plan = nothing ? PLAN_SKIP : plan_of(r, query->now_s);
        }
        if (*plan != PLAN_SKIP) {
            ask_list(r, query, *plan == PLAN_TEST);
        }
        more |= r->more;
    }
    if (more) {
        return SK_MORE;
    }
    for (size_t l = 0; l < lists->count && !memo->sealed; l++) {
        learn(&rounds[l], (*work)->plans[l], query->now_s);
    }
    origin->listed = answers;
    origin->listed_count = count;
    lists_note(arena, lists, origin);
    return SK_OK;
}

bool
lists_next_news(struct dns_lists *lists, struct lists_news *news_r)
{
    for (size_t l = 0; lists != NULL && l < lists->count; l++) {
        struct dns_list *list = &lists->lists[l];
        if (list->why != list->told) {
            *news_r = (struct lists_news){list->name, list->why};
            list->told = list->why;
            return true;
        }
    }
    return false;
}
