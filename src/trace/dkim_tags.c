#include "trace/dkim_tags.h"

/* tag-name = ALPHA *(ALPHA / DIGIT / "_") */
static bool
is_name(struct bytes name)
{
    if (name.size == 0 || !ascii_letter(name.at[0])) {
        return false;
    }
    for (size_t i = 1; i < name.size; i++) {
        uint8_t c = name.at[i];
        if (!ascii_letter(c) && !ascii_digit(c) && c != '_') {
            return false;
        }
    }
    return true;
}

static bool
is_value(struct bytes value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.at[i];
        if (c == 0x7f || (c < 0x21 && !ascii_blank(c))) {
            return false;
        }
    }
    return true;
}

enum sk_code
dkim_tags_read(struct bytes list, struct dkim_tags *tags_r, struct why *why)
{
    struct bytes rest = list, piece;

    tags_r->count = 0;
    while (bytes_split(&rest, ';', &piece)) {
        if (bytes_trim(piece).size == 0) {
            if (rest.at == NULL && tags_r->count > 0) {
                return SK_OK; /* one ";" may stand at the end */
            }
            return why_set(why, SK_BAD, "an empty tag");
        }
        size_t equals = bytes_find_byte(piece, '=', 0);
        if (equals == BYTES_NOWHERE) {
            return why_set(why, SK_BAD, "a tag without \"=\"");
        }
        if (tags_r->count == LIMIT_DKIM_TAGS) {
            return why_set(why, SK_LIMIT, "more than %d tags", LIMIT_DKIM_TAGS);
        }
        struct dkim_tag *tag = &tags_r->tags[tags_r->count];
        tag->name = bytes_trim(bytes_slice(piece, 0, equals));
        tag->raw = bytes_from(piece, equals + 1);
        tag->value = bytes_trim(tag->raw);
        if (!is_name(tag->name) || !is_value(tag->value)) {
            return why_set(why, SK_BAD, "a malformed tag");
        }
        for (size_t i = 0; i < tags_r->count; i++) {
            if (bytes_equal(tags_r->tags[i].name, tag->name)) {
                return why_set(why, SK_BAD, "a tag given twice");
            }
        }
        tags_r->count++;
    }
    return tags_r->count > 0 ? SK_OK : why_set(why, SK_BAD, "no tags");
}

const struct dkim_tag *
dkim_tags_find(const struct dkim_tags *tags, const char *name)
{
    for (size_t i = 0; i < tags->count; i++) {
        if (bytes_is(tags->tags[i].name, name)) {
            return &tags->tags[i];
        }
    }
    return NULL;
}

struct bytes
dkim_tags_value(const struct dkim_tags *tags, const char *name, const char *fallback)
{
    const struct dkim_tag *tag = dkim_tags_find(tags, name);

    return tag != NULL ? tag->value : bytes_from_text(fallback);
}

struct bytes
dkim_tag_squeeze(struct arena *arena, struct bytes value)
{
    size_t clean = 0, size = 0;

    while (clean < value.size && !ascii_blank(value.at[clean])) {
        clean++;
    }
    if (clean == value.size) {
        return value;
    }
    uint8_t *at = arena_take_bytes(arena, value.size);
    for (size_t i = 0; i < value.size; i++) {
        if (!ascii_blank(value.at[i])) {
            at[size++] = value.at[i];
        }
    }
    return bytes_of(at, size);
}

bool
dkim_tag_lists(struct bytes value, const char *word)
{
    struct bytes rest = value, piece;

    while (bytes_split(&rest, ':', &piece)) {
        if (bytes_is_fold(bytes_trim(piece), word)) {
            return true;
        }
    }
    return false;
}
