/* What the name of a host tells of it: a line of a household or a mobile network, a rented machine, a mail server.
 *
 * A verified reverse name is given by whoever has the address, so it tells what he uses it for. The table names.inc holds
 * what providers call their lines (Japan's first of all); for the rest of the world there are words ("dynamic", "dhcp",
 * "adsl") and the address itself written into the name, in decimal or hexadecimal, forwards or backwards. Words of servers
 * ("mail", "smtp", "static") outweigh these. Nothing here is proof: a name is a hint, and much mail comes lawfully from
 * lines. Pure; linear in the name for each row. */
#pragma once

#include "arrive/arrival.h"

enum name_kind {
    NAME_UNKNOWN,
    NAME_LINE,   /* a fixed line with an address from a pool */
    NAME_MOBILE, /* a mobile network */
    NAME_POOL,   /* one of the two, by the general patterns */
    NAME_RENTED, /* a machine in a computing centre, under the name of its number */
    NAME_SERVER, /* says itself that it is a server */
};

struct name_facts {
    enum name_kind kind;
    const char *provider; /* "OCN", NULL where no row tells it */
};

/* ip: the address that the name was found for, NULL or not known where it is not. */
struct name_facts names_look(struct bytes name, const struct net_address *ip);

/* Whether mail servers do not stand there as a rule: a line, a mobile network, a pool. */
bool names_is_dynamic(enum name_kind kind);
/* "line", "mobile", "pool", "rented", "server"; NULL for unknown. */
const char *names_kind_word(enum name_kind kind);
