#include "open/opened.h"

#include "base/writer.h"

void
opening_write(const struct opening *o, struct writer *w)
{
    frame_put_bytes(w, o->name);
    frame_put_bytes(w, o->media_type);
    frame_put_bytes(w, o->media_subtype);
    frame_put_number(w, o->password_count);
    for (size_t i = 0; i < o->password_count; i++) {
        frame_put_bytes(w, o->passwords[i]);
    }
    frame_put_bytes(w, o->content);
}

enum sk_code
opening_read(struct bytes payload, struct opening *o)
{
    struct frame_reader r = {.rest = payload};

    *o = (struct opening){0};
    o->name = frame_get_bytes(&r);
    o->media_type = frame_get_bytes(&r);
    o->media_subtype = frame_get_bytes(&r);
    uint64_t count = frame_get_number(&r);
    if (count > LIMIT_PASSWORDS) {
        return SK_BAD;
    }
    for (; o->password_count < count; o->password_count++) {
        o->passwords[o->password_count] = frame_get_bytes(&r);
    }
    o->content = frame_get_bytes(&r);
    return r.broken || r.rest.size > 0 ? SK_BAD : SK_OK;
}

void
opened_write(const struct opened *o, struct writer *w)
{
    frame_put_number(w, o->count);
    frame_put_number(w, o->dropped);
    for (size_t i = 0; i < o->count; i++) {
        const struct enclosure *e = &o->list[i];
        frame_put_bytes(w, e->path);
        frame_put_bytes(w, bytes_from_text(e->is == NULL ? "" : e->is->name));
        frame_put_number(w, e->size);
        frame_put_number(w, e->facts);
        frame_put_number(w, e->depth);
    }
    frame_put_bytes(w, o->text);
    frame_put_number(w, o->link_count);
    for (size_t i = 0; i < o->link_count; i++) {
        frame_put_number(w, (uint64_t)o->link_places[i]);
        frame_put_bytes(w, o->links[i]);
    }
}

static bool
entries_read(struct arena *arena, struct frame_reader *r, struct opened *o)
{
    uint64_t count = frame_get_number(r);

    o->dropped = (size_t)frame_get_number(r);
    if (count > LIMIT_ENCLOSURES) {
        return false;
    }
    o->list = ARENA_NEW_MANY(arena, count, struct enclosure);
    for (; o->count < count && !r->broken; o->count++) {
        struct enclosure *e = &o->list[o->count];
        e->path = frame_get_bytes(r);
        e->is = attachment_type_find(frame_get_bytes(r));
        e->size = frame_get_number(r);
        e->facts = (uint32_t)frame_get_number(r);
        e->depth = (unsigned)frame_get_number(r);
        if (e->path.size > 2 * LIMIT_ATTACHMENT_NAME) {
            return false;
        }
    }
    return true;
}

enum sk_code
opened_read(struct arena *arena, struct bytes payload, struct opened *o)
{
    struct frame_reader r = {.rest = payload};

    *o = (struct opened){0};
    if (!entries_read(arena, &r, o)) {
        return SK_BAD;
    }
    o->text = frame_get_bytes(&r);
    uint64_t links = frame_get_number(&r);
    if (o->text.size > LIMIT_OPENED_TEXT || links > LIMIT_OPENED_LINKS) {
        return SK_BAD;
    }
    o->links = ARENA_NEW_MANY(arena, links, struct bytes);
    o->link_places = ARENA_NEW_MANY(arena, links, enum enclosed_link);
    for (; o->link_count < links && !r.broken; o->link_count++) {
        uint64_t place = frame_get_number(&r);
        o->links[o->link_count] = frame_get_bytes(&r);
        if (place >= ENCLOSED_LINK_COUNT || o->links[o->link_count].size > LIMIT_URL) {
            return SK_BAD;
        }
        o->link_places[o->link_count] = (enum enclosed_link)place;
    }
    return r.broken || r.rest.size > 0 ? SK_BAD : SK_OK;
}
