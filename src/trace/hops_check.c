#include "trace/hops_check.h"

#include "base/limits.h"
#include "parse/domain.h"
#include "trace/hops.h"
#include "trace/place.h"

#define CLOCK_SKEW_S    3600
#define DELAY_S         (7 * 86400)
#define ID_SIZE_TELLING 8
#define BRAND_SIZE      4

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

/* The organization of a name that stands in the public DNS; "" for "front.internal", an address, a word. */
static struct bytes
organization(struct arena *arena, struct bytes name)
{
    return domain_suffix_known(name) ? domain_registrable(arena, name) : BYTES_NONE;
}

/* "aliyun.com" and "aliyun-inc.com": one holder's names tend to have each other's first label in them. */
static bool
is_akin(struct bytes a, struct bytes b)
{
    a = bytes_slice(a, 0, bytes_find_byte(a, '.', 0));
    b = bytes_slice(b, 0, bytes_find_byte(b, '.', 0));
    struct bytes little = a.size < b.size ? a : b, large = a.size < b.size ? b : a;

    return little.size >= BRAND_SIZE && bytes_find_fold(large, little, 0) != BYTES_NOWHERE;
}

static struct bytes
without_dot(struct bytes name)
{
    return bytes_slice(name, 0, name.size - bytes_ends(name, BYTES(".")));
}

/* The end of a name that is most likely its owner's: two labels, or three where the second is short ("co.jp"). */
static struct bytes
tail_of(struct bytes name)
{
    size_t at = name.size, labels = 0, end = 0;

    while (at > 0) {
        if (name.at[--at] != '.') {
            continue;
        }
        labels++;
        if (labels == 3 || (labels == 2 && end - at > 4)) {
            return bytes_from(name, at + 1);
        }
        end = at;
    }
    return name;
}

/* Whether a name that the hop tells of its client, or its own where that is asked for, is of the owner of that host. Most are
 * told by their tails, without the list of suffixes. */
static bool
tells_owner(struct arena *arena, const struct hop *hop, struct bytes host, bool own)
{
    const struct bytes names[] = {without_dot(hop->rdns), without_dot(hop->from),
                                  without_dot(hop->helo),
                                  own ? without_dot(hop->by) : BYTES_NONE};
    struct bytes tail = tail_of(without_dot(host));

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (bytes_equal_fold(tail_of(names[i]), tail)) {
            return true;
        }
    }
    struct bytes owner = organization(arena, without_dot(host));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct bytes domain = domain_registrable(arena, names[i]);
        if (domain.size > 0 &&
            (bytes_equal_fold(domain, owner) || is_akin(domain, owner))) {
            return true;
        }
    }
    return owner.size == 0 || organization(arena, names[0]).size == 0;
}

/* What was said of check_meeting, where nobody is believed. Hosts have names of many owners: only a client with a name in
 * the public DNS, and an address that is routed there, is held against a writer with another. */
static void
check_gap(struct arena *arena, struct origin *origin)
{
    for (size_t i = origin->border; i + 1 < origin->hop_count; i++) {
        const struct hop *hop = &origin->hops[i], *below = &origin->hops[i + 1];
        if (has_no_dot(below->by) || has_no_dot(hop->rdns) || !hop->from_ip.known ||
            place_is_private(&hop->from_ip)) {
            continue;
        }
        if (!tells_owner(arena, hop, below->by, true)) {
            origin_note(arena, origin, "hop_gap", below->by);
            return;
        }
    }
}

/* Mail that was in the internet already came to a server from a private address, as it does inside every organization; but
 * here the client has a name of another one. */
static void
check_private(struct arena *arena, struct origin *origin)
{
    size_t public = origin->hop_count; /* the oldest field with a routed address */

    while (public > origin->border &&
           (!origin->hops[public - 1].from_ip.known ||
            place_is_private(&origin->hops[public - 1].from_ip))) {
        public--;
    }
    for (size_t i = origin->border; i + 1 < public; i++) {
        const struct hop *hop = &origin->hops[i];
        if (!hop->from_ip.known || !place_is_private(&hop->from_ip) ||
            net_address_is_loopback(&hop->from_ip) || has_no_dot(hop->rdns) ||
            has_no_dot(hop->by)) {
            continue;
        }
        if (!tells_owner(arena, hop, hop->by, false)) {
            origin_note(arena, origin, "hop_private", hop->by);
            return;
        }
    }
}

