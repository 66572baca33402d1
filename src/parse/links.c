#include "parse/links.h"

#include "base/limits.h"
#include "base/scan.h"
#include "base/utf8.h"
#include "parse/domain.h"
#include "parse/link_hosts.h"
#include "parse/link_undo_private.h"
#include "parse/links_private.h"
#include "parse/url.h"

/* Characters that a written URL goes on with. Letters beyond ASCII end it: in Japanese the sentence goes on there. */
static bool
is_url_byte(uint8_t c)
{
    return c > ' ' && c < 0x7f && memchr("\"<>\\^`{|}", c, 9) == NULL;
}

static bool
is_label_byte(uint8_t c)
{
    return ascii_letter(c) || ascii_digit(c) || c == '-' || c == '_';
}

static bool
is_local_byte(uint8_t c)
{
    return is_label_byte(c) ||
           (c < 0x80 && c > ' ' && memchr("!#$%&'*+/=?^`{|}~.", c, 18) != NULL);
}

/* Without what closes the sentence and not the link: stops, quotes, brackets that were not opened in it. */
static struct bytes
without_tail(struct bytes url)
{
    size_t open[2] = {0, 0}, close[2] = {0, 0};

    for (size_t i = 0; i < url.size; i++) {
        open[0] += url.at[i] == '(';
        close[0] += url.at[i] == ')';
        open[1] += url.at[i] == '[';
        close[1] += url.at[i] == ']';
    }
    while (url.size > 0) {
        uint8_t c = url.at[url.size - 1];
        if (c == ')' && close[0] > open[0]) {
            close[0]--;
        } else if (c == ']' && close[1] > open[1]) {
            close[1]--;
        } else if (memchr(".,;:!?'*_~", c, 10) == NULL) {
            break;
        }
        url.size--;
    }
    return url;
}

struct finder {
    struct arena *arena;
    struct bytes text;    /* undone */
    struct bytes written; /* as it came */
    struct link_undone undone;
    struct link *links;
    size_t count, room;
    size_t done;       /* nothing before it is looked at again */
    size_t names_done; /* no name before it is */
};

static void
add(struct finder *f, size_t from, size_t to, const char *scheme)
{
    if (f->count == LIMIT_LINKS) {
        return;
    }
    if (f->count == f->room) {
        size_t room = f->room == 0 ? 8 : f->room * 2;
        f->links = arena_grow(f->arena, f->links, f->room * sizeof *f->links,
                              room * sizeof *f->links);
        f->room = room;
    }
    struct link *link = &f->links[f->count];
    struct bytes whole = bytes_slice(f->text, from, to);
    f->done = to;
    *link = (struct link){.kind = LINK_TEXT};
    if (scheme[0] != 0) {
        size_t size = strlen(scheme);
        uint8_t *joined = arena_take_bytes(f->arena, size + whole.size);
        memcpy(joined, scheme, size);
        memcpy(joined + size, whole.at, whole.size);
        whole = bytes_of(joined, size + whole.size);
    }
    link_fill(f->arena, link, whole, NULL, f->links, f->count);
    if (link->href.size == 0) {
        return;
    }
    link_undone_place(&f->undone, &from, &to, &link->flags);
    link->written = link->text = bytes_slice(f->written, from, to);
    f->count++;
}

/* From `from`, where a URL begins: its end, by which characters it may have. */
static size_t
url_end(const struct finder *f, size_t from)
{
    size_t at = from,
           most = f->text.size - from < LIMIT_URL ? f->text.size : from + LIMIT_URL;

    while (at < most && is_url_byte(f->text.at[at])) {
        at++;
    }
    return from + without_tail(bytes_slice(f->text, from, at)).size;
}

/* A character that ends a host, or stands after one in Japanese: blanks, CJK and full-width punctuation. */
static bool
ends_host(uint32_t c)
{
    return (c >= 0x2000 && c <= 0x206f) || (c >= 0x3000 && c <= 0x3004) ||
           (c >= 0x3008 && c <= 0x303f) || c == 0x30fb || (c >= 0xff00 && c <= 0xff0f) ||
           (c >= 0xff1a && c <= 0xff20) || (c >= 0xff3b && c <= 0xff40) || c >= 0xff5b;
}

