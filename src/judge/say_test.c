#include "base/tap.h"
#include "base/writer.h"
#include "judge/judge.h"

static struct arena arena;
static struct judge *judge;

/* What the classifier's finding of that message rests on, after judge_say. */
static struct bytes
said(const char *subject, const char *text, const struct opinion **opinion_r)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w,
                  "From: a@example.jp\r\nSubject: %s\r\nMIME-Version: 1.0\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\n\r\n%s",
                  subject, text);
    struct bytes raw = writer_view(&w);
    struct arrival arrival = {.raw = raw};
    const struct letter *letter = letter_read(&arena, raw);
    const struct opinion *o = judge_letter(
        &arena, judge, permit_for_tool(&arena, FAMILY_ALL), &arrival, letter, NULL);

    judge_say(judge, o);
    judge_point(&arena, letter, o);
    *opinion_r = o;
    for (size_t i = 0; i < o->finding_count; i++) {
        if (bytes_starts(bytes_from_text(o->findings[i].name), BYTES("classifier_")) &&
            o->findings[i].said.size > 0) {
            return bytes_slice(raw, o->findings[i].from, o->findings[i].to);
        }
    }
    return BYTES_NONE;
}

static void
test_loudest(void)
{
    static const char spam[] =
        "アカウントの異常なログインを検知したため、ご利用を制限しました。"
        "下記リンクから24時間以内に本人確認をお願いいたします。";
    static const char plain[] = "議事録は来週の会議までに営業部の山田がまとめます。";
    const struct opinion *o;
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "%s\r\n%s\r\n%s\r\n", plain, spam, plain);
    struct bytes found = said("notice", writer_c(&w), &o);
    tap_ok(o->content > 0.5 && found.size > 0 &&
               bytes_find(bytes_from_text(spam), found, 0) != BYTES_NOWHERE,
           "of unwanted mail the passage is named that speaks against it, by its bytes");

    writer_init(&w, &arena);
    writer_format(&w,
                  "営業部各位\r\n%s\r\n配布資料は共有フォルダに置きました。"
                  "欠席の方は総務までご連絡ください。よろしくお願いいたします。\r\n",
                  plain);
    struct bytes minutes = writer_view(&w);
    found = said("minutes", writer_c(&w), &o);
    tap_ok(o->content < 0.5 && found.size > 0 &&
               bytes_find(minutes, bytes_trim(found), 0) != BYTES_NOWHERE,
           "of wanted mail the one that speaks for it");

    found = said("", "", &o);
    tap_ok(found.size == 0, "of an empty message none");
}

/* A sentence without an end is cut, between characters, and the cut passage can still be found in the bytes. */
static void
test_long(void)
{
    const struct opinion *o;
    struct writer w;
    bool whole = true;

    writer_init(&w, &arena);
    for (int i = 0; i < 4000; i++) {
        writer_text(&w, "口座の確認をしてください");
    }
    (void)said("notice", writer_c(&w), &o);
    for (size_t i = 0; i < o->finding_count; i++) {
        struct bytes b = o->findings[i].said;
        whole = whole && (b.size == 0 || ((b.at[0] & 0xc0) != 0x80 && b.size <= 300));
    }
    tap_ok(whole, "a passage is at most 300 bytes and begins with a whole character");
}

/* Findings about links point at their host, in the source or, where that was encoded, in the text made of it. */
static void
test_links(void)
{
    static const char *const messages[] = {
        "From: a@example.jp\r\nContent-Type: text/html\r\n\r\n<a "
        "href=\"http://198.51.100.7/login\">https://www.bank.example/</a>",
        "From: a@example.jp\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        "Z28gdG8gaHR0cDovLzE5OC41MS4xMDAuNy9sb2dpbiBub3cK\r\n"};
    static const char *const at[] = {"198.51.100.7", "LzE5OC41MS4xMDAuNy9s"};

    for (size_t i = 0; i < 2; i++) {
        struct bytes raw = bytes_from_text(messages[i]), found = BYTES_NONE;
        struct arrival arrival = {.raw = raw};
        const struct letter *letter = letter_read(&arena, raw);
        const struct opinion *o = judge_letter(
            &arena, judge, permit_for_tool(&arena, FAMILY_ALL), &arrival, letter, NULL);
        judge_point(&arena, letter, o);
        for (size_t k = 0; k < o->finding_count; k++) {
            if (o->findings[k].family == FAMILY_LINKS && o->findings[k].to > 0) {
                found = bytes_slice(raw, o->findings[k].from, o->findings[k].to);
            }
        }
        tap_ok(found.size > 0 && found.size <= 24 &&
                   (bytes_find(found, bytes_from_text(at[i]), 0) != BYTES_NOWHERE ||
                    bytes_find(bytes_from_text(at[i]), found, 0) != BYTES_NOWHERE),
               "a finding about a link points at its host (%s): %.*s",
               i == 0 ? "as it is" : "base64", BYTES_ARGUMENTS(found));
    }
}

int
main(void)
{
    struct why why;

    arena_init(&arena, 256u << 20);
    if (judge_open(&arena, NULL, &judge, &why) != SK_OK) {
        tap_ok(false, "the judge opens");
        return tap_done();
    }
    test_loudest();
    test_long();
    test_links();
    judge_close(judge);
    arena_release(&arena);
    return tap_done();
}
