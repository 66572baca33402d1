/* The five duties: which piece displays each, and with which contact it is bound. */
#include "base/scan.h"
#include "base/writer.h"
#include "judge/sender_law.h"
#include "judge/sender_law_private.h"

#define REFUSE_WINDOW  3  /* pieces behind a notice in which its contact stands */
#define REFER_WINDOW   10 /* the same where it says "below" */
#define ASK_WINDOW     3
#define BLOCK_WINDOW   4  /* pieces around name and address that belong to them */
#define LONE_REST      30 /* bytes beside a contact in a piece that is made of it */
#define NEGATED_REST   60 /* bytes behind a word in which it is taken back */
#define NAME_MAX_LINE  60 /* bytes of a name above an address */
#define NAME_MIN_ALONE 6  /* and least */
#define NAME_MIN_PART  15 /* the same where 本社 or the like stands in it */
#define SAID_BYTES     200

/* Results */

/* A view of the normal form as the letter has it; what is no such view stays. */
static struct bytes
as_written(struct law_reading *r, struct bytes normal)
{
    struct bytes all = r->text.normal;
    size_t from, to;

    if (normal.size == 0 || normal.at < all.at || normal.at >= all.at + all.size) {
        return normal;
    }
    from = (size_t)(normal.at - all.at);
    normal_source(&r->map, from, from + normal.size, &from, &to);
    return bytes_slice(r->letter->text, from, to);
}

static void
show(struct law_reading *r, enum law_duty duty, enum law_display display, size_t piece,
     struct bytes contact)
{
    struct law_shown *shown = &r->law->duties[duty];
    const struct law_piece *p = &r->text.pieces[piece];
    struct writer w;

    if (shown->display != LAW_MISSING) {
        return;
    }
    shown->display = display;
    shown->contact = as_written(r, contact);
    normal_source(&r->map, p->from, p->to, &shown->from, &shown->to);
    writer_init(&w, r->arena);
    writer_clean(&w, bytes_trim(bytes_slice(r->letter->text, shown->from, shown->to)),
                 SAID_BYTES);
    shown->said = writer_view(&w);
    shown->line = 1;
    struct bytes before = bytes_slice(r->letter->text, 0, shown->from);
    for (size_t at = scan_find(before, '\n', 0); at < before.size;
         at = scan_find(before, '\n', at + 1)) {
        shown->line++;
    }
}

/* Contacts near a piece */

static const struct law_contact *
contact_in(const struct law_text *t, size_t piece, size_t from, unsigned reaches)
{
    for (size_t i = t->pieces[piece].contact;
         i < t->contact_count && t->contacts[i].piece == piece; i++) {
        if ((t->contacts[i].reach & reaches) && t->contacts[i].to > from) {
            return &t->contacts[i];
        }
    }
    return NULL;
}

/* Of the same piece: behind the word or around it, else a written one before it. */
static const struct law_contact *
contact_beside(const struct law_text *t, const struct law_hit *hit, unsigned reaches)
{
    const struct law_contact *c = contact_in(t, hit->piece, hit->from, reaches);

    if (c == NULL) {
        c = contact_in(t, hit->piece, 0, reaches);
        c = c != NULL && c->shown ? c : NULL;
    }
    return c;
}

/* Whether the piece is made of the contact, or says that it is one. */
static bool
is_lone(const struct law_text *t, const struct law_contact *c)
{
    const struct law_piece *p = &t->pieces[c->piece];

    return p->to - p->from <= c->to - c->from + LONE_REST ||
           (p->words & (LAW_WORD_HERE | LAW_WORD_CALL));
}

