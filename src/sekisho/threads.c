#define SK_BASE
#include "sekisho/threads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/writer.h"
#include "judge/personal.h"
#include "permit/consent.h"
#include "permit/recipient_name.h"
#include "record/book.h"
#include "record/keys.h"
#include "record/ledger.h"

#define KEY_NAME      "personal.key" /* of lessons.c too: both keep a file for each recipient */
#define FOLDER        "threads"
#define KNOWN         "threads.known"
#define ENDING        ".threads"
#define NAME_SIZE     80
#define FILE_MAX      (65536u)
#define SAVE_EVERY_MS 5000
#define KNOWN_MS      60000 /* so often where nothing changed but the ledger grew */
#define STEP_US       20000 /* of one second, for writing */
#define FORGET_MS     3600000
#define DAY_MS        86400000
#define ENTRY_MEMORY  ((size_t)8 << 20)

_Static_assert(LIMIT_THREAD_PAIRS * 40 + 1024 < FILE_MAX, "a full memory fits a file");

struct threads {
    struct thread_table *table;
    bool own_table;
    int folder;
    uint8_t key[HASH_SHA256_SIZE], separator;
    struct book book;
    const struct consents *const *consents;
    int64_t keep_ms;
    uint64_t known;                       /* entries below it are in the files */
    bool dirty[LIMIT_THREAD_RECIPIENTS];  /* changed since it was written */
    bool saving[LIMIT_THREAD_RECIPIENTS]; /* of these, those that the round writes */
    bool shrunk[LIMIT_THREAD_RECIPIENTS]; /* the old file's bytes are to go too */
    bool any_dirty, in_round;
    uint64_t round_upto; /* what is known when the round is over */
    size_t round_at;
    int64_t saved_ms, forgot_ms;
    size_t forget_at; /* the place to be looked at next */
    struct arena scratch;
};

/* Files. */

static void
file_name(const uint8_t name[HASH_SHA256_SIZE], char text_r[NAME_SIZE])
{
    for (size_t i = 0; i < HASH_SHA256_SIZE; i++) {
        snprintf(text_r + 2 * i, NAME_SIZE - 2 * i, "%02x", name[i]);
    }
    snprintf(text_r + 2 * HASH_SHA256_SIZE, NAME_SIZE - 2 * HASH_SHA256_SIZE, ENDING);
}

static enum sk_code
destroy(const struct threads *t, const uint8_t name[HASH_SHA256_SIZE], struct why *why)
{
    char text[NAME_SIZE], next[NAME_SIZE + 8];
    struct why cause;

    file_name(name, text);
    snprintf(next, sizeof next, "%s.new", text);
    enum sk_code of_next = keys_destroy(t->folder, next, &cause),
                 code = keys_destroy(t->folder, text, &cause);
    return code == SK_OK && of_next == SK_OK
               ? SK_OK
               : why_set(why, SK_SYSTEM, "a memory of conversations cannot be destroyed");
}

static enum sk_code
save_place(struct threads *t, size_t place, struct why *why)
{
    const struct thread_memory *memory = thread_table_at(t->table, place);
    char name[NAME_SIZE], next[NAME_SIZE + 8];
    struct why cause;

    arena_release(&t->scratch);
    arena_init(&t->scratch, 4 * FILE_MAX);
    struct bytes file = thread_memory_write(&t->scratch, memory, t->key);
    file_name(memory->name, name);
    snprintf(next, sizeof next, "%s.new", name);
    int fd = openat(t->folder, next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                    0600);
    bool good = fd >= 0 && write(fd, file.at, file.size) == (ssize_t)file.size &&
                fdatasync(fd) == 0;
    good = (fd < 0 || close(fd) == 0) && good;
    if (good && t->shrunk[place]) {
        good = keys_replace(t->folder, next, name, &cause) == SK_OK;
    } else if (good) {
        good = renameat(t->folder, next, t->folder, name) == 0;
    }
    if (!good) {
        return why_set(why, SK_SYSTEM, "a memory of conversations cannot be written");
    }
    t->dirty[place] = t->shrunk[place] = false;
    return SK_OK;
}

