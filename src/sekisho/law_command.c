/* `sekisho law FILE...`: what the sender law and large providers want of a mail that advertises, what is there, and what
 * is missing, with the article. Nobody is asked but the file given with --dns. */
#define SK_BASE
#include "sekisho/commands.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "judge/bulk_rules.h"
#include "parse/locate.h"
#include "sekisho/files.h"
#include "sekisho/options.h"
#include "sekisho/passage.h"
#include "sekisho/record_folder.h"

static const struct option_row rows[] = {
    {"advertisement", NULL, "take it for advertising, whatever its words"},
    {"ip", "ADDRESS", "address of the client that brought the message"},
    {"helo", "NAME", "what the client said in EHLO"},
    {"mail-from", "ADDRESS", "envelope sender; \"\" is the null sender"},
    {"dns", "FILE", "answer DNS questions from this file (JSON); else nobody is asked"},
    {"lang", "ja|en", "language; else that of the environment"},
    {"json", NULL, "one JSON object a line"},
    {"config", "FILE", "configuration to use (default: built-in values)"},
    {0},
};

/* Words for people. One row a line. */
/* clang-format off */
static const struct {
    const char *ja, *en, *article_ja, *article_en;
} duties[LAW_DUTIES] = {
    {"送信者の氏名又は名称", "name of the sender", "特定電子メール法4条1号", "Specified E-mail Act art. 4(1)"},
    {"受信拒否の通知先 (電子メールアドレス又はURL)", "mail address or URL for refusing", "特定電子メール法4条2号", "Specified E-mail Act art. 4(2)"},
    {"受信拒否の通知ができる旨", "notice that one may refuse", "特定電子メール法4条3号、施行規則9条1号", "Specified E-mail Act art. 4(3), rule 9(1)"},
    {"送信者の住所", "postal address of the sender", "特定電子メール法4条3号、施行規則9条2号", "Specified E-mail Act art. 4(3), rule 9(2)"},
    {"苦情・問合せ等の受付先", "contact for complaints and questions", "特定電子メール法4条3号、施行規則9条3号", "Specified E-mail Act art. 4(3), rule 9(3)"},
}, signs[LAW_SIGNS] = {
    {"送信者情報が偽りである疑い", "the sender may be false", "特定電子メール法5条", "Specified E-mail Act art. 5"},
    {"架空アドレス宛ての疑い (連番の宛先)", "invented recipients, in a row", "特定電子メール法6条", "Specified E-mail Act art. 6"},
    {"本文のない空メール", "nothing is said", "特定電子メール法6条 (アドレスの探索)", "Specified E-mail Act art. 6 (probing for addresses)"},
}, rules[BULK_RULES] = {
    {"List-Unsubscribe フィールド", "List-Unsubscribe field", "RFC 2369 3.2", "RFC 2369 3.2"},
    {"そこにhttpsのURIが1つ", "one https URI in it", "RFC 8058 3.1", "RFC 8058 3.1"},
    {"List-Unsubscribe-Post: List-Unsubscribe=One-Click", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "RFC 8058 3.1", "RFC 8058 3.1"},
    {"両フィールドを有効なDKIM署名が覆う", "both covered by a valid DKIM signature", "RFC 8058 4", "RFC 8058 4"},
    {"本文に見える解除先", "a way to refuse that the reader sees", "Gmail・Yahoo", "Gmail, Yahoo"},
    {"From は1人", "one author in From", "RFC 5322 3.6.2、Gmail", "RFC 5322 3.6.2, Gmail"},
    {"SPF 認証", "SPF passes", "Gmail・Yahoo・Outlook", "Gmail, Yahoo, Outlook"},
    {"DKIM 認証", "DKIM passes", "Gmail・Yahoo・Outlook", "Gmail, Yahoo, Outlook"},
    {"DMARC レコード (p=none以上)", "DMARC record, p=none at least", "Gmail・Yahoo・Outlook", "Gmail, Yahoo, Outlook"},
    {"From のドメインが SPF か DKIM と一致", "From aligned with SPF or DKIM", "Gmail・Yahoo・Outlook", "Gmail, Yahoo, Outlook"},
    {"送信ホストの逆引きと正引きが一致", "the host's reverse name leads back", "Gmail・Yahoo", "Gmail, Yahoo"},
    {"Message-ID が1つ", "one Message-ID", "RFC 5322 3.6.4、Gmail", "RFC 5322 3.6.4, Gmail"},
    {"Date が1つで正しい", "one Date that can be read", "RFC 5322 3.6.1", "RFC 5322 3.6.1"},
};

