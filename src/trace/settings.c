#include "trace/settings.h"

#include "trace/origin.h"

const struct config_key trace_config_keys[] = {
    {"trace", "authserv_id", CONFIG_TEXT, "", 0, 0, NULL, false,
     "Our name in Authentication-Results (RFC 8601); empty: hostname."},
    {"trace", "trusted", CONFIG_LIST, "127.0.0.0/8, ::1", 0, 0, NULL, false,
     "Addresses and prefixes of servers whose Received fields are believed."},
    {"trace", "legacy", CONFIG_BOOL, "no", 0, 0, NULL, false,
     "Accept what RFC 8301 and RFC 6376 retired: rsa-sha1, RSA keys under 1024 bits, "
     "DomainKeys tags."},
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
    settings->authserv_id = config_text(config, "trace.authserv_id");
    if (settings->authserv_id.size == 0) {
        settings->authserv_id = config_text(config, "hostname");
    }
    *settings_r = settings;
    return SK_OK;
}
