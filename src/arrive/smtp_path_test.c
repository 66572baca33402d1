#include "arrive/smtp_path.h"

#include "arrive/arrival.h"
#include "arrive/reply.h"
#include "arrive/xtext.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

static void
test_paths(void)
{
    static const struct {
        const char *text;
        enum sk_code code;
        const char *address, *rest;
    } rows[] = {
        {"FROM:<a@b.example>", SK_OK, "a@b.example", ""},
        {"from: <a@b.example> SIZE=1", SK_OK, "a@b.example", " SIZE=1"},
        {"FROM:<>", SK_OK, "", ""},
        {"FROM:<\"a > b\"@c.example>", SK_OK, "\"a > b\"@c.example", ""},
        {"FROM:<\"a\\\"b\"@c>", SK_OK, "\"a\\\"b\"@c", ""},
        {"FROM:<@r1,@r2:a@b>", SK_OK, "a@b", ""},
        {"FROM:<a@[127.0.0.1]>", SK_OK, "a@[127.0.0.1]", ""},
        {"FROM:<a@[IPv6:::1]>", SK_OK, "a@[IPv6:::1]", ""},
        {"FROM:<Postmaster>", SK_OK, "Postmaster", ""},
        {"FROM:<someone>", SK_BAD, NULL, NULL},
        {"FROM:a@b", SK_BAD, NULL, NULL},
        {"FROM:<a@b", SK_BAD, NULL, NULL},
        {"FROM:<a@b>x", SK_BAD, NULL, NULL},
        {"FROM:<a b@c>", SK_BAD, NULL, NULL},
        {"FROM:<a<b@c>", SK_BAD, NULL, NULL},
        {"FROM:<\"a\"b@c>", SK_BAD, NULL, NULL},
        {"FROM:<a\"b\"@c>", SK_BAD, NULL, NULL},
        {"FROM:<\"a\x01\"@c>", SK_BAD, NULL, NULL},
        {"FROM:<a@b@c>", SK_BAD, NULL, NULL},
        {"FROM:<@b>", SK_BAD, NULL, NULL},
        {"FROM:<a@>", SK_BAD, NULL, NULL},
        {"FROM:<a@b c>", SK_BAD, NULL, NULL},
        {"FROM:<a@b(c)>", SK_BAD, NULL, NULL},
        {"FROM:<a,b@c>", SK_BAD, NULL, NULL},
        {"FROM:<\xff@c>", SK_BAD, NULL, NULL},
        {"FROM <a@b>", SK_BAD, NULL, NULL},
        {"TO:<a@b>", SK_BAD, NULL, NULL},
        {"", SK_BAD, NULL, NULL},
    };
    struct bytes address, rest;
    bool non_ascii;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum sk_code code = smtp_path_read(bytes_from_text(rows[i].text), "FROM:", &address,
                                           &rest, &non_ascii);
        tap_ok(code == rows[i].code &&
                   (code != SK_OK ||
                    (bytes_is(address, rows[i].address) && bytes_is(rest, rows[i].rest))),
               "path %s",
               rows[i].text[0] != '\0' && (uint8_t)rows[i].text[6] < 0x80 && i != 17
                   ? rows[i].text
                   : "(bytes)");
    }
    tap_ok(smtp_path_read(BYTES("FROM:<\xe5\x88\x80@c>"), "FROM:", &address, &rest,
                          &non_ascii) == SK_OK &&
               non_ascii,
           "UTF-8");
    for (size_t over = 0; over < 2; over++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, "FROM:<");
        while (w.size < 6 + LIMIT_ADDRESS - 2 + over) {
            writer_byte(&w, 'a');
        }
        writer_text(&w, "@b>");
        tap_ok(smtp_path_read(writer_view(&w), "FROM:", &address, &rest, &non_ascii) ==
                   (over ? SK_LIMIT : SK_OK),
               "an address %s the bound", over ? "past" : "at");
    }
    struct bytes key, value;
    rest = BYTES(" SIZE=10  SMTPUTF8 A=b=c");
    tap_ok(smtp_parameter_next(&rest, &key, &value) == SK_OK && bytes_is(key, "SIZE") &&
               bytes_is(value, "10") && smtp_parameter_next(&rest, &key, &value) == SK_OK &&
               bytes_is(key, "SMTPUTF8") && value.size == 0 &&
               smtp_parameter_next(&rest, &key, &value) == SK_BAD,
           "parameters");
    rest = BYTES("  ");
    tap_ok(smtp_parameter_next(&rest, &key, &value) == SK_MORE, "no parameters");
}

