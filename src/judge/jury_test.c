/* Halves that hear one side each, and a whole that is the same model bit for bit. */
#include "judge/jury.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static struct bytes
lesson_of(const char *words, int mark)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "From: a@sender.example\r\nSubject: %s\r\n\r\n%s number %d\r\n",
                  words, words, mark);
    return judge_lesson(&arena, letter_read(&arena, writer_view(&w)));
}

int
main(void)
{
    char base[64], with[64], without[64];
    struct judge *judge;
    struct jury *jury;
    struct why why;
    uint64_t spam, ham;

    arena_init(&arena, 512u << 20);
    snprintf(base, sizeof base, "/tmp/jury-base-%d", (int)getpid());
    snprintf(with, sizeof with, "/tmp/jury-with-%d", (int)getpid());
    snprintf(without, sizeof without, "/tmp/jury-without-%d", (int)getpid());
    SK_ASSERT(judge_open(&arena, NULL, &judge, &why) == SK_OK &&
              judge_swap(judge, "", &why) == SK_OK);
    SK_ASSERT(judge_teach(judge, lesson_of("club minutes and boats", 0), false) == SK_OK);
    SK_ASSERT(jury_open(judge, &jury, &why) == SK_OK);
    SK_ASSERT(jury_save_base(jury, base, &why) == SK_OK);

    for (int i = 0; i < 10; i++) {
        SK_ASSERT(jury_teach(jury, 0, lesson_of("cheap pills wonder", i), true, false) ==
                  SK_OK);
    }
    struct bytes new = lesson_of("cheap pills wonder", 99);
    tap_ok(jury_moved(jury, 1, new) > 1, "side 0 taught: that speaks to side 1 (%.2f)",
           jury_moved(jury, 1, new));
    tap_ok(jury_moved(jury, 0, new) == 0, "and side 0 does not hear itself");
    tap_ok(jury_teach(jury, 0, BYTES("x"), true, false) == SK_BAD &&
               jury_fold(jury, BYTES(""), true) == SK_BAD &&
               jury_moved(jury, 0, BYTES("x")) == 0,
           "what is no lesson is refused");

    /* A lesson that is left out is as if it had never been taught. */
    SK_ASSERT(judge_teach(judge, lesson_of("garden news", 1), false) == SK_OK &&
              judge_teach(judge, lesson_of("lottery win", 2), true) == SK_OK &&
              judge_save(judge, without, &why) == SK_OK);
    SK_ASSERT(jury_begin(jury, base, &why) == SK_OK);
    SK_ASSERT(jury_teach(jury, 0, lesson_of("garden news", 1), false, true) == SK_OK &&
              jury_teach(jury, JURY_BOTH, lesson_of("lottery win", 2), true, true) ==
                  SK_OK);
    jury_counts(jury, &spam, &ham);
    tap_ok(spam == 1 && ham == 2, "the whole was taught the base's and these");
    SK_ASSERT(judge_teach(judge, lesson_of("bad", 3), true) == SK_OK);
    jury_take_over(jury, judge);
    SK_ASSERT(judge_save(judge, with, &why) == SK_OK);
    char command[200];
    snprintf(command, sizeof command, "cmp -s %s %s", with, without);
    tap_ok(system(command) == 0, "the model is the same, byte for byte");

    double before = jury_score(jury, new, false);
    jury_try(jury, judge);
    SK_ASSERT(jury_teach(jury, JURY_NONE, new, true, true) == SK_OK);
    tap_ok(jury_score(jury, new, true) > before && jury_score(jury, new, false) == before,
           "a trial changes the whole alone (%.3f to %.3f)", before,
           jury_score(jury, new, true));
    tap_ok(jury_begin(jury, "/nonexistent/model", &why) == SK_SYSTEM, "no base");
    (void)unlink(base);
    (void)unlink(with);
    (void)unlink(without);
    jury_close(jury);
    judge_close(judge);
    arena_release(&arena);
    return tap_done();
}
