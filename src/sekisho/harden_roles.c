/* What each role of this checkpoint may still reach. */
#define SK_BASE
#include "sekisho/harden.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/writer.h"
#include "parse/domain.h"
#include "record/keys.h"
#include "sekisho/roles.h"

#define PATHS_MAX 24

struct paths {
    struct arena *arena;
    struct harden_path list[PATHS_MAX];
    size_t count;
};

static void
add(struct paths *paths, const char *path, enum harden_right right)
{
    SK_ASSERT(paths->count < PATHS_MAX);
    if (path[0] != '\0') {
        paths->list[paths->count++] = (struct harden_path){path, right};
    }
}

static void
add_config(struct paths *paths, const struct config *config, const char *key,
           enum harden_right right)
{
    add(paths, bytes_text(paths->arena, config_text(config, key)), right);
}

static void
add_all(struct paths *paths, const char *const *list)
{
    for (; *list != NULL; list++) {
        add(paths, *list, HARDEN_READ);
    }
}

/* SQLite seeds itself; getpwuid(3) names who gave a command; clocks are told in local time. */
static const char *const people[] = {
    "/dev/urandom",   "/etc/passwd",         "/etc/group", "/etc/nsswitch.conf",
    "/etc/localtime", "/usr/share/zoneinfo", NULL};
/* Where an alarm's webhook lives, and who vouches for it. */
static const char *const names[] = {"/etc/resolv.conf",
                                    "/etc/hosts",
                                    "/etc/host.conf",
                                    "/etc/gai.conf",
                                    "/etc/services",
                                    "/etc/ssl",
                                    "/usr/lib/ssl",
                                    "/usr/share/ca-certificates",
                                    "/usr/local/share/ca-certificates",
                                    NULL};

static void
keeper_paths(struct paths *paths, const struct settings *settings)
{
    struct bytes maildir = settings->arrive->next_hop.maildir;

    add_config(paths, settings->config, "record.folder", HARDEN_WRITE);
    add(paths, keys_folder(paths->arena, settings->config), HARDEN_WRITE);
    add_all(paths, people);
    if (maildir.size > 0) {
        const char *root = bytes_text(paths->arena, maildir);
        (void)!mkdir(root, 0700); /* a rule needs something to stand on */
        add(paths, root, HARDEN_WRITE);
    }
}

/* The console's files are where the configuration says, or beside the program (report/clerk.c). */
static void
console_paths(struct paths *paths, const struct config *config)
{
    static const char *const places[] = {"/console", "/../share/sekisho/console"};
    char program[4096];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program);
    struct bytes folder = bytes_of(program, size > 0 ? (size_t)size : 0);
    size_t slash = bytes_find_last(folder, '/');

    add_config(paths, config, "report.console", HARDEN_READ);
    folder = bytes_slice(folder, 0, slash == BYTES_NOWHERE ? 0 : slash);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct writer w;
        writer_init(&w, paths->arena);
        writer_bytes(&w, folder);
        writer_text(&w, places[i]);
        add(paths, writer_c(&w), HARDEN_READ);
    }
}

static void
purger_paths(struct paths *paths, const struct settings *settings)
{
    struct writer w;

    writer_init(&w, paths->arena);
    writer_bytes(&w, config_text(settings->config, "record.folder"));
    writer_text(&w, "/journal");
    add_config(paths, settings->config, "record.folder", HARDEN_READ);
    add(paths, writer_c(&w), HARDEN_WRITE);
}

static void
clerk_paths(struct paths *paths, const struct settings *settings)
{
    console_paths(paths, settings->config);
    add_config(paths, settings->config, "record.folder", HARDEN_READ);
    add_config(paths, settings->config, "alarm.webhook_secret", HARDEN_READ);
    add_all(paths, people);
    add_all(paths, names);
}

enum sk_code
harden_role(enum harden_role role, const struct role_start *start, struct why *why)
{
    const struct settings *settings = start->settings;
    struct arena arena;
    struct paths paths = {.arena = &arena};

    arena_init(&arena, 1u << 20);
    /* What libraries read when they are first used is read now. */
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS |
                            OPENSSL_INIT_ADD_ALL_DIGESTS,
                        NULL);
    tzset();
    json_object_seed(0); /* at random: without /dev/urandom it would be the time */
    if (role == HARDEN_WORKER) {
        (void)domain_suffix_known(BYTES("jp")); /* the list of public suffixes */
    }
    if (role == HARDEN_KEEPER) {
        keeper_paths(&paths, settings);
    } else if (role == HARDEN_CLERK) {
        clerk_paths(&paths, settings);
    } else if (role == HARDEN_PURGER) {
        purger_paths(&paths, settings);
    }
    const struct harden harden = {
        .role = role,
        .strict = config_choice(settings->config, "harden") == 1,
        .paths = paths.list,
        .path_count = paths.count,
        .memory_bytes = role == HARDEN_WORKER ? start->memory_bytes : 0,
    };
    enum sk_code code = harden_process(&harden, why);
    arena_release(&arena);
    return code;
}
