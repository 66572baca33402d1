#include "trace/dmarc_from.h"

#include "base/limits.h"
#include "parse/address.h"
#include "parse/domain.h"
#include "trace/dkim.h"

/* In logits: no honest letter comes from more domains than DMARC is asked for, and who hides a name behind them is not to get
 * past the policy of its domain. By the usual bounds it is held at least. */
#define WEIGHT_TOO_MANY 12

static size_t
host_size(struct bytes text)
{
    size_t size = 0;

    while (size < text.size &&
           (ascii_letter(text.at[size]) || ascii_digit(text.at[size]) ||
            text.at[size] == '.' || text.at[size] == '-' || text.at[size] >= 0x80)) {
        size++;
    }
    while (size > 0 && text.at[size - 1] == '.') {
        size--;
    }
    return size;
}

/* Whether both names are of one organization, as the public suffix list has it. */
static bool
are_related(struct arena *arena, struct bytes a, struct bytes b)
{
    struct bytes ascii_a, ascii_b, of_a, of_b;

    if (bytes_equal_fold(a, b)) {
        return true;
    }
    if (!domain_to_ascii(arena, a, &ascii_a) || !domain_to_ascii(arena, b, &ascii_b)) {
        return false;
    }
    of_a = domain_registrable(arena, ascii_a);
    of_b = domain_registrable(arena, ascii_b);
    return of_a.size > 0 && bytes_equal_fold(of_a, of_b);
}

/* The domain of an address inside a display name; "" if there is none. */
static struct bytes
address_in(struct bytes name)
{
    for (size_t at = 0; (at = bytes_find_byte(name, '@', at)) != BYTES_NOWHERE; at++) {
        struct bytes host = bytes_from(name, at + 1);
        host.size = host_size(host);
        if (at > 0 && name.at[at - 1] > ' ' &&
            bytes_find_byte(host, '.', 0) != BYTES_NOWHERE) {
            return host;
        }
    }
    return BYTES_NONE;
}

static void
note_address(struct arena *arena, const struct address *a, struct origin *origin)
{
    struct bytes claimed;

    if (a->is_group) {
        origin_note(arena, origin, "from_group", a->name);
        return;
    }
    if (bytes_find(a->domain, BYTES("=?"), 0) != BYTES_NOWHERE ||
        bytes_find(a->local, BYTES("=?"), 0) != BYTES_NOWHERE) {
        origin_note(arena, origin, "from_encoded", a->text);
    }
    if (a->domain.size == 0 || a->name.size == 0) {
        return;
    }
    claimed = address_in(a->name);
    if (claimed.size > 0 && !are_related(arena, claimed, a->domain)) {
        origin_note(arena, origin, "from_name_address", claimed);
    }
}

static void
note_from(struct arena *arena, const struct letter *letter, const struct bytes *domains,
          size_t count, struct origin *origin)
{
    const struct bytes name = BYTES("From");
    const struct field *field;
    size_t at = 0, fields = header_count(&letter->header, name);

    if (count == 0) {
        origin_note(arena, origin, "from_missing", BYTES_NONE);
    }
    if (count > LIMIT_FROM_ADDRESSES) {
        origin_note_weighing(arena, origin, "from_several", domains[1], WEIGHT_TOO_MANY);
    } else if (count > 1) {
        origin_note(arena, origin, "from_several", domains[1]);
    } else if (fields > 1) {
        origin_note(arena, origin, "from_several", BYTES_NONE);
    }
    for (size_t i = 0; i < letter->from.address_count; i++) {
        note_address(arena, &letter->from.addresses[i], origin);
    }
    for (size_t i = 0; fields > 1 && i < LIMIT_FROM_ADDRESSES &&
                       (field = header_find(&letter->header, name, &at)) != NULL;
         i++) {
        struct address_list list;
        address_list_read(arena, field->value, &list, NULL);
        for (size_t a = 0; a < list.address_count; a++) {
            note_address(arena, &list.addresses[a], origin);
        }
    }
}

void
dmarc_from_note(struct arena *arena, const struct letter *letter,
                const struct bytes *from_domains, size_t from_count, struct origin *origin)
{
    const struct dmarc_result *dmarc = &origin->dmarc;

    note_from(arena, letter, from_domains, from_count, origin);
    if (origin->spf.result == AUTH_PERMERROR) {
        origin_note(arena, origin, "spf_broken", origin->spf.reason);
    }
    if (from_count > 0 && dmarc->result == AUTH_NONE &&
        (bytes_is(dmarc->reason, "more than one policy record") ||
         bytes_is(dmarc->reason, "the policy record is not usable"))) {
        origin_note(arena, origin, "dmarc_broken", dmarc->reason);
    }
    if (origin->spf.result == AUTH_TEMPERROR || dmarc->result == AUTH_TEMPERROR ||
        dkim_best(origin->dkim, origin->dkim_count) == AUTH_TEMPERROR) {
        origin_note(arena, origin, "dns_unanswered", BYTES_NONE);
    }
}
