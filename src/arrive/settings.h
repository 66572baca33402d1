/* What the configuration says about the doors: sections [transfer] and [http], and the top-level key `hostname`.
 * Made once from a configuration and never changed; sessions keep the settings they began with, so the arena must
 * live until doors_uses tells that none does. */
#pragma once

#include "base/config.h"
#include "net/endpoint.h"
#include "net/tls.h"

/* Rows for config_read; the last has a NULL name. `hostname` is not among them. */
extern const struct config_key arrive_config_keys[];

enum next_hop_kind { NEXT_HOP_SMTP, NEXT_HOP_LMTP, NEXT_HOP_MAILDIR };
enum next_hop_tls {
    NEXT_HOP_TLS_NO,
    NEXT_HOP_TLS_MAY,
    NEXT_HOP_TLS_MUST,  /* by anybody's certificate */
    NEXT_HOP_TLS_VERIFY /* by one that names tls_name and is vouched for */
};
enum bare_newline { BARE_NEWLINE_REFUSE, BARE_NEWLINE_REPAIR };

struct next_hop_settings {
    enum next_hop_kind kind;
    struct net_endpoint endpoint; /* SMTP, LMTP */
    struct bytes maildir;         /* the root folder */
    struct bytes hostname;        /* our own, for EHLO */
    enum next_hop_tls tls;
    const struct tls_context *tls_context;
    struct bytes tls_name;
    bool xclient;
    int64_t greeting_ms, mail_ms, rcpt_ms, data_ms, block_ms, dot_ms;
};

enum doors_kind { DOORS_TRANSFER, DOORS_HTTP };

/* A place to listen at. */
struct doors_place {
    enum doors_kind kind;
    struct bytes text; /* as configured */
    struct net_endpoint endpoint;
};

struct arrive_settings {
    struct bytes hostname;
    struct doors_place *places;
    size_t place_count;
    struct next_hop_settings next_hop;
    const struct bytes *domains; /* lower case; none: the next hop decides */
    size_t domain_count;
    const struct net_prefix *trusted; /* may say XCLIENT */
    size_t trusted_count;
    enum bare_newline bare_newline;
    size_t message_size;
    const struct tls_context *tls; /* NULL: no STARTTLS */
    int64_t command_ms, data_ms, greeting_wait_ms;
    size_t connections, client_connections;
    struct bytes spam_address, ham_address; /* where people report mail; "": nowhere */
    const struct net_prefix *reporters;     /* who may, besides clients with a login */
    size_t reporter_count;
    struct bytes http_password; /* "": none asked for */
    bool http_papers;           /* what is scanned is signed and sealed too */
};

enum sk_code arrive_settings_new(struct arena *arena, const struct config *config,
                                 const struct arrive_settings **settings_r,
                                 struct why *why);
