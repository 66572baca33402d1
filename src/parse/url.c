#include "parse/url.h"

#include "base/limits.h"
#include "base/scan.h"
#include "base/writer.h"
#include "parse/domain.h"
#include "parse/url_private.h"

/* A URL while it is read. Path and the others grow in their own writers. */
struct reading {
    struct arena *arena;
    struct bytes rest; /* what is still to be read */
    const struct url *base;
    struct url *url;
    struct writer path;
    bool special, file;
};

/* What comes between: the sets of characters that are written as %HH, each a part of the next (URL standard 1.3). */
enum encode_set {
    ENCODE_C0,
    ENCODE_FRAGMENT,
    ENCODE_QUERY,
    ENCODE_SPECIAL_QUERY,
    ENCODE_PATH,
    ENCODE_USERINFO
};

static bool
is_encoded(uint8_t c, enum encode_set set)
{
    /* A bit for each set. */
    static const uint8_t sets[128] = {
        [' '] = 0x3e, ['"'] = 0x3e, ['#'] = 0x3c, ['\''] = 0x08, ['/'] = 0x20,
        [':'] = 0x20, [';'] = 0x20, ['<'] = 0x3e, ['='] = 0x20,  ['>'] = 0x3e,
        ['?'] = 0x30, ['@'] = 0x20, ['['] = 0x20, ['\\'] = 0x20, [']'] = 0x20,
        ['^'] = 0x30, ['`'] = 0x32, ['{'] = 0x30, ['|'] = 0x20,  ['}'] = 0x30};

    return c < 0x20 || c > 0x7e || (sets[c] & 1u << set) != 0;
}

static void
put_encoded(struct writer *w, struct bytes b, enum encode_set set)
{
    static const char digits[] = "0123456789ABCDEF";

    uint8_t *out = writer_reserve(w, b.size * 3);
    size_t size = 0;

    for (size_t i = 0; i < b.size; i++) {
        if (is_encoded(b.at[i], set)) {
            out[size++] = '%';
            out[size++] = (uint8_t)digits[b.at[i] >> 4];
            out[size++] = (uint8_t)digits[b.at[i] & 15];
        } else {
            out[size++] = b.at[i];
        }
    }
    writer_did(w, size);
}

static struct bytes
encoded(struct arena *arena, struct bytes b, enum encode_set set)
{
    struct writer w;

    for (size_t i = 0; i < b.size; i++) {
        if (is_encoded(b.at[i], set)) {
            writer_init(&w, arena);
            put_encoded(&w, b, set);
            return writer_view(&w);
        }
    }
    return b;
}

/* The port a special scheme has by itself, 0 for file, -1 for what is not special. */
static int
scheme_port(struct bytes scheme)
{
    static const struct {
        const char *scheme;
        int port;
    } special[] = {{"https", 443}, {"http", 80}, {"ftp", 21},
                   {"file", 0},    {"ws", 80},   {"wss", 443}};

    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        if (bytes_is(scheme, special[i].scheme)) {
            return special[i].port;
        }
    }
    return -1;
}

static void
set_scheme(struct reading *r, struct bytes scheme)
{
    r->url->scheme = scheme;
    r->special = scheme_port(scheme) >= 0;
    r->file = bytes_is(scheme, "file");
}

static bool
is_slash(const struct reading *r, size_t at)
{
    return at < r->rest.size &&
           (r->rest.at[at] == '/' || (r->special && r->rest.at[at] == '\\'));
}

static bool
is_drive(struct bytes b)
{
    return b.size == 2 && ascii_letter(b.at[0]) && (b.at[1] == ':' || b.at[1] == '|');
}

/* A drive letter at the start, and behind it nothing that would make it a name. */
static bool
starts_drive(struct bytes b)
{
    return b.size >= 2 && is_drive(bytes_slice(b, 0, 2)) &&
           (b.size == 2 || strchr("/\\?#", b.at[2]) != NULL);
}

static void
shorten(struct reading *r)
{
    struct bytes path = writer_view(&r->path);
    size_t slash = bytes_find_last(path, '/');

    if (r->file && path.size == 3 && ascii_letter(path.at[1]) && path.at[2] == ':') {
        return;
    }
    r->path.size = slash == BYTES_NOWHERE ? 0 : slash;
}

