/* What tells one report of ours from all others: in the address it is sent from, so that a bounce names it. Made with a key
 * of ours: who never got a report cannot make a bounce that keeps others from theirs. */
#pragma once

#include "report/dmarc_settings.h"

#define DMARC_TOKEN_SIZE 20 /* digits a to f and 0 to 9 */
#define DMARC_KEY_NAME   "dmarc.key"
#define DMARC_KEY_SIZE   32

struct bytes dmarc_token(struct arena *arena, struct bytes key, struct bytes to,
                         struct bytes domain, int64_t begin, int64_t end);
/* "dmarc+TOKEN@example.jp" for the sender "dmarc@example.jp". */
struct bytes dmarc_token_address(struct arena *arena, const struct dmarc_settings *settings,
                                 struct bytes token);
/* The token of such an address; false: it is another. */
bool dmarc_token_of(const struct dmarc_settings *settings, struct bytes address,
                    struct bytes *token_r);
