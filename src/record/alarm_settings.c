#include "record/alarm_settings.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/writer.h"

const struct config_key alarm_config_keys[] = {
    {"alarm", "mail_to", CONFIG_LIST, "",
     .help = "Who is told of an alarm by mail, through the next hop."},
    {"alarm", "mail_from", CONFIG_TEXT, "", 0, LIMIT_ADDRESS,
     .help = "Sender of alarm mail; needed with mail_to."},
    {"alarm", "webhook", CONFIG_LIST, "",
     .help = "http or https addresses that are sent each alarm as signed JSON (Standard "
             "Webhooks)."},
    {"alarm", "webhook_secret", CONFIG_TEXT, "",
     .help = "File with the secret that signs web hooks, 24 to 64 bytes or \"whsec_\" and "
             "base64; empty: one is made (sekisho alarm secret shows it)."},
    {"alarm", "webhook_authorities", CONFIG_TEXT, "/etc/ssl/certs/ca-certificates.crt", 1,
     0, .help = "PEM file with the authorities that may vouch for https web hooks."},
    {"alarm", "syslog", CONFIG_LIST, "",
     .help = "Where alarms go as RFC 5424: unix:/dev/log, or ADDRESS:PORT over UDP."},
    {"alarm", "severity", CONFIG_NUMBER, "1", 1, 5,
     .help = "Least severity of a threat that raises an alarm."},
    {"alarm", "interval", CONFIG_TIME, "1h", 1000, 86400000,
     .help =
         "A campaign is told of at most once in this time, with counts; at once when its "
         "severity rises."},
    {"alarm", "escalate_after", CONFIG_TIME, "10m", 1000, 86400000,
     .help =
         "How long an alarm waits to be acknowledged before it is escalated; then double "
         "that, and so on."},
    {"alarm", "escalate_to", CONFIG_LIST, "",
     .help =
         "Who is told when nobody acknowledges: mail addresses, web hooks, syslog places; "
         "empty: the same as before."},
    {"alarm", "excerpt", CONFIG_BOOL, "yes",
     .help = "Whether an alarm quotes the sentence that it rests on."},
    {.name = NULL},
};

const char *
alarm_channel_name(enum alarm_channel channel)
{
    static const char *const names[] = {
        [ALARM_MAIL] = "mail", [ALARM_WEBHOOK] = "webhook", [ALARM_SYSLOG] = "syslog"};

    return names[channel];
}

static bool
is_graphic(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] <= ' ' || text.at[i] >= 0x7f) {
            return false;
        }
    }
    return text.size > 0;
}

/* A plain address in ASCII: it goes into MAIL, RCPT and header fields as it is. */
static bool
is_address(struct bytes text)
{
    size_t at = bytes_find_last(text, '@');

    if (!is_graphic(text) || at == BYTES_NOWHERE || at == 0 || at > 64 ||
        at + 1 == text.size || text.size > LIMIT_ADDRESS) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (memchr("<>()[]\\,;:\"", text.at[i], 11) != NULL ||
            (i != at && text.at[i] == '@')) {
            return false;
        }
    }
    return true;
}

static bool
is_host(struct bytes host, bool brackets)
{
    for (size_t i = 0; i < host.size; i++) {
        uint8_t c = host.at[i];
        bool named = ascii_letter(c) || ascii_digit(c) || c == '-' || c == '.' || c == '_';
        if (brackets ? ascii_hex(c) < 0 && c != ':' && c != '.' : !named) {
            return false;
        }
    }
    return host.size > 0 && host.size <= LIMIT_DOMAIN;
}