static bool
is_dot(struct bytes *s)
{
    if (s->size > 0 && s->at[0] == '.') {
        *s = bytes_from(*s, 1);
        return true;
    }
    if (bytes_starts_fold(*s, BYTES("%2e"))) {
        *s = bytes_from(*s, 3);
        return true;
    }
    return false;
}

static void
put_segment(struct reading *r, struct bytes segment, bool last)
{
    struct bytes s = segment;
    bool one = is_dot(&s), single = one && s.size == 0,
         twice = one && is_dot(&s) && s.size == 0;

    if (twice) {
        shorten(r);
    }
    if (single || twice) {
        if (last) {
            writer_byte(&r->path, '/');
        }
        return;
    }
    bool drive = r->file && r->path.size == 0 && is_drive(segment);
    writer_byte(&r->path, '/');
    put_encoded(&r->path, segment, ENCODE_PATH);
    if (drive) {
        r->path.at[r->path.size - 1] = ':';
    }
}

/* The path, from its first segment (without the slash before it). */
static void
read_path(struct reading *r)
{
    size_t start = 0, at = 0;

    for (;; at++) {
        bool end = at >= r->rest.size || r->rest.at[at] == '?' || r->rest.at[at] == '#';
        if (!end && !is_slash(r, at)) {
            continue;
        }
        put_segment(r, bytes_slice(r->rest, start, at), end);
        if (end) {
            break;
        }
        start = at + 1;
    }
    r->rest = bytes_from(r->rest, at);
}

static void
read_path_start(struct reading *r)
{
    if (is_slash(r, 0)) {
        r->rest = bytes_from(r->rest, 1);
        read_path(r);
    } else if (r->special ||
               (r->rest.size > 0 && r->rest.at[0] != '?' && r->rest.at[0] != '#')) {
        read_path(r);
    }
}

static bool
read_port(struct reading *r, struct bytes port)
{
    uint64_t number;

    if (port.size == 0) {
        return true;
    }
    while (port.size > 1 && port.at[0] == '0') {
        port = bytes_from(port, 1);
    }
    if (!bytes_to_number(port, 65535, &number)) {
        return false;
    }
    r->url->port = (int)number == scheme_port(r->url->scheme) ? -1 : (int)number;
    return true;
}

/* Host and port of an authority without its credentials. */
static bool
read_host_port(struct reading *r, struct bytes text)
{
    bool inside = false;
    size_t colon = text.size;

    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '[') {
            inside = true;
        } else if (text.at[i] == ']') {
            inside = false;
        } else if (text.at[i] == ':' && !inside) {
            colon = i;
            break;
        }
    }
    struct bytes host = bytes_slice(text, 0, colon);
    if (host.size == 0 && (r->special || colon < text.size)) {
        return false;
    }
    r->url->has_host = true;
    return url_read_host(r->arena, host, r->special, &r->url->host, &r->url->is_address) &&
           read_port(r, bytes_from(text, colon + 1));
}

static bool
read_authority(struct reading *r)
{
    size_t end = 0;

    while (end < r->rest.size && r->rest.at[end] != '?' && r->rest.at[end] != '#' &&
           !is_slash(r, end)) {
        end++;
    }
    struct bytes authority = bytes_slice(r->rest, 0, end);
    size_t at = bytes_find_last(authority, '@');
    if (at != BYTES_NOWHERE) {
        struct bytes credentials = bytes_slice(authority, 0, at);
        size_t colon = bytes_find_byte(credentials, ':', 0);
        colon = colon == BYTES_NOWHERE ? at : colon;
        r->url->username =
            encoded(r->arena, bytes_slice(credentials, 0, colon), ENCODE_USERINFO);
        r->url->password =
            encoded(r->arena, bytes_from(credentials, colon + 1), ENCODE_USERINFO);
        authority = bytes_from(authority, at + 1);
        if (authority.size == 0) {
            return false;
        }
    }
    if (!read_host_port(r, authority)) {
        return false;
    }
    r->rest = bytes_from(r->rest, end);
    read_path_start(r);
    return true;
}

static bool
read_authority_after_slashes(struct reading *r)
{
    while (r->rest.size > 0 && (r->rest.at[0] == '/' || r->rest.at[0] == '\\')) {
        r->rest = bytes_from(r->rest, 1);
    }
    return read_authority(r);
}

