/* `sekisho serve`: the supervisor. It binds the sockets, starts the key process and the keeper, and when the
 * record is open the workers and the clerk; it starts again whoever dies.
 *
 * It reads no mail and holds no message. Its whole life is one poll loop over one signalfd:
 *
 *     SIGHUP   read the configuration again; if it is good, every worker gets it for new sessions
 *     SIGTERM  SIGINT: workers finish what they have in hand, then the keeper closes the record; a second one ends all now
 *     SIGCHLD  start again what died, after a wait that grows while it keeps dying
 */
#define SK_BASE
#include "report/dmarc_settings.h"
#include "sekisho/commands.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "dns/resolver.h"
#include "judge/group_weights.h"
#include "judge/personal.h"
#include "judge/thread_table.h"
#include "net/listen.h"
#include "record/keys.h"
#include "report/clerk.h"
#include "sekisho/files.h"
#include "sekisho/model_file.h"
#include "sekisho/opener.h"
#include "sekisho/options.h"
#include "sekisho/place_tables.h"
#include "sekisho/supervisor.h"

/* Binds one place; words about a failure name the key and the address. */
static enum sk_code
supervisor_listen(struct supervisor *s, const char *key,
                  const struct net_endpoint *endpoint, int *fd_r, struct why *why)
{
    struct writer place;
    struct why cause;

    if (net_listen(endpoint, fd_r, &cause) == SK_OK) {
        return SK_OK;
    }
    writer_init(&place, &s->arena);
    net_endpoint_write(&place, endpoint);
    return why_set(why, SK_CONFIG, "%s: nothing can listen at %s: %s", key,
                   writer_c(&place), cause.sentence);
}

static enum sk_code
supervisor_bind(struct supervisor *s, struct why *why)
{
    const struct arrive_settings *arrive = s->settings->arrive;
    struct net_endpoint endpoint;

    s->sockets = ARENA_NEW_MANY(&s->arena, arrive->place_count, struct doors_socket);
    for (size_t i = 0; i < arrive->place_count; i++) {
        s->sockets[i].kind = arrive->places[i].kind;
        enum sk_code code = supervisor_listen(
            s, arrive->places[i].kind == DOORS_HTTP ? "http.listen" : "transfer.listen",
            &arrive->places[i].endpoint, &s->sockets[i].fd, why);
        if (code != SK_OK) {
            return code;
        }
        s->socket_count++;
    }
    s->clerk_socket = -1;
    struct bytes listen = config_text(s->settings->config, "report.listen");
    if (listen.size > 0) {
        enum sk_code code = net_endpoint_read(listen, &endpoint, why);
        if (code == SK_OK && !endpoint.loopback && s->settings->report_tls == NULL) {
            code =
                why_set(why, SK_CONFIG,
                        "report.listen must be a loopback address as long as there is no "
                        "report.tls_certificate: passwords would pass in plain");
        }
        return code != SK_OK ? code
                             : supervisor_listen(s, "report.listen", &endpoint,
                                                 &s->clerk_socket, why);
    }
    return SK_OK;
}

static void
supervisor_children(struct supervisor *s)
{
    int64_t workers = config_number(s->settings->config, "workers");

    if (workers == 0) {
        workers = sysconf(_SC_NPROCESSORS_ONLN);
        workers = workers < 1 ? 1 : workers > WORKERS_MAX ? WORKERS_MAX : workers;
    }
    s->memory_bytes = memory_share(s->settings->config, (size_t)workers);
    s->children[s->child_count++] = (struct child){.role = ROLE_KEEPER, .control = -1};
    s->children[s->child_count++] = (struct child){.role = ROLE_KEYS, .control = -1};
    /* The clerk answers people, tells them of alarms, and goes round the witnesses. */
    if (s->clerk_socket >= 0 || s->settings->alarm->target_count > 0 ||
        config_choice(s->settings->config, "dmarc_report.send") != DMARC_SEND_NO ||
        config_named_count(s->settings->config, "witness") > 0) {
        s->children[s->child_count++] = (struct child){.role = ROLE_CLERK, .control = -1};
    }
    if (config_bool(s->settings->config, "attachments.open")) {
        if (opener_find(s->opener_path)) {
            s->children[s->child_count++] =
                (struct child){.role = ROLE_OPENER, .control = -1};
        } else {
            log_line(LOG_LEVEL_WARNING, NULL,
                     "the program sekisho-opener is not there: no attachment is opened");
        }
    }
    for (unsigned i = 0; i < workers; i++) {
        s->children[s->child_count++] =
            (struct child){.role = ROLE_WORKER, .number = i, .control = -1};
    }
}

