#include "judge/marks.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/writer.h"
#include "judge/kit.h"
#include "judge/regions.h"
#include "parse/header.h"

static const char letters[MARK_KINDS] = {'a', 'p', 'i', 'h', 'm', 'r', 'k', 't'};

struct making {
    struct marks *marks;
    uint64_t seed;
};

static void
put_key(struct making *m, enum mark_kind kind, bool joins, uint64_t key)
{
    struct marks *marks = m->marks;

    if (key == 0 || marks->key_count == LIMIT_CAMPAIGN_KEYS) {
        return;
    }
    for (size_t i = 0; i < marks->key_count; i++) {
        if (marks->keys[i].key == key) {
            return;
        }
    }
    marks->keys[marks->key_count++] =
        (struct mark){.kind = kind, .joins = joins, .key = key};
}

static void
put(struct making *m, enum mark_kind kind, bool joins, struct bytes value)
{
    if (value.size > 0) {
        put_key(m, kind, joins,
                hash_quick(value, m->seed + 2 * (uint64_t)kind + (joins ? 1 : 0) +
                                      UINT64_C(0x6d61726b)));
    }
}

/* By bank and number: holders and branches are left out, or written in many ways. */
static void
put_account(struct making *m, struct arena *arena, const struct indicator *it, bool joins)
{
    struct writer w;

    if (it->number.size == 0) {
        return;
    }
    writer_init(&w, arena);
    writer_bytes(&w, it->bank);
    writer_byte(&w, ' ');
    writer_bytes(&w, it->number);
    put(m, MARK_ACCOUNT, joins, writer_view(&w));
}

static void
put_indicators(struct making *m, struct arena *arena, const struct marks_of *of)
{
    for (size_t i = 0; i < of->indicator_count; i++) {
        const struct indicator *it = &of->indicators[i];
        switch (it->type) {
        case INDICATOR_BANK_ACCOUNT:
            put_account(m, arena, it, of->unwanted);
            break;
        case INDICATOR_BITCOIN:
        case INDICATOR_ETHEREUM:
            put(m, MARK_ACCOUNT, of->unwanted, it->value);
            break;
        case INDICATOR_PHONE:
            put(m, MARK_PHONE, of->unwanted, it->value);
            break;
        case INDICATOR_LINE_ID:
        case INDICATOR_TELEGRAM_ID:
        case INDICATOR_SIGNAL_ID:
        case INDICATOR_WHATSAPP_ID:
            put(m, MARK_MESSENGER, of->unwanted, it->value);
            break;
        case INDICATOR_EMAIL:
            put(m, MARK_MAIL, false, it->value);
            break;
        case INDICATOR_URL:
        case INDICATOR_POSTAL_ADDRESS:
        case INDICATOR_NAME:
            break;
        }
    }
}

static void
put_reply(struct making *m, struct arena *arena, const struct letter *letter)
{
    struct bytes reply = bytes_trim(header_value(&letter->header, BYTES("Reply-To")));

    put(m, MARK_REPLY, false, bytes_lower(arena, bytes_slice(reply, 0, LIMIT_ADDRESS)));
}

/* How it is written, and by what: page and path are two things already, so what is unwanted they join by themselves. */
static void
put_make(struct making *m, struct arena *arena, const struct marks_of *of, bool links)
{
    bool joins = of->unwanted;
    struct habits habits;
    struct kit kit;

    habits_read(of->letter, &habits);
    kit_read(arena, of->letter, &habits, links, &kit);
    put_key(m, MARK_HABITS, false, habits_key(&habits, m->seed));
    put_key(m, MARK_KIT, joins, kit_key_path(&kit, m->seed + (joins ? 1 : 0)));
    put_key(m, MARK_KIT, false, kit_key_head(&kit, m->seed));
}

void
marks_read(struct arena *arena, const struct marks_of *of, uint64_t seed,
           struct marks *marks_r)
{
    struct making m = {.marks = marks_r, .seed = seed};
    bool content = permit_has(of->permit, FAMILY_CONTENT),
         links = permit_has(of->permit, FAMILY_LINKS);

