/* Campaigns in a real record: the vault asks for the number of each content, and what is read of one out of the journal. */
#include "record/campaign_read.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/tap.h"
#include "judge/marks.h"
#include "record/campaigns.h"
#include "record/vault.h"

static struct arena arena;
static struct why why;
static char folder[64];
static struct vault *vault;
static struct campaigns *campaigns;

#define MORNING ((int64_t)1795338000000)

/* A message and its content; `tail` are further members of the content. */
static struct bytes
record_of(unsigned number, const char *to, const char *subject, const char *text,
          const char *tail)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(
        &w,
        "{\"v\":1,\"kind\":\"message\",\"id\":\"id-%06u\",\"time\":%lld,\"action\":"
        "\"accept\","
        "\"size\":9,\"client\":\"192.0.2.%u\",\"from\":\"s%u@example.com\",\"to\":[\"%s\"],"
        "\"findings\":[]}\n"
        "{\"v\":1,\"kind\":\"content\",\"id\":\"id-%06u\",\"time\":%lld,\"rests_on\":[{"
        "\"to\":"
        "\"%s\",\"number\":0,\"families\":{\"content\":\"consent\",\"signatures\":"
        "\"consent\"}}],\"category\":\"bulk\",\"subject\":\"%s\",\"text\":\"%s\","
        "\"findings\":[]"
        "%s}",
        number, (long long)MORNING + number, number % 3, number % 2, to, number,
        (long long)MORNING + number, to, subject, text, tail);
    return writer_view(&w);
}

static const char *
signature_of(uint64_t seed)
{
    struct marks marks = {.minhash.shingle_count = 50};
    struct writer w;

    for (size_t i = 0; i < MINHASH_COUNT; i++) {
        marks.minhash.at[i] = (uint32_t)hash_mix(hash_mix(seed) + i) & 0xffff;
    }
    writer_init(&w, &arena);
    writer_text(&w, ",\"indicators\":[{\"type\":\"phone\",\"value\":\"+81901\"},{\"type\":"
                    "\"name\",\"value\":\"x\"}],\"signature\":\"");
    writer_bytes(&w, marks_signature(&arena, &marks));
    writer_text(&w, "\"");
    return writer_c(&w);
}

static void
open_all(void)
{
    struct vault_marking marking = {.mark = campaigns_mark, .dropped = campaigns_dropped};
    static struct book *books[1];
    const struct config *config;
    char text[200];
    int size = snprintf(text, sizeof text,
                        "[record]\nfolder = %s\nname = example.jp/sekisho\n", folder);

    bool good = config_read(&arena, record_config_keys,
                            bytes_copy(&arena, bytes_of(text, (size_t)size)), &config,
                            &why) == SK_OK &&
                vault_open(&arena, config, &vault, &why) == SK_OK &&
                campaigns_open(&arena, ledger_folder(vault_ledger(vault)),
                               (size_t)config_number(config, "record.campaigns"),
                               ledger_size(vault_ledger(vault)), &campaigns, &why) == SK_OK;
    if (!good) {
        printf("Bail out! %s\n", why.sentence);
        exit(1);
    }
    marking.context = campaigns;
    vault_mark(vault, &marking);
    books[0] = campaigns_book(campaigns);
    tap_ok(vault_books(vault, books, 1, NULL, &why) == SK_OK, "a record is open");
}

static json_t *
read_one(const uint64_t *entries, size_t count, bool content)
{
    struct campaign_asked asked = {.folder = ledger_folder(vault_ledger(vault)),
                                   .entries = entries,
                                   .count = count,
                                   .content = content};
    struct writer w;
    struct json j;

    writer_init(&w, &arena);
    json_init(&j, &w);
    json_open(&j, '{');
    if (campaign_read(&arena, &asked, &j, &why) != SK_OK) {
        tap_ok(false, "read: %s", why.sentence);
    }
    json_close(&j);
    return json_loadb((const char *)w.at, w.size, 0, NULL);
}

static json_int_t
number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void
keep(unsigned number, const char *name)
{
    char text[200], to[40];

    snprintf(to, sizeof to, "user%u@example.jp", number % 4);
    snprintf(text, sizeof text,
             "dear %s, your parcel with number %u waits for you at our office today", name,
             70000 + number);
    if (vault_keep(vault, record_of(number, to, "a parcel waits", text, signature_of(1)),
                   BYTES_NONE, &why) != SK_OK) {
        tap_ok(false, "keep: %s", why.sentence);
    }
}

