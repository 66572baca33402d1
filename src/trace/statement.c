/* The statement's facts, its grade in words, and the road. */
#include "trace/statement_private.h"

#include "base/limits.h"

void
statement_add(struct arena *arena, struct statement_list *list, struct statement_line line)
{
    if (list->lines == NULL) {
        list->lines = ARENA_NEW_MANY(arena, LIMIT_STATEMENT_LINES, struct statement_line);
    }
    if (list->count == LIMIT_STATEMENT_LINES) {
        list->dropped++;
        return;
    }
    list->lines[list->count++] = line;
}

struct bytes
statement_address(struct arena *arena, const struct net_address *address)
{
    struct writer w;

    if (!address->known) {
        return BYTES_NONE;
    }
    writer_init(&w, arena);
    net_address_write(&w, address);
    return writer_view(&w);
}

struct bytes
statement_number(struct arena *arena, uint64_t number)
{
    struct writer w;

    writer_init(&w, arena);
    writer_number(&w, (int64_t)number);
    return writer_view(&w);
}

static bool
is_within(struct bytes host, struct bytes domain)
{
    return domain.size > 0 && bytes_ends_fold(host, domain) &&
           (host.size == domain.size || host.at[host.size - domain.size - 1] == '.');
}

/* In line with From, as relaxed DMARC has it (RFC 9989 4.4). */
static bool
agrees(const struct origin *o, struct bytes domain)
{
    struct bytes from = o->dmarc.from_domain, whole = o->dmarc.organizational_domain;

    if (domain.size == 0 || from.size == 0) {
        return false;
    }
    return bytes_equal_fold(domain, from) ||
           (is_within(domain, whole) && is_within(from, whole));
}

/* A signature that passes: one in line with From if there is one, else the first. */
static const struct dkim_result *
find_signer(const struct origin *o)
{
    const struct dkim_result *first = NULL;

    for (size_t i = 0; i < o->dkim_count; i++) {
        if (o->dkim[i].result != AUTH_PASS) {
            continue;
        }
        if (agrees(o, o->dkim[i].domain)) {
            return &o->dkim[i];
        }
        first = first != NULL ? first : &o->dkim[i];
    }
    return first;
}

/* RFC 3848's words for mail handed in by HTTP begin so; "local" is what servers write of their own programs. */
static bool
is_form_protocol(struct bytes with)
{
    return bytes_starts_fold(with, BYTES("http")) || bytes_is_fold(with, "local");
}

static bool
has_form(const struct statement_facts *f)
{
    const struct origin *o = f->o;

    if (o->claimed_count > 0 || f->inside || origin_has_note(o, "web_form")) {
        return true;
    }
    for (size_t i = 0; i < o->hop_count; i++) {
        if (is_form_protocol(o->hops[i].with)) {
            return true;
        }
    }
    return o->hop_count > 0 && o->hop_count > o->border &&
           net_address_is_loopback(&o->hops[o->hop_count - 1].from_ip);
}

static void
find_login(struct statement_facts *f)
{
    if (f->arrival->user.size > 0) {
        f->login = f->arrival->user;
        return;
    }
    for (size_t i = 0; i < f->o->border && i < f->o->hop_count; i++) {
        if (f->o->hops[i].auth.size > 0) {
            f->login = f->o->hops[i].auth;
            f->login_at = f->o->hops[i].by;
        }
    }
}

static void
find_source(struct statement_facts *f)
{
    const struct origin *o = f->o;
    const struct hop *inner = statement_inner(f);

    f->has_client = f->arrival->client.known;
    f->inside = inner != NULL && !inner->from_ip.known;
    f->source = statement_address(f->arena, &o->source);
    f->has_port = o->border == 0 && f->has_client && f->arrival->client.port != 0;
    f->hidden = (o->place.kinds & (PLACE_TOR | PLACE_PROXY)) != 0;
    f->local = (o->place.kinds & PLACE_PRIVATE) != 0;
    f->name = names_look(o->client_name, &o->source);
    f->mobile = f->name.kind == NAME_MOBILE;
    f->line = names_is_dynamic(f->name.kind);
    f->hosting = (o->place.kinds & PLACE_HOSTING) != 0 || f->name.kind == NAME_RENTED;
    f->server = f->name.kind == NAME_SERVER || is_within(o->client_name, f->domain);
}

