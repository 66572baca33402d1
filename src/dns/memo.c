#include "dns/memo.h"

#include "base/limits.h"
#include "dns/record_private.h"

/* What is not written down: a name that no DNS message can carry, and questions past the bound. */
static const struct dns_answer unaskable = {.status = DNS_NXDOMAIN, .known = true};
static const struct dns_answer too_many = {.status = DNS_SERVFAIL, .known = true};

#define NAME_TEXT_MAX 253
#define LABEL_MAX     63

void
dns_memo_init(struct dns_memo *memo, struct arena *arena)
{
    *memo = (struct dns_memo){.arena = arena, .questions_max = LIMIT_DNS_QUESTIONS};
}

/* Lower case into `out`; the size, or 0 when the name cannot be asked. Our text form has no escapes: a backslash can
 * only be one that dns_name_read wrote for a byte that no host name has. */
static size_t
name_fold(struct bytes name, uint8_t out[NAME_TEXT_MAX])
{
    size_t label = 0;

    if (name.size > 0 && name.at[name.size - 1] == '.') {
        name.size--;
    }
    if (name.size == 0 || name.size > NAME_TEXT_MAX) {
        return 0;
    }
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.at[i];
        if (c == '\0' || c == '\\') {
            return 0;
        }
        if (c == '.') {
            if (label == 0) {
                return 0;
            }
            label = 0;
        } else if (++label > LABEL_MAX) {
            return 0;
        }
        out[i] = ascii_lower(c);
    }
    return label > 0 ? name.size : 0;
}

static struct dns_answer *
find(const struct dns_memo *memo, struct bytes name, enum dns_type type)
{
    for (size_t i = 0; i < memo->answer_count; i++) {
        struct dns_answer *a = memo->answers[i];
        if (a->type == type && bytes_equal(a->name, name)) {
            return a;
        }
    }
    return NULL;
}

static struct dns_answer *
append(struct dns_memo *memo, struct bytes name, enum dns_type type)
{
    if (memo->answer_count == memo->answer_room) {
        size_t room = memo->answer_room > 0 ? 2 * memo->answer_room : 16;
        memo->answers = arena_grow(memo->arena, memo->answers,
                                   memo->answer_room * sizeof *memo->answers,
                                   room * sizeof *memo->answers);
        memo->answer_room = room;
    }
    struct dns_answer *a = ARENA_NEW(memo->arena, struct dns_answer);
    a->name = bytes_copy(memo->arena, name);
    a->type = type;
    memo->answers[memo->answer_count++] = a;
    return a;
}

const struct dns_answer *
dns_memo_ask(struct dns_memo *memo, struct bytes name, enum dns_type type)
{
    uint8_t folded[NAME_TEXT_MAX];
    size_t size = name_fold(name, folded);

    if (size == 0) {
        return &unaskable;
    }
    struct bytes key = bytes_of(folded, size);
    struct dns_answer *a = find(memo, key, type);
    if (a != NULL) {
        return a->known ? a : NULL;
    }
    if (memo->answer_count >= memo->questions_max) {
        memo->refused = true;
        return &too_many;
    }
    a = append(memo, key, type);
    if (memo->sealed) {
        a->known = true;
        a->status = DNS_TIMEOUT;
        return a;
    }
    struct dns_answer **last = &memo->wanted;
    while (*last != NULL) {
        last = &(*last)->next_wanted;
    }
    *last = a;
    return NULL;
}

void
dns_memo_put(struct dns_memo *memo, const struct dns_answer *answer)
{
    uint8_t folded[NAME_TEXT_MAX];
    size_t size = name_fold(answer->name, folded);

    if (size == 0) {
        return;
    }
    struct bytes key = bytes_of(folded, size);
    struct dns_answer *a = find(memo, key, answer->type);
    if (a == NULL) {
        a = append(memo, key, answer->type);
    }
    for (struct dns_answer **at = &memo->wanted; *at != NULL; at = &(*at)->next_wanted) {
        if (*at == a) {
            *at = a->next_wanted;
            break;
        }
    }
    struct bytes kept = a->name;
    *a = *answer;
    a->name = kept;
    a->known = true;
    a->next_wanted = NULL;
}

static const struct {
    enum dns_type type;
    const char *name;
} types[] = {
    {DNS_A, "A"},   {DNS_NS, "NS"},   {DNS_CNAME, "CNAME"}, {DNS_PTR, "PTR"},
    {DNS_MX, "MX"}, {DNS_TXT, "TXT"}, {DNS_AAAA, "AAAA"},
};

static const char *const statuses[] = {
    [DNS_FOUND] = "FOUND",       [DNS_NODATA] = "NODATA",   [DNS_NXDOMAIN] = "NXDOMAIN",
    [DNS_SERVFAIL] = "SERVFAIL", [DNS_TIMEOUT] = "TIMEOUT",
};

const char *
dns_type_name(enum dns_type type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].type == type) {
            return types[i].name;
        }
    }
    return "?";
}

bool
dns_type_read(struct bytes name, enum dns_type *type_r)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (bytes_is_fold(name, types[i].name)) {
            *type_r = types[i].type;
            return true;
        }
    }
    return false;
}

const char *
dns_status_name(enum dns_status status)
{
    return statuses[status];
}

bool
dns_status_read(struct bytes word, enum dns_status *status_r)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (bytes_is_fold(word, statuses[i])) {
            *status_r = (enum dns_status)i;
            return true;
        }
    }
    return false;
}
