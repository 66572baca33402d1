#define SK_BASE
#include "sekisho/key_files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/writer.h"
#include "net/frame.h"
#include "net/paper_keys.h"
#include "net/tls_remote.h"
#include "record/keys.h"
#include "sekisho/roles.h"
#include "sekisho/wire.h"
#include "trace/arc_settings.h"
#include "trace/batv.h"
#include "trace/sign.h"

#define ANSWER_MS 5000 /* trying an RSA key of 8192 bits takes 0.1 s */

/* SK_CONFIG: it cannot be had, in the words of file->what. */
static enum sk_code
key_file_add(struct key_files *keys, const char *path, enum key_use use, uint64_t fits,
             size_t line, const char *row, struct why *why)
{
    struct key_file file = {.fd = -1, .use = use, .fits = fits, .line = line};
    struct stat status;
    struct why cause;

    snprintf(file.what, sizeof file.what, "%s: the key %.200s", row, path);
    if (keys->count == LIMIT_KEYS) {
        return why_set_line(why, SK_CONFIG, line, "%s %s", file.what,
                            key_load_words(KEY_MANY));
    }
    /* A pipe without a writer must not keep us. */
    file.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file.fd < 0 || fstat(file.fd, &status) != 0) {
        (void)!why_set(&cause, SK_SYSTEM, "the key %.200s cannot be read", path);
        if (file.fd >= 0) {
            close(file.fd);
        }
        return line > 0 ? why_set_line(why, SK_CONFIG, line, "line %zu: %s: %s", line, row,
                                       cause.sentence)
                        : why_set(why, SK_CONFIG, "%s: %s", row, cause.sentence);
    }
    if ((status.st_mode & 07) != 0) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "%s: anybody on this machine may read %s: chmod o= it", row, path);
    }
    keys->files[keys->count++] = file;
    return SK_OK;
}

static enum sk_code
key_file_of_tls(struct key_files *keys, const struct settings *settings,
                const struct tls_context *tls, const char *row, struct why *why)
{
    struct arena arena;

    if (tls == NULL) {
        return SK_OK;
    }
    arena_init(&arena, ARENA_BLOCK_SIZE);
    enum sk_code code = key_file_add(
        keys, bytes_text(&arena, config_text(settings->config, row)), KEY_FOR_TLS,
        key_id_start(tls->key), config_line(settings->config, row), row, why);
    arena_release(&arena);
    return code;
}

static enum sk_code
key_file_of_domain(struct key_files *keys, const struct sign_domain *domain,
                   const struct sign_key *key, const char *row, struct why *why)
{
    struct arena arena;
    char what[90];

    if (key->path.size == 0) {
        return SK_OK;
    }
    snprintf(what, sizeof what, "[sign %.*s] %s",
             domain->domain.size < 60 ? (int)domain->domain.size : 60,
             (const char *)domain->domain.at, row);
    arena_init(&arena, ARENA_BLOCK_SIZE);
    enum sk_code code =
        key_file_add(keys, bytes_text(&arena, key->path),
                     key->ed25519 ? KEY_FOR_DKIM_ED25519 : KEY_FOR_DKIM_RSA,
                     paper_key_name("sign", domain->domain, key->selector), 0, what, why);
    arena_release(&arena);
    return code;
}

static enum sk_code
key_files_of_sign(struct key_files *keys, const struct sign_settings *sign, struct why *why)
{
    static const char *const rows[2][SIGN_KINDS] = {{"key_rsa", "key_ed25519"},
                                                    {"next_key_rsa", "next_key_ed25519"}};
    enum sk_code code = SK_OK;

    for (size_t i = 0; i < sign->domain_count; i++) {
        const struct sign_domain *domain = &sign->domains[i];
        for (int kind = 0; kind < SIGN_KINDS && code == SK_OK; kind++) {
            code =
                key_file_of_domain(keys, domain, &domain->keys[kind], rows[0][kind], why);
            if (code == SK_OK) {
                code = key_file_of_domain(keys, domain, &domain->next[kind], rows[1][kind],
                                          why);
            }
        }
    }
    return code;
}

