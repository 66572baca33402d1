#include "arrive/settings.h"

#include "base/limits.h"
#include "base/writer.h"

#define TRANSFER(name, type, fallback, least, most, choices, help)                         \
    {                                                                                      \
        "transfer", name, type, fallback, least, most, choices, false, help                \
    }
#define HOUR_MS 3600000

_Static_assert(LIMIT_MESSAGE == 52428800, "the table below writes it in words");

const struct config_key arrive_config_keys[] = {
    TRANSFER("listen", CONFIG_LIST, "", 0, 0, NULL,
             "Where mail is taken by SMTP: ADDRESS:PORT, [IPV6]:PORT or unix:/PATH."),
    TRANSFER("next_hop", CONFIG_TEXT, "", 0, 0, NULL,
             "Where it goes: smtp://ADDRESS:PORT, lmtp://ADDRESS:PORT, lmtp+unix:/PATH or "
             "maildir:/PATH."),
    TRANSFER("domains", CONFIG_LIST, "", 0, 0, NULL,
             "Domains that mail is taken for; empty leaves the answer to the next hop."),
    TRANSFER("trusted", CONFIG_LIST, "", 0, 0, NULL,
             "Addresses and prefixes of fronts that may say XCLIENT."),
    TRANSFER("bare_newline", CONFIG_CHOICE, "refuse", 0, 0, "refuse|repair",
             "What happens to a message with a CR or LF that stands alone; it is never "
             "passed on as it came."),
    TRANSFER("message_size", CONFIG_SIZE, "50M", 65536, LIMIT_MESSAGE, NULL,
             "The largest message that is taken."),
    TRANSFER("tls_certificate", CONFIG_TEXT, "", 0, 0, NULL,
             "PEM file with the certificate chain; without it no STARTTLS."),
    TRANSFER("tls_key", CONFIG_TEXT, "", 0, 0, NULL,
             "PEM file with its private key; only the key process reads it."),
    TRANSFER("command_time", CONFIG_TIME, "5m", 100, HOUR_MS, NULL,
             "How long a client may take for a command."),
    TRANSFER("data_time", CONFIG_TIME, "3m", 100, HOUR_MS, NULL,
             "How long a client may take between two pieces of a message."),
    TRANSFER(
        "greeting_wait", CONFIG_TIME, "0", 0, 60000, NULL,
        "How long we wait before the greeting; a client that speaks first is refused."),
    TRANSFER("connections", CONFIG_NUMBER, "2000", 1, LIMIT_CONNECTIONS, NULL,
             "Connections at a time in one worker."),
    TRANSFER("client_connections", CONFIG_NUMBER, "100", 1, LIMIT_CONNECTIONS_CLIENT, NULL,
             "Of these, from one address; trusted fronts and loopback are not counted."),
    TRANSFER("next_hop_tls", CONFIG_CHOICE, "no", 0, 0, "no|may|must|verify",
             "Whether STARTTLS is used towards the next hop; only with verify is it sure "
             "who answers."),
    TRANSFER("next_hop_name", CONFIG_TEXT, "", 0, 255, NULL,
             "Whom the next hop's certificate must name: a host's name or an address."),
    TRANSFER("next_hop_authorities", CONFIG_TEXT, "/etc/ssl/certs/ca-certificates.crt", 1,
             0, NULL, "PEM file with the authorities that may vouch for the next hop."),
    TRANSFER("next_hop_xclient", CONFIG_BOOL, "no", 0, 0, NULL,
             "Whether the next hop is told the client by XCLIENT, when it offers that."),
    TRANSFER("next_hop_greeting_time", CONFIG_TIME, "5m", 100, HOUR_MS, NULL,
             "How long the next hop may take to be reached and to greet."),
    TRANSFER("next_hop_mail_time", CONFIG_TIME, "5m", 100, HOUR_MS, NULL,
             "How long it may take to answer MAIL."),
    TRANSFER("next_hop_rcpt_time", CONFIG_TIME, "5m", 100, HOUR_MS, NULL,
             "How long it may take to answer RCPT."),
    TRANSFER("next_hop_data_time", CONFIG_TIME, "2m", 100, HOUR_MS, NULL,
             "How long it may take to answer DATA."),
    TRANSFER("next_hop_block_time", CONFIG_TIME, "3m", 100, HOUR_MS, NULL,
             "How long it may take to take a piece of a message."),
    TRANSFER("next_hop_dot_time", CONFIG_TIME, "10m", 100, HOUR_MS, NULL,
             "How long it may take to answer the whole message."),
    {"http", "listen", CONFIG_LIST, "", 0, 0, NULL, false,
     "Where messages are scanned by HTTP: ADDRESS:PORT or unix:/PATH."},
    {"http", "password", CONFIG_TEXT, "", 0, 0, NULL, false,
     "Password that /learnspam and /learnham ask for; empty asks for none."},
    {"http", "papers", CONFIG_BOOL, "no", 0, 0, NULL, false,
     "Hand out DKIM signatures and ARC sets for what is scanned: whoever reaches this door "
     "can then have mail signed by saying that it comes from a client of ours."},
    {"learn", "spam_address", CONFIG_TEXT, "",
     .help =
         "Address that people forward unwanted mail to, as an attachment; empty: none."},
    {"learn", "ham_address", CONFIG_TEXT, "",
     .help = "The same for mail that was wrongly called unwanted."},
    {"learn", "clients", CONFIG_LIST, "",
     .help = "Who may report to them, besides clients with a login (XCLIENT LOGIN): "
             "addresses and prefixes of our own networks."},
    {NULL, NULL, CONFIG_TEXT, NULL, 0, 0, NULL, false, NULL},
};

