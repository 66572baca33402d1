#include "judge/brand_like.h"

#include "parse/domain.h"
#include "parse/links.h"

/* With a dot before and behind, and dots for hyphens. */
static struct bytes
dotted(struct arena *arena, struct bytes domain)
{
    uint8_t *at = arena_take_bytes(arena, domain.size + 2);

    at[0] = at[domain.size + 1] = '.';
    for (size_t i = 0; i < domain.size; i++) {
        at[i + 1] = domain.at[i] == '-' ? '.' : domain.at[i];
    }
    return bytes_of(at, domain.size + 2);
}

struct asked {
    struct arena *arena;
    struct bytes domain, registrable, skeleton, dotted;
};

static enum brand_likeness
compare(const struct asked *asked, struct bytes brands_domain)
{
    struct bytes label =
        bytes_slice(brands_domain, 0, bytes_find_byte(brands_domain, '.', 0));

    if (asked->skeleton.size > 0 &&
        bytes_equal(asked->skeleton, link_skeleton(asked->arena, brands_domain))) {
        return BRAND_SAME_LOOK;
    }
    if (bytes_find(asked->dotted, dotted(asked->arena, brands_domain), 0) !=
        BYTES_NOWHERE) {
        return BRAND_WITHIN;
    }
    return label.size >= BRAND_LABEL_LEAST &&
                   bytes_find(asked->domain, label, 0) != BYTES_NOWHERE
               ? BRAND_BEARS
               : BRAND_UNLIKE;
}

static void
read_brand(const struct asked *asked, const struct brand *brand, struct brand_like *like)
{
    struct bytes domains = brand->domains, one;

    while (bytes_split(&domains, '|', &one)) {
        enum brand_likeness is = compare(asked, one);
        if (is == BRAND_UNLIKE) {
            continue;
        }
        if (like->likeness == BRAND_UNLIKE || is < like->likeness ||
            (is == like->likeness && one.size > like->domain.size)) {
            *like = (struct brand_like){is, brand, one};
        }
    }
}

enum sk_code
brand_like_read(struct arena *arena, const struct brands *brands, struct bytes domain,
                struct brand_like *like_r)
{
    struct asked asked = {.arena = arena};

    *like_r = (struct brand_like){0};
    if (bytes_find_byte(domain, '.', 0) == BYTES_NOWHERE ||
        !domain_to_ascii(arena, domain, &asked.domain)) {
        return SK_BAD;
    }
    asked.domain = bytes_lower(arena, asked.domain);
    const struct brand *owner = brands_owner(brands, asked.domain);
    if (owner != NULL) {
        *like_r = (struct brand_like){BRAND_OWN, owner, owner->domain};
        return SK_OK;
    }
    asked.registrable = domain_registrable(arena, asked.domain);
    asked.skeleton = link_skeleton(arena, asked.registrable);
    asked.dotted = dotted(arena, asked.domain);
    for (size_t i = 0; i < brands_count(brands); i++) {
        read_brand(&asked, brands_at(brands, i), like_r);
    }
    return SK_OK;
}
