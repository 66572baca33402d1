/* Before our own headers: they forbid names that OpenSSL gives its parameters. */
#include <openssl/evp.h>

#define SK_BASE
#include "sekisho/lesson_book.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/writer.h"
#include "record/keys.h"

#define FOLDER     "lessons"
#define KEY_NAME   "lessons.key"
#define BOOK       "book"
#define PEOPLE     "reporters"
#define MAGIC      "SKLESS02"
#define MAGIC_OLD  "SKLESS01" /* of before: entries end where the group begins */
#define OLD_ENTRY  offsetof(struct lesson_entry, group)
#define NONCE_SIZE 12
#define TAG_SIZE   16

/* A voice of whom nothing is known stands as if he had been agreed with six times and contradicted twice. */
#define PRIOR_AGREED 6.0
#define PRIOR_ALL    8.0

struct head {
    char magic[8];
    uint64_t base, next_id, stale, reserved;
};

double
reporter_weight(const struct reporter *r)
{
    if (r == NULL) {
        return 2;
    }
    double agreed = r->agreed / 16.0, all = agreed + r->disagreed / 16.0;
    double weight = 2 * (agreed + PRIOR_AGREED) / (all + PRIOR_ALL) - 1;

    return weight > 0 ? weight : 0;
}

/* --- what is said of a message ------------------------------------------------------------------------------------ */

static bool
same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, HASH_SHA256_SIZE) == 0;
}

static bool
is_operator(const uint8_t *name)
{
    static const uint8_t zeros[HASH_SHA256_SIZE];

    return same(name, zeros);
}

bool
lesson_stands(const struct lesson_entry *e)
{
    return (e->flags & (LESSON_UNDONE | LESSON_REPLACED)) == 0;
}

struct reporter *
lesson_book_reporter(struct lesson_book *book, const uint8_t *name)
{
    for (size_t i = 0; i < book->reporter_count && !is_operator(name); i++) {
        if (same(book->reporters[i].name, name)) {
            return &book->reporters[i];
        }
    }
    return NULL;
}

/* One whose figures gave way to another's is new again. */
static double
weight_of(const struct lesson_book *book, const uint8_t *name)
{
    static const struct reporter unknown;

    if (is_operator(name)) {
        return reporter_weight(NULL);
    }
    for (size_t i = 0; i < book->reporter_count; i++) {
        if (same(book->reporters[i].name, name)) {
            return reporter_weight(&book->reporters[i]);
        }
    }
    return reporter_weight(&unknown);
}

