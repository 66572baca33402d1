#include "dns/resolver.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "dns/settings.h"

const struct config_key dns_config_keys[] = {
    {"dns", "servers", CONFIG_LIST, "", 0, 0, NULL, false,
     "Recursive DNS servers, as address or address@port; empty: those of "
     "/etc/resolv.conf."},
    {"dns", "timeout", CONFIG_TIME, "5s", 50, 60000, NULL, false,
     "How long one DNS question may take."},
    {"dns", "deadline", CONFIG_TIME, "20s", 50, 300000, NULL, false,
     "How long all DNS questions of one message may take (RFC 7208 4.6.4 asks for 20 "
     "seconds)."},
    {"dns", "trust_anchor", CONFIG_TEXT, "", 0, 0, NULL, false,
     "A file with the trust anchor of the root zone; when given, answers are validated by "
     "DNSSEC."},
    {"dns", "zone", CONFIG_TEXT, "", 0, 0, NULL, false,
     "A JSON file with a made-up zone for tests and demonstrations; when given, no network "
     "is asked at all."},
    {0},
};

#define ZONE_FILE_MAX LIMIT_TRY_LINE

/* One question in flight. libunbound holds it until it calls back, however long that takes: it is never freed, only
 * cut loose from its round (round == NULL) and used again afterwards. */
struct question {
    struct resolver *resolver;
    struct round *round;
    struct bytes name; /* the memo's; good while round is set */
    enum dns_type type;
    struct question *next_of_round, *next_free;
};

/* What one resolver_ask began. */
struct round {
    struct resolver *resolver;
    struct dns_memo *memo;
    void (*done)(void *context);
    void *context;
    struct question *questions;
    size_t open;
    struct event *
        timer; /* runs at the deadline, or as soon as nothing is open: the only place that calls done */
    struct round *previous, *next;
};

struct resolver {
    struct arena *arena;
    struct event_base *base;
    struct ub_ctx *unbound; /* NULL with a zone */
    struct dns_zone *zone;
    int64_t timeout_ms, deadline_ms;
    struct round *rounds, *free_rounds;
    struct question *free_questions;
};

static void
round_end(struct round *round)
{
    struct resolver *r = round->resolver;
    struct question *next;

    for (struct question *q = round->questions; q != NULL; q = next) {
        next = q->next_of_round;
        q->round = NULL;
        q->next_of_round = NULL;
    }
    event_del(round->timer);
    *(round->previous != NULL ? &round->previous->next : &r->rounds) = round->next;
    if (round->next != NULL) {
        round->next->previous = round->previous;
    }
    round->next = r->free_rounds;
    r->free_rounds = round;
}

static void
round_over(evutil_socket_t none, short what, void *it)
{
    struct round *round = it;
    void (*done)(void *context) = round->done;
    void *context = round->context;

    (void)none;
    (void)what;
    for (struct question *q = round->questions; q != NULL; q = q->next_of_round) {
        struct dns_answer late = {.name = q->name, .type = q->type, .status = DNS_TIMEOUT};
        dns_memo_put(round->memo, &late);
    }
    round_end(round);
    done(context);
}

static struct round *
round_new(struct resolver *r)
{
    struct round *round = r->free_rounds;

    if (round != NULL) {
        r->free_rounds = round->next;
    } else {
        round = ARENA_NEW(r->arena, struct round);
        round->resolver = r;
        round->timer = evtimer_new(r->base, round_over, round);
        SK_ASSERT(round->timer != NULL);
        arena_defer(r->arena, (void (*)(void *))event_free, round->timer);
    }
    round->questions = NULL;
    round->open = 1; /* held by resolver_ask until it has asked everything */
    round->previous = NULL;
    round->next = r->rounds;
    if (r->rounds != NULL) {
        r->rounds->previous = round;
    }
    r->rounds = round;
    return round;
}

static void
question_free(struct question *q)
{
    q->next_free = q->resolver->free_questions;
    q->resolver->free_questions = q;
}