static void
test_replies(void)
{
    static const struct {
        const char *line, *clean;
    } rows[] = {
        {"250 2.1.5 ok", "250 2.1.5 ok"},
        {"250 ok", "250 2.0.0 ok"},
        {"550 4.1.1 mixed", "550 5.0.0 mixed"},
        {"550", "550 5.0.0 "},
        {"250 ok\r\n250 more", "250 2.0.0 ok??250 more"},
        {"550 5.1.1 \x1b[31mred\x80", "550 5.1.1 ?[31mred?"},
        {"550-5.1.1 x", "550 5.1.1 x"},
        {"354 go", "451 4.3.0"},
        {"999 x", "451 4.3.0"},
        {"25", "451 4.3.0"},
        {"", "451 4.3.0"},
        {"2500 x", "451 4.3.0"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes clean =
            reply_clean(&arena, bytes_from_text(rows[i].line), REPLY_NOT_KEPT);
        tap_ok(bytes_starts(clean, bytes_from_text(rows[i].clean)), "reply %zu is %s", i,
               rows[i].clean);
    }
    uint8_t long_line[2000];
    memset(long_line, 'x', sizeof long_line);
    memcpy(long_line, "250 ", 4);
    tap_ok(reply_clean(&arena, bytes_of(long_line, sizeof long_line), REPLY_OK).size ==
               REPLY_TEXT_MAX,
           "a long reply is cut");
    for (int i = REPLY_OK; i <= REPLY_XCLIENT_DENIED; i++) {
        const char *text = reply_text((enum reply_name)i);
        struct bytes clean = reply_clean(&arena, bytes_from_text(text), REPLY_OK);
        if (i != REPLY_GO_ON && !bytes_is(clean, text)) {
            tap_ok(false, "the table's own reply \"%s\" is clean", text);
        }
    }
}

static void
test_xtext_and_id(void)
{
    struct writer w;
    struct bytes out;
    uint8_t all[256];

    for (int i = 0; i < 256; i++) {
        all[i] = (uint8_t)i;
    }
    writer_init(&w, &arena);
    xtext_write(&w, bytes_of(all, sizeof all));
    tap_ok(xtext_read(&arena, writer_view(&w), &out) &&
               bytes_equal(out, bytes_of(all, sizeof all)),
           "xtext of every byte");
    tap_ok(!xtext_read(&arena, BYTES("a+4"), &out) &&
               !xtext_read(&arena, BYTES("+"), &out) &&
               !xtext_read(&arena, BYTES("+zz"), &out),
           "broken xtext");
    struct bytes one = arrival_new_id(&arena, 1700000000000),
                 two = arrival_new_id(&arena, 1700000000001);
    bool plain = one.size == 20;
    for (size_t i = 0; i < one.size; i++) {
        plain &= ascii_digit(one.at[i]) || ascii_letter(one.at[i]);
    }
    tap_ok(plain && memcmp(one.at, two.at, 20) < 0, "ids sort by time");
    tap_ok(!bytes_equal(one, arrival_new_id(&arena, 1700000000000)), "and are unique");
}

int
main(void)
{
    arena_init(&arena, 1 << 26);
    test_paths();
    test_replies();
    test_xtext_and_id();
    arena_release(&arena);
    return tap_done();
}
