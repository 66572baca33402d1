/* Network addresses: of clients (IPv4, IPv6), and where to listen or connect (also Unix sockets). */
#pragma once

#include <sys/socket.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"
#include "base/writer.h"

/* An IP address in 16 bytes; IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). All zero with known == false: none. */
struct net_address {
    uint8_t bytes[16];
    uint16_t port;
    bool known;
};

/* "192.0.2.1", "2001:db8::1", also with "IPv6:" before it; no brackets, no zone. false if it is none. A mapped IPv6
 * address becomes IPv4. */
bool net_address_read(struct bytes text, struct net_address *address_r);
/* The usual text (RFC 5952). */
void net_address_write(struct writer *w, const struct net_address *address);
bool net_address_is_ip4(const struct net_address *address);
bool net_address_equal(const struct net_address *a,
                       const struct net_address *b); /* without ports */
bool net_address_is_loopback(const struct net_address *address);
/* From accept(2): SK_BAD for other families. */
bool net_address_from_socket(const struct sockaddr *socket, struct net_address *address_r);

/* "192.0.2.0/24", "2001:db8::/32", or an address alone. */
struct net_prefix {
    struct net_address address;
    unsigned bits; /* of 128 */
};
bool net_prefix_read(struct bytes text, struct net_prefix *prefix_r);
bool net_prefix_has(const struct net_prefix *prefix, const struct net_address *address);

/* Where to listen or to connect: "127.0.0.1:25", "[::1]:25", "unix:/run/x". Names are not resolved: SK_BAD. */
struct net_endpoint {
    struct sockaddr_storage socket;
    socklen_t socket_size;
    bool loopback; /* 127/8, ::1 or Unix */
};
enum sk_code net_endpoint_read(struct bytes text, struct net_endpoint *endpoint_r,
                               struct why *why);
void net_endpoint_write(struct writer *w, const struct net_endpoint *endpoint);
