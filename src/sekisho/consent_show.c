/* sekisho consent show and export: what the ledger says, read from the book that the keeper sends. */
#define SK_BASE
#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "parse/domain.h"
#include "permit/consent.h"
#include "permit/permit.h"
#include "permit/texts.h"
#include "sekisho/consent_private.h"
#include "sekisho/record_folder.h"

/* One page of recipients. next_r: -1 when it was the last; entries_r: size of the ledger. */
static int
ask_page(struct consent_asking *asking, struct arena *arena, const char *address,
         int64_t position, struct consents *consents, int64_t *next_r, int64_t *entries_r)
{
    struct bytes reply;
    struct writer w;
    struct json j;
    struct why why;

    consent_begin(arena, &w, &j, "consent.show");
    if (address != NULL) {
        json_put_text(&j, "address", address);
    }
    json_put_number(&j, "position", position);
    int status = consent_ask(asking, arena, &j, &reply, NULL);
    if (status != EXIT_OK) {
        return status;
    }
    json_t *said = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    const json_t *book = json_object_get(said, "book"),
                 *next = json_object_get(said, "next");
    if (consents_load(consents, bytes_of(json_string_value(book), json_string_length(book)),
                      &why) != SK_OK) {
        fprintf(stderr, "sekisho: consent: %s\n", why.sentence);
        status = EXIT_SYSTEM;
    }
    const json_t *personal = json_object_get(said, "personal");
    asking->personal = json_is_boolean(personal) ? json_is_true(personal) : -1;
    const json_t *conversations = json_object_get(said, "conversations");
    asking->conversations =
        json_is_integer(conversations) ? (long long)json_integer_value(conversations) : -1;
    *next_r = json_is_integer(next) ? (int64_t)json_integer_value(next) : -1;
    *entries_r = (int64_t)json_integer_value(json_object_get(said, "entries"));
    json_decref(said);
    return status;
}

static void
print_clean(struct arena *arena, struct bytes text)
{
    struct writer w;

    writer_init(&w, arena);
    writer_clean(&w, text, 1000);
    fputs(writer_c(&w), stdout);
}

static void
print_time(struct arena *arena, int64_t ms)
{
    struct writer w;

    writer_init(&w, arena);
    clock_write_rfc3339(&w, ms / 1000, 0);
    fputs(writer_c(&w), stdout);
}

static void
print_families(uint32_t families, const char *between)
{
    const char *before = "";

    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if ((families & FAMILY_BIT(family)) != 0) {
            printf("%s%s", before, permit_family_name((enum permit_family)family));
            before = between;
        }
    }
}

/* Tab-separated, as import reads it: act, address, families, time, channel, by, text. */
static void
print_words(struct arena *arena, const struct consent_recipient *r)
{
    for (const struct consent_word *word = r->words; word != NULL; word = word->next) {
        printf("%s\t", word->granted ? "grant" : "withdraw");
        print_clean(arena, r->name);
        fputc('\t', stdout);
        print_families(word->families, ",");
        fputc('\t', stdout);
        print_time(arena, word->told_ms);
        printf("\t%s\t", consent_channel_name(word->channel));
        print_clean(arena, word->told_by);
        printf("\t%s\n", word->text != NULL ? word->text->sha256 : "");
    }
}

static void
write_json(struct arena *arena, const struct consent_recipient *r)
{
    struct writer w;
    struct json j;

    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_string(&j, "address", r->name);
    json_key(&j, "words");
    json_open(&j, '[');
    for (const struct consent_word *word = r->words; word != NULL; word = word->next) {
        json_open(&j, '{');
        json_put_text(&j, "act", word->granted ? "grant" : "withdraw");
        json_key(&j, "families");
        json_open(&j, '[');
        for (unsigned family = 0; family < FAMILY_COUNT; family++) {
            if ((word->families & FAMILY_BIT(family)) != 0) {
                json_text(&j, permit_family_name((enum permit_family)family));
            }
        }
        json_close(&j);
        json_put_number(&j, "entry", (int64_t)word->index);
        json_put_number(&j, "recorded_ms", word->time_ms);
        json_put_string(&j, "recorded_by", word->by);
        json_put_number(&j, "told_ms", word->told_ms);
        json_put_text(&j, "channel", consent_channel_name(word->channel));
        json_put_string(&j, "told_by", word->told_by);
        if (word->text != NULL) {
            json_put_string(&j, "text", word->text->id);
            json_put_text(&j, "sha256", word->text->sha256);
        }
        json_close(&j);
    }
    json_close(&j);
    json_put_bool(&j, "only", r->only);
    json_key(&j, "lists");
    json_open(&j, '[');
    for (const struct consent_listed *l = r->listed; l != NULL; l = l->next) {
        json_open(&j, '{');
        json_put_text(&j, "list", consent_list_name(l->list));
        json_put_string(&j, "sender", l->entry);
        json_put_number(&j, "entry", (int64_t)l->index);
        json_close(&j);
    }
    json_close(&j);
    json_close(&j);
    printf("%s\n", writer_c(&w));
}

