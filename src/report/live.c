#include "report/live.h"

#include "base/writer.h"
#include "report/web.h"

#define ROUND ((size_t)LIMIT_CLERK_EVENTS)

struct live_kept {
    uint64_t number;
    unsigned sees;
    const char *type;
    struct bytes json;
};

struct live_reader {
    uint64_t call; /* 0: free */
    uint64_t joined;
    enum account_role role;
    char session_id[SESSION_ID_SIZE + 1];
};

struct live {
    struct web *web;
    struct live_reader readers[LIMIT_CLERK_STREAMS];
    uint64_t next, joins;
    /* Two arenas in turn: when the younger half is full, the older one goes. */
    struct arena halves[2];
    struct live_kept *kept[2];
    size_t counts[2];
    unsigned young;
};

static void
half_begin(struct live *live, unsigned half)
{
    arena_release(&live->halves[half]);
    arena_init(&live->halves[half], (size_t)256 << 20);
    live->kept[half] = ARENA_NEW_MANY(&live->halves[half], ROUND, struct live_kept);
    live->counts[half] = 0;
}

static void
halves_release(void *it)
{
    struct live *live = it;

    arena_release(&live->halves[0]);
    arena_release(&live->halves[1]);
}

struct live *
live_new(struct arena *arena, struct web *web, uint64_t first_number)
{
    struct live *live = ARENA_NEW(arena, struct live);

    live->web = web;
    live->next = first_number;
    half_begin(live, 0);
    half_begin(live, 1);
    arena_defer(arena, halves_release, live);
    return live;
}

static void
write_event(struct writer *w, const struct live_kept *event)
{
    writer_format(w, "id: %llu\nevent: %s\ndata: ", (unsigned long long)event->number,
                  event->type);
    writer_bytes(w, event->json);
    writer_text(w, "\n\n");
}

static void
reader_send(struct live *live, struct live_reader *reader, struct bytes bytes)
{
    if (reader->call != 0 && !web_stream_send(live->web, reader->call, bytes)) {
        reader->call = 0;
    }
}

void
live_event(struct live *live, const char *type, struct bytes json, unsigned sees)
{
    struct arena scratch;
    struct writer w;

    /* A line end would end the event: there is none in compact JSON, and one that has it is not shown. */
    if (json.size > LIMIT_CLERK_EVENT || bytes_find_byte(json, '\n', 0) != BYTES_NOWHERE ||
        bytes_find_byte(json, '\r', 0) != BYTES_NOWHERE) {
        return;
    }
    if (live->counts[live->young] == ROUND) {
        live->young ^= 1;
        half_begin(live, live->young);
    }
    struct live_kept *kept = &live->kept[live->young][live->counts[live->young]++];
    *kept = (struct live_kept){live->next++, sees, type,
                               bytes_copy(&live->halves[live->young], json)};
    if (live_count(live) == 0) {
        return;
    }
    arena_init(&scratch, (size_t)1 << 20);
    writer_init(&w, &scratch);
    write_event(&w, kept);
    for (size_t i = 0; i < LIMIT_CLERK_STREAMS; i++) {
        if ((sees & LIVE_SEES(live->readers[i].role)) != 0) {
            reader_send(live, &live->readers[i], writer_view(&w));
        }
    }
    arena_release(&scratch);
}

bool
live_room(const struct live *live)
{
    return live_count(live) < LIMIT_CLERK_STREAMS;
}

/* The number before the last LIVE_RECENT events that the role may see. */
static uint64_t
before_recent(const struct live *live, enum account_role role)
{
    size_t count = 0;
    uint64_t before = live->next - 1;

    for (unsigned turn = 0; turn < 2; turn++) {
        unsigned half = live->young ^ turn;
        for (size_t i = live->counts[half]; i-- > 0 && count < LIVE_RECENT;) {
            if ((live->kept[half][i].sees & LIVE_SEES(role)) != 0) {
                count++;
                before = live->kept[half][i].number - 1;
            }
        }
    }
    return before;
}

