/* What it costs to judge a message. Built and started by tests/bench/judge.
 *
 *     judge-bench PATH ...
 *
 * Takes all mail at PATH into memory, reads each letter, and times judge_letter, everything permitted; the best of
 * five rounds counts for each message. */
#include <stdio.h>
#include <time.h>

#include "base/limits.h"
#include "judge/judge.h"
#include "parse/read.h"
#include "sekisho/corpus.h"

#define ROUNDS 5

static double
cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double
judge_once(struct arena *arena, struct judge *judge, struct bytes raw)
{
    const struct letter *letter = letter_read(arena, raw);
    const struct permit *permit = permit_for_tool(arena, FAMILY_ALL);
    double start = cpu_us();

    judge_letter(arena, judge, permit, NULL, letter, NULL);
    double took = cpu_us() - start;
    arena_release(arena);
    return took;
}

int
main(int count, char **arguments)
{
    static struct arena keep, scratch;
    struct judge *judge;
    struct why why;
    double sum = 0, most = 0;
    size_t n = 0, slow = 0;
    const char *path, *slowest = "";

    arena_init(&keep, (size_t)4 << 30);
    arena_init(&scratch, LIMIT_ARENA_MESSAGE);
    if (judge_open(&keep, NULL, &judge, &why) != SK_OK) {
        fprintf(stderr, "judge-bench: %s\n", why.sentence);
        return 1;
    }
    struct corpus *corpus = corpus_new(&keep);
    for (int i = 1; i < count; i++) {
        if (corpus_add(corpus, arguments[i], 0, &why) != SK_OK) {
            fprintf(stderr, "judge-bench: %s\n", why.sentence);
            return 1;
        }
    }
    for (size_t i = 0; i < corpus_count(corpus); i++) {
        struct bytes raw;
        int label;
        if (corpus_load(&keep, corpus, i, &raw, &label, &path, &why) != SK_OK) {
            continue;
        }
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            double took = judge_once(&scratch, judge, raw);
            best = round == 0 || took < best ? took : best;
        }
        n++;
        sum += best;
        slow += best > 1000;
        slowest = best > most ? path : slowest;
        most = best > most ? best : most;
    }
    printf("%zu messages: %.1f us a message; slowest %.0f us (%s); %zu above 1 ms\n", n,
           n == 0 ? 0 : sum / (double)n, most, slowest, slow);
    judge_close(judge);
    return n == 0;
}