static enum sk_code
save_known(struct threads *t, uint64_t known, struct why *why)
{
    struct writer w;

    arena_release(&t->scratch);
    arena_init(&t->scratch, 4 * FILE_MAX);
    writer_init(&w, &t->scratch);
    writer_format(&w, "%llu\n", (unsigned long long)known);
    enum sk_code code =
        fsync(t->folder) != 0
            ? why_set(why, SK_SYSTEM, "%s cannot be synced", FOLDER)
            : ledger_write_file(t->folder, KNOWN, writer_view(&w), 0600, why);
    if (code == SK_OK) {
        t->known = known;
    }
    return code;
}

/* What is taken out of the table goes from disk too. */
static enum sk_code
forget_place(struct threads *t, size_t place, struct why *why)
{
    uint8_t name[HASH_SHA256_SIZE];

    memcpy(name, thread_table_at(t->table, place)->name, sizeof name);
    thread_table_give_up(t->table, place);
    t->dirty[place] = t->saving[place] = t->shrunk[place] = false;
    return destroy(t, name, why);
}

/* Who gives way for another loses his file too, without waiting for the disk: a flood may make many give way. */
static size_t
take_place(struct threads *t, const struct personal_id *id)
{
    uint8_t evicted[HASH_SHA256_SIZE];
    static const uint8_t nobody[HASH_SHA256_SIZE];
    char name[NAME_SIZE];
    size_t place = thread_table_take(t->table, id->name, id->domain, evicted);

    if (memcmp(evicted, nobody, sizeof evicted) != 0) {
        t->dirty[place] = t->saving[place] = t->shrunk[place] = false;
        file_name(evicted, name);
        if (unlinkat(t->folder, name, 0) != 0 && errno != ENOENT) {
            log_line(LOG_LEVEL_WARNING, NULL,
                     "a memory of conversations cannot be removed");
        }
    }
    return place;
}

