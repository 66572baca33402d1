/* `sekisho replay`: the verdict again, years later, from what was recorded then: DNS answers, time, permit, bytes. */
#define SK_BASE
#include "sekisho/replay.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "record/vault.h"
#include "sekisho/ask.h"
#include "sekisho/commands.h"
#include "sekisho/files.h"
#include "sekisho/held_command.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"
#include "sekisho/roles.h"

#define SHOWN           160
#define DIFFERENCES_MAX 200

static const struct option_row rows[] = {
    {"file", "RAW", "the message's bytes, where they are not held here"},
    {"reason", "TEXT", "why a held message is looked into; is recorded"},
    {"request", "ID", "a look that a second person has approved"},
    {"json", NULL, "as one JSON object"},
    {"lang", "ja|en", "language; else that of the environment"},
    RECORD_FOLDER_ROWS,
    {0},
};

struct difference {
    struct bytes path, recorded, now;
};

struct replaying {
    struct arena *arena;
    struct options o;
    bool japanese;
    const char *folder;
    const struct config *config; /* to ask the keeper */
    struct settings *settings;
    struct judge *judge;
    struct replay replay;
    bool bytes_proved; /* their hash stood in the record, or they were held */
    struct difference *differences;
    size_t difference_count;
};

static const char *
say(const struct replaying *r, const char *ja, const char *en)
{
    return r->japanese ? ja : en;
}

