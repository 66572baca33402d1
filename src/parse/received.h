/* Received fields (RFC 5321 4.4), as hundreds of kinds of software write them.
 *
 * There is a grammar, and nobody keeps it: what a client said of itself, what the server saw, TLS and logins
 * stand in comments, in an order and words of each maker's own. received_read takes what it can tell and leaves the rest
 * empty; it never fails. Nothing here is proof: who wrote a field decides what it is worth (trace). */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

struct received {
    struct bytes
        from; /* what the field says first: a name, or an address without brackets */
    struct bytes helo;    /* the name the client gave, where it is told apart from `from` */
    struct bytes from_ip; /* IPv4, or IPv6 without "IPv6:" */
    struct bytes from_rdns; /* name the server found for it */
    struct bytes by, via, with, id;
    struct bytes for_;  /* without angle brackets */
    struct bytes ident; /* user on the client's side */
    struct bytes envelope_from;
    struct bytes auth;        /* login */
    struct bytes tls_version; /* as written: "TLSv1.3", "TLS1_2" */
    struct bytes tls_cipher;
    struct bytes date_text;          /* what follows the last ';' */
    bool has_date, date_is_standard; /* the second: written as RFC 5322 wants it */
    int64_t date;                    /* epoch seconds */
    int date_zone_minutes;
};

/* value is the body of the field. Linear in time; at most LIMIT_HEADER_FIELD bytes are looked at. */
void received_read(struct arena *arena, struct bytes value, struct received *received_r);
