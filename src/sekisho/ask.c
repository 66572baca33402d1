#define SK_BASE
#include "sekisho/ask.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/frame.h"
#include "sekisho/requests.h"
#include "sekisho/wire.h"

#define PATIENCE_MS    60000
#define STARTING_MS    50
#define STARTING_TRIES 200

/* A connection to the keeper, or -1. */
static int
connect_keeper(const struct config *config)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct bytes folder = config_text(config, "record.folder");
    int size = snprintf(address.sun_path, sizeof address.sun_path, "%.*s/" KEEPER_SOCKET,
                        BYTES_ARGUMENTS(folder));

    if (size < 0 || (size_t)size >= sizeof address.sun_path) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool
ask_keeper_record(struct arena *arena, const struct config *config)
{
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, config_text(config, "record.folder"));
    writer_text(&w, "/journal");
    return access(writer_c(&w), F_OK) == 0;
}

bool
ask_keeper_runs(const struct config *config)
{
    int fd = connect_keeper(config);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

/* What the keeper said of a failure. */
static enum sk_code
read_error(enum sk_code code, struct bytes reply, struct why *why)
{
    json_t *said = json_loadb((const char *)reply.at, reply.size, 0, NULL);
    const char *error = json_string_value(json_object_get(said, "error"));

    (void)why_set(why, code, "%s", error != NULL ? error : "the keeper gave no reason");
    json_decref(said);
    return code;
}

static enum sk_code
ask_over(struct arena *arena, int fd, struct bytes request, struct bytes *reply_r,
         struct why *why)
{
    struct bytes payload;
    struct writer w;
    uint32_t type;
    uint64_t token;

    writer_init(&w, arena);
    frame_put_bytes(&w, request);
    enum sk_code code =
        frame_send_now(fd, WIRE_REQUEST, 1, writer_view(&w), PATIENCE_MS, why);
    if (code == SK_OK) {
        code = frame_wait(arena, fd, PATIENCE_MS, &type, &token, &payload, why);
        if (code == SK_BAD) {
            return why_set(why, SK_LATER,
                           "the keeper ended before it answered: whether it was done, the "
                           "record tells; look there, then ask again");
        }
    }
    if (code != SK_OK) {
        return code;
    }
    struct frame_reader r = {.rest = payload};
    uint64_t said = frame_get_number(&r);
    *reply_r = frame_get_bytes(&r);
    if (type != WIRE_REPLY || r.broken || said > SK_CONFIG) {
        return why_set(why, SK_BAD, "the keeper's answer is no answer");
    }
    return said == SK_OK ? SK_OK : read_error((enum sk_code)said, *reply_r, why);
}

static struct bytes
own_name(struct arena *arena)
{
    struct passwd *entry = getpwuid(getuid());
    struct writer w;

    writer_init(&w, arena);
    writer_format(&w, "%s (uid %u)", entry != NULL ? entry->pw_name : "?",
                  (unsigned)getuid());
    return writer_view(&w);
}

/* Root does it as the user that the keeper would be: what is written must be the keeper's. */
static enum sk_code
become_keeper(struct arena *arena, const struct config *config, bool back, struct why *why)
{
    struct bytes user = config_text(config, "user");

    if (user.size == 0 || getuid() != 0) {
        return SK_OK;
    }
    if (back) {
        return seteuid(0) == 0 && setegid(0) == 0
                   ? SK_OK
                   : why_set(why, SK_SYSTEM, "root cannot be had back");
    }
    struct passwd *entry = getpwnam(bytes_text(arena, user));
    if (entry == NULL) {
        return why_set(why, SK_CONFIG, "there is no system user \"%.*s\"",
                       BYTES_ARGUMENTS(user));
    }
    return setegid(entry->pw_gid) == 0 && seteuid(entry->pw_uid) == 0
               ? SK_OK
               : why_set(why, SK_SYSTEM, "cannot become the user named by `user`");
}

static enum sk_code
ask_vault(struct arena *arena, const struct config *config, struct bytes request,
          struct bytes *reply_r, struct why *why)
{
    struct keeping keeping = {0};
    struct vault *vault;

    enum sk_code code = vault_open(arena, config, &vault, why);
    if (code != SK_OK) {
        return code;
    }
    code = keeping_open(&keeping, arena, config, vault, why);
    if (code == SK_OK) {
        code = requests_answer(&keeping, arena, request, own_name(arena), BYTES("command"),
                               reply_r);
        if (code != SK_OK) {
            (void)read_error(code, *reply_r, why);
        }
    }
    vault_close(vault);
    return code;
}

/* No keeper: the work is done here, under the record's lock. */
static enum sk_code
ask_self(struct arena *arena, const struct config *config, struct bytes request,
         struct bytes *reply_r, struct why *why)
{
    struct why later;

    enum sk_code code = become_keeper(arena, config, false, why);
    if (code == SK_OK) {
        code = ask_vault(arena, config, request, reply_r, why);
        enum sk_code back = become_keeper(arena, config, true, &later);
        code = code == SK_OK && back != SK_OK ? why_set(why, back, "%s", later.sentence)
                                              : code;
    }
    return code;
}

enum sk_code
ask_keeper(struct arena *arena, const struct config *config, struct bytes request,
           struct bytes *reply_r, struct why *why)
{
    int fd = connect_keeper(config);

    *reply_r = BYTES_NONE;
    for (int tries = 0; fd < 0; tries++) {
        enum sk_code code = ask_self(arena, config, request, reply_r, why);
        /* A keeper that is starting holds the lock before it has opened its socket. */
        if (code == SK_OK || tries == STARTING_TRIES ||
            !bytes_starts(bytes_from_text(why->sentence), BYTES("another keeper"))) {
            return code;
        }
        usleep(STARTING_MS * 1000);
        fd = connect_keeper(config);
    }
    enum sk_code code = ask_over(arena, fd, request, reply_r, why);
    close(fd);
    return code;
}