/* Where a host ends that begins at `from` and is not all ASCII; `from` itself if there is none. In Japanese the sentence goes on
 * behind it, so it ends at the first top level in ASCII that exists, else where no more letters stand. */
static size_t
foreign_host_end(struct finder *f, size_t from)
{
    struct bytes ascii, text = bytes_slice(f->text, from, from + LIMIT_DOMAIN_TEXT);
    size_t end = 0, foreign = SIZE_MAX;
    uint32_t c;

    for (size_t step; (step = utf8_get(text, end, &c)) > 0; end += step) {
        if (c < 0x80 ? !is_label_byte((uint8_t)c) && c != '.' : ends_host(c)) {
            break;
        }
        foreign = c >= 0x80 && foreign == SIZE_MAX ? end : foreign;
    }
    if (foreign == SIZE_MAX) {
        return from;
    }
    for (size_t dot = bytes_find_byte(text, '.', 0); dot < end;
         dot = bytes_find_byte(text, '.', dot + 1)) {
        size_t top = dot + 1;
        while (top < end && ascii_letter(text.at[top])) {
            top++;
        }
        if (top > dot + 2 && (top == end || text.at[top] >= 0x80) &&
            domain_suffix_known(bytes_slice(text, dot + 1, top))) {
            return foreign < top ? from + top : from;
        }
    }
    return bytes_find_byte(bytes_slice(text, 0, end), '.', 0) != BYTES_NOWHERE &&
                   domain_to_ascii(f->arena, bytes_slice(text, 0, end), &ascii) &&
                   domain_suffix_known(ascii)
               ? from + end
               : from;
}

/* At "://": is it a URL whose scheme stands before? */
static void
find_scheme(struct finder *f, size_t colon)
{
    static const char *const schemes[] = {"https", "http", "ftp"};

    if (!bytes_starts(bytes_from(f->text, colon), BYTES("://"))) {
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        size_t size = strlen(schemes[i]);
        if (colon >= f->done + size &&
            bytes_is_fold(bytes_slice(f->text, colon - size, colon), schemes[i])) {
            /* "xhttp://" is still clickable from its http on. */
            size_t host = foreign_host_end(f, colon + 3), end = url_end(f, host);
            if (end > colon + 3) {
                add(f, colon - size, end, "");
            }
            return;
        }
    }
}

/* The run of label bytes and dots around `at`. */
static size_t
name_start(const struct finder *f, size_t at)
{
    size_t least = at > LIMIT_DOMAIN ? at - LIMIT_DOMAIN : 0;

    least = least < f->done ? f->done : least;
    while (at > least && (is_label_byte(f->text.at[at - 1]) || f->text.at[at - 1] == '.')) {
        at--;
    }
    return at;
}

static size_t
name_end(const struct finder *f, size_t at)
{
    size_t from = at,
           most = f->text.size - at < LIMIT_DOMAIN ? f->text.size : at + LIMIT_DOMAIN;

    while (at < most && (is_label_byte(f->text.at[at]) || f->text.at[at] == '.')) {
        at++;
    }
    while (at > from && (f->text.at[at - 1] == '.' || f->text.at[at - 1] == '-' ||
                         f->text.at[at - 1] == '_')) {
        at--;
    }
    return at;
}

bool
link_is_host(struct bytes name)
{
    struct bytes rest = name, label, last = BYTES_NONE;
    size_t labels = 0;

    if (name.size < 4) {
        return false;
    }
    while (bytes_split(&rest, '.', &label)) {
        if (label.size == 0 || label.size > 63 || label.at[0] == '-' ||
            label.at[label.size - 1] == '-') {
            return false;
        }
        labels++;
        last = label;
    }
    return labels >= 2 && last.size >= 2 && ascii_letter(last.at[0]) &&
           domain_suffix_known(name);
}

