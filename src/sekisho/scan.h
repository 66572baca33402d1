/* The attachments of a message on their way past ClamAV, where the operator has one running (section [clamd]).
 *
 *     struct scanning *s = scan_ask(arena, enclosing, &clamd, base, done, context);    in a worker's loop; NULL: not asked
 *     struct scan_sum sum = scan_end(s);                                           after done
 *
 * Attachments alone are shown to it, decoded, never the message: what it may look at is what the family `attachments`
 * allows. What it found stands in the enclosure (virus); what it did not look at, because it is down, slow, or will not
 * take so much, has FACT_UNSCANNED. An empty attachment is not asked about. Bounds: LIMIT_CLAMD_PIECES attachments and
 * clamd.bytes of one message, clamd.time for all of it. */
#pragma once

#include "net/clamd.h"
#include "sekisho/enclose.h"

extern const struct config_key clamd_config_keys[];

struct scan_settings {
    bool used, tempfail;
    struct net_endpoint endpoint;
    int64_t time_ms;
    uint64_t bytes;
};
/* SK_CONFIG: clamd.socket is no place to connect to. */
enum sk_code scan_settings_read(const struct config *config,
                                struct scan_settings *settings_r, struct why *why);

struct scanning;
struct scan_sum {
    size_t scanned, infected, unscanned;
    size_t
        unanswered; /* of the unscanned, those that clamd said nothing about: it is down or slow */
};

/* NULL: it is not asked, as nothing is attached, or nobody has set it up, or the arena is full. done comes from the loop,
 * never before this has returned. */
struct scanning *scan_ask(struct arena *arena, struct enclosing *enclosing,
                          const struct scan_settings *settings, struct event_base *base,
                          void (*done)(void *context), void *context);
/* Before enclosing_end. */
struct scan_sum scan_end(struct scanning *scanning);
/* The same, waiting; for commands. */
void scan_now(struct arena *arena, struct enclosing *enclosing,
              const struct scan_settings *settings);
