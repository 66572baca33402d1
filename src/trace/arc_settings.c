#include "trace/arc_settings.h"

#include "trace/dkim_signature.h"

enum sk_code
arc_trusted_new(struct arena *arena, const struct config *config,
                const struct bytes **domains_r, size_t *count_r, struct why *why)
{
    const struct bytes *written = config_list(config, "trace.arc_trusted", count_r);
    struct bytes *domains = ARENA_NEW_MANY(arena, *count_r, struct bytes);

    for (size_t i = 0; i < *count_r; i++) {
        if (!dkim_name_read(arena, written[i], &domains[i])) {
            return why_set_line(why, SK_CONFIG, config_line(config, "trace.arc_trusted"),
                                "trace.arc_trusted: %.60s is no domain",
                                bytes_text(arena, written[i]));
        }
    }
    *domains_r = domains;
    return SK_OK;
}

enum sk_code
arc_settings_new(struct arena *arena, const struct config *config,
                 const struct arc_seal_settings **settings_r, struct why *why)
{
    struct arc_seal_settings *settings = ARENA_NEW(arena, struct arc_seal_settings);
    struct bytes domain = config_text(config, "seal.domain");
    struct bytes selector = config_text(config, "seal.selector");
    size_t line = config_line(config, domain.size > 0     ? "seal.domain"
                                      : selector.size > 0 ? "seal.selector"
                                                          : "seal.key");

    *settings_r = NULL;
    settings->key = config_text(config, "seal.key");
    if (domain.size + selector.size + settings->key.size == 0) {
        return SK_OK;
    }
    if (domain.size == 0 || selector.size == 0 || settings->key.size == 0) {
        return why_set_line(why, SK_CONFIG, line,
                            "[seal]: domain, selector and key are given together or not at "
                            "all");
    }
    if (!dkim_name_read(arena, domain, &settings->domain) ||
        !dkim_name_read(arena, selector, &settings->selector)) {
        return why_set_line(why, SK_CONFIG, line,
                            "[seal]: domain or selector is no name: letters, digits and "
                            "hyphens, with dots between");
    }
    *settings_r = settings;
    return SK_OK;
}
