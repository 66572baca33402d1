/* The origin statement: what may be said to people about where a message came from, and what may not.
 *
 * It is made from an origin (trace/origin.h) and the facts of the arrival, by a pure function: the same record gives the
 * same statement years later. It has
 *   the grade, with its reasons (the rule is docs/ORIGIN.md);
 *   the road: every host that the message is said to have passed, and for each handover who vouches for it;
 *   what is proved, what is claimed (said by somebody and checked by nobody here), and what is unknown;
 *   the other explanations that fit the same facts, each only where the facts leave room for it;
 *   whom to ask for which record that would decide between them, until when that record is usually kept, and what the
 *   question must name.
 *
 * It speaks of addresses, hosts, domains and accounts, and never says that a person sent the mail: no row of the table of
 * words (statement_words.inc) does, and STATEMENT_NOT_A_PERSON is part of every statement. Sentences are an enum and
 * arguments; the words, Japanese and English, stand in that one table.
 *
 * Arguments come from hostile hands. They are written cut, with controls and marks of direction as \xHH, within quotation
 * marks that they cannot close, so that what a sender writes never reads as a sentence of ours.
 *
 * Only what origin_write_json records may be used here: the statement of a record is that of the message. Bounded:
 * LIMIT_STATEMENT_LINES a list, LIMIT_STATEMENT_QUESTIONS; of stations LIMIT_CLAIMED_CLIENTS, LIMIT_STATEMENT_STATIONS
 * beyond the border, and those of ours. */
#pragma once

#include "trace/origin.h"

#define WORD(name, word, ja, en) STATEMENT_##name,
enum statement_word {
#include "trace/statement_words.inc"
    STATEMENT_WORDS
};
#undef WORD

#define STATEMENT_ARGUMENTS 3

/* One sentence: a row of the table and what stands in its places. */
struct statement_line {
    enum statement_word word;
    struct bytes arguments[STATEMENT_ARGUMENTS]; /* as they came */
    int64_t time_s;                              /* where the sentence has a time */
};

struct statement_list {
    struct statement_line *lines;
    size_t count, dropped;
};

enum statement_vouch {
    VOUCH_SEEN,      /* this checkpoint had the connection itself */
    VOUCH_TOLD,      /* who asked for the statement of a file said so */
    VOUCH_TRUSTED,   /* a server that the operator trusts wrote it */
    VOUCH_CONFIRMED, /* its writer's name is the verified name of the host that the trusted record above tells of */
    VOUCH_FITS,      /* its writer's name fits what is claimed above; no more */
    VOUCH_CLAIMED    /* its writer's word alone */
};

enum station_kind {
    STATION_CLAIMED, /* a host beyond the source: told by records that nobody we trust wrote */
    STATION_FORM,    /* the client that a field like X-Originating-IP tells of */
    STATION_SOURCE, /* the outermost host that somebody we trust saw; the border of trust is behind it */
    STATION_TRUSTED, /* a relay of ours */
    STATION_US
};

/* A host, and the record of what it handed on to the next station. */
struct statement_station {
    enum station_kind kind;
    enum statement_vouch vouch;
    struct bytes name;    /* the best name there is, "" if none */
    bool name_verified;   /* it leads back to the address (RFC 8601 2.7.3) */
    struct bytes claimed; /* what the host called itself, where that is another name */
    struct net_address ip;
    struct place place;
    struct bytes written_by, with, id; /* of the handover: who wrote it, protocol, his id */
    struct bytes tls, login;
    bool has_time;
    int64_t time_s;
};

/* Whom one asks. Each stands in a statement once or not at all, but for ADDRESSEE_SERVER and _OWN_SERVER. */
enum statement_addressee {
    ADDRESSEE_SELF,         /* this checkpoint: keep the record */
    ADDRESSEE_OWN_SERVER,   /* relays of ours */
    ADDRESSEE_CARRIER,      /* who provides the line of the source */
    ADDRESSEE_HOSTING,      /* who rents out the machine of the source */
    ADDRESSEE_HIDDEN,       /* who runs the Tor exit or proxy */
    ADDRESSEE_SERVICE,      /* the mail service of a proved domain */
    ADDRESSEE_FORM,         /* the server on which a web form or web mail ran */
    ADDRESSEE_FORM_CARRIER, /* who provides the line that such a form claims as its client */
    ADDRESSEE_SERVER,       /* servers that only untrusted records name */
    ADDRESSEE_NAMED,  /* the mail service of the domain in From, where it is not proved */
    ADDRESSEE_LIST,   /* who forwarded it */
    ADDRESSEE_DEVICES /* the devices behind the address, with leave of who has them */
};

struct statement_question {
    enum statement_addressee addressee;
    struct statement_line whom, what, kept;
    bool has_dates;
    int64_t from_s, until_s;    /* usually gone from, at the latest until; by kept */
    struct statement_list name; /* what to name in the question */
};

struct statement_explanation {
    struct statement_line line;
    unsigned questions; /* bits of enum statement_addressee: which answers decide */
};

struct statement {
    enum origin_grade grade;
    enum statement_word grade_words;
    struct statement_list reasons, proved, claimed, unknown;
    struct statement_station
        *stations; /* the farthest first, the last is this checkpoint */
    size_t station_count;
    size_t stations_dropped,
        stations_dropped_at; /* so many claimed ones are left out before that index */
    struct statement_explanation *explanations;
    size_t explanation_count;
    struct statement_question *questions;
    size_t question_count, questions_dropped;
    bool has_time;
    int64_t time_s; /* when it arrived here */
};

struct statement_of {
    const struct origin *origin;
    const struct arrival *arrival;
    struct bytes message_id; /* "" where it is not known or not to be shown */
    bool
        time_told; /* of ARRIVAL_FILE: the arrival's time was given, and is not that of the reading */
};

/* Views point into what it is made of. */
const struct statement *statement_make(struct arena *arena, const struct statement_of *of);

/* "proved", ...; the row's words as they stand in the table. */
const char *statement_word_name(enum statement_word word);
/* The sentence in words, in one line of UTF-8. zone: of its times, in minutes. */
void statement_write_line(struct writer *w, const struct statement_line *line,
                          bool japanese, int zone_minutes);
/* All of it in both languages (times in JST), as one JSON object. */
void statement_write_json(const struct statement *statement, struct json *j);
/* All of it as a page of text for a desk. */
void statement_write_text(const struct statement *statement, struct writer *w,
                          bool japanese, int zone_minutes);
