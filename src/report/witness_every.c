#include "report/witness_every.h"

#include <fcntl.h>
#include <unistd.h>

#include <event2/dns.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "report/witness_round.h"

#define FIRST_MS    5000
#define ROUND_ARENA ((size_t)16 << 20)

struct witness_every {
    struct witness_place place;
    struct witness_peer *peers;
    bool *away; /* of each: told in the log */
    size_t count;
    int64_t every_ms;
    bool (*ask)(void *context, struct bytes request);
    void *context;
    struct loop_task next, end;
    struct arena arena; /* of the round */
    struct witness_round *round;
};

static void
on_end(void *context)
{
    struct witness_every *every = context;

    if (every->round != NULL) {
        witness_round_close(every->round);
        every->round = NULL;
    }
    arena_release(&every->arena);
    loop_task_after(&every->next, every->every_ms);
}

static void
keep(struct witness_every *every, struct bytes note)
{
    struct writer w;
    struct json j;

    writer_init(&w, &every->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "ledger.cosigned");
    json_put_text(&j, "by", "clerk");
    json_put_string(&j, "note", note);
    json_close(&j);
    if (!every->ask(every->context, writer_view(&w))) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "cosignatures could not be kept: the keeper is away");
    }
}

static void
on_done(void *context, struct bytes note, const struct witness_told *told, size_t count)
{
    struct witness_every *every = context;
    bool any_away = false;

    for (size_t i = 0; i < count; i++) {
        bool away = !told[i].cosigned;
        if (away && !every->away[i]) {
            log_line(LOG_LEVEL_WARNING, NULL, "the witness %.*s has not cosigned: %s",
                     BYTES_ARGUMENTS(told[i].name), told[i].words);
        } else if (!away && every->away[i]) {
            log_line(LOG_LEVEL_NOTICE, NULL, "the witness %.*s cosigns again",
                     BYTES_ARGUMENTS(told[i].name));
        }
        every->away[i] = away;
        any_away = any_away || away;
    }
    every->place.turn += any_away; /* perhaps another of its addresses answers */
    if (note.size > 0) {
        keep(every, note);
    }
    loop_task_soon(&every->end);
}

static void
on_next(void *context)
{
    struct witness_every *every = context;
    struct why why;

    arena_init(&every->arena, ROUND_ARENA);
    if (witness_round_start(&every->arena, &every->place, every->peers, every->count,
                            on_done, every, &every->round, &why) != SK_OK) {
        log_line(LOG_LEVEL_WARNING, NULL, "no round to the witnesses: %s", why.sentence);
        loop_task_soon(&every->end);
    }
}

enum sk_code
witness_every_open(struct arena *arena, struct event_base *base,
                   const struct config *config, const struct tls_context *tls,
                   bool (*ask)(void *context, struct bytes request), void *context,
                   struct witness_every **every_r, struct why *why)
{
    struct witness_every *every = ARENA_NEW(arena, struct witness_every);

    *every_r = every;
    *every = (struct witness_every){
        .place = {.post = {.arena = arena, .base = base, .tls = tls}, .folder = -1},
        .every_ms = config_number(config, "record.witness_every"),
        .ask = ask,
        .context = context};
    enum sk_code code = witness_peers(arena, config, &every->peers, &every->count, why);
    if (code != SK_OK || every->count == 0) {
        return code;
    }
    every->away = ARENA_NEW_MANY(arena, every->count, bool);
    every->place.folder = open(bytes_text(arena, config_text(config, "record.folder")),
                               O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (every->place.folder < 0) {
        return why_set(why, SK_SYSTEM, "cannot open the record's folder");
    }
    /* Without it only addresses are reached, which is told of each. */
    (void)!post_names_open(arena, base, config, &every->place.post.dns, why);
    arena_init(&every->arena, ROUND_ARENA);
    loop_task_init(&every->next, base, on_next, every);
    loop_task_init(&every->end, base, on_end, every);
    loop_task_after(&every->next, every->every_ms < FIRST_MS ? every->every_ms : FIRST_MS);
    return SK_OK;
}

void
witness_every_close(struct witness_every *every)
{
    if (every->count == 0) {
        return;
    }
    loop_task_cancel(&every->next);
    loop_task_cancel(&every->end);
    if (every->round != NULL) {
        witness_round_close(every->round);
    }
    arena_release(&every->arena);
    if (every->place.post.dns != NULL) {
        evdns_base_free(every->place.post.dns, 0);
    }
    if (every->place.folder >= 0) {
        close(every->place.folder);
    }
}