    *marks_r = (struct marks){0};
    if (!permit_has(of->permit, FAMILY_SIGNATURES)) {
        return;
    }
    struct own_text text = {.normal = bytes_slice(of->normal, 0, MARKS_TEXT_BYTES)};
    text.regions = regions_read(arena, text.normal, &text.region_count);
    minhash_read(arena, &text, seed, &marks_r->minhash);
    if (marks_r->minhash.shingle_count < MARKS_LEAST_SHINGLES) {
        marks_r->minhash = (struct minhash){0};
        return;
    }
    for (size_t i = 0; i < MINHASH_COUNT; i++) {
        marks_r->minhash.at[i] &= 0xffff;
    }
    marks_r->keys = ARENA_NEW_MANY(arena, LIMIT_CAMPAIGN_KEYS, struct mark);
    if (content) {
        put_indicators(&m, arena, of);
        put_reply(&m, arena, of->letter);
        put_make(&m, arena, of, links);
    }
    for (size_t i = 0; content && links && i < of->letter->link_count; i++) {
        const struct link *link = &of->letter->links[i];
        put(&m, MARK_HOST, false, link->host);
    }
}

struct bytes
marks_signature(struct arena *arena, const struct marks *marks)
{
    uint8_t places[MARKS_SIGNATURE_SIZE];

    if (marks->minhash.shingle_count == 0) {
        return BYTES_NONE;
    }
    for (size_t i = 0; i < MINHASH_COUNT; i++) {
        places[2 * i] = (uint8_t)(marks->minhash.at[i] >> 8);
        places[2 * i + 1] = (uint8_t)marks->minhash.at[i];
    }
    return bytes_base64(arena, bytes_of(places, sizeof places));
}

struct bytes
marks_keys(struct arena *arena, const struct marks *marks)
{
    struct writer w;

    writer_init(&w, arena);
    for (size_t i = 0; i < marks->key_count; i++) {
        const struct mark *mark = &marks->keys[i];
        char letter = letters[mark->kind];
        writer_format(&w, "%s%c%016llx", i > 0 ? " " : "",
                      mark->joins ? letter - 'a' + 'A' : letter,
                      (unsigned long long)mark->key);
    }
    return writer_view(&w);
}

static bool
parse_key(struct bytes text, struct mark *mark_r)
{
    if (text.size != 17) {
        return false;
    }
    uint8_t lower = ascii_lower(text.at[0]);
    unsigned kind = 0;
    while (kind < MARK_KINDS && letters[kind] != (char)lower) {
        kind++;
    }
    *mark_r = (struct mark){.kind = (enum mark_kind)kind, .joins = lower != text.at[0]};
    for (size_t i = 1; i < text.size; i++) {
        int digit = ascii_hex(text.at[i]);
        if (digit < 0) {
            return false;
        }
        mark_r->key = mark_r->key << 4 | (uint64_t)digit;
    }
    return kind < MARK_KINDS;
}

enum sk_code
marks_parse(struct arena *arena, struct bytes signature, struct bytes keys,
            struct marks *marks_r)
{
    struct bytes places = BYTES_NONE, one;

    *marks_r = (struct marks){0};
    if (signature.size > 0) {
        if (signature.size > 2 * MARKS_SIGNATURE_SIZE ||
            !bytes_from_base64(arena, signature, &places) ||
            places.size != MARKS_SIGNATURE_SIZE) {
            return SK_BAD;
        }
        marks_r->minhash.shingle_count = MARKS_LEAST_SHINGLES; /* how many is not told */
        for (size_t i = 0; i < MINHASH_COUNT; i++) {
            marks_r->minhash.at[i] = (uint32_t)places.at[2 * i] << 8 | places.at[2 * i + 1];
        }
    }
    if (keys.size == 0) {
        return SK_OK;
    }
    marks_r->keys = ARENA_NEW_MANY(arena, LIMIT_CAMPAIGN_KEYS, struct mark);
    while (bytes_split(&keys, ' ', &one)) {
        if (marks_r->key_count == LIMIT_CAMPAIGN_KEYS ||
            !parse_key(one, &marks_r->keys[marks_r->key_count++])) {
            *marks_r = (struct marks){0};
            return SK_BAD;
        }
    }
    return SK_OK;
}

const char *
mark_kind_name(enum mark_kind kind)
{
    static const char *const names[MARK_KINDS] = {
        "account", "phone", "messenger", "host", "mail", "reply_to", "habits", "kit"};

    return names[kind];
}
