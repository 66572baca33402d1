#define SK_BASE
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/why.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#define POISON(at, size)   __asan_poison_memory_region((at), (size))
#define UNPOISON(at, size) __asan_unpoison_memory_region((at), (size))
#define RED_ZONE           8u /* bytes left poisoned behind each allocation */
#else
#define POISON(at, size)   ((void)0)
#define UNPOISON(at, size) ((void)0)
#define RED_ZONE           0u
#endif

#define SPARE_BLOCKS_MAX                                                                   \
    64 /* recycled blocks of ARENA_BLOCK_SIZE kept by the process: 4 MiB */

struct arena_block {
    struct arena_block *before;
    size_t size; /* of data */
    size_t used;
    size_t last; /* where the last allocation begins */
    _Alignas(16) uint8_t data[];
};

struct arena_deferred {
    struct arena_deferred *before;
    void (*close)(void *);
    void *it;
};

static struct arena_block *spare;
static bool starved;
static unsigned spare_count;

void
arena_init(struct arena *arena, size_t cap)
{
    *arena = (struct arena){.cap = cap};
}

static void
block_free(struct arena_block *block)
{
    UNPOISON(block->data, block->size);
    if (block->size == ARENA_BLOCK_SIZE && spare_count < SPARE_BLOCKS_MAX) {
        block->before = spare;
        spare = block;
        spare_count++;
        POISON(block->data, block->size);
        return;
    }
    free(block);
}

void
arena_release(struct arena *arena)
{
    while (arena->deferred != NULL) {
        struct arena_deferred *deferred = arena->deferred;
        arena->deferred = deferred->before;
        deferred->close(deferred->it);
    }
    while (arena->block != NULL) {
        struct arena_block *block = arena->block;
        arena->block = block->before;
        block_free(block);
    }
    arena->used = 0;
    arena->guard = NULL;
}

__attribute__((noreturn)) static void
arena_full(struct arena *arena)
{
    jmp_buf *guard = arena->guard;

    SK_ASSERT(guard != NULL && "an arena's cap was reached outside a guard");
    arena->guard = NULL;
    longjmp(*guard, 1);
}

static struct arena_block *
block_take(struct arena *arena, size_t least)
{
    struct arena_block *block;
    size_t size = least > ARENA_BLOCK_SIZE / 2 ? least : ARENA_BLOCK_SIZE;

    if (size > arena->cap || arena->used > arena->cap - size) {
        arena_full(arena);
    }
    if (size == ARENA_BLOCK_SIZE && spare != NULL) {
        block = spare;
        spare = block->before;
        spare_count--;
    } else {
        block = malloc(sizeof *block + size);
        if (block == NULL) {
            starved = true;
            arena_full(arena);
        }
        block->size = size;
        POISON(block->data, block->size);
    }
    block->used = 0;
    block->last = 0;
    arena->used += size;
    /* A large block goes behind the current one, so that the rest of that one stays in use. */
    if (size != ARENA_BLOCK_SIZE && arena->block != NULL &&
        arena->block->size - arena->block->used > 1024) {
        block->before = arena->block->before;
        arena->block->before = block;
    } else {
        block->before = arena->block;
        arena->block = block;
    }
    return block;
}

static void *
arena_cut(struct arena *arena, size_t size, size_t align)
{
    struct arena_block *block = arena->block;
    size_t at = 0;

    if (size > SIZE_MAX / 4) {
        arena_full(arena);
    }
    if (block != NULL) {
        at = (block->used + align - 1) & ~(align - 1);
    }
    if (block == NULL || at > block->size || size + RED_ZONE > block->size - at) {
        block = block_take(arena, size + RED_ZONE);
        at = 0;
    }
    block->last = at;
    block->used = at + size + RED_ZONE;
    UNPOISON(block->data + at, size);
    return block->data + at;
}

void *
arena_take(struct arena *arena, size_t size)
{
    void *at = arena_cut(arena, size, 16);

    memset(at, 0, size);
    return at;
}

void *
arena_take_many(struct arena *arena, size_t count, size_t size)
{
    size_t product;

    if (__builtin_mul_overflow(count, size, &product)) {
        arena_full(arena);
    }
    return arena_take(arena, product);
}

void *
arena_take_bytes(struct arena *arena, size_t size)
{
    return arena_cut(arena, size, RED_ZONE != 0 ? RED_ZONE : 1);
}

void *
arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size)
{
    struct arena_block *block = arena->block;

    if (new_size > SIZE_MAX / 4) {
        arena_full(arena);
    }
    if (old != NULL && block != NULL && (uint8_t *)old == block->data + block->last &&
        block->used == block->last + old_size + RED_ZONE &&
        new_size + RED_ZONE <= block->size - block->last) {
        block->used = block->last + new_size + RED_ZONE;
        UNPOISON(block->data + block->last, new_size);
        return old;
    }
    void *at = arena_cut(arena, new_size, 16);
    if (old_size > 0) {
        memcpy(at, old, old_size < new_size ? old_size : new_size);
    }
    return at;
}

void
arena_defer(struct arena *arena, void (*close)(void *it), void *it)
{
    struct arena_deferred *deferred = ARENA_NEW(arena, struct arena_deferred);

    *deferred = (struct arena_deferred){arena->deferred, close, it};
    arena->deferred = deferred;
}

void
arena_guard(struct arena *arena, jmp_buf *guard)
{
    arena->guard = guard;
}

bool
arena_starved(void)
{
    bool was = starved;

    starved = false;
    return was;
}

void
arena_forget_blocks(void)
{
    while (spare != NULL) {
        struct arena_block *block = spare;
        spare = block->before;
        UNPOISON(block->data, block->size);
        free(block);
    }
    spare_count = 0;
}
