#include "record/row.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "judge/indicators.h"
#include "judge/lure.h"
#include "judge/marks.h"

/* What is found only by looking into the message. */
#define FAMILIES_INSIDE                                                                    \
    (FAMILY_BIT(FAMILY_CONTENT) | FAMILY_BIT(FAMILY_LINKS) |                               \
     FAMILY_BIT(FAMILY_SIGNATURES) | FAMILY_BIT(FAMILY_ATTACHMENTS) |                      \
     FAMILY_BIT(FAMILY_THREAT))

struct materials {
    struct arena *arena;
    const struct record_of *of;
    uint32_t *numbers; /* of each finding of the opinion: its place in its list */
};

bool
record_family_inside(enum permit_family family)
{
    return (FAMILIES_INSIDE & FAMILY_BIT(family)) != 0;
}

const char *
record_door_name(enum arrival_door door)
{
    static const char *const names[] = {
        [ARRIVAL_TRANSFER] = "transfer", [ARRIVAL_HTTP] = "http", [ARRIVAL_FILE] = "file"};

    return names[door];
}

const char *
record_outcome_name(enum outcome_kind kind)
{
    static const char *const names[] = {[OUTCOME_NONE] = "none",
                                        [OUTCOME_DELIVERED] = "delivered",
                                        [OUTCOME_REFUSED] = "refused",
                                        [OUTCOME_LATER] = "later",
                                        [OUTCOME_HELD] = "held"};

    return names[kind];
}

/* At most `most` bytes, not cut within a character. */
static struct bytes
cut(struct bytes text, size_t most)
{
    if (text.size <= most) {
        return text;
    }
    while (most > 0 && (text.at[most] & 0xc0) == 0x80) {
        most--;
    }
    return bytes_slice(text, 0, most);
}

static void
put_some(struct json *j, const char *key, struct bytes text, size_t most)
{
    if (text.size > 0) {
        json_put_string(j, key, cut(text, most));
    }
}

/* What the tags that recipients came with were worth: a letter for each, v(alid), e(xpired), f(orged), u(nchecked), - for
 * none. Not written when nobody had one. */
static void
write_tags(const struct arrival *arrival, struct json *j)
{
    uint8_t letters[LIMIT_SMTP_RECIPIENTS];
    size_t count = 0;
    bool any = false;

    for (; count < arrival->recipient_count && count < sizeof letters; count++) {
        letters[count] = (uint8_t) "-vefu"[arrival->recipients[count].tag];
        any = any || letters[count] != '-';
    }
    if (any) {
        json_put_string(j, "tags", bytes_of(letters, count));
    }
}

static void
write_envelope(const struct materials *m, struct json *j)
{
    const struct arrival *arrival = m->of->arrival;
    struct writer client;

    json_put_number(j, "size", (int64_t)arrival->raw.size);
    if (arrival->client.known) {
        writer_init(&client, j->w->arena);
        net_address_write(&client, &arrival->client);
        json_put_string(j, "client", writer_view(&client));
        json_put_number(j, "client_port", arrival->client.port);
    }
    put_some(j, "client_name", arrival->client_name, LIMIT_DOMAIN);
    put_some(j, "helo", arrival->helo, LIMIT_RECORD_FIELD);
    put_some(j, "tls_version", arrival->tls_version, LIMIT_RECORD_FIELD);
    put_some(j, "tls_cipher", arrival->tls_cipher, LIMIT_RECORD_FIELD);
    put_some(j, "user", arrival->user, LIMIT_RECORD_FIELD);
    json_put_string(j, "from", cut(arrival->mail_from, LIMIT_RECORD_FIELD));
    put_some(j, "from_parameters", arrival->mail_parameters, LIMIT_RECORD_FIELD);
    json_key(j, "to");
    json_open(j, '[');
    for (size_t i = 0; i < arrival->recipient_count; i++) {
        json_bytes(j, cut(arrival->recipients[i].address, LIMIT_RECORD_FIELD));
    }
    json_close(j);
    json_put_bool(j, "esmtp", arrival->esmtp);
    json_put_bool(j, "8bit", arrival->body == ARRIVAL_BODY_8BITMIME);
    json_put_bool(j, "smtputf8", arrival->smtputf8);
    put_some(j, "queue_id", arrival->queue_id, LIMIT_RECORD_FIELD);
    put_some(j, "tagged_from", arrival->tagged_from, LIMIT_RECORD_FIELD);
    write_tags(arrival, j);
}

