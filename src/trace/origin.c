/* Words and JSON of an origin, and its grade.
 *
 * The grade says how much of the origin is proved, not whether the mail is good:
 *   A  the author's domain is proved: DMARC passes, so SPF or DKIM is aligned with From (by which of the two, and that SPF
 *      alone is weaker, is told by the statement of origin, statement.c);
 *   B  some domain is proved (SPF or DKIM passes), but not that the author speaks for it;
 *   C  only the client's host name is proved (its reverse name leads back to it);
 *   D  nothing is proved but the address of the client;
 *   E  the source hides itself: a Tor exit or an open proxy (trace/place.h).
 * docs/ORIGIN.md explains it to readers. */
#include "trace/lists.h"
#include "trace/origin_private.h"
#include "trace/place.h"

#include <string.h>

#include "base/limits.h"
#include "trace/dmarc.h"
#include "trace/names.h"

static const char *const results[] = {
    [AUTH_NONE] = "none",           [AUTH_PASS] = "pass",
    [AUTH_FAIL] = "fail",           [AUTH_SOFTFAIL] = "softfail",
    [AUTH_NEUTRAL] = "neutral",     [AUTH_POLICY] = "policy",
    [AUTH_TEMPERROR] = "temperror", [AUTH_PERMERROR] = "permerror",
};

const char *
auth_result_name(enum auth_result result)
{
    return results[result];
}

bool
auth_result_read(struct bytes word, enum auth_result *result_r)
{
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        if (bytes_is_fold(word, results[i])) {
            *result_r = (enum auth_result)i;
            return true;
        }
    }
    return false;
}

const char *
dmarc_policy_name(enum dmarc_policy policy)
{
    static const char *const names[] = {NULL, "none", "quarantine", "reject"};

    return names[policy];
}

