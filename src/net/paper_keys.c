#include "net/paper_keys.h"

#include <string.h>

#include "net/tls_remote.h"

uint64_t
paper_key_name(const char *what, struct bytes domain, struct bytes which)
{
    uint8_t lower[LIMIT_DOMAIN], digest[HASH_SHA256_SIZE];
    size_t size = domain.size < sizeof lower ? domain.size : sizeof lower;

    for (size_t i = 0; i < size; i++) {
        lower[i] = ascii_lower(domain.at[i]);
    }
    const struct bytes pieces[] = {bytes_of(what, strlen(what) + 1), bytes_of(lower, size),
                                   bytes_of("", 1), which};
    hash_sha256_many(pieces, 4, digest);
    return key_id_start(digest);
}

static bool
ask(uint16_t scheme, uint64_t name, struct bytes what, struct key_answer *answer_r)
{
    struct key_question question = {.scheme = scheme, .size = (uint16_t)what.size};

    if (what.size > LIMIT_KEY_TO_SIGN) {
        return false;
    }
    memcpy(question.key, &name, sizeof name);
    memcpy(question.to_sign, what.at, what.size);
    return tls_remote_question(&question, answer_r);
}

bool
paper_key_sign(uint64_t name, bool ed25519, const uint8_t digest[HASH_SHA256_SIZE],
               uint8_t *signature_r, size_t *size_r)
{
    struct key_answer answer;

    if (!ask(ed25519 ? KEY_ASK_DKIM_ED25519 : KEY_ASK_DKIM_RSA, name,
             bytes_of(digest, HASH_SHA256_SIZE), &answer)) {
        return false;
    }
    memcpy(signature_r, answer.signature, answer.size);
    *size_r = answer.size;
    return answer.size > 0;
}

bool
paper_key_tag(uint64_t name, struct bytes what, uint8_t tag_r[KEY_TAG_SIZE])
{
    struct key_answer answer;

    if (!ask(KEY_ASK_TAG, name, what, &answer) || answer.size != KEY_TAG_SIZE) {
        return false;
    }
    memcpy(tag_r, answer.signature, KEY_TAG_SIZE);
    return true;
}
