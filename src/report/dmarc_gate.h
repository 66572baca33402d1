/* The gate before a report is sent: what a domain and an address must fulfil. Pure; what the DNS must say of an address of
 * another organization is asked by the caller (sekisho/dmarc_external.h).
 *
 * Reputation. Spammers publish rua too, and answering them tells them which of their mail arrived, and got a sender of
 * reports onto block lists. So a domain is sent a report only if, in the period,
 *   - at least one message in its name passed DMARC: a domain in whose name only strangers write gets none;
 *   - of those that passed, not more than half were refused, held or labelled here: what the domain itself sends is not
 *     mostly unwanted.
 * dmarc_report.always lists domains for which this is not asked. */
#pragma once

#include "base/limits.h"
#include "report/dmarc_gather.h"

// clang-format off
#define DMARC_REFUSALS(row) \
    row(SEND, "send", "送る", "is sent") \
    row(NAME, "name", "ドメイン名が正しくない", "the domain is no valid name") \
    row(OWN, "own", "自分のドメイン宛てになる", "it would go to ourselves") \
    row(NEVER, "never", "設定で送らないとされている", "the configuration says never") \
    row(ONLY_FAILS, "only_fails", "DMARC に合格したメールがない", "no message of the domain passed DMARC") \
    row(MOSTLY_UNWANTED, "mostly_unwanted", "合格したメールの過半が迷惑メールだった", "most messages of the domain that passed were unwanted") \
    row(NO_ADDRESS, "no_address", "使える宛先（mailto:）がない", "rua has no address that can be used") \
    row(SUPPRESSED, "suppressed", "送信停止の一覧にある", "it is on the list of suppressed") \
    row(EXTERNAL, "external", "宛先のドメインが受け取ると言っていない", "the domain of the address does not say that it takes the reports") \
    row(DNS, "dns", "DNS が答えない", "the DNS did not answer") \
    row(TOO_LARGE, "too_large", "大きすぎる", "the report is too large") \
    row(CAP, "cap", "一日の上限に達した", "the daily cap is reached") \
    row(SENT, "sent", "送信済み", "it was sent already")
// clang-format on

enum dmarc_refusal {
#define DMARC_ENUM(name, word, ja, en) DMARC_REFUSAL_##name,
    DMARC_REFUSALS(DMARC_ENUM)
#undef DMARC_ENUM
        DMARC_REFUSAL_COUNT
};

const char *dmarc_refusal_name(enum dmarc_refusal refusal);
const char *dmarc_refusal_words(enum dmarc_refusal refusal, bool japanese);

/* An address that a rua names. */
struct dmarc_rua {
    struct bytes address, host; /* host: lower case */
    uint64_t size_max;          /* "!10m" of RFC 7489; UINT64_MAX without one */
};
/* Reads a list of URIs (RFC 9989 4.7): mailto alone, percent-decoded, each once, at most LIMIT_DMARC_ADDRESSES; what is
 * malformed is passed over. */
size_t dmarc_rua_read(struct arena *arena, struct bytes rua,
                      struct dmarc_rua list_r[LIMIT_DMARC_ADDRESSES]);

/* What can be said of the domain before any address is looked at. */
enum dmarc_refusal dmarc_gate_domain(const struct dmarc_settings *settings,
                                     const struct dmarc_seen *seen);
/* Of one address, before the DNS is asked. suppressed: names in lower case. */
struct table;
enum dmarc_refusal dmarc_gate_address(struct arena *arena,
                                      const struct dmarc_settings *settings,
                                      const struct dmarc_rua *rua,
                                      const struct table *suppressed);
