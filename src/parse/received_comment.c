#include "parse/received_private.h"

enum { BYTE_OTHER, BYTE_DIGIT, BYTE_HEX, BYTE_DOT, BYTE_COLON, BYTE_KINDS };

/* What an address is written with. */
static const uint8_t byte_kind[256] = {
    ['0'] = BYTE_DIGIT, ['1'] = BYTE_DIGIT, ['2'] = BYTE_DIGIT, ['3'] = BYTE_DIGIT,
    ['4'] = BYTE_DIGIT, ['5'] = BYTE_DIGIT, ['6'] = BYTE_DIGIT, ['7'] = BYTE_DIGIT,
    ['8'] = BYTE_DIGIT, ['9'] = BYTE_DIGIT, ['a'] = BYTE_HEX,   ['b'] = BYTE_HEX,
    ['c'] = BYTE_HEX,   ['d'] = BYTE_HEX,   ['e'] = BYTE_HEX,   ['f'] = BYTE_HEX,
    ['A'] = BYTE_HEX,   ['B'] = BYTE_HEX,   ['C'] = BYTE_HEX,   ['D'] = BYTE_HEX,
    ['E'] = BYTE_HEX,   ['F'] = BYTE_HEX,   ['.'] = BYTE_DOT,   [':'] = BYTE_COLON,
};

bool
received_is_address(struct bytes b)
{
    size_t count[BYTE_KINDS] = {0};

    if (b.size < 2 || b.size > 64) {
        return false;
    }
    for (size_t i = 0; i < b.size; i++) {
        uint8_t kind = byte_kind[b.at[i]];
        if (kind == BYTE_OTHER) {
            if (b.at[i] == '%' && count[BYTE_COLON] >= 2) {
                break; /* a zone */
            }
            return false;
        }
        count[kind]++;
    }
    return count[BYTE_COLON] >= 2 ||
           (count[BYTE_DOT] == 3 && count[BYTE_COLON] == 0 && count[BYTE_HEX] == 0);
}

struct bytes
received_bare_address(struct bytes b)
{
    if (STARTS(b, "IPv6:")) {
        return bytes_from(b, 5);
    }
    if (b.size < 8 || !ascii_digit(b.at[0])) {
        return b;
    }
    size_t colon = bytes_find_byte(b, ':', 0);
    bool port = colon != BYTES_NOWHERE && colon >= 7 && colon <= 15 &&
                colon == bytes_find_last(b, ':');
    return port ? bytes_slice(b, 0, colon) : b;
}

/* "unknown", "softdnserr": servers say so where they found no name. */
static bool
is_no_name(struct bytes b)
{
    if (IS(b, "unknown") || IS(b, "softdnserr") || IS(b, "unverified") || IS(b, "local") ||
        IS(b, "may") || IS(b, "RDNS") || IS(b, "helo") || IS(b, "ehlo")) {
        return true;
    }
    return b.size == 0 || received_is_address(b);
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
    enum received_clause clause;
    struct bytes in;
    size_t at;
    struct bytes before; /* the word before */
    bool tls;            /* we are in words about TLS */
};

