#define SK_BASE
#include "sekisho/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/why.h"

void
options_help(const char *usage, const char *summary, const struct option_row *rows)
{
    printf("usage: sekisho %s\n\n%s\n\n", usage, summary);
    for (const struct option_row *row = rows; row->name != NULL; row++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", row->name, row->value != NULL ? " " : "",
                 row->value != NULL ? row->value : "");
        printf("  %-24s %s\n", left, row->help);
    }
    printf("  %-24s %s\n", "--help", "print this and end");
}

static bool
options_complain(struct options *o, const char *usage, const char *what, const char *which)
{
    fprintf(stderr, "sekisho: %s %s\nusage: sekisho %s\n", what, which, usage);
    o->status = EXIT_USAGE;
    return false;
}

static const struct option_row *
options_row(const struct option_row *rows, const char *name, size_t size, size_t *index_r)
{
    for (size_t i = 0; rows[i].name != NULL; i++) {
        if (strlen(rows[i].name) == size && memcmp(rows[i].name, name, size) == 0) {
            *index_r = i;
            return &rows[i];
        }
    }
    return NULL;
}

/* One option at arguments[*at]; moves *at to its last word. */
static bool
options_take(struct options *o, const char *usage, int count, char **arguments, int *at)
{
    const char *word = arguments[*at], *name = word + 2, *equals = strchr(word, '=');
    size_t index = 0;
    const struct option_row *row = NULL;

    if (word[1] == '-') {
        row = options_row(o->rows, name,
                          equals != NULL ? (size_t)(equals - name) : strlen(name), &index);
    }
    if (row == NULL) {
        return options_complain(o, usage, "unknown option", word);
    }
    SK_ASSERT(index < OPTIONS_MAX);
    if (o->given[index] != NULL) {
        return options_complain(o, usage, "given twice:", word);
    }
    if (row->value == NULL && equals != NULL) {
        return options_complain(o, usage, "takes no value:", word);
    }
    if (row->value == NULL) {
        o->given[index] = "";
    } else if (equals != NULL) {
        o->given[index] = equals + 1;
    } else if (*at + 1 < count) {
        o->given[index] = arguments[++*at];
    } else {
        return options_complain(o, usage, "a value is missing after", word);
    }
    return true;
}

bool
options_read(struct options *o, const char *usage, const char *summary,
             const struct option_row *rows, int count, char **arguments)
{
    int kept = 1;
    bool ended = false;

    *o = (struct options){.rows = rows};
    for (int at = 1; at < count; at++) {
        char *word = arguments[at];
        if (ended || word[0] != '-' || word[1] == '\0') {
            arguments[kept++] =
                word; /* what is no option moves to the front, in its order */
        } else if (strcmp(word, "--") == 0) {
            ended = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            options_help(usage, summary, rows);
            return false;
        } else if (!options_take(o, usage, count, arguments, &at)) {
            return false;
        }
    }
    o->rest = arguments + 1;
    o->rest_count = kept - 1;
    return true;
}

const char *
options_value(const struct options *o, const char *name)
{
    size_t index = 0;
    const struct option_row *row = options_row(o->rows, name, strlen(name), &index);

    SK_ASSERT(row != NULL);
    return o->given[index];
}

bool
options_number(struct options *o, const char *name, long least, long fallback,
               long *number_r)
{
    const char *text = options_value(o, name);
    uint64_t number;

    *number_r = fallback;
    if (text == NULL) {
        return true;
    }
    if (!bytes_to_number(bytes_from_text(text), INT32_MAX, &number) ||
        (long)number < least) {
        fprintf(stderr, "sekisho: --%s wants a whole number of at least %ld, not %s\n",
                name, least, text);
        o->status = EXIT_USAGE;
        return false;
    }
    *number_r = (long)number;
    return true;
}
