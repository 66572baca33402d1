/* `sekisho papers`: keys for signing leaving mail; what to publish, whether it is published, and how to change keys without a
 * letter that cannot be verified. It writes key files and nothing else: what goes into the configuration or the DNS it
 * says, for a person to type. */
#define SK_BASE
#include "sekisho/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "dns/resolver.h"
#include "net/loop.h"
#include "parse/domain.h"
#include "sekisho/options.h"
#include "sekisho/paper_records.h"
#include "sekisho/record_folder.h"
#include "sekisho/settings.h"
#include "trace/dkim_signature.h"

#define FOLDER "/etc/sekisho/dkim"
#define DAY_S  86400
#define KEEP_DAYS                                                                          \
    7 /* mail on its way is verified within that time (RFC 5321 4.5.4.1: 4 to 5 days) */

static const struct option_row rows[] = {
    {"config", "FILE", "configuration to use (" SETTINGS_PATH ")"},
    {"into", "FOLDER", "make-key, rotate: where key files are put (" FOLDER ")"},
    {"selector", "NAME",
     "make-key, rotate: selectors NAMEr and NAMEe (default: the date, 20261122)"},
    {"lang", "ja|en", "language; else that of the environment"},
    {0},
};

struct papers {
    struct arena arena;
    struct options o;
    const struct config *config;
    const struct sign_settings *sign;
    struct event_base *base;
    struct resolver *resolver;
    struct dns_memo memo;
    bool japanese;
    int status;
};

static const char *
say(const struct papers *p, const char *ja, const char *en)
{
    return p->japanese ? ja : en;
}

static void
complain(struct papers *p, const struct why *why, int status)
{
    fprintf(stderr, "sekisho: papers: %s\n", why->sentence);
    p->status = status;
}

static const char *
text(struct papers *p, struct bytes b)
{
    return bytes_text(&p->arena, b);
}

static void
print_date(int64_t epoch_s)
{
    struct calendar c = clock_calendar(epoch_s, 0);

    printf("%04d-%02d-%02d", (int)c.year, c.month, c.day);
}

/* --- the DNS --- */

static void
answered(void *context)
{
    event_base_loopbreak(context);
}

static const struct dns_answer *
ask(struct papers *p, struct bytes name)
{
    const struct dns_answer *answer;

    while ((answer = dns_memo_ask(&p->memo, name, DNS_TXT)) == NULL) {
        resolver_ask(p->resolver, &p->memo, answered, p->base);
        event_base_dispatch(p->base);
    }
    return answer;
}

static bool
resolver_ready(struct papers *p)
{
    struct why why;

    if (p->resolver != NULL) {
        return true;
    }
    dns_memo_init(&p->memo, &p->arena);
    p->base = loop_open(&why);
    if (p->base == NULL ||
        resolver_open(&p->arena, p->base, p->config, &p->resolver, &why) != SK_OK) {
        complain(p, &why, EXIT_SYSTEM);
        return false;
    }
    return true;
}

/* --- making keys --- */

static bool
make_folder(struct papers *p, const char *folder)
{
    struct stat status;
    struct why why;

    if ((mkdir(folder, 0700) != 0 && errno != EEXIST) || stat(folder, &status) != 0 ||
        !S_ISDIR(status.st_mode)) {
        (void)!why_set(&why, SK_SYSTEM, "the folder %s cannot be made", folder);
        complain(p, &why, EXIT_SYSTEM);
        return false;
    }
    if ((status.st_mode & 022) != 0) {
        (void)!why_set(&why, SK_CONFIG, "others may write to %s: chmod go-w %s", folder,
                       folder);
        complain(p, &why, EXIT_CONFIG);
        return false;
    }
    return true;
}

struct made {
    struct sign_key keys[SIGN_KINDS];
    struct bytes records[SIGN_KINDS];
};

static struct bytes
formatted(struct papers *p, const char *format, const char *a, const char *b, const char *c)
{
    struct writer w;

    writer_init(&w, &p->arena);
    for (; *format != '\0'; format++) {
        if (*format == '%') {
            writer_text(&w, a);
            a = b;
            b = c;
        } else {
            writer_byte(&w, (uint8_t)*format);
        }
    }
    return writer_view(&w);
}

