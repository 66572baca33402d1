/* The SMTP server session (RFC 5321), shared by smtp.c, verbs/ and transfer.c. */
#pragma once

#include "arrive/doors_private.h"
#include "arrive/next_hop.h"
#include "arrive/reply.h"
#include "base/limits.h"
#include "net/line.h"
#include "net/stream.h"

/* The life of a session. All changes pass smtp_enter. */
enum smtp_state {
    SMTP_WAITING,   /* connected, not greeted yet; who speaks now is an early talker */
    SMTP_FRESH,     /* greeted; EHLO is wanted */
    SMTP_READY,     /* EHLO was said; no sender named */
    SMTP_MAIL,      /* MAIL was said; the next hop may still be thinking about it */
    SMTP_DATA,      /* the message comes in */
    SMTP_EXAMINING, /* the road walks */
    SMTP_PASSING,   /* the next hop takes it */
    SMTP_RECORDING, /* what became of it is brought to disk */
    SMTP_TLS,       /* hands are shaken */
    SMTP_LEAVING,   /* the last reply goes out */
    SMTP_ENDED,     /* waits for the reaper */
};
#define SMTP_BIT(state) (1u << (state))

struct transfer;

/* One message from MAIL to its last reply; lies in its own arena. */
struct transaction {
    struct arena arena;
    struct arrival arrival;
    size_t recipient_room; /* of arrival.recipients and of asking */
    size_t declared_size;  /* SIZE= */
    bool sender_ok;        /* MAIL was accepted */
    bool
        hop_open; /* the next hop has an open transaction with exactly arrival.recipients */
    struct arrival_recipient **asking; /* all RCPTs that were asked for, accepted or not */
    size_t asking_count;
    struct data_scanner scanner;
    struct writer raw;
    size_t received_count;
    size_t held; /* counted in doors->counters.held_bytes */
    bool too_big, no_room;
    bool report, report_spam; /* it goes to learn.spam_address or learn.ham_address */
    struct transfer *transfer;
};

struct smtp_session {
    struct door_session door; /* first */
    struct stream *client;
    enum smtp_state state;
    bool client_ended; /* nothing more will come from it */
    bool running;      /* smtp_run is on the stack */
    bool draining;
    struct line_reader lines;
    struct loop_task greeting;
    struct net_address claimed; /* the client, or whom XCLIENT names */
    uint8_t helo_bytes[LIMIT_DOMAIN], name_bytes[LIMIT_DOMAIN], user_bytes[LIMIT_DOMAIN];
    struct bytes helo, client_name, user;
    bool esmtp;
    unsigned bad_count, message_count;
    size_t asked_count; /* commands that the next hop has not answered yet */
    bool mail_asked;    /* the first of them is MAIL */
    struct transaction *mail;
    struct next_hop *hop;
};

struct smtp_verb {
    const char *name;
    uint32_t states; /* SMTP_BITs where it is legal */
    /* Looks at the arguments and says what is wrong, changing nothing; may be NULL. */
    enum reply_name (*check)(const struct smtp_session *session, struct bytes arguments);
    /* Does it, and replies. */
    void (*proceed)(struct smtp_session *session, struct bytes arguments);
    bool asks; /* the next hop answers it: may be sent on while others wait */
};

/* verbs/ */
void verb_ehlo(struct smtp_session *session, struct bytes arguments);
void verb_helo(struct smtp_session *session, struct bytes arguments);
enum reply_name verb_helo_check(const struct smtp_session *session, struct bytes arguments);
void verb_mail(struct smtp_session *session, struct bytes arguments);
enum reply_name verb_mail_check(const struct smtp_session *session, struct bytes arguments);
void verb_rcpt(struct smtp_session *session, struct bytes arguments);
enum reply_name verb_rcpt_check(const struct smtp_session *session, struct bytes arguments);
/* Whether it names an address that reports go to: then we answer, not the next hop. */
bool verb_rcpt_is_report(const struct smtp_session *session, struct bytes arguments);
void verb_data(struct smtp_session *session, struct bytes arguments);
enum reply_name verb_data_check(const struct smtp_session *session, struct bytes arguments);
void verb_starttls(struct smtp_session *session, struct bytes arguments);
enum reply_name verb_starttls_check(const struct smtp_session *session,
                                    struct bytes arguments);
void verb_xclient(struct smtp_session *session, struct bytes arguments);
enum reply_name verb_xclient_check(const struct smtp_session *session,
                                   struct bytes arguments);
void verb_rset(struct smtp_session *session, struct bytes arguments);
void verb_noop(struct smtp_session *session, struct bytes arguments);
void verb_vrfy(struct smtp_session *session, struct bytes arguments);
void verb_help(struct smtp_session *session, struct bytes arguments);
void verb_quit(struct smtp_session *session, struct bytes arguments);
enum reply_name verb_no_arguments(const struct smtp_session *session,
                                  struct bytes arguments);

/* smtp.c */
void smtp_enter(struct smtp_session *session, enum smtp_state state);
void smtp_reply(struct smtp_session *session, enum reply_name name);
/* A line that is clean already. */
void smtp_reply_line(struct smtp_session *session, struct bytes line);
/* The last reply, then the end. */
void smtp_leave(struct smtp_session *session, enum reply_name name);
/* Counts a client's mistake; true when it was one too many and the session leaves. */
bool smtp_bad(struct smtp_session *session);
/* Goes on with what has come from the client. */
void smtp_run(struct smtp_session *session);
void smtp_greet(struct smtp_session *session);
/* Begins and ends the message in hand. Ending frees it and leaves the next hop without an open transaction. */
struct transaction *smtp_mail_new(struct smtp_session *session);
void smtp_mail_end(struct smtp_session *session);
/* The whole message has come. */
void smtp_data_complete(struct smtp_session *session);
void smtp_session_end(struct smtp_session *session);
struct next_hop *smtp_hop(struct smtp_session *session);
/* Keeps at most room bytes. */
struct bytes smtp_keep(uint8_t *room, size_t room_size, struct bytes b);

/* data.c: bytes of a message from the client; true when the end of data was reached. */
bool smtp_data_input(struct smtp_session *session);

/* transfer.c: brings the message where the answer says, then has the outcome kept, then replies. */
void transfer_begin(struct smtp_session *session, const struct answer *answer);
void transfer_answered(struct smtp_session *session, enum next_hop_command command,
                       size_t index, const struct next_hop_reply *reply);
