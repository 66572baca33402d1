/* The key process: it holds the private keys of TLS and signs handshakes for workers and clerk; and those of papers, with
 * which it signs leaving mail's digests and tags for workers. Nothing else.
 *
 * It gets the key files as descriptors from the supervisor, which opened them as root and did not read them; it reads,
 * tries and answers one by one. Its life is one poll loop: first what the supervisor says (in order: new keys come before
 * the channel that asks for them), then one question of each channel that has one, so that nobody can keep the others
 * waiting. A channel that breaks the form, or does not take its answer, is closed: whoever owns it gets no more
 * signatures until the supervisor introduces it again.
 *
 * It ends when the supervisor says so or is gone, and the last channel is closed. */
#define SK_BASE
#include "sekisho/roles.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/log.h"
#include "net/frame.h"
#include "net/key_ring.h"
#include "sekisho/harden.h"
#include "sekisho/options.h"
#include "sekisho/wire.h"

#define SECURE_HEAP  (1u << 21) /* LIMIT_KEYS keys of the largest kind, twice */
#define SECURE_PIECE 32
#define HEAP_ROOM    (1 << 22) /* for what OpenSSL works with beside it */

struct keys {
    struct key_ring *ring;
    struct pollfd ends[1 + LIMIT_KEY_CHANNELS]; /* the supervisor's control first */
    size_t count;
    uint8_t *file; /* where a key file is read: locked, and in no dump */
    bool draining;
};

static struct keys keys;
static bool memory_locked;

/* Memory that holds keys is not written to swap or to a dump of the process. Where the limit cannot be raised (a container)
 * root may still lock what is there, and then there is room for keys in it; to lock what is to come would make every later
 * request for memory fail. */
void
role_keys_as_root(void)
{
    const struct rlimit none = {0, 0};
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

    if (keys.file != NULL) {
        return;
    }
    (void)setrlimit(RLIMIT_CORE, &none);
    bool raised = setrlimit(RLIMIT_MEMLOCK, &all) == 0;
    (void)CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_PIECE);
    keys.file = mmap(NULL, LIMIT_KEY_FILE + 1, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SK_ASSERT(keys.file != MAP_FAILED);
    (void)madvise(keys.file, LIMIT_KEY_FILE + 1, MADV_DONTDUMP);
    (void)mallopt(M_MMAP_THRESHOLD, 2 * HEAP_ROOM);
    (void)mallopt(M_TRIM_THRESHOLD, 2 * HEAP_ROOM);
    void *volatile room = malloc(HEAP_ROOM); /* or the compiler would leave both away */
    free(room);
    memory_locked = mlockall(MCL_CURRENT | MCL_ONFAULT | (raised ? MCL_FUTURE : 0)) == 0;
    if (!memory_locked) {
        (void)mlock(keys.file, LIMIT_KEY_FILE + 1);
    }
}

/* The descriptor may be read a second time, when this process was started anew: always from the start. */
static enum key_load
read_key(struct keys *k, int fd, enum key_use use, uint64_t token)
{
    size_t size = 0;
    ssize_t got;
    enum key_load load = KEY_NO_FILE;

    while (size <= LIMIT_KEY_FILE &&
           (got = pread(fd, k->file + size, LIMIT_KEY_FILE + 1 - size, (off_t)size)) > 0) {
        size += (size_t)got;
    }
    if (size > 0 && size <= LIMIT_KEY_FILE && got == 0) {
        struct bytes file = bytes_of(k->file, size);
        load = use == KEY_FOR_TLS ? key_ring_add(k->ring, file, token)
                                  : key_ring_add_paper(k->ring, file, use, token);
    }
    OPENSSL_cleanse(k->file, LIMIT_KEY_FILE + 1);
    return load;
}

static void
close_channel(struct keys *k, size_t i)
{
    close(k->ends[i].fd);
    k->ends[i] = k->ends[--k->count];
}

/* Those whose owners have died. */
static void
close_dead(struct keys *k)
{
    (void)!poll(k->ends, k->count, 0);
    for (size_t i = k->count; i-- > 1;) {
        if ((k->ends[i].revents & (POLLHUP | POLLERR)) != 0) {
            close_channel(k, i);
        }
    }
}

