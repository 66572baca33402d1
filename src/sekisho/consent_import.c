/* sekisho consent import: many words at once, from a file of lines.
 *
 *     tsv, csv: act, address, families (separated by commas; in csv by blanks or commas in quotes), time, channel, by, text;
 *               all from the fourth on may be left out. A first line that begins with "act" is a heading.
 *     jsonl:    {"act":"grant","address":"...","families":["content"],"time":"...","channel":"...","by":"...","text":"..."}
 *
 * Everything is checked first, by the keeper too; where one line is wrong nothing of the file is recorded. Then batches go
 * out, each all or nothing. */
#define SK_BASE
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "sekisho/consent_private.h"

#define COLUMNS 7
#define BATCH_BYTES                                                                        \
    ((size_t)768 << 10) /* of a request, whatever LIMIT_CONSENT_BATCH says */
#define COMPLAINTS 20

enum format { FORMAT_TSV, FORMAT_CSV, FORMAT_JSONL };

struct import {
    struct consent_asking *asking;
    const char *path;
    enum format format;
    struct bytes text;
    bool dry;
    size_t lines_total;
    size_t complaints;
    size_t recorded;
    /* the batch in the making */
    struct arena arena;
    struct writer w;
    struct json j;
    size_t count;
    size_t line_of[LIMIT_CONSENT_BATCH];
};

static void
complain(struct import *in, size_t line, const char *what)
{
    if (++in->complaints <= COMPLAINTS) {
        fprintf(stderr, "%s:%zu: %s\n", in->path, line, what);
    }
}

static void
batch_begin(struct import *in)
{
    arena_release(&in->arena);
    consent_begin(&in->arena, &in->w, &in->j, "consent.import");
    json_put_bool(&in->j, "dry_run", in->dry);
    json_key(&in->j, "items");
    json_open(&in->j, '[');
    in->count = 0;
}

static int
batch_send(struct import *in)
{
    struct bytes reply;
    struct why why;
    size_t item = 0;

    if (in->count == 0) {
        return EXIT_OK;
    }
    json_close(&in->j);
    int status = consent_ask(in->asking, &in->arena, &in->j, &reply, &why);
    if (status == EXIT_DATA && sscanf(why.sentence, "item %zu:", &item) == 1 && item > 0 &&
        item <= in->count) {
        const char *said = strchr(why.sentence, ':');
        complain(in, in->line_of[item - 1], said + 2);
    } else if (status != EXIT_OK) {
        fprintf(stderr, "sekisho: consent: %s\n", why.sentence);
    } else if (!in->dry) {
        in->recorded += in->count;
    }
    batch_begin(in);
    return status;
}

static void
put_families(struct json *j, struct bytes families)
{
    struct bytes piece;

    json_key(j, "families");
    json_open(j, '[');
    while (families.size > 0 && bytes_split(&families, ',', &piece)) {
        struct bytes word;
        while (piece.at != NULL && bytes_split(&piece, ' ', &word)) {
            if (word.size > 0) {
                json_bytes(j, word);
            }
        }
    }
    json_close(j);
}

static void
put_if(struct json *j, const char *key, struct bytes text)
{
    if (text.size > 0) {
        json_put_string(j, key, text);
    }
}

