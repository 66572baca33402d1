/* A notice of an alarm as its sender sees it: the keeper's JSON (record/alarm.h, WIRE_ALARM) read into a struct, and the
 * words in which people are told, in Japanese and English, from one table in notice.c.
 *
 * The first words are "telephone 110", because whoever reads them at three in the morning may read no further. What
 * mail said is hostile: it is cleaned and cut before it stands in a line, and stands there as a quotation. */
#pragma once

#include "base/json.h"
#include "base/why.h"

#define NOTICE_TARGETS 16

struct notice_facts {
    struct bytes alarm, why, about, threat, by, message, door, client, client_name, helo,
        from, excerpt, mail_id, target, where, means, when;
    int64_t number, severity, time_ms, first_ms, since_ms, seen_ms, count, more, step,
        to_more, threat_from_ms, threat_to_ms;
    struct bytes to[8];
    size_t to_count;
    struct bytes targets[NOTICE_TARGETS];
    size_t target_count;
    bool has_from; /* an empty sender is one too */
};

/* Views are in the arena. SK_BAD: no notice. */
enum sk_code notice_read(struct arena *arena, struct bytes json,
                         struct notice_facts *facts_r, struct why *why);

/* What an alarm is about, in a few words: a kind of threat, "test", ... */
const char *notice_subject(struct bytes about, struct bytes threat, bool japanese);
/* One line, without an end: what it is. */
void notice_title(struct writer *w, const struct notice_facts *facts, bool japanese);
/* The whole, in lines that end with LF. */
void notice_words(struct writer *w, const struct notice_facts *facts, bool japanese);
/* "Message-ID" and the like are made of it: ALARM.NUMBER */
struct bytes notice_id(struct arena *arena, const struct notice_facts *facts);
/* What programs are told: members of an open JSON object. */
void notice_members(const struct notice_facts *facts, struct json *j);
