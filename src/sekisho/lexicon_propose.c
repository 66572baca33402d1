/* New slang: what the judge told as unknown where goods are named (finding trade_words_unknown), out of the record, and the
 * row that a person makes of it. Nothing is used before he does. */
#define SK_BASE
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/writer.h"
#include "judge/normal.h"
#include "record/vault.h"
#include "sekisho/ask.h"
#include "sekisho/lexicon_command.h"
#include "sekisho/record_folder.h"
#include "store/rows.h"

#define FINDING "trade_words_unknown"
#define SHOWN   120

struct told {
    struct bytes word, near, id;
    int64_t time_ms;
};

struct telling {
    struct lexing *l;
    const char *folder;
    struct told *told;
    size_t count, room;
    int zone_minutes;
};

static void
add(struct telling *t, const struct rows_event *event, struct bytes detail)
{
    size_t colon = bytes_find(detail, BYTES(": "), 0);

    if (colon == BYTES_NOWHERE || colon == 0) {
        return;
    }
    if (t->count == t->room) {
        size_t room = t->room == 0 ? 256 : t->room * 2;
        t->told = arena_grow(&t->l->arena, t->told, t->room * sizeof *t->told,
                             room * sizeof *t->told);
        t->room = room;
    }
    t->told[t->count++] = (struct told){
        .word = bytes_copy(&t->l->arena, bytes_slice(detail, 0, colon)),
        .near = bytes_copy(&t->l->arena, bytes_slice(detail, colon + 2, detail.size)),
        .id = event->id,
        .time_ms = event->time_ms,
    };
}

/* The findings of a message's content; purged or erased content has none. */
static void
read_content(struct telling *t, const struct rows_event *event)
{
    struct journal_frame message, content;
    struct arena arena;
    const json_t *finding;
    json_t *line = NULL;
    size_t i;

    arena_init(&arena, (size_t)64 << 20);
    if (vault_find(&arena, t->folder, event->id, &message, NULL) == SK_OK &&
        vault_find_content(&arena, t->folder, event->id, &message, &content, NULL) ==
            SK_OK &&
        !content.purged) {
        line = json_loadb((const char *)content.record.at, content.record.size,
                          JSON_ALLOW_NUL, NULL);
    }
    json_array_foreach(json_object_get(line, "findings"), i, finding)
    {
        const char *name = json_string_value(json_object_get(finding, "name"));
        const json_t *detail = json_object_get(finding, "detail");
        if (name != NULL && strcmp(name, FINDING) == 0 && json_is_string(detail)) {
            add(t, event, bytes_of(json_string_value(detail), json_string_length(detail)));
        }
    }
    json_decref(line);
    arena_release(&arena);
}

/* By word, the newest first. */
static int
compare(const void *a, const void *b)
{
    const struct told *x = a, *y = b;
    int order = bytes_compare(x->word, y->word);

    return order != 0 ? order : x->time_ms > y->time_ms ? -1 : x->time_ms < y->time_ms;
}

static bool
since(struct telling *t, int64_t *from_ms_r)
{
    const char *value = options_value(t->l->o, "since"),
               *zone = options_value(t->l->o, "zone");
    int64_t seconds;

    if (!vault_zone_read(zone != NULL ? bytes_from_text(zone) : BYTES("+09:00"),
                         &t->zone_minutes)) {
        fprintf(stderr, "sekisho: --zone: +HH:MM or -HH:MM is wanted\n");
        return false;
    }
    *from_ms_r = 0;
    if (value == NULL) {
        return true;
    }
    struct bytes text = bytes_from_text(value);
    if (!clock_read_rfc3339(text, &seconds)) {
        fprintf(stderr, "sekisho: --since: a date or a time like "
                        "2026-11-22T09:30:00+09:00 is wanted\n");
        return false;
    }
    *from_ms_r = (text.size == 10 ? seconds - t->zone_minutes * 60 : seconds) * 1000;
    return true;
}

/* All that was told, sorted. false: words were said, *status_r is set. */
static bool
gather(struct telling *t, int *status_r)
{
    struct rows_query query = {.most = LIMIT_SEARCH_ROWS};
    struct rows_found found;
    struct why why;

    *status_r = EXIT_USAGE;
    if (!since(t, &query.from_ms)) {
        return false;
    }
    t->folder = record_folder(&t->l->arena, t->l->o, status_r);
    if (t->folder == NULL) {
        return false;
    }
    enum sk_code code = rows_search(&t->l->arena, t->folder, &query, &found, &why);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        *status_r = code == SK_SYSTEM ? EXIT_NO_INPUT : EXIT_SYSTEM;
        return false;
    }
    for (size_t i = 0; i < found.count; i++) {
        read_content(t, &found.events[i]);
    }
    if (t->count > 0) {
        qsort(t->told, t->count, sizeof *t->told, compare);
    }
    if (found.more) {
        fprintf(stderr,
                "sekisho: only the newest %d messages were looked at; --since TIME "
                "narrows it\n",
                LIMIT_SEARCH_ROWS);
    }
    *status_r = EXIT_OK;
    return true;
}

