/* Before our own headers: they forbid names that OpenSSL gives its parameters. */
#include <openssl/evp.h>

#include "record/note.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/utf8.h"

#define NAME_MAX_BYTES 255
static const struct bytes dash = {(const uint8_t *)"\xe2\x80\x94 ", 4};
static const struct bytes private_start = {(const uint8_t *)"PRIVATE+KEY+", 12};

/* Unicode white space (property White_Space) and the controls of ASCII, which a name may not hold. */
static bool
is_space(uint32_t c)
{
    return c <= ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

bool
note_name_valid(struct bytes name)
{
    uint32_t c;

    if (name.size == 0 || name.size > NAME_MAX_BYTES) {
        return false;
    }
    for (size_t at = 0, size; at < name.size; at += size) {
        size = utf8_get(name, at, &c);
        if (size == 0 || is_space(c) || c == '+') {
            return false;
        }
    }
    return true;
}

bool
note_base64_read(struct arena *arena, struct bytes text, struct bytes *out_r)
{
    return bytes_from_base64(arena, text, out_r) &&
           bytes_equal(bytes_base64(arena, *out_r), text);
}

static uint32_t
be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t
key_id(struct bytes name, enum note_type type, const uint8_t public_key[NOTE_ED25519_SIZE])
{
    uint8_t digest[HASH_SHA256_SIZE], kind[2] = {'\n', (uint8_t)type};

    hash_sha256_many((struct bytes[]){name, bytes_of(kind, sizeof(kind)),
                                      bytes_of(public_key, NOTE_ED25519_SIZE)},
                     3, digest);
    return be32(digest);
}

/* "— name base64": the signature's bytes are decoded into the arena. */
static bool
read_signature(struct arena *arena, struct bytes line, struct note_signature *signature_r)
{
    if (!bytes_starts(line, dash)) {
        return false;
    }
    struct bytes rest = bytes_from(line, dash.size);
    size_t space = bytes_find_byte(rest, ' ', 0);
    if (space == BYTES_NOWHERE) {
        return false;
    }
    struct bytes decoded, base64 = bytes_from(rest, space + 1);
    signature_r->name = bytes_slice(rest, 0, space);
    if (!note_name_valid(signature_r->name) || !note_base64_read(arena, base64, &decoded) ||
        decoded.size < 5) {
        return false;
    }
    signature_r->id = be32(decoded.at);
    signature_r->signature = bytes_from(decoded, 4);
    return true;
}

/* UTF-8 without controls other than the line end. */
static bool
is_note_text(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++) {
        if (b.at[i] < ' ' && b.at[i] != '\n') {
            return false;
        }
    }
    return utf8_valid(b);
}

/* Where the last empty line stands: the index of the second of two line ends in a row. */
static size_t
last_empty_line(struct bytes b)
{
    for (size_t i = b.size; i-- > 1;) {
        if (b.at[i] == '\n' && b.at[i - 1] == '\n') {
            return i;
        }
    }
    return BYTES_NOWHERE;
}

enum sk_code
note_read(struct arena *arena, struct bytes bytes, struct note *note_r, struct why *why)
{
    *note_r = (struct note){0};
    if (bytes.size > LIMIT_NOTE_BYTES) {
        return why_set(why, SK_LIMIT, "the note is larger than %d bytes", LIMIT_NOTE_BYTES);
    }
    size_t split = last_empty_line(bytes);
    if (split == BYTES_NOWHERE || bytes.at[bytes.size - 1] != '\n' ||
        !is_note_text(bytes)) {
        return why_set(
            why, SK_BAD,
            "this is no signed note: text, an empty line and signatures are wanted");
    }
    note_r->text = bytes_slice(bytes, 0, split);
    struct bytes line, rest = bytes_from(bytes, split + 1);
    note_r->signatures =
        ARENA_NEW_MANY(arena, LIMIT_NOTE_SIGNATURES, struct note_signature);
    while (rest.size > 0 && bytes_line(&rest, &line)) {
        if (note_r->signature_count == LIMIT_NOTE_SIGNATURES) {
            return why_set(why, SK_LIMIT, "the note has more than %d signatures",
                           LIMIT_NOTE_SIGNATURES);
        }
        if (!read_signature(arena, line, &note_r->signatures[note_r->signature_count])) {
            return why_set(why, SK_BAD, "signature line %zu of the note cannot be read",
                           note_r->signature_count + 1);
        }
        note_r->signature_count++;
    }
    if (note_r->signature_count == 0) {
        return why_set(why, SK_BAD, "the note has no signature");
    }
    return SK_OK;
}

static bool
signature_good(const struct note_key *key, struct bytes text, struct bytes signature)
{
    if (signature.size != NOTE_SIGNATURE_SIZE) {
        return false;
    }
    EVP_PKEY *public_key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                                       key->public_key, NOTE_ED25519_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        public_key != NULL && context != NULL &&
        EVP_DigestVerifyInit(context, NULL, NULL, NULL, public_key) == 1 &&
        EVP_DigestVerify(context, signature.at, signature.size, text.at, text.size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public_key);
    return good;
}