static void
add_channel(struct keys *k, int fd)
{
    if (k->count == 1 + LIMIT_KEY_CHANNELS) {
        close_dead(k);
    }
    if (k->count == 1 + LIMIT_KEY_CHANNELS) {
        log_line(LOG_LEVEL_ERROR, NULL, "more than %d processes ask for signatures",
                 LIMIT_KEY_CHANNELS);
        close(fd);
        return;
    }
    k->ends[k->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Whether a key comes, and for what. */
static bool
brings_key(uint32_t type, enum key_use *use_r)
{
    *use_r = type == CONTROL_KEY_RSA       ? KEY_FOR_DKIM_RSA
             : type == CONTROL_KEY_ED25519 ? KEY_FOR_DKIM_ED25519
             : type == CONTROL_KEY_TAG     ? KEY_FOR_TAG
                                           : KEY_FOR_TLS;
    return *use_r != KEY_FOR_TLS || type == CONTROL_KEY;
}

static void
said(struct keys *k, int control, uint32_t type, uint64_t token, int given)
{
    enum key_use use;
    struct why why;

    if (brings_key(type, &use)) {
        enum key_load load = given >= 0 ? read_key(k, given, use, token) : KEY_NO_FILE;
        if (frame_send_fd(control, CONTROL_KEY, load, -1, &why) != SK_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        }
    } else if (type == CONTROL_KEYS && token == KEY_TURN_BEGIN) {
        key_ring_begin(k->ring);
    } else if (type == CONTROL_KEYS && token == KEY_TURN_COMMIT) {
        key_ring_commit(k->ring);
    } else if (type == CONTROL_DRAIN) {
        k->draining = true;
    } else if (type == CONTROL_PEER && given >= 0) {
        add_channel(k, given);
        return;
    }
    if (given >= 0) {
        close(given);
    }
}

static void
supervisor_says(struct keys *k)
{
    uint32_t type;
    uint64_t token;
    int given;
    struct why why;
    enum sk_code code;
    int control = k->ends[0].fd;

    while ((code = frame_receive_fd(control, &type, &token, &given, &why)) == SK_OK) {
        said(k, control, type, token, given);
    }
    if (code == SK_BAD) { /* the supervisor is gone; its children finish what they have */
        k->draining = true;
        k->ends[0].fd = -1;
    }
}

/* One question. False: the channel is to be closed. */
static bool
answer_one(struct keys *k, int fd)
{
    struct key_question question;
    struct key_answer answer;
    ssize_t got = recv(fd, &question, sizeof question, MSG_DONTWAIT | MSG_TRUNC);

    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (got == 0 || (size_t)got > sizeof question) {
        return false;
    }
    key_ring_answer(k->ring, &question, (size_t)got, &answer);
    size_t size = key_answer_size(&answer);
    return send(fd, &answer, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
}

static void
keys_loop(struct keys *k)
{
    while (!k->draining || k->count > 1) {
        if (poll(k->ends, k->count, -1) < 0) {
            SK_ASSERT(errno == EINTR);
            continue;
        }
        if (k->ends[0].revents != 0) {
            supervisor_says(k);
        }
        for (size_t i = k->count; i-- > 1;) { /* a closed one is replaced by the last */
            if (k->ends[i].revents != 0 && !answer_one(k, k->ends[i].fd)) {
                close_channel(k, i);
            }
        }
    }
}

int
role_keys(const struct role_start *start)
{
    struct keys *k = &keys;
    struct why why;

    log_set_role("keys");
    role_keys_as_root();
    if (!memory_locked) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "what is worked out with private keys could reach the swap space: this "
                 "process may not lock its memory (LimitMEMLOCK= of the service)");
    }
    k->ring = key_ring_open();
    k->ends[k->count++] = (struct pollfd){.fd = start->control, .events = POLLIN};
    if (start->settings != NULL && harden_role(HARDEN_KEYS, start, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s", why.sentence);
        return EXIT_CONFIG;
    }
    keys_loop(k);
    key_ring_close(k->ring);
    return 0;
}
