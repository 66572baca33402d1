#include "sekisho/dmarc_external.h"

#include "base/limits.h"
#include "base/writer.h"
#include "trace/dmarc.h"

#define NAME_MOST 253

/* Steps 6 to 9: the records that begin with v=DMARC1, and the address that one of them gives instead. */
static enum dmarc_external
read_consent(struct arena *arena, const struct dns_answer *answer, bool failure,
             struct dmarc_rua *rua)
{
    enum dmarc_external external = DMARC_EXTERNAL_REFUSED;

    for (size_t i = 0; i < answer->record_count; i++) {
        struct dmarc_record record;
        struct dmarc_rua list[LIMIT_DMARC_ADDRESSES];
        if (!dmarc_record_read(answer->records[i].data, &record)) {
            continue;
        }
        external = DMARC_EXTERNAL_ALLOWED;
        size_t count = dmarc_rua_read(arena, failure ? record.ruf : record.rua, list);
        if (count == 0) {
            continue;
        }
        if (!bytes_equal_fold(list[0].host, rua->host)) {
            return DMARC_EXTERNAL_REFUSED; /* it may not pass them on to others */
        }
        *rua = list[0];
        break;
    }
    return external;
}

enum sk_code
dmarc_external_check(struct arena *arena, struct dns_memo *memo, struct bytes policy_domain,
                     bool failure, struct dmarc_rua *rua, enum dmarc_external *external_r)
{
    struct bytes own, other;
    struct writer w;
    enum sk_code a = dmarc_organization(memo, policy_domain, &own);
    enum sk_code b = dmarc_organization(memo, rua->host, &other);

    *external_r = DMARC_EXTERNAL_REFUSED;
    if (a == SK_MORE || b == SK_MORE) {
        return SK_MORE;
    }
    if (a != SK_OK || b != SK_OK) {
        return SK_LATER;
    }
    if (bytes_equal_fold(own, other)) {
        *external_r = DMARC_EXTERNAL_OWN;
        return SK_OK;
    }
    writer_init(&w, arena);
    writer_bytes(&w, policy_domain);
    writer_text(&w, "._report._dmarc.");
    writer_bytes(&w, rua->host);
    if (writer_view(&w).size > NAME_MOST) {
        return SK_OK; /* step 4 */
    }
    const struct dns_answer *answer = dns_memo_ask(memo, writer_view(&w), DNS_TXT);
    if (answer == NULL) {
        return SK_MORE;
    }
    if (answer->status == DNS_SERVFAIL || answer->status == DNS_TIMEOUT) {
        return SK_LATER;
    }
    *external_r = read_consent(arena, answer, failure, rua);
    return SK_OK;
}
