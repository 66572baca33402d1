/* Another model under what was learned: with lessons in the book, folded, and after a keeper that died. */
#define SK_BASE
#include "sekisho/lessons_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"
#include "base/writer.h"
#include "parse/letter.h"
#include "sekisho/files.h"
#include "sekisho/model_file.h"
#include "sekisho/settings.h"

#define GARDEN "garden seeds tomato seedlings greenhouse saturday"
#define BOATS  "boats sailing club minutes april harbour keys"

static struct arena arena;
static char folder[] = "/tmp/lessons-model-XXXXXX";
static char record[64];
static struct bytes one, two; /* files of two models */
static struct judge *judge;
static struct personal *personal;
static struct lessons *lessons;
static int64_t now_ms = 1000;
static struct why why;

static const char *
path_of(const char *name)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "%s/%s", folder, name);
    return writer_c(&w);
}

static const struct config *
config_of(const char *where)
{
    const struct config *config;
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "[record]\nfolder = %s\nkeys = %s/keys\n", where, folder);
    SK_ASSERT(settings_config(&arena, writer_view(&w), &config, &why) == SK_OK);
    return config;
}

static struct bytes
text_of(const char *words, int mark)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "From: a@sender.example\r\nSubject: news\r\n\r\n%s %d\r\n", words,
                  mark);
    return judge_lesson(&arena, letter_read(&arena, writer_view(&w)));
}

/* As serve begins: the model of the configuration, what was learned, and the keeper's part. */
static void
open_all(const char *where, struct bytes file)
{
    struct model *model;
    struct writer w;

    snprintf(record, sizeof record, "%s", where);
    (void)mkdir(record, 0700);
    SK_ASSERT(judge_open(&arena, NULL, &judge, &why) == SK_OK &&
              model_open_bytes(file, &model, &why) == SK_OK &&
              personal_open(&personal, &why) == SK_OK);
    judge_put(judge, model);
    model_close(model);
    writer_init(&w, &arena);
    writer_format(&w, "%s/learned.model", record);
    if (access(writer_c(&w), F_OK) == 0) {
        SK_ASSERT(judge_swap(judge, writer_c(&w), &why) == SK_OK);
    }
    judge_use_personal(judge, personal, 0);
    SK_ASSERT(lessons_open(&arena, config_of(record), judge, personal, &lessons, &why) ==
              SK_OK);
    if (lessons_use_model(lessons, file, &why) != SK_OK) {
        fprintf(stderr, "# %s\n", why.sentence);
    }
}

static void
close_all(void)
{
    lessons_close(lessons);
    judge_close(judge);
    personal_close(personal);
}

static uint64_t
teach(const char *who, const char *words, int mark, bool spam)
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct bytes text = text_of(words, mark);
    bool already;
    uint64_t id = 0;

    hash_sha256(text, digest);
    const struct lesson said = {.recipient = bytes_from_text(who),
                                .reporter = bytes_from_text(who),
                                .digest = bytes_of(digest, sizeof digest),
                                .text = text,
                                .spam = spam,
                                .now_ms = now_ms};
    return lessons_teach(lessons, &said, &already, &id, &why) == SK_OK ? id : 0;
}

static void
teach_some(int from)
{
    for (int i = from; i < from + 4; i++) {
        SK_ASSERT(teach("u@a.example", GARDEN, i, true) != 0 &&
                  teach("v@b.example", BOATS, i, false) != 0);
    }
}

static double
says(const char *words)
{
    double common, of_group;

    SK_ASSERT(judge_lesson_logit(judge, text_of(words, 99), 0, &common, &of_group) ==
              SK_OK);
    return common;
}

static struct bytes
digest_now(void)
{
    uint8_t *digest = arena_take_bytes(&arena, HASH_SHA256_SIZE);

    judge_digest(judge, digest);
    return bytes_of(digest, HASH_SHA256_SIZE);
}

static bool
has_file(const char *name)
{
    return faccessat(lessons->book->folder, name, F_OK, 0) == 0;
}

