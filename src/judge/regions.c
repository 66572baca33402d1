#include "judge/regions.h"

#include "base/limits.h"
#include "base/scan.h"
#include "base/utf8.h"

#define RULE_MIN       8   /* characters of a ruled line */
#define RULED_BYTES    400 /* of a line that are looked at for that */
#define UNDERSCORE_MIN 20  /* of the line that list servers write */
#define FOOTER_LINES   15  /* at most below it */
#define SIGNATURE_MOST 30  /* lines below "--" */
#define RULED_MOST     14  /* lines of a signature below a ruled line */
#define INTRODUCED     2   /* lines that may introduce a quotation */
#define HEAD_LINES     6   /* of a message that is passed on */
#define HEAD_MOST      16  /* bytes of a name in its head, with the colon */

struct line {
    struct bytes text; /* without the line end, trimmed */
    size_t from, to;   /* with it */
    enum region_kind kind;
};

struct lines {
    struct line *list;
    size_t count;
};

static void
lines_read(struct arena *arena, struct bytes text, struct lines *lines)
{
    size_t room = 1;

    for (size_t at = scan_find(text, '\n', 0); at < text.size;
         at = scan_find(text, '\n', at + 1)) {
        room++;
    }
    lines->list = arena_take_many(arena, room, sizeof *lines->list);
    lines->count = 0;
    for (size_t at = 0; at < text.size;) {
        size_t end = scan_find(text, '\n', at);
        size_t next = end < text.size ? end + 1 : end;
        lines->list[lines->count++] = (struct line){
            .text = bytes_trim(bytes_slice(text, at, end)), .from = at, .to = next};
        at = next;
    }
}

/* Whether the line has one of the words; they end with NULL. */
static bool
has_any(struct bytes line, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (bytes_find(line, bytes_from_text(*words), 0) < line.size) {
            return true;
        }
    }
    return false;
}

static bool
ends_any(struct bytes line, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (bytes_ends(line, bytes_from_text(*words))) {
            return true;
        }
    }
    return false;
}

static bool
introduces(struct bytes line)
{
    static const char *const words[] = {
        "wrote:",        "writes:",   "said:",        "書きました:",   "書いた:",
        "書かれました:", "のメール:", "からのメール", "のメッセージ:", NULL};

    /* All end with a colon or with ル; few lines do. */
    return line.size > 0 &&
           (line.at[line.size - 1] == ':' || line.at[line.size - 1] == 0xab) &&
           ends_any(line, words);
}

static bool
passes_on(struct bytes line)
{
    static const char *const words[] = {
        "original message",        "original appointment", "forwarded message",
        "begin forwarded message", "元のメッセージ",       "元のメール",
        "転送されたメッセージ",    "転送メッセージ",       NULL};

    /* Those of ASCII all have one of two words in them. */
    static const char *const parts[] = {"message", "appointment", "メ", "転送", NULL};

    return line.size > 0 && line.size < 120 && (line.at[0] == '-' || line.at[0] == 'b') &&
           has_any(line, parts) && has_any(line, words);
}

/* Which line of the head of a message that mail programs write above what they quote: 1 from, 2 date, 4 to, 8 subject. */
static unsigned
head_line(struct bytes line)
{
    static const struct {
        const char *start;
        unsigned is;
    } starts[] = {{"from:", 1}, {"差出人:", 1},   {"送信者:", 1},  {"sent:", 2},
                  {"date:", 2}, {"送信日時:", 2}, {"日時:", 2},    {"日付:", 2},
                  {"to:", 4},   {"宛先:", 4},     {"subject:", 8}, {"件名:", 8}};

    while (line.size > 0 && (line.at[0] == '*' || line.at[0] == ' ')) {
        line = bytes_from(line, 1);
    }
    /* All have a colon near their beginning; few lines have. */
    if (bytes_find_byte(bytes_slice(line, 0, HEAD_MOST), ':', 0) == BYTES_NOWHERE) {
        return 0;
    }
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (line.at[0] == (uint8_t)*starts[i].start &&
            bytes_starts(line, bytes_from_text(starts[i].start))) {
            return starts[i].is;
        }
    }
    return 0;
}

static bool
is_head(const struct lines *lines, size_t at)
{
    unsigned seen = head_line(lines->list[at].text);

    if (seen != 1) {
        return false;
    }
    for (size_t i = at + 1; i < lines->count && i < at + HEAD_LINES; i++) {
        seen |= head_line(lines->list[i].text);
    }
    return (seen & 8) != 0 && (seen & 6) != 0;
}

static bool
is_rule_sign(uint32_t c)
{
    return c == '-' || c == '=' || c == '*' || c == '_' || c == '~' || c == '#' ||
           c == '+' || c == 0x30fc || c == 0x301c || (c >= 0x2500 && c <= 0x257f) ||
           (c >= 0x25a0 && c <= 0x25cf) || c == 0x2606 || c == 0x2605 || c == 0x2014 ||
           c == 0x2015 || c == 0x2026 || c == 0x4e00 || c == 0x203b;
}