static uint32_t
union_of(const struct materials *m)
{
    return m->of->permit != NULL ? m->of->permit->union_families : 0;
}

static uint32_t
families_of(const struct materials *m, size_t recipient)
{
    return m->of->permit != NULL && recipient < m->of->permit->recipient_count
               ? m->of->permit->recipients[recipient].families
               : 0;
}

/* Rests on FAMILY_CONTENT: what the message says, and the hash by which a guess of it could be confirmed. */
static void
write_letter(const struct materials *m, struct json *j)
{
    const struct letter *letter = m->of->letter;
    uint8_t digest[HASH_SHA256_SIZE];

    if (letter == NULL || (union_of(m) & FAMILY_BIT(FAMILY_CONTENT)) == 0) {
        return;
    }
    hash_sha256(m->of->arrival->raw, digest);
    json_put_string(j, "sha256", bytes_hex(m->arena, bytes_of(digest, sizeof(digest))));
    put_some(j, "subject", letter->subject, LIMIT_RECORD_FIELD);
    if (letter->from.address_count > 0) {
        put_some(j, "from_name", letter->from.addresses[0].name, LIMIT_RECORD_FIELD);
        put_some(j, "from_address", letter->from.addresses[0].text, LIMIT_RECORD_FIELD);
    }
    put_some(j, "message_id", letter->message_id, LIMIT_RECORD_FIELD);
    if (letter->has_date) {
        json_put_number(j, "date", letter->date);
    }
    put_some(j, "text", bytes_trim(cut(letter->text, LIMIT_RECORD_TEXT)),
             LIMIT_RECORD_TEXT);
    if (letter->defect_count > 0) {
        json_key(j, "defects");
        json_open(j, '[');
        for (size_t i = 0; i < letter->defect_count; i++) {
            json_open(j, '{');
            json_put_text(j, "name", letter->defects[i].name);
            json_put_number(j, "at", (int64_t)letter->defects[i].at);
            json_close(j);
        }
        json_close(j);
    }
    if (letter->defects_dropped > 0) {
        json_put_number(j, "defects_dropped", (int64_t)letter->defects_dropped);
    }
    if (m->of->opinion != NULL && m->of->opinion->content_read) {
        json_put_real(j, "content", m->of->opinion->content, 4);
    }
}

/* What it tells to pay to, to call or to go to: at most LIMIT_RECORD_INDICATORS of them. */
static void
write_indicators(const struct materials *m, struct json *j)
{
    const struct opinion *opinion = m->of->opinion;
    size_t count = opinion->indicator_count < LIMIT_RECORD_INDICATORS
                       ? opinion->indicator_count
                       : LIMIT_RECORD_INDICATORS;

    if (count == 0 || (union_of(m) & FAMILY_BIT(FAMILY_CONTENT)) == 0) {
        return;
    }
    json_key(j, "indicators");
    json_open(j, '[');
    for (size_t i = 0; i < count; i++) {
        const struct indicator *it = &opinion->indicators[i];
        json_open(j, '{');
        json_put_text(j, "type", indicator_type_name(it->type));
        put_some(j, "value", it->value, LIMIT_RECORD_DETAIL);
        if (it->disguised) {
            json_put_bool(j, "disguised", true);
        }
        json_close(j);
    }
    json_close(j);
}

/* By what copies of it are known: for the keeper, who reads no mail. */
static void
write_marks(const struct materials *m, struct json *j)
{
    const struct marks *marks = m->of->opinion->marks;

    if (marks != NULL && (union_of(m) & FAMILY_BIT(FAMILY_SIGNATURES)) != 0) {
        json_put_string(j, "signature", marks_signature(m->arena, marks));
        put_some(j, "keys", marks_keys(m->arena, marks), LIMIT_RECORD_FIELD);
    }
}

