#define SK_BASE
#include "sekisho/opener.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/frame.h"
#include "sekisho/wire.h"

const struct config_key attachments_config_keys[] = {
    {"attachments", "open", CONFIG_BOOL, "yes",
     .help = "Whether attachments are opened, for recipients who allow attachments to be "
             "examined."},
    {"attachments", "time", CONFIG_TIME, "2s", 100, 60000,
     .help = "How long all attachments of a message together may take."},
    {"attachments", "memory", CONFIG_SIZE, "256M", 64 << 20, 4ll << 30,
     .help = "Memory that opening one attachment may take."},
    {"attachments", "bytes", CONFIG_SIZE, "64M", 1 << 20, 1ll << 30,
     .help = "Bytes that are unpacked of one attachment."},
    {"attachments", "processes", CONFIG_NUMBER, "4", 1, LIMIT_OPENER_CHILDREN,
     .help = "Attachments that are opened at the same moment."},
    {.name = NULL},
};

bool
opener_find(char path_r[4096])
{
    static const char *const places[] = {"sekisho-opener",
                                         "../libexec/sekisho/sekisho-opener"};
    ssize_t size = readlink("/proc/self/exe", path_r, 4000);

    while (size > 0 && path_r[size - 1] != '/') {
        size--;
    }
    for (size_t i = 0; size > 0 && i < sizeof places / sizeof places[0]; i++) {
        snprintf(path_r + size, 4096 - (size_t)size, "%s", places[i]);
        if (access(path_r, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

void
opener_become(const char *path, const struct config *config, int control)
{
    static const char *const keys[] = {"attachments.time", "attachments.memory",
                                       "attachments.bytes", "attachments.processes"};
    char numbers[6][24], *arguments[9] = {(char *)(uintptr_t) "sekisho-opener"};
    char *const environment[] = {NULL};
    size_t count = 0;

    snprintf(numbers[count++], 24, "%d", control);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        snprintf(numbers[count++], 24, "%lld", (long long)config_number(config, keys[i]));
    }
    snprintf(numbers[count++], 24, "%d", config_choice(config, "harden") == 1);
    for (size_t i = 0; i < count; i++) {
        arguments[1 + i] = numbers[i];
    }
    (void)fcntl(control, F_SETFD, 0); /* this one goes along */
    execve(path, arguments, environment);
}

int
opener_stream(int channel)
{
    int pair[2];
    struct why why;

    if (channel < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return -1;
    }
    enum sk_code code = frame_send_fd(channel, OPENER_STREAM, 0, pair[1], &why);
    close(pair[1]);
    if (code != SK_OK) {
        close(pair[0]);
        return -1;
    }
    return pair[0];
}

enum sk_code
opener_start(const struct config *config, struct opener *o, struct why *why)
{
    char path[4096];
    int control[2], channel[2];

    *o = (struct opener){.control = -1, .channel = -1};
    if (!opener_find(path)) {
        return why_set(why, SK_CONFIG,
                       "the program sekisho-opener is not there: no attachment is opened");
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0) {
        return why_set(why, SK_SYSTEM, "no socket pair could be had");
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, channel) !=
        0) {
        close(control[0]);
        close(control[1]);
        return why_set(why, SK_SYSTEM, "no socket pair could be had");
    }
    o->pid = fork();
    if (o->pid == 0) {
        opener_become(path, config, control[1]);
        _exit(127);
    }
    close(control[1]);
    o->control = control[0];
    o->channel = channel[0];
    enum sk_code code = o->pid < 0
                            ? why_set(why, SK_SYSTEM, "no process could be had")
                            : frame_send_fd(o->control, CONTROL_PEER, 0, channel[1], why);
    close(channel[1]);
    if (code != SK_OK) {
        opener_end(o);
    }
    return code;
}

void
opener_end(struct opener *o)
{
    if (o->channel >= 0) {
        close(o->channel);
    }
    if (o->control >= 0) {
        close(o->control); /* that ends it */
    }
    if (o->pid > 0) {
        kill(o->pid, SIGKILL);
        (void)waitpid(o->pid, NULL, 0);
    }
    *o = (struct opener){.control = -1, .channel = -1};
}
