#include "report/session.h"

#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

#define IDLE 1000
#define MOST 5000

static struct sessions
fresh(void)
{
    struct sessions s;

    sessions_init(&s, &arena, IDLE, MOST);
    return s;
}

static struct bytes
numbered(unsigned i)
{
    struct writer *w = ARENA_NEW(&arena, struct writer);
    writer_init(w, &arena);
    writer_format(w, "n%u", i);
    return writer_view(w);
}

static void
test_life(void)
{
    struct sessions s = fresh();
    char key[SESSION_KEY_SIZE + 1], other[SESSION_KEY_SIZE + 1];

    struct session *one = session_begin(&s, BYTES("hanako"), ACCOUNT_OPERATOR,
                                        BYTES("127.0.0.1"), 100, 1, key);
    session_begin(&s, BYTES("taro"), ACCOUNT_AUDITOR, BYTES("::1"), 100, 1, other);
    tap_ok(strlen(key) == SESSION_KEY_SIZE && strcmp(key, other) != 0,
           "keys are long and differ");
    tap_ok(session_find(&s, bytes_from_text(key), 100, false) == one,
           "a key finds its session");
    tap_ok(memcmp(one->key_hash, key, 32) != 0, "the key itself is not kept");
    tap_ok(session_find(&s, bytes_slice(bytes_from_text(key), 0, SESSION_KEY_SIZE - 1), 100,
                        false) == NULL,
           "a part of a key finds nothing");
    char altered[SESSION_KEY_SIZE + 1];
    memcpy(altered, key, sizeof altered);
    altered[SESSION_KEY_SIZE - 1] = altered[SESSION_KEY_SIZE - 1] == '0' ? '1' : '0';
    tap_ok(session_find(&s, bytes_from_text(altered), 100, false) == NULL,
           "a key with one digit changed finds nothing");
    tap_ok(session_find(&s, BYTES_NONE, 100, false) == NULL, "no key finds nothing");
    tap_ok(session_token_is(one, bytes_from_text(one->token)), "its token is its token");
    tap_ok(!session_token_is(one, BYTES_NONE) && !session_token_is(one, BYTES("0")),
           "another token is not");
    tap_ok(session_find(&s, bytes_from_text(key), 100 + IDLE - 1, true) == one,
           "just before the idle end it is there");
    tap_ok(session_find(&s, bytes_from_text(key), 100 + 2 * IDLE - 2, false) == one,
           "use moves the idle end");
    tap_ok(session_find(&s, bytes_from_text(key), 100 + 2 * IDLE - 1, false) == NULL,
           "at the idle end it is over");
    struct session *long_one =
        session_begin(&s, BYTES("hanako"), ACCOUNT_OPERATOR, BYTES("127.0.0.1"), 0, 1, key);
    for (int64_t t = 0; t < MOST; t += IDLE / 2) {
        (void)session_find(&s, bytes_from_text(key), t, true);
    }
    tap_ok(session_find(&s, bytes_from_text(key), MOST - 1, true) == long_one,
           "used all the time it lives to its whole end");
    tap_ok(session_find(&s, bytes_from_text(key), MOST, true) == NULL, "and not longer");
    session_begin(&s, BYTES("taro"), ACCOUNT_AUDITOR, BYTES("::1"), 0, 1, other);
    session_end_account(&s, BYTES("taro"));
    tap_ok(session_find(&s, bytes_from_text(other), 0, false) == NULL,
           "an account's sessions end together");
}

