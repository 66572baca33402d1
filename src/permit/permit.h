/* What may be looked at, for whom, and on what legal ground.
 *
 * Content is examined only as far as each recipient has consented (Constitution of Japan 21(2); Telecommunications
 * Business Act 3 and 4). The operator's profile sets what holds without a word from the recipient; consent of a
 * recipient, or its withdrawal, changes it for him alone. judge's entry takes a struct permit, so that no content can
 * be read without one. A message with several recipients is examined under the union; a finding reaches only those
 * recipients whose own permit covers its family (permit_covers). */
#pragma once

#include "arrive/arrival.h"
#include "base/config.h"

enum permit_family {
    FAMILY_SOURCE,      /* where it came from: addresses, names, lists, envelope */
    FAMILY_LABEL,       /* results of authentication, written into the header */
    FAMILY_CONTENT,     /* words of header and body, by statistics */
    FAMILY_LINKS,       /* links and their hosts */
    FAMILY_SIGNATURES,  /* fingerprints of text against known ones */
    FAMILY_ATTACHMENTS, /* types, archives, malware */
    FAMILY_THREAT,      /* notices of crime */
    FAMILY_STATISTICS,  /* counting, without who */
};
#define FAMILY_COUNT       8
#define FAMILY_BIT(family) (1u << (family))
#define FAMILY_ALL         ((1u << FAMILY_COUNT) - 1)

/* On what ground: words of the statute and of the ministry's practice. */
enum permit_ground {
    GROUND_NONE,
    GROUND_CONSENT,    /* 同意: the recipient's own */
    GROUND_LAWFUL_ACT, /* 正当業務行為 */
    GROUND_EMERGENCY,  /* 緊急避難: never of a permanent filter */
    GROUND_HOUSE_RULE, /* an organisation's rule for its own mail: no carrier's secrecy at stake */
};

enum permit_profile {
    PROFILE_CARRIER,
    PROFILE_ENTERPRISE,
    PROFILE_SCHOOL,
    PROFILE_PUBLIC_OFFICE
};

struct permit_recipient {
    uint32_t families;                        /* FAMILY_BIT set */
    enum permit_ground grounds[FAMILY_COUNT]; /* of each family that is set */
};

struct permit {
    struct permit_recipient *recipients; /* in the order of the arrival */
    size_t recipient_count;
    uint32_t union_families; /* what at least one recipient allows */
    enum permit_profile profile;
};

/* The operator's settings: profile, and recipients with consents of their own. Made once from the configuration. */
struct permit_settings;

enum sk_code permit_settings_new(struct arena *arena, const struct config *config,
                                 const struct permit_settings **settings_r,
                                 struct why *why);
/* The permit of one arrival. */
const struct permit *permit_new(struct arena *arena, const struct permit_settings *settings,
                                const struct arrival *arrival);
/* A permit that covers `families` for one recipient, by consent: for tools that a person points at his own mail. */
const struct permit *permit_for_tool(struct arena *arena, uint32_t families);

static inline bool
permit_has(const struct permit *permit, enum permit_family family)
{
    return (permit->union_families & FAMILY_BIT(family)) != 0;
}

/* "source", ...; "consent", "lawful_act", "emergency", "house_rule", "none"; "carrier", ... */
const char *permit_family_name(enum permit_family family);
bool permit_family_read(struct bytes name, enum permit_family *family_r);
const char *permit_ground_name(enum permit_ground ground);
const char *permit_profile_name(enum permit_profile profile);
