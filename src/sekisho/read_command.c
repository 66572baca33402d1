/* `sekisho read FILE...`: a letter as it was understood: structure, text, hidden text, links, attachments, encodings,
 * findings. Nothing is asked of the network. */
#define SK_BASE
#include "sekisho/commands.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "sekisho/enclose.h"
#include "sekisho/files.h"
#include "sekisho/options.h"
#include "sekisho/read_show.h"
#include "sekisho/record_folder.h"

#define TEXT_SHOWN 4000

static const struct option_row rows[] = {
    {"all", NULL, "all of the text, however long (else the first 4,000 bytes of each)"},
    {"normal", NULL, "the normal form too: what classifier and lexicon read"},
    {"lang", "ja|en", "language; else that of the environment"},
    {"json", NULL, "one JSON object a line, texts whole"},
    {"config", "FILE", "configuration to use (default: built-in values)"},
    {0},
};

struct reading {
    struct arena arena; /* of the process */
    struct options options;
    struct settings *settings;
    struct judge *judge;
    struct opener opener;
};

static enum sk_code
reading_open(struct reading *r, struct why *why)
{
    const char *config = options_value(&r->options, "config");
    struct bytes text = BYTES("");
    enum sk_code code =
        config == NULL ? SK_OK : settings_file(&r->arena, config, &text, why);

    if (code == SK_OK) {
        code = settings_new(text, &r->settings, why);
    }
    return code == SK_OK ? judge_open(&r->arena, r->settings->config, &r->judge, why)
                         : code;
}

static void
print(struct reading *r, const struct walk *walk, const char *path)
{
    struct read_view view = {.walk = walk,
                             .japanese = speak_japanese(&r->options),
                             .normal = options_has(&r->options, "normal"),
                             .text_most = options_has(&r->options, "all") ? 0 : TEXT_SHOWN};
    struct writer w;
    struct json j;

    writer_init(&w, walk->arena);
    if (options_has(&r->options, "json")) {
        json_init(&j, &w);
        json_open(&j, '{');
        json_put_text(&j, "path", path);
        read_show_json(walk->arena, &view, &j);
        json_close(&j);
        writer_byte(&w, '\n');
    } else {
        if (r->options.rest_count > 1) {
            writer_text(&w, "== ");
            writer_clean(&w, bytes_from_text(path), 1000);
            writer_byte(&w, '\n');
        }
        read_show(walk->arena, &view, &w);
    }
    fwrite(w.at, 1, w.size, stdout);
}

static int
read_file(struct reading *r, const char *path)
{
    struct arena arena;
    struct arrival_recipient nobody = {.address = BYTES("")};
    struct arrival arrival = {.door = ARRIVAL_FILE,
                              .time_ms = clock_now_ms(),
                              .id = BYTES(""),
                              .recipients = &nobody,
                              .recipient_count = 1};
    struct walk walk = {.arena = &arena, .arrival = &arrival};
    struct why why;
    int status = EXIT_OK;

    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    if (file_read(&arena, path, LIMIT_MESSAGE, &arrival.raw, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        arena_release(&arena);
        return EXIT_NO_INPUT;
    }
    walk.permit = permit_for_tool(&arena, FAMILY_ALL);
    enum sk_code code = walk_begin(&walk, r->settings);
    walk.memo.sealed = true; /* nobody is asked */
    code = code == SK_OK ? walk_trace(&walk) : code;
    if (code == SK_OK) {
        enclose_walk(&walk, r->settings->config, &r->opener);
        code = walk_judge(&walk, r->judge, r->settings->policy);
    }
    if (code == SK_OK) {
        judge_say(r->judge, walk.opinion);
        judge_point(&arena, walk.letter, walk.opinion);
        print(r, &walk, path);
    } else {
        fprintf(stderr, "sekisho: %s: the message needs more memory than one may have\n",
                path);
        status = EXIT_DATA;
    }
    arena_release(&arena);
    return status;
}

int
read_command(int count, char **arguments)
{
    struct reading r = {0};
    struct why why;
    int status = EXIT_OK;

    if (!options_read(
            &r.options, "read [OPTION...] FILE|-...",
            "Shows a letter as it was understood: its parts, the text a person "
            "sees and what is hidden from him, links, attachments, encodings, and "
            "what was found.",
            rows, count, arguments)) {
        return r.options.status;
    }
    if (r.options.rest_count == 0) {
        fprintf(stderr, "sekisho: read: name a file, or - for standard input\n");
        return EXIT_USAGE;
    }
    arena_init(&r.arena, (size_t)1 << 30);
    if (reading_open(&r, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        status = EXIT_CONFIG;
    }
    for (int i = 0; status != EXIT_CONFIG && i < r.options.rest_count; i++) {
        int one = read_file(&r, r.options.rest[i]);
        status = status == EXIT_OK ? one : status;
    }
    opener_end(&r.opener);
    judge_close(r.judge);
    if (r.settings != NULL) {
        settings_free(r.settings);
    }
    arena_release(&r.arena);
    return status;
}