static const struct {
    const char *ja, *en;
} scopes[] = {
    [LAW_OUTSIDE] = {"広告・宣伝の文言なし。表示義務は問わない", "no advertising seen: nothing need be displayed"},
    [LAW_FREE_MAIL] = {"個人のメールに付いたメールサービスの広告 (施行規則6条2号)。表示義務は問わない", "a person's mail with the advertising of his mail service (rule 6(2)): nothing need be displayed"},
    [LAW_CONTRACT] = {"契約等の通知に付いた広告 (施行規則6条1号)。受信拒否の表示は不要", "a notice on a contract, with advertising (rule 6(1)): refusal need not be offered"},
    [LAW_INCIDENTAL] = {"返信等に付いた広告 (施行規則6条3号)。受信拒否の表示は不要", "an answer or the like, with advertising (rule 6(3)): refusal need not be offered"},
    [LAW_FULL] = {"広告・宣伝 (特定電子メール)", "advertising (specified electronic mail)"},
}, displays[] = {
    [LAW_MISSING] = {"表示なし", "missing"},
    [LAW_SHOWN] = {"表示あり", "shown"},
    [LAW_LINKED] = {"リンク先", "linked"},
}, states[] = {
    [BULK_UNMET] = {"不適合", "unmet"},
    [BULK_MET] = {"適合", "met"},
    [BULK_OPEN] = {"未確認", "open"},
};
/* clang-format on */

static const char *const not_owed[] = {"不要", "not owed"};

struct lawing {
    struct arena arena; /* of the process */
    struct options options;
    struct settings *settings;
    struct dns_zone *zone;
    bool ja;
};

/* Of one message. */
struct told {
    const char *path;
    const struct letter *letter;
    const struct sender_law *law;
    struct bulk_answer bulk[BULK_RULES];
};

static const char *
pick(const struct lawing *l, const char *ja, const char *en)
{
    return l->ja ? ja : en;
}

static void
write_said(struct writer *w, const struct lawing *l, struct bytes said, size_t line)
{
    if (line > 0) {
        writer_format(w, l->ja ? "  %zu行目" : "  line %zu", line);
    }
    if (said.size > 0) {
        writer_text(w, pick(l, "「", " \""));
        writer_bytes(w, said);
        writer_text(w, pick(l, "」", "\""));
    }
    writer_byte(w, '\n');
}

static void
write_duties(struct writer *w, const struct lawing *l, const struct told *t)
{
    for (unsigned i = 0; i < LAW_DUTIES; i++) {
        const struct law_shown *s = &t->law->duties[i];
        bool owed = sender_law_owes(t->law->scope, (enum law_duty)i);
        writer_format(w, "  [%s] %s (%s)",
                      !owed && s->display == LAW_MISSING
                          ? not_owed[!l->ja]
                          : pick(l, displays[s->display].ja, displays[s->display].en),
                      pick(l, duties[i].ja, duties[i].en),
                      pick(l, duties[i].article_ja, duties[i].article_en));
        write_said(w, l, s->said, s->line);
    }
}

static void
write_text(struct writer *w, const struct lawing *l, const struct told *t)
{
    writer_clean(w, bytes_from_text(t->path), 1000);
    writer_format(w, ": %s\n", pick(l, scopes[t->law->scope].ja, scopes[t->law->scope].en));
    writer_format(w, "%s\n", pick(l, "表示義務", "What must be displayed"));
    write_duties(w, l, t);
    if (t->law->old_label) {
        writer_format(
            w, "  %s\n",
            pick(l,
                 "件名に「未承諾広告※」: "
                 "2008年までの旧法の表示。現行法では送信の根拠にならない",
                 "old label in the subject (the law until 2008): it allows nothing today"));
    }
    for (unsigned i = 0; i < LAW_SIGNS; i++) {
        if (t->law->signs & (1u << i)) {
            writer_format(w, "  [!] %s (%s)", pick(l, signs[i].ja, signs[i].en),
                          pick(l, signs[i].article_ja, signs[i].article_en));
            write_said(w, l, t->law->sign_said[i], 0);
        }
    }
    writer_format(w, "%s\n",
                  pick(l, "大量送信者への要件 (大手事業者、RFC)",
                       "What large providers and RFCs want of mail to many"));
    for (unsigned i = 0; i < BULK_RULES; i++) {
        writer_format(w, "  [%s] %s (%s)",
                      pick(l, states[t->bulk[i].state].ja, states[t->bulk[i].state].en),
                      pick(l, rules[i].ja, rules[i].en),
                      pick(l, rules[i].article_ja, rules[i].article_en));
        write_said(w, l, t->bulk[i].said, 0);
    }
}

