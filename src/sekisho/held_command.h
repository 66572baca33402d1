/* What the commands about held messages share. */
#pragma once

#include "record/journal.h"
#include "sekisho/options.h"
#include "sekisho/passage.h"
#include "sekisho/settings.h"

/* --config, the usual configuration, or the defaults; an exit status. */
int held_settings(struct arena *arena, const struct options *options,
                  struct settings **settings_r);
/* The ledger's entry behind that of frame, which is put in its place. SK_BAD: there is none. */
enum sk_code held_next_entry(struct arena *arena, const char *folder,
                             struct journal_frame *frame, struct why *why);
/* The bytes of a held message, from the keeper, who records the look. request: of an approved one, or NULL. SK_LATER with
 * words: a second person has to approve first. */
enum sk_code held_ask_bytes(struct arena *arena, const struct config *config,
                            struct bytes id, const char *reason, const char *request,
                            struct bytes *raw_r, struct why *why);
/* The bytes of a look that began. */
enum sk_code held_ask_parts(struct arena *arena, const struct config *config,
                            struct bytes look, size_t size, struct bytes *raw_r,
                            struct why *why);

/* Signs, tags and seals what is released to those recipients of the walk whose `wanted` is set, where the configuration wants
 * that of mail passed on at once; *answer is replaced. envelope: its sender may get a tag. SK_CONFIG, SK_LATER: a signature
 * that the configuration wants cannot be had (the command may not read the key, for one): it must stay held. */
enum sk_code held_papers(const struct settings *settings, const struct walk *walk,
                         const bool *wanted, struct arrival *envelope,
                         const struct answer **answer, struct why *why);

/* Passing a message on: what the next hop, or the Maildir, said for each recipient. */
struct held_delivery {
    const struct settings *settings;
    const struct arrival
        *arrival; /* the envelope; its recipients are those that are to get it */
    const struct bytes *pieces;
    size_t piece_count;
    struct outcome *outcomes; /* one for each recipient, made by the caller */
};
enum sk_code held_deliver(struct arena *arena, struct held_delivery *delivery,
                          struct why *why);
