/* OpenSSL first: its headers name what base/banned.h forbids. */
#include <openssl/evp.h>

#include "base/why.h"
#include "trace/canonical.h"

/* The hash's state, made at the first use and kept as long as the process. */
static EVP_MD_CTX *
hash_context(enum canonical_hash hash)
{
    static EVP_MD_CTX *contexts[2];
    static EVP_MD *methods[2];

    if (contexts[hash] == NULL) {
        methods[hash] =
            EVP_MD_fetch(NULL, hash == CANONICAL_SHA1 ? "SHA1" : "SHA256", NULL);
        contexts[hash] = EVP_MD_CTX_new();
        SK_ASSERT(methods[hash] != NULL && contexts[hash] != NULL);
        SK_ASSERT(EVP_DigestInit_ex2(contexts[hash], methods[hash], NULL) == 1);
    }
    return contexts[hash];
}

void
canonical_begin(struct canonical *c, enum canonical_hash hash, uint64_t most,
                struct writer *copy)
{
    c->hash = hash;
    c->size = 0;
    c->most = most;
    c->copy = copy;
    c->gathered = 0;
    SK_ASSERT(EVP_DigestInit_ex2(hash_context(hash), NULL, NULL) == 1);
}

static void
flush(struct canonical *c)
{
    if (c->gathered > 0) {
        SK_ASSERT(EVP_DigestUpdate(hash_context(c->hash), c->gather, c->gathered) == 1);
        c->gathered = 0;
    }
}

static void
put(struct canonical *c, const uint8_t *at, size_t size)
{
    uint64_t left = c->size < c->most ? c->most - c->size : 0;

    c->size += size;
    if (size > left) {
        size = (size_t)left;
    }
    if (size == 0) {
        return;
    }
    if (c->copy != NULL) {
        writer_bytes(c->copy, bytes_of(at, size));
    }
    if (size > CANONICAL_GATHER - c->gathered) {
        flush(c);
    }
    if (size > CANONICAL_GATHER / 2) {
        flush(c);
        SK_ASSERT(EVP_DigestUpdate(hash_context(c->hash), at, size) == 1);
        return;
    }
    memcpy(c->gather + c->gathered, at, size);
    c->gathered += size;
}

static void
put_line_end(struct canonical *c)
{
    put(c, (const uint8_t *)"\r\n", 2);
}

void
canonical_put(struct canonical *c, struct bytes b)
{
    put(c, b.at, b.size);
}

size_t
canonical_end(struct canonical *c, uint8_t digest_r[CANONICAL_DIGEST_MAX])
{
    unsigned size = 0;

    flush(c);
    SK_ASSERT(EVP_DigestFinal_ex(hash_context(c->hash), digest_r, &size) == 1);
    return size;
}

/* Bytes with every lone LF made CR LF. `at` may lie inside a text: what stands before it is not looked at, so no
 * caller begins a view between CR and LF. */
static void
put_simple(struct canonical *c, struct bytes b)
{
    size_t run = 0, from = 0;

    for (size_t lf; (lf = bytes_find_byte(b, '\n', from)) != BYTES_NOWHERE; from = lf + 1) {
        if (lf == 0 || b.at[lf - 1] != '\r') {
            put(c, b.at + run, lf - run);
            put(c, (const uint8_t *)"\r", 1);
            run = lf;
        }
    }
    put(c, b.at + run, b.size - run);
}

