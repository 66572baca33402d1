/* An alarm as one line of syslog (RFC 5424), to a local socket or over UDP (RFC 5426). Facility local0; severity alert for
 * a threat or a crash, notice for a test. */
#pragma once

#include "record/alarm_settings.h"
#include "report/notice.h"

#define SYSLOG_LINE_MAX 2048 /* RFC 5424 6.1: receivers should take that much */

struct bytes syslog_line(struct arena *arena, const struct notice_facts *facts,
                         struct bytes hostname);
/* Sends it at once; *fd_r is kept open between calls (-1 at first). SK_LATER: nobody takes it now. */
enum sk_code syslog_send(const struct alarm_target *target, struct bytes line, int *fd_r,
                         struct why *why);
