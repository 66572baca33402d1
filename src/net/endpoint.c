#include "net/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#define ADDRESS_TEXT_MAX 64

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void
put_ip4(struct net_address *address, const void *four)
{
    memcpy(address->bytes, mapped, sizeof mapped);
    memcpy(address->bytes + sizeof mapped, four, 4);
    address->known = true;
}

bool
net_address_read(struct bytes text, struct net_address *address_r)
{
    char copy[ADDRESS_TEXT_MAX];
    uint8_t raw[16];

    *address_r = (struct net_address){0};
    if (bytes_starts_fold(text, BYTES("IPv6:"))) {
        text = bytes_from(text, 5);
    }
    if (text.size == 0 || text.size >= sizeof copy ||
        memchr(text.at, 0, text.size) != NULL) {
        return false;
    }
    memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
    if (inet_pton(AF_INET, copy, raw) == 1) {
        put_ip4(address_r, raw);
        return true;
    }
    if (inet_pton(AF_INET6, copy, raw) != 1) {
        return false;
    }
    memcpy(address_r->bytes, raw, sizeof raw);
    address_r->known = true;
    return true;
}

void
net_address_write(struct writer *w, const struct net_address *address)
{
    char text[INET6_ADDRSTRLEN];
    bool ip4 = net_address_is_ip4(address);

    if (!address->known) {
        return;
    }
    if (inet_ntop(ip4 ? AF_INET : AF_INET6, address->bytes + (ip4 ? sizeof mapped : 0),
                  text, sizeof text) != NULL) {
        writer_text(w, text);
    }
}

bool
net_address_is_ip4(const struct net_address *address)
{
    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

bool
net_address_equal(const struct net_address *a, const struct net_address *b)
{
    return a->known == b->known && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool
net_address_is_loopback(const struct net_address *address)
{
    static const uint8_t one[16] = {[15] = 1};

    if (!address->known) {
        return false;
    }
    return net_address_is_ip4(address) ? address->bytes[12] == 127
                                       : memcmp(address->bytes, one, sizeof one) == 0;
}

bool
net_address_from_socket(const struct sockaddr *socket, struct net_address *address_r)
{
    *address_r = (struct net_address){0};
    if (socket->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)socket;
        put_ip4(address_r, &in->sin_addr);
        address_r->port = ntohs(in->sin_port);
        return true;
    }
    if (socket->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)socket;
        memcpy(address_r->bytes, &in->sin6_addr, 16);
        address_r->port = ntohs(in->sin6_port);
        address_r->known = true;
        return true;
    }
    return false;
}

bool
net_prefix_read(struct bytes text, struct net_prefix *prefix_r)
{
    size_t slash = bytes_find_byte(text, '/', 0);
    uint64_t bits = 0;

    *prefix_r = (struct net_prefix){0};
    if (!net_address_read(bytes_slice(text, 0, slash), &prefix_r->address)) {
        return false;
    }
    /* A mapped address written in IPv6 keeps its IPv6 length; dotted quads count from 96. */
    bool dotted = net_address_is_ip4(&prefix_r->address) &&
                  bytes_find_byte(bytes_slice(text, 0, slash), ':', 0) == BYTES_NOWHERE;
    unsigned most = dotted ? 32 : 128;
    if (slash == BYTES_NOWHERE) {
        bits = most;
    } else if (!bytes_to_number(bytes_from(text, slash + 1), most, &bits)) {
        return false;
    }
    prefix_r->bits = (unsigned)bits + (dotted ? 96 : 0);
    return true;
}

bool
net_prefix_has(const struct net_prefix *prefix, const struct net_address *address)
{
    size_t whole = prefix->bits / 8;
    unsigned rest = prefix->bits % 8;

    if (!address->known || memcmp(prefix->address.bytes, address->bytes, whole) != 0) {
        return false;
    }
    return rest == 0 ||
           ((prefix->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest)) == 0;
}

static enum sk_code
endpoint_unix(struct bytes path, struct net_endpoint *endpoint_r, struct why *why)
{
    struct sockaddr_un *un = (void *)&endpoint_r->socket;

    if (path.size == 0 || path.size >= sizeof un->sun_path || path.at[0] != '/' ||
        memchr(path.at, 0, path.size) != NULL) {
        return why_set(
            why, SK_BAD,
            "the path of a Unix socket begins with / and has less than %zu bytes",
            sizeof un->sun_path);
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path.at, path.size);
    endpoint_r->socket_size = sizeof *un;
    endpoint_r->loopback = true;
    return SK_OK;
}

enum sk_code
net_endpoint_read(struct bytes text, struct net_endpoint *endpoint_r, struct why *why)
{
    struct net_address address;
    uint64_t port;
    size_t colon = bytes_find_last(text, ':');

    memset(endpoint_r, 0, sizeof *endpoint_r);
    if (bytes_starts(text, BYTES("unix:"))) {
        return endpoint_unix(bytes_from(text, 5), endpoint_r, why);
    }
    if (colon == BYTES_NOWHERE ||
        !bytes_to_number(bytes_from(text, colon + 1), 65535, &port)) {
        return why_set(why, SK_BAD, "write ADDRESS:PORT, [IPV6]:PORT or unix:/PATH");
    }
    struct bytes host = bytes_slice(text, 0, colon);
    bool brackets = host.size > 2 && host.at[0] == '[' && host.at[host.size - 1] == ']';
    if (brackets) {
        host = bytes_slice(host, 1, host.size - 1);
    }
    bool colons = bytes_find_byte(host, ':', 0) != BYTES_NOWHERE;
    if (colons != brackets || !net_address_read(host, &address)) {
        return why_set(why, SK_BAD, "an address is wanted, not a name; IPv6 in brackets");
    }
    if (!colons) {
        struct sockaddr_in *in = (void *)&endpoint_r->socket;
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        memcpy(&in->sin_addr, address.bytes + sizeof mapped, 4);
        endpoint_r->socket_size = sizeof *in;
    } else {
        struct sockaddr_in6 *in = (void *)&endpoint_r->socket;
        in->sin6_family = AF_INET6;
        in->sin6_port = htons((uint16_t)port);
        memcpy(&in->sin6_addr, address.bytes, 16);
        endpoint_r->socket_size = sizeof *in;
    }
    endpoint_r->loopback = net_address_is_loopback(&address);
    return SK_OK;
}

void
net_endpoint_write(struct writer *w, const struct net_endpoint *endpoint)
{
    struct net_address address;

    if (endpoint->socket.ss_family == AF_UNIX) {
        const struct sockaddr_un *un = (const void *)&endpoint->socket;
        writer_text(w, "unix:");
        writer_text(w, un->sun_path);
        return;
    }
    if (!net_address_from_socket((const void *)&endpoint->socket, &address)) {
        return;
    }
    bool brackets = endpoint->socket.ss_family == AF_INET6;
    writer_text(w, brackets ? "[" : "");
    net_address_write(w, &address);
    writer_text(w, brackets ? "]:" : ":");
    writer_number(w, address.port);
}