static bool
is_white(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* The end of the blanks that begin at p. In a header a line end is a blank, in a body it is not. */
static const uint8_t *
skip_blanks(const uint8_t *p, const uint8_t *end, bool header)
{
    while (p < end) {
        if (is_white(*p) || (header && *p == '\n')) {
            p++;
        } else if (header && *p == '\r' && p + 1 < end && p[1] == '\n') {
            p += 2;
        } else {
            break;
        }
    }
    return p;
}

static bool
at_line_end(const uint8_t *p, const uint8_t *end)
{
    return p == end || *p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n');
}

#define PLAIN_BLOCK 16

/* Whether these PLAIN_BLOCK bytes of a body stay as they are: no tab, no space before a blank or a line end, no LF
 * without its CR. One byte before and one behind them are looked at. Without branches, so that the compiler makes vector
 * instructions of it: most mail is made of such blocks. */
static bool
is_plain(const uint8_t *p)
{
    uint8_t odd = 0;

    for (size_t i = 0; i < PLAIN_BLOCK; i++) {
        odd |= (uint8_t)(p[i] == ' ') & (uint8_t)(p[i + 1] <= ' ');
        odd |= (uint8_t)(p[i] == '\t');
        odd |= (uint8_t)(p[i] == '\n') & (uint8_t)(p[(ptrdiff_t)i - 1] != '\r');
    }
    return odd == 0;
}

/* Passes over plain blocks. *tried is how far blocks were looked at, so that an odd one is not looked at again for each of
 * its bytes. */
static const uint8_t *
skip_plain(const uint8_t *p, const uint8_t *begin, const uint8_t *end,
           const uint8_t **tried)
{
    while (p >= *tried && p > begin && end - p > PLAIN_BLOCK) {
        *tried = p + PLAIN_BLOCK;
        if (!is_plain(p)) {
            break;
        }
        p += PLAIN_BLOCK;
    }
    return p;
}

/* Relaxed: runs of blanks become one space, none is left at the end of a line. In a header the folds are blanks too.
 * Bytes that stay as they are pass in runs as long as can be; a single space between words is part of its run. */
static void
put_relaxed(struct canonical *c, struct bytes b, bool header)
{
    const uint8_t *p = b.at, *run = p, *end = b.at + b.size, *tried = p;

    while (p < end) {
        if (!header && p >= tried && (p = skip_plain(p, b.at, end, &tried)) == end) {
            break;
        }
        if (*p > ' ' || (*p == ' ' && p + 1 < end && p[1] > ' ')) {
            p++;
            continue;
        }
        if (!header && *p == '\r' && p + 1 < end && p[1] == '\n') {
            p += 2;
            continue;
        }
        const uint8_t *next = skip_blanks(p, end, header);
        if (next > p) {
            put(c, run, (size_t)(p - run));
            if (header ? next < end : !at_line_end(next, end)) {
                put(c, (const uint8_t *)" ", 1);
            }
            run = p = next;
        } else if (*p == '\n' && p > run && p[-1] == '\r') {
            p++; /* a plain block ended between CR and LF */
        } else if (*p == '\n') {
            put(c, run, (size_t)(p - run));
            put_line_end(c);
            run = ++p;
        } else {
            p++; /* a control character, or a CR alone */
        }
    }
    put(c, run, (size_t)(end - run));
}

/* nofws: no blank and no CR at all; a body keeps its line ends, as CR LF. */
static void
put_nofws(struct canonical *c, struct bytes b, bool header)
{
    const uint8_t *p = b.at, *run = p, *end = b.at + b.size;

    for (; p < end; p++) {
        if (ascii_blank(*p)) {
            put(c, run, (size_t)(p - run));
            if (*p == '\n' && !header) {
                put_line_end(c);
            }
            run = p + 1;
        }
    }
    put(c, run, (size_t)(end - run));
}

static struct bytes
without_line_end(struct bytes b)
{
    if (b.size > 0 && b.at[b.size - 1] == '\n') {
        b.size--;
        if (b.size > 0 && b.at[b.size - 1] == '\r') {
            b.size--;
        }
    }
    return b;
}

struct bytes
canonical_field_name(struct bytes whole)
{
    size_t colon = bytes_find_byte(whole, ':', 0);

    return colon == BYTES_NOWHERE ? BYTES_NONE : bytes_trim(bytes_slice(whole, 0, colon));
}

struct bytes
canonical_field_value(struct bytes whole)
{
    size_t colon = bytes_find_byte(whole, ':', 0);

    return without_line_end(
        bytes_from(whole, colon == BYTES_NOWHERE ? whole.size : colon + 1));
}

static void
put_relaxed_name(struct canonical *c, struct bytes name)
{
    uint8_t lower[64];

    while (name.size > 0) {
        size_t size = name.size < sizeof lower ? name.size : sizeof lower;
        for (size_t i = 0; i < size; i++) {
            lower[i] = ascii_lower(name.at[i]);
        }
        put(c, lower, size);
        name = bytes_from(name, size);
    }
    put(c, (const uint8_t *)":", 1);
}

/* A field's bytes [from, to) of its whole, in its form; the name only if it lies in there. */
static void
put_field(struct canonical *c, enum canonical_form form, struct bytes field)
{
    size_t colon = bytes_find_byte(field, ':', 0);

    if (form == CANONICAL_SIMPLE) {
        put_simple(c, field);
    } else if (form == CANONICAL_NOFWS) {
        put_nofws(c, field, true);
    } else if (colon == BYTES_NOWHERE) {
        put_relaxed(c, bytes_trim(field), true);
    } else {
        struct bytes value = bytes_from(field, colon + 1);
        const uint8_t *end = value.at + value.size;
        const uint8_t *start = skip_blanks(value.at, end, true);
        put_relaxed_name(c, bytes_trim(bytes_slice(field, 0, colon)));
        put_relaxed(c, bytes_of(start, (size_t)(end - start)), true);
    }
}

void
canonical_field(struct canonical *c, enum canonical_form form, struct bytes whole)
{
    put_field(c, form, without_line_end(whole));
    put_line_end(c);
}

void
canonical_signature(struct canonical *c, enum canonical_form form, struct bytes whole,
                    struct bytes cut)
{
    struct bytes field = without_line_end(whole);
    size_t from = (size_t)(cut.at - field.at), to = from + cut.size;

    SK_ASSERT(cut.at >= field.at && to <= field.size);
    /* The piece before ends in "=", the one behind begins with ";": no run of blanks is torn. */
    put_field(c, form, bytes_slice(field, 0, from));
    struct bytes behind = bytes_from(field, to);
    if (form == CANONICAL_SIMPLE) {
        put_simple(c, behind);
    } else if (form == CANONICAL_NOFWS) {
        put_nofws(c, behind, true);
    } else {
        put_relaxed(c, behind, true);
    }
}

/* The body without the empty lines at its end and without its last line end; under `relaxed` and nofws a line of blanks
 * is empty. Gives an empty view when nothing is left. */
static struct bytes
without_empty_lines(enum canonical_form form, struct bytes body)
{
    for (;;) {
        struct bytes line = without_line_end(body);
        while (form != CANONICAL_SIMPLE && line.size > 0 &&
               (is_white(line.at[line.size - 1]) ||
                (form == CANONICAL_NOFWS && line.at[line.size - 1] == '\r'))) {
            line.size--;
        }
        if (line.size == 0 || line.at[line.size - 1] != '\n') {
            return line;
        }
        body = line;
    }
}

size_t
canonical_body_size(enum canonical_form form, struct bytes body)
{
    return without_empty_lines(form, body).size;
}

void
canonical_body(struct canonical *c, enum canonical_form form, struct bytes body)
{
    struct bytes text = without_empty_lines(form, body);

    if (text.size == 0) {
        if (form == CANONICAL_SIMPLE) {
            put_line_end(c);
        }
        return;
    }
    if (form == CANONICAL_SIMPLE) {
        put_simple(c, text);
    } else if (form == CANONICAL_RELAXED) {
        put_relaxed(c, text, false);
    } else {
        put_nofws(c, text, false);
    }
    put_line_end(c);
}
