/* How answers are read: in whatever pieces they come, and at each bound. */
#include "report/post_answer.h"

#include "base/limits.h"
#include "base/tap.h"

static struct arena arena;

struct outcome {
    enum sk_code code;
    unsigned status;
    struct bytes body;
};

/* ended: SK_MORE means that the connection closed there. */
static struct outcome
outcome_of(struct bytes input, size_t piece)
{
    struct post_answer answer;
    enum sk_code code = SK_MORE;
    size_t at = 0, seen = 0, used;

    post_answer_init(&answer, &arena);
    while (code == SK_MORE && seen < input.size) {
        seen = input.size - seen < piece ? input.size : seen + piece;
        code = post_answer_read(&answer, bytes_slice(input, at, seen), &used);
        at += used;
    }
    if (code == SK_MORE && post_answer_end(&answer) == SK_OK) {
        code = SK_OK;
    }
    return (struct outcome){code, answer.status, writer_view(&answer.body)};
}

static void
test_status(void)
{
    static const struct {
        const char *input;
        enum sk_code code;
        unsigned status;
    } answers[] = {
        {"HTTP/1.1 200 OK\r\n", SK_OK, 200},     {"HTTP/1.0 204\r\n", SK_OK, 204},
        {"HTTP/1.1 599 x\n", SK_OK, 599},        {"HTTP/1.1 600 x\r\n", SK_BAD, 0},
        {"HTTP/1.1 099 x\r\n", SK_BAD, 0},       {"HTTP/2 200\r\n", SK_BAD, 0},
        {"HTTP/1.1 2000\r\n", SK_BAD, 0},        {"HTTP/1.1  200\r\n", SK_BAD, 0},
        {"HTTP/1.1 200 OK", SK_MORE, 0},         {"", SK_MORE, 0},
        {"220 mx.example ESMTP\r\n", SK_BAD, 0}, {"\r\n", SK_BAD, 0},
    };
    unsigned status;

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        status = 0;
        tap_ok(post_status_read(bytes_from_text(answers[i].input), &status) ==
                       answers[i].code &&
                   status == answers[i].status,
               "answer %zu", i);
    }
    uint8_t *much = arena_take(&arena, LIMIT_POST_LINE);
    memset(much, 'x', LIMIT_POST_LINE);
    tap_ok(post_status_read(bytes_of(much, LIMIT_POST_LINE - 1), &status) == SK_MORE,
           "an answer just below the bound");
    tap_ok(post_status_read(bytes_of(much, LIMIT_POST_LINE), &status) == SK_LIMIT,
           "and at it");
}

#define OK "HTTP/1.1 200 OK\r\n"

