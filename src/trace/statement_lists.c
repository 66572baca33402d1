/* What is proved, what is claimed, what is unknown. */
#include "trace/statement_private.h"

#include "base/limits.h"

struct adding {
    const struct statement_facts *f;
    struct statement_list *list;
};

static void
put(const struct adding *a, enum statement_word word, struct bytes x, struct bytes y,
    struct bytes z)
{
    statement_add(a->f->arena, a->list, (struct statement_line){word, {x, y, z}, 0});
}

static void
put1(const struct adding *a, enum statement_word word, struct bytes x)
{
    put(a, word, x, BYTES_NONE, BYTES_NONE);
}

static struct bytes
result(enum auth_result result)
{
    return bytes_from_text(auth_result_name(result));
}

static void
prove_connection(const struct adding *a, const struct statement *s)
{
    const struct statement_facts *f = a->f;
    const struct hop *inner = statement_inner(f);

    if (inner == NULL && f->has_client && f->arrival->door == ARRIVAL_FILE) {
        put1(a, STATEMENT_P_TOLD, f->source);
    } else if (inner == NULL && f->has_client) {
        struct statement_line line = {STATEMENT_P_SEEN, {f->source}, s->time_s};
        statement_add(f->arena, a->list, line);
    } else if (inner != NULL && !f->inside) {
        put(a, STATEMENT_P_RELAYED, f->source, inner->by, BYTES_NONE);
    } else if (inner != NULL) {
        put1(a, STATEMENT_P_INSIDE, inner->by);
    }
    if (f->has_port) {
        put1(a, STATEMENT_P_PORT, statement_number(f->arena, f->arrival->client.port));
    }
    if (f->o->iprev == AUTH_PASS) {
        put(a, STATEMENT_P_NAME, f->source, f->o->client_name, BYTES_NONE);
    }
    if (f->login.size > 0) {
        put(a, f->login_at.size > 0 ? STATEMENT_P_RELAY_LOGIN : STATEMENT_P_LOGIN, f->login,
            f->login_at, BYTES_NONE);
    }
}