static bool
read_one(struct threads *t, const char *name)
{
    static struct thread_memory memory;
    static uint8_t bytes[FILE_MAX];
    char wanted[NAME_SIZE];
    struct why why;
    size_t size = 0;
    ssize_t n = 0;
    int fd = openat(t->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    while (fd >= 0 && size < sizeof bytes &&
           (n = read(fd, bytes + size, sizeof bytes - size)) > 0) {
        size += (size_t)n;
    }
    if (fd >= 0) {
        close(fd);
    }
    bool good = fd >= 0 && n >= 0 &&
                thread_memory_read(bytes_of(bytes, size), t->key, &memory, &why) == SK_OK;
    if (good) {
        file_name(memory.name, wanted);
        good = strcmp(wanted, name) == 0;
    }
    if (good) {
        struct personal_id id;
        memcpy(id.name, memory.name, sizeof id.name);
        memcpy(id.domain, memory.domain, sizeof id.domain);
        size_t place = take_place(t, &id);
        *thread_table_change(t->table, place) = memory;
        thread_table_changed(t->table, place);
    }
    explicit_bzero(&memory, sizeof memory); /* what is withdrawn later is not left here */
    explicit_bzero(bytes, sizeof bytes);
    return good;
}

static bool
ends(const char *name, const char *ending)
{
    size_t size = strlen(name), most = strlen(ending);

    return size > most && strcmp(name + size - most, ending) == 0;
}

/* Files that are none are removed: what stood in them is made again. */
static enum sk_code
read_all(struct threads *t, size_t *bad_r, struct why *why)
{
    int copy = openat(t->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;
    struct why cause;

    *bad_r = 0;
    if (list == NULL) {
        return why_set(why, SK_SYSTEM, "the folder %s cannot be read", FOLDER);
    }
    while ((entry = readdir(list)) != NULL) {
        bool bad = ends(entry->d_name, ENDING) && !read_one(t, entry->d_name);
        *bad_r += bad;
        if (bad || ends(entry->d_name, ".new")) {
            (void)!keys_destroy(t->folder, entry->d_name, &cause);
        }
    }
    closedir(list);
    return SK_OK;
}

static uint64_t
read_known(struct threads *t)
{
    struct bytes text;
    struct why why;
    uint64_t known;

    arena_release(&t->scratch);
    arena_init(&t->scratch, 4 * FILE_MAX);
    return ledger_read_file(&t->scratch, t->folder, KNOWN, 100, &text, &why) == SK_OK &&
                   bytes_to_number(bytes_trim(text), UINT64_MAX, &known)
               ? known
               : 0;
}

/* Entries. */

static void
id_of(const struct threads *t, struct arena *arena, struct bytes address,
      struct personal_id *id_r)
{
    struct bytes name;

    if (!personal_name(arena, address, t->separator, &name)) {
        name = address;
    }
    personal_id_of(t->key, name, id_r);
}

static bool
read_hex(struct bytes hex, uint8_t *at, size_t size)
{
    for (size_t i = 0; i < hex.size && hex.size == 2 * size; i++) {
        int digit = ascii_hex(hex.at[i]);
        if (digit < 0) {
            return false;
        }
        at[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : at[i / 2] | digit);
    }
    return hex.size == 2 * size;
}

static struct bytes
text_of(const json_t *object, const char *key)
{
    const json_t *text = json_object_get(object, key);

    return bytes_of(json_string_value(text), json_string_length(text));
}

static unsigned
stages_of(const json_t *names)
{
    unsigned stages = 0;
    size_t i;
    json_t *name;

    json_array_foreach(names, i, name)
    {
        for (int k = 1; json_is_string(name) && k < LURE_STAGE_COUNT; k++) {
            if (strcmp(json_string_value(name), lure_stage_name((enum lure_stage)k)) == 0) {
                stages |= 1u << k;
            }
        }
    }
    return stages;
}

/* One recipient's part of a message. */
static void
note(struct threads *t, uint64_t index, int64_t time_ms, const json_t *carrier)
{
    const json_t *lure = json_object_get(carrier, "lure");
    unsigned stages = stages_of(json_object_get(lure, "stages"));
    uint8_t key[THREAD_KEY_SIZE];
    struct personal_id id;
    size_t i;
    json_t *pair;

    if (!json_is_object(lure)) {
        return;
    }
    id_of(t, &t->scratch, text_of(carrier, "to"), &id);
    size_t place = thread_table_place(t->table, id.name);
    if (place == SIZE_MAX && stages == 0) {
        return; /* forgotten since the worker looked */
    }
    if (place == SIZE_MAX) {
        place = take_place(t, &id);
    }
    if (index < thread_table_at(t->table, place)->upto) {
        return;
    }
    struct thread_memory *memory = thread_table_change(t->table, place);
    json_array_foreach(json_object_get(lure, "pairs"), i, pair)
    {
        struct bytes hex = bytes_of(json_string_value(pair), json_string_length(pair));
        if (i < CONVERSATION_PAIRS && read_hex(hex, key, sizeof key)) {
            (void)thread_memory_note(
                memory, key, (uint32_t)(time_ms > 0 ? time_ms / DAY_MS : 0), stages);
        }
    }
    memory->upto = index + 1;
    thread_table_changed(t->table, place);
    t->dirty[place] = t->any_dirty = true;
}

static void
take_content(struct threads *t, uint64_t index, const json_t *json)
{
    int64_t time_ms = json_integer_value(json_object_get(json, "time"));
    size_t i;
    json_t *carrier;

    if (json_object_get(json, "of") != NULL) {
        return; /* written anew without somebody: it was noted as it came */
    }
    json_array_foreach(json_object_get(json, "rests_on"), i, carrier)
    {
        note(t, index, time_ms, carrier);
    }
}

/* Whether his last word on content is a grant, which stands before that entry. */
static bool
consents_himself(const struct consent_recipient *r, uint64_t before)
{
    for (const struct consent_word *word = r->words; word != NULL; word = word->next) {
        if ((word->families & FAMILY_BIT(FAMILY_CONTENT)) != 0) {
            return word->granted && word->index < before;
        }
    }
    return false;
}

/* Of a domain: all who did not consent themselves. What was noted after the entry stays. */
static enum sk_code
forget_domain(struct threads *t, const struct consents *consents, struct bytes domain,
              uint64_t before, struct why *why)
{
    static bool own[LIMIT_THREAD_RECIPIENTS];
    const struct consent_recipient *r;
    struct personal_id id;
    size_t position = 0;
    enum sk_code code = SK_OK;

    memset(own, 0, sizeof own);
    while (consents != NULL && consents_next(consents, &position, &r)) {
        if (bytes_equal(recipient_domain(r->name), domain) && consents_himself(r, before)) {
            personal_id_of(t->key, r->name, &id);
            size_t place = thread_table_place(t->table, id.name);
            if (place != SIZE_MAX) {
                own[place] = true;
            }
        }
    }
    personal_id_of(t->key, domain, &id);
    for (size_t i = 0; i < thread_table_places(t->table); i++) {
        const struct thread_memory *memory = thread_table_at(t->table, i);
        if (memory != NULL && !own[i] && memory->upto <= before &&
            memcmp(memory->domain, id.domain, sizeof id.domain) == 0) {
            enum sk_code one = forget_place(t, i, why);
            code = code == SK_OK ? one : code;
        }
    }
    return code;
}

static enum sk_code
forget(struct threads *t, const struct consents *consents, struct bytes name,
       uint64_t before, struct why *why)
{
    struct personal_id id;
    struct arena scratch;

    if (name.size > 0 && name.at[0] == '@') {
        return forget_domain(t, consents, name, before, why);
    }
    arena_init(&scratch, 1u << 20);
    id_of(t, &scratch, name, &id);
    arena_release(&scratch);
    size_t place = thread_table_place(t->table, id.name);
    if (place == SIZE_MAX) {
        return destroy(t, id.name, why); /* of one whose destruction failed before */
    }
    return thread_table_at(t->table, place)->upto <= before ? forget_place(t, place, why)
                                                            : SK_OK;
}

static void
take_erasure(struct threads *t, uint64_t index, const json_t *json)
{
    size_t i;
    json_t *family;
    struct why why;

    json_array_foreach(json_object_get(json, "families"), i, family)
    {
        const char *name = json_string_value(family);
        if (name != NULL && strcmp(name, permit_family_name(FAMILY_CONTENT)) == 0 &&
            forget(t, t->consents == NULL ? NULL : *t->consents, text_of(json, "recipient"),
                   index, &why) != SK_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "withdrawn, but not forgotten: %s",
                     why.sentence);
        }
    }
}

static void
take_decision(struct threads *t, uint64_t index, const json_t *json)
{
    uint8_t name[HASH_SHA256_SIZE], pair[THREAD_KEY_SIZE];
    struct why why = {0};

    if (!read_hex(text_of(json, "name"), name, sizeof name)) {
        return;
    }
    size_t place = thread_table_place(t->table, name);
    if (place == SIZE_MAX || thread_table_at(t->table, place)->upto > index) {
        return;
    }
    if (read_hex(text_of(json, "pair"), pair, sizeof pair)) {
        struct thread_memory *memory = thread_table_change(t->table, place);
        (void)thread_memory_drop(memory, pair);
        memory->upto = index + 1;
        thread_table_changed(t->table, place);
        t->dirty[place] = t->shrunk[place] = t->any_dirty = true;
    }
    if (thread_table_at(t->table, place)->count == 0 ||
        json_object_get(json, "pair") == NULL) {
        if (forget_place(t, place, &why) != SK_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "not forgotten: %s", why.sentence);
        }
    }
}

