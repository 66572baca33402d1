#include "base/limits.h"
#include "trace/arc.h"
#include "trace/authres.h"

/* What one sealer's results say of our From domain. */
enum testimony { SAYS_NOTHING, SAYS_PASS, SAYS_OTHER };

/* The value of a property, the domain of it if it is an address; "" if there is none. */
static struct bytes
domain_in(const struct authres_result *r, const char *type, const char *name)
{
    for (size_t i = 0; i < r->property_count; i++) {
        const struct authres_property *p = &r->properties[i];
        if (bytes_is(p->type, type) && bytes_is(p->name, name)) {
            size_t sign = bytes_find_last(p->value, '@');
            return sign == BYTES_NOWHERE ? p->value : bytes_from(p->value, sign + 1);
        }
    }
    return BYTES_NONE;
}

/* Aligned with our From domain as its own record wants it (RFC 9989 section 4.4). */
static bool
is_aligned(const struct dmarc_result *dmarc, struct bytes domain, bool strict)
{
    if (domain.size == 0) {
        return false;
    }
    return bytes_equal_fold(domain, dmarc->from_domain) ||
           (!strict && dmarc->organizational_domain.size > 0 &&
            dkim_is_under(domain, dmarc->organizational_domain));
}

/* Of DMARC itself: every result must be pass and name our From domain. One that names none counts where the sealer signed
 * From: those after him, whom we trust too, found it unchanged. */
static enum testimony
testimony_of_dmarc(const struct authres *a, const struct dmarc_result *dmarc,
                   bool from_signed)
{
    enum testimony says = SAYS_NOTHING;

    for (size_t i = 0; i < a->result_count; i++) {
        const struct authres_result *r = &a->results[i];
        if (!bytes_is(r->method, "dmarc")) {
            continue;
        }
        struct bytes from = domain_in(r, "header", "from");
        bool ours =
            from.size == 0 ? from_signed : bytes_equal_fold(from, dmarc->from_domain);
        if (!ours || !bytes_is(r->result, "pass")) {
            return SAYS_OTHER;
        }
        says = SAYS_PASS;
    }
    return says;
}

/* Of a sealer who knows no DMARC. */
static bool
says_aligned(const struct authres *a, const struct dmarc_result *dmarc)
{
    bool spf_strict = dmarc->published != NULL && dmarc->published->spf_strict;
    bool dkim_strict = dmarc->published != NULL && dmarc->published->dkim_strict;

    for (size_t i = 0; i < a->result_count; i++) {
        const struct authres_result *r = &a->results[i];
        if (!bytes_is(r->result, "pass")) {
            continue;
        }
        if (bytes_is(r->method, "spf") &&
            is_aligned(dmarc, domain_in(r, "smtp", "mailfrom"), spf_strict)) {
            return true;
        }
        struct bytes d = domain_in(r, "header", "d");
        if (bytes_is(r->method, "dkim") &&
            is_aligned(dmarc, d.size > 0 ? d : domain_in(r, "header", "i"), dkim_strict)) {
            return true;
        }
    }
    return false;
}

static bool
is_trusted(const struct trace_settings *settings, struct bytes domain)
{
    for (size_t i = 0; i < settings->arc_trusted_count; i++) {
        if (bytes_equal_fold(settings->arc_trusted[i], domain)) {
            return true;
        }
    }
    return false;
}

/* The set whose sealer speaks, or NULL. */
static const struct arc_set *
find_speaker(struct arena *arena, const struct trace_settings *settings,
             const struct arc_result *arc, const struct dmarc_result *dmarc)
{
    struct authres a;

    for (size_t i = arc->set_count; i > 0; i--) {
        const struct arc_set *set = &arc->sets[i - 1];
        if (!is_trusted(settings, set->seal.domain)) {
            return NULL;
        }
        authres_read_loose(arena, bytes_slice(set->results, 0, LIMIT_ARC_RESULTS), &a);
        enum testimony says = testimony_of_dmarc(
            &a, dmarc, dkim_tag_lists(set->message_signature.signed_fields, "from"));
        if (says == SAYS_PASS || (says == SAYS_NOTHING && says_aligned(&a, dmarc))) {
            return set;
        }
    }
    return NULL;
}

/* Whether what we were given is what the newest sealer signed: a From that he did not, or text behind what he did, may be
 * anybody's. */
static bool
is_covered(const struct letter *letter, const struct arc_result *arc)
{
    const struct dkim_result *newest = &arc->sets[arc->set_count - 1].message_signature;

    return header_count(&letter->header, BYTES("From")) == 1 &&
           dkim_tag_lists(newest->signed_fields, "from") && !newest->has_body_length;
}

/* The comment that RFC 8617 section 7.2.2 wants in a report: the seals, newest first, and the first address. What it is
 * made of was read as names and as an address: nothing else can be in it. */
static struct bytes
report_comment(struct arena *arena, const struct arc_result *arc)
{
    struct net_address ip;
    struct writer w;
    struct authres a;

    writer_init(&w, arena);
    writer_text(&w, "arc=pass");
    for (size_t i = arc->set_count; i > 0; i--) {
        const struct arc_set *set = &arc->sets[i - 1];
        writer_format(&w, " as[%u].d=%.*s as[%u].s=%.*s", set->instance,
                      BYTES_ARGUMENTS(set->seal.domain), set->instance,
                      BYTES_ARGUMENTS(set->seal.selector));
    }
    authres_read_loose(arena, bytes_slice(arc->sets[0].results, 0, LIMIT_ARC_RESULTS), &a);
    for (size_t i = 0; i < a.result_count; i++) {
        if (net_address_read(domain_in(&a.results[i], "smtp", "remote-ip"), &ip)) {
            writer_text(&w, " remote-ip[1]=");
            net_address_write(&w, &ip);
            break;
        }
    }
    return writer_view(&w);
}

void
arc_speak(struct arena *arena, const struct trace_settings *settings,
          const struct letter *letter, size_t from_count, struct origin *origin)
{
    struct dmarc_result *dmarc = &origin->dmarc;
    struct arc_result *arc = &origin->arc;
    struct writer w;

    if (settings->arc_trusted_count == 0 || dmarc->result != AUTH_FAIL ||
        arc->result != AUTH_PASS || from_count != 1 || !is_covered(letter, arc)) {
        return;
    }
    const struct arc_set *set = find_speaker(arena, settings, arc, dmarc);
    if (set == NULL) {
        return;
    }
    arc->speaker = set->seal.domain;
    origin_note(arena, origin, "arc_speaks", arc->speaker);
    writer_init(&w, arena);
    writer_bytes(&w, arc->speaker);
    writer_format(&w, " is trusted and saw it pass (ARC i=%u)", set->instance);
    dmarc->reason = writer_view(&w);
    dmarc->override = BYTES("trusted_forwarder");
    dmarc->override_comment = report_comment(arena, arc);
}
