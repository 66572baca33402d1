/* Requests about consents, and the texts that people agree to. A handler checks everything, then keeps entries, then
 * commits: the state changes when the book is told of the entries (permit/consent.h). */
#define SK_BASE
#include "sekisho/requests_consent.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/utf8.h"
#include "parse/domain.h"
#include "permit/consent.h"
#include "permit/texts.h"
#include "sekisho/consent_wire.h"
#include "sekisho/lessons.h"
#include "sekisho/requests.h"
#include "sekisho/threads.h"

#define TOLD_EARLIEST_MS                                                                   \
    946684800000 /* 2000-01-01: a time before it is a slip of the pen */
#define CLOCK_AHEAD_MS  60000
#define PAGE_RECIPIENTS 2000

enum sk_code keeping_open_consents(struct keeping *keeping, struct why *why);
request_handler request_consent_grant, request_consent_withdraw, request_consent_import,
    request_consent_show, request_consent_text, request_consent_texts, request_consent_list;

static enum sk_code
book_load(void *context, struct bytes text, struct why *why)
{
    struct keeping *k = context;

    return consents_load(k->consents, text, why);
}

static void
book_entry(void *context, uint64_t index, struct bytes record)
{
    struct keeping *k = context;

    if (consents_entry(k->consents, index, record) && k->consent_wire != NULL) {
        consent_wire_entry(k->consent_wire, index, record);
    }
}

static void
book_save(void *context, struct writer *w)
{
    struct keeping *k = context;

    consents_save(k->consents, w);
}

static void
free_consents(void *consents)
{
    consents_free(consents);
}

enum sk_code
keeping_open_consents(struct keeping *keeping, struct why *why)
{
    struct book *book = ARENA_NEW(keeping->arena, struct book);

    keeping->consents = consents_new();
    arena_defer(keeping->arena, free_consents, keeping->consents);
    *book = (struct book){.name = "consent",
                          .kind = "consent|rule|erase",
                          .load = book_load,
                          .entry = book_entry,
                          .save = book_save,
                          .context = keeping};
    keeping_add_book(keeping, book);
    return SK_OK;
}

/* A text that somebody agrees to. */
struct text {
    struct bytes id, sha256;
    struct bytes words; /* to be recorded with it; empty: the ledger has them */
};

/* The operator's own text of that id goes before the one that is carried. */
static bool
find_text(const struct keeping *k, struct bytes name, struct text *text_r)
{
    const struct consent_text *text, *found = NULL;
    const struct consent_words *words = consent_words_find(name);

    for (size_t i = 0; (text = consents_text_at(k->consents, i)) != NULL; i++) {
        if (bytes_equal(text->id, name) ||
            (name.size >= 8 && bytes_starts(bytes_from_text(text->sha256), name))) {
            found = text;
        }
    }
    if (found != NULL) {
        *text_r = (struct text){found->id, bytes_from_text(found->sha256), BYTES_NONE};
    } else if (words != NULL) {
        *text_r = (struct text){bytes_from_text(words->id), bytes_from_text(words->sha256),
                                words->text};
    }
    return found != NULL || words != NULL;
}

/* What one request, or one line of an import, says of one recipient. */
struct said {
    struct bytes name;
    uint32_t families;
    bool granted;
    struct text texts[FAMILY_COUNT]; /* of each family that is granted */
    struct bytes channel, told_by;
    int64_t told_ms;
};

static struct bytes
item_text(const json_t *item, const char *name)
{
    const json_t *value = json_object_get(item, name);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

static enum sk_code
read_families(const json_t *item, uint32_t *families_r, struct why *why)
{
    const json_t *list = json_object_get(item, "families");
    enum permit_family family;

    *families_r = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (name != NULL && strcmp(name, "all") == 0) {
            *families_r |= FAMILY_ALL;
        } else if (name != NULL && permit_family_read(bytes_from_text(name), &family)) {
            *families_r |= FAMILY_BIT(family);
        } else {
            return why_set(why, SK_BAD, "there is no family \"%.40s\"",
                           name != NULL ? name : "");
        }
    }
    return *families_r != 0 ? SK_OK
                            : why_set(why, SK_BAD, "name at least one family, or \"all\"");
}

static enum sk_code
read_texts(const struct keeping *k, const struct request *request, const json_t *item,
           struct said *said, struct why *why)
{
    struct bytes name = item_text(item, "text"), language = item_text(item, "language");
    struct writer w;

