#include "base/limits.h"
#include "base/utf8.h"
#include "base/why.h"
#include "parse/letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    size_t parts = 0;

    arena_init(&arena, (size_t)1 << 30);
    const struct letter *letter = letter_read(&arena, bytes_of(data, size));
    for (const struct part *p = letter->root; p != NULL; p = part_next(p)) {
        SK_ASSERT(p->type.size > 0 && p->subtype.size > 0);
        SK_ASSERT(utf8_valid(p->text) && utf8_valid(p->visible) && utf8_valid(p->filename));
        SK_ASSERT(utf8_valid(p->other_name) && p->group_count <= LIMIT_REPORT_GROUPS);
        SK_ASSERT(
            !p->is_in_text ||
            (p->parent->shape == PART_LEAF && p->raw.at >= p->parent->content.at &&
             p->raw.at + p->raw.size <= p->parent->content.at + p->parent->content.size));
        SK_ASSERT(!p->is_other || p->parent->other != NULL);
        parts++;
    }
    SK_ASSERT(parts == letter->part_count);
    SK_ASSERT(parts <= LIMIT_MIME_PARTS + 1 + LIMIT_MIME_READINGS);
    SK_ASSERT(letter->other.size <= LIMIT_OTHER_BYTES && utf8_valid(letter->other));
    SK_ASSERT(letter->text.size + letter->hidden.size <= LIMIT_TEXT_BYTES);
    SK_ASSERT(letter->defect_count <= LIMIT_DEFECTS && letter->link_count <= LIMIT_LINKS);
    SK_ASSERT(utf8_valid(letter->subject) && utf8_valid(letter->text) &&
              utf8_valid(letter->hidden));
    for (size_t i = 0; i < letter->defect_count; i++) {
        SK_ASSERT(letter->defects[i].at <= size);
    }
    arena_release(&arena);
    return 0;
}
