#include "report/dmarc_settings.h"

#include "base/limits.h"

#define DAY_MS   ((int64_t)86400000)
#define LEAST_MS 10000 /* for trying it out */
#define DAY_S    86400
#define LATE_S   (3 * DAY_S) /* so long ago, periods are made up for */

const struct config_key dmarc_config_keys[] = {
    {"dmarc_report", "send", CONFIG_CHOICE, "no", .choices = "no|dry_run|yes",
     .help =
         "Whether aggregate reports of DMARC (RFC 9990) are sent to the domains that ask "
         "for them; dry_run only logs what would be sent."},
    {"dmarc_report", "from", CONFIG_TEXT, "", 0, LIMIT_ADDRESS,
     .help = "Sender of our reports, whose domain names us in them; needed to send."},
    {"dmarc_report", "org_name", CONFIG_TEXT, "", 0, LIMIT_DOMAIN,
     .help = "Our name in reports; empty: the domain of from."},
    {"dmarc_report", "contact", CONFIG_TEXT, "", 0, LIMIT_DOMAIN,
     .help = "What reports say besides about how to reach us."},
    {"dmarc_report", "interval", CONFIG_TIME, "1d", LEAST_MS, 7 * DAY_MS,
     .help = "The time that one report is about, in UTC: a part of a day, or days."},
    {"dmarc_report", "delay", CONFIG_TIME, "30m", 0, DAY_MS,
     .help = "How long after its period a report is made."},
    {"dmarc_report", "daily_cap", CONFIG_NUMBER, "1000", 1, LIMIT_DMARC_SENT / 2,
     .help = "Reports sent in 24 hours at most."},
    {"dmarc_report", "size_max", CONFIG_SIZE, "10M", 10000, LIMIT_DMARC_REPORT_PACKED,
     .help = "Larger mails with a report are not sent."},
    {"dmarc_report", "never", CONFIG_LIST, "",
     .help = "Domains that are sent no report, with all below them."},
    {"dmarc_report", "always", CONFIG_LIST, "",
     .help = "Domains that are sent reports whatever their mail was like."},
    {"dmarc_report", "mailbox", CONFIG_LIST, "",
     .help = "Addresses that others' reports to us come to: mail to them is not reported."},
    {"dmarc_report", "failure", CONFIG_BOOL, "no",
     .help = "Whether sekisho dmarc failure may write failure reports (RFC 9991) for a "
             "person to "
             "hand on."},
    {"dmarc_report", "failure_send", CONFIG_CHOICE, "no", .choices = "no|dry_run|yes",
     .help =
         "Whether failure reports are sent to the addresses that ruf names, about single "
         "messages, redacted; dry_run only logs what would be sent."},
    {"dmarc_report", "failure_cap", CONFIG_NUMBER, "10", 1, 100,
     .help = "Failure reports sent to one address in 24 hours, and about one domain in one "
             "period, at most."},
    {.name = NULL},
};

bool
dmarc_domain_valid(struct bytes domain)
{
    size_t label = 0, labels = 1;

    for (size_t i = 0; i < domain.size; i++) {
        uint8_t c = domain.at[i];
        if (c == '.') {
            if (label == 0) {
                return false;
            }
            label = 0;
            labels++;
        } else if (ascii_letter(c) || ascii_digit(c) || c == '-' || c == '_') {
            if (++label > 63) {
                return false;
            }
        } else {
            return false;
        }
    }
    return label > 0 && labels > 1 && domain.size <= 253;
}

bool
dmarc_domain_in(const struct bytes *list, size_t count, struct bytes domain)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal_fold(list[i], domain) ||
            (domain.size > list[i].size && bytes_ends_fold(domain, list[i]) &&
             domain.at[domain.size - list[i].size - 1] == '.')) {
            return true;
        }
    }
    return false;
}