static struct question *
question_new(struct round *round, const struct dns_answer *wanted)
{
    struct resolver *r = round->resolver;
    struct question *q = r->free_questions;

    if (q != NULL) {
        r->free_questions = q->next_free;
    } else {
        q = ARENA_NEW(r->arena, struct question);
        q->resolver = r;
    }
    q->round = round;
    q->name = wanted->name;
    q->type = wanted->type;
    q->next_of_round = round->questions;
    round->questions = q;
    round->open++;
    return q;
}

static void
round_drop(struct round *round)
{
    if (--round->open == 0) {
        event_active(round->timer, EV_TIMEOUT, 1);
    }
}

/* Its answer is in the memo: leaves its round, which is over with the last one. */
static void
question_end(struct question *q)
{
    struct round *round = q->round;
    struct question **at = &round->questions;

    while (*at != q) {
        at = &(*at)->next_of_round;
    }
    *at = q->next_of_round;
    question_free(q);
    round_drop(round);
}

/* libunbound's callback; on a cache hit it runs inside ub_resolve_event. */
static void
answered(void *it, int rcode, void *packet, int packet_size, int secure, char *why_bogus,
         int was_limited)
{
    enum { NOERROR = 0, NXDOMAIN = 3, BOGUS = 1, SECURE = 2 };
    struct question *q = it;

    (void)why_bogus;
    (void)was_limited;
    if (q->round == NULL) {
        question_free(q);
        return;
    }
    struct dns_memo *memo = q->round->memo;
    struct dns_answer a = {.name = q->name, .type = q->type, .status = DNS_SERVFAIL};
    if (secure == BOGUS) {
        a.status = DNS_SERVFAIL;
    } else if (rcode == NXDOMAIN) {
        a.status = DNS_NXDOMAIN;
    } else if (rcode == NOERROR && packet != NULL && packet_size > 0) {
        dns_answer_read(memo->arena, bytes_of(packet, (size_t)packet_size), q->name,
                        q->type, &a);
    }
    a.secure = secure == SECURE;
    dns_memo_put(memo, &a);
    question_end(q);
}

static void
ask(struct round *round, const struct dns_answer *wanted)
{
    char name[256];
    struct question *q = question_new(round, wanted);

    SK_ASSERT(q->name.size < sizeof name);
    memcpy(name, q->name.at, q->name.size);
    name[q->name.size] = '\0';
    if (ub_resolve_event(round->resolver->unbound, name, (int)q->type, 1, q, answered,
                         NULL) != 0) {
        struct dns_answer a = {.name = q->name, .type = q->type, .status = DNS_SERVFAIL};
        dns_memo_put(round->memo, &a);
        question_end(q);
    }
}

void
resolver_ask(struct resolver *r, struct dns_memo *memo, void (*done)(void *context),
             void *context)
{
    struct round *round = round_new(r);
    int64_t now = clock_monotonic_ms(), left = r->timeout_ms;

    round->memo = memo;
    round->done = done;
    round->context = context;
    if (memo->deadline_ms == 0) {
        memo->deadline_ms = now + r->deadline_ms;
    }
    if (r->zone != NULL) {
        dns_zone_answer(r->zone, memo);
    }
    left = memo->deadline_ms - now < left ? memo->deadline_ms - now : left;
    left = left > 0 ? left : 0;
    struct timeval wait = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
    evtimer_add(round->timer, &wait);
    /* A question may be answered, and leave the list, before ask returns. */
    for (struct dns_answer *wanted = memo->wanted, *next; wanted != NULL; wanted = next) {
        next = wanted->next_wanted;
        ask(round, wanted);
    }
    round_drop(round);
}

void
resolver_forget(struct resolver *r, struct dns_memo *memo)
{
    for (struct round *round = r->rounds, *next; round != NULL; round = next) {
        next = round->next;
        if (round->memo == memo) {
            round_end(round);
        }
    }
}

