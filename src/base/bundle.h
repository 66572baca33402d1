/* A configuration's text together with the bytes of every file that it names, as one piece.
 *
 * Certificates, lists of authorities, stores of consents: the configuration names files, and a reload must see them as
 * they are then. A process that reads hostile mail may not open files any more. So the supervisor, which may, reads the
 * configuration against an open bundle: each file that is asked for (config_file) is read from the disk and noted. What
 * was noted is written into a memory file, and the other processes read the same configuration against a closed bundle:
 * what is in it is there, and nothing else is. There is no list of files to keep in step with the code.
 *
 * Private keys are never asked for this way: their files go to the key process unread (net/key_ring.h).
 *
 * The form, for our own processes only: "sekisho bundle 1\n", then for the configuration and for each file the size of
 * the path, the path, the size of the content, the content; sizes are 8 bytes, least significant first. The
 * configuration comes first, its path is empty. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/table.h"
#include "base/why.h"
#include "base/writer.h"

struct bundle {
    struct arena *arena; /* of what is noted */
    struct bytes text;   /* the configuration */
    struct table files;  /* path: struct bytes * */
    size_t size;         /* of all contents */
    bool closed;         /* nothing is read from the disk */
};

/* An open one. The text is not copied. */
void bundle_init(struct bundle *bundle, struct arena *arena, struct bytes text);
/* A closed one, from what bundle_write wrote; its parts are views into `from`. SK_BAD: it is none; SK_LIMIT: too many files
 * or bytes. */
enum sk_code bundle_open(struct bundle *bundle, struct arena *arena, struct bytes from,
                         struct why *why);
void bundle_write(const struct bundle *bundle, struct writer *w);

/* The file's content, copied into `arena`, from the bundle (NULL: from the disk). SK_SYSTEM: it cannot be read or is no
 * file; SK_LIMIT: it is over `most` bytes, or the bundle over its own bounds. */
enum sk_code bundle_file(struct bundle *bundle, struct arena *arena, struct bytes path,
                         size_t most, struct bytes *content_r, struct why *why);