bool
origin_has_note(const struct origin *origin, const char *name)
{
    for (size_t i = 0; i < origin->note_count; i++) {
        if (strcmp(origin->notes[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

void
origin_note_weighing(struct arena *arena, struct origin *origin, const char *name,
                     struct bytes detail, double weight)
{
    if (origin->note_count == LIMIT_TRACE_NOTES || origin_has_note(origin, name)) {
        return;
    }
    if (origin->notes == NULL) {
        origin->notes = ARENA_NEW_MANY(arena, LIMIT_TRACE_NOTES, struct trace_note);
    }
    origin->notes[origin->note_count++] = (struct trace_note){name, detail, weight};
}

void
origin_note(struct arena *arena, struct origin *origin, const char *name,
            struct bytes detail)
{
    origin_note_weighing(arena, origin, name, detail, 0);
}

enum origin_grade
origin_grade_of(const struct origin *origin)
{
    if ((origin->place.kinds & (PLACE_TOR | PLACE_PROXY)) != 0) {
        return GRADE_E;
    }
    if (origin->dmarc.result == AUTH_PASS) {
        return GRADE_A;
    }
    for (size_t i = 0; i < origin->dkim_count; i++) {
        if (origin->dkim[i].result == AUTH_PASS) {
            return GRADE_B;
        }
    }
    if (origin->spf.result == AUTH_PASS || origin->spf_helo.result == AUTH_PASS) {
        return GRADE_B;
    }
    return origin->iprev == AUTH_PASS ? GRADE_C : GRADE_D;
}

static void
put(struct json *j, const char *key, struct bytes text)
{
    if (text.size > 0) {
        json_put_string(j, key, text);
    }
}

static void
put_address(struct json *j, const char *key, const struct net_address *address)
{
    struct writer w;

    if (address->known) {
        writer_init(&w, j->w->arena);
        net_address_write(&w, address);
        json_put_string(j, key, writer_view(&w));
    }
}

static void
write_spf(struct json *j, const char *key, const struct spf_result *spf)
{
    json_key(j, key);
    json_open(j, '{');
    json_put_text(j, "result", auth_result_name(spf->result));
    json_put_text(j, "identity", spf->helo_identity ? "helo" : "mailfrom");
    put(j, "domain", spf->domain);
    put(j, "mechanism", spf->mechanism);
    put(j, "explanation", spf->explanation);
    put(j, "reason", spf->reason);
    json_close(j);
}

static void
write_dkim(struct json *j, const struct dkim_result *dkim)
{
    json_open(j, '{');
    json_put_text(j, "result", auth_result_name(dkim->result));
    put(j, "d", dkim->domain);
    put(j, "s", dkim->selector);
    put(j, "i", dkim->identity);
    put(j, "a", dkim->algorithm);
    put(j, "c", dkim->canonicalization);
    put(j, "b", dkim->b);
    put(j, "h", dkim->signed_fields);
    if (dkim->key_bits > 0) {
        json_put_number(j, "key_bits", dkim->key_bits);
    }
    if (dkim->has_body_length) {
        json_put_number(j, "l", (int64_t)dkim->body_length);
    }
    if (dkim->has_time) {
        json_put_number(j, "t", dkim->time);
    }
    if (dkim->has_expires) {
        json_put_number(j, "x", dkim->expires);
    }
    if (dkim->testing) {
        json_put_bool(j, "testing", true);
    }
    put(j, "reason", dkim->reason);
    json_close(j);
}

static void
write_senderid(struct json *j, const struct senderid_result *r)
{
    if (r->result == AUTH_NONE && r->domain.size == 0 && r->reason.size == 0) {
        return; /* not asked for */
    }
    json_key(j, "senderid");
    json_open(j, '{');
    json_put_text(j, "result", auth_result_name(r->result));
    put(j, "domain", r->domain);
    put(j, "field", r->field);
    put(j, "address", r->address);
    put(j, "record", r->record);
    put(j, "reason", r->reason);
    json_close(j);
}

static void
put_tag(struct json *j, const char *key, const struct dmarc_tag_policy *tag)
{
    if (tag->given && tag->valid) {
        json_put_text(j, key, dmarc_policy_name(tag->policy));
    }
}

/* What a report to the domain's owner must say of his record (RFC 9990 3.1.1.5), and where he wants which (ruf and fo are of
 * failure reports): only where he asks for reports. */
static void
write_published(struct json *j, const struct dmarc_record *record)
{
    bool rua = record != NULL && record->reportable && record->rua.size <= LIMIT_DMARC_RUA;
    bool ruf =
        record != NULL && record->ruf.size > 0 && record->ruf.size <= LIMIT_DMARC_RUA;

    if (!rua && !ruf) {
        return;
    }
    json_key(j, "published");
    json_open(j, '{');
    put_tag(j, "p", &record->p);
    put_tag(j, "sp", &record->sp);
    put_tag(j, "np", &record->np);
    if (record->dkim_strict) {
        json_put_text(j, "adkim", "s");
    }
    if (record->spf_strict) {
        json_put_text(j, "aspf", "s");
    }
    if (record->test) {
        json_put_text(j, "t", "y");
    }
    put(j, "fo", bytes_slice(record->fo, 0, LIMIT_RECORD_DETAIL));
    put(j, "rua", rua ? record->rua : BYTES_NONE);
    put(j, "ruf", ruf ? record->ruf : BYTES_NONE);
    json_close(j);
}

static void
write_dmarc(struct json *j, const struct dmarc_result *dmarc)
{
    json_key(j, "dmarc");
    json_open(j, '{');
    json_put_text(j, "result", auth_result_name(dmarc->result));
    put(j, "from_domain", dmarc->from_domain);
    if (dmarc->policy != DMARC_NO_RECORD) {
        json_put_text(j, "policy", dmarc_policy_name(dmarc->policy));
    }
    put(j, "policy_domain", dmarc->policy_domain);
    put(j, "organizational_domain", dmarc->organizational_domain);
    json_put_bool(j, "spf_aligned", dmarc->spf_aligned);
    json_put_bool(j, "dkim_aligned", dmarc->dkim_aligned);
    put(j, "reason", dmarc->reason);
    put(j, "override", dmarc->override);
    put(j, "override_comment", dmarc->override_comment);
    write_published(j, dmarc->published);
    json_close(j);
}

/* Of a message without a chain nothing. */
static void
write_arc(struct json *j, const struct arc_result *arc)
{
    if (arc->result == AUTH_NONE) {
        return;
    }
    json_key(j, "arc");
    json_open(j, '{');
    json_put_text(j, "result", auth_result_name(arc->result));
    json_put_number(j, "instance", arc->instance);
    if (arc->has_oldest_pass) {
        json_put_number(j, "oldest_pass", arc->oldest_pass);
    }
    put(j, "reason", arc->reason);
    put(j, "speaker", arc->speaker);
    json_key(j, "sets");
    json_open(j, '[');
    for (size_t i = 0; i < arc->set_count; i++) {
        const struct arc_set *set = &arc->sets[i];
        json_open(j, '{');
        json_put_number(j, "i", set->instance);
        json_put_text(j, "cv", auth_result_name(set->cv));
        put(j, "authserv_id", set->authserv_id);
        put(j, "results", bytes_slice(set->results, 0, LIMIT_RECORD_FIELD));
        json_key(j, "seal");
        write_dkim(j, &set->seal);
        json_key(j, "message_signature");
        write_dkim(j, &set->message_signature);
        json_close(j);
    }
    json_close(j);
    json_close(j);
}

static void
write_hop(struct json *j, const struct hop *hop)
{
    json_open(j, '{');
    put(j, "from", hop->from);
    put(j, "helo", hop->helo);
    put(j, "from_rdns", hop->rdns);
    put_address(j, "from_ip", &hop->from_ip);
    put(j, "by", hop->by);
    put(j, "with", hop->with);
    put(j, "id", hop->id);
    put(j, "for", hop->for_address);
    if (hop->has_date) {
        json_put_number(j, "epoch", hop->date);
    }
    put(j, "tls", hop->tls);
    put(j, "auth", hop->auth);
    json_put_bool(j, "trusted", hop->trusted);
    json_close(j);
}

/* Of a message that claims none nothing. Places stand in "places". */
static void
write_claimed(struct json *j, const struct origin *origin)
{
    if (origin_has_note(origin, "web_form")) {
        json_put_bool(j, "web_form", true);
    }
    if (origin->claimed_count == 0) {
        return;
    }
    json_key(j, "claimed");
    json_open(j, '[');
    for (size_t i = 0; i < origin->claimed_count; i++) {
        json_open(j, '{');
        put(j, "field", origin->claimed[i].field);
        put_address(j, "ip", &origin->claimed[i].ip);
        json_close(j);
    }
    json_close(j);
}

void
origin_write_json(const struct origin *origin, struct json *j)
{
    char grade[2] = {(char)('A' + (int)origin->grade), '\0'};

    json_open(j, '{');
    json_put_text(j, "grade", grade);
    put_address(j, "source", &origin->source);
    place_write_json(origin, j);
    lists_write_json(origin, j);
    put(j, "vouched_by", origin->vouched_by);
    json_put_text(j, "iprev", auth_result_name(origin->iprev));
    put(j, "client_name", origin->client_name);
    struct name_facts client = names_look(origin->client_name, &origin->source);
    put(j, "client_kind", bytes_from_text(names_kind_word(client.kind)));
    put(j, "client_provider", bytes_from_text(client.provider));
    write_spf(j, "spf", &origin->spf);
    write_spf(j, "spf_helo", &origin->spf_helo);
    json_key(j, "dkim");
    json_open(j, '[');
    for (size_t i = 0; i < origin->dkim_count; i++) {
        write_dkim(j, &origin->dkim[i]);
    }
    json_close(j);
    if (origin->domainkeys_count > 0) {
        json_key(j, "domainkeys");
        json_open(j, '[');
        for (size_t i = 0; i < origin->domainkeys_count; i++) {
            write_dkim(j, &origin->domainkeys[i]);
        }
        json_close(j);
    }
    write_senderid(j, &origin->senderid);
    write_arc(j, &origin->arc);
    write_dmarc(j, &origin->dmarc);
    json_key(j, "hops");
    json_open(j, '[');
    for (size_t i = 0; i < origin->hop_count; i++) {
        write_hop(j, &origin->hops[i]);
    }
    json_close(j);
    json_put_number(j, "border", (int64_t)origin->border);
    write_claimed(j, origin);
    put(j, "authentication_results", origin->authentication_results);
    if (origin->forged_count > 0) {
        json_put_number(j, "forged", (int64_t)origin->forged_count);
    }
    json_close(j);
}
