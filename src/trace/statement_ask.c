/* The other explanations that fit, and whom to ask for what would decide between them.
 *
 * How long a record is kept is told in docs/ORIGIN.md with its sources: carriers' logs 3 to 6 months (here 90 and 180
 * days), logs of servers 2 to 4 weeks. Dates count from the arrival; where that is not known there are none. */
#include "trace/statement_private.h"

#include "base/limits.h"

#define DAY                86400
#define KEPT_CARRIER_LEAST (90 * DAY)
#define KEPT_CARRIER_MOST  (180 * DAY)
#define KEPT_SERVER_LEAST  (14 * DAY)
#define KEPT_SERVER_MOST   (28 * DAY)
#define BIT(addressee)     (1u << (addressee))

/* Questions */

static struct statement_question *
ask(const struct statement_facts *f, struct statement *s,
    enum statement_addressee addressee, struct statement_line whom)
{
    static const enum statement_word words[][2] = {
        [ADDRESSEE_SELF] = {STATEMENT_W_SELF, STATEMENT_K_SELF},
        [ADDRESSEE_OWN_SERVER] = {STATEMENT_W_OWN_SERVER, STATEMENT_K_SERVER},
        [ADDRESSEE_CARRIER] = {STATEMENT_W_CARRIER, STATEMENT_K_CARRIER},
        [ADDRESSEE_HOSTING] = {STATEMENT_W_HOSTING, STATEMENT_K_CARRIER},
        [ADDRESSEE_HIDDEN] = {STATEMENT_W_HIDDEN, STATEMENT_K_NONE},
        [ADDRESSEE_SERVICE] = {STATEMENT_W_SERVICE, STATEMENT_K_CARRIER},
        [ADDRESSEE_FORM] = {STATEMENT_W_FORM, STATEMENT_K_SERVER},
        [ADDRESSEE_FORM_CARRIER] = {STATEMENT_W_CARRIER, STATEMENT_K_CARRIER},
        [ADDRESSEE_SERVER] = {STATEMENT_W_SERVER, STATEMENT_K_SERVER},
        [ADDRESSEE_NAMED] = {STATEMENT_W_NAMED, STATEMENT_K_CARRIER},
        [ADDRESSEE_LIST] = {STATEMENT_W_LIST, STATEMENT_K_SERVER},
        [ADDRESSEE_DEVICES] = {STATEMENT_W_DEVICES, STATEMENT_K_DEVICES},
    };

    if (s->questions == NULL) {
        s->questions =
            ARENA_NEW_MANY(f->arena, LIMIT_STATEMENT_QUESTIONS, struct statement_question);
    }
    if (s->question_count == LIMIT_STATEMENT_QUESTIONS) {
        s->questions_dropped++;
        return NULL;
    }
    struct statement_question *q = &s->questions[s->question_count++];
    q->addressee = addressee;
    q->whom = whom;
    q->what.word = words[addressee][0];
    q->kept.word = words[addressee][1];
    q->has_dates = s->has_time && (q->kept.word == STATEMENT_K_CARRIER ||
                                   q->kept.word == STATEMENT_K_SERVER);
    bool server = q->kept.word == STATEMENT_K_SERVER;
    q->from_s = s->time_s + (server ? KEPT_SERVER_LEAST : KEPT_CARRIER_LEAST);
    q->until_s = s->time_s + (server ? KEPT_SERVER_MOST : KEPT_CARRIER_MOST);
    return q;
}

static void
name(const struct statement_facts *f, struct statement_question *q,
     enum statement_word word, struct bytes a, struct bytes b)
{
    if (q != NULL && a.size > 0) {
        statement_add(f->arena, &q->name, (struct statement_line){word, {a, b}, 0});
    }
}

static void
name_time(const struct statement_facts *f, struct statement_question *q, bool has,
          int64_t time_s)
{
    if (q != NULL && has) {
        statement_add(f->arena, &q->name,
                      (struct statement_line){STATEMENT_N_TIME, .time_s = time_s});
    }
}

/* What tells the message itself, for a server that handled it. */
static void
name_message(const struct statement_facts *f, struct statement_question *q)
{
    name(f, q, STATEMENT_N_MESSAGE_ID, f->of->message_id, BYTES_NONE);
    name(f, q, STATEMENT_N_SENDER, f->arrival->mail_from, BYTES_NONE);
}

/* The time of the source's handover, as the one who took it wrote it down. */
static void
name_handover(const struct statement_facts *f, const struct statement *s,
              struct statement_question *q)
{
    const struct hop *inner = statement_inner(f);