    language = language.size == 0 ? BYTES("ja") : language;
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        struct bytes wanted = name;
        if ((said->families & FAMILY_BIT(family)) == 0) {
            continue;
        }
        if (name.size == 0) {
            const struct consent_words *words =
                consent_words_for((enum permit_family)family, language);
            writer_init(&w, request->arena);
            writer_text(&w, words != NULL ? words->id : "");
            wanted = writer_view(&w);
        }
        if (!find_text(k, wanted, &said->texts[family])) {
            return name.size == 0
                       ? why_set(why, SK_BAD, "there is no text for %s in language %.*s",
                                 permit_family_name((enum permit_family)family),
                                 BYTES_ARGUMENTS(bytes_slice(language, 0, 20)))
                       : why_set(why, SK_BAD,
                                 "no text is known as %.*s: register it first "
                                 "with --text-file",
                                 BYTES_ARGUMENTS(bytes_slice(name, 0, 80)));
        }
        if (bytes_starts(said->texts[family].id, BYTES("house-rule"))) {
            return why_set(why, SK_BAD, "a house rule is nothing that one agrees to");
        }
    }
    return SK_OK;
}

static enum sk_code
read_told(const struct request *request, const json_t *item, struct said *said,
          struct why *why)
{
    const json_t *time = json_object_get(item, "told_ms");
    enum consent_channel channel;

    said->channel = item_text(item, "told_channel");
    said->told_by = item_text(item, "told_by");
    said->told_ms =
        json_is_integer(time) ? (int64_t)json_integer_value(time) : request->now_ms;
    if (said->channel.size == 0) {
        said->channel = BYTES("other");
    }
    if (!consent_channel_read(said->channel, &channel)) {
        return why_set(why, SK_BAD, "the channel is one of " CONSENT_CHANNELS);
    }
    if (said->told_by.size > LIMIT_CONSENT_BY) {
        return why_set(why, SK_LIMIT, "who said it takes at most %d bytes",
                       LIMIT_CONSENT_BY);
    }
    for (size_t i = 0; i < said->told_by.size; i++) {
        if (said->told_by.at[i] < ' ' || said->told_by.at[i] == 0x7f) {
            return why_set(why, SK_BAD, "who said it holds control characters");
        }
    }
    if (said->told_ms < TOLD_EARLIEST_MS ||
        said->told_ms > request->now_ms + CLOCK_AHEAD_MS) {
        return why_set(why, SK_BAD,
                       "the time at which it was said lies before 2000 or ahead");
    }
    return SK_OK;
}

/* A consent that was given before the same person withdrew says nothing any more. */
static enum sk_code
check_order(const struct keeping *k, const struct said *said, struct why *why)
{
    const struct consent_recipient *r = consents_find(k->consents, said->name);

    if (!said->granted) {
        return SK_OK;
    }
    if (r == NULL && consents_count(k->consents) >= LIMIT_CONSENT_RECIPIENTS) {
        return why_set(why, SK_LIMIT, "there are %d recipients with consents already",
                       LIMIT_CONSENT_RECIPIENTS);
    }
    for (const struct consent_word *word = r == NULL ? NULL : r->words; word != NULL;
         word = word->next) {
        if (!word->granted && (word->families & said->families) != 0 &&
            word->told_ms > said->told_ms) {
            return why_set(why, SK_BAD,
                           "%.*s withdrew it later than this consent was given",
                           BYTES_ARGUMENTS(said->name));
        }
    }
    return SK_OK;
}

static enum sk_code
read_said(const struct keeping *k, const struct request *request, const json_t *item,
          bool granted, struct said *said, struct why *why)
{
    struct bytes address = item_text(item, "address");

    *said = (struct said){.granted = granted};
    if (!recipient_name(request->arena, address, domain_to_ascii, &said->name)) {
        struct writer w;
        writer_init(&w, request->arena);
        writer_clean(&w, address, 80);
        return why_set(why, SK_BAD,
                       "\"%s\" is no address and no @domain of at most %d bytes",
                       writer_c(&w), LIMIT_ADDRESS);
    }
    enum sk_code code = read_families(item, &said->families, why);
    if (code == SK_OK && granted) {
        code = read_texts(k, request, item, said, why);
    }
    if (code == SK_OK) {
        code = read_told(request, item, said, why);
    }
    return code == SK_OK ? check_order(k, said, why) : code;
}

/* The words of a text, once. done: the texts that this request has recorded. */
struct texts_done {
    struct bytes sha256[FAMILY_COUNT * 2];
    size_t count;
};

