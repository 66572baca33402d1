/* What a worker is told of consents. See consent_wire.h for the other end. */
#define SK_BASE
#include "sekisho/passage.h"

#include "base/limits.h"
#include "base/log.h"
#include "sekisho/wire.h"

/* A whole table takes the place of what was there when its last piece is in. */
static enum sk_code
take_piece(struct passages *passages, struct frame_reader *r)
{
    static struct arena arena;
    static struct writer book;
    uint64_t size = frame_get_number(r), from = frame_get_number(r);
    struct bytes piece = frame_get_bytes(r);
    struct why why;

    if (from == 0) { /* a keeper that died in the middle of it began another */
        arena_release(&arena);
        arena_init(&arena, (size_t)2 * LIMIT_CONSENT_MEMORY);
        writer_init(&book, &arena);
    }
    if (r->broken || from != book.size) {
        return SK_BAD;
    }
    writer_bytes(&book, piece);
    if (book.size < size) {
        return SK_MORE;
    }
    struct consents *consents = consents_new();
    enum sk_code code = consents_load(consents, writer_view(&book), &why);
    arena_release(&arena);
    writer_init(&book, &arena);
    if (code != SK_OK) {
        consents_free(consents);
        return code;
    }
    consents_free(passages->consents);
    passages->consents = consents;
    return SK_OK;
}

static enum sk_code
take_changes(struct passages *passages, struct frame_reader *r, uint64_t count)
{
    for (uint64_t i = 0; i < count && passages->consents != NULL; i++) {
        uint64_t index = frame_get_number(r);
        struct bytes record = frame_get_bytes(r);
        if (r->broken) {
            return SK_BAD;
        }
        (void)consents_entry(passages->consents, index, record);
    }
    return passages->consents != NULL ? SK_OK : SK_BAD;
}

void
passage_consents(struct passages *passages, struct frame_link *link, uint64_t number,
                 struct bytes payload)
{
    struct frame_reader r = {.rest = payload};
    uint64_t count = frame_get_number(&r);

    enum sk_code code =
        count == 0 ? take_piece(passages, &r) : take_changes(passages, &r, count);

    if (code == SK_OK) {
        frame_send(link, WIRE_CONSENTS_TAKEN, number, NULL, 0);
        passages_permitted(passages);
    }
    if (code == SK_OK || code == SK_MORE) {
        return;
    }
    /* Without knowing who allows what, nothing may be judged. */
    log_line(LOG_LEVEL_ERROR, NULL,
             "the keeper's consents cannot be read: mail is put off");
    consents_free(passages->consents);
    passages->consents = NULL;
}