static enum sk_code
key_files_of_seal(struct key_files *keys, const struct settings *settings, struct why *why)
{
    const struct arc_seal_settings *seal = settings->trace->seal;
    struct arena arena;

    if (seal == NULL) {
        return SK_OK;
    }
    arena_init(&arena, ARENA_BLOCK_SIZE);
    enum sk_code code =
        key_file_add(keys, bytes_text(&arena, seal->key), KEY_FOR_DKIM_RSA,
                     paper_key_name("seal", seal->domain, seal->selector),
                     config_line(settings->config, "seal.key"), "seal.key", why);
    arena_release(&arena);
    return code;
}

/* A new secret, written without a process of ours ever reading it again but the key process. */
static bool
secret_make(const char *path)
{
    uint8_t secret[KEY_SECRET_SIZE];
    char text[2 * KEY_SECRET_SIZE + 2];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        return errno == EEXIST;
    }
    hash_random(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++) {
        snprintf(text + 2 * i, 3, "%02x", secret[i]);
    }
    text[2 * KEY_SECRET_SIZE] = '\n';
    bool done = write(fd, text, 2 * KEY_SECRET_SIZE + 1) == 2 * KEY_SECRET_SIZE + 1 &&
                fsync(fd) == 0;
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(text, sizeof text);
    close(fd);
    if (!done) {
        (void)unlink(path);
    }
    return done;
}

/* The one that tags must be there; of the others those that are. make: or is made. */
static enum sk_code
key_files_of_tags(struct key_files *keys, const struct settings *settings, bool make,
                  struct why *why)
{
    const struct batv_settings *batv = settings->trace->batv;
    struct arena arena;
    enum sk_code code = SK_OK;

    if (batv->domain_count == 0) {
        return SK_OK;
    }
    arena_init(&arena, 4 * ARENA_BLOCK_SIZE);
    for (unsigned number = 0; number < 10 && code == SK_OK; number++) {
        struct writer w;
        writer_init(&w, &arena);
        if (batv->secret.size > 0) {
            writer_bytes(&w, batv->secret);
        } else {
            writer_text(&w, keys_folder(&arena, settings->config));
            writer_text(&w, "/bounce");
        }
        writer_format(&w, ".%u", number);
        const char *path = writer_c(&w);
        bool used = number == batv->key;
        if (access(path, F_OK) != 0 && (!used || !make || !secret_make(path))) {
            if (used && make) {
                code = why_set(why, SK_CONFIG, "bounce.secret: %s cannot be made", path);
            }
            continue;
        }
        const uint8_t digit = (uint8_t)('0' + number);
        code = key_file_add(keys, path, KEY_FOR_TAG,
                            paper_key_name("tag", BYTES_NONE, bytes_of(&digit, 1)), 0,
                            "bounce.secret", why);
    }
    arena_release(&arena);
    return code;
}

static enum sk_code
open_all(struct key_files *keys, const struct settings *settings, bool make,
         struct why *why)
{
    keys->count = 0;
    enum sk_code code =
        key_file_of_tls(keys, settings, settings->arrive->tls, "transfer.tls_key", why);
    if (code == SK_OK) {
        code = key_file_of_tls(keys, settings, settings->report_tls, "report.tls_key", why);
    }
    if (code == SK_OK) {
        code = key_files_of_sign(keys, settings->trace->sign, why);
    }
    if (code == SK_OK) {
        code = key_files_of_seal(keys, settings, why);
    }
    if (code == SK_OK) {
        code = key_files_of_tags(keys, settings, make, why);
    }
    if (code != SK_OK) {
        key_files_close(keys);
    }
    return code;
}

