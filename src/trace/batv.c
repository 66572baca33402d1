#include "trace/batv.h"

#include "base/limits.h"
#include "trace/origin.h"

#define START      "prvs="
#define TAG_DIGITS 10                                  /* KDDDSSSSSS */
#define TAG_SIZE   (sizeof START - 1 + TAG_DIGITS + 1) /* with the "=" behind */
#define LOCAL_MAX  64                                  /* RFC 5321 4.5.3.1.1 */
#define DAYS_ROUND 1000
#define DAY_S      86400

const struct config_key batv_config_keys[] = {
    {"bounce", "domains", CONFIG_LIST, "",
     .help = "Domains whose senders are tagged when mail of ours leaves, and whose bounces "
             "are looked at; empty: none."},
    {"bounce", "secret", CONFIG_TEXT, "",
     .help = "Where the secrets are: FILE.0 to FILE.9, made when missing; empty: bounce in "
             "the folder of keys."},
    {"bounce", "key", CONFIG_NUMBER, "0", 0, 9,
     .help = "The number of the secret that tags; tags of the others are good as long as "
             "their files are there."},
    {"bounce", "require", CONFIG_CHOICE, "no", .choices = "no|label|refuse",
     .help = "What becomes of a bounce without a good tag: nothing, a label, or it is "
             "refused."},
    {"bounce", "exceptions", CONFIG_LIST, "postmaster, abuse",
     .help = "Whose bounces need no tag: a local part, an address, a prefix of clients, or "
             ".NAME for clients whose verified name lies under it."},
    {.name = NULL},
};

enum sk_code
batv_settings_new(struct arena *arena, const struct config *config,
                  const struct batv_settings **settings_r, struct why *why)
{
    struct batv_settings *s = ARENA_NEW(arena, struct batv_settings);

    s->domains = config_list(config, "bounce.domains", &s->domain_count);
    s->secret = config_text(config, "bounce.secret");
    s->key = (unsigned)config_number(config, "bounce.key");
    s->require = (enum batv_require)config_choice(config, "bounce.require");
    s->exceptions = config_list(config, "bounce.exceptions", &s->exception_count);
    *settings_r = s;
    if (s->require != BATV_NO && s->domain_count == 0) {
        return why_set_line(why, SK_CONFIG, config_line(config, "bounce.require"),
                            "bounce.require: without bounce.domains nothing is tagged, so "
                            "nothing can be required");
    }
    return SK_OK;
}

static bool
is_ours(const struct batv_settings *settings, struct bytes domain)
{
    for (size_t i = 0; i < settings->domain_count; i++) {
        if (bytes_equal_fold(settings->domains[i], domain)) {
            return true;
        }
    }
    return false;
}

/* Splits at the last "@"; false: the domain is none of ours. */
static bool
split(const struct batv_settings *settings, struct bytes address, struct bytes *local_r)
{
    size_t at = bytes_find_last(address, '@');

    if (settings->domain_count == 0 || at == BYTES_NOWHERE || at == 0 ||
        !is_ours(settings, bytes_from(address, at + 1))) {
        return false;
    }
    *local_r = bytes_slice(address, 0, at);
    return true;
}

static bool
takes_tag(struct bytes local)
{
    return local.size + TAG_SIZE <= LOCAL_MAX && local.at[0] != '"';
}

static int64_t
day_of(int64_t now_s)
{
    return now_s / DAY_S;
}

/* "KDDDaddress", the address in lower case. */
static struct bytes
source(struct arena *arena, unsigned key, unsigned day, struct bytes address)
{
    struct writer w;

    writer_init(&w, arena);
    writer_format(&w, "%u%03u", key, day);
    writer_bytes(&w, bytes_lower(arena, address));
    return writer_view(&w);
}

bool
batv_tag(struct arena *arena, const struct batv_settings *settings, struct bytes address,
         int64_t now_s, batv_ask *ask, void *context, struct bytes *tagged_r)
{
    unsigned day = (unsigned)((day_of(now_s) + BATV_DAYS) % DAYS_ROUND);
    struct bytes local;
    struct writer w;
    uint8_t tag[3];

    if (!split(settings, address, &local) || !takes_tag(local) ||
        bytes_starts_fold(local, BYTES(START)) ||
        !ask(context, settings->key, source(arena, settings->key, day, address), tag)) {
        return false;
    }
    writer_init(&w, arena);
    writer_format(&w, START "%u%03u%02x%02x%02x=", settings->key, day, tag[0], tag[1],
                  tag[2]);
    writer_bytes(&w, address);
    *tagged_r = writer_view(&w);
    return true;
}

