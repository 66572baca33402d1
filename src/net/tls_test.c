/* A server whose key is in a ring, asked over a hook or a channel, against OpenSSL's own client. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/tap.h"
#include "base/writer.h"
#include "net/key_ring.h"
#include "net/tls.h"
#include "net/tls_remote.h"

static struct arena arena;
static struct why why;
static struct key_ring *ring;
static struct key_question last; /* what was asked last */
static size_t asked;

/* Keys and certificates made for the test */

static struct bytes
taken(BIO *bio)
{
    char *at;
    long size = BIO_get_mem_data(bio, &at);
    struct bytes copy = bytes_copy(&arena, bytes_of(at, (size_t)size));

    BIO_free(bio);
    return copy;
}

static struct bytes
key_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    SK_ASSERT(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    return taken(bio);
}

/* For the name localhost and the address 127.0.0.1. */
static struct bytes
certificate_pem(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    BIO *bio = BIO_new(BIO_s_mem());
    X509_EXTENSION *names =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    bool no_hash = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");

    SK_ASSERT(X509_set_version(x, 2) == 1 &&
              ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost",
                               -1, -1, 0);
    SK_ASSERT(names != NULL && X509_add_ext(x, names, -1) == 1 &&
              X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 &&
              X509_sign(x, key, no_hash ? NULL : EVP_sha256()) > 0 &&
              PEM_write_bio_X509(bio, x) == 1);
    X509_EXTENSION_free(names);
    X509_free(x);
    return taken(bio);
}

struct pair {
    struct bytes key, certificate;
    struct tls_context *server;
};

static struct pair
pair_of(EVP_PKEY *key)
{
    struct pair pair = {.key = key_pem(key), .certificate = certificate_pem(key)};

    EVP_PKEY_free(key);
    if (tls_server_new(&arena, pair.certificate, BYTES("c.pem"), &pair.server, &why) !=
        SK_OK) {
        pair.server = NULL;
    }
    return pair;
}

static void
ring_take(const struct pair *pair)
{
    key_ring_begin(ring);
    SK_ASSERT(key_ring_add(ring, pair->key, key_id_start(pair->server->key)) == KEY_LOADED);
    key_ring_commit(ring);
}

static bool
answer(void *context, const struct key_question *question, struct key_answer *answer_r)
{
    last = *question;
    asked++;
    key_ring_answer(ring, question, key_question_size(question), answer_r);
    return true;
}

/* Both ends of a handshake, in memory. Gives the client's verdict on the certificate: X509_V_OK, or -1 for no handshake. */
static long
shake(const struct tls_context *server, const struct tls_context *client, const char *name,
      int version, const char *ciphers)
{
    SSL *one = SSL_new(server->ssl), *other = SSL_new(client->ssl);
    BIO *here, *there;
    int a = 0, b = 0;

    SK_ASSERT(BIO_new_bio_pair(&here, 0, &there, 0) == 1);
    SSL_set_bio(one, here, here);
    SSL_set_bio(other, there, there);
    SSL_set_accept_state(one);
    SSL_set_connect_state(other);
    SSL_set_min_proto_version(other, version);
    SSL_set_max_proto_version(other, version);
    if (ciphers != NULL) {
        SK_ASSERT(SSL_set_cipher_list(other, ciphers) == 1);
    }
    if (name != NULL) {
        SK_ASSERT(SSL_set1_host(other, name) == 1);
    }
    for (int i = 0; i < 20 && (a != 1 || b != 1); i++) {
        b = SSL_do_handshake(other);
        a = SSL_do_handshake(one);
    }
    long verdict = a == 1 && b == 1 ? SSL_get_verify_result(other) : -1;
    SSL_free(one);
    SSL_free(other);
    ERR_clear_error();
    return verdict;
}

