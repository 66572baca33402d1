/* Hosts of URLs (URL standard 3.5): domains, IPv4 in all its spellings, IPv6, and opaque ones. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* special: the scheme is one of http, https, ftp, ws, wss, file. false if it is no host. */
bool url_read_host(struct arena *arena, struct bytes text, bool special,
                   struct bytes *host_r, bool *is_address_r);
