#include "trace/iprev.h"

#include "base/limits.h"
#include "trace/spf.h"

enum sk_code
iprev_check(struct arena *arena, struct dns_memo *memo, const struct net_address *ip,
            enum auth_result *result_r, struct bytes *name_r)
{
    struct bytes names[LIMIT_SPF_PTR];
    size_t count;
    enum dns_status status;
    bool error;

    *result_r = AUTH_NONE;
    *name_r = BYTES("");
    if (!ip->known) {
        return SK_OK;
    }
    enum sk_code code =
        spf_validated_names(arena, memo, ip, names, &count, &status, &error);
    if (code != SK_OK) {
        return code;
    }
    if (count > 0) {
        *result_r = AUTH_PASS;
        *name_r = bytes_lower(arena, names[0]);
    } else if (error || status == DNS_SERVFAIL || status == DNS_TIMEOUT) {
        *result_r = AUTH_TEMPERROR;
    } else if (status != DNS_FOUND) {
        *result_r = AUTH_PERMERROR; /* no reverse name is published */
    } else {
        *result_r = AUTH_FAIL;
    }
    return SK_OK;
}
