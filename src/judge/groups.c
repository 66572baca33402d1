#include "judge/groups.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/table.h"
#include "base/writer.h"
#include "judge/personal.h"
#include "permit/recipient_name.h"

const struct config_key groups_config_keys[] = {
    {"group", "members", CONFIG_LIST, "", .named = true,
     .help = "Who belongs to the group: addresses, @domain for all of a domain, *.domain "
             "for all domains below one."},
    {"group", "file", CONFIG_TEXT, "", .named = true,
     .help = "File with more members, one a line; read at start and SIGHUP. Empty: none."},
    {.name = NULL},
};

struct group {
    struct bytes name;
    uint64_t id;
};

struct groups {
    struct table
        members; /* "taro@example.jp", "@example.jp", "*.example.jp": struct group */
    struct group *all;
    size_t count;
    uint8_t separator;
};

/* The form a member is kept under. */
static bool
member_name(struct arena *arena, struct bytes written, uint8_t separator,
            struct bytes *name_r)
{
    struct writer w;

    if (!bytes_starts(written, BYTES("*."))) {
        return personal_name(arena, written, separator, name_r);
    }
    writer_init(&w, arena);
    writer_byte(&w, '@');
    writer_bytes(&w, bytes_from(written, 2));
    if (bytes_find_byte(written, '@', 0) != BYTES_NOWHERE ||
        !personal_name(arena, writer_view(&w), 0, name_r)) {
        return false;
    }
    writer_init(&w, arena);
    writer_text(&w, "*.");
    writer_bytes(&w, bytes_from(*name_r, 1));
    *name_r = writer_view(&w);
    return true;
}

static enum sk_code
add_member(struct arena *arena, struct groups *g, struct group *group, struct bytes written,
           struct why *why)
{
    struct bytes name;

    if (!member_name(arena, written, g->separator, &name)) {
        return why_set(why, SK_CONFIG,
                       "%.*s: write an address, @domain for all of a domain, or *.domain "
                       "for all domains below one",
                       BYTES_ARGUMENTS(bytes_slice(written, 0, 80)));
    }
    const struct group *other = table_get(&g->members, name);
    if (other != NULL && other != group) {
        return why_set(why, SK_CONFIG, "%.*s is a member of group %.*s already",
                       BYTES_ARGUMENTS(bytes_slice(written, 0, 80)),
                       BYTES_ARGUMENTS(other->name));
    }
    if (other == NULL && g->members.count == LIMIT_GROUP_MEMBERS) {
        return why_set(why, SK_CONFIG, "more than %d members of groups",
                       LIMIT_GROUP_MEMBERS);
    }
    table_put(&g->members, name, group);
    return SK_OK;
}

static enum sk_code
add_file(struct arena *arena, const struct config *config, struct groups *g,
         struct group *group, struct bytes path, struct why *why)
{
    struct bytes text, line;
    struct why cause;

    if (config_file(config, arena, path, LIMIT_GROUP_FILE, &text, &cause) != SK_OK) {
        return why_set(why, SK_CONFIG, "%s", cause.sentence);
    }
    for (size_t number = 1; bytes_line(&text, &line); number++) {
        line = bytes_trim(line);
        if (line.size > 0 && line.at[0] != '#' &&
            add_member(arena, g, group, line, &cause) != SK_OK) {
            return why_set(why, SK_CONFIG, "line %zu of %.*s: %s", number,
                           BYTES_ARGUMENTS(bytes_slice(path, 0, 200)), cause.sentence);
        }
    }
    return SK_OK;
}

/* Says what is wrong with the i-th group, and where. */
static enum sk_code
complain(const struct config *config, size_t i, const char *key, const char *what,
         struct why *why)
{
    return why_set_line(
        why, SK_CONFIG, config_named_line(config, "group", i, key), "group %.*s: %s",
        BYTES_ARGUMENTS(bytes_slice(config_named(config, "group", i), 0, GROUP_NAME_MOST)),
        what);
}

static enum sk_code
add_group(struct arena *arena, const struct config *config, struct groups *g, size_t i,
          struct why *why)
{
    struct group *group = &g->all[i];
    struct bytes path = config_named_text(config, "group", i, "file");
    size_t count;
    const struct bytes *members = config_named_list(config, "group", i, "members", &count);
    struct why cause;

    group->name = config_named(config, "group", i);
    group->id = hash_quick(group->name, 0);
    if (group->name.size > GROUP_NAME_MOST) {
        return complain(config, i, NULL, "its name is over 64 bytes", why);
    }
    for (size_t k = 0; k < i; k++) {
        if (g->all[k].id == group->id || group->id == 0) {
            return complain(config, i, NULL, "choose another name", why);
        }
    }
    if (count == 0 && path.size == 0) {
        return complain(config, i, NULL, "it has neither members nor a file with them",
                        why);
    }
    g->count = i + 1;
    for (size_t k = 0; k < count; k++) {
        if (add_member(arena, g, group, members[k], &cause) != SK_OK) {
            return complain(config, i, "members", cause.sentence, why);
        }
    }
    if (path.size > 0 && add_file(arena, config, g, group, path, &cause) != SK_OK) {
        return complain(config, i, "file", cause.sentence, why);
    }
    return SK_OK;
}

enum sk_code
groups_new(struct arena *arena, const struct config *config, const struct groups **groups_r,
           struct why *why)
{
    struct groups *g = ARENA_NEW(arena, struct groups);
    struct bytes detail = config_text(config, "permit.detail");
    size_t count = config_named_count(config, "group");
    enum sk_code code = SK_OK;

    g->separator = detail.size > 0 ? detail.at[0] : 0;
    table_init(&g->members, arena, false);
    if (count > LIMIT_GROUPS) {
        return why_set_line(why, SK_CONFIG,
                            config_named_line(config, "group", LIMIT_GROUPS, NULL),
                            "there are more than %d groups", LIMIT_GROUPS);
    }
    g->all = ARENA_NEW_MANY(arena, count + 1, struct group);
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        code = add_group(arena, config, g, i, why);
    }
    *groups_r = g;
    return code;
}

size_t
groups_count(const struct groups *g)
{
    return g == NULL ? 0 : g->count;
}

uint64_t
groups_id(const struct groups *g, size_t i)
{
    return g->all[i].id;
}

struct bytes
groups_name(const struct groups *g, uint64_t id)
{
    for (size_t i = 0; i < groups_count(g); i++) {
        if (g->all[i].id == id) {
            return g->all[i].name;
        }
    }
    return BYTES_NONE;
}

uint64_t
groups_of(const struct groups *g, struct bytes name)
{
    uint8_t above[LIMIT_DOMAIN + 2] = {'*'};

    if (groups_count(g) == 0) {
        return 0;
    }
    struct bytes domain = recipient_domain(name);
    const struct group *group = table_get(&g->members, name);
    if (group == NULL) {
        group = table_get(&g->members, domain);
    }
    size_t dot = group == NULL ? bytes_find_byte(domain, '.', 0) : BYTES_NOWHERE;
    while (group == NULL && dot != BYTES_NOWHERE && domain.size - dot <= LIMIT_DOMAIN) {
        memcpy(above + 1, domain.at + dot, domain.size - dot);
        group = table_get(&g->members, bytes_of(above, 1 + domain.size - dot));
        dot = bytes_find_byte(domain, '.', dot + 1);
    }
    return group == NULL ? 0 : group->id;
}
