#include "record/row.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

struct materials {
    struct arena *arena;
    const struct arrival *arrival;
    const struct permit *permit;
    const struct letter *letter;
    const struct origin *origin;
    const struct dns_memo *memo;
    const struct opinion *opinion;
    const struct verdict *verdict;
};

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

static void
write_envelope(const struct materials *m, struct json *j)
{
    const struct arrival *arrival = m->arrival;
    struct writer client;
    uint8_t digest[HASH_SHA256_SIZE];

    json_put_number(j, "size", (int64_t)arrival->raw.size);
    if (arrival->client.known) {
        writer_init(&client, m->arena);
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
    hash_sha256(arrival->raw, digest);
    json_put_string(j, "sha256", bytes_hex(m->arena, bytes_of(digest, sizeof(digest))));
}

/* Only with FAMILY_CONTENT: what the message says. */
static void
write_content(const struct materials *m, struct json *j)
{
    const struct letter *letter = m->letter;

    if (letter == NULL || m->permit == NULL || !permit_has(m->permit, FAMILY_CONTENT)) {
        return;
    }
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
}

static bool
covered(const struct materials *m, const struct finding *finding)
{
    return m->permit != NULL && permit_has(m->permit, finding->family);
}

static void
write_reasons(const struct materials *m, const struct verdict_recipient *recipient,
              uint32_t families, struct json *j)
{
    const struct opinion *opinion = m->opinion;

    json_key(j, "reasons");
    json_open(j, '[');
    for (size_t i = 0; i < recipient->reason_count && opinion != NULL; i++) {
        const struct finding *reason = recipient->reasons[i];
        /* decide sorts pointers to judge's findings; one that is none of them would have no words in the record. */
        if (reason >= opinion->findings &&
            reason < opinion->findings + opinion->finding_count &&
            (families & FAMILY_BIT(reason->family)) != 0 && covered(m, reason)) {
            json_number(j, reason - opinion->findings);
        }
    }
    json_close(j);
}

static void
write_recipients(const struct materials *m, struct json *j)
{
    json_key(j, "recipients");
    json_open(j, '[');
    for (size_t i = 0; i < m->arrival->recipient_count; i++) {
        uint32_t families = 0;
        json_open(j, '{');
        if (m->permit != NULL && i < m->permit->recipient_count) {
            const struct permit_recipient *permit = &m->permit->recipients[i];
            families = permit->families;
            json_key(j, "families");
            json_open(j, '{');
            for (unsigned family = 0; family < FAMILY_COUNT; family++) {
                if ((families & FAMILY_BIT(family)) != 0) {
                    json_put_text(j, permit_family_name(family),
                                  permit_ground_name(permit->grounds[family]));
                }
            }
            json_close(j);
        }
        if (m->verdict != NULL && i < m->verdict->recipient_count) {
            const struct verdict_recipient *verdict = &m->verdict->recipients[i];
            json_put_text(j, "action", verdict_action_name(verdict->action));
            json_put_text(j, "ground", permit_ground_name(verdict->ground));
            json_put_real(j, "score", verdict->score, 3);
            put_some(j, "reply", verdict->reply, LIMIT_RECORD_FIELD);
            write_reasons(m, verdict, families, j);
        }
        json_close(j);
    }
    json_close(j);
}

/* A finding without a permit keeps its number, so that the reasons fit, but says nothing. */
static void
write_findings(const struct materials *m, struct json *j)
{
    const struct opinion *opinion = m->opinion;

    json_key(j, "findings");
    json_open(j, '[');
    for (size_t i = 0; opinion != NULL && i < opinion->finding_count; i++) {
        const struct finding *finding = &opinion->findings[i];
        if (!covered(m, finding)) {
            json_nothing(j);
            continue;
        }
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
    json_close(j);
}

static void
write_opinion(const struct materials *m, struct json *j)
{
    const struct opinion *opinion = m->opinion;

    if (opinion == NULL) {
        return;
    }
    json_put_real(j, "unwanted_source", opinion->unwanted_source, 4);
    if (opinion->content_read) {
        json_put_real(j, "content", opinion->content, 4);
    }
    json_key(j, "categories");
    json_open(j, '{');
    for (unsigned i = 0; i < CATEGORY_COUNT; i++) {
        if (opinion->categories[i] >= 0.001) {
            json_put_real(j, category_name(i), opinion->categories[i], 3);
        }
    }
    json_close(j);
    if (opinion->findings_dropped > 0) {
        json_put_number(j, "findings_dropped", (int64_t)opinion->findings_dropped);
    }
}

static bool
threat_shown(const struct materials *m)
{
    return m->opinion != NULL && m->opinion->threat != THREAT_NONE && m->permit != NULL &&
           permit_has(m->permit, FAMILY_THREAT);
}

struct bytes
record_write(struct arena *arena, const struct arrival *arrival,
             const struct permit *permit, const struct letter *letter,
             const struct origin *origin, const struct dns_memo *memo,
             const struct opinion *opinion, const struct verdict *verdict)
{
    const struct materials m = {arena,  arrival, permit,  letter,
                                origin, memo,    opinion, verdict};
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_number(&j, "v", 1);
    json_put_text(&j, "kind", "message");
    json_put_string(&j, "id", arrival->id);
    json_put_number(&j, "time", arrival->time_ms);
    json_put_text(&j, "door", record_door_name(arrival->door));
    json_put_text(&j, "action",
                  verdict != NULL ? verdict_action_name(verdict->strongest) : "tempfail");
    if (opinion != NULL) {
        json_put_text(&j, "category", category_name(opinion->category));
        json_put_real(&j, "unwanted", opinion->unwanted, 4);
    }
    if (threat_shown(&m)) {
        json_put_text(&j, "threat", threat_kind_name(opinion->threat));
        json_put_number(&j, "threat_severity", opinion->threat_severity);
        put_some(&j, "threat_words", opinion->threat_words, LIMIT_RECORD_DETAIL);
    }
    write_envelope(&m, &j);
    write_content(&m, &j);
    write_opinion(&m, &j);
    if (permit != NULL) {
        json_put_text(&j, "profile", permit_profile_name(permit->profile));
    }
    write_recipients(&m, &j);
    write_findings(&m, &j);
    if (origin != NULL) {
        json_key(&j, "origin");
        origin_write_json(origin, &j);
    }
    if (memo != NULL) {
        json_key(&j, "dns");
        dns_memo_write_json(memo, &j);
    }
    json_close(&j);
    return writer_view(&w);
}

struct bytes
record_outcome(struct arena *arena, const struct arrival *arrival,
               const struct outcome *outcomes)
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
        put_some(&j, "reply", outcomes[i].reply, LIMIT_RECORD_FIELD);
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
    return writer_view(&w);
}
