#include "judge/indicators_private.h"

#include "base/hash.h"
#include "parse/links.h"

/* Bytes of a link of another scheme that are read. */
#define SCHEME_MAX 120

int
glyph_kanji_number(uint32_t c)
{
    switch (c) {
    case 0x25cb:
    case 0x25ef:
    case 0x3007:
    case 0x96f6:
        return 0;
    case 0x4e00:
        return 1;
    case 0x4e8c:
        return 2;
    case 0x4e09:
        return 3;
    case 0x56db:
        return 4;
    case 0x4e94:
        return 5;
    case 0x516d:
        return 6;
    case 0x4e03:
        return 7;
    case 0x516b:
        return 8;
    case 0x4e5d:
        return 9;
    default:
        return -1;
    }
}

/* The next character of a word of ours, which is good UTF-8. */
static uint32_t
word_next(const char **word)
{
    const uint8_t *p = (const uint8_t *)*word;
    size_t size = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint32_t c = size == 1 ? p[0] : p[0] & (0x7fu >> size);

    for (size_t i = 1; i < size; i++) {
        c = c << 6 | (p[i] & 0x3f);
    }
    *word += size;
    return c;
}

/* Nearly every question is answered by the first character. A word of ours has no lower-case form but of ASCII. */
static inline bool
begins_so(uint32_t lower, const char *word)
{
    const uint8_t *p = (const uint8_t *)word;

    if (lower < 0x80 || p[0] < 0x80) {
        return lower < 0x80 && glyph_lower(p[0]) == lower;
    }
    return lower < 0x800 ? p[0] == (0xc0 | lower >> 6) && p[1] == (0x80 | (lower & 0x3f))
           : lower < 0x10000
               ? p[2] == (0x80 | (lower & 0x3f)) && p[1] == (0x80 | (lower >> 6 & 0x3f)) &&
                     p[0] == (0xe0 | lower >> 12)
               : p[0] >= 0xf0;
}

size_t
glyphs_are(const struct reading *r, size_t at, const char *word)
{
    size_t from = at;
    uint32_t last = 0;

    if (!begins_so(glyph_lower(glyph(r, at)), word)) {
        return 0;
    }

    while (*word != '\0') {
        uint32_t c = word_next(&word);
        /* Japanese may be spaced out. */
        if (glyph(r, at) == ' ' && c != ' ' && at > from && (c >= 0x80 || last >= 0x80)) {
            at++;
        }
        if (glyph_lower(c) != glyph_lower(glyph(r, at))) {
            return 0;
        }
        last = c;
        at++;
    }
    return at - from;
}

size_t
glyphs_end(const struct reading *r, size_t at, const char *word)
{
    size_t length = 0;

    for (const char *p = word; *p != '\0'; p++) {
        length += (*p & 0xc0) != 0x80;
    }
    if (length > at || (ascii_letter((uint8_t)*word) && at > length &&
                        glyph_letter(glyph(r, at - length - 1)))) {
        return 0;
    }
    return glyphs_are(r, at - length, word);
}

size_t
glyphs_any(const struct reading *r, size_t at, const char *const *words)
{
    uint32_t lower = glyph_lower(glyph(r, at));
    size_t best = 0;

    for (; *words != NULL; words++) {
        size_t size = begins_so(lower, *words) ? glyphs_are(r, at, *words) : 0;
        best = size > best ? size : best;
    }
    return best;
}

size_t
glyphs_end_any(const struct reading *r, size_t at, const char *const *words)
{
    size_t best = 0;

    for (; *words != NULL; words++) {
        size_t size = glyphs_end(r, at, *words);
        best = size > best ? size : best;
    }
    return best;
}

size_t
glyphs_skip_blanks(const struct reading *r, size_t at)
{
    while (glyph_blank(glyph(r, at))) {
        at++;
    }
    return at;
}

void
glyphs_write(struct writer *w, const struct reading *r, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        uint32_t c = glyph(r, i);
        writer_code_point(w, glyph_blank(c) ? ' ' : c);
    }
}

struct bytes
glyphs_copy(const struct reading *r, size_t from, size_t to)
{
    struct writer w;

    writer_init(&w, r->arena);
    glyphs_write(&w, r, from, to);
    return bytes_trim(writer_view(&w));
}

