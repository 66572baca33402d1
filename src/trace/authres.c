#include "trace/authres.h"

#include "base/limits.h"
#include "trace/canonical.h"

/* --- reading --- */

struct reader {
    struct bytes text;
    size_t at;
    struct arena *arena;
    bool loose;
};

static int
peek(const struct reader *r)
{
    return r->at < r->text.size ? r->text.at[r->at] : -1;
}

/* Comments (RFC 5322 3.2.2) and blanks. false where a comment does not end. */
static bool
skip_cfws(struct reader *r)
{
    size_t depth = 0;

    for (; r->at < r->text.size; r->at++) {
        uint8_t c = r->text.at[r->at];
        if (c == '(') {
            depth++;
        } else if (depth > 0 && c == ')') {
            depth--;
        } else if (depth > 0 && c == '\\') {
            r->at += r->at + 1 < r->text.size;
        } else if (depth == 0 && !ascii_blank(c)) {
            return true;
        }
    }
    return depth == 0;
}

static bool
take(struct reader *r, uint8_t byte)
{
    if (peek(r) != byte) {
        return false;
    }
    r->at++;
    return true;
}

/* Past the quoted string that begins here; false where it does not end. */
static bool
skip_quoted(struct reader *r)
{
    for (r->at++; r->at < r->text.size; r->at++) {
        uint8_t c = r->text.at[r->at];
        if (c == '"') {
            r->at++;
            return true;
        }
        r->at += c == '\\' && r->at + 1 < r->text.size;
    }
    return false;
}

/* A quoted string's text, without the quotes and backslashes; folds are dropped. */
static bool
read_quoted(struct reader *r, struct bytes *text_r)
{
    size_t from = r->at + 1, size = 0;

    if (!skip_quoted(r)) {
        return false;
    }
    uint8_t *out = arena_take_bytes(r->arena, r->at - from);
    for (size_t i = from; i + 1 < r->at; i++) {
        uint8_t c = r->text.at[i];
        if (c == '\\') {
            c = r->text.at[++i];
        }
        if (c != '\r' && c != '\n') {
            out[size++] = c;
        }
    }
    *text_r = bytes_of(out, size);
    return true;
}

/* All up to a blank, a comment, ";" or one of `stops`. */
static struct bytes
read_word(struct reader *r, const char *stops)
{
    size_t from = r->at;

    for (; r->at < r->text.size; r->at++) {
        uint8_t c = r->text.at[r->at];
        if (c < 0x21 || c == 0x7f || strchr(";()\"", c) != NULL ||
            strchr(stops, c) != NULL) {
            break;
        }
    }
    return bytes_slice(r->text, from, r->at);
}

static bool
is_keyword(struct bytes word)
{
    for (size_t i = 0; i < word.size; i++) {
        uint8_t c = word.at[i];
        if (!ascii_letter(c) && !ascii_digit(c) && c != '-' && c != '_') {
            return false;
        }
    }
    return word.size > 0;
}

static bool
read_keyword(struct reader *r, struct bytes *word_r)
{
    struct bytes word = read_word(r, "=./");

    *word_r = bytes_lower(r->arena, word);
    return is_keyword(word);
}

/* A value of a property is read to its end even where it should have been quoted (b= often is not): all but the
 * characters that end it. A quoted local part may stand before "@". */
static bool
read_value(struct reader *r, struct bytes *value_r)
{
    struct bytes quoted = BYTES_NONE, word;

    if (peek(r) == '"') {
        if (!read_quoted(r, &quoted)) {
            return false;
        }
        if (peek(r) != '@') {
            *value_r = quoted;
            return true;
        }
    }
    word = read_word(r, "");
    uint8_t *at = arena_take_bytes(r->arena, quoted.size + word.size);
    if (quoted.size > 0) {
        memcpy(at, quoted.at, quoted.size);
    }
    if (word.size > 0) {
        memcpy(at + quoted.size, word.at, word.size);
    }
    *value_r = bytes_of(at, quoted.size + word.size);
    return value_r->size > 0;
}

