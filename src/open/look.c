#include "open/look_private.h"

#include <locale.h>

#include "base/clock.h"
#include "parse/charset.h"
#include "parse/html.h"
#include "parse/letter.h"
#include "parse/links.h"

bool
look_late(const struct look *l)
{
    return clock_monotonic_ms() >= l->limits->end_ms;
}

uint32_t
look_put_text(struct look *l, struct bytes text)
{
    uint32_t facts = 0;

    text = bytes_trim(text);
    if (text.size == 0) {
        return 0;
    }
    if (l->text.size > 0) {
        writer_text(&l->text, "\n\n");
    }
    size_t room = LIMIT_OPENED_TEXT > l->text.size ? LIMIT_OPENED_TEXT - l->text.size : 0;
    if (text.size > room) {
        facts = FACT_LIMIT_TEXT;
        while (room > 0 && (text.at[room] & 0xc0) == 0x80) {
            room--; /* not within a character */
        }
        text = bytes_slice(text, 0, room);
    }
    writer_bytes(&l->text, text);
    if (l->text.size > LIMIT_OPENED_TEXT) {
        l->text.size = LIMIT_OPENED_TEXT; /* the empty line did not fit */
    }
    return facts;
}

void
look_put_link(struct look *l, enum enclosed_link place, struct bytes url)
{
    struct opened *o = &l->answer;

    if (url.size == 0 || url.size > LIMIT_URL || o->link_count == LIMIT_OPENED_LINKS) {
        return;
    }
    for (size_t i = 0; i < o->link_count; i++) {
        if (o->link_places[i] == place && bytes_equal(o->links[i], url)) {
            return;
        }
    }
    o->links[o->link_count] = bytes_copy(l->arena, url);
    o->link_places[o->link_count++] = place;
}

void
look_put_links_of(struct look *l, enum enclosed_link place, struct bytes text)
{
    struct link *links;
    size_t count = links_in_text(l->arena, text, &links);

    for (size_t i = 0; i < count; i++) {
        look_put_link(l, place, links[i].written);
    }
}

void
look_tell_so_far(struct look *l)
{
    if (++l->told >= LIMIT_OPENED_ANSWERS) {
        return; /* one is left for the end */
    }
    l->answer.text = writer_view(&l->text);
    l->tell(l->context, &l->answer);
}

static uint32_t
look_text(struct look *l, struct bytes content, bool html)
{
    struct charset_result decoded;
    struct html_result page;

    charset_decode(l->arena, bytes_slice(content, 0, LIMIT_TEXT_BYTES), BYTES_NONE,
                   &decoded);
    if (!html) {
        look_put_links_of(l, ENCLOSED_LINK_TEXT,
                          bytes_slice(decoded.text, 0, LIMIT_OPENED_TEXT));
        return look_put_text(l, decoded.text);
    }
    html_read(l->arena, decoded.text, &page);
    for (size_t i = 0; i < page.link_count; i++) {
        look_put_link(l, ENCLOSED_LINK_TEXT, page.links[i].written);
    }
    uint32_t facts = (page.facts.has_script || page.facts.has_refresh ? FACT_SCRIPT : 0) |
                     (page.facts.has_password ? FACT_PASSWORD_FIELD : 0);
    return facts | look_put_text(l, page.visible);
}

static uint32_t
look_mail(struct look *l, struct bytes content)
{
    const struct letter *letter = letter_read(l->arena, content);

    for (size_t i = 0; i < letter->link_count; i++) {
        look_put_link(l, ENCLOSED_LINK_TEXT, letter->links[i].written);
    }
    return look_put_text(l, letter->subject) | look_put_text(l, letter->text);
}

static uint32_t
look_document(struct look *l, struct bytes content, const char *kind)
{
    static const char *const zipped[] = {"docx", "xlsx", "pptx", "ooxml",
                                         "odt",  "ods",  "odp",  "epub"};

    for (size_t i = 0; i < sizeof zipped / sizeof *zipped; i++) {
        if (strcmp(kind, zipped[i]) == 0) {
            return bytes_starts(content, BYTES("PK")) ? look_office(l, content) : 0;
        }
    }
    if (strcmp(kind, "pdf") == 0) {
        return look_pdf(l, content);
    }
    return bytes_starts(content, BYTES("\xd0\xcf\x11\xe0")) ? look_ole(l, content) : 0;
}

