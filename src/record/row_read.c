#include "base/json.h"
#include "base/utf8.h"
#include "record/row.h"

#include <endian.h>

/* Only the record's own keys are wanted, at the top level, some hundred times a second and by the one process that
 * everyone waits for: so the line is walked once, and no tree is built of what is not wanted. */
struct scan {
    struct arena *arena;
    struct bytes text;
    size_t at;
};

static void
skip_blanks(struct scan *s)
{
    while (s->at < s->text.size && ascii_blank(s->text.at[s->at])) {
        s->at++;
    }
}

static uint8_t
peek(struct scan *s)
{
    skip_blanks(s);
    return s->at < s->text.size ? s->text.at[s->at] : 0;
}

static bool
take(struct scan *s, uint8_t byte)
{
    if (peek(s) != byte || byte == 0) {
        return false;
    }
    s->at++;
    return true;
}

#define EACH(byte) ((uint64_t)0x0101010101010101 * (byte))
/* The highest bit of each byte that is 0. */
#define ANY_0(word) (((word)-EACH(0x01)) & ~(word)&EACH(0x80))

/* Where the next quote, backslash or control character stands; or near the end, a little before. Most of a record is what
 * stands between them, so eight bytes are looked at together. Above the lowest byte that is marked, others may be marked in
 * vain: the subtraction borrows. */
static size_t
skip_ordinary(struct bytes text, size_t at)
{
    for (uint64_t word; text.size - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, text.at + at, sizeof(word));
        word = le64toh(word);
        uint64_t marked = ANY_0(word ^ EACH('"')) | ANY_0(word ^ EACH('\\')) |
                          ((word - EACH(' ')) & ~word & EACH(0x80));
        if (marked != 0) {
            return at + (size_t)__builtin_ctzll(marked) / 8;
        }
    }
    return at;
}

/* A string as it is written, without its quotes. */
static bool
take_string(struct scan *s, struct bytes *raw_r)
{
    if (!take(s, '"')) {
        return false;
    }
    for (size_t from = s->at; s->at < s->text.size; s->at++) {
        s->at = skip_ordinary(s->text, s->at);
        uint8_t c = s->at < s->text.size ? s->text.at[s->at] : 0;
        if (c == '"') {
            *raw_r = bytes_slice(s->text, from, s->at++);
            return true;
        }
        if (c == '\\') {
            s->at++;
        } else if (c < ' ') {
            return false;
        }
    }
    return false;
}

static bool
read_hex4(struct bytes b, size_t at, uint32_t *number_r)
{
    *number_r = 0;
    if (b.size < at + 4) {
        return false;
    }
    for (size_t i = at; i < at + 4; i++) {
        int digit = ascii_hex(b.at[i]);
        if (digit < 0) {
            return false;
        }
        *number_r = *number_r << 4 | (uint32_t)digit;
    }
    return true;
}

/* What follows a backslash at raw[*at]; *at is set behind it. */
static bool
unescape_one(struct bytes raw, size_t *at, struct writer *w)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t c, low;

    if (*at >= raw.size) {
        return false;
    }
    const char *simple = memchr(from, raw.at[*at], sizeof(from) - 1);
    if (simple != NULL) {
        writer_byte(w, (uint8_t)to[simple - from]);
        ++*at;
        return true;
    }
    if (raw.at[*at] != 'u' || !read_hex4(raw, *at + 1, &c)) {
        return false;
    }
    *at += 5;
    if (c >= 0xd800 && c < 0xdc00 && *at + 1 < raw.size && raw.at[*at] == '\\' &&
        raw.at[*at + 1] == 'u' && read_hex4(raw, *at + 2, &low) && low >= 0xdc00 &&
        low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        *at += 6;
    }
    writer_code_point(w, c == 0 ? UTF8_REPLACEMENT : c);
    return true;
}