/* One that the keeper writes to is made while we may still be root, and given to the user the keeper becomes. */
static enum sk_code
supervisor_folder(struct supervisor *s, const char *what, const char *folder,
                  struct why *why)
{
    struct bytes user = config_text(s->settings->config, "user");

    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return why_set(why, SK_SYSTEM, "the %s folder %s cannot be made", what, folder);
    }
    if (user.size > 0 && geteuid() == 0) {
        struct passwd *entry = getpwnam(bytes_text(&s->arena, user));
        if (entry == NULL) {
            return why_set(why, SK_CONFIG,
                           "there is no system user \"%.*s\": make it (adduser "
                           "--system) or leave `user` away",
                           BYTES_ARGUMENTS(user));
        }
        if (chown(folder, entry->pw_uid, entry->pw_gid) != 0) {
            return why_set(why, SK_SYSTEM, "the %s folder %s cannot be given away", what,
                           folder);
        }
    }
    return SK_OK;
}

/* A made-up zone is read by each worker; that it can be read is found out before any of them is started. */
static enum sk_code
supervisor_zone(const struct settings *settings, struct why *why)
{
    struct bytes path = config_text(settings->config, "dns.zone"), text;
    struct dns_zone *zone;
    struct arena arena;
    struct why cause;

    if (path.size == 0) {
        return SK_OK;
    }
    arena_init(&arena, (size_t)1 << 28);
    enum sk_code code =
        file_read(&arena, bytes_text(&arena, path), LIMIT_MESSAGE, &text, &cause);
    if (code == SK_OK) {
        code = dns_zone_read(&arena, text, &zone, &cause);
    }
    if (code != SK_OK) {
        code = why_set(why, SK_CONFIG, "dns.zone: %s: %s", bytes_text(&arena, path),
                       cause.sentence);
    }
    arena_release(&arena);
    return code;
}

/* What this checkpoint learned before goes on from there. */
static enum sk_code
supervisor_learned(struct supervisor *s, struct why *why)
{
    struct writer w;

    writer_init(&w, &s->arena);
    writer_bytes(&w, config_text(s->settings->config, "record.folder"));
    writer_text(&w, "/" LEARNED_MODEL);
    return access(writer_c(&w), R_OK) == 0 ? judge_swap(s->judge, writer_c(&w), why)
                                           : SK_OK;
}

