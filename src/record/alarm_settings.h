/* Where alarms go: the configuration's section [alarm], read and checked.
 *
 * A target is one place that is told: a mail address, a web hook, a syslog. Its name stands in the ledger and in the log,
 * so it carries no secret: of a web hook's address, whose path often is a password, only the host and a short hash. */
#pragma once

#include "base/config.h"
#include "net/endpoint.h"
#include "net/tls.h"

extern const struct config_key alarm_config_keys[];

enum alarm_channel { ALARM_MAIL, ALARM_WEBHOOK, ALARM_SYSLOG };

#define ALARM_NAME_SIZE 400 /* of a target's name, with its NUL */

struct alarm_target {
    enum alarm_channel channel;
    struct bytes
        name; /* "mail:ops@example.jp", "webhook:hooks.example#1a2b3c4d", "syslog:unix:/dev/log" */
    struct bytes address;  /* mail address, URL, or place */
    bool first, escalated; /* told of a new alarm; told when nobody acknowledges */
    /* of a web hook */
    bool tls;
    struct bytes host, path; /* without brackets; path with query, at least "/" */
    unsigned port;
    /* of a syslog */
    bool datagram;
    struct net_endpoint endpoint;
};

struct alarm_settings {
    struct alarm_target *targets;
    size_t target_count;
    struct bytes mail_from, hostname;
    struct bytes webhook_secret;   /* path of a file; "": made among the keys */
    const struct tls_context *tls; /* for https: verifies; NULL without `files` */
    int64_t interval_ms, escalate_after_ms;
    int severity; /* the least that is told of */
    bool excerpt;
};

/* files: whether the authorities for https are read too (config_file), as who sends needs them. */
enum sk_code alarm_settings_new(struct arena *arena, const struct config *config,
                                bool files, const struct alarm_settings **settings_r,
                                struct why *why);
/* NULL: no target of that name is configured (any more). */
const struct alarm_target *alarm_target_named(const struct alarm_settings *settings,
                                              struct bytes name);
const char *alarm_channel_name(enum alarm_channel channel);

/* "https://host[:port][/path][?query]", without a user; the rest of target_r is left as it is. false: it is none. */
bool alarm_url_read(struct bytes url, struct alarm_target *target_r);