struct bytes
glyphs_copy_lower(const struct reading *r, size_t from, size_t to)
{
    return bytes_lower(r->arena, glyphs_copy(r, from, to));
}

bool
reading_taken(const struct reading *r, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < r->count; i++) {
        if (r->glyphs[i].taken) {
            return true;
        }
    }
    return false;
}

struct indicator *
reading_add_link(struct reading *r, enum indicator_type type, struct bytes value)
{
    uint64_t hash = hash_quick(value, (uint64_t)type);

    if (value.size == 0) {
        return NULL;
    }
    for (size_t i = 0; i < r->found; i++) {
        if (r->hashes[i] == hash && r->list[i].type == type &&
            bytes_equal(r->list[i].value, value)) {
            return NULL;
        }
    }
    if (r->found == LIMIT_INDICATORS) {
        return NULL;
    }
    if (r->found == r->list_room) {
        size_t room = r->list_room == 0 ? 16 : r->list_room * 2;
        r->list = arena_grow(r->arena, r->list, r->list_room * sizeof *r->list,
                             room * sizeof *r->list);
        r->hashes = arena_grow(r->arena, r->hashes, r->list_room * sizeof *r->hashes,
                               room * sizeof *r->hashes);
        r->list_room = room;
    }
    r->hashes[r->found] = hash;
    r->list[r->found] = (struct indicator){.type = type, .value = value};
    return &r->list[r->found++];
}

struct indicator *
reading_add(struct reading *r, enum indicator_type type, struct bytes value, size_t from,
            size_t to)
{
    struct indicator *added = reading_add_link(r, type, value);

    for (size_t i = from; i < to && i < r->count; i++) {
        r->glyphs[i].taken = true;
    }
    if (added != NULL) {
        added->from = r->glyphs[from].at;
        added->to = r->glyphs[to < r->count ? to : r->count].at;
    }
    return added;
}

/* The place of a byte of the text. */
static size_t
place_of(const struct reading *r, size_t at)
{
    size_t low = 0, high = r->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->glyphs[middle].at < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* What a link is beside a URL, or instead of one. */
static void
link_take(struct reading *r, const struct link *link, bool in_text, size_t from, size_t to)
{
    struct bytes id = BYTES_NONE, value = link->href;
    enum indicator_type type;
    struct indicator *added;
    bool mail = bytes_starts(value, BYTES("mailto:"));

    if (mail) {
        size_t end = bytes_find_byte(value, '?', 0);
        value = bytes_lower(r->arena,
                            bytes_slice(value, 7, end == BYTES_NOWHERE ? value.size : end));
        if (bytes_find_byte(value, '@', 0) == BYTES_NOWHERE) {
            return;
        }
    } else if (!bytes_starts(value, BYTES("http")) && !bytes_starts(value, BYTES("ftp"))) {
        return;
    }
    if (!mail && messenger_link(r->arena, link->host, value, &type, &id)) {
        added =
            in_text ? reading_add(r, type, id, from, to) : reading_add_link(r, type, id);
    }
    type = mail ? INDICATOR_EMAIL : INDICATOR_URL;
    added =
        in_text ? reading_add(r, type, value, from, to) : reading_add_link(r, type, value);
    if (added != NULL) {
        added->disguised = (link->flags & (LINK_DEFANGED | LINK_WIDE)) != 0;
    }
}

static void
links_read(struct reading *r)
{
    struct link *links;
    size_t count = links_in_text(r->arena, r->text, &links);

    for (size_t i = 0; i < count; i++) {
        size_t offset = (size_t)(links[i].written.at - r->text.at);
        size_t from = place_of(r, offset), to = place_of(r, offset + links[i].written.size);
        if (!reading_taken(r, from, to)) {
            link_take(r, &links[i], true, from, to);
        }
    }
}

/* Whether a reader of `scan` may find something at a mark. Letters only where a word begins: of an IBAN (two capitals and digits),
 * of a coin address (bc), of "my name is" (my, th, "i "). */
static inline bool
may_begin(const struct reading *r, size_t at)
{
    uint32_t c = r->glyphs[at].c, next = glyph(r, at + 1), lower = glyph_lower(next);

    if (!glyph_letter(c)) {
        return true;
    }
    if (glyph_letter(glyph_before(r, at))) {
        return false;
    }
    bool capitals = c <= 'Z' && next >= 'A' && next <= 'Z' && glyph_digit(glyph(r, at + 2));
    c = glyph_lower(c);
    return capitals || (c == 'm' && lower == 'y') || (c == 't' && lower == 'h') ||
           (c == 'i' && lower == ' ') || (c == 'b' && lower == 'c');
}

static void
scan(struct reading *r)
{
    static size_t (*const readers[])(struct reading *, size_t) = {
        coin_read, iban_read, account_read, place_read, phone_read, name_read,
    };

    for (size_t at = reading_next(r, MARK_OTHER, 0);
         at < r->count && r->found < LIMIT_INDICATORS;) {
        size_t after = at;
        for (size_t i = 0; !r->glyphs[at].taken && after == at && may_begin(r, at) &&
                           i < sizeof readers / sizeof *readers;
             i++) {
            after = readers[i](r, at);
        }
        at = reading_next(r, MARK_OTHER, after > at ? after : at + 1);
    }
}

/* Merges by place: few, and nearly in order. */
static void
sort(struct indicator *list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct indicator it = list[i];
        size_t to = i;
        while (to > 0 && list[to - 1].from > it.from) {
            list[to] = list[to - 1];
            to--;
        }
        list[to] = it;
    }
}