static enum sk_code
supervisor_open(struct supervisor *s, struct why *why)
{
    struct bytes text;
    enum sk_code code = settings_file(&s->arena, s->path, &text, why);

    if (code == SK_OK) {
        code = settings_new(text, &s->settings, why);
    }
    if (code == SK_OK) {
        log_set_level((enum log_level)config_choice(s->settings->config, "log"));
        log_set_format((enum log_format)config_choice(s->settings->config, "log_format"));
        code = supervisor_folder(
            s, "record",
            bytes_text(&s->arena, config_text(s->settings->config, "record.folder")), why);
    }
    if (code == SK_OK) {
        code =
            supervisor_folder(s, "keys'", keys_folder(&s->arena, s->settings->config), why);
    }
    if (code == SK_OK) {
        code = supervisor_zone(s->settings, why);
    }
    if (code == SK_OK) {
        code = place_tables_open(s->settings, true, NULL, why);
    }
    if (code == SK_OK) {
        code = model_file_open(s->settings->config, &s->model_file, why);
    }
    if (code == SK_OK) {
        code = judge_open(&s->arena, s->settings->config, &s->judge, why);
    }
    if (code == SK_OK) {
        code = supervisor_learned(s, why);
    }
    if (code == SK_OK) {
        struct bytes detail = config_text(s->settings->config, "permit.detail");
        code = personal_open(&s->personal, why);
        judge_use_personal(s->judge, code == SK_OK ? s->personal : NULL,
                           detail.size > 0 ? detail.at[0] : 0);
    }
    if (code == SK_OK) {
        code = thread_table_open(&s->arena, &s->threads, why);
        judge_use_threads(s->judge, code == SK_OK ? s->threads : NULL);
    }
    if (code == SK_OK) {
        code = group_weights_open(&s->group_weights, why);
        judge_use_group_weights(s->judge, code == SK_OK ? s->group_weights : NULL);
    }
    if (code == SK_OK) {
        code = supervisor_bind(s, why);
    }
    if (code == SK_OK) {
        code = key_files_open(&s->keys, s->settings, why);
    }
    return code;
}

int
serve_command(int count, char **arguments)
{
    static struct supervisor supervisor;
    struct supervisor *s = &supervisor;
    static const struct option_row rows[] = {
        {"config", "FILE", "configuration to use (" SETTINGS_PATH ")"},
        {"check", NULL, "only read the configuration, say what is wrong with it, and end"},
        {0},
    };
    struct options options;
    sigset_t minded;
    struct why why;

    if (!options_read(&options, "serve [--config FILE] [--check]",
                      "Runs the checkpoint in the foreground, until it is told to end.",
                      rows, count, arguments)) {
        return options.status;
    }
    s->path =
        options_has(&options, "config") ? options_value(&options, "config") : SETTINGS_PATH;
    log_set_role("supervisor");
    arena_init(&s->arena, (size_t)1 << 30);
    if (supervisor_open(s, &why) != SK_OK) {
        bool named = bytes_starts(bytes_from_text(why.sentence), bytes_from_text(s->path));
        log_line(LOG_LEVEL_ERROR, NULL, "%s%s%s", named ? "" : s->path, named ? "" : ": ",
                 why.sentence);
        return EXIT_CONFIG;
    }
    if (options_has(&options, "check")) {
        if (key_files_check(s->settings, &why) != SK_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "%s: %s", s->path, why.sentence);
            return EXIT_CONFIG;
        }
        printf("%s: the configuration is good\n", s->path);
        return 0;
    }
    sigemptyset(&minded);
    sigaddset(&minded, SIGHUP);
    sigaddset(&minded, SIGTERM);
    sigaddset(&minded, SIGINT);
    sigaddset(&minded, SIGCHLD);
    sigprocmask(SIG_BLOCK, &minded, NULL);
    int signals = signalfd(-1, &minded, SFD_NONBLOCK | SFD_CLOEXEC);
    SK_ASSERT(signals >= 0);
    s->counts = mmap(NULL, sizeof *s->counts, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s->counts == MAP_FAILED) {
        log_line(LOG_LEVEL_ERROR, NULL, "no shared memory could be had");
        return EXIT_SYSTEM;
    }
    if (suspects_open(&s->suspects, &s->suspects_fd, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        return EXIT_SYSTEM;
    }
    s->counts->started_ms = clock_monotonic_ms();
    supervisor_children(s);
    child_start(s,
                keys_of(s)); /* first: small, and before anything of others is in memory */
    if (!s->keys_good) {
        kill(keys_of(s)->pid, SIGKILL);
        return EXIT_CONFIG;
    }
    s->begin_at_ms = clock_monotonic_ms() + OPEN_MS;
    int status = supervisor_run(s, signals);
    log_line(LOG_LEVEL_NOTICE, NULL, "ended");
    return status;
}
