/* The names of a client: what its reverse look-up gives, and which of them lead back to it. */
#include "trace/spf.h"

#include "base/limits.h"
#include "base/writer.h"

struct bytes
spf_reverse_name(struct arena *arena, const struct net_address *ip)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *b = ip->bytes;
    struct writer w;

    writer_init(&w, arena);
    if (net_address_is_ip4(ip)) {
        writer_format(&w, "%u.%u.%u.%u.in-addr.arpa", b[15], b[14], b[13], b[12]);
        return writer_view(&w);
    }
    for (size_t i = 16; i-- > 0;) {
        writer_byte(&w, (uint8_t)hex[b[i] & 15]);
        writer_byte(&w, '.');
        writer_byte(&w, (uint8_t)hex[b[i] >> 4]);
        writer_byte(&w, '.');
    }
    writer_text(&w, "ip6.arpa");
    return writer_view(&w);
}

enum sk_code
spf_validated_names(struct arena *arena, struct dns_memo *memo,
                    const struct net_address *ip, struct bytes names_r[], size_t *count_r,
                    enum dns_status *status_r, bool *error_r)
{
    bool ip4 = net_address_is_ip4(ip), more = false;
    const struct dns_answer *ptr = dns_memo_ask(memo, spf_reverse_name(arena, ip), DNS_PTR);

    *count_r = 0;
    *error_r = false;
    if (ptr == NULL) {
        return SK_MORE;
    }
    *status_r = ptr->status;
    for (size_t i = 0; i < ptr->record_count && i < LIMIT_SPF_PTR; i++) {
        const struct dns_answer *a =
            dns_memo_ask(memo, ptr->records[i].data, ip4 ? DNS_A : DNS_AAAA);
        if (a == NULL) {
            more = true;
            continue;
        }
        *error_r |= a->status == DNS_SERVFAIL || a->status == DNS_TIMEOUT;
        for (size_t r = 0; r < a->record_count; r++) {
            if (memcmp(a->records[r].data.at, ip->bytes + (ip4 ? 12 : 0), ip4 ? 4 : 16) ==
                0) {
                names_r[(*count_r)++] = ptr->records[i].data;
                break;
            }
        }
    }
    return more ? SK_MORE : SK_OK;
}
