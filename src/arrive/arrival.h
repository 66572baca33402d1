/* A message as it arrived, and the answer it gets: what arrive hands to the road and takes back.
 *
 * An arrival is made by a door (SMTP transfer, HTTP scan, ...) and is read-only for everyone after. All views are
 * good until the message's arena is released. Envelope addresses are without angle brackets; the null sender is an
 * empty view. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"
#include "net/endpoint.h"

enum arrival_door {
    ARRIVAL_TRANSFER, /* SMTP, port 25 (RFC 5321) */
    ARRIVAL_HTTP,     /* POST /checkv2 */
    ARRIVAL_FILE,     /* sekisho check, try */
};

enum arrival_body { ARRIVAL_BODY_7BIT, ARRIVAL_BODY_8BITMIME };

/* A tag of ours in the local part of a recipient (trace/batv.h): whoever knows it has seen mail of ours. */
enum arrival_tag {
    TAG_NONE,
    TAG_VALID,
    TAG_EXPIRED,
    TAG_FORGED,    /* it is not what we would have made */
    TAG_UNCHECKED, /* nobody was there to check it */
};

struct arrival_recipient {
    struct bytes address; /* "user@example.jp", as given in RCPT TO; without its tag */
    struct bytes
        parameters; /* ESMTP parameters as given, "" if none (RFC 3461 NOTIFY=, ORCPT=) */
    enum arrival_tag tag; /* that was taken off; found out when he was named */
};

struct arrival {
    struct bytes id; /* ours, 20 characters of [0-9A-Za-z]: unique, sorts by time */
    enum arrival_door door;
    const struct arrive_settings
        *settings;   /* that the session began under; NULL without a door */
    int64_t time_ms; /* wall clock when DATA (or the request) was complete */
    struct net_address
        client; /* who connected, or whom a trusted XCLIENT or request names */
    struct bytes
        client_name; /* verified name given by a trusted front (XCLIENT NAME), else "" */
    struct bytes helo;
    bool esmtp;
    struct bytes tls_version; /* "TLSv1.3", "" without TLS */
    struct bytes tls_cipher;
    struct bytes user; /* authenticated login, "" if none */
    struct bytes mail_from;
    struct bytes tagged_from;     /* what the next hop is told instead; "": the same */
    struct bytes mail_parameters; /* RET=, ENVID=, as given */
    enum arrival_body body;
    bool smtputf8;
    struct arrival_recipient *recipients;
    size_t recipient_count;
    struct bytes raw; /* the message: CR LF lines, dots unstuffed, without the final "." */
    struct bytes queue_id; /* a front's own id for the message, "" if none */
    bool wants_opinion; /* POST /v1/judge: the answer's json tells what the message wants */
};

/* One edit of the header. `remove` edits name a field by its exact bytes in raw; `add` edits are complete fields with
 * CR LF at the end, put before the first field in the order given. */
struct answer_edit {
    struct bytes remove; /* a view into arrival.raw: one whole field with its line end */
    struct bytes add;
};

enum answer_action {
    ANSWER_ACCEPT,   /* pass on (with the edits) */
    ANSWER_HOLD,     /* do not pass on: kept by the keeper, the client gets 250 */
    ANSWER_REFUSE,   /* 5xx */
    ANSWER_TEMPFAIL, /* 4xx */
};

struct answer_recipient {
    enum answer_action action;
    struct bytes
        reply; /* for REFUSE and TEMPFAIL: "550 5.7.1 words", without CR LF; else "" */
    const struct answer_edit *edits; /* for ACCEPT */
    size_t edit_count;
    struct bytes papers; /* what was put on top last: signatures, a seal; "" if nothing */
    unsigned group;      /* recipients with the same group get the same bytes */
};

/* For every recipient of the arrival, in its order. */
struct answer {
    struct answer_recipient *recipients;
    size_t recipient_count;
    struct bytes words; /* for the 250: "accepted as 0Kx..., labelled"; no CR or LF */
    struct bytes json;  /* the reply's body for the HTTP door, "" for others */
};

/* What the next hop (or the Maildir) said for each recipient, to be appended to the record before the client hears it. */
enum outcome_kind {
    OUTCOME_NONE,
    OUTCOME_DELIVERED,
    OUTCOME_REFUSED,
    OUTCOME_LATER,
    OUTCOME_HELD
};

struct outcome {
    enum outcome_kind kind;
    struct bytes reply; /* the next hop's own line, "" if none */
};

/* The road, as a door sees it. `examine` starts the walk; `done` is called once, later, never before examine has
 * returned; the answer lives in the message's arena. `outcome` is told what became of each recipient and calls `done`
 * with SK_OK when that is on disk. A code other than SK_OK from either means: nothing was kept, answer 451 4.3.0 (or 552 for
 * SK_LIMIT). When examine gave SK_OK, outcome is called exactly once, by every door (HTTP: all OUTCOME_NONE). A door that loses its client still brings the walk to its end. */
struct arrival_road {
    void *road;
    void (*examine)(void *road, struct arena *arena, const struct arrival *arrival,
                    void (*done)(void *context, enum sk_code code,
                                 const struct answer *answer),
                    void *context);
    void (*outcome)(void *road, struct arena *arena, const struct arrival *arrival,
                    const struct outcome *outcomes,
                    void (*done)(void *context, enum sk_code code), void *context);
    /* HTTP's /learnspam and /learnham: raw is learned for the recipients of the arrival, or where none is named for what
     * the operator's profile allows. already: it was learned as this before. SK_CONFIG: somebody did not allow it. */
    void (*learn)(void *road, struct arena *arena, const struct arrival *arrival, bool spam,
                  void (*done)(void *context, enum sk_code code, bool already),
                  void *context);
    /* Mail to learn.spam_address or learn.ham_address: the messages attached to raw are learned in the name of mail_from.
     * reply: a line for the client, in the arena. SK_LATER and SK_SYSTEM: come again. May be NULL. */
    void (*report)(void *road, struct arena *arena, const struct arrival *arrival,
                   bool spam,
                   void (*done)(void *context, enum sk_code code, struct bytes reply),
                   void *context);
    /* A JSON object of counters for /stat. */
    struct bytes (*statistics)(void *road, struct arena *arena);
    /* For a Maildir next hop: has the keeper store the message, which is the pieces in a row, for each recipient named
     * by its index. done: code tells of all; when it is SK_OK, codes (may be NULL: all well) tells of each. May be NULL
     * where no Maildir is configured. */
    void (*deliver)(void *road, struct arena *arena, const struct arrival *arrival,
                    const size_t *recipients, size_t recipient_count,
                    const struct bytes *pieces, size_t piece_count,
                    void (*done)(void *context, enum sk_code code,
                                 const enum sk_code *codes),
                    void *context);
    /* A sender or a recipient was named: before the next hop hears of him, the sender may get a tag (tagged_from), and a
     * recipient's tag is taken off and checked. May be NULL; never waits longer than a signature takes. */
    void (*sender)(void *road, struct arena *arena, struct arrival *arrival);
    void (*recipient)(void *road, struct arena *arena, const struct arrival *arrival,
                      struct arrival_recipient *recipient);
    /* The next hop refused a recipient at RCPT, for counting unknown users by source; may be NULL. Keeps nothing of
     * what it is shown. */
    void (*refused)(void *road, const struct net_address *client, struct bytes mail_from,
                    struct bytes recipient, struct bytes reply);
};

/* A new id: 20 characters, time in ms and 64 random bits. */
struct bytes arrival_new_id(struct arena *arena, int64_t time_ms);
