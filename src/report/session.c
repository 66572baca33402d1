#include "report/session.h"

#include "base/writer.h"

static const char *const role_names[ACCOUNT_ROLES] = {"", "operator", "reviewer",
                                                      "auditor"};

const char *
account_role_name(enum account_role role)
{
    return role_names[role];
}

bool
account_role_read(struct bytes name, enum account_role *role_r)
{
    for (int i = 1; i < ACCOUNT_ROLES; i++) {
        if (bytes_is(name, role_names[i])) {
            *role_r = (enum account_role)i;
            return true;
        }
    }
    return false;
}

void
sessions_init(struct sessions *s, struct arena *arena, int64_t idle_ms, int64_t most_ms)
{
    *s =
        (struct sessions){.all = ARENA_NEW_MANY(arena, LIMIT_SESSIONS, struct session),
                          .guessers = ARENA_NEW_MANY(arena, LIMIT_GUESSERS, struct guesser),
                          .idle_ms = idle_ms,
                          .most_ms = most_ms};
}

static void
random_hex(char *at, size_t digits)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t random[SESSION_KEY_SIZE / 2];

    hash_random(random, sizeof random);
    for (size_t i = 0; i < digits; i++) {
        at[i] = hex[random[i / 2] >> (i % 2 * 4) & 15];
    }
    at[digits] = '\0';
    explicit_bzero(random, sizeof random);
}

static void
copy_text(char *at, size_t room, struct bytes text)
{
    size_t size = text.size < room - 1 ? text.size : room - 1;

    if (size > 0) {
        memcpy(at, text.at, size);
    }
    at[size] = '\0';
}

/* A free place: one that is unused or over, else the longest unused one, of this account if it has its share. */
static struct session *
find_place(struct sessions *s, struct bytes account, int64_t now_ms)
{
    struct session *free = NULL, *oldest = NULL, *own = NULL;
    size_t own_count = 0;

    for (size_t i = 0; i < LIMIT_SESSIONS; i++) {
        struct session *one = &s->all[i];
        if (!session_alive(s, one, now_ms)) {
            free = one;
            continue;
        }
        if (oldest == NULL || one->last_ms < oldest->last_ms) {
            oldest = one;
        }
        if (bytes_is(account, one->account)) {
            own_count++;
            own = own == NULL || one->last_ms < own->last_ms ? one : own;
        }
    }
    return own_count >= LIMIT_SESSIONS_ACCOUNT ? own : free != NULL ? free : oldest;
}

struct session *
session_begin(struct sessions *s, struct bytes account, enum account_role role,
              struct bytes from, int64_t now_ms, int64_t wall_ms,
              char key_r[SESSION_KEY_SIZE + 1])
{
    struct session *session = find_place(s, account, now_ms);

    *session = (struct session){.used = true,
                                .role = role,
                                .began_ms = now_ms,
                                .last_ms = now_ms,
                                .began_at_ms = wall_ms};
    random_hex(key_r, SESSION_KEY_SIZE);
    random_hex(session->token, SESSION_TOKEN_SIZE);
    random_hex(session->id, SESSION_ID_SIZE);
    hash_sha256(bytes_of(key_r, SESSION_KEY_SIZE), session->key_hash);
    copy_text(session->account, sizeof session->account, account);
    copy_text(session->from, sizeof session->from, from);
    return session;
}

bool
session_alive(const struct sessions *s, const struct session *session, int64_t now_ms)
{
    return session->used && now_ms - session->last_ms < s->idle_ms &&
           now_ms - session->began_ms < s->most_ms;
}

/* In a time that does not depend on where they differ. */
static bool
same(const void *a, const void *b, size_t size)
{
    const uint8_t *left = a, *right = b;
    unsigned difference = 0;

    for (size_t i = 0; i < size; i++) {
        difference |= left[i] ^ right[i];
    }
    return difference == 0;
}

