#include "report/notice.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/limits.h"

#define FIELD_SHOWN 200
#define JST_MINUTES 540

/* By kind of threat, and for alarms about something else by what they are about. */
static const struct {
    const char *name, *ja, *en;
} subjects[] = {
    {"murder", "殺害予告", "threat of murder"},
    {"attack", "襲撃予告", "threat of an attack"},
    {"bomb", "爆破予告", "bomb threat"},
    {"arson", "放火予告", "threat of arson"},
    {"poison", "毒物混入予告", "threat of poisoning"},
    {"suicide", "自殺予告", "notice of suicide"},
    {"crash", "処理を2度停止させたメール", "a message that stopped two workers"},
    {"many", "異なる予告メールが多数", "many different threats"},
    {"test", "警報の試験", "test of the alarm"},
};

const char *
notice_subject(struct bytes about, struct bytes threat, bool ja)
{
    struct bytes name = bytes_is(about, "threat") ? threat : about;

    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        if (bytes_is(name, subjects[i].name)) {
            return ja ? subjects[i].ja : subjects[i].en;
        }
    }
    return ja ? "犯罪予告" : "threat of a crime";
}

static struct bytes
take_text(struct arena *arena, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value) ? bytes_copy(arena, bytes_of(json_string_value(value),
                                                              json_string_length(value)))
                                 : BYTES_NONE;
}

static size_t
take_list(struct arena *arena, const json_t *object, const char *key, struct bytes *list,
          size_t most)
{
    size_t i, count = 0;
    json_t *one;

    json_array_foreach(json_object_get(object, key), i, one)
    {
        if (json_is_string(one) && count < most) {
            list[count++] = bytes_copy(
                arena, bytes_of(json_string_value(one), json_string_length(one)));
        }
    }
    return count;
}

enum sk_code
notice_read(struct arena *arena, struct bytes text, struct notice_facts *f, struct why *why)
{
    json_t *json = json_loadb((const char *)text.at, text.size, JSON_ALLOW_NUL, NULL);
    const struct {
        const char *key;
        struct bytes *text;
    } texts[] = {
        {"alarm", &f->alarm},
        {"why", &f->why},
        {"about", &f->about},
        {"threat", &f->threat},
        {"by", &f->by},
        {"message", &f->message},
        {"door", &f->door},
        {"client", &f->client},
        {"from", &f->from},
        {"client_name", &f->client_name},
        {"helo", &f->helo},
        {"excerpt", &f->excerpt},
        {"mail_id", &f->mail_id},
        {"threat_target", &f->target},
        {"threat_where", &f->where},
        {"threat_means", &f->means},
        {"threat_when", &f->when},
    };
    const struct {
        const char *key;
        int64_t *number;
    } numbers[] = {
        {"notice", &f->number},
        {"severity", &f->severity},
        {"time", &f->time_ms},
        {"first", &f->first_ms},
        {"since", &f->since_ms},
        {"seen", &f->seen_ms},
        {"count", &f->count},
        {"more", &f->more},
        {"step", &f->step},
        {"to_more", &f->to_more},
        {"threat_from", &f->threat_from_ms},
        {"threat_to", &f->threat_to_ms},
    };

    *f = (struct notice_facts){0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        *texts[i].text = take_text(arena, json, texts[i].key);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        *numbers[i].number = json_integer_value(json_object_get(json, numbers[i].key));
    }
    f->has_from = json_object_get(json, "from") != NULL;
    f->to_count = take_list(arena, json, "to", f->to, sizeof f->to / sizeof f->to[0]);
    f->target_count = take_list(arena, json, "targets", f->targets, NOTICE_TARGETS);
    json_decref(json);
    return f->alarm.size > 0 && f->number > 0
               ? SK_OK
               : why_set(why, SK_BAD, "a notice of an alarm cannot be read");
}

struct bytes
notice_id(struct arena *arena, const struct notice_facts *f)
{
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, f->alarm);
    writer_byte(&w, '.');
    writer_number(&w, f->number);
    return writer_view(&w);
}

static const char *
threat_words(const struct notice_facts *f, bool ja)
{
    return notice_subject(BYTES("threat"), f->threat, ja);
}

static bool
is_about(const struct notice_facts *f, const char *about)
{
    return bytes_is(f->about, about);
}

static bool
is_threat(const struct notice_facts *f)
{
    return is_about(f, "threat") || is_about(f, "many");
}