static enum sk_code
keep_text(struct keeping *k, const struct request *request, const struct text *text,
          struct texts_done *done, struct why *why)
{
    struct writer w;
    struct json j;

    for (size_t i = 0; i < done->count; i++) {
        if (bytes_equal(done->sha256[i], text->sha256)) {
            return SK_OK;
        }
    }
    if (text->words.size == 0) {
        return SK_OK;
    }
    if (done->count < sizeof done->sha256 / sizeof done->sha256[0]) {
        done->sha256[done->count++] = text->sha256;
    }
    request_record(request, &j, &w, "consent.text");
    json_put_string(&j, "id", text->id);
    json_put_string(&j, "sha256", text->sha256);
    json_put_string(&j, "text", text->words);
    json_close(&j);
    return vault_keep(k->vault, writer_view(&w), BYTES_NONE, why);
}

/* One entry for these families, which rest on the same text. */
static enum sk_code
keep_word(struct keeping *k, const struct request *request, const struct said *said,
          uint32_t families, const struct text *text, struct why *why)
{
    struct writer w;
    struct json j;

    request_record(request, &j, &w, "consent");
    json_put_text(&j, "act", said->granted ? "grant" : "withdraw");
    json_put_string(&j, "address", said->name);
    json_key(&j, "families");
    json_open(&j, '[');
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if ((families & FAMILY_BIT(family)) != 0) {
            json_text(&j, permit_family_name((enum permit_family)family));
        }
    }
    json_close(&j);
    if (text != NULL) {
        json_key(&j, "agreed");
        json_open(&j, '{');
        json_put_string(&j, "id", text->id);
        json_put_string(&j, "sha256", text->sha256);
        json_close(&j);
    }
    json_key(&j, "told");
    json_open(&j, '{');
    if (said->told_by.size > 0) {
        json_put_string(&j, "by", said->told_by);
    }
    json_put_string(&j, "channel", said->channel);
    json_put_number(&j, "time", said->told_ms);
    json_close(&j);
    json_close(&j);
    return vault_keep(k->vault, writer_view(&w), BYTES_NONE, why);
}

static enum sk_code
keep_said(struct keeping *k, const struct request *request, const struct said *said,
          struct texts_done *done, struct why *why)
{
    uint32_t left = said->families;
    enum sk_code code = SK_OK;

    if (!said->granted) {
        return keep_word(k, request, said, said->families, NULL, why);
    }
    while (left != 0 && code == SK_OK) {
        const struct text *text = &said->texts[__builtin_ctz(left)];
        uint32_t same = 0;
        for (unsigned family = 0; family < FAMILY_COUNT; family++) {
            if ((left & FAMILY_BIT(family)) != 0 &&
                bytes_equal(said->texts[family].sha256, text->sha256)) {
                same |= FAMILY_BIT(family);
            }
        }
        left &= ~same;
        code = keep_text(k, request, text, done, why);
        if (code == SK_OK) {
            code = keep_word(k, request, said, same, text, why);
        }
    }
    return code;
}

/* After the commit. Where workers run, erasing waits until they judge by the withdrawal. */
static enum sk_code
erase_after(struct keeping *k, const struct said *said, struct why *why)
{
    if (said->granted) {
        return SK_OK;
    }
    if (k->consent_wire != NULL) {
        consent_wire_erase(k->consent_wire, said->name, said->families);
        return SK_OK;
    }
    enum sk_code code = lessons_forget(k, said->name, said->families, why);
    if (code == SK_OK) {
        code = threads_forget(k, said->name, said->families, why);
    }
    if (code == SK_OK) {
        code = vault_erase_content(k->vault, said->name, said->families, why);
    }
    return code == SK_OK ? keeping_commit(k, why) : code;
}

/* For people who look on at the console. */
static void
tell_said(struct keeping *k, const struct request *request, const struct said *said,
          uint64_t entry)
{
    struct writer w;
    struct json j;

    if (k->event == NULL) {
        return;
    }
    writer_init(&w, request->arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "kind", "consent");
    json_put_text(&j, "act", said->granted ? "grant" : "withdraw");
    json_put_number(&j, "time", request->now_ms);
    json_put_string(&j, "by", request->by);
    json_put_string(&j, "address", said->name);
    json_put_number(&j, "entry", (int64_t)entry);
    json_close(&j);
    k->event(k->context, writer_view(&w));
}

static enum sk_code
answer_said(struct keeping *k, const struct request *request, bool granted,
            struct json *reply, struct why *why)
{
    struct texts_done done = {.count = 0};
    struct said said;

