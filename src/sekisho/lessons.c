#define SK_BASE
#include "sekisho/lessons_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/table.h"
#include "base/writer.h"
#include "permit/consent.h"
#include "record/keys.h"
#include "sekisho/roles.h"

#define KEY_NAME     "personal.key"
#define FOLDER       "personal"
#define LEARNED      "learned.lessons"
#define LEARNED_NEW  "learned.lessons.new"
#define TABLE_MEMORY ((size_t)1 << 30)

static void
remember_one(struct lessons *l, const uint8_t *message, const uint8_t *name, uint8_t kind)
{
    uint8_t *at = arena_take_bytes(&l->arena, 2 * HASH_SHA256_SIZE);

    memcpy(at, message, HASH_SHA256_SIZE);
    memcpy(at + HASH_SHA256_SIZE, name, HASH_SHA256_SIZE);
    table_put(&l->table, bytes_of(at, 2 * HASH_SHA256_SIZE),
              (char *)(uintptr_t)(kind == 's'   ? "s"
                                  : kind == 'h' ? "h"
                                                : "u"));
}

const uint8_t lessons_nobody[HASH_SHA256_SIZE];

/* What somebody taught in his name the common model knows too. */
void
lessons_remember(struct lessons *l, const struct lesson_line *line)
{
    remember_one(l, line->message, lessons_nobody, line->kind);
    if (memcmp(line->name, lessons_nobody, sizeof lessons_nobody) != 0) {
        remember_one(l, line->message, line->name, line->kind);
    }
}

bool
lessons_known(const struct lessons *l, const struct lesson_line *line, const uint8_t *name)
{
    uint8_t at[2 * HASH_SHA256_SIZE];

    memcpy(at, line->message, HASH_SHA256_SIZE);
    memcpy(at + HASH_SHA256_SIZE, name, HASH_SHA256_SIZE);
    const char *kind = table_get(&l->table, bytes_of(at, sizeof at));
    return kind != NULL && (uint8_t)kind[0] == line->kind;
}

static bool
read_line(int fd, void *line, size_t size, off_t *at)
{
    bool whole = pread(fd, line, size, *at) == (ssize_t)size;

    *at += (off_t)size;
    return whole;
}

void
lessons_line(const struct lessons *l, struct bytes digest, uint8_t kind,
             const uint8_t *name, struct lesson_line *line_r)
{
    hash_hmac_sha256(bytes_of(l->key, sizeof l->key), &digest, 1, line_r->message);
    line_r->kind = kind;
    memcpy(line_r->name, name, HASH_SHA256_SIZE);
}

/* Lines of a version that knew no names and no key. */
static enum sk_code
take_over(struct lessons *l, struct why *why)
{
    uint8_t old[1 + HASH_SHA256_SIZE];
    struct lesson_line line;
    off_t at = 0;
    int fd = openat(l->record, LEARNED_DIGESTS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        return SK_OK;
    }
    bool good = true;
    while (good && read_line(fd, old, sizeof old, &at)) {
        lessons_line(l, bytes_of(old + 1, HASH_SHA256_SIZE), old[0] == 's' ? 's' : 'h',
                     lessons_nobody, &line);
        good = write(l->learned, &line, sizeof line) == (ssize_t)sizeof line;
    }
    close(fd);
    good = good && fsync(l->learned) == 0;
    return good ? keys_destroy(l->record, LEARNED_DIGESTS, why)
                : why_set(why, SK_SYSTEM, "%s cannot be taken over", LEARNED_DIGESTS);
}