/* columns: act, address, families, time, channel, by, text. NULL families: they are put already, as an array. */
static const char *
put_item(struct import *in, const struct bytes columns[COLUMNS], const json_t *families)
{
    int64_t epoch = 0;

    if (!bytes_is(columns[0], "grant") && !bytes_is(columns[0], "withdraw")) {
        return "the first column is grant or withdraw";
    }
    if (columns[3].size > 0 && !clock_read_rfc3339(columns[3], &epoch)) {
        return "the time is none: write for example 2026-11-22T10:00:00+09:00";
    }
    json_open(&in->j, '{');
    json_put_string(&in->j, "act", columns[0]);
    json_put_string(&in->j, "address", columns[1]);
    if (families == NULL) {
        put_families(&in->j, columns[2]);
    } else {
        json_key(&in->j, "families");
        json_open(&in->j, '[');
        for (size_t i = 0; i < json_array_size(families); i++) {
            json_text(&in->j, json_string_value(json_array_get(families, i)));
        }
        json_close(&in->j);
    }
    if (columns[3].size > 0) {
        json_put_number(&in->j, "told_ms", epoch * 1000);
    }
    put_if(&in->j, "told_channel", columns[4]);
    put_if(&in->j, "told_by", columns[5]);
    put_if(&in->j, "text", columns[6]);
    if (options_has(in->asking->options, "lang")) {
        json_put_text(&in->j, "language", options_value(in->asking->options, "lang"));
    }
    json_close(&in->j);
    return NULL;
}

static bool
split_tabs(struct bytes line, struct bytes columns[COLUMNS])
{
    size_t count = 0;

    while (count < COLUMNS && bytes_split(&line, '\t', &columns[count])) {
        columns[count] = bytes_trim(columns[count]);
        count++;
    }
    return line.at == NULL;
}

/* RFC 4180, one record a line: a field in quotes may hold commas, and quotes written twice. */
static bool
split_commas(struct arena *arena, struct bytes line, struct bytes columns[COLUMNS])
{
    size_t at = 0;

    for (size_t count = 0; count < COLUMNS; count++) {
        struct writer w;
        bool quoted = at < line.size && line.at[at] == '"';
        writer_init(&w, arena);
        for (at += quoted; at < line.size; at++) {
            if (quoted && line.at[at] == '"') {
                at++;
                if (at >= line.size || line.at[at] != '"') {
                    quoted = false;
                    break;
                }
            } else if (!quoted && line.at[at] == ',') {
                break;
            }
            writer_byte(&w, line.at[at]);
        }
        columns[count] = bytes_trim(writer_view(&w));
        if (at >= line.size) {
            return !quoted;
        }
        if (line.at[at] != ',') {
            return false;
        }
        at++;
    }
    return false;
}

static const char *
read_json(struct import *in, struct bytes line)
{
    static const char *const keys[COLUMNS] = {"act",     "address", "families", "time",
                                              "channel", "by",      "text"};
    json_t *object = json_loadb((const char *)line.at, line.size, 0, NULL);
    struct bytes columns[COLUMNS] = {0};
    const char *wrong = "a line is one JSON object";

    if (json_is_object(object)) {
        for (size_t i = 0; i < COLUMNS; i++) {
            const json_t *value = json_object_get(object, keys[i]);
            if (json_is_string(value)) {
                columns[i] = bytes_of(json_string_value(value), json_string_length(value));
            }
        }
        const json_t *families = json_object_get(object, "families");
        wrong = json_is_array(families) ? put_item(in, columns, families)
                                        : "families is an array of names";
    }
    json_decref(object);
    return wrong;
}

static const char *
read_line(struct import *in, struct bytes line)
{
    struct bytes columns[COLUMNS] = {0};

    if (line.size > LIMIT_CONFIG_LINE) {
        return "the line is too long";
    }
    if (!utf8_valid(line)) {
        return "the line is not UTF-8";
    }
    if (in->format == FORMAT_JSONL) {
        return read_json(in, line);
    }
    bool split = in->format == FORMAT_TSV ? split_tabs(line, columns)
                                          : split_commas(&in->arena, line, columns);
    return split ? put_item(in, columns, NULL)
                 : "there are more than 7 columns, or quotes are not closed";
}

static void
progress(const struct import *in, size_t line)
{
    if (isatty(STDERR_FILENO) == 1 && in->lines_total > LIMIT_CONSENT_BATCH) {
        fprintf(stderr, "\r%s %zu/%zu%s", in->dry ? "checking" : "recording", line,
                in->lines_total, line >= in->lines_total ? "\n" : "");
    }
}