/* A line of signs alone, or a word between signs: told as soon as what is left cannot be signs enough. */
static bool
is_ruled(struct bytes line)
{
    size_t signs = 0, others = 0, size,
           end = line.size < RULED_BYTES ? line.size : RULED_BYTES;
    uint32_t c = 0;

    for (size_t at = 0; at < end && 2 * others <= signs + (end - at); at += size) {
        size = line.at[at] < 0x80 ? 1 : utf8_get(line, at, &c);
        c = size == 1 ? line.at[at] : c;
        size = size == 0 ? 1 : size;
        bool sign = is_rule_sign(c);
        signs += sign;
        others += !sign && c != ' ';
    }
    return signs >= RULE_MIN && others <= signs / 2;
}

static bool
is_contact(struct bytes line)
{
    static const char *const words[] = {"tel",      "電話", "fax",  "携帯", "〒",
                                        "@",        "http", "www.", "mail", "メール",
                                        "株式会社", "(株)", NULL};

    return has_any(line, words);
}

static bool
is_footer(const struct lines *lines, size_t at)
{
    struct bytes line = lines->list[at].text;
    size_t i = 0;

    if (bytes_find(line, BYTES("you received this message because you are subscribed to"),
                   0) < line.size) {
        return true;
    }
    while (i < line.size && line.at[i] == '_') {
        i++;
    }
    return i == line.size && i >= UNDERSCORE_MIN && lines->count - at - 1 <= FOOTER_LINES;
}

static void
mark(struct lines *lines, size_t from, size_t to, enum region_kind kind)
{
    for (size_t i = from; i < to; i++) {
        lines->list[i].kind = kind;
    }
}

/* Quotations; returns the first line of what is passed on, which goes on to the end, or the count. */
static size_t
mark_quoted(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        struct bytes text = lines->list[i].text;
        if (passes_on(text) || is_head(lines, i)) {
            mark(lines, i, lines->count, REGION_QUOTED);
            return i;
        }
        if (text.size == 0 || text.at[0] != '>') {
            continue;
        }
        lines->list[i].kind = REGION_QUOTED;
        for (size_t back = 1; back <= INTRODUCED && back <= i; back++) {
            struct line *before = &lines->list[i - back];
            if (before->kind != REGION_OWN) {
                break;
            }
            if (introduces(before->text)) {
                mark(lines, i - back, i, REGION_QUOTED);
                break;
            }
        }
    }
    return lines->count;
}

/* Lines [from, end) are the sender's own to the end: his signature among them. */
static void
mark_signature(struct lines *lines, size_t end)
{
    size_t from = end > SIGNATURE_MOST + 1 ? end - SIGNATURE_MOST - 1 : 0;

    for (size_t i = from; i < end; i++) {
        struct bytes text = lines->list[i].text;
        bool contact = false;
        if (lines->list[i].kind != REGION_OWN) {
            continue;
        }
        if (bytes_is(text, "--")) {
            mark(lines, i, end, REGION_SIGNATURE);
            return;
        }
        if (i == 0 || end - i - 1 > RULED_MOST || !is_ruled(text)) {
            continue;
        }
        for (size_t k = i + 1; k < end && !contact; k++) {
            contact = is_contact(lines->list[k].text);
        }
        if (contact) {
            mark(lines, i, end, REGION_SIGNATURE);
            return;
        }
    }
}

static const struct region *
gather(struct arena *arena, const struct lines *lines, size_t *count_r)
{
    struct region *regions;
    size_t count = 0, room = 1;

    for (size_t i = 1; i < lines->count; i++) {
        room += lines->list[i].kind != lines->list[i - 1].kind;
    }
    room = room < LIMIT_REGIONS ? room : LIMIT_REGIONS;
    regions = arena_take_many(arena, room, sizeof *regions);
    for (size_t i = 0; i < lines->count; i++) {
        const struct line *line = &lines->list[i];
        if (count == 0 || (regions[count - 1].kind != line->kind && count < room)) {
            regions[count++] = (struct region){.kind = line->kind, .from = line->from};
        }
        regions[count - 1].to = line->to;
    }
    *count_r = count;
    return regions;
}

const struct region *
regions_read(struct arena *arena, struct bytes normal, size_t *count_r)
{
    struct lines lines;
    size_t end;

    *count_r = 0;
    if (normal.size == 0) {
        return NULL;
    }
    lines_read(arena, normal, &lines);
    end = mark_quoted(&lines);
    for (size_t i = end > FOOTER_LINES + 1 ? end - FOOTER_LINES - 1 : 0; i < end; i++) {
        if (lines.list[i].kind == REGION_OWN && is_footer(&lines, i)) {
            mark(&lines, i, end, REGION_FOOTER);
            end = i;
        }
    }
    mark_signature(&lines, end);
    return gather(arena, &lines, count_r);
}

enum region_kind
region_at(const struct region *regions, size_t count, size_t at)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (regions[middle].from <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? REGION_OWN : regions[low - 1].kind;
}

const char *
region_kind_name(enum region_kind kind)
{
    static const char *const names[] = {"own", "quoted", "signature", "footer"};

    return names[kind];
}
