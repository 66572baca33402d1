/* Where the record is: for the commands that read it. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "base/why.h"
#include "sekisho/options.h"

/* The option --folder, else record.folder of the configuration (--config, else the usual one; where that is not there,
 * the default). NULL: the command returns *status_r, words have been said. */
const char *record_folder(struct arena *arena, const struct options *options,
                          int *status_r);

/* The whole configuration, for commands that ask the keeper (ask.h): --config, else the usual one, else the defaults; with
 * --folder the record is that one. NULL: as above. */
const struct config *command_config(struct arena *arena, const struct options *options,
                                    int *status_r);

#define RECORD_FOLDER_ROWS                                                                 \
    {"config", "FILE", "configuration that names the record's folder"},                    \
    {                                                                                      \
        "folder", "FOLDER", "folder of the record, whatever the configuration says"        \
    }

/* Whether people here read Japanese: --lang ja or en, else LC_ALL, LC_MESSAGES, LANG. */
bool speak_japanese(const struct options *options);