static bool
unescape(struct scan *s, struct bytes raw, struct bytes *text_r)
{
    struct writer w;

    *text_r = raw;
    if (bytes_find_byte(raw, '\\', 0) == BYTES_NOWHERE) {
        return true;
    }
    writer_init(&w, s->arena);
    for (size_t at = 0; at < raw.size;) {
        if (raw.at[at] != '\\') {
            writer_byte(&w, raw.at[at++]);
            continue;
        }
        at++;
        if (!unescape_one(raw, &at, &w)) {
            return false;
        }
    }
    *text_r = writer_view(&w);
    return true;
}

static bool
ends_plain(uint8_t c)
{
    return c == ',' || c == ']' || c == '}' || ascii_blank(c);
}

/* Anything that is neither string, object nor array: up to the next mark. */
static bool
take_plain(struct scan *s, struct bytes *plain_r)
{
    skip_blanks(s);
    size_t from = s->at;
    while (s->at < s->text.size && !ends_plain(s->text.at[s->at])) {
        s->at++;
    }
    *plain_r = bytes_slice(s->text, from, s->at);
    return s->at > from;
}

/* Passes over one value, however deep, by counting brackets; strings are passed over whole. */
static bool
skip_value(struct scan *s)
{
    unsigned depth = 0;
    struct bytes ignored;

    do {
        uint8_t c = peek(s);
        if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX) {
                return false;
            }
            s->at++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) {
                return false;
            }
            depth--;
            s->at++;
        } else if (c == '"') {
            if (!take_string(s, &ignored)) {
                return false;
            }
        } else if (depth > 0 && (c == ',' || c == ':')) {
            s->at++;
        } else if (c == 0 || !take_plain(s, &ignored)) {
            return false;
        }
    } while (depth > 0);
    return true;
}

static bool
take_text(struct scan *s, struct bytes *text_r)
{
    struct bytes raw;

    return take_string(s, &raw) && unescape(s, raw, text_r);
}

static bool
take_number(struct scan *s, int64_t *number_r)
{
    struct bytes plain;
    uint64_t number;

    if (!take_plain(s, &plain)) {
        return false;
    }
    bool minus = plain.at[0] == '-';
    if (!bytes_to_number(bytes_from(plain, minus), INT64_MAX, &number)) {
        return false;
    }
    *number_r = minus ? -(int64_t)number : (int64_t)number;
    return true;
}

static bool
take_real(struct scan *s, double *number_r)
{
    struct bytes plain;
    char text[32], *end;

    if (!take_plain(s, &plain) || plain.size >= sizeof(text)) {
        return false;
    }
    memcpy(text, plain.at, plain.size);
    text[plain.size] = '\0';
    *number_r = strtod(text, &end);
    return *end == '\0' && *number_r >= 0 && *number_r <= 1;
}

/* An array of strings, joined by ", "; objects in it (an outcome's recipients) are passed over. */
static bool
take_list(struct scan *s, struct bytes *joined_r)
{
    struct writer w;
    struct bytes text;

    writer_init(&w, s->arena);
    if (!take(s, '[')) {
        return false;
    }
    while (!take(s, ']')) {
        if (peek(s) != '"') {
            if (!skip_value(s)) {
                return false;
            }
        } else if (take_text(s, &text)) {
            if (w.size > 0) {
                writer_text(&w, ", ");
            }
            writer_bytes(&w, text);
        } else {
            return false;
        }
        if (!take(s, ',') && peek(s) != ']') {
            return false;
        }
    }
    *joined_r = writer_view(&w);
    return true;
}

struct taken {
    struct bytes kind;
    int64_t time, arrived, of;
    struct bytes signature, keys;
    bool other; /* the kind is none of ours */
    bool has_time, has_arrived, has_of;
};

/* Other kinds have members of their own under the same names. */
static bool
is_other(struct bytes kind)
{
    return kind.size > 0 && !bytes_is(kind, "message") && !bytes_is(kind, "content") &&
           !bytes_is(kind, "outcome");
}

