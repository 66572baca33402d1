#include "sekisho/dmarc_sender.h"

#include <fcntl.h>
#include <unistd.h>

#include "arrive/next_hop.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "dns/resolver.h"
#include "net/loop.h"
#include "net/paper_keys.h"
#include "parse/letter.h"
#include "record/keys.h"
#include "sekisho/dmarc_round.h"
#include "sekisho/version.h"
#include "trace/batv.h"
#include "trace/settings.h"
#include "trace/sign.h"

#define LOOK_MS       60000
#define SOON_MS       100
#define RETRY_MS      ((int64_t)300000)
#define RETRIES       12
#define RETRY_MOST_MS ((int64_t)6 * 3600000)
#define ANSWER_MS     60000 /* for the keeper */
#define STEP_MS       30000 /* for each step with the next hop */
#define ROUND_MEMORY  ((size_t)768 << 20)
#define DOMAIN_MEMORY ((size_t)256 << 20)

enum state {
    IDLE,
    PLANS,   /* asked the keeper what was sent and who is suppressed */
    GATHERS, /* walks the record */
    BOUNCES, /* tells the keeper of reports that came back */
    LOOKS,   /* asks the DNS about a domain's addresses */
    SENDS,   /* the next hop has a letter */
    TELLS,   /* the keeper is told that it went out */
    RETELLS, /* it could not keep that: told again, for else the letter would go out twice */
    CLOSES,  /* the keeper is told that the period is done */
};

struct dmarc_sender {
    struct arena *arena;
    struct event_base *base;
    struct dmarc_settings *settings;
    struct next_hop_settings hop_settings;
    struct dmarc_sender_role role;
    const struct trace_settings *trace; /* its keys sign what we send */
    struct resolver *resolver;
    struct bytes key;
    int folder;
    struct loop_task task;
    enum state state;
    bool linked;
    uint64_t token, last_token; /* of the request under way, 0: none */
    int64_t dry_end;            /* of a dry run: the period is not kept, only remembered */
    unsigned tries;
    /* one round */
    struct arena round_arena, domain_arena;
    struct dmarc_round round;
    struct dmarc_walk *walk;
    size_t domain, failure, letter, letter_count,
        bounce;      /* failure: of the domain, the next */
    bool in_domain;  /* domain_arena is in use */
    bool aggregates; /* its aggregate report comes next, before its failure reports */
    struct dmarc_letter letters[DMARC_LETTERS];
    struct dns_memo memo;
    struct next_hop *hop;
    struct bytes pieces[2]; /* our signatures, and the letter */
    struct arrival envelope;
    struct arrival_recipient recipient;
    bool hop_answered, sent_well, sent_refused;
    uint64_t sent, failed, refused[DMARC_REFUSAL_COUNT];
};

static void
end_domain(struct dmarc_sender *s)
{
    if (s->hop != NULL) {
        next_hop_close(s->hop);
        s->hop = NULL;
    }
    if (s->state == LOOKS) {
        resolver_forget(s->resolver, &s->memo);
    }
    s->in_domain = false;
    arena_release(&s->domain_arena);
}

/* How often it is looked whether a period is over. */
static int64_t
look_ms(const struct dmarc_sender *s)
{
    int64_t quarter = s->settings->interval_s * 250;

    return quarter < LOOK_MS ? quarter : LOOK_MS;
}

static void
end_round(struct dmarc_sender *s, int64_t wait_ms)
{
    end_domain(s);
    if (s->walk != NULL) {
        dmarc_walk_close(s->walk);
        s->walk = NULL;
    }
    arena_release(&s->round_arena);
    s->state = IDLE;
    s->token = 0;
    loop_task_after(&s->task, wait_ms);
}

/* Later again: the world is slow. */
static void
give_up_for_now(struct dmarc_sender *s, const char *words)
{
    log_line(LOG_LEVEL_WARNING, NULL, "DMARC reports wait: %s", words);
    end_round(s, look_ms(s));
}

