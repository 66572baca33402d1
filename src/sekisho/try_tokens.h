/* The tokens of HTML, as the verb html gives them when asked. */
#pragma once

#include "base/bytes.h"
#include "sekisho/try.h"

enum sk_code try_html_tokens(struct try_call *call, struct bytes html, struct why *why);