    if (inner != NULL && inner->has_date) {
        name_time(f, q, true, inner->date);
    } else {
        name_time(f, q, s->has_time, s->time_s);
    }
    name(f, q, STATEMENT_N_ADDRESS, f->source, BYTES_NONE);
    if (f->has_port) {
        name(f, q, STATEMENT_N_PORT, statement_number(f->arena, f->arrival->client.port),
             BYTES_NONE);
    } else {
        name(f, q, STATEMENT_N_PORT_ASK,
             inner != NULL && inner->by.size > 0 ? inner->by : BYTES("mx"), BYTES_NONE);
    }
    if (q != NULL) {
        statement_add(f->arena, &q->name,
                      (struct statement_line){.word = STATEMENT_N_TO_PORT});
    }
}

/* Of the record that the outermost host wrote when it took the message, as it claims. */
static void
name_outer(const struct statement_facts *f, struct statement_question *q)
{
    const struct hop *outer = statement_outer(f);

    if (outer != NULL) {
        name_time(f, q, outer->has_date, outer->date);
        name(f, q, STATEMENT_N_QUEUE_ID, outer->id, outer->by);
    }
}

static void
ask_ours(const struct statement_facts *f, struct statement *s)
{
    if (f->arrival->door != ARRIVAL_FILE) {
        struct statement_question *q =
            ask(f, s, ADDRESSEE_SELF, (struct statement_line){.word = STATEMENT_Q_SELF});
        name(f, q, STATEMENT_N_ENTRY, f->arrival->id, BYTES_NONE);
    }
    for (size_t i = 0; i < f->o->border && i < LIMIT_STATEMENT_SERVERS; i++) {
        const struct hop *hop = &f->o->hops[f->o->border - 1 - i];
        if (hop->by.size == 0) {
            continue;
        }
        struct statement_question *q =
            ask(f, s, ADDRESSEE_OWN_SERVER,
                (struct statement_line){STATEMENT_Q_OWN_SERVER, {hop->by}, 0});
        name_time(f, q, hop->has_date, hop->date);
        name(f, q, STATEMENT_N_QUEUE_ID, hop->id, hop->by);
        name_message(f, q);
    }
}

static struct statement_line
firm(enum statement_word with_as, enum statement_word plain, struct bytes ip,
     const struct place *place, struct arena *arena)
{
    struct statement_line line = {plain, {ip}, 0};

    if (place->as_number != 0 && place->as_name.size > 0) {
        line.word = with_as;
        line.arguments[1] = statement_number(arena, place->as_number);
        line.arguments[2] = place->as_name;
    }
    return line;
}

/* The Japanese measure holds for Japan; elsewhere it is only a measure. */
static void
measure_abroad(struct statement_question *q, const struct place *place)
{
    if (q != NULL && place->country[0] != '\0' && strcmp(place->country, "JP") != 0 &&
        q->kept.word == STATEMENT_K_CARRIER) {
        q->kept.word = STATEMENT_K_ABROAD;
    }
}

static void
ask_source(const struct statement_facts *f, struct statement *s)
{
    const struct place *place = &f->o->place;
    struct statement_question *q;

    if (f->source.size == 0 || f->inside) {
        return;
    }
    if (f->hidden) {
        q = ask(f, s, ADDRESSEE_HIDDEN,
                (struct statement_line){STATEMENT_Q_HIDDEN, {f->source}, 0});
        name_handover(f, s, q);
        return;
    }
    if (!f->local) {
        q = ask(f, s, f->hosting ? ADDRESSEE_HOSTING : ADDRESSEE_CARRIER,
                f->hosting ? firm(STATEMENT_Q_HOSTING_AS, STATEMENT_Q_HOSTING, f->source,
                                  place, f->arena)
                           : firm(STATEMENT_Q_CARRIER_AS, STATEMENT_Q_CARRIER, f->source,
                                  place, f->arena));
        name_handover(f, s, q);
        measure_abroad(q, place);
    }
    if (!f->hosting && !f->server) {
        q = ask(f, s, ADDRESSEE_DEVICES,
                (struct statement_line){STATEMENT_Q_DEVICES, {f->source}, 0});
        name_time(f, q, s->has_time, s->time_s);
    }
}