/* The keeper did not do what was asked. */
static void
not_answered(struct dmarc_sender *s, const char *words)
{
    if (s->state == TELLS && s->sent_well) {
        s->token = 0;
        s->state = RETELLS;
        loop_task_after(&s->task, look_ms(s));
    } else {
        give_up_for_now(s, words);
    }
}

static void
begin_request(struct dmarc_sender *s, struct writer *w, struct json *j, const char *what)
{
    writer_init(w, &s->round_arena);
    json_init(j, w);
    json_open(j, '{');
    json_put_text(j, "do", what);
    json_put_text(j, "by", "dmarc_report");
}

static void
ask(struct dmarc_sender *s, struct json *j, enum state state)
{
    json_close(j);
    s->token = ++s->last_token | DMARC_SENDER_TOKEN;
    s->state = state;
    if (!s->linked || !s->role.ask(s->role.context, s->token, writer_view(j->w))) {
        not_answered(s, "the keeper is away");
        return;
    }
    loop_task_after(&s->task, ANSWER_MS);
}

static void
ask_plan(struct dmarc_sender *s)
{
    struct writer w;
    struct json j;

    begin_request(s, &w, &j, "dmarc.plan");
    json_put_number(&j, "begin", s->round.begin);
    json_put_number(&j, "end", s->round.end);
    ask(s, &j, PLANS);
}

static void
begin_round(struct dmarc_sender *s)
{
    int64_t begin, end;

    if (!s->linked ||
        !dmarc_period_due(s->settings, s->dry_end, clock_now_ms() / 1000, &begin, &end)) {
        loop_task_after(&s->task, look_ms(s));
        return;
    }
    arena_init(&s->round_arena, ROUND_MEMORY);
    s->round = (struct dmarc_round){
        .settings = s->settings, .key = s->key, .begin = begin, .end = end};
    s->sent = s->failed = 0;
    memset(s->refused, 0, sizeof s->refused);
    ask_plan(s);
}

static void
take_plan(struct dmarc_sender *s, struct bytes json)
{
    int64_t before, begin, end;
    struct why why;

    if (dmarc_round_plan(&s->round_arena, &s->round, json, &before, &why) != SK_OK) {
        give_up_for_now(s, why.sentence);
        return;
    }
    before = before > s->dry_end ? before : s->dry_end;
    if (!dmarc_period_due(s->settings, before, clock_now_ms() / 1000, &begin, &end)) {
        end_round(s, look_ms(s));
        return;
    }
    if (begin != s->round.begin || end != s->round.end) {
        s->round.begin = begin;
        s->round.end = end;
        ask_plan(s);
        return;
    }
    struct dmarc_gather *gather =
        dmarc_gather_new(&s->round_arena, s->settings, begin, end);
    s->round.gather = gather;
    s->state = GATHERS;
    if (dmarc_walk_open(&s->round_arena, s->folder, begin, end, &s->walk, &why) != SK_OK) {
        give_up_for_now(s, why.sentence);
        return;
    }
    loop_task_soon(&s->task);
}

static void
close_period(struct dmarc_sender *s)
{
    struct writer w;
    struct json j;

    if (s->failed > 0 && s->tries < RETRIES) {
        int64_t wait = RETRY_MS << s->tries;
        s->tries++;
        log_line(LOG_LEVEL_WARNING, NULL,
                 "%llu DMARC reports could not be handed on: the next hop is asked again",
                 (unsigned long long)s->failed);
        end_round(s, wait < RETRY_MOST_MS ? wait : RETRY_MOST_MS);
        return;
    }
    s->tries = 0;
    log_line(LOG_LEVEL_NOTICE, NULL, "DMARC reports: %llu %s, %llu failed, %zu domains",
             (unsigned long long)s->sent,
             dmarc_sends(s->settings) ? "sent" : "would be sent",
             (unsigned long long)s->failed, dmarc_gather_count(s->round.gather));
    if (!dmarc_sends(s->settings)) {
        s->dry_end = s->round.end;
        end_round(s, look_ms(s));
        return;
    }
    begin_request(s, &w, &j, "dmarc.period");
    json_put_number(&j, "begin", s->round.begin);
    json_put_number(&j, "end", s->round.end);
    json_put_number(&j, "sent", (int64_t)s->sent);
    json_put_number(&j, "failed", (int64_t)s->failed);
    json_key(&j, "refused");
    json_open(&j, '{');
    for (int i = DMARC_REFUSAL_SEND + 1; i < DMARC_REFUSAL_COUNT; i++) {
        if (s->refused[i] > 0) {
            json_put_number(&j, dmarc_refusal_name((enum dmarc_refusal)i),
                            (int64_t)s->refused[i]);
        }
    }
    json_close(&j);
    ask(s, &j, CLOSES);
}

