#define SK_BASE
#include "sekisho/held_book.h"

#include <jansson.h>
#include <stdio.h>

struct held_book *
held_book_new(struct arena *arena)
{
    struct held_book *book = ARENA_NEW(arena, struct held_book);

    book->requests = ARENA_NEW_MANY(arena, HELD_REQUESTS_MAX, struct held_request);
    return book;
}

static struct held_request *
find(struct held_book *book, const char *number)
{
    for (size_t i = book->count; i-- > 0 && number != NULL;) {
        if (strcmp(book->requests[i].number, number) == 0) {
            return &book->requests[i];
        }
    }
    return NULL;
}

const struct held_request *
held_book_find(const struct held_book *book, struct bytes number, int64_t now_ms)
{
    for (size_t i = book->count; i-- > 0;) {
        const struct held_request *request = &book->requests[i];
        if (bytes_is(number, request->number)) {
            return now_ms - request->time_ms <= HELD_REQUEST_LIFE_MS &&
                           request->time_ms - now_ms <= HELD_REQUEST_LIFE_MS
                       ? request
                       : NULL;
        }
    }
    return NULL;
}

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static void
take_request(struct held_book *book, const json_t *entry)
{
    if (book->count == HELD_REQUESTS_MAX) {
        memmove(book->requests, book->requests + 1,
                (HELD_REQUESTS_MAX - 1) * sizeof(book->requests[0]));
        book->count--;
    }
    struct held_request *request = &book->requests[book->count++];
    *request =
        (struct held_request){.time_ms = json_integer_value(json_object_get(entry, "time")),
                              .used = json_is_true(json_object_get(entry, "used"))};
    snprintf(request->number, sizeof(request->number), "%s", text_of(entry, "request"));
    snprintf(request->id, sizeof(request->id), "%s", text_of(entry, "id"));
    snprintf(request->by, sizeof(request->by), "%s", text_of(entry, "by"));
    snprintf(request->reason, sizeof(request->reason), "%s", text_of(entry, "reason"));
    snprintf(request->approved_by, sizeof(request->approved_by), "%s",
             text_of(entry, "approved_by"));
}

static json_t *
load(struct bytes text)
{
    json_t *object = json_loadb((const char *)text.at, text.size, 0, NULL);

    if (!json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

enum sk_code
held_book_load(void *context, struct bytes text, struct why *why)
{
    struct held_book *book = context;
    struct bytes line;

    book->count = 0;
    while (bytes_line(&text, &line)) {
        json_t *object = load(line);
        if (object == NULL) {
            book->count = 0;
            return why_set(why, SK_BAD, "a line of the book of looks is no JSON");
        }
        take_request(book, object);
        json_decref(object);
    }
    return SK_OK;
}

void
held_book_entry(void *context, uint64_t index, struct bytes record)
{
    struct held_book *book = context;
    json_t *entry = load(record);
    const char *kind = text_of(entry, "kind");
    struct held_request *request = find(book, text_of(entry, "request"));

    if (strcmp(kind, "held.request") == 0) {
        take_request(book, entry);
    } else if (strcmp(kind, "held.approve") == 0 && request != NULL) {
        snprintf(request->approved_by, sizeof(request->approved_by), "%s",
                 text_of(entry, "by"));
    } else if (strcmp(kind, "look") == 0 && request != NULL) {
        request->used = true;
    }
    json_decref(entry);
}

void
held_book_save(void *context, struct writer *w)
{
    const struct held_book *book = context;

    for (size_t i = 0; i < book->count; i++) {
        const struct held_request *request = &book->requests[i];
        struct json j;
        json_init(&j, w);
        json_open(&j, '{');
        json_put_text(&j, "request", request->number);
        json_put_text(&j, "id", request->id);
        json_put_text(&j, "by", request->by);
        json_put_text(&j, "reason", request->reason);
        json_put_text(&j, "approved_by", request->approved_by);
        json_put_number(&j, "time", request->time_ms);
        json_put_bool(&j, "used", request->used);
        json_close(&j);
        writer_byte(w, '\n');
    }
}