static void
put_words(struct json *j, const char *ja, const char *en)
{
    json_key(j, "words");
    json_open(j, '{');
    json_put_text(j, "ja", ja);
    json_put_text(j, "en", en);
    json_close(j);
}

static void
json_duties(struct json *j, const struct told *t)
{
    json_key(j, "display");
    json_open(j, '[');
    for (unsigned i = 0; i < LAW_DUTIES; i++) {
        const struct law_shown *s = &t->law->duties[i];
        size_t from, to;
        json_open(j, '{');
        json_put_text(j, "duty", law_duty_name((enum law_duty)i));
        json_put_text(j, "article", duties[i].article_ja);
        json_put_bool(j, "owed", sender_law_owes(t->law->scope, (enum law_duty)i));
        json_put_text(j, "display", law_display_name(s->display));
        put_words(j, duties[i].ja, duties[i].en);
        if (s->line > 0) {
            json_put_string(j, "said", s->said);
            json_put_number(j, "line", (int64_t)s->line);
        }
        if (s->contact.size > 0) {
            json_put_string(j, "contact", s->contact);
        }
        if (s->line > 0 && letter_locate(t->letter, s->from, s->to, &from, &to)) {
            json_key(j, "span");
            json_open(j, '[');
            json_number(j, (int64_t)from);
            json_number(j, (int64_t)to);
            json_close(j);
        }
        json_close(j);
    }
    json_close(j);
}

static void
json_signs(struct json *j, const struct told *t)
{
    json_key(j, "signs");
    json_open(j, '[');
    for (unsigned i = 0; i < LAW_SIGNS; i++) {
        if (t->law->signs & (1u << i)) {
            json_open(j, '{');
            json_put_text(j, "sign", law_sign_name((enum law_sign)(1u << i)));
            json_put_text(j, "article", signs[i].article_ja);
            put_words(j, signs[i].ja, signs[i].en);
            json_put_string(j, "said", t->law->sign_said[i]);
            json_close(j);
        }
    }
    json_close(j);
}

