#include "trace/settings.h"

#include "base/limits.h"
#include "trace/arc_settings.h"
#include "trace/batv.h"
#include "trace/lists.h"
#include "trace/origin.h"
#include "trace/sign.h"
#include "trace/vouch.h"

const struct config_key trace_config_keys[] = {
    {"trace", "authserv_id", CONFIG_TEXT, "", 0, 0, NULL, false,
     "Our name in Authentication-Results (RFC 8601); empty: hostname."},
    {"trace", "trusted", CONFIG_LIST, "127.0.0.0/8, ::1", 0, 0, NULL, false,
     "Addresses and prefixes of servers whose Received fields are believed."},
    {"trace", "legacy", CONFIG_BOOL, "no", 0, 0, NULL, false,
     "Accept what RFC 8301 and RFC 6376 retired: rsa-sha1, RSA keys under 1024 bits, "
     "DomainKeys tags."},
    {"trace", "senderid", CONFIG_BOOL, "no", 0, 0, NULL, false,
     "Check Sender ID (RFC 4406) too, for a label in Authentication-Results; nothing is "
     "decided by it."},
    {"trace", "received_spf", CONFIG_BOOL, "no", 0, 0, NULL, false,
     "Write Received-SPF (RFC 7208 9.1) too, for programs that read no "
     "Authentication-Results."},
    {"trace", "arc_trusted", CONFIG_LIST, "", 0, 0, NULL, false,
     "Domains (d=) of ARC sealers whose word counts where DMARC fails (RFC 8617 7.2.1): "
     "list servers and forwarders of your own choice."},
    {"seal", "domain", CONFIG_TEXT, "", 0, 0, NULL, false,
     "Our d= in ARC sets (RFC 8617) put on what is passed on; empty: nothing is sealed."},
    {"seal", "selector", CONFIG_TEXT, "", 0, 0, NULL, false,
     "Selector of the key: SELECTOR._domainkey.DOMAIN holds its public half."},
    {"seal", "key", CONFIG_TEXT, "", 0, 0, NULL, false,
     "PEM file of the RSA key, 2048 bits or more; only the key process reads it."},
    {"place", "ranges4", CONFIG_TEXT, "/usr/share/tor/geoip", 0, 0, NULL, false,
     "Countries of IPv4 ranges, as Debian's tor-geoipdb brings them; empty: none."},
    {"place", "ranges6", CONFIG_TEXT, "/usr/share/tor/geoip6", 0, 0, NULL, false,
     "The same for IPv6."},
    {"place", "country_mmdb", CONFIG_TEXT, "", 0, 0, NULL, false,
     "A MaxMind DB with countries; what it says counts before the ranges."},
    {"place", "as_mmdb", CONFIG_TEXT, "", 0, 0, NULL, false,
     "A MaxMind DB with the numbers and names of autonomous systems."},
    {"place", "tor_exits", CONFIG_TEXT, "", 0, 0, NULL, false,
     "A file with an address or prefix a line: exits of the Tor network."},
    {"place", "proxies", CONFIG_TEXT, "", 0, 0, NULL, false,
     "The same: open proxies and VPNs."},
    {"place", "hosting", CONFIG_TEXT, "", 0, 0, NULL, false,
     "The same: ranges of computing centres."},
    {"dnslist", "zone", CONFIG_TEXT, NULL, 1, LIMIT_DOMAIN, NULL, true,
     "The domain of the list (RFC 5782), such as zen.spamhaus.org."},
    {"dnslist", "kind", CONFIG_CHOICE, "ip", 0, 0, "ip|domain", true,
     "ip: asked for the source's address; domain: for the names in From, MAIL FROM, HELO "
     "and "
     "the reverse name."},
    {"dnslist", "good", CONFIG_BOOL, "no", 0, 0, NULL, true,
     "yes: a list of good senders; its weight speaks for the message."},
    {"dnslist", "answers", CONFIG_LIST, "", 0, 0, NULL, true,
     "What counts as listed: addresses and prefixes of 127.0.0.0/8, and &NUMBER for a bit "
     "of "
     "the last octet; empty: every one but 127.0.0.1 and 127.255.255.0/24."},
    {"dnslist", "weight", CONFIG_TEXT, "1", 1, 5, NULL, true,
     "How much a listing adds to the score (a good list: takes off), 0 to 10."},
    {"dnslist", "text", CONFIG_BOOL, "no", 0, 0, NULL, true,
     "Ask for the list's reason (TXT) when something is listed."},
    {"dnslist", "test", CONFIG_BOOL, "yes", 0, 0, NULL, true,
     "The list has the test point of RFC 5782 section 5 that must be listed, and is set "
     "aside "
     "without it."},
    {"vouch", "believe", CONFIG_LIST, "", 0, 0, NULL, false,
     "Certifiers whose word for a sender's domain counts (RFC 5518); nobody else is "
     "asked."},
    {0},
};

enum sk_code
trace_settings_new(struct arena *arena, const struct config *config,
                   const struct trace_settings **settings_r, struct why *why)
{
    struct trace_settings *settings = ARENA_NEW(arena, struct trace_settings);
    const struct bytes *trusted =
        config_list(config, "trace.trusted", &settings->trusted_count);
    struct net_prefix *prefixes =
        ARENA_NEW_MANY(arena, settings->trusted_count, struct net_prefix);

    for (size_t i = 0; i < settings->trusted_count; i++) {
        if (!net_prefix_read(trusted[i], &prefixes[i])) {
            return why_set_line(why, SK_CONFIG, config_line(config, "trace.trusted"),
                                "trace.trusted: %.60s is no address or prefix",
                                bytes_text(arena, trusted[i]));
        }
    }
    settings->trusted = prefixes;
    settings->legacy = config_bool(config, "trace.legacy");
    settings->senderid = config_bool(config, "trace.senderid");
    settings->received_spf = config_bool(config, "trace.received_spf");
    settings->authserv_id = config_text(config, "trace.authserv_id");
    if (settings->authserv_id.size == 0) {
        settings->authserv_id = config_text(config, "hostname");
    }
    *settings_r = settings;
    struct vouch_settings *vouch = ARENA_NEW(arena, struct vouch_settings);
    settings->vouch = vouch;
    enum sk_code listed = lists_settings_new(arena, config, &settings->lists, why);
    if (listed == SK_OK) {
        listed = vouch_settings_new(arena, config, vouch, why);
    }
    if (listed != SK_OK) {
        return listed;
    }
    if (arc_trusted_new(arena, config, &settings->arc_trusted, &settings->arc_trusted_count,
                        why) != SK_OK ||
        arc_settings_new(arena, config, &settings->seal, why) != SK_OK) {
        return SK_CONFIG;
    }
    enum sk_code code = sign_settings_new(arena, config, &settings->sign, why);
    return code == SK_OK ? batv_settings_new(arena, config, &settings->batv, why) : code;
}
