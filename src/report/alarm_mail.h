/* The mail of an alarm: plain text in UTF-8, Japanese first, as RFC 3834 wants of automatic mail (Auto-Submitted). Every
 * value in its header is ours; what came with hostile mail stands in the body only, which is base64. */
#pragma once

#include "report/notice.h"

/* The whole message with CR LF lines. now_s: for Date. */
struct bytes alarm_mail_write(struct arena *arena, const struct notice_facts *facts,
                              struct bytes from, struct bytes to, int64_t now_s);
