#include "base/json.h"

#include <math.h>

#include "base/tap.h"

static struct arena arena;

static bool
escapes(struct bytes text, const char *expected)
{
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    json_bytes(&j, text);
    bool is = bytes_is(writer_view(&w), expected);
    if (!is) {
        printf("# got: %s\n", writer_c(&w));
    }
    return is;
}

static void
test_shape(void)
{
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "a", "x");
    json_put_text(&j, "none", NULL);
    json_put_number(&j, "n", INT64_MIN);
    json_put_bool(&j, "b", true);
    json_key(&j, "list");
    json_open(&j, '[');
    json_number(&j, 1);
    json_open(&j, '{');
    json_close(&j);
    json_open(&j, '[');
    json_close(&j);
    json_raw(&j, BYTES("{\"ready\":1}"));
    json_close(&j);
    json_put_real(&j, "r", 0.12345, 3);
    json_put_string(&j, "s", BYTES("y"));
    json_close(&j);
    tap_ok(bytes_is(writer_view(&w),
                    "{\"a\":\"x\",\"none\":null,\"n\":-9223372036854775808,\"b\":true,"
                    "\"list\":[1,{},[],{\"ready\":1}],\"r\":0.123,\"s\":\"y\"}"),
           "commas stand where they belong");
    writer_clear(&w);
    json_init(&j, &w);
    json_open(&j, '[');
    json_decimal(&j, NAN, 2);
    json_decimal(&j, -INFINITY, 2);
    json_decimal(&j, -1.5, 0);
    json_nothing(&j);
    json_bool(&j, false);
    json_close(&j);
    tap_ok(bytes_is(writer_view(&w), "[null,null,-2,null,false]"),
           "what is no number becomes null");
}

static void
test_depth(void)
{
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        json_open(&j, '[');
    }
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        json_close(&j);
    }
    tap_ok(writer_view(&w).size == (size_t)2 * JSON_DEPTH_MAX, "nesting at the bound");
}

int
main(void)
{
    arena_init(&arena, 1u << 20);
    test_shape();
    test_depth();
    tap_ok(escapes(BYTES(""), "\"\""), "empty");
    tap_ok(escapes(BYTES_NONE, "\"\""), "nothing is an empty string");
    tap_ok(escapes(BYTES("a\"b\\c"), "\"a\\\"b\\\\c\""), "quote and backslash");
    tap_ok(escapes(BYTES("\n\r\t\0\x1f"), "\"\\n\\u000d\\u0009\\u0000\\u001f\""),
           "controls, NUL among them");
    tap_ok(escapes(BYTES("</script>&"), "\"\\u003c/script\\u003e\\u0026\""),
           "no tag can be closed from inside");
    tap_ok(escapes(BYTES("\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u2028\\u2029\""),
           "line separators of ECMAScript");
    tap_ok(escapes(BYTES("\x7f\xc2\x85"), "\"\\u007f\\u0085\""), "DEL and C1");
    tap_ok(
        escapes(BYTES("\xe9\x96\xa2\xf0\x9f\x98\x80"), "\"\xe9\x96\xa2\xf0\x9f\x98\x80\""),
        "UTF-8 stays");
    tap_ok(escapes(BYTES("\xff\xc3"
                         "a\xed\xa0\x80"),
                   "\"\xef\xbf\xbd\xef\xbf\xbd"
                   "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""),
           "every byte that is no UTF-8 is U+FFFD");
    arena_release(&arena);
    return tap_done();
}
