#include "judge/template.h"

#include <time.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "judge/normal.h"

static struct arena arena;

static struct own_text
own(const char *text)
{
    struct own_text own = {
        .normal = normal_form(&arena, bytes_from_text(text), LIMIT_NORMAL_BYTES)};

    own.regions = regions_read(&arena, own.normal, &own.region_count);
    return own;
}

static struct template read(const char *const *texts, size_t count)
{
    struct own_text *all = arena_take_many(&arena, count, sizeof *all);
    struct template template;

    for (size_t i = 0; i < count; i++) {
        all[i] = own(texts[i]);
    }
    template_read(&arena, all, count, &template);
    return template;
}

/* What a slot of the template holds in text `k`. */
static struct bytes
value(const struct template *template, size_t slot, size_t k)
{
    for (size_t i = 0; i < template->piece_count; i++) {
        if (template->pieces[i].is_slot && slot-- == 0) {
            return template->pieces[i].values[k];
        }
    }
    return BYTES("no such slot");
}

static void
is(const char *const *texts, size_t count, const char *want, const char *name)
{
    struct template template = read(texts, count);
    struct bytes got = template_write(&arena, &template);

    if (!tap_ok(bytes_is(got, want), "%s", name)) {
        printf("# got  %.*s\n# want %s\n", BYTES_ARGUMENTS(got), want);
    }
}

static const char *const bank[] = {
    "山田太郎様\nお客様の口座で不審な取引が検出されました。金額は12,"
    "000円です。次の画面で確認してください。https://a.example/x1 期限は2026/11/22です。",
    "佐藤花子様\nお客様の口座で不審な取引が検出されました。金額は980円です。次の画面で確認"
    "してください。https://b.example/yyy 期限は2026/11/23です。",
    "鈴木様\nお客様の口座で不審な取引が検出されました。金額は300,"
    "000円です。次の画面で確認してください。https://c.example/?z=3 期限は2026/12/1です。",
    "高橋一郎様\nお客様の口座で不審な取引が検出されました。金額は5円です。次の画面で確認し"
    "てください。https://d.example/ 期限は2026/11/22です。",
};

static const char *const parcel[] = {
    "Dear Bob,\nyour parcel jp12ab34 could not be delivered to you today. Please pay the "
    "fee of 2.99 "
    "at http://a.example/x and choose a new date.",
    "Dear Alice,\nyour parcel zz99qq could not be delivered to you today. Please pay the "
    "fee of 1.50 "
    "at http://b.example/yy and choose a new date.",
    "Dear Mallory Smith,\nyour parcel 7788k could not be delivered to you today. Please "
    "pay the fee of 3 "
    "at https://c.example/q?z and choose a new date.",
};

static const char *const coin[] = {
    "I know that hunter2 is your password. I recorded you with your own camera. Send 700 "
    "dollars to "
    "1boatslrhtktngkdxeeobr76b53lettpyt within 48 hours or everybody sees it.",
    "I know that 123456 is your password. I recorded you with your own camera. Send 1,400 "
    "dollars to "
    "3j98t1wpez73cnmqviecrnyiwrnqrhwnly within 24 hours or everybody sees it.",
    "I know that qwerty99 is your password. I recorded you with your own camera. Send 500 "
    "dollars to "
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq within 72 hours or everybody sees it.",
};

static const char *const dating[] = {
    "はじめまして、みさきです。写真を見て気になりました。よければ misaki@a.example "
    "まで返事をください。待っています。",
    "はじめまして、ゆかりです。写真を見て気になりました。よければ yukari.77@b.example "
    "まで返事をください。待っています。",
    "はじめまして、あやです。写真を見て気になりました。よければ aya@c.example "
    "まで返事をください。待っています。",
};

static const char *const work[] = {
    "高収入の仕事を紹介します。荷物を受け取るだけで日給30,"
    "000円です。新宿で働けます。連絡は090-1111-2222まで。",
    "高収入の仕事を紹介します。荷物を受け取るだけで日給50,"
    "000円です。大阪梅田で働けます。連絡は080-3333-4444まで。",
    "高収入の仕事を紹介します。荷物を受け取るだけで日給45,"
    "000円です。名古屋で働けます。連絡は070-5555-6666まで。",
};

