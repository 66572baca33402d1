/* Tags of envelope senders (BATV, draft-levine-smtp-batv-01, type prvs): error mail comes to addresses that we tagged, or it
 * answers nothing of ours.
 *
 *     user@example.jp    leaves as    prvs=0027a1b2c3=user@example.jp
 *
 * 0 is the number of the key (K), 027 the last three digits of the day until which the tag is good (DDD, days since 1970),
 * a1b2c3 the first three bytes of HMAC-SHA1 over "0027user@example.jp" (SSSSSS). The address is hashed in lower case (ASCII),
 * as servers on the way may change its case. A tag is good for BATV_DAYS days, its own day included.
 *
 * The secret is in the key process: whoever calls brings a function that asks for the three bytes (net/paper_keys.h). An
 * address gets no tag, and needs none, when its local part would pass 64 octets with it (RFC 5321 4.5.3.1.1), or is
 * quoted. With 24 bits, who guesses is right once in 16 million tries. */
#pragma once

#include "arrive/arrival.h"
#include "base/config.h"
#include "trace/origin.h"

#define BATV_DAYS 7

/* Rows for config_read: section [bounce]. */
extern const struct config_key batv_config_keys[];

struct batv_settings {
    const struct bytes *domains; /* as given; any case. None: nothing is tagged */
    size_t domain_count;
    unsigned key; /* the number of the key that tags, 0 to 9 */
    struct bytes
        secret; /* path of the secrets without ".K"; "": bounce in the folder of keys */
    enum batv_require require;
    const struct bytes *exceptions;
    size_t exception_count;
};

enum sk_code batv_settings_new(struct arena *arena, const struct config *config,
                               const struct batv_settings **settings_r, struct why *why);

/* Asks for the three bytes over "K DDD address" (without blanks), by the key of that number. */
typedef bool batv_ask(void *context, unsigned key, struct bytes what, uint8_t tag_r[3]);

/* The address with a tag, for a sender at a domain of ours; false: it gets none (or nobody was there to make it). */
bool batv_tag(struct arena *arena, const struct batv_settings *settings,
              struct bytes address, int64_t now_s, batv_ask *ask, void *context,
              struct bytes *tagged_r);

/* Takes a tag off an address at a domain of ours, in *address, and says what it was worth. */
enum arrival_tag batv_take(struct arena *arena, const struct batv_settings *settings,
                           struct bytes *address, int64_t now_s, batv_ask *ask,
                           void *context);

/* Notes what the tags say of the message: batv_pass; and for a bounce that has none that is good, batv_missing,
 * batv_expired or batv_forged, and what the settings want done with it (origin.bounce). Asks nobody. leaving: it comes from a client of ours, whose bounces need no tag. */
void batv_note(struct arena *arena, const struct batv_settings *settings,
               const struct arrival *arrival, bool leaving, struct origin *origin);
