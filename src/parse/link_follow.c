#include "base/limits.h"
#include "base/writer.h"
#include "parse/links_private.h"

/* A target in a link: where it stands in its href, and how it is written. */
struct inner {
    size_t from, to;
    bool base64;
};

/* How many bytes "://" takes at `at`, plain or with percent signs, encoded once or more; 0 if it does not stand there. */
static size_t
opening_size(struct bytes href, size_t at)
{
    static const char *const forms[] = {"://",
                                        ":/",
                                        "%3a%2f%2f",
                                        "%3a//",
                                        "%253a%252f%252f",
                                        "%25253a%25252f%25252f",
                                        "-3a__",
                                        "-3a-2f-2f"};

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct bytes form = bytes_from_text(forms[i]);
        if (bytes_starts_fold(bytes_from(href, at), form)) {
            return form.size;
        }
    }
    return 0;
}

/* Where a target ends that begins at `from`: in a query at the next parameter, elsewhere at the end. */
static size_t
inner_end(struct bytes href, size_t from)
{
    size_t query = bytes_find_byte(href, '?', 0), hash = bytes_find_byte(href, '#', 0);
    size_t end = href.size;

    if (query < from && (hash > from || hash < query)) {
        for (end = from; end < href.size && memchr("&#;", href.at[end], 3) == NULL;) {
            end++;
        }
    }
    size_t mark = bytes_find(bytes_slice(href, from, end), BYTES("__;"), 0);
    return mark == BYTES_NOWHERE ? end : from + mark;
}

static bool
is_base64(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c) || c == '+' || c == '/' || c == '-' ||
           c == '_';
}

/* The next target in href from *at on. */
static bool
next_inner(struct bytes href, size_t *at, struct inner *inner_r)
{
    for (; *at + 8 < href.size; ++*at) {
        struct bytes rest = bytes_from(href, *at);
        uint8_t c = ascii_lower(rest.at[0]);
        if (c == 'h' && bytes_starts_fold(rest, BYTES("http"))) {
            size_t after = *at + 4;
            after += after < href.size && ascii_lower(href.at[after]) == 's';
            if (opening_size(href, after) > 0) {
                *inner_r = (struct inner){.from = *at, .to = inner_end(href, *at)};
                *at = inner_r->to;
                return true;
            }
        } else if (c == 'a' && (bytes_starts(rest, BYTES("aHR0cDov")) ||
                                bytes_starts(rest, BYTES("aHR0cHM6L")))) {
            size_t end = *at;
            while (end < href.size && is_base64(href.at[end])) {
                end++;
            }
            *inner_r = (struct inner){.from = *at, .to = end, .base64 = true};
            *at = end;
            return true;
        }
    }
    return false;
}

static struct bytes
base64_plain(struct arena *arena, struct bytes text)
{
    struct writer w;
    struct bytes plain;

    writer_init(&w, arena);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.at[i];
        writer_byte(&w, c == '-' ? '+' : c == '_' ? '/' : c);
    }
    w.size -= w.size % 4 == 1; /* no whole byte begins there */
    while (w.size % 4 != 0) {
        writer_byte(&w, '=');
    }
    return bytes_from_base64(arena, writer_view(&w), &plain) ? plain : BYTES_NONE;
}

/* Percent signs undone, as often as they cover the colon behind the scheme; the form of Proofpoint's URL Defense version 2 too. */
static struct bytes
inner_plain(struct arena *arena, struct bytes text)
{
    uint8_t *out = arena_take_bytes(arena, text.size + 1);
    size_t scheme = 4 + (text.size > 4 && ascii_lower(text.at[4]) == 's');
    bool dashes = scheme < text.size && text.at[scheme] == '-';

    if (text.size == 0) {
        return BYTES_NONE;
    }
    memcpy(out, text.at, text.size);
    for (int round = 0; round < LIMIT_LINK_NESTING && scheme < text.size &&
                        (out[scheme] == '%' || out[scheme] == '-');
         round++) {
        size_t size = 0;
        for (size_t i = 0; i < text.size; i++) {
            uint8_t c = out[i];
            if ((c == '%' || (dashes && c == '-')) && i + 2 < text.size &&
                ascii_hex(out[i + 1]) >= 0 && ascii_hex(out[i + 2]) >= 0) {
                c = (uint8_t)(ascii_hex(out[i + 1]) << 4 | ascii_hex(out[i + 2]));
                i += 2;
            } else if (dashes && c == '_') {
                c = '/';
            }
            out[size++] = c;
        }
        text.size = size;
    }
    return bytes_of(out, text.size);
}

/* Where the path of href begins. */
static size_t
path_start(struct bytes href)
{
    size_t at = bytes_find(href, BYTES("://"), 0);

    if (at == BYTES_NOWHERE) {
        return href.size;
    }
    for (at += 3; at < href.size && memchr("/?#", href.at[at], 3) == NULL;) {
        at++;
    }
    return at;
}

struct following {
    struct arena *arena;
    struct link *links;
    size_t count, room, most;
};

static void
follow(struct following *f, size_t outer)
{
    struct bytes href = f->links[outer].href;
    size_t at = path_start(href);
    struct inner inner;

    for (int i = 0;
         i < LIMIT_LINK_INNER && f->count < f->most && next_inner(href, &at, &inner); i++) {
        struct bytes written = bytes_slice(href, inner.from, inner.to);
        struct link link = {.kind = LINK_NESTED, .outer = outer};
        link_resolve(f->arena, &link,
                     inner.base64 ? base64_plain(f->arena, written)
                                  : inner_plain(f->arena, written),
                     BYTES_NONE);
        const struct link *from = &f->links[outer];
        if (link.host.size == 0 ||
            (link.domain.size > 0 ? bytes_equal(link.domain, from->domain)
                                  : bytes_equal(link.host, from->host))) {
            continue;
        }
        link.written = written;
        if (f->count == f->room) {
            size_t room = f->room + 16 < f->room * 2 ? f->room * 2 : f->room + 16;
            f->links =
                arena_grow(f->arena, f->links, f->room * sizeof link, room * sizeof link);
            f->room = room;
        }
        f->links[f->count++] = link;
    }
}

/* Whether one of the links within a link leads to the host that its text shows. */
static void
forgive(struct link *links, const struct link *inner)
{
    struct link *outer = &links[inner->outer];

    while (outer->kind == LINK_NESTED) {
        outer = &links[outer->outer];
    }
    if ((outer->flags & LINK_SHOWN_OTHER) && inner->domain.size > 0 &&
        bytes_ends_fold(outer->shown, inner->domain) &&
        (outer->shown.size == inner->domain.size ||
         outer->shown.at[outer->shown.size - inner->domain.size - 1] == '.')) {
        outer->flags &= ~(unsigned)LINK_SHOWN_OTHER;
    }
}

size_t
links_follow(struct arena *arena, struct link **links, size_t count, size_t most)
{
    struct following f = {
        .arena = arena, .links = *links, .count = count, .room = count, .most = most};
    size_t from = 0, to = count;

    for (int level = 0; level < LIMIT_LINK_NESTING && from < to; level++) {
        for (size_t i = from; i < to; i++) {
            if (f.links[i].kind != LINK_NESTED || level > 0) {
                follow(&f, i);
            }
        }
        from = to;
        to = f.count;
    }
    for (size_t i = count; i < f.count; i++) {
        forgive(f.links, &f.links[i]);
    }
    *links = f.links;
    return f.count;
}
