/* Hosts that are known: shorteners, redirectors, and names that are worth imitating.
 *
 * One table for the process, read from lines of four fields parted by tabs; '#' begins a comment:
 *
 *     shortener   bit.ly               -       where this is known from
 *     redirector  l.facebook.com/l.php u      ...
 *     known       amazon.co.jp         -       ...
 *
 * A shortener or redirector is a host (and what lies under it) with an optional path that the URL's path begins with. The third field
 * names the parameters of a redirector that hold the target; it is for people, as every parameter is looked at
 * (links_follow). The built-in table is share/links/hosts.tsv; link_hosts_use puts another in its place, before a process
 * handles mail. At most LIMIT_LINK_HOSTS rows.
 */
#pragma once

#include "base/bytes.h"
#include "base/why.h"

/* SK_CONFIG with the line's number if it cannot be read: then the present table stays. */
enum sk_code link_hosts_use(struct bytes table, struct why *why);
/* How many tables were taken into use so far: what is remembered of one holds as long as that stays. */
unsigned link_hosts_turns(void);
/* The table that is built in. */
struct bytes link_hosts_table(void);

/* LINK_SHORTENER, LINK_REDIRECTOR or 0. host and path as in struct url. */
unsigned link_hosts_flags(struct bytes host, struct bytes path);
/* false: link_hosts_flags is 0 for that host, whatever the path. */
bool link_hosts_lists(struct bytes host);
/* The known name that a domain of that skeleton (parse/links.h) imitates: it has the same skeleton and is another; "" if
 * none. */
struct bytes link_hosts_like(struct bytes domain, struct bytes skeleton);
/* The known name that stands in the labels of a host before its own domain, with dots or hyphens: amazon.co.jp in
 * amazon-co-jp.example.com; "" if none. */
struct bytes link_hosts_within(struct bytes host, struct bytes domain);
