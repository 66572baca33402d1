/* Cases are written in tests/written/indicators.tsv: half, text, what is to be found. Of a bank account bank, branch, kind, number and
 * holder are compared, of all else the value. The half "held" was written before the reader, the half "dev" while it grew. */
#include "judge/indicators.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "parse/links.h"

#define WANTED_MAX 8

static struct arena arena;

struct score {
    size_t cases, wanted, found, right;
};

static struct bytes
file_read(const char *path)
{
    const char *source = getenv("SEKISHO_SOURCE");
    char name[4096];
    struct stat st;

    snprintf(name, sizeof name, "%s/%s", source == NULL ? "." : source, path);
    int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &st) != 0) {
        return BYTES_NONE;
    }
    size_t size = (size_t)st.st_size, have = 0;
    uint8_t *at = arena_take_bytes(&arena, size);
    for (ssize_t got = 1; have < size && got > 0; have += (size_t)(got > 0 ? got : 0)) {
        got = read(file, at + have, size - have);
    }
    close(file);
    return bytes_of(at, have);
}

/* \n is a line end. */
static struct bytes
unescaped(struct bytes text)
{
    struct writer w;

    writer_init(&w, &arena);
    for (size_t i = 0; i < text.size; i++) {
        bool end = text.at[i] == '\\' && i + 1 < text.size && text.at[i + 1] == 'n';
        writer_byte(&w, end ? '\n' : text.at[i]);
        i += end;
    }
    return writer_view(&w);
}

static struct bytes
written(const struct indicator *it)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, indicator_type_name(it->type));
    writer_byte(&w, '=');
    if (it->type != INDICATOR_BANK_ACCOUNT) {
        writer_bytes(&w, it->value);
        return writer_view(&w);
    }
    struct bytes parts[] = {it->bank, it->branch, it->kind, it->number, it->holder};
    for (size_t i = 0; i < 5; i++) {
        writer_text(&w, i == 0 ? "" : "|");
        writer_bytes(&w, parts[i]);
    }
    return writer_view(&w);
}

static const struct indicator *
read_text(struct bytes text, size_t *count_r)
{
    struct indicator_texts in = {.text = text};

    return indicators_read(&arena, &in, count_r);
}

static void
say(const char *what, struct bytes text, struct bytes value)
{
    fprintf(stdout, "# %s %.*s  in: %.*s\n", what, BYTES_ARGUMENTS(value),
            BYTES_ARGUMENTS(text));
}

static void
case_read(struct bytes line, struct score *score)
{
    struct bytes half, text, wanted, one, list[WANTED_MAX];
    bool met[WANTED_MAX] = {false};
    size_t wanted_count = 0, count;

    if (!bytes_split(&line, '\t', &half) || !bytes_split(&line, '\t', &text) ||
        !bytes_split(&line, '\t', &wanted)) {
        tap_ok(false, "a case with three fields");
        return;
    }
    if (bytes_is(wanted, "-")) {
        wanted = BYTES_NONE;
    }
    while (wanted_count < WANTED_MAX && bytes_split(&wanted, ';', &one)) {
        list[wanted_count++] = one;
    }
    struct bytes unwritten = unescaped(text);
    const struct indicator *found = read_text(unwritten, &count);
    for (size_t i = 0; i < count; i++) {
        struct bytes it = written(&found[i]);
        size_t k = 0;
        while (k < wanted_count && (met[k] || !bytes_equal(list[k], it))) {
            k++;
        }
        bool right = k < wanted_count && found[i].from < found[i].to &&
                     found[i].to <= unwritten.size;
        if (right) {
            met[k] = true;
            score->right++;
        } else {
            say("wrong: ", text, it);
        }
    }
    for (size_t k = 0; k < wanted_count; k++) {
        if (!met[k]) {
            say("missed:", text, list[k]);
        }
    }
    score->cases++;
    score->wanted += wanted_count;
    score->found += count;
}

static void
test_score(const char *name, const struct score *s)
{
    double precision = s->found == 0 ? 0 : 100.0 * (double)s->right / (double)s->found;
    double recall = s->wanted == 0 ? 0 : 100.0 * (double)s->right / (double)s->wanted;

    tap_ok(precision >= 97 && recall >= 97,
           "%s: %zu cases, %zu to be found, precision %.1f%%, recall %.1f%%", name,
           s->cases, s->wanted, precision, recall);
}

