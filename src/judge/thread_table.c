#include "judge/thread_table.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "judge/personal.h"

#define READ_TRIES 8

struct thread_place {
    _Atomic uint32_t version; /* odd while it is changed */
    uint64_t worth;           /* what the memory says: most stages, then its last day */
    struct thread_memory memory;
};

struct shared {
    _Atomic uint32_t keyed, count;
    _Atomic size_t places; /* beyond it all are free */
    uint8_t key[HASH_SHA256_SIZE];
    /* The first bytes of the names, so that looking for one reads little; 0: free. */
    _Atomic uint64_t first[LIMIT_THREAD_RECIPIENTS];
    struct thread_place place[LIMIT_THREAD_RECIPIENTS];
};

struct thread_table {
    struct shared *written;    /* NULL where it is only read */
    const struct shared *read; /* another mapping of the same */
};

enum sk_code
thread_table_open(struct arena *arena, struct thread_table **table_r, struct why *why)
{
    const unsigned seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE;
    struct thread_table *t = ARENA_NEW(arena, struct thread_table);
    const size_t size = sizeof(struct shared);
    void *written = MAP_FAILED, *read = MAP_FAILED;
    int fd = memfd_create("sekisho.threads", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0) {
        written = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    /* What is mapped from here on can never be made writable. */
    if (written != MAP_FAILED && fcntl(fd, F_ADD_SEALS, seals) == 0) {
        read = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (read == MAP_FAILED) {
        return why_set(why, SK_SYSTEM, "no memory for conversations");
    }
    *t = (struct thread_table){.written = written, .read = read};
    *table_r = t;
    return SK_OK;
}

void
thread_table_only_read(struct thread_table *table)
{
    if (table != NULL && table->written != NULL) {
        munmap(table->written, sizeof *table->written);
        table->written = NULL;
    }
}

void
thread_table_close(struct thread_table *table)
{
    if (table != NULL) {
        thread_table_only_read(table);
        munmap((void *)(uintptr_t)table->read, sizeof *table->read);
    }
}

void
thread_table_set_key(struct thread_table *table, const uint8_t key[HASH_SHA256_SIZE])
{
    memcpy(table->written->key, key, HASH_SHA256_SIZE);
    atomic_store(&table->written->keyed, 1);
}

bool
thread_table_ready(const struct thread_table *table)
{
    return table != NULL && atomic_load(&table->read->keyed) != 0;
}

bool
thread_table_any(const struct thread_table *table)
{
    return thread_table_ready(table) && atomic_load(&table->read->count) != 0;
}

void
thread_table_pair(const struct thread_table *table, struct bytes recipient,
                  struct bytes correspondent, uint8_t pair_r[THREAD_KEY_SIZE])
{
    thread_memory_key(table->read->key, recipient, correspondent, pair_r);
}

static uint64_t
first_of(const uint8_t name[HASH_SHA256_SIZE])
{
    uint64_t first;

    memcpy(&first, name, sizeof first);
    return first | 1;
}

size_t
thread_table_place(const struct thread_table *table, const uint8_t name[HASH_SHA256_SIZE])
{
    uint64_t first = first_of(name);
    size_t places = atomic_load(&table->read->places);

    for (size_t i = 0; i < places; i++) {
        if (atomic_load_explicit(&table->read->first[i], memory_order_acquire) == first &&
            memcmp(table->read->place[i].memory.name, name, HASH_SHA256_SIZE) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

bool
thread_table_find(const struct thread_table *table, struct bytes recipient,
                  const uint8_t pair[THREAD_KEY_SIZE], struct thread_pair *pair_r)
{
    struct personal_id id;

    if (!thread_table_any(table)) {
        return false;
    }
    personal_id_of(table->read->key, recipient, &id);
    size_t at = thread_table_place(table, id.name);
    for (int i = 0; at != SIZE_MAX && i < READ_TRIES; i++) {
        const struct thread_place *place = &table->read->place[at];
        uint32_t before = atomic_load_explicit(&place->version, memory_order_acquire);
        const struct thread_pair *found = NULL;
        if ((before & 1) == 0 && place->memory.count <= LIMIT_THREAD_PAIRS) {
            found = thread_memory_find(&place->memory, pair);
        }
        if (found != NULL) {
            *pair_r = *found;
        }
        atomic_thread_fence(memory_order_acquire);
        if ((before & 1) == 0 &&
            atomic_load_explicit(&place->version, memory_order_relaxed) == before) {
            return found != NULL;
        }
    }
    return false;
}

struct lure_outgoing
thread_table_outgoing(const struct thread_table *table, struct bytes recipient,
                      struct bytes correspondent)
{
    uint8_t key[THREAD_KEY_SIZE];
    struct thread_pair pair;

    if (!thread_table_any(table)) {
        return lure_outgoing(NULL);
    }
    thread_table_pair(table, recipient, correspondent, key);
    return lure_outgoing(thread_table_find(table, recipient, key, &pair) ? &pair : NULL);
}

size_t
thread_table_places(const struct thread_table *table)
{
    return atomic_load(&table->read->places);
}

const struct thread_memory *
thread_table_at(const struct thread_table *table, size_t place)
{
    return place < LIMIT_THREAD_RECIPIENTS && atomic_load(&table->read->first[place]) != 0
               ? &table->read->place[place].memory
               : NULL;
}

struct thread_memory *
thread_table_change(struct thread_table *table, size_t place)
{
    atomic_fetch_add_explicit(&table->written->place[place].version, 1,
                              memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    return &table->written->place[place].memory;
}

void
thread_table_changed(struct thread_table *table, size_t place)
{
    struct thread_place *it = &table->written->place[place];

    it->worth = 0;
    for (size_t i = 0; i < it->memory.count; i++) {
        const struct thread_pair *pair = &it->memory.pairs[i];
        uint64_t worth = (uint64_t)__builtin_popcount(pair->stages) << 32 | pair->last_day;
        it->worth = worth > it->worth ? worth : it->worth;
    }
    atomic_fetch_add_explicit(&it->version, 1, memory_order_release);
}

void
thread_table_give_up(struct thread_table *table, size_t place)
{
    if (atomic_exchange(&table->written->first[place], 0) != 0) {
        atomic_fetch_sub(&table->written->count, 1);
    }
    thread_memory_clear(thread_table_change(table, place));
    thread_table_changed(table, place);
}

/* The place of whoever's memory says least; all are taken. */
static size_t
least_place(const struct thread_table *table)
{
    size_t least = 0;

    for (size_t i = 1; i < LIMIT_THREAD_RECIPIENTS; i++) {
        least = table->read->place[i].worth < table->read->place[least].worth ? i : least;
    }
    return least;
}

size_t
thread_table_take(struct thread_table *table, const uint8_t name[HASH_SHA256_SIZE],
                  const uint8_t domain[HASH_SHA256_SIZE],
                  uint8_t evicted_r[HASH_SHA256_SIZE])
{
    size_t at = thread_table_place(table, name),
           places = atomic_load(&table->written->places);

    memset(evicted_r, 0, HASH_SHA256_SIZE);
    if (at != SIZE_MAX) {
        return at;
    }
    for (at = 0; at < places && atomic_load(&table->written->first[at]) != 0; at++) {
    }
    if (at == LIMIT_THREAD_RECIPIENTS) {
        at = least_place(table);
        memcpy(evicted_r, table->written->place[at].memory.name, HASH_SHA256_SIZE);
        thread_table_give_up(table, at);
    }
    struct thread_memory *memory = thread_table_change(table, at);
    memcpy(memory->name, name, HASH_SHA256_SIZE);
    memcpy(memory->domain, domain, HASH_SHA256_SIZE);
    thread_table_changed(table, at);
    atomic_store(&table->written->first[at], first_of(name));
    atomic_fetch_add(&table->written->count, 1);
    if (at >= places) {
        atomic_store(&table->written->places, at + 1);
    }
    return at;
}

bool
thread_table_is_zero(const struct thread_table *table, size_t place)
{
    const uint8_t *at = (const uint8_t *)&table->read->place[place].memory;

    return at[0] == 0 &&
           memcmp(at, at + 1, sizeof table->read->place[place].memory - 1) == 0;
}