static void
test_five(void)
{
    is(bank, 4,
       "{name}様\nお客様の口座で不審な取引が検出されました。金額は{number}"
       "円です。次の画面で確認してください。{url} 期限は{number}です。",
       "a bank's warning");
    is(parcel, 3,
       "dear {name},\nyour parcel {code} could not be delivered to you today. please pay "
       "the fee of {number} "
       "at {url} and choose a new date.",
       "a parcel");
    is(coin, 3,
       "i know that {code} is your password. i recorded you with your own camera. send "
       "{number} dollars to "
       "{code} within {number} hours or everybody sees it.",
       "extortion");
    is(dating, 3,
       "はじめまして、{words}です。写真を見て気になりました。よければ {mail} "
       "まで返事をください。待っています。",
       "a lure");
    is(work, 3,
       "高収入の仕事を紹介します。荷物を受け取るだけで日給{number}円です。{words}"
       "で働けます。連絡は{number}まで。",
       "dark work");

    struct template template = read(bank, 4);
    tap_ok(template.slot_count == 4 && template.used_count == 4,
           "four slots of four copies");
    tap_ok(bytes_is(value(&template, 0, 0), "山田太郎") &&
               bytes_is(value(&template, 0, 2), "鈴木") &&
               bytes_is(value(&template, 1, 2), "300,000") &&
               bytes_is(value(&template, 2, 3), "https://d.example/") &&
               bytes_is(value(&template, 3, 1), "2026/11/23"),
           "and what each copy has in them");
}

static void
put_word(struct writer *w, uint64_t x)
{
    for (size_t k = 0; k < 7; k++) {
        writer_byte(w, (uint8_t)('a' + x % 26));
        x /= 26;
    }
}

static void
put_value(struct writer *w, enum slot_kind kind, uint64_t x)
{
    switch (kind) {
    case SLOT_NUMBER:
        writer_format(w, "%u,%03u", (unsigned)(x % 100), (unsigned)(x / 100 % 1000));
        break;
    case SLOT_CODE:
        writer_format(w, "k%ux%u", (unsigned)(x % 1000), (unsigned)(x / 1000 % 1000));
        break;
    case SLOT_URL:
        writer_format(w, "https://a%u.example/?%u", (unsigned)(x % 1000),
                      (unsigned)(x >> 40));
        break;
    case SLOT_MAIL:
        writer_format(w, "u%u@b%u.example", (unsigned)(x % 1000), (unsigned)(x >> 40));
        break;
    default:
        for (size_t i = 0; i <= x % 3; i++) {
            writer_text(w, i > 0 ? " " : "");
            put_word(w, hash_mix(x + i));
        }
    }
}

