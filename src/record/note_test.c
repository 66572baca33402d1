#include "record/note.h"

#include "base/limits.h"
#include "base/tap.h"

static struct arena arena;

/* The example of c2sp.org/signed-note. */
static const char vkey[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char example[] = "This is an example message.\n\n"
                              "\xe2\x80\x94 example.com/foo "
                              "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZ"
                              "XsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

static enum sk_code
check(struct bytes text, const struct note_key *key)
{
    struct note note;
    struct why why;
    enum sk_code code = note_read(&arena, text, &note, &why);

    return code == SK_OK ? note_check(&note, key, &why) : SK_MORE;
}

static void
test_example(void)
{
    struct note_key key;
    struct note note;
    struct writer w;
    char text[sizeof(example)];
    size_t refused = 0;

    writer_init(&w, &arena);
    tap_ok(note_key_read(&arena, bytes_from_text(vkey), &key) && key.id == 0x530d903a,
           "the verifier key is read");
    note_key_write(&w, &key);
    tap_ok(bytes_is(writer_view(&w), vkey), "and written as it was");
    tap_ok(note_read(&arena, bytes_from_text(example), &note, NULL) == SK_OK &&
               note.signature_count == 1 &&
               bytes_is(note.text, "This is an example message.\n"),
           "the note is read");
    tap_ok(check(bytes_from_text(example), &key) == SK_OK, "its signature is good");
    for (size_t i = 0; i < sizeof(example) - 1; i++) {
        memcpy(text, example, sizeof(text));
        text[i] ^= 4;
        refused += check(bytes_of(text, sizeof(text) - 1), &key) != SK_OK;
    }
    tap_ok(refused == sizeof(example) - 1, "any byte changed: refused (%zu of %zu)",
           refused, sizeof(example) - 1);
    refused = 0;
    for (size_t i = 0; i < sizeof(example) - 1; i++) {
        refused += check(bytes_of(example, i), &key) != SK_OK;
    }
    tap_ok(refused == sizeof(example) - 1, "cut anywhere: refused");
    char other[sizeof(vkey)];
    memcpy(other, vkey, sizeof(vkey));
    other[20] ^= 1;
    tap_ok(!note_key_read(&arena, bytes_from_text(other), &key),
           "a key whose id is not its own is refused");
    tap_ok(!note_key_read(&arena, BYTES("example.com/foo+530d903a"), &key) &&
               !note_key_read(&arena, BYTES(""), &key) &&
               !note_key_read(
                   &arena, BYTES("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
                   &key),
           "what is no key is refused");
}

static void
test_names(void)
{
    uint8_t name[256];

    memset(name, 'n', sizeof(name));
    tap_ok(note_name_valid(bytes_of(name, 255)) && !note_name_valid(bytes_of(name, 256)),
           "a name at the bound, one past");
    tap_ok(!note_name_valid(BYTES("")) && !note_name_valid(BYTES("a b")) &&
               !note_name_valid(BYTES("a+b")) &&
               !note_name_valid(BYTES("a\xe3\x80\x80"
                                      "b")) &&
               !note_name_valid(BYTES("a\xff")) && !note_name_valid(BYTES("a\nb")),
           "no blanks, not even full-width ones, no plus, no controls, UTF-8");
    tap_ok(note_name_valid(BYTES("例.jp/関所")), "Japanese is a name");
}

static void
test_sign(void)
{
    struct note_signer signer, again;
    struct writer w, note;
    uint8_t seed[32];

    memset(seed, 7, sizeof(seed));
    writer_init(&w, &arena);
    writer_init(&note, &arena);
    note_signer_new(BYTES("example.jp/sekisho"), NOTE_ED25519, seed, &signer);
    note_sign(&note, &signer, BYTES("example.jp/sekisho\n0\n\n\nlast\n"));
    tap_ok(check(writer_view(&note), &signer.key) == SK_OK,
           "what we sign is good, empty lines in the text and all");
    note_signer_write(&w, &signer);
    tap_ok(note_signer_read(&arena, writer_view(&w), &again) &&
               again.key.id == signer.key.id &&
               bytes_equal(again.key.name, signer.key.name),
           "the private key is written and read");
    tap_ok(!note_signer_read(&arena, bytes_from_text(vkey), &again),
           "a verifier key is no private key");
    memset(seed, 8, sizeof(seed));
    note_signer_new(BYTES("example.jp/sekisho"), NOTE_ED25519, seed, &again);
    tap_ok(check(writer_view(&note), &again.key) == SK_BAD, "another key did not sign it");
}

static void
test_bounds(void)
{
    struct note_signer signer;
    struct writer w;
    struct note note;
    uint8_t seed[32] = {1};
    struct bytes line;

    writer_init(&w, &arena);
    note_signer_new(BYTES("k"), NOTE_ED25519, seed, &signer);
    note_sign(&w, &signer, BYTES("text\n"));
    line = bytes_copy(&arena, bytes_from(writer_view(&w), 6));
    for (int i = 1; i < LIMIT_NOTE_SIGNATURES; i++) {
        writer_bytes(&w, line);
    }
    tap_ok(note_read(&arena, writer_view(&w), &note, NULL) == SK_OK &&
               note.signature_count == LIMIT_NOTE_SIGNATURES &&
               note_check(&note, &signer.key, NULL) == SK_OK,
           "%d signatures", LIMIT_NOTE_SIGNATURES);
    writer_bytes(&w, line);
    tap_ok(note_read(&arena, writer_view(&w), &note, NULL) == SK_LIMIT, "and one more");
    uint8_t *large = arena_take_bytes(&arena, LIMIT_NOTE_BYTES + 1);
    memset(large, 'x', LIMIT_NOTE_BYTES + 1);
    size_t from = LIMIT_NOTE_BYTES - line.size;
    memcpy(large + from, line.at, line.size);
    large[from - 1] = large[from - 2] = '\n';
    tap_ok(note_read(&arena, bytes_of(large, LIMIT_NOTE_BYTES), &note, NULL) == SK_OK,
           "a note at the bound");
    tap_ok(note_read(&arena, bytes_of(large, LIMIT_NOTE_BYTES + 1), &note, NULL) ==
               SK_LIMIT,
           "one byte past it");
    tap_ok(note_read(&arena, BYTES(""), &note, NULL) == SK_BAD &&
               note_read(&arena, BYTES("\n"), &note, NULL) == SK_BAD &&
               note_read(&arena, BYTES("\n\n"), &note, NULL) == SK_BAD &&
               note_read(&arena, BYTES("a\0b\n\n"), &note, NULL) == SK_BAD,
           "what is no note is refused");
}

static void
test_checkpoint(void)
{
    struct checkpoint c, again;
    struct writer w;

    writer_init(&w, &arena);
    tap_ok(checkpoint_read(
               BYTES("example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/"
                     "Xajj7h2fB2MPA3j2jxq2I=\n"),
               &c) &&
               c.size == 20852163 && bytes_is(c.origin, "example.com/behind-the-sofa"),
           "the example checkpoint");
    checkpoint_write(&w, &c);
    tap_ok(checkpoint_read(writer_view(&w), &again) && merkle_equal(&c.root, &again.root),
           "written and read");
    tap_ok(
        checkpoint_read(
            BYTES("o\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nextension\n"), &c),
        "an extension line");
    static const char *const bad[] = {
        "",
        "o\n",
        "o\n1\n",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n99999999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\nx\n",
    };
    size_t refused = 0;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        refused += !checkpoint_read(bytes_from_text(bad[i]), &c);
    }
    tap_ok(refused == sizeof(bad) / sizeof(bad[0]), "%zu broken ones are refused", refused);
}

int
main(void)
{
    arena_init(&arena, (size_t)64 << 20);
    test_example();
    test_names();
    test_sign();
    test_bounds();
    test_checkpoint();
    arena_release(&arena);
    return tap_done();
}
