#include "record/book.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"
#include "record/journal.h"
#include "record/ledger.h"

#define BOOK_BYTES_MAX  ((size_t)256 << 20)
#define SAVE_EVERY_MS   2000
#define SAVE_BEHIND_MAX 200000 /* entries to read again after a crash, about */

#define HEAD "{\"v\":1,\"kind\":\""

bool
book_takes(const struct book *book, struct bytes record)
{
    struct bytes kind = bytes_from(record, sizeof(HEAD) - 1), kinds, name;

    if (!bytes_starts(record, BYTES(HEAD))) {
        return false;
    }
    for (kinds = bytes_from_text(book->kind); bytes_split(&kinds, '|', &name);) {
        if (bytes_starts(kind, name) && kind.size > name.size &&
            (kind.at[name.size] == '"' || kind.at[name.size] == '.')) {
            return true;
        }
    }
    return false;
}

static struct bytes
file_name(struct arena *arena, const struct book *book)
{
    struct writer w;

    writer_init(&w, arena);
    writer_text(&w, book->name);
    writer_text(&w, ".book");
    (void)writer_c(&w);
    return writer_view(&w);
}

/* Of the number of entries and the text: neither can be changed alone. */
static struct bytes
digest_of(struct arena *arena, uint64_t upto, struct bytes text)
{
    uint8_t digest[HASH_SHA256_SIZE];
    char number[24];
    int size = snprintf(number, sizeof number, "%llu\n", (unsigned long long)upto);

    hash_sha256_many((struct bytes[]){bytes_of(number, (size_t)size), text}, 2, digest);
    return bytes_hex(arena, bytes_of(digest, sizeof(digest)));
}

/* "sekisho book NAME 1 ENTRIES SHA256": false where the file is not what its first line says. */
static bool
read_head(struct arena *arena, const struct book *book, struct bytes *text, uint64_t *upto)
{
    struct bytes line, word[6];
    size_t count = 0;

    if (!bytes_line(text, &line)) {
        return false;
    }
    while (count < 6 && bytes_split(&line, ' ', &word[count])) {
        count++;
    }
    return count == 6 && bytes_is(word[0], "sekisho") && bytes_is(word[1], "book") &&
           bytes_is(word[2], book->name) && bytes_is(word[3], "1") &&
           bytes_to_number(word[4], UINT64_MAX, upto) &&
           bytes_equal(word[5], digest_of(arena, *upto, *text));
}

static enum sk_code
book_load(int folder, struct book *book, uint64_t entries, void (*log)(const char *),
          struct why *why)
{
    struct arena arena;
    struct bytes text;
    struct why said;
    bool good = false;

    book->upto = 0;
    if (book->known != NULL) {
        enum sk_code loaded = book->load(book->context, BYTES_NONE, why);
        uint64_t known = loaded == SK_OK ? book->known(book->context) : 0;
        book->upto = book->saved = known <= entries ? known : 0;
        return loaded;
    }
    arena_init(&arena, 4 * BOOK_BYTES_MAX);
    enum sk_code code =
        ledger_read_file(&arena, folder, (const char *)file_name(&arena, book).at,
                         BOOK_BYTES_MAX, &text, &said);
    if (code == SK_OK) {
        good = read_head(&arena, book, &text, &book->upto) && book->upto <= entries &&
               book->load(book->context, text, &said) == SK_OK;
        if (!good && log != NULL) {
            (void)why_set(&said, SK_BAD,
                          "%s.book is damaged or of another ledger: it is made again "
                          "from the ledger",
                          book->name);
            log(said.sentence);
        }
    }
    code = SK_OK;
    if (!good) {
        book->upto = 0;
        code = book->load(book->context, BYTES_NONE, why);
    }
    book->saved = book->upto;
    arena_release(&arena);
    return code;
}