bool
note_signature_of(const struct note_signature *signature, const struct note_key *key)
{
    return signature->id == key->id && bytes_equal(signature->name, key->name);
}

enum sk_code
note_check(const struct note *note, const struct note_key *key, struct why *why)
{
    bool signed_by = false;

    for (size_t i = 0; i < note->signature_count; i++) {
        const struct note_signature *signature = &note->signatures[i];
        if (!note_signature_of(signature, key)) {
            continue;
        }
        if (key->type != NOTE_ED25519 ||
            !signature_good(key, note->text, signature->signature)) {
            return why_set(why, SK_BAD, "the signature does not fit the text");
        }
        signed_by = true;
    }
    return signed_by ? SK_OK
                     : why_set(why, SK_BAD, "the note is not signed by the known key");
}

/* What a witness signs: the time and the text of the checkpoint. */
static void
cosigned_text(struct writer *w, struct bytes text, uint64_t time_s)
{
    writer_format(w, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
    writer_bytes(w, text);
}

enum sk_code
note_check_cosignature(const struct note *note, const struct note_key *key,
                       int64_t *time_s_r, struct why *why)
{
    bool signed_by = false;

    *time_s_r = 0;
    for (size_t i = 0; i < note->signature_count; i++) {
        const struct note_signature *signature = &note->signatures[i];
        struct arena arena;
        struct writer w;
        uint64_t time_s = 0;
        if (!note_signature_of(signature, key)) {
            continue;
        }
        bool good = key->type == NOTE_COSIGNATURE &&
                    signature->signature.size == 8 + NOTE_SIGNATURE_SIZE;
        for (size_t k = 0; good && k < 8; k++) {
            time_s = time_s << 8 | signature->signature.at[k];
        }
        if (good && time_s <= INT64_MAX) {
            arena_init(&arena, (size_t)4 * LIMIT_NOTE_BYTES);
            writer_init(&w, &arena);
            cosigned_text(&w, note->text, time_s);
            good =
                signature_good(key, writer_view(&w), bytes_from(signature->signature, 8));
            arena_release(&arena);
        } else {
            good = false;
        }
        if (!good) {
            return why_set(why, SK_BAD, "the cosignature does not fit the text");
        }
        signed_by = true;
        *time_s_r = (int64_t)time_s;
    }
    return signed_by ? SK_OK
                     : why_set(why, SK_BAD, "the note is not cosigned by that witness");
}

/* "name+hhhhhhhh+base64(type || 32 bytes)" */
static bool
read_key_text(struct arena *arena, struct bytes text, struct note_key *key_r)
{
    size_t first = bytes_find_byte(text, '+', 0);
    if (first == BYTES_NOWHERE || text.size - first < 10 || text.at[first + 9] != '+') {
        return false;
    }
    uint32_t id = 0;
    for (size_t i = first + 1; i < first + 9; i++) {
        int digit = ascii_hex(text.at[i]);
        if (digit < 0 || (text.at[i] >= 'A' && text.at[i] <= 'F')) {
            return false;
        }
        id = id << 4 | (uint32_t)digit;
    }
    struct bytes decoded;
    key_r->name = bytes_slice(text, 0, first);
    if (!note_name_valid(key_r->name) ||
        !note_base64_read(arena, bytes_from(text, first + 10), &decoded) ||
        decoded.size != 1 + NOTE_ED25519_SIZE ||
        (decoded.at[0] != NOTE_ED25519 && decoded.at[0] != NOTE_COSIGNATURE)) {
        return false;
    }
    key_r->type = decoded.at[0];
    key_r->id = id;
    memcpy(key_r->public_key, decoded.at + 1, NOTE_ED25519_SIZE);
    return true;
}

static void
write_key_text(struct writer *w, const struct note_key *key, const uint8_t bytes[32])
{
    uint8_t typed[1 + NOTE_ED25519_SIZE] = {(uint8_t)key->type};

    memcpy(typed + 1, bytes, NOTE_ED25519_SIZE);
    writer_bytes(w, key->name);
    writer_format(w, "+%08x+", key->id);
    writer_bytes(w, bytes_base64(w->arena, bytes_of(typed, sizeof(typed))));
}

bool
note_key_read(struct arena *arena, struct bytes vkey, struct note_key *key_r)
{
    return read_key_text(arena, bytes_trim(vkey), key_r) &&
           key_r->id == key_id(key_r->name, key_r->type, key_r->public_key);
}

bool
note_key_equal(const struct note_key *a, const struct note_key *b)
{
    return a->id == b->id && a->type == b->type && bytes_equal(a->name, b->name) &&
           memcmp(a->public_key, b->public_key, NOTE_ED25519_SIZE) == 0;
}

void
note_key_write(struct writer *w, const struct note_key *key)
{
    write_key_text(w, key, key->public_key);
}

void
note_signer_new(struct bytes name, enum note_type type,
                const uint8_t seed[NOTE_ED25519_SIZE], struct note_signer *signer_r)
{
    size_t size = NOTE_ED25519_SIZE;

    SK_ASSERT(note_name_valid(name));
    memcpy(signer_r->seed, seed, NOTE_ED25519_SIZE);
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, NOTE_ED25519_SIZE);
    SK_ASSERT(key != NULL &&
              EVP_PKEY_get_raw_public_key(key, signer_r->key.public_key, &size) == 1);
    EVP_PKEY_free(key);
    signer_r->key.name = name;
    signer_r->key.type = type;
    signer_r->key.id = key_id(name, type, signer_r->key.public_key);
}

