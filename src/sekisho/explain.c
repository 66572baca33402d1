/* `sekisho explain`: why a message was treated as it was, from its record alone. */
#define SK_BASE
#include "sekisho/commands.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "decide/verdict.h"
#include "record/retention.h"
#include "record/vault.h"
#include "sekisho/options.h"
#include "sekisho/record_folder.h"
#include "store/rows.h"

#define FIELD_SHOWN 300

static const struct option_row rows[] = {
    {"lang", "ja|en", "language; else that of the environment"},
    {"zone", "+HH:MM", "zone of the times (+09:00)"},
    {"json", NULL, "the record itself, and what the next hop said, as JSON lines"},
    RECORD_FOLDER_ROWS,
    {0},
};

struct telling {
    struct arena *arena;
    const char *folder;
    struct writer w;
    bool japanese;
    int zone_minutes;
    json_t *record;
    json_t *content; /* what was read with consent; NULL: nothing, or no more */
    struct journal_frame content_frame;
};

/* Each label and sentence in both languages, the one that is wanted. */
static const char *
say(const struct telling *t, const char *ja, const char *en)
{
    return t->japanese ? ja : en;
}

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static void
line(struct telling *t, const char *ja, const char *en, struct bytes value)
{
    if (value.size > 0) {
        writer_format(&t->w, "  %s: ", say(t, ja, en));
        writer_clean(&t->w, value, FIELD_SHOWN);
        writer_byte(&t->w, '\n');
    }
}

static void
title(struct telling *t, const char *ja, const char *en)
{
    writer_format(&t->w, "\n%s\n", say(t, ja, en));
}

static void
write_time(struct telling *t, const json_t *object, const char *key)
{
    clock_write_rfc3339(&t->w, json_integer_value(json_object_get(object, key)) / 1000,
                        t->zone_minutes);
}

static const char *
action_words(const struct telling *t, struct bytes name)
{
    enum verdict_action action;

    if (!verdict_action_read(name, &action)) {
        return say(t, "判定なし", "no verdict");
    }
    return t->japanese ? words_action_ja(action) : words_action_en(action);
}

static const char *
family_words(const struct telling *t, struct bytes name)
{
    enum permit_family family;

    if (!permit_family_read(name, &family)) {
        return "?";
    }
    return t->japanese ? words_family_ja(family) : words_family_en(family);
}

static const char *
ground_words(const struct telling *t, struct bytes name)
{
    for (int ground = 0; ground < GROUND_COUNT; ground++) {
        if (bytes_is(name, permit_ground_name((enum permit_ground)ground))) {
            return t->japanese ? words_ground_ja((enum permit_ground)ground)
                               : words_ground_en((enum permit_ground)ground);
        }
    }
    return say(t, "なし", "none");
}

static void
tell_envelope(struct telling *t)
{
    const json_t *r = t->record;
    size_t i;
    json_t *address;

    title(t, "どこから誰へ", "From where, to whom");
    line(t, "接続元", "client", text_of(r, "client"));
    line(t, "逆引き名", "verified name", text_of(r, "client_name"));
    line(t, "HELO", "HELO", text_of(r, "helo"));
    line(t, "TLS", "TLS", text_of(r, "tls_version"));
    line(t, "認証利用者", "login", text_of(r, "user"));
    struct bytes sender = text_of(r, "from");
    line(t, "差出人 (封筒)", "envelope sender", sender.size > 0 ? sender : BYTES("<>"));
    json_array_foreach(json_object_get(r, "to"), i, address)
    {
        line(t, "宛先", "recipient", bytes_from_text(json_string_value(address)));
    }
    writer_format(&t->w, "  %s: %lld\n", say(t, "大きさ (バイト)", "size (bytes)"),
                  (long long)json_integer_value(json_object_get(r, "size")));
}

/* Records of the first version have their content in the message's line. */
static const json_t *
inside(const struct telling *t)
{
    return t->content != NULL ? t->content : t->record;
}