enum sk_code
key_files_open(struct key_files *keys, const struct settings *settings, struct why *why)
{
    return open_all(keys, settings, true, why);
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
            code = type == CONTROL_KEY && token <= KEY_NO_SECRET ? SK_OK : SK_MORE;
        }
    }
    return code == SK_OK ? SK_OK
                         : why_set(why, SK_LATER,
                                   "the key process does not answer: its keys stay as they "
                                   "were");
}

enum sk_code
key_files_hand(const struct key_files *keys, int control, struct why *why)
{
    static const enum wire_control brings[] = {[KEY_FOR_TLS] = CONTROL_KEY,
                                               [KEY_FOR_DKIM_RSA] = CONTROL_KEY_RSA,
                                               [KEY_FOR_DKIM_ED25519] = CONTROL_KEY_ED25519,
                                               [KEY_FOR_TAG] = CONTROL_KEY_TAG};
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
        enum key_load load = KEY_LOADED;
        code = frame_send_fd(control, brings[file->use], file->fits, file->fd, why);
        if (code == SK_OK) {
            code = await_answer(control, &load, why);
        }
        if (code == SK_OK && load != KEY_LOADED && file->line > 0) {
            code = why_set_line(why, SK_CONFIG, file->line, "line %zu: %s %s", file->line,
                                file->what, key_load_words(load));
        } else if (code == SK_OK && load != KEY_LOADED) {
            code = why_set(why, SK_CONFIG, "%s %s", file->what, key_load_words(load));
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

/* A key process as our child; its control socket. */
static enum sk_code
start_lender(struct key_lender *lender, struct why *why)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return why_set(why, SK_SYSTEM, "no socket pair could be had");
    }
    lender->child = fork();
    if (lender->child == 0) {
        const struct role_start start = {.control = pair[1]};
        close(pair[0]);
        _exit(role_keys(&start));
    }
    close(pair[1]);
    lender->control = pair[0];
    if (lender->child < 0) {
        close(pair[0]);
        return why_set(why, SK_SYSTEM, "no process could be had to try the keys");
    }
    return SK_OK;
}

static void
end_lender(struct key_lender *lender)
{
    close(lender->control);
    kill(lender->child, SIGKILL);
    waitpid(lender->child, NULL, 0);
}

/* Hands it a channel of ours. */
static enum sk_code
open_channel(const struct key_lender *lender, struct why *why)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return why_set(why, SK_SYSTEM, "no socket pair could be had");
    }
    enum sk_code code = frame_send_fd(lender->control, CONTROL_PEER, 0, pair[1], why);
    close(pair[1]);
    if (code != SK_OK) {
        close(pair[0]);
        return code;
    }
    tls_remote_channel(pair[0]);
    return SK_OK;
}

enum sk_code
key_files_borrow(struct key_lender *lender, const struct settings *settings,
                 struct why *why)
{
    struct key_files keys = {.count = 0};
    enum sk_code code = key_files_of_sign(&keys, settings->trace->sign, why);

    if (code == SK_OK) {
        code = key_files_of_seal(&keys, settings, why);
    }
    if (code == SK_OK) {
        code = key_files_of_tags(&keys, settings, false, why);
    }
    if (code == SK_OK) {
        code = start_lender(lender, why);
    }
    if (code == SK_OK) {
        code = key_files_hand(&keys, lender->control, why);
        if (code == SK_OK) {
            key_files_commit(lender->control);
            code = open_channel(lender, why);
        }
        if (code != SK_OK) {
            end_lender(lender);
        }
    }
    key_files_close(&keys);
    return code;
}

void
key_files_return(struct key_lender *lender)
{
    tls_remote_channel(-1);
    end_lender(lender);
}

enum sk_code
key_files_check(const struct settings *settings, struct why *why)
{
    struct key_files keys;
    struct key_lender lender;
    enum sk_code code = open_all(&keys, settings, false, why);

    if (code != SK_OK || keys.count == 0) {
        return code;
    }
    code = start_lender(&lender, why);
    if (code == SK_OK) {
        code = key_files_hand(&keys, lender.control, why);
        end_lender(&lender);
    }
    key_files_close(&keys);
    return code;
}
