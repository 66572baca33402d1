/* OpenSSL first: its headers use names that banned.h forbids us. */
#include <openssl/evp.h>

#define SK_BASE
#include "sekisho/paper_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"

static struct arena arena;
static char folder[] = "/tmp/sekisho-papers-XXXXXX";

static struct bytes
path(const char *name)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_format(&w, "%s/%s", folder, name);
    return writer_view(&w);
}

static struct bytes
make(const char *name, bool ed25519)
{
    struct bytes record = BYTES_NONE;
    struct why why;

    SK_ASSERT(paper_make_key(bytes_text(&arena, path(name)), ed25519, &why) == SK_OK);
    SK_ASSERT(paper_record_of(&arena, path(name), ed25519, &record, &why) == SK_OK);
    return record;
}

static enum paper_published
published(struct bytes one, struct bytes two, struct bytes ours)
{
    struct dns_record records[2] = {{.data = one}, {.data = two}};
    const struct dns_answer answer = {.status = DNS_FOUND,
                                      .known = true,
                                      .records = records,
                                      .record_count = two.size > 0 ? 2 : 1};

    return paper_published(&arena, &answer, ours);
}

static enum paper_published
failed(enum dns_status status)
{
    return paper_published(&arena, &(struct dns_answer){.status = status, .known = true},
                           BYTES_NONE);
}

static struct bytes
with(struct bytes record, const char *tags)
{
    struct writer w;

    writer_init(&w, &arena);
    writer_bytes(&w, record);
    writer_text(&w, tags);
    return writer_view(&w);
}

static void
test_keys(struct bytes rsa, struct bytes ed25519)
{
    struct bytes record;
    struct stat status;
    struct why why;

    tap_ok(bytes_starts(rsa, BYTES("v=DKIM1; k=rsa; p=MIIB")) && rsa.size == 18 + 392,
           "RSA of 2048 bits: a record of 410 bytes");
    tap_ok(bytes_starts(ed25519, BYTES("v=DKIM1; k=ed25519; p=")) &&
               ed25519.size == 22 + 44,
           "Ed25519: of 66");
    tap_ok(stat(bytes_text(&arena, path("rsa")), &status) == 0 &&
               (status.st_mode & 0777) == 0600,
           "the file is for nobody else");
    tap_ok(paper_make_key(bytes_text(&arena, path("rsa")), false, &why) == SK_CONFIG &&
               paper_record_of(&arena, path("rsa"), false, &record, &why) == SK_OK &&
               bytes_equal(record, rsa),
           "one that is there stays as it is");
    tap_ok(paper_record_of(&arena, path("rsa"), true, &record, &why) == SK_BAD,
           "RSA where Ed25519 is wanted: %s", why.sentence);
    tap_ok(paper_record_of(&arena, path("none"), true, &record, &why) == SK_SYSTEM,
           "no file: %s", why.sentence);
    tap_ok(paper_make_key("/nonexistent/key", true, &why) == SK_SYSTEM, "no folder: %s",
           why.sentence);
}

static void
test_published(struct bytes rsa, struct bytes ed25519)
{
    tap_ok(published(rsa, BYTES_NONE, rsa) == PAPER_GOOD &&
               published(ed25519, BYTES_NONE, ed25519) == PAPER_GOOD,
           "the right key");
    tap_ok(published(bytes_from(rsa, 17), BYTES_NONE, rsa) == PAPER_BROKEN,
           "without its p=");
    tap_ok(published(bytes_slice(rsa, 0, rsa.size - 40), BYTES_NONE, rsa) == PAPER_BROKEN,
           "cut short");
    tap_ok(published(with(rsa, "; t=y"), BYTES_NONE, rsa) == PAPER_TESTING, "a test");
    tap_ok(published(with(rsa, "; h=sha1"), BYTES_NONE, rsa) == PAPER_BROKEN,
           "for SHA-1 alone");
    tap_ok(published(ed25519, BYTES_NONE, rsa) == PAPER_OTHER &&
               published(make("other", false), BYTES_NONE, rsa) == PAPER_OTHER,
           "another key");
    tap_ok(published(BYTES("v=DKIM1; p="), BYTES_NONE, rsa) == PAPER_REVOKED, "revoked");
    tap_ok(published(rsa, rsa, rsa) == PAPER_SEVERAL, "two records");
    tap_ok(failed(DNS_NXDOMAIN) == PAPER_MISSING && failed(DNS_NODATA) == PAPER_MISSING,
           "none");
    tap_ok(failed(DNS_TIMEOUT) == PAPER_UNKNOWN && failed(DNS_SERVFAIL) == PAPER_UNKNOWN,
           "no answer");
    tap_ok(published(rsa, BYTES_NONE, BYTES_NONE) == PAPER_GOOD, "any key, if it is there");
}

/* How many strings the zone file has, and whether they give the text again. */
static size_t
strings(size_t size)
{
    uint8_t *at = arena_take_bytes(&arena, size);
    struct writer w, joined;
    size_t count = 0;
    bool inside = false;

    memset(at, 'x', size);
    writer_init(&w, &arena);
    writer_init(&joined, &arena);
    paper_record_write(&w, BYTES("s._domainkey.example.jp"), bytes_of(at, size));
    struct bytes text = writer_view(&w);
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '"') {
            inside = !inside;
            count += inside;
        } else if (inside) {
            writer_byte(&joined, text.at[i]);
        }
    }
    return bytes_equal(writer_view(&joined), bytes_of(at, size)) ? count : 0;
}

static void
test_strings(void)
{
    struct writer w;

    tap_ok(strings(255) == 1 && strings(256) == 2 && strings(510) == 2 && strings(511) == 3,
           "strings of 255 bytes, one past it begins another");
    writer_init(&w, &arena);
    paper_record_write(&w, BYTES("a.example"), BYTES("x\"y\\z"));
    tap_ok(bytes_is(writer_view(&w), "a.example. IN TXT \"x\\\"y\\\\z\"\n"),
           "quotes and backslashes are escaped");
}

int
main(void)
{
    arena_init(&arena, 1u << 24);
    SK_ASSERT(mkdtemp(folder) != NULL);
    struct bytes rsa = make("rsa", false), ed25519 = make("ed25519", true);
    test_keys(rsa, ed25519);
    test_published(rsa, ed25519);
    test_strings();
    static const char *const names[] = {"rsa", "ed25519", "other"};
    for (size_t i = 0; i < 3; i++) {
        (void)unlink(bytes_text(&arena, path(names[i])));
    }
    (void)rmdir(folder);
    arena_release(&arena);
    return tap_done();
}