/* When it went, and why, from the order that named it. */
static void
tell_purged(struct telling *t, uint64_t index)
{
    struct retention_order order;
    struct why why;

    int folder = open(t->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum sk_code code = folder < 0
                            ? SK_SYSTEM
                            : retention_find_order(t->arena, folder, index, &order, &why);
    if (folder >= 0) {
        close(folder);
    }
    writer_format(&t->w, "  %s ", say(t, "抹消済み：", "it was purged:"));
    if (code == SK_OK) {
        clock_write_rfc3339(&t->w, order.time_ms / 1000, t->zone_minutes);
        writer_text(&t->w, ", ");
        writer_clean(&t->w, order.law, FIELD_SHOWN);
        writer_byte(&t->w, '\n');
    } else {
        writer_format(&t->w, "%s\n",
                      say(t, "命令の記載が見つからない", "no order says why"));
    }
}

/* Whose consent, or which rule, carries what stands here. */
static void
tell_carriers(struct telling *t)
{
    const char *family, *between;
    size_t i;
    json_t *carrier, *ground;

    json_array_foreach(json_object_get(t->content, "rests_on"), i, carrier)
    {
        writer_format(&t->w, "  %s: ", say(t, "根拠とする受信者", "rests on"));
        writer_clean(&t->w, text_of(carrier, "to"), FIELD_SHOWN);
        writer_text(&t->w, " (");
        between = "";
        json_object_foreach(json_object_get(carrier, "families"), family, ground)
        {
            writer_format(&t->w, "%s%s: %s", between,
                          family_words(t, bytes_from_text(family)),
                          ground_words(t, bytes_from_text(json_string_value(ground))));
            between = say(t, "、", ", ");
        }
        writer_text(&t->w, ")\n");
    }
}

/* What it tells to pay to, to call or to go to, and of which campaign it was when it came. */
static void
tell_links(struct telling *t)
{
    const json_t *campaign = json_object_get(t->content, "campaign");
    size_t i;
    json_t *one;

    json_array_foreach(json_object_get(t->content, "indicators"), i, one)
    {
        writer_format(&t->w, "  %s: ", say(t, "指標", "indicator"));
        writer_clean(&t->w, text_of(one, "type"), FIELD_SHOWN);
        writer_byte(&t->w, ' ');
        writer_clean(&t->w, text_of(one, "value"), FIELD_SHOWN);
        writer_byte(&t->w, '\n');
    }
    if (json_is_integer(campaign)) {
        writer_format(&t->w, "  %s: %lld (sekisho campaign show)\n",
                      say(t, "一連の送信", "campaign"),
                      (long long)json_integer_value(campaign));
    }
}

static void
tell_content(struct telling *t)
{
    const json_t *r = inside(t);

    title(t, "内容", "Content");
    if (t->content == NULL && t->content_frame.purged) {
        tell_purged(t, t->content_frame.index);
        return;
    }
    tell_carriers(t);
    tell_links(t);
    if (json_object_get(r, "subject") == NULL && json_object_get(r, "text") == NULL &&
        json_object_get(r, "from_address") == NULL) {
        writer_format(
            &t->w, "  %s\n",
            say(t,
                "内容は記録されていない (同意した受信者がいないか、読めるものがなかった)",
                "nothing of it is recorded (no recipient consented, or there was nothing "
                "to read)"));
        return;
    }
    line(t, "件名", "subject", text_of(r, "subject"));
    line(t, "差出人の名", "display name", text_of(r, "from_name"));
    line(t, "差出人", "From", text_of(r, "from_address"));
    line(t, "Message-ID", "Message-ID", text_of(r, "message_id"));
    line(t, "本文の初め", "text begins", text_of(r, "text"));
    line(t, "SHA-256", "SHA-256", text_of(r, "sha256"));
}

static const char *
kind_words(const struct telling *t, struct bytes name)
{
    static const char *const words[][3] = {
        {"tor", "Torの出口", "Tor exit"},
        {"proxy", "公開プロキシ・VPN", "open proxy or VPN"},
        {"hosting", "データセンター", "computing centre"},
        {"private", "インターネットにないアドレス", "not an address of the internet"},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (bytes_is(name, words[i][0])) {
            return say(t, words[i][1], words[i][2]);
        }
    }
    return NULL; /* a word that a later version wrote: told as it stands */
}

/* "JP, AS64500 Example Net, computing centre": what the tables of that day said of an address. */
static void
write_place(struct telling *t, const json_t *place)
{
    const char *between = "", *comma = say(t, "、", ", ");
    const json_t *as = json_object_get(place, "as");
    struct bytes country = text_of(place, "country"), name = text_of(place, "as_name");
    size_t i;
    json_t *kind;

    if (country.size > 0) {
        writer_clean(&t->w, country, FIELD_SHOWN);
        between = comma;
    }
    if (json_is_integer(as)) {
        writer_format(&t->w, "%sAS%lld", between, (long long)json_integer_value(as));
        writer_text(&t->w, name.size > 0 ? " " : "");
        writer_clean(&t->w, name, FIELD_SHOWN);
        between = comma;
    }
    json_array_foreach(json_object_get(place, "kinds"), i, kind)
    {
        struct bytes word = bytes_of(json_string_value(kind), json_string_length(kind));
        const char *words = kind_words(t, word);
        writer_text(&t->w, between);
        writer_clean(&t->w, words != NULL ? bytes_from_text(words) : word, FIELD_SHOWN);
        between = comma;
    }
    writer_byte(&t->w, '\n');
}

/* Of the source, and of the other addresses that the message names. */
static void
tell_places(struct telling *t, const json_t *origin)
{
    const json_t *place = json_object_get(origin, "place");
    size_t i;
    json_t *other;

    if (json_is_object(place)) {
        writer_format(&t->w, "  %s: ", say(t, "送信元の国・AS", "country and AS of it"));
        write_place(t, place);
    }
    json_array_foreach(json_object_get(origin, "places"), i, other)
    {
        writer_format(&t->w, "  %s ",
                      say(t, "経由・申告のアドレス", "on the way or claimed:"));
        writer_clean(&t->w, text_of(other, "ip"), FIELD_SHOWN);
        writer_text(&t->w, ": ");
        write_place(t, other);
    }
}

static void
tell_origin(struct telling *t)
{
    const json_t *origin = json_object_get(t->record, "origin"),
                 *dkim = json_object_get(origin, "dkim");
    size_t i;
    json_t *signature;

    if (!json_is_object(origin)) {
        return;
    }
    title(t, "出所", "Origin");
    line(t, "等級 (A 証明あり - E 匿名)", "grade (A proved - E anonymous)",
         text_of(origin, "grade"));
    line(t, "外側の送信元", "source beyond the border", text_of(origin, "source"));
    tell_places(t, origin);
    const json_t *spf = json_object_get(origin, "spf"),
                 *dmarc = json_object_get(origin, "dmarc");
    line(t, "SPF", "SPF", text_of(spf, "result"));
    line(t, "SPF のドメイン", "domain of SPF", text_of(spf, "domain"));
    json_array_foreach(dkim, i, signature)
    {
        line(t, "DKIM", "DKIM", text_of(signature, "result"));
        line(t, "DKIM のドメイン", "domain of DKIM", text_of(signature, "d"));
    }
    line(t, "DMARC", "DMARC", text_of(dmarc, "result"));
    line(t, "DMARC の差出人ドメイン", "From domain of DMARC",
         text_of(dmarc, "from_domain"));
    line(t, "DMARC の方針", "policy of DMARC", text_of(dmarc, "policy"));
}

static void
tell_reasons(struct telling *t, const json_t *findings, const json_t *numbers,
             const json_t *families)
{
    size_t i;
    json_t *number;

    json_array_foreach(numbers, i, number)
    {
        const json_t *finding =
            json_array_get(findings, (size_t)json_integer_value(number));
        const char *name = json_string_value(json_object_get(finding, "name"));
        if (name == NULL) {
            continue;
        }
        writer_format(&t->w, "    %+.2f ",
                      json_number_value(json_object_get(finding, "weight")));
        writer_clean(
            &t->w,
            bytes_from_text(t->japanese ? words_finding_ja(name) : words_finding_en(name)),
            FIELD_SHOWN);
        struct bytes detail = text_of(finding, "detail");
        if (detail.size > 0) {
            writer_text(&t->w, say(t, "： ", ": "));
            writer_clean(&t->w, detail, FIELD_SHOWN);
        }
        struct bytes family = text_of(finding, "family");
        const json_t *ground = json_object_get(families, bytes_text(t->arena, family));
        writer_format(&t->w, " [%s%s%s]\n", family_words(t, family), say(t, "、", ", "),
                      ground_words(t, json_is_string(ground)
                                          ? bytes_from_text(json_string_value(ground))
                                          : BYTES_NONE));
    }
}

/* What the content's line says for the recipient of that number; NULL: it does not rest on him. */
static const json_t *
carrier_of(const struct telling *t, size_t number)
{
    size_t i;
    json_t *carrier;

    json_array_foreach(json_object_get(t->content, "rests_on"), i, carrier)
    {
        if (json_integer_value(json_object_get(carrier, "number")) == (json_int_t)number) {
            return carrier;
        }
    }
    return NULL;
}

/* A turn of his conversation with the sender. */
static void
tell_turn(struct telling *t, const json_t *lure)
{
    const json_t *turn = json_object_get(lure, "turn");

    if (!json_is_number(turn)) {
        return;
    }
    writer_format(&t->w, "    %+.2f %s (", json_number_value(turn),
                  t->japanese ? words_finding_ja("lure_turn")
                              : words_finding_en("lure_turn"));
    writer_clean(&t->w, text_of(lure, "detail"), FIELD_SHOWN);
    writer_text(&t->w, ")\n");
}

static void
tell_recipient(struct telling *t, const json_t *recipient, size_t number,
               struct bytes address)
{
    const char *family, *between = "";
    const json_t *carrier = carrier_of(t, number),
                 *score = json_object_get(carrier, "score"),
                 *families = json_object_get(recipient, "families");
    json_t *ground;

    writer_text(&t->w, "  ");
    writer_clean(&t->w, address, FIELD_SHOWN);
    writer_format(
        &t->w, ": %s (%s %.2f; %s %s)\n", action_words(t, text_of(recipient, "action")),
        say(t, "得点", "score"),
        json_number_value(score != NULL ? score : json_object_get(recipient, "score")),
        say(t, "根拠", "ground"), ground_words(t, text_of(recipient, "ground")));
    writer_format(&t->w, "    %s: ", say(t, "調べてよいもの", "may be looked at"));
    json_object_foreach((json_t *)(uintptr_t)families, family, ground)
    {
        struct bytes name = bytes_from_text(json_string_value(ground));
        writer_format(&t->w, "%s%s (%s)", between, family_words(t, bytes_from_text(family)),
                      ground_words(t, name));
        between = say(t, "、", ", ");
    }
    writer_byte(&t->w, '\n');
    struct bytes reply = text_of(recipient, "reply");
    if (reply.size > 0) {
        writer_format(&t->w, "    %s: ", say(t, "応答", "reply"));
        writer_clean(&t->w, reply, FIELD_SHOWN);
        writer_byte(&t->w, '\n');
    }
    const char *listed = json_string_value(json_object_get(recipient, "listed"));
    if (listed != NULL) {
        writer_format(&t->w, "    %s: ", say(t, "本人のリスト", "his own list"));
        writer_clean(&t->w,
                     bytes_from_text(t->japanese ? words_finding_ja(listed)
                                                 : words_finding_en(listed)),
                     FIELD_SHOWN);
        writer_byte(&t->w, '\n');
    }
    tell_reasons(t, json_object_get(t->record, "findings"),
                 json_object_get(recipient, "reasons"), families);
    tell_reasons(t, json_object_get(t->content, "findings"),
                 json_object_get(carrier, "reasons"), families);
    const json_t *personal = json_object_get(carrier, "personal");
    if (json_is_number(personal)) {
        writer_format(&t->w, "    %+.2f %s\n", json_number_value(personal),
                      t->japanese ? words_finding_ja("personal_model")
                                  : words_finding_en("personal_model"));
    }
    const json_t *of_group = json_object_get(carrier, "group");
    if (json_is_number(of_group)) {
        writer_format(&t->w, "    %+.2f %s\n", json_number_value(of_group),
                      t->japanese ? words_finding_ja("group_model")
                                  : words_finding_en("group_model"));
    }
    tell_turn(t, json_object_get(carrier, "lure"));
}

static void
tell_verdict(struct telling *t)
{
    const json_t *r = t->record, *addresses = json_object_get(r, "to");
    size_t i;
    json_t *recipient;

    title(t, "判定と理由", "Verdict and reasons");
    line(t, "分類", "category", text_of(inside(t), "category"));
    const json_t *unwanted = json_object_get(inside(t), "unwanted");
    if (json_is_number(unwanted)) {
        writer_format(&t->w, "  %s: %.1f%%\n", say(t, "迷惑である見込み", "unwanted"),
                      100 * json_number_value(unwanted));
    }
    line(t, "犯罪予告", "threat", text_of(inside(t), "threat"));
    line(t, "予告の言葉", "words of the threat", text_of(inside(t), "threat_words"));
    line(t, "予告の相手", "target it names", text_of(inside(t), "threat_target"));
    line(t, "予告の場所", "place it names", text_of(inside(t), "threat_where"));
    line(t, "予告の手段", "means it names", text_of(inside(t), "threat_means"));
    line(t, "予告の日時", "time it names", text_of(inside(t), "threat_when"));
    json_array_foreach(json_object_get(r, "recipients"), i, recipient)
    {
        tell_recipient(t, recipient, i,
                       bytes_from_text(json_string_value(json_array_get(addresses, i))));
    }
}

/* The records of what became of it. A record that cannot be read is told, not passed over. */
static void
tell_outcome(struct telling *t, struct bytes text)
{
    json_t *outcome = json_loadb((const char *)text.at, text.size, JSON_ALLOW_NUL, NULL),
           *recipient;
    size_t i;

    json_array_foreach(json_object_get(outcome, "to"), i, recipient)
    {
        struct bytes word = text_of(recipient, "outcome");
        writer_text(&t->w, "  ");
        write_time(t, outcome, "time");
        writer_byte(&t->w, ' ');
        writer_clean(&t->w, text_of(recipient, "address"), FIELD_SHOWN);
        writer_format(&t->w, ": %s",
                      bytes_is(word, "delivered") ? say(t, "配送された", "delivered")
                      : bytes_is(word, "refused")
                          ? say(t, "次のサーバーが拒否した", "refused by the next hop")
                      : bytes_is(word, "later")
                          ? say(t, "次のサーバーが後回しにした", "put off by the next hop")
                      : bytes_is(word, "erased")
                          ? say(t, "保留中の本文が消去された", "what was held is erased")
                      : bytes_is(word, "held") ? say(t, "保留されている", "held")
                                               : say(t, "渡されなかった", "not passed on"));
        struct bytes reply = text_of(recipient, "reply");
        if (reply.size > 0) {
            writer_text(&t->w, " (");
            writer_clean(&t->w, reply, FIELD_SHOWN);
            writer_byte(&t->w, ')');
        }
        writer_byte(&t->w, '\n');
    }
    json_decref(outcome);
}

static enum sk_code
tell_outcomes(struct telling *t, struct bytes id, bool json, struct why *why)
{
    struct rows_outcome *outcomes;
    struct journal_frame frame;
    size_t count;

    enum sk_code code = rows_outcomes(t->arena, t->folder, id, &outcomes, &count, why);
    int folder = open(t->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (count > 0 && !json) {
        title(t, "その後", "What became of it");
    }
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        const struct rows_place *place = &outcomes[i].place;
        code = journal_fetch(t->arena, folder, place->segment, place->offset, place->index,
                             &frame, why);
        if (code == SK_OK &&
            bytes_starts(frame.record, BYTES("{\"v\":1,\"kind\":\"content\""))) {
            continue; /* written anew: told above */
        }
        if (code == SK_OK && json) {
            writer_bytes(&t->w, frame.record);
            writer_byte(&t->w, '\n');
        } else if (code == SK_OK) {
            tell_outcome(t, frame.record);
        }
    }
    if (folder >= 0) {
        close(folder);
    }
    return code;
}

static void
tell_record(struct telling *t, struct bytes id, const struct journal_frame *frame)
{
    writer_clean(&t->w, id, 64);
    writer_text(&t->w, "  ");
    write_time(t, t->record, "time");
    writer_format(&t->w, "  %s\n", action_words(t, text_of(t->record, "action")));
    tell_envelope(t);
    tell_content(t);
    tell_origin(t);
    tell_verdict(t);
    title(t, "証拠", "Evidence");
    writer_format(&t->w, "  %s %llu, %s\n", say(t, "台帳の記載", "entry"),
                  (unsigned long long)frame->index,
                  say(t, "記録は葉のハッシュと一致する (全体の検証: sekisho ledger verify)",
                      "the record fits its leaf (for the whole: sekisho ledger verify)"));
}

static int
explain(struct telling *t, const struct options *o)
{
    struct bytes id = bytes_from_text(o->rest[0]);
    struct journal_frame frame;
    struct why why;
    bool json = options_has(o, "json");

    enum sk_code code = vault_find(t->arena, t->folder, id, &frame, &why);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return code == SK_SYSTEM ? EXIT_NO_INPUT : EXIT_FOUND;
    }
    if (frame.purged) {
        tell_purged(t, frame.index);
        fprintf(stderr,
                "sekisho: the record was purged; entry %llu holds its leaf only\n%.*s",
                (unsigned long long)frame.index, BYTES_ARGUMENTS(writer_view(&t->w)));
        return EXIT_FOUND;
    }
    code = vault_find_content(t->arena, t->folder, id, &frame, &t->content_frame, &why);
    bool have = code == SK_OK;
    if (!have && code != SK_MORE) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
    }
    if (json) {
        writer_bytes(&t->w, frame.record);
        writer_byte(&t->w, '\n');
        if (have) {
            writer_bytes(&t->w, t->content_frame.record);
            writer_byte(&t->w, '\n');
        }
    } else {
        t->content = have ? json_loadb((const char *)t->content_frame.record.at,
                                       t->content_frame.record.size, JSON_ALLOW_NUL, NULL)
                          : NULL;
        t->record = json_loadb((const char *)frame.record.at, frame.record.size,
                               JSON_ALLOW_NUL, NULL);
        if (t->record == NULL) {
            fprintf(stderr, "sekisho: the record is no JSON\n");
            return EXIT_DATA;
        }
        tell_record(t, id, &frame);
        json_decref(t->record);
        json_decref(t->content);
    }
    code = tell_outcomes(t, id, json, &why);
    fwrite(t->w.at, 1, t->w.size, stdout);
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        return EXIT_FOUND;
    }
    return EXIT_OK;
}

int
explain_command(int count, char **arguments)
{
    struct options o;
    struct arena arena;
    int status;

    if (!options_read(&o, "explain [OPTION...] ID",
                      "Tells why a message was treated as it was, from its record alone.",
                      rows, count, arguments)) {
        return o.status;
    }
    const char *zone = options_value(&o, "zone");
    struct telling t = {.arena = &arena, .japanese = speak_japanese(&o)};
    if (o.rest_count != 1 ||
        !vault_zone_read(bytes_from_text(zone != NULL ? zone : "+09:00"),
                         &t.zone_minutes)) {
        fprintf(stderr, "sekisho: explain: one id is wanted%s\n",
                o.rest_count == 1 ? ", and --zone as +HH:MM" : "");
        return EXIT_USAGE;
    }
    arena_init(&arena, (size_t)1 << 30);
    writer_init(&t.w, &arena);
    t.folder = record_folder(&arena, &o, &status);
    if (t.folder != NULL) {
        status = explain(&t, &o);
    }
    arena_release(&arena);
    return status;
}