double
lesson_book_net(const struct lesson_book *book, const uint8_t *message, size_t *taught_r,
                bool *any_r)
{
    double net = 0;

    *taught_r = SIZE_MAX;
    *any_r = false;
    for (size_t i = 0; i < book->count; i++) {
        const struct lesson_entry *e = &book->entries[i];
        if (!same(e->message, message)) {
            continue;
        }
        *any_r = true;
        if (e->taught != 0) {
            *taught_r = i;
        }
        if (lesson_stands(e)) {
            double weight = weight_of(book, e->reporter);
            net += (e->flags & LESSON_SPAM) != 0 ? weight : -weight;
        }
    }
    return net;
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static bool
write_at(int fd, const void *at, size_t size, off_t place)
{
    return pwrite(fd, at, size, place) == (ssize_t)size;
}

static bool
write_head(int fd, const struct lesson_book *book, uint64_t base)
{
    struct head head = {.base = base, .next_id = book->next_id, .stale = book->stale};

    memcpy(head.magic, MAGIC, sizeof head.magic);
    return write_at(fd, &head, sizeof head, 0);
}

static off_t
place_of(size_t i)
{
    return (off_t)(sizeof(struct head) + i * (sizeof(struct lesson_entry) + LESSON_PLACE));
}

static off_t
text_of(size_t i)
{
    return place_of(i) + (off_t)sizeof(struct lesson_entry);
}

static int
open_file(int folder, const char *name, int more)
{
    return openat(folder, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | more, 0600);
}

/* A book of before is written anew, in the form of today. */
static enum sk_code
take_over(struct lesson_book *b, struct why *why)
{
    uint8_t place[LESSON_PLACE];
    int book = open_file(b->folder, BOOK ".new", O_TRUNC);
    bool good = book >= 0 && write_head(book, b, b->base);

    for (size_t i = 0; i < LIMIT_LESSONS && good; i++) {
        struct lesson_entry e = {0};
        off_t at = (off_t)(sizeof(struct head) + i * (OLD_ENTRY + LESSON_PLACE));
        if (pread(b->book, &e, OLD_ENTRY, at) != (ssize_t)OLD_ENTRY ||
            pread(b->book, place, sizeof place, at + (off_t)OLD_ENTRY) !=
                (ssize_t)sizeof place) {
            break;
        }
        good = write_at(book, &e, sizeof e, place_of(i)) &&
               write_at(book, place, sizeof place, text_of(i));
    }
    good = good && fsync(book) == 0 &&
           keys_replace(b->folder, BOOK ".new", BOOK, why) == SK_OK;
    if (!good) {
        if (book >= 0) {
            close(book);
        }
        return why_set(why, SK_SYSTEM, "the book of lessons cannot be taken over");
    }
    close(b->book);
    b->book = book;
    return SK_OK;
}

/* What was cut off by a crash at the end is not there. */
static enum sk_code
read_book(struct lesson_book *b, struct why *why)
{
    struct head head;
    ssize_t got = pread(b->book, &head, sizeof head, 0);

    if (got == 0) {
        b->next_id = 1;
        return write_head(b->book, b, 0) ? SK_OK
                                         : why_set(why, SK_SYSTEM, "the book of lessons");
    }
    bool whole = got == (ssize_t)sizeof head,
         old = whole && memcmp(head.magic, MAGIC_OLD, sizeof head.magic) == 0;
    if (!whole || (!old && memcmp(head.magic, MAGIC, sizeof head.magic) != 0)) {
        return why_set(why, SK_BAD,
                       "the book of lessons is damaged or of another version: move "
                       "record.folder/" FOLDER " away");
    }
    b->base = head.base;
    b->next_id = head.next_id;
    b->stale = head.stale != 0;
    if (old && take_over(b, why) != SK_OK) {
        return why->code;
    }
    while (b->count < LIMIT_LESSONS &&
           pread(b->book, &b->entries[b->count], sizeof b->entries[0],
                 place_of(b->count)) == (ssize_t)sizeof b->entries[0]) {
        const struct lesson_entry *e = &b->entries[b->count++];
        b->next_id = e->id >= b->next_id ? e->id + 1 : b->next_id;
    }
    while (b->reporter_count < LIMIT_REPORTERS &&
           pread(b->people, &b->reporters[b->reporter_count], sizeof b->reporters[0],
                 (off_t)(b->reporter_count * sizeof b->reporters[0])) ==
               (ssize_t)sizeof b->reporters[0]) {
        b->reporter_count++;
    }
    return SK_OK;
}

enum sk_code
lesson_book_open(struct arena *arena, const struct config *config,
                 struct lesson_book **book_r, struct why *why)
{
    struct lesson_book *b = ARENA_NEW(arena, struct lesson_book);
    struct bytes key;
    struct writer w;

    *b = (struct lesson_book){.folder = -1, .book = -1, .people = -1};
    b->entries = ARENA_NEW_MANY(arena, LIMIT_LESSONS, struct lesson_entry);
    b->reporters = ARENA_NEW_MANY(arena, LIMIT_REPORTERS, struct reporter);
    writer_init(&w, arena);
    writer_bytes(&w, config_text(config, "record.folder"));
    writer_text(&w, "/" FOLDER);
    b->path = writer_c(&w);
    enum sk_code code =
        keys_read_or_make(arena, config, KEY_NAME, HASH_SHA256_SIZE, &key, why);
    if (code != SK_OK) {
        return code;
    }
    memcpy(b->key, key.at, sizeof b->key);
    if (mkdir(b->path, 0700) == 0 || errno == EEXIST) {
        b->folder = open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (b->folder >= 0) {
        b->book = open_file(b->folder, BOOK, 0);
        b->people = open_file(b->folder, PEOPLE, 0);
    }
    code = b->book >= 0 && b->people >= 0
               ? read_book(b, why)
               : why_set(why, SK_SYSTEM, "%s cannot be opened", b->path);
    if (code != SK_OK) {
        lesson_book_close(b);
        return code;
    }
    *book_r = b;
    return SK_OK;
}

void
lesson_book_close(struct lesson_book *b)
{
    const int files[] = {b->folder, b->book, b->people};

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (files[i] >= 0) {
            close(files[i]);
        }
    }
}

enum sk_code
lesson_book_stale(struct lesson_book *b, bool stale, struct why *why)
{
    if (b->stale == stale) {
        return SK_OK;
    }
    b->stale = stale;
    return write_head(b->book, b, b->base) && fdatasync(b->book) == 0
               ? SK_OK
               : why_set(why, SK_SYSTEM, "the book of lessons cannot be written");
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

/* One place: nonce, tag, what is enciphered, zeros. Bound to its entry's id. */
static bool
crypt_place(const struct lesson_book *b, const struct lesson_entry *e, bool seal,
            const uint8_t *from, uint8_t *place, uint8_t *to)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0;

    SK_ASSERT(context != NULL);
    bool good =
        EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, b->key, place, seal) == 1 &&
        EVP_CipherUpdate(context, NULL, &size, (const uint8_t *)&e->id, sizeof e->id) ==
            1 &&
        EVP_CipherUpdate(context, to, &size, from, (int)e->size) == 1;
    if (!seal) {
        good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE,
                                           place + NONCE_SIZE) == 1;
    }
    good = good && EVP_CipherFinal_ex(context, to + size, &size) == 1;
    if (seal) {
        good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE,
                                           place + NONCE_SIZE) == 1;
    }
    EVP_CIPHER_CTX_free(context);
    return good;
}

