#include "parse/transfer.h"

#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

typedef struct bytes decoder(struct arena *, struct bytes, bool *);

static void
expect(decoder *decode, const char *in, const char *out, bool broken)
{
    static int number;
    bool was = false;
    struct bytes got = decode(&arena, bytes_from_text(in), &was);

    if (!tap_ok(bytes_is(got, out) && was == broken, "case %d", ++number)) {
        printf("# broken %d, got %.*s\n", was, BYTES_ARGUMENTS(got));
    }
}

static void
test_base64(void)
{
    expect(transfer_from_base64, "", "", false);
    expect(transfer_from_base64, "YQ==", "a", false);
    expect(transfer_from_base64, "YWI=", "ab", false);
    expect(transfer_from_base64, "YWJj", "abc", false);
    expect(transfer_from_base64, "YWJj\r\nZGVm\r\n", "abcdef", false);
    expect(transfer_from_base64, "YW\nJjZ\r\nGVm", "abcdef", false);
    expect(transfer_from_base64, "YWI", "ab", false);
    expect(transfer_from_base64, "Y", "", true);
    expect(transfer_from_base64, "YWI=YWJj", "ababc", false);
    expect(transfer_from_base64, "Y!W-J_j", "abc", true);
    expect(transfer_from_base64, "YWJjY=", "abc", true);
    expect(transfer_from_base64, "====", "", false);

    /* Every length, against base's own. */
    bool good = true, broken = false;
    uint8_t all[300];
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)(i * 7);
    }
    for (size_t size = 0; size <= sizeof all; size++) {
        struct bytes in = bytes_of(all, size);
        struct bytes back = transfer_from_base64(&arena, bytes_base64(&arena, in), &broken);
        good = good && bytes_equal(in, back);
    }
    tap_ok(good && !broken, "there and back, every length");
}

/* Padding in the middle: what begins anew behind it, and what goes on as if it were not there. */
static void
test_runs(void)
{
    struct bytes runs = BYTES("Ym=9tYg");
    bool broken = false;

    tap_ok(transfer_base64_runs(runs) && !transfer_base64_runs(BYTES("Ym9tYg==\r\n")) &&
               !transfer_base64_runs(BYTES("")) && transfer_base64_runs(BYTES("=\nA")),
           "several runs");
    tap_ok(bytes_is(transfer_from_base64_through(&arena, runs), "bomb") &&
               !bytes_is(transfer_from_base64(&arena, runs, &broken), "bomb"),
           "read in two ways");
}

static void
test_quoted_printable(void)
{
    expect(transfer_from_quoted_printable, "", "", false);
    expect(transfer_from_quoted_printable, "a=3Db=3d", "a=b=", false);
    expect(transfer_from_quoted_printable, "a=\r\nb\r\n", "ab\r\n", false);
    expect(transfer_from_quoted_printable, "a=\nb\n", "ab\n", false);
    expect(transfer_from_quoted_printable, "a= \t\r\nb", "ab", false);
    expect(transfer_from_quoted_printable, "a \t\r\nb ", "a\r\nb", false);
    expect(transfer_from_quoted_printable, "a=20\r\nb", "a \r\nb", false);
    expect(transfer_from_quoted_printable, "a=zz=4", "a=zz=4", true);
    expect(transfer_from_quoted_printable, "a=", "a", false);
    expect(transfer_from_quoted_printable, "a==41", "a=A", true);
    expect(transfer_from_quoted_printable, "=\n=\n=", "", false);
}

static void
test_uuencode(void)
{
    expect(transfer_from_uuencode, "begin 644 a\n#86)C\n`\nend\n", "abc", false);
    expect(transfer_from_uuencode, "text\nbegin 644 a\r\n#86)C\r\n`\r\nend\r\n", "abc",
           false);
    expect(transfer_from_uuencode, "begin 644 a\n#86)C", "abc", true);
    expect(transfer_from_uuencode, "no such thing", "no such thing", true);
    expect(transfer_from_uuencode, "begin 644 a\nM\nend\n", "", true);
}

static void
test_floods(void)
{
    static const char *const pieces[] = {
        "=", "=\n", "A", "A\n", "AAA=", "!", "begin \n", "M\n", " \n", "=4"};
    bool broken = false, good = true;

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct writer w;
        writer_init(&w, &arena);
        while (w.size < 1048576) {
            writer_text(&w, pieces[i]);
        }
        good =
            good && transfer_from_base64(&arena, writer_view(&w), &broken).size <= w.size;
        good =
            good &&
            transfer_from_quoted_printable(&arena, writer_view(&w), &broken).size <= w.size;
        good =
            good && transfer_from_uuencode(&arena, writer_view(&w), &broken).size <= w.size;
    }
    tap_ok(good, "floods");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_base64();
    test_runs();
    test_quoted_printable();
    test_uuencode();
    test_floods();
    arena_release(&arena);
    return tap_done();
}