static void
test_cases(void)
{
    struct bytes rest = file_read("tests/written/indicators.tsv"), line;
    struct score seen = {0}, held = {0};

    while (bytes_line(&rest, &line)) {
        if (line.size > 0 && line.at[0] != '#') {
            case_read(line, bytes_starts(line, BYTES("held\t")) ? &held : &seen);
        }
    }
    struct score all = {seen.cases + held.cases, seen.wanted + held.wanted,
                        seen.found + held.found, seen.right + held.right};
    test_score("the half to build on", &seen);
    test_score("the half held out", &held);
    test_score("all", &all);
    tap_ok(all.cases >= 250, "there are at least 250 cases");
}

static void
test_places(void)
{
    size_t count;
    struct bytes text = BYTES("電話は０３-1234-5678。"), said;
    const struct indicator *list = read_text(text, &count);

    if (tap_ok(count == 1, "one number")) {
        said = bytes_slice(text, list[0].from, list[0].to);
        tap_ok(bytes_is(said, "０３-1234-5678"), "its place is that of the text given");
    }
    text = BYTES("a 09012345678 b info★example.com c 090-1234-5678");
    list = read_text(text, &count);
    tap_ok(count == 2 && list[0].type == INDICATOR_PHONE && list[1].disguised &&
               list[0].from == 2,
           "in the order of the text, the first place of what is told twice");
}

static void
test_links(void)
{
    struct link links[5] = {{.kind = LINK_ANCHOR}, {.kind = LINK_IMAGE}};
    struct indicator_texts in = {.links = links, .link_count = 5};
    size_t count;

    link_resolve(&arena, &links[0], BYTES("https://line.me/R/ti/p/%40shop"), BYTES_NONE);
    link_resolve(&arena, &links[1], BYTES("https://example.com/a.png"), BYTES_NONE);
    link_resolve(&arena, &links[2], BYTES("mailto:Info@Example.com?subject=x"), BYTES_NONE);
    link_resolve(&arena, &links[3], BYTES("tel:03-1234-5678"), BYTES_NONE);
    link_resolve(&arena, &links[4], BYTES("javascript:090-1234-5678"), BYTES_NONE);
    const struct indicator *list = indicators_read(&arena, &in, &count);
    tap_ok(count == 4 && bytes_is(list[3].value, "+81312345678") &&
               bytes_is(list[0].value, "@shop") && list[1].type == INDICATOR_URL &&
               list[2].type == INDICATOR_EMAIL &&
               bytes_is(list[2].value, "info@example.com") && list[2].to == 0,
           "links that are not in the text; pictures are not told");
}

/* Readers are asked only where a word of theirs may begin (indicators_fold.c): each way to begin is tried, as is the place behind
 * more characters than bytes. */