static bool
take_value(struct scan *s, struct bytes key, struct rows_event *event, struct taken *taken)
{
    static const struct {
        const char *key;
        size_t size, offset;
    } texts[] = {
#define TEXT(key, member) {key, sizeof(key) - 1, offsetof(struct rows_event, member)}
        TEXT("id", id),          TEXT("action", action), TEXT("category", category),
        TEXT("client", client),  TEXT("from", sender),   TEXT("subject", subject),
        TEXT("from_name", name), TEXT("text", text),     TEXT("threat", threat),
#undef TEXT
    };

    if (bytes_is(key, "kind") && !taken->other) {
        bool read = take_text(s, &taken->kind);
        taken->other = is_other(taken->kind);
        return read;
    }
    if (taken->other && (!bytes_is(key, "time") || peek(s) == '"')) {
        return skip_value(s);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (key.size == texts[i].size && memcmp(key.at, texts[i].key, key.size) == 0) {
            return take_text(s,
                             (struct bytes *)(void *)((uint8_t *)event + texts[i].offset));
        }
    }
    if (bytes_is(key, "time")) {
        return taken->has_time = take_number(s, &taken->time);
    }
    if (bytes_is(key, "arrived")) {
        return taken->has_arrived = take_number(s, &taken->arrived);
    }
    if (bytes_is(key, "of") && bytes_is(taken->kind, "content")) {
        return (taken->has_of = take_number(s, &taken->of)) && taken->of >= 0;
    }
    if (bytes_is(key, "signature")) {
        return take_text(s, &taken->signature);
    }
    if (bytes_is(key, "keys")) {
        return take_text(s, &taken->keys);
    }
    if (bytes_is(key, "campaign")) {
        uint64_t number;
        return take_plain(s, &event->campaign) &&
               bytes_to_number(event->campaign, INT64_MAX, &number);
    }
    if (bytes_is(key, "size")) {
        return take_number(s, &event->size);
    }
    if (bytes_is(key, "unwanted")) {
        return take_real(s, &event->unwanted);
    }
    if (bytes_is(key, "to")) {
        return take_list(s, &event->recipients);
    }
    return skip_value(s);
}

enum sk_code
record_read(struct arena *arena, struct bytes record, struct record_row *row_r)
{
    struct scan s = {arena, record, 0};
    struct taken taken = {0};
    struct bytes key;

    *row_r = (struct record_row){.kind = RECORD_OTHER};
    if (!take(&s, '{')) {
        return SK_BAD;
    }
    while (!take(&s, '}')) {
        if (!take_string(&s, &key) || !take(&s, ':') ||
            !take_value(&s, key, &row_r->event, &taken) ||
            (!take(&s, ',') && peek(&s) != '}')) {
            return SK_BAD;
        }
    }
    if (bytes_is(taken.kind, "message")) {
        row_r->kind = RECORD_MESSAGE;
        row_r->event.time_ms = taken.time;
        return row_r->event.id.size > 0 && taken.has_time ? SK_OK : SK_BAD;
    }
    if (bytes_is(taken.kind, "content")) {
        row_r->kind = taken.has_of ? RECORD_CONTENT_AGAIN : RECORD_CONTENT;
        row_r->of = (uint64_t)taken.of;
        row_r->event.time_ms = taken.time;
        row_r->signature = taken.signature;
        row_r->keys = taken.keys;
        return row_r->event.id.size > 0 && taken.has_time ? SK_OK : SK_BAD;
    }
    if (bytes_is(taken.kind, "outcome")) {
        row_r->kind = RECORD_OUTCOME;
        row_r->event.time_ms = taken.arrived;
        return row_r->event.id.size > 0 && taken.has_arrived ? SK_OK : SK_BAD;
    }
    row_r->event.time_ms = taken.time;
    return SK_OK;
}

void
record_join(struct rows_event *message, const struct rows_event *content)
{
    message->category = content->category;
    message->subject = content->subject;
    message->name = content->name;
    message->text = content->text;
    message->threat = content->threat;
    message->campaign = content->campaign;
    message->unwanted = content->unwanted;
}