/* A link that is no URL of the web but tells a number or id: tel:, sms:, bitcoin:, tg:, line:. It is read as text. */
static void
scheme_take(struct reading *r, const struct link *link)
{
    static const char *const schemes[] = {
        "tel:", "sms:", "bitcoin:", "ethereum:", "tg://", "line://", "whatsapp:"};
    struct bytes text = link->href.size > 0 ? link->href : link->written;
    bool known = false;

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        known |= bytes_starts_fold(text, bytes_from_text(schemes[i]));
    }
    if (!known) {
        return;
    }
    struct reading own = {.arena = r->arena, .text = bytes_slice(text, 0, SCHEME_MAX)};
    reading_fold(&own);
    messengers_read(&own);
    scan(&own);
    for (size_t i = 0; i < own.found; i++) {
        (void)reading_add_link(r, own.list[i].type, own.list[i].value);
    }
}

const struct indicator *
indicators_read(struct arena *arena, const struct indicator_texts *in, size_t *count_r)
{
    struct reading r = {.arena = arena};

    r.text = bytes_slice(in->text, 0, LIMIT_INDICATOR_TEXT);
    if (r.text.size > 0) {
        reading_fold(&r);
        bank_accounts_init(&r);
        mail_read(&r);
        messengers_read(&r);
        links_read(&r);
        scan(&r);
        sort(r.list, r.found);
    }
    for (size_t i = 0; i < in->link_count; i++) {
        if (in->links[i].kind != LINK_TEXT && in->links[i].kind != LINK_IMAGE) {
            link_take(&r, &in->links[i], false, 0, 0);
            scheme_take(&r, &in->links[i]);
        }
    }
    *count_r = r.found;
    return r.list;
}

const char *
indicator_type_name(enum indicator_type type)
{
    static const char *const names[INDICATOR_TYPE_COUNT] = {
        [INDICATOR_BANK_ACCOUNT] = "bank_account",
        [INDICATOR_PHONE] = "phone",
        [INDICATOR_LINE_ID] = "line_id",
        [INDICATOR_TELEGRAM_ID] = "telegram_id",
        [INDICATOR_SIGNAL_ID] = "signal_id",
        [INDICATOR_WHATSAPP_ID] = "whatsapp_id",
        [INDICATOR_BITCOIN] = "bitcoin",
        [INDICATOR_ETHEREUM] = "ethereum",
        [INDICATOR_EMAIL] = "email",
        [INDICATOR_URL] = "url",
        [INDICATOR_POSTAL_ADDRESS] = "postal_address",
        [INDICATOR_NAME] = "name",
    };

    return names[type];
}
