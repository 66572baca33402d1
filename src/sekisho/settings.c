#define SK_BASE
#include "sekisho/settings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arrive/settings.h"
#include "base/limits.h"
#include "dns/settings.h"
#include "judge/settings.h"
#include "permit/settings.h"
#include "record/settings.h"
#include "report/settings.h"
#include "trace/settings.h"

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
    {"", "log", CONFIG_CHOICE, "notice", .choices = "error|warning|notice|debug",
     .help = "How much is logged."},
    {.name = NULL},
};

static const struct config_key *const tables[] = {
    own_keys,           arrive_config_keys, permit_config_keys,
    dns_config_keys,    trace_config_keys,  judge_config_keys,
    decide_config_keys, record_config_keys, report_config_keys,
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

static enum sk_code
settings_stages(struct settings *s, struct why *why)
{
    enum sk_code code = settings_config(&s->arena, s->text, &s->config, why);

    if (code == SK_OK) {
        code = arrive_settings_new(&s->arena, s->config, &s->arrive, why);
    }
    if (code == SK_OK) {
        code = permit_settings_new(&s->arena, s->config, &s->permit, why);
    }
    if (code == SK_OK) {
        code = trace_settings_new(&s->arena, s->config, &s->trace, why);
    }
    if (code == SK_OK) {
        code = policy_new(&s->arena, s->config, &s->policy, why);
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

enum sk_code
settings_new(struct bytes text, struct settings **settings_r, struct why *why)
{
    struct settings *s = calloc(1, sizeof *s);

    SK_ASSERT(s != NULL);
    arena_init(&s->arena, (size_t)512 << 20); /* a store of consents is the largest part */
    s->text = bytes_copy(&s->arena, text);
    struct why cause = {0};
    enum sk_code code = settings_stages(s, &cause);
    if (code != SK_OK) {
        settings_free(s);
        return settings_complain(why, &cause);
    }
    *settings_r = s;
    return SK_OK;
}

void
settings_free(struct settings *settings)
{
    arena_release(&settings->arena);
    free(settings);
}
