#include "judge/kit.h"

#include "base/hash.h"
#include "base/limits.h"
#include "judge/forms.h"
#include "parse/html_tokens.h"

#define FORM_SIZE    96 /* of a path, with its NUL */
#define NAME_SIZE    32 /* of a class, an id, a picture's name */
#define EXTENSION    5
#define PARAMETER    16
#define PARTS_LEAST  2 /* of a path that tells something */
#define PICTURE_SALT UINT64_C(0x70696374)

static void
add(uint64_t *key, uint64_t value)
{
    *key = hash_mix(*key ^ value) + 1;
}

static uint64_t
form_of(struct bytes text, bool keeps_words)
{
    char at[NAME_SIZE] = {0};
    struct form form = {.at = at, .room = sizeof at};

    form_add(&form, text, keeps_words);
    return hash_quick(bytes_of((const uint8_t *)at, form.size), 1);
}

/* The name as it is, in lower case: short ones are what most tags have. */
static uint64_t
name_of(struct bytes text)
{
    uint8_t at[NAME_SIZE];
    size_t size = 0;

    for (; size < text.size && size < sizeof at; size++) {
        at[size] = ascii_lower(text.at[size]);
    }
    return hash_quick(bytes_of(at, size), 1);
}

/* The page ---------------------------------------------------------------------------------------------------------- */

struct skeleton {
    uint64_t key, last;
    size_t tags, counted;
};

/* Without it a style's or script's inside would be taken for tags. */
static void
enter_raw(struct html_tokens *tokens, struct bytes name)
{
    static const struct {
        const char *name;
        enum html_state state;
    } raw[] = {{"script", HTML_SCRIPT},   {"style", HTML_RAWTEXT},
               {"title", HTML_RCDATA},    {"textarea", HTML_RCDATA},
               {"xmp", HTML_RAWTEXT},     {"iframe", HTML_RAWTEXT},
               {"noembed", HTML_RAWTEXT}, {"noframes", HTML_RAWTEXT}};

    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) {
        if (bytes_is_fold(name, raw[i].name)) {
            tokens->state = raw[i].state;
            tokens->last_start = name;
        }
    }
}

static void
add_tag(struct skeleton *s, const struct html_token *token)
{
    uint64_t tag = name_of(token->text);

    if (bytes_is_fold(token->text, "br")) {
        return;
    }
    for (size_t i = 0; i < token->attribute_count; i++) {
        const struct html_attribute *one = &token->attributes[i];
        if (bytes_is_fold(one->name, "class") || bytes_is_fold(one->name, "id")) {
            add(&tag, form_of(one->value, false) + ascii_lower(one->name.at[0]));
        }
    }
    if (tag != s->last) {
        add(&s->key, tag);
        s->counted++;
    }
    s->last = tag;
}

static void
add_page(struct arena *arena, struct bytes html, struct skeleton *s)
{
    struct html_tokens *tokens = ARENA_NEW(arena, struct html_tokens);
    struct html_token token;

    html_tokens_init(tokens, html);
    while (s->tags < LIMIT_KIT_TAGS && html_tokens_next(tokens, &token)) {
        if (token.kind == HTML_START) {
            s->tags++;
            add_tag(s, &token);
            enter_raw(tokens, token.text);
        }
    }
}

/* The path ---------------------------------------------------------------------------------------------------------- */

/* login.php, and no name that chance made. */
static bool
is_file(struct bytes segment)
{
    size_t dot = bytes_find_last(segment, '.');

    return dot != BYTES_NOWHERE && dot > 0 && segment.size - dot - 1 <= EXTENSION;
}

static void
add_parameter(struct form *form, struct bytes parameter)
{
    size_t equals = bytes_find_byte(parameter, '=', 0);
    struct bytes name = bytes_slice(parameter, 0, equals);

    if (equals == BYTES_NOWHERE || name.size > PARAMETER) {
        form_add(form, parameter, false);
        return;
    }
    for (size_t i = 0; i < name.size; i++) {
        form_byte(form, ascii_digit(name.at[i]) ? '9' : ascii_lower(name.at[i]));
    }
    form_byte(form, '=');
    form_add(form, bytes_from(parameter, equals + 1), false);
}

