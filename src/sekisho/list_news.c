#include "sekisho/list_news.h"

#include "base/log.h"
#include "trace/lists.h"

void
list_news_tell(const struct settings *settings, struct passage_counts *counts)
{
    struct lists_news news;

    while (lists_next_news(settings->trace->lists, &news)) {
        if (news.why == NULL) {
            log_line(LOG_LEVEL_NOTICE, NULL, "dnslist %.*s is asked again",
                     BYTES_ARGUMENTS(news.list));
            continue;
        }
        counts->lists_aside++;
        log_line(LOG_LEVEL_WARNING, NULL, "dnslist %.*s is set aside for a while: %s",
                 BYTES_ARGUMENTS(news.list), news.why);
    }
}
