#include "parse/defects.h"

#include "base/limits.h"

void
defects_init(struct defects *d, struct arena *arena, struct bytes raw)
{
    *d = (struct defects){.arena = arena, .raw = raw};
}

static bool
is_often(const struct defects *d, const char *name)
{
    size_t same = 0;

    for (size_t i = 0; i < d->count; i++) {
        same += strcmp(d->list[i].name, name) == 0;
    }
    return same >= LIMIT_DEFECTS_SAME;
}

void
defect_note(struct defects *d, const char *name, const uint8_t *at)
{
    if (d == NULL) {
        return;
    }
    if (d->count >= LIMIT_DEFECTS || is_often(d, name)) {
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
