/* Who has allowed what, and when he took it back: the state made from the ledger's entries of kind "consent".
 *
 * The entries are the truth and the proof; this is only what holds now, in memory. It changes in consents_entry alone,
 * which the keeper calls for each committed entry, live or on replay, and workers for each change they are sent: the same
 * function of the same entries gives the same state in all of them. Handlers of requests only append entries.
 *
 *     {"v":1,"kind":"consent","time":MS,"by":WHO,"channel":"command"|"console","act":"grant"|"withdraw",
 *      "address":"user@example.jp"|"@example.jp","families":["content",...],
 *      "agreed":{"id":"content.ja","sha256":HEX},             of a grant: the text
 *      "told":{"by":WHO,"channel":"web"|"letter"|...,"time":MS}}   how the recipient himself said it
 *     {"v":1,"kind":"consent.text",...,"id":"content.ja","sha256":HEX,"text":"..."}
 *     {"v":1,"kind":"consent.list",...,"act":"add"|"remove","address":...,"list":"allow"|"refuse"|"rescue","entry":"example.com"}
 *     {"v":1,"kind":"consent.list",...,"act":"on"|"off","address":...,"list":"only"}
 *     {"v":1,"kind":"erase",...,"recipient":...,"families":[...]}   the vault is to erase what rested on a consent
 *     {"v":1,"kind":"rule",...,"sha256":HEX,...}                           the operator's profile and house rule
 *
 * Names are those of recipient_name. Of each family the newest word counts. Memory: some 200 bytes a recipient; texts of
 * people (`by`) are kept once each. Bounds: LIMIT_CONSENT_*, held by the handlers; an entry that is in the ledger is
 * always taken. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"
#include "base/writer.h"
#include "permit/recipient_name.h"

struct consents;

/* A text that people agreed to. Its words are in the ledger, at `index`. */
struct consent_text {
    struct bytes id;
    char sha256[65]; /* of the text's bytes, hexadecimal */
    uint64_t index;
};

enum consent_channel {
    CHANNEL_OTHER,
    CHANNEL_WEB,
    CHANNEL_MAIL,
    CHANNEL_LETTER,
    CHANNEL_SHOP,
    CHANNEL_PHONE,
    CHANNEL_CONTRACT,
};
#define CONSENT_CHANNELS "other|web|mail|letter|shop|phone|contract"

/* What one entry said, as far as no newer one speaks of the same family. */
struct consent_word {
    struct consent_word *next; /* in no order; no family stands in two */
    uint32_t families;
    bool granted; /* else withdrawn */
    bool erased;  /* of a withdrawal: erasing what rested on the consent is ordered */
    enum consent_channel channel;
    const struct consent_text *text; /* NULL: of a withdrawal */
    struct bytes by;                 /* who recorded it */
    struct bytes told_by;            /* who said it; "": the recipient */
    int64_t time_ms, told_ms;
    uint64_t index; /* of the entry */
};

enum consent_list { LIST_ALLOW, LIST_REFUSE, LIST_RESCUE };

struct consent_listed {
    struct consent_listed *next;
    enum consent_list list;
    struct bytes entry; /* "example.com" (and what lies below it) or "user@example.com" */
    int64_t time_ms;
    uint64_t index;
};

struct consent_recipient {
    struct bytes name;
    struct consent_word *words;
    struct consent_listed *listed;
    size_t listed_count;
    bool only; /* takes mail from those on the allow list alone */
    uint64_t only_index;
};

/* Empty; free with consents_free. Memory of its own, up to LIMIT_CONSENT_MEMORY. */
struct consents *consents_new(void);
void consents_free(struct consents *consents);

/* Begins anew with what consents_save wrote; an empty text empties it. SK_BAD: the text is no such; then it is empty. */
enum sk_code consents_load(struct consents *consents, struct bytes text, struct why *why);
void consents_save(const struct consents *consents, struct writer *w);
/* One committed entry; true when it changed anything. Anything but an entry of these kinds is passed over. */
bool consents_entry(struct consents *consents, uint64_t index, struct bytes record);

size_t consents_count(const struct consents *consents);
/* Bytes of memory that it holds. */
size_t consents_memory(const struct consents *consents);
/* NULL: never said anything. */
const struct consent_recipient *consents_find(const struct consents *consents,
                                              struct bytes name);
/* Walks all in no order: begin with *position 0. */
bool consents_next(const struct consents *consents, size_t *position,
                   const struct consent_recipient **recipient_r);
const struct consent_text *consents_text(const struct consents *consents,
                                         struct bytes sha256);
/* The newest rule of the operator that was recorded: its hash ("": none) and entry. */
struct bytes consents_rule(const struct consents *consents, uint64_t *index_r);
/* Only these recipients, with the texts they agreed to: for whoever asks about them. */
void consents_save_some(const struct consents *consents,
                        const struct consent_recipient *const *recipients, size_t count,
                        struct writer *w);
/* In the order they were registered; NULL past the end. */
const struct consent_text *consents_text_at(const struct consents *consents, size_t i);

const char *consent_channel_name(enum consent_channel channel);
bool consent_channel_read(struct bytes name, enum consent_channel *channel_r);
const char *consent_list_name(enum consent_list list);
bool consent_list_read(struct bytes name, enum consent_list *list_r);
/* The entry of a list in its one form: a domain or an address, ASCII lower case. false: it is neither. */
bool consent_list_entry(struct arena *arena, struct bytes written, recipient_ascii *ascii,
                        struct bytes *entry_r);
