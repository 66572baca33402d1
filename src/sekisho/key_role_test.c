/* The key process as its neighbours see it: forked, without its walls, with this test as supervisor and as workers. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define SK_BASE
#include "sekisho/roles.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tap.h"
#include "net/frame.h"
#include "net/key_ring.h"
#include "sekisho/wire.h"

static uint8_t id[KEY_ID_SIZE];
static int control;
static pid_t process;

static void
begin(void)
{
    int pair[2];

    SK_ASSERT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    process = fork();
    if (process == 0) {
        const struct role_start start = {.control = pair[1]};
        close(pair[0]);
        _exit(role_keys(&start));
    }
    close(pair[1]);
    control = pair[0];
}

/* A file with these bytes, and blanks behind them up to a size. */
static int
file_of(const char *text, size_t size)
{
    FILE *file = tmpfile();

    SK_ASSERT(file != NULL && fputs(text, file) >= 0);
    for (size_t i = strlen(text); i < size; i++) {
        SK_ASSERT(fputc('\n', file) != EOF);
    }
    SK_ASSERT(fflush(file) == 0);
    int fd = dup(fileno(file));
    fclose(file);
    return fd;
}

static enum key_load
hand_as(enum wire_control what, int fd, uint64_t token_given)
{
    struct pollfd ready = {.fd = control, .events = POLLIN};
    uint32_t type;
    uint64_t token;
    int given;
    struct why why;

    SK_ASSERT(frame_send_fd(control, what, token_given, fd, &why) == SK_OK);
    if (fd >= 0) {
        close(fd);
    }
    SK_ASSERT(poll(&ready, 1, 5000) == 1 &&
              frame_receive_fd(control, &type, &token, &given, &why) == SK_OK &&
              type == CONTROL_KEY && given == -1);
    return (enum key_load)token;
}

static enum key_load
hand(int fd, uint64_t fits)
{
    return hand_as(CONTROL_KEY, fd, fits);
}

static void
turn(enum key_turn what)
{
    struct why why;

    SK_ASSERT(frame_send_fd(control, CONTROL_KEYS, what, -1, &why) == SK_OK);
}

static int
channel(void)
{
    int pair[2];
    struct why why;

    SK_ASSERT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    SK_ASSERT(frame_send_fd(control, CONTROL_PEER, 0, pair[1], &why) == SK_OK);
    close(pair[1]);
    return pair[0];
}

static struct key_question
question(void)
{
    struct key_question q = {.serial = 1, .scheme = 0x0403, .size = 130};

    memcpy(q.key, id, sizeof id);
    memset(q.to_sign, ' ', 64);
    memcpy(q.to_sign + 64, "TLS 1.3, server CertificateVerify", 34);
    return q;
}

/* A worker asks for a paper by a name. */
static struct key_question
paper(uint16_t scheme, uint64_t name, const char *what)
{
    struct key_question q = {.serial = 2, .scheme = scheme, .size = (uint16_t)strlen(what)};

    memcpy(q.key, &name, sizeof name);
    memcpy(q.to_sign, what, q.size);
    return q;
}

/* The word of the answer; -1: none, the channel was closed or is silent. */
static int
answer(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    struct key_answer a;

    return poll(&ready, 1, 5000) == 1 && recv(fd, &a, sizeof a, MSG_DONTWAIT) > 0 ? a.word
                                                                                  : -1;
}

static int
ask(int fd)
{
    struct key_question q = question();

    return send(fd, &q, key_question_size(&q), MSG_NOSIGNAL) > 0 ? answer(fd) : -1;
}

static bool
is_closed(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    struct key_answer a;

    for (int i = 0; i < 10000 && poll(&ready, 1, 5000) == 1; i++) {
        ssize_t got = recv(fd, &a, sizeof a, MSG_DONTWAIT);
        if (got <= 0) {
            return true;
        }
    }
    return false;
}