static void
take_authority(struct reading *r)
{
    const struct url *base = r->base;

    r->url->username = base->username;
    r->url->password = base->password;
    r->url->host = base->host;
    r->url->has_host = base->has_host;
    r->url->is_address = base->is_address;
    r->url->port = base->port;
}

/* What has no scheme or the base's: by its first characters it keeps more or less of the base. */
static bool
read_relative(struct reading *r)
{
    set_scheme(r, r->base->scheme);
    if (is_slash(r, 0)) {
        if (is_slash(r, 1)) {
            return r->special ? read_authority_after_slashes(r)
                              : (r->rest = bytes_from(r->rest, 2), read_authority(r));
        }
        take_authority(r);
        r->rest = bytes_from(r->rest, 1);
        read_path(r);
        return true;
    }
    take_authority(r);
    writer_bytes(&r->path, r->base->path);
    if (r->rest.size == 0 || r->rest.at[0] == '#') {
        r->url->query = r->base->query;
        r->url->has_query = r->base->has_query;
    } else if (r->rest.at[0] != '?') {
        shorten(r);
        read_path(r);
    }
    return true;
}

static bool
read_file_host(struct reading *r)
{
    size_t end = 0;

    while (end < r->rest.size && strchr("/\\?#", r->rest.at[end]) == NULL) {
        end++;
    }
    struct bytes host = bytes_slice(r->rest, 0, end);
    r->url->has_host = true;
    if (!is_drive(host)) {
        if (host.size > 0 &&
            !url_read_host(r->arena, host, true, &r->url->host, &r->url->is_address)) {
            return false;
        }
        if (bytes_is(r->url->host, "localhost")) {
            r->url->host = BYTES_NONE;
        }
        r->rest = bytes_from(r->rest, end);
    }
    read_path_start(r);
    return true;
}

static bool
read_file(struct reading *r)
{
    bool has_base = r->base != NULL && bytes_is(r->base->scheme, "file");

    set_scheme(r, BYTES("file"));
    r->url->has_host = true;
    if (is_slash(r, 0) && is_slash(r, 1)) {
        r->rest = bytes_from(r->rest, 2);
        return read_file_host(r);
    }
    if (is_slash(r, 0)) {
        r->rest = bytes_from(r->rest, 1);
        if (has_base) {
            r->url->host = r->base->host;
            struct bytes drive = bytes_slice(r->base->path, 1, 3);
            if (!starts_drive(r->rest) && is_drive(drive) && drive.at[1] == ':') {
                writer_bytes(&r->path, bytes_slice(r->base->path, 0, 3));
            }
        }
        read_path(r);
        return true;
    }
    if (!has_base) {
        read_path(r);
        return true;
    }
    if (starts_drive(r->rest)) {
        r->url->host = r->base->host;
        read_path(r);
        return true;
    }
    return read_relative(r);
}

static void
read_opaque(struct reading *r)
{
    size_t end = 0;

    while (end < r->rest.size && r->rest.at[end] != '?' && r->rest.at[end] != '#') {
        end++;
    }
    r->url->opaque_path = true;
    struct bytes path = bytes_slice(r->rest, 0, end);
    bool blank = path.size > 0 && path.at[path.size - 1] == ' ' && end < r->rest.size;
    put_encoded(&r->path, bytes_slice(path, 0, path.size - blank), ENCODE_C0);
    if (blank) {
        writer_text(&r->path, "%20");
    }
    r->rest = bytes_from(r->rest, end);
}

static bool
read_without_scheme(struct reading *r)
{
    if (r->base == NULL) {
        return false;
    }
    if (r->base->opaque_path) {
        if (r->rest.size == 0 || r->rest.at[0] != '#') {
            return false;
        }
        set_scheme(r, r->base->scheme);
        writer_bytes(&r->path, r->base->path);
        r->url->opaque_path = true;
        r->url->query = r->base->query;
        r->url->has_query = r->base->has_query;
        return true;
    }
    return bytes_is(r->base->scheme, "file") ? read_file(r) : read_relative(r);
}

