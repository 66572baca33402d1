#include "parse/defects.h"

#include "base/limits.h"

void
defects_init(struct defects *d, struct arena *arena, struct bytes raw)
{
    *d = (struct defects){.arena = arena, .raw = raw};
}

void
defect_note(struct defects *d, const char *name, const uint8_t *at)
{
    if (d == NULL) {
        return;
    }
    if (d->count >= LIMIT_DEFECTS) {
        d->dropped++;
        return;
    }
    if (d->count == d->room) {
        size_t room = d->room == 0 ? 8 : d->room * 2;
        d->list = arena_grow(d->arena, d->list, d->room * sizeof *d->list,
                             room * sizeof *d->list);
        d->room = room;
    }
    uintptr_t from = (uintptr_t)d->raw.at, point = (uintptr_t)at;
    bool inside = at != NULL && point >= from && point - from <= d->raw.size;
    d->list[d->count++] = (struct defect){name, inside ? point - from : d->fallback};
}
