/* One author's variants fall together: what he changes from mail to mail (the hour, the day, the place) is squashed, the
 * rest is his. Simple on purpose; linking campaigns by more than their words is judge's work. */
#include "base/hash.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "record/alarm.h"

#define PLACE_RUN 10 /* characters of a name before "station" and the like */

/* Days told in words. Longer ones first. */
static const char *const days[] = {
    "明後日",   "あさって", "明日",     "あした",   "あす",    "本日",      "今日",
    "きょう",   "昨日",     "今夜",     "今晩",     "明晩",    "来週",      "今週",
    "来月",     "今月",     "月曜日",   "火曜日",   "水曜日",  "木曜日",    "金曜日",
    "土曜日",   "日曜日",   "月曜",     "火曜",     "水曜",    "木曜",      "金曜",
    "土曜",     "日曜",     "午前",     "午後",     "朝",      "夜",        "昼",
    "夕方",     "深夜",     "正午",     "monday",   "tuesday", "wednesday", "thursday",
    "friday",   "saturday", "sunday",   "tomorrow", "tonight", "today",     "january",
    "february", "march",    "april",    "june",     "july",    "august",    "september",
    "october",  "november", "december",
};

/* What names of places end in. Longer ones first. */
static const char *const places[] = {
    "市役所", "区役所", "役場",     "県庁", "都庁",     "府庁",   "道庁",
    "小学校", "中学校", "高等学校", "高校", "学園",     "大学",   "学校",
    "幼稚園", "保育園", "病院",     "空港", "会館",     "会場",   "公園",
    "球場",   "劇場",   "ホール",   "ビル", "デパート", "百貨店", "支店",
    "本社",   "本店",   "警察署",   "駅",   "市",       "区",     "町",
    "村",     "県",     "府",       "都",   "店",       "線",
};

static const char *const places_en[] = {
    "station", "airport", "school", "university", "college", "hospital",
    "hall",    "stadium", "park",   "city",       "tower",
};

static size_t
starts_one_of(struct bytes text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_starts(text, bytes_from_text(words[i]))) {
            return strlen(words[i]);
        }
    }
    return 0;
}

static bool
is_figure(uint32_t c)
{
    static const uint32_t kanji[] = {0x3007, 0x4e00, 0x4e8c, 0x4e09, 0x56db,
                                     0x4e94, 0x516d, 0x4e03, 0x516b, 0x4e5d,
                                     0x5341, 0x767e, 0x5343, 0x4e07};

    for (size_t i = 0; i < sizeof kanji / sizeof kanji[0]; i++) {
        if (c == kanji[i]) {
            return true;
        }
    }
    return (c >= '0' && c <= '9') || (c >= 0xff10 && c <= 0xff19);
}

/* Letters of which Japanese names of places are made: kanji and katakana. */
static bool
is_name_letter(uint32_t c)
{
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x30a1 && c <= 0x30fc) || c == 0x3005 ||
           c == 0x30b1;
}

static bool
is_letter(uint32_t c)
{
    return c >= 0x80 ? !(c >= 0x3000 && c <= 0x303f) && !(c >= 0xff00 && c <= 0xff0f) &&
                           !(c >= 0x2000 && c <= 0x206f)
                     : (c < 0x80 && ascii_letter((uint8_t)c));
}

/* Figures become 0, days become D, and what is neither letter nor figure goes: blanks, marks, line ends. */
static void
squash_figures(struct bytes words, struct writer *w)
{
    uint32_t c;

    for (size_t at = 0, step; at < words.size; at += step) {
        struct bytes rest = bytes_from(words, at);
        step = starts_one_of(rest, days, sizeof days / sizeof days[0]);
        if (step > 0) {
            if (w->size == 0 || w->at[w->size - 1] != 'D') {
                writer_byte(w, 'D');
            }
            continue;
        }
        step = utf8_get(words, at, &c);
        if (step == 0) {
            step = 1;
        } else if (is_figure(c)) {
            if (w->size == 0 || w->at[w->size - 1] != '0') {
                writer_byte(w, '0');
            }
        } else if (is_letter(c)) {
            writer_bytes(w, bytes_slice(words, at, at + step));
        } else if (w->size > 0 && w->at[w->size - 1] != ' ') {
            writer_byte(w, ' ');
        }
    }
}

