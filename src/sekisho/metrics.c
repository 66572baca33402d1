#define SK_BASE
#include "sekisho/metrics.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "decide/verdict.h"
#include "permit/consent.h"
#include "record/alarm.h"
#include "record/hold.h"
#include "report/clerk.h"
#include "sekisho/passage.h"

/* Where the figures come from. */
struct sources {
    const struct keeping *keeping;
    const struct passage_counts *counts;
    struct statvfs disk;
    struct alarm_counts alarms;
    size_t holds;          /* in force */
    double checkpoint_age; /* seconds; below 0: there is no checkpoint */
};

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

struct metric {
    const char *name; /* after "sekisho_" */
    enum metric_kind kind;
    const char *label;    /* its name; NULL without */
    unsigned label_count; /* values 0 to label_count - 1 */
    const char *(*label_name)(unsigned value);
    double (*value)(const struct sources *s, unsigned label);
    const char *help;
};

static const char *
action_name(unsigned action)
{
    return verdict_action_name((enum verdict_action)action);
}

/* One line for each figure's source. */
#define VALUE(name, expression)                                                            \
    static double value_##name(const struct sources *s, unsigned label)                    \
    {                                                                                      \
        (void)label;                                                                       \
        return (double)(expression);                                                       \
    }
VALUE(messages, s->counts->messages)
VALUE(kept, s->counts->kept)
VALUE(later, s->counts->later)
VALUE(lists_aside, s->counts->lists_aside)
VALUE(scanned, s->counts->scanned)
VALUE(infected, s->counts->infected)
VALUE(unscanned, s->counts->unscanned)
VALUE(verdicts, s->counts->by_action[label])
VALUE(entries, ledger_size(vault_ledger(s->keeping->vault)))
VALUE(checkpoint_age, s->checkpoint_age)
VALUE(commits, s->keeping->figures.commits)
VALUE(commits_failed, s->keeping->figures.commits_failed)
VALUE(records, s->keeping->figures.records)
VALUE(commit_seconds, (double)s->keeping->figures.commit_us / 1e6)
VALUE(commit_most, (double)s->keeping->figures.commit_us_most / 1e6)
VALUE(events_dropped, s->keeping->figures.events_dropped)
VALUE(trouble, vault_trouble(s->keeping->vault) != NULL)
VALUE(rows_behind, vault_rows_behind(s->keeping->vault))
VALUE(disk_free, (double)s->disk.f_bavail *(double)s->disk.f_frsize)
VALUE(disk_size, (double)s->disk.f_blocks *(double)s->disk.f_frsize)
VALUE(alarms_open, s->alarms.open)
VALUE(alarms_unsent, s->alarms.unsent)
VALUE(consents, s->keeping->consents != NULL ? consents_count(s->keeping->consents) : 0)
VALUE(holds, s->holds)
VALUE(started, (double)s->keeping->figures.began_ms / 1e3)

#define COUNTER(name, source, help)                                                        \
    {                                                                                      \
        name, METRIC_COUNTER, NULL, 1, NULL, value_##source, help                          \
    }
#define GAUGE(name, source, help)                                                          \
    {                                                                                      \
        name, METRIC_GAUGE, NULL, 1, NULL, value_##source, help                            \
    }