/* In the pieces behind, up to one that speaks of something else. */
static const struct law_contact *
contact_behind(const struct law_text *t, size_t piece, unsigned reaches, unsigned stops,
               unsigned own, size_t window)
{
    size_t steps = 0, rules = 0;

    for (size_t i = piece + 1; i < t->piece_count && steps < window; i++) {
        const struct law_piece *p = &t->pieces[i];
        if (p->ruled) {
            if (rules++ > 0) {
                break;
            }
            continue;
        }
        if ((p->words & stops) && !(p->words & own)) {
            break;
        }
        const struct law_contact *c = contact_in(t, i, 0, reaches);
        if (c != NULL && (is_lone(t, c) || (p->words & own))) {
            return c;
        }
        if (p->heading || contact_in(t, i, 0, LAW_REACH_URL) != NULL) {
            break;
        }
        steps++;
    }
    return NULL;
}

/* "できません" close behind the word, in the same sentence. */
static bool
is_negated(const struct law_text *t, const struct law_hit *hit)
{
    for (const struct law_hit *h = hit + 1;
         h < t->hits + t->hit_count && h->piece == hit->piece; h++) {
        if ((h->word & LAW_WORD_CANNOT) && h->from - hit->to <= NEGATED_REST) {
            return bytes_find(bytes_slice(t->normal, hit->to, h->from), BYTES(". "), 0) ==
                   BYTES_NOWHERE;
        }
    }
    return false;
}

/* A reply before it: not the refusal is impossible, but to refuse by replying. */
static bool
is_negated_refusal(const struct law_text *t, const struct law_hit *hit)
{
    return is_negated(t, hit) && !(t->pieces[hit->piece].words & LAW_WORD_REPLY);
}

static bool
piece_has(const struct law_text *t, size_t piece, struct bytes words)
{
    return bytes_find(law_piece_text(t, piece), words, 0) != BYTES_NOWHERE;
}

/* Name and address */

static void
read_address(struct law_reading *r)
{
    const struct law_text *t = &r->text;
    size_t end;

    for (size_t i = 0; i < t->hit_count; i++) {
        if (law_address_at(t, &t->hits[i], &end)) {
            r->address = t->hits[i].piece;
            while ((t->hits[i].word & LAW_WORD_POSTAL) && t->pieces[r->address].to < end) {
                r->address++; /* a heading stands above it */
            }
            r->begins = t->hits[i].from <= t->pieces[r->address].from + 6;
            show(r, LAW_POSTAL_ADDRESS, LAW_SHOWN, r->address, BYTES(""));
            return;
        }
    }
    for (size_t i = 0; i < t->hit_count; i++) {
        const struct law_hit *hit = &t->hits[i];
        bool says =
            (hit->word & (LAW_WORD_PROFILE | LAW_WORD_DISCLOSE)) ||
            ((hit->word & LAW_WORD_POSTAL) && (piece_has(t, hit->piece, BYTES("住所")) ||
                                               piece_has(t, hit->piece, BYTES("所在地"))));
        if (!says || t->pieces[hit->piece].quoted) {
            continue;
        }
        const struct law_contact *c = contact_beside(t, hit, LAW_REACH_URL);
        if (c == NULL) {
            c = contact_behind(
                t, hit->piece, LAW_REACH_URL,
                LAW_WORD_REFUSE | LAW_WORD_ASK | LAW_WORD_ORDER | LAW_WORD_ADVERT, 0, 1);
        }
        if (c != NULL) {
            show(r, LAW_POSTAL_ADDRESS, LAW_LINKED, hit->piece, c->where);
            return;
        }
    }
}

/* A short line right above an address is a name, if it is nothing else. 本店 and the like may be part of one. */
static bool
is_name_above(const struct law_text *t, size_t piece)
{
    const unsigned part = LAW_WORD_SENDER | LAW_WORD_POSTAL;
    static const char *const others[] = {"様", "ください", "ます", "住所", "所在地", "〒"};
    const struct law_piece *p = &t->pieces[piece];
    uint8_t last = t->normal.at[p->to - 1];
    size_t least = p->words & part ? NAME_MIN_PART : NAME_MIN_ALONE;

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (piece_has(t, piece, bytes_from_text(others[i]))) {
            return false;
        }
    }
    return p->to - p->from <= NAME_MAX_LINE && p->to - p->from >= least && !p->ruled &&
           !p->quoted && !((p->words & LAW_WORD_POSTAL) && p->heading) &&
           (p->words & ~part) == 0 && contact_in(t, piece, 0, ~0u) == NULL && last != ':' &&
           last != '!' && !ascii_digit(last);
}

