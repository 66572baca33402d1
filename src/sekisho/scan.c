#define SK_BASE
#include "sekisho/scan.h"

#include "base/limits.h"
#include "parse/enclosure.h"

const struct config_key clamd_config_keys[] = {
    {"clamd", "socket", CONFIG_TEXT, "",
     .help = "Where ClamAV's clamd listens: unix:/run/clamav/clamd.ctl or 127.0.0.1:3310; "
             "empty: attachments are not shown to it."},
    {"clamd", "time", CONFIG_TIME, "10s", 100, 300000,
     .help = "How long it may take for all attachments of a message together."},
    {"clamd", "bytes", CONFIG_SIZE, "24M", 1024, 1ll << 30,
     .help = "Bytes of attachments of one message that are shown to it; no more than its "
             "StreamMaxLength for the largest."},
    {"clamd", "tempfail", CONFIG_BOOL, "no",
     .help = "Whether mail with attachments is put off (451) while it does not answer."},
    {.name = NULL},
};

enum sk_code
scan_settings_read(const struct config *config, struct scan_settings *s, struct why *why)
{
    struct bytes text = config_text(config, "clamd.socket");
    struct why cause;

    *s = (struct scan_settings){.used = text.size > 0,
                                .tempfail = config_bool(config, "clamd.tempfail"),
                                .time_ms = config_number(config, "clamd.time"),
                                .bytes = (uint64_t)config_number(config, "clamd.bytes")};
    if (s->used && net_endpoint_read(text, &s->endpoint, &cause) != SK_OK) {
        s->used = false;
        return why_set_line(why, SK_CONFIG, config_line(config, "clamd.socket"),
                            "clamd.socket: %s", cause.sentence);
    }
    return SK_OK;
}

struct scanning {
    struct enclosure **owns; /* of each piece */
    struct clamd_piece *pieces;
    size_t count;
    struct scan_sum sum;
};

/* What goes to clamd; the rest is not scanned. */
static struct scanning *
gather(struct arena *arena, struct enclosing *enclosing, uint64_t bytes)
{
    struct scanning *s = ARENA_NEW(arena, struct scanning);
    const struct bytes *contents;
    size_t count;
    struct enclosure *parts = enclosing_parts(enclosing, &contents, &count);
    size_t most = count < LIMIT_CLAMD_PIECES ? count : LIMIT_CLAMD_PIECES;

    s->owns = ARENA_NEW_MANY(arena, most, struct enclosure *);
    s->pieces = ARENA_NEW_MANY(arena, most, struct clamd_piece);
    for (size_t i = 0; i < count; i++) {
        if (contents[i].size == 0) {
            continue;
        }
        if (s->count == LIMIT_CLAMD_PIECES || contents[i].size > bytes) {
            parts[i].facts |= FACT_UNSCANNED;
            s->sum.unscanned++;
            continue;
        }
        bytes -= contents[i].size;
        s->owns[s->count] = &parts[i];
        s->pieces[s->count++].content = contents[i];
    }
    return s->count > 0 ? s : NULL;
}

struct scanning *
scan_ask(struct arena *arena, struct enclosing *enclosing,
         const struct scan_settings *settings, struct event_base *base,
         void (*done)(void *context), void *context)
{
    struct scanning *volatile s = NULL;
    jmp_buf guard;

    if (!settings->used || setjmp(guard) != 0) {
        return NULL;
    }
    arena_guard(arena, &guard);
    struct scanning *gathered = gather(arena, enclosing, settings->bytes);
    if (gathered != NULL) {
        clamd_scan(arena, base, &settings->endpoint, settings->time_ms, gathered->pieces,
                   gathered->count, done, context);
        s = gathered;
    }
    arena_guard(arena, NULL);
    return s;
}

struct scan_sum
scan_end(struct scanning *s)
{
    for (size_t i = 0; i < s->count; i++) {
        enum clamd_result result = s->pieces[i].result;
        if (result == CLAMD_UNKNOWN || result == CLAMD_ERROR) {
            s->owns[i]->facts |= FACT_UNSCANNED;
            s->sum.unscanned++;
            s->sum.unanswered += result == CLAMD_UNKNOWN;
        } else {
            s->owns[i]->virus = s->pieces[i].name;
            s->sum.scanned++;
            s->sum.infected += result == CLAMD_FOUND;
        }
    }
    return s->sum;
}

void
scan_now(struct arena *arena, struct enclosing *enclosing,
         const struct scan_settings *settings)
{
    struct scanning *volatile s = NULL;
    struct why why;
    jmp_buf guard;

    if (!settings->used || setjmp(guard) != 0) {
        return;
    }
    arena_guard(arena, &guard);
    s = gather(arena, enclosing, settings->bytes);
    arena_guard(arena, NULL);
    if (s != NULL) {
        (void)clamd_scan_now(arena, &settings->endpoint, settings->time_ms, s->pieces,
                             s->count, &why);
        (void)scan_end(s);
    }
}