enum sk_code
lesson_book_add(struct lesson_book *b, struct lesson_entry *e, struct bytes lesson,
                size_t *at_r, struct why *why)
{
    uint8_t place[LESSON_PLACE] = {0};

    if (b->count == LIMIT_LESSONS || lesson.size > sizeof place - NONCE_SIZE - TAG_SIZE) {
        return why_set(why, SK_LIMIT, "there is no room for the lesson");
    }
    e->id = b->next_id;
    e->size = (uint32_t)lesson.size;
    hash_random(place, NONCE_SIZE);
    if (!crypt_place(b, e, true, lesson.at, place, place + NONCE_SIZE + TAG_SIZE)) {
        return why_set(why, SK_SYSTEM, "the lesson cannot be enciphered");
    }
    /* The text first: an entry without one could not be taken back. */
    if (!write_at(b->book, place, sizeof place, text_of(b->count))) {
        return why_set(why, SK_SYSTEM, "the lesson cannot be written");
    }
    b->entries[b->count] = *e;
    enum sk_code code = lesson_book_put(b, b->count, why);
    if (code == SK_OK) {
        b->next_id++;
        *at_r = b->count++;
    }
    return code;
}

enum sk_code
lesson_book_put(const struct lesson_book *b, size_t i, struct why *why)
{
    return write_at(b->book, &b->entries[i], sizeof b->entries[0], place_of(i)) &&
                   fdatasync(b->book) == 0
               ? SK_OK
               : why_set(why, SK_SYSTEM, "the book of lessons cannot be written");
}

