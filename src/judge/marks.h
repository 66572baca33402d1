/* Marks: by what the index of campaigns (judge/campaign.h) finds the copies of a mail, and mails of the same hand.
 *
 * A worker makes them where the mail is read and the keeper, which reads no mail, only compares them. They are numbers made
 * with a secret of the installation: the signature of the words (judge/minhash.h, here 16 bits a place), and a key of 64 bits
 * for each thing that joins: accounts and coin addresses, telephone numbers, names at messengers, hosts of links, mail
 * addresses, Reply-To, how the header is written (judge/habits.h), and the kit that made it (judge/kit.h).
 *
 * Consent: the signature is FAMILY_SIGNATURES; keys are FAMILY_CONTENT, those of hosts and of the
 * paths of a kit FAMILY_LINKS as well. What the permit
 * does not have is not computed.
 *
 * In a record both are text: the signature as base64 of 128 places, big-endian; keys as a letter and 16 hexadecimal
 * digits each, parted by blanks. An upper-case letter says that the key joins by itself, a lower-case one that it does so only
 * together with words that are somewhat alike: what wanted mail shares (a shop's telephone number) makes no campaign. The two are
 * never equal. Pure; memory is the arena's. Bounds: LIMIT_CAMPAIGN_KEYS, MARKS_TEXT_BYTES of text in normal form, at least
 * MARKS_LEAST_SHINGLES runs of words: what says less is like too much. */
#pragma once

#include "judge/indicators.h"
#include "judge/minhash.h"
#include "permit/permit.h"

#define MARKS_TEXT_BYTES     4096
#define MARKS_LEAST_SHINGLES 12
#define MARKS_SIGNATURE_SIZE ((size_t)MINHASH_COUNT * 2)

enum mark_kind {
    MARK_ACCOUNT, /* bank accounts, coin addresses */
    MARK_PHONE,
    MARK_MESSENGER,
    MARK_HOST,
    MARK_MAIL,
    MARK_REPLY,
    MARK_HABITS,
    MARK_KIT,
};
#define MARK_KINDS 8

struct mark {
    enum mark_kind kind;
    bool joins; /* by itself */
    uint64_t key;
};

struct marks {
    struct minhash minhash; /* shingle_count 0: no signature */
    struct mark *keys;
    size_t key_count;
};

struct marks_of {
    const struct permit *permit;
    const struct letter *letter;
    struct bytes normal; /* of subject and text; read with FAMILY_SIGNATURES alone */
    const struct indicator *indicators;
    size_t indicator_count;
    bool
        unwanted; /* it was judged so: what it names to pay or to call to joins by itself */
};

void marks_read(struct arena *arena, const struct marks_of *of, uint64_t seed,
                struct marks *marks_r);

/* Their text in a record; "" for none. */
struct bytes marks_signature(struct arena *arena, const struct marks *marks);
struct bytes marks_keys(struct arena *arena, const struct marks *marks);
/* And back. SK_BAD: it is no such text; marks_r is then empty. */
enum sk_code marks_parse(struct arena *arena, struct bytes signature, struct bytes keys,
                         struct marks *marks_r);

/* "account", "phone", "messenger", "host", "mail", "reply_to", "habits", "kit": constants. */
const char *mark_kind_name(enum mark_kind kind);