static enum sk_code
read_places(struct arena *arena, const struct config *config, struct arrive_settings *s,
            struct why *why)
{
    static const char *const keys[] = {"transfer.listen", "http.listen"};
    static const enum doors_kind kinds[] = {DOORS_TRANSFER, DOORS_HTTP};
    size_t counts[2], total = 0;
    const struct bytes *lists[2];
    struct why inner;

    for (size_t k = 0; k < 2; k++) {
        lists[k] = config_list(config, keys[k], &counts[k]);
        total += counts[k];
    }
    s->places = ARENA_NEW_MANY(arena, total, struct doors_place);
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < counts[k]; i++) {
            struct doors_place *place = &s->places[s->place_count++];
            *place = (struct doors_place){.kind = kinds[k],
                                          .text = bytes_copy(arena, lists[k][i])};
            if (net_endpoint_read(place->text, &place->endpoint, &inner) != SK_OK) {
                return why_set_line(why, SK_CONFIG, config_line(config, keys[k]),
                                    "%s: \"%.*s\": %s", keys[k],
                                    BYTES_ARGUMENTS(place->text), inner.sentence);
            }
        }
    }
    return SK_OK;
}

static enum sk_code
read_next_hop(struct arena *arena, const struct config *config,
              struct next_hop_settings *hop, struct why *why)
{
    static const struct {
        const char *scheme;
        enum next_hop_kind kind;
        const char *before; /* put before the rest to make an endpoint */
    } schemes[] = {
        {"smtp://", NEXT_HOP_SMTP, ""},         {"lmtp://", NEXT_HOP_LMTP, ""},
        {"lmtp+unix:", NEXT_HOP_LMTP, "unix:"}, {"smtp+unix:", NEXT_HOP_SMTP, "unix:"},
        {"maildir:", NEXT_HOP_MAILDIR, ""},
    };
    struct bytes text = config_text(config, "transfer.next_hop");
    size_t line = config_line(config, "transfer.next_hop"), count;
    struct why inner;