struct session *
session_find(struct sessions *s, struct bytes key, int64_t now_ms, bool touch)
{
    uint8_t hash[HASH_SHA256_SIZE];

    if (key.size != SESSION_KEY_SIZE) {
        return NULL;
    }
    hash_sha256(key, hash);
    for (size_t i = 0; i < LIMIT_SESSIONS; i++) {
        struct session *one = &s->all[i];
        if (one->used && same(one->key_hash, hash, sizeof hash)) {
            if (!session_alive(s, one, now_ms)) {
                session_end(one);
                return NULL;
            }
            one->last_ms = touch ? now_ms : one->last_ms;
            return one;
        }
    }
    return NULL;
}

struct session *
session_by_id(struct sessions *s, struct bytes id, int64_t now_ms)
{
    for (size_t i = 0; i < LIMIT_SESSIONS; i++) {
        if (session_alive(s, &s->all[i], now_ms) && bytes_is(id, s->all[i].id)) {
            return &s->all[i];
        }
    }
    return NULL;
}

bool
session_token_is(const struct session *session, struct bytes token)
{
    return token.size == SESSION_TOKEN_SIZE &&
           same(session->token, token.at, SESSION_TOKEN_SIZE);
}

void
session_end(struct session *session)
{
    explicit_bzero(session, sizeof *session);
}

void
session_end_account(struct sessions *s, struct bytes account)
{
    for (size_t i = 0; i < LIMIT_SESSIONS; i++) {
        if (s->all[i].used && bytes_is(account, s->all[i].account)) {
            session_end(&s->all[i]);
        }
    }
}

/* Guesses */

static void
guesser_key(char *at, size_t room, char kind, struct bytes text)
{
    at[0] = kind;
    at[1] = ':';
    copy_text(at + 2, room - 2, text);
    for (char *c = at + 2; *c != '\0'; c++) {
        *c = (char)ascii_lower((uint8_t)*c);
    }
}

static struct guesser *
guesser_of(struct sessions *s, char kind, struct bytes text, int64_t now_ms, bool make)
{
    char key[sizeof s->guessers->key];
    struct guesser *quiet = NULL;

    guesser_key(key, sizeof key, kind, text);
    for (size_t i = 0; i < s->guesser_count; i++) {
        struct guesser *one = &s->guessers[i];
        if (strcmp(one->key, key) == 0) {
            if (now_ms - one->window_ms >= GUESS_WINDOW_MS) {
                one->count = 0;
                one->window_ms = now_ms;
            }
            return one;
        }
        if (quiet == NULL || one->last_ms < quiet->last_ms) {
            quiet = one;
        }
    }
    if (!make) {
        return NULL;
    }
    struct guesser *new =
        s->guesser_count < LIMIT_GUESSERS ? &s->guessers[s->guesser_count++] : quiet;
    *new = (struct guesser){.window_ms = now_ms, .last_ms = now_ms};
    memcpy(new->key, key, sizeof key);
    return new;
}

int64_t
guess_begin(struct sessions *s, struct bytes account, struct bytes from, int64_t now_ms)
{
    /* The address first: whoever has used it up cannot use up an account as well. */
    struct guesser *address = guesser_of(s, 'f', from, now_ms, true);
    address->last_ms = now_ms;
    if (address->count >= LIMIT_GUESSES_ADDRESS) {
        return (address->window_ms + GUESS_WINDOW_MS - now_ms + 999) / 1000;
    }
    struct guesser *name = guesser_of(s, 'a', account, now_ms, true);
    name->last_ms = now_ms;
    if (name->count >= LIMIT_GUESSES_ACCOUNT) {
        return (name->window_ms + GUESS_WINDOW_MS - now_ms + 999) / 1000;
    }
    address->count++;
    name->count++;
    return 0;
}

void
guess_was_right(struct sessions *s, struct bytes account, struct bytes from)
{
    struct guesser *address = guesser_of(s, 'f', from, 0, false),
                   *name = guesser_of(s, 'a', account, 0, false);

    if (address != NULL && address->count > 0) {
        address->count--;
    }
    if (name != NULL) {
        name->count = 0;
    }
}
