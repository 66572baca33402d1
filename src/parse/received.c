#include "parse/received.h"

#include "base/limits.h"
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
    size_t at;
    enum clause clause;
};

static struct bytes
without(struct bytes b, const char *left, const char *right)
{
    while (b.size > 0 && b.at[0] != 0 && strchr(left, b.at[0]) != NULL) {
        b = bytes_from(b, 1);
    }
    while (b.size > 0 && b.at[b.size - 1] != 0 && strchr(right, b.at[b.size - 1]) != NULL) {
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

static struct bytes
without_ipv6_tag(struct bytes b)
{
    return bytes_starts_fold(b, BYTES("IPv6:")) ? bytes_from(b, 5) : b;
}

/* "unknown", "softdnserr": servers say so where they found no name. */
static bool
is_no_name(struct bytes b)
{
    static const char *const words[] = {"unknown", "softdnserr", "unverified", "local",
                                        "may",     "RDNS",       "helo",       "ehlo"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (bytes_is_fold(b, words[i])) {
            return true;
        }
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

static struct bytes
comment_word(struct comment *c)
{
    while (c->at < c->in.size &&
           (ascii_blank(c->in.at[c->at]) || strchr(",()", c->in.at[c->at]) != NULL)) {
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
    while (c->at < c->in.size && !ascii_blank(c->in.at[c->at]) && c->in.at[c->at] != 0 &&
           strchr(",()[", c->in.at[c->at]) == NULL) {
        c->at++;
    }
    if (c->at == from && c->at < c->in.size) {
        c->at++; /* a NUL */
    }
    return bytes_slice(c->in, from, c->at);
}

static bool
key_value(struct bytes word, const char *key, struct bytes *value_r)
{
    size_t size = strlen(key);

    if (word.size <= size || !bytes_starts_fold(word, bytes_of(key, size)) ||
        word.at[size] != '=') {
        return false;
    }
    *value_r = bytes_from(word, size + 1);
    return true;
}

/* TLS1_2, TLSv1.3, TLS-1.0, SSLv3 */
static bool
is_tls_version(struct bytes word)
{
    struct bytes rest;

    if (bytes_starts_fold(word, BYTES("tls")) || bytes_starts_fold(word, BYTES("ssl"))) {
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
    } else if (bytes_is_fold(c->before, "cipher")) {
        put(&r->tls_cipher, word);
    } else if (c->tls && r->tls_cipher.size == 0 && word.size > 12 &&
               bytes_find_byte(word, '_', 0) != BYTES_NOWHERE &&
               !bytes_is_fold(word, "cipher")) {
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
    if (bytes_is_fold(word, "AUTH:")) {
        (void)comment_word(c); /* the mechanism */
        put(&r->auth, comment_word(c));
        return true;
    }
    if (bytes_starts_fold(c->before, BYTES("authenticated")) &&
        (bytes_is_fold(word, "sender:") || bytes_is_fold(word, "user:") ||
         bytes_is_fold(word, "as"))) {
        put(&r->auth, comment_word(c));
        return true;
    }
    return false;
}

/* What the client said and what was seen of it, while we are in the from clause. */
static bool
client_word(struct comment *c, struct bytes word)
{
    struct received *r = c->r;
    struct bytes value = without_ipv6_tag(without(word, "[(", ")]"));

    if (word.size > 0 && word.at[0] == '[') {
        if (looks_like_address(value)) {
            put(&r->from_ip, value);
        }
        if (is_host(c->before)) {
            put(&r->from_rdns, c->before);
        }
        return true;
    }
    if (looks_like_address(value)) {
        if (c->at >= c->in.size || c->in.at[c->at] != '[') {
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
        put(&c->r->helo, value);
        return true;
    }
    if (bytes_is_fold(word, "HELO") || bytes_is_fold(word, "EHLO") ||
        bytes_is_fold(word, "LHLO")) {
        value = comment_word(c);
        if (value.size > 0) {
            put(&c->r->helo, without(value, "[", "]"));
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

    if (key_value(word, "envelope-from", &value) ||
        key_value(word, "envelope-sender", &value)) {
        put(&c->r->envelope_from, without(value, "<", ">"));
        return true;
    }
    if (bytes_is_fold(word, "envelope-from") || bytes_is_fold(word, "envelope-sender")) {
        put(&c->r->envelope_from, without(comment_word(c), "<", ">"));
        return true;
    }
    return false;
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
        bool known = helo_word(&c, word) || envelope_word(&c, word) ||
                     auth_word(&c, word) || tls_word(&c, word) ||
                     (c.clause == CLAUSE_FROM && client_word(&c, word));
        if (!known && c.clause != CLAUSE_FROM && bytes_is_fold(c.before, "from")) {
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

    if (reader->clause != CLAUSE_NONE || !bytes_starts_fold(text, BYTES("from "))) {
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
    static const struct {
        const char *word;
        enum clause clause;
    } clauses[] = {{"from", CLAUSE_FROM}, {"by", CLAUSE_BY}, {"via", CLAUSE_VIA},
                   {"with", CLAUSE_WITH}, {"id", CLAUSE_ID}, {"for", CLAUSE_FOR}};

    for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++) {
        if (bytes_is_fold(word, clauses[i].word)) {
            return clauses[i].clause;
        }
    }
    return CLAUSE_NONE;
}

/* A word of a clause, after its keyword. */
static void
clause_word(struct reader *reader, struct bytes word)
{
    struct received *r = reader->r;
    struct bytes bare = without(word, "<\"", ">\",");

    switch (reader->clause) {
    case CLAUSE_FROM:
        if (r->from.size == 0 && r->from_ip.size == 0) {
            size_t end = 0;
            if (bare.size > 0 && bare.at[0] == '[') {
                end = bytes_find_byte(bare, ']', 0);
                bare = bytes_slice(bare, 1, end == BYTES_NOWHERE ? bare.size : end);
            }
            bare = without_ipv6_tag(without(bare, "[<(", ")>]"));
            if (looks_like_address(bare) && word.at[0] == '[' && word.size > 1 &&
                word.at[1] == '(') {
                put(&r->from_ip, bare);
                return;
            }
            end = bytes_find_byte(bare, '/', 0);
            put(&r->from, end == BYTES_NOWHERE ? bare : bytes_slice(bare, 0, end));
        } else if (word.at[0] == '[') { /* smtp510.example.de [(134.97.4.21)] */
            bare = without_ipv6_tag(without(word, "[(", ")]"));
            put(&r->from_ip, looks_like_address(bare) ? bare : BYTES_NONE);
        } else if (bytes_find_byte(word, '@', 0) != BYTES_NOWHERE) {
            put(&r->ident, bare); /* as user me@localhost */
        } else if (word.at[0] == '"') {
            put(&r->helo, bare); /* claiming to be "..." */
        }
        break;
    case CLAUSE_BY:
        put(&r->by, without(bare, "[", "]"));
        break;
    case CLAUSE_VIA:
        put(&r->via, bare);
        break;
    case CLAUSE_WITH:
        if (r->with.size == 0) {
            r->with = bare;
        } else if (word.at > r->with.at && (size_t)(word.at - r->with.at) < 40) {
            r->with.size =
                (size_t)(word.at - r->with.at) + word.size; /* Microsoft SMTP Server */
        }
        break;
    case CLAUSE_ID:
        put(&r->id, bare);
        break;
    case CLAUSE_FOR:
        put(&r->for_, bare);
        break;
    case CLAUSE_NONE:
        break;
    }
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

/* Clauses up to the ';' before the date; where that is, or the end. */
static void
clauses_read(struct reader *reader)
{
    struct bytes in = reader->in;
    bool broken = false;

    while (reader->at < in.size && in.at[reader->at] != ';') {
        uint8_t c = in.at[reader->at];
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
            continue;
        }
        if (c == '(') {
            broken = true;
            reader->at++;
            continue;
        }
        struct bytes word = word_take(reader);
        enum clause clause = clause_of(word);
        bool split = reader->clause == CLAUSE_ID && reader->r->id.size == 0 &&
                     word.size > 3 && bytes_ends(word, BYTES("for")) &&
                     bytes_starts(bytes_trim(bytes_from(in, reader->at)), BYTES("<"));
        if (split) { /* id 846CF2117for  <me@example.org> */
            word.size -= 3;
            clause_word(reader, word);
            reader->clause = CLAUSE_FOR;
        } else if (clause != CLAUSE_NONE &&
                   !(clause == reader->clause && clause != CLAUSE_FROM)) {
            reader->clause = clause;
        } else {
            clause_word(reader, word);
        }
    }
}

static void
date_part_read(struct received *r, struct bytes text)
{
    struct date date;

    r->date_text = bytes_trim(text);
    r->has_date = date_read(r->date_text, &date);
    if (r->has_date) {
        r->date = date.epoch;
        r->date_zone_minutes = date.zone_minutes;
        r->date_is_standard = date.standard;
    }
    size_t for_ = bytes_find_fold(bytes_slice(text, 0, 1000), BYTES(" for "), 0);
    if (for_ != BYTES_NOWHERE && r->for_.size == 0) { /* written behind the date */
        struct bytes rest = bytes_trim(bytes_from(text, for_ + 5));
        size_t end = bytes_find_byte(rest, ' ', 0);
        r->for_ = without(bytes_slice(rest, 0, end), "<", ">,");
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
        date_part_read(received_r,
                       last == BYTES_NOWHERE ? rest : bytes_from(rest, last + 1));
    }
    if (received_r->from_ip.size == 0 && looks_like_address(received_r->from)) {
        received_r->from_ip = received_r->from;
    }
}
