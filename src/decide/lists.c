#include "decide/lists_private.h"

#include "parse/domain.h"
#include "permit/consent.h"

struct sender {
    struct bytes address; /* in the form of an entry: recipient_name */
    struct bytes domain;
};

struct senders {
    struct sender *all;
    size_t count;
};

static void
put_sender(struct arena *arena, struct senders *senders, struct bytes written)
{
    struct bytes name;

    if (recipient_name(arena, written, domain_to_ascii, &name)) {
        senders->all[senders->count++] =
            (struct sender){name, bytes_from(recipient_domain(name), 1)};
    }
}

static void
put_addresses(struct arena *arena, struct senders *senders, const struct address_list *list)
{
    for (size_t i = 0; i < list->address_count; i++) {
        put_sender(arena, senders, list->addresses[i].text);
    }
}

static bool
is_within(struct bytes domain, struct bytes above)
{
    return bytes_ends(domain, above) &&
           (domain.size == above.size || domain.at[domain.size - above.size - 1] == '.');
}

static bool
matches(const struct consent_listed *listed, const struct sender *sender)
{
    return bytes_find_byte(listed->entry, '@', 0) != BYTES_NOWHERE
               ? bytes_equal(listed->entry, sender->address)
               : is_within(sender->domain, listed->entry);
}

/* The entry that covers one sender; NULL: none. */
static const struct consent_listed *
find_entry(const struct consent_recipient *r, enum consent_list list,
           const struct sender *sender)
{
    const struct consent_listed *listed = r == NULL ? NULL : r->listed;

    while (listed != NULL && !(listed->list == list && matches(listed, sender))) {
        listed = listed->next;
    }
    return listed;
}

static const struct consent_listed *
find_any(const struct consent_recipient *r, enum consent_list list,
         const struct senders *senders)
{
    const struct consent_listed *listed = NULL;

    for (size_t i = 0; i < senders->count && listed == NULL; i++) {
        listed = find_entry(r, list, &senders->all[i]);
    }
    return listed;
}

/* A second From must not borrow the first one's welcome: each must be on the list. */
static const struct consent_listed *
find_all(const struct consent_recipient *r, enum consent_list list,
         const struct senders *senders)
{
    const struct consent_listed *listed = NULL;

    for (size_t i = 0; i < senders->count; i++) {
        listed = find_entry(r, list, &senders->all[i]);
        if (listed == NULL) {
            return NULL;
        }
    }
    return listed;
}

/* Whether a paper speaks for the From domain: what policy.allow_list = authenticated asks for. */
static bool
is_authenticated(const struct origin *origin, const struct senders *senders)
{
    if (origin->dmarc.result == AUTH_PASS) {
        return true;
    }
    for (size_t i = 0; senders->count == 1 && i < origin->dkim_count; i++) {
        if (origin->dkim[i].result == AUTH_PASS &&
            is_within(senders->all[0].domain, origin->dkim[i].domain)) {
            return true;
        }
    }
    return false;
}

static const struct finding *
new_finding(struct arena *arena, const char *name, struct bytes detail)
{
    struct finding *finding = ARENA_NEW(arena, struct finding);

    *finding = (struct finding){
        .name = name, .family = FAMILY_SOURCE, .detail = bytes_copy(arena, detail)};
    return finding;
}

/* His own lists, then those of his domain. */
static bool
ask_lists(struct arena *arena, const struct consent_recipient *r, bool may_allow,
          const struct senders *from, const struct senders *refused,
          struct lists_answer *answer)
{
    const struct consent_listed *listed;

    if (r == NULL) {
        return false;
    }
    listed = may_allow ? find_all(r, LIST_ALLOW, from) : NULL;
    if (listed != NULL) {
        answer->listed = LISTED_ALLOW;
        answer->finding = new_finding(arena, "listed_allow", listed->entry);
        return true;
    }
    listed = find_any(r, LIST_REFUSE, refused);
    if (listed != NULL) {
        answer->listed = LISTED_REFUSE;
        answer->finding = new_finding(arena, "listed_refuse", listed->entry);
        return true;
    }
    if (r->only) {
        answer->listed = LISTED_ONLY;
        answer->finding = new_finding(arena, "listed_only", BYTES_NONE);
    }
    return r->only;
}

struct lists_answer
lists_ask(struct arena *arena, const struct policy *policy,
          const struct permit_recipient *permit, const struct arrival *arrival,
          const struct letter *letter, const struct origin *origin)
{
    struct lists_answer answer = {0};
    const struct consent_listed *rescued = NULL;
    size_t room = 1;

    if (permit->own == NULL && permit->domain == NULL) {
        return answer;
    }
    if (letter != NULL) {
        room += letter->from.address_count + letter->to.address_count +
                letter->cc.address_count;
    }
    struct senders from = {ARENA_NEW_MANY(arena, room, struct sender), 0};
    struct senders refused = {ARENA_NEW_MANY(arena, room, struct sender), 0};
    struct senders forwarder = {ARENA_NEW_MANY(arena, room, struct sender), 0};
    put_sender(arena, &refused, arrival->mail_from);
    put_sender(arena, &forwarder, arrival->mail_from);
    if (letter != NULL) {
        put_addresses(arena, &from, &letter->from);
        put_addresses(arena, &refused, &letter->from);
        put_addresses(arena, &forwarder, &letter->to);
        put_addresses(arena, &forwarder, &letter->cc);
    }
    if (letter == NULL || letter->from.address_count == 0) {
        put_sender(arena, &from, arrival->mail_from);
    }
    bool unreadable = letter != NULL && from.count < letter->from.address_count;
    bool may_allow = !unreadable && (!policy->allow_authenticated ||
                                     (origin != NULL && is_authenticated(origin, &from)));
    if (!ask_lists(arena, permit->own, may_allow, &from, &refused, &answer)) {
        (void)ask_lists(arena, permit->domain, may_allow, &from, &refused, &answer);
    }
    rescued = find_any(permit->own, LIST_RESCUE, &forwarder);
    if (rescued == NULL) {
        rescued = find_any(permit->domain, LIST_RESCUE, &forwarder);
    }
    if (rescued != NULL) {
        answer.rescued = new_finding(arena, "listed_rescue", rescued->entry);
    }
    return answer;
}