static void
test_marking(void)
{
    struct rows_query query = {.campaign = BYTES("1"), .most = 100};
    struct rows_found found;

    for (unsigned i = 0; i < 6; i++) {
        keep(i, i % 2 ? "hanako" : "taro");
    }
    (void)!vault_keep(vault, record_of(6, "x@example.jp", "x", "y", signature_of(2)),
                      BYTES_NONE, &why);
    (void)!vault_keep(vault, record_of(7, "x@example.jp", "x", "y", ""), BYTES_NONE, &why);
    tap_ok(vault_commit(vault, &why) == SK_OK && campaigns_size(campaigns, 1) == 6 &&
               campaigns_size(campaigns, 13) == 1 && campaigns_held(campaigns) == 7,
           "of one group six are one campaign, one is alone, one has no signature");
    vault_rows(vault);
    tap_ok(rows_search(&arena, folder, &query, &found, &why) == SK_OK && found.count == 6 &&
               bytes_is(found.events[0].campaign, "1"),
           "the rows know it");
    tap_ok(vault_keep(vault, record_of(8, "x@example.jp", "x", "y", ",\"campaign\":1"),
                      BYTES_NONE, &why) == SK_BAD &&
               campaigns_size(campaigns, 1) == 6,
           "a worker that tells a number itself is refused");
    keep(9, "taro");
    tap_ok(campaigns_size(campaigns, 1) == 7, "one that is not committed yet");
    (void)!vault_commit(vault, &why);
}

static void
test_reading(void)
{
    const uint64_t entries[] = {11, 9, 7, 5, 3, 1, 999};
    json_t *one = read_one(entries, 7, false);

    tap_ok(number_of(one, "read") == 6 && number_of(one, "gone") == 1 &&
               number_of(one, "recipient_count") == 4 &&
               json_array_size(json_object_get(one, "members")) == 6 &&
               json_array_size(json_object_get(one, "senders")) == 2 &&
               json_array_size(json_object_get(one, "clients")) == 3,
           "six of seven are read, by senders, clients and recipients");
    const json_t *first = json_array_get(json_object_get(one, "members"), 0);
    tap_ok(strcmp(json_string_value(json_object_get(first, "id")), "id-000005") == 0 &&
               json_object_get(first, "subject") == NULL &&
               json_object_get(one, "text") == NULL &&
               json_object_get(one, "links") == NULL,
           "without what they say");
    json_decref(one);
    one = read_one(entries, 6, true);
    const json_t *pieces = json_object_get(one, "text"),
                 *links = json_object_get(one, "links");
    size_t slots = 0, values = 0, i;
    json_t *piece;
    json_array_foreach(pieces, i, piece)
    {
        slots += json_object_get(piece, "slot") != NULL;
        values += json_array_size(json_object_get(piece, "values"));
    }
    tap_ok(slots == 2 && values == 2 + 6 && json_array_size(pieces) >= 4,
           "with it: two slots, of two names and six numbers");
    tap_ok(json_array_size(json_object_get(one, "subject")) == 1 &&
               json_array_size(links) == 1 &&
               number_of(json_array_get(links, 0), "messages") == 6,
           "one subject, and one number in all of them; names of people are no links");
    json_decref(one);
    one = read_one(NULL, 0, true);
    tap_ok(number_of(one, "read") == 0 && number_of(one, "of") == 0, "of none nothing");
    json_decref(one);
}

/* As many as are read, and one more. */
static void
test_bounds(void)
{
    uint64_t *entries = ARENA_NEW_MANY(&arena, LIMIT_CAMPAIGN_MEMBERS + 1, uint64_t);

    for (unsigned i = 0; i <= LIMIT_CAMPAIGN_MEMBERS; i++) {
        uint64_t index = ledger_next(vault_ledger(vault)) + 1;
        keep(100 + i, "jiro");
        entries[LIMIT_CAMPAIGN_MEMBERS - i] = index;
    }
    (void)!vault_commit(vault, &why);
    json_t *one = read_one(entries, LIMIT_CAMPAIGN_MEMBERS + 1, true);
    tap_ok(number_of(one, "read") == LIMIT_CAMPAIGN_MEMBERS &&
               number_of(one, "gone") == 0 &&
               json_array_size(json_object_get(one, "members")) == CAMPAIGN_MEMBERS_TOLD &&
               number_of(one, "of") == LIMIT_TEMPLATE_TEXTS,
           "%d are read, %d are told, %d make the template", LIMIT_CAMPAIGN_MEMBERS,
           CAMPAIGN_MEMBERS_TOLD, LIMIT_TEMPLATE_TEXTS);
    json_t *piece;
    size_t i, most = 0;
    json_array_foreach(json_object_get(one, "text"), i, piece)
    {
        size_t values = json_array_size(json_object_get(piece, "values"));
        most = values > most ? values : most;
    }
    tap_ok(most == CAMPAIGN_VALUES_TOLD, "and of a slot %zu values", most);
    json_decref(one);
}

int
main(void)
{
    char command[200];

    arena_init(&arena, (size_t)2 << 30);
    snprintf(folder, sizeof folder, "/tmp/sekisho-campaign-%d", (int)getpid());
    open_all();
    test_marking();
    test_reading();
    test_bounds();
    campaigns_close(campaigns);
    vault_close(vault);
    snprintf(command, sizeof command, "rm -rf %s %s-keys", folder, folder);
    if (system(command) != 0) {
        tap_ok(false, "%s", command);
    }
    arena_release(&arena);
    return tap_done();
}