/* Takes the name before a place's ending off what was written: "tokyo station" and 東京駅 become P. */
static void
drop_name(struct writer *w, bool english)
{
    size_t to = w->size;

    if (english) {
        while (to > 0 && w->at[to - 1] == ' ') {
            to--;
        }
        while (to > 0 && ascii_letter(w->at[to - 1]) && w->at[to - 1] >= 'a') {
            to--;
        }
        w->size = to;
        return;
    }
    for (unsigned run = 0; run < PLACE_RUN && to > 0; run++) {
        uint32_t c;
        if (w->at[to - 1] == '0') { /* 三田 */
            to--;
            continue;
        }
        if (to < 3 || utf8_get(bytes_of(w->at, w->size), to - 3, &c) != 3 ||
            !is_name_letter(c)) {
            break;
        }
        to -= 3;
    }
    w->size = to;
}

struct bytes
alarm_squash(struct arena *arena, struct bytes words)
{
    struct writer first, w;
    uint32_t c;

    writer_init(&first, arena);
    writer_init(&w, arena);
    squash_figures(bytes_slice(words, 0, 4 * LIMIT_ALARM_WORDS), &first);
    struct bytes text = writer_view(&first);
    for (size_t at = 0, step; at < text.size; at += step) {
        struct bytes rest = bytes_from(text, at);
        step = starts_one_of(rest, places, sizeof places / sizeof places[0]);
        bool english = step == 0 && at > 0 && text.at[at - 1] == ' ';
        if (english) {
            step = starts_one_of(rest, places_en, sizeof places_en / sizeof places_en[0]);
        }
        if (step > 0) {
            drop_name(&w, english);
            if (w.size == 0 || w.at[w.size - 1] != 'P') {
                writer_byte(&w, 'P');
            }
            continue;
        }
        step = utf8_get(text, at, &c);
        step = step == 0 ? 1 : step;
        writer_bytes(&w, bytes_slice(text, at, at + step));
    }
    /* Blanks helped to tell words; they are no part of them. */
    size_t to = 0;
    for (size_t i = 0; i < w.size; i++) {
        if (w.at[i] != ' ') {
            w.at[to++] = w.at[i];
        }
    }
    return bytes_of(w.at, to);
}

static void
write_hex(const uint8_t *digest, size_t size, char *hex_r)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        *hex_r++ = digits[digest[i] >> 4];
        *hex_r++ = digits[digest[i] & 15];
    }
    *hex_r = '\0';
}

void
alarm_key(struct bytes secret, struct bytes kind, struct bytes words,
          char key_r[ALARM_CAMPAIGN_SIZE + 1])
{
    uint8_t digest[HASH_SHA256_SIZE];
    struct arena arena;

    arena_init(&arena, ARENA_BLOCK_SIZE * 4);
    struct bytes pieces[] = {BYTES("campaign\n"), kind, BYTES("\n"),
                             alarm_squash(&arena, words)};
    hash_hmac_sha256(secret, pieces, 4, digest);
    arena_release(&arena);
    write_hex(digest, ALARM_CAMPAIGN_SIZE / 2, key_r);
}

struct bytes
alarm_mail_id(struct arena *arena, struct bytes secret, struct bytes alarm, unsigned notice,
              struct bytes hostname)
{
    uint8_t digest[HASH_SHA256_SIZE];
    char hex[33];
    struct writer number, w;

    writer_init(&number, arena);
    writer_number(&number, notice);
    struct bytes pieces[] = {BYTES("mail\n"), alarm, BYTES("\n"), writer_view(&number)};
    hash_hmac_sha256(secret, pieces, 4, digest);
    write_hex(digest, 16, hex);
    writer_init(&w, arena);
    writer_text(&w, "alarm.");
    writer_bytes(&w, alarm);
    writer_byte(&w, '.');
    writer_number(&w, notice);
    writer_byte(&w, '.');
    writer_text(&w, hex);
    writer_byte(&w, '@');
    writer_bytes(&w, hostname);
    return writer_view(&w);
}