enum sk_code
lesson_book_text(struct arena *arena, const struct lesson_book *b, size_t i,
                 struct bytes *lesson_r, struct why *why)
{
    const struct lesson_entry *e = &b->entries[i];
    uint8_t place[LESSON_PLACE];
    bool good = e->size <= sizeof place - NONCE_SIZE - TAG_SIZE &&
                pread(b->book, place, sizeof place, text_of(i)) == (ssize_t)sizeof place;
    uint8_t *to = arena_take_bytes(arena, LESSON_PLACE);

    if (!good || !crypt_place(b, e, false, place + NONCE_SIZE + TAG_SIZE, place, to)) {
        return why_set(why, SK_BAD, "lesson %llu is damaged or erased",
                       (unsigned long long)e->id);
    }
    *lesson_r = bytes_of(to, e->size);
    return SK_OK;
}

enum sk_code
lesson_book_erase(struct lesson_book *b, size_t i, struct why *why)
{
    static const uint8_t zeros[LESSON_PLACE];

    return write_at(b->book, zeros, sizeof zeros, text_of(i)) && fdatasync(b->book) == 0
               ? SK_OK
               : why_set(why, SK_SYSTEM, "the lesson cannot be erased");
}

const char *
lesson_book_base(struct arena *arena, const struct lesson_book *b, uint64_t base)
{
    struct writer w;

    writer_init(&w, arena);
    writer_format(&w, "%s/base.%llu.model", b->path, (unsigned long long)base);
    return writer_c(&w);
}

enum sk_code
lesson_book_keep(struct lesson_book *b, const bool *keep, uint64_t base, struct why *why)
{
    uint8_t place[LESSON_PLACE];
    size_t kept = 0;
    int book = open_file(b->folder, BOOK ".new", O_TRUNC);
    bool good = book >= 0 && write_head(book, b, base);

    for (size_t i = 0; i < b->count && good; i++) {
        if (keep[i]) {
            good =
                pread(b->book, place, sizeof place, text_of(i)) == (ssize_t)sizeof place &&
                write_at(book, &b->entries[i], sizeof b->entries[0], place_of(kept)) &&
                write_at(book, place, sizeof place, text_of(kept));
            kept++;
        }
    }
    good = good && fsync(book) == 0 &&
           keys_replace(b->folder, BOOK ".new", BOOK, why) == SK_OK;
    if (!good) {
        if (book >= 0) {
            close(book);
        }
        return why_set(why, SK_SYSTEM, "the book of lessons cannot be written anew");
    }
    close(b->book);
    b->book = book;
    kept = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (keep[i]) {
            b->entries[kept++] = b->entries[i];
        }
    }
    b->count = kept;
    if (b->base != base && b->base != 0) {
        struct arena arena;
        arena_init(&arena, 1u << 20);
        (void)unlink(lesson_book_base(&arena, b, b->base));
        arena_release(&arena);
    }
    b->base = base;
    return SK_OK;
}

/* --- reporters ---------------------------------------------------------------------------------------------------- */

struct reporter *
lesson_book_reporter_made(struct lesson_book *b, const uint8_t *name)
{
    struct reporter *r = lesson_book_reporter(b, name);

    if (r != NULL || is_operator(name)) {
        return r;
    }
    if (b->reporter_count < LIMIT_REPORTERS) {
        r = &b->reporters[b->reporter_count++];
    } else {
        r = &b->reporters[0];
        for (size_t i = 1; i < b->reporter_count; i++) {
            r = b->reporters[i].last_ms < r->last_ms ? &b->reporters[i] : r;
        }
    }
    *r = (struct reporter){0};
    memcpy(r->name, name, HASH_SHA256_SIZE);
    return r;
}

enum sk_code
lesson_book_put_reporter(const struct lesson_book *b, const struct reporter *r,
                         struct why *why)
{
    return write_at(b->people, r, sizeof *r,
                    (off_t)((size_t)(r - b->reporters) * sizeof *r)) &&
                   fdatasync(b->people) == 0
               ? SK_OK
               : why_set(why, SK_SYSTEM, "the reporters cannot be written");
}
