#define SK_BASE
#include "sekisho/record_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sekisho/settings.h"

/* A folder on the command line stands for a configuration that says nothing else. */
static struct bytes
folder_text(struct arena *arena, const char *folder)
{
    struct writer w;

    writer_init(&w, arena);
    writer_text(&w, "[record]\nfolder = ");
    writer_text(&w, folder);
    writer_byte(&w, '\n');
    return writer_view(&w);
}

const struct config *
command_config(struct arena *arena, const struct options *options, int *status_r)
{
    const struct config *config = NULL;
    struct bytes text = BYTES_NONE;
    struct why why;
    const char *folder = options_value(options, "folder"),
               *path = options_value(options, "config");
    enum sk_code code = SK_OK;

    *status_r = EXIT_OK;
    if (folder != NULL) {
        text = folder_text(arena, folder);
        path = "--folder";
    } else {
        code = settings_file(arena, path != NULL ? path : SETTINGS_PATH, &text, &why);
        if (code == SK_SYSTEM && path == NULL) {
            code = SK_OK; /* no configuration on this machine: the defaults */
        }
    }
    if (code == SK_OK) {
        code = settings_config(arena, text, &config, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s: %s\n", path != NULL ? path : SETTINGS_PATH,
                why.sentence);
        *status_r = code == SK_SYSTEM ? EXIT_NO_INPUT : EXIT_CONFIG;
        return NULL;
    }
    return config;
}

const char *
record_folder(struct arena *arena, const struct options *options, int *status_r)
{
    const char *folder = options_value(options, "folder");

    *status_r = EXIT_OK;
    if (folder != NULL) {
        return folder;
    }
    const struct config *config = command_config(arena, options, status_r);
    return config != NULL ? bytes_text(arena, config_text(config, "record.folder")) : NULL;
}

bool
speak_japanese(const struct options *options)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *lang = options_value(options, "lang");

    for (size_t i = 0; lang == NULL && i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        lang = value != NULL && value[0] != '\0' ? value : NULL;
    }
    return lang != NULL && strncmp(lang, "ja", 2) == 0;
}
