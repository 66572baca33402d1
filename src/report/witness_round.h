/* One round to the witnesses of our ledger: the present checkpoint goes to each, with a proof that it goes on from what
 * that witness saw last; what they cosign comes back in one note. A witness that does not answer delays nobody else and
 * nothing else; its name and the reason are told. */
#pragma once

#include "record/witness.h"
#include "report/post.h"

struct witness_round;

struct witness_told {
    struct bytes name;
    bool cosigned;
    char words[200]; /* why not */
};

/* note: the checkpoint with all cosignatures; empty if there was none. From the loop, once. */
typedef void witness_round_done(void *context, struct bytes note,
                                const struct witness_told *told, size_t count);

/* Stays where it is while a round runs, and until its DNS is freed. */
struct witness_place {
    struct post_place post;
    int folder;    /* of the record */
    unsigned turn; /* which of several addresses of a witness is taken */
};

/* How witnesses of https addresses prove who they are: an authority of the file record.witness_authorities (config_file)
 * vouches for them. tls_r is NULL where no witness has such an address; the file is not read then. SK_CONFIG names the key
 * and its line. */
enum sk_code witness_round_tls(struct arena *arena, const struct config *config,
                               const struct tls_context **tls_r, struct why *why);

/* The round lives in the arena, as all that `done` is given, until witness_round_close. SK_BAD: no checkpoint yet. */
enum sk_code witness_round_start(struct arena *arena, struct witness_place *place,
                                 const struct witness_peer *peers, size_t count,
                                 witness_round_done *done, void *context,
                                 struct witness_round **round_r, struct why *why);
void witness_round_close(struct witness_round *round);