static enum sk_code
read_segment(int folder, uint64_t first, uint64_t entries, struct book *const *books,
             size_t count, struct why *why)
{
    struct bytes segment;
    struct journal_frame frame;
    uint64_t index = first;

    enum sk_code code = journal_map(folder, first, &segment, why);
    if (code != SK_OK) {
        return code;
    }
    for (size_t at = 0; at < segment.size && index < entries; index++) {
        if (journal_frame_read(segment, at, &frame) != SK_OK) {
            break;
        }
        if (!frame.purged) {
            books_entry(books, count, index, frame.record);
        }
        at += frame.size;
    }
    journal_unmap(segment);
    return SK_OK;
}

enum sk_code
books_open(int folder, struct book *const *books, size_t count, uint64_t entries,
           void (*log)(const char *sentence), struct why *why)
{
    struct arena arena;
    struct journal_list list;
    uint64_t from = entries;

    for (size_t i = 0; i < count; i++) {
        enum sk_code code = book_load(folder, books[i], entries, log, why);
        if (code != SK_OK) {
            return code;
        }
        from = books[i]->upto < from ? books[i]->upto : from;
    }
    arena_init(&arena, (size_t)16 << 20);
    enum sk_code code = journal_list(&arena, folder, &list, why);
    for (size_t i = 0; i < list.count && code == SK_OK && from < entries; i++) {
        uint64_t end = i + 1 < list.count ? list.firsts[i + 1] : UINT64_MAX;
        if (end > from) {
            code = read_segment(folder, list.firsts[i], entries, books, count, why);
        }
    }
    for (size_t i = 0; i < count && code == SK_OK; i++) {
        books[i]->upto = entries;
    }
    arena_release(&arena);
    return code;
}

void
books_entry(struct book *const *books, size_t count, uint64_t index, struct bytes record)
{
    for (size_t i = 0; i < count; i++) {
        if (index < books[i]->upto) {
            continue;
        }
        if (book_takes(books[i], record)) {
            books[i]->entry(books[i]->context, index, record);
            books[i]->changed = true;
        }
        books[i]->upto = index + 1;
    }
}

static enum sk_code
book_save(int folder, struct book *book, struct why *why)
{
    int64_t began = clock_monotonic_ms();
    struct arena arena;
    struct writer body, w;

    arena_init(&arena, 8 * BOOK_BYTES_MAX);
    writer_init(&body, &arena);
    book->save(book->context, &body);
    writer_init(&w, &arena);
    writer_format(&w, "sekisho book %s 1 %llu ", book->name,
                  (unsigned long long)book->upto);
    writer_bytes(&w, digest_of(&arena, book->upto, writer_view(&body)));
    writer_byte(&w, '\n');
    writer_bytes(&w, writer_view(&body));
    enum sk_code code =
        w.size > BOOK_BYTES_MAX
            ? why_set(why, SK_LIMIT, "%s.book would be too large", book->name)
            : ledger_write_file(folder, (const char *)file_name(&arena, book).at,
                                writer_view(&w), 0600, why);
    if (code == SK_OK) {
        book->saved = book->upto;
        book->changed = false;
    }
    book->saved_ms = clock_monotonic_ms();
    book->save_took_ms = book->saved_ms - began;
    arena_release(&arena);
    return code;
}

enum sk_code
books_save(int folder, struct book *const *books, size_t count, bool now, struct why *why)
{
    enum sk_code result = SK_OK;

    for (size_t i = 0; i < count; i++) {
        struct book *book = books[i];
        if (book->known != NULL) {
            continue;
        }
        /* A large book costs its disk: it waits twenty times as long as its last saving took. */
        int64_t wait = 20 * book->save_took_ms;
        bool due = clock_monotonic_ms() - book->saved_ms >=
                   (wait > SAVE_EVERY_MS ? wait : SAVE_EVERY_MS);
        if ((book->changed && (now || due)) ||
            book->upto - book->saved > (now ? 0 : SAVE_BEHIND_MAX)) {
            enum sk_code code = book_save(folder, book, why);
            result = code != SK_OK ? code : result;
        }
    }
    return result;
}
