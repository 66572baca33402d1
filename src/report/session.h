/* Sign-ins at the console, and what is counted against guessing. Pure: the time is passed in; nothing is read or sent.
 *
 * A session is a random key of 256 bits in the browser's cookie; here stands only its SHA-256, so that neither a dump of
 * memory nor a forked helper gives away a key that works. It ends when its person signs out, after idle_ms without a
 * request, after most_ms in any case, and when its account is changed. Each has a token that every change must bring back
 * (against requests forged by other sites, beside SameSite and Origin).
 *
 * Guesses: wrong passwords are counted for the account and for the address they came from; beyond LIMIT_GUESSES_* in
 * GUESS_WINDOW_MS further tries are refused unread until the old ones have aged. A try counts when it begins and is given
 * back when it was right, so that many at once do not slip through. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/limits.h"

enum account_role { ACCOUNT_NONE, ACCOUNT_OPERATOR, ACCOUNT_REVIEWER, ACCOUNT_AUDITOR };
#define ACCOUNT_ROLES 4
const char *account_role_name(enum account_role role); /* "operator", ...; "" for none */
bool account_role_read(struct bytes name, enum account_role *role_r);

#define SESSION_KEY_SIZE   64 /* hexadecimal digits in the cookie */
#define SESSION_TOKEN_SIZE 32
#define SESSION_ID_SIZE    16
#define GUESS_WINDOW_MS    ((int64_t)15 * 60000)

struct session {
    bool used;
    uint8_t key_hash[HASH_SHA256_SIZE];
    char token[SESSION_TOKEN_SIZE + 1];
    char id[SESSION_ID_SIZE + 1]; /* names it in a list; of no other use */
    char account[LIMIT_ACCOUNT_NAME + 1];
    char from[64]; /* address it was signed in from */
    enum account_role role;
    int64_t began_ms, last_ms; /* monotonic */
    int64_t began_at_ms;       /* wall clock, for people */
};

struct guesser {
    char key[LIMIT_ACCOUNT_NAME + 64]; /* "a:NAME" or "f:ADDRESS" */
    int64_t window_ms;                 /* when its first guess was made */
    int64_t last_ms;
    unsigned count;
};

struct sessions {
    struct session *all; /* LIMIT_SESSIONS of them */
    struct guesser *guessers;
    size_t guesser_count;
    int64_t idle_ms, most_ms;
};

void sessions_init(struct sessions *s, struct arena *arena, int64_t idle_ms,
                   int64_t most_ms);
/* A new sign-in; the longest unused one gives way where there are too many. key_r: for the cookie. */
struct session *session_begin(struct sessions *s, struct bytes account,
                              enum account_role role, struct bytes from, int64_t now_ms,
                              int64_t wall_ms, char key_r[SESSION_KEY_SIZE + 1]);
/* The session of a cookie's key if it is still good; touch: it is used now. */
struct session *session_find(struct sessions *s, struct bytes key, int64_t now_ms,
                             bool touch);
struct session *session_by_id(struct sessions *s, struct bytes id, int64_t now_ms);
bool session_alive(const struct sessions *s, const struct session *session, int64_t now_ms);
bool session_token_is(const struct session *session, struct bytes token);
void session_end(struct session *session);
/* All of one account. */
void session_end_account(struct sessions *s, struct bytes account);

/* May a password be tried? 0: yes, and it is counted; else after how many seconds. */
int64_t guess_begin(struct sessions *s, struct bytes account, struct bytes from,
                    int64_t now_ms);
/* It was right: it is taken back, and the account's earlier ones are forgotten. */
void guess_was_right(struct sessions *s, struct bytes account, struct bytes from);
