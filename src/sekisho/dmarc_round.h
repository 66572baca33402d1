/* One round of reports: of what was gathered about a period, which mails go out, and why each other does not. The same for
 * the clerk who sends and for `sekisho dmarc reports`, who only tells. Nothing is sent here. */
#pragma once

#include "base/table.h"
#include "dns/memo.h"
#include "report/dmarc_gate.h"
#include "report/dmarc_token.h"

struct dmarc_round {
    const struct dmarc_settings *settings;
    const struct dmarc_gather *gather;
    struct bytes key; /* of tokens */
    int64_t begin, end;
    struct table suppressed, sent; /* names; tokens */
    uint64_t left;                 /* of the daily cap */
};

/* A report to one address; refused ones have no mail, and perhaps no address. */
struct dmarc_letter {
    enum dmarc_refusal refusal;
    struct bytes domain, to, sender, token, report_id, mail, packed, file;
    struct bytes sha256; /* of the gzip, in hexadecimal */
    uint64_t messages, rows;
};

#define DMARC_LETTERS (LIMIT_DMARC_ADDRESSES + 1)

/* Reads the keeper's answer to dmarc.plan into suppressed, sent and left. */
enum sk_code dmarc_round_plan(struct arena *arena, struct dmarc_round *round,
                              struct bytes reply, int64_t *period_end_r, struct why *why);
/* The letters about the i-th domain that was gathered. SK_MORE: answer what the memo wants and call again, with the same
 * arena; SK_OK: letters_r and count_r are complete, and what is sent was taken from `left`. */
enum sk_code dmarc_round_letters(struct arena *arena, struct dmarc_round *round,
                                 struct dns_memo *memo, size_t i, int64_t now_s,
                                 struct dmarc_letter letters_r[DMARC_LETTERS],
                                 size_t *count_r);
