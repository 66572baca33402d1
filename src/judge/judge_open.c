#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/writer.h"
#include "judge/embedded_private.h"
#include "judge/judge_private.h"
#include "judge/lemmas.h"
#include "judge/settings.h"
#include "judge/strangers_private.h"
#include "parse/link_hosts.h"

const struct config_key judge_config_keys[] = {
    {.section = "judge",
     .name = "model",
     .type = CONFIG_TEXT,
     .fallback = "",
     .help = "File of the classifier; empty: the one that is built in."},
    {.section = "judge",
     .name = "lexicon",
     .type = CONFIG_TEXT,
     .fallback = "",
     .help = "Folder with threat.tsv and slang.tsv; empty: those that are built in."},
    {.section = "judge",
     .name = "words",
     .type = CONFIG_TEXT,
     .fallback = "",
     .help = "File with the operator's own words, beside the lexicon; empty: none."},
    {.section = "judge",
     .name = "dictionary",
     .type = CONFIG_TEXT,
     .fallback = "",
     .help = "Folder of the JUMAN dictionary for MeCab, by which passages are cut into "
             "words; empty: that of Debian's package."},
    {.section = "judge",
     .name = "links",
     .type = CONFIG_TEXT,
     .fallback = "",
     .help = "Folder with hosts.tsv: shorteners, redirectors and known names; empty: those "
             "that are "
             "built in."},
    {.section = "judge",
     .name = "brands",
     .type = CONFIG_TEXT,
     .fallback = "",
     .help = "File with the operator's brands and their domains, after those that are "
             "built in; "
             "empty: none."},
    {.name = NULL},
};

struct bytes
judge_built_in_model(void)
{
    return bytes_of(judge_model_file, (size_t)(judge_model_file_end - judge_model_file));
}

static enum sk_code
open_built_in(struct model **model_r, struct why *why)
{
    struct bytes file = judge_built_in_model();

    return file.size == 0 ? model_open_empty(model_r, why)
                          : model_open_bytes(file, model_r, why);
}

static enum sk_code
read_table_file(struct arena *arena, struct bytes folder, const char *name,
                struct bytes *text_r, struct why *why)
{
    struct writer path;
    FILE *file;
    size_t size;

    writer_init(&path, arena);
    writer_bytes(&path, folder);
    writer_text(&path, "/");
    writer_text(&path, name);
    file = fopen(writer_c(&path), "re");
    if (file == NULL) {
        return why_set(why, SK_SYSTEM, "the lexicon %s cannot be opened", writer_c(&path));
    }
    uint8_t *at = arena_take_bytes(arena, LEXICON_FILE_MAX);
    size = fread(at, 1, LEXICON_FILE_MAX, file);
    bool whole = feof(file) != 0;
    fclose(file);
    if (!whole) {
        return why_set(why, SK_CONFIG, "the lexicon %s is larger than %d bytes",
                       writer_c(&path), LEXICON_FILE_MAX);
    }
    *text_r = bytes_of(at, size);
    return SK_OK;
}

/* The first six bytes: enough to tell versions apart. */
void
judge_short_name(const uint8_t *digest, char name_r[16])
{
    for (size_t i = 0; i < 6; i++) {
        snprintf(name_r + 2 * i, 16 - 2 * i, "%02x", digest[i]);
    }
}

/* The tables stay: they are opened again with other words of the operator. */
static enum sk_code
open_lexicon(struct arena *arena, struct bytes folder, const struct config *config,
             struct judge *judge, struct why *why)
{
    struct bytes threat = lexicon_threat_table(), slang = lexicon_slang_table();
    struct arena files;
    enum sk_code code = SK_OK;

