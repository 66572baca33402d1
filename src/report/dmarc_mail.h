/* The mail that carries a report (RFC 9990 3.5.2): a few words for people, and the gzip. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

struct dmarc_mail {
    struct bytes from, to;
    struct bytes domain, submitter, report_id;
    struct bytes org_name;
    struct bytes token; /* for Message-ID and boundary */
    int64_t begin, end;
    uint64_t messages;
    struct bytes packed;
};

/* The whole message with CR LF lines. All values are ours or were checked: domains and addresses in plain ASCII. */
struct bytes dmarc_mail_write(struct arena *arena, const struct dmarc_mail *mail,
                              int64_t now_s);
/* "receiver!policy-domain!begin!end.xml.gz" */
struct bytes dmarc_mail_file(struct arena *arena, const struct dmarc_mail *mail);