static void
test_bounds(void)
{
    struct sessions s = fresh();
    char first[SESSION_KEY_SIZE + 1], key[SESSION_KEY_SIZE + 1];

    session_begin(&s, BYTES("hanako"), ACCOUNT_OPERATOR, BYTES("a"), 0, 0, first);
    for (int i = 1; i < LIMIT_SESSIONS_ACCOUNT; i++) {
        session_begin(&s, BYTES("hanako"), ACCOUNT_OPERATOR, BYTES("a"), i, 0, key);
    }
    tap_ok(session_find(&s, bytes_from_text(first), 9, false) != NULL,
           "LIMIT_SESSIONS_ACCOUNT sign-ins of one account");
    session_begin(&s, BYTES("hanako"), ACCOUNT_OPERATOR, BYTES("a"), 10, 0, key);
    tap_ok(session_find(&s, bytes_from_text(first), 10, false) == NULL,
           "one more ends the longest unused");
    s = fresh();
    session_begin(&s, BYTES("first"), ACCOUNT_OPERATOR, BYTES("a"), 0, 0, first);
    for (unsigned i = 1; i < LIMIT_SESSIONS; i++) {
        session_begin(&s, numbered(i), ACCOUNT_OPERATOR, BYTES("a"), 1, 0, key);
    }
    tap_ok(session_find(&s, bytes_from_text(first), 2, false) != NULL,
           "LIMIT_SESSIONS sign-ins");
    session_begin(&s, BYTES("last"), ACCOUNT_OPERATOR, BYTES("a"), 2, 0, key);
    tap_ok(session_find(&s, bytes_from_text(first), 2, false) == NULL &&
               session_find(&s, bytes_from_text(key), 2, false) != NULL,
           "one more ends the longest unused of all");
    struct bytes name =
        BYTES("a234567890123456789012345678901234567890123456789012345678901234x");
    struct session *cut = session_begin(&s, name, ACCOUNT_OPERATOR, name, 2, 0, key);
    tap_ok(strlen(cut->account) == LIMIT_ACCOUNT_NAME, "a name is cut at its bound");
}

static void
test_guesses(void)
{
    struct sessions s = fresh();
    bool good = true;

    for (int i = 0; i < LIMIT_GUESSES_ACCOUNT; i++) {
        good = good && guess_begin(&s, BYTES("hanako"), numbered((unsigned)i), 0) == 0;
    }
    tap_ok(good, "LIMIT_GUESSES_ACCOUNT guesses for one account, from many addresses");
    tap_ok(guess_begin(&s, BYTES("hanako"), BYTES("x"), 0) == GUESS_WINDOW_MS / 1000,
           "one more is refused, and told when to come again");
    tap_ok(guess_begin(&s, BYTES("HANAKO"), BYTES("x"), 0) > 0, "whatever its case");
    tap_ok(guess_begin(&s, BYTES("taro"), BYTES("x"), 0) == 0, "another account is not");
    tap_ok(guess_begin(&s, BYTES("hanako"), BYTES("x"), GUESS_WINDOW_MS - 1) == 1,
           "a second before the end still");
    tap_ok(guess_begin(&s, BYTES("hanako"), BYTES("x"), GUESS_WINDOW_MS) == 0,
           "at the end no more");
    s = fresh();
    good = true;
    for (unsigned i = 0; i < LIMIT_GUESSES_ADDRESS; i++) {
        good = good && guess_begin(&s, numbered(i), BYTES("192.0.2.1"), 0) == 0;
    }
    tap_ok(good, "LIMIT_GUESSES_ADDRESS guesses from one address, for many accounts");
    tap_ok(guess_begin(&s, BYTES("hanako"), BYTES("192.0.2.1"), 0) > 0,
           "one more is refused");
    tap_ok(guess_begin(&s, BYTES("hanako"), BYTES("192.0.2.2"), 0) == 0,
           "and uses up nothing of the account");
    s = fresh();
    for (int i = 0; i < LIMIT_GUESSES_ADDRESS * 2; i++) {
        good = good && guess_begin(&s, BYTES("hanako"), BYTES("192.0.2.1"), 0) == 0;
        guess_was_right(&s, BYTES("hanako"), BYTES("192.0.2.1"));
    }
    tap_ok(good, "right passwords are not counted");
    s = fresh();
    for (unsigned i = 0; i < LIMIT_GUESSES_ACCOUNT; i++) {
        (void)!guess_begin(&s, BYTES("hanako"), numbered(i), 1);
    }
    for (unsigned i = 0; i < LIMIT_GUESSERS; i++) {
        (void)!guess_begin(&s, BYTES("other"), numbered(i + 100), 2);
    }
    tap_ok(s.guesser_count == LIMIT_GUESSERS, "no more than LIMIT_GUESSERS are remembered");
}

static void
test_roles(void)
{
    enum account_role role;

    for (int i = 1; i < ACCOUNT_ROLES; i++) {
        tap_ok(account_role_read(bytes_from_text(account_role_name((enum account_role)i)),
                                 &role) &&
                   role == (enum account_role)i,
               "%s", account_role_name((enum account_role)i));
    }
    tap_ok(!account_role_read(BYTES(""), &role) && !account_role_read(BYTES("root"), &role),
           "there is no other role");
}

int
main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    test_life();
    test_bounds();
    test_guesses();
    test_roles();
    arena_release(&arena);
    return tap_done();
}