/* What a replay must not be compared by: the ledger's own words, and what was purged or rests on another time. */
static bool
is_passed_over(const char *key)
{
    /* Marks are made with a secret of the keeper's, and the campaign by comparison with other mail. */
    static const char *const keys[] = {"held", "held_seal", "made_by", "dns",     "of",
                                       "time", "signature", "keys",    "campaign"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

static struct bytes
dump(struct replaying *r, const json_t *value)
{
    char *text = value == NULL
                     ? NULL
                     : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    struct bytes copy =
        text == NULL ? BYTES("-") : bytes_copy(r->arena, bytes_from_text(text));

    free(text);
    return copy;
}

static void
differ(struct replaying *r, struct bytes path, const json_t *recorded, const json_t *now)
{
    if (r->difference_count < DIFFERENCES_MAX) {
        r->differences[r->difference_count++] =
            (struct difference){path, dump(r, recorded), dump(r, now)};
    }
}

static struct bytes
below(struct replaying *r, struct bytes path, const char *key, size_t number)
{
    struct writer w;

    writer_init(&w, r->arena);
    writer_bytes(&w, path);
    if (key != NULL) {
        writer_format(&w, "%s%s", path.size > 0 ? "." : "", key);
    } else {
        writer_format(&w, "[%zu]", number);
    }
    return writer_view(&w);
}

/* Numbers in a record are rounded to three or four decimals. */
static bool
same_number(const json_t *a, const json_t *b)
{
    return json_is_number(a) && json_is_number(b) &&
           fabs(json_number_value(a) - json_number_value(b)) < 0.0011;
}

static void
compare(struct replaying *r, struct bytes path, const json_t *recorded, const json_t *now,
        unsigned depth)
{
    const char *key;
    json_t *value;

    if (same_number(recorded, now) ||
        (recorded != NULL && now != NULL && json_equal(recorded, now))) {
        return;
    }
    if (depth < 8 && json_is_object(recorded) && json_is_object(now)) {
        json_object_foreach((json_t *)(uintptr_t)recorded, key, value)
        {
            if (!is_passed_over(key)) {
                compare(r, below(r, path, key, 0), value, json_object_get(now, key),
                        depth + 1);
            }
        }
        json_object_foreach((json_t *)(uintptr_t)now, key, value)
        {
            if (!is_passed_over(key) && json_object_get(recorded, key) == NULL) {
                differ(r, below(r, path, key, 0), NULL, value);
            }
        }
        return;
    }
    if (depth < 8 && json_is_array(recorded) && json_is_array(now) &&
        json_array_size(recorded) == json_array_size(now)) {
        for (size_t i = 0; i < json_array_size(now); i++) {
            compare(r, below(r, path, NULL, i), json_array_get(recorded, i),
                    json_array_get(now, i), depth + 1);
        }
        return;
    }
    differ(r, path, recorded, now);
}

static json_t *
load(struct bytes line)
{
    return json_loadb((const char *)line.at, line.size, JSON_ALLOW_NUL, NULL);
}

/* The message's line and, right behind it, that of its content. */
static enum sk_code
find_lines(struct replaying *r, struct bytes id, struct bytes *message_r,
           struct bytes *content_r, struct why *why)
{
    struct journal_frame frame;
    struct bytes start;
    struct writer w;

    enum sk_code code = vault_find(r->arena, r->folder, id, &frame, why);
    if (code != SK_OK) {
        return code;
    }
    if (frame.purged) {
        return why_set(
            why, SK_BAD,
            "the record was purged; entry %llu of the ledger holds its leaf only",
            (unsigned long long)frame.index);
    }
    *message_r = frame.record;
    code = held_next_entry(r->arena, r->folder, &frame, why);
    writer_init(&w, r->arena);
    writer_text(&w, "{\"v\":1,\"kind\":\"content\",\"id\":\"");
    writer_bytes(&w, id);
    start = writer_view(&w);
    if (code == SK_OK && !frame.purged && bytes_starts(frame.record, start)) {
        *content_r = frame.record;
    }
    return SK_OK;
}

/* The bytes: from a file, whose hash must be the recorded one, or held, and then a look that is recorded. */
static enum sk_code
take_bytes(struct replaying *r, struct bytes id, struct bytes *raw_r, struct why *why)
{
    const char *path = options_value(&r->o, "file");
    const json_t *hash = json_object_get(r->replay.content, "sha256");
    uint8_t digest[HASH_SHA256_SIZE];

    if (path == NULL) {
        if (json_object_get(r->replay.message, "held") == NULL) {
            return why_set(why, SK_BAD,
                           "the message is not held here: give its bytes with --file");
        }
        r->bytes_proved = true;
        return held_ask_bytes(r->arena, r->config, id, options_value(&r->o, "reason"),
                              options_value(&r->o, "request"), raw_r, why);
    }
    enum sk_code code = file_read(r->arena, path, LIMIT_MESSAGE, raw_r, why);
    if (code != SK_OK) {
        return code;
    }
    hash_sha256(*raw_r, digest);
    if (json_is_string(hash)) {
        struct bytes found = bytes_hex(r->arena, bytes_of(digest, sizeof digest));
        if (!bytes_is(found, json_string_value(hash))) {
            return why_set(why, SK_BAD,
                           "%s is not the message of that record: their hashes differ",
                           path);
        }
        r->bytes_proved = true;
    }
    if ((json_int_t)raw_r->size !=
        json_integer_value(json_object_get(r->replay.message, "size"))) {
        return why_set(why, SK_BAD,
                       "%s is not the message of that record: their sizes differ", path);
    }
    return SK_OK;
}

static enum sk_code
open_judge(struct replaying *r, struct why *why)
{
    struct writer w;

    enum sk_code code = judge_open(r->arena, r->settings->config, &r->judge, why);
    writer_init(&w, r->arena);
    writer_format(&w, "%s/" LEARNED_MODEL, r->folder);
    if (code == SK_OK && access(writer_c(&w), R_OK) == 0) {
        code = judge_swap(r->judge, writer_c(&w), why);
    }
    return code;
}

/* What of "program", "model", "lexicon", "policy" is another today, as "policy: hold 8 -> hold 5". */
struct version {
    const char *key, *ja, *en;
};
static const struct version versions[] = {
    {"program", "プログラムの版", "program"},
    {"model", "分類器の学習", "model"},
    {"lexicon", "用語集", "lexicon"},
    {"policy", "運用者の方針", "policy"},
};

static bool
version_differs(const json_t *then, const json_t *now, const char *key)
{
    return !json_equal(json_object_get(then, key), json_object_get(now, key));
}

static void
print_text(struct replaying *r, const json_t *then, const json_t *now)
{
    const struct dns_memo *memo = &r->replay.walk.memo;
    struct writer w;
    bool any = false;

    writer_init(&w, r->arena);
    writer_clean(&w, r->replay.arrival->id, 64);
    writer_format(&w, "  %s\n",
                  r->difference_count == 0
                      ? say(r, "同じ判定になった", "the verdict is the same")
                      : say(r, "判定が異なる", "the verdict differs"));
    for (size_t i = 0; i < r->difference_count; i++) {
        const struct difference *d = &r->differences[i];
        writer_text(&w, "  ");
        writer_clean(&w, d->path, SHOWN);
        writer_format(&w, ": %s ", say(r, "当時", "then"));
        writer_clean(&w, d->recorded, SHOWN);
        writer_format(&w, "%s ", say(r, "、今", ", now"));
        writer_clean(&w, d->now, SHOWN);
        writer_byte(&w, '\n');
    }
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        const json_t *was = json_object_get(then, versions[i].key),
                     *is = json_object_get(now, versions[i].key);
        if (!version_differs(then, now, versions[i].key)) {
            continue;
        }
        any = true;
        writer_format(&w, "  %s: %s: ", say(r, "変わったもの", "what changed since"),
                      r->japanese ? versions[i].ja : versions[i].en);
        writer_clean(&w,
                     was == NULL ? bytes_from_text(say(r, "記録なし", "not recorded"))
                                 : bytes_from_text(json_string_value(was)),
                     SHOWN);
        writer_text(&w, " -> ");
        writer_clean(&w, bytes_from_text(json_string_value(is)), SHOWN);
        writer_byte(&w, '\n');
    }
    for (size_t i = r->replay.dns_known; i < memo->answer_count; i++) {
        any = true;
        writer_format(&w, "  %s: ",
                      say(r, "記録に答えのない DNS の問い",
                          "a DNS question that the record does not answer"));
        writer_clean(&w, memo->answers[i]->name, SHOWN);
        writer_format(&w, " %s\n", dns_type_name(memo->answers[i]->type));
    }
    if (r->replay.content == NULL &&
        (r->replay.permit->union_families &
         ~(uint32_t)(FAMILY_BIT(FAMILY_SOURCE) | FAMILY_BIT(FAMILY_LABEL) |
                     FAMILY_BIT(FAMILY_STATISTICS))) != 0) {
        any = true;
        writer_format(
            &w, "  %s\n",
            say(r, "内容の記録は消去済み。外側だけを比べた",
                "the record of the content is gone; only the outside was compared"));
    }
    if (!r->bytes_proved) {
        writer_format(&w, "  %s\n",
                      say(r,
                          "記録にハッシュがない "
                          "(内容への同意がないため)"
                          "。この本文が当時のものであることは証明されていない",
                          "the record has no hash of the message (nobody allowed its "
                          "content): that these are its bytes is not proved"));
    }
    if (r->difference_count > 0 && !any) {
        writer_format(
            &w, "  %s\n",
            say(r, "版も方針も同じで、差の理由は分からない。不具合として知らせてほしい",
                "versions and policy are the same: what the difference comes from is not "
                "known; please report it"));
    }
    fwrite(w.at, 1, w.size, stdout);
}

static void
print_json(struct replaying *r, const json_t *then, const json_t *now)
{
    const struct dns_memo *memo = &r->replay.walk.memo;
    struct writer w;
    struct json j;

    writer_init(&w, r->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_string(&j, "id", r->replay.arrival->id);
    json_put_bool(&j, "same", r->difference_count == 0);
    json_put_bool(&j, "bytes_proved", r->bytes_proved);
    json_put_bool(&j, "content_recorded", r->replay.content != NULL);
    json_put_text(&j, "action", verdict_action_name(r->replay.walk.verdict->strongest));
    json_key(&j, "differences");
    json_open(&j, '[');
    for (size_t i = 0; i < r->difference_count; i++) {
        json_open(&j, '{');
        json_put_string(&j, "path", r->differences[i].path);
        json_put_string(&j, "recorded", r->differences[i].recorded);
        json_put_string(&j, "now", r->differences[i].now);
        json_close(&j);
    }
    json_close(&j);
    json_key(&j, "changed");
    json_open(&j, '[');
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        if (version_differs(then, now, versions[i].key)) {
            json_text(&j, versions[i].key);
        }
    }
    json_close(&j);
    json_key(&j, "made_by");
    json_raw(&j, dump(r, then != NULL ? then : json_null()));
    json_key(&j, "made_by_now");
    json_raw(&j, dump(r, now));
    json_key(&j, "unanswered");
    json_open(&j, '[');
    for (size_t i = r->replay.dns_known; i < memo->answer_count; i++) {
        json_open(&j, '{');
        json_put_string(&j, "name", memo->answers[i]->name);
        json_put_text(&j, "type", dns_type_name(memo->answers[i]->type));
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
    puts(writer_c(&w));
}

static void
tell(struct replaying *r)
{
    struct bytes message, content;

    replay_record(&r->replay, r->settings, r->judge, &message, &content);
    json_t *now = load(message), *inside = content.size > 0 ? load(content) : NULL;
    compare(r, BYTES(""), r->replay.message, now, 0);
    if (r->replay.content != NULL && inside != NULL) {
        compare(r, BYTES("content"), r->replay.content, inside, 0);
    }
    const json_t *then = json_object_get(r->replay.message, "made_by"),
                 *made = json_object_get(now, "made_by");
    if (options_has(&r->o, "json")) {
        print_json(r, then, made);
    } else {
        print_text(r, then, made);
    }
    json_decref(now);
    json_decref(inside);
}

static int
replay(struct replaying *r)
{
    struct bytes id = bytes_from_text(r->o.rest[0]), message = BYTES_NONE,
                 content = BYTES_NONE, raw = BYTES_NONE;
    struct why why = {0};

    enum sk_code code = find_lines(r, id, &message, &content, &why);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return code == SK_SYSTEM ? EXIT_NO_INPUT : EXIT_FOUND;
    }
    code = replay_read(r->arena, message, content, &r->replay, &why);
    if (code == SK_OK) {
        code = take_bytes(r, id, &raw, &why);
    }
    if (code == SK_OK) {
        code = open_judge(r, &why);
    }
    if (code == SK_OK) {
        code = replay_walk(&r->replay, raw, r->settings, r->judge, &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return code == SK_SYSTEM  ? EXIT_NO_INPUT
               : code == SK_LATER ? EXIT_UNAVAILABLE
                                  : EXIT_DATA;
    }
    tell(r);
    return r->difference_count == 0 ? EXIT_OK : EXIT_FOUND;
}

int
replay_command(int count, char **arguments)
{
    struct replaying r = {0};
    struct arena arena;
    int status;

    if (!options_read(&r.o, "replay [OPTION...] ID",
                      "Makes a recorded verdict again, without the network, with today's "
                      "program and configuration, and tells what differs and why.",
                      rows, count, arguments)) {
        return r.o.status;
    }
    if (r.o.rest_count != 1) {
        fprintf(stderr, "sekisho: replay: one id is wanted\n");
        return EXIT_USAGE;
    }
    arena_init(&arena, (size_t)2 << 30);
    r.arena = &arena;
    r.japanese = speak_japanese(&r.o);
    r.differences = ARENA_NEW_MANY(&arena, DIFFERENCES_MAX, struct difference);
    r.config = command_config(&arena, &r.o, &status);
    if (r.config != NULL) {
        r.folder = bytes_text(&arena, config_text(r.config, "record.folder"));
        status = held_settings(&arena, &r.o, &r.settings);
    }
    if (status == EXIT_OK && r.folder != NULL) {
        status = replay(&r);
    }
    if (r.judge != NULL) {
        judge_close(r.judge);
    }
    if (r.settings != NULL) {
        settings_free(r.settings);
    }
    arena_release(&arena);
    return status;
}
