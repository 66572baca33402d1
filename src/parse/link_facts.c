#include <unicode/uspoof.h>

#include "base/limits.h"
#include "base/writer.h"
#include "parse/domain.h"
#include "parse/hash_private.h"
#include "parse/link_hosts.h"
#include "parse/links_private.h"

/* Skeletons -------------------------------------------------------------------------------------------------------- */

/* Opened once per process and never closed; only read after. NULL: it cannot be had. */
static const USpoofChecker *
confusables(void)
{
    static USpoofChecker *opened;
    UErrorCode error = U_ZERO_ERROR;

    if (opened == NULL) {
        opened = uspoof_open(&error);
    }
    return U_FAILURE(error) ? NULL : opened;
}

/* What UTS 39 maps of lower-case letters, digits, dot and hyphen: most names need no foreign library. One row is ours: i is l, as
 * 1 is, so that U+04CF, which UTS 39 takes for an i, and paypai.com do not pass. */
static struct bytes
ascii_skeleton(struct arena *arena, struct bytes name)
{
    uint8_t *out = arena_take_bytes(arena, name.size * 2);
    size_t size = 0;

    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = ascii_lower(name.at[i]);
        if (c == 'm') {
            out[size++] = 'r';
            c = 'n';
        }
        out[size++] = c == '0' ? 'o' : c == '1' || c == 'i' ? 'l' : c;
    }
    return bytes_of(arena_grow(arena, out, name.size * 2, size), size);
}

struct bytes
link_skeleton(struct arena *arena, struct bytes domain)
{
    struct bytes name = domain_to_unicode(arena, domain);
    UErrorCode error = U_ZERO_ERROR;
    bool ascii = true;

    for (size_t i = 0; i < name.size; i++) {
        ascii = ascii && name.at[i] < 0x80;
    }
    if (name.size == 0 || name.size > LIMIT_DOMAIN_TEXT) {
        return BYTES_NONE;
    }
    if (ascii || confusables() == NULL) {
        return ascii_skeleton(arena, name);
    }
    size_t room = name.size * 8 + 64;
    char *out = arena_take_bytes(arena, room);
    int32_t size = uspoof_getSkeletonUTF8(confusables(), 0, (const char *)name.at,
                                          (int32_t)name.size, out, (int32_t)room, &error);
    if (U_FAILURE(error) || size < 0 || (size_t)size > room) {
        return ascii_skeleton(arena, name);
    }
    /* Once more: what became ASCII by the first is folded too, so that O and o, rn and m meet. */
    return ascii_skeleton(arena, bytes_of(out, (size_t)size));
}

/* What is peculiar ------------------------------------------------------------------------------------------------- */

/* Host and port as they were written: behind the slashes and a name, before the path. */
static struct bytes
written_host(struct bytes text)
{
    size_t from = 0, to;

    while (from < text.size && text.at[from] != ':') {
        from++;
    }
    for (from++; from < text.size && (text.at[from] == '/' || text.at[from] == '\\');) {
        from++;
    }
    for (to = from; to < text.size && text.at[to] != '/' && text.at[to] != '\\' &&
                    text.at[to] != '?' && text.at[to] != '#';) {
        to++;
    }
    text = bytes_slice(text, from, to);
    size_t at = bytes_find_last(text, '@');
    return at == BYTES_NOWHERE ? text : bytes_from(text, at + 1);
}

static bool
has_foreign(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] >= 0x80 || text.at[i] == '%') {
            return true;
        }
    }
    return false;
}

/* What hangs on a host alone, of those met last: the hosts of mail are mostly few. Found by a hash of the host; one takes the place of
 * another. Hosts that look like others are not here: what they look like belongs to the table of hosts. */
#define KNOWN_HOSTS 4096u
struct known_host {
    unsigned turn;                            /* of the table of hosts */
    uint8_t size, domain_size, skeleton_size; /* the domain is the end of the host */
    bool idn, listed;                         /* listed: link_hosts_lists */
    uint8_t host[60], skeleton[60];
};

static struct known_host *
known_slot(struct bytes host)
{
    static struct known_host known[KNOWN_HOSTS];

    return &known[hash_of(host) % KNOWN_HOSTS];
}

/* NULL: it is not known. */
static const struct known_host *
known_host(struct bytes host)
{
    const struct known_host *known = known_slot(host);

    return host.size > 0 && known->size == host.size && known->turn == link_hosts_turns() &&
                   memcmp(known->host, host.at, host.size) == 0
               ? known
               : NULL;
}