    enum sk_code code = read_said(k, request, request->body, granted, &said, why);
    if (code == SK_OK) {
        code = keep_said(k, request, &said, &done, why);
    }
    if (code == SK_OK) {
        code = keeping_commit(k, why);
    }
    if (code == SK_OK) {
        code = erase_after(k, &said, why);
    }
    if (code == SK_OK) {
        const struct consent_recipient *r = consents_find(k->consents, said.name);
        json_put_string(reply, "address", said.name);
        json_put_number(reply, "entry", (int64_t)r->words->index);
        tell_said(k, request, &said, r->words->index);
        if (!granted && keeping_hold_of(k, said.name)) {
            json_put_bool(reply, "hold", true);
        }
    }
    return code;
}

enum sk_code
request_consent_grant(struct keeping *k, const struct request *request, struct json *reply,
                      struct why *why)
{
    return answer_said(k, request, true, reply, why);
}

enum sk_code
request_consent_withdraw(struct keeping *k, const struct request *request,
                         struct json *reply, struct why *why)
{
    return answer_said(k, request, false, reply, why);
}

/* {"items":[{"act":"grant"|"withdraw", ...}, ...], "dry_run":bool}: all or none. */
enum sk_code
request_consent_import(struct keeping *k, const struct request *request, struct json *reply,
                       struct why *why)
{
    const json_t *items = json_object_get(request->body, "items");
    size_t count = json_array_size(items);
    struct said *said = ARENA_NEW_MANY(request->arena, count, struct said);
    struct texts_done done = {.count = 0};
    enum sk_code code = SK_OK;
    struct why inner;

    if (count == 0 || count > LIMIT_CONSENT_BATCH) {
        return why_set(why, SK_LIMIT, "one request takes 1 to %d items",
                       LIMIT_CONSENT_BATCH);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(items, i);
        struct bytes act = item_text(item, "act");
        code = bytes_is(act, "grant") || bytes_is(act, "withdraw")
                   ? read_said(k, request, item, bytes_is(act, "grant"), &said[i], &inner)
                   : why_set(&inner, SK_BAD, "act is grant or withdraw");
        if (code != SK_OK) {
            return why_set_line(why, code, i + 1, "item %zu: %s", i + 1, inner.sentence);
        }
    }
    json_put_number(reply, "items", (int64_t)count);
    if (request_flag(request, "dry_run")) {
        return SK_OK;
    }
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        code = keep_said(k, request, &said[i], &done, why);
    }
    if (code == SK_OK) {
        code = keeping_commit(k, why);
    }
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        code = erase_after(k, &said[i], why);
    }
    return code;
}

/* {"address":...}: he and his domain. Without: pages, from "position" on until there is no "next". */
enum sk_code
request_consent_show(struct keeping *k, const struct request *request, struct json *reply,
                     struct why *why)
{
    const struct consent_recipient *found[PAGE_RECIPIENTS], *r;
    struct bytes address = request_text(request, "address"), name;
    int64_t given = request_number(request, "position", 0);
    size_t count = 0, position = given > 0 ? (size_t)given : 0;
    struct writer w;

    if (address.size > 0) {
        if (!recipient_name(request->arena, address, domain_to_ascii, &name)) {
            return why_set(why, SK_BAD, "that is no address and no @domain");
        }
        for (int i = 0; i < 2; i++) {
            r = consents_find(k->consents, i == 0 ? name : recipient_domain(name));
            if (r != NULL && (count == 0 || r != found[0])) {
                found[count++] = r;
            }
        }
    } else {
        while (count < PAGE_RECIPIENTS && consents_next(k->consents, &position, &r)) {
            found[count++] = r;
        }
    }
    if (address.size > 0 && k->lessons != NULL) {
        json_put_bool(reply, "personal", lessons_has(k->lessons, request->arena, address));
    }
    if (address.size > 0 && k->threads != NULL) {
        json_put_number(reply, "conversations",
                        (int64_t)threads_count(k->threads, request->arena, address));
    }
    writer_init(&w, request->arena);
    consents_save_some(k->consents, found, count, &w);
    json_put_string(reply, "book", writer_view(&w));
    json_put_number(reply, "recipients", (int64_t)consents_count(k->consents));
    json_put_number(reply, "entries", (int64_t)ledger_size(vault_ledger(k->vault)));
    if (address.size == 0 && count == PAGE_RECIPIENTS) {
        json_put_number(reply, "next", (int64_t)position);
    }
    return SK_OK;
}