/* Whether the lexicon has it by now. */
static bool
is_known(struct lexing *l, struct bytes word)
{
    size_t count;

    lexicon_scan(&l->arena, l->lexicon, normal_form(&l->arena, word, LIMIT_WORDS_TERM),
                 &count);
    return count > 0;
}

static void
print_word(struct telling *t, const struct told *newest, size_t messages, struct json *j)
{
    struct writer w;

    if (options_has(t->l->o, "json")) {
        json_open(j, '{');
        json_put_string(j, "word", newest->word);
        json_put_number(j, "messages", (int64_t)messages);
        json_put_number(j, "last", newest->time_ms);
        json_put_string(j, "id", newest->id);
        json_put_string(j, "example", newest->near);
        json_close(j);
        return;
    }
    writer_init(&w, &t->l->arena);
    writer_clean(&w, newest->word, SHOWN);
    writer_format(&w, "\t%zu\t", messages);
    clock_write_rfc3339(&w, newest->time_ms / 1000, t->zone_minutes);
    writer_byte(&w, '\t');
    writer_clean(&w, newest->id, SHOWN);
    writer_byte(&w, '\t');
    writer_clean(&w, newest->near, SHOWN);
    printf("%s\n", writer_c(&w));
}

int
lexicon_propose(struct lexing *l)
{
    struct telling t = {.l = l};
    struct writer w;
    struct json j;
    long least;
    int status;

    if (!options_number(l->o, "least", 1, 2, &least)) {
        return EXIT_USAGE;
    }
    if (!gather(&t, &status)) {
        return status;
    }
    writer_init(&w, &l->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_key(&j, "proposed");
    json_open(&j, '[');
    for (size_t from = 0, to; from < t.count; from = to) {
        size_t messages = 1;
        for (to = from + 1; to < t.count && bytes_equal(t.told[to].word, t.told[from].word);
             to++) {
            messages += !bytes_equal(t.told[to].id, t.told[to - 1].id);
        }
        if (messages >= (size_t)least && !is_known(l, t.told[from].word)) {
            print_word(&t, &t.told[from], messages, &j);
        }
    }
    json_close(&j);
    json_close(&j);
    if (options_has(l->o, "json")) {
        printf("%s\n", writer_c(&w));
    }
    return EXIT_OK;
}

/* A column: no tab, no control, line ends as \n. */
static void
put_column(struct writer *w, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.at[i];
        if (c == '\n') {
            writer_text(w, "\\n");
        } else if (c != '\r') {
            writer_byte(w, c < 0x20 || c == 0x7f ? ' ' : c);
        }
    }
    writer_byte(w, '\t');
}

/* An example that the record has of the word, "" without. */
static struct bytes
example_of(struct lexing *l, struct bytes word, int *status_r)
{
    struct telling t = {.l = l};
    struct bytes normal = normal_form(&l->arena, word, LIMIT_WORDS_TERM);

    if (gather(&t, status_r)) {
        for (size_t i = 0; i < t.count; i++) {
            if (bytes_equal(t.told[i].word, normal)) {
                return t.told[i].near;
            }
        }
    }
    return BYTES_NONE;
}

/* The file as it will be. */
static struct bytes
with_row(struct lexing *l, struct bytes word, struct bytes hit, const char *kind,
         long weight)
{
    const char *miss = options_value(l->o, "miss");
    struct writer w;

    writer_init(&w, &l->arena);
    if (l->words.size == 0) {
        writer_text(&w, WORDS_HEAD "\n");
    }
    writer_bytes(&w, l->words);
    if (l->words.size > 0 && l->words.at[l->words.size - 1] != '\n') {
        writer_byte(&w, '\n');
    }
    put_column(&w, word);
    writer_format(&w, "%s\tslang\t%s\t%ld\t", kind, word.at[0] < 0x80 ? "en" : "ja",
                  weight);
    put_column(&w, hit);
    put_column(&w, miss != NULL ? bytes_from_text(miss) : word);
    struct writer note;
    writer_init(&note, &l->arena);
    put_column(&note, bytes_from_text(options_value(l->o, "reason")));
    struct bytes reason = writer_view(&note);
    writer_bytes(&w, bytes_slice(reason, 0, reason.size - 1));
    writer_byte(&w, '\n');
    return writer_view(&w);
}