static void
keep_host(const struct link *link)
{
    struct known_host *known = known_slot(link->host);

    if (link->host.size > sizeof known->host || link->skeleton.size == 0 ||
        link->skeleton.size > sizeof known->skeleton || link->like.size > 0 ||
        !bytes_ends(link->host, link->domain)) {
        return;
    }
    known->turn = link_hosts_turns();
    known->size = (uint8_t)link->host.size;
    known->domain_size = (uint8_t)link->domain.size;
    known->skeleton_size = (uint8_t)link->skeleton.size;
    known->idn = (link->flags & LINK_IDN) != 0;
    known->listed = link_hosts_lists(link->host);
    memcpy(known->host, link->host.at, link->host.size);
    memcpy(known->skeleton, link->skeleton.at, link->skeleton.size);
}

/* Domain, skeleton and likeness of a link's host, and whether that of its URL is no ASCII: a mailto: may have two. */
static void
note_name(struct arena *arena, struct link *link, struct bytes host,
          const struct known_host *known)
{
    bool one = link->host.at == host.at;

    if (known != NULL && one) {
        link->domain = bytes_from(link->host, known->size - known->domain_size);
        link->skeleton = bytes_copy(arena, bytes_of(known->skeleton, known->skeleton_size));
        link->flags |= known->idn ? LINK_IDN : 0u;
        return;
    }
    link->domain = domain_registrable(arena, link->host);
    link->skeleton = link_skeleton(arena, link->domain);
    link->flags |= bytes_find(host, BYTES("xn--"), 0) != BYTES_NOWHERE ? LINK_IDN : 0u;
    link->like = link_hosts_like(link->domain, link->skeleton);
    if (link->like.size == 0) {
        link->like = link_hosts_within(link->host, link->domain);
    }
    if (link->like.size > 0) {
        link->like = bytes_copy(arena, link->like);
        link->flags |= LINK_LOOKALIKE;
    }
    if (one) {
        keep_host(link);
    }
}

/* What the host of a URL tells; `before` is an earlier link to the same. */
static void
note_host(struct arena *arena, struct link *link, struct bytes text, const struct url *url,
          const struct link *before)
{
    struct bytes host = url->as_written ? url->host : written_host(text);

    link->flags |= url->username.size > 0 || url->password.size > 0 ? LINK_USERINFO : 0u;
    const struct known_host *known = known_host(url->host);
    if (known == NULL || known->listed) {
        link->flags |= link_hosts_flags(url->host, url->path);
    }
    if (url->is_address) {
        link->flags |= LINK_ADDRESS;
        if (url->host.at[0] != '[' && !bytes_starts(host, url->host)) {
            link->flags |= LINK_ODD_ADDRESS;
        }
        return;
    }
    if (before != NULL) {
        link->domain = before->domain;
        link->skeleton = before->skeleton;
        link->like = before->like;
        link->flags |= before->flags & (LINK_LOOKALIKE | LINK_IDN);
    } else {
        note_name(arena, link, url->host, known);
    }
    if ((link->flags & LINK_IDN) == 0 && !url->as_written && has_foreign(host)) {
        link->flags |= LINK_WIDE;
    }
}

/* An earlier link to that host of which all is known; NULL if there is none. */
static const struct link *
same_host(const struct link *earlier, size_t count, struct bytes host)
{
    size_t first = count > LINKS_BACK ? count - LINKS_BACK : 0;

    for (size_t i = count; host.size > 0 && i-- > first;) {
        if (earlier[i].skeleton.size > 0 && bytes_equal(earlier[i].host, host)) {
            return &earlier[i];
        }
    }
    return NULL;
}

void
link_fill(struct arena *arena, struct link *link, struct bytes text, const struct url *base,
          const struct link *earlier, size_t earlier_count)
{
    struct url url;

    if (base != NULL ? !url_read_relative(arena, text, base, &url)
                     : !url_read(arena, text, &url)) {
        return;
    }
    link->href = url.href;
    link->host = url.host;
    if (url.as_written) {
        /* http or https */
    } else if (bytes_is(url.scheme, "mailto")) {
        size_t at = bytes_find_last(url.path, '@');
        struct bytes ascii;
        if (at != BYTES_NOWHERE &&
            domain_to_ascii(arena, bytes_from(url.path, at + 1), &ascii)) {
            link->host = ascii;
        }
    } else if (bytes_is(url.scheme, "javascript") || bytes_is(url.scheme, "vbscript")) {
        link->flags |= LINK_SCRIPT;
    }
    if (url.has_host && url.host.size > 0) {
        note_host(arena, link, text, &url, same_host(earlier, earlier_count, link->host));
    } else if (!url.is_address) {
        link->domain = domain_registrable(arena, link->host);
    }
}

