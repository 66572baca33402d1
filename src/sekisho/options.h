/* Reading a command's options, and its --help, from one table, so that neither can say what the other does not know.
 *
 *     static const struct option_row rows[] = {{"config", "FILE", "configuration to use"}, {"json", NULL, "..."}, {0}};
 *     struct options o;
 *     if (!options_read(&o, "check [OPTION...] FILE...", "what it is", rows, count, arguments)) {
 *         return o.status;
 *     }
 *     const char *config = options_value(&o, "config");
 *
 * `--name value` and `--name=value` are the same; options may stand anywhere, `--` ends them; each
 * may be given once. The order of `arguments` is changed: what is no option comes first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct option_row {
    const char *name;  /* without the dashes */
    const char *value; /* what its value is called in the help; NULL: a switch */
    const char *help;
};

#define OPTIONS_MAX 24

struct options {
    const struct option_row *rows;
    const char
        *given[OPTIONS_MAX]; /* by row; "" for a switch that was given, NULL if not given */
    char **rest;             /* what is no option */
    int rest_count;
    int status; /* when options_read said false: 0 after --help, else 2 */
};

/* arguments[0] is the command's name. false: the caller returns o->status. */
bool options_read(struct options *o, const char *usage, const char *summary,
                  const struct option_row *rows, int count, char **arguments);
/* Prints the help, for a command that reads its arguments itself. */
void options_help(const char *usage, const char *summary, const struct option_row *rows);
/* NULL if it was not given. Asking for a row that does not exist is our own bug. */
const char *options_value(const struct options *o, const char *name);
static inline bool
options_has(const struct options *o, const char *name)
{
    return options_value(o, name) != NULL;
}
/* A whole number of at least `least`; complains to standard error and sets status 2 if the value is none. */
bool options_number(struct options *o, const char *name, long least, long fallback,
                    long *number_r);

/* Exit statuses of all commands; sekisho(8) explains them. */
enum exit_status {
    EXIT_OK = 0,           /* done; for check and classify: nothing unwanted */
    EXIT_FOUND = 1,        /* unwanted mail, a broken ledger, nothing found */
    EXIT_USAGE = 2,        /* the command line is wrong */
    EXIT_DATA = 65,        /* the input cannot be used (EX_DATAERR) */
    EXIT_NO_INPUT = 66,    /* a file is not there (EX_NOINPUT) */
    EXIT_UNAVAILABLE = 69, /* the other side does not answer (EX_UNAVAILABLE) */
    EXIT_SYSTEM = 71,      /* the system refused (EX_OSERR) */
    EXIT_CONFIG = 78,      /* the configuration is wrong (EX_CONFIG) */
};
