#include "trace/hops.h"

#include "base/limits.h"
#include "parse/received.h"

bool
hops_is_trusted(const struct trace_settings *settings, const struct net_address *address)
{
    for (size_t i = 0; i < settings->trusted_count; i++) {
        if (net_prefix_has(&settings->trusted[i], address)) {
            return true;
        }
    }
    return false;
}

static void
read_hop(struct arena *arena, const struct field *field, struct hop *hop)
{
    struct received r;

    received_read(arena, field->value, &r);
    *hop = (struct hop){
        .from = r.from,
        .helo = r.helo.size > 0 ? r.helo : r.from,
        .rdns = r.from_rdns,
        .by = r.by,
        .with = r.with,
        .id = r.id,
        .for_address = r.for_,
        .has_date = r.has_date,
        .date = r.date,
        .tls = r.tls_version,
        .auth = r.auth,
        .field = field->whole,
    };
    struct bytes ip =
        bytes_slice(r.from_ip, 0, bytes_find_byte(r.from_ip, '%', 0)); /* fe80::1%5 */
    if (ip.size > 0 && !net_address_read(ip, &hop->from_ip)) {
        hop->from_ip = (struct net_address){0};
        hop->bad_ip = bytes_find_byte(ip, ':', 0) == BYTES_NOWHERE;
    }
}

void
hops_read(struct arena *arena, const struct letter *letter,
          const struct trace_settings *settings, const struct net_address *client,
          struct origin *origin)
{
    const struct bytes name = BYTES("Received");
    size_t count = header_count(&letter->header, name), from = 0;
    bool believe = !client->known || hops_is_trusted(settings, client);

    count = count < LIMIT_RECEIVED_HOPS ? count : LIMIT_RECEIVED_HOPS;
    origin->hops = ARENA_NEW_MANY(arena, count, struct hop);
    origin->hop_count = count;
    origin->border = 0;
    origin->source = *client;
    for (size_t i = 0; i < count; i++) {
        struct hop *hop = &origin->hops[i];
        read_hop(arena, header_find(&letter->header, name, &from), hop);
        hop->trusted = believe;
        if (!believe) {
            continue;
        }
        origin->border = i + 1;
        believe = hop->from_ip.known && hops_is_trusted(settings, &hop->from_ip);
        if (hop->from_ip.known) {
            origin->source = hop->from_ip;
        }
    }
}