static void
prove_kinds(const struct adding *a)
{
    static const struct {
        enum place_kind kind;
        enum statement_word word;
    } rows[] = {
        {PLACE_TOR, STATEMENT_P_TOR},
        {PLACE_PROXY, STATEMENT_P_PROXY},
        {PLACE_HOSTING, STATEMENT_P_HOSTING},
        {PLACE_PRIVATE, STATEMENT_P_PRIVATE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if ((a->f->o->place.kinds & rows[i].kind) != 0) {
            put1(a, rows[i].word, a->f->source);
        }
    }
}

static void
prove_papers(const struct adding *a)
{
    const struct origin *o = a->f->o;

    if (o->dmarc.result == AUTH_PASS) {
        put(a, a->f->author_dkim ? STATEMENT_P_AUTHOR : STATEMENT_P_AUTHOR_SPF,
            o->dmarc.from_domain, a->f->source, BYTES_NONE);
    }
    for (size_t i = 0; i < o->dkim_count; i++) {
        if (o->dkim[i].result == AUTH_PASS) {
            put(a, STATEMENT_P_DKIM, o->dkim[i].domain, o->dkim[i].selector, BYTES_NONE);
        }
    }
    if (a->f->spf && !o->spf.helo_identity) {
        put(a, STATEMENT_P_SPF, o->spf.domain, a->f->source, BYTES_NONE);
    }
    if (a->f->helo || (a->f->spf && o->spf.helo_identity)) {
        put(a, STATEMENT_P_SPF_HELO, a->f->helo ? o->spf_helo.domain : o->spf.domain,
            a->f->source, BYTES_NONE);
    }
    if (o->arc.speaker.size > 0) {
        put1(a, STATEMENT_P_ARC, o->arc.speaker);
    }
}

static void
claim_place(const struct adding *a, struct bytes ip, const struct place *place)
{
    struct bytes country = bytes_from_text(place->country);

    if (place->as_number != 0 && place->as_name.size > 0) {
        put(a, STATEMENT_C_PLACE, ip, country.size > 0 ? country : BYTES("?"),
            place->as_name);
    } else if (country.size > 0) {
        put(a, STATEMENT_C_COUNTRY, ip, country, BYTES_NONE);
    }
}

static void
claim_envelope(const struct adding *a)
{
    const struct statement_facts *f = a->f;
    const struct origin *o = f->o;
    const struct hop *inner = statement_inner(f);
    struct bytes helo = inner == NULL ? f->arrival->helo : inner->helo;

    if (o->dmarc.result != AUTH_PASS && o->dmarc.from_domain.size > 0) {
        put(a, STATEMENT_C_FROM, o->dmarc.from_domain, result(o->dmarc.result), BYTES_NONE);
    }
    if (!f->spf && f->arrival->mail_from.size > 0) {
        put(a, STATEMENT_C_MAIL_FROM, f->arrival->mail_from, result(o->spf.result),
            BYTES_NONE);
    }
    if (helo.size > 0 && !f->helo && !bytes_equal_fold(helo, o->client_name)) {
        put1(a, STATEMENT_C_HELO, helo);
    }
    if (o->hop_count > o->border) {
        put1(a, STATEMENT_C_HOPS, statement_number(f->arena, o->hop_count - o->border));
    }
}

static void
claim_clients(const struct adding *a)
{
    const struct origin *o = a->f->o;

    for (size_t i = 0; i < o->claimed_count && i < LIMIT_CLAIMED_CLIENTS; i++) {
        struct bytes ip = statement_address(a->f->arena, &o->claimed[i].ip);
        if (ip.size == 0) {
            continue;
        }
        put(a, STATEMENT_C_CLIENT, ip, o->claimed[i].field, BYTES_NONE);
        if ((o->claimed[i].place.kinds & (PLACE_TOR | PLACE_PROXY)) != 0) {
            put1(a, STATEMENT_C_CLIENT_HIDDEN, ip);
        }
        claim_place(a, ip, &o->claimed[i].place);
    }
}

static void
claim_papers(const struct adding *a)
{
    const struct origin *o = a->f->o;

    for (size_t i = 0; i < o->dkim_count; i++) {
        if (o->dkim[i].result != AUTH_PASS && o->dkim[i].domain.size > 0) {
            put(a, STATEMENT_C_SIGNATURE, o->dkim[i].domain, result(o->dkim[i].result),
                BYTES_NONE);
        }
    }
    if (o->arc.result != AUTH_NONE && o->arc.speaker.size == 0 && o->arc.set_count > 0) {
        put(a, STATEMENT_C_ARC, o->arc.sets[o->arc.set_count - 1].seal.domain,
            result(o->arc.result), BYTES_NONE);
    }
}

static void
claim_others(const struct adding *a)
{
    const struct statement_facts *f = a->f;
    const struct origin *o = f->o;

    if (f->source.size > 0) {
        claim_place(a, f->source, &o->place);
    }
    if (f->line && f->name.provider != NULL) {
        put(a, STATEMENT_C_NAME_KIND, f->source, bytes_from_text(f->name.provider),
            BYTES_NONE);
    } else if (f->line) {
        put1(a, STATEMENT_C_NAME_POOL, f->source);
    }
    for (size_t i = 0; i < o->listed_count; i++) {
        if (o->listed[i].answer.size > 0 && !o->listed[i].failed) {
            put(a, STATEMENT_C_LISTED, o->listed[i].list, o->listed[i].asked, BYTES_NONE);
        }
    }
    if (o->vouched_by.size > 0) {
        put1(a, STATEMENT_C_VOUCHED, o->vouched_by);
    }
}

static bool
is_temporary(const struct origin *o)
{
    for (size_t i = 0; i < o->dkim_count; i++) {
        if (o->dkim[i].result == AUTH_TEMPERROR) {
            return true;
        }
    }
    return false;
}

static void
miss(const struct adding *a, const struct statement *s)
{
    const struct statement_facts *f = a->f;
    const struct origin *o = f->o;

    put1(a, STATEMENT_U_OPERATOR, BYTES_NONE);
    if (f->source.size == 0) {
        put1(a, STATEMENT_U_SOURCE, BYTES_NONE);
    } else {
        put1(a, f->line ? STATEMENT_U_DEVICE : STATEMENT_U_BEYOND, BYTES_NONE);
    }
    if (f->source.size > 0 && !f->has_port && !f->hosting && !f->server && !f->local) {
        put1(a, STATEMENT_U_SHARED, BYTES_NONE);
    }
    if (f->login.size > 0) {
        put1(a, STATEMENT_U_ACCOUNT, BYTES_NONE);
    }
    if (f->domain.size > 0) {
        put1(a, STATEMENT_U_KEY, f->domain);
    }
    if (f->signer != NULL && f->signer->has_body_length) {
        put1(a, STATEMENT_U_TAIL, statement_number(f->arena, f->signer->body_length));
    }
    const bool open[] = {o->spf.result == AUTH_TEMPERROR, is_temporary(o),
                         o->dmarc.result == AUTH_TEMPERROR, o->iprev == AUTH_TEMPERROR};
    static const char *const names[] = {"SPF", "DKIM", "DMARC", "iprev"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        if (open[i]) {
            put1(a, STATEMENT_U_DNS, bytes_from_text(names[i]));
        }
    }
    if (f->arrival->door == ARRIVAL_FILE) {
        put1(a, STATEMENT_U_FILE, BYTES_NONE);
        if (!f->has_client && o->hop_count > 0) {
            put1(a, STATEMENT_U_TOP, BYTES_NONE);
        }
    }
    if (!s->has_time) {
        put1(a, STATEMENT_U_TIME, BYTES_NONE);
    }
}

void
statement_list_facts(const struct statement_facts *f, struct statement *s)
{
    struct adding proved = {f, &s->proved}, claimed = {f, &s->claimed},
                  unknown = {f, &s->unknown};

    prove_connection(&proved, s);
    prove_kinds(&proved);
    prove_papers(&proved);
    claim_envelope(&claimed);
    claim_clients(&claimed);
    claim_papers(&claimed);
    claim_others(&claimed);
    miss(&unknown, s);
}