static void
take_entry(void *context, uint64_t index, struct bytes record)
{
    struct threads *t = context;
    bool erasure = bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"erase\"")),
         decision = bytes_starts(record, BYTES("{\"v\":1,\"kind\":\"lure.forget\""));

    /* Most mail says nothing; what is foreign in an entry has its quotes escaped. */
    if (!erasure && !decision &&
        bytes_find(record, BYTES("\"lure\":{\"stages\":"), 0) == BYTES_NOWHERE) {
        return;
    }
    arena_release(&t->scratch);
    arena_init(&t->scratch, ENTRY_MEMORY);
    json_t *json = json_loadb((const char *)record.at, record.size, JSON_ALLOW_NUL, NULL);
    if (erasure) {
        take_erasure(t, index, json);
    } else if (decision) {
        take_decision(t, index, json);
    } else {
        take_content(t, index, json);
    }
    json_decref(json);
}

static enum sk_code
load(void *context, struct bytes text, struct why *why)
{
    struct threads *t = context;
    size_t bad = 0;

    for (size_t i = 0; i < thread_table_places(t->table); i++) {
        if (thread_table_at(t->table, i) != NULL) {
            thread_table_give_up(t->table, i); /* of a keeper before this one */
        }
    }
    thread_table_set_key(t->table, t->key);
    t->known = read_known(t);
    enum sk_code code = read_all(t, &bad, why);
    if (bad > 0) {
        log_line(LOG_LEVEL_WARNING, NULL,
                 "%zu memories of conversations are damaged: they are made again", bad);
        t->known = 0;
    }
    return code;
}

