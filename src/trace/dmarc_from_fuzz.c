/* Two bytes choose the results of SPF, DKIM and DMARC, the rest is a header. */
#include "trace/dmarc_from.h"

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The different domains of From, as many as DMARC looks at and one more. */
static size_t
domains_take(const struct letter *letter, struct bytes domains_r[LIMIT_FROM_ADDRESSES + 1])
{
    size_t count = 0;

    for (size_t i = 0; i < letter->from.address_count && count <= LIMIT_FROM_ADDRESSES;
         i++) {
        struct bytes domain = letter->from.addresses[i].domain;
        bool known = domain.size == 0;
        for (size_t k = 0; k < count && !known; k++) {
            known = bytes_equal_fold(domain, domains_r[k]);
        }
        if (!known) {
            domains_r[count++] = domain;
        }
    }
    return count;
}

/* What is noted of a display name came from a name: a host with a dot. */
static void
check_name(const struct origin *origin)
{
    for (size_t i = 0; i < origin->note_count; i++) {
        const struct trace_note *note = &origin->notes[i];
        if (bytes_is(bytes_from_text(note->name), "from_name_address")) {
            SK_ASSERT(bytes_find_byte(note->detail, '.', 0) != BYTES_NOWHERE);
            SK_ASSERT(bytes_find_byte(note->detail, '@', 0) == BYTES_NOWHERE);
            SK_ASSERT(note->detail.at[note->detail.size - 1] != '.');
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const reasons[] = {"", "more than one policy record",
                                          "the policy record is not usable",
                                          "no policy record"};
    struct bytes domains[LIMIT_FROM_ADDRESSES + 1];
    struct arena arena;

    if (size < 2) {
        return 0;
    }
    arena_init(&arena, 256u << 20);
    struct dkim_result dkim = {.result = (enum auth_result)(data[1] & 7)};
    struct origin origin = {
        .spf.result = (enum auth_result)(data[0] & 7),
        .dmarc.result = (enum auth_result)(data[0] >> 3 & 7),
        .dmarc.reason = bytes_from_text(reasons[data[0] >> 6]),
        .dkim = &dkim,
        .dkim_count = data[1] >> 3 & 1,
    };
    const struct letter *letter = letter_read_header(&arena, bytes_of(data + 2, size - 2));
    size_t fields = header_count(&letter->header, BYTES("From")),
           count = domains_take(letter, domains);
    dmarc_from_note(&arena, letter, domains, count, &origin);
    SK_ASSERT((count == 0) == origin_has_note(&origin, "from_missing"));
    SK_ASSERT((count > 1 || fields > 1) == origin_has_note(&origin, "from_several"));
    SK_ASSERT((origin.spf.result == AUTH_PERMERROR) ==
              origin_has_note(&origin, "spf_broken"));
    SK_ASSERT((origin.spf.result == AUTH_TEMPERROR ||
               origin.dmarc.result == AUTH_TEMPERROR ||
               (origin.dkim_count > 0 && dkim.result == AUTH_TEMPERROR)) ==
              origin_has_note(&origin, "dns_unanswered"));
    SK_ASSERT(!origin_has_note(&origin, "dmarc_broken") ||
              (count > 0 && origin.dmarc.result == AUTH_NONE));
    SK_ASSERT(fields > 0 || !origin_has_note(&origin, "from_name_address"));
    check_name(&origin);
    SK_ASSERT(origin.note_count <= 8);
    arena_release(&arena);
    return 0;
}
