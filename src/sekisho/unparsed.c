#define SK_BASE
#include "sekisho/unparsed.h"

#include "base/json.h"
#include "permit/permit.h"
#include "record/row.h"

#define UNPARSED_REPLY                                                                     \
    "451 4.3.0 unparsed: this message could not be examined; it was kept, and people "     \
    "were told"

struct bytes
unparsed_message(struct arena *arena, const struct arrival *arrival)
{
    return record_write(arena, &(struct record_of){.arrival = arrival});
}

struct bytes
unparsed_crash(struct arena *arena, const struct arrival *arrival, unsigned deaths,
               const uint8_t fingerprint[HASH_SHA256_SIZE])
{
    struct writer w, hex, client;
    struct json j;

    writer_init(&w, arena);
    writer_init(&hex, arena);
    writer_init(&client, arena);
    net_address_write(&client, &arrival->client);
    for (size_t i = 0; i < HASH_SHA256_SIZE; i++) {
        writer_format(&hex, "%02x", fingerprint[i]);
    }
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_number(&j, "v", 1);
    json_put_text(&j, "kind", "crash");
    json_put_string(&j, "id", arrival->id);
    json_put_number(&j, "time", arrival->time_ms);
    json_put_number(&j, "workers", deaths);
    json_put_string(&j, "client", writer_view(&client));
    json_put_string(&j, "from", arrival->mail_from);
    json_put_number(&j, "size", (int64_t)arrival->raw.size);
    json_put_string(&j, "fingerprint", writer_view(&hex));
    /* The facility is protected (lawful business act): the message is kept whoever it is for, and read by nobody without a
     * recorded reason. */
    json_put_text(&j, "ground", permit_ground_name(GROUND_LAWFUL_ACT));
    json_close(&j);
    return writer_view(&w);
}

const struct answer *
unparsed_answer(struct arena *arena, const struct arrival *arrival)
{
    struct answer *answer = ARENA_NEW(arena, struct answer);
    struct writer w;
    struct json j;

    answer->recipient_count = arrival->recipient_count;
    answer->recipients =
        ARENA_NEW_MANY(arena, arrival->recipient_count, struct answer_recipient);
    for (size_t i = 0; i < arrival->recipient_count; i++) {
        answer->recipients[i] = (struct answer_recipient){.action = ANSWER_TEMPFAIL,
                                                          .reply = BYTES(UNPARSED_REPLY)};
    }
    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "action", "soft reject");
    json_put_string(&j, "message-id", arrival->id);
    json_key(&j, "messages");
    json_open(&j, '{');
    json_put_text(&j, "smtp_message", UNPARSED_REPLY);
    json_close(&j);
    json_close(&j);
    answer->words = BYTES("unparsed");
    answer->json = writer_view(&w);
    return answer;
}
