#include "report/password.h"

#include "base/limits.h"
#include "base/tap.h"

static struct arena arena;

static bool
good(const char *password, const char *account)
{
    return password_check_strength(bytes_from_text(password), bytes_from_text(account),
                                   NULL) == SK_OK;
}

static void
test_strength(void)
{
    char text[LIMIT_PASSWORD_MOST + 2];

    tap_ok(good("tori-7kumo&ame", "hanako"), "twelve characters and more");
    tap_ok(good("kumo7-ame&to", "hanako"), "exactly LIMIT_PASSWORD_LEAST");
    tap_ok(!good("kumo7-ame&t", "hanako"), "one fewer");
    tap_ok(good("雲と雨と風と鳥と山と川", "hanako") == false,
           "eleven Japanese characters are too few");
    tap_ok(good("雲と雨と風と鳥と山と川と", "hanako"), "characters are counted, not bytes");
    tap_ok(!good("aaaaaaaaaaaaaaaa", "hanako"), "one character over and over");
    tap_ok(!good("abababababab", "hanako"), "two characters");
    tap_ok(!good("123456789012", "hanako"), "digits in a row");
    tap_ok(!good("qwertyuiop12", "hanako"), "a row of keys");
    tap_ok(!good("1qaz2wsx3edc", "hanako"), "columns of keys");
    tap_ok(!good("Password2026!", "hanako"),
           "one of the first that are guessed, with a tail");
    tap_ok(!good("hanako202611", "hanako"), "the account's name with a tail");
    tap_ok(!good("HANAKO202611", "hanako"), "in capitals too");
    tap_ok(!good("\xff\xfe\xfd_kumo_ame_kaze", "hanako"), "no UTF-8");
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)('!' + i * 7 % 90);
    }
    text[LIMIT_PASSWORD_MOST] = '\0';
    tap_ok(good(text, "hanako"), "LIMIT_PASSWORD_MOST bytes");
    text[LIMIT_PASSWORD_MOST] = 'x';
    text[LIMIT_PASSWORD_MOST + 1] = '\0';
    tap_ok(!good(text, "hanako"), "one more");
    tap_ok(password_check_strength(bytes_of("kumo\0ame-kaze-tori", 18), BYTES("x"), NULL) ==
               SK_BAD,
           "a NUL");
}

static void
test_hash(void)
{
    struct bytes hash, other;
    const struct bytes password = BYTES("kumo7-ame&to");

    tap_ok(password_hash(&arena, password, &hash, NULL) == SK_OK &&
               bytes_starts(hash, BYTES("$argon2id$v=19$m=")),
           "argon2id");
    tap_ok(hash.size < PASSWORD_HASH_MAX, "a hash has its size");
    tap_ok(password_is(&arena, password, hash), "the password");
    tap_ok(!password_is(&arena, BYTES("kumo7-ame&tO"), hash), "another one");
    tap_ok(!password_is(&arena, BYTES(""), hash), "none");
    tap_ok(password_hash(&arena, password, &other, NULL) == SK_OK &&
               !bytes_equal(hash, other),
           "each has its own salt");
    tap_ok(!password_is(&arena, password, password_nobody()), "nobody's hash fits nothing");
    tap_ok(!password_is(&arena, password, BYTES("")), "an empty hash");
    tap_ok(!password_is(&arena, password, bytes_slice(hash, 0, hash.size - 1)),
           "a hash cut short");
    tap_ok(!password_is(&arena, password,
                        BYTES("$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHQ$"
                              "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
           "a hash that wants 4 GiB is not tried");
    tap_ok(!password_is(&arena, password,
                        BYTES("$argon2i$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$AAAA")),
           "another kind of hash");
}

int
main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    test_strength();
    test_hash();
    arena_release(&arena);
    return tap_done();
}