/* Findings stand in two lists, those from outside in the message's line and those from inside in the content's. Whether
 * this one stands in that list; without a permit in none. */
static bool
stands(const struct materials *m, const struct finding *finding, bool inside)
{
    return (union_of(m) & FAMILY_BIT(finding->family)) != 0 &&
           record_family_inside(finding->family) == inside;
}

static void
write_finding(const struct finding *finding, struct json *j)
{
    json_open(j, '{');
    json_put_text(j, "name", finding->name);
    json_put_real(j, "weight", finding->weight, 3);
    json_put_text(j, "family", permit_family_name(finding->family));
    put_some(j, "detail", finding->detail, LIMIT_RECORD_DETAIL);
    if (finding->to > finding->from) {
        json_key(j, "span");
        json_open(j, '[');
        json_number(j, (int64_t)finding->from);
        json_number(j, (int64_t)finding->to);
        json_close(j);
    }
    json_close(j);
}

static void
write_findings(const struct materials *m, bool inside, struct json *j)
{
    const struct opinion *opinion = m->of->opinion;

    json_key(j, "findings");
    json_open(j, '[');
    for (size_t i = 0; opinion != NULL && i < opinion->finding_count; i++) {
        if (stands(m, &opinion->findings[i], inside)) {
            write_finding(&opinion->findings[i], j);
        }
    }
    json_close(j);
}

/* The numbers, in that list, of the findings that count for this recipient. */
static void
write_reasons(const struct materials *m, size_t recipient, bool inside, struct json *j)
{
    const struct verdict_recipient *verdict = &m->of->verdict->recipients[recipient];
    const struct opinion *opinion = m->of->opinion;
    uint32_t families = families_of(m, recipient);

    json_key(j, "reasons");
    json_open(j, '[');
    for (size_t i = 0; i < verdict->reason_count && opinion != NULL; i++) {
        const struct finding *reason = verdict->reasons[i];
        /* decide sorts pointers to judge's findings; one that is none of them would have no words in the record. */
        if (reason < opinion->findings ||
            reason >= opinion->findings + opinion->finding_count ||
            (families & FAMILY_BIT(reason->family)) == 0 || !stands(m, reason, inside)) {
            continue;
        }
        json_number(j, m->numbers[reason - opinion->findings]);
    }
    json_close(j);
}

/* What counted for him from outside alone; the whole score rests on his consent where he gave one. */
static double
outside_score(const struct materials *m, size_t recipient)
{
    const struct verdict_recipient *verdict = &m->of->verdict->recipients[recipient];
    double score = 0;

    if ((families_of(m, recipient) & FAMILIES_INSIDE) == 0) {
        return verdict->score;
    }
    for (size_t i = 0; i < verdict->reason_count; i++) {
        score += record_family_inside(verdict->reasons[i]->family)
                     ? 0
                     : verdict->reasons[i]->weight;
    }
    return score;
}

static void
write_families(const struct materials *m, size_t recipient, uint32_t families,
               struct json *j)
{
    json_key(j, "families");
    json_open(j, '{');
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if ((families & FAMILY_BIT(family)) != 0) {
            json_put_text(
                j, permit_family_name(family),
                permit_ground_name(m->of->permit->recipients[recipient].grounds[family]));
        }
    }
    json_close(j);
}

/* Where in the ledger his consents stand; of those from a configuration nothing is said. */
static void
write_entries(const struct materials *m, size_t recipient, struct json *j)
{
    const struct permit_recipient *permit = &m->of->permit->recipients[recipient];
    bool any = false;

    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if ((permit->families & FAMILY_BIT(family)) == 0 ||
            permit->grounds[family] != GROUND_CONSENT ||
            permit->entries[family] == PERMIT_NO_ENTRY) {
            continue;
        }
        if (!any) {
            json_key(j, "entries");
            json_open(j, '{');
            any = true;
        }
        json_put_number(j, permit_family_name(family), (int64_t)permit->entries[family]);
    }
    if (any) {
        json_close(j);
    }
}

