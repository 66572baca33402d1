#include "net/line.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

struct outcome {
    enum sk_code code;
    bool bare_lf, bare_cr;
    size_t used;
    struct bytes message;
};

/* Scans data in pieces that end at `cut` and `cut2`. */
static struct outcome
scan(struct bytes data, size_t cut, size_t cut2)
{
    size_t ends[3] = {cut < data.size ? cut : data.size,
                      cut2 < data.size ? cut2 : data.size, data.size};
    struct outcome out = {.code = SK_MORE};
    struct data_scanner scanner;
    struct writer w;
    struct bytes piece;
    size_t at = 0, used;

    writer_init(&w, &arena);
    data_scanner_init(&scanner);
    for (int i = 0; i < 3; i++) {
        while (out.code == SK_MORE && at < ends[i]) {
            out.code = data_scan(&scanner, bytes_slice(data, at, ends[i]), &used, &piece);
            writer_bytes(&w, piece);
            at += used;
        }
    }
    out.used = at;
    out.bare_lf = scanner.bare_lf;
    out.bare_cr = scanner.bare_cr;
    out.message = writer_view(&w);
    return out;
}

static void
test_scanner(void)
{
    static const struct {
        const char *data, *message;
        bool ends, bare_lf, bare_cr;
        size_t rest; /* bytes behind the end */
    } rows[] = {
        {".\r\n", "", true, false, false, 0},
        {".\r\nQUIT\r\n", "", true, false, false, 6},
        {"a\r\n.\r\n", "a\r\n", true, false, false, 0},
        {"a\r\n..\r\n.\r\nX", "a\r\n.\r\n", true, false, false, 1},
        {"..a\r\n.b\r\n...\r\n.\r\n", ".a\r\nb\r\n..\r\n", true, false, false, 0},
        {"a\n.\n", "a\n.\n", false, true, false, 0},
        {"a\n.\r\n", "a\n.\r\n", false, true, false, 0},
        {"a\r.\r", "a\r.\r", false, false, true, 0},
        {"a\r\n.\nb", "a\r\n\nb", false, true, false, 0},
        {"a\r\n.\rb", "a\r\n\rb", false, false, true, 0},
        {"a\r\r\n.\r\n", "a\r\r\n", true, false, true, 0},
        {"a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", true, false, true, 0},
        {"\n.\r\n.\r\n", "\n.\r\n", true, true, false, 0},
        {"\r.\r\n.\r\n", "\r.\r\n", true, false, true, 0},
        {"\r\n\r\n.\r\n", "\r\n\r\n", true, false, false, 0},
        {"a\r\n.", "a\r\n", false, false, false, 0},
        {"a\r\n.\r", "a\r\n", false, false, false, 0},
        {"", "", false, false, false, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes data = bytes_from_text(rows[i].data);
        bool well = true;
        for (size_t cut = 0; cut <= data.size; cut++) {
            for (size_t cut2 = cut; cut2 <= data.size; cut2++) {
                struct outcome o = scan(data, cut, cut2);
                well &= o.code == (rows[i].ends ? SK_OK : SK_MORE) &&
                        o.bare_lf == rows[i].bare_lf &&
                        bytes_is(o.message, rows[i].message) &&
                        data.size - o.used == rows[i].rest;
                /* A CR at the very end is not known to stand alone yet. */
                bool open =
                    !rows[i].ends && data.size > 0 && data.at[data.size - 1] == '\r';
                well &= open || o.bare_cr == rows[i].bare_cr;
            }
        }
        tap_ok(well, "data %zu, cut at every two bytes", i);
    }
    tap_ok(scan(BYTES("a\r.\r"), 4, 4).bare_cr, "CR . CR is bare");
    struct bytes nul = BYTES("a\0b\r\n.\r\n");
    tap_ok(bytes_equal(scan(nul, 9, 9).message, BYTES("a\0b\r\n")), "NUL is data");
}

/* Every string over the five bytes that matter: stuffing and scanning undo each other, whatever the cuts. */
static void
test_round_trip(void)
{
    static const char *const lines[] = {"", ".", "..", "a", ".a", "a."};
    bool well = true;

    for (int n = 0; n < 6 * 6 * 6 * 6; n++) {
        struct writer w, wire;
        writer_init(&w, &arena);
        for (int k = 0, m = n; k < 4; k++, m /= 6) {
            writer_text(&w, lines[m % 6]);
            writer_text(&w, "\r\n");
        }
        struct bytes rest = writer_view(&w), message = rest;
        writer_init(&wire, &arena);
        for (bool start = true, dot; rest.size > 0 || start; start = false) {
            size_t size = data_stuff(rest, start, &dot);
            writer_bytes(&wire, bytes_slice(rest, 0, size));
            writer_text(&wire, dot ? "." : "");
            rest = bytes_from(rest, size);
        }
        writer_text(&wire, ".\r\n");
        struct outcome o =
            scan(writer_view(&wire), (size_t)n % wire.size, (size_t)n % wire.size + 1);
        well &= o.code == SK_OK && bytes_equal(o.message, message) && o.used == wire.size;
    }
    tap_ok(well, "stuffing and scanning undo each other");
}

static void
test_lines(void)
{
    static const struct {
        const char *input;
        enum sk_code code;
        size_t used;
        const char *line;
    } rows[] = {
        {"NOOP\r\nX", SK_OK, 6, "NOOP"},
        {"\r\n", SK_OK, 2, ""},
        {"NOOP\r", SK_MORE, 0, ""},
        {"", SK_MORE, 0, ""},
        {"a\nb\r\n", SK_BAD, 2, ""},
        {"a\rb\r\n", SK_BAD, 5, ""},
        {"\n", SK_BAD, 1, ""},
        {"a\r\r\n", SK_BAD, 4, ""},
        {"12345678\r\n", SK_OK, 10, "12345678"},
        {"123456789\r\n", SK_LIMIT, 11, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct line_reader reader = {0};
        struct bytes line;
        size_t used;
        enum sk_code code =
            line_read(&reader, bytes_from_text(rows[i].input), 10, &line, &used);
        tap_ok(code == rows[i].code && used == rows[i].used && bytes_is(line, rows[i].line),
               "line %zu", i);
    }
    /* A long line that comes in parts is dropped in parts and told once, at its end. */
    struct line_reader reader = {0};
    struct bytes line;
    size_t used;
    bool well =
        line_read(&reader, BYTES("1234567890"), 10, &line, &used) == SK_MORE && used == 10;
    well &= line_read(&reader, BYTES("more"), 10, &line, &used) == SK_MORE && used == 4;
    well &= line_read(&reader, BYTES("end\r\nNOOP\r\n"), 10, &line, &used) == SK_LIMIT &&
            used == 5;
    well &= line_read(&reader, BYTES("NOOP\r\n"), 10, &line, &used) == SK_OK &&
            bytes_is(line, "NOOP");
    tap_ok(well, "a long line in parts");
}

static void
test_speed(void)
{
    size_t size = 8u << 20;
    uint8_t *data = arena_take_bytes(&arena, size);

    for (int kind = 0; kind < 4; kind++) {
        static const char *const patterns[] = {"0123456789abcdefghijklmnopqrstuvwxyz\r\n",
                                               ".\n", "\r", "\r\n."};
        for (size_t i = 0; i < size; i++) {
            data[i] = (uint8_t)patterns[kind][i % strlen(patterns[kind])];
        }
        struct data_scanner scanner;
        struct bytes piece;
        size_t at = 0, used;
        int64_t from = clock_cpu_us();
        data_scanner_init(&scanner);
        while (at < size) {
            (void)!(int)data_scan(&scanner, bytes_of(data + at, size - at), &used, &piece);
            at += used;
        }
        int64_t us = clock_cpu_us() - from;
        printf("# %s: %.2f ns a byte\n", kind == 0 ? "text" : "hostile",
               (double)us * 1000 / (double)size);
        tap_ok(us < 8000000, "8 MiB of kind %d in linear time", kind);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_scanner();
    test_round_trip();
    test_lines();
    test_speed();
    arena_release(&arena);
    return tap_done();
}
