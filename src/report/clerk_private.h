/* What the clerk's own files share: the clerk, errands, and the handlers of its routes. */
#pragma once

#include "base/json.h"
#include "base/writer.h"
#include "report/clerk.h"
#include "report/crew.h"
#include "report/files.h"
#include "report/live.h"
#include "report/session.h"
#include "report/web.h"
#include "report/witness_door.h"

typedef void clerk_told(void *context, enum sk_code code, struct bytes json);

struct clerk_asked {
    uint64_t token; /* 0: free */
    int64_t since_ms;
    clerk_told *told;
    void *context;
};

struct clerk {
    struct arena *arena;
    struct event_base *base;
    const struct config *config;
    const char *folder;
    int folder_fd; /* of the record */
    const struct clerk_role *role;
    const struct bytes *hosts; /* report.hosts */
    size_t host_count;
    struct web *web;
    struct crew *crew;
    struct live *live;
    struct sessions sessions;
    struct witness_door door;
    struct files files;
    bool has_console; /* the files are there, the libraries among them */
    bool linked;
    struct clerk_asked asked[LIMIT_CLERK_ASKED];
    uint64_t last_token;
    struct loop_task beat, second;
    int64_t started_ms;
    uint64_t requests, signed_in, refused_guesses, events;
};

/* Who asks: a copy, because the session may end while an errand is under way. */
struct clerk_person {
    char account[LIMIT_ACCOUNT_NAME + 1];
    char session_id[SESSION_ID_SIZE + 1];
    enum account_role role;
};

/* Something that takes more than one step; lies in its own arena, which errand_end gives back. */
struct errand {
    struct arena arena;
    struct clerk *clerk;
    uint64_t call;
    struct clerk_person person;
    struct bytes a, b; /* whatever the handler wants to remember */
    bool content;
    int64_t number;
};
struct errand *errand_begin(struct clerk *clerk, const struct web_call *call,
                            const struct session *session);
void errand_end(struct errand *errand);
/* The call of an errand, or NULL when its client is gone. */
struct web_call *errand_call(const struct errand *errand);

/* Asks the keeper. `w` holds an open JSON object, {"do":..., ...}; it is closed here and "by" put into it. false: there is
 * no keeper, or too much is under way; told is not called then. */
bool clerk_ask(struct clerk *clerk, struct json *request, const char *by, clerk_told *told,
               void *context);
/* Begins such an object in the errand's arena. */
void clerk_request(struct errand *errand, struct writer *w, struct json *j,
                   const char *what);

/* Answers for what did not work. */
void clerk_say_keeper_away(struct web_call *call);
void clerk_say_failed(struct web_call *call, enum sk_code code, struct bytes json);

/* Handlers; session is NULL where none is needed. tail: what stands behind a prefix path. */
typedef void clerk_handler(struct clerk *clerk, struct web_call *call,
                           struct session *session, struct bytes tail);
clerk_handler clerk_get_page, clerk_get_ping, clerk_get_metrics, clerk_get_summary,
    clerk_get_words;
clerk_handler clerk_get_session, clerk_post_session, clerk_delete_session,
    clerk_get_sessions, clerk_delete_sessions;
clerk_handler clerk_post_witness, clerk_get_witness;
clerk_handler clerk_get_stream, clerk_get_messages, clerk_post_content, clerk_get_search,
    clerk_get_ledger, clerk_get_campaigns, clerk_get_campaign, clerk_post_campaign,
    clerk_get_lures, clerk_post_lures, clerk_get_looks, clerk_get_alarms,
    clerk_post_acknowledge;

/* The gate: finds the route, and whether this person may take it (clerk_routes.c). */
void clerk_route(struct clerk *clerk, struct web_call *call);

/* The crew's jobs. */
enum clerk_job { JOB_PASSWORD = 1, JOB_TALLY, JOB_SEARCH, JOB_MESSAGE, JOB_CAMPAIGN };
crew_work clerk_work;
enum sk_code clerk_work_search(struct arena *arena, const char *folder,
                               struct bytes request, struct writer *w);
enum sk_code clerk_work_message(struct arena *arena, const char *folder,
                                struct bytes request, struct writer *w);
enum sk_code clerk_work_campaign(struct arena *arena, const char *folder,
                                 struct bytes request, struct writer *w);
enum sk_code clerk_work_tally(struct arena *arena, const char *folder, struct bytes request,
                              struct writer *w);

/* Parses a JSON body; NULL when it is no object. Given back with the call's arena. */
struct json_t;
struct json_t *clerk_body(struct web_call *call);
struct bytes clerk_body_text(const struct json_t *body, const char *name);

extern const char clerk_cookie_name[];