/* Length of the scheme before its colon, 0 if there is none. */
static size_t
scheme_size(struct bytes text)
{
    if (text.size == 0 || !ascii_letter(text.at[0])) {
        return 0;
    }
    for (size_t i = 1; i < text.size; i++) {
        uint8_t c = text.at[i];
        if (c == ':') {
            return i;
        }
        if (!ascii_letter(c) && !ascii_digit(c) && c != '+' && c != '-' && c != '.') {
            return 0;
        }
    }
    return 0;
}

static bool
read_with_scheme(struct reading *r, size_t size)
{
    set_scheme(r, bytes_lower(r->arena, bytes_slice(r->rest, 0, size)));
    r->rest = bytes_from(r->rest, size + 1);
    if (r->file) {
        return read_file(r);
    }
    if (r->special) {
        bool same = r->base != NULL && bytes_equal(r->base->scheme, r->url->scheme);
        bool authority = bytes_starts(r->rest, BYTES("//"));
        return same && !authority ? read_relative(r) : read_authority_after_slashes(r);
    }
    if (bytes_starts(r->rest, BYTES("//"))) {
        r->rest = bytes_from(r->rest, 2);
        return read_authority(r);
    }
    if (is_slash(r, 0)) {
        r->rest = bytes_from(r->rest, 1);
        read_path(r);
    } else {
        read_opaque(r);
    }
    return true;
}

static void
read_query_fragment(struct reading *r)
{
    size_t hash = bytes_find_byte(r->rest, '#', 0);
    struct bytes query = bytes_slice(r->rest, 0, hash);

    if (query.size > 0 && query.at[0] == '?') {
        r->url->has_query = true;
        r->url->query = encoded(r->arena, bytes_from(query, 1),
                                r->special ? ENCODE_SPECIAL_QUERY : ENCODE_QUERY);
    }
    if (hash != BYTES_NOWHERE) {
        r->url->has_fragment = true;
        r->url->fragment =
            encoded(r->arena, bytes_from(r->rest, hash + 1), ENCODE_FRAGMENT);
    }
}

static struct bytes
write_href(struct arena *arena, const struct url *url)
{
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, url->scheme);
    writer_byte(&w, ':');
    if (url->has_host) {
        writer_text(&w, "//");
        if (url->username.size > 0 || url->password.size > 0) {
            writer_bytes(&w, url->username);
            if (url->password.size > 0) {
                writer_byte(&w, ':');
                writer_bytes(&w, url->password);
            }
            writer_byte(&w, '@');
        }
        writer_bytes(&w, url->host);
        if (url->port >= 0) {
            writer_format(&w, ":%d", url->port);
        }
    } else if (!url->opaque_path && bytes_starts(url->path, BYTES("//"))) {
        writer_text(&w, "/."); /* or the path would be read as a host */
    }
    writer_bytes(&w, url->path);
    if (url->has_query) {
        writer_byte(&w, '?');
        writer_bytes(&w, url->query);
    }
    if (url->has_fragment) {
        writer_byte(&w, '#');
        writer_bytes(&w, url->fragment);
    }
    return writer_view(&w);
}

/* Without controls and blanks at the ends, and without tabs and line ends anywhere. */
static struct bytes
clean(struct arena *arena, struct bytes text)
{
    while (text.size > 0 && text.at[0] <= ' ') {
        text = bytes_from(text, 1);
    }
    while (text.size > 0 && text.at[text.size - 1] <= ' ') {
        text.size--;
    }
    size_t i = 0;
    for (; i + SCAN_SIZE <= text.size; i += SCAN_SIZE) {
        scan_block block = scan_load(text.at + i);
        if (scan_any(scan_is(block, '\t') | scan_is(block, '\n') | scan_is(block, '\r'))) {
            break;
        }
    }
    for (; i < text.size; i++) {
        if (text.at[i] != '\t' && text.at[i] != '\n' && text.at[i] != '\r') {
            continue;
        }
        uint8_t *out = arena_take_bytes(arena, text.size);
        size_t size = 0;
        for (size_t j = 0; j < text.size; j++) {
            out[size] = text.at[j];
            size += text.at[j] != '\t' && text.at[j] != '\n' && text.at[j] != '\r';
        }
        return bytes_of(out, size);
    }
    return text;
}

/* Most URLs of mail are their own normal form, or lack no more than the slash behind their host: these need no second writing. */