/* All lines, once. A wrong line ends it only when lines are recorded: then it was right before. */
static int
pass(struct import *in)
{
    struct bytes rest = in->text, line;
    int status = EXIT_OK;

    batch_begin(in);
    for (size_t number = 1; bytes_line(&rest, &line); number++) {
        line = bytes_trim(line);
        bool heading = number == 1 && in->format != FORMAT_JSONL &&
                       bytes_starts_fold(line, BYTES("act"));
        if (line.size == 0 || line.at[0] == '#' || heading) {
            continue;
        }
        const char *wrong = read_line(in, line);
        if (wrong != NULL) {
            complain(in, number, wrong);
            continue;
        }
        in->line_of[in->count++] = number;
        if (in->count == LIMIT_CONSENT_BATCH || in->w.size > BATCH_BYTES) {
            status = batch_send(in);
            progress(in, number);
        }
        if (status != EXIT_OK && (status != EXIT_DATA || !in->dry)) {
            return status;
        }
    }
    int last = batch_send(in);
    progress(in, in->lines_total);
    return last != EXIT_OK ? last : status;
}

static int
read_file(struct import *in)
{
    FILE *file = strcmp(in->path, "-") == 0 ? stdin : fopen(in->path, "re");
    struct writer w;

    if (file == NULL) {
        fprintf(stderr, "sekisho: consent: %s cannot be read\n", in->path);
        return EXIT_NO_INPUT;
    }
    writer_init(&w, &in->asking->arena);
    for (size_t got = 1; got > 0 && w.size <= LIMIT_CONSENT_IMPORT;) {
        got = fread(writer_reserve(&w, 1 << 20), 1, 1 << 20, file);
        writer_did(&w, got);
    }
    if (file != stdin) {
        fclose(file);
    }
    if (w.size > LIMIT_CONSENT_IMPORT) {
        fprintf(stderr, "sekisho: consent: %s is over %d bytes: import it in parts\n",
                in->path, LIMIT_CONSENT_IMPORT);
        return EXIT_DATA;
    }
    in->text = writer_view(&w);
    for (size_t at = 0; (at = bytes_find_byte(in->text, '\n', at)) != BYTES_NOWHERE; at++) {
        in->lines_total++;
    }
    return EXIT_OK;
}

static bool
choose_format(struct import *in)
{
    static const char *const names[] = {"tsv", "csv", "jsonl"};
    const char *given = options_value(in->asking->options, "format"),
               *dot = strrchr(in->path, '.');

    const char *name = given != NULL ? given : dot != NULL ? dot + 1 : "tsv";
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            in->format = (enum format)i;
            return true;
        }
    }
    if (given != NULL) {
        fprintf(stderr, "sekisho: consent: --format is tsv, csv or jsonl\n");
    }
    return given == NULL; /* a name that says nothing: tab-separated */
}

int
consent_import(struct consent_asking *asking, const char *path)
{
    struct import *in = ARENA_NEW(&asking->arena, struct import);

    in->asking = asking;
    in->path = path;
    in->dry = true;
    if (!choose_format(in)) {
        return EXIT_USAGE;
    }
    int status = read_file(in);
    if (status != EXIT_OK) {
        return status;
    }
    arena_init(&in->arena, (size_t)64 << 20);
    status = pass(in);
    if (in->complaints > 0) {
        fprintf(stderr,
                asking->japanese
                    ? "誤りのある行が %zu 行以上あります。何も記録していません。\n"
                    : "at least %zu lines are wrong; nothing was recorded\n",
                in->complaints);
        status = EXIT_DATA;
    }
    if (status == EXIT_OK && !options_has(asking->options, "dry-run")) {
        in->dry = false;
        status = pass(in);
        printf(asking->japanese ? "%zu 件を台帳に記録しました。\n"
                                : "%zu words were recorded in the ledger\n",
               in->recorded);
    }
    arena_release(&in->arena);
    return status;
}