static bool
read_version(struct reader *r, uint64_t *version_r)
{
    return bytes_to_number(read_word(r, "="), UINT32_MAX, version_r);
}

/* "reason=value" or "ptype.property=value". */
static bool
read_property(struct reader *r, struct authres_result *result)
{
    struct authres_property p;
    struct bytes word;

    if (!read_keyword(r, &word) || !skip_cfws(r)) {
        return false;
    }
    if (take(r, '=')) {
        if (r->loose && !bytes_is(word, "reason")) {
            return skip_cfws(r) && read_value(r, &word);
        }
        return bytes_is(word, "reason") && result->reason.at == NULL && skip_cfws(r) &&
               read_value(r, &result->reason);
    }
    p.type = word;
    if (!take(r, '.') || !skip_cfws(r) || !read_keyword(r, &p.name) || !skip_cfws(r) ||
        !take(r, '=') || !skip_cfws(r) || !read_value(r, &p.value) ||
        result->property_count == LIMIT_AUTHRES_PROPERTIES) {
        return false;
    }
    size_t count = result->property_count, size = sizeof p;
    /* In steps of 8: fields with few properties are the rule. */
    if (count % 8 == 0) {
        struct authres_property *grown =
            ARENA_NEW_MANY(r->arena, count + 8, struct authres_property);
        if (count > 0) {
            memcpy(grown, result->properties, count * size);
        }
        result->properties = grown;
    }
    result->properties[result->property_count++] = p;
    return true;
}

/* method ["/" version] "=" result, reason and properties, up to ";" or the end. */
static bool
read_result(struct reader *r, struct authres_result *result)
{
    *result = (struct authres_result){.version = 1};
    if (!read_keyword(r, &result->method) || !skip_cfws(r)) {
        return false;
    }
    if (take(r, '/') &&
        !(skip_cfws(r) && read_version(r, &result->version) && skip_cfws(r))) {
        return false;
    }
    if (!take(r, '=') || !skip_cfws(r) || !read_keyword(r, &result->result) ||
        !skip_cfws(r)) {
        return false;
    }
    while (peek(r) != -1 && peek(r) != ';') {
        if (!read_property(r, result) || !skip_cfws(r)) {
            return false;
        }
    }
    return true;
}

static bool
read_id(struct reader *r, struct authres *a)
{
    if (!skip_cfws(r)) {
        return false;
    }
    if (peek(r) == '"') {
        if (!read_quoted(r, &a->authserv_id)) {
            return false;
        }
    } else {
        a->authserv_id = read_word(r, "/=");
    }
    if (a->authserv_id.size == 0 || !skip_cfws(r)) {
        return false;
    }
    if (peek(r) == ';' || peek(r) == -1) {
        return true;
    }
    (void)take(r, '/'); /* the drafts wrote "id/1" */
    return skip_cfws(r) && read_version(r, &a->version) && skip_cfws(r);
}

/* To the next ";" that stands in no comment and no quoted string. */
static void
skip_result(struct reader *r)
{
    while (peek(r) != -1 && peek(r) != ';') {
        if (peek(r) == '"') {
            (void)skip_quoted(r);
        } else if (peek(r) == '(') {
            (void)skip_cfws(r);
        } else {
            r->at++;
        }
    }
}

static enum sk_code
read_all(struct reader *r, struct authres *authres_r)
{
    struct authres_result result;
    bool none = false;

    *authres_r = (struct authres){.version = 1};
    if (!read_id(r, authres_r)) {
        return SK_BAD;
    }
    while (take(r, ';')) {
        if (!skip_cfws(r)) {
            return SK_BAD;
        }
        if (peek(r) == -1 && (none || authres_r->result_count > 0)) {
            return SK_OK; /* a ";" too many at the end is common, and harmless */
        }
        size_t mark = r->at;
        struct bytes word;
        if (authres_r->result_count == 0 && read_keyword(r, &word) &&
            bytes_is(word, "none") && skip_cfws(r) && (peek(r) == -1 || peek(r) == ';')) {
            none = true;
            continue;
        }
        r->at = mark;
        if (none || authres_r->result_count == LIMIT_AUTHRES_RESULTS) {
            return SK_BAD;
        }
        if (!read_result(r, &result)) {
            if (!r->loose) {
                return SK_BAD;
            }
            r->at = mark;
            skip_result(r);
            continue;
        }
        if (authres_r->results == NULL) {
            authres_r->results =
                ARENA_NEW_MANY(r->arena, LIMIT_AUTHRES_RESULTS, struct authres_result);
        }
        authres_r->results[authres_r->result_count++] = result;
    }
    return peek(r) == -1 && (none || authres_r->result_count > 0) ? SK_OK : SK_BAD;
}

