#define SK_BASE
#include "sekisho/consent_wire.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/writer.h"
#include "permit/consent.h"
#include "sekisho/lessons.h"
#include "sekisho/threads.h"
#include "sekisho/wire.h"

#define PIECE_BYTES ((size_t)16 << 20) /* of a book, in one frame */

struct waiting_reply {
    struct waiting_reply *next;
    struct frame_link *link; /* NULL: nobody waits any more */
    uint64_t token, number;
    struct bytes payload; /* behind it */
};

struct waiting_erasure {
    struct waiting_erasure *next;
    uint64_t number;
    uint32_t families;
    struct bytes address; /* behind it */
};

struct consent_worker {
    struct frame_link *link; /* NULL: there is none of this number */
    uint64_t sent, taken;    /* number of the last frame */
};

struct consent_wire {
    struct keeping *keeping;
    struct arena arena; /* of the changes that are not sent yet */
    struct writer changes;
    size_t change_count;
    uint64_t number; /* of the last frame that was sent */
    struct waiting_reply *replies, **replies_end;
    struct waiting_erasure *erasures, **erasures_end;
    bool settling;
    size_t worker_count;
    struct consent_worker workers[];
};

struct consent_wire *
consent_wire_open(struct keeping *keeping, size_t workers)
{
    struct consent_wire *wire = calloc(1, sizeof *wire + workers * sizeof wire->workers[0]);

    SK_ASSERT(wire != NULL);
    wire->keeping = keeping;
    wire->worker_count = workers;
    wire->replies_end = &wire->replies;
    wire->erasures_end = &wire->erasures;
    arena_init(&wire->arena, (size_t)1 << 30);
    writer_init(&wire->changes, &wire->arena);
    return wire;
}

void
consent_wire_close(struct consent_wire *wire)
{
    while (wire->replies != NULL) {
        struct waiting_reply *reply = wire->replies;
        wire->replies = reply->next;
        free(reply);
    }
    while (wire->erasures != NULL) {
        struct waiting_erasure *erasure = wire->erasures;
        wire->erasures = erasure->next;
        free(erasure);
    }
    arena_release(&wire->arena);
    free(wire);
}

static uint64_t
taken_by_all(const struct consent_wire *wire)
{
    uint64_t taken = wire->number;

    for (size_t i = 0; i < wire->worker_count; i++) {
        const struct consent_worker *worker = &wire->workers[i];
        if (worker->link != NULL && worker->taken < worker->sent && worker->taken < taken) {
            taken = worker->taken;
        }
    }
    return taken;
}

static void
settle_erasures(struct consent_wire *wire)
{
    struct why why;

    if (wire->erasures == NULL || wire->erasures->number > taken_by_all(wire)) {
        return;
    }
    /* The order stands in the ledger behind everything that workers sent before they took the withdrawal. */
    while (wire->erasures != NULL && wire->erasures->number <= taken_by_all(wire)) {
        struct waiting_erasure *erasure = wire->erasures;
        wire->erasures = erasure->next;
        if (wire->erasures == NULL) {
            wire->erasures_end = &wire->erasures;
        }
        if (lessons_forget(wire->keeping, erasure->address, erasure->families, &why) !=
            SK_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "withdrawn, but not unlearned: %s",
                     why.sentence);
        }
        if (threads_forget(wire->keeping, erasure->address, erasure->families, &why) !=
            SK_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "withdrawn, but not forgotten: %s",
                     why.sentence);
        }
        if (vault_erase_content(wire->keeping->vault, erasure->address, erasure->families,
                                &why) != SK_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "withdrawn, but not erased: %s", why.sentence);
        }
        free(erasure);
    }
    if (keeping_commit(wire->keeping, &why) != SK_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "withdrawn, but not erased: %s", why.sentence);
    }
}

/* Does what waited for the workers: first orders erasure, then replies. A failed commit fails every later one until the
 * keeper is started again, which orders the rest. */
static void
settle(struct consent_wire *wire)
{
    if (wire->settling) {
        return; /* an erasure commits, and that may come by here */
    }
    wire->settling = true;
    settle_erasures(wire);
    consent_wire_send(wire);
    while (wire->replies != NULL && wire->replies->number <= taken_by_all(wire)) {
        struct waiting_reply *reply = wire->replies;
        wire->replies = reply->next;
        if (wire->replies == NULL) {
            wire->replies_end = &wire->replies;
        }
        if (reply->link != NULL) {
            frame_send(reply->link, WIRE_REPLY, reply->token, &reply->payload, 1);
        }
        free(reply);
    }
    wire->settling = false;
}

