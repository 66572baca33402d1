/* What the parts of the statement share: the facts that several of them ask for, found out once. */
#pragma once

#include "trace/names.h"
#include "trace/statement.h"

struct statement_facts {
    struct arena *arena;
    const struct statement_of *of;
    const struct origin *o;
    const struct arrival *arrival;
    bool has_client;              /* the address that connected to us is known */
    bool author_dkim, author_spf; /* DMARC passes, by which of the two */
    bool spf, helo;               /* pass */
    bool dkim;                    /* any passes */
    const struct dkim_result
        *signer; /* a signature that passes, one in line with From before others */
    struct bytes
        domain; /* proved, the best there is: of the author, of a signature, of SPF; "" if none */
    bool hidden;  /* Tor or a proxy */
    bool hosting; /* by the table, or by the name */
    bool line;    /* by its name a line of a household, a mobile network, a pool */
    bool mobile;
    bool server; /* its name says so, or it is within the proved domain */
    bool inside; /* a server of ours told no address of whom it took the message from */
    bool form;   /* something tells of a web form or web mail */
    bool agrees_dkim,
        agrees_spf; /* such a pass is in line with From, whether DMARC asks for it or not */
    bool forwarded; /* the author's proof is missing, and somebody else's is there */
    bool local;     /* the source is not of the internet */
    struct bytes login,
        login_at; /* an account that somebody we trust tells of; at: "" for ourselves */
    struct name_facts name; /* of the source */
    struct bytes source;    /* its address as text, "" if not known */
    bool has_port;
};

void statement_add(struct arena *arena, struct statement_list *list,
                   struct statement_line line);
struct bytes statement_address(struct arena *arena, const struct net_address *address);
struct bytes statement_number(struct arena *arena, uint64_t number);
/* The border's record: the newest of which we cannot say that its writer is trusted; NULL if there is none. */
static inline const struct hop *
statement_outer(const struct statement_facts *f)
{
    return f->o->border < f->o->hop_count ? &f->o->hops[f->o->border] : NULL;
}
/* The record that tells of the source, where it is not our own; NULL if we took the connection. */
static inline const struct hop *
statement_inner(const struct statement_facts *f)
{
    return f->o->border > 0 && f->o->border <= f->o->hop_count
               ? &f->o->hops[f->o->border - 1]
               : NULL;
}

void statement_road(const struct statement_facts *f, struct statement *s);
void statement_list_facts(const struct statement_facts *f, struct statement *s);
void statement_explain(const struct statement_facts *f, struct statement *s);
void statement_ask(const struct statement_facts *f, struct statement *s);

/* Hostile bytes within a line of ours: cut, cleaned, without our quotation marks. */
void statement_write_argument(struct writer *w, struct bytes argument);
/* A row of the table. */
const char *statement_words(enum statement_word word, bool japanese);
enum statement_word statement_vouch_word(enum statement_vouch vouch);
enum statement_word statement_station_word(enum station_kind kind);
/* Until when the answer is usually to be had, as a sentence; false where nothing can be said. */
bool statement_until(struct arena *arena, const struct statement_question *question,
                     int zone_minutes, struct statement_line *line_r);