/* Templates of chance, filled in by chance: each is recovered with every slot, its kind and its values. */
static void
test_recovery(void)
{
    static const enum slot_kind kinds[] = {SLOT_WORDS, SLOT_NUMBER, SLOT_CODE, SLOT_URL,
                                           SLOT_MAIL};
    enum { TRIALS = 300, COPIES = 6, SLOTS = 8 };
    size_t recovered = 0, values = 0, slots = 0;

    for (uint64_t trial = 1; trial <= TRIALS; trial++) {
        struct writer copies[COPIES], want;
        struct own_text texts[COPIES];
        struct bytes put[SLOTS][COPIES];
        size_t slot_count = 1 + hash_mix(trial) % SLOTS;
        struct template template;

        writer_init(&want, &arena);
        for (size_t k = 0; k < COPIES; k++) {
            writer_init(&copies[k], &arena);
        }
        for (size_t slot = 0; slot <= slot_count; slot++) {
            uint64_t x = hash_mix(trial * 100 + slot);
            for (size_t i = 0; i < 5 + x % 7; i++) {
                uint64_t word = hash_mix(x + i);
                put_word(&want, word);
                writer_byte(&want, ' ');
                for (size_t k = 0; k < COPIES; k++) {
                    put_word(&copies[k], word);
                    writer_byte(&copies[k], ' ');
                }
            }
            if (slot == slot_count) {
                break;
            }
            enum slot_kind kind = kinds[x / 7 % 5];
            writer_format(&want, "{%s} ", slot_kind_name(kind));
            for (size_t k = 0; k < COPIES; k++) {
                size_t from = copies[k].size;
                put_value(&copies[k], kind, hash_mix(x + 1000 + k));
                put[slot][k] =
                    bytes_copy(&arena, bytes_from(writer_view(&copies[k]), from));
                writer_byte(&copies[k], ' ');
            }
        }
        for (size_t k = 0; k < COPIES; k++) {
            texts[k] = (struct own_text){.normal = writer_view(&copies[k])};
        }
        template_read(&arena, texts, COPIES, &template);
        recovered += bytes_equal(template_write(&arena, &template), writer_view(&want));
        for (size_t slot = 0; slot < slot_count; slot++) {
            for (size_t k = 0; k < COPIES; k++) {
                slots++;
                values += bytes_equal(value(&template, slot, k), put[slot][k]);
            }
        }
    }
    tap_ok(recovered == TRIALS, "of %d templates of chance recovered: %zu", TRIALS,
           recovered);
    tap_ok(values == slots, "of %zu values: %zu", slots, values);
}

static void
test_edges(void)
{
    static const char *const start[] = {
        "今日は売り出しの日です、どうぞお越しください",
        "号外 今日は売り出しの日です、どうぞお越しください",
        "今日は売り出しの日です、どうぞお越しください 店長"};
    static const char *const middle[] = {
        "please answer this letter before the day ends now",
        "please answer this long letter before the day ends now"};
    static const char *const chance[] = {
        "ご担当 田中太郎様 先日お願いした件の返事をください",
        "ご担当 木中野郎様 先日お願いした件の返事をください"};
    static const char *const codes[] = {
        "残念ながらアカウント dzqwr を更新できませんでした。至急確認してください",
        "残念ながらアカウント ppw2 を更新できませんでした。至急確認してください",
        "残念ながらアカウント m0zh1 を更新できませんでした。至急確認してください"};
    static const char *const quoted[] = {
        "返事をいただけずに困っています。至急ご連絡ください。\n> 引用その一です\n> "
        "まだあります",
        "返事をいただけずに困っています。至急ご連絡ください。\n> まったく別の引用文です"};
    const char *mixed[] = {bank[0], bank[1], work[0], bank[2]};
    struct template template;

    is(start, 3, "{words}今日は売り出しの日です、どうぞお越しください{words}",
       "slots at both ends that the base has not");
    is(middle, 2, "please answer this {words}letter before the day ends now",
       "a word that one copy has more");
    is(chance, 2, "ご担当 {words}郎様 先日お願いした件の返事をください",
       "a lone character in a name is chance");
    is(codes, 3, "残念ながらアカウント {code} を更新できませんでした。至急確認してください",
       "codes of chance, one without digits");
    is(quoted, 2, "返事をいただけずに困っています。至急ご連絡ください。\n",
       "quotations are no part of it");
    template = read(mixed, 4);
    tap_ok(template.used_count == 3 && !template.is_used[2] && template.slot_count == 4,
           "a stray mail is left out");
    tap_ok(value(&template, 0, 2).size == 0, "and has no values");
    template = read(bank, 1);
    tap_ok(template.used_count == 1 && template.slot_count == 0 &&
               template.fixed_words == template.words && template.words > 50,
           "one text alone is all fixed");
    template = read(NULL, 0);
    tap_ok(template.piece_count == 0, "no texts");
    static const char *const empty[] = {"", "。、"};
    template = read(empty, 2);
    tap_ok(template.piece_count == 0 && template.words == 0, "no words");
}

