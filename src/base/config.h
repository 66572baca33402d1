/* Configuration: a text of `key = value` lines under `[section]` headings, read against a table.
 *
 *     # a remark
 *     hostname = mx.example.jp
 *
 *     [transfer]
 *     listen   = 127.0.0.1:2525, [::1]:2525
 *     next_hop = smtp://127.0.0.1:10026
 *
 *     [recipient user@example.jp]
 *     consent = source, label, content
 *
 * `${NAME}` in a value stands for a variable of the environment, which must be set.
 *
 * The table (struct config_key rows) is the single truth: every key, its section, type, default, bounds and one
 * sentence of help; man/sekisho.conf.5 is checked against it. Anything not in the table is an error that names the
 * line, the reason, and the nearest key that exists. A key given twice is an error. A section whose rows are `named`
 * takes a name after its word and may occur many times. Values are in the arena given to config_read, checked once;
 * the getters cannot fail: asking for a key that the table does not have is our own bug. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

struct bundle;

enum config_type {
    CONFIG_TEXT,   /* any text; "" allowed unless least is 1 */
    CONFIG_LIST,   /* separated by commas or blanks */
    CONFIG_NUMBER, /* whole number between least and most */
    CONFIG_SIZE,   /* bytes; k, M, G after the number are 1024 each */
    CONFIG_TIME, /* milliseconds; ms, s, m, h, d after the number; a bare number is seconds */
    CONFIG_BOOL,    /* yes, no */
    CONFIG_CHOICE,  /* one of `choices`, separated by '|' */
    CONFIG_CHOICES, /* a list of them */
};

struct config_key {
    const char *section; /* "" for the top */
    const char *name;
    enum config_type type;
    const char *
        fallback; /* written as in a file; NULL: must be given (in a named section: in each) */
    int64_t least,
        most; /* NUMBER, SIZE, TIME (in their units); TEXT: size in bytes, most 0: as long as a line */
    const char *choices;
    bool named;       /* the section takes a name */
    const char *help; /* one sentence */
};

struct config;

/* Reads a file's text. `keys` ends with a row whose name is NULL and must outlive the configuration. On SK_CONFIG
 * why tells the line and what to write instead. */
enum sk_code config_read(struct arena *arena, const struct config_key *keys,
                         struct bytes text, const struct config **config_r,
                         struct why *why);

/* The same from a bundle (base/bundle.h): its text, and config_file reads the files that the configuration names from it.
 * The bundle must live as long as files are asked for: until the settings of all folders are made. */
enum sk_code config_read_bundle(struct arena *arena, const struct config_key *keys,
                                struct bundle *bundle, const struct config **config_r,
                                struct why *why);
/* A file that the configuration names, copied into the arena: from the bundle when there is one, else from the disk.
 * SK_SYSTEM: it cannot be read; SK_LIMIT: it is over `most` bytes. Not for private keys. */
enum sk_code config_file(const struct config *config, struct arena *arena,
                         struct bytes path, size_t most, struct bytes *content_r,
                         struct why *why);

/* key is "name" or "section.name". */
struct bytes config_text(const struct config *config, const char *key);
int64_t config_number(const struct config *config,
                      const char *key); /* NUMBER, SIZE, TIME */
bool config_bool(const struct config *config, const char *key);
int config_choice(const struct config *config,
                  const char *key); /* index among the choices */
uint64_t config_choices(const struct config *config,
                        const char *key); /* bit set of indices */
/* The pieces of a list, count_r of them. */
const struct bytes *config_list(const struct config *config, const char *key,
                                size_t *count_r);
/* The line where it was given, 0 for a default. */
size_t config_line(const struct config *config, const char *key);

/* Named sections, in the order of the file: how many, the i-th one's name, and its values (key is the bare name). */
size_t config_named_count(const struct config *config, const char *section);
struct bytes config_named(const struct config *config, const char *section, size_t i);
struct bytes config_named_text(const struct config *config, const char *section, size_t i,
                               const char *name);
int64_t config_named_number(const struct config *config, const char *section, size_t i,
                            const char *name);
bool config_named_bool(const struct config *config, const char *section, size_t i,
                       const char *name);
int config_named_choice(const struct config *config, const char *section, size_t i,
                        const char *name);
uint64_t config_named_choices(const struct config *config, const char *section, size_t i,
                              const char *name);
const struct bytes *config_named_list(const struct config *config, const char *section,
                                      size_t i, const char *name, size_t *count_r);
/* Whether the key was given in that section. */
bool config_named_given(const struct config *config, const char *section, size_t i,
                        const char *name);
/* The line of the key in that section, 0 for a default; of its heading where name is NULL. */
size_t config_named_line(const struct config *config, const char *section, size_t i,
                         const char *name);