static void
on_hop(void *context, enum next_hop_command command, size_t index,
       const struct next_hop_reply *reply)
{
    struct dmarc_sender *s = context;

    (void)index;
    if (s->hop_answered || s->state != SENDS) {
        return;
    }
    if (reply->code / 100 == 2 && command == NEXT_HOP_RCPT) {
        next_hop_message(s->hop, s->pieces, 2, 1);
        return;
    }
    if (reply->code / 100 == 2 && command != NEXT_HOP_MESSAGE) {
        return;
    }
    s->hop_answered = true;
    s->sent_well = reply->code / 100 == 2;
    s->sent_refused = reply->code / 100 == 5 && !reply->ours;
    loop_task_soon(&s->task);
}

static bool
ask_signature(void *context, const struct sign_domain *domain, const struct sign_key *key,
              const uint8_t digest[32], uint8_t *signature_r, size_t *size_r)
{
    return paper_key_sign(paper_key_name("sign", domain->domain, key->selector),
                          key->ed25519, digest, signature_r, size_r);
}

static bool
ask_tag(void *context, unsigned key, struct bytes what, uint8_t tag_r[3])
{
    const uint8_t digit = (uint8_t)('0' + key);

    return paper_key_tag(paper_key_name("tag", BYTES_NONE, bytes_of(&digit, 1)), what,
                         tag_r);
}

/* RFC 9990 3.5.2: a report must pass DMARC itself. It is signed where our domain has keys, and its sender is tagged where
 * bounces are asked for a tag. false: the key process does not answer. */
static bool
issue_papers(struct dmarc_sender *s, const struct dmarc_letter *letter,
             struct bytes *sender_r)
{
    int64_t now_s = clock_now_ms() / 1000;
    const struct letter *read = letter_read_header(&s->domain_arena, letter->mail);
    const struct sign_domain *domain = sign_domain_of(s->trace->sign, read);
    struct bytes tagged = BYTES_NONE;
    enum sk_code code = SK_OK;

    s->pieces[0] = BYTES_NONE;
    s->pieces[1] = letter->mail;
    if (domain != NULL) {
        code = sign_message(&s->domain_arena, domain, read, &read->header, NULL, now_s,
                            ask_signature, NULL, &s->pieces[0]);
    }
    if (s->trace->batv->domain_count > 0) {
        (void)batv_tag(&s->domain_arena, s->trace->batv, letter->sender, now_s, ask_tag,
                       NULL, &tagged);
    }
    *sender_r = tagged.size > 0 ? tagged : letter->sender;
    return code == SK_OK;
}