/* Both keys of a domain in new files: FOLDER/DOMAIN.SELECTOR.pem. */
static bool
make_keys(struct papers *p, struct bytes domain, struct made *made)
{
    const char *folder = options_value(&p->o, "into"),
               *start = options_value(&p->o, "selector");
    struct calendar today = clock_calendar(clock_now_ms() / 1000, 0);
    char date[20];
    struct why why;

    snprintf(date, sizeof date, "%04d%02d%02d", (int)today.year, today.month, today.day);
    folder = folder != NULL ? folder : FOLDER;
    start = start != NULL ? start : date;
    if (!make_folder(p, folder)) {
        return false;
    }
    for (int i = 0; i < SIGN_KINDS; i++) {
        struct sign_key *key = &made->keys[i];
        key->ed25519 = i == 1;
        key->selector = formatted(p, "%%", start, i == 1 ? "e" : "r", "");
        struct bytes checked;
        if (key->selector.size > LIMIT_SELECTOR ||
            !dkim_name_read(&p->arena, key->selector, &checked)) {
            (void)!why_set(&why, SK_CONFIG,
                           "%.80s is no selector: letters, digits and hyphens", start);
            complain(p, &why, EXIT_USAGE);
            return false;
        }
        key->path = formatted(p, "%/%.%", folder, text(p, domain), text(p, key->selector));
        key->path = formatted(p, "%.pem", text(p, key->path), "", "");
        enum sk_code code = paper_make_key(text(p, key->path), key->ed25519, &why);
        if (code == SK_OK) {
            code = paper_record_of(&p->arena, key->path, key->ed25519, &made->records[i],
                                   &why);
        }
        if (code != SK_OK) {
            complain(p, &why, code == SK_CONFIG ? EXIT_CONFIG : EXIT_SYSTEM);
            return false;
        }
    }
    return true;
}

static void
print_record(struct papers *p, struct bytes domain, struct bytes selector,
             struct bytes record)
{
    struct writer w;

    writer_init(&w, &p->arena);
    paper_record_write(&w, paper_record_name(&p->arena, selector, domain), record);
    printf("%s", writer_c(&w));
}

static void
print_made(struct papers *p, struct bytes domain, const struct made *made,
           const char *start)
{
    static const char *const kinds[SIGN_KINDS] = {"rsa", "ed25519"};

    printf("# %s\n", say(p, "DNSに公開するレコード", "records to publish in the DNS"));
    for (int i = 0; i < SIGN_KINDS; i++) {
        print_record(p, domain, made->keys[i].selector, made->records[i]);
    }
    printf("\n# %s\n[sign %s]\n",
           say(p, "設定ファイルに書く行", "lines for the configuration"), text(p, domain));
    for (int i = 0; i < SIGN_KINDS; i++) {
        printf("%sselector_%s = %s\n%skey_%s = %s\n", start, kinds[i],
               text(p, made->keys[i].selector), start, kinds[i],
               text(p, made->keys[i].path));
    }
}

static void
make_key(struct papers *p, struct bytes domain)
{
    struct made made;

    if (!make_keys(p, domain, &made)) {
        return;
    }
    print_made(p, domain, &made, "");
    printf("\n# %s\n#   sekisho papers check %s\n",
           say(p, "公開し、設定に書いたら、reload する前に次で確かめること",
               "publish, write the lines, and before the reload"),
           text(p, domain));
}

/* --- what is to be published --- */

/* SELECTOR:YYYY-MM-DD; without a day it is published until a person says so. */
static struct bytes
read_retired(struct bytes entry, int64_t *until_r)
{
    size_t colon = bytes_find_byte(entry, ':', 0);

    *until_r = INT64_MAX;
    if (colon == BYTES_NOWHERE) {
        return entry;
    }
    (void)clock_read_rfc3339(bytes_from(entry, colon + 1), until_r);
    return bytes_slice(entry, 0, colon);
}

static void
records_of_key(struct papers *p, const struct sign_domain *d, const struct sign_key *key,
               const char *what)
{
    struct bytes record;
    struct why why;

    if (key->selector.size == 0) {
        return;
    }
    printf("; %s\n", what);
    if (paper_record_of(&p->arena, key->path, key->ed25519, &record, &why) != SK_OK) {
        printf("; %s\n", why.sentence);
        complain(p, &why, EXIT_NO_INPUT);
        return;
    }
    print_record(p, d->domain, key->selector, record);
}

/* What a domain that sends through us may say of itself. Clients are where mail comes from as we see it; what others see
 * may be another address, which only the administrator knows. */