static void
test_handshakes(void)
{
    const struct {
        const char *name;
        EVP_PKEY *key;
    } kinds[] = {
        {"RSA of 2048 bits", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)},
        {"RSA of 4096 bits", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)4096)},
        {"ECDSA on P-256", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")},
        {"ECDSA on P-384", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384")},
        {"ECDSA on P-521", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521")},
        {"Ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct pair pair = pair_of(kinds[i].key);
        struct tls_context *client;
        SK_ASSERT(pair.server != NULL);
        SK_ASSERT(tls_client_new(&arena, pair.certificate, BYTES("a.pem"), &client, &why) ==
                  SK_OK);
        ring_take(&pair);
        size_t before = asked;
        tap_ok(shake(pair.server, client, "localhost", TLS1_3_VERSION, NULL) == X509_V_OK,
               "%s, TLS 1.3", kinds[i].name);
        tap_ok(shake(pair.server, client, "localhost", TLS1_2_VERSION, NULL) == X509_V_OK,
               "%s, TLS 1.2", kinds[i].name);
        tap_ok(asked == before + 2, "with one question each");
        tap_ok(shake(pair.server, client, "localhost", TLS1_1_VERSION, NULL) == -1,
               "%s, TLS 1.1: no", kinds[i].name);
        key_ring_begin(ring);
        key_ring_commit(ring);
        key_ring_begin(ring);
        key_ring_commit(ring);
        tap_ok(shake(pair.server, client, "localhost", TLS1_3_VERSION, NULL) == -1 &&
                   shake(pair.server, client, "localhost", TLS1_2_VERSION, NULL) == -1,
               "and without the key no handshake");
        int64_t left_ms = pair.server->expires_ms - clock_now_ms();
        tap_ok(left_ms > 86000000 && left_ms <= 86400000, "its end is known");
    }
}

static void
test_names(void)
{
    struct pair pair = pair_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
    struct pair stranger = pair_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
    struct tls_context *client, *trusting;

    ring_take(&pair);
    SK_ASSERT(tls_client_new(&arena, pair.certificate, BYTES("a.pem"), &client, &why) ==
              SK_OK);
    SK_ASSERT(tls_client_new(&arena, BYTES_NONE, BYTES_NONE, &trusting, &why) == SK_OK);
    tap_ok(shake(pair.server, client, "127.0.0.1", TLS1_3_VERSION, NULL) == X509_V_OK,
           "an address that the certificate names");
    tap_ok(shake(pair.server, client, "127.0.0.2", TLS1_3_VERSION, NULL) == -1,
           "one that it does not name");
    tap_ok(shake(pair.server, client, "other.example", TLS1_3_VERSION, NULL) == -1,
           "a name that it does not have");
    ring_take(&stranger);
    tap_ok(shake(stranger.server, client, "localhost", TLS1_3_VERSION, NULL) == -1,
           "the right name, vouched for by nobody we trust");
    tap_ok(shake(stranger.server, trusting, NULL, TLS1_3_VERSION, NULL) != -1,
           "whoever asks for no authority takes anybody");
    tap_ok(tls_client_new(&arena, BYTES("nothing"), BYTES("a.pem"), &client, &why) ==
               SK_CONFIG,
           "%s", why.sentence);
    ring_take(&pair);
    struct pair rsa = pair_of(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048));
    ring_take(&rsa);
    tap_ok(shake(rsa.server, trusting, NULL, TLS1_2_VERSION, "AES128-GCM-SHA256") == -1,
           "a secret sent under the server's key is not taken: nothing is ever decrypted");
    tap_ok(shake(rsa.server, trusting, NULL, TLS1_2_VERSION,
                 "ECDHE-RSA-AES128-GCM-SHA256") != -1,
           "with ECDHE it goes");
}

static void
test_certificates(void)
{
    struct tls_context *server;
    struct pair good = pair_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
    struct pair odd = pair_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"));

    tap_ok(odd.server == NULL, "a certificate for Ed448: %s", why.sentence);
    tap_ok(tls_server_new(&arena, BYTES("x"), BYTES("c.pem"), &server, &why) == SK_CONFIG,
           "none at all: %s", why.sentence);
    tap_ok(tls_server_new(&arena, good.key, BYTES("c.pem"), &server, &why) == SK_CONFIG,
           "a key in its place: %s", why.sentence);
    struct writer both;
    writer_init(&both, &arena);
    writer_bytes(&both, good.certificate);
    writer_bytes(&both, good.certificate);
    tap_ok(tls_server_new(&arena, writer_view(&both), BYTES("c.pem"), &server, &why) ==
               SK_OK,
           "a chain of two");
}

static enum key_load
load(struct bytes pem, const struct pair *of)
{
    key_ring_begin(ring);
    return key_ring_add(ring, pem, key_id_start(of->server->key));
}

static struct bytes
locked_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    SK_ASSERT(PEM_write_bio_PrivateKey(bio, key, EVP_aes_256_cbc(), NULL, 0, NULL,
                                       (void *)(uintptr_t) "secret") == 1);
    EVP_PKEY_free(key);
    return taken(bio);
}

