/* `sekisho try VERB`: the tools of the trade, and the door that published cases come through.
 *
 * A verb reads the members of call->request and writes the members of its reply object; the object itself and its id are
 * the dispatcher's (try.c). SK_OK for any mail, however bad; SK_BAD with why for a request that lacks what is wanted:
 * then the dispatcher throws away what was written and answers with an error line. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/why.h"

struct dns_memo;
struct dns_zone;

struct try_call {
    struct arena *arena;
    const json_t *request;
    struct json *reply;
    int64_t now;
    bool legacy;
    struct dns_memo *memo;
    const struct dns_zone *zone;
};

typedef enum sk_code try_verb(struct try_call *call, struct why *why);

/* try_parse.c */
try_verb try_mime, try_address, try_date, try_contenttype, try_received, try_unstructured;
/* try_text.c */
try_verb try_charset, try_html, try_url, try_psl;
/* try_papers.c and others */
try_verb try_dkim, try_domainkeys, try_authres, try_arc, try_arc_sign, try_spf,
    try_senderid, try_dmarc, try_hops;

/* try_dmarc_report.c, try_arf.c */
try_verb try_dmarc_report, try_arf;

/* try_judge.c */
try_verb try_judge;

/* What several verbs write: the members of one Received field, in an object of its own (try_parse.c). The verb `received`
 * itself calls the field's id "received_id", since "id" is the line's there. */
struct received;
void try_put_received(struct try_call *call, const struct received *received);
/* The request's message_b64, its header read (try_papers.c). SK_BAD: it is missing or no base64. */
struct letter;
enum sk_code try_letter(struct try_call *call, const struct letter **letter_r,
                        struct why *why);
/* A member, where there is something to say (try_papers.c). */
void try_put_string(struct json *j, const char *key, struct bytes text);