static void
print_suggestions(struct papers *p, const struct sign_domain *d)
{
    size_t count;
    const struct bytes *clients = config_list(p->config, "papers.clients", &count);
    struct net_prefix prefix;

    printf("; %s\n; %s. IN TXT \"v=spf1",
           say(p, "SPFの例 (外から見える送信元のアドレスに直すこと)",
               "SPF, for example (write the addresses that others see)"),
           text(p, d->domain));
    for (size_t i = 0; i < count; i++) {
        if (net_prefix_read(clients[i], &prefix) &&
            !net_address_is_loopback(&prefix.address)) {
            printf(" %s:%s", net_address_is_ip4(&prefix.address) ? "ip4" : "ip6",
                   text(p, clients[i]));
        }
    }
    printf(" mx -all\"\n; %s\n; _dmarc.%s. IN TXT \"v=DMARC1; p=none; "
           "rua=mailto:postmaster@%s\"\n",
           say(p, "DMARCの例 (報告を見て quarantine、reject へ)",
               "DMARC, to begin with (read the reports, then quarantine, then reject)"),
           text(p, d->domain), text(p, d->domain));
}

static void
records(struct papers *p, const struct sign_domain *d)
{
    static const char *const ja[2][SIGN_KINDS] = {{"使用中 (RSA)", "使用中 (Ed25519)"},
                                                  {"次の鍵 (RSA)", "次の鍵 (Ed25519)"}};
    static const char *const en[2][SIGN_KINDS] = {{"in use (RSA)", "in use (Ed25519)"},
                                                  {"next (RSA)", "next (Ed25519)"}};
    int64_t until, now_s = clock_now_ms() / 1000;

    for (int i = 0; i < SIGN_KINDS; i++) {
        records_of_key(p, d, &d->keys[i], say(p, ja[0][i], en[0][i]));
        records_of_key(p, d, &d->next[i], say(p, ja[1][i], en[1][i]));
    }
    for (size_t i = 0; i < d->retired_count; i++) {
        struct bytes selector = read_retired(d->retired[i], &until);
        if (now_s < until) {
            printf("; %s %s\n", text(p, selector),
                   say(p, "はまだ公開しておく (移行中)", "stays published for now"));
        } else {
            printf("; %s\n", say(p, "使い終わった鍵の失効", "out of use: revoked"));
            print_record(p, d->domain, selector, BYTES("v=DKIM1; p="));
        }
    }
    print_suggestions(p, d);
    putchar('\n');
}

/* --- whether it is published --- */

static const struct {
    bool good;
    const char *ja, *en;
} published_words[] = {
    [PAPER_GOOD] = {true, "正しく公開されている", "published, and the right key"},
    [PAPER_TESTING] = {false, "公開されているが試験中 (t=y) の印がある。t=y を消すこと",
                       "published, but marked as a test (t=y): take t=y away"},
    [PAPER_MISSING] = {false, "公開されていない。次のレコードを公開すること",
                       "not published; publish this record"},
    [PAPER_SEVERAL] = {false, "同じ名前にTXTレコードが複数ある。次のもの一つだけにすること",
                       "several TXT records at one name; leave only this one"},
    [PAPER_BROKEN] = {false, "公開されているが受信側が使えない。次のものに直すこと",
                      "published in a form that receivers cannot use; replace it by"},
    [PAPER_REVOKED] = {false, "失効している (p= が空)。次のものに直すこと",
                       "revoked (p= is empty); replace it by"},
    [PAPER_OTHER] = {false, "別の鍵が公開されている。次のものに直すこと",
                     "another key is published; replace it by"},
    [PAPER_UNKNOWN] = {false, "DNSが答えない。しばらくして確かめること",
                       "the DNS gives no answer; try again later"},
};

/* Whether the key is published as it should be; says so, and what to type if not. */
static bool
check_key(struct papers *p, const struct sign_domain *d, const struct sign_key *key)
{
    struct bytes record, name = paper_record_name(&p->arena, key->selector, d->domain);
    struct why why;

    if (key->selector.size == 0) {
        return true;
    }
    if (paper_record_of(&p->arena, key->path, key->ed25519, &record, &why) != SK_OK) {
        complain(p, &why, EXIT_NO_INPUT);
        return false;
    }
    enum paper_published is = paper_published(&p->arena, ask(p, name), record);
    printf("%s: %s\n", text(p, name),
           say(p, published_words[is].ja, published_words[is].en));
    if (!published_words[is].good && is != PAPER_UNKNOWN && is != PAPER_TESTING) {
        print_record(p, d->domain, key->selector, record);
    }
    if (!published_words[is].good && p->status == EXIT_OK) {
        p->status = EXIT_FOUND;
    }
    return published_words[is].good;
}

