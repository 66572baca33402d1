/* Before our own headers: they forbid names that OpenSSL gives its parameters. */
#include <openssl/evp.h>
#include <zstd.h>

#include "record/held_private.h"

#include "base/limits.h"

/* Level 1: the keeper must not be slow when a flood is held. */
#define LEVEL 1

static void
put_number(uint8_t *at, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++) {
        at[i] = (uint8_t)(number >> (8 * i));
    }
}

static uint64_t
get_number(const uint8_t *at)
{
    uint64_t number = 0;

    for (unsigned i = 8; i-- > 0;) {
        number = number << 8 | at[i];
    }
    return number;
}

/* Fetched once: looking an algorithm up costs more than enciphering a small message. */
static const EVP_CIPHER *
cipher(void)
{
    static EVP_CIPHER *fetched;

    if (fetched == NULL) {
        fetched = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        SK_ASSERT(fetched != NULL);
    }
    return fetched;
}

/* One use of AES-256-GCM. bound: what the text is bound to beside its key. */
struct sealing {
    const uint8_t *key, *nonce;
    struct bytes bound[2];
};

static void
encipher(const struct sealing *s, struct bytes text, uint8_t *out, uint8_t *tag)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size;

    SK_ASSERT(context != NULL &&
              EVP_EncryptInit_ex2(context, cipher(), s->key, s->nonce, NULL) == 1);
    bool done = true;
    for (size_t i = 0; i < 2; i++) {
        done = done && EVP_EncryptUpdate(context, NULL, &size, s->bound[i].at,
                                         (int)s->bound[i].size) == 1;
    }
    done = done && EVP_EncryptUpdate(context, out, &size, text.at, (int)text.size) == 1 &&
           EVP_EncryptFinal_ex(context, out + size, &size) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, HELD_TAG_SIZE, tag) == 1;
    SK_ASSERT(done);
    EVP_CIPHER_CTX_free(context);
}

static bool
decipher(const struct sealing *s, struct bytes text, const uint8_t *tag, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t copy[HELD_TAG_SIZE];
    int size;

    memcpy(copy, tag, sizeof(copy));
    SK_ASSERT(context != NULL &&
              EVP_DecryptInit_ex2(context, cipher(), s->key, s->nonce, NULL) == 1);
    bool done = true;
    for (size_t i = 0; i < 2; i++) {
        done = done && EVP_DecryptUpdate(context, NULL, &size, s->bound[i].at,
                                         (int)s->bound[i].size) == 1;
    }
    done = done && EVP_DecryptUpdate(context, out, &size, text.at, (int)text.size) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, HELD_TAG_SIZE, copy) == 1 &&
           EVP_DecryptFinal_ex(context, out + size, &size) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}

/* What the message, and each wrapping of its key, is bound to. */
static struct sealing
bound_to(const uint8_t *head, const uint8_t *name, const uint8_t *key, const uint8_t *nonce)
{
    return (struct sealing){
        .key = key,
        .nonce = nonce,
        .bound = {bytes_of(head, HELD_FIXED), bytes_of(name, HELD_NAME_SIZE)},
    };
}

static void
slot_write(const struct held_wrap *wrap, const uint8_t *head, const uint8_t *name,
           const uint8_t data_key[HELD_KEY_SIZE], uint8_t *slot)
{
    uint8_t *nonce = slot + HELD_ID_SIZE, *wrapped = nonce + HELD_NONCE_SIZE;
    struct sealing s = bound_to(head, name, wrap->key, nonce);

    memcpy(slot, wrap->id, HELD_ID_SIZE);
    hash_random(nonce, HELD_NONCE_SIZE);
    encipher(&s, bytes_of(data_key, HELD_KEY_SIZE), wrapped, wrapped + HELD_KEY_SIZE);
}

static bool
slot_read(const struct held_wrap *wrap, const uint8_t *head, const uint8_t *name,
          const uint8_t *slot, uint8_t data_key_r[HELD_KEY_SIZE])
{
    const uint8_t *nonce = slot + HELD_ID_SIZE, *wrapped = nonce + HELD_NONCE_SIZE;
    struct sealing s = bound_to(head, name, wrap->key, nonce);

    return wrap->there && memcmp(slot, wrap->id, HELD_ID_SIZE) == 0 &&
           decipher(&s, bytes_of(wrapped, HELD_KEY_SIZE), wrapped + HELD_KEY_SIZE,
                    data_key_r);
}

static uint8_t *
slot_of(uint8_t *head, unsigned i)
{
    return head + HELD_FIXED + i * HELD_SLOT_SIZE;
}

static bool
slot_empty(const uint8_t *slot)
{
    uint8_t any = 0;

    for (size_t i = 0; i < HELD_SLOT_SIZE; i++) {
        any |= slot[i];
    }
    return any == 0;
}

/* What each slot is to us. */
struct slots {
    bool empty[2], by_now[2], by_old[2];
    uint8_t data_key[HELD_KEY_SIZE];
    bool found;
};

static void
slots_read(const struct held_keys *keys, const uint8_t *name, const uint8_t *head,
           struct slots *s)
{
    *s = (struct slots){0};
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t *slot = head + HELD_FIXED + i * HELD_SLOT_SIZE;
        uint8_t data_key[HELD_KEY_SIZE];
        s->empty[i] = slot_empty(slot);
        if (s->empty[i]) {
            continue;
        }
        s->by_now[i] = slot_read(&keys->now, head, name, slot, data_key);
        s->by_old[i] = !s->by_now[i] && slot_read(&keys->old, head, name, slot, data_key);
        if ((s->by_now[i] || s->by_old[i]) && !s->found) {
            s->found = true;
            memcpy(s->data_key, data_key, sizeof(data_key));
        }
        OPENSSL_cleanse(data_key, sizeof(data_key));
    }
}