static struct bytes
model_of(const char *words, bool spam, const char *name)
{
    struct model *model;
    static struct features features;
    struct bytes file;

    SK_ASSERT(model_open_empty(&model, &why) == SK_OK);
    features_clear(&features);
    features_add_text(&features, bytes_from_text(words));
    for (int i = 0; i < 5; i++) {
        model_learn(model, &features, spam);
    }
    SK_ASSERT(model_save(model, path_of(name), true, &why) == SK_OK &&
              file_read(&arena, path_of(name), MODEL_FILE_MAX, &file, &why) == SK_OK);
    model_close(model);
    return file;
}

static void
test_untaught(void)
{
    open_all(path_of("untaught"), one);
    struct bytes of_one = digest_now();
    SK_ASSERT(lessons_use_model(lessons, two, &why) == SK_OK);
    struct bytes of_two = digest_now();
    tap_ok(!bytes_equal(of_one, of_two),
           "nothing was taught: the new model judges as it is");
    SK_ASSERT(lessons_use_model(lessons, one, &why) == SK_OK);
    tap_ok(bytes_equal(of_one, digest_now()), "and the old one again");
    tap_ok(lessons_use_model(lessons, BYTES("no model"), &why) == SK_BAD &&
               lessons_use_model(lessons, bytes_slice(two, 0, two.size - 1), &why) ==
                   SK_BAD &&
               bytes_equal(of_one, digest_now()),
           "what is no model, or cut short, changes nothing");
    close_all();
}

static void
test_taught(void)
{
    open_all(path_of("straight"), two);
    teach_some(0);
    struct bytes straight = digest_now();
    close_all();

    open_all(path_of("swapped"), one);
    teach_some(0);
    struct bytes before = digest_now();
    tap_ok(has_file("shipped.1.model") && says("winter sale offer") < says(GARDEN),
           "what the lessons rest on is noted");
    SK_ASSERT(lessons_use_model(lessons, two, &why) == SK_OK);
    tap_ok(
        bytes_equal(digest_now(), straight),
        "with lessons: as if the new model had been there when they were taught, bit for "
        "bit");
    tap_ok(has_file("shipped.2.model") && has_file("base.2.model") &&
               !has_file("shipped.1.model") && !has_file("base.1.model"),
           "one base, and the model that it rests on");
    size_t at = lessons->book->count - 1;
    tap_ok(lessons_undo(lessons, lessons->book->entries[at].id, &why) == SK_OK &&
               !bytes_equal(digest_now(), straight),
           "lessons can be taken back as before");
    tap_ok(lessons_use_model(lessons, BYTES("no model"), &why) == SK_BAD &&
               lessons->book->base == 2,
           "a broken file changes nothing");
    close_all();

    /* A start with another file does what a reload does. */
    open_all(path_of("again"), one);
    teach_some(0);
    close_all();
    open_all(path_of("again"), two);
    tap_ok(bytes_equal(digest_now(), straight) && lessons->book->count == 8,
           "a start with another file: the same, bit for bit");
    close_all();
    open_all(path_of("again"), two);
    tap_ok(bytes_equal(digest_now(), straight) && lessons->book->base == 2,
           "a start with the same: nothing happens");
    SK_ASSERT(lessons_use_model(lessons, one, &why) == SK_OK);
    tap_ok(bytes_equal(digest_now(), before), "and back, bit for bit");
    close_all();
}

static void
test_folded(void)
{
    open_all(path_of("folded"), one);
    teach_some(0);
    now_ms += (int64_t)200 * 86400000;
    teach_some(10);
    double garden = says(GARDEN), boats = says(BOATS), sale = says("winter sale offer");
    tap_ok(lessons->book->count == 8 && lessons->book->base == 2 &&
               has_file("shipped.2.model"),
           "half of them are folded");
    SK_ASSERT(lessons_use_model(lessons, two, &why) == SK_OK);
    tap_ok(says(GARDEN) > 0.7 * garden && says(BOATS) < 0.7 * boats &&
               says("winter sale offer") > sale + 1,
           "another model: what was folded stays on top of it (%.2f %.2f, %.2f %.2f, %.2f "
           "%.2f)",
           garden, says(GARDEN), boats, says(BOATS), sale, says("winter sale offer"));
    close_all();
}

