#include "report/dmarc_token.h"

#include "base/hash.h"
#include "base/writer.h"

struct bytes
dmarc_token(struct arena *arena, struct bytes key, struct bytes to, struct bytes domain,
            int64_t begin, int64_t end)
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, to);
    writer_byte(&w, '\n');
    writer_bytes(&w, domain);
    writer_format(&w, "\n%lld\n%lld", (long long)begin, (long long)end);
    const struct bytes pieces[] = {writer_view(&w)};
    hash_hmac_sha256(key, pieces, 1, digest);
    return bytes_hex(arena, bytes_of(digest, DMARC_TOKEN_SIZE / 2));
}

struct bytes
dmarc_token_address(struct arena *arena, const struct dmarc_settings *settings,
                    struct bytes token)
{
    size_t at = bytes_find_last(settings->from, '@');
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, bytes_slice(settings->from, 0, at));
    writer_byte(&w, '+');
    writer_bytes(&w, token);
    writer_bytes(&w, bytes_from(settings->from, at));
    return writer_view(&w);
}

bool
dmarc_token_of(const struct dmarc_settings *settings, struct bytes address,
               struct bytes *token_r)
{
    size_t at = bytes_find_last(settings->from, '@');
    struct bytes local = bytes_slice(settings->from, 0, at);

    if (settings->from.size == 0 ||
        address.size != settings->from.size + 1 + DMARC_TOKEN_SIZE ||
        !bytes_starts_fold(address, local) || address.at[local.size] != '+' ||
        !bytes_ends_fold(address, bytes_from(settings->from, at))) {
        return false;
    }
    struct bytes token =
        bytes_slice(address, local.size + 1, local.size + 1 + DMARC_TOKEN_SIZE);
    for (size_t i = 0; i < token.size; i++) {
        if (ascii_hex(token.at[i]) < 0) {
            return false;
        }
    }
    *token_r = token;
    return true;
}
