/* The sender law: what a mail that advertises must show its reader.
 *
 * The Act on Regulation of Transmission of Specified Electronic Mail (特定電子メールの送信の適正化等に関する法律, Act No. 26 of 2002, opt-in
 * since 2008-12-01) binds who sends mail for the advertising of a business. Article 4 and article 9 of its rule
 * (施行規則) want five things displayed on the reader's screen:
 *
 *     sender_name        name of the sender, or of the client who answers for it   article 4 (1)
 *     optout_contact     mail address or URL that takes a refusal                  article 4 (2)
 *     optout_notice      that one may refuse, right before or after that           article 4 (3), rule 9 (1)
 *     postal_address     the sender's address                                      article 4 (3), rule 9 (2)
 *     complaint_contact  telephone, mail address or URL for complaints             article 4 (3), rule 9 (3)
 *
 * Address and complaint contact may also stand behind a link that says so. Where advertising only comes along with
 * another matter (rule 6: notices on a contract, mail services paid by advertising, mail whose purpose is another), no
 * refusal need be offered. Mail that does not advertise owes nothing.
 *
 * Read is what a person sees: letter.text in normal form, and links that are not hidden. Hidden text, a header field and
 * words painted in a picture display nothing. Lines that are quoted are another's. Found are words and their places, by
 * tables and by their neighbourhood; nobody is asked whether the address exists or the link works, so what is shown here
 * is shown, not proved. The alternative text of a picture counts as text. Where notice and contact of refusal stand apart,
 * both count, though the rule wants them together.
 *
 * Articles 5 (no false sender) and 6 (no invented addresses) are told as signs: a single mail proves neither.
 *
 * Memory is the arena's, views point into it. Bounds: LIMIT_NORMAL_BYTES of text, LIMIT_LINKS links; time is linear in
 * both. Never fails. */
#pragma once

#include "base/json.h"
#include "parse/letter.h"
#include "trace/origin.h"

enum law_duty {
    LAW_SENDER_NAME,
    LAW_OPTOUT_CONTACT,
    LAW_OPTOUT_NOTICE,
    LAW_POSTAL_ADDRESS,
    LAW_COMPLAINT_CONTACT,
};
#define LAW_DUTIES 5

enum law_display {
    LAW_MISSING,
    LAW_SHOWN,
    LAW_LINKED, /* behind a link that says so */
};

struct law_shown {
    enum law_display display;
    struct bytes
        said; /* the words it rests on, as the letter has them, clean UTF-8; "" if missing */
    struct bytes contact; /* the address, number or URL; "" where there is none */
    size_t from, to;      /* the same line in letter.text; both 0 if missing */
    size_t line;          /* of letter.text, from 1; 0 if missing */
};

/* What the law takes the mail for. */
enum law_scope {
    LAW_OUTSIDE,   /* no advertising was seen: nothing is owed */
    LAW_FREE_MAIL, /* a person's mail, with the advertising of his mail service below: nothing is owed by him */
    LAW_CONTRACT, /* a notice on an order or contract, with advertising: no refusal need be offered */
    LAW_INCIDENTAL, /* an answer or other matter, with advertising: no refusal need be offered */
    LAW_FULL,       /* advertising: all five */
};

/* Signs of what articles 5 and 6 forbid. */
enum law_sign {
    LAW_FALSE_SENDER =
        1
        << 0, /* article 5: the author's domain denies the mail, or there is no author to be held to */
    LAW_INVENTED_ADDRESS =
        1 << 1,              /* article 6: recipients in a row as a program makes them */
    LAW_EMPTY_BODY = 1 << 2, /* nothing is said: as mail that tries which addresses exist */
};
#define LAW_SIGNS 3

struct sender_law {
    enum law_scope scope;
    bool advertises; /* words of advertising were seen */
    bool
        old_label; /* 未承諾広告※ in the subject, of the law before 2008: it allows nothing, and admits that nobody asked */
    struct law_shown duties[LAW_DUTIES];
    unsigned signs;                    /* LAW_* of enum law_sign */
    struct bytes sign_said[LAW_SIGNS]; /* what each rests on, by its bit; "" if nothing */
};

/* origin may be NULL: then the author's domain is not asked. advertisement: the caller knows that it advertises, whatever
 * its words. */
const struct sender_law *sender_law_read(struct arena *arena, const struct letter *letter,
                                         const struct origin *origin, bool advertisement);

/* Whether the duty is owed in that scope, and whether it is owed and missing. */
bool sender_law_owes(enum law_scope scope, enum law_duty duty);
bool sender_law_lacks(const struct sender_law *law, enum law_duty duty);

/* {"missing":["postal_address", ...],"old_label":false} */
void sender_law_write_duties(const struct sender_law *law, struct json *j);

/* "sender_name", ...; "full", ...; "shown", ...; "false_sender", ... (one bit): constants. */
const char *law_duty_name(enum law_duty duty);
const char *law_scope_name(enum law_scope scope);
const char *law_display_name(enum law_display display);
const char *law_sign_name(enum law_sign sign);
