#define SK_BASE
#include "sekisho/settings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arrive/settings.h"
#include "base/limits.h"
#include "dns/settings.h"
#include "judge/groups.h"
#include "judge/opinion.h"
#include "judge/settings.h"
#include "parse/domain.h"
#include "permit/settings.h"
#include "record/held.h"
#include "record/retention.h"
#include "record/settings.h"
#include "report/dmarc_settings.h"
#include "report/settings.h"
#include "report/witness_round.h"
#include "sekisho/lessons.h"
#include "sekisho/opener.h"
#include "sekisho/scan.h"
#include "trace/batv.h"
#include "trace/settings.h"
#include "trace/sign.h"

static const struct config_key own_keys[] = {
    {"", "hostname", CONFIG_TEXT, "",
     .help = "The checkpoint's own name, in greetings, Received and "
             "Authentication-Results; empty: "
             "the system's."},
    {"", "workers", CONFIG_NUMBER, "0", 0, 256,
     .help = "Processes that walk messages along the road; 0: one for each core."},
    {"", "user", CONFIG_TEXT, "",
     .help =
         "System user that workers, keeper and clerk become; empty: stay who started it."},
    {"", "harden", CONFIG_CHOICE, "best", .choices = "best|strict",
     .help = "best: what the kernel lacks of Landlock and seccomp is said in the log and "
             "the checkpoint runs; strict: then it does not start."},
    {"", "watchdog", CONFIG_TIME, "60s", 1000, 3600000,
     .help = "A worker whose loop has not turned for that long is ended, and the message "
             "it had in hand is suspected."},
    {"", "worker_memory", CONFIG_SIZE, "0", 0, LIMIT_WORKER_MEMORY,
     .help = "The most memory one worker may have, from 128M on; 0: its share of half of "
             "the machine's."},
    {"", "log", CONFIG_CHOICE, "notice", .choices = "error|warning|notice|debug",
     .help = "How much is logged."},
    {"", "log_format", CONFIG_CHOICE, "text", .choices = "text|json",
     .help = "Lines for people, or one JSON object a line for programs that gather logs."},
    {.name = NULL},
};

static const struct config_key *const tables[] = {
    own_keys,
    arrive_config_keys,
    permit_config_keys,
    dns_config_keys,
    trace_config_keys,
    judge_config_keys,
    decide_config_keys,
    record_config_keys,
    held_config_keys,
    retention_config_keys,
    witness_config_keys,
    report_config_keys,
    dmarc_config_keys,
    alarm_config_keys,
    sign_config_keys,
    batv_config_keys,
    attachments_config_keys,
    clamd_config_keys,
    learn_config_keys,
    groups_config_keys,
};
#define TABLE_COUNT (sizeof tables / sizeof tables[0])

const struct config_key *
settings_keys(void)
{
    static struct config_key keys[256];
    size_t count = 0;

    if (keys[0].name != NULL) {
        return keys;
    }
    for (size_t t = 0; t < TABLE_COUNT; t++) {
        for (const struct config_key *key = tables[t]; key->name != NULL; key++) {
            SK_ASSERT(count + 1 < sizeof keys / sizeof keys[0]);
            keys[count++] = *key;
        }
    }
    return keys;
}

enum sk_code
settings_file(struct arena *arena, const char *path, struct bytes *text_r, struct why *why)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &status) < 0) {
        enum sk_code code = why_set(why, SK_SYSTEM, "%s cannot be read", path);
        if (fd >= 0) {
            close(fd);
        }
        return code;
    }
    /* One byte more than allowed is read, so that config_read can say that it is too much. */
    size_t room = LIMIT_CONFIG_BYTES + 1, size = 0;
    uint8_t *text = arena_take_bytes(arena, room);
    for (ssize_t got; size < room && (got = read(fd, text + size, room - size)) > 0;) {
        size += (size_t)got;
    }
    close(fd);
    *text_r = bytes_of(text, size);
    return SK_OK;
}

enum sk_code
settings_config(struct arena *arena, struct bytes text, const struct config **config_r,
                struct why *why)
{
    return config_read(arena, settings_keys(), text, config_r, why);
}

/* The console's certificate; its key stays unread, as the doors' does. */
static enum sk_code
settings_report_tls(struct settings *s, struct why *why)
{
    struct bytes certificate = config_text(s->config, "report.tls_certificate"), chain;
    struct bytes key = config_text(s->config, "report.tls_key");
    struct tls_context *context;
    struct why cause;

    if ((certificate.size == 0) != (key.size == 0)) {
        return why_set(why, SK_CONFIG,
                       "report.tls_certificate and report.tls_key are given together or "
                       "not at all");
    }
    if (certificate.size == 0) {
        return SK_OK;
    }
    enum sk_code code =
        config_file(s->config, &s->arena, certificate, LIMIT_CERTIFICATES, &chain, &cause);
    if (code == SK_OK) {
        code = tls_server_new(&s->arena, chain, certificate, &context, &cause);
    }
    if (code != SK_OK) {
        return why_set_line(why, SK_CONFIG,
                            config_line(s->config, "report.tls_certificate"),
                            "report.tls_certificate: %s", cause.sentence);
    }
    s->report_tls = context;
    return SK_OK;
}

