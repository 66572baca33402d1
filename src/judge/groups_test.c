#define SK_BASE
#include "judge/groups.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/tap.h"
#include "base/writer.h"
#include "permit/settings.h"

static struct arena arena;
static struct config_key keys[64];

static enum sk_code
read_groups(struct bytes text, const struct groups **groups_r, struct why *why)
{
    const struct config *config;

    SK_ASSERT(config_read(&arena, keys, text, &config, why) == SK_OK);
    return groups_new(&arena, config, groups_r, why);
}

static struct bytes
group_of(const struct groups *g, const char *name)
{
    return groups_name(g, groups_of(g, bytes_from_text(name)));
}

static void
test_members(void)
{
    const struct groups *g;
    struct why why;

    enum sk_code code = read_groups(
        BYTES("[permit]\ndetail = +\n"
              "[group sales]\nmembers = @Sales.Example.jp, Taro+shop@example.jp\n"
              "[group schools]\nmembers = *.school.example, *.ac.example, @example.jp\n"
              "[group one]\nmembers = @a.ac.example, x@b.ac.example, *.c.ac.example\n"),
        &g, &why);
    tap_ok(code == SK_OK && groups_count(g) == 3, "three groups");
    tap_ok(bytes_is(group_of(g, "anybody@sales.example.jp"), "sales") &&
               bytes_is(group_of(g, "hanako@example.jp"), "schools"),
           "all of a domain, however it is written");
    tap_ok(bytes_is(group_of(g, "taro@example.jp"), "sales"),
           "an address before its domain, without its detail");
    tap_ok(group_of(g, "taro@sub.sales.example.jp").size == 0 &&
               group_of(g, "taro@example.com").size == 0,
           "of a domain that nobody named: none");
    tap_ok(bytes_is(group_of(g, "k@one.school.example"), "schools") &&
               bytes_is(group_of(g, "k@two.one.school.example"), "schools") &&
               group_of(g, "k@school.example").size == 0 &&
               group_of(g, "k@preschool.example").size == 0,
           "*.domain: those below it, not itself");
    tap_ok(bytes_is(group_of(g, "k@a.ac.example"), "one") &&
               bytes_is(group_of(g, "x@b.ac.example"), "one") &&
               bytes_is(group_of(g, "y@b.ac.example"), "schools") &&
               bytes_is(group_of(g, "y@d.c.ac.example"), "one"),
           "who names him most exactly has him");
    tap_ok(groups_of(NULL, BYTES("a@b.example")) == 0 && groups_count(NULL) == 0 &&
               groups_name(g, 0).size == 0 && groups_of(g, BYTES("")) == 0,
           "nothing is in no group");
    uint64_t id = groups_id(g, 0);
    code = read_groups(BYTES("[group other]\nmembers = @x.example\n[group sales]\nmembers "
                             "= @y.example\n"),
                       &g, &why);
    tap_ok(code == SK_OK && groups_id(g, 1) == id && groups_id(g, 0) != id,
           "a group's number is of its name alone");
    code = read_groups(BYTES_NONE, &g, &why);
    tap_ok(code == SK_OK && groups_count(g) == 0, "none");
}

static void
refused(const char *text, size_t line, const char *part)
{
    const struct groups *g;
    struct why why = {0};
    enum sk_code code = read_groups(bytes_from_text(text), &g, &why);

    tap_ok(code == SK_CONFIG && why.line == line &&
               bytes_find(bytes_from_text(why.sentence), bytes_from_text(part), 0) !=
                   BYTES_NOWHERE,
           "refused: %s (line %zu: %s)", part, why.line, why.sentence);
}

