#include "parse/domain.h"

#include <libpsl.h>
#include <unicode/uidna.h>

#include "base/limits.h"
#include "base/writer.h"

/* Errors of UTS #46 that browsers do not mind (CheckHyphens and VerifyDnsLength are false). */
#define ERRORS_ALLOWED                                                                     \
    (UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG |                                \
     UIDNA_ERROR_DOMAIN_NAME_TOO_LONG | UIDNA_ERROR_LEADING_HYPHEN |                       \
     UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4)

/* Opened once per process and never closed; both are only read after. */
static const UIDNA *
idna(void)
{
    static UIDNA *opened;
    UErrorCode error = U_ZERO_ERROR;

    if (opened == NULL) {
        opened = uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
                                     UIDNA_NONTRANSITIONAL_TO_ASCII |
                                     UIDNA_NONTRANSITIONAL_TO_UNICODE,
                                 &error);
    }
    return opened;
}

static const psl_ctx_t *
suffixes(void)
{
    static const psl_ctx_t *list;

    if (list == NULL) {
        list = psl_latest(NULL);
    }
    if (list == NULL) {
        list = psl_builtin();
    }
    return list;
}

/* The forbidden domain code points of the URL standard. */
static bool
is_forbidden(uint8_t c)
{
    static const bool forbidden[128] = {
        ['#'] = true, ['/'] = true,  [':'] = true, ['<'] = true, ['>'] = true,
        ['?'] = true, ['@'] = true,  ['['] = true, [']'] = true, ['^'] = true,
        ['|'] = true, ['\\'] = true, ['%'] = true,
    };

    return c <= ' ' || c == 0x7f || (c < 0x80 && forbidden[c]);
}

