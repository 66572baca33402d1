/* Keys of DKIM as files, as DNS records, and as the DNS has them: for `sekisho papers`. */
#pragma once

#include "base/writer.h"
#include "dns/memo.h"
#include "trace/sign.h"

#define PAPER_RSA_BITS                                                                     \
    2048 /* fits in one UDP answer; RFC 8301 wants 1024 at least, 2048 better */

/* A new key in a new file of mode 0600. SK_CONFIG: the file is there already. */
enum sk_code paper_make_key(const char *path, bool ed25519, struct why *why);

/* The record for the public half of the key in that file: "v=DKIM1; k=rsa; p=...". SK_SYSTEM: it cannot be read; SK_BAD: there
 * is no such key in it. */
enum sk_code paper_record_of(struct arena *arena, struct bytes path, bool ed25519,
                             struct bytes *record_r, struct why *why);

/* SELECTOR._domainkey.DOMAIN */
struct bytes paper_record_name(struct arena *arena, struct bytes selector,
                               struct bytes domain);

/* One TXT record as a zone file has it; the text in strings of 255 bytes at most (RFC 1035 3.3.14, RFC 6376 3.6.2.2). */
void paper_record_write(struct writer *w, struct bytes name, struct bytes text);

enum paper_published {
    PAPER_GOOD,
    PAPER_TESTING, /* the right key, but t=y: some receivers treat it as no signature */
    PAPER_MISSING,
    PAPER_SEVERAL, /* more than one key record at the name: receivers may take any */
    PAPER_BROKEN,  /* a record that receivers cannot use */
    PAPER_REVOKED, /* p= is empty */
    PAPER_OTHER,   /* another key */
    PAPER_UNKNOWN, /* the DNS gives no answer */
};
/* What the DNS has at the key's name. record: what it should be; "" if only its being there matters. */
enum paper_published paper_published(struct arena *arena, const struct dns_answer *answer,
                                     struct bytes record);