static void
read_name(struct law_reading *r)
{
    const struct law_text *t = &r->text;

    for (size_t i = 0; i < t->piece_count; i++) {
        if (law_names_sender(t, i)) {
            r->name = i;
            show(r, LAW_SENDER_NAME, LAW_SHOWN, i, BYTES(""));
            return;
        }
    }
    if (r->begins && r->address > 0 && is_name_above(t, r->address - 1)) {
        r->name = r->address - 1;
        show(r, LAW_SENDER_NAME, LAW_SHOWN, r->name, BYTES(""));
    }
}

/* Refusal */

#define OTHER_MATTERS                                                                      \
    (LAW_WORD_ASK | LAW_WORD_ORDER | LAW_WORD_SENDER | LAW_WORD_COMPANY |                  \
     LAW_WORD_POSTAL | LAW_WORD_PLACE | LAW_WORD_PROFILE | LAW_WORD_DISCLOSE |             \
     LAW_WORD_COPYRIGHT | LAW_WORD_ADVERT)

static const struct address *
reply_address(const struct letter *letter)
{
    const struct address_list *list =
        letter->reply_to.address_count > 0 ? &letter->reply_to : &letter->from;

    if (list->address_count == 0 || list->addresses[0].domain.size == 0) {
        return NULL;
    }
    static const char *const deaf[] = {"noreply", "no-reply", "no_reply", "donotreply",
                                       "do-not-reply"};
    for (size_t i = 0; i < sizeof deaf / sizeof *deaf; i++) {
        if (bytes_find_fold(list->addresses[0].local, bytes_from_text(deaf[i]), 0) !=
            BYTES_NOWHERE) {
            return NULL;
        }
    }
    return &list->addresses[0];
}

/* "件名を「不要」としてご返信ください", in the notice or right behind it. */
static bool
asks_for_reply(const struct law_text *t, size_t piece)
{
    static const char *const not_so[] = {
        "返信いただいても", "返信頂いても", "返信されても", "返信しても",    "返信不要",
        "返信は不要",       "do not reply", "don't reply",  "返信なさっても"};

    for (size_t i = piece; i < t->piece_count && i < piece + REFUSE_WINDOW; i++) {
        if (i > piece && (t->pieces[i].words & OTHER_MATTERS)) {
            return false;
        }
        if (!(t->pieces[i].words & LAW_WORD_REPLY)) {
            continue;
        }
        bool so = !(t->pieces[i].words & LAW_WORD_CANNOT);
        for (size_t k = 0; k < sizeof not_so / sizeof *not_so; k++) {
            so = so && !piece_has(t, i, bytes_from_text(not_so[k]));
        }
        return so;
    }
    return false;
}

/* What a notice refers to with "下記" or "お問い合わせ窓口". */
static const struct law_contact *
referred(const struct law_text *t, const struct law_hit *hit)
{
    const unsigned mail_or_page = LAW_REACH_MAIL | LAW_REACH_URL;
    const struct law_piece *p = &t->pieces[hit->piece];
    bool by_mail = piece_has(t, hit->piece, BYTES("メール")) ||
                   piece_has(t, hit->piece, BYTES("mail"));

    if (piece_has(t, hit->piece, BYTES("電話")) && !by_mail) {
        return NULL;
    }
    if (p->words & (LAW_WORD_BELOW | LAW_WORD_ASK)) {
        return contact_behind(t, hit->piece, mail_or_page, LAW_WORD_ORDER | LAW_WORD_ADVERT,
                              LAW_WORD_ASK, REFER_WINDOW);
    }
    for (size_t back = 1; (p->words & LAW_WORD_ABOVE) && back <= 2 && back <= hit->piece;
         back++) {
        const struct law_contact *c = contact_in(t, hit->piece - back, 0, mail_or_page);
        if (c != NULL) {
            return c;
        }
    }
    return NULL;
}