static void
find_facts(struct statement_facts *f)
{
    const struct origin *o = f->o;
    bool dmarc = o->dmarc.result == AUTH_PASS, broken = false;

    f->author_dkim = dmarc && o->dmarc.dkim_aligned;
    f->author_spf = dmarc && o->dmarc.spf_aligned;
    f->spf = o->spf.result == AUTH_PASS;
    f->helo = o->spf_helo.result == AUTH_PASS;
    f->signer = find_signer(o);
    f->dkim = f->signer != NULL;
    f->agrees_dkim = f->dkim && agrees(o, f->signer->domain);
    f->agrees_spf = f->spf && !o->spf.helo_identity && agrees(o, o->spf.domain);
    f->domain = dmarc                                            ? o->dmarc.from_domain
                : f->dkim && !(f->agrees_spf && !f->agrees_dkim) ? f->signer->domain
                : f->spf                                         ? o->spf.domain
                : f->helo                                        ? o->spf_helo.domain
                                                                 : BYTES_NONE;
    find_source(f);
    f->form = has_form(f);
    for (size_t i = 0; i < o->dkim_count; i++) {
        broken |= o->dkim[i].result == AUTH_FAIL;
    }
    f->forwarded = !dmarc && !f->agrees_dkim && !f->agrees_spf &&
                   (o->arc.result != AUTH_NONE || (broken && f->domain.size > 0) ||
                    (f->domain.size > 0 && o->dmarc.result == AUTH_FAIL));
    find_login(f);
}

/* The grade in words */

static void
reason(const struct statement_facts *f, struct statement *s, enum statement_word word,
       struct bytes a, struct bytes b)
{
    statement_add(f->arena, &s->reasons, (struct statement_line){word, {a, b}, 0});
}

static void
give_reasons(const struct statement_facts *f, struct statement *s)
{
    const struct origin *o = f->o;

    if (f->hidden) {
        reason(f, s, STATEMENT_REASON_HIDDEN, f->source,
               (o->place.kinds & PLACE_TOR) != 0 ? BYTES("Tor") : BYTES("proxy"));
    }
    if (f->author_dkim) {
        reason(f, s, STATEMENT_REASON_DKIM, o->dmarc.from_domain, BYTES_NONE);
    }
    if (f->author_spf) {
        reason(f, s, f->author_dkim ? STATEMENT_REASON_BOTH : STATEMENT_REASON_SPF,
               o->dmarc.from_domain, BYTES_NONE);
    }
    if (o->dmarc.result == AUTH_PASS) {
        return;
    }
    if (f->domain.size > 0) {
        reason(f, s,
               o->dmarc.result == AUTH_NONE && (f->agrees_dkim || f->agrees_spf)
                   ? STATEMENT_REASON_AGREES
               : o->dmarc.from_domain.size > 0 ? STATEMENT_REASON_OTHER
                                               : STATEMENT_REASON_ONLY,
               f->domain, o->dmarc.from_domain);
        return;
    }
    reason(f, s, STATEMENT_REASON_NO_DOMAIN, BYTES_NONE, BYTES_NONE);
    if (!o->source.known) {
        reason(f, s, STATEMENT_REASON_NO_ADDRESS, BYTES_NONE, BYTES_NONE);
    } else if (o->iprev == AUTH_PASS) {
        reason(f, s, STATEMENT_REASON_NAME, o->client_name, BYTES_NONE);
    } else {
        reason(f, s, STATEMENT_REASON_NO_NAME, BYTES_NONE, BYTES_NONE);
    }
}

/* The road. Host 0 is the client that connected to us; host k wrote field k, and field k-1, which host k-1 wrote, tells of
 * it. What host 0 handed over we saw ourselves. */

/* Field k-1 was written by host k-1: does his name in it fit what the record above tells of him? */
static enum statement_vouch
vouch_of(const struct statement_facts *f, size_t k)
{
    const struct origin *o = f->o;

    if (k == 0) {
        return f->arrival->door == ARRIVAL_FILE ? VOUCH_TOLD : VOUCH_SEEN;
    }
    if (k <= o->border) {
        return VOUCH_TRUSTED;
    }
    struct bytes by = o->hops[k - 1].by;
    size_t writer = k - 1;
    if (by.size == 0) {
        return VOUCH_CLAIMED;
    }
    if (writer == o->border && o->iprev == AUTH_PASS &&
        bytes_equal_fold(by, o->client_name)) {
        return VOUCH_CONFIRMED;
    }
    if (writer == 0) {
        return bytes_equal_fold(by, f->arrival->helo) ? VOUCH_FITS : VOUCH_CLAIMED;
    }
    const struct hop *above = &o->hops[writer - 1];
    bool fits = bytes_equal_fold(by, above->helo) || bytes_equal_fold(by, above->from) ||
                bytes_equal_fold(by, above->rdns);
    return fits ? VOUCH_FITS : VOUCH_CLAIMED;
}