/* What his own lists of senders said. */
static void
write_lists(const struct verdict_recipient *verdict, struct json *j)
{
    if (verdict->listed != NULL) {
        json_put_text(j, "listed", verdict->listed->name);
    }
    if (verdict->rescued != NULL) {
        json_put_text(j, "rescued", verdict->rescued->name);
    }
}

static void
write_recipients(const struct materials *m, struct json *j)
{
    json_key(j, "recipients");
    json_open(j, '[');
    for (size_t i = 0; i < m->of->arrival->recipient_count; i++) {
        json_open(j, '{');
        if (m->of->permit != NULL && i < m->of->permit->recipient_count) {
            write_families(m, i, families_of(m, i), j);
            write_entries(m, i, j);
        }
        if (m->of->verdict != NULL && i < m->of->verdict->recipient_count) {
            const struct verdict_recipient *verdict = &m->of->verdict->recipients[i];
            json_put_text(j, "action", verdict_action_name(verdict->action));
            json_put_text(j, "ground", permit_ground_name(verdict->ground));
            json_put_real(j, "score", outside_score(m, i), 3);
            write_lists(verdict, j);
            put_some(j, "reply", verdict->reply, LIMIT_RECORD_FIELD);
            write_reasons(m, i, false, j);
        }
        json_close(j);
    }
    json_close(j);
}

/* What the message is to a conversation of his with its sender: for the keeper, who remembers it, and for whoever asks
 * what the verdict rests on. */
static void
write_conversation(const struct materials *m, size_t recipient,
                   const struct verdict_recipient *verdict, struct json *j)
{
    const struct opinion *opinion = m->of->opinion;
    const struct conversation *it =
        opinion != NULL && recipient < opinion->conversation_count &&
                (families_of(m, recipient) & FAMILY_BIT(FAMILY_CONTENT)) != 0
            ? &opinion->conversations[recipient]
            : NULL;

    if (it == NULL || it->pair_count == 0) {
        return;
    }
    json_key(j, "lure");
    json_open(j, '{');
    json_key(j, "stages");
    json_open(j, '[');
    for (int i = 1; i < LURE_STAGE_COUNT; i++) {
        if ((opinion->lure_stages & 1u << i) != 0) {
            json_text(j, lure_stage_name((enum lure_stage)i));
        }
    }
    json_close(j);
    json_key(j, "pairs");
    json_open(j, '[');
    for (size_t i = 0; i < it->pair_count; i++) {
        json_bytes(j, bytes_hex(m->arena, bytes_of(it->pairs[i], sizeof it->pairs[i])));
    }
    json_close(j);
    if (verdict->turn != NULL) {
        json_put_real(j, "turn", verdict->turn->weight, 3);
        json_put_string(j, "detail", verdict->turn->detail);
    }
    json_close(j);
}

/* Who carries the content's line, by family and ground, and what of it counts for him. */
static void
write_rests_on(const struct materials *m, struct json *j)
{
    json_key(j, "rests_on");
    json_open(j, '[');
    for (size_t i = 0; i < m->of->arrival->recipient_count; i++) {
        uint32_t families = families_of(m, i) & FAMILIES_INSIDE;
        if (families == 0) {
            continue;
        }
        json_open(j, '{');
        json_put_string(j, "to",
                        cut(m->of->arrival->recipients[i].address, LIMIT_RECORD_FIELD));
        json_put_number(j, "number", (int64_t)i);
        write_families(m, i, families, j);
        if (m->of->verdict != NULL && i < m->of->verdict->recipient_count) {
            const struct verdict_recipient *verdict = &m->of->verdict->recipients[i];
            json_put_real(j, "score", verdict->score, 3);
            if (verdict->personal != NULL && (families & FAMILY_BIT(FAMILY_CONTENT)) != 0) {
                json_put_real(j, "personal", verdict->personal->weight, 3);
            }
            if (verdict->of_group != NULL && (families & FAMILY_BIT(FAMILY_CONTENT)) != 0) {
                json_put_real(j, "group", verdict->of_group->weight, 3);
            }
            write_conversation(m, i, verdict, j);
            write_reasons(m, i, true, j);
        }
        json_close(j);
    }
    json_close(j);
}

