/* `sekisho ledger export`: the package for a court. */
#define SK_BASE
#include "sekisho/ledger_command.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "record/package.h"
#include "record/witness.h"
#include "sekisho/ask.h"
#include "sekisho/version.h"

#define CHECKPOINT_TRIES   30
#define CHECKPOINT_WAIT_US 100000

static void
unref(void *object)
{
    json_decref(object);
}

/* Verifier keys of the witnesses in the configuration. */
static void
witness_keys(const struct ledger_call *call, struct package_order *order)
{
    size_t count = config_named_count(call->config, "witness");
    struct bytes *keys = ARENA_NEW_MANY(call->arena, count + 1, struct bytes);

    for (size_t i = 0; i < count; i++) {
        keys[i] = config_named_text(call->config, "witness", i, "vkey");
    }
    order->witnesses = keys;
    order->witness_count = count;
}

/* One request to the keeper; NULL: words have been said. The object is given back with the arena. */
static json_t *
ask(const struct ledger_call *call, struct json *j, struct why *why)
{
    struct bytes reply;

    json_close(j);
    if (ask_keeper(call->arena, call->config, writer_view(j->w), &reply, why) != SK_OK) {
        return NULL;
    }
    json_t *said = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    if (said != NULL) {
        arena_defer(call->arena, unref, said);
    }
    return said;
}

static void
begin(const struct ledger_call *call, struct writer *w, struct json *j, const char *what)
{
    writer_init(w, call->arena);
    json_init(j, w);
    json_open(j, '{');
    json_put_text(j, "do", what);
}

/* The bytes of a look that was recorded, piece by piece. */
static enum sk_code
take_parts(const struct ledger_call *call, const char *look, struct bytes *raw_r,
           struct why *why)
{
    struct writer raw, w;
    struct json j;
    bool more = true;

    writer_init(&raw, call->arena);
    while (more) {
        struct bytes piece;
        begin(call, &w, &j, "held.part");
        json_put_text(&j, "look", look);
        json_put_number(&j, "at", (int64_t)raw.size);
        json_t *said = ask(call, &j, why);
        const json_t *part = json_object_get(said, "bytes");
        if (part == NULL ||
            !bytes_from_base64(call->arena,
                               bytes_of(json_string_value(part), json_string_length(part)),
                               &piece) ||
            raw.size + piece.size > LIMIT_MESSAGE) {
            return said == NULL ? SK_BAD : why_set(why, SK_BAD, "the message is cut short");
        }
        writer_bytes(&raw, piece);
        more = json_is_true(json_object_get(said, "more")) && piece.size > 0;
    }
    *raw_r = writer_view(&raw);
    return SK_OK;
}

/* A held message goes into the package when a reason is given: that is a look, recorded before a byte comes. Where the
 * profile wants a second person the package is written without it, and that is said. */
static void
take_held(const struct ledger_call *call, struct package_order *order)
{
    const char *reason = options_value(call->options, "reason");
    struct package_message *messages =
        ARENA_NEW_MANY(call->arena, order->id_count, struct package_message);

    for (size_t i = 0; reason != NULL && i < order->id_count; i++) {
        struct why why = {0};
        struct writer w;
        struct json j;
        struct bytes raw;
        begin(call, &w, &j, "held.read");
        json_put_string(&j, "id", order->ids[i]);
        json_put_text(&j, "reason", reason);
        json_t *said = ask(call, &j, &why);
        const char *look = json_string_value(json_object_get(said, "look"));
        if (look != NULL && take_parts(call, look, &raw, &why) == SK_OK) {
            messages[order->message_count++] = (struct package_message){order->ids[i], raw};
        } else {
            writer_clear(&w);
            writer_clean(&w, order->ids[i], 64);
            fprintf(stderr,
                    call->japanese ? "sekisho: %s: 原文は入りません: %s\n"
                                   : "sekisho: %s: without the raw message: %s\n",
                    writer_c(&w),
                    said != NULL && look == NULL
                        ? (call->japanese ? "別の人の承認が必要です（sekisho held approve）"
                                          : "a second person must approve (sekisho held "
                                            "approve)")
                        : why.sentence);
        }
    }
    order->messages = messages;
}

static int
write_package(const char *path, struct bytes json)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done = file >= 0;

    while (done && json.size > 0) {
        ssize_t wrote = write(file, json.at, json.size);
        done = wrote > 0;
        json = bytes_from(json, done ? (size_t)wrote : 0);
    }
    done = done && fsync(file) == 0;
    if (!done) {
        fprintf(stderr, "sekisho: %s: %s\n", path, strerror(errno));
    }
    if (file >= 0) {
        close(file);
    }
    return done ? EXIT_OK : EXIT_SYSTEM;
}

int
ledger_export_command(const struct ledger_call *call)
{
    int words = call->options->rest_count;
    struct package_order order = {.program = BYTES("sekisho " SEKISHO_VERSION),
                                  .now_ms = clock_now_ms()};
    struct bytes *ids = ARENA_NEW_MANY(call->arena, (size_t)words + 1, struct bytes), json;
    struct why why;

    if (words < 3) {
        fprintf(
            stderr,
            call->japanese
                ? "sekisho: ledger export: メッセージの ID と書き出すファイルが必要です\n"
                : "sekisho: ledger export: ids of messages and a file to write are "
                  "wanted\n");
        return EXIT_USAGE;
    }
    for (int i = 1; i + 1 < words; i++) {
        ids[order.id_count++] = bytes_from_text(call->options->rest[i]);
    }
    order.ids = ids;
    witness_keys(call, &order);
    take_held(call, &order);
    enum sk_code code = package_write(call->arena, call->folder, &order, &json, &why);
    for (int tries = 0; code == SK_LATER && tries < CHECKPOINT_TRIES; tries++) {
        usleep(
            CHECKPOINT_WAIT_US); /* the look that was just kept is under the next checkpoint */
        code = package_write(call->arena, call->folder, &order, &json, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return code == SK_SYSTEM  ? EXIT_NO_INPUT
               : code == SK_LATER ? EXIT_UNAVAILABLE
                                  : EXIT_FOUND;
    }
    int status = write_package(call->options->rest[words - 1], json);
    if (status == EXIT_OK) {
        printf(call->japanese ? "%s に書き出しました。verifier.html で検証できます。\n"
                              : "written to %s; verifier.html checks it\n",
               call->options->rest[words - 1]);
    }
    return status;
}
