#define SK_BASE
#include "sekisho/requests.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "report/accounts.h"
#include "sekisho/settings.h"

static struct arena arena;
static struct keeping keeping;
static char folder[64];

/* The code, and whether the reply is one JSON object that says it. */
static enum sk_code
ask(struct bytes request, struct bytes *reply_r)
{
    enum sk_code code = requests_answer(&keeping, &arena, request, BYTES("taro (uid 1000)"),
                                        BYTES("command"), reply_r);
    json_t *json = json_loadb((const char *)reply_r->at, reply_r->size, 0, NULL);

    if (!json_is_object(json) ||
        (code == SK_OK) != (json_object_get(json, "error") == NULL)) {
        tap_ok(false, "the reply is one JSON object: %.200s", bytes_text(&arena, *reply_r));
    }
    json_decref(json);
    return code;
}

static enum sk_code
ask_text(const char *text)
{
    struct bytes reply;

    return ask(bytes_from_text(text), &reply);
}

static struct bytes
sized(size_t size)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "{\"do\":\"alarm.list\",\"x\":\"");
    while (w.size < size - 2) {
        writer_byte(&w, 'x');
    }
    writer_text(&w, "\"}");
    return writer_view(&w);
}

static struct bytes
nested(size_t depth)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_text(&w, "{\"do\":\"alarm.list\",\"x\":");
    for (size_t i = 0; i < depth; i++) {
        writer_byte(&w, '[');
    }
    for (size_t i = 0; i < depth; i++) {
        writer_byte(&w, ']');
    }
    writer_byte(&w, '}');
    return writer_view(&w);
}

static void
test_form(void)
{
    static const char *const broken[] = {"",
                                         "{",
                                         "[]",
                                         "[{\"do\":\"alarm.list\"}]",
                                         "null",
                                         "\"x\"",
                                         "1",
                                         "{\"do\"",
                                         "{\"do\":}",
                                         "{}{}",
                                         "{\"do\":\"alarm.list\"} x",
                                         "{\"do\":\"\\u0000\"}",
                                         "{\"do\":\"\xff\"}",
                                         "{\"do\":1e999}",
                                         "{\"do\":99999999999999999999999}",
                                         "{\"do\":\"\\ud800\"}"};
    static const char *const unknown[] = {
        "{}",
        "{\"do\":null}",
        "{\"do\":[\"alarm.list\"]}",
        "{\"do\":\"\"}",
        "{\"do\":\"alarm.list \"}",
        "{\"do\":\"ALARM.LIST\"}",
        "{\"do\":\"alarm\"}",
        "{\"do\":\"\\u001b]0;x\\u0007 \\u202e%s%n\"}",
        "{\"do\":"
        "\"x\xe9\x96\xa2\xe6\x89\x80\xe9\x96\xa2\xe6\x89\x80\xe9\x96\xa2\xe6\x89\x80"
        "\xe9\x96\xa2\xe6\x89\x80\xe9\x96\xa2\xe6\x89\x80\xe9\x96\xa2\xe6\x89\x80\xe9\x96"
        "\xa2"
        "\xe6\x89\x80\xe9\x96\xa2\xe6\x89\x80\xe9\x96\xa2\xe6\x89\x80\xe9\x96\xa2\xe6\x89"
        "\x80"
        "\xe9\x96\xa2\xe6\x89\x80\"}"};
    struct bytes reply;

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        tap_ok(ask_text(broken[i]) == SK_BAD, "no request (%zu)", i);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        tap_ok(ask(bytes_from_text(unknown[i]), &reply) == SK_BAD &&
                   bytes_find(reply, BYTES("nothing is known"), 0) != BYTES_NOWHERE &&
                   bytes_find_byte(reply, 0x1b, 0) == BYTES_NOWHERE,
               "no such name (%zu)", i);
    }
    tap_ok(ask_text("{\"do\":\"alarm.list\"}") == SK_OK, "a request");
    tap_ok(ask(sized(LIMIT_REQUEST), &reply) == SK_OK, "of LIMIT_REQUEST bytes");
    tap_ok(ask(sized((size_t)LIMIT_REQUEST + 1), &reply) == SK_BAD,
           "one byte more is none");
    tap_ok(ask(nested(100), &reply) == SK_OK, "nested");
    tap_ok(ask(nested(400000), &reply) == SK_BAD, "nested 400,000 deep it is none");
}

static void
test_handlers(void)
{
    /* Whatever stands in the members that a handler reads: an answer, and no change. */
    static const char *const names[] = {
        "ledger.cosigned",  "witness.add",        "witness.checkpoint",
        "held.read",        "held.approve",       "held.part",
        "held.release",     "held.released",      "held.delete",
        "hold.place",       "hold.lift",          "hold.confirm",
        "account.set",      "account.credential", "look",
        "alarm.show",       "alarm.acknowledge",  "consent.grant",
        "consent.withdraw", "consent.import",     "consent.text",
        "lure.list",        "lure.show",          "lure.forget"};
    static const char *const values[] = {"null",  "[]",
                                         "{}",    "-1",
                                         "\"\"",  "\"\\u202e\\u001b\"",
                                         "1e300", "[[1],{\"id\":[]}]"};
    static const char *const members[] = {
        "id",   "name",       "reason", "alarm", "recipient", "address", "families", "hold",
        "note", "recipients", "text",   "by",    "account",   "version", "number"};
    struct writer w;
    size_t refused = 0, asked = 0;
    struct bytes reply;

    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            writer_init(&w, &arena);
            writer_format(&w, "{\"do\":\"%s\"", names[n]);
            for (size_t m = 0; m < sizeof members / sizeof *members; m++) {
                writer_format(&w, ",\"%s\":%s", members[m], values[v]);
            }
            writer_text(&w, "}");
            asked++;
            enum sk_code code = ask(writer_view(&w), &reply);
            /* Witnesses are asked by HTTP: their answer has its own status. */
            bool is_refused = code != SK_OK || bytes_starts(reply, BYTES("{\"status\":4"));
            refused += is_refused;
            if (!is_refused) {
                printf("# %s %s: %.100s\n", names[n], values[v], bytes_text(&arena, reply));
            }
        }
    }
    tap_ok(refused == asked, "members of any other form are refused (%zu of %zu)", refused,
           asked);
}

