/* The supervisor and the key process: keys are handed over at its start and on reload, and whoever speaks TLS is introduced
 * to it. */
#define SK_BASE
#include "sekisho/supervisor.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/frame.h"

struct child *
keys_of(struct supervisor *s)
{
    for (size_t i = 0; i < s->child_count; i++) {
        if (s->children[i].role == ROLE_KEYS) {
            return &s->children[i];
        }
    }
    return NULL;
}

void
keys_introduce(struct supervisor *s, struct child *asker)
{
    struct child *keys = keys_of(s);
    int pair[2];
    struct why why;

    if (keys == NULL || keys->pid == 0 || asker->pid == 0 ||
        (asker->role != ROLE_WORKER && asker->role != ROLE_CLERK)) {
        return;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        log_line(LOG_LEVEL_ERROR, NULL, "no socket pair could be had");
        return;
    }
    if (frame_send_fd(keys->control, CONTROL_PEER, asker->number, pair[0], &why) != SK_OK ||
        frame_send_fd(asker->control, CONTROL_KEYS, 0, pair[1], &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
    }
    close(pair[0]);
    close(pair[1]);
}

/* One after the other, as they were in force, so that sessions of either configuration find theirs. */
void
keys_started(struct supervisor *s)
{
    struct child *keys = keys_of(s);
    struct why why;
    enum sk_code code = SK_OK;

    if (s->keys_before.count > 0) {
        code = key_files_hand(&s->keys_before, keys->control, &why);
        if (code == SK_OK) {
            key_files_commit(keys->control);
        }
    }
    code = key_files_hand(&s->keys, keys->control, &why);
    if (code == SK_OK) {
        key_files_commit(keys->control);
    } else {
        log_line(LOG_LEVEL_ERROR, NULL, "%s: %s", s->path, why.sentence);
    }
    s->keys_good = code == SK_OK;
    for (size_t i = 0; i < s->child_count; i++) {
        keys_introduce(s, &s->children[i]);
    }
}

enum sk_code
keys_reload(struct supervisor *s, const struct settings *settings, struct why *why)
{
    struct child *keys = keys_of(s);
    struct key_files files;
    enum sk_code code = key_files_open(&files, settings, why);

    if (code != SK_OK) {
        return code;
    }
    /* With nobody to try them they are taken as they are: the key process tries them when it is back. */
    if (keys->pid != 0) {
        code = key_files_hand(&files, keys->control, why);
        if (code != SK_OK) {
            key_files_close(&files);
            return code;
        }
        key_files_commit(keys->control);
    }
    key_files_close(&s->keys_before);
    s->keys_before = s->keys;
    s->keys = files;
    return SK_OK;
}

void
keys_forget(struct supervisor *s)
{
    key_files_close(&s->keys);
    key_files_close(&s->keys_before);
}