void
consent_wire_meet(struct consent_wire *wire, size_t number, struct frame_link *link)
{
    struct arena arena;
    struct writer book;
    size_t from = 0;

    SK_ASSERT(number < wire->worker_count);
    arena_init(&arena, (size_t)2 * LIMIT_CONSENT_MEMORY);
    writer_init(&book, &arena);
    consents_save(wire->keeping->consents, &book);
    wire->number++;
    wire->workers[number] = (struct consent_worker){.link = link, .sent = wire->number};
    do {
        struct bytes piece = bytes_slice(writer_view(&book), from, from + PIECE_BYTES);
        uint64_t head[4] = {0, book.size, from, piece.size};
        frame_send(link, WIRE_CONSENTS, wire->number,
                   (struct bytes[]){bytes_of(head, sizeof head), piece}, 2);
        from += piece.size;
    } while (from < book.size);
    arena_release(&arena);
}

void
consent_wire_part(struct consent_wire *wire, struct frame_link *link)
{
    for (size_t i = 0; i < wire->worker_count; i++) {
        if (wire->workers[i].link == link) {
            wire->workers[i].link = NULL;
        }
    }
    settle(wire);
}

void
consent_wire_entry(struct consent_wire *wire, uint64_t index, struct bytes record)
{
    frame_put_number(&wire->changes, index);
    frame_put_bytes(&wire->changes, record);
    wire->change_count++;
}

void
consent_wire_send(struct consent_wire *wire)
{
    uint64_t count = wire->change_count;

    if (count == 0) {
        return;
    }
    wire->number++;
    for (size_t i = 0; i < wire->worker_count; i++) {
        if (wire->workers[i].link != NULL) {
            wire->workers[i].sent = wire->number;
            frame_send(wire->workers[i].link, WIRE_CONSENTS, wire->number,
                       (struct bytes[]){bytes_of(&count, sizeof count),
                                        writer_view(&wire->changes)},
                       2);
        }
    }
    wire->change_count = 0;
    arena_release(&wire->arena);
    writer_init(&wire->changes, &wire->arena);
}

void
consent_wire_taken(struct consent_wire *wire, struct frame_link *link, uint64_t number)
{
    for (size_t i = 0; i < wire->worker_count; i++) {
        struct consent_worker *worker = &wire->workers[i];
        if (worker->link == link && number > worker->taken && number <= wire->number) {
            worker->taken = number;
        }
    }
    settle(wire);
}

void
consent_wire_erase(struct consent_wire *wire, struct bytes address, uint32_t families)
{
    struct waiting_erasure *erasure = calloc(1, sizeof *erasure + address.size);
    uint8_t *behind = (uint8_t *)(erasure + 1);

    SK_ASSERT(erasure != NULL);
    memcpy(behind, address.at, address.size);
    *erasure = (struct waiting_erasure){.number = wire->number + (wire->change_count > 0),
                                        .families = families,
                                        .address = bytes_of(behind, address.size)};
    *wire->erasures_end = erasure;
    wire->erasures_end = &erasure->next;
}

void
consent_wire_reply(struct consent_wire *wire, struct frame_link *link, uint64_t token,
                   struct bytes payload)
{
    consent_wire_send(wire);
    if (wire->erasures == NULL && wire->replies == NULL &&
        taken_by_all(wire) == wire->number) {
        frame_send(link, WIRE_REPLY, token, &payload, 1);
        return;
    }
    struct waiting_reply *reply = calloc(1, sizeof *reply + payload.size);
    SK_ASSERT(reply != NULL);
    uint8_t *behind = (uint8_t *)(reply + 1);
    memcpy(behind, payload.at, payload.size);
    *reply = (struct waiting_reply){.link = link,
                                    .token = token,
                                    .number = wire->number,
                                    .payload = bytes_of(behind, payload.size)};
    *wire->replies_end = reply;
    wire->replies_end = &reply->next;
    settle(wire);
}

void
consent_wire_forget(struct consent_wire *wire, struct frame_link *link)
{
    for (struct waiting_reply *reply = wire->replies; reply != NULL; reply = reply->next) {
        if (reply->link == link) {
            reply->link = NULL;
        }
    }
}