void
notice_title(struct writer *w, const struct notice_facts *f, bool ja)
{
    if (is_about(f, "test")) {
        writer_text(w, ja ? "【試験】警報の試験です。予告ではありません"
                          : "[TEST] This is a test of the alarm, no threat");
        return;
    }
    if (bytes_is(f->why, "escalated")) {
        writer_text(w, ja ? "【至急・未確認】" : "[URGENT, NOT ACKNOWLEDGED] ");
    } else {
        writer_text(w, ja ? "【警報】" : "[ALARM] ");
    }
    writer_text(w, notice_subject(f->about, f->threat, ja));
    if (is_about(f, "threat")) {
        writer_text(w, ja ? "の疑い" : " suspected");
    }
    writer_format(w, ja ? "（重大度 %d／5）" : " (severity %d of 5)", (int)f->severity);
    if (f->more > 0 && !bytes_is(f->why, "new")) {
        writer_format(w, ja ? "、ほか%lld通" : ", %lld more", (long long)f->more);
    }
}

/* Hostile text in one line, cut between characters. */
static void
clean(struct writer *w, struct bytes text, size_t most)
{
    size_t size = text.size < most ? text.size : most;

    while (size > 0 && size < text.size && (text.at[size] & 0xc0) == 0x80) {
        size--;
    }
    writer_clean(w, bytes_slice(text, 0, size), size);
    if (size < text.size) {
        writer_text(w, "...");
    }
}

static void
moment(struct writer *w, int64_t ms, int zone_minutes, bool seconds)
{
    struct calendar c = clock_calendar(ms / 1000, zone_minutes);

    writer_format(w, "%04d-%02d-%02d %02d:%02d", (int)c.year, c.month, c.day, c.hour,
                  c.minute);
    if (seconds) {
        writer_format(w, ":%02d", c.second);
    }
}

static void
both_moments(struct writer *w, int64_t ms, bool ja)
{
    moment(w, ms, JST_MINUTES, true);
    writer_text(w, ja ? " 日本時間（" : " JST (");
    moment(w, ms, 0, true);
    writer_text(w, ja ? " UTC）" : " UTC)");
}

static void
label(struct writer *w, const char *text)
{
    writer_text(w, text);
    writer_text(w, ": ");
}

/* Whom, where, when, by what means: words of the message, and the time they mean. */
static void
write_detail(struct writer *w, const struct notice_facts *f, bool ja)
{
    const struct {
        const char *ja, *en;
        struct bytes told;
    } lines[] = {{"予告の相手", "Target it names", f->target},
                 {"予告の場所", "Place it names", f->where},
                 {"予告の手段", "Means it names", f->means},
                 {"予告の日時", "Time it names", f->when}};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (lines[i].told.size == 0) {
            continue;
        }
        label(w, ja ? lines[i].ja : lines[i].en);
        writer_text(w, ja ? "「" : "\"");
        clean(w, lines[i].told, FIELD_SHOWN);
        writer_text(w, ja ? "」" : "\"");
        if (lines[i].told.at == f->when.at && f->threat_to_ms > 0) {
            writer_text(w, ja ? "（" : " (");
            moment(w, f->threat_from_ms, JST_MINUTES, false);
            writer_text(w, ja ? " から " : " to ");
            moment(w, f->threat_to_ms, JST_MINUTES, false);
            writer_text(w, ja ? " 日本時間と読めます）" : " JST, as it reads)");
        }
        writer_byte(w, '\n');
    }
}

static void
write_counts(struct writer *w, const struct notice_facts *f, bool ja)
{
    label(w, ja ? "通数" : "How many");
    if (f->since_ms > 0 && f->more > 0 && ja) {
        writer_text(w, "前回の警報のあと（");
        moment(w, f->since_ms, JST_MINUTES, false);
        writer_format(w, "から）%lld通、全部で%lld通\n", (long long)f->more,
                      (long long)f->count);
        return;
    }
    if (f->since_ms > 0 && f->more > 0) {
        writer_format(w, "%lld more since ", (long long)f->more);
        moment(w, f->since_ms, JST_MINUTES, false);
        writer_format(w, " JST, %lld in all\n", (long long)f->count);
        return;
    }
    writer_format(w, ja ? "%lld通\n" : "%lld\n", (long long)f->count);
}