/* data: that is a page or a program, not a picture. */
static bool
is_active_data(struct bytes written)
{
    static const char *const types[] = {"text/html",
                                        "application/xhtml",
                                        "image/svg",
                                        "text/xml",
                                        "application/xml",
                                        "text/javascript",
                                        "application/javascript"};
    struct bytes type = bytes_trim(bytes_from(written, 5));

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (bytes_starts_fold(type, bytes_from_text(types[i]))) {
            return true;
        }
    }
    return false;
}

void
link_resolve(struct arena *arena, struct link *link, struct bytes written,
             struct bytes base)
{
    link_resolve_after(arena, link, written, base, NULL, 0);
}

void
link_resolve_after(struct arena *arena, struct link *link, struct bytes written,
                   struct bytes base, const struct link *earlier, size_t earlier_count)
{
    struct url base_url;

    link->written = bytes_slice(written, 0, LIMIT_URL);
    link->href = link->host = link->domain = link->skeleton = link->like = BYTES_NONE;
    /* A picture inside the mail names no host, and may be long. */
    if (bytes_starts_fold(written, BYTES("data:"))) {
        link->flags |= is_active_data(written) ? LINK_DATA : 0u;
        return;
    }
    if (bytes_starts_fold(written, BYTES("cid:"))) {
        return;
    }
    link->flags |= written.size > LIMIT_URL ? LINK_CUT : 0u;
    bool based =
        base.size > 0 && base.size <= LIMIT_URL && url_read(arena, base, &base_url);
    link_fill(arena, link, link->written, based ? &base_url : NULL, earlier, earlier_count);
}

/* What the text shows ---------------------------------------------------------------------------------------------- */

/* The host that a text shows as that of a link, ASCII; "" if it shows none: "https://bank.example/login", "bank.example". */
static struct bytes
shown_host(struct arena *arena, struct bytes text)
{
    size_t end = 0;
    bool foreign = false;

    text = bytes_trim(text);
    size_t scheme = bytes_find(bytes_slice(text, 0, 12), BYTES("://"), 0);
    if (scheme != BYTES_NOWHERE) {
        text = bytes_from(text, scheme + 3);
    }
    text = bytes_slice(text, 0, LIMIT_DOMAIN_TEXT);
    while (end < text.size &&
           (ascii_letter(text.at[end]) || ascii_digit(text.at[end]) ||
            text.at[end] == '.' || text.at[end] == '-' ||
            (text.at[end] >= 0x80 && (scheme != BYTES_NOWHERE || text.at[0] == 0xef)))) {
        foreign |= text.at[end] >= 0x80;
        end++;
    }
    if (end < text.size && memchr("/?#", text.at[end], 3) == NULL &&
        !(text.at[end] == ':' && end + 1 < text.size && ascii_digit(text.at[end + 1]))) {
        return BYTES_NONE;
    }
    struct bytes host = bytes_slice(text, 0, end);
    if (foreign && !domain_to_ascii(arena, host, &host)) {
        return BYTES_NONE;
    }
    return link_is_host(host) ? host : BYTES_NONE;
}

static bool
is_within(struct bytes host, struct bytes domain)
{
    return domain.size > 0 && bytes_ends_fold(host, domain) &&
           (host.size == domain.size || host.at[host.size - domain.size - 1] == '.');
}

void
link_compare(struct arena *arena, struct link *link)
{
    if (link->kind != LINK_ANCHOR || link->text.size < 4 ||
        bytes_find_byte(bytes_slice(link->text, 0, LIMIT_DOMAIN_TEXT), '.', 0) ==
            BYTES_NOWHERE) {
        return;
    }
    link->shown = shown_host(arena, link->text);
    if (link->shown.size > 0 && link->host.size > 0 &&
        !is_within(link->shown, link->domain) && !is_within(link->host, link->shown) &&
        !bytes_starts(link->href, BYTES("mailto:"))) {
        link->flags |= LINK_SHOWN_OTHER;
    }
}

const char *
link_flag_name(unsigned flag)
{
    static const char *const names[] = {
        "userinfo",    "address",   "odd_address", "defanged",  "wide",
        "idn",         "script",    "data",        "shortener", "redirector",
        "shown_other", "lookalike", "beacon",      "hidden",    "cut"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (flag == 1u << i) {
            return names[i];
        }
    }
    return "";
}