    (void)config_list(config, "transfer.listen", &count);
    if (text.size == 0 && count == 0) {
        hop->kind = NEXT_HOP_MAILDIR;
        return SK_OK;
    }
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct bytes scheme = bytes_from_text(schemes[i].scheme);
        if (!bytes_starts_fold(text, scheme)) {
            continue;
        }
        struct bytes rest = bytes_from(text, scheme.size);
        hop->kind = schemes[i].kind;
        if (hop->kind == NEXT_HOP_MAILDIR) {
            hop->maildir = bytes_copy(arena, rest);
            return rest.size > 0 && rest.at[0] == '/'
                       ? SK_OK
                       : why_set_line(
                             why, SK_CONFIG, line,
                             "transfer.next_hop: write maildir:/PATH with a whole path");
        }
        struct writer w;
        writer_init(&w, arena);
        writer_text(&w, schemes[i].before);
        writer_bytes(&w, rest);
        if (net_endpoint_read(writer_view(&w), &hop->endpoint, &inner) != SK_OK) {
            return why_set_line(why, SK_CONFIG, line, "transfer.next_hop: %s",
                                inner.sentence);
        }
        return SK_OK;
    }
    return why_set_line(why, SK_CONFIG, line,
                        "transfer.next_hop: write smtp://ADDRESS:PORT, "
                        "lmtp://ADDRESS:PORT, lmtp+unix:/PATH or "
                        "maildir:/PATH");
}

/* The server's certificate. Its key is not read here, nor by this process: the supervisor hands the file to the key
 * process, unread (sekisho/key_role.c). */
static enum sk_code
read_tls(struct arena *arena, const struct config *config, struct arrive_settings *s,
         struct why *why)
{
    struct bytes certificate = config_text(config, "transfer.tls_certificate"), chain;
    struct bytes key = config_text(config, "transfer.tls_key");
    struct tls_context *context;
    struct why cause;

    if ((certificate.size == 0) != (key.size == 0)) {
        return why_set(why, SK_CONFIG,
                       "transfer.tls_certificate and transfer.tls_key are given together "
                       "or not at all");
    }
    if (certificate.size == 0) {
        return SK_OK;
    }
    enum sk_code code =
        config_file(config, arena, certificate, LIMIT_CERTIFICATES, &chain, &cause);
    if (code == SK_OK) {
        code = tls_server_new(arena, chain, certificate, &context, &cause);
    }
    if (code != SK_OK) {
        return why_set_line(why, SK_CONFIG, config_line(config, "transfer.tls_certificate"),
                            "transfer.tls_certificate: %s", cause.sentence);
    }
    s->tls = context;
    return SK_OK;
}

/* How the next hop is spoken to; with `verify`, by whom its certificate must be vouched for and whom it must name. */
static enum sk_code
read_next_hop_tls(struct arena *arena, const struct config *config,
                  struct next_hop_settings *hop, struct why *why)
{
    struct bytes path = config_text(config, "transfer.next_hop_authorities");
    struct bytes authorities = BYTES_NONE;
    enum sk_code code = SK_OK;
    struct tls_context *context;
    struct why cause;

    if (hop->tls == NEXT_HOP_TLS_NO) {
        return SK_OK;
    }
    if (hop->tls == NEXT_HOP_TLS_VERIFY) {
        hop->tls_name = bytes_copy(arena, config_text(config, "transfer.next_hop_name"));
        if (hop->tls_name.size == 0 && hop->kind != NEXT_HOP_MAILDIR) {
            return why_set_line(why, SK_CONFIG,
                                config_line(config, "transfer.next_hop_tls"),
                                "transfer.next_hop_tls = verify: whom the certificate must "
                                "name is written as transfer.next_hop_name, a host's name "
                                "or an address");
        }
        code = config_file(config, arena, path, LIMIT_CERTIFICATES, &authorities, &cause);
    }
    if (code == SK_OK) {
        code = tls_client_new(arena, authorities, path, &context, &cause);
    }
    if (code != SK_OK) {
        return why_set_line(why, SK_CONFIG,
                            config_line(config, "transfer.next_hop_authorities"),
                            "transfer.next_hop_authorities: %s", cause.sentence);
    }
    hop->tls_context = context;
    return SK_OK;
}

/* Where and from whom reports are taken. */
static enum sk_code
read_reporters(struct arena *arena, const struct config *config, struct arrive_settings *s,
               struct why *why)
{
    const struct bytes *list = config_list(config, "learn.clients", &s->reporter_count);
    struct net_prefix *reporters =
        ARENA_NEW_MANY(arena, s->reporter_count, struct net_prefix);

