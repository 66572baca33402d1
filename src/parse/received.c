#include "parse/received.h"

#include "base/limits.h"
#include "base/writer.h"
#include "parse/date.h"
#include "parse/header.h"

enum clause {
    CLAUSE_NONE,
    CLAUSE_FROM,
    CLAUSE_BY,
    CLAUSE_VIA,
    CLAUSE_WITH,
    CLAUSE_ID,
    CLAUSE_FOR
};

struct reader {
    struct received *r;
    struct bytes in;
    size_t at, id_end; /* the second: behind the word of the id clause */
    enum clause clause;
    struct bytes before; /* the word before, in the same clause */
    bool with_ended;
};

/* Compared with a literal: its size is known when this is compiled, and most words are not even as long. */
#define IS(b, literal)                                                                     \
    ((b).size == sizeof(literal) - 1 && bytes_equal_fold((b), BYTES(literal)))
#define STARTS(b, literal)                                                                 \
    ((b).size >= sizeof(literal) - 1 &&                                                    \
     bytes_equal_fold(bytes_slice((b), 0, sizeof(literal) - 1), BYTES(literal)))

static bool
is_one_of(uint8_t c, const char *set)
{
    while (*set != '\0' && (uint8_t)*set != c) {
        set++;
    }
    return *set != '\0';
}

static struct bytes
without(struct bytes b, const char *left, const char *right)
{
    while (b.size > 0 && is_one_of(b.at[0], left)) {
        b = bytes_from(b, 1);
    }
    while (b.size > 0 && is_one_of(b.at[b.size - 1], right)) {
        b.size--;
    }
    return b;
}

static void
put(struct bytes *to, struct bytes value)
{
    if (to->size == 0) {
        *to = value;
    }
}

/* Four numbers, or hexadecimal groups with at least two colons. Only the look of it: trace reads it as an address. */
static bool
looks_like_address(struct bytes b)
{
    size_t dots = 0, colons = 0, hex = 0;

    for (size_t i = 0; i < b.size; i++) {
        uint8_t c = b.at[i];
        if (c == '%' && colons >= 2) {
            break; /* a zone */
        }
        dots += c == '.';
        colons += c == ':';
        hex += !ascii_digit(c) && c != '.' && c != ':';
        if (c != '.' && c != ':' && ascii_hex(c) < 0) {
            return false;
        }
    }
    return b.size > 1 && b.size <= 64 &&
           (colons >= 2 || (dots == 3 && colons == 0 && hex == 0));
}

/* Without "IPv6:", and without the port in "192.0.2.1:25". */
static struct bytes
bare_address(struct bytes b)
{
    if (STARTS(b, "IPv6:")) {
        return bytes_from(b, 5);
    }
    size_t colon = bytes_find_byte(b, ':', 0);
    if (colon != BYTES_NOWHERE && colon >= 7 && colon <= 15 && ascii_digit(b.at[0]) &&
        colon == bytes_find_last(b, ':')) {
        return bytes_slice(b, 0, colon);
    }
    return b;
}

/* "unknown", "softdnserr": servers say so where they found no name. */
static bool
is_no_name(struct bytes b)
{
    if (IS(b, "unknown") || IS(b, "softdnserr") || IS(b, "unverified") || IS(b, "local") ||
        IS(b, "may") || IS(b, "RDNS") || IS(b, "helo") || IS(b, "ehlo")) {
        return true;
    }
    return b.size == 0 || looks_like_address(b);
}

static bool
is_host(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++) {
        uint8_t c = b.at[i];
        if (!ascii_letter(c) && !ascii_digit(c) && c != '.' && c != '-' && c != '_' &&
            c < 0x80) {
            return false;
        }
    }
    return !is_no_name(b);
}

/* A word of a comment and what it is about. */
struct comment {
    struct received *r;
    enum clause clause;
    struct bytes in;
    size_t at;
    struct bytes before; /* the word before */
    bool tls;            /* we are in words about TLS */
    bool colon;          /* the last word ended in ':' */
};