enum sk_code
authres_read(struct arena *arena, struct bytes value, struct authres *authres_r)
{
    struct reader r = {.text = value, .arena = arena};

    return read_all(&r, authres_r);
}

void
authres_read_loose(struct arena *arena, struct bytes value, struct authres *authres_r)
{
    struct reader r = {.text = value, .arena = arena, .loose = true};

    (void)read_all(&r, authres_r);
}

bool
authres_split(struct arena *arena, struct bytes value, struct bytes *authserv_id_r,
              struct bytes *results_r)
{
    struct reader r = {.text = value, .arena = arena};
    struct authres a = {.version = 1};
    bool is = read_id(&r, &a);

    *authserv_id_r = is ? a.authserv_id : BYTES_NONE;
    *results_r = is && take(&r, ';') ? bytes_trim(bytes_from(value, r.at)) : BYTES_NONE;
    return is;
}

/* --- forged ones --- */

static struct bytes
without_final_dot(struct bytes name)
{
    return name.size > 0 && name.at[name.size - 1] == '.'
               ? bytes_slice(name, 0, name.size - 1)
               : name;
}

/* All before the first ";", comments, blanks and quoting dropped: what a careless reader may take for the id. false
 * where a comment does not end. */
static bool
squeeze_id(struct arena *arena, struct bytes value, struct bytes *id_r)
{
    struct reader r = {.text = value, .arena = arena};
    uint8_t *at = arena_take_bytes(arena, value.size);
    size_t size = 0;
    bool closed;

    while ((closed = skip_cfws(&r)) && peek(&r) != -1 && peek(&r) != ';') {
        uint8_t c = value.at[r.at++];
        if (c != '"' && c != '\\') {
            at[size++] = c;
        }
    }
    *id_r = bytes_of(at, size);
    return closed;
}

static bool
claims(struct arena *arena, struct bytes value, struct bytes id)
{
    struct reader r = {.text = value, .arena = arena};
    struct authres a = {.version = 1};
    struct bytes squeezed;

    (void)read_id(&r, &a); /* what was read of the id counts, whatever follows */
    if (!squeeze_id(arena, value, &squeezed)) {
        /* Nobody knows where such a comment ends for other readers. */
        return bytes_find_fold(value, id, 0) != BYTES_NOWHERE;
    }
    return bytes_equal_fold(without_final_dot(a.authserv_id), id) ||
           bytes_equal_fold(without_final_dot(squeezed), id);
}

void
authres_forged(struct arena *arena, const struct letter *letter, struct bytes authserv_id,
               struct bytes **forged_r, size_t *count_r)
{
    const struct header *header = &letter->header;
    struct bytes id = without_final_dot(authserv_id);
    struct bytes *forged = NULL;
    size_t count = 0;

    for (size_t i = 0; i < header->field_count; i++) {
        struct bytes whole = header->fields[i].whole;
        if (!bytes_is_fold(canonical_field_name(whole), "authentication-results") ||
            !claims(arena, bytes_slice(canonical_field_value(whole), 0, LIMIT_HEADER_FIELD),
                    id)) {
            continue;
        }
        if (forged == NULL) {
            forged = ARENA_NEW_MANY(arena, header->field_count - i, struct bytes);
        }
        forged[count++] = whole;
    }
    *forged_r = forged;
    *count_r = count;
}