static char *
key_text(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char *der = NULL;
    char *at;

    SK_ASSERT(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    long size = BIO_get_mem_data(bio, &at);
    char *text = malloc((size_t)size + 1);
    SK_ASSERT(text != NULL);
    memcpy(text, at, (size_t)size); /* not strndup: the text ends without a NUL */
    text[size] = '\0';
    BIO_free(bio);
    int der_size = i2d_PUBKEY(key, &der);
    hash_sha256(bytes_of(der, (size_t)der_size), id);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    return text;
}

static void
test_files(const char *text)
{
    turn(KEY_TURN_BEGIN);
    tap_ok(hand(-1, 0) == KEY_NO_FILE, "no file");
    tap_ok(hand(file_of("", 0), 0) == KEY_NO_FILE, "an empty one");
    tap_ok(hand(file_of(text, LIMIT_KEY_FILE + 1), key_id_start(id)) == KEY_NO_FILE,
           "one that is larger than allowed");
    tap_ok(hand(file_of(text, LIMIT_KEY_FILE), key_id_start(id)) == KEY_LOADED,
           "as large as allowed");
    tap_ok(hand(file_of("nonsense", 0), key_id_start(id)) == KEY_NO_PEM, "nonsense");
    tap_ok(hand(file_of(text, 0), key_id_start(id) + 1) == KEY_OTHER,
           "a key that is not the certificate's");
}

static void
test_papers(void)
{
    static const char secret[] =
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
    uint8_t before[KEY_ID_SIZE];

    memcpy(before, id, sizeof id);
    char *ed25519 = key_text(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    memcpy(id, before, sizeof id);
    tap_ok(hand_as(CONTROL_KEY_RSA, file_of(ed25519, 0), 5) == KEY_NOT_RSA,
           "a key of DKIM of the wrong kind");
    tap_ok(hand_as(CONTROL_KEY_ED25519, file_of(ed25519, 0), 5) == KEY_LOADED &&
               hand_as(CONTROL_KEY_TAG, file_of(secret, 0), 6) == KEY_LOADED,
           "one of the right kind, and a secret of tags");
    tap_ok(hand_as(CONTROL_KEY_TAG, file_of("0011", 0), 6) == KEY_NO_SECRET &&
               hand_as(CONTROL_KEY_TAG, -1, 6) == KEY_NO_FILE,
           "no secret, and none at all");
    free(ed25519);
}

static void
test_paper_channel(void)
{
    int fd = channel();
    struct key_question digest = paper(KEY_ASK_DKIM_ED25519, 5,
                                       "0123456789abcdef0123456789abcdef"),
                        tag = paper(KEY_ASK_TAG, 6, "0786user@example.jp"),
                        odd = paper(KEY_ASK_TAG, 6, "nonsense");

    SK_ASSERT(send(fd, &digest, key_question_size(&digest), MSG_NOSIGNAL) > 0);
    tap_ok(answer(fd) == KEY_SIGNED, "a digest is signed over the channel");
    SK_ASSERT(send(fd, &tag, key_question_size(&tag), MSG_NOSIGNAL) > 0);
    tap_ok(answer(fd) == KEY_SIGNED, "a tag is made");
    SK_ASSERT(send(fd, &odd, key_question_size(&odd), MSG_NOSIGNAL) > 0);
    tap_ok(answer(fd) == KEY_FORM, "nonsense is answered, and not signed");
    close(fd);
}

static void
test_channels(void)
{
    static uint8_t large[sizeof(struct key_question) + 1];
    int good = channel(), flood = channel(), odd = channel();
    struct key_question q = question();
    int sent = 0;

    tap_ok(ask(good) == KEY_UNKNOWN, "before they are in force no key is there");
    turn(KEY_TURN_COMMIT);
    tap_ok(ask(good) == KEY_SIGNED, "then there is");
    tap_ok(send(odd, large, sizeof large, MSG_NOSIGNAL) > 0 && is_closed(odd),
           "who sends more than a question is shown out");
    close(odd);
    int64_t end_ms = clock_monotonic_ms() + 5000;
    errno = EAGAIN;
    while (errno == EAGAIN && clock_monotonic_ms() < end_ms) {
        sent += send(flood, &q, key_question_size(&q), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
    }
    tap_ok(sent > 0 && ask(good) == KEY_SIGNED,
           "beside one who asks %d times and takes no answer, others are answered", sent);
    tap_ok(is_closed(flood), "and he is shown out");
    close(flood);
    tap_ok(ask(good) == KEY_SIGNED, "the rest goes on");
    close(good);
}

static void
test_bound(void)
{
    static int all[LIMIT_KEY_CHANNELS + 1];
    struct rlimit files;

    SK_ASSERT(getrlimit(RLIMIT_NOFILE, &files) == 0);
    if (files.rlim_cur < LIMIT_KEY_CHANNELS + 100) {
        tap_skip("as many channels as allowed: this machine gives fewer files");
        return;
    }
    for (int i = 0; i <= LIMIT_KEY_CHANNELS; i++) {
        all[i] = channel();
        SK_ASSERT(ask(all[i]) == (i < LIMIT_KEY_CHANNELS ? KEY_SIGNED : -1));
    }
    tap_ok(ask(all[LIMIT_KEY_CHANNELS - 1]) == KEY_SIGNED && ask(all[0]) == KEY_SIGNED,
           "as many channels as allowed");
    tap_ok(is_closed(all[LIMIT_KEY_CHANNELS]), "one more is closed");
    for (int i = 0; i <= LIMIT_KEY_CHANNELS; i++) {
        close(all[i]);
    }
}

static bool
has_ended(int64_t wait_ms)
{
    int64_t end_ms = clock_monotonic_ms() + wait_ms;
    int status;

    do {
        if (waitpid(process, &status, WNOHANG) == process) {
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
        usleep(5000);
    } while (clock_monotonic_ms() < end_ms);
    return false;
}

static void
test_end(void)
{
    int last = channel();

    SK_ASSERT(ask(last) == KEY_SIGNED);
    close(control);
    tap_ok(!has_ended(300) && ask(last) == KEY_SIGNED,
           "with the supervisor gone, workers that finish are still answered");
    close(last);
    tap_ok(has_ended(5000), "with the last of them it ends");
    begin();
    struct why why;
    SK_ASSERT(frame_send_fd(control, CONTROL_DRAIN, 0, -1, &why) == SK_OK);
    tap_ok(has_ended(5000), "told to end, with nobody there, it ends");
    close(control);
}

int
main(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    alarm(60);
    char *text = key_text(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
    begin();
    test_files(text);
    test_papers();
    test_channels();
    test_paper_channel();
    test_bound();
    test_end();
    free(text);
    return tap_done();
}