static void
test_loading(void)
{
    struct pair good = pair_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
    struct pair other = pair_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
    EVP_PKEY *short_key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2047),
             *odd = EVP_PKEY_Q_keygen(NULL, NULL, "ED448"),
             *curve = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-224");

    tap_ok(load(good.key, &good) == KEY_LOADED, "a key and its certificate");
    tap_ok(load(other.key, &good) == KEY_OTHER, "another's key: it %s",
           key_load_words(KEY_OTHER));
    tap_ok(load(good.certificate, &good) == KEY_NO_PEM, "a certificate: it %s",
           key_load_words(KEY_NO_PEM));
    tap_ok(load(BYTES(""), &good) == KEY_NO_PEM, "nothing");
    tap_ok(load(bytes_slice(good.key, 0, good.key.size / 2), &good) == KEY_NO_PEM,
           "half a key");
    tap_ok(load(locked_pem(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")), &good) ==
               KEY_LOCKED,
           "a key with a passphrase: it %s", key_load_words(KEY_LOCKED));
    tap_ok(load(key_pem(short_key), &good) == KEY_BITS, "RSA of 2047 bits: it %s",
           key_load_words(KEY_BITS));
    tap_ok(load(key_pem(odd), &good) == KEY_KIND, "Ed448: it %s", key_load_words(KEY_KIND));
    tap_ok(load(key_pem(curve), &good) == KEY_KIND, "a curve that we do not use");
    EVP_PKEY_free(short_key);
    EVP_PKEY_free(odd);
    EVP_PKEY_free(curve);
    key_ring_begin(ring);
    enum key_load last_load = KEY_LOADED;
    for (int i = 0; i < LIMIT_KEYS && last_load == KEY_LOADED; i++) {
        last_load = key_ring_add(ring, good.key, key_id_start(good.server->key));
    }
    tap_ok(last_load == KEY_LOADED, "as many keys as allowed");
    tap_ok(key_ring_add(ring, good.key, key_id_start(good.server->key)) == KEY_MANY,
           "one more: it %s", key_load_words(KEY_MANY));
}

/* Sessions end under the configuration they began with. */
static void
test_turns(void)
{
    struct tls_context *client;
    struct pair pairs[3];

    SK_ASSERT(tls_client_new(&arena, BYTES_NONE, BYTES_NONE, &client, &why) == SK_OK);
    for (size_t i = 0; i < 3; i++) {
        pairs[i] = pair_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
    }
#define SHAKES(i) (shake(pairs[i].server, client, NULL, TLS1_3_VERSION, NULL) != -1)
    ring_take(&pairs[0]);
    key_ring_begin(ring);
    SK_ASSERT(key_ring_add(ring, pairs[1].key, key_id_start(pairs[1].server->key)) ==
              KEY_LOADED);
    tap_ok(SHAKES(0) && !SHAKES(1), "what was not committed does not count");
    key_ring_begin(ring);
    key_ring_begin(ring);
    tap_ok(SHAKES(0), "a configuration that failed twice leaves the first in force");
    ring_take(&pairs[1]);
    tap_ok(SHAKES(0) && SHAKES(1), "after a reload the old key is still good");
    ring_take(&pairs[2]);
    tap_ok(!SHAKES(0) && SHAKES(1) && SHAKES(2), "after another it is gone");
}

/* What may be signed */

static enum key_word
ask_with(struct key_question question, struct bytes what, struct key_answer *answer_r)
{
    question.size = (uint16_t)what.size;
    memcpy(question.to_sign, what.at,
           what.size < LIMIT_KEY_TO_SIGN ? what.size : LIMIT_KEY_TO_SIGN);
    key_ring_answer(ring, &question,
                    what.size <= LIMIT_KEY_TO_SIGN ? key_question_size(&question)
                                                   : sizeof question,
                    answer_r);
    return (enum key_word)answer_r->word;
}

static struct bytes
altered(struct bytes b, size_t at)
{
    struct bytes copy = bytes_copy(&arena, b);

    ((uint8_t *)(uintptr_t)copy.at)[at] ^= 1;
    return copy;
}

static void
test_form(void)
{
    struct pair pair = pair_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
    struct tls_context *client;
    struct key_question new_question, old_question;
    struct key_answer a;
    size_t refused = 0;

    ring_take(&pair);
    SK_ASSERT(tls_client_new(&arena, BYTES_NONE, BYTES_NONE, &client, &why) == SK_OK);
    SK_ASSERT(shake(pair.server, client, NULL, TLS1_3_VERSION, NULL) != -1);
    new_question = last;
    SK_ASSERT(shake(pair.server, client, NULL, TLS1_2_VERSION, NULL) != -1);
    old_question = last;
    struct bytes new =
        bytes_copy(&arena, bytes_of(new_question.to_sign, new_question.size));
    struct bytes old =
        bytes_copy(&arena, bytes_of(old_question.to_sign, old_question.size));
    tap_ok(new.size == 130 || new.size == 146, "TLS 1.3 has %zu bytes signed", new.size);
    tap_ok(old.size == 100 || old.size == 133, "TLS 1.2 has %zu", old.size);
    tap_ok(ask_with(new_question, new, &a) == KEY_SIGNED && a.size > 60 &&
               ask_with(old_question, old, &a) == KEY_SIGNED,
           "the same again is signed");
    for (size_t i = 0; i < 98; i++) { /* blanks, words and the zero */
        refused += ask_with(new_question, altered(new, i), &a) == KEY_FORM && a.size == 0;
    }
    tap_ok(refused == 98, "TLS 1.3: any change before the hash is refused");
    tap_ok(ask_with(new_question, bytes_slice(new, 0, new.size - 1), &a) == KEY_FORM,
           "and a hash of another length");
    refused = 0;
    for (size_t i = 64; i < 68; i++) {
        refused += ask_with(old_question, altered(old, i), &a) == KEY_FORM;
    }
    tap_ok(refused == 4, "TLS 1.2: any change of the curve's form is refused");
    tap_ok(ask_with(old_question, bytes_slice(old, 0, old.size - 1), &a) == KEY_FORM,
           "and a point cut short");
    struct writer w;
    writer_init(&w, &arena);
    for (int i = 0; i < 64; i++) {
        writer_byte(&w, ' ');
    }
    writer_text(&w, "TLS 1.3, client CertificateVerify");
    writer_bytes(&w, bytes_slice(new, 97, new.size));
    tap_ok(ask_with(new_question, writer_view(&w), &a) == KEY_FORM,
           "we do not sign as a client");
    tap_ok(ask_with(new_question, BYTES("From: president@example.jp\r\n\r\nPay."), &a) ==
               KEY_FORM,
           "nor a letter");
    tap_ok(ask_with(new_question, bytes_slice(new, 98, new.size), &a) == KEY_FORM,
           "nor a bare hash");
    new_question.scheme = 0x0401;
    tap_ok(ask_with(new_question, new, &a) == KEY_FORM,
           "RSA without PSS is not in TLS 1.3");
    new_question.scheme = 0x0804;
    tap_ok(ask_with(new_question, new, &a) == KEY_FORM, "nor is this an RSA key");
    new_question.scheme = 0x0203;
    tap_ok(ask_with(new_question, new, &a) == KEY_FORM, "SHA-1 is not used");
    new_question.scheme = 0x0403;
    new_question.key[31] ^= 1;
    tap_ok(ask_with(new_question, new, &a) == KEY_UNKNOWN, "a key that is not there");
    static uint8_t large[LIMIT_KEY_TO_SIGN + 1];
    tap_ok(ask_with(old_question, bytes_of(large, LIMIT_KEY_TO_SIGN), &a) == KEY_FORM &&
               ask_with(old_question, bytes_of(large, LIMIT_KEY_TO_SIGN + 1), &a) ==
                   KEY_FORM,
           "the most that may be asked is no handshake, one byte more is no question");
    key_ring_answer(ring, &old_question, 3, &a);
    tap_ok(a.word == KEY_FORM && a.serial == 0, "a question of three bytes");
    old_question.size++;
    key_ring_answer(ring, &old_question, key_question_size(&old_question) - 1, &a);
    tap_ok(a.word == KEY_FORM, "one that is shorter than it says");
}

/* The channel */

static int other_end;

static void
channel_open(void)
{
    int pair[2];

    SK_ASSERT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    tls_remote_channel(pair[0]);
    other_end = pair[1];
}

/* A process that answers `count` questions, each after a late answer to an older one when `late` is set. */
static pid_t
answer_by_process(int count, bool late)
{
    pid_t child = fork();

    if (child != 0) {
        close(other_end);
        return child;
    }
    tls_remote_channel(-1);
    for (int i = 0; i < count; i++) {
        struct key_question question;
        struct key_answer a;
        ssize_t got = recv(other_end, &question, sizeof question, 0);
        if (got <= 0) {
            break;
        }
        key_ring_answer(ring, &question, (size_t)got, &a);
        if (late) {
            a.serial--;
            (void)!send(other_end, &a, key_answer_size(&a), 0);
            a.serial++;
        }
        (void)!send(other_end, &a, key_answer_size(&a), 0);
    }
    _exit(0);
}

static bool
shake_twice(const struct tls_context *server, const struct tls_context *client)
{
    int shaken = 0;

    for (int i = 0; i < 2; i++) {
        shaken += shake(server, client, NULL, TLS1_3_VERSION, NULL) != -1;
    }
    return shaken == 2;
}

static void
test_channel(void)
{
    struct pair pair = pair_of(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
    struct tls_context *client;

    ring_take(&pair);
    SK_ASSERT(tls_client_new(&arena, BYTES_NONE, BYTES_NONE, &client, &why) == SK_OK);
#define SHAKE (shake(pair.server, client, NULL, TLS1_3_VERSION, NULL) != -1)
    tls_remote_answers(NULL, NULL);
    uint64_t failures = tls_remote_failures();
    tap_ok(!tls_ready(pair.server) && tls_ready(client) && !SHAKE,
           "no channel, no handshake of ours; others' servers do not need it");
    tap_ok(tls_remote_failures() == failures + 1, "that is counted");
    channel_open();
    pid_t child = answer_by_process(2, false);
    tap_ok(tls_ready(pair.server) && shake_twice(pair.server, client), "over a channel");
    waitpid(child, NULL, 0);
    tap_ok(!SHAKE && !tls_ready(pair.server), "its other end has died");
    channel_open();
    child = answer_by_process(2, true);
    tap_ok(shake_twice(pair.server, client),
           "answers that came too late are not taken for the present ones");
    waitpid(child, NULL, 0);
    channel_open();
    int64_t from_ms = clock_monotonic_ms();
    tap_ok(!SHAKE, "an end that never answers");
    int64_t took_ms = clock_monotonic_ms() - from_ms;
    tap_ok(took_ms >= LIMIT_KEY_WAIT_MS - 50 && took_ms < LIMIT_KEY_WAIT_MS + 1500,
           "is waited for %lld ms", (long long)took_ms);
    from_ms = clock_monotonic_ms();
    tap_ok(!SHAKE && !tls_ready(pair.server) && clock_monotonic_ms() - from_ms < 500,
           "and then not asked for a while");
    close(other_end);
    channel_open();
    tap_ok(tls_ready(pair.server), "a new channel is asked at once");
    SK_ASSERT(send(other_end, "garbage", 7, 0) == 7);
    tap_ok(!SHAKE && !tls_ready(pair.server), "garbage ends it");
    close(other_end);
    tls_remote_answers(answer, NULL);
}

int
main(void)
{
    arena_init(&arena, (size_t)1 << 28);
    ring = key_ring_open();
    tls_remote_answers(answer, NULL);
    test_handshakes();
    test_names();
    test_certificates();
    test_loading();
    test_turns();
    test_form();
    test_channel();
    key_ring_close(ring);
    arena_release(&arena);
    return tap_done();
}
