/* What the files of `sekisho lexicon` share: lexicon_command.c tests and lists, lexicon_propose.c proposes and accepts. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "base/json.h"
#include "judge/lexicon.h"
#include "judge/words.h"
#include "sekisho/options.h"

struct lexing {
    struct arena arena; /* of the process */
    struct options *o;
    const struct config *config;
    bool japanese;
    const char *path;   /* of the operator's words; NULL: none */
    struct bytes words; /* what stands in it */
    const struct word_row *rows;
    size_t row_count, failed;
    struct lexicon *lexicon;
    struct json *json;
};

const char *lexicon_say(const struct lexing *l, const char *ja, const char *en);
/* To standard error; the exit status. */
int lexicon_complain(const struct lexing *l, enum sk_code code, const struct why *why);
/* Opens the lexicon anew with these words of the operator. */
enum sk_code lexicon_open_file(struct lexing *l, struct bytes words, struct why *why);

int lexicon_propose(struct lexing *l);
int lexicon_accept(struct lexing *l);
