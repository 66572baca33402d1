#include "sekisho/made_by.h"

#include "base/json.h"
#include "sekisho/version.h"

/* What of the configuration bears on a verdict, in words that a person can compare. */
static void
write_policy(struct writer *w, const struct config *config)
{
    static const char *const dmarc[] = {"obey", "label", "ignore"};
    static const char *const lists[] = {"all", "authenticated"};
    static const char *const temperror[] = {"accept", "tempfail"};

    writer_format(
        w, "label %lld, hold %lld, refuse %lld, dmarc %s, allow_list %s, temperror %s",
        (long long)config_number(config, "policy.label"),
        (long long)config_number(config, "policy.hold"),
        (long long)config_number(config, "policy.refuse"),
        dmarc[config_choice(config, "policy.dmarc")],
        lists[config_choice(config, "policy.allow_list")],
        temperror[config_choice(config, "policy.temperror")]);
}

struct bytes
made_by(struct arena *arena, const struct settings *settings, struct judge *judge)
{
    struct writer w, policy;
    struct json j;

    writer_init(&policy, arena);
    write_policy(&policy, settings->config);
    writer_init(&w, arena);
    json_init(&j, &w);
    json_open(&j, '{');
    json_put_text(&j, "program", SEKISHO_VERSION);
    judge_made_by(judge, &j);
    json_put_string(&j, "policy", writer_view(&policy));
    json_close(&j);
    return writer_view(&w);
}