/* What ends a word of a comment. */
static const bool is_break[256] = {
    [0] = true,   [' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true,
    [','] = true, ['('] = true, [')'] = true,  ['['] = true,
};

static struct bytes
comment_word(struct comment *c)
{
    while (c->at < c->in.size && is_break[c->in.at[c->at]] && c->in.at[c->at] != '[') {
        c->at++;
    }
    size_t from = c->at;
    if (c->at < c->in.size && c->in.at[c->at] == '[') {
        size_t close = bytes_find_byte(bytes_slice(c->in, 0, from + 100), ']', from);
        if (close != BYTES_NOWHERE) {
            c->at = close + 1;
            return bytes_slice(c->in, from, c->at);
        }
        c->at++;
    }
    while (c->at < c->in.size && !is_break[c->in.at[c->at]]) {
        c->at++;
    }
    /* helo=[192.0.2.1]: what the client says of itself must not pass for its address */
    if (c->at > from + 1 && c->at < c->in.size && c->in.at[c->at] == '[' &&
        c->in.at[c->at - 1] == '=') {
        size_t close = bytes_find_byte(bytes_slice(c->in, 0, c->at + 300), ']', c->at);
        c->at = close == BYTES_NOWHERE ? c->at : close + 1;
    }
    return bytes_slice(c->in, from, c->at);
}

static bool
value_of(struct bytes word, struct bytes key, struct bytes *value_r)
{
    if (word.size <= key.size || word.at[key.size] != '=' ||
        !bytes_equal_fold(bytes_slice(word, 0, key.size), key)) {
        return false;
    }
    *value_r = bytes_from(word, key.size + 1);
    return true;
}
#define key_value(word, key, value_r) value_of(word, BYTES(key), value_r)

/* TLS1_2, TLSv1.3, TLS-1.0, SSLv3 */
static bool
is_tls_version(struct bytes word)
{
    struct bytes rest;

    if (STARTS(word, "tls") || STARTS(word, "ssl")) {
        rest = without(bytes_from(word, 3), "vV-_", "");
        return rest.size > 0 && ascii_digit(rest.at[0]) && rest.size < 12;
    }
    return false;
}

/* Exim: "TLS-1.0:RSA_AES_256_CBC_SHA:32", "TLS1.3:ECDHE...:256". */
static bool
tls_colons(struct received *r, struct bytes word)
{
    size_t colon = bytes_find_byte(word, ':', 0);

    if (colon == BYTES_NOWHERE || !is_tls_version(bytes_slice(word, 0, colon))) {
        return false;
    }
    put(&r->tls_version, bytes_slice(word, 0, colon));
    struct bytes rest = bytes_from(word, colon + 1);
    size_t second = bytes_find_byte(rest, ':', 0);
    put(&r->tls_cipher, second == BYTES_NOWHERE ? rest : bytes_slice(rest, 0, second));
    return true;
}

static bool
tls_word(struct comment *c, struct bytes word)
{
    struct received *r = c->r;
    struct bytes value;

    if (key_value(word, "version", &value)) {
        size_t slash = bytes_find_byte(value, '/', 0);
        put(&r->tls_version, slash == BYTES_NOWHERE ? value : bytes_slice(value, 0, slash));
    } else if (key_value(word, "cipher", &value) || key_value(word, "tls_cipher", &value)) {
        put(&r->tls_cipher, value);
    } else if (tls_colons(r, word)) {
        return true;
    } else if (is_tls_version(word)) {
        put(&r->tls_version, word);
        c->tls = true;
    } else if (c->tls && r->tls_cipher.size == 0 && word.size > 12 &&
               bytes_find_byte(word, '_', 0) != BYTES_NOWHERE && !IS(word, "cipher")) {
        put(&r->tls_cipher, word);
    } else {
        return false;
    }
    return true;
}

/* "Authenticated sender: me@x", "AUTH: CRAM-MD5 me", "auth=me", "authenticated as me". */
static bool
auth_word(struct comment *c, struct bytes word)
{
    struct received *r = c->r;
    struct bytes value;

    if (key_value(word, "auth", &value) || key_value(word, "authenticated_user", &value) ||
        key_value(word, "smtp.auth", &value) || key_value(word, "authid", &value)) {
        put(&r->auth, value);
        return true;
    }
    if (IS(word, "AUTH:")) {
        (void)comment_word(c); /* the mechanism */
        put(&r->auth, comment_word(c));
        return true;
    }
    if (STARTS(c->before, "authenticated") &&
        (IS(word, "sender:") || IS(word, "user:") || IS(word, "user") || IS(word, "as"))) {
        put(&r->auth, without(comment_word(c), "<\"", ">\""));
        return true;
    }
    return false;
}

/* What the client said and what was seen of it, while we are in the from clause. */
static bool
client_word(struct comment *c, struct bytes word)
{
    struct received *r = c->r;

    if (word.size == 0) {
        return false;
    }
    bool address = word.at[0] == '[' || word.at[0] == ':' || word.at[0] == 'I' ||
                   ascii_hex(word.at[0]) >= 0;
    struct bytes value = address ? bare_address(without(word, "[(", ")]")) : BYTES_NONE;

    if (word.size > 0 && word.at[0] == '[') {
        if (looks_like_address(value)) {
            put(&r->from_ip, value);
        }
        if (is_host(c->before)) {
            put(&r->from_rdns, c->before);
        }
        return true;
    }
    if (address && looks_like_address(value)) {
        /* "proxying for 10.1.1.1" is what the client's browser says */
        if (!IS(c->before, "for") && (c->at >= c->in.size || c->in.at[c->at] != '[')) {
            put(&r->from_ip, value);
        }
        return true;
    }
    size_t sign = bytes_find_last(word, '@');
    if (sign != BYTES_NOWHERE && sign > 0 &&
        bytes_find_byte(word, '=', 0) == BYTES_NOWHERE) {
        value = without(bytes_from(word, sign + 1), "[", "]");
        put(&r->ident, bytes_slice(word, 0, sign));
        if (looks_like_address(value)) {
            put(&r->from_ip, value);
        }
        return true;
    }
    return false;
}

static bool
helo_word(struct comment *c, struct bytes word)
{
    struct bytes value;

    if (key_value(word, "helo", &value) || key_value(word, "ehlo", &value)) {
        put(&c->r->helo, bare_address(without(value, "[", "]")));
        return true;
    }
    if (IS(word, "HELO") || IS(word, "EHLO") || IS(word, "LHLO")) {
        value = comment_word(c);
        if (value.size > 0) {
            put(&c->r->helo, bare_address(without(value, "[", "]")));
        }
        return true;
    }
    if (key_value(word, "ident", &value)) {
        put(&c->r->ident, value);
        return true;
    }
    return false;
}

static bool
envelope_word(struct comment *c, struct bytes word)
{
    struct bytes value;

    if (STARTS(word, "mailfrom:")) {
        put(&c->r->envelope_from, bytes_from(word, sizeof "mailfrom:" - 1));
        return true;
    }
    if (key_value(word, "envelope-from", &value) ||
        key_value(word, "envelope-sender", &value)) {
        put(&c->r->envelope_from, without(value, "<", ">"));
        return true;
    }
    if (IS(word, "envelope-from") || IS(word, "envelope-sender")) {
        put(&c->r->envelope_from, without(comment_word(c), "<", ">"));
        return true;
    }
    return false;
}

/* What the word before announced. */
static bool
after_word(struct comment *c, struct bytes word)
{
    if (IS(c->before, "account")) { /* CommuniGate Pro */
        put(&c->r->auth, word);
        return true;
    }
    if (IS(c->before, "cipher")) {
        put(&c->r->tls_cipher, word);
        return true;
    }
    return false;
}

/* Most words mean nothing to us: which readers a word can concern is told by its first letter. */
static bool
known_word(struct comment *c, struct bytes word)
{
    switch (word.size > 0 ? ascii_lower(word.at[0]) : 0) {
    case 'h':
    case 'i':
    case 'l':
        return helo_word(c, word);
    case 'e':
    case 'm':
        return helo_word(c, word) || envelope_word(c, word);
    case 'a':
    case 'u':
        return auth_word(c, word);
    case 's':
        return auth_word(c, word) || tls_word(c, word);
    case 'c':
    case 't':
    case 'v':
        return tls_word(c, word);
    default:
        return false;
    }
}

static void
comment_read(struct reader *reader, struct bytes text)
{
    struct comment c = {.r = reader->r, .clause = reader->clause, .in = text};

    for (;;) {
        struct bytes word = comment_word(&c);
        if (word.size == 0 && c.at >= c.in.size) {
            return;
        }
        bool known = after_word(&c, word) || known_word(&c, word) ||
                     (c.clause == CLAUSE_FROM && client_word(&c, word));
        if (!known && IS(word, "userid") && IS(c.before, "from")) {
            put(&c.r->from, word); /* (Postfix, from userid 33) */
            put(&c.r->ident, comment_word(&c));
        } else if (!known && c.clause != CLAUSE_FROM && IS(c.before, "from")) {
            put(&c.r->from, without(word, "[<", "]>"));
        }
        c.before = word;
    }
}

/* "(from localhost [24.180.47.240]) by ..." : the clause itself stands in a comment. */
static bool
comment_is_clause(struct reader *reader, struct bytes text)
{
    struct comment c = {.r = reader->r, .clause = CLAUSE_FROM, .in = text};

    if (reader->clause != CLAUSE_NONE || !STARTS(text, "from ")) {
        return false;
    }
    c.at = 5;
    put(&reader->r->from, without(comment_word(&c), "[<", "]>"));
    reader->clause = CLAUSE_FROM;
    comment_read(reader, bytes_from(text, c.at));
    return true;
}

static enum clause
clause_of(struct bytes word)
{
    if (word.size < 2 || word.size > 4) {
        return CLAUSE_NONE;
    }
    switch (ascii_lower(word.at[0])) {
    case 'b':
        return IS(word, "by") ? CLAUSE_BY : CLAUSE_NONE;
    case 'f':
        return IS(word, "from") ? CLAUSE_FROM : IS(word, "for") ? CLAUSE_FOR : CLAUSE_NONE;
    case 'i':
        return IS(word, "id") ? CLAUSE_ID : CLAUSE_NONE;
    case 'v':
        return IS(word, "via") ? CLAUSE_VIA : CLAUSE_NONE;
    case 'w':
        return IS(word, "with") ? CLAUSE_WITH : CLAUSE_NONE;
    default:
        return CLAUSE_NONE;
    }
}

/* The first word of the from clause: a name, an address in brackets, or both in one ("x.example[192.0.2.1]"). */
static void
from_first(struct received *r, struct bytes word)
{
    struct bytes bare = without(word, "<\"", ">\",");
    size_t open = bytes_find_byte(bare, '[', 0), end;
    bool inner = word.size > 1 && word.at[0] == '[' && word.at[1] == '(';

    if (open != BYTES_NOWHERE) {
        size_t close = bytes_find_byte(bare, ']', open);
        struct bytes address = bare_address(
            without(bytes_slice(bare, open + 1, close == BYTES_NOWHERE ? bare.size : close),
                    "[<(", ")>]"));
        if (open > 0 || inner) {
            put(&r->from_ip, looks_like_address(address) ? address : BYTES_NONE);
            bare = bytes_slice(bare, 0, open);
        } else {
            bare = address;
        }
    }
    bare = bare_address(without(bare, "<(", ")>]"));
    end = bytes_find_byte(bare, '/', 0);
    put(&r->from, end == BYTES_NOWHERE ? bare : bytes_slice(bare, 0, end));
}

static void
from_word(struct received *r, struct bytes word)
{
    struct bytes bare = without(word, "<\"", ">\",");

    if (r->from.size == 0 && r->from_ip.size == 0) {
        from_first(r, word);
        return;
    }
    struct bytes address = bare_address(without(bare, "[(", ")]"));
    if (looks_like_address(address)) { /* smtp510.example.de [(134.97.4.21)] */
        put(&r->from_ip, address);
    } else if (bytes_find_byte(word, '@', 0) != BYTES_NOWHERE) {
        put(&r->ident, bare); /* as user me@localhost */
    } else if (word.at[0] == '"') {
        put(&r->helo, bare); /* claiming to be "..." */
    }
}

/* "Microsoft SMTP Server", "ESMTP (Cisco) tls TLS_...": words that follow without a comment between belong to it. */
static void
with_word(struct reader *reader, struct bytes word)
{
    struct received *r = reader->r;
    struct bytes bare = without(word, "<\"", ">\",");
    size_t slash = bytes_find_fold(bare, BYTES("/TLS/"), 0);

    if (IS(reader->before, "tls")) { /* Exim 4.93 and later */
        put(&r->tls_cipher, bare);
    } else if (IS(word, "tls") || IS(word, "cipher") || IS(word, "tls_cipher")) {
        reader->with_ended = true;
    } else if (r->with.size == 0) {
        r->with = bare;
        if (slash != BYTES_NOWHERE) { /* IronPort: ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384 */
            put(&r->tls_cipher, bytes_from(bare, slash + 5));
        }
    } else if (!reader->with_ended && word.at > r->with.at &&
               (size_t)(word.at - r->with.at) < 40) {
        r->with.size = (size_t)(word.at - r->with.at) + word.size;
    }
}

/* A word of a clause, after its keyword. */
static void
clause_word(struct reader *reader, struct bytes word)
{
    struct received *r = reader->r;
    struct bytes bare = without(word, "<\"", ">\",");
    size_t open;

    switch (reader->clause) {
    case CLAUSE_FROM:
        from_word(r, word);
        break;
    case CLAUSE_BY:
        open = bytes_find_byte(bare, '[', 1);
        put(&r->by, bare_address(without(bytes_slice(bare, 0, open), "[(", "])")));
        break;
    case CLAUSE_VIA:
        put(&r->via, bare);
        break;
    case CLAUSE_WITH:
        with_word(reader, word);
        break;
    case CLAUSE_ID:
        if (bytes_is(reader->before, "auth=yes") && key_value(word, "user", &bare)) {
            put(&r->auth, bare); /* OpenSMTPD */
        } else if (r->id.size == 0) {
            r->id = bare;
            reader->id_end = reader->at;
        }
        break;
    case CLAUSE_FOR:
        put(&r->for_, bare);
        break;
    case CLAUSE_NONE:
        break;
    }
    reader->before = word;
}

/* Up to a blank, a comment or a ';'; angle brackets and square brackets are kept whole. */
static struct bytes
word_take(struct reader *reader)
{
    struct bytes in = reader->in;
    size_t from = reader->at;
    uint8_t open = in.at[from], close = open == '<'   ? '>'
                                        : open == '[' ? ']'
                                        : open == '"' ? '"'
                                                      : 0;

    if (close != 0) {
        size_t end = bytes_find_byte(bytes_slice(in, 0, from + 1000), close, from + 1);
        if (end != BYTES_NOWHERE &&
            bytes_find_byte(bytes_slice(in, from, end), ' ', 0) == BYTES_NOWHERE) {
            reader->at = end + 1;
            return bytes_slice(in, from, reader->at);
        }
    }
    while (reader->at < in.size && !ascii_blank(in.at[reader->at]) &&
           in.at[reader->at] != '(' && in.at[reader->at] != ';') {
        reader->at++;
    }
    return bytes_slice(in, from, reader->at);
}

/* "Sun, 22 Nov", "22 Nov 2026": what stands after the ';' that ends the clauses. */
static bool
looks_like_date(struct bytes text)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    size_t digits = 0, day = 0;

    text = bytes_trim(bytes_slice(text, 0, 64));
    while (digits < text.size && ascii_digit(text.at[digits])) {
        digits++;
    }
    while (day < 7 && !bytes_starts_fold(text, bytes_from_text(days[day]))) {
        day++;
    }
    return (digits > 0 && digits <= 4 && digits < text.size &&
            (ascii_blank(text.at[digits]) || text.at[digits] == '-')) ||
           day < 7;
}

