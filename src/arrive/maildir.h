/* Delivery into Maildirs: root/domain/local/{tmp,new,cur}. Used by the keeper, the only process that may write files;
 * needs no event loop. An address names its folder safely: ASCII letters are folded to lower case, letters, digits,
 * '-', '_', '+', '=' and inner dots stand for themselves, every other byte is %XX, so that no address can leave the
 * root or name a hidden file. An address without a domain goes to root/_/local. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/why.h"

/* "domain/local" for an address; SK_BAD when it is empty or a part is longer than a file name may be. */
enum sk_code maildir_folder(struct arena *arena, struct bytes address,
                            struct bytes *folder_r, struct why *why);
/* Writes the message: tmp, fsync, link into new, fsync of the folder. SK_OK only when it is on disk. Line ends are
 * kept as they are given (CR LF). */
enum sk_code maildir_deliver(struct arena *arena, struct bytes root, struct bytes address,
                             struct bytes message, struct why *why);
