#include "parse/locate.h"

#include <time.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

/* What bytes of the message a word of its text stands on. */
static struct bytes
stands_on(const struct letter *letter, const char *word)
{
    struct bytes what = bytes_from_text(word);
    size_t at = bytes_find(letter->text, what, 0), from = 0, to = 0;

    if (at >= letter->text.size || !letter_locate(letter, at, at + what.size, &from, &to)) {
        return BYTES("nowhere");
    }
    return bytes_slice(letter->raw, from, to);
}

static void
is(const char *message, const char *word, const char *want, const char *name)
{
    const struct letter *letter = letter_read(&arena, bytes_from_text(message));
    struct bytes got = stands_on(letter, word);

    if (!tap_ok(bytes_is(got, want), "%s", name)) {
        printf("# text %.*s\n# got  %.*s\n# want %s\n", BYTES_ARGUMENTS(letter->text),
               BYTES_ARGUMENTS(got), want);
    }
}

static void
test_steps(void)
{
    is("Subject: x\r\n\r\nfirst line\r\nsecond bomb line\r\n", "bomb", "bomb", "plain");
    is("Content-Type: text/plain; charset=utf-8\r\n\r\n明日\r\n爆破する\r\n", "爆破",
       "爆破", "UTF-8, after a line end");
    is("Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$BGzGK\x1b(B end\r\n",
       "end", "end", "ISO-2022-JP, behind a shift");
    is("Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; "
       "charset=utf-8\r\n\r\nsoft =\r\nbomb=E7=88=86 end\r\n",
       "爆", "=E7=88=86", "quoted-printable");
    is("Content-Type: text/html\r\n\r\n<html><b>a</b> <i>bo</i><i>mb</i> c</html>", "bomb",
       "bo</i><i>mb", "HTML, with the tags within");
    is("Content-Type: text/html; charset=shift_jis\r\n\r\n<p>a</p><p>\x94\x9a\x94j!</p>",
       "爆破", "\x94\x9a\x94j", "HTML in Shift_JIS");
    is("Content-Type: text/plain; format=flowed\r\n\r\nall that \r\nflows on\r\n", "flows",
       "flows", "format=flowed");
    is("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nfirst\r\n--b\r\n"
       "Content-Transfer-Encoding: base64\r\n\r\nc2Vjb25k\r\n--b--\r\n",
       "second", "c2Vjb25k", "base64, in the second part");
    is("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsame "
       "text\r\n--b\r\n\r\n"
       "same text, and bomb\r\n--b--\r\n",
       "bomb", "bomb", "parts that begin alike");
}

static void
test_unknown(void)
{
    const struct letter *letter = letter_read(
        &arena, BYTES("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: "
                      "base64\r\n\r\nU3ViamVjdDogeA0KDQpib21iDQo=\r\n"));
    size_t from, to;

    tap_ok(bytes_is(stands_on(letter, "bomb"), "nowhere"),
           "a message that was itself encoded: nobody knows");
    letter = letter_read(&arena, BYTES("Subject: x\r\n\r\n"));
    tap_ok(!letter_locate(letter, 0, 1, &from, &to), "nor in an empty one");
    letter = letter_read(&arena, BYTES("Subject: x\r\n\r\nabc\r\n"));
    tap_ok(!letter_locate(letter, 99, 120, &from, &to), "nor behind the end");
    tap_ok(letter_locate(letter, 1, 99, &from, &to) && to == letter->raw.size - 2,
           "to behind the end: up to it");
}

static void
test_bound(void)
{
    struct writer w;
    size_t from, to;

    for (size_t more = 0; more < 2; more++) {
        writer_init(&w, &arena);
        writer_text(&w, "Content-Type: text/html\r\n\r\n");
        size_t head = w.size;
        while (w.size < head + LIMIT_LOCATE - 8 + more) {
            writer_byte(&w, 'a');
        }
        writer_text(&w, "<b>bomb.");
        const struct letter *letter = letter_read(&arena, writer_view(&w));
        size_t at = bytes_find(letter->text, BYTES("bomb"), 0);
        struct timespec a, b;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        bool known = letter_locate(letter, at, at + 4, &from, &to);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        printf("# %.0f ms\n",
               (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6);
        tap_ok(known &&
                   (more == 0 ? to - from == 4 : from == head && to == letter->raw.size),
               more == 0 ? "at the bound" : "one past it: the whole part");
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    test_steps();
    test_unknown();
    test_bound();
    arena_release(&arena);
    return tap_done();
}
