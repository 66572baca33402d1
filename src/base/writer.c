#define SK_BASE
#include "base/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "base/why.h"

void
writer_init(struct writer *w, struct arena *arena)
{
    *w = (struct writer){.arena = arena};
}

uint8_t *
writer_reserve(struct writer *w, size_t size)
{
    if (w->at == NULL || size > w->room - w->size) {
        size_t room = w->room < 128 ? 256 : w->room * 2;
        while (room - w->size < size) {
            room *= 2;
        }
        w->at = arena_grow(w->arena, w->at, w->room, room);
        w->room = room;
    }
    return w->at + w->size;
}

void
writer_did(struct writer *w, size_t size)
{
    SK_ASSERT(size <= w->room - w->size);
    w->size += size;
}

void
writer_byte(struct writer *w, uint8_t byte)
{
    *writer_reserve(w, 1) = byte;
    w->size++;
}

void
writer_bytes(struct writer *w, struct bytes b)
{
    if (b.size > 0) {
        memcpy(writer_reserve(w, b.size), b.at, b.size);
        w->size += b.size;
    }
}

void
writer_text(struct writer *w, const char *text)
{
    writer_bytes(w, bytes_from_text(text));
}

void
writer_format(struct writer *w, const char *format, ...)
{
    va_list values, again;
    size_t room = 128;

    va_start(values, format);
    va_copy(again, values);
    int size = vsnprintf((char *)writer_reserve(w, room), room, format, values);
    va_end(values);
    SK_ASSERT(size >= 0);
    if ((size_t)size >= room) {
        room = (size_t)size + 1;
        vsnprintf((char *)writer_reserve(w, room), room, format, again);
    }
    va_end(again);
    w->size += (size_t)size;
}

void
writer_number(struct writer *w, int64_t number)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        digits[--at] = (uint8_t)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0) {
        writer_byte(w, '-');
    }
    writer_bytes(w, bytes_of(digits + at, sizeof digits - at));
}

void
writer_code_point(struct writer *w, uint32_t code_point)
{
    uint8_t *at = writer_reserve(w, UTF8_SIZE_MAX);

    w->size += utf8_put(at, code_point);
}

void
writer_clean(struct writer *w, struct bytes b, size_t most)
{
    bool cut = b.size > most;

    b = bytes_slice(b, 0, most);
    size_t done = 0; /* what stands before is written */
    for (size_t at = 0; at < b.size;) {
        uint32_t c;
        size_t size = utf8_get(b, at, &c);
        if (size > 0 && utf8_harmless(c) && c != '\\') {
            at += size;
            continue;
        }
        writer_bytes(w, bytes_slice(b, done, at));
        size = size == 0 ? 1 : size;
        for (size_t i = 0; i < size; i++) {
            writer_format(w, "\\x%02x", b.at[at + i]);
        }
        at += size;
        done = at;
    }
    writer_bytes(w, bytes_from(b, done));
    if (cut) {
        writer_text(w, "...");
    }
}

void
writer_clear(struct writer *w)
{
    w->size = 0;
}

struct bytes
writer_view(const struct writer *w)
{
    return (struct bytes){w->at, w->size};
}

const char *
writer_c(struct writer *w)
{
    *writer_reserve(w, 1) = '\0';
    return (const char *)w->at;
}