    for (size_t i = 0; i < s->reporter_count; i++) {
        if (!net_prefix_read(list[i], &reporters[i])) {
            return why_set_line(why, SK_CONFIG, config_line(config, "learn.clients"),
                                "learn.clients: \"%.*s\" is no address or prefix",
                                BYTES_ARGUMENTS(list[i]));
        }
    }
    s->reporters = reporters;
    s->spam_address = config_text(config, "learn.spam_address");
    s->ham_address = config_text(config, "learn.ham_address");
    if (s->spam_address.size > 0 && bytes_equal_fold(s->spam_address, s->ham_address)) {
        return why_set_line(why, SK_CONFIG, config_line(config, "learn.ham_address"),
                            "learn.ham_address is learn.spam_address");
    }
    return SK_OK;
}

static enum sk_code
read_trusted(struct arena *arena, const struct config *config, struct arrive_settings *s,
             struct why *why)
{
    const struct bytes *list = config_list(config, "transfer.trusted", &s->trusted_count);
    struct net_prefix *trusted = ARENA_NEW_MANY(arena, s->trusted_count, struct net_prefix);

    for (size_t i = 0; i < s->trusted_count; i++) {
        if (!net_prefix_read(list[i], &trusted[i])) {
            return why_set_line(why, SK_CONFIG, config_line(config, "transfer.trusted"),
                                "transfer.trusted: \"%.*s\" is no address or prefix",
                                BYTES_ARGUMENTS(list[i]));
        }
    }
    s->trusted = trusted;
    return SK_OK;
}

static void
read_plain(struct arena *arena, const struct config *config, struct arrive_settings *s)
{
    struct next_hop_settings *hop = &s->next_hop;
    const struct bytes *domains = config_list(config, "transfer.domains", &s->domain_count);
    struct bytes *copies = ARENA_NEW_MANY(arena, s->domain_count, struct bytes);

    for (size_t i = 0; i < s->domain_count; i++) {
        copies[i] = bytes_lower(arena, domains[i]);
    }
    s->domains = copies;
    s->hostname = hop->hostname = bytes_copy(arena, config_text(config, "hostname"));
    s->bare_newline = (enum bare_newline)config_choice(config, "transfer.bare_newline");
    s->message_size = (size_t)config_number(config, "transfer.message_size");
    s->command_ms = config_number(config, "transfer.command_time");
    s->data_ms = config_number(config, "transfer.data_time");
    s->greeting_wait_ms = config_number(config, "transfer.greeting_wait");
    s->connections = (size_t)config_number(config, "transfer.connections");
    s->client_connections = (size_t)config_number(config, "transfer.client_connections");
    s->http_password = bytes_copy(arena, config_text(config, "http.password"));
    s->http_papers = config_bool(config, "http.papers");
    hop->tls = (enum next_hop_tls)config_choice(config, "transfer.next_hop_tls");
    hop->xclient = config_bool(config, "transfer.next_hop_xclient");
    hop->greeting_ms = config_number(config, "transfer.next_hop_greeting_time");
    hop->mail_ms = config_number(config, "transfer.next_hop_mail_time");
    hop->rcpt_ms = config_number(config, "transfer.next_hop_rcpt_time");
    hop->data_ms = config_number(config, "transfer.next_hop_data_time");
    hop->block_ms = config_number(config, "transfer.next_hop_block_time");
    hop->dot_ms = config_number(config, "transfer.next_hop_dot_time");
}

enum sk_code
arrive_settings_new(struct arena *arena, const struct config *config,
                    const struct arrive_settings **settings_r, struct why *why)
{
    struct arrive_settings *s = ARENA_NEW(arena, struct arrive_settings);
    enum sk_code code;

    read_plain(arena, config, s);
    code = read_places(arena, config, s, why);
    if (code == SK_OK) {
        code = read_next_hop(arena, config, &s->next_hop, why);
    }
    if (code == SK_OK) {
        code = read_trusted(arena, config, s, why);
    }
    if (code == SK_OK) {
        code = read_reporters(arena, config, s, why);
    }
    if (code == SK_OK) {
        code = read_tls(arena, config, s, why);
    }
    if (code == SK_OK) {
        code = read_next_hop_tls(arena, config, &s->next_hop, why);
    }
    *settings_r = s;
    return code;
}