static void
write_json(struct writer *w, const struct told *t)
{
    struct json j;

    json_init(&j, w);
    json_open(&j, '{');
    json_put_text(&j, "path", t->path);
    json_put_text(&j, "scope", law_scope_name(t->law->scope));
    json_put_bool(&j, "advertises", t->law->advertises);
    json_key(&j, "duties");
    sender_law_write_duties(t->law, &j);
    json_duties(&j, t);
    json_signs(&j, t);
    json_key(&j, "bulk");
    json_open(&j, '[');
    for (unsigned i = 0; i < BULK_RULES; i++) {
        json_open(&j, '{');
        json_put_text(&j, "rule", bulk_rule_name((enum bulk_rule)i));
        json_put_text(&j, "state", bulk_state_name(t->bulk[i].state));
        json_put_text(&j, "source", rules[i].article_en);
        put_words(&j, rules[i].ja, rules[i].en);
        if (t->bulk[i].said.size > 0) {
            json_put_string(&j, "said", t->bulk[i].said);
        }
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
    writer_byte(w, '\n');
}

static struct bytes
option_bytes(const struct lawing *l, const char *name)
{
    return bytes_from_text(options_value(&l->options, name));
}

static enum sk_code
walk_to_origin(const struct lawing *l, struct walk *walk)
{
    enum sk_code code = walk_begin(walk, l->settings);

    walk->memo.sealed = l->zone == NULL;
    while (code == SK_OK && (code = walk_trace(walk)) == SK_MORE) {
        dns_zone_answer(l->zone, &walk->memo);
        code = SK_OK;
    }
    return code;
}

/* Under a guard as the stages of a walk are. */
static enum sk_code
tell(const struct lawing *l, struct walk *walk, struct told *t, struct writer *w)
{
    const struct origin *origin = l->zone == NULL ? NULL : walk->origin;
    jmp_buf guard;

    if (setjmp(guard) != 0) {
        return SK_LIMIT;
    }
    arena_guard(walk->arena, &guard);
    t->letter = walk->letter;
    t->law = sender_law_read(walk->arena, walk->letter, origin,
                             options_has(&l->options, "advertisement"));
    bulk_rules_read(walk->arena, walk->letter, origin, t->law, t->bulk);
    if (options_has(&l->options, "json")) {
        write_json(w, t);
    } else {
        write_text(w, l, t);
    }
    arena_guard(walk->arena, NULL);
    return SK_OK;
}

/* EXIT_FOUND where something that the law wants is missing. */
static int
law_of_file(const struct lawing *l, const char *path)
{
    struct arena arena;
    struct arrival arrival = {.door = ARRIVAL_FILE,
                              .time_ms = clock_now_ms(),
                              .id = BYTES(""),
                              .helo = option_bytes(l, "helo"),
                              .mail_from = option_bytes(l, "mail-from"),
                              .esmtp = true};
    struct walk walk = {.arena = &arena, .arrival = &arrival};
    struct told told = {.path = path};
    struct writer w;
    struct why why;
    int status = EXIT_OK;

    arena_init(&arena, LIMIT_ARENA_MESSAGE);
    (void)net_address_read(option_bytes(l, "ip"), &arrival.client);
    if (file_read(&arena, path, LIMIT_MESSAGE, &arrival.raw, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        arena_release(&arena);
        return EXIT_NO_INPUT;
    }
    writer_init(&w, &arena);
    enum sk_code code = walk_to_origin(l, &walk);
    if (code == SK_OK) {
        code = tell(l, &walk, &told, &w);
    }
    if (code == SK_OK) {
        fwrite(w.at, 1, w.size, stdout);
        for (unsigned i = 0; i < LAW_DUTIES; i++) {
            status = sender_law_lacks(told.law, (enum law_duty)i) ? EXIT_FOUND : status;
        }
    } else {
        fprintf(stderr, "sekisho: %s: the message needs more memory than one may have\n",
                path);
        status = EXIT_DATA;
    }
    arena_release(&arena);
    return status;
}

static enum sk_code
open_settings(struct lawing *l, struct why *why)
{
    const char *config = options_value(&l->options, "config"),
               *zone = options_value(&l->options, "dns");
    struct bytes text = BYTES("");
    enum sk_code code =
        config == NULL ? SK_OK : settings_file(&l->arena, config, &text, why);

    if (code == SK_OK) {
        code = settings_new(text, &l->settings, why);
    }
    if (code == SK_OK && zone != NULL) {
        code = file_read(&l->arena, zone, LIMIT_MESSAGE, &text, why);
        if (code == SK_OK) {
            code = dns_zone_read(&l->arena, text, &l->zone, why);
        }
    }
    return code;
}

int
law_command(int count, char **arguments)
{
    struct lawing l = {0};
    struct net_address ip;
    struct why why;
    int status = EXIT_OK;

    if (!options_read(
            &l.options, "law [OPTION...] FILE|-...",
            "Tells what the Act on Specified Electronic Mail wants an advertisement "
            "to display, where it stands and what is missing, and what large "
            "providers want of mail to many.",
            rows, count, arguments)) {
        return l.options.status;
    }
    if (l.options.rest_count == 0) {
        fprintf(stderr, "sekisho: law: name a file, or - for standard input\n");
        return EXIT_USAGE;
    }
    if (options_has(&l.options, "ip") && !net_address_read(option_bytes(&l, "ip"), &ip)) {
        fprintf(stderr, "sekisho: law: --ip is no address\n");
        return EXIT_USAGE;
    }
    arena_init(&l.arena, (size_t)1 << 30);
    l.ja = speak_japanese(&l.options);
    if (open_settings(&l, &why) != SK_OK) {
        fprintf(stderr, "sekisho: %s\n", why.sentence);
        status = EXIT_CONFIG;
    }
    for (int i = 0; status != EXIT_CONFIG && i < l.options.rest_count; i++) {
        int one = law_of_file(&l, l.options.rest[i]);
        status = one > status ? one : status;
    }
    if (l.settings != NULL) {
        settings_free(l.settings);
    }
    arena_release(&l.arena);
    return status;
}
