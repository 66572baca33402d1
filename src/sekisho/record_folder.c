#define SK_BASE
#include "sekisho/record_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sekisho/settings.h"

#define FOLDER_DEFAULT "/var/lib/sekisho"

const char *
record_folder(struct arena *arena, const struct options *options, int *status_r)
{
    const struct config *config;
    struct bytes text;
    struct why why;
    const char *folder = options_value(options, "folder"),
               *path = options_value(options, "config");

    *status_r = EXIT_OK;
    if (folder != NULL) {
        return folder;
    }
    enum sk_code code = settings_file(arena, path, &text, &why);
    if (code == SK_SYSTEM && path == NULL) {
        return FOLDER_DEFAULT;
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
    return bytes_text(arena, config_text(config, "record.folder"));
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
