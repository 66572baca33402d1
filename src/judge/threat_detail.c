#include "judge/threat_detail.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "judge/threat_when.h"

#define AROUND 400 /* bytes before and behind the sentence that are read after it */

/* What a name may be made of, going back from the word that ends it: kanji, katakana, Latin letters, digits, marks that hide. */
static bool
is_name(uint32_t c)
{
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x30a1 && c <= 0x30fe && c != 0x30fb) ||
           (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == 0x3005 || c == 0x3007 ||
           c == 0x25cb || c == 0x25cf || c == 0x30f6;
}

static size_t
character_before(struct bytes text, size_t at)
{
    do {
        at--;
    } while (at > 0 && (text.at[at] & 0xc0) == 0x80);
    return at;
}

/* From where a name begins, to where it ends: characters of names around the hit. */
static struct bytes
name_around(struct bytes text, size_t from, size_t to, bool english)
{
    uint32_t c;

    if (english) {
        return bytes_slice(text, from, to);
    }
    while (from > 0 && to - from < LIMIT_THREAT_NAME) {
        size_t before = character_before(text, from);
        if (utf8_get(text, before, &c) == 0 || !is_name(c)) {
            break;
        }
        from = before;
    }
    for (size_t size; to < text.size && to - from < LIMIT_THREAT_NAME; to += size) {
        size = utf8_get(text, to, &c);
        if (size == 0 || !is_name(c) || c < 0x80) {
            break;
        }
    }
    return bytes_slice(text, from, to);
}

/* A time is no part of a name: 明日青葉小学校. */
static struct bytes
without_time(struct bytes name)
{
    static const char *const times[] = {"明日", "明後日", "今日", "本日", "今夜", "今晩",
                                        "来週", "来月",   "今週", "今月", "年",   "月",
                                        "日",   "時",     "分",   "曜",   "正午", "午前",
                                        "午後", "朝",     "夜",   "昼",   NULL};

    for (const char *const *time = times; *time != NULL; time++) {
        size_t size = strlen(*time);
        if (name.size > size && memcmp(name.at, *time, size) == 0) {
            return without_time(bytes_from(name, size));
        }
    }
    return name;
}

struct found {
    struct bytes person, place, thing, you;
};

static void
take_first(struct bytes *first, struct bytes name)
{
    if (first->size == 0 && name.size > 0 && name.size <= LIMIT_THREAT_NAME + 12) {
        *first = name;
    }
}

/* Sentences are copies; what is told is looked up in the normal form again, so that it is a view of that. */
static struct bytes
view_of(struct bytes within, struct bytes words)
{
    size_t at = words.size == 0 ? BYTES_NOWHERE : bytes_find(within, words, 0);

    return at == BYTES_NOWHERE ? BYTES_NONE : bytes_slice(within, at, at + words.size);
}

static void
read_names(struct arena *arena, const struct threat_cues *cues, struct bytes text,
           struct cue_hit *hits, struct found *found)
{
    struct sentence s;

    for (size_t at = 0; sentence_next(arena, text, &at, &s);) {
        struct bytes source = bytes_slice(text, s.from, s.to);
        size_t count = threat_cues_find(cues, &s, hits);
        for (size_t i = 0; i < count && !s.romaji; i++) {
            const struct cue_hit *hit = &hits[i];
            bool english = hit->class >= CUE_EN_WILL && hit->class <= CUE_EN_SURE;
            struct bytes name =
                without_time(name_around(s.text, hit->from, hit->to, english));
            if (hit->class == CUE_HUMAN || hit->class == CUE_EN_HUMAN) {
                take_first(&found->person, view_of(source, name));
            } else if (hit->class == CUE_PLACE || hit->class == CUE_EVENT ||
                       hit->class == CUE_EN_PLACE) {
                take_first(&found->place, view_of(source, name));
            } else if (hit->class == CUE_THING || hit->class == CUE_EN_THING) {
                take_first(&found->thing,
                           view_of(source, bytes_slice(s.text, hit->from, hit->to)));
            } else if (hit->class == CUE_YOU) {
                take_first(&found->you,
                           view_of(source, bytes_slice(s.text, hit->from, hit->to)));
            }
        }
    }
}

void
threat_detail_read(struct arena *arena, const struct threat_cues *cues, struct bytes normal,
                   const struct threat *threat, int64_t now, int zone_minutes,
                   struct threat_detail *detail_r)
{
    struct threat_when when;
    struct found found = {0};

    *detail_r = (struct threat_detail){0};
    if (threat->kind == THREAT_NONE) {
        return;
    }
    size_t at = (size_t)(threat->words.at - normal.at);
    size_t from = at > AROUND ? at - AROUND : 0, to = at + threat->words.size + AROUND;
    while (from > 0 && (normal.at[from] & 0xc0) == 0x80) {
        from--;
    }
    struct bytes around = bytes_slice(normal, from, to);
    struct cue_hit *hits = arena_take_many(arena, LIMIT_THREAT_CUES, sizeof *hits);
    read_names(arena, cues, threat->words, hits, &found);
    read_names(arena, cues, around, hits, &found);
    bool place_is_target = threat->kind != THREAT_MURDER && found.place.size > 0;
    detail_r->target = threat->kind == THREAT_SUICIDE ? BYTES_NONE
                       : place_is_target              ? found.place
                       : found.person.size > 0        ? found.person
                       : found.you.size > 0           ? found.you
                                                      : found.place;
    detail_r->place = found.place;
    detail_r->means = found.thing;
    if (threat_when_read(threat->words, now, zone_minutes, &when) ||
        threat_when_read(around, now, zone_minutes, &when)) {
        detail_r->when = when.words;
        detail_r->from = when.from;
        detail_r->to = when.to;
    }
}

/* A score from which on the words leave no doubt: the sum of what letters and words say. */
#define SURE 15

/* 1 to 5: one for the threat, and for each of time, place or person, means and a day within the week. */
int
threat_severity(const struct threat *threat, const struct threat_detail *detail,
                int64_t now)
{
    int severity = 1 + (detail->when.size > 0) +
                   (detail->target.size + detail->place.size > 0) +
                   (detail->means.size > 0 || threat->score > SURE);
    bool soon = detail->when.size > 0 && detail->from < now + 7 * (int64_t)86400;

    severity += soon && severity >= 3;
    severity = threat->kind == THREAT_SUICIDE && severity < 3 ? 3 : severity;
    return severity > 5 ? 5 : severity;
}
