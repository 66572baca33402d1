#include "report/syslog.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"

#define FACILITY_LOCAL0 16
#define SEVERITY_ALERT  1
#define SEVERITY_NOTICE 5
#define VALUE_SHOWN     120

/* RFC 5424 6.3.3: UTF-8 with '"', '\' and ']' escaped; controls are shown as \xHH first. */
static void
put_value(struct writer *w, struct arena *arena, const char *name, struct bytes value)
{
    struct writer clean;

    if (value.size == 0) {
        return;
    }
    writer_init(&clean, arena);
    size_t size = value.size < VALUE_SHOWN ? value.size : VALUE_SHOWN;
    while (size > 0 && size < value.size && (value.at[size] & 0xc0) == 0x80) {
        size--;
    }
    writer_clean(&clean, bytes_slice(value, 0, size), size);
    writer_format(w, " %s=\"", name);
    for (size_t i = 0; i < clean.size; i++) {
        if (memchr("\"\\]", clean.at[i], 3) != NULL) {
            writer_byte(w, '\\');
        }
        writer_byte(w, clean.at[i]);
    }
    writer_byte(w, '"');
}

static void
put_number(struct writer *w, const char *name, int64_t number)
{
    writer_format(w, " %s=\"%lld\"", name, (long long)number);
}

/* A name that may stand in a line of syslog: graphic ASCII, else "-". */
static void
put_hostname(struct writer *w, struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] <= ' ' || name.at[i] >= 0x7f) {
            name.size = 0;
        }
    }
    if (name.size == 0 || name.size > 255) {
        writer_byte(w, '-');
    } else {
        writer_bytes(w, name);
    }
}

struct bytes
syslog_line(struct arena *arena, const struct notice_facts *f, struct bytes hostname)
{
    bool test = bytes_is(f->about, "test");
    struct writer w;

    writer_init(&w, arena);
    writer_format(&w, "<%d>1 ",
                  FACILITY_LOCAL0 * 8 + (test ? SEVERITY_NOTICE : SEVERITY_ALERT));
    clock_write_rfc3339(&w, f->time_ms / 1000, 0);
    writer_byte(&w, ' ');
    put_hostname(&w, hostname);
    writer_text(&w,
                " sekisho - ALARM [alarm@32473"); /* a number for examples: we have none */
    put_value(&w, arena, "id", f->alarm);
    put_number(&w, "notice", f->number);
    put_value(&w, arena, "why", f->why);
    put_value(&w, arena, "about", f->about);
    put_value(&w, arena, "threat", f->threat);
    put_number(&w, "severity", f->severity);
    put_number(&w, "count", f->count);
    put_number(&w, "more", f->more);
    put_value(&w, arena, "message", f->message);
    put_value(&w, arena, "client", f->client);
    put_value(&w, arena, "from", f->from);
    put_value(&w, arena, "to", f->to_count > 0 ? f->to[0] : BYTES_NONE);
    writer_text(&w, "] \xef\xbb\xbf");
    notice_title(&w, f, true);
    if (!test && !bytes_is(f->about, "crash")) {
        writer_text(&w, "。まず110番に電話してください");
    }
    writer_text(&w, " / ");
    notice_title(&w, f, false);
    if (!test && !bytes_is(f->about, "crash")) {
        writer_text(&w, ". First telephone 110");
    }
    struct bytes line = writer_view(&w);
    size_t size = line.size < SYSLOG_LINE_MAX ? line.size : SYSLOG_LINE_MAX;
    while (size < line.size && (line.at[size] & 0xc0) == 0x80) {
        size--;
    }
    return bytes_slice(line, 0, size);
}

enum sk_code
syslog_send(const struct alarm_target *target, struct bytes line, int *fd_r,
            struct why *why)
{
    const struct net_endpoint *to = &target->endpoint;

    /* The second try is with a new socket: a log daemon that was started again has a new one too. */
    for (int try = 0; try < 2; try++) {
        if (*fd_r < 0) {
            *fd_r =
                socket(to->socket.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            if (*fd_r >= 0 && connect(*fd_r, (const struct sockaddr *)&to->socket,
                                      to->socket_size) != 0) {
                enum sk_code code = why_set(why, SK_SYSTEM, "syslog");
                close(*fd_r);
                *fd_r = -1;
                return code;
            }
        }
        if (*fd_r >= 0 &&
            send(*fd_r, line.at, line.size, MSG_NOSIGNAL) == (ssize_t)line.size) {
            return SK_OK;
        }
        (void)why_set(why, SK_SYSTEM, "syslog");
        if (*fd_r >= 0) {
            close(*fd_r);
            *fd_r = -1;
        }
    }
    return SK_SYSTEM;
}