/* RFC 5321 4.4 wants a date in each. Programs that stand beside a server ("by simscan") leave it out. */
static void
check_undated(struct arena *arena, struct origin *origin)
{
    for (size_t i = origin->border; i < origin->hop_count; i++) {
        if (!origin->hops[i].has_date && !has_no_dot(origin->hops[i].by)) {
            origin_note(arena, origin, "hop_undated", origin->hops[i].by);
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
    check_gap(arena, origin);
    check_private(arena, origin);
    check_undated(arena, origin);
    if (origin->hop_count > LIMIT_HOPS_USUAL) {
        writer_init(&w, arena);
        writer_number(&w, (int64_t)origin->hop_count);
        origin_note(arena, origin, "hop_many", writer_view(&w));
    }
}

static bool
literal_read(struct bytes helo, bool *brackets_r, struct net_address *address_r)
{
    *brackets_r = helo.size > 2 && helo.at[0] == '[' && helo.at[helo.size - 1] == ']';
    return net_address_read(*brackets_r ? bytes_slice(helo, 1, helo.size - 1) : helo,
                            address_r);
}

static void
check_literal(struct arena *arena, const struct trace_settings *settings, struct bytes helo,
              bool brackets, const struct net_address *address, struct origin *origin)
{
    bool heard =
        origin->border == 0; /* from the client itself: reading a field drops brackets */

    if (hops_is_trusted(settings, address) || net_address_is_loopback(address)) {
        origin_note(arena, origin, "helo_ours", helo);
    } else if ((heard && !brackets) || (!net_address_equal(address, &origin->source) &&
                                        !place_is_private(address))) {
        origin_note(arena, origin, "helo_address", helo);
    }
}

/* The name exists, and none of its addresses is the source's. Many hosts of one organization greet with one name, and its
 * SPF record may say that they do. */
static bool
is_elsewhere(struct arena *arena, const struct dns_answer *a, struct bytes helo,
             const struct origin *origin)
{
    const struct net_address *source = &origin->source;
    struct bytes bytes = net_address_is_ip4(source)
                             ? bytes_of(source->bytes + 12, 4)
                             : bytes_of(source->bytes, sizeof source->bytes);

    if (a->status != DNS_FOUND || a->record_count == 0 || place_is_private(source) ||
        origin->spf_helo.result == AUTH_PASS) {
        return false;
    }
    for (size_t i = 0; i < a->record_count; i++) {
        if (bytes_equal(a->records[i].data, bytes)) {
            return false;
        }
    }
    return origin->client_name.size == 0 || !is_related(arena, helo, origin->client_name);
}

enum sk_code
hops_helo_check(struct arena *arena, struct dns_memo *memo,
                const struct trace_settings *settings, const struct arrival *arrival,
                struct bytes helo, bool named, struct origin *origin)
{
    struct net_address address;

    if (helo.size == 0 || !origin->source.known || arrival->user.size > 0 ||
        hops_is_trusted(settings, &origin->source) ||
        (origin->client_name.size > 0 && bytes_equal_fold(helo, origin->client_name))) {
        return SK_OK;
    }
    bool brackets, literal = literal_read(helo, &brackets, &address);
    if (named && literal) {
        check_literal(arena, settings, helo, brackets, &address, origin);
        return SK_OK;
    }
    if (!literal && helo.at[helo.size - 1] == '.') {
        helo.size--;
    }
    bool ours = is_our_name(settings, origin, helo), word = has_no_dot(helo);
    if (named && ours) {
        origin_note(arena, origin, "helo_ours", helo);
    } else if (named && word) {
        origin_note(arena, origin, "helo_not_fqdn", helo);
    }
    if (literal || ours || word) {
        return named ? SK_OK : SK_MORE;
    }
    const struct dns_answer *a =
        dns_memo_ask(memo, helo, net_address_is_ip4(&origin->source) ? DNS_A : DNS_AAAA);
    if (a == NULL || !named) {
        return SK_MORE;
    }
    if (a->status == DNS_NXDOMAIN) {
        origin_note(arena, origin, "helo_unknown", helo);
    } else if (is_elsewhere(arena, a, helo, origin)) {
        origin_note(arena, origin, "helo_elsewhere", helo);
    }
    return SK_OK;
}
