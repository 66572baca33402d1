#include "trace/hops_check.h"

#include "base/limits.h"
#include "parse/domain.h"
#include "trace/hops.h"
#include "trace/place.h"

#define CLOCK_SKEW_S    3600
#define DELAY_S         (7 * 86400)
#define ID_SIZE_TELLING 8

static bool
has_no_dot(struct bytes name)
{
    return name.size == 0 || bytes_find_byte(name, '.', 0) == BYTES_NOWHERE;
}

/* A name of ours: the one in our Authentication-Results, and those under which servers that we trust wrote. */
static bool
is_our_name(const struct trace_settings *settings, const struct origin *origin,
            struct bytes name)
{
    if (has_no_dot(name)) {
        return false; /* "localhost" is everybody's */
    }
    if (bytes_equal_fold(name, settings->authserv_id)) {
        return true;
    }
    for (size_t i = 0; i < origin->border; i++) {
        if (bytes_equal_fold(name, origin->hops[i].by)) {
            return true;
        }
    }
    return false;
}

/* Between two fields that have dates: the earlier in the road is the later in the header. */
static void
check_dates(struct arena *arena, int64_t now_s, struct origin *origin)
{
    const struct hop *above = NULL;

    for (size_t i = 0; i < origin->hop_count; i++) {
        const struct hop *hop = &origin->hops[i];
        if (!hop->has_date) {
            continue;
        }
        int64_t next = above == NULL ? now_s : above->date;
        if (!hop->trusted && hop->date > next + CLOCK_SKEW_S) {
            origin_note(arena, origin, "hop_time", hop->by);
        } else if (above != NULL && next - hop->date > DELAY_S) {
            origin_note(arena, origin, "hop_delay", hop->by);
        }
        above = hop;
    }
}

/* The field right below the border pretends to be written by us: but then its client would have been us. Further below our
 * name is lawful: a list sends back what one of us wrote. */
static void
check_forged(struct arena *arena, const struct trace_settings *settings,
             struct origin *origin)
{
    if (origin->border == origin->hop_count || !origin->source.known ||
        hops_is_trusted(settings, &origin->source)) {
        return;
    }
    const struct hop *hop = &origin->hops[origin->border];
    if (is_our_name(settings, origin, hop->by)) {
        origin_note(arena, origin, "hop_forged", hop->by);
    }
}

static bool
is_related(struct arena *arena, struct bytes a, struct bytes b)
{
    struct bytes domain = domain_registrable(arena, a);

    return bytes_equal_fold(a, b) ||
           (domain.size > 0 && bytes_equal_fold(domain, domain_registrable(arena, b)));
}

/* Of two fields that are believed, the lower was written by the host that the upper names. When the names do not meet, that
 * host wrote no field, and somebody else's is believed in its place. */
static void
check_meeting(struct arena *arena, struct origin *origin)
{
    for (size_t i = 0; i + 1 < origin->border; i++) {
        const struct hop *hop = &origin->hops[i], *below = &origin->hops[i + 1];
        if (!has_no_dot(below->by) && !net_address_is_loopback(&hop->from_ip) &&
            !is_related(arena, below->by, hop->from) &&
            !is_related(arena, below->by, hop->helo) &&
            !is_related(arena, below->by, hop->rdns) &&
            !is_related(arena, below->by, hop->by)) {
            origin_note(arena, origin, "hop_break", below->by);
            return;
        }
    }
}

/* Exchange writes the version of its software there. */
static bool
is_telling_id(struct bytes id)
{
    for (size_t i = 0; i < id.size; i++) {
        if (ascii_letter(id.at[i])) {
            return id.size >= ID_SIZE_TELLING;
        }
    }
    return false;
}