static void
name_station(const struct statement_facts *f, size_t k, struct statement_station *t)
{
    const struct origin *o = f->o;
    const struct hop *told = k > 0 ? &o->hops[k - 1] : NULL;
    struct bytes helo = told != NULL ? told->helo : f->arrival->helo,
                 by = k < o->border && k < o->hop_count ? o->hops[k].by : BYTES_NONE;

    if (k == o->border && o->client_name.size > 0) {
        t->name = o->client_name;
        t->name_verified = o->iprev == AUTH_PASS;
    } else {
        t->name = by.size > 0                           ? by
                  : told != NULL && told->rdns.size > 0 ? told->rdns
                                                        : helo;
    }
    if (!bytes_equal_fold(helo, t->name)) {
        t->claimed = helo;
    }
}

static struct statement_station
station_of(const struct statement_facts *f, size_t k)
{
    const struct origin *o = f->o;
    struct statement_station t = {.vouch = vouch_of(f, k)};

    t.kind = k > o->border    ? STATION_CLAIMED
             : k == o->border ? STATION_SOURCE
                              : STATION_TRUSTED;
    name_station(f, k, &t);
    if (k == 0) {
        t.ip = f->arrival->client;
        t.has_time = f->arrival->door != ARRIVAL_FILE || f->of->time_told;
        t.time_s = f->arrival->time_ms / 1000;
        t.tls = f->arrival->tls_version;
        t.login = f->arrival->user;
        t.id = f->arrival->door != ARRIVAL_FILE ? f->arrival->id : BYTES_NONE;
    } else {
        const struct hop *hop = &o->hops[k - 1];
        t.ip = hop->from_ip;
        t.place = hop->place;
        t.written_by = hop->by;
        t.with = hop->with;
        t.id = hop->id;
        t.tls = hop->tls;
        t.login = hop->auth;
        t.has_time = hop->has_date;
        t.time_s = hop->date;
    }
    if (k == o->border && t.ip.known) {
        t.place = o->place;
    }
    return t;
}

static struct statement_station *
put_claimed(const struct statement_facts *f, struct statement_station *at)
{
    size_t count = f->o->claimed_count < LIMIT_CLAIMED_CLIENTS ? f->o->claimed_count
                                                               : LIMIT_CLAIMED_CLIENTS;

    for (size_t i = 0; i < count; i++) {
        const struct claimed_client *c = &f->o->claimed[i];
        *at++ = (struct statement_station){.kind = STATION_FORM,
                                           .vouch = VOUCH_CLAIMED,
                                           .ip = c->ip,
                                           .place = c->place,
                                           .written_by = c->field};
    }
    return at;
}

void
statement_road(const struct statement_facts *f, struct statement *s)
{
    const struct origin *o = f->o;
    size_t hosts = o->hop_count + 1, first = f->has_client ? 0 : 1;
    struct statement_station *at = ARENA_NEW_MANY(
        f->arena, hosts + LIMIT_CLAIMED_CLIENTS + 1, struct statement_station);

    s->stations = at;
    at = put_claimed(f, at);
    for (size_t k = hosts; k-- > first;) {
        size_t beyond = k > o->border ? k - o->border : 0;
        if (beyond >= LIMIT_STATEMENT_STATIONS && k != hosts - 1) {
            s->stations_dropped++;
            s->stations_dropped_at = (size_t)(at - s->stations);
        } else {
            *at++ = station_of(f, k);
        }
    }
    *at++ = (struct statement_station){
        .kind = STATION_US,
        .vouch = VOUCH_SEEN,
        .name = !f->has_client && o->hop_count > 0 ? o->hops[0].by : BYTES_NONE,
    };
    s->station_count = (size_t)(at - s->stations);
}

static void
find_time(const struct statement_facts *f, struct statement *s)
{
    const struct hop *newest =
        f->o->hop_count > 0 && f->o->border > 0 ? &f->o->hops[0] : NULL;

    if (f->arrival->door != ARRIVAL_FILE || f->of->time_told) {
        s->has_time = true;
        s->time_s = f->arrival->time_ms / 1000;
    } else if (newest != NULL && newest->has_date) {
        s->has_time = true;
        s->time_s = newest->date;
    }
}

const struct statement *
statement_make(struct arena *arena, const struct statement_of *of)
{
    struct statement *s = ARENA_NEW(arena, struct statement);
    struct statement_facts f = {
        .arena = arena, .of = of, .o = of->origin, .arrival = of->arrival};

    find_facts(&f);
    s->grade = of->origin->grade;
    s->grade_words = (enum statement_word)((int)STATEMENT_GRADE_A + (int)of->origin->grade);
    find_time(&f, s);
    give_reasons(&f, s);
    statement_road(&f, s);
    statement_list_facts(&f, s);
    statement_ask(&f, s);
    statement_explain(&f, s);
    return s;
}