/* What ends a word of a comment. */
static const bool is_break[256] = {
    [0] = true,   [' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true,
    [','] = true, ['('] = true, [')'] = true,  ['['] = true,
};

static struct bytes
comment_word(struct comment *c)
{
    const uint8_t *in = c->in.at;
    size_t at = c->at, size = c->in.size;

    while (at < size && is_break[in[at]] && in[at] != '[') {
        at++;
    }
    size_t from = at;
    if (at < size && in[at] == '[') {
        size_t close = bytes_find_byte(bytes_slice(c->in, 0, from + 100), ']', from);
        if (close != BYTES_NOWHERE) {
            c->at = close + 1;
            return bytes_slice(c->in, from, c->at);
        }
        at++;
    }
    while (at < size && !is_break[in[at]]) {
        at++;
    }
    /* helo=[192.0.2.1]: what the client says of itself must not pass for its address */
    if (at > from + 1 && at < size && in[at] == '[' && in[at - 1] == '=') {
        size_t close = bytes_find_byte(bytes_slice(c->in, 0, at + 300), ']', at);
        at = close == BYTES_NOWHERE ? at : close + 1;
    }
    c->at = at;
    return bytes_slice(c->in, from, at);
}

bool
received_value_of(struct bytes word, struct bytes key, struct bytes *value_r)
{
    if (word.size <= key.size || word.at[key.size] != '=' ||
        !bytes_equal_fold(bytes_slice(word, 0, key.size), key)) {
        return false;
    }
    *value_r = bytes_from(word, key.size + 1);
    return true;
}

/* TLS1_2, TLSv1.3, TLS-1.0, SSLv3 */
static bool
is_tls_version(struct bytes word)
{
    struct bytes rest;

    if (STARTS(word, "tls") || STARTS(word, "ssl")) {
        rest = bytes_from(word, 3);
        while (rest.size > 0 &&
               (ascii_lower(rest.at[0]) == 'v' || rest.at[0] == '-' || rest.at[0] == '_')) {
            rest = bytes_from(rest, 1);
        }
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
    received_put(&r->tls_version, bytes_slice(word, 0, colon));
    struct bytes rest = bytes_from(word, colon + 1);
    size_t second = bytes_find_byte(rest, ':', 0);
    received_put(&r->tls_cipher,
                 second == BYTES_NOWHERE ? rest : bytes_slice(rest, 0, second));
    return true;
}

static bool
tls_word(struct comment *c, struct bytes word)
{
    struct received *r = c->r;
    struct bytes value;

    if (KEY_VALUE(word, "version", &value)) {
        size_t slash = bytes_find_byte(value, '/', 0);
        received_put(&r->tls_version,
                     slash == BYTES_NOWHERE ? value : bytes_slice(value, 0, slash));
    } else if (KEY_VALUE(word, "cipher", &value) || KEY_VALUE(word, "tls_cipher", &value)) {
        received_put(&r->tls_cipher, value);
    } else if (tls_colons(r, word)) {
        return true;
    } else if (is_tls_version(word)) {
        received_put(&r->tls_version, word);
        c->tls = true;
    } else if (c->tls && r->tls_cipher.size == 0 && word.size > 12 &&
               bytes_find_byte(word, '_', 0) != BYTES_NOWHERE && !IS(word, "cipher")) {
        received_put(&r->tls_cipher, word);
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

    if (KEY_VALUE(word, "auth", &value) || KEY_VALUE(word, "authenticated_user", &value) ||
        KEY_VALUE(word, "smtp.auth", &value) || KEY_VALUE(word, "authid", &value)) {
        received_put(&r->auth, value);
        return true;
    }
    if (IS(word, "AUTH:")) {
        (void)comment_word(c); /* the mechanism */
        received_put(&r->auth, comment_word(c));
        return true;
    }
    if (STARTS(c->before, "authenticated") &&
        (IS(word, "sender:") || IS(word, "user:") || IS(word, "user") || IS(word, "as"))) {
        received_put(&r->auth, received_without(comment_word(c), EDGE_ANGLE | EDGE_QUOTE,
                                                EDGE_ANGLED | EDGE_QUOTE));
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
    struct bytes value =
        address ? received_bare_address(received_without(word, EDGE_SQUARE | EDGE_ROUND,
                                                         EDGE_ROUNDED | EDGE_SQUARED))
                : BYTES_NONE;

    if (word.size > 0 && word.at[0] == '[') {
        if (received_is_address(value)) {
            received_put(&r->from_ip, value);
        }
        if (r->from_rdns.size == 0 && is_host(c->before)) {
            r->from_rdns = c->before;
        }
        return true;
    }
    if (address && received_is_address(value)) {
        /* "proxying for 10.1.1.1" is what the client's browser says */
        if (!IS(c->before, "for") && (c->at >= c->in.size || c->in.at[c->at] != '[')) {
            received_put(&r->from_ip, value);
        }
        return true;
    }
    size_t sign = bytes_find_last(word, '@');
    if (sign != BYTES_NOWHERE && sign > 0 &&
        bytes_find_byte(word, '=', 0) == BYTES_NOWHERE) {
        value = received_without(bytes_from(word, sign + 1), EDGE_SQUARE, EDGE_SQUARED);
        received_put(&r->ident, bytes_slice(word, 0, sign));
        if (received_is_address(value)) {
            received_put(&r->from_ip, value);
        }
        return true;
    }
    return false;
}

static bool
helo_word(struct comment *c, struct bytes word)
{
    struct bytes value;

    if (KEY_VALUE(word, "helo", &value) || KEY_VALUE(word, "ehlo", &value)) {
        received_put(&c->r->helo, received_bare_address(
                                      received_without(value, EDGE_SQUARE, EDGE_SQUARED)));
        return true;
    }
    if (IS(word, "HELO") || IS(word, "EHLO") || IS(word, "LHLO")) {
        value = comment_word(c);
        if (value.size > 0) {
            received_put(&c->r->helo, received_bare_address(received_without(
                                          value, EDGE_SQUARE, EDGE_SQUARED)));
        }
        return true;
    }
    if (KEY_VALUE(word, "ident", &value)) {
        received_put(&c->r->ident, value);
        return true;
    }
    return false;
}

static bool
envelope_word(struct comment *c, struct bytes word)
{
    struct bytes value;

    if (STARTS(word, "mailfrom:")) {
        received_put(&c->r->envelope_from, bytes_from(word, sizeof "mailfrom:" - 1));
        return true;
    }
    if (KEY_VALUE(word, "envelope-from", &value) ||
        KEY_VALUE(word, "envelope-sender", &value)) {
        received_put(&c->r->envelope_from,
                     received_without(value, EDGE_ANGLE, EDGE_ANGLED));
        return true;
    }
    if (IS(word, "envelope-from") || IS(word, "envelope-sender")) {
        received_put(&c->r->envelope_from,
                     received_without(comment_word(c), EDGE_ANGLE, EDGE_ANGLED));
        return true;
    }
    return false;
}

/* What the word before announced. */
static bool
after_word(struct comment *c, struct bytes word)
{
    if (IS(c->before, "account")) { /* CommuniGate Pro */
        received_put(&c->r->auth, word);
        return true;
    }
    if (IS(c->before, "cipher")) {
        received_put(&c->r->tls_cipher, word);
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
words_read(struct received_reader *reader, struct bytes text)
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
            received_put(&c.r->from, word); /* (Postfix, from userid 33) */
            received_put(&c.r->ident, comment_word(&c));
        } else if (!known && c.clause != CLAUSE_FROM && IS(c.before, "from")) {
            received_put(&c.r->from, received_without(word, EDGE_SQUARE | EDGE_ANGLE,
                                                      EDGE_SQUARED | EDGE_ANGLED));
        }
        c.before = word;
    }
}

/* "(from localhost [24.180.47.240]) by ..." : the clause itself stands in a comment. */
static bool
comment_is_clause(struct received_reader *reader, struct bytes text)
{
    struct comment c = {.r = reader->r, .clause = CLAUSE_FROM, .in = text};

    if (reader->clause != CLAUSE_NONE || !STARTS(text, "from ")) {
        return false;
    }
    c.at = 5;
    received_put(&reader->r->from,
                 received_without(comment_word(&c), EDGE_SQUARE | EDGE_ANGLE,
                                  EDGE_SQUARED | EDGE_ANGLED));
    reader->clause = CLAUSE_FROM;
    words_read(reader, bytes_from(text, c.at));
    return true;
}

void
received_comment_read(struct received_reader *reader, struct bytes text)
{
    if (!comment_is_clause(reader, text)) {
        words_read(reader, text);
    }
}
