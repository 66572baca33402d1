/* `sekisho dmarc failure`: the failure report about one message of the record. */
#define SK_BASE
#include "sekisho/dmarc_failure_command.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "record/keys.h"
#include "record/vault.h"
#include "report/dmarc_failure.h"
#include "report/dmarc_token.h"
#include "sekisho/options.h"
#include "sekisho/version.h"

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value)
               ? bytes_of(json_string_value(value), json_string_length(value))
               : BYTES_NONE;
}

/* Whether each recipient allows the family, and not by a carrier's lawful act alone. */
static bool
all_allow(const json_t *message, const char *family)
{
    const json_t *list = json_object_get(message, "recipients");
    size_t i;
    json_t *one;

    json_array_foreach(list, i, one)
    {
        struct bytes ground = text_of(json_object_get(one, "families"), family);
        if (!bytes_is(ground, "consent") && !bytes_is(ground, "terms") &&
            !bytes_is(ground, "house_rule")) {
            return false;
        }
    }
    return json_array_size(list) > 0;
}

static json_t *
load(struct bytes record)
{
    return json_loadb((const char *)record.at, record.size,
                      JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
}

static void
take_results(struct arena *arena, const json_t *origin, struct dmarc_failure *f)
{
    const json_t *dmarc = json_object_get(origin, "dmarc"),
                 *spf = json_object_get(origin, "spf"),
                 *list = json_object_get(origin, "dkim");
    struct dmarc_failure_dkim *dkim =
        ARENA_NEW_MANY(arena, LIMIT_DKIM_SIGNATURES + 1, struct dmarc_failure_dkim);
    size_t i;
    json_t *one;

    f->domain = text_of(dmarc, "policy_domain");
    f->dmarc_result = text_of(dmarc, "result");
    f->policy = text_of(dmarc, "policy");
    f->header_from = text_of(dmarc, "from_domain");
    f->spf_aligned = json_is_true(json_object_get(dmarc, "spf_aligned"));
    f->dkim_aligned = json_is_true(json_object_get(dmarc, "dkim_aligned"));
    f->spf_domain = text_of(spf, "domain");
    f->spf_result = text_of(spf, "result");
    f->source_ip = text_of(origin, "source");
    f->dkim = dkim;
    json_array_foreach(list, i, one)
    {
        if (text_of(one, "d").size > 0 && f->dkim_count < LIMIT_DKIM_SIGNATURES) {
            dkim[f->dkim_count++] = (struct dmarc_failure_dkim){
                text_of(one, "d"), text_of(one, "s"), text_of(one, "result")};
        }
    }
}

/* Only where everybody who got it allowed content to be examined. */
static void
take_content(const json_t *message, const json_t *content, struct dmarc_failure *f)
{
    struct bytes from = text_of(content, "from_address");
    const json_t *date = json_object_get(content, "date");

    if (!all_allow(message, "content")) {
        return;
    }
    f->header_from = from.size > 0 ? from : f->header_from;
    f->message_id = text_of(content, "message_id");
    f->has_date = json_is_integer(date);
    f->date_s = json_integer_value(date);
}

static enum sk_code
write_report(struct arena *arena, const struct config *config,
             const struct dmarc_settings *settings, struct bytes id, struct why *why)
{
    const char *folder = bytes_text(arena, config_text(config, "record.folder"));
    struct journal_frame frame, content_frame;
    struct dmarc_failure f = {.reporter = config_text(config, "hostname"),
                              .from = settings->from,
                              .generator = BYTES("Sekisho " SEKISHO_VERSION),
                              .id = id};
    struct why none;
    enum sk_code code =
        keys_read_or_make(arena, config, DMARC_KEY_NAME, DMARC_KEY_SIZE, &f.key, why);

    if (code == SK_OK) {
        code = vault_find(arena, folder, id, &frame, why);
    }
    if (code != SK_OK) {
        return code;
    }
    bool has_content =
        vault_find_content(arena, folder, id, &frame, &content_frame, &none) == SK_OK;
    json_t *message = load(frame.record);
    json_t *content = has_content ? load(content_frame.record) : NULL;
    take_results(arena, json_object_get(message, "origin"), &f);
    take_content(message, content, &f);
    f.mail_from = text_of(message, "from");
    f.action = text_of(message, "action");
    f.arrival_s = json_integer_value(json_object_get(message, "time")) / 1000;
    f.source_ip = f.source_ip.size > 0 ? f.source_ip : text_of(message, "client");
    if (!bytes_is(f.dmarc_result, "fail")) {
        code = why_set(why, SK_BAD, "the message did not fail DMARC");
    } else if (!all_allow(message, "dmarc")) {
        code = why_set(why, SK_BAD, "a recipient does not allow it (dmarc)");
    } else {
        struct bytes raw = dmarc_failure_write(arena, &f, clock_now_ms() / 1000);
        fwrite(raw.at, 1, raw.size, stdout);
    }
    json_decref(content);
    json_decref(message);
    return code;
}

int
dmarc_failure_command(struct arena *arena, const struct config *config, const char *id)
{
    struct dmarc_settings *settings;
    struct why why;
    enum sk_code code = dmarc_settings_new(arena, config, &settings, &why);

    if (code == SK_OK && !settings->failure) {
        code = why_set(&why, SK_CONFIG,
                       "failure reports are off: dmarc_report.failure = yes is wanted");
    }
    if (code == SK_OK && settings->from.size == 0) {
        code = why_set(&why, SK_CONFIG, "dmarc_report.from is missing");
    }
    if (code == SK_OK) {
        code = write_report(arena, config, settings, bytes_from_text(id), &why);
    }
    if (code != SK_OK) {
        fprintf(stderr, "sekisho: dmarc: %s\n", why.sentence);
    }
    return code == SK_OK                        ? EXIT_OK
           : code == SK_CONFIG                  ? EXIT_CONFIG
           : code == SK_BAD || code == SK_LIMIT ? EXIT_DATA
                                                : EXIT_SYSTEM;
}
