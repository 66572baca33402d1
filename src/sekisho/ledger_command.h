/* What the files of `sekisho ledger` share. */
#pragma once

#include "base/config.h"
#include "record/note.h"
#include "sekisho/options.h"

struct ledger_call {
    struct arena *arena;
    struct options *options;
    const char *folder;
    const struct config *config; /* NULL for what needs none */
    const struct note_key *key;
    bool japanese;
};

int ledger_rotate_command(const struct ledger_call *call);
int ledger_era_command(const struct ledger_call *call);
int ledger_witness_command(const struct ledger_call *call);
int ledger_export_command(const struct ledger_call *call);
