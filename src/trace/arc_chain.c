#include "trace/arc_chain.h"

#include "base/limits.h"
#include "parse/header.h"

enum arc_part { ARC_NONE, ARC_RESULTS, ARC_MESSAGE_SIGNATURE, ARC_SEAL };

static enum arc_part
part_of(const struct field *field)
{
    /* Most fields go by here. */
    if (field->whole.size < 4 || !bytes_starts_fold(field->whole, BYTES("arc-"))) {
        return ARC_NONE;
    }
    struct bytes name = canonical_field_name(field->whole);
    return bytes_is_fold(name, ARC_RESULTS_NAME)             ? ARC_RESULTS
           : bytes_is_fold(name, ARC_MESSAGE_SIGNATURE_NAME) ? ARC_MESSAGE_SIGNATURE
           : bytes_is_fold(name, ARC_SEAL_NAME)              ? ARC_SEAL
                                                             : ARC_NONE;
}

/* Behind blanks and comments. */
static size_t
skip_cfws(struct bytes b, size_t at)
{
    while (at < b.size) {
        size_t behind =
            b.at[at] == '(' ? header_comment(b, at) : at + ascii_blank(b.at[at]);
        if (behind <= at) {
            break;
        }
        at = behind;
    }
    return at;
}

/* position = 1*2DIGIT, 1 to 50, with comments and blanks around; where it ends, or 0. */
static size_t
read_position(struct bytes b, size_t at, unsigned *instance_r)
{
    unsigned number = 0;
    size_t digits = 0;

    at = skip_cfws(b, at);
    for (; at < b.size && ascii_digit(b.at[at]); at++, digits++) {
        if (digits == 2) {
            return 0;
        }
        number = number * 10 + (unsigned)(b.at[at] - '0');
    }
    *instance_r = number;
    return digits > 0 && number >= 1 && number <= LIMIT_ARC_SETS ? skip_cfws(b, at) : 0;
}

/* instance [CFWS] ";" at the beginning; *rest_r is what follows. */
static bool
read_instance_first(struct bytes value, unsigned *instance_r, struct bytes *rest_r)
{
    size_t at = skip_cfws(value, 0);

    if (at == value.size || value.at[at] != 'i') {
        return false;
    }
    at = skip_cfws(value, at + 1);
    if (at == value.size || value.at[at] != '=' ||
        (at = read_position(value, at + 1, instance_r)) == 0 || at == value.size ||
        value.at[at] != ';') {
        return false;
    }
    *rest_r = bytes_from(value, at + 1);
    return true;
}

/* The tags of a signature and its i=, which the grammar wants first but many sealers write anywhere. */
static bool
read_tags(struct bytes value, struct dkim_tags *tags_r, unsigned *instance_r)
{
    const struct dkim_tag *i;
    struct bytes rest;

    if (read_instance_first(value, instance_r, &rest)) {
        return dkim_tags_read(rest, tags_r, NULL) == SK_OK &&
               dkim_tags_find(tags_r, "i") == NULL;
    }
    return dkim_tags_read(value, tags_r, NULL) == SK_OK &&
           (i = dkim_tags_find(tags_r, "i")) != NULL && i->value.size > 0 &&
           read_position(i->value, 0, instance_r) == i->value.size;
}

static void
break_chain(struct arc_chain *chain, const char *why)
{
    if (chain->broken == NULL) {
        chain->broken = why;
    }
}

static bool
read_cv(const struct dkim_tags *tags, enum auth_result *cv_r)
{
    struct bytes cv = dkim_tags_value(tags, "cv", "");

    return auth_result_read(cv, cv_r) &&
           (*cv_r == AUTH_NONE || *cv_r == AUTH_PASS || *cv_r == AUTH_FAIL);
}

/* The link of this instance; the chain grows to it. */
static struct arc_link *
link_of(struct arc_chain *chain, unsigned instance)
{
    SK_ASSERT(instance >= 1 && instance <= LIMIT_ARC_SETS);
    if (instance > chain->highest) {
        chain->highest = instance;
    }
    return &chain->links[instance - 1];
}

static void
take_results(struct arc_chain *chain, struct bytes field)
{
    unsigned instance;
    struct bytes rest;

    if (!read_instance_first(canonical_field_value(field), &instance, &rest)) {
        break_chain(chain, "an ARC-Authentication-Results has no i= from 1 to 50");
        return;
    }
    struct arc_link *link = link_of(chain, instance);
    if (link->results_field.size > 0) {
        break_chain(chain, "two ARC-Authentication-Results with the same i=");
        return;
    }
    link->results_field = field;
    link->results = rest;
}

static void
take_signature(struct arena *arena, struct arc_chain *chain, struct bytes field,
               enum dkim_kind kind, int64_t now_s, bool legacy)
{
    bool seal = kind == DKIM_ARC_SEAL;
    struct dkim_tags tags;
    unsigned instance;

    if (!read_tags(canonical_field_value(field), &tags, &instance)) {
        break_chain(chain, seal ? "an ARC-Seal is malformed"
                                : "an ARC-Message-Signature is malformed");
        return;
    }
    struct arc_link *link = link_of(chain, instance);
    struct dkim_signature *s = seal ? &link->seal : &link->message_signature;
    if (s->field.size > 0) {
        break_chain(chain, seal ? "two ARC-Seals with the same i="
                                : "two ARC-Message-Signatures with the same i=");
        return;
    }
    dkim_signature_read_arc(arena, field, &tags, kind, now_s, legacy, s);
    if (seal && dkim_tags_find(&tags, "h") != NULL) {
        break_chain(chain, "an ARC-Seal has h=");
    }
    if (seal && !read_cv(&tags, &link->cv)) {
        link->cv = AUTH_NEUTRAL;
        break_chain(chain, "an ARC-Seal has no cv= that means anything");
    }
}

/* Steps 2 and 3 of section 5.2. */
static void
judge_structure(struct arc_chain *chain)
{
    if (chain->highest > 0 && chain->links[chain->highest - 1].cv == AUTH_FAIL) {
        chain->broken = "the newest seal says that the chain had failed";
        return;
    }
    for (unsigned i = 0; i < chain->highest; i++) {
        const struct arc_link *link = &chain->links[i];
        if (link->results_field.size == 0 || link->message_signature.field.size == 0 ||
            link->seal.field.size == 0) {
            break_chain(chain, "a set is not complete, or is missing");
        } else if (link->cv != (i == 0 ? AUTH_NONE : AUTH_PASS)) {
            break_chain(chain, "an ARC-Seal's cv= is not what it must be");
        }
    }
}

struct arc_chain *
arc_chain_read(struct arena *arena, const struct header *header, int64_t now_s, bool legacy)
{
    struct arc_chain *chain = NULL;

    for (size_t i = 0; i < header->field_count; i++) {
        enum arc_part part = part_of(&header->fields[i]);
        struct bytes whole = header->fields[i].whole;
        if (part == ARC_NONE) {
            continue;
        }
        if (chain == NULL) {
            chain = ARENA_NEW(arena, struct arc_chain);
        }
        if (++chain->field_count > 3 * LIMIT_ARC_SETS) {
            chain->broken = "more than 50 sets";
            return chain;
        }
        if (part == ARC_RESULTS) {
            take_results(chain, whole);
        } else {
            take_signature(arena, chain, whole,
                           part == ARC_SEAL ? DKIM_ARC_SEAL : DKIM_ARC_MESSAGE_SIGNATURE,
                           now_s, legacy);
        }
    }
    if (chain != NULL) {
        judge_structure(chain);
    }
    return chain;
}