static void
test_bounds(void)
{
    const char *many[LIMIT_TEMPLATE_TEXTS + 1];
    struct writer w;

    for (size_t i = 0; i <= LIMIT_TEMPLATE_TEXTS; i++) {
        many[i] = bank[i % 4];
    }
    struct template template = read(many, LIMIT_TEMPLATE_TEXTS);
    tap_ok(template.used_count == LIMIT_TEMPLATE_TEXTS, "as many copies as allowed");
    template = read(many, LIMIT_TEMPLATE_TEXTS + 1);
    tap_ok(template.text_count == LIMIT_TEMPLATE_TEXTS, "one past it is not read");

    writer_init(&w, &arena);
    for (size_t i = 0; i < LIMIT_TEMPLATE_WORDS; i++) {
        writer_format(&w, "%c%c%c ", 'a' + (int)(i % 26), 'a' + (int)(i / 26 % 26),
                      'a' + (int)(i / 676));
    }
    struct own_text texts[2] = {{.normal = bytes_copy(&arena, writer_view(&w))}};
    texts[1] = texts[0];
    template_read(&arena, texts, 2, &template);
    tap_ok(template.words == LIMIT_TEMPLATE_WORDS && template.slot_count == 0,
           "as many words as allowed");
    writer_text(&w, "end");
    texts[1].normal = writer_view(&w);
    template_read(&arena, texts, 2, &template);
    tap_ok(template.words == LIMIT_TEMPLATE_WORDS && template.slot_count == 0,
           "one past it is not read");
}

/* Words of which all three letters are of i. */
static void
add_words(struct writer *w, size_t count, uint8_t first, size_t middle)
{
    for (size_t i = 0; i < count; i++) {
        if (i == middle) {
            writer_text(w, "middle ");
        } else {
            writer_format(w, "%c%c%c ", first, 'a' + (int)(i % 26), 'a' + (int)(i / 26));
        }
    }
}

/* Sentences that are the same in every copy. */
static void
add_fixed(struct writer *w, size_t side)
{
    static const char *const stems[] = {"fixed", "stays", "holds"};

    for (size_t i = 0; i < 90; i++) {
        writer_format(w, "%s%c%c%c ", stems[i % 3], 'a' + (int)(i / 3 % 26),
                      'a' + (int)(i / 78), 'a' + (int)side);
    }
}

/* 200 by 200 words that differ but for one in the middle; then 201 by 200. */
static void
test_gap(void)
{
    struct own_text texts[2] = {0};
    struct template template;
    struct writer w;

    writer_init(&w, &arena);
    for (size_t more = 0; more < 2; more++) {
        for (size_t k = 0; k < 2; k++) {
            writer_clear(&w);
            writer_text(&w, "all these words are the same in every copy of it here ");
            add_words(&w, 200 + (k == 0 ? more : 0), k == 0 ? 'x' : 'y', 100);
            add_fixed(&w, 0);
            writer_text(&w, "all these words are the same in every copy of it here ");
            add_fixed(&w, 1);
            texts[k].normal = bytes_copy(&arena, writer_view(&w));
        }
        template_read(&arena, texts, 2, &template);
        tap_ok(template.used_count == 2 && template.slot_count == 2 - more,
               more == 0 ? "a gap at the bound is compared" : "one past it is one slot");
    }
}

static void
test_time(void)
{
    static const char *const pieces[] = {"あ", "あい", "a b ", "1 ", "a b c d e f g h "};

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct own_text texts[LIMIT_TEMPLATE_TEXTS];
        struct template template;
        struct timespec a, b;
        for (size_t k = 0; k < LIMIT_TEMPLATE_TEXTS; k++) {
            struct writer w;
            writer_init(&w, &arena);
            while (w.size < LIMIT_CAMPAIGN_TEXT) {
                writer_text(&w, pieces[i]);
                if (w.size % (k + 7) == 0) {
                    writer_text(&w, "x ");
                }
            }
            texts[k] = (struct own_text){.normal = writer_view(&w)};
        }
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        template_read(&arena, texts, LIMIT_TEMPLATE_TEXTS, &template);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        double seconds =
            (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
        tap_ok(seconds < 3, "the largest job: %.3f s", seconds);
    }
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 30);
    test_five();
    test_recovery();
    test_edges();
    test_bounds();
    test_gap();
    test_time();
    arena_release(&arena);
    return tap_done();
}
