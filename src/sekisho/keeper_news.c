#include "sekisho/keeper_news.h"

#include "base/limits.h"
#include "net/loop.h"
#include "sekisho/wire.h"

#define TELL_MS 100
#define ROOM    ((size_t)1 << 20) /* that is kept */

struct keeper_news {
    struct frame_link *clerk;
    struct keeping_figures *figures;
    struct arena arena;
    struct writer messages; /* each an object behind its size */
    struct loop_task tell;
    bool soon;
};

static bool
follows(struct keeper_news *news)
{
    if (news->clerk == NULL) {
        return false;
    }
    bool is = frame_queued(news->clerk) + news->messages.size <= LIMIT_EVENTS_QUEUED;
    news->figures->events_dropped += !is;
    return is;
}

static void
tell_one(struct keeper_news *news, struct bytes json)
{
    uint64_t size = json.size;

    frame_send(news->clerk, WIRE_EVENT, 0,
               (struct bytes[]){bytes_of(&size, sizeof size), json}, 2);
}

static void
tell(void *context)
{
    struct keeper_news *news = context;
    struct frame_reader r = {.rest = writer_view(&news->messages)};

    news->soon = false;
    while (news->clerk != NULL && r.rest.size > 0) {
        tell_one(news, frame_get_bytes(&r));
    }
    writer_clear(&news->messages);
    if (news->messages.room > ROOM) {
        arena_release(&news->arena);
        writer_init(&news->messages, &news->arena);
    }
}

struct keeper_news *
keeper_news_open(struct arena *arena, struct event_base *base,
                 struct keeping_figures *figures)
{
    struct keeper_news *news = ARENA_NEW(arena, struct keeper_news);

    news->figures = figures;
    arena_init(&news->arena, 4 * (size_t)LIMIT_EVENTS_QUEUED);
    writer_init(&news->messages, &news->arena);
    loop_task_init(&news->tell, base, tell, news);
    return news;
}

void
keeper_news_clerk(struct keeper_news *news, struct frame_link *clerk)
{
    news->clerk = clerk;
}

void
keeper_news_event(struct keeper_news *news, struct bytes json)
{
    if (follows(news)) {
        tell_one(news, json);
    }
}

void
keeper_news_message(struct keeper_news *news, const struct rows_event *event)
{
    struct writer *w = &news->messages;
    struct json j;
    size_t at = w->size;

    if (!follows(news)) {
        return;
    }
    frame_put_number(w, 0); /* its size, known at the end */
    json_init(&j, w);
    json_open(&j, '{');
    json_put_text(&j, "kind", "message");
    json_put_string(&j, "id", event->id);
    json_put_number(&j, "time", event->time_ms);
    json_put_string(&j, "action", event->action);
    json_put_string(&j, "category", event->category);
    json_put_real(&j, "unwanted", event->unwanted, 4);
    json_put_string(&j, "from", event->sender);
    json_put_string(&j, "to", event->recipients);
    json_put_string(&j, "client", event->client);
    json_put_string(&j, "threat", event->threat);
    json_put_number(&j, "size", event->size);
    json_close(&j);
    uint64_t size = w->size - at - sizeof size;
    memcpy(w->at + at, &size, sizeof size);
    if (!news->soon) {
        news->soon = true;
        loop_task_after(&news->tell, TELL_MS);
    }
}

void
keeper_news_close(struct keeper_news *news)
{
    loop_task_cancel(&news->tell);
    arena_release(&news->arena);
}