/* Such names are only brought to lower case, A-labels too, even if their Punycode is broken: the DNS does no more. */
static bool
is_ascii(struct bytes domain)
{
    for (size_t i = 0; i < domain.size; i++) {
        if (domain.at[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* ICU's answer in the arena; false if it finds an error that matters. */
static bool
idna_ask(struct arena *arena, struct bytes domain, bool to_ascii, struct bytes *r)
{
    size_t room = domain.size * 6 + 64;
    char *out = arena_take_bytes(arena, room);
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    UErrorCode error = U_ZERO_ERROR;
    const UIDNA *with = idna();

    if (with == NULL) {
        return false;
    }
    int32_t size = (to_ascii ? uidna_nameToASCII_UTF8 : uidna_nameToUnicodeUTF8)(
        with, (const char *)domain.at, (int32_t)domain.size, out, (int32_t)room, &info,
        &error);
    if (U_FAILURE(error) || size < 0 || (size_t)size > room ||
        (info.errors & ~(uint32_t)ERRORS_ALLOWED) != 0) {
        return false;
    }
    *r = bytes_of(arena_grow(arena, out, room, (size_t)size), (size_t)size);
    return true;
}

bool
domain_to_ascii(struct arena *arena, struct bytes domain, struct bytes *ascii_r)
{
    struct bytes ascii;

    *ascii_r = BYTES_NONE;
    if (domain.size == 0 || domain.size > LIMIT_DOMAIN_TEXT) {
        return false;
    }
    if (is_ascii(domain)) {
        ascii = bytes_lower(arena, domain);
    } else if (!idna_ask(arena, domain, true, &ascii) || ascii.size == 0) {
        return false;
    }
    for (size_t i = 0; i < ascii.size; i++) {
        if (is_forbidden(ascii.at[i])) {
            return false;
        }
    }
    *ascii_r = ascii;
    return true;
}

struct bytes
domain_to_unicode(struct arena *arena, struct bytes domain)
{
    struct bytes unicode;

    if (domain.size == 0 || domain.size > LIMIT_DOMAIN_TEXT ||
        bytes_find_fold(domain, BYTES("xn--"), 0) == BYTES_NOWHERE ||
        !idna_ask(arena, domain, false, &unicode)) {
        return domain;
    }
    return unicode;
}

bool
domain_is_address(struct bytes domain)
{
    unsigned dots = 0, digits = 0, value = 0;

    if (domain.size >= 4 && domain.at[0] == '[') {
        return domain.at[domain.size - 1] == ']';
    }
    for (size_t i = 0; i < domain.size; i++) {
        if (domain.at[i] == '.') {
            dots++;
            if (digits == 0) {
                return false;
            }
            digits = value = 0;
        } else if (!ascii_digit(domain.at[i]) || ++digits > 3 ||
                   (value = value * 10 + domain.at[i] - '0') > 255) {
            return false;
        }
    }
    return dots == 3 && digits > 0;
}

/* The name ready for the list: ASCII, no final dot, no empty label, no address. */
static bool
list_name(struct arena *arena, struct bytes domain, struct bytes *ascii_r)
{
    if (domain.size > 0 && domain.at[domain.size - 1] == '.') {
        domain.size--;
    }
    if (domain.size > LIMIT_DOMAIN || domain_is_address(domain) ||
        !domain_to_ascii(arena, domain, ascii_r) || ascii_r->size > LIMIT_DOMAIN ||
        ascii_r->at[0] == '.' || ascii_r->at[ascii_r->size - 1] == '.' ||
        bytes_find(*ascii_r, BYTES(".."), 0) != BYTES_NOWHERE) {
        return false;
    }
    return true;
}

/* What the list said last: the hosts of mail are mostly few, and a search in the list is long. Found by a hash of the name; a name takes
 * the place of another. */
struct remembered {
    uint8_t size, found_size; /* of the name, and of what was found: the last bytes of it */
    char name[62];
};
#define REMEMBERED_NAMES 2048u

static struct remembered *
slot_of(unsigned hash)
{
    static struct remembered names[REMEMBERED_NAMES];

    return &names[(hash ^ hash >> 8 ^ hash >> 16) % REMEMBERED_NAMES];
}

static inline unsigned
hash_on(unsigned hash, uint8_t c)
{
    return hash * 31 + c;
}

static bool
is_remembered(const struct remembered *r, const void *name, size_t size)
{
    return r->size > 0 && r->size == size && memcmp(r->name, name, size) == 0;
}

/* The answer as a part of name; "" if there is none. */
static struct bytes
registrable_part(const char *name, size_t size)
{
    unsigned hash = (unsigned)size;

    for (size_t i = 0; i < size; i++) {
        hash = hash_on(hash, (uint8_t)name[i]);
    }
    struct remembered *r = slot_of(hash);
    if (!is_remembered(r, name, size)) {
        struct bytes found = bytes_from_text(psl_registrable_domain(suffixes(), name));
        if (size > sizeof r->name) {
            return found;
        }
        r->size = (uint8_t)size;
        r->found_size = (uint8_t)found.size;
        memcpy(r->name, name, size);
    }
    return bytes_of(name + size - r->found_size, r->found_size);
}

static struct bytes
suffix_part(const char *name, size_t size)
{
    (void)size;
    return bytes_from_text(psl_unregistrable_domain(suffixes(), name));
}

/* The last labels of `domain`, as many as `like` has. */
static struct bytes
same_labels(struct bytes domain, struct bytes like)
{
    size_t dots = 0, at = domain.size;

    for (size_t i = 0; i < like.size; i++) {
        dots += like.at[i] == '.';
    }
    while (at > 0 && (domain.at[at - 1] != '.' || dots-- > 0)) {
        at--;
    }
    return bytes_from(domain, at);
}

static struct bytes
ask_list(struct arena *arena, struct bytes domain,
         struct bytes (*ask)(const char *, size_t))
{
    struct bytes ascii, form;
    char name[LIMIT_DOMAIN + 1];

    if (suffixes() == NULL || !list_name(arena, domain, &ascii)) {
        return BYTES_NONE;
    }
    memcpy(name, ascii.at, ascii.size);
    name[ascii.size] = 0;
    struct bytes found = ask(name, ascii.size);
    if (found.size == 0) {
        return BYTES_NONE;
    }
    form = ascii;
    for (size_t i = 0; i < domain.size; i++) {
        if (domain.at[i] >= 0x80) {
            form = domain_to_unicode(arena, ascii);
            break;
        }
    }
    return same_labels(form, found);
}

struct bytes
domain_public_suffix(struct arena *arena, struct bytes domain)
{
    return ask_list(arena, domain, suffix_part);
}

struct bytes
domain_registrable(struct arena *arena, struct bytes domain)
{
    unsigned hash = (unsigned)domain.size;

    /* As it was asked for before: only names ready for the list are remembered. */
    for (size_t i = 0; i < domain.size; i++) {
        hash = hash_on(hash, domain.at[i]);
    }
    const struct remembered *r = slot_of(hash);
    if (is_remembered(r, domain.at, domain.size)) {
        return r->found_size == 0
                   ? BYTES_NONE
                   : bytes_copy(arena, bytes_from(domain, domain.size - r->found_size));
    }
    return ask_list(arena, domain, registrable_part);
}

bool
domain_suffix_known(struct bytes domain)
{
    static char known[64]; /* the top level that was asked for last and is known */
    char name[2 + 64] = "x.";

    if (domain.size > 0 && domain.at[domain.size - 1] == '.') {
        domain.size--;
    }
    size_t dot = bytes_find_last(domain, '.');
    struct bytes top = dot == BYTES_NOWHERE ? domain : bytes_from(domain, dot + 1);
    if (top.size == 0 || top.size > 63 || suffixes() == NULL) {
        return false;
    }
    for (size_t i = 0; i < top.size; i++) {
        name[2 + i] = (char)ascii_lower(top.at[i]);
    }
    name[2 + top.size] = 0;
    if (strcmp(known, name + 2) == 0) {
        return true;
    }
    int type = PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE;
    bool is = psl_is_public_suffix2(suffixes(), name + 2, type) != 0 ||
              psl_is_public_suffix2(suffixes(), name, type) != 0;
    if (is) {
        memcpy(known, name + 2, top.size + 1);
    }
    return is;
}