/* KDDDSSSSSS= behind "prvs=". */
static bool
read_tag(struct bytes local, unsigned *key_r, unsigned *day_r, uint8_t tag_r[3])
{
    struct bytes digits = bytes_from(local, sizeof START - 1);

    if (!bytes_starts_fold(local, BYTES(START)) || local.size <= TAG_SIZE ||
        digits.at[TAG_DIGITS] != '=') {
        return false;
    }
    *day_r = 0;
    for (size_t i = 0; i < 4; i++) {
        if (!ascii_digit(digits.at[i])) {
            return false;
        }
        *day_r = i == 0 ? 0 : *day_r * 10 + (digits.at[i] - '0');
    }
    *key_r = digits.at[0] - '0';
    for (size_t i = 0; i < 3; i++) {
        int high = ascii_hex(digits.at[4 + 2 * i]), low = ascii_hex(digits.at[5 + 2 * i]);
        if (high < 0 || low < 0) {
            return false;
        }
        tag_r[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

enum arrival_tag
batv_take(struct arena *arena, const struct batv_settings *settings, struct bytes *address,
          int64_t now_s, batv_ask *ask, void *context)
{
    struct bytes local;
    unsigned key, day;
    uint8_t tag[3], right[3];

    if (!split(settings, *address, &local) || !read_tag(local, &key, &day, tag)) {
        return TAG_NONE;
    }
    *address = bytes_from(*address, TAG_SIZE);
    if (!ask(context, key, source(arena, key, day, *address), right)) {
        return TAG_UNCHECKED;
    }
    if (memcmp(tag, right, sizeof tag) != 0) {
        return TAG_FORGED;
    }
    int64_t left = ((int64_t)day - day_of(now_s) % DAYS_ROUND + DAYS_ROUND) % DAYS_ROUND;
    return left <= BATV_DAYS ? TAG_VALID : TAG_EXPIRED;
}

/* --- what it says of the message --- */

static bool
is_under(struct bytes name, struct bytes dotted)
{
    return bytes_ends_fold(name, dotted) || bytes_equal_fold(name, bytes_from(dotted, 1));
}

static bool
is_excepted(const struct batv_settings *settings, const struct arrival *arrival,
            const struct origin *origin, struct bytes address, struct bytes local)
{
    struct net_prefix prefix;

    for (size_t i = 0; i < settings->exception_count; i++) {
        struct bytes e = settings->exceptions[i];
        if (bytes_equal_fold(e, local) || bytes_equal_fold(e, address) ||
            (e.size > 1 && e.at[0] == '.' && origin->client_name.size > 0 &&
             is_under(origin->client_name, e)) ||
            (net_prefix_read(e, &prefix) && net_prefix_has(&prefix, &arrival->client))) {
            return true;
        }
    }
    return false;
}

/* Whether this recipient's bounce must have a tag. */
static bool
must_have(const struct batv_settings *settings, const struct arrival *arrival,
          const struct origin *origin, const struct arrival_recipient *r)
{
    struct bytes local;

    return split(settings, r->address, &local) && takes_tag(local) &&
           !is_excepted(settings, arrival, origin, r->address, local);
}

void
batv_note(struct arena *arena, const struct batv_settings *settings,
          const struct arrival *arrival, bool leaving, struct origin *origin)
{
    static const char *const names[] = {[TAG_NONE] = "batv_missing",
                                        [TAG_EXPIRED] = "batv_expired",
                                        [TAG_FORGED] = "batv_forged"};
    const struct arrival_recipient *wrong = NULL;

    if (settings->domain_count == 0) {
        return;
    }
    for (size_t i = 0; i < arrival->recipient_count; i++) {
        const struct arrival_recipient *r = &arrival->recipients[i];
        if (r->tag == TAG_VALID) { /* one that is good tells of the whole message */
            origin_note(arena, origin, "batv_pass", r->address);
            return;
        }
        if (r->tag != TAG_UNCHECKED && (wrong == NULL || r->tag > wrong->tag) &&
            must_have(settings, arrival, origin, r)) {
            wrong = r;
        }
    }
    /* Only the door of SMTP takes tags off: a scan or a file has no word of them. */
    if (wrong == NULL || leaving || arrival->mail_from.size > 0 ||
        arrival->door != ARRIVAL_TRANSFER ||
        (wrong->tag == TAG_NONE && settings->require == BATV_NO)) {
        return;
    }
    origin->bounce = settings->require;
    origin_note(arena, origin, names[wrong->tag], wrong->address);
}
