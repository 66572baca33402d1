/* Arenas: memory with an age.
 *
 * Memory belongs to the process, the connection, the message, or is scratch; each age is an arena. A function
 * that allocates takes a struct arena * first; a function without one does not allocate. Nothing is freed
 * alone: arena_release gives all back, and first runs what was deferred, last in first out. What is not memory
 * (a cipher context, a query, a file) hangs on arena_defer, so a `goto out` is rarely needed.
 *
 * An arena has a cap. arena_take never returns NULL: where the cap or the machine ends, it jumps to the guard
 * set by arena_guard, if one is set, else it is our own bug and asserts. The checkpoint sets a guard around the
 * pure stages (parse, judge, decide), so that a message that would need too much gets an answer (SK_LIMIT) and
 * the worker lives on. Code that holds anything outside an arena must not run under a guard.
 *
 * Blocks are recycled within a process (one thread); under AddressSanitizer the free part of a block is
 * poisoned, so that reading past an allocation is found. */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#define ARENA_BLOCK_SIZE (64u * 1024)

struct arena_block;
struct arena_deferred;

struct arena {
    struct arena_block *block;
    struct arena_deferred *deferred;
    size_t used; /* bytes handed out and blocks held */
    size_t cap;  /* used never passes it */
    jmp_buf *guard;
};

/* cap in bytes, at least ARENA_BLOCK_SIZE. Takes no memory yet. */
void arena_init(struct arena *arena, size_t cap);
/* Runs what was deferred, gives all memory back; the arena is then as after arena_init. */
void arena_release(struct arena *arena);

/* Zeroed memory for any type (16-byte aligned). size 0 gives a valid pointer. */
void *arena_take(struct arena *arena, size_t size)
    __attribute__((malloc, returns_nonnull, alloc_size(2)));
/* count * size with the product checked. */
void *arena_take_many(struct arena *arena, size_t count, size_t size)
    __attribute__((malloc, returns_nonnull));
/* Not zeroed, byte-aligned: for text and decoded bytes. */
void *arena_take_bytes(struct arena *arena, size_t size)
    __attribute__((malloc, returns_nonnull, alloc_size(2)));
/* Grows what was the arena's last allocation in place when it can, else copies. old may be NULL with old_size 0.
 * New bytes are not zeroed. */
void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size)
    __attribute__((returns_nonnull));

#define ARENA_NEW(arena, type) ((type *)arena_take((arena), sizeof(type)))
#define ARENA_NEW_MANY(arena, count, type)                                                 \
    ((type *)arena_take_many((arena), (count), sizeof(type)))

/* Calls close(it) when the arena is released. */
void arena_defer(struct arena *arena, void (*close)(void *it), void *it);

/* Sets (or with NULL clears) where arena_take jumps to when the cap is reached:
 *     jmp_buf guard;
 *     if (setjmp(guard) == 0) { arena_guard(a, &guard); ...; arena_guard(a, NULL); } else { too much }
 * The guard is cleared before the jump. */
void arena_guard(struct arena *arena, jmp_buf *guard);

/* Whether, since it was asked last, an arena was refused memory by the machine and not by its own cap: then what failed is
 * no fault of the message, and may go well later. */
bool arena_starved(void);

/* Gives the recycled blocks of this process back to the machine. */
void arena_forget_blocks(void);
