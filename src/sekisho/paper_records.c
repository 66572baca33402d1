/* OpenSSL first: its headers use names that banned.h forbids us. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define SK_BASE
#include "sekisho/paper_records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "sekisho/files.h"
#include "trace/key.h"

#define STRING_MAX 255

static bool
write_new(const char *path, const void *at, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        return false;
    }
    bool done = write(fd, at, size) == (ssize_t)size && fsync(fd) == 0;
    int wrong = errno;
    close(fd);
    if (!done) {
        (void)unlink(path);
        errno = wrong;
    }
    return done;
}

enum sk_code
paper_make_key(const char *path, bool ed25519, struct why *why)
{
    EVP_PKEY *key = ed25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                            : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)PAPER_RSA_BITS);
    BIO *text = BIO_new(BIO_s_secmem());
    enum sk_code code = SK_OK;
    char *at;

    if (key == NULL || text == NULL ||
        PEM_write_bio_PKCS8PrivateKey(text, key, NULL, NULL, 0, NULL, NULL) != 1) {
        code = why_set(why, SK_SYSTEM, "no key could be made");
    } else {
        long size = BIO_get_mem_data(text, &at);
        if (!write_new(path, at, (size_t)size)) {
            code = errno == EEXIST
                       ? why_set(why, SK_CONFIG,
                                 "%s is there already: give another --selector", path)
                       : why_set(why, SK_SYSTEM, "%s cannot be written", path);
        }
    }
    BIO_free(text);
    EVP_PKEY_free(key);
    return code;
}

static int
no_passphrase(char *room, int size, int writing, void *asked)
{
    return -1;
}

/* What p= holds: for RSA the SubjectPublicKeyInfo, for Ed25519 the 32 bytes (RFC 8463 section 4). */
static struct bytes
public_half(struct arena *arena, EVP_PKEY *key, bool ed25519)
{
    unsigned char *der = NULL;
    uint8_t point[32];
    size_t size = sizeof point;
    struct bytes half = BYTES_NONE;

    if (!EVP_PKEY_is_a(key, ed25519 ? "ED25519" : "RSA")) {
        return BYTES_NONE;
    }
    if (ed25519) {
        return EVP_PKEY_get_raw_public_key(key, point, &size) == 1
                   ? bytes_copy(arena, bytes_of(point, size))
                   : BYTES_NONE;
    }
    int der_size = i2d_PUBKEY(key, &der);
    if (der_size > 0) {
        half = bytes_copy(arena, bytes_of(der, (size_t)der_size));
    }
    OPENSSL_free(der);
    return half;
}

enum sk_code
paper_record_of(struct arena *arena, struct bytes path, bool ed25519,
                struct bytes *record_r, struct why *why)
{
    const char *name = bytes_text(arena, path);
    struct bytes text;
    struct writer w;
    struct arena own;

    arena_init(&own, 1u << 20);
    enum sk_code code = file_read(&own, name, LIMIT_KEY_FILE, &text, why);
    if (code != SK_OK) {
        arena_release(&own);
        return SK_SYSTEM;
    }
    BIO *file = BIO_new_mem_buf(text.at, (int)text.size);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL);
    struct bytes half = key == NULL ? BYTES_NONE : public_half(arena, key, ed25519);
    EVP_PKEY_free(key);
    BIO_free(file);
    ERR_clear_error();
    OPENSSL_cleanse((void *)(uintptr_t)text.at, text.size);
    arena_release(&own);
    if (half.size == 0) {
        return why_set(why, SK_BAD, "there is no %s key in %s", ed25519 ? "Ed25519" : "RSA",
                       name);
    }
    writer_init(&w, arena);
    writer_format(&w, "v=DKIM1; k=%s; p=", ed25519 ? "ed25519" : "rsa");
    writer_bytes(&w, bytes_base64(arena, half));
    *record_r = writer_view(&w);
    return SK_OK;
}

struct bytes
paper_record_name(struct arena *arena, struct bytes selector, struct bytes domain)
{
    struct writer w;

    writer_init(&w, arena);
    writer_bytes(&w, selector);
    writer_text(&w, "._domainkey.");
    writer_bytes(&w, domain);
    return writer_view(&w);
}

void
paper_record_write(struct writer *w, struct bytes name, struct bytes text)
{
    bool several = text.size > STRING_MAX;

    writer_bytes(w, name);
    writer_text(w, several ? ". IN TXT (" : ". IN TXT");
    for (size_t at = 0; at == 0 || at < text.size; at += STRING_MAX) {
        struct bytes piece = bytes_slice(text, at, at + STRING_MAX);
        writer_text(w, several ? "\n    \"" : " \"");
        for (size_t i = 0; i < piece.size; i++) {
            if (piece.at[i] == '"' || piece.at[i] == '\\') {
                writer_byte(w, '\\');
            }
            writer_byte(w, piece.at[i]);
        }
        writer_byte(w, '"');
    }
    writer_text(w, several ? " )\n" : "\n");
}

static bool
same_key(const struct key *a, const struct key *b)
{
    return a->kind == b->kind &&
           (a->kind == KEY_RSA ? bytes_equal(a->modulus, b->modulus) &&
                                     bytes_equal(a->exponent, b->exponent)
                               : bytes_equal(a->point, b->point));
}

enum paper_published
paper_published(struct arena *arena, const struct dns_answer *answer, struct bytes record)
{
    struct key ours, theirs;

    if (answer->status == DNS_SERVFAIL || answer->status == DNS_TIMEOUT) {
        return PAPER_UNKNOWN;
    }
    if (answer->status != DNS_FOUND || answer->record_count == 0) {
        return PAPER_MISSING;
    }
    if (answer->record_count > 1) {
        return PAPER_SEVERAL;
    }
    key_read(arena, answer->records[0].data, false, &theirs, NULL);
    if (theirs.trust == KEY_REVOKED) {
        return PAPER_REVOKED;
    }
    if (theirs.trust != KEY_GOOD || !theirs.sha256) {
        return PAPER_BROKEN;
    }
    if (record.size > 0) {
        key_read(arena, record, false, &ours, NULL);
        if (ours.trust != KEY_GOOD || !same_key(&ours, &theirs)) {
            return PAPER_OTHER;
        }
    }
    return theirs.testing ? PAPER_TESTING : PAPER_GOOD;
}