/* Registers an operator's own text: {"id":"content.ja","text":"..."}. */
enum sk_code
request_consent_text(struct keeping *k, const struct request *request, struct json *reply,
                     struct why *why)
{
    struct bytes id = request_text(request, "id"), words = request_text(request, "text");
    struct texts_done done = {.count = 0};
    char sha256[65];

    for (size_t i = 0; i < id.size; i++) {
        if (!ascii_letter(id.at[i]) && !ascii_digit(id.at[i]) &&
            memchr(".-_", id.at[i], 3) == NULL) {
            id.size = 0;
        }
    }
    if (id.size == 0 || id.size > 64) {
        return why_set(why, SK_BAD,
                       "a text's id is 1 to 64 of letters, digits, dot, dash, underscore");
    }
    if (words.size == 0 || words.size > LIMIT_CONSENT_TEXT || !utf8_valid(words)) {
        return why_set(why, SK_LIMIT, "a text is UTF-8, of 1 to %d bytes",
                       LIMIT_CONSENT_TEXT);
    }
    consent_words_hash(words, sha256);
    json_put_string(reply, "sha256", bytes_copy(request->arena, bytes_from_text(sha256)));
    if (consents_text(k->consents, bytes_from_text(sha256)) != NULL) {
        json_put_bool(reply, "already", true);
        return SK_OK;
    }
    if (consents_text_at(k->consents, LIMIT_CONSENT_TEXTS - 1) != NULL) {
        return why_set(why, SK_LIMIT, "there are %d texts already", LIMIT_CONSENT_TEXTS);
    }
    struct text text = {id, bytes_from_text(sha256), words};
    enum sk_code code = keep_text(k, request, &text, &done, why);
    return code == SK_OK ? keeping_commit(k, why) : code;
}

static void
write_text(struct json *reply, struct bytes id, const char *sha256, const uint64_t *entry)
{
    json_open(reply, '{');
    json_put_string(reply, "id", id);
    json_put_text(reply, "sha256", sha256);
    if (entry != NULL) {
        json_put_number(reply, "entry", (int64_t)*entry);
    }
    json_close(reply);
}

/* Those in the ledger, with their entries, and those that are carried and were never used. */
enum sk_code
request_consent_texts(struct keeping *k, const struct request *request, struct json *reply,
                      struct why *why)
{
    const struct consent_text *text;
    const struct consent_words *words;

    json_key(reply, "texts");
    json_open(reply, '[');
    for (size_t i = 0; (text = consents_text_at(k->consents, i)) != NULL; i++) {
        write_text(reply, text->id, text->sha256, &text->index);
    }
    for (size_t i = 0; (words = consent_words_at(i)) != NULL; i++) {
        if (consents_text(k->consents, bytes_from_text(words->sha256)) == NULL) {
            write_text(reply, bytes_from_text(words->id), words->sha256, NULL);
        }
    }
    json_close(reply);
    return SK_OK;
}

static enum sk_code
keep_listed(struct keeping *k, const struct request *request, struct bytes name,
            const char *act, struct bytes list, struct bytes entry, struct why *why)
{
    struct writer w;
    struct json j;

    request_record(request, &j, &w, "consent.list");
    json_put_text(&j, "act", act);
    json_put_string(&j, "address", name);
    json_put_string(&j, "list", list);
    if (entry.size > 0) {
        json_put_string(&j, "entry", entry);
    }
    json_close(&j);
    return vault_keep(k->vault, writer_view(&w), BYTES_NONE, why);
}

static enum sk_code
keep_entries(struct keeping *k, const struct request *request, struct bytes name,
             struct bytes list, const char *act, struct why *why)
{
    const json_t *entries = json_object_get(request->body, "entries");
    const struct consent_recipient *r = consents_find(k->consents, name);
    size_t count = json_array_size(entries), listed = r == NULL ? 0 : r->listed_count;
    struct bytes entry;

    if (count == 0 || (strcmp(act, "add") == 0 && count + listed > LIMIT_CONSENT_LISTED)) {
        return why_set(why, SK_LIMIT, "one recipient's lists hold 1 to %d entries",
                       LIMIT_CONSENT_LISTED);
    }
    for (int keeping = 0; keeping < 2; keeping++) { /* first all are checked */
        for (size_t i = 0; i < count; i++) {
            const json_t *value = json_array_get(entries, i);
            const char *text = json_string_value(value);
            if (text == NULL || !consent_list_entry(request->arena, bytes_from_text(text),
                                                    domain_to_ascii, &entry)) {
                struct writer w;
                writer_init(&w, request->arena);
                writer_clean(&w, bytes_from_text(text), 80);
                return why_set(why, SK_BAD, "\"%s\" is no domain and no address",
                               writer_c(&w));
            }
            enum sk_code code =
                keeping ? keep_listed(k, request, name, act, list, entry, why) : SK_OK;
            if (code != SK_OK) {
                return code;
            }
        }
    }
    return SK_OK;
}