static uint32_t
look_inside(struct look *l, struct bytes path, struct bytes content,
            const struct attachment_type *is, const struct attachment_type *claimed,
            unsigned depth)
{
    if (is == NULL) {
        /* Text has no mark of its own: it is read as what its name says. */
        return claimed != NULL &&
                       (claimed->class == CLASS_TEXT || claimed->class == CLASS_HTML)
                   ? look_text(l, content, claimed->class == CLASS_HTML)
                   : 0;
    }
    switch (is->class) {
    case CLASS_ARCHIVE:
    case CLASS_DISK:
        return look_archive(l, path, content, is, depth);
    case CLASS_DOCUMENT:
        return look_document(l, content, is->name);
    case CLASS_IMAGE:
        return look_image(l, content, is->name);
    case CLASS_TEXT:
    case CLASS_HTML:
    case CLASS_DATE:
        return look_text(l, content, is->class == CLASS_HTML);
    case CLASS_MAIL:
        return strcmp(is->name, "eml") == 0   ? look_mail(l, content)
               : strcmp(is->name, "msg") == 0 ? look_ole(l, content)
                                              : 0;
    case CLASS_SHORTCUT:
        look_put_links_of(l, ENCLOSED_LINK_TEXT, bytes_slice(content, 0, 4096));
        return 0;
    default:
        return strcmp(is->name, "jar") == 0 || strcmp(is->name, "apk") == 0
                   ? look_archive(l, path, content, is, depth)
                   : 0;
    }
}

/* Where our own table knows nothing and the bytes are no text, libmagic is asked. */
static const struct attachment_type *
second_opinion(struct look *l, struct bytes content)
{
    struct bytes head = bytes_slice(content, 0, 512);

    if (head.size == 0 || memchr(head.at, '\0', head.size) == NULL) {
        return NULL;
    }
    struct bytes media = look_magic(l, content);
    size_t slash = bytes_find_byte(media, '/', 0);
    return slash == BYTES_NOWHERE ? NULL
                                  : attachment_type_media(bytes_slice(media, 0, slash),
                                                          bytes_from(media, slash + 1));
}

uint32_t
look_at(struct look *l, struct bytes path, struct bytes content,
        const struct attachment_type *claimed, unsigned depth)
{
    struct opened *o = &l->answer;
    struct enclosure *e = NULL;
    const struct attachment_type *is = attachment_type_of(content);
    size_t step = bytes_find(path, BYTES(" > "), 0);
    struct bytes name = path;

    while (step != BYTES_NOWHERE) { /* the file's own name */
        name = bytes_from(name, step + 3);
        step = bytes_find(name, BYTES(" > "), 0);
    }
    if (is == NULL) {
        is = second_opinion(l, content);
    }
    if (claimed == NULL) {
        claimed = attachment_type_named(name);
    }
    uint32_t facts = attachment_facts(name, claimed, is, content);
    if (o->count < LIMIT_ENCLOSURES) {
        e = &o->list[o->count++];
        *e = (struct enclosure){.path = bytes_slice(path, 0, 2 * LIMIT_ATTACHMENT_NAME),
                                .is = is,
                                .size = content.size,
                                .facts = facts,
                                .depth = depth};
    } else {
        o->dropped++;
    }
    if (look_late(l)) {
        facts |= FACT_LIMIT_TIME;
    } else {
        facts |= look_inside(l, path, content, is, claimed, depth);
    }
    if (e != NULL) {
        e->facts = facts;
    }
    return facts;
}

void
look_prepare(void)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* libarchive's names */
    look_magic_prepare();
}

void
look(struct arena *arena, const struct opening *opening, const struct look_limits *limits,
     look_tell *tell, void *context, struct opened *opened_r)
{
    struct look l = {.arena = arena,
                     .asked = opening,
                     .limits = limits,
                     .tell = tell,
                     .context = context};

    l.answer.list = ARENA_NEW_MANY(arena, LIMIT_ENCLOSURES, struct enclosure);
    l.answer.links = ARENA_NEW_MANY(arena, LIMIT_OPENED_LINKS, struct bytes);
    l.answer.link_places = ARENA_NEW_MANY(arena, LIMIT_OPENED_LINKS, enum enclosed_link);
    writer_init(&l.text, arena);
    const struct attachment_type *claimed =
        attachment_type_media(opening->media_type, opening->media_subtype);
    (void)look_at(&l, opening->name, opening->content, claimed, 0);
    l.answer.text = writer_view(&l.text);
    *opened_r = l.answer;
}
