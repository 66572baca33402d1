#include <stdint.h>

#include "base/config.h"

static const struct config_key keys[] = {
    {"", "hostname", CONFIG_TEXT, "localhost", 1, 0, NULL, false, "The name of this host."},
    {"", "workers", CONFIG_NUMBER, "2", 1, 64, NULL, false, "How many workers."},
    {"transfer", "listen", CONFIG_LIST, "", 0, 0, NULL, false, "Where to listen."},
    {"transfer", "size_max", CONFIG_SIZE, "50M", 1024, 104857600, NULL, false,
     "Largest message."},
    {"transfer", "timeout", CONFIG_TIME, "5m", 1000, 3600000, NULL, false,
     "How long to wait."},
    {"transfer", "strict", CONFIG_BOOL, "yes", 0, 0, NULL, false, "Whether to be strict."},
    {"transfer", "mode", CONFIG_CHOICE, "proxy", 0, 0, "proxy|maildir|lmtp", false,
     "What to do."},
    {"recipient", "consent", CONFIG_CHOICES, "source", 0, 0, "source|label|content", true,
     "Consent."},
    {"login", "password", CONFIG_TEXT, NULL, 1, 0, NULL, true, "The password's hash."},
    {NULL, NULL, CONFIG_TEXT, NULL, 0, 0, NULL, false, NULL},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the file says: either a sentence that names the reason, or values within the bounds of the table. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    const struct config *config;
    struct why why = {0};
    size_t count;

    arena_init(&arena, 256u << 20);
    if (config_read(&arena, keys, bytes_of(data, size), &config, &why) == SK_OK) {
        int64_t workers = config_number(config, "workers");
        int64_t size_max = config_number(config, "transfer.size_max");
        SK_ASSERT(workers >= 1 && workers <= 64 && size_max >= 1024 &&
                  size_max <= 104857600);
        SK_ASSERT(config_choice(config, "transfer.mode") < 3 &&
                  config_text(config, "hostname").size > 0);
        (void)config_list(config, "transfer.listen", &count);
        for (size_t i = 0; i < config_named_count(config, "recipient"); i++) {
            SK_ASSERT(config_named(config, "recipient", i).size > 0 &&
                      config_named_choices(config, "recipient", i, "consent") < 8);
        }
    } else {
        SK_ASSERT(why.code == SK_CONFIG && why.sentence[0] != '\0');
    }
    arena_release(&arena);
    return 0;
}
