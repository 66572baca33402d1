/* The commands' side of held messages: asking the keeper, and finding the record's lines. */
#define SK_BASE
#include "sekisho/held_command.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "sekisho/ask.h"

int
held_settings(struct arena *arena, const struct options *options,
              struct settings **settings_r)
{
    const char *path = options_value(options, "config");
    struct bytes text = BYTES("");
    struct why why = {0};

    *settings_r = NULL;
    enum sk_code code = SK_OK;
    if (path != NULL || access(SETTINGS_PATH, R_OK) == 0) {
        code = settings_file(arena, path != NULL ? path : SETTINGS_PATH, &text, &why);
    }
    if (code == SK_OK) {
        code = settings_new(text, settings_r, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s: %s\n", path != NULL ? path : SETTINGS_PATH,
                why.sentence);
        return code == SK_SYSTEM ? EXIT_NO_INPUT : EXIT_CONFIG;
    }
    return EXIT_OK;
}

static enum sk_code
entry_in_segment(struct arena *arena, int folder, uint64_t first, uint64_t wanted,
                 struct journal_frame *frame_r, struct why *why)
{
    struct journal_frame frame;
    struct bytes segment;
    bool found = false;

    enum sk_code code = journal_map(folder, first, &segment, why);
    for (size_t at = 0; code == SK_OK && at < segment.size && !found;) {
        if (journal_frame_read(segment, at, &frame) != SK_OK) {
            break;
        }
        found = frame.index == wanted;
        at += frame.size;
    }
    if (found) {
        *frame_r = frame;
        frame_r->record = bytes_copy(arena, frame.record);
        frame_r->salt = frame_r->leaf_data = BYTES_NONE;
    }
    journal_unmap(segment);
    return code == SK_OK && !found ? why_set(why, SK_BAD, "there is no such entry") : code;
}

enum sk_code
held_next_entry(struct arena *arena, const char *folder, struct journal_frame *frame,
                struct why *why)
{
    uint64_t wanted = frame->index + 1, first = 0;
    struct journal_list list;
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (at < 0) {
        return why_set(why, SK_SYSTEM, "cannot open %s", folder);
    }
    enum sk_code code = journal_list(arena, at, &list, why);
    for (size_t i = 0; code == SK_OK && i < list.count; i++) {
        first = list.firsts[i] <= wanted ? list.firsts[i] : first;
    }
    if (code == SK_OK) {
        code = entry_in_segment(arena, at, first, wanted, frame, why);
    }
    close(at);
    return code;
}

static json_t *
load(struct bytes text)
{
    return json_loadb((const char *)text.at, text.size, JSON_ALLOW_NUL, NULL);
}

enum sk_code
held_ask_parts(struct arena *arena, const struct config *config, struct bytes look,
               size_t size, struct bytes *raw_r, struct why *why)
{
    uint8_t *raw = arena_take_bytes(arena, size + 1);
    size_t at = 0;
    bool more = true;
    enum sk_code code = SK_OK;

    while (more && code == SK_OK) {
        struct bytes reply, part = BYTES_NONE;
        struct arena scratch;
        struct writer w;
        struct json j;

        arena_init(&scratch, (size_t)512 << 20);
        writer_init(&w, &scratch);
        json_init(&j, &w);
        json_open(&j, '{');
        json_put_text(&j, "do", "held.part");
        json_put_string(&j, "look", look);
        json_put_number(&j, "at", (int64_t)at);
        json_close(&j);
        code = ask_keeper(&scratch, config, writer_view(&w), &reply, why);
        json_t *said = code == SK_OK ? load(reply) : NULL;
        const json_t *bytes = json_object_get(said, "bytes");
        if (code == SK_OK) {
            struct bytes text =
                bytes_of(json_string_value(bytes), json_string_length(bytes));
            bool good = json_is_string(bytes) &&
                        (text.size == 0 || bytes_from_base64(&scratch, text, &part)) &&
                        part.size <= size - at;
            if (good && part.size > 0) {
                memcpy(raw + at, part.at, part.size);
            }
            at += good ? part.size : 0;
            more = json_is_true(json_object_get(said, "more"));
            code =
                good && (part.size > 0 || !more)
                    ? SK_OK
                    : why_set(why, SK_BAD, "the keeper's answer is no part of a message");
        }
        json_decref(said);
        arena_release(&scratch);
    }
    *raw_r = bytes_of(raw, at);
    return code;
}

enum sk_code
held_ask_bytes(struct arena *arena, const struct config *config, struct bytes id,
               const char *reason, const char *request, struct bytes *raw_r,
               struct why *why)
{
    struct bytes reply = BYTES_NONE;
    struct writer w;
    struct json j;

    *raw_r = BYTES_NONE;
    if (reason == NULL) {
        return why_set(why, SK_CONFIG,
                       "a held message is read for a reason: --reason TEXT");
    }
    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "do", "held.read");
    json_put_string(&j, "id", id);
    json_put_text(&j, "reason", reason);
    if (request != NULL) {
        json_put_text(&j, "request", request);
    }
    json_close(&j);
    enum sk_code code = ask_keeper(arena, config, writer_view(&w), &reply, why);
    if (code != SK_OK) {
        return code;
    }
    json_t *said = load(reply);
    const char *waits = json_string_value(json_object_get(said, "request")),
               *look = json_string_value(json_object_get(said, "look"));
    json_int_t size = json_integer_value(json_object_get(said, "size"));
    if (waits != NULL) {
        code = why_set(why, SK_LATER,
                       "a second person must approve: `sekisho held approve %s`; then the "
                       "same command with --request %s",
                       waits, waits);
    } else if (look == NULL || size < 0 || size > LIMIT_MESSAGE) {
        code = why_set(why, SK_BAD, "the keeper's answer is no answer");
    } else {
        code = held_ask_parts(arena, config, bytes_copy(arena, bytes_from_text(look)),
                              (size_t)size, raw_r, why);
    }
    json_decref(said);
    return code;
}