bool
alarm_url_read(struct bytes url, struct alarm_target *target_r)
{
    bool tls = bytes_starts_fold(url, BYTES("https://"));

    if (!is_graphic(url) || url.size > LIMIT_ALARM_URL ||
        (!tls && !bytes_starts_fold(url, BYTES("http://")))) {
        return false;
    }
    struct bytes rest = bytes_from(url, tls ? 8 : 7);
    size_t end = 0;
    while (end < rest.size && rest.at[end] != '/' && rest.at[end] != '?' &&
           rest.at[end] != '#') {
        end++;
    }
    struct bytes place = bytes_slice(rest, 0, end), path = bytes_from(rest, end);
    bool brackets = bytes_starts(place, BYTES("["));
    size_t close = brackets ? bytes_find_byte(place, ']', 0) : 0;
    if (close == BYTES_NOWHERE || bytes_find_byte(path, '#', 0) != BYTES_NOWHERE ||
        (path.size > 0 && path.at[0] != '/')) {
        return false;
    }
    size_t colon = bytes_find_byte(place, ':', close);
    uint64_t port = tls ? 443 : 80;
    if (colon != BYTES_NOWHERE &&
        (!bytes_to_number(bytes_from(place, colon + 1), 65535, &port) || port == 0)) {
        return false;
    }
    struct bytes host = bytes_slice(place, 0, colon);
    if (brackets && (host.size < 2 || host.at[host.size - 1] != ']')) {
        return false;
    }
    host = brackets ? bytes_slice(host, 1, host.size - 1) : host;
    if (!is_host(host, brackets)) {
        return false;
    }
    target_r->tls = tls;
    target_r->host = host;
    target_r->port = (unsigned)port;
    target_r->path = path.size > 0 ? path : BYTES("/");
    return true;
}

static void
name_webhook(struct arena *arena, struct alarm_target *target)
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct writer w;

    hash_sha256(target->address, digest);
    writer_init(&w, arena);
    writer_text(&w, "webhook:");
    writer_bytes(&w, target->host);
    writer_byte(&w, '#');
    writer_bytes(&w, bytes_hex(arena, bytes_of(digest, 4)));
    target->name = writer_view(&w);
}

static void
name_plain(struct arena *arena, struct alarm_target *target)
{
    struct writer w;

    writer_init(&w, arena);
    writer_format(&w, "%s:", alarm_channel_name(target->channel));
    writer_bytes(&w, target->address);
    target->name = writer_view(&w);
}

/* What a text in one of the lists means. */
static enum sk_code
read_target(struct arena *arena, struct bytes text, struct alarm_target *target,
            struct why *why)
{
    struct why cause;

    *target = (struct alarm_target){.address = text};
    if (bytes_find(text, BYTES("://"), 0) != BYTES_NOWHERE) {
        target->channel = ALARM_WEBHOOK;
        if (!alarm_url_read(text, target)) {
            return why_set(why, SK_CONFIG,
                           "a web hook is written https://HOST[:PORT]/PATH, without a user "
                           "name and without #");
        }
        name_webhook(arena, target);
        return SK_OK;
    }
    if (is_address(text)) {
        target->channel = ALARM_MAIL;
        name_plain(arena, target);
        return SK_OK;
    }
    target->channel = ALARM_SYSLOG;
    if (!is_graphic(text) || text.size > LIMIT_DOMAIN ||
        net_endpoint_read(text, &target->endpoint, &cause) != SK_OK) {
        return why_set(why, SK_CONFIG,
                       "\"%.*s\" is no mail address, no http or https address, no "
                       "unix:/PATH and no ADDRESS:PORT",
                       (int)(text.size < 100 ? text.size : 100), (const char *)text.at);
    }
    target->datagram = target->endpoint.socket.ss_family != AF_UNIX;
    name_plain(arena, target);
    return SK_OK;
}

static enum sk_code
complain(const struct config *config, const char *key, const struct why *cause,
         struct why *why)
{
    return why_set_line(why, SK_CONFIG, config_line(config, key), "%s: %s", key,
                        cause->sentence);
}