static uint64_t
known(void *context)
{
    return ((const struct threads *)context)->known;
}

enum sk_code
threads_open(struct arena *arena, const struct config *config, struct thread_table *table,
             struct threads **threads_r, struct why *why)
{
    struct threads *t = ARENA_NEW(arena, struct threads);
    struct bytes detail = config_text(config, "permit.detail"), key;
    const char *record = bytes_text(arena, config_text(config, "record.folder"));

    *t = (struct threads){.table = table,
                          .own_table = table == NULL,
                          .folder = -1,
                          .separator = detail.size > 0 ? detail.at[0] : 0,
                          .saved_ms = clock_monotonic_ms()};
    t->book = (struct book){.name = "threads",
                            .kind = "content|erase|lure",
                            .load = load,
                            .entry = take_entry,
                            .known = known,
                            .context = t};
    arena_init(&t->scratch, ENTRY_MEMORY);
    enum sk_code code =
        keys_read_or_make(arena, config, KEY_NAME, HASH_SHA256_SIZE, &key, why);
    int folder = code == SK_OK ? open(record, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (code == SK_OK) {
        memcpy(t->key, key.at, sizeof t->key);
        if (folder >= 0 && (mkdirat(folder, FOLDER, 0700) == 0 || errno == EEXIST)) {
            t->folder =
                openat(folder, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        }
        code = t->folder >= 0
                   ? SK_OK
                   : why_set(why, SK_SYSTEM, "the folder %s cannot be opened", FOLDER);
    }
    if (folder >= 0) {
        close(folder);
    }
    if (code == SK_OK && t->own_table) {
        code = thread_table_open(arena, &t->table, why);
    }
    if (code != SK_OK) {
        threads_close(t);
        return code;
    }
    *threads_r = t;
    return SK_OK;
}

void
threads_close(struct threads *t)
{
    if (t == NULL) {
        return;
    }
    if (t->folder >= 0) {
        close(t->folder);
    }
    if (t->own_table) {
        thread_table_close(t->table);
    }
    arena_release(&t->scratch);
}

struct book *
threads_book(struct threads *t)
{
    return &t->book;
}

void
threads_serve(struct threads *t, const struct consents *const *consents, int64_t keep_ms)
{
    t->consents = consents;
    t->keep_ms = keep_ms;
}

/* One place, of what was quiet since before that day. */
static enum sk_code
forget_old_in(struct threads *t, size_t place, uint32_t day, struct why *why)
{
    struct thread_memory *memory = thread_table_change(t->table, place);
    size_t gone = thread_memory_forget(memory, day), left = memory->count;

    thread_table_changed(t->table, place);
    if (left == 0) {
        return forget_place(t, place, why);
    }
    if (gone > 0) {
        t->dirty[place] = t->shrunk[place] = t->any_dirty = true;
    }
    return SK_OK;
}

/* What was quiet for longer than content is kept: all places every hour, some in each second. */
static enum sk_code
forget_old(struct threads *t, int64_t now_ms, bool now, struct why *why)
{
    int64_t end_us = clock_monotonic_us() + STEP_US, day = (now_ms - t->keep_ms) / DAY_MS;
    enum sk_code code = SK_OK;

    if (t->forget_at == 0 && t->forgot_ms != 0 && now_ms >= t->forgot_ms &&
        now_ms - t->forgot_ms < FORGET_MS) {
        return SK_OK;
    }
    for (; day > 0 && t->forget_at < thread_table_places(t->table); t->forget_at++) {
        if (!now && clock_monotonic_us() > end_us) {
            return code;
        }
        if (thread_table_at(t->table, t->forget_at) != NULL) {
            enum sk_code one = forget_old_in(t, t->forget_at, (uint32_t)day, why);
            code = code == SK_OK ? one : code;
        }
    }
    t->forget_at = 0;
    t->forgot_ms = now_ms;
    return code;
}

/* What is dirty now is written in this round; what comes meanwhile in the next. */
static void
begin_round(struct threads *t)
{
    memcpy(t->saving, t->dirty, sizeof t->saving);
    t->any_dirty = false;
    t->in_round = true;
    t->round_at = 0;
    t->round_upto = t->book.upto;
}

static enum sk_code
go_on_saving(struct threads *t, bool now, struct why *why)
{
    int64_t end_us = clock_monotonic_us() + STEP_US;
    enum sk_code code = SK_OK;

    for (; t->round_at < LIMIT_THREAD_RECIPIENTS && code == SK_OK; t->round_at++) {
        if (!t->saving[t->round_at]) {
            continue;
        }
        if (!now && clock_monotonic_us() > end_us) {
            return SK_OK;
        }
        code = save_place(t, t->round_at, why);
        t->saving[t->round_at] = false;
    }
    code = code == SK_OK ? save_known(t, t->round_upto, why) : code;
    t->in_round = false;
    t->any_dirty = t->any_dirty || code != SK_OK; /* tried again */
    t->saved_ms = clock_monotonic_ms();
    return code;
}

enum sk_code
threads_tick(struct threads *t, int64_t now_ms, bool now, struct why *why)
{
    int64_t waited_ms = clock_monotonic_ms() - t->saved_ms;
    struct why cause;
    enum sk_code forgot = t->keep_ms > 0 ? forget_old(t, now_ms, now, &cause) : SK_OK;

    if (!t->in_round && ((t->any_dirty && (now || waited_ms >= SAVE_EVERY_MS)) ||
                         (t->book.upto != t->known && (now || waited_ms >= KNOWN_MS)))) {
        begin_round(t);
    }
    enum sk_code code = t->in_round ? go_on_saving(t, now, why) : SK_OK;
    if (code == SK_OK && now && t->any_dirty) {
        begin_round(t);
        code = go_on_saving(t, true, why);
    }
    return code != SK_OK     ? code
           : forgot != SK_OK ? why_set(why, forgot, "%s", cause.sentence)
                             : SK_OK;
}

/* Withdrawals. */

enum sk_code
threads_forget(struct keeping *k, struct bytes name, uint32_t families, struct why *why)
{
    struct threads *t = k->threads;
    struct arena arena;
    struct writer folder;

    if ((families & FAMILY_BIT(FAMILY_CONTENT)) == 0) {
        return SK_OK;
    }
    if (t != NULL) {
        return forget(t, k->consents, name, UINT64_MAX, why);
    }
    arena_init(&arena, 4u << 20);
    writer_init(&folder, &arena);
    writer_bytes(&folder, config_text(k->config, "record.folder"));
    writer_text(&folder, "/" FOLDER);
    enum sk_code code = SK_OK;
    if (access(writer_c(&folder), F_OK) == 0 || errno != ENOENT) {
        code = threads_open(&arena, k->config, NULL, &t, why);
        if (code == SK_OK) {
            code = load(t, BYTES_NONE, why);
            code = code == SK_OK ? forget(t, k->consents, name, UINT64_MAX, why) : code;
            threads_close(t);
        }
    }
    arena_release(&arena);
    return code;
}

void
threads_forget_rest(struct keeping *k)
{
    const struct consent_recipient *r;
    size_t position = 0;
    struct why why;

    while (k->threads != NULL && consents_next(k->consents, &position, &r)) {
        bool withdrawn = false;
        for (const struct consent_word *word = r->words; word != NULL; word = word->next) {
            if ((word->families & FAMILY_BIT(FAMILY_CONTENT)) != 0) {
                withdrawn = !word->granted && !word->erased;
                break;
            }
        }
        if (withdrawn &&
            forget(k->threads, k->consents, r->name, UINT64_MAX, &why) != SK_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "withdrawn, but not forgotten: %s",
                     why.sentence);
        }
    }
}

/* For requests. */

bool
threads_name(const struct threads *t, struct arena *arena, struct bytes address,
             struct bytes *name_r, uint8_t hash_r[HASH_SHA256_SIZE])
{
    struct personal_id id;