static void
check_retired(struct papers *p, const struct sign_domain *d)
{
    int64_t until, now_s = clock_now_ms() / 1000;

    for (size_t i = 0; i < d->retired_count; i++) {
        struct bytes selector = read_retired(d->retired[i], &until);
        struct bytes name = paper_record_name(&p->arena, selector, d->domain);
        enum paper_published is = paper_published(&p->arena, ask(p, name), BYTES_NONE);
        bool there = is == PAPER_GOOD || is == PAPER_TESTING;
        if (now_s < until) {
            printf("%s: %s\n", text(p, name),
                   there ? say(p, "移行中なので公開を続けている",
                               "still published, as it should be")
                         : say(p, "届く途中のメールのため、まだ公開しておくべきだった",
                               "should still be published, for mail on its way"));
        } else if (there) {
            printf("%s: %s\n", text(p, name),
                   say(p, "期限が過ぎた。失効させること", "its time is over: revoke it"));
            print_record(p, d->domain, selector, BYTES("v=DKIM1; p="));
            p->status = p->status == EXIT_OK ? EXIT_FOUND : p->status;
        } else {
            printf("%s: %s\n", text(p, name),
                   say(p, "失効済み。設定の retired から消してよい",
                       "revoked: it may go from `retired` in the configuration"));
        }
    }
}

static bool
has_record(struct papers *p, struct bytes name, struct bytes start)
{
    const struct dns_answer *answer = ask(p, name);

    for (size_t i = 0; i < answer->record_count; i++) {
        if (bytes_starts_fold(answer->records[i].data, start)) {
            return true;
        }
    }
    return false;
}

static void
check(struct papers *p, const struct sign_domain *d)
{
    struct bytes dmarc = formatted(p, "_dmarc.%", text(p, d->domain), "", "");

    if (!resolver_ready(p)) {
        return;
    }
    for (int i = 0; i < SIGN_KINDS; i++) {
        (void)check_key(p, d, &d->keys[i]);
        (void)check_key(p, d, &d->next[i]);
    }
    check_retired(p, d);
    if (!has_record(p, d->domain, BYTES("v=spf1"))) {
        printf("%s: %s\n", text(p, d->domain),
               say(p, "SPFのレコードがない", "there is no SPF record"));
    }
    if (!has_record(p, dmarc, BYTES("v=DMARC1"))) {
        printf("%s: %s\n", text(p, dmarc),
               say(p, "DMARCのレコードがない", "there is no DMARC record"));
    }
}

/* --- changing keys --- */

static void
print_switch(struct papers *p, const struct sign_domain *d)
{
    static const char *const kinds[SIGN_KINDS] = {"rsa", "ed25519"};
    int64_t until = clock_now_ms() / 1000 + (KEEP_DAYS + 1) * DAY_S;

    printf(
        "# %s\n[sign %s]\n",
        say(p,
            "両方とも公開されている。設定を次のように書き換えて sekisho を reload すること",
            "both are published: change the configuration to this, and reload"),
        text(p, d->domain));
    for (int i = 0; i < SIGN_KINDS; i++) {
        const struct sign_key *key =
            d->next[i].selector.size > 0 ? &d->next[i] : &d->keys[i];
        if (key->selector.size > 0) {
            printf("selector_%s = %s\nkey_%s = %s\n", kinds[i], text(p, key->selector),
                   kinds[i], text(p, key->path));
        }
    }
    printf("retired =");
    for (size_t i = 0; i < d->retired_count; i++) {
        printf(" %s,", text(p, d->retired[i]));
    }
    const char *between = " ";
    for (int i = 0; i < SIGN_KINDS; i++) {
        if (d->next[i].selector.size > 0 && d->keys[i].selector.size > 0) {
            printf("%s%s:", between, text(p, d->keys[i].selector));
            print_date(until);
            between = ", ";
        }
    }
    printf("\n# %s ",
           say(p, "前の鍵は次の日まで公開を続け、その後に失効させる (records が示す):",
               "keep the old ones published until this day, then revoke them "
               "(`records` shows how):"));
    print_date(until);
    putchar('\n');
}