static void
test_answers(void)
{
    static const struct {
        const char *input;
        enum sk_code code; /* after the connection has ended */
        unsigned status;
        const char *body;
    } rows[] = {
        {OK "Content-Length: 5\r\n\r\nwords", SK_OK, 200, "words"},
        {OK "content-length:5\r\n\r\nwords and more", SK_OK, 200, "words"},
        {OK "Content-Length: 0\r\n\r\n", SK_OK, 200, ""},
        {OK "Content-Length: 6\r\n\r\nwords", SK_BAD, 200, NULL},
        {OK "Content-Length: -1\r\n\r\nwords", SK_BAD, 200, NULL},
        {OK "Content-Length: +1\r\n\r\nwords", SK_BAD, 200, NULL},
        {OK "Content-Length: 5, 5\r\n\r\nwords", SK_BAD, 200, NULL},
        {OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nwords", SK_BAD, 200, NULL},
        {OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", SK_BAD, 200,
         NULL},
        {OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", SK_BAD, 200,
         NULL},
        {OK "Transfer-Encoding: gzip\r\n\r\n", SK_BAD, 200, NULL},
        {OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", SK_BAD, 200, NULL},
        {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", SK_BAD, 200,
         NULL},
        {OK "Transfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n2\r\nds\r\n0\r\n\r\n", SK_OK,
         200, "words"},
        {OK "transfer-encoding: Chunked\r\n\r\n5;x=y\r\nwords\r\n0\r\nA: b\r\n\r\n", SK_OK,
         200, "words"},
        {OK "Transfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n", SK_BAD, 200, NULL},
        {OK "Transfer-Encoding: chunked\r\n\r\nx\r\n", SK_BAD, 200, NULL},
        {OK "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", SK_LIMIT, 200, NULL},
        {"HTTP/1.1 409 Conflict\r\n\r\n17\n", SK_OK, 409, "17\n"},
        {"HTTP/1.1 409 Conflict\nA: b\n\n17\n", SK_OK, 409, "17\n"},
        {OK "\r\n", SK_OK, 200, ""},
        {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nwords", SK_OK, 204, ""},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
         SK_OK, 302, ""},
        {"HTTP/1.1 100 Continue\r\n\r\n" OK "\r\n", SK_BAD, 100, NULL},
        {"HTTP/1.1 101 Upgrade\r\n\r\n", SK_BAD, 101, NULL},
        {OK "A: b\r\n folded\r\n\r\n", SK_BAD, 200, NULL},
        {OK "A : b\r\n\r\n", SK_BAD, 200, NULL},
        {OK ": b\r\n\r\n", SK_BAD, 200, NULL},
        {OK "no colon\r\n\r\n", SK_BAD, 200, NULL},
        {OK "A: b\x01\r\n\r\n", SK_BAD, 200, NULL},
        {OK "A: b\rc\r\n\r\n", SK_BAD, 200, NULL},
        {OK "A: b\r\n", SK_BAD, 200, NULL},
        {"SSH-2.0-x\r\n\r\n", SK_BAD, 0, NULL},
        {"x", SK_BAD, 0, NULL},
        {"", SK_BAD, 0, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes input = bytes_from_text(rows[i].input);
        for (size_t piece = 1; piece < 1000; piece *= 7) {
            struct outcome o = outcome_of(input, piece);
            enum sk_code code = o.code == SK_MORE ? SK_BAD : o.code;
            tap_ok(code == rows[i].code && o.status == rows[i].status &&
                       (rows[i].body == NULL || bytes_is(o.body, rows[i].body)),
                   "answer %zu in pieces of %zu: %u", i, piece, o.status);
        }
    }
}

/* start, then so many bytes of 'x', then end. */
static struct bytes
filled(const char *start, size_t size, const char *end)
{
    size_t before = strlen(start), after = strlen(end);
    uint8_t *at = arena_take_bytes(&arena, before + size + after);

    memcpy(at, start, before);
    memset(at + before, 'x', size);
    memcpy(at + before + size, end, after);
    return bytes_of(at, before + size + after);
}

static void
bound(struct bytes at, struct bytes past, const char *name)
{
    static const size_t pieces[] = {1021, 65536, SIZE_MAX};

    for (size_t i = 0; i < 3; i++) {
        size_t piece = pieces[i] < at.size ? pieces[i] : past.size;
        struct outcome well = outcome_of(at, piece), ill = outcome_of(past, piece);
        tap_ok(well.code == SK_OK && well.status == 200, "%s: at the bound (pieces %zu)",
               name, i);
        tap_ok(ill.code == SK_LIMIT, "%s: one past it is no answer (pieces %zu)", name, i);
    }
}

static void
test_bounds(void)
{
    char start[200];
    struct writer w;

    bound(filled("HTTP/1.1 200 ", LIMIT_POST_LINE - 15, "\r\n\r\n"),
          filled("HTTP/1.1 200 ", LIMIT_POST_LINE - 14, "\r\n\r\n"), "the first line");
    bound(filled(OK "A: ", LIMIT_POST_LINE - 5, "\r\n\r\n"),
          filled(OK "A: ", LIMIT_POST_LINE - 4, "\r\n\r\n"), "a field");
    /* A head of fields of 1,024 bytes, whose last one makes it as long as wanted: 17 of the first line, 2 of the last. */
    for (size_t more = 0; more < 2; more++) {
        struct bytes field = filled("A: ", 1024 - 5, "\r\n");
        writer_init(&w, &arena);
        writer_text(&w, OK);
        while (w.size + 2 * field.size + 2 <= LIMIT_POST_HEAD) {
            writer_bytes(&w, field);
        }
        writer_bytes(&w, filled("A: ", LIMIT_POST_HEAD - w.size - 2 - 5 + more, "\r\n"));
        writer_text(&w, "\r\n");
        SK_ASSERT(w.size == LIMIT_POST_HEAD + more);
        tap_ok(outcome_of(writer_view(&w), 1000).code == (more ? SK_LIMIT : SK_OK) &&
                   outcome_of(writer_view(&w), w.size).code == (more ? SK_LIMIT : SK_OK),
               "the head: %zu past the bound", more);
    }
    bound(filled(OK "Content-Length: 262144\r\n\r\n", LIMIT_POST_BODY, ""),
          filled(OK "Content-Length: 262145\r\n\r\n", LIMIT_POST_BODY + 1, ""),
          "a body with its length");
    bound(filled(OK "\r\n", LIMIT_POST_BODY, ""),
          filled(OK "\r\n", LIMIT_POST_BODY + 1, ""),
          "a body to the end of the connection");
    snprintf(start, sizeof start, OK "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n%x\r\n",
             LIMIT_POST_BODY - 1);
    struct bytes at = filled(start, LIMIT_POST_BODY - 1, "\r\n0\r\n\r\n");
    snprintf(start, sizeof start, OK "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n%x\r\n",
             LIMIT_POST_BODY);
    bound(at, filled(start, LIMIT_POST_BODY, "\r\n0\r\n\r\n"), "a body in chunks");
    tap_ok(outcome_of(at, 1000).body.size == LIMIT_POST_BODY, "and it is there whole");
    tap_ok(outcome_of(filled(OK "Content-Length: 262145\r\n\r\n", 0, ""), 7).code ==
               SK_LIMIT,
           "a length past the bound is told before the body comes");
}

int
main(void)
{
    arena_init(&arena, (size_t)256 << 20);
    test_status();
    test_answers();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