/* Whether the ';' here ends the clauses. Some write one before a further clause: "for <a@b>; by c; date". */
static bool
is_end(const struct reader *reader)
{
    struct bytes rest = bytes_from(reader->in, reader->at + 1);
    size_t last = bytes_find_byte(rest, ';', 0);

    return last == BYTES_NOWHERE || looks_like_date(rest);
}

static void
read_word(struct reader *reader)
{
    struct bytes word = word_take(reader);
    enum clause clause = clause_of(word);
    bool split = reader->clause == CLAUSE_ID && reader->r->id.size == 0 && word.size > 3 &&
                 bytes_ends(word, BYTES("for")) &&
                 bytes_starts(bytes_trim(bytes_from(reader->in, reader->at)), BYTES("<"));

    if (split) { /* id 846CF2117for  <me@example.org> */
        word.size -= 3;
        clause_word(reader, word);
        reader->clause = CLAUSE_FOR;
    } else if (clause != CLAUSE_NONE &&
               !(clause == reader->clause && clause != CLAUSE_FROM)) {
        reader->clause = clause;
        reader->before = BYTES_NONE;
    } else if (word.size > 0) {
        clause_word(reader, word);
    }
}

/* Clauses up to the ';' before the date; where that is, or the end. */
static void
clauses_read(struct reader *reader)
{
    struct bytes in = reader->in;
    bool broken = false;
    size_t semicolons = 0;

    while (reader->at < in.size) {
        uint8_t c = in.at[reader->at];
        if (c == ';') {
            /* looked at a few times only: a flood of them costs no more than its length */
            if (++semicolons > 8 || is_end(reader)) {
                return;
            }
            reader->at++;
            continue;
        }
        if (ascii_blank(c) || c == ',') {
            reader->at++;
            continue;
        }
        size_t end = c == '(' && !broken ? header_comment(in, reader->at) : 0;
        if (end != 0) {
            struct bytes text = bytes_trim(bytes_slice(in, reader->at + 1, end - 1));
            if (!comment_is_clause(reader, text)) {
                comment_read(reader, text);
            }
            reader->at = end;
            reader->with_ended |= reader->r->with.size > 0;
            continue;
        }
        if (c == '(') {
            broken = true;
            reader->at++;
            continue;
        }
        read_word(reader);
    }
}