static void
rotate(struct papers *p, const struct sign_domain *d)
{
    struct made made;
    bool good = true;

    if (d->next[0].selector.size == 0 && d->next[1].selector.size == 0) {
        if (make_keys(p, d->domain, &made)) {
            print_made(p, d->domain, &made, "next_");
            printf("\n# %s\n#   sekisho papers rotate %s\n",
                   say(p, "公開して設定に書いた後、もう一度",
                       "publish, write the lines, then"),
                   text(p, d->domain));
        }
        return;
    }
    if (!resolver_ready(p)) {
        return;
    }
    for (int i = 0; i < SIGN_KINDS; i++) {
        good = check_key(p, d, &d->next[i]) && good;
    }
    if (good) {
        print_switch(p, d);
    } else if (p->status == EXIT_FOUND) {
        printf("# %s\n", say(p, "まだ切り替えてはならない: 次の鍵が公開されていない",
                             "do not switch yet: the next keys are not published"));
    }
}

/* --- the command --- */

static bool
papers_open(struct papers *p)
{
    const char *path = options_value(&p->o, "config");
    struct bytes content = BYTES_NONE;
    struct why why;

    enum sk_code code =
        settings_file(&p->arena, path != NULL ? path : SETTINGS_PATH, &content, &why);
    if (code == SK_SYSTEM && path == NULL) {
        code = SK_OK; /* no configuration on this machine yet: keys may be made before it */
    }
    if (code == SK_OK) {
        code = settings_config(&p->arena, content, &p->config, &why);
    }
    if (code == SK_OK) {
        code = sign_settings_new(&p->arena, p->config, &p->sign, &why);
    }
    if (code != SK_OK) {
        complain(p, &why, code == SK_SYSTEM ? EXIT_NO_INPUT : EXIT_CONFIG);
    }
    return code == SK_OK;
}

static void
each_domain(struct papers *p, const char *name,
            void (*act)(struct papers *p, const struct sign_domain *d))
{
    struct bytes wanted = bytes_from_text(name);
    size_t done = 0;

    for (size_t i = 0; i < p->sign->domain_count; i++) {
        if (name == NULL || bytes_equal_fold(p->sign->domains[i].domain, wanted)) {
            act(p, &p->sign->domains[i]);
            done++;
        }
    }
    if (done == 0) {
        fprintf(
            stderr, "sekisho: papers: %s\n",
            say(p, "設定に [sign ドメイン] がない (sekisho papers make-key から始める)",
                "the configuration has no such [sign DOMAIN]: begin with sekisho papers "
                "make-key DOMAIN"));
        p->status = EXIT_CONFIG;
    }
}

static void
run(struct papers *p)
{
    const char *verb = p->o.rest_count > 0 ? p->o.rest[0] : "";
    const char *name = p->o.rest_count > 1 ? p->o.rest[1] : NULL;
    struct bytes domain = BYTES_NONE;

    if (name != NULL && !(domain_to_ascii(&p->arena, bytes_from_text(name), &domain) &&
                          dkim_name_read(&p->arena, domain, &domain))) {
        fprintf(stderr, "sekisho: papers: %s is no domain\n", name);
        p->status = EXIT_USAGE;
        return;
    }
    name = name == NULL ? NULL : text(p, domain);
    if (strcmp(verb, "make-key") == 0 && name != NULL) {
        make_key(p, domain);
    } else if (strcmp(verb, "records") == 0) {
        each_domain(p, name, records);
    } else if (strcmp(verb, "check") == 0) {
        each_domain(p, name, check);
    } else if (strcmp(verb, "rotate") == 0 && name != NULL) {
        each_domain(p, name, rotate);
    } else {
        fprintf(stderr, "sekisho: papers: make-key DOMAIN, records, check or rotate DOMAIN "
                        "is wanted; `sekisho papers --help` tells more\n");
        p->status = EXIT_USAGE;
    }
}

int
papers_command(int count, char **arguments)
{
    struct papers p = {.status = EXIT_OK};

    if (!options_read(
            &p.o,
            "papers make-key DOMAIN [--into FOLDER] [--selector NAME] |\n"
            "       sekisho papers records [DOMAIN] | check [DOMAIN] | rotate DOMAIN",
            "Makes the keys that sign leaving mail, says what to publish in the DNS "
            "and whether it is published, and changes keys in steps.",
            rows, count, arguments)) {
        return p.o.status;
    }
    arena_init(&p.arena, (size_t)64 << 20);
    p.japanese = speak_japanese(&p.o);
    if (papers_open(&p)) {
        run(&p);
    }
    if (p.resolver != NULL) {
        resolver_close(p.resolver);
    }
    arena_release(&p.arena);
    if (p.base != NULL) {
        event_base_free(p.base);
    }
    return p.status;
}
