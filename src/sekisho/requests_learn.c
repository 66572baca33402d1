/* Requests to learn: what a recipient himself sorted, for his own weights beside the common model. */
#define SK_BASE
#include "base/limits.h"
#include "permit/permit.h"
#include "sekisho/lessons.h"
#include "sekisho/requests.h"

request_handler request_learn_personal;

static bool
read_hex(struct arena *arena, struct bytes hex, struct bytes *bytes_r)
{
    uint8_t *at = arena_take_bytes(arena, hex.size / 2 + 1);

    for (size_t i = 0; i < hex.size; i++) {
        uint8_t c = hex.at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                           : -1;
        if (digit < 0) {
            return false;
        }
        at[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : at[i / 2] | digit);
    }
    *bytes_r = bytes_of(at, hex.size / 2);
    return hex.size % 2 == 0;
}

/* {"address":...,"spam":bool,"digest":HEX,"lesson":HEX}; the reply has "already". */
enum sk_code
request_learn_personal(struct keeping *k, const struct request *request, struct json *reply,
                       struct why *why)
{
    struct bytes address = request_text(request, "address"), digest, lesson;
    bool already = false;

    if (k->lessons == NULL || k->permit == NULL) {
        return why_set(why, SK_LATER, "for this the checkpoint must be running");
    }
    if (!read_hex(request->arena, request_text(request, "digest"), &digest) ||
        !read_hex(request->arena, request_text(request, "lesson"), &lesson) ||
        digest.size != HASH_SHA256_SIZE || address.size == 0) {
        return why_set(why, SK_BAD, "a lesson names a recipient and has a digest");
    }
    struct permit_recipient r = permit_of(request->arena, k->permit, k->consents, address);
    if ((r.families & FAMILY_BIT(FAMILY_CONTENT)) == 0) {
        return why_set(why, SK_CONFIG, "this recipient has not consented to content");
    }
    enum sk_code code = lessons_teach(k->lessons, address, digest, lesson,
                                      request_flag(request, "spam"), &already, why);
    json_put_bool(reply, "already", already);
    return code;
}