/* Killed between the book that names the new base, and the model that is made of it. */
static void
test_killed(void)
{
    char command[400];
    struct writer w;

    open_all(path_of("killed"), one);
    teach_some(0);
    writer_init(&w, &arena);
    writer_format(&w, "%s/killed/learned.model", folder);
    snprintf(command, sizeof command, "cp %s %s.before", writer_c(&w), writer_c(&w));
    SK_ASSERT(judge_save(judge, writer_c(&w), &why) == SK_OK && system(command) == 0);
    SK_ASSERT(lessons_use_model(lessons, two, &why) == SK_OK);
    struct bytes after = digest_now();
    SK_ASSERT(lesson_book_stale(lessons->book, true, &why) == SK_OK);
    close_all();
    snprintf(command, sizeof command, "mv %s.before %s", writer_c(&w), writer_c(&w));
    SK_ASSERT(system(command) == 0);
    open_all(path_of("killed"), two);
    tap_ok(bytes_equal(digest_now(), after) && lessons->book->count == 8,
           "a keeper that died on the way: the next one ends with the new model");
    close_all();

    /* One of a version that did not note what the base rests on. */
    snprintf(command, sizeof command, "rm %s/killed/lessons/shipped.*", folder);
    SK_ASSERT(system(command) == 0);
    open_all(path_of("killed"), two);
    tap_ok(bytes_equal(digest_now(), after) && has_file("shipped.2.model"),
           "of a version that did not note it: what there is now is taken for it");
    close_all();
}

static void
test_files(void)
{
    const struct config *config;
    struct writer w;
    struct bytes bytes;
    int file = -1;

    writer_init(&w, &arena);
    writer_format(&w, "[judge]\nmodel = %s\n", path_of("one"));
    SK_ASSERT(settings_config(&arena, writer_view(&w), &config, &why) == SK_OK);
    tap_ok(model_file_open(config, &file, &why) == SK_OK && file >= 0 &&
               model_file_map(file, &bytes, &why) == SK_OK && bytes_equal(bytes, one),
           "the file is taken over");
    SK_ASSERT(truncate(path_of("one"), 100) == 0);
    tap_ok(bytes_equal(bytes, one) && write(file, "x", 1) < 0 && ftruncate(file, 0) < 0,
           "cut short or written to later, it stays what it was, and nobody can change it");
    model_file_unmap(bytes);
    close(file);
    tap_ok(model_file_open(config, &file, &why) == SK_BAD && why.line == 2 &&
               bytes_find(bytes_from_text(why.sentence), BYTES("cut short"), 0) !=
                   BYTES_NOWHERE,
           "one that is cut short is refused: %s", why.sentence);
    SK_ASSERT(truncate(path_of("one"), 0) == 0);
    tap_ok(model_file_open(config, &file, &why) != SK_OK, "so is an empty one");
    SK_ASSERT(truncate(path_of("one"), MODEL_FILE_MAX + 1) == 0);
    tap_ok(model_file_open(config, &file, &why) == SK_SYSTEM &&
               bytes_find(bytes_from_text(why.sentence), BYTES("larger"), 0) !=
                   BYTES_NOWHERE,
           "and one larger than any model");
    SK_ASSERT(truncate(path_of("one"), MODEL_FILE_MAX) == 0);
    tap_ok(model_file_open(config, &file, &why) == SK_BAD, "at the bound it is looked at");
    SK_ASSERT(unlink(path_of("one")) == 0);
    tap_ok(model_file_open(config, &file, &why) == SK_SYSTEM && file == -1, "or none");
    SK_ASSERT(settings_config(&arena, BYTES_NONE, &config, &why) == SK_OK);
    tap_ok(model_file_open(config, &file, &why) == SK_OK && file == -1 &&
               model_file_map(file, &bytes, &why) == SK_OK && bytes.size > 1000000,
           "without a name: the one that is built in");
    model_file_unmap(bytes);
}

int
main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    arena_init(&arena, (size_t)2 << 30);
    SK_ASSERT(mkdtemp(folder) != NULL);
    one = model_of("cheap pills", true, "one");
    two = model_of("winter sale offer", true, "two");
    test_untaught();
    test_taught();
    test_folded();
    test_killed();
    test_files();
    struct writer w;
    writer_init(&w, &arena);
    writer_format(&w, "rm -rf %s", folder);
    (void)!system(writer_c(&w));
    arena_release(&arena);
    return tap_done();
}