static enum sk_code
settings_stages(struct settings *s, struct why *why)
{
    enum sk_code code =
        config_read_bundle(&s->arena, settings_keys(), &s->bundle, &s->config, why);

    if (code == SK_OK) {
        code = arrive_settings_new(&s->arena, s->config, &s->arrive, why);
    }
    if (code == SK_OK) {
        code = permit_settings_new(&s->arena, s->config, domain_to_ascii, &s->permit, why);
    }
    if (code == SK_OK) {
        code = trace_settings_new(&s->arena, s->config, &s->trace, why);
    }
    if (code == SK_OK) {
        code = policy_new(&s->arena, s->config, &s->policy, why);
    }
    if (code == SK_OK) {
        code = alarm_settings_new(&s->arena, s->config, true, &s->alarm, why);
    }
    if (code == SK_OK) {
        struct dmarc_settings *reports;
        code = dmarc_settings_new(&s->arena, s->config, &reports, why);
    }
    if (code == SK_OK) {
        code = retention_settings_read(s->config, &(struct retention_settings){0}, why);
    }
    if (code == SK_OK) {
        code = scan_settings_read(s->config, &(struct scan_settings){0}, why);
    }
    if (code == SK_OK) {
        code = groups_new(&s->arena, s->config, &s->groups, why);
    }
    if (code == SK_OK) {
        code = judge_words_settings(&s->arena, s->config, why);
    }
    if (code == SK_OK) {
        code = settings_report_tls(s, why);
    }
    if (code == SK_OK) {
        code = witness_round_tls(&s->arena, s->config, &s->witness_tls, why);
    }
    return code;
}

/* A stage that finds fault with a value names the key and knows the line: it is said as config_read says it. */
static enum sk_code
settings_complain(struct why *why, const struct why *cause)
{
    bool said =
        cause->line == 0 || bytes_starts(bytes_from_text(cause->sentence), BYTES("line "));

    if (said) {
        *why = *cause;
        return cause->code;
    }
    return why_set_line(why, SK_CONFIG, cause->line, "line %zu: %s", cause->line,
                        cause->sentence);
}

static struct settings *
settings_begin(void)
{
    struct settings *s = calloc(1, sizeof *s);

    SK_ASSERT(s != NULL);
    arena_init(&s->arena, (size_t)512 << 20); /* a store of consents is the largest part */
    return s;
}

static enum sk_code
settings_end(struct settings *s, struct settings **settings_r, struct why *why)
{
    struct why cause = {0};
    enum sk_code code = settings_stages(s, &cause);

    if (code != SK_OK) {
        settings_free(s);
        return settings_complain(why, &cause);
    }
    *settings_r = s;
    return SK_OK;
}

enum sk_code
settings_new(struct bytes text, struct settings **settings_r, struct why *why)
{
    struct settings *s = settings_begin();

    bundle_init(&s->bundle, &s->arena, bytes_copy(&s->arena, text));
    return settings_end(s, settings_r, why);
}

struct mapping {
    void *at;
    size_t size;
};

static void
unmap(void *it)
{
    struct mapping *mapping = it;

    munmap(mapping->at, mapping->size);
}

enum sk_code
settings_from_bundle(int file, struct settings **settings_r, struct why *why)
{
    struct settings *s = settings_begin();
    struct mapping *mapping = ARENA_NEW(&s->arena, struct mapping);
    struct stat status;
    enum sk_code code = SK_OK;

    mapping->at = MAP_FAILED;
    if (fstat(file, &status) == 0 && status.st_size > 0) {
        mapping->size = (size_t)status.st_size;
        mapping->at = mmap(NULL, mapping->size, PROT_READ, MAP_PRIVATE, file, 0);
    }
    if (mapping->at == MAP_FAILED) {
        code = why_set(why, SK_SYSTEM, "the new configuration cannot be read");
    } else {
        arena_defer(&s->arena, unmap, mapping);
        code =
            bundle_open(&s->bundle, &s->arena, bytes_of(mapping->at, mapping->size), why);
    }
    if (code != SK_OK) {
        settings_free(s);
        return code;
    }
    return settings_end(s, settings_r, why);
}

enum sk_code
settings_bundle(const struct settings *settings, int *file_r, struct why *why)
{
    struct arena arena;
    struct writer w;

    arena_init(&arena, (size_t)512 << 20);
    writer_init(&w, &arena);
    bundle_write(&settings->bundle, &w);
    struct bytes all = writer_view(&w);
    int file = memfd_create("sekisho.conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    /* All workers get the same file: one that was taken over must not write the others' configuration. */
    bool made = file >= 0 && write(file, all.at, all.size) == (ssize_t)all.size &&
                fcntl(file, F_ADD_SEALS,
                      F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
    arena_release(&arena);
    if (!made) {
        enum sk_code code =
            why_set(why, SK_SYSTEM, "the new configuration could not be handed on");
        if (file >= 0) {
            close(file);
        }
        return code;
    }
    *file_r = file;
    return SK_OK;
}

void
settings_free(struct settings *settings)
{
    arena_release(&settings->arena);
    free(settings);
}
