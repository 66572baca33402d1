#include "trace/dkim_notes.h"

#include "base/limits.h"

/* Fields that a person is shown, or that change how he is shown the rest. */
static const char *const shown[] = {"from", "subject", "reply-to",    "sender",
                                    "to",   "date",    "content-type"};

#define SHOWN_COUNT (sizeof shown / sizeof *shown)

/* How often each of the shown fields stands in the header; whether any is there twice. */
static bool
count_fields(const struct header *header, size_t counts_r[SHOWN_COUNT])
{
    bool twice = false;

    memset(counts_r, 0, SHOWN_COUNT * sizeof *counts_r);
    for (size_t i = 0; i < header->field_count; i++) {
        for (size_t s = 0; s < SHOWN_COUNT; s++) {
            if (bytes_is_fold(header->fields[i].name, shown[s])) {
                twice |= ++counts_r[s] > 1;
            }
        }
    }
    return twice;
}

/* Takes from counts the fields that this signature signs. */
static void
take_signed(struct bytes names, size_t counts[SHOWN_COUNT])
{
    struct bytes name;

    while (bytes_split(&names, ':', &name)) {
        for (size_t s = 0; s < SHOWN_COUNT; s++) {
            if (counts[s] > 0 && bytes_is_fold(name, shown[s])) {
                counts[s]--;
            }
        }
    }
}

static void
note_repeats(struct arena *arena, const struct letter *letter, struct origin *origin)
{
    size_t counts[SHOWN_COUNT], least[SHOWN_COUNT], passes = 0;

    if (!count_fields(&letter->header, counts)) {
        return;
    }
    memcpy(least, counts, sizeof least);
    for (size_t i = 0; i < origin->dkim_count; i++) {
        size_t left[SHOWN_COUNT];
        if (origin->dkim[i].result != AUTH_PASS) {
            continue;
        }
        passes++;
        memcpy(left, counts, sizeof left);
        take_signed(origin->dkim[i].signed_fields, left);
        for (size_t s = 0; s < SHOWN_COUNT; s++) {
            least[s] = left[s] < least[s] ? left[s] : least[s];
        }
    }
    for (size_t s = 0; passes > 0 && s < SHOWN_COUNT; s++) {
        if (counts[s] > 1 && least[s] > 0) {
            origin_note(arena, origin, "dkim_unsigned_repeat", bytes_from_text(shown[s]));
        }
    }
}

static void
note_signature(struct arena *arena, const struct dkim_result *r, int64_t now_s,
               struct origin *origin)
{
    bool key = r->result != AUTH_PERMERROR && r->key_bits > 0 &&
               !bytes_is_fold(r->algorithm, "ed25519-sha256");

    if (key && r->key_bits < LIMIT_DKIM_KEY_BITS_MIN) {
        origin_note(arena, origin, "dkim_short_key", r->domain);
    }
    if (bytes_is_fold(r->algorithm, "rsa-sha1")) {
        origin_note(arena, origin, "dkim_old_hash", r->domain);
    }
    if (r->result == AUTH_PERMERROR || r->result == AUTH_NEUTRAL) {
        origin_note(arena, origin, "dkim_broken", r->reason);
    }
    if (r->result == AUTH_PASS && r->has_time && r->time - LIMIT_DKIM_FUTURE > now_s) {
        origin_note(arena, origin, "dkim_future", r->domain);
    }
    if (r->result == AUTH_PASS && r->body_tail > 0) {
        origin_note(arena, origin, "dkim_body_tail", r->domain);
    }
}

void
dkim_note(struct arena *arena, const struct letter *letter, int64_t now_s,
          struct origin *origin)
{
    for (size_t i = 0; i < origin->dkim_count; i++) {
        note_signature(arena, &origin->dkim[i], now_s, origin);
    }
    if (origin->dkim_count > LIMIT_DKIM_SIGNATURES) {
        origin_note(arena, origin, "dkim_many", BYTES_NONE);
    }
    note_repeats(arena, letter, origin);
}
