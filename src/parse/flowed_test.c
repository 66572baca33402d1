#include "parse/flowed.h"

#include "base/clock.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static void
expect(const char *name, const char *text, bool delete_blank, const char *joined)
{
    struct bytes got = flowed_join(&arena, bytes_from_text(text), delete_blank);

    if (!tap_ok(bytes_is(got, joined), "%s", name)) {
        printf("# %.*s\n", BYTES_ARGUMENTS(got));
    }
}

static void
test_lines(void)
{
    expect("a paragraph", "one \r\ntwo\r\nthree\r\n", false, "one two\nthree");
    expect("DelSp: a Japanese word over a line end", "駅前に爆 \r\n弾を置いた\r\n", true,
           "駅前に爆弾を置いた");
    expect("DelSp: two blanks are one", "one  \ntwo", true, "one two");
    expect("without DelSp the blank stays", "爆 \n弾", false, "爆 弾");
    expect("stuffing", " From x\n  y\n >z", false, "From x\n y\n>z");
    expect("signature", "text \n-- \nname \n", false, "text \n-- \nname ");
    expect("signature with DelSp keeps its blank", "-- \nname", true, "-- \nname");
    expect("quotation", ">> a \n>> b\n> c \nd", false, ">> a b\n> c \nd");
    expect("quotation without blank", ">a \n>b", true, "> ab");
    expect("another depth begins a line", "> a \n>> b", false, "> a \n>> b");
    expect("empty lines", "a \n\nb", false, "a \nb");
    expect("nothing", "", true, "");
    expect("a blank", " ", true, "");
}

static double
cost(const char *piece, size_t count)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < count; i++) {
        writer_text(&w, piece);
    }
    int64_t from = clock_cpu_us();
    struct bytes joined = flowed_join(&arena, writer_view(&w), true);
    tap_ok(joined.size <= w.size + count * 2, "%zu times: no longer than it was", count);
    return (double)(clock_cpu_us() - from);
}

static void
test_linear(void)
{
    static const char *const pieces[] = {"> \n", ">", " ", "x \n", "\n", "\r"};

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        double one = cost(pieces[i], 500000), four = cost(pieces[i], 2000000);
        tap_ok(four < 16 * one + 50000,
               "piece %zu: linear (%.0f us, four times as much %.0f)", i, one, four);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_lines();
    test_linear();
    arena_release(&arena);
    return tap_done();
}