static void
write_source(struct writer *w, const struct notice_facts *f, bool ja)
{
    if (f->client.size > 0 || f->door.size > 0) {
        label(w, ja ? "どこから" : "From where");
        if (f->client.size > 0) {
            writer_text(w, ja ? "接続元 " : "client ");
            clean(w, f->client, FIELD_SHOWN);
        }
        if (f->client_name.size > 0) {
            writer_text(w, " ");
            clean(w, f->client_name, FIELD_SHOWN);
        }
        if (f->helo.size > 0) {
            writer_text(w, ja ? "、HELO の名乗り " : ", which called itself ");
            clean(w, f->helo, FIELD_SHOWN);
        }
        if (f->door.size > 0) {
            writer_text(w, f->client.size == 0 ? (ja ? "入口 " : "door ")
                           : ja                ? "、入口 "
                                               : ", door ");
            clean(w, f->door, FIELD_SHOWN);
        }
        writer_byte(w, '\n');
    }
    if (f->has_from) {
        label(w, ja ? "封筒の差出人（自称）" : "Envelope sender (its own claim)");
        if (f->from.size > 0) {
            clean(w, f->from, FIELD_SHOWN);
        } else {
            writer_text(w, "<>");
        }
        writer_byte(w, '\n');
    }
    for (size_t i = 0; i < f->to_count; i++) {
        if (f->to[i].size == 0) { /* a text that has no recipient */
            continue;
        }
        label(w, ja ? "宛先" : "Recipient");
        clean(w, f->to[i], FIELD_SHOWN);
        if (i + 1 == f->to_count && f->to_more > 0) {
            writer_format(w, ja ? "、ほか%lld名" : " and %lld more", (long long)f->to_more);
        }
        writer_byte(w, '\n');
    }
}

static void
write_opening(struct writer *w, const struct notice_facts *f, bool ja)
{
    if (is_about(f, "test")) {
        writer_text(
            w, ja ? "これは警報の試験です。予告メールは届いていません。通報は不要です。\n"
                  : "This is a test of the alarm. There is no threat; call nobody.\n");
        return;
    }
    if (is_threat(f) && bytes_is(f->threat, "suicide")) {
        writer_text(
            w, ja ? "まず110番に電話してください。命にかかわります。けがや服薬があれば119番"
                    "へ。\n"
                    "書いた方と話せるなら、責めず、励まさず、まず話を聴き、ひとりにしないで"
                    "ください。\n"
                    "相談先: いのちの電話 0120-783-556、よりそいホットライン 0120-279-338\n"
                  : "First telephone 110: a life may be at stake. Call 119 if the person "
                    "is hurt or has "
                    "taken something.\nIf you can reach who wrote it: listen, do not "
                    "blame, do not leave the "
                    "person alone.\nHelp lines in Japan: Inochi no Denwa 0120-783-556, "
                    "Yorisoi Hotline "
                    "0120-279-338\n");
    } else if (is_threat(f)) {
        writer_text(w, ja ? "まず110番に電話してください。\n" : "First telephone 110.\n");
    }
    if (bytes_is(f->why, "escalated")) {
        writer_format(w,
                      ja ? "まだ誰も確認していません（%lld回目の呼び出し）。"
                         : "Nobody has acknowledged this (call %lld). ",
                      (long long)f->step);
        writer_text(w, ja ? "最初の警報: " : "First alarm: ");
        moment(w, f->since_ms, JST_MINUTES, true);
        writer_text(w, ja ? " 日本時間\n" : " JST\n");
    }
    if (bytes_is(f->why, "severity")) {
        writer_text(w, ja ? "同じ一連の予告の重大度が上がりました。\n"
                          : "The severity of this campaign has risen.\n");
    }
}

static void
write_what(struct writer *w, const struct notice_facts *f, bool ja)
{
    label(w, ja ? "内容" : "What");
    if (is_about(f, "crash")) {
        writer_text(
            w, ja ? "判定の処理を2度異常終了させたメールです。中身は調べず、451 で後回しに"
                    "して、証拠として保存しました。攻撃かもしれません。\n"
                  : "A message ended two workers. It was not parsed, was put off with 451, "
                    "and is kept as evidence. It may be an attack.\n");
        return;
    }
    if (is_about(f, "many")) {
        writer_format(
            w,
            ja ? "1時間に%d種類を超える予告メールが届いたため、以後はまとめて"
                 "お知らせします（最も重いもの: %s）。\n"
               : "More than %d different threats came within an hour; further ones are "
                 "told together (the gravest: %s).\n",
            LIMIT_ALARM_NEW, threat_words(f, ja));
        return;
    }
    writer_format(w,
                  ja ? "%sの疑い（重大度 %d／5）\n" : "%s, suspected (severity %d of 5)\n",
                  threat_words(f, ja), (int)f->severity);
}