bool
note_signer_read(struct arena *arena, struct bytes text, struct note_signer *signer_r)
{
    struct note_key read; /* its public key is the seed */

    text = bytes_trim(text);
    if (!bytes_starts(text, private_start) ||
        !read_key_text(arena, bytes_from(text, private_start.size), &read)) {
        return false;
    }
    note_signer_new(read.name, read.type, read.public_key, signer_r);
    return signer_r->key.id == read.id;
}

void
note_signer_write(struct writer *w, const struct note_signer *signer)
{
    writer_bytes(w, private_start);
    write_key_text(w, &signer->key, signer->seed);
    writer_byte(w, '\n');
}

static void
sign(const struct note_signer *signer, struct bytes text,
     uint8_t signature_r[NOTE_SIGNATURE_SIZE])
{
    size_t size = NOTE_SIGNATURE_SIZE;

    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, signer->seed,
                                                 NOTE_ED25519_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    SK_ASSERT(key != NULL && context != NULL &&
              EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(context, signature_r, &size, text.at, text.size) == 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

void
note_write_signature(struct writer *w, const struct note_signature *signature)
{
    uint8_t *all = arena_take_bytes(w->arena, 4 + signature->signature.size);

    for (unsigned i = 0; i < 4; i++) {
        all[i] = (uint8_t)(signature->id >> (24 - 8 * i));
    }
    memcpy(all + 4, signature->signature.at, signature->signature.size);
    writer_bytes(w, dash);
    writer_bytes(w, signature->name);
    writer_byte(w, ' ');
    writer_bytes(w, bytes_base64(w->arena, bytes_of(all, 4 + signature->signature.size)));
    writer_byte(w, '\n');
}

void
note_sign_line(struct writer *w, const struct note_signer *signer, struct bytes text)
{
    uint8_t signature[NOTE_SIGNATURE_SIZE];

    SK_ASSERT(text.size > 0 && text.at[text.size - 1] == '\n' &&
              signer->key.type == NOTE_ED25519);
    sign(signer, text, signature);
    note_write_signature(w,
                         &(struct note_signature){signer->key.name, signer->key.id,
                                                  bytes_of(signature, sizeof(signature))});
}

void
note_sign(struct writer *w, const struct note_signer *signer, struct bytes text)
{
    writer_bytes(w, text);
    writer_byte(w, '\n');
    note_sign_line(w, signer, text);
}

void
note_cosign_line(struct writer *w, const struct note_signer *signer, struct bytes text,
                 int64_t time_s)
{
    uint8_t signature[8 + NOTE_SIGNATURE_SIZE];
    struct writer message;

    SK_ASSERT(time_s > 0 && signer->key.type == NOTE_COSIGNATURE);
    for (unsigned i = 0; i < 8; i++) {
        signature[i] = (uint8_t)((uint64_t)time_s >> (56 - 8 * i));
    }
    writer_init(&message, w->arena);
    cosigned_text(&message, text, (uint64_t)time_s);
    sign(signer, writer_view(&message), signature + 8);
    note_write_signature(w,
                         &(struct note_signature){signer->key.name, signer->key.id,
                                                  bytes_of(signature, sizeof(signature))});
}

bool
checkpoint_read(struct bytes text, struct checkpoint *checkpoint_r)
{
    struct bytes origin, size, root, line;
    struct arena arena;

    if (!bytes_line(&text, &origin) || !bytes_line(&text, &size) ||
        !bytes_line(&text, &root) || origin.size == 0 || root.size != 44 ||
        (size.size > 1 && size.at[0] == '0') ||
        !bytes_to_number(size, INT64_MAX, &checkpoint_r->size)) {
        return false;
    }
    while (text.size > 0 && bytes_line(&text, &line)) {
        if (line.size == 0) {
            return false;
        }
    }
    arena_init(&arena, 1 << 20);
    struct bytes decoded;
    bool good = note_base64_read(&arena, root, &decoded) && decoded.size == MERKLE_SIZE;
    if (good) {
        memcpy(checkpoint_r->root.at, decoded.at, MERKLE_SIZE);
        checkpoint_r->origin = origin;
    }
    arena_release(&arena);
    return good;
}

void
checkpoint_write(struct writer *w, const struct checkpoint *checkpoint)
{
    writer_bytes(w, checkpoint->origin);
    writer_format(w, "\n%llu\n", (unsigned long long)checkpoint->size);
    writer_bytes(w, bytes_base64(w->arena, bytes_of(checkpoint->root.at, MERKLE_SIZE)));
    writer_byte(w, '\n');
}