    arena_init(&files, 4 * LEXICON_FILE_MAX);
    if (folder.size > 0) {
        code = read_table_file(&files, folder, "threat.tsv", &threat, why);
        if (code == SK_OK) {
            code = read_table_file(&files, folder, "slang.tsv", &slang, why);
        }
    }
    if (code == SK_OK) {
        judge->cues = threat_cues_new(arena);
        judge->threat_table = folder.size > 0 ? bytes_copy(arena, threat) : threat;
        judge->slang_table = folder.size > 0 ? bytes_copy(arena, slang) : slang;
        code = judge_use_words(judge, config, why);
    }
    arena_release(&files);
    return code;
}

/* The table of known hosts is the process's: parse reads by it. */
static enum sk_code
open_links(struct bytes folder, struct why *why)
{
    struct arena files;
    struct bytes table;

    if (folder.size == 0) {
        return link_hosts_use(link_hosts_table(), why);
    }
    arena_init(&files, 2 * LEXICON_FILE_MAX);
    enum sk_code code = read_table_file(&files, folder, "hosts.tsv", &table, why);
    if (code == SK_OK) {
        code = link_hosts_use(table, why);
    }
    arena_release(&files);
    return code;
}

/* One that the operator named must be there; without Debian's, passages are judged by their letters alone. */
static enum sk_code
open_dictionary(struct arena *arena, const struct config *config, struct why *why)
{
    struct bytes folder =
        config == NULL ? BYTES_NONE : config_text(config, "judge.dictionary");
    struct why missing;

    if (folder.size > 0) {
        return lemmas_open(bytes_text(arena, folder), why);
    }
    (void)lemmas_open(LEMMAS_FOLDER, &missing);
    return SK_OK;
}

enum sk_code
judge_open(struct arena *arena, const struct config *config, struct judge **judge_r,
           struct why *why)
{
    struct judge *judge = ARENA_NEW(arena, struct judge);
    struct bytes model = config == NULL ? BYTES_NONE : config_text(config, "judge.model");
    struct bytes lexicon =
        config == NULL ? BYTES_NONE : config_text(config, "judge.lexicon");
    enum sk_code code;

    code = model.size == 0 ? open_built_in(&judge->model, why)
                           : model_open_file(bytes_text(arena, model), &judge->model, why);
    if (code == SK_OK) {
        code = models_open(judge->model, &judge->models, why);
    }
    if (code != SK_OK) {
        model_close(judge->model);
        return code;
    }
    code = open_dictionary(arena, config, why);
    if (code == SK_OK) {
        code = open_lexicon(arena, lexicon, config, judge, why);
    }
    if (code == SK_OK && config != NULL) {
        code = open_links(config_text(config, "judge.links"), why);
    }
    if (code == SK_OK) {
        code = judge_open_strangers(arena, config, judge, why);
    }
    if (code != SK_OK) {
        judge_close(judge);
        return code;
    }
    *judge_r = judge;
    return SK_OK;
}

void
judge_close(struct judge *judge)
{
    if (judge != NULL) {
        models_close(judge->models);
        judge->models = NULL;
        judge_close_lexicon(judge);
        judge_close_strangers(judge);
        judge->model = NULL;
    }
}

void
judge_made_by(struct judge *judge, struct json *j)
{
    uint8_t digest[HASH_SHA256_SIZE];
    uint64_t spam, ham;

    model_counts(judge->model, &spam, &ham);
    bool taught = spam != judge->named_spam || ham != judge->named_ham;
    if (judge->model_name[0] == '\0' || judge->turn != judge->named_turn ||
        (taught && clock_monotonic_ms() - judge->named_ms >= 1000)) {
        char name[16];
        model_digest(judge->model, digest);
        judge_short_name(digest, name);
        snprintf(judge->model_name, sizeof(judge->model_name), "%s@%llu+%llu", name,
                 (unsigned long long)spam, (unsigned long long)ham);
        judge->named_turn = judge->turn;
        judge->named_spam = spam;
        judge->named_ham = ham;
        judge->named_ms = clock_monotonic_ms();
    }
    json_put_text(j, "model", judge->model_name);
    json_put_text(j, "lexicon", judge->lexicon_name);
}
