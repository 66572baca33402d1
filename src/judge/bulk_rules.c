#include "judge/bulk_rules.h"

#include "base/limits.h"
#include "base/writer.h"
#include "parse/header.h"

#define SAID_BYTES 200

static struct bytes
clean(struct arena *arena, struct bytes text)
{
    struct writer w;

    writer_init(&w, arena);
    writer_clean(&w, text, SAID_BYTES);
    return writer_view(&w);
}

static struct bytes
field_text(struct arena *arena, const struct letter *letter, struct bytes name)
{
    struct bytes value = header_value(&letter->header, name);

    return header_unfold(arena, bytes_slice(value, 0, LIMIT_HEADER_FIELD));
}

/* URIs in angle brackets (RFC 2369 2): how many begin so, and the first. */
static size_t
uris_of(struct bytes value, struct bytes scheme, struct bytes *first_r)
{
    size_t at = 0, count = 0;

    *first_r = BYTES("");
    while ((at = bytes_find_byte(value, '<', at)) != BYTES_NOWHERE) {
        size_t end = bytes_find_byte(value, '>', at);
        if (end == BYTES_NOWHERE) {
            break;
        }
        struct bytes uri = bytes_trim(bytes_slice(value, at + 1, end));
        if (bytes_starts_fold(uri, scheme)) {
            *first_r = count == 0 ? uri : *first_r;
            count++;
        }
        at = end + 1;
    }
    return count;
}

static void
answer(struct arena *arena, struct bulk_answer *answers, enum bulk_rule rule, bool met,
       struct bytes said)
{
    answers[rule] = (struct bulk_answer){.state = met ? BULK_MET : BULK_UNMET,
                                         .said = clean(arena, said)};
}

static void
read_fields(struct arena *arena, const struct letter *letter, struct bulk_answer *answers)
{
    struct bytes list = field_text(arena, letter, BYTES("List-Unsubscribe")),
                 post =
                     bytes_trim(field_text(arena, letter, BYTES("List-Unsubscribe-Post"))),
                 https, mail, http;
    size_t https_count = uris_of(list, BYTES("https://"), &https),
           mail_count = uris_of(list, BYTES("mailto:"), &mail),
           http_count = uris_of(list, BYTES("http://"), &http);
    bool one_each = header_count(&letter->header, BYTES("List-Unsubscribe")) == 1 &&
                    header_count(&letter->header, BYTES("List-Unsubscribe-Post")) == 1;

    answer(arena, answers, BULK_LIST_UNSUBSCRIBE, https_count + mail_count + http_count > 0,
           list);
    answer(arena, answers, BULK_UNSUBSCRIBE_HTTPS, https_count == 1 && http_count == 0,
           https.size > 0 ? https : http);
    answer(arena, answers, BULK_ONE_CLICK,
           one_each && bytes_is_fold(post, "List-Unsubscribe=One-Click"), post);
    answer(arena, answers, BULK_FROM_SINGLE,
           header_count(&letter->header, BYTES("From")) == 1 &&
               letter->from.address_count == 1 && !letter->from.addresses[0].is_group &&
               letter->from.addresses[0].domain.size > 0,
           letter->from.address_count > 0 ? letter->from.addresses[0].text : BYTES(""));
    answer(arena, answers, BULK_MESSAGE_ID,
           header_count(&letter->header, BYTES("Message-ID")) == 1 &&
               bytes_find_byte(letter->message_id, '@', 0) != BYTES_NOWHERE,
           letter->message_id);
    answer(arena, answers, BULK_DATE,
           header_count(&letter->header, BYTES("Date")) == 1 && letter->has_date,
           field_text(arena, letter, BYTES("Date")));
}

/* Whether h= names the field. */
static bool
signs(struct bytes fields, const char *name)
{
    struct bytes one;

    while (bytes_split(&fields, ':', &one)) {
        if (bytes_is_fold(bytes_trim(one), name)) {
            return true;
        }
    }
    return false;
}

static enum bulk_state
state_of(enum auth_result result)
{
    return result == AUTH_PASS        ? BULK_MET
           : result == AUTH_TEMPERROR ? BULK_OPEN
                                      : BULK_UNMET;
}