/* A slot that neither opens nor is empty was altered; but for a moment of a change, when a crash may have torn it. */
static bool
slots_sound(const struct held_keys *keys, const struct slots *s)
{
    bool whole = true;

    for (unsigned i = 0; i < 2; i++) {
        whole = whole && (s->empty[i] || s->by_now[i] || s->by_old[i]);
    }
    return s->found && (whole || keys->old.there);
}

bool
held_head_fits(struct bytes head, uint64_t file_size)
{
    if (head.size < HELD_HEAD_SIZE || !bytes_starts(head, bytes_from_text(HELD_MAGIC))) {
        return false;
    }
    uint64_t raw = get_number(head.at + 8), packed = get_number(head.at + 16);
    return raw <= LIMIT_MESSAGE && packed <= ZSTD_compressBound(LIMIT_MESSAGE) &&
           file_size == HELD_HEAD_SIZE + packed + HELD_TAG_SIZE &&
           !(slot_empty(head.at + HELD_FIXED) &&
             slot_empty(head.at + HELD_FIXED + HELD_SLOT_SIZE));
}

struct bytes
held_seal(struct arena *arena, const struct held_keys *keys,
          const uint8_t name[HELD_NAME_SIZE], struct bytes raw)
{
    static const uint8_t nonce[HELD_NONCE_SIZE];
    uint8_t data_key[HELD_KEY_SIZE];
    size_t room = ZSTD_compressBound(raw.size);
    uint8_t *file = arena_take_bytes(arena, HELD_HEAD_SIZE + room + HELD_TAG_SIZE),
            *body = file + HELD_HEAD_SIZE;
    uint8_t *packed = arena_take_bytes(arena, room);

    size_t size = ZSTD_compress(packed, room, raw.at, raw.size, LEVEL);
    SK_ASSERT(!ZSTD_isError(size));
    memset(file, 0, HELD_HEAD_SIZE);
    memcpy(file, HELD_MAGIC, 8);
    put_number(file + 8, raw.size);
    put_number(file + 16, size);
    hash_random(data_key, sizeof(data_key));
    slot_write(&keys->now, file, name, data_key, slot_of(file, 0));
    struct sealing s = bound_to(file, name, data_key, nonce);
    encipher(&s, bytes_of(packed, size), body, body + size);
    OPENSSL_cleanse(data_key, sizeof(data_key));
    OPENSSL_cleanse(packed, size);
    return bytes_of(file, HELD_HEAD_SIZE + size + HELD_TAG_SIZE);
}

enum sk_code
held_unseal(struct arena *arena, const struct held_keys *keys,
            const uint8_t name[HELD_NAME_SIZE], struct bytes file, struct bytes *raw_r,
            struct why *why)
{
    static const uint8_t nonce[HELD_NONCE_SIZE];
    struct slots slots;

    *raw_r = BYTES_NONE;
    if (!held_head_fits(file, file.size)) {
        return why_set(why, SK_BAD, "it is no held message, or cut short");
    }
    slots_read(keys, name, file.at, &slots);
    if (!slots_sound(keys, &slots)) {
        return why_set(why, SK_BAD,
                       "it was altered, bears another's name, or was enciphered under "
                       "another held.key");
    }
    size_t raw_size = (size_t)get_number(file.at + 8),
           size = file.size - HELD_HEAD_SIZE - HELD_TAG_SIZE;
    uint8_t *packed = arena_take_bytes(arena, size + 1),
            *raw = arena_take_bytes(arena, raw_size + 1);
    struct sealing s = bound_to(file.at, name, slots.data_key, nonce);
    bool good = decipher(&s, bytes_slice(file, HELD_HEAD_SIZE, HELD_HEAD_SIZE + size),
                         file.at + HELD_HEAD_SIZE + size, packed);
    OPENSSL_cleanse(slots.data_key, sizeof(slots.data_key));
    good = good && ZSTD_decompress(raw, raw_size + 1, packed, size) == raw_size;
    OPENSSL_cleanse(packed, size);
    if (!good) {
        return why_set(why, SK_BAD, "it was altered");
    }
    *raw_r = bytes_of(raw, raw_size);
    return SK_OK;
}

enum sk_code
held_turn_head(const struct held_keys *keys, const uint8_t name[HELD_NAME_SIZE],
               uint8_t head[HELD_HEAD_SIZE], enum held_turn *turn_r, unsigned *slot_r)
{
    struct slots s;

    *turn_r = HELD_TURN_DONE;
    *slot_r = 0;
    slots_read(keys, name, head, &s);
    if (!s.found) {
        return SK_BAD;
    }
    if (!s.by_now[0] && !s.by_now[1]) {
        *turn_r = HELD_TURN_WRAP;
        *slot_r = s.by_old[0] ? 1 : 0;
        slot_write(&keys->now, head, name, s.data_key, slot_of(head, *slot_r));
    } else {
        unsigned other = s.by_now[0] ? 1 : 0;
        if (!s.empty[other]) {
            *turn_r = HELD_TURN_CLEAR;
            *slot_r = other;
            memset(slot_of(head, other), 0, HELD_SLOT_SIZE);
        }
    }
    OPENSSL_cleanse(s.data_key, sizeof(s.data_key));
    return SK_OK;
}