/* {"act":"add"|"remove","list":"allow"|"refuse"|"rescue","address":...,"entries":[...]},
 * {"act":"on"|"off","list":"only","address":...} */
enum sk_code
request_consent_list(struct keeping *k, const struct request *request, struct json *reply,
                     struct why *why)
{
    struct bytes list = request_text(request, "list"), act = request_text(request, "act");
    bool only = bytes_is(list, "only"), first, second;
    enum consent_list known;
    struct bytes name;
    enum sk_code code;

    if (!recipient_name(request->arena, request_text(request, "address"), domain_to_ascii,
                        &name)) {
        return why_set(why, SK_BAD, "that is no address and no @domain");
    }
    first = bytes_is(act, only ? "on" : "add");
    second = bytes_is(act, only ? "off" : "remove");
    if ((!only && !consent_list_read(list, &known)) || !(first || second)) {
        return why_set(
            why, SK_BAD,
            "write add or remove with allow, refuse or rescue; on or off with only");
    }
    if (consents_find(k->consents, name) == NULL &&
        consents_count(k->consents) >= LIMIT_CONSENT_RECIPIENTS) {
        return why_set(why, SK_LIMIT, "there are %d recipients with words of their own",
                       LIMIT_CONSENT_RECIPIENTS);
    }
    if (only) {
        code = keep_listed(k, request, name, first ? "on" : "off", list, BYTES_NONE, why);
    } else {
        code = keep_entries(k, request, name, list, first ? "add" : "remove", why);
    }
    if (code == SK_OK) {
        code = keeping_commit(k, why);
    }
    json_put_string(reply, "address", name);
    return code;
}

/* Of the checkpoint itself. */
static const struct request *
own_request(struct arena *arena, struct request *request)
{
    *request = (struct request){.arena = arena,
                                .by = BYTES("keeper"),
                                .channel = BYTES("checkpoint"),
                                .now_ms = clock_now_ms()};
    return request;
}

void
consent_erase_rest(struct keeping *k)
{
    const struct consent_recipient *r;
    size_t position = 0;
    bool any = false;
    struct why why;

    lessons_forget_rest(k);
    threads_forget_rest(k);
    while (consents_next(k->consents, &position, &r)) {
        for (const struct consent_word *word = r->words; word != NULL; word = word->next) {
            if (word->granted || word->erased) {
                continue;
            }
            any = true;
            if (vault_erase_content(k->vault, r->name, word->families, &why) != SK_OK) {
                log_line(LOG_LEVEL_ERROR, NULL, "withdrawn, but not erased: %s",
                         why.sentence);
            }
        }
    }
    if (any && keeping_commit(k, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "withdrawn, but not erased: %s", why.sentence);
    }
}

enum sk_code
consent_record_rule(struct keeping *k, const struct permit_rule *rule, struct why *why)
{
    struct arena arena;
    struct request own;
    struct writer w;
    struct json j;
    char sha256[65];
    uint64_t index;

    arena_init(&arena, 4u << 20);
    writer_init(&w, &arena);
    writer_format(&w, "%s %s\n", permit_profile_name(rule->profile),
                  rule->five_conditions ? "five_conditions" : "");
    writer_bytes(&w, rule->id);
    writer_byte(&w, '\n');
    writer_bytes(&w, rule->text);
    consent_words_hash(writer_view(&w), sha256);
    enum sk_code code = SK_OK;
    if (!bytes_is(consents_rule(k->consents, &index), sha256)) {
        request_record(own_request(&arena, &own), &j, &w, "rule");
        json_put_text(&j, "profile", permit_profile_name(rule->profile));
        json_put_bool(&j, "five_conditions", rule->five_conditions);
        json_put_text(&j, "sha256", sha256);
        if (rule->text.size > 0) {
            json_put_string(&j, "id", rule->id);
            json_put_string(&j, "text", rule->text);
        }
        json_close(&j);
        code = vault_keep(k->vault, writer_view(&w), BYTES_NONE, why);
        code = code == SK_OK ? keeping_commit(k, why) : code;
    }
    arena_release(&arena);
    return code;
}