static enum sk_code
read_learned(struct lessons *l, struct why *why)
{
    struct lesson_line line;
    off_t at = 0;

    if (l->learned >= 0) {
        close(l->learned);
    }
    l->learned = openat(l->record, LEARNED,
                        O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (l->learned < 0) {
        return why_set(why, SK_SYSTEM, "%s cannot be opened", LEARNED);
    }
    enum sk_code code = take_over(l, why);
    arena_release(&l->arena);
    arena_init(&l->arena, TABLE_MEMORY);
    table_init(&l->table, &l->arena, false);
    while (read_line(l->learned, &line, sizeof line, &at)) {
        lessons_remember(l, &line);
    }
    struct stat status; /* a line that was cut off would push all later ones out of step */
    if (code == SK_OK && fstat(l->learned, &status) == 0 &&
        status.st_size % (off_t)sizeof line != 0 &&
        ftruncate(l->learned, status.st_size - status.st_size % (off_t)sizeof line) != 0) {
        code = why_set(why, SK_SYSTEM, "%s cannot be mended", LEARNED);
    }
    return code;
}

static enum sk_code
open_folders(struct lessons *l, const char *record, struct why *why)
{
    l->record = open(record, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (l->record >= 0 && mkdirat(l->record, FOLDER, 0700) != 0 && errno != EEXIST) {
        return why_set(why, SK_SYSTEM, "the folder of personal weights cannot be made");
    }
    l->folder = l->record < 0 ? -1
                              : openat(l->record, FOLDER,
                                       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return l->folder >= 0
               ? SK_OK
               : why_set(why, SK_SYSTEM, "the folder of personal weights cannot be opened");
}

enum sk_code
lessons_open(struct arena *arena, const struct config *config, struct judge *judge,
             struct personal *personal, struct lessons **lessons_r, struct why *why)
{
    struct lessons *l = ARENA_NEW(arena, struct lessons);
    struct bytes detail = config_text(config, "permit.detail"), key;
    size_t bad = 0;

    *l = (struct lessons){.judge = judge,
                          .personal = personal,
                          .own_table = personal == NULL,
                          .separator = detail.size > 0 ? detail.at[0] : 0,
                          .record = -1,
                          .folder = -1,
                          .group_folder = -1,
                          .learned = -1};
    arena_init(&l->arena, TABLE_MEMORY);
    enum sk_code code =
        keys_read_or_make(arena, config, KEY_NAME, HASH_SHA256_SIZE, &key, why);
    if (code == SK_OK) {
        memcpy(l->key, key.at, sizeof l->key);
        code =
            open_folders(l, bytes_text(arena, config_text(config, "record.folder")), why);
    }
    if (code == SK_OK && l->own_table) {
        code = personal_open(&l->personal, why);
    }
    if (code == SK_OK) {
        personal_set_key(l->personal, l->key);
        code = personal_load(l->personal, l->folder, &bad, why);
    }
    if (code == SK_OK) {
        code = read_learned(l, why);
    }
    if (code == SK_OK) {
        code = lessons_open_book(l, arena, config, why);
    }
    if (bad > 0) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "%zu files of personal weights are damaged, or more than %d, and not used",
                 bad, LIMIT_PERSONAL_RECIPIENTS);
    }
    if (code != SK_OK) {
        lessons_close(l);
        return code;
    }
    *lessons_r = l;
    return SK_OK;
}

void
lessons_close(struct lessons *l)
{
    if (l == NULL) {
        return;
    }
    const int files[] = {l->record, l->folder, l->learned, l->group_folder};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (files[i] >= 0) {
            close(files[i]);
        }
    }
    if (l->own_table) {
        personal_close(l->personal);
    }
    jury_close(l->jury);
    group_jury_close(l->group_jury);
    if (l->book != NULL) {
        lesson_book_close(l->book);
    }
    arena_release(&l->arena);
}

bool
lessons_changed(struct lessons *l)
{
    bool changed = l->changed;

    l->changed = false;
    return changed;
}

bool
lessons_has(const struct lessons *l, struct arena *arena, struct bytes address)
{
    struct bytes name;

    return personal_name(arena, address, l->separator, &name) &&
           personal_find(l->personal, name) != PERSONAL_NONE;
}

