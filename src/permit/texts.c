#include "permit/texts.h"

#include "base/hash.h"
#include "permit/texts_private.h"

#define TEXTS(name, id)                                                                    \
    {id ".ja", consent_##name##_ja, consent_##name##_ja_end},                              \
    {                                                                                      \
        id ".en", consent_##name##_en, consent_##name##_en_end                             \
    }

static const struct {
    const char *id;
    const uint8_t *from, *to;
} files[] = {
    TEXTS(source, "source"),
    TEXTS(content, "content"),
    TEXTS(links, "links"),
    TEXTS(signatures, "signatures"),
    TEXTS(attachments, "attachments"),
    TEXTS(threat, "threat"),
    TEXTS(dmarc, "dmarc"),
    TEXTS(house_rule, "house-rule"),
};
#define FILE_COUNT (sizeof files / sizeof files[0])

void
consent_words_hash(struct bytes text, char hex_r[65])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[HASH_SHA256_SIZE];

    hash_sha256(text, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        hex_r[2 * i] = digits[digest[i] >> 4];
        hex_r[2 * i + 1] = digits[digest[i] & 15];
    }
    hex_r[64] = '\0';
}

const struct consent_words *
consent_words_at(size_t i)
{
    static struct consent_words words[FILE_COUNT];

    if (i >= FILE_COUNT) {
        return NULL;
    }
    if (words[i].id == NULL) {
        words[i].id = files[i].id;
        words[i].text = bytes_of(files[i].from, (size_t)(files[i].to - files[i].from));
        consent_words_hash(words[i].text, words[i].sha256);
    }
    return &words[i];
}

const struct consent_words *
consent_words_find(struct bytes id)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        const struct consent_words *words = consent_words_at(i);
        if (bytes_is(id, words->id) ||
            (id.size >= 8 && bytes_starts(bytes_from_text(words->sha256), id))) {
            return words;
        }
    }
    return NULL;
}

const struct consent_words *
consent_words_for(enum permit_family family, struct bytes language)
{
    /* Labelling and counting belong to the check of the source, and are told in its text. */
    const char *name = family == FAMILY_LABEL || family == FAMILY_STATISTICS
                           ? "source"
                           : permit_family_name(family);

    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct bytes id = bytes_from_text(files[i].id);
        size_t dot = bytes_find_byte(id, '.', 0);
        if (bytes_is(bytes_slice(id, 0, dot), name) &&
            bytes_equal(bytes_from(id, dot + 1), language)) {
            return consent_words_at(i);
        }
    }
    return NULL;
}
