/* `sekisho ledger witness`: shows the checkpoint to the witnesses now, and keeps what they cosign. */
#define SK_BASE
#include "sekisho/ledger_command.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include <event2/dns.h>

#include "base/json.h"
#include "net/loop.h"
#include "record/witness.h"
#include "report/witness_round.h"
#include "sekisho/ask.h"

struct ended {
    struct event_base *base;
    struct bytes note;
    const struct witness_told *told;
    size_t count;
};

static void
round_done(void *context, struct bytes note, const struct witness_told *told, size_t count)
{
    struct ended *ended = context;

    *ended = (struct ended){ended->base, note, told, count};
    event_base_loopbreak(ended->base);
}

static enum sk_code
keep(const struct ledger_call *call, struct bytes note, struct why *why)
{
    struct bytes reply;
    struct writer w;
    struct json j;

    writer_init(&w, call->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "ledger.cosigned");
    json_put_string(&j, "note", note);
    json_close(&j);
    return ask_keeper(call->arena, call->config, writer_view(&w), &reply, why);
}

static void
print_told(const struct ledger_call *call, const struct ended *ended)
{
    for (size_t i = 0; i < ended->count; i++) {
        struct writer w;
        writer_init(&w, call->arena);
        writer_clean(&w, ended->told[i].name, 200);
        writer_text(&w, ended->told[i].cosigned
                            ? (call->japanese ? ": 連署しました" : ": cosigned")
                            : (call->japanese ? ": 連署なし: " : ": not cosigned: "));
        writer_clean(&w, bytes_from_text(ended->told[i].words), 200);
        printf("%s\n", writer_c(&w));
    }
}

static int
run_round(const struct ledger_call *call, struct witness_place *place,
          const struct witness_peer *peers, size_t count)
{
    struct ended ended = {.base = place->post.base};
    struct witness_round *round;
    struct why why;
    size_t good = 0;

    enum sk_code code = witness_round_start(call->arena, place, peers, count, round_done,
                                            &ended, &round, &why);
    if (code == SK_OK) {
        event_base_dispatch(place->post.base);
        witness_round_close(round);
        print_told(call, &ended);
        if (ended.note.size > 0) {
            code = keep(call, ended.note, &why);
        }
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_UNAVAILABLE;
    }
    for (size_t i = 0; i < ended.count; i++) {
        good += ended.told[i].cosigned;
    }
    return good == count ? EXIT_OK : EXIT_UNAVAILABLE;
}

int
ledger_witness_command(const struct ledger_call *call)
{
    struct witness_place place = {.post = {.arena = call->arena}, .folder = -1};
    struct witness_peer *peers;
    struct why why;
    size_t count;

    enum sk_code code = witness_peers(call->arena, call->config, &peers, &count, &why);
    if (code == SK_OK && count == 0) {
        code =
            why_set(&why, SK_CONFIG,
                    "no witness is configured; add a section [witness NAME] with url and "
                    "vkey");
    }
    if (code == SK_OK) {
        code = witness_round_tls(call->arena, call->config, &place.post.tls, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_CONFIG;
    }
    place.folder = open(call->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place.post.base = loop_open(&why);
    if (place.folder < 0 || place.post.base == NULL) {
        fprintf(stderr, "sekisho: cannot open %s\n", call->folder);
        return EXIT_NO_INPUT;
    }
    /* Without it only addresses are reached, which is told of each. */
    (void)!post_names_open(call->arena, place.post.base, call->config, &place.post.dns,
                           &why);
    int status = run_round(call, &place, peers, count);
    if (place.post.dns != NULL) {
        evdns_base_free(place.post.dns, 0);
    }
    event_base_free(place.post.base);
    close(place.folder);
    return status;
}
