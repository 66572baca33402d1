/* What may be looked at, for whom, and on what legal ground.
 *
 * Content is examined only as far as each recipient has consented (Constitution of Japan 21(2); Telecommunications
 * Business Act 3 and 4). The operator's profile sets what holds without a word from the recipient; consent of a
 * recipient, or its withdrawal, changes it for him alone. judge's entry takes a struct permit, so that no content can
 * be read without one. A message with several recipients is examined under the union; a finding reaches only those
 * recipients whose own permit covers its family.
 *
 * Who says what, and whose word counts, for each family by itself:
 *
 *     1. the recipient's own name before the name without +detail (permit.detail), before @domain, before the profile;
 *     2. under one name a withdrawal wins, wherever it stands: in the ledger (`sekisho consent`), in a section
 *        [recipient NAME], in permit.store;
 *     3. where nothing is withdrawn a consent counts, wherever it stands; but a section [recipient NAME] replaces what
 *        permit.store grants under that name. */
#pragma once

#include "arrive/arrival.h"
#include "base/config.h"
#include "permit/recipient_name.h"

struct consents;
struct consent_recipient;

enum permit_family {
    FAMILY_SOURCE,      /* where it came from: addresses, names, lists, envelope */
    FAMILY_LABEL,       /* results of authentication, written into the header */
    FAMILY_CONTENT,     /* words of header and body, by statistics */
    FAMILY_LINKS,       /* links and their hosts */
    FAMILY_SIGNATURES,  /* fingerprints of text against known ones */
    FAMILY_ATTACHMENTS, /* types, archives, malware */
    FAMILY_THREAT,      /* notices of crime */
    FAMILY_STATISTICS,  /* counting, without who */
    FAMILY_DMARC, /* what the owner of the From domain asks for is done: refused, set aside, reported to him. No finding is of it */
};
/* Written into books as bits: new ones come last. */
#define FAMILY_COUNT       9
#define FAMILY_BIT(family) (1u << (family))
#define FAMILY_ALL         ((1u << FAMILY_COUNT) - 1)

/* On what ground: words of the statute and of the ministry's practice. */
enum permit_ground {
    GROUND_NONE,
    GROUND_CONSENT,    /* 同意: the recipient's own */
    GROUND_LAWFUL_ACT, /* 正当業務行為 */
    GROUND_EMERGENCY,  /* 緊急避難: never of a permanent filter */
    GROUND_HOUSE_RULE, /* an organisation's rule for its own mail: no carrier's secrecy at stake */
    GROUND_TERMS, /* 約款による包括同意: consent in the terms of service, valid under the ministry's five conditions */
};
#define GROUND_COUNT 6

enum permit_profile {
    PROFILE_CARRIER,
    PROFILE_ENTERPRISE,
    PROFILE_SCHOOL,
    PROFILE_PUBLIC_OFFICE
};

struct permit_recipient {
    uint32_t families;                        /* FAMILY_BIT set */
    enum permit_ground grounds[FAMILY_COUNT]; /* of each family that is set */
    uint64_t
        entries[FAMILY_COUNT]; /* the ledger's entry that it rests on, or PERMIT_NO_ENTRY */
    /* His lists of senders, and those of his domain; NULL: he has none. Good as long as the consents do not change. */
    const struct consent_recipient *own, *domain;
};

#define PERMIT_NO_ENTRY UINT64_MAX

struct permit {
    struct permit_recipient *recipients; /* in the order of the arrival */
    size_t recipient_count;
    uint32_t union_families; /* what at least one recipient allows */
    enum permit_profile profile;
};

/* The operator's settings: profile, and recipients with consents of their own. Made once from the configuration. ascii
 * may be NULL (recipient_name.h). */
struct permit_settings;

enum sk_code permit_settings_new(struct arena *arena, const struct config *config,
                                 recipient_ascii *ascii,
                                 const struct permit_settings **settings_r,
                                 struct why *why);
/* The permit of one arrival, by what the ledger's consents say at this moment; consents may be NULL: there are none. */
const struct permit *permit_new(struct arena *arena, const struct permit_settings *settings,
                                const struct consents *consents,
                                const struct arrival *arrival);
/* What one recipient allows; his name as in an envelope. */
struct permit_recipient permit_of(struct arena *arena,
                                  const struct permit_settings *settings,
                                  const struct consents *consents, struct bytes address);
/* A permit that covers `families` for one recipient, by consent: for tools that a person points at his own mail. */
const struct permit *permit_for_tool(struct arena *arena, uint32_t families);

static inline bool
permit_has(const struct permit *permit, enum permit_family family)
{
    return (permit->union_families & FAMILY_BIT(family)) != 0;
}

/* Whether a ground carries more than looking and labelling: mail may be held or refused on it. A carrier's lawful
 * business act does not: without consent its filter may not come between a person and his mail. */
static inline bool
permit_ground_treats(enum permit_ground ground)
{
    return ground == GROUND_CONSENT || ground == GROUND_HOUSE_RULE ||
           ground == GROUND_TERMS;
}

/* Under what rule the operator examines mail: recorded in the ledger when it changes. The text is that of
 * permit.house_rule, or the one that is built in; empty for a carrier, who has the texts of consent instead. */
struct permit_rule {
    enum permit_profile profile;
    bool five_conditions;
    struct bytes id, text;
};
const struct permit_rule *permit_rule(const struct permit_settings *settings);

/* "source", ...; "consent", "lawful_act", "emergency", "house_rule", "terms", "none"; "carrier", ... */
const char *permit_family_name(enum permit_family family);
bool permit_family_read(struct bytes name, enum permit_family *family_r);
const char *permit_ground_name(enum permit_ground ground);
const char *permit_profile_name(enum permit_profile profile);