static void
send_letter(struct dmarc_sender *s)
{
    const struct dmarc_letter *letter = &s->letters[s->letter];
    struct bytes sender;

    s->state = SENDS;
    s->hop_answered = s->sent_well = s->sent_refused = false;
    if (!issue_papers(s, letter, &sender)) {
        log_line(LOG_LEVEL_ERROR, NULL, "a DMARC report could not be signed, and waits");
        s->hop_answered = true;
        loop_task_soon(&s->task);
        return;
    }
    s->recipient = (struct arrival_recipient){.address = letter->to};
    s->envelope = (struct arrival){
        .mail_from = sender, .recipients = &s->recipient, .recipient_count = 1};
    s->hop =
        next_hop_open(&s->domain_arena, s->base, &s->hop_settings, &s->envelope, on_hop, s);
    next_hop_mail(s->hop, &s->envelope, s->pieces[0].size + letter->mail.size, 0);
    next_hop_rcpt(s->hop, &s->recipient, 0);
}

static const char *
kind_of(const struct dmarc_letter *letter)
{
    return letter->failure ? "failure report" : "DMARC report";
}

/* Letters that are not sent are counted and passed over; in a dry run all are. */
static void
next_letter(struct dmarc_sender *s)
{
    while (s->letter < s->letter_count) {
        const struct dmarc_letter *letter = &s->letters[s->letter];
        enum dmarc_send send =
            letter->failure ? s->settings->failure_send : s->settings->send;
        if (letter->refusal != DMARC_REFUSAL_SEND) {
            s->refused[letter->refusal]++;
            log_line(LOG_LEVEL_DEBUG, NULL, "no %s about %.*s: %s", kind_of(letter),
                     BYTES_ARGUMENTS(letter->domain),
                     dmarc_refusal_words(letter->refusal, false));
            s->failed += letter->refusal == DMARC_REFUSAL_DNS;
        } else if (send == DMARC_SEND_YES) {
            send_letter(s);
            return;
        } else {
            s->sent++;
            log_line(LOG_LEVEL_NOTICE, NULL, "would send a %s about %.*s to %.*s",
                     kind_of(letter), BYTES_ARGUMENTS(letter->domain),
                     BYTES_ARGUMENTS(letter->to));
        }
        s->letter++;
    }
    s->state = GATHERS;
    loop_task_soon(
        &s->task); /* from the loop, so that a thousand letters are no recursion */
}

/* The DNS has answered, or nothing was asked. */
static void
look(void *context)
{
    struct dmarc_sender *s = context;
    int64_t now_s = clock_now_ms() / 1000;
    enum sk_code code =
        s->aggregates
            ? dmarc_round_letters(&s->domain_arena, &s->round, &s->memo, s->domain, now_s,
                                  s->letters, &s->letter_count)
            : dmarc_round_failure(&s->domain_arena, &s->round, &s->memo, s->domain,
                                  s->failure, now_s, s->letters, &s->letter_count);

    if (code == SK_MORE) {
        resolver_ask(s->resolver, &s->memo, look, s);
        return;
    }
    s->letter = 0;
    s->failure += !s->aggregates;
    s->aggregates = false;
    s->state = GATHERS; /* nothing is under way */
    next_letter(s);
}

static void
begin_domain(struct dmarc_sender *s)
{
    s->failure = 0;
    s->aggregates = s->settings->send != DMARC_SEND_NO;
    arena_init(&s->domain_arena, DOMAIN_MEMORY);
    dns_memo_init(&s->memo, &s->domain_arena);
    s->in_domain = true;
}

/* First a domain's aggregate report, then its failure reports one by one, then the next domain. */
static void
next_report(struct dmarc_sender *s)
{
    if (!s->in_domain && s->domain == dmarc_gather_count(s->round.gather)) {
        close_period(s);
        return;
    }
    if (!s->in_domain) {
        begin_domain(s);
    }
    if (s->aggregates ||
        s->failure < dmarc_gather_seen(s->round.gather, s->domain)->failure_count) {
        s->state = LOOKS;
        look(s);
        return;
    }
    end_domain(s);
    s->domain++;
    loop_task_soon(&s->task);
}