static void
test_errors(void)
{
    refused(
        "[group a]\nmembers = @x.example\n\n[group b]\nmembers = y@y.example @X.example\n",
        5, "@X.example is a member of group a already");
    refused("[group a]\nmembers = taro\n", 2, "write an address");
    refused("[group a]\nmembers = *.\n", 2, "write an address");
    refused("[group a]\nmembers = *.a@b.example\n", 2, "write an address");
    refused("[group a]\nmembers = *\n", 2, "write an address");
    refused("# nothing\n[group a]\n", 2, "neither members nor a file");
    refused("[group a]\nfile = /nonexistent/members\n", 2, "/nonexistent/members");
    struct writer w;
    writer_init(&w, &arena);
    writer_text(&w, "[group ");
    for (int i = 0; i < GROUP_NAME_MOST; i++) {
        writer_byte(&w, 'n');
    }
    const struct groups *g;
    struct why why;
    struct bytes name = bytes_copy(&arena, writer_view(&w));
    writer_text(&w, "]\nmembers = @x.example\n");
    tap_ok(read_groups(writer_view(&w), &g, &why) == SK_OK, "a name of %d bytes",
           GROUP_NAME_MOST);
    writer_init(&w, &arena);
    writer_bytes(&w, name);
    writer_text(&w, "n]\nmembers = @x.example\n");
    refused(writer_c(&w), 1, "over 64 bytes");
}

static void
test_file(void)
{
    const struct groups *g;
    struct why why;
    struct writer w;
    char path[] = "/tmp/groups-XXXXXX";
    int fd = mkstemp(path);

    SK_ASSERT(fd >= 0 && dprintf(fd, "# ours\n\n  a@x.example \r\n@y.example\n") > 0);
    writer_init(&w, &arena);
    writer_format(&w, "[group a]\nmembers = b@x.example\nfile = %s\n", path);
    tap_ok(read_groups(writer_view(&w), &g, &why) == SK_OK &&
               bytes_is(group_of(g, "a@x.example"), "a") &&
               bytes_is(group_of(g, "b@x.example"), "a") &&
               bytes_is(group_of(g, "z@y.example"), "a"),
           "members in a file beside the others");
    SK_ASSERT(dprintf(fd, "nobody\n") > 0);
    struct bytes text = bytes_copy(&arena, writer_view(&w));
    refused(bytes_text(&arena, text), 3, "line 5 of ");
    close(fd);
    unlink(path);
}

static void
test_bounds(void)
{
    const struct groups *g;
    struct why why;
    struct writer w, members;
    char path[] = "/tmp/groups-XXXXXX";
    int fd = mkstemp(path);

    writer_init(&w, &arena);
    for (int i = 0; i < LIMIT_GROUPS; i++) {
        writer_format(&w, "[group g%d]\nmembers = @d%d.example\n", i, i);
    }
    tap_ok(read_groups(writer_view(&w), &g, &why) == SK_OK &&
               groups_count(g) == LIMIT_GROUPS,
           "%d groups", LIMIT_GROUPS);
    writer_text(&w, "[group more]\nmembers = @more.example\n");
    refused(writer_c(&w), 2 * LIMIT_GROUPS + 1, "more than 64 groups");

    writer_init(&members, &arena);
    for (int i = 0; i < LIMIT_GROUP_MEMBERS - 1; i++) {
        writer_format(&members, "u%d@x.example\n", i);
    }
    struct bytes all = writer_view(&members);
    SK_ASSERT(fd >= 0 && write(fd, all.at, all.size) == (ssize_t)all.size);
    writer_init(&w, &arena);
    writer_format(&w, "[group a]\nmembers = b@x.example\nfile = %s\n", path);
    tap_ok(read_groups(writer_view(&w), &g, &why) == SK_OK, "%d members",
           LIMIT_GROUP_MEMBERS);
    SK_ASSERT(write(fd, "more@x.example\n", 15) == 15);
    refused(writer_c(&w), 3, "more than 65536 members");
    SK_ASSERT(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    for (int i = 0; i < LIMIT_GROUP_FILE / 64; i++) {
        SK_ASSERT(write(fd,
                        "# a remark of sixty-four bytes, which nobody reads, not even we\n",
                        64) == 64);
    }
    tap_ok(read_groups(writer_view(&w), &g, &why) == SK_OK, "a file of %d bytes",
           LIMIT_GROUP_FILE);
    SK_ASSERT(write(fd, "\n", 1) == 1);
    refused(writer_c(&w), 3, path);
    close(fd);
    unlink(path);
}

int
main(void)
{
    size_t count = 0;

    arena_init(&arena, 512u << 20);
    for (const struct config_key *key = permit_config_keys; key->name != NULL; key++) {
        keys[count++] = *key;
    }
    for (const struct config_key *key = groups_config_keys; key->name != NULL; key++) {
        keys[count++] = *key;
    }
    test_members();
    test_errors();
    test_file();
    test_bounds();
    arena_release(&arena);
    return tap_done();
}
