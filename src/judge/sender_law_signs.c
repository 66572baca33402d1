/* What may be a false sender, or invented addresses, and mail that says nothing. */
#include <stdlib.h>

#include "base/writer.h"
#include "judge/sender_law.h"
#include "judge/sender_law_private.h"
#include "parse/domain.h"

#define RUN_MIN    5   /* recipients in a row that nobody's list has by chance */
#define RUN_LOOKED 500 /* recipients that are compared */
#define SAID_BYTES 200

static void
say(struct arena *arena, struct sender_law *law, enum law_sign sign, struct bytes said)
{
    struct writer w;
    unsigned bit = 0;

    while (1u << bit != (unsigned)sign) {
        bit++;
    }
    writer_init(&w, arena);
    writer_clean(&w, said, SAID_BYTES);
    law->signs |= (unsigned)sign;
    law->sign_said[bit] = writer_view(&w);
}

/* The author: none, one that is nobody's, the reader himself, or one whose domain denies it. */
static void
read_author(struct arena *arena, const struct letter *letter, const struct origin *origin,
            struct sender_law *law)
{
    const struct address_list *from = &letter->from;

    if (from->address_count == 0 || from->addresses[0].domain.size == 0) {
        say(arena, law, LAW_FALSE_SENDER,
            from->address_count == 0 ? BYTES("") : from->addresses[0].text);
        return;
    }
    const struct address *author = &from->addresses[0];
    bool himself = letter->to.address_count == 1 && letter->cc.address_count == 0 &&
                   bytes_equal_fold(letter->to.addresses[0].text, author->text);
    bool denied = origin != NULL && origin->dmarc.result == AUTH_FAIL &&
                  origin->dmarc.policy > DMARC_POLICY_NONE;
    bool nowhere = bytes_find_byte(author->domain, '.', 0) == BYTES_NOWHERE ||
                   bytes_ends_fold(author->domain, BYTES(".invalid")) ||
                   bytes_ends_fold(author->domain, BYTES(".localdomain"));
    if (himself || denied || nowhere) {
        say(arena, law, LAW_FALSE_SENDER, author->text);
    }
}

static int
by_domain_and_local(const void *a, const void *b)
{
    const struct address *x = *(const struct address *const *)a,
                         *y = *(const struct address *const *)b;
    int order = bytes_compare(x->domain, y->domain);

    order = order != 0 ? order
                       : (x->local.size > y->local.size) - (x->local.size < y->local.size);
    return order != 0 ? order : bytes_compare(x->local, y->local);
}

/* user08 and user09, aab and aac: the last letter or number is the next. */
static bool
follows(struct bytes a, struct bytes b)
{
    size_t i = 0;

    if (a.size != b.size || a.size == 0) {
        return false;
    }
    while (i < a.size && a.at[i] == b.at[i]) {
        i++;
    }
    if (i == a.size || b.at[i] != a.at[i] + 1) {
        return false;
    }
    for (size_t k = i + 1; k < a.size; k++) { /* a carry: 09 and 10, az and ba */
        bool carried =
            (a.at[k] == '9' && b.at[k] == '0') || (a.at[k] == 'z' && b.at[k] == 'a');
        if (!carried) {
            return false;
        }
    }
    return true;
}

static void
read_recipients(struct arena *arena, const struct letter *letter, struct sender_law *law)
{
    const struct address_list *lists[] = {&letter->to, &letter->cc};
    const struct address **all = ARENA_NEW_MANY(arena, RUN_LOOKED, const struct address *);
    size_t count = 0, run = 1;
    struct writer w;

    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < lists[k]->address_count && count < RUN_LOOKED; i++) {
            all[count++] = &lists[k]->addresses[i];
        }
    }
    if (count < RUN_MIN) {
        return;
    }
    qsort(all, count, sizeof *all, by_domain_and_local);
    for (size_t i = 1; i < count; i++) {
        bool next = bytes_equal_fold(all[i]->domain, all[i - 1]->domain) &&
                    follows(all[i - 1]->local, all[i]->local);
        run = next ? run + 1 : 1;
        if (run == RUN_MIN) {
            writer_init(&w, arena);
            writer_bytes(&w, all[i + 1 - RUN_MIN]->text);
            writer_text(&w, " ... ");
            writer_bytes(&w, all[i]->text);
            say(arena, law, LAW_INVENTED_ADDRESS, writer_view(&w));
            return;
        }
    }
}

static bool
says_something(const struct letter *letter)
{
    if (bytes_trim(letter->text).size > 0 || letter->link_count > 0 ||
        letter->html.image_count > 0) {
        return true;
    }
    for (const struct part *p = letter->root; p != NULL; p = part_next(p)) {
        if (p->shape == PART_LEAF && !bytes_is(p->type, "text") && p->content.size > 0) {
            return true;
        }
    }
    return false;
}

void
sender_law_signs(struct arena *arena, const struct letter *letter,
                 const struct origin *origin, struct sender_law *law)
{
    read_author(arena, letter, origin, law);
    read_recipients(arena, letter, law);
    if (!says_something(letter)) {
        say(arena, law, LAW_EMPTY_BODY, bytes_slice(letter->subject, 0, SAID_BYTES));
    }
}

const char *
law_sign_name(enum law_sign sign)
{
    return sign == LAW_FALSE_SENDER       ? "false_sender"
           : sign == LAW_INVENTED_ADDRESS ? "invented_addresses"
                                          : "empty_body";
}