static void
print_one(struct consent_asking *asking, struct arena *arena,
          const struct consent_recipient *r)
{
    if (options_has(asking->options, "json")) {
        write_json(arena, r);
        return;
    }
    print_clean(arena, r->name);
    fputc('\n', stdout);
    for (const struct consent_word *word = r->words; word != NULL; word = word->next) {
        printf("  %s ", asking->japanese ? (word->granted ? "同意" : "撤回")
                                         : (word->granted ? "granted" : "withdrawn"));
        print_families(word->families, ", ");
        fputs("  ", stdout);
        print_time(arena, word->told_ms);
        printf(" %s", consent_channel_name(word->channel));
        if (word->told_by.size > 0) {
            fputs(asking->japanese ? " 申出人 " : " by ", stdout);
            print_clean(arena, word->told_by);
        }
        if (word->text != NULL) {
            printf(asking->japanese ? "  文書 %.*s %.12s" : "  text %.*s %.12s",
                   BYTES_ARGUMENTS(word->text->id), word->text->sha256);
        }
        printf(asking->japanese ? "  台帳 %llu (" : "  entry %llu (",
               (unsigned long long)word->index);
        print_clean(arena, word->by);
        fputs(")\n", stdout);
    }
    for (const struct consent_listed *l = r->listed; l != NULL; l = l->next) {
        printf("  %s ", consent_list_name(l->list));
        print_clean(arena, l->entry);
        printf(asking->japanese ? "  台帳 %llu\n" : "  entry %llu\n",
               (unsigned long long)l->index);
    }
    if (r->only) {
        puts(asking->japanese ? "  only 許可した送信者のメールだけを受け取る"
                              : "  only senders on his allow list");
    }
}

/* What holds for him now, after profile, store, configuration and ledger. */
static int
print_effect(struct consent_asking *asking, struct arena *arena, const char *address,
             const struct consents *consents)
{
    const struct permit_settings *settings;
    struct why why;

    if (permit_settings_new(arena, asking->config, domain_to_ascii, &settings, &why) !=
        SK_OK) {
        fprintf(stderr, "sekisho: consent: %s\n", why.sentence);
        return EXIT_CONFIG;
    }
    struct permit_recipient r =
        permit_of(arena, settings, consents, bytes_from_text(address));
    printf(asking->japanese ? "現在調べてよいもの (%s):\n"
                            : "what may be examined now (%s):\n",
           permit_profile_name(permit_rule(settings)->profile));
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        bool has = (r.families & FAMILY_BIT(family)) != 0;
        printf("  %-12s %s", permit_family_name((enum permit_family)family),
               has ? permit_ground_name(r.grounds[family]) : "-");
        if (has && r.entries[family] != PERMIT_NO_ENTRY) {
            printf(asking->japanese ? " (台帳 %llu)" : " (entry %llu)",
                   (unsigned long long)r.entries[family]);
        }
        fputc('\n', stdout);
    }
    if (asking->personal >= 0) {
        printf(asking->japanese ? "本人専用の学習の重み: %s\n" : "weights of his own: %s\n",
               asking->japanese ? (asking->personal ? "あり" : "なし")
                                : (asking->personal ? "yes" : "no"));
    }
    if (asking->conversations >= 0) {
        printf(asking->japanese ? "記憶している知らない差出人とのやり取り: %lld件\n"
                                : "conversations with strangers remembered: %lld\n",
               asking->conversations);
    }
    return EXIT_OK;
}

/* print is called for every recipient; pages in which the ledger grew may repeat or miss one. */
static int
walk_pages(struct consent_asking *asking, const char *address, bool export)
{
    struct consents *consents = consents_new();
    const struct consent_recipient *r;
    int64_t next = 0, entries = -1, before;
    int status = EXIT_OK;

    do {
        struct arena arena;
        arena_init(&arena, (size_t)1 << 30);
        size_t position = 0;
        before = entries;
        status = ask_page(asking, &arena, address, next, consents, &next, &entries);
        if (status == EXIT_OK && before >= 0 && entries < before) {
            status = EXIT_SYSTEM;
        }
        while (status == EXIT_OK && consents_next(consents, &position, &r)) {
            if (export) {
                print_words(&arena, r);
            } else {
                print_one(asking, &arena, r);
            }
        }
        if (status == EXIT_OK && address != NULL && !options_has(asking->options, "json")) {
            status = print_effect(asking, &arena, address, consents);
        }
        arena_release(&arena);
    } while (status == EXIT_OK && next >= 0 && address == NULL);
    consents_free(consents);
    return status;
}

int
consent_show(struct consent_asking *asking, const char *address)
{
    return walk_pages(asking, address, false);
}

int
consent_export(struct consent_asking *asking)
{
    return walk_pages(asking, NULL, true);
}

int
consent_texts(struct consent_asking *asking)
{
    struct bytes reply;
    struct writer w;
    struct json j;

    consent_begin(&asking->arena, &w, &j, "consent.texts");
    int status = consent_ask(asking, &asking->arena, &j, &reply, NULL);
    if (status != EXIT_OK) {
        return status;
    }
    json_t *said = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    const json_t *texts = json_object_get(said, "texts");
    for (size_t i = 0; i < json_array_size(texts); i++) {
        const json_t *text = json_array_get(texts, i),
                     *entry = json_object_get(text, "entry");
        printf("%s\t%s\t", json_string_value(json_object_get(text, "sha256")),
               json_string_value(json_object_get(text, "id")));
        if (json_is_integer(entry)) {
            printf("%lld\n", (long long)json_integer_value(entry));
        } else {
            puts("-");
        }
    }
    json_decref(said);
    return EXIT_OK;
}