static void
test_beginnings(void)
{
    static const struct {
        enum indicator_type type;
        const char *text;
    } all[] = {
        {INDICATOR_EMAIL, "taro@example.jp"},
        {INDICATOR_EMAIL, "taro [ at ] example.jp"},
        {INDICATOR_EMAIL, "taro(AT)example.jp"},
        {INDICATOR_EMAIL, "taro {at} example.jp"},
        {INDICATOR_EMAIL, "taro<at>example.jp"},
        {INDICATOR_EMAIL, "taro_at_example.jp"},
        {INDICATOR_EMAIL, "taro【あっと】example.jp"},
        {INDICATOR_EMAIL, "taro(アットマーク)example.jp"},
        {INDICATOR_EMAIL, "taroアットexample.jp"},
        {INDICATOR_EMAIL, "taroあっとexample.jp"},
        {INDICATOR_EMAIL, "taro at example dot jp"},
        {INDICATOR_EMAIL, "taro#example.jp (#は@に変えて)"},
        {INDICATOR_EMAIL, "taro★example.jp"},
        {INDICATOR_EMAIL, "taro☆example.jp"},
        {INDICATOR_EMAIL, "taro■example.jp"},
        {INDICATOR_EMAIL, "taro●example.jp"},
        {INDICATOR_EMAIL, "taro◎example.jp"},
        {INDICATOR_EMAIL, "taro◆example.jp"},
        {INDICATOR_EMAIL, "taro♪example.jp"},
        {INDICATOR_EMAIL, "taro□example.jp"},
        {INDICATOR_EMAIL, "taro▲example.jp"},
        {INDICATOR_EMAIL, "taro◇example.jp"},
        {INDICATOR_EMAIL, "taro※example.jp"},
        {INDICATOR_EMAIL, "taro♥example.jp"},
        {INDICATOR_EMAIL, "taro♡example.jp"},
        {INDICATOR_LINE_ID, "LINE ID: taro_123"},
        {INDICATOR_LINE_ID, "Line id taro_123"},
        {INDICATOR_LINE_ID, "L I N E ID: taro_123"},
        {INDICATOR_LINE_ID, "ライン ID: taro_123"},
        {INDICATOR_LINE_ID, "ﾗｲﾝ ID: taro_123"},
        {INDICATOR_LINE_ID, "らいんID: taro_123"},
        {INDICATOR_LINE_ID, "@taro123 をLINEで追加"},
        {INDICATOR_TELEGRAM_ID, "telegram: @taro_123"},
        {INDICATOR_TELEGRAM_ID, "TG: @taro_123"},
        {INDICATOR_TELEGRAM_ID, "テレグラム @taro_123"},
        {INDICATOR_TELEGRAM_ID, "てれぐらむ @taro_123"},
        {INDICATOR_TELEGRAM_ID, "tg://resolve?domain=taro_123"},
        {INDICATOR_SIGNAL_ID, "signal: @taro.42"},
        {INDICATOR_SIGNAL_ID, "シグナル ID: taro.42"},
        {INDICATOR_WHATSAPP_ID, "WhatsApp +81 90-1234-5678"},
        {INDICATOR_WHATSAPP_ID, "ワッツアップ +81 90-1234-5678"},
        {INDICATOR_PHONE, "(03)1234-5678"},
        {INDICATOR_PHONE, "+81-3-1234-5678"},
        {INDICATOR_PHONE, "電話〇九〇一二三四五六七八"},
        {INDICATOR_BITCOIN, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
        {INDICATOR_BITCOIN, "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"},
        {INDICATOR_BANK_ACCOUNT, "GB82 WEST 1234 5698 7654 32"},
        {INDICATOR_BANK_ACCOUNT, "みずほ銀行 新宿支店 普通 1234567"},
        {INDICATOR_POSTAL_ADDRESS, "〒100-0001 東京都千代田区千代田1-1"},
        {INDICATOR_POSTAL_ADDRESS, "東京都千代田区千代田1丁目1番"},
        {INDICATOR_POSTAL_ADDRESS, "北海道札幌市中央区北三条西6丁目"},
        {INDICATOR_POSTAL_ADDRESS, "大阪府大阪市北区中之島1丁目3番"},
        {INDICATOR_POSTAL_ADDRESS, "神奈川県横浜市中区日本大通1丁目"},
        {INDICATOR_POSTAL_ADDRESS, "横浜市中区日本大通1丁目"},
        {INDICATOR_NAME, "鈴木一郎と申します"},
        {INDICATOR_NAME, "担当: 鈴木一郎"},
        {INDICATOR_NAME, "差出人: 鈴木一郎"},
        {INDICATOR_NAME, "My name is John Smith"},
        {INDICATOR_NAME, "I am Mr. John Smith"},
        {INDICATOR_NAME, "this is attorney John Smith"},
    };
    struct writer w;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t count, good = 0;
        writer_init(&w, &arena);
        for (int k = 0; k < 200; k++) {
            writer_text(&w, "㍿"); /* one character of 3 bytes, folded to four */
        }
        writer_text(&w, "\n");
        writer_text(&w, all[i].text);
        const struct indicator *list = read_text(bytes_from_text(all[i].text), &count);
        for (size_t k = 0; k < count; k++) {
            good += list[k].type == all[i].type;
        }
        list = read_text(writer_view(&w), &count);
        for (size_t k = 0; k < count; k++) {
            good += list[k].type == all[i].type;
        }
        tap_ok(good == 2, "begins: %s", all[i].text);
    }
}

static void
test_bounds(void)
{
    struct writer w;
    size_t count;

    writer_init(&w, &arena);
    for (size_t i = 0; i < LIMIT_INDICATORS + 1; i++) {
        writer_format(&w, "090-1234-%04zu\n", i);
        if (i + 1 == LIMIT_INDICATORS) {
            (void)read_text(writer_view(&w), &count);
            tap_ok(count == LIMIT_INDICATORS, "as many as the bound");
        }
    }
    (void)read_text(writer_view(&w), &count);
    tap_ok(count == LIMIT_INDICATORS, "one more is not told");

    uint8_t *text = arena_take_bytes(&arena, LIMIT_INDICATOR_TEXT + 1);
    memset(text, ' ', LIMIT_INDICATOR_TEXT + 1);
    memcpy(text + LIMIT_INDICATOR_TEXT - 13, "090-1234-5678", 13);
    (void)read_text(bytes_of(text, LIMIT_INDICATOR_TEXT), &count);
    tap_ok(count == 1, "up to the last byte that is read");
    memset(text, ' ', LIMIT_INDICATOR_TEXT + 1);
    memcpy(text + LIMIT_INDICATOR_TEXT - 12, "090-1234-5678", 13);
    (void)read_text(bytes_of(text, LIMIT_INDICATOR_TEXT + 1), &count);
    tap_ok(count == 0, "and no further");
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_cases();
    test_places();
    test_links();
    test_beginnings();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
