/* How many signatures, four bytes and the list h= of each up to a NUL, and then a header: what is noted is what a slow and
 * plain reading of the same finds. */
#include "trace/dkim_notes.h"

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIGNATURES_MAX (LIMIT_DKIM_SIGNATURES + 2)
#define NOW            1700000000

static uint8_t
byte_take(struct bytes *in)
{
    uint8_t byte = in->size > 0 ? in->at[0] : 0;

    *in = bytes_from(*in, 1);
    return byte;
}

static void
signature_take(struct bytes *in, struct dkim_result *r)
{
    static const char *const algorithms[] = {"rsa-sha256", "rsa-sha1", "ed25519-sha256",
                                             "RSA-SHA1"};
    uint8_t result = byte_take(in), bits = byte_take(in), flags = byte_take(in),
            time = byte_take(in);

    *r = (struct dkim_result){
        .result = (enum auth_result)(result % (AUTH_PERMERROR + 1)),
        .domain = BYTES("d.example"),
        .algorithm = bytes_from_text(algorithms[flags & 3]),
        .key_bits = bits * 16u,
        .has_time = (flags & 4) != 0,
        .time = NOW + (time - 128) * 86400,
        .body_tail = flags & 8,
        .reason = BYTES("reason"),
    };
    if (!bytes_split(in, 0, &r->signed_fields)) {
        r->signed_fields = BYTES_NONE;
    }
}

static size_t
times_in_list(struct bytes list, struct bytes name)
{
    struct bytes piece;
    size_t times = 0;

    while (bytes_split(&list, ':', &piece)) {
        times += bytes_equal_fold(piece, name);
    }
    return times;
}

/* Whether no good signature signs all fields of that name, of which there are several. */
static bool
is_unsigned_repeat(const struct letter *letter, const struct origin *origin,
                   struct bytes name)
{
    size_t times = header_count(&letter->header, name), passes = 0;

    for (size_t i = 0; i < origin->dkim_count; i++) {
        const struct dkim_result *r = &origin->dkim[i];
        if (r->result == AUTH_PASS) {
            passes++;
            if (times_in_list(r->signed_fields, name) >= times) {
                return false;
            }
        }
    }
    return passes > 0 && times > 1;
}

static void
check_repeat(const struct letter *letter, const struct origin *origin)
{
    static const char *const names[] = {"from", "subject", "reply-to",    "sender",
                                        "to",   "date",    "content-type"};
    bool any = false;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        any |= is_unsigned_repeat(letter, origin, bytes_from_text(names[i]));
    }
    SK_ASSERT(any == origin_has_note(origin, "dkim_unsigned_repeat"));
    for (size_t i = 0; i < origin->note_count; i++) {
        SK_ASSERT(
            !bytes_is(bytes_from_text(origin->notes[i].name), "dkim_unsigned_repeat") ||
            is_unsigned_repeat(letter, origin, origin->notes[i].detail));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct dkim_result results[SIGNATURES_MAX];
    struct origin origin = {.dkim = results};
    bool old = false, tail = false, future = false, broken = false, small = false;
    struct arena arena;

    arena_init(&arena, 256u << 20);
    origin.dkim_count = byte_take(&in) % (SIGNATURES_MAX + 1);
    for (size_t i = 0; i < origin.dkim_count; i++) {
        struct dkim_result *r = &results[i];
        signature_take(&in, r);
        bool pass = r->result == AUTH_PASS, none = r->result == AUTH_PERMERROR;
        old |= bytes_is_fold(r->algorithm, "rsa-sha1");
        tail |= pass && r->body_tail > 0;
        future |= pass && r->has_time && r->time > NOW + LIMIT_DKIM_FUTURE;
        broken |= none || r->result == AUTH_NEUTRAL;
        small |= !none && r->key_bits > 0 && r->key_bits < 1024 &&
                 !bytes_is(r->algorithm, "ed25519-sha256");
    }
    const struct letter *letter = letter_read_header(&arena, in);
    dkim_note(&arena, letter, NOW, &origin);
    check_repeat(letter, &origin);
    SK_ASSERT(old == origin_has_note(&origin, "dkim_old_hash"));
    SK_ASSERT(tail == origin_has_note(&origin, "dkim_body_tail"));
    SK_ASSERT(future == origin_has_note(&origin, "dkim_future"));
    SK_ASSERT(broken == origin_has_note(&origin, "dkim_broken"));
    SK_ASSERT(small == origin_has_note(&origin, "dkim_short_key"));
    SK_ASSERT((origin.dkim_count > LIMIT_DKIM_SIGNATURES) ==
              origin_has_note(&origin, "dkim_many"));
    SK_ASSERT(origin.note_count <= 7);
    arena_release(&arena);
    return 0;
}
