/* Collections of mail on disk: single messages, folders, Maildir, mbox, tar archives (plain, gz, xz, zst, bz2).
 *
 * A corpus is an index: where each message lies. Messages in files and mboxes stay where they are; those in archives are
 * unpacked once into a nameless temporary file. So memory is some 40 bytes a message whatever their size, and they can
 * be taken in any order. Folders are walked in the order of their names, so the same files give the same corpus. A
 * message larger than LIMIT_MESSAGE is left out and counted. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

struct corpus;

/* The arena must outlive the corpus and keeps its index; open files hang on it by arena_defer. */
struct corpus *corpus_new(struct arena *arena);
/* Adds all that lies under path, each with the label. SK_SYSTEM, SK_BAD (a broken archive), SK_LIMIT (too many): what
 * was added before stays. */
enum sk_code corpus_add(struct corpus *corpus, const char *path, int label,
                        struct why *why);
size_t corpus_count(const struct corpus *corpus);
size_t corpus_left_out(const struct corpus *corpus);
/* Mixes the order; always in the same way. */
void corpus_shuffle(struct corpus *corpus);
/* The i-th message's bytes in this arena, its label and its path. */
enum sk_code corpus_load(struct arena *arena, const struct corpus *corpus, size_t i,
                         struct bytes *raw_r, int *label_r, const char **path_r,
                         struct why *why);