static void
ask_service(const struct statement_facts *f, struct statement *s)
{
    if (f->domain.size == 0) {
        return;
    }
    struct bytes domain = f->dkim ? f->signer->domain : f->domain;
    struct statement_question *q =
        ask(f, s, f->forwarded ? ADDRESSEE_LIST : ADDRESSEE_SERVICE,
            (struct statement_line){
                f->forwarded ? STATEMENT_Q_LIST : STATEMENT_Q_SERVICE, {domain}, 0});
    name_outer(f, q);
    name_time(f, q, s->has_time && statement_outer(f) == NULL, s->time_s);
    if (f->dkim) {
        name(f, q, STATEMENT_N_SELECTOR, f->signer->domain, f->signer->selector);
    }
    name(f, q, STATEMENT_N_LOGIN, f->login, BYTES_NONE);
    name_message(f, q);
}

/* The domain that From names without proof: whether such a message left it, only its mail service can tell. */
static void
ask_named(const struct statement_facts *f, struct statement *s)
{
    struct bytes domain = f->o->dmarc.from_domain;

    if (domain.size == 0 || f->o->dmarc.result == AUTH_PASS || f->agrees_dkim ||
        f->agrees_spf) {
        return;
    }
    struct statement_question *q =
        ask(f, s, ADDRESSEE_NAMED, (struct statement_line){STATEMENT_Q_NAMED, {domain}, 0});
    name_time(f, q, s->has_time, s->time_s);
    name_message(f, q);
}

static void
ask_form(const struct statement_facts *f, struct statement *s)
{
    const struct hop *inner = statement_inner(f), *outer = statement_outer(f);
    struct bytes at = f->inside                             ? inner->by
                      : outer != NULL && outer->by.size > 0 ? outer->by
                      : f->o->client_name.size > 0          ? f->o->client_name
                                                            : f->source;

    if (!f->form || at.size == 0) {
        return;
    }
    struct statement_question *q =
        ask(f, s, ADDRESSEE_FORM, (struct statement_line){STATEMENT_Q_FORM, {at}, 0});
    if (f->inside) {
        name_time(f, q, inner->has_date, inner->date);
        name(f, q, STATEMENT_N_QUEUE_ID, inner->id, inner->by);
    } else {
        name_outer(f, q);
    }
    name_message(f, q);
    for (size_t i = 0; i < f->o->claimed_count && i < LIMIT_CLAIMED_CLIENTS; i++) {
        const struct claimed_client *c = &f->o->claimed[i];
        struct bytes ip = statement_address(f->arena, &c->ip);
        name(f, q, STATEMENT_N_CLAIMED, ip, c->field);
    }
    if (f->o->claimed_count > 0 && f->o->claimed[0].ip.known &&
        (f->o->claimed[0].place.kinds & (PLACE_TOR | PLACE_PROXY | PLACE_PRIVATE)) == 0) {
        const struct claimed_client *c = &f->o->claimed[0];
        struct bytes ip = statement_address(f->arena, &c->ip);
        q = ask(f, s, ADDRESSEE_FORM_CARRIER,
                firm(STATEMENT_Q_CARRIER_AS, STATEMENT_Q_CARRIER, ip, &c->place, f->arena));
        name_outer(f, q);
        name(f, q, STATEMENT_N_ADDRESS, ip, BYTES_NONE);
        name(f, q, STATEMENT_N_PORT_ASK, at, BYTES_NONE);
        measure_abroad(q, &c->place);
    }
}

/* Servers that only untrusted records name, the nearest first. */
static void
ask_claimed_servers(const struct statement_facts *f, struct statement *s)
{
    size_t asked = 0;

    for (size_t i = f->o->border; i < f->o->hop_count && asked < LIMIT_STATEMENT_SERVERS;
         i++) {
        const struct hop *hop = &f->o->hops[i];
        if (hop->by.size == 0) {
            continue;
        }
        asked++;
        struct statement_question *q =
            ask(f, s, ADDRESSEE_SERVER,
                (struct statement_line){STATEMENT_Q_SERVER, {hop->by}, 0});
        name_time(f, q, hop->has_date, hop->date);
        name(f, q, STATEMENT_N_QUEUE_ID, hop->id, hop->by);
        name_message(f, q);
    }
}

void
statement_ask(const struct statement_facts *f, struct statement *s)
{
    ask_ours(f, s);
    ask_source(f, s);
    ask_service(f, s);
    ask_named(f, s);
    ask_form(f, s);
    ask_claimed_servers(f, s);
}

/* Explanations */

#define EXPLANATIONS_MOST 16

static void
explain(const struct statement_facts *f, struct statement *s, bool fits,
        enum statement_word word, struct bytes a, struct bytes b, unsigned questions)
{
    unsigned asked = 0;

