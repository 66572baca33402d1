/* The sections [dnslist NAME]. */
#include "base/limits.h"
#include "parse/domain.h"
#include "trace/lists_private.h"

#define ZONE_MOST 180 /* 64 of an IPv6 address in nibbles stand before it, in 253 */

bool
lists_read_weight(struct bytes text, double *weight_r)
{
    size_t point = bytes_find_byte(text, '.', 0);
    struct bytes after = point == BYTES_NOWHERE ? BYTES("0") : bytes_from(text, point + 1);
    uint64_t whole, part;

    if (!bytes_to_number(bytes_slice(text, 0, point), 10, &whole) || after.size > 2 ||
        !bytes_to_number(after, 99, &part)) {
        return false;
    }
    *weight_r = (double)whole + (double)part / (after.size == 1 ? 10 : 100);
    return *weight_r <= 10;
}

bool
lists_read_accept(struct bytes text, struct list_accept *accept_r)
{
    struct net_prefix prefix;
    uint64_t bits;

    if (text.size > 0 && text.at[0] == '&') {
        bool good = bytes_to_number(bytes_from(text, 1), 255, &bits) && bits > 0;
        *accept_r = (struct list_accept){.bits = good ? (uint8_t)bits : 0};
        return good;
    }
    if (!net_prefix_read(text, &prefix) || !net_address_is_ip4(&prefix.address) ||
        prefix.bits < 104) {
        return false;
    }
    const uint8_t *at = prefix.address.bytes + 12;
    uint32_t mask = UINT32_MAX << (128 - prefix.bits);
    uint32_t address =
        (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    *accept_r = (struct list_accept){.address = address & mask, .mask = mask};
    return at[0] == 127;
}

static enum sk_code
read_list(struct arena *arena, const struct config *config, size_t i, struct dns_list *list,
          struct why *why)
{
    struct bytes zone = config_named_text(config, "dnslist", i, "zone");
    struct bytes weight = config_named_text(config, "dnslist", i, "weight");
    const struct bytes *answers =
        config_named_list(config, "dnslist", i, "answers", &list->accept_count);

    list->name = config_named(config, "dnslist", i);
    list->of_domains = config_named_choice(config, "dnslist", i, "kind") == 1;
    list->good = config_named_bool(config, "dnslist", i, "good");
    list->text = config_named_bool(config, "dnslist", i, "text");
    list->test = config_named_bool(config, "dnslist", i, "test");
    if (!domain_to_ascii(arena, zone, &list->zone) || list->zone.size == 0 ||
        list->zone.size > ZONE_MOST) {
        return why_set(why, SK_CONFIG, "dnslist %.60s: zone: %.100s is no domain",
                       bytes_text(arena, list->name), bytes_text(arena, zone));
    }
    list->zone = bytes_lower(arena, list->zone);
    if (list->zone.at[list->zone.size - 1] == '.') {
        list->zone.size--;
    }
    if (!lists_read_weight(weight, &list->weight)) {
        return why_set(
            why, SK_CONFIG,
            "dnslist %.60s: weight: %.20s is no number from 0 to 10 with at most "
            "two decimals",
            bytes_text(arena, list->name), bytes_text(arena, weight));
    }
    list->accepts = ARENA_NEW_MANY(arena, list->accept_count, struct list_accept);
    for (size_t a = 0; a < list->accept_count; a++) {
        if (!lists_read_accept(answers[a], &list->accepts[a])) {
            return why_set(why, SK_CONFIG,
                           "dnslist %.60s: answers: %.40s is no address or prefix of "
                           "127.0.0.0/8, and no &NUMBER",
                           bytes_text(arena, list->name), bytes_text(arena, answers[a]));
        }
    }
    return SK_OK;
}

enum sk_code
lists_settings_new(struct arena *arena, const struct config *config,
                   struct dns_lists **lists_r, struct why *why)
{
    size_t count = config_named_count(config, "dnslist");

    *lists_r = NULL;
    if (count == 0) {
        return SK_OK;
    }
    if (count > LIMIT_LISTS) {
        return why_set(why, SK_CONFIG, "more than %d sections dnslist", LIMIT_LISTS);
    }
    struct dns_lists *lists = ARENA_NEW(arena, struct dns_lists);
    lists->lists = ARENA_NEW_MANY(arena, count, struct dns_list);
    lists->count = count;
    for (size_t i = 0; i < count; i++) {
        enum sk_code code = read_list(arena, config, i, &lists->lists[i], why);
        if (code != SK_OK) {
            return code;
        }
    }
    *lists_r = lists;
    return SK_OK;
}