static void
write_categories(const struct opinion *opinion, struct json *j)
{
    json_put_text(j, "category", category_name(opinion->category));
    json_key(j, "categories");
    json_open(j, '{');
    for (unsigned i = 0; i < CATEGORY_COUNT; i++) {
        if (opinion->categories[i] >= 0.001) {
            json_put_real(j, category_name(i), opinion->categories[i], 3);
        }
    }
    json_close(j);
}

static void
begin(struct json *j, const struct materials *m, const char *kind)
{
    json_open(j, '{');
    json_put_number(j, "v", 1);
    json_put_text(j, "kind", kind);
    json_put_string(j, "id", m->of->arrival->id);
    json_put_number(j, "time", m->of->arrival->time_ms);
}

static void
write_message(const struct materials *m, struct json *j)
{
    bool inside = (union_of(m) & FAMILIES_INSIDE) != 0, outside = union_of(m) != 0;

    begin(j, m, "message");
    json_put_text(j, "door", record_door_name(m->of->arrival->door));
    json_put_text(j, "action",
                  m->of->verdict != NULL ? verdict_action_name(m->of->verdict->strongest)
                                         : "tempfail");
    if (m->of->opinion != NULL) {
        json_put_real(j, "unwanted", m->of->opinion->unwanted_source, 4);
        if (!inside) {
            write_categories(m->of->opinion, j);
        }
    }
    write_envelope(m, j);
    if (m->of->permit != NULL) {
        json_put_text(j, "profile", permit_profile_name(m->of->permit->profile));
    }
    write_recipients(m, j);
    write_findings(m, false, j);
    if (m->of->made_by.size > 0) {
        json_key(j, "made_by");
        json_raw(j, m->of->made_by);
    }
    if (m->of->origin != NULL && outside) {
        json_key(j, "origin");
        origin_write_json(m->of->origin, j);
    }
    if (m->of->memo != NULL && outside) {
        json_key(j, "dns");
        dns_memo_write_json(m->of->memo, j);
    }
    json_close(j);
}

/* The line that goes when a consent is withdrawn, or with its own retention. */
static void
write_threat_detail(const struct threat_detail *detail, struct json *j)
{
    put_some(j, "threat_target", detail->target, LIMIT_RECORD_DETAIL);
    put_some(j, "threat_where", detail->place, LIMIT_RECORD_DETAIL);
    put_some(j, "threat_means", detail->means, LIMIT_RECORD_DETAIL);
    put_some(j, "threat_when", detail->when, LIMIT_RECORD_DETAIL);
    if (detail->when.size > 0) {
        json_put_number(j, "threat_from", detail->from * 1000);
        json_put_number(j, "threat_to", detail->to * 1000);
    }
}

static void
write_content(const struct materials *m, struct json *j)
{
    const struct opinion *opinion = m->of->opinion;

    begin(j, m, "content");
    write_rests_on(m, j);
    if (opinion != NULL) {
        json_put_real(j, "unwanted", opinion->unwanted, 4);
        write_categories(opinion, j);
    }
    if (opinion != NULL && opinion->threat != THREAT_NONE &&
        (union_of(m) & FAMILY_BIT(FAMILY_THREAT)) != 0) {
        json_put_text(j, "threat", threat_kind_name(opinion->threat));
        json_put_number(j, "threat_severity", opinion->threat_severity);
        put_some(j, "threat_words", opinion->threat_words, LIMIT_RECORD_DETAIL);
        write_threat_detail(&opinion->threat_detail, j);
    }
    write_letter(m, j);
    if (opinion != NULL) {
        write_indicators(m, j);
        write_marks(m, j);
    }
    write_findings(m, true, j);
    if (opinion != NULL && opinion->findings_dropped > 0) {
        json_put_number(j, "findings_dropped", (int64_t)opinion->findings_dropped);
    }
    json_close(j);
}

