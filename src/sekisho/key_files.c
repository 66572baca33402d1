#define SK_BASE
#include "sekisho/key_files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/frame.h"
#include "net/key_ring.h"
#include "sekisho/roles.h"
#include "sekisho/wire.h"

#define ANSWER_MS 5000 /* trying an RSA key of 8192 bits takes 0.1 s */

static enum sk_code
key_file_open(struct key_files *keys, const struct settings *settings,
              const struct tls_context *tls, const char *row, struct why *why)
{
    struct key_file *file = &keys->files[keys->count];
    struct bytes path = config_text(settings->config, row);
    struct arena arena;
    struct stat status;
    struct why cause;

    if (tls == NULL) {
        return SK_OK;
    }
    arena_init(&arena, ARENA_BLOCK_SIZE);
    /* A pipe without a writer must not keep us. */
    int fd = open(bytes_text(&arena, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    arena_release(&arena);
    if (fd < 0 || fstat(fd, &status) != 0) {
        (void)!why_set(&cause, SK_SYSTEM, "the key %.*s cannot be read",
                       BYTES_ARGUMENTS(path));
        if (fd >= 0) {
            close(fd);
        }
        return why_set_line(why, SK_CONFIG, config_line(settings->config, row),
                            "line %zu: %s: %s", config_line(settings->config, row), row,
                            cause.sentence);
    }
    if ((status.st_mode & 07) != 0) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "%s: anybody on this machine may read %.*s: chmod o= it", row,
                 BYTES_ARGUMENTS(path));
    }
    *file = (struct key_file){.fd = fd, .fits = key_id_start(tls->key), .row = row};
    keys->count++;
    return SK_OK;
}

enum sk_code
key_files_open(struct key_files *keys, const struct settings *settings, struct why *why)
{
    *keys = (struct key_files){.count = 0};
    enum sk_code code =
        key_file_open(keys, settings, settings->arrive->tls, "transfer.tls_key", why);
    if (code == SK_OK) {
        code = key_file_open(keys, settings, settings->report_tls, "report.tls_key", why);
    }
    if (code != SK_OK) {
        key_files_close(keys);
    }
    return code;
}

void
key_files_close(struct key_files *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        close(keys->files[i].fd);
    }
    keys->count = 0;
}

static enum sk_code
await_answer(int control, enum key_load *load_r, struct why *why)
{
    int64_t end_ms = clock_monotonic_ms() + ANSWER_MS;
    enum sk_code code = SK_MORE;

    while (code == SK_MORE) {
        struct pollfd ready = {.fd = control, .events = POLLIN};
        int64_t left_ms = end_ms - clock_monotonic_ms();
        uint32_t type;
        uint64_t token;
        int given;
        if (left_ms <= 0 || (poll(&ready, 1, (int)left_ms) < 0 && errno != EINTR)) {
            break;
        }
        code = frame_receive_fd(control, &type, &token, &given, why);
        if (code == SK_OK && given >= 0) {
            close(given);
        }
        if (code == SK_OK) {
            *load_r = (enum key_load)token;
            code = type == CONTROL_KEY && token <= KEY_MANY ? SK_OK : SK_MORE;
        }
    }
    return code == SK_OK ? SK_OK
                         : why_set(why, SK_LATER,
                                   "the key process does not answer: its keys stay as they "
                                   "were");
}

enum sk_code
key_files_hand(const struct key_files *keys, const struct settings *settings, int control,
               struct why *why)
{
    enum sk_code code;
    uint32_t type;
    uint64_t token;
    int given;

    while (frame_receive_fd(control, &type, &token, &given, why) == SK_OK) {
        if (given >= 0) { /* an answer that came too late the last time */
            close(given);
        }
    }
    code = frame_send_fd(control, CONTROL_KEYS, KEY_TURN_BEGIN, -1, why);
    for (size_t i = 0; code == SK_OK && i < keys->count; i++) {
        const struct key_file *file = &keys->files[i];
        size_t line = config_line(settings->config, file->row);
        enum key_load load = KEY_LOADED;
        code = frame_send_fd(control, CONTROL_KEY, file->fits, file->fd, why);
        if (code == SK_OK) {
            code = await_answer(control, &load, why);
        }
        if (code == SK_OK && load != KEY_LOADED) {
            code = why_set_line(why, SK_CONFIG, line, "line %zu: %s: the key %.*s %s", line,
                                file->row,
                                BYTES_ARGUMENTS(config_text(settings->config, file->row)),
                                key_load_words(load));
        }
    }
    return code;
}

void
key_files_commit(int control)
{
    struct why why;

    if (frame_send_fd(control, CONTROL_KEYS, KEY_TURN_COMMIT, -1, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
    }
}

enum sk_code
key_files_check(const struct settings *settings, struct why *why)
{
    struct key_files keys;
    enum sk_code code = key_files_open(&keys, settings, why);
    int pair[2];

    if (code != SK_OK || keys.count == 0) {
        return code;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        code = why_set(why, SK_SYSTEM, "no socket pair could be had");
        key_files_close(&keys);
        return code;
    }
    pid_t child = fork();
    if (child == 0) {
        const struct role_start start = {.control = pair[1]};
        close(pair[0]);
        _exit(role_keys(&start));
    }
    close(pair[1]);
    code = child > 0 ? key_files_hand(&keys, settings, pair[0], why)
                     : why_set(why, SK_SYSTEM, "no process could be had to try the keys");
    close(pair[0]);
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    key_files_close(&keys);
    return code;
}