/* "2020-07-05 08:44:52.729 +0000 UTC m=+12.5": how Go prints a time, and SendGrid writes it. */
static bool
iso_date_read(struct arena *arena, struct bytes text, struct date *date_r)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const char shape[] = "dddd-dd-dd dd:dd:dd";
    uint64_t month = 0;
    struct writer w;
    size_t at = sizeof shape - 1;

    for (size_t i = 0; i < sizeof shape - 1; i++) {
        bool fits =
            i < text.size && (shape[i] == 'd' ? ascii_digit(text.at[i])
                                              : text.at[i] == (uint8_t)shape[i] ||
                                                    (shape[i] == ' ' && text.at[i] == 'T'));
        if (!fits) {
            return false;
        }
    }
    if (!bytes_to_number(bytes_slice(text, 5, 7), 12, &month) || month == 0) {
        return false;
    }
    while (at < text.size && (text.at[at] == '.' || ascii_digit(text.at[at]))) {
        at++;
    }
    struct bytes zone = bytes_trim(bytes_slice(text, at, at + 6));
    writer_init(&w, arena);
    writer_format(&w, "%.2s %s %.4s %.8s %.*s", (const char *)text.at + 8,
                  months[month - 1], (const char *)text.at, (const char *)text.at + 11,
                  (int)(zone.size == 5 ? 5 : 0), (const char *)zone.at);
    return date_read(writer_view(&w), date_r);
}