static enum sk_code
zone_open(struct resolver *r, const char *path, struct why *why)
{
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0 || fstat(file, &about) != 0) {
        enum sk_code code = why_set(why, SK_SYSTEM, "dns.zone: %s", path);
        if (file >= 0) {
            close(file);
        }
        return code;
    }
    size_t size = about.st_size > 0 ? (size_t)about.st_size : 0, have = 0;
    if (size > ZONE_FILE_MAX) {
        close(file);
        return why_set(why, SK_CONFIG, "dns.zone: %s is larger than %d bytes", path,
                       ZONE_FILE_MAX);
    }
    uint8_t *text = arena_take_bytes(r->arena, size);
    for (ssize_t got; have < size && (got = read(file, text + have, size - have)) > 0;) {
        have += (size_t)got;
    }
    close(file);
    enum sk_code code = dns_zone_read(r->arena, bytes_of(text, have), &r->zone, why);
    if (code != SK_OK && why != NULL) {
        why->code = SK_CONFIG;
    }
    return code == SK_OK ? SK_OK : SK_CONFIG;
}

/* Everything but zones must be set before the first ub_ctx_zone_add, which ends the setting; each call is checked,
 * because a setting that was refused would silently send the questions to the root servers. */
static enum sk_code
unbound_set(struct resolver *r, const struct config *config, struct why *why)
{
    static const char *const options[][2] = {
        {"do-not-query-localhost:", "no"},
        {"unblock-lan-zones:", "yes"},
        {"insecure-lan-zones:", "yes"},
    };
    static const char *const open_zones[] = {"test.", "invalid."};
    struct bytes anchor = config_text(config, "dns.trust_anchor");
    size_t server_count;
    const struct bytes *servers = config_list(config, "dns.servers", &server_count);
    int error = 0;

    for (size_t i = 0; i < sizeof options / sizeof *options && error == 0; i++) {
        error = ub_ctx_set_option(r->unbound, options[i][0], options[i][1]);
    }
    if (error == 0) {
        error = anchor.size > 0
                    ? ub_ctx_add_ta_file(r->unbound, bytes_text(r->arena, anchor))
                    : ub_ctx_set_option(r->unbound, "module-config:", "iterator");
    }
    if (error != 0) {
        return why_set(why, SK_CONFIG, "dns: the resolver refused a setting: %s",
                       ub_strerror(error));
    }
    for (size_t i = 0; i < server_count; i++) {
        char *server = bytes_text(r->arena, servers[i]);
        if ((error = ub_ctx_set_fwd(r->unbound, server)) != 0) {
            return why_set(why, SK_CONFIG,
                           "dns.servers: %s: %s (write address or address@port)", server,
                           ub_strerror(error));
        }
    }
    if (server_count == 0 && (error = ub_ctx_resolvconf(r->unbound, NULL)) != 0) {
        return why_set(why, SK_CONFIG, "dns: /etc/resolv.conf: %s", ub_strerror(error));
    }
    for (size_t i = 0; i < sizeof open_zones / sizeof *open_zones && server_count > 0;
         i++) {
        if ((error = ub_ctx_zone_add(r->unbound, open_zones[i], "transparent")) != 0) {
            return why_set(why, SK_CONFIG, "dns: %s: %s", open_zones[i],
                           ub_strerror(error));
        }
    }
    return SK_OK;
}

enum sk_code
resolver_open(struct arena *arena, struct event_base *base, const struct config *config,
              struct resolver **resolver_r, struct why *why)
{
    struct resolver *r = ARENA_NEW(arena, struct resolver);
    struct bytes zone = config_text(config, "dns.zone");

    r->arena = arena;
    r->base = base;
    r->timeout_ms = config_number(config, "dns.timeout");
    r->deadline_ms = config_number(config, "dns.deadline");
    if (zone.size > 0) {
        enum sk_code code = zone_open(r, bytes_text(arena, zone), why);
        *resolver_r = r;
        return code;
    }
    r->unbound = ub_ctx_create_event(base);
    if (r->unbound == NULL) {
        return why_set(why, SK_SYSTEM, "dns: no memory for the resolver");
    }
    ub_ctx_debugout(r->unbound, NULL);
    enum sk_code code = unbound_set(r, config, why);
    if (code != SK_OK) {
        ub_ctx_delete(r->unbound);
        return code;
    }
    *resolver_r = r;
    return SK_OK;
}

void
resolver_close(struct resolver *r)
{
    while (r->rounds != NULL) {
        round_end(r->rounds);
    }
    if (r->unbound != NULL) {
        ub_ctx_delete(r->unbound);
        r->unbound = NULL;
    }
}