static const struct metric metrics[] = {
    COUNTER("messages_total", messages, "Messages that came to the end of their data."),
    COUNTER("messages_kept_total", kept, "Messages whose record is on disk."),
    COUNTER("messages_later_total", later, "Messages put off with 451 or 452."),
    {"verdicts_total", METRIC_COUNTER, "action", 5, action_name, value_verdicts,
     "Messages by the strongest action over their recipients."},
    COUNTER(
        "dns_lists_set_aside_total", lists_aside,
        "Times that a worker set a list in the DNS aside: broken, refusing, or silent."),
    COUNTER("clamd_attachments_total", scanned, "Attachments that clamd looked at."),
    COUNTER("clamd_infected_total", infected, "Attachments in which it found a virus."),
    COUNTER("clamd_unscanned_total", unscanned,
            "Attachments that it should have looked at, and did not: down, slow, too "
            "large."),
    GAUGE("ledger_entries", entries, "Entries of the ledger."),
    GAUGE("ledger_checkpoint_age_seconds", checkpoint_age,
          "Since the last checkpoint was signed; it is signed only when something is new."),
    COUNTER("keeper_commits_total", commits, "Groups of records committed, one sync each."),
    COUNTER("keeper_commits_failed_total", commits_failed,
            "Groups that could not be kept; everyone in them was answered 451."),
    COUNTER("keeper_records_total", records, "Records and outcomes in those groups."),
    COUNTER("keeper_commit_seconds_total", commit_seconds, "Time spent in commits."),
    GAUGE("keeper_commit_seconds_max", commit_most, "The longest commit."),
    COUNTER("console_events_dropped_total", events_dropped,
            "News that the console could not follow; the record has them."),
    GAUGE("alarms_open", alarms_open, "Alarms that nobody has acknowledged."),
    GAUGE("alarms_undelivered", alarms_unsent,
          "Alarms with a channel that could not be told yet."),
    GAUGE("consent_recipients", consents,
          "Recipients and domains with a word of their own."),
    GAUGE("legal_holds", holds, "Legal holds in force."),
    GAUGE("record_trouble", trouble,
          "1 while rows for search cannot be written though evidence is kept."),
    GAUGE("record_rows_behind", rows_behind,
          "Entries of the ledger that a search does not see yet; a quarter of a second's."),
    GAUGE("record_disk_free_bytes", disk_free, "Free on the record's disk."),
    GAUGE("record_disk_size_bytes", disk_size, "Size of the record's disk."),
    GAUGE("keeper_start_time_seconds", started, "When the keeper began, Unix time."),
};
#define METRIC_COUNT (sizeof metrics / sizeof metrics[0])

static void
find_sources(const struct keeping *keeping, struct sources *s)
{
    static const struct passage_counts none;
    int folder = ledger_folder(vault_ledger(keeping->vault));
    struct stat status;

    *s = (struct sources){.keeping = keeping,
                          .counts = keeping->counts != NULL ? keeping->counts : &none,
                          .checkpoint_age = -1};
    if (keeping->alarms != NULL) {
        s->alarms = alarms_count(keeping->alarms);
    }
    for (size_t i = 0; keeping->holds != NULL && i < holds_count(keeping->holds); i++) {
        s->holds += hold_state_in_force(holds_get(keeping->holds, i)->state);
    }
    if (fstatvfs(folder, &s->disk) != 0) {
        s->disk = (struct statvfs){0};
    }
    if (fstatat(folder, "checkpoint", &status, 0) == 0) {
        s->checkpoint_age = (double)clock_now_ms() / 1000 - (double)status.st_mtime;
    }
}

/* A whole number without a point, others with six decimals. */
static void
write_value(struct writer *w, double value)
{
    if (value == (double)(int64_t)value) {
        writer_number(w, (int64_t)value);
    } else {
        writer_format(w, "%.6f", value);
    }
}

static const char *
kind_name(enum metric_kind kind)
{
    return kind == METRIC_COUNTER ? "counter" : "gauge";
}

void
metrics_write(struct writer *w, const struct keeping *keeping)
{
    struct sources s;

    find_sources(keeping, &s);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric *m = &metrics[i];
        writer_format(w, "# HELP sekisho_%s %s\n# TYPE sekisho_%s %s\n", m->name, m->help,
                      m->name, kind_name(m->kind));
        for (unsigned label = 0; label < m->label_count; label++) {
            writer_format(w, "sekisho_%s", m->name);
            if (m->label != NULL) {
                writer_format(w, "{%s=\"%s\"}", m->label, m->label_name(label));
            }
            writer_byte(w, ' ');
            write_value(w, m->value(&s, label));
            writer_byte(w, '\n');
        }
    }
}

void
metrics_write_json(struct json *j, const struct keeping *keeping)
{
    struct sources s;

    find_sources(keeping, &s);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric *m = &metrics[i];
        json_key(j, m->name);
        if (m->label == NULL) {
            json_decimal(j, m->value(&s, 0), 6);
            continue;
        }
        json_open(j, '{');
        for (unsigned label = 0; label < m->label_count; label++) {
            json_key(j, m->label_name(label));
            json_decimal(j, m->value(&s, label), 6);
        }
        json_close(j);
    }
}

void
metrics_write_table(struct writer *w)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        writer_format(w, "sekisho_%s%s%s%s\t%s\t%s\n", metrics[i].name,
                      metrics[i].label != NULL ? "{" : "",
                      metrics[i].label != NULL ? metrics[i].label : "",
                      metrics[i].label != NULL ? "}" : "", kind_name(metrics[i].kind),
                      metrics[i].help);
    }
    clerk_metrics_table(w); /* what /metrics adds */
}
