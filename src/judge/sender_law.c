#include "judge/sender_law.h"

#include "base/limits.h"
#include "judge/sender_law_private.h"
#include "parse/header.h"

#define SUBJECT_BYTES 500
#define CONTRACT_TOP  10 /* pieces in which a notice on a contract says what it is */
#define CONTRACT_MIN  2  /* and how often, if its subject does not */

static bool
is_answer(const struct law_reading *r)
{
    bool quoted = false;

    for (size_t i = 0; i < r->text.piece_count && !quoted; i++) {
        quoted = r->text.pieces[i].quoted;
    }
    return quoted && (header_value(&r->letter->header, BYTES("In-Reply-To")).size > 0 ||
                      header_value(&r->letter->header, BYTES("References")).size > 0);
}

static bool
is_to_many(const struct letter *letter)
{
    struct bytes precedence =
        bytes_trim(header_value(&letter->header, BYTES("Precedence")));

    return header_value(&letter->header, BYTES("List-Unsubscribe")).size > 0 ||
           bytes_is_fold(precedence, "bulk") || bytes_is_fold(precedence, "list");
}

static enum law_scope
scope_of(struct law_reading *r, bool advertisement)
{
    const struct law_text *t = &r->text;
    size_t first_advert = 0, free_mail = 0, contract = 0;

    r->law->advertises = r->subject & LAW_WORD_ADVERT;
    for (size_t i = 0; i < t->hit_count; i++) {
        const struct law_hit *hit = &t->hits[i];
        if (t->pieces[hit->piece].quoted) {
            continue;
        }
        contract += hit->piece < CONTRACT_TOP && (hit->word & LAW_WORD_CONTRACT) &&
                    !r->law->advertises;
        if (hit->word & LAW_WORD_FREE_MAIL) {
            free_mail = free_mail == 0 ? i + 1 : free_mail;
        } else if (hit->word & LAW_WORD_ADVERT) {
            first_advert = first_advert == 0 ? i + 1 : first_advert;
            r->law->advertises = true;
        }
    }
    if (free_mail > 0 && (first_advert == 0 || first_advert > free_mail) &&
        !(r->subject & LAW_WORD_ADVERT) && !is_to_many(r->letter)) {
        return LAW_FREE_MAIL;
    }
    if (!advertisement && !r->law->advertises) {
        return LAW_OUTSIDE;
    }
    if ((r->subject & LAW_WORD_CONTRACT) || contract >= CONTRACT_MIN) {
        return LAW_CONTRACT;
    }
    return is_answer(r) && !is_to_many(r->letter) ? LAW_INCIDENTAL : LAW_FULL;
}

/* 未承諾広告※ of the law before 2008, the misspelling 末承諾広告 that dodged filters, and !広告! of the ministry's rule before. */
static bool
has_old_label(struct bytes subject)
{
    return bytes_find(subject, BYTES("承諾広告"), 0) != BYTES_NOWHERE ||
           bytes_starts(subject, BYTES("!広告!"));
}

bool
sender_law_owes(enum law_scope scope, enum law_duty duty)
{
    switch (scope) {
    case LAW_FULL:
        return true;
    case LAW_CONTRACT:
    case LAW_INCIDENTAL:
        return duty != LAW_OPTOUT_CONTACT && duty != LAW_OPTOUT_NOTICE;
    case LAW_OUTSIDE:
    case LAW_FREE_MAIL:
        break;
    }
    return false;
}

bool
sender_law_lacks(const struct sender_law *law, enum law_duty duty)
{
    return sender_law_owes(law->scope, duty) && law->duties[duty].display == LAW_MISSING;
}

const struct sender_law *
sender_law_read(struct arena *arena, const struct letter *letter,
                const struct origin *origin, bool advertisement)
{
    struct sender_law *law = ARENA_NEW(arena, struct sender_law);
    struct law_reading r = {.arena = arena, .letter = letter, .law = law};
    size_t region_count, subject_hits;
    struct bytes normal =
        normal_form_mapped(arena, letter->text, LIMIT_NORMAL_BYTES, &r.map);
    const struct region *regions = regions_read(arena, normal, &region_count);
    struct bytes subject =
        normal_form(arena, bytes_slice(letter->subject, 0, SUBJECT_BYTES), SUBJECT_BYTES);
    const struct law_hit *hits = law_words_find(arena, subject, &subject_hits);

    for (size_t i = 0; i < subject_hits; i++) {
        r.subject |= hits[i].word;
    }
    law_text_read(arena, normal, regions, region_count, letter, &r.text);
    law->old_label = has_old_label(subject);
    law->scope = scope_of(&r, advertisement);
    law_duties_read(&r);
    sender_law_signs(arena, letter, origin, law);
    return law;
}

void
sender_law_write_duties(const struct sender_law *law, struct json *j)
{
    json_open(j, '{');
    json_key(j, "missing");
    json_open(j, '[');
    for (unsigned i = 0; i < LAW_DUTIES; i++) {
        if (sender_law_lacks(law, (enum law_duty)i)) {
            json_text(j, law_duty_name((enum law_duty)i));
        }
    }
    json_close(j);
    json_put_bool(j, "old_label", law->old_label);
    json_close(j);
}

const char *
law_duty_name(enum law_duty duty)
{
    static const char *const names[] = {"sender_name", "optout_contact", "optout_notice",
                                        "postal_address", "complaint_contact"};

    return names[duty];
}

const char *
law_scope_name(enum law_scope scope)
{
    static const char *const names[] = {"outside", "free_mail", "contract", "incidental",
                                        "full"};

    return names[scope];
}

const char *
law_display_name(enum law_display display)
{
    static const char *const names[] = {"missing", "shown", "linked"};

    return names[display];
}