    if (!fits) {
        return;
    }
    if (s->explanations == NULL) {
        s->explanations =
            ARENA_NEW_MANY(f->arena, EXPLANATIONS_MOST, struct statement_explanation);
    }
    SK_ASSERT(s->explanation_count < EXPLANATIONS_MOST);
    for (size_t i = 0; i < s->question_count; i++) {
        asked |= BIT(s->questions[i].addressee);
    }
    s->explanations[s->explanation_count++] =
        (struct statement_explanation){{word, {a, b}, 0}, questions & asked};
}

void
statement_explain(const struct statement_facts *f, struct statement *s)
{
    const struct origin *o = f->o;
    bool agrees = f->agrees_dkim || f->agrees_spf;
    bool proved = f->domain.size > 0, dmarc = o->dmarc.result == AUTH_PASS,
         outer = statement_outer(f) != NULL, source = f->source.size > 0 && !f->inside;
    const struct claimed_client *claimed = o->claimed_count > 0 ? &o->claimed[0] : NULL;
    struct bytes ip = f->source, form = claimed != NULL
                                            ? statement_address(f->arena, &claimed->ip)
                                            : BYTES_NONE;

    explain(f, s, source && !f->hidden && !f->hosting && !f->server, STATEMENT_E_REMOTE, ip,
            BYTES_NONE, BIT(ADDRESSEE_DEVICES) | BIT(ADDRESSEE_CARRIER));
    explain(f, s, proved || f->login.size > 0, STATEMENT_E_REMOTE_BEHIND, BYTES_NONE,
            BYTES_NONE,
            BIT(ADDRESSEE_SERVICE) | BIT(ADDRESSEE_LIST) | BIT(ADDRESSEE_DEVICES));
    explain(f, s, proved || f->login.size > 0, STATEMENT_E_ACCOUNT,
            f->login.size > 0 ? f->login : f->domain, BYTES_NONE,
            BIT(ADDRESSEE_SERVICE) | BIT(ADDRESSEE_OWN_SERVER));
    explain(f, s, source && !f->hidden && !f->hosting && !f->server,
            STATEMENT_E_SHARED_LINE, ip, BYTES_NONE,
            BIT(ADDRESSEE_CARRIER) | BIT(ADDRESSEE_DEVICES));
    explain(f, s, source && !f->hidden && !f->agrees_dkim && !f->line && outer,
            STATEMENT_E_RELAY, ip, BYTES_NONE,
            BIT(ADDRESSEE_SERVER) | BIT(ADDRESSEE_CARRIER) | BIT(ADDRESSEE_HOSTING));
    explain(f, s, f->form, STATEMENT_E_FORM, BYTES_NONE, BYTES_NONE,
            BIT(ADDRESSEE_FORM) | BIT(ADDRESSEE_FORM_CARRIER) | BIT(ADDRESSEE_OWN_SERVER));
    explain(f, s, source && f->hosting && !f->hidden, STATEMENT_E_RENTED, ip, BYTES_NONE,
            BIT(ADDRESSEE_HOSTING));
    explain(f, s, f->hidden, STATEMENT_E_HIDDEN, ip, BYTES_NONE,
            BIT(ADDRESSEE_HIDDEN) | BIT(ADDRESSEE_SERVICE));
    explain(f, s, !dmarc && !agrees && o->dmarc.from_domain.size > 0, STATEMENT_E_FROM,
            o->dmarc.from_domain, BYTES_NONE, BIT(ADDRESSEE_NAMED) | BIT(ADDRESSEE_LIST));
    explain(f, s, outer, STATEMENT_E_HOPS, BYTES_NONE, BYTES_NONE, BIT(ADDRESSEE_SERVER));
    explain(f, s, form.size > 0, STATEMENT_E_CLIENT, form,
            claimed != NULL ? claimed->field : BYTES_NONE, BIT(ADDRESSEE_FORM));
    explain(f, s, f->forwarded, STATEMENT_E_FORWARD, proved ? f->domain : f->source,
            BYTES_NONE, BIT(ADDRESSEE_LIST) | BIT(ADDRESSEE_SERVER));
    explain(f, s, f->dkim && !f->agrees_spf, STATEMENT_E_REPLAY,
            f->dkim ? f->signer->domain : BYTES_NONE, BYTES_NONE,
            BIT(ADDRESSEE_SERVICE) | BIT(ADDRESSEE_LIST));
    explain(f, s, f->agrees_spf && !f->agrees_dkim, STATEMENT_E_SHARED_SPF,
            o->dmarc.from_domain, BYTES_NONE, BIT(ADDRESSEE_SERVICE));
}