static enum sk_code
add_list(struct arena *arena, const struct config *config, const char *key, int channel,
         bool escalated, struct alarm_settings *s, struct why *why)
{
    size_t count;
    const struct bytes *list = config_list(config, key, &count);
    struct why cause;

    for (size_t i = 0; i < count; i++) {
        struct alarm_target target;
        if (read_target(arena, list[i], &target, &cause) != SK_OK) {
            return complain(config, key, &cause, why);
        }
        if (channel >= 0 && target.channel != (enum alarm_channel)channel) {
            return why_set_line(
                why, SK_CONFIG, config_line(config, key), "%s: \"%.*s\" is a %s place", key,
                (int)(list[i].size < 100 ? list[i].size : 100), (const char *)list[i].at,
                alarm_channel_name(target.channel));
        }
        struct alarm_target *same =
            (struct alarm_target *)(uintptr_t)alarm_target_named(s, target.name);
        if (same == NULL && s->target_count == LIMIT_ALARM_TARGETS) {
            return why_set_line(why, SK_CONFIG, config_line(config, key),
                                "%s: more than %d places for alarms", key,
                                LIMIT_ALARM_TARGETS);
        }
        if (same == NULL) {
            same = &s->targets[s->target_count++];
            *same = target;
        }
        same->first = same->first || !escalated;
        same->escalated = same->escalated || escalated;
    }
    return SK_OK;
}

static enum sk_code
read_authorities(struct arena *arena, const struct config *config, struct alarm_settings *s,
                 struct why *why)
{
    static const char key[] = "alarm.webhook_authorities";
    struct bytes path = config_text(config, key), authorities;
    struct tls_context *tls = NULL;
    struct why cause;
    bool wanted = false;

    for (size_t i = 0; i < s->target_count; i++) {
        wanted = wanted || s->targets[i].tls;
    }
    if (!wanted) {
        return SK_OK;
    }
    enum sk_code code =
        config_file(config, arena, path, LIMIT_CERTIFICATES, &authorities, &cause);
    if (code == SK_OK) {
        code = tls_client_new(arena, authorities, path, &tls, &cause);
    }
    s->tls = tls;
    return code == SK_OK ? SK_OK : complain(config, key, &cause, why);
}

enum sk_code
alarm_settings_new(struct arena *arena, const struct config *config, bool files,
                   const struct alarm_settings **settings_r, struct why *why)
{
    struct alarm_settings *s = ARENA_NEW(arena, struct alarm_settings);
    bool mail = false, none_escalated = true;

    s->targets = ARENA_NEW_MANY(arena, LIMIT_ALARM_TARGETS, struct alarm_target);
    s->mail_from = config_text(config, "alarm.mail_from");
    s->hostname = config_text(config, "hostname");
    s->webhook_secret = config_text(config, "alarm.webhook_secret");
    s->interval_ms = config_number(config, "alarm.interval");
    s->escalate_after_ms = config_number(config, "alarm.escalate_after");
    s->severity = (int)config_number(config, "alarm.severity");
    s->excerpt = config_bool(config, "alarm.excerpt");
    enum sk_code code = add_list(arena, config, "alarm.mail_to", ALARM_MAIL, false, s, why);
    if (code == SK_OK) {
        code = add_list(arena, config, "alarm.webhook", ALARM_WEBHOOK, false, s, why);
    }
    if (code == SK_OK) {
        code = add_list(arena, config, "alarm.syslog", ALARM_SYSLOG, false, s, why);
    }
    if (code == SK_OK) {
        code = add_list(arena, config, "alarm.escalate_to", -1, true, s, why);
    }
    for (size_t i = 0; i < s->target_count; i++) {
        mail = mail || s->targets[i].channel == ALARM_MAIL;
        none_escalated = none_escalated && !s->targets[i].escalated;
    }
    for (size_t i = 0; i < s->target_count && none_escalated; i++) {
        s->targets[i].escalated = true;
    }
    if (code == SK_OK && mail && !is_address(s->mail_from)) {
        code = why_set_line(why, SK_CONFIG, config_line(config, "alarm.mail_from"),
                            "alarm.mail_from: the sender of alarm mail is wanted, as "
                            "user@domain");
    }
    if (code == SK_OK && files) {
        code = read_authorities(arena, config, s, why);
    }
    *settings_r = s;
    return code;
}

const struct alarm_target *
alarm_target_named(const struct alarm_settings *settings, struct bytes name)
{
    for (size_t i = 0; i < settings->target_count; i++) {
        if (bytes_equal(settings->targets[i].name, name)) {
            return &settings->targets[i];
        }
    }
    return NULL;
}
