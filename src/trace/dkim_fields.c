#include "trace/dkim_fields.h"

struct dkim_field_names {
    size_t last;    /* the lowest field of the name, plus 1 */
    size_t next;    /* the one to be taken next in this round */
    unsigned round; /* `next` is of this round */
};

void
dkim_fields_init(struct dkim_fields *fields, struct arena *arena,
                 const struct header *header)
{
    fields->header = header;
    fields->arena = arena;
    fields->round = 0;
    fields->above = ARENA_NEW_MANY(arena, header->field_count, size_t);
    table_init(&fields->names, arena, true);
    for (size_t i = 0; i < header->field_count; i++) {
        struct bytes name = canonical_field_name(header->fields[i].whole);
        struct dkim_field_names *names = table_get(&fields->names, name);
        if (names == NULL) {
            names = ARENA_NEW(arena, struct dkim_field_names);
            table_put(&fields->names, name, names);
        }
        fields->above[i] = names->last;
        names->last = i + 1;
    }
}

void
dkim_fields_put(struct dkim_fields *fields, struct canonical *c, enum canonical_form form,
                struct bytes names, struct bytes not_this)
{
    struct bytes rest = names, name;

    fields->round++;
    while (bytes_split(&rest, ':', &name)) {
        struct dkim_field_names *of = table_get(&fields->names, name);
        if (of == NULL) {
            continue;
        }
        if (of->round != fields->round) {
            of->round = fields->round;
            of->next = of->last;
        }
        if (of->next > 0 && fields->header->fields[of->next - 1].whole.at == not_this.at) {
            of->next = fields->above[of->next - 1];
        }
        if (of->next > 0) {
            canonical_field(c, form, fields->header->fields[of->next - 1].whole);
            of->next = fields->above[of->next - 1];
        }
    }
}