static void
put_date(struct received *r, struct bytes text, const struct date *date)
{
    /* RFC 5322 4.3 takes zones in letters for +0000; these two are written in earnest. */
    int east = bytes_ends(text, BYTES(" JST")) || bytes_ends(text, BYTES(" KST")) ? 540 : 0;

    r->date_text = text;
    r->has_date = true;
    r->date = date->epoch - 60 * east;
    r->date_zone_minutes = date->zone_minutes + east;
    r->date_is_standard = date->standard;
}

/* What some write behind the date: an id, whom it is for, the envelope's sender. */
static void
after_date_read(struct received *r, struct bytes text)
{
    size_t for_ = bytes_find_fold(bytes_slice(text, 0, 1000), BYTES(" for "), 0);

    if (for_ != BYTES_NOWHERE && r->for_.size == 0) {
        struct bytes rest = bytes_trim(bytes_from(text, for_ + 5));
        r->for_ = without(bytes_slice(rest, 0, bytes_find_byte(rest, ' ', 0)), "<", ">,");
    }
    size_t id = bytes_find_fold(bytes_slice(text, 0, 1000), BYTES(" id "), 0);
    if (id != BYTES_NOWHERE && r->id.size == 0) {
        struct bytes rest = bytes_trim(bytes_from(text, id + 4));
        r->id = bytes_slice(rest, 0, bytes_find_byte(rest, ' ', 0));
    }
}