static void
test_accounts(void)
{
    char text[200];
    struct bytes reply;
    static const char one_more[] =
        "{\"do\":\"account.set\",\"new\":true,\"name\":\"last\",\"role\":\"auditor\","
        "\"hash\":\"x\",\"password\":\"x\"}";

    for (unsigned i = 0; i < LIMIT_ACCOUNTS; i++) {
        snprintf(text, sizeof text,
                 "{\"v\":1,\"kind\":\"account.set\",\"time\":5,\"name\":\"a%u\",\"role\":"
                 "\"auditor\",\"disabled\":false,\"credential\":\"0123456789abcdef\"}",
                 i);
        if (i == LIMIT_ACCOUNTS - 1) {
            tap_ok(ask(bytes_from_text(one_more), &reply) != SK_LIMIT,
                   "with one account less than LIMIT_ACCOUNTS their number is no reason");
        }
        keeping.accounts->book.entry(keeping.accounts->book.context, i + 1,
                                     bytes_from_text(text));
    }
    size_t count = keeping.accounts->count;
    tap_ok(count >= LIMIT_ACCOUNTS && ask(bytes_from_text(one_more), &reply) == SK_LIMIT &&
               keeping.accounts->count == count,
           "LIMIT_ACCOUNTS accounts: one more is refused");
}

/* Of nothing nothing is told, and nothing that is not there is merged or parted. */
static void
test_campaigns(void)
{
    char text[200];
    static const char *const refused[] = {
        "{\"do\":\"campaign.list\",\"most\":0}",
        "{\"do\":\"campaign.list\",\"least\":0}",
        "{\"do\":\"campaign.show\"}",
        "{\"do\":\"campaign.show\",\"campaign\":\"7\"}",
        "{\"do\":\"campaign.show\",\"campaign\":-7}",
        "{\"do\":\"campaign.show\",\"campaign\":7}",
        "{\"do\":\"campaign.show\",\"campaign\":1099511627776}",
        "{\"do\":\"campaign.merge\",\"from\":1,\"to\":2}",
        "{\"do\":\"campaign.merge\",\"from\":1,\"to\":1,\"reason\":\"r\"}",
        "{\"do\":\"campaign.merge\",\"from\":1,\"to\":2,\"reason\":\"r\"}",
        "{\"do\":\"campaign.split\",\"from\":1,\"entries\":[1],\"reason\":\" \"}",
        "{\"do\":\"campaign.split\",\"from\":1,\"entries\":[1],\"reason\":\"r\"}",
        "{\"do\":\"campaign.split\",\"from\":1,\"entries\":[],\"reason\":\"r\"}",
    };
    size_t right = 0, all = sizeof refused / sizeof refused[0];

    for (size_t i = 0; i < all; i++) {
        right += ask_text(refused[i]) == SK_BAD;
    }
    tap_ok(right == all, "campaigns: %zu of %zu requests are refused", right, all);
    snprintf(text, sizeof text, "{\"do\":\"campaign.list\",\"most\":%d}",
             LIMIT_CAMPAIGNS_TOLD);
    tap_ok(ask_text(text) == SK_OK, "%d may be asked for", LIMIT_CAMPAIGNS_TOLD);
    snprintf(text, sizeof text, "{\"do\":\"campaign.list\",\"most\":%d}",
             LIMIT_CAMPAIGNS_TOLD + 1);
    tap_ok(ask_text(text) == SK_BAD, "not one more");
}

int
main(void)
{
    const struct config *config;
    struct vault *vault;
    struct why why = {0};
    char text[300];

    arena_init(&arena, (size_t)1 << 30);
    snprintf(folder, sizeof folder, "/tmp/sekisho-requests-XXXXXX");
    SK_ASSERT(mkdtemp(folder) != NULL);
    snprintf(text, sizeof text, "[record]\nfolder = %s/record\nname = example.jp/sekisho\n",
             folder);
    if (settings_config(&arena, bytes_from_text(text), &config, &why) != SK_OK ||
        vault_open(&arena, config, &vault, &why) != SK_OK ||
        keeping_open(&keeping, &arena, config, vault, &why) != SK_OK) {
        tap_ok(false, "a record is opened: %s", why.sentence);
        return tap_done();
    }
    test_form();
    test_handlers();
    test_campaigns();
    test_accounts();
    vault_close(vault);
    arena_release(&arena);
    snprintf(text, sizeof text, "rm -rf %s", folder);
    SK_ASSERT(system(text) == 0);
    return tap_done();
}
