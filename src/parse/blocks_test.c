#include "parse/blocks.h"

#include "base/clock.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

/* Every file in the text: "name=content" and what is left of the text around them. */
static void
expect(const char *name, struct bytes text, const char *files, const char *rest)
{
    struct writer w, left;
    struct blocks blocks;
    struct block block;
    size_t at = 0;

    writer_init(&w, &arena);
    writer_init(&left, &arena);
    blocks_init(&blocks, text);
    while (blocks_next(&arena, &blocks, &block)) {
        size_t from = (size_t)(block.raw.at - text.at);
        writer_bytes(&left, bytes_slice(text, at, from));
        at = from + block.raw.size;
        writer_bytes(&w, block.name);
        writer_byte(&w, '=');
        writer_bytes(&w, block.content);
        writer_text(&w, block.broken ? "!;" : ";");
    }
    writer_bytes(&left, bytes_from(text, at));
    if (!tap_ok(bytes_is(writer_view(&w), files) && bytes_is(writer_view(&left), rest),
                "%s", name)) {
        printf("# %s | %s\n", writer_c(&w), writer_c(&left));
    }
}

#define EXPECT(name, text, files, rest) expect(name, BYTES(text), files, rest)

static void
test_uuencode(void)
{
    EXPECT("a file", "before\nbegin 644 a.txt\n#0V%T\n`\nend\nafter\n", "a.txt=Cat;",
           "before\nafter\n");
    EXPECT("CR LF, a name with blanks", "begin 0755 a b.exe \r\n#0V%T\r\n`\r\nend\r\n",
           "a b.exe=Cat;", "");
    EXPECT("an empty line for the last", "begin 644 a\n#0V%T\n\nend\nx", "a=Cat;", "x");
    EXPECT("an empty file", "begin 644 a\nend\n", "a=;", "");
    EXPECT("a checksum behind the line", "begin 644 a\n#0V%TX\n`\nend\n", "a=Cat;", "");
    EXPECT("two files", "begin 644 a\n#0V%T\n`\nend\n-\nbegin 644 b\n#0V%T\n`\nend\n",
           "a=Cat;b=Cat;", "-\n");
    EXPECT("without end the text behind it stays",
           "begin 644 a\n#0V%T\nThe rest is text.\n", "a=Cat!;", "The rest is text.\n");
    EXPECT("at the end of the text", "begin 644 a\n#0V%T", "a=Cat!;", "");
    EXPECT("a sentence", "begin with the word\n#0V%T\n`\nend\n", "",
           "begin with the word\n#0V%T\n`\nend\n");
    EXPECT("a sentence with a number", "begin 644 times\nand then stop\n", "",
           "begin 644 times\nand then stop\n");
    EXPECT("not at a line's beginning", "I begin 644 a\n#0V%T\n`\nend\n", "",
           "I begin 644 a\n#0V%T\n`\nend\n");
    EXPECT("no mode", "begin a\n#0V%T\n`\nend\n", "", "begin a\n#0V%T\n`\nend\n");
    EXPECT("no name", "begin 644 \n#0V%T\n`\nend\n", "", "begin 644 \n#0V%T\n`\nend\n");
    EXPECT("base64", "x\nbegin-base64 644 a.bin\nQ2F0\nQ2F0\n====\ny\n", "a.bin=CatCat;",
           "x\ny\n");
    EXPECT("base64 without end", "begin-base64 644 a\nQ2F0\nNot this.\n", "a=Cat!;",
           "Not this.\n");
}

static void
test_yenc(void)
{
    EXPECT("a file",
           "a\n=ybegin line=128 size=3 name=c at.bin\n\x6d\x8b\x9e\n=yend size=3\nb",
           "c at.bin=Cat;", "a\nb");
    EXPECT("escapes", "=ybegin line=128 size=2 name=e\r\n=\x7d=\x40\r\n=yend size=2\r\n",
           "e=\x13\xd6;", "");
    EXPECT("a part",
           "=ybegin part=1 line=128 size=9 name=p\n=ypart begin=1 end=3\n"
           "\x6d\x8b\x9e\n=yend size=3 part=1\n",
           "p=Cat;", "");
    EXPECT("another size than told",
           "=ybegin line=128 size=4 name=s\n\x6d\x8b\x9e\n=yend size=4\n", "s=Cat!;", "");
    EXPECT("no end", "=ybegin line=128 size=3 name=n\n\x6d\x8b\x9e", "n=Cat!;", "");
    EXPECT("the next begins",
           "=ybegin line=1 size=3 name=n\n\x6d\x8b\x9e\n=ybegin line=1 size=3 "
           "name=m\n\x6d\x8b\x9e\n=yend size=3\n",
           "n=Cat!;m=Cat;", "");
    EXPECT("no name", "=ybegin line=128 size=3\nx", "", "=ybegin line=128 size=3\nx");
    EXPECT("no size", "=ybegin name=x\nx", "", "=ybegin name=x\nx");
    EXPECT("a size past all bounds", "=ybegin size=99999999999999999999 name=x\nx", "",
           "=ybegin size=99999999999999999999 name=x\nx");
}

static int64_t
cost(const char *piece, size_t count)
{
    struct blocks blocks;
    struct block block;
    struct writer w;
    size_t size = 0;

    writer_init(&w, &arena);
    for (size_t i = 0; i < count; i++) {
        writer_text(&w, piece);
    }
    int64_t from = clock_cpu_us();
    blocks_init(&blocks, writer_view(&w));
    while (blocks_next(&arena, &blocks, &block)) {
        size += block.content.size;
    }
    int64_t took = clock_cpu_us() - from;
    tap_ok(size <= w.size, "%zu times: no more comes out than went in", count);
    return took;
}

/* Class 24 of known faults: quadratic time. */
static void
test_linear(void)
{
    static const char *const pieces[] = {
        "begin 644 a\n", "begin 644 a\n`\n", "=ybegin size=1 name=a\n", "begin",
        "=ybegin ",      "begin 644 a\nend", "begin-base64 644 a\nA\n", "M\nbegin 644 x\n",
    };

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        int64_t one = cost(pieces[i], 50000), four = cost(pieces[i], 200000);
        tap_ok(four < 12 * one + 20000, "piece %zu: %d us, four times as much %d us", i,
               (int)one, (int)four);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    EXPECT("nothing", "", "", "");
    test_uuencode();
    test_yenc();
    test_linear();
    arena_release(&arena);
    return tap_done();
}
