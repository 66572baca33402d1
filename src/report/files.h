/* The console's files: pages, modules, style. Read into memory once, when the clerk starts, so that it needs no file later
 * and serves each as it was. Names are those of the folder, one level deep ("words.js", "lib/preact.js"); other names than
 * letters, digits, '.', '_', '-' are passed over, and so are kinds that are not served. Bounds: LIMIT_CONSOLE_FILES,
 * LIMIT_CONSOLE_BYTES. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

struct file {
    struct bytes name; /* "app.js" */
    const char *type;
    struct bytes content;
    char tag[19]; /* an entity tag with its quotes, from the content's hash */
};

struct files {
    struct file *all;
    size_t count;
};

/* Reads a folder and its folders. SK_SYSTEM: it is not there; SK_LIMIT: too many or too large. */
enum sk_code files_read(struct arena *arena, const char *folder, struct files *files_r,
                        struct why *why);
/* NULL: there is none of that name. */
const struct file *files_find(const struct files *files, struct bytes name);
