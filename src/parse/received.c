#include "parse/received_private.h"

#include "base/limits.h"
#include "parse/header.h"

static enum received_clause
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
    struct bytes bare = received_without(word, EDGE_ANGLE | EDGE_QUOTE,
                                         EDGE_ANGLED | EDGE_QUOTE | EDGE_COMMA);
    size_t open = bytes_find_byte(bare, '[', 0), end;
    bool inner = word.size > 1 && word.at[0] == '[' && word.at[1] == '(';

    if (open != BYTES_NOWHERE) {
        size_t close = bytes_find_byte(bare, ']', open);
        struct bytes address = received_bare_address(received_without(
            bytes_slice(bare, open + 1, close == BYTES_NOWHERE ? bare.size : close),
            EDGE_SQUARE | EDGE_ANGLE | EDGE_ROUND,
            EDGE_ROUNDED | EDGE_ANGLED | EDGE_SQUARED));
        if (open > 0 || inner) {
            received_put(&r->from_ip, received_is_address(address) ? address : BYTES_NONE);
            bare = bytes_slice(bare, 0, open);
        } else {
            bare = address;
        }
    }
    bare = received_bare_address(received_without(
        bare, EDGE_ANGLE | EDGE_ROUND, EDGE_ROUNDED | EDGE_ANGLED | EDGE_SQUARED));
    end = bytes_find_byte(bare, '/', 0);
    received_put(&r->from, end == BYTES_NOWHERE ? bare : bytes_slice(bare, 0, end));
}

static void
from_word(struct received *r, struct bytes word)
{
    struct bytes bare = received_without(word, EDGE_ANGLE | EDGE_QUOTE,
                                         EDGE_ANGLED | EDGE_QUOTE | EDGE_COMMA);

    if (r->from.size == 0 && r->from_ip.size == 0) {
        from_first(r, word);
        return;
    }
    struct bytes address = received_bare_address(
        received_without(bare, EDGE_SQUARE | EDGE_ROUND, EDGE_ROUNDED | EDGE_SQUARED));
    if (received_is_address(address)) { /* smtp510.example.de [(134.97.4.21)] */
        received_put(&r->from_ip, address);
    } else if (bytes_find_byte(word, '@', 0) != BYTES_NOWHERE) {
        received_put(&r->ident, bare); /* as user me@localhost */
    } else if (word.at[0] == '"') {
        received_put(&r->helo, bare); /* claiming to be "..." */
    }
}

/* "Microsoft SMTP Server", "ESMTP (Cisco) tls TLS_...": words that follow without a comment between belong to it. */
static void
with_word(struct received_reader *reader, struct bytes word)
{
    struct received *r = reader->r;
    struct bytes bare = received_without(word, EDGE_ANGLE | EDGE_QUOTE,
                                         EDGE_ANGLED | EDGE_QUOTE | EDGE_COMMA);

    if (IS(reader->before, "tls")) { /* Exim 4.93 and later */
        received_put(&r->tls_cipher, bare);
    } else if (IS(word, "tls") || IS(word, "cipher") || IS(word, "tls_cipher")) {
        reader->with_ended = true;
    } else if (r->with.size == 0) {
        size_t slash = bytes_find_fold(bare, BYTES("/TLS/"), 0);
        r->with = bare;
        if (slash != BYTES_NOWHERE) { /* IronPort: ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384 */
            received_put(&r->tls_cipher, bytes_from(bare, slash + 5));
        }
    } else if (!reader->with_ended && word.at > r->with.at &&
               (size_t)(word.at - r->with.at) < 40) {
        r->with.size = (size_t)(word.at - r->with.at) + word.size;
    }
}

/* A word of a clause, after its keyword. */
static void
clause_word(struct received_reader *reader, struct bytes word)
{
    struct received *r = reader->r;
    struct bytes bare = received_without(word, EDGE_ANGLE | EDGE_QUOTE,
                                         EDGE_ANGLED | EDGE_QUOTE | EDGE_COMMA);
    size_t open;

    switch (reader->clause) {
    case CLAUSE_FROM:
        from_word(r, word);
        break;
    case CLAUSE_BY:
        open = bytes_find_byte(bare, '[', 1);
        received_put(&r->by, received_bare_address(received_without(
                                 bytes_slice(bare, 0, open), EDGE_SQUARE | EDGE_ROUND,
                                 EDGE_ROUNDED | EDGE_SQUARED)));
        break;
    case CLAUSE_VIA:
        received_put(&r->via, bare);
        break;
    case CLAUSE_WITH:
        with_word(reader, word);
        break;
    case CLAUSE_ID:
        if (bytes_is(reader->before, "auth=yes") && KEY_VALUE(word, "user", &bare)) {
            received_put(&r->auth, bare); /* OpenSMTPD */
        } else if (r->id.size == 0) {
            r->id = bare;
            reader->id_end = reader->at;
        }
        break;
    case CLAUSE_FOR:
        received_put(&r->for_, bare);
        break;
    case CLAUSE_NONE:
        break;
    }
    reader->before = word;
}

/* What ends a word. */
static const bool is_break[256] = {
    [' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true, ['('] = true, [';'] = true,
};

/* Up to a blank, a comment or a ';'; angle brackets and square brackets are kept whole. */
static struct bytes
word_take(struct received_reader *reader)
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
    size_t at = from;
    while (at < in.size && !is_break[in.at[at]]) {
        at++;
    }
    reader->at = at;
    return bytes_slice(in, from, reader->at);
}

/* Whether the ';' here ends the clauses. Some write one before a further clause: "for <a@b>; by c; date". */
static bool
is_end(const struct received_reader *reader)
{
    struct bytes rest = bytes_from(reader->in, reader->at + 1);
    size_t last = bytes_find_byte(rest, ';', 0);

    return last == BYTES_NOWHERE || received_is_date(rest);
}

static void
read_word(struct received_reader *reader)
{
    struct bytes word = word_take(reader);
    enum received_clause clause = clause_of(word);
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
clauses_read(struct received_reader *reader)
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
            received_comment_read(reader, text);
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

void
received_read(struct arena *arena, struct bytes value, struct received *received_r)
{
    struct received_reader reader = {.r = received_r};

    *received_r = (struct received){0};
    reader.in = header_unfold(arena, bytes_slice(value, 0, LIMIT_HEADER_FIELD));
    clauses_read(&reader);
    if (reader.at < reader.in.size) {
        struct bytes rest = bytes_from(reader.in, reader.at + 1);
        size_t last = bytes_find_last(rest, ';');
        struct bytes date = last == BYTES_NOWHERE ? rest : bytes_from(rest, last + 1);
        received_date_read(arena, received_r, date);
        if (!received_r->has_date && last != BYTES_NOWHERE) {
            received_date_read(arena, received_r,
                               bytes_slice(rest, 0, bytes_find_byte(rest, ';', 0)));
        }
    } else {
        received_date_unmarked(arena, &reader);
    }
    if (received_r->from_ip.size == 0 && received_is_address(received_r->from)) {
        received_r->from_ip = received_r->from;
    }
}