static void
write_after(struct writer *w, const struct notice_facts *f, bool ja)
{
    if (f->message.size > 0) {
        label(w, ja ? "メールの番号" : "Message");
        clean(w, f->message, 64);
        writer_text(w,
                    ja ? "\n開くには: sekisho explain " : "\nTo open it: sekisho explain ");
        clean(w, f->message, 64);
        writer_byte(w, '\n');
    }
    if (f->excerpt.size > 0) {
        writer_text(w, ja ? "\n引用（届いたメールの一文。私たちの言葉ではありません）:\n"
                          : "\nQuotation (one sentence of the message, not our words):\n");
        writer_text(w, ja ? "> 「" : "> \"");
        clean(w, f->excerpt, LIMIT_ALARM_WORDS);
        writer_text(w, ja ? "」\n" : "\"\n");
    }
    if (is_threat(f)) {
        writer_text(
            w, ja ? "\n接続元のアドレスは人ではありません。乗っ取られた他人のパソコンや中継"
                    "が使われることが"
                    "あります。\nアドレスだけで、誰が送ったかを決めつけないでください。\n"
                  : "\nAn address is not a person: other people's infected computers and "
                    "relays are "
                    "used for this.\nDo not conclude from an address alone who sent it.\n");
    }
    writer_text(w, ja ? "\n警報の番号: " : "\nAlarm: ");
    clean(w, f->alarm, 64);
    if (!is_about(f, "test")) {
        writer_text(w,
                    ja ? "\n確認したら: コンソールで「確認」を押すか、sekisho alarm ack "
                       : "\nWhen you have seen it: acknowledge it in the console, or type "
                         "sekisho alarm ack ");
        clean(w, f->alarm, 64);
    }
    writer_byte(w, '\n');
}

void
notice_words(struct writer *w, const struct notice_facts *f, bool ja)
{
    write_opening(w, f, ja);
    writer_byte(w, '\n');
    if (!is_about(f, "test")) {
        write_what(w, f, ja);
        write_detail(w, f, ja);
        write_counts(w, f, ja);
    }
    label(w, ja ? "日時" : "When");
    both_moments(w, f->seen_ms > 0 ? f->seen_ms : f->time_ms, ja);
    writer_byte(w, '\n');
    if (is_about(f, "test") && f->by.size > 0) {
        label(w, ja ? "試験をした人" : "Tested by");
        clean(w, f->by, FIELD_SHOWN);
        writer_byte(w, '\n');
    }
    write_source(w, f, ja);
    write_after(w, f, ja);
}

static void
put(struct json *j, const char *key, struct bytes text)
{
    if (text.size > 0) {
        json_put_string(j, key, text);
    }
}

void
notice_members(const struct notice_facts *f, struct json *j)
{
    json_put_string(j, "alarm", f->alarm);
    json_put_number(j, "notice", f->number);
    json_put_string(j, "why", f->why);
    json_put_string(j, "about", f->about);
    json_put_bool(j, "test", is_about(f, "test"));
    put(j, "threat", f->threat);
    put(j, "threat_target", f->target);
    put(j, "threat_where", f->where);
    put(j, "threat_means", f->means);
    put(j, "threat_when", f->when);
    if (f->threat_to_ms > 0) {
        json_put_number(j, "threat_from_ms", f->threat_from_ms);
        json_put_number(j, "threat_to_ms", f->threat_to_ms);
    }
    json_put_number(j, "severity", f->severity);
    json_put_number(j, "time_ms", f->time_ms);
    if (f->seen_ms > 0) {
        json_put_number(j, "seen_ms", f->seen_ms);
    }
    json_put_number(j, "first_ms", f->first_ms);
    if (f->since_ms > 0) {
        json_put_number(j, "since_ms", f->since_ms);
    }
    json_put_number(j, "count", f->count);
    json_put_number(j, "more", f->more);
    if (f->step > 0) {
        json_put_number(j, "step", f->step);
    }
    put(j, "by", f->by);
    put(j, "message", f->message);
    put(j, "door", f->door);
    put(j, "client", f->client);
    put(j, "client_name", f->client_name);
    put(j, "helo", f->helo);
    if (f->has_from) {
        json_put_string(j, "from", f->from);
    }
    json_key(j, "to");
    json_open(j, '[');
    for (size_t i = 0; i < f->to_count; i++) {
        json_bytes(j, f->to[i]);
    }
    json_close(j);
    if (f->to_more > 0) {
        json_put_number(j, "to_more", f->to_more);
    }
    put(j, "excerpt", f->excerpt);
}