static void
put(struct bulk_answer *answers, enum bulk_rule rule, enum bulk_state state,
    struct bytes said)
{
    answers[rule] = (struct bulk_answer){.state = state, .said = said};
}

static void
read_dkim(struct arena *arena, const struct origin *origin, struct bulk_answer *answers)
{
    put(answers, BULK_DKIM, BULK_UNMET, BYTES(""));
    put(answers, BULK_ONE_CLICK_SIGNED, BULK_UNMET, BYTES(""));
    for (size_t i = 0; i < origin->dkim_count; i++) {
        const struct dkim_result *d = &origin->dkim[i];
        enum bulk_state state = state_of(d->result);
        bool covers = signs(d->signed_fields, "List-Unsubscribe") &&
                      signs(d->signed_fields, "List-Unsubscribe-Post");
        struct bytes domain = clean(arena, d->domain);
        if (answers[BULK_DKIM].state != BULK_MET && state != BULK_UNMET) {
            put(answers, BULK_DKIM, state, domain);
        }
        if (covers && answers[BULK_ONE_CLICK_SIGNED].state != BULK_MET &&
            state != BULK_UNMET) {
            put(answers, BULK_ONE_CLICK_SIGNED, state, domain);
        }
    }
}

static void
read_origin(struct arena *arena, const struct origin *origin, struct bulk_answer *answers)
{
    const struct dmarc_result *dmarc = &origin->dmarc;
    bool late = dmarc->result == AUTH_TEMPERROR;
    /* Without a client's address there was nothing to check. */
    bool spf_made = origin->spf.result != AUTH_NONE || origin->spf.domain.size > 0;

    read_dkim(arena, origin, answers);
    put(answers, BULK_SPF, spf_made ? state_of(origin->spf.result) : BULK_OPEN,
        clean(arena, origin->spf.domain));
    put(answers, BULK_DMARC,
        dmarc->policy != DMARC_NO_RECORD ? BULK_MET
        : late                           ? BULK_OPEN
                                         : BULK_UNMET,
        clean(arena, dmarc->policy_domain));
    put(answers, BULK_FROM_ALIGNED,
        dmarc->spf_aligned || dmarc->dkim_aligned ? BULK_MET
        : late || answers[BULK_DKIM].state == BULK_OPEN ||
                answers[BULK_SPF].state == BULK_OPEN
            ? BULK_OPEN
            : BULK_UNMET,
        clean(arena, dmarc->from_domain));
    put(answers, BULK_REVERSE_NAME,
        origin->iprev == AUTH_NONE ? BULK_OPEN : state_of(origin->iprev),
        clean(arena, origin->client_name));
}

void
bulk_rules_read(struct arena *arena, const struct letter *letter,
                const struct origin *origin, const struct sender_law *law,
                struct bulk_answer *answers_r)
{
    for (unsigned i = 0; i < BULK_RULES; i++) {
        put(answers_r, (enum bulk_rule)i, BULK_OPEN, BYTES(""));
    }
    read_fields(arena, letter, answers_r);
    if (law != NULL) {
        const struct law_shown *seen = &law->duties[LAW_OPTOUT_CONTACT];
        answer(arena, answers_r, BULK_UNSUBSCRIBE_SEEN, seen->display != LAW_MISSING,
               seen->contact);
    }
    if (origin != NULL) {
        read_origin(arena, origin, answers_r);
    }
}

const char *
bulk_rule_name(enum bulk_rule rule)
{
    static const char *const names[] = {"list_unsubscribe",
                                        "unsubscribe_https",
                                        "one_click",
                                        "one_click_signed",
                                        "unsubscribe_seen",
                                        "from_single",
                                        "spf",
                                        "dkim",
                                        "dmarc",
                                        "from_aligned",
                                        "reverse_name",
                                        "message_id",
                                        "date"};

    return names[rule];
}

const char *
bulk_state_name(enum bulk_state state)
{
    static const char *const names[] = {"unmet", "met", "open"};

    return names[state];
}
