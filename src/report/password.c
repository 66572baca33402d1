#include "report/password.h"

#include <argon2.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/utf8.h"

/* RFC 9106 4 leaves the choice to what the machine can bear: 32 MiB and two passes take 70 ms here, and three checks at a
 * time do not push anything else out of memory. */
#define MEMORY_KIB 32768
#define PASSES     2
#define LANES      1
#define SALT_SIZE  16
#define HASH_SIZE  32

/* What is guessed first, and what passwords of Japanese desks are made of. Whoever adds digits to one of these has not
 * chosen a password; so one of them with up to six more characters is refused as well. */
static const char *const common[] = {
    "password",     "passw0rd",   "p@ssword",     "p@ssw0rd",   "administrator",
    "adminadmin",   "qwerty",     "qwertyuiop",   "letmein",    "welcome",
    "iloveyou",     "sunshine",   "princess",     "football",   "baseball",
    "dragon",       "monkey",     "superman",     "trustno1",   "master",
    "sekisho",      "postmaster", "operator",     "reviewer",   "auditor",
    "console",      "checkpoint", "changeme",     "changeit",   "default",
    "secret",       "himitsu",    "pasuwado",     "sakura",     "sakurasakura",
    "doraemon",     "pikachu",    "nihonnippon",  "tokyotokyo", "1qaz2wsx",
    "1qaz2wsx3edc", "zaq12wsx",   "q1w2e3r4t5",   "1q2w3e4r5t", "asdfghjkl",
    "zxcvbnm",      "abcdefgh",   "correcthorse",
};
static const char runs[] = "01234567890 abcdefghijklmnopqrstuvwxyz qwertyuiop asdfghjkl "
                           "zxcvbnm 1qaz2wsx3edc4rfv5tgb";

static size_t
count_characters(struct bytes text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.size; i++) {
        count += (text.at[i] & 0xc0) != 0x80;
    }
    return count;
}

/* Few different characters, whatever their order. */
static bool
is_monotonous(struct bytes password)
{
    bool seen[256] = {false};
    size_t different = 0;

    for (size_t i = 0; i < password.size; i++) {
        different += !seen[ascii_lower(password.at[i])];
        seen[ascii_lower(password.at[i])] = true;
    }
    return different < 5;
}

/* How many characters stand in a run of keys or of the alphabet, forwards. */
static bool
is_run(struct bytes password)
{
    size_t steps = 0;

    for (size_t i = 1; i < password.size; i++) {
        const char pair[3] = {(char)ascii_lower(password.at[i - 1]),
                              (char)ascii_lower(password.at[i]), '\0'};
        steps += strstr(runs, pair) != NULL;
    }
    return steps + 4 >= password.size;
}

enum sk_code
password_check_strength(struct bytes password, struct bytes account, struct why *why)
{
    if (password.size > LIMIT_PASSWORD_MOST) {
        return why_set(why, SK_BAD, "a password has at most %d bytes", LIMIT_PASSWORD_MOST);
    }
    if (!utf8_valid(password) || bytes_find_byte(password, 0, 0) != BYTES_NOWHERE) {
        return why_set(why, SK_BAD, "a password is text in UTF-8");
    }
    if (count_characters(password) < LIMIT_PASSWORD_LEAST) {
        return why_set(why, SK_BAD, "a password has at least %d characters",
                       LIMIT_PASSWORD_LEAST);
    }
    if (is_monotonous(password)) {
        return why_set(why, SK_BAD, "the password has too few different characters");
    }
    if (is_run(password)) {
        return why_set(why, SK_BAD, "the password is a run of keys");
    }
    if (account.size >= 3 && bytes_find_fold(password, account, 0) != BYTES_NOWHERE &&
        password.size < account.size + 8) {
        return why_set(why, SK_BAD, "the password is the account's name");
    }
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        struct bytes word = bytes_from_text(common[i]);
        if (bytes_find_fold(password, word, 0) != BYTES_NOWHERE &&
            password.size <= word.size + 6) {
            return why_set(why, SK_BAD,
                           "the password is one of those that are guessed first");
        }
    }
    return SK_OK;
}

enum sk_code
password_hash(struct arena *arena, struct bytes password, struct bytes *hash_r,
              struct why *why)
{
    uint8_t salt[SALT_SIZE];
    char *text = arena_take(arena, PASSWORD_HASH_MAX);

    hash_random(salt, sizeof salt);
    int failed =
        argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password.at, password.size, salt,
                              sizeof salt, HASH_SIZE, text, PASSWORD_HASH_MAX);
    if (failed != ARGON2_OK) {
        return why_set(why, SK_LATER, "argon2: %s", argon2_error_message(failed));
    }
    *hash_r = bytes_from_text(text);
    return SK_OK;
}

/* The parameters are ours or smaller: the file is ours, but a hash is no licence to take any memory. */
static bool
is_affordable(struct bytes hash)
{
    struct bytes rest = hash, piece;
    uint64_t number;

    if (!bytes_starts(hash, BYTES("$argon2id$v=19$m=")) || hash.size > PASSWORD_HASH_MAX) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        if (!bytes_split(&rest, '$', &piece)) {
            return false;
        }
    }
    rest = piece;
    static const struct {
        const char *name;
        uint64_t most;
    } parameters[] = {{"m=", MEMORY_KIB * 4}, {"t=", PASSES * 4}, {"p=", 4}};
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        if (!bytes_split(&rest, ',', &piece) ||
            !bytes_starts(piece, bytes_from_text(parameters[i].name)) ||
            !bytes_to_number(bytes_from(piece, 2), parameters[i].most, &number)) {
            return false;
        }
    }
    return true;
}

bool
password_is(struct arena *arena, struct bytes password, struct bytes hash)
{
    return password.size <= LIMIT_PASSWORD_MOST && is_affordable(hash) &&
           argon2id_verify(bytes_text(arena, hash), password.at, password.size) ==
               ARGON2_OK;
}

struct bytes
password_nobody(void)
{
    return BYTES("$argon2id$v=19$m=32768,t=2,p=1$bm9ib2R5IGtub3dzIGl0Cg$"
                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}
