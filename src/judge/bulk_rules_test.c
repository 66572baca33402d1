#include "judge/bulk_rules.h"

#include "base/tap.h"
#include "base/writer.h"

static struct arena arena;

#define REST                                                                               \
    "From: a@a.example.jp\r\nMessage-ID: <1@a.example.jp>\r\n"                             \
    "Date: Sun, 22 Nov 2026 10:00:00 +0900\r\n\r\nSale\r\n"

/* The states of all rules, a letter each: m met, u unmet, o open. */
static const char *
states(const char *raw, const struct origin *origin)
{
    static char text[BULK_RULES + 1];
    struct bulk_answer answers[BULK_RULES];
    const struct letter *letter = letter_read(&arena, bytes_from_text(raw));

    bulk_rules_read(&arena, letter, origin, sender_law_read(&arena, letter, origin, true),
                    answers);
    for (unsigned i = 0; i < BULK_RULES; i++) {
        text[i] = bulk_state_name(answers[i].state)[0];
    }
    return text;
}

/* Of a rule alone. */
static void
rule_is(const char *name, const char *raw, const struct origin *origin, enum bulk_rule rule,
        enum bulk_state want)
{
    char got = states(raw, origin)[rule];

    tap_ok(got == bulk_state_name(want)[0], "%s, %s: %c", bulk_rule_name(rule), name, got);
}

static void
test_fields(void)
{
    static const struct {
        const char *name, *head;
        bool listed, https, one_click;
    } rows[] = {
        {"none", "", false, false, false},
        {"all",
         "List-Unsubscribe: <mailto:u@a.example.jp>, <https://a.example.jp/u>\r\n"
         "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
         true, true, true},
        {"folded",
         "List-Unsubscribe:\r\n <https://a.example.jp/u>\r\nList-Unsubscribe-Post:\r\n "
         "List-Unsubscribe=One-Click\r\n",
         true, true, true},
        {"mail alone", "List-Unsubscribe: <mailto:u@a.example.jp>\r\n", true, false, false},
        {"http is not https", "List-Unsubscribe: <http://a.example.jp/u>\r\n", true, false,
         false},
        {"two of https",
         "List-Unsubscribe: <https://a.example.jp/u>, <https://a.example.jp/v>\r\n", true,
         false, false},
        {"no angle brackets", "List-Unsubscribe: https://a.example.jp/u\r\n", false, false,
         false},
        {"never closed", "List-Unsubscribe: <https://a.example.jp/u\r\n", false, false,
         false},
        {"another value",
         "List-Unsubscribe: <https://a.example.jp/u>\r\n"
         "List-Unsubscribe-Post: yes\r\n",
         true, true, false},
        {"twice",
         "List-Unsubscribe: <https://a.example.jp/u>\r\n"
         "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
         "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
         true, true, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct writer w;
        writer_init(&w, &arena);
        writer_text(&w, rows[i].head);
        writer_text(&w, REST);
        const char *got = states(writer_c(&w), NULL);
        tap_ok((got[BULK_LIST_UNSUBSCRIBE] == 'm') == rows[i].listed &&
                   (got[BULK_UNSUBSCRIBE_HTTPS] == 'm') == rows[i].https &&
                   (got[BULK_ONE_CLICK] == 'm') == rows[i].one_click,
               "fields, %s: %s", rows[i].name, got);
    }
    rule_is("one author", REST, NULL, BULK_FROM_SINGLE, BULK_MET);
    rule_is("two authors", "From: a@a.example.jp, b@a.example.jp\r\n\r\n", NULL,
            BULK_FROM_SINGLE, BULK_UNMET);
    rule_is("two fields", "From: a@a.example.jp\r\nFrom: a@a.example.jp\r\n\r\n", NULL,
            BULK_FROM_SINGLE, BULK_UNMET);
    rule_is("there", REST, NULL, BULK_MESSAGE_ID, BULK_MET);
    rule_is("without @", "Message-ID: <x>\r\n\r\n", NULL, BULK_MESSAGE_ID, BULK_UNMET);
    rule_is("there", REST, NULL, BULK_DATE, BULK_MET);
    rule_is("no date", "Date: soon\r\n\r\n", NULL, BULK_DATE, BULK_UNMET);
    rule_is("seen", "From: a@a.example.jp\r\n\r\nunsubscribe: https://a.example.jp/u\r\n",
            NULL, BULK_UNSUBSCRIBE_SEEN, BULK_MET);
    rule_is("not seen", REST, NULL, BULK_UNSUBSCRIBE_SEEN, BULK_UNMET);
}

static void
test_origin(void)
{
    struct dkim_result dkim[2] = {
        {.result = AUTH_PASS,
         .domain = BYTES("a.example.jp"),
         .signed_fields = BYTES("from")},
        {.result = AUTH_PASS,
         .domain = BYTES("esp.example.jp"),
         .signed_fields = BYTES("From:list-unsubscribe:List-Unsubscribe-Post")}};
    struct origin o = {.dkim = dkim, .dkim_count = 1, .spf = {.result = AUTH_PASS}};

    rule_is("nobody was asked", REST, NULL, BULK_SPF, BULK_OPEN);
    rule_is("nobody was asked", REST, NULL, BULK_FROM_ALIGNED, BULK_OPEN);
    rule_is("pass", REST, &o, BULK_SPF, BULK_MET);
    rule_is("pass", REST, &o, BULK_DKIM, BULK_MET);
    rule_is("h= without the fields", REST, &o, BULK_ONE_CLICK_SIGNED, BULK_UNMET);
    rule_is("no record", REST, &o, BULK_DMARC, BULK_UNMET);
    rule_is("aligned by nothing", REST, &o, BULK_FROM_ALIGNED, BULK_UNMET);
    rule_is("no client was named", REST, &o, BULK_REVERSE_NAME, BULK_OPEN);
    o.dkim_count = 2;
    o.dmarc = (struct dmarc_result){
        .result = AUTH_PASS, .policy = DMARC_POLICY_NONE, .dkim_aligned = true};
    o.iprev = AUTH_PASS;
    rule_is("another signature covers them", REST, &o, BULK_ONE_CLICK_SIGNED, BULK_MET);
    rule_is("p=none is a record", REST, &o, BULK_DMARC, BULK_MET);
    rule_is("by DKIM", REST, &o, BULK_FROM_ALIGNED, BULK_MET);
    rule_is("the name leads back", REST, &o, BULK_REVERSE_NAME, BULK_MET);
    dkim[0].result = AUTH_FAIL;
    dkim[1].result = AUTH_FAIL;
    rule_is("a broken signature covers nothing", REST, &o, BULK_ONE_CLICK_SIGNED,
            BULK_UNMET);
    rule_is("broken", REST, &o, BULK_DKIM, BULK_UNMET);
    dkim[1].result = AUTH_TEMPERROR;
    rule_is("no answer", REST, &o, BULK_DKIM, BULK_OPEN);
    o.spf.result = AUTH_SOFTFAIL;
    rule_is("softfail", REST, &o, BULK_SPF, BULK_UNMET);
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    test_fields();
    test_origin();
    arena_release(&arena);
    return tap_done();
}
