/* The classifier's file that judge.model names, as the supervisor holds it for the keeper.
 *
 * It is read once, into a memory file that is sealed and checked then: whoever cuts the file short or writes to it later changes
 * nothing for a running checkpoint until SIGHUP, and a keeper that starts again begins with what was checked. -1 stands for
 * the model that is built in. */
#pragma once

#include "base/bytes.h"
#include "base/config.h"
#include "base/why.h"

/* The caller closes. SK_SYSTEM, SK_BAD: it cannot be read, or is no model; the sentence names the file. */
enum sk_code model_file_open(const struct config *config, int *file_r, struct why *why);
/* Its bytes, until model_file_unmap. SK_SYSTEM: no memory. */
enum sk_code model_file_map(int file, struct bytes *bytes_r, struct why *why);
void model_file_unmap(struct bytes bytes);
