#define SK_BASE
#include "net/clamd.h"

#include "base/limits.h"
#include "base/writer.h"
#include "net/stream.h"

#define WIRE_MEMORY 1048576
#define CHUNK_MOST                                                                         \
    1048576 /* bytes of one chunk: clamd takes more, others of its kind need not */

/* --- what it answers ---------------------------------------------------------------------------------------------- */

static bool
take_number(struct bytes *line, unsigned *number_r)
{
    unsigned number = 0;
    size_t i = 0;

    while (i < line->size && i < 9 && ascii_digit(line->at[i])) {
        number = number * 10 + (unsigned)(line->at[i++] - '0');
    }
    if (i == 0 || i + 2 > line->size || line->at[i] != ':' || line->at[i + 1] != ' ') {
        return false;
    }
    *number_r = number;
    *line = bytes_from(*line, i + 2);
    return true;
}

static bool
take_end(struct bytes *line, struct bytes end)
{
    if (line->size < end.size ||
        !bytes_equal(bytes_from(*line, line->size - end.size), end)) {
        return false;
    }
    *line = bytes_slice(*line, 0, line->size - end.size);
    return true;
}

enum sk_code
clamd_answer_read(struct bytes input, size_t *used_r, struct clamd_answer *answer_r)
{
    const struct bytes stream = BYTES("stream: ");
    size_t end = bytes_find_byte(bytes_slice(input, 0, LIMIT_CLAMD_LINE), '\0', 0);

    *answer_r = (struct clamd_answer){0};
    *used_r = 0;
    if (end == BYTES_NOWHERE) {
        return input.size < LIMIT_CLAMD_LINE ? SK_MORE : SK_LIMIT;
    }
    *used_r = end + 1;
    struct bytes line = bytes_slice(input, 0, end);
    (void)take_number(&line, &answer_r->number);
    if (take_end(&line, BYTES(" ERROR"))) {
        answer_r->result = CLAMD_ERROR;
        answer_r->name = line;
        return SK_OK;
    }
    if (!bytes_equal(bytes_slice(line, 0, stream.size), stream)) {
        return SK_BAD;
    }
    line = bytes_from(line, stream.size);
    if (bytes_equal(line, BYTES("OK"))) {
        answer_r->result = CLAMD_CLEAN;
        return SK_OK;
    }
    if (!take_end(&line, BYTES(" FOUND")) || line.size == 0) {
        return SK_BAD;
    }
    answer_r->result = CLAMD_FOUND;
    answer_r->name = line;
    return SK_OK;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

struct clamd {
    struct arena *arena;
    struct arena wire; /* of the stream, so that nothing is taken from the caller's later */
    uint8_t *names;    /* LIMIT_CLAMD_NAME bytes for each piece */
    struct event_base *base;
    struct stream *stream;
    struct clamd_piece *pieces;
    size_t count, answered;
    struct bytes version; /* of clamd_version: the answer */
    bool asks_version, over;
    struct loop_task timer, later;
    void (*done)(void *context);
    void *context;
};

static void
clamd_close(void *context)
{
    struct clamd *c = context;

    loop_task_cancel(&c->timer);
    loop_task_cancel(&c->later);
    if (c->stream != NULL) {
        stream_close(c->stream);
        c->stream = NULL;
    }
    arena_release(&c->wire);
}

static void
clamd_done(void *context)
{
    struct clamd *c = context;

    clamd_close(c);
    c->done(c->context);
}

/* Nothing more is heard; done is called from the loop. */
static void
clamd_over(struct clamd *c)
{
    if (!c->over) {
        c->over = true;
        loop_task_soon(&c->later);
    }
}

static void
clamd_late(void *context)
{
    clamd_over(context);
}

/* A name for people: printable, and not long. */
static struct bytes
clean_name(uint8_t *at, struct bytes name)
{
    name = bytes_slice(name, 0, LIMIT_CLAMD_NAME);
    for (size_t i = 0; i < name.size; i++) {
        at[i] = name.at[i] > ' ' && name.at[i] < 0x7f ? name.at[i] : '?';
    }
    return bytes_of(at, name.size);
}

/* false: it breaks the rules. */
static bool
clamd_hear(struct clamd *c, const struct clamd_answer *answer)
{
    if (answer->number == 0 || answer->number > c->count ||
        c->pieces[answer->number - 1].result != CLAMD_UNKNOWN) {
        return false;
    }
    struct clamd_piece *piece = &c->pieces[answer->number - 1];
    piece->result = answer->result;
    if (answer->result == CLAMD_FOUND) {
        piece->name = clean_name(c->names + (answer->number - 1) * (size_t)LIMIT_CLAMD_NAME,
                                 answer->name);
    }
    return true;
}

static void
hear_version(struct clamd *c)
{
    struct bytes input = stream_input(c->stream);
    size_t end = bytes_find_byte(bytes_slice(input, 0, LIMIT_CLAMD_LINE), '\0', 0);

    if (end != BYTES_NOWHERE) {
        c->version = bytes_copy(c->arena, bytes_slice(input, 0, end));
    }
    if (end != BYTES_NOWHERE || input.size >= LIMIT_CLAMD_LINE) {
        clamd_over(c);
    }
}

static void
clamd_input(void *context)
{
    struct clamd *c = context;

    while (!c->over && !c->asks_version) {
        struct clamd_answer answer;
        size_t used;
        enum sk_code code = clamd_answer_read(stream_input(c->stream), &used, &answer);
        if (code == SK_MORE) {
            break;
        }
        if (code != SK_OK || !clamd_hear(c, &answer)) {
            clamd_over(c);
            break;
        }
        stream_consume(c->stream, used);
        if (++c->answered == c->count) {
            stream_send(c->stream, BYTES("zEND\0"));
            clamd_over(c);
        }
    }
    if (!c->over && c->asks_version) {
        hear_version(c);
    }
}

static void
send_piece(struct clamd *c, struct bytes content)
{
    stream_send(c->stream, BYTES("zINSTREAM\0"));
    for (size_t at = 0; at <= content.size;) {
        struct bytes chunk = bytes_slice(content, at, at + CHUNK_MOST);
        const uint8_t head[4] = {(uint8_t)(chunk.size >> 24), (uint8_t)(chunk.size >> 16),
                                 (uint8_t)(chunk.size >> 8), (uint8_t)chunk.size};
        stream_send(c->stream, bytes_of(head, sizeof head));
        if (chunk.size == 0) {
            break; /* the empty one ends it */
        }
        stream_send_view(c->stream, chunk);
        at += chunk.size;
    }
}

static void
clamd_opened(void *context)
{
    struct clamd *c = context;

    if (c->over) {
        return;
    }
    if (c->asks_version) {
        stream_send(c->stream, BYTES("zVERSION\0"));
        return;
    }
    stream_send(c->stream, BYTES("zIDSESSION\0"));
    for (size_t i = 0; i < c->count; i++) {
        send_piece(c, c->pieces[i].content);
    }
}

static void
clamd_closed(void *context, enum stream_end end)
{
    struct clamd *c = context;

    clamd_input(c); /* its last words count */
    clamd_over(c);
}

static const struct stream_callbacks clamd_calls = {clamd_opened, clamd_input, NULL,
                                                    clamd_closed};

/* All that comes of the caller's arena, under whose guard this may run, is taken before there is a descriptor. */
static void
clamd_begin(struct clamd *c, const struct net_endpoint *endpoint, int64_t time_ms)
{
    struct why why;

    loop_task_init(&c->timer, c->base, clamd_late, c);
    loop_task_init(&c->later, c->base, clamd_done, c);
    c->names = arena_take_bytes(c->arena, c->count * LIMIT_CLAMD_NAME);
    arena_defer(c->arena, clamd_close, c);
    arena_init(&c->wire, WIRE_MEMORY);
    loop_task_after(&c->timer, time_ms);
    if (stream_connect(&c->wire, c->base, endpoint, &clamd_calls, c, &c->stream, &why) !=
        SK_OK) {
        c->stream = NULL;
        clamd_over(c);
    } else {
        stream_deadline(c->stream, time_ms);
    }
}

void
clamd_scan(struct arena *arena, struct event_base *base,
           const struct net_endpoint *endpoint, int64_t time_ms, struct clamd_piece *pieces,
           size_t count, void (*done)(void *context), void *context)
{
    struct clamd *c = ARENA_NEW(arena, struct clamd);

    SK_ASSERT(count > 0 && count <= LIMIT_CLAMD_PIECES);
    *c = (struct clamd){.arena = arena,
                        .base = base,
                        .pieces = pieces,
                        .count = count,
                        .done = done,
                        .context = context};
    for (size_t i = 0; i < count; i++) {
        pieces[i].result = CLAMD_UNKNOWN;
        pieces[i].name = BYTES_NONE;
    }
    clamd_begin(c, endpoint, time_ms);
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static void
end_loop(void *context)
{
    event_base_loopbreak(context);
}

enum sk_code
clamd_scan_now(struct arena *arena, const struct net_endpoint *endpoint, int64_t time_ms,
               struct clamd_piece *pieces, size_t count, struct why *why)
{
    struct event_base *base = loop_open(why);
    struct arena own;

    if (base == NULL) {
        return SK_SYSTEM;
    }
    arena_init(&own, 4u << 20);
    clamd_scan(&own, base, endpoint, time_ms, pieces, count, end_loop, base);
    event_base_dispatch(base);
    for (size_t i = 0; i < count; i++) {
        jmp_buf guard;
        if (setjmp(guard) != 0) {
            pieces[i].name = BYTES("?"); /* no room for its name */
            continue;
        }
        arena_guard(arena, &guard);
        pieces[i].name = bytes_copy(arena, pieces[i].name);
        arena_guard(arena, NULL);
    }
    arena_release(&own);
    event_base_free(base);
    return SK_OK;
}

enum sk_code
clamd_version(struct arena *arena, const struct net_endpoint *endpoint, int64_t time_ms,
              struct bytes *version_r, struct why *why)
{
    struct event_base *base = loop_open(why);
    struct arena own;
    struct clamd c = {.arena = &own, .base = base, .asks_version = true};

    if (base == NULL) {
        return SK_SYSTEM;
    }
    arena_init(&own, 1u << 20);
    c.done = end_loop;
    c.context = base;
    clamd_begin(&c, endpoint, time_ms);
    event_base_dispatch(base);
    *version_r = bytes_copy(arena, c.version);
    arena_release(&own);
    event_base_free(base);
    return version_r->size > 0 ? SK_OK : why_set(why, SK_LATER, "clamd does not answer");
}