/* Words with a dot that are files or abbreviations more often than hosts, though their endings are top levels. */
static bool
is_file_name(struct bytes name)
{
    static const char *const endings[] = {".zip", ".mov", ".app", ".py", ".sh", ".pl",
                                          ".md",  ".rs",  ".cc",  ".so", ".ps"};

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (bytes_ends_fold(name, bytes_from_text(endings[i]))) {
            return true;
        }
    }
    return false;
}

/* "the end.Next sentence": a small letter, a stop, and a capital one without the blank between. */
static bool
is_sentence(struct bytes name)
{
    size_t dot = bytes_find_last(name, '.');
    uint8_t before = name.at[dot - 1], after = name.at[dot + 1];

    return ascii_letter(before) && ascii_lower(before) == before && ascii_letter(after) &&
           ascii_lower(after) != after;
}

/* At a dot: a bare name, as "www.example.jp/x" or "example.com". */
static void
find_name(struct finder *f, size_t dot)
{
    if (dot == 0 || dot + 1 >= f->text.size || !is_label_byte(f->text.at[dot - 1]) ||
        !is_label_byte(f->text.at[dot + 1])) {
        return;
    }
    size_t start = name_start(f, dot), end = name_end(f, dot);
    bool www = bytes_starts_fold(bytes_slice(f->text, start, end), BYTES("www."));

    if (end <= dot || start == dot) {
        f->done = end > dot ? end : dot + 1;
        return;
    }
    struct bytes name = bytes_slice(f->text, start, end);
    uint8_t after = end < f->text.size ? f->text.at[end] : 0;
    uint8_t before = start > 0 ? f->text.at[start - 1] : 0;
    if (before == '@' || after == '@' || before == '/' || before == '\\' ||
        !link_is_host(name) ||
        (!www && after != '/' && (is_file_name(name) || is_sentence(name)))) {
        f->names_done = end;
        f->done = after == '@' ? f->done : end;
        return;
    }
    add(f, start,
        after == '/' || after == '?' || after == ':' || after == '#' ? url_end(f, start)
                                                                     : end,
        "http://");
    if (f->done < end) {
        f->done = end;
    }
}

static void
find_mail(struct finder *f, size_t at)
{
    size_t start = at, least = at > 64 ? at - 64 : 0, end = name_end(f, at + 1);

    least = least < f->done ? f->done : least;
    while (start > least && is_local_byte(f->text.at[start - 1])) {
        start--;
    }
    while (start < at && memchr(".'`", f->text.at[start], 3) != NULL) {
        start++;
    }
    if (start == at || end <= at + 1 || !link_is_host(bytes_slice(f->text, at + 1, end))) {
        return;
    }
    add(f, start, end, "mailto:");
}

/* The next dot, colon or at sign from `at` on; the size of the text if there is none. */
static size_t
next_mark(struct bytes text, size_t at)
{
    static const bool marks[256] = {['.'] = true, [':'] = true, ['@'] = true};

    for (; at + SCAN_SIZE <= text.size; at += SCAN_SIZE) {
        scan_block block = scan_load(text.at + at);
        if (scan_any(scan_is(block, '.') | scan_is(block, ':') | scan_is(block, '@'))) {
            break;
        }
    }
    while (at < text.size && !marks[text.at[at]]) {
        at++;
    }
    return at;
}

size_t
links_in_text(struct arena *arena, struct bytes text, struct link **links_r)
{
    struct finder f = {.arena = arena, .written = text};

    link_undo(arena, text, &f.undone);
    text = f.text = f.undone.text;
    for (size_t at = next_mark(text, 0); at < text.size && f.count < LIMIT_LINKS;
         at = next_mark(text, at + 1)) {
        uint8_t c = text.at[at];
        if (at < f.done || (c == '.' && at < f.names_done)) {
            continue;
        }
        if (c == ':') {
            find_scheme(&f, at);
        } else if (c == '@') {
            find_mail(&f, at);
        } else {
            find_name(&f, at);
        }
    }
    *links_r = f.links;
    return f.count;
}