/* What a reader missed since `last`, as far as it fits what one may have waiting. */
static void
send_missed(struct live *live, struct live_reader *reader, uint64_t last)
{
    struct arena scratch;
    struct writer w;
    bool all = last + 1 >= live->next;
    size_t sent = 0;

    arena_init(&scratch, (size_t)4 << 20);
    for (unsigned turn = 0; turn < 2 && reader->call != 0; turn++) {
        unsigned half = live->young ^ 1 ^ turn;
        for (size_t i = 0; i < live->counts[half] && reader->call != 0; i++) {
            const struct live_kept *kept = &live->kept[half][i];
            all = all || kept->number == last + 1;
            if (kept->number <= last || (kept->sees & LIVE_SEES(reader->role)) == 0) {
                continue;
            }
            if (sent + kept->json.size + 100 > LIMIT_CLERK_QUEUE / 2) {
                all = false;
                break;
            }
            writer_init(&w, &scratch);
            write_event(&w, kept);
            sent += w.size;
            reader_send(live, reader, writer_view(&w));
            arena_release(&scratch);
        }
    }
    if (!all) {
        reader_send(live, reader, BYTES("event: missed\ndata: {}\n\n"));
    }
    arena_release(&scratch);
}

void
live_join(struct live *live, uint64_t call, enum account_role role, const char *session_id,
          struct bytes last, bool recent)
{
    struct live_reader *place = NULL, *oldest = NULL;
    size_t own = 0;
    uint64_t number;

    for (size_t i = 0; i < LIMIT_CLERK_STREAMS; i++) {
        struct live_reader *reader = &live->readers[i];
        if (reader->call == 0) {
            place = reader;
        } else if (strcmp(reader->session_id, session_id) == 0) {
            own++;
            oldest = oldest == NULL || reader->joined < oldest->joined ? reader : oldest;
        }
    }
    if (own >= LIMIT_CLERK_STREAMS_SESSION) {
        web_stream_end(live->web, oldest->call); /* live_left makes its place free */
        oldest->call = 0;
        place = oldest;
    }
    SK_ASSERT(place != NULL);
    *place = (struct live_reader){.call = call, .joined = ++live->joins, .role = role};
    memcpy(place->session_id, session_id, sizeof place->session_id);
    reader_send(live, place, BYTES("retry: 2000\n\n"));
    if (bytes_to_number(last, INT64_MAX, &number)) {
        send_missed(live, place, number);
    } else if (recent) {
        send_missed(live, place, before_recent(live, role));
    }
}

void
live_left(struct live *live, uint64_t call)
{
    for (size_t i = 0; i < LIMIT_CLERK_STREAMS; i++) {
        if (live->readers[i].call == call) {
            live->readers[i].call = 0;
        }
    }
}

void
live_end_session(struct live *live, const char *session_id)
{
    for (size_t i = 0; i < LIMIT_CLERK_STREAMS; i++) {
        struct live_reader *reader = &live->readers[i];
        if (reader->call != 0 &&
            (session_id == NULL || strcmp(reader->session_id, session_id) == 0)) {
            web_stream_end(live->web, reader->call);
            reader->call = 0;
        }
    }
}

void
live_beat(struct live *live, bool (*keep)(void *context, const char *session_id),
          void *context)
{
    for (size_t i = 0; i < LIMIT_CLERK_STREAMS; i++) {
        struct live_reader *reader = &live->readers[i];
        if (reader->call != 0 && !keep(context, reader->session_id)) {
            web_stream_end(live->web, reader->call);
            reader->call = 0;
        } else {
            reader_send(live, reader, BYTES(": beat\n\n"));
        }
    }
}

size_t
live_count(const struct live *live)
{
    size_t count = 0;

    for (size_t i = 0; i < LIMIT_CLERK_STREAMS; i++) {
        count += live->readers[i].call != 0;
    }
    return count;
}
