/* Conversations with strangers in the judge: whether this message is a turn of one (judge/thread_memory.h). */
#include "judge/judge_private.h"
#include "judge/personal.h"
#include "judge/thread_table.h"

_Static_assert(sizeof(((struct conversation *)0)->pairs[0]) == THREAD_KEY_SIZE,
               "as opinion.h has it");

/* Whom an answer would go to, and who says that he wrote it. What comes by a list has its Reply-To for all who write there. */
static size_t
correspondents(const struct letter *letter, struct bytes at_r[CONVERSATION_PAIRS])
{
    struct bytes from =
        letter->from.address_count > 0 ? letter->from.addresses[0].text : BYTES_NONE;
    struct bytes reply = letter->reply_to.address_count > 0
                             ? letter->reply_to.addresses[0].text
                             : BYTES_NONE;
    bool listed = header_count(&letter->header, BYTES("list-id")) > 0;
    size_t count = 0;

    if (from.size > 0) {
        at_r[count++] = from;
    }
    if (reply.size > 0 && !listed && !bytes_equal_fold(reply, from)) {
        at_r[count++] = reply;
    }
    return count;
}

/* The pairs with one recipient, and the farthest turn among them. */
static void
read_one(struct arena *arena, const struct thread_table *threads, struct bytes recipient,
         const struct bytes *with, size_t count, unsigned stages,
         struct conversation *conversation)
{
    struct thread_turn farthest = {0};
    bool known = false;

    for (size_t i = 0; i < count; i++) {
        struct thread_pair pair;
        uint8_t *key = conversation->pairs[conversation->pair_count];
        if (bytes_equal_fold(with[i], recipient)) {
            continue; /* a forger who writes in his own name */
        }
        thread_table_pair(threads, recipient, with[i], key);
        bool found = thread_table_find(threads, recipient, key, &pair);
        struct thread_turn turn = thread_pair_turn(found ? &pair : NULL, stages);
        known = known || found;
        if (turn.turned && (!farthest.turned || turn.before > farthest.before)) {
            farthest = turn;
        }
        conversation->pair_count++;
    }
    if (stages == 0 && !known) {
        conversation->pair_count = 0;
        return;
    }
    conversation->turn = thread_turn_finding(arena, &farthest);
}

void
judge_read_conversations(struct arena *arena, const struct judge *judge,
                         const struct permit *permit, const struct arrival *arrival,
                         const struct letter *letter, struct opinion *o)
{
    size_t count = arrival == NULL ? 0
                   : arrival->recipient_count < permit->recipient_count
                       ? arrival->recipient_count
                       : permit->recipient_count;
    struct bytes with[CONVERSATION_PAIRS], name;

    if (!permit_has(permit, FAMILY_CONTENT) || !thread_table_ready(judge->threads) ||
        count == 0 || (o->lure_stages == 0 && !thread_table_any(judge->threads))) {
        return;
    }
    size_t with_count = correspondents(letter, with);
    struct conversation *all = ARENA_NEW_MANY(arena, count, struct conversation);
    for (size_t i = 0; i < count && with_count > 0; i++) {
        if ((permit->recipients[i].families & FAMILY_BIT(FAMILY_CONTENT)) != 0 &&
            personal_name(arena, arrival->recipients[i].address, judge->separator, &name)) {
            read_one(arena, judge->threads, name, with, with_count, o->lure_stages,
                     &all[i]);
        }
    }
    o->conversations = all;
    o->conversation_count = count;
}
