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
    struct table failures; /* address: uint64_t, failure reports to it in 24 hours */
    uint64_t left;         /* of the daily cap */
};

/* A report to one address; refused ones have no mail, and perhaps no address. */
struct dmarc_letter {
    enum dmarc_refusal refusal;
    struct bytes domain, to, sender, token, report_id, mail, packed, file;
    struct bytes sha256; /* of the gzip, in hexadecimal */
    uint64_t messages, rows;
    bool failure; /* about one message; packed and file are empty then */
};

#define DMARC_LETTERS (LIMIT_DMARC_ADDRESSES + 1)

/* Reads the keeper's answer to dmarc.plan into suppressed, sent and left. */
enum sk_code dmarc_round_plan(struct arena *arena, struct dmarc_round *round,
                              struct bytes reply, int64_t *period_end_r, struct why *why);
/* The aggregate reports about the i-th domain that was gathered. SK_MORE: answer what the memo wants and call again, with the same
 * arena; SK_OK: letters_r and count_r are complete, and what is sent was taken from `left`. */
enum sk_code dmarc_round_letters(struct arena *arena, struct dmarc_round *round,
                                 struct dns_memo *memo, size_t i, int64_t now_s,
                                 struct dmarc_letter letters_r[DMARC_LETTERS],
                                 size_t *count_r);
/* The same for the k-th message of the i-th domain that may be reported by itself. The gate is the same, with ruf for rua, and
 * no more than dmarc_report.failure_cap go to one address in 24 hours. */
enum sk_code dmarc_round_failure(struct arena *arena, struct dmarc_round *round,
                                 struct dns_memo *memo, size_t i, size_t k, int64_t now_s,
                                 struct dmarc_letter letters_r[DMARC_LETTERS],
                                 size_t *count_r);