/* 0: it leads to a host's first page, or says too little. */
static uint64_t
path_of(struct bytes href)
{
    char at[FORM_SIZE] = {0};
    struct form form = {.at = at, .room = sizeof at};
    size_t host = bytes_find(href, BYTES("://"), 0), parts = 0;
    struct bytes rest = bytes_from(href, host == BYTES_NOWHERE ? href.size : host + 3);
    rest = bytes_slice(rest, 0, bytes_find_byte(rest, '#', 0));
    size_t slash = bytes_find_byte(rest, '/', 0);
    struct bytes path = slash == BYTES_NOWHERE ? BYTES_NONE : bytes_from(rest, slash + 1);
    size_t question = bytes_find_byte(path, '?', 0);
    struct bytes query =
        question == BYTES_NOWHERE ? BYTES_NONE : bytes_from(path, question + 1);
    struct bytes segment, parameter;

    path = bytes_slice(path, 0, question);
    while (bytes_split(&path, '/', &segment)) {
        parts += segment.size > 0;
        form_byte(&form, '/');
        form_add(&form, segment, path.size == 0 && is_file(segment));
    }
    while (bytes_split(&query, '&', &parameter)) {
        parts++;
        form_byte(&form, '?');
        add_parameter(&form, parameter);
    }
    struct bytes form_text = bytes_of((const uint8_t *)at, form.size);
    bool tells = bytes_find_byte(form_text, '*', 0) != BYTES_NOWHERE ||
                 bytes_find_byte(form_text, '.', 0) != BYTES_NOWHERE ||
                 bytes_find_byte(form_text, '=', 0) != BYTES_NOWHERE;
    return parts >= PARTS_LEAST && tells ? hash_quick(form_text, 2) : 0;
}

/* Of the first link of the page that has a form; what is written out in text may be a list's. */
static uint64_t
read_path(const struct letter *letter)
{
    uint64_t path = 0;

    for (size_t i = 0; i < letter->link_count && i < LIMIT_KIT_LINKS && path == 0; i++) {
        const struct link *link = &letter->links[i];
        if ((link->kind == LINK_ANCHOR || link->kind == LINK_FORM) && link->host.size > 0) {
            path = path_of(link->href);
        }
    }
    return path;
}

/* The whole --------------------------------------------------------------------------------------------------------- */

static uint64_t
read_head(const struct habits *habits, uint64_t pictures)
{
    if (habits->boundary[0] == '\0' || habits->message_id[0] == '\0') {
        return 0;
    }
    uint64_t key = hash_quick(bytes_from_text(habits->boundary), pictures);
    add(&key, hash_quick(bytes_from_text(habits->message_id), 3));
    return key;
}

void
kit_read(struct arena *arena, const struct letter *letter, const struct habits *habits,
         bool links, struct kit *kit_r)
{
    struct skeleton skeleton = {0};
    uint64_t pictures = PICTURE_SALT;
    size_t picture_count = 0;

    *kit_r = (struct kit){0};
    for (const struct part *part = letter->root; part != NULL; part = part_next(part)) {
        if (part->shape != PART_LEAF || part->is_other) {
            continue;
        }
        if (bytes_is(part->type, "text") && bytes_is(part->subtype, "html")) {
            add_page(arena, part->text, &skeleton);
        } else if (bytes_is(part->type, "image") && picture_count < LIMIT_KIT_PICTURES) {
            picture_count++;
            add(&pictures, form_of(part->filename, true));
        }
    }
    kit_r->page = skeleton.counted >= KIT_TAGS_LEAST ? skeleton.key : 0;
    kit_r->path = links ? read_path(letter) : 0;
    kit_r->head = read_head(habits, pictures);
}

static uint64_t
together(uint64_t a, uint64_t b, uint64_t seed)
{
    uint64_t key = hash_mix(seed ^ a);

    add(&key, b);
    return a == 0 || b == 0 ? 0 : key;
}

uint64_t
kit_key_path(const struct kit *kit, uint64_t seed)
{
    return together(kit->page, kit->path, seed + 4);
}

uint64_t
kit_key_head(const struct kit *kit, uint64_t seed)
{
    return together(kit->page, kit->head, seed + 5);
}
