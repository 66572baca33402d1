#include "report/witness_round.h"

#include "base/limits.h"
#include "record/ledger.h"

struct asked {
    struct witness_round *round;
    const struct witness_peer *peer;
    struct witness_told *told;
    struct post *post;
    struct loop_task failing;
    char failure[200];
    uint64_t size; /* that the witness has seen, as far as we know */
    int tries;
};

struct witness_round {
    struct arena *arena;
    struct witness_place *place;
    struct asked *asked;
    struct witness_told *told;
    size_t count, open;
    struct bytes plain, note; /* the checkpoint as it was, and with what came */
    bool cosigned;
    witness_round_done *done;
    void *context;
};

static void ask(struct asked *asked);

static void
ended(struct asked *asked, const char *words)
{
    struct witness_round *round = asked->round;

    snprintf(asked->told->words, sizeof asked->told->words, "%.*s",
             (int)sizeof asked->told->words - 1, words);
    if (--round->open == 0) {
        round->done(round->context, round->cosigned ? round->note : BYTES_NONE, round->told,
                    round->count);
    }
}

/* The size that a witness of another mind tells. */
static bool
conflict_size(struct bytes body, uint64_t *size_r)
{
    return body.size > 1 && body.at[body.size - 1] == '\n' &&
           bytes_to_number(bytes_slice(body, 0, body.size - 1), INT64_MAX, size_r);
}

static void
answered(void *context, unsigned status, struct bytes body, const char *words)
{
    struct asked *asked = context;
    struct witness_round *round = asked->round;
    struct why why;
    char text[64];

    if (status == 409 && asked->tries < 3 && conflict_size(body, &asked->size)) {
        ask(asked);
        return;
    }
    if (status == 200) {
        if (witness_merge(round->arena, round->note, asked->peer, body, &round->note,
                          &why) == SK_OK) {
            round->cosigned = asked->told->cosigned = true;
            ended(asked, "");
        } else {
            ended(asked, why.sentence);
        }
        return;
    }
    snprintf(text, sizeof text, "answered %u", status);
    ended(asked, status == 0     ? words
                 : status == 422 ? "answered 422: it has seen another branch of this ledger"
                                 : text);
}

static void
failed(void *context)
{
    struct asked *asked = context;

    ended(asked, asked->failure);
}

static void
ask_failed(struct asked *asked, const char *words)
{
    snprintf(asked->failure, sizeof asked->failure, "%.199s", words);
    loop_task_soon(&asked->failing);
}

static void
ask(struct asked *asked)
{
    struct witness_round *round = asked->round;
    struct post_call call = {.try = round->place->turn};
    struct bytes body;
    struct why why;

    if (asked->post != NULL) {
        post_close(asked->post);
        asked->post = NULL;
    }
    asked->tries++;
    if (!alarm_url_read(asked->peer->url, &call.target) ||
        bytes_find_byte(call.target.path, '?', 0) != BYTES_NOWHERE) {
        ask_failed(asked, "its address is not written https://HOST[:PORT]/PATH");
        return;
    }
    if (witness_submission(round->arena, round->place->folder, round->plain, asked->size,
                           &body, &why) != SK_OK) {
        ask_failed(asked, why.sentence);
        return;
    }
    call.request = post_request(round->arena, &call.target, "/add-checkpoint", WITNESS_TEXT,
                                BYTES_NONE, body);
    asked->post = post_start(round->arena, &round->place->post, &call, answered, asked);
}

/* What a witness has seen: what it cosigned last, if the note of then is still there. */
static uint64_t
seen_size(struct arena *arena, int folder, const struct witness_peer *peer)
{
    struct bytes text;
    struct note note;
    struct checkpoint checkpoint;

    if (ledger_read_file(arena, folder, LEDGER_COSIGNED, LIMIT_NOTE_BYTES, &text, NULL) !=
            SK_OK ||
        note_read(arena, text, &note, NULL) != SK_OK ||
        !checkpoint_read(note.text, &checkpoint)) {
        return 0;
    }
    for (size_t i = 0; i < note.signature_count; i++) {
        if (note_signature_of(&note.signatures[i], &peer->key)) {
            return checkpoint.size;
        }
    }
    return 0;
}

enum sk_code
witness_round_tls(struct arena *arena, const struct config *config,
                  const struct tls_context **tls_r, struct why *why)
{
    static const char key[] = "record.witness_authorities";
    struct bytes path = config_text(config, key), authorities;
    struct tls_context *tls = NULL;
    struct witness_peer *peers;
    size_t count;
    bool wanted = false;
    struct why cause;

    *tls_r = NULL;
    enum sk_code code = witness_peers(arena, config, &peers, &count, why);
    if (code != SK_OK) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        wanted = wanted || bytes_starts_fold(peers[i].url, BYTES("https:"));
    }
    if (!wanted) {
        return SK_OK;
    }
    code = config_file(config, arena, path, LIMIT_CERTIFICATES, &authorities, &cause);
    if (code == SK_OK) {
        code = tls_client_new(arena, authorities, path, &tls, &cause);
    }
    *tls_r = tls;
    return code == SK_OK ? SK_OK
                         : why_set_line(why, SK_CONFIG, config_line(config, key), "%s: %s",
                                        key, cause.sentence);
}

enum sk_code
witness_round_start(struct arena *arena, struct witness_place *place,
                    const struct witness_peer *peers, size_t count,
                    witness_round_done *done, void *context, struct witness_round **round_r,
                    struct why *why)
{
    struct witness_round *round = ARENA_NEW(arena, struct witness_round);
    struct checkpoint checkpoint;
    struct note note;

    *round_r = NULL;
    *round =
        (struct witness_round){.arena = arena,
                               .place = place,
                               .asked = ARENA_NEW_MANY(arena, count, struct asked),
                               .told = ARENA_NEW_MANY(arena, count, struct witness_told),
                               .count = count,
                               .open = count,
                               .done = done,
                               .context = context};
    enum sk_code code = ledger_read_file(arena, place->folder, "checkpoint",
                                         LIMIT_NOTE_BYTES, &round->plain, why);
    if (code == SK_OK) {
        code = note_read(arena, round->plain, &note, why);
    }
    if (code == SK_OK && !checkpoint_read(note.text, &checkpoint)) {
        code = why_set(why, SK_BAD, "the checkpoint cannot be read");
    }
    if (code != SK_OK) {
        return code;
    }
    round->note = round->plain;
    for (size_t i = 0; i < count; i++) {
        round->told[i].name = peers[i].name;
        round->asked[i] =
            (struct asked){.round = round,
                           .peer = &peers[i],
                           .told = &round->told[i],
                           .size = seen_size(arena, place->folder, &peers[i])};
        loop_task_init(&round->asked[i].failing, place->post.base, failed,
                       &round->asked[i]);
        if (round->asked[i].size > checkpoint.size) {
            round->asked[i].size = 0;
        }
    }
    *round_r = round;
    for (size_t i = 0; i < count; i++) {
        ask(&round->asked[i]);
    }
    return SK_OK;
}

void
witness_round_close(struct witness_round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        loop_task_cancel(&round->asked[i].failing);
        if (round->asked[i].post != NULL) {
            post_close(round->asked[i].post);
        }
    }
}
