/* What becomes of the lists in the DNS (trace/lists.h): a line in the log, and a figure. */
#pragma once

#include "sekisho/passage.h"

/* After a message was traced: says which lists were set aside since, and why, and which are asked again. */
void list_news_tell(const struct settings *settings, struct passage_counts *counts);