static void
next_bounce(struct dmarc_sender *s)
{
    size_t count;
    const struct bytes *bounces = dmarc_gather_bounces(s->round.gather, &count);
    struct writer w;
    struct json j;

    if (s->bounce == count || !dmarc_sends(s->settings)) {
        s->domain = 0;
        s->state = GATHERS;
        loop_task_soon(&s->task);
        return;
    }
    begin_request(s, &w, &j, "dmarc.bounced");
    json_put_string(&j, "token", bounces[s->bounce++]);
    ask(s, &j, BOUNCES);
}

static void
gather(struct dmarc_sender *s)
{
    struct why why;

    if (s->walk == NULL) {
        next_report(s);
        return;
    }
    enum sk_code code =
        dmarc_walk_step(s->walk, (struct dmarc_gather *)(uintptr_t)s->round.gather, &why);
    if (code == SK_MORE) {
        loop_task_after(&s->task, 1); /* others have their turn */
        return;
    }
    dmarc_walk_close(s->walk);
    s->walk = NULL;
    if (code != SK_OK) {
        give_up_for_now(s, why.sentence);
        return;
    }
    s->bounce = 0;
    next_bounce(s);
}

/* The keeper hears what became of a letter. */
static void
ask_tell(struct dmarc_sender *s)
{
    const struct dmarc_letter *letter = &s->letters[s->letter];
    struct writer w;
    struct json j;

    begin_request(s, &w, &j, s->sent_well ? "dmarc.sent" : "dmarc.bounced");
    json_put_string(&j, "domain", letter->domain);
    json_put_string(&j, "to", letter->to);
    json_put_string(&j, "report_id", letter->report_id);
    json_put_string(&j, "token", letter->token);
    json_put_string(&j, "sha256", letter->sha256);
    json_put_number(&j, "begin", s->round.begin);
    json_put_number(&j, "end", s->round.end);
    json_put_number(&j, "messages", (int64_t)letter->messages);
    json_put_number(&j, "rows", (int64_t)letter->rows);
    json_put_number(&j, "size", (int64_t)letter->mail.size);
    if (letter->failure) {
        json_put_bool(&j, "failure", true);
    }
    ask(s, &j, TELLS);
}

/* A letter is with the next hop, or was refused. */
static void
tell(struct dmarc_sender *s)
{
    if (s->hop != NULL) {
        next_hop_close(s->hop);
        s->hop = NULL;
    }
    if (!s->sent_well && !s->sent_refused) {
        s->failed++;
        s->letter++;
        next_letter(s);
        return;
    }
    ask_tell(s);
}

static void
on_task(void *context)
{
    struct dmarc_sender *s = context;

    switch (s->state) {
    case IDLE:
        begin_round(s);
        return;
    case GATHERS:
        gather(s);
        return;
    case SENDS:
        if (s->hop_answered) {
            tell(s);
        }
        return;
    case LOOKS:
        return;
    case RETELLS:
        ask_tell(s);
        return;
    case PLANS:
    case BOUNCES:
    case TELLS:
    case CLOSES:
        not_answered(s, "the keeper does not answer");
        return;
    }
}

/* The name that a bounce suppressed counts in this round already. */
static void
take_bounced(struct dmarc_sender *s, struct bytes json)
{
    size_t at = bytes_find(json, BYTES("\"name\":\""), 0);

    if (at != BYTES_NOWHERE) {
        struct bytes rest = bytes_from(json, at + 8), name;
        if (bytes_split(&rest, '"', &name)) {
            (void)table_put(&s->round.suppressed, bytes_lower(&s->round_arena, name),
                            &s->round.suppressed);
        }
    }
}

void
dmarc_sender_answer(struct dmarc_sender *s, uint64_t token, enum sk_code code,
                    struct bytes json)
{
    if (s == NULL || token != s->token) {
        return; /* of a request that was given up */
    }
    s->token = 0;
    enum state state = s->state;
    if (code != SK_OK && state != BOUNCES && !(state == TELLS && !s->sent_well)) {
        not_answered(s, "the keeper could not do what was asked");
        return;
    }
    loop_task_cancel(&s->task);
    switch (state) {
    case PLANS:
        take_plan(s, json);
        return;
    case BOUNCES:
        take_bounced(s, json);
        next_bounce(s);
        return;
    case TELLS:
        s->sent += s->sent_well;
        s->letter++;
        s->state = GATHERS;
        next_letter(s);
        return;
    case CLOSES:
        end_round(s, SOON_MS); /* another may be over */
        return;
    default:
        return;
    }
}