static const struct law_contact *
contact_of_refusal(const struct law_text *t, const struct law_hit *hit)
{
    const unsigned mail_or_page = LAW_REACH_MAIL | LAW_REACH_URL;
    const struct law_contact *c = contact_beside(t, hit, mail_or_page);

    if (c == NULL) {
        c = contact_behind(t, hit->piece, mail_or_page, OTHER_MATTERS,
                           LAW_WORD_REFUSE | LAW_WORD_SETTINGS, REFUSE_WINDOW);
    }
    return c != NULL ? c : referred(t, hit);
}

/* Pages whose address says what they are for. */
static bool
leads_to_refusal(const struct law_contact *c)
{
    static const char *const words[] = {
        "unsub",  "optout", "opt-out",  "opt_out",  "kaijo",  "kaizyo",     "haishinteishi",
        "teishi", "taikai", "mailstop", "stopmail", "remove", "haisin-stop"};

    uint32_t firsts = 0; /* letters that one of them begins with */

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        firsts |= 1u << (*words[i] - 'a');
    }
    for (size_t at = 0; c->reach != LAW_REACH_PHONE && at < c->where.size; at++) {
        uint8_t first = ascii_lower(c->where.at[at]);
        bool may = ascii_letter(first) && (firsts >> (first - 'a') & 1) != 0;
        for (size_t i = 0; may && i < sizeof words / sizeof *words; i++) {
            if (first == (uint8_t)*words[i] &&
                bytes_starts_fold(bytes_from(c->where, at), bytes_from_text(words[i]))) {
                return true;
            }
        }
    }
    return false;
}

static void
take_refusal(struct law_reading *r, const struct law_contact *c)
{
    r->refusal = c;
    show(r, LAW_OPTOUT_CONTACT, LAW_SHOWN, c->piece, c->where);
}

/* The notice that has a contact counts first, since the two must stand together. */
static void
read_refusal(struct law_reading *r)
{
    const struct law_text *t = &r->text;
    const struct address *reply = reply_address(r->letter);
    const struct law_hit *notice = NULL;

    for (size_t i = 0; i < t->hit_count && r->refusal == NULL; i++) {
        const struct law_hit *hit = &t->hits[i];
        if (!(hit->word & LAW_WORD_REFUSE) || t->pieces[hit->piece].quoted ||
            is_negated_refusal(t, hit)) {
            continue;
        }
        notice = notice == NULL ? hit : notice;
        const struct law_contact *c = contact_of_refusal(t, hit);
        if (c != NULL) {
            notice = hit;
            take_refusal(r, c);
        } else if (reply != NULL && asks_for_reply(t, hit->piece)) {
            show(r, LAW_OPTOUT_CONTACT, LAW_SHOWN, hit->piece, reply->text);
        }
    }
    if (notice != NULL) {
        show(r, LAW_OPTOUT_NOTICE, LAW_SHOWN, notice->piece, BYTES(""));
    }
    for (size_t i = 0; i < t->contact_count && r->refusal == NULL; i++) {
        if (leads_to_refusal(&t->contacts[i]) && !t->pieces[t->contacts[i].piece].quoted) {
            take_refusal(r, &t->contacts[i]);
        }
    }
    for (size_t i = 0; i < t->hit_count && r->refusal == NULL; i++) {
        const struct law_hit *hit = &t->hits[i];
        if ((hit->word & LAW_WORD_SETTINGS) && !t->pieces[hit->piece].quoted) {
            const struct law_contact *c = contact_beside(t, hit, LAW_REACH_URL);
            c = c != NULL
                    ? c
                    : contact_behind(t, hit->piece, LAW_REACH_URL, OTHER_MATTERS, 0, 1);
            if (c != NULL) {
                take_refusal(r, c);
            }
        }
    }
}

