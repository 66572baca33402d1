#include "arrive/http_text.h"

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

/* What the text is made into, with '|' for CR LF; or the status. */
static void
is(const char *type, struct bytes body, const char *want, const char *name)
{
    struct http_request request;
    struct bytes raw;
    struct writer head, got;
    struct why why = {0};
    unsigned status;
    size_t used;

    writer_init(&head, &arena);
    writer_format(&head, "POST /v1/text HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n\r\n",
                  type);
    bool read = http_request_read(&arena, writer_view(&head), &request, &used) == SK_OK;
    writer_init(&got, &arena);
    if (read && http_text_message(&arena, &request, body, &raw, &status, &why) == SK_OK) {
        for (size_t i = 0; i < raw.size; i++) {
            if (raw.at[i] != '\r') {
                writer_byte(&got, raw.at[i] == '\n' ? '|' : raw.at[i]);
            }
        }
    } else if (read) {
        writer_format(&got, "%u", status);
    }
    tap_ok(bytes_is(writer_view(&got), want), "%s: %.*s", name,
           (int)(got.size < 300 ? got.size : 300), writer_c(&got));
}

#define REST                                                                               \
    "MIME-Version: 1.0|Content-Type: text/plain; charset=utf-8|"                           \
    "Content-Transfer-Encoding: 8bit||"

static void
test_bound(void)
{
    static uint8_t text[LIMIT_TEXT_POST + 1];
    struct writer want;

    memset(text, 'a', sizeof text);
    writer_init(&want, &arena);
    writer_text(&want, REST);
    writer_bytes(&want, bytes_of(text, LIMIT_TEXT_POST));
    writer_byte(&want, '|');
    is("text/plain", bytes_of(text, LIMIT_TEXT_POST), writer_c(&want), "at the bound");
    is("text/plain", bytes_of(text, LIMIT_TEXT_POST + 1), "413", "one past the bound");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 26);
    is("text/plain", BYTES("a\nb"), REST "a|b|", "lines");
    is("text/plain; charset=\"UTF-8\"", BYTES("あ\r\n"), REST "あ|", "a charset");
    is("text/plain; charset=shift_jis", BYTES("a"), "415", "another charset");
    is("text/html", BYTES("a"), "415", "another type");
    is("text/plain", BYTES("\xff\xfe"), "400", "not UTF-8");
    is("text/plain", BYTES(" \n"), "400", "nothing");
    is("application/json",
       BYTES("{\"text\":\"a\\nb\",\"lang\":\"ja\",\"context\":\"駅の板\"}"),
       "Subject: 駅の板|Content-Language: ja|" REST "a|b|", "JSON");
    is("application/json; charset=utf-8", BYTES("{\"text\":\"a\"}"), REST "a|",
       "JSON alone");
    is("application/json", BYTES("{\"text\":1}"), "400", "no string");
    is("application/json", BYTES("{\"text\":\"a\",\"txet\":\"b\"}"), "400",
       "another member");
    is("application/json", BYTES("[\"a\"]"), "400", "no object");
    is("application/json", BYTES("{\"text\":\"\xff\"}"), "400", "JSON that is not UTF-8");
    is("application/json", BYTES("{\"text\":\"a\",\"context\":\"b\\nBcc: c\"}"), "400",
       "a line end in the context");
    is("application/json", BYTES("{\"text\":\"a\",\"lang\":\"ja x\"}"), "400",
       "no language tag");
    test_bound();
    arena_release(&arena);
    return tap_done();
}