/* The new file beside the old one, with its owner and mode, on disk. */
static int
write_new(struct lexing *l, const char *path, struct bytes content)
{
    struct stat old;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

    if (fd >= 0 && stat(l->path, &old) == 0) {
        (void)!fchown(fd, old.st_uid, old.st_gid);
        (void)!fchmod(fd, old.st_mode & 0777);
    }
    bool done = fd >= 0 && write(fd, content.at, content.size) == (ssize_t)content.size &&
                fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    if (!done) {
        fprintf(stderr, "sekisho: lexicon: %s cannot be written\n", path);
        (void)unlink(path);
        return EXIT_SYSTEM;
    }
    return EXIT_OK;
}

/* The act in the ledger: who, which word, why, and what the file is after it. */
static int
record(struct lexing *l, struct bytes word, struct bytes hit, const char *kind, long weight,
       struct bytes content)
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct bytes reply;
    struct writer w;
    struct json j;
    struct why why = {0};

    hash_sha256(content, digest);
    writer_init(&w, &l->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "lexicon.accept");
    json_put_string(&j, "word", word);
    json_put_text(&j, "word_kind", kind);
    json_put_number(&j, "weight", weight);
    json_put_string(&j, "example", hit);
    json_put_text(&j, "reason", options_value(l->o, "reason"));
    json_put_text(&j, "file", l->path);
    json_put_string(&j, "sha256", bytes_hex(&l->arena, bytes_of(digest, sizeof digest)));
    json_close(&j);
    enum sk_code code = ask_keeper(&l->arena, l->config, writer_view(&w), &reply, &why);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: lexicon: %s\n", why.sentence);
    }
    return code == SK_OK                        ? EXIT_OK
           : code == SK_BAD || code == SK_LIMIT ? EXIT_DATA
           : code == SK_CONFIG                  ? EXIT_CONFIG
           : code == SK_LATER                   ? EXIT_UNAVAILABLE
                                                : EXIT_SYSTEM;
}

static bool
asked_well(struct lexing *l, enum lexicon_kind *kind_r, long *weight_r)
{
    const char *kind = options_value(l->o, "kind"), *reason = options_value(l->o, "reason");

    if (l->path == NULL) {
        fprintf(stderr, "sekisho: lexicon: name the file in judge.words, or with --file\n");
        return false;
    }
    if (kind == NULL || !lexicon_kind_read(bytes_from_text(kind), kind_r) ||
        *kind_r < LEXICON_WEAPON || *kind_r > LEXICON_ACCOUNT_TRADE) {
        fprintf(stderr,
                "sekisho: lexicon: --kind weapon, drug, fraud_job or account_trade is "
                "wanted\n");
        return false;
    }
    if (reason == NULL || reason[0] == '\0') {
        fprintf(stderr, "sekisho: lexicon: --reason is wanted: why the word is taken in\n");
        return false;
    }
    return options_number(l->o, "weight", 1, 3, weight_r);
}

int
lexicon_accept(struct lexing *l)
{
    struct bytes word = bytes_trim(bytes_from_text(l->o->rest[1]));
    const char *given = options_value(l->o, "hit"), *kind = options_value(l->o, "kind");
    struct bytes hit = given != NULL ? bytes_from_text(given) : BYTES_NONE;
    enum lexicon_kind read;
    struct why why = {0};
    struct writer w;
    long weight;
    int status = EXIT_OK;

    if (!asked_well(l, &read, &weight)) {
        return EXIT_USAGE;
    }
    if (given == NULL) {
        hit = example_of(l, word, &status);
    }
    if (word.size == 0 || hit.size == 0) {
        fprintf(stderr,
                "sekisho: lexicon: the record has no example of this word: give one "
                "with --hit\n");
        return status == EXIT_OK ? EXIT_USAGE : status;
    }
    struct bytes content = with_row(l, word, hit, kind, weight);
    enum sk_code code = lexicon_open_file(l, content, &why);
    if (code == SK_OK) {
        code = words_try(l->lexicon, l->rows, l->row_count, NULL, NULL, &why);
    }
    if (code != SK_OK) {
        (void)lexicon_complain(l, code, &why);
        return EXIT_DATA;
    }
    writer_init(&w, &l->arena);
    writer_format(&w, "%s.new", l->path);
    status = write_new(l, writer_c(&w), content);
    if (status != EXIT_OK) {
        return status;
    }
    status = record(l, word, hit, kind, weight, content);
    if (status != EXIT_OK) {
        (void)unlink(writer_c(&w));
        return status;
    }
    if (rename(writer_c(&w), l->path) != 0) {
        fprintf(stderr, "sekisho: lexicon: %s cannot be replaced\n", l->path);
        return EXIT_SYSTEM;
    }
    printf(l->japanese ? "%.*s を %s に加えた。sekisho を reload すると使われる\n"
                       : "%.*s is in %s; a reload of sekisho puts it in force\n",
           BYTES_ARGUMENTS(word), l->path);
    return EXIT_OK;
}
