/* The operator's words in the judge: read with the configuration, swapped on reload. */
#include "base/hash.h"
#include "base/limits.h"
#include "judge/judge_private.h"
#include "judge/words.h"

#define LEXICON_MEMORY ((size_t)1 << 28)

static enum sk_code
read_file(struct arena *arena, const struct config *config, struct bytes *words_r,
          struct why *why)
{
    struct bytes path = config == NULL ? BYTES_NONE : config_text(config, "judge.words");
    struct why cause = {0};

    *words_r = BYTES_NONE;
    if (path.size == 0) {
        return SK_OK;
    }
    enum sk_code code = config_file(config, arena, path, LIMIT_WORDS_FILE, words_r, &cause);
    return code == SK_OK ? SK_OK
                         : why_set(why, SK_CONFIG, "judge.words: %s", cause.sentence);
}

static enum sk_code
complain(const struct config *config, const struct why *cause, struct why *why)
{
    struct bytes path = config_text(config, "judge.words");

    return why_set(why, SK_CONFIG, "judge.words: %.*s: %s", (int)path.size, path.at,
                   cause->sentence);
}

enum sk_code
judge_words_settings(struct arena *arena, const struct config *config, struct why *why)
{
    const struct word_row *rows;
    struct bytes words;
    struct why cause = {0};
    size_t count;
    enum sk_code code = read_file(arena, config, &words, why);

    if (code == SK_OK && words_read(arena, words, &rows, &count, &cause) != SK_OK) {
        code = complain(config, &cause, why);
    }
    return code;
}

static enum sk_code
open_with(struct judge *judge, struct arena *arena, struct bytes words,
          struct lexicon **lexicon_r, struct why *cause)
{
    const struct word_row *rows = NULL;
    struct arena scratch;
    size_t count = 0;
    enum sk_code code = lexicon_open_words(arena, judge->threat_table, judge->slang_table,
                                           words, lexicon_r, cause);

    if (code != SK_OK || words.size == 0) {
        return code;
    }
    arena_init(&scratch, LEXICON_MEMORY);
    code = words_read(&scratch, words, &rows, &count, cause);
    if (code == SK_OK) {
        code = words_try(*lexicon_r, rows, count, NULL, NULL, cause);
    }
    arena_release(&scratch);
    if (code != SK_OK) {
        lexicon_close(*lexicon_r);
    }
    return code;
}

enum sk_code
judge_use_words(struct judge *judge, const struct config *config, struct why *why)
{
    int other = judge->lexicon == NULL ? judge->in_use : !judge->in_use;
    struct arena *arena = &judge->lexicons[other], files;
    struct lexicon *lexicon = NULL;
    struct bytes words;
    char name[16];

    arena_init(&files, 4 * LIMIT_WORDS_FILE);
    enum sk_code code = read_file(&files, config, &words, why);
    if (code == SK_OK) {
        const struct bytes tables[] = {judge->threat_table, judge->slang_table, words};
        uint8_t digest[HASH_SHA256_SIZE];
        hash_sha256_many(tables, 3, digest);
        judge_short_name(digest, name);
    }
    if (code != SK_OK ||
        (judge->lexicon != NULL && memcmp(name, judge->lexicon_name, sizeof name) == 0)) {
        arena_release(&files);
        return code;
    }
    struct why cause = {0};
    arena_init(arena, LEXICON_MEMORY);
    code = open_with(judge, arena, words, &lexicon, &cause);
    if (code != SK_OK) {
        arena_release(arena);
        arena_release(&files);
        return words.size > 0 ? complain(config, &cause, why)
                              : why_set_line(why, code, cause.line, "%s", cause.sentence);
    }
    judge_close_lexicon(judge);
    judge->lexicon = lexicon;
    judge->in_use = other;
    memcpy(judge->lexicon_name, name, sizeof name);
    arena_release(&files);
    return SK_OK;
}

void
judge_close_lexicon(struct judge *judge)
{
    if (judge->lexicon != NULL) {
        lexicon_close(judge->lexicon);
        judge->lexicon = NULL;
        arena_release(&judge->lexicons[judge->in_use]);
    }
}