/* Bytes that a host in normal form is made of, here. */
static const bool host_bytes[256] = {
    ['-'] = true, ['.'] = true, ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true,
    ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true,
    ['_'] = true, ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true, ['e'] = true,
    ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true,
    ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true,
    ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true, ['w'] = true,
    ['x'] = true, ['y'] = true, ['z'] = true,
};

/* Whether one of the bytes may be written otherwise, in any part of a URL, or begins a segment that may be one of dots; `next` are the
 * bytes behind each. */
static inline bool
may_change(scan_block block, scan_block next)
{
    scan_block odd = (scan_block)(block <= ' ') | (scan_block)(block > 'z') |
                     scan_is(block, '"') | scan_is(block, '\'') | scan_is(block | 2, '>') |
                     scan_is(block | 2, '^') | scan_is(block, '`');

    return scan_any(odd |
                    (scan_is(block, '/') & (scan_is(next, '.') | scan_is(next, '%'))));
}

/* What stands from `at` on, a path and more, is its own normal form. */
static bool
is_normal(struct bytes text, size_t at)
{
    uint8_t last[SCAN_SIZE + 1];

    while (text.size - at > SCAN_SIZE) {
        if (may_change(scan_load(text.at + at), scan_load(text.at + at + 1))) {
            return false;
        }
        at += SCAN_SIZE;
    }
    memset(last, 'x', sizeof last);
    memcpy(last, text.at + at, text.size - at);
    return !may_change(scan_load(last), scan_load(last + 1));
}

/* false: it must be read as any other. */
static bool
read_normal(struct arena *arena, struct bytes text, struct url *r)
{
    size_t scheme = bytes_starts(text, BYTES("https://"))  ? 5
                    : bytes_starts(text, BYTES("http://")) ? 4
                                                           : 0;
    size_t host = scheme + 3, label = host, end = host;

    if (scheme == 0) {
        return false;
    }
    for (; end < text.size && host_bytes[text.at[end]]; end++) {
        label = text.at[end] == '.' ? end + 1 : label;
    }
    /* Not what may be a number at the end, or ends in a dot. */
    if (label == end || ascii_digit(text.at[label]) || end - host > LIMIT_DOMAIN_TEXT ||
        (end < text.size && (text.at[end] != '/' || !is_normal(text, end)))) {
        return false;
    }
    if (end == text.size) {
        uint8_t *whole = arena_take_bytes(arena, text.size + 1);
        memcpy(whole, text.at, text.size);
        whole[text.size] = '/';
        text = bytes_of(whole, text.size + 1);
    }
    struct bytes rest = bytes_from(text, end);
    size_t hash = bytes_find_byte(rest, '#', 0);
    *r = (struct url){.port = -1,
                      .href = text,
                      .scheme = bytes_slice(text, 0, scheme),
                      .host = bytes_slice(text, host, end),
                      .has_host = true,
                      .as_written = true};
    if (hash != BYTES_NOWHERE) {
        r->has_fragment = true;
        r->fragment = bytes_from(rest, hash + 1);
        rest = bytes_slice(rest, 0, hash);
    }
    size_t query = bytes_find_byte(rest, '?', 0);
    if (query != BYTES_NOWHERE) {
        r->has_query = true;
        r->query = bytes_from(rest, query + 1);
        rest = bytes_slice(rest, 0, query);
    }
    r->path = rest;
    return true;
}

bool
url_read_relative(struct arena *arena, struct bytes text, const struct url *base,
                  struct url *r)
{
    if (read_normal(arena, text, r)) {
        return true;
    }
    struct reading reading = {
        .arena = arena, .rest = clean(arena, text), .base = base, .url = r};

    *r = (struct url){.port = -1};
    writer_init(&reading.path, arena);
    size_t scheme = scheme_size(reading.rest);
    if (!(scheme > 0 ? read_with_scheme(&reading, scheme)
                     : read_without_scheme(&reading))) {
        *r = (struct url){.port = -1};
        return false;
    }
    read_query_fragment(&reading);
    r->path = writer_view(&reading.path);
    r->href = write_href(arena, r);
    return true;
}

bool
url_read(struct arena *arena, struct bytes text, struct url *r)
{
    return url_read_relative(arena, text, NULL, r);
}
