/* `sekisho config`: is this configuration good, and which keys are there? */
#define SK_BASE
#include "sekisho/commands.h"

#include <stdio.h>
#include <string.h>

#include "sekisho/key_files.h"
#include "sekisho/options.h"
#include "sekisho/settings.h"

static const char *
type_name(enum config_type type)
{
    static const char *const names[] = {
        [CONFIG_TEXT] = "text",     [CONFIG_LIST] = "list",
        [CONFIG_NUMBER] = "number", [CONFIG_SIZE] = "size",
        [CONFIG_TIME] = "time",     [CONFIG_BOOL] = "yes|no",
        [CONFIG_CHOICE] = "one of", [CONFIG_CHOICES] = "list of",
    };

    return names[type];
}

static void
print_keys(void)
{
    for (const struct config_key *key = settings_keys(); key->name != NULL; key++) {
        printf("%s%s%s\t%s%s%s\t%s\t%s\n", key->section, key->section[0] != '\0' ? "." : "",
               key->name, type_name(key->type), key->choices != NULL ? " " : "",
               key->choices != NULL ? key->choices : "",
               key->fallback != NULL ? key->fallback : "(must be given)", key->help);
    }
}

int
config_command(int count, char **arguments)
{
    static const struct option_row rows[] = {
        {"keys", NULL, "list all keys: name TAB type TAB default TAB help"},
        {0},
    };
    struct options o;
    struct settings *settings;
    struct arena arena;
    struct bytes text;
    struct why why;

    if (!options_read(
            &o, "config [--keys | check] [FILE]",
            "Reads a configuration as serve would, and says what is wrong with it.", rows,
            count, arguments)) {
        return o.status;
    }
    if (options_has(&o, "keys")) {
        print_keys();
        return EXIT_OK;
    }
    /* Checking is all it does; the word may be said. */
    int first = o.rest_count > 0 && strcmp(o.rest[0], "check") == 0;
    const char *path = o.rest_count > first ? o.rest[first] : SETTINGS_PATH;
    arena_init(&arena, 8u << 20);
    enum sk_code code = settings_file(&arena, path, &text, &why);
    if (code == SK_OK) {
        code = settings_new(text, &settings, &why);
    }
    if (code == SK_OK) {
        code = key_files_check(settings, &why);
        settings_free(settings);
    }
    if (code == SK_OK) {
        printf("%s: good\n", path);
    } else {
        fprintf(stderr, "sekisho: %s: %s\n", path, why.sentence);
    }
    arena_release(&arena);
    return code == SK_OK ? EXIT_OK : code == SK_SYSTEM ? EXIT_NO_INPUT : EXIT_CONFIG;
}