/* Complaints */

static bool
take_complaint(struct law_reading *r, enum law_display display, const struct law_contact *c)
{
    if (c != NULL) {
        show(r, LAW_COMPLAINT_CONTACT, display, c->piece, c->where);
    }
    return c != NULL;
}

static bool
complaint_by_words(struct law_reading *r)
{
    const struct law_text *t = &r->text;

    for (size_t i = 0; i < t->hit_count; i++) {
        const struct law_hit *hit = &t->hits[i];
        if (!(hit->word & LAW_WORD_ASK) || t->pieces[hit->piece].quoted ||
            is_negated(t, hit)) {
            continue;
        }
        const struct law_contact *c = contact_beside(t, hit, ~0u);
        if (c == NULL) {
            c = contact_behind(t, hit->piece, ~0u,
                               LAW_WORD_REFUSE | LAW_WORD_ORDER | LAW_WORD_ADVERT |
                                   LAW_WORD_PROFILE | LAW_WORD_SETTINGS,
                               LAW_WORD_ASK, ASK_WINDOW);
        }
        if (take_complaint(r, LAW_SHOWN, c)) {
            return true;
        }
    }
    return false;
}

/* Whether what stands at the contact's piece, or the heading above it, makes it one for something else. */
static bool
is_for_other(const struct law_reading *r, const struct law_contact *c)
{
    const struct law_text *t = &r->text;
    const unsigned others = LAW_WORD_REFUSE | LAW_WORD_ORDER | LAW_WORD_ELSEWHERE;
    bool heads = c->piece > 0 && contact_in(t, c->piece - 1, 0, ~0u) == NULL;
    unsigned above = heads ? t->pieces[c->piece - 1].words : 0;

    return c == r->refusal || t->pieces[c->piece].quoted ||
           (t->pieces[c->piece].words & others) || (above & others);
}

static bool
is_near(size_t piece, size_t other, size_t count)
{
    return other < count && piece + BLOCK_WINDOW >= other && piece <= other + BLOCK_WINDOW;
}

/* A number or address that is told without more: behind "TEL", or beside the sender's name and address. */
static bool
complaint_by_place(struct law_reading *r)
{
    const struct law_text *t = &r->text;

    for (size_t i = 0; i < t->contact_count; i++) {
        const struct law_contact *c = &t->contacts[i];
        if (c->reach == LAW_REACH_URL || is_for_other(r, c)) {
            continue;
        }
        bool called = t->pieces[c->piece].words & LAW_WORD_CALL;
        bool near = is_near(c->piece, r->name, t->piece_count) ||
                    is_near(c->piece, r->address, t->piece_count);
        if ((called || (near && c->shown)) && take_complaint(r, LAW_SHOWN, c)) {
            return true;
        }
    }
    return false;
}

static void
read_complaint(struct law_reading *r)
{
    const struct law_text *t = &r->text;

    if (complaint_by_words(r) || complaint_by_place(r)) {
        return;
    }
    for (size_t i = 0; i < t->hit_count; i++) {
        const struct law_hit *hit = &t->hits[i];
        if (!(hit->word & LAW_WORD_DISCLOSE) || t->pieces[hit->piece].quoted) {
            continue;
        }
        const struct law_contact *c = contact_beside(t, hit, LAW_REACH_URL);
        c = c != NULL ? c
                      : contact_behind(t, hit->piece, LAW_REACH_URL,
                                       LAW_WORD_REFUSE | LAW_WORD_ORDER, 0, 1);
        if (take_complaint(r, LAW_LINKED, c)) {
            return;
        }
    }
}

void
law_duties_read(struct law_reading *r)
{
    r->name = r->address = r->text.piece_count;
    read_address(r);
    read_name(r);
    read_refusal(r);
    read_complaint(r);
}