/* Whether any line is his; then the others are written beside, and put in their place. */
static enum sk_code
forget_lines(struct lessons *l, const uint8_t *name, struct why *why)
{
    struct lesson_line line;
    bool any = false, good = true;
    off_t at = 0;

    while (read_line(l->learned, &line, sizeof line, &at)) {
        any = any || memcmp(line.name, name, HASH_SHA256_SIZE) == 0;
    }
    if (!any) {
        return SK_OK;
    }
    int fd = openat(l->record, LEARNED_NEW,
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    at = 0;
    while (fd >= 0 && good && read_line(l->learned, &line, sizeof line, &at)) {
        good = memcmp(line.name, name, HASH_SHA256_SIZE) == 0 ||
               write(fd, &line, sizeof line) == (ssize_t)sizeof line;
    }
    good = fd >= 0 && good && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    enum sk_code code = good
                            ? keys_replace(l->record, LEARNED_NEW, LEARNED, why)
                            : why_set(why, SK_SYSTEM, "%s cannot be written anew", LEARNED);
    return code == SK_OK ? read_learned(l, why) : code;
}

static enum sk_code
forget_id(struct lessons *l, const struct personal_id *id, struct why *why)
{
    for (size_t i = 0; i < LIMIT_PERSONAL_RECIPIENTS; i++) {
        const struct personal_id *there = personal_slot_id(l->personal, i);
        if (there != NULL && memcmp(there->name, id->name, sizeof id->name) == 0) {
            personal_give_up(l->personal, i);
        }
    }
    /* Also where no slot was his: a file that was damaged, or one too many. */
    enum sk_code code = personal_destroy(l->folder, id->name, why);
    struct why cause;
    enum sk_code of_lines = forget_lines(l, id->name, &cause);
    if (of_lines == SK_OK) {
        of_lines = lessons_forget_kept(l, id->name, &cause);
    }
    return code != SK_OK       ? code
           : of_lines != SK_OK ? why_set(why, of_lines, "%s", cause.sentence)
                               : SK_OK;
}

/* His word on content: 1 a grant, -1 a withdrawal, 0 none. */
static int
last_word(const struct consent_recipient *r, bool *erased_r)
{
    *erased_r = false;
    for (const struct consent_word *word = r->words; word != NULL; word = word->next) {
        if ((word->families & FAMILY_BIT(FAMILY_CONTENT)) != 0) {
            *erased_r = word->erased;
            return word->granted ? 1 : -1;
        }
    }
    return 0;
}

/* All of the domain who did not consent themselves. */
static enum sk_code
forget_domain(struct lessons *l, const struct consents *consents, struct bytes domain,
              struct why *why)
{
    bool own[LIMIT_PERSONAL_RECIPIENTS] = {false};
    const struct consent_recipient *r;
    struct personal_id id, of_domain;
    size_t position = 0;
    bool erased;
    enum sk_code code = SK_OK;

    personal_id_of(l->key, domain, &of_domain);
    while (consents_next(consents, &position, &r)) {
        if (bytes_equal(recipient_domain(r->name), domain) && last_word(r, &erased) > 0) {
            size_t slot = personal_find(l->personal, r->name);
            if (slot != PERSONAL_NONE) {
                own[slot] = true;
            }
        }
    }
    for (size_t i = 0; i < LIMIT_PERSONAL_RECIPIENTS; i++) {
        const struct personal_id *there = personal_slot_id(l->personal, i);
        if (there != NULL && !own[i] &&
            memcmp(there->domain, of_domain.domain, sizeof of_domain.domain) == 0) {
            id = *there;
            enum sk_code one = forget_id(l, &id, why);
            code = code == SK_OK ? one : code;
        }
    }
    return code;
}

static enum sk_code
forget(struct lessons *l, const struct consents *consents, struct bytes name,
       struct why *why)
{
    struct personal_id id;
    struct arena scratch;
    struct bytes own;

    if (name.size > 0 && name.at[0] == '@') {
        return forget_domain(l, consents, name, why);
    }
    arena_init(&scratch, 1u << 20);
    if (!personal_name(&scratch, name, l->separator, &own)) {
        own = name;
    }
    personal_id_of(l->key, own, &id);
    arena_release(&scratch);
    return forget_id(l, &id, why);
}

enum sk_code
lessons_forget(struct keeping *k, struct bytes name, uint32_t families, struct why *why)
{
    struct lessons *l = k->lessons;
    struct arena arena;

    if ((families & FAMILY_BIT(FAMILY_CONTENT)) == 0) {
        return SK_OK;
    }
    if (l != NULL) {
        return forget(l, k->consents, name, why);
    }
    arena_init(&arena, 4u << 20);
    struct writer folder;
    writer_init(&folder, &arena);
    writer_bytes(&folder, config_text(k->config, "record.folder"));
    writer_text(&folder, "/" FOLDER);
    if (access(writer_c(&folder), F_OK) != 0 && errno == ENOENT) {
        arena_release(&arena);
        return SK_OK; /* nobody ever taught here; no key is made for that */
    }
    enum sk_code code = lessons_open(&arena, k->config, NULL, NULL, &l, why);
    if (code == SK_OK) {
        code = forget(l, k->consents, name, why);
        lessons_close(l);
    }
    arena_release(&arena);
    return code;
}

/* One that was erased may have failed to be destroyed. */
static bool
is_left(const struct lessons *l, struct bytes name)
{
    struct personal_id id;
    char file[80];

    personal_id_of(l->key, name, &id);
    personal_file_name(id.name, file);
    return faccessat(l->folder, file, F_OK, 0) == 0;
}

void
lessons_forget_rest(struct keeping *k)
{
    const struct consent_recipient *r;
    size_t position = 0;
    struct why why;
    bool erased;

    while (k->lessons != NULL && consents_next(k->consents, &position, &r)) {
        if (last_word(r, &erased) < 0 && (!erased || is_left(k->lessons, r->name)) &&
            forget(k->lessons, k->consents, r->name, &why) != SK_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "withdrawn, but not unlearned: %s",
                     why.sentence);
        }
    }
}