static void
number_findings(struct materials *m)
{
    const struct opinion *opinion = m->of->opinion;
    uint32_t next[2] = {0, 0};

    if (opinion == NULL) {
        return;
    }
    m->numbers = ARENA_NEW_MANY(m->arena, opinion->finding_count, uint32_t);
    for (size_t i = 0; i < opinion->finding_count; i++) {
        bool inside = record_family_inside(opinion->findings[i].family);
        if (stands(m, &opinion->findings[i], inside)) {
            m->numbers[i] = next[inside]++;
        }
    }
}

struct bytes
record_write(struct arena *arena, const struct record_of *of)
{
    struct materials m = {.arena = arena, .of = of};
    struct writer w;
    struct json j;

    number_findings(&m);
    writer_init(&w, arena);
    json_init(&j, &w);
    write_message(&m, &j);
    if ((union_of(&m) & FAMILIES_INSIDE) != 0 &&
        (of->letter != NULL || of->opinion != NULL)) {
        writer_byte(&w, '\n');
        json_init(&j, &w);
        write_content(&m, &j);
    }
    return writer_view(&w);
}

struct bytes
record_with_campaign(struct arena *arena, struct bytes content, uint64_t campaign)
{
    size_t end = bytes_find_last(content, '}');
    struct writer w;

    if (end == BYTES_NOWHERE) {
        return content;
    }
    writer_init(&w, arena);
    writer_bytes(&w, bytes_slice(content, 0, end));
    writer_format(&w, ",\"campaign\":%llu", (unsigned long long)campaign);
    writer_bytes(&w, bytes_from(content, end));
    return writer_view(&w);
}

/* Digits and points at `at`, as many as there are. */
static size_t
number_end(struct bytes text, size_t at, bool points)
{
    while (at < text.size &&
           ((text.at[at] >= '0' && text.at[at] <= '9') || (points && text.at[at] == '.'))) {
        at++;
    }
    return at;
}

struct bytes
record_reply_codes(struct bytes reply)
{
    size_t code = number_end(bytes_slice(reply, 0, 4), 0, false);

    if (code != 3) {
        return BYTES_NONE;
    }
    /* d.ddd.ddd at most, of the same class */
    size_t end = number_end(bytes_slice(reply, 0, 13), 4, true);
    bool both = reply.size > 5 && reply.at[3] == ' ' && reply.at[4] == reply.at[0] &&
                reply.at[5] == '.' && end >= 9 &&
                (end == reply.size || reply.at[end] == ' ');
    return bytes_slice(reply, 0, both ? end : code);
}

struct bytes
record_outcome(struct arena *arena, const struct arrival *arrival,
               const struct permit *permit, const struct outcome *outcomes)
{
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_number(&j, "v", 1);
    json_put_text(&j, "kind", "outcome");
    json_put_string(&j, "id", arrival->id);
    json_put_number(&j, "arrived", arrival->time_ms);
    json_put_number(&j, "time", clock_now_ms());
    json_key(&j, "to");
    json_open(&j, '[');
    for (size_t i = 0; i < arrival->recipient_count; i++) {
        json_open(&j, '{');
        json_put_string(&j, "address",
                        cut(arrival->recipients[i].address, LIMIT_RECORD_FIELD));
        json_put_text(&j, "outcome", record_outcome_name(outcomes[i].kind));
        bool whole = permit != NULL && i < permit->recipient_count &&
                     (permit->recipients[i].families & FAMILY_BIT(FAMILY_CONTENT)) != 0;
        put_some(&j, "reply",
                 whole ? outcomes[i].reply : record_reply_codes(outcomes[i].reply),
                 LIMIT_RECORD_FIELD);
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
    return writer_view(&w);
}
