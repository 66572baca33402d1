/* What the operator says of ARC: whose word he trusts (trace.arc_trusted), and whether what is passed on gets a set of ours,
 * and by whom (section [seal], trace/arc_seal.h). */
#pragma once

#include "base/config.h"
#include "base/why.h"

struct arc_seal_settings {
    struct bytes domain, selector; /* A-labels */
    struct bytes
        key; /* path of the PEM file; an RSA key, which only the key process reads */
};

/* trace.arc_trusted, as A-labels. SK_CONFIG: one of them is no name. */
enum sk_code arc_trusted_new(struct arena *arena, const struct config *config,
                             const struct bytes **domains_r, size_t *count_r,
                             struct why *why);

/* NULL in *settings_r: nothing is sealed, for the section is empty. SK_CONFIG: it is given in part, or with no names. */
enum sk_code arc_settings_new(struct arena *arena, const struct config *config,
                              const struct arc_seal_settings **settings_r, struct why *why);