void
dmarc_sender_link(struct dmarc_sender *s, bool up)
{
    if (s == NULL) {
        return;
    }
    s->linked = up;
    if (!up && (s->state == PLANS || s->state == BOUNCES || s->state == TELLS ||
                s->state == CLOSES)) {
        not_answered(s, "the keeper went away");
    } else if (up && (s->state == IDLE || s->state == RETELLS)) {
        loop_task_soon(&s->task);
    }
}

static int64_t
at_most(int64_t ms, int64_t most)
{
    return ms < most ? ms : most;
}

static void
take_hop(struct dmarc_sender *s, const struct next_hop_settings *hop)
{
    s->hop_settings = *hop;
    s->hop_settings.xclient = false; /* the report is ours, no client's */
    s->hop_settings.greeting_ms = at_most(hop->greeting_ms, STEP_MS);
    s->hop_settings.mail_ms = at_most(hop->mail_ms, STEP_MS);
    s->hop_settings.rcpt_ms = at_most(hop->rcpt_ms, STEP_MS);
    s->hop_settings.data_ms = at_most(hop->data_ms, STEP_MS);
    s->hop_settings.block_ms = at_most(hop->block_ms, STEP_MS);
    s->hop_settings.dot_ms = at_most(hop->dot_ms, 4 * STEP_MS);
}

enum sk_code
dmarc_sender_open(struct arena *arena, struct event_base *base, const struct config *config,
                  const struct next_hop_settings *next_hop,
                  const struct trace_settings *trace, const struct dmarc_sender_role *role,
                  struct dmarc_sender **sender_r, struct why *why)
{
    struct dmarc_settings *settings;
    enum sk_code code = dmarc_settings_new(arena, config, &settings, why);

    *sender_r = NULL;
    if (code != SK_OK ||
        (settings->send == DMARC_SEND_NO && settings->failure_send == DMARC_SEND_NO)) {
        return code;
    }
    if (next_hop->kind != NEXT_HOP_SMTP && dmarc_sends(settings)) {
        const char *key = settings->send == DMARC_SEND_YES ? "dmarc_report.send"
                                                           : "dmarc_report.failure_send";
        return why_set_line(why, SK_CONFIG, config_line(config, key),
                            "%s: reports go to other servers, and transfer.next_hop is "
                            "none that passes mail on: it must be smtp:",
                            key);
    }
    struct dmarc_sender *s = ARENA_NEW(arena, struct dmarc_sender);
    settings->generator = BYTES("Sekisho " SEKISHO_VERSION);
    s->arena = arena;
    s->base = base;
    s->settings = settings;
    s->trace = trace;
    s->role = *role;
    take_hop(s, next_hop);
    loop_task_init(&s->task, base, on_task, s);
    code = keys_read_or_make(arena, config, DMARC_KEY_NAME, DMARC_KEY_SIZE, &s->key, why);
    if (code == SK_OK) {
        code = resolver_open(arena, base, config, &s->resolver, why);
    }
    if (code == SK_OK) {
        const char *folder = bytes_text(arena, config_text(config, "record.folder"));
        s->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        code = s->folder < 0 ? why_set(why, SK_SYSTEM, "%s", folder) : SK_OK;
    }
    *sender_r = code == SK_OK ? s : NULL;
    return code;
}

void
dmarc_sender_close(struct dmarc_sender *s)
{
    if (s == NULL) {
        return;
    }
    if (s->state != IDLE) {
        end_round(s, look_ms(s));
    }
    loop_task_cancel(&s->task);
    resolver_close(s->resolver);
    close(s->folder);
}
