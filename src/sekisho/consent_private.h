/* What the parts of `sekisho consent` share. */
#pragma once

#include <stdio.h>

#include "base/config.h"
#include "base/json.h"
#include "sekisho/options.h"

struct consent_asking {
    struct arena arena; /* of the command */
    const struct options *options;
    const struct config *config;
    bool japanese;
    int personal; /* whom show asks for has weights of his own: 1, not: 0, not known: -1 */
    long long conversations; /* of his that are remembered; not known: -1 */
};

/* Begins {"do": what. */
void consent_begin(struct arena *arena, struct writer *w, struct json *j, const char *what);
/* Closes the object and asks; an exit status, words said on failure unless why_r is there to hold them. */
int consent_ask(struct consent_asking *asking, struct arena *arena, struct json *request,
                struct bytes *reply_r, struct why *why_r);
/* --by, --channel, --time, --text, --lang of the command line. false: wrong, words said. */
bool consent_put_told(struct consent_asking *asking, struct json *j);

/* consent_import.c, consent_show.c */
int consent_import(struct consent_asking *asking, const char *path);
int consent_show(struct consent_asking *asking, const char *address);
int consent_export(struct consent_asking *asking);
int consent_texts(struct consent_asking *asking);
