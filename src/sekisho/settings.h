/* The whole configuration of a checkpoint, read and checked: one generation. A reload makes a new one beside the old;
 * what began under the old ends under it. */
#pragma once

#include "arrive/settings.h"
#include "base/bundle.h"
#include "decide/verdict.h"
#include "permit/permit.h"
#include "record/alarm_settings.h"
#include "trace/origin.h"

struct settings {
    struct arena arena;
    struct bundle bundle; /* the file's text, and the files that it names */
    const struct config *config;
    const struct arrive_settings *arrive;
    const struct permit_settings *permit;
    const struct trace_settings *trace;
    const struct places *places; /* NULL until the role has opened or been given them */
    const struct policy *policy;
    const struct groups *groups; /* who belongs together */
    const struct alarm_settings *alarm;
    const struct tls_context *report_tls; /* of the console; NULL: without TLS */
    const struct tls_context
        *witness_tls;       /* for witnesses; NULL: none is reached by https */
    size_t uses;            /* messages on the road that began under it */
    struct settings *older; /* the generation before, as long as something began under it */
};

/* All rows of all folders, ending with a NULL name. */
const struct config_key *settings_keys(void);

/* Reads the file (NULL: /etc/sekisho/sekisho.conf). The text is in the arena. */
enum sk_code settings_file(struct arena *arena, const char *path, struct bytes *text_r,
                           struct why *why);
/* Only the configuration: for tools that need no doors. */
enum sk_code settings_config(struct arena *arena, struct bytes text,
                             const struct config **config_r, struct why *why);
/* A generation; files that the configuration names are read and noted in its bundle. Free with settings_free when nothing
 * uses it. */
enum sk_code settings_new(struct bytes text, struct settings **settings_r, struct why *why);
/* The same from a memory file that settings_bundle made: no other file is opened. The descriptor stays the caller's. */
enum sk_code settings_from_bundle(int file, struct settings **settings_r, struct why *why);
/* A memory file with the whole of it, which nobody can write to; the caller closes. */
enum sk_code settings_bundle(const struct settings *settings, int *file_r, struct why *why);
void settings_free(struct settings *settings);

#define SETTINGS_PATH "/etc/sekisho/sekisho.conf"
