#include "base/why.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tap.h"
#include "base/utf8.h"

static void
test_why(void)
{
    struct why why;
    char *text = (char[1001]){0};

    memset(text, 'x', 1000);
    tap_ok(why_set(&why, SK_BAD, "the %s of %d", "size", 7) == SK_BAD,
           "the code comes back");
    tap_ok(why.code == SK_BAD && why.error == 0 && why.line == 0 &&
               strcmp(why.sentence, "the size of 7") == 0,
           "the sentence is kept");
    tap_ok(why_set(NULL, SK_LIMIT, "%s", "nobody asks") == SK_LIMIT, "why may be NULL");
    errno = ENOENT;
    tap_ok(why_set(&why, SK_SYSTEM, "open") == SK_SYSTEM && why.error == ENOENT &&
               strcmp(why.sentence, "open: No such file or directory") == 0,
           "SK_SYSTEM keeps errno and adds its words");
    tap_ok(why_set_line(&why, SK_CONFIG, 12, "x") == SK_CONFIG && why.line == 12,
           "a line is kept");
    tap_ok(why_set(&why, SK_BAD, "%s", text) == SK_BAD &&
               strlen(why.sentence) == WHY_SENTENCE_SIZE - 1,
           "a long sentence is cut at its size");
    tap_ok(why_set(&why, SK_BAD, "%s",
                   "a\r\nb\x1b[2J\xc2\x9b"
                   "1\xff") == SK_BAD &&
               strcmp(why.sentence, "a??b?[2J?1?") == 0,
           "controls, C1 and broken UTF-8 become question marks");
    tap_ok(why_set(&why, SK_BAD, "%s", "\xe9\x96\xa2") == SK_BAD &&
               strcmp(why.sentence, "\xe9\x96\xa2") == 0,
           "other UTF-8 stays");
    tap_ok(why_set(&why, SK_BAD, "%.398s\xe9\x96\xa2", text) == SK_BAD &&
               utf8_valid(bytes_from_text(why.sentence)),
           "a cut inside a character leaves no broken UTF-8");
    tap_ok(strcmp(sk_code_name(SK_OK), "ok") == 0 &&
               strcmp(sk_code_name(SK_CONFIG), "config") == 0,
           "names");
}

/* What a child that runs `act` writes to standard error. */
static size_t
overhear(void (*act)(void), char *heard, size_t room, int *status_r)
{
    int ends[2];
    size_t size = 0;

    fflush(stdout);
    if (pipe(ends) != 0) {
        return 0;
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        act();
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t got;
         size < room - 1 && (got = read(ends[0], heard + size, room - 1 - size)) > 0;) {
        size += (size_t)got;
    }
    close(ends[0]);
    heard[size] = '\0';
    waitpid(child, status_r, 0);
    return size;
}

static void
break_own_state(void)
{
    sk_in_hand("4bq-17");
    SK_ASSERT(1 + 1 == 3);
}

static void
log_hostile(void)
{
    char id[5001];

    memset(id, 'i', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    log_set_role("worker 1");
    log_line(LOG_LEVEL_NOTICE, "m1", "from <%s>",
             "a\nnotice worker 1[1] forged: line\x1b]0;x\xc2\x9b");
    log_line(LOG_LEVEL_DEBUG, "m1", "dropped");
    log_line(LOG_LEVEL_ERROR, NULL, "%3000d", 1);
    log_line(LOG_LEVEL_ERROR, id, "after a long id");
}

static void
test_died(void)
{
    char heard[512];
    int status = 0;

    (void)overhear(break_own_state, heard, sizeof heard, &status);
    tap_ok(WIFSIGNALED(status) || WEXITSTATUS(status) != 0,
           "an assertion ends the process");
    tap_ok(strstr(heard, "1 + 1 == 3") != NULL && strstr(heard, "4bq-17") != NULL,
           "and names itself and the message in hand");
}

static void
test_log(void)
{
    static char heard[20000];
    int status = 0;
    size_t lines = 0, longest = 0, at = 0, line_size = 0;

    size_t size = overhear(log_hostile, heard, sizeof heard, &status);
    for (at = 0; at < size; at++) {
        line_size++;
        if (heard[at] == '\n') {
            lines++;
            longest = line_size > longest ? line_size : longest;
            line_size = 0;
        }
    }
    tap_ok(status == 0 && lines == 3, "three calls above the level write three lines (%zu)",
           lines);
    tap_ok(longest <= 2000, "no line passes 2,000 bytes (%zu)", longest);
    tap_ok(strstr(heard, "notice worker 1[") != NULL &&
               strstr(heard, " m1: from <a?notice") != NULL,
           "a forged line is part of the true one");
    tap_ok(strchr(heard, '\x1b') == NULL && strstr(heard, "\xc2\x9b") == NULL,
           "no terminal escape gets through");
}

int
main(void)
{
    test_why();
    test_died();
    test_log();
    return tap_done();
}