/* Every server gives an id of its own: one that stands at two servers was copied. Within a host ids may be kept. */
static void
check_ids(struct arena *arena, struct origin *origin)
{
    for (size_t i = origin->border; i < origin->hop_count; i++) {
        const struct hop *hop = &origin->hops[i];
        for (size_t k = i + 1; k < origin->hop_count && is_telling_id(hop->id); k++) {
            const struct hop *below = &origin->hops[k];
            if (bytes_equal(hop->id, below->id) && hop->by.size > 0 && below->by.size > 0 &&
                !bytes_equal_fold(hop->by, below->by)) {
                origin_note(arena, origin, "hop_forged", hop->id);
                return;
            }
        }
    }
}

/* Networks that no host has: "this network", multicast, class E (RFC 6890). */
static bool
is_nobody(const struct net_address *address)
{
    const uint8_t *b = address->bytes + 12;

    return net_address_is_ip4(address) && (b[0] == 0 || b[0] >= 224);
}

static void
check_addresses(struct arena *arena, struct origin *origin)
{
    for (size_t i = origin->border; i < origin->hop_count; i++) {
        const struct hop *hop = &origin->hops[i];
        if (hop->from_ip.known ? is_nobody(&hop->from_ip) : hop->bad_ip) {
            origin_note(arena, origin, "hop_impossible", hop->by);
            return;
        }
    }
}

void
hops_check(struct arena *arena, const struct trace_settings *settings, int64_t now_s,
           struct origin *origin)
{
    struct writer w;

    check_dates(arena, now_s, origin);
    check_forged(arena, settings, origin);
    check_meeting(arena, origin);
    check_ids(arena, origin);
    check_addresses(arena, origin);
    if (origin->hop_count > LIMIT_HOPS_USUAL) {
        writer_init(&w, arena);
        writer_number(&w, (int64_t)origin->hop_count);
        origin_note(arena, origin, "hop_many", writer_view(&w));
    }
}

/* true: it is an address, and was dealt with. */
static bool
check_literal(struct arena *arena, const struct trace_settings *settings, struct bytes helo,
              struct origin *origin)
{
    bool brackets = helo.size > 2 && helo.at[0] == '[' && helo.at[helo.size - 1] == ']';
    bool heard =
        origin->border == 0; /* from the client itself: reading a field drops brackets */
    struct net_address address;

    if (!net_address_read(brackets ? bytes_slice(helo, 1, helo.size - 1) : helo,
                          &address)) {
        return false;
    }
    if (hops_is_trusted(settings, &address) || net_address_is_loopback(&address)) {
        origin_note(arena, origin, "helo_ours", helo);
    } else if ((heard && !brackets) || (!net_address_equal(&address, &origin->source) &&
                                        !place_is_private(&address))) {
        origin_note(arena, origin, "helo_address", helo);
    }
    return true;
}

enum sk_code
hops_helo_check(struct arena *arena, struct dns_memo *memo,
                const struct trace_settings *settings, const struct arrival *arrival,
                struct bytes helo, struct origin *origin)
{
    if (helo.size == 0 || !origin->source.known || arrival->user.size > 0 ||
        hops_is_trusted(settings, &origin->source) ||
        (origin->client_name.size > 0 && bytes_equal_fold(helo, origin->client_name)) ||
        check_literal(arena, settings, helo, origin)) {
        return SK_OK;
    }
    if (helo.at[helo.size - 1] == '.') {
        helo.size--;
    }
    if (is_our_name(settings, origin, helo)) {
        origin_note(arena, origin, "helo_ours", helo);
        return SK_OK;
    }
    if (has_no_dot(helo)) {
        origin_note(arena, origin, "helo_not_fqdn", helo);
        return SK_OK;
    }
    const struct dns_answer *a =
        dns_memo_ask(memo, helo, net_address_is_ip4(&origin->source) ? DNS_A : DNS_AAAA);
    if (a == NULL) {
        return SK_MORE;
    }
    if (a->status == DNS_NXDOMAIN) {
        origin_note(arena, origin, "helo_unknown", helo);
    }
    return SK_OK;
}
