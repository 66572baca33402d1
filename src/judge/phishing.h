/* Phishing: mail that speaks as a brand and comes from elsewhere.
 *
 * A brand's name is no evidence. What counts is a claim and a mismatch: the sender's display name is the brand's, or subject or text
 * speak as it ("We are X", "X account", 【X】 before the subject), while the From domain is none of the brand's (judge/brands.h) and no
 * valid DKIM signature is. Shops, fans, news and forwarded mail speak of brands, not as them: words that say so (`apart`) beside the
 * name in From take the claim away, and what is quoted or forwarded is not read. A claim in the text alone counts where it comes with pressure
 * to log in and a link that leads elsewhere.
 *
 * Who says no name may show it: a logo (a picture from the brand's own domain; the first picture with words, whose words are the
 * name), a company line at the end (© 1996-2025, Amazon.com, Inc.), a link whose words are the brand's login. Modern newsletters show
 * buttons of shops for apps, social networks and ways to pay, so one picture is little: how much has to come together, of the look,
 * of pressure and of links that look like a login, is told at LOOK_* (phishing_look.c).
 *
 * Findings: brand_mismatch (brand, its domain, the domain that is seen), of family `label` where the display name or the From domain
 * alone says it, else of `content` (and rests on links then); login_pressure (`content`); disposable_host (`links`). Pure; memory is the arena's. */
#pragma once

#include "judge/brands.h"
#include "judge/regions.h"
#include "parse/letter.h"
#include "trace/origin.h"

/* Logits: a disposable host where nothing else is wrong. */
#define PHISHING_HOST_ALONE 0.1

enum phishing_claim {
    PHISHING_NO_CLAIM,
    PHISHING_BY_NAME,   /* the display name */
    PHISHING_BY_DOMAIN, /* the From domain looks like one of a known name */
    PHISHING_BY_TEXT,   /* subject or text */
    PHISHING_UNPROVED,  /* From is the brand's domain, and authentication failed */
    PHISHING_BY_LINKS, /* display name and From domain are the brand's, nothing proves it, it presses, and all links lead elsewhere */
    PHISHING_BY_LOOK,  /* pictures, company line, words of a link */
};

/* What looks like a brand. */
enum phishing_look {
    PHISHING_PICTURE = 1 << 0, /* pictures come from its own domain */
    PHISHING_MARK = 1 << 1, /* the words of the first picture that has some are its name */
    PHISHING_ISSUER = 1 << 2, /* a line at the end says that it is the issuer */
    PHISHING_LOGIN = 1 << 3,  /* the words of a link that leads elsewhere are its login */
};

struct phishing {
    enum phishing_claim claim;
    struct bytes brand, true_domain, seen_domain; /* "" without a claim */
    double weight;                                /* of brand_mismatch */
    struct bytes said;  /* where the text claims it, a view of the normal form */
    unsigned pressures; /* different kinds of pressure */
    double pressure_weight;
    struct bytes pressure_words;  /* a view of the normal form */
    struct bytes host, host_kind; /* a disposable one; "" if none */
    double host_weight;
    const struct brand *owner; /* of the From domain; NULL: nobody in the table */
    bool is_named; /* the display name is that owner's too: no private person's */
    bool proved;   /* authentication says that it is the owner's */
    const struct origin *origin; /* as given; NULL: nothing is known */
    const struct brand *issuer;  /* by a line at the end of the text; NULL if none */
    struct bytes issuer_said;    /* a view of the normal form */
    bool text_read;              /* and most of it is the sender's own */
    unsigned look;               /* PHISHING_*, with the claim PHISHING_BY_LOOK */
};

/* What the header alone says: display name and From domain. origin may be NULL. */
void phishing_read_header(struct arena *arena, struct brands *brands,
                          const struct letter *letter, const struct origin *origin,
                          struct phishing *phishing_r);
/* And what subject and text say: after phishing_read_header. text, regions: as of lure_read. */
void phishing_read_text(struct arena *arena, struct brands *brands,
                        const struct letter *letter, const struct phrase_text *text,
                        const struct region *regions, size_t region_count,
                        struct phishing *phishing);
/* And where links lead, and what is seen beside text: last. */
void phishing_read_links(struct arena *arena, struct brands *brands,
                         const struct letter *letter, struct phishing *phishing);
