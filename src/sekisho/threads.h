/* What the keeper remembers of conversations with strangers who lure (judge/thread_memory.h), for recipients who allow content to be read.
 *
 * The content's entry of a message says for each of them which stages it shows and with whom ("lure" of his place in "rests_on",
 * record/row.c); when it is committed it is noted in the table that workers read (judge/thread_table.h), before anybody is answered. So
 * the memory is made from the ledger, as a book is (record/book.h): what a killed keeper had not yet written is read there again. Entries:
 *
 *     {"v":1,"kind":"content",...}       noted, where it is not one that was written anew ("of")
 *     {"v":1,"kind":"erase",...}         a withdrawal: all of his that is older than this entry is destroyed
 *     {"v":1,"kind":"lure.forget","time","by","channel","name":HEX,"pair"?:HEX,"reason"}   a person had it forgotten
 *
 * Files, in record.folder/threads, mode 0600: HEX.threads for each recipient, HEX being his name under the key personal.key, and
 * threads.known, the number of entries that are in all of them. A few files are written in each second; each says up to which entry it knows,
 * so nothing is counted twice. One that is damaged is removed, and made again from the ledger's first entry on, as far as content is
 * still there. A pair that was quiet for longer than retention.content is forgotten. */
#pragma once

#include "base/config.h"
#include "base/json.h"
#include "judge/thread_table.h"
#include "sekisho/keeping.h"

struct threads;

/* table NULL: one of its own, for a command that only takes away. SK_SYSTEM. */
enum sk_code threads_open(struct arena *arena, const struct config *config,
                          struct thread_table *table, struct threads **threads_r,
                          struct why *why);
void threads_close(struct threads *threads);
struct book *threads_book(struct threads *threads);
/* Who consents (NULL: nobody), and how long a quiet pair is kept, in ms (0: for good). */
void threads_serve(struct threads *threads, const struct consents *const *consents,
                   int64_t keep_ms);

/* Every second: forgets what is too old, and writes some of what changed; `now`: all of it. */
enum sk_code threads_tick(struct threads *threads, int64_t now_ms, bool now,
                          struct why *why);

/* He, or "@domain", withdrew these families: gone from memory and disk when this says SK_OK; of a domain, for all who have no consent of
 * their own. Where keeping->threads is NULL they are opened for it. */
enum sk_code threads_forget(struct keeping *keeping, struct bytes name, uint32_t families,
                            struct why *why);
/* The same for everybody whose last word is a withdrawal: what a keeper that died left over. */
void threads_forget_rest(struct keeping *keeping);

/* For requests. The hashes of an address (normal, without +detail where permit.detail says so) and of a pair. False: it is no name. */
bool threads_name(const struct threads *threads, struct arena *arena, struct bytes address,
                  struct bytes *name_r, uint8_t hash_r[HASH_SHA256_SIZE]);
/* NULL: nothing is remembered. */
const struct thread_memory *threads_of(const struct threads *threads,
                                       const uint8_t name[HASH_SHA256_SIZE]);
/* How many conversations of this recipient are remembered. */
size_t threads_count(const struct threads *threads, struct arena *arena,
                     struct bytes address);
const struct thread_table *threads_table(const struct threads *threads);
/* Sums over all, as members of an open object: "recipients", "correspondents", "lures", "stages":{"contact":n,...}, by the farthest. */
void threads_write_sums(const struct threads *threads, struct json *j);
