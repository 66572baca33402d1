/* Domain names: ASCII form (UTS #46) and the organisational boundary (Public Suffix List).
 *
 * Names may come in either form, with or without the final dot; names longer than LIMIT_DOMAIN are refused. Nothing here asks the
 * DNS. The list is the one libpsl carries or the system keeps, read once per process. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

/* To A-labels, lower case, not strict, as browsers do; false if it cannot be a host name. ASCII names without
 * "xn--" cost no foreign library. */
bool domain_to_ascii(struct arena *arena, struct bytes domain, struct bytes *ascii_r);
/* To the form people read; the name itself where it cannot be shown. */
struct bytes domain_to_unicode(struct arena *arena, struct bytes domain);

/* The public suffix ("co.jp"), and the suffix with one more label ("example.co.jp"), both a lower-case copy in the
 * form given; "" if there is none: an address, an empty label, or for domain_registrable a public suffix itself. The suffix of a
 * name under an unknown top level is its last label. */
struct bytes domain_public_suffix(struct arena *arena, struct bytes domain);
struct bytes domain_registrable(struct arena *arena, struct bytes domain);
/* Whether a rule of the list (not the default one) covers the name: its top level exists. ASCII only. */
bool domain_suffix_known(struct bytes domain);

/* An IPv4 address in dotted form or an IPv6 address in brackets. */
bool domain_is_address(struct bytes domain);
