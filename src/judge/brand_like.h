/* Whose a domain is, and whose it only looks to be: what a person is told who asks (`sekisho brand`).
 *
 *     BRAND_OWN        it is the brand's, or below its domain
 *     BRAND_SAME_LOOK  it looks the same: one skeleton (parse/links.h), as arnazon.co.jp and amazon.co.jp
 *     BRAND_WITHIN     the brand's domain stands in it, with dots or hyphens: amazon-co-jp.example.com, amazon.co.jp.example.com
 *     BRAND_BEARS      a label holds the first label of the brand's domain, of at least BRAND_LABEL_LEAST letters: amazon-login.example
 *
 * The first that holds is told; of several brands the one with the longest domain. None of the last three is a proof: a shop may
 * bear a brand's name by right. Pure; memory is the arena's. */
#pragma once

#include "judge/brands.h"

#define BRAND_LABEL_LEAST 4

enum brand_likeness { BRAND_UNLIKE, BRAND_OWN, BRAND_SAME_LOOK, BRAND_WITHIN, BRAND_BEARS };

struct brand_like {
    enum brand_likeness likeness;
    const struct brand *brand; /* NULL: BRAND_UNLIKE */
    struct bytes domain;       /* the brand's, that it is or is like */
};

/* SK_BAD: it is no domain. */
enum sk_code brand_like_read(struct arena *arena, const struct brands *brands,
                             struct bytes domain, struct brand_like *like_r);