    if (!personal_name(arena, address, t->separator, name_r)) {
        return false;
    }
    personal_id_of(t->key, *name_r, &id);
    memcpy(hash_r, id.name, sizeof id.name);
    return true;
}

const struct thread_memory *
threads_of(const struct threads *t, const uint8_t name[HASH_SHA256_SIZE])
{
    size_t place = thread_table_place(t->table, name);

    return place == SIZE_MAX ? NULL : thread_table_at(t->table, place);
}

size_t
threads_count(const struct threads *t, struct arena *arena, struct bytes address)
{
    uint8_t hash[HASH_SHA256_SIZE];
    struct bytes name;
    const struct thread_memory *memory =
        threads_name(t, arena, address, &name, hash) ? threads_of(t, hash) : NULL;

    return memory == NULL ? 0 : memory->count;
}

const struct thread_table *
threads_table(const struct threads *t)
{
    return t->table;
}

void
threads_write_sums(const struct threads *t, struct json *j)
{
    int64_t recipients = 0, pairs = 0, lures = 0, by_stage[LURE_STAGE_COUNT] = {0};

    for (size_t i = 0; i < thread_table_places(t->table); i++) {
        const struct thread_memory *memory = thread_table_at(t->table, i);
        recipients += memory != NULL;
        for (size_t k = 0; memory != NULL && k < memory->count; k++) {
            struct lure_outgoing out = lure_outgoing(&memory->pairs[k]);
            pairs++;
            lures += out.is_lure;
            by_stage[out.stage]++;
        }
    }
    json_put_number(j, "recipients", recipients);
    json_put_number(j, "correspondents", pairs);
    json_put_number(j, "lures", lures);
    json_key(j, "stages");
    json_open(j, '{');
    for (int i = 1; i < LURE_STAGE_COUNT; i++) {
        json_put_number(j, lure_stage_name((enum lure_stage)i), by_stage[i]);
    }
    json_close(j);
}