/* A plain address in ASCII: it goes into MAIL and header fields as it is. */
static bool
is_address(struct bytes text)
{
    size_t at = bytes_find_last(text, '@');

    for (size_t i = 0; i < text.size; i++) {
        bool special = strchr("<>()[]\\,;:\"", text.at[i]) != NULL;
        if (text.at[i] <= ' ' || text.at[i] >= 0x7f || special) {
            return false;
        }
    }
    return at != BYTES_NOWHERE && at > 0 && at <= 40 && /* room for a token */
           bytes_find_byte(text, '+', 0) == BYTES_NOWHERE &&
           dmarc_domain_valid(bytes_from(text, at + 1));
}

enum sk_code
dmarc_settings_new(struct arena *arena, const struct config *config,
                   struct dmarc_settings **settings_r, struct why *why)
{
    struct dmarc_settings *s = ARENA_NEW(arena, struct dmarc_settings);

    s->send = (enum dmarc_send)config_choice(config, "dmarc_report.send");
    s->from = config_text(config, "dmarc_report.from");
    s->org_name = config_text(config, "dmarc_report.org_name");
    s->contact = config_text(config, "dmarc_report.contact");
    s->interval_s = config_number(config, "dmarc_report.interval") / 1000;
    s->delay_s = config_number(config, "dmarc_report.delay") / 1000;
    s->daily_cap = (uint64_t)config_number(config, "dmarc_report.daily_cap");
    s->size_max = (size_t)config_number(config, "dmarc_report.size_max");
    s->never = config_list(config, "dmarc_report.never", &s->never_count);
    s->always = config_list(config, "dmarc_report.always", &s->always_count);
    s->mailboxes = config_list(config, "dmarc_report.mailbox", &s->mailbox_count);
    s->failure = config_bool(config, "dmarc_report.failure");
    s->failure_send = (enum dmarc_send)config_choice(config, "dmarc_report.failure_send");
    s->failure_cap = (uint64_t)config_number(config, "dmarc_report.failure_cap");
    if (s->from.size == 0 && s->send != DMARC_SEND_NO) {
        return why_set_line(why, SK_CONFIG, config_line(config, "dmarc_report.send"),
                            "dmarc_report.send: the sender dmarc_report.from is missing");
    }
    if (s->from.size == 0 && s->failure_send != DMARC_SEND_NO) {
        return why_set_line(
            why, SK_CONFIG, config_line(config, "dmarc_report.failure_send"),
            "dmarc_report.failure_send: the sender dmarc_report.from is missing");
    }
    if (s->from.size > 0 && !is_address(s->from)) {
        return why_set_line(
            why, SK_CONFIG, config_line(config, "dmarc_report.from"),
            "dmarc_report.from: a plain address is wanted, at most 40 bytes "
            "before the @ and no +");
    }
    if (s->interval_s < DAY_S ? DAY_S % s->interval_s != 0 : s->interval_s % DAY_S != 0) {
        return why_set_line(why, SK_CONFIG, config_line(config, "dmarc_report.interval"),
                            "dmarc_report.interval: a part of a day (1h, 4h, 12h, ...) or "
                            "whole days are wanted");
    }
    s->submitter = s->from.size > 0 ? bytes_from(s->from, bytes_find_last(s->from, '@') + 1)
                                    : config_text(config, "hostname");
    s->org_name = s->org_name.size > 0 ? s->org_name : s->submitter;
    *settings_r = s;
    return SK_OK;
}

bool
dmarc_period_due(const struct dmarc_settings *settings, int64_t after, int64_t now_s,
                 int64_t *begin_r, int64_t *end_r)
{
    int64_t interval = settings->interval_s;
    int64_t last_end = (now_s - settings->delay_s) / interval * interval;
    int64_t first = last_end - interval;
    int64_t late = LATE_S > 3 * interval ? LATE_S : 3 * interval;

    if (after > last_end - late && after % interval == 0) {
        first = after;
    }
    *begin_r = first;
    *end_r = first + interval;
    return first >= 0 && *end_r <= last_end && *end_r > after;
}