static void
date_part_read(struct arena *arena, struct received *r, struct bytes text)
{
    static const char *const ends[] = {" id ", " for ", " by ", " from "};
    struct bytes whole = bytes_trim(text);
    struct date date;

    r->date_text = whole;
    if (date_read(whole, &date) || iso_date_read(arena, whole, &date)) {
        put_date(r, whole, &date);
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends && !r->has_date; i++) {
        size_t end =
            bytes_find_fold(bytes_slice(whole, 0, 1000), bytes_from_text(ends[i]), 0);
        if (end != BYTES_NOWHERE && date_read(bytes_slice(whole, 0, end), &date)) {
            put_date(r, bytes_trim(bytes_slice(whole, 0, end)), &date);
        }
    }
    if (!r->has_date || text.size > 40) { /* longer than a date */
        after_date_read(r, text);
    }
}

/* No ';': the date stands behind the id, or behind "at", or nowhere. */
static void
date_without_mark(struct arena *arena, struct reader *reader)
{
    struct bytes in = bytes_slice(reader->in, 0, 1000);
    size_t at = reader->id_end > 0 ? reader->id_end : bytes_find(in, BYTES(" at "), 0);
    struct date date;

    if (at == BYTES_NOWHERE) {
        return;
    }
    struct bytes rest = bytes_trim(bytes_slice(in, reader->id_end > 0 ? at : at + 4,
                                               bytes_find(in, BYTES(" by "), at)));
    if (looks_like_date(rest) &&
        (date_read(rest, &date) || iso_date_read(arena, rest, &date))) {
        put_date(reader->r, rest, &date);
    }
}

void
received_read(struct arena *arena, struct bytes value, struct received *received_r)
{
    struct reader reader = {.r = received_r};

    *received_r = (struct received){0};
    reader.in = header_unfold(arena, bytes_slice(value, 0, LIMIT_HEADER_FIELD));
    clauses_read(&reader);
    if (reader.at < reader.in.size) {
        struct bytes rest = bytes_from(reader.in, reader.at + 1);
        size_t last = bytes_find_last(rest, ';');
        struct bytes date = last == BYTES_NOWHERE ? rest : bytes_from(rest, last + 1);
        date_part_read(arena, received_r, date);
        if (!received_r->has_date && last != BYTES_NOWHERE) {
            date_part_read(arena, received_r,
                           bytes_slice(rest, 0, bytes_find_byte(rest, ';', 0)));
        }
    } else {
        date_without_mark(arena, &reader);
    }
    if (received_r->from_ip.size == 0 && looks_like_address(received_r->from)) {
        received_r->from_ip = received_r->from;
    }
}
